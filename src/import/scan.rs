//! Splits JSON into values without holding a document: JSON lines, pages (pretty-printed, on one line, one
//! after another), arrays. Only one element is in memory at a time, and none above a cap.
//!
//! A damaged element must not take the others with it, so this follows brackets and strings only and leaves
//! parsing to the reader of each element. Where the text cannot go on as JSON (an object inside an object
//! without a name, a line end inside a string), the element is given up and the next one begins.

use std::io::{self, BufRead};

use serde_json::{Map, Value};

/// The longest value that is read, in bytes.
pub(super) const CAP: usize = 64 * 1024 * 1024;
/// The deepest nesting that is followed.
const DEEPEST: usize = 4096;

/// What the scan finds.
pub(super) enum Piece<'a> {
    /// A value: an element of an array, or a whole value where there is no array to go through.
    Value {
        /// Line on which it begins, from 1.
        line: u64,
        /// Its text.
        bytes: &'a [u8],
        /// The object around the array, as far as read; empty outside an array.
        page: &'a Map<String, Value>,
        /// The property that holds the array; empty outside an object.
        under: &'a str,
    },
    /// Something that cannot be a value.
    Bad {
        /// Line on which it begins.
        line: u64,
        /// Why.
        reason: String,
    },
}

/// What is done with each piece.
pub(super) type Emit<'a> = dyn FnMut(Piece<'_>) + 'a;

/// Scans all of `reader`, whose first line has the number `line`. The arrays under properties that `enter`
/// accepts, and arrays that stand alone, are gone through element by element.
pub(super) fn scan(reader: &mut dyn BufRead, line: u64, cap: usize, enter: fn(&str) -> bool, emit: &mut Emit<'_>) -> io::Result<()> {
    let mut scanner = Scanner::new(line, cap, enter);
    loop {
        let chunk = match reader.fill_buf() {
            Ok([]) => break,
            Ok(chunk) => chunk,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => {
                scanner.end(emit);
                return Err(error);
            }
        };
        scanner.push(chunk, emit);
        let length = chunk.len();
        reader.consume(length);
    }
    scanner.end(emit);
    Ok(())
}

/// The array that is being gone through.
struct Elements {
    /// How many brackets are open between elements.
    depth: usize,
    page: Map<String, Value>,
    under: String,
    /// The text of the object around it so far, and the line on which that begins.
    around: Vec<u8>,
    around_line: u64,
}

struct Scanner {
    cap: usize,
    enter: fn(&str) -> bool,
    line: u64,
    open: Vec<u8>,
    in_string: bool,
    escaped: bool,
    /// The last byte outside strings that is not blank.
    last: u8,
    item: Vec<u8>,
    item_line: u64,
    in_item: bool,
    /// The item is longer than the cap: it was told, and is passed over.
    over: bool,
    /// Where in the item the last string directly inside the outermost object is.
    name: (usize, usize),
    elements: Option<Elements>,
    /// An array of the outermost object was gone through, so the object itself is no record.
    is_page: bool,
    /// The outermost value has a line end in it.
    many_lines: bool,
    /// A line end was just seen inside the first line of a value.
    line_ended: bool,
    /// One value a line is what this file looks like.
    by_line: bool,
    /// A value ended on this line.
    value_ended: bool,
    /// Text outside any value, up to the end of the line.
    junk: bool,
}

impl Scanner {
    fn new(line: u64, cap: usize, enter: fn(&str) -> bool) -> Self {
        Scanner {
            cap,
            enter,
            line,
            open: Vec::new(),
            in_string: false,
            escaped: false,
            last: 0,
            item: Vec::new(),
            item_line: line,
            in_item: false,
            over: false,
            name: (0, 0),
            elements: None,
            is_page: false,
            many_lines: false,
            line_ended: false,
            by_line: false,
            value_ended: false,
            junk: false,
        }
    }

    fn push(&mut self, chunk: &[u8], emit: &mut Emit<'_>) {
        let mut rest = chunk;
        while let [byte, after @ ..] = rest {
            // The bulk of exports is text in strings: taken run by run.
            if self.in_string && !self.escaped {
                let run = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | b'\n')).unwrap_or(rest.len());
                if let Some((text, others)) = rest.split_at_checked(run)
                    && run > 0
                {
                    self.add(text, emit);
                    rest = others;
                    continue;
                }
            }
            self.byte(*byte, emit);
            rest = after;
        }
    }

    fn add(&mut self, bytes: &[u8], emit: &mut Emit<'_>) {
        if self.over {
            return;
        }
        // A result table of Log Analytics is one value, and may be large.
        let cap = match &self.elements {
            Some(elements) if elements.under == "tables" => self.cap.saturating_mul(4),
            _ => self.cap,
        };
        if self.item.len() + bytes.len() > cap {
            self.over = true;
            self.item = Vec::new();
            let reason = format!("a value longer than {cap} bytes is not read: no record is that long");
            emit(Piece::Bad { line: self.item_line, reason });
        } else {
            self.item.extend_from_slice(bytes);
        }
    }

    /// How many brackets are open outside the item.
    fn base(&self) -> usize {
        self.elements.as_ref().map_or(0, |elements| elements.depth)
    }

    fn byte(&mut self, byte: u8, emit: &mut Emit<'_>) {
        if byte == b'\n' {
            self.newline(emit);
            return;
        }
        if self.in_string {
            self.add(&[byte], emit);
            if self.escaped {
                self.escaped = false;
            } else if byte == b'\\' {
                self.escaped = true;
            } else if byte == b'"' {
                self.in_string = false;
                self.last = b'"';
                self.name.1 = self.item.len();
            }
            return;
        }
        if self.junk {
            return;
        }
        if self.line_ended {
            self.line_ended = false;
            // In a file of one value a line, a line that begins an object ends whatever was open before.
            if byte == b'{' && self.by_line && self.in_item {
                self.give_up("it ends within the line", emit);
                self.outside();
            } else {
                self.many_lines = true;
            }
        }
        match byte {
            b' ' | b'\t' | b'\r' => {
                if self.in_item {
                    self.add(&[byte], emit);
                }
            }
            b'{' | b'[' => self.opening(byte, emit),
            b'}' | b']' => self.closing(byte, emit),
            b'"' if self.in_item || self.elements.is_some() => {
                self.begin();
                self.name.0 = self.item.len();
                self.add(b"\"", emit);
                self.in_string = true;
            }
            b',' if self.open.len() == self.base() => {
                // Between elements, or between objects that follow one another.
                self.finish(emit);
                self.last = byte;
            }
            _ if self.in_item || self.elements.is_some() => {
                self.begin();
                self.add(&[byte], emit);
                self.last = byte;
            }
            // A byte order mark or record separator between files that were put together.
            0xEF | 0xBB | 0xBF | 0x1E => {}
            _ => {
                self.junk = true;
                emit(Piece::Bad { line: self.line, reason: "this line is not JSON".to_owned() });
            }
        }
    }

    fn newline(&mut self, emit: &mut Emit<'_>) {
        if self.in_string {
            if !self.many_lines {
                self.give_up("it ends within the line", emit);
                self.outside();
                self.by_line = true;
            } else {
                self.escaped = false;
                self.add(b"\n", emit);
            }
        } else if self.open.is_empty() {
            self.by_line |= self.value_ended;
            self.value_ended = false;
            self.junk = false;
        } else {
            if self.in_item {
                self.add(b"\n", emit);
            }
            self.line_ended = !self.many_lines;
        }
        self.line += 1;
    }

    fn opening(&mut self, byte: u8, emit: &mut Emit<'_>) {
        if byte == b'{' && self.open.last() == Some(&b'{') && self.last != b':' {
            // No JSON goes on like this: what is open was never closed.
            if !self.is_page || self.elements.is_some() {
                self.give_up("an object begins where its next property is due", emit);
            }
            let base = self.base();
            if base == 0 {
                self.outside();
            } else {
                self.open.truncate(base);
            }
        }
        if self.open.is_empty() && !self.in_item {
            (self.many_lines, self.is_page, self.line_ended) = (false, false, false);
        }
        if byte == b'[' && self.elements.is_none() && !self.over {
            if self.open.is_empty() {
                return self.enter_array(Map::new(), String::new());
            }
            if let [b'{'] = self.open.as_slice()
                && self.last == b':'
                && let Some(under) = self.item.get(self.name.0..self.name.1).and_then(|name| serde_json::from_slice::<String>(name).ok())
                && (self.enter)(&under)
            {
                let mut so_far = self.item.clone();
                so_far.extend_from_slice(b"null}");
                let page = serde_json::from_slice(&so_far).unwrap_or_default();
                return self.enter_array(page, under);
            }
        }
        if self.open.len() >= DEEPEST {
            self.give_up("it is nested too deeply", emit);
            self.outside();
            self.junk = true;
            return;
        }
        self.begin();
        self.open.push(byte);
        self.add(&[byte], emit);
        self.last = byte;
    }

    fn enter_array(&mut self, page: Map<String, Value>, under: String) {
        self.open.push(b'[');
        self.elements =
            Some(Elements { depth: self.open.len(), page, under, around: std::mem::take(&mut self.item), around_line: self.item_line });
        self.in_item = false;
        self.last = b'[';
    }

    fn closing(&mut self, byte: u8, emit: &mut Emit<'_>) {
        let opener = if byte == b'}' { b'{' } else { b'[' };
        let base = self.base();
        // The bracket that this one closes; what is open inside it is closed with it.
        let matching = self.open.iter().rposition(|open| *open == opener);
        match matching {
            Some(at) if at >= base => {
                self.open.truncate(at);
                self.add(&[byte], emit);
                self.last = byte;
                if self.open.len() == base {
                    self.finish(emit);
                }
            }
            Some(at) => {
                // It closes the array that is gone through, or the object around that.
                if self.open.len() > base {
                    self.give_up("it is not closed", emit);
                } else {
                    self.finish(emit);
                }
                self.leave_array();
                self.open.truncate(at);
                self.last = byte;
                if self.open.is_empty() {
                    self.outside();
                    self.value_ended = true;
                }
            }
            None if self.open.is_empty() => {
                self.junk = true;
                emit(Piece::Bad { line: self.line, reason: "this line is not JSON: it closes what was not opened".to_owned() });
            }
            None => {
                self.add(&[byte], emit);
            }
        }
    }

    fn leave_array(&mut self) {
        if let Some(elements) = self.elements.take() {
            self.item = elements.around;
            self.item.extend_from_slice(b"null");
            self.item_line = elements.around_line;
            self.in_item = true;
            self.over = false;
            self.is_page = true;
        }
    }

    /// Begins an item, where none has begun.
    fn begin(&mut self) {
        if !self.in_item {
            (self.in_item, self.over, self.item_line) = (true, false, self.line);
            self.item.clear();
            self.name = (0, 0);
        }
    }

    /// Hands on the item, which is complete.
    fn finish(&mut self, emit: &mut Emit<'_>) {
        if !self.in_item {
            return;
        }
        self.in_item = false;
        if self.open.is_empty() {
            self.value_ended = true;
        }
        if std::mem::take(&mut self.over) || (self.is_page && self.elements.is_none()) {
            self.item.clear();
            return;
        }
        let nothing = Map::new();
        let (page, under) = self.elements.as_ref().map_or((&nothing, ""), |elements| (&elements.page, elements.under.as_str()));
        emit(Piece::Value { line: self.item_line, bytes: &self.item, page, under });
        self.item.clear();
        if self.item.capacity() > 1 << 20 {
            self.item = Vec::new();
        }
    }

    /// Drops the item, which cannot be completed, and says so.
    fn give_up(&mut self, why: &str, emit: &mut Emit<'_>) {
        if self.in_item && !self.over {
            emit(Piece::Bad { line: self.item_line, reason: format!("not JSON: {why}") });
        }
        (self.in_item, self.over, self.in_string, self.escaped) = (false, false, false, false);
        self.item.clear();
    }

    /// Forgets what is open.
    fn outside(&mut self) {
        self.open.clear();
        self.item.clear();
        self.elements = None;
        (self.in_item, self.over, self.is_page, self.many_lines, self.line_ended) = (false, false, false, false, false);
    }

    fn end(&mut self, emit: &mut Emit<'_>) {
        let cut = "the file ends before it does";
        if self.in_item && self.open.len() > self.base() {
            if !self.is_page || self.elements.is_some() {
                self.give_up(cut, emit);
            } else {
                emit(Piece::Bad { line: self.line, reason: format!("not JSON: {cut}") });
            }
        } else {
            self.finish(emit);
            if !self.open.is_empty() {
                emit(Piece::Bad { line: self.line, reason: "the file ends within a list: it may be incomplete".to_owned() });
            }
        }
        self.outside();
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufReader, Read};

    use proptest::prelude::*;

    use super::*;

    fn pieces(text: &[u8], cap: usize, buffer: usize) -> Vec<String> {
        let mut found = Vec::new();
        let mut reader = BufReader::with_capacity(buffer, text);
        let enter = |name: &str| name == "value";
        scan(&mut reader, 1, cap, enter, &mut |piece| {
            found.push(match piece {
                Piece::Value { line, bytes, page, under } => {
                    let context = page.get("c").map(|c| format!(" c={c}")).unwrap_or_default();
                    format!("{line} {}{under}{context}", String::from_utf8_lossy(bytes))
                }
                Piece::Bad { line, reason } => format!("{line} bad: {reason}"),
            });
        })
        .unwrap();
        found
    }

    fn split(text: &str) -> Vec<String> {
        let found = pieces(text.as_bytes(), 1000, 8192);
        assert_eq!(found, pieces(text.as_bytes(), 1000, 1), "the size of the buffer must not matter");
        found
    }

    #[test]
    fn lines_pages_and_arrays_are_split_with_their_lines() {
        assert_eq!(split("{\"a\":1}\r\n\n{\"a\":\"}\\\"\"}"), ["1 {\"a\":1}", "3 {\"a\":\"}\\\"\"}"]);
        assert_eq!(split("{\"c\":1,\"value\":[{\"a\":1},{\"a\":2}],\"n\":[1]}"), ["1 {\"a\":1}value c=1", "1 {\"a\":2}value c=1"]);
        assert_eq!(
            split("{\n \"value\": [\n  {\n\"a\":1},\n  {\"a\":2}\n ]\n}\n{\"value\":[]}"),
            ["3 {\n\"a\":1}value", "5 {\"a\":2}value"]
        );
        assert_eq!(split("[\n{\"a\":1},\n{\"a\":[2]}]"), ["2 {\"a\":1}", "3 {\"a\":[2]}"]);
        assert_eq!(split("{\"a\":1},\n{\"a\":2}"), ["1 {\"a\":1}", "2 {\"a\":2}"]);
        assert_eq!(split("{\"a\":{\"value\":[1]}}"), ["1 {\"a\":{\"value\":[1]}}"]);
        assert_eq!(split("[1, \"x,]\", null]"), ["1 1", "1 \"x,]\"", "1 null"]);
    }

    #[test]
    fn a_damaged_element_does_not_take_the_next_one_with_it() {
        let cut = "1 bad: not JSON: it ends within the line";
        assert_eq!(split("{\"a\":\"x\n{\"a\":2}\n"), [cut, "2 {\"a\":2}"]);
        let due = "an object begins where its next property is due";
        assert_eq!(split("{\"a\":{\n{\"a\":2}\n"), [&format!("1 bad: not JSON: {due}"), "2 {\"a\":2}"]);
        assert_eq!(split("{\"a\":1}\n{\"a\":[\n{\"a\":3}\n"), ["1 {\"a\":1}", "2 bad: not JSON: it ends within the line", "3 {\"a\":3}"]);
        assert_eq!(
            split("{\"value\":[{\"a\":{ },\n{\"a\":2}]}\n{\"a\":3}"),
            [&format!("1 bad: not JSON: {due}"), "2 {\"a\":2}value", "3 {\"a\":3}"]
        );
        assert_eq!(split("[{\"a\":[1},{\"a\":2}]"), ["1 {\"a\":[1}", "1 {\"a\":2}"]);
        assert_eq!(split("{\"a\":1}}\nrubbish {\n{\"a\":2}").len(), 4);
        let truncated = split("{\"value\":[{\"a\":1},{\"a\":");
        assert_eq!(truncated, ["1 {\"a\":1}value", "1 bad: not JSON: the file ends before it does"]);
        assert_eq!(split("{\"value\":[{\"a\":1},").len(), 2);
    }

    #[test]
    fn an_endless_line_is_passed_over_in_bounded_memory() {
        let long = format!("{{\"a\":\"{}\"}}\n{{\"a\":2}}\n", "x".repeat(5000));
        let found = split(&long);
        assert!(found[0].starts_with("1 bad: a value longer than 1000 bytes"), "{found:?}");
        assert_eq!(found[1..], ["2 {\"a\":2}"]);
        let without_end = format!("{{\"a\":\"{}\n{{\"a\":2}}\n", "x".repeat(5000));
        assert_eq!(split(&without_end)[1..], ["2 {\"a\":2}"]);
        let page = format!("{{\"value\":[{{\"a\":\"{}\"}},{{\"a\":2}}]}}", "x".repeat(5000));
        assert_eq!(split(&page)[1..], ["1 {\"a\":2}value"]);
    }

    #[test]
    fn a_line_above_the_real_cap_is_rejected_and_the_next_one_read() {
        let line = io::repeat(b'x').take(CAP as u64 + 10);
        let mut reader = BufReader::with_capacity(1 << 16, b"{\"id\":\"".chain(line).chain(&b"\"}\n{\"id\":1}\n"[..]));
        let mut found = Vec::new();
        scan(&mut reader, 1, CAP, |_| false, &mut |piece| match piece {
            Piece::Value { line, bytes, .. } => found.push((line, bytes.to_vec())),
            Piece::Bad { line, .. } => found.push((line, Vec::new())),
        })
        .unwrap();
        assert_eq!(found, [(1, Vec::new()), (2, b"{\"id\":1}".to_vec())]);
    }

    proptest! {
        #[test]
        fn every_text_is_scanned_without_panic_and_alike_in_any_buffer(text in "[\\[\\]{}\",:\\\\\na1 ]{0,60}") {
            prop_assert_eq!(pieces(text.as_bytes(), 20, 8192), pieces(text.as_bytes(), 20, 3));
        }
    }
}

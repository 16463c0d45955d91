//! Records out of CSV: downloads of the portal and of Log Analytics, and what PowerShell writes.

use std::collections::HashSet;
use std::io::{self, BufRead, Read};

use csv::{ByteRecord, ReaderBuilder, Terminator};
use serde_json::{Map, Value};

use super::detect::{Around, Style, by_names};
use super::json::File;
use super::scan::CAP;
use crate::wire::normalised;

/// The longest header that is read.
const LONGEST_HEADER: u64 = 1 << 20;

/// Why a file is no table of risk data; or what went wrong on the way.
pub(super) enum Refused {
    /// It is something else.
    NotATable(String),
    /// It cannot be read.
    Read(io::Error),
}

impl From<io::Error> for Refused {
    fn from(error: io::Error) -> Self {
        Refused::Read(error)
    }
}

impl File<'_> {
    /// Reads the file as CSV with a header.
    pub fn read_csv(&mut self, mut reader: Box<dyn BufRead>) -> Result<(), Refused> {
        let mut before = 0;
        let mut header = Vec::new();
        let mut named = None;
        // A header may come after an empty line, PowerShell's "#TYPE …" or a spreadsheet's "sep=;".
        for _ in 0..4 {
            header.clear();
            if (&mut reader).take(LONGEST_HEADER).read_until(b'\n', &mut header)? == 0 {
                break;
            }
            before += 1;
            let text = String::from_utf8_lossy(&header).trim().to_owned();
            if let Some(delimiter) = text.strip_prefix("sep=").and_then(|rest| rest.bytes().next()) {
                named = Some(delimiter);
            } else if !text.is_empty() && !text.starts_with("#TYPE") {
                break;
            }
        }
        let delimiter = named.or_else(|| delimiter(&header)).unwrap_or(b',');
        let columns = columns(&header, delimiter);
        let names: HashSet<String> = columns.iter().map(|name| normalised(name)).collect();
        let is_log = names.contains("type") || names.contains("category");
        let table = match by_names(&names, Style::of(columns.iter())) {
            Ok(shape) => Some(shape),
            Err(_) if is_log && columns.len() > 3 => None,
            Err(reason) => return Err(Refused::NotATable(format!("neither JSON nor a table of risk data: {reason}"))),
        };
        let around = Around { table, is_interactive: self.is_interactive, ..Around::default() };
        self.rows(Limited { reader, left: CAP, lines: before, over: false, last: b'\n' }, delimiter, &columns, around)?;
        Ok(())
    }

    fn rows(&mut self, mut limited: Limited, delimiter: u8, columns: &[String], around: Around<'_>) -> io::Result<()> {
        loop {
            let before = limited.lines;
            let mut reader = builder(delimiter).from_reader(limited);
            let mut record = ByteRecord::new();
            loop {
                let line = before + reader.position().line();
                reader.get_mut().left = CAP;
                match reader.read_byte_record(&mut record) {
                    Ok(true) if record.len() == 1 && columns.len() > 1 && record.iter().all(|cell| cell.trim_ascii().is_empty()) => {}
                    Ok(true) => {
                        // Empty lines before a record are passed over unseen, so the count is from its end.
                        let within: usize = record.iter().map(|cell| cell.iter().filter(|byte| **byte == b'\n').count()).sum();
                        let after = before + reader.position().line();
                        let line = line.max(after.saturating_sub(1 + within as u64));
                        match row(columns, &record) {
                            Ok(object) => self.object(object, line, around),
                            Err(reason) => self.reject(line, reason),
                        }
                    }
                    Ok(false) => return Ok(()),
                    Err(error) if reader.get_ref().over => {
                        self.reject(line, format!("{error}: is a quotation mark missing?"));
                        break;
                    }
                    Err(error) => return Err(error.into()),
                }
            }
            limited = reader.into_inner();
            limited.next_line()?;
        }
    }
}

/// The character that most often stands between columns.
fn delimiter(header: &[u8]) -> Option<u8> {
    let mut quoted = false;
    let mut counts = [(b',', 0), (b';', 0), (b'\t', 0)];
    for byte in header {
        quoted ^= *byte == b'"';
        if !quoted && let Some((_, count)) = counts.iter_mut().find(|(delimiter, _)| delimiter == byte) {
            *count += 1;
        }
    }
    counts.into_iter().rev().filter(|(_, count)| *count > 0).max_by_key(|(_, count)| *count).map(|(delimiter, _)| delimiter)
}

/// Lines end at the line feed; the carriage return before it is trimmed from the last cell.
fn builder(delimiter: u8) -> ReaderBuilder {
    let mut builder = ReaderBuilder::new();
    builder.has_headers(false).flexible(true).delimiter(delimiter).terminator(Terminator::Any(b'\n'));
    builder
}

fn columns(header: &[u8], delimiter: u8) -> Vec<String> {
    let mut reader = builder(delimiter).from_reader(header);
    let mut record = ByteRecord::new();
    match reader.read_byte_record(&mut record) {
        Ok(true) => record.iter().map(|cell| String::from_utf8_lossy(cell).trim().to_owned()).collect(),
        _ => Vec::new(),
    }
}

/// A row as an object. Empty cells were not read; of two columns of one name (the portal has "Incoming
/// token type" twice) the first that says something counts.
fn row(columns: &[String], record: &ByteRecord) -> Result<Map<String, Value>, String> {
    let surplus = record.iter().skip(columns.len()).any(|cell| !cell.trim_ascii().is_empty());
    if record.len() < columns.len() || surplus {
        return Err(format!("it has {} fields, and the header has {}", record.len(), columns.len()));
    }
    let mut object = Map::new();
    for (name, cell) in columns.iter().zip(record) {
        let text = String::from_utf8_lossy(cell.strip_suffix(b"\r").unwrap_or(cell));
        if !text.trim().is_empty() && !is_type_name(&text) {
            object.entry(name.clone()).or_insert_with(|| Value::String(text.into_owned()));
        }
    }
    Ok(object)
}

/// What PowerShell writes into a cell for an object that does not fit into one.
fn is_type_name(text: &str) -> bool {
    text.starts_with("Microsoft.Graph.PowerShell.Models.") || text.starts_with("System.Object") || text.starts_with("System.Collections.")
}

/// A reader that fails rather than let one record grow without end, and that ends every last line.
struct Limited {
    reader: Box<dyn BufRead>,
    left: usize,
    lines: u64,
    over: bool,
    last: u8,
}

impl Read for Limited {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            self.over = true;
            return Err(io::Error::other(format!("a record longer than {CAP} bytes is not read")));
        }
        let length = buffer.len().min(self.left);
        let Some(buffer) = buffer.get_mut(..length) else { return Ok(0) };
        let mut read = self.reader.read(buffer)?;
        if read == 0 && self.last != b'\n' {
            let Some(end) = buffer.first_mut() else { return Ok(0) };
            *end = b'\n';
            read = 1;
        }
        self.last = read.checked_sub(1).and_then(|end| buffer.get(end)).copied().unwrap_or(self.last);
        self.left -= read;
        self.lines += buffer.iter().take(read).fold(0, |lines, byte| lines + u64::from(*byte == b'\n'));
        Ok(read)
    }
}

impl Limited {
    /// Passes over the rest of the line.
    fn next_line(&mut self) -> io::Result<()> {
        (self.left, self.over, self.last) = (CAP, false, b'\n');
        loop {
            let chunk = self.reader.fill_buf()?;
            if chunk.is_empty() {
                return Ok(());
            }
            let end = chunk.iter().position(|byte| *byte == b'\n');
            let length = end.map_or(chunk.len(), |end| end + 1);
            self.reader.consume(length);
            if end.is_some() {
                self.lines += 1;
                return Ok(());
            }
        }
    }
}

//! From text to terms, with the place of everything that is wrong.

use std::net::IpAddr;

use chrono_tz::Tz;
use ipnet::IpNet;

use super::fields::{FIELDS, Field, Kind};
use super::fold::Needle;
use super::search_text::END;
use super::times::{self, NoTime};
use super::{BlockedTest, DetailTest, IpTest, NoteTest, QueryError, Term, Test, TimeTest, TypeNeedle};
use crate::domain::case::{Status, Verdict};
use crate::domain::facts::{BlockedBy, Evidence};
use crate::domain::risk::{RiskDetail, RiskLevel, RiskState};
use crate::domain::views::Views;
use crate::domain::{catalogue, text};

/// A character of a term, where it stands (in characters, from 0) and whether it stands in quotes.
#[derive(Clone, Copy)]
struct Char {
    c: char,
    at: usize,
    quoted: bool,
}

impl Char {
    fn is(self, c: char) -> bool {
        self.c == c && !self.quoted
    }
}

/// A word as typed, without its quotes, and the place it takes with them.
struct Word {
    chars: Vec<Char>,
    start: usize,
    end: usize,
    /// Whether `=` stands before it: it is the whole value and no part of one.
    whole: bool,
}

impl Word {
    fn text(&self) -> String {
        self.chars.iter().map(|char| char.c).collect()
    }

    /// Short enough to be named in a message, and safe: it may come from the tenant.
    fn shown(&self) -> String {
        text::fit(&self.text(), 40).into_owned()
    }

    fn is_quoted(&self) -> bool {
        self.chars.iter().any(|char| char.quoted)
    }

    fn error(&self, message: impl Into<String>, hint: impl Into<String>) -> QueryError {
        error(self.start, self.end, message, hint)
    }

    /// The parts between unquoted separators: at most this many, counted from the left.
    fn split(self, separator: char, at_most: usize) -> Vec<Word> {
        let mut parts = Vec::new();
        let part = |start| Word { chars: Vec::new(), start, end: self.end, whole: false };
        let mut held = part(self.start);
        for char in self.chars {
            if char.is(separator) && parts.len() + 1 < at_most {
                held.end = char.at;
                parts.push(std::mem::replace(&mut held, part(char.at + 1)));
            } else {
                held.chars.push(char);
            }
        }
        parts.push(held);
        parts
    }

    /// Takes the `=` before a value away, and keeps that it stood there.
    fn without_equals(mut self) -> Self {
        if self.chars.first().is_some_and(|char| char.is('=')) {
            self.chars.remove(0);
            self.start += 1;
            self.whole = true;
        }
        self
    }

    fn needle(&self) -> Needle {
        if self.whole { Needle::whole(&self.text()) } else { Needle::new(&self.text()) }
    }
}

fn error(start: usize, end: usize, message: impl Into<String>, hint: impl Into<String>) -> QueryError {
    QueryError { column: start + 1, length: end.saturating_sub(start).max(1), message: message.into(), hint: Some(hint.into()) }
}

/// What an error within a view begins with.
const IN_VIEW: &str = "in the view ";
/// What is said of a view that never ends.
const CIRCLE: &str = "names itself, or too many others";

/// How deep views may name views: more is a circle, or nobody's idea of a query.
const DEEPEST: usize = 4;

/// What a query is read with.
#[derive(Clone, Copy)]
struct Reading<'a> {
    /// The views that it may name; `None` where they are not known and any will do.
    views: Option<&'a Views>,
    /// How many views stand above it.
    depth: usize,
    /// The zone of its days.
    zone: Tz,
}

pub(super) fn parse(text: &str, views: Option<&Views>, zone: Tz) -> Result<Vec<Term>, QueryError> {
    terms(text, Reading { views, depth: 0, zone })
}

fn terms(text: &str, reading: Reading<'_>) -> Result<Vec<Term>, QueryError> {
    words(text)?.into_iter().map(|word| term(word, reading)).collect()
}

/// Cuts at spaces outside quotes. Within quotes, two quotes are one.
fn words(text: &str) -> Result<Vec<Word>, QueryError> {
    let mut words = Vec::new();
    let mut word: Option<Word> = None;
    let mut opened: Option<usize> = None;
    let mut chars = text.chars().enumerate().peekable();
    let mut length = 0;
    while let Some((at, c)) = chars.next() {
        length = at + 1;
        if c.is_whitespace() && opened.is_none() {
            words.extend(word.take());
            continue;
        }
        let word = word.get_or_insert(Word { chars: Vec::new(), start: at, end: at, whole: false });
        if c != '"' {
            word.chars.push(Char { c, at, quoted: opened.is_some() });
        } else if opened.is_none() {
            opened = Some(at);
        } else if chars.next_if(|(_, next)| *next == '"').is_some() {
            length = at + 2;
            word.chars.push(Char { c, at, quoted: true });
        } else {
            opened = None;
        }
        word.end = length;
    }
    if let Some(at) = opened {
        return Err(error(at, length, "the quote is not closed", "end it with another \""));
    }
    words.extend(word);
    Ok(words)
}

fn term(mut word: Word, reading: Reading<'_>) -> Result<Term, QueryError> {
    let dashes = word.chars.iter().take_while(|char| char.is('-')).count();
    word.chars.drain(..dashes);
    if word.chars.is_empty() && dashes > 0 && word.end == word.start + dashes {
        return Err(word.error("there is nothing to negate", "write a term after the -, or put it in quotes: \"-\""));
    }
    word.start += dashes;
    let test = if word.chars.first().is_some_and(|char| char.is('@')) {
        view_test(&word, reading)?
    } else if word.chars.iter().any(|char| char.is(':')) {
        field_test(word, reading.zone)?
    } else {
        word_test(word)?
    };
    Ok(Term { negated: dashes % 2 == 1, test })
}

/// All that a saved view asks for.
fn view_test(word: &Word, reading: Reading<'_>) -> Result<Test, QueryError> {
    let text = word.text();
    let name = text.strip_prefix('@').unwrap_or(&text);
    let Some(views) = reading.views else { return Ok(Test::All(Vec::new())) };
    let quote = format!("put it in quotes to look for the text: \"{}\"", word.shown().replace('"', "\"\""));
    let Some(view) = views.find(name) else {
        let there_are = if views.iter().len() == 0 { "there are none".to_owned() } else { format!("there are {}", views.names()) };
        return Err(word.error(format!("there is no saved view \"{}\"", word.shown()), format!("{there_are}; or {quote}")));
    };
    if reading.depth >= DEEPEST {
        return Err(word.error(format!("the view {} {CIRCLE}", word.shown()), "save it anew with its terms written out"));
    }
    terms(&view.query, Reading { depth: reading.depth + 1, ..reading }).map(Test::All).map_err(|error| {
        if error.message.ends_with(CIRCLE) {
            return word.error(error.message, error.hint.unwrap_or_default());
        }
        // Each view on the way is named, the innermost with the place in its query.
        if error.message.starts_with(IN_VIEW) {
            return word.error(format!("{IN_VIEW}{}: {}", word.shown(), error.message), error.hint.unwrap_or_default());
        }
        let (query, column) = (text::fit(&view.query, 60), error.column);
        let hint = error.hint.map(|hint| format!("{hint}; then save {} anew", word.shown()));
        let message = format!("{IN_VIEW}{}, at column {column} of its query ({query}): {}", word.shown(), error.message);
        word.error(message, hint.unwrap_or_default())
    })
}

fn word_test(word: Word) -> Result<Test, QueryError> {
    if word.chars.is_empty() {
        return Err(word.error("there is nothing between the quotes", "write the text to look for between them"));
    }
    let text = word.text();
    if !word.is_quoted() {
        match text.as_str() {
            "AND" | "&&" => {
                return Err(word.error(format!("{text} is not part of the language"), "leave it out: terms are joined with and"));
            }
            "OR" | "||" => {
                return Err(word.error(format!("{text} is not part of the language"), "\"or\" is a comma within a field: level:high,low"));
            }
            "NOT" | "!" => return Err(word.error(format!("{text} is not part of the language"), "put a - before the term: -guest:true")),
            _ => {}
        }
        if let Some((name, value)) =
            text.split_once('=').filter(|(name, _)| FIELDS.iter().any(|field| field.name.eq_ignore_ascii_case(name)))
        {
            return Err(word.error(format!("{name}= is not part of the language"), format!("write {name}:{value}")));
        }
    }
    Ok(Test::Word(type_needle(&word)))
}

fn field_test(word: Word, zone: Tz) -> Result<Test, QueryError> {
    let (start, whole) = (word.start, word.shown());
    let mut parts = word.split(':', 2).into_iter();
    let (Some(name), Some(value)) = (parts.next(), parts.next()) else {
        return Err(error(start, start + 1, "a field needs a value", "write it as field:value"));
    };
    let typed = name.text();
    let Some(field) = FIELDS.iter().find(|field| field.name.eq_ignore_ascii_case(&typed)) else {
        let quote = format!("put it in quotes to look for the text: \"{}\"", whole.replace('"', "\"\""));
        let hint = match closest(&typed, FIELDS.iter().map(|field| field.name)) {
            Some(close) => format!("did you mean {close}:? Or {quote}"),
            None => quote,
        };
        return Err(name.error(format!("there is no field \"{}\"", name.shown()), hint));
    };
    if value.start >= value.end {
        return Err(error(start, value.end, format!("{}: needs a value", field.name), field.values));
    }
    let mut members = value.split(',', usize::MAX);
    if !matches!(field.kind, Kind::Time(_)) {
        members = members.into_iter().map(Word::without_equals).collect();
    }
    let last = members.len() - 1;
    for (position, member) in members.iter().enumerate() {
        if member.chars.is_empty() && member.start >= member.end && member.whole {
            let hint = format!("write the whole value after it: {}:=\"value\"", field.name);
            return Err(error(member.start - 1, member.end, "there is nothing after the =", hint));
        } else if member.chars.is_empty() && member.start < member.end {
            return Err(member.error("there is nothing between the quotes", field.values));
        } else if member.chars.is_empty() {
            // The comma that follows the empty place; at the end, the one before it.
            let at = if position == last { member.start - 1 } else { member.start };
            return Err(error(at, at + 1, "the list has an empty place", "write a value there, or take the comma away"));
        }
    }
    test(field, &members, zone)
}

fn test(field: &Field, members: &[Word], zone: Tz) -> Result<Test, QueryError> {
    Ok(match field.kind {
        Kind::Level => Test::Level(each(members, |word| or_unknown(field, word, RiskLevel::known))?),
        Kind::State => Test::State(each(members, |word| or_unknown(field, word, RiskState::known))?),
        Kind::Detail => Test::Detail(each(members, |word| Ok(detail(word)))?),
        Kind::Type => Test::Type(each(members, |word| Ok(type_needle(word)))?),
        Kind::Text(text) => Test::Text(text, each(members, |word| Ok(word.needle()))?),
        Kind::Ip => Test::Ip(each(members, address)?),
        Kind::Asn => Test::Asn(each(members, system_number)?),
        Kind::Flag(flag) => Test::Flag(flag, each(members, |word| yes_no(&word.text()).ok_or_else(|| no_member(field, word)))?),
        Kind::Blocked => Test::Blocked(each(members, |word| blocked(field, word))?),
        Kind::Evidence => Test::Evidence(each(members, |word| member(field, word, &Evidence::ALL, Evidence::as_str))?),
        Kind::Note => Test::Note(each(members, |word| Ok(note(word)))?),
        Kind::Verdict => Test::Verdict(each(members, |word| or_none(word, |word| verdict(field, word)))?),
        Kind::Status => Test::Status(each(members, |word| or_none(word, |word| member(field, word, &Status::ALL, Status::as_str)))?),
        Kind::Tag => Test::Tag(each(members, |word| or_none(word, |word| Ok(Needle::new(&word.text()))))?),
        Kind::Time(time) => Test::Time(time, each(members, |word| time_test(word, zone))?),
    })
}

fn each<T>(members: &[Word], read: impl FnMut(&Word) -> Result<T, QueryError>) -> Result<Vec<T>, QueryError> {
    members.iter().map(read).collect()
}

fn or_unknown<T>(field: &Field, word: &Word, known: fn(&str) -> Option<T>) -> Result<Option<T>, QueryError> {
    match word.text() {
        text if text.eq_ignore_ascii_case("unknown") => Ok(None),
        text => known(&text).map(Some).ok_or_else(|| no_member(field, word)),
    }
}

fn or_none<T>(word: &Word, read: impl Fn(&Word) -> Result<T, QueryError>) -> Result<Option<T>, QueryError> {
    if !word.is_quoted() && word.text().eq_ignore_ascii_case("none") { Ok(None) } else { read(word).map(Some) }
}

fn member<T: Copy>(field: &Field, word: &Word, all: &[T], name: fn(T) -> &'static str) -> Result<T, QueryError> {
    let text = word.text();
    all.iter().copied().find(|member| name(*member).eq_ignore_ascii_case(&text)).ok_or_else(|| no_member(field, word))
}

fn verdict(field: &Field, word: &Word) -> Result<Verdict, QueryError> {
    Verdict::from_name(&word.text()).ok_or_else(|| no_member(field, word))
}

fn no_member(field: &Field, word: &Word) -> QueryError {
    let hint = match closest(&word.text(), field.members()) {
        Some(close) => format!("did you mean {close}? It takes {}", field.values),
        None => format!("it takes {}", field.values),
    };
    word.error(format!("{}: does not take \"{}\"", field.name, word.shown()), hint)
}

/// The word that was probably meant.
fn closest(typed: &str, words: impl IntoIterator<Item = &'static str>) -> Option<&'static str> {
    // Long text is no misspelt word, and comparing it would take long.
    let typed: String = typed.chars().take(60).collect::<String>().to_lowercase();
    let scored = words.into_iter().map(|word| (strsim::jaro_winkler(&typed, &word.to_lowercase()), word));
    scored.filter(|(likeness, _)| *likeness >= 0.75).max_by(|(a, _), (b, _)| a.total_cmp(b)).map(|(_, word)| word)
}

fn type_needle(word: &Word) -> TypeNeedle {
    let needle = word.needle();
    // All spellings of a type are one type: its whole value stands for the others, too.
    let is_one = |kind: &catalogue::DetectionType| word.whole && kind.spellings().any(|spelling| needle.is(spelling));
    let named = catalogue::all().iter().filter(|kind| needle.is_in(&kind.name) || is_one(kind));
    let named: Vec<&'static str> = named.flat_map(|kind| kind.spellings()).collect();
    let marked = named.iter().map(|spelling| format!("{END}{}{END}", spelling.to_ascii_lowercase())).collect();
    TypeNeedle { needle, named, marked }
}

fn detail(word: &Word) -> DetailTest {
    let text = word.text();
    if text.eq_ignore_ascii_case("unknown") {
        return DetailTest::NotRead;
    }
    RiskDetail::known(&text).map_or_else(|| DetailTest::Holds(word.needle()), DetailTest::Is)
}

fn address(word: &Word) -> Result<IpTest, QueryError> {
    let text = word.text();
    if let Ok(address) = text.parse::<IpAddr>() {
        Ok(IpTest::Address(address.to_canonical()))
    } else if let Ok(network) = text.parse::<IpNet>() {
        Ok(IpTest::Network(network))
    } else if word.is_quoted() || word.whole {
        Ok(IpTest::Text(text))
    } else {
        let hint = "write an address (203.0.113.7, 2001:db8::1) or a network (203.0.113.0/24, 2001:db8::/32)";
        Err(word.error(format!("\"{}\" is no IP address or network", word.shown()), hint))
    }
}

fn system_number(word: &Word) -> Result<i64, QueryError> {
    let text = word.text().to_ascii_uppercase();
    let digits = text.strip_prefix("AS").unwrap_or(&text);
    let wrong = || word.error(format!("\"{}\" is no number of an autonomous system", word.shown()), "write it as 64500 or AS64500");
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(wrong());
    }
    digits.parse::<u32>().map(i64::from).map_err(|_| wrong())
}

/// The answer this word stands for; `Some(None)` is "unknown".
fn yes_no(text: &str) -> Option<Option<bool>> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" => Some(Some(true)),
        "false" | "no" => Some(Some(false)),
        "unknown" => Some(None),
        _ => None,
    }
}

fn blocked(field: &Field, word: &Word) -> Result<BlockedTest, QueryError> {
    match yes_no(&word.text()) {
        Some(value) => Ok(BlockedTest::Is(value)),
        None => member(field, word, &BlockedBy::ALL, BlockedBy::as_str).map(BlockedTest::By),
    }
}

fn note(word: &Word) -> NoteTest {
    let text = word.text();
    match yes_no(&text) {
        Some(Some(any)) if !word.is_quoted() && !word.whole => NoteTest::Any(any),
        _ => NoteTest::Holds(word.needle()),
    }
}

fn time_test(word: &Word, zone: Tz) -> Result<TimeTest, QueryError> {
    times::time_test(&word.text(), &word.shown(), zone).map_err(|NoTime { message, hint }| word.error(message, hint))
}

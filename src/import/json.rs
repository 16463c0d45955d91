//! Records out of JSON: lines, pages, arrays, log envelopes, query results.

use std::io::{self, BufRead};

use serde_json::{Map, Value};

use super::detect::{Around, Identity, find, identify};
use super::scan::{CAP, Piece, scan};
use super::{Found, Rejected};
use crate::wire::{self, normalised};

/// How deep lists in lists and envelopes in envelopes are followed.
const DEEPEST: usize = 6;

/// Properties that hold the records of a page, a log file or an answer.
fn is_list(name: &str) -> bool {
    matches!(normalised(name).as_str(), "value" | "records" | "tables" | "results" | "items")
}

/// One file.
pub(super) struct File<'a> {
    /// Its name, for messages.
    pub name: &'a str,
    /// Whether it is of interactive sign-ins, as far as its name tells.
    pub is_interactive: Option<bool>,
    /// Takes what is found.
    pub found: &'a mut dyn FnMut(Found),
}

impl File<'_> {
    /// Reads the file as JSON.
    pub fn read_json(&mut self, reader: &mut dyn BufRead) -> io::Result<()> {
        scan(reader, 1, CAP, is_list, &mut |piece| self.piece(piece, 0))
    }

    /// Tells of a record that could not be read.
    pub fn reject(&mut self, line: u64, reason: String) {
        (self.found)(Found::Rejected(Rejected { file: self.name.to_owned(), line, reason }));
    }

    fn piece(&mut self, piece: Piece<'_>, depth: usize) {
        let (line, bytes, page, under) = match piece {
            Piece::Bad { line, reason } => return self.reject(line, reason),
            Piece::Value { line, bytes, page, under } => (line, bytes, page, under),
        };
        if depth > DEEPEST {
            return self.reject(line, "it is nested too deeply".to_owned());
        }
        if normalised(under) == "tables" {
            return self.again(bytes, line, |name| name.eq_ignore_ascii_case("rows"), depth);
        }
        match parse(bytes) {
            Err(reason) => self.reject(line, reason),
            Ok(Value::Null) => {}
            Ok(Value::Array(cells)) => match find(page, "columns") {
                Some(Value::Array(columns)) if under.eq_ignore_ascii_case("rows") => match row(columns, cells) {
                    Ok(object) => self.object(object, line, Around { is_interactive: self.is_interactive, ..Around::default() }),
                    Err(reason) => self.reject(line, reason),
                },
                _ => self.again(bytes, line, is_list, depth),
            },
            Ok(Value::String(text)) => match serde_json::from_str(&text) {
                Ok(Value::Object(_)) => self.again(text.as_bytes(), line, is_list, depth),
                _ => self.reject(line, "it is text, not an object".to_owned()),
            },
            Ok(Value::Object(object)) => {
                if depth > 0 || !under.is_empty() {
                    let is_page = object.iter().any(|(name, value)| is_list(name) && value.is_array());
                    if is_page {
                        return self.again(bytes, line, is_list, depth);
                    }
                }
                let context = page.get("@odata.context").or_else(|| object.get("@odata.context")).and_then(Value::as_str);
                let context = context.unwrap_or(if is_list(under) { "" } else { under }).to_owned();
                let around = Around { context: &context, is_interactive: self.is_interactive, ..Around::default() };
                match identify(&object, around) {
                    Ok(identity) => self.record(&identity, object, line, around),
                    Err(reason) => self.unwrap(object, bytes, line, depth, reason),
                }
            }
            Ok(_) => self.reject(line, "it is neither an object nor a list".to_owned()),
        }
    }

    /// Looks into an object that is no record: for lists of objects, and for an object inside.
    fn unwrap(&mut self, object: Map<String, Value>, bytes: &[u8], line: u64, depth: usize, reason: String) {
        let is_records = |value: &Value| matches!(value, Value::Array(items) if items.first().is_some_and(Value::is_object));
        let known = reason.starts_with("category") || reason.contains("error answer") || object.contains_key("@odata.type");
        if !known && object.values().any(is_records) {
            let names: Vec<&String> = object.iter().filter(|(_, value)| is_records(value)).map(|(name, _)| name).collect();
            let mut reader = bytes;
            let scanned = scan(&mut reader, line, CAP, |_| true, &mut |piece| match &piece {
                Piece::Value { under, .. } if !names.iter().any(|name| name == under) => {}
                _ => self.piece(piece, depth + 1),
            });
            if let Err(error) = scanned {
                self.reject(line, error.to_string());
            }
            return;
        }
        let inner = ["value", "record", "result", "data", "_source"].iter().find_map(|name| match object.get(*name) {
            Some(Value::Object(inner)) if !known => Some(inner.clone()),
            _ => None,
        });
        match inner {
            Some(inner) => {
                let context = object.get("@odata.context").and_then(Value::as_str).unwrap_or_default();
                self.object(inner, line, Around { context, is_interactive: self.is_interactive, table: None });
            }
            None => self.reject(line, reason),
        }
    }

    fn again(&mut self, bytes: &[u8], line: u64, enter: fn(&str) -> bool, depth: usize) {
        let mut reader = bytes;
        if let Err(error) = scan(&mut reader, line, CAP, enter, &mut |piece| self.piece(piece, depth + 1)) {
            self.reject(line, error.to_string());
        }
    }

    /// Reads one object as the record that it is.
    pub fn object(&mut self, object: Map<String, Value>, line: u64, around: Around<'_>) {
        match identify(&object, around) {
            Ok(identity) => self.record(&identity, object, line, around),
            Err(reason) => self.reject(line, reason),
        }
    }

    fn record(&mut self, identity: &Identity, object: Map<String, Value>, line: u64, around: Around<'_>) {
        match wire::read(identity.kind, identity.payload(object, around)) {
            Ok(record) => (self.found)(Found::Record(Box::new(record), identity.label)),
            Err(reason) => self.reject(line, format!("{}: {reason}", identity.label)),
        }
    }
}

/// Parses a value. Bytes that are not UTF-8 are replaced: one stray byte must not lose the record.
fn parse(bytes: &[u8]) -> Result<Value, String> {
    match serde_json::from_slice(bytes) {
        Ok(value) => Ok(value),
        Err(_) if std::str::from_utf8(bytes).is_err() => {
            serde_json::from_str(&String::from_utf8_lossy(bytes)).map_err(|error| format!("not JSON: {error}"))
        }
        Err(error) => Err(format!("not JSON: {error}")),
    }
}

/// A row of a query result as an object.
fn row(columns: &[Value], cells: Vec<Value>) -> Result<Map<String, Value>, String> {
    if columns.len() != cells.len() {
        return Err(format!("it has {} cells, and the table has {} columns", cells.len(), columns.len()));
    }
    let name = |column: &Value| match column {
        Value::Object(column) => find(column, "name").or_else(|| find(column, "columnname")).and_then(Value::as_str).map(str::to_owned),
        Value::String(name) => Some(name.clone()),
        _ => None,
    };
    Ok(columns.iter().zip(cells).filter_map(|(column, cell)| Some((name(column)?, cell))).collect())
}

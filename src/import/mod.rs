//! Reads exported files: Graph JSON, portal downloads, diagnostic-settings logs, Log Analytics results.
//!
//! `files` opens and tells JSON from CSV, `scan` splits JSON, `json` and `csv` find the records, `detect`
//! tells what each is, and `wire` reads it. Nothing but one record is held in memory.

mod csv;
mod detect;
mod files;
mod json;
mod scan;
mod utf16;

use std::io::Read;
use std::path::PathBuf;

use crate::domain::records::Record;

/// A record that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// The file, `-` for standard input.
    pub file: String,
    /// Line on which the record begins, from 1.
    pub line: u64,
    /// Why. May quote hostile text.
    pub reason: String,
}

/// What an import reads, as it goes.
pub enum Found {
    /// A record, and what it was found as: "Graph riskDetection", "UserRiskEvents log", "AADRiskyUsers export", "portal CSV of sign-ins", …
    Record(Box<Record>, &'static str),
    /// A record that could not be read.
    Rejected(Rejected),
    /// A file as a whole that could not be read (no permission, not what it claims).
    Unreadable {
        /// The file.
        file: String,
        /// Why.
        reason: String,
    },
}

/// Reads files, folders, gzip and (for `-`) standard input, and hands on what it finds, in order.
pub fn read(paths: &[PathBuf], found: &mut dyn FnMut(Found)) {
    for path in paths {
        files::visit(path, false, found);
    }
}

/// Reads what comes out of `reader` as the file `name`.
pub fn read_from(name: &str, reader: impl Read + 'static, found: &mut dyn FnMut(Found)) {
    files::content(name, Box::new(reader), found);
}

#[cfg(test)]
mod tests;

//! stub: reads exported files.
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
pub fn read(_paths: &[PathBuf], _found: &mut dyn FnMut(Found)) {}

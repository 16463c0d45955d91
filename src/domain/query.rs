//! stub: the query language.
use super::dataset::Dataset;
use super::ledger::Ledger;
use super::records::{RiskDetection, SignIn, UserRecords};
use super::time::Timestamp;

/// A parsed query.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Query {}

/// Where and why a query does not parse.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message} at column {column}")]
pub struct QueryError {
    /// First column of what is wrong, in characters, from 1.
    pub column: usize,
    /// How many characters are wrong, at least 1.
    pub length: usize,
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub hint: Option<String>,
}

/// What queries need beyond the records.
#[derive(Clone, Copy)]
pub struct QueryContext<'a> {
    /// The time, for ages.
    pub now: Timestamp,
    /// Notes.
    pub ledger: &'a Ledger,
}

impl Query {
    /// Reads a query; the empty text matches everything.
    pub fn parse(_text: &str) -> Result<Query, QueryError> {
        Ok(Query {})
    }
    /// Whether a user matches.
    pub fn matches_user(&self, _records: &UserRecords, _context: QueryContext<'_>) -> bool {
        true
    }
    /// Whether a sign-in of the user matches.
    pub fn matches_sign_in(&self, _records: &UserRecords, _sign_in: &SignIn, _context: QueryContext<'_>) -> bool {
        true
    }
    /// Whether a detection of the user matches.
    pub fn matches_detection(&self, _records: &UserRecords, _detection: &RiskDetection, _context: QueryContext<'_>) -> bool {
        true
    }
}
#[expect(dead_code)]
fn unused(_: &Dataset) {}

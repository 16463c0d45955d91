//! How far a workspace has been brought up to date, so that a sync that was killed goes on where it was.

use serde::{Deserialize, Serialize};

use super::time::Timestamp;

/// How far a workspace has been brought up to date.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncState {
    /// What changed since then, by the tenant's clock, is yet to be read; `None` where everything is.
    pub watermark: Option<Timestamp>,
    /// When everything was last read, by the tenant's clock.
    pub full_at: Option<Timestamp>,
    /// A sync that did not come to its end.
    pub unfinished: Option<Unfinished>,
    /// Requests that the last sync of everything, and the last one of changes, took: for estimates.
    pub requests: [u32; 2],
    /// What could not be read, and why. Hostile text.
    pub notes: Vec<String>,
}

/// A sync on its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unfinished {
    /// Where it goes on; the tenant's own words.
    pub cursor: String,
    /// The watermark when it is done.
    pub started_at: Timestamp,
    /// Whether it reads everything.
    pub full: bool,
    /// Requests so far.
    pub requests: u32,
    /// What could not be read so far.
    pub notes: Vec<String>,
}

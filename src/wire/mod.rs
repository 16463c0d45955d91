//! Records as JSON, in both directions. Pure.
//!
//! Reading takes the spelling of any source: Graph, Log Analytics, diagnostic logs, portal downloads.
//! Writing is Graph's spelling only.

mod additional_info;
mod place;
mod properties;
mod risk_records;
mod sign_in;
mod values;
mod write;

use serde_json::{Map, Value};

pub use self::additional_info::additional_info;
pub use self::properties::{is_blank, normalised};
pub use self::write::{detection_to_json, directory_to_json, history_to_json, sign_in_to_json, user_to_json};
use crate::domain::records::Record;

/// What kind of record an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `riskyUser`
    RiskyUser,
    /// `riskyUserHistoryItem`
    RiskyUserHistoryItem,
    /// `riskDetection`
    RiskDetection,
    /// `signIn`
    SignIn,
    /// `user`, the directory object.
    User,
    /// `userRegistrationDetails`
    UserRegistrationDetails,
}

/// Reads a record leniently: any spelling of names and words, unknown members and properties kept.
/// The error says which property is missing.
pub fn read(kind: Kind, object: Map<String, Value>) -> Result<Record, String> {
    match kind {
        Kind::RiskyUser => risk_records::user(object),
        Kind::RiskyUserHistoryItem => risk_records::history(object),
        Kind::RiskDetection => risk_records::detection(object),
        Kind::SignIn => sign_in::sign_in(object),
        Kind::User | Kind::UserRegistrationDetails => risk_records::directory(object),
    }
}

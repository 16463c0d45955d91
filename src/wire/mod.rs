//! stub: records as JSON, in both directions.
use serde_json::{Map, Value};

use crate::domain::records::{RiskDetection, RiskyUser, RiskyUserHistoryItem, SignIn};

/// A risky user as Graph would send it: Graph's names, unknown properties included, nulls where not read.
pub fn user_to_json(_user: &RiskyUser) -> Map<String, Value> {
    Map::new()
}
/// A detection as Graph would send it.
pub fn detection_to_json(_detection: &RiskDetection) -> Map<String, Value> {
    Map::new()
}
/// A sign-in as Graph would send it.
pub fn sign_in_to_json(_sign_in: &SignIn) -> Map<String, Value> {
    Map::new()
}
/// A history item as Graph would send it.
pub fn history_to_json(_item: &RiskyUserHistoryItem) -> Map<String, Value> {
    Map::new()
}
/// The pairs in a detection's `additionalInfo`; the raw text under "additionalInfo" where it does not parse.
pub fn additional_info(_text: &str) -> Vec<(String, Value)> {
    Vec::new()
}

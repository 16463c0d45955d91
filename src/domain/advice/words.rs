//! Words that sentences for people are made of.

use chrono::TimeDelta;

use super::Facts;
use crate::domain::risk::{RiskDetail, RiskLevel, RiskState};
use crate::domain::time::Timestamp;
use crate::domain::transition::Event;

/// "2 h ago".
pub(super) fn ago(at: Timestamp, now: Timestamp) -> String {
    let age = at.age(now);
    if age < TimeDelta::minutes(1) {
        "just now".to_owned()
    } else if age < TimeDelta::hours(1) {
        format!("{} min ago", age.num_minutes())
    } else if age < TimeDelta::days(1) {
        format!("{} h ago", age.num_hours())
    } else if age < TimeDelta::days(2) {
        "1 day ago".to_owned()
    } else {
        format!("{} days ago", age.num_days())
    }
}

/// "a", "a and b", "a, b and c".
pub(super) fn listed<S: AsRef<str>>(items: &[S]) -> String {
    match items {
        [] => String::new(),
        [one] => one.as_ref().to_owned(),
        [first @ .., last] => {
            let first: Vec<&str> = first.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", first.join(", "), last.as_ref())
        }
    }
}

/// "high", or "unknown" where it was not read.
pub(super) fn level(level: Option<&RiskLevel>) -> &str {
    level.map_or("unknown", RiskLevel::as_str)
}

/// What an event of the transition table makes of the user's risk: state and detail, before and after.
pub(super) fn transition(facts: &Facts<'_>, event: Event) -> String {
    let (user, row) = (&facts.records.user, event.row());
    let before = user.risk_state.as_ref().map_or("?", RiskState::words);
    let reason = user.risk_detail.as_ref().map_or("-", RiskDetail::words);
    format!(
        "risk state \"{before}\" -> \"{}\", risk detail \"{reason}\" -> \"{}\" ({})",
        row.state.words(),
        row.detail.words(),
        row.detail.as_str()
    )
}

/// What an event that closes all risk of a user does; nothing closes what is not open.
pub(super) fn closes_all(facts: &Facts<'_>, event: Event) -> String {
    if facts.records.user.at_risk() == Some(false) {
        return "No risk is open: risk stays as it is.".to_owned();
    }
    format!("User, all risky sign-ins and their detections: {}.", transition(facts, event))
}

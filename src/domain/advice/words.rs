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

/// A state as the portal names it.
pub(super) fn state(state: &RiskState) -> &str {
    match state {
        RiskState::None => "No risk",
        RiskState::ConfirmedSafe => "Confirmed safe",
        RiskState::Remediated => "Remediated",
        RiskState::Dismissed => "Dismissed",
        RiskState::AtRisk => "At risk",
        RiskState::ConfirmedCompromised => "Confirmed compromised",
        RiskState::UnknownFutureValue | RiskState::Other(_) => state.as_str(),
    }
}

/// A detail as the portal names it.
pub(super) fn detail(detail: &RiskDetail) -> &str {
    match detail {
        RiskDetail::None => "-",
        RiskDetail::AdminGeneratedTemporaryPassword => "Admin generated temporary password for user",
        RiskDetail::UserPerformedSecuredPasswordChange => "User performed secured password change",
        RiskDetail::UserPerformedSecuredPasswordReset => "User performed secured password reset",
        RiskDetail::UserPassedMfaDrivenByRiskBasedPolicy => "User passed multifactor authentication",
        RiskDetail::UserChangedPasswordOnPremises => "User changed password on-premises",
        RiskDetail::AdminDismissedAllRiskForUser => "Admin dismissed all risk for user",
        RiskDetail::AdminConfirmedUserCompromised => "Admin confirmed user compromised",
        RiskDetail::AdminConfirmedSigninCompromised => "Admin confirmed sign-in compromised",
        RiskDetail::AdminConfirmedSigninSafe => "Admin confirmed sign-in safe",
        RiskDetail::AdminConfirmedAccountSafe => "Admin confirmed user safe",
        RiskDetail::AiConfirmedSigninSafe => "Microsoft Entra ID Protection assessed sign-in safe",
        other => other.as_str(),
    }
}

/// What an event of the transition table makes of the user's risk: state and detail, before and after.
pub(super) fn transition(facts: &Facts<'_>, event: Event) -> String {
    let (user, row) = (&facts.records.user, event.row());
    let before = user.risk_state.as_ref().map_or("?", state);
    let reason = user.risk_detail.as_ref().map_or("-", detail);
    format!(
        "risk state \"{before}\" -> \"{}\", risk detail \"{reason}\" -> \"{}\" ({})",
        state(&row.state),
        detail(&row.detail),
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

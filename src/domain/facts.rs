//! What follows from a user's records: token theft, evidence, what blocks the user.
//!
//! Every answer is derived here and nowhere else, so that console, query and plan agree.

use chrono::TimeDelta;

use super::catalogue;
use super::records::{RiskDetection, SignIn, UserRecords};
use super::risk::{RiskLevel, RiskState};
use super::time::Timestamp;

/// How long the service keeps detections (`reference/domain.md` section 1, fact 11).
pub const DETECTION_RETENTION: TimeDelta = TimeDelta::days(90);
/// How long before it vanishes evidence counts as expiring.
pub const EXPIRING: TimeDelta = TimeDelta::days(7);

/// Whether the evidence behind a risk can still be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Evidence {
    /// There are detections, and time to read them.
    Fresh,
    /// The newest detection vanishes within a week.
    Expiring,
    /// The risk is older than what the service keeps.
    Expired,
    /// No detection is known.
    None,
}

impl Evidence {
    /// The word used in data and queries.
    pub fn as_str(self) -> &'static str {
        match self {
            Evidence::Fresh => "fresh",
            Evidence::Expiring => "expiring",
            Evidence::Expired => "expired",
            Evidence::None => "none",
        }
    }

    /// All words.
    pub const ALL: [Evidence; 4] = [Evidence::Fresh, Evidence::Expiring, Evidence::Expired, Evidence::None];
}

/// Why a user cannot sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BlockedBy {
    /// The account is disabled.
    AccountDisabled,
    /// A policy on user risk.
    UserRisk,
    /// A policy on sign-in risk.
    SignInRisk,
    /// Built-in protection for high confidence of risk (50053 with that reason).
    BuiltInProtection,
    /// Smart lockout after wrong passwords (50053 otherwise).
    SmartLockout,
    /// Another Conditional Access policy.
    ConditionalAccess,
}

impl BlockedBy {
    /// All causes.
    pub const ALL: [BlockedBy; 6] = [
        BlockedBy::AccountDisabled,
        BlockedBy::UserRisk,
        BlockedBy::SignInRisk,
        BlockedBy::BuiltInProtection,
        BlockedBy::SmartLockout,
        BlockedBy::ConditionalAccess,
    ];

    /// The word used in data and queries.
    pub fn as_str(self) -> &'static str {
        match self {
            BlockedBy::AccountDisabled => "accountDisabled",
            BlockedBy::UserRisk => "userRisk",
            BlockedBy::SignInRisk => "signInRisk",
            BlockedBy::BuiltInProtection => "builtInProtection",
            BlockedBy::SmartLockout => "smartLockout",
            BlockedBy::ConditionalAccess => "conditionalAccess",
        }
    }
}

/// Whether a user is blocked, and by what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blocked {
    /// `None` where neither sign-ins nor the account's state were read.
    pub value: Option<bool>,
    /// The causes, each once.
    pub by: Vec<BlockedBy>,
}

/// Whether the detection is one of the five families that Entra never remediates by itself.
pub fn is_token_theft(detection: &RiskDetection) -> bool {
    detection.risk_event_type.as_deref().is_some_and(catalogue::is_token_theft)
}

/// Whether the sign-in carries a token-theft type.
pub fn is_token_theft_sign_in(records: &UserRecords, sign_in: &SignIn) -> bool {
    sign_in.risk_event_types.iter().any(|kind| catalogue::is_token_theft(kind))
        || records.detections.iter().any(|detection| detection.request_id.as_ref() == Some(&sign_in.id) && is_token_theft(detection))
}

/// Number of detections that are still open.
pub fn open_detections(records: &UserRecords) -> usize {
    records.detections.iter().filter(|detection| detection.is_open()).count()
}

/// Whether an open detection or risky sign-in of the user tells of token theft.
///
/// `None` where the user is at risk and no detection can be seen: it may have been one.
pub fn token_theft(records: &UserRecords) -> Option<bool> {
    let by_detection = records.detections.iter().any(|detection| detection.is_open() && is_token_theft(detection));
    let by_sign_in = records
        .sign_ins
        .iter()
        .any(|sign_in| sign_in.at_risk() == Some(true) && sign_in.risk_event_types.iter().any(|kind| catalogue::is_token_theft(kind)));
    if by_detection || by_sign_in {
        Some(true)
    } else if records.detections.is_empty() && records.user.at_risk() != Some(false) {
        None
    } else {
        Some(false)
    }
}

/// Whether the evidence behind the user's risk can still be looked at.
pub fn evidence(records: &UserRecords, now: Timestamp) -> Evidence {
    let newest = records.detections.iter().filter_map(RiskDetection::at).max();
    let at_risk = records.user.at_risk() == Some(true);
    match newest {
        Some(newest) if newest.age(now) > DETECTION_RETENTION => Evidence::Expired,
        Some(newest) if newest.age(now) > DETECTION_RETENTION - EXPIRING => Evidence::Expiring,
        Some(_) => Evidence::Fresh,
        None if at_risk && records.user.risk_last_updated_date_time.is_some_and(|at| at.age(now) > DETECTION_RETENTION) => {
            Evidence::Expired
        }
        None => Evidence::None,
    }
}

/// Whether the account is deleted, as far as known.
pub fn deleted(records: &UserRecords) -> Option<bool> {
    records.user.is_deleted
}

/// Whether the user is a guest.
pub fn guest(records: &UserRecords) -> Option<bool> {
    if let Some(kind) = &records.directory.user_type {
        return Some(kind.eq_ignore_ascii_case("guest"));
    }
    let name = records.user.user_principal_name.as_deref()?;
    name.to_ascii_lowercase().contains("#ext#").then_some(true)
}

/// When the queue began to wait for this user: the oldest open detection, else the last change.
pub fn waiting_since(records: &UserRecords) -> Option<Timestamp> {
    records
        .detections
        .iter()
        .filter(|detection| detection.is_open())
        .filter_map(RiskDetection::at)
        .min()
        .or(records.user.risk_last_updated_date_time)
}

/// What blocks this sign-in, if anything does.
pub fn sign_in_block(records: &UserRecords, sign_in: &SignIn) -> Option<BlockedBy> {
    let status = sign_in.status.as_ref()?;
    match status.error_code? {
        50053 => {
            let reason = status.failure_reason.as_deref().unwrap_or_default().to_ascii_lowercase();
            if reason.contains("built-in protection") || reason.contains("high confidence of risk") {
                Some(BlockedBy::BuiltInProtection)
            } else {
                Some(BlockedBy::SmartLockout)
            }
        }
        50057 => Some(BlockedBy::AccountDisabled),
        53003 | 53000 | 53011 | 530032 => {
            let risky_sign_in = matches!(sign_in.risk_level_during_sign_in, Some(RiskLevel::Medium | RiskLevel::High));
            let risky_user = matches!(records.user.risk_state, Some(RiskState::AtRisk | RiskState::ConfirmedCompromised));
            if risky_sign_in {
                Some(BlockedBy::SignInRisk)
            } else if risky_user {
                Some(BlockedBy::UserRisk)
            } else {
                Some(BlockedBy::ConditionalAccess)
            }
        }
        _ => None,
    }
}

/// Whether the user is blocked now: a blocked sign-in with no successful one after it, or a disabled
/// account.
pub fn blocked(records: &UserRecords) -> Blocked {
    let succeeded = |sign_in: &SignIn| sign_in.status.as_ref().and_then(|status| status.error_code) == Some(0);
    let last_success = records.sign_ins.iter().filter(|sign_in| succeeded(sign_in)).filter_map(|sign_in| sign_in.created_date_time).max();
    let mut by: Vec<BlockedBy> = records
        .sign_ins
        .iter()
        .filter(|sign_in| last_success.is_none_or(|success| sign_in.created_date_time.is_some_and(|at| at > success)))
        .filter_map(|sign_in| sign_in_block(records, sign_in))
        .collect();
    if records.directory.account_enabled == Some(false) {
        by.push(BlockedBy::AccountDisabled);
    }
    by.sort_unstable();
    by.dedup();
    let value = if !by.is_empty() {
        Some(true)
    } else if records.sign_ins.is_empty() && records.directory.account_enabled.is_none() {
        None
    } else {
        Some(false)
    };
    Blocked { value, by }
}

//! What follows from a user's records: token theft, evidence, what blocks the user, whether the user is safe.
//!
//! Every answer is derived here and nowhere else, so that console, query and plan agree.

use ipnet::IpNet;

mod blocks;
mod evidence;

pub use self::blocks::{
    BlockEnded, Blocked, BlockedBy, addresses_to_trust, blocked, blocked_sign_ins, ended, endings, failed_policies, is_malicious_address,
    legacy_protocol, locked_out, only_risky, refused_attempts, sign_in_block, stopped_by_protection, stopped_sign_ins,
};
pub use self::evidence::{DETECTION_RETENTION, Evidence, Expiry, Piece, SIGN_IN_RETENTION, evidence, evidence_expires};
use super::catalogue;
use super::policy;
use super::records::{AuthenticationMethod, RiskDetection, SignIn, UserRecords};
use super::risk::{RiskDetail, RiskState, TokenIssuerType};
use super::tenant_text::TenantText;
use super::time::Timestamp;

/// Whether the detection is one of the five families that Entra never remediates by itself.
pub fn is_token_theft(detection: &RiskDetection) -> bool {
    detection.risk_event_type.as_deref().is_some_and(catalogue::is_token_theft)
}

/// Whether a type tells that something is not token theft: one that this program knows, and not the one that stands for what
/// the tenant's licence hides.
fn rules_out_token_theft(kind: &str) -> bool {
    !kind.eq_ignore_ascii_case("generic") && !catalogue::is_token_theft(kind) && catalogue::find(kind).is_some()
}

/// Whether the sign-in carries a token-theft type; `None` where it is an open risk and its types do not tell.
pub fn sign_in_token_theft(records: &UserRecords, sign_in: &SignIn) -> Option<bool> {
    token_theft_of_sign_in(sign_in, records.detections.iter().filter(|detection| detection.request_id.as_ref() == Some(&sign_in.id)))
}

/// The same, where its detections are known: for whoever goes through all sign-ins.
pub fn token_theft_of_sign_in<'a>(sign_in: &SignIn, linked: impl Iterator<Item = &'a RiskDetection>) -> Option<bool> {
    let detected = linked.filter_map(|detection| detection.risk_event_type.as_deref());
    let types: Vec<&str> = sign_in.risk_event_types.iter().map(TenantText::as_str).chain(detected).collect();
    if types.iter().any(|kind| catalogue::is_token_theft(kind)) {
        Some(true)
    } else if sign_in.at_risk() == Some(false) || (!types.is_empty() && types.iter().all(|kind| rules_out_token_theft(kind))) {
        Some(false)
    } else {
        None
    }
}

/// Number of detections that are still open.
pub fn open_detections(records: &UserRecords) -> usize {
    records.detections.iter().filter(|detection| detection.is_open()).count()
}

/// Whether an open detection or risky sign-in of the user tells of token theft.
///
/// `None` where the user is at risk and what can be seen does not explain it: no open detection, or one of a type that is
/// hidden or not known. It may have been token theft.
pub fn token_theft(records: &UserRecords) -> Option<bool> {
    let mut open = records.detections.iter().filter(|detection| detection.is_open()).peekable();
    let by_sign_in = records
        .sign_ins
        .iter()
        .any(|sign_in| sign_in.at_risk() == Some(true) && sign_in.risk_event_types.iter().any(|kind| catalogue::is_token_theft(kind)));
    if by_sign_in || open.clone().any(is_token_theft) {
        return Some(true);
    }
    let explained = open.peek().is_some() && open.all(|detection| detection.risk_event_type.as_deref().is_some_and(rules_out_token_theft));
    (explained || records.user.at_risk() == Some(false)).then_some(false)
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

/// Whether the user's password is kept by a federation server, as far as tokens tell; `None` where they do not.
pub fn federated(records: &UserRecords) -> Option<bool> {
    // Token theft forges issuers: only what ended well, and without risk, says where the account lives.
    let plain = |sign_in: &&SignIn| sign_in.at_risk() != Some(true) && sign_in.risk_event_types.is_empty();
    let issuers: Vec<&TokenIssuerType> =
        records.sign_ins.iter().filter(plain).filter_map(|sign_in| sign_in.token_issuer_type.as_ref()).collect();
    let federated = |issuer: &&TokenIssuerType| **issuer == TokenIssuerType::AdFederationServices;
    match issuers.iter().filter(|issuer| federated(issuer)).count() {
        0 => (!issuers.is_empty()).then_some(false),
        count if count == issuers.len() => Some(true),
        _ => None,
    }
}

/// Whether a detection was made on an address within this range, by more than that it was unfamiliar. Closing the risk makes no address
/// safe: only what was assessed or confirmed safe tells nothing any more.
pub fn was_risky_at(records: &UserRecords, range: &IpNet) -> bool {
    let tells = |detection: &&RiskDetection| {
        !assessed_safe(detection)
            && !detection.risk_event_type.as_deref().is_some_and(|kind| kind.eq_ignore_ascii_case("unfamiliarFeatures"))
    };
    let within = |address: &TenantText| policy::range(address).is_some_and(|address| range.contains(&address));
    records.detections.iter().filter(tells).filter_map(|detection| detection.ip_address.as_ref()).any(within)
}

/// Whether somebody, or Entra itself, found that a detection was a false alarm.
fn assessed_safe(detection: &RiskDetection) -> bool {
    detection.risk_state == Some(RiskState::ConfirmedSafe)
        || matches!(
            detection.risk_detail,
            Some(RiskDetail::AiConfirmedSigninSafe | RiskDetail::AdminConfirmedSigninSafe | RiskDetail::AdminConfirmedAccountSafe)
        )
}

/// Why a user whose risk was closed is not safe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NotSafe {
    /// The password is older than the newest detection.
    PasswordOlderThanDetection,
    /// Sessions were not revoked since the newest detection.
    SessionsNotRevoked,
    /// An authentication method was registered since the first detection.
    MethodAddedSince,
}

impl NotSafe {
    /// All reasons.
    pub const ALL: [NotSafe; 3] = [NotSafe::PasswordOlderThanDetection, NotSafe::SessionsNotRevoked, NotSafe::MethodAddedSince];

    /// The word used in data and queries.
    pub fn as_str(self) -> &'static str {
        match self {
            NotSafe::PasswordOlderThanDetection => "passwordOlderThanDetection",
            NotSafe::SessionsNotRevoked => "sessionsNotRevoked",
            NotSafe::MethodAddedSince => "methodAddedSince",
        }
    }

    /// In words, for people.
    pub fn words(self) -> &'static str {
        match self {
            NotSafe::PasswordOlderThanDetection => "the password is older than the newest detection",
            NotSafe::SessionsNotRevoked => "sessions were not revoked since the newest detection",
            NotSafe::MethodAddedSince => "an authentication method was added since the first detection",
        }
    }
}

/// Why a user is not safe although the risk was dismissed or remediated: verified is not safe. Empty for open risk, for users of
/// whom no detection is known, and where nothing that was read speaks against it.
pub fn not_safe(records: &UserRecords) -> Vec<NotSafe> {
    if !matches!(records.user.risk_state, Some(RiskState::Dismissed | RiskState::Remediated)) {
        return Vec::new();
    }
    let Some(newest) = newest_detection(records) else { return Vec::new() };
    let directory = &records.directory;
    let mut because = Vec::new();
    if password_is_older(records) == Some(true) {
        because.push(NotSafe::PasswordOlderThanDetection);
    }
    if directory.sign_in_sessions_valid_from_date_time.is_some_and(|at| at < newest) {
        because.push(NotSafe::SessionsNotRevoked);
    }
    if methods_added_since(records).is_some_and(|added| !added.is_empty()) {
        because.push(NotSafe::MethodAddedSince);
    }
    because
}

/// When what was detected last happened.
pub fn newest_detection(records: &UserRecords) -> Option<Timestamp> {
    detected(records).max()
}

/// Kinds of the authentication methods that were registered since the first detection; `None` where methods were not read.
pub fn methods_added_since(records: &UserRecords) -> Option<Vec<&str>> {
    let methods = records.methods.as_deref()?;
    let Some(first) = detected(records).min() else { return Some(Vec::new()) };
    let added = |method: &&AuthenticationMethod| method.created_date_time.is_some_and(|at| at > first) && method.kind != PASSWORD_METHOD;
    Some(methods.iter().filter(added).map(|method| method.kind.as_str()).collect())
}

/// Whether an open detection says that credentials which match the password were leaked.
pub fn leaked_credentials(records: &UserRecords) -> bool {
    let leaked = |kind: &str| kind.eq_ignore_ascii_case("leakedCredentials");
    records.detections.iter().any(|detection| detection.is_open() && detection.risk_event_type.as_deref().is_some_and(leaked))
}

/// Whether the password is older than the newest detection; `None` where either is not known.
pub fn password_is_older(records: &UserRecords) -> Option<bool> {
    let newest = newest_detection(records)?;
    Some(records.directory.last_password_change_date_time? < newest)
}

/// When what was detected happened. What an administrator confirmed is no event of its own: the password was to be changed after what
/// led to it.
fn detected(records: &UserRecords) -> impl Iterator<Item = Timestamp> {
    let told = |detection: &&RiskDetection| detection.risk_event_type.as_deref() != Some("adminConfirmedUserCompromised");
    records.detections.iter().filter(told).filter_map(|detection| detection.activity_date_time.or(detection.at()))
}

/// Whether a user whose risk is not open is safe, as far as what was read tells: `Some(false)` where the risk was closed and
/// something speaks against it; `None` for open risk, and where password, sessions and methods were not
/// all read: methods are read of the users that somebody looks at.
pub fn safe(records: &UserRecords) -> Option<bool> {
    match records.user.risk_state {
        Some(RiskState::None | RiskState::ConfirmedSafe) => Some(true),
        Some(RiskState::Dismissed | RiskState::Remediated) if !not_safe(records).is_empty() => Some(false),
        Some(RiskState::Dismissed | RiskState::Remediated) => safety_unread(records).is_empty().then_some(true),
        _ => None,
    }
}

/// What was not read of a user without which nobody can say whether the user is safe.
pub fn safety_unread(records: &UserRecords) -> Vec<&'static str> {
    let directory = &records.directory;
    let parts = [
        (records.detections.is_empty(), "detections"),
        (directory.last_password_change_date_time.is_none(), "the last password change"),
        (directory.sign_in_sessions_valid_from_date_time.is_none(), "when sessions were revoked"),
        (records.methods.is_none(), "authentication methods"),
    ];
    parts.into_iter().filter_map(|(unread, part)| unread.then_some(part)).collect()
}

/// The password is a method, too, and a new one is no alarm.
const PASSWORD_METHOD: &str = "passwordAuthenticationMethod";

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

/// Whether an administrator confirmed a compromise that is still open: of the user, or of a sign-in or detection.
pub fn confirmed_compromised(records: &UserRecords) -> bool {
    let confirmed = |state: &Option<RiskState>| *state == Some(RiskState::ConfirmedCompromised);
    let by_sign_in = records.user.risk_detail == Some(RiskDetail::AdminConfirmedSigninCompromised);
    confirmed(&records.user.risk_state)
        || records.user.at_risk() != Some(false)
            && (by_sign_in
                || records.sign_ins.iter().any(|of| confirmed(&of.risk_state))
                || records.detections.iter().any(|of| confirmed(&of.risk_state)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixture;

    #[test]
    fn risk_that_nothing_visible_explains_may_be_token_theft() {
        let mut records = fixture::risky_user("u1", "unfamiliarFeatures");
        assert_eq!(token_theft(&records), Some(false));
        records.detections[0].risk_state = Some(RiskState::Dismissed);
        assert_eq!(token_theft(&records), None, "the open risk has another, invisible reason");
        assert_eq!(evidence(&records, fixture::now()), Evidence::None);
        for kind in ["generic", "brandNewDetection"] {
            assert_eq!(token_theft(&fixture::risky_user("u1", kind)), None, "{kind}");
            let records = fixture::risky_user("u1", kind);
            assert_eq!(sign_in_token_theft(&records, &records.sign_ins[0]), None, "{kind}");
        }
        records.user.risk_state = Some(RiskState::Dismissed);
        assert_eq!(token_theft(&records), Some(false));
    }

    #[test]
    fn the_five_families_are_token_theft() {
        for kind in ["anomalousToken", "ATTACKERINTHEMIDDLE", "tokenIssuerAnomaly", "investigationsThreatIntelligence", "nationStateIP"] {
            let records = fixture::risky_user("u1", kind);
            assert_eq!(token_theft(&records), Some(true), "{kind}");
            assert_eq!(sign_in_token_theft(&records, &records.sign_ins[0]), Some(true), "{kind}");
        }
    }
}

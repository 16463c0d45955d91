//! What follows from a user's records: token theft, evidence, what blocks the user.
//!
//! Every answer is derived here and nowhere else, so that console, query and plan agree.

use std::collections::HashMap;

use ipnet::IpNet;

mod evidence;

pub use self::evidence::{DETECTION_RETENTION, Evidence, Expiry, Piece, SIGN_IN_RETENTION, evidence, evidence_expires};
use super::catalogue;
use super::policy::{self, Policy, TenantFacts};
use super::records::{AppliedPolicy, AuthenticationMethod, RiskDetection, SignIn, SignInStatus, UserRecords};
use super::risk::{RiskDetail, RiskLevel, RiskState, TokenIssuerType};
use super::tenant_text::TenantText;
use super::time::Timestamp;

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

    /// In words, for people.
    pub fn words(self) -> &'static str {
        match self {
            BlockedBy::AccountDisabled => "the account is disabled",
            BlockedBy::UserRisk => "a policy on user risk",
            BlockedBy::SignInRisk => "a policy on sign-in risk",
            BlockedBy::BuiltInProtection => "built-in protection",
            BlockedBy::SmartLockout => "smart lockout after wrong passwords",
            BlockedBy::ConditionalAccess => "a Conditional Access policy",
        }
    }
}

/// Whether a user is blocked, and by what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blocked {
    /// `None` where neither sign-ins nor the account's state were read, or of the sign-ins only the risky ones.
    pub value: Option<bool>,
    /// The causes, each once.
    pub by: Vec<BlockedBy>,
    /// Whether something blocked the user that is gone by now: the next sign-in tells whether the user gets in.
    pub ended: bool,
}

/// Why what blocked a sign-in is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockEnded {
    /// The risk was closed.
    RiskClosed,
    /// The policies that blocked are no longer enforced, are gone, or leave the user out.
    PolicyLifted,
    /// The account is enabled by now.
    AccountEnabled,
    /// The address of the sign-in is trusted by now.
    AddressTrusted,
}

impl BlockEnded {
    /// In words, for people.
    pub fn words(self) -> &'static str {
        match self {
            BlockEnded::RiskClosed => "the risk was closed",
            BlockEnded::PolicyLifted => "the policy does not keep the user out any more",
            BlockEnded::AccountEnabled => "the account is enabled by now",
            BlockEnded::AddressTrusted => "the address is trusted by now",
        }
    }
}

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

/// Whether built-in protection blocked it; no policy has to do with that.
fn is_built_in(sign_in: &SignIn) -> bool {
    sign_in.status.as_ref().is_some_and(|status| status.error_code == Some(50053) && told_by_protection(status))
}

/// The addresses where the user was blocked by built-in protection, each once, the latest first.
pub fn blocked_addresses(records: &UserRecords) -> Vec<&str> {
    let mut addresses = Vec::new();
    for sign_in in records.sign_ins.iter().filter(|sign_in| is_built_in(sign_in)) {
        if let Some(address) = sign_in.ip_address.as_deref().filter(|address| !addresses.contains(address)) {
            addresses.push(address);
        }
    }
    addresses
}

/// The policies that keep a user out, as the blocked sign-ins name them, else those that apply to the user's open risk.
pub fn blocking_policies<'a>(records: &UserRecords, tenant: &'a TenantFacts) -> Vec<&'a Policy> {
    let all = tenant.policies.as_deref().unwrap_or_default();
    let holding =
        stopped_sign_ins(records, tenant).into_iter().filter(|(cause, sign_in)| ended(records, tenant, *cause, sign_in).is_none());
    let named: Vec<&str> = holding.flat_map(|(_, sign_in)| failed_policies(sign_in)).filter_map(|applied| applied.id.as_deref()).collect();
    let by_name: Vec<&Policy> =
        all.iter().filter(|policy| keeps_in_force(policy, records) && named.iter().any(|id| policy.id.eq_ignore_ascii_case(id))).collect();
    if !by_name.is_empty() {
        return by_name;
    }
    if blocked(records, tenant).value == Some(false) {
        return Vec::new();
    }
    let Some(level) = records.user.risk_level.as_ref().filter(|_| records.user.at_risk() == Some(true)) else { return Vec::new() };
    let applies = |policy: &&Policy| {
        policy.is_enforced() && policy.is_about_user_risk(level) && policy.includes(records.id().as_str()) != Some(false)
    };
    all.iter().filter(applies).collect()
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
    let (Some(first), Some(newest)) = (detected(records).min(), detected(records).max()) else { return Vec::new() };
    let directory = &records.directory;
    let mut because = Vec::new();
    if password_is_older(records) == Some(true) {
        because.push(NotSafe::PasswordOlderThanDetection);
    }
    if directory.sign_in_sessions_valid_from_date_time.is_some_and(|at| at < newest) {
        because.push(NotSafe::SessionsNotRevoked);
    }
    let added = |method: &AuthenticationMethod| method.created_date_time.is_some_and(|at| at > first) && method.kind != PASSWORD_METHOD;
    if records.methods.iter().flatten().any(added) {
        because.push(NotSafe::MethodAddedSince);
    }
    because
}

/// Whether an open detection says that credentials which match the password were leaked.
pub fn leaked_credentials(records: &UserRecords) -> bool {
    let leaked = |kind: &str| kind.eq_ignore_ascii_case("leakedCredentials");
    records.detections.iter().any(|detection| detection.is_open() && detection.risk_event_type.as_deref().is_some_and(leaked))
}

/// Whether the password is older than the newest detection; `None` where either is not known.
pub fn password_is_older(records: &UserRecords) -> Option<bool> {
    let newest = detected(records).max()?;
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
        Some(RiskState::Dismissed | RiskState::Remediated) => {
            let directory = &records.directory;
            let read = directory.last_password_change_date_time.is_some() && directory.sign_in_sessions_valid_from_date_time.is_some();
            (read && records.methods.is_some() && !records.detections.is_empty()).then_some(true)
        }
        _ => None,
    }
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

/// What blocked this sign-in, if anything did. A policy that the sign-in names tells what it was about; only where none is named that is
/// known, the levels of risk have to.
pub fn sign_in_block(records: &UserRecords, tenant: &TenantFacts, sign_in: &SignIn) -> Option<BlockedBy> {
    let status = sign_in.status.as_ref()?;
    match status.error_code? {
        50053 => Some(if told_by_protection(status) { BlockedBy::BuiltInProtection } else { BlockedBy::SmartLockout }),
        50057 => Some(BlockedBy::AccountDisabled),
        // 53004 is a risk policy that asks for what the user is not registered for.
        53003 | 53004 | 53000 | 53011 | 530032 => Some(policy_block(records, tenant, sign_in)),
        _ => None,
    }
}

/// What tells built-in protection from smart lockout, which has the same code.
fn told_by_protection(status: &SignInStatus) -> bool {
    let reason = status.failure_reason.as_deref().unwrap_or_default().to_ascii_lowercase();
    reason.contains("built-in protection") || reason.contains("high confidence of risk")
}

fn policy_block(records: &UserRecords, tenant: &TenantFacts, sign_in: &SignIn) -> BlockedBy {
    let known: Vec<Option<&Policy>> =
        failed_policies(sign_in).map(|applied| applied.id.as_deref().and_then(|id| tenant.policy(id))).collect();
    let about = |levels: fn(&Policy) -> &[String]| known.iter().flatten().any(|policy| !levels(policy).is_empty());
    let (of_user, of_sign_in) = (about(|policy| &policy.user_risk_levels), about(|policy| &policy.sign_in_risk_levels));
    let by_level = matches!(sign_in.risk_level_during_sign_in, Some(RiskLevel::Medium | RiskLevel::High));
    match (of_user, of_sign_in) {
        (true, false) => BlockedBy::UserRisk,
        (false, true) => BlockedBy::SignInRisk,
        (true, true) => {
            if by_level {
                BlockedBy::SignInRisk
            } else {
                BlockedBy::UserRisk
            }
        }
        (false, false) if !known.is_empty() && known.iter().all(Option::is_some) => BlockedBy::ConditionalAccess,
        (false, false) if by_level => BlockedBy::SignInRisk,
        (false, false) if was_at_risk(records, sign_in) => BlockedBy::UserRisk,
        (false, false) => BlockedBy::ConditionalAccess,
    }
}

/// Whether the user was at risk when signing in: still is, or the risk was closed afterwards.
fn was_at_risk(records: &UserRecords, sign_in: &SignIn) -> bool {
    let user = &records.user;
    let closed_since = matches!(user.risk_state, Some(RiskState::Dismissed | RiskState::Remediated | RiskState::ConfirmedSafe))
        && user.risk_last_updated_date_time > sign_in.created_date_time;
    user.at_risk() == Some(true) || closed_since
}

/// Whether the risky sign-ins are all that is known: then others may have been blocked since.
pub fn only_risky(records: &UserRecords) -> bool {
    !records.sign_ins.is_empty() && records.sign_ins.iter().all(SignIn::is_risky)
}

/// The sign-ins that were blocked, with no successful one after them, and by what. A session that goes on without a person tells nothing of
/// whether a person gets in.
pub fn stopped_sign_ins<'a>(records: &'a UserRecords, tenant: &TenantFacts) -> Vec<(BlockedBy, &'a SignIn)> {
    let last = |counts: fn(&SignIn) -> bool| successes(records).filter(|of| counts(of)).filter_map(|of| of.created_date_time).max();
    let (any, by_a_person) = (last(|_| true), last(|of| of.is_interactive != Some(false)));
    let since = |sign_in: &&SignIn| {
        let success = if sign_in.is_interactive == Some(false) { any } else { by_a_person };
        success.is_none_or(|success| sign_in.created_date_time.is_some_and(|at| at > success))
    };
    records.sign_ins.iter().filter(since).filter_map(|sign_in| Some((sign_in_block(records, tenant, sign_in)?, sign_in))).collect()
}

fn successes(records: &UserRecords) -> impl Iterator<Item = &SignIn> {
    records.sign_ins.iter().filter(|sign_in| sign_in.status.as_ref().and_then(|status| status.error_code) == Some(0))
}

/// The sign-ins that built-in protection refused and, as far as is known, refuses still, although the user gets in otherwise: none went
/// through after them from the same address or with the same client. Mostly a legacy protocol while the browser works.
pub fn refused_attempts<'a>(records: &'a UserRecords, tenant: &TenantFacts) -> Vec<&'a SignIn> {
    let last = |of: fn(&SignIn) -> Option<&str>| {
        let mut last: HashMap<&str, Option<Timestamp>> = HashMap::new();
        for success in successes(records) {
            let Some(of) = of(success) else { continue };
            let at = last.entry(of).or_default();
            *at = success.created_date_time.max(*at);
        }
        move |sign_in: &'a SignIn| of(sign_in).and_then(|of| last.get(of)).is_some_and(|at| *at > sign_in.created_date_time)
    };
    let (from_there, so) = (last(|of| of.ip_address.as_deref()), last(|of| of.client_app_used.as_deref()));
    let refused = |sign_in: &&'a SignIn| {
        let holds = || ended(records, tenant, BlockedBy::BuiltInProtection, sign_in).is_none();
        is_built_in(sign_in) && holds() && !from_there(sign_in) && !so(sign_in)
    };
    records.sign_ins.iter().filter(refused).collect()
}

/// Whether smart lockout keeps the user out.
pub fn locked_out(records: &UserRecords) -> bool {
    // No policy has to do with it.
    stopped_sign_ins(records, &TenantFacts::default()).iter().any(|(cause, _)| *cause == BlockedBy::SmartLockout)
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

/// The policies that failed a sign-in.
pub fn failed_policies(sign_in: &SignIn) -> impl Iterator<Item = &AppliedPolicy> {
    sign_in.applied_conditional_access_policies.iter().filter(|applied| applied.result.as_deref() == Some("failure"))
}

fn keeps_in_force(policy: &Policy, records: &UserRecords) -> bool {
    policy.is_enforced() && !policy.excludes(records.id().as_str())
}

/// Why what blocked a sign-in is gone; `None` where it still holds, or nobody can tell.
pub fn ended(records: &UserRecords, tenant: &TenantFacts, cause: BlockedBy, sign_in: &SignIn) -> Option<BlockEnded> {
    let closed = matches!(sign_in.risk_state, Some(RiskState::Dismissed | RiskState::Remediated | RiskState::ConfirmedSafe));
    let by_itself = match cause {
        BlockedBy::UserRisk => (records.user.at_risk() != Some(true)).then_some(BlockEnded::RiskClosed),
        BlockedBy::SignInRisk => closed.then_some(BlockEnded::RiskClosed),
        BlockedBy::AccountDisabled => (records.directory.account_enabled == Some(true)).then_some(BlockEnded::AccountEnabled),
        BlockedBy::BuiltInProtection => {
            // What was trusted all along did not help: only trust that is younger than the block is a reason to try again.
            let address = sign_in.ip_address.as_deref().and_then(policy::range);
            let trusted_at = address.and_then(|address| tenant.trusted_since(&address));
            let younger = trusted_at.zip(sign_in.created_date_time).is_some_and(|(trusted, blocked)| trusted > blocked);
            younger.then_some(BlockEnded::AddressTrusted)
        }
        BlockedBy::SmartLockout | BlockedBy::ConditionalAccess => None,
    };
    if by_itself.is_some() {
        return by_itself;
    }
    tenant.policies.as_ref()?;
    let by_policy = matches!(cause, BlockedBy::UserRisk | BlockedBy::SignInRisk | BlockedBy::ConditionalAccess);
    let mut named = failed_policies(sign_in).peekable();
    let lifted = |applied: &AppliedPolicy| {
        let id = applied.id.as_deref();
        id.is_some_and(|id| !tenant.policy(id).is_some_and(|policy| keeps_in_force(policy, records)))
    };
    (by_policy && named.peek().is_some() && named.all(lifted)).then_some(BlockEnded::PolicyLifted)
}

/// Why what blocked the user is gone, each reason once.
pub fn endings(records: &UserRecords, tenant: &TenantFacts) -> Vec<BlockEnded> {
    let mut endings = Vec::new();
    for (cause, sign_in) in stopped_sign_ins(records, tenant) {
        endings.extend(ended(records, tenant, cause, sign_in).filter(|ending| !endings.contains(ending)));
    }
    endings
}

/// Whether the user is blocked now: a blocked sign-in with no successful one after it, or a disabled account.
///
/// A block ends with the risk that it was for, with the policy, with the account being enabled, and with the address being trusted; whether the user gets in then is not known before the next sign-in.
pub fn blocked(records: &UserRecords, tenant: &TenantFacts) -> Blocked {
    let stopped = stopped_sign_ins(records, tenant);
    let mut by: Vec<BlockedBy> =
        stopped.iter().filter(|(cause, sign_in)| ended(records, tenant, *cause, sign_in).is_none()).map(|(cause, _)| *cause).collect();
    let ended = by.len() < stopped.len();
    if records.directory.account_enabled == Some(false) {
        by.push(BlockedBy::AccountDisabled);
    }
    by.sort_unstable();
    by.dedup();
    let value = if !by.is_empty() {
        Some(true)
    } else if ended || only_risky(records) || (records.sign_ins.is_empty() && records.directory.account_enabled.is_none()) {
        None
    } else {
        Some(false)
    };
    Blocked { value, by, ended }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixture;
    use crate::domain::records::SignInStatus;
    use crate::domain::transition::{Cause, Event, apply};

    fn blocked_by_policy() -> UserRecords {
        let mut records = fixture::risky_user("u1", "passwordSpray");
        let sign_in = &mut records.sign_ins[0];
        sign_in.status = Some(SignInStatus { error_code: Some(53003), ..SignInStatus::default() });
        sign_in.risk_level_during_sign_in = Some(RiskLevel::None);
        records
    }

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

    #[test]
    fn a_block_for_user_risk_ends_with_the_risk() {
        let mut records = blocked_by_policy();
        assert_eq!(blocked(&records, &TenantFacts::default()), Blocked { value: Some(true), by: vec![BlockedBy::UserRisk], ended: false });
        apply(Event::DismissUserRisk, &mut records, &[], &Cause { at: fixture::now(), initiated_by: None });
        assert_eq!(blocked(&records, &TenantFacts::default()), Blocked { value: None, by: vec![], ended: true });
        assert_eq!(
            sign_in_block(&records, &TenantFacts::default(), &records.sign_ins[0]),
            Some(BlockedBy::UserRisk),
            "what blocked it then stays so"
        );
    }

    #[test]
    fn a_block_for_sign_in_risk_ends_with_the_risk_of_the_sign_in() {
        let mut records = blocked_by_policy();
        records.sign_ins[0].risk_level_during_sign_in = Some(RiskLevel::High);
        assert_eq!(blocked(&records, &TenantFacts::default()).by, [BlockedBy::SignInRisk]);
        apply(Event::DismissUserRisk, &mut records, &[], &Cause { at: fixture::now(), initiated_by: None });
        assert_eq!(blocked(&records, &TenantFacts::default()), Blocked { value: None, by: vec![], ended: true });
    }

    #[test]
    fn a_block_ends_with_the_policy_that_no_longer_keeps_the_user_out() {
        let mut records = blocked_by_policy();
        let failed = AppliedPolicy { id: Some("P".into()), result: Some("failure".into()), ..AppliedPolicy::default() };
        records.sign_ins[0].applied_conditional_access_policies = vec![failed];
        let of = |state: &str, excluded: &[&str]| {
            let object = serde_json::json!({"id": "p", "state": state, "conditions": {"users": {"includeUsers": ["All"], "excludeUsers": excluded}}});
            TenantFacts { policies: Policy::read(object.as_object().unwrap()).map(|policy| vec![policy]), locations: None }
        };
        for (tenant, holds) in [
            (of("enabled", &[]), true),
            (TenantFacts::default(), true),
            (of("disabled", &[]), false),
            (of("enabled", &["u1"]), false),
            (TenantFacts { policies: Some(Vec::new()), locations: None }, false),
        ] {
            let blocked = blocked(&records, &tenant);
            assert_eq!((blocked.value == Some(true), blocked.ended), (holds, !holds), "{tenant:?}");
            assert_eq!(blocking_policies(&records, &tenant).len(), usize::from(holds && tenant.policies.is_some()));
        }
    }

    #[test]
    fn a_block_by_a_disabled_account_ends_when_it_is_enabled_and_built_in_protection_where_the_address_is_trusted() {
        let mut records = blocked_by_policy();
        let status =
            |code, reason: &str| SignInStatus { error_code: Some(code), failure_reason: Some(reason.into()), additional_details: None };
        records.sign_ins[0].status = Some(status(50057, "disabled"));
        let nothing = TenantFacts::default();
        for (enabled, holds) in [(None, true), (Some(false), true), (Some(true), false)] {
            records.directory.account_enabled = enabled;
            assert_eq!(blocked(&records, &nothing).value, holds.then_some(true), "{enabled:?}");
            assert_eq!(endings(&records, &nothing), if holds { vec![] } else { vec![BlockEnded::AccountEnabled] });
        }
        records.sign_ins[0].status = Some(status(50053, "built-in protection"));
        let at = records.sign_ins[0].created_date_time.unwrap();
        let changed = |seconds| Some(Timestamp(at.0 + chrono::TimeDelta::seconds(seconds)));
        let office = |is_trusted, range: &str, made: Option<Timestamp>| {
            let ranges = vec![policy::range_value(&policy::range(range).unwrap())];
            let id = "l".to_owned();
            let location = policy::IpLocation { id, is_trusted, ranges, created_date_time: made, ..policy::IpLocation::default() };
            let mut tenant = TenantFacts::default();
            tenant.take_locations(vec![location]);
            tenant
        };
        let trusted = |is_trusted, range: &str| office(is_trusted, range, changed(60));
        for before in [changed(-60), None] {
            let tenant = office(true, "203.0.113.0/24", before);
            assert_eq!(blocked(&records, &tenant).by, [BlockedBy::BuiltInProtection], "it was trusted all along");
        }
        assert_eq!(blocked(&records, &trusted(false, "203.0.113.0/24")).by, [BlockedBy::BuiltInProtection]);
        assert_eq!(blocked(&records, &trusted(true, "192.0.2.0/24")).by, [BlockedBy::BuiltInProtection]);
        assert_eq!(endings(&records, &trusted(true, "203.0.113.0/24")), [BlockEnded::AddressTrusted]);
        assert_eq!(blocked(&records, &trusted(true, "203.0.113.0/24")), Blocked { value: None, by: vec![], ended: true });
    }

    #[test]
    fn no_policy_blocks_who_is_not_blocked() {
        let mut records = fixture::risky_user("u1", "passwordSpray");
        records.sign_ins[0].status = Some(SignInStatus { error_code: Some(0), ..SignInStatus::default() });
        records.sign_ins[0].risk_state = None;
        let levels = ["low", "medium", "high"];
        let object = serde_json::json!({"id": "p", "state": "enabled", "conditions": {"userRiskLevels": levels, "users": {"includeUsers": ["All"]}}});
        let tenant = TenantFacts { policies: Policy::read(object.as_object().unwrap()).map(|policy| vec![policy]), locations: None };
        assert_eq!(blocked(&records, &tenant).value, Some(false));
        assert!(blocking_policies(&records, &tenant).is_empty());
        records.sign_ins.clear();
        records.directory.account_enabled = None;
        assert_eq!(blocking_policies(&records, &tenant).len(), 1, "nobody knows, so it may be the one");
    }

    #[test]
    fn both_meanings_of_50053_are_told_apart() {
        let mut records = blocked_by_policy();
        for (reason, cause) in [
            ("Sign-in was blocked by built-in protections due to high confidence of risk.", BlockedBy::BuiltInProtection),
            ("The account is locked.", BlockedBy::SmartLockout),
        ] {
            let status = SignInStatus { error_code: Some(50053), failure_reason: Some(reason.into()), additional_details: None };
            records.sign_ins[0].status = Some(status);
            assert_eq!(blocked(&records, &TenantFacts::default()).by, [cause]);
        }
    }
}

//! What blocks a user, and whether it still does.

use std::collections::HashMap;

use chrono::TimeDelta;

use crate::domain::policy::{self, Policy, TenantFacts};
use crate::domain::records::{AppliedPolicy, SignIn, SignInStatus, UserRecords};
use crate::domain::risk::{RiskLevel, RiskState};
use crate::domain::time::Timestamp;

/// The longest that a smart lockout can be set to last, 18,000 s; by default it is a minute.
const LOCKOUT: TimeDelta = TimeDelta::hours(5);

/// Why a user cannot sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BlockedBy {
    /// The account is disabled.
    AccountDisabled,
    /// A policy on user risk.
    UserRisk,
    /// A policy on sign-in risk.
    SignInRisk,
    /// Built-in protection: high confidence of risk, or an address with malicious activity (50053 with that reason).
    BuiltInProtection,
    /// Smart lockout after wrong passwords (50053 with that reason).
    SmartLockout,
    /// Either of these: the reason of 50053 does not tell.
    Error50053,
    /// Another Conditional Access policy.
    ConditionalAccess,
}

impl BlockedBy {
    /// All causes.
    pub const ALL: [BlockedBy; 7] = [
        BlockedBy::AccountDisabled,
        BlockedBy::UserRisk,
        BlockedBy::SignInRisk,
        BlockedBy::BuiltInProtection,
        BlockedBy::SmartLockout,
        BlockedBy::Error50053,
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
            BlockedBy::Error50053 => "error50053",
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
            BlockedBy::Error50053 => "smart lockout or built-in protection, error 50053 does not tell which",
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
    /// The password was changed since, which ends a smart lockout.
    PasswordChanged,
    /// No smart lockout lasts so long.
    LockoutOver,
}

impl BlockEnded {
    /// In words, for people.
    pub fn words(self) -> &'static str {
        match self {
            BlockEnded::RiskClosed => "the risk was closed",
            BlockEnded::PolicyLifted => "the policy does not keep the user out any more",
            BlockEnded::AccountEnabled => "the account is enabled by now",
            BlockEnded::AddressTrusted => "the address is trusted by now",
            BlockEnded::PasswordChanged => "the password was changed since",
            BlockEnded::LockoutOver => "a smart lockout ends by itself",
        }
    }
}

/// What blocked this sign-in, if anything did. A policy that the sign-in names tells what it was about; only where none is named that is
/// known, the levels of risk have to.
pub fn sign_in_block(records: &UserRecords, tenant: &TenantFacts, sign_in: &SignIn) -> Option<BlockedBy> {
    let status = sign_in.status.as_ref()?;
    match status.error_code? {
        50053 => Some(meaning_of_50053(status)),
        50057 => Some(BlockedBy::AccountDisabled),
        // 53004 is a risk policy that asks for what the user is not registered for; 53000 to 53002 and 53009 ask for what the device
        // or the app is not.
        50131 | 53000..=53004 | 53009 | 53011 | 530032 => Some(policy_block(records, tenant, sign_in)),
        _ => None,
    }
}

/// Clients that cannot do modern authentication, as sign-ins name them (`clientAppUsed`).
const LEGACY: &[&str] = &[
    "IMAP4",
    "IMAP",
    "POP3",
    "POP",
    "SMTP",
    "Authenticated SMTP",
    "MAPI Over HTTP",
    "Exchange ActiveSync",
    "Exchange Web Services",
    "Exchange Online PowerShell",
    "Outlook Anywhere (RPC over HTTP)",
    "Offline Address Book",
    "Autodiscover",
    "AutoDiscover",
    "Reporting Web Services",
    "Other clients",
    "Other clients; IMAP",
    "Other clients; POP",
    "Other clients; SMTP",
    "Other clients; MAPI",
    "Other clients; Older Office clients",
];

/// The legacy protocol that a sign-in used; `None` for a modern one, and for one that is not known.
pub fn legacy_protocol(sign_in: &SignIn) -> Option<&str> {
    let used = sign_in.client_app_used.as_deref()?;
    LEGACY.iter().any(|legacy| legacy.eq_ignore_ascii_case(used.trim())).then_some(used)
}

const MALICIOUS: &str = "malicious activity";

/// Whether built-in protection blocked it for the address, and not for high confidence of risk.
pub fn is_malicious_address(sign_in: &SignIn) -> bool {
    let reason = sign_in.status.as_ref().and_then(|status| status.failure_reason.as_deref());
    reason.is_some_and(|reason| reason.to_ascii_lowercase().contains(MALICIOUS))
}

/// What tells built-in protection from smart lockout, which has the same code.
fn meaning_of_50053(status: &SignInStatus) -> BlockedBy {
    // "Blocked out…" is no "locked out".
    let reason = status.failure_reason.as_deref().unwrap_or_default().to_ascii_lowercase().replace("block", "");
    let tells = |words: &[&str]| words.iter().any(|word| reason.contains(word));
    if tells(&["built-in protection", "high confidence of risk", MALICIOUS]) {
        BlockedBy::BuiltInProtection
    } else if tells(&["account is locked", "locked out", "lockout", "too many times"]) {
        BlockedBy::SmartLockout
    } else {
        BlockedBy::Error50053
    }
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
pub fn refused_attempts<'a>(records: &'a UserRecords, tenant: &TenantFacts, now: Timestamp) -> Vec<&'a SignIn> {
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
        let holds = || ended(records, tenant, BlockedBy::BuiltInProtection, sign_in, now).is_none();
        let by_protection = sign_in_block(records, tenant, sign_in) == Some(BlockedBy::BuiltInProtection);
        by_protection && holds() && !from_there(sign_in) && !so(sign_in)
    };
    records.sign_ins.iter().filter(refused).collect()
}

/// The sign-ins that built-in protection stopped, and those of which it may have been; where none keeps the user out, those that it
/// refuses beside.
pub fn stopped_by_protection<'a>(records: &'a UserRecords, tenant: &TenantFacts, now: Timestamp) -> Vec<(BlockedBy, &'a SignIn)> {
    let about = |(cause, _): &(BlockedBy, &SignIn)| matches!(cause, BlockedBy::BuiltInProtection | BlockedBy::Error50053);
    let stopped: Vec<(BlockedBy, &SignIn)> = stopped_sign_ins(records, tenant).into_iter().filter(about).collect();
    if !stopped.is_empty() {
        return stopped;
    }
    refused_attempts(records, tenant, now).into_iter().map(|sign_in| (BlockedBy::BuiltInProtection, sign_in)).collect()
}

/// The addresses whose trust would let the user in, each once, the latest first.
pub fn addresses_to_trust<'a>(records: &'a UserRecords, tenant: &TenantFacts, now: Timestamp) -> Vec<&'a str> {
    let mut addresses = Vec::new();
    for (cause, sign_in) in stopped_by_protection(records, tenant, now) {
        // Where it may have been an attacker's wrong passwords, nobody trusts the attacker's address unasked.
        let holds = cause == BlockedBy::BuiltInProtection && ended(records, tenant, cause, sign_in, now).is_none();
        if let Some(address) = sign_in.ip_address.as_deref().filter(|address| holds && !addresses.contains(address)) {
            addresses.push(address);
        }
    }
    addresses
}

/// Whether smart lockout was the last that kept the user out.
pub fn locked_out(records: &UserRecords) -> bool {
    // No policy has to do with it.
    stopped_sign_ins(records, &TenantFacts::default()).iter().any(|(cause, _)| *cause == BlockedBy::SmartLockout)
}

/// The policies that failed a sign-in.
pub fn failed_policies(sign_in: &SignIn) -> impl Iterator<Item = &AppliedPolicy> {
    sign_in.applied_conditional_access_policies.iter().filter(|applied| applied.result.as_deref() == Some("failure"))
}

fn keeps_in_force(policy: &Policy, records: &UserRecords) -> bool {
    policy.is_enforced() && !policy.excludes(records.id().as_str())
}

/// Why what blocked a sign-in is gone; `None` where it still holds, or nobody can tell.
pub fn ended(records: &UserRecords, tenant: &TenantFacts, cause: BlockedBy, sign_in: &SignIn, now: Timestamp) -> Option<BlockEnded> {
    let closed = matches!(sign_in.risk_state, Some(RiskState::Dismissed | RiskState::Remediated | RiskState::ConfirmedSafe));
    let by_itself = match cause {
        BlockedBy::UserRisk => (records.user.at_risk() == Some(false)).then_some(BlockEnded::RiskClosed),
        BlockedBy::SignInRisk => closed.then_some(BlockEnded::RiskClosed),
        BlockedBy::AccountDisabled => (records.directory.account_enabled == Some(true)).then_some(BlockEnded::AccountEnabled),
        BlockedBy::BuiltInProtection | BlockedBy::Error50053 => {
            // What was trusted all along did not help: only trust that is younger than the block is a reason to try again.
            let address = sign_in.ip_address.as_deref().and_then(policy::range);
            let trusted_at = address.and_then(|address| tenant.trusted_since(&address));
            let younger = trusted_at.zip(sign_in.created_date_time).is_some_and(|(trusted, blocked)| trusted > blocked);
            younger.then_some(BlockEnded::AddressTrusted)
        }
        BlockedBy::SmartLockout => {
            let since = |at: Timestamp| sign_in.created_date_time.is_some_and(|locked| at > locked);
            let changed = records.directory.last_password_change_date_time.is_some_and(since);
            let over = sign_in.created_date_time.is_some_and(|locked| locked.age(now) > LOCKOUT);
            changed.then_some(BlockEnded::PasswordChanged).or(over.then_some(BlockEnded::LockoutOver))
        }
        BlockedBy::ConditionalAccess => None,
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

/// The sign-ins that keep the user out now: blocked, with no successful one after them, for a cause that still holds.
pub fn blocked_sign_ins<'a>(records: &'a UserRecords, tenant: &TenantFacts, now: Timestamp) -> Vec<(BlockedBy, &'a SignIn)> {
    let holds = |(cause, sign_in): &(BlockedBy, &SignIn)| ended(records, tenant, *cause, sign_in, now).is_none();
    stopped_sign_ins(records, tenant).into_iter().filter(holds).collect()
}

/// Why what blocked the user is gone, each reason once.
pub fn endings(records: &UserRecords, tenant: &TenantFacts, now: Timestamp) -> Vec<BlockEnded> {
    let mut endings = Vec::new();
    for (cause, sign_in) in stopped_sign_ins(records, tenant) {
        endings.extend(ended(records, tenant, cause, sign_in, now).filter(|ending| !endings.contains(ending)));
    }
    endings
}

/// Whether the user is blocked now: a blocked sign-in with no successful one after it, or a disabled account.
///
/// A block ends with the risk that it was for, with the policy, with the account being enabled, and with the address being trusted; a
/// smart lockout with a new password, or by itself. Whether the user gets in then is not known before the next sign-in.
pub fn blocked(records: &UserRecords, tenant: &TenantFacts, now: Timestamp) -> Blocked {
    let stopped = stopped_sign_ins(records, tenant);
    let holds = |(cause, sign_in): &&(BlockedBy, &SignIn)| ended(records, tenant, *cause, sign_in, now).is_none();
    let mut by: Vec<BlockedBy> = stopped.iter().filter(holds).map(|(cause, _)| *cause).collect();
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
    use crate::domain::transition::{Cause, Event, apply};

    fn blocked_by_policy() -> UserRecords {
        let mut records = fixture::risky_user("u1", "passwordSpray");
        let sign_in = &mut records.sign_ins[0];
        sign_in.status = Some(SignInStatus { error_code: Some(53003), ..SignInStatus::default() });
        sign_in.risk_level_during_sign_in = Some(RiskLevel::None);
        records
    }

    #[test]
    fn a_block_for_user_risk_ends_with_the_risk() {
        let mut records = blocked_by_policy();
        assert_eq!(
            blocked(&records, &TenantFacts::default(), fixture::now()),
            Blocked { value: Some(true), by: vec![BlockedBy::UserRisk], ended: false }
        );
        apply(Event::DismissUserRisk, &mut records, &[], &Cause { at: fixture::now(), initiated_by: None });
        assert_eq!(blocked(&records, &TenantFacts::default(), fixture::now()), Blocked { value: None, by: vec![], ended: true });
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
        assert_eq!(blocked(&records, &TenantFacts::default(), fixture::now()).by, [BlockedBy::SignInRisk]);
        apply(Event::DismissUserRisk, &mut records, &[], &Cause { at: fixture::now(), initiated_by: None });
        assert_eq!(blocked(&records, &TenantFacts::default(), fixture::now()), Blocked { value: None, by: vec![], ended: true });
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
            let blocked = blocked(&records, &tenant, fixture::now());
            assert_eq!((blocked.value == Some(true), blocked.ended), (holds, !holds), "{tenant:?}");
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
            assert_eq!(blocked(&records, &nothing, fixture::now()).value, holds.then_some(true), "{enabled:?}");
            assert_eq!(endings(&records, &nothing, fixture::now()), if holds { vec![] } else { vec![BlockEnded::AccountEnabled] });
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
            assert_eq!(blocked(&records, &tenant, fixture::now()).by, [BlockedBy::BuiltInProtection], "it was trusted all along");
        }
        assert_eq!(blocked(&records, &trusted(false, "203.0.113.0/24"), fixture::now()).by, [BlockedBy::BuiltInProtection]);
        assert_eq!(blocked(&records, &trusted(true, "192.0.2.0/24"), fixture::now()).by, [BlockedBy::BuiltInProtection]);
        assert_eq!(endings(&records, &trusted(true, "203.0.113.0/24"), fixture::now()), [BlockEnded::AddressTrusted]);
        assert_eq!(blocked(&records, &trusted(true, "203.0.113.0/24"), fixture::now()), Blocked { value: None, by: vec![], ended: true });
    }

    #[test]
    fn the_meanings_of_50053_are_told_apart_and_one_without_a_reason_is_either() {
        let mut records = blocked_by_policy();
        for (reason, cause) in [
            ("Sign-in was blocked by built-in protections due to high confidence of risk.", BlockedBy::BuiltInProtection),
            ("Sign-in was blocked because it came from an IP address with malicious activity.", BlockedBy::BuiltInProtection),
            ("The account is locked, the user tried to sign in too many times with an incorrect password.", BlockedBy::SmartLockout),
            ("", BlockedBy::Error50053),
            ("Sign-in was blocked outright for a reason that this program never heard of.", BlockedBy::Error50053),
        ] {
            let status = SignInStatus { error_code: Some(50053), failure_reason: Some(reason.into()), additional_details: None };
            records.sign_ins[0].status = Some(status);
            assert_eq!(blocked(&records, &TenantFacts::default(), fixture::now()).by, [cause]);
        }
    }

    #[test]
    fn a_smart_lockout_ends_with_a_new_password_or_by_itself() {
        let mut records = blocked_by_policy();
        let reason = Some("The account is locked.".into());
        records.sign_ins[0].status = Some(SignInStatus { error_code: Some(50053), failure_reason: reason, additional_details: None });
        let locked = records.sign_ins[0].created_date_time.unwrap();
        let after = |hours| Timestamp(locked.0 + TimeDelta::hours(hours));
        let tenant = TenantFacts::default();
        records.directory.last_password_change_date_time = Some(after(-1));
        assert_eq!(blocked(&records, &tenant, after(1)).by, [BlockedBy::SmartLockout]);
        assert_eq!(blocked(&records, &tenant, after(6)), Blocked { value: None, by: vec![], ended: true });
        assert_eq!(endings(&records, &tenant, after(6)), [BlockEnded::LockoutOver]);
        records.directory.last_password_change_date_time = Some(after(1));
        assert_eq!(endings(&records, &tenant, after(2)), [BlockEnded::PasswordChanged]);
    }

    #[test]
    fn a_risk_that_was_not_read_is_not_taken_for_closed() {
        let mut records = blocked_by_policy();
        records.user.risk_state = None;
        let failed = AppliedPolicy { id: Some("p".into()), result: Some("failure".into()), ..AppliedPolicy::default() };
        records.sign_ins[0].applied_conditional_access_policies = vec![failed];
        let object = serde_json::json!({"id": "p", "state": "enabled", "conditions": {"userRiskLevels": ["high"], "users": {"includeUsers": ["All"]}}});
        let tenant = TenantFacts { policies: Policy::read(object.as_object().unwrap()).map(|policy| vec![policy]), locations: None };
        assert_eq!(blocked(&records, &tenant, fixture::now()).by, [BlockedBy::UserRisk]);
    }

    #[test]
    fn what_a_device_or_app_lacks_blocks_as_conditional_access_does() {
        let mut records = blocked_by_policy();
        records.user.risk_state = Some(RiskState::None);
        for code in [50131, 53000, 53001, 53002, 53009] {
            records.sign_ins[0].status = Some(SignInStatus { error_code: Some(code), ..SignInStatus::default() });
            assert_eq!(blocked(&records, &TenantFacts::default(), fixture::now()).by, [BlockedBy::ConditionalAccess], "{code}");
        }
    }

    #[test]
    fn only_an_address_that_still_keeps_the_user_out_is_worth_trusting() {
        let mut records = blocked_by_policy();
        let reason = Some("built-in protection".into());
        records.sign_ins[0].status = Some(SignInStatus { error_code: Some(50053), failure_reason: reason, additional_details: None });
        let mut earlier = records.sign_ins[0].clone();
        earlier.ip_address = Some("198.51.100.9".into());
        earlier.created_date_time = earlier.created_date_time.map(|at| Timestamp(at.0 - TimeDelta::days(3)));
        let mut success = earlier.clone();
        success.status = Some(SignInStatus { error_code: Some(0), ..SignInStatus::default() });
        success.created_date_time = success.created_date_time.map(|at| Timestamp(at.0 + TimeDelta::days(1)));
        records.sign_ins.extend([earlier, success]);
        let address = records.sign_ins[0].ip_address.clone().unwrap();
        assert_eq!(addresses_to_trust(&records, &TenantFacts::default(), fixture::now()), [address.as_str()]);
        records.sign_ins[0].status = Some(SignInStatus { error_code: Some(50053), ..SignInStatus::default() });
        assert!(addresses_to_trust(&records, &TenantFacts::default(), fixture::now()).is_empty(), "it may be an attacker's");
    }
}

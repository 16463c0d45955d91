//! What lets a blocked user in: policies, places, protocols.

use super::judgement::Judgement;
use super::words::listed;
use super::{Facts, Start};
use crate::domain::action::Action;
use crate::domain::blocking::{self, Blocking};
use crate::domain::facts::{self, BlockedBy};
use crate::domain::records::{RiskDetection, SignIn};
use crate::domain::scales::Scales;
use crate::domain::tenant_text::TenantText;
use crate::domain::{catalogue, policy};

/// Exclude the user from the policy that blocks.
pub(super) fn exclude(facts: &Facts<'_>) -> Judgement {
    let token_theft = facts::token_theft(facts.records) == Some(true);
    let scales = Scales::new()
        .needs_account(facts.records)
        .note(token_theft, "token theft: the policy is what keeps the attacker out")
        .note(facts.records.directory.is_admin == Some(true), "an administrator most needs the policy");
    about_policy(scales, facts, Action::ExcludeFromPolicy, |name| {
        let risk = if facts.records.user.at_risk() == Some(false) { "" } else { "; the risk stays open" };
        format!("{name} does not apply to this user any more{risk}. Take the user back in when the cause is gone: the journal undoes it.")
    })
}

/// Disable the policy that blocks.
pub(super) fn disable(facts: &Facts<'_>) -> Judgement {
    let scales = Scales::new().needs_account(facts.records).note(true, "it concerns everybody: only where the policy itself is wrong");
    about_policy(scales, facts, Action::DisablePolicy, |name| format!("{name} protects nobody any more. The journal undoes it."))
}

fn about_policy(scales: Scales, facts: &Facts<'_>, action: Action, effect: impl Fn(&str) -> String) -> Judgement {
    let found = blocking::blocking(&facts.known());
    let candidates: Vec<&Blocking> = found.iter().flatten().filter(|of| of.blocks != Some(false)).collect();
    let first = candidates.iter().find(|of| of.blocks == Some(true)).or(candidates.first());
    let told = |of: &Blocking| format!("policy {:?}: {}", of.name, of.why);
    let mut scales = match (&found, first) {
        (None, _) => scales.unknown(true, "policies were not read"),
        (Some(found), None) => match found.first() {
            None => scales.against(true, "no enforced policy keeps the user out"),
            Some(of) => scales.against(true, format!("no enforced policy keeps the user out: {}", told(of))),
        },
        (Some(_), Some(first)) => scales.unknown(first.blocks.is_none(), told(first)).note(first.blocks == Some(true), told(first)),
    };
    let others = candidates.iter().filter(|of| first.is_none_or(|first| of.name != first.name || of.id != first.id));
    for other in others {
        scales = scales.note(true, format!("also {}", told(other)));
    }
    let name = first.map_or_else(|| "The policy".to_owned(), |of| format!("{:?}", of.name));
    let start = Start { action, policy: first.and_then(|of| of.id.clone()), addresses: Vec::new() };
    Judgement { start: Some(start), ..scales.needs_permission(facts, action).judged(effect(&name)) }
}

/// Sign in from a familiar location or device.
pub(super) fn from_familiar(facts: &Facts<'_>) -> Judgement {
    let records = facts.records;
    let blocked: Vec<&SignIn> = facts::blocked_sign_ins(facts.records, facts.tenant, facts.now)
        .into_iter()
        .filter(|(cause, _)| *cause == BlockedBy::SignInRisk)
        .map(|(_, of)| of)
        .collect();
    let linked = |of: &&RiskDetection| blocked.iter().any(|sign_in| of.request_id.as_ref() == Some(&sign_in.id));
    let of_detections = records.detections.iter().filter(linked).filter_map(|of| of.risk_event_type.as_deref());
    let mut kinds: Vec<&str> = blocked.iter().flat_map(|of| &of.risk_event_types).map(TenantText::as_str).chain(of_detections).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let theft = kinds.iter().any(|kind| catalogue::is_token_theft(kind));
    let names: Vec<&str> = kinds.iter().map(|kind| catalogue::name(kind)).collect();
    let known = familiar_places(facts);
    Scales::new()
        .needs_sign_in(facts.records)
        .needs(any_blocked(facts, &blocked), "no sign-in of this user is blocked for sign-in risk now", UNREAD)
        .note(!names.is_empty(), format!("the blocked sign-in was risky for: {}", listed(&names)))
        .note(theft, "token theft: a familiar place does not tell the user from the thief")
        .note(!known.is_empty(), format!("the user signed in without risk from {}", listed(&known)))
        .judged("The user signs in from a known network or device: if that works, what was unfamiliar was the reason. Risk stays as it is.")
}

/// Where the user signed in without risk, the newest first. Hostile text.
fn familiar_places(facts: &Facts<'_>) -> Vec<String> {
    let mut places = Vec::new();
    for sign_in in facts.records.sign_ins.iter().filter(|sign_in| is_familiar(sign_in)) {
        let place = sign_in
            .location
            .as_ref()
            .and_then(|at| at.short())
            .into_iter()
            .chain(sign_in.ip_address.as_ref().map(String::from))
            .collect::<Vec<_>>();
        let place = place.join(", ");
        if !place.is_empty() && !places.contains(&place) {
            places.push(place);
        }
    }
    places.truncate(3);
    places
}

/// Whether a sign-in went well and nothing was wrong with it.
pub(super) fn is_familiar(sign_in: &SignIn) -> bool {
    let succeeded = sign_in.status.as_ref().and_then(|status| status.error_code) == Some(0);
    succeeded && !sign_in.is_risky() && sign_in.risk_event_types.is_empty()
}

const UNREAD: &str = "no sign-in was read";

/// Whether there are blocked sign-ins; `None` where no sign-in was read at all.
fn any_blocked(facts: &Facts<'_>, blocked: &[&SignIn]) -> Option<bool> {
    (!facts.records.sign_ins.is_empty()).then_some(!blocked.is_empty())
}

/// The sign-ins that built-in protection keeps out now, or may.
fn built_in<'a>(facts: &Facts<'a>) -> Vec<(BlockedBy, &'a SignIn)> {
    let stopped = facts::stopped_by_protection(facts.records, facts.tenant, facts.now);
    let holds = |(cause, sign_in): &(BlockedBy, &SignIn)| facts::ended(facts.records, facts.tenant, *cause, sign_in, facts.now).is_none();
    stopped.into_iter().filter(holds).collect()
}

/// Weighs that error 50053 may be smart lockout as well.
fn as_protection(scales: Scales, blocked: &[(BlockedBy, &SignIn)]) -> Scales {
    let unsure = !blocked.is_empty() && blocked.iter().all(|(cause, _)| *cause == BlockedBy::Error50053);
    scales.unknown(unsure, "the reason of error 50053 does not tell built-in protection from smart lockout")
}

/// Add the addresses to the trusted locations.
pub(super) fn trust_ip(facts: &Facts<'_>) -> Judgement {
    // Those that a trusted address let in by now, too: what was asked for is done.
    let stopped = facts::stopped_by_protection(facts.records, facts.tenant, facts.now);
    let blocked: Vec<&SignIn> = stopped.iter().map(|(_, sign_in)| *sign_in).collect();
    let mut addresses: Vec<&str> = Vec::new();
    let (mut risky, mut trusted) = (Vec::new(), Vec::new());
    for address in blocked.iter().filter_map(|of| of.ip_address.as_deref()) {
        let Some(range) = policy::range(address) else { continue };
        if addresses.contains(&address) || trusted.contains(&address) {
            continue;
        }
        if facts.tenant.trusted_by(&range).is_some() {
            trusted.push(address);
            continue;
        }
        addresses.push(address);
        if facts::was_risky_at(facts.records, &range) {
            risky.push(address);
        }
    }
    let none = blocked.is_empty();
    let judgement = as_protection(Scales::new(), &stopped)
        .needs(any_blocked(facts, &blocked), "no sign-in of this user is blocked by built-in protection now", UNREAD)
        .against(!none && addresses.is_empty() && !trusted.is_empty(), format!("trusted already: {}", listed(&trusted)))
        .unknown(!none && addresses.is_empty() && trusted.is_empty(), "the address of the blocked sign-in is not known")
        .note(!addresses.is_empty(), format!("blocked from {}", listed(&addresses)))
        .note(
            !risky.is_empty(),
            format!("detections other than unfamiliar properties were made at {}: look for an attacker first", listed(&risky)),
        )
        .note(true, "only for addresses that belong to the company")
        .starting(
            facts,
            Action::TrustIp,
            "Sign-ins from there count as less risky, for everybody: built-in protection does not block them any more. The journal undoes it.",
        );
    let addresses = addresses.into_iter().map(str::to_owned).collect();
    Judgement { start: Some(Start { action: Action::TrustIp, policy: None, addresses }), ..judgement }
}

/// Use a modern authentication protocol.
pub(super) fn modern_authentication(facts: &Facts<'_>) -> Judgement {
    let stopped = built_in(facts);
    let blocked: Vec<&SignIn> = stopped.iter().map(|(_, sign_in)| *sign_in).collect();
    let mut used: Vec<&str> = blocked.iter().filter_map(|of| facts::legacy_protocol(of)).collect();
    used.sort_unstable();
    used.dedup();
    let unknown = blocked.iter().any(|of| of.client_app_used.is_none());
    as_protection(Scales::new(), &stopped)
        .needs(any_blocked(facts, &blocked), "no sign-in of this user is blocked by built-in protection now", UNREAD)
        .against(!blocked.is_empty() && used.is_empty() && !unknown, "the blocked sign-ins used no legacy protocol")
        .unknown(used.is_empty() && unknown, "the protocol of the blocked sign-in is not known")
        .note(!used.is_empty(), format!("the blocked sign-in used {}", listed(&used)))
        .judged("The user signs in with a client that does modern authentication: what is blocked for its legacy protocol gets in.")
}

/// Smart lockout ends by itself. Only for users who are locked out, or may be.
pub(super) fn wait(facts: &Facts<'_>) -> Option<Judgement> {
    let by = facts::blocked(facts.records, facts.tenant, facts.now).by;
    let (locked, unsure) = (by.contains(&BlockedBy::SmartLockout), by.contains(&BlockedBy::Error50053));
    (locked || unsure).then(|| {
        Scales::new()
            .needs_sign_in(facts.records)
            .unknown(!locked, "the reason of error 50053 does not tell smart lockout from built-in protection")
            .note(true, "after wrong passwords: each further wrong one, also an attacker's, begins the lockout again")
            .judged("The lockout ends by itself, after a minute by default, and longer after each further wrong password.")
    })
}

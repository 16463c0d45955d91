//! Why a user is at risk or blocked, or what is to be followed up: a sentence each.

use super::Facts;
use super::situation::{PendingChange, pending_change};
use super::words::{ago, level, listed};
use crate::domain::blocking::{self, Blocking};
use crate::domain::facts::{self, BlockedBy, Evidence, NotSafe};
use crate::domain::records::{RiskDetection, SignIn};
use crate::domain::risk::{RiskDetail, RiskLevel, RiskState};
use crate::domain::self_remediation::asks_for_change;
use crate::domain::{catalogue, policy};

/// The sentences, what matters most first. Holds hostile text.
pub(super) fn why(facts: &Facts<'_>) -> Vec<String> {
    let records = facts.records;
    let mut why = vec![risk(facts)];
    why.extend(token_theft(facts));
    let blocked = facts::blocked(records, facts.tenant, facts.now);
    for cause in &blocked.by {
        why.push(block(facts, *cause));
    }
    if blocked.ended && blocked.by.is_empty() {
        let because: Vec<&str> = facts::endings(records, facts.tenant, facts.now).into_iter().map(facts::BlockEnded::words).collect();
        let because = listed(&because);
        why.push(format!(
            "What blocked the user is gone, as far as is known ({because}): the next sign-in tells whether the user gets in."
        ));
    }
    why.extend(warnings(facts));
    why.extend(pending(facts));
    if facts::deleted(records) == Some(true) {
        why.push(
            if records.user.at_risk() == Some(false) {
                "The account is deleted and still in the risk report, with no open risk: only a support case removes it."
            } else {
                "The account is deleted and still in the risk report: its risk cannot be dismissed, and only a support case removes it."
            }
            .to_owned(),
        );
    }
    match facts::evidence(records, facts.now) {
        Evidence::Expired => {
            why.push("The evidence has expired: the service keeps detections for 90 days, and the risk is older.".to_owned())
        }
        Evidence::Expiring => {
            let piece = facts::evidence_expires(records, facts.now).map_or("piece", |expiry| expiry.piece.words());
            why.push(format!("A {piece} behind the risk expires within a week: look at it now."));
        }
        Evidence::Fresh | Evidence::None => {}
    }
    if records.user.is_processing == Some(true) {
        why.push("Entra is still applying a change: what is shown may be out of date.".to_owned());
    }
    why
}

fn risk(facts: &Facts<'_>) -> String {
    let user = &facts.records.user;
    let Some(held) = &user.risk_state else { return "The risk state was not read.".to_owned() };
    let since = user.risk_last_updated_date_time.map(|at| format!(" {}", ago(at, facts.now))).unwrap_or_default();
    if !held.is_open() {
        if *held == RiskState::None {
            return "There is no risk.".to_owned();
        }
        let reason = user.risk_detail.as_ref().map(RiskDetail::words).filter(|reason| *reason != "-");
        let reason = reason.map(|reason| format!(" ({reason})")).unwrap_or_default();
        return format!("No risk is open: {}{since}{reason}.", held.words());
    }
    let groups = groups(facts);
    let confirmed = match (held, facts::confirmed_compromised(facts.records)) {
        (RiskState::ConfirmedCompromised, _) => "confirmed compromised by an administrator; ",
        (_, true) => "a sign-in was confirmed compromised by an administrator; ",
        _ => "",
    };
    let of_level = format!("At {} risk: {confirmed}", level(user.risk_level.as_ref()));
    if groups.is_empty() {
        format!("{of_level}no open detection can be seen, so what made the user risky is not known.")
    } else {
        format!("{of_level}{}.", groups.join("; "))
    }
}

/// The open detections by type, the one with the newest detection first: "2 x Password spray (high and medium, newest 1 h ago)".
fn groups(facts: &Facts<'_>) -> Vec<String> {
    let mut open: Vec<&RiskDetection> = facts.records.detections.iter().filter(|of| of.is_open()).collect();
    open.sort_by_key(|of| std::cmp::Reverse(of.at()));
    let name = |of: &RiskDetection| of.risk_event_type.as_deref().map_or("a detection of unknown type", catalogue::name).to_owned();
    let mut names: Vec<String> = Vec::new();
    for of in &open {
        if !names.contains(&name(of)) {
            names.push(name(of));
        }
    }
    let told = |group: &String| {
        let members: Vec<&&RiskDetection> = open.iter().filter(|of| name(of) == *group).collect();
        let mut levels: Vec<&RiskLevel> = members.iter().filter_map(|of| of.risk_level.as_ref()).collect();
        levels.sort_by_key(|level| std::cmp::Reverse(level.weight()));
        levels.dedup();
        let levels =
            if levels.is_empty() { "level unknown".to_owned() } else { listed(&levels.iter().map(|of| of.as_str()).collect::<Vec<_>>()) };
        let newest = members.iter().filter_map(|of| of.at()).max();
        let newest = newest.map_or("time unknown".to_owned(), |at| ago(at, facts.now));
        match members.len() {
            1 => format!("{group} ({levels}, {newest})"),
            count => format!("{count} x {group} ({levels}, newest {newest})"),
        }
    };
    names.iter().map(told).collect()
}

fn token_theft(facts: &Facts<'_>) -> Option<String> {
    let at_risk = facts.records.user.at_risk() == Some(true);
    match facts::token_theft(facts.records) {
        Some(true) => {
            let policies: Vec<String> = blocking::on_user_risk(&facts.known())
                .iter()
                .flatten()
                .filter(|of| of.names_user == Some(true) && asks_for_change(of.policy))
                .map(|of| format!("{:?}", of.policy.display_name))
                .collect();
            let demands = match policies.as_slice() {
                [] => "Reset the password and revoke the sessions.".to_owned(),
                names => format!(
                    "Policy {} demands a secure password change and multifactor authentication anew. Revoke the sessions as well.",
                    listed(names)
                ),
            };
            Some(format!(
                "Token theft or a nation-state address: Entra does not remediate it by itself, and multifactor authentication is not \
                 enough. {demands}"
            ))
        }
        None if at_risk && facts::evidence(facts.records, facts.now) != Evidence::Expired => {
            Some("Token theft cannot be ruled out: what can be seen does not tell.".to_owned())
        }
        _ => None,
    }
}

fn block(facts: &Facts<'_>, cause: BlockedBy) -> String {
    let sign_ins: Vec<&SignIn> = facts::blocked_sign_ins(facts.records, facts.tenant, facts.now)
        .into_iter()
        .filter(|(of, _)| *of == cause)
        .map(|(_, sign_in)| sign_in)
        .collect();
    let newest = sign_ins.iter().filter_map(|of| of.created_date_time).max();
    let when = newest.map(|at| format!(", {}", ago(at, facts.now))).unwrap_or_default();
    match cause {
        BlockedBy::AccountDisabled => match facts.records.directory.account_enabled {
            Some(false) => "Blocked: the account is disabled.".to_owned(),
            _ => format!("Blocked: a sign-in failed because the account was disabled{when}."),
        },
        BlockedBy::UserRisk => format!("Blocked for user risk{when}: {}.", by_policies(facts, cause)),
        BlockedBy::SignInRisk => {
            let level = sign_ins.first().and_then(|of| of.risk_level_during_sign_in.as_ref()).map_or("unknown", RiskLevel::as_str);
            format!("Blocked for sign-in risk ({level}{when}): {}.", by_policies(facts, cause))
        }
        BlockedBy::BuiltInProtection => {
            let from = place(&sign_ins);
            let used: Vec<&str> = sign_ins.iter().filter_map(|of| facts::legacy_protocol(of)).take(1).collect();
            let used = used.first().map(|used| format!(" with {used}, a legacy protocol")).unwrap_or_default();
            let because = match sign_ins.iter().any(|of| facts::is_malicious_address(of)) {
                true => "an address with malicious activity: an attacker's, or one that the company shares with others",
                false => "high confidence of risk",
            };
            format!("Blocked by built-in protection (50053{when}){from}{used}: {because}. This is no smart lockout.")
        }
        BlockedBy::SmartLockout => {
            format!(
                "Blocked by smart lockout (50053{when}) after wrong passwords{}: it lasts a minute by default, and may be over. This is not \
                 built-in protection.",
                place(&sign_ins)
            )
        }
        BlockedBy::Error50053 => format!(
            "Blocked with error 50053{when}{}, without a reason: by smart lockout after wrong passwords, or by built-in protection.",
            place(&sign_ins)
        ),
        BlockedBy::ConditionalAccess => {
            format!("Blocked by Conditional Access, not for risk{when}: {}.", by_policies(facts, cause))
        }
    }
}

/// Where nothing blocks the user now: what built-in protection refuses although the user gets in otherwise, and what will block the next
/// sign-in, because a user who cannot perform what a policy asks for is blocked (source document, "Risk-based policy").
pub(super) fn warnings(facts: &Facts<'_>) -> Vec<String> {
    if !gets_in(facts) {
        return Vec::new();
    }
    let told = |of: &Blocking| format!("The next sign-in will be blocked: policy {:?}: {}.", of.name, of.why);
    refused(facts).into_iter().chain(will_block(facts).iter().map(told)).collect()
}

/// What the ways out are of: what blocks the user; where nothing does now, what [`warnings`] tell of.
pub(super) fn causes(facts: &Facts<'_>) -> Vec<BlockedBy> {
    if !gets_in(facts) {
        return facts::blocked(facts.records, facts.tenant, facts.now).by;
    }
    let refused = refused(facts).map(|_| BlockedBy::BuiltInProtection);
    refused.into_iter().chain((!will_block(facts).is_empty()).then_some(BlockedBy::UserRisk)).collect()
}

fn gets_in(facts: &Facts<'_>) -> bool {
    facts::blocked(facts.records, facts.tenant, facts.now).by.is_empty() && facts::deleted(facts.records) != Some(true)
}

fn will_block(facts: &Facts<'_>) -> Vec<Blocking> {
    let will_block = |of: &Blocking| of.about == BlockedBy::UserRisk && of.blocks == Some(true);
    blocking::blocking(&facts.known()).into_iter().flatten().filter(will_block).collect()
}

fn refused(facts: &Facts<'_>) -> Option<String> {
    let refused = facts::refused_attempts(facts.records, facts.tenant, facts.now);
    let newest = refused.iter().max_by_key(|of| of.created_date_time)?;
    let when = newest.created_date_time.map(|at| format!(", {}", ago(at, facts.now))).unwrap_or_default();
    let used = newest.client_app_used.as_deref().map(|used| format!(" with {used}")).unwrap_or_default();
    Some(format!("Built-in protection refused sign-ins{used}{} (50053{when}), and still may: the user gets in otherwise.", place(&refused)))
}

fn place(sign_ins: &[&SignIn]) -> String {
    let mut addresses: Vec<&str> = sign_ins.iter().filter_map(|of| of.ip_address.as_deref()).collect();
    addresses.sort_unstable();
    addresses.dedup();
    // What is no address says nothing about where it came from.
    addresses.retain(|address| policy::range(address).is_some());
    if addresses.is_empty() { String::new() } else { format!(" from {}", listed(&addresses)) }
}

fn by_policies(facts: &Facts<'_>, cause: BlockedBy) -> String {
    let Some(found) = blocking::blocking(&facts.known()) else {
        return "which policy did it is not known, policies were not read".to_owned();
    };
    let told = |of: &Blocking| format!("policy {:?}: {}", of.name, of.why);
    let told: Vec<String> = found.iter().filter(|of| of.about == cause).map(told).collect();
    if told.is_empty() { "which policy did it is not known".to_owned() } else { told.join("; ") }
}

fn pending(facts: &Facts<'_>) -> Option<String> {
    let PendingChange { since, sure } = pending_change(facts)?;
    let since = since.map(|at| format!(" {}", ago(at, facts.now))).unwrap_or_default();
    Some(match (sure, facts.records.user.at_risk()) {
        (true, Some(true)) => {
            format!("A password change was required{since}, not done yet: the user stays at risk until the secure password change.")
        }
        (true, _) => format!("A password change was required{since}, not done yet."),
        (false, _) => format!("A password change was required{since}; whether it was done was not read."),
    })
}

/// Whether the user is safe, in a sentence; `None` where no risk was dismissed or remediated.
pub(super) fn safety(facts: &Facts<'_>) -> Option<String> {
    let records = facts.records;
    if records.user.at_risk() == Some(true) {
        return Some("Not safe: the risk is open.".to_owned());
    }
    if !matches!(records.user.risk_state, Some(RiskState::Dismissed | RiskState::Remediated)) {
        return None;
    }
    let not_safe = facts::not_safe(records);
    if not_safe.is_empty() {
        let unread = facts::safety_unread(records);
        return Some(match unread.as_slice() {
            [] => {
                "Safe, by what was read: password and sessions are newer than the newest detection, and no authentication method was added."
                    .to_owned()
            }
            unread => format!("Whether the user is safe is not known: not read were {}.", listed(unread)),
        });
    }
    let because: Vec<&str> = not_safe.iter().map(|why| why.words()).collect();
    let mut sentence = format!("Not safe although the risk is closed: {}.", listed(&because));
    if not_safe.contains(&NotSafe::MethodAddedSince) {
        sentence.push_str(&format!(
            " Added: {}. Ask whether it is the user's own; where not, remove it in the Entra admin center under the user's authentication \
             methods.",
            listed(&facts::methods_added_since(records).unwrap_or_default())
        ));
    }
    Some(sentence)
}

//! What Conditional Access policies make of a user: which apply to the risk there is, and which keep the user out.
//!
//! One answer for the adviser, the plan and the choice of a policy.

use super::facts::{self, BlockedBy};
use super::policy::{Policy, TenantFacts};
use super::records::{SignIn, UserRecords};
use super::risk::RiskLevel;
use super::scales::Availability;
use super::self_remediation::{self as rules, asks_for_change};
use super::settings::TenantSettings;
use super::time::Timestamp;

/// What it is told by.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// The user.
    pub records: &'a UserRecords,
    /// The tenant as a whole.
    pub tenant: &'a TenantFacts,
    /// What was stated of the tenant.
    pub settings: &'a TenantSettings,
    /// The present.
    pub now: Timestamp,
}

/// A policy that applies to a user's risk, as far as that can be told without groups and roles.
#[derive(Debug, Clone, Copy)]
pub struct Applying<'a> {
    /// The policy, which is enforced.
    pub policy: &'a Policy,
    /// Whether it names the user; `None` where groups or roles decide, or where it looks at both kinds of risk.
    pub names_user: Option<bool>,
}

/// A policy that keeps a user out.
#[derive(Debug, Clone)]
pub struct Blocking {
    /// Its id, where the sign-in or the policy tells.
    pub id: Option<String>,
    /// Its name. Hostile text.
    pub name: String,
    /// Whether it does; `None` where that is not known.
    pub blocks: Option<bool>,
    /// How. Holds hostile text.
    pub why: String,
    /// What it is about, as a cause of a block.
    pub about: BlockedBy,
}

/// The enforced policies on user risk of the user's level; `None` where policies or level were not read.
pub fn on_user_risk<'a>(known: &Known<'a>) -> Option<Vec<Applying<'a>>> {
    let of = known.records.user.risk_level.as_ref()?;
    applying(known, |policy| policy.is_about_user_risk(of), |policy| policy.sign_in_risk_levels.is_empty())
}

/// The enforced policies on sign-in risk of the levels that the user's risky sign-ins had; `None` where policies were not read.
pub fn on_sign_in_risk<'a>(known: &Known<'a>) -> Option<Vec<Applying<'a>>> {
    let levels: Vec<&RiskLevel> = risky(known).filter_map(|sign_in| sign_in.risk_level_during_sign_in.as_ref()).collect();
    let about = |policy: &Policy| levels.iter().any(|level| policy.is_about_sign_in_risk(level));
    applying(known, about, |policy| policy.user_risk_levels.is_empty())
}

fn applying<'a>(known: &Known<'a>, about: impl Fn(&Policy) -> bool, alone: impl Fn(&Policy) -> bool) -> Option<Vec<Applying<'a>>> {
    let all = known.tenant.policies.as_deref()?;
    let id = known.records.id().as_str();
    let of = |policy: &'a Policy| match policy.includes(id) {
        Some(false) => None,
        names_user => Some(Applying { policy, names_user: names_user.filter(|_| alone(policy)) }),
    };
    Some(all.iter().filter(|policy| policy.is_enforced() && about(policy)).filter_map(of).collect())
}

/// The user's sign-ins that are an open risk.
fn risky<'a>(known: &Known<'a>) -> impl Iterator<Item = &'a SignIn> {
    known.records.sign_ins.iter().filter(|sign_in| sign_in.at_risk() == Some(true))
}

/// The policies that keep the user out, or will at the next sign-in: those that matter for the first cause of the block first.
/// `None` where policies were not read and no sign-in names one.
pub fn blocking(known: &Known<'_>) -> Option<Vec<Blocking>> {
    let mut found = named(known);
    match on_user_risk(known) {
        Some(applying) if known.records.user.at_risk() != Some(false) => {
            let others = applying.iter().filter(|of| !found.iter().any(|held| is(held, of.policy))).map(|of| foreseen(known, *of));
            let others: Vec<Blocking> = others.collect();
            found.extend(others);
        }
        None if found.is_empty() && known.tenant.policies.is_none() => return None,
        _ => {}
    }
    let causes = facts::blocked(known.records, known.tenant, known.now).by;
    let rank = |of: &Blocking| causes.iter().position(|cause| *cause == of.about).unwrap_or(usize::MAX);
    found.sort_by_key(rank);
    Some(found)
}

/// The enforced policies that keep the user out, or will at the next sign-in.
pub fn policies_that_block<'a>(known: &Known<'a>) -> Vec<&'a Policy> {
    let found = blocking(known).unwrap_or_default();
    let blocks = found.iter().filter(|of| of.blocks == Some(true));
    blocks.filter_map(|of| known.tenant.policy(of.id.as_deref()?)).collect()
}

fn is(held: &Blocking, policy: &Policy) -> bool {
    held.id.as_deref().is_some_and(|id| id.eq_ignore_ascii_case(&policy.id))
}

/// The policies that blocked sign-ins name, with those that were lifted since.
fn named(known: &Known<'_>) -> Vec<Blocking> {
    let mut found: Vec<Blocking> = Vec::new();
    let of_risk = |(cause, sign_in): &(BlockedBy, &SignIn)| {
        facts::ended(known.records, known.tenant, *cause, sign_in, known.now) != Some(facts::BlockEnded::RiskClosed)
    };
    for (cause, sign_in) in facts::stopped_sign_ins(known.records, known.tenant).into_iter().filter(of_risk) {
        for applied in facts::failed_policies(sign_in) {
            let policy = applied.id.as_deref().and_then(|id| known.tenant.policy(id));
            let name = policy.map(|policy| policy.display_name.as_str()).or(applied.display_name.as_deref());
            let id = policy.map(|policy| policy.id.as_str()).or(applied.id.as_deref());
            let Some(name) = name.or(id) else { continue };
            if found.iter().any(|held| held.id.as_deref() == id && held.name == name) {
                continue;
            }
            let excludes = policy.is_some_and(|policy| policy.excludes(known.records.id().as_str()));
            let gone = policy.is_none() && known.tenant.policies.is_some();
            let (blocks, why) = match policy {
                Some(policy) if !policy.is_enforced() => (Some(false), "it blocked the user, and is not enforced any more".to_owned()),
                Some(_) if excludes => (Some(false), "it blocked the user, and leaves the user out by now".to_owned()),
                // Whoever can do all that it asks for was stopped, and is not kept out; a legacy client can do nothing of it.
                Some(policy) => {
                    let can = rules::step(policy, known.records, known.settings).and_then(|can| can.available());
                    let is_able = can == Some(true) && rules::asks_for_steps_alone(policy) && facts::legacy_protocol(sign_in).is_none();
                    ((!is_able).then_some(true), how(known, policy))
                }
                None if gone => (Some(false), "it blocked the user, and is gone by now".to_owned()),
                None => {
                    let outright = applied.enforced_grant_controls.iter().any(|control| control.eq_ignore_ascii_case("block"));
                    let how = if outright { " outright" } else { "" };
                    (None, format!("it blocked the user{how}; policies were not read, so whether it still does is not known"))
                }
            };
            found.push(Blocking { id: id.map(str::to_owned), name: name.to_owned(), blocks, why, about: cause });
        }
    }
    found
}

/// What a policy on user risk that applies will do at the next sign-in.
fn foreseen(known: &Known<'_>, of: Applying<'_>) -> Blocking {
    let policy = of.policy;
    let (stops, why) = if policy.asks_for(rules::BLOCK) {
        (Some(true), format!("it blocks at {} user risk", known.records.user.risk_level.as_ref().map_or("unknown", RiskLevel::as_str)))
    } else {
        (rules::step(policy, known.records, known.settings).and_then(|can| can.available()).map(|can| !can), how(known, policy))
    };
    // Whom groups and roles take in is not known: then it can be ruled out that it blocks, but not told that it does.
    let blocks = if of.names_user == Some(true) { stops } else { stops.filter(|stops| !stops) };
    let why =
        if of.names_user == Some(true) { why } else { format!("{why}, if it applies: groups, roles or other conditions decide that") };
    Blocking { id: Some(policy.id.clone()), name: policy.display_name.clone(), blocks, why, about: BlockedBy::UserRisk }
}

/// How a policy that blocks a user does it: outright, or by a step that the user cannot perform.
fn how(known: &Known<'_>, policy: &Policy) -> String {
    let Some(can) = rules::step(policy, known.records, known.settings).filter(|_| !policy.asks_for(rules::BLOCK)) else {
        return if policy.asks_for(rules::BLOCK) {
            "it blocks outright".to_owned()
        } else if policy.grant_controls.is_empty() {
            "what it asks for was not met".to_owned()
        } else {
            format!("it asks for {}, which was not met", policy.grant_controls.join(", "))
        };
    };
    let step = if asks_for_change(policy) { "a secure password change" } else { "multifactor authentication" };
    let Availability { available, because } = can.weighed();
    match available {
        Some(true) => format!("it asks for {step}, which the user can perform"),
        Some(false) => format!("it asks for {step}, which the user cannot perform: {}", because.join("; ")),
        None => format!("it asks for {step}; whether the user can perform it is not known"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixture;
    use crate::domain::records::{AppliedPolicy, SignInStatus};

    fn policy_on_user_risk(controls: &[&str]) -> TenantFacts {
        let object = serde_json::json!({
            "id": "p", "displayName": "CA201", "state": "enabled",
            "conditions": {"userRiskLevels": ["low", "medium", "high"], "users": {"includeUsers": ["All"], "excludeUsers": []}},
            "grantControls": {"operator": "AND", "builtInControls": controls},
        });
        TenantFacts { policies: Policy::read(object.as_object().unwrap()).map(|policy| vec![policy]), locations: None }
    }

    fn blocking_ids(records: &UserRecords, tenant: &TenantFacts) -> Vec<String> {
        let settings = TenantSettings::default();
        let known = Known { records, tenant, settings: &settings, now: fixture::now() };
        policies_that_block(&known).iter().map(|policy| policy.id.clone()).collect()
    }

    #[test]
    fn a_policy_that_has_nothing_to_do_with_the_block_keeps_nobody_out() {
        let mut records = fixture::risky_user("u1", "passwordSpray");
        records.directory.is_mfa_registered = Some(true);
        records.directory.on_premises_sync_enabled = Some(false);
        let asks = policy_on_user_risk(&["mfa", "passwordChange"]);
        for reason in ["The account is locked.", "built-in protection", "malicious activity", ""] {
            let status = SignInStatus { error_code: Some(50053), failure_reason: Some(reason.into()), additional_details: None };
            records.sign_ins[0].status = Some(status);
            assert_eq!(facts::blocked(&records, &asks, fixture::now()).value, Some(true));
            assert!(blocking_ids(&records, &asks).is_empty(), "{reason}");
        }
        assert_eq!(blocking_ids(&records, &policy_on_user_risk(&["block"])), ["p"], "the next sign-in meets it, too");
    }

    #[test]
    fn a_policy_that_stopped_a_sign_in_keeps_out_whom_it_asks_for_too_much() {
        let mut records = fixture::risky_user("u1", "passwordSpray");
        records.directory.on_premises_sync_enabled = Some(false);
        records.sign_ins[0].status = Some(SignInStatus { error_code: Some(53004), ..SignInStatus::default() });
        let failed = AppliedPolicy { id: Some("P".into()), result: Some("failure".into()), ..AppliedPolicy::default() };
        records.sign_ins[0].applied_conditional_access_policies = vec![failed];
        for (registered, controls, keeps_out) in [
            (Some(false), &["mfa", "passwordChange"][..], true),
            (None, &["mfa", "passwordChange"], true),
            (Some(true), &["mfa", "passwordChange"], false),
            (Some(true), &["block"], true),
            (Some(true), &["mfa", "compliantDevice"], true),
        ] {
            records.directory.is_mfa_registered = registered;
            assert_eq!(!blocking_ids(&records, &policy_on_user_risk(controls)).is_empty(), keeps_out, "{registered:?} {controls:?}");
        }
    }

    #[test]
    fn a_policy_that_asks_a_legacy_client_for_more_than_a_password_keeps_it_out() {
        let mut records = fixture::risky_user("u1", "passwordSpray");
        records.sign_ins[0].status = Some(SignInStatus { error_code: Some(53003), ..SignInStatus::default() });
        let failed = AppliedPolicy { id: Some("p".into()), result: Some("failure".into()), ..AppliedPolicy::default() };
        records.sign_ins[0].applied_conditional_access_policies = vec![failed];
        records.directory.is_mfa_registered = Some(true);
        for (client, keeps_out) in [("Browser", false), ("IMAP4", true)] {
            records.sign_ins[0].client_app_used = Some(client.into());
            assert_eq!(!blocking_ids(&records, &policy_on_user_risk(&["mfa"])).is_empty(), keeps_out, "{client}");
        }
    }

    #[test]
    fn a_policy_that_asks_for_what_the_user_cannot_do_blocks_before_the_next_sign_in_does() {
        let mut records = fixture::risky_user("u1", "passwordSpray");
        records.sign_ins[0].status = Some(SignInStatus { error_code: Some(0), ..SignInStatus::default() });
        records.directory.is_mfa_registered = Some(false);
        let asks = policy_on_user_risk(&["mfa", "passwordChange"]);
        assert_eq!(blocking_ids(&records, &asks), ["p"]);
        records.directory.is_mfa_registered = None;
        assert!(blocking_ids(&records, &asks).is_empty(), "nobody knows");
        records.user.risk_state = Some(crate::domain::risk::RiskState::Dismissed);
        assert!(blocking_ids(&records, &policy_on_user_risk(&["block"])).is_empty(), "no risk is open");
    }
}

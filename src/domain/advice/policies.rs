//! What Conditional Access policies make of a user: which apply to the risk there is, and which keep the user out.

use super::Facts;
use super::words::level;
use crate::domain::facts::{self, BlockedBy};
use crate::domain::policy::Policy;
use crate::domain::records::SignIn;
use crate::domain::risk::RiskLevel;
use crate::domain::scales::Availability;
use crate::domain::self_remediation::{self as rules, asks_for_change};

/// A policy that applies to a user's risk, as far as that can be told without groups and roles.
#[derive(Debug, Clone, Copy)]
pub(super) struct Applying<'a> {
    /// The policy, which is enforced.
    pub policy: &'a Policy,
    /// Whether it names the user; `None` where groups or roles decide, or where it looks at both kinds of risk.
    pub names_user: Option<bool>,
}

/// A policy that keeps a user out.
#[derive(Debug, Clone)]
pub(super) struct Blocking {
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
pub(super) fn on_user_risk<'a>(facts: &Facts<'a>) -> Option<Vec<Applying<'a>>> {
    let of = facts.records.user.risk_level.as_ref()?;
    applying(facts, |policy| policy.is_about_user_risk(of), |policy| policy.sign_in_risk_levels.is_empty())
}

/// The enforced policies on sign-in risk of the levels that the user's risky sign-ins had; `None` where policies were not read.
pub(super) fn on_sign_in_risk<'a>(facts: &Facts<'a>) -> Option<Vec<Applying<'a>>> {
    let levels: Vec<&RiskLevel> = risky(facts).filter_map(|sign_in| sign_in.risk_level_during_sign_in.as_ref()).collect();
    let about = |policy: &Policy| levels.iter().any(|level| policy.is_about_sign_in_risk(level));
    applying(facts, about, |policy| policy.user_risk_levels.is_empty())
}

fn applying<'a>(facts: &Facts<'a>, about: impl Fn(&Policy) -> bool, alone: impl Fn(&Policy) -> bool) -> Option<Vec<Applying<'a>>> {
    let all = facts.tenant.policies.as_deref()?;
    let id = facts.records.id().as_str();
    let of = |policy: &'a Policy| match policy.includes(id) {
        Some(false) => None,
        names_user => Some(Applying { policy, names_user: names_user.filter(|_| alone(policy)) }),
    };
    Some(all.iter().filter(|policy| policy.is_enforced() && about(policy)).filter_map(of).collect())
}

/// The user's sign-ins that are an open risk.
fn risky<'a>(facts: &Facts<'a>) -> impl Iterator<Item = &'a SignIn> {
    facts.records.sign_ins.iter().filter(|sign_in| sign_in.at_risk() == Some(true))
}

/// The sign-ins that keep the user out now: blocked, with no successful one after them, for a cause that still holds.
pub(super) fn blocked_sign_ins<'a>(facts: &Facts<'a>) -> Vec<(BlockedBy, &'a SignIn)> {
    let holds = |(cause, sign_in): &(BlockedBy, &SignIn)| facts::ended(facts.records, facts.tenant, *cause, sign_in).is_none();
    facts::stopped_sign_ins(facts.records, facts.tenant).into_iter().filter(holds).collect()
}

/// The policies that keep the user out, or will at the next sign-in: those that matter for the first cause of the block first.
/// `None` where policies were not read and no sign-in names one.
pub(super) fn blocking(facts: &Facts<'_>) -> Option<Vec<Blocking>> {
    let mut found = named(facts);
    match on_user_risk(facts) {
        Some(applying) if facts.records.user.at_risk() != Some(false) => {
            let others = applying.iter().filter(|of| !found.iter().any(|held| is(held, of.policy))).map(|of| foreseen(facts, *of));
            let others: Vec<Blocking> = others.collect();
            found.extend(others);
        }
        None if found.is_empty() && facts.tenant.policies.is_none() => return None,
        _ => {}
    }
    let causes = facts::blocked(facts.records, facts.tenant).by;
    let rank = |of: &Blocking| causes.iter().position(|cause| *cause == of.about).unwrap_or(usize::MAX);
    found.sort_by_key(rank);
    Some(found)
}

fn is(held: &Blocking, policy: &Policy) -> bool {
    held.id.as_deref().is_some_and(|id| id.eq_ignore_ascii_case(&policy.id))
}

/// The policies that blocked sign-ins name, with those that were lifted since.
fn named(facts: &Facts<'_>) -> Vec<Blocking> {
    let mut found: Vec<Blocking> = Vec::new();
    let of_risk = |(cause, sign_in): &(BlockedBy, &SignIn)| {
        facts::ended(facts.records, facts.tenant, *cause, sign_in) != Some(facts::BlockEnded::RiskClosed)
    };
    for (cause, sign_in) in facts::stopped_sign_ins(facts.records, facts.tenant).into_iter().filter(of_risk) {
        for applied in facts::failed_policies(sign_in) {
            let known = applied.id.as_deref().and_then(|id| facts.tenant.policy(id));
            let name = known.map(|policy| policy.display_name.as_str()).or(applied.display_name.as_deref());
            let id = known.map(|policy| policy.id.as_str()).or(applied.id.as_deref());
            let Some(name) = name.or(id) else { continue };
            if found.iter().any(|held| held.id.as_deref() == id && held.name == name) {
                continue;
            }
            let excludes = known.is_some_and(|policy| policy.excludes(facts.records.id().as_str()));
            let gone = known.is_none() && facts.tenant.policies.is_some();
            let (blocks, why) = match known {
                Some(policy) if !policy.is_enforced() => (Some(false), "it blocked the user, and is not enforced any more".to_owned()),
                Some(_) if excludes => (Some(false), "it blocked the user, and leaves the user out by now".to_owned()),
                Some(policy) => (Some(true), how(facts, policy)),
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
fn foreseen(facts: &Facts<'_>, of: Applying<'_>) -> Blocking {
    let policy = of.policy;
    let (stops, why) = if policy.asks_for(rules::BLOCK) {
        (Some(true), format!("it blocks at {} user risk", level(facts.records.user.risk_level.as_ref())))
    } else {
        (rules::step(policy, facts.records, facts.settings).and_then(|can| can.available()).map(|can| !can), how(facts, policy))
    };
    // Whom groups and roles take in is not known: then it can be ruled out that it blocks, but not told that it does.
    let blocks = if of.names_user == Some(true) { stops } else { stops.filter(|stops| !stops) };
    let why =
        if of.names_user == Some(true) { why } else { format!("{why}, if it applies: groups, roles or other conditions decide that") };
    Blocking { id: Some(policy.id.clone()), name: policy.display_name.clone(), blocks, why, about: BlockedBy::UserRisk }
}

/// How a policy that blocks a user does it: outright, or by a step that the user cannot perform.
fn how(facts: &Facts<'_>, policy: &Policy) -> String {
    let Some(can) = rules::step(policy, facts.records, facts.settings).filter(|_| !policy.asks_for(rules::BLOCK)) else {
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

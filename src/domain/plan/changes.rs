//! What exactly an action changes of a target: shown before it is confirmed, kept in the journal with the plan.

use super::judge::{Judgement, judge, present_policy};
use super::{Because, Target};
use crate::domain::action::Action;
use crate::domain::permission::Lack;
use crate::domain::policy::{self, DISABLED, ENABLED, OWN_LOCATION};
use crate::domain::records::UserRecords;

/// The changes, a line each; of a policy that somebody else changed since it was shown, that, too. Holds hostile text.
pub(super) fn changes(by: &Judgement<'_>, target: &Target, records: Option<&UserRecords>) -> Vec<String> {
    let mut lines = of_action(by, target, records);
    lines.extend(by.of_steps.iter().enumerate().filter_map(|(place, step)| refusal_of_step(place, step, target, records?)));
    let shown = by.policy.filter(|_| by.action.needs_policy());
    if let Some((shown, now)) = shown.and_then(|shown| Some((shown, present_policy(by, shown)?))) {
        lines.extend(shown.differences(now).into_iter().map(|told| format!("since it was shown: {told}")));
    }
    lines
}

fn of_action(by: &Judgement<'_>, target: &Target, records: Option<&UserRecords>) -> Vec<String> {
    let settings = &by.context.settings;
    match (by.action, target, records) {
        (Action::ExcludeFromPolicy | Action::IncludeInPolicy, Target::User(id), _) => {
            let Some(policy) = by.policy else { return Vec::new() };
            let sign = if by.action == Action::ExcludeFromPolicy { '+' } else { '-' };
            let kept = policy.exclude_users.iter().filter(|held| !held.eq_ignore_ascii_case(id.as_str())).count();
            vec![format!("policy {:?}: excludeUsers {sign} {id}, {kept} others stay", policy.display_name)]
        }
        (Action::DisablePolicy | Action::EnablePolicy, Target::Policy(id), _) => {
            let Some(policy) = by.policy.filter(|shown| shown.id.eq_ignore_ascii_case(id)) else { return Vec::new() };
            let after = if by.action == Action::DisablePolicy { DISABLED } else { ENABLED };
            vec![format!("policy {:?}: state {} -> {after}", policy.display_name, policy.state)]
        }
        (Action::TrustIp | Action::UntrustIp, Target::Address(address), _) => {
            let Some(range) = policy::range(address) else { return Vec::new() };
            let sign = if by.action == Action::TrustIp { '+' } else { '-' };
            let tenant = by.dataset.tenant();
            let made = match &tenant.locations {
                _ if by.action == Action::UntrustIp || tenant.own_location().is_some() => "",
                Some(_) => " (made for it)",
                None => " (whether it is there is unknown: locations were not read)",
            };
            vec![format!("trusted location {OWN_LOCATION:?}{made}: {sign} {range}")]
        }
        (Action::DisableDevices, _, Some(records)) => {
            let devices = records.devices.as_deref().unwrap_or_default();
            let enabled = devices.iter().filter(|device| device.account_enabled != Some(false));
            enabled.map(|device| format!("disable {} ({})", device.name(), device.operating_system.as_deref().unwrap_or("?"))).collect()
        }
        (Action::RevokeSessions, _, Some(_)) => vec![
            match settings.continuous_access_evaluation {
                Some(true) => "access tokens: ended within minutes by continuous access evaluation",
                Some(false) => "access tokens: valid until they expire, up to about an hour",
                None => "access tokens: whether continuous access evaluation ends them is not stated",
            }
            .to_owned(),
        ],
        (Action::GenerateTemporaryPassword, _, Some(records)) if records.directory.on_premises_sync_enabled == Some(true) => {
            vec!["the password is written back on-premises".to_owned()]
        }
        _ => Vec::new(),
    }
}

/// Why a step of a playbook will be left out for a user, as far as it can be foreseen: it refuses nothing but itself.
fn refusal_of_step(place: usize, by: &Judgement<'_>, target: &Target, records: &UserRecords) -> Option<String> {
    let step = by.action;
    // An earlier step brings about another risk state than the present one.
    let of_state = |because: &Because| place > 0 && step.event().is_some() && matches!(because, Because::NotAtRisk | Because::AlreadyDone);
    let because = judge(by, target).because;
    let refusing: Vec<&str> =
        because.iter().filter(|because| because.refuses(step) && !of_state(because)).map(|because| because.as_str()).collect();
    if refusing.is_empty() {
        return None;
    }
    let mut missing: Vec<String> = by.lacks_for(Some(records)).iter().filter(|lack| !lack.is_uncertain()).map(Lack::to_string).collect();
    missing.dedup();
    let missing = if missing.is_empty() { String::new() } else { format!(" ({})", missing.join("; ")) };
    Some(format!("step {} {step}: refused: {}{missing}", place + 1, refusing.join(", ")))
}

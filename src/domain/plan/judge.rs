//! Judging a target: its verdict, and why.

use std::collections::HashMap;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::changes::changes;
use super::{Access, Because, PlanContext, PlanTarget, Target};
use crate::domain::action::{Action, Aim, Kind};
use crate::domain::blocking::{self, Known};
use crate::domain::dataset::Dataset;
use crate::domain::facts::{self, Evidence};
use crate::domain::permission::{Lack, lacks_for};
use crate::domain::policy::{self, DISABLED, Policy};
use crate::domain::records::{SignIn, SignInId, UserRecords};
use crate::domain::risk::RiskState;
use crate::domain::time::Timestamp;

/// How a plan sees one target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    /// Nothing speaks against it.
    Eligible,
    /// Left out unless the operator takes it in.
    Caution,
    /// Cannot be done.
    Refused,
}

impl Verdict {
    /// The word used in data.
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Eligible => "eligible",
            Verdict::Caution => "caution",
            Verdict::Refused => "refused",
        }
    }
}

/// Finds the user of a sign-in without a pass over the tenant for each target.
struct SignInIndex<'a>(HashMap<&'a SignInId, (&'a UserRecords, &'a SignIn)>);

impl<'a> SignInIndex<'a> {
    fn of(action: Action, dataset: &'a Dataset) -> Self {
        match action.aim() {
            Aim::SignIn => SignInIndex(dataset.sign_ins().map(|(records, sign_in)| (&sign_in.id, (records, sign_in))).collect()),
            Aim::User | Aim::Policy | Aim::Address => SignInIndex(Default::default()),
        }
    }
}

/// What targets are judged by.
pub(super) struct Judgement<'a> {
    pub action: Action,
    /// The policy of an action that concerns one, as it was shown.
    pub policy: Option<&'a Policy>,
    /// The steps of a playbook.
    pub steps: &'a [Action],
    pub dataset: &'a Dataset,
    pub context: &'a PlanContext,
    sign_ins: SignInIndex<'a>,
    /// What the operator lacks for cloud users, and for hybrid ones.
    pub lacks: [Vec<Lack>; 2],
    /// What each step of a playbook is judged by.
    pub of_steps: Vec<Judgement<'a>>,
}

impl<'a> Judgement<'a> {
    /// Prepares to judge many targets.
    pub(super) fn new(
        action: Action,
        policy: Option<&'a Policy>,
        steps: &'a [Action],
        dataset: &'a Dataset,
        context: &'a PlanContext,
    ) -> Self {
        let lacks = [false, true].map(|hybrid| context.holder.as_ref().map(|holder| lacks_for(action, steps, hybrid, holder)));
        let lacks = lacks.map(Option::unwrap_or_default);
        let of_steps = steps.iter().map(|step| Judgement::new(*step, None, &[], dataset, context)).collect();
        Judgement { action, policy, steps, dataset, context, sign_ins: SignInIndex::of(action, dataset), lacks, of_steps }
    }
}

impl Judgement<'_> {
    /// What the operator lacks to act on this user.
    pub(super) fn lacks_for(&self, records: Option<&UserRecords>) -> &[Lack] {
        let hybrid = records.is_some_and(|records| records.directory.on_premises_sync_enabled == Some(true));
        &self.lacks[usize::from(hybrid)]
    }
}

/// Judges one target.
pub(super) fn judge(by: &Judgement<'_>, target: &Target) -> PlanTarget {
    let found = match target {
        Target::User(id) => by.dataset.user(id).map(|records| (records, None)),
        Target::SignIn(id) => by.sign_ins.0.get(id).map(|(records, sign_in)| (*records, Some(*sign_in))),
        Target::Policy(_) | Target::Address(_) => None,
    };
    let mut because = Vec::new();
    match by.context.access {
        Access::ReadWrite => {}
        Access::ReadOnly => because.push(Because::ReadOnly),
        Access::Evidence => because.push(Because::EvidenceWorkspace),
    }
    because.extend(capability(by.lacks_for(found.map(|(records, _)| records))));
    if by.action.needs_policy() {
        because.extend(of_policy(by));
    }
    match (target, found) {
        (Target::Policy(id), _) => {
            because.push(Because::Everybody);
            // What was shown is one policy, and the target of an edited plan another.
            because.extend(by.policy.filter(|shown| !shown.id.eq_ignore_ascii_case(id)).map(|_| Because::PolicyUnknown));
        }
        (Target::Address(address), _) => because.extend(of_address(by, address)),
        (_, None) => because.push(Because::UnknownUser),
        (_, Some((records, sign_in))) => {
            because.extend(reasons(by, records, sign_in));
            let is_own = by.context.holder.as_ref().is_some_and(|holder| holder.is(records.id()));
            because.extend(is_own.then_some(Because::OwnAccount));
        }
    }
    because.sort_unstable();
    because.dedup();
    let verdict = if because.iter().any(|because| because.refuses(by.action)) {
        Verdict::Refused
    } else if because.is_empty() {
        Verdict::Eligible
    } else {
        Verdict::Caution
    };
    let included = match verdict {
        Verdict::Eligible => true,
        Verdict::Caution => by.context.include_caution,
        Verdict::Refused => false,
    };
    PlanTarget {
        id: target.id().to_owned(),
        user_id: found.filter(|(_, sign_in)| sign_in.is_some()).map(|(records, _)| records.id().clone()),
        user_principal_name: found.and_then(|(records, _)| records.user.user_principal_name.as_ref().map(String::from)),
        verdict,
        because,
        included,
        changes: changes(by, target, found.map(|(records, _)| records)),
        devices: found.filter(|_| by.action == Action::DisableDevices).map(|(records, _)| enabled_devices(records)).unwrap_or_default(),
    }
}

/// What the operator lacks, as far as it can be foreseen.
fn capability(lacks: &[Lack]) -> Option<Because> {
    match lacks.is_empty() {
        true => None,
        false if lacks.iter().all(|lack| lack.is_uncertain()) => Some(Because::RoleMissing),
        false => Some(Because::NotPermitted),
    }
}

/// What speaks against changing the policy.
fn of_policy(by: &Judgement<'_>) -> Option<Because> {
    let Some(shown) = by.policy else { return Some(Because::PolicyUnknown) };
    let Some(now) = present_policy(by, shown) else { return Some(Because::PolicyUnknown) };
    // The state is changed by itself, and leaves the exclusions as they are.
    let of_exclusions = matches!(by.action, Action::ExcludeFromPolicy | Action::IncludeInPolicy);
    if of_exclusions && !(shown.exclusions_read && now.exclusions_read) {
        return Some(Because::ExclusionsUnknown);
    }
    if !shown.differences(now).is_empty() {
        return Some(Because::PolicyChanged);
    }
    match by.action {
        Action::DisablePolicy if shown.state == DISABLED => Some(Because::AlreadyDone),
        Action::EnablePolicy if shown.is_enforced() => Some(Because::AlreadyDone),
        Action::EnablePolicy if shown.state != DISABLED => Some(Because::ReportOnly),
        Action::ExcludeFromPolicy | Action::DisablePolicy if !shown.is_enforced() => Some(Because::NotEnforced),
        _ => None,
    }
}

/// The policy that was shown, as it is now; `None` where it is gone. Where policies were not read meanwhile, the change itself reads
/// it once more before anything is sent.
pub(super) fn present_policy<'a>(by: &Judgement<'a>, shown: &'a Policy) -> Option<&'a Policy> {
    match &by.dataset.tenant().policies {
        None => Some(shown),
        Some(policies) => policies.iter().find(|policy| policy.id.eq_ignore_ascii_case(&shown.id)),
    }
}

/// What speaks against trusting an address, or against no longer trusting it.
fn of_address(by: &Judgement<'_>, address: &str) -> Vec<Because> {
    let Some(range) = policy::range(address) else { return vec![Because::InvalidAddress] };
    let tenant = by.dataset.tenant();
    if by.action == Action::UntrustIp {
        let held = tenant.locations.is_none() || tenant.own_location().is_some_and(|location| location.holds(&range));
        return match (held, tenant.trusted_by(&range)) {
            (true, _) => Vec::new(),
            (false, Some(_)) => vec![Because::TrustedElsewhere],
            (false, None) => vec![Because::AlreadyDone],
        };
    }
    let mut because = vec![Because::Everybody];
    if policy::is_too_wide(&range) {
        because.push(Because::RangeTooWide);
    }
    if !policy::is_public(&range) {
        because.push(Because::NotPublic);
    }
    if tenant.trusted_by(&range).is_some() {
        because.push(Because::AlreadyDone);
    }
    let wide = match range {
        IpNet::V4(range) => range.prefix_len() < 24,
        IpNet::V6(range) => range.prefix_len() < 64,
    };
    if wide {
        because.push(Because::WideRange);
    }
    if by.dataset.users().iter().any(|records| facts::was_risky_at(records, &range)) {
        because.push(Because::RiskyAddress);
    }
    because
}

/// What speaks against acting on this user or sign-in.
fn reasons(by: &Judgement<'_>, records: &UserRecords, sign_in: Option<&SignIn>) -> Vec<Because> {
    let action = by.action;
    let mut because = match action.kind() {
        Kind::Feedback(_) => of_feedback(action, records, sign_in),
        Kind::Account => of_account(by, action, records),
        Kind::Policy => of_membership(by, records),
        Kind::Playbook => of_playbook(by, records),
    };
    if facts::deleted(records) == Some(true) {
        because.push(Because::Deleted);
    }
    match records.directory.is_admin {
        Some(true) => because.push(Because::Privileged),
        None => because.push(Because::PrivilegedUnknown),
        Some(false) => {}
    }
    if facts::guest(records) == Some(true) {
        because.push(Because::Guest);
    }
    if action == Action::ConfirmUserSafe && facts::leaked_credentials(records) {
        because.push(Because::LeakedCredentials);
    }
    if action.closes_risk() {
        because.extend(of_closing(records, sign_in, by.context.now));
    }
    because
}

fn of_feedback(action: Action, records: &UserRecords, sign_in: Option<&SignIn>) -> Vec<Because> {
    let mut because = Vec::new();
    let state = match sign_in {
        Some(sign_in) => sign_in.risk_state.as_ref(),
        None => records.user.risk_state.as_ref(),
    };
    let promised = action.event().map(|event| &event.row().state);
    match state {
        None => because.push(Because::StateUnknown),
        Some(state) if Some(state) == promised => because.push(Because::AlreadyDone),
        Some(state) if action.closes_risk() && !state.is_open() && is_known(state) => because.push(Because::NotAtRisk),
        Some(_) => {}
    }
    if records.user.is_processing == Some(true) {
        because.push(Because::Processing);
    }
    because
}

/// What speaks against closing risk without a closer look.
fn of_closing(records: &UserRecords, sign_in: Option<&SignIn>, now: Timestamp) -> Vec<Because> {
    let mut because = Vec::new();
    let expired = facts::evidence(records, now) == Evidence::Expired;
    if expired {
        because.push(Because::EvidenceExpired);
    }
    let theft = match sign_in {
        Some(sign_in) => facts::sign_in_token_theft(records, sign_in),
        None => facts::token_theft(records),
    };
    if sign_in.map_or_else(|| facts::confirmed_compromised(records), |of| of.risk_state == Some(RiskState::ConfirmedCompromised)) {
        because.push(Because::ConfirmedCompromised);
    }
    match theft {
        Some(true) => because.push(Because::TokenTheft),
        None if !expired => because.push(Because::TokenTheftUnknown),
        _ => {}
    }
    because
}

fn of_account(by: &Judgement<'_>, action: Action, records: &UserRecords) -> Vec<Because> {
    let directory = &records.directory;
    // Whoever may be synchronised from on-premises counts as such.
    let hybrid = directory.on_premises_sync_enabled != Some(false);
    let mut because = Vec::new();
    match action {
        Action::GenerateTemporaryPassword => {
            if hybrid {
                because.extend(without_writeback(by.context.settings.password_writeback));
            }
            because.extend((facts::federated(records) == Some(true)).then_some(Because::Federated));
        }
        Action::RequirePasswordChange => {
            match directory.is_mfa_registered {
                Some(true) => {}
                Some(false) => because.push(Because::MfaNotRegistered),
                None => because.push(Because::MfaUnknown),
            }
            // A hybrid user can also change it on-premises, where the tenant lets that remediate.
            if hybrid && by.context.settings.on_premises_change_remediates() != Some(true) {
                because.extend(without_writeback(by.context.settings.password_writeback));
            }
            because.extend((facts::federated(records) == Some(true)).then_some(Because::Federated));
            because.extend((directory.password_change_required == Some(true)).then_some(Because::AlreadyDone));
            because.extend((directory.account_enabled == Some(false)).then_some(Because::AccountDisabled));
        }
        Action::BlockSignIn => because.extend((directory.account_enabled == Some(false)).then_some(Because::AlreadyDone)),
        Action::UnblockSignIn => {
            because.extend((directory.account_enabled == Some(true)).then_some(Because::AlreadyDone));
            because.extend((records.user.at_risk() == Some(true)).then_some(Because::StillAtRisk));
        }
        Action::DisableDevices => match &records.devices {
            None => because.push(Because::DevicesUnknown),
            Some(devices) if devices.iter().all(|device| device.account_enabled == Some(false)) => because.push(Because::NoDevices),
            Some(_) => {}
        },
        _ => {}
    }
    because
}

fn enabled_devices(records: &UserRecords) -> Vec<String> {
    let devices = records.devices.iter().flatten().filter(|device| device.account_enabled != Some(false));
    devices.map(|device| device.id.to_string()).collect()
}

fn without_writeback(writeback: Option<bool>) -> Option<Because> {
    match writeback {
        Some(true) => None,
        Some(false) => Some(Because::HybridNoWriteback),
        None => Some(Because::WritebackUnknown),
    }
}

/// What speaks against leaving a user out of the policy, or taking one back in.
fn of_membership(by: &Judgement<'_>, records: &UserRecords) -> Vec<Because> {
    let Some(policy) = by.policy else { return Vec::new() };
    let mut because = Vec::new();
    let excludes = policy.excludes(records.id().as_str());
    if excludes == (by.action == Action::ExcludeFromPolicy) {
        because.push(Because::AlreadyDone);
    }
    if by.action == Action::ExcludeFromPolicy {
        if facts::token_theft(records) == Some(true) {
            because.push(Because::TokenTheft);
        }
        if facts::confirmed_compromised(records) {
            because.push(Because::ConfirmedCompromised);
        }
        let known = Known { records, tenant: by.dataset.tenant(), settings: &by.context.settings, now: by.context.now };
        if !excludes && !blocking::policies_that_block(&known).iter().any(|of| of.id == policy.id) {
            because.push(Because::DoesNotBlock);
        }
    }
    because
}

/// What speaks against any of the steps; only what holds for all of them refuses the whole.
fn of_playbook(by: &Judgement<'_>, records: &UserRecords) -> Vec<Because> {
    let mut because = Vec::new();
    if records.user.at_risk() == Some(false) {
        because.push(Because::NotAtRisk);
    }
    if by.action == Action::RemediatedElsewhere && facts::password_is_older(records) == Some(true) {
        because.push(Because::PasswordOlder);
    }
    for step in by.steps {
        let of_step = match step.kind() {
            Kind::Feedback(_) => of_feedback(*step, records, None),
            Kind::Account => of_account(by, *step, records),
            Kind::Policy | Kind::Playbook => Vec::new(),
        };
        // Devices are read when their step comes. A password that cannot be set is to be known before the compromise is confirmed.
        let tells =
            |because: &Because| *because == Because::HybridNoWriteback || (!because.refuses(*step) && *because != Because::DevicesUnknown);
        because.extend(of_step.into_iter().filter(tells));
    }
    because
}

fn is_known(state: &RiskState) -> bool {
    !matches!(state, RiskState::Other(_) | RiskState::UnknownFutureValue)
}

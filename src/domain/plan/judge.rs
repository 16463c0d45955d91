//! Judging a target: its verdict, and why. The words are fixed (`design.md` section 4).

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::{Access, PlanContext, PlanTarget, Target};
use crate::domain::action::Action;
use crate::domain::dataset::Dataset;
use crate::domain::facts::{self, Evidence};
use crate::domain::records::{SignIn, SignInId, UserRecords};
use crate::domain::risk::RiskState;
use crate::domain::time::Timestamp;
use crate::domain::transition::Scope;

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

/// Why a target has its verdict. The words are fixed (`design.md` section 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Because {
    /// No such user or sign-in is known.
    UnknownUser,
    /// The workspace holds files: there is no tenant to send to.
    EvidenceWorkspace,
    /// The workspace is read-only.
    ReadOnly,
    /// The account is deleted.
    Deleted,
    /// There is no open risk to act on.
    NotAtRisk,
    /// It is in the state that the action would bring about.
    AlreadyDone,
    /// A detection of the five families that Entra never remediates by itself.
    TokenTheft,
    /// Whether there was token theft cannot be told: no detection can be seen.
    TokenTheftUnknown,
    /// The user holds an administrator role.
    Privileged,
    /// Whether the user holds an administrator role was not read.
    PrivilegedUnknown,
    /// The service is still applying a change.
    Processing,
    /// The detections are older than what the service keeps.
    EvidenceExpired,
    /// A guest: the risk may live in the home tenant.
    Guest,
    /// The risk state was not read.
    StateUnknown,
}

impl Because {
    /// The word used in data.
    pub fn as_str(self) -> &'static str {
        match self {
            Because::UnknownUser => "unknownUser",
            Because::EvidenceWorkspace => "evidenceWorkspace",
            Because::ReadOnly => "readOnly",
            Because::Deleted => "deleted",
            Because::NotAtRisk => "notAtRisk",
            Because::AlreadyDone => "alreadyDone",
            Because::TokenTheft => "tokenTheft",
            Because::TokenTheftUnknown => "tokenTheftUnknown",
            Because::Privileged => "privileged",
            Because::PrivilegedUnknown => "privilegedUnknown",
            Because::Processing => "processing",
            Because::EvidenceExpired => "evidenceExpired",
            Because::Guest => "guest",
            Because::StateUnknown => "stateUnknown",
        }
    }

    /// In words, for people.
    pub fn words(self) -> &'static str {
        match self {
            Because::UnknownUser => "not known in this workspace",
            Because::EvidenceWorkspace => "evidence workspace: files, no tenant to send to",
            Because::ReadOnly => "read-only",
            Because::Deleted => "deleted (support case)",
            Because::NotAtRisk => "no open risk",
            Because::AlreadyDone => "already in that state",
            Because::TokenTheft => "token theft",
            Because::TokenTheftUnknown => "token theft cannot be ruled out",
            Because::Privileged => "privileged",
            Because::PrivilegedUnknown => "roles not read",
            Because::Processing => "still processing",
            Because::EvidenceExpired => "evidence expired",
            Because::Guest => "guest",
            Because::StateUnknown => "risk state not read",
        }
    }

    /// Whether taking it in asks for the phrase: token theft and privilege, and where either was not read.
    pub(super) fn is_guarded(self) -> bool {
        matches!(self, Because::TokenTheft | Because::TokenTheftUnknown | Because::Privileged | Because::PrivilegedUnknown)
    }

    fn refuses(self) -> bool {
        matches!(
            self,
            Because::UnknownUser
                | Because::EvidenceWorkspace
                | Because::ReadOnly
                | Because::Deleted
                | Because::NotAtRisk
                | Because::AlreadyDone
        )
    }
}

/// Finds the user of a sign-in without a pass over the tenant for each target.
pub(super) struct SignInIndex<'a>(HashMap<&'a SignInId, (&'a UserRecords, &'a SignIn)>);

impl<'a> SignInIndex<'a> {
    pub(super) fn of(action: Action, dataset: &'a Dataset) -> Self {
        match action.scope() {
            Scope::User => SignInIndex(Default::default()),
            Scope::SignIn => SignInIndex(dataset.sign_ins().map(|(records, sign_in)| (&sign_in.id, (records, sign_in))).collect()),
        }
    }
}

/// Judges one target.
pub(super) fn judge(action: Action, target: &Target, dataset: &Dataset, sign_ins: &SignInIndex<'_>, context: &PlanContext) -> PlanTarget {
    let found = match target {
        Target::User(id) => dataset.user(id).map(|records| (records, None)),
        Target::SignIn(id) => sign_ins.0.get(id).map(|(records, sign_in)| (*records, Some(*sign_in))),
    };
    let mut because = Vec::new();
    match context.access {
        Access::ReadWrite => {}
        Access::ReadOnly => because.push(Because::ReadOnly),
        Access::Evidence => because.push(Because::EvidenceWorkspace),
    }
    match found {
        None => because.push(Because::UnknownUser),
        Some((records, sign_in)) => because.extend(reasons(action, records, sign_in, context.now)),
    }
    because.sort_unstable();
    because.dedup();
    let verdict = if because.iter().any(|because| because.refuses()) {
        Verdict::Refused
    } else if because.is_empty() {
        Verdict::Eligible
    } else {
        Verdict::Caution
    };
    let included = match verdict {
        Verdict::Eligible => true,
        Verdict::Caution => context.include_caution,
        Verdict::Refused => false,
    };
    PlanTarget {
        id: target.id().to_owned(),
        user_id: found.filter(|(_, sign_in)| sign_in.is_some()).map(|(records, _)| records.id().clone()),
        user_principal_name: found.and_then(|(records, _)| records.user.user_principal_name.clone()),
        verdict,
        because,
        included,
    }
}

/// What speaks against acting on this user or sign-in.
fn reasons(action: Action, records: &UserRecords, sign_in: Option<&SignIn>, now: Timestamp) -> Vec<Because> {
    let mut because = Vec::new();
    let state = match sign_in {
        Some(sign_in) => sign_in.risk_state.as_ref(),
        None => records.user.risk_state.as_ref(),
    };
    let promised = &action.event().row().state;
    match state {
        None => because.push(Because::StateUnknown),
        Some(state) if state == promised => because.push(Because::AlreadyDone),
        Some(state) if action.closes_risk() && !state.is_open() && is_known(state) => because.push(Because::NotAtRisk),
        Some(_) => {}
    }
    if facts::deleted(records) == Some(true) {
        because.push(Because::Deleted);
    }
    if records.user.is_processing == Some(true) {
        because.push(Because::Processing);
    }
    match records.directory.is_admin {
        Some(true) => because.push(Because::Privileged),
        None => because.push(Because::PrivilegedUnknown),
        Some(false) => {}
    }
    if facts::guest(records) == Some(true) {
        because.push(Because::Guest);
    }
    if action.closes_risk() {
        let expired = facts::evidence(records, now) == Evidence::Expired;
        if expired {
            because.push(Because::EvidenceExpired);
        }
        let theft = match sign_in {
            Some(sign_in) => facts::sign_in_token_theft(records, sign_in),
            None => facts::token_theft(records),
        };
        match theft {
            Some(true) => because.push(Because::TokenTheft),
            None if !expired => because.push(Because::TokenTheftUnknown),
            _ => {}
        }
    }
    because
}

fn is_known(state: &RiskState) -> bool {
    !matches!(state, RiskState::Other(_) | RiskState::UnknownFutureValue)
}

//! What a rule comes to, and the scales that it is weighed on.

use super::{Facts, Start};
use crate::domain::action::Action;
use crate::domain::facts;
use crate::domain::permission::{Holder, Lack, Operation, lacks};
use crate::domain::plan::Access;

/// What a rule says of its option.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Judgement {
    /// Whether it can work; `None` where the data does not tell.
    pub available: Option<bool>,
    /// Why. Holds hostile text.
    pub because: Vec<String>,
    /// What it will do. Holds hostile text.
    pub effect: String,
    /// What starts its plan.
    pub start: Option<Start>,
}

fn missing(facts: &Facts<'_>, action: Action, holder: &Holder) -> Vec<Lack> {
    let hybrid = facts.records.directory.on_premises_sync_enabled == Some(true);
    Operation::of(action, hybrid).into_iter().flat_map(|operation| lacks(operation, holder)).collect()
}

/// Whether the operator may do this, as far as it can be foreseen: a role that only the token does not name counts as held.
pub(super) fn permitted(facts: &Facts<'_>, action: Action) -> bool {
    facts.holder.is_none_or(|holder| missing(facts, action, holder).iter().all(|lack| matches!(lack, Lack::Role(_))))
}

/// What speaks against an option, what is not known about it, and what else is to be said.
///
/// One reason against it settles the matter; then what is unknown does not matter any more, and is not told.
#[derive(Debug, Default)]
pub(super) struct Scales {
    against: Vec<String>,
    unknown: Vec<String>,
    notes: Vec<String>,
}

impl Scales {
    /// Nothing on them yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A reason against it, where it holds.
    pub fn against(mut self, holds: bool, why: impl Into<String>) -> Self {
        self.against.extend(holds.then(|| why.into()));
        self
    }

    /// Something that is not known and decides, where it holds.
    pub fn unknown(mut self, holds: bool, why: impl Into<String>) -> Self {
        self.unknown.extend(holds.then(|| why.into()));
        self
    }

    /// Something worth saying that decides nothing, where it holds.
    pub fn note(mut self, holds: bool, why: impl Into<String>) -> Self {
        self.notes.extend(holds.then(|| why.into()));
        self
    }

    /// A fact that it needs, and what to say where it is not so or not known.
    pub fn needs(self, fact: Option<bool>, no: impl Into<String>, unknown: impl Into<String>) -> Self {
        self.against(fact == Some(false), no).unknown(fact.is_none(), unknown)
    }

    /// It needs open risk.
    pub fn needs_risk(self, facts: &Facts<'_>) -> Self {
        self.needs(facts.records.user.at_risk(), "there is no open risk", "the risk state was not read")
    }

    /// It needs an account that is there.
    pub fn needs_account(self, facts: &Facts<'_>) -> Self {
        self.against(facts::deleted(facts.records) == Some(true), "the account is deleted")
    }

    /// It needs a user who can sign in, as far as the account goes.
    pub fn needs_sign_in(self, facts: &Facts<'_>) -> Self {
        let disabled = facts.records.directory.account_enabled == Some(false);
        self.needs_account(facts).against(disabled, "the account is disabled: the user cannot sign in")
    }

    /// It needs an account whose password is this tenant's.
    pub fn needs_own_password(self, facts: &Facts<'_>) -> Self {
        let guest = facts::guest(facts.records) == Some(true);
        let federated = facts::federated(facts.records) == Some(true);
        self.against(guest, "a guest: password and risk are kept in the home tenant")
            .unknown(federated, "the user signs in through a federation server, where the password is kept")
    }

    /// It needs an operator who may do this, in a workspace that lets it out.
    pub fn needs_permission(mut self, facts: &Facts<'_>, action: Action) -> Self {
        match facts.access {
            Access::ReadWrite => {}
            Access::ReadOnly => self.against.push("read-only: writing is turned off for this workspace".to_owned()),
            Access::Evidence => {
                self.against.push("read-only: an evidence workspace holds files, there is no tenant to send to".to_owned());
                return self;
            }
        }
        let Some(holder) = facts.holder else { return self };
        let missing = missing(facts, action, holder);
        // Roles of administrative units and custom roles do not show in a token: that none is named is no proof.
        let (roles, hard): (Vec<&Lack>, Vec<&Lack>) = missing.iter().partition(|lack| matches!(lack, Lack::Role(_)));
        if hard.is_empty() {
            self.unknown.extend(roles.iter().map(|lack| format!("as far as your token tells, {lack}")));
        } else {
            self.against.extend(missing.iter().map(Lack::to_string));
        }
        self
    }

    /// Comes to a judgement on what is done elsewhere.
    pub fn judged(self, effect: impl Into<String>) -> Judgement {
        let effect = effect.into();
        if !self.against.is_empty() {
            return Judgement { available: Some(false), because: self.against, effect, start: None };
        }
        let available = self.unknown.is_empty().then_some(true);
        let because = self.unknown.into_iter().chain(self.notes).collect();
        Judgement { available, because, effect, start: None }
    }

    /// Comes to a judgement on what an action does.
    pub fn starting(self, facts: &Facts<'_>, action: Action, effect: impl Into<String>) -> Judgement {
        let start = Start { action, policy: None, addresses: Vec::new() };
        Judgement { start: Some(start), ..self.needs_permission(facts, action).judged(effect) }
    }
}

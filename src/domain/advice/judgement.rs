//! What a rule of the adviser comes to: what is on the scales, what the option does, and whether the operator may start it.

use super::{Facts, Start};
use crate::domain::action::{Action, Aim};
use crate::domain::permission::{Holder, Lack, lacks_for};
use crate::domain::plan::{Access, Because};
use crate::domain::scales::{Availability, Scales};

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
    // Blocking is a step only where it is asked for.
    let steps: Vec<Action> = action.steps().iter().copied().filter(|step| *step != Action::BlockSignIn).collect();
    lacks_for(action, &steps, hybrid, holder)
}

/// Whether the operator may do this, as far as it can be foreseen: a role that only the token does not name counts as held.
pub(super) fn permitted(facts: &Facts<'_>, action: Action) -> bool {
    facts.holder.is_none_or(|holder| missing(facts, action, holder).iter().all(|lack| lack.is_uncertain()))
}

impl Scales {
    /// It needs an operator who may do this, in a workspace that lets it out.
    pub(super) fn needs_permission(mut self, facts: &Facts<'_>, action: Action) -> Self {
        match facts.access {
            Access::ReadWrite => {}
            Access::ReadOnly => self = self.shut("read-only: writing is turned off for this workspace"),
            Access::Evidence => {
                return self.shut("read-only: an evidence workspace holds files, there is no tenant to send to");
            }
        }
        if action.aim() == Aim::User {
            let privileged = facts.records.directory.is_admin;
            self = self
                .note(privileged == Some(true), "a privileged user: look twice")
                .note(privileged.is_none(), "whether the user is privileged was not read");
        }
        let Some(holder) = facts.holder else { return self };
        if holder.is(facts.records.id()) {
            let own = "this is your own account";
            self = match Because::OwnAccount.refuses(action) {
                true => self.against(true, format!("{own}: change the password yourself, or have another administrator reset it")),
                false => self.note(true, own),
            };
        }
        let missing = missing(facts, action, holder);
        // Roles of administrative units and custom roles do not show in a token: that none is named is no proof.
        if missing.iter().all(|lack| lack.is_uncertain()) {
            missing.iter().fold(self, |scales, lack| scales.unknown(true, format!("as far as your token tells, {lack}")))
        } else {
            missing.iter().fold(self, |scales, lack| scales.against(true, lack.to_string()))
        }
    }

    /// Comes to a judgement on what is done elsewhere.
    pub(super) fn judged(self, effect: impl Into<String>) -> Judgement {
        let Availability { available, because } = self.weighed();
        Judgement { available, because, effect: effect.into(), start: None }
    }

    /// Comes to a judgement on what an action does.
    pub(super) fn starting(self, facts: &Facts<'_>, action: Action, effect: impl Into<String>) -> Judgement {
        let start = Start { action, policy: None, addresses: Vec::new() };
        Judgement { start: Some(start), ..self.needs_permission(facts, action).judged(effect) }
    }
}

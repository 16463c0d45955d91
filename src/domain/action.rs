//! The feedback verbs: what an operator can do about risk.

use serde::{Deserialize, Serialize};

use super::transition::{Event, Scope};

/// A remediation action, by its Graph-like name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Action {
    /// Dismiss all risk of users.
    DismissUserRisk,
    /// Confirm users compromised.
    ConfirmUserCompromised,
    /// Confirm users safe.
    ConfirmUserSafe,
    /// Dismiss the risk of sign-ins.
    DismissSignInRisk,
    /// Confirm sign-ins compromised.
    ConfirmSignInCompromised,
    /// Confirm sign-ins safe.
    ConfirmSignInSafe,
}

impl Action {
    /// All actions.
    pub const ALL: [Action; 6] = [
        Action::DismissUserRisk,
        Action::ConfirmUserCompromised,
        Action::ConfirmUserSafe,
        Action::DismissSignInRisk,
        Action::ConfirmSignInCompromised,
        Action::ConfirmSignInSafe,
    ];

    /// The name used in data and commands.
    pub fn as_str(self) -> &'static str {
        match self {
            Action::DismissUserRisk => "dismissUserRisk",
            Action::ConfirmUserCompromised => "confirmUserCompromised",
            Action::ConfirmUserSafe => "confirmUserSafe",
            Action::DismissSignInRisk => "dismissSignInRisk",
            Action::ConfirmSignInCompromised => "confirmSignInCompromised",
            Action::ConfirmSignInSafe => "confirmSignInSafe",
        }
    }

    /// The action of this name, whatever its case.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.as_str().eq_ignore_ascii_case(name))
    }

    /// Title for people: "Dismiss user risk".
    pub fn title(self) -> &'static str {
        match self {
            Action::DismissUserRisk => "Dismiss user risk",
            Action::ConfirmUserCompromised => "Confirm user compromised",
            Action::ConfirmUserSafe => "Confirm user safe",
            Action::DismissSignInRisk => "Dismiss sign-in risk",
            Action::ConfirmSignInCompromised => "Confirm sign-in compromised",
            Action::ConfirmSignInSafe => "Confirm sign-in safe",
        }
    }

    /// What happens to a target, to follow a number: "will be dismissed".
    pub fn outcome(self) -> &'static str {
        match self {
            Action::DismissUserRisk | Action::DismissSignInRisk => "will be dismissed",
            Action::ConfirmUserCompromised | Action::ConfirmSignInCompromised => "will be confirmed compromised",
            Action::ConfirmUserSafe | Action::ConfirmSignInSafe => "will be confirmed safe",
        }
    }

    /// First word of the phrase that guards the worst: "dismiss".
    pub fn verb(self) -> &'static str {
        match self {
            Action::DismissUserRisk | Action::DismissSignInRisk => "dismiss",
            Action::ConfirmUserCompromised | Action::ConfirmSignInCompromised => "compromise",
            Action::ConfirmUserSafe | Action::ConfirmSignInSafe => "clear",
        }
    }

    /// What the operator must know before it is sent (`reference/domain.md` sections 1 and 2).
    pub fn consequence(self) -> &'static str {
        match self {
            Action::DismissUserRisk => {
                "Cannot be undone. Passwords stay as they are: dismissing does not make an identity safe. \
                 For a false positive, confirm safe teaches Entra; this does not."
            }
            Action::ConfirmUserCompromised => {
                "Risk goes to high and stays until the account is secured: reset the password, revoke sessions, \
                 block where needed. Risk policies may block these users at once."
            }
            Action::ConfirmUserSafe => {
                "Cannot be undone. Clears the risk and puts the user back in learning mode: for days, unfamiliar \
                 sign-in properties raise no alarm. Passwords stay as they are."
            }
            Action::DismissSignInRisk => {
                "Cannot be undone. Entra goes on evaluating similar sign-ins. The user's risk is calculated anew \
                 from what is still open."
            }
            Action::ConfirmSignInCompromised => {
                "The user's risk goes to high at once and stays until the account is secured: reset the password, \
                 revoke sessions, block where needed."
            }
            Action::ConfirmSignInSafe => {
                "Cannot be undone. Entra learns that sign-ins like these are safe. The user's risk is calculated \
                 anew from what is still open."
            }
        }
    }

    /// Its row in the transition table.
    pub fn event(self) -> Event {
        match self {
            Action::DismissUserRisk => Event::DismissUserRisk,
            Action::ConfirmUserCompromised => Event::ConfirmUserCompromised,
            Action::ConfirmUserSafe => Event::ConfirmUserSafe,
            Action::DismissSignInRisk => Event::DismissSignInRisk,
            Action::ConfirmSignInCompromised => Event::ConfirmSignInCompromised,
            Action::ConfirmSignInSafe => Event::ConfirmSignInSafe,
        }
    }

    /// Whether it takes users or sign-ins.
    pub fn scope(self) -> Scope {
        self.event().row().scope
    }

    /// Whether it closes risk, so that an account may be let in that should not be.
    pub fn closes_risk(self) -> bool {
        !matches!(self, Action::ConfirmUserCompromised | Action::ConfirmSignInCompromised)
    }

    /// "user" or "sign-in", in the number that fits.
    pub fn noun(self, count: usize) -> &'static str {
        match (self.scope(), count) {
            (Scope::User, 1) => "user",
            (Scope::User, _) => "users",
            (Scope::SignIn, 1) => "sign-in",
            (Scope::SignIn, _) => "sign-ins",
        }
    }
}

impl std::fmt::Display for Action {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

//! What an operator can do: feedback on risk, and everything else that remediates or unblocks.

use serde::{Deserialize, Serialize};

use super::transition::Event;

/// A remediation action, by its Graph-like name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
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
    /// Give users a password that they must change at the next sign-in.
    GenerateTemporaryPassword,
    /// Ask for a password change, after multifactor authentication, at the next sign-in.
    RequirePasswordChange,
    /// Revoke refresh tokens and session cookies.
    RevokeSessions,
    /// Block sign-in: disable the account.
    BlockSignIn,
    /// Let a disabled account sign in again.
    UnblockSignIn,
    /// Disable the devices of users.
    DisableDevices,
    /// Add addresses to the trusted locations.
    TrustIp,
    /// Take addresses out of the trusted locations again.
    UntrustIp,
    /// Leave users out of a Conditional Access policy.
    ExcludeFromPolicy,
    /// Take users back into a Conditional Access policy.
    IncludeInPolicy,
    /// Disable a Conditional Access policy, for everybody.
    DisablePolicy,
    /// Enable a Conditional Access policy again.
    EnablePolicy,
    /// The checklist after a confirmed compromise.
    SecureAccount,
    /// Tells Entra of a compromise that was fixed elsewhere.
    RemediatedElsewhere,
}

/// What an action is aimed at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Aim {
    /// Users.
    User,
    /// Sign-ins.
    SignIn,
    /// A Conditional Access policy.
    Policy,
    /// Addresses, or ranges of them.
    Address,
}

/// Who an action is sent to, which decides how it is sent and read back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Identity Protection: a feedback verb with its row in the transition table.
    Feedback(Event),
    /// The directory: one account in each request.
    Account,
    /// Conditional Access: a policy or the named locations.
    Policy,
    /// Nobody: its steps are sent, each by itself.
    Playbook,
}

/// Ids that fit in one request of a feedback verb (`reference/domain.md` section 1, fact 3).
pub const IDS_PER_REQUEST: usize = 60;

/// What stands beside an action in the tables of this program.
struct Row {
    name: &'static str,
    title: &'static str,
    /// What happens to a target, to follow a number.
    outcome: &'static str,
    /// First word of the phrase that guards the worst.
    verb: &'static str,
    aim: Aim,
    consequence: &'static str,
}

impl Action {
    /// All actions.
    pub const ALL: [Action; 20] = [
        Action::DismissUserRisk,
        Action::ConfirmUserCompromised,
        Action::ConfirmUserSafe,
        Action::DismissSignInRisk,
        Action::ConfirmSignInCompromised,
        Action::ConfirmSignInSafe,
        Action::GenerateTemporaryPassword,
        Action::RequirePasswordChange,
        Action::RevokeSessions,
        Action::BlockSignIn,
        Action::UnblockSignIn,
        Action::DisableDevices,
        Action::TrustIp,
        Action::UntrustIp,
        Action::ExcludeFromPolicy,
        Action::IncludeInPolicy,
        Action::DisablePolicy,
        Action::EnablePolicy,
        Action::SecureAccount,
        Action::RemediatedElsewhere,
    ];

    /// The actions that are feedback on risk.
    pub fn feedback() -> impl Iterator<Item = Action> {
        Self::ALL.into_iter().filter(|action| action.event().is_some())
    }

    fn row(self) -> Row {
        let row = |name, title, outcome, verb, aim, consequence| Row { name, title, outcome, verb, aim, consequence };
        match self {
            Action::DismissUserRisk => row(
                "dismissUserRisk",
                "Dismiss user risk",
                "will be dismissed",
                "dismiss",
                Aim::User,
                "Cannot be undone. Passwords stay as they are: dismissing does not make an identity safe. \
                 For a false positive, confirm safe teaches Entra; this does not.",
            ),
            Action::ConfirmUserCompromised => row(
                "confirmUserCompromised",
                "Confirm user compromised",
                "will be confirmed compromised",
                "compromise",
                Aim::User,
                "Risk goes to high and stays until the account is secured: reset the password, revoke sessions, \
                 block where needed. Risk policies may block these users at once.",
            ),
            Action::ConfirmUserSafe => row(
                "confirmUserSafe",
                "Confirm user safe",
                "will be confirmed safe",
                "clear",
                Aim::User,
                "Cannot be undone. Clears the risk and puts the user back in learning mode: for days, unfamiliar \
                 sign-in properties raise no alarm. Passwords stay as they are.",
            ),
            Action::DismissSignInRisk => row(
                "dismissSignInRisk",
                "Dismiss sign-in risk",
                "will be dismissed",
                "dismiss",
                Aim::SignIn,
                "Cannot be undone. Entra goes on evaluating similar sign-ins. The user's risk is calculated anew \
                 from what is still open.",
            ),
            Action::ConfirmSignInCompromised => row(
                "confirmSignInCompromised",
                "Confirm sign-in compromised",
                "will be confirmed compromised",
                "compromise",
                Aim::SignIn,
                "The user's risk goes to high at once and stays until the account is secured: reset the password, \
                 revoke sessions, block where needed.",
            ),
            Action::ConfirmSignInSafe => row(
                "confirmSignInSafe",
                "Confirm sign-in safe",
                "will be confirmed safe",
                "clear",
                Aim::SignIn,
                "Cannot be undone. Entra learns that sign-ins like these are safe. The user's risk is calculated \
                 anew from what is still open.",
            ),
            Action::GenerateTemporaryPassword => row(
                "generateTemporaryPassword",
                "Generate temporary password",
                "will get a temporary password",
                "reset",
                Aim::User,
                "The present password ends at once, and open risk is remediated. The new one is shown once and kept nowhere: \
                 have a way to reach the user. It must be changed at the next sign-in.",
            ),
            Action::RequirePasswordChange => row(
                "requirePasswordChange",
                "Require password change",
                "must change the password at the next sign-in",
                "require",
                Aim::User,
                "Risk stays open until the secure password change is done, and whoever knows the password and can do \
                 multifactor authentication can do it. Sessions go on: revoke them where a token may be stolen.",
            ),
            Action::RevokeSessions => row(
                "revokeSessions",
                "Revoke sessions",
                "will have their sessions revoked",
                "revoke",
                Aim::User,
                "Refresh tokens and session cookies end within minutes. Access tokens go on until they expire, about an hour, \
                 unless continuous access evaluation ends them. Risk stays as it is.",
            ),
            Action::BlockSignIn => row(
                "blockSignIn",
                "Block sign-in",
                "will be blocked",
                "block",
                Aim::User,
                "The account is disabled: nobody can sign in to it until it is unblocked. Risk stays as it is.",
            ),
            Action::UnblockSignIn => row(
                "unblockSignIn",
                "Unblock sign-in",
                "will be let in again",
                "unblock",
                Aim::User,
                "The account is enabled: whoever has its password can sign in, as far as policies let them.",
            ),
            Action::DisableDevices => row(
                "disableDevices",
                "Disable devices",
                "will have their devices disabled",
                "disable",
                Aim::User,
                "Disabled devices cannot sign in, and their primary refresh tokens end. Enable them in the Entra admin center.",
            ),
            Action::TrustIp => row(
                "trustIp",
                "Trust IP address",
                "will be trusted",
                "trust",
                Aim::Address,
                "Sign-ins from a trusted location count as less risky, for everybody. Trust only what belongs to the company. \
                 It can be undone from the journal.",
            ),
            Action::UntrustIp => row(
                "untrustIp",
                "Stop trusting IP address",
                "will not be trusted any more",
                "untrust",
                Aim::Address,
                "Sign-ins from there count as risky again as they are found to be.",
            ),
            Action::ExcludeFromPolicy => row(
                "excludeFromPolicy",
                "Exclude from policy",
                "will be left out of the policy",
                "exclude",
                Aim::User,
                "The policy does not protect these users any more, and their risk stays open. It can be undone from the journal: \
                 do so when the cause is gone.",
            ),
            Action::IncludeInPolicy => row(
                "includeInPolicy",
                "Take back into policy",
                "will be taken back into the policy",
                "include",
                Aim::User,
                "The policy applies to these users again, at their next sign-in.",
            ),
            Action::DisablePolicy => row(
                "disablePolicy",
                "Disable policy",
                "will be disabled, for everybody",
                "disable",
                Aim::Policy,
                "The policy protects nobody any more, and everybody's risk stays open. It can be undone from the journal: do so \
                 when the cause is gone.",
            ),
            Action::EnablePolicy => row(
                "enablePolicy",
                "Enable policy",
                "will be enabled, for everybody",
                "enable",
                Aim::Policy,
                "The policy applies to everybody whom it names, at their next sign-in.",
            ),
            Action::SecureAccount => row(
                "secureAccount",
                "Secure account",
                "will be secured, step by step",
                "secure",
                Aim::User,
                "Confirms the compromise, gives a temporary password, blocks sign-in where asked, revokes sessions and disables \
                 devices. Each step is confirmed, sent and read back by itself; one that fails does not undo the others.",
            ),
            Action::RemediatedElsewhere => row(
                "remediatedElsewhere",
                "Remediated elsewhere",
                "will be closed as remediated",
                "close",
                Aim::User,
                "Confirms the compromise, waits until the risk is high, then dismisses it: Entra learns of a true positive that \
                 was fixed. Only where password and sessions were dealt with outside.",
            ),
        }
    }

    /// The name used in data and commands.
    pub fn as_str(self) -> &'static str {
        self.row().name
    }

    /// The action of this name, whatever its case.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.as_str().eq_ignore_ascii_case(name))
    }

    /// Title for people: "Dismiss user risk".
    pub fn title(self) -> &'static str {
        self.row().title
    }

    /// What happens to a target, to follow a number: "will be dismissed".
    pub fn outcome(self) -> &'static str {
        self.row().outcome
    }

    /// First word of the phrase that guards the worst: "dismiss".
    pub fn verb(self) -> &'static str {
        self.row().verb
    }

    /// What the operator must know before it is sent (`reference/domain.md` sections 1 and 2).
    pub fn consequence(self) -> &'static str {
        self.row().consequence
    }

    /// What it is aimed at.
    pub fn aim(self) -> Aim {
        self.row().aim
    }

    /// Who it is sent to.
    pub fn kind(self) -> Kind {
        match self {
            Action::DismissUserRisk => Kind::Feedback(Event::DismissUserRisk),
            Action::ConfirmUserCompromised => Kind::Feedback(Event::ConfirmUserCompromised),
            Action::ConfirmUserSafe => Kind::Feedback(Event::ConfirmUserSafe),
            Action::DismissSignInRisk => Kind::Feedback(Event::DismissSignInRisk),
            Action::ConfirmSignInCompromised => Kind::Feedback(Event::ConfirmSignInCompromised),
            Action::ConfirmSignInSafe => Kind::Feedback(Event::ConfirmSignInSafe),
            Action::GenerateTemporaryPassword
            | Action::RequirePasswordChange
            | Action::RevokeSessions
            | Action::BlockSignIn
            | Action::UnblockSignIn
            | Action::DisableDevices => Kind::Account,
            Action::TrustIp
            | Action::UntrustIp
            | Action::ExcludeFromPolicy
            | Action::IncludeInPolicy
            | Action::DisablePolicy
            | Action::EnablePolicy => Kind::Policy,
            Action::SecureAccount | Action::RemediatedElsewhere => Kind::Playbook,
        }
    }

    /// Its row in the transition table, for a feedback verb.
    pub fn event(self) -> Option<Event> {
        match self.kind() {
            Kind::Feedback(event) => Some(event),
            Kind::Account | Kind::Policy | Kind::Playbook => None,
        }
    }

    /// How many ids fit in one request: a policy or a location is changed at once, an account by itself.
    pub fn ids_per_request(self) -> usize {
        match self.kind() {
            Kind::Feedback(_) => IDS_PER_REQUEST,
            Kind::Account | Kind::Playbook => 1,
            Kind::Policy => usize::MAX,
        }
    }

    /// Whether it concerns one policy, which must be known.
    pub fn needs_policy(self) -> bool {
        matches!(self, Action::ExcludeFromPolicy | Action::IncludeInPolicy | Action::DisablePolicy | Action::EnablePolicy)
    }

    /// Whether it closes risk, so that an account may be let in that should not be.
    pub fn closes_risk(self) -> bool {
        matches!(
            self,
            Action::DismissUserRisk
                | Action::ConfirmUserSafe
                | Action::DismissSignInRisk
                | Action::ConfirmSignInSafe
                | Action::RemediatedElsewhere
        )
    }

    /// The action that takes it back, where there is one.
    pub fn undo(self) -> Option<Action> {
        match self {
            Action::BlockSignIn => Some(Action::UnblockSignIn),
            Action::UnblockSignIn => Some(Action::BlockSignIn),
            Action::TrustIp => Some(Action::UntrustIp),
            Action::UntrustIp => Some(Action::TrustIp),
            Action::ExcludeFromPolicy => Some(Action::IncludeInPolicy),
            Action::IncludeInPolicy => Some(Action::ExcludeFromPolicy),
            Action::DisablePolicy => Some(Action::EnablePolicy),
            Action::EnablePolicy => Some(Action::DisablePolicy),
            _ => None,
        }
    }

    /// The steps of a playbook, in order; empty for everything else.
    pub fn steps(self) -> &'static [Action] {
        match self {
            // The order of the source document, "Confirm a user to be compromised"; the password comes before the sessions, so
            // that nobody signs in again with the old one.
            Action::SecureAccount => &[
                Action::ConfirmUserCompromised,
                Action::GenerateTemporaryPassword,
                Action::BlockSignIn,
                Action::RevokeSessions,
                Action::DisableDevices,
            ],
            // `reference/domain.md` section 2, row 18. That the level is high is what the first step is read back for.
            Action::RemediatedElsewhere => &[Action::ConfirmUserCompromised, Action::DismissUserRisk],
            _ => &[],
        }
    }

    /// What its targets are called, in the number that fits.
    pub fn noun(self, count: usize) -> &'static str {
        match (self.aim(), count) {
            (Aim::User, 1) => "user",
            (Aim::User, _) => "users",
            (Aim::SignIn, 1) => "sign-in",
            (Aim::SignIn, _) => "sign-ins",
            (Aim::Policy, 1) => "policy",
            (Aim::Policy, _) => "policies",
            (Aim::Address, 1) => "address",
            (Aim::Address, _) => "addresses",
        }
    }
}

impl std::fmt::Display for Action {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_data() {
        for action in Action::ALL {
            assert_eq!(serde_json::to_value(action).unwrap(), action.as_str());
            assert_eq!(Action::from_name(&action.as_str().to_uppercase()), Some(action));
        }
    }

    #[test]
    fn undoing_twice_does_it_again() {
        for action in Action::ALL {
            if let Some(undo) = action.undo() {
                assert_eq!((undo.undo(), undo.aim()), (Some(action), action.aim()));
            }
        }
    }

    #[test]
    fn a_playbook_has_no_playbook_in_it() {
        for action in Action::ALL {
            assert_eq!(action.steps().is_empty(), action.kind() != Kind::Playbook);
            assert!(action.steps().iter().all(|step| step.kind() != Kind::Playbook && step.aim() == action.aim()));
        }
    }
}

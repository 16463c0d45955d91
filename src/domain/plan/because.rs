//! Why a target has its verdict. The words are fixed (`design.md` section 4).

use serde::{Deserialize, Serialize};

use crate::domain::action::{Action, Kind};

/// Why a target has its verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Because {
    /// No such user or sign-in is known.
    UnknownUser,
    /// The workspace holds files: there is no tenant to send to.
    EvidenceWorkspace,
    /// The workspace is read-only.
    ReadOnly,
    /// Who is signed in lacks a permission or the tenant a licence, so that the tenant would refuse.
    NotPermitted,
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
    /// A guest: risk, password and sessions may live in the home tenant.
    Guest,
    /// The risk state was not read.
    StateUnknown,
    /// The token names no directory role that allows it. Roles of administrative units and custom roles do not show there.
    RoleMissing,
    /// The user signs in through a federation server, where the password is kept.
    Federated,
    /// A hybrid user, and passwords are not written back on-premises.
    HybridNoWriteback,
    /// A hybrid user, and whether passwords are written back was not stated.
    WritebackUnknown,
    /// The user is not registered for multifactor authentication.
    MfaNotRegistered,
    /// Whether the user is registered for multifactor authentication was not read.
    MfaUnknown,
    /// The user's devices were not read.
    DevicesUnknown,
    /// The user has no device that could be disabled.
    NoDevices,
    /// The user has devices that could be disabled, and the plan that was confirmed names none of them.
    DevicesNotInPlan,
    /// The policy is not known: policies were not read, or it is gone.
    PolicyUnknown,
    /// Somebody else changed the policy since it was shown.
    PolicyChanged,
    /// Whom the policy leaves out cannot be read whole, so that a change could drop exclusions.
    ExclusionsUnknown,
    /// The policy is not enforced, so that it blocks nobody.
    NotEnforced,
    /// The policy only reports: nobody disabled it, and enforcing it takes nothing back.
    ReportOnly,
    /// It concerns everybody in the tenant.
    Everybody,
    /// It is no address and no range of addresses.
    InvalidAddress,
    /// The range is larger than one network of 256 addresses.
    WideRange,
    /// The range is wider than a named location may hold.
    RangeTooWide,
    /// It is trusted as a part of another range, or of a location that is not this program's.
    TrustedElsewhere,
    /// No sign-in ever comes from there: a private, local or unspecified address.
    NotPublic,
    /// Detections other than unfamiliar properties were made on that address.
    RiskyAddress,
    /// The user's risk is still open.
    StillAtRisk,
    /// Nothing tells that this policy keeps the user out.
    DoesNotBlock,
    /// An administrator confirmed the compromise, and the risk is open.
    ConfirmedCompromised,
    /// The account is disabled: the user cannot do it.
    AccountDisabled,
    /// Leaked credentials that match the password: no false positive.
    LeakedCredentials,
    /// The password is older than the newest detection: nothing tells that the risk was dealt with.
    PasswordOlder,
    /// A temporary password was set and told since the playbook began: another one would take it from the user.
    PasswordTold,
    /// The account that the operator is signed in with.
    OwnAccount,
}

impl Because {
    /// The word used in data, and in words for people.
    fn both(self) -> (&'static str, &'static str) {
        match self {
            Because::UnknownUser => ("unknownUser", "not known in this workspace"),
            Because::EvidenceWorkspace => ("evidenceWorkspace", "evidence workspace: files, no tenant to send to"),
            Because::ReadOnly => ("readOnly", "read-only"),
            Because::NotPermitted => ("notPermitted", "not permitted: doctor says what is missing"),
            Because::Deleted => ("deleted", "deleted (support case)"),
            Because::NotAtRisk => ("notAtRisk", "no open risk"),
            Because::AlreadyDone => ("alreadyDone", "already in that state"),
            Because::TokenTheft => ("tokenTheft", "token theft"),
            Because::TokenTheftUnknown => ("tokenTheftUnknown", "token theft cannot be ruled out"),
            Because::Privileged => ("privileged", "privileged"),
            Because::PrivilegedUnknown => ("privilegedUnknown", "roles not read"),
            Because::Processing => ("processing", "still processing"),
            Because::EvidenceExpired => ("evidenceExpired", "evidence expired"),
            Because::Guest => ("guest", "guest: kept in the home tenant"),
            Because::StateUnknown => ("stateUnknown", "risk state not read"),
            Because::RoleMissing => ("roleMissing", "your token names no role for this"),
            Because::Federated => ("federated", "federated: the password is kept elsewhere"),
            Because::HybridNoWriteback => ("hybridNoWriteback", "hybrid, no password writeback"),
            Because::WritebackUnknown => ("writebackUnknown", "hybrid, password writeback not stated"),
            Because::MfaNotRegistered => ("mfaNotRegistered", "not registered for multifactor authentication"),
            Because::MfaUnknown => ("mfaUnknown", "multifactor registration not read"),
            Because::DevicesUnknown => ("devicesUnknown", "devices not read"),
            Because::NoDevices => ("noDevices", "no device to disable"),
            Because::DevicesNotInPlan => ("devicesNotInPlan", "only devices that the plan does not name"),
            Because::PolicyUnknown => ("policyUnknown", "policy not known"),
            Because::PolicyChanged => ("policyChanged", "the policy was changed by somebody else"),
            Because::ExclusionsUnknown => ("exclusionsUnknown", "whom the policy leaves out cannot be read whole"),
            Because::NotEnforced => ("notEnforced", "the policy is not enforced"),
            Because::ReportOnly => ("reportOnly", "report-only: nobody disabled it"),
            Because::Everybody => ("everybody", "concerns everybody"),
            Because::InvalidAddress => ("invalidAddress", "no address"),
            Because::WideRange => ("wideRange", "a wide range"),
            Because::RiskyAddress => ("riskyAddress", "risk was detected there"),
            Because::RangeTooWide => ("rangeTooWide", "wider than a named location may be (/9, of IPv6 /32)"),
            Because::TrustedElsewhere => ("trustedElsewhere", "trusted as part of another range or location"),
            Because::DoesNotBlock => ("doesNotBlock", "nothing tells that this policy keeps the user out"),
            Because::ConfirmedCompromised => ("confirmedCompromised", "confirmed compromised"),
            Because::AccountDisabled => ("accountDisabled", "the account is disabled"),
            Because::NotPublic => ("notPublic", "no public address: Entra sees only those"),
            Because::StillAtRisk => ("stillAtRisk", "still at risk"),
            Because::LeakedCredentials => ("leakedCredentials", "leaked credentials are no false positive"),
            Because::PasswordTold => ("passwordTold", "a temporary password was told: another replaces it"),
            Because::OwnAccount => ("ownAccount", "your own account"),
            Because::PasswordOlder => ("passwordOlder", "the password is older than the newest detection"),
        }
    }

    /// The word used in data.
    pub fn as_str(self) -> &'static str {
        self.both().0
    }

    /// What a word of the data stands for; `None` where it is none of these words.
    pub fn named(word: &str) -> Option<Because> {
        serde_json::from_value(serde_json::Value::from(word)).ok()
    }

    /// In words, for people.
    pub fn words(self) -> &'static str {
        self.both().1
    }

    /// Whether it says that there is nothing to do.
    pub(crate) fn is_nothing_to_do(self) -> bool {
        matches!(self, Because::AlreadyDone | Because::NoDevices)
    }

    /// Whether it says that there is nobody to act on any more.
    pub(crate) fn is_gone(self) -> bool {
        matches!(self, Because::Deleted | Because::UnknownUser)
    }

    /// Whether taking it in asks for the phrase: token theft and privilege, where either was not read, what an administrator
    /// confirmed, what concerns others, and what can lock the operator out.
    pub(super) fn is_guarded(self) -> bool {
        matches!(
            self,
            Because::TokenTheft
                | Because::TokenTheftUnknown
                | Because::Privileged
                | Because::PrivilegedUnknown
                | Because::Everybody
                | Because::RiskyAddress
                | Because::ConfirmedCompromised
                | Because::OwnAccount
        )
    }

    /// Whether the action cannot be done for it, and trying again does not change that. A permission, a setting, a registration or a policy
    /// may be there the next time.
    pub(crate) fn is_for_good(self, action: Action) -> bool {
        let lasts = matches!(
            self,
            Because::UnknownUser
                | Because::EvidenceWorkspace
                | Because::Deleted
                | Because::NotAtRisk
                | Because::AlreadyDone
                | Because::NoDevices
                | Because::Guest
        );
        lasts && self.refuses(action)
    }

    /// Whether the action cannot be done at all for it.
    pub fn refuses(self, action: Action) -> bool {
        match self {
            // Whoever is on the list can be taken off it, deleted or not.
            Because::UnknownUser | Because::Deleted if action == Action::IncludeInPolicy => false,
            // The other steps can be done.
            Because::HybridNoWriteback | Because::OwnAccount if action.kind() == Kind::Playbook => false,
            // A checklist may be worked through for a user whose risk is closed, or was closed since; but not unasked.
            Because::NotAtRisk if action.kind() == Kind::Playbook => false,
            Because::UnknownUser
            | Because::EvidenceWorkspace
            | Because::ReadOnly
            | Because::NotPermitted
            | Because::Deleted
            | Because::NotAtRisk
            | Because::AlreadyDone
            | Because::HybridNoWriteback
            | Because::MfaNotRegistered
            | Because::NoDevices
            | Because::DevicesNotInPlan
            | Because::PolicyUnknown
            | Because::PolicyChanged
            | Because::ExclusionsUnknown
            | Because::NotEnforced
            | Because::ReportOnly
            | Because::RangeTooWide
            | Because::TrustedElsewhere
            | Because::NotPublic
            | Because::InvalidAddress => true,
            // Graph resets nobody's own password (`reference/graph.md` section 2).
            Because::OwnAccount => action == Action::GenerateTemporaryPassword,
            Because::Guest => {
                matches!(action, Action::GenerateTemporaryPassword | Action::RequirePasswordChange | Action::RevokeSessions)
            }
            _ => false,
        }
    }
}

//! What lets a user close their own risk, and what hinders it: the rules of "User self-remediation" and "Token theft related
//! detections" (`reference/source-remediate-and-unblock.md`).
//!
//! Pure: the adviser says what they say, and the simulated tenant plays by them.

use super::facts;
use super::policy::{Policy, TenantFacts};
use super::records::{SignIn, UserRecords};
use super::risk::RiskLevel;
use super::settings::{Setting, TenantSettings};

/// Whether something can work, and why.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Availability {
    /// `None` where the data does not tell.
    pub available: Option<bool>,
    /// Why, a sentence each: what hinders it, else what is not known, else what lets it work. Holds hostile text.
    pub because: Vec<String>,
}

/// The conditions of one way, as they are found one after another.
#[derive(Default)]
struct Case {
    hinders: Vec<String>,
    unknown: Vec<String>,
    helps: Vec<String>,
}

impl Case {
    /// The conditions of every way: an account that is there, and open risk.
    fn of(records: &UserRecords, at_risk: Option<bool>, what: &str) -> Self {
        let mut case = Case::default();
        // Graph does not always tell of a deletion: not knowing is no hindrance.
        if facts::deleted(records) == Some(true) {
            case.hinders.push("The account is deleted: only a support case removes its risk.".to_owned());
        }
        case.need(at_risk, "", &format!("The risk state of {what} was not read."), &format!("There is no open risk of {what}."));
        case
    }

    /// A fact that must be true; empty sentences are not said.
    fn need(&mut self, fact: Option<bool>, helps: &str, unknown: &str, hinders: &str) {
        let (list, sentence) = match fact {
            Some(true) => (&mut self.helps, helps),
            None => (&mut self.unknown, unknown),
            Some(false) => (&mut self.hinders, hinders),
        };
        if !sentence.is_empty() {
            list.push(sentence.to_owned());
        }
    }

    fn need_setting(&mut self, settings: &TenantSettings, setting: Setting, off: &str) {
        let name = setting.as_str();
        let unknown = format!("It is not known whether {}: state it with entriage settings {name} true (or false).", setting.means());
        self.need(settings.get(setting), "", &unknown, off);
    }

    /// Nobody signs in to a disabled account, nor resets its password.
    fn need_enabled(&mut self, records: &UserRecords) {
        if records.directory.account_enabled == Some(false) {
            self.hinders.push("The account is disabled.".to_owned());
        }
    }

    fn need_mfa(&mut self, records: &UserRecords) {
        self.need(
            records.directory.is_mfa_registered,
            "The user is registered for multifactor authentication.",
            "It was not read whether the user is registered for multifactor authentication.",
            "The user is not registered for multifactor authentication.",
        );
    }

    /// The password of a guest is the home tenant's.
    fn need_own_password(&mut self, records: &UserRecords) {
        if facts::guest(records) == Some(true) {
            self.hinders.push("The user is a guest: the password is kept in the home tenant.".to_owned());
        }
    }

    /// An enforced policy that asks for something and applies to the user, and none that blocks.
    fn need_policy(&mut self, records: &UserRecords, tenant: &TenantFacts, asked: &Asked<'_>) {
        let Some(policies) = &tenant.policies else {
            self.unknown.push("The Conditional Access policies were not read.".to_owned());
            return;
        };
        let user = records.id().as_str();
        let about = || policies.iter().filter(|policy| policy.is_enforced() && (asked.is_about)(policy));
        if let Some(block) = about().find(|policy| policy.asks_for(BLOCK) && policy.includes(user) == Some(true)) {
            self.hinders.push(format!("The policy {:?} blocks the user at {}.", block.display_name, asked.risk));
            return;
        }
        let mut outside = None;
        let mut maybe = None;
        for policy in about().filter(|policy| policy.asks_for(asked.control)) {
            match policy.includes(user) {
                Some(true) => {
                    self.helps.push(format!("The policy {:?} asks for {} at {}.", policy.display_name, asked.what, asked.risk));
                    return;
                }
                Some(false) => outside = Some(policy),
                None => maybe = Some(policy),
            }
        }
        match (maybe, outside) {
            (Some(policy), _) => self.unknown.push(format!(
                "Groups or roles decide whether the policy {:?} applies to the user: look in the Entra admin center.",
                policy.display_name
            )),
            (None, Some(policy)) => self.hinders.push(format!("The policy {:?} leaves the user out.", policy.display_name)),
            (None, None) => self.hinders.push(format!("No enforced policy asks for {} at {}.", asked.what, asked.risk)),
        }
    }

    /// The sign-in has no detection of the families that are not remediated by themselves any more.
    fn need_no_token_theft(&mut self, records: &UserRecords, sign_in: &SignIn) {
        self.need(
            facts::sign_in_token_theft(records, sign_in).map(|theft| !theft),
            "",
            "The detections of the sign-in do not tell whether a token was stolen.",
            "The sign-in has a detection of token theft, which Entra does not close by itself any more.",
        );
    }

    fn told(self) -> Availability {
        let (available, because) = match (self.hinders.is_empty(), self.unknown.is_empty()) {
            (false, _) => (Some(false), self.hinders),
            (true, false) => (None, self.unknown),
            (true, true) => (Some(true), self.helps),
        };
        Availability { available, because }
    }
}

/// What a policy is to ask for, and at which risk.
struct Asked<'a> {
    control: &'a str,
    /// The control, in words.
    what: &'a str,
    /// The risk, in words.
    risk: String,
    is_about: &'a dyn Fn(&Policy) -> bool,
}

/// The control that blocks.
pub const BLOCK: &str = "block";
/// The control that asks for multifactor authentication.
pub const MFA: &str = "mfa";
/// The control that asks for a password change.
pub const PASSWORD_CHANGE: &str = "passwordChange";

/// Whether multifactor authentication closes the risk of a sign-in: "Perform MFA to self-remediate a sign-in risk".
pub fn mfa(records: &UserRecords, sign_in: &SignIn, tenant: &TenantFacts) -> Availability {
    let mut case = Case::of(records, sign_in.at_risk(), "this sign-in");
    case.need_no_token_theft(records, sign_in);
    case.need_enabled(records);
    case.need_mfa(records);
    match sign_in.risk_level() {
        None => case.unknown.push("The risk level of the sign-in was not read.".to_owned()),
        Some(level) => {
            let asked = Asked {
                control: MFA,
                what: "multifactor authentication",
                risk: format!("{level} sign-in risk"),
                is_about: &|policy: &Policy| policy.is_about_sign_in_risk(level),
            };
            case.need_policy(records, tenant, &asked);
        }
    }
    case.told()
}

/// Whether a secure password change closes the user's risk: "Perform secure password change to self-remediate a user risk".
/// `change_required` says that an administrator asked for one, so that no policy needs to.
pub fn secure_password_change(
    records: &UserRecords,
    tenant: &TenantFacts,
    settings: &TenantSettings,
    change_required: bool,
) -> Availability {
    let mut case = Case::of(records, records.user.at_risk(), "the user");
    case.need_enabled(records);
    case.need_own_password(records);
    case.need_mfa(records);
    need_writeback(&mut case, records, settings);
    if change_required {
        case.helps.push("An administrator requires a password change.".to_owned());
    } else {
        match &records.user.risk_level {
            None => case.unknown.push("The risk level of the user was not read.".to_owned()),
            Some(level) => {
                let asked = Asked {
                    control: PASSWORD_CHANGE,
                    what: "a password change",
                    risk: user_risk(level),
                    is_about: &|policy: &Policy| policy.is_about_user_risk(level),
                };
                case.need_policy(records, tenant, &asked);
            }
        }
    }
    case.told()
}

fn user_risk(level: &RiskLevel) -> String {
    format!("{level} user risk")
}

/// Hybrid users need their new password on-premises, too.
fn need_writeback(case: &mut Case, records: &UserRecords, settings: &TenantSettings) {
    match records.directory.on_premises_sync_enabled {
        Some(false) => {}
        None if settings.password_writeback == Some(true) => {}
        None => case.unknown.push("It was not read whether the user is synchronised from on-premises.".to_owned()),
        Some(true) => case.need_setting(
            settings,
            Setting::PasswordWriteback,
            "The user is synchronised from on-premises, and passwords are not written back there.",
        ),
    }
}

/// Whether a self-service password reset closes the user's risk: "Self-service password reset".
pub fn self_service_reset(records: &UserRecords) -> Availability {
    let mut case = Case::of(records, records.user.at_risk(), "the user");
    case.need_enabled(records);
    case.need_own_password(records);
    case.need(
        records.directory.is_sspr_registered,
        "The user is registered for self-service password reset.",
        "It was not read whether the user is registered for self-service password reset.",
        "The user is not registered for self-service password reset.",
    );
    case.told()
}

/// Whether a password change on-premises closes the user's risk: "Allow on-premises password reset to remediate user risks".
pub fn on_premises_change(records: &UserRecords, settings: &TenantSettings) -> Availability {
    let mut case = Case::of(records, records.user.at_risk(), "the user");
    case.need(
        records.directory.on_premises_sync_enabled,
        "The user is synchronised from on-premises.",
        "It was not read whether the user is synchronised from on-premises.",
        "The user is not synchronised from on-premises.",
    );
    case.need_setting(settings, Setting::PasswordHashSync, "Password hashes are not synchronised to the cloud.");
    let off = "\"Allow on-premises password change to reset user risk\" is off.";
    case.need_setting(settings, Setting::OnPremisesResetRemediates, off);
    case.told()
}

/// Whether Entra may find the sign-in safe after all and dismiss its risk: "Types of risk remediation".
pub fn system_dismissal(records: &UserRecords, sign_in: &SignIn) -> Availability {
    let mut case = Case::of(records, sign_in.at_risk(), "this sign-in");
    case.need_no_token_theft(records, sign_in);
    case.told()
}

/// Why a user cannot get past a policy at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Barrier {
    /// It blocks.
    Block,
    /// It asks for multifactor authentication, for which the user is not registered.
    NotRegistered,
    /// It asks for a password change, which the user cannot make here: a guest's password is kept elsewhere, and a hybrid user's
    /// is not written back.
    NoPasswordChange,
}

/// What keeps this user from what the policy asks for: "the user is blocked … because the user can't perform the required step".
/// What is not known counts as not there.
pub fn barrier(policy: &Policy, records: &UserRecords, settings: &TenantSettings) -> Option<Barrier> {
    let changes = policy.asks_for(PASSWORD_CHANGE);
    // A secure password change begins with multifactor authentication.
    let proves = changes || policy.asks_for(MFA);
    let hybrid = records.directory.on_premises_sync_enabled == Some(true);
    if policy.asks_for(BLOCK) {
        Some(Barrier::Block)
    } else if proves && records.directory.is_mfa_registered != Some(true) {
        Some(Barrier::NotRegistered)
    } else if changes && (facts::guest(records) == Some(true) || (hybrid && settings.password_writeback != Some(true))) {
        Some(Barrier::NoPasswordChange)
    } else {
        None
    }
}

#[cfg(test)]
mod tests;

//! What lets a user close their own risk, and what hinders it: the rules of "User self-remediation" and "Token theft related
//! detections" (`reference/source-remediate-and-unblock.md`).
//!
//! Pure: the adviser says what they say, and the simulated tenant plays by them.

use super::facts;
use super::policy::{AUTHENTICATION_STRENGTH, Policy, TenantFacts};
use super::records::{SignIn, UserRecords};
use super::risk::{RiskLevel, RiskState};
use super::scales::Scales;
use super::settings::{Setting, TenantSettings};

/// The control that blocks.
pub const BLOCK: &str = "block";
/// The control that asks for multifactor authentication.
pub const MFA: &str = "mfa";

/// Whether a policy lets users close their own risk by a new password. "Require risk remediation" asks for that of users who have
/// a password (`reference/domain.md` section 2, row 13).
pub fn asks_for_change(policy: &Policy) -> bool {
    policy.asks_for("passwordChange") || policy.asks_for("riskRemediation")
}

/// Whether a policy asks for multifactor authentication, of any strength.
fn asks_for_mfa(policy: &Policy) -> bool {
    policy.asks_for(MFA) || policy.asks_for(AUTHENTICATION_STRENGTH)
}

/// Whether a policy asks for nothing but what [`step`] judges: else somebody who can perform that may still lack a device or an app.
pub fn asks_for_steps_alone(policy: &Policy) -> bool {
    let steps = [MFA, AUTHENTICATION_STRENGTH, "passwordChange", "riskRemediation"];
    policy.grant_controls.iter().all(|control| steps.iter().any(|step| step.eq_ignore_ascii_case(control)))
}

/// The open sign-in where something works: the newest where it does, else the newest where it may, else the newest.
pub fn best(records: &UserRecords, judge: impl Fn(&SignIn) -> Scales) -> Option<(&SignIn, Scales)> {
    let open = records.sign_ins.iter().filter(|sign_in| sign_in.at_risk() == Some(true));
    open.map(|sign_in| (sign_in, judge(sign_in))).min_by_key(|(_, scales)| match scales.available() {
        Some(true) => 0,
        None => 1,
        Some(false) => 2,
    })
}

/// Whether multifactor authentication closes the risk of a sign-in: "Perform MFA to self-remediate a sign-in risk".
pub fn mfa(records: &UserRecords, sign_in: &SignIn, tenant: &TenantFacts) -> Scales {
    let scales = of_sign_in(can_pass_mfa(records), records, sign_in);
    match sign_in.risk_level_during_sign_in.as_ref().filter(|level| **level != RiskLevel::Hidden) {
        None => scales.unknown(true, "the risk level of the sign-in was not read"),
        // Policies look at the risk that there was at that moment.
        Some(RiskLevel::None) => scales.against(true, "the sign-in was found risky only afterwards: it met no policy on sign-in risk"),
        Some(level) => {
            let demand = Demand {
                step: "multifactor authentication",
                at: format!("{level} sign-in risk"),
                asks: &asks_for_mfa,
                is_about: &|policy| policy.is_about_sign_in_risk(level),
                looks_further: &|policy| !policy.user_risk_levels.is_empty(),
            };
            demand.made(scales, records, tenant, false)
        }
    }
}

/// Whether the user can pass multifactor authentication at all, at whichever risky sign-in.
pub fn can_pass_mfa(records: &UserRecords) -> Scales {
    let guest = facts::guest(records) == Some(true);
    Scales::new().needs_sign_in(records).needs_registration(records).unknown(guest, "a guest: risk is kept in the home tenant")
}

/// What multifactor authentication is against token theft anywhere: no help to the user, though another sign-in may be closed by it.
/// "The end user is required to perform secure password change and reauthenticate … to clear the risk."
pub fn no_help_against_theft(scales: Scales, records: &UserRecords) -> Scales {
    let theft = facts::token_theft(records) == Some(true);
    scales.against(theft, "token theft: only a secure password change and multifactor authentication anew clear the user's risk")
}

/// Whether Entra may find the sign-in safe after all and dismiss its risk: "Types of risk remediation".
pub fn system_dismissal(records: &UserRecords, sign_in: &SignIn) -> Scales {
    of_sign_in(Scales::new().needs_account(records), records, sign_in)
}

/// What holds for each way of closing the risk of one sign-in: it is open, no administrator confirmed it, and it is none of those
/// that are not remediated by themselves any more.
fn of_sign_in(scales: Scales, records: &UserRecords, sign_in: &SignIn) -> Scales {
    let confirmed = |state: &Option<RiskState>| *state == Some(RiskState::ConfirmedCompromised);
    let closed = records.user.at_risk() == Some(false) || sign_in.at_risk() == Some(false);
    scales
        .against(closed, "there is no open risk")
        .unknown(sign_in.at_risk().is_none(), "the risk state of the sign-in was not read")
        .against(
            confirmed(&records.user.risk_state) || confirmed(&sign_in.risk_state),
            "an administrator confirmed the compromise, and this does not take that back",
        )
        .needs(
            facts::sign_in_token_theft(records, sign_in).map(|theft| !theft),
            "the sign-in tells of token theft or a nation-state address, which Entra does not close by itself any more",
            "the detections of the sign-in do not tell whether a token was stolen",
        )
}

/// Whether a secure password change closes the user's risk: "Perform secure password change to self-remediate a user risk".
/// `required` says that an administrator asked for one, so that no policy needs to.
pub fn secure_password_change(records: &UserRecords, tenant: &TenantFacts, settings: &TenantSettings, required: bool) -> Scales {
    let scales = Scales::new().needs_sign_in(records);
    // What is required is to be changed even where there is nothing to close; then nothing asks for more than the old password.
    let scales = if required && records.user.at_risk() == Some(false) {
        scales.needs_own_password(records).needs_writeback(records, settings)
    } else {
        new_password(scales.needs_risk(records), records, settings)
    };
    let scales = scales.note(required, "an administrator requires a password change");
    match &records.user.risk_level {
        _ if records.user.at_risk() == Some(false) => scales,
        None => scales.unknown(!required, "the risk level of the user was not read"),
        Some(level) => {
            let demand = Demand {
                step: "a password change",
                at: format!("{level} user risk"),
                asks: &asks_for_change,
                is_about: &|policy| policy.is_about_user_risk(level),
                looks_further: &|policy| !policy.sign_in_risk_levels.is_empty(),
            };
            demand.made(scales, records, tenant, required)
        }
    }
}

/// Whether a self-service password reset closes the user's risk: "Self-service password reset". The lockout of a user without
/// risk is worth it, too.
pub fn self_service_reset(records: &UserRecords, settings: &TenantSettings) -> Scales {
    let locked = facts::locked_out(records);
    let scales = Scales::new().needs_sign_in(records);
    let scales = if locked { scales } else { scales.needs_risk(records) };
    let registered = records.directory.is_sspr_registered;
    // The source document asks for registration alone. Without writeback, a hybrid user's new password gets nowhere.
    scales
        .needs_own_password(records)
        .needs_writeback(records, settings)
        .needs(
            registered,
            "the user is not registered for self-service password reset",
            "whether the user is registered for self-service password reset was not read",
        )
        .note(registered == Some(true), "the user is registered for self-service password reset")
}

/// Whether a password change on-premises closes the user's risk: "Allow on-premises password reset to remediate user risks".
pub fn on_premises_change(records: &UserRecords, settings: &TenantSettings) -> Scales {
    let scales = Scales::new()
        .needs_account(records)
        .needs_risk(records)
        .against(facts::guest(records) == Some(true), "a guest: password and risk are kept in the home tenant")
        .needs(
            records.directory.on_premises_sync_enabled,
            "the user is not synchronised from on-premises",
            "whether the user is synchronised from on-premises was not read",
        )
        .needs_setting(settings, Setting::PasswordHashSync, "password hashes are not synchronised to the cloud")
        .needs_setting(settings, Setting::OnPremisesResetRemediates, "\"Allow on-premises password change to reset user risk\" is off");
    let works = scales.available() == Some(true);
    scales.note(works, "a hybrid user, and a password changed on-premises resets user risk")
}

/// Whether the user can perform the step that a policy asks for; `None` where it asks for neither multifactor authentication nor
/// a new password. "The user is blocked … because the user can't perform the required step."
pub fn step(policy: &Policy, records: &UserRecords, settings: &TenantSettings) -> Option<Scales> {
    if asks_for_change(policy) {
        return Some(new_password(Scales::new(), records, settings));
    }
    asks_for_mfa(policy).then(|| Scales::new().needs_registration(records).unknown(policy.asks_for(AUTHENTICATION_STRENGTH), STRENGTH))
}

/// What a secure password change asks of the user: multifactor authentication, then a new password.
fn new_password(scales: Scales, records: &UserRecords, settings: &TenantSettings) -> Scales {
    scales.needs_own_password(records).needs_registration(records).needs_writeback(records, settings)
}

/// What a policy is to ask for, and at which risk.
struct Demand<'a> {
    /// The step, in words.
    step: &'a str,
    /// The risk, in words.
    at: String,
    /// Whether a policy asks for the step.
    asks: &'a dyn Fn(&Policy) -> bool,
    /// Whether a policy is about the risk.
    is_about: &'a dyn Fn(&Policy) -> bool,
    /// Whether it looks at the other kind of risk as well.
    looks_further: &'a dyn Fn(&Policy) -> bool,
}

impl Demand<'_> {
    /// It needs an enforced policy that asks for the step and applies to the user, unless it is required anyhow; and none that
    /// blocks at that risk.
    fn made(&self, scales: Scales, records: &UserRecords, tenant: &TenantFacts, required: bool) -> Scales {
        let Some(policies) = &tenant.policies else {
            return scales.unknown(!required, format!("whether a policy asks for {} at {} was not read", self.step, self.at));
        };
        let user = records.id().as_str();
        let applies = |policy: &Policy| policy.includes(user).filter(|includes| !(*includes && (self.looks_further)(policy)));
        let find = |asks: &dyn Fn(&Policy) -> bool, wanted: Option<bool>| {
            let mut about = policies.iter().filter(|policy| policy.is_enforced() && (self.is_about)(policy));
            about.find(|policy| asks(policy) && applies(policy) == wanted).map(|policy| format!("policy {:?}", policy.display_name))
        };
        let blocks = |policy: &Policy| policy.asks_for(BLOCK);
        let (step, at) = (self.step, &self.at);
        if let Some(policy) = find(&blocks, Some(true)) {
            return scales.against(true, format!("{policy} blocks at {at} and asks for nothing"));
        }
        let scales = match find(&blocks, None) {
            Some(policy) => scales.unknown(true, format!("{policy} blocks at {at}; {UNDECIDED}")),
            None => scales,
        };
        if required {
            scales
        } else if let Some(policy) = find(self.asks, Some(true)) {
            let strong = |policy: &Policy| (self.asks)(policy) && policy.asks_for(AUTHENTICATION_STRENGTH);
            let strong = find(&strong, Some(true)).is_some();
            scales.note(true, format!("{policy} asks for {step} at {at}")).unknown(strong, STRENGTH)
        } else if let Some(policy) = find(self.asks, None) {
            scales.unknown(true, format!("{policy} asks for {step} at {at}; {UNDECIDED}"))
        } else if let Some(policy) = find(self.asks, Some(false)) {
            scales.against(true, format!("{policy} asks for {step} at {at} and leaves the user out"))
        } else {
            scales.against(true, format!("no enforced policy asks for {step} at {at}"))
        }
    }
}

/// What cannot be told of a user's methods.
const STRENGTH: &str = "it asks for an authentication strength: whether the user's methods meet that is not known";

/// What cannot be told of a policy from here.
const UNDECIDED: &str = "groups, roles or other conditions decide whether it applies: look in the Entra admin center";

#[cfg(test)]
mod tests;

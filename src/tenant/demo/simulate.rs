//! What happens in the tenant without an administrator: users remediate themselves where the rules let them, and new risk comes up.

use super::accounts::{self, AccountDeed};
use super::assets;
use super::log::{AccountChange, Change, Line};
use super::policies;
use super::sign_ins::{BLOCKED, MFA_ASKED, NOT_REGISTERED, PASSWORD_CHANGE_ASKED, block};
use super::{DemoTenant, Inner, bad_request, spread};
use crate::domain::catalogue;
use crate::domain::facts;
use crate::domain::happening::Happening;
use crate::domain::policy::{Policy, TenantFacts};
use crate::domain::records::{Record, SignIn, SignInId, UserId, UserRecords};
use crate::domain::risk::RiskLevel;
use crate::domain::scales::Scales;
use crate::domain::self_remediation as rules;
use crate::domain::settings::TenantSettings;
use crate::domain::time::Timestamp;
use crate::domain::transition::{Event, Scope};
use crate::tenant::TenantError;

/// What is to happen to whom.
#[derive(Debug, Clone, Copy)]
pub struct Simulation<'a> {
    /// What happens.
    pub happening: &'a Happening,
    /// To whom.
    pub user: &'a UserId,
    /// At which sign-in, where it is about one; without it the newest where it can happen.
    pub sign_in: Option<&'a SignInId>,
    /// What was stated of the tenant. What was not counts as not so.
    pub settings: &'a TenantSettings,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Simulated {
    /// Whether the tenant's rules let it happen.
    pub applied: bool,
    /// Why, or why not. Holds hostile text.
    pub because: String,
}

impl Simulated {
    fn applied(because: impl Into<String>) -> Self {
        Simulated { applied: true, because: because.into() }
    }

    fn refused(because: impl Into<String>) -> Self {
        Simulated { applied: false, because: because.into() }
    }
}

impl DemoTenant {
    /// Lets something happen to a user, by Entra's rules. `Err` where there is no such user, sign-in or detection type.
    pub fn simulate(&self, simulation: &Simulation<'_>) -> Result<Simulated, TenantError> {
        let index = self.population.user(simulation.user.as_str()).ok_or_else(|| bad_request("There is no such user."))?;
        let mut inner = self.lock();
        let now = self.clock.now();
        let tenant = inner.tenant_facts(now);
        let records = inner.state.read(&self.population, index, now);
        let settings = simulation.settings;
        match simulation.happening {
            Happening::SignIn { detection, level } => {
                return self.risky_sign_in(&mut inner, &records, (detection, level), &tenant, settings, now);
            }
            Happening::UserDeleted => return self.deleted(&mut inner, &records, now),
            _ if facts::deleted(&records) == Some(true) => {
                return Ok(Simulated::refused("The account is deleted: only a support case removes its risk."));
            }
            _ => {}
        }
        let of_user = |event, told| (event, Vec::new(), told);
        let (event, sign_ins, told) = match simulation.happening {
            Happening::SecurePasswordChange => {
                let required = records.directory.password_change_required == Some(true);
                of_user(Event::SecurePasswordChange, rules::secure_password_change(&records, &tenant, settings, required))
            }
            Happening::SelfServiceReset => of_user(Event::SelfServiceReset, rules::self_service_reset(&records, settings)),
            Happening::OnPremisesPasswordChange => of_user(Event::OnPremisesPasswordChange, rules::on_premises_change(&records, settings)),
            happening => {
                let passed = *happening == Happening::MfaPassed;
                let judge = |sign_in: &SignIn| match passed {
                    true => rules::mfa(&records, sign_in, &tenant),
                    false => rules::system_dismissal(&records, sign_in),
                };
                let Some((sign_in, told)) = chosen(&records, simulation.sign_in, judge)? else {
                    return Ok(Simulated::refused("The user has no sign-in at risk."));
                };
                let told = match passed && simulation.sign_in.is_none() {
                    true => rules::no_help_against_theft(told, &records),
                    false => told,
                };
                (if passed { Event::MfaPassed } else { Event::SystemDismissal }, vec![sign_in.id.clone()], told)
            }
        };
        self.play(&mut inner, &records, event, sign_ins, told, now)
    }

    /// All that can be read of a user now.
    pub fn told(&self, user: &UserId) -> Vec<Record> {
        let Some(index) = self.population.user(user.as_str()) else { return Vec::new() };
        let mut read = self.records(index);
        let devices = read.devices.take().map(|devices| Record::Devices(user.clone(), devices));
        let methods = read.methods.take().map(|methods| Record::Methods(user.clone(), methods));
        let mut records: Vec<Record> = devices.into_iter().chain(methods).collect();
        spread(read, &mut records);
        records
    }

    /// Plays an event where the rules let it happen.
    fn play(
        &self,
        inner: &mut Inner,
        records: &UserRecords,
        event: Event,
        sign_ins: Vec<SignInId>,
        told: Scales,
        now: Timestamp,
    ) -> Result<Simulated, TenantError> {
        let told = told.weighed();
        let because = sentence(&told.because);
        if told.available != Some(true) {
            return Ok(Simulated::refused(because));
        }
        let of_user = event.row().scope == Scope::User;
        if of_user && records.user.at_risk() == Some(false) {
            self.change(inner, records, AccountDeed::PasswordChanged, now)?;
            return Ok(Simulated::applied(format!("{because} The password is new. There was no open risk to close.")));
        }
        let system = event == Event::SystemDismissal;
        let users = if of_user { vec![records.id().clone()] } else { Vec::new() };
        let initiated_by = (!system).then(|| records.id().to_string());
        let change = Change { event, users, sign_ins, initiated_by, at: now, effective_at: now };
        inner.take(&self.population, &[Line::Change(change)])?;
        let done = if system { "Entra found the sign-in safe.".to_owned() } else { format!("{because} The risk is closed.") };
        let left = facts::open_detections(&inner.state.read(&self.population, self.number(records)?, now));
        let rest = if left > 0 { format!(" {left} other detections of the user are still open.") } else { String::new() };
        Ok(Simulated::applied(done + &rest))
    }

    fn number(&self, records: &UserRecords) -> Result<u32, TenantError> {
        self.population.user(records.id().as_str()).ok_or_else(|| bad_request("There is no such user."))
    }

    fn change(&self, inner: &mut Inner, records: &UserRecords, deed: AccountDeed, now: Timestamp) -> Result<(), TenantError> {
        let change = AccountChange { user: records.id().clone(), deed, effective_at: now };
        inner.take(&self.population, &[Line::Account(change)])
    }

    fn deleted(&self, inner: &mut Inner, records: &UserRecords, now: Timestamp) -> Result<Simulated, TenantError> {
        if facts::deleted(records) == Some(true) {
            return Ok(Simulated::refused("The account is deleted already."));
        }
        self.change(inner, records, AccountDeed::Deleted, now)?;
        Ok(Simulated::applied("The account is deleted. Its risk stays in the reports as it was."))
    }

    /// A sign-in that is found risky, or a risk of the user, where the type is about users; the policies are played on it.
    fn risky_sign_in(
        &self,
        inner: &mut Inner,
        records: &UserRecords,
        (kind, level): (&str, &RiskLevel),
        tenant: &TenantFacts,
        settings: &TenantSettings,
        now: Timestamp,
    ) -> Result<Simulated, TenantError> {
        let value = catalogue::find(kind).map_or(kind, |known| &known.value);
        let kind = assets::kinds().iter().find(|known| known.value.eq_ignore_ascii_case(value));
        let kind = kind.ok_or_else(|| bad_request("There is no such detection type."))?;
        if facts::deleted(records) == Some(true) {
            return Ok(Simulated::refused("The account is deleted: nobody signs in to it."));
        }
        if records.directory.account_enabled == Some(false) && kind.sign_in {
            return Ok(Simulated::refused("The account is disabled: nobody signs in to it."));
        }
        let made = self.population.intrusion(records, kind, level.clone(), now);
        let (mut sign_in, detection) = made.ok_or_else(|| bad_request("The user has too many sign-ins already."))?;
        let mut deed = AccountDeed::SignIn { sign_in: None, detection: Box::new(detection) };
        let mut raised = records.clone();
        accounts::play(&deed, &mut raised, now);
        let mut because = match &sign_in {
            Some(_) => format!("A sign-in was found risky: {}, {level}.", kind.value),
            None => format!("The user was found at risk: {}, {level}. This is not about a sign-in.", kind.value),
        };
        if let Some(sign_in) = &mut sign_in
            && let Some(met) = meet(sign_in, &raised, tenant, settings)
        {
            because = format!("{because} {met}");
        }
        if catalogue::is_token_theft(&kind.value) {
            because.push_str(" It is token theft: its risk is never closed by multifactor authentication or by Entra itself.");
        }
        if let AccountDeed::SignIn { sign_in: held, .. } = &mut deed {
            *held = sign_in.map(Box::new);
        }
        self.change(inner, records, deed, now)?;
        Ok(Simulated::applied(because))
    }
}

/// Reasons as a sentence of their own.
fn sentence(because: &[String]) -> String {
    let joined = because.join("; ");
    let mut letters = joined.chars();
    letters.next().map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), letters.as_str()))
}

/// The sign-in that is meant, else the one at risk that fits best; and what the rules say of it.
fn chosen<'a>(
    records: &'a UserRecords,
    id: Option<&SignInId>,
    judge: impl Fn(&SignIn) -> Scales,
) -> Result<Option<(&'a SignIn, Scales)>, TenantError> {
    let Some(id) = id else { return Ok(rules::best(records, judge)) };
    let found = records.sign_ins.iter().find(|sign_in| sign_in.id.as_str().eq_ignore_ascii_case(id.as_str()));
    found.map(|sign_in| Some((sign_in, judge(sign_in)))).ok_or_else(|| bad_request("The user has no sign-in with this id."))
}

/// Whether a policy on risk is about this sign-in of this user.
fn is_met(policy: &Policy, sign_in: &SignIn, records: &UserRecords) -> bool {
    let of_user = records.user.risk_level.as_ref().is_some_and(|level| policy.is_about_user_risk(level));
    let of_sign_in = sign_in.risk_level_during_sign_in.as_ref().is_some_and(|level| policy.is_about_sign_in_risk(level));
    let (any_user, any_sign_in) = (policy.user_risk_levels.is_empty(), policy.sign_in_risk_levels.is_empty());
    policy.is_enforced()
        && policy.includes(records.id().as_str()) == Some(true)
        && !(any_user && any_sign_in)
        && (any_user || of_user)
        && (any_sign_in || of_sign_in)
}

/// Plays the enforced policies on a sign-in; what came of it, in words.
fn meet(sign_in: &mut SignIn, records: &UserRecords, tenant: &TenantFacts, settings: &TenantSettings) -> Option<String> {
    let met: Vec<&Policy> = tenant.policies.iter().flatten().filter(|policy| is_met(policy, sign_in, records)).collect();
    if let Some((policy, status, why)) = met.iter().find_map(|policy| barred(policy, records, settings)) {
        block(sign_in, status, policies::applied(policy, "failure"));
        return Some(format!("The policy {:?} blocked it ({}): {why}.", policy.display_name, status.0));
    }
    let asks = |asks: fn(&Policy) -> bool| met.iter().find(|policy| asks(policy));
    let (policy, status, what) = match (asks(rules::asks_for_change), asks(|policy| policy.asks_for(rules::MFA))) {
        (Some(policy), _) => (policy, PASSWORD_CHANGE_ASKED, "a secure password change"),
        (None, Some(policy)) => (policy, MFA_ASKED, "multifactor authentication"),
        (None, None) => return None,
    };
    block(sign_in, status, policies::applied(policy, "failure"));
    Some(format!("The policy {:?} asks for {what}.", policy.display_name))
}

/// Whether a policy keeps the user out, with which code, and why: it blocks, or asks for what the user is not known to be able to do.
fn barred<'a>(policy: &'a Policy, records: &UserRecords, settings: &TenantSettings) -> Option<(&'a Policy, (i64, &'static str), String)> {
    if policy.asks_for(rules::BLOCK) {
        return Some((policy, BLOCKED, "it lets nobody in at that risk".to_owned()));
    }
    let told = rules::step(policy, records, settings)?.weighed();
    let status = if records.directory.is_mfa_registered == Some(true) { BLOCKED } else { NOT_REGISTERED };
    (told.available != Some(true)).then(|| (policy, status, told.because.join("; ")))
}

#[cfg(test)]
mod tests;

//! What reading back says of one target: 204 is not success (invariant 3).

use chrono::TimeDelta;

use super::action::{Action, Kind};
use super::facts;
use super::password::{PASSWORD_IS_NEW, PASSWORD_IS_OLD};
use super::plan::{Plan, Target};
use super::policy::{self, DISABLED, ENABLED, TenantFacts};
use super::records::{Device, Directory, UserRecords};
use super::risk::{RiskLevel, RiskState};
use super::time::Timestamp;
use super::transition::{Event, Row};

/// The tenant's clock is known by its answers, which tell whole seconds.
const CLOCK: TimeDelta = TimeDelta::seconds(2);

/// What reading back says of one target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verification {
    /// The state is the one that was promised.
    Verified,
    /// The service is still applying the change.
    Processing,
    /// The state is another one; says which, in Graph's words.
    Diverged(String),
    /// The tenant did not tell the state; says what is missing.
    Untold(&'static str),
}

/// What was read of a target, and what is to be known beside.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// The user, or the user of the sign-in: what this reading brought, and nothing that was held before.
    pub records: Option<&'a UserRecords>,
    /// The tenant as a whole.
    pub tenant: &'a TenantFacts,
    /// The account as it was right before the request; `None` where this process did not read it.
    pub before: Option<&'a Directory>,
    /// When the first request that changed it was sent, by the tenant's clock; `None` where nobody knows.
    pub sent: Option<Timestamp>,
    /// Whether the answer was lost, so that it may not have been applied at all.
    pub lost: bool,
    /// The devices that were to be disabled.
    pub devices: &'a [String],
}

impl Seen<'_> {
    /// Whether a time that the tenant tells is that of this request, and not of a change before it. A time that did not move proves it
    /// only within the second of the request, and only where the request was taken: to revoke or reset once more does no harm.
    fn is_of_this(&self, found: Option<Timestamp>, held: impl Fn(&Directory) -> Option<Timestamp>) -> bool {
        let Some(found) = found else { return false };
        match self.before.and_then(held) {
            Some(held) if found > held => return true,
            Some(_) if self.lost => return false,
            Some(_) | None => {}
        }
        let clock = if self.lost { TimeDelta::zero() } else { CLOCK };
        self.sent.is_some_and(|sent| found.0 + clock >= sent.0)
    }
}

/// Compares what was read with what the plan promises of a target; `None` where nothing of it was read.
pub fn verify(plan: &Plan, target: &Target, seen: Seen<'_>) -> Option<Verification> {
    match (plan.action, target) {
        (Action::ExcludeFromPolicy | Action::IncludeInPolicy, Target::User(id)) => {
            let policy =
                seen.tenant.policies.as_ref()?.iter().find(|policy| Some(&policy.id) == plan.policy.as_ref().map(|held| &held.id))?;
            let (found, wanted) = (policy.excludes(id.as_str()), plan.action == Action::ExcludeFromPolicy);
            (found || policy.exclusions_read).then_some(())?;
            Some(told(found == wanted, || format!("the policy {} this user", if found { "leaves out" } else { "does not leave out" })))
        }
        (Action::DisablePolicy | Action::EnablePolicy, Target::Policy(id)) => {
            let policy = seen.tenant.policies.as_ref()?.iter().find(|policy| policy.id == *id)?;
            let wanted = if plan.action == Action::DisablePolicy { DISABLED } else { ENABLED };
            Some(told(policy.state == wanted, || format!("state is {}, expected {wanted}", policy.state)))
        }
        (Action::TrustIp | Action::UntrustIp, Target::Address(address)) => {
            let range = policy::range(address)?;
            seen.tenant.locations.as_ref()?;
            let held = seen.tenant.own_location().is_some_and(|location| location.holds(&range));
            if let (false, Action::UntrustIp, Some(other)) = (held, plan.action, seen.tenant.trusted_by(&range)) {
                return Some(Verification::Diverged(format!("it is still trusted, as part of {:?}", other.display_name)));
            }
            Some(told(held == (plan.action == Action::TrustIp), || {
                format!("the location {} it", if held { "holds" } else { "does not hold" })
            }))
        }
        (_, Target::User(_)) => of_user(plan.action, seen.records?, seen),
        (action, Target::SignIn(id)) => {
            let records = seen.records?;
            let state = records.sign_in(id)?.risk_state.as_ref();
            action.event().map(|event| of_state(event.row(), state, records))
        }
        _ => None,
    }
}

fn of_user(action: Action, records: &UserRecords, seen: Seen<'_>) -> Option<Verification> {
    let directory = &records.directory;
    let of_account = matches!(action.kind(), Kind::Account);
    if of_account && facts::deleted(records) == Some(true) {
        return Some(Verification::Diverged("the user is deleted".to_owned()));
    }
    Some(match action {
        Action::GenerateTemporaryPassword => {
            let Some(changed) = directory.last_password_change_date_time else {
                return Some(Verification::Untold("lastPasswordChangeDateTime"));
            };
            if !seen.is_of_this(Some(changed), |held| held.last_password_change_date_time) {
                return Some(Verification::Diverged(format!("{PASSWORD_IS_OLD} {changed}")));
            }
            match records.user.at_risk() {
                // Who is not listed as risky is at no risk.
                Some(false) | None => Verification::Verified,
                // It was applied, so it must not be sent again: where the answer was lost, the risk is waited for.
                Some(true) if records.user.is_processing == Some(true) || seen.lost => Verification::Processing,
                Some(true) => {
                    let state = records.user.risk_state.as_ref().map_or("unknown", RiskState::as_str);
                    Verification::Diverged(format!("{PASSWORD_IS_NEW}, but riskState is {state}"))
                }
            }
        }
        Action::RequirePasswordChange => match directory.password_change_required {
            Some(required) => told(required, || "the password need not be changed".to_owned()),
            None => Verification::Untold("passwordProfile"),
        },
        Action::RevokeSessions => match directory.sign_in_sessions_valid_from_date_time {
            None => Verification::Untold("signInSessionsValidFromDateTime"),
            found @ Some(valid_from) => told(seen.is_of_this(found, |held| held.sign_in_sessions_valid_from_date_time), || {
                format!("signInSessionsValidFromDateTime is {valid_from}")
            }),
        },
        Action::BlockSignIn | Action::UnblockSignIn => match directory.account_enabled {
            None => Verification::Untold("accountEnabled"),
            Some(found) => told(found == (action == Action::UnblockSignIn), || format!("accountEnabled is {found}")),
        },
        Action::DisableDevices => of_devices(records.devices.as_ref()?, seen.devices),
        action => {
            let event = action.event()?;
            of_state(event.row(), records.user.risk_state.as_ref(), records)
        }
    })
}

/// A device that came after the plan was confirmed is not disabled by it, and not passed over either.
fn of_devices(devices: &[Device], confirmed: &[String]) -> Verification {
    let enabled = devices.iter().filter(|device| device.account_enabled != Some(false));
    let (left, new): (Vec<_>, Vec<_>) = enabled.partition(|device| confirmed.iter().any(|id| id.eq_ignore_ascii_case(&device.id)));
    let lines = [("still enabled", left), ("enabled, and not in the plan", new)];
    let told: Vec<String> = lines
        .iter()
        .filter(|(_, devices)| !devices.is_empty())
        .map(|(what, devices)| format!("{what}: {}", devices.iter().map(|device| device.name()).collect::<Vec<_>>().join(", ")))
        .collect();
    if told.is_empty() { Verification::Verified } else { Verification::Diverged(told.join("; ")) }
}

fn told(holds: bool, otherwise: impl FnOnce() -> String) -> Verification {
    if holds { Verification::Verified } else { Verification::Diverged(otherwise()) }
}

/// Compares a risk state with the one that the row promises.
fn of_state(row: &Row, found: Option<&RiskState>, records: &UserRecords) -> Verification {
    let user = &records.user;
    if found.is_some_and(|found| keeps_promise(row, found)) {
        // Who dismisses before the level is high takes the compromise back unlearnt (`reference/domain.md` section 2, row 18).
        let rises = row.event == Event::ConfirmUserCompromised && user.risk_level != Some(RiskLevel::High);
        if rises { Verification::Processing } else { Verification::Verified }
    } else if user.is_processing == Some(true) {
        Verification::Processing
    } else {
        let found = found.map_or("unknown", RiskState::as_str);
        Verification::Diverged(format!("riskState is {found}, expected {}", row.state))
    }
}

/// Where the documentation does not state the closed state in so many words, any state that closes the risk keeps the promise.
fn keeps_promise(row: &Row, found: &RiskState) -> bool {
    let closed = matches!(found, RiskState::None | RiskState::Dismissed | RiskState::ConfirmedSafe | RiskState::Remediated);
    *found == row.state || (row.inferred && !row.state.is_open() && closed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::dataset::Dataset;
    use crate::domain::fixture;
    use crate::domain::plan::{Access, PlanContext};
    use crate::domain::policy::{IpLocation, OWN_LOCATION, Policy, range_value};
    use crate::domain::transition::{Cause, apply};

    fn plan(action: Action, policy: Option<Policy>) -> Plan {
        let context = PlanContext { policy, ..PlanContext::new("me", Access::ReadWrite, fixture::now()) };
        Plan::compute(action, &[], &Dataset::new(), &context)
    }

    fn nothing(tenant: &TenantFacts) -> Seen<'_> {
        Seen { records: None, tenant, before: None, sent: Some(fixture::now()), lost: false, devices: &[] }
    }

    fn seen(action: Action, records: &UserRecords) -> Option<Verification> {
        let tenant = TenantFacts::default();
        let seen = Seen { records: Some(records), ..nothing(&tenant) };
        verify(&plan(action, None), &Target::User(records.id().clone()), seen)
    }

    fn at(seconds: i64) -> Option<Timestamp> {
        Some(Timestamp(fixture::now().0 + TimeDelta::seconds(seconds)))
    }

    fn cause() -> Cause {
        Cause { at: fixture::now(), initiated_by: None }
    }

    #[test]
    fn reading_back_tells_processing_and_divergence_apart() {
        let mut records = fixture::risky_user("u1", "unlikelyTravel");
        let diverged = Verification::Diverged("riskState is atRisk, expected dismissed".to_owned());
        assert_eq!(seen(Action::DismissUserRisk, &records), Some(diverged));
        records.user.is_processing = Some(true);
        assert_eq!(seen(Action::DismissUserRisk, &records), Some(Verification::Processing));
    }

    #[test]
    fn an_inferred_closed_state_may_be_another_closed_one() {
        let mut records = fixture::risky_user("u1", "unlikelyTravel");
        records.user.risk_state = Some(RiskState::None);
        assert_eq!(seen(Action::ConfirmUserSafe, &records), Some(Verification::Verified));
        assert_ne!(seen(Action::DismissUserRisk, &records), Some(Verification::Verified));
    }

    #[test]
    fn a_compromise_is_confirmed_when_the_level_is_high() {
        let mut records = fixture::risky_user("u1", "unlikelyTravel");
        apply(Event::ConfirmUserCompromised, &mut records, &[], &cause());
        assert_eq!(seen(Action::ConfirmUserCompromised, &records), Some(Verification::Verified));
        records.user.risk_level = Some(RiskLevel::Low);
        assert_eq!(seen(Action::ConfirmUserCompromised, &records), Some(Verification::Processing));
    }

    #[test]
    fn a_new_password_that_left_the_risk_open_is_not_success() {
        let mut records = fixture::risky_user("u1", "unlikelyTravel");
        records.directory.last_password_change_date_time = at(-300);
        assert!(matches!(seen(Action::GenerateTemporaryPassword, &records), Some(Verification::Diverged(_))));
        records.directory.last_password_change_date_time = at(-1);
        let told = seen(Action::GenerateTemporaryPassword, &records);
        assert_eq!(told, Some(Verification::Diverged("the password is new, but riskState is atRisk".to_owned())));
        apply(Event::GenerateTemporaryPassword, &mut records, &[], &cause());
        assert_eq!(seen(Action::GenerateTemporaryPassword, &records), Some(Verification::Verified));
    }

    #[test]
    fn what_the_step_before_did_is_no_proof_that_a_lost_request_was_applied() {
        let mut records = fixture::risky_user("u1", "unlikelyTravel");
        records.directory.sign_in_sessions_valid_from_date_time = at(-1);
        let tenant = TenantFacts::default();
        let told = |lost| {
            let seen = Seen { records: Some(&records), lost, ..nothing(&tenant) };
            verify(&plan(Action::RevokeSessions, None), &Target::User(records.id().clone()), seen)
        };
        assert_eq!(told(false), Some(Verification::Verified), "clocks do not agree to the second");
        assert!(matches!(told(true), Some(Verification::Diverged(_))));
    }

    #[test]
    fn accounts_sessions_and_devices_are_read_back() {
        let mut records = fixture::risky_user("u1", "unlikelyTravel");
        for action in [Action::BlockSignIn, Action::RevokeSessions, Action::RequirePasswordChange] {
            assert!(matches!(seen(action, &UserRecords::unknown("u1".into())), Some(Verification::Untold(_))), "{action}");
        }
        records.directory.account_enabled = Some(true);
        records.directory.sign_in_sessions_valid_from_date_time = at(-300);
        records.directory.password_change_required = Some(false);
        for action in [Action::BlockSignIn, Action::RevokeSessions, Action::RequirePasswordChange] {
            assert!(matches!(seen(action, &records), Some(Verification::Diverged(_))), "{action}");
        }
        assert_eq!(seen(Action::DisableDevices, &records), None, "devices were not read");
        records.directory.account_enabled = Some(false);
        records.directory.sign_in_sessions_valid_from_date_time = at(2);
        records.directory.password_change_required = Some(true);
        let mut device = Device {
            id: "o".into(),
            device_id: None,
            display_name: Some("LAPTOP".into()),
            operating_system: None,
            account_enabled: Some(true),
        };
        records.devices = Some(vec![device.clone()]);
        for action in [Action::BlockSignIn, Action::RevokeSessions, Action::RequirePasswordChange] {
            assert_eq!(seen(action, &records), Some(Verification::Verified), "{action}");
        }
        let new = Verification::Diverged("enabled, and not in the plan: LAPTOP".to_owned());
        assert_eq!(seen(Action::DisableDevices, &records), Some(new));
        let (tenant, target) = (TenantFacts::default(), Target::User(records.id().clone()));
        let of_plan = Seen { records: Some(&records), devices: &["O".to_owned()], ..nothing(&tenant) };
        let left = Verification::Diverged("still enabled: LAPTOP".to_owned());
        assert_eq!(verify(&plan(Action::DisableDevices, None), &target, of_plan), Some(left));
        device.account_enabled = Some(false);
        records.devices = Some(vec![device]);
        assert_eq!(seen(Action::DisableDevices, &records), Some(Verification::Verified));
    }

    #[test]
    fn policies_and_locations_are_read_back() {
        let object = serde_json::json!({"id": "p", "displayName": "P", "state": "enabled", "conditions": {"users": {"excludeUsers": []}}});
        let mut policy = Policy::read(object.as_object().unwrap()).unwrap();
        let mut tenant = TenantFacts { policies: Some(vec![policy.clone()]), locations: Some(Vec::new()) };
        let user = Target::User("u1".into());
        let one = |action, target: &Target, tenant: &TenantFacts| verify(&plan(action, Some(policy.clone())), target, nothing(tenant));
        let address = Target::Address("203.0.113.7".to_owned());
        assert!(matches!(one(Action::ExcludeFromPolicy, &user, &tenant), Some(Verification::Diverged(_))));
        assert!(matches!(one(Action::DisablePolicy, &Target::Policy("p".to_owned()), &tenant), Some(Verification::Diverged(_))));
        assert!(matches!(one(Action::TrustIp, &address, &tenant), Some(Verification::Diverged(_))));
        assert_eq!(one(Action::UntrustIp, &address, &tenant), Some(Verification::Verified));
        assert_eq!(one(Action::TrustIp, &address, &TenantFacts::default()), None);
        let mut after = policy.clone();
        after.exclude_users.push("U1".to_owned());
        after.state = DISABLED.to_owned();
        let ranges = vec![range_value(&policy::range("203.0.113.7").unwrap())];
        tenant.locations = Some(vec![IpLocation {
            id: "l".to_owned(),
            display_name: OWN_LOCATION.to_owned(),
            is_trusted: true,
            ranges,
            ..IpLocation::default()
        }]);
        tenant.policies = Some(vec![after]);
        for (action, target) in
            [(Action::ExcludeFromPolicy, &user), (Action::DisablePolicy, &Target::Policy("p".to_owned())), (Action::TrustIp, &address)]
        {
            assert_eq!(one(action, target, &tenant), Some(Verification::Verified), "{action}");
        }
        policy.id = "other".to_owned();
        assert_eq!(verify(&plan(Action::ExcludeFromPolicy, Some(policy)), &user, nothing(&tenant)), None);
    }
}

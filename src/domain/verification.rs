//! What reading back says of one target: 204 is not success (invariant 3).

use chrono::TimeDelta;

use super::action::Action;
use super::plan::{Plan, Target};
use super::policy::{self, DISABLED, ENABLED, TenantFacts};
use super::records::UserRecords;
use super::risk::{RiskLevel, RiskState};
use super::time::Timestamp;
use super::transition::{Event, Row};

/// The clocks of this machine and of the services do not agree to the second.
const CLOCKS: TimeDelta = TimeDelta::minutes(1);

/// What reading back says of one target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verification {
    /// The state is the one that was promised.
    Verified,
    /// The service is still applying the change.
    Processing,
    /// The state is another one; says which, in Graph's words.
    Diverged(String),
}

/// What was read of a target.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// The user, or the user of the sign-in.
    pub records: Option<&'a UserRecords>,
    /// The tenant as a whole.
    pub tenant: &'a TenantFacts,
    /// When the first request that changed it was sent; `None` where nobody knows.
    pub sent: Option<Timestamp>,
    /// Whether the answer was lost, so that it may not have been applied at all.
    pub lost: bool,
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
    // Where nobody knows when it was sent, nobody can tell this change from an older one. What may not have been applied must not
    // pass for the step before it: to revoke or reset once more does no harm.
    let clocks = if seen.lost { TimeDelta::zero() } else { CLOCKS };
    let since = |at: Option<Timestamp>| at.zip(seen.sent).is_some_and(|(at, sent)| at.0 + clocks >= sent.0);
    let shown = |at: Option<Timestamp>| at.map_or_else(|| "unknown".to_owned(), |at| at.to_string());
    Some(match action {
        Action::GenerateTemporaryPassword => {
            let changed = directory.last_password_change_date_time;
            if !since(changed) {
                Verification::Diverged(format!("lastPasswordChangeDateTime is {}", shown(changed)))
            } else if records.user.at_risk() == Some(true) {
                // It was applied, so it must not be sent again: where the answer was lost, the risk is waited for.
                if records.user.is_processing == Some(true) || seen.lost {
                    return Some(Verification::Processing);
                }
                let state = records.user.risk_state.as_ref().map_or("unknown", RiskState::as_str);
                Verification::Diverged(format!("the password is new, but riskState is {state}"))
            } else {
                Verification::Verified
            }
        }
        Action::RequirePasswordChange => match directory.password_change_required {
            Some(true) => Verification::Verified,
            found => Verification::Diverged(format!(
                "whether the password must be changed is {}",
                found.map_or("unknown".to_owned(), |found| found.to_string())
            )),
        },
        Action::RevokeSessions => {
            let valid_from = directory.sign_in_sessions_valid_from_date_time;
            told(since(valid_from), || format!("signInSessionsValidFromDateTime is {}", shown(valid_from)))
        }
        Action::BlockSignIn | Action::UnblockSignIn => {
            let wanted = action == Action::UnblockSignIn;
            let found = directory.account_enabled;
            told(found == Some(wanted), || format!("accountEnabled is {}", found.map_or("unknown".to_owned(), |found| found.to_string())))
        }
        Action::DisableDevices => {
            let enabled: Vec<&str> = records
                .devices
                .as_ref()?
                .iter()
                .filter(|device| device.account_enabled != Some(false))
                .map(|device| device.name())
                .collect();
            told(enabled.is_empty(), || format!("still enabled: {}", enabled.join(", ")))
        }
        action => {
            let event = action.event()?;
            of_state(event.row(), records.user.risk_state.as_ref(), records)
        }
    })
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
    use crate::domain::records::Device;
    use crate::domain::transition::{Cause, apply};

    fn plan(action: Action, policy: Option<Policy>) -> Plan {
        let context = PlanContext { policy, ..PlanContext::new("me", Access::ReadWrite, fixture::now()) };
        Plan::compute(action, &[], &Dataset::new(), &context)
    }

    fn seen(action: Action, records: &UserRecords) -> Option<Verification> {
        let tenant = TenantFacts::default();
        let seen = Seen { records: Some(records), tenant: &tenant, sent: Some(fixture::now()), lost: false };
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
        records.directory.last_password_change_date_time = at(-10);
        let told = seen(Action::GenerateTemporaryPassword, &records);
        assert_eq!(told, Some(Verification::Diverged("the password is new, but riskState is atRisk".to_owned())));
        apply(Event::GenerateTemporaryPassword, &mut records, &[], &cause());
        assert_eq!(seen(Action::GenerateTemporaryPassword, &records), Some(Verification::Verified));
    }

    #[test]
    fn what_the_step_before_did_is_no_proof_that_a_lost_request_was_applied() {
        let mut records = fixture::risky_user("u1", "unlikelyTravel");
        records.directory.sign_in_sessions_valid_from_date_time = at(-2);
        let tenant = TenantFacts::default();
        let told = |lost| {
            let seen = Seen { records: Some(&records), tenant: &tenant, sent: Some(fixture::now()), lost };
            verify(&plan(Action::RevokeSessions, None), &Target::User(records.id().clone()), seen)
        };
        assert_eq!(told(false), Some(Verification::Verified), "clocks do not agree to the second");
        assert!(matches!(told(true), Some(Verification::Diverged(_))));
    }

    #[test]
    fn accounts_sessions_and_devices_are_read_back() {
        let mut records = fixture::risky_user("u1", "unlikelyTravel");
        for action in [Action::BlockSignIn, Action::RevokeSessions, Action::RequirePasswordChange] {
            assert!(matches!(seen(action, &records), Some(Verification::Diverged(_))), "{action}");
        }
        assert_eq!(seen(Action::DisableDevices, &records), None, "devices were not read");
        records.directory.account_enabled = Some(false);
        records.directory.sign_in_sessions_valid_from_date_time = at(2);
        records.directory.password_change_required = Some(true);
        let mut device = Device {
            id: "o".to_owned(),
            device_id: None,
            display_name: Some("LAPTOP".to_owned()),
            operating_system: None,
            account_enabled: Some(true),
        };
        records.devices = Some(vec![device.clone()]);
        for action in [Action::BlockSignIn, Action::RevokeSessions, Action::RequirePasswordChange] {
            assert_eq!(seen(action, &records), Some(Verification::Verified), "{action}");
        }
        assert_eq!(seen(Action::DisableDevices, &records), Some(Verification::Diverged("still enabled: LAPTOP".to_owned())));
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
        let one = |action, target: &Target, tenant: &TenantFacts| {
            verify(&plan(action, Some(policy.clone())), target, Seen { records: None, tenant, sent: None, lost: false })
        };
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
        tenant.locations = Some(vec![IpLocation { id: "l".to_owned(), display_name: OWN_LOCATION.to_owned(), is_trusted: true, ranges }]);
        tenant.policies = Some(vec![after]);
        for (action, target) in
            [(Action::ExcludeFromPolicy, &user), (Action::DisablePolicy, &Target::Policy("p".to_owned())), (Action::TrustIp, &address)]
        {
            assert_eq!(one(action, target, &tenant), Some(Verification::Verified), "{action}");
        }
        policy.id = "other".to_owned();
        assert_eq!(
            verify(&plan(Action::ExcludeFromPolicy, Some(policy)), &user, Seen { records: None, tenant: &tenant, sent: None, lost: false }),
            None
        );
    }
}

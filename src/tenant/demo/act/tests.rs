use std::time::Duration;

use super::super::tests::{Place, call, fault, open_ids, read, users};
use crate::domain::action::Action;
use crate::domain::dataset::Dataset;
use crate::domain::fixture;
use crate::domain::plan::{Access, Plan, PlanContext, Target};
use crate::domain::policy::{OWN_LOCATION, Policy, TenantFacts, range};
use crate::domain::records::{Record, UserRecords};
use crate::domain::risk::{RiskDetail, RiskState};
use crate::domain::verification::{Seen, Verification, verify};
use crate::domain::workspace::{Fault, FaultKind};
use crate::tenant::demo::DemoTenant;
use crate::tenant::{Call, Tenant, TenantError};

const ACCOUNT: [Action; 6] = [
    Action::GenerateTemporaryPassword,
    Action::RequirePasswordChange,
    Action::RevokeSessions,
    Action::BlockSignIn,
    Action::UnblockSignIn,
    Action::DisableDevices,
];

const CA201: &str = "CA201: Require password change for medium and high user risk";

fn one(action: Action, id: &str) -> Call {
    call(action, &[id.to_owned()])
}

fn facts_of(read: Vec<Record>) -> TenantFacts {
    let mut facts = TenantFacts::default();
    for record in read {
        match record {
            Record::Policies(policies) => facts.policies = Some(policies),
            Record::Locations(locations) => facts.locations = Some(locations),
            _ => {}
        }
    }
    facts
}

async fn facts(tenant: &DemoTenant) -> TenantFacts {
    facts_of(tenant.page(None).await.unwrap().records)
}

async fn policy(tenant: &DemoTenant, name: &str) -> Policy {
    facts(tenant).await.policy_named(name).unwrap().cloned().unwrap()
}

fn on_policy(action: Action, policy: &Policy, ids: &[&str]) -> Call {
    let ids: Vec<String> = ids.iter().map(|id| (*id).to_owned()).collect();
    Call { policy: Some(policy.clone()), ..call(action, &ids) }
}

/// The ids of a user's devices.
async fn devices(tenant: &DemoTenant, id: &str) -> Vec<String> {
    let read = tenant.read_back(Action::DisableDevices, &[Target::User(id.into())], None).await.unwrap();
    let devices = read.into_iter().filter_map(|record| match record {
        Record::Devices(_, devices) => Some(devices),
        _ => None,
    });
    devices.flatten().map(|device| device.id.into()).collect()
}

/// What reading back says of an action on an account.
async fn verified(tenant: &DemoTenant, action: Action, id: &str) -> Option<Verification> {
    let target = Target::User(id.into());
    let mut records = UserRecords::unknown(id.into());
    let read = tenant.read_back(action, std::slice::from_ref(&target), None).await.unwrap();
    crate::domain::filing::file_all(&mut records, read, &mut |_| {});
    let plan = Plan::compute(action, &[], &Dataset::new(), &PlanContext::new("me", Access::ReadWrite, fixture::now()));
    let seen = Seen {
        records: Some(&records),
        tenant: &TenantFacts::default(),
        before: None,
        sent: Some(fixture::now()),
        lost: false,
        devices: &[],
    };
    verify(&plan, &target, seen)
}

fn index(tenant: &DemoTenant, id: &str) -> UserRecords {
    tenant.records(tenant.population().user(id).unwrap())
}

#[tokio::test(start_paused = true)]
async fn every_action_on_an_account_is_verified_and_holds_after_reopening() {
    for action in ACCOUNT {
        let place = Place::new(vec![]);
        let tenant = place.open();
        let id = open_ids(&tenant)[0].clone();
        if action == Action::UnblockSignIn {
            tenant.act(&one(Action::BlockSignIn, &id)).await.unwrap();
        }
        assert!(!matches!(verified(&tenant, action, &id).await, Some(Verification::Verified)), "{action}");
        let devices = devices(&tenant, &id).await;
        tenant.act(&Call { devices, ..one(action, &id) }).await.unwrap();
        for tenant in [tenant, place.open()] {
            assert_eq!(verified(&tenant, action, &id).await, Some(Verification::Verified), "{action}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn only_the_devices_that_were_shown_are_disabled() {
    let tenant = Place::new(vec![]).open();
    let several = |records: &UserRecords| records.devices.as_ref().is_some_and(|devices| devices.len() > 1);
    let id = users(&tenant, several).remove(0);
    let all = devices(&tenant, &id).await;
    tenant.act(&Call { devices: all[..1].to_vec(), ..one(Action::DisableDevices, &id) }).await.unwrap();
    let told = verified(&tenant, Action::DisableDevices, &id).await;
    assert!(matches!(&told, Some(Verification::Diverged(because)) if because.contains("not in the plan")), "{told:?}");
    let left = index(&tenant, &id).devices.unwrap().into_iter().filter(|device| device.account_enabled != Some(false)).count();
    assert_eq!(left, all.len() - 1);
}

#[tokio::test(start_paused = true)]
async fn a_temporary_password_closes_open_risk_and_leaves_calm_users_as_they_are() {
    let tenant = Place::new(vec![]).open();
    let risky = open_ids(&tenant)[0].clone();
    let calm = users(&tenant, |records| records.user.risk_state == Some(RiskState::None)).remove(0);
    for (id, state) in [(&risky, RiskState::Remediated), (&calm, RiskState::None)] {
        tenant.act(&one(Action::GenerateTemporaryPassword, id)).await.unwrap();
        let records = index(&tenant, id);
        assert_eq!(records.user.risk_state, Some(state));
        assert_eq!(records.directory.password_change_required, Some(true));
        assert_eq!(records.directory.last_password_change_date_time, Some(fixture::now()));
        assert_eq!(records.directory.sign_in_sessions_valid_from_date_time, Some(fixture::now()));
    }
    assert_eq!(index(&tenant, &risky).user.risk_detail, Some(RiskDetail::AdminGeneratedTemporaryPassword));
}

#[tokio::test(start_paused = true)]
async fn a_required_change_leaves_the_risk_open() {
    let tenant = Place::new(vec![]).open();
    let id = open_ids(&tenant)[0].clone();
    let before = index(&tenant, &id);
    tenant.act(&one(Action::RequirePasswordChange, &id)).await.unwrap();
    let after = index(&tenant, &id);
    assert_eq!((after.user.clone(), after.directory.password_change_required), (before.user, Some(true)));
    assert!(tenant.change_is_with_mfa(tenant.population().user(&id).unwrap()));
}

#[tokio::test(start_paused = true)]
async fn who_is_deleted_or_unknown_is_not_found() {
    let tenant = Place::new(vec![]).open();
    let deleted = users(&tenant, |records| records.user.is_deleted == Some(true)).remove(0);
    let shown = policy(&tenant, CA201).await;
    for id in [deleted.as_str(), "nobody"] {
        let calls = ACCOUNT.map(|action| one(action, id)).into_iter().chain([on_policy(Action::ExcludeFromPolicy, &shown, &[id])]);
        for call in calls {
            let Err(TenantError::Rejected { status: 404, code, .. }) = tenant.act(&call).await else { panic!("{call:?}") };
            assert_eq!(code, "Request_ResourceNotFound");
        }
    }
    let ids = open_ids(&tenant);
    assert!(tenant.act(&call(Action::BlockSignIn, &ids[..2])).await.is_err(), "an account is changed by itself");
    assert!(tenant.act(&one(Action::SecureAccount, &ids[0])).await.is_err(), "a playbook is never sent");
    assert!(tenant.act(&one(Action::DisablePolicy, &shown.id)).await.is_err(), "it was not shown");
    assert!(tenant.act(&one(Action::TrustIp, "somewhere")).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn policies_are_changed_undone_and_hold_after_reopening() {
    let place = Place::new(vec![]);
    let tenant = place.open();
    let before = policy(&tenant, CA201).await;
    let id = open_ids(&tenant)[0].clone();
    tenant.act(&on_policy(Action::ExcludeFromPolicy, &before, &[&id])).await.unwrap();
    let excluded = policy(&tenant, CA201).await;
    assert!(excluded.excludes(&id) && excluded.exclude_users.len() == before.exclude_users.len() + 1);
    tenant.act(&on_policy(Action::DisablePolicy, &excluded, &[&before.id])).await.unwrap();
    let tenant = place.open();
    let disabled = policy(&tenant, CA201).await;
    assert!(disabled.excludes(&id) && !disabled.is_enforced());
    let read = tenant.read_back(Action::DisablePolicy, &[Target::Policy(before.id.clone())], None).await.unwrap();
    assert_eq!(facts_of(read).policy(&before.id), Some(&disabled));
    tenant.act(&on_policy(Action::EnablePolicy, &disabled, &[&before.id])).await.unwrap();
    tenant.act(&on_policy(Action::IncludeInPolicy, &excluded, &[&id])).await.unwrap();
    assert_eq!(policy(&tenant, CA201).await, before);
}

#[tokio::test(start_paused = true)]
async fn a_policy_that_somebody_else_changed_stays_as_it_is() {
    let tenant = Place::new(vec![]).open();
    let shown = policy(&tenant, CA201).await;
    let ids = open_ids(&tenant);
    tenant.act(&on_policy(Action::ExcludeFromPolicy, &shown, &[&ids[0]])).await.unwrap();
    let error = tenant.act(&on_policy(Action::DisablePolicy, &shown, &[&shown.id])).await.unwrap_err();
    let TenantError::Changed { message } = error else { panic!("{error:?}") };
    assert!(message.contains("CA201") && message.contains("entriage sync"), "{message}");
    assert!(policy(&tenant, CA201).await.is_enforced());
}

#[tokio::test(start_paused = true)]
async fn addresses_are_trusted_in_a_location_of_their_own_and_taken_out_again() {
    let place = Place::new(vec![]);
    let tenant = place.open();
    let before = facts(&tenant).await.locations.unwrap();
    for address in ["203.0.113.200", "2001:db8::/64"] {
        tenant.act(&one(Action::TrustIp, address)).await.unwrap();
    }
    let tenant = place.open();
    let read = tenant.read_back(Action::TrustIp, &[Target::Address("203.0.113.200".to_owned())], None).await.unwrap();
    let now = facts_of(read);
    let own = now.own_location().unwrap();
    assert_eq!((own.display_name.as_str(), own.ranges.len()), (OWN_LOCATION, 2));
    assert!(own.holds(&range("203.0.113.200").unwrap()));
    tenant.act(&one(Action::UntrustIp, "203.0.113.200/32")).await.unwrap();
    assert_eq!(facts(&tenant).await.own_location().unwrap().ranges.len(), 1);
    tenant.act(&one(Action::UntrustIp, "2001:db8::/64")).await.unwrap();
    assert_eq!(facts(&tenant).await.locations.unwrap(), before);
}

#[tokio::test(start_paused = true)]
async fn faults_strike_the_actions_on_accounts_and_policies_too() {
    for action in [Action::BlockSignIn, Action::ExcludeFromPolicy, Action::TrustIp] {
        let with = |does| Place::new(vec![Fault { actions: vec![action], times: Some(1), ..fault(does) }]).open();
        for (does, applied) in [
            (FaultKind::NoEffect, false),
            (FaultKind::Slow { seconds: 30 }, false),
            (FaultKind::BreakAfter, true),
            (FaultKind::BreakBefore, false),
            (FaultKind::Throttle { retry_after_seconds: None }, false),
            (FaultKind::Poison, false),
        ] {
            let tenant = with(does.clone());
            let id = open_ids(&tenant)[0].clone();
            let call = match action {
                Action::BlockSignIn => one(action, &id),
                Action::TrustIp => one(action, "203.0.113.200"),
                _ => on_policy(action, &policy(&tenant, CA201).await, &[&id]),
            };
            let answer = tenant.act(&call).await;
            assert_eq!(answer.is_ok(), matches!(does, FaultKind::NoEffect | FaultKind::Slow { .. }), "{action} {does:?}");
            assert_eq!(is_done(&tenant, action, &id).await, applied, "{action} {does:?}");
            if matches!(does, FaultKind::Slow { .. }) {
                tokio::time::advance(Duration::from_secs(31)).await;
                assert!(is_done(&tenant, action, &id).await, "{action}");
            }
        }
    }
}

async fn is_done(tenant: &DemoTenant, action: Action, id: &str) -> bool {
    let now = facts(tenant).await;
    match action {
        Action::BlockSignIn => index(tenant, id).directory.account_enabled == Some(false),
        Action::TrustIp => now.own_location().is_some(),
        _ => now.policy_named(CA201).unwrap().unwrap().excludes(id),
    }
}

#[tokio::test(start_paused = true)]
async fn a_new_password_is_there_at_once_though_the_risk_takes_its_time() {
    let tenant = Place::new(vec![fault(FaultKind::Slow { seconds: 30 })]).open();
    let id = open_ids(&tenant)[0].clone();
    tenant.act(&one(Action::GenerateTemporaryPassword, &id)).await.unwrap();
    assert_eq!(verified(&tenant, Action::GenerateTemporaryPassword, &id).await, Some(Verification::Processing));
    tokio::time::advance(Duration::from_secs(31)).await;
    assert_eq!(verified(&tenant, Action::GenerateTemporaryPassword, &id).await, Some(Verification::Verified));
}

#[tokio::test(start_paused = true)]
async fn applying_is_counted_for_each_action_by_itself() {
    let tenant = Place::new(vec![]).open();
    let id = open_ids(&tenant)[0].clone();
    for action in [Action::BlockSignIn, Action::RevokeSessions, Action::ConfirmUserCompromised] {
        tenant.act(&one(action, &id)).await.unwrap();
    }
    assert_eq!(tenant.most_applied(), 1);
    tenant.act(&one(Action::RevokeSessions, &id)).await.unwrap();
    assert_eq!(tenant.most_applied(), 2);
}

#[tokio::test(start_paused = true)]
async fn looking_at_a_user_tells_account_devices_and_methods() {
    let tenant = Place::new(vec![]).open();
    let two = users(&tenant, |records| records.devices.as_ref().is_some_and(|devices| devices.len() == 2));
    assert!(two.len() >= 10, "{}", two.len());
    let looked = tenant.look(&two[0].as_str().into()).await.unwrap();
    let mut records = UserRecords::unknown(two[0].as_str().into());
    crate::domain::filing::file_all(&mut records, looked, &mut |_| {});
    let held = index(&tenant, &two[0]);
    assert_eq!((records.devices, records.methods, records.directory), (held.devices, held.methods, held.directory));
    assert_eq!(tenant.look(&"nobody".into()).await.unwrap(), []);
    let read = read(&tenant, &two[0]).await;
    assert_eq!((read.devices, read.methods), (None, None), "they are too much to read of everybody");
}

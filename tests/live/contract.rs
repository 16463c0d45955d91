//! What every tenant must do, run over the demo in this process and over Graph against the emulator.

use std::collections::BTreeMap;

use entriage::domain::action::{Action, Aim};
use entriage::domain::facts;
use entriage::domain::happening::Happening;
use entriage::domain::plan::{Because, Plan, Target, Verdict};
use entriage::domain::policy::TenantFacts;
use entriage::domain::records::UserRecords;
use entriage::domain::risk::{RiskLevel, RiskState};
use entriage::domain::settings::TenantSettings;
use entriage::domain::verification::{Seen, Verification, verify};
use entriage::domain::workspace::{Fault, FaultKind};
use entriage::engine::EngineError;
use entriage::tenant::demo::Simulation;
use entriage::tenant::{Call, TenantError};

use crate::support::{KINDS, Kind, Place, fault, place};

/// What of a user both tenants tell. History is read for no list, and sign-ins without risk are not read from Graph.
fn told(records: &UserRecords) -> BTreeMap<String, String> {
    let user = &records.user;
    let mut told = BTreeMap::new();
    let risk = (&user.risk_level, &user.risk_state, &user.risk_detail, &user.risk_last_updated_date_time);
    told.insert("risk".to_owned(), format!("{risk:?}"));
    told.insert("names".to_owned(), format!("{:?} {:?}", user.user_principal_name, user.user_display_name));
    told.insert("deleted".to_owned(), format!("{:?}", facts::deleted(records)));
    if facts::deleted(records) != Some(true) {
        let directory = &records.directory;
        told.insert(
            "directory".to_owned(),
            format!(
                "{:?} {:?} {:?} {:?}",
                directory.account_enabled,
                directory.user_type,
                directory.on_premises_sync_enabled,
                directory.last_password_change_date_time
            ),
        );
        // The registration report leaves disabled users out.
        if directory.account_enabled != Some(false) {
            let registration = (directory.is_admin, directory.is_mfa_registered, directory.is_sspr_registered);
            told.insert("registration".to_owned(), format!("{registration:?}"));
        }
    }
    for detection in &records.detections {
        let what = (&detection.risk_event_type, &detection.risk_state, &detection.risk_level, &detection.request_id);
        told.insert(format!("detection {}", detection.id), format!("{what:?} {:?}", detection.additional_info));
    }
    for sign_in in records.sign_ins.iter().filter(|sign_in| sign_in.is_risky()) {
        let what = (&sign_in.risk_state, &sign_in.session_id, &sign_in.unique_token_identifier, &sign_in.ip_address);
        told.insert(format!("sign-in {}", sign_in.id), format!("{what:?} {:?}", sign_in.created_date_time));
    }
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_read_through_graph_is_what_the_tenant_holds() {
    let (demo, live) = (place(Kind::Demo, 200, vec![]).await, place(Kind::Live, 200, vec![]).await);
    let notes = live.session.store.sync_state().unwrap().notes;
    assert!(notes.is_empty(), "{notes:?}");
    let mut seen = 0;
    for records in live.users() {
        let held = demo.user(records.id().as_str());
        if held.user.risk_state.is_none() {
            continue; // nothing is known of these but an id
        }
        assert_eq!(told(&records), told(&held), "{}", records.user.name());
        seen += 1;
    }
    let risky =
        demo.users().iter().filter(|records| records.user.risk_state.as_ref().is_some_and(|state| *state != RiskState::None)).count();
    assert!(seen >= risky && risky > 100, "{seen} of {risky} risky users were read");
}

/// Targets that a verb can be tried on, and how many.
fn targets(place: &Place, action: Action) -> (Vec<Target>, usize) {
    if action.aim() == Aim::SignIn { (place.sign_ins_at_risk(), 2) } else { (place.all_users(), 3) }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_verb_brings_about_what_the_table_promises_and_is_verified() {
    for kind in KINDS {
        let place = place(kind, 200, vec![]).await;
        for action in Action::feedback() {
            let (targets, most) = targets(&place, action);
            let plan = place.plan(action, &targets, most);
            assert!(plan.included_count() > 0, "{kind:?} {action}: nobody to act on");
            let users: Vec<String> =
                plan.included().map(|target| target.user_id.as_ref().map_or(target.id.clone(), ToString::to_string)).collect();
            let acted: Vec<Target> = plan.included().map(|target| plan.target(target)).collect();
            let held = plan.clone();
            let report = place.run(plan).await.unwrap();
            let job = place.job(report.job);
            assert!(report.tally.all_verified(), "{kind:?} {action}: {:?}", job.items);
            place.sync().await;
            for (user, target) in users.iter().zip(acted) {
                let records = place.user(user);
                let seen =
                    Seen { records: Some(&records), tenant: &TenantFacts::default(), before: None, sent: None, lost: false, devices: &[] };
                assert_eq!(verify(&held, &target, seen), Some(Verification::Verified), "{kind:?} {action}");
                if action == Action::DismissUserRisk {
                    assert!(records.detections.iter().all(|detection| !detection.is_open()), "{kind:?}: detections follow");
                    assert!(records.sign_ins.iter().all(|sign_in| sign_in.at_risk() != Some(true)), "{kind:?}: sign-ins follow");
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_user_is_refused_before_anything_is_sent() {
    for kind in KINDS {
        let place = place(kind, 200, vec![]).await;
        let deleted: Vec<Target> = place
            .users()
            .iter()
            .filter(|records| facts::deleted(records) == Some(true) && records.user.at_risk() == Some(true))
            .map(|records| Target::User(records.id().clone()))
            .collect();
        assert!(!deleted.is_empty(), "{kind:?}: the tenant has deleted users at risk");
        let plan = place.plan(Action::DismissUserRisk, &deleted, usize::MAX);
        assert_eq!(plan.included_count(), 0, "{kind:?}");
        let dataset = place.session.load().unwrap();
        let context = place.session.plan_context("", false);
        let plan = entriage::domain::plan::Plan::compute(Action::DismissUserRisk, &deleted, &dataset, &context);
        assert!(plan.targets.iter().all(|target| target.verdict == Verdict::Refused && target.because.contains(&Because::Deleted)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poisoned_id_fails_alone_and_is_named() {
    for kind in KINDS {
        let poison = Fault { user: Some("alex.wilber@contoso.test".to_owned()), ..fault(FaultKind::Poison) };
        let place = place(kind, 200, vec![poison]).await;
        let plan = place.plan(Action::DismissUserRisk, &place.all_users(), 70);
        let poisoned = plan.included().find(|target| target.user_principal_name.as_deref() == Some("alex.wilber@contoso.test"));
        let poisoned = poisoned.unwrap().id.clone();
        let report = place.run(plan).await.unwrap();
        assert_eq!((report.tally.verified, report.tally.failed), (69, 1), "{kind:?} {:?}", report.tally);
        let job = place.job(report.job);
        let item = job.items.iter().find(|item| item.id == poisoned).unwrap();
        assert!(format!("{:?}", item.state).contains("invalid"), "{kind:?} {:?}", item.state);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_sixty_ids_and_closed_gates_are_refused_where_the_call_would_leave() {
    for kind in KINDS {
        let place = place(kind, 200, vec![]).await;
        let ids: Vec<String> = place.users().iter().take(61).map(|records| records.id().to_string()).collect();
        let call = Call::new(Action::DismissUserRisk, ids, "me");
        place.session.tenant.turn(Action::DismissUserRisk).await.unwrap();
        let refused = place.session.tenant.act(&call).await;
        assert!(matches!(refused, Err(TenantError::Rejected { status: 400, .. })), "{kind:?} {refused:?}");
        place.session.set_writable(false).unwrap();
        assert_eq!(place.session.tenant.act(&call).await, Err(TenantError::ReadOnly), "{kind:?}");
        place.session.set_writable(true).unwrap();
        let plan = place.plan(Action::DismissUserRisk, &place.all_users(), 2);
        place.session.set_writable(false).unwrap();
        let refused = place.run(plan).await;
        assert!(matches!(refused, Err(EngineError::Tenant(TenantError::ReadOnly))), "{kind:?}");
    }
}

/// What happens to users between the plan and its run, without anybody reading the tenant.
async fn happens_unseen(place: &Place, happening: &Happening, user: &str) {
    let (user, settings) = (user.into(), TenantSettings::default());
    let simulation = Simulation { happening, user: &user, sign_in: None, settings: &settings };
    let came = match &place.emulator {
        Some(emulator) => emulator.simulate(&simulation).unwrap(),
        None => place.session.simulate(&simulation).await.unwrap().unwrap(),
    };
    assert!(came.applied, "{happening:?}: {}", came.because);
}

#[tokio::test(flavor = "multi_thread")]
async fn whose_token_was_stolen_since_the_plan_or_who_became_an_administrator_is_left_out_before_the_call() {
    for kind in KINDS {
        let place = place(kind, 200, vec![]).await;
        let plain = |records: &&UserRecords| {
            records.user.risk_state == Some(RiskState::AtRisk)
                && facts::token_theft(records) == Some(false)
                && facts::deleted(records) != Some(true)
                && records.directory.account_enabled == Some(true)
        };
        let users = place.users();
        let (administrators, others): (Vec<&UserRecords>, Vec<&UserRecords>) =
            users.iter().filter(plain).partition(|records| records.directory.is_admin == Some(true));
        // As at a sync before the role was given.
        let mut promoted = administrators[0].clone();
        promoted.directory.is_admin = Some(false);
        place.session.store.put(std::slice::from_ref(&promoted)).unwrap();
        let target = |records: &UserRecords| Target::User(records.id().clone());
        let mut plain = others.iter().filter(|records| records.directory.is_admin == Some(false)).map(|records| target(records));
        for count in [1, 6] {
            let mut targets: Vec<Target> = plain.by_ref().take(count).collect();
            if count > 1 {
                targets.push(target(&promoted));
            }
            let plan = place.plan(Action::DismissUserRisk, &targets, 100);
            assert_eq!(plan.included_count(), targets.len(), "{kind:?}: {:?}", plan.targets);
            let stolen = plan.targets[0].id.clone();
            let happening = Happening::SignIn { detection: "anomalousToken".to_owned(), level: RiskLevel::High };
            happens_unseen(&place, &happening, &stolen).await;
            let report = place.run(plan).await.unwrap();
            let job = place.job(report.job);
            let because = |id: &str| format!("{:?}", job.items.iter().find(|item| item.id == id).unwrap());
            assert!(because(&stolen).contains("tokenTheft"), "{kind:?}: {}", because(&stolen));
            assert_ne!(place.user(&stolen).user.risk_state, Some(RiskState::Dismissed), "{kind:?}");
            if count > 1 {
                assert!(because(promoted.id().as_str()).contains("privileged"), "{kind:?}: {}", because(promoted.id().as_str()));
            }
            assert_eq!(report.tally.verified, count - 1, "{kind:?}: {:?}", job.items);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_not_be_read_again_before_sending_is_told_and_hinders_nothing() {
    let refused = Fault { path: Some("userRegistrationDetails".to_owned()), ..fault(FaultKind::Status { status: 403 }) };
    let place = place(Kind::Live, 60, vec![refused]).await;
    let users = place.users();
    let at_risk = |records: &&UserRecords| records.user.risk_state == Some(RiskState::AtRisk) && facts::deleted(records) != Some(true);
    let target = Target::User(users.iter().find(at_risk).unwrap().id().clone());
    let mut context = place.session.plan_context("contract", true);
    context.reason = "drill".to_owned();
    let plan = Plan::compute(Action::DismissUserRisk, &[target], &place.session.load().unwrap(), &context);
    let (report, notices) = place.run_and_listen(plan).await;
    assert_eq!(report.unwrap().tally.verified, 1);
    assert!(notices.iter().any(|text| text.contains("may not be read before sending")), "{notices:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_deleted_or_remediated_since_the_plan_is_left_out_before_the_call() {
    for kind in KINDS {
        let place = place(kind, 200, vec![]).await;
        let able = |records: &UserRecords| {
            let directory = &records.directory;
            let at_risk = records.user.risk_state == Some(RiskState::AtRisk);
            at_risk && directory.is_sspr_registered == Some(true) && directory.on_premises_sync_enabled == Some(false)
        };
        let able: Vec<Target> =
            place.users().iter().filter(|records| able(records)).map(|records| Target::User(records.id().clone())).collect();
        // Few are asked for one by one, many in a list of what changed.
        for count in [2, 6] {
            let plan = place.plan(Action::DismissUserRisk, &able, count);
            let ids: Vec<String> = plan.included().map(|target| target.id.clone()).collect();
            assert_eq!(ids.len(), count, "{kind:?}");
            happens_unseen(&place, &Happening::UserDeleted, &ids[0]).await;
            happens_unseen(&place, &Happening::SelfServiceReset, &ids[1]).await;
            let report = place.run(plan).await.unwrap();
            let job = place.job(report.job);
            assert_eq!((report.tally.skipped, report.tally.verified), (2, count - 2), "{kind:?}: {:?}", job.items);
            let because = |id: &str| format!("{:?}", job.items.iter().find(|item| item.id == id).unwrap());
            assert!(because(&ids[0]).contains("deleted"), "{kind:?}: {}", because(&ids[0]));
            assert!(because(&ids[1]).contains("notAtRisk"), "{kind:?}: {}", because(&ids[1]));
            assert_eq!(job.next_call > 1, count > 2, "{kind:?}: nothing is sent for nobody");
        }
    }
}

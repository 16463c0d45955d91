//! Bringing a workspace up to date: interrupted, incremental, and with less than everything allowed.

use entriage::domain::action::Action;
use entriage::domain::workspace::{Fault, FaultKind};
use entriage::engine::{EngineError, Session, SyncProgress};
use tokio_util::sync::CancellationToken;

use crate::support::{Kind, Place, fault, place};

/// Runs a full sync that is stopped after so many pages.
async fn stopped_after(session: &Session, pages: usize) -> Vec<&'static str> {
    let cancel = CancellationToken::new();
    let mut told = Vec::new();
    let mut progress = |progress: SyncProgress| {
        told.push(progress.what);
        if told.len() == pages {
            cancel.cancel();
        }
    };
    let ended = session.sync(true, &cancel, &mut progress).await;
    assert!(matches!(ended, Err(EngineError::SyncCancelled)), "{ended:?}");
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sync_that_was_stopped_goes_on_where_it_was_also_in_another_process() {
    let Place { session, emulator, folder: _folder, options } = place(Kind::Live, 60, vec![]).await;
    let emulator = emulator.unwrap();
    let told = stopped_after(&session, 3).await;
    assert_eq!(told, ["risky users", "risk detections", "risky users"], "the riskiest and newest first");
    let unfinished = session.store.sync_state().unwrap().unfinished.unwrap();
    assert_eq!((unfinished.requests, unfinished.full), (3, true));
    let (users, high) = ("identityProtection/riskyUsers", emulator.count("GET", "identityProtection/riskyUsers"));
    drop(session);
    let session = Session::open(&options, "live").await.unwrap();
    let report = session.sync(false, &CancellationToken::new(), &mut |_| {}).await.unwrap();
    assert!(report.full);
    assert_eq!(emulator.count("GET", users), high, "what was read is not read again");
    assert_eq!(session.store.sync_state().unwrap().unfinished, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_changed_is_read_and_closed_sign_ins_follow_their_detections() {
    let place = place(Kind::Live, 200, vec![]).await;
    let plan = place.plan(Action::DismissUserRisk, &place.all_users(), 3);
    let users: Vec<String> = plan.included().map(|target| target.id.clone()).collect();
    place.run(plan).await.unwrap();
    let before = place.emulator().count("GET", "");
    let report = place.session.sync(false, &CancellationToken::new(), &mut |_| {}).await.unwrap();
    assert!(!report.full && report.notes.is_empty(), "{report:?}");
    let requests = place.emulator().count("GET", "") - before;
    assert!(requests < 20, "{requests} requests for three users");
    for user in users {
        let records = place.user(&user);
        assert!(records.detections.iter().all(|detection| !detection.is_open()));
        assert!(records.sign_ins.iter().all(|sign_in| sign_in.at_risk() != Some(true)));
    }
}

/// The notes of a sync under these faults.
async fn notes(faults: Vec<Fault>) -> (Place, Vec<String>) {
    let place = place(Kind::Live, 60, faults).await;
    let notes = place.session.store.sync_state().unwrap().notes;
    (place, notes)
}

#[tokio::test(flavor = "multi_thread")]
async fn without_beta_the_session_fields_are_missing_and_that_is_said() {
    let beta = Fault { path: Some("beta/auditLogs".to_owned()), ..fault(FaultKind::Status { status: 404 }) };
    let (place, notes) = notes(vec![beta]).await;
    assert!(notes.len() == 1 && notes[0].contains("session fields"), "{notes:?}");
    let users = place.users();
    let mut sign_ins = users.iter().flat_map(|records| &records.sign_ins).peekable();
    assert!(sign_ins.peek().is_some(), "those of v1.0 were read");
    assert!(sign_ins.all(|sign_in| sign_in.session_id.is_none() && sign_in.is_interactive != Some(false)));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_permission_the_rest_is_read_and_what_is_missing_is_named() {
    let without = |scope: &str| fault(FaultKind::WithoutScope { scope: scope.to_owned() });
    let (place, notes) = notes(vec![without("AuditLog.Read.All")]).await;
    assert!(notes.iter().any(|note| note.contains("sign-ins cannot be read") && note.contains("AuditLog.Read.All")), "{notes:?}");
    assert!(notes.iter().any(|note| note.contains("administrator")), "{notes:?}");
    assert!(!place.users().is_empty());
    let report = place.session.graph().unwrap().examine().await.unwrap();
    assert!(!report.holder.permissions.iter().any(|name| name == "AuditLog.Read.All"));
}

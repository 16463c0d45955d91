//! Each thing that goes wrong, during a bulk dismissal of 500 users: in the end every user is verified, or named with the reason,
//! and nobody was acted on twice.

use entriage::domain::action::Action;
use entriage::domain::journal::{JobState, Outcome};
use entriage::domain::ledger::{ItemState, Job};
use entriage::domain::workspace::{Fault, FaultKind};

use crate::support::{Kind, fault, on_lists, on_writes, place};

const USERS: usize = 500;

/// Runs the dismissal under these faults.
async fn dismissal(faults: Vec<Fault>) -> (Job, u32) {
    let place = place(Kind::Live, 1_100, faults).await;
    let plan = place.plan(Action::DismissUserRisk, &place.all_users(), USERS);
    assert_eq!(plan.included_count(), USERS);
    let job = place.run_through(plan).await;
    assert_eq!(job.state, JobState::Done);
    assert_eq!(job.items.len(), USERS);
    for item in &job.items {
        match &item.state {
            ItemState::Ended(Outcome::Verified, _) => {}
            ItemState::Ended(_, Some(because)) if !because.is_empty() => {}
            other => panic!("{} came out without a reason: {other:?}", item.id),
        }
    }
    assert!(place.session.store.verify().unwrap().is_ok(), "the chain holds");
    (job, place.emulator().greatest_acts_per_id())
}

async fn all_verified_once(faults: Vec<Fault>) {
    let shown = format!("{faults:?}");
    let (job, most) = dismissal(faults).await;
    let tally = job.tally();
    assert!(tally.all_verified(), "{shown}: {tally:?}");
    assert_eq!(most, 1, "{shown}: somebody was acted on {most} times");
}

#[tokio::test(flavor = "multi_thread")]
async fn throttling_with_and_without_a_time_to_wait() {
    all_verified_once(vec![on_writes(3, FaultKind::Throttle { retry_after_seconds: None })]).await;
    all_verified_once(vec![on_writes(3, FaultKind::Throttle { retry_after_seconds: Some(7) })]).await;
    all_verified_once(vec![on_lists(3, FaultKind::Status { status: 429 })]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_fails() {
    for status in [500, 503, 504] {
        all_verified_once(vec![on_writes(2, FaultKind::Status { status })]).await;
    }
    all_verified_once(vec![on_writes(2, FaultKind::Unavailable), on_lists(2, FaultKind::Status { status: 502 })]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_breaks_before_or_after_it_was_applied() {
    all_verified_once(vec![on_writes(2, FaultKind::BreakAfter)]).await;
    all_verified_once(vec![on_writes(2, FaultKind::BreakBefore)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_success_without_effect_is_named() {
    let (job, most) = dismissal(vec![Fault { user: Some("alex.wilber@contoso.test".to_owned()), ..fault(FaultKind::NoEffect) }]).await;
    let tally = job.tally();
    assert_eq!((tally.verified, tally.diverged), (USERS - 1, 1), "{tally:?}");
    assert_eq!(most, 1);
    let said = job.items.iter().find_map(|item| match &item.state {
        ItemState::Ended(Outcome::Diverged, Some(because)) => Some(because.clone()),
        _ => None,
    });
    assert!(said.unwrap().contains("riskState is atRisk, expected dismissed"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poisoned_id_among_500() {
    let poison = Fault { user: Some("alex.wilber@contoso.test".to_owned()), ..fault(FaultKind::Poison) };
    let (job, most) = dismissal(vec![poison, on_writes(1, FaultKind::Status { status: 408 })]).await;
    assert_eq!((job.tally().verified, job.tally().failed, most), (USERS - 1, 1, 1), "{:?}", job.tally());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_takes_its_time() {
    all_verified_once(vec![on_writes(3, FaultKind::Slow { seconds: 20 })]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_expires_and_a_claims_challenge_in_mid_job() {
    all_verified_once(vec![on_writes(2, FaultKind::ExpiredToken), on_lists(1, FaultKind::ExpiredToken)]).await;
    all_verified_once(vec![on_writes(1, FaultKind::ClaimsChallenge), on_lists(1, FaultKind::ClaimsChallenge)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_are_not_graphs() {
    all_verified_once(vec![on_lists(2, FaultKind::TruncatedJson)]).await;
    all_verified_once(vec![on_lists(2, FaultKind::Html)]).await;
    all_verified_once(vec![on_writes(2, FaultKind::Html)]).await;
    all_verified_once(vec![on_lists(2, FaultKind::ForeignNextLink)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bulk_dismissal_takes_the_fewest_requests() {
    let place = place(Kind::Live, 1_400, vec![]).await;
    let plan = place.plan(Action::DismissUserRisk, &place.all_users(), 600);
    assert_eq!((plan.included_count(), plan.requests), (600, 10));
    let before = place.emulator().count("GET", "identityProtection/riskyUsers");
    let report = place.run(plan).await.unwrap();
    assert!(report.tally.all_verified(), "{:?}", report.tally);
    assert_eq!(place.emulator().accepted("POST", "riskyUsers/dismiss"), 10);
    let reads = place.emulator().count("GET", "identityProtection/riskyUsers") - before;
    assert!(reads <= 3, "{reads} requests to read 600 users back");
}

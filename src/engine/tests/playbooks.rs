//! Playbooks that do not go straight through: what failed is tried again, what is late is waited for, and no step runs out of turn.

use super::*;
use crate::domain::playbook::StepState;
use crate::domain::records::Device;

/// Which steps were verified.
fn verified(bench: &Bench) -> Vec<bool> {
    bench.steps(1).iter().map(|(_, state)| state.is_verified()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_failed_step_keeps_the_playbook_open_and_going_on_tries_it_alone_again() {
    let mut bench = bench(Scripted::new(1).meeting(&[Meets::NoEffect, Meets::NoEffect]));
    let last_month = Timestamp(fixture::now().0 - TimeDelta::days(30));
    bench.tenant.change("u0000", |records| records.directory.last_password_change_date_time = Some(last_month));
    let report = bench.run(Action::SecureAccount).await.unwrap();
    assert_eq!((report.state, verified(&bench)), (JobState::Open, vec![false, false, true, false]), "the later steps still ran");
    let summary = What::summary(JobState::Open, &report.tally);
    assert_eq!(bench.told().last(), Some(&summary));
    let sent = bench.calls().len();
    let report = bench.resume(1).await.unwrap();
    assert_eq!((report.job, report.state, verified(&bench)), (JobId(1), JobState::Done, vec![true, true, true, false]));
    assert_eq!(bench.calls().len(), sent + 2, "what was verified is not sent again");
    assert!(matches!(bench.resume(1).await.unwrap_err(), EngineError::Ended(JobId(1))));
}

#[tokio::test(start_paused = true)]
async fn a_playbook_with_a_failed_step_ends_where_the_operator_cancels_it() {
    let mut bench = bench(Scripted::new(1).meeting(&[Meets::NoEffect]));
    bench.run(Action::SecureAccount).await.unwrap();
    let sent = bench.calls().len();
    let report = bench.engine.cancel(JobId(1), &bench.events).await.unwrap();
    assert_eq!((report.state, bench.calls().len()), (JobState::Cancelled, sent));
}

#[tokio::test(start_paused = true)]
async fn a_level_that_rises_late_is_read_again_and_dismissed_without_a_second_confirmation() {
    let mut bench = bench(Scripted::new(2).meeting(&[Meets::LevelLate]));
    let report = bench.run(Action::RemediatedElsewhere).await.unwrap();
    assert_eq!((report.state, report.tally.unverified, report.tally.pending), (JobState::Open, 2, 2));
    assert_eq!(bench.steps(1)[1].1, StepState::Waiting);
    let report = bench.resume(1).await.unwrap();
    assert_eq!((report.state, bench.calls()), (JobState::Open, vec![2]), "it is still low, so only reads were sent");
    bench.tenant.set_level(RiskLevel::High);
    let report = bench.resume(1).await.unwrap();
    assert!(report.state == JobState::Done && report.tally.all_verified(), "{report:?}");
    assert_eq!((bench.calls(), bench.state("u0001")), (vec![2, 2], Some(RiskState::Dismissed)));
}

#[tokio::test(start_paused = true)]
async fn each_step_has_its_hold() {
    let mut bench = bench(Scripted::new(1));
    let plan = confirmed(Action::SecureAccount, &bench.tenant.dataset());
    bench.engine.run(&plan, Duration::from_secs(5), &bench.cancel, &bench.events).await.unwrap();
    let holds = bench.told().into_iter().filter(|what| matches!(what, What::Held { .. })).count();
    assert_eq!(holds, verified(&bench).into_iter().filter(|verified| *verified).count());
}

#[tokio::test(start_paused = true)]
async fn no_step_is_sent_out_of_turn_or_after_the_end_of_its_playbook() {
    let bench = bench(Scripted::new(1));
    let playbook = bench.engine.begin_playbook(&confirmed(Action::SecureAccount, &bench.tenant.dataset()), false).unwrap();
    let step = |step| bench.engine.plan_step(playbook, step).unwrap().confirm(Answer::Number(1)).unwrap();
    let run = async |plan: &Confirmed| bench.engine.run(plan, Duration::ZERO, &bench.cancel, &bench.events).await;
    let (first, second) = (step(Action::ConfirmUserCompromised), step(Action::GenerateTemporaryPassword));
    assert!(matches!(run(&second).await.unwrap_err(), EngineError::NotDue { playbook: JobId(1), .. }));
    assert!(run(&first).await.unwrap().tally.all_verified());
    assert!(matches!(run(&first).await.unwrap_err(), EngineError::NotDue { .. }), "it was verified meanwhile");
    bench.engine.cancel(playbook, &bench.events).await.unwrap();
    assert!(matches!(run(&second).await.unwrap_err(), EngineError::Ended(JobId(1))));
    assert_eq!(bench.calls().len(), 1);
}

#[test]
fn playbooks_that_begin_at_once_have_numbers_of_their_own() {
    let bench = bench(Scripted::new(200));
    let dataset = bench.tenant.dataset();
    let of = |records: &UserRecords| confirmed(Action::SecureAccount, &[records.clone()].into_iter().collect());
    let plans: Vec<Confirmed> = dataset.users().iter().map(of).collect();
    let begin = |plans: &[Confirmed]| plans.iter().map(|plan| bench.engine.begin_playbook(plan, false).unwrap()).collect::<Vec<_>>();
    let ids: Vec<JobId> = std::thread::scope(|scope| {
        let threads: Vec<_> = plans.chunks(50).map(|plans| scope.spawn(move || begin(plans))).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(ids.iter().collect::<HashSet<_>>().len(), 200);
    let second = bench.engine.begin_playbook(&plans[0], false).unwrap_err();
    assert!(matches!(second, EngineError::Unfinished { .. }), "nobody needs two: {second}");
}

#[tokio::test(start_paused = true)]
async fn devices_that_cannot_be_reached_leave_their_step_waiting() {
    let mut bench = bench(Scripted::new(1));
    bench.tenant.unreachable_looks.store(true, Ordering::SeqCst);
    let error = bench.run(Action::SecureAccount).await.unwrap_err();
    assert!(matches!(error, EngineError::Tenant(TenantError::Unreachable { .. })), "{error}");
    assert_eq!(bench.steps(1)[3].1, StepState::Waiting, "what is merely late is not left out");
    bench.tenant.unreachable_looks.store(false, Ordering::SeqCst);
    assert_eq!(bench.resume(1).await.unwrap().state, JobState::Done);
}

#[tokio::test(start_paused = true)]
async fn a_playbook_that_is_cancelled_while_devices_are_read_stays_open_at_that_step() {
    let mut bench = bench(Scripted::new(50));
    let plan = confirmed(Action::SecureAccount, &bench.tenant.dataset());
    let cancel = bench.cancel.clone();
    let (report, ()) = tokio::join!(bench.engine.run(&plan, Duration::ZERO, &bench.cancel, &bench.events), async {
        while bench.steps(1).get(2).is_none_or(|(_, state)| !state.is_settled()) {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        tokio::time::sleep(Duration::from_secs(10)).await;
        cancel.cancel();
    });
    assert_eq!((report.unwrap().state, bench.steps(1)[3].1.clone()), (JobState::Open, StepState::Waiting));
    assert!(bench.told().iter().all(|what| !matches!(what, What::Failed { .. })));
}

#[tokio::test(start_paused = true)]
async fn devices_whose_answer_was_lost_leave_their_step_waiting() {
    let mut bench = bench(Scripted::new(1));
    bench.tenant.lost_looks.store(true, Ordering::SeqCst);
    let error = bench.run(Action::SecureAccount).await.unwrap_err();
    assert!(matches!(error, EngineError::Tenant(TenantError::Unreachable { .. })), "nothing was sent that could be lost: {error}");
    assert_eq!(bench.steps(1)[3].1, StepState::Waiting);
}

/// A playbook over users of whom nobody is registered for multifactor authentication, which its second step needs.
async fn without_registration() -> Bench {
    let mut bench = bench(Scripted::new(1));
    let plan = Plan {
        steps: vec![Action::ConfirmUserCompromised, Action::RequirePasswordChange, Action::RevokeSessions],
        ..{ confirmed(Action::SecureAccount, &bench.tenant.dataset()).plan().clone() }
    };
    let entry = Entry::PlaybookStarted { playbook: JobId(1), plan: Box::new(plan), steps_confirmed: true };
    bench.store.append(fixture::now(), "me", vec![entry]).unwrap();
    set_registered(&bench, false);
    bench.resume(1).await.unwrap();
    bench.told();
    bench
}

fn set_registered(bench: &Bench, is_registered: bool) {
    bench.tenant.change("u0000", |records| records.directory.is_mfa_registered = Some(is_registered));
    bench.store.put(bench.tenant.dataset().users()).unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_step_that_cannot_be_done_yet_waits_while_the_later_ones_run_and_is_done_when_it_can_be() {
    let mut bench = without_registration().await;
    assert_eq!((bench.steps(1)[1].1.clone(), verified(&bench)), (StepState::Waiting, vec![true, false, true]));
    let report = bench.resume(1).await.unwrap();
    let (notices, _) = bench.notices_and_passwords();
    assert_eq!(report.state, JobState::Open);
    assert!(notices.iter().any(|notice| notice.contains("not registered for multifactor authentication")), "{notices:?}");
    set_registered(&bench, true);
    let report = bench.resume(1).await.unwrap();
    assert_eq!((report.state, verified(&bench)), (JobState::Done, vec![true, true, true]), "{:?}", bench.steps(1));
}

#[tokio::test(start_paused = true)]
async fn a_playbook_ends_where_whom_a_step_failed_for_was_deleted_since() {
    let mut bench = bench(Scripted::new(1).meeting(&[Meets::NoEffect]));
    bench.run(Action::RemediatedElsewhere).await.unwrap();
    bench.tenant.change("u0000", |records| records.user.is_deleted = Some(true));
    bench.store.put(bench.tenant.dataset().users()).unwrap();
    let sent = bench.calls().len();
    let report = bench.resume(1).await.unwrap();
    assert_eq!((report.state, bench.calls().len()), (JobState::Done, sent), "{:?}", bench.steps(1));
    assert!(report.tally.skipped > 0, "it is no success: {report:?}");
    assert!(bench.journal_text().contains("deleted"));
}

#[tokio::test(start_paused = true)]
async fn a_step_that_was_cancelled_half_way_is_read_again_before_anything_is_sent_again() {
    let mut tenant = Scripted::new(2).meeting(&[Meets::RiskLate]);
    let cancel = CancellationToken::new();
    tenant.cancel_at_call = Some((2, cancel.clone()));
    let mut bench = bench(tenant);
    bench.cancel = cancel;
    let report = bench.run(Action::SecureAccount).await.unwrap();
    assert_eq!((report.state, report.tally.unverified), (JobState::Open, 1), "{report:?}");
    bench.tenant.change("u0000", |records| records.user.risk_state = Some(RiskState::Remediated));
    bench.cancel = CancellationToken::new();
    let report = bench.resume(1).await.unwrap();
    assert_eq!(report.state, JobState::Done, "{:?}", bench.steps(1));
    let told = bench.notices_and_passwords().1.len();
    assert_eq!((bench.tenant.passwords.lock().unwrap().len(), told), (2, 2), "one password each");
}

#[tokio::test(start_paused = true)]
async fn devices_of_one_user_that_cannot_be_told_hinder_no_other_and_keep_the_playbook_open() {
    let mut bench = bench(Scripted::new(2));
    let (id, account_enabled) = ("d1".into(), Some(true));
    let device = Device { id, device_id: None, display_name: None, operating_system: None, account_enabled };
    bench.tenant.change("u0001", |records| records.devices = Some(vec![device.clone()]));
    *bench.tenant.lost_look_of.lock().unwrap() = Some("u0000".into());
    let report = bench.run(Action::SecureAccount).await.unwrap();
    assert_eq!((report.state, report.tally.skipped), (JobState::Open, 1), "{:?}", bench.steps(1));
    let records = bench.store.user(&"u0001".into()).unwrap().unwrap();
    assert_eq!(records.devices.unwrap()[0].account_enabled, Some(false));
}

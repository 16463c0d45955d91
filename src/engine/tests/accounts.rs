//! Accounts, one in each request; passwords that are told once; playbooks, step by step.

use super::*;
use crate::domain::journal_words::words;
use crate::domain::playbook::StepState;
use crate::domain::transition::Event;

/// What a call does to an account.
pub(super) fn change(call: &Call, records: &mut UserRecords, cause: &Cause) {
    let directory = &mut records.directory;
    match call.action {
        Action::GenerateTemporaryPassword => {
            directory.last_password_change_date_time = Some(cause.at);
            directory.sign_in_sessions_valid_from_date_time = Some(cause.at);
            apply(Event::GenerateTemporaryPassword, records, &[], cause);
        }
        Action::RequirePasswordChange => directory.password_change_required = Some(true),
        Action::RevokeSessions => directory.sign_in_sessions_valid_from_date_time = Some(cause.at),
        Action::BlockSignIn => directory.account_enabled = Some(false),
        Action::UnblockSignIn => directory.account_enabled = Some(true),
        Action::DisableDevices => {
            records.devices.iter_mut().flatten().for_each(|device| device.account_enabled = Some(false));
        }
        _ => {}
    }
}

/// The passwords that were told, and whose.
fn passwords(events: &mut UnboundedReceiver<EngineEvent>) -> Vec<(String, String)> {
    let mut told = Vec::new();
    while let Ok(event) = events.try_recv() {
        if let EngineEvent::Password { user, password, .. } = event {
            told.push((user, password.expose().to_owned()));
        }
    }
    told
}

impl Bench {
    fn passwords(&mut self) -> Vec<(String, String)> {
        passwords(&mut self.told)
    }

    /// What was told beside the job, then the passwords.
    pub(super) fn notices_and_passwords(&mut self) -> (Vec<String>, Vec<String>) {
        let (mut notices, mut passwords) = (Vec::new(), Vec::new());
        while let Ok(event) = self.told.try_recv() {
            match event {
                EngineEvent::Notice(notice) => notices.push(notice),
                EngineEvent::Password { password, .. } => passwords.push(password.expose().to_owned()),
                _ => {}
            }
        }
        (notices, passwords)
    }

    /// Everything that the journal says, as it lies on the disk.
    pub(super) fn journal_text(&self) -> String {
        let records = self.store.journal().unwrap();
        records.iter().map(|record| format!("{record:?} {}", words(&record.entry))).collect()
    }

    pub(super) async fn resume(&self, job: u64) -> Result<JobReport, EngineError> {
        self.engine.resume(JobId(job), &self.cancel, &self.events).await
    }

    pub(super) fn steps(&self, playbook: u64) -> Vec<(Action, StepState)> {
        let mut steps = Vec::new();
        self.store.with_ledger(&mut |ledger| steps = ledger.playbook(JobId(playbook)).unwrap().steps(ledger));
        steps
    }
}

#[tokio::test(start_paused = true)]
async fn accounts_are_changed_one_in_each_request_and_read_back() {
    for action in [Action::RevokeSessions, Action::BlockSignIn, Action::RequirePasswordChange, Action::GenerateTemporaryPassword] {
        let mut bench = bench(Scripted::new(3));
        let report = bench.run(action).await.unwrap();
        assert!(report.tally.all_verified(), "{action}: {report:?}");
        assert_eq!(bench.calls(), [1, 1, 1], "{action}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_wrong_makes_no_change_look_older_than_it_is() {
    for ahead in [TimeDelta::minutes(-10), TimeDelta::minutes(10)] {
        for action in [Action::RevokeSessions, Action::GenerateTemporaryPassword] {
            let mut tenant = Scripted::new(1);
            tenant.ahead = ahead;
            let mut bench = bench(tenant);
            assert!(bench.run(action).await.unwrap().tally.all_verified(), "{action} {ahead}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_revocation_without_effect_is_not_verified_by_the_password_of_a_moment_before() {
    let mut bench = bench(Scripted::new(1));
    bench.run(Action::GenerateTemporaryPassword).await.unwrap();
    tokio::time::sleep(Duration::from_secs(5)).await;
    bench.tenant.script.lock().unwrap().push_back(Meets::NoEffect);
    let report = bench.run(Action::RevokeSessions).await.unwrap();
    assert_eq!((report.tally.verified, report.tally.diverged), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn what_the_tenant_does_not_tell_is_unverified_and_neither_verified_nor_diverged() {
    let mut bench = bench(Scripted::new(1).meeting(&[Meets::NoEffect]));
    bench.tenant.change("u0000", |records| records.directory.password_change_required = None);
    let report = bench.run(Action::RequirePasswordChange).await.unwrap();
    assert_eq!((report.tally.unverified, report.tally.diverged), (1, 0));
    assert!(bench.journal_text().contains("did not tell passwordProfile"));
}

#[tokio::test(start_paused = true)]
async fn each_user_gets_a_password_of_their_own_which_is_told_once_and_never_journalled() {
    let mut bench = bench(Scripted::new(3));
    bench.run(Action::GenerateTemporaryPassword).await.unwrap();
    let told = bench.passwords();
    let distinct: HashSet<_> = told.iter().map(|(_, password)| password).collect();
    assert_eq!((told.len(), distinct.len()), (3, 3));
    let sent = bench.tenant.passwords.lock().unwrap().clone();
    assert_eq!(sent, told.iter().map(|(_, password)| password.clone()).collect::<Vec<_>>());
    let journal = bench.journal_text();
    assert!(told.iter().all(|(_, password)| !journal.contains(password.as_str())));
}

#[tokio::test(start_paused = true)]
async fn a_throttled_password_is_replaced_by_the_one_that_was_set() {
    let mut bench = bench(Scripted::new(1).meeting(&[Meets::Throttle]));
    assert!(bench.run(Action::GenerateTemporaryPassword).await.unwrap().tally.all_verified());
    let sent = bench.tenant.passwords.lock().unwrap().clone();
    let told = bench.passwords();
    assert_eq!((sent.len(), told.len()), (2, 1));
    assert_eq!(told[0].1, sent[1], "what is told is what the tenant took");
}

#[tokio::test(start_paused = true)]
async fn a_password_whose_answer_was_lost_is_told_when_it_is_read_back() {
    let mut bench = bench(Scripted::new(1).meeting(&[Meets::LostAfter]));
    assert!(bench.run(Action::GenerateTemporaryPassword).await.unwrap().tally.all_verified());
    assert_eq!(bench.calls(), [1], "it was not set twice");
    assert_eq!(bench.passwords().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_password_whose_answer_was_lost_is_told_although_the_risk_stays_open() {
    let mut bench = bench(Scripted::new(1).meeting(&[Meets::LostBefore]));
    // It was set all the same, and the service takes its time with the risk.
    let set = |records: &mut UserRecords| {
        records.directory.last_password_change_date_time = Some(Timestamp(fixture::now().0 + TimeDelta::minutes(1)));
        records.user.is_processing = Some(true);
    };
    bench.tenant.change("u0000", |records| records.directory.last_password_change_date_time = Some(fixture::now()));
    let plan = confirmed(Action::GenerateTemporaryPassword, &bench.tenant.dataset());
    let (report, ()) = tokio::join!(bench.engine.run(&plan, Duration::ZERO, &bench.cancel, &bench.events), async {
        tokio::time::sleep(Duration::from_millis(1500)).await;
        bench.tenant.change("u0000", set);
    });
    assert_eq!(report.unwrap().tally.unverified, 1);
    assert_eq!((bench.calls(), bench.passwords().len()), (vec![1], 1));
}

#[tokio::test(start_paused = true)]
async fn a_password_that_another_process_set_is_no_success_because_nobody_knows_it() {
    let bench = bench(Scripted::new(1));
    let plan = Box::new(confirmed(Action::GenerateTemporaryPassword, &bench.tenant.dataset()).plan().clone());
    let job = JobId(1);
    let ids = vec!["u0000".to_owned()];
    let entries = vec![Entry::JobConfirmed { job, plan, hold_seconds: 0 }, Entry::Intent { job, call: 1, ids: ids.clone() }];
    bench.store.append(fixture::now(), "me", entries).unwrap();
    bench.tenant.apply(&Call::new(Action::GenerateTemporaryPassword, ids, "me"));
    let report = bench.resume(1).await.unwrap();
    assert_eq!((report.tally.verified, report.tally.diverged), (0, 1));
    assert!(bench.journal_text().contains("generate another"));
}

#[tokio::test(start_paused = true)]
async fn a_playbook_runs_its_steps_in_order_and_tells_each() {
    let mut bench = bench(Scripted::new(2));
    let report = bench.run(Action::SecureAccount).await.unwrap();
    assert_eq!((report.job, report.state), (JobId(1), JobState::Done));
    // Blocking was not asked for, and there is no device that could be disabled.
    let steps = bench.steps(1);
    let told: Vec<_> = steps.iter().map(|(step, state)| (*step, state.is_verified())).collect();
    let done = [Action::ConfirmUserCompromised, Action::GenerateTemporaryPassword, Action::RevokeSessions];
    assert_eq!(told[..3], done.map(|step| (step, true)));
    assert_eq!(steps[3].1, StepState::Skipped("devicesUnknown".to_owned()));
    assert_eq!((report.tally.verified, report.tally.skipped), (6, 2));
    assert_eq!(bench.state("u0000"), Some(RiskState::Remediated), "the password remediates what was confirmed");
    assert_eq!(bench.passwords().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_step_that_fails_does_not_hinder_the_others_and_is_not_hidden() {
    let mut bench = bench(Scripted::new(1).meeting(&[Meets::NoEffect]));
    let report = bench.run(Action::SecureAccount).await.unwrap();
    let steps = bench.steps(1);
    assert!(!steps[0].1.is_verified() && steps[1].1.is_verified() && steps[2].1.is_verified(), "{steps:?}");
    assert_eq!((report.state, report.tally.diverged), (JobState::Open, 1), "it can be tried again");
}

#[tokio::test(start_paused = true)]
async fn a_playbook_that_was_interrupted_goes_on_at_the_step_where_it_stood() {
    let unreachable = [Meets::Unreachable; 4];
    let tenant = Scripted::new(1);
    tenant.script.lock().unwrap().extend(unreachable);
    let mut bench = bench(tenant);
    let error = bench.run(Action::SecureAccount).await.unwrap_err();
    assert!(matches!(error, EngineError::Tenant(TenantError::Unreachable { .. })), "{error}");
    assert!(matches!(bench.steps(1)[0].1, StepState::Open(_)));
    let report = bench.resume(1).await.unwrap();
    assert_eq!((report.job, report.state), (JobId(1), JobState::Done));
    let confirmed = bench.steps(1).iter().filter(|(_, state)| state.is_verified()).count();
    assert_eq!(confirmed, 3);
    assert!(matches!(bench.resume(1).await.unwrap_err(), EngineError::Ended(JobId(1))));
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_playbook_sends_none_of_the_steps_that_are_left() {
    let tenant = Scripted::new(1);
    tenant.script.lock().unwrap().extend([Meets::Unreachable; 4]);
    let mut bench = bench(tenant);
    bench.run(Action::SecureAccount).await.unwrap_err();
    let sent = bench.calls().len();
    let report = bench.engine.cancel(JobId(1), &bench.events).await.unwrap();
    assert_eq!((report.state, bench.calls().len()), (JobState::Cancelled, sent));
}

#[tokio::test(start_paused = true)]
async fn remediated_elsewhere_confirms_waits_until_the_risk_is_high_and_dismisses() {
    let mut bench = bench(Scripted::new(2));
    let report = bench.run(Action::RemediatedElsewhere).await.unwrap();
    assert!(report.tally.all_verified(), "{report:?}");
    assert_eq!(bench.state("u0001"), Some(RiskState::Dismissed));
    let kinds: Vec<Action> = bench.steps(1).into_iter().map(|(step, _)| step).collect();
    assert_eq!(kinds, [Action::ConfirmUserCompromised, Action::DismissUserRisk]);
}

#[tokio::test(start_paused = true)]
async fn whose_compromise_did_not_come_true_is_not_dismissed() {
    let mut bench = bench(Scripted::new(1).meeting(&[Meets::NoEffect]));
    let report = bench.run(Action::RemediatedElsewhere).await.unwrap();
    assert_eq!(bench.calls(), [1], "only the first step was sent");
    assert_eq!((report.state, report.tally.diverged, report.tally.pending), (JobState::Open, 1, 1));
    assert_eq!(bench.state("u0000"), Some(RiskState::AtRisk));
}

#[tokio::test(start_paused = true)]
async fn a_password_that_was_taken_and_not_told_before_the_process_ended_is_no_success() {
    let bench = bench(Scripted::new(1));
    let plan = Box::new(confirmed(Action::GenerateTemporaryPassword, &bench.tenant.dataset()).plan().clone());
    let (job, ids) = (JobId(1), vec!["u0000".to_owned()]);
    let entries = vec![
        Entry::JobConfirmed { job, plan, hold_seconds: 0 },
        Entry::Intent { job, call: 1, ids: ids.clone() },
        Entry::Answered { job, call: 1, answer: CallAnswer::Accepted },
    ];
    bench.store.append(fixture::now(), "me", entries).unwrap();
    bench.tenant.apply(&Call::new(Action::GenerateTemporaryPassword, ids, "me"));
    let report = bench.resume(1).await.unwrap();
    assert_eq!((report.tally.verified, report.tally.diverged), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn a_step_that_nobody_confirmed_is_not_run_by_a_resume() {
    let bench = bench(Scripted::new(1));
    let playbook = bench.engine.begin_playbook(&confirmed(Action::SecureAccount, &bench.tenant.dataset()), false).unwrap();
    let report = bench.resume(playbook.0).await.unwrap();
    assert_eq!((report.state, bench.calls().len()), (JobState::Open, 0));
}

/// A playbook whose step set a password, told it, and did not see the risk closed.
async fn with_a_late_risk() -> Bench {
    let mut bench = bench(Scripted::new(1).meeting(&[Meets::RiskLate]));
    let report = bench.run(Action::SecureAccount).await.unwrap();
    assert_eq!((report.state, report.tally.diverged), (JobState::Open, 1), "{:?}", bench.steps(1));
    bench
}

#[tokio::test(start_paused = true)]
async fn a_password_that_was_told_is_not_set_again_when_its_playbook_goes_on() {
    let mut bench = with_a_late_risk().await;
    assert_eq!(bench.passwords().len(), 1);
    let report = bench.resume(1).await.unwrap();
    assert_eq!((report.state, report.tally.diverged), (JobState::Open, 1), "the risk is open still");
    assert_eq!((bench.passwords().len(), bench.tenant.passwords.lock().unwrap().len()), (0, 1));
    bench.tenant.change("u0000", |records| records.user.risk_state = Some(RiskState::Remediated));
    let report = bench.resume(1).await.unwrap();
    assert_eq!((report.state, report.tally.diverged), (JobState::Done, 0), "{:?}", bench.steps(1));
    assert_eq!((bench.passwords().len(), bench.tenant.passwords.lock().unwrap().len()), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn a_password_that_nobody_was_told_is_replaced_when_its_playbook_goes_on() {
    let mut bench = bench(Scripted::new(1));
    let plan = Box::new(confirmed(Action::SecureAccount, &bench.tenant.dataset()).plan().clone());
    let playbook = JobId(1);
    bench.store.append(fixture::now(), "me", vec![Entry::PlaybookStarted { playbook, plan, steps_confirmed: true }]).unwrap();
    let step = Box::new(bench.engine.plan_step(playbook, Action::ConfirmUserCompromised).unwrap());
    let ids = vec!["u0000".to_owned()];
    let step = Box::new(Plan { action: Action::GenerateTemporaryPassword, ..*step });
    let job = JobId(2);
    let entries = vec![Entry::JobConfirmed { job, plan: step, hold_seconds: 0 }, Entry::Intent { job, call: 1, ids: ids.clone() }];
    bench.store.append(fixture::now(), "me", entries).unwrap();
    bench.tenant.apply(&Call::new(Action::GenerateTemporaryPassword, ids, "me"));
    bench.resume(1).await.unwrap();
    assert!(bench.journal_text().contains("generate another"));
    bench.tenant.change("u0000", |records| records.user.risk_state = Some(RiskState::ConfirmedCompromised));
    bench.store.put(bench.tenant.dataset().users()).unwrap();
    bench.resume(1).await.unwrap();
    assert_eq!(bench.passwords().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_password_is_told_although_its_user_is_not_among_what_is_read_back() {
    let mut bench = bench(Scripted::new(1).meeting(&[Meets::LostAfter]));
    let plan = confirmed(Action::GenerateTemporaryPassword, &bench.tenant.dataset());
    let (report, ()) = tokio::join!(bench.engine.run(&plan, Duration::ZERO, &bench.cancel, &bench.events), async {
        tokio::time::sleep(Duration::from_millis(1500)).await;
        bench.tenant.users.lock().unwrap().clear();
    });
    assert_eq!(report.unwrap().tally.unverified, 1);
    assert_eq!((bench.calls(), bench.passwords().len()), (vec![1], 1));
}

#[tokio::test(start_paused = true)]
async fn a_password_that_was_told_counts_when_another_process_reads_it_back() {
    let mut bench = bench(Scripted::new(1));
    *bench.tenant.unreachable_reads_back.lock().unwrap() = 3;
    bench.run(Action::GenerateTemporaryPassword).await.unwrap_err();
    assert_eq!(bench.passwords().len(), 1);
    let report = bench.resume(1).await.unwrap();
    assert!(report.tally.all_verified(), "{report:?}");
    assert_eq!((bench.passwords().len(), bench.calls()), (0, vec![1]), "there is one password");
}

#[tokio::test(start_paused = true)]
async fn a_password_whose_answer_was_lost_is_told_when_the_job_stops_before_it_is_read_back() {
    let mut bench = bench(Scripted::new(1).meeting(&[Meets::LostAfter]));
    *bench.tenant.unreachable_reads_back.lock().unwrap() = 3;
    let error = bench.run(Action::GenerateTemporaryPassword).await.unwrap_err();
    assert!(matches!(error, EngineError::Tenant(TenantError::Unreachable { .. })), "{error}");
    let (notices, passwords) = bench.notices_and_passwords();
    assert_eq!(passwords, bench.tenant.passwords.lock().unwrap().clone());
    assert!(notices.iter().any(|notice| notice.contains("was set is not known")), "{notices:?}");
    assert!(bench.resume(1).await.unwrap().tally.all_verified());
    assert_eq!(bench.passwords().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_password_that_was_told_and_not_set_is_replaced_by_one_that_is() {
    let mut bench = bench(Scripted::new(1).meeting(&[Meets::LostBefore]));
    *bench.tenant.unreachable_reads_back.lock().unwrap() = 3;
    bench.tenant.change("u0000", |records| {
        records.directory.last_password_change_date_time = Some(Timestamp(fixture::now().0 - TimeDelta::days(30)));
    });
    bench.run(Action::GenerateTemporaryPassword).await.unwrap_err();
    assert_eq!(bench.passwords().len(), 1);
    assert!(bench.resume(1).await.unwrap().tally.all_verified());
    let told = bench.passwords();
    assert_eq!((told.len(), bench.calls()), (1, vec![1, 1]));
    assert_eq!(Some(&told[0].1), bench.tenant.passwords.lock().unwrap().last());
}

#[tokio::test(start_paused = true)]
async fn a_password_is_told_once_although_the_journal_cannot_be_written() {
    for at in 2.. {
        let Bench { tenant, store, cancel, events, mut told, .. } = bench(Scripted::new(1));
        let failing = Arc::new(FailsOnce { inner: store.clone(), at, appends: Mutex::default() });
        let engine = Engine::new(failing, tenant.clone(), Clock::starting_at(fixture::now()), "me".to_owned());
        let plan = confirmed(Action::GenerateTemporaryPassword, &tenant.dataset());
        let failed = engine.run(&plan, Duration::ZERO, &cancel, &events).await.is_err();
        if failed {
            let report = engine.resume(JobId(1), &cancel, &events).await.unwrap();
            assert!(report.tally.all_verified(), "append {at}: {report:?}");
        }
        let told = passwords(&mut told);
        assert_eq!((told.len(), tenant.passwords.lock().unwrap().len()), (1, 1), "append {at}");
        if !failed {
            break;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_password_that_somebody_else_set_later_does_not_prove_the_one_that_was_told() {
    let mut bench = bench(Scripted::new(1).meeting(&[Meets::LostBefore]));
    *bench.tenant.unreachable_reads_back.lock().unwrap() = 3;
    bench.run(Action::GenerateTemporaryPassword).await.unwrap_err();
    assert_eq!(bench.passwords().len(), 1);
    tokio::time::sleep(Duration::from_secs(3600)).await;
    bench.tenant.apply(&Call::new(Action::GenerateTemporaryPassword, vec!["u0000".to_owned()], "somebody"));
    let report = bench.resume(1).await.unwrap();
    assert_eq!((report.tally.verified, report.tally.unverified), (0, 1), "{report:?}");
    assert!(bench.journal_text().contains("may be another one"));
}

#[tokio::test(start_paused = true)]
async fn a_password_that_nobody_listens_to_counts_as_told_to_nobody() {
    let Bench { tenant, store, engine, cancel, events, told } = bench(Scripted::new(1));
    drop(told);
    let plan = confirmed(Action::GenerateTemporaryPassword, &tenant.dataset());
    let report = engine.run(&plan, Duration::ZERO, &cancel, &events).await.unwrap();
    assert_eq!((report.tally.verified, report.tally.diverged), (0, 1), "{report:?}");
    assert!(!store.journal().unwrap().iter().any(|record| matches!(record.entry, Entry::PasswordsTold { .. })));
}

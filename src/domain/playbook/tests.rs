//! Where a playbook stands, by what the journal has of it.

use super::*;
use crate::domain::fixture;
use crate::domain::journal::{Entry, ItemOutcome, JournalRecord};
use crate::domain::password::UNTOLD;
use crate::domain::plan::Access;

const PLAYBOOK: JobId = JobId(1);

fn context() -> PlanContext {
    PlanContext { reason: "INC-7".to_owned(), ..PlanContext::new("me", Access::ReadWrite, fixture::now()) }
}

fn dataset() -> Dataset {
    ["a", "b"].map(|id| fixture::risky_user(id, "passwordSpray")).into_iter().collect()
}

fn ledger(action: Action, entries: Vec<Entry>) -> Ledger {
    let targets = ["a", "b"].map(|id| Target::User(id.into()));
    let plan = Box::new(Plan::compute(action, &targets, &dataset(), &context()));
    let all = [Entry::PlaybookStarted { playbook: PLAYBOOK, plan, steps_confirmed: false }].into_iter().chain(entries);
    let record = |(seq, entry)| JournalRecord { seq, at: fixture::now(), operator: "me".to_owned(), entry, prev: String::new() };
    let records: Vec<JournalRecord> = (1..).zip(all).map(record).collect();
    Ledger::fold(&records)
}

/// The job of a step, with the outcome of each of its users.
fn job(id: u64, step: Action, outcomes: &[(&str, Outcome)], ended: bool) -> Vec<Entry> {
    let targets: Vec<Target> = outcomes.iter().map(|(user, _)| Target::User((*user).into())).collect();
    let plan = Plan { playbook: Some(PLAYBOOK), ..Plan::compute(step, &targets, &dataset(), &context()) };
    let items = outcomes.iter().map(|(user, outcome)| ItemOutcome { id: (*user).to_owned(), outcome: *outcome, because: None });
    let mut entries = vec![
        Entry::JobConfirmed { job: JobId(id), plan: Box::new(plan), hold_seconds: 0 },
        Entry::Outcomes { job: JobId(id), items: items.collect() },
    ];
    if ended {
        entries.push(Entry::JobEnded { job: JobId(id), state: JobState::Done });
    }
    entries
}

fn next(ledger: &Ledger) -> Option<(Action, StepState)> {
    ledger.playbook(PLAYBOOK).unwrap().next(ledger)
}

#[test]
fn it_goes_on_at_the_first_step_that_is_not_settled() {
    use Action as A;
    use Outcome as O;
    assert_eq!(next(&ledger(A::SecureAccount, vec![])), Some((A::ConfirmUserCompromised, StepState::Waiting)));
    let mut entries = job(2, A::ConfirmUserCompromised, &[("a", O::Verified), ("b", O::Failed)], true);
    // A step that failed does not stand in the way of the others, and is told.
    assert_eq!(next(&ledger(A::SecureAccount, entries.clone())), Some((A::GenerateTemporaryPassword, StepState::Waiting)));
    entries.extend(job(3, A::GenerateTemporaryPassword, &[("a", O::Verified)], false));
    assert_eq!(next(&ledger(A::SecureAccount, entries.clone())), Some((A::GenerateTemporaryPassword, StepState::Open(JobId(3)))));
    entries.push(Entry::JobEnded { job: JobId(3), state: JobState::Done });
    let skip = |step, because: &str| Entry::StepSkipped { playbook: PLAYBOOK, step, because: because.to_owned() };
    entries.extend([skip(A::RevokeSessions, "federated elsewhere"), skip(A::DisableDevices, "noDevices")]);
    let ledger = ledger(A::SecureAccount, entries);
    assert_eq!(next(&ledger), None);
    let tally = ledger.playbook(PLAYBOOK).unwrap().tally(&ledger);
    assert_eq!((tally.total, tally.verified, tally.failed, tally.skipped), (5, 2, 1, 2), "where nothing was to do, nothing is missing");
    assert_eq!(ledger.next_job(), JobId(4));
}

#[test]
fn a_caution_besides_nothing_to_do_is_no_reason_of_its_own() {
    let admin = |id, devices: Option<Vec<_>>| {
        let mut records = fixture::risky_user(id, "passwordSpray");
        records.directory.is_admin = Some(true);
        crate::domain::records::UserRecords { devices, ..records }
    };
    let started = ledger(Action::SecureAccount, vec![]);
    let left = |b: Option<Vec<_>>| {
        let dataset: Dataset = [admin("a", Some(Vec::new())), admin("b", b)].into_iter().collect();
        nobody_left(&started.playbook(PLAYBOOK).unwrap().plan_step(Action::DisableDevices, &dataset, &started, &context()))
    };
    assert_eq!(left(Some(Vec::new())), "noDevices");
    assert!(is_nothing_to_do(&left(Some(Vec::new()))) && !is_nothing_to_do(&left(None)), "{}", left(None));
}

#[test]
fn a_step_is_due_in_its_turn_and_again_where_it_failed_and_is_then_tried_only_for_whom_it_failed() {
    use Action as A;
    let due = |ledger: &Ledger| {
        A::SecureAccount.steps().iter().map(|step| ledger.playbook(PLAYBOOK).unwrap().is_due(*step, ledger)).collect::<Vec<_>>()
    };
    let steps = A::SecureAccount.steps();
    let only = |held: &[A]| steps.iter().map(|step| held.contains(step)).collect::<Vec<_>>();
    assert_eq!(due(&ledger(A::SecureAccount, vec![])), only(&[A::ConfirmUserCompromised]));
    let outcomes = [("a", Outcome::Verified), ("b", Outcome::Unverified)];
    let open = ledger(A::SecureAccount, job(2, A::ConfirmUserCompromised, &outcomes, false));
    assert_eq!(due(&open), only(&[]));
    let failed = ledger(A::SecureAccount, job(2, A::ConfirmUserCompromised, &outcomes, true));
    assert_eq!(due(&failed), only(&[A::ConfirmUserCompromised, A::GenerateTemporaryPassword]));
    let unsure = failed.playbook(PLAYBOOK).unwrap().unsure(A::ConfirmUserCompromised, &failed);
    assert_eq!(unsure, [(JobId(2), vec!["b".to_owned()])]);
    let both = ["a", "b"].map(|user| (user, Outcome::Verified));
    assert_eq!(due(&ledger(A::SecureAccount, job(2, A::ConfirmUserCompromised, &both, true))), only(&[A::GenerateTemporaryPassword]));
}

#[test]
fn a_step_that_was_tried_again_stands_where_its_last_job_stands() {
    let mut entries = job(2, Action::ConfirmUserCompromised, &[("a", Outcome::Failed)], true);
    entries.extend(job(3, Action::ConfirmUserCompromised, &[("a", Outcome::Verified)], true));
    let ledger = ledger(Action::SecureAccount, entries);
    let steps = ledger.playbook(PLAYBOOK).unwrap().steps(&ledger);
    assert!(steps[0].1.is_verified() && !steps[1].1.is_settled());
}

#[test]
fn the_plan_of_a_step_names_the_playbook_and_takes_no_new_caution_in() {
    let ledger = ledger(Action::SecureAccount, vec![]);
    let playbook = ledger.playbook(PLAYBOOK).unwrap();
    let mut dataset = dataset();
    let mut hybrid = dataset.user(&"b".into()).unwrap().clone();
    hybrid.directory.on_premises_sync_enabled = Some(true);
    dataset.put(hybrid);
    let plan = playbook.plan_step(Action::GenerateTemporaryPassword, &dataset, &ledger, &context());
    let included: Vec<&str> = plan.included().map(|target| target.id.as_str()).collect();
    assert_eq!((plan.playbook, included, plan.reason.as_str()), (Some(PLAYBOOK), vec!["a"], "INC-7"));
    assert!(plan.is_unedited());
}

#[test]
fn only_whose_compromise_is_confirmed_is_dismissed_as_remediated_elsewhere() {
    let outcomes = [("a", Outcome::Verified), ("b", Outcome::Unverified)];
    let ledger = ledger(Action::RemediatedElsewhere, job(2, Action::ConfirmUserCompromised, &outcomes, true));
    let plan = ledger.playbook(PLAYBOOK).unwrap().plan_step(Action::DismissUserRisk, &dataset(), &ledger, &context());
    assert_eq!(plan.included().map(|target| target.id.as_str()).collect::<Vec<_>>(), ["a"]);
}

fn apply(ledger: &mut Ledger, entry: Entry) {
    ledger.apply(&JournalRecord { seq: 1, at: fixture::now(), operator: "me".to_owned(), entry, prev: String::new() });
}

#[test]
fn a_second_try_of_a_step_is_for_whom_the_first_did_not_help() {
    let user = |id| crate::domain::records::UserRecords { devices: Some(Vec::new()), ..fixture::risky_user(id, "passwordSpray") };
    let dataset: Dataset = ["a", "b"].map(user).into_iter().collect();
    let users: Vec<Target> = dataset.users().iter().map(|records| Target::User(records.id().clone())).collect();
    let context = PlanContext { reason: "pt".to_owned(), ..PlanContext::new("me", Access::ReadWrite, fixture::now()) };
    let plan = Plan::compute(Action::SecureAccount, &users, &dataset, &context);
    let plan = plan.confirm(crate::domain::plan::Answer::Number(2)).unwrap().plan().clone();
    let (playbook, job, step) = (JobId(1), JobId(2), Action::GenerateTemporaryPassword);
    let mut ledger = Ledger::default();
    apply(&mut ledger, Entry::PlaybookStarted { playbook, plan: Box::new(plan), steps_confirmed: false });
    let held = |ledger: &Ledger| ledger.playbook(playbook).unwrap().clone();
    let first = held(&ledger).plan_step(step, &dataset, &ledger, &context);
    assert_eq!(first.included_count(), 2);
    apply(&mut ledger, Entry::JobConfirmed { job, plan: Box::new(first), hold_seconds: 0 });
    let item = |id: &str, outcome| ItemOutcome { id: id.to_owned(), outcome, because: Some("404".to_owned()) };
    let items = vec![item("a", Outcome::Verified), item("b", Outcome::Failed)];
    apply(&mut ledger, Entry::Outcomes { job, items });
    apply(&mut ledger, Entry::JobEnded { job, state: JobState::Done });
    let second = held(&ledger).plan_step(step, &dataset, &ledger, &context);
    assert_eq!(second.included().map(|target| target.id.as_str()).collect::<Vec<_>>(), ["b"]);
    assert_eq!(held(&ledger).problems_of(step, &ledger), ["404"]);
    assert_eq!(held(&ledger).whom_it_failed(step, &ledger), ["b@contoso.test"]);
    let job = JobId(3);
    apply(&mut ledger, Entry::JobConfirmed { job, plan: Box::new(second), hold_seconds: 0 });
    apply(&mut ledger, Entry::Outcomes { job, items: vec![item("b", Outcome::Verified)] });
    apply(&mut ledger, Entry::JobEnded { job, state: JobState::Done });
    let (_, state) = held(&ledger).steps(&ledger).into_iter().find(|(action, _)| *action == step).unwrap();
    assert!(matches!(state, StepState::Ended(JobId(3), tally) if tally.verified == 2 && tally.total == 2), "{state:?}");
}

#[test]
fn whoever_a_step_left_out_counts_as_skipped_and_the_reason_is_told() {
    let mut hybrid = fixture::risky_user("b", "passwordSpray");
    hybrid.directory.on_premises_sync_enabled = Some(true);
    let mut dataset = dataset();
    dataset.put(hybrid);
    let started = ledger(Action::SecureAccount, vec![]);
    let plan = started.playbook(PLAYBOOK).unwrap().plan_step(Action::GenerateTemporaryPassword, &dataset, &started, &context());
    let entries = vec![
        Entry::JobConfirmed { job: JobId(2), plan: Box::new(plan), hold_seconds: 0 },
        Entry::Outcomes { job: JobId(2), items: vec![ItemOutcome { id: "a".to_owned(), outcome: Outcome::Verified, because: None }] },
        Entry::JobEnded { job: JobId(2), state: JobState::Done },
    ];
    let ledger = ledger(Action::SecureAccount, entries);
    let playbook = ledger.playbook(PLAYBOOK).unwrap();
    let tally = playbook.tally_of(Action::GenerateTemporaryPassword, &ledger);
    assert_eq!((tally.total, tally.verified, tally.skipped), (2, 1, 1));
    assert_eq!(playbook.problems_of(Action::GenerateTemporaryPassword, &ledger), ["writebackUnknown"]);
}

#[test]
fn a_step_that_was_cancelled_before_it_was_sent_is_still_to_be_done() {
    let mut entries = job(2, Action::ConfirmUserCompromised, &[("a", Outcome::Verified)], false);
    entries.remove(1);
    entries.push(Entry::JobEnded { job: JobId(2), state: JobState::Cancelled });
    assert_eq!(next(&ledger(Action::SecureAccount, entries)), Some((Action::ConfirmUserCompromised, StepState::Waiting)));
}

/// Two users on their way, of whom the plan of a step refuses "b" for good: a guest, whose password is kept elsewhere.
fn with_guest() -> Dataset {
    let mut guest = fixture::risky_user("b", "passwordSpray");
    guest.directory.user_type = Some("Guest".into());
    let mut dataset = dataset();
    dataset.put(guest);
    dataset
}

/// The job of a step as the playbook plans it, with one outcome for all whom it takes in.
fn planned_job(ledger: &Ledger, id: u64, step: Action, dataset: &Dataset, outcome: Outcome) -> Vec<Entry> {
    let (job, plan) = (JobId(id), ledger.playbook(PLAYBOOK).unwrap().plan_step(step, dataset, ledger, &context()));
    let items = plan.included().map(|target| ItemOutcome { id: target.id.clone(), outcome, because: None }).collect();
    vec![
        Entry::JobConfirmed { job, plan: Box::new(plan), hold_seconds: 0 },
        Entry::Outcomes { job, items },
        Entry::JobEnded { job, state: JobState::Done },
    ]
}

#[test]
fn whoever_a_step_refuses_for_good_does_not_keep_the_playbook_open_and_whoever_failed_does() {
    use Action as A;
    let dataset = with_guest();
    for (outcome, through) in
        [(Outcome::Verified, true), (Outcome::Failed, false), (Outcome::Diverged, false), (Outcome::Unverified, false)]
    {
        let mut ledger = Ledger::default();
        let context = PlanContext { include_caution: true, ..context() };
        let plan = Box::new(Plan::compute(A::SecureAccount, &["a", "b"].map(|id| Target::User(id.into())), &dataset, &context));
        apply(&mut ledger, Entry::PlaybookStarted { playbook: PLAYBOOK, plan, steps_confirmed: true });
        for (id, step) in (2..).zip([A::ConfirmUserCompromised, A::GenerateTemporaryPassword, A::RevokeSessions]) {
            let outcome = if step == A::RevokeSessions { outcome } else { Outcome::Verified };
            for entry in planned_job(&ledger, id, step, &dataset, outcome) {
                apply(&mut ledger, entry);
            }
        }
        apply(&mut ledger, Entry::StepSkipped { playbook: PLAYBOOK, step: A::DisableDevices, because: "noDevices".to_owned() });
        let playbook = ledger.playbook(PLAYBOOK).unwrap();
        assert_eq!(playbook.is_through(&ledger), through, "{outcome:?}");
        assert_eq!(playbook.problems_of(A::GenerateTemporaryPassword, &ledger), ["guest"]);
        assert_eq!(playbook.tally(&ledger).skipped, 2, "the guest, in two steps");
    }
}

#[test]
fn a_caution_that_a_step_left_out_can_still_be_taken_in() {
    let mut hybrid = fixture::risky_user("b", "passwordSpray");
    hybrid.directory.on_premises_sync_enabled = Some(true);
    let mut dataset = dataset();
    dataset.put(hybrid);
    let started = ledger(Action::SecureAccount, vec![]);
    let entries = planned_job(&started, 2, Action::GenerateTemporaryPassword, &dataset, Outcome::Verified);
    let ledger = ledger(Action::SecureAccount, entries);
    let playbook = ledger.playbook(PLAYBOOK).unwrap();
    assert!(!playbook.is_over(Action::GenerateTemporaryPassword, &ledger));
}

#[test]
fn a_step_waits_for_the_one_before_it_only_where_that_can_still_come_true() {
    use Action as A;
    let waits = |entries: Vec<Entry>| {
        let ledger = ledger(A::RemediatedElsewhere, entries);
        ledger.playbook(PLAYBOOK).unwrap().waits_for_step_before(A::DismissUserRisk, &dataset(), &ledger)
    };
    let skip = |because: &str| Entry::StepSkipped { playbook: PLAYBOOK, step: A::ConfirmUserCompromised, because: because.to_owned() };
    assert!(waits(vec![]));
    assert!(!waits(vec![skip("deleted")]));
    assert!(waits(vec![skip("alreadyDone")]), "it is confirmed, and its level may rise late");
    let both = |outcome| ["a", "b"].map(|user| (user, outcome));
    assert!(waits(job(2, A::ConfirmUserCompromised, &both(Outcome::Failed), true)), "what failed can be tried again");
    let skipped = |because: &str| {
        let mut entries = job(2, A::ConfirmUserCompromised, &both(Outcome::Verified), true);
        let items = ["a", "b"].map(|id| ItemOutcome { id: id.to_owned(), outcome: Outcome::Skipped, because: Some(because.to_owned()) });
        entries.insert(2, Entry::Outcomes { job: JobId(2), items: items.to_vec() });
        entries
    };
    assert!(!waits(skipped("deleted")));
    assert!(waits(skipped("new caution since the plan: privileged")));
}

#[test]
fn whoever_the_confirmation_refused_does_not_keep_a_playbook_open_that_dismissed_the_others() {
    use Action as A;
    let mut deleted = fixture::risky_user("b", "passwordSpray");
    let mut ledger = ledger(A::RemediatedElsewhere, vec![]);
    deleted.user.is_deleted = Some(true);
    let mut gone = dataset();
    gone.put(deleted);
    for entry in planned_job(&ledger, 2, A::ConfirmUserCompromised, &gone, Outcome::Verified) {
        apply(&mut ledger, entry);
    }
    for entry in planned_job(&ledger, 3, A::DismissUserRisk, &dataset(), Outcome::Verified) {
        apply(&mut ledger, entry);
    }
    assert!(ledger.playbook(PLAYBOOK).unwrap().is_through(&ledger));
}

#[test]
fn the_old_password_that_was_read_back_is_not_read_again_and_one_that_nobody_knows_is() {
    let (step, users) = (Action::GenerateTemporaryPassword, [("a", Outcome::Diverged), ("b", Outcome::Diverged)]);
    let mut ledger = ledger(Action::SecureAccount, job(2, step, &users, true));
    let reason = |id: &str, because: &str| ItemOutcome { id: id.to_owned(), outcome: Outcome::Diverged, because: Some(because.to_owned()) };
    let items = vec![reason("a", "lastPasswordChangeDateTime is 2026-11-01T00:00:00Z"), reason("b", UNTOLD)];
    apply(&mut ledger, Entry::Outcomes { job: JobId(2), items });
    assert_eq!(ledger.playbook(PLAYBOOK).unwrap().unsure(step, &ledger), [(JobId(2), vec!["b".to_owned()])]);
}

#[test]
fn whoever_a_second_try_refuses_for_good_is_settled_whatever_the_first_one_did() {
    let step = Action::ConfirmUserCompromised;
    let mut ledger = ledger(Action::SecureAccount, job(2, step, &[("a", Outcome::Failed), ("b", Outcome::Verified)], true));
    let is_over = |ledger: &Ledger| ledger.playbook(PLAYBOOK).unwrap().is_over(step, ledger);
    assert!(!is_over(&ledger));
    let gone: Dataset = dataset()
        .users()
        .iter()
        .cloned()
        .map(|mut records| {
            records.user.is_deleted = Some(true);
            records
        })
        .collect();
    let again = ledger.playbook(PLAYBOOK).unwrap().plan_step(step, &gone, &ledger, &context());
    let playbook = ledger.playbook(PLAYBOOK).unwrap();
    assert!(playbook.is_nobody_left_for_good(&again, false, &ledger), "b came through");
    let because = nobody_left(&again);
    apply(&mut ledger, Entry::StepSkipped { playbook: PLAYBOOK, step, because });
    assert!(is_over(&ledger));
    let said = ledger.playbook(PLAYBOOK).unwrap().problems_of(step, &ledger);
    assert_eq!(said, ["failed", "deleted"], "what it came to stays, and why nothing more comes of it");
}

#[test]
fn a_step_that_is_not_settled_for_good_is_not_left_out() {
    let step = Action::ConfirmUserCompromised;
    let read_only = PlanContext { ..PlanContext::new("me", Access::ReadOnly, fixture::now()) };
    let started = ledger(Action::SecureAccount, vec![]);
    let playbook = started.playbook(PLAYBOOK).unwrap();
    let plan = playbook.plan_step(step, &dataset(), &started, &read_only);
    assert_eq!((plan.included_count(), playbook.is_nobody_left_for_good(&plan, false, &started)), (0, false), "it can be writable again");
    // Taken and not shown, while it looks done by now: it is read again, and not left out.
    let taken = ledger(Action::SecureAccount, job(2, step, &[("a", Outcome::Unverified), ("b", Outcome::Verified)], true));
    let playbook = taken.playbook(PLAYBOOK).unwrap();
    let mut plan = playbook.plan_step(step, &dataset(), &taken, &context());
    for target in &mut plan.targets {
        (target.because, target.verdict, target.included) = (vec![Because::AlreadyDone], Verdict::Refused, false);
    }
    assert!(!playbook.is_nobody_left_for_good(&plan, false, &taken));
    plan.targets[0].because.push(Because::Deleted);
    assert!(playbook.is_nobody_left_for_good(&plan, false, &taken));
    assert_eq!(nobody_left(&Plan { targets: plan.targets[..1].to_vec(), ..plan }), "deleted", "whoever is gone is not done");
}

#[test]
fn whose_password_was_reset_is_not_confirmed_compromised_again() {
    let outcomes = [("a", Outcome::Diverged), ("b", Outcome::Diverged)];
    let mut entries = job(2, Action::ConfirmUserCompromised, &outcomes, true);
    entries.extend(job(3, Action::GenerateTemporaryPassword, &[("a", Outcome::Verified)], true));
    let ledger = ledger(Action::SecureAccount, entries);
    let again = ledger.playbook(PLAYBOOK).unwrap().plan_step(Action::ConfirmUserCompromised, &dataset(), &ledger, &context());
    let included: Vec<&str> = again.included().map(|target| target.id.as_str()).collect();
    assert_eq!(included, ["b"], "nothing after it would bring the risk of a down again");
}

#[test]
fn a_step_that_came_true_is_settled_although_its_second_try_was_cancelled() {
    let step = Action::ConfirmUserCompromised;
    let outcomes = [("a", Outcome::Unverified), ("b", Outcome::Verified)];
    let mut entries = job(2, step, &outcomes, true);
    let mut second = job(3, step, &[("a", Outcome::Unverified)], false);
    second.remove(1);
    entries.extend(second);
    entries.push(Entry::JobEnded { job: JobId(3), state: JobState::Cancelled });
    let mut ledger = ledger(Action::SecureAccount, entries);
    let playbook = |ledger: &Ledger| ledger.playbook(PLAYBOOK).unwrap().clone();
    assert_eq!(playbook(&ledger).steps(&ledger)[0].1, StepState::Waiting);
    let left = playbook(&ledger).left_undone(step, &ledger).iter().map(|left| left.because.clone()).collect::<Vec<_>>();
    assert_eq!(left, [NOT_SENT], "whom nobody is asked about is named all the same");
    let items = vec![ItemOutcome { id: "a".to_owned(), outcome: Outcome::Verified, because: None }];
    apply(&mut ledger, Entry::Outcomes { job: JobId(2), items });
    assert!(playbook(&ledger).is_over(step, &ledger), "{:?}", playbook(&ledger).steps(&ledger));
}

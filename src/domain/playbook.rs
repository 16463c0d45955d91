//! Playbooks: several actions on the same users, one after another, each confirmed, sent and read back by itself.
//!
//! A playbook is kept in the journal. Its steps are jobs like any other, whose plans name it; what the ledger says of them is where
//! the playbook stands.

use std::collections::BTreeMap;

use super::action::Action;
use super::dataset::Dataset;
use super::journal::{JobId, JobState, Outcome};
use super::ledger::{ItemState, Job, Ledger, Tally};
use super::password::PASSWORD_IS_NEW;
use super::plan::{Because, Plan, PlanContext, PlanTarget, Target, Verdict};
use super::records::UserRecords;
use super::risk::{RiskLevel, RiskState};
use super::time::Timestamp;

/// A playbook on its way.
#[derive(Debug, Clone, PartialEq)]
pub struct Playbook {
    /// Its number: playbooks and jobs are counted together.
    pub id: JobId,
    /// The plan: the users, the steps, the reason.
    pub plan: Plan,
    /// Whether all its steps were confirmed with it; else each is confirmed by itself.
    pub steps_confirmed: bool,
    /// When it was confirmed.
    pub created_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Whether it ended, and how.
    pub state: JobState,
    /// Steps that were left out, and why.
    pub skipped: Vec<(Action, String)>,
    /// The jobs of its steps, oldest first. A step that was tried again has several.
    pub jobs: Vec<(Action, JobId)>,
}

/// Where a step stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepState {
    /// Not begun.
    Waiting,
    /// Its job was begun and has not ended.
    Open(JobId),
    /// Its job ended.
    Ended(JobId, Tally),
    /// It was left out; says why.
    Skipped(String),
}

impl StepState {
    /// Whether the playbook goes on after it.
    pub fn is_settled(&self) -> bool {
        matches!(self, StepState::Ended(..) | StepState::Skipped(_))
    }

    /// Whether it did what it should for everybody.
    pub fn is_verified(&self) -> bool {
        matches!(self, StepState::Ended(_, tally) if tally.all_verified())
    }
}

/// Whether a step was left out because there was nothing to do for anybody.
fn is_nothing_to_do(because: &str) -> bool {
    let nothing = [Because::AlreadyDone.as_str(), Because::NoDevices.as_str()];
    because.split(", ").all(|word| nothing.contains(&word))
}

/// Why the plan of a step leaves a user out, in fixed words: where there is nothing to do, a caution besides says nothing.
fn why_left_out(target: &PlanTarget) -> Vec<&'static str> {
    let nothing: Vec<&str> = target.because.iter().filter(|because| because.is_nothing_to_do()).map(|because| because.as_str()).collect();
    if nothing.is_empty() { target.because.iter().map(|because| because.as_str()).collect() } else { nothing }
}

/// Why a user waits for an earlier step.
const STEP_BEFORE: &str = "the step before it was not verified";

/// Why the plan of a step has nobody left, each reason once.
pub fn nobody_left(plan: &Plan) -> String {
    let mut words: Vec<&str> = plan.targets.iter().flat_map(why_left_out).collect();
    words.sort_unstable();
    words.dedup();
    if words.is_empty() { STEP_BEFORE.to_owned() } else { words.join(", ") }
}

impl Playbook {
    /// Its steps and where each stands, in order.
    pub fn steps(&self, ledger: &Ledger) -> Vec<(Action, StepState)> {
        self.plan.steps.iter().map(|step| (*step, self.step(*step, ledger))).collect()
    }

    fn step(&self, step: Action, ledger: &Ledger) -> StepState {
        match self.jobs_of(step, ledger).last() {
            Some(job) if job.state == JobState::Open => StepState::Open(job.id),
            Some(job) if job.state != JobState::Cancelled || job.tally().pending == 0 => {
                StepState::Ended(job.id, self.tally_of(step, ledger))
            }
            // What was cancelled before it was sent is still to be done, or left out.
            _ => match self.skipped.iter().rev().find(|(action, _)| *action == step) {
                Some((_, because)) => StepState::Skipped(because.clone()),
                None => StepState::Waiting,
            },
        }
    }

    /// The jobs of a step, oldest first.
    fn jobs_of<'a>(&'a self, step: Action, ledger: &'a Ledger) -> impl Iterator<Item = &'a Job> {
        self.jobs.iter().filter(move |(action, _)| *action == step).filter_map(|(_, job)| ledger.job(*job))
    }

    /// A step in numbers, over all its tries: each user counts once, as verified where any of them was, else as the last one left it.
    pub fn tally_of(&self, step: Action, ledger: &Ledger) -> Tally {
        let mut items: BTreeMap<&str, &ItemState> = BTreeMap::new();
        for item in self.jobs_of(step, ledger).flat_map(|job| &job.items) {
            let held = items.entry(&item.id).or_insert(&item.state);
            if !matches!(held, ItemState::Ended(Outcome::Verified, _)) {
                *held = &item.state;
            }
        }
        let left_out = self.left_out(step, ledger, |id| items.contains_key(id)).len();
        let mut tally = Tally::of(items.into_values());
        tally.total += left_out;
        tally.skipped += left_out;
        tally
    }

    /// Users of the playbook whom the plan of a step left out although there was something to do, and why.
    fn left_out(&self, step: Action, ledger: &Ledger, has_item: impl Fn(&str) -> bool) -> Vec<String> {
        let Some(job) = self.jobs_of(step, ledger).last() else { return Vec::new() };
        let without = self.plan.included().filter(|target| !has_item(&target.id));
        without
            .filter_map(|target| job.plan.targets.iter().find(|of_step| of_step.id == target.id))
            .filter(|of_step| !of_step.because.iter().any(|because| because.is_nothing_to_do()))
            .map(|of_step| {
                let words = why_left_out(of_step);
                if words.is_empty() { STEP_BEFORE.to_owned() } else { words.join(", ") }
            })
            .collect()
    }

    /// Why users did not come through a step, as its last job was told; each reason once. Holds hostile text.
    pub fn problems_of(&self, step: Action, ledger: &Ledger) -> Vec<String> {
        let mut said = Vec::new();
        for item in self.jobs_of(step, ledger).last().map(|job| job.items.as_slice()).unwrap_or_default() {
            if let ItemState::Ended(outcome, because) = &item.state
                && *outcome != Outcome::Verified
            {
                let because = because.clone().unwrap_or_else(|| outcome.as_str().to_owned());
                if !said.contains(&because) {
                    said.push(because);
                }
            }
        }
        let items: Vec<&str> = self.jobs_of(step, ledger).flat_map(|job| &job.items).map(|item| item.id.as_str()).collect();
        for because in self.left_out(step, ledger, |id| items.contains(&id)) {
            if !said.contains(&because) {
                said.push(because);
            }
        }
        said
    }

    /// For whom a step was verified, in any of its tries.
    fn verified(&self, step: Action, ledger: &Ledger) -> Vec<String> {
        let verified = |state: &ItemState| matches!(state, ItemState::Ended(Outcome::Verified, _));
        self.jobs_of(step, ledger).flat_map(|job| job.ids_where(verified)).collect()
    }

    /// Users who hold, or may hold, a temporary password that was told, whatever became of their risk: another one would take it from
    /// them. Where reading back showed the old password, there is nothing to take.
    fn told_passwords(&self, ledger: &Ledger) -> Vec<String> {
        let mut told: Vec<String> = Vec::new();
        for job in self.jobs_of(Action::GenerateTemporaryPassword, ledger) {
            let set =
                job.ids_where(|state| matches!(state, ItemState::Ended(Outcome::Verified | Outcome::Unverified | Outcome::Diverged, _)));
            told.retain(|id| !set.contains(id));
            let is_old = |id: &String| {
                let because = job.item(id).and_then(|item| match &item.state {
                    ItemState::Ended(Outcome::Diverged, because) => because.as_deref(),
                    _ => None,
                });
                because.is_some_and(|because| !because.starts_with(PASSWORD_IS_NEW))
            };
            told.extend(job.told_passwords().into_iter().filter(|id| !is_old(id)));
        }
        told
    }

    /// The step that comes next; `None` where all are settled.
    pub fn next(&self, ledger: &Ledger) -> Option<(Action, StepState)> {
        self.steps(ledger).into_iter().find(|(_, state)| !state.is_settled())
    }

    /// Whether every step was verified or left out: one that failed can still be tried again.
    pub fn is_through(&self, ledger: &Ledger) -> bool {
        self.steps(ledger).iter().all(|(_, state)| state.is_verified() || matches!(state, StepState::Skipped(_)))
    }

    /// Whether a job of a step may be begun now: the step is the next one, failed, or was left out.
    pub fn is_due(&self, step: Action, ledger: &Ledger) -> bool {
        let state = self.steps(ledger).into_iter().find(|(held, _)| *held == step).map(|(_, state)| state);
        match state {
            Some(StepState::Waiting) => self.next(ledger).is_some_and(|(next, _)| next == step),
            Some(StepState::Open(_)) | None => false,
            Some(state) => !state.is_verified(),
        }
    }

    /// The targets of a step that the tenant took and that were not seen as promised, with the job that sent each last: they may have come
    /// true since.
    pub fn unsure(&self, step: Action, ledger: &Ledger) -> Vec<(JobId, Vec<String>)> {
        let verified = self.verified(step, ledger);
        let taken = |state: &ItemState| matches!(state, ItemState::Ended(Outcome::Unverified | Outcome::Diverged, _));
        let mut settled = verified;
        let jobs: Vec<&Job> = self.jobs_of(step, ledger).collect();
        let mut unsure: Vec<(JobId, Vec<String>)> = Vec::new();
        for job in jobs.into_iter().rev() {
            let ids: Vec<String> = job.ids_where(taken).into_iter().filter(|id| !settled.contains(id)).collect();
            settled.extend(ids.clone());
            unsure.push((job.id, ids));
        }
        unsure.retain(|(_, ids)| !ids.is_empty());
        unsure
    }

    /// Whether a step has users who only wait for the step before it to come true.
    pub fn waits_for_step_before(&self, step: Action, dataset: &Dataset, ledger: &Ledger) -> bool {
        let needed = self.needed_before(step, dataset, ledger);
        needed.is_some_and(|verified| self.plan.included().any(|target| !verified.contains(&target.id)))
    }

    /// The results of all steps together: each step counts each of its users once.
    pub fn tally(&self, ledger: &Ledger) -> Tally {
        let users = self.plan.included_count();
        let mut all = Tally::default();
        for (_, state) in self.steps(ledger) {
            let of_step = match state {
                StepState::Waiting => Tally { total: users, pending: users, ..Tally::default() },
                StepState::Open(job) => ledger.job(job).map(|job| job.tally()).unwrap_or_default(),
                StepState::Ended(_, tally) => tally,
                StepState::Skipped(because) if is_nothing_to_do(&because) => Tally::default(),
                StepState::Skipped(_) => Tally { total: users, skipped: users, ..Tally::default() },
            };
            all.add(&of_step);
        }
        all
    }

    /// The plan of a step, judged by present facts. A caution that was taken in with the playbook is taken in for the step; one that
    /// is new, and everybody for whom an earlier step was needed and failed, is left out.
    pub fn plan_step(&self, step: Action, dataset: &Dataset, ledger: &Ledger, context: &PlanContext) -> Plan {
        let targets: Vec<Target> = self.plan.included().map(|target| self.plan.target(target)).collect();
        let context = PlanContext { reason: self.plan.reason.clone(), include_caution: false, ..context.clone() };
        let mut plan = Plan::compute(step, &targets, dataset, &context);
        let needed = self.needed_before(step, dataset, ledger);
        // A second try is for whom the first did not help: nobody gets a second password.
        let done = self.verified(step, ledger);
        let told = if step == Action::GenerateTemporaryPassword { self.told_passwords(ledger) } else { Vec::new() };
        for target in &mut plan.targets {
            let known = self
                .plan
                .targets
                .iter()
                .find(|was| was.id == target.id)
                .is_some_and(|was| target.because.iter().all(|because| was.because.contains(because)));
            target.included = match target.verdict {
                Verdict::Eligible => true,
                Verdict::Caution => known,
                Verdict::Refused => false,
            } && needed.as_ref().is_none_or(|verified| verified.contains(&target.id))
                && !done.contains(&target.id);
            // Whose risk merely closes late has a password of use: another one is for the operator to ask for.
            if target.included && told.contains(&target.id) {
                target.because.push(Because::PasswordTold);
                (target.verdict, target.included) = (Verdict::Caution, false);
            }
        }
        plan.playbook = Some(self.id);
        plan.settled(&context)
    }

    /// Of a step that makes no sense without the one before it: for whom that one was verified.
    fn needed_before(&self, step: Action, dataset: &Dataset, ledger: &Ledger) -> Option<Vec<String>> {
        let needs = self.plan.action == Action::RemediatedElsewhere && step == Action::DismissUserRisk;
        needs.then(|| {
            let confirmed = |records: &UserRecords| {
                records.user.risk_state == Some(RiskState::ConfirmedCompromised) && records.user.risk_level == Some(RiskLevel::High)
            };
            let read = dataset.users().iter().filter(|records| confirmed(records)).map(|records| records.id().to_string());
            self.verified(Action::ConfirmUserCompromised, ledger).into_iter().chain(read).collect()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixture;
    use crate::domain::journal::{Entry, ItemOutcome, JournalRecord};
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
}

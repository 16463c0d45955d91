//! Playbooks: several actions on the same users, one after another, each confirmed, sent and read back by itself.
//!
//! A playbook is kept in the journal. Its steps are jobs like any other, whose plans name it; what the ledger says of them is where
//! the playbook stands.

use super::action::Action;
use super::dataset::Dataset;
use super::journal::{JobId, JobState};
use super::ledger::{Ledger, Tally};
use super::plan::{Because, Plan, PlanContext, Target, Verdict};
use super::time::Timestamp;

/// A playbook on its way.
#[derive(Debug, Clone, PartialEq)]
pub struct Playbook {
    /// Its number: playbooks and jobs are counted together.
    pub id: JobId,
    /// The plan: the users, the steps, the reason.
    pub plan: Plan,
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

/// Whether a step was left out because there was nothing to do.
fn is_nothing_to_do(because: &str) -> bool {
    let nothing = [Because::AlreadyDone.as_str(), Because::NoDevices.as_str()];
    because.split(", ").all(|word| nothing.contains(&word))
}

impl Playbook {
    /// Its steps and where each stands, in order.
    pub fn steps(&self, ledger: &Ledger) -> Vec<(Action, StepState)> {
        self.plan.steps.iter().map(|step| (*step, self.step(*step, ledger))).collect()
    }

    fn step(&self, step: Action, ledger: &Ledger) -> StepState {
        let last = self.jobs.iter().rev().find(|(action, _)| *action == step).and_then(|(_, job)| ledger.job(*job));
        match last {
            Some(job) if job.state == JobState::Open => StepState::Open(job.id),
            Some(job) => StepState::Ended(job.id, job.tally()),
            None => match self.skipped.iter().rev().find(|(action, _)| *action == step) {
                Some((_, because)) => StepState::Skipped(because.clone()),
                None => StepState::Waiting,
            },
        }
    }

    /// The step that comes next; `None` where all are settled.
    pub fn next(&self, ledger: &Ledger) -> Option<(Action, StepState)> {
        self.steps(ledger).into_iter().find(|(_, state)| !state.is_settled())
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
        let needed = self.needed_before(step, ledger);
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
            } && needed.as_ref().is_none_or(|verified| verified.contains(&target.id));
        }
        plan.playbook = Some(self.id);
        plan.settled(&context)
    }

    /// Of a step that makes no sense without the one before it: for whom that one was verified.
    fn needed_before(&self, step: Action, ledger: &Ledger) -> Option<Vec<String>> {
        use super::journal::Outcome;
        use super::ledger::ItemState;
        if self.plan.action != Action::RemediatedElsewhere || step != Action::DismissUserRisk {
            return None;
        }
        let before = self.jobs.iter().filter(|(action, _)| *action == Action::ConfirmUserCompromised);
        let verified = before
            .filter_map(|(_, job)| ledger.job(*job))
            .flat_map(|job| job.ids_where(|state| matches!(state, ItemState::Ended(Outcome::Verified, _))))
            .collect();
        Some(verified)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixture;
    use crate::domain::journal::{Entry, ItemOutcome, JournalRecord, Outcome};
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
        let all = [Entry::PlaybookStarted { playbook: PLAYBOOK, plan }].into_iter().chain(entries);
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
}

//! Playbooks: several actions on the same users, one after another, each confirmed, sent and read back by itself.
//!
//! A playbook is kept in the journal. Its steps are jobs like any other, whose plans name it; what the ledger says of them is where
//! the playbook stands.

use std::collections::BTreeMap;

use super::action::Action;
use super::dataset::Dataset;
use super::journal::{JobId, JobState, Outcome};
use super::ledger::{ItemState, Job, Ledger, Tally};
use super::plan::{Plan, PlanContext, Target, Verdict};
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

impl Playbook {
    /// Its steps and where each stands, in order.
    pub fn steps(&self, ledger: &Ledger) -> Vec<(Action, StepState)> {
        self.plan.steps.iter().map(|step| (*step, self.step(*step, ledger))).collect()
    }

    fn step(&self, step: Action, ledger: &Ledger) -> StepState {
        match self.jobs_of(step, ledger).last() {
            Some(job) if job.state == JobState::Open => StepState::Open(job.id),
            Some(job) => StepState::Ended(job.id, self.tally_of(step, ledger)),
            None => match self.skipped.iter().rev().find(|(action, _)| *action == step) {
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
        Tally::of(items.into_values())
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
        said
    }

    /// For whom a step was verified, in any of its tries.
    fn verified(&self, step: Action, ledger: &Ledger) -> Vec<String> {
        let verified = |state: &ItemState| matches!(state, ItemState::Ended(Outcome::Verified, _));
        self.jobs_of(step, ledger).flat_map(|job| job.ids_where(verified)).collect()
    }

    /// The step that comes next; `None` where all are settled.
    pub fn next(&self, ledger: &Ledger) -> Option<(Action, StepState)> {
        self.steps(ledger).into_iter().find(|(_, state)| !state.is_settled())
    }

    /// The plan of a step, judged by present facts. A caution that was taken in with the playbook is taken in for the step; one that
    /// is new, and everybody for whom an earlier step was needed and failed, is left out.
    pub fn plan_step(&self, step: Action, dataset: &Dataset, ledger: &Ledger, context: &PlanContext) -> Plan {
        let targets: Vec<Target> = self.plan.included().map(|target| self.plan.target(target)).collect();
        let context = PlanContext { reason: self.plan.reason.clone(), include_caution: false, ..context.clone() };
        let mut plan = Plan::compute(step, &targets, dataset, &context);
        let needed = self.needed_before(step, ledger);
        // A second try is for whom the first did not help: nobody gets a second password.
        let done = self.verified(step, ledger);
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
        }
        plan.playbook = Some(self.id);
        plan.settled(&context)
    }

    /// Of a step that makes no sense without the one before it: for whom that one was verified.
    fn needed_before(&self, step: Action, ledger: &Ledger) -> Option<Vec<String>> {
        let needs = self.plan.action == Action::RemediatedElsewhere && step == Action::DismissUserRisk;
        needs.then(|| self.verified(Action::ConfirmUserCompromised, ledger))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixture::{now, risky_user};
    use crate::domain::journal::{Entry, ItemOutcome, JournalRecord};
    use crate::domain::plan::{Access, Answer};
    use crate::domain::records::UserRecords;

    fn apply(ledger: &mut Ledger, entry: Entry) {
        ledger.apply(&JournalRecord { seq: 1, at: now(), operator: "me".to_owned(), entry, prev: String::new() });
    }

    #[test]
    fn a_second_try_of_a_step_is_for_whom_the_first_did_not_help() {
        let user = |id| UserRecords { devices: Some(Vec::new()), ..risky_user(id, "passwordSpray") };
        let dataset: Dataset = ["a", "b"].map(user).into_iter().collect();
        let users: Vec<Target> = dataset.users().iter().map(|records| Target::User(records.id().clone())).collect();
        let context = PlanContext { reason: "pt".to_owned(), ..PlanContext::new("me", Access::ReadWrite, now()) };
        let plan = Plan::compute(Action::SecureAccount, &users, &dataset, &context);
        let plan = plan.confirm(Answer::Number(2)).unwrap().plan().clone();
        let (playbook, job, step) = (JobId(1), JobId(2), Action::GenerateTemporaryPassword);
        let mut ledger = Ledger::default();
        apply(&mut ledger, Entry::PlaybookStarted { playbook, plan: Box::new(plan) });
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
}

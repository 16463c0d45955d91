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

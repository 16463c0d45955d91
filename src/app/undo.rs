//! Taking a job back: the plan of the opposite action, for what was verified.

use super::App;
use super::msg::Effect;
use super::overlay::Pending;
use crate::domain::advice::Start;
use crate::domain::journal::{Entry, JobId, JobState, Outcome};
use crate::domain::ledger::ItemState;
use crate::domain::plan::Target;

impl App {
    /// Opens the plan that takes a job back, or says why there is none.
    pub(super) fn undo(&mut self, id: JobId) -> Result<Vec<Effect>, String> {
        let job = self.ledger.job(id).ok_or_else(|| format!("{id} is no job whose targets are known here."))?;
        let action = job.plan.action;
        if job.state == JobState::Open {
            return Err(format!("Job {id} has not ended."));
        }
        let Some(undo) = action.undo() else {
            return Err(format!("\"{}\" cannot be taken back.", action.title()));
        };
        // What was not read back as promised may be in force all the same; where it is not, the plan says that there is nothing to do.
        let sent = |state: &ItemState| matches!(state, ItemState::Ended(Outcome::Verified | Outcome::Diverged | Outcome::Unverified, _));
        let taken = job.ids_where(sent);
        if taken.is_empty() {
            return Err(format!("Nothing of job {id} was applied, so there is nothing to take back."));
        }
        let policy = job.plan.policy.as_ref().map(|policy| policy.id.clone());
        if let Some(policy) = job.plan.policy.as_ref().filter(|policy| self.dataset.tenant().policy(&policy.id).is_none()) {
            return Err(format!("The policy {:?} is not known any more.", policy.display_name));
        }
        let is_done = |target: &&crate::domain::plan::PlanTarget| taken.contains(&target.id);
        let targets: Vec<Target> = job.plan.targets.iter().filter(is_done).map(|target| job.plan.target(target)).collect();
        let start = Start { action: undo, policy, addresses: taken.clone() };
        Ok(self.begin(Pending { start, targets, reason: format!("undo of job {id}") }))
    }
}

/// The job that a record of the journal is about.
pub(super) fn job_of(entry: &Entry) -> Option<JobId> {
    match entry {
        Entry::JobConfirmed { job, .. }
        | Entry::JobResumed { job }
        | Entry::Intent { job, .. }
        | Entry::Answered { job, .. }
        | Entry::PasswordsTold { job, .. }
        | Entry::PasswordsClosed { job, .. }
        | Entry::NotApplied { job, .. }
        | Entry::Outcomes { job, .. }
        | Entry::JobEnded { job, .. } => Some(*job),
        _ => None,
    }
}

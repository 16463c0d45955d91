//! Which unfinished work a new plan would meet: two jobs on one target undo each other, and each would be read back as the other left it.

use super::action::Action;
use super::journal::{JobId, JobState};
use super::ledger::{ItemState, Job, Ledger};
use super::plan::{Plan, PlanTarget};

/// An unfinished job or playbook, and what of a plan it is still about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfinished {
    /// Its number; of a step, that of its playbook, which goes on with it.
    pub job: JobId,
    /// What it does.
    pub action: Action,
    /// Names of the plan's targets that it is about, too. Hostile text.
    pub names: Vec<String>,
}

impl Ledger {
    /// The open jobs and playbooks that have something left to do, sent or not, for targets that a plan takes in; oldest first.
    pub fn unfinished_with(&self, plan: &Plan) -> Vec<Unfinished> {
        let jobs = self.open_jobs().filter(|job| job.plan.playbook.is_none());
        let jobs = jobs.map(|job| (job.id, job.plan.action, left(job)));
        let open = self.playbooks().filter(|playbook| playbook.state == JobState::Open);
        let playbooks = open.map(|playbook| (playbook.id, playbook.plan.action, playbook.plan.included().collect()));
        let mut all: Vec<Unfinished> = jobs
            .chain(playbooks)
            .map(|(job, action, left): (JobId, Action, Vec<&PlanTarget>)| {
                let met = plan.included().filter(|target| left.iter().any(|held| meet(held, target)));
                let name = |target: &PlanTarget| target.user_principal_name.clone().unwrap_or_else(|| target.id.clone());
                Unfinished { job, action, names: met.map(name).collect() }
            })
            .filter(|unfinished| !unfinished.names.is_empty())
            .collect();
        all.sort_by_key(|unfinished| unfinished.job);
        all
    }
}

/// The targets of a job that did not come out yet.
fn left(job: &Job) -> Vec<&PlanTarget> {
    let ended = |id: &str| job.item(id).is_some_and(|item| matches!(item.state, ItemState::Ended(..)));
    job.plan.included().filter(|target| !ended(&target.id)).collect()
}

/// Whether two targets are the same, or one is a sign-in of the other.
fn meet(one: &PlanTarget, other: &PlanTarget) -> bool {
    let is_of = |sign_in: &PlanTarget, user: &PlanTarget| sign_in.user_id.as_ref().is_some_and(|id| id.as_str() == user.id);
    one.id == other.id || is_of(one, other) || is_of(other, one)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::dataset::Dataset;
    use crate::domain::fixture;
    use crate::domain::journal::{Entry, ItemOutcome, JournalRecord, Outcome};
    use crate::domain::plan::{Access, PlanContext, Target};

    fn plan(action: Action, targets: &[Target]) -> Plan {
        let dataset: Dataset = ["a", "b", "c"].map(|id| fixture::risky_user(id, "unfamiliarFeatures")).into_iter().collect();
        let context = PlanContext { reason: "test".to_owned(), ..PlanContext::new("me", Access::ReadWrite, fixture::now()) };
        Plan::compute(action, targets, &dataset, &context)
    }

    fn users(ids: &[&str]) -> Vec<Target> {
        ids.iter().map(|id| Target::User((*id).into())).collect()
    }

    fn ledger(entries: Vec<Entry>) -> Ledger {
        let record = |(seq, entry)| JournalRecord { seq, at: fixture::now(), operator: "me".to_owned(), entry, prev: String::new() };
        let records: Vec<JournalRecord> = (1..).zip(entries).map(record).collect();
        Ledger::fold(&records)
    }

    fn met(ledger: &Ledger, plan: &Plan) -> Vec<(u64, Vec<String>)> {
        ledger.unfinished_with(plan).into_iter().map(|found| (found.job.0, found.names)).collect()
    }

    #[test]
    fn only_targets_that_did_not_come_out_of_an_open_job_are_met() {
        let job = JobId(1);
        let held = plan(Action::DismissUserRisk, &users(&["a", "b"]));
        let done = ItemOutcome { id: "a".to_owned(), outcome: Outcome::Verified, because: None };
        let mut entries = vec![
            Entry::JobConfirmed { job, plan: Box::new(held), hold_seconds: 0 },
            Entry::Intent { job, call: 1, ids: vec!["a".to_owned(), "b".to_owned()] },
            Entry::Outcomes { job, items: vec![done] },
        ];
        let again = plan(Action::RevokeSessions, &users(&["a", "b", "c"]));
        let open = ledger(entries.clone());
        assert_eq!(met(&open, &again), [(1, vec!["b@contoso.test".to_owned()])]);
        assert!(met(&open, &plan(Action::RevokeSessions, &users(&["a", "c"]))).is_empty());
        let sign_in = plan(Action::ConfirmSignInSafe, &[Target::SignIn("b-s1".into())]);
        assert_eq!(met(&open, &sign_in).len(), 1, "a sign-in of a user is about the user: {sign_in:?}");
        entries.push(Entry::JobEnded { job, state: JobState::Cancelled });
        assert!(met(&ledger(entries), &again).is_empty());
    }

    #[test]
    fn an_open_playbook_is_met_by_its_own_number_even_between_two_steps() {
        let (playbook, job) = (JobId(1), JobId(2));
        let whole = plan(Action::SecureAccount, &users(&["a"]));
        let step = Plan { playbook: Some(playbook), ..plan(Action::ConfirmUserCompromised, &users(&["a"])) };
        let again = plan(Action::RevokeSessions, &users(&["a"]));
        let mut entries = vec![
            Entry::PlaybookStarted { playbook, plan: Box::new(whole), steps_confirmed: true },
            Entry::JobConfirmed { job, plan: Box::new(step), hold_seconds: 0 },
        ];
        assert_eq!(met(&ledger(entries.clone()), &again).iter().map(|found| found.0).collect::<Vec<_>>(), [1]);
        entries.push(Entry::JobEnded { job, state: JobState::Done });
        assert_eq!(met(&ledger(entries.clone()), &again).iter().map(|found| found.0).collect::<Vec<_>>(), [1]);
        entries.push(Entry::PlaybookEnded { playbook, state: JobState::Done });
        assert!(met(&ledger(entries), &again).is_empty());
    }
}

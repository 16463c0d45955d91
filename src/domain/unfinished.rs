//! Which unfinished work a new plan would meet: two jobs on one target undo each other, and each would be read back as the other left it.

use std::collections::HashSet;

use super::action::{Action, Aim, Kind};
use super::journal::{JobId, JobState};
use super::ledger::{ItemState, Job, Ledger};
use super::plan::{Plan, PlanTarget};
use super::playbook::Playbook;
use super::records::UserId;

/// An unfinished job, and what of a plan it is still about.
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
    /// The open jobs that have something left to do, sent or not, for targets that a plan takes in; oldest first. A playbook between two
    /// steps is none, as what it does next is judged anew when it comes; but nobody needs a second playbook.
    pub fn unfinished_with(&self, plan: &Plan) -> Vec<Unfinished> {
        let name = |target: &PlanTarget| target.user_principal_name.clone().unwrap_or_else(|| target.id.clone());
        let met = |job: &Job| {
            let left = Left::of(job);
            let same = !left.ids.is_empty() && changes_the_same(&job.plan, plan);
            let met = plan.included().filter(|target| same || left.meets(target));
            Unfinished { job: job.plan.playbook.unwrap_or(job.id), action: job.plan.action, names: met.map(name).collect() }
        };
        let begun = |playbook: &Playbook| {
            let users: HashSet<&str> = playbook.plan.included().map(|target| target.id.as_str()).collect();
            let met = plan.included().filter(|target| users.contains(target.id.as_str()));
            let met = met.filter(|target| !playbook.is_over_for(&target.id, self)).map(name);
            Unfinished { job: playbook.id, action: playbook.plan.action, names: met.collect() }
        };
        let playbooks = self.playbooks().filter(|playbook| playbook.state == JobState::Open && plan.action.kind() == Kind::Playbook);
        let mut all: Vec<Unfinished> = self.open_jobs().map(met).chain(playbooks.map(begun)).collect();
        all.retain(|unfinished| !unfinished.names.is_empty());
        all.sort_by_key(|unfinished| unfinished.job);
        all.dedup_by_key(|unfinished| unfinished.job);
        all
    }
}

/// Whether two plans change one object of the tenant, whatever their targets are: a policy, or the trusted location.
fn changes_the_same(one: &Plan, other: &Plan) -> bool {
    let policies = one.policy.as_ref().zip(other.policy.as_ref());
    let location = one.action.aim() == Aim::Address && other.action.aim() == Aim::Address;
    location || policies.is_some_and(|(one, other)| one.id.eq_ignore_ascii_case(&other.id))
}

/// The targets of a job that did not come out yet.
struct Left<'a> {
    ids: HashSet<&'a str>,
    /// The users of those that are sign-ins.
    owners: HashSet<&'a str>,
}

impl<'a> Left<'a> {
    fn of(job: &'a Job) -> Self {
        let ended = |id: &str| job.item(id).is_some_and(|item| matches!(item.state, ItemState::Ended(..)));
        let left: Vec<&PlanTarget> = job.plan.included().filter(|target| !ended(&target.id)).collect();
        Left {
            ids: left.iter().map(|target| target.id.as_str()).collect(),
            owners: left.iter().filter_map(|target| target.user_id.as_ref()).map(UserId::as_str).collect(),
        }
    }

    /// Whether a target is among them, or a sign-in of one, or the user of one.
    fn meets(&self, target: &PlanTarget) -> bool {
        let of_owner = target.user_id.as_ref().is_some_and(|id| self.ids.contains(id.as_str()));
        self.ids.contains(target.id.as_str()) || self.owners.contains(target.id.as_str()) || of_owner
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::dataset::Dataset;
    use crate::domain::fixture;
    use crate::domain::journal::{Entry, ItemOutcome, JobState, JournalRecord, Outcome};
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
    fn a_policy_and_the_trusted_location_are_met_by_whatever_changes_them_too() {
        let of_policy = |id: &str| {
            let object = serde_json::json!({"id": id, "state": "enabled", "conditions": {"users": {"excludeUsers": []}}});
            crate::domain::policy::Policy::read(object.as_object().unwrap())
        };
        let on = |action, target: Target, policy: &str| {
            let all = ["p", "q"].into_iter().filter_map(of_policy).collect();
            let mut dataset: Dataset = ["a", "b"].map(|id| fixture::risky_user(id, "unfamiliarFeatures")).into_iter().collect();
            dataset.set_tenant(crate::domain::policy::TenantFacts { policies: Some(all), locations: None });
            let context = PlanContext::new("me", Access::ReadWrite, fixture::now());
            let context = PlanContext { include_caution: true, policy: of_policy(policy), ..context };
            Plan::compute(action, &[target], &dataset, &context)
        };
        let open = |plan: Plan| ledger(vec![Entry::JobConfirmed { job: JobId(1), plan: Box::new(plan), hold_seconds: 0 }]);
        let excludes = open(on(Action::ExcludeFromPolicy, Target::User("a".into()), "p"));
        let met_by = |plan: Plan| met(&excludes, &plan).len();
        assert_eq!(met_by(on(Action::DisablePolicy, Target::Policy("p".to_owned()), "P")), 1);
        assert_eq!(met_by(on(Action::ExcludeFromPolicy, Target::User("b".into()), "p")), 1);
        assert_eq!(met_by(on(Action::DisablePolicy, Target::Policy("q".to_owned()), "q")), 0);
        assert_eq!(met_by(plan(Action::RevokeSessions, &users(&["b"]))), 0);
        let address = |action, address: &str| on(action, Target::Address(address.to_owned()), "p");
        let trusts = open(address(Action::TrustIp, "198.51.100.9"));
        assert_eq!(met(&trusts, &address(Action::TrustIp, "203.0.113.9")).len(), 1);
    }

    #[test]
    fn an_open_step_is_met_by_the_number_of_its_playbook_and_a_playbook_between_two_steps_by_none() {
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
        assert!(met(&ledger(entries.clone()), &again).is_empty());
        let second = plan(Action::RemediatedElsewhere, &users(&["a", "b"]));
        assert_eq!(met(&ledger(entries.clone()), &second), [(1, vec!["a@contoso.test".to_owned()])], "but by a second playbook");
        let ended = [&entries[..], &[Entry::PlaybookEnded { playbook, state: JobState::Cancelled }]].concat();
        assert!(met(&ledger(ended), &second).is_empty());
        // For whom nothing is left of the playbook, it is none.
        let left_out = |step: &Action| Entry::StepSkipped { playbook, step: *step, because: "done by hand".to_owned() };
        entries.extend(Action::SecureAccount.steps().iter().map(left_out));
        assert!(met(&ledger(entries), &second).is_empty());
    }

    #[test]
    fn a_playbook_is_met_by_a_second_one_only_for_whom_something_is_left_of_it() {
        let playbook = JobId(1);
        let steps = Action::RemediatedElsewhere.steps();
        let mut entries = vec![Entry::PlaybookStarted {
            playbook,
            plan: Box::new(plan(Action::RemediatedElsewhere, &users(&["a", "b"]))),
            steps_confirmed: true,
        }];
        for (number, step) in (2..).zip(steps) {
            let job = JobId(number);
            let of_step = Plan { playbook: Some(playbook), ..plan(*step, &users(&["a", "b"])) };
            let last = Some(step) == steps.last();
            let came_out = |id: &str, outcome| ItemOutcome { id: id.to_owned(), outcome, because: None };
            let items = vec![came_out("a", Outcome::Verified), came_out("b", if last { Outcome::Failed } else { Outcome::Verified })];
            entries.push(Entry::JobConfirmed { job, plan: Box::new(of_step), hold_seconds: 0 });
            entries.push(Entry::Outcomes { job, items });
            entries.push(Entry::JobEnded { job, state: JobState::Done });
        }
        let ledger = ledger(entries);
        assert!(met(&ledger, &plan(Action::SecureAccount, &users(&["a"]))).is_empty(), "all is done for this one");
        assert_eq!(met(&ledger, &plan(Action::SecureAccount, &users(&["a", "b"]))), [(1, vec!["b@contoso.test".to_owned()])]);
        let open = |id: &str| ledger.open_playbooks_of(&id.into()).count();
        assert_eq!((open("a"), open("b")), (0, 1));
    }
}

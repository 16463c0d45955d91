//! What a job or a checklist left undone: each target with the reason, and what to do next.

use crate::domain::action::{Action, Aim, Kind};
use crate::domain::journal::{JobId, JobState, Outcome};
use crate::domain::ledger::{ItemState, Job, Ledger};
use crate::domain::plan::{Because, Plan, PlanTarget};
use crate::domain::playbook::{Playbook, StepState};

/// How many are named one by one.
const NAMED: usize = 20;

/// The targets of a job that were never sent, by name, as far as there is room; `None` where there are none. Holds hostile text.
pub fn not_sent(job: &Job) -> Option<String> {
    let pending: Vec<String> = job
        .plan
        .included()
        .filter(|target| job.item(&target.id).is_some_and(|item| item.state == ItemState::Pending))
        .map(|target| name(&job.plan, target))
        .collect();
    let more = pending.len().checked_sub(NAMED).filter(|more| *more > 0).map(|more| format!(" and {more} more")).unwrap_or_default();
    let named = pending.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    (!pending.is_empty()).then(|| format!("job {}, {}: {} not sent: {named}{more}", job.id, job.plan.action, pending.len()))
}

/// A line for each target, or step, that came out but was not verified, then how many more there are. Holds hostile text.
pub fn lines(ledger: &Ledger, id: JobId) -> Vec<String> {
    let mut all = match ledger.playbook(id) {
        Some(playbook) => of_playbook(playbook, ledger),
        None => ledger.job(id).map(|job| of_job(job, &format!("job {id}"), ledger)).unwrap_or_default(),
    };
    if let Some(more) = all.len().checked_sub(NAMED).filter(|more| *more > 0) {
        all.truncate(NAMED);
        all.push(format!("and {more} more: entriage journal --format jsonl has each with its reason"));
    }
    all
}

/// How what a job did is taken back, where that is one command: on a policy, or on the trusted location. What takes something back itself
/// is not. Holds hostile text.
pub fn undoing(job: &Job) -> Option<String> {
    let action = job.plan.action;
    let undo = action.undo().filter(|_| matches!(action, Action::ExcludeFromPolicy | Action::DisablePolicy | Action::TrustIp))?;
    let ids: Vec<String> = job.ids_where(|state| matches!(state, ItemState::Ended(Outcome::Verified, _)));
    if ids.len() > NAMED {
        return Some(format!("to take it back for all {}: U on job {} in the console", ids.len(), job.id));
    }
    let policy = job.plan.policy.as_ref().map(|policy| format!(" --policy {}", policy.id)).unwrap_or_default();
    let targets = match action.aim() {
        Aim::User => format!(" --user {}", ids.join(" ")),
        Aim::Address => format!(" --ip {}", ids.join(" ")),
        Aim::Policy | Aim::SignIn => String::new(),
    };
    Some(format!("to take it back: entriage act {undo}{policy}{targets}"))
}

/// What a plan is about beside its targets: a policy, or the trusted location. Holds hostile text.
pub fn about(plan: &Plan) -> Option<String> {
    match (&plan.policy, plan.action.aim()) {
        (Some(policy), _) => Some(format!("policy {:?}", policy.display_name)),
        (None, Aim::Address) => Some(format!("trusted location {:?}", crate::domain::policy::OWN_LOCATION)),
        (None, _) => None,
    }
}

/// A target by the name that people know: of a policy its own, with the id beside it. Hostile text.
pub fn name(plan: &Plan, target: &PlanTarget) -> String {
    match (&plan.policy, plan.action.aim()) {
        (Some(policy), Aim::Policy) if policy.id == target.id => format!("{} ({})", policy.display_name, target.id),
        _ => target.user_principal_name.clone().unwrap_or_else(|| target.id.clone()),
    }
}

fn of_job(job: &Job, prefix: &str, ledger: &Ledger) -> Vec<String> {
    let playbook = job.plan.playbook.and_then(|id| ledger.playbook(id));
    let going_on = playbook.and_then(|playbook| going_on(playbook, job.plan.action));
    let ended = job.items.iter().zip(job.plan.included()).filter_map(|(item, target)| match &item.state {
        ItemState::Ended(outcome, because) if *outcome != Outcome::Verified => Some((*outcome, because.as_deref(), target)),
        _ => None,
    });
    let told = |because: Option<&str>| because.unwrap_or("no reason was told").to_owned();
    ended.map(|(outcome, because, target)| line(prefix, &job.plan, target, outcome, &told(because), going_on.as_deref())).collect()
}

fn of_playbook(playbook: &Playbook, ledger: &Ledger) -> Vec<String> {
    let mut all = Vec::new();
    for (step, state) in playbook.steps(ledger) {
        let prefix = format!("job {}, {}", playbook.id, step.title());
        let plan = Plan { action: step, ..playbook.plan.clone() };
        match state {
            StepState::Waiting if playbook.state == JobState::Open && playbook.jobs.iter().any(|(action, _)| *action == step) => {
                all.push(format!("{prefix}: not finished; entriage jobs resume {} goes on with it", playbook.id));
                all.extend(left_undone(playbook, step, ledger, &plan, &prefix));
            }
            StepState::Waiting if playbook.steps_confirmed && playbook.state == JobState::Open => {
                all.push(format!("{prefix}: not begun; entriage jobs resume {} tries it", playbook.id));
            }
            StepState::Waiting | StepState::Open(_) => {}
            StepState::Skipped(because) => {
                // Going on does not come back to what was left out.
                all.extend(playbook.plan.included().map(|target| line(&prefix, &plan, target, Outcome::Skipped, &because, None)));
            }
            StepState::Ended(..) => all.extend(left_undone(playbook, step, ledger, &plan, &prefix)),
        }
    }
    all
}

/// How a step of an open checklist is tried again: done beside it, it would stay undone there.
fn going_on(playbook: &Playbook, step: Action) -> Option<String> {
    let named = if playbook.steps_confirmed { String::new() } else { format!(" --step {step}") };
    (playbook.state == JobState::Open).then(|| format!("entriage jobs resume {}{named}", playbook.id))
}

/// A line for each user whom a step did not help.
fn left_undone(playbook: &Playbook, step: Action, ledger: &Ledger, plan: &Plan, prefix: &str) -> Vec<String> {
    let left = playbook.left_undone(step, ledger);
    let going_on = going_on(playbook, step);
    left.iter().map(|left| line(prefix, plan, left.target, left.outcome, &left.because, going_on.as_deref())).collect()
}

fn line(prefix: &str, plan: &Plan, target: &PlanTarget, outcome: Outcome, because: &str, going_on: Option<&str>) -> String {
    let known: Vec<Option<Because>> = because.split(", ").map(Because::named).collect();
    let words: Vec<&str> = because.split(", ").zip(&known).map(|(word, known)| known.map_or(word, |known| known.words())).collect();
    let known: Vec<Because> = known.into_iter().flatten().collect();
    let what = if outcome == Outcome::Unverified { "accepted, but not verified" } else { outcome.as_str() };
    format!("{prefix}: {} {what}: {}; {}", name(plan, target), words.join(", "), next(plan, target, outcome, &known, going_on))
}

/// What to do next.
fn next(plan: &Plan, target: &PlanTarget, outcome: Outcome, known: &[Because], going_on: Option<&str>) -> String {
    let user = target.user_id.as_ref().map_or(target.user_principal_name.as_deref().unwrap_or(&target.id), |id| id.as_str());
    let beside = again(plan, target);
    let again = going_on.unwrap_or(&beside);
    let is = |because: &[Because]| known.iter().any(|held| because.contains(held));
    if is(&[Because::AlreadyDone, Because::NoDevices]) {
        "nothing to do".to_owned()
    } else if is(&[Because::Deleted]) {
        format!("entriage explain {user} has the text of the support case")
    } else if is(&[Because::WritebackUnknown]) {
        format!("where passwords are written back, say so (entriage settings passwordWriteback true), then {again}")
    } else if is(&[Because::NotPermitted, Because::RoleMissing]) {
        format!("entriage doctor says what is missing; then {again}")
    } else if is(&[Because::Processing, Because::PolicyChanged]) {
        format!("look again in some minutes, then {again}")
    } else if is(&[Because::HybridNoWriteback, Because::MfaNotRegistered, Because::Guest, Because::Federated]) {
        format!("entriage explain {user} names the other ways")
    } else if outcome == Outcome::Skipped && !known.is_empty() {
        format!("where that is no hindrance, {beside} --include-caution --reason TEXT")
    } else {
        match outcome {
            Outcome::Unverified => format!("entriage sync reads it again; only where it is still not so, {again}"),
            Outcome::Diverged => format!("it is not as promised: look at it, then {again}"),
            Outcome::Failed | Outcome::Skipped | Outcome::Verified => format!("once the cause is gone, {again}"),
        }
    }
}

/// The command that does it again for this target alone.
fn again(plan: &Plan, target: &PlanTarget) -> String {
    let action = plan.action;
    let id = target.user_principal_name.as_deref().unwrap_or(&target.id);
    match action.aim() {
        Aim::Policy => format!("entriage act {action} --policy {}", target.id),
        Aim::Address => format!("entriage act {action} --ip {}", target.id),
        Aim::SignIn => format!("entriage act {action} --from - with {}", target.id),
        Aim::User => match &plan.policy {
            Some(policy) if action.kind() == Kind::Policy => format!("entriage act {action} --user {id} --policy {}", policy.id),
            _ => format!("entriage act {action} --user {id}"),
        },
    }
}

/// Whether an action closes risk, so that who was verified may still not be safe.
pub fn closes_risk(action: Action) -> bool {
    matches!(action, Action::DismissUserRisk | Action::GenerateTemporaryPassword | Action::RequirePasswordChange)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::dataset::Dataset;
    use crate::domain::fixture;
    use crate::domain::journal::{Entry, ItemOutcome, JournalRecord};
    use crate::domain::plan::{Access, PlanContext, Target};

    fn ledger(entries: Vec<Entry>) -> Ledger {
        let record = |(seq, entry)| JournalRecord { seq, at: fixture::now(), operator: "me".to_owned(), entry, prev: String::new() };
        let records: Vec<JournalRecord> = (1..).zip(entries).map(record).collect();
        Ledger::fold(&records)
    }

    fn plan(action: Action, ids: &[&str]) -> Plan {
        let dataset: Dataset = ids.iter().map(|id| fixture::risky_user(id, "unfamiliarFeatures")).collect();
        let targets: Vec<Target> = ids.iter().map(|id| Target::User((*id).into())).collect();
        let context = PlanContext { reason: "test".to_owned(), ..PlanContext::new("me", Access::ReadWrite, fixture::now()) };
        Plan::compute(action, &targets, &dataset, &context)
    }

    fn ended(ids: &[&str], outcome: Outcome, because: &str) -> Vec<String> {
        let (job, items) = (JobId(1), ids.iter().map(|id| ((*id).to_owned(), outcome)));
        let items = items.map(|(id, outcome)| ItemOutcome { id, outcome, because: Some(because.to_owned()) }).collect();
        let entries = vec![
            Entry::JobConfirmed { job, plan: Box::new(plan(Action::DismissUserRisk, ids)), hold_seconds: 0 },
            Entry::Outcomes { job, items },
            Entry::JobEnded { job, state: JobState::Done },
        ];
        lines(&ledger(entries), job)
    }

    #[test]
    fn each_is_named_with_its_reason_in_words_and_what_to_do_next() {
        assert_eq!(
            ended(&["a"], Outcome::Skipped, "deleted"),
            ["job 1: a@contoso.test skipped: deleted (support case); entriage explain a@contoso.test has the text of the support case"]
        );
        assert_eq!(
            ended(&["a"], Outcome::Failed, "404 gone"),
            ["job 1: a@contoso.test failed: 404 gone; once the cause is gone, entriage act dismissUserRisk --user a@contoso.test"]
        );
        assert!(ended(&["a"], Outcome::Verified, "").is_empty());
    }

    #[test]
    fn a_flood_is_cut_off() {
        let ids: Vec<String> = (0..25).map(|number| format!("u{number}")).collect();
        let told = ended(&ids.iter().map(String::as_str).collect::<Vec<_>>(), Outcome::Failed, "404");
        assert_eq!(told.len(), NAMED + 1);
        assert!(told.last().is_some_and(|last| last.starts_with("and 5 more")), "{told:?}");
    }

    #[test]
    fn a_step_that_was_skipped_is_named() {
        let playbook = JobId(1);
        let told = lines(
            &ledger(vec![
                Entry::PlaybookStarted { playbook, plan: Box::new(plan(Action::SecureAccount, &["a"])), steps_confirmed: true },
                Entry::StepSkipped { playbook, step: Action::GenerateTemporaryPassword, because: "writebackUnknown".to_owned() },
            ]),
            playbook,
        );
        assert_eq!(told.len(), 4, "{told:?}");
        assert!(told[1].starts_with("job 1, Generate temporary password: a@contoso.test skipped: hybrid, password writeback not"));
        assert!(told[1].ends_with("then entriage act generateTemporaryPassword --user a@contoso.test"), "{told:?}");
        assert_eq!(told[2], "job 1, Revoke sessions: not begun; entriage jobs resume 1 tries it");
    }
}

//! Playbooks: several actions on the same users, one after another, each confirmed, sent and read back by itself.
//!
//! A playbook is kept in the journal. Its steps are jobs like any other, whose plans name it; what the ledger says of them is where
//! the playbook stands.

use std::collections::{BTreeMap, HashSet};

use super::action::Action;
use super::dataset::Dataset;
use super::journal::{JobId, JobState, Outcome};
use super::ledger::{ItemState, Job, Ledger, Tally};
use super::password::PASSWORD_IS_OLD;
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

/// Why a step can do nothing for a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refused {
    /// It is so already.
    NothingToDo,
    /// It cannot be done, and trying again does not change that.
    ForGood,
}

/// A user whom a step did not help.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftUndone<'a> {
    /// The user, as the playbook's plan has them.
    pub target: &'a PlanTarget,
    /// How the user came out; skipped where the step left them out.
    pub outcome: Outcome,
    /// Why. Holds hostile text.
    pub because: String,
}

impl LeftUndone<'_> {
    /// Whether there was something to do for the user.
    fn counts(&self) -> bool {
        self.outcome != Outcome::Skipped || !self.because.split(", ").filter_map(Because::named).any(Because::is_nothing_to_do)
    }
}

/// What the jobs of a step say of a user last.
enum LastWord<'a> {
    /// The job acts on the user.
    Item(&'a ItemState, &'a Job),
    /// A job's plan leaves the user out.
    LeftOut(&'a PlanTarget),
}

/// What the jobs of a step, oldest first, say of a user last; `None` where there are none, or none that knows the user. A try that left
/// the user out without refusing them adds nothing to what the one before it did.
fn last_word<'a>(jobs: &[&'a Job], id: &str) -> Option<LastWord<'a>> {
    let planned = |job: &'a Job| job.plan.targets.iter().find(|of_step| of_step.id == id);
    let mut held: Option<LastWord<'a>> = None;
    for job in jobs {
        held = match (job.item(id), planned(job)) {
            (Some(item), _) => Some(LastWord::Item(&item.state, job)),
            (None, Some(of_step)) if held.is_none() || of_step.verdict == Verdict::Refused => Some(LastWord::LeftOut(of_step)),
            _ => held,
        };
    }
    held
}

/// Whether a step was left out because there was nothing to do for anybody.
fn is_nothing_to_do(because: &str) -> bool {
    let nothing = [Because::AlreadyDone.as_str(), Because::NoDevices.as_str()];
    because.split(", ").all(|word| nothing.contains(&word))
}

/// Why the plan of a step leaves a user out, in fixed words: that the user is gone says all, and where there is nothing to do, a caution
/// besides says nothing.
fn why_left_out(target: &PlanTarget) -> Vec<&'static str> {
    let words = |holds: &dyn Fn(&Because) -> bool| -> Vec<&'static str> {
        target.because.iter().filter(|because| holds(because)).map(|because| because.as_str()).collect()
    };
    let gone = words(&|because| because.is_gone());
    let nothing = words(&|because| because.is_nothing_to_do());
    [gone, nothing].into_iter().find(|words| !words.is_empty()).unwrap_or_else(|| words(&|_| true))
}

/// Why a user was not acted on whose job was cancelled.
const NOT_SENT: &str = "cancelled before it was sent";
/// Why a user waits for an earlier step.
const STEP_BEFORE: &str = "the step before it was not verified";

/// Why the plan of a step has nobody left, each reason once.
pub fn nobody_left(plan: &Plan) -> String {
    let mut words: Vec<&str> = plan.targets.iter().flat_map(why_left_out).collect();
    words.sort_unstable();
    words.dedup();
    if words.is_empty() { STEP_BEFORE.to_owned() } else { words.join(", ") }
}

/// Reasons in words for people: of those that are none of the fixed words, the text itself. Holds hostile text.
pub fn words_of(because: &str) -> String {
    let words: Vec<&str> = because.split(", ").map(|word| Because::named(word).map_or(word, |known| known.words())).collect();
    words.join(", ")
}

impl Playbook {
    /// Its steps and where each stands, in order.
    pub fn steps(&self, ledger: &Ledger) -> Vec<(Action, StepState)> {
        self.plan.steps.iter().map(|step| (*step, self.step(*step, ledger))).collect()
    }

    fn step(&self, step: Action, ledger: &Ledger) -> StepState {
        match self.jobs_of(step, ledger).last() {
            Some(job) if job.state == JobState::Open => StepState::Open(job.id),
            Some(job) if job.state != JobState::Cancelled || self.tally_of(step, ledger).pending == 0 => {
                StepState::Ended(job.id, self.tally_of(step, ledger))
            }
            // What was cancelled before it was sent is still to be done, or left out.
            _ => self.left_out_since(step).map_or(StepState::Waiting, |because| StepState::Skipped(because.to_owned())),
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
        let without =
            self.left_undone(step, ledger).into_iter().filter(|left| left.counts() && !items.contains_key(left.target.id.as_str()));
        let left_out = without.count();
        let mut tally = Tally::of(items.into_values());
        tally.total += left_out;
        tally.skipped += left_out;
        tally
    }

    /// Whom a step that was begun did not help, in the playbook's order, and why: as the last of its jobs that had to do with the user says.
    /// Whoever is on the way in a job counts as neither.
    pub fn left_undone<'a>(&'a self, step: Action, ledger: &'a Ledger) -> Vec<LeftUndone<'a>> {
        let jobs: Vec<&Job> = self.jobs_of(step, ledger).collect();
        let verified: HashSet<String> = self.verified(step, ledger).into_iter().collect();
        let left = self.plan.included().filter(|target| !verified.contains(&target.id));
        left.filter_map(|target| {
            let (outcome, because) = match last_word(&jobs, &target.id)? {
                LastWord::Item(ItemState::Ended(outcome, because), _) => {
                    (*outcome, because.clone().unwrap_or_else(|| outcome.as_str().to_owned()))
                }
                // Cancelled before its turn came.
                LastWord::Item(ItemState::Pending, job) if job.state != JobState::Open => (Outcome::Skipped, NOT_SENT.to_owned()),
                LastWord::Item(..) => return None,
                LastWord::LeftOut(of_step) => {
                    let words = why_left_out(of_step);
                    (Outcome::Skipped, if words.is_empty() { STEP_BEFORE.to_owned() } else { words.join(", ") })
                }
            };
            Some(LeftUndone { target, outcome, because })
        })
        .collect()
    }

    /// Why users did not come through a step, each reason once. Holds hostile text.
    pub fn problems_of(&self, step: Action, ledger: &Ledger) -> Vec<String> {
        let mut said = Vec::new();
        for left in self.left_undone(step, ledger).into_iter().filter(LeftUndone::counts) {
            if !said.contains(&left.because) {
                said.push(left.because);
            }
        }
        let since = self.left_out_since(step).filter(|_| self.jobs_of(step, ledger).next().is_some());
        said.extend(since.filter(|because| !said.iter().any(|held| held == because)).map(str::to_owned));
        said
    }

    /// Names of those whom a step did not help, though there was something to do for them. Hostile text.
    pub fn whom_it_failed(&self, step: Action, ledger: &Ledger) -> Vec<String> {
        let left = self.left_undone(step, ledger).into_iter().filter(LeftUndone::counts);
        left.map(|left| left.target.user_principal_name.clone().unwrap_or_else(|| left.target.id.clone())).collect()
    }

    /// For whom a step was verified, in any of its tries.
    pub fn verified(&self, step: Action, ledger: &Ledger) -> Vec<String> {
        let verified = |state: &ItemState| matches!(state, ItemState::Ended(Outcome::Verified, _));
        self.jobs_of(step, ledger).flat_map(|job| job.ids_where(verified)).collect()
    }

    /// Users who hold, or may hold, a temporary password that was told, whatever became of their risk: another one would take it from
    /// them. Where reading back showed the old password, there is nothing to take.
    fn told_passwords(&self, ledger: &Ledger) -> Vec<String> {
        let mut told: Vec<String> = Vec::new();
        // Whether this playbook set it, or somebody beside it.
        let since = |job: &&Job| {
            job.plan.action == Action::GenerateTemporaryPassword
                && (job.plan.playbook == Some(self.id) || job.created_at >= self.created_at)
        };
        for job in ledger.jobs().filter(since) {
            let set =
                job.ids_where(|state| matches!(state, ItemState::Ended(Outcome::Verified | Outcome::Unverified | Outcome::Diverged, _)));
            told.retain(|id| !set.contains(id));
            let is_old = |id: &String| {
                let because = job.item(id).and_then(|item| match &item.state {
                    ItemState::Ended(Outcome::Diverged | Outcome::Unverified, because) => because.as_deref(),
                    _ => None,
                });
                because.is_some_and(|because| because.starts_with(PASSWORD_IS_OLD))
            };
            told.extend(job.items.iter().map(|item| item.id.clone()).filter(|id| job.is_told(id) && !is_old(id)));
        }
        told
    }

    /// The step that comes next; `None` where all are settled.
    pub fn next(&self, ledger: &Ledger) -> Option<(Action, StepState)> {
        self.steps(ledger).into_iter().find(|(_, state)| !state.is_settled())
    }

    /// Whether nothing more comes of any step, so that the playbook ends by itself.
    pub fn is_through(&self, ledger: &Ledger) -> bool {
        self.plan.steps.iter().all(|step| self.is_over(*step, ledger))
    }

    /// Whether nothing more comes of any step for this user.
    pub fn is_over_for(&self, id: &str, ledger: &Ledger) -> bool {
        let is_over =
            |step: &Action| self.verified(*step, ledger).iter().any(|verified| verified == id) || self.refused(*step, id, ledger).is_some();
        self.plan.steps.iter().all(is_over)
    }

    /// Whether nothing more comes of a step: it was left out, or verified for everybody but those whom it refuses. One that failed can
    /// still be tried again, and a caution that was left out can still be taken in.
    pub fn is_over(&self, step: Action, ledger: &Ledger) -> bool {
        let verified = self.verified(step, ledger);
        match self.step(step, ledger) {
            StepState::Waiting | StepState::Open(_) => false,
            StepState::Skipped(_) => true,
            StepState::Ended(_, tally) => {
                let settled = |target: &PlanTarget| verified.contains(&target.id) || self.refused(step, &target.id, ledger).is_some();
                tally.all_verified() || self.left_out_since(step).is_some() || self.plan.included().all(settled)
            }
        }
    }

    /// Why nothing more is to come of a step, where that was said after its last job.
    fn left_out_since(&self, step: Action) -> Option<&str> {
        self.skipped.iter().rev().find(|(action, _)| *action == step).map(|(_, because)| because.as_str())
    }

    /// Why a step can do nothing for a user any more, whom it, or the one before it that it rests on, refuses; `None` where it still can.
    fn refused(&self, step: Action, id: &str, ledger: &Ledger) -> Option<Refused> {
        let by_words = |because: &str| {
            let words = || because.split(", ").filter_map(Because::named);
            if words().any(Because::is_nothing_to_do) && !words().any(Because::is_gone) {
                Some(Refused::NothingToDo)
            } else {
                words().any(|because| because.is_for_good(step)).then_some(Refused::ForGood)
            }
        };
        let jobs: Vec<&Job> = self.jobs_of(step, ledger).collect();
        let last = last_word(&jobs, id);
        let by_itself = match (self.left_out_since(step), &last) {
            // Whoever left the step out did so for everybody that is left, for whatever reason.
            (Some(because), _) => by_words(because).or(Some(Refused::ForGood)),
            (None, Some(LastWord::Item(ItemState::Ended(Outcome::Skipped, Some(because)), _))) => by_words(because),
            (None, Some(LastWord::LeftOut(of_step))) if of_step.verdict == Verdict::Refused => by_words(&why_left_out(of_step).join(", ")),
            (None, _) => None,
        };
        let came_out = matches!(last, Some(LastWord::Item(ItemState::Ended(..), _)));
        let rests_on = self.rests_on(step).filter(|_| by_itself.is_none() && !came_out);
        by_itself.or_else(|| self.refused(rests_on?, id, ledger).filter(|refused| *refused == Refused::ForGood))
    }

    /// The step before it without which a step makes no sense.
    fn rests_on(&self, step: Action) -> Option<Action> {
        let rests = self.plan.action == Action::RemediatedElsewhere && step == Action::DismissUserRisk;
        rests.then_some(Action::ConfirmUserCompromised)
    }

    /// Whether a job of a step may be begun now: the step is the next one, failed, or was left out. Where all steps were confirmed with the
    /// playbook, one that waits for something does not hinder the others.
    pub fn is_due(&self, step: Action, ledger: &Ledger) -> bool {
        let state = self.steps(ledger).into_iter().find(|(held, _)| *held == step).map(|(_, state)| state);
        match state {
            Some(StepState::Waiting) => self.steps_confirmed || self.next(ledger).is_some_and(|(next, _)| next == step),
            Some(StepState::Open(_)) | None => false,
            Some(state) => !state.is_verified(),
        }
    }

    /// The targets of a step that the tenant took and that were not seen as promised, with the job that sent each last: they may have come
    /// true since.
    pub fn unsure(&self, step: Action, ledger: &Ledger) -> Vec<(JobId, Vec<String>)> {
        let verified = self.verified(step, ledger);
        let taken = |state: &ItemState| match state {
            // Reading back showed the password of before: that another one comes true is no work of this job.
            ItemState::Ended(Outcome::Diverged, Some(because)) if because.starts_with(PASSWORD_IS_OLD) => false,
            state => matches!(state, ItemState::Ended(Outcome::Unverified | Outcome::Diverged, _)),
        };
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

    /// Whether a step can be left out, of which this is the plan and has nobody left: it would have nobody the next time either, because
    /// everybody who did not come through is refused for good. Devices that may not be read will not be read the next time.
    pub fn is_nobody_left_for_good(&self, plan: &Plan, devices_may_come: bool, ledger: &Ledger) -> bool {
        let jobs: Vec<&Job> = self.jobs_of(plan.action, ledger).collect();
        let verified: HashSet<String> = self.verified(plan.action, ledger).into_iter().collect();
        plan.targets.iter().filter(|target| !verified.contains(&target.id)).all(|target| {
            // What the tenant took and did not show is read again: that it looks done by now does not settle it.
            let was_taken = matches!(
                last_word(&jobs, &target.id),
                Some(LastWord::Item(ItemState::Ended(Outcome::Unverified | Outcome::Diverged, _), _))
            );
            let is_settled = |because: &Because| match because {
                Because::DevicesUnknown => !devices_may_come,
                because if because.is_nothing_to_do() => !was_taken,
                because => because.is_for_good(plan.action),
            };
            target.because.iter().any(is_settled)
        })
    }

    /// Whether a step has users who only wait for the step before it to come true. Whom that one refused for good, nobody waits for.
    pub fn waits_for_step_before(&self, step: Action, dataset: &Dataset, ledger: &Ledger) -> bool {
        let (Some(before), Some(verified)) = (self.rests_on(step), self.needed_before(step, dataset, ledger)) else { return false };
        let may_come = |id: &str| self.refused(before, id, ledger) != Some(Refused::ForGood);
        self.plan.included().any(|target| !verified.contains(&target.id) && may_come(&target.id))
    }

    /// The results of all steps together: each step counts each of its users once.
    pub fn tally(&self, ledger: &Ledger) -> Tally {
        let users = self.plan.included_count();
        let mut all = Tally::default();
        for (step, state) in self.steps(ledger) {
            let of_step = match state {
                // Cancelled half-way: what was sent counts as it came out.
                StepState::Waiting if self.jobs_of(step, ledger).next().is_some() => self.tally_of(step, ledger),
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
        let with_password = self.told_passwords(ledger);
        let told: &[String] = if step == Action::GenerateTemporaryPassword { &with_password } else { &[] };
        // Whose password was reset since, here or beside, would be set to high risk again, with nothing after it that brings that down.
        let mut secured = Vec::new();
        if step == Action::ConfirmUserCompromised {
            secured.extend(self.verified(Action::GenerateTemporaryPassword, ledger));
            secured.extend_from_slice(&with_password);
        }
        for target in &mut plan.targets {
            if secured.contains(&target.id) && !target.because.contains(&Because::NotAtRisk) {
                target.because.push(Because::NotAtRisk);
                target.verdict = Verdict::Refused;
            }
            // What the playbook itself confirmed is no news to its next step.
            let own = |because: &Because| {
                *because == Because::ConfirmedCompromised && self.rests_on(step) == Some(Action::ConfirmUserCompromised)
            };
            let known = self
                .plan
                .targets
                .iter()
                .find(|was| was.id == target.id)
                .is_some_and(|was| target.because.iter().all(|because| was.because.contains(because) || own(because)));
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
        self.rests_on(step).map(|before| {
            let confirmed = |records: &UserRecords| {
                records.user.risk_state == Some(RiskState::ConfirmedCompromised) && records.user.risk_level == Some(RiskLevel::High)
            };
            let read = dataset.users().iter().filter(|records| confirmed(records)).map(|records| records.id().to_string());
            self.verified(before, ledger).into_iter().chain(read).collect()
        })
    }
}

#[cfg(test)]
mod tests;

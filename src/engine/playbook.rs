//! Playbooks: each step is a job of its own; which comes next is what the journal says.

use std::sync::PoisonError;
use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;
use tokio_util::sync::CancellationToken;

use super::job::Run;
use super::{Engine, EngineError, EngineEvent, JobReport};
use crate::domain::action::Action;
use crate::domain::dataset::Dataset;
use crate::domain::job_event::{JobEvent, What};
use crate::domain::journal::{Entry, JobId, JobState};
use crate::domain::ledger::Ledger;
use crate::domain::plan::{Answer, Because, Confirmed, Plan, PlanContext};
use crate::domain::playbook::{Playbook, StepState, nobody_left, words_of};
use crate::domain::records::UserId;
use crate::domain::settings::TenantSettings;
use crate::tenant::TenantError;

/// What came of looking at the devices of a playbook's users.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Devices {
    /// All that there are were read.
    Read,
    /// Some may not be read.
    Hidden,
    /// Some could not be read this time.
    Late,
}

impl Engine {
    /// Takes a confirmed playbook into the journal. Nothing is sent yet: its steps were confirmed with it, or are one by one.
    pub fn begin_playbook(&self, confirmed: &Confirmed, steps_confirmed: bool) -> Result<JobId, EngineError> {
        self.require_access()?;
        self.begin_numbered(confirmed.plan(), |playbook, plan| Entry::PlaybookStarted { playbook, plan, steps_confirmed })
    }

    /// Takes the beginning of a job or playbook into the journal under the next number, where no unfinished one is about a target of its
    /// plan: of two that begin at once, either sees the other.
    pub(super) fn begin_numbered(&self, plan: &Plan, entry: impl FnOnce(JobId, Box<Plan>) -> Entry) -> Result<JobId, EngineError> {
        let _numbering = self.numbering.lock().unwrap_or_else(PoisonError::into_inner);
        self.require_untouched(plan)?;
        let mut id = JobId(0);
        self.store.with_ledger(&mut |ledger| id = ledger.next_job());
        self.append(vec![entry(id, Box::new(plan.clone()))])?;
        Ok(id)
    }

    /// Whether the plan is of no playbook, or its playbook is open and its step due: the plan may have lain on the screen meanwhile.
    pub(super) fn require_due(&self, plan: &Plan) -> Result<(), EngineError> {
        let Some(playbook) = plan.playbook else { return Ok(()) };
        self.require_open_playbook(playbook)?;
        let is_due = self.on_playbook(playbook, |held, ledger| held.is_due(plan.action, ledger))?;
        if is_due { Ok(()) } else { Err(EngineError::NotDue { playbook, step: plan.action }) }
    }

    /// The plan of a step, judged by what is in the store.
    pub fn plan_step(&self, playbook: JobId, step: Action) -> Result<Plan, EngineError> {
        self.require_open_playbook(playbook)?;
        let held = self.playbook(playbook, Playbook::clone)?;
        let dataset = self.users_of(playbook)?;
        let context = self.plan_context();
        let mut plan = None;
        self.store.with_ledger(&mut |ledger| plan = Some(held.plan_step(step, &dataset, ledger, &context)));
        plan.ok_or(EngineError::NoJob(playbook))
    }

    /// The users of a playbook, as the store has them.
    fn users_of(&self, playbook: JobId) -> Result<Dataset, EngineError> {
        let users: Vec<UserId> = self.playbook(playbook, |held| held.plan.included().map(|target| target.id.as_str().into()).collect())?;
        let mut dataset = Dataset::new();
        for user in users {
            if let Some(records) = self.store.user(&user)? {
                dataset.put(records);
            }
        }
        dataset.set_tenant(self.store.tenant_facts()?);
        Ok(dataset)
    }

    /// Names of a playbook's users who are at risk although it ended: a step that was left out, or failed, may have been the one that
    /// counts. Hostile text.
    pub fn still_at_risk(&self, playbook: JobId) -> Result<Vec<String>, EngineError> {
        let users = self.users_of(playbook)?;
        let at_risk = users.users().iter().filter(|records| records.user.at_risk() == Some(true));
        Ok(at_risk.map(|records| records.user.user_principal_name.as_deref().unwrap_or(records.id().as_str()).to_owned()).collect())
    }

    /// Leaves a step out.
    pub fn skip_step(&self, playbook: JobId, step: Action, because: String) -> Result<(), EngineError> {
        self.require_open_playbook(playbook)?;
        self.append(vec![Entry::StepSkipped { playbook, step, because }])
    }

    /// Ends a playbook all of whose steps are settled; whether it did.
    pub fn end_playbook(&self, playbook: JobId) -> Result<bool, EngineError> {
        self.require_open_playbook(playbook)?;
        let settled = self.on_playbook(playbook, |playbook, ledger| playbook.next(ledger).is_none())?;
        if settled {
            self.append(vec![Entry::PlaybookEnded { playbook, state: JobState::Done }])?;
        }
        Ok(settled)
    }

    /// Runs the steps that are left, each once. A step that fails does not undo or hinder the others; one that nobody is left for is
    /// skipped, with the reason in the journal. Where all were verified or skipped, the playbook ends; else it stays open, and going on
    /// `again` tries what failed once more.
    pub(super) async fn run_playbook(
        &self,
        playbook: JobId,
        again: bool,
        hold: Duration,
        cancel: &CancellationToken,
        events: &UnboundedSender<EngineEvent>,
    ) -> Result<JobReport, EngineError> {
        self.require_open_playbook(playbook)?;
        let (action, confirmed) = self.playbook(playbook, |held| (held.plan.action, held.steps_confirmed))?;
        tell(events, EngineEvent::Started { job: playbook, action });
        let mut steps = self.on_playbook(playbook, |playbook, ledger| playbook.steps(ledger))?;
        // What was sent is read back before anything else is.
        steps.sort_by_key(|(_, state)| !matches!(state, StepState::Open(_)));
        for (step, state) in steps {
            let report = match state {
                StepState::Skipped(_) => None,
                StepState::Ended(..) if state.is_verified() || !again => None,
                StepState::Open(job) => Some(self.resume_job(job, cancel, events).await?),
                StepState::Ended(..) if self.came_true_since(playbook, step, cancel, events).await? => None,
                StepState::Ended(..) if !confirmed => None,
                // Nobody confirmed this step: it waits for its own plan, in the console.
                StepState::Waiting if !confirmed => return self.report(playbook),
                // Cancelled half-way: what was sent may have come true.
                StepState::Waiting if again && self.came_true_since(playbook, step, cancel, events).await? => None,
                StepState::Ended(..) | StepState::Waiting => self.run_step(playbook, step, hold, cancel, events).await?,
            };
            if cancel.is_cancelled() || report.is_some_and(|report| report.state == JobState::Cancelled) {
                return self.report(playbook);
            }
        }
        if self.on_playbook(playbook, Playbook::is_through)? {
            self.append(vec![Entry::PlaybookEnded { playbook, state: JobState::Done }])?;
        }
        let report = self.report(playbook)?;
        tell(events, EngineEvent::Job(self.summary(&report)));
        Ok(report)
    }

    /// Runs a step for whom it is still to be done; `None` where that is nobody.
    async fn run_step(
        &self,
        playbook: JobId,
        step: Action,
        hold: Duration,
        cancel: &CancellationToken,
        events: &UnboundedSender<EngineEvent>,
    ) -> Result<Option<JobReport>, EngineError> {
        let devices = if step == Action::DisableDevices { self.look_at_devices(playbook, cancel, events).await? } else { Devices::Read };
        if cancel.is_cancelled() {
            return Ok(None);
        }
        let plan = self.plan_step(playbook, step)?;
        let count = plan.included_count();
        if count > 0 {
            return Box::pin(self.run(&plan.confirm(Answer::Number(count))?, hold, cancel, events)).await.map(Some);
        }
        let dataset = self.users_of(playbook)?;
        let (waits, for_good) = self.on_playbook(playbook, |held, ledger| {
            let for_good = held.is_nobody_left_for_good(&plan, devices == Devices::Late, ledger);
            (held.waits_for_step_before(step, &dataset, ledger), for_good)
        })?;
        if waits {
            return Ok(None);
        }
        let verified = self.on_playbook(playbook, |held, ledger| held.verified(step, ledger))?;
        let left = Plan { targets: plan.targets.into_iter().filter(|target| !verified.contains(&target.id)).collect(), ..plan };
        let because = nobody_left(&left);
        if for_good {
            self.skip_step(playbook, step, because)?;
            return Ok(None);
        }
        // The cause may be gone the next time: a permission, a registration, a setting. A caution is for the operator to take in.
        let words = words_of(&because);
        let next = if because == Because::PasswordTold.as_str() {
            format!("entriage act {step} --user NAME sets another where nobody has it")
        } else {
            format!("job {playbook} stays open, and resuming it tries the step again")
        };
        tell(events, EngineEvent::Notice(format!("{}: nobody is left to act on now ({words}); {next}", step.title())));
        Ok(None)
    }

    /// Reads the devices of a playbook's users, because most users' never were. What cannot be read of one stays unknown, and the plan of
    /// the step says so.
    async fn look_at_devices(
        &self,
        playbook: JobId,
        cancel: &CancellationToken,
        events: &UnboundedSender<EngineEvent>,
    ) -> Result<Devices, EngineError> {
        let users: Vec<UserId> = self.playbook(playbook, |held| held.plan.included().map(|target| target.id.as_str().into()).collect())?;
        tell(events, EngineEvent::Notice(format!("reading the devices of the playbook's users ({})", users.len())));
        let (seen, hindered) = tokio::select! {
            biased;
            () = cancel.cancelled() => return Ok(Devices::Late),
            looked = self.look(&users) => looked,
        };
        let (error, devices) = match hindered {
            None => return Ok(Devices::Read),
            Some(EngineError::Tenant(error @ (TenantError::Denied { .. } | TenantError::Rejected { .. }))) => (error, Devices::Hidden),
            // One user whose devices cannot be told hinders no other.
            Some(EngineError::Tenant(error @ TenantError::Lost { .. })) if !seen.is_empty() => (error, Devices::Late),
            // Nothing was sent, so that nothing is in doubt; the step waits.
            Some(EngineError::Tenant(TenantError::Lost { message })) => return Err(TenantError::Unreachable { message }.into()),
            Some(error) => return Err(error),
        };
        tell(events, EngineEvent::Notice(format!("not all devices could be read: {error}")));
        Ok(devices)
    }

    /// Reads once more what the tenant took of a step and did not show as promised: it may only have been late. Sends nothing; tells
    /// whether the step is verified by now.
    async fn came_true_since(
        &self,
        playbook: JobId,
        step: Action,
        cancel: &CancellationToken,
        events: &UnboundedSender<EngineEvent>,
    ) -> Result<bool, EngineError> {
        let _running = self.running.try_lock().map_err(|_| EngineError::Busy)?;
        for (job, ids) in self.on_playbook(playbook, |playbook, ledger| playbook.unsure(step, ledger))? {
            Run::new(self, job, cancel, events)?.read_back_once(ids).await?;
        }
        let tally = self.on_playbook(playbook, |playbook, ledger| playbook.tally_of(step, ledger))?;
        Ok(tally.total > 0 && tally.all_verified())
    }

    /// Cancels an interrupted playbook: its open step is read back first, the steps that are left are never sent.
    pub(super) async fn cancel_playbook(&self, playbook: JobId, events: &UnboundedSender<EngineEvent>) -> Result<JobReport, EngineError> {
        self.require_open_playbook(playbook)?;
        for (_, state) in self.on_playbook(playbook, |playbook, ledger| playbook.steps(ledger))? {
            if let StepState::Open(job) = state {
                self.cancel_job(job, events).await?;
            }
        }
        self.append(vec![Entry::PlaybookEnded { playbook, state: JobState::Cancelled }])?;
        self.report(playbook)
    }

    pub(super) fn is_playbook(&self, id: JobId) -> bool {
        self.playbook(id, |_| ()).is_ok()
    }

    fn require_open_playbook(&self, id: JobId) -> Result<(), EngineError> {
        match self.playbook(id, |held| held.state)? {
            JobState::Open => Ok(()),
            JobState::Done | JobState::Cancelled => Err(EngineError::Ended(id)),
        }
    }

    fn playbook<T>(&self, id: JobId, look: impl Fn(&Playbook) -> T) -> Result<T, EngineError> {
        self.on_playbook(id, |playbook, _| look(playbook))
    }

    fn on_playbook<T>(&self, id: JobId, look: impl Fn(&Playbook, &Ledger) -> T) -> Result<T, EngineError> {
        let mut seen = None;
        self.store.with_ledger(&mut |ledger| seen = ledger.playbook(id).map(|playbook| look(playbook, ledger)));
        seen.ok_or(EngineError::NoJob(id))
    }

    /// Where a playbook stands: the results of all its steps together.
    fn report(&self, playbook: JobId) -> Result<JobReport, EngineError> {
        self.on_playbook(playbook, |playbook, ledger| JobReport { job: playbook.id, state: playbook.state, tally: playbook.tally(ledger) })
    }

    fn summary(&self, report: &JobReport) -> JobEvent {
        let what = What::summary(report.state, &report.tally);
        JobEvent { what, id: report.job.to_string(), user_principal_name: None, step: None, job: report.job, at: self.clock.now() }
    }

    pub(super) fn plan_context(&self) -> PlanContext {
        let limits = self.tenant.limits();
        let mut settings = TenantSettings::default();
        self.store.with_ledger(&mut |ledger| settings = TenantSettings::of(ledger));
        PlanContext {
            requests_per_second: limits.requests_per_second,
            read_back_page: limits.read_back_page,
            settings,
            holder: self.tenant.holder(),
            ..PlanContext::new(&self.operator, self.tenant.access(), self.clock.now())
        }
    }
}

fn tell(events: &UnboundedSender<EngineEvent>, event: EngineEvent) {
    // Nobody listening is no reason to stop: the journal has it all.
    drop(events.send(event));
}

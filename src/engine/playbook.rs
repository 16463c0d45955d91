//! Playbooks: each step is a job of its own; which comes next is what the journal says.

use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;
use tokio_util::sync::CancellationToken;

use super::{Engine, EngineError, EngineEvent, JobReport};
use crate::domain::action::Action;
use crate::domain::dataset::Dataset;
use crate::domain::job_event::{JobEvent, What};
use crate::domain::journal::{Entry, JobId, JobState};
use crate::domain::ledger::Ledger;
use crate::domain::plan::{Answer, Confirmed, Plan, PlanContext};
use crate::domain::playbook::{Playbook, StepState};
use crate::domain::settings::TenantSettings;

impl Engine {
    /// Takes a confirmed playbook into the journal. Nothing is sent yet: its steps were confirmed with it, or are one by one.
    pub fn begin_playbook(&self, confirmed: &Confirmed, steps_confirmed: bool) -> Result<JobId, EngineError> {
        self.require_access()?;
        let mut playbook = JobId(0);
        self.store.with_ledger(&mut |ledger| playbook = ledger.next_job());
        self.append(vec![Entry::PlaybookStarted { playbook, plan: Box::new(confirmed.plan().clone()), steps_confirmed }])?;
        Ok(playbook)
    }

    /// The plan of a step, judged by what is in the store.
    pub fn plan_step(&self, playbook: JobId, step: Action) -> Result<Plan, EngineError> {
        self.require_open_playbook(playbook)?;
        let held = self.playbook(playbook, Playbook::clone)?;
        let mut dataset = Dataset::new();
        for target in held.plan.included() {
            if let Some(records) = self.store.user(&target.id.as_str().into())? {
                dataset.put(records);
            }
        }
        dataset.set_tenant(self.store.tenant_facts()?);
        let context = self.plan_context();
        let mut plan = None;
        self.store.with_ledger(&mut |ledger| plan = Some(held.plan_step(step, &dataset, ledger, &context)));
        plan.ok_or(EngineError::NoJob(playbook))
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

    /// Runs the steps that are left, one after another. A step that fails does not undo or hinder the others; one that nobody is left
    /// for is skipped, with the reason in the journal.
    pub(super) async fn run_playbook(
        &self,
        playbook: JobId,
        hold: Duration,
        cancel: &CancellationToken,
        events: &UnboundedSender<EngineEvent>,
    ) -> Result<JobReport, EngineError> {
        self.require_open_playbook(playbook)?;
        let action = self.playbook(playbook, |held| held.plan.action)?;
        tell(events, EngineEvent::Started { job: playbook, action });
        let mut hold = hold;
        loop {
            let next = self.on_playbook(playbook, |playbook, ledger| playbook.next(ledger))?;
            let Some((step, state)) = next else {
                self.end_playbook(playbook)?;
                let report = self.report(playbook)?;
                tell(events, EngineEvent::Job(self.summary(&report)));
                return Ok(report);
            };
            if state == StepState::Waiting && !self.playbook(playbook, |held| held.steps_confirmed)? {
                // Nobody confirmed this step: it waits for its own plan, in the console.
                return self.report(playbook);
            }
            let report = match state {
                StepState::Open(job) => self.resume_job(job, cancel, events).await?,
                _ => {
                    let users =
                        self.playbook(playbook, |held| held.plan.included().map(|target| target.id.as_str().into()).collect::<Vec<_>>())?;
                    if step == Action::DisableDevices {
                        // What cannot be read stays unknown, and the plan of the step says so.
                        drop(self.look(&users).await);
                    }
                    let plan = self.plan_step(playbook, step)?;
                    let count = plan.included_count();
                    if count == 0 {
                        self.skip_step(playbook, step, nobody(&plan))?;
                        continue;
                    }
                    Box::pin(self.run(&plan.confirm(Answer::Number(count))?, hold, cancel, events)).await?
                }
            };
            hold = Duration::ZERO;
            if report.state == JobState::Cancelled {
                return self.report(playbook);
            }
        }
    }

    /// Cancels an interrupted playbook: its open step is read back first, the steps that are left are never sent.
    pub(super) async fn cancel_playbook(&self, playbook: JobId, events: &UnboundedSender<EngineEvent>) -> Result<JobReport, EngineError> {
        self.require_open_playbook(playbook)?;
        if let Some((_, StepState::Open(job))) = self.on_playbook(playbook, |playbook, ledger| playbook.next(ledger))? {
            self.cancel_job(job, events).await?;
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

/// Why a step has nobody left.
fn nobody(plan: &Plan) -> String {
    let mut words: Vec<&str> = plan.targets.iter().flat_map(|target| target.because.iter().map(|because| because.as_str())).collect();
    words.sort_unstable();
    words.dedup();
    if words.is_empty() { "the step before it was not verified".to_owned() } else { words.join(", ") }
}

//! The remediation core: a confirmed plan is journalled, held, sent in batches, read back and reported.
//!
//! It does not know that a screen exists: it tells what happens as [`EngineEvent`]s.

mod bundle;
mod job;
mod playbook;
mod read_back;
mod ready;
mod session;
mod sync;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

pub use bundle::EvidenceError;
pub use session::{DEMO, OpenError, OpenOptions, Session, SignInOptions, WRITABLE};
pub use sync::{SyncProgress, SyncReport};
use tokio::sync::Mutex;
use tokio::sync::mpsc::UnboundedSender;
use tokio_util::sync::CancellationToken;

use self::job::Run;
use crate::clock::Clock;
use crate::domain::action::{Action, Kind};
use crate::domain::job_event::JobEvent;
use crate::domain::journal::{Entry, JobId, JobState};
use crate::domain::ledger::{Job, Tally};
use crate::domain::password::TemporaryPassword;
use crate::domain::plan::{Access, ConfirmError, Confirmed, Plan};
use crate::domain::policy::TenantFacts;
use crate::domain::records::UserRecords;
use crate::store::{Store, StoreError};
use crate::tenant::{Tenant, TenantError};

/// What the engine tells while it works.
#[derive(Debug, Clone, PartialEq)]
pub enum EngineEvent {
    /// A confirmed plan is in the journal and has its number.
    Started {
        /// The job, or the playbook.
        job: JobId,
        /// What it does.
        action: Action,
    },
    /// Something happened in a job.
    Job(JobEvent),
    /// Where a job stands.
    Progress {
        /// The job.
        job: JobId,
        /// In numbers.
        tally: Tally,
        /// How long it will take yet, in seconds.
        seconds_left: u64,
    },
    /// Users as they were read back; already in the store.
    Records(Vec<UserRecords>),
    /// What is now known of the tenant as a whole; already in the store.
    Tenant(TenantFacts),
    /// Something to know while a job goes on. Hostile text.
    Notice(String),
    /// A temporary password was set. This is the only time that it is told.
    Password {
        /// The job.
        job: JobId,
        /// Object id of the user.
        user: String,
        /// The user's principal name. Hostile text.
        user_principal_name: Option<String>,
        /// The password.
        password: TemporaryPassword,
    },
}

/// How a job ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JobReport {
    /// The job.
    pub job: JobId,
    /// Ended or cancelled.
    pub state: JobState,
    /// In numbers.
    pub tally: Tally,
}

/// Why a job could not go on. What was done until then is journalled, and the job can be resumed.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The journal or cache could not be written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The tenant lets nothing through.
    #[error(transparent)]
    Tenant(#[from] TenantError),
    /// A step of a playbook cannot be confirmed.
    #[error("the step cannot be confirmed: {0}")]
    Confirm(#[from] ConfirmError),
    /// There is no such job.
    #[error("there is no job {0}")]
    NoJob(JobId),
    /// The job has ended.
    #[error("job {0} has already ended")]
    Ended(JobId),
    /// The step of a playbook was run meanwhile, or others come before it.
    #[error("\"{}\" is not due in playbook {playbook}, so nothing was sent: look at where it stands", step.title())]
    NotDue {
        /// The playbook.
        playbook: JobId,
        /// The step.
        step: Action,
    },
    /// A job on the same targets was interrupted: two jobs on one target undo each other.
    #[error("job {job} ({}) on the same targets is unfinished, so nothing was sent: resume or cancel it first", action.title())]
    Unfinished {
        /// The job, or its playbook.
        job: JobId,
        /// What it does.
        action: Action,
    },
    /// One job runs at a time: they share the tenant's allowance.
    #[error("another job is running in this workspace")]
    Busy,
    /// One sync runs at a time.
    #[error("the workspace is being brought up to date already")]
    Syncing,
    /// The operator stopped a sync.
    #[error("the sync was stopped; what was read so far is kept, and the next one goes on from there")]
    SyncCancelled,
}

/// The remediation core of one workspace.
pub struct Engine {
    store: Arc<dyn Store>,
    tenant: Arc<dyn Tenant>,
    clock: Clock,
    operator: String,
    /// Held while a job runs.
    running: Mutex<()>,
    /// Held while a job or playbook takes its number.
    numbering: std::sync::Mutex<()>,
    /// Held while the data is brought up to date.
    syncing: Mutex<()>,
    /// Held while records are read from the store, changed and put back.
    filing: Mutex<()>,
}

impl Engine {
    /// An engine over a store and a tenant, on behalf of an operator.
    pub fn new(store: Arc<dyn Store>, tenant: Arc<dyn Tenant>, clock: Clock, operator: String) -> Self {
        Engine {
            store,
            tenant,
            clock,
            operator,
            running: Mutex::default(),
            numbering: std::sync::Mutex::default(),
            syncing: Mutex::default(),
            filing: Mutex::default(),
        }
    }

    /// Runs a confirmed plan to its end; a playbook step by step. Cancelling stops it after the request in flight.
    pub async fn run(
        &self,
        confirmed: &Confirmed,
        hold: Duration,
        cancel: &CancellationToken,
        events: &UnboundedSender<EngineEvent>,
    ) -> Result<JobReport, EngineError> {
        self.require_access()?;
        if confirmed.plan().action.kind() == Kind::Playbook {
            let playbook = self.begin_playbook(confirmed, true)?;
            return self.run_playbook(playbook, false, hold, cancel, events).await;
        }
        let _running = self.running.try_lock().map_err(|_| EngineError::Busy)?;
        self.require_due(confirmed.plan())?;
        let job = self.begin_numbered(confirmed.plan(), |job, plan| Entry::JobConfirmed { job, plan, hold_seconds: hold.as_secs() })?;
        let run = Run::new(self, job, cancel, events)?;
        run.tell(EngineEvent::Started { job, action: run.plan.action });
        if run.held(hold).await { run.drive().await } else { run.end(JobState::Cancelled) }
    }

    /// Goes on with an interrupted job, reading before anything is sent again; with a playbook at the step where it stands.
    pub async fn resume(
        &self,
        job: JobId,
        cancel: &CancellationToken,
        events: &UnboundedSender<EngineEvent>,
    ) -> Result<JobReport, EngineError> {
        self.require_access()?;
        if self.is_playbook(job) {
            return self.run_playbook(job, true, Duration::ZERO, cancel, events).await;
        }
        self.resume_job(job, cancel, events).await
    }

    async fn resume_job(
        &self,
        job: JobId,
        cancel: &CancellationToken,
        events: &UnboundedSender<EngineEvent>,
    ) -> Result<JobReport, EngineError> {
        let _running = self.running.try_lock().map_err(|_| EngineError::Busy)?;
        self.require_open(job)?;
        self.append(vec![Entry::JobResumed { job }])?;
        let run = Run::new(self, job, cancel, events)?;
        run.tell(EngineEvent::Started { job, action: run.plan.action });
        run.drive().await
    }

    /// Cancels an interrupted job: what was sent is read back first, the rest is never sent.
    pub async fn cancel(&self, job: JobId, events: &UnboundedSender<EngineEvent>) -> Result<JobReport, EngineError> {
        if self.is_playbook(job) {
            return self.cancel_playbook(job, events).await;
        }
        self.cancel_job(job, events).await
    }

    async fn cancel_job(&self, job: JobId, events: &UnboundedSender<EngineEvent>) -> Result<JobReport, EngineError> {
        let _running = self.running.try_lock().map_err(|_| EngineError::Busy)?;
        self.require_open(job)?;
        let cancelled = CancellationToken::new();
        cancelled.cancel();
        Run::new(self, job, &cancelled, events)?.drive().await
    }

    fn require_access(&self) -> Result<(), EngineError> {
        match self.tenant.access() {
            Access::ReadWrite => Ok(()),
            Access::ReadOnly => Err(TenantError::ReadOnly.into()),
            Access::Evidence => Err(TenantError::Evidence.into()),
        }
    }

    /// Whether no unfinished job is about a target of the plan.
    pub(super) fn require_untouched(&self, plan: &Plan) -> Result<(), EngineError> {
        let mut met = None;
        self.store.with_ledger(&mut |ledger| met = ledger.unfinished_with(plan).into_iter().next());
        met.map_or(Ok(()), |met| Err(EngineError::Unfinished { job: met.job, action: met.action }))
    }

    fn require_open(&self, job: JobId) -> Result<(), EngineError> {
        match self.job(job, |job| job.state)? {
            JobState::Open => Ok(()),
            JobState::Done | JobState::Cancelled => Err(EngineError::Ended(job)),
        }
    }

    /// Looks at a job as the journal has it.
    fn job<T>(&self, id: JobId, look: impl Fn(&Job) -> T) -> Result<T, EngineError> {
        let mut seen = None;
        self.store.with_ledger(&mut |ledger| seen = ledger.job(id).map(&look));
        seen.ok_or(EngineError::NoJob(id))
    }

    fn append(&self, entries: Vec<Entry>) -> Result<(), EngineError> {
        self.store.append(self.clock.now(), &self.operator, entries)?;
        Ok(())
    }
}

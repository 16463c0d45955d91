//! The remediation core: a confirmed plan is journalled, held, sent in batches, read back and reported.
//!
//! It does not know that a screen exists: it tells what happens as [`EngineEvent`]s.

mod session;

use std::sync::Arc;
use std::time::Duration;

pub use session::{OpenError, OpenOptions, Session};
use tokio::sync::mpsc::UnboundedSender;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::domain::job_event::JobEvent;
use crate::domain::journal::{JobId, JobState};
use crate::domain::ledger::Tally;
use crate::domain::plan::Confirmed;
use crate::domain::records::UserRecords;
use crate::store::{Store, StoreError};
use crate::tenant::{Tenant, TenantError};

/// What the engine tells while it works.
#[derive(Debug, Clone, PartialEq)]
pub enum EngineEvent {
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
    /// There is no such job.
    #[error("there is no job {0}")]
    NoJob(JobId),
    /// The job has ended.
    #[error("job {0} has already ended")]
    Ended(JobId),
}

/// The remediation core of one workspace.
pub struct Engine {
    store: Arc<dyn Store>,
    tenant: Arc<dyn Tenant>,
    clock: Clock,
    operator: String,
}

impl Engine {
    /// An engine over a store and a tenant, on behalf of an operator.
    pub fn new(store: Arc<dyn Store>, tenant: Arc<dyn Tenant>, clock: Clock, operator: String) -> Self {
        Engine { store, tenant, clock, operator }
    }

    /// Runs a confirmed plan to its end. Cancelling stops it after the request in flight.
    pub async fn run(
        &self,
        _confirmed: &Confirmed,
        _hold: Duration,
        _cancel: &CancellationToken,
        _events: &UnboundedSender<EngineEvent>,
    ) -> Result<JobReport, EngineError> {
        Err(EngineError::NoJob(JobId(0)))
    }

    /// Goes on with an interrupted job, reading before anything is sent again.
    pub async fn resume(
        &self,
        job: JobId,
        _cancel: &CancellationToken,
        _events: &UnboundedSender<EngineEvent>,
    ) -> Result<JobReport, EngineError> {
        Err(EngineError::NoJob(job))
    }

    /// Cancels an interrupted job: what was sent is read back first, the rest is never sent.
    pub async fn cancel(&self, job: JobId, _events: &UnboundedSender<EngineEvent>) -> Result<JobReport, EngineError> {
        Err(EngineError::NoJob(job))
    }

    /// Reads the whole tenant into the store; tells the number of users read so far.
    pub async fn sync(&self, _progress: &mut (dyn FnMut(usize, Option<usize>) + Send)) -> Result<usize, EngineError> {
        Ok(0)
    }
}

//! Tenants: where risk data is read and where remediation goes.
//!
//! Nothing above this module asks which kind of tenant it talks to.

pub mod demo;
mod evidence;
mod read_only;

use std::time::Duration;

use async_trait::async_trait;

pub use evidence::EvidenceTenant;
pub use read_only::ReadOnly;

use crate::domain::action::Action;
use crate::domain::journal::CallAnswer;
use crate::domain::plan::{Access, Target};
use crate::domain::records::{Directory, Record, RiskDetection, RiskyUser, RiskyUserHistoryItem, SignIn, UserRecords};

/// What a tenant allows.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// Requests per second, for all callers together; `None` without a limit.
    pub requests_per_second: Option<f64>,
    /// How many targets one read-back request covers.
    pub read_back_page: usize,
}

/// One write request: at most [`crate::domain::plan::IDS_PER_REQUEST`] ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The action.
    pub action: Action,
    /// User ids, or request ids for sign-in actions.
    pub ids: Vec<String>,
    /// Who acts.
    pub operator: String,
}

/// What was read back of one user. A part that was not read is `None`, and what is held stays.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadBack {
    /// Risk of the account.
    pub user: RiskyUser,
    /// What the directory says.
    pub directory: Option<Directory>,
    /// All detections of the user.
    pub detections: Option<Vec<RiskDetection>>,
    /// All sign-ins of the user.
    pub sign_ins: Option<Vec<SignIn>>,
    /// The risk history.
    pub history: Option<Vec<RiskyUserHistoryItem>>,
}

impl ReadBack {
    /// Puts what was read in place of what is held.
    pub fn update(self, held: &mut UserRecords) {
        held.user = self.user;
        if let Some(directory) = self.directory {
            held.directory = directory;
        }
        if let Some(detections) = self.detections {
            held.detections = detections;
        }
        if let Some(sign_ins) = self.sign_ins {
            held.sign_ins = sign_ins;
        }
        if let Some(history) = self.history {
            held.history = history;
        }
        held.sort();
    }
}

/// One page of a full read.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// The records.
    pub records: Vec<Record>,
    /// How to ask for the next page; `None` at the end.
    pub next: Option<String>,
    /// How many users there are in all, where the tenant says so.
    pub users: Option<usize>,
}

/// Why a request did not do what it should.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TenantError {
    /// Writing is off.
    #[error("this workspace is read-only; nothing was sent")]
    ReadOnly,
    /// There is no tenant.
    #[error("this workspace holds imported files, so there is no tenant to send to; nothing was sent")]
    Evidence,
    /// The tenant refused the request; nothing was changed.
    #[error("{status} {code}: {message}")]
    Rejected {
        /// HTTP status.
        status: u16,
        /// Graph's error code.
        code: String,
        /// Graph's message. Hostile text.
        message: String,
    },
    /// The tenant asks to wait; nothing was changed.
    #[error("429 TooManyRequests: the tenant asks to wait")]
    Throttled {
        /// How long, where it says so.
        retry_after: Option<Duration>,
    },
    /// The operator may not do this; nothing was changed.
    #[error("{status} {code}: {message}")]
    Denied {
        /// HTTP status.
        status: u16,
        /// Graph's error code.
        code: String,
        /// Graph's message. Hostile text.
        message: String,
    },
    /// The request never reached the tenant; nothing was changed.
    #[error("the tenant cannot be reached: {message}")]
    Unreachable {
        /// What was seen.
        message: String,
    },
    /// The request may have been applied: the connection broke, or the server failed.
    #[error("the answer was lost: {message}")]
    Lost {
        /// What was seen.
        message: String,
    },
    /// A tenant that lives in files, simulated or imported, cannot read or keep them.
    #[error("the tenant's files: {message}")]
    State {
        /// What was seen.
        message: String,
    },
}

impl TenantError {
    /// What the journal says of it.
    pub fn answer(&self) -> CallAnswer {
        let message = self.to_string();
        match self {
            TenantError::ReadOnly | TenantError::Evidence | TenantError::Unreachable { .. } => CallAnswer::NotSent { message },
            TenantError::Rejected { .. } | TenantError::Denied { .. } => CallAnswer::Rejected { message },
            TenantError::Throttled { retry_after } => CallAnswer::Throttled { retry_after_seconds: retry_after.map(|wait| wait.as_secs()) },
            TenantError::Lost { .. } | TenantError::State { .. } => CallAnswer::Unknown { message },
        }
    }
}

/// A tenant: reads risk data, takes feedback.
#[async_trait]
pub trait Tenant: Send + Sync {
    /// What it allows.
    fn limits(&self) -> Limits;

    /// Whether anything may be sent to it.
    fn access(&self) -> Access;

    /// Sends one write request. `Ok` is the tenant's 204: taken, not yet a success (invariant 3).
    async fn act(&self, call: &Call) -> Result<(), TenantError>;

    /// Reads the users of these targets as they are now. Users that the tenant does not know are left out.
    /// At most [`Limits::read_back_page`] targets.
    async fn read_back(&self, targets: &[Target]) -> Result<Vec<ReadBack>, TenantError>;

    /// Reads everything, page by page, from the cursor of the page before.
    async fn page(&self, cursor: Option<&str>) -> Result<Page, TenantError>;
}

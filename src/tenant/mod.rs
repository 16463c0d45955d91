//! Tenants: where risk data is read and where remediation goes.
//!
//! Nothing above this module asks which kind of tenant it talks to.

pub mod demo;
mod evidence;
mod gate;
pub mod graph;
pub mod pace;
mod unconnected;

use std::time::Duration;

use async_trait::async_trait;

pub use evidence::EvidenceTenant;
pub use gate::Gate;
pub use unconnected::Unconnected;

use crate::domain::action::Action;
use crate::domain::journal::CallAnswer;
use crate::domain::password::TemporaryPassword;
use crate::domain::permission::Holder;
use crate::domain::plan::{Access, Target};
use crate::domain::policy::Policy;
use crate::domain::records::{Record, UserId};
use crate::domain::time::Timestamp;

/// What a tenant allows.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// Requests per second, for all callers together; `None` without a limit.
    pub requests_per_second: Option<f64>,
    /// How many targets one read-back request covers.
    pub read_back_page: usize,
    /// How many targets are worth waiting for before they are read back together.
    pub read_back_batch: usize,
}

impl Limits {
    /// How long this many requests take, in whole seconds.
    pub fn seconds(&self, requests: usize) -> u64 {
        self.requests_per_second.filter(|rate| *rate > 0.0).map_or(0, |rate| (requests as f64 / rate).ceil() as u64)
    }
}

/// One write: at most [`Action::ids_per_request`] ids.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// The action; never a playbook.
    pub action: Action,
    /// User ids, request ids for sign-in actions, ids of policies, or ranges of addresses.
    pub ids: Vec<String>,
    /// Who acts.
    pub operator: String,
    /// The policy of an action that concerns one, as it was shown: where it is another by now, nothing is changed.
    pub policy: Option<Policy>,
    /// Object ids of the devices that are to be disabled: those that were shown.
    pub devices: Vec<String>,
    /// The password that is to be set, where one is.
    pub password: Option<TemporaryPassword>,
    /// Whether the account is synchronised from on-premises, so that a password must be written back.
    pub hybrid: bool,
}

impl Call {
    /// A call that needs nothing but its ids.
    pub fn new(action: Action, ids: Vec<String>, operator: &str) -> Self {
        Call { action, ids, operator: operator.to_owned(), policy: None, devices: Vec::new(), password: None, hybrid: false }
    }
}

/// One page of reading a tenant.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Page {
    /// The records.
    pub records: Vec<Record>,
    /// Whether records of users who are not held are to be left out: a report of everybody tells of many who were never at risk.
    pub of_known_users: bool,
    /// How to ask for the next page; `None` at the end.
    pub next: Option<String>,
    /// How many users there are in all, where the tenant says so.
    pub users: Option<usize>,
    /// What was read, for people: "risky users".
    pub what: &'static str,
    /// The tenant's own time when it answered, where it tells.
    pub at: Option<Timestamp>,
    /// What cannot be read, why, and what is missing therefore. Hostile text.
    pub note: Option<String>,
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
    /// Somebody else changed what this was to change since it was shown; nothing was changed.
    #[error("{message}")]
    Changed {
        /// What is another by now, and what to do next. Hostile text.
        message: String,
    },
    /// Some of what one request of ours takes several of the tenant's for was done, the rest was refused: reading back tells what.
    #[error("{message}")]
    Partly {
        /// What was done, what was not, and why. Hostile text.
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
        /// What is missing.
        missing: Missing,
    },
    /// Nobody is signed in, and signing in failed; nothing was changed.
    #[error("not signed in: {message}")]
    SignIn {
        /// What failed and why. Hostile text.
        message: String,
        /// What to do next.
        hint: String,
    },
    /// The request never reached the tenant; nothing was changed.
    #[error("the tenant cannot be reached: {message}")]
    Unreachable {
        /// What was seen, and what to do next where it tells.
        message: String,
    },
    /// The request may have been applied: the connection broke, or the server failed.
    #[error("the answer was lost: {message}")]
    Lost {
        /// What was seen.
        message: String,
    },
    /// The tenant took the change, and somebody else changes the same thing, too.
    #[error("{message}")]
    Contested {
        /// What was seen, and what to do next. Hostile text.
        message: String,
    },
    /// A tenant that lives in files, simulated or imported, cannot read or keep them.
    #[error("the tenant's files: {message}")]
    State {
        /// What was seen.
        message: String,
    },
}

/// What an operator lacks (`reference/graph.md` section 2, error shapes).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// The tenant has no licence for it.
    Licence,
    /// The operator has no role for it.
    Role,
    /// The token has no scope or application permission for it.
    Scope,
    /// The tenant does not say what.
    Unsaid,
}

impl Missing {
    /// What is missing and how to come by it.
    pub fn hint(self) -> &'static str {
        match self {
            Missing::Licence => "the tenant has no licence for this: risk data needs Microsoft Entra ID P2, sign-ins need P1",
            Missing::Role => {
                "the account lacks a directory role: Security Reader reads, Security Administrator (in the portal also Security \
                 Operator) remediates"
            }
            Missing::Scope => "the app registration lacks a permission, or an administrator has not consented to it",
            Missing::Unsaid => "check the account's roles, the app's permissions and the tenant's licence",
        }
    }
}

impl TenantError {
    /// What the journal says of it.
    pub fn answer(&self) -> CallAnswer {
        let message = self.to_string();
        match self {
            TenantError::ReadOnly | TenantError::Evidence | TenantError::SignIn { .. } | TenantError::Unreachable { .. } => {
                CallAnswer::NotSent { message }
            }
            TenantError::Rejected { .. } | TenantError::Denied { .. } | TenantError::Changed { .. } => CallAnswer::Rejected { message },
            TenantError::Partly { .. } => CallAnswer::Partly { message },
            TenantError::Throttled { retry_after } => CallAnswer::Throttled { retry_after_seconds: retry_after.map(|wait| wait.as_secs()) },
            TenantError::Contested { .. } => CallAnswer::Contested { message },
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

    /// Waits until a write of this action may be sent, and for a sign-in where that is needed. Reading paces itself, and gives way.
    async fn turn(&self, action: Action) -> Result<(), TenantError>;

    /// Sends one write request, which has its turn. `Ok` is the tenant's 204: taken, not yet a success (invariant 3).
    async fn act(&self, call: &Call) -> Result<(), TenantError>;

    /// Reads of these targets what the action changes, as it is now, and what comes along. Targets that the tenant does not know are
    /// left out. At most [`Limits::read_back_batch`] targets, of which none was changed by us before `since`, by the tenant's
    /// clock; `None` where nobody knows.
    async fn read_back(&self, action: Action, targets: &[Target], since: Option<Timestamp>) -> Result<Vec<Record>, TenantError>;

    /// Reads what changed of these users since then, by the tenant's clock, as far as a plan judges by it: their risk and what was
    /// detected, and who is an administrator. Whoever is left out is as before. `None` where nobody knows since when. Tells also why a part
    /// may not be read.
    async fn changes_of(&self, users: &[UserId], since: Option<Timestamp>) -> Result<(Vec<Record>, Option<TenantError>), TenantError>;

    /// Reads what the directory says of these users now, and which of them it no longer has.
    async fn accounts(&self, users: &[UserId]) -> Result<Vec<Record>, TenantError>;

    /// What the tenant's clock shows when this machine's shows this: times that the tenant tells are compared with no other.
    fn by_its_clock(&self, at: Timestamp) -> Timestamp;

    /// Reads what is too much to read of everybody: a user's account, devices and authentication methods, as far as that is allowed.
    async fn look(&self, user: &UserId) -> Result<Vec<Record>, TenantError>;

    /// Reads somebody of the directory by object id or principal name, who need never have been at risk; empty where there is nobody, or
    /// where the tenant tells of everybody anyway.
    async fn find(&self, name: &str) -> Result<Vec<Record>, TenantError>;

    /// What who is signed in may do, as far as known by now; `None` where nobody needs to be, or nothing is known yet.
    fn holder(&self) -> Option<Holder>;

    /// The cursor that reads what has changed since then, by the tenant's clock; `None` where it can only be read as a whole.
    fn changes_since(&self, at: Timestamp) -> Option<String>;

    /// Reads everything, page by page, from the cursor of the page before.
    async fn page(&self, cursor: Option<&str>) -> Result<Page, TenantError>;
}

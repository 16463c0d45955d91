//! What a running job tells: the same events feed the console, `--format jsonl` and the summary.

use serde::Serialize;

use super::action::Action;
use super::journal::{JobId, JobState};
use super::ledger::Tally;
use super::time::Timestamp;

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum What {
    /// The first request is held back until then; cancelling costs nothing.
    Held {
        /// When it leaves.
        until: Timestamp,
    },
    /// The tenant took the target.
    Accepted,
    /// The target was read back as promised.
    Verified,
    /// The target was read back otherwise.
    Diverged {
        /// What was found.
        because: String,
    },
    /// The tenant refused the target.
    Failed {
        /// What it said. Hostile text.
        because: String,
    },
    /// The target was not sent.
    Skipped {
        /// Why.
        because: String,
    },
    /// The target was accepted, but not seen in the promised state before patience ended.
    Unverified {
        /// Why.
        because: String,
    },
    /// The tenant asked to wait.
    Throttled {
        /// For how long.
        seconds: u64,
    },
    /// The job ended.
    Summary {
        /// How.
        state: JobState,
        /// Targets acted on.
        total: usize,
        /// Read back as promised.
        verified: usize,
        /// Refused by the tenant.
        failed: usize,
        /// Not sent.
        skipped: usize,
        /// Read back otherwise.
        diverged: usize,
        /// Accepted, but never seen in the promised state.
        unverified: usize,
        /// Never sent, because the job was cancelled.
        pending: usize,
    },
}

/// One event of a job.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct JobEvent {
    /// What happened.
    #[serde(flatten)]
    pub what: What,
    /// The target; the job, for an event about the whole job.
    pub id: String,
    /// The target's principal name, where there is one. Hostile text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_principal_name: Option<String>,
    /// The step of a playbook that the job is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<Action>,
    /// The job.
    pub job: JobId,
    /// When.
    pub at: Timestamp,
}

impl What {
    /// The closing event.
    pub fn summary(state: JobState, tally: &Tally) -> Self {
        What::Summary {
            state,
            total: tally.total,
            verified: tally.verified,
            failed: tally.failed,
            skipped: tally.skipped,
            diverged: tally.diverged,
            unverified: tally.unverified + tally.accepted + tally.maybe_sent,
            pending: tally.pending,
        }
    }
}

//! What a workspace is: one tenant's local case database, and where its data comes from.

use serde::{Deserialize, Serialize};

use super::action::Action;
use super::time::Timestamp;

/// Version of the workspace's layout that this program writes. An older one is migrated, a newer one refused.
pub const SCHEMA_VERSION: u32 = 1;

/// Where the data comes from and remediation goes to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum Source {
    /// A seeded, simulated tenant.
    Demo(DemoSpec),
    /// Imported files.
    Evidence,
}

impl Source {
    /// The word on the status line.
    pub fn label(&self) -> &'static str {
        match self {
            Source::Demo(_) => "DEMO",
            Source::Evidence => "EVIDENCE",
        }
    }
}

/// What `workspace.json` says. Not rebuildable.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// Version of the layout.
    pub schema_version: u32,
    /// Name of the tenant, for people.
    pub tenant: String,
    /// Where the data comes from.
    pub source: Source,
    /// When the workspace was made.
    pub created_at: Timestamp,
}

/// All that makes a demo tenant what it is: the same spec gives the same tenant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DemoSpec {
    /// Seed of all chance.
    pub seed: u64,
    /// Number of users, up to 100,000.
    pub users: u32,
    /// The moment at which the tenant is seen first; all times are relative to it.
    pub epoch: Timestamp,
    /// Requests per second that the tenant allows; `None` for no limit.
    pub rate: Option<f64>,
    /// What goes wrong.
    #[serde(default)]
    pub faults: Vec<Fault>,
}

/// Something that goes wrong in a demo tenant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Fault {
    /// Actions it hits; empty for all requests, reading too.
    #[serde(default)]
    pub actions: Vec<Action>,
    /// Principal name or id that a request must name; `None` for every request.
    #[serde(default)]
    pub user: Option<String>,
    /// How often it strikes; `None` for ever.
    #[serde(default)]
    pub times: Option<u32>,
    /// What happens.
    pub does: FaultKind,
}

/// What a fault does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum FaultKind {
    /// Answers 429, with or without `Retry-After`.
    Throttle {
        /// What `Retry-After` says.
        #[serde(default)]
        retry_after_seconds: Option<u64>,
    },
    /// Refuses the whole request, as Graph does when one id in it is invalid.
    Poison,
    /// Answers 204 and changes nothing.
    NoEffect,
    /// Answers 204 and takes this long to apply it.
    Slow {
        /// Seconds until the change can be read.
        seconds: u64,
    },
    /// Applies the change, then breaks the connection.
    BreakAfter,
    /// Breaks the connection before anything is applied.
    BreakBefore,
    /// Answers 503 without applying anything.
    Unavailable,
}

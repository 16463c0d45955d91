//! The read-only gate: stands where a write would leave (invariant 9).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;

use super::{Call, Limits, Page, Tenant, TenantError};
use crate::domain::action::Action;
use crate::domain::permission::Holder;
use crate::domain::plan::{Access, Target};
use crate::domain::records::{Record, UserId};
use crate::domain::time::Timestamp;

/// A tenant that is written only while the gate is open.
pub struct Gate {
    tenant: Arc<dyn Tenant>,
    open: Arc<AtomicBool>,
}

impl Gate {
    /// A gate before this tenant, closed where `open` is false.
    pub fn new(tenant: Arc<dyn Tenant>, open: Arc<AtomicBool>) -> Self {
        Gate { tenant, open }
    }

    /// Opens or closes it. A request that has left is not called back.
    pub fn set_open(&self, open: bool) {
        self.open.store(open, Ordering::SeqCst);
    }

    fn is_open(&self) -> bool {
        self.open.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl Tenant for Gate {
    fn limits(&self) -> Limits {
        self.tenant.limits()
    }

    fn access(&self) -> Access {
        match self.tenant.access() {
            Access::ReadWrite if !self.is_open() => Access::ReadOnly,
            access => access,
        }
    }

    async fn turn(&self, action: Action) -> Result<(), TenantError> {
        self.tenant.turn(action).await
    }

    async fn act(&self, call: &Call) -> Result<(), TenantError> {
        if self.is_open() { self.tenant.act(call).await } else { Err(TenantError::ReadOnly) }
    }

    async fn read_back(&self, action: Action, targets: &[Target], since: Option<Timestamp>) -> Result<Vec<Record>, TenantError> {
        self.tenant.read_back(action, targets, since).await
    }

    async fn changes_of(&self, users: &[UserId], since: Option<Timestamp>) -> Result<(Vec<Record>, Option<TenantError>), TenantError> {
        self.tenant.changes_of(users, since).await
    }

    async fn accounts(&self, users: &[UserId]) -> Result<Vec<Record>, TenantError> {
        self.tenant.accounts(users).await
    }

    fn by_its_clock(&self, at: Timestamp) -> Timestamp {
        self.tenant.by_its_clock(at)
    }

    async fn look(&self, user: &UserId) -> Result<Vec<Record>, TenantError> {
        self.tenant.look(user).await
    }

    async fn find(&self, name: &str) -> Result<Vec<Record>, TenantError> {
        self.tenant.find(name).await
    }

    fn holder(&self) -> Option<Holder> {
        self.tenant.holder()
    }

    fn changes_since(&self, at: Timestamp) -> Option<String> {
        self.tenant.changes_since(at)
    }

    async fn page(&self, cursor: Option<&str>) -> Result<Page, TenantError> {
        self.tenant.page(cursor).await
    }
}

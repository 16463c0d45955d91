//! The read-only gate: stands where a write would leave (invariant 9).

use std::sync::Arc;

use async_trait::async_trait;

use super::{Call, Limits, Page, ReadBack, Tenant, TenantError};
use crate::domain::plan::{Access, Target};

/// A tenant that can be read but not written.
pub struct ReadOnly(pub Arc<dyn Tenant>);

#[async_trait]
impl Tenant for ReadOnly {
    fn limits(&self) -> Limits {
        self.0.limits()
    }

    fn access(&self) -> Access {
        match self.0.access() {
            Access::Evidence => Access::Evidence,
            Access::ReadWrite | Access::ReadOnly => Access::ReadOnly,
        }
    }

    async fn act(&self, _call: &Call) -> Result<(), TenantError> {
        Err(TenantError::ReadOnly)
    }

    async fn read_back(&self, targets: &[Target]) -> Result<Vec<ReadBack>, TenantError> {
        self.0.read_back(targets).await
    }

    async fn page(&self, cursor: Option<&str>) -> Result<Page, TenantError> {
        self.0.page(cursor).await
    }
}

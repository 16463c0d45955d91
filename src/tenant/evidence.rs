//! The tenant of an evidence workspace: there is none.

use async_trait::async_trait;

use super::{Call, Limits, Page, ReadBack, Tenant, TenantError};
use crate::domain::plan::{Access, Target};

/// Stands for files: nothing can be sent, and there is nothing to read but what was imported.
pub struct EvidenceTenant;

#[async_trait]
impl Tenant for EvidenceTenant {
    fn limits(&self) -> Limits {
        Limits { requests_per_second: None, read_back_page: 500 }
    }

    fn access(&self) -> Access {
        Access::Evidence
    }

    async fn act(&self, _call: &Call) -> Result<(), TenantError> {
        Err(TenantError::Evidence)
    }

    async fn read_back(&self, _targets: &[Target]) -> Result<Vec<ReadBack>, TenantError> {
        Err(TenantError::Evidence)
    }

    async fn page(&self, _cursor: Option<&str>) -> Result<Page, TenantError> {
        Err(TenantError::Evidence)
    }
}

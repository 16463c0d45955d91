//! stub

use std::path::Path;

use async_trait::async_trait;

use super::{Call, Limits, Page, ReadBack, Tenant, TenantError};
use crate::clock::Clock;
use crate::domain::plan::{Access, Target};
use crate::domain::workspace::DemoSpec;

/// A simulated tenant.
pub struct DemoTenant {}

impl DemoTenant {
    /// Opens the tenant of this spec; `log` is the file that keeps what was done to it.
    pub fn open(_spec: DemoSpec, _log: &Path, _clock: Clock) -> Result<Self, TenantError> {
        Ok(DemoTenant {})
    }
}

#[async_trait]
impl Tenant for DemoTenant {
    fn limits(&self) -> Limits {
        Limits { requests_per_second: None, read_back_page: 500 }
    }

    fn access(&self) -> Access {
        Access::ReadWrite
    }

    async fn act(&self, _call: &Call) -> Result<(), TenantError> {
        Ok(())
    }

    async fn read_back(&self, _targets: &[Target]) -> Result<Vec<ReadBack>, TenantError> {
        Ok(vec![])
    }

    async fn page(&self, _cursor: Option<&str>) -> Result<Page, TenantError> {
        Ok(Page { records: vec![], next: None, users: None })
    }
}

//! A live tenant that cannot even be asked, because something on this machine is missing: what is held can still be looked at.

use async_trait::async_trait;

use super::{Call, Limits, Page, Tenant, TenantError};
use crate::domain::action::Action;
use crate::domain::permission::Holder;
use crate::domain::plan::{Access, Target};
use crate::domain::records::{Record, UserId};
use crate::domain::time::Timestamp;

/// Answers everything with the reason why it is not connected.
pub struct Unconnected(pub TenantError);

#[async_trait]
impl Tenant for Unconnected {
    fn limits(&self) -> Limits {
        Limits { requests_per_second: None, read_back_page: 500, read_back_batch: 500 }
    }

    fn access(&self) -> Access {
        Access::ReadOnly
    }

    async fn turn(&self, _action: Action) -> Result<(), TenantError> {
        Err(self.0.clone())
    }

    async fn act(&self, _call: &Call) -> Result<(), TenantError> {
        Err(self.0.clone())
    }

    async fn read_back(&self, _action: Action, _targets: &[Target], _since: Option<Timestamp>) -> Result<Vec<Record>, TenantError> {
        Err(self.0.clone())
    }

    async fn changes_of(&self, _users: &[UserId], _since: Option<Timestamp>) -> Result<(Vec<Record>, Option<TenantError>), TenantError> {
        Err(self.0.clone())
    }

    async fn accounts(&self, _users: &[UserId]) -> Result<Vec<Record>, TenantError> {
        Err(self.0.clone())
    }

    fn by_its_clock(&self, at: Timestamp) -> Timestamp {
        at
    }

    async fn look(&self, _user: &UserId) -> Result<Vec<Record>, TenantError> {
        Err(self.0.clone())
    }

    async fn find(&self, _name: &str) -> Result<Vec<Record>, TenantError> {
        Err(self.0.clone())
    }

    fn holder(&self) -> Option<Holder> {
        None
    }

    fn changes_since(&self, _at: Timestamp) -> Option<String> {
        None
    }

    async fn page(&self, _cursor: Option<&str>) -> Result<Page, TenantError> {
        Err(self.0.clone())
    }
}

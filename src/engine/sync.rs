//! Bringing the store up to date with the tenant.

use std::collections::HashMap;

use super::pace::back_off;
use super::{Engine, EngineError};
use crate::domain::filing;
use crate::domain::records::{Record, UserId, UserRecords};
use crate::tenant::{Page, TenantError};

/// How often a page is tried that the tenant puts off.
const TRIES: u32 = 6;

impl Engine {
    /// Reads the whole tenant into the store; tells the number of users read so far, and how many there are.
    pub async fn sync(&self, progress: &mut (dyn FnMut(usize, Option<usize>) + Send)) -> Result<usize, EngineError> {
        let started = self.clock.now();
        let mut users = 0;
        let mut cursor = None;
        loop {
            let page = self.page(cursor.as_deref()).await?;
            users += self.file(page.records).await?;
            progress(users, page.users);
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        self.store.set_synced_at(started)?;
        Ok(users)
    }

    async fn page(&self, cursor: Option<&str>) -> Result<Page, TenantError> {
        let mut attempt = 0;
        loop {
            self.pacer.turn().await;
            attempt += 1;
            match self.tenant.page(cursor).await {
                Err(TenantError::Throttled { retry_after }) if attempt < TRIES => {
                    self.clock.sleep(retry_after.unwrap_or_else(|| back_off(attempt))).await;
                }
                Err(TenantError::Unreachable { .. } | TenantError::Lost { .. }) if attempt < TRIES / 2 => {
                    self.clock.sleep(back_off(attempt)).await;
                }
                result => return result,
            }
        }
    }

    /// Files a page's records under their users; tells how many users they concern.
    async fn file(&self, records: Vec<Record>) -> Result<usize, EngineError> {
        let mut by_user: HashMap<UserId, Vec<Record>> = HashMap::new();
        for record in records {
            by_user.entry(record.user_id().clone()).or_default().push(record);
        }
        let _guard = self.filing.lock().await; // a running job reads and puts users, too
        let mut filed = Vec::with_capacity(by_user.len());
        for (id, records) in by_user {
            let mut held = self.store.user(&id)?.unwrap_or_else(|| UserRecords::unknown(id));
            filing::file_all(&mut held, records, &mut |_| {});
            filed.push(held);
        }
        self.store.put(&filed)?;
        Ok(filed.len())
    }
}

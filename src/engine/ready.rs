//! Right before a request leaves: what it is judged by is read from the tenant once more, and not taken from the store.

use std::collections::VecDeque;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use chrono::TimeDelta;

use super::job::Run;
use super::{EngineError, EngineEvent};
use crate::domain::records::{Directory, Record, UserId};
use crate::tenant::TenantError;

/// How often a long job asks what changed of those who are left.
const CHANGES_EVERY: TimeDelta = TimeDelta::minutes(2);
/// So many requests of its own it sends before it asks again: where requests are slow, they are not to be spent on asking.
const REQUESTS_BETWEEN: u32 = 10;

impl Run<'_> {
    /// Waits for a turn, and reads meanwhile what the batch is judged by; false where the job was cancelled.
    pub(super) async fn make_ready(&self, batch: &[String], queue: &VecDeque<Vec<String>>) -> Result<bool, EngineError> {
        let users = self.owners(batch.iter());
        if users.is_empty() {
            return Ok(self.turn().await?); // policies and locations are read right before they are written
        }
        let ready = async {
            self.read_changes(batch, queue).await?;
            let (turn, accounts) = tokio::join!(self.engine.tenant.turn(self.plan.action), self.read_accounts(&users));
            turn.map_err(EngineError::from).and(accounts)
        };
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => Ok(false),
            ready = ready => ready.map(|()| true),
        }
    }

    /// Reads what changed of those who are not sent yet: at first since the store was brought up to date, then now and then.
    async fn read_changes(&self, batch: &[String], queue: &VecDeque<Vec<String>>) -> Result<(), EngineError> {
        let now = self.engine.tenant.by_its_clock(self.now());
        let next_call = self.engine.job(self.job, |job| job.next_call)?;
        let last = *self.changes_read.lock().unwrap_or_else(PoisonError::into_inner);
        if last.is_some_and(|(at, call)| at.age(now) < CHANGES_EVERY || next_call < call + REQUESTS_BETWEEN) {
            return Ok(());
        }
        let since = match last {
            Some((at, _)) => Some(at),
            None => {
                let state = self.engine.store.sync_state()?;
                state.watermark.or(state.unfinished.map(|begun| begun.started_at))
            }
        };
        let users = self.owners(batch.iter().chain(queue.iter().flatten()));
        let read = match self.engine.tenant.changes_of(&users, since).await {
            Ok((records, unread)) => {
                unread.iter().for_each(|error| self.tell_unread(error));
                Ok(records)
            }
            Err(error) => Err(error),
        };
        self.file_present(read).await?;
        *self.changes_read.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, next_call));
        Ok(())
    }

    /// Reads the accounts of a batch, and keeps how they were: a change is told by what it changed.
    async fn read_accounts(&self, users: &[UserId]) -> Result<(), EngineError> {
        let read = self.engine.tenant.accounts(users).await;
        let accounts = read.iter().flatten().filter_map(|record| match record {
            Record::Directory(id, directory) => Some((id.clone(), directory.clone())),
            _ => None,
        });
        self.before.lock().unwrap_or_else(PoisonError::into_inner).extend(accounts);
        self.file_present(read).await
    }

    /// Files what was read before sending. Of what may not be read, that which is held counts.
    async fn file_present(&self, read: Result<Vec<Record>, TenantError>) -> Result<(), EngineError> {
        let records = match read {
            Ok(records) => records,
            Err(error @ (TenantError::Denied { .. } | TenantError::Rejected { .. })) => {
                self.tell_unread(&error);
                return Ok(());
            }
            // Nothing was sent yet, so that nothing can be in doubt.
            Err(TenantError::Lost { message }) => return Err(TenantError::Unreachable { message }.into()),
            Err(error) => return Err(error.into()),
        };
        let filed = self.engine.file(records, true).await?;
        self.tell(EngineEvent::Records(filed.users));
        Ok(())
    }

    /// Says once that what changed cannot be judged by.
    fn tell_unread(&self, error: &TenantError) {
        if !self.told_unread.swap(true, Ordering::Relaxed) {
            let since = "what was read at the last sync counts";
            self.tell(EngineEvent::Notice(format!("what changed since may not be read before sending ({error}): {since}")));
        }
    }

    /// The account as it was right before it was sent, as far as this process knows.
    pub(super) fn before(&self, user: &UserId) -> Option<Directory> {
        self.before.lock().unwrap_or_else(PoisonError::into_inner).get(user).cloned()
    }
}

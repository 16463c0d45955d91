//! The store of an open workspace: the cache in sled, the journal in a file.

use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};

use super::cache::Cache;
use super::journal_file::JournalFile;
use super::lock::Lock;
use super::{Damage, Store, StoreError};
use crate::domain::dataset::Dataset;
use crate::domain::journal::{Entry, Head, JournalRecord};
use crate::domain::ledger::Ledger;
use crate::domain::policy::TenantFacts;
use crate::domain::records::{UserId, UserRecords};
use crate::domain::sync::SyncState;
use crate::domain::time::Timestamp;

/// The store of an open workspace, which is held as long as this lives.
///
/// Everything blocks: asynchronous callers use a thread for it.
#[derive(Debug)]
pub struct SledStore {
    cache: Cache,
    journal: Mutex<JournalFile>,
    ledger: RwLock<Ledger>,
    // Last, so that the workspace is let go when everything else is closed.
    _lock: Lock,
}

impl SledStore {
    pub(super) fn new(cache: Cache, journal: JournalFile, ledger: Ledger, lock: Lock) -> Self {
        SledStore { cache, journal: Mutex::new(journal), ledger: RwLock::new(ledger), _lock: lock }
    }

    /// The journal, even where a thread died while it held it: what it holds changes only after a write succeeded.
    fn journal_file(&self) -> MutexGuard<'_, JournalFile> {
        self.journal.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for SledStore {
    fn load(&self) -> Result<Dataset, StoreError> {
        self.cache.load()
    }

    fn user(&self, id: &UserId) -> Result<Option<UserRecords>, StoreError> {
        self.cache.user(id)
    }

    fn first(&self) -> Result<Vec<UserRecords>, StoreError> {
        self.cache.first()
    }

    fn keep_first(&self, users: &[UserId]) -> Result<(), StoreError> {
        self.cache.keep_first(users)
    }

    fn put(&self, records: &[UserRecords]) -> Result<(), StoreError> {
        self.cache.put(records)
    }

    fn synced_at(&self) -> Result<Option<Timestamp>, StoreError> {
        self.cache.synced_at()
    }

    fn set_synced_at(&self, at: Timestamp) -> Result<(), StoreError> {
        self.cache.set_synced_at(at)
    }

    fn sync_state(&self) -> Result<SyncState, StoreError> {
        self.cache.sync_state()
    }

    fn set_sync_state(&self, state: &SyncState) -> Result<(), StoreError> {
        self.cache.set_sync_state(state)
    }

    fn tenant_facts(&self) -> Result<TenantFacts, StoreError> {
        self.cache.tenant_facts()
    }

    fn set_tenant_facts(&self, facts: &TenantFacts) -> Result<(), StoreError> {
        self.cache.set_tenant_facts(facts)
    }

    fn append(&self, at: Timestamp, operator: &str, entries: Vec<Entry>) -> Result<Vec<JournalRecord>, StoreError> {
        let mut journal = self.journal_file();
        let records = journal.append(at, operator, entries)?;
        // Under the journal's lock, so that records are added up in their order.
        let mut ledger = self.ledger.write().unwrap_or_else(PoisonError::into_inner);
        for record in &records {
            ledger.apply(record);
        }
        Ok(records)
    }

    fn journal(&self) -> Result<Vec<JournalRecord>, StoreError> {
        let reader = self.journal_file().reader();
        reader.records()
    }

    fn journal_lines(&self) -> Result<Vec<(JournalRecord, String)>, StoreError> {
        let reader = self.journal_file().reader();
        reader.lines()
    }

    fn verify(&self) -> Result<Result<Head, Damage>, StoreError> {
        let journal = self.journal_file();
        journal.reader().verify()
    }

    fn with_ledger(&self, look: &mut dyn FnMut(&Ledger)) {
        look(&self.ledger.read().unwrap_or_else(PoisonError::into_inner));
    }
}

//! A store in memory, for tests and benches.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::{Damage, DamageKind, Store, StoreError};
use crate::domain::dataset::Dataset;
use crate::domain::journal::{Entry, Head, JournalRecord, decode, encode};
use crate::domain::ledger::Ledger;
use crate::domain::policy::TenantFacts;
use crate::domain::records::{UserId, UserRecords};
use crate::domain::sync::SyncState;
use crate::domain::time::Timestamp;

/// A store in memory: nothing survives it.
#[derive(Debug, Default)]
pub struct MemoryStore(RwLock<Held>);

#[derive(Debug, Default)]
struct Held {
    users: BTreeMap<UserId, UserRecords>,
    first: Vec<UserId>,
    synced_at: Option<Timestamp>,
    sync_state: SyncState,
    tenant_facts: TenantFacts,
    lines: Vec<String>,
    head: Head,
    ledger: Ledger,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn read(&self) -> RwLockReadGuard<'_, Held> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Held> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn records(&self) -> Result<(Vec<JournalRecord>, Head), Damage> {
        let mut head = Head::default();
        let mut records = Vec::with_capacity(self.lines.len());
        for line in &self.lines {
            match decode(&head, line.as_bytes()) {
                Ok((record, next)) => {
                    records.push(record);
                    head = next;
                }
                Err(why) => return Err(Damage { what: DamageKind::Line { line: head.seq + 1, why }, proven: head }),
            }
        }
        Ok((records, head))
    }
}

impl Store for MemoryStore {
    fn load(&self) -> Result<Dataset, StoreError> {
        let held = self.read();
        let mut dataset: Dataset = held.users.values().cloned().collect();
        dataset.set_tenant(held.tenant_facts.clone());
        Ok(dataset)
    }

    fn user(&self, id: &UserId) -> Result<Option<UserRecords>, StoreError> {
        Ok(self.read().users.get(id).cloned())
    }

    fn first(&self) -> Result<Vec<UserRecords>, StoreError> {
        let held = self.read();
        Ok(held.first.iter().filter_map(|id| held.users.get(id).cloned()).collect())
    }

    fn keep_first(&self, users: &[UserId]) -> Result<(), StoreError> {
        self.write().first = users.to_vec();
        Ok(())
    }

    fn put(&self, records: &[UserRecords]) -> Result<(), StoreError> {
        let mut held = self.write();
        held.users.extend(records.iter().map(|records| (records.id().clone(), records.clone())));
        Ok(())
    }

    fn synced_at(&self) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.read().synced_at)
    }

    fn set_synced_at(&self, at: Timestamp) -> Result<(), StoreError> {
        self.write().synced_at = Some(at);
        Ok(())
    }

    fn sync_state(&self) -> Result<SyncState, StoreError> {
        Ok(self.read().sync_state.clone())
    }

    fn set_sync_state(&self, state: &SyncState) -> Result<(), StoreError> {
        self.write().sync_state = state.clone();
        Ok(())
    }

    fn tenant_facts(&self) -> Result<TenantFacts, StoreError> {
        Ok(self.read().tenant_facts.clone())
    }

    fn set_tenant_facts(&self, facts: &TenantFacts) -> Result<(), StoreError> {
        self.write().tenant_facts = facts.clone();
        Ok(())
    }

    fn append(&self, at: Timestamp, operator: &str, entries: Vec<Entry>) -> Result<Vec<JournalRecord>, StoreError> {
        let mut held = self.write();
        let mut head = held.head.clone();
        let mut written = Vec::with_capacity(entries.len());
        for entry in entries {
            let (record, line, next) = encode(&head, at, operator, entry)
                .map_err(|error| StoreError::JournalWrite { path: "memory".into(), source: error.into() })?;
            written.push((record, line));
            head = next;
        }
        held.head = head;
        let mut records = Vec::with_capacity(written.len());
        for (record, line) in written {
            held.ledger.apply(&record);
            held.lines.push(line);
            records.push(record);
        }
        Ok(records)
    }

    fn journal(&self) -> Result<Vec<JournalRecord>, StoreError> {
        match self.read().records() {
            Ok((records, _)) => Ok(records),
            Err(damage) => Err(StoreError::JournalDamaged { path: "memory".into(), damage }),
        }
    }

    fn journal_lines(&self) -> Result<Vec<(JournalRecord, String)>, StoreError> {
        Ok(self.journal()?.into_iter().zip(self.read().lines.iter().cloned()).collect())
    }

    fn verify(&self) -> Result<Result<Head, Damage>, StoreError> {
        Ok(self.read().records().map(|(_, head)| head))
    }

    fn with_ledger(&self, look: &mut dyn FnMut(&Ledger)) {
        look(&self.read().ledger);
    }
}

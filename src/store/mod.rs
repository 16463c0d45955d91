//! The case database: a cache that can be rebuilt, and a journal that cannot.
//!
//! Nothing above this module knows that the cache is sled or that the journal is a file.
//!
//! ```text
//! HOME/last-workspace                    name of the workspace used last
//! HOME/workspaces/NAME/workspace.json    what it is: domain::workspace::Manifest
//!                      lock              held by the process that has it open: "pid since"
//!                      journal.jsonl     the journal, one record a line; the truth
//!                      journal.head      "seq hash" of the last acknowledged record
//!                      tenant.jsonl      state of a simulated tenant; not this module's
//!                      evidence.jsonl    records that were imported; not this module's
//!                      cache/            sled, and a few small files: see `cache`
//!                      set-aside/WHAT-TIME/…   what was damaged or replaced; never read again
//! ```

mod cache;
mod cache_load;
mod cache_open;
#[cfg(test)]
mod conformance;
mod disk;
mod encoding;
mod home;
mod journal_file;
mod lock;
mod manifest;
mod memory;
mod sled_store;
mod workspace;

use std::path::PathBuf;

pub use cache_open::panic_is_caught;
pub use home::Home;
pub use memory::MemoryStore;
pub use sled_store::SledStore;
pub use workspace::{Opened, change, create, exists, manifest, open, reset};

use crate::domain::dataset::Dataset;
use crate::domain::journal::{ChainError, Entry, Head, JournalRecord};
use crate::domain::ledger::Ledger;
use crate::domain::policy::TenantFacts;
use crate::domain::records::{UserId, UserRecords};
use crate::domain::sync::SyncState;
use crate::domain::time::Timestamp;

/// Where the journal stops being provable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// Last record that the chain proves.
    pub proven: Head,
    /// What is wrong with what follows.
    pub what: DamageKind,
}

/// What is wrong with a journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DamageKind {
    /// A line is not the next record.
    Line {
        /// Number of the line, from 1.
        line: u64,
        /// Why.
        why: ChainError,
    },
    /// The journal ends before a record that was acknowledged.
    Short {
        /// Number of the last acknowledged record.
        acknowledged: u64,
    },
    /// Neither a record is there nor the head that every journal has from its beginning.
    Missing,
}

impl std::fmt::Display for Damage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.what {
            DamageKind::Line { line, why } => write!(f, "line {line}: {why}"),
            DamageKind::Short { acknowledged } => {
                write!(f, "it ends after record {}, but record {acknowledged} was written", self.proven.seq)
            }
            DamageKind::Missing => write!(f, "it is empty, and so is journal.head, which is there from the beginning: both were removed"),
        }
    }
}

/// Why the store cannot do something.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process holds the workspace.
    #[error("workspace {workspace} is in use by {holder}. Close it there, or choose another with --workspace")]
    Locked {
        /// Name of the workspace.
        workspace: String,
        /// Who holds it: "process 4711 (entriage), since 2026-11-22T14:05:00Z".
        holder: String,
    },
    /// This cannot be the name of a workspace.
    #[error("{0:?} cannot be the name of a workspace. Use 1 to 64 letters, digits, \"-\", \"_\" or \".\", not starting with \".\"")]
    BadName(String),
    /// There is such a workspace already.
    #[error("there is a workspace {0} already. Choose another name")]
    Exists(String),
    /// There is no folder for data.
    #[error("no folder for the data can be found: {0}. Name one with --home")]
    NoHome(String),
    /// There is no such workspace.
    #[error("there is no workspace {0}")]
    NotFound(String),
    /// The workspace was written by a later version.
    #[error(
        "{path} says that the workspace has schema {found}, and this program knows {known}. Use the newer program; where there is none, \
         the file is damaged: put it back from a backup"
    )]
    NewerSchema {
        /// Its manifest.
        path: PathBuf,
        /// Its version.
        found: u32,
        /// Ours.
        known: u32,
    },
    /// The journal is damaged: it is kept as it is, and nothing may be added to it.
    #[error(
        "the journal {path} is damaged after record {}: {damage}. It is kept as it is, nothing can be added, and so nothing can be sent. \
         Put it back from a backup",
        damage.proven.seq
    )]
    JournalDamaged {
        /// The file.
        path: PathBuf,
        /// Where and how.
        damage: Damage,
    },
    /// The journal could not be written; none of what should have been recorded counts.
    #[error("the journal {path} cannot be written, so nothing is sent: {source}. Free space on that disk, then try again")]
    JournalWrite {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The journal takes no more records until the workspace is opened again.
    #[error("the journal {path} takes no more records, so nothing is sent: {why}. Check the disk, then open the workspace again")]
    JournalClosed {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// A file could not be read or written.
    #[error("{doing} {path}: {source}")]
    Io {
        /// "cannot write", "cannot read", …
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A file is not what it should be.
    #[error("{path} is not readable: {why}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The cache failed.
    #[error("the cache of the workspace: {0}")]
    Cache(String),
}

/// A workspace's data.
pub trait Store: Send + Sync {
    /// Everything that is cached.
    fn load(&self) -> Result<Dataset, StoreError>;

    /// One user.
    fn user(&self, id: &UserId) -> Result<Option<UserRecords>, StoreError>;

    /// Whom [`Store::keep_first`] was last told, with their records as they are now: what can be shown before all is loaded.
    fn first(&self) -> Result<Vec<UserRecords>, StoreError>;

    /// Remembers whom to show first the next time.
    fn keep_first(&self, users: &[UserId]) -> Result<(), StoreError>;

    /// Puts users' records in place of those held so far.
    fn put(&self, records: &[UserRecords]) -> Result<(), StoreError>;

    /// When the data was last brought up to date.
    fn synced_at(&self) -> Result<Option<Timestamp>, StoreError>;

    /// Says that the data is up to date as of then.
    fn set_synced_at(&self, at: Timestamp) -> Result<(), StoreError>;

    /// How far the data has been brought up to date.
    fn sync_state(&self) -> Result<SyncState, StoreError>;

    /// Says how far the data has been brought up to date.
    fn set_sync_state(&self, state: &SyncState) -> Result<(), StoreError>;

    /// What is known of the tenant as a whole; it comes along with [`Store::load`], too.
    fn tenant_facts(&self) -> Result<TenantFacts, StoreError>;

    /// Puts what is known of the tenant as a whole.
    fn set_tenant_facts(&self, facts: &TenantFacts) -> Result<(), StoreError>;

    /// Adds entries to the journal. When this returns, they are on the platter (invariant 2).
    fn append(&self, at: Timestamp, operator: &str, entries: Vec<Entry>) -> Result<Vec<JournalRecord>, StoreError>;

    /// The journal, oldest first, as far as the chain proves it.
    fn journal(&self) -> Result<Vec<JournalRecord>, StoreError>;

    /// The same, each with its line as it was written, without its line feed.
    fn journal_lines(&self) -> Result<Vec<(JournalRecord, String)>, StoreError>;

    /// Checks the whole chain again, on the file as it is now.
    fn verify(&self) -> Result<Result<Head, Damage>, StoreError>;

    /// Looks at what the journal adds up to. To be quick: nothing may be appended meanwhile.
    fn with_ledger(&self, look: &mut dyn FnMut(&Ledger));
}

//! The cache: users' records in sled. It can always be built anew by reading the tenant: a simulated one tells again, and that of
//! an evidence workspace reads what was kept of the imported files.
//!
//! sled 0.34.7 needs care (`reference/crates.md` section 8): a kill can leave half a snapshot that it then refuses to open, and
//! some damage makes it panic. So it is opened by [`open_sled`] and used through [`caught`] only, and a cache that does not work
//! is set aside as a whole. Beside sled's own files the folder holds small ones of ours, which go where it goes:
//!
//! - `format`: version of the encoding; with any other the cache is set aside and built anew.
//! - `opening`: how often opening was begun and not ended; damage can make sled hang or abort, which nothing here can catch.
//! - `writes`: how many writes sled had taken when the last one ended; if it comes up with fewer, it lost the newest without a word,
//!   as it does where its log ends early or holds a damaged place.
//! - `damaged`: what was found while it was used; it is set aside at the next opening.
//!
//! Keys: `u/<user id> 0 <chunk, 16 bits big endian>` for the chunks of [`super::encoding`], `m/first-users` for whom to show before
//! all is loaded, `m/synced-at` for when the data was brought up to date, `m/sync-state` for how far, `m/tenant-facts` for what is known
//! of the tenant as a whole, and `m/writes` for the number of writes. Ids are escaped so that they hold no zero byte: then a user's chunks follow one another whatever the ids in an
//! imported file are, and users come in the order of their ids.

use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

use serde::Serialize;
use serde::de::DeserializeOwned;
use sled::{Batch, Db};

use super::cache_open::{caught, is_damage, open_sled};
use super::encoding::{self, Decoder, ENCODING};
use super::{StoreError, cache_load, disk};
use crate::domain::dataset::Dataset;
use crate::domain::policy::TenantFacts;
use crate::domain::records::{UserId, UserRecords};
use crate::domain::sync::SyncState;
use crate::domain::text;
use crate::domain::time::Timestamp;

pub(super) const USERS: &[u8] = b"u/";
const FIRST: &[u8] = b"m/first-users";
const SYNCED_AT: &[u8] = b"m/synced-at";
const SYNC_STATE: &[u8] = b"m/sync-state";
const TENANT_FACTS: &[u8] = b"m/tenant-facts";
const WRITES: &[u8] = b"m/writes";

/// Keys in one batch, about (`reference/performance.md` section A).
const BATCH_KEYS: usize = 1_000;

/// Openings that were begun and not ended before a cache is given up. One may have been a kill by chance.
const OPENINGS: usize = 2;

/// An open cache.
pub(super) struct Cache {
    folder: PathBuf,
    db: Db,
    /// Number of writes so far.
    writes: Mutex<u64>,
    /// Why nothing more can be written: something failed inside sled.
    failed: OnceLock<String>,
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache").field("folder", &self.folder).finish_non_exhaustive()
    }
}

/// Why something did not work.
pub(super) enum Fault {
    Sled(sled::Error),
    /// A value is not what was written.
    Value(String),
    /// A value cannot be written at all.
    Encoding(String),
}

impl From<sled::Error> for Fault {
    fn from(error: sled::Error) -> Self {
        Fault::Sled(error)
    }
}

impl Cache {
    /// Opens the cache of a workspace. One that is damaged is set aside and a new one begun, with a notice.
    pub(super) fn open(workspace: &Path, now: Timestamp, notices: &mut Vec<String>) -> Result<Cache, StoreError> {
        let folder = workspace.join("cache");
        let unusable = match unusable(&folder) {
            Some(why) => why,
            None => match Self::try_open(&folder)? {
                Ok(cache) => return Ok(cache),
                Err(damage) => format!("was damaged: {damage}"),
            },
        };
        let aside = disk::set_aside_folder(workspace, "cache", now)?;
        disk::move_to(&folder, &aside.join("cache"))?;
        notices.push(format!("the cache {unusable}. It is set aside at {}, and rebuilt", aside.display()));
        match Self::try_open(&folder)? {
            Ok(cache) => Ok(cache),
            Err(damage) => Err(StoreError::Cache(format!("a new one cannot be made in {}: {damage}", folder.display()))),
        }
    }

    /// The inner error is damage; the outer one is not the cache's fault.
    fn try_open(folder: &Path) -> Result<Result<Cache, String>, StoreError> {
        if !folder.join("format").exists() {
            disk::make_folder(folder)?;
            write_mark(folder, "format", &ENCODING.to_string())?;
        }
        let begun = match read_mark(folder, "opening") {
            Ok(mark) => mark.unwrap_or_default().len(),
            Err(damage) => return Ok(Err(damage)),
        };
        if begun >= OPENINGS {
            return Ok(Err(format!("opening it did not end {begun} times")));
        }
        write_mark(folder, "opening", &"x".repeat(begun + 1))?;
        let opened = open_sled(folder);
        remove_mark(folder, "opening")?;
        let db = match opened? {
            Ok(db) => db,
            Err(damage) => return Ok(Err(damage)),
        };
        let mut cache = Cache { folder: folder.to_owned(), db, writes: Mutex::new(0), failed: OnceLock::new() };
        let held = cache.value::<u64>(WRITES).map_err(|error| error.to_string());
        let told = read_mark(folder, "writes").and_then(|mark| match mark {
            Some(mark) => mark.parse().map_err(|_| "it does not tell how often it was written".to_owned()),
            None => Ok(0),
        });
        Ok(match (held.map(Option::unwrap_or_default), told) {
            (Ok(held), Ok(told)) if held < told => Err("what was written last is lost".to_owned()),
            (Ok(held), Ok(_)) => {
                cache.writes = Mutex::new(held);
                Ok(cache)
            }
            (Err(damage), _) | (_, Err(damage)) => Err(damage),
        })
    }

    /// Everything, in the order of user ids.
    pub(super) fn load(&self) -> Result<Dataset, StoreError> {
        self.guarded("reading it", || cache_load::load(&self.db)).and_then(|mut dataset| {
            dataset.set_tenant(self.tenant_facts()?);
            Ok(dataset)
        })
    }

    /// One user.
    pub(super) fn user(&self, id: &UserId) -> Result<Option<UserRecords>, StoreError> {
        let id = &escaped(id);
        self.guarded("reading it", || {
            let damaged = |why: String| Fault::Value(format!("{}: {why}", shown(id)));
            let Some(first) = self.db.get(key(id, 0))? else {
                return Ok(None);
            };
            let mut decoder = Decoder::start(&first).map_err(damaged)?;
            while let Some(chunk) = self.db.get(key(id, decoder.next))? {
                decoder.add(&chunk).map_err(damaged)?;
            }
            finish(id, decoder).map(Some)
        })
    }

    /// The users to show before all is loaded, as far as they are still there.
    pub(super) fn first(&self) -> Result<Vec<UserRecords>, StoreError> {
        let ids: Vec<UserId> = self.value(FIRST)?.unwrap_or_default();
        ids.iter().filter_map(|id| self.user(id).transpose()).collect()
    }

    /// Remembers whom to show first.
    pub(super) fn keep_first(&self, users: &[UserId]) -> Result<(), StoreError> {
        self.set_value(FIRST, &users)
    }

    /// Puts users' records in place of those held so far: of each user all or nothing.
    pub(super) fn put(&self, records: &[UserRecords]) -> Result<(), StoreError> {
        let mut sorted: Vec<&UserRecords> = records.iter().collect();
        sorted.sort_by(|a, b| a.id().cmp(b.id()));
        // Of a user that is given twice, the last counts: it stays last in a stable sort.
        let last_of_each = sorted.chunk_by(|a, b| a.id() == b.id()).filter_map(|same| same.last());
        self.write(|batch| {
            let mut keys = 0;
            for records in last_of_each {
                let id = &escaped(records.id());
                let chunks = encoding::encode(records).map_err(Fault::Encoding)?;
                let mut number: u16 = 0;
                for chunk in chunks {
                    batch.insert(key(id, number), chunk);
                    number = number.checked_add(1).ok_or_else(|| Fault::Encoding("too many records".to_owned()))?;
                    keys += 1;
                }
                while self.db.contains_key(key(id, number))? {
                    batch.remove(key(id, number));
                    number = number.saturating_add(1);
                    keys += 1;
                }
                if keys >= BATCH_KEYS {
                    self.db.apply_batch(std::mem::take(batch))?;
                    keys = 0;
                }
            }
            Ok(())
        })
    }

    /// Does what a write needs: one at a time, counted, and on the disk when it ends. The last of its batches is `fill`'s to fill.
    fn write(&self, fill: impl FnOnce(&mut Batch) -> Result<(), Fault>) -> Result<(), StoreError> {
        let mut writes = self.writes.lock().unwrap_or_else(PoisonError::into_inner);
        self.check_writable()?;
        let next = *writes + 1;
        self.guarded("writing it", || {
            let mut batch = Batch::default();
            fill(&mut batch)?;
            batch.insert(WRITES, encoding::encode_value(&next).map_err(Fault::Encoding)?);
            self.db.apply_batch(batch)?;
            self.db.flush()?;
            Ok(())
        })?;
        *writes = next;
        // sled's flush leaves the disk's own cache alone (`reference/performance.md` section A): without this, a power cut could
        // leave the mark and take the write.
        let log = self.folder.join("db");
        File::open(&log).and_then(|log| log.sync_data()).map_err(disk::failed("cannot sync", &log))?;
        disk::replace(&self.folder.join("writes"), next.to_string().as_bytes())
    }

    /// When the data was last brought up to date; `None` for a cache that was never filled to the end.
    pub(super) fn synced_at(&self) -> Result<Option<Timestamp>, StoreError> {
        self.value(SYNCED_AT)
    }

    /// How far the data has been brought up to date.
    pub(super) fn sync_state(&self) -> Result<SyncState, StoreError> {
        Ok(self.value(SYNC_STATE)?.unwrap_or_default())
    }

    /// Says how far the data has been brought up to date.
    pub(super) fn set_sync_state(&self, state: &SyncState) -> Result<(), StoreError> {
        self.set_value(SYNC_STATE, state)
    }

    /// What is known of the tenant as a whole: JSON, because conditions of policies are free-form.
    pub(super) fn tenant_facts(&self) -> Result<TenantFacts, StoreError> {
        let Some(text) = self.value::<String>(TENANT_FACTS)? else { return Ok(TenantFacts::default()) };
        let damaged = |error: serde_json::Error| Fault::Value(format!("{}: {error}", shown(TENANT_FACTS)));
        self.guarded("reading it", || serde_json::from_str(&text).map_err(damaged))
    }

    /// Puts what is known of the tenant as a whole.
    pub(super) fn set_tenant_facts(&self, facts: &TenantFacts) -> Result<(), StoreError> {
        let text = serde_json::to_string(facts).map_err(|error| StoreError::Cache(format!("writing it failed: {error}")))?;
        self.set_value(TENANT_FACTS, &text)
    }

    fn value<T: DeserializeOwned>(&self, name: &[u8]) -> Result<Option<T>, StoreError> {
        self.guarded("reading it", || match self.db.get(name)? {
            Some(value) => encoding::decode_value(&value).map(Some).map_err(|why| Fault::Value(format!("{}: {why}", shown(name)))),
            None => Ok(None),
        })
    }

    fn set_value<T: Serialize>(&self, name: &[u8], value: &T) -> Result<(), StoreError> {
        self.write(|batch| {
            batch.insert(name, encoding::encode_value(value).map_err(Fault::Encoding)?);
            Ok(())
        })
    }

    /// Says that the data is up to date, and with it complete.
    pub(super) fn set_synced_at(&self, at: Timestamp) -> Result<(), StoreError> {
        self.set_value(SYNCED_AT, &at)
    }

    fn check_writable(&self) -> Result<(), StoreError> {
        match self.failed.get() {
            Some(why) => Err(StoreError::Cache(format!("nothing is written after a failure: {why}. Open the workspace again"))),
            None => Ok(()),
        }
    }

    /// After a failed write sled waits without end for what it could not write: in the next flush, and when it is let go. So neither
    /// happens any more; the process ends with it.
    fn never_flush_again(&self, why: &str) {
        std::mem::forget(self.db.clone());
        self.failed.get_or_init(|| why.to_owned());
    }

    /// Does something with sled, and remembers damage.
    fn guarded<T>(&self, doing: &str, work: impl FnOnce() -> Result<T, Fault>) -> Result<T, StoreError> {
        let done = caught(work);
        match &done {
            Ok(Err(Fault::Sled(error))) => self.never_flush_again(&error.to_string()),
            Err(panic) => self.never_flush_again(panic),
            Ok(_) => {}
        }
        let damage = match done {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(Fault::Encoding(why))) => return Err(StoreError::Cache(format!("{doing} failed: {why}"))),
            Ok(Err(Fault::Sled(error))) if !is_damage(&error) => {
                let hint = "Check the free space and the permissions, then open the workspace again";
                return Err(StoreError::Cache(format!("{doing} failed: {error}. {hint}: {}", self.folder.display())));
            }
            Ok(Err(Fault::Sled(error))) => error.to_string(),
            Ok(Err(Fault::Value(why))) => why,
            Err(panic) => panic,
        };
        let next = match write_mark(&self.folder, "damaged", &damage) {
            Ok(()) => "Open the workspace again: the cache is then set aside and rebuilt",
            Err(_) => "Move its folder away and open the workspace again: it is then rebuilt",
        };
        Err(StoreError::Cache(format!("it is damaged: {damage}. The journal is not touched by this. {next}: {}", self.folder.display())))
    }
}

pub(super) fn finish(id: &[u8], decoder: Decoder) -> Result<UserRecords, Fault> {
    let records = decoder.finish().map_err(|why| Fault::Value(format!("{}: {why}", shown(id))))?;
    if escaped(records.id()) != id {
        return Err(Fault::Value(format!("{}: it holds another user", shown(id))));
    }
    Ok(records)
}

/// The bytes of an id without zeros, in the same order.
fn escaped(id: &UserId) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(id.as_str().len());
    for byte in id.as_str().bytes() {
        match byte {
            0 | 1 => bytes.extend([1, byte + 1]),
            other => bytes.push(other),
        }
    }
    bytes
}

fn key(id: &[u8], chunk: u16) -> Vec<u8> {
    [USERS, id, &[0], &chunk.to_be_bytes()].concat()
}

pub(super) fn split_key(key: &[u8]) -> Option<(&[u8], u16)> {
    let (rest, chunk) = key.strip_prefix(USERS)?.split_last_chunk::<2>()?;
    Some((rest.strip_suffix(&[0])?, u16::from_be_bytes(*chunk)))
}

/// A key for people. Ids come from tenants and files.
pub(super) fn shown(key: &[u8]) -> String {
    text::safe(&String::from_utf8_lossy(key)).into_owned()
}

/// Why a cache is not even tried to open. `None` for one that is yet to be made, too.
fn unusable(folder: &Path) -> Option<String> {
    if std::fs::read_dir(folder).map_or(true, |mut entries| entries.next().is_none()) {
        return None;
    }
    match (read_mark(folder, "damaged"), read_mark(folder, "format")) {
        (Ok(Some(damage)) | Err(damage), _) | (_, Err(damage)) => Some(format!("was damaged: {damage}")),
        (_, Ok(Some(format))) if format == ENCODING.to_string() => None,
        (_, Ok(Some(format))) if format.parse::<u32>().is_ok() => Some("was written by another version of this program".to_owned()),
        (_, Ok(_)) => Some("was damaged: it does not tell its format".to_owned()),
    }
}

/// Reads a mark; `None` where there is none. One that cannot be read is damage.
fn read_mark(folder: &Path, name: &str) -> Result<Option<String>, String> {
    let bytes = disk::read(&folder.join(name)).map_err(|error| error.to_string())?;
    Ok(bytes.map(|bytes| text::safe(String::from_utf8_lossy(&bytes).trim()).into_owned()))
}

fn write_mark(folder: &Path, name: &str, text: &str) -> Result<(), StoreError> {
    disk::write_synced(&folder.join(name), text.as_bytes())?;
    disk::sync_folder(folder)
}

fn remove_mark(folder: &Path, name: &str) -> Result<(), StoreError> {
    let path = folder.join(name);
    std::fs::remove_file(&path).map_err(disk::failed("cannot remove", &path))
}

#[cfg(test)]
#[path = "cache_tests.rs"]
mod tests;

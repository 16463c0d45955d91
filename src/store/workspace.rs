//! Workspaces: made, opened by one process at a time, reset.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::cache::Cache;
use super::home::check_name;
use super::journal_file::{self, JournalFile};
use super::lock::{Lock, PATIENCE};
use super::sled_store::SledStore;
use super::{Home, Store as _, StoreError, disk, manifest as manifest_file};
use crate::domain::ledger::Ledger;
use crate::domain::time::Timestamp;
use crate::domain::workspace::{Manifest, SCHEMA_VERSION};

/// An open workspace.
#[derive(Debug)]
pub struct Opened {
    /// What it is.
    pub manifest: Manifest,
    /// Its data; holds the workspace as long as it lives.
    pub store: SledStore,
    /// Its folder.
    pub dir: PathBuf,
    /// What was repaired, set aside or found damaged, for the operator to know.
    pub notices: Vec<String>,
    /// Whether the cache is new, was built anew or was never filled to the end: it must be filled.
    pub needs_fill: bool,
}

/// Makes a workspace.
pub fn create(home: &Home, name: &str, manifest: &Manifest) -> Result<(), StoreError> {
    check_name(name)?;
    let folder = home.workspace_path(name);
    disk::make_folder(&folder)?;
    let _lock = Lock::take(&folder, name, manifest.created_at, PATIENCE)?;
    match manifest_file::read(&folder, name) {
        // The head goes first: a kill must not leave a workspace whose journal seems to be removed.
        Err(StoreError::NotFound(_)) => {
            if !folder.join("journal.head").exists() {
                journal_file::start(&folder)?;
            }
            manifest_file::write(&folder, manifest)?;
            disk::replace(&folder.join("journal.jsonl"), b"")
        }
        Err(error @ StoreError::Damaged { .. }) if !manifest_file::path(&folder).exists() => Err(error),
        _ => Err(StoreError::Exists(name.to_owned())),
    }
}

/// Whether there is a workspace of this name.
pub fn exists(home: &Home, name: &str) -> bool {
    check_name(name).is_ok() && manifest_file::is_workspace(&home.workspace_path(name))
}

/// What a workspace is, without opening it.
pub fn manifest(home: &Home, name: &str) -> Result<Manifest, StoreError> {
    check_name(name)?;
    manifest_file::read(&home.workspace_path(name), name).map(|found| found.manifest)
}

/// Says anew what a workspace is. Its records and its journal stay.
pub fn change(home: &Home, name: &str, manifest: &Manifest, now: Timestamp) -> Result<(), StoreError> {
    check_name(name)?;
    let dir = home.workspace_path(name);
    manifest_file::read(&dir, name)?;
    let _lock = Lock::take(&dir, name, now, PATIENCE)?;
    manifest_file::write(&dir, manifest)
}

/// Opens a workspace and holds it.
pub fn open(home: &Home, name: &str, now: Timestamp) -> Result<Opened, StoreError> {
    open_within(home, name, now, PATIENCE)
}

pub(super) fn open_within(home: &Home, name: &str, now: Timestamp, patience: Duration) -> Result<Opened, StoreError> {
    check_name(name)?;
    let dir = home.workspace_path(name);
    // First without the lock: looking for a workspace must not make one.
    manifest_file::read(&dir, name)?;
    let lock = Lock::take(&dir, name, now, patience)?;
    let mut notices = Vec::new();
    let manifest = migrated_manifest(&dir, name, now, &mut notices)?;
    let mut ledger = Ledger::default();
    let journal = JournalFile::open(&dir, now, &mut ledger, &mut notices)?;
    let cache = Cache::open(&dir, now, &mut notices)?;
    let store = SledStore::new(cache, journal, ledger, lock);
    let needs_fill = store.synced_at()?.is_none();
    Ok(Opened { manifest, store, dir, notices, needs_fill })
}

/// Reads the manifest; one of an older schema is kept aside and written anew.
fn migrated_manifest(dir: &Path, name: &str, now: Timestamp, notices: &mut Vec<String>) -> Result<Manifest, StoreError> {
    let found = manifest_file::read(dir, name)?;
    if let Some(version) = found.migrated_from {
        let old = disk::read(&manifest_file::path(dir))?.unwrap_or_default();
        let aside = disk::set_aside_folder(dir, "workspace", now)?.join("workspace.json");
        disk::write_synced(&aside, &old)?;
        manifest_file::write(dir, &found.manifest)?;
        notices.push(format!(
            "workspace {name} was brought from schema {version} to {SCHEMA_VERSION}; the old workspace.json is kept at {}",
            aside.display()
        ));
    }
    Ok(found.manifest)
}

/// Starts a workspace anew. Its journal is set aside, never deleted; tells where.
pub fn reset(home: &Home, name: &str, manifest: &Manifest, now: Timestamp) -> Result<Option<PathBuf>, StoreError> {
    check_name(name)?;
    let dir = home.workspace_path(name);
    if !manifest_file::is_workspace(&dir) {
        return Err(StoreError::NotFound(name.to_owned()));
    }
    let _lock = Lock::take(&dir, name, now, PATIENCE)?;
    // A kill between any two steps leaves a workspace that opens: the head says that there are no records before they go (a head
    // alone would tell of missing records, and no head of a removed journal), and the new manifest comes last.
    let (journal, head) = (dir.join("journal.jsonl"), dir.join("journal.head"));
    let mut kept = None;
    if journal.exists() || head.exists() {
        let aside = disk::set_aside_folder(&dir, "journal", now)?;
        if let Some(head) = disk::read(&head)? {
            disk::write_synced(&aside.join("journal.head"), &head)?;
        }
        kept = Some(aside);
    }
    journal_file::start(&dir)?;
    if let Some(aside) = &kept {
        disk::move_to(&journal, &aside.join("journal.jsonl"))?;
    }
    disk::replace(&journal, b"")?;
    let cache = dir.join("cache");
    if cache.exists() {
        std::fs::remove_dir_all(&cache).map_err(disk::failed("cannot remove", &cache))?;
    }
    let state = dir.join("tenant.jsonl");
    if state.exists() {
        std::fs::remove_file(&state).map_err(disk::failed("cannot remove", &state))?;
    }
    manifest_file::write(&dir, manifest)?;
    Ok(kept)
}

#[cfg(test)]
#[path = "workspace_tests.rs"]
mod tests;

//! `workspace.json`: read, brought up to this version's schema, written.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::{StoreError, disk};
use crate::domain::workspace::{Manifest, SCHEMA_VERSION};

/// One step of migration: a manifest of version n, in place, becomes one of version n + 1.
type Step = fn(&mut Map<String, Value>, &str);

/// The step at position n starts from version n.
const STEPS: &[Step] = &[name_the_tenant];

const _: () = assert!(STEPS.len() == SCHEMA_VERSION as usize, "every older schema needs a step to the next one");

/// Version 0 did not name its tenant: the workspace's name stands in.
fn name_the_tenant(manifest: &mut Map<String, Value>, workspace: &str) {
    manifest.entry("tenant").or_insert_with(|| Value::from(workspace));
}

/// A manifest as read.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) manifest: Manifest,
    /// The version it had, where that was an older one.
    pub(super) migrated_from: Option<u32>,
}

pub(super) fn path(folder: &Path) -> PathBuf {
    folder.join("workspace.json")
}

/// Whether this folder holds a workspace. A journal without a manifest is one too: it must not be taken for nothing.
pub(super) fn is_workspace(folder: &Path) -> bool {
    path(folder).exists() || folder.join("journal.jsonl").exists()
}

/// Reads the manifest in a workspace's folder.
pub(super) fn read(folder: &Path, name: &str) -> Result<Found, StoreError> {
    let path = path(folder);
    let Some(bytes) = disk::read(&path)? else {
        if is_workspace(folder) {
            let why = "it is missing, but a journal is there. Put workspace.json back from a backup, or move the folder away";
            return Err(StoreError::Damaged { path, why: why.to_owned() });
        }
        return Err(StoreError::NotFound(name.to_owned()));
    };
    let damaged = |why: String| StoreError::Damaged { path: path.clone(), why };
    let mut value: Map<String, Value> = serde_json::from_slice(&bytes).map_err(|error| damaged(error.to_string()))?;
    let found = match value.get("schemaVersion") {
        None => 0,
        Some(version) => version
            .as_u64()
            .map(|version| u32::try_from(version).unwrap_or(u32::MAX))
            .ok_or_else(|| damaged("schemaVersion is not a version number".to_owned()))?,
    };
    if found > SCHEMA_VERSION {
        return Err(StoreError::NewerSchema { path, found, known: SCHEMA_VERSION });
    }
    migrate(&mut value, found, name);
    let manifest = serde_json::from_value(Value::Object(value)).map_err(|error| damaged(error.to_string()))?;
    Ok(Found { manifest, migrated_from: (found < SCHEMA_VERSION).then_some(found) })
}

fn migrate(manifest: &mut Map<String, Value>, from: u32, workspace: &str) {
    for step in STEPS.iter().skip(from as usize) {
        step(manifest, workspace);
    }
    manifest.insert("schemaVersion".to_owned(), Value::from(SCHEMA_VERSION));
}

/// Writes the manifest in one step.
pub(super) fn write(folder: &Path, manifest: &Manifest) -> Result<(), StoreError> {
    let path = path(folder);
    let mut text = serde_json::to_string_pretty(manifest).map_err(|error| disk::failed("cannot write", &path)(error.into()))?;
    text.push('\n');
    disk::replace(&path, text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder_with(text: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(path(folder.path()), text).unwrap();
        folder
    }

    #[test]
    fn an_older_manifest_is_brought_up_to_date() {
        let folder = folder_with(r#"{"source":{"kind":"evidence"},"createdAt":"2026-01-01T00:00:00Z"}"#);
        let found = read(folder.path(), "case-7").unwrap();
        assert_eq!(found.migrated_from, Some(0));
        assert_eq!((found.manifest.tenant.as_str(), found.manifest.schema_version), ("case-7", SCHEMA_VERSION));
        write(folder.path(), &found.manifest).unwrap();
        assert_eq!(read(folder.path(), "case-7").unwrap().migrated_from, None);
    }

    #[test]
    fn a_newer_manifest_is_refused() {
        for version in ["2", "99999999999999"] {
            let folder = folder_with(&format!(r#"{{"schemaVersion":{version},"shape":"unheard of"}}"#));
            let error = read(folder.path(), "x").unwrap_err();
            assert!(matches!(error, StoreError::NewerSchema { known: SCHEMA_VERSION, .. }));
            assert!(error.to_string().contains("workspace.json"), "{error}");
        }
    }

    #[test]
    fn what_is_not_a_manifest_is_reported_with_its_path() {
        for text in ["", "[]", "{", r#"{"schemaVersion":1}"#, r#"{"schemaVersion":"one"}"#] {
            let folder = folder_with(text);
            let error = read(folder.path(), "x").unwrap_err();
            assert!(matches!(&error, StoreError::Damaged { path, .. } if path.ends_with("workspace.json")), "{text}: {error}");
        }
    }

    #[test]
    fn a_journal_without_a_manifest_is_not_taken_for_nothing() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(read(folder.path(), "x"), Err(StoreError::NotFound(_))));
        std::fs::write(folder.path().join("journal.jsonl"), "").unwrap();
        assert!(matches!(read(folder.path(), "x"), Err(StoreError::Damaged { .. })));
    }
}

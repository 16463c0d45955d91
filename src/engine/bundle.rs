//! Evidence of a workspace as a folder: where the operator wants it, or set aside in the workspace's own.

use std::path::{Path, PathBuf};

use super::{EngineError, Session};
use crate::bundle::{self, BundleError, Source, Written};
use crate::domain::journal::Entry;
use crate::domain::records::{UserId, UserRecords};

/// Why evidence was not written.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceError {
    /// It could not be read, or the journal took no record of it.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The folder could not be written.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// None of the users is known here.
    #[error("none of these users is known in this workspace")]
    Nobody,
    /// The folder is there, but the journal does not know of it.
    #[error("the evidence lies in {folder}, but the journal took no record of it: {why}")]
    NotRecorded {
        /// The folder.
        folder: PathBuf,
        /// Why.
        why: EngineError,
    },
}

impl Session {
    /// Writes the evidence of these users to a folder that does not exist or is empty. `query` says what was asked for. Waits for the
    /// disk.
    pub fn bundle(&self, users: &[UserId], query: &str, target: &Path) -> Result<Written, EvidenceError> {
        let mut known: Vec<UserRecords> = Vec::with_capacity(users.len());
        for id in users {
            known.extend(self.store.user(id).map_err(EngineError::from)?);
        }
        if known.is_empty() {
            return Err(EvidenceError::Nobody);
        }
        let source = Source {
            workspace: &self.name,
            tenant: &self.manifest.tenant,
            label: self.manifest.source.label(),
            operator: &self.operator,
            at: self.clock().now(),
            synced_at: self.store.synced_at().map_err(EngineError::from)?,
            query,
            users: &known.iter().collect::<Vec<_>>(),
            facts: &self.store.tenant_facts().map_err(EngineError::from)?,
            ledger: &self.ledger(),
            journal: &self.store.journal_lines().map_err(EngineError::from)?,
        };
        Ok(bundle::write(&source, target)?)
    }

    /// Sets the evidence of these users aside in the workspace's own folder, and takes that into the journal. Answers where it lies.
    /// Waits for the disk.
    pub fn set_evidence_aside(&self, users: &[UserId]) -> Result<PathBuf, EvidenceError> {
        let whose = match users {
            [one] => {
                let records = self.store.user(one).map_err(EngineError::from)?;
                let name = records.and_then(|records| records.user.user_principal_name);
                bundle::plain(name.as_deref().unwrap_or(one.as_str()))
            }
            many => format!("{}-users", many.len()),
        };
        let snapshots = self.dir().join("snapshots");
        let stem = format!("{}-{whose}", self.clock().now().0.format("%Y%m%dT%H%M%SZ"));
        let mut folder = snapshots.join(&stem);
        let mut number = 2;
        while folder.exists() {
            folder = snapshots.join(format!("{stem}-{number}"));
            number += 1;
        }
        let ids: Vec<&str> = users.iter().map(UserId::as_str).collect();
        let written = self.bundle(users, &format!("snapshot of {}", ids.join(", ")), &folder)?;
        let entry = Entry::Snapshot { users: users.to_vec(), folder: folder.display().to_string(), manifest: written.manifest };
        match self.store.append(self.clock().now(), &self.operator, vec![entry]) {
            Ok(_) => Ok(folder),
            Err(why) => Err(EvidenceError::NotRecorded { folder, why: why.into() }),
        }
    }
}

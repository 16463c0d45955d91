//! Evidence of a workspace as a folder: where the operator wants it, or set aside in the workspace's own.

use std::collections::HashSet;
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

/// Evidence that was written, and taken into the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// Where it lies.
    pub folder: PathBuf,
    /// What was written, and whose.
    pub written: Written,
    /// Who was asked for and is not known here: of them there is nothing.
    pub unknown: Vec<UserId>,
}

impl Session {
    /// Writes the evidence of these users to a folder that does not exist or is empty, and takes into the journal of whom there is some,
    /// and where. `query` says what was asked for. Waits for the disk.
    pub fn bundle(&self, users: &[UserId], query: &str, target: &Path) -> Result<Evidence, EvidenceError> {
        self.set_down(&self.known(users)?, users, query, target)
    }

    /// Sets the evidence of these users aside in the workspace's own folder, and takes that into the journal. Waits for the disk.
    pub fn set_evidence_aside(&self, users: &[UserId]) -> Result<Evidence, EvidenceError> {
        let known = self.known(users)?;
        let whose = match known.as_slice() {
            [one] => bundle::plain(one.user.user_principal_name.as_deref().unwrap_or(one.id().as_str())),
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
        let ids: Vec<&str> = known.iter().map(|records| records.id().as_str()).collect();
        self.set_down(&known, users, &format!("snapshot of {}", ids.join(", ")), &folder)
    }

    /// The records of those who are known here.
    fn known(&self, users: &[UserId]) -> Result<Vec<UserRecords>, EvidenceError> {
        let mut known = Vec::with_capacity(users.len());
        for id in users {
            known.extend(self.store.user(id).map_err(EngineError::from)?);
        }
        if known.is_empty() { Err(EvidenceError::Nobody) } else { Ok(known) }
    }

    fn set_down(&self, known: &[UserRecords], asked: &[UserId], query: &str, target: &Path) -> Result<Evidence, EvidenceError> {
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
        let written = bundle::write(&source, target)?;
        let folder = std::path::absolute(target).unwrap_or_else(|_| target.to_owned());
        let manifest = written.manifest.clone();
        let entry = Entry::Snapshot { users: written.users.clone(), folder: folder.display().to_string(), manifest };
        if let Err(why) = self.store.append(self.clock().now(), &self.operator, vec![entry]) {
            return Err(EvidenceError::NotRecorded { folder, why: why.into() });
        }
        let there: HashSet<&UserId> = written.users.iter().collect();
        let unknown = asked.iter().filter(|id| !there.contains(id)).cloned().collect();
        Ok(Evidence { folder, written, unknown })
    }
}

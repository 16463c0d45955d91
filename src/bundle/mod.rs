//! Evidence of users as a folder: records as they are stored and to be read, timeline, journal, case, a page for those who have no
//! console, and the hash of every file.
//!
//! All text of the tenant and of operators is made safe here: in the page, in the readable records and in the CSV. The raw records
//! and the journal keep it exactly, in JSON.

mod done;
mod extract;
mod findings;
mod folder;
mod page;
mod readable;
mod timeline;
mod user_files;

use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::json;

use crate::domain::facts;
use crate::domain::journal::JournalRecord;
use crate::domain::ledger::Ledger;
use crate::domain::links::Links;
use crate::domain::policy::TenantFacts;
use crate::domain::records::{UserId, UserRecords};
use crate::domain::time::Timestamp;
use folder::Folder;
pub use folder::interrupted;
pub use user_files::plain;

/// What a bundle is made from.
pub struct Source<'a> {
    /// Name of the workspace.
    pub workspace: &'a str,
    /// Name of the tenant. Hostile text.
    pub tenant: &'a str,
    /// DEMO, EVIDENCE or LIVE.
    pub label: &'a str,
    /// Who makes it.
    pub operator: &'a str,
    /// When.
    pub at: Timestamp,
    /// As of when the records are; `None` where that is not known.
    pub synced_at: Option<Timestamp>,
    /// What was asked for, as it was typed.
    pub query: &'a str,
    /// The users, in the order of the page.
    pub users: &'a [&'a UserRecords],
    /// What is known of the tenant as a whole.
    pub facts: &'a TenantFacts,
    /// What the journal adds up to.
    pub ledger: &'a Ledger,
    /// The journal, oldest first: each record, and its line as it was written.
    pub journal: &'a [(JournalRecord, String)],
}

/// A bundle that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Whose evidence it is.
    pub users: Vec<UserId>,
    /// How many files.
    pub files: usize,
    /// How many bytes.
    pub bytes: u64,
    /// SHA-256 of the manifest.
    pub manifest: String,
}

/// Why a bundle was not written; nothing of it is left.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// There is something already.
    #[error("{0} exists and is not an empty folder: a bundle never overwrites")]
    Exists(PathBuf),
    /// It is no name for a new folder.
    #[error("{path} cannot be the folder of a bundle: {why}")]
    NoFolder {
        /// What was named.
        path: PathBuf,
        /// Why not.
        why: &'static str,
    },
    /// A file could not be written.
    #[error("cannot write {path}: {source}")]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A record could not be put into words.
    #[error("cannot write a record as JSON: {0}")]
    Form(#[from] serde_json::Error),
    /// A table could not be written.
    #[error("cannot write a table: {0}")]
    Table(#[from] csv::Error),
}

/// A file of the manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct File {
    /// Its path within the bundle, with `/` between folders.
    pub path: String,
    /// Its length.
    pub bytes: u64,
    /// SHA-256 of its bytes.
    pub sha256: String,
}

/// A user of the bundle, and what follows from the records.
struct Subject<'a> {
    records: &'a UserRecords,
    /// Where the user's files are.
    folder: String,
    /// What happened, oldest first.
    events: Vec<timeline::Event>,
    /// What was done.
    deeds: Vec<done::Deed<'a>>,
    /// What is still to be done or known.
    open: Vec<done::Open>,
    /// What was found.
    findings: findings::Findings<'a>,
    /// What of the records belongs together.
    links: Links<'a>,
}

/// What was not read of a user and may be there: whoever reads a bundle must not take it for empty.
fn not_read(records: &UserRecords) -> Vec<&'static str> {
    let mut told = Vec::new();
    if records.history.is_empty() {
        told.push("No risk history of this user was read.");
    }
    if records.sign_ins.is_empty() {
        told.push("No sign-in of this user was read: sessions and travel are not known.");
    } else if facts::only_risky(records) {
        told.push("Only risky sign-ins of this user were read: other sessions, and travel between the others, are not known.");
    }
    told
}

impl<'a> Subject<'a> {
    fn of(source: &Source<'a>, records: &'a UserRecords, folder: String, lines: &[usize]) -> Self {
        let (deeds, findings, links) = (done::deeds(source, records), findings::Findings::of(records), Links::of(records));
        let open = done::open(source, records, &deeds, &findings);
        let events = timeline::events(source, records, &links, &deeds, lines);
        Subject { records, folder, events, deeds, open, findings, links }
    }
}

/// Format of the manifest.
const VERSION: u32 = 1;

/// Writes a bundle to `target`, which must not exist or be an empty folder. Until it is whole it lies beside its place under
/// another name, and when it fails nothing is left.
pub fn write(source: &Source<'_>, target: &Path) -> Result<Written, BundleError> {
    folder::whole(target, |folder| fill(source, folder))
}

fn fill(source: &Source<'_>, folder: &mut Folder) -> Result<Written, BundleError> {
    let extracts = extract::extracts(source);
    let names = user_files::folder_names(source.users);
    let mut subjects = Vec::with_capacity(names.len());
    for ((records, name), lines) in source.users.iter().zip(&names).zip(&extracts.of_users) {
        let subject = Subject::of(source, records, format!("users/{name}"), lines);
        user_files::write(source, &subject, lines, folder)?;
        subjects.push(subject);
    }
    if !extracts.shared.is_empty() {
        folder.put("journal-shared.jsonl", extract::text(source, &extracts.shared).as_bytes())?;
    }
    folder.put("index.html", page::page(source, &subjects).as_bytes())?;
    let sums: String = folder.files().iter().map(|file| format!("{}  {}\n", file.sha256, file.path)).collect();
    let manifest = json!({
        "bundleVersion": VERSION,
        "program": {"name": env!("CARGO_PKG_NAME"), "version": env!("CARGO_PKG_VERSION")},
        "workspace": source.workspace,
        "tenant": source.tenant,
        "kind": source.label,
        "operator": source.operator,
        "createdAt": source.at,
        "recordsAsOf": source.synced_at,
        "query": source.query,
        "users": subjects.iter().map(|subject| json!({
            "id": subject.records.id(), "userPrincipalName": subject.records.user.user_principal_name, "folder": subject.folder,
        })).collect::<Vec<_>>(),
        "files": folder.files(),
    });
    let manifest = serde_json::to_string_pretty(&manifest)? + "\n";
    folder.put("manifest.json", manifest.as_bytes())?;
    let of_manifest = folder.files().last().map(|file| file.sha256.clone()).unwrap_or_default();
    folder.put("SHA256SUMS", format!("{sums}{of_manifest}  manifest.json\n").as_bytes())?;
    let files = folder.files();
    let users = source.users.iter().map(|records| records.id().clone()).collect();
    Ok(Written { users, files: files.len(), bytes: files.iter().map(|file| file.bytes).sum(), manifest: of_manifest })
}

#[cfg(test)]
mod tests;

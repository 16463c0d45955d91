//! The tenant of an evidence workspace: what was imported, and nobody to send to.
//!
//! Imported records are kept as they were read, one line of Graph JSON each, beside the cache: files that were imported may be
//! gone tomorrow, so a cache that is lost is filled again from here.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, ErrorKind, Seek, SeekFrom, Write};
use std::path::PathBuf;

use async_trait::async_trait;
use serde_json::{Map, Value, json};

use super::{Call, Limits, Page, ReadBack, Tenant, TenantError};
use crate::domain::plan::{Access, Target};
use crate::domain::records::Record;
use crate::wire::{self, Kind};

/// How many records one page holds.
const PAGE: usize = 2_000;

/// The kept records of an evidence workspace.
pub struct EvidenceTenant {
    file: PathBuf,
}

impl EvidenceTenant {
    /// The records kept in this file, which need not exist yet.
    pub fn new(file: PathBuf) -> Self {
        EvidenceTenant { file }
    }

    /// Keeps records. When this returns, they are on the platter.
    pub fn keep(&self, records: &[Record]) -> Result<(), TenantError> {
        let mut lines = String::new();
        for record in records {
            lines.push_str(&line(record).to_string());
            lines.push('\n');
        }
        let write = || {
            let mut file = OpenOptions::new().create(true).append(true).open(&self.file)?;
            let before = file.metadata()?.len();
            let written = file.write_all(lines.as_bytes()).and_then(|()| file.sync_data());
            if written.is_err() {
                // Nothing of it counts; where even that fails, reading skips the torn line.
                file.set_len(before)?;
            }
            written
        };
        write().map_err(|error: std::io::Error| self.broken(&error))
    }

    fn broken(&self, error: &std::io::Error) -> TenantError {
        TenantError::State { message: format!("{}: {error}", self.file.display()) }
    }

    fn read(&self, from: u64) -> std::io::Result<(Vec<Record>, Option<u64>)> {
        let mut file = match File::open(&self.file) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok((Vec::new(), None)),
            opened => opened?,
        };
        file.seek(SeekFrom::Start(from))?;
        let mut reader = BufReader::new(file);
        let (mut records, mut at, mut line) = (Vec::new(), from, Vec::new());
        while records.len() < PAGE {
            line.clear();
            let count = reader.read_until(b'\n', &mut line)?;
            if count == 0 {
                return Ok((records, None));
            }
            at += count as u64;
            // A torn line was never acknowledged.
            records.extend(record(&line));
        }
        Ok((records, Some(at)))
    }
}

fn line(record: &Record) -> Value {
    let (kind, mut object) = match record {
        Record::User(user) => ("riskyUser", wire::user_to_json(user)),
        Record::Directory(_, directory) => ("directory", wire::directory_to_json(directory)),
        Record::History(item) => ("riskyUserHistoryItem", wire::history_to_json(item)),
        Record::Detection(detection) => ("riskDetection", wire::detection_to_json(detection)),
        Record::SignIn(sign_in) => ("signIn", wire::sign_in_to_json(sign_in)),
    };
    if let Record::Directory(id, _) = record {
        object.insert("id".to_owned(), json!(id));
    }
    json!({ "kind": kind, "record": object })
}

fn record(line: &[u8]) -> Option<Record> {
    let mut line: Map<String, Value> = serde_json::from_slice(line).ok()?;
    let Some(Value::Object(object)) = line.remove("record") else { return None };
    let kinds = match line.get("kind")?.as_str()? {
        "riskyUser" => Kind::RiskyUser,
        "directory" => return directory(object),
        "riskyUserHistoryItem" => Kind::RiskyUserHistoryItem,
        "riskDetection" => Kind::RiskDetection,
        "signIn" => Kind::SignIn,
        _ => return None,
    };
    wire::read(kinds, object).ok()
}

fn directory(mut object: Map<String, Value>) -> Option<Record> {
    let id = object.remove("id")?.as_str()?.into();
    Some(Record::Directory(id, serde_json::from_value(Value::Object(object)).ok()?))
}

#[async_trait]
impl Tenant for EvidenceTenant {
    fn limits(&self) -> Limits {
        Limits { requests_per_second: None, read_back_page: 500 }
    }

    fn access(&self) -> Access {
        Access::Evidence
    }

    async fn act(&self, _call: &Call) -> Result<(), TenantError> {
        Err(TenantError::Evidence)
    }

    async fn read_back(&self, _targets: &[Target]) -> Result<Vec<ReadBack>, TenantError> {
        Err(TenantError::Evidence)
    }

    async fn page(&self, cursor: Option<&str>) -> Result<Page, TenantError> {
        let from = cursor.map_or(Ok(0), str::parse).map_err(|_| TenantError::State { message: "no such page".to_owned() })?;
        let (records, next) = self.read(from).map_err(|error| self.broken(&error))?;
        Ok(Page { records, next: next.map(|at| at.to_string()), users: None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixture;

    fn records() -> Vec<Record> {
        let mut records = fixture::risky_user("u1", "anomalousToken");
        let mut all = vec![Record::User(records.user.clone()), Record::Directory(records.id().clone(), records.directory.clone())];
        all.push(Record::Detection(records.detections.remove(0)));
        all.push(Record::SignIn(Box::new(records.sign_ins.remove(0))));
        all
    }

    #[tokio::test]
    async fn what_was_kept_is_read_again_whatever_a_kill_left_behind() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("evidence.jsonl");
        let tenant = EvidenceTenant::new(file.clone());
        assert_eq!(tenant.page(None).await.unwrap().records, vec![]);
        tenant.keep(&records()).unwrap();
        OpenOptions::new().append(true).open(&file).unwrap().write_all(b"{\"kind\":\"signIn\",\"rec").unwrap();
        assert_eq!(tenant.page(None).await.unwrap().records, records());
    }

    #[tokio::test]
    async fn many_records_come_in_pages() {
        let folder = tempfile::tempdir().unwrap();
        let tenant = EvidenceTenant::new(folder.path().join("evidence.jsonl"));
        for _ in 0..600 {
            tenant.keep(&records()).unwrap();
        }
        let first = tenant.page(None).await.unwrap();
        let second = tenant.page(first.next.as_deref()).await.unwrap();
        assert_eq!((first.records.len(), second.records.len(), second.next), (PAGE, 400, None));
    }
}

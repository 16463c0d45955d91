//! The tenant of an evidence workspace: there is none, but what was imported is kept in a file and can be read again.
//!
//! One record a line, in the order of the imports: `{"check":"…","kind":"signIn","record":{…},"extra":{…}}`, the record as Graph
//! would send it, and properties of it that were not understood. Filed in this order they give what the imports gave. `check` begins
//! the line and is the beginning of the SHA-256 of the line without it: a flipped bit must not become another fact of a case.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use super::{Call, Limits, Page, Tenant, TenantError};
use crate::domain::action::Action;
use crate::domain::permission::Holder;
use crate::domain::plan::{Access, Target};
use crate::domain::records::{Extra, Record, UserId};
use crate::domain::time::Timestamp;
use crate::wire;

/// Lines in a page.
const PAGE: usize = 2_000;

/// Stands for files: nothing can be sent, and there is nothing to read but what was imported.
pub struct EvidenceTenant {
    file: PathBuf,
    skipped: AtomicU64,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Kind {
    SignIn,
    RiskDetection,
    RiskyUser,
    RiskyUserHistoryItem,
    Directory,
}

#[derive(Serialize, Deserialize)]
struct Line {
    kind: Kind,
    record: Map<String, Value>,
    /// Beside the record, since a property that was not understood may be spelt as one that was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    extra: Option<Map<String, Value>>,
}

/// How a checked line begins, and what stands between the check and the rest.
const CHECK: &[u8] = b"{\"check\":\"";
const CHECKED: &[u8] = b"\",";
const CHECK_LENGTH: usize = 16;

fn check(text: &[u8]) -> String {
    Sha256::digest(text).iter().take(CHECK_LENGTH / 2).map(|byte| format!("{byte:02x}")).collect()
}

impl Line {
    /// `None` for what no file holds: devices, methods and policies are read from a tenant only.
    fn of(record: &Record) -> Option<Line> {
        let mut record = record.clone();
        let extra = extra_of(&mut record).and_then(|extra| extra.0.take()).and_then(|text| serde_json::from_str(&text).ok());
        let (kind, record) = match record {
            Record::SignIn(sign_in) => (Kind::SignIn, wire::sign_in_to_json(&sign_in)),
            Record::Detection(detection) => (Kind::RiskDetection, wire::detection_to_json(&detection)),
            Record::User(user) => (Kind::RiskyUser, wire::user_to_json(&user)),
            Record::History(item) => (Kind::RiskyUserHistoryItem, wire::history_to_json(&item)),
            Record::Directory(id, directory) => {
                let mut object = wire::directory_to_json(&directory);
                object.insert("id".to_owned(), Value::from(id.as_str()));
                (Kind::Directory, object)
            }
            Record::Devices(..) | Record::Methods(..) | Record::Policies(_) | Record::Locations(_) => return None,
        };
        Some(Line { kind, record, extra })
    }

    /// The line as it is kept, with what it is checked by.
    fn kept(&self) -> serde_json::Result<Vec<u8>> {
        let text = serde_json::to_vec(self)?;
        let rest = text.strip_prefix(b"{").unwrap_or(&text);
        Ok([CHECK, check(&text).as_bytes(), CHECKED, rest, b"\n"].concat())
    }

    /// `None` for what was not kept so. A line without a check was kept by a version that made none.
    fn read(text: &[u8]) -> Option<Record> {
        let checked = text.strip_prefix(CHECK).and_then(|rest| rest.split_at_checked(CHECK_LENGTH));
        if let Some((sum, rest)) = checked {
            let rest = rest.strip_prefix(CHECKED)?;
            if check(&[b"{", rest].concat()).as_bytes() != sum {
                return None;
            }
        }
        let Line { kind, record, extra } = serde_json::from_slice(text).ok()?;
        let kind = match kind {
            Kind::SignIn => wire::Kind::SignIn,
            Kind::RiskDetection => wire::Kind::RiskDetection,
            Kind::RiskyUser => wire::Kind::RiskyUser,
            Kind::RiskyUserHistoryItem => wire::Kind::RiskyUserHistoryItem,
            Kind::Directory => wire::Kind::User,
        };
        let mut record = wire::read(kind, record).ok()?;
        if let (Some(held), Some(extra)) = (extra_of(&mut record), extra) {
            held.0 = Some(Value::Object(extra).to_string().into());
        }
        Some(record)
    }
}

fn extra_of(record: &mut Record) -> Option<&mut Extra> {
    match record {
        Record::SignIn(sign_in) => Some(&mut sign_in.extra),
        Record::Detection(detection) => Some(&mut detection.extra),
        Record::User(user) => Some(&mut user.extra),
        Record::History(item) => Some(&mut item.extra),
        Record::Directory(..) | Record::Devices(..) | Record::Methods(..) | Record::Policies(_) | Record::Locations(_) => None,
    }
}

impl EvidenceTenant {
    /// The tenant whose records are kept in this file, which need not exist.
    pub fn new(file: PathBuf) -> Self {
        EvidenceTenant { file, skipped: AtomicU64::new(0) }
    }

    /// Whether anything was ever kept.
    pub fn is_kept(&self) -> bool {
        self.file.exists()
    }

    /// How many bytes are kept; none where the file cannot be looked at.
    pub fn length(&self) -> u64 {
        std::fs::metadata(&self.file).map_or(0, |file| file.len())
    }

    /// How many lines could not be read since the reading began.
    pub fn skipped(&self) -> u64 {
        self.skipped.load(Ordering::Relaxed)
    }

    /// Keeps records, so that they can be read again. When this returns, they are on the platter.
    pub fn keep(&self, records: &[Record]) -> Result<(), TenantError> {
        if records.is_empty() {
            return Ok(());
        }
        self.append(records).map_err(|error| self.failed("kept in", &error))
    }

    fn append(&self, records: &[Record]) -> io::Result<()> {
        let is_new = !self.file.exists();
        let mut file = OpenOptions::new().read(true).append(true).create(true).open(&self.file)?;
        let length = file.metadata()?.len();
        let mut bytes = Vec::new();
        if length > 0 {
            file.seek(SeekFrom::Start(length - 1))?;
            let mut last = [0];
            file.read_exact(&mut last)?;
            if last != *b"\n" {
                bytes.push(b'\n'); // what a kill left of a line stays a line of its own
            }
        }
        for line in records.iter().filter_map(Line::of) {
            bytes.extend(line.kept()?);
        }
        if let Err(error) = file.write_all(&bytes).and_then(|()| file.sync_data()) {
            file.set_len(length).ok(); // where this fails, too, the lines are there, and reading them does no harm
            return Err(error);
        }
        match self.file.parent() {
            Some(folder) if is_new && cfg!(unix) => File::open(folder)?.sync_all(),
            _ => Ok(()),
        }
    }

    fn read(&self, from: u64) -> io::Result<Page> {
        let mut page = Page { what: "imported records", ..Page::default() };
        let mut file = match File::open(&self.file) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(page),
            Err(error) => return Err(error),
        };
        file.seek(SeekFrom::Start(from))?;
        let mut reader = BufReader::new(file);
        let (mut at, mut line) = (from, Vec::new());
        for _ in 0..PAGE {
            line.clear();
            at += reader.read_until(b'\n', &mut line)? as u64;
            // A last line without its line feed was cut off: its import did not end.
            let Some(text) = line.strip_suffix(b"\n") else { return Ok(page) };
            match Line::read(text) {
                Some(record) => page.records.push(record),
                None => {
                    self.skipped.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
        page.next = Some(at.to_string());
        Ok(page)
    }

    fn failed(&self, done: &str, error: &io::Error) -> TenantError {
        let file = self.file.display();
        TenantError::State { message: format!("imported records cannot be {done} {file}: {error}; check the disk and the permissions") }
    }
}

#[async_trait]
impl Tenant for EvidenceTenant {
    fn limits(&self) -> Limits {
        Limits { requests_per_second: None, read_back_page: 500, read_back_batch: 500 }
    }

    fn access(&self) -> Access {
        Access::Evidence
    }

    async fn turn(&self, _action: Action) -> Result<(), TenantError> {
        Ok(())
    }

    async fn act(&self, _call: &Call) -> Result<(), TenantError> {
        Err(TenantError::Evidence)
    }

    async fn read_back(&self, _action: Action, _targets: &[Target], _since: Option<Timestamp>) -> Result<Vec<Record>, TenantError> {
        Err(TenantError::Evidence)
    }

    async fn changes_of(&self, _users: &[UserId], _since: Option<Timestamp>) -> Result<(Vec<Record>, Option<TenantError>), TenantError> {
        Err(TenantError::Evidence)
    }

    async fn accounts(&self, _users: &[UserId]) -> Result<Vec<Record>, TenantError> {
        Err(TenantError::Evidence)
    }

    fn by_its_clock(&self, at: Timestamp) -> Timestamp {
        at
    }

    async fn look(&self, _user: &UserId) -> Result<Vec<Record>, TenantError> {
        Err(TenantError::Evidence)
    }

    async fn find(&self, _name: &str) -> Result<Vec<Record>, TenantError> {
        Ok(Vec::new())
    }

    fn holder(&self) -> Option<Holder> {
        None
    }

    fn changes_since(&self, _at: Timestamp) -> Option<String> {
        None
    }

    async fn page(&self, cursor: Option<&str>) -> Result<Page, TenantError> {
        if cursor.is_none() {
            self.skipped.store(0, Ordering::Relaxed);
        }
        let from = cursor.and_then(|cursor| cursor.parse().ok()).unwrap_or(0);
        self.read(from).map_err(|error| self.failed("read from", &error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixture;

    fn records(count: usize) -> Vec<Record> {
        let users = (0..count).map(|number| fixture::risky_user(&format!("u{number}"), "anomalousToken"));
        users.flat_map(|user| [Record::Directory(user.user.id.clone(), user.directory), Record::User(user.user)]).collect()
    }

    async fn all(tenant: &EvidenceTenant) -> Vec<Record> {
        let (mut records, mut cursor) = (Vec::new(), None);
        loop {
            let page = tenant.page(cursor.as_deref()).await.unwrap();
            records.extend(page.records);
            cursor = page.next;
            if cursor.is_none() {
                return records;
            }
        }
    }

    #[tokio::test]
    async fn what_was_kept_is_read_page_by_page_in_its_order() {
        let folder = tempfile::tempdir().unwrap();
        let tenant = EvidenceTenant::new(folder.path().join("evidence.jsonl"));
        assert!(!tenant.is_kept() && all(&tenant).await.is_empty());
        let records = records(PAGE);
        let (first, second) = records.split_at(PAGE - 1);
        tenant.keep(first).unwrap();
        tenant.keep(second).unwrap();
        assert_eq!(all(&tenant).await, records);
        assert_eq!(tenant.page(None).await.unwrap().records.len(), PAGE);
    }

    #[tokio::test]
    async fn a_line_with_a_flipped_bit_is_never_read_as_another_record() {
        let folder = tempfile::tempdir().unwrap();
        let tenant = EvidenceTenant::new(folder.path().join("evidence.jsonl"));
        let records = records(1);
        tenant.keep(&records).unwrap();
        let whole = std::fs::read(&tenant.file).unwrap();
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 1;
            std::fs::write(&tenant.file, bytes).unwrap();
            let read = all(&tenant).await;
            assert!(read.iter().all(|record| records.contains(record)), "byte {at}: {read:?}");
            // The last line without its line feed is short by it, which the journal tells.
            assert!(read == records || tenant.skipped() > 0 || at + 1 == whole.len(), "byte {at}: nothing was told");
        }
    }

    #[tokio::test]
    async fn a_line_of_a_version_that_made_no_check_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let tenant = EvidenceTenant::new(folder.path().join("evidence.jsonl"));
        let records = records(1);
        let lines: Vec<String> = records.iter().filter_map(Line::of).map(|line| serde_json::to_string(&line).unwrap() + "\n").collect();
        std::fs::write(&tenant.file, lines.concat()).unwrap();
        assert_eq!((all(&tenant).await, tenant.skipped()), (records, 0));
    }

    #[tokio::test]
    async fn a_torn_last_line_is_ignored_and_a_bad_one_skipped_and_counted() {
        let folder = tempfile::tempdir().unwrap();
        let tenant = EvidenceTenant::new(folder.path().join("evidence.jsonl"));
        let records = records(2);
        let (first, second) = records.split_at(2);
        tenant.keep(first).unwrap();
        let mut text = std::fs::read(&tenant.file).unwrap();
        text.extend(br#"{"kind":"riskyUser","rec"#);
        std::fs::write(&tenant.file, text).unwrap();
        assert_eq!((all(&tenant).await.as_slice(), tenant.skipped()), (first, 0));
        tenant.keep(second).unwrap();
        for _ in 0..2 {
            assert_eq!((all(&tenant).await, tenant.skipped()), (records.clone(), 1));
        }
    }
}

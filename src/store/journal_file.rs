//! The journal on disk: one line a record, appended and synced before it counts (invariant 2).
//!
//! `journal.jsonl` is the truth. `journal.head` beside it tells, in one line that is overwritten in place and not synced, which
//! record was acknowledged last: a chain alone cannot prove that nothing is missing at its end. Lines after that record are
//! normal after a kill; they count, because what they announce may have happened. Lines missing before it are damage. A new
//! workspace has a head, of record 0: where neither a head nor a record is, both were removed.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use super::{Damage, DamageKind, StoreError, disk};
use crate::domain::journal::{ChainError, Entry, Head, JournalRecord, decode, encode};
use crate::domain::ledger::Ledger;
use crate::domain::time::Timestamp;

/// The name that repairs are journalled under.
const PROGRAM: &str = "entriage";

/// An open journal.
#[derive(Debug)]
pub(super) struct JournalFile {
    folder: PathBuf,
    path: PathBuf,
    file: File,
    head_file: File,
    /// The last proven record, and how many bytes there are up to its end.
    head: Head,
    len: u64,
    /// The last record that must be there; `None` where nothing tells.
    acknowledged: Option<Head>,
    state: State,
}

#[derive(Debug)]
enum State {
    Sound,
    /// Nothing may be added: the file is kept as evidence.
    Damaged(Damage),
    /// A write failed and could not be undone, or a repair failed.
    Closed(String),
}

/// Writes the head of a journal without records, in place of any other.
pub(super) fn start(folder: &Path) -> Result<(), StoreError> {
    disk::replace(&folder.join("journal.head"), head_line(&Head::default()).as_bytes())
}

fn head_line(head: &Head) -> String {
    format!("{:020} {}\n", head.seq, head.hash)
}

impl JournalFile {
    /// Opens the journal of a workspace and adds it up in `ledger`.
    ///
    /// A line that was cut off by a kill is set aside. Anything else that does not verify leaves the file untouched and the
    /// journal closed for writing.
    pub(super) fn open(folder: &Path, now: Timestamp, ledger: &mut Ledger, notices: &mut Vec<String>) -> Result<Self, StoreError> {
        let path = folder.join("journal.jsonl");
        let head_path = folder.join("journal.head");
        let file = OpenOptions::new().read(true).append(true).create(true).open(&path).map_err(disk::failed("cannot open", &path))?;
        let head_file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&head_path)
            .map_err(disk::failed("cannot open", &head_path))?;
        let total = file.metadata().map_err(disk::failed("cannot read", &path))?.len();
        let acknowledged = read_head(&head_file).map_err(disk::failed("cannot read", &head_path))?;
        if acknowledged.is_none() && total > 0 {
            notices.push(format!("{} was not readable and is written anew from the journal", head_path.display()));
        }
        let scan = scan(&file, total, acknowledged.as_ref(), &mut |record, _| ledger.apply(&record))
            .map_err(disk::failed("cannot read", &path))?;
        let state = scan.damage(acknowledged.as_ref()).map_or(State::Sound, State::Damaged);
        let mut journal =
            JournalFile { folder: folder.to_owned(), path, file, head_file, head: scan.head, len: scan.len, acknowledged, state };
        if let State::Damaged(damage) = &journal.state {
            notices.push(format!(
                "the journal {} is damaged: {damage}. It is kept as it is; the {} records before are shown, and nothing can be sent \
                 from this workspace. Keep the file for those who look into it, and put it back from a backup",
                journal.path.display(),
                journal.head.seq
            ));
            return Ok(journal);
        }
        if matches!(scan.end, End::Torn) {
            journal.repair(total, now, ledger, notices);
        }
        journal.acknowledge();
        Ok(journal)
    }

    /// Sets the torn last line aside. It was never acknowledged, so nothing was sent on its account.
    fn repair(&mut self, total: u64, now: Timestamp, ledger: &mut Ledger, notices: &mut Vec<String>) {
        let aside = match self.set_torn_line_aside(now) {
            Ok(aside) => aside,
            Err(error) => {
                let why = format!("its last line was cut off, and that could not be repaired: {error}");
                notices.push(format!("the journal {} takes no records: {why}", self.path.display()));
                self.state = State::Closed(why);
                return;
            }
        };
        let what = format!(
            "the last line of the journal was cut off in the middle of a write ({} bytes after record {}); it is set aside at {}",
            total - self.len,
            self.head.seq,
            aside.display()
        );
        match self.append(now, PROGRAM, vec![Entry::Repaired { what: what.clone() }]) {
            Ok(records) => records.iter().for_each(|record| ledger.apply(record)),
            Err(error) => notices.push(error.to_string()),
        }
        notices.push(what);
    }

    fn set_torn_line_aside(&self, now: Timestamp) -> Result<PathBuf, StoreError> {
        let mut torn = Vec::new();
        let mut reader = &self.file;
        reader
            .seek(SeekFrom::Start(self.len))
            .and_then(|_| reader.read_to_end(&mut torn))
            .map_err(disk::failed("cannot read", &self.path))?;
        let aside = disk::set_aside_folder(&self.folder, "journal", now)?.join("torn-line");
        disk::write_synced(&aside, &torn)?;
        self.roll_back().map_err(disk::failed("cannot shorten", &self.path))?;
        Ok(aside)
    }

    /// Adds entries. When this returns, they are on the platter; when it fails, none of them counts.
    pub(super) fn append(&mut self, at: Timestamp, operator: &str, entries: Vec<Entry>) -> Result<Vec<JournalRecord>, StoreError> {
        match &self.state {
            State::Sound => {}
            State::Damaged(damage) => return Err(StoreError::JournalDamaged { path: self.path.clone(), damage: damage.clone() }),
            State::Closed(why) => return Err(StoreError::JournalClosed { path: self.path.clone(), why: why.clone() }),
        }
        if entries.is_empty() {
            return Ok(Vec::new());
        }
        let mut head = self.head.clone();
        let mut bytes = Vec::new();
        let mut records = Vec::with_capacity(entries.len());
        for entry in entries {
            let (record, line, next) = encode(&head, at, operator, entry).map_err(|error| self.not_written(error.into()))?;
            bytes.extend_from_slice(line.as_bytes());
            bytes.push(b'\n');
            records.push(record);
            head = next;
        }
        self.write(&bytes)?;
        self.head = head;
        self.len += bytes.len() as u64;
        self.acknowledge();
        Ok(records)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        let there = self.file.metadata().map_err(|error| self.not_written(error))?.len();
        if there != self.len {
            let why = "another program changed it while the workspace was open. Run `entriage journal verify`";
            return Err(StoreError::JournalClosed { path: self.path.clone(), why: why.to_owned() });
        }
        let written = self.file.write_all(bytes).and_then(|()| self.file.sync_data());
        // A new file's name must survive a power cut, too.
        let written = match written {
            Ok(()) if self.len == 0 => disk::sync_folder(&self.folder),
            other => other.map_err(|error| self.not_written(error)),
        };
        if written.is_err()
            && let Err(error) = self.roll_back()
        {
            self.state = State::Closed(format!("a failed write could not be undone: {error}"));
        }
        written
    }

    fn not_written(&self, source: io::Error) -> StoreError {
        StoreError::JournalWrite { path: self.path.clone(), source }
    }

    /// Cuts off everything after the last proven record.
    fn roll_back(&self) -> io::Result<()> {
        self.file.set_len(self.len)?;
        self.file.sync_data()
    }

    /// Writes down that everything up to the head is there. The records are on the platter already, so a failure here only makes
    /// the check for a missing end weaker until the next record; it must not make the caller believe that nothing was recorded.
    fn acknowledge(&mut self) {
        self.acknowledged = Some(self.head.clone());
        let line = head_line(&self.head);
        let mut file = &self.head_file;
        if file.rewind().is_ok() && file.write_all(line.as_bytes()).is_ok() {
            file.set_len(line.len() as u64).ok();
        }
    }

    /// What is needed to read the journal without holding up those who write.
    pub(super) fn reader(&self) -> JournalReader {
        JournalReader { path: self.path.clone(), len: self.len, acknowledged: self.acknowledged.clone() }
    }
}

/// Reads a journal again.
pub(super) struct JournalReader {
    path: PathBuf,
    len: u64,
    acknowledged: Option<Head>,
}

impl JournalReader {
    /// The proven records, oldest first.
    pub(super) fn records(&self) -> Result<Vec<JournalRecord>, StoreError> {
        let mut records = Vec::new();
        self.each(&mut |record, _| records.push(record))?;
        Ok(records)
    }

    /// The same, each with its line as it was written.
    pub(super) fn lines(&self) -> Result<Vec<(JournalRecord, String)>, StoreError> {
        let mut lines = Vec::new();
        // A line whose hash holds was written as JSON, and so as UTF-8.
        self.each(&mut |record, line| lines.push((record, String::from_utf8_lossy(line).into_owned())))?;
        Ok(lines)
    }

    fn each(&self, take: &mut dyn FnMut(JournalRecord, &[u8])) -> Result<(), StoreError> {
        let file = File::open(&self.path).map_err(disk::failed("cannot read", &self.path))?;
        scan(&file, self.len, self.acknowledged.as_ref(), take).map_err(disk::failed("cannot read", &self.path))?;
        Ok(())
    }

    /// Checks the whole file as it is now.
    pub(super) fn verify(&self) -> Result<Result<Head, Damage>, StoreError> {
        let file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let proven = Head::default();
                let what = self.acknowledged.as_ref().map_or(DamageKind::Missing, |head| DamageKind::Short { acknowledged: head.seq });
                return Ok(Err(Damage { proven, what }));
            }
            Err(error) => return Err(disk::failed("cannot read", &self.path)(error)),
        };
        let scan = scan(&file, u64::MAX, self.acknowledged.as_ref(), &mut |_, _| {}).map_err(disk::failed("cannot read", &self.path))?;
        if let Some(damage) = scan.damage(self.acknowledged.as_ref()) {
            return Ok(Err(damage));
        }
        Ok(match scan.end {
            End::Torn => {
                let why = ChainError::Form("it is cut off".to_owned());
                Err(Damage { what: DamageKind::Line { line: scan.head.seq + 1, why }, proven: scan.head })
            }
            End::Clean | End::Broken(_) => Ok(scan.head),
        })
    }
}

/// How far a journal is proven.
struct Scan {
    head: Head,
    len: u64,
    end: End,
}

enum End {
    Clean,
    /// The last line has no line feed.
    Torn,
    /// The line after the proven ones is not the next record.
    Broken(ChainError),
}

impl Scan {
    /// What is wrong, apart from a torn line after everything that was acknowledged.
    fn damage(&self, acknowledged: Option<&Head>) -> Option<Damage> {
        let what = match (&self.end, acknowledged) {
            // Records are numbered from 1 without gaps, so the line has the number that the record should have.
            (End::Broken(why), _) => DamageKind::Line { line: self.head.seq + 1, why: why.clone() },
            (_, Some(head)) if self.head.seq < head.seq => DamageKind::Short { acknowledged: head.seq },
            (_, None) if self.head.seq == 0 => DamageKind::Missing,
            (End::Clean | End::Torn, _) => return None,
        };
        Some(Damage { proven: self.head.clone(), what })
    }
}

/// Follows the chain line by line through the first `limit` bytes.
fn scan(file: &File, limit: u64, acknowledged: Option<&Head>, each: &mut dyn FnMut(JournalRecord, &[u8])) -> io::Result<Scan> {
    let mut start = file;
    start.rewind()?;
    let mut reader = BufReader::with_capacity(1 << 16, file.take(limit));
    let mut scan = Scan { head: Head::default(), len: 0, end: End::Clean };
    let mut line = Vec::new();
    loop {
        line.clear();
        let count = reader.read_until(b'\n', &mut line)?;
        if count == 0 {
            return Ok(scan);
        }
        let Some(body) = line.strip_suffix(b"\n") else {
            scan.end = End::Torn;
            return Ok(scan);
        };
        match decode(&scan.head, body) {
            // A chain that is sound in itself, but not the one that was acknowledged.
            Ok((_, next)) if acknowledged.is_some_and(|head| next.seq == head.seq && next.hash != head.hash) => {
                scan.end = End::Broken(ChainError::Hash);
                return Ok(scan);
            }
            Ok((record, next)) => {
                each(record, body);
                scan.head = next;
                scan.len += count as u64;
            }
            Err(why) => {
                scan.end = End::Broken(why);
                return Ok(scan);
            }
        }
    }
}

/// Reads `journal.head`; `None` where it does not hold one.
fn read_head(mut file: &File) -> io::Result<Option<Head>> {
    let mut bytes = Vec::new();
    file.take(200).read_to_end(&mut bytes)?;
    file.rewind()?;
    Ok(parse_head(&bytes))
}

fn parse_head(bytes: &[u8]) -> Option<Head> {
    let text = std::str::from_utf8(bytes).ok()?.strip_suffix('\n')?;
    let (seq, hash) = text.split_once(' ')?;
    let is_hash = hash.len() == 64 && hash.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let is_seq = seq.len() == 20 && seq.bytes().all(|byte| byte.is_ascii_digit());
    (is_hash && is_seq).then_some(())?;
    Some(Head { seq: seq.parse().ok()?, hash: hash.to_owned() })
}

#[cfg(test)]
#[path = "journal_file_tests.rs"]
mod tests;

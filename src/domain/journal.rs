//! Journal records: what happened, in order, hash-chained.
//!
//! A record is one line of JSON, readable without this program. The hash of a line covers every byte
//! before it, and with `prev` the line before, so that no record can be changed, removed or slipped in
//! unnoticed. Where lines are kept is the store's business.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::action::Action;
use super::case::CaseChange;
use super::plan::Plan;
use super::records::UserId;
use super::time::Timestamp;
use super::views::View;

/// Number of a job, counted up within a workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JobId(pub u64);

impl std::fmt::Display for JobId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// What the tenant made of one request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum CallAnswer {
    /// The tenant took it. Not yet a success (invariant 3).
    Accepted,
    /// The tenant refused it; nothing was changed.
    Rejected {
        /// The refusal, in words.
        message: String,
    },
    /// The tenant asked to wait; nothing was changed.
    Throttled {
        /// How long, where it says so.
        retry_after_seconds: Option<u64>,
    },
    /// It never left this machine; nothing was changed.
    NotSent {
        /// Why.
        message: String,
    },
    /// The tenant took it, and somebody else changes the same thing, too.
    Contested {
        /// What was seen.
        message: String,
    },
    /// The tenant took some of it and refused the rest.
    Partly {
        /// What was done, what was not, and why.
        message: String,
    },
    /// It may have been applied: the connection broke, or the server failed.
    Unknown {
        /// What was seen.
        message: String,
    },
}

/// How a target came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// Read back in the promised state.
    Verified,
    /// Read back in another state.
    Diverged,
    /// The tenant refused this target.
    Failed,
    /// Not sent: it no longer held when its turn came.
    Skipped,
    /// Accepted, but not yet read back in the promised state.
    Unverified,
}

impl Outcome {
    /// The word used in data.
    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::Verified => "verified",
            Outcome::Diverged => "diverged",
            Outcome::Failed => "failed",
            Outcome::Skipped => "skipped",
            Outcome::Unverified => "unverified",
        }
    }
}

/// How one target came out, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ItemOutcome {
    /// User id, or request id for sign-in actions.
    pub id: String,
    /// How it came out.
    pub outcome: Outcome,
    /// Why, where there is something to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
}

/// How a job ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum JobState {
    /// Not ended: running, or interrupted and waiting to be resumed.
    Open,
    /// Ran to its end.
    Done,
    /// Cancelled by the operator.
    Cancelled,
}

impl JobState {
    /// The word used in data.
    pub fn as_str(self) -> &'static str {
        match self {
            JobState::Open => "open",
            JobState::Done => "done",
            JobState::Cancelled => "cancelled",
        }
    }
}

/// What a record says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Entry {
    /// An operator confirmed a plan.
    JobConfirmed {
        /// The job that runs it.
        job: JobId,
        /// The plan.
        plan: Box<Plan>,
        /// How long the first request is held back.
        hold_seconds: u64,
    },
    /// An interrupted job goes on.
    JobResumed {
        /// The job.
        job: JobId,
    },
    /// A request is about to leave.
    Intent {
        /// The job.
        job: JobId,
        /// Number of the request within the job.
        call: u32,
        /// What it names.
        ids: Vec<String>,
    },
    /// A request was answered.
    Answered {
        /// The job.
        job: JobId,
        /// Number of the request within the job.
        call: u32,
        /// The answer.
        #[serde(flatten)]
        answer: CallAnswer,
    },
    /// Temporary passwords were shown, once; what they are is never written.
    PasswordsTold {
        /// The job.
        job: JobId,
        /// Whose.
        ids: Vec<String>,
    },
    /// Temporary passwords that were shown are gone.
    PasswordsClosed {
        /// The job.
        job: JobId,
        /// Whose.
        ids: Vec<String>,
        /// Whether somebody closed them, or they were written out; else the program ended with them on the screen.
        read: bool,
    },
    /// The answer to a request was lost, and reading back showed that these were not changed: they may be sent again.
    NotApplied {
        /// The job.
        job: JobId,
        /// The targets.
        ids: Vec<String>,
    },
    /// Targets came out.
    Outcomes {
        /// The job.
        job: JobId,
        /// One entry for each.
        items: Vec<ItemOutcome>,
    },
    /// A job ended.
    JobEnded {
        /// The job.
        job: JobId,
        /// How.
        state: JobState,
    },
    /// An operator confirmed a playbook: its steps are jobs of their own.
    PlaybookStarted {
        /// Its number.
        playbook: JobId,
        /// The users, the steps and the reason.
        plan: Box<Plan>,
        /// Whether all steps were confirmed with it; else each is confirmed by itself.
        #[serde(default)]
        steps_confirmed: bool,
    },
    /// A step of a playbook was left out.
    StepSkipped {
        /// The playbook.
        playbook: JobId,
        /// The step.
        step: Action,
        /// Why.
        because: String,
    },
    /// A playbook ended.
    PlaybookEnded {
        /// The playbook.
        playbook: JobId,
        /// How.
        state: JobState,
    },
    /// A note on a user.
    Note {
        /// The user.
        user: UserId,
        /// The note.
        text: String,
    },
    /// What an operator makes of a user changed.
    Case {
        /// The user.
        user: UserId,
        /// What changed.
        #[serde(flatten)]
        change: CaseChange,
    },
    /// Evidence was set aside.
    Snapshot {
        /// Of whom.
        users: Vec<UserId>,
        /// Its folder.
        folder: String,
        /// SHA-256 of the folder's manifest, which names the hash of every file.
        manifest: String,
    },
    /// A query was saved under a name, in place of one of the same name.
    ViewSaved {
        /// The view.
        view: View,
    },
    /// A saved view was removed.
    ViewRemoved {
        /// Its name.
        name: String,
    },
    /// A setting of the workspace was changed.
    Setting {
        /// Which.
        name: String,
        /// To what.
        value: String,
    },
    /// Files were imported.
    Imported {
        /// Where from.
        sources: Vec<String>,
        /// Records that were new or changed something.
        changed: u64,
        /// Records that could not be read.
        rejected: u64,
        /// How many bytes the file has since then that the cache is rebuilt from; it only grows. `None` where nothing was noted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        kept: Option<u64>,
    },
    /// The program repaired something.
    Repaired {
        /// What.
        what: String,
    },
    /// A kind that this version does not know; kept in the file as it is.
    #[serde(other)]
    Unknown,
}

/// One line of the journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JournalRecord {
    /// Number, from 1, without gaps.
    pub seq: u64,
    /// When it was written.
    pub at: Timestamp,
    /// Who was at the keyboard.
    pub operator: String,
    /// What it says.
    pub entry: Entry,
    /// Hash of the line before; zeros for the first.
    pub prev: String,
}

/// A record whose entry is not understood.
#[derive(Deserialize)]
struct Unread {
    seq: u64,
    at: Timestamp,
    operator: String,
    prev: String,
}

impl Unread {
    fn record(self) -> JournalRecord {
        JournalRecord { seq: self.seq, at: self.at, operator: self.operator, entry: Entry::Unknown, prev: self.prev }
    }
}

/// End of the chain: what the next line builds on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Number of the last record; 0 for an empty journal.
    pub seq: u64,
    /// Hash of the last record.
    pub hash: String,
}

impl Default for Head {
    fn default() -> Self {
        Head { seq: 0, hash: "0".repeat(64) }
    }
}

/// Why a line is not the next record of the chain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// The bytes are not those that were hashed.
    #[error("the bytes of this record are not those that were written")]
    Hash,
    /// It does not follow the record before it.
    #[error("it does not follow the record before it (expected record {expected}, found {found})")]
    Order {
        /// The number it should have.
        expected: u64,
        /// The number it has.
        found: u64,
    },
    /// It is not a record at all.
    #[error("it is not a journal record: {0}")]
    Form(String),
}

const HASH_KEY: &str = ",\"hash\":\"";

/// Writes the record that follows `head` as a line (without its line feed), and the new head.
pub fn encode(head: &Head, at: Timestamp, operator: &str, entry: Entry) -> Result<(JournalRecord, String, Head), serde_json::Error> {
    let record = JournalRecord { seq: head.seq + 1, at, operator: operator.to_owned(), entry, prev: head.hash.clone() };
    let mut line = serde_json::to_string(&record)?;
    line.pop(); // the closing brace comes back after the hash
    let hash = digest(line.as_bytes());
    line.push_str(HASH_KEY);
    line.push_str(&hash);
    line.push_str("\"}");
    let head = Head { seq: record.seq, hash };
    Ok((record, line, head))
}

/// Reads the line that must follow `head`.
pub fn decode(head: &Head, line: &[u8]) -> Result<(JournalRecord, Head), ChainError> {
    let tail = HASH_KEY.len() + 64 + 2;
    let Some((body, rest)) = line.len().checked_sub(tail).and_then(|at| line.split_at_checked(at)) else {
        return Err(ChainError::Form("it is too short".to_owned()));
    };
    let hash = digest(body);
    if rest != format!("{HASH_KEY}{hash}\"}}").as_bytes() {
        return Err(ChainError::Hash);
    }
    let mut json = body.to_vec();
    json.push(b'}');
    let record: JournalRecord = match serde_json::from_slice(&json) {
        Ok(record) => record,
        // The hash holds, so the record is what was written: a word in it may be one of a later version.
        Err(_) => serde_json::from_slice::<Unread>(&json).map(Unread::record).map_err(|error| ChainError::Form(error.to_string()))?,
    };
    if record.seq != head.seq + 1 || record.prev != head.hash {
        return Err(ChainError::Order { expected: head.seq + 1, found: record.seq });
    }
    let head = Head { seq: record.seq, hash };
    Ok((record, head))
}

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixture;

    fn two_lines() -> [String; 2] {
        let note = |text: &str| Entry::Note { user: "u1".into(), text: text.to_owned() };
        let (_, first, head) = encode(&Head::default(), fixture::now(), "me", note("one")).unwrap();
        let (_, second, _) = encode(&head, fixture::now(), "me", note("two")).unwrap();
        [first, second]
    }

    #[test]
    fn lines_are_json_and_read_back() {
        let [first, second] = two_lines();
        let value: serde_json::Value = serde_json::from_str(&first).unwrap();
        assert_eq!(value["entry"]["kind"], "note");
        let (record, head) = decode(&Head::default(), first.as_bytes()).unwrap();
        assert_eq!(record.seq, 1);
        assert_eq!(decode(&head, second.as_bytes()).unwrap().0.entry, Entry::Note { user: "u1".into(), text: "two".to_owned() });
    }

    #[test]
    fn every_flipped_bit_is_noticed() {
        let [line, _] = two_lines();
        for position in 0..line.len() {
            let mut bytes = line.clone().into_bytes();
            bytes[position] ^= 1;
            assert!(decode(&Head::default(), &bytes).is_err(), "byte {position}");
        }
    }

    #[test]
    fn a_missing_or_reordered_record_is_noticed() {
        let [_, second] = two_lines();
        assert_eq!(decode(&Head::default(), second.as_bytes()), Err(ChainError::Order { expected: 1, found: 2 }));
    }

    #[test]
    fn a_kind_of_a_later_version_is_read_as_unknown() {
        let entry: Entry = serde_json::from_str(r#"{"kind":"claimed","user":"u1"}"#).unwrap();
        assert_eq!(entry, Entry::Unknown);
    }

    #[test]
    fn a_word_of_a_later_version_does_not_break_the_chain() {
        let body = format!(
            r#"{{"seq":1,"at":"2026-11-22T14:05:00Z","operator":"me","entry":{{"kind":"jobEnded","job":1,"state":"postponed"}},"prev":"{}""#,
            Head::default().hash
        );
        let line = format!("{body}{HASH_KEY}{}\"}}", digest(body.as_bytes()));
        assert_eq!(decode(&Head::default(), line.as_bytes()).unwrap().0.entry, Entry::Unknown);
    }

    #[test]
    fn answers_lie_flat_beside_their_call() {
        let entry = Entry::Answered { job: JobId(1), call: 2, answer: CallAnswer::Throttled { retry_after_seconds: None } };
        let text = serde_json::to_string(&entry).unwrap();
        assert_eq!(text, r#"{"kind":"answered","job":1,"call":2,"answer":"throttled","retryAfterSeconds":null}"#);
        assert_eq!(serde_json::from_str::<Entry>(&text).unwrap(), entry);
    }
}

//! The file that keeps what was done to the tenant: one line of JSON for each change, and for each fault
//! that struck. It plays the remote side, so it is flushed, not synchronised.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::accounts::AccountDeed;
use super::policies::TenantDeed;
use crate::domain::records::{SignInId, UserId};
use crate::domain::time::Timestamp;
use crate::domain::transition::Event;
use crate::tenant::TenantError;

/// One event that the tenant took.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Change {
    #[serde(with = "event_name")]
    pub event: Event,
    /// The users of a user event.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub users: Vec<UserId>,
    /// The sign-ins of a sign-in event.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sign_ins: Vec<SignInId>,
    /// `None` for the system.
    pub initiated_by: Option<String>,
    /// When it was asked for.
    pub at: Timestamp,
    /// When it can be read.
    pub effective_at: Timestamp,
}

/// Something that was done to an account, beside the events.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AccountChange {
    pub user: UserId,
    pub deed: AccountDeed,
    /// When it can be read.
    pub effective_at: Timestamp,
}

/// Something that was done to policies or locations.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TenantChange {
    pub deed: TenantDeed,
    /// When it can be read.
    pub effective_at: Timestamp,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub(super) enum Line {
    /// The tenant took an event.
    Change(Change),
    /// An account was changed.
    Account(AccountChange),
    /// A policy or a location was changed.
    Tenant(TenantChange),
    /// The fault at this place in the spec struck.
    Struck {
        /// Its place.
        fault: usize,
    },
}

/// The file, open for adding; without one, nothing is kept.
#[derive(Debug)]
pub(super) struct Log {
    file: Option<File>,
    length: u64,
    name: String,
}

impl Log {
    /// Keeps nothing: for a tenant that is gone with the process.
    pub(super) fn nowhere() -> Self {
        Log { file: None, length: 0, name: String::new() }
    }

    /// Opens the file, makes it where there is none, and reads what it holds. A last line that is torn was never
    /// answered: it is cut off.
    pub(super) fn open(path: &Path) -> Result<(Self, Vec<Line>), TenantError> {
        let name = path.display().to_string();
        let fail =
            |doing: &str, error: std::io::Error| state(format!("cannot {doing} {name}: {error}; check the folder and its permissions"));
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).map_err(|error| fail("open", error))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(|error| fail("read", error))?;
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
        bytes.truncate(whole);
        let mut lines = Vec::new();
        for (number, text) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
            let line = serde_json::from_slice(text)
                .map_err(|error| state(format!("{name} line {} is damaged: {error}; reset the demo workspace", number + 1)))?;
            lines.push(line);
        }
        let length = whole as u64;
        file.set_len(length).and_then(|()| file.seek(SeekFrom::Start(length))).map_err(|error| fail("write", error))?;
        Ok((Log { file: Some(file), length, name }, lines))
    }

    /// Adds the lines with one write.
    pub(super) fn append(&mut self, lines: &[Line]) -> Result<(), TenantError> {
        let Some(file) = &mut self.file else { return Ok(()) };
        let mut bytes = Vec::new();
        for line in lines {
            serde_json::to_writer(&mut bytes, line).map_err(|error| state(format!("cannot write {}: {error}", self.name)))?;
            bytes.push(b'\n');
        }
        if let Err(error) = file.write_all(&bytes).and_then(|()| file.flush()) {
            // What was written of it must not stand before the next line.
            let cut = file.set_len(self.length).and_then(|()| file.seek(SeekFrom::Start(self.length)));
            let also = cut.err().map(|error| format!(", and it cannot be cut back: {error}")).unwrap_or_default();
            return Err(state(format!("cannot write {}: {error}{also}; free some space and try again", self.name)));
        }
        self.length += bytes.len() as u64;
        Ok(())
    }
}

fn state(message: String) -> TenantError {
    TenantError::State { message }
}

/// Names of events in the file, which must not change.
const EVENTS: [(Event, &str); 13] = [
    (Event::DismissUserRisk, "dismissUserRisk"),
    (Event::ConfirmUserCompromised, "confirmUserCompromised"),
    (Event::ConfirmUserSafe, "confirmUserSafe"),
    (Event::ConfirmSignInCompromised, "confirmSignInCompromised"),
    (Event::ConfirmSignInSafe, "confirmSignInSafe"),
    (Event::DismissSignInRisk, "dismissSignInRisk"),
    (Event::GenerateTemporaryPassword, "generateTemporaryPassword"),
    (Event::SelfServiceReset, "selfServiceReset"),
    (Event::SecurePasswordChange, "securePasswordChange"),
    (Event::OnPremisesPasswordChange, "onPremisesPasswordChange"),
    (Event::MfaPassed, "mfaPassed"),
    (Event::SystemDismissal, "systemDismissal"),
    (Event::SessionsRevoked, "sessionsRevoked"),
];

mod event_name {
    use serde::{Deserialize, Deserializer, Serializer, de::Error as _, ser::Error as _};

    use super::{EVENTS, Event};

    pub(super) fn serialize<S: Serializer>(event: &Event, serializer: S) -> Result<S::Ok, S::Error> {
        let name = EVENTS.iter().find(|(known, _)| known == event).ok_or_else(|| S::Error::custom("the event has no name"))?.1;
        serializer.serialize_str(name)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Event, D::Error> {
        let name = String::deserialize(deserializer)?;
        let found = EVENTS.iter().find(|(_, known)| *known == name);
        found.map(|(event, _)| *event).ok_or_else(|| D::Error::custom(format!("{name:?} is not an event")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixture;
    use crate::domain::transition::TABLE;

    fn change(event: Event) -> Line {
        let at = fixture::now();
        Line::Change(Change { event, users: vec!["u1".into()], sign_ins: vec![], initiated_by: None, at, effective_at: at })
    }

    #[test]
    fn every_event_of_the_table_survives_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tenant.jsonl");
        let lines: Vec<Line> = TABLE.iter().map(|row| change(row.event)).chain([Line::Struck { fault: 2 }]).collect();
        Log::open(&path).unwrap().0.append(&lines).unwrap();
        assert_eq!(Log::open(&path).unwrap().1, lines);
    }

    #[test]
    fn every_deed_survives_the_file_and_a_file_of_before_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tenant.jsonl");
        let old = "{\"kind\":\"change\",\"event\":\"dismissUserRisk\",\"users\":[\"u1\"],\"initiatedBy\":\"me\",\
                   \"at\":\"2026-11-22T10:45:00Z\",\"effectiveAt\":\"2026-11-22T10:45:00Z\"}\n{\"kind\":\"struck\",\"fault\":1}\n";
        std::fs::write(&path, old).unwrap();
        let risky = fixture::risky_user("u1", "passwordSpray");
        let (user, at) = (risky.id().clone(), fixture::now());
        let object = serde_json::json!({"id": "p", "state": "enabled", "list": [1, {"a": null}]}).as_object().unwrap().clone();
        let texts = || vec!["x".to_owned()];
        let accounts = [
            AccountDeed::Enabled { enabled: false },
            AccountDeed::PasswordSet,
            AccountDeed::PasswordChanged,
            AccountDeed::ChangeRequired { required: true, with_mfa: true },
            AccountDeed::SessionsRevoked,
            AccountDeed::Devices { ids: texts(), enabled: false },
            AccountDeed::Deleted,
            AccountDeed::Restored,
            AccountDeed::SignIn { sign_in: Some(Box::new(risky.sign_ins[0].clone())), detection: Box::new(risky.detections[0].clone()) },
        ];
        let tenants = [
            TenantDeed::Excluded { policy: "p".to_owned(), users: texts() },
            TenantDeed::Included { policy: "p".to_owned(), users: texts() },
            TenantDeed::State { policy: "p".to_owned(), state: "disabled".to_owned() },
            TenantDeed::Policy { object: object.clone() },
            TenantDeed::Location { object },
            TenantDeed::Trusted { ranges: texts() },
            TenantDeed::Untrusted { ranges: texts() },
        ];
        let accounts = accounts.map(|deed| Line::Account(AccountChange { user: user.clone(), deed, effective_at: at }));
        let tenants = tenants.map(|deed| Line::Tenant(TenantChange { deed, effective_at: at }));
        let lines: Vec<Line> = accounts.into_iter().chain(tenants).collect();
        Log::open(&path).unwrap().0.append(&lines).unwrap();
        let held = Log::open(&path).unwrap().1;
        assert_eq!((held.len(), &held[2..]), (2 + lines.len(), &lines[..]));
    }

    #[test]
    fn a_torn_last_line_is_cut_off_wherever_it_was_torn() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tenant.jsonl");
        let first = change(Event::DismissUserRisk);
        Log::open(&path).unwrap().0.append(std::slice::from_ref(&first)).unwrap();
        let whole = std::fs::read(&path).unwrap();
        for torn in 1..whole.len() {
            let mut bytes = whole.clone();
            bytes.extend(&whole[..torn]);
            std::fs::write(&path, &bytes).unwrap();
            let (mut log, lines) = Log::open(&path).unwrap();
            assert_eq!(lines, std::slice::from_ref(&first));
            log.append(&[Line::Struck { fault: 0 }]).unwrap();
            assert_eq!(Log::open(&path).unwrap().1, [first.clone(), Line::Struck { fault: 0 }]);
        }
    }

    #[test]
    fn a_damaged_line_in_the_middle_is_told_and_nothing_is_lost() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tenant.jsonl");
        std::fs::write(&path, "{\"kind\":\"struck\",\"fault\":1}\nnonsense\n").unwrap();
        let error = Log::open(&path).unwrap_err().to_string();
        assert!(error.contains("line 2 is damaged"), "{error}");
        assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 2);
    }
}

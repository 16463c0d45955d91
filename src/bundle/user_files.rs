//! The files of one user.

use std::collections::HashSet;

use serde::Serialize;
use serde_json::json;

use super::folder::Folder;
use super::{BundleError, Source, Subject, extract, readable, timeline};
use crate::domain::records::UserRecords;
use crate::wire;

/// How long a folder's name may be.
const LONGEST: usize = 60;

/// A folder name for each user: what of the principal name (else the id) every file system takes, each once in any case.
pub(super) fn folder_names(users: &[&UserRecords]) -> Vec<String> {
    let mut taken = HashSet::new();
    let name = |records: &&UserRecords| {
        let text = records.user.user_principal_name.as_deref().unwrap_or(records.id().as_str());
        let stem = plain(text);
        let mut name = stem.clone();
        let mut number = 2;
        while !taken.insert(name.to_lowercase()) {
            name = format!("{stem}-{number}");
            number += 1;
        }
        name
    };
    users.iter().map(name).collect()
}

/// The text as part of a file name: ASCII letters, digits, `@`, `-`, `_` and `.` within it.
pub fn plain(text: &str) -> String {
    let keep = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '@' | '-' | '_' | '.');
    let name: String = text.chars().take(LONGEST).map(|letter| if keep(letter) { letter } else { '_' }).collect();
    let name = name.trim_matches('.').to_owned();
    if name.is_empty() { "user".to_owned() } else { name }
}

pub(super) fn write(source: &Source<'_>, subject: &Subject<'_>, lines: &[usize], folder: &mut Folder) -> Result<(), BundleError> {
    let records = subject.records;
    let mut put = |name: &str, bytes: &[u8]| folder.put(&format!("{}/{name}", subject.folder), bytes);
    put("riskyUser.json", &pretty(&wire::user_to_json(&records.user))?)?;
    put("user.json", &pretty(&wire::directory_to_json(&records.directory))?)?;
    put("riskDetections.json", &list(records.detections.iter().map(wire::detection_to_json).collect())?)?;
    put("signIns.json", &list(records.sign_ins.iter().map(wire::sign_in_to_json).collect())?)?;
    // What was not read is not there, and not empty. A user with any risk has a history.
    if !records.history.is_empty() {
        put("riskyUserHistory.json", &list(records.history.iter().map(wire::history_to_json).collect())?)?;
    }
    if let Some(devices) = &records.devices {
        put("devices.json", &list(devices.iter().collect())?)?;
    }
    if let Some(methods) = &records.methods {
        put("authenticationMethods.json", &list(methods.iter().collect())?)?;
    }
    put("record.md", readable::record(source, subject).as_bytes())?;
    put("timeline.csv", &timeline::csv(&subject.events)?)?;
    put("journal.jsonl", extract::text(source, lines).as_bytes())?;
    put("case.json", &case(source, records)?)
}

fn pretty(value: &impl Serialize) -> Result<Vec<u8>, BundleError> {
    Ok((serde_json::to_string_pretty(value)? + "\n").into_bytes())
}

fn list<T: Serialize>(values: Vec<T>) -> Result<Vec<u8>, BundleError> {
    pretty(&json!({"count": values.len(), "value": values}))
}

/// Notes and case.
fn case(source: &Source<'_>, records: &UserRecords) -> Result<Vec<u8>, BundleError> {
    let case = source.ledger.case(records.id()).cloned().unwrap_or_default();
    let notes = source.ledger.notes(records.id()).iter();
    pretty(&json!({
        "verdict": case.verdict,
        "verdictBy": case.verdict_by.as_ref().map(|(at, operator)| json!({"at": at, "operator": operator})),
        "status": case.status(),
        "tags": case.tags,
        "snapshot": case.snapshot.as_ref().map(|snapshot| json!({"at": snapshot.at, "folder": snapshot.folder})),
        "notes": notes.map(|note| json!({"at": note.at, "operator": note.operator, "text": note.text})).collect::<Vec<_>>(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixture;

    #[test]
    fn folders_have_plain_names_of_their_own() {
        let mut users = ["a", "b", "c", "d"].map(|id| fixture::risky_user(id, "newCountry"));
        users[0].user.user_principal_name = Some("../../etc/passwd\u{202e}".into());
        users[1].user.user_principal_name = Some("ADELE@contoso.test".into());
        users[2].user.user_principal_name = Some("adele@contoso.test".into());
        users[3].user.user_principal_name = Some("...".into());
        let users: Vec<&UserRecords> = users.iter().collect();
        assert_eq!(folder_names(&users), ["_.._etc_passwd_", "ADELE@contoso.test", "adele@contoso.test-2", "user"]);
    }
}

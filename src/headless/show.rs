//! `show`: all that is known of one user.

use serde_json::{Map, Value, json};

use super::cli::{Format, Show};
use super::failure::Failure;
use super::place::{self, Place};
use super::{belongings, json, output};
use crate::domain::journal::{Entry, JournalRecord};
use crate::domain::ledger::Ledger;
use crate::domain::links::Links;
use crate::domain::policy::TenantFacts;
use crate::domain::records::{RiskDetection, UserRecords};
use crate::domain::time::Timestamp;
use crate::domain::{catalogue, normal, text};
use crate::wire;

/// How many of the newest open detections are held against the user's other sign-ins.
const COMPARED: usize = 20;

/// `show`
pub async fn show(place: &Place, show: &Show) -> Result<(), Failure> {
    let session = place.open().await?;
    let mut dataset = session.load()?;
    place::find_elsewhere(&session, std::slice::from_ref(&show.user), &mut dataset).await?;
    let records = place::find_user(&dataset, &show.user)?;
    let ledger = session.ledger();
    let journal = naming(records, session.store.journal()?);
    let now = session.clock().now();
    output::data(&match show.format {
        Format::Json => output::json(&document(records, dataset.tenant(), &ledger, &journal, now))?,
        Format::Jsonl => output::json_line(&document(records, dataset.tenant(), &ledger, &journal, now))?,
        Format::Table | Format::Csv => sheet(records, dataset.tenant(), &ledger, &journal, now),
    })
}

fn document(records: &UserRecords, tenant: &TenantFacts, ledger: &Ledger, journal: &[JournalRecord], now: Timestamp) -> Value {
    let notes: Vec<Value> =
        ledger.notes(records.id()).iter().map(|note| json!({"at": note.at, "operator": note.operator, "text": note.text})).collect();
    let links = Links::of(records);
    json!({
        "user": json::user(records, tenant, ledger, now),
        "directory": records.directory,
        "signIns": records.sign_ins.iter().map(|sign_in| json::sign_in(records, tenant, &links, sign_in)).collect::<Vec<_>>(),
        "detections": records.detections.iter().map(|detection| json::detection(&links, detection)).collect::<Vec<_>>(),
        "history": records.history.iter().map(wire::history_to_json).collect::<Vec<_>>(),
        "normal": normal::of_user(records, COMPARED),
        "notes": notes,
        "journal": journal,
    })
}

/// The records that name the user, cut down to what they say of this user.
fn naming(records: &UserRecords, journal: Vec<JournalRecord>) -> Vec<JournalRecord> {
    let ours = |id: &str| id == records.id().as_str() || records.sign_ins.iter().any(|sign_in| sign_in.id.as_str() == id);
    let cut = |mut record: JournalRecord| {
        let named = match &mut record.entry {
            Entry::JobConfirmed { plan, .. } | Entry::PlaybookStarted { plan, .. } => {
                plan.targets.retain(|target| ours(&target.id) || target.user_id.as_ref() == Some(records.id()));
                !plan.targets.is_empty()
            }
            Entry::Intent { ids, .. } => {
                ids.retain(|id| ours(id));
                !ids.is_empty()
            }
            Entry::Outcomes { items, .. } => {
                items.retain(|item| ours(&item.id));
                !items.is_empty()
            }
            Entry::Note { user, .. } | Entry::Case { user, .. } => user == records.id(),
            Entry::Snapshot { users, .. } => {
                users.retain(|user| user == records.id());
                !users.is_empty()
            }
            _ => false,
        };
        named.then_some(record)
    };
    journal.into_iter().filter_map(cut).collect()
}

fn sheet(records: &UserRecords, tenant: &TenantFacts, ledger: &Ledger, journal: &[JournalRecord], now: Timestamp) -> String {
    let user = json::user(records, tenant, ledger, now);
    let mut lines = vec![text::safe(records.user.name()).into_owned()];
    for (label, key) in USER {
        lines.push(labelled(label, user.get(*key).unwrap_or(&Value::Null)));
    }
    let added = user.get("entriage").and_then(Value::as_object).cloned().unwrap_or_default();
    for (label, key) in FACTS {
        lines.push(labelled(label, added.get(*key).unwrap_or(&Value::Null)));
    }
    for (title, told) in belongings::lines(records) {
        heading(&mut lines, title, told.len());
        lines.extend(told.into_iter().map(|line| format!("  {line}")));
    }
    let links = Links::of(records);
    heading(&mut lines, "Sign-ins", records.sign_ins.len());
    for sign_in in &records.sign_ins {
        let object = json::sign_in(records, tenant, &links, sign_in);
        lines.push(words(&object, &["createdDateTime", "riskLevelAggregated", "riskState", "ipAddress", "clientAppUsed", "id"]));
    }
    heading(&mut lines, "Detections", records.detections.len());
    for detection in &records.detections {
        lines.extend(detection_lines(&links, detection));
    }
    let compared = normal::of_user(records, COMPARED);
    heading(&mut lines, "Normal for this user", compared.len());
    lines.extend(compared.iter().map(|compared| format!("  {}", text::safe(&compared.words()))));
    heading(&mut lines, "Risk history", records.history.len());
    for item in &records.history {
        let object = wire::history_to_json(item);
        let who = item.initiated_by.as_deref().map_or_else(|| "system".into(), text::safe);
        lines.push(format!("{}  by {who}", words(&object, &["riskLastUpdatedDateTime", "riskLevel", "riskState", "riskDetail"])));
    }
    if let Some(case) = ledger.case(records.id()) {
        heading(&mut lines, "Case", 1);
        lines.push(format!("  {}", text::safe(&case.words())));
        if let Some(snapshot) = &case.snapshot {
            lines.push(format!("  evidence set aside {} in {}", output::moment(snapshot.at), text::safe(&snapshot.folder)));
        }
    }
    let notes = ledger.notes(records.id());
    heading(&mut lines, "Notes", notes.len());
    for note in notes {
        lines.push(format!("  {}  {}: {}", output::moment(note.at), text::safe(&note.operator), text::safe(&note.text)));
    }
    heading(&mut lines, "Journal", journal.len());
    for record in journal {
        let what = crate::domain::journal_words::words(&record.entry);
        lines.push(format!("  {}  {}  {}: {}", record.seq, output::moment(record.at), text::safe(&record.operator), text::safe(&what)));
    }
    lines.join("\n") + "\n"
}

const USER: &[(&str, &str)] = &[
    ("Principal name", "userPrincipalName"),
    ("Object ID", "id"),
    ("Risk level", "riskLevel"),
    ("Risk state", "riskState"),
    ("Risk detail", "riskDetail"),
    ("Risk last updated", "riskLastUpdatedDateTime"),
];

const FACTS: &[(&str, &str)] = &[
    ("Open detections", "openDetections"),
    ("Token theft", "tokenTheft"),
    ("Evidence", "evidence"),
    ("Evidence expires", "evidenceExpires"),
    ("Expires first", "evidenceExpiresFirst"),
    ("Waiting since", "waitingSince"),
    ("Blocked", "blocked"),
    ("Blocked by", "blockedBy"),
    ("Not safe", "notSafe"),
    ("Deleted", "deleted"),
    ("Privileged", "privileged"),
    ("Guest", "guest"),
    ("Hybrid", "hybrid"),
    ("Enabled", "enabled"),
    ("MFA registered", "mfaRegistered"),
    ("SSPR registered", "ssprRegistered"),
];

/// A detection with the session fields, labelled as in the source document.
fn detection_lines(links: &Links<'_>, detection: &RiskDetection) -> Vec<String> {
    let sign_in = links.sign_in_of(detection);
    let name = detection.risk_event_type.as_deref().map_or("?", catalogue::name);
    let word = |text: Option<&str>| text.map_or(Value::Null, Value::from);
    let mut lines = vec![format!("  {}", text::safe(name))];
    let time = detection.activity_date_time.or(sign_in.and_then(|sign_in| sign_in.created_date_time));
    let client = sign_in.and_then(|sign_in| sign_in.client_app_used.as_deref());
    let place = detection.location.as_ref().or(sign_in.and_then(|sign_in| sign_in.location.as_ref())).and_then(|at| at.short());
    let address = detection.ip_address.as_deref().or(sign_in.and_then(|sign_in| sign_in.ip_address.as_deref()));
    let issuer = detection.token_issuer_type.as_ref().or(sign_in.and_then(|sign_in| sign_in.token_issuer_type.as_ref()));
    let fields = [
        ("Risk level", json!(detection.risk_level)),
        ("Risk state", json!(detection.risk_state)),
        ("Detection time", json!(detection.detected_date_time)),
        ("Token issuer type", json!(issuer)),
        ("Sign-in time", json!(time)),
        ("IP address", word(address)),
        ("Sign-in location", json!(place)),
        ("Sign-in client", word(client)),
        ("Sign-in request ID", json!(detection.request_id)),
        ("Sign-in correlation ID", word(detection.correlation_id.as_deref())),
    ];
    lines.extend(fields.iter().map(|(label, value)| format!("  {}", labelled(label, value))));
    // Beta sign-ins only: a line that could only say "?" for every other tenant is left out.
    let session = [
        ("Session ID", json!(sign_in.and_then(|sign_in| sign_in.session_id.as_deref()))),
        ("Token ID", json!(sign_in.and_then(|sign_in| sign_in.unique_token_identifier.as_deref()))),
        ("ASN", json!(sign_in.and_then(|sign_in| sign_in.autonomous_system_number))),
        ("Incoming token type", json!(sign_in.and_then(|sign_in| sign_in.incoming_token_type.as_ref()))),
    ];
    let known = session.iter().filter(|(_, value)| !value.is_null());
    lines.extend(known.map(|(label, value)| format!("  {}", labelled(label, value))));
    lines
}

fn heading(lines: &mut Vec<String>, title: &str, count: usize) {
    lines.push(String::new());
    lines.push(format!("{title} ({count})"));
}

fn labelled(label: &str, value: &Value) -> String {
    format!("  {label:<24}{}", output::for_people(value))
}

fn words(object: &Map<String, Value>, keys: &[&str]) -> String {
    let words: Vec<String> = keys.iter().map(|key| output::for_people(object.get(*key).unwrap_or(&Value::Null))).collect();
    format!("  {}", words.join("  "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixture;
    use crate::domain::journal::{Head, ItemOutcome, JobId, Outcome, encode};

    #[test]
    fn the_journal_of_a_user_names_only_that_user() {
        let records = fixture::risky_user("u1", "passwordSpray");
        let item = |id: &str| ItemOutcome { id: id.to_owned(), outcome: Outcome::Verified, because: None };
        let entries = vec![
            Entry::Note { user: "u2".into(), text: "other".to_owned() },
            Entry::Outcomes { job: JobId(1), items: vec![item("u2"), item("u1-s1")] },
            Entry::Note { user: "u1".into(), text: "ours".to_owned() },
        ];
        let journal = entries.into_iter().map(|entry| encode(&Head::default(), fixture::now(), "me", entry).unwrap().0).collect();
        let named: Vec<Entry> = naming(&records, journal).into_iter().map(|record| record.entry).collect();
        let outcomes = Entry::Outcomes { job: JobId(1), items: vec![item("u1-s1")] };
        assert_eq!(named, [outcomes, Entry::Note { user: "u1".into(), text: "ours".to_owned() }]);
    }

    #[test]
    fn a_detection_carries_the_labels_of_the_source_document() {
        let records = fixture::risky_user("u1", "anomalousToken");
        let lines = detection_lines(&Links::of(&records), &records.detections[0]).join("\n");
        for label in [
            "Token issuer type",
            "Sign-in time",
            "IP address",
            "Sign-in location",
            "Sign-in client",
            "Sign-in request ID",
            "Sign-in correlation ID",
        ] {
            assert!(lines.contains(label), "{label}");
        }
        assert!(lines.contains("u1-session"));
        let mut without = records.clone();
        without.sign_ins.clear();
        assert!(!detection_lines(&Links::of(&without), &without.detections[0]).join("\n").contains("Session ID"));
    }
}

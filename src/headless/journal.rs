//! `journal`: the audit trail.

use serde_json::{Map, Value, json};

use super::cli::{Format, Journal, JournalCommand};
use super::failure::{Exit, Failure, proven};
use super::output::{self, Column};
use super::place::Place;
use super::plan;
use crate::domain::journal::{Entry, Head, JournalRecord, encode};
use crate::domain::journal_words::words;
use crate::engine::Session;
use crate::store::Damage;

const COLUMNS: &[Column] = &[
    Column { heading: "SEQ", path: "seq" },
    Column { heading: "AT (UTC)", path: "at" },
    Column { heading: "OPERATOR", path: "operator" },
    Column { heading: "WHAT", path: "what" },
];

/// `journal`
pub async fn journal(place: &Place, args: &Journal) -> Result<Exit, Failure> {
    let session = place.open().await?;
    match &args.command {
        None | Some(JournalCommand::List) => list(place, &session, args.format)?,
        Some(JournalCommand::Verify) => return verify(&session, args.format),
        Some(JournalCommand::Export { output: file }) => {
            let lines = lines(session.store.journal()?).map_err(|seq| {
                Failure::new(Exit::Workspace, format!("record {seq} cannot be exported as it was written"))
                    .because("it was written by another version of this program")
                    .hinted("copy the journal file itself; entriage paths tells where the workspace is")
            })?;
            match file {
                None => output::data(&lines)?,
                Some(file) => std::fs::write(file, lines).map_err(|error| plan::cannot_write(file, error))?,
            }
        }
    }
    // What was printed is proven; that there is more must not be missed.
    session.store.verify()?.map_or_else(|damage| Err(damaged(&damage)), |_| Ok(Exit::Done))
}

fn list(place: &Place, session: &Session, format: Format) -> Result<(), Failure> {
    let records = session.store.journal()?;
    let rows: Vec<Map<String, Value>> = match format {
        Format::Json | Format::Jsonl => records.iter().filter_map(full).collect(),
        Format::Table | Format::Csv => records.iter().filter_map(brief).collect(),
    };
    let count = rows.len();
    output::list(COLUMNS, rows, count, format, place.paper)
}

fn full(record: &JournalRecord) -> Option<Map<String, Value>> {
    serde_json::to_value(record).ok()?.as_object().cloned()
}

fn brief(record: &JournalRecord) -> Option<Map<String, Value>> {
    json!({"seq": record.seq, "at": record.at, "operator": record.operator, "what": words(&record.entry)}).as_object().cloned()
}

fn verify(session: &Session, format: Format) -> Result<Exit, Failure> {
    match session.store.verify()? {
        Ok(head) => {
            output::data(&match format {
                Format::Json | Format::Jsonl => output::json_line(&json!({"records": head.seq, "intact": true}))?,
                Format::Table | Format::Csv => format!("{} records, chain intact\n", head.seq),
            })?;
            Ok(Exit::Done)
        }
        Err(damage) => {
            if matches!(format, Format::Json | Format::Jsonl) {
                let what = damage.to_string();
                output::data(&output::json_line(&json!({"records": damage.proven.seq, "intact": false, "because": what}))?)?;
            }
            Err(damaged(&damage))
        }
    }
}

fn damaged(damage: &Damage) -> Failure {
    Failure::new(Exit::Workspace, format!("the journal is damaged at record {}", damage.proven.seq + 1))
        .because(damage)
        .hinted(format!("{}; keep the file as it is for the investigation", proven(damage)))
}

/// The lines as they were written; the number of the first record of which that cannot be told.
fn lines(records: Vec<JournalRecord>) -> Result<String, u64> {
    let mut head = Head::default();
    let mut out = String::new();
    let mut last = 0;
    for record in records {
        // The hash in each record is that of the line before: so it tells whether that line came out as it was.
        if record.prev != head.hash {
            return Err(last);
        }
        last = record.seq;
        if record.entry == Entry::Unknown {
            return Err(last);
        }
        let (_, line, next) = encode(&head, record.at, &record.operator, record.entry).map_err(|_| last)?;
        out.push_str(&line);
        out.push('\n');
        head = next;
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixture;
    use crate::domain::journal::{ChainError, decode};
    use crate::store::DamageKind;

    fn written() -> (Vec<JournalRecord>, String) {
        let mut head = Head::default();
        let (mut records, mut text) = (Vec::new(), String::new());
        for note in ["one", "two\u{202e}"] {
            let entry = Entry::Note { user: "u1".into(), text: note.to_owned() };
            let (record, line, next) = encode(&head, fixture::now(), "me", entry).unwrap();
            records.push(record);
            text.push_str(&format!("{line}\n"));
            head = next;
        }
        (records, text)
    }

    #[test]
    fn an_export_is_the_journal_byte_for_byte_and_can_be_proven() {
        let (records, text) = written();
        let export = lines(records).unwrap();
        assert_eq!(export, text);
        let mut head = Head::default();
        for line in export.lines() {
            head = decode(&head, line.as_bytes()).unwrap().1;
        }
        assert_eq!(head.seq, 2);
    }

    #[test]
    fn what_cannot_be_written_as_it_was_is_not_exported() {
        let (mut records, _) = written();
        records[0].operator = "somebody else".to_owned();
        assert_eq!(lines(records), Err(1));
        let (mut records, _) = written();
        records[1].entry = Entry::Unknown;
        assert_eq!(lines(records), Err(2));
    }

    #[test]
    fn damage_names_the_record_and_what_is_still_proven() {
        let damage = Damage { proven: Head { seq: 6, hash: String::new() }, what: DamageKind::Line { line: 7, why: ChainError::Hash } };
        insta::assert_snapshot!(damaged(&damage).report(), @r"
        error: the journal is damaged at record 7: line 7: the bytes of this record are not those that were written
        hint: records 1 to 6 are proven; keep the file as it is for the investigation
        ");
    }
}

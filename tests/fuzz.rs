//! Whatever comes in from outside, nothing panics and nothing is taken for what it is not. `PROPTEST_CASES=20000` plays long.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::Write as _;
use std::path::PathBuf;

use entriage::app::KeyMap;
use entriage::config::Config;
use entriage::domain::journal::{Entry, Head, decode, encode};
use entriage::domain::query::{Query, term};
use entriage::domain::records::Record;
use entriage::domain::text;
use entriage::domain::time::Timestamp;
use entriage::import::{self, Found};
use entriage::wire;
use proptest::prelude::*;
use serde_json::{Map, Value};

const KINDS: [wire::Kind; 5] =
    [wire::Kind::SignIn, wire::Kind::RiskDetection, wire::Kind::RiskyUser, wire::Kind::RiskyUserHistoryItem, wire::Kind::User];

/// So many cases, or as many as `PROPTEST_CASES` says.
fn cases(short: u32) -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").map_or(short, |cases| cases.parse().unwrap());
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

fn fixtures() -> Vec<Vec<u8>> {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/import"));
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

fn imported(bytes: Vec<u8>) -> Vec<Record> {
    let mut records = Vec::new();
    import::read_from("a file", std::io::Cursor::new(bytes), &mut |found| match found {
        Found::Record(record, _) => records.push(*record),
        Found::Rejected(rejected) => assert!(!rejected.reason.is_empty() && rejected.line >= 1),
        Found::Unreadable { reason, .. } => assert!(!reason.is_empty()),
    });
    records
}

/// One thing done to some bytes: (kind, place, value).
type Edit = (u8, usize, u8);

fn edited(mut bytes: Vec<u8>, edits: &[Edit]) -> Vec<u8> {
    for (kind, place, value) in edits {
        let at = place % (bytes.len() + 1);
        match kind % 5 {
            0 if at < bytes.len() => bytes[at] = *value,
            1 => bytes.insert(at, *value),
            2 if at < bytes.len() => drop(bytes.remove(at)),
            3 => bytes.truncate(at.max(bytes.len() / 2)),
            _ => {
                let piece: Vec<u8> = bytes.iter().skip(at).take(usize::from(*value)).copied().collect();
                bytes.splice(at..at, piece);
            }
        }
    }
    bytes
}

fn edits() -> impl Strategy<Value = Vec<Edit>> {
    prop::collection::vec(
        (any::<u8>(), any::<usize>(), prop_oneof![any::<u8>(), prop::sample::select(b"{}[]\",:\\0-e\n;\xff".to_vec())]),
        0..12,
    )
}

fn odd_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        prop::sample::select(vec![
            "",
            " ",
            "0001-01-01T00:00:00Z",
            "99999-12-31T00:00:00Z",
            "2026-02-30T25:61:61Z",
            "\u{202e}\u{1b}]8;;x\u{7}",
            "{\"a\":",
            "[[[["
        ])
        .prop_map(Value::from),
        Just(serde_json::json!([])),
        Just(serde_json::json!({})),
        Just(serde_json::json!([{"id": {"id": []}}, null, [[]], -1e308])),
    ]
}

/// Puts values in places of a JSON document.
fn mutated(value: &mut Value, changes: &[(usize, Value)]) {
    fn places(value: &Value) -> usize {
        1 + match value {
            Value::Array(items) => items.iter().map(places).sum(),
            Value::Object(object) => object.values().map(places).sum(),
            _ => 0,
        }
    }
    fn at(value: &mut Value, mut place: usize, with: &Value) {
        if place == 0 {
            *value = with.clone();
            return;
        }
        place -= 1;
        let inner: Vec<&mut Value> = match value {
            Value::Array(items) => items.iter_mut().collect(),
            Value::Object(object) => object.values_mut().collect(),
            _ => return,
        };
        for item in inner {
            let count = places(item);
            if place < count {
                return at(item, place, with);
            }
            place -= count;
        }
    }
    for (place, with) in changes {
        let count = places(value);
        at(value, 1 + place % count, with);
    }
}

/// Raw text that a terminal, a person or a spreadsheet must never meet.
fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

proptest! {
    #![proptest_config(cases(96))]

    #[test]
    fn an_export_with_any_bytes_changed_is_read_or_rejected(which in any::<prop::sample::Index>(), edits in edits()) {
        let fixtures = fixtures();
        imported(edited(fixtures[which.index(fixtures.len())].clone(), &edits));
    }

    #[test]
    fn a_packed_export_with_any_bytes_changed_is_read_or_rejected(which in any::<prop::sample::Index>(), edits in edits()) {
        let fixtures = fixtures();
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packer.write_all(&fixtures[which.index(fixtures.len())]).unwrap();
        imported(edited(packer.finish().unwrap(), &edits));
    }

    #[test]
    fn an_export_with_any_values_changed_is_read_or_rejected(
        which in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<usize>(), odd_value()), 1..6),
    ) {
        let mut values: Vec<Value> = fixtures().iter().filter_map(|bytes| serde_json::from_slice(bytes).ok()).collect();
        let index = which.index(values.len());
        let mut value = values.swap_remove(index);
        mutated(&mut value, &changes);
        imported(value.to_string().into_bytes());
    }

    #[test]
    fn a_record_that_is_read_is_written_and_read_again_the_same(
        which in any::<prop::sample::Index>(),
        kind in prop::sample::select(KINDS.to_vec()),
        changes in prop::collection::vec((any::<usize>(), odd_value()), 0..5),
    ) {
        let objects: Vec<Map<String, Value>> = fixtures()
            .iter()
            .filter_map(|bytes| serde_json::from_slice::<Value>(bytes).ok())
            .flat_map(|value| match value {
                Value::Object(object) => match object.get("value") {
                    Some(Value::Array(items)) => items.iter().filter_map(|item| item.as_object().cloned()).collect(),
                    _ => vec![object],
                },
                Value::Array(items) => items.iter().filter_map(|item| item.as_object().cloned()).collect(),
                _ => Vec::new(),
            })
            .collect();
        let mut value = Value::Object(objects[which.index(objects.len())].clone());
        mutated(&mut value, &changes);
        let Value::Object(object) = value else { return Ok(()) };
        let Ok(record) = wire::read(kind, object) else { return Ok(()) };
        let Some((kind, written)) = written(&record) else { return Ok(()) };
        let again = wire::read(kind, written).map_err(TestCaseError::fail)?;
        prop_assert_eq!(without_extra(again), without_extra(record));
    }

    #[test]
    fn a_line_of_the_journal_with_any_bytes_changed_is_no_record(text in any::<String>(), edits in edits()) {
        let head = Head::default();
        let at = Timestamp::parse("2026-11-22T14:05:00Z").unwrap();
        let entry = Entry::Note { user: "adele".into(), text };
        let (record, line, next) = encode(&head, at, "tester", entry).unwrap();
        prop_assert_eq!(decode(&head, line.as_bytes()), Ok((record, next)));
        let changed = edited(line.clone().into_bytes(), &edits);
        if changed != line.as_bytes() {
            prop_assert!(decode(&head, &changed).is_err(), "{:?} passes for {:?}", String::from_utf8_lossy(&changed), line);
        }
    }

    #[test]
    fn any_bytes_are_no_record_of_the_journal(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(decode(&Head::default(), &bytes).is_err());
    }

    #[test]
    fn a_made_term_parses_whatever_it_asks_for(value in any::<String>(), field in prop::sample::select(vec!["session", "user", "ip", "app", "note"])) {
        let made = term(field, &value);
        if let Err(error) = Query::parse(&made) {
            prop_assert!(field == "ip" || value.trim().is_empty() || value.chars().any(char::is_control), "{made:?}: {error}");
        }
    }

    #[test]
    fn a_configuration_with_any_bytes_changed_is_taken_or_told_of(edits in edits()) {
        let file = tempfile::NamedTempFile::new().unwrap();
        let shipped = include_bytes!("../assets/keys.toml");
        let text = edited([b"hold = 7\n", &shipped[..]].concat(), &edits);
        std::fs::write(file.path(), &text).unwrap();
        let Ok(config) = Config::read(file.path()) else {
            prop_assert!(std::str::from_utf8(&text).is_err(), "only what is no text cannot be read");
            return Ok(());
        };
        let lines = text.iter().filter(|byte| **byte == b'\n').count() + 1;
        for problem in &config.problems {
            prop_assert!((1..=lines).contains(&problem.line) && !problem.message.is_empty(), "{problem:?}");
        }
        // What stands there is what holds, or the reason is told.
        let told = toml_hold(&text);
        prop_assert!(told == Some(config.hold_seconds) || told.is_none() || !config.problems.is_empty());
    }

    #[test]
    fn any_text_is_a_key_map_or_told_of(text in "(\\[keys\\]\n)?([a-z-]{1,14} = (\"[ -~]{0,8}\"|\\[\"[a-z+-]{0,8}\"\\]|[0-9]{1,3})\n){0,5}") {
        let (map, problems) = KeyMap::load(KeyMap::defaults(), &text);
        for problem in problems {
            prop_assert!(problem.line >= 1 && !problem.message.is_empty());
        }
        let hint = map.hint(entriage::app::command::CommandId::Quit);
        prop_assert!(!hint.chars().any(is_hostile));
    }

    #[test]
    fn text_of_a_tenant_is_shown_without_what_acts(value in prop::collection::vec(prop_oneof![any::<char>(), prop::sample::select("\u{1b}\u{9b}\u{9d}\u{7}\r\n\t\u{202e}\u{2066}\u{200b}\u{feff}\u{e0041}\u{ad}".chars().collect::<Vec<_>>())], 0..40)) {
        let value: String = value.into_iter().collect();
        let safe = text::safe(&value);
        prop_assert!(!safe.chars().any(is_hostile), "{safe:?}");
        prop_assert!(!text::fit(&safe, 12).chars().any(is_hostile));
        prop_assert!(text::width(&text::fit(&value, 12)) <= 12);
        let field = text::csv_field(&value);
        prop_assert!(!field.starts_with(['=', '+', '-', '@', '\t', '\r']), "{field:?}");
    }
}

/// What a configuration says of the hold, as far as it is a whole number.
fn toml_hold(text: &[u8]) -> Option<u64> {
    let table: toml::Table = std::str::from_utf8(text).ok()?.parse().ok()?;
    u64::try_from(table.get("hold")?.as_integer()?).ok()
}

fn written(record: &Record) -> Option<(wire::Kind, Map<String, Value>)> {
    Some(match record {
        Record::SignIn(sign_in) => (wire::Kind::SignIn, wire::sign_in_to_json(sign_in)),
        Record::Detection(detection) => (wire::Kind::RiskDetection, wire::detection_to_json(detection)),
        Record::User(user) => (wire::Kind::RiskyUser, wire::user_to_json(user)),
        Record::History(item) => (wire::Kind::RiskyUserHistoryItem, wire::history_to_json(item)),
        _ => return None,
    })
}

/// What was not understood may be spelt as one that was, and is kept beside the record.
fn without_extra(mut record: Record) -> Record {
    match &mut record {
        Record::SignIn(sign_in) => sign_in.extra.0 = None,
        Record::Detection(detection) => detection.extra.0 = None,
        Record::User(user) => user.extra.0 = None,
        Record::History(item) => item.extra.0 = None,
        _ => {}
    }
    record
}

#[test]
fn a_hold_that_is_no_number_is_told_of() {
    let file = tempfile::NamedTempFile::new().unwrap();
    for text in ["hold = \"9\"\n", "hold = -1\n", "hold = 1.5\n", "hold = [5]\n"] {
        std::fs::write(file.path(), text).unwrap();
        let config = Config::read(file.path()).unwrap();
        assert_eq!(config.problems.len(), 1, "{text}: the default holds, and nothing says so");
        assert!(config.problems[0].line == 1 && config.problems[0].message.contains("hold"), "{:?}", config.problems);
    }
}

use std::collections::BTreeMap;
use std::path::PathBuf;

use sha2::{Digest as _, Sha256};

use super::*;
use crate::domain::action::Action;
use crate::domain::case::{CaseChange, Verdict};
use crate::domain::dataset::Dataset;
use crate::domain::fixture::{everyday_sign_in, now, risky_user};
use crate::domain::journal::{Entry, Head, ItemOutcome, JobId, JobState, Outcome, decode, encode};
use crate::domain::plan::{Access, Plan, PlanContext, Target};

const HOSTILE: &str = "</style><img src=x onerror=alert(1)>\u{202e}'\"&<script>fetch('http://x')</script>";

struct Case {
    users: Vec<UserRecords>,
    journal: Vec<(JournalRecord, String)>,
    ledger: Ledger,
    facts: TenantFacts,
}

fn entries() -> Vec<Entry> {
    let change = CaseChange { verdict: Some(Verdict::TruePositive), tag: vec!["<b>".to_owned()], ..CaseChange::default() };
    vec![
        Entry::Note { user: "adele".into(), text: "=cmd()".to_owned() },
        Entry::Note { user: "alex".into(), text: "another one".to_owned() },
        Entry::Case { user: "adele".into(), change },
        Entry::Setting { name: "operator".to_owned(), value: "me".to_owned() },
    ]
}

fn hostile() -> Case {
    let mut adele = risky_user("adele", "anomalousToken");
    everyday_sign_in(&mut adele);
    adele.user.user_display_name = Some(HOSTILE.into());
    adele.user.user_principal_name = Some(format!("{HOSTILE}@contoso.test").into());
    let sign_in = &mut adele.sign_ins[0];
    sign_in.user_agent = Some(HOSTILE.into());
    sign_in.app_display_name = Some(HOSTILE.into());
    sign_in.session_id = Some(HOSTILE.into());
    sign_in.ip_address = Some(format!("={HOSTILE}").into());
    sign_in.location = Some(crate::domain::records::Location { city: Some(HOSTILE.into()), ..Default::default() });
    adele.detections[0].risk_event_type = Some(HOSTILE.into());
    let mut elsewhere = adele.sign_ins[0].clone();
    elsewhere.id = "adele-s2".into();
    elsewhere.ip_address = Some("198.51.100.9".into());
    adele.sign_ins.push(elsewhere);
    let (mut head, mut journal, mut ledger) = (Head::default(), Vec::new(), Ledger::default());
    for entry in entries() {
        let (record, line, next) = encode(&head, now(), HOSTILE, entry).unwrap();
        ledger.apply(&record);
        journal.push((record, line));
        head = next;
    }
    Case { users: vec![adele, risky_user("alex", "passwordSpray")], journal, ledger, facts: TenantFacts::default() }
}

fn written(case: &Case, users: usize) -> (tempfile::TempDir, PathBuf, Written) {
    let home = tempfile::tempdir().unwrap();
    let target = home.path().join("bundle");
    let users: Vec<&UserRecords> = case.users.iter().take(users).collect();
    let source = Source {
        workspace: "demo",
        tenant: HOSTILE,
        label: "DEMO",
        operator: HOSTILE,
        at: now(),
        synced_at: Some(now()),
        query: "level:high",
        users: &users,
        facts: &case.facts,
        ledger: &case.ledger,
        journal: &case.journal,
    };
    let written = write(&source, &target).unwrap();
    (home, target, written)
}

fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    fn walk(root: &Path, folder: &Path, out: &mut BTreeMap<String, Vec<u8>>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(root, &path, out);
            } else {
                out.insert(path.strip_prefix(root).unwrap().display().to_string(), std::fs::read(&path).unwrap());
            }
        }
    }
    let mut out = BTreeMap::new();
    walk(folder, folder, &mut out);
    out
}

fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn every_file_has_its_hash_in_manifest_and_sums() {
    let (_home, folder, written) = written(&hostile(), 2);
    let files = files(&folder);
    assert_eq!(files.len(), written.files);
    let sums = String::from_utf8(files["SHA256SUMS"].clone()).unwrap();
    let summed: BTreeMap<&str, &str> = sums.lines().map(|line| line.split_once("  ").unwrap()).map(|(hash, path)| (path, hash)).collect();
    let manifest: serde_json::Value = serde_json::from_slice(&files["manifest.json"]).unwrap();
    let listed = manifest["files"].as_array().unwrap();
    for (path, bytes) in &files {
        if path == "SHA256SUMS" {
            continue;
        }
        assert_eq!(summed[path.as_str()], hash(bytes), "{path}");
        if path != "manifest.json" {
            let entry = listed.iter().find(|file| file["path"] == **path).unwrap_or_else(|| panic!("{path}"));
            assert_eq!((&entry["sha256"], &entry["bytes"]), (&hash(bytes).into(), &bytes.len().into()));
        }
    }
    assert_eq!((summed.len(), listed.len()), (files.len() - 1, files.len() - 2));
    assert_eq!(written.manifest, hash(&files["manifest.json"]));
    assert_eq!(
        (&manifest["workspace"], &manifest["query"], &manifest["operator"]),
        (&"demo".into(), &"level:high".into(), &HOSTILE.into())
    );
    assert!(sums.lines().all(|line| !line.contains('\\')), "no name needs to be escaped");
}

#[test]
fn the_page_runs_and_loads_nothing_whatever_the_tenant_says() {
    let (_home, folder, _) = written(&hostile(), 2);
    let page = std::fs::read_to_string(folder.join("index.html")).unwrap();
    let lower = page.to_lowercase();
    for wrong in ["<script", "<img", "<link", "<iframe", "src=", "url(", "@import", "javascript:", "http:", "https:", "\u{202e}"] {
        let told = wrong == "src=" || wrong == "http:";
        let text = if told { lower.replace("src=x", "").replace("http://x", "") } else { lower.clone() };
        assert!(!text.contains(wrong), "{wrong}");
    }
    assert_eq!(lower.matches("</style>").count(), 1);
    assert!(page.contains("&lt;img src=x onerror=alert(1)&gt;\\u{202e}"), "it is shown as text");
    for needed in ["Summary", "Still open", "What was done", "What happened", "Sessions", "true positive", "▲ 2 addresses"] {
        assert!(page.contains(needed), "{needed}");
    }
    assert!(lower.matches("href=").count() == lower.matches("href=\"#u").count(), "links stay within the page");
}

#[test]
fn tables_run_nothing_and_records_are_no_markup() {
    let (_home, folder, _) = written(&hostile(), 1);
    let files = files(&folder);
    let of = |name: &str| {
        let (_, bytes) = files.iter().find(|(path, _)| path.ends_with(name)).unwrap();
        String::from_utf8(bytes.clone()).unwrap()
    };
    let timeline = of("timeline.csv");
    let mut reader = csv::Reader::from_reader(timeline.as_bytes());
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert!(rows.len() >= 6, "{timeline}");
    for field in rows.iter().flatten() {
        assert!(!field.starts_with(['=', '+', '-', '@', '\t', '\r']) && !field.contains('\u{202e}'), "{field}");
    }
    assert!(rows.windows(2).all(|pair| pair[0][0] <= pair[1][0]), "in order of time");
    let record = of("record.md");
    // Every mark stands within code, where it is text.
    for line in record.lines().filter(|line| line.contains(['<', '*', '['])) {
        assert!(line.split('`').step_by(2).all(|outside| !outside.contains(['<', '*', '['])), "{line}");
    }
    assert!(!record.contains('\u{202e}') && record.contains("<img") && record.contains("## Sign-ins (3)"), "{record}");
    assert!(record.contains("## What was done (0)\n\nNone.\n"), "{record}");
}

#[test]
fn the_journal_of_a_user_is_there_as_it_was_written() {
    let case = hostile();
    let (_home, folder, _) = written(&case, 1);
    let files = files(&folder);
    let (_, extract) = files.iter().find(|(path, _)| path.ends_with("journal.jsonl")).unwrap();
    let lines: Vec<&str> = std::str::from_utf8(extract).unwrap().lines().collect();
    assert_eq!(lines, [case.journal[0].1.as_str(), case.journal[2].1.as_str()]);
    let head = Head { seq: 2, hash: case.journal[2].0.prev.clone() };
    assert!(decode(&head, lines[1].as_bytes()).is_ok(), "each line proves itself");
}

#[test]
fn raw_records_are_graphs_own() {
    let case = hostile();
    let (_home, folder, _) = written(&case, 1);
    let files = files(&folder);
    let (_, bytes) = files.iter().find(|(path, _)| path.ends_with("signIns.json")).unwrap();
    let sign_ins: serde_json::Value = serde_json::from_slice(bytes).unwrap();
    assert_eq!((&sign_ins["count"], &sign_ins["value"][0]["userAgent"]), (&3.into(), &HOSTILE.into()));
    assert!(!files.keys().any(|path| path.ends_with("devices.json")), "what was not read is not there");
}

#[test]
fn a_long_timeline_is_cut_on_the_page_and_whole_in_the_table() {
    let mut case = hostile();
    let adele = &mut case.users[0];
    for number in 0..3_000 {
        let mut sign_in = adele.sign_ins[0].clone();
        sign_in.id = format!("s{number}").as_str().into();
        sign_in.session_id = Some(format!("session{number}").into());
        adele.sign_ins.push(sign_in);
    }
    let (_home, folder, _) = written(&case, 1);
    let files = files(&folder);
    assert!(files["index.html"].len() < 500_000, "{}", files["index.html"].len());
    let (_, timeline) = files.iter().find(|(path, _)| path.ends_with("timeline.csv")).unwrap();
    assert!(timeline.iter().filter(|byte| **byte == b'\n').count() > 3_000);
}

/// What was done about adele: a job on two of her sign-ins of which the first came out, one of a sign-in that is gone, and a checklist.
fn with_jobs() -> Case {
    let mut case = hostile();
    case.users[0].user.user_display_name = Some("Adele".into());
    let dataset: Dataset = case.users.iter().cloned().collect();
    let context = PlanContext { reason: "INC-1".to_owned(), include_caution: true, ..PlanContext::new("me", Access::ReadWrite, now()) };
    let plan = |action, targets: &[Target]| Box::new(Plan::compute(action, targets, &dataset, &context));
    let sign_in = |id: &str| Target::SignIn(id.into());
    let two = plan(Action::DismissSignInRisk, &[sign_in("adele-s1"), sign_in("adele-s2")]);
    let mut gone = plan(Action::ConfirmSignInSafe, &[sign_in("adele-s1")]);
    gone.targets[0].id = "gone".to_owned();
    assert_eq!((two.included().count(), gone.included().count(), gone.targets[0].user_id.as_ref()), (2, 1, Some(&"adele".into())));
    let outcome = |id: &str, outcome| ItemOutcome { id: id.to_owned(), outcome, because: None };
    let entries = [
        Entry::JobConfirmed { job: JobId(1), plan: two, hold_seconds: 0 },
        Entry::Outcomes { job: JobId(1), items: vec![outcome("adele-s1", Outcome::Verified), outcome("adele-s2", Outcome::Failed)] },
        Entry::JobEnded { job: JobId(1), state: JobState::Done },
        Entry::JobConfirmed { job: JobId(2), plan: gone, hold_seconds: 0 },
        Entry::PlaybookStarted {
            playbook: JobId(3),
            plan: plan(Action::SecureAccount, &[Target::User("adele".into())]),
            steps_confirmed: false,
        },
    ];
    for entry in entries {
        case.ledger.apply(&encode(&Head::default(), now(), "me", entry).unwrap().0);
    }
    case
}

#[test]
fn what_is_open_is_named_and_nothing_is_called_not_verified_and_verified() {
    let (_home, folder, _) = written(&with_jobs(), 1);
    let files = files(&folder);
    let (_, record) = files.iter().find(|(path, _)| path.ends_with("record.md")).unwrap();
    let record = String::from_utf8(record.clone()).unwrap();
    for needed in [
        "- The user is at risk; 1 detection is open.",
        "- Job 1 (Dismiss sign-in risk) did not come out as it should: failed (the first of 1 that were not verified, of 2 sign-ins).",
        "- Job 2 (Confirm sign-in safe) is unfinished: not sent.",
        "- Checklist 3 (Secure account) is unfinished; still to do: Confirm user compromised, ",
    ] {
        assert!(record.contains(needed), "{needed}\n{record}");
    }
    assert!(!record.contains("verified: verified") && record.matches("User ID: adele").count() == 4, "{record}");
    let page = String::from_utf8(files["index.html"].clone()).unwrap();
    assert!(page.contains("1 detection · token theft · job 1 · job 2 · checklist 3 · case</td>"), "{page}");
}

/// The page, the record and the journal's extract of the first user.
fn told(case: &Case) -> [String; 3] {
    let (_home, folder, _) = written(case, 1);
    let files = files(&folder);
    ["index.html", "record.md", "journal.jsonl"].map(|name| {
        let (_, bytes) = files.iter().find(|(path, _)| path.ends_with(name)).unwrap();
        String::from_utf8(bytes.clone()).unwrap()
    })
}

#[test]
fn a_page_for_managers_says_what_it_means() {
    let mut case = hostile();
    let adele = &mut case.users[0];
    adele.user.user_display_name = Some("Adele".into());
    adele.detections[0].risk_event_type = Some("anomalousToken".into());
    let point = |latitude, longitude| Some(crate::domain::records::GeoCoordinates { latitude, longitude });
    for (sign_in, (city, at)) in adele.sign_ins.iter_mut().zip([("Lagos", point(6.45, 3.39)), ("Dresden", point(51.05, 13.74))]) {
        let city = Some(city.into());
        sign_in.location = Some(crate::domain::records::Location { city, geo_coordinates: at, ..Default::default() });
    }
    let [page, ..] = told(&case);
    for needed in [
        "<span class=\"medium\">medium</span> · at risk",
        "<p>▲ Open signs of token theft: <a href=\"#u1\">Adele</a>.</p>",
        "<p>▲ Travel that nobody can have made: <a href=\"#u1\">Adele</a>.</p>",
        "<strong>Anomalous token</strong> (1 open of 1), a sign of <strong>token theft</strong>: A token behaves oddly",
        "5051 km from Dresden to Lagos",
        "There are open signs of token theft: Anomalous token.",
        "▲ marks what tells of an attack",
    ] {
        assert!(page.contains(needed), "{needed}\n{page}");
    }
    for raw in ["atRisk", "case none", ", none"] {
        assert!(!page.contains(raw), "{raw}\n{page}");
    }
}

#[test]
fn what_was_not_read_is_not_told_as_empty() {
    let mut case = hostile();
    let [page, record, _] = told(&case);
    for text in [&page, &record] {
        assert!(text.contains("No risk history of this user was read.") && !text.contains("Only risky sign-ins"), "{text}");
    }
    case.users[0].sign_ins.retain(|sign_in| sign_in.is_risky());
    let [page, record, _] = told(&case);
    assert!([page, record].iter().all(|text| text.contains("Only risky sign-ins of this user were read")));
}

#[test]
fn a_sign_in_without_an_address_makes_no_session_look_stolen() {
    let mut case = hostile();
    let adele = &mut case.users[0];
    adele.sign_ins.iter_mut().for_each(|sign_in| sign_in.session_id = Some("one".into()));
    for (sign_in, address) in adele.sign_ins.iter_mut().zip([Some("203.0.113.7"), Some("::ffff:203.0.113.7"), None]) {
        sign_in.ip_address = address.map(Into::into);
    }
    let [page, ..] = told(&case);
    assert!(!page.contains("2 addresses") && page.contains("address not known (1)"), "{page}");
}

#[test]
fn a_record_has_the_session_fields_of_an_investigation() {
    use crate::domain::records::DeviceDetail;
    use crate::domain::risk::IncomingTokenType;
    let mut case = hostile();
    let adele = &mut case.users[0];
    let sign_in = &mut adele.sign_ins[0];
    sign_in.unique_token_identifier = Some("token-1".into());
    sign_in.incoming_token_type = Some(IncomingTokenType::PrimaryRefreshToken);
    sign_in.autonomous_system_number = Some(64500);
    sign_in.device_detail = Some(DeviceDetail { display_name: Some("ADELE-PC".into()), ..DeviceDetail::default() });
    adele.detections[0].additional_info = Some(r#"[{"Key":"riskReasons","Value":["a"]}]"#.into());
    let [_, record, _] = told(&case);
    for (field, times) in [
        ("Sign-in client: Browser", 3),
        ("Unique token ID: token-1", 2),
        ("Incoming token type: ", 2),
        ("ASN: AS64500", 2),
        ("Device: ADELE-PC", 2),
        ("Sign-in time: 2026-11-22 13:05:00 UTC", 1),
        ("Additional info, riskReasons: `[\"a\"]`", 1),
    ] {
        assert_eq!(record.matches(field).count(), times, "{field}\n{record}");
    }
}

#[test]
fn what_was_done_names_what_it_was_done_with_and_what_the_tenant_said() {
    use crate::domain::journal::CallAnswer;
    use crate::domain::policy::Policy;
    let mut case = with_jobs();
    let dataset: Dataset = case.users.iter().cloned().collect();
    let object = serde_json::json!({"id": "p", "displayName": "CA201", "state": "enabled"});
    let policy = Policy::read(object.as_object().unwrap());
    let context = PlanContext { reason: "INC-2".to_owned(), ..PlanContext::new("me", Access::ReadWrite, now()) };
    let mut plan = Plan::compute(Action::ConfirmUserCompromised, &[Target::User("adele".into())], &dataset, &context);
    plan.policy = policy;
    let ids = vec!["adele".to_owned()];
    let partly = CallAnswer::Partly { message: "one of two was refused".to_owned() };
    for entry in [
        Entry::JobConfirmed { job: JobId(9), plan: Box::new(plan), hold_seconds: 0 },
        Entry::Intent { job: JobId(9), call: 1, ids },
        Entry::Answered { job: JobId(9), call: 1, answer: partly },
    ] {
        case.ledger.apply(&encode(&Head::default(), now(), "me", entry).unwrap().0);
    }
    let [page, record, _] = told(&case);
    assert!(page.contains("<strong>Confirm user compromised &quot;CA201&quot;</strong>"), "{page}");
    assert!(record.contains("the tenant took it, but one of two was refused"), "{record}");
}

#[test]
fn the_journal_of_a_sign_in_that_is_gone_is_there_whole() {
    let mut case = hostile();
    let dataset: Dataset = case.users.iter().cloned().collect();
    let context = PlanContext { reason: "INC-1".to_owned(), include_caution: true, ..PlanContext::new("me", Access::ReadWrite, now()) };
    let mut plan = Plan::compute(Action::ConfirmSignInSafe, &[Target::SignIn("adele-s1".into())], &dataset, &context);
    plan.targets[0].id = "gone".to_owned();
    let ids = vec!["gone".to_owned()];
    let outcome = ItemOutcome { id: "gone".to_owned(), outcome: Outcome::Verified, because: None };
    let entries = [
        Entry::JobConfirmed { job: JobId(1), plan: Box::new(plan), hold_seconds: 0 },
        Entry::Intent { job: JobId(1), call: 1, ids },
        Entry::Answered { job: JobId(1), call: 1, answer: crate::domain::journal::CallAnswer::Accepted },
        Entry::Outcomes { job: JobId(1), items: vec![outcome] },
        Entry::JobEnded { job: JobId(1), state: JobState::Done },
    ];
    case.journal.clear();
    let mut head = Head::default();
    for entry in entries {
        let (record, line, next) = encode(&head, now(), "me", entry).unwrap();
        case.journal.push((record, line));
        head = next;
    }
    let [.., extract] = told(&case);
    assert_eq!(extract.lines().count(), 5, "{extract}");
}

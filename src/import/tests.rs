//! Imports of every format, from `tests/fixtures/import`.

use std::fs;
use std::io::Write;

use proptest::prelude::*;

use super::*;
use crate::domain::filing::{Filed, file};
use crate::domain::records::{RiskDetection, RiskyUser, SignIn, UserRecords};
use crate::domain::risk::{DetectionTiming, IncomingTokenType, RiskDetail, RiskLevel, RiskState, TokenIssuerType};
use crate::domain::time::Timestamp;

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/import").join(name)
}

#[derive(Default)]
struct Import {
    records: Vec<Record>,
    labels: Vec<&'static str>,
    rejected: Vec<(u64, String)>,
    unreadable: Vec<String>,
}

impl Import {
    fn take(&mut self, found: Found) {
        match found {
            Found::Record(record, label) => {
                self.records.push(*record);
                self.labels.push(label);
            }
            Found::Rejected(rejected) => self.rejected.push((rejected.line, rejected.reason)),
            Found::Unreadable { reason, .. } => self.unreadable.push(reason),
        }
    }

    fn users(&self) -> Vec<&RiskyUser> {
        self.records.iter().filter_map(|record| if let Record::User(user) = record { Some(user) } else { None }).collect()
    }

    fn detections(&self) -> Vec<&RiskDetection> {
        self.records.iter().filter_map(|record| if let Record::Detection(one) = record { Some(one) } else { None }).collect()
    }

    fn sign_ins(&self) -> Vec<&SignIn> {
        self.records.iter().filter_map(|record| if let Record::SignIn(one) = record { Some(&**one) } else { None }).collect()
    }
}

fn import(name: &str) -> Import {
    let mut import = Import::default();
    read(&[path(name)], &mut |found| import.take(found));
    import
}

fn import_bytes(bytes: &[u8]) -> Import {
    let mut import = Import::default();
    read_from("-", std::io::Cursor::new(bytes.to_vec()), &mut |found| import.take(found));
    import
}

fn time(text: &str) -> Option<Timestamp> {
    Timestamp::parse(text)
}

#[test]
fn graph_answers_are_read() {
    for (name, labels) in [
        ("graph-risky-users.json", &["Graph riskyUser"][..]),
        ("graph-risky-user.json", &["Graph riskyUser"]),
        ("graph-history.json", &["Graph riskyUserHistoryItem", "Graph riskyUserHistoryItem"]),
        ("graph-risk-detection.json", &["Graph riskDetection"]),
        ("graph-sign-in.json", &["Graph signIn"]),
    ] {
        let import = import(name);
        assert_eq!((import.labels.as_slice(), import.rejected.len(), import.unreadable.len()), (labels, 0, 0), "{name}");
    }
}

#[test]
fn diagnostic_logs_are_read_line_by_line_around_what_is_none() {
    let import = import("diagnostic-logs.jsonl");
    let labels = ["RiskyUsers log", "UserRiskEvents log", "NonInteractiveUserSignInLogs log", "SignInLogs log"];
    assert_eq!(import.labels, labels);
    assert_eq!(
        import.rejected,
        [(3, "not JSON: it ends within the line".to_owned()), (5, "category AuditLogs is not risk data".to_owned())]
    );
    let detection = import.detections()[0];
    assert_eq!(detection.correlation_id.as_deref(), Some("c-1"));
    assert_eq!(detection.risk_event_type.as_deref(), Some("passwordSpray"));
    assert_eq!(detection.detected_date_time, time("2022-09-09T08:48:50.361Z"));
    assert_eq!(detection.last_updated_date_time, time("2022-09-09T09:54:27Z"));
    assert_eq!(detection.location.as_ref().and_then(|place| place.short()).as_deref(), Some("Dresden, DE"));
    let [quiet, interactive] = import.sign_ins()[..] else { panic!("two sign-ins") };
    assert_eq!(quiet.is_interactive, Some(false));
    assert_eq!(quiet.status.as_ref().and_then(|status| status.error_code), Some(50140));
    assert_eq!((quiet.ip_address.as_deref(), quiet.correlation_id.as_deref()), (Some("198.51.100.7"), Some("c-2")));
    assert_eq!(quiet.created_date_time, time("2022-03-17T09:44:46.3097429Z"));
    assert_eq!(quiet.location.as_ref().and_then(|place| place.country_or_region.as_deref()), Some("GB"));
    assert_eq!(quiet.incoming_token_type, Some(IncomingTokenType::PrimaryRefreshToken));
    assert_eq!((quiet.session_id.as_deref(), &*quiet.risk_event_types), (Some("s-2"), &["anomalousToken".into()][..]));
    assert_eq!(quiet.extra.0, None);
    assert_eq!(interactive.created_date_time, time("2022-03-17T14:40:00.5Z"));
    assert_eq!(interactive.ip_address.as_deref(), Some("198.51.100.8"));
    assert_eq!(import_bytes(&fs::read(path("event-hub.json")).unwrap()).labels, ["RiskyUsers log", "SignInLogs log"]);
}

#[test]
fn query_results_of_log_analytics_are_read() {
    let import = import("log-analytics.json");
    assert_eq!(import.labels, ["AADUserRiskEvents table"]);
    assert_eq!(import.rejected.len(), 1);
    let text = fs::read_to_string(path("log-analytics.json")).unwrap();
    let line = text.lines().position(|line| line.contains("det-short")).unwrap() as u64 + 1;
    // The row begins two lines above its third cell.
    assert_eq!(import.rejected[0].0, line - 3);
    let detection = import.detections()[0];
    assert_eq!(detection.location.as_ref().and_then(|place| place.geo_coordinates).map(|at| at.latitude), Some(6.45));
    assert_eq!(detection.additional_info.as_deref(), Some(r#"[{"Key":"userAgent","Value":"curl/8"}]"#));
}

#[test]
fn rows_of_tables_are_read_from_csv_and_json_lines() {
    let users = import("AADRiskyUsers.csv");
    assert_eq!(users.labels, ["AADRiskyUsers table", "AADRiskyUsers table"]);
    let [omar, dana] = users.users()[..] else { panic!("two users") };
    assert_eq!(omar.user_display_name.as_deref(), Some("Haddad, \"Omar\"\nAP"));
    assert_eq!(omar.risk_last_updated_date_time, time("2026-07-17T10:14:47.302Z"));
    assert_eq!((omar.is_deleted, omar.is_processing), (Some(false), Some(false)));
    assert_eq!((dana.is_deleted, dana.is_processing, &dana.risk_detail), (Some(true), None, &None));

    let sign_ins = import("SigninLogs.jsonl");
    assert_eq!(sign_ins.labels, ["SigninLogs table", "AADNonInteractiveUserSignInLogs table"]);
    let [first, second] = sign_ins.sign_ins()[..] else { panic!("two sign-ins") };
    assert_eq!(first.location.as_ref().and_then(|place| place.short()).as_deref(), Some("Lagos, NG"));
    assert_eq!(first.status.as_ref().and_then(|status| status.error_code), Some(50126));
    assert_eq!(first.autonomous_system_number, Some(37148));
    assert_eq!(first.resource_id.as_deref(), Some("00000002-0000-0ff1-ce00-000000000000"));
    assert_eq!(first.resource_display_name, None);
    assert_eq!(first.applied_conditional_access_policies[0].enforced_grant_controls, ["Mfa"]);
    assert_eq!(first.risk_event_types, ["unfamiliarFeatures"]);
    assert_eq!((first.is_interactive, second.is_interactive), (Some(true), Some(false)));
    assert_eq!((first.session_id.as_deref(), first.risk_state.as_ref()), (Some("sess-1"), Some(&RiskState::AtRisk)));
    assert_eq!(second.status.as_ref().and_then(|status| status.error_code), Some(0));
}

#[test]
fn downloads_of_the_portal_are_read() {
    let users = import("portal-RiskyUsers.csv");
    assert_eq!(users.labels, ["portal risky users", "portal risky users"]);
    assert_eq!(users.rejected, [(4, "it has 2 fields, and the header has 9".to_owned())]);
    let [dana, omar] = users.users()[..] else { panic!("two users") };
    assert_eq!((dana.id.as_str(), dana.user_principal_name.as_deref()), ("dana@contoso.test", Some("Dana@Contoso.test")));
    assert_eq!((&dana.risk_state, &dana.risk_level, &dana.risk_detail), (&Some(RiskState::AtRisk), &Some(RiskLevel::High), &None));
    assert_eq!((dana.is_deleted, omar.is_deleted), (Some(false), Some(true)));
    assert_eq!(omar.risk_detail, Some(RiskDetail::AdminDismissedAllRiskForUser));

    let detections = import("portal-RiskDetections.csv");
    assert_eq!(detections.labels, ["portal risk detections"]);
    let detection = detections.detections()[0];
    assert_eq!(detection.id.as_str().len(), 64);
    assert_eq!(detection.detected_date_time, time("2026-07-17T10:07:37Z"));
    assert_eq!(
        (&detection.detection_timing_type, &detection.token_issuer_type),
        (&Some(DetectionTiming::Offline), &Some(TokenIssuerType::AzureAd))
    );
    assert_eq!(import("portal-RiskDetections.csv").detections()[0].id, detection.id);

    let sign_ins = import("portal-NonInteractiveSignIns.csv");
    assert_eq!((sign_ins.labels.as_slice(), sign_ins.rejected.len()), (&["portal sign-ins"][..], 0));
    let sign_in = sign_ins.sign_ins()[0];
    assert_eq!(sign_in.id.as_str(), "req-3");
    assert_eq!(sign_in.incoming_token_type, Some(IncomingTokenType::PrimaryRefreshToken));
    assert_eq!(sign_in.authentication_protocol.as_deref(), Some("deviceCode"));
    assert_eq!(sign_in.original_transfer_method.as_deref(), Some("deviceCodeFlow"));
    assert_eq!(sign_in.authentication_requirement.as_deref(), Some("singleFactorAuthentication"));
    assert_eq!(sign_in.sign_in_token_protection_status.as_deref(), Some("unbound"));
    assert_eq!(sign_in.ip_address_from_resource_provider.as_deref(), Some("198.51.100.1"));
    assert_eq!(sign_in.device_detail.as_ref().map(|device| (device.is_compliant, device.is_managed)), Some((Some(true), Some(false))));
    assert_eq!(sign_in.status.as_ref().and_then(|status| status.error_code), Some(50126));
    assert_eq!((sign_in.autonomous_system_number, sign_in.is_interactive), (Some(37148), Some(false)));
    assert_eq!(sign_in.app_id.as_deref(), Some("9199bf20-a13f-4107-85dc-02114787ef48"));
}

#[test]
fn lists_under_any_name_are_followed() {
    let import = import("bundle.json");
    assert_eq!(import.labels.len(), 3, "{:?}", import.rejected);
    for label in ["directory user", "registration details", "Graph riskyUser"] {
        assert!(import.labels.contains(&label), "{label}");
    }
    let mut records = UserRecords::unknown("0d3f1c52-6a0e-4c1b-9c53-6f1f0a7b1a11".into());
    for record in import.records.iter().filter(|record| matches!(record, Record::Directory(..))) {
        file(&mut records, record.clone());
    }
    assert_eq!((records.directory.account_enabled, records.directory.is_mfa_registered), (Some(false), Some(true)));
    assert_eq!(records.directory.on_premises_sync_enabled, None);
}

#[test]
fn a_damaged_element_is_told_with_its_line_and_the_others_are_read() {
    let import = import("damaged.json");
    let ids: Vec<&str> = import.users().iter().map(|user| user.id.as_str()).collect();
    assert_eq!(ids, ["u-1", "u-3"]);
    assert_eq!(import.rejected.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [5, 6, 7]);
    assert_eq!(import.rejected[1].1, "Graph riskyUser: neither id nor userPrincipalName is in it");
    assert_eq!(import.users()[1].risk_state, Some(RiskState::Other("brandNewState".into())));
    assert_eq!(import.users()[1].extra.0.as_deref(), Some(r#"{"newProperty":{"a":[1]}}"#));
}

#[test]
fn folders_gzip_and_utf_16_are_read_and_other_files_named() {
    let folder = tempfile::tempdir().unwrap();
    let graph = fs::read(path("graph-risky-users.json")).unwrap();
    fs::create_dir(folder.path().join("b")).unwrap();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&graph).unwrap();
    fs::write(folder.path().join("a.dat"), gzip.finish().unwrap()).unwrap();
    let utf16: Vec<u8> =
        "\u{FEFF}".encode_utf16().chain(String::from_utf8_lossy(&graph).encode_utf16()).flat_map(u16::to_le_bytes).collect();
    fs::write(folder.path().join("b/c.json"), utf16).unwrap();
    fs::write(folder.path().join("b/.hidden.json"), &graph).unwrap();
    fs::write(folder.path().join("d.png"), b"\x89PNG\r\n\x1a\n\0").unwrap();
    fs::write(folder.path().join("e.json"), b" \n").unwrap();
    fs::copy(path("notes.txt"), folder.path().join("f.txt")).unwrap();
    let mut import = Import::default();
    let paths = [folder.path().to_owned(), folder.path().join("missing.json")];
    read(&paths, &mut |found| import.take(found));
    assert_eq!(import.labels, ["Graph riskyUser", "Graph riskyUser"]);
    assert_eq!(import.records[0], import.records[1]);
    assert_eq!(import.unreadable.len(), 4, "{:?}", import.unreadable);
    assert_eq!(import.unreadable[..2], ["it is binary, neither JSON nor CSV", "it is empty"]);
    assert!(import.unreadable[2].starts_with("neither JSON nor a table of risk data"));
}

#[test]
fn a_gzip_that_is_cut_off_gives_what_it_has_and_says_so() {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
    for number in 0..5000 {
        writeln!(gzip, "{{\"id\":\"u-{number}\",\"riskState\":\"atRisk\"}}").unwrap();
    }
    let whole = gzip.finish().unwrap();
    let import = import_bytes(&whole[..whole.len() / 2]);
    assert!(import.records.len() > 1000 && import.records.len() < 5000);
    assert!(import.unreadable[0].starts_with("reading failed"), "{:?}", import.unreadable);
}

#[test]
fn bytes_that_are_not_utf_8_do_not_lose_the_record() {
    let import = import_bytes(b"{\"id\":\"u-1\",\"riskState\":\"atRisk\",\"userDisplayName\":\"Jos\xE9\"}\n");
    assert_eq!(import.users()[0].user_display_name.as_deref(), Some("Jos\u{FFFD}"));
    let csv = import_bytes(b"Id,RiskState,UserDisplayName\nu-1,atRisk,Jos\xE9\n");
    assert_eq!(csv.users()[0].user_display_name.as_deref(), Some("Jos\u{FFFD}"));
}

#[test]
fn lines_of_csv_are_counted_over_line_ends_of_both_kinds_and_in_cells() {
    for end in ["\n", "\r\n"] {
        let lines =
            ["#TYPE Selected", "Id,RiskState,UserDisplayName", "u-1,atRisk,\"a\nb\"", "u-2", "", "u-3,atRisk,x,", "", "u-4,atRisk,x,y"];
        let import = import_bytes(lines.join(end).as_bytes());
        assert_eq!(import.rejected.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [5, 9], "{end:?}");
        assert_eq!(import.users().len(), 2);
    }
}

#[test]
fn a_lost_quotation_mark_costs_a_bounded_part_of_a_csv_file() {
    use std::io::Read as _;
    let header = b"Id,RiskState,UserDisplayName\nu-1,atRisk,\"lost\n";
    let filler = std::io::repeat(b'x').take(70 * 1024 * 1024);
    let text = header.chain(filler).chain(&b"\nu-2,atRisk,two\nu-3\n"[..]);
    let mut import = Import::default();
    read_from("-", text, &mut |found| import.take(found));
    assert_eq!(import.users().iter().map(|user| user.id.as_str()).collect::<Vec<_>>(), ["u-2"]);
    assert_eq!(import.rejected.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [2, 5]);
}

#[test]
fn importing_twice_changes_nothing() {
    let mut held: Vec<UserRecords> = Vec::new();
    let mut count = |paths: &[PathBuf]| {
        let mut filed = Vec::new();
        read(paths, &mut |found| {
            if let Found::Record(record, _) = found {
                let place = held.iter().position(|records| Some(records.id()) == record.user_id()).unwrap_or_else(|| {
                    held.push(UserRecords::unknown(record.user_id().unwrap().clone()));
                    held.len() - 1
                });
                filed.push(file(&mut held[place], *record));
            }
        });
        filed
    };
    let names = [
        "graph-risky-users.json",
        "graph-history.json",
        "graph-risk-detection.json",
        "graph-sign-in.json",
        "portal-NonInteractiveSignIns.csv",
    ];
    let paths: Vec<PathBuf> = names.iter().map(|name| path(name)).collect();
    assert_eq!(count(&paths), [Filed::New; 6]);
    assert_eq!(count(&paths), [Filed::Unchanged; 6]);
}

fn any_json() -> impl Strategy<Value = serde_json::Value> {
    use serde_json::Value;
    let name = prop_oneof![
        prop::sample::select(vec![
            "id",
            "userId",
            "riskState",
            "value",
            "records",
            "tables",
            "rows",
            "columns",
            "name",
            "properties",
            "category",
            "Type",
            "location",
            "status",
            "activity",
            "@odata.type",
            "createdDateTime",
            "riskEventType",
            "appliedConditionalAccessPolicies"
        ]),
        Just("x")
    ];
    let text = prop_oneof![
        prop::sample::select(vec![
            "SignInLogs",
            "RiskyUsers",
            "AADRiskyUsers",
            "{",
            "[1]",
            "{\"a\":",
            "/Date(9999999999999999)/",
            "99999999999999999999",
            "-",
            ""
        ])
        .prop_map(str::to_owned),
        ".{0,8}"
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text.prop_map(Value::from)
    ];
    leaf.prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((name.clone(), inner), 0..6)
                .prop_map(|pairs| Value::Object(pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()))
        ]
    })
}

proptest! {
    #[test]
    fn no_json_makes_it_panic(value in any_json()) {
        import_bytes(value.to_string().as_bytes());
        import_bytes(serde_json::to_string_pretty(&value).unwrap().as_bytes());
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), start in prop::sample::select(vec!["", "{", "[", "{\"value\":[", "Id,RiskState\n", "\u{FEFF}Id;Type;a;b\n\""])) {
        let mut text = start.as_bytes().to_vec();
        text.extend(bytes);
        import_bytes(&text);
    }
}

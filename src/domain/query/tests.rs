use proptest::prelude::*;

use super::*;
use crate::domain::case::CaseChange;
use crate::domain::fixture;
use crate::domain::journal::{Entry, Head, encode};
use crate::domain::records::{DeviceDetail, Location};
use crate::domain::risk::TokenIssuerType;
use crate::domain::views::View;

fn place(city: &str, state: &str, country: &str) -> Option<Location> {
    Some(Location { city: Some(city.into()), state: Some(state.into()), country_or_region: Some(country.into()), geo_coordinates: None })
}

/// Adele: an anomalous token from Lagos an hour ago; every field has something to find.
fn adele() -> UserRecords {
    let mut records = fixture::risky_user("adele-1", "anomalousToken");
    fixture::everyday_sign_in(&mut records);
    records.sign_ins[1].ip_address = None;
    records.user.user_display_name = Some("Adele Vance".into());
    let detection = &mut records.detections[0];
    detection.location = place("Lagos", "Lagos State", "NG");
    detection.token_issuer_type = Some(TokenIssuerType::AzureAd);
    let sign_in = &mut records.sign_ins[0];
    sign_in.location = place("Lagos", "Lagos State", "NG");
    sign_in.risk_detail = Some(RiskDetail::None);
    sign_in.token_issuer_type = Some(TokenIssuerType::AzureAd);
    sign_in.autonomous_system_number = Some(64500);
    sign_in.app_id = Some("9199bf20-a13f".into());
    sign_in.app_display_name = Some("One Outlook Web".into());
    sign_in.user_agent = Some("curl/8".into());
    sign_in.token_issuer_name = Some("adfs.contoso.test".into());
    sign_in.device_detail = Some(DeviceDetail {
        device_id: Some("d-1".into()),
        display_name: Some("LAPTOP-1".into()),
        browser: Some("Chrome 141".into()),
        operating_system: Some("MacOs".into()),
        ..Default::default()
    });
    records
}

fn ledger() -> Ledger {
    let mut ledger = Ledger::default();
    let note = Entry::Note { user: "adele-1".into(), text: "Called; travels in Nigeria".to_owned() };
    let (record, _, _) = encode(&Head::default(), fixture::now(), "me", note).unwrap();
    ledger.apply(&record);
    let change =
        CaseChange { verdict: Some(Verdict::TruePositive), tag: vec!["PT-118".to_owned(), "vip".to_owned()], ..CaseChange::default() };
    let (record, _, _) = encode(&Head::default(), fixture::now(), "me", Entry::Case { user: "adele-1".into(), change }).unwrap();
    ledger.apply(&record);
    ledger
}

fn parsed(query: &str) -> Query {
    Query::parse(query).unwrap_or_else(|error| panic!("{}\n{error}", error.pointed(query)))
}

fn user_matches(query: &str, records: &UserRecords) -> bool {
    parsed(query).matches_user(records, QueryContext { now: fixture::now(), ledger: &ledger(), tenant: &TenantFacts::default() })
}

fn sign_in_matches(query: &str, records: &UserRecords) -> bool {
    let context = QueryContext { now: fixture::now(), ledger: &ledger(), tenant: &TenantFacts::default() };
    parsed(query).sign_ins_of(records, context).contains(&&records.sign_ins[0])
}

fn detection_matches(query: &str, records: &UserRecords) -> bool {
    let context = QueryContext { now: fixture::now(), ledger: &ledger(), tenant: &TenantFacts::default() };
    parsed(query).detections_of(records, context).contains(&&records.detections[0])
}

/// Column, length, message and hint.
fn wrong(query: &str) -> (usize, usize, String, String) {
    let error = Query::parse(query).expect_err(query);
    (error.column, error.length, error.message, error.hint.unwrap_or_default())
}

#[test]
fn every_field_finds_what_it_asks_for_and_nothing_else() {
    let records = adele();
    let cases = [
        ("level:medium", "level:high,unknown"),
        ("LEVEL:Medium,high", "level:none"),
        ("state:ATRISK", "state:dismissed"),
        ("detail:none", "detail:unknown,password"),
        ("type:anomalous", "type:travel"),
        ("type:\"Anomalous token\"", "type:\"Token issuer\""),
        ("user:vance", "user:alex"),
        ("user:adele-1@CONTOSO", "user:adele-12"),
        ("user:=\"ADELE vance\"", "user:=adele,=vance,=adele-1@"),
        ("user:=adele-1", "user:=\"=adele-1\""),
        ("ip:=203.0.113.7", "ip:=203.0.113.70"),
        ("country:=NG", "country:=N"),
        ("city:=\"lagos state\",=x", "city:=lag"),
        ("client:=\"chrome 141\"", "client:=chrome"),
        ("agent:=curl/8", "agent:=curl"),
        ("device:=laptop-1", "device:=laptop"),
        ("app:=\"one outlook web\"", "app:=outlook"),
        ("session:=adele-1-session", "session:=adele-1-SES"),
        ("request:=adele-1-s1", "request:=adele-1-s"),
        ("correlation:=adele-1-c1", "correlation:=adele-1-c"),
        ("issuer:=azuread", "issuer:=azure"),
        ("type:=ANOMALOUStoken", "type:=anomalous"),
        ("type:=\"anomalous token\"", "type:=\"anomalous\""),
        ("detail:=none", "detail:=non"),
        ("note:=\"called; travels in nigeria\"", "note:=called"),
        ("level:=medium -level:=high", "level:=low"),
        ("ip:203.0.113.7", "ip:203.0.113.8"),
        ("ip:203.0.113.0/24,10.0.0.0/8", "ip:2001:db8::/32"),
        ("ip:::ffff:203.0.113.7", "ip:\"203.0.113.\""),
        ("country:ng", "country:n"),
        ("city:lag", "city:dresden"),
        ("asn:64500", "asn:64501"),
        ("asn:as64500", "asn:6450"),
        ("client:browser", "client:imap"),
        ("client:chrome", "client:edge"),
        ("client:macos client:CURL", "client:windows"),
        ("agent:CURL", "agent:wget"),
        ("device:laptop", "device:phone"),
        ("device:d-1", "device:d-"),
        ("app:outlook", "app:teams"),
        ("app:9199BF20-A13F", "app:9199bf20"),
        ("session:adele-1-SES", "session:session"),
        ("request:adele-1-s", "request:s1"),
        ("correlation:adele-1-c1", "correlation:c1"),
        ("issuer:azuread", "issuer:nps"),
        ("issuer:adfs.contoso", "issuer:fabrikam"),
        ("age:<2h", "age:>2h"),
        ("age:>59m", "age:<60m"),
        ("updated:<1d", "updated:>1w"),
        ("detected:>2026-01-01", "detected:2026-01-01..2026-01-02"),
        ("updated:>2026-01-01", "updated:<2026-01-01T10:00:00Z"),
        ("tokentheft:true", "tokentheft:no,unknown"),
        ("deleted:no", "deleted:yes"),
        ("privileged:false", "privileged:unknown"),
        ("guest:false", "guest:true"),
        ("hybrid:false", "hybrid:true"),
        ("enabled:true", "enabled:false"),
        ("mfa:yes", "mfa:no"),
        ("sspr:true", "sspr:false"),
        ("blocked:false", "blocked:true,unknown,userRisk"),
        ("evidence:fresh", "evidence:expired,none,expiring"),
        ("safe:unknown", "safe:yes,no"),
        ("cameback:unknown", "cameback:yes,no"),
        ("pending:unknown", "pending:yes,no"),
        ("note:true", "note:false"),
        ("note:nigeria", "note:\"true\""),
        ("verdict:truepositive", "verdict:none,falsePositive"),
        ("verdict:TP,\"false positive\"", "verdict:fp,btp"),
        ("status:open", "status:closed,none"),
        ("tag:pt-118", "tag:pt,none"),
        ("tag:x,VIP", "tag:\"none\""),
    ];
    for (hit, miss) in cases {
        assert!(user_matches(hit, &records), "{hit}");
        assert!(!user_matches(miss, &records), "{miss}");
        assert!(sign_in_matches(hit, &records), "sign-in: {hit}");
        assert!(detection_matches(hit, &records), "detection: {hit}");
    }
    for field in FIELDS {
        let asked = format!("{}:", field.name);
        assert!(cases.iter().any(|(hit, _)| hit.to_lowercase().starts_with(&asked)), "{asked} is not tested");
    }
}

#[test]
fn a_bare_word_looks_at_names_ids_addresses_places_and_types() {
    let records = adele();
    for word in ["VANCE", "adele-1@", "\"Adele V\"", "203.0.113", "lagos", "\"lagos state\"", "ng", "anomaloustoken", "\"anomalous token\""]
    {
        assert!(user_matches(word, &records), "{word}");
        assert!(sign_in_matches(word, &records) && detection_matches(word, &records), "{word}");
    }
    for word in ["outlook", "medium", "\"Vance Adele\""] {
        assert!(!user_matches(word, &records), "{word}");
    }
}

#[test]
fn safe_asks_whether_closed_risk_left_the_user_safe() {
    let mut records = adele();
    let at = records.detections[0].activity_date_time.unwrap();
    let hour = chrono::TimeDelta::hours(1);
    records.user.risk_state = Some(RiskState::Dismissed);
    assert!(user_matches("safe:unknown", &records), "neither password nor sessions were read");
    records.directory.last_password_change_date_time = Some(Timestamp(at.0 - hour));
    records.directory.sign_in_sessions_valid_from_date_time = Some(Timestamp(at.0 + hour));
    assert!(user_matches("safe:no", &records) && user_matches("-safe:yes", &records));
    records.directory.last_password_change_date_time = Some(Timestamp(at.0 + hour));
    assert!(user_matches("safe:unknown", &records), "nobody looked whether a method was added");
    records.methods = Some(Vec::new());
    assert!(user_matches("safe:YES", &records) && sign_in_matches("safe:yes", &records));
    records.user.risk_state = Some(RiskState::AtRisk);
    assert!(user_matches("safe:unknown", &records), "open risk is neither");
}

#[test]
fn what_nobody_said_is_none() {
    let records = fixture::risky_user("other", "anomalousToken");
    assert!(user_matches("verdict:none status:none tag:none -verdict:undetermined", &records));
    assert!(!user_matches("-tag:none", &records));
}

#[test]
fn a_saved_view_stands_for_all_it_asks_for() {
    let mut views = Views::default();
    let mut save = |name: &str, query: &str| {
        views.save(View { name: name.to_owned(), query: query.to_owned(), sort: None, key: None });
    };
    save("Lagos", "city:lagos -level:high");
    save("both", "@lagos user:adele");
    save("circle", "@circle");
    save("old", "levle:high");
    save("outer", "@old vance");
    let matches = |query: &str| {
        let query = Query::parse_with(query, &views, Tz::UTC).unwrap_or_else(|error| panic!("{}\n{error}", error.pointed(query)));
        query.matches_user(&adele(), QueryContext { now: fixture::now(), ledger: &ledger(), tenant: &TenantFacts::default() })
    };
    assert!(matches("@LAGOS vance") && matches("@both") && !matches("-@both") && matches("-@high-risk"));
    assert!(matches("\"@contoso\""), "quoted, it is text");
    for (query, column, message, hint) in [
        ("vance -@nobody", 8, "no saved view \"@nobody\"", "@high-risk, @token-theft, @expiring, @both"),
        ("@", 1, "no saved view", "quotes"),
        ("@circle", 1, "names itself", "save it anew"),
        ("@old", 1, "in the view @old, at column 1 of its query (levle:high): there is no field \"levle\"", "did you mean level:?"),
        ("vance @outer", 7, "in the view @outer: in the view @old, at column 1 of its query (levle:high): there", "then save @old anew"),
    ] {
        let error = Query::parse_with(query, &views, Tz::UTC).unwrap_err();
        let (said, advice) = (&error.message, error.hint.as_deref().unwrap_or_default());
        assert_eq!(error.column, column, "{query}");
        assert!(said.contains(message) && advice.contains(hint), "{query}: {said} ({advice})");
    }
    assert!(Query::check("@whatever level:high").is_ok() && Query::check("@whatever levle:high").is_err());
    assert!(Query::parse("@high-risk").unwrap_err().hint.is_some_and(|hint| hint.contains("there are none")));
}

#[test]
fn terms_are_joined_with_and_commas_with_or() {
    let records = adele();
    assert!(user_matches("adele level:high,medium -country:DE", &records));
    assert!(!user_matches("adele level:high", &records));
    assert!(user_matches("user:alex,\"adele v\"", &records));
    assert!(user_matches("  ", &records) && parsed(" \t ").is_empty() && !parsed("x").is_empty());
    assert!(user_matches("--adele", &records) && !user_matches("-adele", &records));
}

#[test]
fn what_was_not_read_is_unknown_and_matches_no_other_answer() {
    let records = UserRecords::unknown("x".into());
    for query in
        ["level:unknown", "state:unknown", "detail:unknown", "tokentheft:unknown", "deleted:unknown", "mfa:unknown", "blocked:unknown"]
    {
        assert!(user_matches(query, &records), "{query}");
    }
    for query in ["level:none", "mfa:true", "mfa:false", "blocked:false", "age:<9999w", "age:>0m", "updated:<9999w", "ip:0.0.0.0/0"] {
        assert!(!user_matches(query, &records), "{query}");
    }
    assert!(user_matches("-age:<7d", &records));
}

#[test]
fn level_state_and_times_are_of_what_is_listed() {
    let mut records = adele();
    records.user.risk_level = Some(RiskLevel::High);
    records.sign_ins[0].risk_state = Some(RiskState::Dismissed);
    records.detections[0].risk_level = Some(RiskLevel::Low);
    records.detections[0].last_updated_date_time = None;
    assert!(user_matches("level:high state:atRisk", &records));
    assert!(sign_in_matches("level:medium state:dismissed", &records));
    assert!(detection_matches("level:low", &records) && !detection_matches("updated:>2000-01-01", &records));
}

#[test]
fn a_detection_is_of_its_own_type_and_a_sign_in_of_its_detections_types() {
    let mut records = adele();
    records.sign_ins[0].risk_event_types = vec!["unfamiliarFeatures".into()];
    assert!(detection_matches("type:anomalousToken -type:unfamiliarFeatures", &records));
    assert!(sign_in_matches("type:anomalousToken type:unfamiliarFeatures tokentheft:true", &records));
    assert!(user_matches("type:anomalousToken type:unfamiliarFeatures", &records));
    records.detections[0].request_id = None;
    assert!(sign_in_matches("-type:anomalousToken tokentheft:false", &records));
    assert!(!detection_matches("app:outlook", &records), "the sign-in is not linked");
}

#[test]
fn blocked_asks_a_sign_in_of_itself_and_all_else_of_the_user() {
    let mut records = adele();
    let mut earlier = records.sign_ins[0].clone();
    earlier.id = "adele-1-s0".into();
    records.sign_ins[0].status.as_mut().unwrap().error_code = Some(53003);
    records.sign_ins.push(earlier);
    assert!(sign_in_matches("blocked:true blocked:signinrisk", &records));
    records.sign_ins.swap(0, 1);
    assert!(sign_in_matches("blocked:false -blocked:signInRisk", &records));
    assert!(!user_matches("blocked:smartLockout", &records));
}

#[test]
fn an_address_that_is_none_is_found_by_its_text_only() {
    let mut records = adele();
    records.detections.clear();
    records.sign_ins[0].ip_address = Some("203.0.113.7:443, \"x\"".into());
    assert!(!user_matches("ip:0.0.0.0/0,::/0", &records));
    assert!(user_matches(&term("ip", "203.0.113.7:443, \"x\""), &records));
    records.sign_ins[0].ip_address = Some("2001:DB8:0::1".into());
    assert!(user_matches("ip:2001:db8::1 ip:2001:db8::/64", &records));
}

#[test]
fn errors_point_at_what_is_wrong_and_say_what_would_be_right() {
    for (query, column, length, message, hint) in [
        ("adele levle:high", 7, 5, "there is no field \"levle\"", "did you mean level:?"),
        ("http://x", 1, 4, "there is no field \"http\"", "text: \"http://x\""),
        ("12:30", 1, 2, "there is no field \"12\"", "text: \"12:30\""),
        (":x", 1, 1, "there is no field \"\"", "quotes"),
        ("é -level:", 4, 6, "level: needs a value", "low, medium"),
        ("level:hihg", 7, 4, "level: does not take \"hihg\"", "did you mean high?"),
        ("level:low,zzz", 11, 3, "level: does not take \"zzz\"", "it takes low"),
        ("state:at_risk", 7, 7, "state: does not take \"at_risk\"", "did you mean atRisk?"),
        ("blocked:smartlock", 9, 9, "blocked: does not take", "smartLockout"),
        ("mfa:perhaps", 5, 7, "mfa: does not take", "true, false or unknown"),
        ("evidence:old", 10, 3, "evidence: does not take", "fresh"),
        ("ip:203.0.113", 4, 9, "\"203.0.113\" is no IP address or network", "203.0.113.0/24"),
        ("ip:10.0.0.0/33", 4, 11, "is no IP address", "network"),
        ("asn:ASx", 5, 3, "is no number", "AS64500"),
        ("asn:99999999999", 5, 11, "is no number", "64500"),
        ("age:7d", 5, 2, "\"7d\" is no time", "<7d"),
        ("age:<99999999999999999999d", 5, 22, "is no time", "<7d"),
        ("updated:>yesterday", 9, 10, "is no time", ">2026-01-01"),
        ("user:\"adele", 6, 6, "the quote is not closed", "another \""),
        ("a \"", 3, 1, "the quote is not closed", "another"),
        ("\"\"", 1, 2, "nothing between the quotes", "between them"),
        ("user:\"\"", 6, 2, "nothing between the quotes", "name"),
        ("level:low,,high", 11, 1, "empty place", "comma"),
        ("level:,low", 7, 1, "empty place", "comma"),
        ("level:low,", 10, 1, "empty place", "comma"),
        ("x -", 3, 1, "nothing to negate", "quotes"),
        ("user:=", 6, 1, "nothing after the =", "user:=\"value\""),
        ("user:=a,=", 9, 1, "nothing after the =", "user:=\"value\""),
        ("user:=\"\"", 7, 2, "nothing between the quotes", "name"),
        ("age:=7d", 5, 3, "\"=7d\" is no time", "<7d"),
        ("detected:2026-01-02..2026-01-01", 10, 22, "ends before it begins", "earlier time first"),
    ] {
        let (at, long, said, advice) = wrong(query);
        assert_eq!((at, long), (column, length), "{query}: {said}");
        assert!(said.contains(message) && advice.contains(hint), "{query}: {said} ({advice})");
    }
}

#[test]
fn a_time_of_detection_between_two_holds_both_ends() {
    let records = adele();
    let at = records.detections[0].at().unwrap();
    let earlier = Timestamp(at.0 - chrono::TimeDelta::hours(1));
    let within = format!("detected:{earlier}..{at}");
    assert!(user_matches(&within, &records) && detection_matches(&within, &records) && sign_in_matches(&within, &records));
    assert!(!user_matches(&format!("detected:<{at}"), &records));
}

#[test]
fn an_error_is_shown_under_its_text_whatever_its_width() {
    let query = "山\x1b level:hihg \u{202e}x";
    insta::assert_snapshot!(Query::parse(query).unwrap_err().pointed(query), @r"
    山\x1b level:hihg \u{202e}x
                 ^^^^
    ");
    assert_eq!(Query::parse("level:\u{202e}").unwrap_err().message, r#"level: does not take "\u{202e}""#);
}

#[test]
fn the_members_of_a_field_are_taken_by_it() {
    for field in FIELDS {
        for member in field.members() {
            parsed(&format!("{}:{member}", field.name));
        }
    }
    let names: std::collections::BTreeSet<_> = FIELDS.iter().map(|field| field.name.to_ascii_lowercase()).collect();
    assert_eq!(names.len(), FIELDS.len());
}

fn anything() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            "level:", "ip:", "age:<", "type:", "note:", "\"", "\"\"", ",", "-", ":", " ", "high", "7d", "::1/", "é", "山"
        ])
        .prop_map(str::to_owned),
        any::<String>(),
    ];
    prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn any_text_is_a_query_or_an_error_within_it(text in anything()) {
        if let Err(error) = Query::parse(&text) {
            prop_assert!(error.column >= 1 && error.length >= 1);
            prop_assert!(error.column + error.length - 1 <= text.chars().count(), "{error:?} in {text:?}");
            prop_assert_eq!(error.pointed(&text).lines().count(), 2);
        }
    }

    #[test]
    fn a_negated_term_matches_all_else(field in prop::sample::select(FIELDS), value in "[a-z0-9<>.:]{1,6}|true|medium|<7d|fresh|AS64500") {
        let records = adele();
        for query in [format!("{}:{value}", field.name), format!("\"{value}\"")] {
            if Query::parse(&query).is_ok() {
                prop_assert_ne!(user_matches(&query, &records), user_matches(&format!("-{query}"), &records));
                prop_assert_ne!(sign_in_matches(&query, &records), sign_in_matches(&format!("-{query}"), &records));
                prop_assert_ne!(detection_matches(&query, &records), detection_matches(&format!("-{query}"), &records));
            }
        }
    }

    #[test]
    fn a_glance_answers_as_the_records_do(
        field in prop::sample::select(vec!["", "user:", "city:", "country:", "type:", "ip:", "-", "-type:", "client:"]),
        value in "=?(la|lagos|l|NG|ng|tok|anomal|an|z|ß|adele|vance|-1|9|anonymous IP|anomaloustoken|unfamiliar|\\x00|a\\x00|\"\"){1,2}",
        name in "(Ad|ele|ẞ|NG|Σς| |\\x00|anomaloustoken){0,3}",
        city in "(Lagos|La|gos|ng|\\x00| NG |İ){0,2}",
        kind in "(anomalousToken|unfamiliarFeatures|anonymizedIPAddress|riskyIPAddress|z)",
    ) {
        let mut records = adele();
        records.user.user_display_name = Some(name.into());
        records.sign_ins[0].location = place(&city, "", "NG");
        records.detections[0].risk_event_type = Some(kind.into());
        let query = format!("{field}{}{}", if value.starts_with('=') { "=" } else { "" }, format_args!("\"{}\"", value.trim_start_matches('=')));
        if let Ok(query) = Query::parse(&query) {
            let ledger = ledger();
            let context = QueryContext { now: fixture::now(), ledger: &ledger, tenant: &TenantFacts::default() };
            let glance = Glance::of(&records);
            prop_assert_eq!(query.matches_user_with(&glance, &records, context), query.matches_user(&records, context));
        }
    }

    #[test]
    fn a_made_term_asks_for_its_text(value in "\\PC{1,12}") {
        let mut records = adele();
        records.sign_ins[0].session_id = Some(value.clone().into());
        prop_assert!(user_matches(&term("session", &value), &records));
    }
}

#[test]
fn a_glance_knows_level_state_and_flags_as_the_records_do() {
    let ledger = ledger();
    let context = QueryContext { now: fixture::now(), ledger: &ledger, tenant: &TenantFacts::default() };
    let mut closed = adele();
    closed.user.risk_state = Some(RiskState::Dismissed);
    closed.user.risk_level = None;
    closed.directory = crate::domain::records::Directory {
        is_admin: Some(true),
        account_enabled: Some(false),
        user_type: Some("Guest".into()),
        ..Default::default()
    };
    closed.detections.clear();
    let unknown = UserRecords::unknown("u".into());
    let flags = ["tokentheft", "deleted", "privileged", "guest", "hybrid", "enabled", "mfa", "sspr", "safe", "cameback", "pending"];
    let of_flags = flags.iter().flat_map(|flag| ["true", "false", "unknown"].map(|value| format!("{flag}:{value}")));
    let others = ["level:high", "level:unknown", "-level:low,high", "state:dismissed", "state:atRisk,unknown"].map(str::to_owned);
    for query in of_flags.chain(others) {
        let parsed = Query::parse(&query).unwrap_or_else(|error| panic!("{query}: {error}"));
        for records in [&adele(), &closed, &unknown] {
            let with = parsed.matches_user_with(&Glance::of(records), records, context);
            assert_eq!(with, parsed.matches_user(records, context), "{query} {}", records.id());
        }
    }
}

#[test]
fn words_of_other_languages_are_errors_and_not_silent_searches() {
    for (query, column) in [("level:high OR level:low", 12), ("NOT guest:true", 1), ("level=high", 1)] {
        let error = Query::parse(query).unwrap_err();
        assert_eq!(error.column, column, "{query}: {error}");
        assert!(error.hint.is_some());
    }
    assert!(Query::parse("\"OR\"").is_ok());
}

#[test]
fn days_are_those_of_the_workspaces_zone_and_the_last_one_is_whole() {
    let mut records = adele();
    records.detections[0].detected_date_time = Timestamp::parse("2026-01-02T19:00:00Z");
    let mut ledger = Ledger::default();
    let matches = |query: &str, ledger: &Ledger| {
        let query = Query::parse_in(query, ledger).unwrap();
        query.matches_user(&records, QueryContext { now: fixture::now(), ledger, tenant: &TenantFacts::default() })
    };
    assert!(matches("detected:2026-01-01..2026-01-02", &ledger) && !matches("detected:2026-01-03..2026-01-03", &ledger));
    let zone = Entry::Setting { name: settings::TIME_ZONE.to_owned(), value: "Asia/Kolkata".to_owned() };
    let (record, _, _) = encode(&Head::default(), fixture::now(), "me", zone).unwrap();
    ledger.apply(&record);
    assert!(matches("detected:2026-01-03..2026-01-03", &ledger) && !matches("detected:2026-01-01..2026-01-02", &ledger));
}

#[test]
fn a_view_that_asks_nothing_adds_nothing() {
    let mut views = Views::default();
    for (name, query) in [("all", "  "), ("nested", "@all @ALL")] {
        views.save(View { name: name.to_owned(), query: query.to_owned(), sort: None, key: None });
    }
    let empty = |query: &str| Query::parse_with(query, &views, Tz::UTC).unwrap().is_empty();
    assert!(empty("") && empty("@all") && empty("@nested @all"));
    assert!(!empty("-@all") && !empty("@all level:high") && !empty("@high-risk"));
}

#[test]
fn a_user_with_thousands_of_each_is_walked_through_once() {
    let mut records = fixture::risky_user("big", "anomalousToken");
    let (detection, sign_in) = (records.detections.remove(0), records.sign_ins.remove(0));
    for number in 0..20_000 {
        let id = format!("s{number}");
        records.sign_ins.push(SignIn { id: id.as_str().into(), ..sign_in.clone() });
        if number >= 10_000 {
            records.detections.push(RiskDetection {
                id: format!("d{number}").as_str().into(),
                request_id: Some(id.as_str().into()),
                ..detection.clone()
            });
        }
    }
    let (ledger, tenant) = (Ledger::default(), TenantFacts::default());
    let context = QueryContext { now: fixture::now(), ledger: &ledger, tenant: &tenant };
    // Looked up one by one these are hundreds of millions of steps.
    assert_eq!(parsed("ip:203.0.113.7").detections_of(&records, context).len(), 10_000);
    assert_eq!(parsed("session:big-session").detections_of(&records, context).len(), 10_000);
    assert_eq!(parsed("tokentheft:true type:anomalousToken").sign_ins_of(&records, context).len(), 20_000);
}

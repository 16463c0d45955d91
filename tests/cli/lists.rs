//! `users`, `sign-ins`, `detections` and `show`, from outside.

use super::support::Home;

#[test]
fn lists_carry_graph_names_and_what_the_console_adds() {
    let home = Home::demo(60);
    let users = home.json(&["users"]);
    let first = &users["value"][0];
    assert_eq!(users["count"], users["value"].as_array().unwrap().len());
    assert!(first["userPrincipalName"].is_string() && first["riskLevel"].is_string(), "{first}");
    for key in ["openDetections", "tokenTheft", "evidence", "deleted", "blocked", "blockedBy", "notes", "waitingSince"] {
        assert!(first["entriage"].as_object().unwrap().contains_key(key), "{key}");
    }
    assert!(home.json(&["detections", "--limit", "1"])["value"][0]["entriage"]["name"].is_string());
    assert!(home.json(&["sign-ins", "--limit", "1"])["value"][0]["entriage"]["detections"].is_array());
}

#[test]
fn open_risk_comes_first_and_a_limit_keeps_the_count() {
    let home = Home::demo(60);
    let users = home.json(&["users", "--limit", "5"]);
    assert_eq!(users["value"].as_array().unwrap().len(), 5);
    assert!(users["count"].as_u64() > Some(5));
    assert!(["atRisk", "confirmedCompromised"].contains(&users["value"][0]["riskState"].as_str().unwrap()));
}

#[test]
fn every_format_lists_the_same_number() {
    let home = Home::demo(60);
    for list in ["users", "sign-ins", "detections"] {
        let count = home.json(&[list])["count"].as_u64().unwrap();
        assert_eq!(home.run(&[list, "--count"]).out.trim(), count.to_string());
        assert_eq!(home.json(&[list, "--count"])["count"], count);
        assert_eq!(home.run(&[list, "--format", "jsonl"]).out.lines().count() as u64, count);
        let csv = home.run(&[list, "--format", "csv"]).out;
        assert_eq!(csv::Reader::from_reader(csv.as_bytes()).records().count() as u64, count);
        assert_eq!(home.run(&[list]).out.lines().count() as u64, count + 1);
    }
}

#[test]
fn a_query_may_be_several_words_and_begin_with_a_negation() {
    let home = Home::demo(60);
    let count = |args: &[&str]| home.json(args)["count"].as_u64().unwrap();
    let (high, rest) = (count(&["users", "level:high"]), count(&["users", "-level:high"]));
    assert_eq!(high + rest, count(&["users"]));
    assert_eq!(count(&["users", "state:atRisk", "level:high"]), count(&["users", "state:atRisk level:high"]));
}

#[test]
fn a_bad_query_points_at_the_place_and_lists_nothing() {
    let home = Home::demo(20);
    let answer = home.run(&["users", "level:purple"]);
    answer.is_usage("level:purple");
    assert!(answer.err.contains('^'), "{}", answer.err);
}

#[test]
fn sorting_goes_by_weight_and_an_unknown_field_names_the_valid_ones() {
    let home = Home::demo(60);
    let users = home.json(&["users", "--sort", "riskLevel:desc"]);
    assert_eq!(users["value"][0]["riskLevel"], "high");
    home.run(&["users", "--sort", "colour"]).is_usage("userPrincipalName");
}

#[test]
fn nothing_that_is_printed_commands_a_terminal() {
    let home = Home::demo(200);
    for args in [&["users"][..], &["users", "--format", "json"], &["users", "--format", "csv"], &["sign-ins"], &["detections"]] {
        let out = home.run(args).out;
        let bad = out.chars().find(|c| (c.is_control() && *c != '\n') || ('\u{202a}'..='\u{202e}').contains(c));
        assert_eq!(bad, None, "{args:?}");
    }
}

#[test]
fn show_finds_a_user_by_id_or_name_and_knows_its_neighbours() {
    let home = Home::demo(60);
    let users = home.json(&["users", "deleted:false", "--limit", "1"]);
    let (id, name) = (users["value"][0]["id"].as_str().unwrap(), users["value"][0]["userPrincipalName"].as_str().unwrap());
    let shown = home.json(&["show", &name.to_uppercase()]);
    assert_eq!(shown["user"]["id"], id);
    for key in ["directory", "signIns", "detections", "history", "notes", "journal"] {
        assert!(!shown[key].is_null(), "{key}");
    }
    let sheet = home.run(&["show", id]);
    assert_eq!(sheet.exit, 0);
    home.run(&["show", &format!("{name}x")]).is_usage(name);
}

#[test]
fn a_note_is_kept_and_searchable() {
    let home = Home::demo(20);
    let users = home.json(&["users", "--limit", "1"]);
    let id = users["value"][0]["id"].as_str().unwrap();
    let noted = home.run(&["note", id, "called", "the user\u{1b}[2J"]);
    assert_eq!((noted.exit, noted.out.as_str()), (0, ""));
    let shown = home.json(&["show", id]);
    assert_eq!(shown["notes"][0]["text"], "called the user\u{1b}[2J");
    assert_eq!(shown["user"]["entriage"]["notes"], 1);
    assert!(!home.run(&["show", id]).out.contains('\u{1b}'));
    assert_eq!(home.json(&["users", "note:called"])["count"], 1);
}

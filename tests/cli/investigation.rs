//! What an investigation asks without a screen: campaigns, what is normal, exact values, days, and views that ask for nothing.

use serde_json::{Value, json};

use super::support::Home;

fn texts<'a>(of: &'a Value, key: &str) -> Vec<&'a str> {
    of.as_array().unwrap().iter().filter_map(|value| value[key].as_str()).collect()
}

#[test]
fn campaigns_are_groups_whose_query_lists_exactly_their_users() {
    let home = Home::demo(200);
    let told = home.json(&["campaigns"]);
    let campaigns = told["value"].as_array().unwrap();
    assert!(campaigns.len() > 2 && told["count"].as_u64().unwrap() >= campaigns.len() as u64, "{told}");
    for campaign in campaigns {
        let query = campaign["query"].as_str().unwrap();
        let listed = home.json(&["users", query]);
        let mut ids = texts(&listed["value"], "id");
        let mut of_campaign: Vec<&str> = campaign["users"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        ids.sort_unstable();
        of_campaign.sort_unstable();
        assert_eq!(ids, of_campaign, "{query}");
        assert_eq!(campaign["userCount"], of_campaign.len());
        for key in ["shares", "burst", "knownUsers", "from", "to", "high", "tokenTheft", "score", "words"] {
            assert!(!campaign[key].is_null(), "{key}: {campaign}");
        }
    }
    let scores: Vec<u64> = campaigns.iter().map(|campaign| campaign["score"].as_u64().unwrap()).collect();
    assert!(scores.windows(2).all(|pair| pair[0] >= pair[1]), "ranked: {scores:?}");
    let table = home.run(&["campaigns"]);
    assert!(table.exit == 0 && table.out.contains("THEY SHARE"), "{}", table.err);
}

/// Graph's list of so many users at high risk.
fn risky_users(ids: &[String], principal_name: impl Fn(&str) -> String) -> String {
    let user = |id: &String| {
        json!({
            "id": id, "userPrincipalName": principal_name(id), "userDisplayName": "Adele", "riskLevel": "high", "riskState": "atRisk",
            "riskDetail": "none", "isDeleted": false, "isProcessing": false, "riskLastUpdatedDateTime": "2026-11-20T10:00:00Z",
        })
    };
    let context = "https://graph.microsoft.com/v1.0/$metadata#identityProtection/riskyUsers";
    json!({"@odata.context": context, "value": ids.iter().map(user).collect::<Vec<_>>()}).to_string()
}

#[test]
fn a_possible_mass_false_positive_is_told_with_who_is_meant() {
    let home = Home::empty();
    let ids: Vec<String> = (0..12).map(|at| format!("{at:08}-1111-1111-1111-111111111111")).collect();
    let detection = |(at, id): (usize, &String)| {
        let time = format!("2026-11-20T10:{at:02}:00Z");
        json!({
            "id": format!("d{at}"), "userId": id, "userPrincipalName": format!("u{at}@contoso.test"), "riskEventType": "leakedCredentials",
            "riskLevel": "high", "riskState": "atRisk", "riskDetail": "none", "detectionTimingType": "offline", "activity": "user",
            "detectedDateTime": time, "activityDateTime": time, "lastUpdatedDateTime": time, "ipAddress": null,
        })
    };
    let context = "https://graph.microsoft.com/v1.0/$metadata#identityProtection/riskDetections";
    let detections: Vec<Value> = ids.iter().enumerate().map(detection).collect();
    let detections = json!({"@odata.context": context, "value": detections}).to_string();
    let (users, detections) = (home.file("users.json", &risky_users(&ids, str::to_owned)), home.file("detections.json", &detections));
    let imported = home.run(&["import", &users.display().to_string(), &detections.display().to_string()]);
    assert_eq!(imported.exit, 0, "{}", imported.err);
    let event = home.json(&["campaigns"])["possibleMassFalsePositive"].clone();
    assert_eq!(
        (&event["riskEventType"], &event["users"], &event["otherwiseNormal"]),
        (&"leakedCredentials".into(), &12.into(), &12.into())
    );
    let listed = home.json(&["users", event["query"].as_str().unwrap()]);
    assert_eq!((&listed["count"], event["ids"].as_array().unwrap().len()), (&12.into(), 12));
    let told = home.run(&["campaigns"]).err;
    let hint = told.split("entriage users ").nth(1).unwrap_or_else(|| panic!("{told}")).trim();
    assert!(told.contains("possible mass false positive") && hint.starts_with('\'') && hint.ends_with('\''), "to be typed off: {hint}");
}

#[test]
fn a_tenant_without_campaigns_is_no_error() {
    let home = Home::demo(1);
    assert_eq!(home.json(&["campaigns"])["count"], 0);
    home.run(&["campaigns", "--format", "xml"]).is_usage("xml");
}

#[test]
fn what_is_normal_is_shown_with_what_it_was_counted_among() {
    let home = Home::demo(60);
    let user = home.user("state:atRisk type:anomalousToken");
    let normal = home.json(&["show", &user])["normal"].clone();
    assert_eq!(normal, home.json(&["explain", &user])["normal"], "the same that explain says");
    let first = &normal[0];
    let properties = texts(&first["properties"], "property");
    assert_eq!(properties[..3], ["ipAddress", "autonomousSystemNumber", "city"]);
    let all = first["among"].as_u64().unwrap();
    for finding in first["properties"].as_array().unwrap() {
        match finding["normal"].as_str().unwrap() {
            "new" => assert!(finding["among"].as_u64().is_some_and(|among| (1..=all).contains(&among)), "{finding}"),
            "seen" => assert!(finding["times"].as_u64() <= finding["among"].as_u64() && finding["last"].is_string(), "{finding}"),
            word => assert!(["unknown", "noOtherSignIns"].contains(&word), "{finding}"),
        }
    }
    assert!(home.run(&["show", &user]).out.contains("Normal for this user ("));
}

#[test]
fn a_whole_value_is_no_part_of_another_one() {
    let home = Home::demo(200);
    let user = home.user("state:atRisk");
    assert_eq!(home.json(&["users", &format!("user:={user}")])["count"], 1);
    let name = user.split('@').next().unwrap();
    assert_eq!(home.json(&["users", &format!("user:={name}")])["count"], 0);
    assert!(home.json(&["users", &format!("user:{name}")])["count"].as_u64() >= Some(1));
    let answer = home.run(&["users", "user:="]);
    answer.is_usage("nothing after the =");
    assert!(answer.err.contains("user:=\"value\""), "{}", answer.err);
}

#[test]
fn days_of_a_range_are_whole_and_of_the_workspaces_zone() {
    let home = Home::demo(120);
    let count = |query: &str| home.json(&["detections", query])["count"].as_u64().unwrap();
    let newest = home.json(&["detections", "--limit", "1"])["value"][0]["detectedDateTime"].as_str().unwrap().to_owned();
    let day = newest.split('T').next().unwrap();
    assert_eq!(count(&format!("detected:{day}..{day}")), count(&format!("detected:{day}T00:00:00Z..{day}T23:59:59.999Z")));
    assert!(count(&format!("detected:{day}..{day}")) > 0);
    home.run(&["users", &format!("detected:{day}..2020-01-01")]).is_usage("ends before it begins");
    assert_eq!(home.run(&["settings", "timeZone", "asia/kolkata"]).exit, 2, "its name as it is written");
    assert_eq!(home.run(&["settings", "timeZone", "Asia/Kolkata"]).exit, 0);
    assert_eq!(home.run(&["settings", "timeZone"]).out, "Asia/Kolkata\n");
    assert_eq!(count(&format!("detected:{day}..{day}")), count(&format!("detected:{day}T00:00:00+05:30..{day}T23:59:59.999+05:30")));
    home.run(&["settings", "timeZone", "Mars"]).is_usage("IANA");
}

#[test]
fn a_view_that_asks_for_nothing_aims_no_action() {
    let home = Home::demo(40);
    home.run(&["views", "save", "everybody", "  "]).is_usage("would ask for nothing");
    // The console saves the filter that holds, which may be empty.
    home.run(&["plan", "dismissUserRisk", ""]).is_usage("the query is empty");
    home.run(&["act", "dismissUserRisk", "@nothing", "--reason", "x", "--confirm", "1"]).is_usage("no saved view");
}

#[test]
fn an_empty_answer_names_the_view_and_what_it_asks_for() {
    let home = Home::demo(40);
    assert_eq!(home.run(&["views", "save", "nobody", "level:high", "level:low"]).exit, 0);
    let answer = home.run(&["users", "@nobody", "--format", "json"]);
    assert_eq!((answer.exit, &answer.json()["count"]), (0, &0.into()));
    assert!(answer.err.contains("nothing matches; @nobody asks for level:high level:low"), "{}", answer.err);
    let planned = home.run(&["plan", "dismissUserRisk", "@nobody", "--reason", "it's me"]);
    planned.is_usage("nothing matches @nobody: @nobody asks for level:high level:low");
}

#[test]
fn a_verdict_is_given_as_people_write_it_taken_back_and_listed() {
    let home = Home::demo(40);
    let user = home.user("level:high");
    for (given, kept) in [("FP", "falsePositive"), ("benign true positive", "benignTruePositive"), ("true-positive", "truePositive")] {
        assert_eq!(home.json(&["case", &user, "--verdict", given])["verdict"], kept);
    }
    assert_eq!(home.json(&["users", "--verdict", "tp"])["count"], 1);
    assert_eq!(home.json(&["users", "verdict:tp", "level:high", "--verdict", "none"])["count"], 0);
    assert_eq!(home.json(&["users", "--verdict", "none"])["count"], 39);
    let back = home.json(&["case", &user, "--verdict", "none"]);
    assert_eq!((&back["verdict"], &back["verdictBy"], &back["status"]), (&Value::Null, &Value::Null, &"open".into()));
    assert!(home.run(&["case", &user, "--verdict", "none"]).err.contains("nothing was changed"));
    home.run(&["case", &user, "--verdict", "maybe"]).is_usage("falsePositive");
    assert_eq!(home.run(&["journal", "verify"]).exit, 0);
}

#[test]
fn a_bundle_refuses_a_name_of_two_accounts_and_names_both() {
    let home = Home::empty();
    let ids = ["11111111-1111-1111-1111-111111111111", "22222222-2222-2222-2222-222222222222"].map(str::to_owned);
    let text = risky_users(&ids, |_| "adele@contoso.test".to_owned());
    let file = home.file("users.json", &text).display().to_string();
    let imported = home.run(&["import", &file]);
    assert_eq!(imported.exit, 0, "{}", imported.err);
    let to = home.path().join("out").display().to_string();
    let answer = home.run(&["bundle", "adele@contoso.test", "--output", &to]);
    answer.is_usage("names more than one account");
    assert!(answer.err.contains("11111111-") && answer.err.contains("22222222-"), "{}", answer.err);
    assert!(!home.path().join("out").exists());
    assert_eq!(home.run(&["bundle", "22222222-2222-2222-2222-222222222222", "--output", &to]).exit, 0);
}

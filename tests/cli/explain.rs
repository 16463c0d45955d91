//! `explain` and `safe:`, from outside.

use serde_json::Value;

use super::support::Home;

const DOCUMENTED: [&str; 15] = [
    "self-remediation by MFA",
    "secure password change",
    "self-service reset",
    "temporary password",
    "required password change",
    "on-premises change",
    "dismiss",
    "confirm compromised",
    "confirm safe",
    "exclude from policy",
    "disable policy",
    "sign in from a familiar location or device",
    "trust the IP",
    "modern authentication",
    "support case for a deleted user",
];

fn ids(home: &Home, query: &str) -> Vec<String> {
    let users = home.json(&["users", query]);
    users["value"].as_array().unwrap().iter().map(|user| user["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn an_explanation_says_all_that_the_design_promises() {
    let home = Home::demo(200);
    for query in ["state:atRisk tokentheft:true", "blocked:userRisk", "blocked:builtInProtection", "blocked:smartLockout", "deleted:true"] {
        let id = &ids(&home, query)[0];
        let explanation = home.json(&["explain", id]);
        assert_eq!(explanation["user"], id.as_str());
        for key in ["userPrincipalName", "atRisk", "blocked", "why", "notSafe", "situation", "verdicts", "advice"] {
            assert!(explanation.as_object().unwrap().contains_key(key), "{key}");
        }
        assert!(explanation["blocked"].as_object().unwrap().contains_key("value") && explanation["blocked"]["by"].is_array());
        let fact = &explanation["situation"]["riskState"];
        assert_eq!((&fact["value"], &fact["source"]), (&"atRisk".into(), &"riskyUser".into()), "{query}");
        if query == "deleted:true" {
            let case =
                explanation["advice"].as_array().unwrap().iter().find(|option| option["option"] == "support case for a deleted user");
            let case = case.unwrap()["effect"].as_str().unwrap();
            let tenant_id = case.split_once("Tenant ID: ").unwrap().1.lines().next().unwrap();
            assert_eq!((tenant_id.len(), tenant_id.matches('-').count()), (36, 4), "{case}");
        }
        let sign_ins = home.json(&["show", id])["signIns"].as_array().cloned().unwrap_or_default();
        if let Some(request) = sign_ins.first().and_then(|sign_in| sign_in["id"].as_str()) {
            assert_eq!(home.json(&["explain", request])["user"], id.as_str(), "a sign-in stands for its user");
        }
        assert!(explanation["safe"].is_boolean() || explanation["safe"].is_null());
        // Nobody can say anymore what it was, of an account that is deleted.
        assert_eq!(explanation["verdicts"].as_array().unwrap().len(), if query == "deleted:true" { 0 } else { 4 }, "{query}");
        let advice = explanation["advice"].as_array().unwrap();
        for option in DOCUMENTED {
            let found: Vec<&Value> = advice.iter().filter(|advice| advice["option"] == option).collect();
            assert_eq!(found.len(), 1, "{option}");
            for key in ["section", "group", "available", "because", "effect"] {
                assert!(found[0].as_object().unwrap().contains_key(key), "{option}: {key}");
            }
        }
    }
}

#[test]
fn whoever_is_blocked_is_told_why_and_the_ways_out_come_first() {
    let home = Home::demo(200);
    let id = &ids(&home, "blocked:builtInProtection")[0];
    let explanation = home.json(&["explain", id]);
    assert_eq!(explanation["blocked"]["by"][0], "builtInProtection");
    assert_eq!(explanation["advice"][0]["option"], "trust the IP");
    assert!(explanation["advice"][0]["addresses"].is_array(), "{}", explanation["advice"][0]);
    let page = home.run(&["explain", id]);
    assert!(page.out.contains("Blocked: yes, by built-in protection") && page.out.contains("To unblock the user"), "{}", page.out);
    let line = home.run(&["explain", id, "--format", "jsonl"]);
    assert_eq!((line.exit, line.out.lines().count()), (0, 1));
}

#[test]
fn the_page_for_people_leaves_out_neither_a_fact_nor_what_an_option_would_do() {
    let home = Home::demo(200);
    // What wraps or is made safe on the page is compared without blanks.
    let plain = |text: &str| text.split_whitespace().collect::<String>();
    for query in ["state:atRisk tokentheft:true", "blocked:builtInProtection", "deleted:true"] {
        let id = &ids(&home, query)[0];
        let (explanation, page) = (home.json(&["explain", id]), home.run(&["explain", id]).out);
        let told = plain(&page);
        let (_, situation) = page.split_once("\nSituation\n").unwrap_or_else(|| panic!("{query}: {page}"));
        for (name, fact) in explanation["situation"].as_object().unwrap() {
            let line =
                situation.lines().find(|line| line.starts_with(&format!("  - {name}: "))).unwrap_or_else(|| panic!("{name}: {page}"));
            let source = fact["source"].as_str().unwrap();
            assert!(line.ends_with(&format!(" ({source})")), "{line}");
            assert_eq!(fact["value"].is_null(), line.contains(": not known ("), "{line}");
        }
        for advice in explanation["advice"].as_array().unwrap() {
            let effect = advice["effect"].as_str().unwrap();
            assert!(!effect.is_empty() && told.contains(&plain(effect)), "{query}: {} {effect}\n{page}", advice["option"]);
        }
        let unavailable = explanation["advice"].as_array().unwrap().iter().filter(|advice| advice["available"] == false).count();
        assert!(unavailable > 0 && page.matches("If it could be done: ").count() == unavailable, "{query}: {page}");
    }
}

#[test]
fn no_explanation_commands_a_terminal() {
    let home = Home::demo(200);
    for id in ids(&home, "blocked:true").iter().chain(&ids(&home, "deleted:true")) {
        let out = home.run(&["explain", id]).out;
        assert_eq!(out.chars().find(|c| (c.is_control() && *c != '\n') || ('\u{202a}'..='\u{202e}').contains(c)), None, "{id}");
    }
}

#[test]
fn an_evidence_workspace_explains_and_starts_nothing() {
    let home = Home::empty();
    let user =
        r#"{"value":[{"id":"u-1","userPrincipalName":"adele@contoso.test","riskLevel":"high","riskState":"atRisk","isDeleted":true}]}"#;
    let file = home.file("riskyUsers.json", user).display().to_string();
    assert_eq!(home.run(&["import", &file]).exit, 0);
    let explanation = home.json(&["explain", "adele@contoso.test"]);
    for advice in explanation["advice"].as_array().unwrap().iter().filter(|advice| advice.get("action").is_some()) {
        assert_eq!(advice["available"], false, "{advice}");
    }
    let case = explanation["advice"].as_array().unwrap().iter().find(|advice| advice["option"] == DOCUMENTED[14]).unwrap();
    assert!(case["available"] == true && case["effect"].as_str().unwrap().contains("Object ID: u-1"), "{case}");
}

#[test]
fn an_unknown_user_is_wrong_usage() {
    let home = Home::demo(20);
    home.run(&["explain", "nobody@contoso.test"]).is_usage("nobody@contoso.test");
    assert_eq!(home.run(&["explain"]).exit, 2);
}

#[test]
fn a_dismissed_user_with_the_old_password_is_found_by_not_being_safe() {
    let home = Home::demo(60);
    let id = &ids(&home, "state:atRisk tokentheft:false deleted:false privileged:false evidence:fresh")[0];
    let before = home.json(&["users", "safe:no"])["count"].as_u64().unwrap();
    let answer = home.run(&["act", "dismissUserRisk", "--user", id, "--reason", "test", "--include-caution", "--confirm", "1"]);
    assert_eq!(answer.exit, 0, "{}", answer.err);
    assert_eq!(home.json(&["users", "safe:no"])["count"].as_u64().unwrap(), before + 1);
    let user = &home.json(&["users", &format!("user:{id}")])["value"][0];
    assert!(user["entriage"]["notSafe"].as_array().unwrap().iter().any(|word| word == "passwordOlderThanDetection"), "{user}");
    assert_eq!(home.json(&["explain", id])["notSafe"], user["entriage"]["notSafe"]);
}

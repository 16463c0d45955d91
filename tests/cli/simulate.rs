//! `simulate`, from outside.

use serde_json::Value;

use super::support::{Answer, Home};

/// The principal name of the first user that matches.
fn first(home: &Home, query: &[&str]) -> String {
    let users = home.json(&[&["users"], query].concat());
    users["value"][0]["userPrincipalName"].as_str().unwrap_or_else(|| panic!("{query:?}: {users}")).to_owned()
}

fn simulate(home: &Home, args: &[&str]) -> Answer {
    home.run(&[&["simulate"], args].concat())
}

/// What is answered, which has the exit code that belongs to it.
fn answered(home: &Home, args: &[&str]) -> (bool, String) {
    let answer = simulate(home, args);
    let value = answer.json();
    let applied = value["applied"].as_bool().unwrap();
    assert_eq!((answer.exit, answer.out.lines().count()), (i32::from(!applied), 1), "{}", answer.err);
    (applied, value["because"].as_str().unwrap().to_owned())
}

fn shown(home: &Home, user: &str) -> Value {
    home.json(&["show", user])
}

#[test]
fn a_risky_sign_in_is_shown_at_once_and_closed_by_multifactor_authentication() {
    let home = Home::demo(60);
    let user = first(&home, &["state:none", "mfa:true", "hybrid:false", "guest:false", "enabled:true", "deleted:false", "blocked:false"]);
    let sign_ins = shown(&home, &user)["signIns"].as_array().unwrap().len();
    assert!(answered(&home, &["sign-in", "--user", &user]).0);
    let seen = shown(&home, &user);
    assert_eq!((&seen["user"]["riskState"], &seen["user"]["riskLevel"]), (&"atRisk".into(), &"medium".into()));
    assert_eq!(seen["signIns"].as_array().unwrap().len(), sign_ins + 1);
    assert_eq!(seen["detections"][0]["riskEventType"], "unfamiliarFeatures");
    assert!(answered(&home, &["mfa-passed", "--user", &user]).0);
    assert_eq!(shown(&home, &user)["user"]["riskDetail"], "userPassedMFADrivenByRiskBasedPolicy");
    let (applied, because) = answered(&home, &["mfa-passed", "--user", &user]);
    assert!(!applied && because.contains("no sign-in at risk"), "{because}");
}

#[test]
fn token_theft_is_not_closed_by_multifactor_authentication() {
    let home = Home::demo(60);
    let user = first(&home, &["state:none", "mfa:true", "hybrid:false", "guest:false", "enabled:true", "deleted:false", "blocked:false"]);
    assert!(answered(&home, &["sign-in", "--user", &user, "--detection", "anomalousToken", "--level", "high"]).0);
    for event in ["mfa-passed", "system-dismissal"] {
        let (applied, because) = answered(&home, &[event, "--user", &user]);
        assert!(!applied && because.contains("token theft"), "{because}");
    }
    assert_eq!(shown(&home, &user)["user"]["riskState"], "atRisk");
    assert!(answered(&home, &["secure-password-change", "--user", &user]).0);
    assert_eq!(shown(&home, &user)["user"]["riskState"], "remediated");
}

#[test]
fn what_was_not_stated_counts_as_not_so_and_is_named() {
    let home = Home::demo(60);
    let user = first(&home, &["state:atRisk", "hybrid:true", "deleted:false"]);
    let (applied, because) = answered(&home, &["on-premises-password-change", "--user", &user]);
    assert!(!applied && because.contains("entriage settings passwordHashSync true"), "{because}");
}

#[test]
fn a_deleted_user_stays_in_the_reports() {
    let home = Home::demo(60);
    let user = first(&home, &["state:atRisk", "deleted:false", "sspr:true"]);
    assert!(answered(&home, &["user-deleted", "--user", &user]).0);
    let seen = shown(&home, &user);
    assert_eq!((&seen["user"]["isDeleted"], &seen["user"]["riskState"]), (&true.into(), &"atRisk".into()));
    let (applied, because) = answered(&home, &["self-service-reset", "--user", &user]);
    assert!(!applied && because.contains("support case"), "{because}");
}

#[test]
fn wrong_usage_and_other_workspaces_are_told_what_to_do() {
    let home = Home::demo(20);
    simulate(&home, &["earthquake", "--user", "x"]).is_usage("mfa-passed");
    simulate(&home, &["mfa-passed", "--user", "nobody@contoso.test"]).is_usage("no user");
    let user = first(&home, &["state:atRisk", "deleted:false"]);
    simulate(&home, &["mfa-passed", "--user", &user, "--level", "low"]).is_usage("--level");
    simulate(&home, &["user-deleted", "--user", &user, "--sign-in", "x"]).is_usage("--sign-in");
    simulate(&home, &["mfa-passed", "--user", &user, "--sign-in", "x"]).is_usage("no sign-in with this id");
    simulate(&home, &["sign-in", "--user", &user, "--detection", "x"]).is_usage("no such detection type");
    assert_eq!(simulate(&home, &["--read-only", "user-deleted", "--user", &user]).exit, 4);
    let table = simulate(&home, &["user-deleted", "--user", &user, "--format", "table"]);
    assert!(table.exit == 0 && table.out.starts_with("applied: "), "{}", table.out);

    let file = home.file("users.json", r#"{"value":[{"id":"u1","userPrincipalName":"adele@contoso.test","riskState":"atRisk"}]}"#);
    assert_eq!(home.run(&["import", &file.display().to_string()]).exit, 0);
    simulate(&home, &["sign-in", "--user", "adele@contoso.test"]).is_usage("confirmUserCompromised");
}

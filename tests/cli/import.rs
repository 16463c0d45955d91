//! `import` and evidence workspaces, from outside.

use super::support::Home;

const USERS: &str = r#"{"value":[
    {"id":"6a2f0a0e-0000-4000-8000-000000000001","userPrincipalName":"adele@contoso.test","userDisplayName":"Adele Vance",
     "riskLevel":"high","riskState":"atRisk","riskDetail":"none","riskLastUpdatedDateTime":"2026-11-22T10:00:00Z",
     "isDeleted":false,"isProcessing":false},
    {"id":"6a2f0a0e-0000-4000-8000-000000000002","userPrincipalName":"alex@contoso.test","userDisplayName":"Alex Wilber",
     "riskLevel":"low","riskState":"dismissed","riskDetail":"none","riskLastUpdatedDateTime":"2026-11-21T10:00:00Z",
     "isDeleted":false,"isProcessing":false}]}"#;

#[test]
fn files_become_an_evidence_workspace_and_the_second_time_nothing_changes() {
    let home = Home::empty();
    let file = home.file("riskyUsers.json", USERS).display().to_string();
    let first = home.json(&["import", &file]);
    assert_eq!((&first["read"], &first["rejected"], &first["skipped"]), (&2.into(), &0.into(), &0.into()));
    assert!(!first["found"].as_object().unwrap().is_empty());
    let second = home.json(&["import", &file]);
    assert_eq!((&second["updated"], &second["skipped"]), (&0.into(), &2.into()));
    // It is the workspace used last now.
    assert_eq!(home.json(&["users"])["count"], 2);
    assert_eq!(home.json(&["users", "level:high"])["value"][0]["userDisplayName"], "Adele Vance");
    assert_eq!(home.json(&["--workspace", "evidence", "users"])["count"], 2);
}

#[test]
fn standard_input_and_a_name_of_its_own() {
    let home = Home::empty();
    let answer = home.run_with(&["import", "-", "--as", "case-7", "--format", "json"], USERS);
    assert_eq!(answer.exit, 0, "{}", answer.err);
    assert_eq!(home.json(&["users", "--workspace", "case-7"])["count"], 2);
}

#[test]
fn there_is_nowhere_to_send_to() {
    let home = Home::empty();
    let file = home.file("riskyUsers.json", USERS).display().to_string();
    assert_eq!(home.run(&["import", &file]).exit, 0);
    let plan = home.run(&["plan", "dismissUserRisk", "state:atRisk"]).json();
    assert!(plan["targets"][0]["because"].as_array().unwrap().contains(&"evidenceWorkspace".into()), "{plan}");
    let answer = home.run(&["act", "dismissUserRisk", "state:atRisk", "--confirm", "1"]);
    assert_eq!(answer.exit, 4, "{}", answer.err);
    assert!(answer.err.contains("imported files"), "{}", answer.err);
}

#[test]
fn what_cannot_be_read_is_named_and_the_rest_is_kept() {
    let home = Home::empty();
    let good = home.file("riskyUsers.json", USERS).display().to_string();
    let bad = home.path().join("missing.json").display().to_string();
    let answer = home.run(&["import", &good, &bad, "--format", "json"]);
    assert_eq!(answer.exit, 1, "{}", answer.err);
    let report = answer.json();
    assert_eq!((&report["read"], &report["problems"][0]["file"]), (&2.into(), &bad.clone().into()));
    let nothing = home.run(&["import", &bad]);
    assert_eq!(nothing.exit, 2);
    assert!(nothing.err.contains("missing.json"), "{}", nothing.err);
}

#[test]
fn nothing_readable_makes_no_workspace() {
    let home = Home::empty();
    assert_eq!(home.run(&["import", "/nowhere/at-all.json"]).exit, 2);
    assert_eq!(home.json(&["paths"])["workspaces"].as_array().map(Vec::len), Some(0));
}

#[test]
fn imported_evidence_outlives_its_cache() {
    let home = Home::empty();
    let file = home.file("riskyUsers.json", USERS);
    assert_eq!(home.run(&["import", &file.display().to_string()]).exit, 0);
    std::fs::remove_file(&file).unwrap();
    let cache = file.parent().unwrap().join("home/workspaces/evidence/cache");
    for entry in std::fs::read_dir(cache).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            std::fs::write(path, b"\x00\xff not a cache").unwrap();
        }
    }
    let listed = home.run(&["users", "--count"]);
    assert_eq!((listed.exit, listed.out.trim()), (0, "2"), "{}", listed.err);
    assert!(listed.err.contains("set aside"), "{}", listed.err);
}

#[test]
fn a_journal_that_is_gone_is_not_an_empty_one() {
    let home = Home::empty();
    let file = home.file("riskyUsers.json", USERS);
    assert_eq!(home.run(&["import", &file.display().to_string()]).exit, 0);
    let workspace = file.parent().unwrap().join("home/workspaces/evidence");
    std::fs::remove_file(workspace.join("journal.jsonl")).unwrap();
    std::fs::remove_file(workspace.join("journal.head")).unwrap();
    let verified = home.run(&["journal", "verify"]);
    assert_eq!(verified.exit, 3, "{}", verified.out);
    assert!(verified.err.contains("removed"), "{}", verified.err);
}

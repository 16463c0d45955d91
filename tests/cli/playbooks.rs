//! `secureAccount` and `remediatedElsewhere`, from outside.

use serde_json::{Value, json};

use super::support::{Answer, Home};

const ORDINARY: &str = "state:atRisk mfa:true hybrid:false guest:false enabled:true deleted:false privileged:false tokentheft:false";
const STEPS: [&str; 5] = ["confirmUserCompromised", "generateTemporaryPassword", "blockSignIn", "revokeSessions", "disableDevices"];

fn secure(home: &Home, more: &[&str]) -> Answer {
    let args = ["act", "secureAccount", "--reason", "PT-118", "--include-caution", "--confirm", "1", "--format", "json"];
    home.run(&[&args[..], more].concat())
}

/// Somebody who has a device, so that every step has somebody.
fn owner_of_a_device(home: &Home) -> String {
    let users = home.json(&["users", ORDINARY]);
    let names = users["value"].as_array().unwrap().iter().map(|user| user["userPrincipalName"].as_str().unwrap().to_owned());
    names
        .into_iter()
        .find(|name| home.plan(&["disableDevices", "--user", name])["targets"][0]["verdict"] != "refused")
        .expect("somebody has a device")
}

/// The playbook in the list of jobs.
fn listed(home: &Home, action: &str) -> Value {
    let jobs = home.json(&["jobs"]);
    jobs["value"].as_array().unwrap().iter().find(|job| job["action"] == action).unwrap().clone()
}

fn states(playbook: &Value) -> Vec<(&str, &str)> {
    let steps = playbook["steps"].as_array().unwrap().iter();
    steps.map(|step| (step["action"].as_str().unwrap(), step["state"].as_str().unwrap())).collect()
}

#[test]
fn an_account_is_secured_step_by_step_and_blocked_only_where_asked() {
    for block in [false, true] {
        let home = Home::demo(60);
        let user = owner_of_a_device(&home);
        let flags: &[&str] = if block { &["--user", &user, "--block"] } else { &["--user", &user] };
        let answer = secure(&home, flags);
        assert_eq!(answer.exit, 0, "{}", answer.err);
        let told = answer.err.lines().filter(|line| line.contains(": done, 1 of 1 verified")).count();
        assert_eq!(told, if block { 5 } else { 4 }, "each step says when it is done: {}", answer.err);
        let steps: Vec<&str> = STEPS.into_iter().filter(|step| block || *step != "blockSignIn").collect();
        let report = answer.json();
        let done: Vec<(&Value, &Value)> =
            report["value"].as_array().unwrap().iter().map(|item| (&item["action"], &item["outcome"])).collect();
        let (verified, expected): (Value, Vec<Value>) = ("verified".into(), steps.iter().map(|step| json!(step)).collect());
        assert_eq!(done, expected.iter().map(|step| (step, &verified)).collect::<Vec<_>>());
        assert_eq!(report["temporaryPasswords"].as_array().map(Vec::len), Some(1));
        let password = report["temporaryPasswords"][0]["temporaryPassword"].as_str().unwrap();
        assert_eq!(answer.out.matches(password).count(), 1, "{}", answer.out);
        assert!(!answer.err.contains(password) && !home.journal().contains(password));
        let playbook = listed(&home, "secureAccount");
        assert_eq!((&playbook["state"], &playbook["verified"]), (&json!("done"), &json!(steps.len())));
        assert_eq!(states(&playbook), steps.iter().map(|step| (*step, "verified")).collect::<Vec<_>>());
        let plan = home.plan(&["blockSignIn", "--user", &user]);
        assert_eq!(plan["targets"][0]["verdict"] == "refused", block, "{plan}");
        home.run(&["jobs", "resume", &report["job"].to_string()]).is_usage("ended");
    }
}

#[test]
fn a_step_that_the_tenant_refuses_hinders_no_other_and_is_told() {
    let home = Home::with_faults(60, r#"[{"actions":["revokeSessions"],"does":"poison"}]"#);
    let user = owner_of_a_device(&home);
    let answer = secure(&home, &["--user", &user, "--block"]);
    assert_eq!(answer.exit, 1, "{}", answer.err);
    let report = answer.json();
    assert_eq!((&report["verified"], &report["failed"], &report["state"]), (&4.into(), &1.into(), &"open".into()));
    let failed = report["value"].as_array().unwrap().iter().find(|item| item["outcome"] == "failed").unwrap();
    assert!(failed["action"] == "revokeSessions" && failed["because"].is_string(), "{failed}");
    let playbook = listed(&home, "secureAccount");
    let state = |step: &str| states(&playbook).into_iter().find(|(action, _)| *action == step).unwrap().1;
    assert_eq!((state("revokeSessions"), state("disableDevices")), ("unfinished", "verified"));
    // Going on tries the step that failed again, and nothing else; cancelling ends it.
    assert!(answer.err.contains(&format!("entriage jobs resume {}", report["job"])), "{}", answer.err);
    let again = home.run(&["jobs", "resume", &report["job"].to_string(), "--format", "json"]);
    assert_eq!((again.exit, again.json()["failed"].clone()), (1, 1.into()), "{}", again.err);
    let cancelled = home.run(&["jobs", "cancel", &report["job"].to_string()]);
    assert!(cancelled.exit < 2, "{}", cancelled.err);
    home.run(&["jobs", "resume", &report["job"].to_string()]).is_usage("ended");
}

#[test]
fn each_step_is_confirmed_by_itself_where_that_is_asked_for() {
    let home = Home::with_faults(60, r#"[{"actions":["revokeSessions"],"does":"poison","times":1}]"#);
    let user = owner_of_a_device(&home);
    let begun =
        home.run(&["act", "secureAccount", "--user", &user, "--reason", "PT-118", "--include-caution", "--confirm", "1", "--each-step"]);
    assert_eq!(begun.exit, 0, "{}", begun.err);
    assert!(begun.err.contains("generateTemporaryPassword") && begun.err.contains("jobs resume"), "{}", begun.err);
    let id = listed(&home, "secureAccount")["id"].to_string();
    let resume = |more: &[&str]| home.run(&[&["jobs", "resume", &id][..], more].concat());
    let states = || -> Vec<String> {
        let playbook = listed(&home, "secureAccount");
        playbook["steps"].as_array().unwrap().iter().map(|step| step["state"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(states(), ["waiting"; 4], "nothing is sent before a step is confirmed");
    assert!(!home.journal().contains("\"intent\""));
    let shown = resume(&[]);
    assert!(shown.exit == 2 && shown.out.contains("will be confirmed compromised"), "{}", shown.err);
    resume(&["--confirm", "1"]).is_usage("--step");
    resume(&["--step", "confirmUserCompromised", "--confirm", "2"]).is_usage("1");
    let first = resume(&["--step", "confirmUserCompromised", "--confirm", "1"]);
    assert_eq!(first.exit, 0, "{}", first.err);
    assert!(first.err.contains("next of job") && first.err.contains("temporary password"), "{}", first.err);
    assert_eq!(states(), ["verified", "waiting", "waiting", "waiting"]);
    resume(&["--step", "disableDevices", "--confirm", "1"]).is_usage("not");
    let again = resume(&["--step", "confirmUserCompromised", "--confirm", "1"]);
    assert!(again.exit == 2 && again.err.contains("is done already"), "the same once more does nothing else: {}", again.err);
    resume(&["--skip", "x"]).is_usage("--step");
    resume(&["--step", "generateTemporaryPassword", "--skip", " "]).is_usage("reason");
    resume(&["--step", "dismissUserRisk", "--confirm", "1"]).is_usage("no step of job");
    resume(&["--step", "confirmUserCompromised", "--skip", "x"]).is_usage("is not left out");
    let left_out = resume(&["--step", "generateTemporaryPassword", "--skip", "the service desk did it"]);
    assert_eq!(left_out.exit, 0, "{}", left_out.err);
    let failed = resume(&["--step", "revokeSessions", "--confirm", "1"]);
    assert_eq!(failed.exit, 1, "{}", failed.err);
    let last = resume(&["--step", "disableDevices", "--confirm", "1"]);
    assert_eq!(last.exit, 1, "a step before it failed: {}", last.err);
    assert!(last.err.contains("stays open") && last.err.contains("revokeSessions"), "{}", last.err);
    assert_eq!(states(), ["verified", "skipped", "unfinished", "verified"]);
    let shown = resume(&["--step", "revokeSessions"]);
    assert!(shown.err.contains(&format!("entriage jobs resume {id} --step revokeSessions --confirm 1")), "{}", shown.err);
    let again = resume(&["--step", "revokeSessions", "--confirm", "1"]);
    assert_eq!(again.exit, 0, "{}", again.err);
    assert!(again.err.contains("every step is settled"), "{}", again.err);
    assert_eq!(listed(&home, "secureAccount")["state"], "done");
    resume(&[]).is_usage("ended");
    resume(&["--step", "revokeSessions", "--confirm", "1"]).is_usage("ended");
}

#[test]
fn what_is_confirmed_is_the_step_that_was_shown_and_no_other() {
    let home = Home::demo(60);
    let user = owner_of_a_device(&home);
    let begin = ["act", "secureAccount", "--user", &user, "--reason", "PT-118", "--include-caution", "--confirm", "1", "--each-step"];
    assert_eq!(home.run(&begin).exit, 0);
    let id = listed(&home, "secureAccount")["id"].to_string();
    assert_eq!(home.json(&["explain", &user])["checklists"], json!([id.parse::<u64>().unwrap()]));
    let second = home.run(&begin);
    assert!(second.exit == 3 && second.err.contains(&format!("entriage jobs resume {id}")), "one checklist a user: {}", second.err);
    // The step is done elsewhere before it is confirmed: the number is not spent on the next one.
    let elsewhere =
        home.run(&["act", "confirmUserCompromised", "--user", &user, "--reason", "PT-118", "--include-caution", "--confirm", "1"]);
    assert_eq!(elsewhere.exit, 0, "{}", elsewhere.err);
    let confirmed = home.run(&["jobs", "resume", &id, "--step", "confirmUserCompromised", "--confirm", "1"]);
    assert!(confirmed.exit == 2 && confirmed.err.contains("nobody is left"), "{}", confirmed.err);
    assert!(confirmed.out.is_empty() && !home.journal().contains("passwordsTold"), "{}", confirmed.out);
    let shown = home.run(&["jobs", "resume", &id]);
    assert!(
        shown.err.contains("left out: already in that state") && shown.err.contains("--step generateTemporaryPassword"),
        "{}",
        shown.err
    );
    // Another password would take the one that was told from the user.
    let by_hand =
        home.run(&["act", "generateTemporaryPassword", "--user", &user, "--reason", "PT-118", "--include-caution", "--confirm", "1"]);
    assert_eq!(by_hand.exit, 0, "{}", by_hand.err);
    let next = home.run(&["jobs", "resume", &id, "--step", "generateTemporaryPassword", "--confirm", "1"]);
    assert!(next.exit == 2 && next.err.contains("temporary password was told"), "{}", next.err);
    // A step that is named and has nothing to do is no reason to do another.
    let named = home.run(&["jobs", "resume", &id, "--step", "confirmUserCompromised", "--confirm", "1"]);
    assert!(named.exit == 2 && named.err.contains("nobody is left"), "{}", named.err);
    assert!(listed(&home, "secureAccount")["steps"].as_array().unwrap().iter().all(|step| step["state"] != "verified"));
}

#[test]
fn each_step_is_for_checklists_alone() {
    let home = Home::demo(60);
    let user = owner_of_a_device(&home);
    home.run(&["act", "revokeSessions", "--user", &user, "--confirm", "1", "--each-step"]).is_usage("--each-step is for");
    let answer = secure(&home, &["--user", &user]);
    let job = answer.json()["job"].to_string();
    home.run(&["jobs", "resume", &job, "--step", "revokeSessions", "--skip", "x"]).is_usage("step by step");
}

#[test]
fn a_step_whose_answer_is_lost_is_read_back_and_not_sent_twice() {
    let home = Home::with_faults(60, r#"[{"actions":["blockSignIn"],"times":1,"does":"breakAfter"}]"#);
    let user = owner_of_a_device(&home);
    let answer = secure(&home, &["--user", &user, "--block"]);
    assert_eq!((answer.exit, &answer.json()["verified"]), (0, &5.into()), "{}", answer.err);
    let playbook = listed(&home, "secureAccount");
    let job = &playbook["steps"][2]["job"];
    let journal = home.journal();
    let records = journal.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let sent = records.filter(|record| record["entry"]["kind"] == "intent" && record["entry"]["job"] == *job);
    assert_eq!(sent.count(), 1, "{journal}");
}

#[test]
fn a_playbook_that_stopped_is_offered_for_resume_as_a_whole_and_goes_on_where_it_stood() {
    // So often is asked for patience that the first run gives up, and the second comes through.
    let home = Home::with_faults(60, r#"[{"actions":["blockSignIn"],"times":9,"does":{"throttle":{"retryAfterSeconds":0}}}]"#);
    let user = owner_of_a_device(&home);
    let stopped = secure(&home, &["--user", &user, "--block"]);
    assert_eq!(stopped.exit, 5, "{}", stopped.err);
    assert_eq!(
        stopped.out.matches("temporaryPassword\"").count(),
        2,
        "the password is told although there is no document: {}",
        stopped.out
    );
    let playbook = listed(&home, "secureAccount");
    let resume = format!("entriage jobs resume {}", playbook["id"]);
    assert!(stopped.err.contains(&resume), "{}", stopped.err);
    assert_eq!((&playbook["state"], &playbook["verified"], &playbook["pending"]), (&json!("open"), &json!(2), &json!(3)));
    let stood = ["verified", "verified", "open", "waiting", "waiting"];
    assert_eq!(states(&playbook), STEPS.into_iter().zip(stood).collect::<Vec<_>>());
    let jobs = home.run(&["jobs"]);
    assert!(jobs.err.contains(&resume), "{}", jobs.err);
    assert_eq!(jobs.err.matches("entriage jobs resume").count(), 1, "a step is no job to resume by itself: {}", jobs.err);

    let resumed = home.run(&["jobs", "resume", &playbook["id"].to_string(), "--format", "json"]);
    assert_eq!(resumed.exit, 0, "{}", resumed.err);
    assert!(resumed.json().get("temporaryPasswords").is_none(), "no second password: {}", resumed.out);
    assert_eq!(states(&listed(&home, "secureAccount")), STEPS.map(|step| (step, "verified")));
    let jobs = home.json(&["jobs"]);
    let of_step = |step: &str| jobs["value"].as_array().unwrap().iter().filter(|job| job["action"] == step).count();
    assert!(STEPS.iter().all(|step| of_step(step) == 1), "{jobs}");
}

#[test]
fn a_playbook_that_stopped_is_cancelled_with_its_steps() {
    let home = Home::with_faults(60, r#"[{"actions":["blockSignIn"],"times":9,"does":{"throttle":{"retryAfterSeconds":0}}}]"#);
    let user = owner_of_a_device(&home);
    assert_eq!(secure(&home, &["--user", &user, "--block"]).exit, 5);
    let playbook = listed(&home, "secureAccount");
    let id = playbook["id"].to_string();
    let cancelled = home.run(&["jobs", "cancel", &id]);
    assert_eq!(cancelled.exit, 0, "{}", cancelled.err);
    assert_eq!(listed(&home, "secureAccount")["state"], "cancelled");
    assert_eq!(home.run(&["jobs"]).err, "", "nothing is left to resume");
    assert_ne!(home.plan(&["blockSignIn", "--user", &user])["targets"][0]["verdict"], "refused", "nobody was blocked");
    home.run(&["jobs", "resume", &id]).is_usage("ended");
}

#[test]
fn a_compromise_that_was_fixed_elsewhere_is_confirmed_and_then_dismissed() {
    let home = Home::demo(60);
    let user = home.user(ORDINARY);
    let answer = home.act(&["remediatedElsewhere", "--user", &user, "--format", "json"]);
    let report = answer.json();
    let done: Vec<&Value> = report["value"].as_array().unwrap().iter().map(|item| &item["action"]).collect();
    assert_eq!(done, ["confirmUserCompromised", "dismissUserRisk"]);
    assert!(report.get("temporaryPasswords").is_none(), "{report}");
    let shown = home.json(&["show", &user]);
    assert_eq!((&shown["user"]["riskState"], &shown["user"]["riskDetail"]), (&"dismissed".into(), &"adminDismissedAllRiskForUser".into()));
    assert_eq!(states(&listed(&home, "remediatedElsewhere")), [("confirmUserCompromised", "verified"), ("dismissUserRisk", "verified")]);
}

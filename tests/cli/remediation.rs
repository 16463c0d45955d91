//! `plan`, `apply`, `act`, `jobs` and `journal`, from outside.

use serde_json::Value;

use super::support::Home;

const QUERY: &str = "state:atRisk";

fn included(plan: &Value) -> usize {
    plan["targets"].as_array().unwrap().iter().filter(|target| target["included"] == true).count()
}

fn planned(home: &Home, more: &[&str]) -> (String, usize) {
    let file = home.path().join("plan.json").display().to_string();
    let args = [&["plan", "dismissUserRisk", QUERY, "--reason", "PT-118", "--output", file.as_str()], more].concat();
    let answer = home.run(&args);
    assert_eq!((answer.exit, answer.out.as_str()), (0, ""), "{}", answer.err);
    let plan: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    (file, included(&plan))
}

fn state(home: &Home, id: &str) -> String {
    home.json(&["show", id])["user"]["riskState"].as_str().unwrap().to_owned()
}

#[test]
fn a_plan_judges_every_target_and_sends_nothing() {
    let home = Home::demo(60);
    let before = home.run(&["users", "--format", "json"]).out;
    let plan = home.run(&["plan", "dismissUserRisk", QUERY, "--reason", "PT-118"]).json();
    assert_eq!((&plan["planVersion"], &plan["action"], &plan["reason"]), (&1.into(), &"dismissUserRisk".into(), &"PT-118".into()));
    for target in plan["targets"].as_array().unwrap() {
        let theft = target["because"].as_array().unwrap().contains(&"tokenTheft".into());
        assert!(!theft || target["included"] == false, "{target}");
    }
    assert!(included(&plan) > 0);
    assert_eq!(home.run(&["users", "--format", "json"]).out, before);
    assert_eq!(home.json(&["jobs"])["count"], 0);
}

#[test]
fn targets_come_from_exactly_one_place() {
    let home = Home::demo(20);
    home.run(&["plan", "dismissUserRisk"]).is_usage("QUERY");
    home.run(&["plan", "dismissUserRisk", QUERY, "--user", "x"]).is_usage("cannot be used with");
    home.run(&["plan", "eraseUser", QUERY]).is_usage("confirmUserSafe");
    home.run(&["plan", "dismissUserRisk", "user:nobody-is-called-this"]).is_usage("nothing matches");
    let plan = home.run(&["plan", "dismissUserRisk", "--user", "nobody@nowhere.test"]).json();
    assert_eq!((&plan["targets"][0]["verdict"], &plan["targets"][0]["because"][0]), (&"refused".into(), &"unknownUser".into()));
    let listed = home.run_with(&["plan", "dismissUserRisk", "--from", "-"], "# ticket\nnobody@nowhere.test # left\n\nother\n").json();
    assert_eq!(listed["targets"].as_array().unwrap().len(), 2);
}

#[test]
fn a_plan_is_applied_only_with_the_right_number_and_then_verified() {
    let home = Home::demo(60);
    let (file, count) = planned(&home, &[]);
    home.run(&["apply", &file]).is_usage(&format!("--confirm {count}"));
    let wrong = home.run(&["apply", &file, "--confirm", "999"]);
    wrong.is_usage("999");
    assert!(wrong.err.contains(&count.to_string()));
    assert_eq!(home.json(&["jobs"])["count"], 0);

    let done = home.run(&["apply", &file, "--confirm", &count.to_string(), "--format", "json"]);
    assert_eq!(done.exit, 0, "{}", done.err);
    let report = done.json();
    assert_eq!((&report["state"], &report["verified"], &report["total"]), (&"done".into(), &count.into(), &count.into()));
    assert_eq!(state(&home, report["value"][0]["id"].as_str().unwrap()), "dismissed");

    let jobs = home.json(&["jobs"]);
    assert_eq!((&jobs["value"][0]["state"], &jobs["value"][0]["verified"]), (&"done".into(), &count.into()));
    assert_eq!(home.json(&["journal", "verify"])["intact"], true);

    // Everything is as it should be now, so there is nothing left to do.
    let again = home.run(&["apply", &file, "--confirm", &count.to_string()]);
    assert_eq!((again.exit, again.out.as_str()), (0, ""), "{}", again.err);
    assert!(again.err.contains("changed since the plan") && again.err.contains("nothing left to do"), "{}", again.err);
}

#[test]
fn events_are_told_one_a_line_and_end_with_a_summary() {
    let home = Home::demo(60);
    let (file, count) = planned(&home, &[]);
    let done = home.run(&["apply", &file, "--confirm", &count.to_string(), "--format", "jsonl"]);
    assert_eq!(done.exit, 0, "{}", done.err);
    let events: Vec<Value> = done.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let number = |event: &str| events.iter().filter(|told| told["event"] == event).count();
    assert_eq!((number("accepted"), number("verified")), (count, count));
    let last = events.last().unwrap();
    assert_eq!((&last["event"], &last["state"], &last["verified"]), (&"summary".into(), &"done".into(), &count.into()));
}

#[test]
fn cautions_are_taken_in_only_when_asked_for() {
    let home = Home::demo(60);
    let (_, without) = planned(&home, &[]);
    let (_, with) = planned(&home, &["--include-caution"]);
    assert!(with > without, "{with} {without}");
}

#[test]
fn act_without_a_confirmation_prints_the_plan_and_refuses() {
    let home = Home::demo(20);
    let answer = home.run(&["act", "dismissUserRisk", QUERY, "--reason", "PT-118"]);
    assert_eq!(answer.exit, 2);
    let count = included(&answer.json());
    assert!(answer.err.contains(&format!("--confirm {count}")), "{}", answer.err);
    let done = home.run(&["act", "dismissUserRisk", QUERY, "--reason", "PT-118", "--confirm", &count.to_string()]);
    assert_eq!(done.exit, 0, "{}", done.err);
    assert!(done.out.contains(&format!("{count} of {count} verified")), "{}", done.out);
}

#[test]
fn more_than_one_target_needs_a_reason() {
    let home = Home::demo(60);
    let count = included(&home.run(&["plan", "dismissUserRisk", QUERY]).json()).to_string();
    let answer = home.run(&["act", "dismissUserRisk", QUERY, "--confirm", &count]);
    answer.is_usage("reason");
}

#[test]
fn read_only_lets_nothing_out() {
    let home = Home::demo(20);
    let (file, count) = planned(&home, &[]);
    for args in [
        vec!["--read-only", "apply", &file, "--confirm", &count.to_string()],
        vec!["act", "dismissUserRisk", QUERY, "--reason", "x", "--confirm", &count.to_string(), "--read-only"],
    ] {
        let answer = home.run(&args);
        assert_eq!(answer.exit, 4, "{}", answer.err);
        assert!(answer.err.contains("read-only"), "{}", answer.err);
    }
    assert_eq!(home.json(&["jobs"])["count"], 0);
}

#[test]
fn a_changed_plan_file_is_judged_again() {
    let home = Home::demo(60);
    let (file, count) = planned(&home, &[]);
    let text = std::fs::read_to_string(&file).unwrap();
    let refused_in = text.replace("\"included\": false", "\"included\": true").replace("\"caution\"", "\"eligible\"");
    std::fs::write(&file, refused_in).unwrap();
    let answer = home.run(&["apply", &file, "--confirm", "1000"]);
    answer.is_usage("was edited");
    assert!(answer.err.contains("changed since the plan"), "{}", answer.err);
    std::fs::write(&file, text.replace("\"planVersion\": 1", "\"planVersion\": 2")).unwrap();
    home.run(&["apply", &file, "--confirm", &count.to_string()]).is_usage("planVersion is 2");
}

#[test]
fn a_target_that_the_tenant_refuses_is_told_and_the_others_are_done() {
    let home = Home::demo(60);
    let (_, count) = planned(&home, &[]);
    let plan: Value = serde_json::from_str(&std::fs::read_to_string(home.path().join("plan.json")).unwrap()).unwrap();
    let poisoned = plan["targets"].as_array().unwrap().iter().find(|target| target["included"] == true).unwrap()["id"].clone();
    let faults = home.file("faults.json", &format!(r#"[{{"actions":["dismissUserRisk"],"user":{poisoned},"does":"poison"}}]"#));
    let reset = ["demo", "--no-console", "--reset", "--seed", "1", "--users", "60", "--rate", "off", "--faults"];
    assert_eq!(home.run(&[&reset[..], &[faults.to_str().unwrap()]].concat()).exit, 0);
    let done = home.run(&["act", "dismissUserRisk", QUERY, "--reason", "x", "--confirm", &count.to_string(), "--format", "json"]);
    assert_eq!(done.exit, 1, "{}", done.err);
    let report = done.json();
    assert_eq!((&report["failed"], &report["verified"]), (&1.into(), &(count - 1).into()));
    let failed = report["value"].as_array().unwrap().iter().find(|item| item["outcome"] == "failed").unwrap();
    assert_eq!(failed["id"], poisoned);
}

#[test]
fn sign_in_actions_take_the_users_sign_ins_at_risk() {
    let home = Home::demo(60);
    let sign_ins = home.json(&["sign-ins", "state:atRisk", "--limit", "1"]);
    let (user, id) = (sign_ins["value"][0]["userId"].as_str().unwrap(), &sign_ins["value"][0]["id"]);
    let plan = home.run(&["plan", "confirmSignInSafe", "--user", user]).json();
    let ids: Vec<&Value> = plan["targets"].as_array().unwrap().iter().map(|target| &target["id"]).collect();
    assert!(ids.contains(&id), "{plan}");
}

#[test]
fn an_export_is_the_chain_itself() {
    let home = Home::demo(20);
    let users = home.json(&["users", "--limit", "1"]);
    assert_eq!(home.run(&["note", users["value"][0]["id"].as_str().unwrap(), "seen"]).exit, 0);
    let export = home.run(&["journal", "export"]).out;
    let records = home.json(&["journal", "verify"])["records"].as_u64().unwrap();
    assert_eq!(export.lines().count() as u64, records);
    assert!(export.lines().all(|line| serde_json::from_str::<Value>(line).unwrap()["hash"].is_string()));
    assert!(home.run(&["journal"]).out.contains("seen"));
}

#[test]
fn a_job_that_is_not_there_is_wrong_usage() {
    let home = Home::demo(20);
    home.run(&["jobs", "resume", "7"]).is_usage("no job 7");
    home.run(&["jobs", "cancel", "7"]).is_usage("no job 7");
}

#[test]
fn a_damaged_journal_is_told_and_lets_nothing_out() {
    let home = Home::demo(20);
    let users = home.json(&["users", "--limit", "1"]);
    let id = users["value"][0]["id"].as_str().unwrap();
    for note in ["one", "two"] {
        assert_eq!(home.run(&["note", id, note]).exit, 0);
    }
    let journal = home.path().join("home/workspaces/demo/journal.jsonl");
    let text = std::fs::read_to_string(&journal).unwrap();
    std::fs::write(&journal, text.replace("\"two\"", "\"owt\"")).unwrap();
    let verify = home.run(&["journal", "verify", "--format", "json"]);
    assert_eq!((verify.exit, verify.json()["intact"].as_bool(), verify.json()["records"].as_u64()), (3, Some(false), Some(1)));
    let plan = home.run(&["plan", "dismissUserRisk", QUERY, "--reason", "x"]).json();
    let act = home.run(&["act", "dismissUserRisk", QUERY, "--reason", "x", "--confirm", &included(&plan).to_string()]);
    assert_eq!(act.exit, 3, "{}", act.err);
    assert_eq!(state(&home, plan["targets"][0]["id"].as_str().unwrap()), "atRisk");
}

#[test]
fn an_edited_plan_takes_no_caution_in() {
    let home = Home::demo(200);
    let plan = home.json(&["plan", "dismissUserRisk", "level:high", "--reason", "drill"]);
    let eligible = plan["targets"].as_array().unwrap().iter().filter(|target| target["included"] == true).count();
    let file = home.file("plan.json", &plan.to_string().replace("\"included\":false", "\"included\":true"));
    let file = file.display().to_string();
    let all = plan["targets"].as_array().unwrap().len().to_string();
    let refused = home.run(&["apply", &file, "--confirm", &all]);
    assert_eq!(refused.exit, 2, "{}", refused.err);
    assert!(refused.err.contains("an edited plan takes no caution in"), "{}", refused.err);
    assert_eq!(home.run(&["apply", &file, "--confirm", &eligible.to_string()]).exit, 0);
}

#[test]
fn an_empty_query_never_means_everybody() {
    let home = Home::demo(60);
    let answer = home.run(&["act", "dismissUserRisk", "", "--reason", "drill", "--confirm", "60"]);
    assert_eq!(answer.exit, 2);
    assert!(answer.err.contains("the query is empty"), "{}", answer.err);
}

//! Jobs that do not come out at once, and what is said of them.

use serde_json::Value;

use super::support::{Answer, Home};

const ORDINARY: &str = "state:atRisk mfa:true hybrid:false guest:false enabled:true deleted:false privileged:false tokentheft:false";
/// So often is asked for patience that a run gives up, with its job open.
const THROTTLED: &str = r#"[{"actions":["generateTemporaryPassword"],"times":9,"does":{"throttle":{"retryAfterSeconds":0}}}]"#;

fn act(home: &Home, args: &[&str]) -> Answer {
    home.run(&[&["act"], args, &["--reason", "x", "--include-caution", "--confirm", "1"]].concat())
}

#[test]
fn what_would_meet_an_unfinished_job_waits_for_it_and_nothing_else_does() {
    let home = Home::with_faults(60, THROTTLED);
    let user = home.user(ORDINARY);
    let other = home.user(&format!("{ORDINARY} -user:{user}"));
    let file = home.path().join("plan.json").display().to_string();
    let planned = ["plan", "generateTemporaryPassword", "--user", &user, "--reason", "x", "--include-caution", "--output", &file];
    assert_eq!(home.run(&planned).exit, 0);
    let stopped = act(&home, &["generateTemporaryPassword", "--user", &user]);
    assert_eq!(stopped.exit, 5, "{}", stopped.err);
    let (journal, job) = (home.journal(), home.json(&["jobs"])["value"][0]["id"].clone());
    let refused = [
        act(&home, &["generateTemporaryPassword", "--user", &user]),
        act(&home, &["dismissUserRisk", "--user", &user, "--format", "json"]),
        act(&home, &["secureAccount", "--user", &user]),
        home.run(&["apply", &file, "--confirm", "1"]),
    ];
    for answer in refused {
        assert_eq!((answer.exit, answer.out.as_str()), (3, ""), "{}", answer.err);
        for part in [format!("entriage jobs resume {job}"), format!("entriage jobs cancel {job}"), user.clone()] {
            assert!(answer.err.contains(&part), "{part}: {}", answer.err);
        }
    }
    let warned = home.run(&["plan", "dismissUserRisk", "--user", &user, "--reason", "x"]);
    assert!(warned.exit == 0 && warned.err.contains(&format!("entriage jobs resume {job}")), "{}", warned.err);
    assert_eq!(home.journal(), journal, "nothing was begun");
    assert_eq!(act(&home, &["dismissUserRisk", "--user", &other]).exit, 0, "another user is not concerned");
    let cancelled = home.run(&["jobs", "cancel", &job.to_string()]);
    assert_eq!(cancelled.exit, 0, "{}", cancelled.err);
    assert!(cancelled.err.contains(&format!("1 not sent: {user}")), "{}", cancelled.err);
    let after = act(&home, &["dismissUserRisk", "--user", &user]);
    assert_eq!(after.exit, 0, "{}", after.err);
}

#[test]
fn a_step_that_was_skipped_is_named_with_its_reason_and_what_to_do_next() {
    let home = Home::demo(200);
    let user = home.user("state:atRisk guest:true enabled:true deleted:false");
    let answer = act(&home, &["secureAccount", "--user", &user]);
    assert_eq!(answer.exit, 1, "{}{}", answer.out, answer.err);
    let told = answer.err.lines().find(|line| line.contains("Generate temporary password")).unwrap_or_else(|| panic!("{}", answer.err));
    assert!(told.contains(&user) && told.contains("skipped: guest: kept in the home tenant"), "{told}");
    assert!(told.contains("entriage explain"), "{told}");
    let jobs = home.run(&["jobs"]).out;
    assert!(jobs.contains(&user) && jobs.contains("generateTemporaryPassword"), "{jobs}");
}

#[test]
fn a_target_that_failed_is_named_at_the_end_in_every_format() {
    let home = Home::with_faults(60, r#"[{"actions":["revokeSessions"],"does":"poison"}]"#);
    let user = home.user(ORDINARY);
    for format in ["table", "json", "jsonl"] {
        let answer = act(&home, &["revokeSessions", "--user", &user, "--format", format]);
        assert_eq!(answer.exit, 1, "{}", answer.err);
        let told = answer.err.lines().filter(|line| line.contains(&format!("{user} failed: "))).count();
        assert_eq!(told, 1, "{format}: {}", answer.err);
        assert!(answer.err.contains(&format!("entriage act revokeSessions --user {user}")), "{}", answer.err);
        assert!(format == "table" || answer.out.lines().all(|line| !line.starts_with("job ")), "{}", answer.out);
    }
}

#[test]
fn whoever_is_not_safe_after_a_dismissal_is_counted() {
    let home = Home::demo(60);
    let plan = home.json(&["plan", "dismissUserRisk", "state:atRisk", "--reason", "x"]);
    let included = plan["targets"].as_array().unwrap().iter().filter(|target| target["included"] == true).count();
    let before = home.json(&["users", "safe:no"])["count"].as_u64().unwrap();
    let answer =
        home.run(&["act", "dismissUserRisk", "state:atRisk", "--reason", "x", "--confirm", &included.to_string(), "--format", "json"]);
    assert_eq!(answer.exit, 0, "{}", answer.err);
    let not_safe = home.json(&["users", "safe:no"])["count"].as_u64().unwrap() - before;
    assert!(not_safe > 1);
    assert!(answer.err.contains(&format!("{not_safe} of them are not safe")) && answer.err.contains("users safe:no"), "{}", answer.err);
    assert_eq!(answer.json()["verified"], Value::from(included), "standard output is the document alone");
}

#[test]
fn repeating_what_is_done_is_no_failure() {
    let home = Home::demo(60);
    let user = home.user(ORDINARY);
    home.does(&["blockSignIn", "--user", &user]);
    let (journal, again) = (home.journal(), act(&home, &["blockSignIn", "--user", &user]));
    assert_eq!((again.exit, again.out.as_str()), (0, ""), "{}", again.err);
    assert!(again.err.contains("nothing to do") && again.err.contains("already in that state"), "{}", again.err);
    let json = act(&home, &["blockSignIn", "--user", &user, "--format", "json"]);
    assert_eq!((json.exit, &json.json()["total"], home.journal()), (0, &0.into(), journal));
}

#[test]
fn a_refusal_says_first_what_refuses_and_where_to_go_on() {
    let home = Home::demo(200);
    let near = home.run(&["act", "dismissUserRisk", "--user", "adelle.vance@contoso.test", "--reason", "x", "--confirm", "1"]);
    near.is_usage("did you mean adele.vance@contoso.test");
    let far = home.run(&["act", "dismissUserRisk", "--user", "xq@contoso.test", "--reason", "x", "--confirm", "1"]);
    far.is_usage("not known in this workspace");
    assert!(!far.err.contains("did you mean"), "{}", far.err);
    let deleted = home.user("deleted:true");
    let answer = home.run(&["act", "generateTemporaryPassword", "--user", &deleted, "--reason", "x", "--confirm", "1"]);
    answer.is_usage("refused");
    assert!(answer.err.contains(": deleted (support case)") && answer.err.contains("entriage explain"), "{}", answer.err);
    let theft = home.user("tokentheft:true state:atRisk deleted:false");
    home.run(&["act", "dismissUserRisk", "--user", &theft, "--confirm", "1"]).is_usage("--include-caution --reason TEXT");
}

//! Actions on Conditional Access policies, from outside.

use serde_json::Value;

use super::support::Home;

/// What asks users at risk for a new password.
const PASSWORD_CHANGE: &str = "CA201: Require password change for medium and high user risk";
/// Somebody whom nothing speaks against leaving out of a policy.
const ORDINARY: &str = "state:atRisk hybrid:false guest:false enabled:true deleted:false privileged:false tokentheft:false";

/// The policy as a plan shows it.
fn policy(home: &Home) -> Value {
    home.plan(&["disablePolicy", "--policy", PASSWORD_CHANGE])["policy"].clone()
}

fn excluded(home: &Home) -> Vec<Value> {
    policy(home)["excludeUsers"].as_array().unwrap().clone()
}

fn without_effect(home: &Home, args: &[&str], part: &str) {
    let more = ["--reason", "x", "--include-caution", "--confirm", "1"];
    let before = home.journal();
    home.run(&[&["act"], args, &more].concat()).is_usage(part);
    home.run(&[&["plan"], args].concat()).is_usage(part);
    assert_eq!(home.journal(), before, "{args:?}");
}

#[test]
fn flags_that_do_not_belong_to_the_action_are_refused_and_nothing_is_done() {
    let home = Home::demo(20);
    let ip = ["--ip", "192.0.2.64/28"];
    for action in ["trustIp", "untrustIp"] {
        without_effect(&home, &[&[action], &ip[..], &["--policy", PASSWORD_CHANGE]].concat(), "--policy is for policy actions");
        without_effect(&home, &[&[action], &ip[..], &["--block"]].concat(), "--block is for secureAccount");
    }
    let user = home.user(ORDINARY);
    without_effect(&home, &["dismissUserRisk", "--user", &user, "--policy", PASSWORD_CHANGE], "dismissUserRisk is about no policy");
    without_effect(&home, &["revokeSessions", "--user", &user, "--block"], "--block is for secureAccount");
    without_effect(&home, &[&["secureAccount"], &ip[..]].concat(), "--ip is for trustIp and untrustIp");
    without_effect(&home, &["disablePolicy", "--policy", PASSWORD_CHANGE, "--block"], "--block is for secureAccount");
}

#[test]
fn a_policy_action_for_everybody_takes_no_users_beside_the_policy() {
    let home = Home::demo(20);
    let user = home.user(ORDINARY);
    let file = home.file("users.txt", &user).display().to_string();
    for whom in [vec!["--user", &user], vec!["--from", &file], vec!["state:atRisk"]] {
        for (action, instead) in [("disablePolicy", "excludeFromPolicy"), ("enablePolicy", "includeInPolicy")] {
            let args = [&[action, "--policy", PASSWORD_CHANGE], &whom[..]].concat();
            without_effect(&home, &args, &format!("{action} changes the policy for everybody"));
            without_effect(&home, &args, instead);
        }
    }
    assert_eq!(policy(&home)["state"], "enabled");
}

#[test]
fn a_user_is_left_out_of_a_policy_and_taken_back() {
    let home = Home::demo(60);
    let (user, before) = (home.user(ORDINARY), excluded(&home));
    let args = ["--user", &user, "--policy", PASSWORD_CHANGE];
    home.does(&[&["excludeFromPolicy"], &args[..]].concat());
    let now = excluded(&home);
    assert_eq!((now.len(), &now[..before.len()]), (before.len() + 1, &before[..]), "those who were left out before stay so");
    let again = home.plan(&[&["excludeFromPolicy"], &args[..]].concat());
    assert_eq!((&again["targets"][0]["verdict"], &again["targets"][0]["because"][0]), (&"refused".into(), &"alreadyDone".into()));
    home.does(&[&["includeInPolicy"], &args[..]].concat());
    assert_eq!(excluded(&home), before);
    let states: Vec<Value> = home.json(&["jobs"])["value"].as_array().unwrap().iter().map(|job| job["action"].clone()).collect();
    assert_eq!(states, ["includeInPolicy", "excludeFromPolicy"]);
}

#[test]
fn without_a_name_it_is_the_policy_that_blocks_the_user() {
    let home = Home::demo(60);
    let user = home.user("blocked:userRisk");
    let plan = home.plan(&["excludeFromPolicy", "--user", &user]);
    assert_eq!(plan["policy"]["displayName"], PASSWORD_CHANGE);
    home.does(&["excludeFromPolicy", "--user", &user]);
    let again = home.plan(&["excludeFromPolicy", "--user", &user]);
    assert_eq!((&again["policy"]["displayName"], &again["targets"][0]["because"][0]), (&PASSWORD_CHANGE.into(), &"alreadyDone".into()));
    let before = home.journal();
    let free = home.user("blocked:false state:none deleted:false");
    let more = ["--reason", "x", "--confirm", "1"];
    let answer = home.run(&[&["act", "excludeFromPolicy", "--user", &free], &more[..]].concat());
    answer.is_usage("no policy is known to block these users");
    assert!(answer.err.contains(PASSWORD_CHANGE), "the policies are named: {}", answer.err);
    home.run(&[&["act", "disablePolicy"], &more[..]].concat()).is_usage("no policy is named");
    assert_eq!(home.journal(), before);
}

#[test]
fn a_policy_is_disabled_by_name_and_enabled_by_id() {
    let home = Home::demo(60);
    let before = policy(&home);
    let done = home.act(&["disablePolicy", "--policy", "CA201"]);
    assert!(done.out.contains(PASSWORD_CHANGE), "the result names the policy: {}", done.out);
    let undo = format!("to take it back: entriage act enablePolicy --policy {}", before["id"].as_str().unwrap());
    assert!(done.err.contains(&undo), "{}", done.err);
    assert_eq!(policy(&home)["state"], "disabled");
    let again = home.plan(&["disablePolicy", "--policy", PASSWORD_CHANGE]);
    assert_eq!((&again["targets"][0]["verdict"], again["targets"][0]["included"].as_bool()), (&"refused".into(), Some(false)));
    let told = home.run(&["plan", "disablePolicy", "--policy", &PASSWORD_CHANGE.to_uppercase(), "--format", "table"]).out;
    let id = before["id"].as_str().unwrap();
    assert!(told.contains(&format!("About: policy {PASSWORD_CHANGE:?}")) && told.contains(id), "the plan names it beside its id: {told}");
    home.does(&["enablePolicy", "--policy", before["id"].as_str().unwrap()]);
    assert_eq!(policy(&home), before, "nothing else of the policy was changed");
    assert_eq!(home.json(&["journal", "verify"])["intact"], true);
}

#[test]
fn a_policy_for_everybody_is_changed_only_as_a_caution_with_a_reason() {
    let home = Home::demo(20);
    let args = ["act", "disablePolicy", "--policy", PASSWORD_CHANGE, "--confirm", "1"];
    let left_out = home.run(&[&args[..], &["--reason", "x"]].concat());
    left_out.is_usage("--include-caution");
    home.run(&[&args[..], &["--include-caution"]].concat()).is_usage("reason");
    assert_eq!((home.journal().as_str(), &policy(&home)["state"]), ("", &"enabled".into()));
}

#[test]
fn a_policy_that_is_not_there_is_told_with_those_that_are() {
    let home = Home::demo(20);
    let user = home.user(ORDINARY);
    for action in ["disablePolicy", "enablePolicy"] {
        without_effect(&home, &[action, "--policy", "Block \u{1b}[2J"], "there is no policy Block");
        without_effect(&home, &[action, "--policy", "Require password change"], PASSWORD_CHANGE);
        // The beginning of one name is enough; that of several is not.
        without_effect(&home, &[action, "--policy", "ca"], "names several policies");
        without_effect(&home, &[action, "--policy", ""], "there is no policy");
    }
    for action in ["excludeFromPolicy", "includeInPolicy"] {
        without_effect(&home, &[action, "--policy", "nowhere", "--user", &user], "there is no policy nowhere");
    }
    let answer = home.run(&["plan", "disablePolicy", "--policy", "Block \u{1b}[2J"]);
    assert!(!answer.err.contains('\u{1b}'), "{}", answer.err);
}

#[test]
fn a_plan_is_not_applied_where_somebody_else_changed_the_policy_meanwhile() {
    let home = Home::demo(60);
    let user = home.user(ORDINARY);
    let file = home.path().join("plan.json").display().to_string();
    let planned = ["plan", "excludeFromPolicy", "--user", &user, "--policy", PASSWORD_CHANGE, "--reason", "x", "--output", &file];
    assert_eq!(home.run(&planned).exit, 0);
    let other = home.user(&format!("{ORDINARY} -user:{user}"));
    home.does(&["excludeFromPolicy", "--user", &other, "--policy", PASSWORD_CHANGE]);
    let (journal, excluded_then) = (home.journal(), excluded(&home));
    let answer = home.run(&["apply", &file, "--confirm", "1"]);
    answer.is_usage("policyChanged");
    assert!(answer.err.contains("changed since the plan") && answer.err.contains("no target is left"), "{}", answer.err);
    assert_eq!((home.journal(), excluded(&home)), (journal, excluded_then), "nothing was sent");
    assert_eq!(home.run(&planned).exit, 0);
    let answer = home.run(&["apply", &file, "--confirm", "1"]);
    assert_eq!(answer.exit, 0, "planned again, it is applied: {}", answer.err);
}

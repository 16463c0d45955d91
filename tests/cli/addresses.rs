//! Trusted addresses, from outside.

use serde_json::Value;

use super::support::Home;

/// Nobody of the demo tenant signed in from there.
const RANGE: &str = "192.0.2.64/28";

/// Why an action on an address is refused or doubtful.
fn because(home: &Home, action: &str, address: &str) -> Vec<Value> {
    home.plan(&[action, "--ip", address])["targets"][0]["because"].as_array().unwrap().clone()
}

#[test]
fn an_address_is_trusted_and_no_longer_trusted() {
    let home = Home::demo(60);
    let plan = home.plan(&["trustIp", "--ip", RANGE]);
    let change = plan["targets"][0]["changes"][0].as_str().unwrap();
    assert!(change.contains("entriage: trusted addresses") && change.contains(&format!("+ {RANGE}")), "{change}");
    home.does(&["trustIp", "--ip", RANGE]);
    assert!(because(&home, "trustIp", RANGE).contains(&"alreadyDone".into()));
    assert!(because(&home, "trustIp", "192.0.2.70").contains(&"alreadyDone".into()), "it lies in the range");
    let again = home.run(&["act", "trustIp", "--ip", RANGE, "--reason", "x", "--include-caution", "--confirm", "1"]);
    assert_eq!((again.exit, again.out.as_str()), (0, ""), "{}", again.err);
    assert!(again.err.contains("already in that state"), "{}", again.err);
    home.does(&["untrustIp", "--ip", RANGE]);
    assert_eq!(because(&home, "untrustIp", RANGE), ["alreadyDone"]);
    assert_eq!(because(&home, "trustIp", RANGE), ["everybody"]);
    let jobs = home.json(&["jobs"]);
    let told: Vec<(&Value, &Value)> = jobs["value"].as_array().unwrap().iter().map(|job| (&job["action"], &job["verified"])).collect();
    assert_eq!(told, [(&"untrustIp".into(), &1.into()), (&"trustIp".into(), &1.into())]);
}

#[test]
fn several_addresses_are_trusted_by_one_job_and_one_of_them_is_taken_out() {
    let home = Home::demo(20);
    let both = ["--ip", RANGE, "192.0.2.200", "--reason", "x", "--include-caution", "--confirm", "2"];
    let answer = home.run(&[&["act", "trustIp"], &both[..]].concat());
    assert_eq!(answer.exit, 0, "{}", answer.err);
    home.does(&["untrustIp", "--ip", RANGE]);
    assert!(because(&home, "trustIp", "192.0.2.200").contains(&"alreadyDone".into()), "the other one stays trusted");
}

#[test]
fn users_stand_for_the_addresses_where_they_were_blocked() {
    let home = Home::demo(200);
    let user = home.user("blocked:builtInProtection");
    let plan = home.plan(&["trustIp", "--user", &user]);
    let address = plan["targets"][0]["id"].as_str().unwrap();
    assert_eq!(
        home.json(&["sign-ins", &format!("ip:{address} user:{user}"), "--count"])["count"].as_u64().map(|count| count > 0),
        Some(true)
    );
    let free = home.user("blocked:false state:none deleted:false");
    home.run(&["plan", "trustIp", "--user", &free]).is_usage("no address is left");
    home.run(&["plan", "trustIp"]).is_usage("no address is named");
}

#[test]
fn only_what_this_program_trusted_is_taken_back() {
    let home = Home::demo(20);
    let answer = home.run(&["act", "untrustIp", "--ip", RANGE, "--reason", "x", "--include-caution", "--confirm", "1"]);
    assert_eq!((answer.exit, answer.out.as_str()), (0, ""), "{}", answer.err);
    assert!(answer.err.contains("already in that state"), "{}", answer.err);
    assert_eq!(home.journal(), "");
}

#[test]
fn what_is_no_address_or_range_or_is_not_allowed_is_said_so_and_nothing_is_done() {
    let home = Home::demo(20);
    for (address, part) in [
        ("1.2.3", "\"1.2.3\" is no address or range"),
        ("", "is no address or range"),
        ("192.0.2.64/33", "from 0 to 32"),
        ("192.0.2.65/28", "192.0.2.64/28 is the whole range"),
        ("2001:db8::/129", "from 0 to 128"),
        ("9.0.0.0/8", "9.0.0.0/8 is too wide"),
        ("10.0.0.7", "it is private"),
        ("192.0.2.1\u{1b}[2J", "is no address or range"),
    ] {
        // One that is right beside it does not carry it along.
        for command in ["plan", "act"] {
            let answer = home.run(&[command, "trustIp", "--ip", RANGE, address, "--reason", "x", "--include-caution"]);
            answer.is_usage(part);
            assert!(answer.err.contains("hint: ") && !answer.err.contains('\u{1b}'), "{}", answer.err);
        }
    }
    assert_eq!(home.journal(), "");
}

#[test]
fn addresses_of_version_6_are_trusted_like_any() {
    let home = Home::demo(20);
    let range = "2001:db8:7::/48";
    home.does(&["trustIp", "--ip", range]);
    assert!(because(&home, "trustIp", "2001:db8:7::7").contains(&"alreadyDone".into()), "it lies in the range");
    home.does(&["untrustIp", "--ip", range]);
    assert!(!because(&home, "trustIp", "2001:db8:7::7").contains(&"alreadyDone".into()));
    let wide = home.plan(&["trustIp", "--ip", "2001:db8::/32"]);
    assert!(wide["targets"][0]["because"].as_array().unwrap().contains(&"wideRange".into()), "{wide}");
}

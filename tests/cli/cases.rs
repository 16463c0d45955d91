//! `case` and `views`, from outside.

use super::support::Home;

#[test]
fn a_case_is_kept_shown_and_asked_for() {
    let home = Home::demo(40);
    let user = home.user("level:high");
    let said = home.run(&["case", &user, "--verdict", "truepositive", "--tag", "PT-118", "--tag", "vip"]);
    assert_eq!((said.exit, said.out.as_str()), (0, ""), "{}", said.err);
    assert!(said.err.contains("nothing was sent; entriage act confirmUserCompromised --user"), "{}", said.err);
    let case = home.json(&["case", &user, "--status", "inProgress", "--untag", "VIP"]);
    assert_eq!(
        (&case["verdict"], &case["status"], &case["tags"]),
        (&"truePositive".into(), &"inProgress".into(), &serde_json::json!(["PT-118"]))
    );
    let shown = home.json(&["show", &user]);
    assert_eq!(shown["user"]["entriage"]["verdict"], "truePositive");
    assert_eq!(shown["journal"].as_array().unwrap().len(), 2);
    assert_eq!(home.json(&["users", "verdict:truePositive status:inProgress tag:pt-118"])["count"], 1);
    assert_eq!(home.json(&["users", "verdict:none"])["count"], 39);
    let records = home.journal().lines().count();
    assert!(home.run(&["case", &user, "--tag", "pt-118"]).err.contains("nothing was changed"));
    assert_eq!(home.journal().lines().count(), records);
    assert_eq!(home.run(&["journal", "verify"]).exit, 0);
    assert!(home.run(&["case", &user]).out.contains("truePositive ("));
}

#[test]
fn what_cannot_be_said_of_a_case_is_refused() {
    let home = Home::demo(20);
    let user = home.user("level:high,medium");
    home.run(&["case", &user, "--tag", "two words"]).is_usage("is no tag");
    home.run(&["case", &user, "--verdict", "maybe"]).is_usage("benignTruePositive");
    home.run(&["case", "nobody@contoso.test", "--status", "open"]).is_usage("no user");
}

#[test]
fn views_stand_wherever_a_query_is_taken() {
    let home = Home::demo(60);
    let views = home.json(&["views"]);
    assert_eq!((&views["count"], &views["value"][0]["name"]), (&3.into(), &"high-risk".into()));
    let high = home.json(&["users", "level:high state:atRisk,confirmedCompromised"])["count"].clone();
    assert_eq!(home.json(&["users", "@high-risk"])["count"], high);
    let saved = home.run(&["views", "save", "calm", "-level:high", "-guest:true", "--sort", "userDisplayName:desc", "--key", "4"]);
    assert_eq!(saved.exit, 0, "{}", saved.err);
    assert!(saved.err.contains("saved @calm, on key 4"), "{}", saved.err);
    let expected = home.json(&["users", "-level:high", "-guest:true", "--sort", "userDisplayName:desc"]);
    assert_eq!(home.json(&["users", "@calm"]), expected, "its order comes along");
    let targets = |query: &str| home.json(&["plan", "dismissUserRisk", query])["targets"].as_array().unwrap().len();
    assert_eq!(targets("@calm level:medium"), targets("-level:high -guest:true level:medium"));
    let answer = home.run(&["users", "@nothing"]);
    answer.is_usage("no saved view \"@nothing\"");
    assert!(answer.err.contains("@calm") && answer.err.contains('^'), "{}", answer.err);
    home.run(&["views", "save", "calm", "@calm"]).is_usage("names itself");
    home.run(&["views", "save", "a b", "level:high"]).is_usage("name of a view");
    home.run(&["views", "save", "x", "levle:high"]).is_usage("level");
    home.run(&["views", "save", "x", "level:high", "--sort", "nothing"]).is_usage("cannot sort by nothing");
    let again = home.run(&["views", "save", "calm", "-level:high", "--key", "5"]);
    assert!(again.err.contains("took the place of the one that asked for -level:high"), "{}", again.err);
    assert!(again.err.contains("@token-theft lost the key"), "{}", again.err);
    assert_eq!(home.run(&["views", "save", "calmer", "@calm", "guest:true"]).exit, 0);
    home.run(&["views", "remove", "@calm"]).is_usage("@calm is asked for by @calmer");
    assert_eq!(home.run(&["views", "remove", "calmer"]).exit, 0);
    assert_eq!(home.run(&["views", "remove", "@calm"]).exit, 0);
    home.run(&["views", "remove", "calm"]).is_usage("@token-theft");
}

#[test]
fn a_bundle_can_be_checked_and_never_overwrites() {
    let home = Home::demo(40);
    let user = home.user("level:high");
    assert_eq!(home.run(&["note", &user, "called"]).exit, 0);
    let folder = home.path().join("out/bundle");
    let to = folder.display().to_string();
    let answer = home.run(&["bundle", &user, "--output", &to]);
    assert_eq!((answer.exit, answer.out.as_str()), (0, ""), "{}", answer.err);
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    let manifest: serde_json::Value = serde_json::from_str(&read("manifest.json")).unwrap();
    assert_eq!((&manifest["query"], &manifest["workspace"]), (&user.as_str().into(), &"demo".into()));
    assert!(read(&format!("users/{user}/journal.jsonl")).contains("called"));
    let checked = std::process::Command::new("sha256sum").args(["-c", "SHA256SUMS"]).current_dir(&folder).output();
    if let Ok(checked) = checked {
        assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stdout));
    }
    home.run(&["bundle", &user, "--output", &to]).is_usage("not an empty folder");
    let all = home.path().join("all").display().to_string();
    let answer = home.run(&["bundle", "-guest:true", "@high-risk", "--output", &all]);
    assert_eq!(answer.exit, 0, "{}", answer.err);
    let many: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(home.path().join("all/manifest.json")).unwrap()).unwrap();
    assert_eq!(home.json(&["users", "-guest:true", "@high-risk"])["count"], many["users"].as_array().unwrap().len());
    home.run(&["bundle", "nobody@contoso.test", "--output", &all]).is_usage("nothing matches nobody@contoso.test");
}

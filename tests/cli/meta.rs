//! Help, paths, completions and what happens without a terminal or a workspace.

use super::support::Home;

#[test]
fn without_a_terminal_the_console_names_the_headless_commands_and_makes_nothing() {
    let home = Home::empty();
    for args in [&[][..], &["demo"]] {
        home.run(args).is_usage("needs a terminal");
    }
    assert!(std::fs::read_dir(home.path()).unwrap().next().is_none());
}

#[test]
fn help_version_and_wrong_usage() {
    let home = Home::empty();
    assert_eq!(home.run(&["--help"]).exit, 0);
    assert_eq!(home.run(&["plan", "--help"]).exit, 0);
    assert!(home.run(&["--version"]).out.starts_with("entriage "));
    home.run(&["frobnicate"]).is_usage("frobnicate");
    // What a command prints is not masked, so it must not look as if it were.
    home.run(&["users", "--privacy"]).is_usage("--privacy");
    home.run(&["users", "--limit", "many"]).is_usage("many");
}

#[test]
fn completions_and_the_manual_need_no_home() {
    let home = Home::empty();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let answer = home.run(&["completions", shell]);
        assert!(answer.exit == 0 && answer.out.contains("sign-ins"), "{shell}");
    }
    assert!(home.run(&["man"]).out.contains("COMMANDS"));
}

#[test]
fn the_first_command_on_a_fresh_machine_makes_the_demo_workspace_and_says_so() {
    let home = Home::empty();
    let answer = home.run(&["users", "--count"]);
    assert_eq!((answer.exit, answer.out.as_str()), (0, "200\n"), "{}", answer.err);
    assert!(answer.err.contains("demo"), "{}", answer.err);
    assert_eq!(home.run(&["users", "--count"]).err, "");
}

#[test]
fn a_workspace_or_configuration_that_is_not_there_has_its_own_exit_code() {
    let home = Home::empty();
    assert_eq!(home.run(&["--workspace", "nope", "users"]).exit, 3);
    assert_eq!(home.run(&["--config", "/nowhere.toml", "users"]).exit, 3);
}

#[test]
fn what_is_wrong_in_the_configuration_is_told_with_file_line_and_what_is_allowed() {
    let home = Home::empty();
    let file = home.path().join("config.toml");
    let config = file.to_str().unwrap();
    std::fs::write(&file, "[keys]\nnote = \"g n\"\n[theme]\nname = \"light\"\nquiet = \"#eeeeee\"\n[columns]\nusers = [\"phone\"]\n")
        .unwrap();
    let answer = home.run(&["--config", config, "keys", "--check"]);
    assert_eq!(answer.exit, 1);
    for told in
        [":2: \"g n\" begins with g", ":5: quiet on background is hard to read", ":7: \"phone\" is no column of the users", "4 problems"]
    {
        assert!(answer.err.contains(told), "{told}: {}", answer.err);
    }
    std::fs::write(&file, "[keys]\ntop = [\"g g\", \"home\"]\nnote = \"g n\"\n[theme]\nname = \"colour-blind\"\n").unwrap();
    let answer = home.run(&["--config", config, "keys", "--check"]);
    assert_eq!((answer.exit, answer.err.as_str()), (0, "0 problems in the configuration\n"));
    assert!(home.run(&["--config", config, "keys"]).out.contains("g n "));
}

#[test]
fn an_existing_demo_is_kept_unless_it_is_reset() {
    let home = Home::demo(20);
    let kept = home.run(&["demo", "--no-console", "--users", "30"]);
    assert!(kept.exit == 0 && kept.err.contains("--reset"), "{}", kept.err);
    assert_eq!(home.run(&["users", "--count"]).out, "20\n");
    assert_eq!(home.run(&["demo", "--no-console", "--users", "30", "--reset"]).exit, 0);
    assert_eq!(home.run(&["users", "--count"]).out, "30\n");
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    use std::io::Read as _;
    use std::process::{Command, Stdio};
    let home = Home::demo(200);
    let mut child = Command::new(env!("CARGO_BIN_EXE_entriage"))
        .args(["sign-ins", "--format", "json", "--home"])
        .arg(home.path().join("home"))
        .env("HOME", home.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut byte = [0];
    child.stdout.take().unwrap().read_exact(&mut byte).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(0), ""));
}

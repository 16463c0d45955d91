//! A disk that takes no more, at every limit on its way: a clear message with exit code 3, no half state, and with space again
//! everything opens and the same command succeeds.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::support::{copy, entriage, held, json, output, rounds, verified};

/// The program in a shell where a file can grow to this many blocks of 512 bytes. Writing more fails, as on a full disk.
fn limited(home: &Path, blocks: u64, arguments: &[&str]) -> Output {
    let mut command = Command::new("sh");
    command.env_clear().env("ENTRIAGE_HOME", home).env("HOME", home).env("USER", "tester").env("PATH", "/usr/bin:/bin");
    command.args(["-c", r#"trap '' XFSZ; ulimit -f "$0" || exit 99; exec "$@""#, &blocks.to_string(), env!("CARGO_BIN_EXE_entriage")]);
    command.args(arguments).output().unwrap()
}

fn check(output: &Output, at: &str) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!said.contains("panicked at"), "{at}: {said}");
    let code = output.status.code();
    assert!(code == Some(0) || code == Some(3), "{at}: exited {code:?}: {said}");
    assert!(code == Some(0) || said.contains("error: "), "{at}: {said}");
}

fn limits() -> Vec<u64> {
    let all = [0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 64, 128, 256, 512, 1024, 2048, 4096, 16384];
    let step = all.len().div_ceil(rounds(5).min(all.len()));
    all.into_iter().step_by(step).collect()
}

#[test]
fn an_import_meets_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("users.jsonl");
    let line = |number: usize| {
        format!(r#"{{"id":"u{number}","userPrincipalName":"u{number}@contoso.test","riskState":"atRisk","riskLevel":"high"}}"#)
    };
    std::fs::write(&file, (0..200).map(line).collect::<Vec<_>>().join("\n")).unwrap();
    let import = ["import", file.to_str().unwrap(), "--workspace", "case"];
    let undisturbed = tempfile::tempdir().unwrap();
    assert_eq!(output(undisturbed.path(), &import).0, 0);
    let wanted = held(undisturbed.path(), "case");
    for blocks in limits() {
        let folder = tempfile::tempdir().unwrap();
        let at = format!("import, {blocks} blocks");
        check(&limited(folder.path(), blocks, &import), &at);
        assert_eq!(output(folder.path(), &import).0, 0, "{at}: again, with space");
        assert_eq!(held(folder.path(), "case"), wanted, "{at}");
        verified(folder.path(), "case", &at);
        std::fs::remove_dir_all(folder.path().join("workspaces/case/cache")).unwrap();
        assert_eq!(held(folder.path(), "case"), wanted, "{at}: rebuilt");
    }
}

#[test]
fn a_demo_and_its_jobs_meet_it() {
    let fresh = tempfile::tempdir().unwrap();
    assert_eq!(output(fresh.path(), &["demo", "--no-console", "--users", "60", "--rate", "off"]).0, 0);
    let wanted = held(fresh.path(), "demo");
    let plan = json(fresh.path(), &["plan", "dismissUserRisk", "state:atRisk", "--include-caution", "--reason", "x", "--format", "json"]);
    let targets: Vec<&Value> = plan["targets"].as_array().unwrap().iter().filter(|target| target["included"] == true).collect();
    let count = targets.len().to_string();
    let act = ["act", "dismissUserRisk", "state:atRisk", "--include-caution", "--reason", "x", "--confirm", &count, "--format", "jsonl"];
    for blocks in limits() {
        let folder = copy(fresh.path());
        let home = folder.path();
        let at = format!("job, {blocks} blocks");
        let done = limited(home, blocks, &act);
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(!said.contains("panicked at"), "{at}: {said}");
        // What was sent and could not be recorded stays unverified, and is told with 1.
        assert!([Some(0), Some(1), Some(3)].contains(&done.status.code()), "{at}: {:?}: {said}", done.status.code());
        verified(home, "demo", &at);
        let jobs = json(home, &["jobs", "--format", "json"]);
        match jobs["value"].as_array().unwrap().first() {
            None => {
                assert_eq!(held(home, "demo"), wanted, "{at}: no job, so nothing was sent");
                assert_eq!(output(home, &act).0, 0, "{at}: again, with space");
            }
            Some(job) if job["state"] == "open" => {
                assert_eq!(output(home, &["jobs", "resume", &job["id"].to_string()]).0, 0, "{at}");
            }
            Some(_) => {}
        }
        let job = &json(home, &["jobs", "--format", "json"])["value"][0];
        assert_eq!((&job["state"], &job["verified"]), (&Value::from("done"), &job["total"]), "{at}: {job}");
        let log = std::fs::read_to_string(home.join("workspaces/demo/tenant.jsonl")).unwrap();
        for target in &targets {
            assert_eq!(log.matches(target["id"].as_str().unwrap()).count(), 1, "{at}: changed other than once");
        }
    }
}

#[test]
fn making_a_demo_meets_it() {
    let make = ["demo", "--no-console", "--users", "30", "--rate", "off"];
    for blocks in limits() {
        let folder = tempfile::tempdir().unwrap();
        let at = format!("demo, {blocks} blocks");
        check(&limited(folder.path(), blocks, &make), &at);
        let (code, text) = output(folder.path(), &make);
        assert_eq!(code, 0, "{at}: again, with space: {text}");
        assert_eq!(json(folder.path(), &["users", "--format", "json"])["count"], 30, "{at}");
        verified(folder.path(), "demo", &at);
    }
}

/// A folder that may not be written; whoever is root may.
#[cfg(unix)]
#[test]
fn a_workspace_that_may_not_be_written() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    assert_eq!(output(home, &["demo", "--no-console", "--users", "30", "--rate", "off"]).0, 0);
    let workspace = home.join("workspaces/demo");
    let lock = |mode: u32, file_mode: u32| {
        for entry in std::fs::read_dir(&workspace).unwrap() {
            let path = entry.unwrap().path();
            let mode = if path.is_dir() { mode } else { file_mode };
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
        }
        std::fs::set_permissions(&workspace, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    lock(0o500, 0o400);
    let is_root = std::fs::File::create(workspace.join("probe")).is_ok();
    let said = entriage(home).args(["users", "--count"]).output().unwrap();
    lock(0o700, 0o600);
    if !is_root {
        check(&said, "not writable");
        assert_eq!(said.status.code(), Some(3));
    }
    assert_eq!(json(home, &["users", "--format", "json"])["count"], 30);
    verified(home, "demo", "writable again");
}

/// A small disk of its own, where the system lets an unprivileged process mount one.
#[test]
fn a_small_disk_of_its_own() {
    let script = r#"mount -t tmpfs -o size="$1" none "$2" || exit 99
        mkdir "$2/home"; export ENTRIAGE_HOME="$2/home"
        "$0" demo --no-console --users 60 --rate off 2>"$2.first"; first=$?
        mount -o remount,size=64m "$2" || exit 99
        "$0" demo --no-console --users 60 --rate off || exit 98
        "$0" journal verify || exit 97
        exit $first"#;
    for size in ["16k", "200k", "1m", "4m"].into_iter().take(rounds(3)) {
        let folder = tempfile::tempdir().unwrap();
        let mounted = folder.path().join("disk");
        std::fs::create_dir(&mounted).unwrap();
        let mut command = Command::new("unshare");
        command.args(["-rm", "sh", "-c", script, env!("CARGO_BIN_EXE_entriage"), size]).arg(&mounted).env("HOME", folder.path());
        let Ok(output) = command.output() else { return };
        let first = std::fs::read_to_string(folder.path().join("disk.first")).unwrap_or_default();
        let code = output.status.code();
        if first.is_empty() && code != Some(97) && code != Some(98) {
            return; // no namespaces here: `ulimit` above stands for it
        }
        let later = String::from_utf8_lossy(&output.stderr);
        assert!(code == Some(0) || code == Some(3), "{size}: {code:?}\nfirst: {first}\nthen: {later}");
        assert!(!first.contains("panicked at") && !later.contains("panicked at"), "{size}: {first} {later}");
    }
}

//! SIGKILL at random points of a bulk dismissal: nothing acknowledged is lost, the chain verifies, and after
//! the resume no user is left in an unknown state or was sent twice blindly.

use std::collections::{HashMap, HashSet};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use proptest::test_runner::TestRng;
use rand_chacha::rand_core::Rng;
use serde_json::Value;

const KILLS: usize = 50;

fn entriage(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_entriage"));
    command.env_clear().env("ENTRIAGE_HOME", home).env("USER", "tester").stdin(Stdio::null());
    command
}

fn output(home: &Path, arguments: &[&str]) -> (i32, String) {
    let output = entriage(home).args(arguments).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let code = output.status.code().unwrap_or(-1);
    (code, if text.is_empty() { String::from_utf8_lossy(&output.stderr).into_owned() } else { text })
}

fn json(home: &Path, arguments: &[&str]) -> Value {
    let (code, text) = output(home, arguments);
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{arguments:?} exited {code}: {error}: {text}"))
}

/// What the run said before it died: events by target.
fn run_and_kill(home: &Path, count: &str, after: Duration) -> HashMap<String, HashSet<String>> {
    let mut child = entriage(home)
        .args(["act", "dismissUserRisk", "state:atRisk", "--include-caution", "--reason", "drill", "--confirm", count, "--format", "jsonl"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let stdout = child.stdout.take().unwrap();
    let reader = std::thread::spawn(move || BufReader::new(stdout).lines().map_while(Result::ok).collect::<Vec<_>>());
    let killed = std::thread::spawn(move || {
        // The point of the kill is the test's subject, not something it waits for.
        std::thread::park_timeout(after);
        child.kill().unwrap();
        child.wait().unwrap();
    });
    killed.join().unwrap();
    let mut told: HashMap<String, HashSet<String>> = HashMap::new();
    for line in reader.join().unwrap() {
        if let Ok(event) = serde_json::from_str::<Value>(&line) {
            told.entry(event["id"].as_str().unwrap().to_owned()).or_default().insert(event["event"].as_str().unwrap().to_owned());
        }
    }
    told
}

#[test]
fn a_bulk_dismissal_survives_being_killed_at_any_point() {
    let mut rng = TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha);
    let mut interrupted = 0;
    for round in 0..KILLS {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path();
        assert_eq!(output(home, &["demo", "--no-console", "--users", "400", "--rate", "off"]).0, 0);
        let plan = json(home, &["plan", "dismissUserRisk", "state:atRisk", "--include-caution", "--format", "json"]);
        let targets: Vec<&Value> = plan["targets"].as_array().unwrap().iter().filter(|target| target["included"] == true).collect();
        let after = Duration::from_micros(rng.next_u64() % 60_000);
        let told = run_and_kill(home, &targets.len().to_string(), after);

        let (code, text) = output(home, &["journal", "verify"]);
        assert_eq!(code, 0, "round {round}, killed after {after:?}: {text}");
        let journal = json(home, &["journal", "list", "--format", "json"]).to_string();
        for (id, events) in &told {
            if events.iter().any(|event| ["accepted", "verified"].contains(&event.as_str())) {
                assert!(journal.contains(id.as_str()), "round {round}: {id} was told, but is not in the journal");
            }
        }

        let jobs = json(home, &["jobs", "--format", "json"]);
        let Some(job) = jobs["value"].as_array().unwrap().first() else { continue };
        if job["state"] == "open" {
            interrupted += 1;
            let (code, text) = output(home, &["jobs", "resume", &job["id"].to_string(), "--format", "jsonl"]);
            assert_eq!(code, 0, "round {round}, killed after {after:?}: {text}");
        }
        let job = json(home, &["jobs", "--format", "json"])["value"][0].clone();
        assert_eq!((job["state"].as_str(), &job["verified"]), (Some("done"), &job["total"]), "round {round}: {job}");
        assert_eq!(output(home, &["journal", "verify"]).0, 0);

        // The tenant's own log says how often each user was really changed.
        let log = std::fs::read_to_string(home.join("workspaces/demo/tenant.jsonl")).unwrap();
        for target in &targets {
            let id = target["id"].as_str().unwrap();
            assert_eq!(log.matches(id).count(), 1, "round {round}: {id} was changed other than once");
        }
    }
    assert!(interrupted >= KILLS / 5, "only {interrupted} of {KILLS} kills met a running job: the delays do not fit this machine");
}

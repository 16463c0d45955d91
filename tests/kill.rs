//! SIGKILL at random points of a bulk dismissal: nothing acknowledged is lost, the chain verifies, and after
//! the resume no user is left in an unknown state or was sent twice blindly.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::{HashMap, HashSet};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
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

fn act(home: &Path, count: &str) -> Command {
    let mut command = entriage(home);
    command.args(["act", "dismissUserRisk", "state:atRisk", "--include-caution", "--reason", "drill"]);
    command.args(["--confirm", count, "--format", "jsonl"]).stdout(Stdio::piped()).stderr(Stdio::null());
    command
}

/// Runs the dismissal and kills it once its journal has this length; tells what it said before it died, by target.
fn run_and_kill(home: &Path, count: &str, length: u64, a_little_later: Duration) -> HashMap<String, HashSet<String>> {
    let mut child = act(home, count).spawn().unwrap();
    let stdout = child.stdout.take().unwrap();
    let reader = std::thread::spawn(move || BufReader::new(stdout).lines().map_while(Result::ok).collect::<Vec<_>>());
    let journal = journal(home);
    while std::fs::metadata(&journal).map_or(0, |file| file.len()) < length && child.try_wait().unwrap().is_none() {
        std::thread::yield_now();
    }
    let since = Instant::now();
    while since.elapsed() < a_little_later {
        std::hint::spin_loop();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let mut told: HashMap<String, HashSet<String>> = HashMap::new();
    for line in reader.join().unwrap() {
        if let Ok(event) = serde_json::from_str::<Value>(&line) {
            told.entry(event["id"].as_str().unwrap().to_owned()).or_default().insert(event["event"].as_str().unwrap().to_owned());
        }
    }
    told
}

fn journal(home: &Path) -> PathBuf {
    home.join("workspaces/demo/journal.jsonl")
}

/// A home folder like this one.
fn copy(from: &Path) -> tempfile::TempDir {
    fn copy_into(from: &Path, to: &Path) {
        std::fs::create_dir_all(to).unwrap();
        for entry in std::fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            let target = to.join(entry.file_name());
            if entry.path().is_dir() { copy_into(&entry.path(), &target) } else { std::fs::copy(entry.path(), target).map(drop).unwrap() }
        }
    }
    let to = tempfile::tempdir().unwrap();
    copy_into(from, to.path());
    to
}

#[test]
fn a_bulk_dismissal_survives_being_killed_at_any_point() {
    let fresh = tempfile::tempdir().unwrap();
    assert_eq!(output(fresh.path(), &["demo", "--no-console", "--users", "400", "--rate", "off"]).0, 0);
    let plan = json(fresh.path(), &["plan", "dismissUserRisk", "state:atRisk", "--include-caution", "--format", "json"]);
    let targets: Vec<&Value> = plan["targets"].as_array().unwrap().iter().filter(|target| target["included"] == true).collect();
    let count = targets.len().to_string();

    let undisturbed = copy(fresh.path());
    assert!(act(undisturbed.path(), &count).output().unwrap().status.success());
    let whole = std::fs::metadata(journal(undisturbed.path())).unwrap().len();

    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut interrupted = 0;
    for round in 0..KILLS {
        let folder = copy(fresh.path());
        let home = folder.path();
        let length = rng.next_u64() % whole;
        let told = run_and_kill(home, &count, length, Duration::from_micros(rng.next_u64() % 2_000));
        let at = format!("round {round}, killed when the journal had {length} of {whole} bytes");

        let (code, text) = output(home, &["journal", "verify"]);
        assert_eq!(code, 0, "{at}: {text}");
        let records = json(home, &["journal", "list", "--format", "json"]).to_string();
        for (id, events) in &told {
            if events.contains("accepted") || events.contains("verified") {
                assert!(records.contains(id.as_str()), "{at}: {id} was told, but is not in the journal");
            }
        }

        let jobs = json(home, &["jobs", "--format", "json"]);
        let Some(job) = jobs["value"].as_array().unwrap().first() else { continue };
        if job["state"] == "open" {
            interrupted += 1;
            let (code, text) = output(home, &["jobs", "resume", &job["id"].to_string(), "--format", "jsonl"]);
            assert_eq!(code, 0, "{at}: {text}");
        }
        let job = json(home, &["jobs", "--format", "json"])["value"][0].clone();
        assert_eq!((job["state"].as_str(), &job["verified"]), (Some("done"), &job["total"]), "{at}: {job}");
        assert_eq!(output(home, &["journal", "verify"]).0, 0, "{at}");

        // The tenant's own log says how often each user was really changed.
        let log = std::fs::read_to_string(home.join("workspaces/demo/tenant.jsonl")).unwrap();
        for target in &targets {
            let id = target["id"].as_str().unwrap();
            assert_eq!(log.matches(id).count(), 1, "{at}: {id} was changed other than once");
        }
    }
    assert!(interrupted >= KILLS / 2, "only {interrupted} of {KILLS} kills met a running job");
}

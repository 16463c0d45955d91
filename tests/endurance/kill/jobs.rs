//! A bulk dismissal and a playbook: after the resume no user is left in an unknown state or was sent twice blindly.

use std::collections::{HashMap, HashSet};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde_json::Value;

use crate::support::{copy, entriage, journal_of, json, output, rounds};

const WORKERS: usize = 8;

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
    journal_of(home, "demo")
}

/// A demo of 400 users with its plan, and where the records of an undisturbed run end in its journal.
struct Stage {
    fresh: tempfile::TempDir,
    targets: Vec<String>,
    ends: Vec<u64>,
}

impl Stage {
    fn new(faults: &str) -> Self {
        let fresh = tempfile::tempdir().unwrap();
        let file = fresh.path().join("faults.json");
        std::fs::write(&file, faults).unwrap();
        let made = ["demo", "--no-console", "--users", "400", "--rate", "off", "--faults", file.to_str().unwrap()];
        assert_eq!(output(fresh.path(), &made).0, 0);
        let plan = json(fresh.path(), &["plan", "dismissUserRisk", "state:atRisk", "--include-caution", "--format", "json"]);
        let included = plan["targets"].as_array().unwrap().iter().filter(|target| target["included"] == true);
        let targets: Vec<String> = included.map(|target| target["id"].as_str().unwrap().to_owned()).collect();
        let undisturbed = copy(fresh.path());
        assert!(act(undisturbed.path(), &targets.len().to_string()).output().unwrap().status.success());
        let mut end = 0;
        let lines = std::fs::read_to_string(journal(undisturbed.path())).unwrap();
        let ends = lines.split_inclusive('\n').map(|line| {
            end += line.len() as u64;
            end
        });
        Stage { targets, ends: ends.collect(), fresh }
    }

    /// Kills one run at a random record, checks what it left, resumes it and checks again. Tells whether it met a running job.
    fn round(&self, name: &str, rng: &mut ChaCha8Rng) -> bool {
        let folder = copy(self.fresh.path());
        let home = folder.path();
        let record = (rng.next_u64() % self.ends.len() as u64) as usize;
        let later = Duration::from_micros(rng.next_u64() % 2_000);
        let told = run_and_kill(home, &self.targets.len().to_string(), self.ends[record], later);
        let at = format!("{name}, killed {later:?} after record {} of {}", record + 1, self.ends.len());

        let (code, text) = output(home, &["journal", "verify"]);
        assert_eq!(code, 0, "{at}: {text}");
        let acknowledged = acknowledged(&json(home, &["journal", "list", "--format", "json"]));
        for (id, events) in &told {
            for event in events.iter().filter(|event| ["accepted", "verified"].contains(&event.as_str())) {
                assert!(
                    acknowledged.get(event).is_some_and(|ids| ids.contains(id)),
                    "{at}: {id} was told {event}, the journal does not say so"
                );
            }
        }

        let jobs = json(home, &["jobs", "--format", "json"]);
        let Some(job) = jobs["value"].as_array().unwrap().first() else { return false };
        let interrupted = job["state"] == "open";
        if interrupted {
            let (code, text) = output(home, &["jobs", "resume", &job["id"].to_string(), "--format", "jsonl"]);
            assert_eq!(code, 0, "{at}: {text}");
        }
        let job = json(home, &["jobs", "--format", "json"])["value"][0].clone();
        assert_eq!((job["state"].as_str(), &job["verified"]), (Some("done"), &job["total"]), "{at}: {job}");
        assert_eq!(output(home, &["journal", "verify"]).0, 0, "{at}");

        // The tenant's own log says how often each user was really changed.
        let log = std::fs::read_to_string(home.join("workspaces/demo/tenant.jsonl")).unwrap();
        for id in &self.targets {
            assert_eq!(log.matches(id.as_str()).count(), 1, "{at}: {id} was changed other than once");
        }
        interrupted
    }
}

/// What the journal proves, by event: the ids of requests that were answered with yes, and of targets that were read back as promised.
fn acknowledged(journal: &Value) -> HashMap<String, HashSet<String>> {
    let ids = |value: &Value| value.as_array().unwrap().iter().map(|id| id.as_str().unwrap().to_owned()).collect::<Vec<_>>();
    let mut sent: HashMap<u64, Vec<String>> = HashMap::new();
    let mut found: HashMap<String, HashSet<String>> = HashMap::new();
    for record in journal["value"].as_array().unwrap() {
        let entry = &record["entry"];
        match entry["kind"].as_str().unwrap() {
            "intent" => drop(sent.insert(entry["call"].as_u64().unwrap(), ids(&entry["ids"]))),
            "answered" if entry["answer"] == "accepted" => {
                found.entry("accepted".to_owned()).or_default().extend(sent.remove(&entry["call"].as_u64().unwrap()).unwrap());
            }
            "outcomes" => {
                let items = entry["items"].as_array().unwrap().iter().filter(|item| item["outcome"] == "verified");
                found.entry("verified".to_owned()).or_default().extend(items.map(|item| item["id"].as_str().unwrap().to_owned()));
            }
            _ => {}
        }
    }
    found
}

/// Plays rounds side by side: a resumed job mostly waits, to be sure of what a lost request has done. Tells how many kills met a
/// running job.
fn play(stage: &Stage, rounds: usize, name: &str) -> usize {
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..WORKERS.min(rounds))
            .map(|worker| {
                scope.spawn(move || {
                    let mut rng = ChaCha8Rng::seed_from_u64(worker as u64);
                    (worker..rounds).step_by(WORKERS).filter(|round| stage.round(&format!("{name} {round}"), &mut rng)).count()
                })
            })
            .collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).sum()
    })
}

#[test]
fn a_bulk_dismissal_survives_being_killed_at_any_point() {
    let kills = rounds(50);
    let met = play(&Stage::new("[]"), kills, "round");
    assert!(met >= kills / 2, "only {met} of {kills} kills met a running job");
    // Killed around a request that was applied, but whose answer was lost.
    let lossy = Stage::new(r#"[{"actions":["dismissUserRisk"],"times":1,"does":"breakAfter"}]"#);
    play(&lossy, kills.div_ceil(10), "lost answer, round");
}

/// The playbook's users: few, so that the kills fall on all its steps.
const SECURED: &str = "state:atRisk -tokentheft:true -privileged:true -guest:true -deleted:true -hybrid:true level:medium";

fn secure(home: &Path, count: &str) -> Command {
    let mut command = entriage(home);
    command.args(["act", "secureAccount", SECURED, "--block", "--include-caution", "--reason", "drill", "--confirm", count]);
    command.args(["--format", "jsonl"]).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// How often each event befell each user, as the tenant's own log has it.
fn befell(home: &Path) -> HashMap<(String, String), usize> {
    let mut counts = HashMap::new();
    let log = std::fs::read_to_string(home.join("workspaces/demo/tenant.jsonl")).unwrap_or_default();
    for line in log.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let what = line.get("event").unwrap_or(&line["deed"]["did"]).to_string();
        for user in line["users"].as_array().into_iter().flatten().chain(line.get("user")) {
            *counts.entry((what.clone(), user.as_str().unwrap().to_owned())).or_default() += 1;
        }
    }
    counts
}

#[test]
fn a_playbook_goes_on_at_its_step_wherever_it_was_killed() {
    let fresh = tempfile::tempdir().unwrap();
    assert_eq!(output(fresh.path(), &["demo", "--no-console", "--users", "60", "--rate", "off"]).0, 0);
    let plan = json(fresh.path(), &["plan", "secureAccount", SECURED, "--block", "--include-caution", "--format", "json"]);
    let count = plan["targets"].as_array().unwrap().iter().filter(|target| target["included"] == true).count();
    assert!(count > 2, "{plan}");
    let undisturbed = copy(fresh.path());
    assert!(secure(undisturbed.path(), &count.to_string()).status().unwrap().success());
    let length = std::fs::metadata(journal(undisturbed.path())).unwrap().len();
    let wanted = befell(undisturbed.path());
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    let mut interrupted = 0;
    let rounds = rounds(12) as u64;
    for round in 0..rounds {
        let folder = copy(fresh.path());
        let home = folder.path();
        let until = length * round / rounds + rng.next_u64() % (length / rounds);
        let mut child = secure(home, &count.to_string()).spawn().unwrap();
        while std::fs::metadata(journal(home)).map_or(0, |file| file.len()) < until && child.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let at = format!("round {round}, killed at {until} of {length} bytes");
        let jobs = json(home, &["jobs", "--format", "json"]);
        let playbook = jobs["value"].as_array().unwrap().iter().find(|job| job["action"] == "secureAccount");
        let Some(playbook) = playbook else { continue };
        if playbook["state"] == "open" {
            interrupted += 1;
            let (code, text) = output(home, &["jobs", "resume", &playbook["id"].to_string(), "--format", "jsonl"]);
            // A password that the killed process set, and nobody saw, is told as such.
            assert!(code == 0 || (code == 1 && text.contains("generate another")), "{at}: {code} {text}");
        }
        let jobs = json(home, &["jobs", "--format", "json"]);
        // With such a password it stays open, for another to be generated.
        let playbook = jobs["value"].as_array().unwrap().iter().find(|job| job["action"] == "secureAccount").unwrap();
        let state = if playbook["verified"] == playbook["total"] { "done" } else { "open" };
        assert_eq!(playbook["state"], state, "{at}: {jobs}");
        let steps = jobs["value"].as_array().unwrap().iter().filter(|job| job["action"] != "secureAccount");
        assert!(steps.into_iter().all(|job| job["state"] == "done"), "{at}: {jobs}");
        assert_eq!(output(home, &["journal", "verify"]).0, 0, "{at}");
        assert_eq!(befell(home), wanted, "{at}: every step befell everybody once");
    }
    assert!(interrupted >= rounds / 2, "only {interrupted} kills met a running playbook");
}

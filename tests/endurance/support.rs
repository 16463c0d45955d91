//! The program, killed.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;
use serde_json::Value;

/// How many kills a test plays.
pub fn rounds(short: usize) -> usize {
    std::env::var("ENTRIAGE_ROUNDS").map_or(short, |rounds| rounds.parse().unwrap())
}

pub fn entriage(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_entriage"));
    command.env_clear().env("ENTRIAGE_HOME", home).env("HOME", home).env("USER", "tester").stdin(Stdio::null());
    command
}

pub fn output(home: &Path, arguments: &[&str]) -> (i32, String) {
    let output = entriage(home).args(arguments).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let code = output.status.code().unwrap_or(-1);
    (code, if text.is_empty() { String::from_utf8_lossy(&output.stderr).into_owned() } else { text })
}

pub fn json(home: &Path, arguments: &[&str]) -> Value {
    let (code, text) = output(home, arguments);
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{arguments:?} exited {code}: {error}: {text}"))
}

/// The journal of a workspace as it lies on the disk.
pub fn journal_of(home: &Path, workspace: &str) -> PathBuf {
    home.join("workspaces").join(workspace).join("journal.jsonl")
}

/// A home folder like this one.
pub fn copy(from: &Path) -> tempfile::TempDir {
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

/// How long a command takes, undisturbed; it must succeed.
pub fn time(command: &mut Command) -> Duration {
    let start = Instant::now();
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    start.elapsed()
}

/// Starts a command and kills it at a random point of about this long. Tells how it ended where it was quicker.
pub fn kill_within(command: &mut Command, duration: Duration, rng: &mut ChaCha8Rng) -> Option<i32> {
    let until = duration.mul_f64(rng.next_u64() as f64 / u64::MAX as f64);
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    kill_after(child, until)
}

pub fn kill_after(mut child: Child, until: Duration) -> Option<i32> {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        if start.elapsed() >= until {
            child.kill().unwrap();
            return child.wait().unwrap().code();
        }
        std::thread::yield_now();
    }
}

/// What a workspace holds: users, sign-ins and detections, without what depends on the hour.
pub fn held(home: &Path, workspace: &str) -> [Value; 3] {
    ["users", "sign-ins", "detections"].map(|list| {
        let mut value = json(home, &[list, "--workspace", workspace, "--format", "json"]);
        for record in value["value"].as_array_mut().unwrap() {
            record.as_object_mut().unwrap().remove("entriage");
        }
        value
    })
}

/// The chain verifies; how many records it proves.
pub fn verified(home: &Path, workspace: &str, at: &str) -> u64 {
    let (code, text) = output(home, &["journal", "verify", "--workspace", workspace, "--format", "json"]);
    assert_eq!(code, 0, "{at}: {text}");
    let value: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["intact"], true, "{at}: {text}");
    value["records"].as_u64().unwrap()
}

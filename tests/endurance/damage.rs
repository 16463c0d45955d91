//! Every file of a workspace, one at a time, with a flipped bit or without its end: the program says so or is not touched by it, the
//! cache is rebuilt, and of the journal everything that is still provable is shown. Never a panic, never silence.

use std::path::{Path, PathBuf};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde_json::Value;

use crate::support::{copy, entriage, held, json, output, rounds};

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/import");

/// A workspace with a past.
struct Stage {
    home: tempfile::TempDir,
    name: &'static str,
    held: [Value; 3],
    journal: Vec<Value>,
}

/// What a command answered.
struct Said {
    exit: i32,
    out: String,
    err: String,
}

impl Stage {
    fn demo() -> Self {
        let home = tempfile::tempdir().unwrap();
        let path = home.path();
        assert_eq!(output(path, &["demo", "--no-console", "--users", "30", "--rate", "off"]).0, 0);
        let user =
            json(path, &["users", "level:medium", "--limit", "1", "--format", "json"])["value"][0]["id"].as_str().unwrap().to_owned();
        assert_eq!(output(path, &["note", &user, "seen"]).0, 0);
        let act = ["act", "dismissUserRisk", "--user", &user, "--include-caution", "--reason", "drill", "--confirm", "1"];
        assert_eq!(output(path, &act).0, 0);
        Self::with(home, "demo")
    }

    fn evidence() -> Self {
        let home = tempfile::tempdir().unwrap();
        assert_eq!(output(home.path(), &["import", FIXTURES, "--workspace", "case"]).0, 1);
        assert_eq!(output(home.path(), &["settings", "passwordWriteback", "true", "--workspace", "case"]).0, 0);
        Self::with(home, "case")
    }

    fn with(home: tempfile::TempDir, name: &'static str) -> Self {
        let held = held(home.path(), name);
        let journal = json(home.path(), &["journal", "list", "--workspace", name, "--format", "json"]);
        let journal = journal["value"].as_array().unwrap().clone();
        assert!(journal.len() >= 2);
        Stage { home, name, held, journal }
    }

    /// The files of the workspace, by their path in it.
    fn files(&self) -> Vec<PathBuf> {
        fn below(folder: &Path, found: &mut Vec<PathBuf>) {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() { below(&path, found) } else { found.push(path) }
            }
        }
        let folder = folder(self.home.path(), self.name);
        let mut found = Vec::new();
        below(&folder, &mut found);
        let mut found: Vec<PathBuf> = found.iter().map(|path| path.strip_prefix(&folder).unwrap().to_owned()).collect();
        found.sort();
        found
    }

    fn run(&self, home: &Path, arguments: &[&str], at: &str) -> Said {
        let output = entriage(home).args(arguments).args(["--workspace", self.name]).output().unwrap();
        let said = Said {
            exit: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        };
        assert!(!said.err.contains("panicked at"), "{at}: {}", said.err);
        assert!([0, 3].contains(&said.exit), "{at}: {arguments:?} exited {}: {}", said.exit, said.err);
        assert!(said.exit == 0 || said.err.contains("error: "), "{at}: {arguments:?}: {}", said.err);
        said
    }

    /// Damages one file and looks at what the program makes of it.
    fn round(&self, file: &Path, damage: &Damage) {
        let folder_of = copy(self.home.path());
        let home = folder_of.path();
        let path = folder(home, self.name).join(file);
        let whole = std::fs::read(&path).unwrap();
        let Some(broken) = damage.to(&whole) else { return };
        std::fs::write(&path, &broken).unwrap();
        let at = format!("{} {} with {damage:?}", self.name, file.display());
        let first = file.components().next().unwrap().as_os_str().to_str().unwrap();
        match first {
            "journal.jsonl" => self.journal_is_damaged(home, &path, &broken, &at),
            "journal.head" => self.head_is_damaged(home, &at),
            "cache" | "lock" => self.all_is_there(home, &at),
            "evidence.jsonl" => {
                self.all_is_there(home, &at);
                // It is read when the cache is rebuilt.
                std::fs::remove_dir_all(folder(home, self.name).join("cache")).unwrap();
                let said = self.run(home, &["users", "--format", "json"], &at);
                let told = said.err.contains("evidence.jsonl");
                assert!(told || held(home, self.name) == self.held, "{at}: imported records were lost or changed, and nothing said so");
                self.journal_is_whole(home, &at);
            }
            "workspace.json" | "tenant.jsonl" => {
                // A number or a name that is another one now cannot be told from one that was meant.
                let said = self.run(home, &["users", "--format", "json"], &at);
                if said.exit == 0 {
                    self.all_is_there(home, &at);
                } else {
                    assert!(said.err.contains(first), "{at}: {}", said.err);
                    assert_eq!(std::fs::read(&path).unwrap(), broken, "{at}: it is kept as it is");
                    std::fs::write(&path, &whole).unwrap();
                    self.all_is_there(home, &at);
                }
            }
            other => panic!("{other} is a file that this test does not know: say what its damage means"),
        }
    }

    /// The journal says where it is damaged, proves what comes before, takes nothing more, and is kept.
    fn journal_is_damaged(&self, home: &Path, path: &Path, broken: &[u8], at: &str) {
        let said = self.run(home, &["journal", "list", "--format", "json"], at);
        assert!(said.exit == 3 && said.err.contains("damaged"), "{at}: {} {}", said.exit, said.err);
        let proven: Value = serde_json::from_str(&said.out).unwrap();
        let proven = proven["value"].as_array().unwrap();
        assert!(proven.len() < self.journal.len() && self.journal.starts_with(proven), "{at}: {proven:?}");
        let said = self.run(home, &["journal", "verify"], at);
        assert!(said.exit == 3, "{at}: {}", said.out);
        assert_eq!(self.run(home, &["settings", "passwordHashSync", "true"], at).exit, 3, "{at}: nothing can be added");
        assert_eq!(std::fs::read(path).unwrap(), broken, "{at}: it is kept as it is");
        assert_eq!(held(home, self.name), self.held, "{at}");
    }

    /// The head tells that a record is missing, or is written anew with a notice; the journal is not touched.
    fn head_is_damaged(&self, home: &Path, at: &str) {
        let journal = folder(home, self.name).join("journal.jsonl");
        let before = std::fs::read(&journal).unwrap();
        let said = self.run(home, &["journal", "verify"], at);
        assert!(said.exit == 3 || said.err.contains("journal.head"), "{at}: {} {} {}", said.exit, said.out, said.err);
        assert_eq!(std::fs::read(&journal).unwrap(), before, "{at}");
        assert_eq!(held(home, self.name), self.held, "{at}");
    }

    fn all_is_there(&self, home: &Path, at: &str) {
        self.run(home, &["users", "--count"], at);
        assert!(held(home, self.name) == self.held, "{at}: the records are others");
        self.journal_is_whole(home, at);
        assert_eq!(self.run(home, &["settings", "passwordHashSync", "true"], at).exit, 0, "{at}");
    }

    fn journal_is_whole(&self, home: &Path, at: &str) {
        let said = self.run(home, &["journal", "list", "--format", "json"], at);
        let listed: Value = serde_json::from_str(&said.out).unwrap();
        assert!(listed["value"].as_array().unwrap().starts_with(&self.journal), "{at}: records of the journal are missing");
    }
}

fn folder(home: &Path, name: &str) -> PathBuf {
    home.join("workspaces").join(name)
}

/// What happens to a file; places are parts of its length.
#[derive(Debug)]
enum Damage {
    Flip(f64, u8),
    Cut(f64),
}

impl Damage {
    fn random(rng: &mut ChaCha8Rng) -> Self {
        let place = rng.next_u64() as f64 / u64::MAX as f64;
        if rng.next_u64().is_multiple_of(2) { Damage::Flip(place, 1 << (rng.next_u64() % 8)) } else { Damage::Cut(place) }
    }

    /// `None` for a file that has nothing to damage.
    fn to(&self, whole: &[u8]) -> Option<Vec<u8>> {
        let at = |place: f64| ((whole.len() as f64 * place) as usize).min(whole.len().saturating_sub(1));
        let mut bytes = whole.to_vec();
        match self {
            Damage::Flip(place, bit) => *bytes.get_mut(at(*place))? ^= bit,
            Damage::Cut(_) if whole.is_empty() => return None,
            Damage::Cut(place) => bytes.truncate(at(*place)),
        }
        Some(bytes)
    }
}

fn play(stage: &Stage, seed: u64) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    for round in 0..rounds(2) {
        for file in stage.files() {
            let damage = if round == 0 { Damage::Cut(0.0) } else { Damage::random(&mut rng) };
            stage.round(&file, &damage);
        }
    }
}

#[test]
fn any_file_of_a_demo() {
    play(&Stage::demo(), 41);
}

#[test]
fn any_file_of_an_evidence_workspace() {
    play(&Stage::evidence(), 42);
}

//! What else writes: making a workspace, resetting it, bringing it to this version, rebuilding its cache, notes and settings.

use std::path::Path;
use std::process::Command;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::support::{copy, entriage, held, journal_of, json, kill_within, output, rounds, time, verified};

fn users(home: &Path) -> Command {
    let mut command = entriage(home);
    command.args(["users", "--count"]);
    command
}

fn demo(home: &Path, more: &[&str]) -> Command {
    let mut command = entriage(home);
    command.args(["demo", "--no-console", "--users", "40", "--rate", "off"]).args(more);
    command
}

/// A demo with a note in its journal.
fn noted() -> (tempfile::TempDir, String) {
    let fresh = tempfile::tempdir().unwrap();
    time(&mut demo(fresh.path(), &[]));
    let user = json(fresh.path(), &["users", "--limit", "1", "--format", "json"])["value"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(output(fresh.path(), &["note", &user, "first"]).0, 0);
    (fresh, user)
}

/// Prepares a home, kills what opens it, and checks that the next opening finds the journal and every record.
fn survives(name: &str, seed: u64, prepare: impl Fn(&Path), command: impl Fn(&Path) -> Command, keeps_journal: bool) {
    let (fresh, _) = noted();
    let wanted = held(fresh.path(), "demo");
    let undisturbed = copy(fresh.path());
    prepare(undisturbed.path());
    let duration = time(&mut command(undisturbed.path()));
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    for round in 0..rounds(4) {
        let folder = copy(fresh.path());
        let home = folder.path();
        prepare(home);
        let mut at = format!("{name}, round {round}, ended");
        for _ in 0..1 + round % 3 {
            at = format!("{at} {:?}", kill_within(&mut command(home), duration, &mut rng));
        }
        let count = verified(home, "demo", &at);
        if keeps_journal {
            assert_eq!(count, 1, "{at}");
        } else if count == 0 {
            assert!(finds(&home.join("workspaces/demo/set-aside"), "first"), "{at}: the journal was set aside, not dropped");
        }
        if keeps_journal {
            assert_eq!(held(home, "demo"), wanted, "{at}");
        } else {
            assert_eq!(held(home, "demo")[0]["count"], wanted[0]["count"], "{at}");
        }
    }
}

/// Whether a file below this folder holds the text.
fn finds(folder: &Path, text: &str) -> bool {
    std::fs::read_dir(folder).into_iter().flatten().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() { finds(&path, text) } else { String::from_utf8_lossy(&std::fs::read(path).unwrap()).contains(text) }
    })
}

#[test]
fn rebuilding_a_damaged_cache() {
    let damage = |home: &Path| {
        let db = home.join("workspaces/demo/cache/db");
        let mut bytes = std::fs::read(&db).unwrap();
        for byte in bytes.iter_mut().step_by(101) {
            *byte ^= 0x55;
        }
        std::fs::write(db, bytes).unwrap();
    };
    survives("rebuild", 31, damage, users, true);
}

#[test]
fn bringing_a_workspace_to_this_version() {
    let older = |home: &Path| {
        let workspace = home.join("workspaces/demo");
        let manifest = workspace.join("workspace.json");
        let mut value: serde_json::Value = serde_json::from_slice(&std::fs::read(&manifest).unwrap()).unwrap();
        value.as_object_mut().unwrap().remove("schemaVersion");
        value.as_object_mut().unwrap().remove("tenant");
        std::fs::write(manifest, value.to_string()).unwrap();
        std::fs::write(workspace.join("cache/format"), "0").unwrap();
    };
    survives("migration", 32, older, users, true);
}

#[test]
fn making_a_workspace_anew() {
    survives("reset", 33, |_| {}, |home| demo(home, &["--reset"]), false);
}

#[test]
fn making_a_first_workspace() {
    let undisturbed = tempfile::tempdir().unwrap();
    let duration = time(&mut demo(undisturbed.path(), &[]));
    let count = held(undisturbed.path(), "demo")[0]["count"].clone();
    let mut rng = ChaCha8Rng::seed_from_u64(34);
    for round in 0..rounds(4) {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path();
        let ended = kill_within(&mut demo(home, &[]), duration, &mut rng);
        let at = format!("first, round {round}, ended {ended:?}");
        time(&mut demo(home, &[]));
        assert_eq!(held(home, "demo")[0]["count"], count, "{at}");
        assert_eq!(verified(home, "demo", &at), 0, "{at}");
    }
}

#[test]
fn notes_and_settings() {
    let (fresh, user) = noted();
    let home = fresh.path();
    let noted = |number: usize| {
        let mut command = entriage(home);
        command.args(["note", &user, &format!("number {number} ends")]);
        command
    };
    let stated = |number: usize| {
        let mut command = entriage(home);
        command.args(["settings", "passwordWriteback", if number.is_multiple_of(2) { "true" } else { "false" }]);
        command
    };
    let duration = time(&mut noted(0));
    let mut rng = ChaCha8Rng::seed_from_u64(35);
    let (mut told, mut killed) = (vec![0], 0);
    let rounds = rounds(8);
    for number in 1..=rounds {
        match kill_within(&mut noted(number), duration, &mut rng) {
            Some(code) => {
                assert_eq!(code, 0, "note {number}");
                told.push(number);
            }
            None => killed += 1,
        }
        kill_within(&mut stated(number), duration, &mut rng);
    }
    verified(home, "demo", "notes");
    let journal = std::fs::read_to_string(journal_of(home, "demo")).unwrap();
    for number in &told {
        assert_eq!(journal.matches(&format!("number {number} ends")).count(), 1, "note {number} was told to be kept");
    }
    for number in 1..=rounds {
        assert!(journal.matches(&format!("number {number} ends")).count() <= 1, "note {number} is there more than once");
    }
    time(&mut stated(0));
    let value = json(home, &["settings", "--format", "json"]);
    assert!(value.to_string().contains(r#""true""#) || value.to_string().contains("true"), "{value}");
    assert!(killed > 0, "no kill met a running command");
}

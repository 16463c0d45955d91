//! An import: what it said it took in is there, what was there before stays, and importing again ends with the same records.

use std::path::Path;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::support::{copy, entriage, held, journal_of, json, kill_within, output, rounds, time, verified};

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/import");
const CASE: [&str; 2] = ["--workspace", "case"];

fn import(home: &Path, file: &Path) -> std::process::Command {
    let mut command = entriage(home);
    command.arg("import").arg(file).args(CASE);
    command
}

/// Risky users of a made-up tenant, enough for an import of many pages.
fn many(folder: &Path) -> std::path::PathBuf {
    let name = "Many ".repeat(20);
    let line = |number: usize| {
        let names = format!(r#""id":"many-{number}","userPrincipalName":"many.{number}@contoso.test","userDisplayName":"{name}""#);
        let risk = r#""riskLevel":"high","riskState":"atRisk","riskDetail":"none","riskLastUpdatedDateTime":"2026-11-20T10:00:00Z""#;
        format!("{{{names},{risk}}}")
    };
    let file = folder.join("many.jsonl");
    std::fs::write(&file, (0..400).map(line).collect::<Vec<_>>().join("\n")).unwrap();
    file
}

#[test]
fn an_import_killed_at_any_point_is_whole_after_the_next() {
    let fresh = tempfile::tempdir().unwrap();
    assert_eq!(output(fresh.path(), &["import", FIXTURES, CASE[0], CASE[1]]).0, 1, "the fixtures hold records that are rejected");
    let before = json(fresh.path(), &["users", "--workspace", "case", "--format", "json"]);
    let file = many(fresh.path());
    let undisturbed = copy(fresh.path());
    let duration = time(&mut import(undisturbed.path(), &file));
    let wanted = held(undisturbed.path(), "case");
    let mut rng = ChaCha8Rng::seed_from_u64(11);
    let mut killed = 0;
    for round in 0..rounds(6) {
        let folder = copy(fresh.path());
        let home = folder.path();
        let ended = kill_within(&mut import(home, &file), duration, &mut rng);
        let at = format!("import, round {round}, ended {ended:?}");
        killed += usize::from(ended.is_none());
        let records = verified(home, "case", &at);
        assert_eq!(records, 1 + u64::from(ended == Some(0) || journal_has_two(home)), "{at}");
        let users = json(home, &["users", "--workspace", "case", "--format", "json"]);
        for user in before["value"].as_array().unwrap() {
            let same = users["value"].as_array().unwrap().iter().find(|held| held["id"] == user["id"]);
            assert_eq!(same.map(|same| &same["riskState"]), Some(&user["riskState"]), "{at}: {user} was lost");
        }
        if ended == Some(0) {
            assert_eq!(held(home, "case"), wanted, "{at}: it said that all is there");
        }
        assert_eq!(output(home, &["import", file.to_str().unwrap(), "--workspace", "case"]).0, 0, "{at}");
        assert_eq!(held(home, "case"), wanted, "{at}: imported again");
        // What the cache is rebuilt from has it all, too.
        std::fs::remove_dir_all(home.join("workspaces/case/cache")).unwrap();
        assert_eq!(held(home, "case"), wanted, "{at}: rebuilt");
        verified(home, "case", &at);
    }
    assert!(killed >= rounds(6) / 3, "only {killed} kills met a running import");
}

fn journal_has_two(home: &Path) -> bool {
    std::fs::read_to_string(journal_of(home, "case")).unwrap().lines().count() == 2
}

#[test]
fn a_first_import_killed_at_any_point_leaves_a_workspace_or_none() {
    let fresh = tempfile::tempdir().unwrap();
    let file = many(fresh.path());
    let undisturbed = tempfile::tempdir().unwrap();
    let duration = time(&mut import(undisturbed.path(), &file));
    let wanted = held(undisturbed.path(), "case");
    let mut rng = ChaCha8Rng::seed_from_u64(12);
    for round in 0..rounds(4) {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path();
        let ended = kill_within(&mut import(home, &file), duration, &mut rng);
        let at = format!("first import, round {round}, ended {ended:?}");
        assert_eq!(output(home, &["import", file.to_str().unwrap(), "--workspace", "case"]).0, 0, "{at}");
        assert_eq!(held(home, "case"), wanted, "{at}");
        verified(home, "case", &at);
    }
}

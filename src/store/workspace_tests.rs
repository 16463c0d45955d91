use super::*;
use crate::domain::fixture;
use crate::domain::records::UserRecords;
use crate::store::conformance::{evidence, note};

fn home() -> (tempfile::TempDir, Home) {
    let folder = tempfile::tempdir().unwrap();
    let home = Home(folder.path().join("home"));
    create(&home, "w", &evidence()).unwrap();
    (folder, home)
}

fn opened(home: &Home) -> Opened {
    open(home, "w", fixture::now()).unwrap()
}

#[test]
fn a_workspace_is_made_once_and_found_again() {
    let (_folder, home) = home();
    assert!(exists(&home, "w") && !exists(&home, "v") && !exists(&home, "../w"));
    assert_eq!(home.workspaces().unwrap(), ["w"]);
    assert_eq!(manifest(&home, "w").unwrap(), evidence());
    assert!(matches!(create(&home, "w", &evidence()), Err(StoreError::Exists(_))));
    assert!(matches!(create(&home, "../w", &evidence()), Err(StoreError::BadName(_))));
    assert!(matches!(open(&home, "v", fixture::now()), Err(StoreError::NotFound(_))));
    assert!(!home.workspace_path("v").exists());
}

#[test]
fn what_was_written_is_there_after_closing() {
    let (_folder, home) = home();
    let first = opened(&home);
    assert!(first.needs_fill && first.notices.is_empty(), "{:?}", first.notices);
    first.store.put(&[fixture::risky_user("u1", "x")]).unwrap();
    first.store.append(fixture::now(), "me", vec![note("one")]).unwrap();
    drop(first);
    assert!(opened(&home).needs_fill, "a fill that did not end is no fill");
    opened(&home).store.set_synced_at(fixture::now()).unwrap();
    let again = opened(&home);
    assert!(!again.needs_fill && again.notices.is_empty(), "{:?}", again.notices);
    assert_eq!(again.store.load().unwrap().len(), 1);
    again.store.with_ledger(&mut |ledger| assert_eq!(ledger.notes(&"u1".into()).len(), 1));
}

#[test]
fn an_open_workspace_is_locked() {
    let (_folder, home) = home();
    let first = opened(&home);
    let error = open_within(&home, "w", fixture::now(), Duration::ZERO).unwrap_err();
    assert!(matches!(error, StoreError::Locked { .. }));
    assert!(error.to_string().contains(&format!("process {}", std::process::id())), "{error}");
    assert_eq!(manifest(&home, "w").unwrap(), evidence());
    drop(first);
    assert!(open_within(&home, "w", fixture::now(), Duration::ZERO).is_ok());
}

#[test]
fn a_newer_schema_is_refused_and_an_older_one_brought_up_with_the_old_manifest_kept() {
    let (_folder, home) = home();
    let path = home.workspace_path("w").join("workspace.json");
    std::fs::write(&path, r#"{"schemaVersion":99}"#).unwrap();
    assert!(matches!(open(&home, "w", fixture::now()), Err(StoreError::NewerSchema { found: 99, .. })));
    let old = r#"{"source":{"kind":"evidence"},"createdAt":"2026-01-01T00:00:00Z"}"#;
    std::fs::write(&path, old).unwrap();
    let first = opened(&home);
    assert_eq!(first.manifest.tenant, "w");
    assert!(first.notices[0].contains("from schema 0"), "{:?}", first.notices);
    drop(first);
    assert_eq!(opened(&home).notices, Vec::<String>::new());
    let kept = home.workspace_path("w").join("set-aside").read_dir().unwrap().next().unwrap().unwrap().path();
    assert_eq!(std::fs::read_to_string(kept.join("workspace.json")).unwrap(), old);
}

#[test]
fn a_reset_keeps_the_old_journal_and_nothing_else() {
    let (_folder, home) = home();
    let first = opened(&home);
    first.store.put(&[UserRecords::unknown("u1".into())]).unwrap();
    first.store.append(fixture::now(), "me", vec![note("one")]).unwrap();
    first.store.set_synced_at(fixture::now()).unwrap();
    drop(first);
    let dir = home.workspace_path("w");
    let journal = std::fs::read(dir.join("journal.jsonl")).unwrap();
    std::fs::write(dir.join("tenant.jsonl"), "state").unwrap();
    let manifest = Manifest { tenant: "fabrikam.test".to_owned(), ..evidence() };
    let kept = reset(&home, "w", &manifest, fixture::now()).unwrap().unwrap();
    assert_eq!(std::fs::read(kept.join("journal.jsonl")).unwrap(), journal);
    assert!(!dir.join("tenant.jsonl").exists());
    let again = opened(&home);
    assert_eq!((again.manifest.tenant.as_str(), again.needs_fill, again.notices.len()), ("fabrikam.test", true, 0));
    assert!(again.store.load().unwrap().is_empty() && again.store.journal().unwrap().is_empty());
    drop(again);
    assert!(matches!(reset(&home, "v", &manifest, fixture::now()), Err(StoreError::NotFound(_))));
}

#[test]
fn a_new_workspace_has_a_journal_and_one_whose_journal_was_removed_takes_no_records_until_it_is_reset() {
    let (_folder, home) = home();
    let dir = home.workspace_path("w");
    let remove = || ["journal.jsonl", "journal.head"].map(|name| std::fs::remove_file(dir.join(name)).unwrap());
    remove();
    let opened_without = opened(&home);
    assert!(opened_without.notices[0].contains("removed"), "{:?}", opened_without.notices);
    assert!(opened_without.store.append(fixture::now(), "me", vec![note("one")]).is_err());
    drop(opened_without);
    reset(&home, "w", &evidence(), fixture::now()).unwrap();
    assert_eq!(opened(&home).notices, Vec::<String>::new());
    remove();
    reset(&home, "w", &evidence(), fixture::now()).unwrap();
    assert_eq!(opened(&home).notices, Vec::<String>::new());
}

#[test]
fn a_damaged_cache_leaves_the_journal_as_it_is() {
    let (_folder, home) = home();
    let first = opened(&home);
    first.store.append(fixture::now(), "me", vec![note("one")]).unwrap();
    first.store.set_synced_at(fixture::now()).unwrap();
    drop(first);
    let dir = home.workspace_path("w");
    let journal = std::fs::read(dir.join("journal.jsonl")).unwrap();
    std::fs::write(dir.join("cache/db"), "garbage").unwrap();
    std::fs::write(dir.join("cache/conf"), "garbage").unwrap();
    let again = opened(&home);
    assert!(again.needs_fill && again.notices[0].contains("set aside"), "{:?}", again.notices);
    assert_eq!(std::fs::read(dir.join("journal.jsonl")).unwrap(), journal);
    assert_eq!(again.store.verify().unwrap().unwrap().seq, 1);
}

use proptest::prelude::*;

use super::*;
use crate::domain::fixture;

fn filled(workspace: &Path) {
    let cache = open(workspace).0;
    let users: Vec<UserRecords> = (0..300).map(|number| fixture::risky_user(&format!("u{number}"), "anomalousToken")).collect();
    cache.put(&users).unwrap();
    cache.set_synced_at(fixture::now()).unwrap();
}

fn open(workspace: &Path) -> (Cache, Vec<String>) {
    let mut notices = Vec::new();
    let cache = Cache::open(workspace, fixture::now(), &mut notices).unwrap();
    (cache, notices)
}

fn assert_rebuilt(workspace: &Path, why: &str) {
    let (cache, notices) = open(workspace);
    assert_eq!(notices.len(), 1, "{notices:?}");
    assert!(notices[0].contains("set aside") && notices[0].contains("and rebuilt") && notices[0].contains(why), "{notices:?}");
    assert!(workspace.join("set-aside").read_dir().unwrap().next().is_some());
    assert_eq!((cache.load().unwrap().len(), cache.synced_at().unwrap()), (0, None));
    drop(cache);
    assert_eq!(open(workspace).1, Vec::<String>::new());
}

#[test]
fn a_snapshot_left_half_written_by_a_kill_does_no_harm() {
    let folder = tempfile::tempdir().unwrap();
    filled(folder.path());
    std::fs::write(folder.path().join("cache/snap.FFFFFFFFFFFFFFFF.generating"), "").unwrap();
    let (cache, notices) = open(folder.path());
    assert_eq!((cache.load().unwrap().len(), notices), (300, Vec::new()));
}

#[test]
fn a_damaged_snapshot_costs_nothing_but_time() {
    let folder = tempfile::tempdir().unwrap();
    filled(folder.path());
    std::fs::write(folder.path().join("cache/snap.FFFFFFFFFFFFFFFF"), "no snapshot").unwrap();
    let (cache, notices) = open(folder.path());
    assert_eq!((cache.load().unwrap().len(), notices), (300, Vec::new()));
}

#[test]
fn random_bytes_in_every_file_of_sled_are_set_aside() {
    let folder = tempfile::tempdir().unwrap();
    filled(folder.path());
    let mut noise: u32 = 1;
    for entry in folder.path().join("cache").read_dir().unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() || ["format", "writes"].contains(&name.as_str()) {
            continue;
        }
        let mut bytes = std::fs::read(&path).unwrap();
        for byte in &mut bytes {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *byte = noise.to_be_bytes()[0];
        }
        std::fs::write(&path, bytes).unwrap();
    }
    assert_rebuilt(folder.path(), "");
}

#[test]
fn a_cache_that_lost_what_was_written_last_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    filled(folder.path());
    let (cache, _) = open(folder.path());
    for number in 0..20 {
        let mut user = fixture::risky_user(&format!("u{number}"), "anomalousToken");
        user.user.user_display_name = Some("changed later".into());
        cache.put(&[user]).unwrap();
    }
    let held = cache.load().unwrap();
    drop(cache);
    let path = folder.path().join("cache/db");
    let whole = std::fs::read(&path).unwrap();
    let (mut noticed, parts) = (0, 40);
    for part in 0..parts {
        let copy = tempfile::tempdir().unwrap();
        let cache = copy.path().join("cache");
        std::fs::create_dir(&cache).unwrap();
        for entry in folder.path().join("cache").read_dir().unwrap().map(Result::unwrap).filter(|entry| entry.path().is_file()) {
            std::fs::copy(entry.path(), cache.join(entry.file_name())).unwrap();
        }
        std::fs::write(cache.join("db"), &whole[..whole.len() * part / parts]).unwrap();
        let (cache, notices) = open(copy.path());
        if notices.is_empty() {
            assert!(cache.load().unwrap().users() == held.users(), "{part} of {parts}");
        } else {
            noticed += 1;
        }
    }
    assert!(noticed > 0);
}

#[test]
fn a_cache_that_lost_what_it_held_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    filled(folder.path());
    std::fs::write(folder.path().join("cache/db"), "").unwrap();
    for entry in folder.path().join("cache").read_dir().unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().unwrap().to_string_lossy().starts_with("snap.") {
            std::fs::remove_file(path).unwrap();
        }
    }
    assert_rebuilt(folder.path(), "");
}

#[test]
fn a_value_that_cannot_be_read_is_an_error_now_and_set_aside_next_time() {
    for (id, value) in [
        ("u7", vec![ENCODING, 0xff]),
        ("u7", Vec::new()),
        ("u7", vec![99]),
        ("u7", encoding::encode(&fixture::risky_user("u8", "x")).unwrap().remove(0)),
    ] {
        let folder = tempfile::tempdir().unwrap();
        filled(folder.path());
        let cache = open(folder.path()).0;
        cache.db.insert(key(id.as_bytes(), 0), value).unwrap();
        let error = cache.load().unwrap_err().to_string();
        assert!(error.contains("u7") && error.contains("Open the workspace again"), "{error}");
        assert!(cache.user(&"u7".into()).is_err());
        drop(cache);
        assert_rebuilt(folder.path(), "u7");
    }
}

#[test]
fn an_orphaned_chunk_is_damage() {
    let folder = tempfile::tempdir().unwrap();
    let cache = open(folder.path()).0;
    cache.db.insert(key(b"u1", 1), vec![ENCODING]).unwrap();
    assert!(cache.load().is_err());
}

#[test]
fn a_cache_of_another_or_no_format_is_set_aside_whole_and_built_anew() {
    for (format, why) in [(Some("0"), "another version"), (Some(""), "does not tell its format"), (None, "does not tell its format")] {
        let folder = tempfile::tempdir().unwrap();
        filled(folder.path());
        let log = std::fs::read(folder.path().join("cache/db")).unwrap();
        let mark = folder.path().join("cache/format");
        match format {
            Some(format) => std::fs::write(mark, format).unwrap(),
            None => std::fs::remove_file(mark).unwrap(),
        }
        assert_rebuilt(folder.path(), why);
        let aside = folder.path().join("set-aside").read_dir().unwrap().next().unwrap().unwrap().path();
        assert_eq!(std::fs::read(aside.join("cache/db")).unwrap(), log);
    }
}

#[test]
fn a_mark_that_cannot_be_read_is_damage() {
    for name in ["format", "damaged", "opening"] {
        let folder = tempfile::tempdir().unwrap();
        filled(folder.path());
        let mark = folder.path().join("cache").join(name);
        if mark.exists() {
            std::fs::remove_file(&mark).unwrap();
        }
        std::fs::create_dir(&mark).unwrap();
        assert_rebuilt(folder.path(), "damaged");
    }
}

#[test]
fn a_cache_whose_opening_never_ends_is_given_up() {
    let folder = tempfile::tempdir().unwrap();
    filled(folder.path());
    std::fs::write(folder.path().join("cache/opening"), "x").unwrap();
    assert_eq!(open(folder.path()).1, Vec::<String>::new());
    std::fs::write(folder.path().join("cache/opening"), "xx").unwrap();
    assert_rebuilt(folder.path(), "did not end 2 times");
}

#[test]
fn a_full_disk_is_no_damage() {
    assert!(!is_damage(&sled::Error::Io(std::io::ErrorKind::StorageFull.into())));
    assert!(!is_damage(&sled::Error::Io(std::io::ErrorKind::FileTooLarge.into())));
    assert!(is_damage(&sled::Error::Corruption { at: None, bt: () }));
}

#[test]
fn after_a_failed_write_nothing_is_written_or_waited_for_and_what_is_held_can_be_read() {
    let folder = tempfile::tempdir().unwrap();
    filled(folder.path());
    let cache = open(folder.path()).0;
    cache.never_flush_again("the disk is full");
    let error = cache.put(&[fixture::risky_user("u1", "x")]).unwrap_err().to_string();
    assert!(error.contains("the disk is full") && error.contains("Open the workspace again"), "{error}");
    assert!(cache.set_synced_at(fixture::now()).is_err());
    assert_eq!(cache.load().unwrap().len(), 300);
}

#[test]
fn a_panic_becomes_its_message() {
    let message = caught(|| -> () { panic!("{}", super::super::panic_is_caught()) });
    assert_eq!(message, Err("sled panicked: true".to_owned()));
    assert!(!super::super::panic_is_caught());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn damage_to_the_log_never_passes_for_fewer_users(at in 0.0f64..1.0, noise in proptest::option::of(proptest::collection::vec(any::<u8>(), 1..200))) {
        let folder = tempfile::tempdir().unwrap();
        filled(folder.path());
        let path = folder.path().join("cache/db");
        let mut bytes = std::fs::read(&path).unwrap();
        let used = bytes.iter().rposition(|byte| *byte != 0).unwrap();
        let at = (used as f64 * at) as usize;
        match noise {
            Some(noise) => bytes.iter_mut().skip(at).zip(noise).for_each(|(byte, noise)| *byte = noise),
            None => bytes.truncate(at),
        }
        std::fs::write(&path, bytes).unwrap();
        let (cache, notices) = open(folder.path());
        match cache.load() {
            Ok(dataset) if notices.is_empty() => prop_assert_eq!(dataset.len(), 300),
            Ok(dataset) => prop_assert!(dataset.is_empty()),
            Err(error) => prop_assert!(error.to_string().contains("damaged")),
        }
    }
}

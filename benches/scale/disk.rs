//! The workspace on disk: filling, size, durability, what a kill leaves.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use entriage::domain::journal::Entry;
use entriage::domain::records::UserRecords;
use entriage::domain::time::Timestamp;
use entriage::domain::workspace::{Manifest, SCHEMA_VERSION, Source};
use entriage::store::{self, Home, SledStore, Store};

use crate::tenant;

/// Makes a workspace of so many users; `trim` takes from them what it should not hold. The time is of writing alone.
pub fn fill(home: &Home, name: &str, users: usize, now: Timestamp, trim: fn(&mut UserRecords)) -> Duration {
    let manifest = Manifest { schema_version: SCHEMA_VERSION, tenant: name.to_owned(), source: Source::Evidence, created_at: now };
    store::create(home, name, &manifest).unwrap();
    let store = open(home, name, now);
    let mut took = Duration::ZERO;
    let all: Vec<usize> = (0..users).collect();
    for some in all.chunks(2_000) {
        let mut records: Vec<UserRecords> = some.iter().map(|number| tenant::user(*number, now)).collect();
        records.iter_mut().for_each(trim);
        let start = Instant::now();
        store.put(&records).unwrap();
        took += start.elapsed();
    }
    let start = Instant::now();
    store.set_synced_at(now).unwrap();
    drop(store);
    took + start.elapsed()
}

pub fn open(home: &Home, name: &str, now: Timestamp) -> SledStore {
    store::open(home, name, now).unwrap().store
}

/// Bytes of a folder with all that is in it.
pub fn size(path: &Path) -> u64 {
    let entries = fs::read_dir(path).unwrap().flatten();
    entries.map(|entry| if entry.path().is_dir() { size(&entry.path()) } else { entry.metadata().unwrap().len() }).sum()
}

/// Journal records of about 300 bytes, and beside each the same bytes appended to a file with fdatasync.
pub fn durable(store: &dyn Store, folder: &Path, now: Timestamp) -> (Vec<Duration>, Vec<Duration>) {
    let (mut journal, mut plain) = (Vec::new(), Vec::new());
    let mut file = File::create(folder.join("fdatasync")).unwrap();
    for _ in 0..500 {
        let entry = Entry::Note { user: tenant::user_id(1), text: "x".repeat(100) };
        let start = Instant::now();
        store.append(now, "benchmark", vec![entry]).unwrap();
        journal.push(start.elapsed());
        let start = Instant::now();
        file.write_all(&[b'x'; 300]).unwrap();
        file.sync_data().unwrap();
        plain.push(start.elapsed());
    }
    (journal, plain)
}

/// Opening after a process that was writing was killed, several times.
pub fn after_a_kill(home: &Home, name: &str, now: Timestamp) -> Vec<Duration> {
    let kill = || {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--write", home.path().to_str().unwrap(), name])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = [0; 6];
        child.stdout.take().unwrap().read_exact(&mut said).unwrap();
        std::thread::sleep(Duration::from_millis(200));
        child.kill().unwrap();
        child.wait().unwrap();
        let start = Instant::now();
        let store = open(home, name, now);
        let took = start.elapsed();
        drop(store);
        took
    };
    (0..5).map(|_| kill()).collect()
}

/// The process that is killed: it writes until then.
pub fn write_until_killed(home: &Path, name: &str) {
    let now = Timestamp(chrono::Utc::now());
    let store = open(&Home(home.to_owned()), name, now);
    let mut at = 0;
    loop {
        let records: Vec<UserRecords> = (at..at + 50).map(|number| tenant::user(number % 1_000, now)).collect();
        at += 50;
        store.put(&records).unwrap();
        store.append(now, "benchmark", vec![Entry::Note { user: tenant::user_id(1), text: "x".to_owned() }]).unwrap();
        if at == 50 {
            println!("going");
        }
    }
}

//! What surrounds the program: a second process, signals, a reader that goes away, a clock that jumps. A terminal that vanishes is in
//! `tests/terminal.rs`.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use entriage::clock::Clock;
use entriage::domain::journal::Entry;
use entriage::domain::time::Timestamp;
use entriage::engine::{OpenOptions, Session, SignInOptions};
use entriage::store::Home;
use serde_json::Value;

use crate::support::{entriage, held, journal_of, json, output, rounds, verified};

const DEMO: [&str; 4] = ["demo", "--no-console", "--users", "60"];

fn demo(rate: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(output(folder.path(), &[&DEMO[..], &["--rate", rate]].concat()).0, 0);
    folder
}

#[test]
fn two_processes_at_once_lose_nothing() {
    let folder = demo("off");
    let home = folder.path();
    let user = json(home, &["users", "--limit", "1", "--format", "json"])["value"][0]["id"].as_str().unwrap().to_owned();
    let notes = rounds(6).min(40);
    let told: Vec<String> = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..2)
            .map(|writer| {
                let user = &user;
                scope.spawn(move || {
                    (0..notes)
                        .filter_map(|number| {
                            let text = format!("writer {writer} note {number} ends");
                            let (code, said) = output(home, &["note", user, &text]);
                            assert!(code == 0 || (code == 3 && said.contains("is in use by")), "{code} {said}");
                            (code == 0).then_some(text)
                        })
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        writers.into_iter().flat_map(|writer| writer.join().unwrap()).collect()
    });
    let journal = std::fs::read_to_string(journal_of(home, "demo")).unwrap();
    assert!(!told.is_empty());
    assert_eq!(verified(home, "demo", "two writers"), told.len() as u64);
    for text in told {
        assert_eq!(journal.matches(text.as_str()).count(), 1, "{text}");
    }
}

#[test]
fn a_second_process_is_told_who_holds_the_workspace_during_a_job() {
    let folder = demo("1");
    let home = folder.path();
    let mut job = running_job(home);
    let (code, said) = output(home, &["users", "--count"]);
    assert!(code == 3 && said.contains(&format!("process {} (entriage)", job.id())), "{code} {said}");
    job.kill().unwrap();
    job.wait().unwrap();
    resumes(home);
}

fn act(home: &Path) -> Command {
    let mut command = entriage(home);
    command.args(["act", "dismissUserRisk", "state:atRisk", "--include-caution", "--reason", "drill", "--format", "jsonl"]);
    let plan = json(home, &["plan", "dismissUserRisk", "state:atRisk", "--include-caution", "--format", "json"]);
    let count = plan["targets"].as_array().unwrap().iter().filter(|target| target["included"] == true).count();
    command.args(["--confirm", &count.to_string(), "--hold", "3"]);
    command
}

/// A job whose intent is in the journal.
fn running_job(home: &Path) -> std::process::Child {
    // The records that are written to their end: a kill amid the first one leaves no job, and need not.
    let records = || std::fs::read(journal_of(home, "demo")).map_or(0, |held| held.iter().filter(|byte| **byte == b'\n').count());
    let before = records();
    let child = act(home).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let start = Instant::now();
    while records() == before {
        assert!(start.elapsed() < Duration::from_secs(60), "the job never began");
        std::thread::yield_now();
    }
    child
}

/// The job that was left can be gone on with.
fn resumes(home: &Path) {
    verified(home, "demo", "left alone");
    let job = &json(home, &["jobs", "--format", "json"])["value"][0];
    assert_eq!(job["state"], "open", "{job}");
    let (code, said) = output(home, &["jobs", "resume", &job["id"].to_string()]);
    assert_eq!(code, 0, "{said}");
    let job = &json(home, &["jobs", "--format", "json"])["value"][0];
    assert_eq!((&job["state"], &job["verified"]), (&Value::from("done"), &job["total"]), "{job}");
}

#[test]
fn signals_during_a_job_leave_it_to_be_resumed() {
    for signal in ["-HUP", "-TERM"] {
        let folder = demo("off");
        let mut job = running_job(folder.path());
        assert!(Command::new("kill").args([signal, &job.id().to_string()]).status().unwrap().success());
        job.wait().unwrap();
        resumes(folder.path());
    }
}

#[test]
fn a_reader_that_goes_away_ends_a_list_and_not_a_job() {
    let folder = demo("off");
    let home = folder.path();
    for arguments in [&["users", "--format", "jsonl"][..], &["detections", "--format", "csv"], &["keys"], &["man"]] {
        let mut child = entriage(home).args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let mut said = String::new();
        child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert_eq!((child.wait().unwrap().code(), said.contains("panicked")), (Some(0), false), "{arguments:?}: {said}");
    }
    let mut job = act(home).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(job.stdout.take());
    let mut said = String::new();
    job.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    job.wait().unwrap();
    assert!(!said.contains("panicked"), "{said}");
    verified(home, "demo", "nobody read");
    let job = &json(home, &["jobs", "--format", "json"])["value"][0];
    if job["state"] == "open" {
        resumes(home);
    } else {
        assert_eq!(job["verified"], job["total"], "{job}");
    }
}

/// Opens the demo at this time, adds a note, and closes it.
fn note_at(home: &Path, time: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let clock = Clock::starting_at(Timestamp::parse(time).unwrap());
        let options = OpenOptions { home: Home(home.to_owned()), read_only: false, clock, sign_in: SignInOptions::silent() };
        let session = Session::open(&options, "demo").await.unwrap();
        let user = session.load().unwrap().users()[0].id().clone();
        let entry = Entry::Note { user, text: format!("at {time}") };
        session.store.append(clock.now(), "tester", vec![entry]).unwrap();
    });
}

#[test]
fn a_clock_that_jumps_breaks_neither_chain_nor_job() {
    let folder = demo("off");
    let home = folder.path();
    let before = held(home, "demo");
    for time in ["2026-11-22T14:05:00Z", "2031-01-01T00:00:00Z", "1999-12-31T23:59:59Z", "2026-11-22T14:04:00Z", "9999-12-31T23:59:59Z"] {
        note_at(home, time);
    }
    assert_eq!(verified(home, "demo", "jumps"), 5);
    assert_eq!(held(home, "demo"), before);
    let mut job = running_job(home);
    job.kill().unwrap();
    job.wait().unwrap();
    note_at(home, "2020-01-01T00:00:00Z");
    resumes(home);
}

//! `emulate`: what it says, and how it ends.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::support::Home;

/// A running emulator, which ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

impl Running {
    /// Starts it and reads its first line.
    fn new(home: &Home, args: &[&str]) -> (Self, Value) {
        let mut child = Command::new(env!("CARGO_BIN_EXE_entriage"))
            .args(["emulate", "--users", "20"])
            .args(args)
            .env("HOME", home.path())
            .env("TMPDIR", home.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let first = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"));
        (Running(child), first)
    }

    /// Sends it a signal; its exit code, and what it said.
    fn end(mut self, signal: &str) -> (Option<i32>, String) {
        assert!(Command::new("kill").args([signal, &self.0.id().to_string()]).status().unwrap().success());
        let code = self.0.wait().unwrap().code();
        let mut said = String::new();
        self.0.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        (code, said)
    }
}

#[test]
fn the_first_line_tells_how_to_connect_and_signals_end_it() {
    let home = Home::empty();
    for signal in ["-TERM", "-INT"] {
        let (running, first) = Running::new(&home, &[]);
        let names: Vec<&String> = first.as_object().unwrap().keys().collect();
        assert_eq!(names, ["caFile", "clientId", "clientSecret", "tenantId", "url"]);
        assert!(first["url"].as_str().unwrap().starts_with("https://127.0.0.1:"), "{first}");
        let ca_file = std::path::PathBuf::from(first["caFile"].as_str().unwrap());
        assert!(ca_file.starts_with(home.path()) && std::fs::read_to_string(&ca_file).unwrap().contains("BEGIN CERTIFICATE"));
        let (code, said) = running.end(signal);
        assert_eq!(code, Some(0), "{said}");
        for part in ["entriage connect", "ENTRIAGE_CLIENT_SECRET", "client.pem", "user_code="] {
            assert!(said.contains(part), "{part}: {said}");
        }
        assert!(!ca_file.exists(), "a folder that nobody named goes with it");
    }
}

#[test]
fn the_same_seed_is_the_same_tenant_and_a_named_folder_stays() {
    let home = Home::empty();
    let folder = home.path().join("tls");
    let folder = folder.to_str().unwrap();
    let (first, one) = Running::new(&home, &["--tls-dir", folder, "--seed", "7"]);
    let ca = std::fs::read(one["caFile"].as_str().unwrap()).unwrap();
    first.end("-TERM");
    let (second, two) = Running::new(&home, &["--tls-dir", folder, "--seed", "7"]);
    for name in ["caFile", "clientId", "clientSecret", "tenantId"] {
        assert_eq!(one[name], two[name]);
    }
    assert_eq!(std::fs::read(two["caFile"].as_str().unwrap()).unwrap(), ca);
    second.end("-TERM");
}

#[test]
fn what_cannot_be_served_is_told_with_its_exit_code() {
    let home = Home::empty();
    home.run(&["emulate", "--listen", "0.0.0.0:0"]).is_usage("not an address of this machine alone");
    home.run(&["emulate", "--listen", "somewhere"]).is_usage("somewhere");
    home.run(&["emulate", "--faults", "/nowhere.json"]).is_usage("/nowhere.json");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    home.run(&["emulate", "--listen", &taken.local_addr().unwrap().to_string()]).is_usage("cannot listen");
    let file = home.file("file", "");
    assert_eq!(home.run(&["emulate", "--tls-dir", file.to_str().unwrap()]).exit, 3);
}

#[test]
fn the_demo_leaves_to_it_what_only_a_server_plays() {
    let home = Home::empty();
    let faults = home.file("faults.json", r#"[{"does":"expiredToken"}]"#);
    home.run(&["demo", "--no-console", "--faults", faults.to_str().unwrap()]).is_usage("entriage emulate");
    let (running, _) = Running::new(&home, &["--faults", faults.to_str().unwrap()]);
    running.end("-TERM");
}

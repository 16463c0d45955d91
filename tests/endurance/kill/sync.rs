//! A sync with Graph: killed and begun again, it ends with the records of one that was left alone.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde_json::Value;

use crate::support::{copy, entriage, held, kill_within, rounds, time, verified};

/// `entriage emulate`, which ends with the test.
struct Emulator {
    process: Child,
    says: Value,
}

impl Emulator {
    fn start(home: &Path) -> Self {
        let mut process = entriage(home)
            .args(["emulate", "--users", "120", "--rate", "off", "--tls-dir"])
            .arg(home.join("tls"))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Emulator { says: serde_json::from_str(&line).unwrap(), process }
    }

    fn command(&self, home: &Path, arguments: &[&str]) -> Command {
        let mut command = entriage(home);
        command.env("ENTRIAGE_CLIENT_SECRET", self.says["clientSecret"].as_str().unwrap()).args(arguments).args(["--workspace", "live"]);
        command
    }

    fn connect(&self, home: &Path) -> Command {
        let said = |name: &str| self.says[name].as_str().unwrap();
        let mut command = self.command(home, &["connect", "--auth", "secret", "--no-sync", "--rate", "off"]);
        command.args(["--tenant", said("tenantId"), "--client-id", said("clientId"), "--ca-file", said("caFile")]);
        command.args(["--graph-url", said("url"), "--authority-url", said("url")]);
        command
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

fn synced(emulator: &Emulator, home: &Path, arguments: &[&str], at: &str) {
    let output = emulator.command(home, arguments).output().unwrap();
    assert!(output.status.success(), "{at}: {}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_sync_killed_at_any_point_goes_on_to_the_same_records() {
    let folder = tempfile::tempdir().unwrap();
    let emulator = Emulator::start(folder.path());
    let fresh = tempfile::tempdir().unwrap();
    time(&mut emulator.connect(fresh.path()));
    let undisturbed = copy(fresh.path());
    let duration = time(&mut emulator.command(undisturbed.path(), &["sync"]));
    let wanted = held(undisturbed.path(), "live");
    assert!(wanted[0]["count"].as_u64().unwrap() > 50);
    let mut rng = ChaCha8Rng::seed_from_u64(21);
    let mut killed = 0;
    for round in 0..rounds(4) {
        // A first one, and one that reads all again over what is held.
        let again = round % 2 == 1;
        let folder = copy(if again { undisturbed.path() } else { fresh.path() });
        let home = folder.path();
        let arguments: &[&str] = if again { &["sync", "--full"] } else { &["sync"] };
        // Killed more than once on its way.
        let mut at = format!("sync, round {round}, ended");
        for _ in 0..1 + round % 3 {
            let ended = kill_within(&mut emulator.command(home, arguments), duration, &mut rng);
            killed += usize::from(ended.is_none());
            at = format!("{at} {ended:?}");
            verified(home, "live", &at);
            if again {
                assert_eq!(held(home, "live"), wanted, "{at}: what was held stays");
            }
        }
        synced(&emulator, home, &["sync"], &at);
        assert_eq!(held(home, "live"), wanted, "{at}");
        synced(&emulator, home, &["sync", "--full"], &at);
        assert_eq!(held(home, "live"), wanted, "{at}: all read again");
    }
    assert!(killed >= rounds(4) / 3, "only {killed} kills met a running sync");
}

#[test]
fn connecting_killed_at_any_point_can_be_done_again() {
    let folder = tempfile::tempdir().unwrap();
    let emulator = Emulator::start(folder.path());
    let duration = time(&mut emulator.connect(folder.path())).max(Duration::from_millis(50));
    let mut rng = ChaCha8Rng::seed_from_u64(22);
    for round in 0..rounds(4) {
        let folder = tempfile::tempdir().unwrap();
        let ended = kill_within(&mut emulator.connect(folder.path()), duration, &mut rng);
        let at = format!("connect, round {round}, ended {ended:?}");
        let output = emulator.connect(folder.path()).output().unwrap();
        assert!(output.status.success(), "{at}: {}", String::from_utf8_lossy(&output.stderr));
        verified(folder.path(), "live", &at);
    }
}

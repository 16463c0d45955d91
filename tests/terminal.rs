//! The console on a real terminal: a pseudo-terminal whose screen is read like a person would.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::io::{Read, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, PtySize, native_pty_system};
use vt100::MouseProtocolMode;

const PATIENCE: Duration = Duration::from_secs(30);

struct Console {
    child: Box<dyn Child + Send + Sync>,
    keys: Box<dyn Write + Send>,
    output: Receiver<Vec<u8>>,
    screen: vt100::Parser,
    raw: Vec<u8>,
    _pty: Box<dyn portable_pty::MasterPty + Send>,
}

impl Console {
    fn start(home: &Path, arguments: &[&str], rows: u16, cols: u16) -> Self {
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_entriage"));
        command.args(arguments);
        Self::run(home, command, rows, cols)
    }

    /// A shell that tells the terminal's modes, runs the demo, and tells them again.
    fn between_modes(home: &Path) -> Self {
        let mut command = CommandBuilder::new("sh");
        let script = r#"echo "modes $(stty -g) end"; sh -c 'echo "pid $$ end"; exec "$0" demo' "$0"; echo "modes $(stty -g) end""#;
        command.args(["-c", script, env!("CARGO_BIN_EXE_entriage")]);
        let mut console = Self::run(home, command, 24, 80);
        console.wait_for("Risky users");
        assert!(console.screen.screen().alternate_screen() && console.screen.screen().bracketed_paste());
        assert_eq!(console.screen.screen().mouse_protocol_mode(), MouseProtocolMode::PressRelease);
        console
    }

    fn run(home: &Path, mut command: CommandBuilder, rows: u16, cols: u16) -> Self {
        let pty = native_pty_system().openpty(PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }).unwrap();
        command.env("ENTRIAGE_HOME", home);
        command.env("TERM", "xterm-256color");
        command.env("USER", "tester");
        command.env_remove("NO_COLOR");
        let child = pty.slave.spawn_command(command).unwrap();
        drop(pty.slave);
        let mut reader = pty.master.try_clone_reader().unwrap();
        let (sender, output) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 16384];
            while let Ok(count) = reader.read(&mut buffer) {
                if count == 0 || sender.send(buffer[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        let keys = pty.master.take_writer().unwrap();
        Console {
            child,
            keys,
            output,
            screen: vt100::Parser::new(rows.try_into().unwrap(), cols.try_into().unwrap(), 0),
            raw: Vec::new(),
            _pty: pty.master,
        }
    }

    fn send(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    fn text(&self) -> String {
        self.screen.screen().contents()
    }

    /// What stood between this word and " end", each time.
    fn told(&self, word: &str) -> Vec<String> {
        let raw = String::from_utf8_lossy(&self.raw).into_owned();
        raw.split(&format!("{word} ")).skip(1).map(|rest| rest.split(" end").next().unwrap().to_owned()).collect()
    }

    fn signal(&self, name: &str) {
        let pid = self.told("pid").remove(0);
        assert!(std::process::Command::new("kill").args([name, &pid]).status().unwrap().success());
    }

    /// Reads until the console has left its own screen.
    fn wait_until_left(&mut self) {
        let start = Instant::now();
        while self.screen.screen().alternate_screen() {
            assert!(start.elapsed() < PATIENCE, "it did not leave; the screen is\n{}", self.text());
            if let Ok(bytes) = self.output.recv_timeout(PATIENCE) {
                self.screen.process(&bytes);
                self.raw.extend(bytes);
            }
        }
    }

    /// Lets it go on, until it does: between leaving its screen and stopping it is still running, and then nothing goes on.
    fn bring_back(&mut self) {
        let start = Instant::now();
        while !self.screen.screen().alternate_screen() {
            assert!(start.elapsed() < PATIENCE, "it did not come back; the screen is\n{}", self.text());
            self.signal("-CONT");
            if let Ok(bytes) = self.output.recv_timeout(Duration::from_millis(100)) {
                self.screen.process(&bytes);
                self.raw.extend(bytes);
            }
        }
    }

    #[track_caller]
    fn left_all_as_it_was(&mut self) {
        self.end();
        let modes = self.told("modes");
        assert!(modes.len() == 2 && modes[0].contains(':') && modes[0] == modes[1], "{modes:?}");
        let screen = self.screen.screen();
        assert!(!screen.alternate_screen() && !screen.hide_cursor() && !screen.bracketed_paste());
        assert_eq!(screen.mouse_protocol_mode(), MouseProtocolMode::None);
    }

    /// Reads until the screen shows this text.
    fn wait_for(&mut self, text: &str) {
        let start = Instant::now();
        while !self.text().contains(text) {
            match self.output.recv_timeout(PATIENCE) {
                Ok(bytes) => {
                    self.screen.process(&bytes);
                    self.raw.extend(bytes);
                }
                Err(_) => panic!("{text:?} never came; the screen is\n{}", self.text()),
            }
            assert!(start.elapsed() < PATIENCE, "{text:?} never came; the screen is\n{}", self.text());
        }
    }

    /// Reads until nothing has come for a moment.
    fn rest(&mut self) {
        while let Ok(bytes) = self.output.recv_timeout(Duration::from_millis(250)) {
            self.screen.process(&bytes);
            self.raw.extend(bytes);
        }
    }

    /// Reads until the screen no longer shows this text.
    fn wait_until_gone(&mut self, text: &str) {
        let start = Instant::now();
        while self.text().contains(text) {
            assert!(start.elapsed() < PATIENCE, "{text:?} never went; the screen is\n{}", self.text());
            if let Ok(bytes) = self.output.recv_timeout(PATIENCE) {
                self.screen.process(&bytes);
                self.raw.extend(bytes);
            }
        }
    }

    /// Reads until the process has ended and all it said was read.
    fn end(&mut self) -> u32 {
        let start = Instant::now();
        loop {
            match self.output.recv_timeout(Duration::from_millis(100)) {
                Ok(bytes) => {
                    self.screen.process(&bytes);
                    self.raw.extend(bytes);
                }
                Err(_) => {
                    if let Some(status) = self.child.try_wait().unwrap() {
                        return status.exit_code();
                    }
                }
            }
            if start.elapsed() > PATIENCE {
                self.child.kill().unwrap();
                panic!("the console did not end; the screen is\n{}", self.text());
            }
        }
    }
}

#[test]
fn a_bulk_dismissal_by_keyboard() {
    let home = tempfile::tempdir().unwrap();
    let mut console = Console::start(home.path(), &["demo", "--rate", "off"], 40, 120);
    console.wait_for("Risky users");
    console.wait_for("Adele Vance");
    console.send("/level:low state:atRisk -privileged:true -tokentheft:true -deleted:true -guest:true evidence:fresh\r");
    console.wait_for("evidence:fresh");
    console.send("a");
    console.wait_for("marked");
    console.send("d");
    console.wait_for("Dismiss user risk");
    let shown = console.text();
    let count: String = shown.split(" will be dismissed").next().unwrap().chars().rev().take_while(char::is_ascii_digit).collect();
    let count: String = count.chars().rev().collect();
    assert!(count.parse::<usize>().unwrap() > 20, "{shown}");
    console.send("penetration test PT-118\r");
    console.send(&count);
    console.wait_for(&format!("confirm   {count}"));
    console.send("\r");
    console.wait_for(&format!("{count} verified"));
    console.wait_for("Done: every target");
    console.send("\x1b"); // together with the next key it would be read as Alt
    console.wait_until_gone(" verified");
    console.send("q");
    assert_eq!(console.end(), 0);
}

#[test]
fn escape_sequences_in_tenant_text_never_reach_the_terminal() {
    let home = tempfile::tempdir().unwrap();
    let mut console = Console::start(home.path(), &["demo"], 60, 200);
    console.wait_for("Adele Vance");
    console.send("G");
    for _ in 0..40 {
        console.send("\x1b[5~"); // page up through all users
    }
    // That something was there is shown, and so the text was drawn.
    for (user, shown) in [
        ("nadia.abara", r"\x1b]8;;https"),
        ("rafael.almeida", r"\u{202e}tset"),
        ("hana.lovato", r"\x1b]52;c;"),
        ("bjorn.thorne", r"\x1b[31;1mSYSTEM ALERT"),
    ] {
        console.send(&format!("/\x15{user}\r"));
        console.wait_for(shown);
    }
    console.send("q");
    console.end();
    let raw = String::from_utf8_lossy(&console.raw).into_owned();
    assert!(
        !raw.contains("\x1b]8;") && !raw.contains("\x1b]52;") && !raw.contains('\u{202e}') && !raw.contains('\u{200b}'),
        "hostile bytes"
    );
}

/// What a tenant may send, each a way to act on a terminal or to pass for other text: OSC 52, 8 and 0, CSI, DCS, C1, bidi, zero-width,
/// tag characters. What the console itself never writes, so that it is found in all that it wrote.
const HOSTILE: [&str; 14] = [
    "\u{1b}]52;c;",
    "\u{1b}]8;;",
    "\u{1b}]0;",
    "\u{1b}[38;5;123m",
    "\u{1b}[99;99H",
    "\u{1b}[?1003h",
    "\u{1b}Pq",
    "\u{7}",
    "\u{9b}",
    "\u{9d}",
    "\u{202e}",
    "\u{2066}",
    "\u{200b}",
    "\u{e0041}",
];

/// An export in which every text of a tenant is hostile.
fn hostile_export() -> String {
    let text = |first: &str| serde_json::Value::from(format!("{first}{}", HOSTILE.concat()));
    let texts: Vec<serde_json::Value> = HOSTILE.iter().map(|first| text(first)).collect();
    let [name, upn, city, app, agent, device, reason, session, activity, info] = &texts[..10] else { panic!("ten texts") };
    let place = serde_json::json!({"city": city, "state": city, "countryOrRegion": city});
    let ids = serde_json::json!({"userId": "u1", "userDisplayName": name, "userPrincipalName": upn});
    let mut user = serde_json::json!({"id": "u1", "riskLevel": "high", "riskState": "atRisk", "riskDetail": "none",
        "riskLastUpdatedDateTime": "2026-11-20T10:00:00Z", "userDisplayName": name, "userPrincipalName": upn});
    let mut sign_in = serde_json::json!({"id": "s1", "createdDateTime": "2026-11-20T10:00:00Z", "appDisplayName": app, "appId": app,
        "ipAddress": agent, "clientAppUsed": app, "userAgent": agent, "correlationId": session, "sessionId": session,
        "originalRequestId": session, "uniqueTokenIdentifier": session, "tokenIssuerType": app, "resourceDisplayName": app,
        "conditionalAccessStatus": "failure", "riskLevelDuringSignIn": "high", "riskState": "atRisk", "location": place,
        "status": {"errorCode": 50053, "failureReason": reason, "additionalDetails": reason},
        "deviceDetail": {"deviceId": device, "displayName": device, "operatingSystem": device, "browser": device}});
    let mut detection = serde_json::json!({"id": "d1", "requestId": "s1", "riskEventType": "anomalousToken", "riskLevel": "high",
        "riskState": "atRisk", "riskDetail": "none", "activity": activity, "ipAddress": agent, "source": app, "location": place,
        "correlationId": session, "detectedDateTime": "2026-11-20T10:00:00Z", "activityDateTime": "2026-11-20T10:00:00Z",
        "lastUpdatedDateTime": "2026-11-20T10:00:00Z",
        "additionalInfo": serde_json::json!([{"Key": "userAgent", "Value": info}, {"Key": info, "Value": info}]).to_string()});
    sign_in.as_object_mut().unwrap().extend(ids.as_object().unwrap().clone());
    detection.as_object_mut().unwrap().extend(ids.as_object().unwrap().clone());
    for (record, kind) in [(&mut user, "riskyUser"), (&mut sign_in, "signIn"), (&mut detection, "riskDetection")] {
        record["@odata.type"] = format!("#microsoft.graph.{kind}").into();
    }
    serde_json::json!([user, sign_in, detection]).to_string()
}

#[test]
fn a_hostile_tenant_is_walked_through_without_a_raw_byte_of_it() {
    let home = tempfile::tempdir().unwrap();
    let export = home.path().join("hostile.json");
    std::fs::write(&export, hostile_export()).unwrap();
    let run = |arguments: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_entriage"));
        command.args(arguments).args(["--workspace", "hostile"]).env("ENTRIAGE_HOME", home.path()).output().unwrap()
    };
    let imported = run(&["import", export.to_str().unwrap()]);
    assert!(imported.status.success() && String::from_utf8_lossy(&imported.stderr).contains("3 new"), "{imported:?}");
    let mut console = Console::start(home.path(), &["--workspace", "hostile"], 60, 200);
    console.wait_for("Risky users");
    console.wait_for("EVIDENCE");
    // Each place shows the text, made visible, and is left again.
    for (place, keys) in [
        ("users", "1"),
        ("sign-ins", "2w"),
        ("details", "3"),
        ("details to their end", "3zG"),
        ("panes again", "z1"),
        ("explain", "e"),
        ("why blocked", "u"),
        ("remedies", "r"),
        ("a plan", "d"),
        ("a note", "n"),
        ("copy", "y"),
        ("not safe", "S"),
    ] {
        console.send(keys);
        console.rest();
        assert!(console.text().contains(r"\x1b]"), "{place} does not show it; the screen is\n{}", console.text());
        console.send("\x1b");
        console.rest();
        console.send("\x1b");
        console.rest();
    }
    for keys in ["a", "v", "i", "A", "J", "x", ":user", "?", "o", "f]52", "/\"]52\"\r", "/name:\u{202e}\r", "D", "U", "R", "W"] {
        console.send(keys);
        console.rest();
        console.send("\x1b");
        console.rest();
    }
    console.send("\x1b");
    console.rest();
    console.send("q");
    console.end();
    let raw = String::from_utf8_lossy(&console.raw).into_owned();
    for hostile in HOSTILE {
        assert!(!raw.contains(hostile), "{hostile:?} reached the terminal");
    }
    for arguments in [&["users"][..], &["users", "--format", "csv"], &["show", "u1"], &["explain", "u1"], &["sign-ins"], &["detections"]] {
        let output = run(arguments);
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        assert!(said.contains(r"\x1b]"), "{arguments:?} {said}");
        for hostile in HOSTILE {
            assert!(!said.contains(hostile), "{hostile:?} came out of {arguments:?}");
        }
    }
}

#[test]
fn the_terminal_is_restored_after_sigterm() {
    let home = tempfile::tempdir().unwrap();
    let mut console = Console::between_modes(home.path());
    console.signal("-TERM");
    console.left_all_as_it_was();
}

#[test]
fn the_console_goes_to_the_background_and_comes_back() {
    let home = tempfile::tempdir().unwrap();
    let mut console = Console::between_modes(home.path());
    console.send("\x1a");
    console.wait_until_left();
    console.bring_back();
    console.wait_for("Risky users");
    console.send("q");
    console.left_all_as_it_was();
}

#[test]
fn the_mouse_can_be_left_to_the_terminal() {
    let home = tempfile::tempdir().unwrap();
    let mut console = Console::between_modes(home.path());
    console.send("\x1b[20~"); // F9
    console.wait_for("The mouse is off");
    assert_eq!(console.screen.screen().mouse_protocol_mode(), MouseProtocolMode::None);
    console.send("q");
    console.left_all_as_it_was();
}

#[test]
fn a_broken_configuration_is_told_with_its_line_and_nobody_is_named_until_the_operator_says_so() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("config.toml");
    std::fs::write(&file, "[privacy]\non = true\n[keys\nnote = \"F5\"\n").unwrap();
    let mut console = Console::start(home.path(), &["demo", "--config", &file.display().to_string()], 24, 80);
    console.wait_for("config.toml:3:");
    console.wait_for("privacy mode is on");
    console.wait_for("Risky users");
    console.send("e");
    console.wait_for("Explain:");
    console.send("\x1b");
    console.wait_until_gone("Explain:");
    console.wait_for("config.toml:3:"); // it stays
    let shown = console.text();
    assert!(shown.contains("PRIVACY") && !shown.contains("Adele"), "{shown}");
    console.send("X");
    console.wait_for("Adele Vance");
    console.send("q");
    assert_eq!(console.end(), 0);
}

#[test]
fn below_its_least_size_the_console_says_so() {
    let home = tempfile::tempdir().unwrap();
    let mut console = Console::start(home.path(), &["demo"], 10, 40);
    console.wait_for("60x18");
    console.send("q");
    assert_eq!(console.end(), 0);
}

#[test]
fn a_terminal_that_vanishes_during_a_job_leaves_it_to_be_resumed() {
    let home = tempfile::tempdir().unwrap();
    let mut console = Console::start(home.path(), &["demo", "--rate", "off"], 40, 120);
    console.wait_for("Adele Vance");
    console.send("/level:low state:atRisk -privileged:true tokentheft:false -deleted:true -guest:true evidence:fresh\r");
    console.wait_for("evidence:fresh");
    console.send("d");
    console.wait_for("Dismiss user risk");
    console.send("drill\r");
    console.wait_for("confirm ");
    console.send("\r");
    console.wait_for("nothing has been sent");
    let Console { mut child, keys, output, screen, _pty: pty, .. } = console;
    drop((keys, output, pty)); // what reads the terminal ends with the next frame, and then it is gone
    let start = Instant::now();
    while child.try_wait().unwrap().is_none() {
        assert!(start.elapsed() < PATIENCE, "the console goes on without its terminal, which showed\n{}", screen.screen().contents());
        std::thread::sleep(Duration::from_millis(20)); // another process: nothing tells its end
    }
    let run = |arguments: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_entriage"));
        let output = command.args(arguments).env("ENTRIAGE_HOME", home.path()).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let job = || serde_json::from_str::<serde_json::Value>(&run(&["jobs", "--format", "json"])).unwrap()["value"][0].clone();
    run(&["journal", "verify"]);
    if job()["state"] == "open" {
        run(&["jobs", "resume", &job()["id"].to_string()]);
    }
    let job = job();
    assert!(job["state"] == "done" && job["verified"] == 1 && job["total"] == 1, "{job}");
}

#[test]
fn whose_password_was_on_the_screen_of_a_killed_console_is_told_once_at_the_next_start() {
    let home = tempfile::tempdir().unwrap();
    let mut console = Console::start(home.path(), &["demo", "--rate", "off"], 40, 120);
    console.wait_for("Adele Vance");
    console.send("/mfa:true hybrid:false guest:false privileged:false tokentheft:false state:atRisk deleted:false\r");
    console.wait_for("deleted:false");
    console.send("r");
    console.wait_for("Generate temporary password");
    console.send("jjjjj\r");
    console.wait_for("will get a temporary password");
    console.send("drill\r");
    console.wait_for("confirm ");
    console.send("\r");
    console.wait_for("Shown once");
    console.child.kill().unwrap();
    console.child.wait().unwrap();
    let said = || {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_entriage"));
        let output = command.args(["users", "--count"]).env("ENTRIAGE_HOME", home.path()).output().unwrap();
        String::from_utf8(output.stderr).unwrap()
    };
    let told = said();
    assert!(told.contains("ended with a temporary password on the screen") && told.contains("@contoso.test"), "{told}");
    assert!(!said().contains("temporary password"), "it is told once");
}

#[test]
fn ctrl_c_between_two_steps_of_a_checklist_confirms_nothing_and_ends_the_command() {
    let home = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_entriage"));
        let output = command.args(arguments).env("ENTRIAGE_HOME", home.path()).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    run(&["demo", "--no-console", "--rate", "off"]);
    let users = run(&["users", "tokentheft:false state:atRisk mfa:true hybrid:false guest:false privileged:false", "--format", "json"]);
    let users: serde_json::Value = serde_json::from_str(&users).unwrap();
    let user = users["value"][0]["userPrincipalName"].as_str().unwrap().to_owned();
    let mut console = Console::start(home.path(), &["act", "secureAccount", "--user", &user, "--reason", "drill"], 60, 140);
    console.wait_for("will be secured, step by step");
    console.wait_for("Press Enter to confirm, Ctrl-C to cancel:");
    console.send("\r");
    console.wait_for("Confirm user compromised: 1 user will be confirmed compromised");
    console.send("\r");
    console.wait_for("Generate temporary password: 1 user will get a temporary password");
    console.send("\x03");
    assert_eq!(console.end(), 130);
    let jobs: serde_json::Value = serde_json::from_str(&run(&["jobs", "--format", "json"])).unwrap();
    let actions: Vec<&str> = jobs["value"].as_array().unwrap().iter().map(|job| job["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["confirmUserCompromised", "secureAccount"], "{jobs}");
}

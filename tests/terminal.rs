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

    /// Reads until the console's own screen is there, or gone.
    fn wait_for_alternate_screen(&mut self, wanted: bool) {
        let start = Instant::now();
        while self.screen.screen().alternate_screen() != wanted {
            assert!(start.elapsed() < PATIENCE, "the alternate screen; the screen is\n{}", self.text());
            if let Ok(bytes) = self.output.recv_timeout(PATIENCE) {
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
    console.wait_for_alternate_screen(false);
    console.signal("-CONT");
    console.wait_for_alternate_screen(true);
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
fn below_its_least_size_the_console_says_so() {
    let home = tempfile::tempdir().unwrap();
    let mut console = Console::start(home.path(), &["demo"], 10, 40);
    console.wait_for("60x18");
    console.send("q");
    assert_eq!(console.end(), 0);
}

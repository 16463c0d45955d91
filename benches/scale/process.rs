//! The program as a process on a terminal: how soon it shows something, what it takes, and whether it rests.

use std::io::Read;
use std::path::Path;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

/// A process on a terminal of 200x60.
pub struct OnTerminal {
    child: Box<dyn Child + Send + Sync>,
    output: mpsc::Receiver<Vec<u8>>,
    start: Instant,
    seen: Vec<u8>,
    _terminal: Box<dyn MasterPty + Send>,
}

impl OnTerminal {
    /// The console on this workspace.
    pub fn console(home: &Path, workspace: &str) -> Self {
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_entriage"));
        command.env("ENTRIAGE_HOME", home);
        command.env("TERM", "xterm-256color");
        command.args(["--workspace", workspace]);
        Self::start(command)
    }

    fn start(command: CommandBuilder) -> Self {
        let pty = native_pty_system().openpty(PtySize { rows: 60, cols: 200, pixel_width: 0, pixel_height: 0 }).unwrap();
        let mut reader = pty.master.try_clone_reader().unwrap();
        let (sender, output) = mpsc::channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 65536];
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                if sender.send(buffer[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        let start = Instant::now();
        let child = pty.slave.spawn_command(command).unwrap();
        OnTerminal { child, output, start, seen: Vec::new(), _terminal: pty.master }
    }

    /// How long after the start this was on the terminal.
    pub fn until(&mut self, needle: &str) -> Duration {
        let needle = needle.as_bytes();
        while !self.seen.windows(needle.len()).any(|window| window == needle) {
            let output = self.output.recv_timeout(Duration::from_secs(120));
            self.seen.extend(output.unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&self.seen))));
        }
        self.start.elapsed()
    }

    /// Resident memory in MB (`/proc`, Linux); `None` where the system does not tell.
    pub fn resident(&self) -> Option<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.process_id()?)).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        Some(line.trim().strip_suffix(" kB")?.trim().parse::<f64>().ok()? / 1_000.0)
    }

    /// How often its threads have gone to sleep, and so were woken.
    pub fn wakes(&self) -> Option<u64> {
        let mut wakes = 0;
        for task in std::fs::read_dir(format!("/proc/{}/task", self.child.process_id()?)).ok()?.flatten() {
            let status = std::fs::read_to_string(task.path().join("status")).ok()?;
            let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))?;
            wakes += line.trim().parse::<u64>().ok()?;
        }
        Some(wakes)
    }

    pub fn end(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// How long a program that does nothing takes on such a terminal, until it has ended.
pub fn nothing() -> Duration {
    let mut process = OnTerminal::start(CommandBuilder::new("true"));
    process.child.wait().unwrap();
    process.start.elapsed()
}

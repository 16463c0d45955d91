//! A home of its own for each test, and the program in it.

use std::path::{Path, PathBuf};
use std::process::Output;

use assert_cmd::Command;
use serde_json::Value;
use tempfile::TempDir;

/// A home folder.
pub struct Home(TempDir);

/// What the program answered.
#[must_use]
pub struct Answer {
    pub exit: i32,
    pub out: String,
    pub err: String,
}

impl Home {
    /// Nothing yet.
    pub fn empty() -> Self {
        Home(tempfile::tempdir().unwrap())
    }

    /// A demo tenant without a rate limit.
    pub fn demo(users: u32) -> Self {
        let home = Self::empty();
        let answer = home.run(&["demo", "--no-console", "--seed", "1", "--users", &users.to_string(), "--rate", "off"]);
        assert_eq!(answer.exit, 0, "{}", answer.err);
        home
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_entriage"));
        command.env("ENTRIAGE_HOME", self.0.path().join("home")).env("HOME", self.0.path()).env_remove("NO_COLOR");
        command.env_remove("XDG_CONFIG_HOME").env_remove("XDG_DATA_HOME").args(args);
        command
    }

    pub fn run(&self, args: &[&str]) -> Answer {
        answer(self.command(args).output().unwrap())
    }

    pub fn run_with(&self, args: &[&str], input: &str) -> Answer {
        answer(self.command(args).write_stdin(input).output().unwrap())
    }

    /// Runs a command that must succeed with JSON.
    pub fn json(&self, args: &[&str]) -> Value {
        let args: Vec<&str> = args.iter().copied().chain(["--format", "json"]).collect();
        let answer = self.run(&args);
        assert_eq!(answer.exit, 0, "{args:?}: {}", answer.err);
        answer.json()
    }

    pub fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}\n{}", self.out, self.err))
    }

    /// Asserts wrong usage: said on standard error, nothing on standard output.
    pub fn is_usage(&self, part: &str) {
        assert_eq!((self.exit, self.out.as_str()), (2, ""), "{}", self.err);
        assert!(self.err.contains(part), "{}", self.err);
    }
}

fn answer(output: Output) -> Answer {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Answer { exit: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
}

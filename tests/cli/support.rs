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

    /// The same, where things go wrong: a JSON array of faults.
    pub fn with_faults(users: u32, faults: &str) -> Self {
        let home = Self::empty();
        let file = home.file("faults.json", faults).display().to_string();
        let answer = home.run(&["demo", "--no-console", "--seed", "1", "--users", &users.to_string(), "--rate", "off", "--faults", &file]);
        assert_eq!(answer.exit, 0, "{}", answer.err);
        home
    }

    pub fn command(&self, args: &[&str]) -> Command {
        Command::from_std(self.process(args))
    }

    /// The program, with input and output of one's own.
    pub fn process(&self, args: &[&str]) -> std::process::Command {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_entriage"));
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

    /// The principal name of the first user that matches.
    pub fn user(&self, query: &str) -> String {
        let users = self.json(&["users", query, "--limit", "1"]);
        users["value"][0]["userPrincipalName"].as_str().unwrap_or_else(|| panic!("{query}: {users}")).to_owned()
    }

    /// Runs a command that takes in every caution and must do all that it is about.
    pub fn act(&self, args: &[&str]) -> Answer {
        let more = ["--reason", "PT-118", "--include-caution", "--confirm", "1"];
        let answer = self.run(&[&["act"], args, &more].concat());
        assert_eq!(answer.exit, 0, "{args:?}: {}", answer.err);
        answer
    }

    /// The same, where the answer says nothing of interest.
    pub fn does(&self, args: &[&str]) {
        assert_eq!(self.act(args).exit, 0);
    }

    /// The plan of an action with every caution taken in.
    pub fn plan(&self, args: &[&str]) -> Value {
        self.json(&[&["plan"], args, &["--reason", "PT-118", "--include-caution"]].concat())
    }

    /// What was done, as it is kept.
    pub fn journal(&self) -> String {
        match std::fs::read_to_string(self.0.path().join("home/workspaces/demo/journal.jsonl")) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            read => read.unwrap(),
        }
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

//! The configuration file: hold window and key map. Bad input never stops the console: it starts with the defaults
//! and says what is wrong, with the line.

use std::path::{Path, PathBuf};

use etcetera::BaseStrategy as _;
use serde::Deserialize;
use toml::{Spanned, Value};

use crate::app::{KeyMap, KeyProblem};

/// How long the first request is held back in the console, unless configured (`design.md` section 5).
pub const HOLD_SECONDS: u64 = 5;

/// What the operator configured.
#[derive(Debug, Clone)]
pub struct Config {
    /// Hold window of the console, in seconds.
    pub hold_seconds: u64,
    /// The key map.
    pub keys: KeyMap,
    /// What is wrong with the file.
    pub problems: Vec<KeyProblem>,
}

/// Why the configuration cannot be read at all.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the configuration {path}: {source}")]
pub struct ConfigError {
    /// The file.
    pub path: PathBuf,
    /// What the system says.
    pub source: std::io::Error,
}

#[derive(Deserialize)]
struct Form {
    hold: Option<Spanned<Value>>,
}

/// Where the configuration is looked for, unless `--config` says otherwise.
pub fn default_path() -> Option<PathBuf> {
    etcetera::choose_base_strategy().ok().map(|base| base.config_dir().join("entriage").join("config.toml"))
}

impl Config {
    /// Reads the file; without one, the defaults hold.
    pub fn read(path: &Path) -> Result<Config, ConfigError> {
        match std::fs::read_to_string(path) {
            Ok(text) => Ok(Config::parse(&text)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Config::parse("")),
            Err(source) => Err(ConfigError { path: path.to_owned(), source }),
        }
    }

    fn parse(text: &str) -> Config {
        let (keys, mut problems) = KeyMap::load(KeyMap::defaults(), text);
        // What does not parse is already among the key map's problems, which reads the same text.
        let hold = toml::from_str::<Form>(text).ok().and_then(|form| form.hold);
        let seconds = hold.as_ref().and_then(|hold| u64::try_from(hold.get_ref().as_integer()?).ok());
        if let (Some(hold), None) = (&hold, seconds) {
            let line = text.as_bytes().iter().take(hold.span().start).filter(|byte| **byte == b'\n').count() + 1;
            problems.push(KeyProblem { line, message: format!("hold takes a whole number of seconds; {HOLD_SECONDS} holds") });
            problems.sort_by_key(|problem| problem.line);
        }
        Config { hold_seconds: seconds.unwrap_or(HOLD_SECONDS), keys, problems }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_file_the_defaults_hold() {
        let config = Config::parse("");
        assert_eq!((config.hold_seconds, config.problems.len()), (HOLD_SECONDS, 0));
    }

    #[test]
    fn a_broken_file_leaves_the_defaults_and_says_where() {
        let config = Config::parse("hold = 9\n[keys\n");
        assert_eq!(config.hold_seconds, HOLD_SECONDS);
        assert_eq!(config.problems.len(), 1);
    }
}

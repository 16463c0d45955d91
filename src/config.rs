//! The configuration file: hold window and key map. Bad input never stops the console: it starts with the defaults
//! and says what is wrong, with the line.

use std::path::{Path, PathBuf};

use etcetera::{AppStrategy, AppStrategyArgs};
use serde::Deserialize;

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
    /// The file that was read.
    pub path: Option<PathBuf>,
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
    hold: Option<u64>,
}

/// Where the configuration is looked for, unless `--config` says otherwise.
pub fn default_path() -> Option<PathBuf> {
    let names = AppStrategyArgs { top_level_domain: "test".to_owned(), author: "entriage".to_owned(), app_name: "entriage".to_owned() };
    etcetera::choose_app_strategy(names).ok().map(|strategy| strategy.config_dir().join("config.toml"))
}

impl Config {
    /// Reads the given file, or the one at its usual place where there is one.
    pub fn read(given: Option<&Path>) -> Result<Config, ConfigError> {
        let path = match given {
            Some(path) => Some(path.to_owned()),
            None => default_path().filter(|path| path.exists()),
        };
        let Some(path) = path else { return Ok(Config::parse("", None)) };
        let text = std::fs::read_to_string(&path).map_err(|source| ConfigError { path: path.clone(), source })?;
        Ok(Config::parse(&text, Some(path)))
    }

    fn parse(text: &str, path: Option<PathBuf>) -> Config {
        let (keys, problems) = KeyMap::load(text);
        // What does not parse is already among the key map's problems, which reads the same text.
        let hold = toml::from_str::<Form>(text).ok().and_then(|form| form.hold);
        Config { hold_seconds: hold.unwrap_or(HOLD_SECONDS), keys, problems, path }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_file_the_defaults_hold() {
        let config = Config::parse("", None);
        assert_eq!((config.hold_seconds, config.problems.len()), (HOLD_SECONDS, 0));
    }

    #[test]
    fn a_broken_file_leaves_the_defaults_and_says_where() {
        let config = Config::parse("hold = 9\n[keys\n", None);
        assert_eq!(config.hold_seconds, HOLD_SECONDS);
        assert_eq!(config.problems.len(), 1);
    }
}

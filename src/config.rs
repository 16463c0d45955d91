//! The configuration file: hold window and key map. Bad input never stops the console: it starts with the defaults
//! and says what is wrong, with the line.

use std::path::{Path, PathBuf};

use etcetera::BaseStrategy as _;
use serde::Deserialize;

use crate::app::preferences::Preferences;
use crate::app::times::Zone;
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
    /// How the console is wanted otherwise.
    pub preferences: Preferences,
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

#[derive(Deserialize, Default)]
struct Form {
    hold: Option<u64>,
    privacy: Option<Switch>,
    mouse: Option<Switch>,
    #[serde(rename = "timeZone")]
    time_zone: Option<toml::Spanned<String>>,
}

/// A section with nothing but a switch.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Switch {
    on: bool,
}

/// Where the configuration is looked for, unless `--config` says otherwise.
pub fn default_path() -> Option<PathBuf> {
    etcetera::choose_base_strategy().ok().map(|base| base.config_dir().join("entriage").join("config.toml"))
}

/// The zone of this name; "local" is the machine's.
fn read_zone(name: &str) -> Result<Zone, String> {
    if name != "local" {
        return name.parse();
    }
    iana_time_zone::get_timezone().map_err(|error| format!("this machine does not tell its time zone: {error}"))?.parse()
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
        let line = |at: usize| text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1;
        let form = toml::from_str::<Form>(text).unwrap_or_else(|error| {
            // What is no TOML at all is already among the key map's problems, which reads the same text.
            if toml::from_str::<toml::Table>(text).is_ok() {
                let at = error.span().map_or(0, |span| span.start);
                let message = format!("{}; all but the keys is as without a file", error.message());
                problems.push(KeyProblem { line: line(at), message });
            }
            Form::default()
        });
        let mut zone = Zone::default();
        if let Some(name) = &form.time_zone {
            match read_zone(name.get_ref()) {
                Ok(read) => zone = read,
                Err(message) => problems.push(KeyProblem { line: line(name.span().start), message: format!("{message}; UTC is used") }),
            }
        }
        let preferences = Preferences {
            privacy: form.privacy.is_some_and(|privacy| privacy.on),
            zone,
            without_mouse: form.mouse.is_some_and(|mouse| !mouse.on),
        };
        Config { hold_seconds: form.hold.unwrap_or(HOLD_SECONDS), keys, preferences, problems }
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
    fn a_value_of_the_wrong_kind_is_told_with_its_line() {
        let config = Config::parse("hold = 9\n[privacy]\non = \"yes\"\n");
        assert_eq!((config.hold_seconds, config.problems[0].line, config.problems.len()), (HOLD_SECONDS, 3, 1));
        assert!(Config::parse("[privacy]\non = true\n").preferences.privacy);
    }

    #[test]
    fn a_zone_that_does_not_exist_is_told_and_utc_is_used() {
        let config = Config::parse("timeZone = \"Asia/Kolkata\"\n[mouse]\non = false\n");
        assert_eq!((config.preferences.zone, config.preferences.without_mouse), ("Asia/Kolkata".parse().unwrap(), true));
        let config = Config::parse("# mine\ntimeZone = \"Mars\"\n");
        assert_eq!((config.preferences.zone, config.problems[0].line), (Zone::default(), 2));
    }

    #[test]
    fn a_broken_file_leaves_the_defaults_and_says_where() {
        let config = Config::parse("hold = 9\n[keys\n");
        assert_eq!(config.hold_seconds, HOLD_SECONDS);
        assert_eq!(config.problems.len(), 1);
    }
}

//! The configuration file: hold window, key map, theme and columns. Bad input never stops the console: it starts with the
//! defaults and says what is wrong, with the line.

use std::path::{Path, PathBuf};

use etcetera::BaseStrategy as _;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::app::columns::UserColumns;
use crate::app::command::CommandId;
use crate::app::preferences::Preferences;
use crate::app::theme::Theme;
use crate::app::times::Zone;
use crate::app::{ConfigProblem, KeyMap, Look};

/// How long the first request is held back in the console, unless configured (`design.md` section 5).
pub const HOLD_SECONDS: u64 = 5;
/// The longest that it can be held back: a day.
const LONGEST_HOLD: u64 = 86_400;

/// What the operator configured.
#[derive(Debug, Clone)]
pub struct Config {
    /// The file, whether or not it exists.
    pub file: PathBuf,
    /// Hold window of the console, in seconds.
    pub hold_seconds: u64,
    /// The key map.
    pub keys: KeyMap,
    /// Theme and columns.
    pub look: Look,
    /// How the console is wanted otherwise.
    pub preferences: Preferences,
    /// What is wrong with the file.
    pub problems: Vec<ConfigProblem>,
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
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            Err(source) => return Err(ConfigError { path: path.to_owned(), source }),
        };
        Ok(match String::from_utf8(bytes) {
            Ok(text) => Config::parse(path, &text),
            Err(error) => {
                let valid = String::from_utf8_lossy(error.as_bytes().get(..error.utf8_error().valid_up_to()).unwrap_or_default());
                let mut config = Config::parse(path, "");
                config.problems = vec![ConfigProblem::at(&valid, valid.len(), "this is not UTF-8 text; the whole file is ignored")];
                config.hide_in_case();
                config
            }
        })
    }

    fn parse(path: &Path, text: &str) -> Config {
        let (keys, mut problems) = KeyMap::load(KeyMap::defaults(), text);
        let mut config = Config {
            file: path.to_owned(),
            hold_seconds: HOLD_SECONDS,
            keys,
            look: Look::default(),
            preferences: Preferences::default(),
            problems: Vec::new(),
        };
        let table = DeTable::parse(text).ok();
        let is_read = table.is_some();
        // What does not parse is already among the key map's problems, which reads the same text.
        if let Some(table) = table {
            let table = table.get_ref();
            if let Some(seconds) = table.get("hold").and_then(|value| hold(text, value, &mut problems)) {
                config.hold_seconds = seconds;
            }
            if let Some(section) = table.get("theme") {
                config.look.theme = Theme::read(text, section, &mut problems);
            }
            if let Some(section) = table.get("columns") {
                config.look.columns = UserColumns::read(text, section, &mut problems);
            }
            // What cannot be read may have asked for it.
            let holds = format!("privacy mode is on until you turn it off ({})", config.keys.hint(CommandId::Privacy));
            let privacy = table.get("privacy").map(|section| is_on(text, "privacy", section, &holds, &mut problems));
            let holds = "the mouse is listened to";
            config.preferences = Preferences {
                privacy: privacy.is_some_and(|on| on != Some(false)),
                zone: table.get("timeZone").and_then(|value| zone(text, value, &mut problems)).unwrap_or_default(),
                without_mouse: table.get("mouse").and_then(|section| is_on(text, "mouse", section, holds, &mut problems)) == Some(false),
            };
        }
        problems.sort_by_key(|problem| problem.line);
        config.problems = problems;
        if !is_read {
            config.hide_in_case();
        }
        config
    }

    /// Turns privacy mode on where nobody can tell whether the file asked for it: a name that was seen cannot be unseen.
    fn hide_in_case(&mut self) {
        self.preferences.privacy = true;
        let key = self.keys.hint(CommandId::Privacy);
        if let Some(problem) = self.problems.first_mut() {
            problem
                .message
                .push_str(&format!(", and the defaults hold; privacy mode is on, in case it was asked for ({key} turns it off)"));
        }
    }

    /// The problems in words, each with file and line.
    pub fn problem_words(&self) -> impl Iterator<Item = String> {
        self.problems.iter().map(|problem| format!("{}:{}: {}", self.file.display(), problem.line, problem.message))
    }
}

/// A section with nothing but a switch.
fn is_on(text: &str, name: &str, section: &Spanned<DeValue<'_>>, holds: &str, problems: &mut Vec<ConfigProblem>) -> Option<bool> {
    let table = section.get_ref().as_table();
    let on = table.filter(|table| table.len() == 1).and_then(|table| table.get("on")).and_then(|on| on.get_ref().as_bool());
    if on.is_none() {
        let at = table.and_then(|table| table.iter().next()).map_or(section.span().start, |(key, _)| key.span().start);
        problems.push(ConfigProblem::at(text, at, format!("[{name}] takes on = true or on = false; {holds}")));
    }
    on
}

fn zone(text: &str, value: &Spanned<DeValue<'_>>, problems: &mut Vec<ConfigProblem>) -> Option<Zone> {
    let name = value.get_ref().as_str().ok_or_else(|| "timeZone is a name in quotes, such as \"Europe/Berlin\"".to_owned());
    match name.and_then(read_zone) {
        Ok(zone) => Some(zone),
        Err(message) => {
            problems.push(ConfigProblem::at(text, value.span().start, format!("{message}; UTC is used")));
            None
        }
    }
}

fn hold(text: &str, value: &Spanned<DeValue<'_>>, problems: &mut Vec<ConfigProblem>) -> Option<u64> {
    let seconds = value.get_ref().as_integer().and_then(|number| number.as_str().parse().ok()).filter(|seconds| *seconds <= LONGEST_HOLD);
    if seconds.is_none() {
        let message = format!("hold is a number of seconds from 0 to {LONGEST_HOLD}; it stays {HOLD_SECONDS}");
        problems.push(ConfigProblem::at(text, value.span().start, message));
    }
    seconds
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Config {
        Config::parse(Path::new("config.toml"), text)
    }

    #[test]
    fn without_a_file_the_defaults_hold() {
        let config = parse("");
        assert_eq!((config.hold_seconds, config.problems.len()), (HOLD_SECONDS, 0));
    }

    #[test]
    fn a_value_of_the_wrong_kind_is_told_with_its_line() {
        let config = parse("hold = 9\n[privacy]\non = \"yes\"\n");
        assert_eq!((config.hold_seconds, config.problems[0].line, config.problems.len()), (9, 3, 1));
        assert!(parse("[privacy]\non = true\n").preferences.privacy);
        assert!(!parse("[privacy]\non = false\n").preferences.privacy && !parse("hold = 9\n").preferences.privacy);
    }

    #[test]
    fn what_cannot_be_read_of_privacy_hides() {
        for text in ["[privacy]\non = \"yes\"\n", "privacy = true\n", "[privacy]\n", "[privacy]\non = true\n[privacy]\n", "[keys\n"] {
            let config = parse(text);
            assert!(config.preferences.privacy, "{text}");
            assert!(config.problems[0].message.contains("privacy mode is on"), "{text}: {:?}", config.problems);
        }
    }

    #[test]
    fn a_zone_that_does_not_exist_is_told_and_utc_is_used() {
        let config = parse("timeZone = \"Asia/Kolkata\"\n[mouse]\non = false\n");
        assert_eq!((config.preferences.zone, config.preferences.without_mouse), ("Asia/Kolkata".parse().unwrap(), true));
        let config = parse("# mine\ntimeZone = \"Mars\"\n");
        assert_eq!((config.preferences.zone, config.problems[0].line), (Zone::default(), 2));
    }

    #[test]
    fn a_broken_file_leaves_the_defaults_and_says_where() {
        let config = parse("hold = 9\n[keys\n");
        assert_eq!(config.hold_seconds, HOLD_SECONDS);
        assert_eq!(config.problems.len(), 1);
        assert!(config.problem_words().all(|words| words.starts_with("config.toml:2: ")), "{:?}", config.problems);
    }

    #[test]
    fn everything_that_is_wrong_is_told_in_the_order_of_the_lines() {
        let text = "hold = \"long\"\ncolor = 1\n[columns]\nusers = [\"user\", \"x\"]\n[theme]\nname = \"x\"\n[keys]\nfly = \"x\"\n";
        let config = parse(text);
        assert_eq!(config.problems.iter().map(|problem| problem.line).collect::<Vec<_>>(), [1, 2, 4, 6, 8]);
        assert_eq!(config.hold_seconds, HOLD_SECONDS);
        assert_eq!(parse("hold = 0\n").hold_seconds, 0);
        assert_eq!(parse("hold = -1\n").problems.len(), 1);
    }

    #[test]
    fn a_file_that_is_no_text_leaves_the_defaults_and_says_where() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.toml");
        std::fs::write(&file, b"hold = 9\n# \xff\n").unwrap();
        let config = Config::read(&file).unwrap();
        assert_eq!((config.hold_seconds, config.problems.first().map(|problem| problem.line)), (HOLD_SECONDS, Some(2)));
        assert!(config.preferences.privacy);
    }
}

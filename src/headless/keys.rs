//! `keys`: the key map and its conflicts.

use serde_json::json;

use super::cli::{Format, Keys};
use super::failure::{Exit, Failure};
use super::output;
use super::place::Place;
use crate::app::command::COMMANDS;
use crate::domain::text;

/// `keys`: prints the key map; with `--check` only its problems, and fails where there are any.
pub fn keys(place: &Place, args: &Keys) -> Result<Exit, Failure> {
    let config = place.configuration()?;
    for problem in config.problem_words() {
        output::say(&problem);
    }
    if args.check {
        let count = config.problems.len();
        output::say(&format!("{count} {} in the configuration", if count == 1 { "problem" } else { "problems" }));
        return Ok(if count == 0 { Exit::Done } else { Exit::Partly });
    }
    let rows = COMMANDS.iter().map(|command| {
        let keys: Vec<String> = config.keys.keys(command.id).map(|key| key.to_string()).collect();
        let places: Vec<&str> = command.contexts.iter().map(|context| context.words()).collect();
        (keys, command, places)
    });
    if args.format == Format::Json {
        let value: Vec<_> = rows
            .map(|(keys, command, places)| json!({"command": command.name, "keys": keys, "title": command.title, "help": command.help, "where": places}))
            .collect();
        return output::data(&output::json(&json!({"count": value.len(), "value": value}))?).map(|()| Exit::Done);
    }
    let lines: String = rows
        .map(|(keys, command, _)| {
            let keys = keys.join(" ");
            format!("{}{}  {:<20}  {}\n", keys, " ".repeat(20usize.saturating_sub(text::width(&keys))), command.name, command.help)
        })
        .collect();
    output::data(&lines).map(|()| Exit::Done)
}

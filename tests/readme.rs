//! Holds the README to the program: the key table is the command table, and the commands it names exist.

use entriage::app::KeyMap;
use entriage::app::command::COMMANDS;

const README: &str = include_str!("../README.md");

/// The README's key table, as it should be.
fn key_table() -> String {
    let keys = KeyMap::defaults();
    let rows = COMMANDS.iter().map(|command| {
        let shown: Vec<String> = keys.keys(command.id).map(|key| format!("`{key}`")).collect();
        format!("| {} | {} | `{}` |\n", shown.join(" "), command.help, command.name)
    });
    rows.collect()
}

#[test]
fn the_key_table_is_the_command_table() {
    let table = key_table();
    assert!(README.contains(&table), "the README's key table should be\n{table}");
}

#[test]
fn its_two_commands_are_those_of_a_fresh_machine() {
    assert!(README.contains("\ncargo run --release "));
    assert!(README.contains("\ncargo test "));
}

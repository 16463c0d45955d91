//! The key map: which key runs which command in which context.
//!
//! The defaults are a file like the user's own, read by the same parser.

use std::collections::HashMap;

use toml::de::{DeTable, DeValue};

use super::command::{COMMANDS, Command, CommandId, Context, find};
use super::key::Key;

/// What else stands in the file, read elsewhere.
const OTHERS: [&str; 4] = ["hold", "privacy", "timeZone", "mouse"];
const DEFAULTS: &str = include_str!("../../assets/keys.toml");

/// Something in a key map file that does not work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyProblem {
    /// Line in the file, from 1.
    pub line: usize,
    /// What is wrong, and what holds instead.
    pub message: String,
}

#[derive(Debug, Clone)]
struct Binding {
    key: Key,
    command: CommandId,
}

/// Which key runs which command.
#[derive(Debug, Clone, Default)]
pub struct KeyMap {
    bindings: Vec<Binding>,
    index: HashMap<(Context, Key), CommandId>,
}

impl KeyMap {
    /// The key map that ships with the program.
    pub fn defaults() -> Self {
        KeyMap::load(KeyMap::default(), DEFAULTS).0
    }

    /// Lays a user's file over a key map. What does not work is reported with its line and left as it was.
    pub fn load(base: KeyMap, text: &str) -> (KeyMap, Vec<KeyProblem>) {
        let mut problems = Vec::new();
        let entries = read(text, &mut problems);
        let mut map = base;
        map.bindings.retain(|binding| !entries.iter().any(|entry| entry.command.id == binding.command));
        // What the file does not name comes first, so that an entry never takes a key away unseen.
        for entry in &entries {
            for (key, line) in &entry.keys {
                match map.conflict(entry.command, *key) {
                    Some((other, context)) => problems.push(KeyProblem {
                        line: *line,
                        message: format!(
                            "{key} is already {} in {}; {} does not get it (bind {} to another key or \"none\" first)",
                            name(other),
                            context.words(),
                            entry.command.name,
                            name(other),
                        ),
                    }),
                    None => map.bindings.push(Binding { key: *key, command: entry.command.id }),
                }
            }
        }
        map.index = map
            .bindings
            .iter()
            .flat_map(|binding| contexts(binding.command).iter().map(|context| ((*context, binding.key), binding.command)))
            .collect();
        problems.sort_by_key(|problem| problem.line);
        (map, problems)
    }

    /// The command that a key runs in a context.
    pub fn command(&self, context: Context, key: Key) -> Option<CommandId> {
        self.index.get(&(context, key)).copied()
    }

    /// The keys of a command, in the order of the file.
    pub fn keys(&self, command: CommandId) -> impl Iterator<Item = Key> {
        self.bindings.iter().filter(move |binding| binding.command == command).map(|binding| binding.key)
    }

    /// The first key of a command, for a hint; empty where it has none.
    pub fn hint(&self, command: CommandId) -> String {
        self.keys(command).next().map(|key| key.to_string()).unwrap_or_default()
    }

    fn conflict(&self, command: &Command, key: Key) -> Option<(CommandId, Context)> {
        self.bindings.iter().filter(|binding| binding.key == key && binding.command != command.id).find_map(|binding| {
            let shared = contexts(binding.command).iter().find(|context| command.contexts.contains(context))?;
            Some((binding.command, *shared))
        })
    }
}

fn contexts(id: CommandId) -> &'static [Context] {
    COMMANDS.iter().find(|command| command.id == id).map_or(&[], |command| command.contexts)
}

fn name(id: CommandId) -> &'static str {
    COMMANDS.iter().find(|command| command.id == id).map_or("", |command| command.name)
}

struct Entry {
    command: &'static Command,
    keys: Vec<(Key, usize)>,
}

fn read(text: &str, problems: &mut Vec<KeyProblem>) -> Vec<Entry> {
    let line = |at: usize| text.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count() + 1;
    let table = match DeTable::parse(text) {
        Ok(table) => table,
        Err(error) => {
            let at = error.span().map_or(0, |span| span.start);
            problems.push(KeyProblem { line: line(at), message: format!("{}; the whole file is ignored", error.message()) });
            return Vec::new();
        }
    };
    let mut entries = Vec::new();
    for (section, value) in table.get_ref().iter().filter(|(section, _)| !OTHERS.contains(&section.get_ref().as_ref())) {
        let Some(keys) = value.get_ref().as_table().filter(|_| section.get_ref() == "keys") else {
            let message = format!("{:?} is not known here; key bindings stand under [keys]", section.get_ref());
            problems.push(KeyProblem { line: line(section.span().start), message });
            continue;
        };
        let mut found: Vec<_> = keys.iter().collect();
        found.sort_by_key(|(name, _)| name.span().start);
        for (name, value) in found {
            let at = line(name.span().start);
            let Some(command) = find(name.get_ref()) else {
                let message = format!("there is no command {:?}; `entriage keys` lists them", name.get_ref());
                problems.push(KeyProblem { line: at, message });
                continue;
            };
            let texts: Vec<(&DeValue<'_>, usize)> = match value.get_ref() {
                DeValue::Array(array) => array.iter().map(|item| (item.get_ref(), line(item.span().start))).collect(),
                other => vec![(other, at)],
            };
            let mut keys = Vec::new();
            let before = problems.len();
            for (text, line) in texts {
                match text.as_str() {
                    Some("none") => {}
                    Some(text) => match text.parse() {
                        Ok(key) => keys.push((key, line)),
                        Err(message) => problems.push(KeyProblem { line, message }),
                    },
                    None => {
                        problems.push(KeyProblem { line, message: format!("{} takes a key, a list of keys or \"none\"", command.name) })
                    }
                }
            }
            // An entry that names nothing usable leaves the command as it was.
            if !keys.is_empty() || problems.len() == before {
                entries.push(Entry { command, keys });
            }
        }
    }
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Key {
        text.parse().unwrap()
    }

    fn load(text: &str) -> (KeyMap, Vec<KeyProblem>) {
        KeyMap::load(KeyMap::defaults(), text)
    }

    #[test]
    fn the_defaults_have_no_problem_and_bind_every_command() {
        let (map, problems) = KeyMap::load(KeyMap::default(), DEFAULTS);
        assert_eq!(problems, vec![]);
        for command in COMMANDS {
            assert!(map.keys(command.id).next().is_some(), "{}", command.name);
        }
    }

    #[test]
    fn a_command_is_rebound_unbound_or_given_several_keys() {
        let (map, problems) = load("[keys]\ndismiss-risk = \"none\"\nfind = [\"ctrl-f\", \"F\"]\n");
        assert_eq!(problems, vec![]);
        assert_eq!(map.command(Context::Users, key("d")), None);
        assert_eq!(map.command(Context::Users, key("F")), Some(CommandId::Find));
        assert_eq!(map.command(Context::Users, key("f")), None);
    }

    #[test]
    fn a_conflict_is_told_with_its_line_and_the_other_command_keeps_the_key() {
        let (map, problems) = load("[keys]\n# mine\nnote = \"d\"\n");
        assert_eq!(problems.len(), 1);
        assert_eq!(problems[0].line, 3);
        assert!(problems[0].message.contains("dismiss-risk"), "{}", problems[0].message);
        assert_eq!(map.command(Context::Users, key("d")), Some(CommandId::DismissRisk));
    }

    #[test]
    fn two_commands_may_swap_keys_and_share_one_in_different_contexts() {
        let (map, problems) = load("[keys]\nnote = \"d\"\ndismiss-risk = \"n\"\ncancel-job = \"d\"\n");
        assert_eq!(problems, vec![]);
        assert_eq!(map.command(Context::Jobs, key("d")), Some(CommandId::CancelJob));
        assert_eq!(map.command(Context::Users, key("d")), Some(CommandId::Note));
    }

    #[test]
    fn what_is_not_understood_is_told_with_its_line() {
        let (map, problems) = load("[keys]\nnote = \"hyper-x\"\nfly = \"F\"\nsort = 3\n\n[colours]\n");
        assert_eq!(problems.iter().map(|problem| problem.line).collect::<Vec<_>>(), [2, 3, 4, 6]);
        assert_eq!(map.command(Context::Users, key("n")), Some(CommandId::Note));
        assert_eq!(load("[keys]\nnote = \n").1[0].line, 2);
    }
}

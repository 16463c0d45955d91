//! The key map: which key runs which command in which context.
//!
//! The defaults are a file like the user's own, read by the same parser.

use std::collections::HashMap;

use toml::de::{DeTable, DeValue};

use super::command::{COMMANDS, Command, CommandId, Context, find};
use super::config_problem::{ConfigProblem, line};
use super::key::{Key, KeyCode};
use super::sequence::{Sequence, Typed};

/// What else stands in the file, read elsewhere.
const OTHERS: [&str; 6] = ["hold", "theme", "columns", "privacy", "timeZone", "mouse"];
const DEFAULTS: &str = include_str!("../../assets/keys.toml");

#[derive(Debug, Clone)]
struct Binding {
    keys: Sequence,
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
    pub fn load(base: KeyMap, text: &str) -> (KeyMap, Vec<ConfigProblem>) {
        let mut problems = Vec::new();
        let entries = read(text, &mut problems);
        let mut map = base;
        map.bindings.retain(|binding| !entries.iter().any(|entry| entry.command.id == binding.command));
        // What the file does not name comes first, so that an entry never takes a key away unseen.
        for entry in &entries {
            for (keys, line) in &entry.keys {
                match map.conflict(entry.command, keys) {
                    Some(conflict) => problems.push(ConfigProblem { line: *line, message: conflict.words(keys, entry.command) }),
                    None => map.bindings.push(Binding { keys: keys.clone(), command: entry.command.id }),
                }
            }
        }
        let bound = map.bindings.iter().enumerate();
        map.index = bound
            .flat_map(|(at, binding)| {
                let key = binding.key(at);
                contexts(binding.command).iter().map(move |context| ((*context, key), binding.command))
            })
            .collect();
        problems.sort_by_key(|problem| problem.line);
        (map, problems)
    }

    /// The command that a key runs in a context.
    pub fn command(&self, context: Context, key: Key) -> Option<CommandId> {
        self.index.get(&(context, key)).copied()
    }

    /// What keys pressed one after the other come to, in the first of the contexts that knows them.
    pub fn resolve(&self, of: &[Context], keys: &[Key]) -> Typed {
        for context in of {
            for (at, binding) in self.bindings.iter().enumerate().filter(|(_, binding)| contexts(binding.command).contains(context)) {
                if binding.keys.keys() == keys {
                    return Typed::Whole(binding.key(at));
                }
                if binding.keys.goes_on_after(keys) {
                    return Typed::Begun;
                }
            }
        }
        Typed::Nothing
    }

    /// What can follow these keys: the next key, and the title of its command, or "…" where more must follow.
    pub fn following(&self, of: &[Context], keys: &[Key]) -> Vec<(String, String)> {
        let mut found: Vec<(String, String)> = Vec::new();
        for command in COMMANDS.iter().filter(|command| command.contexts.iter().any(|context| of.contains(context))) {
            for sequence in self.keys(command.id).filter(|sequence| sequence.goes_on_after(keys)) {
                let [next, rest @ ..] = sequence.keys().get(keys.len()..).unwrap_or_default() else { continue };
                let next = (next.to_string(), if rest.is_empty() { command.title } else { "…" }.to_owned());
                if !found.contains(&next) {
                    found.push(next);
                }
            }
        }
        found
    }

    /// The keys of a command, in the order of the file.
    pub fn keys(&self, command: CommandId) -> impl Iterator<Item = &Sequence> {
        self.bindings.iter().filter(move |binding| binding.command == command).map(|binding| &binding.keys)
    }

    /// The first key of a command, for a hint; empty where it has none.
    pub fn hint(&self, command: CommandId) -> String {
        self.keys(command).next().map(|key| key.to_string()).unwrap_or_default()
    }

    /// What a binding would take away from another one, or keep from ever being reached.
    fn conflict(&self, command: &Command, keys: &Sequence) -> Option<Conflict> {
        self.bindings.iter().find_map(|binding| {
            let same = binding.keys == *keys;
            let (shorter, longer) = (binding.keys.goes_on_after(keys.keys()), keys.goes_on_after(binding.keys.keys()));
            let collides = shorter || longer || (same && binding.command != command.id);
            let context = contexts(binding.command).iter().find(|context| command.contexts.contains(context)).filter(|_| collides)?;
            Some(Conflict { keys: binding.keys.clone(), command: binding.command, context: *context })
        })
    }
}

impl Binding {
    /// The key that it is looked up by.
    fn key(&self, at: usize) -> Key {
        match self.keys.keys() {
            [key] => *key,
            _ => Key::plain(KeyCode::Sequence(at)),
        }
    }
}

/// The binding that another one collides with.
struct Conflict {
    keys: Sequence,
    command: CommandId,
    context: Context,
}

impl Conflict {
    fn words(&self, wanted: &Sequence, command: &Command) -> String {
        let (held, other, place) = (&self.keys, name(self.command), self.context.words());
        let what = if *held == *wanted {
            format!("{wanted} is already {other} in {place}")
        } else if wanted.goes_on_after(held.keys()) {
            format!("{wanted:?} begins with {held}, which is already {other} in {place}", wanted = wanted.to_string())
        } else {
            format!("{wanted} begins {held:?}, which is already {other} in {place}", held = held.to_string())
        };
        format!("{what}; {} does not get it (bind {other} to another key or \"none\" first)", command.name)
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
    keys: Vec<(Sequence, usize)>,
}

fn read(text: &str, problems: &mut Vec<ConfigProblem>) -> Vec<Entry> {
    let line = |at: usize| line(text, at);
    let table = match DeTable::parse(text) {
        Ok(table) => table,
        Err(error) => {
            let at = error.span().map_or(0, |span| span.start);
            problems.push(ConfigProblem { line: line(at), message: format!("{}; the whole file is ignored", error.message()) });
            return Vec::new();
        }
    };
    let mut entries = Vec::new();
    for (section, value) in table.get_ref().iter().filter(|(section, _)| !OTHERS.contains(&section.get_ref().as_ref())) {
        let Some(keys) = value.get_ref().as_table().filter(|_| section.get_ref() == "keys") else {
            let others = "there are hold = 5 on top, and the sections [keys], [theme] and [columns]";
            let message = format!("{:?} is not known here; {others}", section.get_ref());
            problems.push(ConfigProblem { line: line(section.span().start), message });
            continue;
        };
        let mut found: Vec<_> = keys.iter().collect();
        found.sort_by_key(|(name, _)| name.span().start);
        for (name, value) in found {
            let at = line(name.span().start);
            let Some(command) = find(name.get_ref()) else {
                let message = format!("there is no command {:?}; `entriage keys` lists them", name.get_ref());
                problems.push(ConfigProblem { line: at, message });
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
                        Err(message) => problems.push(ConfigProblem { line, message }),
                    },
                    None => {
                        problems.push(ConfigProblem { line, message: format!("{} takes a key, a list of keys or \"none\"", command.name) })
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

    fn load(text: &str) -> (KeyMap, Vec<ConfigProblem>) {
        KeyMap::load(KeyMap::defaults(), text)
    }

    #[test]
    fn the_defaults_have_no_problem_and_name_every_command() {
        let (map, problems) = KeyMap::load(KeyMap::default(), DEFAULTS);
        assert_eq!(problems, vec![]);
        for command in COMMANDS {
            let named = DEFAULTS.lines().any(|line| line.starts_with(&format!("{} = ", command.name)));
            assert!(named && (map.keys(command.id).next().is_some() || command.id == CommandId::Theme), "{}", command.name);
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
    fn a_sequence_and_a_key_that_begins_it_cannot_both_be_bound() {
        let (map, problems) = load("[keys]\nnote = \"g n\"\n");
        assert_eq!(problems.len(), 1);
        assert_eq!(problems[0].line, 2);
        assert!(problems[0].message.starts_with("\"g n\" begins with g, which is already top in risky users"), "{}", problems[0].message);
        assert_eq!(map.resolve(&[Context::Users], &[key("g")]), Typed::Whole(key("g")));
        let (map, problems) = load("[keys]\ntop = \"home\"\nnote = \"g n\"\nexplain = [\"e\", \"g\"]\nmark = [\"f4\", \"f4 f4\"]\n");
        assert_eq!(problems.iter().map(|problem| problem.line).collect::<Vec<_>>(), [4, 5]);
        assert!(problems[0].message.starts_with("g begins \"g n\", which is already note"), "{}", problems[0].message);
        assert_eq!(map.resolve(&[Context::Users], &[key("g")]), Typed::Begun);
        let Typed::Whole(whole) = map.resolve(&[Context::Users], &[key("g"), key("n")]) else { panic!("no sequence") };
        assert_eq!(map.command(Context::Users, whole), Some(CommandId::Note));
        assert_eq!(map.resolve(&[Context::Users], &[key("g"), key("x")]), Typed::Nothing);
        assert_eq!(map.hint(CommandId::Note), "g n");
    }

    #[test]
    fn a_sequence_may_share_its_beginning_with_a_key_of_another_context() {
        let (map, problems) = load("[keys]\nnote = \"D n\"\n");
        assert_eq!(problems, vec![], "D cancels a job, which is in jobs only");
        assert_eq!(map.resolve(&[Context::Jobs, Context::Users], &[key("D")]), Typed::Whole(key("D")));
        assert_eq!(map.resolve(&[Context::List, Context::Users], &[key("D")]), Typed::Begun);
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

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
const OTHERS: [(&str, &str); 6] = [
    ("theme", "[theme]"),
    ("columns", "[columns]"),
    ("privacy", "[privacy]"),
    ("mouse", "[mouse]"),
    ("hold", "hold = 5"),
    ("timeZone", "timeZone = \"Europe/Berlin\""),
];
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

    /// Lays a user's file over a key map. What does not work is reported with its line and left as it was: of commands that claim the
    /// same key none gets it by chance, and each that the file names keeps its keys of the base.
    pub fn load(base: KeyMap, text: &str) -> (KeyMap, Vec<ConfigProblem>) {
        let mut problems = Vec::new();
        let mut entries = read(text, &mut problems);
        // An entry that is dropped gives its command the keys of the base back, which another entry may have claimed.
        loop {
            let conflicts = conflicts(&base, &entries);
            if conflicts.is_empty() {
                break;
            }
            entries.retain(|entry| conflicts.iter().all(|conflict| conflict.command.id != entry.command.id));
            problems.extend(conflicts.into_iter().map(|conflict| conflict.problem(&base)));
        }
        let mut map = base;
        map.bindings.retain(|binding| !is_named(binding.command, &entries));
        let new = entries.iter().flat_map(|entry| entry.keys.iter().map(|(keys, _)| (keys, entry.command.id)));
        map.bindings.extend(new.map(|(keys, command)| Binding { keys: keys.clone(), command }));
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

    /// The first key of a command, as it is looked up.
    pub fn first(&self, command: CommandId) -> Option<Key> {
        self.bindings.iter().enumerate().find(|(_, binding)| binding.command == command).map(|(at, binding)| binding.key(at))
    }

    /// A key in words; a finished sequence is its keys.
    pub fn words(&self, key: Key) -> String {
        match key.code {
            KeyCode::Sequence(at) => self.bindings.get(at).map(|binding| binding.keys.to_string()).unwrap_or_default(),
            _ => key.to_string(),
        }
    }

    /// The first key of a command, for a hint; empty where it has none.
    pub fn hint(&self, command: CommandId) -> String {
        self.keys(command).next().map(|key| key.to_string()).unwrap_or_default()
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

/// A key of the file that another command has, or claims.
struct Conflict {
    /// What the file wants.
    wanted: Sequence,
    command: &'static Command,
    line: usize,
    /// What stands against it.
    held: Sequence,
    other: CommandId,
    /// Where the file says so; `None` for a key of the base.
    other_line: Option<usize>,
    context: Context,
}

impl Conflict {
    fn problem(&self, base: &KeyMap) -> ConfigProblem {
        let (wanted, held, other, place) = (&self.wanted, &self.held, name(self.other), self.context.words());
        let whose = match self.other_line {
            None => format!("which is already {other} in {place}"),
            Some(line) => format!("which line {line} gives to {other} in {place}"),
        };
        let what = if held == wanted {
            format!("{wanted} is a key {whose}")
        } else if wanted.goes_on_after(held.keys()) {
            format!("{wanted:?} begins with {held}, {whose}", wanted = wanted.to_string())
        } else {
            format!("{wanted} begins {held:?}, {whose}", held = held.to_string())
        };
        let keys: Vec<String> = base.keys(self.command.id).map(Sequence::to_string).collect();
        let kept = if keys.is_empty() { "stays without a key".to_owned() } else { format!("keeps {}", keys.join(" ")) };
        let hint = match self.other_line {
            None => format!("bind {other} to another key or \"none\" first"),
            Some(_) => "give the key to one of them".to_owned(),
        };
        ConfigProblem { line: self.line, message: format!("{what}; {} {kept} ({hint})", self.command.name) }
    }
}

/// The context in which two bindings cannot both be reached.
fn collision((keys, command): (&Sequence, CommandId), (others, other): (&Sequence, CommandId)) -> Option<Context> {
    let same = keys == others && command != other;
    let collides = same || keys.goes_on_after(others.keys()) || others.goes_on_after(keys.keys());
    contexts(command).iter().copied().find(|context| contexts(other).contains(context)).filter(|_| collides)
}

fn is_named(command: CommandId, entries: &[Entry]) -> bool {
    entries.iter().any(|entry| entry.command.id == command)
}

/// For each entry that cannot stand, the first reason: a key that a command has which the file does not name; where there is none of
/// these, a key that the file gives twice.
fn conflicts(base: &KeyMap, entries: &[Entry]) -> Vec<Conflict> {
    let stay: Vec<(&Sequence, CommandId, Option<usize>)> = base
        .bindings
        .iter()
        .filter(|binding| !is_named(binding.command, entries))
        .map(|binding| (&binding.keys, binding.command, None))
        .collect();
    let claimed: Vec<(&Sequence, CommandId, Option<usize>)> =
        entries.iter().flat_map(|entry| entry.keys.iter().map(|(keys, line)| (keys, entry.command.id, Some(*line)))).collect();
    let against = |others: &[(&Sequence, CommandId, Option<usize>)]| -> Vec<Conflict> {
        let first = |entry: &Entry| {
            entry.keys.iter().find_map(|(keys, line)| {
                let (held, other, other_line, context) = others.iter().find_map(|(held, other, other_line)| {
                    let context = collision((keys, entry.command.id), (held, *other))?;
                    Some(((*held).clone(), *other, *other_line, context))
                })?;
                Some(Conflict { wanted: keys.clone(), command: entry.command, line: *line, held, other, other_line, context })
            })
        };
        entries.iter().filter_map(first).collect()
    };
    let found = against(&stay);
    if found.is_empty() { against(&claimed) } else { found }
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
    for (section, value) in
        table.get_ref().iter().filter(|(section, _)| !OTHERS.iter().any(|(name, _)| *name == section.get_ref().as_ref()))
    {
        let Some(keys) = value.get_ref().as_table().filter(|_| section.get_ref() == "keys") else {
            let message =
                format!("{:?} is not known here; there are [keys], {}", section.get_ref(), OTHERS.map(|(_, written)| written).join(", "));
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
                    Some(text) => match text.parse::<Sequence>() {
                        // It is taken before all others: whatever else had it would have no key.
                        Ok(key) if command.id != CommandId::Cancel && key.keys() == [Key::ctrl('c')] => {
                            let message = format!("ctrl-c always cancels: {} cannot have it", command.name);
                            problems.push(ConfigProblem { line, message });
                        }
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
            assert!(
                named && (map.keys(command.id).next().is_some() || matches!(command.id, CommandId::Theme | CommandId::Simulate)),
                "{}",
                command.name
            );
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
    fn nothing_else_gets_the_key_that_always_cancels() {
        let (map, problems) = load("[keys]\ncancel = \"none\"\ndown = \"ctrl-c\"\n");
        assert_eq!((problems.len(), problems[0].line), (1, 3));
        assert!(problems[0].message.contains("ctrl-c always cancels"), "{}", problems[0].message);
        assert_eq!(map.command(Context::Users, key("j")), Some(CommandId::Down), "it keeps what it had");
        assert_eq!(load("[keys]\ncancel = \"ctrl-c\"\n").1, vec![]);
    }

    #[test]
    fn what_is_known_is_named_whole() {
        let (_, problems) = load("[nonsense]\n");
        for (name, _) in OTHERS {
            assert!(problems[0].message.contains(name), "{name}: {}", problems[0].message);
        }
    }

    #[test]
    fn a_conflict_is_told_with_its_line_and_the_other_command_keeps_the_key() {
        let (map, problems) = load("[keys]\n# mine\nnote = \"d\"\n");
        assert_eq!(problems.len(), 1);
        assert_eq!(problems[0].line, 3);
        assert!(problems[0].message.contains("dismiss-risk") && problems[0].message.contains("note keeps n"), "{}", problems[0].message);
        assert_eq!(map.command(Context::Users, key("d")), Some(CommandId::DismissRisk));
        assert_eq!(map.command(Context::Users, key("n")), Some(CommandId::Note), "nobody is left without a key");
    }

    #[test]
    fn of_two_entries_that_claim_a_key_neither_gets_it_and_the_defaults_hold_for_both() {
        let (map, problems) = load("[keys]\nnote = \"f5\"\nsort = [\"f6\", \"f5\"]\n");
        assert_eq!(problems.iter().map(|problem| problem.line).collect::<Vec<_>>(), [2, 3]);
        assert!(problems[0].message.contains("line 3 gives to sort") && problems[1].message.contains("line 2 gives to note"));
        assert_eq!(["f5", "f6"].map(|text| map.command(Context::Users, key(text))), [None, None]);
        assert_eq!((map.hint(CommandId::Note).as_str(), map.hint(CommandId::Sort).as_str()), ("n", "o"));
    }

    #[test]
    fn a_default_that_comes_back_is_not_taken_by_another_entry() {
        // note cannot have d and so keeps n, which find wants.
        let (map, problems) = load("[keys]\nnote = \"d\"\nfind = \"n\"\n");
        assert_eq!(problems.iter().map(|problem| problem.line).collect::<Vec<_>>(), [2, 3]);
        let hints = [CommandId::DismissRisk, CommandId::Note, CommandId::Find].map(|command| map.hint(command));
        assert_eq!(hints, ["d", "n", "f"]);
    }

    #[test]
    fn a_sequence_and_a_key_that_begins_it_cannot_both_be_bound() {
        let (map, problems) = load("[keys]\nnote = \"g n\"\n");
        assert_eq!(problems.len(), 1);
        assert_eq!(problems[0].line, 2);
        assert!(problems[0].message.starts_with("\"g n\" begins with g, which is already top in risky users"), "{}", problems[0].message);
        assert_eq!(map.resolve(&[Context::Users], &[key("g")]), Typed::Whole(key("g")));
        let (_, problems) = load("[keys]\ntop = \"home\"\nnote = \"g n\"\nexplain = [\"e\", \"g\"]\nmark = [\"f4\", \"f4 f4\"]\n");
        assert_eq!(problems.iter().map(|problem| problem.line).collect::<Vec<_>>(), [3, 4, 5]);
        assert!(problems[1].message.starts_with("g begins \"g n\", which line 3 gives to note"), "{}", problems[1].message);
        let (map, problems) = load("[keys]\ntop = \"home\"\nnote = \"g n\"\n");
        assert_eq!(problems, vec![]);
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

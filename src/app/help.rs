//! Help and palette: what can be done in a place, to filter and to run.

use super::command::{COMMANDS, Command, CommandId, Context};
use super::find;
use super::format::width;
use super::input::Input;
use super::key::Key;
use super::keymap::KeyMap;
use super::overlay::Overlay;
use super::scroll::Scroll;

/// What choosing an entry does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Runs {
    /// Runs a command in the panes.
    Command(CommandId),
    /// Presses a key in the view that help lies over.
    Key(Key),
    /// Nothing: it has no key, and the view knows it by its key alone.
    Nothing,
}

/// One thing that can be done, as help shows it.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The command, where it is one.
    pub id: Option<CommandId>,
    /// In a few words.
    pub title: &'static str,
    /// Its name in a key map file.
    pub name: &'static str,
    /// In a sentence.
    pub help: String,
    /// Its keys, in words; a sequence is one of them.
    pub keys: Vec<String>,
    /// Why it cannot be run now.
    pub off: Option<String>,
    /// What choosing it does.
    pub runs: Runs,
}

impl Entry {
    fn of(command: &Command, keys: &KeyMap) -> Self {
        Entry {
            id: Some(command.id),
            title: command.title,
            name: command.name,
            help: command.help.to_owned(),
            keys: keys.keys(command.id).map(ToString::to_string).collect(),
            off: None,
            runs: Runs::Command(command.id),
        }
    }

    fn says(&self) -> String {
        format!("{} {} {}", self.title, self.name, self.help).to_lowercase()
    }

    fn has_key(&self, text: &str) -> bool {
        self.keys.iter().any(|key| key == text)
    }
}

/// How many commands of other places are named.
const ELSEWHERE: usize = 6;

/// The open help or palette.
#[derive(Debug, Clone)]
pub struct Help {
    /// Whether it is the palette: found by parts of words, the best first.
    pub palette: bool,
    /// The place whose commands it lists, in words.
    pub place: &'static str,
    /// What is typed.
    pub input: Input,
    /// Place among what is shown.
    pub scroll: Scroll,
    /// Why the entry under the cursor was not run.
    pub message: Option<String>,
    /// Where nothing here is called so: what is called so in another place, and where.
    pub elsewhere: Vec<String>,
    /// The view that it lies over, and comes back to.
    pub back: Option<Box<Overlay>>,
    entries: Vec<Entry>,
    others: Vec<Entry>,
    shown: Vec<usize>,
}

impl Help {
    /// Lists what applies in a pane; `why_off` says why a command cannot be run.
    pub fn open(palette: bool, context: Context, keys: &KeyMap, why_off: impl Fn(CommandId) -> Option<String>) -> Self {
        let here = COMMANDS.iter().filter(|command| command.contexts.contains(&context));
        let entries = here.map(|command| Entry { off: why_off(command.id), ..Entry::of(command, keys) }).collect();
        Help::of(palette, context.words(), entries, keys, context)
    }

    /// Lists what can be done in a place; what can be done elsewhere is known by name. `context` is where the panes are entered again.
    pub fn of(palette: bool, place: &'static str, entries: Vec<Entry>, keys: &KeyMap, context: Context) -> Self {
        let is_here = |command: &&Command| entries.iter().any(|entry| entry.id == Some(command.id));
        let others = COMMANDS.iter().filter(|command| !is_here(command)).map(|command| {
            let in_panes = command.contexts.iter().any(|of| matches!(of, Context::Users | Context::SignIns | Context::Details));
            let place = match in_panes {
                true if command.contexts.contains(&context) => "in the panes: ".to_owned(),
                true => format!("in {}: ", command.contexts.iter().map(|of| of.words()).collect::<Vec<_>>().join(", ")),
                // Its sentence names the place.
                false => String::new(),
            };
            Entry { help: format!("{place}{}", command.help), ..Entry::of(command, keys) }
        });
        let others = others.collect();
        let shown = (0..entries.len()).collect();
        let (input, scroll, elsewhere) = (Input::default(), Scroll::default(), Vec::new());
        Help { palette, place, input, scroll, message: None, elsewhere, back: None, entries, others, shown }
    }

    /// Follows what is typed: part of a title, sentence, name or key.
    pub fn refilter(&mut self) {
        let text = self.input.text();
        let typed = text.trim();
        let wanted = typed.to_lowercase();
        let entries = || self.entries.iter().enumerate();
        self.shown = if wanted.is_empty() {
            entries().map(|(at, _)| at).collect()
        } else if self.palette {
            let mut scored: Vec<(i64, usize)> = entries()
                .filter_map(|(at, entry)| {
                    // A hit in the few words of the title is worth more than one in the sentence.
                    let title = find::score(&wanted, entry.title).map(|score| score * 2);
                    title.max(find::score(&wanted, &entry.says())).map(|score| (score, at))
                })
                .collect();
            scored.sort_by_key(|(score, at)| (std::cmp::Reverse(*score), *at));
            scored.into_iter().map(|(_, at)| at).collect()
        } else {
            let mut shown: Vec<usize> = entries().filter(|(_, entry)| entry.has_key(typed)).map(|(at, _)| at).collect();
            shown.extend(entries().filter(|(_, entry)| !entry.has_key(typed) && entry.says().contains(&wanted)).map(|(at, _)| at));
            shown
        };
        let named = self.others.iter().filter(|other| self.shown.is_empty() && (other.has_key(typed) || other.says().contains(&wanted)));
        let words = |other: &Entry| {
            let key = other.keys.first().map_or_else(|| "(no key)".to_owned(), String::clone);
            format!("{key}  {}: {}", other.title, other.help)
        };
        self.elsewhere = named.take(ELSEWHERE).map(words).collect();
        self.scroll = Scroll::default();
        self.message = None;
    }

    /// Columns that the keys take: a few sequences are read in full, but what commands do keeps its room.
    pub fn key_columns(&self) -> usize {
        let longest = self.entries.iter().map(|entry| width(&entry.keys.join(", "))).max().unwrap_or(0);
        longest.clamp(11, 20)
    }

    /// Number of entries shown.
    pub fn len(&self) -> usize {
        self.shown.len()
    }

    /// Whether nothing is shown.
    pub fn is_empty(&self) -> bool {
        self.shown.is_empty()
    }

    /// The entry in this row.
    pub fn entry(&self, row: usize) -> Option<&Entry> {
        self.shown.get(row).and_then(|at| self.entries.get(*at))
    }
}

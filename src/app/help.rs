//! Help and palette: the command table, as it applies here, to filter and to run.

use super::command::{COMMANDS, Command, CommandId, Context};
use super::find;
use super::format::width;
use super::input::Input;
use super::keymap::KeyMap;
use super::scroll::Scroll;

/// One command as help shows it.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The command.
    pub command: &'static Command,
    /// Its keys, in words; a sequence is one of them.
    pub keys: Vec<String>,
    /// Why it cannot be run now.
    pub off: Option<String>,
}

/// The open help or palette.
#[derive(Debug, Clone)]
pub struct Help {
    /// Whether it is the palette: found by parts of words, the best first.
    pub palette: bool,
    /// What is typed.
    pub input: Input,
    /// Place among what is shown.
    pub scroll: Scroll,
    /// Why the entry under the cursor was not run.
    pub message: Option<String>,
    entries: Vec<Entry>,
    shown: Vec<usize>,
}

impl Help {
    /// Lists what applies in a pane; `why_off` says why a command cannot be run.
    pub fn open(palette: bool, context: Context, keys: &KeyMap, why_off: impl Fn(CommandId) -> Option<String>) -> Self {
        let entries: Vec<Entry> = COMMANDS
            .iter()
            .filter(|command| command.contexts.contains(&context))
            .map(|command| Entry { command, keys: keys.keys(command.id).map(ToString::to_string).collect(), off: why_off(command.id) })
            .collect();
        let shown = (0..entries.len()).collect();
        Help { palette, input: Input::default(), scroll: Scroll::default(), message: None, entries, shown }
    }

    /// Follows what is typed: part of a title, sentence, name or key.
    pub fn refilter(&mut self) {
        let text = self.input.text();
        let wanted = text.trim().to_lowercase();
        let entries = || self.entries.iter().enumerate();
        let says = |entry: &Entry| format!("{} {} {}", entry.command.title, entry.command.name, entry.command.help).to_lowercase();
        self.shown = if wanted.is_empty() {
            entries().map(|(at, _)| at).collect()
        } else if self.palette {
            let mut scored: Vec<(i64, usize)> = entries()
                .filter_map(|(at, entry)| {
                    // A hit in the few words of the title is worth more than one in the sentence.
                    let title = find::score(&wanted, entry.command.title).map(|score| score * 2);
                    title.max(find::score(&wanted, &says(entry))).map(|score| (score, at))
                })
                .collect();
            scored.sort_by_key(|(score, at)| (std::cmp::Reverse(*score), *at));
            scored.into_iter().map(|(_, at)| at).collect()
        } else {
            let key = |entry: &Entry| entry.keys.iter().any(|key| key == text.trim());
            let mut shown: Vec<usize> = entries().filter(|(_, entry)| key(entry)).map(|(at, _)| at).collect();
            shown.extend(entries().filter(|(_, entry)| !key(entry) && says(entry).contains(&wanted)).map(|(at, _)| at));
            shown
        };
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

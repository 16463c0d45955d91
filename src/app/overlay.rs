//! What lies over the panes. One thing at a time.

use super::help::Help;
use super::input::Input;
use super::layout::{self, Area};
use super::msg::SignInAsked;
use super::preview::Preview;
use super::scroll::Scroll;
use super::sort::{Column, Sort};
use crate::domain::journal::JournalRecord;
use crate::domain::records::UserId;

/// What choosing an item of a menu does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// Sorts users.
    Sort(Column),
    /// Copies a value; the words say what it is.
    Copy {
        /// "principal names of 3 users".
        what: String,
        /// The value. Hostile text.
        text: String,
    },
    /// Turns writing on or off; leaves it as it is for `None`.
    Writing(Option<bool>),
}

/// One item of a menu.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// What it is.
    pub label: String,
    /// More about it. May hold hostile text.
    pub detail: String,
    /// What choosing it does.
    pub choice: Choice,
}

/// A menu.
#[derive(Debug, Clone)]
pub struct Menu {
    /// Its title.
    pub title: &'static str,
    /// Its items.
    pub items: Vec<Item>,
    /// Place among them.
    pub scroll: Scroll,
}

impl Menu {
    /// The columns that users can be sorted by.
    pub fn sort(held: Sort) -> Self {
        let item = |column: Column| {
            let sign = if column == held.column { held.sign() } else { ' ' };
            Item { label: format!("{:<12}{sign}", column.header()), detail: column.words().to_owned(), choice: Choice::Sort(column) }
        };
        let at = Column::ALL.iter().position(|column| *column == held.column).unwrap_or(0);
        Menu { title: "Sort by (again: reverse)", items: Column::ALL.map(item).to_vec(), scroll: Scroll { at, offset: 0 } }
    }
}

/// What lies over the panes.
#[derive(Debug, Clone)]
pub enum Overlay {
    /// A plan.
    Preview(Box<Preview>),
    /// The job of this console.
    Job,
    /// All jobs.
    Jobs {
        /// Place in the list: the newest first.
        scroll: Scroll,
        /// Whether it was opened by itself, to offer to resume.
        offer: bool,
        /// Why the last key did nothing.
        message: Option<String>,
    },
    /// The journal.
    Journal {
        /// Its records, oldest first; `None` until they are read.
        records: Option<Vec<JournalRecord>>,
        /// Place in it: the newest first.
        scroll: Scroll,
    },
    /// Help or palette.
    Help(Box<Help>),
    /// A menu.
    Menu(Menu),
    /// A note being written.
    Note {
        /// On whom.
        user: UserId,
        /// What.
        input: Input,
    },
    /// What a person must do to sign in.
    SignIn(SignInAsked),
    /// Whether to quit while a job runs.
    Quit,
}

impl Overlay {
    /// Where it stands on the screen.
    pub fn area(&self, size: (u16, u16)) -> Area {
        match self {
            Overlay::Preview(preview) => super::preview::area(preview, size),
            Overlay::Job | Overlay::Jobs { .. } => layout::overlay(size, (92, 20)),
            Overlay::Journal { .. } | Overlay::Help(_) => layout::large_overlay(size),
            Overlay::Menu(menu) => layout::overlay(size, (72, u16::try_from(menu.items.len()).unwrap_or(20).saturating_add(3))),
            Overlay::Note { .. } => layout::overlay(size, (76, 5)),
            Overlay::SignIn(_) => layout::overlay(size, (90, 12)),
            Overlay::Quit => layout::overlay(size, (64, 6)),
        }
    }

    /// How many rows of a list it has room for.
    pub fn rows(&self, size: (u16, u16)) -> usize {
        let height = usize::from(self.area(size).inner().height);
        let taken = match self {
            Overlay::Job => JOB_LINES,
            Overlay::Jobs { .. } => 2,
            Overlay::Help(_) => 2,
            Overlay::Menu(_) | Overlay::Journal { .. } => 1,
            Overlay::Preview(preview) => return super::preview::target_rows(preview, size),
            Overlay::Note { .. } | Overlay::SignIn(_) | Overlay::Quit => height,
        };
        height.saturating_sub(taken)
    }
}

/// Lines of the job's overlay that are not outcomes: bar, numbers, time, advice, hint.
pub const JOB_LINES: usize = 7;

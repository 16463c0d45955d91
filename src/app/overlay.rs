//! What lies over the panes. One thing at a time.

use super::campaigns::Campaigns;
use super::cases;
use super::checklist::{self, Checklist};
use super::columns_menu::ColumnsMenu;
use super::explain::Explain;
use super::format::width;
use super::help::Help;
use super::input::Input;
use super::layout::{self, Area};
use super::map::Travels;
use super::msg::SignInAsked;
use super::overview::Glance;
use super::preview::Preview;
use super::queue;
use super::saved_views::SavedViews;
use super::scroll::Scroll;
use super::sort::{Column, Sort};
use super::theme::ThemeName;
use super::timeline::Chart;
use super::typed::Typed;
use crate::domain::action::Action;
use crate::domain::advice::Start;
use crate::domain::happening::Happening;
use crate::domain::journal::{JobId, JournalRecord};
use crate::domain::plan::Target;
use crate::domain::portal::Page;
use crate::domain::records::UserId;

/// What choosing an item of a menu does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// Sorts users.
    Sort(Column),
    /// Takes another theme.
    Theme(ThemeName),
    /// Lets something happen to a user of the simulated tenant.
    Simulate {
        /// What.
        happening: Happening,
        /// To whom.
        user: UserId,
    },
    /// Copies a value; the words say what it is.
    Copy {
        /// "principal names of 3 users".
        what: String,
        /// The values, a line each. Hostile text: each is made safe by itself, so that no end of a line is the tenant's.
        lines: Vec<String>,
    },
    /// Turns writing on or off; leaves it as it is for `None`.
    Writing(Option<bool>),
    /// Changes the cases of the menu's targets.
    Case(cases::Step),
    /// Lists everybody who shares a value.
    Pivot {
        /// The words of the crumb. May hold hostile text.
        crumb: String,
        /// The exact filter.
        filter: String,
    },
    /// Goes on with a queue, or leaves it.
    Queue(queue::Way),
    /// Plans an action on the menu's targets, or asks first which policy or address it is about.
    Remedy(Action),
    /// Plans an action on the menu's targets, with the policy or the addresses it is about.
    Start(Start),
}

/// One item of a menu.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// What it is.
    pub label: String,
    /// More about it. May hold hostile text.
    pub detail: String,
    /// More yet, shown below the list while the cursor is on it. May hold hostile text.
    pub note: String,
    /// Whether it cannot be done now; the detail says why.
    pub off: bool,
    /// What choosing it does.
    pub choice: Choice,
}

impl Item {
    /// An item that can be chosen, without a note.
    pub fn new(label: impl Into<String>, detail: impl Into<String>, choice: Choice) -> Self {
        Item { label: label.into(), detail: detail.into(), note: String::new(), off: false, choice }
    }
}

/// A menu.
#[derive(Debug, Clone)]
pub struct Menu {
    /// Its title.
    pub title: String,
    /// Whom it is about. May hold hostile text.
    pub about: String,
    /// Its items.
    pub items: Vec<Item>,
    /// Place among them.
    pub scroll: Scroll,
    /// What an item that starts a plan is aimed at.
    pub targets: Vec<Target>,
    /// Why the last key did nothing.
    pub message: Option<String>,
    /// The item of which it was asked whether it is meant for all of them: choosing it again agrees to it.
    pub asked: Option<usize>,
    /// What the keys do.
    pub hint: &'static str,
    /// The computation that fills in the details.
    pub awaits: Option<u64>,
}

impl Menu {
    /// A menu with the cursor on its first item.
    pub fn new(title: impl Into<String>, items: Vec<Item>) -> Self {
        let hint = "Enter chooses · Esc closes";
        let scroll = Scroll::default();
        Menu {
            title: title.into(),
            about: String::new(),
            items,
            scroll,
            targets: Vec::new(),
            message: None,
            asked: None,
            hint,
            awaits: None,
        }
    }

    /// Rows below the list: notes, where there are any, and the hint.
    fn foot(&self) -> u16 {
        if self.items.iter().any(|item| !item.note.is_empty()) { 1 + NOTE_LINES } else { 1 }
    }

    /// Columns that labels take: as many as the longest needs, but never more than three in five.
    pub fn label_columns(&self, columns: usize) -> usize {
        let longest = self.items.iter().map(|item| width(&item.label) + 2).max().unwrap_or(0);
        longest.max(24).min(columns * 3 / 5)
    }

    /// The columns that users can be sorted by.
    pub fn sort(held: Sort) -> Self {
        let item = |column: Column| {
            let sign = if column == held.column { held.sign() } else { ' ' };
            Item::new(format!("{:<12}{sign}", column.header()), column.words(), Choice::Sort(column))
        };
        let at = Column::ALL.iter().position(|column| *column == held.column).unwrap_or(0);
        Menu { scroll: Scroll { at, offset: 0 }, ..Menu::new("Sort by (again: reverse)", Column::ALL.map(item).to_vec()) }
    }
}

impl Menu {
    /// The themes.
    pub fn themes(held: ThemeName) -> Self {
        let items = ThemeName::ALL.map(|name| Item::new(name.as_str(), name.words(), Choice::Theme(name))).to_vec();
        let at = ThemeName::ALL.iter().position(|name| *name == held).unwrap_or(0);
        Menu { scroll: Scroll { at, offset: 0 }, ..Menu::new("Theme", items) }
    }
}

impl Menu {
    /// What can happen to a user of the demo.
    pub fn simulation(user: UserId) -> Self {
        let items = Happening::offered()
            .into_iter()
            .map(|(name, what, happening)| Item::new(name, what, Choice::Simulate { happening, user: user.clone() }));
        Menu { targets: vec![Target::User(user.clone())], ..Menu::new("Simulate, by Entra's rules", items.collect()) }
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
        /// The job under the cursor, which stays there when others are begun.
        held: Option<JobId>,
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
        /// Why the last key did nothing.
        message: Option<String>,
    },
    /// Why a user is at risk or blocked, and what can be done.
    Explain(Box<Explain>),
    /// Groups of users at risk.
    Campaigns(Box<Campaigns>),
    /// A playbook and where each step stands.
    Playbook(Checklist),
    /// What must be had before a plan can be shown.
    Waiting {
        /// What is waited for, in words.
        what: String,
        /// What it is for.
        then: Then,
    },
    /// Help or palette.
    Help(Box<Help>),
    /// A menu.
    Menu(Menu),
    /// The columns of the users.
    Columns(ColumnsMenu),
    /// Saved views.
    Views(SavedViews),
    /// A line that is asked for.
    Typed(Typed),
    /// A note being written.
    Note {
        /// On whom.
        user: UserId,
        /// What.
        input: Input,
    },
    /// What a person must do to sign in.
    SignIn(SignInAsked),
    /// Whether to cancel an unfinished job or playbook.
    Cancel {
        /// Its number.
        id: JobId,
        /// What was open before, and comes back.
        back: Box<Overlay>,
    },
    /// The timeline of a user.
    Timeline(Box<Chart>),
    /// Where a user was seen.
    Map(Box<Travels>),
    /// The tenant at a glance.
    Overview(Box<Glance>),
    /// The last messages.
    Messages {
        /// Place among them: the newest first.
        scroll: Scroll,
        /// Why the last key did nothing.
        message: Option<String>,
    },
    /// A page of the portal that is to be opened by hand.
    Page {
        /// The page.
        page: Page,
        /// Its address.
        address: String,
    },
    /// Whether to quit while a job runs.
    Quit,
}

/// What is waited for.
#[derive(Debug, Clone, PartialEq)]
pub enum Then {
    /// The records that a plan is judged by.
    Plan {
        /// The plan.
        pending: Box<Pending>,
        /// The users that the tenant is asked about.
        asked: Vec<UserId>,
    },
    /// The number of a playbook.
    Playbook {
        /// Id of its plan.
        plan: String,
    },
    /// The plan of a step.
    Step {
        /// The playbook.
        playbook: JobId,
        /// The step.
        action: Action,
    },
}

/// A plan that is about to be opened.
#[derive(Debug, Clone, PartialEq)]
pub struct Pending {
    /// The action, and what it is about.
    pub start: Start,
    /// The targets.
    pub targets: Vec<Target>,
    /// The reason to begin with.
    pub reason: String,
}

/// Rows of a menu's notes.
pub const NOTE_LINES: u16 = 4;

impl Overlay {
    /// Where it stands on the screen.
    pub fn area(&self, size: (u16, u16)) -> Area {
        match self {
            Overlay::Preview(preview) => super::summary::area(preview, size),
            Overlay::Job | Overlay::Jobs { .. } => layout::overlay(size, (92, 20)),
            Overlay::Journal { .. } | Overlay::Messages { .. } | Overlay::Help(_) | Overlay::Explain(_) => layout::large_overlay(size),
            Overlay::Menu(menu) => {
                let items = u16::try_from(menu.items.len()).unwrap_or(20);
                let columns = if menu.foot() > 1 { 92 } else { 72 };
                layout::overlay(size, (columns, items.saturating_add(2 + menu.foot())))
            }
            Overlay::Columns(_) => ColumnsMenu::area(size),
            Overlay::Campaigns(_) => Campaigns::area(size),
            Overlay::Playbook(_) => layout::overlay(size, (84, 18)),
            Overlay::Waiting { .. } | Overlay::Note { .. } => layout::overlay(size, (76, 5)),
            Overlay::Typed(_) => layout::overlay(size, (76, 6)),
            Overlay::Views(_) => layout::overlay(size, (92, 16)),
            Overlay::SignIn(_) => layout::overlay(size, (90, 12)),
            Overlay::Page { .. } => layout::overlay(size, (90, 10)),
            Overlay::Cancel { .. } => layout::overlay(size, (84, 13)),
            Overlay::Timeline(_) | Overlay::Map(_) | Overlay::Overview(_) => layout::whole(size),
            Overlay::Quit => layout::overlay(size, (64, 6)),
        }
    }

    /// Where it says why a key did nothing; nowhere for what is typed into, and what asks.
    fn message(&mut self) -> Option<&mut Option<String>> {
        Some(match self {
            Overlay::Jobs { message, .. } | Overlay::Journal { message, .. } | Overlay::Messages { message, .. } => message,
            Overlay::Explain(open) => &mut open.message,
            Overlay::Campaigns(open) => &mut open.message,
            Overlay::Menu(menu) => &mut menu.message,
            Overlay::Columns(menu) => &mut menu.message,
            Overlay::Views(menu) => &mut menu.message,
            Overlay::Timeline(chart) => &mut chart.message,
            Overlay::Map(travels) => &mut travels.message,
            Overlay::Overview(glance) => &mut glance.message,
            _ => return None,
        })
    }

    /// Says at its foot why a key did nothing.
    pub(super) fn say(&mut self, text: String) {
        if let Some(message) = self.message() {
            *message = Some(text);
        }
    }

    /// What stands there.
    #[cfg(test)]
    pub(super) fn said(&self) -> Option<String> {
        self.clone().message().and_then(|message| message.clone())
    }

    /// How many rows of a list it has room for.
    pub fn rows(&self, size: (u16, u16)) -> usize {
        let height = usize::from(self.area(size).inner().height);
        let taken = match self {
            Overlay::Job => JOB_LINES,
            Overlay::Jobs { .. } => 3,
            Overlay::Help(_) => HELP_LINES,
            Overlay::Menu(menu) => usize::from(menu.foot()),
            Overlay::Journal { .. } => JOURNAL_LINES,
            Overlay::Explain(_) | Overlay::Columns(_) | Overlay::Views(_) => 1,
            Overlay::Playbook(_) => checklist::OTHER_LINES,
            // Pictures divide their place by themselves.
            Overlay::Timeline(_) | Overlay::Map(_) | Overlay::Overview(_) => 0,
            Overlay::Preview(preview) => return super::summary::rows(preview, size),
            Overlay::Waiting { .. } | Overlay::Note { .. } | Overlay::Typed(_) => height,
            Overlay::SignIn(_) | Overlay::Cancel { .. } | Overlay::Quit => height,
            Overlay::Campaigns(_) => return Campaigns::rows(size),
            Overlay::Messages { .. } => MESSAGE_LINES,
            Overlay::Page { .. } => height,
        };
        height.saturating_sub(taken)
    }
}

/// Lines of the job's overlay that are not outcomes: bar, numbers, time, advice, hint.
pub const JOB_LINES: usize = 7;

/// Lines of help that are not entries: what is typed, the one under the cursor in full, and the hint.
pub const HELP_LINES: usize = 4;

/// Lines of the messages that are not rows: the one under the cursor in full, and the hint.
pub const MESSAGE_LINES: usize = 6;

/// Rows below the journal: the record under the cursor, whole, and the hint.
pub const JOURNAL_LINES: usize = 5;

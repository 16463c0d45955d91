//! Temporary passwords on the screen: shown once, in front of everything, kept nowhere (invariant 10).

use std::collections::BTreeMap;

use super::App;
use super::command::{CommandId, Context};
use super::format::count;
use super::key::{Key, KeyCode};
use super::layout::{self, Area};
use super::msg::Effect;
use super::scroll::Scroll;
use crate::domain::journal::{Entry, JobId};
use crate::domain::password::TemporaryPassword;
use crate::domain::text::safe;

/// Lines of the overlay that are not passwords: three to say what they are, one apart above and below, the hint.
const OTHER_LINES: u16 = 6;

/// One of them.
#[derive(Debug)]
pub struct Shown {
    /// The job that set it.
    job: JobId,
    /// Whose, by object id.
    id: String,
    /// Whose. Hostile text.
    pub user: String,
    /// The password.
    pub password: TemporaryPassword,
    /// Whether it was among the rows in sight.
    seen: bool,
}

/// The passwords that were not closed yet.
#[derive(Debug, Default)]
pub struct Passwords {
    /// In the order in which they came.
    pub list: Vec<Shown>,
    /// Place among them.
    pub scroll: Scroll,
    /// Whether it is being asked if they may be closed.
    pub asking: bool,
    /// Why the last key did nothing, or not all.
    pub message: Option<String>,
}

impl Passwords {
    /// Whether there is one to be shown.
    pub fn are_shown(&self) -> bool {
        !self.list.is_empty()
    }

    /// Adds one. A question that is open is no longer about all of them.
    pub fn add(&mut self, job: JobId, id: String, user: String, password: TemporaryPassword) {
        self.list.push(Shown { job, id, user, password, seen: false });
        self.asking = false;
    }

    /// Brings the cursor into sight, and keeps in mind which of them the next frame shows.
    pub(super) fn settle(&mut self, size: (u16, u16)) {
        let rows = self.rows(size);
        self.scroll.settle(self.list.len(), rows);
        if layout::fits(size) {
            self.list.iter_mut().skip(self.scroll.offset).take(rows).for_each(|shown| shown.seen = true);
        }
    }

    /// How many were never in sight.
    pub fn unseen(&self) -> usize {
        self.list.iter().filter(|shown| !shown.seen).count()
    }

    /// Where they stand on the screen.
    pub fn area(&self, size: (u16, u16)) -> Area {
        let wanted = u16::try_from(self.list.len()).unwrap_or(u16::MAX).clamp(1, 16);
        layout::overlay(size, (84, wanted.saturating_add(OTHER_LINES + 2)))
    }

    /// How many of them there is room for.
    pub fn rows(&self, size: (u16, u16)) -> usize {
        usize::from(self.area(size).inner().height.saturating_sub(OTHER_LINES))
    }
}

/// That these were closed, for the journal: what is not, was on the screen when the console ended.
fn journalled(closed: Vec<Shown>) -> Vec<Effect> {
    let mut jobs: BTreeMap<JobId, Vec<String>> = BTreeMap::new();
    let total = closed.len();
    for shown in closed {
        jobs.entry(shown.job).or_default().push(shown.id);
    }
    let entries: Vec<Entry> = jobs.into_iter().map(|(job, ids)| Entry::PasswordsClosed { job, ids, read: true }).collect();
    let said = format!("{} closed.", count(total, "temporary password", "temporary passwords"));
    if entries.is_empty() { Vec::new() } else { vec![Effect::Record { entries, said }] }
}

impl App {
    /// The temporary passwords that are shown, in front of everything else.
    pub fn passwords(&self) -> &Passwords {
        &self.passwords
    }

    /// Takes a key while passwords are shown: no other key of the console reaches beyond them.
    pub(super) fn key_in_passwords(&mut self, key: Key) -> Vec<Effect> {
        let rows = self.passwords.rows(self.options.size);
        self.passwords.message = None;
        if self.passwords.asking {
            self.passwords.asking = false;
            let mut effects = Vec::new();
            // No key that copies, confirms or is typed in passing: what is closed here is gone.
            if key == Key::plain(KeyCode::Char('c')) {
                // Each is overwritten as it goes. What was below the last row stays: nobody has read it.
                let (closed, left) = std::mem::take(&mut self.passwords.list).into_iter().partition(|shown| shown.seen);
                self.passwords.list = left;
                effects = journalled(closed);
                if self.passwords.are_shown() {
                    let left = count(self.passwords.list.len(), "password was", "passwords were");
                    self.passwords.message = Some(format!("{left} not in sight yet: not closed."));
                } else {
                    self.passwords = Passwords::default();
                }
            }
            return effects;
        }
        let command = self.options.keys.command(Context::List, key);
        let len = self.passwords.list.len();
        match (key.code, command) {
            (KeyCode::Esc | KeyCode::Enter, _) | (_, Some(CommandId::Back | CommandId::Cancel)) => self.passwords.asking = true,
            (KeyCode::Char('y'), _) => {
                let Some(Shown { user, password, .. }) = self.passwords.list.get(self.passwords.scroll.at) else { return Vec::new() };
                let effect = Effect::CopyPassword(password.clone());
                let text = format!("Sent the temporary password of {} to the terminal clipboard (OSC 52).", safe(user));
                self.toasts.say(text, self.now);
                return vec![effect];
            }
            (_, Some(command)) if self.passwords.scroll.run(command, len, rows) => {}
            _ => self.passwords.message = Some(format!("{key} does nothing here: Esc, then c closes them.")),
        }
        Vec::new()
    }
}

//! Messages: what was said expires, what failed stays until it is dismissed.

use super::messages::{History, Message};
use crate::domain::time::Timestamp;

const SECONDS: i64 = 6;
const KEPT: usize = 20;

/// One message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toast {
    /// What it says. May hold hostile text.
    pub text: String,
    /// When it goes by itself; never for an error.
    pub until: Option<Timestamp>,
}

impl Toast {
    /// Whether it tells of something that failed.
    pub fn is_error(&self) -> bool {
        self.until.is_none()
    }
}

/// The messages that have not gone yet.
#[derive(Debug, Clone, Default)]
pub struct Toasts {
    held: Vec<Toast>,
    history: History,
    now: Option<Timestamp>,
}

impl Toasts {
    /// What was said and what failed so far.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// Adds something to know.
    pub fn say(&mut self, text: impl Into<String>, now: Timestamp) {
        // A new remark takes the place of the one before.
        self.held.retain(Toast::is_error);
        self.push(Toast { text: text.into(), until: Some(Timestamp(now.0 + chrono::TimeDelta::seconds(SECONDS))) });
    }

    /// Adds something that failed.
    pub fn fail(&mut self, text: impl Into<String>) {
        self.push(Toast { text: text.into(), until: None });
    }

    fn push(&mut self, toast: Toast) {
        let error = toast.is_error();
        if let Some(at) = self.now {
            self.history.keep(Message { at, error, text: toast.text.clone() });
        }
        self.held.retain(|held| held.text != toast.text);
        self.held.push(toast);
        if self.held.len() > KEPT {
            self.held.remove(0);
        }
    }

    /// Lets go what begins so, since it was done.
    pub fn forget_asked(&mut self, beginning: &str) {
        self.held.retain(|toast| !toast.text.starts_with(beginning));
    }

    /// Lets all but errors go.
    pub fn forget_remarks(&mut self) {
        self.held.retain(Toast::is_error);
    }

    /// Lets expired messages go.
    pub fn expire(&mut self, now: Timestamp) {
        self.now = Some(now);
        self.held.retain(|toast| toast.until.is_none_or(|until| until > now));
    }

    /// The message to show: the newest.
    pub fn current(&self) -> Option<&Toast> {
        self.held.last()
    }

    /// How many errors wait to be dismissed.
    pub fn errors(&self) -> usize {
        self.held.iter().filter(|toast| toast.is_error()).count()
    }

    /// Dismisses the message that is shown, if it is an error; says whether it was.
    pub fn dismiss(&mut self) -> bool {
        let error = self.held.last().is_some_and(Toast::is_error);
        if error {
            self.held.pop();
        }
        error
    }

    /// When the next message goes by itself.
    pub fn wake_at(&self) -> Option<Timestamp> {
        self.held.iter().filter_map(|toast| toast.until).min()
    }
}

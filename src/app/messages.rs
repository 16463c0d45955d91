//! The history of messages: what was said and what failed, the newest first.

use std::collections::VecDeque;

use super::App;
use super::command::{CommandId, Context};
use super::key::{Key, KeyCode};
use super::msg::Effect;
use super::overlay::{Choice, Overlay};
use super::scroll::Scroll;
use crate::domain::time::Timestamp;

/// How many messages are kept.
const KEPT: usize = 200;

/// One message that was shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// When.
    pub at: Timestamp,
    /// Whether it told of something that failed.
    pub error: bool,
    /// What it said. May hold hostile text.
    pub text: String,
}

/// The last messages, the newest first.
#[derive(Debug, Clone, Default)]
pub struct History(VecDeque<Message>);

impl History {
    /// Keeps a message.
    pub fn keep(&mut self, message: Message) {
        self.0.push_front(message);
        self.0.truncate(KEPT);
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing was said yet.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The message in this row.
    pub fn row(&self, at: usize) -> Option<&Message> {
        self.0.get(at)
    }
}

impl App {
    pub(super) fn key_in_messages(&mut self, mut scroll: Scroll, key: Key) -> Vec<Effect> {
        let rows = Overlay::Messages { scroll }.rows(self.options.size);
        let command = self.list_command(Context::List, key);
        let moved = command.is_some_and(|command| scroll.run(command, self.toasts.history().len(), rows));
        let again = self.options.keys.command(Context::Users, key);
        if !moved && (key.code == KeyCode::Esc || self.leaves(key) || again == Some(CommandId::Messages)) {
            return Vec::new();
        }
        self.overlay = Some(Overlay::Messages { scroll });
        match self.toasts.history().row(scroll.at).filter(|_| !moved && again == Some(CommandId::Copy)) {
            Some(message) => {
                let lines = vec![message.text.clone()];
                self.choose(Choice::Copy { what: "the message".to_owned(), lines })
            }
            None => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::Msg;
    use crate::app::tests::{console, five, keys};
    use crate::domain::fixture::now;

    #[test]
    fn the_last_messages_are_kept_with_time_and_kind_and_can_be_copied() {
        let mut app = console(five());
        for number in 0..300 {
            app.update(Msg::Failed(format!("failure {number}")), now());
        }
        app.update(Msg::Said("all is well".to_owned()), now());
        let history = app.toasts().history();
        assert_eq!(
            (history.len(), history.row(0).map(|message| message.error), history.row(1).map(|message| message.error)),
            (200, Some(false), Some(true))
        );
        assert_eq!(keys(&mut app, "M j y"), vec![Effect::Copy("failure 299".to_owned())]);
        keys(&mut app, "M");
        assert!(app.overlay().is_none());
    }
}

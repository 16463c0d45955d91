//! One line that is asked for: a tag, or the name of a view.

use super::App;
use super::input::Input;
use super::key::{Key, KeyCode};
use super::msg::Effect;
use super::overlay::Overlay;
use crate::domain::case::{self, CaseChange};
use crate::domain::records::UserId;

/// What the line is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// A tag for these users.
    Tag(Vec<UserId>),
    /// The name that the filter is saved under.
    ViewName,
}

/// A line being typed.
#[derive(Debug, Clone)]
pub struct Typed {
    /// What is asked for. May hold hostile text.
    pub title: String,
    /// What the keys do.
    pub hint: &'static str,
    /// The line.
    pub input: Input,
    /// Why it was not taken.
    pub message: Option<String>,
    /// What was typed when it was asked whether that is meant: Enter again agrees to it.
    pub asked: Option<String>,
    /// What it is for.
    pub what: What,
}

impl Typed {
    /// Nothing typed yet.
    pub fn new(title: impl Into<String>, hint: &'static str, what: What) -> Self {
        Typed { title: title.into(), hint, input: Input::default(), message: None, asked: None, what }
    }
}

impl App {
    pub(super) fn key_in_typed(&mut self, mut typed: Typed, key: Key) -> Vec<Effect> {
        typed.message = None;
        let asked = typed.asked.take();
        match key.code {
            KeyCode::Esc => return Vec::new(),
            KeyCode::Enter => {
                let text = typed.input.text();
                let taken = match &typed.what {
                    What::Tag(users) => case::tag(&text).map_err(|error| error.to_string()).map(|tag| {
                        let change = CaseChange { tag: vec![tag], ..CaseChange::default() };
                        self.change_cases(users, &change)
                    }),
                    What::ViewName => self.save_view(&text, asked.as_deref()),
                };
                match taken {
                    Ok(effects) => return effects,
                    Err(why) => (typed.message, typed.asked) = (Some(why), Some(text.trim().to_owned())),
                }
            }
            _ => _ = typed.input.key(key),
        }
        self.overlay = Some(Overlay::Typed(typed));
        Vec::new()
    }
}

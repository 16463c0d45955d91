//! Keys pressed one after the other: how a binding names them, and what they come to.

use std::fmt;
use std::str::FromStr;

use super::App;
use super::command::Context;
use super::key::{Key, KeyCode};
use super::overlay::Overlay;
use super::preview::Place;

/// The keys that run a command: one, or several in a row. Never empty.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Sequence(Vec<Key>);

impl Sequence {
    /// Its keys.
    pub fn keys(&self) -> &[Key] {
        &self.0
    }

    /// Whether it goes on after these keys.
    pub fn goes_on_after(&self, keys: &[Key]) -> bool {
        self.0.len() > keys.len() && self.0.starts_with(keys)
    }
}

impl FromStr for Sequence {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let keys = text.split(' ').filter(|part| !part.is_empty()).map(str::parse).collect::<Result<Vec<Key>, String>>()?;
        let ends = |key: &Key| key.code == KeyCode::Esc || *key == Key::ctrl('c');
        match keys.as_slice() {
            [] => Err("\"\" is not a key; to unbind a command, write \"none\"".to_owned()),
            [_] => Ok(Sequence(keys)),
            keys if keys.iter().any(ends) => Err(format!("{text:?}: esc and ctrl-c end a sequence, so none goes through them")),
            // Questions and lists take it for "yes, this one".
            [first, ..] if first.code == KeyCode::Enter => Err(format!("{text:?}: no sequence begins with enter, which chooses in lists")),
            _ => Ok(Sequence(keys)),
        }
    }
}

impl fmt::Display for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&words(&self.0))
    }
}

fn words(keys: &[Key]) -> String {
    keys.iter().map(Key::to_string).collect::<Vec<_>>().join(" ")
}

/// What keys pressed one after the other come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Typed {
    /// To a command; a finished sequence has a key of its own, [`KeyCode::Sequence`].
    Whole(Key),
    /// A sequence that goes on.
    Begun,
    /// No binding begins so.
    Nothing,
}

impl App {
    /// The keys of a sequence that is not finished yet.
    pub fn pending(&self) -> &[Key] {
        &self.pending
    }

    /// What has been typed of a sequence, and what can follow: key and title. Empty without one.
    pub fn pending_words(&self) -> Vec<(String, String)> {
        if self.pending.is_empty() {
            return Vec::new();
        }
        let mut words = vec![(words(&self.pending), "…".to_owned())];
        words.extend(self.options.keys.following(self.sequence_contexts(), &self.pending));
        words.push(("esc".to_owned(), "ends".to_owned()));
        words
    }

    /// The key, or the sequence that it completes; `None` while more must follow, and where nothing begins so.
    pub(super) fn complete(&mut self, key: Key) -> Option<Key> {
        let mut typed = std::mem::take(&mut self.pending);
        if !typed.is_empty() && key.code == KeyCode::Esc {
            return None;
        }
        typed.push(key);
        match self.options.keys.resolve(self.sequence_contexts(), &typed) {
            Typed::Whole(key) => Some(key),
            Typed::Begun => {
                self.pending = typed;
                None
            }
            Typed::Nothing if typed.len() == 1 => Some(key),
            Typed::Nothing => {
                self.toasts.say(format!("{} does nothing here.", words(&typed)), self.now);
                None
            }
        }
    }

    /// Where sequences are looked up, the nearest first; nowhere while keys are text or answer a question.
    fn sequence_contexts(&self) -> &'static [Context] {
        match (&self.overlay, self.context()) {
            (Some(Overlay::Preview(preview)), _) if matches!(preview.place, Place::Targets | Place::Steps) => &[Context::List],
            _ if self.is_typing() => &[],
            (Some(Overlay::Quit | Overlay::SignIn(_) | Overlay::Cancel { .. }), _) => &[],
            (Some(Overlay::Jobs { .. } | Overlay::Playbook(_)), _) => &[Context::Jobs, Context::Users],
            (Some(_), _) => &[Context::List, Context::Users],
            (None, Context::SignIns) => &[Context::SignIns],
            (None, Context::Details) => &[Context::Details],
            (None, _) => &[Context::Users],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::tests::{console, five, keys};
    use crate::app::{KeyMap, Msg, Options};
    use crate::domain::fixture::now;

    fn bound(text: &str) -> App {
        let (map, problems) = KeyMap::load(KeyMap::defaults(), text);
        assert_eq!(problems, vec![]);
        let mut app = App::new(Options { keys: map, hold_seconds: 5, size: (120, 40), mono: false }, now());
        crate::app::tests::tell(&mut app, Msg::Opened(Box::new(crate::app::tests::opened(five()))));
        app
    }

    const VIM: &str = "[keys]\ntop = [\"g g\", \"home\"]\nbottom = \"g e\"\nmark = \"space space\"\ndismiss-risk = \"space d\"\n";

    #[test]
    fn sequences_are_written_as_they_are_read() {
        for text in ["d", "g g", "space d", "ctrl-w f5 x"] {
            assert_eq!(text.parse::<Sequence>().unwrap().to_string(), text);
        }
        for text in ["", " ", "g esc", "ctrl-c g", "enter x", "g hyper-x"] {
            assert!(text.parse::<Sequence>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_sequence_runs_its_command_when_its_last_key_comes() {
        let mut app = bound(VIM);
        let at = |app: &App| app.users().scroll.at;
        keys(&mut app, "j j g");
        assert_eq!(at(&app), 2, "the first key moves nothing");
        keys(&mut app, "g");
        assert_eq!((at(&app), app.pending()), (0, [].as_slice()));
        keys(&mut app, "g e");
        assert_eq!(at(&app), 4);
        keys(&mut app, "space d");
        assert!(matches!(app.overlay(), Some(Overlay::Preview(_))));
    }

    #[test]
    fn what_can_follow_is_told() {
        let mut app = bound(VIM);
        assert_eq!(app.pending_words(), []);
        keys(&mut app, "space");
        let told: Vec<String> = app.pending_words().into_iter().map(|(key, words)| format!("{key} {words}")).collect();
        assert_eq!(told, ["space …", "d dismiss", "space mark", "esc ends"]);
    }

    #[test]
    fn escape_and_an_unknown_key_end_a_sequence_and_run_nothing() {
        for end in ["esc", "d", "q", "ctrl-c", "alt-d"] {
            let mut app = bound(VIM);
            assert_eq!(keys(&mut app, &format!("j g {end}")), [], "{end}");
            assert!(app.pending().is_empty() && app.overlay().is_none(), "{end}");
            assert_eq!(app.users().scroll.at, 1, "{end}");
        }
        let mut app = bound(VIM);
        keys(&mut app, "g d");
        assert_eq!(app.toasts().current().map(|toast| toast.text.as_str()), Some("g d does nothing here."));
    }

    #[test]
    fn a_text_field_takes_keys_as_text() {
        let mut app = bound(VIM);
        keys(&mut app, "/ 'gg'");
        assert_eq!((app.users().filter.as_str(), app.pending().len()), ("gg", 0));
        keys(&mut app, "esc n 'g g'");
        assert!(matches!(app.overlay(), Some(Overlay::Note { input, .. }) if input.text() == "g g"));
    }

    #[test]
    fn lists_over_the_panes_know_sequences_too() {
        let mut app = bound(VIM);
        keys(&mut app, "o j j g g");
        assert!(matches!(app.overlay(), Some(Overlay::Menu(menu)) if menu.scroll.at == 0));
        keys(&mut app, "esc");
        let mut app = bound("[keys]\nquit = \"space q\"\nmark = \"f4\"\n");
        keys(&mut app, "o space q");
        assert!(app.overlay().is_none());
        let mut plain = console(five());
        keys(&mut plain, "o j j g");
        assert!(matches!(plain.overlay(), Some(Overlay::Menu(menu)) if menu.scroll.at == 0));
    }
}

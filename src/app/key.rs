//! Keys as the key map and the console name them, free of any terminal library.

use std::fmt;
use std::str::FromStr;

/// A key, without its modifiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyCode {
    /// A character, as typed: a capital is its own character.
    Char(char),
    /// Enter.
    Enter,
    /// Escape.
    Esc,
    /// Tab.
    Tab,
    /// Shift-Tab.
    BackTab,
    /// Arrow up.
    Up,
    /// Arrow down.
    Down,
    /// Arrow left.
    Left,
    /// Arrow right.
    Right,
    /// Page up.
    PageUp,
    /// Page down.
    PageDown,
    /// Home.
    Home,
    /// End.
    End,
    /// Backspace.
    Backspace,
    /// Delete.
    Delete,
    /// A function key.
    F(u8),
    /// A finished sequence, by its place in the key map. No terminal sends it.
    Sequence(usize),
}

/// A key with its modifiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key {
    /// The key.
    pub code: KeyCode,
    /// Control held.
    pub ctrl: bool,
    /// Alt held.
    pub alt: bool,
    /// Shift held; never set for characters, which carry it in themselves.
    pub shift: bool,
}

const NAMES: [(&str, KeyCode); 17] = [
    ("space", KeyCode::Char(' ')),
    ("enter", KeyCode::Enter),
    ("esc", KeyCode::Esc),
    ("tab", KeyCode::Tab),
    ("shift-tab", KeyCode::BackTab),
    ("backtab", KeyCode::BackTab),
    ("up", KeyCode::Up),
    ("down", KeyCode::Down),
    ("left", KeyCode::Left),
    ("right", KeyCode::Right),
    ("pgup", KeyCode::PageUp),
    ("pgdn", KeyCode::PageDown),
    ("home", KeyCode::Home),
    ("end", KeyCode::End),
    ("backspace", KeyCode::Backspace),
    ("delete", KeyCode::Delete),
    ("return", KeyCode::Enter),
];

impl Key {
    /// The key, brought into the one form in which keys are compared.
    pub fn new(code: KeyCode, ctrl: bool, alt: bool, shift: bool) -> Self {
        let (code, shift) = match code {
            // Terminals disagree about whether a capital also reports Shift.
            KeyCode::Char(letter) if shift && letter.is_ascii_lowercase() => (KeyCode::Char(letter.to_ascii_uppercase()), false),
            KeyCode::Char(letter) => (KeyCode::Char(letter), false),
            KeyCode::Tab if shift => (KeyCode::BackTab, false),
            KeyCode::BackTab => (KeyCode::BackTab, false),
            code => (code, shift),
        };
        let code = match code {
            // Control has no case on a terminal.
            KeyCode::Char(letter) if ctrl => KeyCode::Char(letter.to_ascii_lowercase()),
            code => code,
        };
        Key { code, ctrl, alt, shift }
    }

    /// A key without modifiers.
    pub fn plain(code: KeyCode) -> Self {
        Key::new(code, false, false, false)
    }

    /// The key held together with Control.
    pub fn ctrl(letter: char) -> Self {
        Key::new(KeyCode::Char(letter), true, false, false)
    }

    /// The character that this key types into a text field.
    pub fn typed(self) -> Option<char> {
        match self.code {
            KeyCode::Char(letter) if !self.ctrl && !self.alt && !letter.is_control() => Some(letter),
            _ => None,
        }
    }
}

impl FromStr for Key {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is not a key; keys are written like d, G, space, ctrl-r, shift-tab, pgdn or f5");
        let (mut ctrl, mut alt, mut shift) = (false, false, false);
        let mut rest = text;
        loop {
            let (flag, after) = if let Some(after) = rest.strip_prefix("ctrl-") {
                (&mut ctrl, after)
            } else if let Some(after) = rest.strip_prefix("alt-") {
                (&mut alt, after)
            } else if let Some(after) = rest.strip_prefix("shift-") {
                (&mut shift, after)
            } else {
                break;
            };
            if *flag || after.is_empty() {
                return Err(wrong());
            }
            *flag = true;
            rest = after;
        }
        let mut letters = rest.chars();
        let code = match (letters.next(), letters.next()) {
            (Some(letter), None) if !letter.is_control() && letter != ' ' => KeyCode::Char(letter),
            _ => match NAMES.iter().find(|(name, _)| *name == rest.to_ascii_lowercase()) {
                Some((_, code)) => *code,
                None => {
                    let number = rest.strip_prefix(['f', 'F']).and_then(|number| number.parse().ok());
                    KeyCode::F(number.filter(|number| (1..=24).contains(number)).ok_or_else(wrong)?)
                }
            },
        };
        Ok(Key::new(code, ctrl, alt, shift))
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        for (held, name) in [(self.ctrl, "ctrl-"), (self.alt, "alt-"), (self.shift, "shift-")] {
            if held {
                text.push_str(name);
            }
        }
        match (NAMES.iter().find(|(_, code)| *code == self.code), self.code) {
            (Some((name, _)), _) => text.push_str(name),
            (None, KeyCode::Char(letter)) => text.push(letter),
            (None, KeyCode::F(number)) => text.push_str(&format!("f{number}")),
            (None, _) => {}
        }
        f.pad(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_written_as_they_are_read() {
        for text in ["d", "G", "space", "ctrl-r", "shift-tab", "pgdn", "f5", "-", "ctrl--", "alt-x", "?", "esc", "shift-up"] {
            assert_eq!(text.parse::<Key>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn one_key_has_one_form() {
        assert_eq!("shift-g".parse::<Key>(), "G".parse());
        assert_eq!("ctrl-R".parse::<Key>(), "ctrl-r".parse());
        assert_eq!(Key::new(KeyCode::Char('G'), false, false, true), Key::plain(KeyCode::Char('G')));
        assert_eq!(Key::new(KeyCode::Tab, false, false, true), "shift-tab".parse().unwrap());
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for text in ["", "ctrl-", "ctrl-ctrl-a", "hyper-x", "f0", "f99", "dd", " "] {
            assert!(text.parse::<Key>().is_err(), "{text:?}");
        }
    }
}

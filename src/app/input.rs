//! One line of text being typed.

use super::key::{Key, KeyCode};

/// How much text a field takes: enough for a reason, too little to hurt.
const LIMIT: usize = 1_000;

/// One line of text with a cursor.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Input {
    letters: Vec<char>,
    cursor: usize,
    selected: bool,
}

impl Input {
    /// A field that holds this text, with the cursor behind it.
    pub fn of(text: &str) -> Self {
        let letters: Vec<char> = text.chars().filter(|letter| !letter.is_control()).take(LIMIT).collect();
        Input { cursor: letters.len(), letters, selected: false }
    }

    /// A field that holds this text, all of it selected: what is typed first takes its place, and a key that moves keeps it.
    pub fn selected(text: &str) -> Self {
        let input = Input::of(text);
        Input { selected: !input.is_empty(), ..input }
    }

    /// Whether all of the text is selected.
    pub fn is_selected(&self) -> bool {
        self.selected
    }

    /// The text.
    pub fn text(&self) -> String {
        self.letters.iter().collect()
    }

    /// Whether nothing was typed.
    pub fn is_empty(&self) -> bool {
        self.letters.is_empty()
    }

    /// The text before the cursor, and the text from there on.
    pub fn halves(&self) -> (String, String) {
        let (before, after) = self.letters.split_at_checked(self.cursor).unwrap_or((&self.letters, &[]));
        (before.iter().collect(), after.iter().collect())
    }

    /// Takes pasted text; control characters, line ends among them, are left out.
    pub fn paste(&mut self, text: &str) {
        self.replace_selected();
        for letter in text.chars() {
            self.insert(letter);
        }
    }

    /// Takes a key, if it is one for text fields; says whether it was.
    pub fn key(&mut self, key: Key) -> bool {
        if let Some(letter) = key.typed() {
            self.replace_selected();
            self.insert(letter);
            return true;
        }
        if self.selected && matches!((key.code, key.ctrl), (KeyCode::Backspace | KeyCode::Delete, false)) {
            self.replace_selected();
            return true;
        }
        self.selected = false;
        match (key.code, key.ctrl) {
            (KeyCode::Backspace, false) => self.remove_before(1),
            (KeyCode::Delete, false) => {
                if self.cursor < self.letters.len() {
                    self.letters.remove(self.cursor);
                }
            }
            (KeyCode::Left, false) => self.cursor = self.cursor.saturating_sub(1),
            (KeyCode::Right, false) => self.cursor = (self.cursor + 1).min(self.letters.len()),
            (KeyCode::Home, false) | (KeyCode::Char('a'), true) => self.cursor = 0,
            (KeyCode::End, false) | (KeyCode::Char('e'), true) => self.cursor = self.letters.len(),
            (KeyCode::Char('u'), true) => self.remove_before(self.cursor),
            (KeyCode::Char('k'), true) => self.letters.truncate(self.cursor),
            (KeyCode::Char('w'), true) => {
                let before = self.letters.iter().take(self.cursor).rev();
                let spaces = before.clone().take_while(|letter| letter.is_whitespace()).count();
                let word = before.skip(spaces).take_while(|letter| !letter.is_whitespace()).count();
                self.remove_before(spaces + word);
            }
            _ => return false,
        }
        true
    }

    fn replace_selected(&mut self) {
        if std::mem::take(&mut self.selected) {
            self.letters.clear();
            self.cursor = 0;
        }
    }

    fn insert(&mut self, letter: char) {
        if !letter.is_control() && self.letters.len() < LIMIT {
            self.letters.insert(self.cursor, letter);
            self.cursor += 1;
        }
    }

    fn remove_before(&mut self, count: usize) {
        let start = self.cursor.saturating_sub(count);
        self.letters.drain(start..self.cursor);
        self.cursor = start;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_edited_where_the_cursor_stands() {
        let mut input = Input::of("pen test");
        for key in ["home", "right", "X", "end", "ctrl-w", "y"] {
            assert!(input.key(key.parse().unwrap()), "{key}");
        }
        assert_eq!(input.text(), "pXen y");
        assert_eq!(input.halves(), ("pXen y".to_owned(), String::new()));
        assert!(!input.key("enter".parse().unwrap()));
    }

    #[test]
    fn what_is_selected_is_replaced_by_what_is_typed_and_kept_by_moving() {
        let after = |keys: &[&str]| {
            let mut input = Input::selected("level:high");
            keys.iter().for_each(|key| _ = input.key(key.parse().unwrap()));
            (input.text(), input.is_selected())
        };
        assert_eq!(after(&[]), ("level:high".to_owned(), true));
        assert_eq!(after(&["x", "y"]), ("xy".to_owned(), false));
        assert_eq!(after(&["right", "x"]), ("level:highx".to_owned(), false));
        assert_eq!(after(&["backspace"]), (String::new(), false));
        assert_eq!(after(&["end", "backspace"]), ("level:hig".to_owned(), false));
        let mut pasted = Input::selected("level:high");
        pasted.paste("level:low");
        assert_eq!(pasted.text(), "level:low");
        assert!(!Input::selected("").is_selected());
    }

    #[test]
    fn a_paste_brings_no_control_characters() {
        let mut input = Input::default();
        input.paste("dis\nmiss\u{1b}[31m\t");
        assert_eq!(input.text(), "dismiss[31m");
    }
}

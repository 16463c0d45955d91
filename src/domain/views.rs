//! Saved views: queries under a name, which `@NAME` stands for wherever a query is taken.

use serde::{Deserialize, Serialize};

/// A query under a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct View {
    /// Its name.
    pub name: String,
    /// What it asks for, as typed.
    pub query: String,
    /// The order of its users, `FIELD` or `FIELD:desc`; the usual one for `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sort: Option<String>,
    /// The number key that shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<u8>,
}

/// The number keys that show views.
pub const KEYS: std::ops::RangeInclusive<u8> = 4..=9;

/// How long a name may be.
const LONGEST_NAME: usize = 40;

/// How many views there can be: a menu is to be read.
pub const MOST: usize = 100;

/// Why a text cannot be a view's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a view's name is 1 to {LONGEST_NAME} letters, digits, \"-\", \"_\" or \".\"")]
pub struct NoName;

/// Reads a name: one word that a shell leaves alone. An `@` before it is no part of it.
pub fn name(text: &str) -> Result<String, NoName> {
    let text = text.trim();
    let text = text.strip_prefix('@').unwrap_or(text);
    let plain = |letter: char| letter.is_alphanumeric() || matches!(letter, '-' | '_' | '.');
    if (1..=LONGEST_NAME).contains(&text.chars().count()) && text.chars().all(plain) { Ok(text.to_owned()) } else { Err(NoName) }
}

/// All views of a workspace: first those on keys, then by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Views(Vec<View>);

impl Default for Views {
    /// What is there from the start; each can be replaced or removed.
    fn default() -> Self {
        let view = |name: &str, query: &str, key| View { name: name.to_owned(), query: query.to_owned(), sort: None, key: Some(key) };
        Views(vec![
            view("high-risk", "level:high state:atRisk,confirmedCompromised", 4),
            view("token-theft", "tokentheft:true state:atRisk,confirmedCompromised", 5),
            view("expiring", "evidence:expiring state:atRisk,confirmedCompromised", 6),
        ])
    }
}

impl Views {
    /// No views at all.
    pub const fn none() -> Self {
        Views(Vec::new())
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &View> {
        self.0.iter()
    }

    /// The one of this name, in any case.
    pub fn find(&self, name: &str) -> Option<&View> {
        self.0.iter().find(|view| same(&view.name, name))
    }

    /// The one on this key.
    pub fn on_key(&self, key: u8) -> Option<&View> {
        self.0.iter().find(|view| view.key == Some(key))
    }

    /// Their names, as they are asked for: "@high-risk, @expiring".
    pub fn names(&self) -> String {
        self.0.iter().map(|view| format!("@{}", view.name)).collect::<Vec<_>>().join(", ")
    }

    /// The views that name this one, in order.
    pub fn naming(&self, name: &str) -> Vec<&View> {
        let names = |word: &str| word.trim_start_matches('-').strip_prefix('@').is_some_and(|named| same(named, name));
        self.0.iter().filter(|view| !same(&view.name, name) && view.query.split_whitespace().any(names)).collect()
    }

    /// Takes a view in, in place of one of the same name; its key is taken from any other.
    pub fn save(&mut self, view: View) {
        self.remove(&view.name);
        for held in &mut self.0 {
            held.key = held.key.filter(|key| Some(*key) != view.key);
        }
        self.0.push(view);
        self.0.sort_by_key(|view| (view.key.unwrap_or(u8::MAX), view.name.to_lowercase()));
    }

    /// Takes a view away.
    pub fn remove(&mut self, name: &str) {
        self.0.retain(|view| !same(&view.name, name));
    }
}

fn same(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_replaces_its_namesake_and_takes_its_key_from_others() {
        let mut views = Views::default();
        let saved = View { name: "Mine".to_owned(), query: "level:low".to_owned(), sort: None, key: Some(5) };
        views.save(saved.clone());
        assert_eq!(views.names(), "@high-risk, @Mine, @expiring, @token-theft");
        assert_eq!((views.on_key(5), views.find("mine")), (Some(&saved), Some(&saved)));
        assert_eq!(views.find("token-theft").and_then(|view| view.key), None);
        views.save(View { name: "HIGH-RISK".to_owned(), query: "level:high".to_owned(), sort: None, key: None });
        assert_eq!((views.iter().len(), views.on_key(4)), (4, None));
        views.remove("mine");
        assert!(views.find("mine").is_none());
    }

    #[test]
    fn who_names_a_view_is_known() {
        let mut views = Views::default();
        for (name, query) in [("a", "guest:true -@High-Risk"), ("b", "@high-risk-not")] {
            views.save(View { name: name.to_owned(), query: query.to_owned(), sort: None, key: None });
        }
        let naming: Vec<&str> = views.naming("high-risk").iter().map(|view| view.name.as_str()).collect();
        assert_eq!(naming, ["a"]);
    }

    #[test]
    fn a_name_is_a_word_for_shells_and_queries() {
        assert_eq!(name(" @high-risk ").as_deref(), Ok("high-risk"));
        for text in ["", "@", "two words", "a:b", "a,b", "x\u{202e}", &"x".repeat(41)] {
            assert_eq!(name(text), Err(NoName), "{text:?}");
        }
    }
}

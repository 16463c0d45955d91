//! The text of a user that words are looked for in, folded once: then a key of a filter looks through one stretch of memory a user
//! and not through all of the user's records.

use std::collections::HashSet;

use super::Test;
use super::fields::TextField;
use super::fold::{self, Needle};
use crate::domain::records::UserRecords;
use crate::domain::tenant_text::TenantText;

/// Stands behind each part of the text.
pub(super) const END: char = '\0';

/// How many parts are compared one by one; of more a table is made.
const FEW: usize = 48;

/// Names, addresses, places and detection types of a user, each once, folded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SearchText {
    text: Box<str>,
    /// Where the names end, and addresses and places begin.
    names_end: usize,
    /// Where these end, and types begin.
    types_start: usize,
    /// Whether no part holds what stands between them.
    is_plain: bool,
}

/// The parts that are in the text already.
#[derive(Default)]
struct Seen<'a> {
    few: Vec<&'a str>,
    many: HashSet<&'a str>,
}

impl<'a> Seen<'a> {
    fn is_new(&mut self, part: &'a str) -> bool {
        if self.many.is_empty() {
            if self.few.contains(&part) {
                return false;
            }
            if self.few.len() < FEW {
                self.few.push(part);
                return true;
            }
            self.many = self.few.iter().copied().collect();
        }
        self.many.insert(part)
    }
}

/// The text while it is put together.
struct Writing {
    text: String,
    is_plain: bool,
}

impl Writing {
    fn add(&mut self, part: &str) {
        fold::add(&mut self.text, part);
        self.text.push(END);
        self.is_plain &= !part.contains(END);
    }
}

impl SearchText {
    /// The text of these records.
    pub(super) fn of(records: &UserRecords) -> Self {
        let mut writing = Writing { text: String::with_capacity(512), is_plain: true };
        let user = &records.user;
        let names = [user.user_display_name.as_deref(), user.user_principal_name.as_deref(), Some(user.id.as_str())];
        names.into_iter().flatten().for_each(|name| writing.add(name));
        let names_end = writing.text.len();
        let mut seen = Seen::default();
        let of_sign_ins = records.sign_ins.iter().map(|sign_in| (&sign_in.ip_address, &sign_in.location));
        let of_detections = records.detections.iter().map(|detection| (&detection.ip_address, &detection.location));
        for (address, place) in of_sign_ins.chain(of_detections) {
            let parts = place.iter().flat_map(|place| [&place.city, &place.state, &place.country_or_region]);
            let parts = parts.chain([address]).filter_map(|part| part.as_deref());
            parts.filter(|part| seen.is_new(part)).for_each(|part| writing.add(part));
        }
        let types_start = writing.text.len();
        let mut seen = Seen::default();
        let of_sign_ins = records.sign_ins.iter().flat_map(|sign_in| sign_in.risk_event_types.iter().map(TenantText::as_str));
        let of_detections = records.detections.iter().filter_map(|detection| detection.risk_event_type.as_deref());
        of_sign_ins.chain(of_detections).filter(|kind| seen.is_new(kind)).for_each(|kind| writing.add(kind));
        SearchText { text: writing.text.into_boxed_str(), names_end, types_start, is_plain: writing.is_plain }
    }

    /// Whether the user passes, where this text tells; `None` where it takes a look at the records.
    pub(super) fn passes(&self, test: &Test) -> Option<bool> {
        if !self.is_plain {
            return None;
        }
        match test {
            Test::Word(word) => either(holds(&self.text, &word.needle), || self.has_type(&word.marked)),
            Test::Text(TextField::User, needles) => {
                let names = self.text.get(..self.names_end)?;
                any(needles.iter().map(|needle| holds(names, needle)))
            }
            // Which part is a city and which a country is not told here, but where there is no such part, neither is.
            Test::Text(TextField::Country | TextField::City, needles) => {
                any(needles.iter().map(|needle| holds(&self.text, needle))).filter(|found| !found)
            }
            Test::Type(kinds) => {
                let types = self.text.get(self.types_start..)?;
                any(kinds.iter().map(|kind| either(holds(types, &kind.needle), || self.has_type(&kind.marked))))
            }
            _ => None,
        }
    }

    /// Whether one of these types is there, each with [`END`] before and behind it.
    fn has_type(&self, marked: &[String]) -> bool {
        // The id is always there, and so is an end before the first type.
        let types = self.text.get(self.types_start.saturating_sub(END.len_utf8())..).unwrap_or_default();
        marked.iter().any(|kind| types.contains(kind.as_str()))
    }
}

/// Whether a stretch of parts holds the needle; `None` where that depends on where the parts end.
fn holds(parts: &str, needle: &Needle) -> Option<bool> {
    let text = needle.folded();
    if text.is_empty() || text.contains(END) {
        return None;
    }
    match needle.is_in_folded(parts) {
        // A whole value is held as a part of another one, too.
        true if needle.is_whole() => None,
        found => Some(found),
    }
}

fn either(one: Option<bool>, other: impl FnOnce() -> bool) -> Option<bool> {
    match one {
        Some(true) => Some(true),
        _ if other() => Some(true),
        one => one,
    }
}

/// Whether any is true; unknown where none is and one is unknown.
fn any(found: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut all_known = true;
    for one in found {
        match one {
            Some(true) => return Some(true),
            Some(false) => {}
            None => all_known = false,
        }
    }
    all_known.then_some(false)
}

//! Text that came from a tenant: one word wide, shared, and hostile.
//!
//! A tenant says the same again and again: a user's name stands in each of their records, an application's in thousands. So a text is
//! kept once for as many records as name it, as far as that costs next to nothing to find out: each thread remembers the texts that it
//! met last, and a text that is met again is the one from before.

use std::cell::RefCell;
use std::fmt;
use std::hash::BuildHasher;

use arcstr::ArcStr;
use rustc_hash::FxBuildHasher;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::stored_text::StoredText;

/// How many texts a thread remembers, a power of two: those of about a hundred users.
const REMEMBERED: usize = 1 << 12;

/// Longer ones are seldom said twice, and cost more to compare.
const LONGEST: usize = 256;

thread_local! {
    static MET: RefCell<Vec<ArcStr>> = const { RefCell::new(Vec::new()) };
}

/// A text as received. It reaches a screen, a log or a CSV only through [`super::text`].
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TenantText(ArcStr);

impl TenantText {
    /// The text, shared with those that a record on this thread has named before.
    pub fn new(text: &str) -> Self {
        if text.is_empty() || text.len() > LONGEST {
            return TenantText(text.into());
        }
        MET.with_borrow_mut(|met| {
            if met.is_empty() {
                met.resize(REMEMBERED, ArcStr::new());
            }
            let place = (FxBuildHasher.hash_one(text) >> 32) as usize % REMEMBERED;
            match met.get_mut(place) {
                Some(known) if known.as_str() == text => TenantText(known.clone()),
                Some(other) => {
                    *other = text.into();
                    TenantText(other.clone())
                }
                None => TenantText(text.into()),
            }
        })
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::ops::Deref for TenantText {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for TenantText {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl From<&str> for TenantText {
    fn from(text: &str) -> Self {
        TenantText::new(text)
    }
}

impl From<String> for TenantText {
    fn from(text: String) -> Self {
        TenantText::new(&text)
    }
}

impl From<&TenantText> for String {
    fn from(text: &TenantText) -> Self {
        text.as_str().to_owned()
    }
}

impl From<TenantText> for String {
    fn from(text: TenantText) -> Self {
        text.as_str().to_owned()
    }
}

impl PartialEq<str> for TenantText {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for TenantText {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl fmt::Debug for TenantText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for TenantText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self)
    }
}

impl Serialize for TenantText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() { serializer.serialize_str(self) } else { StoredText::of(self).serialize(serializer) }
    }
}

impl<'de> Deserialize<'de> for TenantText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            deserializer.deserialize_str(Visitor)
        } else {
            StoredText::deserialize(deserializer).map(|stored| stored.read())
        }
    }
}

struct Visitor;

impl serde::de::Visitor<'_> for Visitor {
    type Value = TenantText;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text")
    }

    fn visit_str<E>(self, text: &str) -> Result<TenantText, E> {
        Ok(TenantText::new(text))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_said_again_is_kept_once() {
        let (first, again) = (TenantText::new("Adele Vance"), TenantText::from("Adele Vance".to_owned()));
        assert!(ArcStr::ptr_eq(&first.0, &again.0));
        let read: Vec<TenantText> = serde_json::from_str(r#"["Adele Vance", "Adele Vance"]"#).unwrap();
        assert!(read.iter().all(|text| ArcStr::ptr_eq(&text.0, &first.0)));
        assert_eq!(size_of::<Option<TenantText>>(), 8);
    }

    proptest! {
        #[test]
        fn no_text_is_taken_for_another(texts in proptest::collection::vec(".{0,300}", 0..50)) {
            for text in texts.iter().chain(&texts) {
                let stored = TenantText::new(text);
                prop_assert_eq!(stored.as_str(), text);
                let json = serde_json::to_string(text).unwrap();
                prop_assert_eq!(&serde_json::to_string(&stored).unwrap(), &json, "as any text is written");
                prop_assert_eq!(serde_json::from_str::<TenantText>(&json).unwrap(), stored);
            }
        }
    }
}

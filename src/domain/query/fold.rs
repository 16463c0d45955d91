//! Text compared without regard to case, quickly where it is ASCII and rightly where it is not.

use memchr::memmem::Finder;

/// Text to look for, folded once.
#[derive(Debug, Clone)]
pub(super) struct Needle {
    text: Box<str>,
    /// Finds it in folded text. Made once for all users that a key of a filter looks through; boxed, for it is a large table.
    finder: Box<Finder<'static>>,
    /// Whether it is found only where it is all there is, but for blanks around it.
    whole: bool,
}

impl PartialEq for Needle {
    fn eq(&self, other: &Self) -> bool {
        (&self.text, self.whole) == (&other.text, other.whole)
    }
}

/// What a character is compared as. Greek has two small sigmas for one capital.
fn fold(c: char) -> impl Iterator<Item = char> + Clone {
    c.to_lowercase().map(|c| if c == 'ς' { 'σ' } else { c })
}

/// Adds a text as it is compared.
pub(super) fn add(folded: &mut String, text: &str) {
    if text.is_ascii() {
        let start = folded.len();
        folded.push_str(text);
        if let Some(added) = folded.get_mut(start..) {
            added.make_ascii_lowercase();
        }
    } else {
        folded.extend(text.chars().flat_map(fold));
    }
}

impl Needle {
    /// The needle as it is compared.
    pub(super) fn folded(&self) -> &str {
        &self.text
    }

    /// Whether it is found only where it is all there is.
    pub(super) fn is_whole(&self) -> bool {
        self.whole
    }

    /// A needle that is found as a part of a text.
    pub(super) fn new(text: &str) -> Self {
        let text: Box<str> = text.chars().flat_map(fold).collect();
        Needle { finder: Box::new(Finder::new(text.as_bytes()).into_owned()), text, whole: false }
    }

    /// Whether text that is folded already holds it.
    pub(super) fn is_in_folded(&self, folded: &str) -> bool {
        self.finder.find(folded.as_bytes()).is_some()
    }

    /// A needle that is found only where it is the whole text.
    pub(super) fn whole(text: &str) -> Self {
        Needle { whole: true, ..Needle::new(text.trim()) }
    }

    /// Whether the text holds the needle.
    pub(super) fn is_in(&self, text: &str) -> bool {
        if self.whole {
            return self.is(text);
        }
        if text.is_ascii() {
            return self.is_in_ascii(text.as_bytes());
        }
        let mut rest = text.chars().flat_map(fold);
        loop {
            if self.is_start_of_folded(rest.clone()) {
                return true;
            }
            if rest.next().is_none() {
                return false;
            }
        }
    }

    /// Whether the text is there and holds the needle.
    pub(super) fn is_in_some(&self, text: Option<&str>) -> bool {
        text.is_some_and(|text| self.is_in(text))
    }

    /// Whether the text begins with the needle.
    pub(super) fn starts(&self, text: &str) -> bool {
        if self.whole {
            return self.is(text);
        }
        match text.as_bytes().get(..self.text.len()) {
            Some(start) if text.is_ascii() => start.eq_ignore_ascii_case(self.text.as_bytes()),
            None if text.is_ascii() => false,
            _ => self.is_start_of_folded(text.chars().flat_map(fold)),
        }
    }

    /// Whether the text is the needle.
    pub(super) fn is(&self, text: &str) -> bool {
        let text = if self.whole { text.trim() } else { text };
        if text.is_ascii() {
            return text.eq_ignore_ascii_case(&self.text);
        }
        text.chars().flat_map(fold).eq(self.text.chars())
    }

    fn is_start_of_folded(&self, mut text: impl Iterator<Item = char>) -> bool {
        self.text.chars().all(|c| text.next() == Some(c))
    }

    // A folded needle that is not ASCII is found in no ASCII text: its bytes differ.
    fn is_in_ascii(&self, text: &[u8]) -> bool {
        let needle = self.text.as_bytes();
        let (Some(first), Some(last)) = (needle.first(), needle.last()) else {
            return true;
        };
        let Some(ends) = text.get(needle.len() - 1..) else {
            return false;
        };
        // Most texts have no place where both ends fit. Looking at all places without stopping lets the
        // compiler look at many at once, several times as fast as stopping at the first.
        let may_be_there = text
            .iter()
            .zip(ends)
            .fold(false, |found, (start, end)| found | ((start.to_ascii_lowercase() == *first) & (end.to_ascii_lowercase() == *last)));
        may_be_there && text.windows(needle.len()).any(|window| window.eq_ignore_ascii_case(needle))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn case_does_not_matter_in_any_script() {
        for (needle, text) in
            [("VANCE", "Adele Vance"), ("ŻÓŁĆ", "Łukasz żółć"), ("ΟΔΟΣ", "οδος"), ("straße", "STRAẞE 1"), ("k", "\u{212a}elvin"), ("", "")]
        {
            assert!(Needle::new(needle).is_in(text), "{needle} in {text}");
        }
        assert!(!Needle::new("vancé").is_in("Adele Vance"));
        assert!(Needle::new("ADELE").starts("adele@") && !Needle::new("adele@").starts("adele") && !Needle::new("b").starts("ab"));
        assert!(Needle::new("ng").is("NG") && !Needle::new("n").is("NG"));
        let whole = Needle::whole(" Ng ");
        assert!(whole.is_in("NG") && whole.starts(" ng") && whole.is("ng\t"));
        assert!(!whole.is_in("Lagos, NG") && !whole.starts("ngx") && !whole.is_in(""));
    }

    proptest! {
        #[test]
        fn finding_agrees_with_looking_in_folded_text(needle in "[aKkſσΣß\u{130}\u{307} ]{0,3}", text in "[aKkſσΣςßẞ\u{130}\u{212a}\u{307} ]{0,8}") {
            let folded: String = text.chars().flat_map(fold).collect();
            let folded_needle: String = needle.chars().flat_map(fold).collect();
            let needle = Needle::new(&needle);
            prop_assert_eq!(needle.is_in(&text), folded.contains(&folded_needle));
            prop_assert_eq!(needle.is_in_folded(&folded), folded.contains(&folded_needle));
            prop_assert_eq!(needle.starts(&text), folded.starts_with(&folded_needle));
        }

        #[test]
        fn ascii_text_is_searched_alike(needle in "[ -~]{0,3}", text in "[ -~]{0,12}") {
            let needle_lower = needle.to_lowercase();
            prop_assert_eq!(Needle::new(&needle).is_in(&text), text.to_lowercase().contains(&needle_lower));
        }
    }
}

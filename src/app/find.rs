//! Fuzzy finding: narrows what is shown, never what is marked as a whole.

use fuzzy_matcher::FuzzyMatcher;
use fuzzy_matcher::skim::SkimMatcherV2;

/// How many candidates are scored: scoring is what costs (`reference/performance.md` section B).
const SCORED: usize = 4_096;

/// Which characters are in a text, without their places: one bit each for letters and digits of ASCII, the other bits for all others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Letters(u64);

impl Letters {
    /// The letters of a text in lower case.
    pub fn of(text: &str) -> Self {
        Letters(text.chars().fold(0, |letters, c| letters | 1 << place(c)))
    }

    /// Whether all these may be there.
    fn may_hold(self, others: Letters) -> bool {
        self.0 & others.0 == others.0
    }
}

fn place(c: char) -> u32 {
    match c {
        'a'..='z' => u32::from(c) - u32::from('a'),
        '0'..='9' => 26 + u32::from(c) - u32::from('0'),
        other => 36 + u32::from(other) % 28,
    }
}

/// What is looked for: letters in this order, with anything between them.
pub struct Pattern {
    text: String,
    letters: Letters,
}

impl Pattern {
    /// The pattern as it was typed; spaces and case do not matter.
    pub fn of(typed: &str) -> Self {
        let text: String = typed.to_lowercase().split_whitespace().collect();
        Pattern { letters: Letters::of(&text), text }
    }

    /// Whether a text in lower case, of these letters, holds it.
    pub fn is_in(&self, letters: Letters, text: &str) -> bool {
        letters.may_hold(self.letters) && holds(text, &self.text)
    }

    /// The positions of texts that hold it, the best first.
    ///
    /// They are scored in the order given, up to a bound; those beyond it follow unscored, so that nothing that matches is missing.
    pub fn best_first<'a>(&self, matching: impl Iterator<Item = (u32, &'a str)>) -> Vec<u32> {
        let matcher = SkimMatcherV2::default().ignore_case();
        let mut scored = Vec::new();
        let mut rest = Vec::new();
        for (position, text) in matching {
            if scored.len() < SCORED {
                // A text that skim does not score still holds the letters: it comes last.
                scored.push((matcher.fuzzy_match(text, &self.text).unwrap_or(i64::MIN), position));
            } else {
                rest.push(position);
            }
        }
        scored.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
        scored.into_iter().map(|(_, position)| position).chain(rest).collect()
    }
}

/// How well a text matches a pattern; `None` where it does not.
pub fn score(pattern: &str, text: &str) -> Option<i64> {
    SkimMatcherV2::default().ignore_case().fuzzy_match(text, pattern)
}

/// Whether the text holds the pattern's letters in order. Both are in lower case.
fn holds(text: &str, pattern: &str) -> bool {
    if pattern.is_ascii() {
        // No byte of another character is one of ASCII's.
        let mut letters = text.bytes();
        return pattern.bytes().all(|wanted| letters.any(|letter| letter == wanted));
    }
    let mut letters = text.chars();
    pattern.chars().all(|wanted| letters.any(|letter| letter == wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(typed: &str, names: &[&str]) -> Vec<u32> {
        let pattern = Pattern::of(typed);
        pattern.best_first((0u32..).zip(names.iter().copied()).filter(|(_, name)| pattern.is_in(Letters::of(name), name)))
    }

    #[test]
    fn the_best_match_comes_first_and_none_is_missing() {
        assert_eq!(find("adele", &["alan deere", "adele vance", "bob"]), [1]);
        let many: Vec<String> = (0..5_000).map(|at| format!("user {at}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(find("user", &many).len(), 5_000);
    }

    #[test]
    fn spaces_in_the_pattern_do_not_matter() {
        assert_eq!(find("va ad", &["vance adele"]), [0]);
    }
}

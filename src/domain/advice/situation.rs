//! The facts that an explanation rests on, each with its source, and what they come to.

use super::{Fact, Facts};

/// The facts, known or not.
pub(super) fn facts(_facts: &Facts<'_>) -> Vec<Fact> {
    Vec::new()
}

/// Why the user is at risk or blocked, or what is to be followed up.
pub(super) fn why(_facts: &Facts<'_>) -> Vec<String> {
    Vec::new()
}

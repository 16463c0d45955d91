//! What a filter asks of a user at each key, worked out once for each change of the records: a key then goes through one stretch of
//! memory, and not through all records of all users.

use super::Test;
use super::fields::Flag;
use super::matches::flag_of_records;
use super::search_text::SearchText;
use crate::domain::records::UserRecords;
use crate::domain::risk::{RiskLevel, RiskState};

/// A user's text, level, state and flags.
#[derive(Debug, Clone, PartialEq)]
pub struct Glance {
    text: SearchText,
    level: Option<RiskLevel>,
    state: Option<RiskState>,
    /// In the order of [`Flag::OF_RECORDS`].
    flags: [Option<bool>; Flag::OF_RECORDS.len()],
}

impl Glance {
    /// What a glance at these records tells.
    pub fn of(records: &UserRecords) -> Self {
        Glance {
            text: SearchText::of(records),
            level: records.user.risk_level.clone(),
            state: records.user.risk_state.clone(),
            flags: Flag::OF_RECORDS.map(|flag| flag_of_records(records, flag)),
        }
    }

    /// Whether the user passes; `None` where that takes a look at the records.
    pub(super) fn passes(&self, test: &Test) -> Option<bool> {
        match test {
            Test::Level(levels) => Some(levels.contains(&self.level)),
            Test::State(states) => Some(states.contains(&self.state)),
            Test::Flag(flag, values) => {
                let place = Flag::OF_RECORDS.iter().position(|held| held == flag)?;
                self.flags.get(place).map(|value| values.contains(value))
            }
            test => self.text.passes(test),
        }
    }
}

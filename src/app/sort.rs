//! The order of the users' table.

use std::cmp::{Ordering, Reverse};

use super::find::Letters;
use crate::domain::facts;
use crate::domain::records::UserRecords;

/// A column that users are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Column {
    /// What needs work first: open risk, level, token theft, newest.
    #[default]
    Risk,
    /// Name.
    User,
    /// Number of open detections.
    Detections,
    /// Last change.
    Updated,
    /// Risk state.
    State,
}

impl Column {
    /// All columns.
    pub const ALL: [Column; 5] = [Column::Risk, Column::User, Column::Detections, Column::Updated, Column::State];

    /// Its header.
    pub fn header(self) -> &'static str {
        match self {
            Column::Risk => "LEVEL",
            Column::User => "USER",
            Column::Detections => "DETECTIONS",
            Column::Updated => "UPDATED",
            Column::State => "STATE",
        }
    }

    /// The field of a list that is ordered so, as a saved view and `--sort` name it.
    pub fn field(self) -> &'static str {
        match self {
            Column::Risk => "riskLevel",
            Column::User => "userDisplayName",
            Column::Detections => "openDetections",
            Column::Updated => "riskLastUpdatedDateTime",
            Column::State => "riskState",
        }
    }

    /// What sorting by it means.
    pub fn words(self) -> &'static str {
        match self {
            Column::Risk => "open risk, level, token theft, newest",
            Column::User => "name",
            Column::Detections => "open detections",
            Column::Updated => "last change",
            Column::State => "risk state",
        }
    }

    /// The direction that is meant first: names upwards, all else with the most urgent on top.
    pub fn descends(self) -> bool {
        self != Column::User
    }
}

/// A column and its direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sort {
    /// The column.
    pub column: Column,
    /// Whether the most comes first.
    pub descending: bool,
}

impl Default for Sort {
    fn default() -> Self {
        Sort { column: Column::Risk, descending: true }
    }
}

impl Sort {
    /// The sign in the header.
    pub fn sign(self) -> char {
        if self.descending { '▾' } else { '▴' }
    }
}

/// What the order and the counts of a user depend on, worked out once for each change of the records.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Whether the user is at risk, as far as known.
    pub at_risk: Option<bool>,
    /// Weight of the level.
    pub level: u8,
    /// Whether there is token theft, as far as known.
    pub theft: Option<bool>,
    /// Whether the risk is closed although the user is not safe.
    pub not_safe: bool,
    /// Number of open detections.
    pub detections: usize,
    state: u8,
    updated: Option<i64>,
    /// Name and principal name in lower case, for finding and sorting. Hostile text.
    pub text: Box<str>,
    /// The letters in it.
    pub letters: Letters,
}

impl Row {
    /// What matters of these records.
    pub fn of(records: &UserRecords) -> Row {
        let user = &records.user;
        let name = user.name().to_lowercase();
        let principal = user.user_principal_name.as_deref().unwrap_or_default().to_lowercase();
        let text = format!("{name} {principal}");
        Row {
            letters: Letters::of(&text),
            at_risk: user.at_risk(),
            level: user.risk_level.as_ref().map_or(1, |level| level.weight()),
            theft: facts::token_theft(records),
            not_safe: !facts::not_safe(records).is_empty(),
            detections: facts::open_detections(records),
            state: user.risk_state.as_ref().map_or(4, |state| state.weight()),
            updated: user.risk_last_updated_date_time.map(|at| at.0.timestamp_millis()),
            text: text.into(),
        }
    }

    /// The risk order: open (or unknown) before closed, then level, token theft, newest.
    fn risk(&self) -> (bool, u8, u8, Option<i64>) {
        let theft = match self.theft {
            Some(true) => 2,
            None => 1,
            Some(false) => 0,
        };
        (self.at_risk != Some(false), self.level, theft, self.updated)
    }
}

/// Compares two users.
pub fn compare(sort: Sort, a: &Row, b: &Row) -> Ordering {
    let order = match sort.column {
        Column::Risk => a.risk().cmp(&b.risk()),
        Column::User => a.text.cmp(&b.text),
        Column::Detections => a.detections.cmp(&b.detections),
        Column::Updated => a.updated.cmp(&b.updated),
        Column::State => a.state.cmp(&b.state),
    };
    let order = if sort.descending { order.reverse() } else { order };
    order.then_with(|| Reverse(a.risk()).cmp(&Reverse(b.risk()))).then_with(|| a.text.cmp(&b.text))
}

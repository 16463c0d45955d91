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

/// A number that is smaller for the user that comes first: where two differ, [`compare`] agrees with them, and where they are equal it
/// decides. So sorting looks at numbers that lie side by side, and hardly ever at rows.
pub fn key(sort: Sort, row: &Row) -> u128 {
    let directed = |column: u128| if sort.descending { !column } else { column };
    let (open, level, theft, updated) = row.risk();
    let risk = u64::from(open) << 61 | u64::from(level.min(7)) << 58 | u64::from(theft) << 56 | time(updated);
    let column = match sort.column {
        Column::Risk => risk,
        Column::User => return directed(letters(&row.text, 0)),
        Column::Detections => row.detections as u64,
        Column::Updated => time(row.updated),
        Column::State => u64::from(row.state),
    };
    // The high half is the column's, the low half that of the risk, most first.
    directed(u128::from(column)) << 64 | u128::from(!risk)
}

/// Sixteen bytes of a text as a number, from this one on.
fn letters(text: &str, from: usize) -> u128 {
    let bytes = text.bytes().skip(from).chain(std::iter::repeat(0)).take(16);
    bytes.fold(0, |text, byte| text << 8 | u128::from(byte))
}

/// The places of these rows, in their order.
pub fn ordered(sort: Sort, rows: &[Row]) -> Vec<u32> {
    let mut keyed: Vec<(u128, u32)> = (0u32..).zip(rows).map(|(at, row)| (key(sort, row), at)).collect();
    keyed.sort_unstable();
    // Many have one name, and more one level: what follows in their texts is taken from each row once, not for each comparison.
    let by_name = sort.column == Column::User;
    for tied in keyed.chunk_by_mut(|(one, _), (other, _)| one == other).filter(|tied| tied.len() > 1) {
        for (number, at) in tied.iter_mut() {
            let text = rows.get(*at as usize).map_or(u128::MAX, |row| letters(&row.text, if by_name { 16 } else { 0 }));
            *number = if by_name && sort.descending { !text } else { text };
        }
        tied.sort_unstable_by(|(one, a), (other, b)| {
            one.cmp(other).then_with(|| match (rows.get(*a as usize), rows.get(*b as usize)) {
                (Some(one), Some(other)) => compare(sort, one, other).then(a.cmp(b)),
                _ => a.cmp(b),
            })
        });
    }
    keyed.into_iter().map(|(_, at)| at).collect()
}

/// A time in 56 bits, none as the least. Milliseconds of the years that a time can be in take 54 bits, half of them before 1970.
fn time(at: Option<i64>) -> u64 {
    at.map_or(0, |at| at.saturating_add(1 << 54).clamp(0, (1 << 55) - 1).unsigned_abs() + 1)
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};
    use proptest::prelude::*;

    use super::*;

    fn rows() -> impl Strategy<Value = Row> {
        let times = prop_oneof![
            Just(None),
            prop::sample::select(vec![
                DateTime::<Utc>::MIN_UTC.timestamp_millis(),
                -1,
                0,
                1,
                1_800_000_000_000,
                DateTime::<Utc>::MAX_UTC.timestamp_millis(),
            ])
            .prop_map(Some)
        ];
        let of_risk = (prop::option::of(any::<bool>()), 0u8..6, prop::option::of(any::<bool>()), 0u8..3, times);
        (of_risk, 0usize..3, "(a|b|\\x00|ß){0,3}|(same start of a name ){1,2}[ab]?").prop_map(
            |((at_risk, level, theft, state, updated), detections, text)| Row {
                at_risk,
                level,
                theft,
                not_safe: false,
                detections,
                state,
                updated,
                letters: Letters::of(&text),
                text: text.into(),
            },
        )
    }

    proptest! {
        #[test]
        fn a_key_never_disagrees_with_the_comparison(one in rows(), other in rows(), descending: bool) {
            for column in Column::ALL {
                let sort = Sort { column, descending };
                let by_key = key(sort, &one).cmp(&key(sort, &other));
                prop_assert!(by_key.is_eq() || by_key == compare(sort, &one, &other), "{sort:?}: {one:?} {other:?}");
            }
        }

        #[test]
        fn the_order_is_that_of_the_comparison(rows in prop::collection::vec(rows(), 0..30), descending: bool) {
            for column in Column::ALL {
                let sort = Sort { column, descending };
                let mut compared: Vec<u32> = (0..u32::try_from(rows.len()).unwrap()).collect();
                compared.sort_by(|a, b| compare(sort, &rows[*a as usize], &rows[*b as usize]));
                prop_assert_eq!(ordered(sort, &rows), compared, "{:?}", sort);
            }
        }
    }
}

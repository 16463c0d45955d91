//! The line at the foot of the screen, while a filter or a find is typed.

use super::input::Input;
use crate::domain::query::QueryError;
use crate::domain::records::UserId;

/// What is typed at the foot of the screen.
#[derive(Debug, Clone)]
pub enum Line {
    /// A filter, applied as typed.
    Filter {
        /// What is typed.
        input: Input,
        /// Why it does not parse; the last good filter holds.
        error: Option<QueryError>,
        /// What was before: the filter, and the user under the cursor.
        before: (String, Option<UserId>),
    },
    /// A fuzzy find.
    Find {
        /// What is typed.
        input: Input,
        /// The user under the cursor before.
        before: Option<UserId>,
    },
}

impl Line {
    /// What is typed.
    pub fn input(&self) -> &Input {
        match self {
            Line::Filter { input, .. } | Line::Find { input, .. } => input,
        }
    }

    /// What is typed, to change it.
    pub fn input_mut(&mut self) -> &mut Input {
        match self {
            Line::Filter { input, .. } | Line::Find { input, .. } => input,
        }
    }
}

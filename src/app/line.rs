//! The line at the foot of the screen, while a filter or a find is typed.

use super::format::{fit, width};
use super::input::Input;
use crate::domain::query::QueryError;
use crate::domain::records::UserId;
use crate::domain::text::safe;

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
        /// The user to keep the cursor on while half a word matches nobody.
        keep: Option<UserId>,
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

/// The message of an error, under a pointer to the columns that are wrong; the filter is typed behind
/// one sign, on the line below.
pub fn point_at(error: &QueryError, columns: usize) -> String {
    let mut message = safe(&error.message).into_owned();
    if let Some(hint) = &error.hint {
        message.push_str(&format!(" ({})", safe(hint)));
    }
    let pointer = "▾".repeat(error.length.clamp(1, 40));
    let pointed = format!("{}{pointer} {message}", " ".repeat(error.column.min(columns)));
    if width(&pointed) <= columns { pointed } else { fit(&format!("column {}: {message}", error.column), columns).into_owned() }
}

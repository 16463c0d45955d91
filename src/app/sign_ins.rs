//! The pane of the sign-ins of the user under the cursor.

use std::collections::HashSet;

use super::marks::Marks;
use super::scroll::Scroll;
use crate::domain::records::{SignIn, SignInId, UserRecords};

/// What the pane of sign-ins holds.
#[derive(Debug, Clone, Default)]
pub struct SignIns {
    /// Whether sign-ins without risk are shown, too.
    pub all: bool,
    /// Marked sign-ins, of any user.
    pub marks: Marks<SignInId>,
    cursor: Option<SignInId>,
    /// Where the cursor stands among what is shown.
    pub scroll: Scroll,
}

impl SignIns {
    /// What is shown of a user: the sign-ins with any risk state but `none`, or all.
    pub fn shown<'a>(&self, records: &'a UserRecords) -> impl DoubleEndedIterator<Item = &'a SignIn> + use<'a> {
        let all = self.all;
        records.sign_ins.iter().filter(move |sign_in| all || sign_in.is_risky())
    }

    /// The sign-in under the cursor.
    pub fn cursor<'a>(&self, records: &'a UserRecords) -> Option<&'a SignIn> {
        self.cursor.as_ref().and_then(|id| records.sign_in(id))
    }

    /// Keeps the cursor on its sign-in; where it is no longer shown, on the nearest row.
    pub fn keep_cursor(&mut self, records: Option<&UserRecords>) {
        let Some(records) = records else {
            (self.cursor, self.scroll) = (None, Scroll::default());
            return;
        };
        let held = self.cursor.as_ref().and_then(|id| self.shown(records).position(|sign_in| sign_in.id == *id));
        match held {
            Some(at) => self.scroll.at = at,
            None => {
                self.scroll.at = self.scroll.at.min(self.shown(records).count().saturating_sub(1));
                self.follow_scroll(records);
            }
        }
    }

    /// Takes the sign-in at the cursor's place as the cursor's, after a movement.
    pub fn follow_scroll(&mut self, records: &UserRecords) {
        let under = self.shown(records).nth(self.scroll.at).map(|sign_in| sign_in.id.clone());
        self.cursor = under;
    }

    /// Puts the cursor on a sign-in, if it is shown.
    pub fn go_to(&mut self, id: &SignInId, records: &UserRecords) {
        if self.shown(records).any(|sign_in| sign_in.id == *id) {
            self.cursor = Some(id.clone());
            self.keep_cursor(Some(records));
        }
    }

    /// Begins anew, for another user.
    pub fn reset(&mut self, records: Option<&UserRecords>) {
        (self.cursor, self.scroll) = (None, Scroll::default());
        self.marks.set_anchor(None);
        self.keep_cursor(records);
    }

    /// Number of marks that are not shown: those of other users, and of sign-ins without risk.
    pub fn hidden(&self, records: Option<&UserRecords>) -> usize {
        let seen = records.map_or(0, |records| self.shown(records).filter(|sign_in| self.marks.contains(&sign_in.id)).count());
        self.marks.len() - seen
    }

    /// Lets go of the marks that are not shown; says how many.
    pub fn forget_hidden(&mut self, records: Option<&UserRecords>) -> usize {
        let before = self.marks.len();
        if before == 0 {
            return 0;
        }
        let shown: HashSet<&SignInId> = records.into_iter().flat_map(|records| self.shown(records)).map(|sign_in| &sign_in.id).collect();
        self.marks.keep(|id| shown.contains(id));
        before - self.marks.len()
    }

    /// Ids of what is shown.
    pub fn ids(&self, records: &UserRecords) -> Vec<SignInId> {
        self.shown(records).map(|sign_in| sign_in.id.clone()).collect()
    }

    /// The marked sign-ins, or the cursor's where none is marked.
    pub fn targets(&self) -> Vec<SignInId> {
        if self.marks.is_empty() {
            return self.cursor.iter().cloned().collect();
        }
        let mut ids: Vec<SignInId> = self.marks.iter().cloned().collect();
        ids.sort();
        ids
    }
}

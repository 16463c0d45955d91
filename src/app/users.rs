//! The table of users: what is shown, in which order, and where the cursor is. All by id.

use super::find::Pattern;
use super::marks::Marks;
use super::scroll::Scroll;
use super::sort::{Row, Sort, compare, key, ordered};
use crate::domain::dataset::Dataset;
use crate::domain::ledger::Ledger;
use crate::domain::query::{Query, QueryContext, QueryError};
use crate::domain::records::{UserId, UserRecords};
use crate::domain::time::Timestamp;

/// How many users stand where.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// At risk, level high.
    pub high: usize,
    /// At risk, level medium.
    pub medium: usize,
    /// At risk, level low.
    pub low: usize,
    /// At risk, at another or unknown level.
    pub other: usize,
    /// With token theft.
    pub theft: usize,
    /// Whose risk is closed, but who are not safe.
    pub not_safe: usize,
}

/// How the table stands at a moment: what a pivot leaves and comes back to.
#[derive(Debug, Clone)]
pub(super) struct Standing {
    pub(super) filter: String,
    query: Query,
    find: String,
    sort: Sort,
    pub(super) marks: Marks<UserId>,
    cursor: Option<UserId>,
    scroll: Scroll,
}

/// The table of users.
#[derive(Debug, Clone, Default)]
pub struct Users {
    rows: Vec<Row>,
    /// All positions, in order: a filter never sorts, and a few changed users leave little to sort.
    ordered: Vec<u32>,
    /// Positions that match the exact filter, in order.
    exact: Vec<u32>,
    /// Positions that are shown: `exact`, narrowed by the fuzzy find.
    shown: Option<Vec<u32>>,
    /// The order.
    pub sort: Sort,
    /// The filter that holds, as typed.
    pub filter: String,
    query: Query,
    /// The fuzzy find that narrows; empty for none.
    pub find: String,
    /// What is listed instead of what the filter matches, in this order: a queue.
    held: Option<Vec<UserId>>,
    /// Marked users.
    pub marks: Marks<UserId>,
    /// By position, whether it is shown; so that one mark more or less is counted without looking at all of them.
    visible: Vec<bool>,
    seen_marks: usize,
    cursor: Option<UserId>,
    /// Where the cursor stands among what is shown.
    pub scroll: Scroll,
    /// How many users stand where.
    pub counts: Counts,
}

impl Users {
    /// Takes in a dataset as a whole.
    pub fn load(&mut self, dataset: &Dataset, ledger: &Ledger, now: Timestamp) {
        self.rows = dataset.users().iter().map(Row::of).collect();
        self.order();
        self.count();
        self.refilter(dataset, ledger, now);
    }

    /// Puts the cursor on the first row: for a list that grows before anybody has moved in it.
    pub fn to_top(&mut self, dataset: &Dataset) {
        self.scroll.at = 0;
        self.follow_scroll(dataset);
    }

    /// Takes in users whose records changed.
    pub fn update(&mut self, changed: &[UserId], dataset: &Dataset, ledger: &Ledger, now: Timestamp) {
        for id in changed {
            let Some((position, records)) = dataset.position(id).zip(dataset.user(id)) else { continue };
            match self.rows.get_mut(position) {
                Some(row) => *row = Row::of(records),
                None => self.rows.push(Row::of(records)),
            }
        }
        if !changed.is_empty() {
            self.order();
            self.count();
        }
        self.refilter(dataset, ledger, now);
    }

    /// Sets the filter, unless it does not parse: then the last good one holds.
    pub fn set_filter(&mut self, text: &str, dataset: &Dataset, ledger: &Ledger, now: Timestamp) -> Result<(), QueryError> {
        self.query = Query::parse_in(text, ledger)?;
        self.filter = text.trim().to_owned();
        self.refilter(dataset, ledger, now);
        Ok(())
    }

    /// Sets the filter while it is typed. A term that does not parse yet narrows nothing: the terms before it do.
    pub fn type_filter(&mut self, text: &str, dataset: &Dataset, ledger: &Ledger, now: Timestamp) -> Option<QueryError> {
        let error = self.set_filter(text, dataset, ledger, now).err()?;
        let complete = text.chars().take(error.column.saturating_sub(1)).collect::<String>();
        let complete = complete.rsplit_once(char::is_whitespace).map_or("", |(before, _)| before);
        match self.set_filter(complete, dataset, ledger, now) {
            // Where even these do not parse, the last good filter holds.
            Ok(()) | Err(_) => Some(error),
        }
    }

    /// Sets the fuzzy find.
    pub fn set_find(&mut self, pattern: &str, dataset: &Dataset) {
        self.find = pattern.to_owned();
        self.narrow();
        self.keep_cursor(dataset);
    }

    /// Sets the order.
    pub fn set_sort(&mut self, sort: Sort, dataset: &Dataset) {
        self.sort = sort;
        self.order();
        if self.held.is_none() {
            let matching = self.places(&self.exact);
            self.exact = self.ordered.iter().copied().filter(|at| matching.get(*at as usize) == Some(&true)).collect();
        }
        self.narrow();
        self.keep_cursor(dataset);
    }

    /// How the table stands now.
    pub(super) fn standing(&self) -> Standing {
        Standing {
            filter: self.filter.clone(),
            query: self.query.clone(),
            find: self.find.clone(),
            sort: self.sort,
            marks: self.marks.clone(),
            cursor: self.cursor.clone(),
            scroll: self.scroll,
        }
    }

    /// Lets the table stand so again.
    ///
    /// # Errors
    ///
    /// Where the filter does not parse any more, because a view that it names is gone. Then what the view asked for holds.
    pub(super) fn stand(&mut self, standing: Standing, dataset: &Dataset, ledger: &Ledger, now: Timestamp) -> Result<(), QueryError> {
        let Standing { filter, query, find, sort, marks, cursor, scroll } = standing;
        let parsed = Query::parse_in(&filter, ledger);
        let (query, outcome) = parsed.map_or_else(|error| (query, Err(error)), |parsed| (parsed, Ok(())));
        let reorder = self.sort != sort;
        (self.filter, self.query, self.find, self.sort) = (filter, query, find, sort);
        (self.marks, self.cursor, self.scroll) = (marks, cursor, scroll);
        if reorder {
            self.order();
        }
        self.refilter(dataset, ledger, now);
        outcome
    }

    /// Lists these users in this order, whatever the filter; `None` lists again what the filter matches.
    pub fn hold(&mut self, held: Option<Vec<UserId>>, dataset: &Dataset, ledger: &Ledger, now: Timestamp) {
        self.held = held;
        self.refilter(dataset, ledger, now);
    }

    fn refilter(&mut self, dataset: &Dataset, ledger: &Ledger, now: Timestamp) {
        let context = QueryContext { now, ledger, tenant: dataset.tenant() };
        self.exact = match &self.held {
            Some(held) => held.iter().filter_map(|id| u32::try_from(dataset.position(id)?).ok()).collect(),
            None => {
                // In the order in which they lie in memory: in that of the table, each would be waited for.
                let users = dataset.users_with_glances();
                let matching: Vec<bool> = users.map(|(records, glance)| self.query.matches_user_with(glance, records, context)).collect();
                self.ordered.iter().copied().filter(|at| matching.get(*at as usize) == Some(&true)).collect()
            }
        };
        self.narrow();
        self.keep_cursor(dataset);
    }

    fn order(&mut self) {
        self.ordered = ordered(self.sort, &self.rows);
    }

    fn narrow(&mut self) {
        self.shown = (!self.find.trim().is_empty()).then(|| self.found(&Pattern::of(&self.find)));
        self.visible = self.places(self.shown());
    }

    /// Those of the exact filter's whose text holds this, the best first.
    fn found(&self, pattern: &Pattern) -> Vec<u32> {
        // In the order in which they lie in memory: in that of the table, each would be waited for.
        let rows = self.rows.iter().zip(self.places(&self.exact));
        let held: Vec<bool> = rows.map(|(row, exact)| exact && pattern.is_in(row.letters, &row.text)).collect();
        let held = self.exact.iter().filter(|at| held.get(**at as usize) == Some(&true));
        pattern.best_first(held.filter_map(|at| self.rows.get(*at as usize).map(|row| (*at, &*row.text))))
    }

    /// By position, whether it is one of these.
    fn places(&self, these: &[u32]) -> Vec<bool> {
        let mut places = vec![false; self.rows.len()];
        for at in these {
            if let Some(place) = places.get_mut(*at as usize) {
                *place = true;
            }
        }
        places
    }

    fn count(&mut self) {
        self.counts = Counts::default();
        for row in &self.rows {
            if row.at_risk == Some(true) {
                match row.level {
                    5 => self.counts.high += 1,
                    4 => self.counts.medium += 1,
                    3 => self.counts.low += 1,
                    _ => self.counts.other += 1,
                }
            }
            self.counts.theft += usize::from(row.theft == Some(true));
            self.counts.not_safe += usize::from(row.not_safe);
        }
    }

    /// Keeps the cursor on its user; where that user is no longer shown, on the nearest row.
    fn keep_cursor(&mut self, dataset: &Dataset) {
        self.recount_hidden(dataset);
        let held = self.cursor.as_ref().and_then(|id| dataset.position(id));
        match held.and_then(|held| self.shown().iter().position(|at| *at as usize == held)) {
            Some(at) => self.scroll.at = at,
            None => {
                self.scroll.at = self.scroll.at.min(self.len().saturating_sub(1));
                self.cursor = self.at(self.scroll.at, dataset).map(|records| records.id().clone());
            }
        }
    }

    /// Counts the marks that are not on the screen's list.
    pub fn recount_hidden(&mut self, dataset: &Dataset) {
        self.seen_marks = self.marks.iter().filter(|id| self.is_visible(id, dataset)).count();
    }

    /// Whether the list shows this user.
    pub fn is_visible(&self, id: &UserId, dataset: &Dataset) -> bool {
        dataset.position(id).is_some_and(|at| self.visible.get(at) == Some(&true))
    }

    /// Takes one mark away, at the cost of one.
    pub fn unmark(&mut self, id: &UserId, dataset: &Dataset) {
        if self.marks.remove(id) && self.is_visible(id, dataset) {
            self.seen_marks = self.seen_marks.saturating_sub(1);
        }
    }

    /// Positions in the dataset of what is shown, in order.
    pub fn shown(&self) -> &[u32] {
        self.shown.as_deref().unwrap_or(&self.exact)
    }

    /// Number of users shown.
    pub fn len(&self) -> usize {
        self.shown().len()
    }

    /// Whether no user is shown.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of marks that are not shown.
    pub fn hidden(&self) -> usize {
        self.marks.len().saturating_sub(self.seen_marks)
    }

    /// Whether a fuzzy find narrows.
    pub fn is_narrowed(&self) -> bool {
        self.shown.is_some()
    }

    /// The user at this place among what is shown.
    pub fn at<'a>(&self, place: usize, dataset: &'a Dataset) -> Option<&'a UserRecords> {
        self.shown().get(place).and_then(|at| dataset.users().get(*at as usize))
    }

    /// The user under the cursor.
    pub fn cursor(&self) -> Option<&UserId> {
        self.cursor.as_ref()
    }

    /// Puts the cursor on a user, if it is shown.
    pub fn go_to(&mut self, id: Option<UserId>, dataset: &Dataset) {
        self.cursor = id;
        self.keep_cursor(dataset);
    }

    /// Takes the user at the cursor's place as the cursor's, after a movement.
    pub fn follow_scroll(&mut self, dataset: &Dataset) {
        self.cursor = self.at(self.scroll.at, dataset).map(|records| records.id().clone());
    }

    /// Number of users that match the exact filter.
    pub fn exact_len(&self) -> usize {
        self.exact.len()
    }

    /// Those who need work first, in that order, whatever the list is filtered and sorted by.
    pub fn most_urgent(&self, count: usize, dataset: &Dataset) -> Vec<UserId> {
        let keyed = (0u32..).zip(&self.rows).map(|(at, row)| (key(Sort::default(), row), at));
        let mut keyed: Vec<(u128, u32)> = keyed.collect();
        if count < keyed.len() {
            keyed.select_nth_unstable(count);
            keyed.truncate(count);
        }
        keyed.sort_unstable();
        keyed.into_iter().filter_map(|(_, at)| dataset.users().get(at as usize)).map(|records| records.id().clone()).collect()
    }

    /// Ids of all users that match the exact filter.
    pub fn exact_ids(&self, dataset: &Dataset) -> Vec<UserId> {
        self.exact.iter().filter_map(|at| dataset.users().get(*at as usize)).map(|records| records.id().clone()).collect()
    }

    /// Ids of the users shown between two, both included; `None` where one of them is not shown.
    pub fn between(&self, one: &UserId, other: &UserId, dataset: &Dataset) -> Option<Vec<UserId>> {
        let place = |id| dataset.position(id).and_then(|held| self.shown().iter().position(|at| *at as usize == held));
        let (one, other) = (place(one)?, place(other)?);
        let range = self.shown().get(one.min(other)..=one.max(other))?;
        Some(range.iter().filter_map(|at| dataset.users().get(*at as usize)).map(|records| records.id().clone()).collect())
    }

    /// Whether there is neither a mark nor a user under the cursor.
    pub fn targets_are_empty(&self) -> bool {
        self.marks.is_empty() && self.cursor.is_none()
    }

    /// The marked users in the table's order, hidden ones behind; the cursor's where none is marked.
    pub fn targets(&self, dataset: &Dataset) -> Vec<UserId> {
        if self.marks.is_empty() {
            return self.cursor.iter().cloned().collect();
        }
        let mut marked: Vec<(usize, &UserId)> = self.marks.iter().map(|id| (dataset.position(id).unwrap_or(usize::MAX), id)).collect();
        marked.sort_by(|a, b| match (self.rows.get(a.0), self.rows.get(b.0)) {
            (Some(one), Some(other)) => compare(self.sort, one, other).then_with(|| a.cmp(b)),
            _ => a.cmp(b),
        });
        marked.into_iter().map(|(_, id)| id.clone()).collect()
    }
}

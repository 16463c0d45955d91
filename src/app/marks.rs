//! Marks: ids that an action is aimed at. They never follow rows (invariant 4).

use std::collections::HashSet;
use std::hash::Hash;

/// Marked ids, in no order, and the row where a range began.
#[derive(Debug, Clone)]
pub struct Marks<Id> {
    ids: HashSet<Id>,
    anchor: Option<Id>,
}

impl<Id> Default for Marks<Id> {
    fn default() -> Self {
        Marks { ids: HashSet::new(), anchor: None }
    }
}

impl<Id: Clone + Eq + Hash> Marks<Id> {
    /// Number of marks.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether nothing is marked.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Whether this id is marked.
    pub fn contains(&self, id: &Id) -> bool {
        self.ids.contains(id)
    }

    /// All marked ids.
    pub fn iter(&self) -> impl Iterator<Item = &Id> {
        self.ids.iter()
    }

    /// Marks the id, or takes its mark away.
    pub fn toggle(&mut self, id: &Id) {
        if !self.ids.remove(id) {
            self.ids.insert(id.clone());
        }
    }

    /// Marks all of these.
    pub fn extend(&mut self, ids: impl IntoIterator<Item = Id>) {
        self.ids.extend(ids);
    }

    /// Takes one mark away; says whether there was one.
    pub fn remove(&mut self, id: &Id) -> bool {
        self.ids.remove(id)
    }

    /// Keeps only the marks that are wanted.
    pub fn keep(&mut self, wanted: impl FnMut(&Id) -> bool) {
        self.ids.retain(wanted);
    }

    /// Takes all marks away.
    pub fn clear(&mut self) {
        self.ids.clear();
        self.anchor = None;
    }

    /// Where a range began.
    pub fn anchor(&self) -> Option<&Id> {
        self.anchor.as_ref()
    }

    /// Begins a range here.
    pub fn set_anchor(&mut self, id: Option<Id>) {
        self.anchor = id;
    }
}

//! The queue: one user after another of the list, in its order, until each is decided.
//!
//! It holds ids: a refresh or a sync never changes its order. While it runs, the table of users is the queue, its cursor is the
//! queue's place, and marks rest, so that an action is aimed at the user in front and at nobody else. Somebody is decided when the
//! journal has it, and not before.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::format::{count, number};
use super::marks::Marks;
use crate::domain::dataset::Dataset;
use crate::domain::records::{SignInId, UserId};

/// How a queue goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// From where it was left.
    GoOn,
    /// With what is listed or marked now.
    Anew,
    /// From the first who is undecided.
    Again,
    /// Not at all.
    Leave,
}

/// How the panes stood before the queue, and stand again when it is left.
#[derive(Debug, Clone, Default)]
pub(super) struct Aside {
    pub(super) marks: Marks<UserId>,
    pub(super) sign_in_marks: Marks<SignInId>,
    pub(super) find: String,
    pub(super) cursor: Option<UserId>,
}

/// A plan of the user in front that was confirmed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Confirmation {
    pub(super) user: UserId,
    /// Id of the plan.
    pub(super) plan: String,
    /// What it does, in words.
    pub(super) how: &'static str,
}

/// A queue of users.
#[derive(Debug, Clone, Default)]
pub struct Queue {
    pub(super) order: Vec<UserId>,
    /// What it was made of: "/level:high", "5 marked".
    pub(super) of: String,
    /// The place where it was left.
    pub(super) place: Option<UserId>,
    /// Who was decided, and how.
    decided: HashMap<UserId, String>,
    later: HashSet<UserId>,
    /// Who was at risk in the beginning and is no longer, by somebody else's hand, or is gone. Who is at risk again is open again.
    closed: HashSet<UserId>,
    pub(super) at_risk: HashSet<UserId>,
    /// The records that `closed` was last looked for in.
    looked: Option<u64>,
    pub(super) running: bool,
    /// The plans that are on their way into the journal, or are being sent: a playbook may be confirmed while a job runs.
    pub(super) confirmed: Vec<Confirmation>,
    /// Who was decided and is still in front: the next one comes when nothing lies over the panes.
    pub(super) leaving: Option<UserId>,
    pub(super) aside: Aside,
}

impl Queue {
    /// These users in this order; what they were made of, and who of them is at risk.
    pub(super) fn new(order: Vec<UserId>, of: String, at_risk: HashSet<UserId>) -> Self {
        Queue { place: order.first().cloned(), order, of, at_risk, ..Queue::default() }
    }

    /// Number of users.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether it holds nobody.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// Decides a user; says whether the user is one of the queue.
    pub(super) fn decide(&mut self, user: &UserId, how: &str) -> bool {
        let is_in = self.order.contains(user);
        if is_in {
            self.decided.insert(user.clone(), how.to_owned());
            self.closed.remove(user);
        }
        is_in
    }

    /// Makes a user undecided again.
    pub(super) fn undo(&mut self, user: &UserId) {
        self.decided.remove(user);
        self.looked = None;
        self.leaving = self.leaving.take().filter(|leaving| leaving != user);
    }

    /// How a user was decided, so far.
    pub(super) fn how(&self, user: &UserId) -> Option<&str> {
        self.decided.get(user).map(String::as_str)
    }

    /// Who was decided.
    pub(super) fn decided(&self) -> impl Iterator<Item = &UserId> {
        self.decided.keys()
    }

    /// Whether a user was closed meanwhile, by somebody else's hand.
    pub(super) fn is_closed(&self, user: &UserId) -> bool {
        self.closed.contains(user)
    }

    /// Takes a confirmed plan off the list of those that are awaited.
    pub(super) fn take_confirmed(&mut self, plan: &str) -> Option<Confirmation> {
        let at = self.confirmed.iter().position(|confirmed| confirmed.plan == plan)?;
        Some(self.confirmed.remove(at))
    }

    pub(super) fn is_undecided(&self, id: &UserId) -> bool {
        !self.decided.contains_key(id) && !self.closed.contains(id)
    }

    pub(super) fn undecided(&self) -> usize {
        self.order.iter().filter(|id| self.is_undecided(id)).count()
    }

    pub(super) fn place_of(&self, id: Option<&UserId>) -> usize {
        id.and_then(|id| self.order.iter().position(|held| held == id)).unwrap_or(0)
    }

    /// Takes note of who is closed by now, where records changed since the last look; says how many are so for the first time.
    pub(super) fn close(&mut self, dataset: &Dataset, revision: u64) -> usize {
        if self.looked.replace(revision) == Some(revision) {
            return 0;
        }
        let is_closed = |id: &UserId| match dataset.user(id) {
            Some(records) => self.at_risk.contains(id) && records.user.at_risk() == Some(false),
            None => true,
        };
        let closed = self.order.iter().filter(|id| !self.decided.contains_key(*id) && is_closed(id));
        let closed: HashSet<UserId> = closed.cloned().collect();
        let new = closed.difference(&self.closed).count();
        self.closed = closed;
        new
    }

    /// The next who is undecided after this place, round about; this place itself comes last.
    pub(super) fn next_undecided(&self, from: usize) -> Option<&UserId> {
        let round = self.order.iter().skip(from + 1).chain(self.order.iter().take(from + 1));
        round.into_iter().find(|id| self.is_undecided(id))
    }

    /// Moves a user to the end; says whether that changed anything.
    pub(super) fn put_last(&mut self, id: &UserId) -> bool {
        self.later.insert(id.clone());
        let place = self.place_of(Some(id));
        if place + 1 >= self.order.len() {
            return false;
        }
        let moved = self.order.remove(place);
        self.order.push(moved);
        true
    }

    /// "2 decided · 1 later"; what is none is left out.
    pub(super) fn tally(&self) -> String {
        let later = self.later.iter().filter(|id| self.is_undecided(id)).count();
        let parts = [(self.decided.len(), "decided"), (later, "later"), (self.closed.len(), "closed meanwhile")];
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!(" · {} {word}", number(*count))).collect()
    }

    /// What became of everybody, in a sentence.
    pub(super) fn summary(&self) -> String {
        let mut ways: BTreeMap<&str, usize> = BTreeMap::new();
        for how in self.decided.values() {
            *ways.entry(how).or_default() += 1;
        }
        let mut parts: Vec<String> = ways.into_iter().map(|(how, count)| format!("{} {how}", number(count))).collect();
        for (count, word) in [(self.closed.len(), "closed meanwhile"), (self.undecided(), "undecided")] {
            if count > 0 {
                parts.push(format!("{} {word}", number(count)));
            }
        }
        format!("{}: {}.", count(self.order.len(), "user", "users"), parts.join(", "))
    }
}

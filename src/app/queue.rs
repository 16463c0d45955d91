//! The queue: one user after another of the list, in its order, until each is decided.
//!
//! It holds ids: a refresh or a sync never changes its order. While it runs, the table of users is the queue, its cursor is the
//! queue's place, and marks rest, so that an action is aimed at the user in front and at nobody else.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::App;
use super::command::CommandId;
use super::format::{count, number};
use super::layout::Pane;
use super::marks::Marks;
use super::overlay::{Choice, Item, Menu, Overlay};
use crate::domain::action::Aim;
use crate::domain::dataset::Dataset;
use crate::domain::ledger::Tally;
use crate::domain::plan::Plan;
use crate::domain::records::UserId;

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

/// A queue of users.
#[derive(Debug, Clone)]
pub struct Queue {
    order: Vec<UserId>,
    /// The place where it was left.
    place: Option<UserId>,
    /// Who was decided, and how.
    decided: HashMap<UserId, String>,
    later: HashSet<UserId>,
    /// Who was at risk in the beginning and is no longer, by somebody else's hand.
    closed: HashSet<UserId>,
    at_risk: HashSet<UserId>,
    running: bool,
    /// The user whose plan is being sent.
    pending: Option<UserId>,
    /// What comes back when the queue is left.
    marks: Marks<UserId>,
    find: String,
    cursor: Option<UserId>,
}

impl Queue {
    /// Number of users.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether it holds nobody.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    fn is_undecided(&self, id: &UserId) -> bool {
        !self.decided.contains_key(id) && !self.closed.contains(id)
    }

    fn undecided(&self) -> usize {
        self.order.iter().filter(|id| self.is_undecided(id)).count()
    }

    fn place_of(&self, id: Option<&UserId>) -> usize {
        id.and_then(|id| self.order.iter().position(|held| held == id)).unwrap_or(0)
    }

    /// Takes note of who was closed meanwhile; says how many that are.
    fn close(&mut self, dataset: &Dataset) -> usize {
        let before = self.closed.len();
        for id in &self.order {
            let open = dataset.user(id).is_some_and(|records| records.user.at_risk() != Some(false));
            if !open && self.at_risk.contains(id) && !self.decided.contains_key(id) {
                self.closed.insert(id.clone());
            }
        }
        self.closed.len() - before
    }

    /// The next who is undecided after this place, round about; this place itself comes last.
    fn next_undecided(&self, from: usize) -> Option<&UserId> {
        let round = self.order.iter().skip(from + 1).chain(self.order.iter().take(from + 1));
        round.into_iter().find(|id| self.is_undecided(id))
    }

    /// Moves a user to the end; says whether that changed anything.
    fn put_last(&mut self, id: &UserId) -> bool {
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
    fn tally(&self) -> String {
        let later = self.later.iter().filter(|id| self.is_undecided(id)).count();
        let parts = [(self.decided.len(), "decided"), (later, "later"), (self.closed.len(), "closed meanwhile")];
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!(" · {} {word}", number(*count))).collect()
    }

    /// What became of everybody, in a sentence.
    fn summary(&self) -> String {
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

impl App {
    /// Whether the panes show a queue.
    pub fn queue_runs(&self) -> bool {
        self.queue.as_ref().is_some_and(|queue| queue.running)
    }

    /// The bar above the panes while a queue runs: "queue 3 of 41 · 2 decided · 1 later".
    pub fn queue_words(&self) -> Option<String> {
        let queue = self.queue.as_ref().filter(|queue| queue.running)?;
        let place = queue.place_of(self.users.cursor()) + 1;
        let state = match self.users.cursor() {
            Some(id) if queue.closed.contains(id) => " (closed meanwhile)".to_owned(),
            Some(id) => queue.decided.get(id).map(|how| format!(" ({how})")).unwrap_or_default(),
            None => String::new(),
        };
        let keys = &self.options.keys;
        Some(format!(
            " queue {} of {}{state}{} · {} next · {} previous · {} later · {} leaves",
            number(place),
            number(queue.len()),
            queue.tally(),
            keys.hint(CommandId::QueueNext),
            keys.hint(CommandId::QueuePrevious),
            keys.hint(CommandId::QueueLater),
            keys.hint(CommandId::Back)
        ))
    }

    /// Why a command rests while a queue runs, or needs one.
    pub(super) fn rests_in_queue(&self, command: CommandId) -> Option<String> {
        let runs = self.queue_runs();
        match command {
            CommandId::QueueNext | CommandId::QueuePrevious | CommandId::QueueLater if !runs => {
                Some(format!("No queue is running: {} begins one.", self.options.keys.hint(CommandId::Queue)))
            }
            CommandId::Filter
            | CommandId::Find
            | CommandId::Sort
            | CommandId::NotSafe
            | CommandId::Pivot
            | CommandId::PivotBack
            | CommandId::Campaigns
            | CommandId::Views
            | CommandId::View4
            | CommandId::View5
            | CommandId::View6
            | CommandId::View7
            | CommandId::View8
            | CommandId::View9
                if runs =>
            {
                Some(format!("The queue keeps its list: {} leaves it first.", self.options.keys.hint(CommandId::Back)))
            }
            CommandId::Mark | CommandId::MarkRange | CommandId::MarkAll | CommandId::ClearMarks | CommandId::InvertMarks
                if runs && self.focus == Pane::Users =>
            {
                Some("A queue takes one user at a time: marks come back when it is left.".to_owned())
            }
            _ => None,
        }
    }

    /// Begins a queue, or offers to go on with the one that was left.
    pub(super) fn open_queue(&mut self) {
        match &self.queue {
            Some(queue) if queue.running => self.end_of_queue(),
            Some(queue) if queue.undecided() > 0 => {
                let place = queue.place_of(queue.place.as_ref()) + 1;
                let go_on = format!("at {} of {}{}", number(place), number(queue.len()), queue.tally());
                let anew = if self.users.marks.is_empty() {
                    count(self.users.exact_len(), "user listed", "users listed")
                } else {
                    count(self.users.marks.len(), "user marked", "users marked")
                };
                let items = vec![
                    Item::new("Go on with the queue", go_on, Choice::Queue(Way::GoOn)),
                    Item::new("Begin a new one", anew, Choice::Queue(Way::Anew)),
                ];
                self.overlay = Some(Overlay::Menu(Menu::new("Queue", items)));
            }
            _ => self.begin_queue(),
        }
    }

    fn begin_queue(&mut self) {
        let marked = !self.users.marks.is_empty();
        let mut order = if marked { self.users.targets(&self.dataset) } else { self.users.exact_ids(&self.dataset) };
        let open = |id: &UserId| self.dataset.user(id).is_some_and(|records| records.user.at_risk() != Some(false));
        let at_risk: HashSet<UserId> = order.iter().filter(|id| open(id)).cloned().collect();
        let all = order.len();
        // A list of closed users only, as of those who are not safe, is gone through as it is.
        if !marked && !at_risk.is_empty() {
            order.retain(|id| at_risk.contains(id));
        }
        if order.is_empty() {
            self.toasts.say("Nobody is listed: there is nothing to go through.", self.now);
            return;
        }
        if order.len() < all {
            self.toasts.say(format!("{} without open risk left out.", count(all - order.len(), "user", "users")), self.now);
        }
        self.queue = Some(Queue {
            place: order.first().cloned(),
            order,
            decided: HashMap::new(),
            later: HashSet::new(),
            closed: HashSet::new(),
            at_risk,
            running: false,
            pending: None,
            marks: Marks::default(),
            find: String::new(),
            cursor: None,
        });
        self.run_queue();
    }

    /// Puts the queue into the table, at its place.
    fn run_queue(&mut self) {
        let Some(queue) = self.queue.as_mut() else { return };
        queue.running = true;
        queue.marks = std::mem::take(&mut self.users.marks);
        queue.cursor = self.users.cursor().cloned();
        queue.find = self.users.find.clone();
        let (order, place) = (queue.order.clone(), queue.place.clone());
        self.users.set_find("", &self.dataset);
        self.focus = Pane::Users;
        self.show_in_queue(Some(order), place);
        self.pass_over_closed();
    }

    fn show_in_queue(&mut self, order: Option<Vec<UserId>>, at: Option<UserId>) {
        self.users.hold(order, &self.dataset, &self.ledger, self.now);
        self.users.go_to(at, &self.dataset);
        self.user_may_have_changed();
    }

    /// Where the user in front was closed meanwhile, goes on to the next.
    fn pass_over_closed(&mut self) {
        let Some(queue) = self.queue.as_mut() else { return };
        queue.close(&self.dataset);
        if self.users.cursor().is_some_and(|id| queue.closed.contains(id)) {
            self.next_undecided();
        }
    }

    /// Goes to the next undecided user; at the end of them, tells what became of all.
    fn next_undecided(&mut self) {
        let Some(queue) = self.queue.as_mut() else { return };
        let closed = queue.close(&self.dataset);
        if closed > 0 {
            let passed = count(closed, "user was closed", "users were closed");
            self.toasts.say(format!("{passed} meanwhile and is passed over in the queue."), self.now);
        }
        match queue.next_undecided(queue.place_of(self.users.cursor())).cloned() {
            Some(next) => {
                self.users.go_to(Some(next), &self.dataset);
                self.user_may_have_changed();
            }
            None => self.end_of_queue(),
        }
    }

    /// A step through the queue; beyond its end is the summary.
    pub(super) fn step_in_queue(&mut self, command: CommandId) {
        let Some(queue) = self.queue.as_mut().filter(|queue| queue.running) else { return };
        queue.close(&self.dataset);
        let at = queue.place_of(self.users.cursor());
        let is_open = |id: &&UserId| !queue.closed.contains(*id);
        let next = match command {
            CommandId::QueueNext => queue.order.iter().skip(at + 1).find(is_open),
            _ => queue.order.iter().take(at).rev().find(is_open),
        };
        match (next.cloned(), command) {
            (Some(next), _) => {
                self.users.go_to(Some(next), &self.dataset);
                self.user_may_have_changed();
            }
            (None, CommandId::QueueNext) => self.end_of_queue(),
            (None, _) => self.toasts.say("This is the first of the queue.", self.now),
        }
    }

    /// Moves the user in front to the end of the queue.
    pub(super) fn later_in_queue(&mut self) {
        let Some((queue, id)) = self.queue.as_mut().filter(|queue| queue.running).zip(self.users.cursor().cloned()) else { return };
        let next = queue.order.get(queue.place_of(Some(&id)) + 1).cloned();
        let name = self.dataset.user(&id).map_or(id.as_str(), |records| records.user.name());
        if queue.put_last(&id) {
            self.toasts.say(format!("{name} comes again at the end of the queue."), self.now);
        } else {
            self.toasts.say(format!("{name} is the last of the queue already."), self.now);
        }
        let order = queue.order.clone();
        self.show_in_queue(Some(order), next.or(Some(id)));
    }

    /// A user was decided, by a plan that was confirmed or a verdict that was given: the next one comes.
    pub(super) fn decided_in_queue(&mut self, user: &UserId, how: &str) {
        let Some(queue) = self.queue.as_mut().filter(|queue| queue.running && queue.order.contains(user)) else { return };
        queue.decided.insert(user.clone(), how.to_owned());
        if self.users.cursor() == Some(user) {
            self.next_undecided();
        }
    }

    /// A plan was confirmed. Where it is about the user in front, that one is decided; `sent` where a job tells how it ends.
    pub(super) fn confirmed_in_queue(&mut self, plan: &Plan, sent: bool) {
        let Some(user) = self.users.cursor().cloned().filter(|_| self.queue_runs()) else { return };
        let included = plan.targets.iter().any(|target| target.included && target.id.as_str() == user.as_str());
        if plan.action.aim() != Aim::User || plan.playbook.is_some() || !included {
            return;
        }
        if let Some(queue) = self.queue.as_mut().filter(|_| sent) {
            queue.pending = Some(user.clone());
        }
        self.decided_in_queue(&user, plan.action.title());
    }

    /// The job of a decided user ended. Where not all went well, the user is undecided again; says whether it did.
    pub(super) fn job_ended_in_queue(&mut self, tally: Option<&Tally>) -> bool {
        let Some((queue, user)) = self.queue.as_mut().and_then(|queue| queue.pending.take().map(|user| (queue, user))) else {
            return false;
        };
        let well = tally.is_some_and(Tally::all_verified);
        if !well {
            queue.decided.remove(&user);
        }
        well && queue.running
    }

    /// Tells what became of all, and how it can go on.
    fn end_of_queue(&mut self) {
        let Some(queue) = self.queue.as_mut() else { return };
        queue.close(&self.dataset);
        let undecided = queue.undecided();
        let mut items = Vec::new();
        if undecided > 0 {
            let detail = count(undecided, "user is undecided", "users are undecided");
            items.push(Item::new("Go through the undecided", detail, Choice::Queue(Way::Again)));
        }
        let leave = if undecided > 0 { "its place is kept" } else { "back to the list" };
        items.push(Item::new("Leave the queue", leave, Choice::Queue(Way::Leave)));
        let summary = queue.summary();
        items.iter_mut().for_each(|item| item.note.clone_from(&summary));
        self.overlay = Some(Overlay::Menu(Menu::new("The end of the queue", items)));
    }

    pub(super) fn choose_in_queue(&mut self, way: Way) {
        match way {
            Way::GoOn => self.run_queue(),
            Way::Anew => self.begin_queue(),
            Way::Again => {
                let first = self.queue.as_ref().and_then(|queue| queue.order.iter().find(|id| queue.is_undecided(id))).cloned();
                self.users.go_to(first, &self.dataset);
                self.user_may_have_changed();
            }
            Way::Leave => self.leave_queue(),
        }
    }

    /// Back to the list. The queue keeps its place.
    pub(super) fn leave_queue(&mut self) {
        let Some(queue) = self.queue.as_mut().filter(|queue| queue.running) else { return };
        queue.running = false;
        queue.place = self.users.cursor().cloned();
        let (mut marks, find, before, place) =
            (std::mem::take(&mut queue.marks), queue.find.clone(), queue.cursor.take(), queue.place.clone());
        queue.decided.keys().for_each(|id| _ = marks.remove(id));
        let undecided = queue.undecided();
        self.users.marks = marks;
        self.users.hold(None, &self.dataset, &self.ledger, self.now);
        self.users.set_find(&find, &self.dataset);
        let listed = place.filter(|id| self.users.is_visible(id, &self.dataset));
        self.show_in_queue(None, listed.or(before));
        if undecided > 0 {
            let key = self.options.keys.hint(CommandId::Queue);
            self.toasts.say(format!("The queue keeps its place, {} undecided · {key} goes on", number(undecided)), self.now);
        }
    }
}

//! Going through the queue: how it begins, who comes next, and how it ends.

use std::collections::HashSet;

use super::App;
use super::command::CommandId;
use super::format::{count, number};
use super::layout::Pane;
use super::overlay::{Choice, Item, Menu, Overlay};
use super::queue::{Aside, Confirmation, Queue, Way};
use crate::domain::action::Aim;
use crate::domain::journal::JobId;
use crate::domain::ledger::Tally;
use crate::domain::plan::Plan;
use crate::domain::records::UserId;

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
            Some(id) if queue.is_closed(id) => " (closed meanwhile)".to_owned(),
            Some(id) if self.verdicts.contains_key(id) => " (the verdict is being saved)".to_owned(),
            Some(id) => queue.how(id).map(|how| format!(" ({how})")).unwrap_or_default(),
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

    /// What the queue that runs was made of: "/level:high", "5 marked".
    pub fn queue_is_of(&self) -> Option<&str> {
        self.queue.as_ref().filter(|queue| queue.running).map(|queue| queue.of.as_str())
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
            CommandId::Queue if !runs && !self.queue_can_go_on() => self.why_no_queue(),
            CommandId::Mark | CommandId::MarkRange | CommandId::MarkAll | CommandId::ClearMarks | CommandId::InvertMarks
                if runs && self.focus == Pane::Users =>
            {
                Some("A queue takes one user at a time: marks come back when it is left.".to_owned())
            }
            _ => None,
        }
    }

    fn queue_can_go_on(&self) -> bool {
        self.queue.as_ref().is_some_and(|queue| queue.undecided() > 0)
    }

    /// Why no queue can be made of what is listed. Like "mark all", it follows the exact filter and never a fuzzy find.
    fn why_no_queue(&self) -> Option<String> {
        if !self.users.marks.is_empty() || !self.users.is_narrowed() {
            return None;
        }
        let keys = &self.options.keys;
        Some(format!(
            "A fuzzy find narrows the list: a queue is made of what an exact filter lists, or of what is marked ({} leaves the find).",
            keys.hint(CommandId::Back)
        ))
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
        if let Some(why) = self.why_no_queue() {
            self.toasts.say(why, self.now);
            return;
        }
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
        let of = match (marked, self.users.filter.as_str()) {
            (true, _) => format!("{} marked", number(all)),
            (false, "") => "all".to_owned(),
            (false, filter) => format!("/{filter}"),
        };
        self.queue = Some(Queue::new(order, of, at_risk));
        self.run_queue();
    }

    /// Puts the queue into the table, at its place.
    fn run_queue(&mut self) {
        let Some(queue) = self.queue.as_mut() else { return };
        queue.running = true;
        queue.aside = Aside {
            marks: std::mem::take(&mut self.users.marks),
            sign_in_marks: std::mem::take(&mut self.sign_ins.marks),
            find: self.users.find.clone(),
            cursor: self.users.cursor().cloned(),
        };
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
        self.close_in_queue();
        let closed = |queue: &Queue| self.users.cursor().is_some_and(|id| queue.is_closed(id));
        if self.queue.as_ref().is_some_and(closed) {
            self.next_undecided();
        }
    }

    /// Takes note of who was closed meanwhile, and says so.
    fn close_in_queue(&mut self) {
        let closed = self.queue.as_mut().map_or(0, |queue| queue.close(&self.dataset, self.revision));
        if closed > 0 {
            let passed = if closed == 1 {
                "1 user was closed meanwhile and is".to_owned()
            } else {
                format!("{} users were closed meanwhile and are", number(closed))
            };
            self.toasts.say(format!("{passed} passed over in the queue."), self.now);
        }
    }

    /// Goes to the next undecided user; at the end of them, tells what became of all.
    fn next_undecided(&mut self) {
        self.close_in_queue();
        let Some(queue) = self.queue.as_mut() else { return };
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
        if !self.queue_runs() {
            return;
        }
        self.close_in_queue();
        let Some(queue) = self.queue.as_mut() else { return };
        let at = queue.place_of(self.users.cursor());
        let is_open = |id: &&UserId| !queue.is_closed(id);
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
        self.pass_over_closed();
    }

    /// The journal has the decision about a user: where that one is in front, the next one comes.
    pub(super) fn decided_in_queue(&mut self, user: &UserId, how: &str) {
        let Some(queue) = self.queue.as_mut() else { return };
        if !queue.decide(user, how) {
            return;
        }
        if !queue.running {
            // The queue was left before the journal had it: who is decided is not marked any more.
            self.unmark_user(user);
        } else if self.users.cursor() == Some(user) {
            queue.leaving = Some(user.clone());
        }
    }

    /// Lets the next user come where the one in front was decided. Never beneath something that is open: that one's keys are still
    /// about the user in front.
    pub(super) fn leave_decided(&mut self) {
        if self.overlay.is_some() {
            return;
        }
        let Some(queue) = self.queue.as_mut().filter(|queue| queue.running) else { return };
        let Some(user) = queue.leaving.take() else { return };
        if self.users.cursor() == Some(&user) {
            self.next_undecided();
        }
    }

    /// A plan was confirmed. Where it is about the user in front, that one will be decided when the journal has it.
    pub(super) fn confirmed_in_queue(&mut self, plan: &Plan) {
        let Some(user) = self.users.cursor().cloned().filter(|_| self.queue_runs()) else { return };
        let included = plan.targets.iter().any(|target| target.included && target.id.as_str() == user.as_str());
        if plan.action.aim() != Aim::User || plan.playbook.is_some() || !included {
            return;
        }
        if let Some(queue) = self.queue.as_mut() {
            queue.confirmed.push(Confirmation { user, plan: plan.id.clone(), how: plan.action.title() });
        }
    }

    /// The job of a confirmed plan is in the journal.
    pub(super) fn job_started_in_queue(&mut self, plan: &str) {
        let of_plan = |queue: &Queue| queue.confirmed.iter().find(|confirmed| confirmed.plan == plan).cloned();
        if let Some(confirmed) = self.queue.as_ref().and_then(of_plan) {
            self.decided_in_queue(&confirmed.user, confirmed.how);
        }
    }

    /// A playbook is in the journal: its steps are jobs of their own, and do not decide.
    pub(super) fn playbook_begun_in_queue(&mut self, id: JobId) {
        let Some(plan) = self.ledger.playbook(id).map(|playbook| playbook.plan.id.as_str()) else { return };
        if let Some(confirmed) = self.queue.as_mut().and_then(|queue| queue.take_confirmed(plan)) {
            self.decided_in_queue(&confirmed.user, confirmed.how);
        }
    }

    /// The job of a decided user ended, or never began. Where not all went well, the user is undecided again, and comes again where
    /// still in front; says whether all went well.
    pub(super) fn job_ended_in_queue(&mut self, plan: Option<&str>, tally: Option<&Tally>) -> bool {
        let Some((queue, plan)) = self.queue.as_mut().zip(plan) else { return false };
        let Some(confirmed) = queue.take_confirmed(plan) else { return false };
        let well = tally.is_some_and(Tally::all_verified);
        if !well {
            queue.undo(&confirmed.user);
        }
        well && queue.running
    }

    /// Tells what became of all, and how it can go on.
    fn end_of_queue(&mut self) {
        let Some(queue) = self.queue.as_mut() else { return };
        queue.close(&self.dataset, self.revision);
        let undecided = queue.undecided();
        let mut items = Vec::new();
        if undecided > 0 {
            let detail = count(undecided, "user is undecided", "users are undecided");
            items.push(Item::new("Go through the undecided", detail, Choice::Queue(Way::Again)));
        }
        let leave = if undecided > 0 { "its place is kept" } else { "back to the list" };
        items.push(Item::new("Leave the queue", leave, Choice::Queue(Way::Leave)));
        let summary = queue.summary();
        // The messages keep it, whatever is said next.
        self.toasts.say(summary.clone(), self.now);
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
        queue.leaving = None;
        let place = queue.place.clone();
        let Aside { mut marks, sign_in_marks, find, cursor: before } = std::mem::take(&mut queue.aside);
        queue.decided().for_each(|id| _ = marks.remove(id));
        let (undecided, summary) = (queue.undecided(), queue.summary());
        self.users.marks = marks;
        self.sign_ins.marks.extend(sign_in_marks.iter().cloned());
        self.users.hold(None, &self.dataset, &self.ledger, self.now);
        self.users.set_find(&find, &self.dataset);
        let listed = place.filter(|id| self.users.is_visible(id, &self.dataset));
        self.show_in_queue(None, listed.or(before));
        self.users.recount_hidden(&self.dataset);
        if undecided > 0 {
            let key = self.options.keys.hint(CommandId::Queue);
            self.toasts.say(format!("The queue keeps its place, {} undecided · {key} goes on", number(undecided)), self.now);
        } else {
            self.toasts.say(format!("The queue is through: {summary}"), self.now);
        }
    }
}

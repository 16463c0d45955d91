//! Pivoting: from a value under the cursor to everybody who shares it, step by step, and the way back.

use super::App;
use super::computing::Question;
use super::details::Details;
use super::format::{count, number};
use super::layout::Pane;
use super::overlay::{Choice, Item, Menu, Overlay};
use super::sign_ins::SignIns;
use super::users::Standing;
use crate::domain::pivot::{self, Count, Shared};
use crate::domain::query::{Query, QueryError};
use crate::domain::records::{RiskDetection, SignIn, SignInId, UserId};

/// How many steps the way back has; the first are forgotten.
const MOST_STEPS: usize = 50;

/// One step of the trail: where it led, and how everything stood before.
#[derive(Debug, Clone)]
pub struct Step {
    /// The words of the crumb. May hold hostile text.
    pub crumb: String,
    users: Standing,
    sign_ins: SignIns,
    details: Details,
    shown_user: Option<UserId>,
    focus: Pane,
    /// The filter that the step set.
    set: String,
}

/// The steps that were taken, the last one last.
#[derive(Debug, Clone, Default)]
pub struct Trail {
    steps: Vec<Step>,
}

impl Trail {
    /// Whether no step was taken.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// "all › ip:203.0.113.7 › session:7c1f"; empty without a step. A filter that was typed in between is said so. May hold hostile text.
    pub fn words(&self, filter: &str) -> String {
        let Some(first) = self.steps.first() else { return String::new() };
        let mut words = if first.users.filter.is_empty() { "all".to_owned() } else { first.users.filter.clone() };
        // What the filter was when each step was left.
        let left = self.steps.iter().skip(1).map(|step| step.users.filter.as_str()).chain([filter]);
        for (step, left) in self.steps.iter().zip(left) {
            words.push_str(" › ");
            words.push_str(&step.crumb);
            if step.set != left {
                words.push_str(" › edited");
            }
        }
        words
    }

    /// Takes a user's mark away wherever it waits.
    pub(super) fn unmark_user(&mut self, user: &UserId) {
        self.steps.iter_mut().for_each(|step| _ = step.users.marks.remove(user));
    }

    /// Takes a sign-in's mark away wherever it waits.
    pub(super) fn unmark_sign_in(&mut self, sign_in: &SignInId) {
        self.steps.iter_mut().for_each(|step| _ = step.sign_ins.marks.remove(sign_in));
    }
}

impl App {
    /// The steps from the first filter to the present one.
    pub fn trail(&self) -> &Trail {
        &self.trail
    }

    /// The sign-in and the detection that can be pivoted on in the focused pane.
    fn pivot_subject(&self) -> (Option<&SignIn>, Option<&RiskDetection>) {
        let Some(records) = self.user() else { return (None, None) };
        if self.focus == Pane::SignIns
            && let Some(sign_in) = self.sign_ins.cursor(records)
        {
            let linked = records.detections.iter().find(|detection| detection.request_id.as_ref() == Some(&sign_in.id));
            return (Some(sign_in), linked);
        }
        (self.details.sign_in(records), self.details.detection(records).map(|(_, detection)| detection))
    }

    /// The values that can be pivoted on here. In the details, those in sight come first, in their order.
    pub(super) fn pivots(&self) -> Vec<Shared> {
        let (sign_in, detection) = self.pivot_subject();
        let mut values = pivot::values(sign_in, detection);
        if self.focus == Pane::Details {
            let lines = self.detail_lines();
            let place = |shared: &Shared| {
                lines.iter().skip(self.details.offset).position(|line| line.label == shared.share.label()).unwrap_or(usize::MAX)
            };
            if self.details.offset > 0 {
                values.sort_by_key(place);
            }
        }
        values
    }

    /// How many share each value of the menu that waits for it.
    pub(super) fn pivots_counted(&mut self, number: u64, counts: &[Option<Count>]) {
        let Some(Overlay::Menu(menu)) =
            self.overlay.as_mut().filter(|overlay| matches!(overlay, Overlay::Menu(menu) if menu.awaits == Some(number)))
        else {
            return;
        };
        for (item, shared_by) in menu.items.iter_mut().zip(counts) {
            item.detail = shared_by.map_or_else(String::new, |shared_by| {
                format!("{}, {}", count(shared_by.users, "user", "users"), count(shared_by.records, "record", "records"))
            });
        }
    }

    /// Sets an exact filter on the whole tenant, and remembers how everything stood; says how many that are.
    pub(super) fn pivot_to(&mut self, crumb: String, filter: &str) {
        match self.step_to(crumb, filter) {
            Ok(true) => {
                let back = self.options.keys.hint(super::command::CommandId::PivotBack);
                self.toasts.say(format!("{} · {back} goes back", count(self.users.len(), "user", "users")), self.now);
            }
            Ok(false) => {
                self.toasts.say(format!("These are they already: {}.", count(self.users.len(), "user", "users")), self.now);
            }
            Err(error) => self.toasts.fail(format!("The filter {} does not parse: {error}", filter.trim())),
        }
    }

    /// Sets a filter, and remembers how everything stood before; says whether that was another one.
    ///
    /// # Errors
    ///
    /// Where the filter does not parse; then nothing is changed.
    pub(super) fn step_to(&mut self, crumb: String, filter: &str) -> Result<bool, QueryError> {
        let filter = filter.trim();
        if self.trail.steps.last().is_some_and(|step| step.set == filter) && self.users.filter == filter && !self.users.is_narrowed() {
            self.focus = Pane::Users;
            return Ok(false);
        }
        let step = Step {
            crumb,
            users: self.users.standing(),
            sign_ins: self.sign_ins.clone(),
            details: self.details.clone(),
            shown_user: self.shown_user.clone(),
            focus: self.focus,
            set: filter.to_owned(),
        };
        self.users.set_filter(filter, &self.dataset, &self.ledger, self.now)?;
        self.users.set_find("", &self.dataset);
        self.trail.steps.push(step);
        if self.trail.steps.len() > MOST_STEPS {
            self.trail.steps.remove(0);
        }
        self.focus = Pane::Users;
        self.user_may_have_changed();
        Ok(true)
    }

    /// Goes back one step: filter, order, marks and cursor are again as they were.
    pub(super) fn pivot_back(&mut self) {
        let Some(Step { users, sign_ins, details, shown_user, focus, .. }) = self.trail.steps.pop() else { return };
        let made_here = self.users.marks.iter().filter(|id| !users.marks.contains(id)).count()
            + self.sign_ins.marks.iter().filter(|id| !sign_ins.marks.contains(id)).count();
        let taken_away = users.marks.iter().filter(|id| !self.users.marks.contains(id)).count();
        let filter = users.filter.clone();
        let parsed = self.users.stand(users, &self.dataset, &self.ledger, self.now);
        self.user_may_have_changed();
        if self.shown_user == shown_user {
            (self.sign_ins, self.details) = (sign_ins, details);
            self.details.compare_again();
            self.user_may_have_changed();
        } else {
            (self.sign_ins.all, self.sign_ins.marks) = (sign_ins.all, sign_ins.marks);
        }
        self.focus = focus;
        let mut changes = Vec::new();
        if made_here > 0 {
            changes.push(count(made_here, "mark that was made here is gone", "marks that were made here are gone"));
        }
        if taken_away > 0 {
            changes.push(count(taken_away, "mark that was taken away here is back", "marks that were taken away here are back"));
        }
        if !changes.is_empty() {
            self.toasts.say(format!("Marks are as they were: {}.", changes.join(", ")), self.now);
        }
        if let Err(error) = parsed {
            self.toasts.fail(format!("The filter {filter} no longer parses: {error}. What it asked for holds until it is changed."));
        }
    }

    /// Opens the menu of values, and has counted how many share each; or says that nothing can be pivoted on.
    pub(super) fn open_pivots(&mut self) {
        let mut values = self.pivots();
        values.retain(|shared| Query::check(&shared.term()).is_ok());
        if values.is_empty() {
            self.toasts.say("Nothing known of this user is shared with others: no sign-in and no detection was read.", self.now);
            return;
        }
        let (sign_in, _) = self.pivot_subject();
        let item = |shared: &Shared| {
            let term = shared.term();
            let name = sign_in.and_then(|sign_in| pivot::name(shared, sign_in)).unwrap_or(shared.shown());
            let label = format!("{} {name}", shared.share.words());
            let note = format!("/{term}");
            Item { note, ..Item::new(label, "counting …", Choice::Pivot { crumb: term.clone(), filter: term }) }
        };
        let items = values.iter().map(item).collect();
        let about = format!("{} known", number(self.dataset.len()));
        let awaits = Some(self.compute(Question::Pivots(values)));
        self.overlay = Some(Overlay::Menu(Menu { about, awaits, ..Menu::new("Pivot: who shares it", items) }));
    }
}

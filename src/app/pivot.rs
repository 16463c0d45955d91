//! Pivoting: from a value under the cursor to everybody who shares it, step by step, and the way back.

use super::App;
use super::format::{count, number};
use super::layout::Pane;
use super::marks::Marks;
use super::overlay::{Choice, Item, Menu, Overlay};
use super::sort::Sort;
use crate::domain::pivot::{self, Shared};
use crate::domain::query::QueryContext;
use crate::domain::records::{RiskDetection, SignIn, SignInId, UserId};

/// One step of the trail: where it led, and how everything stood before.
#[derive(Debug, Clone)]
pub struct Step {
    /// The words of the crumb. May hold hostile text.
    pub crumb: String,
    filter: String,
    find: String,
    sort: Sort,
    marks: Marks<UserId>,
    cursor: Option<UserId>,
    offset: usize,
    sign_in: Option<SignInId>,
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

    /// "all › ip:203.0.113.7 › session:7c1f"; empty without a step. A filter that was typed since is said so. May hold hostile text.
    pub fn words(&self, filter: &str) -> String {
        let Some((first, last)) = self.steps.first().zip(self.steps.last()) else { return String::new() };
        let begin = if first.filter.is_empty() { "all" } else { &first.filter };
        let crumbs = std::iter::once(begin).chain(self.steps.iter().map(|step| step.crumb.as_str()));
        let mut words = crumbs.collect::<Vec<_>>().join(" › ");
        if last.set != filter {
            words.push_str(" › edited");
        }
        words
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

    /// The menu of values, each with how many share it.
    pub(super) fn pivot_menu(&self) -> Menu {
        let context = QueryContext { now: self.now, ledger: &self.ledger, tenant: self.dataset.tenant() };
        let items = self.pivots().into_iter().filter_map(|shared| {
            let shared_by = pivot::count(&shared, &self.dataset, context).ok()?;
            let label = format!("{} {}", shared.share.words(), shared.shown());
            let detail = format!("{}, {}", count(shared_by.users, "user", "users"), count(shared_by.records, "record", "records"));
            let term = shared.term();
            Some(Item::new(label, detail, Choice::Pivot { crumb: term.clone(), filter: term }))
        });
        Menu::new("Pivot: who shares it", items.collect())
    }

    /// Sets an exact filter on the whole tenant, and remembers how everything stood.
    pub(super) fn pivot_to(&mut self, crumb: String, filter: &str) {
        let step = Step {
            crumb,
            filter: self.users.filter.clone(),
            find: self.users.find.clone(),
            sort: self.users.sort,
            marks: self.users.marks.clone(),
            cursor: self.users.cursor().cloned(),
            offset: self.users.scroll.offset,
            sign_in: self.user().and_then(|records| self.sign_ins.cursor(records)).map(|sign_in| sign_in.id.clone()),
            focus: self.focus,
            set: filter.trim().to_owned(),
        };
        match self.users.set_filter(filter, &self.dataset, &self.ledger, self.now) {
            Ok(()) => {
                self.users.set_find("", &self.dataset);
                self.trail.steps.push(step);
                self.focus = Pane::Users;
                self.user_may_have_changed();
                let back = self.options.keys.hint(super::command::CommandId::PivotBack);
                self.toasts.say(format!("{} · {back} goes back", count(self.users.len(), "user", "users")), self.now);
            }
            Err(error) => self.toasts.fail(format!("The filter {filter} does not parse: {error}")),
        }
    }

    /// Goes back one step: filter, order, marks and cursor are again as they were.
    pub(super) fn pivot_back(&mut self) {
        let Some(step) = self.trail.steps.pop() else { return };
        if let Err(error) = self.users.set_filter(&step.filter, &self.dataset, &self.ledger, self.now) {
            self.toasts.fail(format!("The filter {:?} no longer parses: {error}", step.filter));
            return;
        }
        self.users.set_sort(step.sort, &self.dataset);
        self.users.set_find(&step.find, &self.dataset);
        self.users.marks = step.marks;
        self.users.scroll.offset = step.offset;
        self.users.go_to(step.cursor, &self.dataset);
        self.users.recount_hidden(&self.dataset);
        self.user_may_have_changed();
        self.focus = step.focus;
        if let Some((records, sign_in)) = self.shown_user.as_ref().and_then(|id| self.dataset.user(id)).zip(step.sign_in) {
            self.sign_ins.go_to(&sign_in, records);
            if let Some(sign_in) = self.sign_ins.cursor(records).filter(|_| self.focus != Pane::Users) {
                self.details.follow(sign_in, records);
            }
        }
    }

    /// Opens the menu, or says that nothing can be pivoted on.
    pub(super) fn open_pivots(&mut self) {
        let menu = self.pivot_menu();
        if menu.items.is_empty() {
            self.toasts.say("Nothing known of this user is shared with others: no sign-in and no detection was read.", self.now);
        } else {
            let about = format!("{} known", number(self.dataset.len()));
            self.overlay = Some(Overlay::Menu(Menu { about, ..menu }));
        }
    }
}

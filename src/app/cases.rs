//! The case of a user, or of all that are marked: verdict, status and tags. Nothing of it is sent to the tenant.

use super::App;
use super::command::CommandId;
use super::format::{count, number, since};
use super::layout::Pane;
use super::msg::Effect;
use super::overlay::{Choice, Item, Menu, Overlay};
use super::typed::{Typed, What};
use crate::domain::case::{CaseChange, Status, Verdict};
use crate::domain::journal::Entry;
use crate::domain::plan::Target;
use crate::domain::records::UserId;

/// How many cases are changed at once: each is an entry of its own.
pub const MOST: usize = 1_000;

/// How many users' evidence is set aside at once.
pub const MOST_SNAPSHOTS: usize = 200;

/// What an item of the menu does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Changes the cases.
    Change(CaseChange),
    /// Asks for a tag first.
    AddTag,
}

impl App {
    /// The users that are marked, or the one under the cursor.
    pub(super) fn users_meant(&self) -> Vec<UserId> {
        if self.focus == Pane::SignIns {
            return self.shown_user.iter().cloned().collect();
        }
        self.users.targets(&self.dataset)
    }

    /// Whom it is about: a name, or how many. Hostile text.
    pub(super) fn whom(&self, users: &[UserId]) -> String {
        match users {
            [one] => self.dataset.user(one).map_or(one.as_str(), |records| records.user.name()).to_owned(),
            many => count(many.len(), "user", "users"),
        }
    }

    /// What was made of a user so far, the snapshot with it; empty where nobody said anything.
    pub(super) fn case_words(&self, user: &UserId) -> String {
        let Some(case) = self.ledger.case(user) else { return String::new() };
        let snapshot = case.snapshot.as_ref().map(|snapshot| format!("evidence set aside {}", since(snapshot.at, self.now)));
        [Some(case.words()).filter(|words| !words.is_empty()), snapshot].into_iter().flatten().collect::<Vec<_>>().join(" · ")
    }

    /// Asks for the evidence of those who are meant to be set aside.
    pub(super) fn snapshot(&mut self) -> Vec<Effect> {
        let users = self.users_meant();
        if users.len() > MOST_SNAPSHOTS {
            let marked = number(users.len());
            self.toasts.say(
                format!("{marked} are marked, and at most {MOST_SNAPSHOTS} are set aside at once. entriage bundle takes more."),
                self.now,
            );
            return Vec::new();
        }
        self.toasts.say(format!("Setting the evidence of {} aside …", self.whom(&users)), self.now);
        vec![Effect::Snapshot(users)]
    }

    pub(super) fn open_case(&mut self) {
        let users = self.users_meant();
        if users.len() > MOST {
            let (marked, most) = (number(users.len()), number(MOST));
            self.toasts.say(format!("{marked} are marked, and at most {most} cases are changed at once. Mark fewer."), self.now);
            return;
        }
        self.overlay = Some(Overlay::Menu(self.case_menu(users)));
    }

    /// Sets what an item of the menu says, and leaves the menu open for more about the same users.
    pub(super) fn set_and_stay(&mut self, menu: Menu, change: &CaseChange) -> Vec<Effect> {
        let users: Vec<UserId> = menu.targets.iter().map(|target| target.id().into()).collect();
        let effects = self.change_cases(&users, change);
        self.overlay = Some(Overlay::Menu(menu));
        effects
    }

    /// Lets an open menu of a case follow the journal.
    pub(super) fn revise_case_menu(&mut self) {
        let Some(Overlay::Menu(menu)) = &self.overlay else { return };
        if menu.items.iter().any(|item| matches!(item.choice, Choice::Case(_))) {
            let users = menu.targets.iter().map(|target| target.id().into()).collect();
            let scroll = menu.scroll;
            self.overlay = Some(Overlay::Menu(Menu { scroll, ..self.case_menu(users) }));
        }
    }

    fn case_menu(&self, users: Vec<UserId>) -> Menu {
        let held = |id: &UserId| self.ledger.case(id);
        let all = |is: &dyn Fn(&UserId) -> bool| users.iter().all(is);
        let sign = |holds: bool| if holds { "● " } else { "  " };
        let mut items = Vec::new();
        for verdict in Verdict::ALL {
            let is_so = all(&|id| held(id).and_then(|case| case.verdict) == Some(verdict));
            let change = CaseChange { verdict: Some(verdict), ..CaseChange::default() };
            let item =
                Item::new(format!("{}verdict: {}", sign(is_so), verdict.words()), verdict.meaning(), Choice::Case(Step::Change(change)));
            let told = self.told_by(verdict).map_or_else(String::new, |how| format!(" {how} the same."));
            items.push(Item { note: format!("Nothing is sent to the tenant.{told}"), ..item });
        }
        for status in Status::ALL {
            let is_so = all(&|id| held(id).and_then(|case| case.status()) == Some(status));
            let change = CaseChange { status: Some(status), ..CaseChange::default() };
            let label = format!("{}status: {}", sign(is_so), status.words());
            items.push(Item::new(label, "", Choice::Case(Step::Change(change))));
        }
        items.push(Item::new("  add a tag …", "one word", Choice::Case(Step::AddTag)));
        let mut tags: Vec<&String> = users.iter().filter_map(held).flat_map(|case| &case.tags).collect();
        tags.sort_unstable();
        tags.dedup();
        for tag in tags {
            let change = CaseChange { untag: vec![tag.clone()], ..CaseChange::default() };
            items.push(Item::new(format!("● #{tag}"), "Enter takes this tag away", Choice::Case(Step::Change(change))));
        }
        let mut menu = Menu { hint: "Enter sets it · Space sets it and stays · Esc closes", ..Menu::new("Case", items) };
        menu.about = match users.as_slice() {
            [one] => {
                let case = self.case_words(one);
                format!("{} · {}", self.whom(&users), if case.is_empty() { "nothing said yet" } else { &case })
            }
            _ => self.whom(&users),
        };
        menu.targets = users.into_iter().map(Target::User).collect();
        menu
    }

    /// What tells Entra the same as a verdict: "s (confirm user safe) tells Entra".
    fn told_by(&self, verdict: Verdict) -> Option<String> {
        let action = verdict.action()?;
        let letter = self.action_letter(action);
        let key = if letter.is_empty() { self.options.keys.hint(CommandId::Remediate) } else { letter };
        Some(format!("{key} ({}) tells Entra", action.title().to_lowercase()))
    }

    pub(super) fn choose_case(&mut self, step: Step, targets: Vec<Target>) -> Vec<Effect> {
        let users: Vec<UserId> = targets.iter().map(|target| target.id().into()).collect();
        match step {
            Step::Change(change) => self.change_cases(&users, &change),
            Step::AddTag => {
                let title = format!("Tag for {}", self.whom(&users));
                self.overlay = Some(Overlay::Typed(Typed::new(title, "Enter adds the tag · Esc leaves", What::Tag(users))));
                Vec::new()
            }
        }
    }

    /// Changes the cases that the change does change, each by an entry of its own.
    pub(super) fn change_cases(&mut self, users: &[UserId], change: &CaseChange) -> Vec<Effect> {
        if let Some(verdict) = change.verdict {
            self.verdicts_given(users, verdict);
        }
        let empty = Default::default();
        let changed = |id: &&UserId| self.ledger.case(id).unwrap_or(&empty).is_changed_by(change);
        let users: Vec<UserId> = users.iter().filter(changed).cloned().collect();
        if users.is_empty() {
            self.toasts.say("It is so already: nothing was changed.", self.now);
            return Vec::new();
        }
        // In a queue the next user comes: a key that this named would be about somebody else.
        let told = change.verdict.filter(|_| !self.queue_runs()).and_then(|verdict| self.told_by(verdict));
        let told = told.map_or_else(String::new, |how| format!(" Not sent: {how}."));
        let said = format!("{}: {}.{told}", self.whom(&users), change.words());
        let entries = users.into_iter().map(|user| Entry::Case { user, change: change.clone() }).collect();
        vec![Effect::Record { entries, said }]
    }
}

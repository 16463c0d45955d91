//! The case of a user, or of all that are marked: verdict, status and tags. Nothing of it is sent to the tenant.

use super::App;
use super::command::{CommandId, Context};
use super::format::{count, number, since};
use super::key::{Key, KeyCode};
use super::layout::Pane;
use super::msg::Effect;
use super::overlay::{Choice, Item, Menu, Overlay};
use super::typed::{Typed, What};
use crate::domain::case::{Case, CaseChange, Status, Verdict};
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

/// A verdict that is on its way into the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Awaited {
    verdict: Verdict,
    /// Whether it was given in a queue, and decides there.
    in_queue: bool,
}

/// The key that chooses a verdict in the menu of a case.
fn letter(verdict: Verdict) -> char {
    match verdict {
        Verdict::FalsePositive => 'f',
        Verdict::BenignTruePositive => 'b',
        Verdict::TruePositive => 't',
        Verdict::Undetermined => 'u',
    }
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

    /// What was made of a user so far, with the snapshot and the checklists that are open; empty where there is nothing of it.
    pub(super) fn case_words(&self, user: &UserId) -> String {
        let case = self.ledger.case(user);
        let snapshot = case.and_then(|case| case.snapshot.as_ref()).map(|of| format!("evidence set aside {}", since(of.at, self.now)));
        let open = self.ledger.open_playbooks_of(user).map(|playbook| format!("checklist {} is open", playbook.id));
        let case = case.map(Case::words).filter(|words| !words.is_empty());
        case.into_iter().chain(snapshot).chain(open).collect::<Vec<_>>().join(" · ")
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

    /// Sets what the item under the cursor says; where it stays, the menu is open for more about the same users. For more than one of
    /// them it must be chosen twice: what was said of each before is replaced.
    pub(super) fn change_from_menu(&mut self, mut menu: Menu, change: &CaseChange, asked: Option<usize>, stays: bool) -> Vec<Effect> {
        let users: Vec<UserId> = menu.targets.iter().map(|target| target.id().into()).collect();
        if users.len() > 1 && asked != Some(menu.scroll.at) {
            menu.asked = Some(menu.scroll.at);
            menu.message = Some(format!("Once more sets it: {} for {}.", change.words(), self.whom(&users)));
            self.overlay = Some(Overlay::Menu(menu));
            return Vec::new();
        }
        let effects = self.change_cases(&users, change);
        if stays {
            self.overlay = Some(Overlay::Menu(menu));
        }
        effects
    }

    /// Verdicts were given and are on their way into the journal.
    fn verdicts_given(&mut self, users: &[UserId], verdict: Verdict) {
        let in_queue = self.queue_runs();
        self.verdicts.extend(users.iter().map(|user| (user.clone(), Awaited { verdict, in_queue })));
        self.verdicts_arrived();
    }

    /// The journal changed: the verdicts that it has decide.
    pub(super) fn verdicts_arrived(&mut self) {
        let has = |user: &UserId, of: &Awaited| self.ledger.case(user).and_then(|case| case.verdict) == Some(of.verdict);
        let arrived: Vec<(UserId, Awaited)> = self.verdicts.extract_if(|user, of| has(user, of)).collect();
        for (user, of) in arrived.into_iter().filter(|(_, of)| of.in_queue) {
            self.decided_in_queue(&user, of.verdict.words());
        }
    }

    /// Entries did not come into the journal: nobody is decided by them.
    pub(super) fn verdicts_lost(&mut self, entries: &[Entry]) {
        for entry in entries {
            if let Entry::Case { user, .. } = entry {
                self.verdicts.remove(user);
            }
        }
    }

    /// Why nothing about one of these is decided now: the verdict on the way may bring the next user to the front, and what is typed
    /// ahead must not be about another user on a slow disk than on a fast one.
    pub(super) fn verdict_on_the_way(&self, mut users: impl Iterator<Item = UserId>) -> Option<String> {
        let user = users.find(|user| self.verdicts.contains_key(user))?;
        Some(format!("The verdict on {} is being saved: one moment.", self.whom(&[user])))
    }

    /// The same of those that are marked, or under the cursor.
    pub(super) fn why_wait(&self) -> Option<String> {
        // Asked for with each key: mostly, nothing is on its way.
        (!self.verdicts.is_empty()).then(|| self.verdict_on_the_way(self.users_meant().into_iter())).flatten()
    }

    /// The item of the menu that this letter chooses: a verdict. Keys of the key map come first.
    pub(super) fn verdict_of(&self, menu: &Menu, key: Key) -> Option<usize> {
        let is_of = |item: &Item| match &item.choice {
            Choice::Case(Step::Change(CaseChange { verdict: Some(verdict), .. })) => key == Key::plain(KeyCode::Char(letter(*verdict))),
            _ => false,
        };
        menu.items.iter().position(is_of).filter(|_| self.list_command(Context::List, key).is_none())
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
            let letter = letter(verdict);
            // Where the key map gives the letter something else to do here, it chooses nothing.
            let bound = self.list_command(Context::List, Key::plain(KeyCode::Char(letter))).is_some();
            let letter = if bound { ' ' } else { letter };
            let label = format!("{}{letter} verdict: {}", sign(is_so), verdict.words());
            let item = Item::new(label, verdict.meaning(), Choice::Case(Step::Change(change)));
            let told = self.told_by(verdict).map_or_else(String::new, |how| format!(" {how} the same."));
            items.push(Item { note: format!("Nothing is sent to the tenant.{told}"), ..item });
        }
        for status in Status::ALL {
            let is_so = all(&|id| held(id).and_then(|case| case.status()) == Some(status));
            let change = CaseChange { status: Some(status), ..CaseChange::default() };
            let label = format!("{}  status: {}", sign(is_so), status.words());
            items.push(Item::new(label, "", Choice::Case(Step::Change(change))));
        }
        items.push(Item::new("    add a tag …", "one word", Choice::Case(Step::AddTag)));
        let mut tags: Vec<&String> = users.iter().filter_map(held).flat_map(|case| &case.tags).collect();
        tags.sort_unstable();
        tags.dedup();
        for tag in tags {
            let change = CaseChange { untag: vec![tag.clone()], ..CaseChange::default() };
            items.push(Item::new(format!("●   #{tag}"), "Enter takes this tag away", Choice::Case(Step::Change(change))));
        }
        let mut menu = Menu { hint: "Enter or its letter sets it · Space sets it and stays · Esc closes", ..Menu::new("Case", items) };
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

    /// Asks for the tag that these users get.
    pub(super) fn ask_for_tag(&mut self, targets: Vec<Target>) -> Vec<Effect> {
        let users: Vec<UserId> = targets.iter().map(|target| target.id().into()).collect();
        let title = format!("Tag for {}", self.whom(&users));
        self.overlay = Some(Overlay::Typed(Typed::new(title, "Enter adds the tag · Esc leaves", What::Tag(users))));
        Vec::new()
    }

    /// Changes the cases that the change does change, each by an entry of its own.
    pub(super) fn change_cases(&mut self, users: &[UserId], change: &CaseChange) -> Vec<Effect> {
        if let Some(verdict) = change.verdict {
            // Of two at once, nobody could say which one the journal has last.
            if let Some(why) = self.verdict_on_the_way(users.iter().cloned()) {
                self.toasts.say(format!("{why} Nothing was changed."), self.now);
                return Vec::new();
            }
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

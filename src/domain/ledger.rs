//! What the journal adds up to: jobs, notes, cases, saved views and settings.
//!
//! The journal is the truth; this is its fold, kept in memory and never stored.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, btree_map};

use super::action::Action;
use super::case::{Case, Snapshot};
use super::journal::{CallAnswer, Entry, ItemOutcome, JobId, JobState, JournalRecord, Outcome};
use super::password::UNTOLD;
use super::plan::{Plan, PlanTarget};
use super::playbook::Playbook;
use super::records::{UserId, UserRecords};
use super::time::Timestamp;
use super::views::Views;

/// Where one target of a job stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ItemState {
    /// Not sent.
    Pending,
    /// A request with it may have been applied: read before sending again.
    MaybeSent,
    /// The tenant took it; not read back yet.
    Accepted,
    /// It came out.
    Ended(Outcome, Option<String>),
}

/// One target of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// User id, or request id for sign-in actions.
    pub id: String,
    /// Where it stands.
    pub state: ItemState,
}

/// A confirmed plan on its way.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// Number.
    pub id: JobId,
    /// The plan.
    pub plan: Plan,
    /// When it was confirmed.
    pub created_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Whether it ended, and how.
    pub state: JobState,
    /// The targets that are acted on, in the plan's order.
    pub items: Vec<Item>,
    /// Number that the next request gets.
    pub next_call: u32,
    /// Answers that say more than that the tenant took a target, by its position.
    remarks: HashMap<usize, CallAnswer>,
    /// Positions of users whose temporary password was told.
    told: HashSet<usize>,
    /// Those of them whose password is, as far as the journal knows, still on a screen.
    on_screen: HashSet<usize>,
    /// When the last request with a target was about to leave, by its position and this machine's clock.
    sent: HashMap<usize, Timestamp>,
    calls: HashMap<u32, Vec<usize>>,
    positions: HashMap<String, usize>,
}

/// A job in numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Targets that are acted on.
    pub total: usize,
    /// Not sent yet.
    pub pending: usize,
    /// Perhaps sent: the answer is missing.
    pub maybe_sent: usize,
    /// Taken by the tenant, not read back yet.
    pub accepted: usize,
    /// Read back as promised.
    pub verified: usize,
    /// Read back otherwise.
    pub diverged: usize,
    /// Refused by the tenant.
    pub failed: usize,
    /// No longer held when their turn came.
    pub skipped: usize,
    /// Taken, but never seen in the promised state.
    pub unverified: usize,
}

impl Tally {
    /// So many targets, by where they stand.
    pub fn of<'a>(states: impl IntoIterator<Item = &'a ItemState>) -> Self {
        let mut tally = Tally::default();
        for state in states {
            tally.total += 1;
            match state {
                ItemState::Pending => tally.pending += 1,
                ItemState::MaybeSent => tally.maybe_sent += 1,
                ItemState::Accepted => tally.accepted += 1,
                ItemState::Ended(Outcome::Verified, _) => tally.verified += 1,
                ItemState::Ended(Outcome::Diverged, _) => tally.diverged += 1,
                ItemState::Ended(Outcome::Failed, _) => tally.failed += 1,
                ItemState::Ended(Outcome::Skipped, _) => tally.skipped += 1,
                ItemState::Ended(Outcome::Unverified, _) => tally.unverified += 1,
            }
        }
        tally
    }

    /// Adds the numbers of another.
    pub fn add(&mut self, other: &Tally) {
        self.total += other.total;
        self.pending += other.pending;
        self.maybe_sent += other.maybe_sent;
        self.accepted += other.accepted;
        self.verified += other.verified;
        self.diverged += other.diverged;
        self.failed += other.failed;
        self.skipped += other.skipped;
        self.unverified += other.unverified;
    }

    /// Whether every target was verified.
    pub fn all_verified(&self) -> bool {
        self.verified == self.total
    }
}

impl Job {
    fn new(id: JobId, plan: Plan, created_at: Timestamp) -> Self {
        let items: Vec<Item> = plan.included().map(|target| Item { id: target.id.clone(), state: ItemState::Pending }).collect();
        let positions = items.iter().enumerate().map(|(position, item)| (item.id.clone(), position)).collect();
        Job {
            id,
            plan,
            created_at,
            ended_at: None,
            state: JobState::Open,
            items,
            next_call: 1,
            remarks: HashMap::new(),
            told: HashSet::new(),
            on_screen: HashSet::new(),
            sent: HashMap::new(),
            calls: HashMap::new(),
            positions,
        }
    }

    /// The job in numbers.
    pub fn tally(&self) -> Tally {
        Tally::of(self.items.iter().map(|item| &item.state))
    }

    /// Where a target stands.
    pub fn item(&self, id: &str) -> Option<&Item> {
        self.positions.get(id).and_then(|position| self.items.get(*position))
    }

    /// What the tenant said of a target besides taking it: that it took only part of the request, or that somebody else was there.
    pub fn remark(&self, id: &str) -> Option<&CallAnswer> {
        self.positions.get(id).and_then(|position| self.remarks.get(position))
    }

    /// When the last request with a target was about to leave, by this machine's clock.
    pub fn sent_at(&self, id: &str) -> Option<Timestamp> {
        self.positions.get(id).and_then(|position| self.sent.get(position)).copied()
    }

    /// Whether the temporary password of a target was told, whatever became of it.
    pub fn is_told(&self, id: &str) -> bool {
        let Some(position) = self.positions.get(id) else { return false };
        // Journals of before telling had an entry say it by how the user came out.
        let by_outcome = matches!(self.items.get(*position).map(|item| &item.state),
            Some(ItemState::Ended(Outcome::Verified | Outcome::Unverified | Outcome::Diverged, because)) if because.as_deref() != Some(UNTOLD));
        self.told.contains(position) || (by_outcome && self.plan.action == Action::GenerateTemporaryPassword)
    }

    /// Targets whose temporary password was told and, as far as the journal knows, is still on a screen.
    pub fn passwords_on_screen(&self) -> impl Iterator<Item = &PlanTarget> {
        // The items, whose positions these are, are in the plan's order.
        let shown = self.plan.included().enumerate().filter(|(position, _)| self.on_screen.contains(position));
        shown.map(|(_, target)| target)
    }

    /// Ids of the targets for which this holds.
    pub fn ids_where(&self, holds: impl Fn(&ItemState) -> bool) -> Vec<String> {
        self.items.iter().filter(|item| holds(&item.state)).map(|item| item.id.clone()).collect()
    }

    fn set(&mut self, position: usize, state: ItemState) {
        if let Some(item) = self.items.get_mut(position) {
            item.state = state;
        }
    }

    fn intent(&mut self, call: u32, ids: &[String], at: Timestamp) {
        let positions: Vec<usize> = ids.iter().filter_map(|id| self.positions.get(id).copied()).collect();
        for position in &positions {
            self.set(*position, ItemState::MaybeSent);
            self.sent.insert(*position, at);
            // Each request of a password has a new one.
            self.told.remove(position);
        }
        self.calls.insert(call, positions);
        self.next_call = self.next_call.max(call + 1);
    }

    fn answered(&mut self, call: u32, answer: &CallAnswer) {
        let state = match answer {
            CallAnswer::Accepted => ItemState::Accepted,
            CallAnswer::Contested { .. } | CallAnswer::Partly { .. } => ItemState::Accepted,
            CallAnswer::Rejected { .. } | CallAnswer::Throttled { .. } | CallAnswer::NotSent { .. } => ItemState::Pending,
            CallAnswer::Unknown { .. } => return,
        };
        for position in self.calls.remove(&call).unwrap_or_default() {
            if matches!(answer, CallAnswer::Contested { .. } | CallAnswer::Partly { .. }) {
                self.remarks.insert(position, answer.clone());
            } else {
                self.remarks.remove(&position);
            }
            self.set(position, state.clone());
        }
    }

    fn not_applied(&mut self, ids: &[String]) {
        for id in ids {
            if let Some(position) = self.positions.get(id).copied() {
                self.set(position, ItemState::Pending);
                // Whoever was told a password that was not set holds nothing.
                self.told.remove(&position);
            }
        }
    }

    fn outcomes(&mut self, items: &[ItemOutcome]) {
        for item in items {
            if let Some(position) = self.positions.get(&item.id).copied() {
                self.set(position, ItemState::Ended(item.outcome, item.because.clone()));
            }
        }
    }
}

/// A note on a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub operator: String,
    /// What. Text of the operator, but shown with the same care as the tenant's.
    pub text: String,
}

/// The journal, added up.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Ledger {
    jobs: BTreeMap<JobId, Job>,
    /// The jobs that act on each target, by its id.
    by_target: HashMap<String, Vec<JobId>>,
    playbooks: BTreeMap<JobId, Playbook>,
    notes: HashMap<UserId, Vec<Note>>,
    cases: HashMap<UserId, Case>,
    views: Views,
    settings: BTreeMap<String, String>,
    operators: BTreeSet<String>,
}

impl Ledger {
    /// The journal, added up.
    pub fn fold<'a>(records: impl IntoIterator<Item = &'a JournalRecord>) -> Self {
        let mut ledger = Ledger::default();
        for record in records {
            ledger.apply(record);
        }
        ledger
    }

    /// Adds one record.
    pub fn apply(&mut self, record: &JournalRecord) {
        if !self.operators.contains(&record.operator) {
            self.operators.insert(record.operator.clone());
        }
        match &record.entry {
            Entry::JobConfirmed { job, plan, .. } => {
                if let Some(playbook) = plan.playbook.and_then(|id| self.playbooks.get_mut(&id)) {
                    // What was left out and is taken up after all is left out no more.
                    playbook.skipped.retain(|(step, _)| *step != plan.action);
                    playbook.jobs.push((plan.action, *job));
                }
                // A number stands for one job: a second confirmation of it would forget what was sent for the first.
                if let btree_map::Entry::Vacant(place) = self.jobs.entry(*job) {
                    let job = place.insert(Job::new(*job, (**plan).clone(), record.at));
                    for item in &job.items {
                        self.by_target.entry(item.id.clone()).or_default().push(job.id);
                    }
                }
            }
            Entry::PlaybookStarted { playbook: id, plan, steps_confirmed } => {
                self.playbooks.entry(*id).or_insert_with(|| Playbook {
                    id: *id,
                    plan: (**plan).clone(),
                    steps_confirmed: *steps_confirmed,
                    created_at: record.at,
                    ended_at: None,
                    state: JobState::Open,
                    skipped: Vec::new(),
                    jobs: Vec::new(),
                });
            }
            Entry::StepSkipped { playbook, step, because } => {
                if let Some(playbook) = self.playbooks.get_mut(playbook) {
                    playbook.skipped.push((*step, because.clone()));
                }
            }
            Entry::PlaybookEnded { playbook, state } => {
                if let Some(playbook) = self.playbooks.get_mut(playbook) {
                    playbook.state = *state;
                    playbook.ended_at = Some(record.at);
                }
            }
            Entry::Intent { job, call, ids } => self.with(*job, |job| job.intent(*call, ids, record.at)),
            Entry::Answered { job, call, answer } => self.with(*job, |job| job.answered(*call, answer)),
            Entry::PasswordsTold { job, ids } => self.with(*job, |job| {
                let positions: Vec<usize> = ids.iter().filter_map(|id| job.positions.get(id).copied()).collect();
                job.told.extend(&positions);
                job.on_screen.extend(&positions);
            }),
            Entry::PasswordsClosed { job, ids, .. } => self.with(*job, |job| {
                for position in ids.iter().filter_map(|id| job.positions.get(id)) {
                    job.on_screen.remove(position);
                }
            }),
            Entry::NotApplied { job, ids } => self.with(*job, |job| job.not_applied(ids)),
            Entry::Outcomes { job, items } => self.with(*job, |job| job.outcomes(items)),
            Entry::JobEnded { job, state } => self.with(*job, |job| {
                job.state = *state;
                job.ended_at = Some(record.at);
            }),
            Entry::Note { user, text } => {
                let note = Note { at: record.at, operator: record.operator.clone(), text: text.clone() };
                self.notes.entry(user.clone()).or_default().push(note);
            }
            Entry::Case { user, change } => self.cases.entry(user.clone()).or_default().change(change, record.at, &record.operator),
            Entry::Snapshot { users, folder, .. } => {
                for user in users {
                    let snapshot = Snapshot { at: record.at, folder: folder.clone() };
                    self.cases.entry(user.clone()).or_default().snapshot = Some(snapshot);
                }
            }
            Entry::ViewSaved { view } => self.views.save(view.clone()),
            Entry::ViewRemoved { name } => self.views.remove(name),
            Entry::Setting { name, value } => {
                self.settings.insert(name.clone(), value.clone());
            }
            Entry::JobResumed { .. } | Entry::Imported { .. } | Entry::Repaired { .. } | Entry::Unknown => {}
        }
    }

    fn with(&mut self, id: JobId, change: impl FnOnce(&mut Job)) {
        if let Some(job) = self.jobs.get_mut(&id) {
            change(job);
        }
    }

    /// The jobs that act on this target, in the order in which they were confirmed, with where it stands in each.
    pub fn jobs_on(&self, id: &str) -> impl Iterator<Item = (&Job, &Item)> {
        let jobs = self.by_target.get(id).into_iter().flatten().filter_map(|job| self.jobs.get(job));
        jobs.filter_map(move |job| Some((job, job.item(id)?)))
    }

    /// All jobs, oldest first.
    pub fn jobs(&self) -> impl DoubleEndedIterator<Item = &Job> {
        self.jobs.values()
    }

    /// One job.
    pub fn job(&self, id: JobId) -> Option<&Job> {
        self.jobs.get(&id)
    }

    /// Jobs that have not ended.
    pub fn open_jobs(&self) -> impl Iterator<Item = &Job> {
        self.jobs.values().filter(|job| job.state == JobState::Open)
    }

    /// All playbooks, oldest first.
    pub fn playbooks(&self) -> impl DoubleEndedIterator<Item = &Playbook> {
        self.playbooks.values()
    }

    /// One playbook.
    pub fn playbook(&self, id: JobId) -> Option<&Playbook> {
        self.playbooks.get(&id)
    }

    /// The number that the next job or playbook gets.
    pub fn next_job(&self) -> JobId {
        let last = self.jobs.keys().next_back().max(self.playbooks.keys().next_back());
        JobId(last.map_or(1, |id| id.0 + 1))
    }

    /// When a password change was last required of a user, and verified to be.
    pub fn password_change_required(&self, user: &UserId) -> Option<Timestamp> {
        let mut required = self.jobs.values().rev().filter(|job| job.plan.action == Action::RequirePasswordChange);
        let verified =
            |job: &&Job| job.item(user.as_str()).is_some_and(|item| matches!(item.state, ItemState::Ended(Outcome::Verified, _)));
        // As it was sent: while others of a large job still are, the user may have changed it.
        required.find(verified).and_then(|job| job.sent_at(user.as_str()).or(job.ended_at))
    }

    /// Whether a password change that was required of a user is not done yet, by the directory, else by this journal; `None` where neither
    /// tells.
    pub fn password_change_pending(&self, records: &UserRecords) -> Option<bool> {
        let directory = &records.directory;
        let by_journal = || Some(directory.last_password_change_date_time? < self.password_change_required(records.id())?);
        directory.password_change_required.or_else(by_journal)
    }

    /// The open playbooks that have something left to do for a user.
    pub fn open_playbooks_of(&self, user: &UserId) -> impl Iterator<Item = &Playbook> {
        let concerns = move |playbook: &&Playbook| {
            let includes = || playbook.plan.included().any(|target| target.id == user.as_str());
            playbook.state == JobState::Open && includes() && !playbook.is_over_for(user.as_str(), self)
        };
        self.playbooks().filter(concerns)
    }

    /// Notes on a user, oldest first.
    pub fn notes(&self, user: &UserId) -> &[Note] {
        self.notes.get(user).map_or(&[], Vec::as_slice)
    }

    /// What operators made of a user; `None` where nobody said anything.
    pub fn case(&self, user: &UserId) -> Option<&Case> {
        self.cases.get(user)
    }

    /// Everybody who wrote into the journal. Hostile text, where the journal came from elsewhere.
    pub fn operators(&self) -> impl Iterator<Item = &str> {
        self.operators.iter().map(String::as_str)
    }

    /// The saved views.
    pub fn views(&self) -> &Views {
        &self.views
    }

    /// A setting of the workspace.
    pub fn setting(&self, name: &str) -> Option<&str> {
        self.settings.get(name).map(String::as_str)
    }

    /// All settings that were made.
    pub fn settings(&self) -> impl Iterator<Item = (&str, &str)> {
        self.settings.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::action::Action;
    use crate::domain::case::{CaseChange, Status};
    use crate::domain::dataset::Dataset;
    use crate::domain::fixture;
    use crate::domain::journal::{Head, encode};
    use crate::domain::plan::{Access, PlanContext, Target};
    use crate::domain::views::View;

    fn plan() -> Plan {
        let dataset: Dataset = ["a", "b", "c"].map(|id| fixture::risky_user(id, "unfamiliarFeatures")).into_iter().collect();
        let targets: Vec<Target> = dataset.users().iter().map(|records| Target::User(records.id().clone())).collect();
        let context =
            PlanContext { reason: "test".to_owned(), read_back_page: 500, ..PlanContext::new("me", Access::ReadWrite, fixture::now()) };
        Plan::compute(Action::DismissUserRisk, &targets, &dataset, &context)
    }

    fn ledger(entries: Vec<Entry>) -> Ledger {
        let mut head = Head::default();
        let records: Vec<JournalRecord> = entries
            .into_iter()
            .map(|entry| {
                let (record, _, next) = encode(&head, fixture::now(), "me", entry).unwrap();
                head = next;
                record
            })
            .collect();
        Ledger::fold(&records)
    }

    fn ids(ids: &[&str]) -> Vec<String> {
        ids.iter().map(|id| (*id).to_owned()).collect()
    }

    #[test]
    fn a_required_password_change_is_pending_until_it_is_done_also_while_the_job_goes_on() {
        let job = JobId(1);
        let plan = Plan { action: Action::RequirePasswordChange, ..plan() };
        let verified = |id: &str| ItemOutcome { id: id.to_owned(), outcome: Outcome::Verified, because: None };
        let ledger = ledger(vec![
            Entry::JobConfirmed { job, plan: Box::new(plan), hold_seconds: 0 },
            Entry::Intent { job, call: 1, ids: ids(&["a"]) },
            Entry::Answered { job, call: 1, answer: CallAnswer::Accepted },
            Entry::Outcomes { job, items: vec![verified("a")] },
        ]);
        let mut records = fixture::risky_user("a", "unfamiliarFeatures");
        let pending = |records: &UserRecords| ledger.password_change_pending(records);
        assert_eq!((pending(&records), pending(&fixture::risky_user("b", "x"))), (None, None), "when it was changed was not read");
        let hours = |hours| Some(Timestamp(fixture::now().0 + chrono::TimeDelta::hours(hours)));
        for (changed, told) in [(hours(-1), Some(true)), (hours(1), Some(false))] {
            records.directory.last_password_change_date_time = changed;
            assert_eq!(pending(&records), told);
        }
        records.directory.password_change_required = Some(true);
        assert_eq!(pending(&records), Some(true), "the directory knows best");
    }

    #[test]
    fn an_intent_without_an_answer_may_have_been_sent() {
        let job = JobId(1);
        let ledger = ledger(vec![
            Entry::JobConfirmed { job, plan: Box::new(plan()), hold_seconds: 0 },
            Entry::Intent { job, call: 1, ids: ids(&["a"]) },
            Entry::Answered { job, call: 1, answer: CallAnswer::Accepted },
            Entry::Intent { job, call: 2, ids: ids(&["b"]) },
        ]);
        let job = ledger.job(job).unwrap();
        let states: Vec<_> = job.items.iter().map(|item| item.state.clone()).collect();
        assert_eq!(states, [ItemState::Accepted, ItemState::MaybeSent, ItemState::Pending]);
        assert_eq!((job.next_call, job.state), (3, JobState::Open));
        assert_eq!(ledger.next_job(), JobId(2));
    }

    #[test]
    fn a_refused_request_leaves_its_targets_to_be_sent() {
        let job = JobId(1);
        let ledger = ledger(vec![
            Entry::JobConfirmed { job, plan: Box::new(plan()), hold_seconds: 0 },
            Entry::Intent { job, call: 1, ids: ids(&["a", "b"]) },
            Entry::Answered { job, call: 1, answer: CallAnswer::Rejected { message: "400".to_owned() } },
            Entry::Outcomes { job, items: vec![ItemOutcome { id: "b".to_owned(), outcome: Outcome::Failed, because: None }] },
            Entry::JobEnded { job, state: JobState::Cancelled },
        ]);
        let tally = ledger.job(job).unwrap().tally();
        assert_eq!((tally.total, tally.pending, tally.failed), (3, 2, 1));
        assert_eq!(ledger.open_jobs().count(), 0);
    }

    #[test]
    fn cases_snapshots_and_views_add_up() {
        let closed = CaseChange { status: Some(Status::Closed), ..CaseChange::default() };
        let view = View { name: "mine".to_owned(), query: "level:low".to_owned(), sort: None, key: Some(9) };
        let ledger = ledger(vec![
            Entry::Case { user: "a".into(), change: closed },
            Entry::Snapshot {
                users: ids(&["a", "b"]).iter().map(|id| id.as_str().into()).collect(),
                folder: "/s".to_owned(),
                manifest: "0".to_owned(),
            },
            Entry::ViewSaved { view: view.clone() },
            Entry::ViewRemoved { name: "expiring".to_owned() },
        ]);
        let case = |id: &str| ledger.case(&id.into()).unwrap();
        assert_eq!((case("a").status(), case("b").status()), (Some(Status::Closed), None), "a snapshot opens no case");
        assert_eq!(case("b").snapshot.as_ref().unwrap().folder, "/s");
        assert!(ledger.case(&"c".into()).is_none());
        assert_eq!((ledger.views().on_key(9), ledger.views().find("expiring")), (Some(&view), None));
    }

    #[test]
    fn notes_and_settings_add_up() {
        let ledger = ledger(vec![
            Entry::Note { user: "a".into(), text: "called the user".to_owned() },
            Entry::Setting { name: "writable".to_owned(), value: "true".to_owned() },
            Entry::Setting { name: "writable".to_owned(), value: "false".to_owned() },
        ]);
        assert_eq!(ledger.notes(&"a".into())[0].text, "called the user");
        assert_eq!(ledger.setting("writable"), Some("false"));
    }
}

//! The engine over a scripted tenant and a store in memory, with time that only moves while all wait.

mod accounts;
mod evidence;
mod playbooks;

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use chrono::TimeDelta;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio_util::sync::CancellationToken;

use super::{Engine, EngineError, EngineEvent, JobReport};
use crate::clock::Clock;
use crate::domain::action::{Action, Aim};
use crate::domain::dataset::Dataset;
use crate::domain::fixture;
use crate::domain::job_event::What;
use crate::domain::journal::{CallAnswer, Entry, Head, JobId, JobState, JournalRecord, Outcome};
use crate::domain::ledger::{Item, ItemState, Ledger};
use crate::domain::permission::Holder;
use crate::domain::plan::{Access, Answer, Confirmed, Plan, PlanContext, Target};
use crate::domain::policy::TenantFacts;
use crate::domain::records::{Record, SignInId, UserId, UserRecords};
use crate::domain::risk::{RiskLevel, RiskState};
use crate::domain::sync::SyncState;
use crate::domain::time::Timestamp;
use crate::domain::transition::{Cause, Scope, apply};
use crate::store::{Damage, MemoryStore, Store, StoreError};
use crate::tenant::pace::{Pacer, Urgency};
use crate::tenant::{Call, Gate, Limits, Missing, Page, Tenant, TenantError};

/// What the next write request meets.
#[derive(Clone, Copy, PartialEq)]
enum Meets {
    Throttle,
    NoEffect,
    LostAfter,
    /// The answer is lost, and the change is seen only by the third read.
    LostAndLate,
    LostBefore,
    Unreachable,
    Processing,
    /// Somebody else changes the same thing, too.
    Contest,
    /// A password that is set, while the risk stays open.
    RiskLate,
    /// A confirmed compromise whose level rises later.
    LevelLate,
}

/// A tenant that does as the script says, then as the transition table says.
struct Scripted {
    users: Mutex<HashMap<UserId, UserRecords>>,
    script: Mutex<VecDeque<Meets>>,
    poisoned: HashSet<String>,
    calls: Mutex<Vec<Vec<String>>>,
    /// Passwords that were asked for, in order.
    passwords: Mutex<Vec<String>>,
    cancel_at_call: Option<(usize, CancellationToken)>,
    close_at_call: Option<(usize, Arc<AtomicBool>)>,
    late: Mutex<Option<(u32, Call)>>,
    throttled_reads: Mutex<u32>,
    unreachable_reads: Mutex<u32>,
    /// So many times what was changed cannot be read back.
    unreachable_reads_back: Mutex<u32>,
    asked_for_changes: Mutex<u32>,
    /// Whether what users have cannot be reached.
    unreachable_looks: AtomicBool,
    /// Whether the answer is lost that tells what users have.
    lost_looks: AtomicBool,
    /// The same for one user alone.
    lost_look_of: Mutex<Option<UserId>>,
    /// Whether accounts may not be read.
    denied_accounts: bool,
    /// How far the tenant's clock is ahead of this machine's.
    ahead: TimeDelta,
    pacer: Pacer,
    clock: Clock,
}

impl Scripted {
    fn new(count: usize) -> Self {
        let users = (0..count).map(|index| fixture::risky_user(&format!("u{index:04}"), "unfamiliarFeatures"));
        Scripted {
            users: Mutex::new(users.map(|records| (records.id().clone(), records)).collect()),
            script: Mutex::default(),
            poisoned: HashSet::new(),
            calls: Mutex::default(),
            passwords: Mutex::default(),
            cancel_at_call: None,
            close_at_call: None,
            late: Mutex::default(),
            throttled_reads: Mutex::default(),
            unreachable_reads: Mutex::default(),
            unreachable_reads_back: Mutex::default(),
            asked_for_changes: Mutex::default(),
            unreachable_looks: AtomicBool::default(),
            lost_looks: AtomicBool::default(),
            lost_look_of: Mutex::default(),
            denied_accounts: false,
            ahead: TimeDelta::zero(),
            pacer: Pacer::new(Some(1.0), Clock::starting_at(fixture::now())),
            clock: Clock::starting_at(fixture::now()),
        }
    }

    fn meeting(self, script: &[Meets]) -> Self {
        self.script.lock().unwrap().extend(script);
        self
    }

    fn dataset(&self) -> Dataset {
        let mut users: Vec<UserRecords> = self.users.lock().unwrap().values().cloned().collect();
        users.sort_by(|a, b| a.id().cmp(b.id()));
        users.into_iter().collect()
    }

    /// Changes a user behind the engine's back.
    fn change(&self, id: &str, change: impl Fn(&mut UserRecords)) {
        change(self.users.lock().unwrap().get_mut(&UserId::from(id)).unwrap());
    }

    fn set_level(&self, level: RiskLevel) {
        self.users.lock().unwrap().values_mut().for_each(|records| records.user.risk_level = Some(level.clone()));
    }

    fn apply(&self, call: &Call) {
        let cause = Cause { at: self.by_its_clock(self.clock.now()), initiated_by: Some(call.operator.clone()) };
        for records in self.users.lock().unwrap().values_mut() {
            let Some(event) = call.action.event() else {
                if call.ids.iter().any(|id| id == records.id().as_str()) {
                    accounts::change(call, records, &cause);
                }
                continue;
            };
            match event.row().scope {
                Scope::User if call.ids.iter().any(|id| id == records.id().as_str()) => apply(event, records, &[], &cause),
                Scope::SignIn => {
                    let ids: Vec<SignInId> =
                        call.ids.iter().map(|id| id.as_str().into()).filter(|id| records.sign_in(id).is_some()).collect();
                    if !ids.is_empty() {
                        apply(event, records, &ids, &cause);
                    }
                }
                Scope::User => {}
            }
        }
    }
}

#[async_trait]
impl Tenant for Scripted {
    fn limits(&self) -> Limits {
        Limits { requests_per_second: Some(1.0), read_back_page: 500, read_back_batch: 500 }
    }

    fn access(&self) -> Access {
        Access::ReadWrite
    }

    async fn act(&self, call: &Call) -> Result<(), TenantError> {
        let number = {
            let mut calls = self.calls.lock().unwrap();
            calls.push(call.ids.clone());
            self.passwords.lock().unwrap().extend(call.password.iter().map(|password| password.expose().to_owned()));
            calls.len()
        };
        if let Some((at, token)) = &self.cancel_at_call
            && *at == number
        {
            token.cancel();
        }
        if let Some((at, open)) = &self.close_at_call
            && *at == number
        {
            open.store(false, Ordering::SeqCst);
        }
        if call.ids.iter().any(|id| self.poisoned.contains(id)) {
            return Err(TenantError::Rejected { status: 400, code: "BadRequest".to_owned(), message: "invalid".to_owned() });
        }
        let lost = || TenantError::Lost { message: "connection reset".to_owned() };
        let meets = self.script.lock().unwrap().pop_front();
        match meets {
            Some(Meets::RiskLate) if call.password.is_none() => self.script.lock().unwrap().push_front(Meets::RiskLate),
            Some(Meets::Throttle) => return Err(TenantError::Throttled { retry_after: None }),
            Some(Meets::LostBefore) => return Err(lost()),
            Some(Meets::Unreachable) => return Err(TenantError::Unreachable { message: "no route".to_owned() }),
            Some(Meets::NoEffect) => return Ok(()),
            Some(Meets::LostAndLate) => {
                *self.late.lock().unwrap() = Some((3, call.clone()));
                return Err(lost());
            }
            Some(Meets::LostAfter) => {
                self.apply(call);
                return Err(lost());
            }
            Some(Meets::Contest) => {
                self.apply(call);
                return Err(TenantError::Contested { message: "it now leaves out lee; look at it again".to_owned() });
            }
            Some(Meets::RiskLate) => {
                let now = self.by_its_clock(self.clock.now());
                call.ids.iter().for_each(|id| self.change(id, |records| records.directory.last_password_change_date_time = Some(now)));
                return Ok(());
            }
            Some(Meets::LevelLate) => {
                self.apply(call);
                self.set_level(RiskLevel::Low);
                return Ok(());
            }
            Some(Meets::Processing) => {
                for id in &call.ids {
                    if let Some(records) = self.users.lock().unwrap().get_mut(&UserId::from(id.as_str())) {
                        records.user.is_processing = Some(true);
                    }
                }
                return Ok(());
            }
            None => {}
        }
        self.apply(call);
        Ok(())
    }

    fn changes_since(&self, _at: Timestamp) -> Option<String> {
        None
    }

    async fn turn(&self, _action: Action) -> Result<(), TenantError> {
        self.pacer.turn(Urgency::Acting).await;
        Ok(())
    }

    async fn changes_of(&self, users: &[UserId], _since: Option<Timestamp>) -> Result<(Vec<Record>, Option<TenantError>), TenantError> {
        self.pacer.turn(Urgency::Acting).await;
        let left = *self.unreachable_reads.lock().unwrap();
        if left > 0 {
            *self.unreachable_reads.lock().unwrap() = left - 1;
            return Err(TenantError::Unreachable { message: "no route".to_owned() });
        }
        *self.asked_for_changes.lock().unwrap() += 1;
        let held = self.users.lock().unwrap();
        let records = users.iter().filter_map(|id| held.get(id)).map(|records| Record::User(records.user.clone()));
        Ok((records.collect(), None))
    }

    async fn accounts(&self, users: &[UserId]) -> Result<Vec<Record>, TenantError> {
        if self.denied_accounts {
            let (code, message) = ("Authorization_RequestDenied".to_owned(), "no".to_owned());
            return Err(TenantError::Denied { status: 403, code, message, missing: Missing::Scope });
        }
        let held = self.users.lock().unwrap();
        let read = users.iter().filter_map(|id| held.get(id)).flat_map(|records| {
            let id = records.id().clone();
            let presence = Record::presence(id.clone(), records.user.is_deleted == Some(true));
            [presence, Record::Directory(id, records.directory.clone())]
        });
        Ok(read.collect())
    }

    fn by_its_clock(&self, at: Timestamp) -> Timestamp {
        Timestamp(at.0 + self.ahead)
    }

    async fn look(&self, user: &UserId) -> Result<Vec<Record>, TenantError> {
        if self.unreachable_looks.load(Ordering::SeqCst) {
            return Err(TenantError::Unreachable { message: "no route".to_owned() });
        }
        if self.lost_looks.load(Ordering::SeqCst) || self.lost_look_of.lock().unwrap().as_ref() == Some(user) {
            return Err(TenantError::Lost { message: "connection reset".to_owned() });
        }
        self.read_back(Action::DismissUserRisk, &[Target::User(user.clone())], None).await
    }

    async fn find(&self, _name: &str) -> Result<Vec<Record>, TenantError> {
        Ok(Vec::new())
    }

    fn holder(&self) -> Option<Holder> {
        None
    }

    async fn read_back(&self, _action: Action, targets: &[Target], _since: Option<Timestamp>) -> Result<Vec<Record>, TenantError> {
        self.pacer.turn(Urgency::Acting).await;
        let unreachable = std::mem::replace(&mut *self.unreachable_reads_back.lock().unwrap(), 0);
        if unreachable > 0 {
            *self.unreachable_reads_back.lock().unwrap() = unreachable - 1;
            return Err(TenantError::Unreachable { message: "no route".to_owned() });
        }
        let throttled = std::mem::replace(&mut *self.throttled_reads.lock().unwrap(), 0);
        if throttled > 0 {
            *self.throttled_reads.lock().unwrap() = throttled - 1;
            return Err(TenantError::Throttled { retry_after: None });
        }
        let mut late = self.late.lock().unwrap();
        if let Some((reads, call)) = late.take() {
            if reads == 1 {
                self.apply(&call);
            } else {
                *late = Some((reads - 1, call));
            }
        }
        drop(late);
        let users = self.users.lock().unwrap();
        let wanted: HashSet<&str> = targets.iter().map(Target::id).collect();
        let found = users.values().filter(|records| {
            wanted.contains(records.id().as_str()) || records.sign_ins.iter().any(|sign_in| wanted.contains(sign_in.id.as_str()))
        });
        let records = found.cloned().flat_map(|records| {
            let detections = records.detections.into_iter().map(Record::Detection);
            let sign_ins = records.sign_ins.into_iter().map(|sign_in| Record::SignIn(Box::new(sign_in)));
            let devices = records.devices.map(|devices| Record::Devices(records.user.id.clone(), devices));
            let account = Record::Directory(records.user.id.clone(), records.directory);
            [Record::User(records.user), account].into_iter().chain(devices).chain(detections).chain(sign_ins).collect::<Vec<_>>()
        });
        Ok(records.collect())
    }

    async fn page(&self, _cursor: Option<&str>) -> Result<Page, TenantError> {
        Ok(Page::default())
    }
}

/// An engine, what it stands on, and what it tells.
struct Bench {
    tenant: Arc<Scripted>,
    store: Arc<MemoryStore>,
    engine: Engine,
    cancel: CancellationToken,
    events: tokio::sync::mpsc::UnboundedSender<EngineEvent>,
    told: UnboundedReceiver<EngineEvent>,
}

fn bench(tenant: Scripted) -> Bench {
    let tenant = Arc::new(tenant);
    let store = Arc::new(MemoryStore::new());
    store.put(tenant.dataset().users()).unwrap();
    let (events, told) = unbounded_channel();
    let engine = Engine::new(store.clone(), tenant.clone(), Clock::starting_at(fixture::now()), "me".to_owned());
    Bench { tenant, store, engine, cancel: CancellationToken::new(), events, told }
}

fn confirmed(action: Action, dataset: &Dataset) -> Confirmed {
    let targets: Vec<Target> = match action.aim() {
        Aim::User => dataset.users().iter().map(|records| Target::User(records.id().clone())).collect(),
        Aim::SignIn => dataset.sign_ins().map(|(_, sign_in)| Target::SignIn(sign_in.id.clone())).collect(),
        Aim::Policy | Aim::Address => Vec::new(),
    };
    let context = PlanContext {
        reason: "test".to_owned(),
        requests_per_second: Some(1.0),
        read_back_page: 500,
        ..PlanContext::new("me", Access::ReadWrite, fixture::now())
    };
    let plan = Plan::compute(action, &targets, dataset, &context);
    let count = plan.included_count();
    plan.confirm(Answer::Number(count)).unwrap()
}

impl Bench {
    async fn run(&mut self, action: Action) -> Result<JobReport, EngineError> {
        let plan = confirmed(action, &self.tenant.dataset());
        self.engine.run(&plan, Duration::ZERO, &self.cancel, &self.events).await
    }

    fn calls(&self) -> Vec<usize> {
        self.tenant.calls.lock().unwrap().iter().map(Vec::len).collect()
    }

    fn told(&mut self) -> Vec<What> {
        let mut told = Vec::new();
        while let Ok(event) = self.told.try_recv() {
            if let EngineEvent::Job(event) = event {
                told.push(event.what);
            }
        }
        told
    }

    fn state(&self, id: &str) -> Option<RiskState> {
        self.store.user(&id.into()).unwrap().unwrap().user.risk_state
    }
}

#[tokio::test(start_paused = true)]
async fn many_users_go_in_batches_of_sixty_and_are_read_back_together() {
    let mut bench = bench(Scripted::new(130));
    let report = bench.run(Action::DismissUserRisk).await.unwrap();
    assert_eq!((report.state, report.tally.verified, report.tally.total), (JobState::Done, 130, 130));
    assert_eq!(bench.calls(), [60, 60, 10]);
    assert_eq!(bench.state("u0129"), Some(RiskState::Dismissed));
    assert_eq!(bench.store.user(&"u0000".into()).unwrap().unwrap().detections[0].risk_state, Some(RiskState::Dismissed));
}

#[tokio::test(start_paused = true)]
async fn every_verb_ends_verified() {
    for action in Action::feedback() {
        let mut bench = bench(Scripted::new(3));
        let report = bench.run(action).await.unwrap();
        assert!(report.tally.all_verified(), "{action}: {report:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_intent_is_in_the_journal_before_its_answer_and_nothing_is_sent_twice() {
    let mut bench = bench(Scripted::new(61));
    bench.run(Action::DismissUserRisk).await.unwrap();
    let kinds: Vec<&str> = bench
        .store
        .journal()
        .unwrap()
        .iter()
        .map(|record| match record.entry {
            Entry::JobConfirmed { .. } => "confirmed",
            Entry::Intent { .. } => "intent",
            Entry::Answered { .. } => "answered",
            Entry::Outcomes { .. } => "outcomes",
            Entry::JobEnded { .. } => "ended",
            _ => "other",
        })
        .collect();
    assert_eq!(kinds, ["confirmed", "intent", "answered", "intent", "answered", "outcomes", "ended"]);
    let sent: Vec<String> = bench.tenant.calls.lock().unwrap().concat();
    assert_eq!(sent.iter().collect::<HashSet<_>>().len(), sent.len());
}

#[tokio::test(start_paused = true)]
async fn a_poisoned_batch_is_split_until_the_bad_id_stands_alone() {
    let mut tenant = Scripted::new(60);
    tenant.poisoned.insert("u0037".to_owned());
    let mut bench = bench(tenant);
    let report = bench.run(Action::DismissUserRisk).await.unwrap();
    assert_eq!((report.tally.verified, report.tally.failed), (59, 1));
    assert_eq!(bench.state("u0037"), Some(RiskState::AtRisk));
    assert!(bench.told().iter().any(|what| matches!(what, What::Failed { because } if because.contains("invalid"))));
    assert!(bench.calls().len() <= 13, "halving 60 takes at most 13 requests: {:?}", bench.calls());
}

#[tokio::test(start_paused = true)]
async fn a_204_without_effect_is_reported_as_diverged() {
    let mut bench = bench(Scripted::new(2).meeting(&[Meets::NoEffect]));
    let report = bench.run(Action::DismissUserRisk).await.unwrap();
    assert_eq!((report.tally.verified, report.tally.diverged), (0, 2));
    assert_eq!(bench.calls(), [2], "nothing is sent again on its own");
}

#[tokio::test(start_paused = true)]
async fn endless_processing_ends_unverified() {
    let mut bench = bench(Scripted::new(1).meeting(&[Meets::Processing]));
    let report = bench.run(Action::DismissUserRisk).await.unwrap();
    assert_eq!((report.state, report.tally.unverified), (JobState::Done, 1));
}

#[tokio::test(start_paused = true)]
async fn throttling_is_waited_out() {
    let mut bench = bench(Scripted::new(1).meeting(&[Meets::Throttle, Meets::Throttle]));
    let report = bench.run(Action::DismissUserRisk).await.unwrap();
    assert!(report.tally.all_verified());
    let waits: Vec<What> = bench.told().into_iter().filter(|what| matches!(what, What::Throttled { .. })).collect();
    assert_eq!(waits, [What::Throttled { seconds: 2 }, What::Throttled { seconds: 4 }]);
}

#[tokio::test(start_paused = true)]
async fn endless_throttling_leaves_the_job_to_be_resumed() {
    let mut bench = bench(Scripted::new(1).meeting(&[Meets::Throttle; 9]));
    let error = bench.run(Action::DismissUserRisk).await.unwrap_err();
    assert!(matches!(error, EngineError::Tenant(TenantError::Throttled { .. })));
    let report = bench.engine.resume(JobId(1), &bench.cancel, &bench.events).await.unwrap();
    assert!(report.tally.all_verified());
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_read_back_before_anything_is_sent_again() {
    let mut applied = bench(Scripted::new(3).meeting(&[Meets::LostAfter]));
    assert!(applied.run(Action::DismissUserRisk).await.unwrap().tally.all_verified());
    assert_eq!(applied.calls(), [3], "it was applied: nothing is sent again");

    let mut not_applied = bench(Scripted::new(3).meeting(&[Meets::LostBefore]));
    assert!(not_applied.run(Action::DismissUserRisk).await.unwrap().tally.all_verified());
    assert_eq!(not_applied.calls(), [3, 3]);
    let journal = not_applied.store.journal().unwrap();
    assert!(journal.iter().any(|record| matches!(record.entry, Entry::NotApplied { .. })));
}

#[tokio::test(start_paused = true)]
async fn a_change_that_is_seen_late_is_not_sent_again() {
    let mut bench = bench(Scripted::new(3).meeting(&[Meets::LostAndLate]));
    assert!(bench.run(Action::ConfirmUserCompromised).await.unwrap().tally.all_verified());
    assert_eq!(bench.calls(), [3]);
}

#[tokio::test(start_paused = true)]
async fn one_slow_target_does_not_hold_up_the_others() {
    let mut bench = bench(Scripted::new(1_200).meeting(&[Meets::Processing]));
    let report = bench.run(Action::DismissUserRisk).await.unwrap();
    assert_eq!((report.tally.verified, report.tally.unverified), (1_140, 60));
    let kinds: Vec<Entry> = bench.store.journal().unwrap().into_iter().map(|record| record.entry).collect();
    let last_intent = kinds.iter().rposition(|entry| matches!(entry, Entry::Intent { .. })).unwrap();
    let given_up = kinds.iter().rposition(|entry| matches!(entry, Entry::Outcomes { .. })).unwrap();
    assert!(last_intent < given_up, "all is sent before the slow ones are given up");
    let sent_at = bench.store.journal().unwrap()[last_intent].at;
    assert!(sent_at.age(fixture::now()).abs() < chrono::TimeDelta::seconds(60), "{sent_at}");
}

#[tokio::test(start_paused = true)]
async fn cancelling_is_heard_while_reading_is_put_off() {
    let mut tenant = Scripted::new(60);
    let cancel = CancellationToken::new();
    tenant.cancel_at_call = Some((1, cancel.clone()));
    *tenant.throttled_reads.lock().unwrap() = 100;
    let mut bench = bench(tenant);
    bench.cancel = cancel;
    let report = bench.run(Action::DismissUserRisk).await.unwrap();
    assert_eq!((report.state, report.tally.unverified), (JobState::Cancelled, 60));
}

#[tokio::test(start_paused = true)]
async fn two_jobs_never_run_at_once() {
    let bench = bench(Scripted::new(2));
    let plan = confirmed(Action::DismissUserRisk, &bench.tenant.dataset());
    let run = || bench.engine.run(&plan, Duration::ZERO, &bench.cancel, &bench.events);
    let (first, second) = tokio::join!(run(), run());
    assert!(first.unwrap().tally.all_verified());
    assert!(matches!(second, Err(EngineError::Busy)));
}

/// A store whose journal fails once, at the append with this number.
struct FailsOnce {
    inner: Arc<MemoryStore>,
    at: usize,
    appends: Mutex<usize>,
}

impl Store for FailsOnce {
    fn load(&self) -> Result<Dataset, StoreError> {
        self.inner.load()
    }
    fn user(&self, id: &UserId) -> Result<Option<UserRecords>, StoreError> {
        self.inner.user(id)
    }
    fn first(&self) -> Result<Vec<UserRecords>, StoreError> {
        self.inner.first()
    }
    fn keep_first(&self, users: &[UserId]) -> Result<(), StoreError> {
        self.inner.keep_first(users)
    }
    fn put(&self, records: &[UserRecords]) -> Result<(), StoreError> {
        self.inner.put(records)
    }
    fn synced_at(&self) -> Result<Option<Timestamp>, StoreError> {
        self.inner.synced_at()
    }
    fn set_synced_at(&self, at: Timestamp) -> Result<(), StoreError> {
        self.inner.set_synced_at(at)
    }
    fn sync_state(&self) -> Result<SyncState, StoreError> {
        self.inner.sync_state()
    }
    fn set_sync_state(&self, state: &SyncState) -> Result<(), StoreError> {
        self.inner.set_sync_state(state)
    }
    fn tenant_facts(&self) -> Result<TenantFacts, StoreError> {
        self.inner.tenant_facts()
    }
    fn set_tenant_facts(&self, facts: &TenantFacts) -> Result<(), StoreError> {
        self.inner.set_tenant_facts(facts)
    }
    fn append(&self, at: Timestamp, operator: &str, entries: Vec<Entry>) -> Result<Vec<JournalRecord>, StoreError> {
        let mut appends = self.appends.lock().unwrap();
        *appends += 1;
        if *appends == self.at {
            return Err(StoreError::Cache("no space left on device".to_owned()));
        }
        self.inner.append(at, operator, entries)
    }
    fn journal(&self) -> Result<Vec<JournalRecord>, StoreError> {
        self.inner.journal()
    }

    fn journal_lines(&self) -> Result<Vec<(JournalRecord, String)>, StoreError> {
        self.inner.journal_lines()
    }

    fn verify(&self) -> Result<Result<Head, Damage>, StoreError> {
        self.inner.verify()
    }
    fn with_ledger(&self, look: &mut dyn FnMut(&Ledger)) {
        self.inner.with_ledger(look);
    }
}

#[tokio::test(start_paused = true)]
async fn a_disk_that_fails_at_any_record_loses_nothing_and_sends_nothing_twice() {
    for at in 1.. {
        let Bench { tenant, store, cancel, events, told: _told, .. } = bench(Scripted::new(130));
        let failing = Arc::new(FailsOnce { inner: store.clone(), at, appends: Mutex::default() });
        let engine = Engine::new(failing, tenant.clone(), Clock::starting_at(fixture::now()), "me".to_owned());
        let plan = confirmed(Action::DismissUserRisk, &tenant.dataset());
        match engine.run(&plan, Duration::ZERO, &cancel, &events).await {
            Err(EngineError::Store(_)) if at == 1 => assert!(tenant.calls.lock().unwrap().is_empty(), "no intent, no request"),
            Err(EngineError::Store(_)) => {
                let report = engine.resume(JobId(1), &cancel, &events).await.unwrap();
                assert!(report.tally.all_verified(), "append {at}: {report:?}");
            }
            Ok(_) => break,
            other => panic!("append {at}: {other:?}"),
        }
        let sent: Vec<String> = tenant.calls.lock().unwrap().concat();
        assert_eq!(sent.iter().collect::<HashSet<_>>().len(), sent.len(), "append {at}: sent twice");
    }
}

#[tokio::test(start_paused = true)]
async fn a_tenant_out_of_reach_stops_the_job_and_keeps_it() {
    let mut bench = bench(Scripted::new(1).meeting(&[Meets::Unreachable; 4]));
    let error = bench.run(Action::DismissUserRisk).await.unwrap_err();
    assert!(matches!(error, EngineError::Tenant(TenantError::Unreachable { .. })));
    let mut open = 0;
    bench.store.with_ledger(&mut |ledger| open = ledger.open_jobs().count());
    assert_eq!(open, 1);
}

#[tokio::test(start_paused = true)]
async fn cancelling_stops_after_the_request_in_flight() {
    let mut tenant = Scripted::new(180);
    let cancel = CancellationToken::new();
    tenant.cancel_at_call = Some((2, cancel.clone()));
    let mut bench = bench(tenant);
    bench.cancel = cancel;
    let report = bench.run(Action::DismissUserRisk).await.unwrap();
    assert_eq!((report.state, report.tally.verified, report.tally.pending), (JobState::Cancelled, 120, 60));
    assert_eq!(bench.calls(), [60, 60]);
}

#[tokio::test(start_paused = true)]
async fn cancelling_in_the_hold_window_sends_nothing() {
    let bench = bench(Scripted::new(2));
    let plan = confirmed(Action::DismissUserRisk, &bench.tenant.dataset());
    let cancel = bench.cancel.clone();
    let (report, ()) = tokio::join!(bench.engine.run(&plan, Duration::from_secs(5), &bench.cancel, &bench.events), async move {
        tokio::time::sleep(Duration::from_secs(4)).await;
        cancel.cancel();
    });
    assert_eq!(report.unwrap().state, JobState::Cancelled);
    assert!(bench.calls().is_empty());
}

#[tokio::test(start_paused = true)]
async fn targets_that_no_longer_hold_are_skipped() {
    let mut bench = bench(Scripted::new(2));
    let plan = confirmed(Action::DismissUserRisk, &bench.tenant.dataset());
    bench.tenant.change("u0000", |records| records.user.is_deleted = Some(true));
    let report = bench.engine.run(&plan, Duration::ZERO, &bench.cancel, &bench.events).await.unwrap();
    assert_eq!((report.tally.verified, report.tally.skipped), (1, 1));
    assert!(bench.told().contains(&What::Skipped { because: "deleted".to_owned() }));
}

#[tokio::test(start_paused = true)]
async fn what_changed_only_in_the_tenant_since_the_plan_is_judged_before_the_call() {
    let mut bench = bench(Scripted::new(4));
    let plan = confirmed(Action::DismissUserRisk, &bench.tenant.dataset());
    bench.tenant.change("u0000", |records| records.user.is_deleted = Some(true));
    bench.tenant.change("u0001", |records| records.directory.is_admin = Some(true));
    bench.tenant.change("u0002", |records| records.user.risk_state = Some(RiskState::Remediated));
    let report = bench.engine.run(&plan, Duration::ZERO, &bench.cancel, &bench.events).await.unwrap();
    assert_eq!((report.tally.verified, report.tally.skipped), (1, 3));
    assert_eq!(bench.tenant.calls.lock().unwrap().concat(), ["u0003"]);
    let told = bench.told();
    for because in ["deleted", "new caution since the plan: privileged", "notAtRisk"] {
        assert!(told.contains(&What::Skipped { because: because.to_owned() }), "{because}: {told:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_long_job_asks_again_now_and_then_what_changed() {
    let mut bench = bench(Scripted::new(60 * 200));
    bench.run(Action::DismissUserRisk).await.unwrap();
    // Of 200 requests at one in a second, with a read after every 500 users.
    assert_eq!(*bench.tenant.asked_for_changes.lock().unwrap(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_tenant_that_cannot_be_read_before_sending_leaves_the_job_to_be_resumed() {
    let tenant = Scripted::new(2);
    *tenant.unreachable_reads.lock().unwrap() = 4;
    let mut bench = bench(tenant);
    let error = bench.run(Action::DismissUserRisk).await.unwrap_err();
    assert!(matches!(error, EngineError::Tenant(TenantError::Unreachable { .. })), "{error}");
    assert!(bench.calls().is_empty());
    let report = bench.engine.resume(JobId(1), &bench.cancel, &bench.events).await.unwrap();
    assert!(report.tally.all_verified());
}

#[tokio::test(start_paused = true)]
async fn that_somebody_else_changes_the_same_thing_is_seen_in_the_outcome() {
    let mut bench = bench(Scripted::new(1).meeting(&[Meets::Contest]));
    let report = bench.run(Action::BlockSignIn).await.unwrap();
    assert_eq!((report.tally.diverged, bench.calls()), (1, vec![1]), "it was taken, and is not sent again");
    let because = "it now leaves out lee; look at it again".to_owned();
    assert!(bench.told().contains(&What::Diverged { because }));
}

#[tokio::test(start_paused = true)]
async fn a_killed_job_is_resumed_by_reading_first() {
    let bench = bench(Scripted::new(3));
    let plan = confirmed(Action::DismissUserRisk, &bench.tenant.dataset());
    let job = JobId(1);
    let ids = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
    // As a kill leaves it: one accepted, one perhaps sent (and indeed applied), one not sent.
    let entries = vec![
        Entry::JobConfirmed { job, plan: Box::new(plan.plan().clone()), hold_seconds: 0 },
        Entry::Intent { job, call: 1, ids: ids(&["u0000"]) },
        Entry::Answered { job, call: 1, answer: CallAnswer::Accepted },
        Entry::Intent { job, call: 2, ids: ids(&["u0001"]) },
    ];
    bench.store.append(fixture::now(), "me", entries).unwrap();
    bench.tenant.apply(&Call::new(Action::DismissUserRisk, ids(&["u0000", "u0001"]), "me"));
    let report = bench.engine.resume(job, &bench.cancel, &bench.events).await.unwrap();
    assert!(report.tally.all_verified(), "{report:?}");
    assert_eq!(*bench.tenant.calls.lock().unwrap(), [ids(&["u0002"])]);
    let error = bench.engine.resume(job, &bench.cancel, &bench.events).await.unwrap_err();
    assert!(matches!(error, EngineError::Ended(_)));
}

#[tokio::test(start_paused = true)]
async fn a_resumed_job_judges_by_what_the_tenant_says_now() {
    let bench = bench(Scripted::new(2));
    let plan = confirmed(Action::DismissUserRisk, &bench.tenant.dataset());
    let job = JobId(1);
    let confirmed = Entry::JobConfirmed { job, plan: Box::new(plan.plan().clone()), hold_seconds: 0 };
    bench.store.append(fixture::now(), "me", vec![confirmed]).unwrap();
    bench.tenant.users.lock().unwrap().get_mut(&UserId::from("u0000")).unwrap().user.risk_state = Some(RiskState::Remediated);
    let report = bench.engine.resume(job, &bench.cancel, &bench.events).await.unwrap();
    assert_eq!((report.tally.verified, report.tally.skipped), (1, 1));
    assert_eq!(bench.calls(), [1]);
}

#[tokio::test(start_paused = true)]
async fn cancelling_an_interrupted_job_reads_back_what_was_sent() {
    let bench = bench(Scripted::new(2));
    let plan = confirmed(Action::DismissUserRisk, &bench.tenant.dataset());
    let job = JobId(1);
    let entries = vec![
        Entry::JobConfirmed { job, plan: Box::new(plan.plan().clone()), hold_seconds: 0 },
        Entry::Intent { job, call: 1, ids: vec!["u0000".to_owned()] },
    ];
    bench.store.append(fixture::now(), "me", entries).unwrap();
    bench.tenant.apply(&Call::new(Action::DismissUserRisk, vec!["u0000".to_owned()], "me"));
    let report = bench.engine.cancel(job, &bench.events).await.unwrap();
    assert_eq!((report.state, report.tally.verified, report.tally.pending), (JobState::Cancelled, 1, 1));
    assert!(bench.calls().is_empty());
    let mut items = Vec::new();
    bench.store.with_ledger(&mut |ledger| items = ledger.job(job).unwrap().items.clone());
    assert_eq!(items[0], Item { id: "u0000".to_owned(), state: ItemState::Ended(Outcome::Verified, None) });
}

#[tokio::test(start_paused = true)]
async fn writing_that_is_turned_off_in_mid_job_stops_it_and_the_rest_can_be_resumed() {
    let open = Arc::new(AtomicBool::new(true));
    let tenant = Arc::new(Scripted { close_at_call: Some((1, Arc::clone(&open))), ..Scripted::new(130) });
    let store = Arc::new(MemoryStore::new());
    store.put(tenant.dataset().users()).unwrap();
    let gate = Arc::new(Gate::new(tenant.clone(), open));
    let engine = Engine::new(store.clone(), gate.clone(), Clock::starting_at(fixture::now()), "me".to_owned());
    let plan = confirmed(Action::DismissUserRisk, &tenant.dataset());
    let (events, _told) = unbounded_channel();
    let cancel = CancellationToken::new();
    let error = engine.run(&plan, Duration::ZERO, &cancel, &events).await.unwrap_err();
    assert!(matches!(error, EngineError::Tenant(TenantError::ReadOnly)), "{error}");
    assert_eq!(tenant.calls.lock().unwrap().len(), 1, "nothing left after the gate was closed");
    let mut tally = None;
    store.with_ledger(&mut |ledger| tally = ledger.job(JobId(1)).map(|job| job.tally()));
    assert_eq!(tally.map(|tally| (tally.skipped, tally.pending)), Some((0, 70)), "nobody was judged away");
    gate.set_open(true);
    let report = engine.resume(JobId(1), &cancel, &events).await.unwrap();
    assert!(report.tally.all_verified(), "{:?}", report.tally);
}

#[tokio::test(start_paused = true)]
async fn a_read_only_tenant_gets_no_job_and_no_request() {
    let tenant = Arc::new(Scripted::new(1));
    let store = Arc::new(MemoryStore::new());
    store.put(tenant.dataset().users()).unwrap();
    let gate: Arc<dyn Tenant> = Arc::new(Gate::new(tenant.clone(), Arc::default()));
    let call = Call::new(Action::DismissUserRisk, vec!["u0000".to_owned()], "me");
    assert_eq!(gate.act(&call).await, Err(TenantError::ReadOnly), "the gate itself refuses, whoever asks");
    let engine = Engine::new(store.clone(), gate, Clock::starting_at(fixture::now()), "me".to_owned());
    let plan = confirmed(Action::DismissUserRisk, &tenant.dataset());
    let (events, _told) = unbounded_channel();
    let error = engine.run(&plan, Duration::ZERO, &CancellationToken::new(), &events).await.unwrap_err();
    assert!(matches!(error, EngineError::Tenant(TenantError::ReadOnly)));
    assert!(store.journal().unwrap().is_empty());
    assert!(tenant.calls.lock().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn no_job_begins_on_the_targets_of_one_that_is_unfinished() {
    let mut bench = bench(Scripted::new(1).meeting(&[Meets::Unreachable; 4]));
    bench.run(Action::DismissUserRisk).await.unwrap_err();
    let sent = bench.calls().len();
    let error = bench.run(Action::ConfirmUserSafe).await.unwrap_err();
    assert!(matches!(error, EngineError::Unfinished { job: JobId(1), action: Action::DismissUserRisk }), "{error}");
    assert_eq!(bench.calls().len(), sent);
}

#[tokio::test(start_paused = true)]
async fn what_may_not_be_read_before_sending_is_told_once() {
    let mut tenant = Scripted::new(130);
    tenant.denied_accounts = true;
    let mut bench = bench(tenant);
    assert!(bench.run(Action::DismissUserRisk).await.unwrap().tally.all_verified());
    let mut notices = Vec::new();
    while let Ok(event) = bench.told.try_recv() {
        if let EngineEvent::Notice(text) = event {
            notices.push(text);
        }
    }
    assert!(notices.len() == 1 && notices[0].contains("403"), "{notices:?}");
}

//! A simulated tenant: seeded users, Entra's rules, and faults where they are wanted.

mod assets;
mod chance;
mod detections;
mod faults;
mod ids;
mod log;
mod people;
mod plot;
mod seed;
mod sign_ins;
mod state;

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use chrono::TimeDelta;

use self::faults::Strikes;
use self::log::{Change, Line, Log};
pub use self::seed::Population;
use self::state::State;
use super::pace::{Pacer, Urgency};
use super::{Call, Limits, Page, Tenant, TenantError};
use crate::clock::Clock;
use crate::domain::action::{Action, Aim};
use crate::domain::permission::Holder;
use crate::domain::plan::{Access, IDS_PER_REQUEST, Target};
use crate::domain::records::{Record, SignInId, UserId, UserRecords};
use crate::domain::time::Timestamp;
use crate::domain::transition::{Event, Scope};
use crate::domain::workspace::DemoSpec;

/// Name of the tenant, for people.
pub const TENANT: &str = people::TENANT;
/// Most users that a demo tenant can have.
pub const MOST_USERS: u32 = 100_000;
/// Requests per second that a demo tenant can be limited to.
const RATES: std::ops::RangeInclusive<f64> = 0.001..=1_000.0;
/// Users in a page and in a read-back request.
const PAGE: usize = 500;

/// Whether there can be a tenant of this spec; else says why not and what to do.
pub fn check(spec: &DemoSpec) -> Result<(), String> {
    if !(1..=MOST_USERS).contains(&spec.users) {
        return Err(format!("a demo tenant has 1 to {MOST_USERS} users, not {}; give another number", spec.users));
    }
    if let Some(rate) = spec.rate.filter(|rate| !RATES.contains(rate)) {
        let (least, most) = (RATES.start(), RATES.end());
        return Err(format!(
            "a demo tenant allows {least} to {most} requests per second, not {rate}; give another rate, or off for no limit"
        ));
    }
    Ok(())
}

/// A simulated tenant.
pub struct DemoTenant {
    population: Population,
    clock: Clock,
    pacer: Pacer,
    inner: Mutex<Inner>,
}

struct Inner {
    state: State,
    strikes: Strikes,
    log: Log,
    last_request: Option<Timestamp>,
    /// How often each id was applied since the tenant was opened, whether it can be read yet or not.
    applied: BTreeMap<String, u32>,
}

impl DemoTenant {
    /// Opens the tenant of this spec; `log` is the file that keeps what was done to it.
    pub fn open(spec: DemoSpec, log: &Path, clock: Clock) -> Result<Self, TenantError> {
        check(&spec).map_err(|message| TenantError::State { message })?;
        let population = Population::new(spec);
        let (file, lines) = Log::open(log)?;
        let (mut state, mut strikes) = (State::new(), Strikes::default());
        for (number, line) in lines.iter().enumerate() {
            match line {
                Line::Struck { fault } => strikes.count(*fault),
                Line::Change(change) => state.take(&population, change).map_err(|id| TenantError::State {
                    message: format!(
                        "{} line {} names {id}, which is not of this tenant: the file belongs to another seed; reset the demo workspace",
                        log.display(),
                        number + 1
                    ),
                })?,
            }
        }
        Ok(Self::new(population, clock, Inner { state, strikes, log: file, last_request: None, applied: BTreeMap::new() }))
    }

    /// A tenant of this spec that is gone with the process, for an emulator.
    pub fn in_memory(spec: DemoSpec, clock: Clock) -> Result<Self, TenantError> {
        check(&spec).map_err(|message| TenantError::State { message })?;
        let (state, strikes, log) = (State::new(), Strikes::default(), Log::nowhere());
        let inner = Inner { state, strikes, log, last_request: None, applied: BTreeMap::new() };
        Ok(Self::new(Population::new(spec), clock, inner))
    }

    fn new(population: Population, clock: Clock, inner: Inner) -> Self {
        let pacer = Pacer::new(population.spec().rate, clock);
        DemoTenant { population, clock, pacer, inner: Mutex::new(inner) }
    }

    /// Something happens to a user that is no feedback verb, such as a new password.
    pub fn happen(&self, event: Event, user: &UserId, initiated_by: Option<String>) -> Result<(), TenantError> {
        let at = self.clock.now();
        let change = Change { event, users: vec![user.clone()], sign_ins: Vec::new(), initiated_by, at, effective_at: at };
        let mut inner = self.lock();
        inner.log.append(&[Line::Change(change.clone())])?;
        let taken = inner.state.take(&self.population, &change);
        taken.map_err(|id| TenantError::State { message: format!("{id} is not of this tenant") })
    }

    /// How often the id that was applied most often was, since the tenant was opened.
    pub fn most_applied(&self) -> u32 {
        self.lock().applied.values().copied().max().unwrap_or(0)
    }

    /// All records of the user with this number, as they can be read now.
    pub fn records(&self, index: u32) -> UserRecords {
        self.lock().state.read(&self.population, index, self.clock.now())
    }

    /// Who lives in it, as of its epoch.
    pub fn population(&self) -> &Population {
        &self.population
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The user whom a target is about.
    fn user_of(&self, scope: Scope, id: &str) -> Option<u32> {
        match scope {
            Scope::User => self.population.user(id),
            Scope::SignIn => self.population.user_of_sign_in(id),
        }
    }

    /// What a fault may call a target.
    fn names(&self, scope: Scope, id: &str) -> Vec<String> {
        let mut names = vec![id.to_owned()];
        if !self.population.spec().faults.is_empty()
            && let Some(index) = self.user_of(scope, id)
        {
            names.push(self.population.user_id(index).to_string());
            names.extend(self.population.principal_name(index));
        }
        names
    }

    /// Answers 429 to a request that comes too soon after the last one that was let in.
    fn admit(&self, inner: &mut Inner, now: Timestamp) -> Result<(), TenantError> {
        // Clocks tick in small steps, and callers that keep the pace exactly are right.
        const TOLERANCE: f64 = 0.95;
        if let (Some(rate), Some(last)) = (self.population.spec().rate, inner.last_request) {
            let since = last.age(now);
            if since >= TimeDelta::zero() && since.as_seconds_f64() < TOLERANCE / rate {
                return Err(TenantError::Throttled { retry_after: None });
            }
        }
        inner.last_request = Some(now);
        Ok(())
    }

    /// Lets a reading request in, or fails it.
    fn admit_reading(&self, inner: &mut Inner, now: Timestamp, targets: &[Vec<String>]) -> Result<(), TenantError> {
        self.admit(inner, now)?;
        let met = inner.strikes.meet(self.population.spec(), None, targets);
        let struck = met.refused.or_else(|| met.broken.map(|place| (place, faults::broken())));
        let Some((place, error)) = struck else { return Ok(()) };
        inner.log.append(&[Line::Struck { fault: place }])?;
        inner.strikes.count(place);
        Err(error)
    }

    /// The ids of a request as the tenant spells them, if each of them can be acted on.
    fn valid(&self, inner: &mut Inner, call: &Call, now: Timestamp) -> Result<Vec<String>, TenantError> {
        if call.ids.is_empty() {
            return Err(bad_request("The request names no ids."));
        }
        if call.ids.len() > IDS_PER_REQUEST {
            return Err(bad_request("The request names more than 60 ids."));
        }
        call.ids.iter().map(|id| self.valid_id(inner, call.action, id, now)).collect()
    }

    /// Graph does not tell which id is wrong (`reference/domain.md` section 1, fact 5), and neither does this.
    fn valid_id(&self, inner: &mut Inner, action: Action, id: &str, now: Timestamp) -> Result<String, TenantError> {
        let scope = scope(action);
        let invalid = || match scope {
            Scope::User => bad_request("One or more of the user ids are invalid."),
            Scope::SignIn => bad_request("One or more of the request ids do not exist in the tenant, or are not risky."),
        };
        let index = self.user_of(scope, id).ok_or_else(invalid)?;
        let records = inner.state.read(&self.population, index, now);
        if records.user.is_deleted == Some(true) {
            return Err(invalid());
        }
        if scope == Scope::User {
            return Ok(records.user.id.to_string());
        }
        let sign_in = records.sign_ins.iter().find(|sign_in| sign_in.id.as_str().eq_ignore_ascii_case(id)).ok_or_else(invalid)?;
        if action.closes_risk() && sign_in.at_risk() != Some(true) {
            return Err(invalid());
        }
        Ok(sign_in.id.to_string())
    }
}

fn scope(action: Action) -> Scope {
    if action.aim() == Aim::SignIn { Scope::SignIn } else { Scope::User }
}

fn bad_request(message: &str) -> TenantError {
    TenantError::Rejected { status: 400, code: "BadRequest".to_owned(), message: message.to_owned() }
}

/// The change of these ids, each once.
fn change(call: &Call, event: Event, ids: Vec<String>, at: Timestamp, effective_at: Timestamp) -> Change {
    let mut seen = HashSet::new();
    let ids = ids.into_iter().filter(|id| seen.insert(id.clone()));
    let (users, sign_ins) = match scope(call.action) {
        Scope::User => (ids.map(UserId::from).collect(), Vec::new()),
        Scope::SignIn => (Vec::new(), ids.map(SignInId::from).collect()),
    };
    Change { event, users, sign_ins, initiated_by: Some(call.operator.clone()), at, effective_at }
}

/// So many seconds later; a century at most, which is never.
fn after(now: Timestamp, seconds: u64) -> Timestamp {
    const CENTURY: u64 = 100 * 365 * 24 * 3600;
    Timestamp(now.0 + TimeDelta::seconds(seconds.min(CENTURY) as i64))
}

#[async_trait]
impl Tenant for DemoTenant {
    fn limits(&self) -> Limits {
        Limits { requests_per_second: self.population.spec().rate, read_back_page: PAGE, read_back_batch: PAGE }
    }

    fn access(&self) -> Access {
        Access::ReadWrite
    }

    async fn turn(&self, _action: Action) -> Result<(), TenantError> {
        self.pacer.turn(Urgency::Acting).await;
        Ok(())
    }

    async fn act(&self, call: &Call) -> Result<(), TenantError> {
        let Some(event) = call.action.event() else { return Err(bad_request("The demo tenant does not know this action.")) };
        let mut inner = self.lock();
        let now = self.clock.now();
        self.admit(&mut inner, now)?;
        let scope = scope(call.action);
        let names: Vec<Vec<String>> = call.ids.iter().map(|id| self.names(scope, id)).collect();
        let met = inner.strikes.meet(self.population.spec(), Some(call.action), &names);
        if let Some((place, error)) = met.refused {
            inner.log.append(&[Line::Struck { fault: place }])?;
            inner.strikes.count(place);
            return Err(error);
        }
        let ids = self.valid(&mut inner, call, now)?;
        let mut struck: Vec<usize> = met.without_effect.iter().map(|(place, _)| *place).collect();
        struck.extend(met.slow.iter().map(|(place, ..)| *place));
        struck.extend(met.broken);

        // By how many seconds it takes until the change can be read.
        let mut delayed: BTreeMap<u64, Vec<String>> = BTreeMap::new();
        for (place, id) in ids.into_iter().enumerate() {
            if !met.without_effect.iter().any(|(_, hits)| hits.hit(place)) {
                let slow = met.slow.iter().filter(|(_, hits, _)| hits.hit(place)).map(|(.., seconds)| *seconds).max();
                delayed.entry(slow.unwrap_or(0)).or_default().push(id);
            }
        }
        let changes: Vec<Change> = delayed.into_iter().map(|(seconds, ids)| change(call, event, ids, now, after(now, seconds))).collect();

        let lines: Vec<Line> =
            struck.iter().map(|place| Line::Struck { fault: *place }).chain(changes.iter().cloned().map(Line::Change)).collect();
        inner.log.append(&lines)?;
        for place in struck {
            inner.strikes.count(place);
        }
        for change in &changes {
            inner
                .state
                .take(&self.population, change)
                .map_err(|id| TenantError::State { message: format!("{id} is not of this tenant") })?;
            let sign_ins = change.sign_ins.iter().map(SignInId::as_str);
            for id in change.users.iter().map(UserId::as_str).chain(sign_ins) {
                *inner.applied.entry(id.to_owned()).or_default() += 1;
            }
        }
        if met.broken.is_some() { Err(faults::broken()) } else { Ok(()) }
    }

    async fn read_back(&self, _action: Action, targets: &[Target], _since: Option<Timestamp>) -> Result<Vec<Record>, TenantError> {
        self.pacer.turn(Urgency::Acting).await;
        let mut inner = self.lock();
        let now = self.clock.now();
        let scoped: Vec<(Scope, &str)> = targets
            .iter()
            .map(|target| match target {
                Target::User(id) => (Scope::User, id.as_str()),
                Target::SignIn(id) => (Scope::SignIn, id.as_str()),
                Target::Policy(id) | Target::Address(id) => (Scope::User, id.as_str()),
            })
            .collect();
        let names: Vec<Vec<String>> = scoped.iter().map(|(scope, id)| self.names(*scope, id)).collect();
        self.admit_reading(&mut inner, now, &names)?;
        if targets.len() > PAGE {
            return Err(bad_request("The request reads more than 500 targets."));
        }
        let mut seen = HashSet::new();
        let users = scoped.into_iter().filter_map(|(scope, id)| self.user_of(scope, id)).filter(|index| seen.insert(*index));
        let mut records = Vec::new();
        for index in users {
            spread(inner.state.read(&self.population, index, now), &mut records);
        }
        Ok(records)
    }

    async fn look(&self, user: &UserId) -> Result<Vec<Record>, TenantError> {
        self.read_back(Action::RevokeSessions, &[Target::User(user.clone())], None).await
    }

    fn holder(&self) -> Option<Holder> {
        None
    }

    fn changes_since(&self, _at: Timestamp) -> Option<String> {
        None
    }

    async fn page(&self, cursor: Option<&str>) -> Result<Page, TenantError> {
        self.pacer.turn(Urgency::Reading).await;
        let users = self.population.spec().users;
        let mut inner = self.lock();
        let now = self.clock.now();
        self.admit_reading(&mut inner, now, &[])?;
        let first = match cursor {
            None => 0,
            Some(cursor) => cursor
                .parse::<u32>()
                .ok()
                .filter(|first| *first <= users)
                .ok_or_else(|| bad_request("The skip token is not one of this tenant's."))?,
        };
        let end = first.saturating_add(PAGE as u32).min(users);
        let mut records = Vec::new();
        for index in first..end {
            spread(inner.state.read(&self.population, index, now), &mut records);
        }
        let next = (end < users).then(|| end.to_string());
        Ok(Page { records, next, users: Some(users as usize), what: "users", ..Page::default() })
    }
}

fn spread(records: UserRecords, into: &mut Vec<Record>) {
    let id = records.user.id.clone();
    into.push(Record::User(records.user));
    into.push(Record::Directory(id, records.directory));
    into.extend(records.history.into_iter().map(Record::History));
    into.extend(records.detections.into_iter().map(Record::Detection));
    into.extend(records.sign_ins.into_iter().map(|sign_in| Record::SignIn(Box::new(sign_in))));
}

#[cfg(test)]
mod tests;

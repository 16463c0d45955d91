//! A simulated tenant: seeded users, Entra's rules, and faults where they are wanted.

mod accounts;
mod act;
mod assets;
mod chance;
mod detections;
mod faults;
mod ids;
mod log;
mod people;
mod plot;
mod policies;
mod seed;
mod sign_ins;
mod simulate;
mod state;

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use chrono::TimeDelta;

pub use self::accounts::{AccountDeed, PASSWORD_METHOD, object_id_of_device};
use self::faults::Strikes;
use self::log::{AccountChange, Line, Log, TenantChange};
use self::policies::TenantDeed;
pub use self::policies::{Object, merge};
pub use self::seed::Population;
pub use self::simulate::{Simulated, Simulation};
use self::state::State;
use super::pace::{Pacer, Urgency};
use super::{Call, Limits, Page, Tenant, TenantError};
use crate::clock::Clock;
use crate::domain::action::{Action, Aim, Kind};
use crate::domain::permission::Holder;
use crate::domain::plan::{Access, Target};
use crate::domain::policy::{IpLocation, Policy, TenantFacts};
use crate::domain::records::{Record, UserId, UserRecords};
use crate::domain::time::Timestamp;
use crate::domain::transition::Scope;
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
    /// How often each action was applied to each id since the tenant was opened, whether it can be read yet or not.
    applied: BTreeMap<(Action, String), u32>,
}

impl Inner {
    /// Keeps what is done to the tenant, and does it.
    fn take(&mut self, population: &Population, lines: &[Line]) -> Result<(), TenantError> {
        self.log.append(lines)?;
        for line in lines {
            let taken = self.state.take(population, line);
            taken.map_err(|id| TenantError::State { message: format!("{id} is not of this tenant") })?;
        }
        Ok(())
    }

    /// What can be read now of the tenant as a whole.
    fn tenant_facts(&mut self, now: Timestamp) -> TenantFacts {
        let held = self.state.conditional_access(now);
        TenantFacts {
            policies: Some(held.policies().iter().filter_map(Policy::read).collect()),
            locations: Some(held.locations().iter().filter_map(IpLocation::read).collect()),
        }
    }
}

impl DemoTenant {
    /// Opens the tenant of this spec; `log` is the file that keeps what was done to it.
    pub fn open(spec: DemoSpec, log: &Path, clock: Clock) -> Result<Self, TenantError> {
        check(&spec).map_err(|message| TenantError::State { message })?;
        let population = Population::new(spec);
        let (file, lines) = Log::open(log)?;
        let (mut state, mut strikes) = (State::new(&population), Strikes::default());
        for (number, line) in lines.iter().enumerate() {
            match line {
                Line::Struck { fault } => strikes.count(*fault),
                line => state.take(&population, line).map_err(|id| TenantError::State {
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
        let population = Population::new(spec);
        let (state, strikes, log) = (State::new(&population), Strikes::default(), Log::nowhere());
        let inner = Inner { state, strikes, log, last_request: None, applied: BTreeMap::new() };
        Ok(Self::new(population, clock, inner))
    }

    fn new(population: Population, clock: Clock, inner: Inner) -> Self {
        let pacer = Pacer::new(population.spec().rate, clock);
        DemoTenant { population, clock, pacer, inner: Mutex::new(inner) }
    }

    /// Does something to the account of the user with this number that no action stands for.
    pub fn change_account(&self, index: u32, deed: AccountDeed) -> Result<(), TenantError> {
        let change = AccountChange { user: self.population.user_id(index), deed, effective_at: self.clock.now() };
        self.lock().take(&self.population, &[Line::Account(change)])
    }

    /// Puts a policy, as Graph sends it, in the place of the one with its id.
    pub fn put_policy(&self, object: Object) -> Result<(), TenantError> {
        self.change_tenant(TenantDeed::Policy { object })
    }

    /// Puts a named location, as Graph sends it, in the place of the one with its id; a new one where there is none.
    pub fn put_location(&self, object: Object) -> Result<(), TenantError> {
        self.change_tenant(TenantDeed::Location { object })
    }

    fn change_tenant(&self, deed: TenantDeed) -> Result<(), TenantError> {
        let change = TenantChange { deed, effective_at: self.clock.now() };
        self.lock().take(&self.population, &[Line::Tenant(change)])
    }

    /// The Conditional Access policies, as Graph sends them.
    pub fn policies(&self) -> Vec<Object> {
        self.lock().state.conditional_access(self.clock.now()).policies().to_vec()
    }

    /// The named locations, as Graph sends them.
    pub fn locations(&self) -> Vec<Object> {
        self.lock().state.conditional_access(self.clock.now()).locations().to_vec()
    }

    /// Whether a password change that is required of the user with this number begins with multifactor authentication.
    pub fn change_is_with_mfa(&self, index: u32) -> bool {
        self.lock().state.change_is_with_mfa(&self.population, index, self.clock.now())
    }

    /// How often the action that was applied most often to one id was, since the tenant was opened.
    pub fn most_applied(&self) -> u32 {
        self.lock().applied.values().copied().max().unwrap_or(0)
    }

    /// All records of the user with this number, devices and methods too, as they can be read now.
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
}

fn scope(action: Action) -> Scope {
    if action.aim() == Aim::SignIn { Scope::SignIn } else { Scope::User }
}

fn bad_request(message: &str) -> TenantError {
    TenantError::Rejected { status: 400, code: "BadRequest".to_owned(), message: message.to_owned() }
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
        self.apply(call)
    }

    async fn read_back(&self, action: Action, targets: &[Target], _since: Option<Timestamp>) -> Result<Vec<Record>, TenantError> {
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
        if action.kind() == Kind::Policy {
            let facts = inner.tenant_facts(now);
            let of_locations = matches!(action, Action::TrustIp | Action::UntrustIp);
            let read = if of_locations { facts.locations.map(Record::Locations) } else { facts.policies.map(Record::Policies) };
            return Ok(read.into_iter().collect());
        }
        let mut seen = HashSet::new();
        let users = scoped.into_iter().filter_map(|(scope, id)| self.user_of(scope, id)).filter(|index| seen.insert(*index));
        let mut records = Vec::new();
        for index in users {
            let mut read = inner.state.read(&self.population, index, now);
            if let (Action::DisableDevices, Some(devices)) = (action, read.devices.take()) {
                records.push(Record::Devices(read.user.id.clone(), devices));
            }
            spread(read, &mut records);
        }
        Ok(records)
    }

    async fn changes_of(&self, users: &[UserId], _since: Option<Timestamp>) -> Result<(Vec<Record>, Option<TenantError>), TenantError> {
        self.pacer.turn(Urgency::Acting).await;
        let mut inner = self.lock();
        let now = self.clock.now();
        let names: Vec<Vec<String>> = users.iter().map(|id| self.names(Scope::User, id.as_str())).collect();
        self.admit_reading(&mut inner, now, &names)?;
        let mut records = Vec::new();
        for index in users.iter().filter_map(|id| self.population.user(id.as_str())) {
            spread(inner.state.read(&self.population, index, now), &mut records);
        }
        Ok((records, None))
    }

    async fn accounts(&self, users: &[UserId]) -> Result<Vec<Record>, TenantError> {
        let mut inner = self.lock();
        let now = self.clock.now();
        let mut records = Vec::new();
        for index in users.iter().filter_map(|id| self.population.user(id.as_str())) {
            let read = inner.state.read(&self.population, index, now);
            records.push(Record::presence(read.user.id.clone(), read.user.is_deleted == Some(true)));
            records.push(Record::Directory(read.user.id, read.directory));
        }
        Ok(records)
    }

    fn by_its_clock(&self, at: Timestamp) -> Timestamp {
        at
    }

    async fn look(&self, user: &UserId) -> Result<Vec<Record>, TenantError> {
        self.pacer.turn(Urgency::Acting).await;
        let mut inner = self.lock();
        let now = self.clock.now();
        self.admit_reading(&mut inner, now, &[self.names(Scope::User, user.as_str())])?;
        let Some(index) = self.population.user(user.as_str()) else { return Ok(Vec::new()) };
        let read = inner.state.read(&self.population, index, now);
        let id = read.user.id.clone();
        let mut records = vec![Record::User(read.user), Record::Directory(id.clone(), read.directory)];
        records.extend(read.devices.map(|devices| Record::Devices(id.clone(), devices)));
        records.extend(read.methods.map(|methods| Record::Methods(id, methods)));
        Ok(records)
    }

    async fn find(&self, _name: &str) -> Result<Vec<Record>, TenantError> {
        Ok(Vec::new())
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
        if first == 0 {
            let facts = inner.tenant_facts(now);
            records.extend(facts.policies.map(Record::Policies));
            records.extend(facts.locations.map(Record::Locations));
        }
        for index in first..end {
            spread(inner.state.read(&self.population, index, now), &mut records);
        }
        let next = (end < users).then(|| end.to_string());
        Ok(Page { records, next, users: Some(users as usize), what: "users", ..Page::default() })
    }
}

/// What is read of everybody: not the devices and methods.
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

//! Bringing the store up to date with the tenant.

use std::collections::{HashMap, HashSet};

use chrono::TimeDelta;
use tokio_util::sync::CancellationToken;

use super::{Engine, EngineError};
use crate::domain::filing;
use crate::domain::plan::Access;
use crate::domain::policy::TenantFacts;
use crate::domain::records::{Record, UserId, UserRecords};
use crate::domain::sync::{SyncState, Unfinished};
use crate::tenant::pace::back_off;
use crate::tenant::{Page, TenantError};

/// How often a page is tried that the tenant puts off.
const TRIES: u32 = 6;
/// Reading only what changed misses what vanished, so everything is read now and then.
const FULL_EVERY: TimeDelta = TimeDelta::days(7);
/// A sync that was interrupted longer ago than this begins anew: the tenant's place-holders do not live long.
const RESUMABLE_FOR: TimeDelta = TimeDelta::hours(6);

/// How far a sync is.
#[derive(Debug, Clone, PartialEq)]
pub struct SyncProgress {
    /// What was read last, for people: "risky users".
    pub what: &'static str,
    /// Users that were read or concerned so far.
    pub users: usize,
    /// How many there are, where the tenant says so.
    pub of: Option<usize>,
    /// How long it will take yet, where that can be told.
    pub seconds_left: Option<u64>,
    /// The users whose records came, as they are now in the store.
    pub records: Vec<UserRecords>,
    /// What is now known of the tenant as a whole, where that came.
    pub tenant: Option<TenantFacts>,
}

/// What was filed, as it is now in the store.
#[derive(Debug, Default)]
pub(super) struct Filed {
    pub users: Vec<UserRecords>,
    /// `None` where nothing of the tenant as a whole came.
    pub tenant: Option<TenantFacts>,
}

/// How a sync ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncReport {
    /// Users that were read or concerned.
    pub users: usize,
    /// Whether everything was read, and not only what changed.
    pub full: bool,
    /// What could not be read, and why. Hostile text.
    pub notes: Vec<String>,
}

impl Engine {
    /// Brings the store up to date: what changed since the last time, or everything where that is asked for, due or the only way.
    /// One that was interrupted goes on. Cancelling stops it after the request in flight; what was read stays.
    pub async fn sync(
        &self,
        full: bool,
        cancel: &CancellationToken,
        progress: &mut (dyn FnMut(SyncProgress) + Send),
    ) -> Result<SyncReport, EngineError> {
        let _syncing = self.syncing.try_lock().map_err(|_| EngineError::Syncing)?;
        let mut state = self.store.sync_state()?;
        let mut run = self.begin(full, &state);
        let mut cursor = Some(run.cursor.clone()).filter(|cursor| !cursor.is_empty());
        let mut seen: HashSet<UserId> = HashSet::new();
        loop {
            let page = match self.page(cursor.as_deref(), cancel).await {
                Ok(Some(page)) => page,
                Ok(None) => return Err(EngineError::SyncCancelled),
                Err(error) => {
                    // Where the place in the reading itself is what fails, the next sync must not go on from there.
                    if matches!(error, TenantError::Lost { .. } | TenantError::Rejected { .. }) && state.unfinished.take().is_some() {
                        self.store.set_sync_state(&state)?;
                    }
                    return Err(error.into());
                }
            };
            if let (0, Some(at)) = (run.requests, page.at) {
                run.started_at = at;
            }
            run.requests += 1;
            run.notes.extend(page.note.filter(|note| !run.notes.contains(note)));
            let Filed { users: records, tenant } = self.file(page.records, page.of_known_users).await?;
            seen.extend(records.iter().map(|records| records.id().clone()));
            let users = seen.len();
            let seconds_left = self.seconds_left(&state, &run, users, page.users);
            progress(SyncProgress { what: page.what, users, of: page.users, seconds_left, records, tenant });
            let Some(next) = page.next else { break };
            run.cursor.clone_from(&next);
            cursor = Some(next);
            state.unfinished = Some(run.clone());
            self.store.set_sync_state(&state)?;
        }
        state.unfinished = None;
        state.watermark = Some(run.started_at);
        if run.full {
            state.full_at = Some(run.started_at);
        }
        let [of_all, of_changes] = &mut state.requests;
        *(if run.full { of_all } else { of_changes }) = run.requests;
        if run.full {
            state.notes.clone_from(&run.notes);
        } else {
            // Reading only what changed does not come by everything that cannot be read.
            let new = run.notes.iter().filter(|note| !state.notes.contains(note)).cloned().collect::<Vec<_>>();
            state.notes.extend(new);
        }
        self.store.set_sync_state(&state)?;
        self.store.set_synced_at(self.clock.now())?;
        Ok(SyncReport { users: seen.len(), full: run.full, notes: state.notes })
    }

    /// What to read: what is left of an interrupted sync, the changes, or everything.
    fn begin(&self, full: bool, state: &SyncState) -> Unfinished {
        let now = self.clock.now();
        if let Some(left) = &state.unfinished
            && left.started_at.age(now) < RESUMABLE_FOR
            && !full
        {
            return left.clone();
        }
        let whole_is_due = state.full_at.is_none_or(|at| at.age(now) > FULL_EVERY);
        let changes = state.watermark.filter(|_| !full && !whole_is_due).and_then(|at| self.tenant.changes_since(at));
        let full = changes.is_none();
        Unfinished { cursor: changes.unwrap_or_default(), started_at: now, full, requests: 0, notes: Vec::new() }
    }

    fn seconds_left(&self, state: &SyncState, run: &Unfinished, users: usize, of: Option<usize>) -> Option<u64> {
        let [of_all, of_changes] = state.requests;
        let last_time = if run.full { of_all } else { of_changes };
        let left = match of {
            Some(of) if users > 0 => run.requests as usize * of.saturating_sub(users) / users,
            // The last time tells how long it takes; where it takes longer, nobody knows how long.
            _ if last_time > run.requests => (last_time - run.requests) as usize,
            _ => return None,
        };
        Some(self.tenant.limits().seconds(left))
    }

    /// One page; `None` where the sync was cancelled.
    async fn page(&self, cursor: Option<&str>, cancel: &CancellationToken) -> Result<Option<Page>, TenantError> {
        let mut attempt = 0;
        loop {
            let read = tokio::select! {
                biased;
                () = cancel.cancelled() => return Ok(None),
                read = self.tenant.page(cursor) => read,
            };
            attempt += 1;
            let wait = match read {
                Err(TenantError::Throttled { retry_after }) if attempt < TRIES => retry_after.unwrap_or_else(|| back_off(attempt)),
                Err(TenantError::Unreachable { .. } | TenantError::Lost { .. }) if attempt < TRIES / 2 => back_off(attempt),
                result => return result.map(Some),
            };
            tokio::select! {
                biased;
                () = cancel.cancelled() => return Ok(None),
                () = self.clock.sleep(wait) => {}
            }
        }
    }

    /// Files a page's records under their users; tells them as they are now.
    pub(super) async fn file(&self, records: Vec<Record>, of_known_users: bool) -> Result<Filed, EngineError> {
        let mut by_user: HashMap<UserId, Vec<Record>> = HashMap::new();
        let mut of_tenant = Vec::new();
        for record in records {
            match record.user_id().cloned() {
                Some(id) => by_user.entry(id).or_default().push(record),
                None => of_tenant.push(record),
            }
        }
        let authoritative = self.tenant.access() != Access::Evidence;
        let _guard = self.filing.lock().await; // a running job reads and puts users, too
        let mut filed = Vec::with_capacity(by_user.len());
        for (id, records) in by_user {
            let mut held = match self.store.user(&id)? {
                Some(held) => held,
                None if of_known_users => continue,
                None => UserRecords::unknown(id),
            };
            if authoritative {
                // A tenant knows where a sign-in stands, also where its risk was closed and came back.
                let given = records.iter().filter_map(|record| match record {
                    Record::SignIn(sign_in) if sign_in.risk_state.is_some() => Some(&sign_in.id),
                    _ => None,
                });
                let given: HashSet<_> = given.collect();
                held.sign_ins.iter_mut().filter(|sign_in| given.contains(&sign_in.id)).for_each(|sign_in| sign_in.risk_state = None);
            }
            filing::file_all(&mut held, records, &mut |_| {});
            filed.push(held);
        }
        self.store.put(&filed)?;
        let tenant = if of_tenant.is_empty() { None } else { Some(self.file_tenant(of_tenant)?) };
        Ok(Filed { users: filed, tenant })
    }

    fn file_tenant(&self, records: Vec<Record>) -> Result<TenantFacts, EngineError> {
        let mut facts = self.store.tenant_facts()?;
        for record in records {
            match record {
                Record::Policies(policies) => facts.policies = Some(policies),
                Record::Locations(locations) => facts.take_locations(locations),
                _ => {}
            }
        }
        self.store.set_tenant_facts(&facts)?;
        Ok(facts)
    }

    /// Files what a tenant told without being asked.
    pub async fn take_in(&self, records: Vec<Record>) -> Result<(), EngineError> {
        self.file(records, false).await.map(drop)
    }

    /// Asks the tenant for somebody whom the workspace does not hold, by object id or principal name, and files what there is.
    pub async fn find(&self, name: &str) -> Result<Vec<UserRecords>, EngineError> {
        let records = self.tenant.find(name).await?;
        Ok(if records.is_empty() { Vec::new() } else { self.file(records, false).await?.users })
    }

    /// Reads what is too much to read of everybody: these users' accounts, devices and authentication methods. What came of it is
    /// filed; the error is the first that hindered. One that concerns a single user hinders no other.
    pub async fn look(&self, users: &[UserId]) -> (Vec<UserRecords>, Option<EngineError>) {
        let (mut seen, mut hindered) = (Vec::new(), None);
        for user in users {
            let read = self.tenant.look(user).await;
            match read {
                Err(error @ (TenantError::Lost { .. } | TenantError::Rejected { .. })) => {
                    hindered.get_or_insert(EngineError::from(error));
                }
                Err(error) => return (seen, Some(error.into())),
                Ok(records) => match self.file(records, true).await {
                    Ok(filed) => seen.extend(filed.users),
                    Err(error) => return (seen, Some(error)),
                },
            }
        }
        (seen, hindered)
    }
}

//! Reading back: 204 is not success (invariant 3), and a lost answer is neither.

use std::collections::{HashMap, HashSet, VecDeque};

use chrono::TimeDelta;

use super::job::Run;
use super::{Engine, EngineError, EngineEvent};
use crate::domain::action::Action;
use crate::domain::filing;
use crate::domain::journal::{CallAnswer, Entry, ItemOutcome, Outcome};
use crate::domain::ledger::ItemState;
use crate::domain::password::UNTOLD;
use crate::domain::plan::Target;
use crate::domain::policy::TenantFacts;
use crate::domain::records::{Record, UserId, UserRecords};
use crate::domain::time::Timestamp;
use crate::domain::verification::{Seen, Verification, verify};
use crate::tenant::TenantError;
use crate::tenant::pace::back_off;

/// The risk state may lag behind the answer: so many reads, over a quarter of a minute, must agree before a target counts as
/// diverged, or a request whose answer was lost as not applied.
const READS_BEFORE_DIVERGED: u32 = 4;
/// How many reads a target that the service is still processing is given, with growing pauses: about three minutes.
const READS_WHILE_PROCESSING: u32 = 8;
/// Why a target has no state.
const NOT_FOUND: &str = "it was not among what was read back";
/// A request takes no longer than this: a password that was changed later was changed by somebody else.
const ANSWERED_WITHIN: TimeDelta = TimeDelta::minutes(5);
/// Why a password is not verified that was told while its answer was lost.
const ANOTHER_MAY_BE_SET: &str = "the password was changed later than it was sent, so it may be another one than was told";
/// How often a read is tried that the tenant puts off or cannot be reached for.
const TRIES: u32 = 6;

/// Targets that were sent, or may have been, and when each is to be read next.
#[derive(Debug, Default)]
pub(super) struct Watched(HashMap<String, Watch>);

#[derive(Debug, Clone, Copy)]
struct Watch {
    reads: u32,
    /// When it was sent, or may have been, by the tenant's clock. Of what an earlier process sent, the journal has it by this machine's.
    sent: Option<Timestamp>,
    due: Timestamp,
}

impl Watched {
    pub(super) fn watch(&mut self, ids: Vec<String>, sent: Option<Timestamp>, due: Timestamp) {
        self.0.extend(ids.into_iter().map(|id| (id, Watch { reads: 0, sent, due })));
    }

    /// At most so many of what is due, those that were sent first: a tenant that is asked for what changed since then has the less
    /// to tell, the later the first of a batch was sent.
    pub(super) fn due(&self, now: Timestamp, batch: usize) -> Vec<String> {
        let mut due: Vec<_> = self.0.iter().filter(|(_, watch)| watch.due <= now).collect();
        due.sort_unstable_by_key(|(_, watch)| watch.sent);
        due.into_iter().take(batch).map(|(id, _)| id.clone()).collect()
    }

    /// When the first of these was sent; `journalled` tells it of what an earlier process sent.
    fn sent(&self, ids: &[String], journalled: impl Fn(&str) -> Timestamp) -> Option<Timestamp> {
        ids.iter().filter_map(|id| self.0.get(id).map(|watch| watch.sent.unwrap_or_else(|| journalled(id)))).min()
    }

    pub(super) fn next_due(&self) -> Option<Timestamp> {
        self.0.values().map(|watch| watch.due).min()
    }

    pub(super) fn all(self) -> Vec<String> {
        self.0.into_keys().collect()
    }

    /// Counts a read; tells how many there were.
    fn read(&mut self, id: &str) -> u32 {
        self.0.get_mut(id).map_or(1, |watch| {
            watch.reads += 1;
            watch.reads
        })
    }

    fn again(&mut self, id: &str, due: Timestamp) {
        if let Some(watch) = self.0.get_mut(id) {
            watch.due = due;
        }
    }

    fn forget(&mut self, id: &str) {
        self.0.remove(id);
    }
}

impl Run<'_> {
    /// Reads targets back once. What is not settled is watched on; what was lost and not applied goes back into the queue.
    pub(super) async fn read_back(
        &self,
        ids: Vec<String>,
        watched: &mut Watched,
        queue: &mut VecDeque<Vec<String>>,
    ) -> Result<(), EngineError> {
        let lost: HashSet<String> = self.ids(|state| *state == ItemState::MaybeSent)?.into_iter().collect();
        let mut items = Vec::new();
        let mut not_applied = Vec::new();
        for (id, found) in self.verify(&ids, &lost, |ids| watched.sent(ids, |id| self.sent_at(id))).await? {
            let reads = watched.read(&id);
            let Some(found) = found else {
                // Nobody saw its state, so nobody knows: what may have been applied is not sent again.
                if reads < READS_BEFORE_DIVERGED {
                    watched.again(&id, Timestamp(self.now().0 + back_off(reads)));
                    continue;
                }
                watched.forget(&id);
                let because = self.told_or_lost(&id, Some(NOT_FOUND.to_owned()))?;
                items.push(ItemOutcome { id, outcome: Outcome::Unverified, because });
                continue;
            };
            let (outcome, because) = match found {
                Verification::Verified => self.came_true(&id)?,
                Verification::Diverged(because) if reads >= READS_BEFORE_DIVERGED => {
                    if lost.contains(&id) {
                        watched.forget(&id);
                        not_applied.push(id);
                        continue;
                    }
                    (Outcome::Diverged, Some(because))
                }
                // Nobody saw its state, so nobody knows: what may have been applied is not sent again.
                Verification::Untold(what) if reads >= READS_BEFORE_DIVERGED => (Outcome::Unverified, Some(untold(what))),
                Verification::Processing if reads >= READS_WHILE_PROCESSING => {
                    (Outcome::Unverified, Some("the service is still processing it".to_owned()))
                }
                Verification::Diverged(_) | Verification::Processing | Verification::Untold(_) => {
                    watched.again(&id, Timestamp(self.now().0 + back_off(reads)));
                    continue;
                }
            };
            watched.forget(&id);
            let because = if outcome == Outcome::Verified { because } else { self.told_or_lost(&id, because)? };
            items.push(ItemOutcome { id, outcome, because });
        }
        self.come_out(items)?;
        if !not_applied.is_empty() {
            self.engine.append(vec![Entry::NotApplied { job: self.job, ids: not_applied.clone() }])?;
            queue.extend(self.chunks(&not_applied));
        }
        Ok(())
    }

    /// Reads targets back a last time, for a job that is cancelled or has ended: what is not seen in the promised state is unverified. A
    /// target that came out otherwise stays as it came out.
    pub(super) async fn read_back_once(&self, ids: Vec<String>) -> Result<(), EngineError> {
        let lost: HashSet<String> = self.ids(|state| *state == ItemState::MaybeSent)?.into_iter().collect();
        let ended: HashSet<String> = self.ids(|state| matches!(state, ItemState::Ended(..)))?.into_iter().collect();
        let mut items = Vec::new();
        for (id, found) in self.verify(&ids, &lost, |ids| ids.iter().map(|id| self.sent_at(id)).min()).await? {
            let (outcome, because) = match found.unwrap_or_else(|| Verification::Diverged(NOT_FOUND.to_owned())) {
                Verification::Verified => self.came_true(&id)?,
                Verification::Processing => (Outcome::Unverified, Some("the service is still processing it".to_owned())),
                Verification::Diverged(because) => (Outcome::Unverified, Some(because)),
                Verification::Untold(what) => (Outcome::Unverified, Some(untold(what))),
            };
            let because = if outcome == Outcome::Verified { because } else { self.told_or_lost(&id, because)? };
            if outcome == Outcome::Verified || !ended.contains(&id) {
                items.push(ItemOutcome { id, outcome, because });
            }
        }
        self.come_out(items)
    }

    /// Why a target is not verified. A password that may have been set is told all the same: nobody else has it.
    fn told_or_lost(&self, id: &str, because: Option<String>) -> Result<Option<String>, EngineError> {
        if self.plan.action != Action::GenerateTemporaryPassword {
            return Ok(because);
        }
        let (told_before, lost) =
            self.engine.job(self.job, |job| (job.is_told(id), job.item(id).is_some_and(|item| item.state == ItemState::MaybeSent)))?;
        if !self.tell_password(id) && !told_before {
            return Ok(Some(UNTOLD.to_owned()));
        }
        if lost {
            let why = because.as_deref().unwrap_or("its answer was lost");
            self.tell(EngineEvent::Notice(format!("temporary password of {}: whether it was set is not known: {why}", self.name(id))));
        }
        Ok(because)
    }

    /// A target is as promised. A password is of use only where it was told, and only if it is the one that was set.
    fn came_true(&self, id: &str) -> Result<(Outcome, Option<String>), EngineError> {
        if self.plan.action != Action::GenerateTemporaryPassword || self.tell_password(id) {
            return Ok((Outcome::Verified, None));
        }
        let (told_before, lost) =
            self.engine.job(self.job, |job| (job.is_told(id), job.item(id).is_some_and(|item| item.state == ItemState::MaybeSent)))?;
        if !told_before {
            return Ok((Outcome::Diverged, Some(UNTOLD.to_owned())));
        }
        let changed = self.engine.store.user(&id.into())?.and_then(|records| records.directory.last_password_change_date_time);
        // Whoever sets another one later must not pass for the request whose answer was lost.
        if lost && changed.is_none_or(|changed| changed.0 - self.sent_at(id).0 > ANSWERED_WITHIN) {
            return Ok((Outcome::Unverified, Some(ANOTHER_MAY_BE_SET.to_owned())));
        }
        let hint = "it was told before the job was taken up again; where nobody has it, generate another";
        self.tell(EngineEvent::Notice(format!("temporary password of {}: {hint}", self.name(id))));
        Ok((Outcome::Verified, None))
    }

    /// How targets came out, with what the tenant said when it took them. What is as promised of a policy or location that somebody else
    /// changed, too, is not so as a whole: the operator must look at it.
    pub(super) fn with_remarks(&self, mut items: Vec<ItemOutcome>) -> Result<Vec<ItemOutcome>, EngineError> {
        for item in items.iter_mut().filter(|item| item.outcome != Outcome::Skipped) {
            let said = match self.engine.job(self.job, |job| job.remark(&item.id).cloned())? {
                Some(CallAnswer::Contested { message }) => {
                    item.outcome = if item.outcome == Outcome::Verified { Outcome::Diverged } else { item.outcome };
                    message
                }
                Some(CallAnswer::Partly { message }) if item.outcome != Outcome::Verified => message,
                _ => continue,
            };
            item.because = Some(item.because.take().map_or_else(|| said.clone(), |because| format!("{because}; {said}")));
        }
        Ok(items)
    }

    /// Reads targets and judges what was read; `None` for what was not among it, whatever the store holds.
    async fn verify(
        &self,
        ids: &[String],
        lost: &HashSet<String>,
        sent: impl Fn(&[String]) -> Option<Timestamp>,
    ) -> Result<Vec<(String, Option<Verification>)>, EngineError> {
        let (users, tenant) = self.read(ids, sent(ids)).await?;
        let judged = ids.iter().map(|id| {
            let found = self.target(id).and_then(|(target, owner)| {
                let before = self.before(&owner);
                let seen = Seen {
                    records: users.get(&owner),
                    tenant: &tenant,
                    before: before.as_ref(),
                    sent: sent(std::slice::from_ref(id)),
                    lost: lost.contains(id),
                    devices: self.devices(id),
                };
                verify(&self.plan, &target, seen)
            });
            (id.clone(), found)
        });
        Ok(judged.collect())
    }

    /// Reads targets from the tenant into the store, batch by batch; tells what came, without what was held before. A job that is cancelled
    /// reads only what comes without delay.
    async fn read(&self, ids: &[String], since: Option<Timestamp>) -> Result<(HashMap<UserId, UserRecords>, TenantFacts), EngineError> {
        let batch = self.engine.tenant.limits().read_back_batch.max(1);
        let mut users = HashMap::new();
        let mut tenant = TenantFacts::default();
        for ids in ids.chunks(batch) {
            let targets: Vec<Target> = ids.iter().filter_map(|id| self.target(id)).map(|(target, _)| target).collect();
            let read = match self.engine.read(&targets, since, self).await {
                Err(EngineError::Tenant(_)) if self.cancel.is_cancelled() => break,
                read => read?,
            };
            let mut brought: HashMap<UserId, Vec<Record>> = HashMap::new();
            for record in read.iter().filter(|record| !matches!(record, Record::Detection(_) | Record::History(_))) {
                if let Some(id) = record.user_id() {
                    brought.entry(id.clone()).or_default().push(record.clone());
                }
            }
            for (id, records) in brought {
                filing::file_all(users.entry(id.clone()).or_insert_with(|| UserRecords::unknown(id)), records, &mut |_| {});
            }
            let filed = self.engine.file(read, false).await?;
            self.tell(EngineEvent::Records(filed.users));
            if let Some(facts) = filed.tenant {
                self.tell(EngineEvent::Tenant(facts.clone()));
                tenant = facts;
            }
        }
        Ok((users, tenant))
    }
}

fn untold(what: &str) -> String {
    format!("the tenant did not tell {what}")
}

impl Engine {
    /// Reads back, and tries again where the tenant puts it off: reading twice does no harm.
    async fn read(&self, targets: &[Target], since: Option<Timestamp>, run: &Run<'_>) -> Result<Vec<Record>, EngineError> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            let wait = match self.tenant.read_back(run.plan.action, targets, since).await {
                Err(TenantError::Throttled { retry_after }) if attempt < TRIES && !run.cancel.is_cancelled() => {
                    let wait = retry_after.unwrap_or_else(|| back_off(attempt));
                    run.throttled(wait);
                    wait
                }
                Err(TenantError::Unreachable { .. } | TenantError::Lost { .. }) if attempt < TRIES / 2 && !run.cancel.is_cancelled() => {
                    back_off(attempt)
                }
                result => return Ok(result?),
            };
            run.wait(wait).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixture;

    #[test]
    fn who_was_sent_first_is_read_back_first() {
        let at = |second: i64| Timestamp(fixture::now().0 + TimeDelta::seconds(second));
        let mut watched = Watched::default();
        for call in 0..10 {
            let ids = (0..60).map(|number| format!("{call}-{number}")).collect();
            watched.watch(ids, Some(at(call)), at(call));
        }
        let first = watched.due(at(9), 590);
        assert_eq!(watched.sent(&first, |_| at(5)), Some(at(0)));
        first.iter().for_each(|id| watched.forget(id));
        assert_eq!(watched.sent(&watched.due(at(9), 590), |_| at(5)), Some(at(9)), "only some of the last call are left");
    }
}

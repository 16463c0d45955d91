//! Reading back: 204 is not success (invariant 3), and a lost answer is neither.

use std::collections::VecDeque;
use std::time::Duration;

use super::job::Run;
use super::pace::back_off;
use super::{EngineError, EngineEvent};
use crate::domain::journal::{Entry, ItemOutcome, Outcome};
use crate::domain::ledger::ItemState;
use crate::domain::plan::{IDS_PER_REQUEST, Target};
use crate::domain::records::{SignInId, UserId, UserRecords};
use crate::domain::transition::{Verification, verify};
use crate::tenant::TenantError;

/// The risk state may lag behind the 204: so many reads must agree before a target counts as diverged.
const READS_BEFORE_DIVERGED: u32 = 3;
/// How many reads a target that the service is still processing is given, with growing pauses: about two minutes.
const READS_WHILE_PROCESSING: u32 = 8;
/// How often a read is tried that the tenant puts off or cannot be reached for.
const TRIES: u32 = 8;

impl Run<'_> {
    /// Reads accepted targets back until each is verified, diverged or given up on.
    pub(super) async fn read_back_accepted(&self, mut ids: Vec<String>) -> Result<(), EngineError> {
        for read in 1.. {
            if ids.is_empty() {
                return Ok(());
            }
            let mut again = Vec::new();
            let mut items = Vec::new();
            for (id, found) in self.verify(&ids).await? {
                let cancelled = self.cancel.is_cancelled();
                let (outcome, because) = match found {
                    Verification::Verified => (Outcome::Verified, None),
                    Verification::Diverged(because) if read >= READS_BEFORE_DIVERGED => (Outcome::Diverged, Some(because)),
                    Verification::Diverged(because) if cancelled => (Outcome::Unverified, Some(because)),
                    Verification::Processing if read >= READS_WHILE_PROCESSING || cancelled => {
                        (Outcome::Unverified, Some("the service is still processing it".to_owned()))
                    }
                    Verification::Diverged(_) | Verification::Processing => {
                        again.push(id);
                        continue;
                    }
                };
                items.push(ItemOutcome { id, outcome, because });
            }
            self.come_out(items)?;
            ids = again;
            if !ids.is_empty() {
                self.wait(back_off(read).min(Duration::from_secs(30))).await;
            }
        }
        Ok(())
    }

    /// Requests whose answer was lost: what was applied is read back like any other, what was not goes back into the queue.
    pub(super) async fn settle_lost(&self, queue: &mut VecDeque<Vec<String>>) -> Result<(), EngineError> {
        let lost = self.ids(|state| *state == ItemState::MaybeSent)?;
        if lost.is_empty() {
            return Ok(());
        }
        let mut verified = Vec::new();
        let mut unchanged = Vec::new();
        let mut processing = Vec::new();
        for (id, found) in self.verify(&lost).await? {
            match found {
                Verification::Verified => verified.push(ItemOutcome { id, outcome: Outcome::Verified, because: None }),
                Verification::Processing => processing.push(id),
                Verification::Diverged(_) => unchanged.push(id),
            }
        }
        self.come_out(verified)?;
        self.read_back_accepted(processing).await?;
        if !unchanged.is_empty() {
            self.engine.append(vec![Entry::NotApplied { job: self.job, ids: unchanged.clone() }])?;
            for batch in unchanged.chunks(IDS_PER_REQUEST).rev() {
                queue.push_front(batch.to_vec());
            }
        }
        Ok(())
    }

    /// Reads the targets that were not sent yet as they are now: the job may have lain for days. Sending judges them by that.
    pub(super) async fn refresh_unsent(&self) -> Result<(), EngineError> {
        let unsent = self.ids(|state| *state == ItemState::Pending)?;
        self.read(&unsent).await?;
        Ok(())
    }

    async fn verify(&self, ids: &[String]) -> Result<Vec<(String, Verification)>, EngineError> {
        self.read(ids).await?;
        let mut found = Vec::with_capacity(ids.len());
        for id in ids {
            let user = self.owner(id);
            let verification = match self.engine.store.user(&user)? {
                Some(records) => {
                    let sign_in = (user.as_str() != id).then(|| SignInId::from(id.as_str()));
                    verify(self.plan.action.event(), &records, sign_in.as_ref())
                }
                None => Verification::Diverged("it was not found when read back".to_owned()),
            };
            found.push((id.clone(), verification));
        }
        Ok(found)
    }

    /// Reads targets from the tenant into the store, page by page.
    async fn read(&self, ids: &[String]) -> Result<(), EngineError> {
        let page = self.engine.tenant.limits().read_back_page.max(1);
        for ids in ids.chunks(page) {
            let targets: Vec<Target> = ids.iter().map(|id| self.target(id)).collect();
            let read = self.engine.read(&targets).await?;
            let mut updated: Vec<UserRecords> = Vec::with_capacity(read.len());
            for user in read {
                let held = self.engine.store.user(&user.user.id)?;
                let mut records = held.unwrap_or_else(|| UserRecords::unknown(user.user.id.clone()));
                user.update(&mut records);
                updated.push(records);
            }
            self.engine.store.put(&updated)?;
            self.tell(EngineEvent::Records(updated));
        }
        Ok(())
    }

    /// The user that a target belongs to: itself, or the user of the sign-in.
    fn owner(&self, id: &str) -> UserId {
        self.user_of(id).unwrap_or_else(|| UserId::from(id))
    }

    fn target(&self, id: &str) -> Target {
        if self.owner(id).as_str() == id { Target::User(id.into()) } else { Target::SignIn(id.into()) }
    }
}

impl super::Engine {
    /// One read-back request, paced, tried again where the tenant puts it off: reading twice does no harm.
    async fn read(&self, targets: &[Target]) -> Result<Vec<crate::tenant::ReadBack>, TenantError> {
        let mut attempt = 0;
        loop {
            self.pacer.turn().await;
            attempt += 1;
            match self.tenant.read_back(targets).await {
                Err(TenantError::Throttled { retry_after }) if attempt < TRIES => {
                    self.clock.sleep(retry_after.unwrap_or_else(|| back_off(attempt))).await;
                }
                Err(TenantError::Unreachable { .. } | TenantError::Lost { .. }) if attempt < TRIES / 2 => {
                    self.clock.sleep(back_off(attempt)).await;
                }
                result => return result,
            }
        }
    }
}

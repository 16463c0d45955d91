//! One job on its way: what to send next, and what to make of the answer.
//!
//! The journal is the job's only memory: every decision is taken from what the ledger says, so that a
//! job that was killed goes on like one that was not.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;
use tokio_util::sync::CancellationToken;

use super::read_back::Watched;
use super::{Engine, EngineError, EngineEvent, JobReport};
use crate::domain::action::{Action, Aim, Kind};
use crate::domain::dataset::Dataset;
use crate::domain::job_event::{JobEvent, What};
use crate::domain::journal::{CallAnswer, Entry, ItemOutcome, JobId, JobState, Outcome};
use crate::domain::ledger::ItemState;
use crate::domain::password::{RANDOM_BYTES, TemporaryPassword};
use crate::domain::plan::{Plan, PlanContext, PlanTarget, Target, Verdict};
use crate::domain::records::{Directory, UserId};
use crate::domain::time::Timestamp;
use crate::tenant::pace::back_off;
use crate::tenant::{Call, TenantError};

/// How often in a row the tenant may put a request off, or lose its answer, before the job stops and waits to be resumed.
const PATIENCE: u32 = 5;
/// The same for a tenant that cannot be reached: a person should look.
const PATIENCE_UNREACHABLE: u32 = 3;
/// One job while it runs.
pub(super) struct Run<'a> {
    pub(super) engine: &'a Engine,
    pub(super) job: JobId,
    /// The plan, without its targets.
    pub(super) plan: Plan,
    pub(super) cancel: &'a CancellationToken,
    events: &'a UnboundedSender<EngineEvent>,
    /// The targets that are acted on.
    targets: HashMap<String, PlanTarget>,
    /// Passwords that were sent and not told yet. They are gone with this process.
    passwords: Mutex<HashMap<String, TemporaryPassword>>,
    /// When the plan was confirmed.
    created_at: Timestamp,
    /// Users whose password was told since the job was taken up.
    told: Mutex<HashSet<String>>,
    /// Of these, whose telling is not in the journal yet.
    newly_told: Mutex<Vec<String>>,
    /// When, by the tenant's clock, and before which request changes of those who are not sent yet were read.
    pub(super) changes_read: Mutex<Option<(Timestamp, u32)>>,
    /// Accounts as they were right before they were sent.
    pub(super) before: Mutex<HashMap<UserId, Directory>>,
    /// Whether it was told that something may not be read before sending.
    pub(super) told_unread: AtomicBool,
}

impl<'a> Run<'a> {
    pub(super) fn new(
        engine: &'a Engine,
        job: JobId,
        cancel: &'a CancellationToken,
        events: &'a UnboundedSender<EngineEvent>,
    ) -> Result<Self, EngineError> {
        let (mut plan, created_at) = engine.job(job, |job| (job.plan.clone(), job.created_at))?;
        let targets = std::mem::take(&mut plan.targets);
        let targets = targets.into_iter().filter(|target| target.included).map(|target| (target.id.clone(), target)).collect();
        Ok(Run {
            engine,
            job,
            plan,
            cancel,
            events,
            targets,
            created_at,
            passwords: Mutex::default(),
            told: Mutex::default(),
            newly_told: Mutex::default(),
            changes_read: Mutex::default(),
            before: Mutex::default(),
            told_unread: AtomicBool::default(),
        })
    }

    /// Waits before the first request; false where the operator cancelled meanwhile.
    pub(super) async fn held(&self, hold: Duration) -> bool {
        if !hold.is_zero() {
            let until = Timestamp(self.now().0 + hold);
            self.event(What::Held { until }, &self.job.to_string());
            self.wait(hold).await;
        }
        !self.cancel.is_cancelled()
    }

    /// Sends what is to be sent and reads back what was sent, until nothing is left. Reading waits for a full page or for the
    /// last request: sending never waits for one slow target.
    pub(super) async fn drive(&self) -> Result<JobReport, EngineError> {
        let driven = self.go_on().await;
        if driven.is_err() {
            self.tell_what_may_be_set()?;
        }
        driven
    }

    async fn go_on(&self) -> Result<JobReport, EngineError> {
        let page = self.engine.tenant.limits().read_back_batch.max(1);
        let mut queue = self.batches()?;
        let mut watched = Watched::default();
        watched.watch(self.ids(|state| matches!(state, ItemState::Accepted | ItemState::MaybeSent))?, None, self.now());
        let mut troubles = 0;
        loop {
            self.progress(queue.len())?;
            // A tenant that answers at once would leave nobody the time to cancel, or to hear what was told.
            tokio::task::yield_now().await;
            if self.cancel.is_cancelled() {
                break;
            }
            let due = watched.due(self.now(), page);
            if due.len() >= page || (queue.is_empty() && !due.is_empty()) {
                self.read_back(due, &mut watched, &mut queue).await?;
            } else if let Some(batch) = queue.pop_front() {
                self.send(batch, &mut queue, &mut watched, &mut troubles).await?;
            } else if let Some(next) = watched.next_due() {
                self.wait((next.0 - self.now().0).to_std().unwrap_or_default()).await;
            } else {
                return self.end(JobState::Done);
            }
        }
        let rest = watched.all();
        if queue.is_empty() && rest.is_empty() {
            return self.end(JobState::Done); // cancelled when nothing was left to cancel
        }
        self.read_back_once(rest).await?;
        self.end(JobState::Cancelled)
    }

    /// Sends one batch, after judging it once more, and files the answer.
    async fn send(
        &self,
        batch: Vec<String>,
        queue: &mut VecDeque<Vec<String>>,
        watched: &mut Watched,
        troubles: &mut u32,
    ) -> Result<(), EngineError> {
        // Where writing was turned off meanwhile, the rest waits to be resumed: it is not judged away.
        self.engine.require_access()?;
        match self.make_ready(&batch, queue).await {
            Ok(true) => {}
            Ok(false) => {
                queue.push_front(batch);
                return Ok(());
            }
            Err(EngineError::Tenant(error @ (TenantError::Unreachable { .. } | TenantError::Throttled { .. }))) => {
                return self.try_later(batch, error, queue, troubles).await;
            }
            Err(error) => return Err(error),
        }
        let ids = self.still_holding(batch)?;
        if ids.is_empty() {
            return Ok(());
        }
        let call_number = self.engine.job(self.job, |job| job.next_call)?;
        self.engine.append(vec![Entry::Intent { job: self.job, call: call_number, ids: ids.clone() }])?;
        let call = self.call(ids)?;
        let sent_at = Some(self.engine.tenant.by_its_clock(self.now()));
        let result = self.engine.tenant.act(&call).await;
        let answer = result.as_ref().map_or_else(TenantError::answer, |()| CallAnswer::Accepted);
        let error = match result {
            Err(error) if !matches!(error, TenantError::Partly { .. } | TenantError::Contested { .. }) => Some(error),
            // A password that was taken is told before anything else: nobody else has it, even where the journal cannot be written.
            _ => {
                for id in &call.ids {
                    self.tell_password(id);
                }
                None
            }
        };
        let answered = Entry::Answered { job: self.job, call: call_number, answer };
        self.append_with_told(Some(answered))?;
        let Some(error) = error else {
            *troubles = 0;
            for id in &call.ids {
                self.event(What::Accepted, id);
            }
            watched.watch(call.ids, sent_at, self.now());
            return Ok(());
        };
        match error {
            TenantError::Rejected { .. } | TenantError::Changed { .. } => {
                *troubles = 0;
                self.split(call.ids, &error, queue)
            }
            TenantError::Throttled { .. } | TenantError::Unreachable { .. } => self.try_later(call.ids, error, queue, troubles).await,
            TenantError::Lost { .. } => {
                *troubles += 1;
                if *troubles > PATIENCE_UNREACHABLE {
                    return Err(error.into());
                }
                // It may have been applied: it is read back like what was accepted, and sent again only if it was not.
                watched.watch(call.ids, sent_at, Timestamp(self.now().0 + back_off(*troubles)));
                self.wait(back_off(*troubles)).await;
                Ok(())
            }
            TenantError::ReadOnly
            | TenantError::Evidence
            | TenantError::Denied { .. }
            | TenantError::SignIn { .. }
            | TenantError::Partly { .. }
            | TenantError::Contested { .. }
            | TenantError::State { .. } => Err(error.into()),
        }
    }

    /// Nothing was changed: the batch waits for its next try, unless there were too many in a row.
    async fn try_later(
        &self,
        batch: Vec<String>,
        error: TenantError,
        queue: &mut VecDeque<Vec<String>>,
        troubles: &mut u32,
    ) -> Result<(), EngineError> {
        queue.push_front(batch);
        *troubles += 1;
        let (patience, wait) = match &error {
            TenantError::Throttled { retry_after } => (PATIENCE, retry_after.unwrap_or_else(|| back_off(*troubles))),
            _ => (PATIENCE_UNREACHABLE, back_off(*troubles)),
        };
        if *troubles > patience {
            return Err(error.into());
        }
        if matches!(error, TenantError::Throttled { .. }) {
            self.throttled(wait);
        }
        self.wait(wait).await;
        Ok(())
    }

    /// The users that targets belong to, each once.
    pub(super) fn owners<'b>(&self, ids: impl Iterator<Item = &'b String>) -> Vec<UserId> {
        if matches!(self.plan.action.aim(), Aim::Policy | Aim::Address) {
            return Vec::new();
        }
        let mut seen = HashSet::new();
        let owners = ids.filter_map(|id| self.targets.get(id)).map(owner);
        owners.filter(|id| seen.insert(id.clone())).collect()
    }

    /// When the last request with a target left, by the tenant's clock as far as that is known by now; at the earliest when the plan was
    /// confirmed.
    pub(super) fn sent_at(&self, id: &str) -> Timestamp {
        let sent = self.engine.job(self.job, |job| job.sent_at(id)).ok().flatten();
        self.engine.tenant.by_its_clock(sent.unwrap_or(self.created_at))
    }

    /// A refused batch holds an id that the tenant does not take, and the tenant does not say which: halve it until that id stands alone.
    fn split(&self, ids: Vec<String>, error: &TenantError, queue: &mut VecDeque<Vec<String>>) -> Result<(), EngineError> {
        // A policy or a location is refused as a whole.
        if ids.len() == 1 || self.plan.action.kind() == Kind::Policy {
            let because = Some(error.to_string());
            return self
                .come_out(ids.into_iter().map(|id| ItemOutcome { id, outcome: Outcome::Failed, because: because.clone() }).collect());
        }
        let (first, second) = ids.split_at(ids.len() / 2);
        queue.push_front(second.to_vec());
        queue.push_front(first.to_vec());
        Ok(())
    }

    /// Judges a batch by what is known now; what no longer holds is skipped, with the reason.
    fn still_holding(&self, batch: Vec<String>) -> Result<Vec<String>, EngineError> {
        let mut dataset = Dataset::new();
        dataset.set_tenant(self.engine.store.tenant_facts()?);
        let targets: Vec<PlanTarget> = batch.iter().filter_map(|id| self.targets.get(id).cloned()).collect();
        for target in &targets {
            if let Some(records) = self.engine.store.user(&owner(target))? {
                dataset.put(records);
            }
        }
        let now = self.plan.rejudge(&targets, &dataset, &self.context());
        let (holding, gone): (Vec<_>, Vec<_>) = now.into_iter().partition(|target| target.included);
        let skipped = gone.into_iter().map(|target| {
            let words: Vec<&str> = target.because.iter().map(|because| because.as_str()).collect();
            let because = match target.verdict {
                Verdict::Caution => format!("new caution since the plan: {}", words.join(", ")),
                Verdict::Eligible | Verdict::Refused => words.join(", "),
            };
            ItemOutcome { id: target.id, outcome: Outcome::Skipped, because: Some(because) }
        });
        self.come_out(skipped.collect())?;
        Ok(holding.into_iter().map(|target| target.id).collect())
    }

    fn context(&self) -> PlanContext {
        PlanContext {
            operator: self.plan.operator.clone(),
            reason: self.plan.reason.clone(),
            include_caution: true,
            ..self.engine.plan_context()
        }
    }

    /// The call for these targets, with a password where one is to be set.
    fn call(&self, ids: Vec<String>) -> Result<Call, EngineError> {
        let mut call = Call::new(self.plan.action, ids, &self.engine.operator);
        call.policy.clone_from(&self.plan.policy);
        if let ([id], true) = (call.ids.as_slice(), call.action == Action::DisableDevices) {
            call.devices = self.devices(id).to_vec();
        }
        if let (Action::GenerateTemporaryPassword, [id]) = (call.action, call.ids.as_slice()) {
            let records = self.engine.store.user(&id.as_str().into())?;
            call.hybrid = records.is_some_and(|records| records.directory.on_premises_sync_enabled == Some(true));
            let password = TemporaryPassword::generate(random());
            self.told.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
            self.passwords.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone(), password.clone());
            call.password = Some(password);
        }
        Ok(call)
    }

    /// Tells the password that was set for a user, for the first and last time; whether it was told since the job was taken up.
    pub(super) fn tell_password(&self, id: &str) -> bool {
        let held = self.passwords.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(password) = held else { return told.contains(id) };
        let user_principal_name = self.targets.get(id).and_then(|target| target.user_principal_name.clone());
        let event = EngineEvent::Password { job: self.job, user: id.to_owned(), user_principal_name, password };
        // Where nobody listens any more, nobody was told.
        let is_told = self.events.send(event).is_ok();
        if is_told {
            told.insert(id.to_owned());
            self.newly_told.lock().unwrap_or_else(PoisonError::into_inner).push(id.to_owned());
        }
        is_told
    }

    /// The user as people know it. Hostile text.
    pub(super) fn name<'b>(&'b self, id: &'b str) -> &'b str {
        self.targets.get(id).and_then(|target| target.user_principal_name.as_deref()).unwrap_or(id)
    }

    /// Journals what happened, and with it which passwords were told since the last time.
    fn append_with_told(&self, entry: Option<Entry>) -> Result<(), EngineError> {
        let ids = self.newly_told.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let told = (!ids.is_empty()).then_some(Entry::PasswordsTold { job: self.job, ids });
        let entries: Vec<Entry> = told.into_iter().chain(entry).collect();
        if !entries.is_empty() {
            self.engine.append(entries)?;
            self.newly_told.lock().unwrap_or_else(PoisonError::into_inner).clear();
        }
        Ok(())
    }

    /// A job that stops tells the passwords whose answer was lost: they may have been set, and are gone with this process.
    fn tell_what_may_be_set(&self) -> Result<(), EngineError> {
        let may_be_set = self.ids(|state| *state == ItemState::MaybeSent)?;
        let held = |id: &String| self.passwords.lock().unwrap_or_else(PoisonError::into_inner).contains_key(id);
        for id in may_be_set.into_iter().filter(held) {
            self.tell_password(&id);
            let doubt = "whether it was set is not known, because the answer was lost";
            let job = self.job;
            self.tell(EngineEvent::Notice(format!("temporary password of {}: {doubt}: resuming job {job} reads it back", self.name(&id))));
        }
        self.append_with_told(None)
    }

    /// Journals how targets came out, and tells it.
    pub(super) fn come_out(&self, items: Vec<ItemOutcome>) -> Result<(), EngineError> {
        if items.is_empty() {
            return Ok(());
        }
        let items = self.with_remarks(items)?;
        self.append_with_told(Some(Entry::Outcomes { job: self.job, items: items.clone() }))?;
        for item in items {
            let because = item.because.unwrap_or_default();
            let what = match item.outcome {
                Outcome::Verified => What::Verified,
                Outcome::Diverged => What::Diverged { because },
                Outcome::Failed => What::Failed { because },
                Outcome::Skipped => What::Skipped { because },
                Outcome::Unverified => What::Unverified { because },
            };
            self.event(what, &item.id);
        }
        Ok(())
    }

    /// Ends the job and tells its summary.
    pub(super) fn end(&self, state: JobState) -> Result<JobReport, EngineError> {
        self.engine.append(vec![Entry::JobEnded { job: self.job, state }])?;
        let tally = self.engine.job(self.job, |job| job.tally())?;
        self.event(What::summary(state, &tally), &self.job.to_string());
        Ok(JobReport { job: self.job, state, tally })
    }

    /// A target of the plan, and the user that it belongs to.
    pub(super) fn target(&self, id: &str) -> Option<(Target, UserId)> {
        self.targets.get(id).map(|target| (self.plan.target(target), owner(target)))
    }

    /// The devices of a target that were confirmed to be disabled.
    pub(super) fn devices(&self, id: &str) -> &[String] {
        self.targets.get(id).map(|target| target.devices.as_slice()).unwrap_or_default()
    }

    /// Ids of the targets in this state.
    pub(super) fn ids(&self, holds: impl Fn(&ItemState) -> bool) -> Result<Vec<String>, EngineError> {
        self.engine.job(self.job, |job| job.ids_where(&holds))
    }

    fn batches(&self) -> Result<VecDeque<Vec<String>>, EngineError> {
        let ids = self.ids(|state| *state == ItemState::Pending)?;
        Ok(self.chunks(&ids).collect())
    }

    /// As many at a time as fit in one request.
    pub(super) fn chunks<'b>(&self, ids: &'b [String]) -> impl Iterator<Item = Vec<String>> + use<'b> {
        ids.chunks(self.plan.action.ids_per_request()).map(<[String]>::to_vec)
    }

    fn progress(&self, batches_left: usize) -> Result<(), EngineError> {
        let tally = self.engine.job(self.job, |job| job.tally())?;
        let to_read = tally.pending + tally.accepted + tally.maybe_sent;
        let limits = self.engine.tenant.limits();
        let reads = to_read.div_ceil(limits.read_back_page.max(1));
        let seconds_left = match self.plan.action.kind() {
            Kind::Account => to_read as u64 / 2,
            Kind::Feedback(_) | Kind::Policy | Kind::Playbook => limits.seconds(batches_left + reads),
        };
        self.tell(EngineEvent::Progress { job: self.job, tally, seconds_left });
        Ok(())
    }

    /// Waits for the next turn; false where the job was cancelled meanwhile.
    pub(super) async fn turn(&self) -> Result<bool, TenantError> {
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => Ok(false),
            turn = self.engine.tenant.turn(self.plan.action) => turn.map(|()| true),
        }
    }

    /// Waits, unless the job is cancelled.
    pub(super) async fn wait(&self, duration: Duration) {
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => {}
            () = self.engine.clock.sleep(duration) => {}
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.engine.clock.now()
    }

    /// Tells that the tenant asks to wait.
    pub(super) fn throttled(&self, wait: Duration) {
        self.event(What::Throttled { seconds: wait.as_secs() }, &self.job.to_string());
    }

    fn event(&self, what: What, id: &str) {
        let user_principal_name = self.targets.get(id).and_then(|target| target.user_principal_name.clone());
        let step = self.plan.playbook.map(|_| self.plan.action);
        self.tell(EngineEvent::Job(JobEvent { what, id: id.to_owned(), user_principal_name, step, job: self.job, at: self.now() }));
    }

    pub(super) fn tell(&self, event: EngineEvent) {
        // Nobody listening is no reason to stop: the journal has it all.
        drop(self.events.send(event));
    }
}

/// Random bytes from the operating system, by way of the identifiers that are made of them.
fn random() -> [u8; RANDOM_BYTES] {
    let mut bytes = [0; RANDOM_BYTES];
    // The first six bytes of a version 4 identifier hold nothing that is fixed.
    for part in bytes.chunks_mut(6) {
        part.copy_from_slice(&uuid::Uuid::new_v4().as_bytes()[..part.len()]);
    }
    bytes
}

/// The user that a target belongs to: itself, or the user of the sign-in.
fn owner(target: &PlanTarget) -> UserId {
    target.user_id.clone().unwrap_or_else(|| UserId::from(target.id.as_str()))
}

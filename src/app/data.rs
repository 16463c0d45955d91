//! What comes from outside: records, jobs, the journal.

use super::format::count;
use super::job::{JobRun, Phase as JobPhase, tally_words};
use super::msg::{Msg, Opened};
use super::overlay::Overlay;
use super::scroll::Scroll;
use super::{App, Phase, Workspace};
use crate::domain::action::Aim;
use crate::domain::journal::{JobId, JobState};
use crate::domain::ledger::Tally;
use crate::domain::records::{UserId, UserRecords};

impl App {
    pub(super) fn take_in(&mut self, msg: Msg) {
        match msg {
            Msg::Opening(text) => {
                if self.phase != Phase::Ready {
                    self.phase = Phase::Opening(text);
                } else {
                    self.toasts.say(text, self.now);
                }
            }
            Msg::Opened(opened) => self.opened(*opened),
            Msg::Records(records) => self.records(records),
            Msg::Tenant(facts) => {
                self.dataset.set_tenant(facts);
                self.revise_preview();
            }
            Msg::Holder(holder) => {
                self.workspace.holder = holder;
                self.revise_preview();
            }
            Msg::Password { user, password } => self.passwords.push((user, password)),
            Msg::Job(event) => self.job_event(&event),
            Msg::JobStarted(id) => {
                if let Some(job) = &mut self.job {
                    job.id = Some(id);
                }
            }
            Msg::Progress { job: id, tally, seconds_left } => {
                if let Some(job) = self.job.as_mut().filter(|job| job.is_running()) {
                    job.id = Some(id);
                    job.tally = tally;
                    job.seconds_left = Some(seconds_left);
                }
            }
            Msg::JobEnded { job, state, tally } => self.job_ended(job, state, tally),
            Msg::JobFailed { job, message } => self.job_failed(job, message),
            Msg::Ledger(ledger) => {
                self.ledger = ledger;
                // Notes can be filtered by.
                let (dataset, ledger) = (&self.dataset, &self.ledger);
                self.users.update(&[], dataset, ledger, self.now);
                self.user_may_have_changed();
            }
            Msg::Journal(read) => {
                if let Some(Overlay::Journal { records, .. }) = &mut self.overlay {
                    *records = Some(read);
                }
            }
            Msg::Syncing(progress) => {
                if let Some(running) = &mut self.freshness.running {
                    *running = progress;
                }
            }
            Msg::Synced { at, notes } => self.synced(at, notes),
            Msg::SyncFailed { message, needs_person } => self.sync_failed(message, needs_person),
            Msg::SignIn(asked) => self.ask_to_sign_in(asked),
            Msg::SignInOver => self.sign_in_over(),
            Msg::Access(access) => {
                self.workspace.access = access;
                self.revise_preview();
            }
            Msg::Said(text) => self.toasts.say(text, self.now),
            Msg::Failed(text) => self.toasts.fail(text),
            Msg::Key(_) | Msg::Paste(_) | Msg::Resize(..) | Msg::Wake => {}
        }
    }

    fn opened(&mut self, opened: Opened) {
        let first = self.phase != Phase::Ready;
        self.phase = Phase::Ready;
        self.workspace = Workspace {
            name: opened.workspace,
            tenant: opened.tenant,
            label: opened.label,
            access: opened.access,
            operator: opened.operator,
            synced_at: opened.synced_at,
            requests_per_second: opened.requests_per_second,
            read_back_page: opened.read_back_page,
            account: opened.account,
            holder: opened.holder,
            refresh_seconds: opened.refresh_seconds,
        };
        self.freshness.notes = opened.sync_notes;
        self.dataset = opened.dataset;
        self.ledger = opened.ledger;
        let (dataset, ledger) = (&self.dataset, &self.ledger);
        self.users.load(dataset, ledger, self.now);
        self.user_may_have_changed();
        self.revise_preview();
        if first {
            // A refresh opens nothing, so what was repaired while opening is not told again.
            for notice in opened.notices {
                self.toasts.fail(notice);
            }
            self.banner = opened.first_run;
            self.sync_at_once();
            let open = self.ledger.open_jobs().count();
            if open > 0 && !self.job_runs() && self.overlay.is_none() {
                self.overlay = Some(Overlay::Jobs { scroll: Scroll::default(), offer: true, message: None });
            }
        }
    }

    fn records(&mut self, changed: Vec<UserRecords>) {
        let ids: Vec<UserId> = changed.iter().map(|records| records.id().clone()).collect();
        for records in changed {
            self.dataset.put(records);
        }
        let (dataset, ledger) = (&self.dataset, &self.ledger);
        self.users.update(&ids, dataset, ledger, self.now);
        if !self.touched {
            // While a tenant is read for the first time, the riskiest stays in sight; nobody has chosen a row yet.
            self.users.to_top(dataset);
        }
        self.user_may_have_changed();
        self.revise_preview();
    }

    fn revise_preview(&mut self) {
        let context = self.plan_context();
        if let Some(Overlay::Preview(preview)) = &mut self.overlay {
            preview.revise(&self.dataset, context);
        }
    }

    /// Lets the other panes follow the user under the cursor; where it is the same one, they keep to what they show.
    pub(super) fn user_may_have_changed(&mut self) {
        let user = self.users.cursor().cloned();
        let records = user.as_ref().and_then(|id| self.dataset.user(id));
        if user == self.shown_user {
            self.sign_ins.keep_cursor(records);
        } else {
            self.sign_ins.reset(records);
            self.details = super::details::Details::default();
        }
        self.details.keep(records);
        self.shown_user = user;
    }

    fn job_event(&mut self, event: &crate::domain::job_event::JobEvent) {
        let Some(job) = &mut self.job else { return };
        if job.id.is_some_and(|id| id != event.job) {
            return;
        }
        job.id = Some(event.job);
        let aim = job.action.aim();
        let Some(verified) = job.event(event) else { return };
        match aim {
            Aim::User => self.users.unmark(&verified.as_str().into(), &self.dataset),
            Aim::SignIn => _ = self.sign_ins.marks.remove(&verified.as_str().into()),
            Aim::Policy | Aim::Address => {}
        }
    }

    fn job_ended(&mut self, id: JobId, state: JobState, tally: Tally) {
        self.sync_after_job();
        if let Some(job) = self.job.as_mut().filter(|job| job.id.is_none_or(|held| held == id)) {
            job.id = Some(id);
            job.tally = tally;
            job.phase = JobPhase::Ended(state);
            job.notice = None;
        }
        if !self.shows_job() {
            let how = if state == JobState::Cancelled { "was cancelled" } else { "ended" };
            let text = format!("Job {id} {how}: {}", tally_words(&tally));
            if tally.all_verified() { self.toasts.say(text, self.now) } else { self.toasts.fail(text) }
        }
    }

    fn job_failed(&mut self, id: Option<JobId>, message: String) {
        let number = id.map_or_else(|| "The job".to_owned(), |id| format!("Job {id}"));
        let text = format!("{number} stopped and can be resumed ({}): {message}", self.options.keys.hint(super::command::CommandId::Jobs));
        let shown = self.shows_job();
        match self.job.as_mut().filter(|job| id.is_none() || job.id.is_none_or(|held| Some(held) == id)) {
            Some(job) => {
                job.id = id.or(job.id);
                job.phase = JobPhase::Failed(message);
                if !shown {
                    self.toasts.fail(text);
                }
            }
            None => self.toasts.fail(text),
        }
    }

    fn shows_job(&self) -> bool {
        matches!(self.overlay, Some(Overlay::Job))
    }

    /// Puts a job that this console runs on the screen.
    pub(super) fn show_run(&mut self, run: JobRun) {
        self.job = Some(run);
        self.overlay = Some(Overlay::Job);
    }

    /// Why no other job can be started now.
    pub(super) fn busy(&self) -> Option<String> {
        let job = self.job.as_ref().filter(|job| job.is_running())?;
        let number = job.id.map_or_else(|| "A job".to_owned(), |id| format!("Job {id}"));
        let left = count(job.tally.pending + job.tally.accepted + job.tally.maybe_sent, "target", "targets");
        Some(format!("{number} is running ({left} to go); only one runs at a time."))
    }
}

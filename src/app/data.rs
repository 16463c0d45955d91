//! What comes from outside: records, jobs, the journal.

use std::sync::Arc;

use super::command::CommandId;
use super::format::{count, number};
use super::job::{JobRun, Phase as JobPhase, tally_words};
use super::msg::{Msg, Opened};
use super::overlay::{Overlay, Then};
use super::preview::Preview;
use super::scroll::Scroll;
use super::{App, Phase, Workspace};
use crate::domain::action::{Action, Aim};
use crate::domain::facts::{self, NotSafe};
use crate::domain::journal::{JobId, JobState};
use crate::domain::ledger::Tally;
use crate::domain::records::{SignInId, UserId, UserRecords};

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
            Msg::Loading(opened) => self.loading(*opened),
            Msg::Opened(opened) => self.opened(*opened),
            Msg::Records(records) => self.records(records),
            Msg::Tenant(facts) => {
                Arc::make_mut(&mut self.dataset).set_tenant(facts);
                self.revise_overlay(None);
            }
            Msg::Holder(holder) => {
                self.workspace.holder = holder;
                self.revise_overlay(None);
            }
            Msg::Looked { users, problem } => self.looked(&users, problem),
            Msg::PlaybookBegun(id) => {
                self.playbook_begun_in_queue(id);
                self.playbook_begun(id);
            }
            Msg::StepPlan(plan) => {
                if plan.playbook.is_some_and(|playbook| self.waits_for_step(playbook, plan.action)) {
                    let way_out = plan.playbook.map(|playbook| self.way_out_of_step(playbook, plan.action));
                    let mut preview = Preview::of_plan(*plan, &self.dataset, self.plan_context());
                    preview.way_out = way_out;
                    self.open_preview(preview);
                }
            }
            Msg::StepNotPlanned { playbook, action, message } => {
                self.toasts.fail(message);
                if self.waits_for_step(playbook, action) {
                    self.open_checklist(playbook, None);
                }
            }
            Msg::PlaybookNotBegun { plan, message } => {
                self.job_ended_in_queue(Some(&plan), None);
                self.toasts.fail(message);
                if self.waits_for_playbook(&plan) {
                    self.overlay = None;
                }
            }
            Msg::PlaybookNotEnded { playbook, message } => {
                self.ending.remove(&playbook);
                if let Some(message) = message {
                    self.toasts.fail(message);
                }
            }
            Msg::Password { job, id, user, password } => self.passwords.add(job, id, user, password),
            Msg::Job(event) => self.job_event(&event),
            Msg::JobStarted(id) => {
                if let Some(job) = &mut self.job {
                    job.id = Some(id);
                }
                if let Some(plan) = self.plan_of_job(Some(id)) {
                    self.job_started_in_queue(&plan);
                }
            }
            Msg::Progress { job: id, tally, seconds_left } => {
                // Of a playbook that is cancelled, the step that is read back tells of itself, too.
                if let Some(job) = self.job.as_mut().filter(|job| job.is_running() && job.id.is_none_or(|held| held == id)) {
                    job.id = Some(id);
                    job.tally = tally;
                    job.seconds_left = Some(seconds_left);
                }
            }
            Msg::JobEnded { job, state, tally } => self.job_ended(job, state, tally),
            Msg::JobFailed { job, message } => self.job_failed(job, message),
            Msg::Ledger(ledger) => {
                self.ledger = Arc::new(ledger);
                self.privacy.learn_operators(&self.ledger);
                // Notes and cases can be filtered by, and what a view of the filter asks for may have changed.
                let (dataset, ledger) = (&self.dataset, &self.ledger);
                let filter = self.users.filter.clone();
                if self.users.set_filter(&filter, dataset, ledger, self.now).is_err() {
                    // The view is gone: what it asked for holds until the filter is changed.
                    self.users.update(&[], dataset, ledger, self.now);
                }
                self.user_may_have_changed();
                self.revise_explanation();
                self.revise_picture(None);
                self.revise_case_menu();
                self.verdicts_arrived();
                self.end_playbooks();
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
                self.revise_overlay(None);
            }
            Msg::Page { page, address } => {
                if self.overlay.is_none() && self.line.is_none() {
                    self.overlay = Some(Overlay::Page { page, address });
                } else {
                    // What is typed meanwhile must not go to another window than it was meant for.
                    self.toasts.fail(format!("No browser opened the page of {}: {address}", page.words()));
                }
            }
            Msg::Said(text) => self.toasts.say(text, self.now),
            Msg::Failed(text) => self.toasts.fail(text),
            Msg::NotRecorded { entries, message } => {
                self.verdicts_lost(&entries);
                self.toasts.fail(message);
            }
            Msg::Key(_) | Msg::Mouse(_) | Msg::Paste(_) | Msg::Resize(..) | Msg::Wake | Msg::Computed(_) => {}
        }
    }

    fn opened(&mut self, mut opened: Opened) {
        let first = self.phase != Phase::Ready;
        self.phase = Phase::Ready;
        let (notices, first_run) = (std::mem::take(&mut opened.notices), opened.first_run);
        self.take_workspace(opened);
        self.keep_first();
        if first {
            if !self.touched {
                self.users.to_top(&self.dataset);
                self.user_may_have_changed();
            }
            // A refresh opens nothing, so what was repaired while opening is not told again.
            for notice in notices {
                self.toasts.fail(notice);
            }
            self.banner = first_run;
            self.remember_columns();
            self.sync_at_once();
            self.end_playbooks();
            // A playbook first: the job that is left open may be its step, which the checklist resumes.
            let playbook = self.ledger.playbooks().rev().find(|playbook| playbook.state == JobState::Open).map(|playbook| playbook.id);
            let open = playbook.or_else(|| self.ledger.open_jobs().last().map(|job| job.id));
            if let Some(open) = open.filter(|_| !self.job_runs() && self.overlay.is_none()) {
                let at = self.job_list().iter().position(|id| *id == open).unwrap_or(0);
                self.overlay = Some(Overlay::Jobs { scroll: Scroll { at, offset: 0 }, held: Some(open), offer: true, message: None });
            }
        }
    }

    pub(super) fn take_workspace(&mut self, opened: Opened) {
        self.workspace = Workspace {
            name: opened.workspace,
            tenant: opened.tenant,
            tenant_id: opened.tenant_id,
            label: opened.label,
            access: opened.access,
            forced_read_only: opened.forced_read_only,
            operator: opened.operator,
            synced_at: opened.synced_at,
            requests_per_second: opened.requests_per_second,
            read_back_page: opened.read_back_page,
            account: opened.account,
            holder: opened.holder,
            refresh_seconds: opened.refresh_seconds,
        };
        self.freshness.notes = opened.sync_notes;
        self.dataset = Arc::new(opened.dataset);
        self.revision += 1;
        self.details.compare_again();
        self.ledger = Arc::new(opened.ledger);
        self.learn_all();
        let (dataset, ledger) = (&self.dataset, &self.ledger);
        self.users.load(dataset, ledger, self.now);
        self.user_may_have_changed();
        self.revise_overlay(None);
    }

    fn records(&mut self, changed: Vec<UserRecords>) {
        self.revision += 1;
        self.privacy.learn(&changed, self.revision);
        let ids: Vec<UserId> = changed.iter().map(|records| records.id().clone()).collect();
        if self.shown_user.as_ref().is_some_and(|shown| ids.contains(shown)) {
            self.details.compare_again();
        }
        let held = Arc::make_mut(&mut self.dataset);
        for records in changed {
            held.put(records);
        }
        let (dataset, ledger) = (&self.dataset, &self.ledger);
        self.users.update(&ids, dataset, ledger, self.now);
        if !self.touched {
            // While a tenant is read for the first time, the riskiest stays in sight; nobody has chosen a row yet.
            self.users.to_top(dataset);
        }
        self.user_may_have_changed();
        self.revise_overlay(Some(&ids));
    }

    /// What the tenant was asked of single users is answered.
    fn looked(&mut self, users: &[UserId], problem: Option<String>) {
        self.looked_at.take_if(|user| users.contains(user));
        let not_read = |problem: String| format!("Not all sign-ins and the risk history were read: {problem}");
        match self.overlay.take() {
            Some(Overlay::Explain(mut explain)) if users.contains(&explain.user) => {
                // Quietly: what could not be read stays unknown, and the options say so.
                explain.note = problem.map(|problem| format!("Devices and authentication methods were not read: {problem}"));
                self.overlay = Some(Overlay::Explain(explain));
            }
            Some(Overlay::Timeline(mut chart)) if users.contains(&chart.user) => {
                chart.message = problem.map(not_read);
                self.overlay = Some(Overlay::Timeline(chart));
            }
            Some(Overlay::Map(mut travels)) if users.contains(&travels.user) => {
                travels.message = problem.map(not_read);
                self.overlay = Some(Overlay::Map(travels));
            }
            Some(Overlay::Waiting { then: Then::Plan { pending, asked }, .. }) if asked == users => {
                if let Some(problem) = problem {
                    self.toasts.say(format!("Not everything was read: {problem}"), self.now);
                }
                self.open_plan(*pending);
            }
            other => self.overlay = other,
        }
    }

    /// Lets what is open follow what it rests on; the records that changed are those of these users, or of anybody.
    fn revise_overlay(&mut self, changed: Option<&[UserId]>) {
        self.revise_explanation();
        self.revise_picture(changed);
        let context = self.plan_context();
        if let Some(Overlay::Preview(preview)) = &mut self.overlay {
            preview.revise(&self.dataset, context);
        }
    }

    /// Lets the other panes follow the user under the cursor; where it is the same one, they keep to what they show.
    pub(super) fn user_may_have_changed(&mut self) {
        let user = self.users.cursor().cloned();
        let records = user.as_ref().and_then(|id| self.dataset.user(id));
        if self.queue_runs() {
            // In a queue a sign-in is marked for the user in front: nothing out of sight may be acted on with the next one.
            let let_go = self.sign_ins.forget_hidden(records);
            if let_go > 0 {
                let marks = count(let_go, "mark of a sign-in that is out of sight was", "marks of sign-ins that are out of sight were");
                self.toasts.say(format!("{marks} taken away: in a queue, only what is in front is acted on."), self.now);
            }
        }
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
            Aim::User => self.unmark_user(&verified.as_str().into()),
            Aim::SignIn => self.unmark_sign_in(&verified.as_str().into()),
            Aim::Policy | Aim::Address => {}
        }
    }

    /// Takes a user's mark away, also where it waits for a queue or a pivot to be left.
    pub(super) fn unmark_user(&mut self, user: &UserId) {
        self.users.unmark(user, &self.dataset);
        if let Some(queue) = &mut self.queue {
            queue.aside.marks.remove(user);
        }
        self.trail.unmark_user(user);
    }

    fn unmark_sign_in(&mut self, sign_in: &SignInId) {
        self.sign_ins.marks.remove(sign_in);
        if let Some(queue) = &mut self.queue {
            queue.aside.sign_in_marks.remove(sign_in);
        }
        self.trail.unmark_sign_in(sign_in);
    }

    fn job_ended(&mut self, id: JobId, state: JobState, tally: Tally) {
        self.sync_after_job();
        let plan = self.plan_of_job(Some(id));
        if self.job_ended_in_queue(plan.as_deref(), Some(&tally)) && self.shows_job() {
            // The next user is in front already: nothing has to be closed first.
            self.overlay = None;
        }
        if let Some(job) = self.job.as_mut().filter(|job| job.id.is_none_or(|held| held == id)) {
            job.id = Some(id);
            job.tally = tally;
            job.phase = JobPhase::Ended(state);
            job.notice = None;
            let of_verified = || job.verified.iter().filter_map(|row| self.dataset.user(&row.id.as_str().into()));
            job.not_safe = if job.action == Action::DismissUserRisk {
                NotSafe::ALL.map(|why| of_verified().filter(|records| facts::not_safe(records).contains(&why)).count())
            } else {
                [0; 3]
            };
            job.not_safe_users =
                if job.not_safe == [0; 3] { 0 } else { of_verified().filter(|records| !facts::not_safe(records).is_empty()).count() };
            let unread = |records: &&UserRecords| records.user.at_risk() == Some(false) && facts::safe(records).is_none();
            job.safety_unread = if job.action == Action::DismissUserRisk { of_verified().filter(unread).count() } else { 0 };
        }
        if let Some(result) = self.job.as_ref().filter(|job| job.playbook.is_some()).map(super::checklist::result)
            && self.shows_job()
        {
            self.back_to_checklist(result);
        } else if !self.shows_job() {
            let how = if state == JobState::Cancelled { "was cancelled" } else { "ended" };
            let offer = self.job.as_ref().map_or_else(String::new, |job| self.offer_in_jobs(job, id));
            let text = format!("Job {id} {how}: {}.{offer}", tally_words(&tally));
            if tally.all_verified() { self.toasts.say(text, self.now) } else { self.toasts.fail(text) }
        }
    }

    fn job_failed(&mut self, id: Option<JobId>, message: String) {
        let number = id.map_or_else(|| "The job".to_owned(), |id| format!("Job {id}"));
        let text = format!("{number} stopped and can be resumed ({}): {message}", self.options.keys.hint(CommandId::Jobs));
        let plan = self.plan_of_job(id);
        self.job_ended_in_queue(plan.as_deref(), None);
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

    /// What should follow a job, in a sentence; empty where nothing must.
    pub fn offer(&self, job: &JobRun) -> String {
        if !job.is_to_be_secured() {
            return String::new();
        }
        let accounts = count(job.confirmed_count(), "account is", "accounts are");
        format!(" {accounts} not secured yet: {}, \"Secure account\" is the checklist.", self.options.keys.hint(CommandId::Remediate))
    }

    /// The same where the job is not on the screen. A key of the panes would be about whoever is in front by now, so the way is named
    /// that leads to these users, and to nobody else.
    fn offer_in_jobs(&self, job: &JobRun, id: JobId) -> String {
        if !job.is_to_be_secured() {
            return String::new();
        }
        let who = match job.confirmed_users().as_slice() {
            [one] => format!("{} is", self.dataset.user(one).map_or(one.as_str(), |records| records.user.name())),
            many => format!("{} accounts are", number(many.len())),
        };
        let way = [CommandId::Jobs, CommandId::Open, CommandId::Remediate].map(|command| self.options.keys.hint(command));
        match &way {
            [jobs, open, remediate] if way.iter().all(|key| !key.is_empty()) => {
                format!(" {who} not secured yet: {jobs}, {open} on job {id}, then {remediate}.")
            }
            _ => format!(" {who} not secured yet: job {id} in the list of jobs leads to the checklist."),
        }
    }

    /// The plan of the job of this console, where that is the one of this number or has none yet.
    fn plan_of_job(&self, id: Option<JobId>) -> Option<String> {
        let job = self.job.as_ref().filter(|job| id.is_none() || job.id.is_none() || job.id == id)?;
        Some(job.plan.clone())
    }

    fn shows_job(&self) -> bool {
        matches!(self.overlay, Some(Overlay::Job))
    }

    /// Puts a job that this console runs on the screen.
    pub(super) fn show_run(&mut self, run: JobRun) {
        self.job = Some(run);
        self.overlay = Some(Overlay::Job);
    }

    /// Puts a job that has ended on the screen, with all that is known of it where it is the last one.
    pub(super) fn show_ended(&mut self, run: JobRun) {
        if self.job.as_ref().is_none_or(|job| job.id != run.id) {
            self.job = Some(run);
        }
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

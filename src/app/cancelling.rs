//! Cancelling what is unfinished, from the list of jobs or from a checklist: asked first, because what is left is then never sent.

use super::App;
use super::format::{count, number};
use super::job::{JobRun, whose};
use super::key::{Key, KeyCode};
use super::msg::Effect;
use super::overlay::Overlay;
use crate::domain::journal::{JobId, JobState};
use crate::domain::ledger::{Job, Tally};
use crate::domain::playbook::{Playbook, StepState};

impl App {
    /// Asks whether to cancel a job or a playbook. What is open now comes back where it is not cancelled.
    pub(super) fn ask_to_cancel(&mut self, id: JobId, back: Overlay) {
        self.overlay = Some(Overlay::Cancel { id, back: Box::new(back) });
    }

    /// Why a job or a playbook cannot be cancelled now; `None` where it can.
    pub(super) fn not_cancelled(&self, id: JobId) -> Option<String> {
        let (what, state) = match (self.ledger.playbook(id), self.ledger.job(id)) {
            (Some(playbook), _) => ("Playbook", playbook.state),
            (None, Some(job)) => ("Job", job.state),
            (None, None) => return Some(format!("{id} is no job that is known here.")),
        };
        if state == JobState::Open { self.busy() } else { Some(format!("{what} {id} has ended: {}.", state.as_str())) }
    }

    /// What the question says: a title, then whose it is, what is never sent, and what stays.
    pub fn cancel_question(&self, id: JobId) -> (String, Vec<String>) {
        match (self.ledger.playbook(id), self.ledger.job(id)) {
            (Some(playbook), _) => {
                let title = format!("Cancel playbook {id}: {}?", playbook.plan.action.title());
                (title, self.playbook_question(playbook))
            }
            (None, Some(job)) => (format!("Cancel job {id}: {}?", job.plan.action.title()), job_question(job)),
            (None, None) => (format!("Cancel {id}?"), Vec::new()),
        }
    }

    fn playbook_question(&self, playbook: &Playbook) -> Vec<String> {
        let users = playbook.plan.included_count();
        let mut lines = vec![format!("{}: {}", count(users, "user", "users"), whose(&playbook.plan, usize::MAX))];
        let steps = playbook.steps(&self.ledger);
        let waiting: Vec<&str> = steps.iter().filter(|(_, state)| *state == StepState::Waiting).map(|(step, _)| step.title()).collect();
        lines.push(match waiting.len() {
            0 => "No step waits to be sent.".to_owned(),
            waits => format!("Never sent: {} ({})", count(waits, "step", "steps"), waiting.join(", ")),
        });
        for (step, state) in &steps {
            let StepState::Open(job) = state else { continue };
            let pending = self.ledger.job(*job).map_or(0, |job| job.tally().pending);
            lines.push(format!(
                "\"{}\" was begun (job {job}): {} never sent; what was sent is read back first.",
                step.title(),
                count(pending, "user is", "users are")
            ));
        }
        lines.push("What was sent stays done.".to_owned());
        lines
    }

    /// Takes the answer.
    pub(super) fn key_in_cancel(&mut self, id: JobId, back: Overlay, key: Key) -> Vec<Effect> {
        if key != Key::plain(KeyCode::Char('y')) {
            self.overlay = Some(back);
            return Vec::new();
        }
        if let Some(why_not) = self.not_cancelled(id) {
            // It may have ended while it was asked.
            self.toasts.say(why_not, self.now);
            self.overlay = Some(back);
            return Vec::new();
        }
        let rate = self.workspace.requests_per_second;
        let mut run = match (self.ledger.playbook(id), self.ledger.job(id)) {
            (Some(playbook), _) => {
                let mut run = JobRun::of_plan(&playbook.plan, 0, rate, self.now);
                // Its numbers are steps of users, as they are told when it has ended.
                (run.id, run.seconds_left, run.tally) = (Some(id), None, playbook.tally(&self.ledger));
                run
            }
            (None, Some(job)) => JobRun::of_job(job, rate, self.now),
            (None, None) => return Vec::new(),
        };
        run.stopping = true;
        self.show_run(run);
        vec![Effect::CancelJob(id)]
    }
}

fn job_question(job: &Job) -> Vec<String> {
    let Tally { total, pending, accepted, maybe_sent, .. } = job.tally();
    let noun = job.plan.action.noun(total);
    let mut lines = vec![format!("{} {noun}: {}", number(total), whose(&job.plan, usize::MAX))];
    lines.push(format!("Never sent: {} of {} {noun}", number(pending), number(total)));
    if accepted + maybe_sent > 0 {
        let sent = number(accepted + maybe_sent);
        lines.push(format!("Sent, or perhaps sent: {sent}. They are read back first."));
    }
    lines.push("What was sent stays done.".to_owned());
    lines
}

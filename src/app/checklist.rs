//! A playbook on the screen: its steps, where each stands, and what comes next.

use super::App;
use super::command::{CommandId, Context};
use super::format::{count, number};
use super::input::Input;
use super::job::{JobRun, tally_words};
use super::key::{Key, KeyCode};
use super::msg::Effect;
use super::overlay::{Overlay, Then};
use super::scroll::Scroll;
use crate::domain::action::Action;
use crate::domain::journal::{JobId, JobState};
use crate::domain::playbook::{Playbook, StepState};

/// Lines of the overlay that are not steps: whom it is for, a line apart, what there is to say of the step, a message, the hint.
pub const OTHER_LINES: usize = 8;

/// How many of those whom a step did not help are named.
const NAMED: usize = 3;

/// A playbook and the cursor on its steps.
#[derive(Debug, Clone)]
pub struct Checklist {
    /// The playbook.
    pub id: JobId,
    /// Place among the rows.
    pub scroll: Scroll,
    /// What came of the last key, or of the last step.
    pub message: Option<String>,
    /// The step that is being left out, and the reason as typed.
    pub skipping: Option<(Action, Input)>,
    /// Whether it was asked if the playbook is to end although a step failed.
    pub ending: bool,
}

/// One row of the checklist.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The step; `None` for the row that ends the playbook.
    pub step: Option<Action>,
    /// One sign for where it stands.
    pub sign: &'static str,
    /// What it is.
    pub title: String,
    /// Where it stands, in words. Holds hostile text.
    pub state: String,
    /// Why users did not come through it, and what can be done. Holds hostile text.
    pub note: String,
    /// Whether it comes next.
    pub next: bool,
    /// Whether something did not come out as promised.
    pub failed: bool,
    /// What Enter does; empty where it does nothing.
    pub enter: &'static str,
    /// Whether it can be left out.
    pub waits: bool,
}

/// The first of these names, and how many more there are; `None` where there are none. Hostile text.
fn whose(names: &[String]) -> Option<String> {
    let named = names.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    let more = names.len().checked_sub(NAMED).filter(|more| *more > 0).map(|more| format!(" and {} more", number(more)));
    (!names.is_empty()).then(|| named + &more.unwrap_or_default())
}

impl App {
    /// The rows of a checklist.
    pub fn checklist_rows(&self, playbook: &Playbook) -> Vec<Row> {
        let next = playbook.next(&self.ledger).map(|(step, _)| step);
        let open = playbook.state == JobState::Open;
        let mut rows: Vec<Row> = playbook
            .steps(&self.ledger)
            .into_iter()
            .map(|(step, state)| {
                let reasons = playbook.problems_of(step, &self.ledger).join("; ");
                // Of several users, it is said whose they are.
                let problems = match whose(&playbook.whom_it_failed(step, &self.ledger)) {
                    Some(names) if playbook.plan.included_count() > 1 => format!("{names}: {reasons}"),
                    _ => reasons,
                };
                let over = playbook.is_over(step, &self.ledger);
                let (sign, words, note) = match &state {
                    StepState::Waiting => ("·", "waiting".to_owned(), step.consequence().to_owned()),
                    StepState::Open(job) if self.runs(*job) => ("▸", format!("running as job {job}"), "Enter shows it.".to_owned()),
                    StepState::Open(job) => {
                        ("▸", format!("interrupted, job {job}"), "Enter goes on with it; what was sent is read back first.".to_owned())
                    }
                    StepState::Ended(_, tally) if state.is_verified() => {
                        let note = if step == Action::GenerateTemporaryPassword { self.password_note() } else { String::new() };
                        ("✓", format!("verified {} of {}", number(tally.verified), number(tally.total)), note)
                    }
                    StepState::Ended(_, tally) if over => (
                        "✓",
                        format!("verified {} of {}, the others refused", number(tally.verified), number(tally.total)),
                        format!("left out: {problems}"),
                    ),
                    StepState::Ended(_, tally) => (
                        "✗",
                        format!("failed: verified {} of {}", number(tally.verified), number(tally.total)),
                        format!("{}.{}", problems.trim_end_matches('.'), if open { " Enter tries again." } else { "" }),
                    ),
                    StepState::Skipped(because) => ("–", format!("skipped: {because}"), "Enter takes it up after all.".to_owned()),
                };
                // Of a playbook that has ended, nothing is taken up again.
                let note = if open || matches!(state, StepState::Ended(..)) { note } else { String::new() };
                let failed = matches!(state, StepState::Ended(..)) && !over;
                let is_next = next == Some(step);
                let enter = match &state {
                    _ if !open => "",
                    StepState::Waiting if is_next => "Enter plans it",
                    StepState::Waiting => "",
                    StepState::Open(job) if self.runs(*job) => "Enter shows it",
                    StepState::Open(_) => "Enter goes on with it",
                    StepState::Ended(..) if failed => "Enter tries again",
                    StepState::Ended(..) => "",
                    StepState::Skipped(_) => "Enter takes it up",
                };
                let waits = state == StepState::Waiting;
                Row { step: Some(step), sign, title: step.title().to_owned(), state: words, note, next: is_next, failed, enter, waits }
            })
            .collect();
        let failed = rows.iter().any(|row| row.failed);
        if open && next.is_none() && (failed || !self.ending.contains(&playbook.id)) {
            let note = if failed {
                "Steps failed: Enter on one of them tries it again; here, Enter leaves it at that.".to_owned()
            } else {
                "Every step is settled; Enter takes that into the journal.".to_owned()
            };
            rows.push(Row {
                step: None,
                sign: "·",
                title: "End the playbook".to_owned(),
                state: String::new(),
                note,
                next: true,
                failed: false,
                enter: "Enter ends it",
                waits: false,
            });
        }
        rows
    }

    /// What is said of passwords that were generated: they are shown once, and perhaps nobody was there.
    fn password_note(&self) -> String {
        let title = Action::GenerateTemporaryPassword.title();
        format!(
            "Shown once; if nobody read it, generate another: {} on the user, \"{title}\".",
            self.options.keys.hint(CommandId::Remediate)
        )
    }

    /// Every key that does something on this row, in words.
    pub fn checklist_hint(&self, list: &Checklist, playbook: &Playbook, row: Option<&Row>) -> String {
        if list.skipping.is_some() {
            return "A reason is needed · Enter leaves it out · Esc goes back".to_owned();
        }
        if playbook.state != JobState::Open {
            return "j k move · Esc closes".to_owned();
        }
        let mut parts: Vec<String> = Vec::new();
        parts.extend(row.map(|row| row.enter.to_owned()).filter(|enter| !enter.is_empty()));
        if row.is_some_and(|row| row.waits) {
            parts.push(format!("{} leaves out", self.options.keys.hint(CommandId::SkipStep)));
        }
        parts.push(format!("{} cancels · j k · Esc: later", self.options.keys.hint(CommandId::CancelJob)));
        parts.join(" · ")
    }

    /// What can be done about a step that has nobody to be sent to.
    pub(super) fn way_out_of_step(&self, id: JobId, step: Action) -> String {
        let playbook = self.ledger.playbook(id);
        let waits = playbook.is_some_and(|held| held.steps(&self.ledger).contains(&(step, StepState::Waiting)));
        if waits {
            format!("Esc goes back to the checklist, where {} leaves the step out.", self.options.keys.hint(CommandId::SkipStep))
        } else {
            "Esc goes back to the checklist; the step stays as it is.".to_owned()
        }
    }

    fn runs(&self, id: JobId) -> bool {
        self.job.as_ref().is_some_and(|job| job.is_running() && job.id == Some(id))
    }

    /// Where a playbook stands, in a sentence.
    pub fn checklist_words(&self, playbook: &Playbook) -> String {
        let steps = playbook.steps(&self.ledger);
        let settled = steps.iter().filter(|(_, state)| state.is_settled()).count();
        let failed = |(step, state): &&(Action, StepState)| matches!(state, StepState::Ended(..)) && !playbook.is_over(*step, &self.ledger);
        let failed = steps.iter().filter(failed).count();
        let failed = if failed == 0 { String::new() } else { format!(", {failed} failed") };
        match playbook.state {
            JobState::Open if settled == steps.len() => format!("every step is settled{failed}"),
            JobState::Open => format!("{settled} of {} settled{failed}", count(steps.len(), "step", "steps")),
            JobState::Done => format!("ended: every step is settled{failed}"),
            JobState::Cancelled => format!("cancelled with {settled} of {} settled{failed}", count(steps.len(), "step", "steps")),
        }
    }

    /// Puts a playbook on the screen, with the cursor on what comes next.
    pub(super) fn open_checklist(&mut self, id: JobId, message: Option<String>) {
        let Some(playbook) = self.ledger.playbook(id) else { return };
        let rows = self.checklist_rows(playbook);
        // What failed comes before the end.
        let failed = || rows.iter().position(|row| row.failed);
        let at = rows.iter().position(|row| row.next && row.step.is_some()).or_else(failed);
        let at = at.or_else(|| rows.iter().position(|row| row.next)).unwrap_or(0);
        self.overlay = Some(Overlay::Playbook(Checklist { id, scroll: Scroll { at, offset: 0 }, message, skipping: None, ending: false }));
    }

    /// A playbook that was confirmed has its number.
    pub(super) fn playbook_begun(&mut self, id: JobId) {
        let plan = self.ledger.playbook(id).map(|playbook| playbook.plan.id.clone());
        if plan.is_some_and(|plan| self.waits_for_playbook(&plan)) {
            self.open_checklist(id, None);
        } else {
            // Whoever left meanwhile is not called back.
            self.toasts.say(format!("Playbook {id} is begun; {} lists it.", self.options.keys.hint(CommandId::Jobs)), self.now);
        }
    }

    pub(super) fn waits_for_playbook(&self, id: &str) -> bool {
        matches!(&self.overlay, Some(Overlay::Waiting { then: Then::Playbook { plan }, .. }) if plan == id)
    }

    pub(super) fn waits_for_step(&self, id: JobId, step: Action) -> bool {
        matches!(self.overlay, Some(Overlay::Waiting { then: Then::Step { playbook, action }, .. }) if (playbook, action) == (id, step))
    }

    /// Ends playbooks that are through, each once. One with a failed step waits for the operator, who may try again.
    pub(super) fn end_playbooks(&mut self) {
        let through = |playbook: &&Playbook| playbook.state == JobState::Open && playbook.is_through(&self.ledger);
        let ids: Vec<JobId> = self.ledger.playbooks().filter(through).map(|playbook| playbook.id).collect();
        for id in ids {
            if self.ending.insert(id) {
                self.todo.push(Effect::EndPlaybook(id));
            }
        }
    }

    /// Brings the checklist back when the job of a step has come to an end, if that job is what is shown.
    pub(super) fn back_to_checklist(&mut self, message: String) {
        let shown = matches!(self.overlay, Some(Overlay::Job));
        if let Some(id) = self.job.as_ref().and_then(|job| job.playbook).filter(|_| shown) {
            self.open_checklist(id, Some(message));
        }
    }

    pub(super) fn key_in_checklist(&mut self, mut list: Checklist, key: Key) -> Vec<Effect> {
        list.message = None;
        let asked = std::mem::take(&mut list.ending);
        if let Some((action, mut input)) = list.skipping.take() {
            return self.key_in_skipping(list, action, &mut input, key);
        }
        let command = self.options.keys.command(Context::Jobs, key);
        if self.leaves(key) || command == Some(CommandId::Jobs) {
            return Vec::new();
        }
        let Some(playbook) = self.ledger.playbook(list.id).cloned() else { return Vec::new() };
        let rows = self.checklist_rows(&playbook);
        let page = Overlay::Playbook(list.clone()).rows(self.options.size);
        if command.is_some_and(|command| list.scroll.run(command, rows.len(), page)) {
            self.overlay = Some(Overlay::Playbook(list));
            return Vec::new();
        }
        let row = rows.get(list.scroll.at).cloned();
        let effects = match (command, row) {
            (Some(CommandId::Open | CommandId::SkipStep | CommandId::CancelJob), _) if playbook.state != JobState::Open => {
                list.message = Some(format!("This playbook has ended: {}.", playbook.state.as_str()));
                Vec::new()
            }
            (Some(CommandId::CancelJob), _) => match self.not_cancelled(list.id) {
                None => {
                    self.ask_to_cancel(list.id, Overlay::Playbook(list));
                    return Vec::new();
                }
                why_not => {
                    list.message = why_not;
                    Vec::new()
                }
            },
            (Some(CommandId::Open), Some(row)) => return self.take_step(list, &playbook, &row, asked),
            (Some(CommandId::SkipStep), Some(Row { step: Some(step), .. })) => {
                let waits = playbook.steps(&self.ledger).into_iter().any(|(held, state)| held == step && state == StepState::Waiting);
                if waits {
                    list.skipping = Some((step, Input::default()));
                } else {
                    list.message = Some("Only a step that waits can be left out.".to_owned());
                }
                Vec::new()
            }
            _ => Vec::new(),
        };
        self.overlay = Some(Overlay::Playbook(list));
        effects
    }

    fn key_in_skipping(&mut self, mut list: Checklist, action: Action, input: &mut Input, key: Key) -> Vec<Effect> {
        let mut effects = Vec::new();
        match key.code {
            KeyCode::Esc => {}
            KeyCode::Enter if input.text().trim().is_empty() => {
                list.message = Some("Not left out: type the reason first.".to_owned());
                list.skipping = Some((action, input.clone()));
            }
            KeyCode::Enter => {
                effects.push(Effect::SkipStep { playbook: list.id, action, because: input.text().trim().to_owned() });
                list.scroll.at = list.scroll.at.saturating_add(1);
            }
            _ => {
                input.key(key);
                list.skipping = Some((action, input.clone()));
            }
        }
        self.overlay = Some(Overlay::Playbook(list));
        effects
    }

    /// Opens the plan of a step, goes on with an interrupted one, or says why not.
    fn take_step(&mut self, mut list: Checklist, playbook: &Playbook, row: &Row, asked: bool) -> Vec<Effect> {
        let Some(step) = row.step else {
            let id = list.id;
            let failed: Vec<&str> =
                playbook.plan.steps.iter().filter(|step| !playbook.is_over(**step, &self.ledger)).map(|step| step.title()).collect();
            if !failed.is_empty() && !asked {
                list.message = Some(format!("Enter again ends it all the same. Not verified for everybody: {}.", failed.join(", ")));
                list.ending = true;
                self.overlay = Some(Overlay::Playbook(list));
                return Vec::new();
            }
            self.overlay = Some(Overlay::Playbook(list));
            return vec![Effect::EndPlaybook(id)];
        };
        let state = playbook.steps(&self.ledger).into_iter().find(|(held, _)| *held == step).map(|(_, state)| state);
        let why_not = match state {
            Some(StepState::Open(id)) if self.runs(id) => {
                self.overlay = Some(Overlay::Job);
                return Vec::new();
            }
            Some(StepState::Open(id)) => match (self.busy(), self.ledger.job(id)) {
                (None, Some(job)) => {
                    let run = JobRun::of_job(job, self.workspace.requests_per_second, self.now);
                    self.show_run(run);
                    return vec![Effect::Resume(id)];
                }
                (busy, _) => busy.unwrap_or_default(),
            },
            Some(StepState::Ended(..)) if !row.failed => "It was verified for everybody for whom it can be done.".to_owned(),
            Some(StepState::Waiting) if !row.next => {
                format!("The steps before it come first; {} leaves one out.", self.options.keys.hint(CommandId::SkipStep))
            }
            _ => {
                let what = format!("Judging \"{}\" by present facts …", step.title());
                self.overlay = Some(Overlay::Waiting { what, then: Then::Step { playbook: list.id, action: step } });
                return vec![Effect::PlanStep { playbook: list.id, action: step }];
            }
        };
        list.message = Some(why_not);
        self.overlay = Some(Overlay::Playbook(list));
        Vec::new()
    }
}

/// How a step came out, for the checklist that comes back.
pub(super) fn result(job: &JobRun) -> String {
    format!("{}: {}.", job.action.title(), tally_words(&job.tally))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_are_named_and_the_others_counted() {
        let names = |count: usize| (1..=count).map(|number| format!("u{number}")).collect::<Vec<_>>();
        assert_eq!(whose(&names(0)), None);
        assert_eq!(whose(&names(3)).as_deref(), Some("u1, u2, u3"));
        assert_eq!(whose(&names(5)).as_deref(), Some("u1, u2, u3 and 2 more"));
    }
}

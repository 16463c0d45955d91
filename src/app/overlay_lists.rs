//! Keys in the lists that lie over the panes: jobs, journal, menus, an explanation.

use super::App;
use super::cases::Step;
use super::command::{CommandId, Context};
use super::explain::{Explain, Question};
use super::job::JobRun;
use super::key::{Key, KeyCode};
use super::msg::Effect;
use super::overlay::{Choice, Menu, Overlay, Pending};
use super::{layout, undo};
use crate::domain::action::Action;
use crate::domain::advice::Start;
use crate::domain::journal::{JobId, JobState};

impl App {
    pub(super) fn key_in_jobs(&mut self, mut overlay: Overlay, key: Key) -> Vec<Effect> {
        let command = self.list_command(Context::Jobs, key);
        let (rows, len, leaves) = (overlay.rows(self.options.size), self.job_list().len(), self.leaves(key));
        let Overlay::Jobs { scroll, message, held, .. } = &mut overlay else { return Vec::new() };
        *message = None;
        if leaves || command == Some(CommandId::Jobs) {
            return Vec::new();
        }
        if command.is_some_and(|command| scroll.run(command, len, rows)) {
            *held = self.job_list().get(scroll.at).copied();
        } else {
            let Some(id) = self.job_list().get(scroll.at).copied() else {
                self.overlay = Some(overlay);
                return Vec::new();
            };
            if command == Some(CommandId::CancelJob) {
                *message = self.not_cancelled(id);
                if message.is_none() {
                    self.ask_to_cancel(id, overlay);
                } else {
                    self.overlay = Some(overlay);
                }
                return Vec::new();
            }
            if self.ledger.playbook(id).is_some() {
                match command {
                    Some(CommandId::Open) => {
                        self.open_checklist(id, None);
                        return Vec::new();
                    }
                    Some(CommandId::Undo) => {
                        *message = Some("A playbook is not taken back as a whole: its steps are jobs of their own.".to_owned())
                    }
                    _ => {}
                }
                self.overlay = Some(overlay);
                return Vec::new();
            }
            match (command, self.ledger.job(id)) {
                (Some(CommandId::Undo), Some(_)) => match self.undo(id) {
                    Ok(effects) => return effects,
                    Err(why) => *message = Some(why),
                },
                (Some(CommandId::Open), Some(job)) if job.state != JobState::Open => {
                    if self.job_runs() {
                        *message = Some(format!("Job {} has ended: {}.", job.id, job.state.as_str()));
                    } else {
                        let run = JobRun::of_ended(job, self.workspace.requests_per_second, self.now);
                        self.show_ended(run);
                        return Vec::new();
                    }
                }
                (Some(CommandId::Open), Some(_)) if self.job_runs() => *message = self.busy(),
                (Some(CommandId::Open), Some(job)) => {
                    let run = JobRun::of_job(job, self.workspace.requests_per_second, self.now);
                    self.show_run(run);
                    return vec![Effect::Resume(id)];
                }
                _ => {}
            }
        }
        self.overlay = Some(overlay);
        Vec::new()
    }

    /// How many jobs and playbooks wait to be gone on with: what runs here does not wait, and a step counts with its playbook.
    pub fn unfinished(&self) -> usize {
        let running = self.job.as_ref().filter(|job| job.is_running());
        let runs = |id: JobId| running.is_some_and(|job| job.id == Some(id) || job.playbook == Some(id));
        let jobs = self.ledger.open_jobs().filter(|job| job.plan.playbook.is_none()).map(|job| job.id);
        let playbooks = self.ledger.playbooks().filter(|playbook| playbook.state == JobState::Open).map(|playbook| playbook.id);
        jobs.chain(playbooks).filter(|id| !runs(*id)).count()
    }

    /// Jobs and playbooks, by number, the newest first.
    pub fn job_list(&self) -> Vec<JobId> {
        let jobs = self.ledger.jobs().map(|job| job.id);
        let mut ids: Vec<JobId> = jobs.chain(self.ledger.playbooks().map(|playbook| playbook.id)).collect();
        ids.sort_unstable_by(|one, other| other.cmp(one));
        ids
    }

    pub(super) fn key_in_journal(&mut self, mut overlay: Overlay, key: Key) -> Vec<Effect> {
        let command = self.list_command(Context::List, key);
        let rows = overlay.rows(self.options.size);
        if self.leaves(key) {
            return Vec::new();
        }
        if let Overlay::Journal { records, scroll, message } = &mut overlay {
            *message = None;
            let records = records.as_deref().unwrap_or_default();
            let moved = command.is_some_and(|command| scroll.run(command, records.len(), rows));
            if !moved && command == Some(CommandId::Undo) {
                let job = records.iter().rev().nth(scroll.at).and_then(|record| undo::job_of(&record.entry));
                match job.ok_or_else(|| "This record is about no job.".to_owned()).and_then(|id| self.undo(id)) {
                    Ok(effects) => return effects,
                    Err(why) => *message = Some(why),
                }
            }
        }
        self.overlay = Some(overlay);
        Vec::new()
    }

    pub(super) fn key_in_menu(&mut self, mut menu: Menu, key: Key) -> Vec<Effect> {
        let command = self.list_command(Context::List, key);
        if self.leaves(key) {
            return Vec::new();
        }
        menu.message = None;
        let asked = menu.asked.take();
        let rows = Overlay::Menu(menu.clone()).rows(self.options.size);
        let moved = command.is_some_and(|command| menu.scroll.run(command, menu.items.len(), rows));
        let by_letter = if moved { None } else { self.verdict_of(&menu, key) };
        if let Some(at) = by_letter {
            menu.scroll.at = at;
        }
        let chosen = menu.items.get(menu.scroll.at).filter(|_| !moved).map(|item| item.choice.clone());
        let stays = key.code == KeyCode::Char(' ');
        let chooses = by_letter.is_some() || key.code == KeyCode::Enter || command == Some(CommandId::Open);
        if let Some(Choice::Case(Step::Change(change))) = &chosen
            && (stays || chooses)
        {
            return self.change_from_menu(menu, change, asked, stays);
        }
        if let Some(choice) = chosen.filter(|_| chooses) {
            return match choice {
                // The plan of what cannot be done is shown all the same: it tells why, target by target.
                Choice::Remedy(action) => self.choose_remedy(action, menu.targets),
                Choice::Case(_) => self.ask_for_tag(menu.targets),
                Choice::Start(start) => self.begin(Pending { start, targets: menu.targets, reason: String::new() }),
                choice => self.choose(choice),
            };
        }
        self.overlay = Some(Overlay::Menu(menu));
        Vec::new()
    }

    pub(super) fn key_in_explain(&mut self, mut explain: Box<Explain>, key: Key) -> Vec<Effect> {
        let command = self.list_command(Context::List, key);
        let overlay = |explain| Some(Overlay::Explain(explain));
        explain.message = None;
        if self.leaves(key) {
            return Vec::new();
        }
        let page = isize::try_from(layout::large_overlay(self.options.size).inner().height.saturating_sub(2)).unwrap_or(1);
        match (command, self.list_command(Context::Users, key)) {
            (Some(CommandId::Down), _) => explain.step(1),
            (Some(CommandId::Up), _) => explain.step(-1),
            (Some(CommandId::Top), _) => explain.step(isize::MIN + 1),
            (Some(CommandId::Bottom), _) => explain.step(isize::MAX),
            (Some(CommandId::PageDown), _) => explain.scroll(page),
            (Some(CommandId::PageUp), _) => explain.scroll(-page),
            (Some(CommandId::Open), _) if explain.is_lost() => {}
            (Some(CommandId::Open), _) => {
                let start = explain.items().get(explain.at).map(|item| item.start());
                return match start {
                    Some(start) => self.start_explained(explain, start),
                    None => {
                        self.overlay = overlay(explain);
                        Vec::new()
                    }
                };
            }
            (_, Some(command @ (CommandId::DismissRisk | CommandId::ConfirmCompromised | CommandId::ConfirmSafe))) => {
                let action = match command {
                    CommandId::DismissRisk => Action::DismissUserRisk,
                    CommandId::ConfirmCompromised => Action::ConfirmUserCompromised,
                    _ => Action::ConfirmUserSafe,
                };
                return self.start_explained(explain, Some(Start { action, policy: None, addresses: Vec::new() }));
            }
            (_, Some(CommandId::Copy)) => {
                let text = self.dataset.user(&explain.user).and_then(|records| self.support_case(records));
                match text {
                    Some(text) => {
                        self.overlay = overlay(explain);
                        // Its values are safe already: the ends of its lines are ours.
                        let lines = text.lines().map(str::to_owned).collect();
                        return self.choose(Choice::Copy { what: "the text of the support case".to_owned(), lines });
                    }
                    None => explain.message = Some("A support case is for users who were deleted from the directory.".to_owned()),
                }
            }
            (_, Some(command @ (CommandId::Explain | CommandId::WhyBlocked))) => {
                return self.explain(if command == CommandId::Explain { Question::Everything } else { Question::WhyBlocked });
            }
            _ => {}
        }
        self.overlay = overlay(explain);
        Vec::new()
    }
}

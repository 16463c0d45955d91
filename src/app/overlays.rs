//! Keys while something lies over the panes.

use super::App;
use super::actions::CLIPBOARD_LIMIT;
use super::command::{CommandId, Context};
use super::format::number;
use super::job::JobRun;
use super::key::{Key, KeyCode};
use super::msg::Effect;
use super::overlay::{Choice, Overlay};
use super::preview::{Outcome, Place};
use super::sort::Sort;
use crate::domain::journal::JobState;
use crate::domain::text::safe;

impl App {
    /// Takes a key for what lies over the panes.
    pub(super) fn key_in_overlay(&mut self, key: Key) -> Vec<Effect> {
        let Some(overlay) = self.overlay.take() else { return Vec::new() };
        match overlay {
            Overlay::Preview(preview) => self.key_in_preview(preview, key),
            Overlay::Job => self.key_in_job(key),
            Overlay::Jobs { .. } => self.key_in_jobs(overlay, key),
            Overlay::Journal { .. } | Overlay::Menu(_) => self.key_in_list(overlay, key),
            Overlay::Help(_) => self.key_in_help(overlay, key),
            Overlay::Note { user, mut input } => {
                match key.code {
                    KeyCode::Esc => {}
                    KeyCode::Enter => {
                        let text = input.text().trim().to_owned();
                        if !text.is_empty() {
                            return vec![Effect::AddNote { user, text }];
                        }
                    }
                    _ => {
                        input.key(key);
                        self.overlay = Some(Overlay::Note { user, input });
                    }
                }
                Vec::new()
            }
            Overlay::SignIn(asked) => match key.code {
                KeyCode::Char('y') => {
                    let (what, text) = match &asked.code {
                        Some(code) => ("the code", code.clone()),
                        None => ("the address", asked.address.clone()),
                    };
                    let what = what.to_owned();
                    self.overlay = Some(Overlay::SignIn(asked));
                    self.choose(Choice::Copy { what, text })
                }
                _ if self.leaves(key) => Vec::new(),
                _ => {
                    self.overlay = Some(Overlay::SignIn(asked));
                    Vec::new()
                }
            },
            Overlay::Quit => match key.code {
                KeyCode::Char('y') => vec![Effect::Quit],
                KeyCode::Esc | KeyCode::Char('n' | 'q') => Vec::new(),
                _ => {
                    self.overlay = Some(Overlay::Quit);
                    Vec::new()
                }
            },
        }
    }

    /// Whether a key leaves what lies over the panes: Escape always, and what quits or goes back in the panes.
    fn leaves(&self, key: Key) -> bool {
        let command = self.options.keys.command(Context::Users, key);
        key.code == KeyCode::Esc || matches!(command, Some(CommandId::Back | CommandId::Quit))
    }

    fn list_command(&self, context: Context, key: Key) -> Option<CommandId> {
        self.options.keys.command(context, key)
    }

    fn key_in_preview(&mut self, mut preview: Box<super::preview::Preview>, key: Key) -> Vec<Effect> {
        if preview.place == Place::Targets {
            let command = self.list_command(Context::List, key);
            if command.is_some_and(|command| preview.command(command, self.options.size, &self.dataset)) {
                self.overlay = Some(Overlay::Preview(preview));
                return Vec::new();
            }
        }
        match preview.key(key, &self.last_reason) {
            Outcome::Stay => self.overlay = Some(Overlay::Preview(preview)),
            Outcome::Close => {}
            Outcome::Confirmed(confirmed) => {
                if let Some(busy) = self.busy() {
                    preview.message = Some(format!("{busy} Nothing was sent."));
                    self.overlay = Some(Overlay::Preview(preview));
                    return Vec::new();
                }
                let plan = confirmed.plan();
                if !plan.reason.is_empty() {
                    self.last_reason = plan.reason.clone();
                }
                let hold_seconds = self.options.hold_seconds;
                self.show_run(JobRun::of_plan(plan, hold_seconds, self.workspace.requests_per_second, self.now));
                return vec![Effect::Run { confirmed, hold_seconds }];
            }
        }
        Vec::new()
    }

    fn key_in_job(&mut self, key: Key) -> Vec<Effect> {
        let rows = Overlay::Job.rows(self.options.size);
        let closes = self.leaves(key);
        let Some(job) = &mut self.job else { return Vec::new() };
        let command = self.options.keys.command(Context::List, key);
        let len = job.len();
        if command.is_some_and(|command| job.scroll.run(command, len, rows)) {
            self.overlay = Some(Overlay::Job);
            return Vec::new();
        }
        let leave = key.code == KeyCode::Esc || command == Some(CommandId::Back);
        if !job.is_running() {
            let close = closes || key.code == KeyCode::Enter || command == Some(CommandId::Jobs);
            if !close {
                self.overlay = Some(Overlay::Job);
            }
            return Vec::new();
        }
        if command == Some(CommandId::Jobs) && job.held_for(self.now).is_none() {
            // It goes on in the background. A hold window stays in front: cancelling is what it is for.
            return Vec::new();
        }
        self.overlay = Some(Overlay::Job);
        if leave && !job.has_work() {
            // Nothing is left to be stopped.
            self.overlay = None;
            Vec::new()
        } else if leave {
            self.stop_job()
        } else {
            Vec::new()
        }
    }

    fn key_in_jobs(&mut self, mut overlay: Overlay, key: Key) -> Vec<Effect> {
        let command = self.list_command(Context::Jobs, key);
        let (rows, len, leaves) = (overlay.rows(self.options.size), self.ledger.jobs().count(), self.leaves(key));
        let Overlay::Jobs { scroll, message, .. } = &mut overlay else { return Vec::new() };
        *message = None;
        if leaves || command == Some(CommandId::Jobs) {
            return Vec::new();
        }
        if !command.is_some_and(|command| scroll.run(command, len, rows)) {
            let chosen = self.ledger.jobs().rev().nth(scroll.at);
            match (command, chosen) {
                (Some(CommandId::Open | CommandId::CancelJob), Some(job)) if job.state != JobState::Open => {
                    *message = Some(format!("Job {} has ended: {}.", job.id, job.state.as_str()));
                }
                (Some(CommandId::Open | CommandId::CancelJob), Some(_)) if self.job_runs() => *message = self.busy(),
                (Some(command @ (CommandId::Open | CommandId::CancelJob)), Some(job)) => {
                    let id = job.id;
                    let mut run = JobRun::of_job(job, self.workspace.requests_per_second, self.now);
                    run.stopping = command == CommandId::CancelJob;
                    self.show_run(run);
                    return vec![if command == CommandId::Open { Effect::Resume(id) } else { Effect::CancelJob(id) }];
                }
                _ => {}
            }
        }
        self.overlay = Some(overlay);
        Vec::new()
    }

    fn key_in_list(&mut self, mut overlay: Overlay, key: Key) -> Vec<Effect> {
        let command = self.list_command(Context::List, key);
        let rows = overlay.rows(self.options.size);
        if self.leaves(key) {
            return Vec::new();
        }
        let mut chosen = None;
        match &mut overlay {
            Overlay::Journal { records, scroll } => {
                let len = records.as_ref().map_or(0, Vec::len);
                if let Some(command) = command {
                    scroll.run(command, len, rows);
                }
            }
            Overlay::Menu(menu) => {
                let moved = command.is_some_and(|command| menu.scroll.run(command, menu.items.len(), rows));
                if !moved && (key.code == KeyCode::Enter || command == Some(CommandId::Open)) {
                    chosen = menu.items.get(menu.scroll.at).map(|item| item.choice.clone());
                }
            }
            _ => {}
        }
        match chosen {
            Some(choice) => self.choose(choice),
            None => {
                self.overlay = Some(overlay);
                Vec::new()
            }
        }
    }

    fn choose(&mut self, choice: Choice) -> Vec<Effect> {
        match choice {
            Choice::Sort(column) => {
                let held = self.users.sort;
                let descending = if held.column == column { !held.descending } else { column.descends() };
                self.users.set_sort(Sort { column, descending }, &self.dataset);
                self.user_may_have_changed();
                Vec::new()
            }
            Choice::Writing(change) => change.map(Effect::SetWritable).into_iter().collect(),
            Choice::Copy { what, text } => {
                // Line by line, because the ends of lines are ours and all else is the tenant's.
                let text: Vec<_> = text.split('\n').map(safe).collect();
                let text = text.join("\n");
                if text.len() > CLIPBOARD_LIMIT {
                    let (size, limit) = (number(text.len()), number(CLIPBOARD_LIMIT));
                    self.toasts.fail(format!("Not copied: {size} bytes are more than terminals take at once ({limit}). Mark fewer."));
                    return Vec::new();
                }
                self.toasts.say(format!("Sent {what} to the terminal clipboard (OSC 52)."), self.now);
                vec![Effect::Copy(text)]
            }
        }
    }

    fn key_in_help(&mut self, mut overlay: Overlay, key: Key) -> Vec<Effect> {
        let rows = overlay.rows(self.options.size);
        let Overlay::Help(help) = &mut overlay else { return Vec::new() };
        let len = help.len();
        match key.code {
            KeyCode::Esc => return Vec::new(),
            KeyCode::Enter => match help.entry(help.scroll.at) {
                Some(entry) if entry.unavailable.is_none() => {
                    let command = entry.command.id;
                    return self.run(command);
                }
                Some(entry) => help.message = entry.unavailable.clone(),
                None => {}
            },
            KeyCode::Down => _ = help.scroll.run(CommandId::Down, len, rows),
            KeyCode::Up => _ = help.scroll.run(CommandId::Up, len, rows),
            KeyCode::PageDown => _ = help.scroll.run(CommandId::PageDown, len, rows),
            KeyCode::PageUp => _ = help.scroll.run(CommandId::PageUp, len, rows),
            _ => {
                if help.input.key(key) {
                    help.refilter();
                }
            }
        }
        self.overlay = Some(overlay);
        Vec::new()
    }

    /// Brings the place in what lies over the panes into sight.
    pub(super) fn settle_overlay(&mut self) {
        let Some(mut overlay) = self.overlay.take() else { return };
        let rows = overlay.rows(self.options.size);
        match &mut overlay {
            Overlay::Preview(preview) => preview.scroll.settle(preview.len(), rows),
            Overlay::Job => {
                if let Some(job) = &mut self.job {
                    job.scroll.settle(job.len(), rows);
                }
            }
            Overlay::Jobs { scroll, .. } => scroll.settle(self.ledger.jobs().count(), rows),
            Overlay::Journal { records, scroll } => scroll.settle(records.as_ref().map_or(0, Vec::len), rows),
            Overlay::Help(help) => help.scroll.settle(help.len(), rows),
            Overlay::Menu(menu) => menu.scroll.settle(menu.items.len(), rows),
            Overlay::Note { .. } | Overlay::SignIn(_) | Overlay::Quit => {}
        }
        self.overlay = Some(overlay);
    }
}

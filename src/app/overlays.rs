//! Keys while something lies over the panes.

use super::App;
use super::actions::CLIPBOARD_LIMIT;
use super::command::{CommandId, Context};
use super::format::number;
use super::job::JobRun;
use super::key::{Key, KeyCode};
use super::msg::Effect;
use super::overlay::{Choice, Overlay, Pending, Then};
use super::preview::{Outcome, Place};
use super::sort::Sort;
use super::{layout, summary};
use crate::domain::action::{Action, Kind};
use crate::domain::advice::Start;
use crate::domain::plan::Target;
use crate::domain::text::safe;

impl App {
    /// Takes a key for what lies over the panes.
    pub(super) fn key_in_overlay(&mut self, key: Key) -> Vec<Effect> {
        let Some(overlay) = self.overlay.take() else { return Vec::new() };
        match overlay {
            Overlay::Preview(preview) => self.key_in_preview(preview, key),
            Overlay::Job => self.key_in_job(key),
            Overlay::Jobs { .. } => self.key_in_jobs(overlay, key),
            Overlay::Journal { .. } => self.key_in_journal(overlay, key),
            Overlay::Menu(menu) => self.key_in_menu(menu, key),
            Overlay::Columns(menu) => self.key_in_columns(menu, key),
            Overlay::Explain(explain) => self.key_in_explain(explain, key),
            Overlay::Campaigns(open) => self.key_in_campaigns(open, key),
            Overlay::Playbook(list) => self.key_in_checklist(list, key),
            Overlay::Waiting { then, .. } if self.leaves(key) => {
                // What is waited for still comes, and then opens nothing.
                if let Then::Step { playbook, .. } = then {
                    self.open_checklist(playbook, None);
                }
                Vec::new()
            }
            waiting @ Overlay::Waiting { .. } => {
                self.overlay = Some(waiting);
                Vec::new()
            }
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
            Overlay::Views(menu) => self.key_in_views(menu, key),
            Overlay::Typed(typed) => self.key_in_typed(typed, key),
            Overlay::SignIn(asked) => match key.code {
                KeyCode::Char('y') => {
                    let (what, text) = match &asked.code {
                        Some(code) => ("the code", code.clone()),
                        None => ("the address", asked.address.clone()),
                    };
                    let what = what.to_owned();
                    self.overlay = Some(Overlay::SignIn(asked));
                    self.choose(Choice::Copy { what, lines: vec![text] })
                }
                _ if self.leaves(key) => Vec::new(),
                _ => {
                    self.overlay = Some(Overlay::SignIn(asked));
                    Vec::new()
                }
            },
            Overlay::Messages { scroll, .. } => self.key_in_messages(scroll, key),
            Overlay::Page { page, address } => self.key_in_page(page, address, key),
            Overlay::Cancel { id, back } => self.key_in_cancel(id, *back, key),
            Overlay::Timeline(chart) => self.key_in_timeline(chart, key),
            Overlay::Map(travels) => self.key_in_map(travels, key),
            Overlay::Overview(glance) => self.key_in_overview(glance, key),
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
    pub(super) fn leaves(&self, key: Key) -> bool {
        let command = self.options.keys.command(Context::Users, key);
        key.code == KeyCode::Esc || matches!(command, Some(CommandId::Back | CommandId::Quit))
    }

    pub(super) fn list_command(&self, context: Context, key: Key) -> Option<CommandId> {
        self.options.keys.command(context, key)
    }

    fn key_in_preview(&mut self, mut preview: Box<super::preview::Preview>, key: Key) -> Vec<Effect> {
        if matches!(preview.place, Place::Targets | Place::Steps) {
            let command = self.list_command(Context::List, key);
            if command.is_some_and(|command| preview.command(command, self.options.size, &self.dataset)) {
                self.overlay = Some(Overlay::Preview(preview));
                return Vec::new();
            }
        }
        match preview.key(key, &self.last_reason) {
            Outcome::Stay => self.overlay = Some(Overlay::Preview(preview)),
            Outcome::Close => {
                if let Some(id) = preview.plan.playbook {
                    self.open_checklist(id, None);
                }
            }
            Outcome::Confirmed(confirmed) => {
                if confirmed.plan().action.kind() == Kind::Playbook {
                    // Nothing is sent by this: each step has a plan and a confirmation of its own.
                    let what = "Taking the playbook into the journal …".to_owned();
                    let plan = confirmed.plan().id.clone();
                    self.confirmed_in_queue(confirmed.plan());
                    self.overlay = Some(Overlay::Waiting { what, then: Then::Playbook { plan } });
                    return vec![Effect::BeginPlaybook(confirmed)];
                }
                if let Some(busy) = self.busy() {
                    preview.message = Some(format!("{busy} Nothing was sent."));
                    self.overlay = Some(Overlay::Preview(preview));
                    return Vec::new();
                }
                if let Some(unfinished) = self.ledger.unfinished_with(confirmed.plan()).first() {
                    let (job, title) = (unfinished.job, unfinished.action.title());
                    preview.message =
                        Some(format!("Job {job} ({title}) on the same targets is unfinished: Esc, then x. Nothing was sent."));
                    self.overlay = Some(Overlay::Preview(preview));
                    return Vec::new();
                }
                let plan = confirmed.plan();
                if !plan.reason.is_empty() {
                    self.last_reason = plan.reason.clone();
                }
                self.confirmed_in_queue(plan);
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
        if !job.is_running() && self.options.keys.command(Context::Users, key) == Some(CommandId::Remediate) && job.is_to_be_secured() {
            let targets = job.confirmed_users().into_iter().map(Target::User).collect();
            let start = Start { action: Action::SecureAccount, policy: None, addresses: Vec::new() };
            return self.begin(Pending { start, targets, reason: String::new() });
        }
        if !job.is_running() {
            let playbook = job.playbook;
            let close = closes || key.code == KeyCode::Enter || command == Some(CommandId::Jobs);
            if !close {
                self.overlay = Some(Overlay::Job);
            } else if let Some(id) = playbook {
                self.open_checklist(id, None);
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
            if self.options.keys.command(Context::Users, key) == Some(CommandId::Quit) {
                // Whoever wants out during the hold should not watch it being sent.
                self.toasts.say("A job is before the panes: Esc cancels it.", self.now);
            }
            Vec::new()
        }
    }

    pub(super) fn choose(&mut self, choice: Choice) -> Vec<Effect> {
        match choice {
            Choice::Sort(column) => {
                let held = self.users.sort;
                let descending = if held.column == column { !held.descending } else { column.descends() };
                self.users.set_sort(Sort { column, descending }, &self.dataset);
                self.user_may_have_changed();
                Vec::new()
            }
            Choice::Theme(name) => {
                self.choose_theme(name);
                Vec::new()
            }
            Choice::Simulate { happening, user } => vec![Effect::Simulate { happening, user }],
            Choice::Pivot { crumb, filter } => {
                self.pivot_to(crumb, &filter);
                Vec::new()
            }
            Choice::Queue(way) => {
                self.choose_in_queue(way);
                Vec::new()
            }
            // These belong to a menu that knows their targets.
            Choice::Remedy(_) | Choice::Start(_) | Choice::Case(_) => Vec::new(),
            Choice::Writing(change) => change.map(Effect::SetWritable).into_iter().collect(),
            Choice::Copy { what, lines } => {
                let lines: Vec<_> = lines.iter().map(|line| safe(line)).collect();
                let text = lines.join("\n");
                if text.len() > CLIPBOARD_LIMIT {
                    let (size, limit) = (number(text.len()), number(CLIPBOARD_LIMIT));
                    self.toasts.fail(format!("Not copied: {size} bytes are more than terminals take at once ({limit}). Mark fewer."));
                    return Vec::new();
                }
                // What matters stands first: a narrow screen cuts the end.
                let said = if self.is_private() {
                    format!("Sent {what}, UNMASKED, to the terminal clipboard (OSC 52): privacy mode masks the screen only.")
                } else {
                    format!("Sent {what} to the terminal clipboard (OSC 52).")
                };
                self.toasts.say(said, self.now);
                vec![Effect::Copy(text)]
            }
        }
    }

    fn key_in_help(&mut self, mut overlay: Overlay, key: Key) -> Vec<Effect> {
        let rows = overlay.rows(self.options.size);
        let Overlay::Help(help) = &mut overlay else { return Vec::new() };
        let len = help.len();
        match key.code {
            KeyCode::Esc => {
                self.overlay = help.back.take().map(|back| *back);
                return Vec::new();
            }
            KeyCode::Enter => match help.entry(help.scroll.at) {
                Some(entry) if entry.off.is_none() => {
                    let runs = entry.runs;
                    return self.run_entry(runs, help.back.take());
                }
                Some(entry) => help.message = entry.off.clone(),
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
        self.passwords.settle(self.options.size);
        let Some(mut overlay) = self.overlay.take() else { return };
        let rows = overlay.rows(self.options.size);
        match &mut overlay {
            Overlay::Preview(preview) => {
                preview.scroll.settle(preview.len(), rows);
                let lines = summary::body(preview, self.options.size).len();
                preview.offset = preview.offset.min(lines.saturating_sub(rows));
            }
            Overlay::Job => {
                if let Some(job) = &mut self.job {
                    job.scroll.settle(job.len(), rows);
                }
            }
            Overlay::Jobs { scroll, held, .. } => {
                let list = self.job_list();
                scroll.at = held.and_then(|id| list.iter().position(|of| *of == id)).unwrap_or(scroll.at);
                scroll.settle(list.len(), rows);
                *held = list.get(scroll.at).copied();
            }
            Overlay::Journal { records, scroll, .. } => scroll.settle(records.as_ref().map_or(0, Vec::len), rows),
            Overlay::Messages { scroll, .. } => scroll.settle(self.toasts.history().len(), rows),
            Overlay::Page { .. } => {}
            Overlay::Help(help) => help.scroll.settle(help.len(), rows),
            Overlay::Campaigns(open) => open.scroll.settle(open.len(), rows),
            Overlay::Menu(menu) => menu.scroll.settle(menu.items.len(), rows),
            Overlay::Columns(menu) => menu.scroll.settle(menu.rows.len(), rows),
            Overlay::Explain(explain) => {
                let lines = self.explain_lines(explain, layout::large_overlay(self.options.size));
                explain.settle(&lines, rows);
            }
            Overlay::Playbook(list) => {
                let rows_of = self.ledger.playbook(list.id).map_or(0, |playbook| self.checklist_rows(playbook).len());
                list.scroll.settle(rows_of, rows);
            }
            Overlay::Views(menu) => {
                menu.scroll.at = self.view_place(menu);
                menu.scroll.settle(self.ledger.views().iter().len(), rows);
                menu.held = self.ledger.views().iter().nth(menu.scroll.at).map(|view| view.name.clone());
            }
            Overlay::Waiting { .. } | Overlay::Note { .. } | Overlay::Typed(_) => {}
            Overlay::SignIn(_) | Overlay::Cancel { .. } | Overlay::Quit => {}
            Overlay::Timeline(chart) => chart.settle(layout::whole(self.options.size)),
            Overlay::Map(travels) => self.settle_map(travels),
            Overlay::Overview(glance) => glance.settle(self.options.size),
        }
        self.overlay = Some(overlay);
    }
}

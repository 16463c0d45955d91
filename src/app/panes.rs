//! Commands in the panes: moving, marking, filtering.

use super::command::CommandId;
use super::explain::Question;
use super::format::{count, number};
use super::input::Input;
use super::job::JobRun;
use super::key::{Key, KeyCode};
use super::layout::Pane;
use super::line::Line;
use super::msg::Effect;
use super::overlay::{Menu, Overlay};
use super::saved_views::SavedViews;
use super::scroll::Scroll;
use super::why_off::why_off;
use super::{App, help::Help};

/// The filter for users whose risk is closed and who are not safe.
const NOT_SAFE: &str = "safe:no";

impl App {
    /// Runs a command in the focused pane, or says why not.
    pub(super) fn run(&mut self, command: CommandId) -> Vec<Effect> {
        if let Some(why) = why_off(command, self) {
            self.toasts.say(why, self.now);
            return Vec::new();
        }
        match command {
            CommandId::PaneUsers => self.focus = Pane::Users,
            CommandId::PaneSignIns => self.focus = Pane::SignIns,
            CommandId::PaneDetails => self.focus = Pane::Details,
            CommandId::NextPane => self.focus = self.focus.step(1),
            CommandId::PreviousPane => self.focus = self.focus.step(2),
            CommandId::Down | CommandId::Up | CommandId::Top | CommandId::Bottom | CommandId::PageDown | CommandId::PageUp => {
                self.step(command)
            }
            CommandId::Open => self.focus = if self.focus == Pane::Users { Pane::SignIns } else { Pane::Details },
            CommandId::Back => self.back(),
            CommandId::Zoom => self.zoomed = !self.zoomed,
            CommandId::Filter => {
                let before = (self.users.filter.clone(), self.users.cursor().cloned());
                let keep = before.1.clone();
                self.line = Some(Line::Filter { input: Input::selected(&before.0), error: None, before, keep });
            }
            CommandId::Find => {
                let before = self.users.cursor().cloned();
                self.line = Some(Line::Find { input: Input::selected(&self.users.find), before });
            }
            CommandId::Mark | CommandId::MarkRange | CommandId::MarkAll | CommandId::ClearMarks | CommandId::InvertMarks => {
                self.mark(command)
            }
            CommandId::DismissRisk | CommandId::ConfirmCompromised | CommandId::ConfirmSafe => self.plan(command),
            CommandId::Remediate => self.overlay = Some(Overlay::Menu(self.remedies())),
            CommandId::Explain => return self.explain(Question::Everything),
            CommandId::WhyBlocked => return self.explain(Question::WhyBlocked),
            CommandId::NotSafe => self.filter_not_safe(),
            CommandId::Columns => self.open_columns(),
            CommandId::NarrowUsers | CommandId::WidenUsers => self.resize_users(command == CommandId::WidenUsers),
            CommandId::Simulate => {
                if let Some(user) = self.shown_user.clone() {
                    self.overlay = Some(Overlay::Menu(Menu::simulation(user)));
                }
            }
            CommandId::Theme => self.overlay = Some(Overlay::Menu(Menu::themes(self.theme.name))),
            CommandId::AllSignIns => {
                self.sign_ins.all = !self.sign_ins.all;
                self.user_may_have_changed();
            }
            CommandId::Timeline | CommandId::Map => {
                if let Some(user) = self.shown_user.clone() {
                    return self.open_picture(command, &user);
                }
            }
            CommandId::Overview => self.open_overview(),
            CommandId::Pivot => self.open_pivots(),
            CommandId::PivotBack => self.pivot_back(),
            CommandId::Campaigns => self.open_campaigns(),
            CommandId::Queue => self.open_queue(),
            CommandId::QueueNext | CommandId::QueuePrevious => self.step_in_queue(command),
            CommandId::QueueLater => self.later_in_queue(),
            CommandId::Note => {
                if let Some(user) = self.shown_user.clone() {
                    self.overlay = Some(Overlay::Note { user, input: Input::default() });
                }
            }
            CommandId::Case => self.open_case(),
            CommandId::Snapshot => return self.snapshot(),
            CommandId::Views => self.overlay = Some(Overlay::Views(SavedViews::default())),
            CommandId::View4 | CommandId::View5 | CommandId::View6 | CommandId::View7 | CommandId::View8 | CommandId::View9 => {
                self.run_view(command)
            }
            CommandId::Journal => {
                self.overlay = Some(Overlay::Journal { records: None, scroll: Scroll::default(), message: None });
                return vec![Effect::ReadJournal];
            }
            CommandId::Jobs => {
                let list = Overlay::Jobs { scroll: Scroll::default(), held: None, offer: false, message: None };
                let shown = if self.job_runs() { Overlay::Job } else { list };
                self.overlay = Some(shown);
            }
            CommandId::Copy => self.overlay = Some(Overlay::Menu(self.copy_menu())),
            CommandId::Sort => self.overlay = Some(Overlay::Menu(Menu::sort(self.users.sort))),
            CommandId::Palette | CommandId::Help => {
                let palette = command == CommandId::Palette;
                let help = Help::open(palette, self.context(), &self.options.keys, |id| why_off(id, self));
                self.overlay = Some(Overlay::Help(Box::new(help)));
            }
            CommandId::Privacy => self.toggle_privacy(),
            CommandId::Times => self.next_form(),
            CommandId::Mouse => return self.toggle_mouse(),
            CommandId::Messages => self.overlay = Some(Overlay::Messages { scroll: Scroll::default(), message: None }),
            CommandId::Page => return self.page(),
            CommandId::Refresh => return self.refresh(),
            CommandId::Writing => self.overlay = Some(Overlay::Menu(self.writing_menu())),
            CommandId::Suspend => return self.suspend(),
            CommandId::Quit | CommandId::Cancel => {
                if !self.passwords.are_shown() && !self.job.as_ref().is_some_and(JobRun::has_work) {
                    return vec![Effect::Quit];
                }
                self.overlay = Some(Overlay::Quit);
            }
            // These have their place in what lies over the panes.
            CommandId::CancelJob | CommandId::SkipStep | CommandId::Undo => {}
            CommandId::Earlier | CommandId::Later | CommandId::ZoomIn | CommandId::ZoomOut => {}
        }
        Vec::new()
    }

    /// Number of marks that an action in the focused pane takes.
    pub fn marked(&self) -> usize {
        if self.focus == Pane::SignIns { self.sign_ins.marks.len() } else { self.users.marks.len() }
    }

    /// Number of those that are not on the list.
    pub fn marked_hidden(&self) -> usize {
        if self.focus == Pane::SignIns { self.sign_ins.hidden(self.user()) } else { self.users.hidden() }
    }

    /// Whether a range is being marked in the focused pane.
    pub fn in_range(&self) -> bool {
        match self.focus {
            Pane::Users => self.users.marks.anchor().is_some(),
            Pane::SignIns => self.sign_ins.marks.anchor().is_some(),
            Pane::Details => false,
        }
    }

    /// The rows of the range that is being marked in the focused pane, both ends included.
    pub fn range(&self) -> Option<(usize, usize)> {
        let (anchor, cursor) = match self.focus {
            Pane::Users => {
                let held = self.dataset.position(self.users.marks.anchor()?)?;
                (self.users.shown().iter().position(|at| *at as usize == held)?, self.users.scroll.at)
            }
            Pane::SignIns => {
                let anchor = self.sign_ins.marks.anchor()?;
                (self.sign_ins.shown(self.user()?).position(|sign_in| sign_in.id == *anchor)?, self.sign_ins.scroll.at)
            }
            Pane::Details => return None,
        };
        Some((anchor.min(cursor), anchor.max(cursor)))
    }

    pub(super) fn step(&mut self, command: CommandId) {
        let rows = self.layout().list_rows(self.focus);
        let records = self.shown_user.as_ref().and_then(|id| self.dataset.user(id));
        match self.focus {
            Pane::Users => {
                self.users.scroll.run(command, self.users.len(), rows);
                self.users.follow_scroll(&self.dataset);
                self.user_may_have_changed();
            }
            Pane::SignIns => {
                let Some(records) = records else { return };
                let len = self.sign_ins.shown(records).count();
                self.sign_ins.scroll.run(command, len, rows);
                self.sign_ins.follow_scroll(records);
                if let Some(sign_in) = self.sign_ins.cursor(records) {
                    self.details.follow(sign_in, records);
                }
            }
            Pane::Details => {
                let page = self.detail_rows().saturating_sub(1).max(1);
                let Some(records) = records else { return };
                // Detections are stepped through; a long one is read page by page.
                match command {
                    CommandId::PageDown => self.details.offset += page,
                    CommandId::PageUp => self.details.offset = self.details.offset.saturating_sub(page),
                    _ => {
                        let mut place = Scroll { at: self.details.detection(records).map_or(0, |(at, _)| at), offset: 0 };
                        if self.details.detection(records).is_some() {
                            place.run(command, records.detections.len(), 1);
                        }
                        self.details.show(place.at, records);
                        if let Some(sign_in) = self.details.sign_in(records) {
                            self.sign_ins.go_to(&sign_in.id, records);
                        }
                    }
                }
            }
        }
    }

    /// Shows whose risk is closed although they are not safe.
    fn filter_not_safe(&mut self) {
        self.pivot_to(NOT_SAFE.to_owned(), NOT_SAFE);
    }

    fn back(&mut self) {
        if self.toasts.dismiss() {
            return;
        }
        if self.in_range() {
            self.users.marks.set_anchor(None);
            self.sign_ins.marks.set_anchor(None);
        } else if self.zoomed {
            self.zoomed = false;
        } else if self.focus == Pane::Details {
            self.focus = Pane::SignIns;
        } else if self.focus == Pane::SignIns {
            self.focus = Pane::Users;
        } else if self.queue_runs() {
            self.leave_queue();
        } else if self.users.is_narrowed() {
            self.users.set_find("", &self.dataset);
            self.user_may_have_changed();
        } else if self.banner {
            self.banner = false;
        } else {
            self.hide_alarm();
        }
    }

    fn mark(&mut self, command: CommandId) {
        match self.focus {
            Pane::Users => self.mark_users(command),
            Pane::SignIns => self.mark_sign_ins(command),
            Pane::Details => {}
        }
        self.users.recount_hidden(&self.dataset);
    }

    fn mark_users(&mut self, command: CommandId) {
        let Some(cursor) = self.users.cursor().cloned() else { return };
        match (command, self.users.marks.anchor().cloned()) {
            (CommandId::Mark | CommandId::MarkRange, Some(anchor)) => {
                self.users.marks.set_anchor(None);
                match self.users.between(&anchor, &cursor, &self.dataset) {
                    Some(ids) => self.users.marks.extend(ids),
                    None => self.toasts.say("The user where the range began is no longer shown; nothing was marked.", self.now),
                }
            }
            (CommandId::Mark, None) => {
                self.users.marks.toggle(&cursor);
                self.step(CommandId::Down);
            }
            (CommandId::MarkRange, None) => self.users.marks.set_anchor(Some(cursor)),
            (CommandId::MarkAll, _) => {
                let ids = self.users.exact_ids(&self.dataset);
                let words =
                    if self.users.filter.is_empty() { "without a filter: all".to_owned() } else { "all that match the filter".to_owned() };
                self.toasts.say(format!("Marked {} ({words}).", count(ids.len(), "user", "users")), self.now);
                self.users.marks.extend(ids);
            }
            (CommandId::InvertMarks, _) => {
                for id in self.users.exact_ids(&self.dataset) {
                    self.users.marks.toggle(&id);
                }
            }
            (CommandId::ClearMarks, _) => self.users.marks.clear(),
            _ => {}
        }
    }

    fn mark_sign_ins(&mut self, command: CommandId) {
        let Some(records) = self.shown_user.as_ref().and_then(|id| self.dataset.user(id)) else { return };
        let ids = self.sign_ins.ids(records);
        let cursor = self.sign_ins.cursor(records).map(|sign_in| sign_in.id.clone());
        match (command, self.sign_ins.marks.anchor().cloned(), cursor) {
            (CommandId::Mark | CommandId::MarkRange, Some(anchor), Some(cursor)) => {
                self.sign_ins.marks.set_anchor(None);
                let place = |wanted| ids.iter().position(|id| *id == wanted);
                if let Some((one, other)) = place(anchor).zip(place(cursor)) {
                    self.sign_ins.marks.extend(ids.get(one.min(other)..=one.max(other)).unwrap_or_default().iter().cloned());
                }
            }
            (CommandId::Mark, None, Some(cursor)) => {
                self.sign_ins.marks.toggle(&cursor);
                self.step(CommandId::Down);
            }
            (CommandId::MarkRange, None, cursor) => self.sign_ins.marks.set_anchor(cursor),
            (CommandId::MarkAll, ..) => {
                self.toasts.say(format!("Marked the {} shown of this user.", count(ids.len(), "sign-in", "sign-ins")), self.now);
                self.sign_ins.marks.extend(ids);
            }
            (CommandId::InvertMarks, ..) => ids.iter().for_each(|id| self.sign_ins.marks.toggle(id)),
            (CommandId::ClearMarks, ..) => self.sign_ins.marks.clear(),
            _ => {}
        }
    }

    /// Takes a key while a filter or a find is typed.
    pub(super) fn key_in_line(&mut self, key: Key) {
        let Some(mut line) = self.line.take() else { return };
        match key.code {
            KeyCode::Enter => match line {
                Line::Filter { error: Some(_), .. } => self.line = Some(line),
                Line::Filter { input, .. } => {
                    if input.text().split_whitespace().any(|term| term.trim_start_matches('-').starts_with('@')) {
                        // A view shows all that it asks for.
                        self.users.set_find("", &self.dataset);
                        self.user_may_have_changed();
                    }
                }
                Line::Find { .. } => {}
            },
            KeyCode::Esc => match line {
                Line::Filter { before: (filter, cursor), .. } => {
                    // It parsed before, so it does now.
                    let restored = self.users.set_filter(&filter, &self.dataset, &self.ledger, self.now);
                    if let Err(error) = restored {
                        self.toasts.fail(format!("The filter {filter:?} no longer parses: {error}"));
                    }
                    self.users.go_to(cursor, &self.dataset);
                    self.user_may_have_changed();
                }
                Line::Find { before, .. } => {
                    self.users.set_find("", &self.dataset);
                    self.users.go_to(before, &self.dataset);
                    self.user_may_have_changed();
                }
            },
            KeyCode::Up | KeyCode::Down | KeyCode::PageUp | KeyCode::PageDown => {
                self.line = Some(line);
                let command = match key.code {
                    KeyCode::Up => CommandId::Up,
                    KeyCode::Down => CommandId::Down,
                    KeyCode::PageUp => CommandId::PageUp,
                    _ => CommandId::PageDown,
                };
                let focus = std::mem::replace(&mut self.focus, Pane::Users);
                self.step(command);
                self.focus = focus;
                if let Some(Line::Filter { keep, .. }) = &mut self.line {
                    *keep = self.users.cursor().cloned();
                }
            }
            _ => {
                let changed = line.input_mut().key(key);
                self.line = Some(line);
                if changed {
                    self.line_changed();
                }
            }
        }
    }

    /// Applies what is typed.
    pub(super) fn line_changed(&mut self) {
        let keep = match &mut self.line {
            Some(Line::Filter { input, error, keep, .. }) => {
                *error = self.users.type_filter(&input.text(), &self.dataset, &self.ledger, self.now);
                keep.clone()
            }
            Some(Line::Find { input, .. }) => {
                // The best match is what is looked for.
                self.users.set_find(&input.text(), &self.dataset);
                self.users.at(0, &self.dataset).map(|records| records.id().clone())
            }
            None => return,
        };
        self.users.go_to(keep.clone(), &self.dataset);
        if self.users.cursor() != keep.as_ref() {
            // Whoever stands on the same row by chance is nobody that was meant.
            self.users.to_top(&self.dataset);
        }
        self.user_may_have_changed();
    }

    /// "2 marked, 1 hidden"; empty without marks.
    pub fn marks_words(&self) -> String {
        match (self.marked(), self.marked_hidden()) {
            (0, _) => String::new(),
            (marked, 0) => format!("{} marked", number(marked)),
            (marked, hidden) => format!("{} marked, {} hidden", number(marked), number(hidden)),
        }
    }
}

//! The mouse: a click moves the place or opens what a row leads to, the wheel scrolls what is under the pointer.
//!
//! No click confirms, sends, resumes, turns anything on, unmasks or writes into the journal: where Enter would, a click moves the place
//! only.
//! A row of a menu is chosen by a second click on it; where a menu opens with its cursor is no first click.

use super::App;
use super::cases::Step;
use super::checklist::Checklist;
use super::command::CommandId;
use super::key::{Key, KeyCode};
use super::layout::{self, Area, Pane};
use super::msg::Effect;
use super::overlay::{Choice, Overlay};
use super::preview::Place;

/// Rows that one notch of the wheel moves.
const NOTCH: usize = 3;

/// What was done with the mouse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// The left button was pressed.
    Click,
    /// The wheel was turned towards the operator.
    Down,
    /// The wheel was turned away.
    Up,
}

/// Something done with the mouse, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mouse {
    /// What.
    pub deed: Deed,
    /// Column, from 0.
    pub column: u16,
    /// Row, from 0.
    pub row: u16,
}

impl Mouse {
    fn is_in(self, area: Area) -> bool {
        (area.x..area.x.saturating_add(area.width)).contains(&self.column)
            && (area.y..area.y.saturating_add(area.height)).contains(&self.row)
    }

    /// Which row of a list this is, that begins so many rows below the upper edge of this area.
    fn row_of(self, area: Area, head: u16) -> Option<usize> {
        Some(usize::from(self.row.checked_sub(area.y)?.checked_sub(head)?)).filter(|_| self.is_in(area))
    }
}

impl App {
    /// Takes what was done with the mouse.
    pub(super) fn mouse(&mut self, mouse: Mouse) -> Vec<Effect> {
        let ready = self.phase == super::Phase::Ready && layout::fits(self.options.size);
        if !ready || !self.mouse_on || self.passwords.are_shown() || self.is_covered() {
            return Vec::new();
        }
        let clicked = self.clicked.take();
        match (mouse.deed, self.overlay.is_some()) {
            (Deed::Click, true) => return self.click_in_overlay(mouse, clicked),
            (Deed::Click, false) => self.click(mouse),
            (_, true) => return self.wheel_in_overlay(mouse),
            (_, false) => self.wheel(mouse),
        }
        Vec::new()
    }

    /// Whether the mouse is listened to.
    pub fn mouse_is_on(&self) -> bool {
        self.mouse_on
    }

    pub(super) fn toggle_mouse(&mut self) -> Vec<Effect> {
        self.mouse_on = !self.mouse_on;
        let said = if self.mouse_on { "The mouse is on; with Shift held, the terminal selects text." } else { "The mouse is off." };
        self.toasts.say(said, self.now);
        vec![Effect::Mouse(self.mouse_on)]
    }

    fn pane_under(&self, mouse: Mouse) -> Option<(Pane, Area)> {
        let layout = self.layout();
        Pane::ALL.into_iter().find_map(|pane| layout.pane(pane).filter(|area| mouse.is_in(*area)).map(|area| (pane, area)))
    }

    fn click(&mut self, mouse: Mouse) {
        if self.line.is_some() {
            // What is typed is ended by its own keys.
            return;
        }
        if let Some(pane) = self.layout().tab_at(mouse.column, mouse.row) {
            self.focus = pane;
            return;
        }
        let Some((pane, area)) = self.pane_under(mouse) else { return };
        let focused = self.focus == pane;
        self.focus = pane;
        let Some(row) = mouse.row_of(area.inner(), 1) else { return };
        match pane {
            Pane::Users => self.click_user(self.users.scroll.offset + row, focused),
            Pane::SignIns => self.click_sign_in(self.sign_ins.scroll.offset + row, focused),
            Pane::Details => {}
        }
    }

    fn click_user(&mut self, at: usize, focused: bool) {
        if at >= self.users.len() {
            return;
        }
        if focused && at == self.users.scroll.at {
            self.focus = Pane::SignIns;
            return;
        }
        self.users.scroll.at = at;
        self.users.follow_scroll(&self.dataset);
        self.user_may_have_changed();
    }

    fn click_sign_in(&mut self, at: usize, focused: bool) {
        let Some(records) = self.shown_user.as_ref().and_then(|id| self.dataset.user(id)) else { return };
        if at >= self.sign_ins.shown(records).count() {
            return;
        }
        if focused && at == self.sign_ins.scroll.at {
            self.focus = Pane::Details;
            return;
        }
        self.sign_ins.scroll.at = at;
        self.sign_ins.follow_scroll(records);
        if let Some(sign_in) = self.sign_ins.cursor(records) {
            self.details.follow(sign_in, records);
        }
    }

    fn wheel(&mut self, mouse: Mouse) {
        let Some((pane, _)) = self.pane_under(mouse) else { return };
        if pane == Pane::Details {
            let offset = self.details.offset;
            self.details.offset = if mouse.deed == Deed::Down { offset + NOTCH } else { offset.saturating_sub(NOTCH) };
            return;
        }
        let command = if mouse.deed == Deed::Down { CommandId::Down } else { CommandId::Up };
        let focus = std::mem::replace(&mut self.focus, pane);
        (0..NOTCH).for_each(|_| self.step(command));
        self.focus = focus;
    }

    /// The wheel is so many presses of a key that moves, where one does nothing but move.
    fn wheel_in_overlay(&mut self, mouse: Mouse) -> Vec<Effect> {
        let Some(overlay) = self.overlay.as_ref().filter(|overlay| mouse.is_in(overlay.area(self.options.size))) else {
            return Vec::new();
        };
        let (down, times) = match overlay {
            Overlay::Preview(preview) if matches!(preview.place, Place::Targets | Place::Steps) => (KeyCode::Down, NOTCH),
            // Up would recall the last reason.
            Overlay::Preview(_) => (KeyCode::PageDown, 1),
            Overlay::Playbook(Checklist { skipping: Some(_), .. }) => return Vec::new(),
            Overlay::Note { .. } | Overlay::SignIn(_) | Overlay::Cancel { .. } | Overlay::Quit | Overlay::Waiting { .. } => {
                return Vec::new();
            }
            _ => (KeyCode::Down, NOTCH),
        };
        let code = match (mouse.deed, down) {
            (Deed::Up, KeyCode::PageDown) => KeyCode::PageUp,
            (Deed::Up, _) => KeyCode::Up,
            (_, down) => down,
        };
        (0..times).flat_map(|_| self.key_in_overlay(Key::plain(code))).collect()
    }

    /// A click on a row of what lies over the panes; `clicked` is the row that was clicked just before.
    fn click_in_overlay(&mut self, mouse: Mouse, clicked: Option<usize>) -> Vec<Effect> {
        let size = self.options.size;
        let jobs = self.job_list().len();
        let Some(overlay) = &mut self.overlay else { return Vec::new() };
        let (inner, rows) = (overlay.area(size).inner(), overlay.rows(size));
        let (head, opens) = match overlay {
            Overlay::Menu(_) => (0, true),
            Overlay::Help(_) => (1, true),
            Overlay::Journal { .. } => (0, false),
            Overlay::Jobs { .. } => (1, false),
            _ => return Vec::new(),
        };
        let Some(row) = mouse.row_of(inner, head).filter(|row| *row < rows) else { return Vec::new() };
        let (scroll, len) = match overlay {
            Overlay::Menu(menu) => (&mut menu.scroll, menu.items.len()),
            Overlay::Help(help) => {
                let len = help.len();
                (&mut help.scroll, len)
            }
            Overlay::Journal { records, scroll, .. } => (scroll, records.as_ref().map_or(0, Vec::len)),
            Overlay::Jobs { scroll, held, .. } => {
                *held = None;
                (scroll, jobs)
            }
            _ => return Vec::new(),
        };
        let at = scroll.offset + row;
        if at >= len {
            return Vec::new();
        }
        scroll.at = at;
        let writes = |choice: &Choice| matches!(choice, Choice::Writing(_) | Choice::Case(Step::Change(_)));
        let acts = match overlay {
            Overlay::Menu(menu) => menu.items.get(at).is_some_and(|item| writes(&item.choice)),
            Overlay::Help(help) => help.entry(at).is_some_and(|entry| matches!(entry.command.id, CommandId::Snapshot | CommandId::Privacy)),
            _ => false,
        };
        if clicked == Some(at) && opens && !acts {
            return self.key_in_overlay(Key::plain(KeyCode::Enter));
        }
        self.clicked = Some(at);
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::Msg;
    use crate::app::tests::{console, five, keys, sized};
    use crate::domain::fixture::now;
    use crate::domain::plan::Access;

    fn act(app: &mut App, deed: Deed, column: u16, row: u16) -> Vec<Effect> {
        app.update(Msg::Mouse(Mouse { deed, column, row }), now())
    }

    fn click(app: &mut App, column: u16, row: u16) -> Vec<Effect> {
        act(app, Deed::Click, column, row)
    }

    #[test]
    fn a_click_focuses_and_moves_and_a_second_opens() {
        let mut app = console(five());
        let users = app.layout().pane(Pane::Users).unwrap();
        let row = users.y + 2;
        let first = app.users().cursor().cloned();
        assert_eq!(click(&mut app, users.x + 5, row + 2), vec![]);
        assert_eq!((app.users().scroll.at, app.focus()), (2, Pane::Users));
        assert_ne!(app.users().cursor().cloned(), first);
        click(&mut app, users.x + 5, row + 2);
        assert_eq!(app.focus(), Pane::SignIns);
        click(&mut app, users.x + 5, row + 2);
        assert_eq!(app.focus(), Pane::Users, "the first click into another pane only goes there");
        let details = app.layout().pane(Pane::Details).unwrap();
        click(&mut app, details.x + 2, details.y + 2);
        assert_eq!(app.focus(), Pane::Details);
        click(&mut app, users.x + 5, users.y + 20);
        assert_eq!(app.users().scroll.at, 2, "below the last row is no row");
    }

    #[test]
    fn the_wheel_scrolls_what_is_under_the_pointer_and_leaves_the_focus() {
        let mut app = console(five());
        keys(&mut app, "3");
        let users = app.layout().pane(Pane::Users).unwrap();
        act(&mut app, Deed::Down, users.x + 2, users.y + 2);
        assert_eq!((app.users().scroll.at, app.focus()), (3, Pane::Details));
        act(&mut app, Deed::Up, users.x + 2, users.y + 2);
        assert_eq!(app.users().scroll.at, 0);
    }

    #[test]
    fn tabs_are_clicked() {
        let mut app = sized((60, 18), five());
        let tabs = app.layout().tabs;
        click(&mut app, 20, tabs.y);
        assert_eq!(app.focus(), Pane::SignIns);
        click(&mut app, 45, tabs.y);
        assert_eq!(app.focus(), Pane::Details);
    }

    #[test]
    fn a_row_of_a_menu_is_chosen_by_a_second_click() {
        let mut app = console(five());
        keys(&mut app, "y");
        let area = app.overlay().unwrap().area(app.size()).inner();
        assert_eq!(click(&mut app, area.x + 3, area.y), vec![], "the cursor stands there, but nobody has clicked there yet");
        assert_eq!(click(&mut app, area.x + 3, area.y + 1), vec![]);
        assert!(matches!(&click(&mut app, area.x + 3, area.y + 1)[..], [Effect::Copy(_)]));
        keys(&mut app, "y");
        assert_eq!(click(&mut app, 0, 0), vec![]);
        assert!(app.overlay().is_some(), "a click beside it closes nothing");
    }

    #[test]
    fn no_click_anywhere_confirms_sends_writes_or_turns_writing_on() {
        for open in [
            "Q",
            "Q V",
            "V",
            "Q l Q",
            "C",
            "0",
            "t",
            "m",
            "p",
            "M",
            "L",
            "d",
            "d 'x' enter '1'",
            "a d 'x' enter",
            "W",
            "J",
            "x",
            "r",
            "q",
            "n 'x'",
            "e",
            "?",
            "/ 'a'",
            "c",
        ] {
            let mut app = console(five());
            keys(&mut app, open);
            for row in 0..40 {
                for column in [2, 30, 61, 90] {
                    for effect in [click(&mut app, column, row), click(&mut app, column, row)].concat() {
                        assert!(
                            matches!(
                                effect,
                                Effect::Copy(_)
                                    | Effect::ReadJournal
                                    | Effect::Look(_)
                                    | Effect::Refresh
                                    | Effect::Suspend
                                    | Effect::Quit
                                    | Effect::Mouse(_)
                            ),
                            "{open}: {effect:?}"
                        );
                    }
                }
            }
            assert_eq!(app.workspace().access, Access::ReadWrite);
            assert!(!app.job_runs());
        }
    }

    #[test]
    fn no_command_that_a_click_runs_from_help_writes_or_unmasks() {
        let mut app = sized((120, 300), five());
        keys(&mut app, "?");
        let Some(Overlay::Help(help)) = app.overlay() else { panic!("no help") };
        for at in 0..help.len() {
            let mut app = sized((120, 300), five());
            keys(&mut app, "X ?");
            let mut effects = Vec::new();
            // The list is as long as its window: what is below comes into sight with the wheel.
            let area = app.overlay().unwrap().area(app.size()).inner();
            let rows = app.overlay().unwrap().rows(app.size());
            (0..at).for_each(|_| _ = keys(&mut app, "down"));
            let offset = match app.overlay() {
                Some(Overlay::Help(help)) => help.scroll.offset,
                _ => 0,
            };
            assert!(at - offset < rows);
            let row = area.y + 1 + u16::try_from(at - offset).unwrap();
            effects.extend(click(&mut app, area.x + 3, row));
            effects.extend(click(&mut app, area.x + 3, row));
            let writes = |effect: &Effect| {
                matches!(effect, Effect::Snapshot(_) | Effect::Record { .. } | Effect::AddNote { .. } | Effect::SaveSetting { .. })
            };
            assert!(!effects.iter().any(writes), "{at}: {effects:?}");
            assert!(app.is_private(), "{at}");
        }
    }

    #[test]
    fn a_first_click_is_forgotten_when_the_list_changes_beneath_it() {
        let mut app = console(five());
        keys(&mut app, "?");
        let area = app.overlay().unwrap().area(app.size()).inner();
        click(&mut app, area.x + 3, area.y + 4);
        app.update(Msg::Paste("q".to_owned()), now());
        click(&mut app, area.x + 3, area.y + 4);
        assert!(matches!(app.overlay(), Some(Overlay::Help(_))));
        act(&mut app, Deed::Down, area.x + 3, area.y + 4);
        click(&mut app, area.x + 3, area.y + 4);
        assert!(matches!(app.overlay(), Some(Overlay::Help(_))));
    }

    #[test]
    fn what_is_off_stays_off() {
        let mut app = console(five());
        assert_eq!(keys(&mut app, "f9"), vec![Effect::Mouse(false)]);
        assert_eq!((click(&mut app, 10, 8), app.users().scroll.at), (vec![], 0));
    }

    #[test]
    fn no_place_and_no_size_breaks_it() {
        for open in ["", "y", "J", "x", "a d", "a d shift-tab", "?", "e", "r"] {
            let mut app = console(five());
            keys(&mut app, open);
            for size in [(1, 1), (59, 17), (60, 18), (80, 24), (200, 60)] {
                app.update(Msg::Resize(size.0, size.1), now());
                for (column, row) in [(0, 0), (1, 1), (30, 9), (59, 17), (u16::MAX, u16::MAX), (100, 30)] {
                    for deed in [Deed::Down, Deed::Up, Deed::Click] {
                        act(&mut app, deed, column, row);
                    }
                }
            }
        }
    }
}

//! The menu that chooses and orders the columns of the users, and what the workspace remembers of it.

use super::App;
use super::columns::{UserColumn, UserColumns};
use super::command::{CommandId, Context};
use super::key::{Key, KeyCode};
use super::layout::{self, Area};
use super::msg::Effect;
use super::overlay::Overlay;
use super::scroll::Scroll;

/// The setting of a workspace that remembers them.
pub const SETTING: &str = "columns.users";

/// The menu that chooses and orders them.
#[derive(Debug, Clone)]
pub struct ColumnsMenu {
    /// All columns in order, and whether each is shown.
    pub rows: Vec<(UserColumn, bool)>,
    /// Place among them.
    pub scroll: Scroll,
    /// Why the last key did nothing.
    pub message: Option<String>,
    before: UserColumns,
}

impl ColumnsMenu {
    /// Where it stands.
    pub fn area(size: (u16, u16)) -> Area {
        layout::overlay(size, (72, u16::try_from(UserColumn::ALL.len()).unwrap_or(0) + 3))
    }

    fn of(columns: &UserColumns, before: UserColumns) -> Self {
        let hidden = UserColumn::ALL.into_iter().filter(|column| !columns.0.contains(column));
        let rows = columns.0.iter().map(|column| (*column, true)).chain(hidden.map(|column| (column, false))).collect();
        ColumnsMenu { rows, scroll: Scroll::default(), message: None, before }
    }

    fn chosen(&self) -> UserColumns {
        UserColumns::of(self.rows.iter().filter(|(_, shown)| *shown).map(|(column, _)| *column))
    }

    fn toggle(&mut self) {
        match self.rows.get_mut(self.scroll.at) {
            Some((UserColumn::User, _)) => self.message = Some("The user is always shown.".to_owned()),
            Some((_, shown)) => *shown = !*shown,
            None => {}
        }
    }

    fn carry(&mut self, down: bool) {
        let at = self.scroll.at;
        let to = if down { at + 1 } else { at.wrapping_sub(1) };
        if to < self.rows.len() {
            self.rows.swap(at, to);
            self.scroll.at = to;
        }
    }
}

/// Why the columns cannot be chosen now.
pub(super) fn why_off(app: &App) -> Option<String> {
    (app.dataset().is_empty()).then(|| "No users are known here.".to_owned())
}

impl App {
    /// The columns of the risky users.
    pub fn columns(&self) -> &UserColumns {
        &self.columns
    }

    /// Takes what the workspace remembers, where it does.
    pub(super) fn remember_columns(&mut self) {
        let held = self.ledger.setting(SETTING).and_then(UserColumns::remembered);
        self.columns = held.unwrap_or_else(|| self.look.columns.clone());
    }

    pub(super) fn open_columns(&mut self) {
        self.overlay = Some(Overlay::Columns(ColumnsMenu::of(&self.columns, self.columns.clone())));
    }

    pub(super) fn key_in_columns(&mut self, mut menu: ColumnsMenu, key: Key) -> Vec<Effect> {
        menu.message = None;
        let rows = Overlay::Columns(menu.clone()).rows(self.options.size);
        let command = self.list_command(Context::List, key);
        match (key.code, command) {
            (KeyCode::Char('J'), _) => menu.carry(true),
            (KeyCode::Char('K'), _) => menu.carry(false),
            (KeyCode::Down, _) if key.shift => menu.carry(true),
            (KeyCode::Up, _) if key.shift => menu.carry(false),
            (KeyCode::Char('r'), _) => {
                let at = menu.scroll;
                menu = ColumnsMenu { scroll: at, ..ColumnsMenu::of(&self.look.columns, menu.before) };
            }
            (KeyCode::Char(' '), _) | (_, Some(CommandId::Mark)) => menu.toggle(),
            (_, Some(command)) if menu.scroll.run(command, menu.rows.len(), rows) => {}
            _ if self.leaves(key) || key.code == KeyCode::Enter || command == Some(CommandId::Open) => {
                let chosen = menu.chosen();
                // As configured is remembered as nothing, so that the configuration goes on to hold.
                let value = if chosen == self.look.columns { String::new() } else { chosen.to_remember() };
                return if chosen == menu.before { Vec::new() } else { vec![Effect::SaveSetting { name: SETTING, value }] };
            }
            _ => {}
        }
        self.columns = menu.chosen();
        self.overlay = Some(Overlay::Columns(menu));
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::tests::{console, five, keys, opened};
    use crate::app::{Msg, Opened};
    use crate::domain::fixture::now;
    use crate::domain::journal::{Entry, JournalRecord};

    fn names(columns: &UserColumns) -> Vec<&'static str> {
        columns.0.iter().map(|column| column.name()).collect()
    }

    #[test]
    fn columns_are_chosen_and_ordered_from_a_menu_and_remembered() {
        let mut app = console(five());
        keys(&mut app, "L j j space K");
        assert_eq!(names(app.columns()), ["level", "user", "updated", "state"], "it shows at once");
        keys(&mut app, "j j j j j space shift-up shift-up shift-up shift-up");
        assert_eq!(names(app.columns()), ["level", "newest", "user", "updated", "state"]);
        let saved = keys(&mut app, "enter");
        let value = "level,newest,user,updated,state".to_owned();
        assert_eq!(saved, vec![Effect::SaveSetting { name: SETTING, value: value.clone() }]);
        assert!(app.overlay().is_none());

        let mut app = console(five());
        let mut ledger = crate::domain::ledger::Ledger::default();
        let entry = Entry::Setting { name: SETTING.to_owned(), value };
        ledger.apply(&JournalRecord { seq: 1, at: now(), operator: "tester".to_owned(), entry, prev: String::new() });
        app = reopened(app, ledger);
        assert_eq!(names(app.columns()), ["level", "newest", "user", "updated", "state"]);
        let saved = keys(&mut app, "L r esc");
        assert_eq!(names(app.columns()), ["level", "user", "detections", "updated", "state"]);
        assert_eq!(saved, vec![Effect::SaveSetting { name: SETTING, value: String::new() }]);
    }

    fn reopened(app: App, ledger: crate::domain::ledger::Ledger) -> App {
        let mut app = App::new(app.options.clone(), now());
        crate::app::tests::tell(&mut app, Msg::Opened(Box::new(Opened { ledger, ..opened(five()) })));
        app
    }

    #[test]
    fn the_user_stays_and_a_menu_that_changes_nothing_saves_nothing() {
        let mut app = console(five());
        keys(&mut app, "L j space");
        assert!(matches!(app.overlay(), Some(Overlay::Columns(menu)) if menu.message.as_deref() == Some("The user is always shown.")));
        assert_eq!(keys(&mut app, "k K G J esc"), vec![]);
    }
}

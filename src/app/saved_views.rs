//! Saved views on number keys and by name.

use super::App;
use super::command::{CommandId, Context};
use super::format::number;
use super::key::{Key, KeyCode};
use super::msg::Effect;
use super::overlay::Overlay;
use super::scroll::Scroll;
use super::sort::{Column, Sort};
use super::typed::{Typed, What};
use crate::domain::journal::Entry;
use crate::domain::views::{self, MOST, View, Views};

/// The open menu of views.
#[derive(Debug, Clone, Default)]
pub struct SavedViews {
    /// Place among them.
    pub scroll: Scroll,
    /// The view under the cursor, which stays there when others move.
    pub held: Option<String>,
    /// The view of which it was asked whether it is to be removed.
    pub asked: Option<String>,
    /// What the last key did, or why it did nothing.
    pub message: Option<String>,
}

/// The number that a command shows the view of.
fn number_of(command: CommandId) -> Option<u8> {
    match command {
        CommandId::View4 => Some(4),
        CommandId::View5 => Some(5),
        CommandId::View6 => Some(6),
        CommandId::View7 => Some(7),
        CommandId::View8 => Some(8),
        CommandId::View9 => Some(9),
        _ => None,
    }
}

/// The order that a view asks for; `None` where the table of users has no such column.
fn sort_of(text: &str) -> Option<Sort> {
    let (field, direction) = text.split_once(':').unwrap_or((text, "asc"));
    let column = Column::ALL.into_iter().find(|column| column.field().eq_ignore_ascii_case(field))?;
    Some(Sort { column, descending: direction.eq_ignore_ascii_case("desc") })
}

/// The order as a view keeps it; `None` for the usual one.
fn kept_sort(sort: Sort) -> Option<String> {
    let direction = if sort.descending { ":desc" } else { "" };
    (sort != Sort::default()).then(|| format!("{}{direction}", sort.column.field()))
}

/// How many times views can be named in all that a view asks for, with the views that those name.
const MOST_NAMED: usize = 200;

/// Says why a query cannot be saved under this name: it asks for itself, by whichever way round, or for too many others.
fn circle(query: &str, name: &str, views: &Views, left: &mut usize) -> Result<(), String> {
    for word in query.split_whitespace() {
        let Some(named) = word.trim_start_matches('-').strip_prefix('@') else { continue };
        if named.to_lowercase() == name.to_lowercase() {
            return Err(format!("What the filter names asks for @{name} itself: write its terms out, or take another name."));
        }
        *left =
            left.checked_sub(1).ok_or_else(|| "The filter names too many views, with those that they name: write terms out.".to_owned())?;
        if let Some(view) = views.find(named) {
            circle(&view.query, name, views, left)?;
        }
    }
    Ok(())
}

impl App {
    /// Shows the view on the number of this command, or says that there is none.
    pub(super) fn run_view(&mut self, command: CommandId) {
        let Some(key) = number_of(command) else { return };
        match self.ledger.views().on_key(key).cloned() {
            Some(view) => self.show_view(&view),
            None => {
                let menu = self.options.keys.hint(CommandId::Views);
                self.toasts.say(format!("No view is on {key}. {menu} lists the views; there, {key} puts one on it."), self.now);
            }
        }
    }

    fn show_view(&mut self, view: &View) {
        match self.users.set_filter(&format!("@{}", view.name), &self.dataset, &self.ledger, self.now) {
            Ok(()) => {
                self.users.set_find("", &self.dataset);
                if let Some(sort) = view.sort.as_deref().map_or(Some(Sort::default()), sort_of) {
                    self.users.set_sort(sort, &self.dataset);
                }
                self.user_may_have_changed();
                let shown = number(self.users.len());
                self.toasts.say(format!("@{}: {} · {shown} shown", view.name, view.query), self.now);
            }
            Err(error) => self.toasts.fail(format!("The view {} cannot be shown: {error}. Save it anew.", view.name)),
        }
    }

    pub(super) fn key_in_views(&mut self, mut menu: SavedViews, key: Key) -> Vec<Effect> {
        let overlay = Overlay::Views(menu.clone());
        let (rows, len) = (overlay.rows(self.options.size), self.ledger.views().iter().len());
        if self.leaves(key) {
            return Vec::new();
        }
        menu.message = None;
        let asked = menu.asked.take();
        menu.scroll.at = self.view_place(&menu);
        let command = self.list_command(Context::List, key);
        let in_panes = self.list_command(Context::Users, key);
        let moved = command.is_some_and(|command| menu.scroll.run(command, len, rows));
        let view = self.ledger.views().iter().nth(menu.scroll.at).cloned();
        menu.held = view.as_ref().map(|view| view.name.clone());
        let mut effects = Vec::new();
        match (view, in_panes.and_then(number_of)) {
            _ if moved => {}
            _ if key.code == KeyCode::Char('s') => match self.ask_for_view_name() {
                Ok(()) => return Vec::new(),
                Err(why) => menu.message = Some(why),
            },
            // Not by the same key, which a held finger repeats.
            (Some(view), _) if key.code == KeyCode::Enter && asked.as_ref() == Some(&view.name) => {
                let said = format!("@{} is removed. It asked for: {}", view.name, view.query);
                effects.push(Effect::Record { entries: vec![Entry::ViewRemoved { name: view.name }], said });
            }
            (Some(view), _) if key.code == KeyCode::Enter || command == Some(CommandId::Open) => {
                self.show_view(&view);
                return Vec::new();
            }
            (Some(view), Some(number)) => {
                let other = self.ledger.views().on_key(number).filter(|other| other.name != view.name);
                let instead = other.map_or_else(String::new, |other| format!(" @{} has no key any more.", other.name));
                let said = format!("@{} is on {number}.{instead}", view.name);
                let view = View { key: Some(number), ..view };
                effects.push(Effect::Record { entries: vec![Entry::ViewSaved { view }], said });
            }
            (Some(view), _) if key.code == KeyCode::Char('D') => {
                menu.message = Some(format!("Enter removes @{}, any other key keeps it. It asks for: {}", view.name, view.query));
                menu.asked = Some(view.name);
            }
            _ => {}
        }
        self.overlay = Some(Overlay::Views(menu));
        effects
    }

    /// Where the view under the cursor stands by now.
    pub(super) fn view_place(&self, menu: &SavedViews) -> usize {
        let held = menu.held.as_ref().and_then(|name| self.ledger.views().iter().position(|view| view.name == *name));
        held.unwrap_or(menu.scroll.at)
    }

    fn ask_for_view_name(&mut self) -> Result<(), String> {
        if self.users.filter.is_empty() {
            return Err(format!("There is no filter to save: Esc, then {} filters.", self.options.keys.hint(CommandId::Filter)));
        }
        let title = format!("Save the view {}", self.users.filter);
        self.overlay = Some(Overlay::Typed(Typed::new(title, "Enter saves it under this name · Esc leaves", What::ViewName)));
        Ok(())
    }

    /// Saves the filter and the order under a name. In place of a view that there is, only where that was agreed to, by name.
    pub(super) fn save_view(&mut self, text: &str, agreed: Option<&str>) -> Result<Vec<Effect>, String> {
        let name = views::name(text).map_err(|error| error.to_string())?;
        let held = self.ledger.views().find(&name);
        if held.is_none() && self.ledger.views().iter().len() >= MOST {
            return Err(format!("There are {MOST} views already: remove one first."));
        }
        circle(&self.users.filter, &name, self.ledger.views(), &mut { MOST_NAMED })?;
        if let Some(held) = held.filter(|_| agreed != Some(text.trim())) {
            return Err(format!("@{} is there already and asks for: {} · Enter again replaces it", held.name, held.query));
        }
        let replaced = if held.is_some() { ", in place of the one before" } else { "" };
        let said = format!("Saved as @{name}{replaced}.");
        let view = View { key: held.and_then(|held| held.key), name, query: self.users.filter.clone(), sort: kept_sort(self.users.sort) };
        Ok(vec![Effect::Record { entries: vec![Entry::ViewSaved { view }], said }])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn circles_and_crowds_of_views_are_told() {
        let mut views = Views::none();
        let mut save = |name: &str, query: String| views.save(View { name: name.to_owned(), query, sort: None, key: None });
        save("a", "level:high -@b".to_owned());
        save("b", "@C state:atRisk".to_owned());
        save("wide", "@a ".repeat(90));
        save("wider", "@wide ".repeat(90));
        let told = |query: &str, name: &str| circle(query, name, &views, &mut { MOST_NAMED });
        assert!(told("level:low @a", "c").unwrap_err().contains("@c itself"));
        assert!(told("@a", "A").is_err());
        assert!(told("@wider", "widest").unwrap_err().contains("too many"));
        assert_eq!(told("@a @b user:@c", "d"), Ok(()));
    }

    #[test]
    fn an_order_survives_being_kept() {
        for column in Column::ALL {
            for descending in [false, true] {
                let sort = Sort { column, descending };
                assert_eq!(kept_sort(sort).as_deref().map_or(Some(Sort::default()), sort_of), Some(sort));
            }
        }
        assert_eq!(sort_of("waitingSince"), None);
    }
}

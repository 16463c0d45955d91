//! One line that is asked for, and the menu of saved views.

use ratatui::Frame;
use ratatui::style::Style;
use ratatui::text::Line;

use super::cell::{cell, field, put, put_row, window};
use super::theme::Theme;
use crate::app::App;
use crate::app::format::{count, fit, wrap};
use crate::app::layout::Area;
use crate::app::saved_views::SavedViews;
use crate::app::typed::Typed;

pub fn draw(frame: &mut Frame, typed: &Typed, area: Area, theme: Theme) {
    let inner = window(frame, area, &typed.title, "", theme);
    let columns = usize::from(inner.width);
    put(frame, inner, 0, field("", &typed.input, columns, true, theme));
    let (text, style) = typed.message.as_deref().map_or((typed.hint, theme.quiet()), |message| (message, theme.danger()));
    for (row, line) in wrap(text, columns).into_iter().take(2).enumerate() {
        put(frame, inner, 2 + row, Line::styled(line, style));
    }
}

pub fn views(frame: &mut Frame, app: &App, menu: &SavedViews, area: Area, rows: usize, theme: Theme) {
    let views = app.ledger().views();
    let inner = window(frame, area, "Saved views", &count(views.iter().len(), "view", "views"), theme);
    let columns = usize::from(inner.width);
    let name_columns = (columns / 3).clamp(12, 24);
    if views.iter().len() == 0 {
        put(frame, inner, 0, Line::styled("There are none.", theme.quiet()));
    }
    for (row, view) in views.iter().skip(menu.scroll.offset).take(rows).enumerate() {
        let key = view.key.map_or_else(String::new, |key| key.to_string());
        let order = view.sort.as_deref().map_or_else(String::new, |sort| format!("  by {sort}"));
        let cells = vec![
            cell(&key, 3, theme.accent()),
            cell(&format!("@{}", view.name), name_columns, theme.strong()),
            cell(&format!(" {}{order}", view.query), columns.saturating_sub(3 + name_columns), Style::new()),
        ];
        put_row(frame, inner, row, cells, menu.scroll.offset + row == menu.scroll.at, theme);
    }
    let hint = "Enter shows · s saves the filter · 4 to 9 puts it there · D removes · Esc";
    let (text, style) = menu.message.as_deref().map_or((hint, theme.quiet()), |message| (message, theme.danger()));
    put(frame, inner, usize::from(inner.height).saturating_sub(1), Line::styled(fit(text, columns).into_owned(), style));
}

//! The menu that chooses and orders the columns of the users.

use ratatui::Frame;
use ratatui::style::Style;
use ratatui::text::Line;

use super::cell::{cell, put, put_row, window};
use super::theme::Theme;
use crate::app::App;
use crate::app::columns::UserColumn;
use crate::app::columns_menu::ColumnsMenu;
use crate::app::format::fit;
use crate::app::layout::{Area, Pane};

pub fn draw(frame: &mut Frame, app: &App, menu: &ColumnsMenu, area: Area, theme: Theme) {
    let pane = app.layout().pane(Pane::Users).map(|area| usize::from(area.inner().width));
    let drawn = pane.map(|room| app.columns().shown(room));
    let fits = |column: UserColumn| drawn.as_ref().is_none_or(|drawn| drawn.iter().any(|(shown, _)| *shown == column));
    let shown = menu.rows.iter().filter(|(_, shown)| *shown).count();
    let inner = window(frame, area, "Columns of the users", &format!("{shown} shown"), theme);
    let columns = usize::from(inner.width);
    let last = usize::from(inner.height).saturating_sub(1);
    for (row, (column, shown)) in menu.rows.iter().skip(menu.scroll.offset).take(last).enumerate() {
        let words = if *shown && !fits(*column) { format!("no room here · {}", column.words()) } else { column.words().to_owned() };
        let style = if *shown { theme.strong() } else { theme.quiet() };
        let cells = vec![
            cell(if *shown { "● " } else { "  " }, 3, theme.accent()),
            cell(column.header(), 18, style),
            cell(&words, columns.saturating_sub(21), if *shown { Style::new() } else { theme.quiet() }),
        ];
        put_row(frame, inner, row, cells, menu.scroll.offset + row == menu.scroll.at, theme);
    }
    let hint = "Space shows or hides · J K move · r as configured · Enter closes";
    let (text, style) = menu.message.as_deref().map_or((hint, theme.quiet()), |message| (message, theme.danger()));
    put(frame, inner, last, Line::styled(fit(text, columns).into_owned(), style));
}

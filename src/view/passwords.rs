//! Temporary passwords, in front of everything. They are drawn and kept nowhere.

use ratatui::Frame;
use ratatui::text::{Line, Span};

use super::cell::{cell, put, put_row, window};
use super::theme::Theme;
use crate::app::App;
use crate::app::format::{count, fit};
use crate::domain::text::safe;

pub fn draw(frame: &mut Frame, app: &App, theme: Theme) {
    let passwords = app.passwords();
    let area = passwords.area(app.size());
    let inner = window(frame, area, "Temporary passwords", &count(passwords.list.len(), "user", "users"), theme);
    let columns = usize::from(inner.width);
    put(frame, inner, 0, Line::styled("Shown once and kept nowhere: cannot be shown again.", theme.warning()));
    put(frame, inner, 1, Line::styled("Each must be changed at the next sign-in.", theme.quiet()));
    let rows = passwords.rows(app.size());
    for (row, (user, password)) in passwords.list.iter().skip(passwords.scroll.offset).take(rows).enumerate() {
        // The password is never cut: what does not fit is the name.
        let password = safe(password.expose());
        let name = columns.saturating_sub(crate::app::format::width(&password) + 1).min(columns / 2);
        let cells = vec![
            cell(user, name, ratatui::style::Style::new()),
            Span::raw(" "),
            cell(&password, columns.saturating_sub(name + 1), theme.strong()),
        ];
        put_row(frame, inner, 3 + row, cells, passwords.scroll.offset + row == passwords.scroll.at, theme);
    }
    let (text, style) = if passwords.asking {
        ("Close? Cannot be shown again. c closes · Esc stays", theme.danger())
    } else {
        ("y copies · j k move · Enter or Esc: asks before closing", theme.quiet())
    };
    put(frame, inner, usize::from(inner.height).saturating_sub(1), Line::styled(fit(text, columns).into_owned(), style));
}

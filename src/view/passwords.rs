//! Temporary passwords, in front of everything. They are drawn and kept nowhere.

use ratatui::Frame;
use ratatui::text::{Line, Span};

use super::cell::{cell, put, put_row, window};
use super::theme::Theme;
use crate::app::App;
use crate::app::command::CommandId;
use crate::app::format::{count, fit};
use crate::app::passwords::Shown;
use crate::domain::action::Action;
use crate::domain::text::safe;

pub fn draw(frame: &mut Frame, app: &App, theme: Theme) {
    let passwords = app.passwords();
    let area = passwords.area(app.size());
    let inner = window(frame, area, "Temporary passwords", &count(passwords.list.len(), "user", "users"), theme);
    let columns = usize::from(inner.width);
    put(frame, inner, 0, Line::styled("Shown once and kept nowhere: cannot be shown again.", theme.warning()));
    put(frame, inner, 1, Line::styled("Each must be changed at the next sign-in.", theme.quiet()));
    let again =
        format!("Lost? Once closed, {} on the user: {}.", app.keys().hint(CommandId::Remediate), Action::GenerateTemporaryPassword.title());
    put(frame, inner, 2, Line::styled(fit(&again, columns).into_owned(), theme.quiet()));
    let rows = passwords.rows(app.size());
    for (row, Shown { user, password, .. }) in passwords.list.iter().skip(passwords.scroll.offset).take(rows).enumerate() {
        // The password is never cut: what does not fit is the name.
        let password = safe(password.expose());
        let name = columns.saturating_sub(crate::app::format::width(&password) + 1).min(columns / 2);
        let cells = vec![
            cell(user, name, ratatui::style::Style::new()),
            Span::raw(" "),
            cell(&password, columns.saturating_sub(name + 1), theme.strong()),
        ];
        put_row(frame, inner, 4 + row, cells, passwords.scroll.offset + row == passwords.scroll.at, theme);
    }
    let (text, style) = match (&passwords.message, passwords.asking, passwords.unseen()) {
        (Some(message), ..) => (message.clone(), theme.danger()),
        (None, true, 0) => ("Close? Cannot be shown again. c closes · Esc stays".to_owned(), theme.danger()),
        (None, true, unseen) => (format!("Close? {unseen} not seen yet will stay. c closes the others"), theme.danger()),
        (None, false, _) => ("y copies · j k g G pgup pgdn · Esc Enter ask to close".to_owned(), theme.quiet()),
    };
    put(frame, inner, usize::from(inner.height).saturating_sub(1), Line::styled(fit(&text, columns).into_owned(), style));
}

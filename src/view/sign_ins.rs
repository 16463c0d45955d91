//! The pane "Risky sign-ins" of the user under the cursor.

use ratatui::Frame;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::cell::{cell, pane, put, put_row};
use super::theme::Theme;
use crate::app::App;
use crate::app::command::CommandId;
use crate::app::format::{client, fit, level, state};
use crate::app::layout::{Area, Pane};
use crate::domain::records::Location;

/// Columns for the client: a wide screen has room for all of "non-interactive".
fn client_column(columns: usize) -> usize {
    match columns {
        0..60 => 0,
        60..90 => 11,
        _ => 16,
    }
}

pub fn draw(frame: &mut Frame, app: &App, area: Area, theme: Theme) {
    let focused = app.focus() == Pane::SignIns;
    let pane_state = app.sign_ins();
    let records = app.user();
    let mut title = vec![Span::styled(format!(" 2 {} ", Pane::SignIns.title()), theme.strong())];
    let mut right = String::new();
    if let Some(records) = records {
        let room = usize::from(area.width).saturating_sub(44);
        title.push(Span::raw(format!("─ {} ", fit(records.user.name(), room))));
        let shown = pane_state.shown(records).count();
        right = match records.sign_ins.len() {
            all if shown < all => format!("{shown} risky of {all}"),
            all if pane_state.all => format!("all {all}"),
            all => all.to_string(),
        };
    }
    let inner = pane(frame, area, Line::from(title), &right, focused, theme);
    let Some(records) = records else { return };
    let columns = usize::from(inner.width);
    let (time, address, device, risk) = (12, 17, client_column(columns), 11);
    let severity = if columns >= 76 { 8 } else { 0 };
    let place_column = columns.saturating_sub(3 + time + address + device + severity + risk);
    let quiet = theme.quiet();
    let header = vec![
        Span::raw("   "),
        cell(&app.times().heading(), time, quiet),
        cell("IP ADDRESS", address, quiet),
        cell("LOCATION", place_column, quiet),
        cell("CLIENT", device, quiet),
        cell("LEVEL", severity, quiet),
        cell("STATE", risk, quiet),
    ];
    put(frame, inner, 0, Line::from(header));
    let range = app.range().filter(|_| focused);
    let rows = usize::from(inner.height.saturating_sub(1));
    let cursor = pane_state.cursor(records).map(|sign_in| &sign_in.id);
    let mut any = false;
    for (row, sign_in) in pane_state.shown(records).skip(pane_state.scroll.offset).take(rows).enumerate() {
        any = true;
        let place = pane_state.scroll.offset + row;
        let under = cursor == Some(&sign_in.id);
        let mark = if pane_state.marks.contains(&sign_in.id) {
            "● "
        } else if range.is_some_and(|(first, last)| (first..=last).contains(&place)) {
            "○ "
        } else {
            "  "
        };
        let at = sign_in.created_date_time.map_or_else(|| "?".to_owned(), |at| app.times().short(at));
        let location = sign_in.location.as_ref().and_then(Location::short).unwrap_or_else(|| "?".to_owned());
        let cells = vec![
            Span::styled(if under { "▌" } else { " " }, theme.accent()),
            Span::styled(mark, theme.accent()),
            cell(&at, time, Style::new()),
            cell(sign_in.ip_address.as_deref().unwrap_or("?"), address.saturating_sub(1), Style::new()),
            Span::raw(" "),
            cell(&location, place_column.saturating_sub(1), Style::new()),
            Span::raw(if place_column > 0 { " " } else { "" }),
            cell(&client(sign_in), device.saturating_sub(1), Style::new()),
            Span::raw(if device > 0 { " " } else { "" }),
            cell(&level(sign_in.risk_level()), severity, theme.level(sign_in.risk_level())),
            cell(&state(sign_in.risk_state.as_ref()), risk, theme.state(sign_in.risk_state.as_ref())),
        ];
        put_row(frame, inner, row + 1, cells, under && focused, theme);
    }
    if !any {
        let key = app.keys().hint(CommandId::AllSignIns);
        let text = match records.sign_ins.len() {
            0 => "No sign-ins of this user are known here.".to_owned(),
            others => format!("No risky sign-ins; {key} shows the other {others}."),
        };
        put(frame, inner, 1, Line::styled(format!("   {text}"), quiet));
    }
}

//! A playbook: its steps, where each stands, and what comes next.

use ratatui::Frame;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::cell::{cell, field, put, put_row, window};
use super::theme::Theme;
use crate::app::App;
use crate::app::checklist::{Checklist, OTHER_LINES};
use crate::app::format::{count, fit, wrap};
use crate::app::layout::Area;

/// Columns of a step's title: the longest, and a space.
const TITLE: usize = 30;

pub fn draw(frame: &mut Frame, app: &App, list: &Checklist, area: Area, theme: Theme) {
    let Some(playbook) = app.ledger().playbook(list.id) else { return };
    let right = format!("playbook {} · {}", playbook.id, app.times().stamp(playbook.created_at, "%Y-%m-%d %H:%M"));
    let inner = window(frame, area, playbook.plan.action.title(), &right, theme);
    let columns = usize::from(inner.width);
    let users: Vec<&str> =
        playbook.plan.included().take(3).map(|target| target.user_principal_name.as_deref().unwrap_or(&target.id)).collect();
    let more = playbook.plan.included_count().saturating_sub(users.len());
    let more = if more == 0 { String::new() } else { format!(" and {}", count(more, "other", "others")) };
    put(frame, inner, 0, Line::styled(fit(&format!("{}{more}", users.join(", ")), columns).into_owned(), theme.strong()));
    let stands = app.checklist_words(playbook);
    put(frame, inner, 1, Line::styled(fit(&stands, columns).into_owned(), theme.quiet()));
    let rows = app.checklist_rows(playbook);
    let room = usize::from(inner.height).saturating_sub(OTHER_LINES);
    for (at, row) in rows.iter().enumerate().skip(list.scroll.offset).take(room) {
        let style = match (row.failed, row.next, row.sign) {
            (true, ..) => theme.danger(),
            (_, true, _) => theme.strong(),
            (_, _, "✓") => theme.good(),
            _ => theme.quiet(),
        };
        let title = TITLE.min(columns / 2);
        let next = if row.next { "next: " } else { "" };
        let cells = vec![
            cell(row.sign, 3, style),
            cell(&row.title, title, if row.next { theme.strong() } else { Style::new() }),
            Span::raw(" "),
            cell(&format!("{next}{}", row.state), columns.saturating_sub(title + 4), style),
        ];
        put_row(frame, inner, 2 + at - list.scroll.offset, cells, at == list.scroll.at, theme);
    }
    let below = 2 + room;
    if let Some(row) = rows.get(list.scroll.at) {
        let room = if list.skipping.is_some() { 2 } else { 3 };
        for (at, line) in wrap(&row.note, columns).into_iter().take(room).enumerate() {
            put(frame, inner, below + 1 + at, Line::styled(line, if row.failed { theme.warning() } else { theme.quiet() }));
        }
    }
    let last = usize::from(inner.height).saturating_sub(1);
    let hint = app.checklist_hint(list, playbook, rows.get(list.scroll.at));
    let mut above = last.saturating_sub(1);
    if let Some((step, input)) = &list.skipping {
        put(frame, inner, above, field(&format!("Why leave out \"{}\"? ", step.title()), input, columns, true, theme));
        above = above.saturating_sub(1);
    }
    if let Some(message) = &list.message {
        // Beside the hint, never in its place: what can be done next must be seen, too.
        put(frame, inner, above, Line::styled(fit(message, columns).into_owned(), theme.warning()));
    }
    put(frame, inner, last, Line::styled(fit(&hint, columns).into_owned(), theme.quiet()));
}

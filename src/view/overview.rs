//! The overview of the tenant.

use ratatui::Frame;
use ratatui::text::{Line, Span};

use super::cell::{cell, put, put_row, window};
use super::theme::Theme;
use crate::app::App;
use crate::app::command::CommandId;
use crate::app::format::{count, fit, number, width, wrap};
use crate::app::layout::Area;
use crate::app::overview::{Glance, HINTS, Row, TOLD, rows};
use crate::domain::overview::{DAYS, Days};

/// Columns of the numbers.
const VALUE: usize = 8;

pub fn draw(frame: &mut Frame, app: &App, glance: &Glance, area: Area, theme: Theme) {
    let title = format!("Overview: {}", app.workspace().tenant);
    let inner = window(frame, area, &title, &format!("as of {}", app.times().moment(glance.at)), theme);
    let columns = usize::from(inner.width);
    let list = rows(app.size());
    for row in 0..list {
        let at = glance.scroll.offset + row;
        let Some(of) = glance.rows.get(at) else { break };
        if of.is_heading() {
            put(frame, inner, row, Line::styled(fit(&of.label, columns).into_owned(), theme.strong()));
        } else {
            put_row(frame, inner, row, cells(of, columns, theme), at == glance.scroll.at, theme);
        }
    }
    if glance.rows.is_empty() {
        put(frame, inner, 1, Line::styled(format!("Computing over {} …", count(app.dataset().len(), "user", "users")), theme.quiet()));
    }
    let told = glance.row().map_or(Vec::new(), |row| wrap(&row.told, columns));
    for (row, line) in told.into_iter().take(TOLD).enumerate() {
        put(frame, inner, list + row, Line::raw(line));
    }
    let anew = app.keys().hint(CommandId::Overview);
    let stale =
        if glance.stale && !anew.is_empty() { format!("records changed since: {anew} computes it anew · ") } else { String::new() };
    let (text, style) = match &glance.message {
        Some(message) => (message.clone(), theme.danger()),
        None => {
            let below = glance.rows.len().saturating_sub(glance.scroll.offset + list);
            let below = if below > 0 { format!(" · {} below ▾", number(below)) } else { String::new() };
            let room = columns.saturating_sub(width(&stale) + width(&below));
            (format!("{stale}{}{below}", app.picture_hint(HINTS, room)), theme.quiet())
        }
    };
    put(frame, inner, usize::from(inner.height).saturating_sub(1), Line::styled(fit(&text, columns).into_owned(), style));
}

fn cells(row: &Row, columns: usize, theme: Theme) -> Vec<Span<'static>> {
    let label = columns.saturating_sub(2 + VALUE + DAYS + 2).min(44);
    let label = if columns < 90 { label } else { label.min(34) };
    let more = columns.saturating_sub(2 + label + VALUE + DAYS + 2);
    let style = theme.level(row.level.as_ref());
    let style = if row.level.is_some() { style } else { ratatui::style::Style::new() };
    let value = format!("{:>VALUE$}", fit(&row.value, VALUE));
    let days = row.days.as_ref().map_or(String::new(), spark);
    vec![
        Span::raw("  "),
        cell(&row.label, label, style),
        cell(&value, VALUE, theme.strong()),
        Span::raw(" "),
        cell(&days, DAYS, theme.accent()),
        Span::raw(" "),
        cell(&row.more, more, style),
    ]
}

/// A column for each day, as high as its number beside the highest of the row; a dot for none.
fn spark(days: &Days) -> String {
    const HEIGHTS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let most = days.iter().copied().max().unwrap_or(0).max(1) as usize;
    let height = |count: &u32| match (*count as usize * HEIGHTS.len()).div_ceil(most) {
        0 => '·',
        high => HEIGHTS.get(high - 1).copied().unwrap_or('█'),
    };
    days.iter().map(height).collect()
}

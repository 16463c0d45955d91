//! A sequence of keys that is not finished: what was typed, and what can follow, at the foot of the screen.

use ratatui::Frame;
use ratatui::text::{Line, Span};

use super::cell::{clear, put};
use super::theme::Theme;
use crate::app::App;
use crate::app::format::{fit, width};
use crate::app::layout::Area;

/// Rows that it takes at most: what is behind it must still be recognised.
const ROWS: usize = 4;

pub fn draw(frame: &mut Frame, app: &App, theme: Theme) {
    let (columns, rows) = app.size();
    let room = usize::from(columns).saturating_sub(2);
    let mut lines: Vec<Vec<Span>> = Vec::new();
    let mut used = room;
    for (at, (key, words)) in app.pending_words().into_iter().enumerate() {
        let needed = width(&key) + width(&words) + 3;
        if used + needed > room || lines.is_empty() {
            lines.push(vec![Span::raw(" ")]);
            used = 0;
        }
        let style = if at == 0 { theme.accent() } else { theme.strong() };
        if let Some(line) = lines.last_mut() {
            line.push(Span::styled(fit(&key, room).into_owned(), style));
            line.push(Span::styled(format!(" {words}  "), theme.quiet()));
        }
        used += needed;
    }
    lines.truncate(ROWS);
    let height = u16::try_from(lines.len()).unwrap_or(0).min(rows);
    let area = Area { x: 0, y: rows - height, width: columns, height };
    clear(frame, area, theme);
    for (row, spans) in lines.into_iter().enumerate() {
        put(frame, area, row, Line::from(spans));
    }
}

//! Cells, rows and frames that everything is drawn from. Text comes safe or is made so here.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, BorderType, Clear};

use super::theme::Theme;
use crate::app::details::Tone;
use crate::app::format::{fit, width};
use crate::app::input::Input;
use crate::app::layout::Area;

/// The rectangle of an area.
pub fn rect(area: Area) -> Rect {
    Rect::new(area.x, area.y, area.width, area.height)
}

/// The text, made safe, in exactly so many columns.
pub fn pad(text: &str, columns: usize) -> String {
    let mut text = fit(text, columns).into_owned();
    let missing = columns.saturating_sub(width(&text));
    text.extend(std::iter::repeat_n(' ', missing));
    text
}

/// A cell of a row: text, columns, style.
pub fn cell(text: &str, columns: usize, style: Style) -> Span<'static> {
    Span::styled(pad(text, columns), style)
}

/// Draws a line into one row of an area, if there is such a row.
pub fn put(frame: &mut Frame, area: Area, row: usize, line: Line<'_>) {
    let Some(row) = u16::try_from(row).ok().filter(|row| *row < area.height) else { return };
    let area = Rect::new(area.x, area.y + row, area.width, 1).intersection(frame.area());
    frame.render_widget(line, area);
}

/// Draws a row of a list; the one under the cursor is reversed and keeps no colour.
pub fn put_row(frame: &mut Frame, area: Area, row: usize, cells: Vec<Span<'static>>, selected: bool, theme: Theme) {
    let line = if selected {
        let text: String = cells.iter().map(|cell| cell.content.as_ref()).collect();
        Line::styled(pad(&text, usize::from(area.width)), theme.selected().patch(theme.strong()))
    } else {
        Line::from(cells)
    };
    put(frame, area, row, line);
}

/// Draws a frame with titles left and right; answers what is left inside.
pub fn pane(frame: &mut Frame, area: Area, left: Line<'_>, right: &str, focused: bool, theme: Theme) -> Area {
    let (kind, style) = if focused { (BorderType::Thick, theme.accent()) } else { (BorderType::Plain, theme.quiet()) };
    let mut block = Block::bordered().border_type(kind).border_style(style).title_top(left);
    if !right.is_empty() {
        block = block.title_top(Line::from(format!(" {} ", fit(right, usize::from(area.width / 2)))).right_aligned());
    }
    frame.render_widget(block, rect(area).intersection(frame.area()));
    area.inner()
}

/// Clears a place of what is behind it.
pub fn clear(frame: &mut Frame, area: Area, theme: Theme) {
    let area = rect(area).intersection(frame.area());
    frame.render_widget(Clear, area);
    frame.buffer_mut().set_style(area, theme.base());
}

/// Clears a place and draws the frame of what lies over the panes; answers what is left inside.
pub fn window(frame: &mut Frame, area: Area, title: &str, right: &str, theme: Theme) -> Area {
    clear(frame, area, theme);
    let title = Line::styled(format!(" {} ", fit(title, usize::from(area.width.saturating_sub(6)))), theme.strong());
    let inner = pane(frame, area, title, right, true, theme);
    Area { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner }
}

/// The style of a line that is meant so.
pub fn tone(tone: Tone, theme: Theme) -> Style {
    match tone {
        Tone::Plain => Style::new(),
        Tone::Heading => theme.strong(),
        Tone::Quiet => theme.quiet(),
        Tone::Warning => theme.warning(),
    }
}

/// A text field: label, text and cursor, scrolled so that the cursor is in sight.
pub fn field(label: &str, input: &Input, columns: usize, active: bool, theme: Theme) -> Line<'static> {
    let room = columns.saturating_sub(width(label) + 1);
    let (before, after) = input.halves();
    let before = safe_tail(&before, room.saturating_sub(1));
    let mut spans = vec![Span::styled(label.to_owned(), if active { theme.accent() } else { theme.quiet() })];
    if !active {
        spans.push(Span::raw(fit(&format!("{before}{after}"), room).into_owned()));
        return Line::from(spans);
    }
    if input.is_selected() {
        spans.push(Span::styled(before, theme.selected()));
        spans.push(Span::styled(" ", theme.selected()));
        return Line::from(spans);
    }
    let left = room.saturating_sub(width(&before) + 1);
    let mut rest = after.chars();
    let under = rest.next().map_or_else(|| " ".to_owned(), |letter| crate::domain::text::safe(&letter.to_string()).into_owned());
    spans.push(Span::raw(before));
    spans.push(Span::styled(under, theme.selected()));
    spans.push(Span::raw(fit(rest.as_str(), left).into_owned()));
    Line::from(spans)
}

/// The end of a text, made safe, in at most so many columns.
fn safe_tail(text: &str, columns: usize) -> String {
    let text = crate::domain::text::safe(text);
    let mut letters = text.chars();
    while width(letters.as_str()) > columns {
        letters.next();
    }
    letters.as_str().to_owned()
}

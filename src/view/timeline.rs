//! The timeline of a user: a lane for each session, and one each for detections, history, administrators and notes.

use ratatui::Frame;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::cell::{pad, put, tone, window};
use super::theme::Theme;
use crate::app::App;
use crate::app::event_words::{addresses, label};
use crate::app::format::{count, fit, width};
use crate::app::layout::Area;
use crate::app::timeline::{Cell, Chart, HINTS, Shape};
use crate::app::times::Zone;
use crate::domain::timeline::{Kind, Lane};

pub fn draw(frame: &mut Frame, app: &App, chart: &Chart, area: Area, theme: Theme) {
    let records = app.dataset().user(&chart.user);
    let name = records.map_or(chart.user.as_str(), |records| records.user.name());
    let right = chart.window().filter(|_| chart.event().is_some()).map_or(String::new(), |(from, to)| {
        let (times, form) = (app.times(), "%Y-%m-%d %H:%M");
        format!("{} – {} {}", times.stamp(from, form), times.stamp(to, form), times.zone.offset(to))
    });
    let inner = window(frame, area, &format!("Timeline: {name}{}", app.picture_note(&chart.user)), &right, theme);
    let (columns, rows) = (usize::from(inner.width), usize::from(inner.height));
    let shape = Shape::of(columns, rows);
    let column = chart.event().and_then(|event| chart.column(event.at, shape.track));
    put(frame, inner, 0, axis(chart, shape, column, app.times().zone, theme));
    let mut row = 1;
    let sessions = chart.timeline.lanes.iter().take(chart.timeline.sessions).enumerate();
    for (place, lane) in sessions.skip(chart.sessions.offset).take(shape.sessions) {
        let selected = place == chart.sessions.at;
        if shape.addresses == 0 {
            let text = fit(&addresses(lane), columns.saturating_sub(shape.label + 1)).into_owned();
            put(frame, inner, row, Line::from(vec![name_of(lane, selected, shape, theme), Span::styled(text, note(lane, theme))]));
            put(frame, inner, row + 1, track(chart, lane, place, Span::raw(" ".repeat(shape.label + 1)), column, shape, theme));
        } else {
            put(frame, inner, row, track(chart, lane, place, name_of(lane, selected, shape, theme), column, shape, theme));
        }
        row += shape.lane_rows;
    }
    for (place, lane) in chart.timeline.lanes.iter().enumerate().skip(chart.timeline.sessions) {
        put(frame, inner, row, track(chart, lane, place, name_of(lane, false, shape, theme), column, shape, theme));
        row += 1;
    }
    let foot = rows.saturating_sub(1 + shape.detail);
    for (line, (text, meant)) in app.event_lines(chart, columns).into_iter().take(shape.detail).enumerate() {
        // Below the last lane, where the screen is too small for everything.
        if foot + line >= row {
            put(frame, inner, foot + line, Line::styled(text, tone(meant, theme)));
        }
    }
    let below = chart.timeline.sessions.saturating_sub(chart.sessions.offset + shape.sessions);
    let hidden = if below > 0 { format!(" · {} below ▾", count(below, "session", "sessions")) } else { String::new() };
    let (text, style) = match &chart.message {
        Some(message) => (message.clone(), theme.danger()),
        None => (format!("{}{hidden}", app.picture_hint(HINTS)), theme.quiet()),
    };
    put(frame, inner, rows.saturating_sub(1), Line::styled(fit(&text, columns).into_owned(), style));
}

/// The name of a lane; that of the session under the cursor has a bar before it.
fn name_of(lane: &Lane, selected: bool, shape: Shape, theme: Theme) -> Span<'static> {
    let bar = if selected { '▌' } else { ' ' };
    let style = if lane.is_shared() { theme.warning() } else { Style::new() };
    Span::styled(format!("{} ", pad(&format!("{bar}{}", label(lane)), shape.label)), style)
}

fn note(lane: &Lane, theme: Theme) -> Style {
    if lane.is_shared() { theme.warning() } else { theme.quiet() }
}

fn axis(chart: &Chart, shape: Shape, cursor: Option<usize>, zone: Zone, theme: Theme) -> Line<'static> {
    let mut text = vec![' '; shape.track];
    for (column, word) in chart.ticks(shape.track, zone) {
        // A word that would not fit is left out, and so is one that touches the word before.
        let free = column == 0 || text.get(column - 1) == Some(&' ');
        if free && column + word.len() <= shape.track {
            for (place, letter) in text.iter_mut().skip(column).zip(word.chars()) {
                *place = letter;
            }
        }
    }
    if let Some(place) = cursor.and_then(|column| text.get_mut(column)) {
        *place = '▾';
    }
    let text: String = text.into_iter().collect();
    Line::styled(format!("{} {text}", " ".repeat(shape.label)), theme.quiet())
}

/// One lane: its label, what stands in each column, and its addresses.
fn track(
    chart: &Chart,
    lane: &Lane,
    place: usize,
    label: Span<'static>,
    cursor: Option<usize>,
    shape: Shape,
    theme: Theme,
) -> Line<'static> {
    let mut spans = vec![label];
    let here = chart.event().is_some_and(|event| event.lane == place);
    for (column, cell) in chart.cells(lane, shape.track).into_iter().enumerate() {
        let (sign, style) = glyph(lane, cell, theme);
        let under = here && cursor == Some(column);
        spans.push(Span::styled(sign, if under { theme.selected().patch(theme.strong()) } else { style }));
    }
    if shape.addresses > 0 {
        let text = addresses(lane);
        debug_assert!(width(&fit(&text, shape.addresses)) <= shape.addresses);
        spans.push(Span::styled(format!(" {}", fit(&text, shape.addresses)), note(lane, theme)));
    }
    Line::from(spans)
}

/// One event has the sign of its kind; several are counted.
fn glyph(lane: &Lane, cell: Cell, theme: Theme) -> (&'static str, Style) {
    const COUNTS: [&str; 8] = ["2", "3", "4", "5", "6", "7", "8", "9"];
    let style = if cell.notable > 0 { theme.warning() } else { Style::new() };
    let sign = match (cell.events, &lane.kind, cell.notable) {
        (0, ..) => return ("─", theme.quiet()),
        (1, Kind::Session(_), 0) => "●",
        (1, Kind::Session(_), _) => "◆",
        (1, Kind::Detections, 0) => "△",
        (1, Kind::Detections, _) => "▲",
        (1, Kind::History, _) => "○",
        (1, Kind::Administrators, _) => "■",
        (1, Kind::Notes, _) => "¶",
        (several, ..) => COUNTS.get(several - 2).copied().unwrap_or("#"),
    };
    (sign, style)
}

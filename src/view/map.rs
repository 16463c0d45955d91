//! The map of a user's travels, and the list of places below it.

use ratatui::Frame;
use ratatui::style::{Color, Style};
use ratatui::symbols::Marker;
use ratatui::text::{Line, Span};
use ratatui::widgets::canvas::{Canvas, Context, Line as Way, Map, MapResolution, Points};

use super::cell::{cell, put, put_row, rect, window};
use super::theme::Theme;
use crate::app::App;
use crate::app::format::{fit, number, wrap};
use crate::app::layout::Area;
use crate::app::map::{HINTS, LATITUDES, TOLD, Travels, map_area, rule};
use crate::domain::catalogue;
use crate::domain::records::GeoCoordinates;
use crate::domain::travel::Stop;

/// So many places are drawn: more than a map of the world has room for.
const POINTS: usize = 1_000;

pub fn draw(frame: &mut Frame, app: &App, travels: &Travels, area: Area, theme: Theme) {
    let records = app.dataset().user(&travels.user);
    let name = records.map_or(travels.user.as_str(), |records| records.user.name());
    let inner = window(frame, area, &format!("Map: {name}{}", app.picture_note(&travels.user)), &travels.summary(), theme);
    let columns = usize::from(inner.width);
    let (map, list) = app.map_rows(travels);
    if map > 0 {
        globe(frame, travels, map_area(inner, map), theme);
    }
    put(frame, inner, map, Line::from(heading(columns, app, theme)));
    for row in 0..list.saturating_sub(1) {
        let at = travels.scroll.offset + row;
        let Some(stop) = travels.stops.get(at) else { break };
        put_row(frame, inner, map + 1 + row, cells(stop, columns, app, theme), at == travels.scroll.at, theme);
    }
    let impossible = travels.stop().and_then(|stop| stop.leg).is_some_and(|leg| leg.is_impossible());
    let told = travels.told(app.times()).into_iter().enumerate().flat_map(|(at, text)| {
        let style = if at > 0 && impossible { theme.warning() } else { Style::new() };
        wrap(&text, columns).into_iter().map(move |line| Line::styled(line, style))
    });
    for (row, line) in told.take(TOLD).enumerate() {
        put(frame, inner, map + list + row, line);
    }
    let (text, style) = match &travels.message {
        Some(message) => (message.clone(), theme.danger()),
        None => (format!("{} · {}", app.picture_hint(HINTS), rule()), theme.quiet()),
    };
    put(frame, inner, usize::from(inner.height).saturating_sub(1), Line::styled(fit(&text, columns).into_owned(), style));
}

/// Columns of time, place, address, what it was, kilometres, speed and the word; 0 where there is no room.
fn widths(columns: usize) -> [usize; 7] {
    match columns {
        ..76 => [12, columns.saturating_sub(12 + 8 + 8 + 13), 0, 0, 8, 8, 13],
        76..100 => [12, 20, columns.saturating_sub(12 + 20 + 8 + 9 + 13), 0, 8, 9, 13],
        _ => [12, 24, 18, columns.saturating_sub(12 + 24 + 18 + 8 + 10 + 14), 8, 10, 14],
    }
}

fn row(columns: usize, texts: [(String, Style); 7]) -> Vec<Span<'static>> {
    let cells = widths(columns).into_iter().zip(texts).enumerate().filter(|(_, (width, _))| *width > 0);
    let cells = cells.map(|(at, (width, (text, style)))| {
        let room = width.saturating_sub(1);
        // Numbers stand one below the other.
        let text = if at == 4 || at == 5 { format!("{:>room$}", fit(&text, room)) } else { text };
        [cell(&text, room, style), Span::raw(" ")]
    });
    cells.flatten().collect()
}

fn heading(columns: usize, app: &App, theme: Theme) -> Vec<Span<'static>> {
    let time = app.times().heading();
    let words = [time.as_str(), "PLACE", "IP ADDRESS", "DETECTIONS", "KM", "KM/H", ""];
    row(columns, words.map(|word| (word.to_owned(), theme.quiet())))
}

/// A speed. Above all that flies the figure says no more, and would not stand in its column.
fn fast(kmh: f64) -> String {
    if kmh > 99_999.0 { ">99,999".to_owned() } else { number(kmh.round() as usize) }
}

fn cells(stop: &Stop, columns: usize, app: &App, theme: Theme) -> Vec<Span<'static>> {
    let types: Vec<&str> = stop.types.iter().map(|kind| catalogue::name(kind)).collect();
    let moved = stop.leg.filter(|leg| leg.kilometres >= 1.0);
    let speed = moved.map_or(String::new(), |leg| leg.kmh().map_or("at once".to_owned(), fast));
    let impossible = moved.is_some_and(|leg| leg.is_impossible());
    let word = if impossible {
        ("▲ impossible", theme.danger())
    } else if stop.point.is_none() {
        ("not drawn", theme.quiet())
    } else {
        ("", Style::new())
    };
    let style = if impossible { theme.danger() } else { Style::new() };
    let text = |text: Option<&str>| text.unwrap_or("?").to_owned();
    let places = [
        (app.times().short(stop.at), Style::new()),
        (text(stop.place.as_deref()), Style::new()),
        (text(stop.address.as_deref()), Style::new()),
        (types.join(", "), Style::new()),
        (moved.map_or(String::new(), |leg| number(leg.kilometres.round() as usize)), style),
        (speed, style),
        (word.0.to_owned(), word.1),
    ];
    row(columns, places)
}

/// The ways of light on a flat map: over the antimeridian a way leaves at one edge and comes back at the other.
fn way(context: &mut Context<'_>, from: GeoCoordinates, to: GeoCoordinates, color: Color) {
    let turn = to.longitude - from.longitude;
    let round = if turn > 180.0 {
        -360.0
    } else if turn < -180.0 {
        360.0
    } else {
        0.0
    };
    context.draw(&Way::new(from.longitude, from.latitude, to.longitude + round, to.latitude, color));
    if round != 0.0 {
        context.draw(&Way::new(from.longitude - round, from.latitude, to.longitude, to.latitude, color));
    }
}

/// The colour of a style, for what is drawn in dots; the terminal's own where the style has none.
fn ink(style: Style) -> Color {
    style.fg.unwrap_or(Color::Reset)
}

fn globe(frame: &mut Frame, travels: &Travels, area: Area, theme: Theme) {
    let (land, usual, impossible, here) = (theme.land(), ink(theme.accent()), ink(theme.danger()), ink(theme.warning()));
    let stop = travels.stop();
    let canvas = Canvas::default().marker(Marker::Braille).x_bounds([-180.0, 180.0]).y_bounds(LATITUDES).paint(|context| {
        context.draw(&Map { resolution: MapResolution::High, color: land });
        context.layer();
        for drawn in travels.ways.iter().rev() {
            way(context, drawn.from, drawn.to, if drawn.impossible { impossible } else { usual });
        }
        context.layer();
        let points: Vec<(f64, f64)> = travels.points.iter().take(POINTS).map(|point| (point.longitude, point.latitude)).collect();
        context.draw(&Points::new(&points, usual));
        for (longitude, latitude) in points {
            context.print(longitude, latitude, Line::styled("●", Style::new().fg(usual)));
        }
        context.layer();
        if let Some((stop, point)) = stop.and_then(|stop| Some((stop, stop.point?))) {
            if let Some(leg) = stop.leg {
                way(context, leg.from, point, here);
            }
            context.print(point.longitude, point.latitude, Line::styled("◉", Style::new().fg(here)));
        }
    });
    frame.render_widget(canvas, rect(area).intersection(frame.area()));
}

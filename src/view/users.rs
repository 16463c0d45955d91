//! The pane "Risky users".

use ratatui::Frame;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::cell::{cell, pane, put, put_row};
use super::theme::Theme;
use crate::app::columns::UserColumn;
use crate::app::format::{evidence_left, fit, number, tags, width};
use crate::app::layout::{Area, Pane};
use crate::app::times::{Form, Times};
use crate::app::{App, Phase};
use crate::domain::case::{Status, Verdict};
use crate::domain::facts::{self, Evidence};
use crate::domain::records::UserRecords;

/// Of the columns of the detections, how many are for "3/12".
const COUNT: usize = 5;

pub fn draw(frame: &mut Frame, app: &App, area: Area, theme: Theme) {
    let users = app.users();
    let focused = app.focus() == Pane::Users;
    let mut title = vec![Span::styled(format!(" 1 {} ", Pane::Users.title()), theme.strong())];
    let of = if *app.phase() == Phase::Loading {
        format!("the first {}", number(users.len()))
    } else if users.len() == app.dataset().len() {
        number(users.len())
    } else {
        format!("{} of {}", number(users.len()), number(app.dataset().len()))
    };
    // The columns have no room for it.
    let offset = app.times().heading();
    let of = if app.times().form == Form::Absolute && offset != "TIME" { format!("{} · {of}", offset.to_lowercase()) } else { of };
    let trail = if app.queue_runs() { String::new() } else { app.trail().words(&users.filter) };
    if !trail.is_empty() {
        // The last step is where one is: the beginning gives way.
        let room = usize::from(area.width).saturating_sub(width(&of) + 23);
        title.push(Span::styled(format!("─ {} ", tail(&trail, room)), theme.accent()));
    }
    let inner = pane(frame, area, Line::from(title), &of, focused, theme);
    let columns = app.columns().shown(usize::from(inner.width));
    let header = |(column, columns): &(UserColumn, usize)| {
        let sorted = column.sort() == Some(users.sort.column);
        let text = if sorted { format!("{} {}", column.header(), users.sort.sign()) } else { column.header().to_owned() };
        cell(&text, *columns, if sorted { theme.strong() } else { theme.quiet() })
    };
    let headers = std::iter::once(Span::raw("   ")).chain(columns.iter().map(header));
    put(frame, inner, 0, Line::from(headers.collect::<Vec<_>>()));
    if users.is_empty() {
        let why = if app.dataset().is_empty() && app.syncing().is_some() {
            "The tenant is being read …"
        } else if app.dataset().is_empty() && app.workspace().synced_at.is_none() {
            "The tenant was not read yet."
        } else if app.dataset().is_empty() {
            "No users are known here."
        } else {
            "No user matches. / changes the filter, Ctrl-U empties it."
        };
        put(frame, inner, 2, Line::styled(format!("   {why}"), theme.quiet()));
    }
    let range = app.range().filter(|_| focused);
    for row in 0..usize::from(inner.height.saturating_sub(1)) {
        let place = users.scroll.offset + row;
        let Some(records) = users.at(place, app.dataset()) else { break };
        let under = place == users.scroll.at;
        let mark = if users.marks.contains(records.id()) {
            "● "
        } else if range.is_some_and(|(first, last)| (first..=last).contains(&place)) {
            "○ "
        } else {
            "  "
        };
        let mut cells = vec![Span::styled(if under { "▌" } else { " " }, theme.accent()), Span::styled(mark, theme.accent())];
        for (column, columns) in &columns {
            cells.extend(value(app, *column, *columns, records, theme));
        }
        put_row(frame, inner, row + 1, cells, under && focused, theme);
    }
}

fn value(app: &App, column: UserColumn, columns: usize, records: &UserRecords, theme: Theme) -> Vec<Span<'static>> {
    let (user, now) = (&records.user, app.now());
    let style = match column {
        UserColumn::User => return name(app, records, columns, theme).to_vec(),
        UserColumn::Detections => return detections(records, columns, app.times(), theme).to_vec(),
        UserColumn::Level => theme.level(user.risk_level.as_ref()),
        UserColumn::State => theme.state(user.risk_state.as_ref()),
        UserColumn::Evidence if facts::evidence(records, now) == Evidence::Expiring => theme.warning(),
        UserColumn::Newest | UserColumn::SignIns => Style::new(),
        _ => theme.quiet(),
    };
    let text = fit(&column.text(records, app.times()), columns.saturating_sub(1)).into_owned();
    vec![cell(&text, columns, style)]
}

/// The end of a text, made safe, in at most so many columns.
fn tail(text: &str, columns: usize) -> String {
    let text = crate::domain::text::safe(text);
    if width(&text) <= columns {
        return text.into_owned();
    }
    let mut letters = text.chars();
    while !letters.as_str().is_empty() && width(letters.as_str()) + 1 > columns {
        letters.next();
    }
    format!("…{}", letters.as_str())
}

/// The name, with what is special about the user behind it: the name gives way, but not below half.
fn name(app: &App, records: &UserRecords, columns: usize, theme: Theme) -> [Span<'static>; 2] {
    // What is said first stays longest where the column is narrow.
    let left = evidence_left(records, app.now()).map(|(left, _)| format!("{left} left"));
    let case = app.ledger().case(records.id());
    let verdict = case.and_then(|case| case.verdict).map(|verdict| format!("[{}]", short(verdict)));
    let closed = case.is_some_and(|case| case.status() == Some(Status::Closed)).then(|| "✓".to_owned());
    let facts = tags(records).into_iter().filter(|tag| *tag != "token").map(str::to_owned);
    let tags: Vec<String> = left.into_iter().chain(verdict).chain(closed).chain(facts).collect();
    let text = fit(records.user.name(), columns.saturating_sub(1)).into_owned();
    let tags = fit(&tags.join(" "), columns / 2).into_owned();
    let room = if tags.is_empty() { columns } else { columns.saturating_sub(width(&tags) + 1) };
    let style = if records.user.at_risk() == Some(false) { theme.quiet() } else { Style::new() };
    let name = if width(&text) < room { text } else { fit(records.user.name(), room.saturating_sub(1)).into_owned() };
    let name = format!("{name}{}", " ".repeat(room.saturating_sub(width(&name))));
    [Span::styled(name, style), Span::styled(if tags.is_empty() { tags } else { format!("{tags} ") }, theme.quiet())]
}

/// A verdict for a narrow column.
fn short(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::FalsePositive => "FP",
        Verdict::BenignTruePositive => "benign",
        Verdict::TruePositive => "TP",
        Verdict::Undetermined => "?",
    }
}

fn detections(records: &UserRecords, columns: usize, times: Times, theme: Theme) -> [Span<'static>; 2] {
    let theft = match facts::token_theft(records) {
        Some(true) => "◆ token",
        None => "◇ token?",
        Some(false) => "",
    };
    let style = if theft == "◆ token" { theme.warning() } else { theme.quiet() };
    [cell(&UserColumn::Detections.text(records, times), COUNT, Style::new()), cell(theft, columns.saturating_sub(COUNT), style)]
}

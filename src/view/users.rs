//! The pane "Risky users".

use ratatui::Frame;
use ratatui::text::{Line, Span};

use super::cell::{cell, pane, put, put_row};
use super::theme::Theme;
use crate::app::App;
use crate::app::format::{fit, level, number, state, tags, width};
use crate::app::layout::{Area, Pane};
use crate::app::sort::Column;
use crate::domain::facts;
use crate::domain::records::UserRecords;

const LEVEL: usize = 8;
const DETECTIONS: usize = 14;
/// Of these, how many are for "3/12".
const COUNT: usize = 5;
const UPDATED: usize = 10;
const STATE: usize = 12;

pub fn draw(frame: &mut Frame, app: &App, area: Area, theme: Theme) {
    let users = app.users();
    let focused = app.focus() == Pane::Users;
    let title = Line::styled(format!(" 1 {} ", Pane::Users.title()), theme.strong());
    let of = if users.len() == app.dataset().len() {
        number(users.len())
    } else {
        format!("{} of {}", number(users.len()), number(app.dataset().len()))
    };
    let inner = pane(frame, area, title, &of, focused, theme);
    let columns = usize::from(inner.width);
    let state_column = if columns >= 70 { STATE } else { 0 };
    let name_column = columns.saturating_sub(3 + LEVEL + DETECTIONS + UPDATED + state_column);
    let header = |column: Column, columns: usize| {
        let sorted = column == users.sort.column;
        let text = if sorted { format!("{} {}", column.header(), users.sort.sign()) } else { column.header().to_owned() };
        cell(&text, columns, if sorted { theme.strong() } else { theme.quiet() })
    };
    let mut cells = vec![
        Span::raw("   "),
        header(Column::Risk, LEVEL),
        header(Column::User, name_column),
        header(Column::Detections, DETECTIONS + usize::from(users.sort.column == Column::Detections)),
        header(Column::Updated, UPDATED),
    ];
    if state_column > 0 {
        cells.push(header(Column::State, state_column));
    }
    put(frame, inner, 0, Line::from(cells));
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
        let user = &records.user;
        let mut cells = vec![
            Span::styled(if under { "▌" } else { " " }, theme.accent()),
            Span::styled(mark, theme.accent()),
            cell(&level(user.risk_level.as_ref()), LEVEL, theme.level(user.risk_level.as_ref())),
        ];
        cells.extend(name(records, name_column, theme));
        cells.extend(detections(records, theme));
        let updated = user.risk_last_updated_date_time.map_or_else(|| "?".to_owned(), |at| app.times().age(at));
        cells.push(cell(&updated, UPDATED, theme.quiet()));
        if state_column > 0 {
            cells.push(cell(&state(user.risk_state.as_ref()), state_column, theme.state(user.risk_state.as_ref())));
        }
        put_row(frame, inner, row + 1, cells, under && focused, theme);
    }
}

/// The name, with what is special about the user behind it: the name gives way, but not below half.
fn name(records: &UserRecords, columns: usize, theme: Theme) -> [Span<'static>; 2] {
    let tags: Vec<&str> = tags(records).into_iter().filter(|tag| *tag != "token").collect();
    let text = fit(records.user.name(), columns.saturating_sub(1)).into_owned();
    let tags = fit(&tags.join(" "), columns / 2).into_owned();
    let room = if tags.is_empty() { columns } else { columns.saturating_sub(width(&tags) + 1) };
    let style = if records.user.at_risk() == Some(false) { theme.quiet() } else { ratatui::style::Style::new() };
    let name = if width(&text) < room { text } else { fit(records.user.name(), room.saturating_sub(1)).into_owned() };
    let name = format!("{name}{}", " ".repeat(room.saturating_sub(width(&name))));
    [Span::styled(name, style), Span::styled(if tags.is_empty() { tags } else { format!("{tags} ") }, theme.quiet())]
}

fn detections(records: &UserRecords, theme: Theme) -> [Span<'static>; 2] {
    let open = facts::open_detections(records);
    let all = records.detections.len();
    let count = if open == all { open.to_string() } else { format!("{open}/{all}") };
    let theft = match facts::token_theft(records) {
        Some(true) => "◆ token",
        None => "◇ token?",
        Some(false) => "",
    };
    let style = if theft == "◆ token" { theme.warning() } else { theme.quiet() };
    [cell(&count, COUNT, ratatui::style::Style::new()), cell(theft, DETECTIONS - COUNT, style)]
}

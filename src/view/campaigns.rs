//! The picture of campaigns.

use ratatui::Frame;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::cell::{cell, put, put_row, window};
use super::theme::Theme;
use crate::app::App;
use crate::app::campaigns::{Campaigns, Row};
use crate::app::format::{count, fit, number};
use crate::app::layout::Area;

const USERS: usize = 8;
const HIGH: usize = 6;
const THEFT: usize = 7;
const WHEN: usize = 14;
const SCORE: usize = 7;

pub fn draw(frame: &mut Frame, app: &App, open: &Campaigns, area: Area, theme: Theme) {
    let all = if open.all > open.list.len() {
        format!("the first {} of {}", number(open.list.len()), number(open.all))
    } else {
        number(open.list.len())
    };
    // Where not all are in sight, it says which one this is.
    let place = if open.len() > Campaigns::rows(app.size()) { format!("{} · ", number(open.scroll.at + 1)) } else { String::new() };
    let right = if place.is_empty() || open.all > open.list.len() {
        format!("{place}{all}")
    } else {
        format!("{} of {}", number(open.scroll.at + 1), number(open.len()))
    };
    let inner = window(frame, area, "Campaigns: users at risk who share something", &right, theme);
    let columns = usize::from(inner.width);
    let rows = Campaigns::rows(app.size());
    let last = usize::from(inner.height).saturating_sub(1);
    let words = columns.saturating_sub(USERS + HIGH + THEFT + WHEN + SCORE);
    let quiet = theme.quiet();
    put(
        frame,
        inner,
        0,
        Line::from(vec![
            cell("USERS", USERS, quiet),
            cell("HIGH", HIGH, quiet),
            cell("TOKEN", THEFT, quiet),
            cell("THEY SHARE", words, quiet),
            cell("LAST", WHEN, quiet),
            cell("SCORE", SCORE, quiet),
        ]),
    );
    if app.is_computing(open.number) {
        put(frame, inner, 2, Line::styled(format!("Computing over {} …", count(app.dataset().len(), "user", "users")), quiet));
    } else if open.is_empty() {
        put(frame, inner, 2, Line::styled("No users at risk share anything that few others have.", quiet));
    }
    for row in 0..rows {
        let place = open.scroll.offset + row;
        let Some(of) = open.row(place) else { break };
        let number_or = |count: usize| if count == 0 { "–".to_owned() } else { number(count) };
        let (high, theft, to, score) = match of {
            Row::Event(event) => (String::new(), String::new(), Some(event.to), String::new()),
            Row::Campaign(campaign) => (number_or(campaign.high), number_or(campaign.token_theft), campaign.to, number(campaign.score)),
        };
        let style = match of {
            Row::Event(_) => theme.warning(),
            Row::Campaign(_) => Style::new(),
        };
        let cells = vec![
            cell(&number(of.users()), USERS, theme.strong()),
            cell(&high, HIGH, if high == "–" || high.is_empty() { quiet } else { theme.danger() }),
            cell(&theft, THEFT, if theft == "–" || theft.is_empty() { quiet } else { theme.warning() }),
            cell(&fit(&of.words(), words.saturating_sub(1)), words, style),
            cell(&to.map_or_else(|| "?".to_owned(), |at| app.times().short(at)), WHEN, quiet),
            cell(&score, SCORE, quiet),
        ];
        put_row(frame, inner, 1 + row, cells, place == open.scroll.at, theme);
    }
    if let Some(row) = open.row(open.scroll.at) {
        let from = (1 + rows).min(last);
        let mut at = from + 1;
        for line in row.lines(columns, app.times()).into_iter().take(last.saturating_sub(from + 2)) {
            put(frame, inner, at, Line::raw(line));
            at += 1;
        }
        if at < last {
            put(frame, inner, at, Line::from(vec![Span::styled(fit(&format!("/{}", row.query()), columns).into_owned(), theme.accent())]));
        }
    }
    let style = if open.message.is_some() { theme.strong() } else { quiet };
    put(frame, inner, last, Line::styled(fit(&app.campaigns_hint(open, columns), columns).into_owned(), style));
}

//! Help and palette.

use ratatui::Frame;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::cell::{cell, field, put, put_row, window};
use super::theme::Theme;
use crate::app::format::{count, fit, wrap};
use crate::app::help::Help;
use crate::app::layout::Area;
use crate::app::overlay::HELP_LINES;

/// Columns of the few words that a command is called by.
const TITLE: usize = 17;

pub fn draw(frame: &mut Frame, help: &Help, area: Area, theme: Theme) {
    let (what, label) = if help.palette { ("Palette", ": ") } else { ("Help", "filter ") };
    let title = format!("{what}: what can be done in {}", help.place);
    let inner = window(frame, area, &title, &count(help.len(), "command", "commands"), theme);
    let columns = usize::from(inner.width);
    put(frame, inner, 0, field(label, &help.input, columns, true, theme));
    let rows = usize::from(inner.height).saturating_sub(HELP_LINES);
    let keys = help.key_columns();
    let off = |why: &str| format!("not now: {why}");
    for row in 0..rows {
        let at = help.scroll.offset + row;
        let Some(entry) = help.entry(at) else { break };
        let (text, style) = match &entry.off {
            Some(why) => (off(why), theme.quiet()),
            None => (entry.help.clone(), Style::new()),
        };
        let words = if entry.keys.is_empty() { "(no key)".to_owned() } else { entry.keys.join(", ") };
        let cells = vec![
            cell(&words, keys, if entry.off.is_some() { style } else { theme.accent() }),
            Span::raw(" "),
            cell(entry.title, TITLE, if entry.off.is_some() { style } else { theme.strong() }),
            Span::raw(" "),
            cell(&text, columns.saturating_sub(2 + TITLE + keys), style),
        ];
        put_row(frame, inner, row + 1, cells, at == help.scroll.at, theme);
    }
    if help.is_empty() {
        none(frame, help, inner, rows, theme);
    }
    let last = usize::from(inner.height).saturating_sub(1);
    if let Some(entry) = help.entry(help.scroll.at) {
        // What does not fit into its row is read here in full.
        let text = entry.off.as_deref().map_or_else(|| entry.help.clone(), |why| format!("{}. {}", entry.help, off(why)));
        for (row, line) in wrap(&text, columns).into_iter().take(last.saturating_sub(1 + rows)).enumerate() {
            put(frame, inner, 1 + rows + row, Line::styled(line, theme.quiet()));
        }
    }
    let (text, style) = match &help.message {
        Some(message) => (message.as_str(), theme.danger()),
        None => ("type to filter · ↑ ↓ move · Enter runs · Esc closes", theme.quiet()),
    };
    put(frame, inner, last, Line::styled(fit(text, columns).into_owned(), style));
}

/// Where nothing is found: that it is so, and what is called so in another place.
fn none(frame: &mut Frame, help: &Help, inner: Area, rows: usize, theme: Theme) {
    let columns = usize::from(inner.width);
    let mut lines: Vec<(String, Style)> = vec![(format!("Nothing here is called \"{}\".", help.input.text().trim()), theme.strong())];
    let elsewhere = if help.elsewhere.is_empty() { "Nor is anything elsewhere." } else { "Elsewhere:" };
    lines.push((elsewhere.to_owned(), theme.quiet()));
    let named = help.elsewhere.iter().flat_map(|text| wrap(text, columns));
    lines.extend(named.map(|line| (line, Style::new())));
    for (row, (text, style)) in lines.into_iter().take(rows).enumerate() {
        put(frame, inner, 1 + row, Line::styled(fit(&text, columns).into_owned(), style));
    }
}

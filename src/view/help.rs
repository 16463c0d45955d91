//! Help and palette.

use ratatui::Frame;
use ratatui::text::{Line, Span};

use super::cell::{cell, field, put, put_row, window};
use super::theme::Theme;
use crate::app::format::{count, fit};
use crate::app::help::Help;
use crate::app::layout::Area;

pub fn draw(frame: &mut Frame, help: &Help, area: Area, theme: Theme) {
    let (title, label) = if help.palette { ("Palette", ": ") } else { ("Help: what can be done here", "filter ") };
    let inner = window(frame, area, title, &count(help.len(), "command", "commands"), theme);
    let columns = usize::from(inner.width);
    put(frame, inner, 0, field(label, &help.input, columns, true, theme));
    let rows = usize::from(inner.height).saturating_sub(2);
    let keys = help.key_columns();
    for row in 0..rows {
        let at = help.scroll.offset + row;
        let Some(entry) = help.entry(at) else { break };
        let (text, style) = match &entry.off {
            Some(why) => (format!("not now: {why}"), theme.quiet()),
            None => (entry.command.help.to_owned(), ratatui::style::Style::new()),
        };
        let words = if entry.keys.is_empty() { "(no key)".to_owned() } else { entry.keys.join(", ") };
        let cells = vec![
            cell(&words, keys, if entry.off.is_some() { style } else { theme.accent() }),
            Span::raw(" "),
            cell(entry.command.title, 15, if entry.off.is_some() { style } else { theme.strong() }),
            cell(&text, columns.saturating_sub(16 + keys), style),
        ];
        put_row(frame, inner, row + 1, cells, at == help.scroll.at, theme);
    }
    let (text, style) = match &help.message {
        Some(message) => (message.as_str(), theme.danger()),
        None => ("type to filter · ↑ ↓ move · Enter runs · Esc closes", theme.quiet()),
    };
    put(frame, inner, usize::from(inner.height).saturating_sub(1), Line::styled(fit(text, columns).into_owned(), style));
}

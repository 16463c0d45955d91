//! Why a user is at risk or blocked, and what can be done.

use ratatui::Frame;
use ratatui::style::Style;
use ratatui::text::Line;

use super::cell::{pad, put, window};
use super::theme::Theme;
use crate::app::App;
use crate::app::details::Tone;
use crate::app::explain::{Explain, Question};
use crate::app::format::fit;
use crate::app::layout::Area;
use crate::domain::facts;

pub fn draw(frame: &mut Frame, app: &App, explain: &Explain, area: Area, theme: Theme) {
    let records = app.dataset().user(&explain.user);
    let name = records.map_or(explain.user.as_str(), |records| records.user.name());
    let title = match explain.question {
        Question::Everything => format!("Explain: {name}"),
        Question::WhyBlocked => format!("Why blocked, and the ways out: {name}"),
    };
    let lines = app.explain_lines(explain, area);
    let rows = usize::from(area.inner().height).saturating_sub(1);
    let more = match (explain.offset > 0, lines.len() > explain.offset + rows) {
        (_, true) => "pgdn ▾",
        (true, false) => "pgup ▴",
        (false, false) => "",
    };
    let inner = window(frame, area, &title, more, theme);
    let columns = usize::from(inner.width);
    for (row, line) in lines.into_iter().skip(explain.offset).take(rows).enumerate() {
        let style = match line.tone {
            Tone::Plain => Style::new(),
            Tone::Heading => theme.strong(),
            Tone::Quiet => theme.quiet(),
            Tone::Warning => theme.warning(),
        };
        let style = if line.item == Some(explain.at) && !explain.items().is_empty() { theme.selected() } else { style };
        put(frame, inner, row, Line::styled(if line.item.is_some() { pad(&line.text, columns) } else { line.text }, style));
    }
    let deleted = records.is_some_and(|records| facts::deleted(records) == Some(true));
    let copies = if deleted { "y copies the support case · " } else { "" };
    let starts = if explain.items().is_empty() { "" } else { "Enter opens its plan · " };
    let (text, style) = match &explain.message {
        Some(message) => (message.clone(), theme.danger()),
        None => (format!("{starts}{copies}Esc closes"), theme.quiet()),
    };
    put(frame, inner, rows, Line::styled(fit(&text, columns).into_owned(), style));
}

//! The pane "Detection details".

use ratatui::Frame;
use ratatui::text::{Line, Span};

use super::cell::{pad, pane, put};
use super::theme::Theme;
use crate::app::App;
use crate::app::details::{LABEL, Subject, Tone};
use crate::app::layout::{Area, Pane};

pub fn draw(frame: &mut Frame, app: &App, area: Area, theme: Theme) {
    let details = app.details();
    let place = app.user().and_then(|records| match &details.subject {
        Some(Subject::Detection(_)) => details.detection(records).map(|(at, _)| format!("{} of {}", at + 1, records.detections.len())),
        Some(Subject::SignIn(_)) => Some(format!("sign-in · {} detections", records.detections.len())),
        None => None,
    });
    let lines = app.detail_lines();
    let rows = usize::from(area.inner().height);
    let more = lines.len() > details.offset + rows;
    let place = match (place, more || details.offset > 0) {
        (Some(place), true) => format!("{place} · {}", if more { "pgdn ▾" } else { "pgup ▴" }),
        (place, _) => place.unwrap_or_default(),
    };
    let title = Line::styled(format!(" 3 {} ", Pane::Details.title()), theme.strong());
    let inner = pane(frame, area, title, &place, app.focus() == Pane::Details, theme);
    for (row, line) in lines.into_iter().skip(details.offset).take(rows).enumerate() {
        let style = match line.tone {
            Tone::Plain => ratatui::style::Style::new(),
            Tone::Heading => theme.strong(),
            Tone::Quiet => theme.quiet(),
            Tone::Warning => theme.warning(),
        };
        let mut spans = Vec::new();
        if !line.label.is_empty() {
            spans.push(Span::styled(pad(&line.label, LABEL), theme.quiet()));
        }
        spans.push(Span::styled(line.text, style));
        put(frame, inner, row, Line::from(spans));
    }
}

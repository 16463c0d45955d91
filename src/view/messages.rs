//! The history of messages.

use ratatui::Frame;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::cell::{cell, put, put_row, window};
use super::theme::Theme;
use crate::app::App;
use crate::app::command::CommandId;
use crate::app::format::{count, fit, wrap};
use crate::app::layout::Area;
use crate::app::overlay::MESSAGE_LINES as FOOT;
use crate::app::scroll::Scroll;

pub fn draw(frame: &mut Frame, app: &App, area: Area, scroll: Scroll, message: Option<&str>, theme: Theme) {
    let history = app.toasts().history();
    let inner = window(frame, area, "Messages", &count(history.len(), "message", "messages"), theme);
    let columns = usize::from(inner.width);
    let rows = usize::from(inner.height).saturating_sub(FOOT);
    if history.is_empty() {
        put(frame, inner, 0, Line::styled("Nothing was said yet.", theme.quiet()));
    }
    for row in 0..rows {
        let at = scroll.offset + row;
        let Some(message) = history.row(at) else { break };
        let (kind, style) = if message.error { ("failed", theme.danger()) } else { ("said", theme.quiet()) };
        let cells = vec![
            cell(&app.times().short(message.at), 13, theme.quiet()),
            cell(kind, 7, style),
            Span::styled(fit(&message.text, columns.saturating_sub(20)).into_owned(), Style::new()),
        ];
        put_row(frame, inner, row, cells, at == scroll.at, theme);
    }
    if let Some(message) = history.row(scroll.at) {
        for (row, line) in wrap(&message.text, columns).into_iter().take(FOOT - 2).enumerate() {
            put(frame, inner, rows + 1 + row, Line::raw(line));
        }
    }
    let keys = app.keys();
    let hint = format!("newest first · {} copies · Esc closes", keys.hint(CommandId::Copy));
    let (text, style) = message.map_or((hint.as_str(), theme.quiet()), |message| (message, theme.danger()));
    put(frame, inner, usize::from(inner.height).saturating_sub(1), Line::styled(fit(text, columns).into_owned(), style));
}

#[cfg(test)]
mod tests {
    use crate::app::Msg;
    use crate::app::tests::{five, keys, sized};
    use crate::domain::fixture::now;
    use crate::view::tests::screen;

    #[test]
    fn the_messages_at_the_smallest_and_the_usual_size() {
        let open = |mut app: crate::app::App| {
            app.update(Msg::Said("Note added".to_owned()), now());
            let long = "the tenant keeps throttling (429): too many requests; it is asked again in 5 min, and nothing was lost. ".repeat(3);
            app.update(Msg::Failed(long), now());
            keys(&mut app, "esc M");
            screen(&app)
        };
        let screens = [(60, 18), (80, 24)].map(|size| open(sized(size, five())));
        assert!(screens.iter().all(|screen| screen.contains(" failed ") && screen.contains(" said ")), "words tell what colour does");
        insta::assert_snapshot!("messages", screens.join("\n\n"));
    }

    #[test]
    fn no_size_and_no_text_breaks_the_drawing() {
        let mut app = sized((120, 40), five());
        app.update(Msg::Failed("\u{202e}日本\u{1b}[31m ".repeat(200)), now());
        keys(&mut app, "esc M");
        for columns in (1..=300).step_by(23) {
            for rows in (1..=100).step_by(11) {
                app.update(Msg::Resize(columns, rows), now());
                assert!(!screen(&app).contains(['\u{1b}', '\u{202e}']));
            }
        }
    }
}

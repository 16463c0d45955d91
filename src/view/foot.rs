//! The foot of the screen: messages, what is typed, marks, filter, and the keys that matter here.

use ratatui::Frame;
use ratatui::text::{Line, Span};

use super::cell::{field, put};
use super::theme::Theme;
use crate::app::App;
use crate::app::command::{COMMANDS, CommandId};
use crate::app::format::{fit, width};
use crate::app::layout::{Layout, Pane};
use crate::app::line::Line as Typed;

pub fn draw(frame: &mut Frame, app: &App, layout: &Layout, theme: Theme) {
    for (row, text) in app.message().into_iter().enumerate() {
        let style = match app.line() {
            Some(Typed::Filter { error: None, .. }) => theme.quiet(),
            Some(_) => theme.warning(),
            None => theme.danger(),
        };
        let text = if app.line().is_some() { text } else { format!(" {text}") };
        put(frame, layout.message, row, Line::styled(text, style));
    }
    let columns = usize::from(layout.hints.width);
    let line = match (app.line(), app.toasts().current()) {
        (Some(Typed::Filter { input, .. }), _) => field("/", input, columns, true, theme),
        (Some(Typed::Find { input, .. }), _) => field("find ", input, columns, true, theme),
        (None, Some(toast)) if !toast.is_error() => {
            Line::styled(format!(" {}", fit(&toast.text, columns.saturating_sub(2))), theme.strong())
        }
        (None, _) => hints(app, columns, theme),
    };
    put(frame, layout.hints, 0, line);
}

fn hints(app: &App, columns: usize, theme: Theme) -> Line<'static> {
    let mut spans = vec![Span::raw(" ")];
    let mut room = columns.saturating_sub(2);
    let mut add = |text: String, style, room: &mut usize| {
        let text = fit(&text, *room).into_owned();
        *room -= width(&text);
        spans.push(Span::styled(text, style));
    };
    let marks = app.marks_words();
    if !marks.is_empty() {
        add(format!("{marks}   "), theme.warning(), &mut room);
    }
    if app.in_range() {
        add(format!("range: {} marks it   ", app.keys().hint(CommandId::MarkRange)), theme.warning(), &mut room);
    }
    let users = app.users();
    if let Some(of) = app.queue_is_of() {
        // The filter holds again when the queue is left.
        add(format!("queue of {}   ", fit(of, columns / 3)), theme.accent(), &mut room);
    } else if !users.filter.is_empty() {
        add(format!("/{}   ", fit(&users.filter, columns / 3)), theme.accent(), &mut room);
    }
    if users.is_narrowed() {
        add(format!("find {} (fuzzy)   ", fit(&users.find, columns / 4)), theme.accent(), &mut room);
    }
    let help = key(app, CommandId::Help);
    let mut room = room.saturating_sub(width(&help));
    let wanted: &[CommandId] = match app.focus() {
        Pane::Users | Pane::Details => &[
            CommandId::DismissRisk,
            CommandId::ConfirmCompromised,
            CommandId::ConfirmSafe,
            CommandId::Remediate,
            CommandId::Explain,
            CommandId::WhyBlocked,
            CommandId::Timeline,
            CommandId::Pivot,
            CommandId::Filter,
            CommandId::Mark,
            CommandId::Find,
            CommandId::MarkAll,
            CommandId::Map,
            CommandId::Queue,
            CommandId::Campaigns,
            CommandId::Overview,
            CommandId::Sort,
            CommandId::Palette,
            CommandId::Jobs,
            CommandId::Note,
            CommandId::Copy,
            CommandId::Quit,
        ],
        Pane::SignIns => &[
            CommandId::DismissRisk,
            CommandId::ConfirmCompromised,
            CommandId::ConfirmSafe,
            CommandId::Remediate,
            CommandId::AllSignIns,
            CommandId::Mark,
            CommandId::Copy,
            CommandId::MarkAll,
            CommandId::Back,
            CommandId::Palette,
        ],
    };
    for command in wanted {
        let hint = key(app, *command);
        if hint.is_empty() || width(&hint) + 2 > room {
            continue;
        }
        room -= width(&hint) + 2;
        spans.push(Span::styled(format!("{hint}  "), theme.quiet()));
    }
    spans.push(Span::styled(help, theme.quiet()));
    Line::from(spans)
}

/// "d dismiss"; empty for a command without a key, or that does not apply here.
fn key(app: &App, id: CommandId) -> String {
    let key = app.keys().hint(id);
    match COMMANDS.iter().find(|command| command.id == id) {
        Some(command) if !key.is_empty() && command.contexts.contains(&app.context()) => format!("{key} {}", command.title),
        _ => String::new(),
    }
}

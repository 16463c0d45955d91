//! Smaller things over the panes: jobs, journal, menus, a note, the question before quitting.

use ratatui::Frame;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::cell::{cell, field, put, put_row, window};
use super::theme::Theme;
use crate::app::App;
use crate::app::command::CommandId;
use crate::app::format::{count, fit, moment, number};
use crate::app::input::Input;
use crate::app::job::tally_words;
use crate::app::layout::Area;
use crate::app::msg::SignInAsked;
use crate::app::overlay::Menu;
use crate::app::scroll::Scroll;
use crate::domain::journal::{Entry, JobState, JournalRecord};
use crate::domain::journal_words::words;
use crate::domain::records::UserId;
use crate::domain::text::safe;

pub fn jobs(frame: &mut Frame, app: &App, area: Area, scroll: Scroll, offer: bool, message: Option<&str>, theme: Theme) {
    let total = app.ledger().jobs().count();
    let inner = window(frame, area, "Jobs", &number(total), theme);
    let columns = usize::from(inner.width);
    let open = app.ledger().open_jobs().count();
    let head = match (offer, total) {
        (true, _) => {
            format!("{} interrupted: what was sent is read back first, nothing is sent twice.", count(open, "job was", "jobs were"))
        }
        (false, 0) => "No job was run in this workspace.".to_owned(),
        (false, _) => format!("{} open", number(open)),
    };
    put(frame, inner, 0, Line::styled(fit(&head, columns).into_owned(), if offer { theme.warning() } else { theme.quiet() }));
    let rows = usize::from(inner.height).saturating_sub(2);
    for (row, job) in app.ledger().jobs().rev().skip(scroll.offset).take(rows).enumerate() {
        let style = if job.state == JobState::Open { theme.warning() } else { theme.quiet() };
        let what = format!("{} · {}", job.plan.action.title(), tally_words(&job.tally()));
        let cells = vec![
            cell(&job.id.to_string(), 5, theme.strong()),
            cell(job.state.as_str(), 10, style),
            cell(&job.created_at.0.format("%Y-%m-%d %H:%M").to_string(), 17, theme.quiet()),
            cell(&what, columns.saturating_sub(32), Style::new()),
        ];
        put_row(frame, inner, row + 1, cells, scroll.offset + row == scroll.at, theme);
    }
    let hint = format!(
        "{} resumes · {} cancels an open job · Esc {}",
        app.keys().hint(CommandId::Open),
        app.keys().hint(CommandId::CancelJob),
        if offer { "later" } else { "closes" }
    );
    let (text, style) = message.map_or((hint.as_str(), theme.quiet()), |message| (message, theme.danger()));
    put(frame, inner, usize::from(inner.height).saturating_sub(1), Line::styled(fit(text, columns).into_owned(), style));
}

pub fn journal(frame: &mut Frame, app: &App, area: Area, records: Option<&[JournalRecord]>, scroll: Scroll, theme: Theme) {
    let right = records.map_or_else(String::new, |records| count(records.len(), "record", "records"));
    let inner = window(frame, area, "Journal", &right, theme);
    let columns = usize::from(inner.width);
    let rows = usize::from(inner.height).saturating_sub(1);
    match records {
        None => put(frame, inner, 0, Line::styled("Reading …", theme.quiet())),
        Some([]) => put(frame, inner, 0, Line::styled("Nothing was done in this workspace yet.", theme.quiet())),
        Some(records) => {
            for (row, record) in records.iter().rev().skip(scroll.offset).take(rows).enumerate() {
                let cells = vec![
                    cell(&record.seq.to_string(), 6, theme.quiet()),
                    cell(&moment(record.at).replace(" UTC", ""), 20, theme.quiet()),
                    cell(&record.operator, 14, Style::new()),
                    Span::raw(" "),
                    cell(&said(app, &record.entry), columns.saturating_sub(41), Style::new()),
                ];
                put_row(frame, inner, row, cells, scroll.offset + row == scroll.at, theme);
            }
        }
    }
    put(frame, inner, rows, Line::styled("newest first · times are UTC · Esc closes", theme.quiet()));
}

fn said(app: &App, entry: &Entry) -> String {
    match entry {
        Entry::Note { user, text } => {
            let name = app.dataset().user(user).map_or(user.as_str(), |records| records.user.name());
            format!("note on {name}: {text}")
        }
        entry => words(entry),
    }
}

pub fn menu(frame: &mut Frame, menu: &Menu, area: Area, theme: Theme) {
    let inner = window(frame, area, menu.title, "", theme);
    let columns = usize::from(inner.width);
    let rows = usize::from(inner.height).saturating_sub(1);
    for (row, item) in menu.items.iter().skip(menu.scroll.offset).take(rows).enumerate() {
        let label = 24.min(columns / 2);
        let cells = vec![cell(&item.label, label, theme.strong()), cell(&item.detail, columns.saturating_sub(label), theme.quiet())];
        put_row(frame, inner, row, cells, menu.scroll.offset + row == menu.scroll.at, theme);
    }
    put(frame, inner, rows, Line::styled("Enter chooses · Esc closes", theme.quiet()));
}

pub fn note(frame: &mut Frame, app: &App, area: Area, user: &UserId, input: &Input, theme: Theme) {
    let name = app.dataset().user(user).map_or(user.as_str(), |records| records.user.name());
    let inner = window(frame, area, &format!("Note on {name}"), "", theme);
    put(frame, inner, 0, field("", input, usize::from(inner.width), true, theme));
    put(frame, inner, 2, Line::styled("Enter adds it to the journal, for good · Esc leaves", theme.quiet()));
}

pub fn sign_in(frame: &mut Frame, asked: &SignInAsked, area: Area, theme: Theme) {
    let inner = window(frame, area, "Sign in", "", theme);
    let columns = usize::from(inner.width);
    let what = match (&asked.code, asked.opened) {
        (Some(_), _) => "Open this address in a browser, on any device, and type the code:",
        (None, true) => "Go on in the browser that was opened. If none came up, open this address:",
        (None, false) => "Open this address in a browser on this machine:",
    };
    put(frame, inner, 0, Line::raw(fit(what, columns).into_owned()));
    let mut row = 2;
    for line in broken(&asked.address, columns).into_iter().take(usize::from(inner.height).saturating_sub(5)) {
        put(frame, inner, row, Line::styled(line, theme.accent()));
        row += 1;
    }
    if let Some(code) = &asked.code {
        put(frame, inner, row + 1, Line::styled(fit(code, columns).into_owned(), theme.strong()));
    }
    let copies = if asked.code.is_some() { "y copies the code" } else { "y copies the address" };
    let hint = format!("{copies} · Esc hides this, and the sign-in goes on waiting");
    put(frame, inner, usize::from(inner.height).saturating_sub(1), Line::styled(fit(&hint, columns).into_owned(), theme.quiet()));
}

/// A long word in lines of so many columns.
fn broken(text: &str, columns: usize) -> Vec<String> {
    let characters: Vec<char> = safe(text).chars().collect();
    characters.chunks(columns.max(1)).map(|line| line.iter().collect()).collect()
}

pub fn quit(frame: &mut Frame, app: &App, area: Area, theme: Theme) {
    let inner = window(frame, area, "Quit", "", theme);
    let number = app.job().and_then(|job| job.id).map_or_else(|| "A job".to_owned(), |id| format!("Job {id}"));
    put(frame, inner, 0, Line::styled(format!("{number} is running. It stops after the request in"), theme.strong()));
    put(frame, inner, 1, Line::styled("flight, is kept, and can be resumed on the next start.", theme.strong()));
    put(frame, inner, 3, Line::styled("y quits · Esc stays", theme.quiet()));
}

//! Smaller things over the panes: jobs, journal, menus, a note, the question before quitting.

use ratatui::Frame;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::cell::{cell, field, put, put_row, window};
use super::theme::Theme;
use crate::app::App;
use crate::app::command::CommandId;
use crate::app::format::{count, fit, number, wrap};
use crate::app::input::Input;
use crate::app::job::{tally_words, whose};
use crate::app::layout::Area;
use crate::app::msg::SignInAsked;
use crate::app::overlay::{JOURNAL_LINES, Menu};
use crate::app::scroll::Scroll;
use crate::domain::journal::{Entry, JobId, JobState, JournalRecord};
use crate::domain::journal_words::words;
use crate::domain::plan::Plan;
use crate::domain::records::UserId;
use crate::domain::text::safe;
use crate::domain::time::Timestamp;

/// How many users the record under the cursor names.
const NAMED: usize = 5;

pub fn jobs(frame: &mut Frame, app: &App, area: Area, scroll: Scroll, offer: bool, message: Option<&str>, theme: Theme) {
    let ids = app.job_list();
    let ledger = app.ledger();
    let inner = window(frame, area, "Jobs", &number(ids.len()), theme);
    let columns = usize::from(inner.width);
    let playbooks = ledger.playbooks().filter(|playbook| playbook.state == JobState::Open).count();
    let open = ledger.open_jobs().count();
    let head = match (offer, ids.len()) {
        (true, _) if open == 0 => format!("{} unfinished: Enter opens the checklist.", count(playbooks, "playbook is", "playbooks are")),
        (true, _) => {
            format!("{} interrupted: what was sent is read back first, nothing is sent twice.", count(open, "job was", "jobs were"))
        }
        (false, 0) => "No job was run in this workspace.".to_owned(),
        (false, _) => format!("{} open", number(open + playbooks)),
    };
    put(frame, inner, 0, Line::styled(fit(&head, columns).into_owned(), if offer { theme.warning() } else { theme.quiet() }));
    let rows = usize::from(inner.height).saturating_sub(3);
    // On a small screen the year gives way: whose it is matters more, and the line below has it.
    let (date, date_columns) = if columns < 84 { ("%m-%d %H:%M", 12) } else { ("%Y-%m-%d %H:%M", 17) };
    let room = columns.saturating_sub(15 + date_columns);
    let of = room / 2;
    for (row, id) in ids.iter().skip(scroll.offset).take(rows).enumerate() {
        let Some((plan, state, created_at, what)) = job_row(app, *id) else { continue };
        let style = if state == JobState::Open { theme.warning() } else { theme.quiet() };
        let cells = vec![
            cell(&id.to_string(), 5, theme.strong()),
            cell(state.as_str(), 10, style),
            cell(&app.times().stamp(created_at, date), date_columns, theme.quiet()),
            cell(&whose(plan, of.saturating_sub(1)), of, Style::new()),
            cell(&what, room.saturating_sub(of), Style::new()),
        ];
        put_row(frame, inner, row + 1, cells, scroll.offset + row == scroll.at, theme);
    }
    if let Some((_, _, created_at, what)) = ids.get(scroll.at).and_then(|id| job_row(app, *id)) {
        let text = format!("{what} · {}", app.times().stamp(created_at, "%Y-%m-%d %H:%M"));
        put(frame, inner, rows + 1, Line::styled(fit(&text, columns).into_owned(), theme.quiet()));
    }
    let hint = format!(
        "{} resumes · {} cancels · {} undoes · Esc {}",
        app.keys().hint(CommandId::Open),
        app.keys().hint(CommandId::CancelJob),
        app.keys().hint(CommandId::Undo),
        if offer { "later" } else { "closes" }
    );
    let (text, style) = message.map_or((hint.as_str(), theme.quiet()), |message| (message, theme.danger()));
    put(frame, inner, usize::from(inner.height).saturating_sub(1), Line::styled(fit(text, columns).into_owned(), style));
}

/// What the list says of a job or a playbook besides its number: its plan, where it stands, since when, and in words.
fn job_row(app: &App, id: JobId) -> Option<(&Plan, JobState, Timestamp, String)> {
    if let Some(playbook) = app.ledger().playbook(id) {
        let what = format!("{} (playbook) · {}", playbook.plan.action.title(), app.checklist_words(playbook));
        return Some((&playbook.plan, playbook.state, playbook.created_at, what));
    }
    let job = app.ledger().job(id)?;
    let of = job.plan.playbook.map_or_else(String::new, |playbook| format!(" (of {playbook})"));
    let what = format!("{}{of} · {}", job.plan.action.title(), tally_words(&job.tally()));
    Some((&job.plan, job.state, job.created_at, what))
}

pub fn journal(
    frame: &mut Frame,
    app: &App,
    area: Area,
    records: Option<&[JournalRecord]>,
    scroll: Scroll,
    message: Option<&str>,
    theme: Theme,
) {
    let right = records.map_or_else(String::new, |records| count(records.len(), "record", "records"));
    let inner = window(frame, area, "Journal", &right, theme);
    let columns = usize::from(inner.width);
    let rows = usize::from(inner.height).saturating_sub(JOURNAL_LINES);
    match records {
        None => put(frame, inner, 0, Line::styled("Reading …", theme.quiet())),
        Some([]) => put(frame, inner, 0, Line::styled("Nothing was done in this workspace yet.", theme.quiet())),
        Some(records) => {
            for (row, record) in records.iter().rev().skip(scroll.offset).take(rows).enumerate() {
                let cells = vec![
                    cell(&record.seq.to_string(), 6, theme.quiet()),
                    cell(&app.times().stamp(record.at, "%Y-%m-%d %H:%M:%S"), 20, theme.quiet()),
                    cell(&record.operator, 14, Style::new()),
                    Span::raw(" "),
                    cell(&said(app, &record.entry), columns.saturating_sub(41), Style::new()),
                ];
                put_row(frame, inner, row, cells, scroll.offset + row == scroll.at, theme);
            }
            if let Some(record) = records.iter().rev().nth(scroll.at) {
                let text = format!("{}{}", said(app, &record.entry), whom(app, &record.entry));
                for (line, text) in wrap(&text, columns).into_iter().take(JOURNAL_LINES - 1).enumerate() {
                    put(frame, inner, rows + line, Line::from(text));
                }
            }
        }
    }
    let foot = rows + JOURNAL_LINES - 1;
    let (zone, undo) = (app.times().zone, app.keys().hint(CommandId::Undo));
    let hint = format!("newest first · times are {zone} · {undo} undoes the job · Esc closes");
    let (text, style) = message.map_or((hint.as_str(), theme.quiet()), |message| (message, theme.danger()));
    put(frame, inner, foot, Line::styled(fit(text, columns).into_owned(), style));
}

/// The names behind the ids of a record, where they are users'.
fn whom(app: &App, entry: &Entry) -> String {
    let ids: Vec<&str> = match entry {
        Entry::Intent { ids, .. }
        | Entry::PasswordsTold { ids, .. }
        | Entry::PasswordsClosed { ids, .. }
        | Entry::NotApplied { ids, .. } => ids.iter().map(String::as_str).collect(),
        Entry::Outcomes { items, .. } => items.iter().map(|item| item.id.as_str()).collect(),
        Entry::Snapshot { users, .. } => users.iter().map(UserId::as_str).collect(),
        _ => Vec::new(),
    };
    let names: Vec<&str> = ids.iter().take(NAMED).filter_map(|id| Some(app.dataset().user(&(*id).into())?.user.name())).collect();
    match (names.len(), ids.len().saturating_sub(NAMED)) {
        (0, _) => String::new(),
        (_, 0) => format!(" · {}", names.join(", ")),
        (_, more) => format!(" · {} and {} more", names.join(", "), number(more)),
    }
}

fn said(app: &App, entry: &Entry) -> String {
    match entry {
        Entry::Note { user, text } => {
            let name = app.dataset().user(user).map_or(user.as_str(), |records| records.user.name());
            format!("note on {name}: {text}")
        }
        Entry::Case { user, change } => {
            let name = app.dataset().user(user).map_or(user.as_str(), |records| records.user.name());
            format!("case of {name}: {}", change.words())
        }
        entry => words(entry),
    }
}

pub fn menu(frame: &mut Frame, menu: &Menu, area: Area, rows: usize, theme: Theme) {
    let place = if menu.items.len() > rows { format!("{} of {}", menu.scroll.at + 1, menu.items.len()) } else { String::new() };
    let right: Vec<&str> = [menu.about.as_str(), place.as_str()].into_iter().filter(|part| !part.is_empty()).collect();
    let inner = window(frame, area, &menu.title, &right.join(" · "), theme);
    let columns = usize::from(inner.width);
    let label = menu.label_columns(columns);
    for (row, item) in menu.items.iter().skip(menu.scroll.offset).take(rows).enumerate() {
        let strong = if item.off { theme.quiet() } else { theme.strong() };
        let cells = vec![
            cell(&item.label, label.saturating_sub(1), strong),
            Span::raw(" "),
            cell(&item.detail, columns.saturating_sub(label), theme.quiet()),
        ];
        put_row(frame, inner, row, cells, menu.scroll.offset + row == menu.scroll.at, theme);
    }
    let last = usize::from(inner.height).saturating_sub(1);
    if let Some(item) = menu.items.get(menu.scroll.at).filter(|item| !item.note.is_empty()) {
        // What does not fit into its column is read here in full.
        let text = if item.off { format!("{}. {}", item.detail, item.note) } else { item.note.clone() };
        for (at, line) in wrap(&text, columns).into_iter().take(last.saturating_sub(rows)).enumerate() {
            put(frame, inner, rows + at, Line::styled(line, Style::new()));
        }
    }
    let (text, style) = menu.message.as_deref().map_or((menu.hint, theme.quiet()), |message| (message, theme.danger()));
    put(frame, inner, last, Line::styled(fit(text, columns).into_owned(), style));
}

pub fn waiting(frame: &mut Frame, what: &str, area: Area, theme: Theme) {
    let inner = window(frame, area, "One moment", "", theme);
    put(frame, inner, 0, Line::styled(fit(what, usize::from(inner.width)).into_owned(), theme.strong()));
    put(frame, inner, 2, Line::styled("Nothing is sent by this · Esc leaves", theme.quiet()));
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

pub fn cancel(frame: &mut Frame, app: &App, id: JobId, area: Area, theme: Theme) {
    let (title, lines) = app.cancel_question(id);
    let inner = window(frame, area, "Cancel", "", theme);
    let columns = usize::from(inner.width);
    put(frame, inner, 0, Line::styled(fit(&title, columns).into_owned(), theme.warning()));
    let last = usize::from(inner.height).saturating_sub(1);
    let wrapped = lines.iter().flat_map(|line| wrap(line, columns));
    for (row, line) in wrapped.take(last.saturating_sub(2)).enumerate() {
        put(frame, inner, 1 + row, Line::raw(line));
    }
    put(frame, inner, last, Line::styled("y cancels it for good · any other key goes back", theme.quiet()));
}

pub fn quit(frame: &mut Frame, app: &App, area: Area, theme: Theme) {
    let inner = window(frame, area, "Quit", "", theme);
    if app.passwords().are_shown() {
        put(frame, inner, 0, Line::styled("Temporary passwords were not closed.", theme.strong()));
        put(frame, inner, 1, Line::styled("They cannot be shown again.", theme.strong()));
        put(frame, inner, 3, Line::styled("y quits · Esc stays", theme.quiet()));
        return;
    }
    let number = app.job().and_then(|job| job.id).map_or_else(|| "A job".to_owned(), |id| format!("Job {id}"));
    put(frame, inner, 0, Line::styled(format!("{number} is running. It stops after the request in"), theme.strong()));
    put(frame, inner, 1, Line::styled("flight, is kept, and can be resumed on the next start.", theme.strong()));
    put(frame, inner, 3, Line::styled("y quits · Esc stays", theme.quiet()));
}

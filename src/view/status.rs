//! The status line: which tenant, what it may, how fresh, how many at risk.

use ratatui::Frame;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::cell::put;
use super::theme::Theme;
use crate::app::command::CommandId;
use crate::app::format::{duration, fit, number, width};
use crate::app::layout::{Area, Layout, Pane};
use crate::app::{App, Phase};
use crate::domain::plan::Access;

pub fn draw(frame: &mut Frame, app: &App, layout: &Layout, theme: Theme) {
    let area = layout.status;
    let job = job(app, theme);
    // In one line with everything else, counts give way before the tenant's name does, those that matter least first.
    let fits = |counts: &Vec<Span<'static>>| area.height > 1 || room(area, &[counts.clone(), job.clone()].concat()) >= IDENTITY + FRESHNESS;
    let shorter = [NOT_SAFE, OTHER, LOW].iter().scan(Vec::new(), |without, word| {
        without.push(*word);
        Some(counts(app, without, theme))
    });
    let counts =
        std::iter::once(counts(app, &[], theme)).chain(shorter).find(fits).unwrap_or_else(|| counts(app, &[NOT_SAFE, OTHER, LOW], theme));
    let beside = if area.height > 1 { Vec::new() } else { [counts.clone(), job.clone()].concat() };
    let fresh = freshness(app, room(area, &beside), theme);
    if area.height > 1 {
        bar(frame, area, 0, identity(app, room(area, &fresh), theme), fresh);
        bar(frame, area, 1, counts, job);
    } else {
        let right = [counts, job, fresh].concat();
        bar(frame, area, 0, identity(app, room(area, &right), theme), right);
    }
    for (row, text) in app.banners().into_iter().enumerate() {
        put(frame, layout.banner, row, Line::styled(fit(&text, usize::from(layout.banner.width)).into_owned(), theme.accent()));
    }
    if layout.tabs.height > 0 {
        let mut tabs = vec![Span::raw(" ")];
        for pane in Pane::ALL {
            let style = if pane == app.focus() { theme.selected().patch(theme.strong()) } else { theme.quiet() };
            tabs.push(Span::styled(format!(" {} {} ", pane.number(), pane.title()), style));
        }
        put(frame, layout.tabs, 0, Line::from(tabs));
    }
}

/// Columns that are left beside these.
fn room(area: Area, spans: &[Span<'static>]) -> usize {
    let taken: usize = spans.iter().map(|span| width(&span.content)).sum();
    usize::from(area.width).saturating_sub(taken)
}

/// Left and right on one row; the left gives way.
fn bar(frame: &mut Frame, area: Area, row: usize, left: Vec<Span<'static>>, right: Vec<Span<'static>>) {
    let mut room = room(area, &right);
    let mut spans = Vec::new();
    for span in left {
        let text = fit(&span.content, room).into_owned();
        room -= width(&text);
        spans.push(Span::styled(text, span.style));
    }
    spans.push(Span::raw(" ".repeat(room)));
    spans.extend(right);
    put(frame, area, row, Line::from(spans));
}

/// Who and what; names give way, for whether anything can be sent must be seen.
fn identity(app: &App, room: usize, theme: Theme) -> Vec<Span<'static>> {
    let workspace = app.workspace();
    let access = match workspace.access {
        Access::ReadWrite => Span::styled("read-write", theme.warning()),
        Access::ReadOnly => Span::raw("read-only"),
        Access::Evidence => Span::raw("read-only (files)"),
    };
    let privacy = Span::styled(if app.is_private() { "PRIVACY  " } else { "" }, theme.danger().patch(theme.strong()));
    let room = room.saturating_sub(width(&privacy.content));
    let Some(account) = &workspace.account else {
        let name = Span::styled(" entriage  ", theme.accent());
        let label = Span::styled(format!("{}  ", workspace.label), theme.accent());
        let taken = width(&name.content) + width(&label.content) + width(&access.content) + 2;
        let tenant = fit(&workspace.tenant, room.saturating_sub(taken).min(40)).into_owned();
        return vec![name, Span::styled(format!("{tenant}  "), theme.strong()), label, privacy, access];
    };
    // A real tenant must never be taken for the demo: the word stands first, in reverse, and the account beside it.
    let label = Span::styled(format!(" {} ", workspace.label), theme.danger().patch(theme.selected()));
    let left = room.saturating_sub(width(&label.content) + width(&access.content) + 6);
    let for_account = if left < 14 { 0 } else { width(account).min(left / 2).min(40) };
    let tenant = fit(&workspace.tenant, (left - for_account).min(40)).into_owned();
    let account = fit(account, for_account).into_owned();
    let mut spans = vec![label, Span::raw(" "), Span::styled(format!("{tenant}  "), theme.strong())];
    if !account.is_empty() {
        spans.push(Span::raw(format!("{account}  ")));
    }
    spans.extend([privacy, access]);
    spans
}

/// The words of the counts that give way.
const NOT_SAFE: &str = "closed, not safe";
const OTHER: &str = "other";
const LOW: &str = "low";

fn counts(app: &App, without: &[&str], theme: Theme) -> Vec<Span<'static>> {
    if *app.phase() == Phase::Loading {
        // What is not read yet is not counted: a number here would be taken for the tenant's.
        return vec![Span::styled(" reading all users … ", theme.warning())];
    }
    let counts = app.users().counts;
    let seldom = [OTHER, NOT_SAFE];
    let parts = [
        (counts.high, "high", theme.danger()),
        (counts.medium, "medium", Style::new()),
        (counts.low, LOW, Style::new()),
        (counts.other, OTHER, theme.quiet()),
        (counts.theft, "token theft", theme.warning()),
        (counts.not_safe, NOT_SAFE, theme.warning()),
    ];
    let mut spans = vec![Span::raw(" ")];
    for (at, (count, word, style)) in
        parts.into_iter().filter(|(count, word, _)| !without.contains(word) && (*count > 0 || !seldom.contains(word))).enumerate()
    {
        if at > 0 {
            spans.push(Span::styled(" · ", theme.quiet()));
        }
        let style = if count == 0 { theme.quiet() } else { style };
        spans.push(Span::styled(format!("{} {word}", number(count)), style));
    }
    let left_out = |(count, word, _): &(usize, &str, Style)| without.contains(word) && *count > 0;
    if parts.iter().any(left_out) {
        spans.push(Span::styled(" …", theme.quiet()));
    }
    spans
}

fn job(app: &App, theme: Theme) -> Vec<Span<'static>> {
    let Some(job) = app.job().filter(|job| job.is_running()) else {
        let unfinished = app.unfinished();
        let text = format!("  {} unfinished: {} ", number(unfinished), app.keys().hint(CommandId::Jobs));
        return if unfinished == 0 { Vec::new() } else { vec![Span::styled(text, theme.warning())] };
    };
    let number_of = job.id.map_or_else(|| "job".to_owned(), |id| format!("job {id}"));
    let text = match job.held_for(app.now()) {
        Some(seconds) => format!("  {number_of} starts in {seconds} s "),
        None => format!("  {number_of} {}/{} verified ", number(job.tally.verified), number(job.tally.total)),
    };
    vec![Span::styled(text, theme.warning())]
}

/// Columns that tenant, account and access are worth.
const IDENTITY: usize = 44;
/// Columns that "synced 12 min ago" takes.
const FRESHNESS: usize = 20;

fn freshness(app: &App, room: usize, theme: Theme) -> Vec<Span<'static>> {
    let missing = if app.sync_notes().is_empty() { "" } else { ", incomplete" };
    let style = if missing.is_empty() && !app.sync_failed_last() { theme.quiet() } else { theme.warning() };
    let long = format!("  {}{missing} ", app.freshness_words());
    let text = match app.syncing() {
        Some(running) if width(&long) + IDENTITY > room => match running.seconds_left {
            Some(seconds) => format!("  syncing, {} left ", duration(seconds)),
            None => "  syncing … ".to_owned(),
        },
        _ => long,
    };
    vec![Span::styled(text, style)]
}

//! The job: what is held back, how far it is, how each target came out.

use ratatui::Frame;
use ratatui::text::{Line, Span};

use super::cell::{cell, put, put_row, window};
use super::theme::Theme;
use crate::app::App;
use crate::app::command::CommandId;
use crate::app::format::{duration, fit, number};
use crate::app::job::{JobRun, Phase, tally_words, word};
use crate::app::layout::Area;
use crate::app::overlay::JOB_LINES;
use crate::domain::action::Action;
use crate::domain::journal::{JobState, Outcome};

pub fn draw(frame: &mut Frame, app: &App, area: Area, theme: Theme) {
    let Some(job) = app.job() else { return };
    let number = job.id.map_or_else(|| "job".to_owned(), |id| format!("job {id}"));
    let right = format!("{number} · started {}", app.times().stamp(job.started, "%H:%M"));
    let inner = window(frame, area, &job.title(), &right, theme);
    let columns = usize::from(inner.width);
    put(frame, inner, 0, bar(job, columns, theme));
    put(frame, inner, 1, Line::styled(fit(&tally_words(&job.tally), columns).into_owned(), theme.strong()));
    let (text, style) = where_it_stands(app, job, theme);
    put(frame, inner, 2, Line::styled(fit(&text, columns).into_owned(), style));
    if let Some((text, style)) = remark(app, job, theme) {
        for (row, line) in crate::app::format::wrap(&text, columns).into_iter().take(2).enumerate() {
            put(frame, inner, 3 + row, Line::styled(line, style));
        }
    }
    let rows = usize::from(inner.height).saturating_sub(JOB_LINES);
    for row in 0..rows {
        let at = job.scroll.offset + row;
        let Some(outcome) = job.row(at) else { break };
        let style = match outcome.outcome {
            Outcome::Verified => theme.good(),
            Outcome::Failed | Outcome::Diverged => theme.danger(),
            Outcome::Skipped | Outcome::Unverified => theme.warning(),
        };
        let name_column = columns.saturating_sub(12) / 2;
        let cells = vec![
            cell(word(outcome.outcome), 11, style),
            cell(outcome.name.as_deref().unwrap_or(&outcome.id), name_column.saturating_sub(1), ratatui::style::Style::new()),
            Span::raw(" "),
            cell(outcome.because.as_deref().unwrap_or(""), columns.saturating_sub(11 + name_column), theme.quiet()),
        ];
        put_row(frame, inner, 5 + row, cells, at == job.scroll.at && job.len() > rows, theme);
    }
    let hint = hint(app, job);
    put(frame, inner, usize::from(inner.height).saturating_sub(1), Line::styled(fit(&hint, columns).into_owned(), theme.quiet()));
}

fn bar(job: &JobRun, columns: usize, theme: Theme) -> Line<'static> {
    let tally = &job.tally;
    let done = tally.verified + tally.diverged + tally.failed + tally.skipped + tally.unverified;
    let part = |count: usize| (count * columns).checked_div(tally.total).unwrap_or(0).min(columns);
    let (done, sent) = (part(done), part(done + tally.accepted + tally.maybe_sent));
    Line::from(vec![
        Span::styled("█".repeat(done), theme.accent()),
        Span::styled("▒".repeat(sent - done), theme.accent()),
        Span::styled("░".repeat(columns - sent), theme.quiet()),
    ])
}

fn where_it_stands(app: &App, job: &JobRun, theme: Theme) -> (String, ratatui::style::Style) {
    if let Some(seconds) = job.held_for(app.now()) {
        let text = if job.stopping {
            "Cancelling; nothing has been sent".to_owned()
        } else {
            format!("Starts in {seconds} s · Esc cancels, nothing has been sent")
        };
        return (text, theme.warning());
    }
    match &job.phase {
        Phase::Running => {
            let rate = job.rate.map_or_else(String::new, |rate| format!("{rate} request/s (tenant's limit) · "));
            let left = job.seconds_left.map_or_else(String::new, |seconds| format!("{} left · ", duration(seconds)));
            let stop = if job.stopping { "stopping after the request in flight" } else { "Esc stops after the request in flight" };
            (format!("{rate}{left}{stop}"), if job.stopping { theme.warning() } else { ratatui::style::Style::new() })
        }
        Phase::Ended(JobState::Cancelled) if job.tally.pending == job.tally.total => {
            ("Cancelled. Nothing was sent.".to_owned(), theme.warning())
        }
        Phase::Ended(JobState::Cancelled) => ("Cancelled. What was sent before stays done.".to_owned(), theme.warning()),
        Phase::Ended(_) if job.tally.all_verified() => ("Done: every target was read back as promised.".to_owned(), theme.good()),
        Phase::Ended(_) => ("Done, but not every target came out as promised.".to_owned(), theme.danger()),
        Phase::Failed(message) => (message.clone(), theme.danger()),
    }
}

fn remark(app: &App, job: &JobRun, theme: Theme) -> Option<(String, ratatui::style::Style)> {
    let dismissed = matches!(job.action, Action::DismissUserRisk | Action::DismissSignInRisk);
    match &job.phase {
        Phase::Failed(_) => {
            Some(("Stopped by this error. What was done is in the journal; it can be resumed.".to_owned(), theme.warning()))
        }
        Phase::Ended(_) if job.not_safe_users + job.safety_unread > 0 => Some((not_safe(job), theme.warning())),
        Phase::Ended(_) if dismissed && job.tally.verified > 0 => Some((
            "Verified means that the risk is dismissed, not that an identity is safe: passwords and sessions are as they were.".to_owned(),
            theme.warning(),
        )),
        Phase::Ended(_) if job.is_to_be_secured() => Some((format!("Compromise is confirmed.{}", app.offer(job)), theme.warning())),
        Phase::Ended(_) if job.action == Action::RequirePasswordChange && job.tally.verified > 0 => Some((
            "Whoever is at risk stays so until the secure password change is done: the filter pending:true lists them.".to_owned(),
            theme.warning(),
        )),
        Phase::Ended(_) if job.tally.diverged > 0 => {
            let explain = app.keys().hint(CommandId::Explain);
            Some((format!("What diverged is not as promised: look at it ({explain}), then plan it again."), theme.warning()))
        }
        Phase::Ended(_) if job.action.undo().is_some() && job.tally.verified > 0 => {
            let undo = app.keys().hint(CommandId::Undo);
            Some((format!("It can be taken back: {undo} in the jobs or in the journal."), theme.quiet()))
        }
        _ => job.notice.clone().map(|notice| (notice, theme.warning())),
    }
}

/// How many of the dismissed are not safe, and why.
fn not_safe(job: &JobRun) -> String {
    let reasons = ["password older than the newest detection", "sessions not revoked since", "method added since the first detection"];
    let parts: Vec<String> = job
        .not_safe
        .iter()
        .zip(reasons)
        .filter(|(count, _)| **count > 0)
        .map(|(count, reason)| format!("{} {reason}", number(*count)))
        .collect();
    let unread = match job.safety_unread {
        0 => String::new(),
        unread => format!("Of {} of the dismissed it is not known whether they are safe: not all was read.", number(unread)),
    };
    match job.not_safe_users {
        0 => unread,
        users => format!("{} of the dismissed are not safe: {}. {unread}", number(users), parts.join(", ")).trim_end().to_owned(),
    }
}

fn hint(app: &App, job: &JobRun) -> String {
    let jobs = app.keys().hint(CommandId::Jobs);
    match &job.phase {
        Phase::Running if job.held_for(app.now()).is_some() => "Esc cancels".to_owned(),
        Phase::Running => format!("{jobs} leaves it running in the background · j k scroll"),
        Phase::Ended(_) if job.is_to_be_secured() => {
            format!("{} plans the checklist for them · Esc closes", app.keys().hint(CommandId::Remediate))
        }
        Phase::Ended(_) => "Esc closes · j k scroll".to_owned(),
        Phase::Failed(_) => format!("Esc closes · {jobs} then lists it to resume"),
    }
}

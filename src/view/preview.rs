//! The plan preview. What must be seen before a key starts something stands at fixed places.

use ratatui::Frame;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::cell::{cell, field, put, put_row, window};
use super::theme::Theme;
use crate::app::App;
use crate::app::command::CommandId;
use crate::app::format::{count, fit};
use crate::app::layout::Area;
use crate::app::preview::{Place, Preview};
use crate::app::summary::{body, consequence, policy_name, rows as room};
use crate::domain::action::Action;
use crate::domain::plan::{Confirmation, Verdict};

pub fn draw(frame: &mut Frame, app: &App, preview: &Preview, area: Area, theme: Theme) {
    let plan = &preview.plan;
    let selected = format!("{} selected", count(plan.targets.len(), plan.action.noun(1), plan.action.noun(2)));
    let hidden = match preview.hidden {
        0 => String::new(),
        hidden => format!(", {hidden} of them not shown by the filter"),
    };
    let workspace = app.workspace();
    // Before anything is sent to a real tenant, its name stands beside what will be done.
    let live = match &workspace.account {
        Some(_) => format!("{} {} · ", workspace.label, fit(&workspace.tenant, 24)),
        None => String::new(),
    };
    let inner = window(frame, area, plan.action.title(), &format!("{live}{selected}{hidden}"), theme);
    let columns = usize::from(inner.width);
    let rows = room(preview, app.size());
    match preview.place {
        Place::Targets => targets(frame, app, preview, inner, rows, theme),
        Place::Steps => steps(frame, preview, inner, rows, theme),
        Place::Reason | Place::Confirmation => summary(frame, app, preview, inner, rows, theme),
    }
    let mut row = rows;
    if let Some(changed) = &preview.changed {
        put(frame, inner, row, Line::styled(fit(changed, columns).into_owned(), theme.warning()));
        row += 1;
    }
    row += 1;
    for line in consequence(preview, app.size()) {
        put(frame, inner, row, Line::styled(line, theme.strong()));
        row += 1;
    }
    put(frame, inner, row, Line::styled(preview.cost(), theme.quiet()));
    // Where only cautions are left, whatever is sent was taken in, and needs a reason.
    let only_cautions = plan.included_count() == 0 && plan.count(Verdict::Caution) > 0;
    let needed = if plan.needs_reason() || only_cautions { "Reason   " } else { "Reason (optional)   " };
    put(frame, inner, row + 1, field(needed, &preview.reason, columns, preview.place == Place::Reason, theme));
    let active = preview.place == Place::Confirmation;
    let prompt = format!("{}   ", preview.prompt());
    let confirmation = if plan.confirm == Confirmation::Enter || plan.included_count() == 0 {
        Line::styled(prompt, if active { theme.selected() } else { theme.quiet() })
    } else {
        field(&prompt, &preview.answer, columns, active, theme)
    };
    put(frame, inner, row + 2, confirmation);
    let (text, style) = match &preview.message {
        Some(message) => (message.clone(), theme.danger()),
        None => (advice(app, preview), theme.quiet()),
    };
    put(frame, inner, row + 3, Line::styled(fit(&text, columns).into_owned(), style));
}

fn advice(app: &App, preview: &Preview) -> String {
    let nothing = preview.plan.included_count() == 0;
    match preview.place {
        Place::Reason if nothing && preview.plan.playbook.is_some() => "Shift-Tab: targets · Esc goes back to the checklist".to_owned(),
        Place::Reason if nothing && preview.plan.action == Action::SecureAccount => "Shift-Tab: steps, targets · Esc closes".to_owned(),
        Place::Reason if nothing => "Shift-Tab: targets · Esc closes".to_owned(),
        Place::Confirmation if nothing => "Esc back".to_owned(),
        Place::Targets => format!("{} takes a caution in or out · Tab goes on · Esc back", app.keys().hint(CommandId::Mark)),
        Place::Steps => format!("{} takes a step in or out · Tab goes on · Esc back", app.keys().hint(CommandId::Mark)),
        Place::Reason if preview.plan.action == Action::SecureAccount => "Enter on · Shift-Tab: steps, targets · Esc closes".to_owned(),
        Place::Reason => "Enter on · ↑ recalls · Shift-Tab targets · Esc closes".to_owned(),
        Place::Confirmation if preview.plan.confirm == Confirmation::Enter => "Enter starts · Esc back".to_owned(),
        Place::Confirmation => "Type it, then Enter starts · Esc back".to_owned(),
    }
}

fn summary(frame: &mut Frame, app: &App, preview: &Preview, inner: Area, rows: usize, theme: Theme) {
    let lines = body(preview, app.size());
    let cut = lines.len() > rows;
    let shown = if cut { rows.saturating_sub(1) } else { rows };
    let offset = preview.offset.min(lines.len().saturating_sub(shown));
    for (row, line) in lines.iter().skip(offset).take(shown).enumerate() {
        let heading = !line.starts_with("     ");
        put(frame, inner, row, Line::styled(line.clone(), if heading { theme.strong() } else { Style::new() }));
    }
    if cut {
        let below = lines.len().saturating_sub(offset + shown);
        let more = if below > 0 { format!("pgdn: {}", count(below, "more line", "more lines")) } else { "pgup: the beginning".to_owned() };
        put(frame, inner, rows.saturating_sub(1), Line::styled(format!("     … {more} · Shift-Tab lists all"), theme.quiet()));
    } else if preview.plan.targets.iter().any(|target| target.verdict == Verdict::Caution) && lines.len() < rows {
        put(frame, inner, lines.len(), Line::styled("     Shift-Tab, Space: take one in, with a reason", theme.quiet()));
    }
}

fn steps(frame: &mut Frame, preview: &Preview, inner: Area, rows: usize, theme: Theme) {
    let columns = usize::from(inner.width);
    let all = preview.plan.action.steps();
    let first = (preview.step + 1).saturating_sub(rows);
    for (row, (at, step)) in all.iter().enumerate().skip(first).take(rows).enumerate() {
        let sign = if preview.plan.steps.contains(step) { "[x] " } else { "[ ] " };
        let cells = vec![Span::raw(sign), cell(step.title(), columns.saturating_sub(4), Style::new())];
        put_row(frame, inner, row, cells, at == preview.step, theme);
    }
}

fn targets(frame: &mut Frame, app: &App, preview: &Preview, inner: Area, rows: usize, theme: Theme) {
    let columns = usize::from(inner.width);
    for row in 0..rows {
        let at = preview.scroll.offset + row;
        let Some(target) = preview.target(at) else { break };
        let (sign, verdict, style) = match (target.verdict, target.included) {
            (Verdict::Eligible, true) => ("[x] ", "", Style::new()),
            (Verdict::Eligible, false) => (" -  ", "not in this step: ", theme.quiet()),
            (Verdict::Caution, true) => ("[x] ", "taken in: ", theme.warning()),
            (Verdict::Caution, false) => ("[ ] ", "left out: ", theme.warning()),
            (Verdict::Refused, _) => (" -  ", "refused: ", theme.danger()),
        };
        let because: Vec<&str> = target.because.iter().map(|because| because.words()).collect();
        let id = target.user_id.clone().unwrap_or_else(|| target.id.as_str().into());
        let user = app.dataset().user(&id);
        let name = user.map_or(target.user_principal_name.as_deref().unwrap_or(&target.id), |records| records.user.name());
        let name = policy_name(&preview.plan, target).unwrap_or(name);
        let name = match (&target.user_id, &target.user_principal_name) {
            (Some(_), _) => format!("{name} {}", target.id),
            (None, Some(principal)) if principal != name => format!("{name} {principal}"),
            (None, _) => name.to_owned(),
        };
        let name_column = (columns.saturating_sub(4) / 2).max(10);
        let cells = vec![
            Span::raw(sign),
            cell(&name, name_column.saturating_sub(1), Style::new()),
            Span::raw(" "),
            Span::styled(fit(&format!("{verdict}{}", because.join(", ")), columns.saturating_sub(4 + name_column)).into_owned(), style),
        ];
        put_row(frame, inner, row, cells, at == preview.scroll.at, theme);
    }
}

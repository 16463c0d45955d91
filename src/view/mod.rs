//! Drawing. Reads the console's state and changes nothing; builds only the rows that are in sight.

mod campaigns;
#[cfg(test)]
mod case_tests;
mod cell;
mod checklist;
mod columns;
mod details;
mod explain;
mod foot;
mod help;
mod job;
mod lists;
#[cfg(test)]
mod look_tests;
mod map;
mod messages;
mod overview;
mod page;
mod passwords;
mod pending;
#[cfg(test)]
mod picture_tests;
#[cfg(test)]
mod pivot_tests;
mod preview;
mod privacy;
#[cfg(test)]
mod privacy_tests;
#[cfg(test)]
mod remedy_tests;
mod sign_ins;
#[cfg(test)]
mod size_tests;
mod status;
#[cfg(test)]
mod tests;
mod theme;
mod timeline;
mod typed;
mod users;

use ratatui::Frame;
use ratatui::text::Line;

use crate::app::command::CommandId;
use crate::app::format::wrap;
use crate::app::layout::{self, Pane, SMALLEST};
use crate::app::overlay::Overlay;
use crate::app::{App, Phase};
use theme::Theme;

/// Draws the console.
pub fn draw(frame: &mut Frame, app: &App) {
    layers(frame, app);
    mask(frame, app);
}

/// Masks everything that was drawn so far, in privacy mode. Also before something is laid over it: what is half covered is no
/// longer recognised.
fn mask(frame: &mut Frame, app: &App) {
    if let Some(mask) = app.mask() {
        privacy::hide(frame.buffer_mut(), mask);
    }
}

fn layers(frame: &mut Frame, app: &App) {
    let theme = Theme::of(app);
    let area = frame.area();
    frame.buffer_mut().set_style(area, theme.base());
    // The screen may have changed before the state heard of it.
    let size = (area.width, area.height);
    if !layout::fits(size) || !layout::fits(app.size()) {
        let needed = format!("entriage needs {}x{}", SMALLEST.0, SMALLEST.1);
        let present = format!("here are {}x{}", size.0, size.1);
        let quit = match app.overlay() {
            Some(Overlay::Quit) if app.passwords().are_shown() => "passwords were not closed: y quits and loses them, Esc stays",
            Some(Overlay::Quit) => "a job runs: y quits, Esc stays",
            _ => "q quits",
        };
        let running = app.job().filter(|job| job.is_running());
        let job = running.map(|job| match job.held_for(app.now()) {
            _ if job.stopping => "the job is stopping".to_owned(),
            Some(seconds) => format!("a job starts in {seconds} s: Esc cancels"),
            None => "a job runs: Esc stops it".to_owned(),
        });
        card(frame, &[&needed, &present, quit, job.as_deref().unwrap_or_default()], theme);
        return;
    }
    match app.phase() {
        // No name is known yet, so none is shown.
        Phase::Opening(_) if app.is_private() => card(frame, &["entriage", "", "opening the workspace …", "PRIVACY", "q quits"], theme),
        Phase::Opening(text) => card(frame, &["entriage", "", &format!("{text} …"), "", "q quits"], theme),
        Phase::Loading | Phase::Ready if app.is_covered() => {
            let key = app.keys().hint(CommandId::Privacy);
            let off = format!("{key} shows everything again, unmasked");
            card(frame, &["entriage", "", "learning what must be masked …", "PRIVACY", &off], theme);
        }
        Phase::Loading | Phase::Ready => ready(frame, app, theme),
    }
}

fn ready(frame: &mut Frame, app: &App, theme: Theme) {
    let layout = app.layout();
    status::draw(frame, app, &layout, theme);
    for pane in Pane::ALL {
        let Some(area) = layout.pane(pane) else { continue };
        match pane {
            Pane::Users => users::draw(frame, app, area, theme),
            Pane::SignIns => sign_ins::draw(frame, app, area, theme),
            Pane::Details => details::draw(frame, app, area, theme),
        }
    }
    foot::draw(frame, app, &layout, theme);
    if let Some(overlay) = app.overlay() {
        mask(frame, app);
        over(frame, app, overlay, theme);
    }
    pending::draw(frame, app, theme);
    if app.passwords().are_shown() {
        mask(frame, app);
        passwords::draw(frame, app, theme);
    }
}

fn over(frame: &mut Frame, app: &App, overlay: &Overlay, theme: Theme) {
    let area = overlay.area(app.size());
    match overlay {
        Overlay::Preview(plan) => preview::draw(frame, app, plan, area, theme),
        Overlay::Job => job::draw(frame, app, area, theme),
        Overlay::Jobs { scroll, offer, message, .. } => lists::jobs(frame, app, area, *scroll, *offer, message.as_deref(), theme),
        Overlay::Journal { records, scroll, message } => {
            lists::journal(frame, app, area, records.as_deref(), *scroll, message.as_deref(), theme)
        }
        Overlay::Explain(open) => explain::draw(frame, app, open, area, theme),
        Overlay::Campaigns(open) => campaigns::draw(frame, app, open, area, theme),
        Overlay::Playbook(list) => checklist::draw(frame, app, list, area, theme),
        Overlay::Waiting { what, .. } => lists::waiting(frame, what, area, theme),
        Overlay::Help(open) => help::draw(frame, open, area, theme),
        Overlay::Menu(menu) => lists::menu(frame, menu, area, overlay.rows(app.size()), theme),
        Overlay::Columns(menu) => columns::draw(frame, app, menu, area, theme),
        Overlay::Views(menu) => typed::views(frame, app, menu, area, overlay.rows(app.size()), theme),
        Overlay::Typed(open) => typed::draw(frame, open, area, theme),
        Overlay::Note { user, input } => lists::note(frame, app, area, user, input, theme),
        Overlay::SignIn(asked) => lists::sign_in(frame, asked, area, theme),
        Overlay::Messages { scroll, message } => messages::draw(frame, app, area, *scroll, message.as_deref(), theme),
        Overlay::Page { page, address } => page::draw(frame, page, address, area, theme),
        Overlay::Cancel { id, .. } => lists::cancel(frame, app, *id, area, theme),
        Overlay::Map(travels) => map::draw(frame, app, travels, area, theme),
        Overlay::Overview(glance) => overview::draw(frame, app, glance, area, theme),
        Overlay::Timeline(chart) => timeline::draw(frame, app, chart, area, theme),
        Overlay::Quit => lists::quit(frame, app, area, theme),
    }
}

/// A few lines in the middle of the screen; the first is a heading.
fn card(frame: &mut Frame, paragraphs: &[&str], theme: Theme) {
    let screen = frame.area();
    let screen = layout::Area { x: 0, y: 0, width: screen.width, height: screen.height };
    let columns = usize::from(screen.width.saturating_sub(4)).clamp(1, 76);
    let mut lines: Vec<Line> = Vec::new();
    for (at, paragraph) in paragraphs.iter().enumerate() {
        let style = if at == 0 { theme.accent() } else { ratatui::style::Style::new() };
        let mut wrapped = wrap(paragraph, columns);
        if wrapped.is_empty() && at > 0 {
            wrapped.push(String::new());
        }
        lines.extend(wrapped.into_iter().map(|line| Line::styled(line, style).centered()));
    }
    let top = usize::from(screen.height).saturating_sub(lines.len()) / 2;
    for (row, line) in lines.into_iter().enumerate() {
        cell::put(frame, screen, top + row, line);
    }
}

//! What the view draws, and where everything stands.

use super::command::{CommandId, Context};
use super::detail_lines;
use super::details::{self, Details};
use super::job::JobRun;
use super::layout::{self, Layout, Pane};
use super::line::{self, Line};
use super::overlay::Overlay;
use super::sign_ins::SignIns;
use super::toast::Toasts;
use super::users::Users;
use super::{App, KeyMap, Phase, Workspace, format, theme};
use crate::domain::dataset::Dataset;
use crate::domain::ledger::Ledger;
use crate::domain::records::UserRecords;
use crate::domain::time::Timestamp;

impl App {
    /// Whether there is a workspace to work on.
    pub fn phase(&self) -> &Phase {
        &self.phase
    }

    /// The time of the last message.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Columns and rows of the screen.
    pub fn size(&self) -> (u16, u16) {
        self.options.size
    }

    /// Whether to do without colour.
    pub fn mono(&self) -> bool {
        self.options.mono || self.theme.name == theme::ThemeName::Mono
    }

    /// The key map.
    pub fn keys(&self) -> &KeyMap {
        &self.options.keys
    }

    /// The open workspace.
    pub fn workspace(&self) -> &Workspace {
        &self.workspace
    }

    /// The records.
    pub fn dataset(&self) -> &Dataset {
        &self.dataset
    }

    /// The journal, added up.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The table of users.
    pub fn users(&self) -> &Users {
        &self.users
    }

    /// The pane of sign-ins.
    pub fn sign_ins(&self) -> &SignIns {
        &self.sign_ins
    }

    /// The pane of details.
    pub fn details(&self) -> &Details {
        &self.details
    }

    /// The user whose sign-ins and detections are shown.
    pub fn user(&self) -> Option<&UserRecords> {
        self.shown_user.as_ref().and_then(|id| self.dataset.user(id))
    }

    /// The pane that keys go to.
    pub fn focus(&self) -> Pane {
        self.focus
    }

    /// Where keys are looked up.
    pub fn context(&self) -> Context {
        match self.focus {
            Pane::Users => Context::Users,
            Pane::SignIns => Context::SignIns,
            Pane::Details => Context::Details,
        }
    }

    /// What is typed at the foot of the screen.
    pub fn line(&self) -> Option<&Line> {
        self.line.as_ref()
    }

    /// What lies over the panes.
    pub fn overlay(&self) -> Option<&Overlay> {
        self.overlay.as_ref()
    }

    /// The job of this console.
    pub fn job(&self) -> Option<&JobRun> {
        self.job.as_ref()
    }

    /// Whether a job runs.
    pub fn job_runs(&self) -> bool {
        self.job.as_ref().is_some_and(JobRun::is_running)
    }

    /// The messages.
    pub fn toasts(&self) -> &Toasts {
        &self.toasts
    }

    /// What the lines below the status say: of the queue or the first run, and of a possible mass false positive. May hold hostile text.
    pub fn banners(&self) -> Vec<String> {
        let help = self.options.keys.hint(CommandId::Help);
        let lists = if help.is_empty() { String::new() } else { format!(" · {help} lists what can be done") };
        let demo = || format!(" This is the demo workspace: simulated, no real tenant is touched{lists} · Esc hides this");
        let first = self.queue_words().or_else(|| self.banner.then(demo));
        first.into_iter().chain(self.alarm_words()).collect()
    }

    /// Where everything stands.
    pub fn layout(&self) -> Layout {
        layout::arrange(
            self.options.size,
            self.focus,
            self.zoomed,
            u16::try_from(self.banners().len()).unwrap_or(0),
            u16::try_from(self.message().len()).unwrap_or(0),
            self.share(),
        )
    }

    /// What stands above the foot of the screen: an error, or where a filter does not parse. The place of the
    /// latter is kept free while a filter is typed, so that the rows above stay where they are.
    pub fn message(&self) -> Vec<String> {
        let columns = usize::from(self.options.size.0.saturating_sub(2));
        match (&self.line, self.toasts.current()) {
            (Some(Line::Filter { error: None, input, .. }), _) if input.is_selected() => {
                vec![" typing replaces the filter · → keeps it".to_owned()]
            }
            (Some(Line::Filter { error: None, .. }), _) => vec![String::new()],
            (Some(Line::Filter { error: Some(error), .. }), _) => vec![line::point_at(error, columns)],
            (_, Some(toast)) if toast.is_error() => {
                let more = if self.toasts.errors() > 1 { format!(" ({} more)", self.toasts.errors() - 1) } else { String::new() };
                let mut lines = format::wrap(&format!("{}{more} · esc dismisses", toast.text), columns);
                lines.truncate(4);
                lines
            }
            _ => Vec::new(),
        }
    }

    /// What the pane of details says, in lines that fit it.
    pub fn detail_lines(&self) -> Vec<details::Line> {
        let Some((records, area)) = self.user().zip(self.layout().pane(Pane::Details)) else { return Vec::new() };
        detail_lines::lines(&self.details, records, self.dataset.tenant(), &self.ledger, self.times(), usize::from(area.inner().width))
    }
}

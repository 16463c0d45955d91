//! The console's state. Messages come in, effects go out, and the time comes with each message.
//!
//! Pure: no clock, no terminal, no input or output. Everything holds ids, never rows (invariant 4), so
//! that a refresh, a sort or a filter never moves a cursor or a mark to another user.

mod actions;
pub mod campaigns;
mod cancelling;
#[cfg(test)]
pub(crate) mod case_tests;
pub mod cases;
pub mod checklist;
pub mod colour;
pub mod columns;
pub mod columns_menu;
pub mod command;
pub mod computing;
mod config_problem;
mod data;
mod detail_lines;
pub mod details;
mod drawn;
pub mod event_words;
pub mod explain;
mod find;
pub mod format;
pub mod help;
pub mod input;
pub mod job;
pub mod key;
pub mod keymap;
mod keys;
pub mod layout;
pub mod line;
mod loading;
mod look;
pub mod map;
#[cfg(test)]
pub(crate) mod map_tests;
pub mod marks;
pub mod messages;
pub mod mouse;
pub mod msg;
pub mod overlay;
mod overlay_lists;
mod overlays;
pub mod overview;
mod page;
mod panes;
pub mod passwords;
pub mod picture;
pub mod pivot;
#[cfg(test)]
pub(crate) mod pivot_tests;
pub mod place;
#[cfg(test)]
pub(crate) mod playbook_tests;
pub mod preferences;
pub mod preview;
pub mod privacy;
pub mod queue;
mod queue_steps;
#[cfg(test)]
pub(crate) mod queue_tests;
mod remedies;
#[cfg(test)]
pub(crate) mod remedy_tests;
pub mod saved_views;
pub mod scroll;
pub mod sequence;
mod session;
pub mod sign_ins;
pub mod sort;
pub mod summary;
mod syncing;
#[cfg(test)]
pub(crate) mod tests;
pub mod theme;
pub mod timeline;
#[cfg(test)]
pub(crate) mod timeline_tests;
pub mod times;
pub mod toast;
pub mod typed;
mod undo;
pub mod users;
pub mod why_off;

pub use config_problem::ConfigProblem;
pub use key::{Key, KeyCode};
pub use keymap::KeyMap;
pub use look::Look;
pub use msg::{Effect, Msg, Opened, Options};

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use details::Details;
use job::JobRun;
use layout::Pane;
use line::Line;
use overlay::Overlay;
use passwords::Passwords;
use sign_ins::SignIns;
use toast::Toasts;
use users::Users;

use crate::domain::dataset::Dataset;
use crate::domain::journal::JobId;
use crate::domain::ledger::Ledger;
use crate::domain::permission::Holder;
use crate::domain::plan::{Access, PlanContext};
use crate::domain::records::UserId;
use crate::domain::settings::TenantSettings;
use crate::domain::time::Timestamp;

/// Whether there is a workspace to work on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Phase {
    /// It is being opened; says how far it is.
    Opening(String),
    /// The users who matter most are shown; all others are still being read. One can look around.
    Loading,
    /// It is open.
    Ready,
}

/// What is known of the open workspace besides its records.
#[derive(Debug, Clone)]
pub struct Workspace {
    /// Its name.
    pub name: String,
    /// Name of the tenant. Hostile text.
    pub tenant: String,
    /// Its object id, where it is known.
    pub tenant_id: Option<String>,
    /// DEMO, EVIDENCE or LIVE.
    pub label: &'static str,
    /// Whether anything can be sent.
    pub access: Access,
    /// Whether writing stays off until the program is started without `--read-only`.
    pub forced_read_only: bool,
    /// Who is at the keyboard.
    pub operator: String,
    /// When the data was last brought up to date.
    pub synced_at: Option<Timestamp>,
    /// What the tenant allows.
    pub requests_per_second: Option<f64>,
    /// How many targets one read-back request covers.
    pub read_back_page: usize,
    /// Who is signed in to a live tenant. Hostile text.
    pub account: Option<String>,
    /// What that one may do, as far as known.
    pub holder: Option<Holder>,
    /// How often the data is brought up to date by itself.
    pub refresh_seconds: Option<u64>,
}

/// The console's state.
#[derive(Debug)]
pub struct App {
    options: Options,
    now: Timestamp,
    phase: Phase,
    workspace: Workspace,
    /// Lent to what is being computed; see [`computing`].
    dataset: Arc<Dataset>,
    computing: computing::Computing,
    ledger: Arc<Ledger>,
    /// Whom the workspace will show first when it is opened the next time.
    first: Vec<UserId>,
    users: Users,
    sign_ins: SignIns,
    details: Details,
    focus: Pane,
    zoomed: bool,
    /// The room that the users have beside the other panes.
    share: layout::Share,
    look: Look,
    theme: theme::Theme,
    columns: columns::UserColumns,
    /// The keys of a sequence that is not finished yet.
    pending: Vec<Key>,
    banner: bool,
    line: Option<Line>,
    trail: pivot::Trail,
    alarm: campaigns::Alarm,
    queue: Option<queue::Queue>,
    /// Verdicts that are on their way into the journal.
    verdicts: HashMap<UserId, cases::Awaited>,
    overlay: Option<Overlay>,
    job: Option<JobRun>,
    toasts: Toasts,
    last_reason: String,
    /// Temporary passwords that are shown until they are closed.
    passwords: Passwords,
    /// What is to be done outside because of what came from there.
    todo: Vec<Effect>,
    /// Playbooks that are being ended.
    ending: HashSet<JobId>,
    freshness: syncing::Freshness,
    /// Grows with each change of the records: what is counted from them is counted again.
    revision: u64,
    /// Whether a key was pressed since the workspace was opened.
    touched: bool,
    /// The user whose sign-ins and detections are shown.
    shown_user: Option<UserId>,
    /// The user whose picture waits for what a live tenant tells on demand.
    looked_at: Option<UserId>,
    privacy: privacy::Privacy,
    zone: times::Zone,
    form: times::Form,
    mouse_on: bool,
    /// The row over the panes that was clicked last, as long as nothing else was done.
    clicked: Option<usize>,
}

impl App {
    /// A console whose workspace is still being opened; it can be drawn at once.
    pub fn new(options: Options, now: Timestamp) -> App {
        App {
            options,
            now,
            phase: Phase::Opening("opening the workspace".to_owned()),
            workspace: Workspace {
                name: String::new(),
                tenant: String::new(),
                tenant_id: None,
                label: "",
                access: Access::ReadOnly,
                forced_read_only: false,
                operator: String::new(),
                synced_at: None,
                requests_per_second: None,
                read_back_page: 1,
                account: None,
                holder: None,
                refresh_seconds: None,
            },
            dataset: Arc::default(),
            computing: computing::Computing::default(),
            ledger: Arc::default(),
            first: Vec::new(),
            users: Users::default(),
            sign_ins: SignIns::default(),
            details: Details::default(),
            focus: Pane::Users,
            zoomed: false,
            share: layout::Share::default(),
            look: Look::default(),
            theme: theme::Theme::default(),
            columns: columns::UserColumns::default(),
            pending: Vec::new(),
            banner: false,
            line: None,
            trail: pivot::Trail::default(),
            alarm: campaigns::Alarm::default(),
            queue: None,
            verdicts: HashMap::new(),
            overlay: None,
            job: None,
            toasts: Toasts::default(),
            last_reason: String::new(),
            passwords: Passwords::default(),
            todo: Vec::new(),
            ending: HashSet::new(),
            freshness: syncing::Freshness::default(),
            revision: 0,
            touched: false,
            shown_user: None,
            looked_at: None,
            privacy: privacy::Privacy::default(),
            zone: times::Zone::default(),
            form: times::Form::default(),
            mouse_on: true,
            clicked: None,
        }
    }

    /// The same console, as the operator prefers it.
    pub fn prefer(self, preferences: preferences::Preferences) -> App {
        let preferences::Preferences { privacy, zone, without_mouse } = preferences;
        App { privacy: privacy::Privacy::new(privacy), zone, mouse_on: !without_mouse, ..self }
    }

    /// Takes a message; says what is to be done outside.
    pub fn update(&mut self, msg: Msg, now: Timestamp) -> Vec<Effect> {
        self.now = now;
        self.toasts.expire(now);
        // A large job tells of each target: that moves nothing but the job's own list.
        let of_one_target = matches!(msg, Msg::Job(_));
        let mut effects = match msg {
            Msg::Key(key) => {
                (self.touched, self.clicked) = (true, None);
                self.key(key)
            }
            Msg::Paste(text) => {
                self.clicked = None;
                self.paste(&text);
                Vec::new()
            }
            Msg::Mouse(mouse) => {
                self.touched = true;
                // What was begun with keys is not ended on what the mouse chose.
                self.pending.clear();
                self.mouse(mouse)
            }
            Msg::Resize(columns, rows) => {
                self.options.size = (columns, rows);
                Vec::new()
            }
            Msg::Wake => self.sync_if_due(),
            other => {
                let help = self.lift_help();
                self.take_in_turn(other);
                self.lay_help(help);
                Vec::new()
            }
        };
        self.leave_decided();
        self.look_for_mass_event();
        effects.append(&mut self.todo);
        if of_one_target {
            self.settle_overlay()
        } else {
            self.settle()
        }
        effects
    }

    /// When something on the screen changes by itself; `None` where nothing does.
    pub fn wake_at(&self) -> Option<Timestamp> {
        let second = |count: u64| chrono::TimeDelta::seconds(i64::try_from(count).unwrap_or(0));
        let hold = self.job.as_ref().and_then(|job| {
            let left = job.held_for(self.now)?;
            Some(Timestamp(job.held_until?.0 - second(left - 1)))
        });
        // Ages are read at a glance and trusted: an idle screen must not go on saying "2 min".
        let minute = (self.phase == Phase::Ready).then(|| Timestamp(self.now.0 + second(60)));
        [hold, self.toasts.wake_at(), minute, self.sync_due()].into_iter().flatten().min()
    }

    /// Brings everything into sight that must be, after any message.
    fn settle(&mut self) {
        let layout = self.layout();
        self.users.scroll.settle(self.users.len(), layout.list_rows(Pane::Users));
        let shown = self.shown_user.clone();
        let records = shown.as_ref().and_then(|id| self.dataset.user(id));
        if let Some(records) = records {
            self.details.compare(records);
        }
        let sign_ins = records.map_or(0, |records| self.sign_ins.shown(records).count());
        self.sign_ins.scroll.settle(sign_ins, layout.list_rows(Pane::SignIns));
        let lines = self.detail_lines().len();
        self.details.offset = self.details.offset.min(lines.saturating_sub(self.detail_rows()));
        self.settle_overlay();
    }

    fn detail_rows(&self) -> usize {
        usize::from(self.layout().pane(Pane::Details).map_or(0, |area| area.inner().height))
    }

    fn plan_context(&self) -> PlanContext {
        PlanContext {
            requests_per_second: self.workspace.requests_per_second,
            read_back_page: self.workspace.read_back_page,
            settings: TenantSettings::of(&self.ledger),
            holder: self.workspace.holder.clone(),
            ..PlanContext::new(&self.workspace.operator, self.workspace.access, self.now)
        }
    }
}

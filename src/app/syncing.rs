//! Keeping the data up to date, and signing in where that needs a person.

use super::App;
use super::format::{count, duration};
use super::msg::{Effect, SignInAsked, Syncing};
use super::overlay::{Item, Menu, Overlay};
use super::{format, overlay};
use crate::domain::plan::Access;
use crate::domain::time::Timestamp;

/// How long after a failure it is tried again, in regular pauses.
const PATIENCE: i32 = 5;
/// How soon after a job what it changed besides its targets is read.
const AFTER_A_JOB: chrono::TimeDelta = chrono::TimeDelta::seconds(2);

/// What the console knows of how fresh its data is.
#[derive(Debug, Clone, Default)]
pub(super) struct Freshness {
    /// The sync that runs.
    pub running: Option<Syncing>,
    /// When the next one is due by itself.
    pub next: Option<Timestamp>,
    /// What could not be read. Hostile text.
    pub notes: Vec<String>,
    /// Whether the last sync came to no end.
    pub failed: bool,
}

impl App {
    /// The sync that runs.
    pub fn syncing(&self) -> Option<&Syncing> {
        self.freshness.running.as_ref()
    }

    /// Whether the last sync came to no end.
    pub fn sync_failed_last(&self) -> bool {
        self.freshness.failed
    }

    /// What could not be read of the tenant.
    pub fn sync_notes(&self) -> &[String] {
        &self.freshness.notes
    }

    /// Starts a sync, for the operator.
    pub(super) fn refresh(&mut self) -> Vec<Effect> {
        self.toasts.say("Reading the tenant again …", self.now);
        self.start_sync()
    }

    fn start_sync(&mut self) -> Vec<Effect> {
        self.freshness.next = None;
        self.freshness.running = Some(Syncing::default());
        vec![Effect::Refresh]
    }

    /// Starts a sync that is due by itself.
    pub(super) fn sync_if_due(&mut self) -> Vec<Effect> {
        let due = self.freshness.next.is_some_and(|next| next <= self.now);
        if due && self.freshness.running.is_none() { self.start_sync() } else { Vec::new() }
    }

    /// When a sync is due by itself.
    pub(super) fn sync_due(&self) -> Option<Timestamp> {
        self.freshness.next.filter(|_| self.freshness.running.is_none())
    }

    /// Lets the next sync begin at once, as when a workspace was opened.
    pub(super) fn sync_at_once(&mut self) {
        self.freshness.next = self.workspace.refresh_seconds.map(|_| self.now);
    }

    /// What a job changed besides its targets is to be read.
    pub(super) fn sync_after_job(&mut self) {
        if self.workspace.refresh_seconds.is_some() {
            self.freshness.next = Some(Timestamp(self.now.0 + AFTER_A_JOB));
        }
    }

    pub(super) fn synced(&mut self, at: Option<Timestamp>, notes: Vec<String>) {
        let asked = self.freshness.running.take().is_some_and(|running| running.users > 0 || self.workspace.refresh_seconds.is_none());
        self.workspace.synced_at = at;
        self.freshness.failed = false;
        self.freshness.next = self.pause(1);
        for note in &notes {
            if !self.freshness.notes.contains(note) {
                self.toasts.fail(note.clone());
            }
        }
        self.freshness.notes = notes;
        self.keep_first();
        if asked {
            self.toasts.say("Up to date.", self.now);
        }
    }

    /// A sync came to no end. One that waits for a person does not begin again by itself.
    pub(super) fn sync_failed(&mut self, message: String, needs_person: bool) {
        self.freshness.running = None;
        self.freshness.failed = true;
        self.freshness.next = if needs_person { None } else { self.pause(PATIENCE) };
        self.toasts.fail(message);
    }

    fn pause(&self, times: i32) -> Option<Timestamp> {
        let seconds = i64::try_from(self.workspace.refresh_seconds?).ok()?;
        Some(Timestamp(self.now.0 + chrono::TimeDelta::seconds(seconds) * times))
    }

    /// Asks the operator to sign in.
    pub(super) fn ask_to_sign_in(&mut self, asked: SignInAsked) {
        // A plan or a job is not put away for it, and what is typed must not go to it: the message stays, and says how to come by the
        // address.
        if self.line.is_some() || (self.overlay.is_some() && !matches!(self.overlay, Some(Overlay::SignIn(_)))) {
            self.toasts.fail(format!("Sign in: {}", asked.words()));
        } else {
            self.overlay = Some(Overlay::SignIn(asked));
        }
    }

    pub(super) fn sign_in_over(&mut self) {
        if matches!(self.overlay, Some(Overlay::SignIn(_))) {
            self.overlay = None;
        }
        self.toasts.forget_asked("Sign in: ");
    }

    /// The menu that turns writing on or off.
    pub(super) fn writing_menu(&self) -> Menu {
        let item = |label: &str, detail: String, on| Item::new(label, detail, overlay::Choice::Writing(on));
        let tenant = &self.workspace.tenant;
        let stay = |writable: bool| if writable { "stay read-write" } else { "stay read-only" };
        let writable = self.workspace.access == Access::ReadWrite;
        let change = if writable {
            item("read-only", format!("nothing can be sent to {tenant} any more"), Some(false))
        } else {
            item("read-write", format!("confirmed plans are sent to {tenant}, from now on"), Some(true))
        };
        // What changes nothing comes first: Enter alone must not open the tenant.
        let items = vec![item(stay(writable), "changes nothing".to_owned(), None), change];
        Menu::new("Writing to this tenant", items)
    }

    /// How fresh the data is, for the status line.
    pub fn freshness_words(&self) -> String {
        match (&self.freshness.running, self.workspace.synced_at) {
            (Some(running), _) if running.what.is_empty() => "syncing …".to_owned(),
            (Some(running), _) => {
                let left = running.seconds_left.map_or(String::new(), |seconds| format!(" · {} left", duration(seconds)));
                format!("syncing {}, {}{left}", running.what, count(running.users, "user", "users"))
            }
            (None, Some(at)) if self.freshness.failed => format!("not reached, synced {}", format::since(at, self.now)),
            (None, Some(at)) => format!("synced {}", format::since(at, self.now)),
            (None, None) if self.freshness.failed => "not reached, never synced".to_owned(),
            (None, None) => "never synced".to_owned(),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::app::msg::{Msg, Opened};
    use crate::app::tests::{five, keys, opened, options};
    use crate::domain::fixture::now;
    use crate::domain::records::UserRecords;

    fn live() -> App {
        live_with(five())
    }

    /// A console on a live tenant with these users.
    pub fn live_with(users: Vec<UserRecords>) -> App {
        let mut app = App::new(options(), now());
        let opened = Opened {
            label: "LIVE",
            access: Access::ReadOnly,
            account: Some("operator@contoso.test".to_owned()),
            refresh_seconds: Some(120),
            ..opened(users)
        };
        crate::app::tests::tell(&mut app, Msg::Opened(Box::new(opened)));
        app
    }

    fn later(seconds: i64) -> Timestamp {
        Timestamp(now().0 + chrono::TimeDelta::seconds(seconds))
    }

    #[test]
    fn a_live_workspace_is_read_at_once_and_then_at_its_pace() {
        let mut app = live();
        assert_eq!(app.wake_at(), Some(now()));
        assert_eq!(app.update(Msg::Wake, now()), [Effect::Refresh]);
        assert!(app.update(Msg::Wake, later(1)).is_empty(), "one at a time");
        app.update(Msg::Synced { at: Some(later(9)), notes: vec![] }, later(9));
        assert!(app.update(Msg::Wake, later(100)).is_empty());
        assert_eq!(app.update(Msg::Wake, later(129)), [Effect::Refresh]);
    }

    #[test]
    fn the_riskiest_stays_in_sight_while_a_tenant_is_read_until_somebody_moves() {
        let mut app = live();
        let mut users = five();
        let alex = users.remove(1);
        crate::app::tests::tell(&mut app, Msg::Opened(Box::new(opened(Vec::new()))));
        app.update(Msg::Records(users), now());
        app.update(Msg::Records(vec![alex]), now());
        assert_eq!(app.users().cursor().map(ToString::to_string).as_deref(), Some("alex"));
        keys(&mut app, "j");
        let chosen = app.users().cursor().cloned();
        app.update(Msg::Records(vec![crate::domain::fixture::risky_user("aaron", "passwordSpray")]), now());
        assert_eq!(app.users().cursor().cloned(), chosen);
    }

    #[test]
    fn other_workspaces_are_read_only_when_asked() {
        let mut app = crate::app::tests::sized((120, 40), five());
        assert!(app.update(Msg::Wake, later(500)).is_empty());
        assert_eq!(keys(&mut app, "R"), [Effect::Refresh]);
    }

    #[test]
    fn a_failure_is_tried_again_later_but_nobody_is_asked_to_sign_in_over_and_over() {
        let mut app = live();
        app.update(Msg::Wake, now());
        app.update(Msg::SyncFailed { message: "no connection".to_owned(), needs_person: false }, later(1));
        assert!(app.update(Msg::Wake, later(121)).is_empty());
        assert_eq!(app.update(Msg::Wake, later(601)), [Effect::Refresh]);
        app.update(Msg::SyncFailed { message: "nobody signed in".to_owned(), needs_person: true }, later(602));
        assert!(app.update(Msg::Wake, later(9_000)).is_empty());
        assert!(app.message().iter().any(|line| line.contains("nobody signed in")), "{:?}", app.message());
    }

    #[test]
    fn what_a_job_changed_besides_is_read_soon_after() {
        let mut app = live();
        app.update(Msg::Wake, now());
        app.update(Msg::Synced { at: Some(now()), notes: vec![] }, now());
        let tally = crate::domain::ledger::Tally::default();
        let ended = Msg::JobEnded { job: crate::domain::journal::JobId(1), state: crate::domain::journal::JobState::Done, tally };
        app.update(ended, later(10));
        assert_eq!(app.update(Msg::Wake, later(12)), [Effect::Refresh]);
    }

    #[test]
    fn a_note_is_told_once_and_the_status_line_keeps_saying_that_something_is_missing() {
        let mut app = live();
        let synced = || Msg::Synced { at: Some(now()), notes: vec!["session fields are missing".to_owned()] };
        app.update(Msg::Wake, now());
        app.update(synced(), now());
        assert!(app.message().iter().any(|line| line.contains("session fields")));
        keys(&mut app, "esc");
        app.update(Msg::Wake, later(121));
        app.update(synced(), later(122));
        assert!(app.message().is_empty(), "{:?}", app.message());
        assert_eq!(app.sync_notes().len(), 1);
    }

    #[test]
    fn a_sign_in_is_asked_for_and_does_not_push_a_plan_away() {
        let asked = || SignInAsked { address: "https://x.test/device".to_owned(), code: Some("ABC".to_owned()), opened: false };
        let mut app = live();
        app.update(Msg::SignIn(asked()), now());
        assert!(matches!(app.overlay(), Some(Overlay::SignIn(_))));
        assert_eq!(keys(&mut app, "y"), [Effect::Copy("ABC".to_owned())]);
        app.update(Msg::SignInOver, now());
        assert!(app.overlay().is_none());
        keys(&mut app, "e d");
        app.update(Msg::SignIn(asked()), now());
        assert!(matches!(app.overlay(), Some(Overlay::Preview(_))));
        assert!(app.message().iter().any(|line| line.contains("ABC")));
        app.update(Msg::SignInOver, now());
        assert!(app.message().is_empty());
    }

    #[test]
    fn writing_is_turned_on_by_choosing_it_and_never_by_enter_alone() {
        let mut app = live();
        assert!(keys(&mut app, "W enter").is_empty());
        assert_eq!(keys(&mut app, "W j enter"), [Effect::SetWritable(true)]);
        app.update(Msg::Access(Access::ReadWrite), now());
        assert_eq!(keys(&mut app, "W j enter"), [Effect::SetWritable(false)]);
    }
}

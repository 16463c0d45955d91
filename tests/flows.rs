//! Key-driven flows through the real event loop, over a demo tenant and a screen in memory. Time moves only while
//! everything waits, so that a hold window of seconds takes none.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::cell::RefCell;
use std::future::Future;
use std::io;
use std::ops::ControlFlow;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use entriage::app::overlay::{Choice, Overlay};
use entriage::app::preview::Place;
use entriage::app::{App, KeyMap, Options};
use entriage::clock::Clock;
use entriage::console::{Inbound, Runtime, Screen, Which, open_workspace};
use entriage::domain::action::Action;
use entriage::domain::facts::{self, BlockedBy};
use entriage::domain::time::Timestamp;
use entriage::domain::workspace::{DemoSpec, Fault, FaultKind};
use entriage::engine::{OpenOptions, Session, SignInOptions};
use entriage::store::Home;
use futures::channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use tokio::time::timeout;

/// Longer than any pause of a job, shorter than the minute after which relative times are drawn anew. It costs nothing.
const A_WHILE: Duration = Duration::from_secs(40);
const A_MOMENT: Duration = Duration::from_millis(300);

#[derive(Clone, Default)]
struct FakeScreen {
    copied: Rc<RefCell<Vec<String>>>,
    suspended: Rc<RefCell<usize>>,
}

impl Screen for FakeScreen {
    fn copy(&mut self, text: &str) -> io::Result<()> {
        self.copied.borrow_mut().push(text.to_owned());
        Ok(())
    }

    fn mouse(&mut self, _: bool) -> io::Result<()> {
        Ok(())
    }

    fn suspend(&mut self) -> io::Result<()> {
        *self.suspended.borrow_mut() += 1;
        Ok(())
    }
}

struct Stage {
    runtime: Runtime<TestBackend, FakeScreen>,
    screen: FakeScreen,
    keys: UnboundedSender<io::Result<Event>>,
    input: UnboundedReceiver<io::Result<Event>>,
    ended: bool,
}

fn now() -> Timestamp {
    Timestamp::parse("2026-11-22T14:05:00Z").unwrap()
}

fn spec(users: u32, faults: Vec<Fault>) -> DemoSpec {
    DemoSpec { seed: 1, users, epoch: now(), rate: Some(1.0), faults }
}

fn options(home: &Path, read_only: bool) -> OpenOptions {
    OpenOptions { home: Home(home.to_owned()), read_only, clock: Clock::starting_at(now()), sign_in: SignInOptions::silent() }
}

impl Stage {
    async fn open(options: OpenOptions, which: Which) -> Stage {
        let (mut stage, sender) = Self::empty(options.clock);
        tokio::spawn(open_workspace(options, which, sender));
        stage.settle(A_WHILE).await;
        stage
    }

    /// A console that is opening a workspace, and what is told of it meanwhile.
    fn empty(clock: Clock) -> (Stage, tokio::sync::mpsc::UnboundedSender<Inbound>) {
        let app = App::new(Options { keys: KeyMap::defaults(), hold_seconds: 5, size: (120, 40), mono: false }, clock.now());
        let screen = FakeScreen::default();
        let terminal = Terminal::new(TestBackend::new(120, 40)).unwrap();
        let (runtime, sender) = Runtime::new(terminal, screen.clone(), app, clock);
        let (keys, input) = unbounded();
        let mut stage = Stage { runtime, screen, keys, input, ended: false };
        stage.runtime.draw().unwrap();
        assert!(stage.text().contains("entriage"), "the first frame does not wait for the workspace");
        (stage, sender)
    }

    async fn demo(home: &Path, users: u32) -> Stage {
        Self::open(options(home, false), Which::Demo { spec: Some(spec(users, Vec::new())), reset: false, first_run: false }).await
    }

    /// Lets the loop turn until nothing has happened for this long.
    async fn settle(&mut self, quiet: Duration) {
        while let Ok(flow) = timeout(quiet, self.runtime.turn(&mut self.input)).await {
            if let ControlFlow::Break(()) = flow.unwrap() {
                self.ended = true;
                return;
            }
        }
        self.runtime.draw().unwrap();
    }

    async fn key(&mut self, code: KeyCode) {
        self.keys.unbounded_send(Ok(Event::Key(KeyEvent::new(code, KeyModifiers::NONE)))).unwrap();
        self.settle(A_MOMENT).await;
    }

    /// Types text; `\n` is Enter, `\x1b` is Esc.
    async fn type_in(&mut self, text: &str) {
        for character in text.chars() {
            let code = match character {
                '\n' => KeyCode::Enter,
                '\x1b' => KeyCode::Esc,
                other => KeyCode::Char(other),
            };
            self.key(code).await;
        }
    }

    fn text(&self) -> String {
        let buffer = self.runtime.terminal().backend().buffer();
        let width = usize::from(buffer.area.width);
        let cells: Vec<&str> = buffer.content().iter().map(|cell| cell.symbol()).collect();
        cells.chunks(width).map(|row| row.concat().trim_end().to_owned()).collect::<Vec<_>>().join("\n")
    }

    #[track_caller]
    fn shows(&self, text: &str) {
        assert!(self.text().contains(text), "{text:?} is not on the screen:\n{}", self.text());
    }

    /// The number before these words.
    fn number_before(&self, words: &str) -> usize {
        let text = self.text();
        let before = text.split(words).next().unwrap();
        let digits: String = before.chars().rev().skip_while(|c| *c == ' ').take_while(|c| c.is_ascii_digit() || *c == ',').collect();
        digits
            .chars()
            .rev()
            .filter(char::is_ascii_digit)
            .collect::<String>()
            .parse()
            .unwrap_or_else(|_| panic!("no number before {words:?}:\n{text}"))
    }
}

/// Runs a flow in a runtime of its own: when it ends, all its tasks are gone, as after a kill.
fn play<T>(flow: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap().block_on(flow)
}

const PLAIN: &str = "/state:atRisk -privileged:true -tokentheft:true -deleted:true -guest:true evidence:fresh -detail:adminConfirmed\n";

#[test]
fn filter_mark_and_dismiss_many() {
    let home = tempfile::tempdir().unwrap();
    play(async {
        let mut stage = Stage::demo(home.path(), 200).await;
        stage.shows("Risky users");
        stage.type_in(PLAIN).await;
        stage.type_in("ad").await;
        let count = stage.number_before("will be dismissed");
        assert!(count > 60, "more than one request: {count}");
        stage.type_in("\n").await;
        stage.shows("Dismiss user risk"); // a reason is needed first
        stage.type_in("penetration test\n1\n").await;
        stage.shows("will be dismissed"); // the wrong number starts nothing
        stage.key(KeyCode::Backspace).await;
        stage.type_in(&format!("{count}\n")).await;
        stage.shows("nothing has been sent");
        stage.settle(A_WHILE).await;
        assert_eq!(stage.number_before("verified"), count);
        stage.type_in("\x1bq").await;
        assert!(stage.ended);
    });
    play(async {
        let session = Session::open(&options(home.path(), false), "demo").await.unwrap();
        let dismissed = session
            .load()
            .unwrap()
            .users()
            .iter()
            .filter(|records| records.user.risk_detail.as_ref().is_some_and(|detail| detail.as_str() == "adminDismissedAllRiskForUser"))
            .count();
        assert!(dismissed > 60);
        assert!(session.store.verify().unwrap().is_ok());
    });
}

#[test]
fn escape_in_the_hold_window_sends_nothing() {
    let home = tempfile::tempdir().unwrap();
    play(async {
        let mut stage = Stage::demo(home.path(), 200).await;
        stage.type_in(PLAIN).await;
        stage.type_in("d\n\n").await;
        stage.shows("nothing has been sent");
        stage.type_in("\x1b").await;
        stage.settle(A_WHILE).await;
        stage.type_in("\x1bJ").await;
        stage.shows("cancelled");
        assert!(!stage.text().contains("about to send"), "{}", stage.text());
    });
}

#[test]
fn escape_in_a_running_job_stops_it_after_the_request_in_flight() {
    let home = tempfile::tempdir().unwrap();
    play(async {
        let mut stage = Stage::demo(home.path(), 2_000).await;
        stage.type_in(PLAIN).await;
        stage.type_in("ad").await;
        let count = stage.number_before("will be dismissed").to_string();
        stage.type_in(&format!("drill\n{count}\n")).await;
        // After the hold, some requests are sent.
        let deadline = tokio::time::Instant::now() + Duration::from_secs(9);
        while tokio::time::Instant::now() < deadline {
            drop(timeout(Duration::from_secs(1), stage.runtime.turn(&mut stage.input)).await);
        }
        stage.type_in("\x1b").await;
        stage.settle(A_WHILE).await;
        let text = stage.text();
        assert!(text.contains("ancelled") && text.contains("verified") && text.contains("not sent"), "{text}");
    });
}

#[test]
fn an_interrupted_job_is_offered_and_resumed() {
    let home = tempfile::tempdir().unwrap();
    play(async {
        let mut stage = Stage::demo(home.path(), 200).await;
        stage.type_in(PLAIN).await;
        stage.type_in("ad").await;
        let count = stage.number_before("will be dismissed");
        stage.type_in(&format!("drill\n{count}\n")).await;
        let deadline = tokio::time::Instant::now() + Duration::from_millis(5_500);
        while tokio::time::Instant::now() < deadline {
            drop(timeout(Duration::from_millis(100), stage.runtime.turn(&mut stage.input)).await);
        }
        // Here the process ends: one request is sent, the others are not.
    });
    play(async {
        let mut stage = Stage::open(options(home.path(), false), Which::Named("demo".to_owned())).await;
        stage.shows("resume");
        if !stage.text().contains("Jobs") {
            stage.type_in("x").await;
        }
        stage.type_in("\n").await;
        stage.settle(A_WHILE).await;
        stage.shows("verified");
        stage.type_in("\x1b\x1bq").await;
        assert!(stage.ended);
    });
    play(async {
        let session = Session::open(&options(home.path(), false), "demo").await.unwrap();
        session.store.with_ledger(&mut |ledger| {
            let job = ledger.jobs().next().unwrap();
            assert!(job.tally().all_verified(), "{:?}", job.tally());
        });
    });
}

#[test]
fn a_poisoned_id_fails_alone_and_is_named() {
    let home = tempfile::tempdir().unwrap();
    let poison =
        Fault { actions: Vec::new(), user: Some("alex.wilber@contoso.test".to_owned()), times: None, path: None, does: FaultKind::Poison };
    play(async {
        let which = Which::Demo { spec: Some(spec(200, vec![poison])), reset: false, first_run: false };
        let mut stage = Stage::open(options(home.path(), false), which).await;
        stage.type_in("/level:high -privileged:true -tokentheft:true -deleted:true state:atRisk\n").await;
        stage.type_in("ad").await;
        let count = stage.number_before("will be dismissed");
        stage.type_in(&format!("drill\n{count}\n")).await;
        stage.settle(A_WHILE).await;
        assert_eq!(stage.number_before("verified"), count - 1);
        stage.shows("alex.wilber@contoso.test");
        stage.shows("1 failed");
    });
}

#[test]
fn a_read_only_console_shows_why_nothing_can_be_sent() {
    let home = tempfile::tempdir().unwrap();
    play(async {
        let which = Which::Demo { spec: Some(spec(200, Vec::new())), reset: false, first_run: false };
        let mut stage = Stage::open(options(home.path(), true), which).await;
        stage.shows("read-only");
        stage.type_in("d").await;
        stage.shows("started with --read-only: nothing can be sent");
        stage.type_in("ed").await;
        stage.shows("1 refused");
        stage.type_in("because\n\n\n").await;
        stage.settle(A_WHILE).await;
        assert!(!stage.text().contains("verified"), "{}", stage.text());
    });
}

#[test]
fn copying_and_suspending_go_to_the_terminal() {
    let home = tempfile::tempdir().unwrap();
    play(async {
        let mut stage = Stage::demo(home.path(), 200).await;
        stage.type_in("y").await;
        stage.type_in("\n").await;
        assert_eq!(*stage.screen.copied.borrow(), ["adele.vance@contoso.test"]);
        stage.shows("OSC 52");
        stage.keys.unbounded_send(Ok(Event::Key(KeyEvent::new(KeyCode::Char('z'), KeyModifiers::CONTROL)))).unwrap();
        stage.settle(A_MOMENT).await;
        assert_eq!(*stage.screen.suspended.borrow(), 1);
    });
}

#[test]
fn an_idle_console_wakes_once_a_minute_at_most() {
    let home = tempfile::tempdir().unwrap();
    play(async {
        let mut stage = Stage::demo(home.path(), 200).await;
        stage.settle(A_WHILE).await;
        let clock = now().0 + chrono::TimeDelta::seconds(60);
        let wake = stage.runtime.app().wake_at().unwrap();
        assert!(wake.0 >= clock, "{wake}");
    });
}

/// Users of whom nothing speaks against any remediation.
const QUIET: &str =
    "/state:atRisk -privileged:true -tokentheft:true -deleted:true -guest:true -hybrid:true evidence:fresh -detail:adminConfirmed\n";

impl Stage {
    /// Chooses an action in the menu of every remediation.
    async fn remedy(&mut self, action: Action) {
        self.type_in("r").await;
        let Some(Overlay::Menu(menu)) = self.runtime.app().overlay() else { panic!("no menu:\n{}", self.text()) };
        let at = menu.items.iter().position(|item| item.choice == Choice::Remedy(action)).unwrap();
        self.type_in(&format!("{}\n", "j".repeat(at))).await;
        self.settle(A_WHILE).await; // what it is judged by is read first
    }

    /// Takes the only target in against its caution, gives a reason, and types what is asked for.
    async fn confirm_with_care(&mut self, reason: &str) {
        let open = |stage: &Stage| match stage.runtime.app().overlay() {
            Some(Overlay::Preview(preview)) => preview.plan.clone(),
            other => panic!("no preview but {other:?}:\n{}", stage.text()),
        };
        if open(self).included_count() == 0 {
            self.turn_to(Place::Targets).await;
            self.type_in(" ").await;
            self.turn_to(Place::Reason).await;
        }
        self.type_in(&format!("{reason}\n")).await;
        let text = open(self).confirmation_text();
        self.type_in(&format!("{text}\n")).await;
        self.settle(A_WHILE).await;
    }

    /// What the open preview says, before it is broken into lines.
    fn summary(&self) -> String {
        match self.runtime.app().overlay() {
            Some(Overlay::Preview(preview)) => preview.summary.join("\n"),
            other => panic!("no preview but {other:?}:\n{}", self.text()),
        }
    }

    /// Presses Tab until the cursor of the preview stands there.
    async fn turn_to(&mut self, place: Place) {
        while matches!(self.runtime.app().overlay(), Some(Overlay::Preview(preview)) if preview.place != place) {
            self.key(KeyCode::Tab).await;
        }
    }

    /// Opens the plan of the step that comes next and lets it run.
    async fn step(&mut self) {
        self.type_in("\n").await;
        self.settle(A_WHILE).await;
        self.confirm_with_care("").await;
    }
}

#[test]
fn a_compromise_is_secured_step_by_step_past_a_failure_and_a_restart() {
    let home = tempfile::tempdir().unwrap();
    let fault = Fault { actions: vec![Action::GenerateTemporaryPassword], user: None, times: Some(1), path: None, does: FaultKind::Poison };
    play(async {
        let which = Which::Demo { spec: Some(spec(200, vec![fault])), reset: false, first_run: false };
        let mut stage = Stage::open(options(home.path(), false), which).await;
        stage.type_in(QUIET).await;
        stage.type_in("c").await;
        stage.confirm_with_care("incident 7").await;
        stage.shows("not secured yet");
        stage.type_in("r").await;
        stage.settle(A_WHILE).await;
        stage.confirm_with_care("incident 7").await;
        stage.shows("playbook 2");
        // Who is confirmed compromised already needs no step that says so.
        assert!(!stage.text().contains("Confirm user compromised"), "{}", stage.text());
        stage.step().await;
        stage.shows("failed: verified 0 of 1");
        assert!(!stage.runtime.app().passwords().are_shown());
        // Here the process ends.
    });
    play(async {
        let mut stage = Stage::open(options(home.path(), false), Which::Named("demo".to_owned())).await;
        stage.shows("1 playbook is unfinished");
        stage.type_in("\n").await;
        stage.shows("failed: verified 0 of 1");
        stage.key(KeyCode::Up).await;
        stage.step().await;
        stage.shows("Temporary passwords");
        stage.shows("cannot be shown again");
        let password = stage.runtime.app().passwords().list[0].password.expose().to_owned();
        stage.shows(&password);
        stage.type_in("y\nc").await;
        assert_eq!(*stage.screen.copied.borrow(), std::slice::from_ref(&password));
        assert!(!stage.text().contains(&password), "{}", stage.text());
        stage.shows("verified 1 of 1");
        stage.step().await;
        stage.key(KeyCode::Down).await;
        stage.key(KeyCode::Down).await;
        stage.key(KeyCode::Down).await;
        stage.type_in("sno device of his\n").await;
        stage.settle(A_WHILE).await;
        stage.shows("ended: every step is settled");
        let journal = std::fs::read_to_string(home.path().join("workspaces/demo/journal.jsonl")).unwrap();
        assert!(journal.contains("generateTemporaryPassword") && !journal.contains(&password));
    });
}

#[test]
fn a_user_is_unblocked_by_a_trusted_address_and_that_is_undone() {
    let home = tempfile::tempdir().unwrap();
    play(async {
        let mut stage = Stage::demo(home.path(), 200).await;
        stage.type_in("/blocked:builtInProtection -deleted:true -privileged:true\n").await;
        let user = stage.runtime.app().users().cursor().unwrap().clone();
        let by = |stage: &Stage| {
            let app = stage.runtime.app();
            facts::blocked(app.dataset().user(&user).unwrap(), app.dataset().tenant(), app.now()).by
        };
        assert_eq!(by(&stage), [BlockedBy::BuiltInProtection]);
        stage.type_in("u").await;
        stage.settle(A_WHILE).await;
        stage.shows("Blocked by built-in protection");
        stage.shows("Trust the IP");
        stage.type_in("g\n").await;
        stage.shows("trusted location");
        stage.confirm_with_care("our own exit").await;
        stage.shows("1 verified");
        assert_eq!(by(&stage), [], "the block ended");
        stage.type_in("\x1b").await;
        stage.type_in("xU").await;
        stage.shows("Stop trusting IP address");
        stage.shows("undo of job 1");
        stage.confirm_with_care("").await;
        stage.shows("1 verified");
    });
    play(async {
        let session = Session::open(&options(home.path(), false), "demo").await.unwrap();
        let facts = session.store.tenant_facts().unwrap();
        assert!(facts.own_location().is_none_or(|location| location.ranges.is_empty()), "{facts:?}");
    });
}

#[test]
fn what_happens_to_a_user_is_simulated_from_the_palette() {
    let home = tempfile::tempdir().unwrap();
    play(async {
        let mut stage = Stage::demo(home.path(), 60).await;
        stage.type_in("/state:none deleted:false guest:false enabled:true mfa:true\n").await;
        let user = stage.runtime.app().users().cursor().unwrap().clone();
        stage.type_in(":simulate\n").await;
        stage.shows("Stolen token");
        stage.type_in("jj\n").await;
        stage.settle(A_WHILE).await;
        let records = stage.runtime.app().dataset().user(&user).unwrap();
        assert_eq!((records.user.at_risk(), facts::token_theft(records)), (Some(true), Some(true)));
        stage.type_in("M").await;
        stage.shows("Simulated:");
    });
}

#[test]
fn a_user_is_left_out_of_a_policy_and_taken_back_in_from_the_journal() {
    let home = tempfile::tempdir().unwrap();
    play(async {
        let mut stage = Stage::demo(home.path(), 200).await;
        let before = stage.runtime.app().dataset().tenant().clone();
        assert!(before.policies.is_some(), "the policies were read");
        stage.type_in("/blocked:userRisk -deleted:true -privileged:true -tokentheft:true\n").await;
        stage.remedy(Action::ExcludeFromPolicy).await;
        stage.type_in("\n").await;
        assert!(stage.summary().contains("excludeUsers +"), "{}", stage.text());
        stage.confirm_with_care("locked out of the incident room").await;
        stage.shows("1 verified");
        assert_ne!(*stage.runtime.app().dataset().tenant(), before);
        stage.type_in("\x1bJ").await;
        stage.settle(A_WHILE).await;
        stage.type_in("U").await;
        assert!(stage.summary().contains("excludeUsers -"), "{}", stage.text());
        stage.confirm_with_care("").await;
        stage.shows("1 verified");
        assert_eq!(*stage.runtime.app().dataset().tenant(), before);
    });
}

#[test]
fn a_queue_is_gone_through_by_a_verdict_a_cancelled_hold_and_a_plan() {
    let home = tempfile::tempdir().unwrap();
    play(async {
        let mut stage = Stage::demo(home.path(), 200).await;
        stage.type_in(PLAIN).await;
        stage.type_in("Q").await;
        stage.shows("queue 1 of");
        stage.type_in("V\n").await;
        stage.shows("queue 2 of");
        stage.shows("1 decided");
        stage.type_in("d\n\n").await;
        stage.shows("nothing has been sent");
        stage.type_in("\x1b").await;
        stage.settle(A_WHILE).await;
        stage.type_in("\x1b").await;
        stage.shows("queue 2 of"); // nothing was sent, so the same user is in front
        stage.shows("· 1 decided");
        stage.type_in("d\n\n").await;
        stage.settle(A_WHILE).await;
        stage.shows("queue 3 of");
        stage.shows("2 decided");
    });
}

#[test]
fn what_is_computed_beside_the_loop_is_shown_when_it_is_there() {
    let home = tempfile::tempdir().unwrap();
    play(async {
        let mut stage = Stage::demo(home.path(), 200).await;
        for (key, there) in [("C", "THEY SHARE"), ("0", "How long those at risk have waited"), ("p", "users, ")] {
            stage.type_in(key).await;
            stage.shows(there);
            assert!(!stage.text().contains("Computing over") && !stage.text().contains("counting …"), "{}", stage.text());
            stage.type_in("\x1b").await;
        }
        stage.shows("Adele Vance");
        stage.type_in("X").await;
        stage.shows("PRIVACY");
        stage.shows("Risky users");
        assert!(!stage.text().contains("Adele"), "{}", stage.text());
    });
}

#[test]
fn a_large_workspace_shows_its_first_users_before_everybody_is_read() {
    let home = tempfile::tempdir().unwrap();
    let first = play(async {
        let mut stage = Stage::demo(home.path(), 600).await;
        stage.shows("┏ 1 Risky users ━");
        stage.key(KeyCode::Char('G')).await;
        stage.key(KeyCode::Char('g')).await;
        stage.runtime.app().users().cursor().cloned()
    });
    play(async {
        let which = Which::Demo { spec: Some(spec(600, Vec::new())), reset: false, first_run: false };
        let (told, mut inbox) = tokio::sync::mpsc::unbounded_channel();
        open_workspace(options(home.path(), false), which, told).await;
        let (mut stage, sender) = Stage::empty(Clock::starting_at(now()));
        let mut early = String::new();
        while let Some(inbound) = inbox.recv().await {
            assert!(sender.send(inbound).is_ok());
            stage.settle(A_MOMENT).await;
            if stage.text().contains("reading all users") {
                assert_eq!(stage.runtime.app().users().cursor().cloned(), first);
                stage.type_in("d").await;
                stage.shows("still being read");
                early = stage.text();
            }
        }
        assert!(early.contains("the first 100"), "{early}");
        stage.settle(A_WHILE).await;
        assert!(!stage.text().contains("reading all users") && !stage.text().contains("the first 100"));
        assert_eq!(stage.runtime.app().users().cursor().cloned(), first);
        stage.type_in("d").await;
        stage.shows("Dismiss");
    });
}

//! Days in the life of a tenant: new risk, users who remediate themselves, refreshes, an operator who presses anything, confirms
//! plans, and is cut off in the middle; through the real event loop, with time that only moves while everything waits. After each
//! step the invariants of the design hold, and nothing grows that should not.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::io;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use entriage::app::overlay::Overlay;
use entriage::app::{App, KeyMap, Options};
use entriage::clock::Clock;
use entriage::console::{Inbound, Runtime, Screen, Which, open_workspace};
use entriage::domain::happening::Happening;
use entriage::domain::journal::{Entry, JobId, JournalRecord};
use entriage::domain::records::UserId;
use entriage::domain::risk::RiskLevel;
use entriage::domain::settings::TenantSettings;
use entriage::domain::time::Timestamp;
use entriage::domain::workspace::DemoSpec;
use entriage::engine::{OpenOptions, Session, SignInOptions};
use entriage::store::Home;
use entriage::tenant::demo::Simulation;
use futures::channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use serde_json::Value;
use tokio::time::timeout;

use crate::support::rounds;

const USERS: u32 = 80;
const STEPS: usize = 60;
const A_MOMENT: Duration = Duration::from_millis(300);
/// Longer than any pause of a job.
const QUIET: Duration = Duration::from_secs(90);
/// More tasks than the longest flow needs at once; a leak of one a step is far above it.
const TASKS: usize = 24;

struct NoScreen;

impl Screen for NoScreen {
    fn copy(&mut self, _: &str) -> io::Result<()> {
        Ok(())
    }

    fn suspend(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn mouse(&mut self, _: bool) -> io::Result<()> {
        Ok(())
    }
}

struct Stage {
    runtime: Runtime<TestBackend, NoScreen>,
    session: Arc<Session>,
    keys: UnboundedSender<io::Result<Event>>,
    input: UnboundedReceiver<io::Result<Event>>,
    clock: Clock,
}

impl Stage {
    async fn open(home: &Path, clock: Clock, epoch: Timestamp) -> Stage {
        let options = OpenOptions { home: Home(home.to_owned()), read_only: false, clock, sign_in: SignInOptions::silent() };
        let app = App::new(Options { keys: KeyMap::defaults(), hold_seconds: 5, size: (120, 40), mono: false }, clock.now());
        let (runtime, sender) = Runtime::new(Terminal::new(TestBackend::new(120, 40)).unwrap(), NoScreen, app, clock);
        let spec = DemoSpec { seed: 3, users: USERS, epoch, rate: Some(1.0), faults: Vec::new() };
        // What opens the workspace tells of it through here, so that things can be made to happen in its tenant.
        let (between, mut opened) = tokio::sync::mpsc::unbounded_channel();
        tokio::spawn(open_workspace(options, Which::Demo { spec: Some(spec), reset: false, first_run: false }, between));
        let mut session = None;
        while let Some(inbound) = opened.recv().await {
            if let Inbound::Session(held) = &inbound {
                session = Some(Arc::clone(held));
            }
            assert!(!matches!(inbound, Inbound::OpenFailed(_) | Inbound::Broken(_)), "the workspace does not open");
            assert!(sender.send(inbound).is_ok());
        }
        let (keys, input) = unbounded();
        let mut stage = Stage { runtime, session: session.unwrap(), keys, input, clock };
        assert!(!stage.settle(A_MOMENT).await);
        stage
    }

    /// Lets the loop turn until nothing has happened for this long. Tells whether the console ended.
    async fn settle(&mut self, quiet: Duration) -> bool {
        while let Ok(flow) = timeout(quiet, self.runtime.turn(&mut self.input)).await {
            if let ControlFlow::Break(()) = flow.unwrap() {
                return true;
            }
        }
        false
    }

    /// Lets the loop turn for this long.
    async fn pass(&mut self, duration: Duration) -> bool {
        let until = tokio::time::Instant::now() + duration;
        while let Ok(flow) = tokio::time::timeout_at(until, self.runtime.turn(&mut self.input)).await {
            if let ControlFlow::Break(()) = flow.unwrap() {
                return true;
            }
        }
        false
    }

    async fn press(&mut self, code: KeyCode) -> bool {
        self.keys.unbounded_send(Ok(Event::Key(KeyEvent::new(code, KeyModifiers::NONE)))).unwrap();
        self.settle(A_MOMENT).await
    }

    async fn type_in(&mut self, text: &str) -> bool {
        for character in text.chars() {
            let code = match character {
                '\n' => KeyCode::Enter,
                '\x1b' => KeyCode::Esc,
                other => KeyCode::Char(other),
            };
            if self.press(code).await {
                return true;
            }
        }
        false
    }

    /// Plans an action on what is marked or under the cursor, and confirms it as the screen asks.
    async fn confirm(&mut self, key: char) -> bool {
        if self.type_in("\x1b\x1b\x1b").await || self.press(KeyCode::Char('1')).await || self.press(KeyCode::Char(key)).await {
            return true;
        }
        if !matches!(self.runtime.app().overlay(), Some(Overlay::Preview(_))) {
            return false;
        }
        if self.type_in("soak\n").await {
            return true;
        }
        let Some(Overlay::Preview(preview)) = self.runtime.app().overlay() else { return false };
        let asked = if preview.plan.included_count() == 0 { return false } else { preview.plan.confirmation_text() };
        self.type_in(&asked).await || self.press(KeyCode::Enter).await
    }

    async fn happens(&self, rng: &mut ChaCha8Rng) {
        let users: Vec<UserId> = self.runtime.app().dataset().users().iter().map(|records| records.id().clone()).collect();
        let user = &users[pick(rng, users.len())];
        let detections = ["unfamiliarFeatures", "anomalousToken", "passwordSpray", "leakedCredentials"];
        let level = [RiskLevel::Low, RiskLevel::Medium, RiskLevel::High][pick(rng, 3)].clone();
        let happening = match pick(rng, 6) {
            0 | 1 => Happening::SignIn { detection: detections[pick(rng, detections.len())].to_owned(), level },
            2 => Happening::MfaPassed,
            3 => Happening::SecurePasswordChange,
            4 => Happening::SelfServiceReset,
            _ => Happening::SystemDismissal,
        };
        let settings = TenantSettings::of(&self.session.ledger());
        let simulation = Simulation { happening: &happening, user, sign_in: None, settings: &settings };
        // What the tenant's rules refuse is an answer, too.
        if let Some(Err(error)) = self.session.simulate(&simulation).await {
            assert!(error.to_string().contains("There is no"), "{error}");
        }
    }

    fn marks(&self) -> BTreeSet<UserId> {
        self.runtime.app().users().marks.iter().cloned().collect()
    }
}

fn pick(rng: &mut ChaCha8Rng, count: usize) -> usize {
    (rng.next_u64() % count as u64) as usize
}

/// Any key but those that leave.
fn any_key(rng: &mut ChaCha8Rng) -> KeyCode {
    const CHARACTERS: &str = "jkgGzfvaAioweutnyxJ:?123RSdcsrWUD /lmhi";
    const OTHERS: [KeyCode; 9] = [
        KeyCode::Enter,
        KeyCode::Esc,
        KeyCode::Tab,
        KeyCode::BackTab,
        KeyCode::Up,
        KeyCode::Down,
        KeyCode::PageDown,
        KeyCode::PageUp,
        KeyCode::Backspace,
    ];
    match pick(rng, 3) {
        0 => OTHERS[pick(rng, OTHERS.len())],
        _ => KeyCode::Char(CHARACTERS.chars().nth(pick(rng, CHARACTERS.len())).unwrap()),
    }
}

/// What the journal has proven so far.
#[derive(Default)]
struct Watch {
    confirmed: HashMap<JobId, HashSet<String>>,
    announced: HashSet<String>,
    seen: usize,
    writes: usize,
}

impl Watch {
    /// No write without a confirmed plan, and none that was not announced: the journal and the tenant's own log are compared.
    fn look(&mut self, session: &Session, folder: &Path, at: &str) {
        let records = session.store.journal().unwrap();
        for JournalRecord { seq, entry, .. } in records.iter().skip(self.seen) {
            self.seen += 1;
            assert_eq!(*seq, self.seen as u64, "{at}: the journal has a gap");
            match entry {
                Entry::JobConfirmed { job, plan, .. } => {
                    self.confirmed.insert(*job, plan.included().map(|target| target.id.clone()).collect());
                }
                Entry::Intent { job, ids, .. } => {
                    let plan = self.confirmed.get(job).unwrap_or_else(|| panic!("{at}: job {job:?} was never confirmed"));
                    assert!(ids.iter().all(|id| plan.contains(id)), "{at}: {ids:?} go beyond the plan of {job:?}");
                    self.announced.extend(ids.iter().cloned());
                }
                _ => {}
            }
        }
        let log = std::fs::read_to_string(folder.join("workspaces/demo/tenant.jsonl")).unwrap();
        let lines: Vec<&str> = log.lines().collect();
        for line in lines.iter().skip(self.writes) {
            let line: Value = serde_json::from_str(line).unwrap();
            // The system's doing, or the user's own.
            if line["initiatedBy"].is_null() || line["initiatedBy"] == line["users"][0] {
                continue;
            }
            for id in ["users", "signIns"].iter().filter_map(|name| line[*name].as_array()).flatten() {
                assert!(self.announced.contains(id.as_str().unwrap()), "{at}: {line} was not in the journal before");
            }
        }
        self.writes = lines.len();
    }
}

/// One day: steps until the operator is cut off. Tells how long it was and whether a job ran.
async fn day(home: &Path, clock: Clock, epoch: Timestamp, rng: &mut ChaCha8Rng, watch: &mut Watch, name: &str) -> Timestamp {
    let mut stage = Stage::open(home, clock, epoch).await;
    for step in 0..STEPS {
        let at = format!("{name}, step {step}");
        let before = stage.marks();
        let (what, ended) = match pick(rng, 20) {
            0..=2 => {
                stage.happens(rng).await;
                ("it happens", stage.settle(A_MOMENT).await)
            }
            3 => ("a pause", stage.pass(Duration::from_secs(30 + rng.next_u64() % 900)).await),
            4 | 5 => {
                let key = ['d', 'c', 's'][pick(rng, 3)];
                ("a plan", stage.confirm(key).await)
            }
            6 => ("out", stage.type_in("\x1b\x1b\x1b").await),
            _ => ("a key", stage.press(any_key(rng)).await),
        };
        watch.look(&stage.session, home, &at);
        if ended {
            break;
        }
        let app = stage.runtime.app();
        let marks = stage.marks();
        assert!(what != "it happens" || marks == before, "{at}: {what} moved the marks");
        assert!(marks.iter().all(|id| app.dataset().user(id).is_some()), "{at}: a mark on nobody");
        assert!(app.toasts().errors() <= 20, "{at}: messages pile up");
        assert_eq!(app.dataset().len(), USERS as usize, "{at}: users came or went");
        let tasks = tokio::runtime::Handle::current().metrics().num_alive_tasks();
        assert!(tasks <= TASKS, "{at}: {tasks} tasks");
        if pick(rng, 25) == 0 {
            assert!(stage.session.store.verify().unwrap().is_ok(), "{at}: the chain");
        }
    }
    // Some days end quietly: then nothing is left running.
    if pick(rng, 2) == 0 && !stage.pass(QUIET).await {
        let tasks = tokio::runtime::Handle::current().metrics().num_alive_tasks();
        assert_eq!(tasks, 0, "{name}: tasks are left when nothing goes on");
    }
    watch.look(&stage.session, home, name);
    assert!(stage.session.store.verify().unwrap().is_ok(), "{name}: the chain");
    stage.clock.now()
}

#[test]
fn days_in_the_life_of_a_tenant() {
    let folder = tempfile::tempdir().unwrap();
    let epoch = Timestamp::parse("2026-11-22T14:05:00Z").unwrap();
    let mut rng = ChaCha8Rng::seed_from_u64(51);
    let mut watch = Watch::default();
    let mut now = epoch;
    for number in 0..rounds(3) {
        // A runtime of its own: when it ends, all its tasks are gone, as after a kill.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        now = runtime.block_on(async {
            let clock = Clock::starting_at(now);
            day(folder.path(), clock, epoch, &mut rng, &mut watch, &format!("day {number}")).await
        });
    }
    let hours = (now.0 - epoch.0).num_minutes() as f64 / 60.0;
    assert!(!watch.confirmed.is_empty() && !watch.announced.is_empty(), "nothing was ever confirmed and sent");
    println!("{hours:.1} hours, {} jobs, {} targets, {} records", watch.confirmed.len(), watch.announced.len(), watch.seen);
}

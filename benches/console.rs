//! The figures of the README's performance section: `cargo bench`.
//!
//! Limits to compare with: a frame of three panes at 200x60 cannot cost less than about 0.6 ms here
//! (drawing an unchanged screen), and one durable record not less than one fdatasync.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot run should stop")]

use std::io::Read;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use entriage::app::{App, Key, KeyCode, KeyMap, Msg, Opened, Options};
use entriage::clock::Clock;
use entriage::domain::action::Action;
use entriage::domain::plan::{Answer, Plan, Target};
use entriage::domain::workspace::DemoSpec;
use entriage::engine::{OpenOptions, Session, SignInOptions};
use entriage::store::Home;
use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

fn demo(runtime: &Runtime, home: &std::path::Path, users: u32) -> Session {
    let clock = Clock::system();
    let options = OpenOptions { home: Home(home.to_owned()), read_only: false, clock, sign_in: SignInOptions::silent() };
    let spec = DemoSpec { seed: 1, users, epoch: clock.now(), rate: None, faults: Vec::new() };
    runtime.block_on(Session::demo(&options, Some(spec), true)).unwrap()
}

/// A console of this size on a demo of this many users.
fn console(session: &Session, size: (u16, u16)) -> App {
    let now = session.clock().now();
    let mut app = App::new(Options { keys: KeyMap::defaults(), hold_seconds: 5, size, mono: false }, now);
    let limits = session.tenant.limits();
    let opened = Opened {
        workspace: session.name.clone(),
        tenant: session.manifest.tenant.clone(),
        tenant_id: None,
        label: "DEMO",
        access: session.access(),
        forced_read_only: false,
        operator: session.operator.clone(),
        dataset: session.load().unwrap(),
        ledger: session.ledger(),
        synced_at: None,
        account: None,
        holder: None,
        refresh_seconds: None,
        sync_notes: Vec::new(),
        requests_per_second: limits.requests_per_second,
        read_back_page: limits.read_back_page,
        notices: Vec::new(),
        first_run: false,
    };
    app.update(Msg::Opened(Box::new(opened)), now);
    app
}

fn frames(criterion: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let folder = tempfile::tempdir().unwrap();
    for users in [200, 20_000] {
        let session = demo(&runtime, &folder.path().join(users.to_string()), users);
        let mut app = console(&session, (200, 60));
        let mut terminal = Terminal::new(TestBackend::new(200, 60)).unwrap();
        let now = session.clock().now();
        let down = Key::new(KeyCode::Char('j'), false, false, false);
        criterion.bench_function(&format!("key to frame, 200x60, {users} users"), |bencher| {
            bencher.iter(|| {
                app.update(Msg::Key(down), now);
                terminal.draw(|frame| entriage::view::draw(frame, &app)).unwrap();
            });
        });
    }
}

fn first_frame(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    let runtime = Runtime::new().unwrap();
    drop(demo(&runtime, folder.path(), 200));
    let until = |needle: &'static [u8]| {
        let pty = native_pty_system().openpty(PtySize { rows: 60, cols: 200, pixel_width: 0, pixel_height: 0 }).unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_entriage"));
        command.env("ENTRIAGE_HOME", folder.path());
        command.env("TERM", "xterm-256color");
        let mut reader = pty.master.try_clone_reader().unwrap();
        let start = Instant::now();
        let mut child = pty.slave.spawn_command(command).unwrap();
        let mut seen = Vec::new();
        let mut buffer = [0; 65536];
        while !seen.windows(needle.len()).any(|window| window == needle) {
            let count = reader.read(&mut buffer).unwrap();
            seen.extend_from_slice(&buffer[..count]);
        }
        let took = start.elapsed();
        child.kill().unwrap();
        child.wait().unwrap();
        took
    };
    let mut group = criterion.benchmark_group("from process start, demo of 200 users");
    group.sample_size(20);
    for (name, needle) in [("first frame", b"entriage".as_slice()), ("first rows", b"Adele".as_slice())] {
        group.bench_function(name, |bencher| bencher.iter_custom(|count| (0..count).map(|_| until(needle)).sum::<Duration>()));
    }
    group.finish();
}

fn bulk(criterion: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let mut group = criterion.benchmark_group("bulk");
    group.sample_size(10);
    group.bench_function("dismiss 1,000 users, demo, no pacing", |bencher| {
        bencher.iter_custom(|count| {
            let mut took = Duration::ZERO;
            for _ in 0..count {
                let folder = tempfile::tempdir().unwrap();
                let session = Arc::new(demo(&runtime, folder.path(), 2_500));
                let dataset = session.load().unwrap();
                let targets: Vec<Target> = dataset.users().iter().map(|records| Target::User(records.id().clone())).collect();
                let context = session.plan_context("benchmark", true);
                let mut plan = Plan::compute(Action::DismissUserRisk, &targets, &dataset, &context);
                let eligible: Vec<Target> = plan.included().take(1_000).map(|target| plan.target(target)).collect();
                plan = Plan::compute(Action::DismissUserRisk, &eligible, &dataset, &context);
                let confirmed = plan.confirm(Answer::Number(1_000)).unwrap();
                let (events, _told) = tokio::sync::mpsc::unbounded_channel();
                let start = Instant::now();
                let report = runtime.block_on(session.engine.run(&confirmed, Duration::ZERO, &CancellationToken::new(), &events)).unwrap();
                took += start.elapsed();
                assert!(report.tally.all_verified());
            }
            took
        });
    });
    group.finish();
}

criterion_group!(benches, first_frame, frames, bulk);
criterion_main!(benches);

//! How the program grows with a tenant: `cargo bench --bench scale [-- --rows 1k,10k,100k,1M]`.
//!
//! Rows are detections, and as many sign-ins; there is a tenth as many users. Prints a table with what was measured beside the target,
//! the limit and what other programs need (`reference/performance.md`). Nothing here fails because something is slow.
//!
//! `-- --fill HOME 1M` only makes such a workspace, `scale`, to look into by hand.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a benchmark that cannot run should stop")]

mod console;
mod disk;
mod process;
mod table;
mod tenant;

use std::path::Path;
use std::time::{Duration, Instant};

use console::Screen;
use entriage::clock::Clock;
use entriage::domain::records::{Record, RiskDetection, SignIn};
use entriage::domain::risk::{RiskDetail, RiskState};
use entriage::domain::time::Timestamp;
use entriage::engine::{OpenOptions, Session, SignInOptions};
use entriage::store::Home;
use entriage::wire::{self, Kind, detection_to_json, sign_in_to_json};
use process::OnTerminal;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use table::{Figure, ms, percentile};
use tenant::{Chance, EACH};
use tokio::runtime::Runtime;

const WORKSPACE: &str = "scale";
/// Records in a page of Graph's.
const PAGE: usize = 500;
const PAGES: usize = 20;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["--write", home, name] => disk::write_until_killed(Path::new(home), name),
        ["--fill", home, rows, ..] => {
            let home = Home((*home).into());
            disk::fill(&home, WORKSPACE, number(rows) / EACH, Clock::system().now(), |_| {});
        }
        // `cargo test --all-targets` leaves this out, and should measure nothing.
        words if !words.contains(&"--bench") => {}
        words => {
            let at = words.iter().position(|word| *word == "--rows");
            let sizes = at.map_or("1M", |at| words.get(at + 1).map_or("1M", |rows| rows));
            let sizes: Vec<usize> = sizes.split(',').map(number).collect();
            let measured: Vec<Vec<Figure>> = sizes.iter().map(|rows| measure(*rows)).collect();
            table::print(&sizes, &measured);
        }
    }
}

/// "100k" or "1M" as a number.
fn number(text: &str) -> usize {
    let (digits, times) = match text.strip_suffix('k').map(|digits| (digits, 1_000)) {
        Some(thousands) => thousands,
        None => text.strip_suffix('M').map_or((text, 1), |digits| (digits, 1_000_000)),
    };
    digits.parse::<usize>().unwrap() * times
}

fn measure(rows: usize) -> Vec<Figure> {
    let users = (rows / EACH).max(1);
    let folder = tempfile::tempdir().unwrap();
    let home = Home(folder.path().to_owned());
    let clock = Clock::system();
    let now = clock.now();
    let mut figures = Vec::new();
    let mut figure = |name: &'static str, value: String| {
        eprintln!("  {rows} rows: {name}: {value}");
        figures.push(Figure { name, value });
    };

    let filled = disk::fill(&home, WORKSPACE, users, now, |_| {});
    figure("write all records", format!("{:.0} records/s", (rows * 2 + users) as f64 / filled.as_secs_f64()));
    figure("database on disk", format!("{:.0} MB", disk::size(&home.workspace_path(WORKSPACE).join("cache")) as f64 / 1e6));
    let detections_only = "detections";
    let some = users.min(10_000);
    disk::fill(&home, detections_only, some, now, |records| records.sign_ins.clear());
    let bytes = disk::size(&home.workspace_path(detections_only).join("cache"));
    figure("bytes on disk per detection", format!("{:.0}", bytes as f64 / (some * EACH) as f64));

    processes(&home, rows, &mut figure);

    let runtime = Runtime::new().unwrap();
    let options = OpenOptions { home: home.clone(), read_only: false, clock, sign_in: SignInOptions::silent() };
    let session = runtime.block_on(Session::open(&options, WORKSPACE)).unwrap();
    let (opened, loaded) = console::opened(&session);
    figure("all records into memory", ms(loaded));
    let dataset = opened.dataset.clone();
    let ledger = session.ledger();
    let (mut screen, shown) = Screen::open(opened, now);
    figure("take them in and draw", ms(shown));
    let moving = screen.moving();
    figure("key to frame p50", ms(percentile(&moving, 50.0)));
    figure("key to frame p99", ms(percentile(&moving, 99.0)));
    let of_users = screen.typing('/', &["user:adele", "level:high", "state:atRisk user:kow", "user:silva4"]);
    figure("filter keystroke, fields of users, p99", ms(percentile(&of_users, 99.0)));
    let of_all = screen.typing('/', &["moscow a", "tokenber", "adelevan", "203.0.113", "anomalous", "zo"]);
    figure("filter keystroke, words in all records, p50", ms(percentile(&of_all, 50.0)));
    figure("filter keystroke, words in all records, p99", ms(percentile(&of_all, 99.0)));
    let fuzzy = screen.typing('f', &["adelevan", "mosc", "gup12", "łukkow", "tokenber", "zo"]);
    figure("fuzzy keystroke, users, p50", ms(percentile(&fuzzy, 50.0)));
    figure("fuzzy keystroke, users, p99", ms(percentile(&fuzzy, 99.0)));
    figure("sort users, slowest order", ms(percentile(&console::sorting(&dataset, &ledger, now), 100.0)));
    let (shared, overview) = console::grouping(&dataset, &ledger, now);
    figure("group all records by what they share", ms(shared));
    figure("overview of all records", ms(overview));
    drop(dataset);

    update(&session, &runtime, &mut screen, users, &mut figure);
    drop(screen);
    ingest(&session, &runtime, users, now, &mut figure);

    let (journal, plain) = disk::durable(&*session.store, folder.path(), now);
    let (ours, theirs) = (percentile(&journal, 50.0), percentile(&plain, 50.0));
    figure("durable intent p50", format!("{:.2} x fdatasync ({} / {})", ours.as_secs_f64() / theirs.as_secs_f64(), ms(ours), ms(theirs)));
    drop(session);
    figure("open after a kill, slowest of 5", ms(percentile(&disk::after_a_kill(&home, WORKSPACE, now), 100.0)));
    figures
}

/// The program itself, on a terminal.
fn processes(home: &Home, rows: usize, figure: &mut dyn FnMut(&'static str, String)) {
    let times = if rows > 100_000 { 5 } else { 10 };
    let nothing: Vec<Duration> = (0..times).map(|_| process::nothing()).collect();
    // The first time shows whom to show first only when everybody is read, and remembers them.
    let mut console = OnTerminal::console(&home.0, WORKSPACE);
    figure("everybody in the list, from process start", ms(console.until("token theft")));
    std::thread::sleep(Duration::from_secs(1));
    console.end();
    let (mut frames, mut useful) = (Vec::new(), Vec::new());
    for time in 0..times {
        let mut console = OnTerminal::console(&home.0, WORKSPACE);
        frames.push(console.until("entriage"));
        useful.push(console.until("HIGH"));
        if time + 1 == times {
            console.until("token theft");
            std::thread::sleep(Duration::from_secs(3));
            let before = console.wakes();
            let resident = console.resident();
            std::thread::sleep(Duration::from_secs(5));
            let wakes = before.zip(console.wakes()).map(|(before, after)| (after - before) as f64 / 5.0);
            figure("idle wake-ups a second", wakes.map_or("?".to_owned(), |wakes| format!("{wakes:.1}")));
            figure("resident memory of the console", resident.map_or("?".to_owned(), |resident| format!("{resident:.0} MB")));
        }
        console.end();
    }
    let (frame, nothing) = (percentile(&frames, 50.0), percentile(&nothing, 50.0));
    let over = ms(frame.saturating_sub(nothing));
    figure("first frame, over a program that does nothing", format!("{over} ({} / {})", ms(frame), ms(nothing)));
    figure("first useful rows, from process start", ms(percentile(&useful, 50.0)));
}

/// 1,000 detections of as many users change.
fn update(session: &Session, runtime: &Runtime, screen: &mut Screen, users: usize, figure: &mut dyn FnMut(&'static str, String)) {
    let mut chance = Chance::new(7);
    let now = session.clock().now();
    let changed: Vec<usize> = (0..1_000).map(|_| chance.below(users)).collect();
    let records = changed.iter().map(|number| {
        let mut detection = tenant::user(*number, now).detections.remove(0);
        if let Some(held) = session.store.user(&detection.user_id).unwrap() {
            detection = held.detections.into_iter().next().unwrap();
        }
        detection.risk_state = Some(RiskState::Dismissed);
        detection.risk_detail = Some(RiskDetail::AdminDismissedAllRiskForUser);
        detection.last_updated_date_time = Some(now);
        Record::Detection(detection)
    });
    let records: Vec<Record> = records.collect();
    let start = Instant::now();
    runtime.block_on(session.engine.take_in(records)).unwrap();
    let durable = start.elapsed();
    let filed = changed.iter().filter_map(|number| session.store.user(&tenant::user_id(*number)).unwrap()).collect();
    let visible = screen.records(filed);
    figure("update of 1,000 changed records, durable", ms(durable));
    figure("update of 1,000 changed records, visible", ms(visible));
}

#[derive(Serialize, Deserialize)]
struct ListPage {
    value: Vec<Map<String, Value>>,
}

/// Pages of Graph's JSON with new detections and sign-ins of anybody, as a sync reads and files them.
fn ingest(session: &Session, runtime: &Runtime, users: usize, now: Timestamp, figure: &mut dyn FnMut(&'static str, String)) {
    let mut chance = Chance::new(11);
    let (mut parsing, mut filing, mut count) = (Duration::ZERO, Duration::ZERO, 0);
    for _ in 0..PAGES {
        let of = |chance: &mut Chance| tenant::user(chance.below(users), now);
        let events: Vec<(SignIn, RiskDetection)> = (0..PAGE).map(|_| tenant::event(&of(&mut chance), &mut chance, now)).collect();
        let detections = events.iter().map(|(_, detection)| detection_to_json(detection)).collect();
        let sign_ins = events.iter().map(|(sign_in, _)| sign_in_to_json(sign_in)).collect();
        for (kind, value) in [(Kind::RiskDetection, detections), (Kind::SignIn, sign_ins)] {
            let text = serde_json::to_vec(&ListPage { value }).unwrap();
            let start = Instant::now();
            let page: ListPage = serde_json::from_slice(&text).unwrap();
            let records: Vec<Record> = page.value.into_iter().map(|object| wire::read(kind, object).unwrap()).collect();
            parsing += start.elapsed();
            count += records.len();
            let start = Instant::now();
            runtime.block_on(session.engine.take_in(records)).unwrap();
            filing += start.elapsed();
        }
    }
    let rate = |took: Duration| format!("{:.0} records/s", count as f64 / took.as_secs_f64());
    figure("ingest from Graph's JSON to durable", rate(parsing + filing));
    figure("of this, parsing alone", rate(parsing));
}

//! Figures of the live path: HTTPS, sign-in, pacing and journal, over an emulator in this process.
//!
//! `cargo bench --bench live -- [bulk] [real] [sync] [--users N] [--speed X]`: without a part, all of them. Each figure is one run.
//!
//! - `bulk`: dismisses 10,000 users at one request a second, with both sides' clocks sped up (10 times, unless told otherwise).
//! - `real`: dismisses 600 users at one request a second in real time.
//! - `sync`: reads 100,000 users and all that belongs to them without a rate, and beside it what parsing the same JSON takes.
//!
//! `--users` is how many are dismissed, or how many the tenant has that is read. Faster clocks make the machine's own work, the timer's
//! step of a millisecond and the disk's moods look slower by as much: figures of sped-up runs are upper bounds.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot run should stop")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use entriage::clock::Clock;
use entriage::domain::action::Action;
use entriage::domain::dataset::Dataset;
use entriage::domain::plan::{Answer, IDS_PER_REQUEST, Plan, Target};
use entriage::domain::workspace::{Auth, Cloud, DemoSpec, LiveSpec};
use entriage::emulator::{self, Emulator};
use entriage::engine::{OpenOptions, Session, SignInOptions, SyncProgress};
use entriage::oauth::{Credential, Keyring};
use entriage::store::Home;
use entriage::tenant::graph::GraphTenant;
use entriage::wire::{self, Kind, detection_to_json, directory_to_json, sign_in_to_json, user_to_json};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};
use tokio_util::sync::CancellationToken;

/// Users in a page of Graph's.
const PAGE: usize = 500;
const RISKY_USERS: &str = "identityProtection/riskyUsers";

/// What is asked for on the command line.
struct Asked {
    parts: Vec<String>,
    users: Option<usize>,
    speed: f64,
}

fn main() {
    let mut words = std::env::args().skip(1);
    let mut asked = Asked { parts: Vec::new(), users: None, speed: 10.0 };
    let mut is_bench = false;
    while let Some(word) = words.next() {
        match word.as_str() {
            "--bench" => is_bench = true, // from cargo bench; `cargo test --all-targets` leaves it out, and should measure nothing
            "--users" => asked.users = Some(words.next().unwrap().parse().unwrap()),
            "--speed" => asked.speed = words.next().unwrap().parse().unwrap(),
            part => asked.parts.push(part.to_owned()),
        }
    }
    let wants = |part: &str| asked.parts.iter().any(|wanted| wanted == part) || (asked.parts.is_empty() && is_bench);
    if wants("bulk") {
        let clock = Clock::sped_up(Clock::system().now(), asked.speed);
        dismissal(asked.users.unwrap_or(10_000), clock, asked.speed);
    }
    if wants("real") {
        dismissal(asked.users.unwrap_or(600), Clock::system(), 1.0);
    }
    if wants("sync") {
        sync(asked.users.unwrap_or(100_000));
    }
}

/// A live workspace and the emulator behind it, each on threads of its own, so that their work can be told apart.
struct Place {
    session: Session,
    emulator: Emulator,
    runtime: Runtime,
    _emulators: Runtime,
    _folder: TempDir,
}

impl Place {
    /// A place that is signed in and writable; nothing is read yet.
    fn new(users: usize, rate: Option<f64>, clock: Clock) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let emulators = Builder::new_multi_thread().enable_all().thread_name(EMULATOR).build().unwrap();
        let spec = DemoSpec { seed: 1, users: users.try_into().unwrap(), epoch: clock.now(), rate: None, faults: Vec::new() };
        let tls_dir = folder.path().join("tls");
        let options = emulator::Options { listen: "127.0.0.1:0".parse().unwrap(), spec, rate, tls_dir, clock };
        let emulator = emulators.block_on(emulator::start(options)).unwrap();
        let runtime = Runtime::new().unwrap();
        let home = Home(folder.path().join("home"));
        let options = OpenOptions { home, read_only: false, clock, sign_in: SignInOptions::silent() };
        let spec = live_spec(&emulator, folder.path(), rate);
        let session = runtime.block_on(async {
            let credential = Credential::new(&spec, None, clock, Arc::new(|_| {}), Keyring::memory()).unwrap();
            let tenant = Arc::new(GraphTenant::new(&spec, credential, clock).unwrap());
            Session::connect(&options, "live", "Contoso", spec, tenant).await.unwrap()
        });
        session.set_writable(true).unwrap();
        Place { session, emulator, runtime, _emulators: emulators, _folder: folder }
    }

    /// Reads everything; tells how many pages of each kind there were and how long they took, filing included.
    fn sync(&self) -> BTreeMap<&'static str, (usize, Duration)> {
        let mut pages: BTreeMap<_, (usize, Duration)> = BTreeMap::new();
        let mut last = Instant::now();
        let mut progress = |progress: SyncProgress| {
            let (count, took) = pages.entry(progress.what).or_default();
            *count += 1;
            *took += last.elapsed();
            last = Instant::now();
        };
        let report = self.runtime.block_on(self.session.sync(true, &CancellationToken::new(), &mut progress)).unwrap();
        assert!(report.notes.is_empty(), "{:?}", report.notes);
        pages
    }

    fn requests(&self) -> usize {
        self.emulator.count("GET", "/v1.0/") + self.emulator.count("GET", "/beta/") + self.emulator.count("POST", "/v1.0/")
    }

    /// Requests that were not answered with success.
    fn refused(&self) -> usize {
        let ways = [("GET", "/v1.0/"), ("GET", "/beta/"), ("POST", "/v1.0/")];
        ways.iter().map(|(method, path)| self.emulator.count(method, path) - self.emulator.accepted(method, path)).sum()
    }
}

fn live_spec(emulator: &Emulator, folder: &Path, rate: Option<f64>) -> LiveSpec {
    let file = folder.join("secret");
    std::fs::write(&file, emulator.client_secret()).unwrap();
    LiveSpec {
        all_actions: false,
        tenant_id: emulator.tenant_id().to_owned(),
        client_id: emulator.client_id().to_owned(),
        auth: Auth::Secret { file: Some(file.to_str().unwrap().to_owned()) },
        cloud: Cloud::Global,
        graph_url: Some(emulator.url().to_owned()),
        authority_url: Some(emulator.url().to_owned()),
        ca_file: Some(emulator.ca_file().to_str().unwrap().to_owned()),
        rate,
        account: Some("operator@contoso.test".to_owned()),
    }
}

/// A place with a plan that dismisses exactly so many: not every user can be dismissed, so the tenant has to be larger.
fn place_with_plan(count: usize, clock: Clock) -> (Place, Plan, usize) {
    let mut users = count * 22 / 10;
    loop {
        let place = Place::new(users, Some(1.0), clock);
        place.sync();
        let dataset = place.session.load().unwrap();
        let context = place.session.plan_context("benchmark", false);
        let everybody: Vec<Target> = dataset.users().iter().map(|records| Target::User(records.id().clone())).collect();
        let all = Plan::compute(Action::DismissUserRisk, &everybody, &dataset, &context);
        let included: Vec<Target> = all.included().take(count).map(|target| all.target(target)).collect();
        if included.len() == count {
            return (place, Plan::compute(Action::DismissUserRisk, &included, &dataset, &context), users);
        }
        users = users * count / included.len().max(1) + users / 50 + 1;
    }
}

/// Dismisses so many users at one request a second and compares with what the rate allows.
fn dismissal(count: usize, clock: Clock, speed: f64) {
    let (place, plan, users) = place_with_plan(count, clock);
    let confirmed = plan.confirm(Answer::Number(count)).unwrap();
    // What was read before must not make the first request wait.
    place.runtime.block_on(clock.sleep(Duration::from_secs(2)));
    let counts = || {
        let emulator = &place.emulator;
        [emulator.count("POST", "riskyUsers/dismiss"), emulator.count("GET", RISKY_USERS), place.requests(), place.refused()]
    };
    let before = counts();
    let (events, told) = tokio::sync::mpsc::unbounded_channel();
    let used = Cpu::now();
    let start = Instant::now();
    let cancel = CancellationToken::new();
    let job = place.session.engine.run(&confirmed, Duration::ZERO, &cancel, &events);
    let report = place.runtime.block_on(job).unwrap();
    let took = start.elapsed();
    let used = used.since();
    drop(told);
    let after = counts();
    let [dismissed, read, all, refused] = [0, 1, 2, 3].map(|number| after[number] - before[number]);
    let least = count.div_ceil(IDS_PER_REQUEST) + count.div_ceil(PAGE);
    let seconds = took.as_secs_f64() * speed;
    title(&format!("dismissing {count} users at one request a second, clocks {speed} times as fast as real ones"));
    row("users in the tenant", users);
    row("dismiss requests", format!("{dismissed} (least: {})", count.div_ceil(IDS_PER_REQUEST)));
    row("read-back requests", format!("{read} (least: {})", count.div_ceil(PAGE)));
    row("other requests", all - dismissed - read);
    row("throttled answers", refused);
    row("verified", format!("{} of {}", report.tally.verified, report.tally.total));
    row("most often applied to one user", place.emulator.greatest_acts_per_id());
    row("time by the clock", format!("{seconds:.2} s ({:.2} s real)", took.as_secs_f64()));
    row("limit", format!("{least} requests at 1/s = {least} s"));
    row("time / limit", format!("{:.3}", seconds / least as f64));
    // The first request goes at once, so that this is all that the rate makes anybody wait.
    row("time / waits between the requests", format!("{:.3} (of {} s)", seconds / (least - 1) as f64, least - 1));
    row("time / waits between the requests that were made", format!("{:.3} (of {} s)", seconds / (all - 1) as f64, all - 1));
    used.print();
    assert_eq!((dismissed, refused), (count.div_ceil(IDS_PER_REQUEST), 0), "dismiss requests and throttled answers");
    assert!(report.tally.all_verified() && place.emulator.greatest_acts_per_id() == 1);
}

/// Reads a tenant of so many users, and parses the same JSON without anything around it.
fn sync(users: usize) {
    let start = Instant::now();
    let place = Place::new(users, None, Clock::system());
    let started = start.elapsed();
    let before = place.requests();
    let used = Cpu::now();
    let start = Instant::now();
    let pages = place.sync();
    let took = start.elapsed();
    let used = used.since();
    let requests = place.requests() - before;
    let dataset = place.session.load().unwrap();
    let counts = Counts::of(&dataset);
    title(&format!("full sync of a tenant of {users} users, without a rate"));
    row("starting the emulator (not counted)", format!("{:.1} s", started.as_secs_f64()));
    row("requests", requests);
    row("risky users", counts.users);
    row("risk detections", counts.detections);
    row("sign-ins", counts.sign_ins);
    row("directory objects", counts.directory);
    row("records", counts.all());
    row("seconds", format!("{:.1}", took.as_secs_f64()));
    row("records/s", rate(counts.all(), took));
    for (what, (count, took)) in pages {
        row(&format!("of these, {what}"), format!("{:.1} s, {count} pages", took.as_secs_f64()));
    }
    if let Some((_, client)) = used.both {
        row("records per second of the client's CPU time", rate(counts.all(), client));
    }
    used.print();
    parsing(&dataset);
}

/// Distinct records. Users at high risk are read twice, and registrations are not counted: the true load is somewhat higher.
#[derive(Default)]
struct Counts {
    users: usize,
    detections: usize,
    sign_ins: usize,
    directory: usize,
}

impl Counts {
    fn of(dataset: &Dataset) -> Self {
        let mut counts = Counts::default();
        for records in dataset.users() {
            counts.users += 1;
            counts.detections += records.detections.len();
            counts.sign_ins += records.sign_ins.len();
            counts.directory += usize::from(records.directory.account_enabled.is_some());
        }
        counts
    }

    fn all(&self) -> usize {
        self.users + self.detections + self.sign_ins + self.directory
    }
}

/// What parsing the JSON of these records takes on one core: the limit of reading them.
fn parsing(dataset: &Dataset) {
    #[derive(Serialize, Deserialize)]
    struct ListPage {
        value: Vec<Map<String, Value>>,
    }
    let (mut count, mut bytes) = (0, 0);
    let (mut to_value, mut to_objects, mut to_records) = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
    let mut page = |kind: Kind, value: Vec<Map<String, Value>>| {
        count += value.len();
        let text = serde_json::to_vec(&ListPage { value }).unwrap();
        bytes += text.len();
        let start = Instant::now();
        let value: Value = serde_json::from_slice(&text).unwrap();
        to_value += start.elapsed();
        drop(std::hint::black_box(value));
        let start = Instant::now();
        let list: ListPage = serde_json::from_slice(&text).unwrap();
        to_objects += start.elapsed();
        let start = Instant::now();
        let records: Vec<_> = list.value.into_iter().map(|object| wire::read(kind, object).unwrap()).collect();
        to_records += start.elapsed();
        drop(std::hint::black_box(records));
    };
    for users in dataset.users().chunks(PAGE) {
        page(Kind::RiskyUser, users.iter().map(|records| user_to_json(&records.user)).collect());
        page(Kind::RiskDetection, users.iter().flat_map(|records| &records.detections).map(detection_to_json).collect());
        page(Kind::SignIn, users.iter().flat_map(|records| &records.sign_ins).map(sign_in_to_json).collect());
        let known = users.iter().filter(|records| records.directory.account_enabled.is_some());
        let object = |id: &str, mut object: Map<String, Value>| {
            object.insert("id".to_owned(), Value::from(id));
            object
        };
        page(Kind::User, known.map(|records| object(records.id().as_str(), directory_to_json(&records.directory))).collect());
    }
    title("parsing the same records, in memory, one core");
    row("records", count);
    row("megabytes", format!("{:.1}", bytes as f64 / 1e6));
    let speed = |took: Duration| {
        format!("{} ({:.2} s, {:.0} MB/s)", rate(count, took), took.as_secs_f64(), bytes as f64 / 1e6 / took.as_secs_f64())
    };
    row("serde_json into Value, records/s", speed(to_value));
    row("serde_json into a page's objects, records/s", speed(to_objects));
    row("wire::read of these objects, records/s", speed(to_records));
    row("both, which is what the client does, records/s", speed(to_objects + to_records));
}

/// Name of the emulator's threads.
const EMULATOR: &str = "emulator";

/// CPU time of this process: the emulator's threads, and all others.
struct Cpu {
    /// `None` where the system does not tell.
    both: Option<(Duration, Duration)>,
    at: Instant,
}

impl Cpu {
    fn now() -> Self {
        Cpu { both: Self::read(), at: Instant::now() }
    }

    /// What was used since then.
    fn since(&self) -> Self {
        let now = Self::now();
        let both = now.both.zip(self.both).map(|(now, then)| (now.0 - then.0, now.1.saturating_sub(then.1)));
        Cpu { both, at: self.at }
    }

    /// From `/proc` (Linux): threads that ended count for the process, and the emulator's do not end.
    fn read() -> Option<(Duration, Duration)> {
        let ticks = |stat: &str| {
            let rest = stat.rsplit_once(") ")?.1;
            let mut fields = rest.split(' ').skip(11).map(str::parse::<u64>);
            Some(Duration::from_millis(10 * (fields.next()?.ok()? + fields.next()?.ok()?)))
        };
        let all = ticks(&std::fs::read_to_string("/proc/self/stat").ok()?)?;
        let mut emulators = Duration::ZERO;
        for thread in std::fs::read_dir("/proc/self/task").ok()?.flatten() {
            let name = std::fs::read_to_string(thread.path().join("comm")).unwrap_or_default();
            if name.trim_end() == EMULATOR {
                let nanoseconds = std::fs::read_to_string(thread.path().join("schedstat")).ok()?;
                emulators += Duration::from_nanos(nanoseconds.split(' ').next()?.parse().ok()?);
            }
        }
        Some((emulators, all.saturating_sub(emulators)))
    }

    fn print(&self) {
        let Some((emulator, client)) = self.both else { return };
        let all = (emulator + client).as_secs_f64();
        let share = emulator.as_secs_f64() / all.max(f64::MIN_POSITIVE) * 100.0;
        row(
            "CPU time",
            format!("{all:.2} s: client {:.2} s, emulator {:.2} s ({share:.0} %)", client.as_secs_f64(), emulator.as_secs_f64()),
        );
    }
}

fn rate(count: usize, took: Duration) -> String {
    format!("{:.0}", count as f64 / took.as_secs_f64())
}

fn title(text: &str) {
    println!("\n{text}");
}

fn row(name: &str, value: impl std::fmt::Display) {
    println!("  {name:<50} {value}");
}

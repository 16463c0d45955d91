//! A place to work in: a demo tenant in this process, or the same one behind the emulator.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use entriage::clock::Clock;
use entriage::domain::action::Action;
use entriage::domain::journal::JobId;
use entriage::domain::ledger::Job;
use entriage::domain::plan::{Answer, Confirmed, Plan, Target};
use entriage::domain::records::UserRecords;
use entriage::domain::time::Timestamp;
use entriage::domain::workspace::{Auth, Cloud, DemoSpec, Fault, FaultKind, LiveSpec};
use entriage::emulator::{self, Emulator};
use entriage::engine::{EngineError, EngineEvent, JobReport, OpenOptions, Session, SignInOptions};
use entriage::oauth::{Credential, Keyring};
use entriage::store::Home;
use entriage::tenant::graph::GraphTenant;
use tempfile::TempDir;
use tokio::sync::mpsc::unbounded_channel;
use tokio_util::sync::CancellationToken;

/// So many times faster than real time goes the clock of both sides.
pub const SPEED: f64 = 100.0;
pub const SEED: u64 = 1;

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    Demo,
    Live,
}

pub const KINDS: [Kind; 2] = [Kind::Demo, Kind::Live];

pub struct Place {
    pub session: Session,
    /// Of a live place.
    pub emulator: Option<Emulator>,
    pub folder: TempDir,
    pub options: OpenOptions,
}

pub fn now() -> Timestamp {
    Timestamp::parse("2026-11-22T14:05:00Z").unwrap()
}

pub fn spec(users: u32, faults: Vec<Fault>) -> DemoSpec {
    DemoSpec { seed: SEED, users, epoch: now(), rate: Some(1.0), faults }
}

pub fn fault(does: FaultKind) -> Fault {
    Fault { actions: Vec::new(), user: None, times: None, path: None, does }
}

/// A fault that strikes so often, on writes.
pub fn on_writes(times: u32, does: FaultKind) -> Fault {
    Fault { actions: Action::ALL.to_vec(), times: Some(times), ..fault(does) }
}

/// A fault that strikes so often, on lists of risky users.
pub fn on_lists(times: u32, does: FaultKind) -> Fault {
    Fault { path: Some("identityProtection/riskyUsers".to_owned()), times: Some(times), ..fault(does) }
}

pub async fn emulated(folder: &Path, clock: Clock, users: u32, rate: Option<f64>, faults: Vec<Fault>) -> Emulator {
    let options =
        emulator::Options { listen: "127.0.0.1:0".parse().unwrap(), spec: spec(users, faults), rate, tls_dir: folder.join("tls"), clock };
    emulator::start(options).await.unwrap()
}

pub fn live_spec(emulator: &Emulator, folder: &Path, rate: Option<f64>) -> LiveSpec {
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

pub fn graph(spec: &LiveSpec, clock: Clock) -> GraphTenant {
    let credential = Credential::new(spec, None, clock, Arc::new(|_| {}), Keyring::memory()).unwrap();
    GraphTenant::new(spec, credential, clock).unwrap()
}

/// A live place that a user with every role signed in to.
pub async fn place_of_user(users: u32, faults: Vec<Fault>) -> Place {
    place_with(Kind::Live, users, faults, |spec| (spec.auth, spec.all_actions) = (Auth::Device, true)).await
}

/// A place of this kind with its data read and writing on.
pub async fn place(kind: Kind, users: u32, faults: Vec<Fault>) -> Place {
    place_with(kind, users, faults, |_| {}).await
}

async fn place_with(kind: Kind, users: u32, faults: Vec<Fault>, sign_in: impl FnOnce(&mut LiveSpec)) -> Place {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::sped_up(now(), SPEED);
    let home = Home(folder.path().join("home"));
    let options = OpenOptions { home, read_only: false, clock, sign_in: SignInOptions::silent() };
    if kind == Kind::Demo {
        let session = Session::demo(&options, Some(spec(users, faults)), false).await.unwrap();
        return Place { session, emulator: None, folder, options };
    }
    let emulator = emulated(folder.path(), clock, users, Some(1.0), faults).await;
    let mut spec = live_spec(&emulator, folder.path(), Some(1.0));
    sign_in(&mut spec);
    let tenant = Arc::new(graph(&spec, clock));
    let session = Session::connect(&options, "live", "Contoso", spec, tenant).await.unwrap();
    session.set_writable(true).unwrap();
    let place = Place { session, emulator: Some(emulator), folder, options };
    place.sync().await;
    place
}

impl Place {
    pub fn emulator(&self) -> &Emulator {
        self.emulator.as_ref().unwrap()
    }

    /// Brings the data up to date, however often it is interrupted.
    pub async fn sync(&self) {
        for _ in 0..5 {
            match self.session.sync(false, &CancellationToken::new(), &mut |_| {}).await {
                Ok(_) => return,
                Err(EngineError::Tenant(_)) => {}
                Err(error) => panic!("{error}"),
            }
        }
        panic!("the sync never came to its end");
    }

    pub fn users(&self) -> Vec<UserRecords> {
        self.session.load().unwrap().users().to_vec()
    }

    pub fn user(&self, id: &str) -> UserRecords {
        self.session.store.user(&id.into()).unwrap().unwrap()
    }

    /// The plan of an action on the targets that it can be done to, at most so many.
    pub fn plan(&self, action: Action, targets: &[Target], most: usize) -> Plan {
        let dataset = self.session.load().unwrap();
        let context = self.session.plan_context("contract", false);
        let all = Plan::compute(action, targets, &dataset, &context);
        let included: Vec<Target> = all.included().take(most).map(|target| all.target(target)).collect();
        Plan::compute(action, &included, &dataset, &context)
    }

    pub fn all_users(&self) -> Vec<Target> {
        self.users().iter().map(|records| Target::User(records.id().clone())).collect()
    }

    pub fn sign_ins_at_risk(&self) -> Vec<Target> {
        let users = self.users();
        let at_risk = users.iter().flat_map(|records| &records.sign_ins).filter(|sign_in| sign_in.at_risk() == Some(true));
        at_risk.map(|sign_in| Target::SignIn(sign_in.id.clone())).collect()
    }

    pub fn confirmed(&self, plan: Plan) -> Confirmed {
        let count = plan.included_count();
        plan.confirm(Answer::Number(count)).unwrap()
    }

    pub async fn run(&self, plan: Plan) -> Result<JobReport, EngineError> {
        let (events, _told) = unbounded_channel();
        let confirmed = self.confirmed(plan);
        self.session.engine.run(&confirmed, Duration::ZERO, &CancellationToken::new(), &events).await
    }

    /// Runs a plan, and keeps what the operator was told beside the targets.
    pub async fn run_and_listen(&self, plan: Plan) -> (Result<JobReport, EngineError>, Vec<String>) {
        let (events, mut told) = unbounded_channel();
        let confirmed = self.confirmed(plan);
        let report = self.session.engine.run(&confirmed, Duration::ZERO, &CancellationToken::new(), &events).await;
        let mut notices = Vec::new();
        while let Ok(event) = told.try_recv() {
            if let EngineEvent::Notice(text) = event {
                notices.push(text);
            }
        }
        (report, notices)
    }

    /// Runs a plan to its end, resuming it where the tenant made it stop.
    pub async fn run_through(&self, plan: Plan) -> Job {
        let (events, _told) = unbounded_channel();
        let mut result = self.run(plan).await;
        for _ in 0..3 {
            match result {
                Ok(report) => return self.job(report.job),
                Err(EngineError::Tenant(_)) => {
                    let job = self.session.ledger().open_jobs().next().unwrap().id;
                    result = self.session.engine.resume(job, &CancellationToken::new(), &events).await;
                }
                Err(error) => panic!("{error}"),
            }
        }
        panic!("the job never came to its end: {result:?}");
    }

    pub fn job(&self, id: JobId) -> Job {
        self.session.ledger().job(id).unwrap().clone()
    }
}

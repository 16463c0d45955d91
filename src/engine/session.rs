//! An open workspace: its store, its tenant and the engine between them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use secrecy::SecretString;
use tokio_util::sync::CancellationToken;

use super::{Engine, EngineError, SyncProgress, SyncReport};
use crate::clock::Clock;
use crate::domain::dataset::Dataset;
use crate::domain::journal::Entry;
use crate::domain::ledger::Ledger;
use crate::domain::plan::{Access, PlanContext, PlanTarget};
use crate::domain::records::{Record, UserRecords};
use crate::domain::sync::SyncState;
use crate::domain::text;
use crate::domain::time::Timestamp;
use crate::domain::workspace::{DemoSpec, LiveSpec, Manifest, SCHEMA_VERSION, Source};
use crate::oauth::{Credential, Keyring, Prompt};
use crate::store::{self, Home, Store, StoreError};
use crate::tenant::demo::{self, DemoTenant, Simulated, Simulation};
use crate::tenant::graph::GraphTenant;
use crate::tenant::{EvidenceTenant, Gate, Tenant, TenantError, Unconnected};

/// How to open a workspace.
#[derive(Debug, Clone)]
pub struct OpenOptions {
    /// Where workspaces are.
    pub home: Home,
    /// Whether writing is refused, whatever the workspace says.
    pub read_only: bool,
    /// The clock.
    pub clock: Clock,
    /// How a live tenant is signed in to.
    pub sign_in: SignInOptions,
}

/// How a live tenant is signed in to, beyond what the workspace says.
#[derive(Clone)]
pub struct SignInOptions {
    /// Where the operator is told what to do.
    pub prompt: Prompt,
    /// A client secret that was typed.
    pub secret: Option<SecretString>,
    /// Where refresh tokens are kept.
    pub keyring: Keyring,
}

impl std::fmt::Debug for SignInOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SignInOptions").finish_non_exhaustive()
    }
}

impl SignInOptions {
    /// Tells the operator nothing and keeps tokens in memory only: for workspaces without sign-in, and for tests.
    pub fn silent() -> Self {
        SignInOptions { prompt: Arc::new(|_| {}), secret: None, keyring: Keyring::memory() }
    }
}

/// Why a workspace cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The tenant.
    #[error(transparent)]
    Tenant(#[from] TenantError),
    /// Filling the workspace failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// There can be no demo of this spec.
    #[error("{0}")]
    Spec(String),
    /// It exists, and is of another kind.
    #[error("workspace {name} is not a {wanted} workspace")]
    OtherKind {
        /// Its name.
        name: String,
        /// The kind that was wanted.
        wanted: &'static str,
    },
    /// It exists, and is another tenant's.
    #[error("workspace {name} is connected to another tenant, {tenant}")]
    OtherTenant {
        /// Its name.
        name: String,
        /// Id of its tenant.
        tenant: String,
    },
}

/// An open workspace.
pub struct Session {
    /// Name of the workspace.
    pub name: String,
    /// What it is.
    pub manifest: Manifest,
    /// Its data.
    pub store: Arc<dyn Store>,
    /// Its tenant, behind the read-only gate.
    pub tenant: Arc<dyn Tenant>,
    /// Its engine.
    pub engine: Arc<Engine>,
    /// Who is at the keyboard.
    pub operator: String,
    /// What was repaired or set aside while opening, for the operator to know.
    pub notices: Vec<String>,
    /// Its folder.
    dir: PathBuf,
    clock: Clock,
    /// Where imported records are kept; `None` where the tenant itself can tell again.
    kept: Option<Arc<EvidenceTenant>>,
    /// The live tenant, where it is one.
    graph: Option<Arc<GraphTenant>>,
    /// The simulated tenant, where it is one.
    simulated: Option<Arc<DemoTenant>>,
    gate: Arc<Gate>,
    /// Whether writing stays off as long as the workspace is open.
    read_only: bool,
}

/// Seed and size of the demo that opens where there is nothing else (`design.md` section 3).
pub const DEFAULT_DEMO: (u64, u32) = (1, 200);

impl Session {
    /// Opens an existing workspace.
    pub async fn open(options: &OpenOptions, name: &str) -> Result<Session, OpenError> {
        Self::open_signed_in(options, name, None).await
    }

    /// As [`Session::open`], with a live tenant that is signed in to already.
    async fn open_signed_in(options: &OpenOptions, name: &str, signed_in: Option<Arc<GraphTenant>>) -> Result<Session, OpenError> {
        let now = options.clock.now();
        let opened = store::open(&options.home, name, now)?;
        let store: Arc<dyn Store> = Arc::new(opened.store);
        let (mut kept, mut graph, mut simulated) = (None, None, None);
        let mut notices = opened.notices;
        let tenant: Arc<dyn Tenant> = match &opened.manifest.source {
            Source::Demo(spec) => {
                let tenant = DemoTenant::open(spec.clone(), &opened.dir.join(TENANT_FILE), options.clock)?;
                Arc::clone(simulated.insert(Arc::new(tenant))) as Arc<dyn Tenant>
            }
            Source::Live(spec) => match signed_in.map_or_else(|| live(spec, options), Ok) {
                Ok(tenant) => Arc::clone(graph.insert(tenant)) as Arc<dyn Tenant>,
                Err(error) => {
                    notices.push(format!("this tenant cannot be reached from here, and only what is held can be looked at: {error}"));
                    Arc::new(Unconnected(error))
                }
            },
            Source::Evidence => Arc::clone(kept.insert(Arc::new(EvidenceTenant::new(opened.dir.join(EVIDENCE_FILE))))) as Arc<dyn Tenant>,
        };
        let (mut writable, mut operator) = (true, None);
        store.with_ledger(&mut |ledger| {
            // Nobody should remediate in a real tenant without having said so once.
            writable = match ledger.setting(WRITABLE) {
                Some(value) => value == "true",
                None => graph.is_none(),
            };
            operator = ledger.setting("operator").map(str::to_owned);
        });
        // A live tenant's client holds the same gate for what it can do beside feedback.
        let open = graph.as_ref().map(|graph| graph.writing()).unwrap_or_default();
        let gate = Arc::new(Gate::new(tenant, open));
        gate.set_open(writable && !options.read_only);
        let tenant = Arc::clone(&gate) as Arc<dyn Tenant>;
        let signed_in_as = match &opened.manifest.source {
            Source::Live(spec) => spec.account.clone(),
            Source::Demo(_) | Source::Evidence => None,
        };
        let operator = operator.or(signed_in_as).unwrap_or_else(account_name);
        let engine = Arc::new(Engine::new(Arc::clone(&store), Arc::clone(&tenant), options.clock, operator.clone()));
        let mut session = Session {
            name: name.to_owned(),
            manifest: opened.manifest,
            store,
            tenant,
            engine,
            operator,
            notices,
            dir: opened.dir.clone(),
            clock: options.clock,
            kept,
            graph,
            simulated,
            gate,
            read_only: options.read_only,
        };
        // A live tenant is read by sync, which takes its time: what is held can be looked at meanwhile.
        if opened.needs_fill && !matches!(session.manifest.source, Source::Live(_)) {
            session.fill(&opened.dir).await?;
        }
        options.home.set_last_used(name)?;
        session.tell_lost_passwords();
        Ok(session)
    }

    /// Says whose temporary password was on a screen when the program ended: it is nowhere else, and is told of once.
    fn tell_lost_passwords(&mut self) {
        let (mut lost, mut entries) = (Vec::new(), Vec::new());
        self.store.with_ledger(&mut |ledger| {
            for job in ledger.jobs() {
                let targets: Vec<&PlanTarget> = job.passwords_on_screen().collect();
                if !targets.is_empty() {
                    lost.extend(targets.iter().map(|target| target.user_principal_name.clone().unwrap_or_else(|| target.id.clone())));
                    let ids = targets.into_iter().map(|target| target.id.clone()).collect();
                    entries.push(Entry::PasswordsClosed { job: job.id, ids, read: false });
                }
            }
        });
        if lost.is_empty() {
            return;
        }
        let whose = lost.iter().map(|name| text::safe(name)).collect::<Vec<_>>().join(", ");
        self.notices.push(format!(
            "entriage ended with a temporary password on the screen, which is nowhere else: {whose}; where nobody has it, generate another"
        ));
        if let Err(error) = self.store.append(self.clock.now(), &self.operator, entries) {
            self.notices.push(format!("this will be said again at the next start: {error}"));
        }
    }

    /// Opens the workspace `demo`, making and filling it where it does not exist. `spec` is for a new one; an existing one with
    /// another spec is kept unless `reset` is set. `None` opens what is there, or makes the default (seed 1, 200 users).
    pub async fn demo(options: &OpenOptions, spec: Option<DemoSpec>, reset: bool) -> Result<Session, OpenError> {
        let now = options.clock.now();
        let exists = store::exists(&options.home, DEMO);
        if exists && !matches!(store::manifest(&options.home, DEMO)?.source, Source::Demo(_)) {
            return Err(OpenError::OtherKind { name: DEMO.to_owned(), wanted: "demo" });
        }
        let (seed, users) = DEFAULT_DEMO;
        let epoch = Timestamp(chrono::DateTime::from_timestamp(now.0.timestamp(), 0).unwrap_or(now.0)); // whole seconds read better
        let spec = spec.unwrap_or(DemoSpec { seed, users, epoch, rate: Some(1.0), faults: Vec::new() });
        if !exists || reset {
            demo::check(&spec).map_err(OpenError::Spec)?;
        }
        let manifest = manifest(Source::Demo(spec), "contoso.test", now);
        if !exists {
            store::create(&options.home, DEMO, &manifest)?;
        } else if reset {
            store::reset(&options.home, DEMO, &manifest, now)?;
        }
        Self::open(options, DEMO).await
    }

    /// Opens an evidence workspace, making it where it does not exist.
    pub async fn evidence(options: &OpenOptions, name: &str) -> Result<Session, OpenError> {
        if !store::exists(&options.home, name) {
            store::create(&options.home, name, &manifest(Source::Evidence, name, options.clock.now()))?;
        } else if store::manifest(&options.home, name)?.source != Source::Evidence {
            return Err(OpenError::OtherKind { name: name.to_owned(), wanted: "evidence" });
        }
        Self::open(options, name).await
    }

    /// Makes the workspace of a live tenant; one of the same tenant there is is signed in to anew, in the way now given.
    /// `graph` is that tenant, signed in to.
    pub async fn connect(
        options: &OpenOptions,
        name: &str,
        tenant: &str,
        spec: LiveSpec,
        graph: Arc<GraphTenant>,
    ) -> Result<Session, OpenError> {
        let now = options.clock.now();
        if !store::exists(&options.home, name) {
            store::create(&options.home, name, &manifest(Source::Live(spec), tenant, now))?;
            return Self::open_signed_in(options, name, Some(graph)).await;
        }
        match store::manifest(&options.home, name)? {
            held @ Manifest { .. } if matches!(&held.source, Source::Live(of) if of.tenant_id == spec.tenant_id) => {
                let manifest = Manifest { source: Source::Live(spec), tenant: tenant.to_owned(), ..held };
                store::change(&options.home, name, &manifest, now)?;
                let session = Self::open_signed_in(options, name, Some(graph)).await?;
                // What an older connection left unfinished may lie at another address.
                let state = SyncState { unfinished: None, ..session.store.sync_state()? };
                session.store.set_sync_state(&state)?;
                Ok(session)
            }
            Manifest { source: Source::Live(of), .. } => Err(OpenError::OtherTenant { name: name.to_owned(), tenant: of.tenant_id }),
            _ => Err(OpenError::OtherKind { name: name.to_owned(), wanted: "live" }),
        }
    }

    /// Fills a new or rebuilt cache. A demo tenant is read past its rate limit and faults: making it is not remediation.
    async fn fill(&mut self, dir: &Path) -> Result<(), OpenError> {
        let tenant: Arc<dyn Tenant> = match &self.manifest.source {
            Source::Demo(spec) => {
                let spec = DemoSpec { rate: None, faults: Vec::new(), ..spec.clone() };
                Arc::new(DemoTenant::open(spec, &dir.join(TENANT_FILE), self.clock)?)
            }
            Source::Live(_) | Source::Evidence => Arc::clone(&self.tenant),
        };
        Engine::new(Arc::clone(&self.store), tenant, self.clock, self.operator.clone())
            .sync(true, &CancellationToken::new(), &mut |_| {})
            .await?;
        self.notices.extend(self.lost_evidence()?);
        Ok(())
    }

    /// What of the imported records could not be read again, in words.
    fn lost_evidence(&self) -> Result<Option<String>, StoreError> {
        let Some(tenant) = &self.kept else { return Ok(None) };
        let mut imported = (false, None);
        for record in self.store.journal()? {
            if let Entry::Imported { changed, kept, .. } = record.entry {
                imported = (imported.0 || changed > 0, kept.or(imported.1));
            }
        }
        let missing = imported.1.unwrap_or_default().saturating_sub(tenant.length());
        let what = match (tenant.skipped(), missing) {
            (0, 0) if tenant.is_kept() || !imported.0 => return Ok(None),
            _ if !tenant.is_kept() => "what was imported is not there any more: evidence.jsonl is missing".to_owned(),
            (0, missing) => format!("the last {missing} bytes of evidence.jsonl are missing, and the imported records in them"),
            (count, 0) => format!("{count} lines of evidence.jsonl are damaged, so these imported records are not there"),
            (count, missing) => {
                format!("{count} lines of evidence.jsonl are damaged and its last {missing} bytes missing, with their records")
            }
        };
        Ok(Some(format!("{what}. Import the files again; journal lists them")))
    }

    /// Keeps imported records, so that a damaged cache can be rebuilt from them. Tells how many bytes are kept in all; `None` of a
    /// tenant that can tell again.
    pub fn keep(&self, records: &[Record]) -> Result<Option<u64>, OpenError> {
        let Some(kept) = &self.kept else { return Ok(None) };
        if !kept.is_kept() {
            // Imported by a version that kept nothing, or the file was removed: the cache still has it.
            let held = self.load()?;
            kept.keep(&held.users().iter().flat_map(all_records).collect::<Vec<_>>())?;
        }
        kept.keep(records)?;
        Ok(Some(kept.length()))
    }

    /// Brings the data up to date where there is a tenant.
    pub async fn sync(
        &self,
        full: bool,
        cancel: &CancellationToken,
        progress: &mut (dyn FnMut(SyncProgress) + Send),
    ) -> Result<SyncReport, EngineError> {
        match self.access() {
            Access::Evidence => Ok(SyncReport { users: self.store.load()?.len(), full: true, notes: Vec::new() }),
            Access::ReadWrite | Access::ReadOnly => self.engine.sync(full, cancel, progress).await,
        }
    }

    /// Who is signed in to a live tenant, as of the connection.
    pub fn account(&self) -> Option<String> {
        match &self.manifest.source {
            Source::Live(spec) => Some(spec.account.clone().unwrap_or_else(|| spec.client_id.clone())),
            Source::Demo(_) | Source::Evidence => None,
        }
    }

    /// Whether writing stays off as long as the workspace is open, whatever its setting says.
    pub fn is_forced_read_only(&self) -> bool {
        self.read_only
    }

    /// The live tenant, where the workspace is one.
    pub fn graph(&self) -> Option<&Arc<GraphTenant>> {
        self.graph.as_ref()
    }

    /// Whether the tenant is simulated, so that things can be made to happen in it.
    pub fn is_simulated(&self) -> bool {
        self.simulated.is_some()
    }

    /// Lets something happen in the simulated tenant and files what came of it; `None` where the tenant is not simulated.
    pub async fn simulate(&self, simulation: &Simulation<'_>) -> Option<Result<Simulated, EngineError>> {
        let tenant = self.simulated.as_ref()?;
        if self.access() != Access::ReadWrite {
            return Some(Err(TenantError::ReadOnly.into()));
        }
        Some(match tenant.simulate(simulation) {
            Ok(came) => self.engine.take_in(tenant.told(simulation.user)).await.map(|()| came),
            Err(error) => Err(error.into()),
        })
    }

    /// Turns writing on or off for this workspace, now and from now on; the journal keeps who did.
    pub fn set_writable(&self, writable: bool) -> Result<(), OpenError> {
        if writable && self.read_only {
            return Err(OpenError::Spec("this program was started with --read-only; start it without to turn writing on".to_owned()));
        }
        if writable && self.access() == Access::Evidence {
            return Err(TenantError::Evidence.into());
        }
        let entry = Entry::Setting { name: WRITABLE.to_owned(), value: writable.to_string() };
        self.store.append(self.clock.now(), &self.operator, vec![entry])?;
        self.gate.set_open(writable);
        Ok(())
    }

    /// Its folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The time.
    pub fn clock(&self) -> Clock {
        self.clock
    }

    /// Whether anything can be sent.
    pub fn access(&self) -> Access {
        self.tenant.access()
    }

    /// Everything that is cached.
    pub fn load(&self) -> Result<Dataset, StoreError> {
        self.store.load()
    }

    /// What the journal adds up to.
    pub fn ledger(&self) -> Ledger {
        let mut held = Ledger::default();
        self.store.with_ledger(&mut |ledger| held = ledger.clone());
        held
    }

    /// Object id of the tenant. Imported files do not tell theirs.
    pub fn tenant_id(&self) -> Option<String> {
        match (&self.manifest.source, &self.simulated) {
            (Source::Live(spec), _) => Some(spec.tenant_id.clone()),
            (_, Some(simulated)) => Some(simulated.population().tenant_id()),
            _ => None,
        }
    }

    /// What a plan of this workspace needs to know.
    pub fn plan_context(&self, reason: &str, include_caution: bool) -> PlanContext {
        PlanContext { reason: reason.to_owned(), include_caution, ..self.engine.plan_context() }
    }
}

/// The setting that lets a workspace be written.
pub const WRITABLE: &str = "writable";
/// Name of the demo workspace.
pub const DEMO: &str = "demo";
/// Where a demo tenant keeps what was done to it.
const TENANT_FILE: &str = "tenant.jsonl";
/// Where an evidence workspace keeps what was imported.
const EVIDENCE_FILE: &str = "evidence.jsonl";

/// A live tenant as its workspace describes it. Nothing is sent yet.
fn live(spec: &LiveSpec, options: &OpenOptions) -> Result<Arc<GraphTenant>, TenantError> {
    let SignInOptions { prompt, secret, keyring } = options.sign_in.clone();
    let credential = Credential::new(spec, secret, options.clock, prompt, keyring)?;
    Ok(Arc::new(GraphTenant::new(spec, credential, options.clock)?))
}

fn all_records(of: &UserRecords) -> Vec<Record> {
    let mut records = vec![Record::User(of.user.clone()), Record::Directory(of.user.id.clone(), of.directory.clone())];
    records.extend(of.detections.iter().cloned().map(Record::Detection));
    records.extend(of.sign_ins.iter().cloned().map(|sign_in| Record::SignIn(Box::new(sign_in))));
    records.extend(of.history.iter().cloned().map(Record::History));
    records
}

fn manifest(source: Source, tenant: &str, created_at: Timestamp) -> Manifest {
    Manifest { schema_version: SCHEMA_VERSION, tenant: tenant.to_owned(), source, created_at }
}

/// Who is at the keyboard, as the machine knows it.
fn account_name() -> String {
    ["USER", "LOGNAME", "USERNAME"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
        .unwrap_or_else(|| "operator".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixture;

    #[tokio::test]
    async fn a_demo_that_cannot_be_is_refused_before_anything_is_made_or_reset() {
        let folder = tempfile::tempdir().unwrap();
        let options = OpenOptions {
            home: Home(folder.path().to_owned()),
            read_only: false,
            clock: Clock::system(),
            sign_in: SignInOptions::silent(),
        };
        let spec = |rate| Some(DemoSpec { seed: 1, users: 3, epoch: fixture::now(), rate: Some(rate), faults: Vec::new() });
        for rate in [1e-300, 0.0, f64::NAN, 1e6] {
            assert!(matches!(Session::demo(&options, spec(rate), false).await, Err(OpenError::Spec(_))), "{rate}");
            assert!(!store::exists(&options.home, DEMO));
        }
        drop(Session::demo(&options, spec(0.001), false).await.unwrap());
        assert!(matches!(Session::demo(&options, spec(1e-300), true).await, Err(OpenError::Spec(_))));
        assert!(Session::demo(&options, None, false).await.is_ok());
    }
}

//! An open workspace: its store, its tenant and the engine between them.

use std::path::Path;
use std::sync::Arc;

use super::{Engine, EngineError};
use crate::clock::Clock;
use crate::domain::dataset::Dataset;
use crate::domain::journal::Entry;
use crate::domain::ledger::Ledger;
use crate::domain::plan::{Access, PlanContext};
use crate::domain::records::{Record, UserRecords};
use crate::domain::time::Timestamp;
use crate::domain::workspace::{DemoSpec, Manifest, SCHEMA_VERSION, Source};
use crate::store::{self, Home, Store, StoreError};
use crate::tenant::demo::{self, DemoTenant};
use crate::tenant::{EvidenceTenant, ReadOnly, Tenant, TenantError};

/// How to open a workspace.
#[derive(Debug, Clone)]
pub struct OpenOptions {
    /// Where workspaces are.
    pub home: Home,
    /// Whether writing is refused, whatever the workspace says.
    pub read_only: bool,
    /// The clock.
    pub clock: Clock,
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
}

/// An open workspace.
pub struct Session {
    /// Name of the workspace.
    pub name: String,
    /// What it is.
    pub manifest: Manifest,
    /// Its data.
    pub store: Arc<dyn Store>,
    /// Its tenant, behind the read-only gate where writing is off.
    pub tenant: Arc<dyn Tenant>,
    /// Its engine.
    pub engine: Arc<Engine>,
    /// Who is at the keyboard.
    pub operator: String,
    /// What was repaired or set aside while opening, for the operator to know.
    pub notices: Vec<String>,
    clock: Clock,
    /// Where imported records are kept; `None` where the tenant itself can tell again.
    kept: Option<Arc<EvidenceTenant>>,
}

/// Seed and size of the demo that opens where there is nothing else (`design.md` section 3).
pub const DEFAULT_DEMO: (u64, u32) = (1, 200);

impl Session {
    /// Opens an existing workspace.
    pub async fn open(options: &OpenOptions, name: &str) -> Result<Session, OpenError> {
        let now = options.clock.now();
        let opened = store::open(&options.home, name, now)?;
        let store: Arc<dyn Store> = Arc::new(opened.store);
        let mut kept = None;
        let tenant: Arc<dyn Tenant> = match &opened.manifest.source {
            Source::Demo(spec) => Arc::new(DemoTenant::open(spec.clone(), &opened.dir.join(TENANT_FILE), options.clock)?),
            Source::Live(_) => return Err(OpenError::Spec("live workspaces are not connected yet".to_owned())),
            Source::Evidence => Arc::clone(kept.insert(Arc::new(EvidenceTenant::new(opened.dir.join(EVIDENCE_FILE))))) as Arc<dyn Tenant>,
        };
        let (mut writable, mut operator) = (true, None);
        store.with_ledger(&mut |ledger| {
            writable = ledger.setting("writable") != Some("false");
            operator = ledger.setting("operator").map(str::to_owned);
        });
        let tenant: Arc<dyn Tenant> = if options.read_only || !writable { Arc::new(ReadOnly(tenant)) } else { tenant };
        let operator = operator.unwrap_or_else(account_name);
        let engine = Arc::new(Engine::new(Arc::clone(&store), Arc::clone(&tenant), options.clock, operator.clone()));
        let mut session = Session {
            name: name.to_owned(),
            manifest: opened.manifest,
            store,
            tenant,
            engine,
            operator,
            notices: opened.notices,
            clock: options.clock,
            kept,
        };
        if opened.needs_fill {
            session.fill(&opened.dir).await?;
        }
        options.home.set_last_used(name)?;
        Ok(session)
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

    /// Fills a new or rebuilt cache. A demo tenant is read past its rate limit and faults: making it is not remediation.
    async fn fill(&mut self, dir: &Path) -> Result<(), OpenError> {
        let tenant: Arc<dyn Tenant> = match &self.manifest.source {
            Source::Demo(spec) => {
                let spec = DemoSpec { rate: None, faults: Vec::new(), ..spec.clone() };
                Arc::new(DemoTenant::open(spec, &dir.join(TENANT_FILE), self.clock)?)
            }
            Source::Live(_) | Source::Evidence => Arc::clone(&self.tenant),
        };
        Engine::new(Arc::clone(&self.store), tenant, self.clock, self.operator.clone()).sync(&mut |_, _| {}).await?;
        self.notices.extend(self.lost_evidence()?);
        Ok(())
    }

    /// What of the imported records could not be read again, in words.
    fn lost_evidence(&self) -> Result<Option<String>, StoreError> {
        let Some(kept) = &self.kept else { return Ok(None) };
        let was_imported = |entry: &Entry| matches!(entry, Entry::Imported { changed, .. } if *changed > 0);
        let what = match kept.skipped() {
            0 if kept.is_kept() || !self.store.journal()?.iter().any(|record| was_imported(&record.entry)) => return Ok(None),
            0 => "what was imported is not there any more: evidence.jsonl is missing".to_owned(),
            count => format!("{count} lines of evidence.jsonl cannot be read, so these imported records are not there"),
        };
        Ok(Some(format!("{what}. Import the files again; journal lists them")))
    }

    /// Keeps imported records, so that a damaged cache can be rebuilt from them. A tenant that can tell again needs none kept.
    pub fn keep(&self, records: &[Record]) -> Result<(), OpenError> {
        let Some(kept) = &self.kept else { return Ok(()) };
        if !kept.is_kept() {
            // Imported by a version that kept nothing, or the file was removed: the cache still has it.
            let held = self.load()?;
            kept.keep(&held.users().iter().flat_map(all_records).collect::<Vec<_>>())?;
        }
        Ok(kept.keep(records)?)
    }

    /// Brings the data up to date where there is a tenant; tells how many users there are.
    pub async fn refresh(&self) -> Result<usize, EngineError> {
        match self.access() {
            Access::Evidence => Ok(self.store.load()?.len()),
            Access::ReadWrite | Access::ReadOnly => self.engine.sync(&mut |_, _| {}).await,
        }
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

    /// What a plan of this workspace needs to know.
    pub fn plan_context(&self, reason: &str, include_caution: bool) -> PlanContext {
        let limits = self.tenant.limits();
        PlanContext {
            operator: self.operator.clone(),
            reason: reason.to_owned(),
            include_caution,
            access: self.access(),
            requests_per_second: limits.requests_per_second,
            read_back_page: limits.read_back_page,
            now: self.clock.now(),
        }
    }
}

/// Name of the demo workspace.
pub const DEMO: &str = "demo";
/// Where a demo tenant keeps what was done to it.
const TENANT_FILE: &str = "tenant.jsonl";
/// Where an evidence workspace keeps what was imported.
const EVIDENCE_FILE: &str = "evidence.jsonl";

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
        let options = OpenOptions { home: Home(folder.path().to_owned()), read_only: false, clock: Clock::system() };
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

//! Sign-in: everything that turns a workspace's [`LiveSpec`] into access tokens (`reference/graph.md` section 5).
//!
//! Secrets live in memory, and refresh tokens in the desktop's keyring where there is one; nothing is written to disk, and no
//! error, note or debug form holds any of them.

mod aside;
mod authority;
mod az;
mod browser;
mod certificate;
mod device;
mod error;
mod exchange;
mod keyring;
mod permissions;
mod secret;
#[cfg(test)]
mod tests;
mod token;

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};

pub use browser::open_in_browser;
pub use error::{Refusal, SignInError};
pub use keyring::Keyring;
pub use permissions::{EXTRA_SCOPES, SCOPES, scopes};
pub use token::{AccessToken, Claims};

use crate::clock::Clock;
use crate::domain::time::Timestamp;
use crate::domain::workspace::{Auth, LiveSpec};
use crate::http;
use authority::{Authority, Grant, Proof};
use browser::Opener;
use certificate::Certificate;
use exchange::{Exchange, Https};
use secret::Secrets;

/// How long before its end a token is renewed.
const EARLY: Duration = Duration::from_secs(5 * 60);
/// How close to its end a token is still used when it cannot be renewed, and how long until that is tried again.
const LAST_USE: Duration = Duration::from_secs(30);
/// How long a token lasts that does not say it.
const USUAL: Duration = Duration::from_secs(60 * 60);
/// No token lasts longer, whatever the authority says.
const LONGEST: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Something to show to the person who signs in. Hostile text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Prompted {
    /// Sign in at this address; whether a browser was opened at it.
    Browser {
        /// The address.
        address: String,
        /// Whether it was opened.
        opened: bool,
    },
    /// Sign in at this address with this code.
    DeviceCode {
        /// The address.
        address: String,
        /// The code.
        code: String,
        /// For how many seconds it is valid.
        expires_in: u64,
    },
    /// Something to know.
    Note(String),
    /// The person need do nothing more.
    Done,
}

/// Takes what is to be shown.
pub type Prompt = Arc<dyn Fn(Prompted) + Send + Sync>;

/// Signs in and holds the token. One at a time signs in or renews; others wait for what comes of it.
pub struct Credential {
    spec: LiveSpec,
    method: Method,
    authority: Authority,
    clock: Clock,
    prompt: Prompt,
    keyring: Keyring,
    gate: tokio::sync::Mutex<()>,
    state: Mutex<State>,
}

enum Method {
    Browser(Opener),
    Device,
    Secret(Secrets),
    Certificate { file: PathBuf, warned: AtomicBool },
    Az { program: OsString, warned: AtomicBool },
}

#[derive(Default)]
struct State {
    held: Option<Held>,
    refresh: Option<SecretString>,
    /// How many attempts are over, and how the last one failed: who waited for it gets the same answer.
    attempts: u64,
    failed: Option<SignInError>,
    /// How often somebody signed out: an attempt that was under way then leaves nothing behind.
    sign_outs: u64,
}

#[derive(Clone)]
struct Held {
    token: Arc<AccessToken>,
    /// When it is renewed, later where that failed.
    renew_at: Timestamp,
}

/// Which token is wanted.
enum Wanted<'a> {
    /// One that need not be renewed yet.
    Fresh(Timestamp),
    /// Any but this.
    Other(&'a AccessToken),
    /// One of a new sign-in.
    Anew,
}

impl State {
    fn find(&self, wanted: &Wanted<'_>) -> Option<Arc<AccessToken>> {
        let held = self.held.as_ref().filter(|held| match wanted {
            Wanted::Fresh(now) => *now < held.renew_at,
            Wanted::Other(stale) => !held.token.is(stale),
            Wanted::Anew => false,
        });
        held.map(|held| held.token.clone())
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let auth = self.spec.auth.as_str();
        f.debug_struct("Credential").field("tenant", &self.spec.tenant_id).field("auth", &auth).finish_non_exhaustive()
    }
}

impl Credential {
    /// A credential that has not signed in. `secret` goes before all other places of a client secret.
    pub fn new(spec: &LiveSpec, secret: Option<SecretString>, clock: Clock, prompt: Prompt, keyring: Keyring) -> Result<Self, SignInError> {
        check(spec)?;
        let exchange = Arc::new(Https(http::client(spec.ca_file.as_deref().map(Path::new))?));
        let method = match &spec.auth {
            Auth::Browser => Method::Browser(Opener::of_environment()),
            Auth::Device => Method::Device,
            Auth::Secret { file } => Method::Secret(Secrets {
                given: secret,
                file: file.as_ref().map(PathBuf::from),
                environment: std::env::var("ENTRIAGE_CLIENT_SECRET").ok().filter(|secret| !secret.is_empty()).map(SecretString::from),
                warned: AtomicBool::new(false),
            }),
            Auth::Certificate { file } => Method::Certificate { file: PathBuf::from(file), warned: AtomicBool::new(false) },
            // The file's name on Windows is az.cmd, which only its full name finds.
            Auth::Az => Method::Az { program: if cfg!(windows) { "az.cmd" } else { "az" }.into(), warned: AtomicBool::new(false) },
        };
        Credential::with(spec, method, clock, prompt, keyring, exchange)
    }

    fn with(
        spec: &LiveSpec,
        method: Method,
        clock: Clock,
        prompt: Prompt,
        keyring: Keyring,
        exchange: Arc<dyn Exchange>,
    ) -> Result<Self, SignInError> {
        let authority =
            Authority::new(spec.authority(), &spec.tenant_id, &spec.client_id, scopes(spec.cloud.graph(), spec.all_actions), exchange)?;
        let (gate, state) = Default::default();
        Ok(Credential { spec: spec.clone(), method, authority, clock, prompt, keyring, gate, state })
    }

    /// A valid token: the held one, renewed some minutes before its end, or one signed in for.
    pub async fn token(&self) -> Result<Arc<AccessToken>, SignInError> {
        let wanted = Wanted::Fresh(self.clock.now());
        if let Some(token) = self.state().find(&wanted) {
            return Ok(token);
        }
        match self.one_at_a_time(wanted, None).await {
            Err(error) if error.is_passing() => self.last_use().ok_or(error),
            answer => answer,
        }
    }

    /// The token that is held, be it still good or not; nobody is asked for one.
    pub fn held(&self) -> Option<Arc<AccessToken>> {
        self.state().held.as_ref().map(|held| held.token.clone())
    }

    /// A new token after Graph refused the stale one, with the claims of its challenge. One that somebody else renewed since
    /// will do.
    pub async fn renew(&self, stale: &AccessToken, claims: Option<&str>) -> Result<Arc<AccessToken>, SignInError> {
        let token = self.one_at_a_time(Wanted::Other(stale), claims).await?;
        if token.is(stale) {
            return Err(SignInError::Az {
                message: "the tenant no longer takes the Azure CLI's token, and the CLI gives the same one again".to_owned(),
                hint: "run az logout, then az login --tenant with the tenant's id",
            });
        }
        Ok(token)
    }

    /// Signs in from the start: a person does, where it is a person who signs in.
    pub async fn sign_in(&self) -> Result<Arc<AccessToken>, SignInError> {
        self.one_at_a_time(Wanted::Anew, None).await
    }

    /// Forgets the token, and what is in the keyring: the refresh token, and a client secret.
    pub fn sign_out(&self) {
        let tenant = {
            let mut state = self.state();
            let sign_outs = state.sign_outs + 1;
            let State { held, .. } = std::mem::replace(&mut *state, State { sign_outs, ..State::default() });
            held.and_then(|held| held.token.claims.tenant_id.clone())
        };
        for tenant in [Some(self.spec.tenant_id.clone()), tenant].into_iter().flatten() {
            self.keyring.delete(&self.entry(&tenant));
            self.keyring.delete(&self.secret_entry(&tenant));
        }
    }

    /// Puts the client secret that was found into the keyring, so that it need not be given again; whether that is done.
    /// After a sign-in, which tells that it is the right one, and the tenant's id.
    pub async fn keep_secret(&self) -> Result<bool, SignInError> {
        let Method::Secret(secrets) = &self.method else { return Ok(false) };
        let tenant = self.state().held.as_ref().and_then(|held| held.token.claims.tenant_id.clone());
        let secret = secrets.find(&self.keyring, &self.secret_entry(&self.spec.tenant_id), &self.prompt).await?;
        Ok(self.keyring.set(&self.secret_entry(tenant.as_deref().unwrap_or(&self.spec.tenant_id)), secret).await)
    }

    /// The held token, when it cannot be renewed right now but is good for a little longer.
    fn last_use(&self) -> Option<Arc<AccessToken>> {
        let now = self.clock.now();
        let mut state = self.state();
        let held = state.held.as_mut().filter(|held| now.0 + LAST_USE < held.token.expires_at.0)?;
        held.renew_at = Timestamp(now.0 + LAST_USE);
        Some(held.token.clone())
    }

    /// Takes the wanted token where another task got it, or the failure that was waited for, or gets a token itself.
    async fn one_at_a_time(&self, wanted: Wanted<'_>, challenge: Option<&str>) -> Result<Arc<AccessToken>, SignInError> {
        let attempts = self.state().attempts;
        let from_start = matches!(wanted, Wanted::Anew);
        let _turn = self.gate.lock().await;
        {
            let state = self.state();
            if let Some(token) = state.find(&wanted) {
                return Ok(token);
            }
            // Or each of many requests would ask the person who has just declined.
            if let Some(failed) = state.failed.as_ref().filter(|_| state.attempts != attempts && !from_start) {
                return Err(failed.clone());
            }
        }
        let answer = self.get(challenge, from_start).await;
        let mut state = self.state();
        state.attempts += 1;
        state.failed = answer.as_ref().err().cloned();
        answer
    }

    async fn get(&self, challenge: Option<&str>, from_start: bool) -> Result<Arc<AccessToken>, SignInError> {
        let sign_outs = self.state().sign_outs;
        let now = self.clock.now();
        let claims = token::claims_parameter(challenge).ok_or_else(|| authority::unreadable("the tenant's challenge is not JSON"))?;
        let graph = self.spec.cloud.graph();
        let grant = match &self.method {
            Method::Browser(_) | Method::Device if from_start => self.ask_person(&claims).await?,
            Method::Browser(_) | Method::Device => self.refresh_or_ask(claims).await?,
            Method::Secret(secrets) => {
                let secret = secrets.find(&self.keyring, &self.secret_entry(&self.spec.tenant_id), &self.prompt).await?;
                self.authority.application(Proof::Secret(secret), graph, &claims).await?
            }
            Method::Certificate { file, warned } => {
                secret::warn_of_readers(file, warned, &self.prompt);
                let assertion = Certificate::read(file)?.assertion(&self.spec.client_id, &self.authority.token_url, now)?;
                self.authority.application(Proof::Assertion(assertion), graph, &claims).await?
            }
            Method::Az { program, .. } => az::token(program, graph, &self.spec.tenant_id, now).await?,
        };
        Ok(self.keep(grant, sign_outs).await)
    }

    /// By refresh token where that is still good, else a person signs in.
    async fn refresh_or_ask(&self, mut claims: String) -> Result<Grant, SignInError> {
        let mut tried: Option<SecretString> = None;
        // What is held first; then what the keyring has, which may be newer if another entriage put it there.
        for from_keyring in [false, true] {
            let token = if from_keyring { self.keyring.get(&self.entry(&self.spec.tenant_id)).await } else { self.state().refresh.clone() };
            let same = |token: &SecretString| tried.as_ref().is_some_and(|tried| tried.expose_secret() == token.expose_secret());
            let Some(token) = token.filter(|token| !same(token)) else { continue };
            match self.authority.refresh(&token, &claims).await {
                Err(error) if error.wants_person() => {
                    if let SignInError::Refused { claims: Some(more), .. } = &error {
                        claims = token::claims_parameter(Some(more)).unwrap_or(claims);
                    }
                    tried = Some(token);
                }
                Ok(mut grant) => {
                    grant.refresh = grant.refresh.or(Some(token));
                    return Ok(grant);
                }
                Err(error) => return Err(error),
            }
        }
        self.ask_person(&claims).await
    }

    async fn ask_person(&self, claims: &str) -> Result<Grant, SignInError> {
        /// Takes the question off the screen, also when the sign-in is cancelled.
        struct Over<'a>(&'a Prompt);
        impl Drop for Over<'_> {
            fn drop(&mut self) {
                (self.0)(Prompted::Done);
            }
        }
        let _over = Over(&self.prompt);
        match &self.method {
            Method::Browser(opener) => {
                let account = self.spec.account.as_deref().filter(|account| account.contains('@'));
                browser::sign_in(&self.authority, account, claims, opener, &self.prompt).await
            }
            _ => device::sign_in(&self.authority, claims, &self.clock, &self.prompt).await,
        }
    }

    /// Makes the granted token the held one.
    async fn keep(&self, grant: Grant, sign_outs: u64) -> Arc<AccessToken> {
        let now = self.clock.now();
        let lifetime = grant.lifetime.or_else(|| token::lifetime(&grant.access, now)).unwrap_or(USUAL).min(LONGEST);
        let token = Arc::new(AccessToken::new(grant.access, Timestamp(now.0 + lifetime)));
        // A token that lasts for minutes only would otherwise be renewed at each request.
        let renew_at = Timestamp(token.expires_at.0 - EARLY.min(lifetime / 5));
        self.note_missing(&token.claims);
        {
            let mut state = self.state();
            if state.sign_outs != sign_outs {
                return token;
            }
            state.held = Some(Held { token: token.clone(), renew_at });
            state.refresh = grant.refresh.clone();
        }
        if let Some(refresh) = grant.refresh {
            // Under the tenant's id, which the workspace will hold from now on, even if it was signed in to by domain.
            let tenant = token.claims.tenant_id.as_deref().unwrap_or(&self.spec.tenant_id);
            self.keyring.set(&self.entry(tenant), refresh).await;
            if self.state().sign_outs != sign_outs {
                self.keyring.delete(&self.entry(tenant));
            }
        }
        token
    }

    /// The Azure CLI's own app has a fixed set of permissions, without those for risk; better said than met as a 403.
    fn note_missing(&self, claims: &Claims) {
        let Method::Az { warned, .. } = &self.method else { return };
        let missing = permissions::missing(claims);
        if !missing.is_empty() && !warned.swap(true, Ordering::Relaxed) {
            (self.prompt)(Prompted::Note(format!(
                "the Azure CLI's token lacks {}, so risk data cannot be read: a user's never has them. Log az in as a service \
                 principal that holds them, or sign in with --auth browser",
                missing.join(" and ")
            )));
        }
    }

    /// The keyring entry of the refresh token.
    fn entry(&self, tenant: &str) -> String {
        let host = self.spec.authority().trim_start_matches("https://");
        format!("{}|{}|{host}", tenant.to_ascii_lowercase(), self.spec.client_id.to_ascii_lowercase())
    }

    /// The keyring entry of the client secret.
    fn secret_entry(&self, tenant: &str) -> String {
        format!("{}|secret", self.entry(tenant))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What must hold before anything is sent.
fn check(spec: &LiveSpec) -> Result<(), SignInError> {
    let setting = |message, hint| Err(SignInError::Setting { message, hint });
    for (address, hint) in [(spec.authority(), "check --authority-url"), (spec.graph(), "check --graph-url")] {
        if let Err(message) = http::check_address(address) {
            return setting(message, hint);
        }
    }
    let tenant = spec.tenant_id.as_str();
    let plain = !tenant.is_empty() && tenant.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '.');
    let shared = ["common", "organizations", "consumers", ".", ".."].iter().any(|name| tenant.eq_ignore_ascii_case(name));
    if !plain || shared {
        return setting(format!("{tenant:?} is not one tenant"), "give --tenant the tenant's id or one of its verified domains");
    }
    if spec.client_id.trim().is_empty() {
        return setting("there is no client id".to_owned(), "give --client-id the id of an app registration");
    }
    Ok(())
}

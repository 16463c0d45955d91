//! One request to Graph: signed, paced, traced, and its answer told apart.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::TimeDelta;
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, DATE, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE};
use secrecy::ExposeSecret as _;
use serde_json::Value;
use url::Url;

use super::answer::{Answer, challenged_claims, retry_after};
use crate::clock::Clock;
use crate::domain::permission::{Holder, Operation, role_names};
use crate::domain::time::Timestamp;
use crate::domain::workspace::LiveSpec;
use crate::http::{self, HttpError};
use crate::oauth::{AccessToken, Claims, Credential, SignInError};
use crate::tenant::TenantError;
use crate::tenant::pace::{Pacer, Urgency, back_off};

/// Requests per second to the directory: far below its limit, and enough.
const DIRECTORY_RATE: f64 = 50.0;
/// Reports take 5 requests in 10 seconds where risk data takes one a second (`reference/graph.md` section 4).
const REPORTS_SHARE: f64 = 0.5;

/// How often a read is tried that the tenant puts off: about half a minute.
const TRIES: u32 = 5;

/// The services behind Graph that count requests apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// Risk data, Conditional Access policies and named locations.
    Protection,
    /// Sign-ins and the registration report.
    Reports,
    /// Users, devices, the tenant.
    Directory,
}

/// The version of Graph's contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// v1.0
    V1,
    /// beta: sign-ins have session fields only there.
    Beta,
}

/// A request to be made. It has no `Debug`: its body may hold a password.
pub struct Ask<'a> {
    /// What it is, for permissions.
    pub operation: Operation,
    /// Who counts it.
    pub service: Service,
    /// How soon.
    pub urgency: Urgency,
    /// The method.
    pub method: Method,
    /// The whole address.
    pub url: Url,
    /// What is sent along.
    pub body: Option<&'a Value>,
}

/// Graph, as one tenant's operator sees it.
pub struct Client {
    http: reqwest::Client,
    credential: Credential,
    base: Url,
    clock: Clock,
    protection: Pacer,
    reports: Pacer,
    directory: Pacer,
    /// How far Graph's clock is ahead of this machine's.
    skew: Mutex<TimeDelta>,
    /// Whether writes leave (invariant 9).
    writing: Arc<AtomicBool>,
    /// The tenant's service plans, once they were asked for; `Some(None)` where they may not be read.
    service_plans: Mutex<Option<Option<Vec<String>>>>,
    /// Whether Graph does not tell of `passwordProfile`.
    without_password_profile: AtomicBool,
}

impl From<SignInError> for TenantError {
    fn from(error: SignInError) -> Self {
        // A missing file does not pass by itself.
        if error.is_passing() && !matches!(error, SignInError::Http(HttpError::Authorities { .. })) {
            return TenantError::Unreachable { message: format!("{error}; {}", error.hint()) };
        }
        TenantError::SignIn { message: error.to_string(), hint: error.hint().to_owned() }
    }
}

impl Client {
    /// A client for this tenant. Nothing is sent yet.
    pub fn new(spec: &LiveSpec, credential: Credential, clock: Clock) -> Result<Self, TenantError> {
        let setting =
            |message: String| TenantError::SignIn { message, hint: "connect the workspace anew with entriage connect".to_owned() };
        http::check_address(spec.graph()).map_err(setting)?;
        let base = Url::parse(spec.graph()).map_err(|error| setting(error.to_string()))?;
        let http = http::client(spec.ca_file.as_deref().map(std::path::Path::new)).map_err(unreachable)?;
        Ok(Client {
            http,
            credential,
            base,
            clock,
            protection: Pacer::new(spec.rate, clock),
            reports: Pacer::new(spec.rate.map(|rate| rate * REPORTS_SHARE), clock),
            directory: Pacer::new(spec.rate.map(|rate| (rate * DIRECTORY_RATE).max(1.0)), clock),
            skew: Mutex::new(TimeDelta::zero()),
            writing: Arc::default(),
            service_plans: Mutex::default(),
            without_password_profile: AtomicBool::new(false),
        })
    }

    /// The address of a resource, with these query options.
    pub fn url(&self, version: Version, path: &[&str], options: &[(&str, &str)]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().push(match version {
                Version::V1 => "v1.0",
                Version::Beta => "beta",
            });
            segments.extend(path);
        }
        if !options.is_empty() {
            url.query_pairs_mut().extend_pairs(options);
        }
        url
    }

    /// The address of a list's next page. It is followed only within Graph: a token must not be sent elsewhere.
    pub fn next(&self, link: &str) -> Result<Url, TenantError> {
        let foreign = || TenantError::Lost {
            message: "a list's next page lies outside Graph, so it was not asked for: the token would leak".to_owned(),
        };
        let url = Url::parse(link).map_err(|_| foreign())?;
        if url.origin() == self.base.origin() && url.username().is_empty() && url.password().is_none() { Ok(url) } else { Err(foreign()) }
    }

    /// Waits for a turn, with a token at hand: nobody should have to sign in between intent and request.
    pub async fn turn(&self, service: Service, urgency: Urgency) -> Result<(), TenantError> {
        self.credential.token().await?;
        self.pacer(service).turn(urgency).await;
        Ok(())
    }

    fn pacer(&self, service: Service) -> &Pacer {
        match service {
            Service::Protection => &self.protection,
            Service::Reports => &self.reports,
            Service::Directory => &self.directory,
        }
    }

    /// Reads, when it is its turn.
    pub async fn get(&self, operation: Operation, service: Service, urgency: Urgency, url: Url) -> Result<Answer, TenantError> {
        self.turn(service, urgency).await?;
        self.send(&Ask { operation, service, urgency, method: Method::GET, url, body: None }).await
    }

    /// Reads as [`Client::get`], and waits where the tenant puts it off: for what nobody else tries again.
    pub async fn get_patiently(&self, operation: Operation, service: Service, urgency: Urgency, url: Url) -> Result<Answer, TenantError> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            match self.get(operation, service, urgency, url.clone()).await {
                Err(TenantError::Throttled { retry_after }) if attempt < TRIES => {
                    self.clock.sleep(retry_after.unwrap_or_else(|| back_off(attempt))).await;
                }
                answer => return answer,
            }
        }
    }

    /// Sends a request that has its turn. A sign-in that is no longer accepted is renewed once, and the request, which was not
    /// looked at, sent again.
    pub async fn send(&self, ask: &Ask<'_>) -> Result<Answer, TenantError> {
        let writes = ask.method != Method::GET;
        let mut token = self.credential.token().await?;
        let mut renewed = false;
        loop {
            let (answer, challenge) = self.once(ask, &token).await?;
            let wants_renewal = answer.status == 401 || (answer.status == 403 && challenge.is_some());
            if wants_renewal && !renewed {
                renewed = true;
                token = self.credential.renew(&token, challenge.as_deref()).await?;
                self.pacer(ask.service).turn(ask.urgency).await;
                continue;
            }
            if answer.is_success() {
                return Ok(answer);
            }
            let refusal = answer.refusal(ask.operation, &self.holder_of(&token.claims), writes);
            if let TenantError::Throttled { retry_after } = &refusal {
                self.pacer(ask.service).put_off(retry_after.unwrap_or_else(|| back_off(1)));
            }
            return Err(refusal);
        }
    }

    async fn once(&self, ask: &Ask<'_>, token: &AccessToken) -> Result<(Answer, Option<String>), TenantError> {
        // Here, and not earlier: signing in may have taken minutes.
        if ask.method != Method::GET && !self.writing.load(Ordering::SeqCst) {
            return Err(TenantError::ReadOnly);
        }
        let client_id = uuid::Uuid::new_v4().to_string();
        let mut request = self
            .http
            .request(ask.method.clone(), ask.url.clone())
            .bearer_auth(token.bearer().expose_secret())
            .header("client-request-id", &client_id)
            // Without this, newer members of enums arrive as `unknownFutureValue`.
            .header("Prefer", "include-unknown-enum-members");
        if let Some(body) = ask.body {
            request = request.json(body);
        } else if ask.method == Method::POST {
            request = request.header("Content-Length", "0");
        }
        let traced = |message: String| format!("{message} (client-request-id {client_id})");
        let failed = |error: reqwest::Error| match http::failed(&error) {
            HttpError::Lost { message } => TenantError::Lost { message: traced(message) },
            other => unreachable(other),
        };
        self.pacer(ask.service).leaves();
        let response = request.send().await.map_err(failed)?;
        let headers = response.headers();
        let text = |name| headers.get(name).and_then(|value: &reqwest::header::HeaderValue| value.to_str().ok());
        let now = self.clock.now();
        if let Some(date) = text(DATE).and_then(|date| chrono::DateTime::parse_from_rfc2822(date).ok()) {
            *self.skew.lock().unwrap_or_else(PoisonError::into_inner) = date.to_utc() - now.0;
        }
        let challenge = text(WWW_AUTHENTICATE).and_then(challenged_claims);
        let is_html = text(CONTENT_TYPE).is_some_and(|kind| kind.starts_with("text/html"));
        let retry_after = text(RETRY_AFTER).and_then(|wait| retry_after(wait, now));
        let request_id = headers.get("request-id").and_then(|id| id.to_str().ok()).map(str::to_owned);
        let location = text(LOCATION).map(str::to_owned);
        let status = response.status().as_u16();
        let body = response.bytes().await.map_err(failed)?.to_vec();
        Ok((Answer { status, is_html, retry_after, location, ids: (request_id, client_id.clone()), body }, challenge))
    }

    /// Waits by the clock.
    pub(super) async fn pause(&self, wait: Duration) {
        self.clock.sleep(wait).await;
    }

    /// Whether writes leave; for the gate to open and close.
    pub fn writing(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.writing)
    }

    /// Graph's time, as far as its answers told.
    pub fn now(&self) -> Timestamp {
        self.by_graphs_clock(self.clock.now())
    }

    /// What Graph's clock showed when this machine's showed this.
    pub fn by_graphs_clock(&self, at: Timestamp) -> Timestamp {
        Timestamp(at.0 + *self.skew.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// How far Graph's clock is ahead of this machine's.
    pub fn skew(&self) -> TimeDelta {
        *self.skew.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Who is signed in; asks the operator where nobody is.
    pub async fn claims(&self) -> Result<Claims, TenantError> {
        Ok(self.credential.token().await?.claims.clone())
    }

    /// How the tenant is signed in to.
    pub fn credential(&self) -> &Credential {
        &self.credential
    }

    /// What is known, without a request, of who is signed in; `None` where nobody is yet.
    pub fn holder(&self) -> Option<Holder> {
        self.credential.held().map(|token| self.holder_of(&token.claims))
    }

    /// What a token says of who holds it, with what was learnt of the tenant.
    pub fn holder_of(&self, claims: &Claims) -> Holder {
        let is_application = claims.is_application();
        Holder {
            is_application,
            user_id: claims.object_id.clone().filter(|_| !is_application),
            permissions: if is_application { claims.roles.clone() } else { claims.scopes.clone() },
            roles: claims.directory_roles.as_deref().map(role_names),
            service_plans: self.service_plans().clone().flatten(),
        }
    }

    /// Whether the service plans were asked for already.
    pub(super) fn knows_service_plans(&self) -> bool {
        self.service_plans().is_some()
    }

    /// Keeps the tenant's service plans; `None` where they may not be read.
    pub(super) fn learn_service_plans(&self, plans: Option<Vec<String>>) {
        *self.service_plans() = Some(plans);
    }

    fn service_plans(&self) -> MutexGuard<'_, Option<Option<Vec<String>>>> {
        self.service_plans.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether Graph may tell of `passwordProfile`, as far as it was asked.
    pub(super) fn tells_password_profile(&self) -> bool {
        !self.without_password_profile.load(Ordering::Relaxed)
    }

    /// Graph refused to tell of `passwordProfile`, and nothing else: it is not asked again.
    pub(super) fn goes_without_password_profile(&self) {
        self.without_password_profile.store(true, Ordering::Relaxed);
    }
}

fn unreachable(error: HttpError) -> TenantError {
    match error {
        HttpError::Lost { message } => TenantError::Lost { message },
        HttpError::NotSent { message, hint } => TenantError::Unreachable { message: format!("{message}; {hint}") },
        HttpError::Authorities { .. } => TenantError::Unreachable { message: error.to_string() },
    }
}

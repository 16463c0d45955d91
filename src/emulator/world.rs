//! The emulated tenant, and the way of a request through it: faults, token, permission, pace, and then what was asked for.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::http::{HeaderName, Method, StatusCode, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use uuid::Uuid;

use super::answer::{Answer, Content, GraphError, Trace};
use super::faults::{Concern, Faults, action_of};
use super::index::Index;
use super::oauth::{Authority, Standing, Token, Withheld, worded};
use super::pace::Pace;
use super::request::{Request, Version};
use super::risk::{no_such_principals, nobody};
use super::routes::{self, Route};
use crate::clock::Clock;
use crate::domain::time::Timestamp;
use crate::domain::workspace::{Fault, FaultKind};
use crate::tenant::demo::DemoTenant;

/// A password reset that goes on after its answer.
#[derive(Debug, Clone)]
pub(super) struct Reset {
    /// Number of the user.
    pub user: u32,
    /// When it began.
    pub begun_at: Timestamp,
    /// When the password was last changed before.
    pub changed_before: Option<Timestamp>,
}

/// Everything there is.
pub(super) struct World {
    pub(super) tenant: DemoTenant,
    pub(super) clock: Clock,
    pub(super) authority: Authority,
    index: Mutex<Index>,
    faults: Mutex<Faults>,
    pace: Mutex<Pace>,
    /// Password resets that were begun.
    resets: Mutex<HashMap<String, Reset>>,
    /// Held while a policy or location is read, changed and put back.
    changing: Mutex<()>,
    received: Mutex<Vec<Received>>,
}

/// A request that came, and how it was answered.
struct Received {
    method: Method,
    path: String,
    status: Option<StatusCode>,
}

/// A request that was let in.
pub(super) struct Call<'a> {
    pub(super) request: &'a Request,
    pub(super) version: Version,
    pub(super) token: &'a Token,
    pub(super) now: Timestamp,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl World {
    pub(super) fn new(tenant: DemoTenant, clock: Clock, authority: Authority, faults: &[Fault], rate: Option<f64>) -> Self {
        let population = tenant.population();
        let index = Index::new(population);
        let number = |name: &str| population.user(name).or_else(|| index.user_named(name));
        let faults = Faults::new(faults, number);
        World {
            index: Mutex::new(index),
            faults: Mutex::new(faults),
            pace: Mutex::new(Pace::new(rate)),
            resets: Mutex::default(),
            changing: Mutex::default(),
            received: Mutex::default(),
            tenant,
            clock,
            authority,
        }
    }

    /// The index, with all that has settled by now.
    pub(super) fn index(&self) -> MutexGuard<'_, Index> {
        let mut index = lock(&self.index);
        index.settle(&self.tenant);
        index
    }

    pub(super) fn resets(&self) -> MutexGuard<'_, HashMap<String, Reset>> {
        lock(&self.resets)
    }

    pub(super) fn changing(&self) -> MutexGuard<'_, ()> {
        lock(&self.changing)
    }

    /// Whether the tenant never has a licence.
    pub(super) fn is_unlicensed(&self) -> bool {
        lock(&self.faults).always(&FaultKind::WithoutLicence)
    }

    /// How many requests came so; with `accepted`, how many of them were answered with success.
    pub(super) fn count(&self, method: &str, path_part: &str, accepted: bool) -> usize {
        let fits = |one: &&Received| {
            one.method.as_str().eq_ignore_ascii_case(method)
                && one.path.contains(path_part)
                && (!accepted || one.status.is_some_and(|status| status.is_success()))
        };
        lock(&self.received).iter().filter(fits).count()
    }

    /// Answers a request.
    pub(super) async fn answer(&self, request: &Request) -> Answer {
        let place = {
            let mut received = lock(&self.received);
            received.push(Received { method: request.method.clone(), path: request.path.clone(), status: None });
            received.len() - 1
        };
        let answer = self.answered(request).await;
        if let (Some(one), false) = (lock(&self.received).get_mut(place), matches!(answer.content, Content::Broken)) {
            one.status = Some(answer.status);
        }
        answer
    }

    async fn answered(&self, request: &Request) -> Answer {
        let now = self.clock.now();
        if let Some((version, path)) = request.graph_path() {
            return self.graph(request, version, &path, now).await;
        }
        if request.path.ends_with("/oauth2/v2.0/token") {
            let error = |does: &FaultKind| matches!(does, FaultKind::TokenError { .. });
            let concern = Concern { path: &request.path, ..Concern::default() };
            let struck = lock(&self.faults).strike(&concern, |fault| error(&fault.does));
            if let Some(FaultKind::TokenError { error, description }) = struck {
                return worded(&error, &description, now);
            }
        }
        let trace = trace(request, now);
        let unknown = || GraphError::new(StatusCode::NOT_FOUND, "ResourceNotFound", "Resource not found.").answer(&trace).traced(&trace);
        self.authority.answer(request, now, || self.withheld(&request.path)).unwrap_or_else(unknown)
    }

    fn withheld(&self, path: &str) -> Withheld {
        let mut faults = lock(&self.faults);
        let scopes = faults.strike_all(path, |does| match does {
            FaultKind::WithoutScope { scope } => Some(scope.clone()),
            _ => None,
        });
        Withheld { scopes, roles: faults.always(&FaultKind::WithoutRole) }
    }

    async fn graph(&self, request: &Request, version: Version, path: &[&str], now: Timestamp) -> Answer {
        let trace = trace(request, now);
        let concern = self.concern(request, path);
        let answer = self.let_in(request, version, path, &concern, now).await;
        self.spoilt(answer.unwrap_or_else(|error| error.answer(&trace)), &concern).traced(&trace)
    }

    /// What faults look at in this request.
    fn concern<'a>(&self, request: &'a Request, path: &[&str]) -> Concern<'a> {
        let writes = request.method != Method::GET;
        let action = action_of(path).filter(|_| writes);
        let mut users = HashSet::new();
        if lock(&self.faults).ask_for_users() {
            let index = lock(&self.index);
            let population = self.tenant.population();
            let number = |name: &str| population.user(name).or_else(|| population.user_of_sign_in(name)).or_else(|| index.user_named(name));
            let body: Option<Value> = serde_json::from_slice(&request.body).ok();
            let lists = body.iter().filter_map(Value::as_object).flat_map(|object| object.values()).filter_map(Value::as_array).flatten();
            users.extend(lists.filter_map(Value::as_str).filter_map(number));
            users.extend(path.iter().filter_map(|segment| number(segment)));
            users.extend(request.parameter("$filter").unwrap_or_default().split('\'').filter_map(number));
        }
        Concern { path: &request.path, action, writes, users }
    }

    async fn let_in(
        &self,
        request: &Request,
        version: Version,
        path: &[&str],
        concern: &Concern<'_>,
        now: Timestamp,
    ) -> Result<Answer, GraphError> {
        if let Some(answer) = self.hindered(concern)? {
            return Ok(answer);
        }
        let token = self.token(request, concern, now)?;
        let route = routes::route(&request.method, version, path)?;
        self.permit(&route, &token, concern)?;
        lock(&self.pace).admit(route.budget(), now)?;
        let call = Call { request, version, token: &token, now };
        match route {
            Route::Batch => Box::pin(self.batch(&call)).await,
            Route::Act(action) => self.act(&call, action).await,
            Route::ChangeUser(id) => self.change_user(&call, &id).await,
            Route::RevokeSessions(id) => self.revoke_sessions(&call, &id).await,
            Route::ResetPassword(id) => self.reset_password(&call, &id).await,
            route => self.handle(&call, route),
        }
    }

    /// Faults on the way to Graph, before anything is looked at.
    fn hindered(&self, concern: &Concern) -> Result<Option<Answer>, GraphError> {
        let hinders = |fault: &Fault| {
            matches!(
                fault.does,
                FaultKind::Throttle { .. }
                    | FaultKind::Poison
                    | FaultKind::BreakBefore
                    | FaultKind::Unavailable
                    | FaultKind::Status { .. }
                    | FaultKind::Html
            )
        };
        let struck = lock(&self.faults).strike(concern, hinders);
        match struck {
            None => Ok(None),
            Some(FaultKind::Throttle { retry_after_seconds }) => Err(GraphError::throttled(retry_after_seconds)),
            Some(FaultKind::Poison) => Err(GraphError::bad("One or more of the ids are invalid.")),
            Some(FaultKind::Unavailable) => Err(unavailable()),
            Some(FaultKind::Status { status }) => {
                let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                let code = if status.is_server_error() { "InternalServerError" } else { "UnknownError" };
                Err(GraphError::new(status, code, status.canonical_reason().unwrap_or("An error has occurred.")))
            }
            Some(FaultKind::Html) => Ok(Some(Answer::html(StatusCode::OK, "<h1>Welcome to the guest network</h1><p>Please sign in.</p>"))),
            Some(_) => Ok(Some(Answer::broken())),
        }
    }

    /// The token that is presented, if it is good.
    fn token(&self, request: &Request, concern: &Concern, now: Timestamp) -> Result<Token, GraphError> {
        let realm = format!("Bearer realm=\"\", authorization_uri=\"{}/common/oauth2/v2.0/authorize\"", request.base);
        let challenge = || {
            let claims = json!({"access_token": {"nbf": {"essential": true, "value": now.0.timestamp().to_string()}}}).to_string();
            let value = format!("{realm}, error=\"insufficient_claims\", claims=\"{}\"", STANDARD.encode(claims));
            let message = "Continuous access evaluation resulted in challenge with result: InteractionRequired and code: \
                           TokenIssuedBeforeRevocationTimestamp";
            GraphError::unauthenticated(message, value)
        };
        let bearer = request.header(header::AUTHORIZATION).and_then(|value| value.split_once(' '));
        let Some((_, given)) = bearer.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")) else {
            return Err(GraphError::unauthenticated("Access token is empty.", realm));
        };
        let given = given.trim();
        let expired = || {
            let value = format!("{realm}, error=\"invalid_token\", error_description=\"The access token has expired or is not valid\"");
            GraphError::unauthenticated("Lifetime validation failed, the token is expired.", value)
        };
        let token = match self.authority.standing(given, now) {
            Standing::Good(token) => token,
            Standing::Bad => return Err(expired()),
            Standing::Challenged => return Err(challenge()),
        };
        let struck = lock(&self.faults).strike(concern, |fault| match fault.does {
            FaultKind::ExpiredToken => true,
            // For ever means: every token that was not asked for with claims.
            FaultKind::ClaimsChallenge => fault.times.is_some() || !token.with_claims,
            _ => false,
        });
        match struck {
            None => Ok(token),
            Some(FaultKind::ClaimsChallenge) => {
                self.authority.challenge();
                Err(challenge())
            }
            Some(_) => {
                self.authority.revoke(given);
                Err(expired())
            }
        }
    }

    /// Whether this token may do that.
    fn permit(&self, route: &Route, token: &Token, concern: &Concern) -> Result<(), GraphError> {
        let permissions = route.permissions(token.delegated).ok_or_else(|| match route {
            Route::Me => GraphError::bad("/me request is only valid with delegated authentication flow."),
            _ => route.out_of_scope(),
        })?;
        if !token.permits(permissions) {
            return Err(route.out_of_scope());
        }
        if !token.holds(route.role()) {
            return Err(route.out_of_role());
        }
        let denies = |fault: &Fault| match fault.does {
            FaultKind::WithoutRole => *route != Route::Batch,
            FaultKind::WithoutLicence => route.unlicensed().is_some(),
            _ => false,
        };
        let struck = lock(&self.faults).strike(concern, denies);
        match struck {
            None => Ok(()),
            Some(FaultKind::WithoutRole) => Err(route.out_of_role()),
            Some(_) => Err(route.unlicensed().unwrap_or_else(|| route.out_of_scope())),
        }
    }

    /// Faults on the way back.
    fn spoilt(&self, mut answer: Answer, concern: &Concern) -> Answer {
        if !answer.status.is_success() || matches!(answer.content, Content::Broken | Content::Text(..)) {
            return answer;
        }
        let next = |answer: &Answer| match &answer.content {
            Content::Json(body) => body.get("@odata.nextLink").and_then(Value::as_str).map(str::to_owned),
            _ => None,
        };
        let spoils = |fault: &Fault| match fault.does {
            FaultKind::BreakAfter => true,
            FaultKind::TruncatedJson => matches!(answer.content, Content::Json(_)),
            FaultKind::ForeignNextLink => next(&answer).is_some(),
            _ => false,
        };
        let struck = lock(&self.faults).strike(concern, spoils);
        match (struck, &mut answer.content) {
            (Some(FaultKind::BreakAfter), _) => return Answer::broken(),
            (Some(FaultKind::TruncatedJson), Content::Json(body)) => {
                let text = body.to_string();
                let half: String = text.chars().take(text.chars().count() / 2).collect();
                answer.content = Content::Text("application/json", half);
            }
            (Some(FaultKind::ForeignNextLink), Content::Json(body)) => {
                let path = body["@odata.nextLink"].as_str().and_then(|link| link.splitn(4, '/').nth(3)).unwrap_or_default();
                body["@odata.nextLink"] = Value::String(format!("https://evil.example/{path}"));
            }
            _ => {}
        }
        answer
    }

    fn handle(&self, call: &Call, route: Route) -> Result<Answer, GraphError> {
        match route {
            Route::RiskyUsers => self.risky_users(call),
            Route::RiskyUser(id) => self.risky_user(call, &id),
            Route::History(id) => self.history(call, &id),
            Route::Detections => self.detections(call),
            Route::Detection(id) => self.detection(call, &id),
            Route::RiskyPrincipals | Route::PrincipalDetections | Route::RiskyAgents => nobody(call, &route),
            Route::RiskyPrincipal(id) => Err(GraphError::not_found("riskyServicePrincipal", &id)),
            Route::RiskyAgent(id) => Err(GraphError::not_found("riskyAgent", &id)),
            Route::PrincipalVerb => no_such_principals(call, "servicePrincipalIds"),
            Route::AgentVerb => no_such_principals(call, "agentIds"),
            Route::SignIns => self.sign_ins(call),
            Route::SignIn(id) => self.sign_in(call, &id),
            Route::Me => self.me(call),
            Route::Users => self.users(call),
            Route::User(id) => self.user(call, &id),
            Route::Methods(id) => self.methods(call, &id),
            Route::Operation(id, operation) => self.operation(call, &id, &operation),
            Route::Devices(id) => self.devices(call, &id),
            Route::ChangeDevice(id) => self.change_device(call, &id),
            Route::DeletedUsers => self.deleted_users(call),
            Route::DeletedUser(id) => self.deleted_user(call, &id),
            Route::Restore(id) => self.restore(call, &id),
            Route::Registrations => self.registrations(call),
            Route::Registration(id) => self.registration(call, &id),
            Route::Policies => self.policies(call),
            Route::Policy(id) => self.policy(call, &id),
            Route::ChangePolicy(id) => self.change_policy(call, &id),
            Route::Locations => self.locations(call),
            Route::Location(id) => self.location(call, &id),
            Route::NewLocation => self.new_location(call),
            Route::ChangeLocation(id) => self.change_location(call, &id),
            Route::Organization => self.organization(call),
            Route::Licences => self.licences(call),
            // These wait for something, and were taken care of before.
            Route::Act(_) | Route::ChangeUser(_) | Route::RevokeSessions(_) | Route::ResetPassword(_) | Route::Batch => Err(unavailable()),
        }
    }
}

/// 503
pub(super) fn unavailable() -> GraphError {
    GraphError::new(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable", "The service is temporarily unavailable.")
}

fn trace(request: &Request, now: Timestamp) -> Trace {
    let request_id = Uuid::new_v4().to_string();
    let given = request.header(HeaderName::from_static("client-request-id")).map(str::to_owned);
    Trace { client_request_id: given.unwrap_or_else(|| request_id.clone()), request_id, now }
}

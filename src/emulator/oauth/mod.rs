//! The authority: sign-in by browser, device code, secret and certificate, as `reference/graph.md` section 5 has it.

mod application;
mod browser;
mod device;
mod error;
pub(super) mod scopes;
mod tokens;

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::http::Method;
use uuid::Uuid;

use self::browser::Code;
use self::device::Device;
pub(super) use self::error::worded;
use self::error::{OauthError, Reason};
use self::tokens::{Grant, Refresh};
pub(super) use self::tokens::{OPERATOR_NAME, Token, operator};
use super::answer::Answer;
use super::certificates::ClientCertificate;
use super::request::Request;
use crate::domain::time::Timestamp;

/// The public client that anybody can use: Microsoft Graph Command Line Tools.
const COMMAND_LINE_TOOLS: &str = "14d82eec-204b-4c2f-b7e8-296a70dab67e";
/// Domain of the tenant, which names it as well as its id.
pub(super) const DOMAIN: &str = "contoso.test";

/// Who is who.
pub(super) struct Identity {
    pub(super) tenant_id: String,
    pub(super) client_id: String,
    pub(super) client_secret: String,
    /// Object id of the operator.
    pub(super) operator_id: String,
    /// Object id of the application in the tenant.
    pub(super) principal_id: String,
    pub(super) certificate: ClientCertificate,
}

/// Issues tokens and knows them again.
pub(super) struct Authority {
    pub(super) identity: Identity,
    issued: Mutex<Issued>,
}

/// What was issued.
#[derive(Default)]
struct Issued {
    tokens: HashMap<String, Token>,
    refresh: HashMap<String, Refresh>,
    codes: HashMap<String, Code>,
    devices: HashMap<String, Device>,
    /// Number of the last token.
    serial: u64,
    /// Tokens up to this one are challenged; so are later ones that were not asked for with claims.
    challenged: Option<u64>,
}

/// What faults do to tokens.
#[derive(Debug, Default)]
pub(super) struct Withheld {
    pub(super) scopes: Vec<String>,
    /// Whether the operator lacks the roles that write.
    pub(super) roles: bool,
}

/// How a presented token stands.
pub(super) enum Standing {
    Good(Token),
    /// It is not ours, or no longer.
    Bad,
    /// The sign-in must be renewed with claims.
    Challenged,
}

impl Authority {
    pub(super) fn new(identity: Identity) -> Self {
        Authority { identity, issued: Mutex::new(Issued::default()) }
    }

    fn issued(&self) -> MutexGuard<'_, Issued> {
        self.issued.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How this token stands.
    pub(super) fn standing(&self, token: &str, now: Timestamp) -> Standing {
        let issued = self.issued();
        let Some(held) = issued.tokens.get(token).filter(|held| now < held.expires_at) else { return Standing::Bad };
        match issued.challenged {
            Some(last) if held.serial <= last || !held.with_claims => Standing::Challenged,
            _ => Standing::Good(held.clone()),
        }
    }

    /// Forgets this token.
    pub(super) fn revoke(&self, token: &str) {
        self.issued().tokens.remove(token);
    }

    /// Challenges all tokens that were issued so far.
    pub(super) fn challenge(&self) {
        let mut issued = self.issued();
        issued.challenged = Some(issued.serial);
    }

    /// Whether the path is one of the authority's, which is then answered.
    pub(super) fn answer(&self, request: &Request, now: Timestamp, withheld: impl Fn() -> Withheld) -> Option<Answer> {
        let segments: Vec<&str> = request.segments.iter().map(String::as_str).collect();
        Some(match (&request.method, segments.as_slice()) {
            (&Method::GET, ["devicelogin"]) => self.approve_device(request, now),
            (&Method::GET, [tenant, "oauth2", "v2.0", "authorize"]) => self.authorize(request, tenant, now),
            (&Method::POST, [tenant, "oauth2", "v2.0", "devicecode"]) => {
                self.device_code(request, tenant, now).unwrap_or_else(|error| error.answer(now))
            }
            (&Method::POST, [tenant, "oauth2", "v2.0", "token"]) => {
                self.token(request, tenant, now, withheld).unwrap_or_else(|error| error.answer(now))
            }
            _ => return None,
        })
    }

    fn token(&self, request: &Request, tenant: &str, now: Timestamp, withheld: impl Fn() -> Withheld) -> Result<Answer, OauthError> {
        let form = Form::new(request)?;
        let grant = match form.required("grant_type")? {
            "client_credentials" => {
                if !self.is_this(tenant) && is_shared(tenant) {
                    return Err(Reason::NoTenant.error("no tenant is named: client credentials need one"));
                }
                self.check_tenant(tenant)?;
                self.by_application(request, &form, tenant, now)?
            }
            grant_type => {
                self.check_tenant(tenant)?;
                self.check_client(form.required("client_id")?)?;
                match grant_type {
                    "authorization_code" => self.by_code(request, &form, now)?,
                    "refresh_token" => self.by_refresh(request, &form)?,
                    "urn:ietf:params:oauth:grant-type:device_code" => self.by_device(&form, now)?,
                    other => return Err(Reason::UnsupportedGrant.error(&format!("the grant type '{other}' is not supported"))),
                }
            }
        };
        let grant = Grant { with_claims: form.get("claims").is_some_and(|claims| !claims.is_empty()), ..grant };
        Ok(self.issue(grant, &withheld(), now))
    }

    fn is_this(&self, tenant: &str) -> bool {
        tenant.eq_ignore_ascii_case(&self.identity.tenant_id) || tenant.eq_ignore_ascii_case(DOMAIN)
    }

    fn check_tenant(&self, tenant: &str) -> Result<(), OauthError> {
        match self.is_this(tenant) || is_shared(tenant) {
            true => Ok(()),
            false => {
                Err(Reason::WrongTenant.error(&format!("Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID")))
            }
        }
    }

    fn check_client(&self, client_id: &str) -> Result<(), OauthError> {
        match client_id.eq_ignore_ascii_case(&self.identity.client_id) || client_id.eq_ignore_ascii_case(COMMAND_LINE_TOOLS) {
            true => Ok(()),
            false => {
                Err(Reason::WrongClient
                    .error(&format!("Application with identifier '{client_id}' was not found in the directory '{DOMAIN}'")))
            }
        }
    }
}

/// Whether the word stands for any tenant.
fn is_shared(tenant: &str) -> bool {
    ["common", "organizations", "consumers"].contains(&tenant)
}

/// The fields of a form.
struct Form(Vec<(String, String)>);

impl Form {
    fn new(request: &Request) -> Result<Self, OauthError> {
        match request.is_of_type("application/x-www-form-urlencoded") {
            true => Ok(Form(request.form())),
            false => Err(Reason::Missing.error("The request body must be a form, and name its content type")),
        }
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    fn required(&self, name: &str) -> Result<&str, OauthError> {
        let missing = || Reason::Missing.error(&format!("The request body must contain the following parameter: '{name}'"));
        self.get(name).filter(|value| !value.is_empty()).ok_or_else(missing)
    }
}

/// Host and port of a request's address.
fn host(request: &Request) -> &str {
    request.base.strip_prefix("https://").unwrap_or(&request.base)
}

/// What nobody can guess.
fn random() -> String {
    format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple())
}

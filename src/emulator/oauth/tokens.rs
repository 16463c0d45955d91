//! Tokens: what they say, and what is remembered of them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::error::{OauthError, Reason};
use super::{Authority, DOMAIN, Form, Withheld, host, random, scopes};
use crate::domain::time::Timestamp;
use crate::emulator::answer::Answer;
use crate::emulator::request::Request;
use crate::emulator::routes::Role;

/// Seconds that an access token lasts.
const LIFETIME: i64 = 3600;

/// An access token, as it is remembered.
#[derive(Debug, Clone)]
pub(in crate::emulator) struct Token {
    pub(super) serial: u64,
    pub(super) expires_at: Timestamp,
    /// Whether a user signed in.
    pub(in crate::emulator) delegated: bool,
    permissions: Vec<String>,
    roles: Vec<&'static str>,
    pub(in crate::emulator) with_claims: bool,
}

impl Token {
    /// Whether any one of these sets of permissions is in it.
    pub(in crate::emulator) fn permits(&self, sets: &[&[&str]]) -> bool {
        sets.iter().any(|set| set.iter().all(|name| self.permissions.iter().any(|held| held == name)))
    }

    /// Whether who signed in holds this role. What an application may do is told by its permissions alone.
    pub(in crate::emulator) fn holds(&self, role: Role) -> bool {
        !self.delegated || scopes::holds_role(&self.roles, role)
    }
}

/// A refresh token, as it is remembered.
pub(super) struct Refresh {
    client_id: String,
    scopes: Vec<String>,
}

/// What a token is issued for.
pub(super) struct Grant {
    pub(super) client_id: String,
    /// `None` for an application by itself.
    pub(super) scopes: Option<Vec<String>>,
    pub(super) with_claims: bool,
}

impl Authority {
    /// The refresh token is used up by this, and another one issued.
    pub(super) fn by_refresh(&self, request: &Request, form: &Form) -> Result<Grant, OauthError> {
        let token = form.required("refresh_token")?;
        let client_id = form.required("client_id")?;
        let bad = || {
            Reason::BadRefresh.error("The provided authorization code or refresh token has expired due to inactivity. Send a new interactive authorization request")
        };
        let mut issued = self.issued();
        let held = issued.refresh.remove(token).ok_or_else(bad)?;
        if !held.client_id.eq_ignore_ascii_case(client_id) {
            return Err(bad());
        }
        let scopes = match form.get("scope") {
            None | Some("") => held.scopes,
            Some(text) => with_refresh(wanted_scopes(text, request)?),
        };
        Ok(Grant { client_id: held.client_id, scopes: Some(scopes), with_claims: false })
    }

    /// Issues what was granted.
    pub(super) fn issue(&self, grant: Grant, withheld: &Withheld, now: Timestamp) -> Answer {
        let delegated = grant.scopes.is_some();
        let asked = grant.scopes.clone().unwrap_or_else(scopes::application);
        let given: Vec<String> =
            asked.into_iter().filter(|name| !withheld.scopes.iter().any(|gone| gone.eq_ignore_ascii_case(name))).collect();
        let roles = if delegated { scopes::roles_of_operator(!withheld.roles) } else { Vec::new() };
        let expires_at = Timestamp(now.0 + TimeDelta::seconds(LIFETIME));
        let access_token = jwt(&self.claims(&grant.client_id, delegated, &given, &roles, now, expires_at));
        let mut body = json!({"token_type": "Bearer", "expires_in": LIFETIME, "ext_expires_in": LIFETIME, "access_token": access_token});
        let mut issued = self.issued();
        issued.tokens.retain(|_, token| now < token.expires_at);
        issued.serial += 1;
        let serial = issued.serial;
        if delegated {
            body["scope"] = Value::String(given.iter().filter(|name| *name != "offline_access").cloned().collect::<Vec<_>>().join(" "));
            if given.iter().any(|name| name == "offline_access") {
                let refresh_token = format!("1.{}", random());
                body["refresh_token"] = Value::String(refresh_token.clone());
                issued
                    .refresh
                    .insert(refresh_token, Refresh { client_id: grant.client_id.clone(), scopes: grant.scopes.unwrap_or_default() });
            }
            if given.iter().any(|name| name == "openid") {
                body["id_token"] = Value::String(jwt(&self.id_claims(&grant.client_id, now, expires_at)));
            }
        }
        let token = Token { serial, expires_at, delegated, permissions: given, roles, with_claims: grant.with_claims };
        issued.tokens.insert(access_token, token);
        Answer::json(body).with(axum::http::header::CACHE_CONTROL, "no-store")
    }

    fn claims(
        &self,
        client_id: &str,
        delegated: bool,
        given: &[String],
        roles: &[&'static str],
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Value {
        let identity = &self.identity;
        let mut claims = json!({
            "aud": "https://graph.microsoft.com",
            "iss": format!("https://sts.windows.net/{}/", identity.tenant_id),
            "tid": identity.tenant_id,
            "appid": client_id,
            "iat": now.0.timestamp(),
            "nbf": now.0.timestamp(),
            "exp": expires_at.0.timestamp(),
            "uti": Uuid::new_v4().simple().to_string(),
            "ver": "1.0",
        });
        let more = if delegated {
            let names: Vec<&str> = given.iter().map(String::as_str).filter(|name| *name != "offline_access").collect();
            json!({"oid": identity.operator_id, "idtyp": "user", "scp": names.join(" "), "upn": operator(), "unique_name": operator(),
                "name": OPERATOR_NAME, "wids": roles})
        } else {
            json!({"oid": identity.principal_id, "idtyp": "app", "roles": given})
        };
        merge(&mut claims, more);
        claims
    }

    fn id_claims(&self, client_id: &str, now: Timestamp, expires_at: Timestamp) -> Value {
        let identity = &self.identity;
        json!({
            "aud": client_id, "iss": format!("https://login.microsoftonline.com/{}/v2.0", identity.tenant_id), "tid": identity.tenant_id,
            "oid": identity.operator_id, "sub": identity.operator_id, "name": OPERATOR_NAME, "preferred_username": operator(),
            "iat": now.0.timestamp(), "exp": expires_at.0.timestamp(), "ver": "2.0",
        })
    }
}

/// Name of the operator, for people.
pub(in crate::emulator) const OPERATOR_NAME: &str = "Demo Operator";

/// Principal name of the operator.
pub(in crate::emulator) fn operator() -> String {
    format!("operator@{DOMAIN}")
}

/// The scopes that a text names.
pub(super) fn wanted_scopes(text: &str, request: &Request) -> Result<Vec<String>, OauthError> {
    let unknown = |scope: String| {
        Reason::WrongScope
            .error(&format!("The provided value for the input parameter 'scope' is not valid. The scope {scope} does not exist"))
    };
    scopes::requested(text, host(request)).map_err(unknown)
}

/// Who renews a sign-in goes on with a refresh token, whether it is asked for or not.
fn with_refresh(mut scopes: Vec<String>) -> Vec<String> {
    if !scopes.iter().any(|scope| scope == "offline_access") {
        scopes.push("offline_access".to_owned());
    }
    scopes
}

fn merge(into: &mut Value, more: Value) {
    if let (Value::Object(into), Value::Object(more)) = (into, more) {
        into.extend(more);
    }
}

/// A token of the usual shape. Nobody checks its signature: tokens are known by heart.
fn jwt(claims: &Value) -> String {
    let header: Map<String, Value> =
        [("typ", "JWT"), ("alg", "RS256"), ("kid", "emulator")].map(|(name, value)| (name.to_owned(), value.into())).into_iter().collect();
    let part = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    format!("{}.{}.{}", part(Value::Object(header).to_string().as_bytes()), part(claims.to_string().as_bytes()), part(random().as_bytes()))
}

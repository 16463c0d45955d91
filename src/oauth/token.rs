//! An access token, and what it says of itself.

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};

use crate::domain::time::Timestamp;

/// A token for Graph. Its debug form shows no secret.
pub struct AccessToken {
    /// What it says of itself.
    pub claims: Claims,
    /// When it ends.
    pub expires_at: Timestamp,
    bearer: SecretString,
}

impl AccessToken {
    /// A token that ends then.
    pub fn new(bearer: SecretString, expires_at: Timestamp) -> Self {
        AccessToken { claims: Claims::of(bearer.expose_secret()), expires_at, bearer }
    }

    /// What the `Authorization` header holds after `Bearer`.
    pub fn bearer(&self) -> &SecretString {
        &self.bearer
    }

    /// Whether it is that same token.
    pub(super) fn is(&self, other: &AccessToken) -> bool {
        self.bearer.expose_secret() == other.bearer.expose_secret()
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessToken").field("claims", &self.claims).field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

/// What the token says of itself; for display and for foreseeing 403, never trusted for more. Hostile text.
#[derive(Default, Clone, Debug, PartialEq)]
pub struct Claims {
    /// Object id of the tenant.
    pub tenant_id: Option<String>,
    /// The app that signed in.
    pub app_id: Option<String>,
    /// Principal name of the user.
    pub account: Option<String>,
    /// Name of the user, for people.
    pub name: Option<String>,
    /// Object id of the user, or of the app's service principal.
    pub object_id: Option<String>,
    /// Delegated permissions.
    pub scopes: Vec<String>,
    /// Application permissions.
    pub roles: Vec<String>,
    /// Template ids of the user's directory roles; `None` where the token does not tell.
    pub directory_roles: Option<Vec<String>>,
}

impl Claims {
    /// What is read of a token: nothing where it is not a JWT. Its signature is Graph's to check.
    fn of(token: &str) -> Self {
        let Some(claims) = payload(token) else {
            return Claims::default();
        };
        let text = |name: &str| claims.get(name).and_then(Value::as_str).map(str::to_owned);
        let list = |name: &str| {
            let values = claims.get(name).and_then(Value::as_array)?;
            Some(values.iter().filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>())
        };
        Claims {
            tenant_id: text("tid"),
            app_id: text("appid").or_else(|| text("azp")),
            account: text("upn").or_else(|| text("preferred_username")).or_else(|| text("unique_name")),
            name: text("name"),
            object_id: text("oid"),
            scopes: text("scp").map(|scopes| scopes.split_whitespace().map(str::to_owned).collect()).unwrap_or_default(),
            roles: list("roles").unwrap_or_default(),
            directory_roles: list("wids"),
        }
    }

    /// Whether an app is signed in rather than a user.
    pub fn is_application(&self) -> bool {
        self.app_id.is_some() && self.account.is_none() && self.scopes.is_empty()
    }

    /// Whether the token holds this permission, delegated or of the app.
    pub fn has(&self, permission: &str) -> bool {
        self.scopes.iter().chain(&self.roles).any(|held| held.eq_ignore_ascii_case(permission))
    }
}

fn payload(token: &str) -> Option<Value> {
    let part = token.split('.').nth(1)?.trim_end_matches('=');
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

/// How long the token lasts by what it says itself.
pub(super) fn lifetime(token: &SecretString, now: Timestamp) -> Option<Duration> {
    let end = payload(token.expose_secret())?.get("exp")?.as_i64()?;
    Some(Duration::from_secs(u64::try_from(end.saturating_sub(now.0.timestamp())).unwrap_or(0)))
}

/// The `claims` parameter: what a challenge asks for, and that this program can handle such challenges (`cp1`), without which
/// Entra issues no tokens that it may revoke at once. A challenge comes as JSON or, from a header, in base64.
pub(super) fn claims_parameter(challenge: Option<&str>) -> Option<String> {
    let mut claims = match challenge.map(str::trim) {
        None => json!({}),
        Some(text) if text.starts_with('{') => serde_json::from_str(text).ok()?,
        Some(text) => {
            let plain = text.trim_end_matches('=');
            let bytes = URL_SAFE_NO_PAD.decode(plain).or_else(|_| STANDARD.decode(text)).ok()?;
            serde_json::from_slice(&bytes).ok()?
        }
    };
    let token = claims.as_object_mut()?.entry("access_token").or_insert_with(|| json!({}));
    token.as_object_mut()?.insert("xms_cc".to_owned(), json!({"values": ["cp1"]}));
    Some(claims.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jwt(claims: &Value) -> String {
        format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims.to_string()))
    }

    #[test]
    fn a_users_token_tells_who_it_is_and_what_it_may() {
        let claims = Claims::of(&jwt(&json!({
            "tid": "t", "appid": "a", "unique_name": "adele@contoso.com", "name": "Adele", "oid": "o",
            "scp": "User.Read AuditLog.Read.All", "wids": ["w"]
        })));
        assert_eq!(claims.account.as_deref(), Some("adele@contoso.com"));
        assert_eq!(claims.directory_roles, Some(vec!["w".to_owned()]));
        assert!(claims.has("auditlog.read.all") && !claims.has("User") && !claims.is_application());
    }

    #[test]
    fn an_apps_token_has_roles_and_no_user() {
        let claims = Claims::of(&jwt(&json!({"tid": "t", "azp": "a", "roles": ["IdentityRiskyUser.ReadWrite.All"]})));
        assert!(claims.is_application() && claims.has("IdentityRiskyUser.ReadWrite.All"));
        assert_eq!(claims.directory_roles, None);
    }

    #[test]
    fn a_token_that_is_no_jwt_says_nothing() {
        for token in ["", "opaque", "a.b.c", "a.!.c", "a.bnVsbA.c", "a.W10.c"] {
            assert_eq!(Claims::of(token), Claims::default(), "{token}");
        }
    }

    #[test]
    fn a_challenge_is_passed_on_together_with_the_capability() {
        let challenge = r#"{"access_token":{"nbf":{"essential":true,"value":"1604106651"}}}"#;
        let expected: Value = json!({"access_token": {"nbf": {"essential": true, "value": "1604106651"}, "xms_cc": {"values": ["cp1"]}}});
        for text in [challenge.to_owned(), STANDARD.encode(challenge), URL_SAFE_NO_PAD.encode(challenge)] {
            let claims: Value = serde_json::from_str(&claims_parameter(Some(&text)).unwrap()).unwrap();
            assert_eq!(claims, expected);
        }
        assert_eq!(claims_parameter(None).unwrap(), r#"{"access_token":{"xms_cc":{"values":["cp1"]}}}"#);
        for bad in ["{", "[]", "%%%", r#"{"access_token":1}"#] {
            assert_eq!(claims_parameter(Some(bad)), None, "{bad}");
        }
    }
}

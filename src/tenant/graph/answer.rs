//! What an answer of Graph means (`reference/graph.md` sections 2, error shapes, and 6).

use std::time::Duration;

use serde_json::Value;

use crate::domain::permission::{Holder, Lack, Operation, lacks};
use crate::tenant::{Missing, TenantError};

/// Longer than this nobody is made to wait at a stretch: then it is tried again.
const LONGEST_WAIT: Duration = Duration::from_secs(600);

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Whether it is a web page.
    pub is_html: bool,
    /// How long it asks to wait.
    pub retry_after: Option<Duration>,
    /// Where an operation that goes on after the answer can be watched.
    pub location: Option<String>,
    /// `request-id` of the answer and `client-request-id` of the request.
    pub ids: (Option<String>, String),
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// Whether it is what was hoped for.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status) && !self.is_html
    }

    /// The JSON of a successful answer to a reading request.
    pub fn json<T: serde::de::DeserializeOwned>(&self) -> Result<T, TenantError> {
        serde_json::from_slice(&self.body)
            .map_err(|error| TenantError::Lost { message: format!("Graph's answer cannot be read: {error}{}", self.traced()) })
    }

    /// Why it is none that was hoped for. `writes` is whether the request may have changed something.
    pub fn refusal(&self, operation: Operation, holder: &Holder, writes: bool) -> TenantError {
        let (code, message) = self.error();
        if self.is_html || (300..400).contains(&self.status) {
            let message = format!(
                "a web page came in place of Graph's answer ({}): a captive portal or a proxy is in between{}",
                self.status,
                self.traced()
            );
            return if writes { TenantError::Lost { message } } else { TenantError::Unreachable { message } };
        }
        let status = self.status;
        match status {
            401 => TenantError::SignIn {
                message: format!("Graph does not accept the sign-in: {code}: {message}{}", self.traced()),
                hint: "sign in again with entriage connect; if that does not help, check this machine's clock".to_owned(),
            },
            403 => self.denied(operation, holder, code, &message),
            // 409: somebody else is changing the same; nothing was done.
            409 | 429 => TenantError::Throttled { retry_after: self.retry_after.map(|wait| wait.min(LONGEST_WAIT)) },
            503 if !writes && self.retry_after.is_some() => {
                TenantError::Throttled { retry_after: self.retry_after.map(|wait| wait.min(LONGEST_WAIT)) }
            }
            // Timed out on the way: it may have been done.
            408 | 499 if writes => TenantError::Lost { message: format!("{status} {code}: {message}{}", self.traced()) },
            // Not every cloud has every verb; asking for each id alone would not help.
            404 | 405 if writes && (status == 405 || message.contains("segment")) => TenantError::Denied {
                status,
                code,
                message: format!("this tenant's Graph does not offer it: {message}{}", self.traced()),
                missing: Missing::Unsaid,
            },
            500.. => TenantError::Lost { message: format!("{status} {code}: {message}{}", self.traced()) },
            _ => TenantError::Rejected { status, code, message: format!("{message}{}", self.traced()) },
        }
    }

    fn denied(&self, operation: Operation, holder: &Holder, code: String, message: &str) -> TenantError {
        let text = message.to_ascii_lowercase();
        let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
        let foreseen = lacks(operation, holder);
        let missing = if code == "Authentication_RequestFromNonPremiumTenantOrB2CTenant" || says(&["not licensed", "premium license"]) {
            Missing::Licence
        } else if code == "Authentication_RequestFromUnsupportedUserRole" {
            Missing::Role
        } else if says(&["scopes are missing", "permissionscopenotgranted"]) {
            Missing::Scope
        } else {
            // "Insufficient privileges" says nothing: what the token lacks does.
            match foreseen.first() {
                Some(Lack::Permission(_) | Lack::NotForApplications) => Missing::Scope,
                Some(Lack::Role(_)) => Missing::Role,
                Some(Lack::Licence(_)) => Missing::Licence,
                None if !holder.is_application && !operation.needs().roles.is_empty() => Missing::Role,
                None => Missing::Unsaid,
            }
        };
        let lack = match (foreseen.first(), missing) {
            (Some(lack), _) => format!("; {lack}"),
            (None, Missing::Role) => format!("; it needs the directory role {}", operation.needs().roles.join(" or ")),
            (None, Missing::Licence) => operation.needs().plan.map(|plan| format!("; it needs {}", plan.name())).unwrap_or_default(),
            (None, Missing::Scope | Missing::Unsaid) => String::new(),
        };
        TenantError::Denied { status: self.status, code, message: format!("{message}{lack}{}", self.traced()), missing }
    }

    /// Graph's code and message. The code on top can be empty or say nothing; then the deepest inner one counts. A message can be
    /// JSON once more.
    fn error(&self) -> (String, String) {
        let Ok(body) = serde_json::from_slice::<Value>(&self.body) else { return (reason(self.status).to_owned(), String::new()) };
        let error = &body["error"];
        let mut code = error["code"].as_str().unwrap_or_default();
        let mut inner = error;
        while code.is_empty() || code == "UnknownError" {
            inner = if inner["innerError"].is_object() { &inner["innerError"] } else { &inner["innererror"] };
            if !inner.is_object() {
                break;
            }
            code = inner["code"].as_str().unwrap_or_default();
        }
        let message = error["message"].as_str().unwrap_or_default();
        let nested: Option<Value> = serde_json::from_str(message).ok().filter(Value::is_object);
        let nested_code = nested.as_ref().and_then(|nested| nested["errorCode"].as_str());
        let code = if code.is_empty() { nested_code.unwrap_or(reason(self.status)) } else { code };
        (code.to_owned(), message.to_owned())
    }

    /// Both ids, for whoever asks Microsoft.
    fn traced(&self) -> String {
        let (request, client) = &self.ids;
        let request = request.as_deref().map(|id| format!("request-id {id}, ")).unwrap_or_default();
        format!(" ({request}client-request-id {client})")
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        400 => "BadRequest",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "NotFound",
        429 => "TooManyRequests",
        500.. => "ServiceError",
        _ => "UnknownError",
    }
}

/// How long `Retry-After` says to wait: seconds, or a date.
pub(super) fn retry_after(text: &str, now: crate::domain::time::Timestamp) -> Option<Duration> {
    if let Ok(seconds) = text.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = chrono::DateTime::parse_from_rfc2822(text.trim()).ok()?;
    Some((at.to_utc() - now.0).to_std().unwrap_or_default())
}

/// The claims that a challenge asks for (continuous access evaluation), as they are to be handed to the authority.
pub(super) fn challenged_claims(www_authenticate: &str) -> Option<String> {
    use base64::Engine as _;
    let (_, rest) = www_authenticate.split_once("claims=\"")?;
    let (claims, _) = rest.split_once('"')?;
    if claims.trim_start().starts_with('{') {
        return Some(claims.to_owned());
    }
    let engines = [&base64::engine::general_purpose::STANDARD_NO_PAD, &base64::engine::general_purpose::URL_SAFE_NO_PAD];
    let bytes = engines.iter().find_map(|engine| engine.decode(claims.trim_end_matches('=')).ok())?;
    String::from_utf8(bytes).ok().filter(|claims| claims.trim_start().starts_with('{'))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::action::Action;
    use crate::domain::fixture;

    fn answer(status: u16, body: Value) -> Answer {
        let ids = (Some("r-1".to_owned()), "c-1".to_owned());
        Answer { status, is_html: false, retry_after: None, location: None, ids, body: body.to_string().into_bytes() }
    }

    fn error(code: &str, message: &str) -> Value {
        json!({"error": {"code": code, "message": message, "innerError": {"request-id": "r-1"}}})
    }

    fn remediator() -> Holder {
        Holder { permissions: vec!["IdentityRiskyUser.ReadWrite.All".to_owned()], ..Holder::default() }
    }

    #[test]
    fn licence_role_and_scope_are_told_apart() {
        let act = Operation::Act(Action::DismissUserRisk);
        let holder = remediator();
        let cases = [
            ("Forbidden", "Your tenant is not licensed for this feature.", &holder, Missing::Licence),
            ("Authentication_RequestFromNonPremiumTenantOrB2CTenant", "Neither tenant is B2C", &holder, Missing::Licence),
            ("Authentication_RequestFromUnsupportedUserRole", "User is not in the allowed roles", &holder, Missing::Role),
            (
                "AccessDenied",
                "You cannot perform the requested operation, required scopes are missing in the token.",
                &holder,
                Missing::Scope,
            ),
            ("UnknownError", r#"{"errorCode":"PermissionScopeNotGranted"}"#, &holder, Missing::Scope),
            ("Authorization_RequestDenied", "Insufficient privileges to complete the operation.", &holder, Missing::Role),
            ("Authorization_RequestDenied", "Insufficient privileges to complete the operation.", &Holder::default(), Missing::Scope),
        ];
        for (code, message, holder, expected) in cases {
            match answer(403, error(code, message)).refusal(act, holder, true) {
                TenantError::Denied { missing, message, .. } => {
                    assert_eq!(missing, expected, "{code}");
                    assert!(message.contains("request-id r-1, client-request-id c-1"), "{message}");
                }
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn what_may_have_been_done_is_never_told_as_refused() {
        let act = Operation::Act(Action::DismissUserRisk);
        for status in [408, 499, 500, 502, 503, 504] {
            let refusal = answer(status, json!({})).refusal(act, &remediator(), true);
            assert!(matches!(refusal, TenantError::Lost { .. }), "{status}");
        }
        let page = Answer { is_html: true, ..answer(200, json!({})) };
        assert!(!page.is_success());
        assert!(matches!(page.refusal(act, &remediator(), true), TenantError::Lost { .. }));
        assert!(matches!(page.refusal(Operation::ReadUsers, &remediator(), false), TenantError::Unreachable { .. }));
    }

    #[test]
    fn throttling_is_capped_and_works_with_and_without_retry_after() {
        let throttled = |retry_after| Answer { retry_after, ..answer(429, error("TooManyRequests", "Too many requests.")) };
        let wait = |retry_after| throttled(retry_after).refusal(Operation::ReadUsers, &remediator(), false);
        assert_eq!(wait(None), TenantError::Throttled { retry_after: None });
        assert_eq!(wait(Some(Duration::from_secs(7))), TenantError::Throttled { retry_after: Some(Duration::from_secs(7)) });
        assert_eq!(wait(Some(Duration::from_secs(86_400))), TenantError::Throttled { retry_after: Some(LONGEST_WAIT) });
        let now = fixture::now();
        assert_eq!(retry_after("120", now), Some(Duration::from_secs(120)));
        let later = (now.0 + chrono::TimeDelta::seconds(30)).to_rfc2822();
        assert_eq!(retry_after(&later, now), Some(Duration::from_secs(30)));
        assert_eq!(retry_after("soon", now), None);
    }

    #[test]
    fn the_deepest_code_counts_where_the_one_on_top_says_nothing() {
        let body = json!({"error": {"code": "", "message": "m", "innererror": {"code": "UnknownError", "innererror": {"code": "deep"}}}});
        let refusal = answer(400, body).refusal(Operation::ReadUsers, &remediator(), false);
        assert!(matches!(&refusal, TenantError::Rejected { code, .. } if code == "deep"), "{refusal:?}");
        let refusal = answer(400, json!("nonsense")).refusal(Operation::ReadUsers, &remediator(), false);
        assert!(matches!(&refusal, TenantError::Rejected { code, .. } if code == "BadRequest"), "{refusal:?}");
    }

    #[test]
    fn the_claims_of_a_challenge_are_read_plain_and_encoded() {
        let claims = r#"{"access_token":{"nbf":{"essential":true,"value":"1"}}}"#;
        use base64::Engine as _;
        let encoded = base64::engine::general_purpose::STANDARD.encode(claims);
        let header = format!(r#"Bearer realm="", error="insufficient_claims", claims="{encoded}""#);
        assert_eq!(challenged_claims(&header).as_deref(), Some(claims));
        assert_eq!(challenged_claims("Bearer error=\"invalid_token\""), None);
        assert_eq!(challenged_claims("Bearer claims=\"%%%\""), None);
    }
}

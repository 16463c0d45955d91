//! One request to the authority and what its answer means.

use async_trait::async_trait;
use oauth2::{HttpRequest, HttpResponse};
use serde_json::Value;

use super::error::{Refusal, SignInError};
use crate::http::{self, HttpError};

use std::time::Duration;

/// How long one request may take.
const LIMIT: Duration = Duration::from_secs(60);
/// No answer of an authority is longer.
const LONGEST: usize = 1 << 20;
/// No more of what an authority says is kept.
const LONGEST_MESSAGE: usize = 2_000;
/// What of a request must not come back in an error, should the authority quote it.
const SECRET: [&str; 6] = ["client_secret", "client_assertion", "code", "code_verifier", "refresh_token", "device_code"];

/// Carries a request to the authority. Tests play the authority behind it.
#[async_trait]
pub(super) trait Exchange: Send + Sync {
    /// Sends it and reads the whole answer.
    async fn exchange(&self, request: HttpRequest) -> Result<HttpResponse, HttpError>;
}

/// Over HTTPS.
pub(super) struct Https(pub reqwest::Client);

#[async_trait]
impl Exchange for Https {
    async fn exchange(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let lost = |message: &str| HttpError::Lost { message: message.to_owned() };
        let mut request = reqwest::Request::try_from(request).map_err(|error| http::failed(&error))?;
        *request.timeout_mut() = Some(LIMIT);
        let mut response = self.0.execute(request).await.map_err(|error| http::failed(&error))?;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| http::failed(&error))? {
            body.extend_from_slice(&chunk);
            if body.len() > LONGEST {
                return Err(lost("the answer is far too long"));
            }
        }
        let mut answer = HttpResponse::new(body);
        *answer.status_mut() = response.status();
        *answer.headers_mut() = response.headers().clone();
        Ok(answer)
    }
}

/// Sends a request; every answer but a good one is an error already.
pub(super) async fn send(exchange: &dyn Exchange, request: HttpRequest) -> Result<HttpResponse, SignInError> {
    let secrets = secrets(request.body());
    let answer = exchange.exchange(request).await?;
    match judge(&answer, &secrets) {
        None => Ok(answer),
        Some(error) => Err(error),
    }
}

/// What is wrong with an answer.
fn judge(answer: &HttpResponse, secrets: &[String]) -> Option<SignInError> {
    let status = answer.status().as_u16();
    let json = serde_json::from_slice::<Value>(answer.body()).ok().filter(Value::is_object);
    let Some(json) = json else {
        let page = answer.status().is_redirection() || answer.body().trim_ascii_start().starts_with(b"<");
        return Some(if page {
            SignInError::WebPage { status }
        } else if status == 429 || status >= 500 {
            SignInError::Busy { status, message: "it gives no reason".to_owned() }
        } else {
            SignInError::Unreadable { why: format!("it is not JSON (HTTP {status})") }
        });
    };
    if status == 200 {
        return None;
    }
    let text = |name: &str| json.get(name).and_then(Value::as_str);
    let codes = json.get("error_codes").and_then(Value::as_array);
    let code = codes.and_then(|codes| codes.first()).and_then(Value::as_u64).and_then(|code| u32::try_from(code).ok());
    let Some(error) = text("error") else {
        let why = format!("it is no answer of OAuth (HTTP {status})");
        return Some(if status >= 500 { SignInError::Busy { status, message: why } } else { SignInError::Unreadable { why } });
    };
    let mut refused = refused(error, text("error_description").unwrap_or_default(), code, text("claims"), secrets);
    if let SignInError::Refused { code, error, message, .. } = &mut refused {
        let busy = status == 429 || status >= 500 || matches!(code, Some(90_033 | 90_025 | 50_196)) || error == "temporarily_unavailable";
        if busy {
            return Some(SignInError::Busy { status, message: std::mem::take(message) });
        }
    }
    Some(refused)
}

/// An error of OAuth, from an answer or from the address that the browser was sent back to.
pub(super) fn refused(error: &str, description: &str, code: Option<u32>, claims: Option<&str>, secrets: &[String]) -> SignInError {
    let mut message = if description.is_empty() { error } else { description }.to_owned();
    for secret in secrets {
        message = message.replace(secret.as_str(), "[secret]");
    }
    if let Some((at, _)) = message.char_indices().nth(LONGEST_MESSAGE) {
        message.truncate(at);
    }
    let code = code.or_else(|| named_code(description));
    let mut error = error.to_owned();
    error.truncate(error.char_indices().nth(100).map_or(error.len(), |(at, _)| at));
    for secret in secrets {
        error = error.replace(secret.as_str(), "[secret]");
    }
    let claims = claims.filter(|claims| !secrets.iter().any(|secret| claims.contains(secret.as_str()))).map(str::to_owned);
    SignInError::Refused { why: Refusal::of(code, &error), code, error, message, claims }
}

/// The number in `AADSTS65001: …`.
fn named_code(description: &str) -> Option<u32> {
    let (_, rest) = description.split_once("AADSTS")?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

fn secrets(form: &[u8]) -> Vec<String> {
    let pairs = url::form_urlencoded::parse(form);
    pairs.filter(|(name, value)| SECRET.contains(&name.as_ref()) && !value.is_empty()).map(|(_, value)| value.into_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(status: u16, body: &str) -> Option<SignInError> {
        let mut answer = HttpResponse::new(body.as_bytes().to_vec());
        *answer.status_mut() = oauth2::http::StatusCode::from_u16(status).unwrap();
        judge(&answer, &["s3cret".to_owned()])
    }

    #[test]
    fn a_captive_portal_a_failing_service_and_nonsense_are_told_apart() {
        assert_eq!(judged(200, "{}"), None);
        assert_eq!(judged(200, "\n<html>sign in to the hotel</html>"), Some(SignInError::WebPage { status: 200 }));
        assert_eq!(judged(302, ""), Some(SignInError::WebPage { status: 302 }));
        assert!(matches!(judged(503, ""), Some(SignInError::Busy { status: 503, .. })));
        assert!(matches!(judged(429, "{\"error\":\"x\"}"), Some(SignInError::Busy { status: 429, .. })));
        assert!(matches!(judged(400, r#"{"error":"temporarily_unavailable"}"#), Some(SignInError::Busy { .. })));
        assert!(matches!(judged(400, r#"{"error":"x","error_codes":[90033]}"#), Some(SignInError::Busy { .. })));
        for nonsense in ["", "hello", "[]", r#"{"error":{"code":"x"}}"#] {
            assert!(matches!(judged(400, nonsense), Some(SignInError::Unreadable { .. })), "{nonsense}");
        }
    }

    #[test]
    fn the_code_is_read_from_the_list_or_from_the_text() {
        for body in [
            r#"{"error":"invalid_grant","error_description":"AADSTS65001: no","error_codes":[65001]}"#,
            r#"{"error":"invalid_grant","error_description":"AADSTS65001: no"}"#,
        ] {
            let Some(SignInError::Refused { why, code, message, .. }) = judged(400, body) else { panic!("{body}") };
            assert_eq!((why, code, message.as_str()), (Refusal::Consent, Some(65_001), "AADSTS65001: no"));
        }
    }

    #[test]
    fn a_secret_that_the_authority_quotes_does_not_come_back() {
        let quoted = judged(400, r#"{"error":"bad s3cret","error_description":"AADSTS7000215: s3cret is wrong","claims":"s3cret"}"#);
        assert!(!format!("{quoted:?}").contains("s3cret"));
        assert_eq!(secrets(b"client_id=c&client_secret=a%2Bb&code=x&scope=s"), ["a+b", "x"]);
        let long = format!(r#"{{"error":"x","error_description":"{}"}}"#, "é".repeat(5_000));
        assert!(judged(400, &long).unwrap().to_string().chars().count() < 2_100);
    }
}

//! Errors of the authority: an OAuth word, and the number by which Entra's documentation knows it.

use axum::http::StatusCode;
use serde_json::json;
use uuid::Uuid;

use crate::domain::time::Timestamp;
use crate::emulator::answer::Answer;

/// An error of the token endpoint.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct OauthError {
    status: StatusCode,
    pub(super) error: &'static str,
    pub(super) description: String,
    code: u32,
}

/// Why a request was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    WrongTenant,
    WrongClient,
    WrongSecret,
    WrongAssertion,
    NoTenant,
    Missing,
    UnsupportedGrant,
    WrongScope,
    BadRefresh,
    BadCode,
    UsedCode,
    WrongVerifier,
    WrongRedirect,
    NoChallenge,
    Pending,
    Declined,
    BadDeviceCode,
    ExpiredDeviceCode,
}

impl Reason {
    pub(super) fn error(self, why: &str) -> OauthError {
        let (error, code) = match self {
            Reason::WrongTenant => ("invalid_request", 90002),
            Reason::WrongClient => ("unauthorized_client", 700016),
            Reason::WrongSecret => ("invalid_client", 7000215),
            Reason::WrongAssertion => ("invalid_client", 700027),
            Reason::NoTenant => ("invalid_request", 50059),
            Reason::Missing => ("invalid_request", 900144),
            Reason::UnsupportedGrant => ("unsupported_grant_type", 70003),
            Reason::WrongScope => ("invalid_scope", 70011),
            Reason::BadRefresh => ("invalid_grant", 70008),
            Reason::BadCode => ("invalid_grant", 70000),
            Reason::UsedCode => ("invalid_grant", 54005),
            Reason::WrongVerifier => ("invalid_grant", 501481),
            Reason::WrongRedirect => ("invalid_request", 50011),
            Reason::NoChallenge => ("invalid_request", 9002325),
            Reason::Pending => ("authorization_pending", 70016),
            Reason::Declined => ("authorization_declined", 70020),
            Reason::BadDeviceCode => ("bad_verification_code", 70018),
            Reason::ExpiredDeviceCode => ("expired_token", 70019),
        };
        let unauthorized = matches!(self, Reason::WrongSecret | Reason::WrongAssertion);
        let status = if unauthorized { StatusCode::UNAUTHORIZED } else { StatusCode::BAD_REQUEST };
        OauthError { status, error, description: format!("AADSTS{code}: {why}."), code }
    }
}

impl OauthError {
    pub(super) fn answer(self, now: Timestamp) -> Answer {
        body(self.error, &self.description, self.code, now).with_status(self.status)
    }
}

/// The error that a fault words.
pub(in crate::emulator) fn worded(error: &str, description: &str, now: Timestamp) -> Answer {
    let digits: String = description.trim_start_matches("AADSTS").chars().take_while(char::is_ascii_digit).collect();
    body(error, description, digits.parse().unwrap_or(0), now).with_status(StatusCode::BAD_REQUEST)
}

fn body(error: &str, description: &str, code: u32, now: Timestamp) -> Answer {
    let (trace, correlation) = (Uuid::new_v4().to_string(), Uuid::new_v4().to_string());
    let timestamp = now.0.format("%Y-%m-%d %H:%M:%SZ").to_string();
    Answer::json(json!({
        "error": error,
        "error_description": format!("{description} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {timestamp}"),
        "error_codes": [code],
        "timestamp": timestamp,
        "trace_id": trace,
        "correlation_id": correlation,
        "error_uri": format!("https://login.microsoftonline.com/error?code={code}"),
    }))
}

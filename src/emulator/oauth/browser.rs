//! Sign-in in the browser: authorization code with PKCE. Everybody consents at once.

use axum::http::{StatusCode, header};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use sha2::{Digest as _, Sha256};
use url::Url;

use super::error::{OauthError, Reason};
use super::tokens::{Grant, wanted_scopes};
use super::{Authority, Form, random};
use crate::domain::time::Timestamp;
use crate::emulator::answer::Answer;
use crate::emulator::request::Request;

/// Minutes in which a code can be used.
const LIFETIME: i64 = 10;

/// An authorization code.
pub(super) struct Code {
    client_id: String,
    redirect_uri: String,
    challenge: String,
    scopes: Vec<String>,
    expires_at: Timestamp,
    used: bool,
}

impl Authority {
    /// The page that a browser is sent to: back with a code, or with an error. Where it is not certain who asks, the browser is
    /// not sent back.
    pub(super) fn authorize(&self, request: &Request, tenant: &str, now: Timestamp) -> Answer {
        let page = |error: OauthError| {
            Answer::html(StatusCode::BAD_REQUEST, &format!("<h1>Sign-in failed</h1><p>{}</p>", safe(&error.description)))
        };
        let asked = |name: &str| request.parameter(name).unwrap_or_default();
        if let Err(error) = self.check_tenant(tenant).and_then(|()| self.check_client(asked("client_id"))) {
            return page(error);
        }
        let Some(mut back) = loopback(asked("redirect_uri")) else {
            return page(
                Reason::WrongRedirect
                    .error("The redirect URI specified in the request does not match the redirect URIs configured for the application"),
            );
        };
        match self.code(request, now) {
            Ok(code) => back.query_pairs_mut().append_pair("code", &code),
            Err(error) => back.query_pairs_mut().append_pair("error", error.error).append_pair("error_description", &error.description),
        };
        if let Some(state) = request.parameter("state") {
            back.query_pairs_mut().append_pair("state", state);
        }
        Answer::empty(StatusCode::FOUND).with(header::LOCATION, back.as_str())
    }

    fn code(&self, request: &Request, now: Timestamp) -> Result<String, OauthError> {
        let asked = |name: &str| request.parameter(name).unwrap_or_default();
        if asked("response_type") != "code" {
            return Err(Reason::Missing.error("The request must contain the parameter 'response_type' with the value 'code'"));
        }
        let challenge = asked("code_challenge");
        if asked("code_challenge_method") != "S256" || challenge.len() != 43 {
            return Err(Reason::NoChallenge.error("Proof Key for Code Exchange is required, with the method S256"));
        }
        if asked("scope").trim().is_empty() {
            return Err(Reason::Missing.error("The request must contain the parameter 'scope'"));
        }
        let code = format!("1.{}", random());
        let held = Code {
            client_id: asked("client_id").to_owned(),
            redirect_uri: asked("redirect_uri").to_owned(),
            challenge: challenge.to_owned(),
            scopes: wanted_scopes(asked("scope"), request)?,
            expires_at: Timestamp(now.0 + TimeDelta::minutes(LIFETIME)),
            used: false,
        };
        self.issued().codes.insert(code.clone(), held);
        Ok(code)
    }

    pub(super) fn by_code(&self, request: &Request, form: &Form, now: Timestamp) -> Result<Grant, OauthError> {
        let (client_id, redirect_uri) = (form.required("client_id")?, form.required("redirect_uri")?);
        let mut issued = self.issued();
        let code = issued.codes.get_mut(form.required("code")?).filter(|code| now < code.expires_at);
        let code = code.ok_or_else(|| Reason::BadCode.error("The authorization code is invalid or expired"))?;
        if std::mem::replace(&mut code.used, true) {
            return Err(Reason::UsedCode.error("OAuth2 Authorization code was already redeemed, please retry with a new valid code"));
        }
        if !code.client_id.eq_ignore_ascii_case(client_id) {
            return Err(Reason::BadCode.error("The authorization code was issued to another application"));
        }
        if code.redirect_uri != redirect_uri {
            return Err(Reason::WrongRedirect.error("The redirect URI is not the one that the code was asked for with"));
        }
        let verifier = form.required("code_verifier")?;
        if URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)) != code.challenge {
            return Err(
                Reason::WrongVerifier.error("The Code_Verifier does not match the code_challenge supplied in the authorization request")
            );
        }
        let scopes = match form.get("scope") {
            None | Some("") => code.scopes.clone(),
            Some(text) => wanted_scopes(text, request)?,
        };
        Ok(Grant { client_id: code.client_id.clone(), scopes: Some(scopes), with_claims: false })
    }
}

/// An address of this machine, which is all that a browser is sent back to.
fn loopback(address: &str) -> Option<Url> {
    let url = Url::parse(address).ok()?;
    let fits = url.scheme() == "http"
        && matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"))
        && url.username().is_empty()
        && url.password().is_none()
        && url.fragment().is_none();
    fits.then_some(url)
}

/// Text as a page may hold it.
pub(super) fn safe(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_sent_back_to_this_machine_only() {
        for good in ["http://localhost:1234", "http://127.0.0.1:1/back"] {
            assert!(loopback(good).is_some(), "{good}");
        }
        for bad in ["https://evil.example", "http://localhost.evil.example", "http://localhost@evil.example", "javascript:1", ""] {
            assert!(loopback(bad).is_none(), "{bad}");
        }
    }
}

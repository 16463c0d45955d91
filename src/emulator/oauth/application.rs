//! Sign-in of the application by itself: with its secret, or with an assertion that its certificate signs.

use jsonwebtoken::{Algorithm, Validation};
use serde_json::Value;

use super::error::{OauthError, Reason};
use super::tokens::Grant;
use super::{Authority, DOMAIN, Form, host};
use crate::domain::time::Timestamp;
use crate::emulator::request::Request;

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

impl Authority {
    pub(super) fn by_application(&self, request: &Request, form: &Form, tenant: &str, now: Timestamp) -> Result<Grant, OauthError> {
        let client_id = form.required("client_id")?;
        if !client_id.eq_ignore_ascii_case(&self.identity.client_id) {
            return Err(
                Reason::WrongClient.error(&format!("Application with identifier '{client_id}' was not found in the directory '{DOMAIN}'"))
            );
        }
        let scope = form.required("scope")?;
        if !scope.ends_with("/.default") || super::scopes::requested(scope, host(request)).is_err() {
            return Err(Reason::WrongScope.error(&format!(
                "The provided value for scope {scope} is not valid. Client credential flows must have a scope value with /.default"
            )));
        }
        match (form.get("client_secret"), form.get("client_assertion")) {
            (Some(secret), None) if secret == self.identity.client_secret => {}
            (Some(_), None) => {
                let why = format!(
                    "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, for a secret added to app '{client_id}'"
                );
                return Err(Reason::WrongSecret.error(&why));
            }
            (None, Some(assertion)) => {
                if form.required("client_assertion_type")? != ASSERTION_TYPE {
                    return Err(Reason::Missing.error(&format!("The client_assertion_type must be '{ASSERTION_TYPE}'")));
                }
                self.check_assertion(request, assertion, tenant, now)
                    .map_err(|why| Reason::WrongAssertion.error(&format!("Client assertion failed validation: {why}")))?;
            }
            _ => return Err(Reason::Missing.error("The request body must contain either 'client_assertion' or 'client_secret'")),
        }
        Ok(Grant { client_id: client_id.to_owned(), scopes: None, with_claims: false })
    }

    fn check_assertion(&self, request: &Request, assertion: &str, tenant: &str, now: Timestamp) -> Result<(), String> {
        let certificate = &self.identity.certificate;
        let header = jsonwebtoken::decode_header(assertion).map_err(|error| format!("it is no JWT ({error})"))?;
        if header.typ.as_deref().is_some_and(|typ| !typ.eq_ignore_ascii_case("JWT")) {
            return Err("its typ is not JWT".to_owned());
        }
        let named = match (&header.x5t_s256, &header.x5t) {
            (None, None) => return Err("it names no certificate: x5t#S256 or x5t is missing".to_owned()),
            (sha256, sha1) => {
                sha256.as_ref().is_none_or(|print| same(print, &certificate.sha256))
                    && sha1.as_ref().is_none_or(|print| same(print, &certificate.sha1))
            }
        };
        if !named {
            return Err("the certificate with this thumbprint is not of the application".to_owned());
        }
        // The time is the emulator's, which may not be the machine's: it is looked at below.
        let mut validation = Validation::new(Algorithm::PS256);
        validation.algorithms = vec![Algorithm::PS256, Algorithm::RS256];
        validation.validate_exp = false;
        validation.required_spec_claims = ["aud", "exp", "iss", "sub"].map(str::to_owned).into();
        let endpoint = format!("{}/{tenant}/oauth2/v2.0/token", request.base);
        validation.set_audience(&[endpoint]);
        validation.set_issuer(&[&self.identity.client_id]);
        validation.sub = Some(self.identity.client_id.clone());
        let claims = jsonwebtoken::decode::<Value>(assertion, &certificate.key, &validation).map_err(|error| error.to_string())?.claims;
        let now = now.0.timestamp() as f64;
        let at = |name: &str| claims.get(name).and_then(Value::as_f64);
        if at("exp").is_none_or(|exp| exp <= now) {
            return Err("it has expired".to_owned());
        }
        if at("nbf").is_some_and(|nbf| nbf > now + 300.0) {
            return Err("it is not valid yet".to_owned());
        }
        match claims.get("jti").and_then(Value::as_str) {
            Some(jti) if !jti.is_empty() => Ok(()),
            _ => Err("it has no jti".to_owned()),
        }
    }
}

/// Whether two thumbprints are the same; some write them with padding.
fn same(given: &str, held: &str) -> bool {
    given.trim_end_matches('=') == held
}

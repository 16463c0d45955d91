//! Sign-in with a code that is typed elsewhere. Where nobody does, the third question finds it approved.

use axum::http::StatusCode;
use chrono::TimeDelta;
use serde_json::json;

use super::browser::safe;
use super::error::{OauthError, Reason};
use super::tokens::{Grant, wanted_scopes};
use super::{Authority, Form, random};
use crate::domain::time::Timestamp;
use crate::emulator::answer::Answer;
use crate::emulator::request::Request;

/// Seconds in which a code can be used.
const LIFETIME: i64 = 900;
/// Which question finds the code approved when nobody did.
const PATIENCE: u32 = 3;
/// Letters that are not taken for others.
const LETTERS: &[u8] = b"BCDFGHJKLMNPQRSTVWXZ";

/// A sign-in that waits.
pub(super) struct Device {
    client_id: String,
    user_code: String,
    scopes: Vec<String>,
    expires_at: Timestamp,
    asked: u32,
    verdict: Verdict,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Open,
    Approved,
    Declined,
}

impl Authority {
    pub(super) fn device_code(&self, request: &Request, tenant: &str, now: Timestamp) -> Result<Answer, OauthError> {
        let form = Form::new(request)?;
        self.check_tenant(tenant)?;
        let client_id = form.required("client_id")?;
        self.check_client(client_id)?;
        let scopes = wanted_scopes(form.required("scope")?, request)?;
        let device_code = random();
        let user_code: String = random()
            .bytes()
            .take(9)
            .filter_map(|byte| LETTERS.get(usize::from(byte) * 7 % LETTERS.len()))
            .map(|letter| char::from(*letter))
            .collect();
        let verification_uri = format!("{}/devicelogin", request.base);
        let device = Device {
            client_id: client_id.to_owned(),
            user_code: user_code.clone(),
            scopes,
            expires_at: Timestamp(now.0 + TimeDelta::seconds(LIFETIME)),
            asked: 0,
            verdict: Verdict::Open,
        };
        self.issued().devices.insert(device_code.clone(), device);
        let message =
            format!("To sign in, use a web browser to open the page {verification_uri} and enter the code {user_code} to authenticate.");
        Ok(Answer::json(json!({
            "user_code": user_code,
            "device_code": device_code,
            "verification_uri": verification_uri,
            "expires_in": LIFETIME,
            "interval": 5,
            "message": message,
        })))
    }

    pub(super) fn by_device(&self, form: &Form, now: Timestamp) -> Result<Grant, OauthError> {
        let (device_code, client_id) = (form.required("device_code")?, form.required("client_id")?);
        let mut issued = self.issued();
        let device = issued.devices.get_mut(device_code).filter(|device| device.client_id.eq_ignore_ascii_case(client_id));
        let device = device.ok_or_else(|| Reason::BadDeviceCode.error("The verification code is not known"))?;
        if now >= device.expires_at {
            return Err(Reason::ExpiredDeviceCode.error("The device code has expired; ask for another one"));
        }
        device.asked += 1;
        match device.verdict {
            Verdict::Declined => Err(Reason::Declined.error("The user declined the sign-in")),
            Verdict::Open if device.asked < PATIENCE => {
                Err(Reason::Pending.error("OAuth 2.0 device flow error. Authorization is pending. Continue polling"))
            }
            Verdict::Open | Verdict::Approved => {
                let grant = Grant { client_id: device.client_id.clone(), scopes: Some(device.scopes.clone()), with_claims: false };
                issued.devices.remove(device_code);
                Ok(grant)
            }
        }
    }

    /// The page where a code is approved or declined.
    pub(super) fn approve_device(&self, request: &Request, now: Timestamp) -> Answer {
        let Some(user_code) = request.parameter("user_code").map(str::trim).filter(|code| !code.is_empty()) else {
            let form = "<h1>Sign in to the emulated tenant</h1><form><label>Code <input name=\"user_code\" autofocus></label> \
                        <button>Approve</button> <button name=\"decline\" value=\"1\">Decline</button></form>";
            return Answer::html(StatusCode::OK, form);
        };
        let verdict = if request.parameter("decline").is_some_and(|value| value == "1") { Verdict::Declined } else { Verdict::Approved };
        let mut issued = self.issued();
        let waiting =
            issued.devices.values_mut().find(|device| device.user_code.eq_ignore_ascii_case(user_code) && now < device.expires_at);
        match waiting {
            None => Answer::html(StatusCode::BAD_REQUEST, &format!("<h1>No sign-in waits with the code {}</h1>", safe(user_code))),
            Some(device) => {
                device.verdict = verdict;
                let done = if verdict == Verdict::Approved { "approved" } else { "declined" };
                Answer::html(StatusCode::OK, &format!("<h1>The sign-in is {done}</h1><p>Go back to the terminal.</p>"))
            }
        }
    }
}

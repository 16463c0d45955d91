//! Sign-in with a code typed on another device.

use std::time::Duration;

use oauth2::basic::BasicTokenResponse;

use super::authority::{Authority, Grant, grant, unreadable};
use super::error::SignInError;
use super::exchange::send;
use super::{Prompt, Prompted};
use crate::clock::Clock;

/// No code is waited for longer, whatever the authority says.
const LONGEST: Duration = Duration::from_secs(60 * 60);
/// No authority is asked more often.
const SHORTEST: Duration = Duration::from_secs(1);
/// What `slow_down` adds (RFC 8628).
const SLOWER: Duration = Duration::from_secs(5);

/// Shows a code and waits until somebody has signed in with it.
pub(super) async fn sign_in(authority: &Authority, claims: &str, clock: &Clock, prompt: &Prompt) -> Result<Grant, SignInError> {
    let told = authority.device_code(claims).await?;
    let lifetime = told.expires_in().min(LONGEST);
    let end = clock.now().0 + lifetime;
    let mut pause = told.interval().clamp(SHORTEST, LONGEST);
    prompt(Prompted::DeviceCode {
        address: told.verification_uri().to_string(),
        code: told.user_code().secret().clone(),
        expires_in: lifetime.as_secs(),
    });
    let mut unreachable = false;
    loop {
        clock.sleep(pause).await;
        if clock.now().0 >= end {
            return Err(SignInError::TimedOut { minutes: lifetime.as_secs().div_ceil(60) });
        }
        let request = authority.poll_request(told.device_code().secret(), claims)?;
        match send(&*authority.exchange, request).await {
            Ok(answer) => {
                let answer: BasicTokenResponse =
                    serde_json::from_slice(answer.body()).map_err(|_| unreadable("it grants no token that can be read"))?;
                return Ok(grant(&answer));
            }
            Err(SignInError::Refused { error, .. }) if error == "authorization_pending" => unreachable = false,
            Err(SignInError::Refused { error, .. }) if error == "slow_down" => pause = (pause + SLOWER).min(LONGEST),
            // The person may be half through: the code stays good, so the network may come back.
            Err(error @ (SignInError::Http(_) | SignInError::Busy { .. })) => {
                if !unreachable {
                    prompt(Prompted::Note(format!("{error}; trying again while the code is valid")));
                }
                unreachable = true;
            }
            Err(error) => return Err(error),
        }
    }
}

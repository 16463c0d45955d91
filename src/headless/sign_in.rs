//! Signing in at the terminal: what the operator is told, and secrets that are typed.

use std::sync::Arc;

use secrecy::SecretString;

use super::failure::{Exit, Failure};
use super::output;
use crate::oauth::{Prompt, Prompted};

/// Tells on standard error what a person must do to sign in.
pub fn prompt() -> Prompt {
    Arc::new(|prompted| match prompted {
        Prompted::Browser { address, opened: true } => {
            output::say(&format!("sign in with the browser that was opened; if none came up, open {address}"));
        }
        Prompted::Browser { address, opened: false } => output::say(&format!("to sign in, open in a browser on this machine: {address}")),
        Prompted::DeviceCode { address, code, expires_in } => {
            output::say(&format!("to sign in, open {address} and type the code {code} within {} minutes", expires_in / 60));
        }
        Prompted::Note(text) => output::say(&format!("note: {text}")),
        Prompted::Done => {}
    })
}

/// Asks for a client secret, unseen.
pub fn ask_secret() -> Result<SecretString, Failure> {
    let typed = rpassword::prompt_password("Client secret: ")
        .map_err(|error| Failure::new(Exit::Cancelled, "no client secret").because(error).hinted("type it, or use --secret-file"))?;
    if typed.trim().is_empty() {
        return Err(Failure::new(Exit::Cancelled, "no client secret").because("nothing was typed"));
    }
    Ok(SecretString::from(typed.trim().to_owned()))
}

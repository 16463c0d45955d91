//! Sign-in in the browser: out to the authority, back to a loopback address that this program listens on (RFC 8252).

use std::ffi::OsString;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::authority::{Authority, Grant};
use super::error::SignInError;
use super::exchange::refused;
use super::{Prompt, Prompted, aside};

/// How long the person may take.
const LIMIT: Duration = Duration::from_secs(5 * 60);
/// How long it may take to start a browser. One that runs on in the foreground has been opened all the same.
const START: Duration = Duration::from_secs(5);

/// What opens the address.
#[derive(Debug, Clone)]
pub(super) enum Opener {
    /// The desktop's browser.
    Desktop,
    /// This program, with the address as its only argument.
    Program(OsString),
    /// Nothing: the person does.
    Nobody,
}

impl Opener {
    /// What the environment says: `ENTRIAGE_BROWSER` names a program, or `none`; without a display there is no browser to open.
    pub(super) fn of_environment() -> Self {
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        match std::env::var_os("ENTRIAGE_BROWSER").filter(|program| !program.is_empty()) {
            Some(program) if program == "none" => Opener::Nobody,
            Some(program) => Opener::Program(program),
            None if cfg!(target_os = "linux") && !["DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME"].into_iter().any(set) => Opener::Nobody,
            None => Opener::Desktop,
        }
    }

    /// Opens the address; whether that worked.
    async fn open(&self, address: &str) -> bool {
        match self {
            Opener::Nobody => false,
            Opener::Program(program) => {
                let mut command = tokio::process::Command::new(program);
                command.arg(address).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().is_ok()
            }
            Opener::Desktop => {
                let address = address.to_owned();
                aside::run(START, move || webbrowser::open(&address).is_ok()).await.unwrap_or(true)
            }
        }
    }
}

/// Opens a page in the browser that a sign-in would use; whether that worked.
pub async fn open_in_browser(address: &str) -> bool {
    Opener::of_environment().open(address).await
}

/// What the authority sends the browser back with.
#[derive(Deserialize)]
struct Back {
    state: Option<String>,
    code: Option<String>,
    error: Option<String>,
    error_description: Option<String>,
}

struct Waiting {
    state: String,
    found: mpsc::Sender<Back>,
}

/// Sends somebody to the authority and waits until they come back.
pub(super) async fn sign_in(
    authority: &Authority,
    account: Option<&str>,
    claims: &str,
    opener: &Opener,
    prompt: &Prompt,
) -> Result<Grant, SignInError> {
    let listeners = listen().await.map_err(|error| SignInError::Setting {
        message: format!("cannot listen on this machine's loopback address: {error}"),
        hint: "sign in with --auth device",
    })?;
    let port = listeners.first().and_then(|first| first.local_addr().ok()).map_or(0, |address| address.port());
    let asked = authority.ask(format!("http://localhost:{port}/"), account, claims)?;
    let (found, mut answers) = mpsc::channel(1);
    let waiting = Arc::new(Waiting { state: asked.state.clone(), found });
    // Dropped with this future, so that a cancelled sign-in listens no longer; the page that is being sent still arrives.
    let stop = CancellationToken::new();
    let _stop_at_the_end = stop.clone().drop_guard();
    for listener in listeners {
        let server = axum::serve(listener, Router::new().route("/", get(back)).with_state(waiting.clone()));
        tokio::spawn(server.with_graceful_shutdown(stop.clone().cancelled_owned()).into_future());
    }
    let opened = opener.open(&asked.address).await;
    prompt(Prompted::Browser { address: asked.address.clone(), opened });
    let timed_out = SignInError::TimedOut { minutes: LIMIT.as_secs() / 60 };
    let back = tokio::time::timeout(LIMIT, answers.recv()).await.ok().flatten().ok_or(timed_out)?;
    match back {
        Back { error: Some(error), error_description, .. } => {
            Err(refused(&error, error_description.as_deref().unwrap_or_default(), None, None, &[]))
        }
        Back { code: Some(code), .. } => authority.redeem(code, asked, claims).await,
        Back { .. } => Err(super::authority::unreadable("it brings neither a code nor an error")),
    }
}

/// Listens on a free port. Browsers take `localhost` for either address, so both are served where that is possible.
async fn listen() -> std::io::Result<Vec<TcpListener>> {
    let first = TcpListener::bind(("127.0.0.1", 0)).await?;
    let second = TcpListener::bind(("::1", first.local_addr()?.port())).await;
    Ok([Some(first), second.ok()].into_iter().flatten().collect())
}

/// The browser comes back. A request with another state is not from the sign-in that is waited for: it is refused, and the
/// waiting goes on, or any page could break it off.
async fn back(State(waiting): State<Arc<Waiting>>, Query(back): Query<Back>) -> Response {
    if back.state.as_deref() != Some(waiting.state.as_str()) {
        return page(StatusCode::BAD_REQUEST, "This is not the sign-in that entriage waits for. Start again from the terminal.");
    }
    let text = if back.error.is_some() {
        "The sign-in was refused. The terminal says why; you can close this page."
    } else {
        "entriage has the answer. You can close this page and go back to the terminal."
    };
    if waiting.found.try_send(back).is_err() {
        return page(StatusCode::GONE, "This sign-in is over. You can close this page.");
    }
    page(StatusCode::OK, text)
}

fn page(status: StatusCode, text: &str) -> Response {
    let body = format!("<!doctype html><meta charset=utf-8><title>entriage</title><p>{text}</p>");
    let headers = [
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'"),
        (header::CONNECTION, "close"),
    ];
    (status, headers, Html(body)).into_response()
}

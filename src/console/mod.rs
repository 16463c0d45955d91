//! The console at the edge: terminal, event loop, effects.

mod clipboard;
mod effects;
mod input;
mod runtime;
mod terminal;

use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use clap::ColorChoice;
use crossterm::event::EventStream;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::UnboundedSender;

pub use self::runtime::{Inbound, LoopError, Runtime, Screen};
use self::terminal::{RealScreen, TerminalGuard};
use crate::app::colour::Depth;
use crate::app::format::count;
use crate::app::msg::SignInAsked;
use crate::app::{App, Look, Msg, Opened, Options};
use crate::config::Config;
use crate::domain::dataset::Dataset;
use crate::domain::workspace::DemoSpec;
use crate::engine::{DEMO, OpenError, OpenOptions, Session, SignInOptions};
use crate::oauth::{Prompt, Prompted};
use crate::store::{self, StoreError};

/// How often a live tenant's data is brought up to date by itself. Its risk data takes one request a second, and others need it, too.
const REFRESH_SECONDS: u64 = 120;

/// Which workspace to open.
#[derive(Debug, Clone)]
pub enum Which {
    /// The one with this name.
    Named(String),
    /// The demo, made to this spec where it does not exist; the default demo for `None`.
    Demo {
        /// What a new demo is made to.
        spec: Option<DemoSpec>,
        /// Whether an existing demo is made anew.
        reset: bool,
        /// Whether the console opens it because there is nothing else.
        first_run: bool,
    },
}

/// Runs the console on the real terminal until the operator quits.
pub async fn run(open: OpenOptions, which: Which, config: Config, color: ColorChoice) -> Result<(), LoopError> {
    let mono = without_colour(color);
    let mouse = !config.preferences.without_mouse;
    let guard = TerminalGuard::enter(mouse)?;
    let terminal = guard.terminal()?;
    let size = crossterm::terminal::size()?;
    let clock = open.clock;
    let problems: Vec<String> = config.problem_words().collect();
    let look = Look { depth: depth(), ..config.look };
    let app = App::new(Options { keys: config.keys, hold_seconds: config.hold_seconds, size, mono }, clock.now()).with_look(look);
    let app = app.prefer(config.preferences);
    let (mut runtime, sender) = Runtime::new(terminal, RealScreen { mouse }, app, clock);
    let open = OpenOptions { sign_in: SignInOptions { prompt: prompt(sender.clone()), ..open.sign_in }, ..open };
    runtime.draw()?; // the first frame does not wait for the workspace
    // The last one that is told is shown first: the one that stands first in the file.
    for problem in problems.into_iter().rev() {
        // The loop holds the other end.
        drop(sender.send(Inbound::Msg(Msg::Failed(problem))));
    }
    tokio::spawn(open_workspace(open, which, sender));
    let mut input = EventStream::new();
    let mut ends = [signal(SignalKind::terminate())?, signal(SignalKind::hangup())?, signal(SignalKind::interrupt())?];
    let mut resumed = signal(SignalKind::from_raw(signal_hook::consts::SIGCONT))?;
    let [terminate, hangup, interrupt] = &mut ends;
    end_without_a_terminal()?;
    loop {
        tokio::select! {
            biased;
            _ = terminate.recv() => break,
            _ = hangup.recv() => break,
            _ = interrupt.recv() => break,
            _ = resumed.recv() => runtime.redraw()?,
            flow = runtime.turn(&mut input) => if let ControlFlow::Break(()) = flow? { break },
        }
    }
    runtime.end();
    Ok(())
}

/// How long the loop has to end by itself when the terminal is gone.
const GRACE: Duration = Duration::from_secs(2);

/// Ends the program where the terminal is gone and the loop does not end by itself: crossterm 0.29 reads a closed terminal over and over
/// and does not come back. What is under way can be resumed, as after a kill.
fn end_without_a_terminal() -> io::Result<()> {
    let mut hangup = signal(SignalKind::hangup())?;
    tokio::spawn(async move {
        if hangup.recv().await.is_some() {
            tokio::time::sleep(GRACE).await;
            std::process::exit(128 + signal_hook::consts::SIGHUP);
        }
    });
    Ok(())
}

/// Tells the operator what to do to sign in.
pub fn prompt(sender: UnboundedSender<Inbound>) -> Prompt {
    Arc::new(move |prompted| {
        let msg = match prompted {
            Prompted::Browser { address, opened } => Msg::SignIn(SignInAsked { address, code: None, opened }),
            Prompted::DeviceCode { address, code, .. } => Msg::SignIn(SignInAsked { address, code: Some(code), opened: false }),
            Prompted::Note(text) => Msg::Failed(text),
            Prompted::Done => Msg::SignInOver,
        };
        // A loop that has ended asks nobody.
        drop(sender.send(Inbound::Msg(msg)));
    })
}

/// Opens the workspace and hands it to the loop.
pub async fn open_workspace(options: OpenOptions, which: Which, sender: UnboundedSender<Inbound>) {
    // The loop goes on drawing meanwhile; a loop that has ended needs no workspace.
    drop(sender.send(Inbound::Msg(Msg::Opening(what_is_opened(&options, &which)))));
    let first = sender.clone();
    let messages = match tokio::spawn(open(options, which, first)).await {
        Ok(Ok((opened, session))) => vec![Inbound::Session(Arc::new(session)), Inbound::Msg(Msg::Opened(Box::new(opened)))],
        Ok(Err(error)) => vec![Inbound::OpenFailed(error)],
        Err(error) => vec![Inbound::Broken(format!("opening the workspace: {}", effects::broken(error)))],
    };
    for message in messages {
        drop(sender.send(message));
    }
}

async fn open(options: OpenOptions, which: Which, sender: UnboundedSender<Inbound>) -> Result<(Opened, Session), OpenError> {
    let (session, first_run) = match which {
        Which::Named(name) => (Session::open(&options, &name).await?, false),
        Which::Demo { spec, reset, first_run } => (Session::demo(&options, spec, reset).await?, first_run),
    };
    let first = session.store.first()?;
    if !first.is_empty() {
        drop(sender.send(Inbound::Msg(Msg::Loading(Box::new(describe(&session, first.into_iter().collect(), first_run)?)))));
    }
    Ok((describe(&session, session.load()?, first_run)?, session))
}

/// What the screen says while the workspace is opened: a large demo takes its time to be made.
fn what_is_opened(options: &OpenOptions, which: &Which) -> String {
    match which {
        Which::Named(name) => format!("opening the workspace {name}"),
        Which::Demo { spec, reset, .. } if *reset || !store::exists(&options.home, DEMO) => {
            let of = spec.as_ref().and_then(|spec| usize::try_from(spec.users).ok());
            format!("making a new demo tenant{}", of.map_or_else(String::new, |users| format!(" of {}", count(users, "user", "users"))))
        }
        Which::Demo { .. } => format!("opening the workspace {DEMO}"),
    }
}

/// What the console needs to know of an open workspace, with these of its records.
pub fn describe(session: &Session, dataset: Dataset, first_run: bool) -> Result<Opened, StoreError> {
    let limits = session.tenant.limits();
    Ok(Opened {
        workspace: session.name.clone(),
        tenant: session.manifest.tenant.clone(),
        tenant_id: session.tenant_id(),
        label: session.manifest.source.label(),
        access: session.access(),
        forced_read_only: session.is_forced_read_only(),
        operator: session.operator.clone(),
        dataset,
        ledger: session.ledger(),
        synced_at: session.store.synced_at()?,
        account: session.account(),
        holder: session.tenant.holder(),
        refresh_seconds: session.graph().map(|_| REFRESH_SECONDS),
        sync_notes: session.store.sync_state()?.notes,
        requests_per_second: limits.requests_per_second,
        read_back_page: limits.read_back_page,
        notices: session.notices.clone(),
        first_run,
    })
}

/// What the terminal says that it can show.
fn depth() -> Depth {
    let says = |name| std::env::var(name).unwrap_or_default();
    Depth::of(&says("COLORTERM"), &says("TERM"))
}

/// Whether to do without colour: asked for, or NO_COLOR is set and not empty (no-color.org).
fn without_colour(choice: ColorChoice) -> bool {
    let asked = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    match choice {
        ColorChoice::Never => true,
        ColorChoice::Always => {
            crossterm::style::force_color_output(true);
            false
        }
        ColorChoice::Auto => asked,
    }
}

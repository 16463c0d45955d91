//! The console at the edge: terminal, event loop, effects.

mod effects;
mod input;
mod runtime;
mod terminal;

use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;

use crossterm::event::EventStream;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::UnboundedSender;

pub use self::runtime::{Inbound, LoopError, Runtime, Screen};
use self::terminal::{RealScreen, TerminalGuard};
use crate::app::{App, Msg, Opened, Options};
use crate::domain::workspace::{DemoSpec, Source};
use crate::engine::{OpenError, OpenOptions, Session};

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
pub async fn run(open: OpenOptions, which: Which, options: Options) -> Result<(), LoopError> {
    let guard = TerminalGuard::enter()?;
    let terminal = guard.terminal()?;
    let size = crossterm::terminal::size()?;
    let clock = open.clock;
    let app = App::new(Options { size, ..options }, clock.now());
    let (mut runtime, sender) = Runtime::new(terminal, RealScreen, app, clock);
    runtime.draw()?; // the first frame does not wait for the workspace
    tokio::spawn(open_workspace(open, which, sender));
    let mut input = EventStream::new();
    let mut ends = [signal(SignalKind::terminate())?, signal(SignalKind::hangup())?, signal(SignalKind::interrupt())?];
    let mut resumed = signal(SignalKind::from_raw(signal_hook::consts::SIGCONT))?;
    let [terminate, hangup, interrupt] = &mut ends;
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
    Ok(())
}

/// Opens the workspace and hands it to the loop.
pub async fn open_workspace(options: OpenOptions, which: Which, sender: UnboundedSender<Inbound>) {
    let opened = match which {
        Which::Named(name) => Session::open(&options, &name).await.map(|session| (session, false)),
        Which::Demo { spec, reset, first_run } => Session::demo(&options, spec, reset).await.map(|session| (session, first_run)),
    };
    let messages = match opened.and_then(|(session, first_run)| describe(session, first_run)) {
        Ok((session, opened)) => vec![Inbound::Session(session), Inbound::Msg(Msg::Opened(Box::new(opened)))],
        Err(error) => vec![Inbound::Msg(Msg::OpenFailed(explain(&error)))],
    };
    for message in messages {
        // A loop that has ended needs no workspace.
        drop(sender.send(message));
    }
}

fn describe(session: Session, first_run: bool) -> Result<(Arc<Session>, Opened), OpenError> {
    let limits = session.tenant.limits();
    let opened = Opened {
        workspace: session.name.clone(),
        tenant: session.manifest.tenant.clone(),
        label: session.manifest.source.label(),
        access: session.access(),
        operator: session.operator.clone(),
        dataset: session.load()?,
        ledger: effects::ledger(&session),
        synced_at: session.store.synced_at()?,
        requests_per_second: limits.requests_per_second,
        read_back_page: limits.read_back_page,
        notices: session.notices.clone(),
        first_run: first_run && matches!(session.manifest.source, Source::Demo(_)),
    };
    Ok((Arc::new(session), opened))
}

fn explain(error: &OpenError) -> String {
    error.to_string()
}

/// Whether there is a terminal to run on.
pub fn has_terminal() -> bool {
    use io::IsTerminal;
    io::stdin().is_terminal() && io::stdout().is_terminal()
}

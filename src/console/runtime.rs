//! The event loop: messages in, frames and effects out. Generic over what it draws on and listens to,
//! so that tests run this very loop.

use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use crossterm::event::Event;
use futures::{Stream, StreamExt};
use ratatui::Terminal;
use ratatui::backend::Backend;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::effects::Effects;
use super::input;
use crate::app::{App, Effect, Msg};
use crate::clock::Clock;
use crate::engine::{OpenError, Session};
use crate::view;

/// What only a terminal can do, apart from drawing.
pub trait Screen {
    /// Hands text to the terminal's clipboard (OSC 52). Nobody can tell whether it arrived.
    fn copy(&mut self, text: &str) -> io::Result<()>;
    /// Stops the process as Ctrl-Z does, and comes back when it goes on.
    fn suspend(&mut self) -> io::Result<()>;
}

/// What reaches the loop from its own tasks.
pub enum Inbound {
    /// For the console's state.
    Msg(Msg),
    /// The workspace is open.
    Session(Arc<Session>),
    /// The workspace cannot be opened: the console ends and says why.
    OpenFailed(OpenError),
}

/// Why the loop cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum LoopError {
    /// There is no workspace to work on.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The terminal cannot be drawn on.
    #[error("cannot draw on the terminal: {0}")]
    Draw(String),
    /// The terminal cannot be read.
    #[error("cannot read from the terminal: {0}")]
    Read(#[from] io::Error),
}

/// The console at work.
pub struct Runtime<B: Backend, S: Screen> {
    terminal: Terminal<B>,
    screen: S,
    app: App,
    effects: Effects,
    inbox: UnboundedReceiver<Inbound>,
    clock: Clock,
    stale: bool,
}

impl<B: Backend, S: Screen> Runtime<B, S> {
    /// A console that is opening its workspace. What opens it sends through the returned channel.
    pub fn new(terminal: Terminal<B>, screen: S, app: App, clock: Clock) -> (Self, UnboundedSender<Inbound>) {
        let (sender, inbox) = unbounded_channel();
        let effects = Effects::new(sender.clone());
        (Runtime { terminal, screen, app, effects, inbox, clock, stale: true }, sender)
    }

    /// The console's state.
    pub fn app(&self) -> &App {
        &self.app
    }

    /// What is drawn on.
    pub fn terminal(&self) -> &Terminal<B> {
        &self.terminal
    }

    /// Draws, if anything changed since the last frame.
    pub fn draw(&mut self) -> Result<(), LoopError> {
        if self.stale {
            self.terminal.draw(|frame| view::draw(frame, &self.app)).map_err(|error| LoopError::Draw(error.to_string()))?;
            self.stale = false;
        }
        Ok(())
    }

    /// Draws, waits for the next thing to happen, and deals with it. Breaks when the console should end.
    ///
    /// Nothing is lost when this future is dropped while it waits.
    pub async fn turn(&mut self, input: &mut (impl Stream<Item = io::Result<Event>> + Unpin)) -> Result<ControlFlow<()>, LoopError> {
        self.draw()?;
        let wake_at = self.app.wake_at();
        tokio::select! {
            // What the console's own tasks say comes first, so that a key meets the newest state.
            biased;
            Some(inbound) = self.inbox.recv() => {
                let mut flow = self.receive(inbound)?;
                while let (ControlFlow::Continue(()), Ok(next)) = (flow, self.inbox.try_recv()) {
                    flow = self.receive(next)?;
                }
                Ok(flow)
            }
            event = input.next() => match event {
                Some(Ok(event)) => input::message(event).map_or(Ok(ControlFlow::Continue(())), |msg| self.update(msg)),
                Some(Err(error)) => Err(error.into()),
                None => Ok(ControlFlow::Break(())),
            },
            () = wait_until(wake_at, self.clock) => self.update(Msg::Wake),
        }
    }

    fn receive(&mut self, inbound: Inbound) -> Result<ControlFlow<()>, LoopError> {
        match inbound {
            Inbound::Msg(msg) => self.update(msg),
            Inbound::OpenFailed(error) => Err(error.into()),
            Inbound::Session(session) => {
                self.effects.attach(session);
                Ok(ControlFlow::Continue(()))
            }
        }
    }

    fn update(&mut self, msg: Msg) -> Result<ControlFlow<()>, LoopError> {
        self.stale = true;
        if matches!(msg, Msg::Resize(..)) {
            self.terminal.autoresize().map_err(|error| LoopError::Draw(error.to_string()))?;
        }
        for effect in self.app.update(msg, self.clock.now()) {
            match effect {
                Effect::Quit => return Ok(ControlFlow::Break(())),
                Effect::Copy(text) => {
                    if let Err(error) = self.screen.copy(&text) {
                        return self.update(Msg::Failed(format!("nothing was copied: {error}")));
                    }
                }
                Effect::Suspend => {
                    self.screen.suspend()?;
                    self.terminal.clear().map_err(|error| LoopError::Draw(error.to_string()))?;
                }
                effect => self.effects.start(effect),
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Everything that is drawn is drawn anew: for a terminal that was used by something else meanwhile.
    pub fn redraw(&mut self) -> Result<(), LoopError> {
        self.stale = true;
        self.terminal.clear().map_err(|error| LoopError::Draw(error.to_string()))
    }
}

async fn wait_until(at: Option<crate::domain::time::Timestamp>, clock: Clock) {
    match at {
        // A little late rather than early: woken before its time, the console would only go back to sleep.
        Some(at) => {
            clock.sleep_until(at).await;
            clock.sleep(Duration::from_millis(1)).await;
        }
        None => std::future::pending().await,
    }
}

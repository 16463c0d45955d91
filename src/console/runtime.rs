//! The event loop: messages in, frames and effects out. Generic over what it draws on and listens to,
//! so that tests run this very loop.

use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossterm::event::Event;
use futures::{Stream, StreamExt};
use ratatui::Terminal;
use ratatui::backend::Backend;
use ratatui::layout::{Position, Rect};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::effects::Effects;
use super::input;
use crate::app::{App, Effect, Msg};
use crate::clock::Clock;
use crate::domain::text::safe;
use crate::engine::{OpenError, Session};
use crate::view;

/// How long, and how many at once, messages are taken in before the next frame (`reference/performance.md`).
const HALF_A_FRAME: Duration = Duration::from_millis(8);
const AT_ONCE: usize = 256;

/// What only a terminal can do, apart from drawing.
pub trait Screen {
    /// Hands text to the terminal's clipboard (OSC 52). Nobody can tell whether it arrived.
    fn copy(&mut self, text: &str) -> io::Result<()>;
    /// Listens to the mouse, or leaves it to the terminal.
    fn mouse(&mut self, on: bool) -> io::Result<()>;
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
    /// Something that the console cannot do without came to no end: the console ends and says why.
    Broken(String),
}

/// Why the loop cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum LoopError {
    /// There is no workspace to work on.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Something that the console cannot do without failed.
    #[error("{0}")]
    Broken(String),
    /// The terminal cannot be drawn on.
    #[error("cannot draw on the terminal: {0}")]
    Draw(String),
    /// The terminal cannot be used or read, or a task that the console cannot do without has failed.
    #[error("the console cannot go on: {0}")]
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

    /// Stops what goes on by itself, such as a sync, after the request in flight.
    pub fn end(&self) {
        self.effects.end();
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
            // No order: where both are always ready, each gets its turn.
            Some(inbound) = self.inbox.recv() => match self.receive(inbound)? {
                ControlFlow::Continue(()) => self.drain(),
                end => Ok(end),
            },
            event = input.next() => match event {
                Some(Ok(event)) => {
                    // A key meets the newest state.
                    if let ControlFlow::Break(()) = self.drain()? {
                        return Ok(ControlFlow::Break(()));
                    }
                    input::message(event).map_or(Ok(ControlFlow::Continue(())), |msg| self.update(msg))
                }
                Some(Err(error)) => Err(io::Error::new(error.kind(), format!("the terminal cannot be read: {error}")).into()),
                None => Ok(ControlFlow::Break(())),
            },
            () = wait_until(wake_at, self.clock) => self.update(Msg::Wake),
        }
    }

    /// Takes in what the console's own tasks have said, but no longer than half a frame: then it is time to draw and to listen.
    fn drain(&mut self) -> Result<ControlFlow<()>, LoopError> {
        let start = Instant::now();
        for _ in 0..AT_ONCE {
            let Ok(inbound) = self.inbox.try_recv() else { break };
            if let ControlFlow::Break(()) = self.receive(inbound)? {
                return Ok(ControlFlow::Break(()));
            }
            if start.elapsed() > HALF_A_FRAME {
                break;
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn receive(&mut self, inbound: Inbound) -> Result<ControlFlow<()>, LoopError> {
        match inbound {
            Inbound::Msg(msg) => self.update(msg),
            Inbound::OpenFailed(error) => Err(error.into()),
            Inbound::Broken(what) => Err(LoopError::Broken(what)),
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
                    if let ControlFlow::Break(()) = self.copy(&text)? {
                        return Ok(ControlFlow::Break(()));
                    }
                }
                Effect::CopyPassword(password) => {
                    if let ControlFlow::Break(()) = self.copy(&safe(password.expose()))? {
                        return Ok(ControlFlow::Break(()));
                    }
                }
                Effect::Mouse(on) => self.screen.mouse(on)?,
                Effect::Suspend => {
                    self.screen.suspend()?;
                    self.redraw()?;
                }
                effect => self.effects.start(effect),
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn copy(&mut self, text: &str) -> Result<ControlFlow<()>, LoopError> {
        match self.screen.copy(text) {
            Ok(()) => Ok(ControlFlow::Continue(())),
            Err(error) => self.update(Msg::Failed(format!("nothing was copied: {error}"))),
        }
    }

    /// Everything that is drawn is drawn anew: for a terminal that was used by something else meanwhile.
    pub fn redraw(&mut self) -> Result<(), LoopError> {
        self.stale = true;
        // Not `clear`: it asks the terminal where the cursor is, and fails where no answer comes.
        let resized = self.terminal.size().and_then(|size| self.terminal.resize(Rect::from((Position::ORIGIN, size))));
        resized.map_err(|error| LoopError::Draw(error.to_string()))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::{KeyMap, Options};
    use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
    use ratatui::backend::TestBackend;

    struct NoScreen;

    impl Screen for NoScreen {
        fn copy(&mut self, _: &str) -> io::Result<()> {
            Err(io::Error::other("no clipboard"))
        }

        fn mouse(&mut self, _: bool) -> io::Result<()> {
            Ok(())
        }

        fn suspend(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn runtime() -> (Runtime<TestBackend, NoScreen>, UnboundedSender<Inbound>) {
        let now = crate::domain::fixture::now();
        let app = App::new(Options { keys: KeyMap::defaults(), hold_seconds: 5, size: (80, 24), mono: false }, now);
        Runtime::new(Terminal::new(TestBackend::new(80, 24)).unwrap(), NoScreen, app, Clock::starting_at(now))
    }

    #[tokio::test]
    async fn a_key_gets_its_turn_however_much_there_is_to_take_in() {
        let (mut runtime, sender) = runtime();
        let quit = Event::Key(KeyEvent::new(KeyCode::Char('q'), KeyModifiers::NONE));
        let mut input = futures::stream::iter([Ok(quit)]).chain(futures::stream::pending());
        for _ in 0..200 {
            for _ in 0..AT_ONCE * 2 {
                assert!(sender.send(Inbound::Msg(Msg::Wake)).is_ok());
            }
            if runtime.turn(&mut input).await.unwrap().is_break() {
                assert!(!runtime.inbox.is_empty(), "it did not wait for the end of the messages");
                return;
            }
        }
        panic!("the key was never seen");
    }

    #[tokio::test]
    async fn a_panic_while_the_workspace_is_opened_ends_the_console_and_says_why() {
        let (mut runtime, sender) = runtime();
        assert!(sender.send(Inbound::Broken("out of luck".to_owned())).is_ok());
        let error = runtime.turn(&mut futures::stream::pending()).await.unwrap_err();
        assert!(error.to_string().contains("out of luck"), "{error}");
    }
}

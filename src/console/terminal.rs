//! The real terminal: what is turned on is remembered, and exactly that is turned off again.

use std::io::{self, BufWriter, Stdout, Write};

use crossterm::event::{DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste};
use crossterm::execute;
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;

use super::clipboard::{self, Multiplexer};
use super::runtime::Screen;

/// One buffered write a frame (`reference/performance.md` D).
const FRAME_BUFFER: usize = 64 * 1024;

/// What the console draws on.
pub(super) type Backend = CrosstermBackend<BufWriter<Stdout>>;

/// Holds the terminal in console mode until dropped.
pub(super) struct TerminalGuard;

impl TerminalGuard {
    /// Turns console mode on, and makes sure that a panic turns it off before it speaks.
    pub(super) fn enter(mouse: bool) -> io::Result<Self> {
        let main = std::thread::current().id();
        let inner = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            // A task's panic is reported through its handle; only the console's own ends the console.
            if std::thread::current().id() == main && !crate::store::panic_is_caught() {
                leave();
                inner(info);
            }
        }));
        // Dropped when entering fails half-way, it undoes what was done.
        let guard = TerminalGuard;
        enter(mouse)?;
        Ok(guard)
    }

    /// The terminal to draw on.
    pub(super) fn terminal(&self) -> io::Result<Terminal<Backend>> {
        Terminal::new(CrosstermBackend::new(BufWriter::with_capacity(FRAME_BUFFER, io::stdout())))
    }
}

impl Drop for TerminalGuard {
    fn drop(&mut self) {
        leave();
    }
}

fn enter(mouse: bool) -> io::Result<()> {
    enable_raw_mode()?;
    execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste)?;
    listen_to_mouse(mouse)
}

/// Buttons and the wheel only, with their place in decimal: crossterm's own command would have every movement told.
fn listen_to_mouse(on: bool) -> io::Result<()> {
    if !on {
        return execute!(io::stdout(), DisableMouseCapture);
    }
    let mut out = io::stdout();
    out.write_all(b"\x1b[?1000h\x1b[?1006h")?;
    out.flush()
}

/// Leaves console mode. A terminal that is gone cannot be restored, and there is nobody to tell.
fn leave() {
    drop(execute!(io::stdout(), DisableMouseCapture, DisableBracketedPaste, LeaveAlternateScreen, crossterm::cursor::Show));
    drop(disable_raw_mode());
}

/// The real screen's side of the effects that only a terminal can have.
pub(super) struct RealScreen {
    /// Whether the mouse is listened to.
    pub(super) mouse: bool,
}

impl Screen for RealScreen {
    fn copy(&mut self, text: &str) -> io::Result<()> {
        let mut out = io::stdout();
        out.write_all(clipboard::sequences(text, Multiplexer::of_environment()).as_bytes())?;
        out.flush()
    }

    fn mouse(&mut self, on: bool) -> io::Result<()> {
        self.mouse = on;
        listen_to_mouse(on)
    }

    fn suspend(&mut self) -> io::Result<()> {
        leave();
        // Stops the process here; it goes on when the shell says so.
        signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGTSTP)?;
        enter(self.mouse)
    }
}

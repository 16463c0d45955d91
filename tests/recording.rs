//! The picture of the console in the README: drawn from the real event loop over the demo tenant, on a screen in memory, by a
//! clock that stands still. `assets/record.sh` renews it; the test says when that is due.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use entriage::app::{App, KeyMap, Options};
use entriage::clock::Clock;
use entriage::console::{Runtime, Screen, Which, open_workspace};
use entriage::domain::text::width;
use entriage::domain::time::Timestamp;
use entriage::domain::workspace::DemoSpec;
use entriage::engine::{OpenOptions, SignInOptions};
use entriage::store::Home;
use futures::channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};
use tokio::time::timeout;

const SIZE: (u16, u16) = (120, 34);
/// What is typed before each picture: the queue, an explanation, a plan, privacy mode.
const SCENES: [&[KeyCode]; 4] = [
    &[KeyCode::Char('j'), KeyCode::Char('k')],
    &[KeyCode::Char('e')],
    &[KeyCode::Esc, KeyCode::Char(' '), KeyCode::Char(' '), KeyCode::Char(' '), KeyCode::Char('d')],
    &[KeyCode::Esc, KeyCode::Esc, KeyCode::Char('A'), KeyCode::Char('X')],
];
/// How long each picture stands.
const SECONDS: usize = 4;
/// Width and height of a cell, and the size of the letters in it.
const CELL: (f32, f32) = (8.4, 18.0);
const FONT: f32 = 14.0;
const BACKGROUND: &str = "#16181d";
const FOREGROUND: &str = "#d7dae0";

struct NoScreen;

impl Screen for NoScreen {
    fn copy(&mut self, _: &str) -> io::Result<()> {
        Ok(())
    }

    fn mouse(&mut self, _: bool) -> io::Result<()> {
        Ok(())
    }

    fn suspend(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Lets the loop turn until nothing happens any more.
async fn settle(runtime: &mut Runtime<TestBackend, NoScreen>, input: &mut UnboundedReceiver<io::Result<Event>>, quiet: Duration) {
    while let Ok(flow) = timeout(quiet, runtime.turn(input)).await {
        assert!(flow.unwrap().is_continue());
    }
    runtime.draw().unwrap();
}

/// The console's screen, scene by scene.
async fn record(home: &Path) -> Vec<Buffer> {
    let now = Timestamp::parse("2026-11-22T14:05:00Z").unwrap();
    let clock = Clock::starting_at(now);
    let app = App::new(Options { keys: KeyMap::defaults(), hold_seconds: 5, size: SIZE, mono: false }, now);
    let terminal = Terminal::new(TestBackend::new(SIZE.0, SIZE.1)).unwrap();
    let (mut runtime, sender) = Runtime::new(terminal, NoScreen, app, clock);
    let options = OpenOptions { home: Home(home.to_owned()), read_only: false, clock, sign_in: SignInOptions::silent() };
    let spec = DemoSpec { seed: 1, users: 200, epoch: now, rate: Some(1.0), faults: Vec::new() };
    tokio::spawn(open_workspace(options, Which::Demo { spec: Some(spec), reset: false, first_run: false }, sender));
    let (keys, mut input): (UnboundedSender<io::Result<Event>>, _) = unbounded();
    settle(&mut runtime, &mut input, Duration::from_secs(40)).await;
    let mut pictures = Vec::new();
    for scene in SCENES {
        for code in scene {
            keys.unbounded_send(Ok(Event::Key(KeyEvent::new(*code, KeyModifiers::NONE)))).unwrap();
            settle(&mut runtime, &mut input, Duration::from_millis(50)).await;
        }
        pictures.push(runtime.terminal().backend().buffer().clone());
    }
    pictures
}

fn colour(colour: Color) -> &'static str {
    match colour {
        Color::Red | Color::LightRed => "#ff6b68",
        Color::Yellow | Color::LightYellow => "#e5c07b",
        Color::Green | Color::LightGreen => "#98c379",
        Color::Cyan | Color::LightCyan => "#56b6c2",
        Color::Blue | Color::LightBlue => "#61afef",
        Color::Magenta | Color::LightMagenta => "#c678dd",
        Color::Black => BACKGROUND,
        Color::DarkGray | Color::Gray => "#8b919d",
        _ => FOREGROUND,
    }
}

/// Cells of one row that look alike, as SVG.
fn run(out: &mut String, cells: &[&Cell], column: usize, columns: usize, row: usize) {
    let Some(first) = cells.first() else { return };
    let text: String = cells.iter().map(|cell| cell.symbol()).collect();
    let reversed = first.modifier.contains(Modifier::REVERSED);
    let (x, y) = (column as f32 * CELL.0, row as f32 * CELL.1);
    let wide = columns as f32 * CELL.0;
    if reversed {
        writeln!(out, r#"<rect x="{x:.1}" y="{y:.1}" width="{wide:.1}" height="{:.1}" fill="{}"/>"#, CELL.1, colour(first.fg)).unwrap();
    }
    if text.trim().is_empty() {
        return;
    }
    let fill = if reversed { BACKGROUND } else { colour(first.fg) };
    let bold = if first.modifier.contains(Modifier::BOLD) { r#" font-weight="bold""# } else { "" };
    let dim = if first.modifier.contains(Modifier::DIM) { r#" opacity="0.6""# } else { "" };
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let base = y + FONT;
    writeln!(out, r#"<text x="{x:.1}" y="{base:.1}" textLength="{wide:.1}" fill="{fill}"{bold}{dim}>{text}</text>"#).unwrap();
}

fn picture(out: &mut String, buffer: &Buffer) {
    for (row, cells) in buffer.content.chunks(usize::from(SIZE.0)).enumerate() {
        let mut held: Vec<&Cell> = Vec::new();
        let (mut from, mut column) = (0, 0);
        while let Some(cell) = cells.get(column) {
            let like = held.first().is_none_or(|first| (first.fg, first.modifier) == (cell.fg, cell.modifier));
            if !like {
                run(out, &held, from, column - from, row);
                held.clear();
                from = column;
            }
            held.push(cell);
            column += width(cell.symbol()).max(1);
        }
        run(out, &held, from, column - from, row);
    }
}

fn svg(pictures: &[Buffer]) -> String {
    let (wide, high) = (f32::from(SIZE.0) * CELL.0 + 16.0, f32::from(SIZE.1) * CELL.1 + 16.0);
    let seconds = SECONDS * pictures.len();
    let shown = 100.0 / pictures.len() as f32;
    let mut out = String::new();
    writeln!(out, r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide:.0} {high:.0}" width="{wide:.0}" height="{high:.0}">"#)
        .unwrap();
    writeln!(out, "<!-- The console on the demo tenant; renewed by assets/record.sh -->").unwrap();
    writeln!(
        out,
        "<style>text{{font-family:ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace;font-size:{FONT}px;white-space:pre}}\
         .scene{{opacity:0}}.first{{opacity:1}}\
         @media (prefers-reduced-motion:no-preference){{.scene{{animation:scene {seconds}s step-end infinite}}}}\
         @keyframes scene{{0%{{opacity:1}}{shown:.2}%{{opacity:0}}100%{{opacity:0}}}}</style>"
    )
    .unwrap();
    writeln!(out, r#"<rect width="100%" height="100%" rx="8" fill="{BACKGROUND}"/>"#).unwrap();
    for (at, buffer) in pictures.iter().enumerate() {
        let delay = SECONDS * at;
        // Where nothing moves, the first is shown.
        let class = if at == 0 { "scene first" } else { "scene" };
        writeln!(out, r#"<g class="{class}" style="animation-delay:{delay}s" transform="translate(8 8)" xml:space="preserve">"#).unwrap();
        picture(&mut out, buffer);
        writeln!(out, "</g>").unwrap();
    }
    out.push_str("</svg>\n");
    out
}

#[tokio::test(start_paused = true)]
async fn the_picture_in_the_readme_is_current() {
    let home = tempfile::tempdir().unwrap();
    let now = svg(&record(home.path()).await);
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("assets/console.svg");
    if std::env::var_os("ENTRIAGE_RECORD").is_some() {
        std::fs::write(&file, &now).unwrap();
    }
    let kept = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(kept == now, "assets/console.svg shows another console than this one: look at it after `sh assets/record.sh`, and commit it");
}

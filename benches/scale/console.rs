//! The console's state and its drawing in this process: what a key costs, until its frame is written.

use std::fs::File;
use std::io::BufWriter;
use std::time::{Duration, Instant};

use entriage::app::sort::{Column, Sort};
use entriage::app::users::Users;
use entriage::app::{App, Effect, Key, KeyCode, KeyMap, Msg, Opened, Options};
use entriage::console::describe;
use entriage::domain::campaigns;
use entriage::domain::dataset::Dataset;
use entriage::domain::ledger::Ledger;
use entriage::domain::overview::Overview;
use entriage::domain::query::QueryContext;
use entriage::domain::records::UserRecords;
use entriage::domain::time::Timestamp;
use entriage::engine::Session;
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use ratatui::{Terminal, TerminalOptions, Viewport};

const SIZE: (u16, u16) = (200, 60);

/// A console whose frames go through the real backend to `/dev/null`.
pub struct Screen {
    app: App,
    terminal: Terminal<CrosstermBackend<BufWriter<File>>>,
    now: Timestamp,
}

impl Screen {
    /// The console on what is opened, and how long it took to take it in and draw it.
    pub fn open(opened: Opened, now: Timestamp) -> (Self, Duration) {
        let backend = CrosstermBackend::new(BufWriter::with_capacity(64 * 1024, File::create("/dev/null").unwrap()));
        let options = TerminalOptions { viewport: Viewport::Fixed(Rect::new(0, 0, SIZE.0, SIZE.1)) };
        let terminal = Terminal::with_options(backend, options).unwrap();
        let app = App::new(Options { keys: KeyMap::defaults(), hold_seconds: 5, size: SIZE, mono: false }, now);
        let mut screen = Screen { app, terminal, now };
        let took = screen.take(Msg::Opened(Box::new(opened)));
        (screen, took)
    }

    /// How long a message takes until its frame is written. What it asks to be computed beside the loop is answered afterwards, because
    /// records that come meanwhile wait for it.
    fn take(&mut self, msg: Msg) -> Duration {
        let start = Instant::now();
        let effects = self.app.update(msg, self.now);
        self.terminal.draw(|frame| entriage::view::draw(frame, &self.app)).unwrap();
        let took = start.elapsed();
        for effect in effects {
            if let Effect::Compute(computation) = effect {
                self.take(Msg::Computed(Box::new(computation.run())));
            }
        }
        took
    }

    fn press(&mut self, key: KeyCode) -> Duration {
        self.take(Msg::Key(Key::new(key, false, false, false)))
    }

    /// Moving: by rows, by pages, to both ends, between panes.
    pub fn moving(&mut self) -> Vec<Duration> {
        let mut keys = Vec::new();
        for _ in 0..8 {
            keys.extend([KeyCode::Char('j'); 40]);
            keys.extend([KeyCode::PageDown; 20]);
            keys.extend([KeyCode::Char('k'); 20]);
            keys.extend([KeyCode::Char('G'), KeyCode::PageUp, KeyCode::Char('g'), KeyCode::Char(' ')]);
            keys.extend([KeyCode::Tab, KeyCode::Char('j'), KeyCode::Char('j'), KeyCode::Tab, KeyCode::Char('j'), KeyCode::Tab]);
        }
        keys.into_iter().map(|key| self.press(key)).collect()
    }

    /// Typing each of these, letter by letter, into the line that the key opens.
    pub fn typing(&mut self, opens: char, texts: &[&str]) -> Vec<Duration> {
        let mut took = Vec::new();
        for text in texts {
            self.press(KeyCode::Char(opens));
            self.take(Msg::Key(Key::ctrl('u')));
            took.extend(text.chars().map(|letter| self.press(KeyCode::Char(letter))));
            self.take(Msg::Key(Key::ctrl('u')));
            self.press(KeyCode::Enter);
        }
        took
    }

    /// Taking in users whose records changed.
    pub fn records(&mut self, records: Vec<UserRecords>) -> Duration {
        self.take(Msg::Records(records))
    }
}

/// What the console is given, and how long it took to read it.
pub fn opened(session: &Session) -> (Opened, Duration) {
    let start = Instant::now();
    let opened = describe(session, session.load().unwrap(), false).unwrap();
    (opened, start.elapsed())
}

/// The users' table in each order there is.
pub fn sorting(dataset: &Dataset, ledger: &Ledger, now: Timestamp) -> Vec<Duration> {
    let mut users = Users::default();
    users.load(dataset, ledger, now);
    let orders = Column::ALL.into_iter().rev().flat_map(|column| [true, false].map(|descending| Sort { column, descending }));
    orders
        .map(|sort| {
            let start = Instant::now();
            users.set_sort(sort, dataset);
            start.elapsed()
        })
        .collect()
}

/// What is counted over all records: what many users share, and the figures of the overview.
pub fn grouping(dataset: &Dataset, ledger: &Ledger, now: Timestamp) -> (Duration, Duration) {
    let start = Instant::now();
    let context = QueryContext { now, ledger, tenant: dataset.tenant() };
    std::hint::black_box(campaigns::find(dataset, context));
    let shared = start.elapsed();
    let start = Instant::now();
    std::hint::black_box(Overview::of(dataset, ledger, now));
    (shared, start.elapsed())
}

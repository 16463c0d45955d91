//! The timeline of a user: which stretch of time is shown, and the event under the cursor.

use super::App;
use super::command::{CommandId, Context};
use super::details::Subject;
use super::key::Key;
use super::layout::Area;
use super::msg::Effect;
use super::overlay::Overlay;
use super::picture::Hint;
use super::scroll::Scroll;
use super::times::Zone;
use crate::domain::ledger::Ledger;
use crate::domain::records::{UserId, UserRecords};
use crate::domain::time::Timestamp;
use crate::domain::timeline::{Event, Lane, Timeline, What};

/// Nearer than this nothing more can be told apart.
const SHORTEST: i64 = 10_000;
/// Columns of the labels on the left.
const LABEL: usize = 16;
/// From this many columns on, the addresses of a session stand beside its lane and not above it.
const WIDE: usize = 100;
/// Columns of the addresses, where they stand beside.
const ADDRESSES: usize = 34;
/// Lanes that are no sessions; they are always in sight.
const FIXED: usize = 4;

/// The open timeline.
#[derive(Debug, Clone)]
pub struct Chart {
    /// The user.
    pub user: UserId,
    /// What happened.
    pub timeline: Timeline,
    /// The event under the cursor: its place among the events.
    pub at: usize,
    /// The sessions in sight.
    pub sessions: Scroll,
    /// Why the last key did nothing.
    pub message: Option<String>,
    /// What is shown goes no further than this, unless something has a later time.
    now: Timestamp,
    /// Beginning and length of what is shown, in milliseconds.
    from: i64,
    span: i64,
}

/// How the timeline stands on a screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Columns of the labels.
    pub label: usize,
    /// Columns of the time axis.
    pub track: usize,
    /// Columns of the addresses beside the lanes; 0 where they stand above.
    pub addresses: usize,
    /// Rows of a session.
    pub lane_rows: usize,
    /// How many sessions there is room for.
    pub sessions: usize,
    /// Rows that tell of the event under the cursor.
    pub detail: usize,
}

impl Shape {
    /// For so many columns and rows inside the frame.
    pub fn of(columns: usize, rows: usize) -> Self {
        let wide = columns >= WIDE;
        let addresses = if wide { ADDRESSES } else { 0 };
        let lane_rows = if wide { 1 } else { 2 };
        let detail = if rows < 24 { 4 } else { 6 };
        // The axis and the hint take a row each.
        let left = rows.saturating_sub(2 + FIXED + detail);
        let track = columns.saturating_sub(LABEL + 1 + addresses + usize::from(wide)).max(1);
        Shape { label: LABEL, track, addresses, lane_rows, sessions: left / lane_rows, detail }
    }

    /// For the place where pictures stand.
    pub fn in_area(area: Area) -> Self {
        let inner = area.inner();
        Shape::of(usize::from(inner.width.saturating_sub(2)), usize::from(inner.height))
    }
}

/// What stands in one column of a lane.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cell {
    /// Number of events.
    pub events: usize,
    /// Number of those that stand out.
    pub notable: usize,
}

fn millis(at: Timestamp) -> i64 {
    at.0.timestamp_millis()
}

impl Chart {
    fn open(records: &UserRecords, ledger: &Ledger, subject: Option<&Subject>, now: Timestamp) -> Self {
        let timeline = Timeline::of(records, ledger);
        let what = subject.map(|subject| match subject {
            Subject::Detection(id) => What::Detection(id.clone()),
            Subject::SignIn(id) => What::SignIn(id.clone()),
        });
        let at = what.and_then(|what| timeline.position(&what)).unwrap_or(timeline.events.len().saturating_sub(1));
        let user = records.id().clone();
        let mut chart = Chart { user, timeline, at, sessions: Scroll::default(), message: None, now, from: 0, span: SHORTEST };
        (chart.from, chart.span) = chart.whole();
        chart.follow_cursor();
        chart
    }

    /// Follows changed records; the cursor stays on its event.
    pub(super) fn revise(&mut self, records: &UserRecords, ledger: &Ledger, now: Timestamp) {
        let what = self.event().map(|event| event.what.clone());
        let was_whole = (self.from, self.span) == self.whole();
        self.timeline = Timeline::of(records, ledger);
        self.now = now;
        let last = self.timeline.events.len().saturating_sub(1);
        self.at = what.and_then(|what| self.timeline.position(&what)).unwrap_or(self.at).min(last);
        if was_whole {
            (self.from, self.span) = self.whole();
        }
        self.keep_in_sight();
    }

    /// The event under the cursor.
    pub fn event(&self) -> Option<&Event> {
        self.timeline.events.get(self.at)
    }

    /// Everything, with a little room at both ends, but none in the future.
    fn whole(&self) -> (i64, i64) {
        let Some((first, last)) = self.timeline.bounds() else { return (0, SHORTEST) };
        let (first, last) = (millis(first), millis(last));
        let room = (last.saturating_sub(first) / 40).max(SHORTEST / 2);
        // An event that is the last must be before the end to be in sight.
        let end = last.saturating_add(room).min(millis(self.now).max(last.saturating_add(1)));
        let from = first.saturating_sub(room).min(end.saturating_sub(SHORTEST));
        (from, end.saturating_sub(from))
    }

    /// Beginning and end of what is shown.
    pub fn window(&self) -> Option<(Timestamp, Timestamp)> {
        let time = |at| chrono::DateTime::from_timestamp_millis(at).map(Timestamp);
        Some((time(self.from)?, time(self.from.saturating_add(self.span))?))
    }

    /// The moment at which a column begins, in milliseconds.
    fn begins(&self, column: usize, columns: usize) -> i64 {
        let part = i128::from(self.span) * column as i128 / columns.max(1) as i128;
        self.from.saturating_add(i64::try_from(part).unwrap_or(i64::MAX))
    }

    /// The column of a moment; `None` where it is out of sight.
    pub fn column(&self, at: Timestamp, columns: usize) -> Option<usize> {
        let part = i128::from(millis(at)) - i128::from(self.from);
        let column = usize::try_from(part * columns as i128 / i128::from(self.span.max(1))).ok().filter(|_| part >= 0)?;
        // Rounding: the columns are those that `cells` counts in.
        let column = if column + 1 < columns && self.begins(column + 1, columns) <= millis(at) { column + 1 } else { column };
        (column < columns).then_some(column)
    }

    /// What stands in each column of a lane. Takes as long for a million events as for a hundred, but for the search.
    pub fn cells(&self, lane: &Lane, columns: usize) -> Vec<Cell> {
        let time = |place: &usize| self.timeline.events.get(*place).map_or(i64::MAX, |event| millis(event.at));
        let before = |column| {
            let begins = self.begins(column, columns);
            lane.events.partition_point(|place| time(place) < begins)
        };
        let mut from = before(0);
        let cells = (1..=columns).map(|column| {
            let to = before(column);
            let cell = Cell { events: to.saturating_sub(from), notable: lane.notable_between(from, to) };
            from = to;
            cell
        });
        cells.collect()
    }

    /// The words of the axis, in the zone, and the column of each.
    pub fn ticks(&self, columns: usize, zone: Zone) -> Vec<(usize, String)> {
        const STEPS: [i64; 20] = [
            1,
            5,
            15,
            60,
            300,
            900,
            1_800,
            3_600,
            10_800,
            21_600,
            43_200,
            86_400,
            172_800,
            604_800,
            1_209_600,
            2_592_000,
            7_776_000,
            31_536_000,
            315_360_000,
            3_153_600_000,
        ];
        const DAY: i64 = 86_400_000;
        // A word and the room behind it take about ten columns.
        let needed = self.span / i64::try_from(columns / 10).unwrap_or(1).max(1);
        let step = STEPS.iter().map(|seconds| seconds * 1_000).find(|step| *step >= needed).unwrap_or(i64::MAX);
        let time = |at: i64| chrono::DateTime::from_timestamp_millis(at).map(Timestamp);
        let ahead = |at: i64| time(at).map_or(0, |at| zone.seconds_ahead(at) * 1_000);
        // Full hours and days are those of the zone: they are counted in its own time.
        let mut local = self.from.saturating_add(ahead(self.from)).div_euclid(step).saturating_add(1).saturating_mul(step);
        let mut ticks = Vec::new();
        for _ in 0..columns {
            let at = local.saturating_sub(ahead(local.saturating_sub(ahead(local))));
            let Some(time) = time(at).filter(|_| at < self.from.saturating_add(self.span)) else { break };
            let form = match step {
                31_536_000_000.. => "%Y",
                DAY.. => "%m-%d",
                _ if local.rem_euclid(DAY) == 0 => "%m-%d",
                60_000.. => "%H:%M",
                _ => "%H:%M:%S",
            };
            if let Some(column) = self.column(time, columns) {
                ticks.push((column, zone.stamp(time, form)));
            }
            local = local.saturating_add(step);
        }
        ticks
    }

    fn zoom(&mut self, nearer: bool) {
        let (whole_from, whole) = self.whole();
        let Some(at) = self.event().map(|event| millis(event.at)) else { return };
        let span = if nearer { self.span / 2 } else { self.span.saturating_mul(2) };
        let span = span.clamp(SHORTEST.min(whole), whole);
        if span == self.span {
            let far = "Everything is in sight already.";
            self.message = Some(if nearer { "Nearer than this nothing more can be told apart.".to_owned() } else { far.to_owned() });
            return;
        }
        // What stands under the cursor stays where it is.
        let part = i128::from(at.saturating_sub(self.from)) * i128::from(span) / i128::from(self.span.max(1));
        self.span = span;
        self.from = at.saturating_sub(i64::try_from(part).unwrap_or(0));
        let last = whole_from.saturating_add(whole).saturating_sub(span);
        self.from = self.from.clamp(whole_from, last.max(whole_from));
        self.keep_in_sight();
    }

    fn go_to(&mut self, at: usize) {
        self.at = at.min(self.timeline.events.len().saturating_sub(1));
        self.keep_in_sight();
        self.follow_cursor();
    }

    /// Moves what is shown so that the event under the cursor is in it.
    fn keep_in_sight(&mut self) {
        let Some(at) = self.event().map(|event| millis(event.at)) else { return };
        if at < self.from || at >= self.from.saturating_add(self.span) {
            let (from, whole) = self.whole();
            let last = from.saturating_add(whole).saturating_sub(self.span);
            self.from = at.saturating_sub(self.span / 2).clamp(from, last.max(from));
        }
    }

    /// Brings the session of the event under the cursor into sight.
    fn follow_cursor(&mut self) {
        if let Some(lane) = self.event().map(|event| event.lane).filter(|lane| *lane < self.timeline.sessions) {
            self.sessions.at = lane;
        }
    }

    /// Brings everything into sight that must be.
    pub(super) fn settle(&mut self, area: Area) {
        self.sessions.settle(self.timeline.sessions, Shape::in_area(area).sessions);
    }
}

/// The keys that the foot of the timeline names.
pub const HINTS: &[Hint] = &[
    (&[CommandId::Back], "closes"),
    (&[CommandId::Earlier, CommandId::Later], "event"),
    (&[CommandId::ZoomIn, CommandId::ZoomOut], "zoom"),
    (&[CommandId::Open], "shows it"),
    (&[CommandId::Down, CommandId::Up], "sessions"),
    (&[CommandId::Top, CommandId::Bottom], "first last"),
];

impl App {
    /// Opens the timeline of a user.
    pub(super) fn open_timeline(&mut self, user: &UserId) {
        let Some(records) = self.dataset.user(user) else { return };
        let chart = Chart::open(records, &self.ledger, self.subject(), self.now);
        self.overlay = Some(Overlay::Timeline(Box::new(chart)));
    }

    pub(super) fn key_in_timeline(&mut self, mut chart: Box<Chart>, key: Key) -> Vec<Effect> {
        chart.message = None;
        let page = Shape::in_area(super::layout::whole(self.options.size)).sessions;
        if let Some(picture) = self.other_picture(key) {
            return if picture == CommandId::Timeline { Vec::new() } else { self.open_picture(picture, &chart.user) };
        }
        match self.list_command(Context::List, key) {
            Some(CommandId::Earlier) => chart.go_to(chart.at.saturating_sub(1)),
            Some(CommandId::Later) => chart.go_to(chart.at.saturating_add(1)),
            Some(CommandId::Top) => chart.go_to(0),
            Some(CommandId::Bottom) => chart.go_to(usize::MAX),
            Some(CommandId::ZoomIn) => chart.zoom(true),
            Some(CommandId::ZoomOut) => chart.zoom(false),
            Some(CommandId::Open) => return self.leave_timeline(chart),
            Some(command) if chart.sessions.run(command, chart.timeline.sessions, page) => {}
            _ if self.leaves(key) => return Vec::new(),
            _ => {}
        }
        self.overlay = Some(Overlay::Timeline(chart));
        Vec::new()
    }

    /// Goes on to what the event under the cursor is of.
    fn leave_timeline(&mut self, mut chart: Box<Chart>) -> Vec<Effect> {
        let shown = match chart.event().map(|event| event.what.clone()) {
            Some(What::SignIn(id)) => self.show_sign_in(&chart.user, &id),
            Some(What::Detection(id)) => self.show_detection(&chart.user, &id),
            Some(What::Job(id)) => {
                self.overlay = Some(Overlay::Jobs { scroll: Scroll::default(), held: Some(id), offer: false, message: None });
                Ok(())
            }
            Some(What::History(_) | What::Note(_)) => {
                Err("All that is known of it stands here; sign-ins, detections and jobs can be opened.".to_owned())
            }
            None => Err("There is nothing to open.".to_owned()),
        };
        if let Err(why) = shown {
            chart.message = Some(why);
            self.overlay = Some(Overlay::Timeline(chart));
        }
        Vec::new()
    }
}

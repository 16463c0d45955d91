//! The map of a user's travels: the list of places, and what of it is drawn on the globe.

use super::App;
use super::command::{CommandId, Context};
use super::format::{duration, number};
use super::key::Key;
use super::layout::{self, Area};
use super::msg::Effect;
use super::overlay::Overlay;
use super::picture::Hint;
use super::scroll::Scroll;
use super::times::Times;
use crate::domain::catalogue;
use crate::domain::records::{GeoCoordinates, UserId, UserRecords};
use crate::domain::travel::{IMPOSSIBLE_KM, IMPOSSIBLE_KMH, Leg, Sighting, Stop, stops};

/// Below this size the list stands alone.
const LEAST: (u16, u16) = (100, 24);
/// The globe from north to south, as far as people live: between these latitudes the map is drawn.
pub const LATITUDES: [f64; 2] = [-58.0, 82.0];
/// So many ways are drawn; more would only paint the map full.
const WAYS: usize = 300;

/// A way on the map, drawn once however often it was travelled.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Way {
    /// One end.
    pub from: GeoCoordinates,
    /// The other.
    pub to: GeoCoordinates,
    /// Whether nobody can have travelled so, at least once.
    pub impossible: bool,
}

/// The open map.
#[derive(Debug, Clone)]
pub struct Travels {
    /// The user.
    pub user: UserId,
    /// Where the user was seen, newest first.
    pub stops: Vec<Stop>,
    /// Place in the list.
    pub scroll: Scroll,
    /// Each place that has coordinates, once.
    pub points: Vec<GeoCoordinates>,
    /// Each way between two of them, once; the impossible ones first.
    pub ways: Vec<Way>,
    /// How many stops have no coordinates.
    pub unknown: usize,
    /// Why the last key did nothing.
    pub message: Option<String>,
    /// How many ways are impossible, each counted as often as it was travelled.
    pub impossible: usize,
}

/// To a hundredth of a degree, about a kilometre: nearer than the eye can tell on a map of the world.
fn rounded(point: GeoCoordinates) -> (i64, i64) {
    ((point.latitude * 100.0).round() as i64, (point.longitude * 100.0).round() as i64)
}

impl Travels {
    fn of(records: &UserRecords) -> Self {
        let mut stops = stops(records);
        let mut points = std::collections::BTreeMap::new();
        let mut ways = std::collections::BTreeMap::new();
        let mut impossible = 0;
        for stop in &stops {
            let Some(point) = stop.point else { continue };
            points.entry(rounded(point)).or_insert(point);
            let Some(leg) = stop.leg else { continue };
            impossible += usize::from(leg.is_impossible());
            let (a, b) = (rounded(leg.from), rounded(point));
            if a != b {
                let way = ways.entry((a.min(b), a.max(b))).or_insert(Way { from: leg.from, to: point, impossible: false });
                way.impossible |= leg.is_impossible();
            }
        }
        let mut ways: Vec<Way> = ways.into_values().collect();
        ways.sort_by_key(|way| !way.impossible);
        ways.truncate(WAYS);
        let unknown = stops.iter().filter(|stop| stop.point.is_none()).count();
        stops.reverse();
        let user = records.id().clone();
        Travels { user, stops, scroll: Scroll::default(), message: None, points: points.into_values().collect(), ways, unknown, impossible }
    }

    /// The stop under the cursor.
    pub fn stop(&self) -> Option<&Stop> {
        self.stops.get(self.scroll.at)
    }

    fn position(&self, sighting: &Sighting) -> Option<usize> {
        self.stops.iter().position(|stop| stop.sighting == *sighting)
    }

    /// The stop where a way began.
    pub fn began(&self, leg: &Leg) -> Option<&Stop> {
        // Legs count from the oldest, the list from the newest.
        self.stops.len().checked_sub(leg.began + 1).and_then(|at| self.stops.get(at))
    }

    /// Follows changed records; the cursor stays on its stop.
    pub(super) fn revise(&mut self, records: &UserRecords) {
        let held = self.stop().map(|stop| stop.sighting.clone());
        let scroll = self.scroll;
        *self = Travels { scroll, ..Travels::of(records) };
        self.scroll.at = held.and_then(|held| self.position(&held)).unwrap_or(scroll.at);
    }

    /// What is told of the stop under the cursor. Hostile text.
    pub fn told(&self, times: Times) -> Vec<String> {
        let Some(stop) = self.stop() else { return vec!["No sign-in or detection of this user has a time and a place.".to_owned()] };
        let of = match &stop.sighting {
            Sighting::SignIn(_) => "sign-in",
            Sighting::Detection(_) => "detection",
        };
        let place = stop.place.as_deref().unwrap_or("place unknown");
        let address = stop.address.as_deref().unwrap_or("address unknown");
        let types: Vec<&str> = stop.types.iter().map(|kind| catalogue::name(kind)).collect();
        let types = if types.is_empty() { String::new() } else { format!(" · {}", types.join(", ")) };
        let mut lines = vec![format!("{} · {of} · {address} · {place}{types}", times.moment(stop.at))];
        lines.extend(stop.leg.as_ref().map(|leg| {
            let from = self.began(leg).and_then(|stop| stop.place.as_deref()).unwrap_or("the place before");
            let sign = if leg.is_impossible() { "▲ impossible travel: " } else { "" };
            let time = duration(leg.seconds.max(0).unsigned_abs());
            let speed = leg.kmh().map_or(String::new(), |speed| format!(" ({} km/h)", number(speed.round() as usize)));
            format!("{sign}{} km in {time} from {from}{speed}", number(leg.kilometres.round() as usize))
        }));
        if stop.point.is_none() {
            lines.push("Its coordinates are not known: it is not on the map, and nothing is said of its speed.".to_owned());
        }
        lines
    }

    /// What the map shows, in numbers.
    pub fn summary(&self) -> String {
        if self.points.is_empty() && !self.stops.is_empty() {
            return "no coordinates are known".to_owned();
        }
        let mut words = vec![super::format::count(self.points.len(), "place", "places")];
        if self.impossible > 0 {
            words.push(format!("▲ {} impossible", number(self.impossible)));
        }
        if self.unknown > 0 {
            words.push(format!("{} without coordinates", number(self.unknown)));
        }
        words.join(" · ")
    }
}

/// Rows that tell of the stop under the cursor.
pub const TOLD: usize = 3;

/// Rows of the map and of the list in the place where pictures stand; no rows of the map where there is no room, or no colour.
pub fn rows(size: (u16, u16), mono: bool, drawn: bool) -> (usize, usize) {
    let inner = layout::whole(size).inner();
    let room = usize::from(inner.height).saturating_sub(2 + TOLD);
    let fits = size.0 >= LEAST.0 && size.1 >= LEAST.1 && !mono && drawn;
    // A cell is about twice as high as wide.
    let high = usize::from(inner.width) * (LATITUDES[1] - LATITUDES[0]) as usize / 720;
    let map = if fits { high.min(room * 3 / 5) } else { 0 };
    (map, room - map)
}

/// Where the map stands: as wide as its rows allow without stretching it, in the middle.
pub fn map_area(inner: Area, rows: usize) -> Area {
    let wide = (rows * 720 / (LATITUDES[1] - LATITUDES[0]) as usize).min(usize::from(inner.width));
    let width = u16::try_from(wide).unwrap_or(inner.width);
    Area { x: inner.x + (inner.width - width) / 2, width, height: u16::try_from(rows).unwrap_or(0), ..inner }
}

/// The rule for impossible travel, in words.
pub fn rule() -> String {
    format!("impossible: over {} km at more than {} km/h", number(IMPOSSIBLE_KM as usize), number(IMPOSSIBLE_KMH as usize))
}

/// The keys that the foot of the map names.
pub const HINTS: &[Hint] = &[(&[CommandId::Back], "closes"), (&[CommandId::Down, CommandId::Up], "move"), (&[CommandId::Open], "shows it")];

impl App {
    /// Opens the map of a user.
    pub(super) fn open_map(&mut self, user: &UserId) {
        let Some(records) = self.dataset.user(user) else { return };
        let mut travels = Travels::of(records);
        let held = self.details.sign_in(records).map(|sign_in| Sighting::SignIn(sign_in.id.clone()));
        travels.scroll.at = held.and_then(|held| travels.position(&held)).unwrap_or(0);
        self.overlay = Some(Overlay::Map(Box::new(travels)));
    }

    pub(super) fn key_in_map(&mut self, mut travels: Box<Travels>, key: Key) -> Vec<Effect> {
        if let Some(picture) = self.other_picture(key) {
            return if picture == CommandId::Map { Vec::new() } else { self.open_picture(picture, &travels.user) };
        }
        travels.message = None;
        let page = self.map_rows(&travels).1.saturating_sub(1);
        match self.list_command(Context::List, key) {
            Some(CommandId::Open) => {
                let shown = match travels.stop().map(|stop| stop.sighting.clone()) {
                    Some(Sighting::SignIn(id)) => self.show_sign_in(&travels.user, &id),
                    Some(Sighting::Detection(id)) => self.show_detection(&travels.user, &id),
                    None => Err("There is nothing to open.".to_owned()),
                };
                let Err(why) = shown else { return Vec::new() };
                travels.message = Some(why);
            }
            Some(command) if travels.scroll.run(command, travels.stops.len(), page) => {}
            _ if self.leaves(key) => return Vec::new(),
            _ => {}
        }
        self.overlay = Some(Overlay::Map(travels));
        Vec::new()
    }

    /// Rows of the map and of the list, its heading included, on this screen.
    pub fn map_rows(&self, travels: &Travels) -> (usize, usize) {
        rows(self.options.size, self.mono(), !travels.points.is_empty())
    }

    pub(super) fn settle_map(&self, travels: &mut Travels) {
        travels.scroll.settle(travels.stops.len(), self.map_rows(travels).1.saturating_sub(1));
    }
}

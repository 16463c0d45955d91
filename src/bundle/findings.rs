//! What was found, in words for those who do not know Entra's: types of detections and what they mean, token theft, impossible travel.

use crate::domain::catalogue;
use crate::domain::facts;
use crate::domain::records::UserRecords;
use crate::domain::travel;

/// How many ways that nobody can have travelled are named.
const WAYS: usize = 20;

/// A type of detections of one user.
pub(super) struct Detected<'a> {
    /// Its name. Hostile text.
    pub(super) name: &'a str,
    /// What it means.
    pub(super) meaning: &'a str,
    /// Whether it is one of the families of token theft.
    pub(super) theft: bool,
    /// How many there are.
    pub(super) all: usize,
    /// How many of them are open.
    pub(super) open: usize,
}

/// What was found of one user.
pub(super) struct Findings<'a> {
    /// The types, those of token theft and with open detections first.
    pub(super) types: Vec<Detected<'a>>,
    /// Whether what is open tells of token theft; `None` where what can be seen does not tell.
    pub(super) theft: Option<bool>,
    /// The newest ways that nobody can have travelled, in words. Hostile text.
    pub(super) impossible: Vec<String>,
    /// How many there are.
    pub(super) impossible_in_all: usize,
}

impl<'a> Findings<'a> {
    pub(super) fn of(records: &'a UserRecords) -> Self {
        let mut types: Vec<Detected<'a>> = Vec::new();
        for detection in &records.detections {
            let kind = detection.risk_event_type.as_deref();
            let name = kind.map_or("A detection of an unknown type", catalogue::name);
            let open = usize::from(detection.is_open());
            if let Some(held) = types.iter_mut().find(|held| held.name == name) {
                (held.all, held.open) = (held.all + 1, held.open + open);
                continue;
            }
            let meaning = kind.and_then(catalogue::find).map_or("What it means is not known here.", |known| known.meaning.as_str());
            types.push(Detected { name, meaning, theft: kind.is_some_and(catalogue::is_token_theft), all: 1, open });
        }
        types.sort_by_key(|held| (!held.theft, held.open == 0));
        let mut impossible = impossible(records);
        let impossible_in_all = impossible.len();
        impossible.truncate(WAYS);
        Findings { types, theft: facts::token_theft(records), impossible, impossible_in_all }
    }

    /// The names of the types of token theft that are open. Hostile text.
    pub(super) fn thefts(&self) -> Vec<&'a str> {
        self.types.iter().filter(|held| held.theft && held.open > 0).map(|held| held.name).collect()
    }
}

/// The ways that nobody can have travelled, newest first.
fn impossible(records: &UserRecords) -> Vec<String> {
    let stops = travel::stops(records);
    let told = |place: &Option<String>| place.clone().unwrap_or_else(|| "an unnamed place".to_owned());
    let ways = stops.iter().rev().filter_map(|stop| {
        let leg = stop.leg.filter(travel::Leg::is_impossible)?;
        let from = stops.get(leg.began).map_or_else(|| "the place before".to_owned(), |began| told(&began.place));
        let at = stop.at.0.format("%Y-%m-%d %H:%M:%S");
        let address = stop.address.as_deref().map(|address| format!(" ({address})")).unwrap_or_default();
        Some(format!("{at}: {:.0} km from {from} to {}{address} in {}", leg.kilometres, told(&stop.place), span(leg.seconds)))
    });
    ways.collect()
}

fn span(seconds: i64) -> String {
    match seconds {
        ..=0 => "no time".to_owned(),
        1..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        _ => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
    }
}

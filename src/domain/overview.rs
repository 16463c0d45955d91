//! The tenant at a glance: risk over time, the queue, what came of closed risk, and who came back.
//!
//! Walks the whole tenant: computed when it is asked for, never for each frame.

use std::collections::HashMap;

use chrono_tz::Tz;

use super::catalogue;
pub use super::closings::BACK_WITHIN_DAYS;
use super::closings::{came_back, closed_as};
use super::dataset::Dataset;
use super::facts;
use super::ledger::Ledger;
use super::records::UserId;
use super::risk::RiskLevel;
use super::settings;
use super::time::Timestamp;

/// How many days are looked back on, today included.
pub const DAYS: usize = 30;
/// How many of those who wait longest are named.
pub const NAMED: usize = 5;

/// One number for each of the last days, the oldest first.
pub type Days = [u32; DAYS];

/// Risk at one level.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OfLevel {
    /// Users at risk now.
    pub open: usize,
    /// Detections by day.
    pub days: Days,
}

/// Detections of one type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfType {
    /// Graph's value. Hostile text.
    pub kind: String,
    /// Users that have such a detection: those that the filter shows.
    pub users: usize,
    /// Detections by day.
    pub days: Days,
    /// All detections, however old.
    pub detections: usize,
    /// Those that are still open.
    pub open: usize,
    /// Those that were closed, or of which a verdict says what they were.
    pub closed: usize,
    /// Of those, how many were false positives: see [`closed_as`].
    pub false_positives: usize,
}

impl OfType {
    /// The share of false positives among what was closed or judged, in percent; `None` where nothing was.
    pub fn false_positive_rate(&self) -> Option<usize> {
        (self.closed > 0).then(|| (self.false_positives * 100 + self.closed / 2) / self.closed)
    }
}

/// How long users have been waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ages {
    /// Half of them have waited longer.
    pub median: Timestamp,
    /// One in ten has waited longer.
    pub ninetieth: Timestamp,
    /// Who has waited longest.
    pub oldest: Timestamp,
}

/// The tenant at a glance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overview {
    /// When it was computed.
    pub at: Timestamp,
    /// Number of users.
    pub users: usize,
    /// High, medium, low, and every other level.
    pub levels: [OfLevel; 4],
    /// Types of detections, those with most users first.
    pub types: Vec<OfType>,
    /// Users at risk at level high, who has waited longest first; no more than [`NAMED`].
    pub oldest_high: Vec<(UserId, Timestamp)>,
    /// Since when users at risk have waited; `None` where nobody waits.
    pub ages: Option<Ages>,
    /// Users who came back within [`BACK_WITHIN_DAYS`] days of being closed.
    pub came_back: usize,
    /// Users of whom that is not known, because their history was not read.
    pub back_unknown: usize,
}

fn level_place(level: Option<&RiskLevel>) -> usize {
    match level {
        Some(RiskLevel::High) => 0,
        Some(RiskLevel::Medium) => 1,
        Some(RiskLevel::Low) => 2,
        _ => 3,
    }
}

/// How many days before today this was, if it is looked back on. Days are those of the workspace's time zone, as in filters.
fn day(at: Timestamp, now: Timestamp, zone: Tz) -> Option<usize> {
    let date = |at: Timestamp| at.0.with_timezone(&zone).date_naive();
    let days = date(now).signed_duration_since(date(at)).num_days();
    usize::try_from(days).ok().and_then(|days| (DAYS - 1).checked_sub(days))
}

fn bump(days: &mut Days, day: Option<usize>) {
    if let Some(count) = day.and_then(|day| days.get_mut(day)) {
        *count += 1;
    }
}

impl Overview {
    /// Looks at every record of the tenant, once, and at the cases and jobs of the journal.
    pub fn of(dataset: &Dataset, ledger: &Ledger, now: Timestamp) -> Self {
        let zone = settings::time_zone(ledger);
        let mut levels: [OfLevel; 4] = Default::default();
        let mut types: Vec<OfType> = Vec::new();
        let mut places: HashMap<&str, usize> = HashMap::new();
        // By type, the last user that was counted: a user counts once, however many detections.
        let mut counted: Vec<usize> = Vec::new();
        let mut waiting: Vec<Timestamp> = Vec::new();
        let mut high: Vec<(Timestamp, &UserId)> = Vec::new();
        let (mut back, mut back_unknown) = (0, 0);
        for (number, records) in dataset.users().iter().enumerate() {
            let open = records.user.at_risk() == Some(true);
            let level = level_place(records.user.risk_level.as_ref());
            if open && let Some(level) = levels.get_mut(level) {
                level.open += 1;
            }
            if let Some(since) = facts::waiting_since(records).filter(|_| open) {
                waiting.push(since);
                if level == 0 {
                    high.push((since, records.id()));
                }
            }
            let case = ledger.case(records.id());
            for detection in &records.detections {
                let day = detection.at().and_then(|at| day(at, now, zone));
                if let Some(level) = levels.get_mut(level_place(detection.risk_level.as_ref())) {
                    bump(&mut level.days, day);
                }
                let kind = detection.risk_event_type.as_deref().unwrap_or_default();
                let place = *places.entry(kind).or_insert_with(|| {
                    let kind = kind.to_owned();
                    let days = [0; DAYS];
                    types.push(OfType { kind, users: 0, days, detections: 0, open: 0, closed: 0, false_positives: 0 });
                    counted.push(usize::MAX);
                    types.len() - 1
                });
                let Some((of, counted)) = types.get_mut(place).zip(counted.get_mut(place)) else { continue };
                of.users += usize::from(std::mem::replace(counted, number) != number);
                of.detections += 1;
                of.open += usize::from(detection.is_open());
                bump(&mut of.days, day);
                if let Some(false_positive) = closed_as(detection, case) {
                    of.closed += 1;
                    of.false_positives += usize::from(false_positive);
                }
            }
            match came_back(records, ledger) {
                Some(true) => back += 1,
                Some(false) => {}
                None => back_unknown += 1,
            }
        }
        types.sort_by(|a, b| b.users.cmp(&a.users).then_with(|| catalogue::name(&a.kind).cmp(catalogue::name(&b.kind))));
        waiting.sort_unstable();
        high.sort();
        let at = |place: usize| waiting.get(place.min(waiting.len().saturating_sub(1))).copied();
        let ages = at(0).zip(at(waiting.len() / 10)).zip(at(waiting.len() / 2));
        Overview {
            at: now,
            users: dataset.len(),
            levels,
            types,
            oldest_high: high.into_iter().take(NAMED).map(|(since, id)| (id.clone(), since)).collect(),
            ages: ages.map(|((oldest, ninetieth), median)| Ages { median, ninetieth, oldest }),
            came_back: back,
            back_unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::domain::fixture::{now, risky_user};
    use crate::domain::records::UserRecords;

    fn before(days: i64) -> Timestamp {
        Timestamp(now().0 - TimeDelta::days(days))
    }

    fn user(id: &str, days: i64, level: RiskLevel) -> UserRecords {
        let mut records = risky_user(id, "newCountry");
        records.user.risk_level = Some(level.clone());
        records.detections[0].risk_level = Some(level);
        records.detections[0].detected_date_time = Some(before(days));
        records
    }

    #[test]
    fn the_queue_is_aged_and_the_oldest_high_risk_is_named() {
        let dataset: Dataset = (0..20).map(|at| user(&format!("u{at:02}"), at, RiskLevel::Medium)).collect();
        let ages = Overview::of(&dataset, &Ledger::default(), now()).ages.unwrap();
        assert_eq!((ages.oldest, ages.ninetieth, ages.median), (before(19), before(17), before(9)));
        let mut dataset = dataset;
        for at in 0..7 {
            dataset.put(user(&format!("h{at}"), 40 + at, RiskLevel::High));
        }
        let overview = Overview::of(&dataset, &Ledger::default(), now());
        let named: Vec<&str> = overview.oldest_high.iter().map(|(id, _)| id.as_str()).collect();
        assert_eq!(named, ["h6", "h5", "h4", "h3", "h2"]);
        assert_eq!([overview.levels[0].open, overview.levels[1].open], [7, 20]);
        assert_eq!(overview.levels[1].days.iter().sum::<u32>(), 20);
        assert_eq!(overview.levels[0].days.iter().sum::<u32>(), 0, "older than what is looked back on");
        assert_eq!((overview.levels[1].days[29], overview.types[0].users), (1, 27));
        assert_eq!(Overview::of(&Dataset::new(), &Ledger::default(), now()).ages, None);
    }

    #[test]
    fn days_are_those_of_the_workspaces_time_zone() {
        use crate::domain::journal::{Entry, Head, encode};
        let mut records = user("a", 0, RiskLevel::High);
        records.detections[0].detected_date_time = Timestamp::parse("2026-11-21T23:30:00Z");
        let dataset: Dataset = [records].into_iter().collect();
        let mut ledger = Ledger::default();
        let days = |ledger: &Ledger| Overview::of(&dataset, ledger, now()).levels[0].days;
        assert_eq!(days(&ledger)[28..], [1, 0]);
        let entry = Entry::Setting { name: settings::TIME_ZONE.to_owned(), value: "Europe/Berlin".to_owned() };
        ledger.apply(&encode(&Head::default(), now(), "me", entry).unwrap().0);
        assert_eq!(days(&ledger)[28..], [0, 1], "half an hour after midnight in Berlin");
    }
}

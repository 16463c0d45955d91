//! Bursts: many detections of one type within a short time.

use std::collections::{HashMap, HashSet};

use chrono::TimeDelta;

use crate::domain::pivot::{Share, Shared};
use crate::domain::records::{RiskDetection, UserRecords};
use crate::domain::time::Timestamp;

/// How many users make a burst of one detection type.
pub const BURST_USERS: usize = 5;
/// How long a burst may take.
const BURST: TimeDelta = TimeDelta::hours(2);
/// How many bursts of one type are looked for.
const BURSTS: usize = 3;

/// The query for those in one of the states who have the type, and a detection between the two times.
pub(super) fn window_query(kind: &str, (from, to): (Timestamp, Timestamp), states: &str) -> String {
    let shared = Shared { share: Share::RiskEventType, value: kind.to_owned() };
    format!("{} detected:{from}..{to} {states}", shared.term())
}

/// Detections that count, by type, each with its time and the place of its user, oldest first.
pub(super) fn by_type(users: &[UserRecords], counts: fn(&UserRecords, &RiskDetection) -> bool) -> HashMap<&str, Vec<(Timestamp, u32)>> {
    let mut types: HashMap<&str, Vec<(Timestamp, u32)>> = HashMap::new();
    for (place, records) in (0u32..).zip(users) {
        for detection in records.detections.iter().filter(|detection| counts(records, detection)) {
            if let Some((kind, at)) = super::present(detection.risk_event_type.as_deref()).zip(detection.at()) {
                types.entry(kind).or_default().push((at, place));
            }
        }
    }
    types.values_mut().for_each(|times| times.sort_unstable());
    types
}

/// The stretch of at most so long that concerns most users: its first and last place in the list, and the users.
pub(super) fn densest(times: &[(Timestamp, u32)], length: TimeDelta) -> Option<(usize, usize, usize)> {
    let mut held: HashMap<u32, usize> = HashMap::new();
    let mut first = 0;
    let mut best: Option<(usize, usize, usize)> = None;
    for (last, (at, user)) in times.iter().enumerate() {
        *held.entry(*user).or_default() += 1;
        while let Some((then, leaving)) = times.get(first).filter(|(then, _)| at.0 - then.0 > length) {
            debug_assert!(then <= at, "sorted");
            match held.get_mut(leaving) {
                Some(1) | None => _ = held.remove(leaving),
                Some(count) => *count -= 1,
            }
            first += 1;
        }
        if best.is_none_or(|(.., users)| held.len() > users) {
            best = Some((first, last, held.len()));
        }
    }
    best
}

/// Bursts: the type, from when to when, and how many users at risk have the type at all.
pub(super) fn bursts(users: &[UserRecords]) -> Vec<(&str, (Timestamp, Timestamp), usize)> {
    let mut found = Vec::new();
    for (kind, mut times) in by_type(users, |records, detection| super::is_at_risk(records) && detection.is_open()) {
        let with_type = times.iter().map(|(_, user)| user).collect::<HashSet<_>>().len();
        for _ in 0..BURSTS {
            let Some((first, last, _)) = densest(&times, BURST).filter(|(.., users)| *users >= BURST_USERS) else { break };
            if let Some(((from, _), (to, _))) = times.get(first).zip(times.get(last)) {
                found.push((kind, (*from, *to), with_type));
            }
            times.drain(first..=last);
        }
    }
    found.sort_unstable();
    found
}

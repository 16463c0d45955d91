//! Times as they are typed: ages, moments, and from one day to another.
//!
//! A day is a day of the workspace's time zone, and so is a time that names no offset.

use chrono::{LocalResult, NaiveDate, NaiveDateTime, TimeDelta, TimeZone as _, Utc};
use chrono_tz::Tz;

use super::TimeTest;
use crate::domain::time::Timestamp;

const FORMS: &str = "write <7d (less than 7 days ago), >7d (more; also m, h, w), >2026-01-01, <2026-01-01T10:00:00Z or \
                     2026-01-01..2026-01-02 (both days whole)";

/// What is wrong with a time, and what would be right.
pub(super) struct NoTime {
    pub(super) message: String,
    pub(super) hint: &'static str,
}

/// Reads what stands after the colon; `shown` is the same, safe and short enough for a message.
pub(super) fn time_test(text: &str, shown: &str, zone: Tz) -> Result<TimeTest, NoTime> {
    let no_time = || NoTime { message: format!("\"{shown}\" is no time"), hint: FORMS };
    if let Some(younger) = text.strip_prefix('<') {
        let age = duration(younger).map(TimeTest::YoungerThan);
        return age.or_else(|| first(younger, zone).map(TimeTest::Before)).ok_or_else(no_time);
    }
    if let Some(older) = text.strip_prefix('>') {
        let age = duration(older).map(TimeTest::OlderThan);
        return age.or_else(|| first(older, zone).map(TimeTest::After)).ok_or_else(no_time);
    }
    let ends = text.split_once("..").and_then(|(from, to)| first(from, zone).zip(last(to, zone)));
    let (from, to) = ends.ok_or_else(no_time)?;
    if to < from {
        return Err(NoTime {
            message: format!("\"{shown}\" ends before it begins"),
            hint: "write the earlier time first: 2026-01-01..2026-01-02",
        });
    }
    Ok(TimeTest::Between(from, to))
}

/// The time; of a day, its first moment.
fn first(text: &str, zone: Tz) -> Option<Timestamp> {
    match day(text) {
        Some(day) => begin(day, zone),
        None => moment(text, zone),
    }
}

/// The time; of a day, its last moment, so that a day that ends a range belongs to it.
fn last(text: &str, zone: Tz) -> Option<Timestamp> {
    match day(text) {
        Some(day) => begin(day.succ_opt()?, zone).map(|next| Timestamp(next.0 - TimeDelta::nanoseconds(1))),
        None => moment(text, zone),
    }
}

fn day(text: &str) -> Option<NaiveDate> {
    NaiveDate::parse_from_str(text.trim(), "%Y-%m-%d").ok()
}

fn begin(day: NaiveDate, zone: Tz) -> Option<Timestamp> {
    local(day.and_hms_opt(0, 0, 0)?, zone)
}

fn moment(text: &str, zone: Tz) -> Option<Timestamp> {
    const WITHOUT_OFFSET: [&str; 4] = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"];
    let typed = WITHOUT_OFFSET.iter().find_map(|form| NaiveDateTime::parse_from_str(text.trim(), form).ok());
    typed.map_or_else(|| Timestamp::parse(text), |typed| local(typed, zone))
}

/// The moment of a local time: the first where clocks were put back. Where they were put forward over it, the moment of the change.
fn local(time: NaiveDateTime, zone: Tz) -> Option<Timestamp> {
    let found = |time: NaiveDateTime| match zone.from_local_datetime(&time) {
        LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => Some(Timestamp(at.with_timezone(&Utc))),
        LocalResult::None => None,
    };
    // No gap is longer than a day, and all end at a quarter of an hour.
    (0..=96).find_map(|quarters| found(time.checked_add_signed(TimeDelta::minutes(15 * quarters))?))
}

fn duration(text: &str) -> Option<TimeDelta> {
    let mut rest = text.chars();
    let seconds = match rest.next_back()?.to_ascii_lowercase() {
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        'w' => 604_800,
        _ => return None,
    };
    let digits = rest.as_str();
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    TimeDelta::try_seconds(digits.parse::<i64>().ok()?.checked_mul(seconds)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn between(text: &str, zone: &str) -> (String, String) {
        match time_test(text, text, zone.parse().unwrap()) {
            Ok(TimeTest::Between(from, to)) => (from.to_string(), to.to_string()),
            Ok(other) => panic!("{text}: {other:?}"),
            Err(error) => panic!("{text}: {}", error.message),
        }
    }

    #[test]
    fn a_range_of_days_holds_its_last_day_whole_in_the_zone() {
        let ends = |from: &str, to: &str| (from.to_owned(), to.to_owned());
        assert_eq!(between("2026-01-01..2026-01-01", "UTC"), ends("2026-01-01T00:00:00Z", "2026-01-01T23:59:59.999999999Z"));
        assert_eq!(between("2026-01-01..2026-01-02", "Asia/Kolkata"), ends("2025-12-31T18:30:00Z", "2026-01-02T18:29:59.999999999Z"));
        // A day of 23 hours.
        assert_eq!(between("2026-03-29..2026-03-29", "Europe/Berlin"), ends("2026-03-28T23:00:00Z", "2026-03-29T21:59:59.999999999Z"));
        assert_eq!(
            between("2026-01-01T10:00..2026-01-01T11:00:00Z", "Europe/Berlin"),
            ends("2026-01-01T09:00:00Z", "2026-01-01T11:00:00Z")
        );
    }

    #[test]
    fn a_day_that_begins_in_a_gap_begins_at_its_end() {
        // Clocks went from 00:00 to 01:00.
        assert_eq!(between("2024-04-26..2024-04-26", "Africa/Cairo").0, "2024-04-25T22:00:00Z");
    }

    #[test]
    fn a_range_that_runs_backwards_is_told_so() {
        let wrong = |text: &str| time_test(text, text, Tz::UTC).map(|_| ()).unwrap_err().message;
        assert_eq!(wrong("2026-01-02..2026-01-01"), "\"2026-01-02..2026-01-01\" ends before it begins");
        assert_eq!(wrong("2026-01-02.."), "\"2026-01-02..\" is no time");
    }
}

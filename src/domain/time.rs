//! Points in time: RFC 3339 UTC in readable formats, a few bytes in compact ones.

use chrono::{DateTime, NaiveDate, NaiveDateTime, SecondsFormat, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// A point in time, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub DateTime<Utc>);

impl Timestamp {
    /// Reads a time leniently (`design.md` section 4): RFC 3339 with 0 to 9 fractional digits and any
    /// offset, no offset (UTC is meant), hours without a leading zero, and the month-first form of
    /// diagnostic logs, `8/22/2022 6:07:16 PM`.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Ok(time) = DateTime::parse_from_rfc3339(text) {
            return Some(Timestamp(time.with_timezone(&Utc)));
        }
        const FORMS: [&str; 6] = [
            "%Y-%m-%dT%H:%M:%S%.fZ",
            "%Y-%m-%dT%H:%M:%S%.f",
            "%Y-%m-%d %H:%M:%S%.fZ",
            "%Y-%m-%d %H:%M:%S%.f",
            "%m/%d/%Y %I:%M:%S%.f %p",
            "%m/%d/%Y %H:%M:%S%.f",
        ];
        for form in FORMS {
            if let Ok(time) = NaiveDateTime::parse_from_str(text, form) {
                return Some(Timestamp(time.and_utc()));
            }
        }
        for form in ["%m/%d/%Y, %I:%M:%S %p", "%m/%d/%Y, %H:%M:%S"] {
            if let Ok(time) = NaiveDateTime::parse_from_str(text, form) {
                return Some(Timestamp(time.and_utc()));
            }
        }
        let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
        Some(Timestamp(day.and_hms_opt(0, 0, 0)?.and_utc()))
    }

    /// The time, unless it is the year 1 (or any before 1970): so some sources write that there is no time. Whoever reads records from
    /// a source or from the store asks this, so that nobody else needs to know.
    pub fn told(self) -> Option<Self> {
        (self.0.timestamp() > 0).then_some(self)
    }

    /// How long before `now` this was; negative for the future.
    pub fn age(self, now: Timestamp) -> chrono::TimeDelta {
        now.0 - self.0
    }
}

impl std::fmt::Display for Timestamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&self.0.to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            (self.0.timestamp(), self.0.timestamp_subsec_nanos()).serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let text = String::deserialize(deserializer)?;
            return Timestamp::parse(&text).ok_or_else(|| D::Error::custom(format!("{text:?} is not a time")));
        }
        let (seconds, nanos) = <(i64, u32)>::deserialize(deserializer)?;
        DateTime::from_timestamp(seconds, nanos).map(Timestamp).ok_or_else(|| D::Error::custom("time out of range"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> String {
        Timestamp::parse(text).map(|time| time.to_string()).unwrap_or_default()
    }

    #[test]
    fn reads_what_exports_contain() {
        assert_eq!(parsed("2026-07-17T10:14:47.3023572Z"), "2026-07-17T10:14:47.302357200Z");
        assert_eq!(parsed("2026-07-17T10:14:47Z"), "2026-07-17T10:14:47Z");
        assert_eq!(parsed("2026-07-17T12:14:47+02:00"), "2026-07-17T10:14:47Z");
        assert_eq!(parsed("2026-07-17T9:14:47Z"), "2026-07-17T09:14:47Z");
        assert_eq!(parsed("2026-07-17 10:14:47.5"), "2026-07-17T10:14:47.500Z");
        assert_eq!(parsed("8/22/2022 6:07:16 PM"), "2022-08-22T18:07:16Z");
        assert_eq!(parsed("08/22/2022, 6:07:16 PM"), "2022-08-22T18:07:16Z");
        assert_eq!(parsed("2026-01-01"), "2026-01-01T00:00:00Z");
        assert_eq!(parsed("0001-01-01T00:00:00Z"), "0001-01-01T00:00:00Z");
        assert_eq!(parsed("yesterday"), "");
    }

    #[test]
    fn the_year_1_is_no_time() {
        let told = |text: &str| Timestamp::parse(text).and_then(Timestamp::told).is_some();
        assert!(!told("0001-01-01T00:00:00Z") && !told("1970-01-01T00:00:00Z") && told("2026-07-17T10:14:47Z"));
    }

    #[test]
    fn survives_the_compact_format_exactly() {
        for text in ["0001-01-01T00:00:00Z", "2026-07-17T10:14:47.3023572Z"] {
            let time = Timestamp::parse(text).unwrap();
            let bytes = postcard::to_allocvec(&time).unwrap();
            assert_eq!(postcard::from_bytes::<Timestamp>(&bytes).unwrap(), time);
            assert!(bytes.len() <= 11);
        }
    }
}

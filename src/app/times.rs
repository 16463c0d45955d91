//! Times on the screen: in which zone, and whether as dates or as ages. Data, filters and JSON stay UTC.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Offset as _};
use chrono_tz::Tz;

use super::App;
use super::command::CommandId;
use super::format::{ago, since};
use crate::domain::time::Timestamp;

/// The zone that times are shown in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Zone(Tz);

impl Default for Zone {
    fn default() -> Self {
        Zone(Tz::UTC)
    }
}

impl FromStr for Zone {
    type Err = String;

    /// Reads a name of the IANA database; the error says what is wrong with it.
    fn from_str(name: &str) -> Result<Self, String> {
        let wrong = |_| {
            format!("{name:?} is no time zone; one is written like Europe/Berlin, Asia/Kolkata or UTC, and \"local\" is this machine's")
        };
        name.parse().map(Zone).map_err(wrong)
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.0.name())
    }
}

impl Zone {
    fn at(self, at: Timestamp) -> DateTime<Tz> {
        at.0.with_timezone(&self.0)
    }

    /// How many seconds it is ahead of UTC at that time.
    pub fn seconds_ahead(self, at: Timestamp) -> i64 {
        i64::from(self.at(at).offset().fix().local_minus_utc())
    }

    /// In this form of chrono's.
    pub fn stamp(self, at: Timestamp, form: &str) -> String {
        self.at(at).format(form).to_string()
    }

    /// How far it is from UTC at that time: "UTC", "+05:30".
    pub fn offset(self, at: Timestamp) -> String {
        if self.0 == Tz::UTC { "UTC".to_owned() } else { self.at(at).offset().fix().to_string() }
    }
}

/// Which form times have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Form {
    /// Each as it is read best: how long something waits as an age, when something happened as a date, details as both.
    #[default]
    Mixed,
    /// All as dates.
    Absolute,
    /// All as ages.
    Relative,
}

/// How times are shown, now.
#[derive(Debug, Clone, Copy)]
pub struct Times {
    /// The zone.
    pub zone: Zone,
    /// The form.
    pub form: Form,
    /// The time.
    pub now: Timestamp,
}

impl Times {
    /// Day and time, to the second, with the offset: "2026-11-22 14:02:11 UTC".
    pub fn moment(self, at: Timestamp) -> String {
        format!("{} {}", self.stamp(at, "%Y-%m-%d %H:%M:%S"), self.zone.offset(at))
    }

    /// In detail: "2026-11-22 14:02:11 UTC  (3 min ago)", or one of the two.
    pub fn detail(self, at: Timestamp) -> String {
        match self.form {
            Form::Mixed => format!("{}  ({})", self.moment(at), since(at, self.now)),
            Form::Absolute => self.moment(at),
            Form::Relative => since(at, self.now),
        }
    }

    /// When something happened, for a column of 11: "14:02 today", "11-20 09:15"; "3 min".
    pub fn short(self, at: Timestamp) -> String {
        if self.form == Form::Relative {
            return ago(at, self.now);
        }
        let (day, today) = (self.zone.at(at).date_naive(), self.zone.at(self.now).date_naive());
        if day == today {
            self.stamp(at, "%H:%M today")
        } else if at.age(self.now).num_days() < 300 {
            self.stamp(at, "%m-%d %H:%M")
        } else {
            self.stamp(at, "%Y-%m-%d")
        }
    }

    /// How long something waits, for a column of 9: "3 min"; "14:02", "11-20".
    pub fn age(self, at: Timestamp) -> String {
        if self.form != Form::Absolute {
            return ago(at, self.now);
        }
        let (day, today) = (self.zone.at(at).date_naive(), self.zone.at(self.now).date_naive());
        if day == today {
            self.stamp(at, "%H:%M")
        } else if at.age(self.now).num_days() < 300 {
            self.stamp(at, "%m-%d")
        } else {
            self.stamp(at, "%Y-%m")
        }
    }

    /// When, in a sentence: "3 min ago"; "2026-11-22 14:02:11 UTC".
    pub fn since(self, at: Timestamp) -> String {
        if self.form == Form::Absolute { self.moment(at) } else { since(at, self.now) }
    }

    /// In this form of chrono's, whatever is chosen: for places where the zone is named beside.
    pub fn stamp(self, at: Timestamp, form: &str) -> String {
        self.zone.stamp(at, form)
    }

    /// What stands at the head of a column of dates: nothing for UTC, else the offset of now.
    pub fn heading(self) -> String {
        match self.zone.offset(self.now) {
            utc if utc == "UTC" => "TIME".to_owned(),
            offset => format!("TIME {offset}"),
        }
    }
}

impl App {
    /// How times are shown.
    pub fn times(&self) -> Times {
        Times { zone: self.zone, form: self.form, now: self.now }
    }

    /// Goes on to the next form of times.
    pub(super) fn next_form(&mut self) {
        let (form, words) = match self.form {
            Form::Mixed => (Form::Absolute, "Times are dates now."),
            Form::Absolute => (Form::Relative, "Times are ages now."),
            Form::Relative => (Form::Mixed, "Times are dates or ages again, each as it is read best."),
        };
        self.form = form;
        let (key, zone, offset) = (self.options.keys.hint(CommandId::Times), self.zone, self.zone.offset(self.now));
        let zone = if offset == "UTC" { offset } else { format!("{zone} ({offset})") };
        self.toasts.say(format!("{words} The zone is {zone}. {key} goes on."), self.now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::tests::{console, five, keys};

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn times(zone: &str, form: Form) -> Times {
        Times { zone: zone.parse().unwrap(), form, now: at("2026-11-22T14:05:00Z") }
    }

    #[test]
    fn half_hours_and_daylight_saving_are_right() {
        let berlin = times("Europe/Berlin", Form::Mixed);
        assert_eq!(berlin.moment(at("2026-03-29T00:59:59Z")), "2026-03-29 01:59:59 +01:00");
        assert_eq!(berlin.moment(at("2026-03-29T01:00:00Z")), "2026-03-29 03:00:00 +02:00");
        // The hour that there is twice.
        assert_eq!(berlin.moment(at("2026-10-25T00:30:00Z")), "2026-10-25 02:30:00 +02:00");
        assert_eq!(berlin.moment(at("2026-10-25T01:30:00Z")), "2026-10-25 02:30:00 +01:00");
        assert_eq!(times("Asia/Kolkata", Form::Mixed).moment(at("2026-11-22T18:45:00Z")), "2026-11-23 00:15:00 +05:30");
        assert_eq!(times("Australia/Lord_Howe", Form::Mixed).moment(at("2026-01-01T00:00:00Z")), "2026-01-01 11:00:00 +11:00");
        assert_eq!(times("Australia/Lord_Howe", Form::Mixed).moment(at("2026-07-01T00:00:00Z")), "2026-07-01 10:30:00 +10:30");
        assert_eq!(times("UTC", Form::Mixed).moment(at("0001-01-01T00:00:00Z")), "0001-01-01 00:00:00 UTC");
    }

    #[test]
    fn today_is_the_day_of_the_zone() {
        let late = at("2026-11-21T20:00:00Z");
        assert_eq!(times("UTC", Form::Mixed).short(late), "11-21 20:00");
        assert_eq!(times("Asia/Kolkata", Form::Mixed).short(late), "01:30 today");
        assert_eq!(
            (times("Asia/Kolkata", Form::Mixed).heading(), times("UTC", Form::Mixed).heading()),
            ("TIME +05:30".into(), "TIME".into())
        );
    }

    #[test]
    fn each_form_has_what_it_says() {
        let then = at("2026-11-22T13:05:00Z");
        let all = |form| {
            let times = times("UTC", form);
            [times.detail(then), times.short(then), times.age(then), times.since(then)].join(" | ")
        };
        assert_eq!(all(Form::Mixed), "2026-11-22 13:05:00 UTC  (1 h ago) | 13:05 today | 1 h | 1 h ago");
        assert_eq!(all(Form::Absolute), "2026-11-22 13:05:00 UTC | 13:05 today | 13:05 | 2026-11-22 13:05:00 UTC");
        assert_eq!(all(Form::Relative), "1 h ago | 1 h | 1 h | 1 h ago");
    }

    #[test]
    fn t_goes_through_the_forms_and_says_so() {
        let mut app = console(five());
        for form in [Form::Absolute, Form::Relative, Form::Mixed] {
            keys(&mut app, "T");
            assert_eq!(app.times().form, form);
            assert!(app.toasts().current().is_some_and(|toast| toast.text.contains("UTC")));
        }
    }

    #[test]
    fn what_is_no_zone_is_refused_with_what_is() {
        assert!("Europe/Nowhere".parse::<Zone>().unwrap_err().contains("Europe/Berlin"));
    }
}

//! Words and widths: how values read on the screen.

use std::borrow::Cow;

use crate::domain::facts::{self, Evidence, Piece};
use crate::domain::records::{SignIn, UserRecords};
use crate::domain::risk::{RiskLevel, RiskState};
use crate::domain::text::safe;
pub use crate::domain::text::{fit, width};
use crate::domain::time::Timestamp;

/// The text as the beginning of a sentence.
pub fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    first + letters.as_str()
}

/// The text, made safe, in lines of so many columns, broken between words where that can be.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let text = safe(text);
    let columns = columns.max(1);
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() && width(&line) + 1 + width(word) <= columns {
            line.push(' ');
            line.push_str(word);
            continue;
        }
        if !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        for letter in word.chars() {
            line.push(letter);
            if width(&line) > columns && line.pop().is_some() {
                lines.push(std::mem::take(&mut line));
                line.push(letter);
            }
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

/// How long ago, in one unit: "3 min", "2 h", "5 d".
pub fn ago(at: Timestamp, now: Timestamp) -> String {
    let seconds = at.age(now).num_seconds();
    match seconds {
        ..-60 => "ahead".to_owned(),
        -60..60 => "now".to_owned(),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..172_800 => format!("{} h", seconds / 3_600),
        172_800..63_072_000 => format!("{} d", seconds / 86_400),
        _ => format!("{} y", seconds / 31_536_000),
    }
}

/// How long ago, in a sentence: "3 min ago".
pub fn since(at: Timestamp, now: Timestamp) -> String {
    match ago(at, now).as_str() {
        "now" => "just now".to_owned(),
        "ahead" => "in the future".to_owned(),
        age => format!("{age} ago"),
    }
}

/// How long until then, in one unit: "3 d", "5 h", "20 min".
pub fn until(at: Timestamp, now: Timestamp) -> String {
    let minutes = (at.0 - now.0).num_minutes().max(0);
    match minutes {
        0..120 => format!("{minutes} min"),
        120..2_880 => format!("{} h", minutes / 60),
        _ => format!("{} d", minutes / 1_440),
    }
}

/// How long the first of the evidence behind a user's risk can still be looked at, where that is not long, and what it is: "3 d".
pub fn evidence_left(records: &UserRecords, now: Timestamp) -> Option<(String, Piece)> {
    let expiring = facts::evidence(records, now) == Evidence::Expiring;
    facts::evidence_expires(records, now).filter(|_| expiring).map(|expiry| (until(expiry.at, now), expiry.piece))
}

/// Seconds to wait: "12 s", "3 min", "2 h 5 min".
pub fn duration(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds.div_ceil(60)),
        _ => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
    }
}

/// A number with thousands apart: "2,480".
pub fn number(count: usize) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// "1 user", "2 users".
pub fn count(number_of: usize, one: &str, many: &str) -> String {
    format!("{} {}", number(number_of), if number_of == 1 { one } else { many })
}

/// The word for a level: "HIGH"; "?" where it was not read.
pub fn level(level: Option<&RiskLevel>) -> Cow<'_, str> {
    match level {
        None => "?".into(),
        Some(RiskLevel::None) => "–".into(),
        Some(RiskLevel::UnknownFutureValue) => "UNKNOWN".into(),
        Some(RiskLevel::Other(text)) => safe(text),
        Some(known) => known.as_str().to_uppercase().into(),
    }
}

/// The word for a state: "at risk"; "?" where it was not read.
pub fn state(state: Option<&RiskState>) -> Cow<'_, str> {
    match state {
        None => "?".into(),
        Some(RiskState::None) => "–".into(),
        Some(RiskState::ConfirmedSafe) => "safe".into(),
        Some(RiskState::Remediated) => "remediated".into(),
        Some(RiskState::Dismissed) => "dismissed".into(),
        Some(RiskState::AtRisk) => "at risk".into(),
        Some(RiskState::ConfirmedCompromised) => "compromised".into(),
        Some(RiskState::UnknownFutureValue) => "unknown".into(),
        Some(RiskState::Other(text)) => safe(text),
    }
}

/// What is special about a user, in words; each is a fact that was read.
pub fn tags(records: &UserRecords) -> Vec<&'static str> {
    use crate::domain::facts;
    let facts = [
        ("token", facts::token_theft(records)),
        ("admin", records.directory.is_admin),
        ("deleted", facts::deleted(records)),
        ("guest", facts::guest(records)),
        ("hybrid", records.directory.on_premises_sync_enabled),
        ("disabled", records.directory.account_enabled.map(|enabled| !enabled)),
        ("processing", records.user.is_processing),
    ];
    facts.into_iter().filter(|(_, holds)| *holds == Some(true)).map(|(word, _)| word).collect()
}

/// How a sign-in was made, for a narrow column. Hostile text.
pub fn client(sign_in: &SignIn) -> Cow<'_, str> {
    let event = |kind: &str| sign_in.sign_in_event_types.iter().any(|event| event.eq_ignore_ascii_case(kind));
    if sign_in.is_interactive == Some(false) || event("nonInteractiveUser") {
        "non-interactive".into()
    } else {
        sign_in.client_app_used.as_deref().unwrap_or("?").into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixture::now;
    use chrono::TimeDelta;

    #[test]
    fn ages_and_numbers_read_in_one_glance() {
        let before = |seconds| ago(Timestamp(now().0 - TimeDelta::seconds(seconds)), now());
        assert_eq!([before(5), before(180), before(7_200), before(4 * 86_400), before(-600)], ["now", "3 min", "2 h", "4 d", "ahead"]);
        assert_eq!([number(0), number(999), number(2_480), number(1_000_000)], ["0", "999", "2,480", "1,000,000"]);
        assert_eq!([duration(12), duration(150), duration(7_500)], ["12 s", "3 min", "2 h 5 min"]);
    }

    #[test]
    fn nothing_is_wider_than_its_column() {
        for columns in 0..8 {
            assert!(width(&fit("日本語テキスト", columns)) <= columns, "{columns}");
        }
        for line in wrap("a-very-long-word and short ones 日本語テキスト", 7) {
            assert!(width(&line) <= 7, "{line}");
        }
        assert_eq!(fit("Adele", 5), "Adele");
        assert_eq!(fit("Adele Vance", 6), "Adele…");
    }
}

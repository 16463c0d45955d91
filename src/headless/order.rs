//! The order of lists: by fields with Graph's names, what is not known last.

use std::cmp::{Ordering, Reverse};

use super::failure::Failure;
use crate::domain::facts;
use crate::domain::records::{RiskDetection, SignIn, UserRecords};
use crate::domain::risk::{RiskLevel, RiskState};
use crate::domain::time::Timestamp;

/// What a row is ordered by.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// A number or weight.
    Number(i64),
    /// A time.
    Time(Timestamp),
    /// A text, without regard to case.
    Text(String),
}

/// A field to order by: its name, and its value in a row.
pub type Field<T> = (&'static str, fn(&T) -> Option<Key>);

/// Brings rows into the order that was asked for, `FIELD`, `FIELD:asc` or `FIELD:desc`. Rows that are alike keep theirs.
pub fn sort<T>(rows: &mut Vec<T>, by: &str, fields: &[Field<T>]) -> Result<(), Failure> {
    let (name, descending) = match by.split_once(':') {
        None => (by, false),
        Some((name, direction)) if direction.eq_ignore_ascii_case("asc") => (name, false),
        Some((name, direction)) if direction.eq_ignore_ascii_case("desc") => (name, true),
        Some((name, direction)) => {
            return Err(Failure::usage(format!("cannot sort by {name}"))
                .because(format!("{direction} is no direction"))
                .hinted(format!("{name}:asc or {name}:desc")));
        }
    };
    let Some((_, key)) = fields.iter().find(|(field, _)| field.eq_ignore_ascii_case(name)) else {
        let names: Vec<&str> = fields.iter().map(|(field, _)| *field).collect();
        return Err(Failure::usage(format!("cannot sort by {name}"))
            .because("there is no such field in this list")
            .hinted(format!("one of {}", names.join(", "))));
    };
    let compare = |a: &Option<Key>, b: &Option<Key>| match (a, b) {
        (Some(a), Some(b)) if descending => b.cmp(a),
        (Some(a), Some(b)) => a.cmp(b),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => Ordering::Equal,
    };
    let mut keyed: Vec<(Option<Key>, T)> = rows.drain(..).map(|row| (key(&row), row)).collect();
    keyed.sort_by(|(a, _), (b, _)| compare(a, b));
    rows.extend(keyed.into_iter().map(|(_, row)| row));
    Ok(())
}

fn text(text: Option<&str>) -> Option<Key> {
    text.map(|text| Key::Text(text.to_lowercase()))
}

fn level(level: Option<&RiskLevel>) -> Option<Key> {
    level.map(|level| Key::Number(level.weight().into()))
}

fn state(state: Option<&RiskState>) -> Option<Key> {
    state.map(|state| Key::Number(state.weight().into()))
}

fn flag(flag: Option<bool>) -> Option<Key> {
    flag.map(|flag| Key::Number(flag.into()))
}

/// Fields of a list of users.
pub fn user_fields<'a>() -> Vec<Field<&'a UserRecords>> {
    vec![
        ("riskLevel", |row| level(row.user.risk_level.as_ref())),
        ("riskState", |row| state(row.user.risk_state.as_ref())),
        ("riskDetail", |row| text(row.user.risk_detail.as_ref().map(|detail| detail.as_str()))),
        ("riskLastUpdatedDateTime", |row| row.user.risk_last_updated_date_time.map(Key::Time)),
        ("userPrincipalName", |row| text(row.user.user_principal_name.as_deref())),
        ("userDisplayName", |row| text(row.user.user_display_name.as_deref())),
        ("id", |row| text(Some(row.id().as_str()))),
        ("isDeleted", |row| flag(row.user.is_deleted)),
        ("isProcessing", |row| flag(row.user.is_processing)),
        ("openDetections", |row| i64::try_from(facts::open_detections(row)).ok().map(Key::Number)),
        ("tokenTheft", |row| flag(facts::token_theft(row))),
        ("waitingSince", |row| facts::waiting_since(row).map(Key::Time)),
    ]
}

/// Fields of a list of sign-ins.
pub fn sign_in_fields<'a>() -> Vec<Field<(&'a UserRecords, &'a SignIn)>> {
    vec![
        ("createdDateTime", |row| row.1.created_date_time.map(Key::Time)),
        ("riskLevelAggregated", |row| level(row.1.risk_level_aggregated.as_ref())),
        ("riskLevelDuringSignIn", |row| level(row.1.risk_level_during_sign_in.as_ref())),
        ("riskLevel", |row| level(row.1.risk_level())),
        ("riskState", |row| state(row.1.risk_state.as_ref())),
        ("riskDetail", |row| text(row.1.risk_detail.as_ref().map(|detail| detail.as_str()))),
        ("userPrincipalName", |row| text(row.1.user_principal_name.as_deref())),
        ("userDisplayName", |row| text(row.1.user_display_name.as_deref())),
        ("userId", |row| text(Some(row.1.user_id.as_str()))),
        ("id", |row| text(Some(row.1.id.as_str()))),
        ("correlationId", |row| text(row.1.correlation_id.as_deref())),
        ("sessionId", |row| text(row.1.session_id.as_deref())),
        ("ipAddress", |row| text(row.1.ip_address.as_deref())),
        ("autonomousSystemNumber", |row| row.1.autonomous_system_number.map(Key::Number)),
        ("appDisplayName", |row| text(row.1.app_display_name.as_deref())),
        ("clientAppUsed", |row| text(row.1.client_app_used.as_deref())),
    ]
}

/// Fields of a list of detections.
pub fn detection_fields<'a>() -> Vec<Field<(&'a UserRecords, &'a RiskDetection)>> {
    vec![
        ("detectedDateTime", |row| row.1.detected_date_time.map(Key::Time)),
        ("activityDateTime", |row| row.1.activity_date_time.map(Key::Time)),
        ("lastUpdatedDateTime", |row| row.1.last_updated_date_time.map(Key::Time)),
        ("riskEventType", |row| text(row.1.risk_event_type.as_deref())),
        ("riskLevel", |row| level(row.1.risk_level.as_ref())),
        ("riskState", |row| state(row.1.risk_state.as_ref())),
        ("riskDetail", |row| text(row.1.risk_detail.as_ref().map(|detail| detail.as_str()))),
        ("userPrincipalName", |row| text(row.1.user_principal_name.as_deref())),
        ("userDisplayName", |row| text(row.1.user_display_name.as_deref())),
        ("userId", |row| text(Some(row.1.user_id.as_str()))),
        ("id", |row| text(Some(row.1.id.as_str()))),
        ("requestId", |row| text(row.1.request_id.as_ref().map(|id| id.as_str()))),
        ("correlationId", |row| text(row.1.correlation_id.as_deref())),
        ("ipAddress", |row| text(row.1.ip_address.as_deref())),
        ("detectionTimingType", |row| text(row.1.detection_timing_type.as_ref().map(|timing| timing.as_str()))),
    ]
}

/// The order of users where no other is asked for: open risk first, then the level, then the latest change.
pub fn users_by_default(rows: &mut [&UserRecords]) {
    rows.sort_by_cached_key(|records| {
        let user = &records.user;
        (
            Reverse(user.at_risk()),
            Reverse(user.risk_level.as_ref().map(RiskLevel::weight)),
            Reverse(user.risk_last_updated_date_time),
            user.id.clone(),
        )
    });
}

/// The order of sign-ins where no other is asked for: the newest first.
pub fn sign_ins_by_default(rows: &mut [(&UserRecords, &SignIn)]) {
    rows.sort_by(|a, b| b.1.created_date_time.cmp(&a.1.created_date_time).then_with(|| a.1.id.cmp(&b.1.id)));
}

/// The order of detections where no other is asked for: the newest first.
pub fn detections_by_default(rows: &mut [(&UserRecords, &RiskDetection)]) {
    rows.sort_by(|a, b| b.1.at().cmp(&a.1.at()).then_with(|| a.1.id.cmp(&b.1.id)));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::fixture;

    fn user(id: &str, level: Option<RiskLevel>, state: RiskState) -> UserRecords {
        let mut records = fixture::risky_user(id, "passwordSpray");
        records.user.risk_level = level;
        records.user.risk_state = Some(state);
        records
    }

    fn users() -> Vec<UserRecords> {
        vec![
            user("low", Some(RiskLevel::Low), RiskState::AtRisk),
            user("unknown", None, RiskState::AtRisk),
            user("stale", Some(RiskLevel::High), RiskState::Dismissed),
            user("high", Some(RiskLevel::High), RiskState::AtRisk),
        ]
    }

    fn sorted(by: &str) -> Result<Vec<String>, Failure> {
        let users = users();
        let mut rows: Vec<&UserRecords> = users.iter().collect();
        sort(&mut rows, by, &user_fields())?;
        Ok(rows.iter().map(|row| row.id().to_string()).collect())
    }

    #[test]
    fn levels_go_by_weight_and_unknown_stays_last_both_ways() {
        assert_eq!(sorted("riskLevel").unwrap(), ["low", "stale", "high", "unknown"]);
        assert_eq!(sorted("RISKLEVEL:DESC").unwrap(), ["stale", "high", "low", "unknown"]);
    }

    #[test]
    fn an_unknown_field_names_the_valid_ones() {
        assert!(sorted("name").unwrap_err().hint.is_some_and(|hint| hint.contains("userPrincipalName")));
        assert!(sorted("id:down").unwrap_err().hint.is_some_and(|hint| hint.contains("id:desc")));
    }

    #[test]
    fn open_risk_comes_first_whatever_the_stale_level() {
        let users = users();
        let mut rows: Vec<&UserRecords> = users.iter().collect();
        users_by_default(&mut rows);
        assert_eq!(rows.iter().map(|row| row.id().as_str()).collect::<Vec<_>>(), ["high", "low", "unknown", "stale"]);
    }

    proptest! {
        #[test]
        fn sorting_is_a_stable_sort(mut numbers in proptest::collection::vec((0i64..5, 0..100), 0..30)) {
            let mut expected = numbers.clone();
            expected.sort_by_key(|(key, _)| *key);
            let fields: &[Field<(i64, i32)>] = &[("key", |row| Some(Key::Number(row.0)))];
            sort(&mut numbers, "key", fields).unwrap();
            prop_assert_eq!(numbers, expected);
        }
    }
}

//! The filter language.

use super::*;
use crate::emulator::schema::{RISK_DETECTION, RISKY_USER, SIGN_IN, SIGN_IN_BETA, USER};

fn record(field: &str) -> Value<'static> {
    match field {
        "riskLevel" => Value::Text("high"),
        "riskState" => Value::Text("atRisk"),
        "riskLastUpdatedDateTime" => Value::Time(Timestamp::parse("2026-07-17T10:00:00.5Z").unwrap()),
        "status/errorCode" => Value::Number(0.0),
        "ipAddress" => Value::Text("203.0.113.7"),
        "signInEventTypes" => Value::List(vec!["nonInteractiveUser"]),
        "userDisplayName" => Value::Null,
        _ => Value::Unknown,
    }
}

fn met(text: &str, schema: &Schema) -> Option<bool> {
    Filter::parse(text, schema).unwrap().matches(&record)
}

#[test]
fn comparisons_are_joined_and_nested() {
    for (text, expected) in [
        ("riskLevel eq 'high'", true),
        ("riskLevel eq microsoft.graph.riskLevel'medium'", false),
        ("riskState eq 'atRisk' and riskLevel eq 'low' or riskLevel eq 'high'", true),
        ("riskState eq 'dismissed' and (riskLevel eq 'low' or riskLevel eq 'high')", false),
        ("riskLastUpdatedDateTime ge 2026-07-17T10:00:00.5Z", true),
        ("riskLastUpdatedDateTime gt 2026-07-17T10:00:00.5Z", true),
        ("riskLastUpdatedDateTime lt 2026-07-17T10:00:00.4Z", false),
        ("userDisplayName eq null", true),
        ("userDisplayName eq 'O''Neill'", false),
    ] {
        assert_eq!(met(text, &RISKY_USER), Some(expected), "{text}");
    }
    assert_eq!(met("status/errorCode eq 0 and startsWith(ipAddress,'203.')", &SIGN_IN), Some(true));
    assert_eq!(met("signInEventTypes/any(t: t eq 'interactiveUser' or t eq 'nonInteractiveUser')", &SIGN_IN_BETA), Some(true));
}

#[test]
fn what_the_index_does_not_hold_leaves_it_open() {
    assert_eq!(met("riskDetail eq 'none'", &RISKY_USER), None);
    assert_eq!(met("riskDetail eq 'none' and riskLevel eq 'low'", &RISKY_USER), Some(false));
    assert_eq!(met("riskDetail eq 'none' or riskLevel eq 'high'", &RISKY_USER), Some(true));
}

#[test]
fn the_only_values_of_a_field_are_known_where_all_alternatives_name_them() {
    let filter = |text| Filter::parse(text, &USER).unwrap();
    assert_eq!(filter("id in ('a', 'b')").only("id"), Some(vec!["a", "b"]));
    assert_eq!(filter("id eq 'a' or id eq 'b'").only("id"), Some(vec!["a", "b"]));
    assert_eq!(filter("id eq 'a' or accountEnabled eq true").only("id"), None);
}

#[test]
fn what_graph_does_not_take_is_refused() {
    let sixteen = format!("id in ({})", vec!["'a'"; 16].join(","));
    for (text, schema, part) in [
        ("createdDateTime ge 2026-01-01T00:00:00Z", &RISK_DETECTION, "Could not find a property named 'createdDateTime' on type"),
        ("detectedDateTime ge '2026-01-01T00:00:00Z'", &RISK_DETECTION, "incompatible types"),
        ("detectedDateTime ge 2026-01-01", &RISK_DETECTION, "incompatible types"),
        ("isDeleted eq true", &RISKY_USER, "isDeleted"),
        ("riskLevel ne 'high'", &RISKY_USER, "'ne'"),
        ("riskLevel ge 'high'", &RISKY_USER, "'ge'"),
        ("startsWith(userPrincipalName,'a')", &RISKY_USER, "startsWith"),
        ("contains(userPrincipalName,'a')", &RISKY_USER, "contains"),
        ("riskLevel in ('high')", &RISKY_USER, "'in'"),
        ("isRisky eq true", &SIGN_IN, "isRisky"),
        ("signInEventTypes/any(t: t eq 'interactiveUser')", &SIGN_IN, "Could not find a property named 'signInEventTypes'"),
        ("riskLevel eq 'high", &RISKY_USER, "unterminated"),
        ("riskLevel eq 'high' riskState", &RISKY_USER, "riskState"),
        ("(riskLevel eq 'high'", &RISKY_USER, "')' expected"),
        ("riskLevel eq", &RISKY_USER, "value"),
        ("", &RISKY_USER, "expression"),
        (&sixteen, &USER, "15"),
    ] {
        let why = Filter::parse(text, schema).unwrap_err();
        assert!(why.contains(part), "{text}: {why}");
    }
}

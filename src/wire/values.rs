//! Single values, read leniently (`design.md` section 4).

use chrono::{DateTime, NaiveDateTime};
use serde_json::Value;

use super::properties::normalised;
use crate::domain::catalogue;
use crate::domain::risk::{
    ActivityType, ConditionalAccessStatus, DetectionTiming, IncomingTokenType, RiskDetail, RiskLevel, RiskState, TokenIssuerType,
};
use crate::domain::tenant_text::TenantText;
use crate::domain::time::Timestamp;

/// Text with something in it; numbers and booleans as text.
pub fn text(value: &Value) -> Option<TenantText> {
    match value {
        Value::String(text) if !text.trim().is_empty() => Some(text.as_str().into()),
        Value::Number(number) => Some(number.to_string().into()),
        Value::Bool(flag) => Some(flag.to_string().into()),
        _ => None,
    }
}

/// Text of a portal cell: as [`text`], and a lone dash (what the portal shows for nothing) says nothing.
pub fn word(value: &Value) -> Option<TenantText> {
    let text = match value {
        Value::String(text) => TenantText::new(text.trim()),
        value => text(value)?,
    };
    Some(text).filter(|text| !["", "-", "\u{2014}"].contains(&text.as_str()))
}

/// A truth value: `true`, `"True"`, `1`, `"Yes"`, …
pub fn flag(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::Number(number) => number.as_f64().map(|number| number != 0.0),
        Value::String(text) => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" => Some(true),
            "false" | "0" | "no" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

/// A whole number, also as text.
pub fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// A number, also as text.
pub fn number(value: &Value) -> Option<f64> {
    let number = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    number.filter(|number: &f64| number.is_finite())
}

/// A point in time, in the spellings of [`Timestamp::parse`], those of Log Analytics downloads and of
/// PowerShell, and as seconds to nanoseconds since 1970. What stands for no time is none.
pub fn time(value: &Value) -> Option<Timestamp> {
    let time = match value {
        Value::Number(number) => epoch(number.as_i64()?),
        Value::String(text) => time_text(text.trim()),
        // PowerShell 5 writes a date as an object with its members.
        Value::Object(object) => ["value", "DateTime"].iter().find_map(|name| time_text(object.get(*name)?.as_str()?)),
        _ => None,
    };
    time.and_then(Timestamp::told)
}

fn time_text(text: &str) -> Option<Timestamp> {
    if let Some(time) = Timestamp::parse(text) {
        return Some(time);
    }
    if let Some(milliseconds) = text.trim_matches('/').strip_prefix("Date(").and_then(|rest| rest.strip_suffix(')')) {
        return DateTime::from_timestamp_millis(milliseconds.parse().ok()?).map(|time| Timestamp(time.to_utc()));
    }
    if text.len() >= 9 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return epoch(text.parse().ok()?);
    }
    for form in ["%m/%d/%Y %I:%M:%S%.f %p %:z", "%m/%d/%Y %H:%M:%S%.f %:z", "%Y-%m-%d %H:%M:%S%.f %:z", "%Y-%m-%dT%H:%M:%S%.f%#z"] {
        if let Ok(time) = DateTime::parse_from_str(text, form) {
            return Some(Timestamp(time.to_utc()));
        }
    }
    for form in ["%m/%d/%Y, %I:%M:%S%.f %p", "%m/%d/%Y, %H:%M:%S%.f", "%m/%d/%Y %I:%M %p", "%m/%d/%Y %H:%M", "%Y-%m-%d %H:%M"] {
        if let Ok(time) = NaiveDateTime::parse_from_str(text, form) {
            return Some(Timestamp(time.and_utc()));
        }
    }
    None
}

fn epoch(number: i64) -> Option<Timestamp> {
    let time = match number.unsigned_abs() {
        0..100_000_000_000 => DateTime::from_timestamp(number, 0),
        100_000_000_000..100_000_000_000_000 => DateTime::from_timestamp_millis(number),
        100_000_000_000_000..100_000_000_000_000_000 => DateTime::from_timestamp_micros(number),
        _ => Some(DateTime::from_timestamp_nanos(number)),
    };
    time.map(Timestamp)
}

/// A list of words: an array, its JSON text, or words with commas or semicolons between them.
pub fn words(value: &Value) -> Option<Vec<TenantText>> {
    let items = match value {
        Value::Array(items) => items.clone(),
        Value::String(text) if text.trim_start().starts_with('[') => serde_json::from_str(text).ok()?,
        Value::String(text) => {
            return Some(text.split([',', ';']).map(str::trim).filter(|word| !word.is_empty()).map(TenantText::new).collect());
        }
        _ => return None,
    };
    Some(items.iter().filter_map(text).collect())
}

/// The Graph value of a detection type that is given as such, in other case, or by its name in the portal.
pub fn detection_type(given: &str) -> TenantText {
    let given = given.trim();
    let types = catalogue::all();
    if let Some(known) = types.iter().find(|known| known.value.eq_ignore_ascii_case(given)) {
        return known.value.as_str().into();
    }
    if given.contains(' ') {
        let name = normalised(given);
        if let Some(known) = types.iter().find(|known| normalised(&known.name) == name || normalised(&known.value) == name) {
            return known.value.as_str().into();
        }
    }
    given.into()
}

/// The word as Graph spells it, where it is one of these; else as given.
pub fn spelt(given: TenantText, words: &[&str]) -> TenantText {
    if words.contains(&given.as_str()) {
        return given;
    }
    let name = normalised(&given);
    words.iter().find(|word| normalised(word) == name).map_or(given, |word| TenantText::new(word))
}

macro_rules! member {
    ($(#[$meta:meta])* $name:ident -> $enum:ident { $($display:literal => $member:literal,)* }) => {
        $(#[$meta])*
        pub fn $name(value: &Value) -> Option<$enum> {
            let given = word(value)?;
            if let Some(member) = $enum::known(&given) {
                return Some(member);
            }
            let name = normalised(&given);
            let known = $enum::KNOWN.iter().find(|member| normalised(member.as_str()) == name);
            Some(known.cloned().unwrap_or_else(|| {
                const DISPLAYED: &[(&str, &str)] = &[$(($display, $member)),*];
                let member = DISPLAYED.iter().find(|(display, _)| *display == name);
                $enum::from_graph(member.map_or(given.as_str(), |(_, member)| member))
            }))
        }
    };
}

member! {
    /// A risk level.
    risk_level -> RiskLevel {}
}
member! {
    /// A risk state.
    risk_state -> RiskState {}
}
member! {
    /// A risk detail; the portal's wordings are those of the risk reports' filters.
    risk_detail -> RiskDetail {
        "admingeneratedtemporarypasswordforuser" => "adminGeneratedTemporaryPassword",
        "userperformedsecurepasswordchange" => "userPerformedSecuredPasswordChange",
        "userperformedsecurepasswordreset" => "userPerformedSecuredPasswordReset",
        "azureadidentityprotectionassessedsigninsafe" => "aiConfirmedSigninSafe",
        "microsoftentraidprotectionassessedsigninsafe" => "aiConfirmedSigninSafe",
        "microsoftentraidentityprotectionassessedsigninsafe" => "aiConfirmedSigninSafe",
        "userpassedmultifactorauthentication" => "userPassedMFADrivenByRiskBasedPolicy",
        "userpassedmultifactorauthenticationdrivenbyriskbasedpolicy" => "userPassedMFADrivenByRiskBasedPolicy",
        "admindismisseduserrisk" => "adminDismissedAllRiskForUser",
        "adminconfirmedusersafe" => "adminConfirmedAccountSafe",
        "microsoft365defenderadmindismisseddetection" => "m365DAdminDismissedDetection",
    }
}
member! {
    /// When a detection was made.
    detection_timing -> DetectionTiming {}
}
member! {
    /// What a detection is about.
    activity -> ActivityType {}
}
member! {
    /// Who issued a token. Documents show names where the service sends members (`graph.md` section 8, 6).
    token_issuer -> TokenIssuerType {
        "azureactivedirectory" => "AzureAD",
        "microsoftentraid" => "AzureAD",
        "adfs" => "ADFederationServices",
        "activedirectoryfederationservices" => "ADFederationServices",
    }
}
member! {
    /// The token that was presented.
    incoming_token -> IncomingTokenType { "prt" => "primaryRefreshToken", }
}
member! {
    /// What Conditional Access made of a sign-in.
    conditional_access -> ConditionalAccessStatus {}
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parsed(value: Value) -> String {
        time(&value).map(|time| time.to_string()).unwrap_or_default()
    }

    #[test]
    fn times_of_every_export_are_read() {
        assert_eq!(parsed(json!("8/22/2022, 6:11:52.702 PM")), "2022-08-22T18:11:52.702Z");
        assert_eq!(parsed(json!("1/9/2007 10:41:00 AM +01:00")), "2007-01-09T09:41:00Z");
        assert_eq!(parsed(json!("/Date(1661191636000)/")), "2022-08-22T18:07:16Z");
        assert_eq!(parsed(json!({ "value": "/Date(1661191636000)/", "DateTime": "Monday" })), "2022-08-22T18:07:16Z");
        assert_eq!(parsed(json!(1_661_191_636)), "2022-08-22T18:07:16Z");
        assert_eq!(parsed(json!("1661191636702")), "2022-08-22T18:07:16.702Z");
        assert_eq!(parsed(json!("2022-09-09T9:59:27.958Z")), "2022-09-09T09:59:27.958Z");
        assert_eq!(parsed(json!("yesterday")), "");
        assert_eq!(parsed(json!("")), "");
    }

    #[test]
    fn display_text_is_read_as_the_member_it_stands_for() {
        assert_eq!(risk_state(&json!("At risk")), Some(RiskState::AtRisk));
        assert_eq!(risk_state(&json!("confirmedcompromised")), Some(RiskState::ConfirmedCompromised));
        assert_eq!(risk_detail(&json!("Admin dismissed all risk for user")), Some(RiskDetail::AdminDismissedAllRiskForUser));
        assert_eq!(risk_detail(&json!("Admin confirmed user safe")), Some(RiskDetail::AdminConfirmedAccountSafe));
        assert_eq!(incoming_token(&json!("Primary Refresh Token")), Some(IncomingTokenType::PrimaryRefreshToken));
        assert_eq!(token_issuer(&json!("Azure AD")), Some(TokenIssuerType::AzureAd));
        assert_eq!(token_issuer(&json!("Azure Active Directory")), Some(TokenIssuerType::AzureAd));
        assert_eq!(detection_timing(&json!("Near real-time")), Some(DetectionTiming::NearRealtime));
        assert_eq!(activity(&json!("Sign-in")), Some(ActivityType::Signin));
        assert_eq!(risk_level(&json!("-")), None);
        assert_eq!(risk_level(&json!("catastrophic")), Some(RiskLevel::Other("catastrophic".into())));
    }

    #[test]
    fn truth_values_and_lists_come_in_many_shapes() {
        for yes in [json!(true), json!("True"), json!(1), json!("Yes")] {
            assert_eq!(flag(&yes), Some(true));
        }
        assert_eq!(flag(&json!("")), None);
        let expected = Some(vec!["a".into(), "b".into()]);
        for list in [json!(["a", "b"]), json!("[\"a\",\"b\"]"), json!("a, b"), json!("a;b")] {
            assert_eq!(words(&list), expected);
        }
    }
}

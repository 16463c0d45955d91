//! Evolvable enums: members newer than the sentinel are sent as `unknownFutureValue`, unless the request can take them
//! (`reference/graph.md` section 1.1).

use serde_json::{Map, Value};

use super::request::Request;

/// Members that everybody is sent, by property.
const OLD: &[(&str, &[&str])] = &[
    (
        "riskDetail",
        &[
            "none",
            "adminGeneratedTemporaryPassword",
            "userPerformedSecuredPasswordChange",
            "userPerformedSecuredPasswordReset",
            "adminConfirmedSigninSafe",
            "aiConfirmedSigninSafe",
            "userPassedMFADrivenByRiskBasedPolicy",
            "adminDismissedAllRiskForUser",
            "adminConfirmedSigninCompromised",
            "hidden",
            "adminConfirmedUserCompromised",
        ],
    ),
    ("riskLevel", LEVELS),
    ("riskLevelAggregated", LEVELS),
    ("riskLevelDuringSignIn", LEVELS),
    ("riskState", &["none", "confirmedSafe", "remediated", "dismissed", "atRisk", "confirmedCompromised"]),
    ("activity", &["signin", "user"]),
    ("detectionTimingType", &["notDefined", "realtime", "nearRealtime", "offline"]),
    ("tokenIssuerType", &["AzureAD", "ADFederationServices"]),
    ("incomingTokenType", &["none", "primaryRefreshToken", "saml11", "saml20"]),
    ("authenticationProtocol", &["none", "oAuth2", "ropc", "wsFederation", "saml20", "deviceCode"]),
    ("result", &["success", "failure", "notApplied", "notEnabled", "unknown"]),
];

const LEVELS: &[&str] = &["low", "medium", "high", "hidden", "none"];

/// The record as this request is sent it.
pub(super) fn shown(mut record: Map<String, Value>, request: &Request) -> Map<String, Value> {
    if !request.wants_unknown_members() {
        record.iter_mut().for_each(|(name, value)| veil(name, value));
    }
    record
}

fn veil(name: &str, value: &mut Value) {
    match value {
        Value::String(text) => {
            // A history item names its detail twice.
            let name = if name == "detail" { "riskDetail" } else { name };
            let newer = OLD.iter().find(|(known, _)| *known == name).is_some_and(|(_, members)| !members.contains(&text.as_str()));
            if newer {
                // This one enum spells it with a capital.
                let sentinel = if name == "tokenIssuerType" { "UnknownFutureValue" } else { "unknownFutureValue" };
                *text = sentinel.to_owned();
            }
        }
        Value::Object(object) => object.iter_mut().for_each(|(name, value)| veil(name, value)),
        Value::Array(items) => items.iter_mut().filter(|item| item.is_object()).for_each(|item| veil(name, item)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, Method};
    use serde_json::json;

    use super::*;

    #[test]
    fn newer_members_are_sent_to_those_who_ask_for_them() {
        let record = json!({"riskDetail": "adminConfirmedAccountSafe", "tokenIssuerType": "NPSExtension", "riskLevel": "low",
            "activity": {"detail": "adminDismissedRiskForSignIn"}, "appliedConditionalAccessPolicies": [{"result": "reportOnlyFailure"}]});
        let record = record.as_object().unwrap().clone();
        let mut headers = HeaderMap::new();
        let request = |headers| Request::new(Method::GET, &"/".parse().unwrap(), headers, Vec::new(), String::new());
        let veiled = Value::Object(shown(record.clone(), &request(headers.clone())));
        let expected = json!({"riskDetail": "unknownFutureValue", "tokenIssuerType": "UnknownFutureValue", "riskLevel": "low",
            "activity": {"detail": "unknownFutureValue"}, "appliedConditionalAccessPolicies": [{"result": "unknownFutureValue"}]});
        assert_eq!(veiled, expected);
        headers.insert("prefer", "odata.maxpagesize=5, include-unknown-enum-members".parse().unwrap());
        assert_eq!(shown(record.clone(), &request(headers)), record);
    }
}

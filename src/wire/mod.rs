//! Records as JSON, in both directions. Pure.
//!
//! Reading takes the spelling of any source: Graph, Log Analytics, diagnostic logs, portal downloads.
//! Writing is Graph's spelling only.

mod additional_info;
mod place;
mod properties;
mod risk_records;
mod sign_in;
mod values;
mod write;

use serde_json::{Map, Value};

pub use self::additional_info::additional_info;
pub use self::properties::{is_blank, normalised};
pub use self::write::{detection_to_json, directory_to_json, history_to_json, sign_in_to_json, user_to_json};
use crate::domain::records::Record;

/// What kind of record an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `riskyUser`
    RiskyUser,
    /// `riskyUserHistoryItem`
    RiskyUserHistoryItem,
    /// `riskDetection`
    RiskDetection,
    /// `signIn`
    SignIn,
    /// `user`, the directory object.
    User,
    /// `userRegistrationDetails`
    UserRegistrationDetails,
}

/// Reads a record leniently: any spelling of names and words, unknown members and properties kept.
/// The error says which property is missing.
pub fn read(kind: Kind, object: Map<String, Value>) -> Result<Record, String> {
    match kind {
        Kind::RiskyUser => risk_records::user(object),
        Kind::RiskyUserHistoryItem => risk_records::history(object),
        Kind::RiskDetection => risk_records::detection(object),
        Kind::SignIn => sign_in::sign_in(object),
        Kind::User | Kind::UserRegistrationDetails => risk_records::directory(object),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::time::Timestamp;

    fn fixture(text: &str) -> Vec<Map<String, Value>> {
        let Value::Object(mut object) = serde_json::from_str(text).unwrap() else { panic!("an object") };
        match object.remove("value") {
            Some(Value::Array(items)) => items.into_iter().map(|item| item.as_object().unwrap().clone()).collect(),
            _ => vec![object],
        }
    }

    /// Where `written` does not hold what `given` says. Times may be spelt otherwise; null is the same as absent.
    fn lost(given: &Value, written: &Value, path: &str, lost_at: &mut Vec<String>) {
        match (given, written) {
            (Value::Object(given), Value::Object(written)) => {
                for (name, value) in given.iter().filter(|(_, value)| !value.is_null()) {
                    lost(value, written.get(name).unwrap_or(&Value::Null), &format!("{path}/{name}"), lost_at);
                }
            }
            (Value::Array(given), Value::Array(written)) if given.len() == written.len() => {
                given.iter().zip(written).for_each(|(given, written)| lost(given, written, path, lost_at));
            }
            (Value::String(a), Value::String(b)) if a == b || Timestamp::parse(a).is_some_and(|time| Timestamp::parse(b) == Some(time)) => {
            }
            (given, written) if given == written => {}
            _ => lost_at.push(path.to_owned()),
        }
    }

    fn round_trip(kind: Kind, text: &str) -> Vec<String> {
        let mut lost_at = Vec::new();
        for given in fixture(text) {
            let record = read(kind, given.clone()).unwrap();
            let written = match &record {
                Record::User(user) => user_to_json(user),
                Record::History(item) => history_to_json(item),
                Record::Detection(detection) => detection_to_json(detection),
                Record::SignIn(sign_in) => sign_in_to_json(sign_in),
                Record::Directory(_, directory) => directory_to_json(directory),
                other => panic!("no file holds {other:?}"),
            };
            assert_eq!(read(kind, written.clone()).unwrap(), record, "reading what was written");
            lost(&Value::Object(given), &Value::Object(written), "", &mut lost_at);
        }
        lost_at
    }

    #[test]
    fn what_graph_sends_is_what_is_written() {
        let none: Vec<String> = Vec::new();
        assert_eq!(round_trip(Kind::RiskyUser, include_str!("../../tests/fixtures/import/graph-risky-users.json")), none);
        assert_eq!(round_trip(Kind::RiskyUser, include_str!("../../tests/fixtures/import/graph-risky-user.json")), none);
        assert_eq!(round_trip(Kind::RiskDetection, include_str!("../../tests/fixtures/import/graph-risk-detection.json")), none);
        assert_eq!(round_trip(Kind::SignIn, include_str!("../../tests/fixtures/import/graph-sign-in.json")), none);
        // Beta's name of the list is the only thing that is not kept.
        let history = include_str!("../../tests/fixtures/import/graph-history.json");
        assert_eq!(round_trip(Kind::RiskyUserHistoryItem, history), ["/activity/eventTypes", "/activity/eventTypes"]);
        assert_eq!(round_trip(Kind::RiskyUserHistoryItem, &history.replace("eventTypes", "riskEventTypes")), none);
    }

    #[test]
    fn what_was_not_read_is_written_as_null_and_what_is_unknown_as_it_came() {
        let object = json!({"Id": "u", "RiskState": "newState", "riskLastUpdatedDateTime": "soon", "isGuest": false, "x@odata.type": "y"});
        let Ok(Record::User(user)) = read(Kind::RiskyUser, object.as_object().unwrap().clone()) else { panic!("a user") };
        assert_eq!(user.risk_last_updated_date_time, None);
        let written = user_to_json(&user);
        assert_eq!(written["riskState"], "newState");
        assert_eq!(written["riskLevel"], Value::Null);
        assert_eq!(written["isGuest"], false);
        assert_eq!(written["riskLastUpdatedDateTime"], "soon");
        assert!(!written.contains_key("x@odata.type"));
    }

    #[test]
    fn a_sign_in_without_an_id_gets_the_same_one_each_time() {
        let object = json!({"createdDateTime": "2026-07-17T14:10:02Z", "userPrincipalName": "A@B.c", "appDisplayName": "x"});
        let read_one = || read(Kind::SignIn, object.as_object().unwrap().clone());
        let (Ok(Record::SignIn(first)), Ok(Record::SignIn(second))) = (read_one(), read_one()) else { panic!("sign-ins") };
        assert_eq!((first.user_id.as_str(), first.id.as_str().len()), ("a@b.c", 64));
        assert_eq!(first.id, second.id);
        assert_eq!(read(Kind::SignIn, Map::new()), Err("neither userId nor userPrincipalName is in it".to_owned()));
    }
}

//! Records as Graph would send them.

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::domain::records::{Directory, Extra, RiskDetection, RiskyUser, RiskyUserHistoryItem, SignIn};
use crate::domain::risk::RiskDetail;

/// A risky user as Graph would send it: Graph's names, unknown properties included, nulls where not read.
pub fn user_to_json(user: &RiskyUser) -> Map<String, Value> {
    with_extra(properties(user), &user.extra)
}

/// A detection as Graph would send it.
pub fn detection_to_json(detection: &RiskDetection) -> Map<String, Value> {
    with_extra(properties(detection), &detection.extra)
}

/// A sign-in as Graph would send it.
pub fn sign_in_to_json(sign_in: &SignIn) -> Map<String, Value> {
    with_extra(properties(sign_in), &sign_in.extra)
}

/// A history item as Graph would send it.
pub fn history_to_json(item: &RiskyUserHistoryItem) -> Map<String, Value> {
    let mut object = properties(item);
    let types = object.remove("riskEventTypes").unwrap_or(Value::Null);
    // Graph gives no detail for a change that nobody made (`graph.md` section 7, 3).
    let detail = item.risk_detail.as_ref().filter(|detail| **detail != RiskDetail::None);
    object.insert("activity".to_owned(), json!({ "detail": detail, "riskEventTypes": types }));
    with_extra(object, &item.extra)
}

/// What the directory says, by Graph's names.
pub fn directory_to_json(directory: &Directory) -> Map<String, Value> {
    properties(directory)
}

fn properties(record: &impl Serialize) -> Map<String, Value> {
    match serde_json::to_value(record) {
        Ok(Value::Object(mut object)) => {
            object.remove("extra");
            object
        }
        // Records are plain structures: they always serialise to an object.
        _ => Map::new(),
    }
}

fn with_extra(mut object: Map<String, Value>, extra: &Extra) -> Map<String, Value> {
    if let Some(text) = &extra.0
        && let Ok(extra) = serde_json::from_str::<Map<String, Value>>(text)
    {
        merge(&mut object, extra);
    }
    object
}

/// Adds what is missing, down to nested objects and, by their ids, the elements of lists.
fn merge(object: &mut Map<String, Value>, extra: Map<String, Value>) {
    for (name, more) in extra {
        match (object.get_mut(&name), more) {
            (None | Some(Value::Null), more) => {
                object.insert(name, more);
            }
            (Some(Value::Object(held)), Value::Object(more)) => merge(held, more),
            (Some(Value::Array(held)), Value::Array(more)) => {
                for element in more {
                    let Value::Object(element) = element else { continue };
                    let same = |held: &&mut Value| element.get("id").is_some_and(|id| held.get("id") == Some(id));
                    if let Some(Value::Object(held)) = held.iter_mut().find(same) {
                        merge(held, element);
                    }
                }
            }
            _ => {}
        }
    }
}

//! The properties of one received object, looked up whatever their spelling.
//!
//! Graph says `userPrincipalName`, Log Analytics `UserPrincipalName`, the portal `User principal name`:
//! all are `userprincipalname` here. What no field asks for ends up in [`Extra`] under its own name.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use serde_json::{Map, Value};

use crate::domain::records::Extra;

/// The name in lower case, letters and digits only, without a time zone in brackets at its end
/// (`TimeGenerated [UTC]` in Log Analytics downloads, `Date (UTC)` in the portal's).
pub fn normalised(name: &str) -> String {
    let name = name.trim();
    let name = match name.rsplit_once(['[', '(']) {
        Some((front, zone)) if zone.trim_end_matches([']', ')']).eq_ignore_ascii_case("utc") || name.ends_with(']') => front,
        _ => name,
    };
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// Whether a value says nothing: null, or text without a character in it.
pub fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        _ => false,
    }
}

/// What a log or a table says of itself rather than of the record.
const ABOUT_THE_LOG: [&str; 16] = [
    "tenantid",
    "sourcesystem",
    "mg",
    "managementgroupname",
    "type",
    "timegenerated",
    "time",
    "operationname",
    "operationversion",
    "category",
    "level",
    "durationms",
    "resourcegroup",
    "resourceprovider",
    "resultsignature",
    "identity",
];

/// The properties that were not asked for yet.
pub struct Properties {
    open: HashMap<String, (String, Value)>,
    rest: Vec<(String, Value)>,
}

impl Properties {
    /// The properties of this object. Where two spell the same name, the first that says something counts.
    pub fn new(object: Map<String, Value>) -> Self {
        let mut properties = Properties { open: HashMap::with_capacity(object.len()), rest: Vec::new() };
        for (name, value) in object {
            properties.put(name, value);
        }
        properties
    }

    /// Puts a property (back) in.
    pub fn put(&mut self, name: String, value: Value) {
        if value.is_null() || name.contains('@') || name.starts_with('_') {
            return;
        }
        let key = normalised(&name);
        if key.is_empty() {
            self.rest.push((name, value));
            return;
        }
        match self.open.entry(key) {
            Entry::Occupied(known) if !is_blank(&known.get().1) => self.rest.push((name, value)),
            Entry::Occupied(mut blank) => drop(blank.insert((name, value))),
            Entry::Vacant(free) => {
                free.insert((name, value));
            }
        }
    }

    /// Whether there is such a property, and it says something. The name is a normalised one.
    pub fn has(&self, name: &str) -> bool {
        self.open.get(name).is_some_and(|(_, value)| !is_blank(value))
    }

    /// Takes the first of these (normalised) names whose value can be read so. One that cannot stays, and
    /// is kept as it is.
    pub fn take<T>(&mut self, names: &[&str], read: impl Fn(&Value) -> Option<T>) -> Option<T> {
        for name in names {
            if let Some((_, value)) = self.open.get(*name)
                && let Some(read) = read(value)
            {
                self.open.remove(*name);
                return Some(read);
            }
        }
        None
    }

    /// Takes the first of these names that holds an object, as an object or as its JSON text. The name as
    /// received comes with it.
    pub fn take_object(&mut self, names: &[&str]) -> Option<(String, Properties)> {
        for name in names {
            let of_text = match self.open.get(*name) {
                Some((_, Value::Object(_))) => None,
                Some((_, Value::String(text))) if text.trim_start().starts_with('{') => match serde_json::from_str(text) {
                    Ok(object) => Some(object),
                    Err(_) => continue,
                },
                _ => continue,
            };
            match (self.open.remove(*name), of_text) {
                (Some((received, _)), Some(object)) | (Some((received, Value::Object(object))), None) => {
                    return Some((received, Properties::new(object)));
                }
                _ => {}
            }
        }
        None
    }

    /// Keeps what is left of a nested object, under the name it was received by.
    pub fn keep_rest(&mut self, name: String, nested: Properties) {
        let rest = nested.into_map();
        if !rest.is_empty() {
            self.rest.push((name, Value::Object(rest)));
        }
    }

    /// Keeps a value as it is.
    pub fn keep(&mut self, name: String, value: Value) {
        self.rest.push((name, value));
    }

    /// What is left, in the order of names.
    pub fn into_map(self) -> Map<String, Value> {
        let open = self.open.into_iter().filter(|(key, _)| !ABOUT_THE_LOG.contains(&key.as_str())).map(|(_, entry)| entry);
        let mut left: Vec<(String, Value)> = open.chain(self.rest).filter(|(_, value)| !is_blank(value)).collect();
        left.sort_by(|(a, _), (b, _)| a.cmp(b));
        left.into_iter().collect()
    }

    /// What is left, as a record keeps it.
    pub fn into_extra(self) -> Extra {
        let map = self.into_map();
        if map.is_empty() {
            return Extra::default();
        }
        Extra(Some(Value::Object(map).to_string().into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_name_in_all_its_spellings() {
        for name in ["userPrincipalName", "UserPrincipalName", "User principal name", " USER_PRINCIPAL-NAME "] {
            assert_eq!(normalised(name), "userprincipalname");
        }
        assert_eq!(normalised("Date (UTC)"), "date");
        assert_eq!(normalised("TimeGenerated [UTC]"), "timegenerated");
        assert_eq!(normalised("Risk level (aggregate)"), "risklevelaggregate");
    }
}

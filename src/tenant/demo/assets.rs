//! The material that the demo tenant is made of: names, places, clients, detection types.

use std::sync::LazyLock;

use serde::Deserialize;
use serde::de::DeserializeOwned;

/// Names.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct People {
    pub cast: Vec<String>,
    pub given: Vec<String>,
    pub family: Vec<String>,
    pub partners: Vec<String>,
    pub odd: Vec<String>,
}

/// A place with its network.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Place {
    pub city: String,
    pub state: String,
    pub country: String,
    pub latitude: f64,
    pub longitude: f64,
    pub network: String,
    pub asn: i64,
}

/// Where people are, and where risk comes from.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Places {
    pub home: Vec<Place>,
    pub away: Vec<Place>,
}

/// A browser or a tool.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Client {
    pub name: String,
    pub system: String,
    pub agent: String,
}

/// An application.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct App {
    pub id: String,
    pub name: String,
    pub resource: String,
}

/// What people sign in with and to.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Clients {
    pub odd: Vec<String>,
    pub browser: Vec<Client>,
    pub intruder: Vec<Client>,
    pub campaign: Client,
    pub app: Vec<App>,
}

/// How one detection type is played.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Kind {
    pub value: String,
    pub timing: String,
    pub sign_in: bool,
    pub source: String,
    #[serde(default)]
    pub always: Option<String>,
    #[serde(default)]
    pub mitre: Option<String>,
    #[serde(default)]
    pub alert: bool,
    #[serde(default)]
    pub reasons: Vec<String>,
    #[serde(default)]
    pub plain: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kinds {
    detection: Vec<Kind>,
}

pub(super) static PEOPLE: LazyLock<People> = LazyLock::new(|| read(include_str!("../../../assets/demo/people.toml")));
pub(super) static PLACES: LazyLock<Places> = LazyLock::new(|| read(include_str!("../../../assets/demo/places.toml")));
pub(super) static CLIENTS: LazyLock<Clients> = LazyLock::new(|| read(include_str!("../../../assets/demo/clients.toml")));
static KINDS: LazyLock<Kinds> = LazyLock::new(|| read(include_str!("../../../assets/demo/detections.toml")));

/// The files are part of the program, and a test reads them all: the default never comes to be used.
fn read<T: DeserializeOwned + Default>(text: &str) -> T {
    toml::from_str(text).unwrap_or_default()
}

/// Every detection type that the tenant plays.
pub(super) fn kinds() -> &'static [Kind] {
    &KINDS.detection
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_can_be_read() {
        assert!(PEOPLE.cast.len() == 17 && !PEOPLE.odd.is_empty());
        assert!(!PLACES.home.is_empty() && !PLACES.away.is_empty());
        assert!(!CLIENTS.odd.is_empty() && !CLIENTS.campaign.agent.is_empty());
        assert!(kinds().len() >= 30);
    }

    #[test]
    fn addresses_and_systems_are_those_set_aside_for_documentation() {
        for place in PLACES.home.iter().chain(&PLACES.away) {
            assert!((64496..=64511).contains(&place.asn), "{place:?}");
            let known =
                ["203.0.113.", "198.51.100.", "192.0.2."].contains(&place.network.as_str()) || place.network.starts_with("2001:db8:");
            assert!(known, "{place:?}");
        }
    }
}

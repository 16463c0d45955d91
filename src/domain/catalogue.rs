//! The detection catalogue: names, guidance and token-theft membership of every detection type.
//!
//! `assets/detections.toml` is compiled in and read once. The set of types is open: what is not in the
//! catalogue is shown by its value (`reference/graph.md` section 1.2).

use std::cmp::Ordering;
use std::sync::OnceLock;

use serde::Deserialize;

const SOURCE: &str = include_str!("../../assets/detections.toml");

/// One detection type.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DetectionType {
    /// Graph's value.
    pub value: String,
    /// Other spellings of it in the field.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// The portal's name.
    pub name: String,
    /// When it is detected, in words.
    pub timing: String,
    /// The licence it needs, in words.
    pub licence: String,
    /// Whether it is about sign-ins, users or both, in words.
    pub about: String,
    /// What it means.
    pub meaning: String,
    /// What to check first.
    pub check_first: String,
    /// ATT&CK technique.
    #[serde(default)]
    pub mitre: Option<String>,
    /// Whether it is one of the families that Entra never remediates by itself.
    #[serde(default)]
    pub token_theft: bool,
    /// Default weight for sorting, where published.
    #[serde(default)]
    pub weight: Option<u8>,
}

impl DetectionType {
    /// Its value and all other spellings.
    pub fn spellings(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.value).chain(&self.aliases).map(String::as_str)
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Source {
    detection: Vec<DetectionType>,
}

/// All detection types.
pub fn all() -> &'static [DetectionType] {
    static ALL: OnceLock<Vec<DetectionType>> = OnceLock::new();
    // A file that does not parse is found by the tests below, so it never ships.
    ALL.get_or_init(|| toml::from_str::<Source>(SOURCE).unwrap_or_default().detection)
}

/// The type of this value or alias, whatever its case.
pub fn find(value: &str) -> Option<&'static DetectionType> {
    static BY_SPELLING: OnceLock<Vec<(&str, &DetectionType)>> = OnceLock::new();
    let by_spelling = BY_SPELLING.get_or_init(|| {
        let mut found: Vec<_> = all().iter().flat_map(|kind| kind.spellings().map(move |spelling| (spelling, kind))).collect();
        found.sort_by(|(a, _), (b, _)| cmp_ignore_case(a, b));
        found
    });
    // Sorted, not hashed: looking up takes no lowercase copy of the value, once per record.
    let position = by_spelling.binary_search_by(|(spelling, _)| cmp_ignore_case(spelling, value)).ok()?;
    by_spelling.get(position).map(|(_, kind)| *kind)
}

/// Whether this detection type is one of the families that Entra never remediates by itself.
pub fn is_token_theft(kind: &str) -> bool {
    static FAMILIES: OnceLock<Vec<&str>> = OnceLock::new();
    let families = FAMILIES.get_or_init(|| all().iter().filter(|kind| kind.token_theft).flat_map(DetectionType::spellings).collect());
    families.iter().any(|family| family.eq_ignore_ascii_case(kind))
}

/// The portal's name, or the value as it is (hostile text) where it is not known.
pub fn name(value: &str) -> &str {
    find(value).map_or(value, |kind| &kind.name)
}

fn cmp_ignore_case(a: &str, b: &str) -> Ordering {
    a.bytes().map(|byte| byte.to_ascii_lowercase()).cmp(b.bytes().map(|byte| byte.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_file_parses_and_no_spelling_stands_for_two_types() {
        let source: Source = toml::from_str(SOURCE).unwrap();
        let spellings: Vec<String> =
            source.detection.iter().flat_map(|kind| BTreeSet::from_iter(kind.spellings().map(str::to_ascii_lowercase))).collect();
        assert_eq!(BTreeSet::from_iter(&spellings).len(), spellings.len());
        assert!(source.detection.iter().all(|kind| ![&kind.name, &kind.meaning, &kind.check_first].iter().any(|text| text.is_empty())));
    }

    #[test]
    fn token_theft_is_the_five_families_and_the_legacy_value_of_one() {
        let families: Vec<&str> = all().iter().filter(|kind| kind.token_theft).map(|kind| kind.value.as_str()).collect();
        assert_eq!(
            families,
            [
                "investigationsThreatIntelligence",
                "investigationsThreatIntelligenceSigninLinked",
                "anomalousToken",
                "attackerinTheMiddle",
                "nationStateIP",
                "tokenIssuerAnomaly"
            ]
        );
        assert!(is_token_theft("ATTACKERINTHEMIDDLE") && is_token_theft("nationstateip"));
        assert!(!is_token_theft("attemptedPrtAccess") && !is_token_theft("") && !is_token_theft("anomalousTokens"));
    }

    #[test]
    fn every_type_of_the_reference_is_there() {
        let named = "anomalousToken attackerinTheMiddle tokenIssuerAnomaly investigationsThreatIntelligence nationStateIP \
            unfamiliarFeatures unlikelyTravel mcasImpossibleTravel impossibleTravel anonymizedIPAddress riskyIPAddress \
            maliciousIPAddress passwordSpray leakedCredentials suspiciousBrowser newCountry mcasFinSuspiciousFileAccess \
            suspiciousInboxForwarding mcasSuspiciousInboxManipulationRules suspiciousSendingPatterns anomalousUserActivity \
            suspiciousAPITraffic attemptedPrtAccess attemptedPRTAccess userReportedSuspiciousActivity \
            adminConfirmedUserCompromised generic malwareInfectedIPAddress suspiciousIPAddress \
            investigationsThreatIntelligenceSigninLinked maliciousIPAddressValidCredentialsBlockedIP suspiciousSignins \
            adminConfirmedServicePrincipalCompromised maliciousApplication suspiciousApplication \
            anomalousServicePrincipalActivity adminConfirmedAgentCompromised";
        let missing: Vec<&str> = named.split_whitespace().filter(|value| find(value).is_none()).collect();
        assert_eq!(missing, [""; 0]);
    }

    #[test]
    fn names_are_the_portals_and_an_unknown_value_names_itself() {
        assert_eq!(name("NATIONSTATEIP"), "Verified threat actor IP");
        assert_eq!(name("impossibleTravel"), "Impossible travel");
        assert_eq!(name("brandNewType"), "brandNewType");
        assert_eq!(find("unlikelyTravel").and_then(|kind| kind.weight), Some(5));
    }
}

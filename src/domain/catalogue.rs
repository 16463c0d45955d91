//! stub: the detection catalogue.

/// Whether this detection type is one of the families that Entra never remediates by itself.
pub fn is_token_theft(kind: &str) -> bool {
    ["anomalousToken", "tokenIssuerAnomaly"].contains(&kind)
}

/// One detection type.
#[derive(Debug, Clone, PartialEq, serde::Deserialize)]
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

/// All detection types.
pub fn all() -> &'static [DetectionType] {
    &[]
}

/// The type of this value or alias, whatever its case.
pub fn find(_value: &str) -> Option<&'static DetectionType> {
    None
}

/// The portal's name, or the value as it is (hostile text) where it is not known.
pub fn name(value: &str) -> &str {
    value
}

//! The types of Graph that lists are of: their properties, and which of them can be filtered by (`reference/graph.md` sections 1
//! and 3).

/// A type of records.
#[derive(Debug)]
pub(super) struct Schema {
    /// Its name in messages.
    pub(super) name: &'static str,
    /// All properties, in parts.
    properties: &'static [&'static [&'static str]],
    /// What can be filtered by, with nested properties as paths.
    filterable: &'static [(&'static str, Kind)],
    /// Whether `in` can be used.
    pub(super) takes_in: bool,
    /// Rows of a page that asks for no number.
    pub(super) page: usize,
    /// Most rows that can be asked for.
    pub(super) largest_page: usize,
    /// Whether `$orderby` by time can be asked for.
    pub(super) ordered_by: Option<&'static str>,
}

/// How a property can be filtered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Text, by equality.
    Text,
    /// Text, by equality and by how it begins.
    Start,
    /// A member of an enum.
    Enum,
    Time,
    Number,
    Flag,
    /// A list that `any` looks into.
    AnyOf,
}

impl Kind {
    pub(super) fn is_ordered(self) -> bool {
        matches!(self, Kind::Time)
    }

    pub(super) fn edm(self) -> &'static str {
        match self {
            Kind::Text | Kind::Start => "Edm.String",
            Kind::Enum => "an enum member",
            Kind::Time => "Edm.DateTimeOffset",
            Kind::Number => "Edm.Int32",
            Kind::Flag => "Edm.Boolean",
            Kind::AnyOf => "a collection",
        }
    }
}

impl Schema {
    /// Whether there is such a property.
    pub(super) fn has(&self, property: &str) -> bool {
        self.properties.iter().any(|part| part.contains(&property))
    }

    /// Whether the properties are known at all.
    pub(super) fn is_open(&self) -> bool {
        self.properties.is_empty()
    }

    /// How this property can be filtered by; else says what Graph would say.
    pub(super) fn filterable(&self, property: &str) -> Result<Kind, String> {
        if let Some((_, kind)) = self.filterable.iter().find(|(name, _)| *name == property) {
            return Ok(*kind);
        }
        let first = property.split('/').next().unwrap_or(property);
        if self.has(first) {
            return Err(format!("The property '{property}' cannot be used in the query option $filter."));
        }
        Err(self.unknown(property))
    }

    /// What Graph says of a property that there is not.
    pub(super) fn unknown(&self, property: &str) -> String {
        format!("Could not find a property named '{property}' on type 'microsoft.graph.{}'.", self.name)
    }
}

const fn risk(
    name: &'static str,
    properties: &'static [&'static [&'static str]],
    filterable: &'static [(&'static str, Kind)],
    page: usize,
) -> Schema {
    Schema { name, properties, filterable, takes_in: false, page, largest_page: 500, ordered_by: None }
}

const fn directory(
    name: &'static str,
    properties: &'static [&'static [&'static str]],
    filterable: &'static [(&'static str, Kind)],
) -> Schema {
    Schema { name, properties, filterable, takes_in: true, page: 100, largest_page: 999, ordered_by: None }
}

pub(super) static RISKY_USER: Schema = risk(
    "riskyUser",
    &[&[
        "id",
        "isDeleted",
        "isProcessing",
        "riskDetail",
        "riskLastUpdatedDateTime",
        "riskLevel",
        "riskState",
        "userDisplayName",
        "userPrincipalName",
    ]],
    &[
        ("riskState", Kind::Enum),
        ("riskLevel", Kind::Enum),
        ("riskDetail", Kind::Enum),
        ("userPrincipalName", Kind::Text),
        ("userDisplayName", Kind::Text),
        ("riskLastUpdatedDateTime", Kind::Time),
    ],
    100,
);

pub(super) static HISTORY: Schema = risk(
    "riskyUserHistoryItem",
    &[&[
        "id",
        "isDeleted",
        "isProcessing",
        "riskDetail",
        "riskLastUpdatedDateTime",
        "riskLevel",
        "riskState",
        "userDisplayName",
        "userPrincipalName",
        "userId",
        "initiatedBy",
        "activity",
    ]],
    &[],
    500,
);

pub(super) static RISK_DETECTION: Schema = risk(
    "riskDetection",
    &[&[
        "activity",
        "activityDateTime",
        "additionalInfo",
        "correlationId",
        "detectedDateTime",
        "detectionTimingType",
        "id",
        "ipAddress",
        "lastUpdatedDateTime",
        "location",
        "mitreTechniqueId",
        "requestId",
        "riskDetail",
        "riskEventType",
        "riskLevel",
        "riskState",
        "riskType",
        "source",
        "tokenIssuerType",
        "userDisplayName",
        "userId",
        "userPrincipalName",
    ]],
    &[
        ("detectedDateTime", Kind::Time),
        ("activityDateTime", Kind::Time),
        ("lastUpdatedDateTime", Kind::Time),
        ("userId", Kind::Text),
        ("userPrincipalName", Kind::Text),
        ("riskLevel", Kind::Enum),
        ("riskState", Kind::Enum),
        ("riskEventType", Kind::Text),
    ],
    20,
);

pub(super) static RISKY_SERVICE_PRINCIPAL: Schema = risk(
    "riskyServicePrincipal",
    &[&[
        "id",
        "appId",
        "displayName",
        "isEnabled",
        "isProcessing",
        "riskDetail",
        "riskLastUpdatedDateTime",
        "riskLevel",
        "riskState",
        "servicePrincipalType",
    ]],
    &[("riskState", Kind::Enum), ("riskLevel", Kind::Enum), ("riskLastUpdatedDateTime", Kind::Time)],
    100,
);

pub(super) static SERVICE_PRINCIPAL_DETECTION: Schema = risk(
    "servicePrincipalRiskDetection",
    &[&[
        "id",
        "appId",
        "servicePrincipalId",
        "riskEventType",
        "riskState",
        "riskLevel",
        "riskDetail",
        "detectedDateTime",
        "lastUpdatedDateTime",
    ]],
    &[
        ("detectedDateTime", Kind::Time),
        ("activityDateTime", Kind::Time),
        ("lastUpdatedDateTime", Kind::Time),
        ("riskLevel", Kind::Enum),
        ("riskState", Kind::Enum),
        ("servicePrincipalId", Kind::Text),
        ("riskEventType", Kind::Text),
    ],
    20,
);

pub(super) static RISKY_AGENT: Schema = risk(
    "riskyAgent",
    &[&["id", "agentDisplayName", "blueprintId", "identityType", "riskDetail", "riskLastModifiedDateTime", "riskLevel", "riskState"]],
    &[("riskState", Kind::Enum), ("riskLevel", Kind::Enum), ("riskLastModifiedDateTime", Kind::Time)],
    100,
);

/// Properties of a sign-in in both versions.
const SIGN_IN_COMMON: &[&str] = &[
    "id",
    "createdDateTime",
    "userId",
    "userDisplayName",
    "userPrincipalName",
    "appId",
    "appDisplayName",
    "appliedConditionalAccessPolicies",
    "authenticationAppDeviceDetails",
    "clientAppUsed",
    "conditionalAccessStatus",
    "correlationId",
    "deviceDetail",
    "homeTenantId",
    "ipAddress",
    "isInteractive",
    "location",
    "resourceDisplayName",
    "resourceId",
    "resourceTenantId",
    "riskDetail",
    "riskEventTypes_v2",
    "riskLevelAggregated",
    "riskLevelDuringSignIn",
    "riskState",
    "servicePrincipalId",
    "servicePrincipalName",
    "status",
    "userAgent",
];

/// Properties of a sign-in in beta only (`reference/graph.md` section 1.6).
const SIGN_IN_BETA_ONLY: &[&str] = &[
    "authenticationDetails",
    "authenticationProtocol",
    "authenticationRequirement",
    "autonomousSystemNumber",
    "clientCredentialType",
    "crossTenantAccessType",
    "flaggedForReview",
    "incomingTokenType",
    "ipAddressFromResourceProvider",
    "networkLocationDetails",
    "originalRequestId",
    "originalTransferMethod",
    "sessionId",
    "signInEventTypes",
    "signInIdentifier",
    "signInTokenProtectionStatus",
    "tokenIssuerName",
    "tokenIssuerType",
    "uniqueTokenIdentifier",
    "userType",
];

const SIGN_IN_FILTERS: &[(&str, Kind)] = &[
    ("createdDateTime", Kind::Time),
    ("id", Kind::Text),
    ("userId", Kind::Text),
    ("appId", Kind::Text),
    ("correlationId", Kind::Text),
    ("clientAppUsed", Kind::Text),
    ("conditionalAccessStatus", Kind::Enum),
    ("resourceId", Kind::Text),
    ("resourceDisplayName", Kind::Text),
    ("riskDetail", Kind::Enum),
    ("riskState", Kind::Enum),
    ("riskLevelDuringSignIn", Kind::Enum),
    ("riskLevelAggregated", Kind::Enum),
    ("status/errorCode", Kind::Number),
    ("userPrincipalName", Kind::Start),
    ("userDisplayName", Kind::Start),
    ("appDisplayName", Kind::Start),
    ("ipAddress", Kind::Start),
    ("location/city", Kind::Start),
    ("location/state", Kind::Start),
    ("location/countryOrRegion", Kind::Start),
    ("deviceDetail/browser", Kind::Start),
    ("deviceDetail/operatingSystem", Kind::Start),
    ("riskEventTypes_v2", Kind::Start),
    ("userAgent", Kind::Start),
    ("signInEventTypes", Kind::AnyOf),
];

const fn sign_in(properties: &'static [&'static [&'static str]], filterable: &'static [(&'static str, Kind)]) -> Schema {
    Schema { name: "signIn", properties, filterable, takes_in: false, page: 1000, largest_page: 1000, ordered_by: Some("createdDateTime") }
}

pub(super) static SIGN_IN: Schema = sign_in(&[SIGN_IN_COMMON, &["riskEventTypes"]], SIGN_IN_FILTERS.split_at(SIGN_IN_FILTERS.len() - 1).0);
pub(super) static SIGN_IN_BETA: Schema = sign_in(&[SIGN_IN_COMMON, SIGN_IN_BETA_ONLY], SIGN_IN_FILTERS);

pub(super) static USER: Schema = directory(
    "user",
    &[&[
        "id",
        "accountEnabled",
        "businessPhones",
        "createdDateTime",
        "deletedDateTime",
        "displayName",
        "givenName",
        "jobTitle",
        "lastPasswordChangeDateTime",
        "mail",
        "mobilePhone",
        "officeLocation",
        "onPremisesSyncEnabled",
        "passwordProfile",
        "preferredLanguage",
        "signInSessionsValidFromDateTime",
        "surname",
        "userPrincipalName",
        "userType",
    ]],
    &[
        ("id", Kind::Text),
        ("userPrincipalName", Kind::Start),
        ("displayName", Kind::Start),
        ("accountEnabled", Kind::Flag),
        ("userType", Kind::Text),
    ],
);

pub(super) static DEVICE: Schema = directory(
    "device",
    &[&[
        "id",
        "accountEnabled",
        "approximateLastSignInDateTime",
        "deviceId",
        "displayName",
        "isCompliant",
        "isManaged",
        "operatingSystem",
        "trustType",
    ]],
    &[],
);

pub(super) static REGISTRATION: Schema = directory(
    "userRegistrationDetails",
    &[&[
        "id",
        "isAdmin",
        "isMfaCapable",
        "isMfaRegistered",
        "isPasswordlessCapable",
        "isSsprCapable",
        "isSsprEnabled",
        "isSsprRegistered",
        "isSystemPreferredAuthenticationMethodEnabled",
        "lastUpdatedDateTime",
        "methodsRegistered",
        "systemPreferredAuthenticationMethods",
        "userDisplayName",
        "userPreferredMethodForSecondaryAuthentication",
        "userPrincipalName",
        "userType",
    ]],
    &[
        ("id", Kind::Text),
        ("userPrincipalName", Kind::Start),
        ("isAdmin", Kind::Flag),
        ("isMfaRegistered", Kind::Flag),
        ("isSsprRegistered", Kind::Flag),
        ("userType", Kind::Enum),
    ],
);

/// Lists that are answered whole: organization, licences, policies, locations, methods.
pub(super) static WHOLE: Schema = directory("entity", &[], &[]);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_filtered_by_is_a_property() {
        for schema in [&RISKY_USER, &RISK_DETECTION, &SIGN_IN, &SIGN_IN_BETA, &USER, &REGISTRATION] {
            for (name, _) in schema.filterable {
                let first = name.split('/').next().unwrap();
                assert!(schema.has(first), "{name} of {}", schema.name);
            }
        }
    }
}

//! The records of Microsoft Graph that risk work needs (`reference/graph.md` section 1), typed.
//!
//! Names are Graph's. A property that was not read is `None`, never a default (invariant 6), and
//! properties without a field here are kept in [`Extra`]. All text is as received and hostile: it
//! reaches a screen, a log or a CSV only through [`super::text`].

use serde::{Deserialize, Serialize};

use super::policy::{IpLocation, Policy};
use super::risk::{
    ActivityType, ConditionalAccessStatus, DetectionTiming, IncomingTokenType, RiskDetail, RiskLevel, RiskState, TokenIssuerType,
};
use super::tenant_text::TenantText;
use super::time::Timestamp;

macro_rules! id {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(TenantText);

        impl $name {
            /// The id as Graph spells it.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                $name(text.into())
            }
        }

        impl From<TenantText> for $name {
            fn from(text: TenantText) -> Self {
                $name(text)
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                $name(text.into())
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(&self.0, f)
            }
        }
    };
}

id! {
    /// The object id of a user.
    UserId
}
id! {
    /// The id of a sign-in, which is its request id: what sign-in actions take.
    SignInId
}
id! {
    /// The id of a risk detection (64 hexadecimal characters in practice, not a GUID).
    DetectionId
}

/// The properties of a record that have no field of their own: the text of one JSON object.
///
/// Text, because compact formats cannot hold free-form JSON; only `wire` looks inside.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Extra(pub Option<TenantText>);

/// `riskyUser`: the risk of one account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RiskyUser {
    /// The object id of the user.
    pub id: UserId,
    /// Sign-in name.
    pub user_principal_name: Option<TenantText>,
    /// Name for people.
    pub user_display_name: Option<TenantText>,
    /// Probability of compromise.
    pub risk_level: Option<RiskLevel>,
    /// Where the risk stands.
    pub risk_state: Option<RiskState>,
    /// What brought it there.
    pub risk_detail: Option<RiskDetail>,
    /// When the risk last changed.
    pub risk_last_updated_date_time: Option<Timestamp>,
    /// Whether the account is deleted. Graph answers `false` for deleted accounts at times; see
    /// `reference/graph.md` section 2.
    pub is_deleted: Option<bool>,
    /// Whether the service is still applying a change.
    pub is_processing: Option<bool>,
    /// Everything else that was received.
    pub extra: Extra,
}

impl RiskyUser {
    /// A user of whom only the id is known.
    pub fn unknown(id: UserId) -> Self {
        RiskyUser {
            id,
            user_principal_name: None,
            user_display_name: None,
            risk_level: None,
            risk_state: None,
            risk_detail: None,
            risk_last_updated_date_time: None,
            is_deleted: None,
            is_processing: None,
            extra: Extra::default(),
        }
    }

    /// The best name there is: display name, principal name, id. Hostile text.
    pub fn name(&self) -> &str {
        let named = |text: &'_ Option<TenantText>| text.as_deref().is_some_and(|text| !text.trim().is_empty());
        if named(&self.user_display_name) {
            self.user_display_name.as_deref().unwrap_or_default()
        } else if named(&self.user_principal_name) {
            self.user_principal_name.as_deref().unwrap_or_default()
        } else {
            self.id.as_str()
        }
    }

    /// Whether the state is an open risk; `None` where the state was not read.
    pub fn at_risk(&self) -> Option<bool> {
        self.risk_state.as_ref().map(RiskState::is_open)
    }
}

/// What the directory and its reports say of a user, outside Identity Protection.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Directory {
    /// Whether the account may sign in.
    pub account_enabled: Option<bool>,
    /// `Member` or `Guest`.
    pub user_type: Option<TenantText>,
    /// Whether the account is synchronised from on-premises (a hybrid user).
    pub on_premises_sync_enabled: Option<bool>,
    /// Whether the user holds an administrator role.
    pub is_admin: Option<bool>,
    /// Whether the user is registered for multifactor authentication.
    pub is_mfa_registered: Option<bool>,
    /// Whether the user is registered for self-service password reset.
    pub is_sspr_registered: Option<bool>,
    /// When the password was last changed.
    pub last_password_change_date_time: Option<Timestamp>,
    /// Tokens issued before this are invalid.
    pub sign_in_sessions_valid_from_date_time: Option<Timestamp>,
    /// Whether the password must be changed at the next sign-in.
    pub password_change_required: Option<bool>,
}

/// `device`: a device that a user registered or owns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Device {
    /// Object id: what calls take.
    pub id: TenantText,
    /// Device id: what sign-ins name. Another one than the object id.
    pub device_id: Option<TenantText>,
    /// Name for people. Hostile text.
    pub display_name: Option<TenantText>,
    /// Operating system. Hostile text.
    pub operating_system: Option<TenantText>,
    /// Whether it may be used.
    pub account_enabled: Option<bool>,
}

impl Device {
    /// The best name there is. Hostile text.
    pub fn name(&self) -> &str {
        self.display_name.as_deref().filter(|name| !name.trim().is_empty()).unwrap_or(&self.id)
    }
}

/// `authenticationMethod`: one way in which a user can prove who they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuthenticationMethod {
    /// Its id.
    pub id: TenantText,
    /// What it is, such as `phoneAuthenticationMethod` (an open set).
    pub kind: TenantText,
    /// Name for people, where it has one. Hostile text.
    pub display_name: Option<TenantText>,
    /// When it was registered; `None` for kinds of which Graph does not tell.
    pub created_date_time: Option<Timestamp>,
}

/// `riskyUserHistoryItem`: one earlier (or the present) state of a risky user.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RiskyUserHistoryItem {
    /// Not a key across users: the user's id, with a suffix for all but the present item.
    pub id: TenantText,
    /// The user.
    pub user_id: UserId,
    /// Sign-in name.
    pub user_principal_name: Option<TenantText>,
    /// Name for people.
    pub user_display_name: Option<TenantText>,
    /// Level after the change.
    pub risk_level: Option<RiskLevel>,
    /// State after the change.
    pub risk_state: Option<RiskState>,
    /// What made the change.
    pub risk_detail: Option<RiskDetail>,
    /// When the change was made.
    pub risk_last_updated_date_time: Option<Timestamp>,
    /// Object id of who made the change; `None` for the system.
    pub initiated_by: Option<TenantText>,
    /// Detection types that led to the change.
    pub risk_event_types: Vec<TenantText>,
    /// Everything else that was received.
    pub extra: Extra,
}

/// `signInLocation`: where an address is believed to be.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Location {
    /// City.
    pub city: Option<TenantText>,
    /// State or province.
    pub state: Option<TenantText>,
    /// Two-letter country code.
    pub country_or_region: Option<TenantText>,
    /// Where on the globe.
    pub geo_coordinates: Option<GeoCoordinates>,
}

impl Location {
    /// "Lagos, NG": the city (or state) and the country, as far as known. Hostile text.
    pub fn short(&self) -> Option<String> {
        fn present(text: &Option<TenantText>) -> Option<&str> {
            text.as_deref().filter(|text| !text.is_empty())
        }
        let place = present(&self.city).or_else(|| present(&self.state));
        match (place, present(&self.country_or_region)) {
            (Some(place), Some(country)) => Some(format!("{place}, {country}")),
            (place, country) => place.or(country).map(str::to_owned),
        }
    }
}

/// A point on the globe, in degrees.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct GeoCoordinates {
    /// North is positive.
    pub latitude: f64,
    /// East is positive.
    pub longitude: f64,
}

/// `riskDetection`: one reason why a user or sign-in is risky.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RiskDetection {
    /// Id of the detection.
    pub id: DetectionId,
    /// Whom it concerns.
    pub user_id: UserId,
    /// Sign-in name.
    pub user_principal_name: Option<TenantText>,
    /// Name for people.
    pub user_display_name: Option<TenantText>,
    /// The type, an open set: see [`super::catalogue`].
    pub risk_event_type: Option<TenantText>,
    /// Level of this detection (may differ from the user's).
    pub risk_level: Option<RiskLevel>,
    /// Where the risk stands.
    pub risk_state: Option<RiskState>,
    /// What brought it there.
    pub risk_detail: Option<RiskDetail>,
    /// When it was detected, relative to the sign-in.
    pub detection_timing_type: Option<DetectionTiming>,
    /// Whether it is about a sign-in or about the user.
    pub activity: Option<ActivityType>,
    /// Who issued the token.
    pub token_issuer_type: Option<TokenIssuerType>,
    /// Address of the risky activity.
    pub ip_address: Option<TenantText>,
    /// Place of the risky activity.
    pub location: Option<Location>,
    /// The sign-in's id; `None` for a detection that is not linked to a sign-in.
    pub request_id: Option<SignInId>,
    /// The sign-in's correlation id.
    pub correlation_id: Option<TenantText>,
    /// When the activity took place.
    pub activity_date_time: Option<Timestamp>,
    /// When the detection was made.
    pub detected_date_time: Option<Timestamp>,
    /// When the record last changed.
    pub last_updated_date_time: Option<Timestamp>,
    /// Product that detected it.
    pub source: Option<TenantText>,
    /// MITRE ATT&CK technique (beta).
    pub mitre_technique_id: Option<TenantText>,
    /// More, as a string that holds a JSON array of `{"Key","Value"}`; see `wire::additional_info`.
    pub additional_info: Option<TenantText>,
    /// Everything else that was received.
    pub extra: Extra,
}

impl RiskDetection {
    /// When it happened: the detection's time, else the activity's, else the last change.
    pub fn at(&self) -> Option<Timestamp> {
        self.detected_date_time.or(self.activity_date_time).or(self.last_updated_date_time)
    }

    /// Whether it is still an open risk. A state that was not read counts as open: safer to look.
    pub fn is_open(&self) -> bool {
        self.risk_state.as_ref().is_none_or(RiskState::is_open)
    }
}

/// `signInStatus`: how a sign-in ended.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SignInStatus {
    /// 0 is success; others are AADSTS codes.
    pub error_code: Option<i64>,
    /// Reason in words.
    pub failure_reason: Option<TenantText>,
    /// More words.
    pub additional_details: Option<TenantText>,
}

/// `deviceDetail`: the device of a sign-in.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeviceDetail {
    /// Device id; empty for an unregistered device.
    pub device_id: Option<TenantText>,
    /// Name for people.
    pub display_name: Option<TenantText>,
    /// Operating system.
    pub operating_system: Option<TenantText>,
    /// Browser.
    pub browser: Option<TenantText>,
    /// Whether the device meets its compliance policy.
    pub is_compliant: Option<bool>,
    /// Whether the device is managed.
    pub is_managed: Option<bool>,
    /// How the device is joined.
    pub trust_type: Option<TenantText>,
}

/// `appliedConditionalAccessPolicy`: one policy as applied to a sign-in.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AppliedPolicy {
    /// Id of the policy.
    pub id: Option<TenantText>,
    /// Name of the policy.
    pub display_name: Option<TenantText>,
    /// Outcome: `success`, `failure`, `notApplied`, … (an open set).
    pub result: Option<TenantText>,
    /// Controls it enforced, such as `Mfa` or `Block`.
    pub enforced_grant_controls: Vec<TenantText>,
}

/// `signIn`: one sign-in. The session and token fields are on Graph's beta records only.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SignIn {
    /// The request id.
    pub id: SignInId,
    /// Who signed in.
    pub user_id: UserId,
    /// Sign-in name.
    pub user_principal_name: Option<TenantText>,
    /// Name for people.
    pub user_display_name: Option<TenantText>,
    /// When.
    pub created_date_time: Option<Timestamp>,
    /// Correlation id of the sign-in.
    pub correlation_id: Option<TenantText>,
    /// Application.
    pub app_id: Option<TenantText>,
    /// Name of the application.
    pub app_display_name: Option<TenantText>,
    /// Resource signed in to.
    pub resource_id: Option<TenantText>,
    /// Name of the resource.
    pub resource_display_name: Option<TenantText>,
    /// Kind of client: `Browser`, `Mobile Apps and Desktop clients`, a legacy protocol, …
    pub client_app_used: Option<TenantText>,
    /// User agent as sent by the client.
    pub user_agent: Option<TenantText>,
    /// Device.
    pub device_detail: Option<DeviceDetail>,
    /// Address.
    pub ip_address: Option<TenantText>,
    /// Address as the resource saw it (beta).
    pub ip_address_from_resource_provider: Option<TenantText>,
    /// Number of the autonomous system (beta).
    pub autonomous_system_number: Option<i64>,
    /// Place.
    pub location: Option<Location>,
    /// Whether a person was at the keyboard.
    pub is_interactive: Option<bool>,
    /// `interactiveUser`, `nonInteractiveUser`, … (beta).
    pub sign_in_event_types: Vec<TenantText>,
    /// How it ended.
    pub status: Option<SignInStatus>,
    /// What Conditional Access made of it.
    pub conditional_access_status: Option<ConditionalAccessStatus>,
    /// The policies that were applied.
    pub applied_conditional_access_policies: Vec<AppliedPolicy>,
    /// `singleFactorAuthentication` or `multiFactorAuthentication` (beta).
    pub authentication_requirement: Option<TenantText>,
    /// Protocol, such as `oAuth2` or `ropc` (beta).
    pub authentication_protocol: Option<TenantText>,
    /// Risk when it was made.
    pub risk_level_during_sign_in: Option<RiskLevel>,
    /// Risk with what was learnt afterwards.
    pub risk_level_aggregated: Option<RiskLevel>,
    /// Where the risk stands.
    pub risk_state: Option<RiskState>,
    /// What brought it there.
    pub risk_detail: Option<RiskDetail>,
    /// Detection types (`riskEventTypes_v2`, an open set).
    #[serde(rename = "riskEventTypes_v2")]
    pub risk_event_types: Vec<TenantText>,
    /// Session (beta).
    pub session_id: Option<TenantText>,
    /// Token that was issued (beta).
    pub unique_token_identifier: Option<TenantText>,
    /// Token that was presented (beta).
    pub incoming_token_type: Option<IncomingTokenType>,
    /// Who issued the token (beta).
    pub token_issuer_type: Option<TokenIssuerType>,
    /// Name of the issuer, for federated sign-ins (beta).
    pub token_issuer_name: Option<TenantText>,
    /// First request of the sequence (beta).
    pub original_request_id: Option<TenantText>,
    /// How the session came to this device, such as `deviceCodeFlow` (beta).
    pub original_transfer_method: Option<TenantText>,
    /// Whether the token was bound to the device (beta).
    pub sign_in_token_protection_status: Option<TenantText>,
    /// `member` or `guest` (beta).
    pub user_type: Option<TenantText>,
    /// Whether the user flagged it for review (beta).
    pub flagged_for_review: Option<bool>,
    /// Home tenant of the user.
    pub home_tenant_id: Option<TenantText>,
    /// Kind of access across tenants (beta).
    pub cross_tenant_access_type: Option<TenantText>,
    /// Everything else that was received.
    pub extra: Extra,
}

impl SignIn {
    /// A sign-in of which only the ids are known.
    pub fn unknown(id: SignInId, user_id: UserId) -> Self {
        SignIn {
            id,
            user_id,
            user_principal_name: None,
            user_display_name: None,
            created_date_time: None,
            correlation_id: None,
            app_id: None,
            app_display_name: None,
            resource_id: None,
            resource_display_name: None,
            client_app_used: None,
            user_agent: None,
            device_detail: None,
            ip_address: None,
            ip_address_from_resource_provider: None,
            autonomous_system_number: None,
            location: None,
            is_interactive: None,
            sign_in_event_types: Vec::new(),
            status: None,
            conditional_access_status: None,
            applied_conditional_access_policies: Vec::new(),
            authentication_requirement: None,
            authentication_protocol: None,
            risk_level_during_sign_in: None,
            risk_level_aggregated: None,
            risk_state: None,
            risk_detail: None,
            risk_event_types: Vec::new(),
            session_id: None,
            unique_token_identifier: None,
            incoming_token_type: None,
            token_issuer_type: None,
            token_issuer_name: None,
            original_request_id: None,
            original_transfer_method: None,
            sign_in_token_protection_status: None,
            user_type: None,
            flagged_for_review: None,
            home_tenant_id: None,
            cross_tenant_access_type: None,
            extra: Extra::default(),
        }
    }

    /// The level to show: aggregated where the service gives one, else the level during sign-in.
    pub fn risk_level(&self) -> Option<&RiskLevel> {
        match &self.risk_level_aggregated {
            Some(RiskLevel::None | RiskLevel::Hidden) | None => {
                self.risk_level_during_sign_in.as_ref().or(self.risk_level_aggregated.as_ref())
            }
            level => level.as_ref(),
        }
    }

    /// Whether it did not go through; `None` where its result was not read.
    pub fn failed(&self) -> Option<bool> {
        self.status.as_ref()?.error_code.map(|code| code != 0)
    }

    /// Whether the sign-in is an open risk; `None` where the state was not read.
    pub fn at_risk(&self) -> Option<bool> {
        self.risk_state.as_ref().map(RiskState::is_open)
    }

    /// Whether it is a risky sign-in as the portal lists them: any risk state but `none`.
    pub fn is_risky(&self) -> bool {
        self.risk_state.as_ref().is_some_and(|state| *state != RiskState::None)
    }
}

/// Everything known of one user: the unit that is stored, planned on and refreshed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UserRecords {
    /// Risk of the account.
    pub user: RiskyUser,
    /// What the directory says.
    pub directory: Directory,
    /// Detections, newest first.
    pub detections: Vec<RiskDetection>,
    /// Sign-ins, newest first.
    pub sign_ins: Vec<SignIn>,
    /// Risk history, newest first.
    pub history: Vec<RiskyUserHistoryItem>,
    /// Devices; `None` where they were not read, which is done on demand.
    pub devices: Option<Vec<Device>>,
    /// Authentication methods; `None` where they were not read, which is done on demand.
    pub methods: Option<Vec<AuthenticationMethod>>,
}

impl UserRecords {
    /// A user of whom nothing but the id is known yet.
    pub fn unknown(id: UserId) -> Self {
        UserRecords {
            user: RiskyUser::unknown(id),
            directory: Directory::default(),
            detections: Vec::new(),
            sign_ins: Vec::new(),
            history: Vec::new(),
            devices: None,
            methods: None,
        }
    }

    /// The user's id.
    pub fn id(&self) -> &UserId {
        &self.user.id
    }

    /// The sign-in that a detection belongs to, where it was read.
    pub fn sign_in_of(&self, detection: &RiskDetection) -> Option<&SignIn> {
        let id = detection.request_id.as_ref()?;
        self.sign_ins.iter().find(|sign_in| sign_in.id == *id)
    }

    /// The sign-in with this id.
    pub fn sign_in(&self, id: &SignInId) -> Option<&SignIn> {
        self.sign_ins.iter().find(|sign_in| sign_in.id == *id)
    }

    /// Whether the risk has a past that the history, as it was read, does not tell up to now.
    pub fn history_is_behind(&self) -> bool {
        let newest = self.history.iter().filter_map(|item| item.risk_last_updated_date_time).max();
        let was_at_risk = self.user.risk_state.as_ref().is_some_and(|state| *state != RiskState::None);
        was_at_risk && newest.is_none_or(|newest| self.user.risk_last_updated_date_time.is_some_and(|changed| newest < changed))
    }

    /// Takes away times that stand for no time: what is read from now on holds none, but what was stored before may.
    pub fn forget_untold_times(&mut self) {
        fn told(at: &mut Option<Timestamp>) {
            *at = at.and_then(Timestamp::told);
        }
        told(&mut self.user.risk_last_updated_date_time);
        told(&mut self.directory.last_password_change_date_time);
        told(&mut self.directory.sign_in_sessions_valid_from_date_time);
        for detection in &mut self.detections {
            told(&mut detection.activity_date_time);
            told(&mut detection.detected_date_time);
            told(&mut detection.last_updated_date_time);
        }
        self.sign_ins.iter_mut().for_each(|sign_in| told(&mut sign_in.created_date_time));
        self.history.iter_mut().for_each(|item| told(&mut item.risk_last_updated_date_time));
        self.methods.iter_mut().flatten().for_each(|method| told(&mut method.created_date_time));
    }

    /// Brings the lists into their order: newest first, then by id.
    pub fn sort(&mut self) {
        self.detections.sort_by(|a, b| b.at().cmp(&a.at()).then_with(|| a.id.cmp(&b.id)));
        self.sign_ins.sort_by(|a, b| b.created_date_time.cmp(&a.created_date_time).then_with(|| a.id.cmp(&b.id)));
        self.history.sort_by(|a, b| b.risk_last_updated_date_time.cmp(&a.risk_last_updated_date_time).then_with(|| a.id.cmp(&b.id)));
    }
}

/// One record as a source delivers it, before it is filed under its user.
#[derive(Debug, Clone, PartialEq)]
pub enum Record {
    /// A risky user.
    User(RiskyUser),
    /// What the directory says of a user.
    Directory(UserId, Directory),
    /// A history item.
    History(RiskyUserHistoryItem),
    /// A detection.
    Detection(RiskDetection),
    /// A sign-in.
    SignIn(Box<SignIn>),
    /// All devices of a user.
    Devices(UserId, Vec<Device>),
    /// All authentication methods of a user.
    Methods(UserId, Vec<AuthenticationMethod>),
    /// All Conditional Access policies of the tenant.
    Policies(Vec<Policy>),
    /// All named locations of the tenant.
    Locations(Vec<IpLocation>),
}

impl Record {
    /// A record that says no more than whether a user is deleted.
    pub fn presence(id: UserId, is_deleted: bool) -> Self {
        Record::User(RiskyUser { is_deleted: Some(is_deleted), ..RiskyUser::unknown(id) })
    }

    /// The user that the record belongs to; `None` for what is the tenant's.
    pub fn user_id(&self) -> Option<&UserId> {
        match self {
            Record::User(user) => Some(&user.id),
            Record::Directory(id, _) | Record::Devices(id, _) | Record::Methods(id, _) => Some(id),
            Record::History(item) => Some(&item.user_id),
            Record::Detection(detection) => Some(&detection.user_id),
            Record::SignIn(sign_in) => Some(&sign_in.user_id),
            Record::Policies(_) | Record::Locations(_) => None,
        }
    }
}

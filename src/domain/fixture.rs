//! Small records for tests of every layer.

use super::records::{Directory, RiskDetection, SignIn, SignInStatus, UserId, UserRecords};
use super::risk::{ActivityType, DetectionTiming, RiskDetail, RiskLevel, RiskState};
use super::time::Timestamp;

/// The moment at which tests take place.
pub fn now() -> Timestamp {
    Timestamp(chrono::DateTime::from_timestamp(1_795_356_300, 0).unwrap_or_default())
}

/// A member at medium risk with one open detection of this type (`{id}-d1`) on one sign-in (`{id}-s1`),
/// an hour old.
pub fn risky_user(id: &str, detection_type: &str) -> UserRecords {
    let at = Timestamp(now().0 - chrono::TimeDelta::hours(1));
    let user_id = UserId::from(id);
    let principal_name = format!("{id}@contoso.test");
    let mut records = UserRecords::unknown(user_id.clone());
    let user = &mut records.user;
    user.user_principal_name = Some(principal_name.clone().into());
    user.user_display_name = Some(format!("User {id}").into());
    user.risk_level = Some(RiskLevel::Medium);
    user.risk_state = Some(RiskState::AtRisk);
    user.risk_detail = Some(RiskDetail::None);
    user.risk_last_updated_date_time = Some(at);
    user.is_deleted = Some(false);
    user.is_processing = Some(false);
    records.directory = Directory {
        account_enabled: Some(true),
        user_type: Some("Member".into()),
        on_premises_sync_enabled: Some(false),
        is_admin: Some(false),
        is_mfa_registered: Some(true),
        is_sspr_registered: Some(true),
        ..Directory::default()
    };
    let mut sign_in = SignIn::unknown(format!("{id}-s1").into(), user_id.clone());
    sign_in.created_date_time = Some(at);
    sign_in.ip_address = Some("203.0.113.7".into());
    sign_in.correlation_id = Some(format!("{id}-c1").into());
    sign_in.session_id = Some(format!("{id}-session").into());
    sign_in.client_app_used = Some("Browser".into());
    sign_in.status = Some(SignInStatus { error_code: Some(0), failure_reason: Some("Other.".into()), additional_details: None });
    sign_in.risk_level_during_sign_in = Some(RiskLevel::Medium);
    sign_in.risk_level_aggregated = Some(RiskLevel::Medium);
    sign_in.risk_state = Some(RiskState::AtRisk);
    sign_in.risk_event_types = vec![detection_type.into()];
    records.detections.push(RiskDetection {
        id: format!("{id}-d1").into(),
        user_id,
        user_principal_name: Some(principal_name.into()),
        user_display_name: Some(format!("User {id}").into()),
        risk_event_type: Some(detection_type.into()),
        risk_level: Some(RiskLevel::Medium),
        risk_state: Some(RiskState::AtRisk),
        risk_detail: Some(RiskDetail::None),
        detection_timing_type: Some(DetectionTiming::Realtime),
        activity: Some(ActivityType::Signin),
        token_issuer_type: None,
        ip_address: Some("203.0.113.7".into()),
        location: None,
        request_id: Some(sign_in.id.clone()),
        correlation_id: sign_in.correlation_id.clone(),
        activity_date_time: Some(at),
        detected_date_time: Some(at),
        last_updated_date_time: Some(at),
        source: Some("IdentityProtection".into()),
        mitre_technique_id: None,
        additional_info: None,
        extra: Default::default(),
    });
    records.sign_ins.push(sign_in);
    records
}

/// A sign-in without risk, two hours old, that went through (`{id}-everyday`).
pub fn everyday_sign_in(records: &mut UserRecords) {
    let mut sign_in = SignIn::unknown(format!("{}-everyday", records.id()).into(), records.id().clone());
    sign_in.created_date_time = Some(Timestamp(now().0 - chrono::TimeDelta::hours(2)));
    sign_in.ip_address = Some("198.51.100.20".into());
    sign_in.status = Some(SignInStatus { error_code: Some(0), failure_reason: Some("Other.".into()), additional_details: None });
    sign_in.risk_state = Some(RiskState::None);
    records.sign_ins.push(sign_in);
}

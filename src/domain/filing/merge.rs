//! How two records of the same thing become one: newer beats older, and what was not read never replaces what was.

use super::Filed;
use crate::domain::records::{
    DeviceDetail, Directory, Extra, Location, RiskDetection, RiskyUser, RiskyUserHistoryItem, SignIn, SignInStatus,
};
use crate::domain::risk::RiskState;
use crate::domain::tenant_text::TenantText;
use crate::domain::time::Timestamp;

/// Whether the second is older than the first. Unknown is neither.
fn is_older(held: Option<Timestamp>, given: Option<Timestamp>) -> bool {
    matches!((held, given), (Some(held), Some(given)) if given < held)
}

/// Whether the first is an older state of the same risk, where no time of change tells: what somebody decided does not go back to
/// being undecided, so an export that still says so is the older one.
fn was_before(given: Option<&RiskState>, held: Option<&RiskState>) -> bool {
    let undecided = matches!(given, Some(RiskState::None | RiskState::AtRisk));
    let decided =
        matches!(held, Some(RiskState::Dismissed | RiskState::Remediated | RiskState::ConfirmedSafe | RiskState::ConfirmedCompromised));
    undecided && decided
}

/// What was read replaces what is held.
fn replace<T>(held: &mut Option<T>, given: Option<T>) {
    if given.is_some() {
        *held = given;
    }
}

/// As [`replace`] for text, where empty text says less than other text.
fn replace_text(held: &mut Option<TenantText>, given: Option<TenantText>) {
    if given.as_ref().is_some_and(|given| !given.is_empty() || held.is_none()) {
        *held = given;
    }
}

/// What was read fills what is not known yet.
fn fill<T>(held: &mut Option<T>, given: Option<T>) {
    if held.is_none() {
        *held = given;
    }
}

fn replace_list<T>(held: &mut Vec<T>, given: Vec<T>) {
    if !given.is_empty() {
        *held = given;
    }
}

/// Unites two sets of unnamed properties; of one that both have, the one in `given` counts.
fn unite(held: &mut Extra, given: Extra) {
    let Some(given_text) = &given.0 else { return };
    let Some(held_text) = &held.0 else {
        *held = given;
        return;
    };
    if held_text == given_text {
        return;
    }
    type Properties = serde_json::Map<String, serde_json::Value>;
    let (Ok(mut united), Ok(more)) = (serde_json::from_str::<Properties>(held_text), serde_json::from_str::<Properties>(given_text)) else {
        *held = given;
        return;
    };
    united.extend(more);
    *held = Extra(Some(serde_json::Value::Object(united).to_string().into()));
}

fn unite_older(held: &mut Extra, mut given: Extra) {
    std::mem::swap(held, &mut given);
    unite(held, given);
}

pub(super) fn file_user(held: &mut RiskyUser, given: RiskyUser) -> Filed {
    let before = held.clone();
    let risk_known =
        |user: &RiskyUser| user.risk_state.is_some() || user.risk_level.is_some() || user.risk_last_updated_date_time.is_some();
    let was_known = risk_known(held);
    let newer = held.risk_last_updated_date_time.is_some() && held.risk_last_updated_date_time < given.risk_last_updated_date_time;
    if is_older(held.risk_last_updated_date_time, given.risk_last_updated_date_time)
        || (!newer && was_before(given.risk_state.as_ref(), held.risk_state.as_ref()))
    {
        fill(&mut held.user_principal_name, given.user_principal_name);
        fill(&mut held.user_display_name, given.user_display_name);
        unite_older(&mut held.extra, given.extra);
    } else {
        replace(&mut held.user_principal_name, given.user_principal_name);
        replace(&mut held.user_display_name, given.user_display_name);
        replace(&mut held.risk_level, given.risk_level);
        replace(&mut held.risk_state, given.risk_state);
        replace(&mut held.risk_detail, given.risk_detail);
        replace(&mut held.risk_last_updated_date_time, given.risk_last_updated_date_time);
        replace(&mut held.is_deleted, given.is_deleted);
        replace(&mut held.is_processing, given.is_processing);
        unite(&mut held.extra, given.extra);
    }
    match *held == before {
        true => Filed::Unchanged,
        false if was_known => Filed::Updated,
        false => Filed::New,
    }
}

pub(super) fn file_directory(held: &mut Directory, given: Directory) -> Filed {
    let before = held.clone();
    replace(&mut held.account_enabled, given.account_enabled);
    replace(&mut held.user_type, given.user_type);
    replace(&mut held.on_premises_sync_enabled, given.on_premises_sync_enabled);
    replace(&mut held.is_admin, given.is_admin);
    replace(&mut held.is_mfa_registered, given.is_mfa_registered);
    replace(&mut held.is_sspr_registered, given.is_sspr_registered);
    replace(&mut held.last_password_change_date_time, given.last_password_change_date_time);
    replace(&mut held.sign_in_sessions_valid_from_date_time, given.sign_in_sessions_valid_from_date_time);
    replace(&mut held.password_change_required, given.password_change_required);
    match *held == before {
        true => Filed::Unchanged,
        false if before == Directory::default() => Filed::New,
        false => Filed::Updated,
    }
}

pub(super) fn merge_detection(held: &mut RiskDetection, given: RiskDetection) {
    let newer = held.last_updated_date_time.is_some() && held.last_updated_date_time < given.last_updated_date_time;
    if is_older(held.last_updated_date_time, given.last_updated_date_time)
        || (!newer && was_before(given.risk_state.as_ref(), held.risk_state.as_ref()))
    {
        // What happened does not change; where the risk stands does.
        let mut older = given;
        older.risk_level = None;
        older.risk_state = None;
        older.risk_detail = None;
        let newer = std::mem::replace(held, older);
        overlay_detection(held, newer);
    } else {
        overlay_detection(held, given);
    }
}

fn overlay_detection(held: &mut RiskDetection, given: RiskDetection) {
    replace(&mut held.user_principal_name, given.user_principal_name);
    replace(&mut held.user_display_name, given.user_display_name);
    replace(&mut held.risk_event_type, given.risk_event_type);
    replace(&mut held.risk_level, given.risk_level);
    replace(&mut held.risk_state, given.risk_state);
    replace(&mut held.risk_detail, given.risk_detail);
    replace(&mut held.detection_timing_type, given.detection_timing_type);
    replace(&mut held.activity, given.activity);
    replace(&mut held.token_issuer_type, given.token_issuer_type);
    replace(&mut held.ip_address, given.ip_address);
    merge_location(&mut held.location, given.location);
    replace(&mut held.request_id, given.request_id);
    replace(&mut held.correlation_id, given.correlation_id);
    replace(&mut held.activity_date_time, given.activity_date_time);
    replace(&mut held.detected_date_time, given.detected_date_time);
    replace(&mut held.last_updated_date_time, given.last_updated_date_time);
    replace(&mut held.source, given.source);
    replace(&mut held.mitre_technique_id, given.mitre_technique_id);
    replace_text(&mut held.additional_info, given.additional_info);
    unite(&mut held.extra, given.extra);
}

pub(super) fn merge_history(held: &mut RiskyUserHistoryItem, given: RiskyUserHistoryItem) {
    replace(&mut held.user_principal_name, given.user_principal_name);
    replace(&mut held.user_display_name, given.user_display_name);
    replace(&mut held.risk_level, given.risk_level);
    replace(&mut held.risk_state, given.risk_state);
    replace(&mut held.risk_detail, given.risk_detail);
    replace(&mut held.initiated_by, given.initiated_by);
    replace_list(&mut held.risk_event_types, given.risk_event_types);
    unite(&mut held.extra, given.extra);
}

pub(super) fn merge_sign_in(held: &mut SignIn, mut given: SignIn) {
    // A sign-in carries no time of change.
    if was_before(given.risk_state.as_ref(), held.risk_state.as_ref()) {
        given.risk_level_aggregated = None;
        given.risk_state = None;
        given.risk_detail = None;
    }
    replace(&mut held.user_principal_name, given.user_principal_name);
    replace(&mut held.user_display_name, given.user_display_name);
    replace(&mut held.created_date_time, given.created_date_time);
    replace(&mut held.correlation_id, given.correlation_id);
    replace(&mut held.app_id, given.app_id);
    replace(&mut held.app_display_name, given.app_display_name);
    replace(&mut held.resource_id, given.resource_id);
    replace(&mut held.resource_display_name, given.resource_display_name);
    replace(&mut held.client_app_used, given.client_app_used);
    replace(&mut held.user_agent, given.user_agent);
    merge_device(&mut held.device_detail, given.device_detail);
    replace(&mut held.ip_address, given.ip_address);
    replace(&mut held.ip_address_from_resource_provider, given.ip_address_from_resource_provider);
    replace(&mut held.autonomous_system_number, given.autonomous_system_number);
    merge_location(&mut held.location, given.location);
    replace(&mut held.is_interactive, given.is_interactive);
    replace_list(&mut held.sign_in_event_types, given.sign_in_event_types);
    merge_status(&mut held.status, given.status);
    replace(&mut held.conditional_access_status, given.conditional_access_status);
    replace_list(&mut held.applied_conditional_access_policies, given.applied_conditional_access_policies);
    replace(&mut held.authentication_requirement, given.authentication_requirement);
    replace(&mut held.authentication_protocol, given.authentication_protocol);
    replace(&mut held.risk_level_during_sign_in, given.risk_level_during_sign_in);
    replace(&mut held.risk_level_aggregated, given.risk_level_aggregated);
    replace(&mut held.risk_state, given.risk_state);
    replace(&mut held.risk_detail, given.risk_detail);
    replace_list(&mut held.risk_event_types, given.risk_event_types);
    replace(&mut held.session_id, given.session_id);
    replace(&mut held.unique_token_identifier, given.unique_token_identifier);
    replace(&mut held.incoming_token_type, given.incoming_token_type);
    replace(&mut held.token_issuer_type, given.token_issuer_type);
    replace(&mut held.token_issuer_name, given.token_issuer_name);
    replace(&mut held.original_request_id, given.original_request_id);
    replace(&mut held.original_transfer_method, given.original_transfer_method);
    replace(&mut held.sign_in_token_protection_status, given.sign_in_token_protection_status);
    replace(&mut held.user_type, given.user_type);
    replace(&mut held.flagged_for_review, given.flagged_for_review);
    replace(&mut held.home_tenant_id, given.home_tenant_id);
    replace(&mut held.cross_tenant_access_type, given.cross_tenant_access_type);
    unite(&mut held.extra, given.extra);
}

fn merge_device(held: &mut Option<DeviceDetail>, given: Option<DeviceDetail>) {
    let Some(given) = given else { return };
    let held = held.get_or_insert_default();
    replace_text(&mut held.device_id, given.device_id);
    replace_text(&mut held.display_name, given.display_name);
    replace_text(&mut held.operating_system, given.operating_system);
    replace_text(&mut held.browser, given.browser);
    replace(&mut held.is_compliant, given.is_compliant);
    replace(&mut held.is_managed, given.is_managed);
    replace_text(&mut held.trust_type, given.trust_type);
}

fn merge_location(held: &mut Option<Location>, given: Option<Location>) {
    let Some(given) = given else { return };
    let held = held.get_or_insert_default();
    replace_text(&mut held.city, given.city);
    replace_text(&mut held.state, given.state);
    replace_text(&mut held.country_or_region, given.country_or_region);
    replace(&mut held.geo_coordinates, given.geo_coordinates);
}

fn merge_status(held: &mut Option<SignInStatus>, given: Option<SignInStatus>) {
    let Some(given) = given else { return };
    let held = held.get_or_insert_default();
    replace(&mut held.error_code, given.error_code);
    replace_text(&mut held.failure_reason, given.failure_reason);
    replace_text(&mut held.additional_details, given.additional_details);
}

//! What is done to an account that is no event of the transition table, and what it has: devices and authentication methods.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::ids::{IdKind, Ids};
use super::seed::history_item;
use crate::domain::records::{AuthenticationMethod, Device, DeviceDetail, RiskDetection, SignIn, UserRecords};
use crate::domain::risk::{RiskDetail, RiskLevel, RiskState};
use crate::domain::time::Timestamp;
use crate::domain::transition::Event;

/// The method by which every account has its password.
pub const PASSWORD_METHOD: &str = "28c10230-6103-485e-b985-444c60001490";
const PASSWORD_KIND: &str = "passwordAuthenticationMethod";
const APP_KIND: &str = "microsoftAuthenticatorAuthenticationMethod";

/// Something that is done to an account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "did", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum AccountDeed {
    /// It may sign in, or may not.
    Enabled {
        /// Whether it may.
        enabled: bool,
    },
    /// An administrator gave it a password, which must be changed.
    PasswordSet,
    /// The user has chosen a new password.
    PasswordChanged,
    /// The password must be changed at the next sign-in, or need not be.
    ChangeRequired {
        /// Whether it must.
        required: bool,
        /// Whether multifactor authentication comes first.
        with_mfa: bool,
    },
    /// Refresh tokens and session cookies ended.
    SessionsRevoked,
    /// Devices may be used, or may not.
    Devices {
        /// Their object ids.
        ids: Vec<String>,
        /// Whether they may.
        enabled: bool,
    },
    /// It was deleted.
    Deleted,
    /// It was restored.
    Restored,
    /// It was signed in to, and that was found risky.
    SignIn {
        /// The sign-in; `None` where the detection is about the user.
        sign_in: Option<Box<SignIn>>,
        /// The detection.
        detection: Box<RiskDetection>,
    },
}

/// Whether the event leaves the user with another password.
pub(super) fn changes_password(event: Event) -> bool {
    event == Event::GenerateTemporaryPassword || is_users_own_change(event)
}

/// Whether the user chose a new password, so that none need be asked for any more.
pub(super) fn is_users_own_change(event: Event) -> bool {
    matches!(event, Event::SelfServiceReset | Event::SecurePasswordChange | Event::OnPremisesPasswordChange)
}

/// Gives an account a new password, which ends its sessions.
pub(super) fn renew_password(records: &mut UserRecords, at: Timestamp) {
    records.directory.last_password_change_date_time = Some(at);
    records.directory.sign_in_sessions_valid_from_date_time = Some(at);
    for method in records.methods.iter_mut().flatten().filter(|method| method.kind == PASSWORD_KIND) {
        method.created_date_time = Some(at);
    }
}

/// Plays a deed on the account's records.
pub(super) fn play(deed: &AccountDeed, records: &mut UserRecords, at: Timestamp) {
    let directory = &mut records.directory;
    match deed {
        AccountDeed::Enabled { enabled } => directory.account_enabled = Some(*enabled),
        AccountDeed::PasswordSet => {
            directory.password_change_required = Some(true);
            renew_password(records, at);
        }
        AccountDeed::PasswordChanged => {
            directory.password_change_required = Some(false);
            renew_password(records, at);
        }
        AccountDeed::ChangeRequired { required, .. } => directory.password_change_required = Some(*required),
        AccountDeed::SessionsRevoked => directory.sign_in_sessions_valid_from_date_time = Some(at),
        AccountDeed::Devices { ids, enabled } => {
            let named = |device: &&mut Device| ids.iter().any(|id| id.eq_ignore_ascii_case(&device.id));
            for device in records.devices.iter_mut().flatten().filter(named) {
                device.account_enabled = Some(*enabled);
            }
        }
        AccountDeed::Deleted => records.user.is_deleted = Some(true),
        AccountDeed::Restored => records.user.is_deleted = Some(false),
        AccountDeed::SignIn { sign_in, detection } => {
            records.sign_ins.extend(sign_in.as_deref().cloned());
            raise(records, detection, at);
            records.detections.push(RiskDetection::clone(detection));
            records.sort();
        }
    }
}

/// The user's risk goes up to that of a new detection, and never down by it.
fn raise(records: &mut UserRecords, detection: &RiskDetection, at: Timestamp) {
    let user = &mut records.user;
    let weight = |level: &Option<RiskLevel>| level.as_ref().map_or(0, RiskLevel::weight);
    // A level that a closed risk left behind says nothing.
    if user.at_risk() != Some(true) {
        user.risk_state = Some(RiskState::AtRisk);
        user.risk_level.clone_from(&detection.risk_level);
    } else if weight(&detection.risk_level) > weight(&user.risk_level) {
        user.risk_level.clone_from(&detection.risk_level);
    }
    if user.risk_state == Some(RiskState::AtRisk) {
        user.risk_detail = Some(RiskDetail::None);
    }
    user.risk_last_updated_date_time = Some(at);
    let after =
        (user.risk_state.clone().unwrap_or(RiskState::AtRisk), user.risk_level.clone().unwrap_or(RiskLevel::None), RiskDetail::None);
    let kinds = detection.risk_event_type.iter().cloned().collect();
    records.history.push(history_item(user, at, records.history.len(), after, None, kinds));
}

/// The object id of a device, which is not its device id: the first digit is another, and the same way leads back.
pub fn object_id_of_device(id: &str) -> String {
    let id = id.to_lowercase();
    let turned = |digit: char| digit.to_digit(16).and_then(|digit| char::from_digit(digit ^ 8, 16)).unwrap_or(digit);
    id.chars().take(1).map(turned).chain(id.chars().skip(1)).collect()
}

/// The registered devices that a user signed in with, as the newest sign-in of each describes it.
pub(super) fn devices(records: &UserRecords) -> Vec<Device> {
    let mut found: BTreeMap<&str, (Option<Timestamp>, &DeviceDetail)> = BTreeMap::new();
    for sign_in in &records.sign_ins {
        let Some(detail) = &sign_in.device_detail else { continue };
        let Some(id) = detail.device_id.as_deref().filter(|id| !id.is_empty()) else { continue };
        let held = found.entry(id).or_insert((sign_in.created_date_time, detail));
        if sign_in.created_date_time > held.0 {
            *held = (sign_in.created_date_time, detail);
        }
    }
    let device = |(id, (_, detail)): (&str, (Option<Timestamp>, &DeviceDetail))| Device {
        id: object_id_of_device(id).into(),
        device_id: Some(id.into()),
        display_name: detail.display_name.clone(),
        operating_system: detail.operating_system.clone(),
        account_enabled: Some(true),
    };
    found.into_iter().map(device).collect()
}

/// How a user proves who they are. Every third of those whose risk was dismissed has an authenticator that was registered after the
/// first detection: what an intruder leaves behind.
pub(super) fn methods(records: &UserRecords, ids: &Ids, index: u32, epoch: Timestamp) -> Vec<AuthenticationMethod> {
    let directory = &records.directory;
    let mut methods = vec![AuthenticationMethod {
        id: PASSWORD_METHOD.into(),
        kind: PASSWORD_KIND.into(),
        display_name: None,
        created_date_time: directory.last_password_change_date_time,
    }];
    if directory.is_mfa_registered != Some(true) {
        return methods;
    }
    let app = |ordinal, name: &str, created| AuthenticationMethod {
        id: ids.guid(IdKind::Method, index, ordinal).into(),
        kind: APP_KIND.into(),
        display_name: Some(name.into()),
        created_date_time: Some(created),
    };
    methods.push(app(0, "Phone", Timestamp(epoch.0 - TimeDelta::days(400 + i64::from(index % 300)))));
    let first = records.detections.iter().filter_map(|detection| detection.activity_date_time).min();
    if let (Some(first), Some(RiskState::Dismissed), 1) = (first, &records.user.risk_state, index % 3) {
        methods.push(app(1, "SM-A525F", Timestamp(first.0 + first.age(epoch) / 4)));
    }
    methods
}

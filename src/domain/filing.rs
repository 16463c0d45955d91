//! Files records under their user.
//!
//! The same record may come from several sources, in any order, more than once: a beta page, a v1.0 page,
//! a log and a portal download of one sign-in are one sign-in. Filing the same twice changes nothing.

use std::collections::HashMap;
use std::hash::Hash;

use super::records::{
    DeviceDetail, Directory, Extra, Location, Record, RiskDetection, RiskyUser, RiskyUserHistoryItem, SignIn, SignInStatus, UserRecords,
};
use super::risk::RiskState;
use super::time::Timestamp;

/// What filing a record changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filed {
    /// The record was not held before.
    New,
    /// The record was held, and changed.
    Updated,
    /// The record was held just so.
    Unchanged,
}

/// Files a record under its user. Newer beats older; what was not read never replaces what was.
pub fn file(records: &mut UserRecords, record: Record) -> Filed {
    let mut filed = Filed::Unchanged;
    file_all(records, vec![record], &mut |done| filed = done);
    filed
}

/// Files many records of one user, and tells of each in turn. Sorts once, so that a user with many
/// thousand sign-ins does not take a quadratic time.
pub fn file_all(records: &mut UserRecords, batch: Vec<Record>, filed: &mut dyn FnMut(Filed)) {
    let many = batch.len() > 16;
    let mut detections = Index::new(many, &records.detections, |held: &RiskDetection| held.id.clone());
    let mut sign_ins = Index::new(many, &records.sign_ins, |held: &SignIn| held.id.clone());
    let mut history = Index::new(many, &records.history, |held: &RiskyUserHistoryItem| (held.id.clone(), held.risk_last_updated_date_time));
    let mut changed = false;
    for record in batch {
        let named = name(&mut records.user, &record);
        let mut done = match record {
            Record::User(user) => file_user(&mut records.user, user),
            Record::Directory(_, directory) => file_directory(&mut records.directory, directory),
            Record::Detection(detection) => detections.file(&mut records.detections, detection, merge_detection),
            Record::SignIn(sign_in) => sign_ins.file(&mut records.sign_ins, *sign_in, merge_sign_in),
            Record::History(item) => history.file(&mut records.history, item, merge_history),
            Record::Devices(_, devices) => read_whole(&mut records.devices, devices),
            Record::Methods(_, methods) => read_whole(&mut records.methods, methods),
            // What is the tenant's is no user's.
            Record::Policies(_) | Record::Locations(_) => Filed::Unchanged,
        };
        changed |= done != Filed::Unchanged;
        if named && done == Filed::Unchanged {
            done = Filed::Updated;
        }
        filed(done);
    }
    if changed {
        records.sort();
    }
}

/// A list that is always read as a whole.
fn read_whole<T: PartialEq>(held: &mut Option<Vec<T>>, given: Vec<T>) -> Filed {
    let before = held.replace(given);
    match &before {
        None => Filed::New,
        before if before == held => Filed::Unchanged,
        Some(_) => Filed::Updated,
    }
}

/// Where the records of one kind are in their list, which only grows at its end while a batch is filed.
struct Index<T, K> {
    places: Option<HashMap<K, usize>>,
    key: fn(&T) -> K,
}

impl<T: Clone + PartialEq, K: Hash + Eq> Index<T, K> {
    fn new(many: bool, held: &[T], key: fn(&T) -> K) -> Self {
        let places = many.then(|| held.iter().enumerate().map(|(place, record)| (key(record), place)).collect());
        Index { places, key }
    }

    fn file(&mut self, list: &mut Vec<T>, record: T, merge: fn(&mut T, T)) -> Filed {
        let key = (self.key)(&record);
        let place = match &self.places {
            Some(places) => places.get(&key).copied(),
            None => list.iter().position(|held| (self.key)(held) == key),
        };
        if let Some(held) = place.and_then(|place| list.get_mut(place)) {
            if *held == record {
                return Filed::Unchanged;
            }
            let before = held.clone();
            merge(held, record);
            return if *held == before { Filed::Unchanged } else { Filed::Updated };
        }
        if let Some(places) = &mut self.places {
            places.insert(key, list.len());
        }
        list.push(record);
        Filed::New
    }
}

/// Gives the user the names that another record has and the user lacks. Whether it did.
fn name(user: &mut RiskyUser, record: &Record) -> bool {
    let (principal_name, display_name) = match record {
        Record::User(_)
        | Record::Directory(..)
        | Record::Devices(..)
        | Record::Methods(..)
        | Record::Policies(_)
        | Record::Locations(_) => return false,
        Record::History(item) => (&item.user_principal_name, &item.user_display_name),
        Record::Detection(detection) => (&detection.user_principal_name, &detection.user_display_name),
        Record::SignIn(sign_in) => (&sign_in.user_principal_name, &sign_in.user_display_name),
    };
    let mut named = false;
    for (held, given) in [(&mut user.user_principal_name, principal_name), (&mut user.user_display_name, display_name)] {
        if held.is_none() && given.is_some() {
            held.clone_from(given);
            named = true;
        }
    }
    named
}

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
fn replace_text(held: &mut Option<String>, given: Option<String>) {
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
    *held = Extra(Some(serde_json::Value::Object(united).to_string().into_boxed_str()));
}

fn unite_older(held: &mut Extra, mut given: Extra) {
    std::mem::swap(held, &mut given);
    unite(held, given);
}

fn file_user(held: &mut RiskyUser, given: RiskyUser) -> Filed {
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

fn file_directory(held: &mut Directory, given: Directory) -> Filed {
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

fn merge_detection(held: &mut RiskDetection, given: RiskDetection) {
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

fn merge_history(held: &mut RiskyUserHistoryItem, given: RiskyUserHistoryItem) {
    replace(&mut held.user_principal_name, given.user_principal_name);
    replace(&mut held.user_display_name, given.user_display_name);
    replace(&mut held.risk_level, given.risk_level);
    replace(&mut held.risk_state, given.risk_state);
    replace(&mut held.risk_detail, given.risk_detail);
    replace(&mut held.initiated_by, given.initiated_by);
    replace_list(&mut held.risk_event_types, given.risk_event_types);
    unite(&mut held.extra, given.extra);
}

fn merge_sign_in(held: &mut SignIn, mut given: SignIn) {
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

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use proptest::prelude::*;

    use super::*;
    use crate::domain::fixture::{now, risky_user};
    use crate::domain::risk::{RiskLevel, RiskState};

    fn user_at(hours: i64, state: RiskState) -> RiskyUser {
        let mut user = risky_user("u1", "anomalousToken").user;
        user.risk_last_updated_date_time = Some(Timestamp(now().0 + TimeDelta::hours(hours)));
        user.risk_state = Some(state);
        user
    }

    #[test]
    fn an_older_user_record_never_replaces_a_newer_one() {
        let mut records = UserRecords::unknown("u1".into());
        assert_eq!(file(&mut records, Record::User(user_at(2, RiskState::Dismissed))), Filed::New);
        assert_eq!(file(&mut records, Record::User(user_at(1, RiskState::AtRisk))), Filed::Unchanged);
        assert_eq!(records.user.risk_state, Some(RiskState::Dismissed));
        assert_eq!(file(&mut records, Record::User(user_at(3, RiskState::AtRisk))), Filed::Updated);
        assert_eq!(records.user.risk_state, Some(RiskState::AtRisk));
    }

    #[test]
    fn two_exports_of_one_sign_in_end_alike_in_whatever_order_and_however_often() {
        let fresh = crate::domain::fixture::risky_user("u1", "passwordSpray");
        let open = fresh.sign_ins[0].clone();
        let mut dismissed = open.clone();
        dismissed.risk_state = Some(RiskState::Dismissed);
        for batch in [[open.clone(), dismissed.clone()], [dismissed, open]] {
            let batch: Vec<Record> = batch.into_iter().map(|sign_in| Record::SignIn(Box::new(sign_in))).collect();
            let mut held = UserRecords::unknown("u1".into());
            file_all(&mut held, batch.clone(), &mut |_| {});
            assert_eq!(held.sign_ins[0].risk_state, Some(RiskState::Dismissed));
            file_all(&mut held, batch, &mut |filed| assert_eq!(filed, Filed::Unchanged));
        }
    }

    #[test]
    fn a_v1_record_keeps_the_session_fields_of_the_beta_one() {
        let mut records = risky_user("u1", "anomalousToken");
        records.sign_ins[0].extra = Extra(Some(r#"{"mfaDetail":{"a":1},"x":1}"#.into()));
        let mut v1 = SignIn::unknown("u1-s1".into(), "u1".into());
        v1.ip_address = Some("198.51.100.9".to_owned());
        v1.extra = Extra(Some(r#"{"x":2}"#.into()));
        assert_eq!(file(&mut records, Record::SignIn(Box::new(v1.clone()))), Filed::Updated);
        let held = &records.sign_ins[0];
        assert_eq!(held.session_id.as_deref(), Some("u1-session"));
        assert_eq!(held.risk_event_types, ["anomalousToken"]);
        assert_eq!(held.ip_address.as_deref(), Some("198.51.100.9"));
        assert_eq!(held.extra.0.as_deref(), Some(r#"{"mfaDetail":{"a":1},"x":2}"#));
        assert_eq!(file(&mut records, Record::SignIn(Box::new(v1))), Filed::Unchanged);
    }

    #[test]
    fn an_older_detection_fills_gaps_but_not_the_state() {
        let mut records = risky_user("u1", "anomalousToken");
        let mut older = records.detections[0].clone();
        records.detections[0].ip_address = None;
        records.detections[0].risk_detail = None;
        records.detections[0].risk_state = Some(RiskState::Dismissed);
        older.last_updated_date_time = Some(Timestamp(now().0 - TimeDelta::hours(9)));
        assert_eq!(file(&mut records, Record::Detection(older.clone())), Filed::Updated);
        let held = &records.detections[0];
        assert_eq!((held.ip_address.as_deref(), &held.risk_detail), (Some("203.0.113.7"), &None));
        assert_eq!(held.risk_state, Some(RiskState::Dismissed));
        assert_eq!(file(&mut records, Record::Detection(older)), Filed::Unchanged);
    }

    #[test]
    fn detections_and_sign_ins_name_a_user_without_a_name() {
        let source = risky_user("u1", "anomalousToken");
        let mut records = UserRecords::unknown("u1".into());
        assert_eq!(file(&mut records, Record::Detection(source.detections[0].clone())), Filed::New);
        assert_eq!(records.user.name(), "User u1");
        assert_eq!(records.user.user_principal_name.as_deref(), Some("u1@contoso.test"));
    }

    #[test]
    fn many_sign_ins_are_filed_newest_first_in_one_pass() {
        let mut records = UserRecords::unknown("u1".into());
        let batch: Vec<Record> = (0..20_000)
            .map(|number| {
                let mut sign_in = SignIn::unknown(format!("s{number}").into(), "u1".into());
                sign_in.created_date_time = Some(Timestamp(now().0 + TimeDelta::seconds((number * 7919) % 20_000)));
                Record::SignIn(Box::new(sign_in))
            })
            .collect();
        let mut new = 0;
        file_all(&mut records, batch.clone(), &mut |filed| new += usize::from(filed == Filed::New));
        assert_eq!((new, records.sign_ins.len()), (20_000, 20_000));
        assert!(records.sign_ins.is_sorted_by(|a, b| a.created_date_time >= b.created_date_time));
        file_all(&mut records, batch, &mut |filed| assert_eq!(filed, Filed::Unchanged));
    }

    fn any_record() -> impl Strategy<Value = Record> {
        let level = prop_oneof![Just(None), Just(Some(RiskLevel::Low)), Just(Some(RiskLevel::High))];
        let time = prop_oneof![Just(None), (0i64..3).prop_map(|hours| Some(Timestamp(now().0 + TimeDelta::hours(hours))))];
        let extra = prop_oneof![Just(None), Just(Some(r#"{"a":1}"#)), Just(Some(r#"{"a":2,"b":1}"#)), Just(Some("damaged"))];
        (0..4, 0..3, level, time, extra).prop_map(|(kind, id, level, time, extra)| {
            let source = risky_user("u1", "anomalousToken");
            let extra = Extra(extra.map(Into::into));
            match kind {
                0 => Record::User(RiskyUser { risk_level: level, risk_last_updated_date_time: time, extra, ..source.user }),
                1 => {
                    let detection = source.detections[0].clone();
                    let id = format!("d{id}").into();
                    Record::Detection(RiskDetection { id, risk_level: level, last_updated_date_time: time, extra, ..detection })
                }
                2 => {
                    let mut sign_in = SignIn::unknown(format!("s{id}").into(), "u1".into());
                    (sign_in.risk_level_aggregated, sign_in.created_date_time, sign_in.extra) = (level, time, extra);
                    Record::SignIn(Box::new(sign_in))
                }
                _ => Record::History(RiskyUserHistoryItem {
                    id: format!("h{id}"),
                    user_id: "u1".into(),
                    user_principal_name: None,
                    user_display_name: None,
                    risk_level: level,
                    risk_state: None,
                    risk_detail: None,
                    risk_last_updated_date_time: time,
                    initiated_by: None,
                    risk_event_types: Vec::new(),
                    extra,
                }),
            }
        })
    }

    proptest! {
        #[test]
        fn filing_twice_changes_nothing_and_order_holds(first in prop::collection::vec(any_record(), 0..30), last in any_record()) {
            let mut records = UserRecords::unknown("u1".into());
            file_all(&mut records, first, &mut |_| {});
            file(&mut records, last.clone());
            let held = records.clone();
            prop_assert_eq!(file(&mut records, last), Filed::Unchanged);
            prop_assert_eq!(&records, &held);
            records.sort();
            prop_assert_eq!(records, held);
        }
    }
}

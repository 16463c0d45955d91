use chrono::TimeDelta;
use proptest::prelude::*;

use super::*;
use crate::domain::fixture::{now, risky_user};
use crate::domain::records::Extra;
use crate::domain::risk::{RiskLevel, RiskState};
use crate::domain::time::Timestamp;

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
    v1.ip_address = Some("198.51.100.9".into());
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
                id: format!("h{id}").into(),
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

#[test]
fn the_present_item_of_a_history_is_not_held_twice_when_it_is_past() {
    let item = |id: &str, hours: i64, state: RiskState| RiskyUserHistoryItem {
        id: id.into(),
        user_id: "u1".into(),
        user_principal_name: None,
        user_display_name: None,
        risk_level: None,
        risk_state: Some(state),
        risk_detail: None,
        risk_last_updated_date_time: Some(Timestamp(now().0 - TimeDelta::hours(hours))),
        initiated_by: None,
        risk_event_types: Vec::new(),
        extra: Extra::default(),
    };
    let mut records = UserRecords::unknown("u1".into());
    file(&mut records, Record::History(item("u1", 5, RiskState::AtRisk)));
    let read = [item("u1", 1, RiskState::Dismissed), item("u1639", 5, RiskState::AtRisk)];
    file_all(&mut records, read.clone().map(Record::History).to_vec(), &mut |_| {});
    assert_eq!(records.history, read);
    let same_moment = item("u1640", 1, RiskState::AtRisk);
    file(&mut records, Record::History(same_moment));
    assert_eq!(records.history.len(), 3, "another change of the same moment is another one");
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

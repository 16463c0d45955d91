//! A burst of one detection type across so many users, most of them otherwise normal, that the service may be mistaken.

use chrono::TimeDelta;
use serde::Serialize;

use super::bursts::{by_type, densest, window_query};
use crate::domain::catalogue;
use crate::domain::dataset::Dataset;
use crate::domain::facts;
use crate::domain::ledger::Ledger;
use crate::domain::normal::UsualAddresses;
use crate::domain::query::QueryContext;
use crate::domain::records::{RiskDetection, UserId, UserRecords};
use crate::domain::risk::RiskState;
use crate::domain::time::Timestamp;

/// A mass event takes no longer.
const MASS: TimeDelta = TimeDelta::hours(24);
/// How many users make a mass event, and which part of all at risk they are at least: one in so many.
const MASS_USERS: usize = 10;
const MASS_PART: usize = 20;
/// Who may be in one: an administrator who confirmed a user says that it is no mistake.
const NOT_CONFIRMED: &str = "state:atRisk";

/// A burst of one detection type that may be the service's mistake.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MassEvent {
    /// The detection type. Hostile text.
    pub risk_event_type: String,
    /// How many users.
    pub users: usize,
    /// The users, in the order of the dataset: whatever comes in later, these are meant.
    pub ids: Vec<UserId>,
    /// How many of them are known to be otherwise normal: no other type of detection is open, and every open one of this type is from
    /// an address that is normal for them, or names none. Of the others it is not so, or not known.
    pub otherwise_normal: usize,
    /// How many users are at risk at all.
    pub at_risk: usize,
    /// The first detection.
    pub from: Timestamp,
    /// The last.
    pub to: Timestamp,
    /// The query that lists the users.
    pub query: String,
}

/// The largest mass event.
///
/// At least ten users, and one in twenty of those at risk, within 24 hours; more than half known to be otherwise normal. The
/// token-theft families, what an administrator confirmed, and detections whose type the licence hides are never one: to close those
/// as a mistake is what an attacker hopes for. It can be an attack all the same: a password spray looks like it.
pub fn mass_event(dataset: &Dataset) -> Option<MassEvent> {
    let users = dataset.users();
    let at_risk = users.iter().filter(|records| super::is_at_risk(records)).count();
    // The query asks for type, time and state only: neither the journal nor policies matter.
    let ledger = Ledger::default();
    let mut best: Option<MassEvent> = None;
    for (kind, times) in by_type(users, may_be_mistaken) {
        let Some((first, last, count)) = densest(&times, MASS) else { continue };
        if !is_mass(count, at_risk) {
            continue;
        }
        let (Some((from, _)), Some((to, _))) = (times.get(first), times.get(last)) else { continue };
        let query = window_query(kind, (*from, *to), NOT_CONFIRMED);
        // The query decides who belongs to it, so that those are shown who are counted here.
        let places = super::matching(users, &query, QueryContext { now: *to, ledger: &ledger, tenant: dataset.tenant() });
        let members: Vec<&UserRecords> = places.iter().filter_map(|place| users.get(*place as usize)).collect();
        let benign = members.iter().filter(|records| otherwise_normal(records, kind) == Some(true)).count();
        let size = |event: &MassEvent| (event.users, event.risk_event_type.clone());
        if benign * 2 > members.len() && best.as_ref().is_none_or(|held| (members.len(), kind.to_owned()) > size(held)) {
            best = Some(MassEvent {
                risk_event_type: kind.to_owned(),
                users: members.len(),
                ids: members.iter().map(|records| records.id().clone()).collect(),
                otherwise_normal: benign,
                at_risk,
                from: *from,
                to: *to,
                query,
            });
        }
    }
    best
}

fn is_mass(users: usize, at_risk: usize) -> bool {
    users >= MASS_USERS && users * MASS_PART >= at_risk
}

/// Whether a detection can be part of a mass false positive.
fn may_be_mistaken(records: &UserRecords, detection: &RiskDetection) -> bool {
    let says = |kind: &str| {
        let hidden = kind.eq_ignore_ascii_case("generic");
        let by_administrator = kind.get(..14).is_some_and(|start| start.eq_ignore_ascii_case("adminConfirmed"));
        !hidden && !by_administrator && !catalogue::is_token_theft(kind)
    };
    records.user.risk_state == Some(RiskState::AtRisk)
        && detection.risk_state == Some(RiskState::AtRisk)
        && super::present(detection.risk_event_type.as_deref()).is_some_and(says)
}

/// Whether nothing but this type speaks against a user, and each of its detections that names an address names one that is normal for
/// the user. `None` where that is not known: unknown is not normal.
fn otherwise_normal(records: &UserRecords, kind: &str) -> Option<bool> {
    // Where it cannot be ruled out, a type is missing, or hidden.
    if facts::token_theft(records)? {
        return Some(false);
    }
    let open = || records.detections.iter().filter(|detection| detection.is_open());
    if !open().all(|detection| super::present(detection.risk_event_type.as_deref()) == Some(kind)) {
        return Some(false);
    }
    let usual = UsualAddresses::of(records);
    let mut known = true;
    // All of them: one from the user's own address says nothing of another from a stranger's.
    for detection in open() {
        match usual.seen_before(detection) {
            Some(false) => return Some(false),
            Some(true) => {}
            None => known &= !usual.names_address(detection),
        }
    }
    known.then_some(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixture::{everyday_sign_in, now, risky_user};

    /// Thirty at risk, each by a detection of its own; twelve of them by this type, without an address, within a day.
    fn tenant(kind: &str) -> Vec<UserRecords> {
        let mut users: Vec<UserRecords> = (0..30).map(|at| risky_user(&format!("u{at:02}"), "newCountry")).collect();
        for (at, records) in (0..).zip(&mut users) {
            let detection = &mut records.detections[0];
            detection.detected_date_time = Some(Timestamp(now().0 - TimeDelta::days(at + 2)));
            if at < 12 {
                records.sign_ins.clear();
                detection.risk_event_type = Some(kind.into());
                detection.detected_date_time = Some(Timestamp(now().0 - TimeDelta::hours(at)));
                (detection.request_id, detection.ip_address) = (None, None);
            }
        }
        users
    }

    fn event(users: &[UserRecords]) -> Option<MassEvent> {
        mass_event(&users.iter().cloned().collect())
    }

    /// Another detection of each of the twelve, long ago.
    fn also(users: &mut [UserRecords], kind: Option<&str>) {
        for records in users.iter_mut().take(12) {
            let mut other = records.detections[0].clone();
            other.id = "other".into();
            other.risk_event_type = kind.map(Into::into);
            other.detected_date_time = Some(Timestamp(now().0 - TimeDelta::days(60)));
            records.detections.push(other);
        }
    }

    #[test]
    fn one_type_of_many_within_a_day_who_are_otherwise_normal() {
        let mut users = tenant("leakedCredentials");
        let told = event(&users).unwrap();
        assert_eq!((told.users, told.otherwise_normal, told.at_risk), (12, 12, 30));
        let ids: Vec<&str> = told.ids.iter().map(UserId::as_str).collect();
        assert_eq!((ids.len(), ids[0], ids[11]), (12, "u00", "u11"));
        assert!(told.query.starts_with("type:=leakedCredentials detected:"), "{}", told.query);
        users.truncate(9);
        assert_eq!(event(&users), None, "nine are not many");
    }

    #[test]
    fn another_type_of_each_says_that_it_is_no_mistake() {
        let mut users = tenant("leakedCredentials");
        also(&mut users, Some("passwordSpray"));
        assert_eq!(event(&users), None);
    }

    #[test]
    fn token_theft_and_what_an_administrator_confirmed_are_never_one() {
        for kind in ["anomalousToken", "attackerinTheMiddle", "nationStateIP", "adminConfirmedUserCompromised", "generic"] {
            assert_eq!(event(&tenant(kind)), None, "{kind}");
        }
        let mut users = tenant("leakedCredentials");
        also(&mut users, Some("anomalousToken"));
        assert_eq!(event(&users), None, "open token theft besides");
        let mut users = tenant("leakedCredentials");
        users.iter_mut().take(12).for_each(|records| records.user.risk_state = Some(RiskState::ConfirmedCompromised));
        assert_eq!(event(&users), None, "confirmed");
    }

    #[test]
    fn unknown_is_not_normal() {
        let mut users = tenant("passwordSpray");
        for records in users.iter_mut().take(12) {
            records.detections[0].ip_address = Some("203.0.113.7".into());
        }
        assert_eq!(event(&users), None, "an address that can be held against nothing");
        for records in users.iter_mut().take(12) {
            everyday_sign_in(records);
            records.sign_ins[0].created_date_time = Some(Timestamp(now().0 - TimeDelta::days(80)));
        }
        assert_eq!(event(&users), None, "an address that is new");
        for records in users.iter_mut().take(7) {
            records.sign_ins[0].ip_address = Some("203.0.113.7".into());
        }
        assert_eq!(event(&users).map(|event| (event.users, event.otherwise_normal)), Some((12, 7)));
        let mut users = tenant("leakedCredentials");
        also(&mut users, None);
        assert_eq!(event(&users), None, "a type that was not read");
    }

    #[test]
    fn one_from_a_strangers_address_is_not_outweighed_by_one_from_the_users_own() {
        let both = |first: &str, second: &str| {
            let mut users = tenant("passwordSpray");
            for records in users.iter_mut().take(12) {
                everyday_sign_in(records);
                records.sign_ins[0].created_date_time = Some(Timestamp(now().0 - TimeDelta::days(80)));
                records.detections[0].ip_address = Some(first.into());
                let mut other = records.detections[0].clone();
                other.id = "other".into();
                other.ip_address = Some(second.into());
                records.detections.push(other);
            }
            users
        };
        let (own, strange) = ("198.51.100.20", "45.9.1.66");
        assert_eq!(event(&both(own, own)).map(|event| event.otherwise_normal), Some(12));
        assert_eq!(event(&both(own, strange)), None);
        assert_eq!(event(&both(strange, own)), None);
        let mut users = both(own, own);
        for records in users.iter_mut().take(12) {
            records.detections[1].risk_event_type = Some("maliciousIPAddress".into());
        }
        assert_eq!(event(&users), None, "another type stands against them");
    }
}

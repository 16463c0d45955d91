//! Whether the evidence behind a risk can still be looked at, and when the service forgets the next piece of it.

use chrono::TimeDelta;

use crate::domain::records::{RiskDetection, SignIn, SignInId, UserRecords};
use crate::domain::time::Timestamp;

/// How long the service keeps detections (`reference/domain.md` section 1, fact 11).
pub const DETECTION_RETENTION: TimeDelta = TimeDelta::days(90);
/// How long the service keeps sign-ins (the same).
pub const SIGN_IN_RETENTION: TimeDelta = TimeDelta::days(30);
/// How long before it vanishes evidence counts as expiring.
pub const EXPIRING: TimeDelta = TimeDelta::days(7);

/// Whether the evidence behind a risk can still be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Evidence {
    /// There are detections, and time to read them.
    Fresh,
    /// The next piece of it vanishes within a week.
    Expiring,
    /// The risk is older than what the service keeps.
    Expired,
    /// No detection is known.
    None,
}

impl Evidence {
    /// The word used in data and queries.
    pub fn as_str(self) -> &'static str {
        match self {
            Evidence::Fresh => "fresh",
            Evidence::Expiring => "expiring",
            Evidence::Expired => "expired",
            Evidence::None => "none",
        }
    }

    /// All words.
    pub const ALL: [Evidence; 4] = [Evidence::Fresh, Evidence::Expiring, Evidence::Expired, Evidence::None];
}

/// Which kind of evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece {
    /// A detection.
    Detection,
    /// The sign-in of a detection, or a risky one: session, token, device and user agent stand there and nowhere else.
    SignIn,
}

impl Piece {
    /// The name in data, as Graph calls it.
    pub fn as_str(self) -> &'static str {
        match self {
            Piece::Detection => "riskDetection",
            Piece::SignIn => "signIn",
        }
    }

    /// For people.
    pub fn words(self) -> &'static str {
        match self {
            Piece::Detection => "detection",
            Piece::SignIn => "sign-in",
        }
    }

    fn retention(self) -> TimeDelta {
        match self {
            Piece::Detection => DETECTION_RETENTION,
            Piece::SignIn => SIGN_IN_RETENTION,
        }
    }
}

/// When the service forgets a piece of evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expiry {
    /// When.
    pub at: Timestamp,
    /// What it is.
    pub piece: Piece,
}

/// The detections behind the user's risk: of a user at risk, those that are open.
fn behind(records: &UserRecords) -> impl Iterator<Item = &RiskDetection> {
    let at_risk = records.user.at_risk() == Some(true);
    records.detections.iter().filter(move |detection| !at_risk || detection.is_open())
}

/// Whether the evidence behind the user's risk can still be looked at: of a user at risk, that of what is open.
pub fn evidence(records: &UserRecords, now: Timestamp) -> Evidence {
    let at_risk = records.user.at_risk() == Some(true);
    match behind(records).filter_map(RiskDetection::at).max() {
        Some(newest) if newest.age(now) > DETECTION_RETENTION => Evidence::Expired,
        Some(_) if evidence_expires(records, now).is_some_and(|expiry| expiry.at.0 - now.0 < EXPIRING) => Evidence::Expiring,
        Some(_) => Evidence::Fresh,
        None if at_risk && records.user.risk_last_updated_date_time.is_some_and(|at| at.age(now) > DETECTION_RETENTION) => {
            Evidence::Expired
        }
        None => Evidence::None,
    }
}

/// When the next of the evidence behind the user's risk vanishes, and what that is; `None` where there is none, or all has.
///
/// Of a user at risk that is the oldest that the service still keeps: an open detection, the sign-in of one, or a risky sign-in. A
/// sign-in goes long before its detection does. Where no risk is open, it is the newest detection: nothing waits for the others.
pub fn evidence_expires(records: &UserRecords, now: Timestamp) -> Option<Expiry> {
    let expiry = |piece: Piece, at: Timestamp| {
        let expires = Timestamp(at.0.checked_add_signed(piece.retention())?);
        (expires >= now).then_some(Expiry { at: expires, piece })
    };
    let detections = || behind(records).filter_map(RiskDetection::at).filter_map(|at| expiry(Piece::Detection, at));
    if records.user.at_risk() != Some(true) {
        return detections().max_by_key(|expiry| expiry.at);
    }
    let mut linked: Vec<&SignInId> = behind(records).filter_map(|detection| detection.request_id.as_ref()).collect();
    linked.sort_unstable();
    let tells = |sign_in: &&SignIn| sign_in.at_risk() == Some(true) || linked.binary_search(&&sign_in.id).is_ok();
    let sign_ins = records.sign_ins.iter().filter_map(|sign_in| Some((expiry(Piece::SignIn, sign_in.created_date_time?)?, sign_in)));
    let sign_ins = sign_ins.filter(|(_, sign_in)| tells(sign_in)).map(|(expiry, _)| expiry);
    detections().chain(sign_ins).min_by_key(|expiry| expiry.at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixture::{now, risky_user};
    use crate::domain::risk::RiskState;

    fn days_ago(days: i64) -> Option<Timestamp> {
        Some(Timestamp(now().0 - TimeDelta::days(days)))
    }

    /// A user at risk with an open detection and its sign-in, so many days old.
    fn user(days: i64) -> UserRecords {
        let mut records = risky_user("a", "anomalousToken");
        let detection = &mut records.detections[0];
        (detection.detected_date_time, detection.activity_date_time) = (days_ago(days), days_ago(days));
        records.sign_ins[0].created_date_time = days_ago(days);
        records
    }

    fn told(records: &UserRecords) -> (Evidence, Option<(i64, Piece)>) {
        let expiry = evidence_expires(records, now()).map(|expiry| ((expiry.at.0 - now().0).num_days(), expiry.piece));
        (evidence(records, now()), expiry)
    }

    #[test]
    fn the_sign_in_goes_long_before_its_detection() {
        assert_eq!(told(&user(1)), (Evidence::Fresh, Some((29, Piece::SignIn))));
        assert_eq!(told(&user(29)), (Evidence::Expiring, Some((1, Piece::SignIn))));
        assert_eq!(told(&user(31)), (Evidence::Fresh, Some((59, Piece::Detection))), "the sign-in is gone");
        assert_eq!(told(&user(87)), (Evidence::Expiring, Some((3, Piece::Detection))));
        assert_eq!(told(&user(91)), (Evidence::Expired, None));
    }

    #[test]
    fn the_oldest_that_is_still_there_counts_of_what_is_open() {
        let mut records = user(1);
        let mut old = records.detections[0].clone();
        (old.id, old.request_id) = ("old".into(), None);
        (old.detected_date_time, old.activity_date_time) = (days_ago(89), days_ago(89));
        records.detections.push(old.clone());
        assert_eq!(told(&records), (Evidence::Expiring, Some((1, Piece::Detection))));
        records.detections[1].detected_date_time = days_ago(91);
        assert_eq!(told(&records), (Evidence::Fresh, Some((29, Piece::SignIn))), "what is gone waits for nobody");
        records.detections[1] = old;
        records.detections[1].risk_state = Some(RiskState::Dismissed);
        assert_eq!(told(&records), (Evidence::Fresh, Some((29, Piece::SignIn))), "what was closed is not behind the risk");
    }

    #[test]
    fn a_sign_in_counts_where_it_is_risky_or_that_of_an_open_detection() {
        let mut records = user(25);
        records.sign_ins[0].risk_state = Some(RiskState::None);
        assert_eq!(told(&records), (Evidence::Expiring, Some((5, Piece::SignIn))), "its detection is open");
        records.detections[0].request_id = None;
        assert_eq!(told(&records), (Evidence::Fresh, Some((65, Piece::Detection))));
        records.sign_ins[0].risk_state = Some(RiskState::AtRisk);
        assert_eq!(told(&records), (Evidence::Expiring, Some((5, Piece::SignIn))));
    }

    #[test]
    fn where_no_risk_is_open_the_newest_detection_tells() {
        let mut records = user(29);
        records.user.risk_state = Some(RiskState::Dismissed);
        assert_eq!(told(&records), (Evidence::Fresh, Some((61, Piece::Detection))));
    }
}

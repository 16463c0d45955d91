//! Where a user was seen, in order, and how fast they would have travelled from one place to the next.

use std::collections::{HashMap, HashSet};

use super::records::{DetectionId, GeoCoordinates, Location, RiskDetection, SignIn, SignInId, UserRecords};
use super::tenant_text::TenantText;
use super::time::Timestamp;

/// Mean radius of the earth, in kilometres.
const EARTH_RADIUS_KM: f64 = 6_371.0;

/// Faster than this nobody travels: an airliner cruises at about 900 km/h, and the way to and from the airport only makes it slower.
pub const IMPOSSIBLE_KMH: f64 = 900.0;

/// Below this nothing is said of speed: the place of an address is often wrong by a few hundred kilometres, as where a provider's gateway
/// stands in another city than the subscriber.
pub const IMPOSSIBLE_KM: f64 = 500.0;

/// The way along the globe's surface, in kilometres (haversine).
pub fn kilometres(from: GeoCoordinates, to: GeoCoordinates) -> f64 {
    let rise = (to.latitude - from.latitude).to_radians() / 2.0;
    let turn = (to.longitude - from.longitude).to_radians() / 2.0;
    let cosines = from.latitude.to_radians().cos() * to.latitude.to_radians().cos();
    let square = rise.sin().powi(2) + cosines * turn.sin().powi(2);
    2.0 * EARTH_RADIUS_KM * square.clamp(0.0, 1.0).sqrt().asin()
}

/// The way from one place to the next, and how long it took.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Leg {
    /// Where it began.
    pub from: GeoCoordinates,
    /// Place of the stop where it began, among the stops.
    pub began: usize,
    /// How far.
    pub kilometres: f64,
    /// How long.
    pub seconds: i64,
}

impl Leg {
    /// The speed; `None` where no time passed.
    pub fn kmh(&self) -> Option<f64> {
        (self.seconds > 0).then(|| self.kilometres * 3_600.0 / self.seconds as f64)
    }

    /// Whether nobody can have travelled so.
    pub fn is_impossible(&self) -> bool {
        self.kilometres > IMPOSSIBLE_KM && self.kmh().is_none_or(|speed| speed > IMPOSSIBLE_KMH)
    }
}

/// What a stop is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sighting {
    /// A sign-in.
    SignIn(SignInId),
    /// A detection whose sign-in was not read, or that has none.
    Detection(DetectionId),
}

/// One place where the user was seen.
#[derive(Debug, Clone, PartialEq)]
pub struct Stop {
    /// When.
    pub at: Timestamp,
    /// By what.
    pub sighting: Sighting,
    /// Where, where that is known.
    pub point: Option<GeoCoordinates>,
    /// "Lagos, NG". Hostile text.
    pub place: Option<String>,
    /// The address. Hostile text.
    pub address: Option<TenantText>,
    /// The types of the detections there, or of the sign-in itself. Hostile text.
    pub types: Vec<TenantText>,
    /// Whether it is of a sign-in that did not go through: who failed there need not be the user, and no way leads there.
    pub failed: bool,
    /// The way from the last place that is known; `None` for the first, where the place is not known, and for what failed.
    pub leg: Option<Leg>,
}

/// The point, if it lies on the globe.
fn on_the_globe(location: Option<&Location>) -> Option<GeoCoordinates> {
    let point = location?.geo_coordinates?;
    ((-90.0..=90.0).contains(&point.latitude) && (-180.0..=180.0).contains(&point.longitude)).then_some(point)
}

/// What a sighting is of.
#[derive(Clone, Copy)]
enum Seen<'a> {
    SignIn(&'a SignIn),
    Detection(&'a RiskDetection),
}

/// A sighting and the way to it.
struct Sight<'a> {
    at: Timestamp,
    seen: Seen<'a>,
    point: Option<GeoCoordinates>,
    leg: Option<Leg>,
}

impl<'a> Sight<'a> {
    fn new(at: Timestamp, seen: Seen<'a>) -> Self {
        let mut sight = Sight { at, seen, point: None, leg: None };
        sight.point = on_the_globe(sight.location());
        sight
    }

    fn location(&self) -> Option<&'a Location> {
        match self.seen {
            Seen::SignIn(sign_in) => sign_in.location.as_ref(),
            Seen::Detection(detection) => detection.location.as_ref(),
        }
    }

    fn failed(&self) -> bool {
        match self.seen {
            Seen::SignIn(sign_in) => sign_in.failed() == Some(true),
            Seen::Detection(_) => false,
        }
    }
}

/// Where the user was seen, oldest first, with the ways between what did not fail.
fn sights(records: &UserRecords) -> Vec<Sight<'_>> {
    let sign_ins = records.sign_ins.iter().filter_map(|one| Some(Sight::new(one.created_date_time?, Seen::SignIn(one))));
    let ids: HashSet<&SignInId> = records.sign_ins.iter().map(|sign_in| &sign_in.id).collect();
    let alone = records.detections.iter().filter(|detection| detection.request_id.as_ref().is_none_or(|id| !ids.contains(id)));
    let placed = alone.filter(|detection| detection.location.is_some() || detection.ip_address.is_some());
    let detections = placed.filter_map(|one| Some(Sight::new(one.activity_date_time.or(one.at())?, Seen::Detection(one))));
    let mut sights: Vec<Sight<'_>> = sign_ins.chain(detections).collect();
    sights.sort_by_key(|sight| sight.at);
    let mut last: Option<(usize, Timestamp, GeoCoordinates)> = None;
    for (place, sight) in sights.iter_mut().enumerate() {
        let Some(point) = sight.point.filter(|_| !sight.failed()) else { continue };
        sight.leg = last.map(|(began, since, from)| Leg {
            from,
            began,
            kilometres: kilometres(from, point),
            seconds: (sight.at.0 - since.0).num_seconds(),
        });
        last = Some((place, sight.at, point));
    }
    sights
}

/// Where the user was seen, oldest first. What has no time is left out: nothing can be said of its speed.
pub fn stops(records: &UserRecords) -> Vec<Stop> {
    let mut read = HashMap::new();
    for detection in &records.detections {
        if let (Some(id), Some(kind)) = (&detection.request_id, &detection.risk_event_type) {
            read.entry(id).or_insert_with(Vec::new).push(kind.clone());
        }
    }
    let stop = |sight: Sight<'_>| {
        let (sighting, address, types) = match sight.seen {
            Seen::SignIn(sign_in) => {
                let types = read.get(&sign_in.id).cloned().unwrap_or_else(|| sign_in.risk_event_types.clone());
                (Sighting::SignIn(sign_in.id.clone()), sign_in.ip_address.clone(), types)
            }
            Seen::Detection(one) => {
                (Sighting::Detection(one.id.clone()), one.ip_address.clone(), one.risk_event_type.iter().cloned().collect())
            }
        };
        let (place, failed) = (sight.location().and_then(Location::short), sight.failed());
        Stop { at: sight.at, sighting, point: sight.point, place, address, types, failed, leg: sight.leg }
    };
    sights(records).into_iter().map(stop).collect()
}

/// The way to a sign-in from where the user was seen before: the same that [`stops`] tells.
pub fn leg_to(records: &UserRecords, id: &SignInId) -> Option<Leg> {
    sights(records).into_iter().find(|sight| matches!(sight.seen, Seen::SignIn(sign_in) if sign_in.id == *id))?.leg
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::domain::fixture::{now, risky_user};
    use crate::domain::records::SignInStatus;

    fn point(latitude: f64, longitude: f64) -> GeoCoordinates {
        GeoCoordinates { latitude, longitude }
    }

    fn rounded(from: GeoCoordinates, to: GeoCoordinates) -> i64 {
        kilometres(from, to).round() as i64
    }

    #[test]
    fn ways_are_as_long_as_on_a_globe() {
        assert_eq!(rounded(point(51.05, 13.74), point(6.45, 3.39)), 5_051, "Dresden to Lagos");
        assert_eq!(rounded(point(10.0, 10.0), point(10.0, 10.0)), 0);
        assert_eq!(rounded(point(0.0, 179.5), point(0.0, -179.5)), 111, "over the antimeridian");
        assert_eq!(rounded(point(90.0, 0.0), point(90.0, 135.0)), 0, "at a pole all longitudes are one place");
        assert_eq!(rounded(point(90.0, 0.0), point(-90.0, 77.0)), 20_015, "from pole to pole");
        assert_eq!(rounded(point(0.0, 0.0), point(0.0, 180.0)), 20_015, "half round");
    }

    #[test]
    fn what_no_aeroplane_does_is_impossible() {
        let leg = |kilometres, seconds| Leg { from: point(0.0, 0.0), began: 0, kilometres, seconds };
        assert!(leg(5_000.0, 3_600).is_impossible() && !leg(5_000.0, 24_000).is_impossible());
        assert!(!leg(499.0, 60).is_impossible(), "addresses are not placed that exactly");
        assert!(leg(501.0, 0).is_impossible() && leg(501.0, 0).kmh().is_none(), "at the same time in two places");
        assert!(!leg(0.0, 0).is_impossible());
    }

    #[test]
    fn stops_are_in_order_and_legs_skip_unknown_places() {
        let mut records = risky_user("a", "newCountry");
        let mut add = |id: &str, minutes: i64, at: Option<GeoCoordinates>| {
            let mut sign_in = SignIn::unknown(id.into(), "a".into());
            sign_in.created_date_time = Some(Timestamp(now().0 - TimeDelta::minutes(minutes)));
            sign_in.location = Some(Location { geo_coordinates: at, ..Location::default() });
            records.sign_ins.push(sign_in);
        };
        add("lagos", 10, Some(point(6.45, 3.39)));
        add("dresden", 100, Some(point(51.05, 13.74)));
        add("nowhere", 50, Some(point(f64::NAN, 3.0)));
        add("beyond", 40, Some(point(91.0, 3.0)));
        records.detections[0].request_id = Some("not-read".into());
        let stops = stops(&records);
        assert_eq!(stops.len(), 6);
        assert!(stops.is_sorted_by_key(|stop| stop.at));
        assert!(stops.iter().any(|stop| stop.sighting == Sighting::Detection("a-d1".into())));
        let legs: Vec<_> = stops.iter().filter_map(|stop| stop.leg).collect();
        assert_eq!(legs.len(), 1);
        assert_eq!((legs[0].began, legs[0].seconds, legs[0].is_impossible()), (0, 5_400, true));
    }
    #[test]
    fn what_failed_elsewhere_is_seen_but_the_user_did_not_travel_there() {
        let mut records = UserRecords::unknown("a".into());
        let (dresden, lagos, berlin) = (point(51.05, 13.74), point(6.45, 3.39), point(52.52, 13.4));
        for (id, minutes, at, code) in [("home", 60, dresden, 0), ("guess", 50, lagos, 50126), ("work", 10, berlin, 0)] {
            let mut sign_in = SignIn::unknown(id.into(), "a".into());
            sign_in.created_date_time = Some(Timestamp(now().0 - TimeDelta::minutes(minutes)));
            sign_in.location = Some(Location { geo_coordinates: Some(at), ..Location::default() });
            sign_in.status = Some(SignInStatus { error_code: Some(code), ..SignInStatus::default() });
            records.sign_ins.push(sign_in);
        }
        let told = stops(&records);
        assert_eq!(
            told.iter().map(|stop| (stop.failed, stop.leg.is_some())).collect::<Vec<_>>(),
            [(false, false), (true, false), (false, true)]
        );
        let leg = told[2].leg.unwrap();
        assert_eq!((leg.began, leg.seconds, leg.is_impossible()), (0, 3_000, false), "from the last that went through");
        assert_eq!((leg_to(&records, &"work".into()), leg_to(&records, &"guess".into())), (Some(leg), None));
        records.sign_ins[1].status = None;
        assert!(leg_to(&records, &"guess".into()).unwrap().is_impossible(), "how it ended is not known");
    }
}

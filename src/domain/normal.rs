//! What is normal for a user: how often the properties of a sign-in or detection were seen before.
//!
//! A sign-in is held against the user's *other* sign-ins that are *older*, that are known to have gone through and that are known
//! to be without risk or were confirmed safe. Anything else makes nothing normal: an attacker's own sign-ins, or the failed ones of a
//! password spray, would. Risk that was dismissed or remediated does not count either, as neither says that it was the user.
//!
//! The limits: only what was read can be counted (of a live tenant that is the risky sign-ins, and a week of those of a user who was
//! explained), so that "new" means new among so many, and where none can be counted nothing is called new. A place is compared by
//! its name, a city only together with its country; a device by its id with ids, else by its name with names; a browser and an
//! operating system without their version.

use std::borrow::Cow;
use std::collections::HashMap;

use serde::Serialize;

use super::address;
use super::catalogue;
use super::links::Links;
use super::records::{DeviceDetail, Location, RiskDetection, SignIn, SignInId, UserRecords};
use super::risk::RiskState;
use super::time::Timestamp;

/// A property that is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Property {
    /// IP address.
    IpAddress,
    /// Number of the autonomous system.
    AutonomousSystemNumber,
    /// City.
    City,
    /// Country or region.
    CountryOrRegion,
    /// Device, by its id, else by its name.
    Device,
    /// Browser, without its version.
    Browser,
    /// Kind of client.
    ClientAppUsed,
    /// Application, by its name, else by its id.
    App,
    /// Operating system, without its version.
    OperatingSystem,
}

impl Property {
    /// All of them, in the order in which they are told.
    pub const ALL: [Property; 9] = [
        Property::IpAddress,
        Property::AutonomousSystemNumber,
        Property::City,
        Property::CountryOrRegion,
        Property::Device,
        Property::Browser,
        Property::ClientAppUsed,
        Property::App,
        Property::OperatingSystem,
    ];

    /// For people.
    pub fn words(self) -> &'static str {
        match self {
            Property::IpAddress => "IP address",
            Property::AutonomousSystemNumber => "ASN",
            Property::City => "city",
            Property::CountryOrRegion => "country",
            Property::Device => "device",
            Property::Browser => "browser",
            Property::ClientAppUsed => "client app",
            Property::App => "application",
            Property::OperatingSystem => "operating system",
        }
    }
}

/// How often a value was seen before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "normal", rename_all = "camelCase")]
pub enum Normal {
    /// The value is missing, or the time at which it was.
    Unknown,
    /// There is no older sign-in that could be counted and that tells this property.
    NoOtherSignIns,
    /// Not seen before.
    New {
        /// In how many sign-ins it was looked for: those that tell this property.
        among: usize,
    },
    /// Seen before.
    Seen {
        /// How often.
        times: usize,
        /// In how many sign-ins it was looked for: those that tell this property.
        among: usize,
        /// When last.
        last: Timestamp,
    },
}

impl Normal {
    /// In a few words: "new for this user", "seen 12 times, last on 2026-11-20".
    pub fn words(self) -> String {
        match self {
            Normal::Unknown => "unknown".to_owned(),
            Normal::NoOtherSignIns => "no other sign-ins read".to_owned(),
            Normal::New { .. } => "new for this user".to_owned(),
            Normal::Seen { times: 1, last, .. } => format!("seen once, on {}", last.0.format("%Y-%m-%d")),
            Normal::Seen { times, last, .. } => format!("seen {times} times, last on {}", last.0.format("%Y-%m-%d")),
        }
    }
}

/// One property of what is compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// The property.
    pub property: Property,
    /// Its value. Hostile text.
    pub value: Option<String>,
    /// How often it was seen before.
    #[serde(flatten)]
    pub normal: Normal,
}

/// A detection or sign-in beside the user's other sign-ins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Comparison {
    /// The detection, where it is about one.
    pub detection: Option<String>,
    /// Its type. Hostile text.
    pub risk_event_type: Option<String>,
    /// The sign-in, where it was read.
    pub sign_in: Option<SignInId>,
    /// When it was.
    pub at: Option<Timestamp>,
    /// How many older sign-ins of the user could be counted, whatever they tell.
    pub among: usize,
    /// Each property.
    pub properties: Vec<Finding>,
}

impl Comparison {
    /// How often the value of this property was seen before.
    pub fn of(&self, property: Property) -> Normal {
        self.properties.iter().find(|finding| finding.property == property).map_or(Normal::Unknown, |finding| finding.normal)
    }

    /// The value of this property.
    pub fn value(&self, property: Property) -> Option<&str> {
        self.properties.iter().find(|finding| finding.property == property)?.value.as_deref()
    }

    /// In one line: "Anomalous token of 2026-11-22 14:02: new for this user: IP address; seen before: city Berlin (3 of 12)". Hostile text.
    pub fn words(&self) -> String {
        let name = self.risk_event_type.as_deref().map_or("Sign-in", catalogue::name);
        let at = self.at.map(|at| format!(" of {} UTC", at.0.format("%Y-%m-%d %H:%M"))).unwrap_or_default();
        if self.among == 0 {
            return format!("{name}{at}: no other sign-ins read that it could be held against.");
        }
        let named = |holds: fn(&Normal) -> bool| {
            let found = self.properties.iter().filter(move |finding| holds(&finding.normal));
            let value = |finding: &Finding| match (&finding.value, finding.normal) {
                (Some(value), Normal::Seen { times, among, .. }) => format!("{} {value} ({times} of {among})", finding.property.words()),
                (Some(value), _) => format!("{} {value}", finding.property.words()),
                (None, _) => finding.property.words().to_owned(),
            };
            found.map(value).collect::<Vec<_>>().join(", ")
        };
        let parts = [
            ("new for this user", named(|normal| matches!(normal, Normal::New { .. }))),
            ("seen before", named(|normal| matches!(normal, Normal::Seen { .. }))),
            ("in no other sign-in", named(|normal| *normal == Normal::NoOtherSignIns)),
            ("unknown", named(|normal| *normal == Normal::Unknown)),
        ];
        let said: Vec<String> =
            parts.into_iter().filter(|(_, named)| !named.is_empty()).map(|(words, named)| format!("{words}: {named}")).collect();
        format!("{name}{at}, beside {} other sign-ins: {}.", self.among, said.join("; "))
    }
}

/// Whether a sign-in can make something normal for its user.
pub fn counts(sign_in: &SignIn) -> bool {
    let succeeded = sign_in.status.as_ref().and_then(|status| status.error_code) == Some(0);
    succeeded && matches!(sign_in.risk_state, Some(RiskState::None | RiskState::ConfirmedSafe))
}

/// The addresses that are normal for a user, each by when it was first seen: looked through once, however many detections are held
/// against them. Says of an address what [`of_detection`] says.
pub struct UsualAddresses<'a> {
    first: HashMap<Cow<'a, str>, Timestamp>,
    /// The first sign-in that tells its address.
    any: Option<Timestamp>,
    links: Links<'a>,
}

impl<'a> UsualAddresses<'a> {
    /// Looks through a user's sign-ins.
    pub fn of(records: &'a UserRecords) -> Self {
        let mut usual = UsualAddresses { first: HashMap::new(), any: None, links: Links::of(records) };
        for sign_in in records.sign_ins.iter().filter(|sign_in| counts(sign_in)) {
            let Some((address, at)) = present(sign_in.ip_address.as_deref()).zip(sign_in.created_date_time) else { continue };
            let first = usual.first.entry(address::canonical(address)).or_insert(at);
            *first = at.min(*first);
            usual.any = Some(usual.any.map_or(at, |any| any.min(at)));
        }
        usual
    }

    /// Whether the address of a detection was seen before it; `None` where either is not known, or there is nothing to hold it against.
    pub fn seen_before(&self, detection: &RiskDetection) -> Option<bool> {
        let (address, at) = self.subject(detection).place_and_time()?;
        let before = |then: &Timestamp| *then < at;
        self.any.as_ref().filter(|any| before(any))?;
        Some(self.first.get(&address::canonical(address)).is_some_and(before))
    }

    /// Whether it is known which address a detection is about.
    pub fn names_address(&self, detection: &RiskDetection) -> bool {
        self.subject(detection).address.is_some()
    }

    fn subject<'b>(&'b self, detection: &'b RiskDetection) -> Subject<'b> {
        Subject::of_detection(detection, self.links.sign_in_of(detection))
    }
}

/// Compares a detection by its sign-in; by itself, where the sign-in was not read.
pub fn of_detection(records: &UserRecords, detection: &RiskDetection) -> Comparison {
    let subject = Subject::of_detection(detection, records.sign_in_of(detection));
    Comparison {
        detection: Some(detection.id.to_string()),
        risk_event_type: detection.risk_event_type.as_ref().map(String::from),
        ..subject.compare(&records.sign_ins)
    }
}

/// Compares a sign-in.
pub fn of_sign_in(records: &UserRecords, sign_in: &SignIn) -> Comparison {
    Subject::of(sign_in).compare(&records.sign_ins)
}

/// The newest open detections, compared: at most so many.
pub fn of_user(records: &UserRecords, at_most: usize) -> Vec<Comparison> {
    let open = records.detections.iter().filter(|detection| detection.is_open());
    open.take(at_most).map(|detection| of_detection(records, detection)).collect()
}

/// What is compared, of a sign-in or of what a detection tells of one.
#[derive(Default)]
struct Subject<'a> {
    id: Option<&'a SignInId>,
    at: Option<Timestamp>,
    address: Option<&'a str>,
    asn: Option<i64>,
    location: Option<&'a Location>,
    device: Option<&'a DeviceDetail>,
    client: Option<&'a str>,
    app: Option<&'a str>,
}

impl<'a> Subject<'a> {
    /// By the sign-in, where it was read; else by what the detection itself tells.
    fn of_detection(detection: &'a RiskDetection, sign_in: Option<&'a SignIn>) -> Self {
        match sign_in {
            Some(sign_in) => Subject::of(sign_in),
            None => Subject {
                id: None,
                at: detection.activity_date_time.or(detection.at()),
                address: present(detection.ip_address.as_deref()),
                location: detection.location.as_ref(),
                ..Subject::default()
            },
        }
    }

    fn place_and_time(&self) -> Option<(&'a str, Timestamp)> {
        self.address.zip(self.at)
    }

    fn of(sign_in: &'a SignIn) -> Self {
        Subject {
            id: Some(&sign_in.id),
            at: sign_in.created_date_time,
            address: present(sign_in.ip_address.as_deref()),
            asn: sign_in.autonomous_system_number,
            location: sign_in.location.as_ref(),
            device: sign_in.device_detail.as_ref(),
            client: present(sign_in.client_app_used.as_deref()),
            app: present(sign_in.app_display_name.as_deref()).or(present(sign_in.app_id.as_deref())),
        }
    }

    /// Whether the countries do not differ, as far as both are known: Paris in Texas is not the one in France.
    fn country_agrees(&self, other: &Self) -> bool {
        let (one, other) = (self.text(Property::CountryOrRegion), other.text(Property::CountryOrRegion));
        one.is_none() || other.is_none() || is(one, other)
    }

    fn device_id(&self) -> Option<&'a str> {
        self.device.and_then(|device| present(device.device_id.as_deref()))
    }

    fn device_name(&self) -> Option<&'a str> {
        self.device.and_then(|device| present(device.display_name.as_deref()))
    }

    /// Whether the device is another subject's: by the ids where both have one, else by the names; `None` where neither can be compared.
    fn device_is(&self, wanted: &Self) -> Option<bool> {
        match (self.device_id(), wanted.device_id(), self.device_name(), wanted.device_name()) {
            (Some(id), Some(wanted), ..) => Some(is(Some(id), Some(wanted))),
            (_, _, Some(name), Some(wanted)) => Some(is(Some(name), Some(wanted))),
            _ => None,
        }
    }

    /// The text that is compared.
    fn text(&self, property: Property) -> Option<&'a str> {
        let place = self.location;
        match property {
            Property::IpAddress => self.address,
            Property::AutonomousSystemNumber => None,
            Property::City => place.and_then(|place| present(place.city.as_deref()).or(present(place.state.as_deref()))),
            Property::CountryOrRegion => place.and_then(|place| present(place.country_or_region.as_deref())),
            Property::Device => self.device_id().or(self.device_name()),
            Property::Browser => self.device.and_then(|device| without_version(device.browser.as_deref())),
            Property::ClientAppUsed => self.client,
            Property::App => self.app,
            Property::OperatingSystem => self.device.and_then(|device| without_version(device.operating_system.as_deref())),
        }
    }

    /// One pass over the sign-ins, whatever their number: what is compared is looked up in none of them twice.
    fn compare(&self, sign_ins: &[SignIn]) -> Comparison {
        let wanted = Property::ALL.map(|property| self.text(property));
        // How often the value was seen, when last, and in how many sign-ins the property is told at all.
        let mut tallies = [(0usize, None::<Timestamp>, 0usize); Property::ALL.len()];
        let mut among = 0;
        for other in sign_ins {
            let (Some(at), Some(then)) = (self.at, other.created_date_time) else { continue };
            if then >= at || self.id == Some(&other.id) || !counts(other) {
                continue;
            }
            among += 1;
            let held = Subject::of(other);
            for ((property, wanted), tally) in Property::ALL.into_iter().zip(wanted).zip(&mut tallies) {
                let same = match property {
                    Property::AutonomousSystemNumber => held.asn.map(|number| self.asn == Some(number)),
                    Property::IpAddress => held.address.map(|text| wanted.is_some_and(|wanted| address::same(text, wanted))),
                    Property::City => held.text(property).map(|city| is(Some(city), wanted) && held.country_agrees(self)),
                    Property::Device => held.device_is(self),
                    _ => held.text(property).map(|text| is(Some(text), wanted)),
                };
                let Some(same) = same else { continue };
                tally.2 += 1;
                if same {
                    (tally.0, tally.1) = (tally.0 + 1, tally.1.max(Some(then)));
                }
            }
        }
        let properties = Property::ALL.into_iter().zip(tallies).map(|(property, (times, last, among))| {
            let value = match property {
                Property::AutonomousSystemNumber => self.asn.map(|number| format!("AS{number}")),
                _ => self.text(property).map(str::to_owned),
            };
            let normal = match (&value, self.at, last) {
                (None, ..) | (_, None, _) => Normal::Unknown,
                (Some(_), Some(_), Some(last)) => Normal::Seen { times, among, last },
                (Some(_), Some(_), None) if among == 0 => Normal::NoOtherSignIns,
                (Some(_), Some(_), None) => Normal::New { among },
            };
            Finding { property, value, normal }
        });
        Comparison {
            detection: None,
            risk_event_type: None,
            sign_in: self.id.cloned(),
            at: self.at,
            among,
            properties: properties.collect(),
        }
    }
}

fn present(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

/// Whether both are there and the same, in any case.
fn is(one: Option<&str>, other: Option<&str>) -> bool {
    one.zip(other).is_some_and(|(one, other)| one.eq_ignore_ascii_case(other))
}

/// "Chrome 141.0.0" and "Windows10", as Entra writes it of registered devices, are "Chrome" and "Windows": another version is no other
/// browser.
fn without_version(text: Option<&str>) -> Option<&str> {
    let text = present(text)?;
    let name = match text.rsplit_once(' ') {
        Some((name, version)) if version.starts_with(|letter: char| letter.is_ascii_digit()) => name,
        _ => text.trim_end_matches(|letter: char| letter.is_ascii_digit() || letter == '.'),
    };
    present(Some(name)).or(Some(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixture::{everyday_sign_in, risky_user};

    fn adele() -> UserRecords {
        let mut records = risky_user("adele", "anomalousToken");
        everyday_sign_in(&mut records);
        records
    }

    fn address(records: &UserRecords) -> Normal {
        of_detection(records, &records.detections[0]).of(Property::IpAddress)
    }

    #[test]
    fn a_value_is_new_or_seen_so_often_and_last_then() {
        let mut records = adele();
        assert_eq!(address(&records), Normal::New { among: 1 });
        let everyday = records.sign_ins[1].clone();
        records.sign_ins[1].ip_address = records.sign_ins[0].ip_address.clone();
        assert_eq!(address(&records), Normal::Seen { times: 1, among: 1, last: everyday.created_date_time.unwrap() });
        assert_eq!(address(&records).words(), "seen once, on 2026-11-22");
        assert_eq!(of_detection(&records, &records.detections[0]).of(Property::Device), Normal::Unknown);
    }

    #[test]
    fn what_is_risky_failed_later_or_not_known_makes_nothing_normal() {
        type Change = fn(&mut SignIn);
        let changes: [Change; 6] = [
            |other| other.risk_state = Some(RiskState::AtRisk),
            |other| other.risk_state = Some(RiskState::Dismissed),
            |other| other.risk_state = None,
            |other| other.status = None,
            |other| other.status.as_mut().unwrap().error_code = Some(50126),
            |other| other.created_date_time = None,
        ];
        for change in changes {
            let mut records = adele();
            records.sign_ins[1].ip_address = records.sign_ins[0].ip_address.clone();
            change(&mut records.sign_ins[1]);
            assert_eq!(address(&records), Normal::NoOtherSignIns);
        }
        let mut records = adele();
        records.sign_ins[1].ip_address = records.sign_ins[0].ip_address.clone();
        records.sign_ins[1].risk_state = Some(RiskState::ConfirmedSafe);
        assert!(matches!(address(&records), Normal::Seen { times: 1, .. }));
        records.sign_ins[1].created_date_time = records.sign_ins[0].created_date_time;
        assert_eq!(address(&records), Normal::NoOtherSignIns, "not older");
    }

    #[test]
    fn a_detection_without_its_sign_in_tells_its_address_and_place_only() {
        let mut records = adele();
        records.sign_ins.remove(0);
        let compared = of_detection(&records, &records.detections[0]);
        assert_eq!(compared.of(Property::IpAddress), Normal::New { among: 1 });
        assert_eq!(compared.of(Property::ClientAppUsed), Normal::Unknown);
        assert_eq!(compared.sign_in, None);
    }

    #[test]
    fn each_property_is_counted_among_the_sign_ins_that_tell_it() {
        let mut records = adele();
        records.sign_ins[0].autonomous_system_number = Some(64500);
        let everyday = records.sign_ins[1].clone();
        for (id, asn) in [("a", Some(64500)), ("b", Some(64501)), ("c", None)] {
            records.sign_ins.push(SignIn { id: id.into(), autonomous_system_number: asn, ..everyday.clone() });
        }
        let compared = of_detection(&records, &records.detections[0]);
        assert!(matches!(compared.of(Property::AutonomousSystemNumber), Normal::Seen { times: 1, among: 2, .. }));
        assert_eq!((compared.of(Property::IpAddress), compared.among), (Normal::New { among: 4 }, 4));
        assert_eq!(compared.of(Property::ClientAppUsed), Normal::NoOtherSignIns, "no other sign-in tells its client");
        let words = compared.words();
        assert!(
            words.contains("seen before: ASN AS64500 (1 of 2)") && words.contains("in no other sign-in: client app Browser"),
            "{words}"
        );
    }

    #[test]
    fn another_version_is_no_other_browser() {
        assert_eq!(without_version(Some("Chrome 141.0.0")), Some("Chrome"));
        assert_eq!(without_version(Some("Windows 11")), Some("Windows"));
        assert_eq!(without_version(Some("Rich Client")), Some("Rich Client"));
        assert_eq!(without_version(Some("Windows10")), Some("Windows"));
        assert_eq!(without_version(Some(" 7 ")), Some("7"));
    }

    #[test]
    fn a_place_is_its_city_and_country_and_a_device_is_compared_by_what_both_tell() {
        let place = |city: &str, country: &str| {
            Some(Location { city: Some(city.into()), country_or_region: Some(country.into()), ..Location::default() })
        };
        let device = |id: Option<&str>, name: &str| {
            let (device_id, display_name) = (id.map(Into::into), Some(name.into()));
            Some(DeviceDetail { device_id, display_name, ..DeviceDetail::default() })
        };
        let mut records = adele();
        records.sign_ins[0].location = place("Paris", "US");
        records.sign_ins[1].location = place("Paris", "FR");
        records.sign_ins[0].device_detail = device(Some("d-1"), "ADELE-PC");
        records.sign_ins[1].device_detail = device(None, "adele-pc");
        let of = |records: &UserRecords, property| of_sign_in(records, &records.sign_ins[0]).of(property);
        assert_eq!(of(&records, Property::City), Normal::New { among: 1 });
        assert!(matches!(of(&records, Property::Device), Normal::Seen { times: 1, .. }), "one id is missing: the names tell");
        records.sign_ins[1].location = place("Paris", "us");
        records.sign_ins[1].device_detail = device(Some("d-2"), "adele-pc");
        assert!(matches!(of(&records, Property::City), Normal::Seen { times: 1, .. }));
        assert_eq!(of(&records, Property::Device), Normal::New { among: 1 }, "ids tell more than names");
        records.sign_ins[0].device_detail = Some(DeviceDetail { device_id: Some("d-1".into()), ..DeviceDetail::default() });
        records.sign_ins[1].device_detail = device(None, "adele-pc");
        assert_eq!(of(&records, Property::Device), Normal::NoOtherSignIns, "an id and a name cannot be compared");
    }

    #[test]
    fn the_usual_addresses_say_what_a_comparison_says() {
        let mut records = adele();
        records.sign_ins[1].ip_address = Some("::ffff:203.0.113.7".into());
        let other = records.detections[0].clone();
        let asked = [Some("203.0.113.7"), Some("203.0.113.9"), None].map(|address| {
            let (request_id, ip_address) = (None, address.map(Into::into));
            RiskDetection { request_id, ip_address, ..other.clone() }
        });
        records.detections.extend(asked);
        let seen: Vec<Option<bool>> = {
            let usual = UsualAddresses::of(&records);
            records.detections.iter().map(|detection| usual.seen_before(detection)).collect()
        };
        assert_eq!(seen, [Some(true), Some(true), Some(false), None]);
        for (detection, seen) in records.detections.iter().zip(seen) {
            match of_detection(&records, detection).of(Property::IpAddress) {
                Normal::Seen { .. } => assert_eq!(seen, Some(true)),
                Normal::New { .. } => assert_eq!(seen, Some(false)),
                Normal::Unknown | Normal::NoOtherSignIns => assert_eq!(seen, None),
            }
        }
    }

    #[test]
    fn a_user_with_fifty_thousand_sign_ins_is_counted_once() {
        let mut records = adele();
        let everyday = records.sign_ins[1].clone();
        records.sign_ins.extend((0..50_000).map(|at| SignIn { id: format!("s{at}").into(), ..everyday.clone() }));
        let compared = of_detection(&records, &records.detections[0]);
        assert_eq!(compared.of(Property::IpAddress), Normal::New { among: 50_001 });
    }
}

//! Values that records share across users: what they are, the query that asks for exactly them, and how many share them.

use std::net::IpAddr;

use ipnet::IpNet;
use serde::Serialize;

use super::catalogue;
use super::dataset::Dataset;
use super::query::{Query, QueryContext, QueryError, term};
use super::records::{Location, RiskDetection, SignIn};

/// A kind of value, the most telling first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Share {
    /// Session.
    SessionId,
    /// IP address.
    IpAddress,
    /// The /24 or /64 around an address.
    Network,
    /// Device.
    Device,
    /// User agent.
    UserAgent,
    /// Detection type.
    RiskEventType,
    /// Number of the autonomous system.
    AutonomousSystemNumber,
    /// City.
    City,
    /// Country or region.
    CountryOrRegion,
    /// Application.
    App,
    /// Kind of client.
    ClientAppUsed,
    /// Correlation id.
    CorrelationId,
}

impl Share {
    /// For people.
    pub fn words(self) -> &'static str {
        match self {
            Share::SessionId => "Session ID",
            Share::IpAddress => "IP address",
            Share::Network => "Network",
            Share::Device => "Device",
            Share::UserAgent => "User agent",
            Share::RiskEventType => "Detection type",
            Share::AutonomousSystemNumber => "ASN",
            Share::City => "City",
            Share::CountryOrRegion => "Country",
            Share::App => "Application",
            Share::ClientAppUsed => "Client",
            Share::CorrelationId => "Correlation ID",
        }
    }

    /// The label of the detail pane under which the value stands.
    pub fn label(self) -> &'static str {
        match self {
            Share::SessionId => "Session ID",
            Share::IpAddress | Share::Network => "IP address",
            Share::Device | Share::UserAgent | Share::ClientAppUsed => "Sign-in client",
            Share::RiskEventType => "",
            Share::AutonomousSystemNumber => "ASN",
            Share::City | Share::CountryOrRegion => "Sign-in location",
            Share::App => "Application",
            Share::CorrelationId => "Sign-in correlation ID",
        }
    }

    fn field(self) -> &'static str {
        match self {
            Share::SessionId => "session",
            Share::IpAddress | Share::Network => "ip",
            Share::Device => "device",
            Share::UserAgent => "agent",
            Share::RiskEventType => "type",
            Share::AutonomousSystemNumber => "asn",
            Share::City => "city",
            Share::CountryOrRegion => "country",
            Share::App => "app",
            Share::ClientAppUsed => "client",
            Share::CorrelationId => "correlation",
        }
    }
}

/// A value that can be shared.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Shared {
    /// What it is.
    pub share: Share,
    /// The value. Hostile text.
    pub value: String,
}

impl Shared {
    /// The term of the query language that asks for it and for nothing else.
    pub fn term(&self) -> String {
        let (field, value) = (self.share.field(), &self.value);
        let exact_by_itself = match self.share {
            Share::IpAddress | Share::Network => value.parse::<IpNet>().is_ok() || value.parse::<IpAddr>().is_ok(),
            Share::AutonomousSystemNumber => true,
            _ => false,
        };
        if exact_by_itself { format!("{field}:{value}") } else { term(field, value) }
    }

    /// The value for people. Hostile text.
    pub fn shown(&self) -> &str {
        match self.share {
            Share::RiskEventType => catalogue::name(&self.value),
            _ => &self.value,
        }
    }
}

/// What the sign-in calls the application or device whose id is shared. Hostile text.
pub fn name<'a>(shared: &Shared, sign_in: &'a SignIn) -> Option<&'a str> {
    let name = match shared.share {
        Share::App => sign_in.app_display_name.as_deref(),
        Share::Device => sign_in.device_detail.as_ref()?.display_name.as_deref(),
        _ => None,
    };
    name.filter(|name| !name.trim().is_empty())
}

/// The /24 of an IPv4 address, the /64 of an IPv6 address.
pub fn network(address: IpAddr) -> Option<IpNet> {
    let address = address.to_canonical();
    IpNet::new(address, if address.is_ipv4() { 24 } else { 64 }).ok().map(|network| network.trunc())
}

/// What a detection and its sign-in could share with others, the most telling first.
pub fn values(sign_in: Option<&SignIn>, detection: Option<&RiskDetection>) -> Vec<Shared> {
    let mut found: Vec<Shared> = Vec::new();
    let mut add = |share, value: Option<&str>| {
        let Some(value) = value.map(str::trim).filter(|value| !value.is_empty()) else { return };
        let shared = Shared { share, value: value.to_owned() };
        if !found.contains(&shared) {
            found.push(shared);
        }
    };
    let of_sign_in = |read: fn(&SignIn) -> Option<&str>| sign_in.and_then(read);
    let of_detection = |read: fn(&RiskDetection) -> Option<&str>| detection.and_then(read);
    let address = of_sign_in(|sign_in| sign_in.ip_address.as_deref()).or(of_detection(|detection| detection.ip_address.as_deref()));
    let place: Option<&Location> = sign_in.and_then(|sign_in| sign_in.location.as_ref()).or(detection.and_then(|it| it.location.as_ref()));
    let device = sign_in.and_then(|sign_in| sign_in.device_detail.as_ref());
    let around = address.and_then(|text| text.trim().parse().ok()).and_then(network).map(|network| network.to_string());
    let asn = sign_in.and_then(|sign_in| sign_in.autonomous_system_number).map(|number| number.to_string());
    let named = |text: Option<&'_ str>| text.is_some_and(|text| !text.trim().is_empty());
    add(Share::SessionId, of_sign_in(|sign_in| sign_in.session_id.as_deref()));
    add(Share::IpAddress, address);
    add(Share::Network, around.as_deref());
    let id = device.and_then(|device| device.device_id.as_deref());
    add(Share::Device, if named(id) { id } else { device.and_then(|device| device.display_name.as_deref()) });
    add(Share::UserAgent, of_sign_in(|sign_in| sign_in.user_agent.as_deref()));
    add(Share::RiskEventType, of_detection(|detection| detection.risk_event_type.as_deref()));
    for kind in sign_in.map(|sign_in| sign_in.risk_event_types.as_slice()).unwrap_or_default() {
        add(Share::RiskEventType, Some(kind));
    }
    add(Share::AutonomousSystemNumber, asn.as_deref());
    let city = place.and_then(|place| place.city.as_deref());
    add(Share::City, if named(city) { city } else { place.and_then(|place| place.state.as_deref()) });
    add(Share::CountryOrRegion, place.and_then(|place| place.country_or_region.as_deref()));
    let app = of_sign_in(|sign_in| sign_in.app_id.as_deref());
    add(Share::App, if named(app) { app } else { of_sign_in(|sign_in| sign_in.app_display_name.as_deref()) });
    add(Share::ClientAppUsed, of_sign_in(|sign_in| sign_in.client_app_used.as_deref()));
    let correlation = of_sign_in(|sign_in| sign_in.correlation_id.as_deref());
    add(Share::CorrelationId, correlation.or(of_detection(|detection| detection.correlation_id.as_deref())));
    found
}

/// How many share a value.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// Users: as many as the term lists.
    pub users: usize,
    /// Sign-ins and detections of these.
    pub records: usize,
}

/// Counts who shares a value, by the query that lists them. Looks at every record of the tenant once.
///
/// # Errors
///
/// Where the value makes no query, which is told with the place.
pub fn count(shared: &Shared, dataset: &Dataset, context: QueryContext<'_>) -> Result<Count, QueryError> {
    let query = Query::parse(&shared.term())?;
    let mut count = Count::default();
    for records in dataset.users().iter().filter(|records| query.matches_user(records, context)) {
        count.users += 1;
        count.records += query.sign_ins_of(records, context).len();
        count.records += query.detections_of(records, context).len();
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::fixture::{now, risky_user};
    use crate::domain::ledger::Ledger;

    #[test]
    fn the_values_of_a_detection_and_its_sign_in_are_asked_for_exactly() {
        let mut records = risky_user("adele", "anomalousToken");
        records.sign_ins[0].user_agent = Some("Mozilla/5.0 (\"X11\", Linux)".into());
        records.sign_ins[0].autonomous_system_number = Some(64500);
        let values = values(records.sign_ins.first(), records.detections.first());
        let terms: Vec<String> = values.iter().map(Shared::term).collect();
        insta::assert_snapshot!(terms.join("\n"), @r#"
        session:=adele-session
        ip:203.0.113.7
        ip:203.0.113.0/24
        agent:="Mozilla/5.0 (""X11"", Linux)"
        type:=anomalousToken
        asn:64500
        client:=Browser
        correlation:=adele-c1
        "#);
        let dataset: Dataset = [records, risky_user("bob", "newCountry")].into_iter().collect();
        let ledger = Ledger::default();
        let context = QueryContext { now: now(), ledger: &ledger, tenant: dataset.tenant() };
        let counts: Vec<Count> = values.iter().map(|shared| count(shared, &dataset, context).unwrap()).collect();
        let users: Vec<usize> = counts.iter().map(|count| count.users).collect();
        assert_eq!(users, [1, 2, 2, 1, 1, 1, 2, 1]);
        assert_eq!(counts[1].records, 4);
    }

    #[test]
    fn networks_are_a_24_or_a_64() {
        let of = |text: &str| network(text.parse().unwrap()).unwrap().to_string();
        assert_eq!(
            [of("203.0.113.7"), of("2001:db8:1:2:3::4"), of("::ffff:203.0.113.7")],
            ["203.0.113.0/24", "2001:db8:1:2::/64", "203.0.113.0/24"]
        );
    }

    proptest! {
        #[test]
        fn any_value_makes_a_query_that_finds_it(value in "\\PC{1,20}") {
            let mut records = risky_user("adele", "anomalousToken");
            let sign_in = &mut records.sign_ins[0];
            (sign_in.ip_address, sign_in.user_agent, sign_in.session_id) = [(); 3].map(|()| Some(value.as_str().into())).into();
            let ledger = Ledger::default();
            let dataset: Dataset = [records.clone()].into_iter().collect();
            let context = QueryContext { now: now(), ledger: &ledger, tenant: dataset.tenant() };
            for shared in values(records.sign_ins.first(), None).into_iter().filter(|shared| shared.share < Share::RiskEventType) {
                prop_assert!(count(&shared, &dataset, context).is_ok(), "{shared:?}");
            }
        }
    }
}

//! Campaigns: users at risk who share something that few others have, and bursts of one detection type.
//!
//! A group is made of the users at risk who share a session, an address, a network (/24 or /64), a user agent or an autonomous
//! system; or who have the same detection type within two hours ([`BURST_USERS`] or more of them). At least half of a group must be
//! risky *by* what they share: an open risky sign-in or detection holds it. What half of the tenant uses is no campaign, except for a
//! session, which nobody should share, and a burst. Groups of the same users are one, with all that they share.
//!
//! The score is size and level, by rarity, by kind: each user counts 3 (high), 2 (medium) or 1, and 2 more with token theft; the sum
//! is multiplied with the share of those at risk among all who are known to use the value (for a burst: of the users at risk with
//! this type, those within it), and with 4 for a session, 3 for an address, 2 for a network or user agent, 1 otherwise. It ranks and
//! says nothing else.
//!
//! What is known decides: of a live tenant, sign-ins without risk are read of few users, and a value looks rarer than it is.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

use chrono::TimeDelta;
use ipnet::IpNet;
use serde::Serialize;

use super::dataset::Dataset;
use super::facts;
use super::normal;
use super::pivot::{Share, Shared, network};
use super::query::{Query, QueryContext};
use super::records::{RiskDetection, UserId, UserRecords};
use super::risk::RiskLevel;
use super::time::Timestamp;

/// How many users make a burst of one detection type.
pub const BURST_USERS: usize = 5;
/// How long a burst may take.
const BURST: TimeDelta = TimeDelta::hours(2);
/// How many bursts of one type are looked for.
const BURSTS: usize = 3;
/// How many campaigns are listed: the first.
pub const LISTED: usize = 50;
/// A tenant with fewer users is too small to tell what is rare in it.
const SMALL: usize = 20;
/// The users a campaign is about: only they are in its group.
const AT_RISK: &str = "state:atRisk,confirmedCompromised";
/// A mass event takes no longer.
const MASS: TimeDelta = TimeDelta::hours(24);
/// How many users make a mass event, and which part of all at risk they are at least: one in so many.
const MASS_USERS: usize = 10;
const MASS_PART: usize = 20;

/// A group of users at risk.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Campaign {
    /// What they share, the most telling first.
    pub shares: Vec<Shared>,
    /// Whether it is a burst of the detection type that they share.
    pub burst: bool,
    /// The users, in the order of the dataset.
    pub users: Vec<UserId>,
    /// How many users are known to have the value, at risk or not.
    pub known_users: usize,
    /// The first of their open detections and risky sign-ins that hold it.
    pub from: Option<Timestamp>,
    /// The last of them.
    pub to: Option<Timestamp>,
    /// How many are at level high.
    pub high: usize,
    /// How many with token theft.
    pub token_theft: usize,
    /// What it is ranked by.
    pub score: usize,
    /// The query that lists exactly these users.
    pub query: String,
}

/// A burst of one detection type that may be the service's mistake.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MassEvent {
    /// The detection type. Hostile text.
    pub risk_event_type: String,
    /// How many users.
    pub users: usize,
    /// How many of them from an address that is otherwise normal for them, or without another type of detection.
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

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Value<'a> {
    Session(&'a str),
    Address(IpAddr),
    Network(IpNet),
    Agent(&'a str),
    System(i64),
}

impl Value<'_> {
    fn shared(&self) -> Shared {
        let (share, value) = match self {
            Value::Session(id) => (Share::SessionId, (*id).to_owned()),
            Value::Address(address) => (Share::IpAddress, address.to_string()),
            Value::Network(network) => (Share::Network, network.to_string()),
            Value::Agent(agent) => (Share::UserAgent, (*agent).to_owned()),
            Value::System(number) => (Share::AutonomousSystemNumber, number.to_string()),
        };
        Shared { share, value }
    }

    /// How many users make a group of it.
    fn least(&self) -> usize {
        if matches!(self, Value::Session(_)) { 2 } else { 3 }
    }
}

/// Who has a value.
#[derive(Default)]
struct Tally {
    /// Of the users at risk, those who are risky by it, and when.
    risky: usize,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    /// The users at risk who have it.
    group: Vec<u32>,
    known: usize,
    /// The last user that was counted, so that each counts once.
    last: Option<u32>,
}

fn is_at_risk(records: &UserRecords) -> bool {
    records.user.at_risk() == Some(true)
}

fn present(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

/// Calls for each value of a user's records; of the open risky ones only, where wanted.
fn each_value<'a>(records: &'a UserRecords, risky: bool, mut call: impl FnMut(Value<'a>, Option<Timestamp>)) {
    // Most records of a user name the same few addresses.
    let mut seen: Vec<(&str, Option<IpAddr>)> = Vec::new();
    let mut address = |text: &'a str, at: Option<Timestamp>, call: &mut dyn FnMut(Value<'a>, Option<Timestamp>)| {
        let parsed = match seen.iter().find(|(held, _)| *held == text) {
            // Whoever only counts users has counted this one.
            Some(_) if !risky => return,
            Some((_, parsed)) => *parsed,
            None => {
                let parsed = text.trim().parse::<IpAddr>().ok().map(|address| address.to_canonical());
                if seen.len() < 16 {
                    seen.push((text, parsed));
                }
                parsed
            }
        };
        if let Some(parsed) = parsed {
            call(Value::Address(parsed), at);
            if let Some(network) = network(parsed) {
                call(Value::Network(network), at);
            }
        }
    };
    for sign_in in records.sign_ins.iter().filter(|sign_in| !risky || sign_in.at_risk() == Some(true)) {
        let at = sign_in.created_date_time;
        if let Some(text) = sign_in.ip_address.as_deref() {
            address(text, at, &mut call);
        }
        if let Some(id) = present(sign_in.session_id.as_deref()) {
            call(Value::Session(id), at);
        }
        if let Some(agent) = present(sign_in.user_agent.as_deref()) {
            call(Value::Agent(agent), at);
        }
        if let Some(number) = sign_in.autonomous_system_number {
            call(Value::System(number), at);
        }
    }
    for detection in records.detections.iter().filter(|detection| !risky || detection.is_open()) {
        if let Some(text) = detection.ip_address.as_deref() {
            address(text, detection.at(), &mut call);
        }
    }
}

/// All campaigns, ranked, and how many there are: the first [`LISTED`] are answered. Looks at every record of the tenant once.
pub fn find(dataset: &Dataset, context: QueryContext<'_>) -> (Vec<Campaign>, usize) {
    let users = dataset.users();
    let numbered = || (0u32..).zip(users);
    let mut tallies: HashMap<Value<'_>, Tally> = HashMap::new();
    for (place, records) in numbered().filter(|(_, records)| is_at_risk(records)) {
        each_value(records, true, |value, at| {
            let tally = tallies.entry(value).or_default();
            if tally.last != Some(place) {
                tally.risky += 1;
                tally.last = Some(place);
            }
            tally.from = tally.from.into_iter().chain(at).min();
            tally.to = tally.to.max(at);
        });
    }
    tallies.retain(|value, tally| tally.risky >= value.least());
    tallies.values_mut().for_each(|tally| tally.last = None);
    for (place, records) in numbered() {
        let open = is_at_risk(records);
        each_value(records, false, |value, _| {
            let Some(tally) = tallies.get_mut(&value).filter(|tally| tally.last != Some(place)) else { return };
            tally.last = Some(place);
            tally.known += 1;
            if open {
                tally.group.push(place);
            }
        });
    }
    let mut found: Vec<(Campaign, Vec<u32>)> = Vec::new();
    for (value, tally) in tallies {
        let everywhere = users.len() >= SMALL && tally.known * 2 >= users.len() && !matches!(value, Value::Session(_));
        if !everywhere && tally.risky * 2 >= tally.group.len() {
            let shared = value.shared();
            let rarity = (tally.group.len(), tally.known);
            let campaign = campaign(users, &tally.group, shared, rarity, (tally.from, tally.to), None);
            found.push((campaign, tally.group));
        }
    }
    for (kind, window, with_type) in bursts(users) {
        let shared = Shared { share: Share::RiskEventType, value: kind.to_owned() };
        let query = window_query(&shared, window);
        // The query decides who belongs to it, so that Enter shows those who are counted here.
        let group = matching(users, &query, context);
        let times = (Some(window.0), Some(window.1));
        found.push((campaign(users, &group, shared, (group.len(), with_type.max(group.len())), times, Some(query)), group));
    }
    found.sort_by(|(one, _), (other, _)| rank(one, other));
    let mut merged: Vec<Campaign> = Vec::new();
    let mut places: HashMap<Vec<u32>, usize> = HashMap::new();
    for (campaign, group) in found {
        match places.get(&group).and_then(|place| merged.get_mut(*place)) {
            Some(held) => held.shares.extend(campaign.shares),
            None => {
                places.insert(group, merged.len());
                merged.push(campaign);
            }
        }
    }
    let all = merged.len();
    merged.truncate(LISTED);
    (merged, all)
}

fn rank(one: &Campaign, other: &Campaign) -> std::cmp::Ordering {
    let share = |campaign: &Campaign| campaign.shares.first().map(|shared| (shared.share, shared.value.clone()));
    other.score.cmp(&one.score).then_with(|| share(one).cmp(&share(other)))
}

fn campaign(
    users: &[UserRecords],
    group: &[u32],
    shared: Shared,
    (part, known): (usize, usize),
    (from, to): (Option<Timestamp>, Option<Timestamp>),
    burst: Option<String>,
) -> Campaign {
    let records = || group.iter().filter_map(|place| users.get(*place as usize));
    let theft = |records: &UserRecords| facts::token_theft(records) == Some(true);
    let weight = |records: &UserRecords| {
        let level = match records.user.risk_level {
            Some(RiskLevel::High) => 3,
            Some(RiskLevel::Medium) => 2,
            _ => 1,
        };
        level + if theft(records) { 2 } else { 0 }
    };
    let kind = match shared.share {
        Share::SessionId => 4,
        Share::IpAddress => 3,
        Share::Network | Share::UserAgent => 2,
        _ => 1,
    };
    let score = records().map(weight).sum::<usize>() * kind * part / known.max(1);
    Campaign {
        users: records().map(|records| records.id().clone()).collect(),
        known_users: known,
        from,
        to,
        high: records().filter(|records| records.user.risk_level == Some(RiskLevel::High)).count(),
        token_theft: records().filter(|records| theft(records)).count(),
        score,
        burst: burst.is_some(),
        query: burst.unwrap_or_else(|| format!("{} {AT_RISK}", shared.term())),
        shares: vec![shared],
    }
}

/// The users at risk whom the query lists, by place.
fn matching(users: &[UserRecords], query: &str, context: QueryContext<'_>) -> Vec<u32> {
    let Ok(query) = Query::parse(query) else { return Vec::new() };
    let of = (0u32..).zip(users).filter(|(_, records)| is_at_risk(records) && query.matches_user(records, context));
    of.map(|(place, _)| place).collect()
}

fn window_query(shared: &Shared, (from, to): (Timestamp, Timestamp)) -> String {
    format!("{} detected:{from}..{to} {AT_RISK}", shared.term())
}

/// Open detections of users at risk, by type, each with its time and user, oldest first.
fn by_type(users: &[UserRecords]) -> HashMap<&str, Vec<(Timestamp, u32)>> {
    let mut types: HashMap<&str, Vec<(Timestamp, u32)>> = HashMap::new();
    for (place, records) in (0u32..).zip(users).filter(|(_, records)| is_at_risk(records)) {
        for detection in records.detections.iter().filter(|detection| detection.is_open()) {
            if let Some((kind, at)) = present(detection.risk_event_type.as_deref()).zip(detection.at()) {
                types.entry(kind).or_default().push((at, place));
            }
        }
    }
    types.values_mut().for_each(|times| times.sort_unstable());
    types
}

/// The stretch of at most so long that concerns most users: its first and last place in the list, and the users.
fn densest(times: &[(Timestamp, u32)], length: TimeDelta) -> Option<(usize, usize, usize)> {
    let mut held: HashMap<u32, usize> = HashMap::new();
    let mut first = 0;
    let mut best: Option<(usize, usize, usize)> = None;
    for (last, (at, user)) in times.iter().enumerate() {
        *held.entry(*user).or_default() += 1;
        while let Some((then, leaving)) = times.get(first).filter(|(then, _)| at.0 - then.0 > length) {
            debug_assert!(then <= at, "sorted");
            match held.get_mut(leaving) {
                Some(1) | None => _ = held.remove(leaving),
                Some(count) => *count -= 1,
            }
            first += 1;
        }
        if best.is_none_or(|(.., users)| held.len() > users) {
            best = Some((first, last, held.len()));
        }
    }
    best
}

/// Bursts: the type, from when to when, and how many users at risk have the type at all.
fn bursts(users: &[UserRecords]) -> Vec<(&str, (Timestamp, Timestamp), usize)> {
    let mut found = Vec::new();
    for (kind, mut times) in by_type(users) {
        let with_type = times.iter().map(|(_, user)| user).collect::<HashSet<_>>().len();
        for _ in 0..BURSTS {
            let Some((first, last, _)) = densest(&times, BURST).filter(|(.., users)| *users >= BURST_USERS) else { break };
            if let Some(((from, _), (to, _))) = times.get(first).zip(times.get(last)) {
                found.push((kind, (*from, *to), with_type));
            }
            times.drain(first..=last);
        }
    }
    found.sort_unstable();
    found
}

/// A burst of one detection type across so many users, most of them otherwise normal, that the service may be mistaken: the largest.
///
/// At least ten users, and one in twenty of those at risk, within 24 hours; more than half from an address that is otherwise normal
/// for them, or without another type of open detection. It can be an attack all the same: a password spray looks like it.
pub fn mass_event(dataset: &Dataset) -> Option<MassEvent> {
    let users = dataset.users();
    let at_risk = users.iter().filter(|records| is_at_risk(records)).count();
    let mut best: Option<(MassEvent, &str)> = None;
    for (kind, times) in by_type(users) {
        let Some((first, last, count)) = densest(&times, MASS) else { continue };
        if count < MASS_USERS || count * MASS_PART < at_risk {
            continue;
        }
        let within = times.get(first..=last).unwrap_or_default();
        let places: HashSet<u32> = within.iter().map(|(_, place)| *place).collect();
        let benign = places.iter().filter_map(|place| users.get(*place as usize)).filter(|records| otherwise_normal(records, kind)).count();
        let (Some((from, _)), Some((to, _))) = (within.first(), within.last()) else { continue };
        let better = best.as_ref().is_none_or(|(held, name)| (count, *name) > (held.users, kind));
        if benign * 2 > count && better {
            let shared = Shared { share: Share::RiskEventType, value: kind.to_owned() };
            let event = MassEvent {
                risk_event_type: kind.to_owned(),
                users: count,
                otherwise_normal: benign,
                at_risk,
                from: *from,
                to: *to,
                query: window_query(&shared, (*from, *to)),
            };
            best = Some((event, kind));
        }
    }
    best.map(|(event, _)| event)
}

/// Whether nothing but this type speaks against a user, or it came from an address that is normal for the user.
fn otherwise_normal(records: &UserRecords, kind: &str) -> bool {
    let open = || records.detections.iter().filter(|detection| detection.is_open());
    let of_kind = |detection: &&RiskDetection| detection.risk_event_type.as_deref().map(str::trim) == Some(kind);
    let alone = open().all(|detection| of_kind(&detection));
    alone
        || open().filter(of_kind).any(|detection| {
            let address = detection.ip_address.as_deref().and_then(|text| text.trim().parse::<IpAddr>().ok());
            address.zip(detection.at()).is_some_and(|(address, at)| normal::address_is_normal(records, address, at))
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixture::{everyday_sign_in, now, risky_user};
    use crate::domain::ledger::Ledger;
    use crate::domain::risk::RiskState;

    /// A user whose risk has its own address and session.
    fn user(id: &str, kind: &str, at: usize) -> UserRecords {
        let mut records = risky_user(id, kind);
        let address = Some(format!("10.{at}.0.1"));
        records.sign_ins[0].ip_address = address.clone();
        records.detections[0].ip_address = address;
        records.detections[0].detected_date_time = Some(Timestamp(now().0 - TimeDelta::days(i64::try_from(at).unwrap() + 2)));
        records
    }

    fn found(users: Vec<UserRecords>) -> Vec<Campaign> {
        let (ledger, dataset): (_, Dataset) = (Ledger::default(), users.into_iter().collect());
        let context = QueryContext { now: now(), ledger: &ledger, tenant: dataset.tenant() };
        let (campaigns, all) = find(&dataset, context);
        assert_eq!(campaigns.len(), all);
        for campaign in &campaigns {
            let query = Query::parse(&campaign.query).unwrap();
            let listed: Vec<UserId> =
                dataset.users().iter().filter(|records| query.matches_user(records, context)).map(|records| records.id().clone()).collect();
            assert_eq!(listed, campaign.users, "{}", campaign.query);
        }
        campaigns
    }

    fn shares(campaigns: &[Campaign]) -> Vec<Vec<Share>> {
        campaigns.iter().map(|campaign| campaign.shares.iter().map(|shared| shared.share).collect()).collect()
    }

    #[test]
    fn users_at_risk_from_one_address_are_one_campaign_with_all_that_they_share() {
        let mut users: Vec<UserRecords> = (0..4).map(|at| user(&format!("u{at}"), "newCountry", at)).collect();
        for records in users.iter_mut().take(3) {
            records.sign_ins[0].ip_address = Some("203.0.113.7".to_owned());
            records.sign_ins[0].autonomous_system_number = Some(64500);
        }
        users[0].user.risk_level = Some(RiskLevel::High);
        let campaigns = found(users);
        assert_eq!(shares(&campaigns), [[Share::IpAddress, Share::Network, Share::AutonomousSystemNumber]]);
        let first = &campaigns[0];
        assert_eq!((first.users.len(), first.high, first.score), (3, 1, 3 * 7));
        assert_eq!(first.query, "ip:203.0.113.7 state:atRisk,confirmedCompromised");
    }

    #[test]
    fn a_session_of_two_users_is_one_and_an_address_of_two_is_none() {
        let mut users: Vec<UserRecords> = (0..2).map(|at| user(&format!("u{at}"), "newCountry", at)).collect();
        users.iter_mut().for_each(|records| records.sign_ins[0].ip_address = Some("203.0.113.7".to_owned()));
        assert!(found(users.clone()).is_empty());
        users.iter_mut().for_each(|records| records.sign_ins[0].session_id = Some("stolen".to_owned()));
        assert_eq!(shares(&found(users)), [[Share::SessionId]]);
    }

    #[test]
    fn what_half_of_the_tenant_uses_is_none_and_rarity_ranks() {
        let with = |count: usize, safe: usize, number: i64, from: usize| {
            (from..from + count).map(move |at| {
                let mut records = user(&format!("u{at}"), "newCountry", at);
                records.sign_ins[0].autonomous_system_number = Some(number);
                if at < from + safe {
                    records.user.risk_state = Some(RiskState::None);
                    records.sign_ins[0].risk_state = Some(RiskState::None);
                }
                records
            })
        };
        let users: Vec<UserRecords> = with(20, 0, 1, 0).chain(with(8, 4, 2, 20)).chain(with(4, 0, 3, 28)).collect();
        let campaigns = found(users);
        let systems: Vec<(&str, usize)> = campaigns.iter().map(|found| (found.shares[0].value.as_str(), found.score)).collect();
        assert_eq!(systems, [("3", 8), ("2", 4)]);
    }

    #[test]
    fn one_type_within_two_hours_is_a_burst() {
        let mut users: Vec<UserRecords> = (0..7).map(|at| user(&format!("u{at}"), "passwordSpray", at)).collect();
        for (at, records) in users.iter_mut().enumerate().take(5) {
            let minutes = i64::try_from(at).unwrap() * 30;
            records.detections[0].detected_date_time = Some(Timestamp(now().0 - TimeDelta::minutes(minutes)));
        }
        let campaigns = found(users.clone());
        assert_eq!((campaigns.len(), campaigns[0].burst, campaigns[0].users.len()), (1, true, 5));
        users[0].detections[0].risk_state = Some(RiskState::Dismissed);
        assert!(found(users).is_empty(), "four are none");
    }

    #[test]
    #[ignore = "measures; cargo test --release --lib campaigns_of_a_large_tenant -- --ignored --nocapture"]
    fn campaigns_of_a_large_tenant() {
        let users = (0..100_000).map(|at| {
            let mut records = user(&format!("u{at}"), "newCountry", at % 200);
            if at % 4 != 0 {
                records.user.risk_state = Some(RiskState::Dismissed);
            }
            let first = records.sign_ins[0].clone();
            records.sign_ins.extend((0..9).map(|of| {
                let mut sign_in = first.clone();
                sign_in.id = format!("u{at}-s{of}").into();
                sign_in.ip_address = Some(format!("10.{}.{of}.{}", at % 200, at % 97));
                sign_in.risk_state = Some(RiskState::None);
                sign_in
            }));
            records
        });
        let dataset: Dataset = users.collect();
        let ledger = Ledger::default();
        let context = QueryContext { now: now(), ledger: &ledger, tenant: dataset.tenant() };
        let start = std::time::Instant::now();
        let (_, all) = find(&dataset, context);
        println!("{all} campaigns: {:?}", start.elapsed());
        let start = std::time::Instant::now();
        mass_event(&dataset);
        println!("mass event: {:?}", start.elapsed());
        let records = &dataset.users()[0];
        let values = crate::domain::pivot::values(records.sign_ins.first(), records.detections.first());
        let start = std::time::Instant::now();
        for shared in &values {
            crate::domain::pivot::count(shared, &dataset, context).unwrap();
        }
        println!("{} pivots: {:?}", values.len(), start.elapsed());
    }

    #[test]
    fn a_mass_event_is_one_type_of_many_within_a_day_who_are_otherwise_normal() {
        let mut users: Vec<UserRecords> = (0..30).map(|at| user(&format!("u{at}"), "newCountry", at)).collect();
        for (at, records) in users.iter_mut().enumerate().take(12) {
            records.detections[0].risk_event_type = Some("leakedCredentials".to_owned());
            records.detections[0].detected_date_time = Some(Timestamp(now().0 - TimeDelta::hours(i64::try_from(at).unwrap())));
        }
        let event = |users: &[UserRecords]| mass_event(&users.iter().cloned().collect());
        let told = event(&users).unwrap();
        assert_eq!((told.users, told.otherwise_normal, told.at_risk), (12, 12, 30));
        // Another detection of each, from an address that is not theirs: then it is no mistake.
        for records in users.iter_mut().take(12) {
            let mut other = records.detections[0].clone();
            other.id = "other".into();
            other.risk_event_type = Some("anomalousToken".to_owned());
            other.detected_date_time = Some(Timestamp(now().0 - TimeDelta::days(60)));
            records.detections.push(other);
        }
        assert_eq!(event(&users), None);
        for records in users.iter_mut().take(12) {
            everyday_sign_in(records);
            records.sign_ins[1].ip_address = records.detections[0].ip_address.clone();
            records.sign_ins[1].created_date_time = Some(Timestamp(now().0 - TimeDelta::days(80)));
        }
        assert_eq!(event(&users).unwrap().otherwise_normal, 12);
        users.truncate(9);
        assert_eq!(event(&users), None, "nine are not many");
    }
}

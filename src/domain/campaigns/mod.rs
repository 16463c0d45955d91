//! Campaigns: users at risk who share something that few others have, and bursts of one detection type.
//!
//! A group is made of the users at risk who share a session, an address, a network (/24 or /64), a user agent or an autonomous
//! system; or who have the same detection type within two hours ([`BURST_USERS`] or more of them). At least half of a group must be
//! risky *by* what they share: an open risky sign-in or detection holds it. What half of the tenant uses, or more than half of those at
//! risk, is no campaign (the network of the head office), except for a session, which nobody should share, an address that nobody is
//! known to use without risk, and a burst. Groups of the same users are one, with all that they share.
//!
//! The score is size and level, by rarity, by kind: each user counts 3 (high), 2 (medium) or 1, and 2 more with token theft; the sum
//! is multiplied with the share of those at risk among all who are known to use the value (for a burst: of the users at risk with
//! this type, those within it), and with 4 for a session, 3 for an address, 2 for a network or user agent, 1 otherwise. It ranks and
//! says nothing else.
//!
//! What is known decides: of a live tenant, sign-ins without risk are read of few users, and a value looks rarer than it is.

mod bursts;
mod mass_event;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::net::IpAddr;

use ipnet::IpNet;
use serde::Serialize;

use super::dataset::Dataset;
use super::facts;
use super::pivot::{Share, Shared, network};
use super::query::{Query, QueryContext};
use super::records::{UserId, UserRecords};
use super::risk::RiskLevel;
use super::time::Timestamp;
pub use bursts::BURST_USERS;
pub use mass_event::{MassEvent, mass_event};

/// How many campaigns are listed: the first.
pub const LISTED: usize = 50;
/// A tenant with fewer users is too small to tell what is rare in it.
const SMALL: usize = 20;
/// The users a campaign is about: only they are in its group.
const AT_RISK: &str = "state:atRisk,confirmedCompromised";

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

/// Text that is the same in any case, as the query language has it.
#[derive(Clone, Copy)]
struct Caseless<'a>(&'a str);

impl PartialEq for Caseless<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(other.0)
    }
}

impl Eq for Caseless<'_> {}

impl Hash for Caseless<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // Some at a time: hashing takes as long for one byte as for many.
        let mut some = [0; 32];
        for bytes in self.0.as_bytes().chunks(some.len()) {
            let lower = some.iter_mut().zip(bytes);
            lower.for_each(|(lower, byte)| *lower = byte.to_ascii_lowercase());
            state.write(some.get(..bytes.len()).unwrap_or_default());
        }
        state.write_u8(0xff);
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Value<'a> {
    Session(Caseless<'a>),
    Address(IpAddr),
    Network(IpNet),
    Agent(Caseless<'a>),
    System(i64),
}

impl Value<'_> {
    fn shared(&self) -> Shared {
        let (share, value) = match self {
            Value::Session(id) => (Share::SessionId, id.0.to_owned()),
            Value::Address(address) => (Share::IpAddress, address.to_string()),
            Value::Network(network) => (Share::Network, network.to_string()),
            Value::Agent(agent) => (Share::UserAgent, agent.0.to_owned()),
            Value::System(number) => (Share::AutonomousSystemNumber, number.to_string()),
        };
        Shared { share, value }
    }

    /// How many users make a group of it.
    fn least(&self) -> usize {
        if matches!(self, Value::Session(_)) { 2 } else { 3 }
    }

    /// Whether so many have it that it says nothing of those at risk: half of the tenant, or more than half of them all. A session
    /// is nobody's to share, and an address that nobody uses without risk is not where people work.
    fn is_everywhere(&self, tally: &Tally, users: usize, at_risk: usize) -> bool {
        let risky_only = tally.risky == tally.known && tally.without_risk * 2 < tally.known;
        let of_risk = at_risk >= SMALL && tally.group.len() * 2 > at_risk;
        match self {
            Value::Session(_) => false,
            Value::Address(_) | Value::Network(_) if risky_only => false,
            _ => of_risk || users >= SMALL && tally.known * 2 >= users,
        }
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
    /// The users who have it in a sign-in without risk, too: where they work, and not where an attacker passed once unnoticed.
    without_risk: usize,
    /// The last user that was counted, so that each counts once; the same of those without risk.
    last: Option<u32>,
    last_without_risk: Option<u32>,
}

fn is_at_risk(records: &UserRecords) -> bool {
    records.user.at_risk() == Some(true)
}

fn present(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

/// A value in a record: when, and whether the sign-in was none of risk.
#[derive(Clone, Copy)]
struct Seen {
    at: Option<Timestamp>,
    without_risk: bool,
}

/// What a user's records name of one kind, and what it was read as: most records name the same few.
struct Few<N, R> {
    held: Vec<(N, R, bool)>,
    /// Whether each record counts, and not only each user.
    each: bool,
}

impl<N: Copy + PartialEq, R: Copy> Few<N, R> {
    /// So many are remembered: a user with more is no longer one whose records name the same.
    const MOST: usize = 16;

    fn new(each: bool) -> Self {
        Few { held: Vec::new(), each }
    }

    /// What is named, read once; `None` where it tells nothing that a record before did not.
    fn take(&mut self, named: N, seen: Seen, read: impl FnOnce(N) -> R) -> Option<R> {
        match self.held.iter_mut().find(|(held, ..)| *held == named) {
            Some((_, _, without_risk)) if !self.each && (*without_risk || !seen.without_risk) => None,
            Some((_, read, without_risk)) => {
                *without_risk |= seen.without_risk;
                Some(*read)
            }
            None => {
                let read = read(named);
                if self.held.len() < Self::MOST {
                    self.held.push((named, read, seen.without_risk));
                }
                Some(read)
            }
        }
    }
}

/// Calls for the values of a user's records: of the open risky ones each time, where wanted, else of all as often as they tell something.
fn each_value<'a>(records: &'a UserRecords, risky: bool, mut call: impl FnMut(Value<'a>, Seen)) {
    let mut addresses = Few::new(risky);
    let (mut sessions, mut agents, mut systems) = (Few::new(risky), Few::new(risky), Few::new(risky));
    let mut address = |text: &'a str, seen: Seen, call: &mut dyn FnMut(Value<'a>, Seen)| {
        let parsed = addresses.take(text, seen, |text| text.trim().parse::<IpAddr>().ok().map(|address| address.to_canonical()));
        let Some(parsed) = parsed.flatten() else { return };
        call(Value::Address(parsed), seen);
        if let Some(network) = network(parsed) {
            call(Value::Network(network), seen);
        }
    };
    for sign_in in records.sign_ins.iter().filter(|sign_in| !risky || sign_in.at_risk() == Some(true)) {
        let seen = Seen { at: sign_in.created_date_time, without_risk: !sign_in.is_risky() };
        if let Some(text) = sign_in.ip_address.as_deref() {
            address(text, seen, &mut call);
        }
        let value = present(sign_in.session_id.as_deref()).and_then(|id| sessions.take(id, seen, |id| Value::Session(Caseless(id))));
        value.into_iter().for_each(|value| call(value, seen));
        let value =
            present(sign_in.user_agent.as_deref()).and_then(|agent| agents.take(agent, seen, |agent| Value::Agent(Caseless(agent))));
        value.into_iter().for_each(|value| call(value, seen));
        let value = sign_in.autonomous_system_number.and_then(|number| systems.take(number, seen, Value::System));
        value.into_iter().for_each(|value| call(value, seen));
    }
    for detection in records.detections.iter().filter(|detection| !risky || detection.is_open()) {
        if let Some(text) = detection.ip_address.as_deref() {
            address(text, Seen { at: detection.at(), without_risk: false }, &mut call);
        }
    }
}

/// All campaigns, ranked, and how many there are: the first [`LISTED`] are answered. Looks at every record of the tenant once.
pub fn find(dataset: &Dataset, context: QueryContext<'_>) -> (Vec<Campaign>, usize) {
    let users = dataset.users();
    let numbered = || (0u32..).zip(users);
    let mut tallies: HashMap<Value<'_>, Tally> = HashMap::new();
    for (place, records) in numbered().filter(|(_, records)| is_at_risk(records)) {
        each_value(records, true, |value, Seen { at, .. }| {
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
        each_value(records, false, |value, Seen { without_risk, .. }| {
            let Some(tally) = tallies.get_mut(&value) else { return };
            if without_risk && tally.last_without_risk.replace(place) != Some(place) {
                tally.without_risk += 1;
            }
            if tally.last == Some(place) {
                return;
            }
            tally.last = Some(place);
            tally.known += 1;
            if open {
                tally.group.push(place);
            }
        });
    }
    let weights: Vec<Weight> =
        users.iter().map(|records| if is_at_risk(records) { Weight::of(records) } else { Weight::default() }).collect();
    let at_risk = users.iter().filter(|records| is_at_risk(records)).count();
    let mut found: Vec<Candidate> = Vec::new();
    for (value, tally) in tallies {
        if !value.is_everywhere(&tally, users.len(), at_risk) && tally.risky * 2 >= tally.group.len() {
            let known = tally.known;
            found.push(Candidate::new(tally.group, value.shared(), known, (tally.from, tally.to), None, &weights));
        }
    }
    for (kind, window, with_type) in bursts::bursts(users) {
        let shared = Shared { share: Share::RiskEventType, value: kind.to_owned() };
        let query = bursts::window_query(kind, window, AT_RISK);
        // The query decides who belongs to it, so that Enter shows those who are counted here.
        let group = matching(users, &query, context);
        let known = with_type.max(group.len());
        found.push(Candidate::new(group, shared, known, (Some(window.0), Some(window.1)), Some(query), &weights));
    }
    found.sort_by(|one, other| other.score.cmp(&one.score).then_with(|| one.shares.cmp(&other.shares)));
    let mut merged: Vec<Candidate> = Vec::new();
    let mut places: HashMap<Vec<u32>, usize> = HashMap::new();
    for candidate in found {
        match places.get(&candidate.group).and_then(|place| merged.get_mut(*place)) {
            Some(held) => held.shares.extend(candidate.shares),
            None => {
                places.insert(candidate.group.clone(), merged.len());
                merged.push(candidate);
            }
        }
    }
    let all = merged.len();
    merged.truncate(LISTED);
    (merged.into_iter().map(|candidate| candidate.listed(users, &weights)).collect(), all)
}

/// What a user at risk adds to the score of a group, worked out once and not for each group.
#[derive(Clone, Copy, Default)]
struct Weight {
    points: u8,
    high: bool,
    token_theft: bool,
}

impl Weight {
    fn of(records: &UserRecords) -> Self {
        let level = match records.user.risk_level {
            Some(RiskLevel::High) => 3,
            Some(RiskLevel::Medium) => 2,
            _ => 1,
        };
        let token_theft = facts::token_theft(records) == Some(true);
        Weight { points: level + if token_theft { 2 } else { 0 }, high: records.user.risk_level == Some(RiskLevel::High), token_theft }
    }
}

/// A group that may be listed: most are not, and need no more than their rank.
struct Candidate {
    score: usize,
    shares: Vec<Shared>,
    group: Vec<u32>,
    known: usize,
    times: (Option<Timestamp>, Option<Timestamp>),
    /// Of a burst, the query that lists it.
    burst: Option<String>,
}

impl Candidate {
    fn new(
        group: Vec<u32>,
        shared: Shared,
        known: usize,
        times: (Option<Timestamp>, Option<Timestamp>),
        burst: Option<String>,
        weights: &[Weight],
    ) -> Self {
        let kind = match shared.share {
            Share::SessionId => 4,
            Share::IpAddress => 3,
            Share::Network | Share::UserAgent => 2,
            _ => 1,
        };
        let points: usize = weights_of(&group, weights).map(|weight| usize::from(weight.points)).sum();
        let score = points * kind * group.len() / known.max(1);
        Candidate { score, shares: vec![shared], group, known, times, burst }
    }

    fn listed(self, users: &[UserRecords], weights: &[Weight]) -> Campaign {
        let count = |holds: fn(&Weight) -> bool| weights_of(&self.group, weights).filter(|weight| holds(weight)).count();
        let (high, token_theft) = (count(|weight| weight.high), count(|weight| weight.token_theft));
        let term = self.shares.first().map(Shared::term).unwrap_or_default();
        Campaign {
            users: self.group.iter().filter_map(|place| users.get(*place as usize)).map(|records| records.id().clone()).collect(),
            known_users: self.known,
            from: self.times.0,
            to: self.times.1,
            high,
            token_theft,
            score: self.score,
            burst: self.burst.is_some(),
            query: self.burst.unwrap_or_else(|| format!("{term} {AT_RISK}")),
            shares: self.shares,
        }
    }
}

fn weights_of<'a>(group: &'a [u32], weights: &'a [Weight]) -> impl Iterator<Item = &'a Weight> {
    group.iter().filter_map(|place| weights.get(*place as usize))
}

/// The users at risk whom the query lists, by place.
fn matching(users: &[UserRecords], query: &str, context: QueryContext<'_>) -> Vec<u32> {
    let Ok(query) = Query::parse(query) else { return Vec::new() };
    let of = (0u32..).zip(users).filter(|(_, records)| is_at_risk(records) && query.matches_user(records, context));
    of.map(|(place, _)| place).collect()
}

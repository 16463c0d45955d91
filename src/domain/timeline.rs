//! What happened to a user and around it, on one time axis: sign-ins by session, detections, risk history, administrators, notes.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::action::Aim;
use super::address;
use super::facts;
use super::journal::JobId;
use super::ledger::{Job, Ledger};
use super::records::{DetectionId, SignInId, UserRecords};
use super::tenant_text::TenantText;
use super::time::Timestamp;

/// What an event is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// A sign-in.
    SignIn(SignInId),
    /// A detection.
    Detection(DetectionId),
    /// A change of the user's risk: the id of the history item.
    History(TenantText),
    /// A job that acts on the user or on a sign-in of the user.
    Job(JobId),
    /// A note: its place among the notes on the user, oldest first.
    Note(usize),
}

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// What.
    pub what: What,
    /// The lane it stands in: its place among [`Timeline::lanes`].
    pub lane: usize,
    /// Whether it stands out in its lane: a sign-in from another address than the first of its session, a detection that is open.
    pub notable: bool,
}

/// What a lane holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// The sign-ins of one session; `None` for those without a session id.
    Session(Option<String>),
    /// Detections.
    Detections,
    /// Changes of the user's risk.
    History,
    /// What administrators did, from here.
    Administrators,
    /// Notes.
    Notes,
}

/// One lane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lane {
    /// What it holds.
    pub kind: Kind,
    /// The addresses that its sign-ins came from, each once, in the order in which they turned up. Hostile text.
    pub addresses: Vec<String>,
    /// Places of its events among [`Timeline::events`], oldest first.
    pub events: Vec<usize>,
    /// For each of its events, how many before it are notable; one more than there are events.
    notable: Vec<usize>,
}

/// Everything that happened, as far as it is known and has a time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Timeline {
    /// The events, oldest first.
    pub events: Vec<Event>,
    /// The lanes: sessions first, those on several addresses before the others and then the latest first; the other kinds below.
    pub lanes: Vec<Lane>,
    /// How many of the lanes are sessions.
    pub sessions: usize,
    /// Records that have no time and so no place here.
    pub undated: usize,
}

impl Lane {
    fn new(kind: Kind) -> Self {
        Lane { kind, addresses: Vec::new(), events: Vec::new(), notable: Vec::new() }
    }

    /// Whether one session was seen on several addresses: what a stolen token looks like. Sign-ins without a session id tell nothing.
    pub fn is_shared(&self) -> bool {
        matches!(self.kind, Kind::Session(Some(_))) && self.addresses.len() > 1
    }

    /// How many of the events between two places of this lane are notable, the second not included.
    pub fn notable_between(&self, from: usize, to: usize) -> usize {
        let before = |place: usize| self.notable.get(place).or(self.notable.last()).copied().unwrap_or(0);
        before(to).saturating_sub(before(from))
    }
}

/// Whether a job acts on this user, or on one of the user's sign-ins.
fn concerns(job: &Job, records: &UserRecords) -> bool {
    match job.plan.action.aim() {
        Aim::User => job.item(records.id().as_str()).is_some(),
        Aim::SignIn => job.plan.included().any(|target| target.user_id.as_ref() == Some(records.id())),
        Aim::Policy | Aim::Address => false,
    }
}

impl Timeline {
    /// Looks everything up that is known of a user.
    pub fn of(records: &UserRecords, ledger: &Ledger) -> Self {
        let mut timeline = Timeline::default();
        timeline.add_sign_ins(records);
        timeline.sessions = timeline.lanes.len();
        let detections = records.detections.iter().map(|detection| {
            let notable = detection.is_open() || facts::is_token_theft(detection);
            (detection.activity_date_time.or(detection.at()), What::Detection(detection.id.clone()), notable)
        });
        timeline.add(Kind::Detections, detections);
        let history = records.history.iter().map(|item| (item.risk_last_updated_date_time, What::History(item.id.clone()), false));
        timeline.add(Kind::History, history);
        let jobs = ledger.jobs().filter(|job| concerns(job, records)).map(|job| (Some(job.created_at), What::Job(job.id), false));
        timeline.add(Kind::Administrators, jobs);
        let notes = ledger.notes(records.id()).iter().enumerate().map(|(place, note)| (Some(note.at), What::Note(place), false));
        timeline.add(Kind::Notes, notes);
        timeline.order();
        timeline
    }

    fn add(&mut self, kind: Kind, events: impl Iterator<Item = (Option<Timestamp>, What, bool)>) {
        let lane = self.lanes.len();
        self.lanes.push(Lane::new(kind));
        for (at, what, notable) in events {
            match at {
                Some(at) => self.events.push(Event { at, what, lane, notable }),
                None => self.undated += 1,
            }
        }
    }

    fn add_sign_ins(&mut self, records: &UserRecords) {
        let mut lanes: HashMap<Option<&str>, usize> = HashMap::new();
        let mut seen: HashSet<(usize, Cow<'_, str>)> = HashSet::new();
        let mut newest: Vec<Timestamp> = Vec::new();
        let mut sign_ins: Vec<_> = records.sign_ins.iter().filter_map(|one| Some((one.created_date_time?, one))).collect();
        self.undated += records.sign_ins.len() - sign_ins.len();
        sign_ins.sort_by(|a, b| a.0.cmp(&b.0).then_with(|| a.1.id.cmp(&b.1.id)));
        for (at, sign_in) in sign_ins {
            let session = sign_in.session_id.as_deref().filter(|id| !id.is_empty());
            let lane = *lanes.entry(session).or_insert_with(|| {
                self.lanes.push(Lane::new(Kind::Session(session.map(str::to_owned))));
                newest.push(at);
                self.lanes.len() - 1
            });
            let Some((held, newest)) = self.lanes.get_mut(lane).zip(newest.get_mut(lane)) else { continue };
            *newest = at;
            let address = sign_in.ip_address.as_deref().map(address::canonical).filter(|address| !address.is_empty());
            if let Some(address) = address.as_ref().filter(|address| seen.insert((lane, (*address).clone()))) {
                held.addresses.push(address.clone().into_owned());
            }
            let first = held.addresses.first().map(String::as_str);
            let notable = session.is_some() && address.is_some() && address.as_deref() != first;
            self.events.push(Event { at, what: What::SignIn(sign_in.id.clone()), lane, notable });
        }
        // What was stolen stands on top; what tells of no session stands last.
        let mut order: Vec<usize> = (0..self.lanes.len()).collect();
        let rank = |lane: &usize| {
            let held = self.lanes.get(*lane);
            let shared = held.is_some_and(Lane::is_shared);
            let none = held.is_some_and(|held| held.kind == Kind::Session(None));
            (none, !shared, std::cmp::Reverse(newest.get(*lane).copied()), *lane)
        };
        order.sort_by_key(rank);
        let mut place = vec![0; order.len()];
        for (to, from) in order.iter().enumerate() {
            if let Some(place) = place.get_mut(*from) {
                *place = to;
            }
        }
        for event in &mut self.events {
            event.lane = place.get(event.lane).copied().unwrap_or(event.lane);
        }
        let mut held: Vec<Option<Lane>> = std::mem::take(&mut self.lanes).into_iter().map(Some).collect();
        self.lanes = order.into_iter().filter_map(|from| held.get_mut(from).and_then(Option::take)).collect();
    }

    /// Brings events into order and tells the lanes of them.
    fn order(&mut self) {
        self.events.sort_by(|a, b| a.at.cmp(&b.at).then(a.lane.cmp(&b.lane)));
        for (place, event) in self.events.iter().enumerate() {
            if let Some(lane) = self.lanes.get_mut(event.lane) {
                let before = lane.notable.last().copied().unwrap_or(0);
                if lane.notable.is_empty() {
                    lane.notable.push(0);
                }
                lane.notable.push(before + usize::from(event.notable));
                lane.events.push(place);
            }
        }
    }

    /// The first and the last moment; `None` where nothing has a time.
    pub fn bounds(&self) -> Option<(Timestamp, Timestamp)> {
        Some((self.events.first()?.at, self.events.last()?.at))
    }

    /// Place of the event that is this.
    pub fn position(&self, what: &What) -> Option<usize> {
        self.events.iter().position(|event| event.what == *what)
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::domain::fixture::{now, risky_user};
    use crate::domain::journal::{Entry, Head, encode};
    use crate::domain::records::SignIn;

    fn sign_in(records: &mut UserRecords, minutes: i64, session: &str, address: &str) {
        let mut one = SignIn::unknown(format!("s{}", records.sign_ins.len() + 1).into(), records.id().clone());
        one.created_date_time = Some(Timestamp(now().0 - TimeDelta::minutes(minutes)));
        one.session_id = Some(session.into()).filter(|id: &TenantText| !id.is_empty());
        one.ip_address = Some(address.into());
        records.sign_ins.push(one);
    }

    fn stolen() -> UserRecords {
        let mut records = UserRecords::unknown("a".into());
        sign_in(&mut records, 5, "quiet", "198.51.100.20");
        sign_in(&mut records, 10, "stolen", "203.0.113.7");
        sign_in(&mut records, 20, "stolen", "198.51.100.20");
        sign_in(&mut records, 15, "stolen", "::ffff:203.0.113.7");
        sign_in(&mut records, 30, "", "198.51.100.20");
        sign_in(&mut records, 1, "", "192.0.2.1");
        records
    }

    #[test]
    fn a_session_on_two_addresses_stands_first_and_names_them_in_order() {
        let timeline = Timeline::of(&stolen(), &Ledger::default());
        let kinds: Vec<&Kind> = timeline.lanes.iter().map(|lane| &lane.kind).collect();
        let session = |id: &str| Kind::Session(Some(id.to_owned()));
        let expected =
            [session("stolen"), session("quiet"), Kind::Session(None), Kind::Detections, Kind::History, Kind::Administrators, Kind::Notes];
        assert_eq!(kinds, expected.iter().collect::<Vec<_>>());
        assert_eq!(timeline.lanes[0].addresses, ["198.51.100.20", "203.0.113.7"]);
        let shared: Vec<bool> = timeline.lanes.iter().map(Lane::is_shared).collect();
        assert_eq!(shared, [true, false, false, false, false, false, false], "no session id is no session");
        let notable: Vec<bool> = timeline.lanes[0].events.iter().map(|place| timeline.events[*place].notable).collect();
        assert_eq!(notable, [false, true, true]);
        assert_eq!([timeline.lanes[0].notable_between(0, 1), timeline.lanes[0].notable_between(0, 9)], [0, 2]);
    }

    #[test]
    fn every_event_stands_in_its_lane_in_order_of_time() {
        let timeline = Timeline::of(&stolen(), &Ledger::default());
        assert!(timeline.events.is_sorted_by_key(|event| event.at));
        for (place, event) in timeline.events.iter().enumerate() {
            assert!(timeline.lanes[event.lane].events.contains(&place));
        }
        assert_eq!(timeline.lanes.iter().map(|lane| lane.events.len()).sum::<usize>(), timeline.events.len());
    }

    #[test]
    fn what_has_no_time_is_counted_and_not_drawn() {
        let mut records = risky_user("a", "newCountry");
        records.sign_ins[0].created_date_time = None;
        let detection = &mut records.detections[0];
        (detection.activity_date_time, detection.detected_date_time, detection.last_updated_date_time) = (None, None, None);
        let timeline = Timeline::of(&records, &Ledger::default());
        assert_eq!((timeline.events.len(), timeline.undated, timeline.bounds()), (0, 2, None));
    }

    #[test]
    fn notes_stand_beside_the_records() {
        let note = Entry::Note { user: "a".into(), text: "called".to_owned() };
        let (record, ..) = encode(&Head::default(), now(), "me", note).unwrap();
        let ledger = Ledger::fold(&[record]);
        let timeline = Timeline::of(&risky_user("a", "newCountry"), &ledger);
        assert_eq!(timeline.events.last().map(|event| event.what.clone()), Some(What::Note(0)));
        assert_eq!(timeline.position(&What::Note(0)), Some(2));
    }
}

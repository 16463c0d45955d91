//! What is known of every user without making their records: enough to filter by. Records are made for the rows of a page only.

use std::collections::{BTreeSet, HashMap};
use std::thread;

use super::filter::Value;
use crate::domain::records::{RiskDetection, SignIn, UserRecords};
use crate::domain::risk::{RiskDetail, RiskLevel, RiskState};
use crate::domain::time::Timestamp;
use crate::tenant::demo::{DemoTenant, Population};

/// One user.
#[derive(Debug)]
pub(super) struct UserRow {
    principal_name: Option<Box<str>>,
    level: Option<RiskLevel>,
    state: Option<RiskState>,
    detail: Option<RiskDetail>,
    updated: Option<Timestamp>,
    /// Whether there ever was any risk. Users of whom nothing is known count.
    pub(super) listed: bool,
    /// Places of the user's detections.
    detections: Vec<u32>,
    /// Places of the user's sign-ins.
    sign_ins: Vec<u32>,
}

/// One detection.
#[derive(Debug)]
pub(super) struct DetectionRow {
    pub(super) user: u32,
    pub(super) id: Box<str>,
    kind: Option<Box<str>>,
    level: Option<RiskLevel>,
    state: Option<RiskState>,
    detected: Option<Timestamp>,
    activity: Option<Timestamp>,
    updated: Option<Timestamp>,
}

/// One sign-in.
#[derive(Debug)]
pub(super) struct SignInRow {
    pub(super) user: u32,
    pub(super) id: Box<str>,
    created: Option<Timestamp>,
    pub(super) interactive: bool,
    state: Option<RiskState>,
}

/// All users, in fixed orders.
#[derive(Debug)]
pub(super) struct Index {
    pub(super) users: Vec<UserRow>,
    /// Numbers of users in the order of lists, which is by no property.
    pub(super) order: Vec<u32>,
    pub(super) detections: Vec<DetectionRow>,
    /// Newest first.
    pub(super) sign_ins: Vec<SignInRow>,
    principal_names: HashMap<Box<str>, u32>,
    /// Users who were written to and have not settled: they are read again at each look.
    unsettled: BTreeSet<u32>,
}

impl Index {
    /// Reads everybody, in parallel.
    pub(super) fn new(population: &Population) -> Self {
        let users = population.spec().users;
        let threads = thread::available_parallelism().map_or(1, usize::from).min(8) as u32;
        let share = users.div_ceil(threads).max(1);
        let parts: Vec<Vec<Read>> = thread::scope(|scope| {
            let read = |first: u32| (first..(first + share).min(users)).map(|index| Read::new(index, &population.records(index))).collect();
            let running: Vec<_> = (0..users).step_by(share as usize).map(|first| scope.spawn(move || read(first))).collect();
            // A panic there is a panic here.
            running.into_iter().map(|part| part.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
        });
        let mut order: Vec<u32> = (0..users).collect();
        order.sort_by_cached_key(|index| population.user_id(*index).to_string());
        let mut index = Index {
            users: Vec::new(),
            order,
            detections: Vec::new(),
            sign_ins: Vec::new(),
            principal_names: HashMap::new(),
            unsettled: BTreeSet::new(),
        };
        for read in parts.into_iter().flatten() {
            let number = index.users.len() as u32;
            if let Some(name) = &read.user.principal_name {
                index.principal_names.insert(name.to_lowercase().into(), number);
            }
            index.users.push(read.user);
            index.detections.extend(read.detections);
            index.sign_ins.extend(read.sign_ins);
        }
        index.detections.sort_by(|a, b| a.id.cmp(&b.id));
        index.sign_ins.sort_by(|a, b| b.created.cmp(&a.created).then_with(|| a.id.cmp(&b.id)));
        for (place, row) in index.detections.iter().enumerate() {
            if let Some(user) = index.users.get_mut(row.user as usize) {
                user.detections.push(place as u32);
            }
        }
        for (place, row) in index.sign_ins.iter().enumerate() {
            if let Some(user) = index.users.get_mut(row.user as usize) {
                user.sign_ins.push(place as u32);
            }
        }
        index
    }

    /// The number of the user with this principal name.
    pub(super) fn user_named(&self, principal_name: &str) -> Option<u32> {
        self.principal_names.get(principal_name.to_lowercase().as_str()).copied()
    }

    /// These users were written to.
    pub(super) fn touch(&mut self, users: impl IntoIterator<Item = u32>) {
        self.unsettled.extend(users);
    }

    /// Reads again who was written to.
    pub(super) fn settle(&mut self, tenant: &DemoTenant) {
        for number in std::mem::take(&mut self.unsettled) {
            let records = tenant.records(number);
            self.take(number, &records);
            if records.user.is_processing == Some(true) {
                self.unsettled.insert(number);
            }
        }
    }

    fn take(&mut self, number: u32, records: &UserRecords) {
        let read = Read::new(number, records);
        let Some(held) = self.users.get_mut(number as usize) else { return };
        for row in read.detections {
            let mut places = held.detections.iter().map(|place| *place as usize);
            match places.find(|place| self.detections.get(*place).is_some_and(|held| held.id == row.id)) {
                Some(place) => {
                    if let Some(held) = self.detections.get_mut(place) {
                        *held = row;
                    }
                }
                // New ones stand at the end, so that places stay what they are.
                None => {
                    held.detections.push(self.detections.len() as u32);
                    self.detections.push(row);
                }
            }
        }
        for row in read.sign_ins {
            for place in &held.sign_ins {
                if let Some(held) = self.sign_ins.get_mut(*place as usize).filter(|held| held.id == row.id) {
                    held.state = row.state.clone();
                }
            }
        }
        let (detections, sign_ins) = (std::mem::take(&mut held.detections), std::mem::take(&mut held.sign_ins));
        *held = UserRow { detections, sign_ins, ..read.user };
    }
}

/// What was read of one user.
struct Read {
    user: UserRow,
    detections: Vec<DetectionRow>,
    sign_ins: Vec<SignInRow>,
}

impl Read {
    fn new(number: u32, records: &UserRecords) -> Self {
        let user = &records.user;
        Read {
            user: UserRow {
                principal_name: user.user_principal_name.as_deref().map(Box::from),
                level: user.risk_level.clone(),
                state: user.risk_state.clone(),
                detail: user.risk_detail.clone(),
                updated: user.risk_last_updated_date_time,
                listed: user.risk_state != Some(RiskState::None) || !records.history.is_empty(),
                detections: Vec::new(),
                sign_ins: Vec::new(),
            },
            detections: records.detections.iter().map(|detection| detection_row(number, detection)).collect(),
            sign_ins: records.sign_ins.iter().map(|sign_in| sign_in_row(number, sign_in)).collect(),
        }
    }
}

fn detection_row(user: u32, detection: &RiskDetection) -> DetectionRow {
    DetectionRow {
        user,
        id: detection.id.as_str().into(),
        kind: detection.risk_event_type.as_deref().map(Box::from),
        level: detection.risk_level.clone(),
        state: detection.risk_state.clone(),
        detected: detection.detected_date_time,
        activity: detection.activity_date_time,
        updated: detection.last_updated_date_time,
    }
}

fn sign_in_row(user: u32, sign_in: &SignIn) -> SignInRow {
    SignInRow {
        user,
        id: sign_in.id.as_str().into(),
        created: sign_in.created_date_time,
        interactive: sign_in.is_interactive != Some(false),
        state: sign_in.risk_state.clone(),
    }
}

fn time(time: Option<Timestamp>) -> Value<'static> {
    time.map_or(Value::Null, Value::Time)
}

fn text(text: Option<&str>) -> Value<'_> {
    text.map_or(Value::Null, Value::Text)
}

impl UserRow {
    /// What it says of a field of `riskyUser`.
    pub(super) fn value(&self, field: &str) -> Value<'_> {
        match field {
            "riskLevel" => text(self.level.as_ref().map(RiskLevel::as_str)),
            "riskState" => text(self.state.as_ref().map(RiskState::as_str)),
            "riskDetail" => text(self.detail.as_ref().map(RiskDetail::as_str)),
            "riskLastUpdatedDateTime" => time(self.updated),
            "userPrincipalName" => text(self.principal_name.as_deref()),
            _ => Value::Unknown,
        }
    }
}

impl DetectionRow {
    /// What it says of a field of `riskDetection`. The user's id is not in it.
    pub(super) fn value<'a>(&'a self, field: &str, user: &'a UserRow) -> Value<'a> {
        match field {
            "riskLevel" => text(self.level.as_ref().map(RiskLevel::as_str)),
            "riskState" => text(self.state.as_ref().map(RiskState::as_str)),
            "riskEventType" => text(self.kind.as_deref()),
            "detectedDateTime" => time(self.detected),
            "activityDateTime" => time(self.activity),
            "lastUpdatedDateTime" => time(self.updated),
            "userPrincipalName" => text(user.principal_name.as_deref()),
            _ => Value::Unknown,
        }
    }
}

impl SignInRow {
    /// What it says of a field of `signIn`. The user's id is not in it.
    pub(super) fn value<'a>(&'a self, field: &str, user: &'a UserRow) -> Value<'a> {
        match field {
            "id" => Value::Text(&self.id),
            "createdDateTime" => time(self.created),
            "riskState" => text(self.state.as_ref().map(RiskState::as_str)),
            "userPrincipalName" => text(user.principal_name.as_deref()),
            "signInEventTypes" => Value::List(vec![if self.interactive { "interactiveUser" } else { "nonInteractiveUser" }]),
            _ => Value::Unknown,
        }
    }
}

//! The records of a user before anything was done to the tenant: a pure function of spec and number.

use chrono::TimeDelta;

use super::accounts;
use super::assets::{self, CLIENTS, Client, Kind, PLACES, Place};
use super::chance::Chance;
use super::ids::{IdKind, Ids};
use super::people::{self, Person};
use super::plot::{Account, Age, BLOCK, Odd, Outcome, Plot, Plots, Setting};
use crate::domain::facts::{BlockedBy, SIGN_IN_RETENTION};
use crate::domain::records::{Directory, RiskDetection, RiskyUser, RiskyUserHistoryItem, SignIn, SignInId, UserId, UserRecords};
use crate::domain::risk::{RiskDetail, RiskLevel, RiskState};
use crate::domain::tenant_text::TenantText;
use crate::domain::time::Timestamp;
use crate::domain::transition::{self, Cause, Event};
use crate::domain::workspace::DemoSpec;

/// Above this size everybody has few sign-ins, so that a large tenant fits in memory.
const LARGE: u32 = 5_000;
/// Sign-ins that are simulated later are numbered from here, beyond all that anybody has at the epoch.
const BEFORE_INTRUSIONS: u16 = 10_000;
/// The user who acts as administrator in the tenant's past.
const ADMINISTRATOR: u32 = 11;

/// The users of a demo tenant as they are at its epoch, each made when asked for.
#[derive(Debug, Clone)]
pub struct Population {
    spec: DemoSpec,
    ids: Ids,
    plots: Plots,
}

impl Population {
    /// The population of this spec. Nobody is made yet.
    pub fn new(spec: DemoSpec) -> Self {
        Population { ids: Ids::new(spec.seed), plots: Plots::new(), spec }
    }

    /// The spec it follows from.
    pub fn spec(&self) -> &DemoSpec {
        &self.spec
    }

    /// The tenant's object id.
    pub fn tenant_id(&self) -> String {
        self.ids.guid(IdKind::Tenant, 0, 0)
    }

    /// The number of the user with this object id.
    pub fn user(&self, id: &str) -> Option<u32> {
        self.ids.read(IdKind::User, id).map(|(index, _)| index).filter(|index| *index < self.spec.users)
    }

    /// The number of the user who made the sign-in with this id.
    pub fn user_of_sign_in(&self, id: &str) -> Option<u32> {
        self.ids.read(IdKind::SignIn, id).map(|(index, _)| index).filter(|index| *index < self.spec.users)
    }

    /// The object id of a user.
    pub fn user_id(&self, index: u32) -> UserId {
        self.ids.guid(IdKind::User, index, 0).into()
    }

    /// The principal name of a user, where it is known.
    pub fn principal_name(&self, index: u32) -> Option<String> {
        people::principal_name(self.spec.seed, index, &self.plots.of(index))
    }

    /// All records of a user.
    pub fn records(&self, index: u32) -> UserRecords {
        let plot = self.plots.of(index);
        let mut chance = Chance::new(self.spec.seed, index);
        let person = Person::new(self.spec.seed, index, &plot, &mut chance);
        let mut records = UserRecords::unknown(self.user_id(index));
        let mut scene = Scene { population: self, index, plot, chance, person, sign_ins: 0, detections: 0 };
        scene.play(&mut records);
        records.sort();
        records.devices = Some(accounts::devices(&records));
        records.methods = Some(accounts::methods(&records, &self.ids, index, self.spec.epoch));
        records
    }

    /// The number of the user whose device has this object id or device id.
    pub fn user_of_device(&self, id: &str) -> Option<u32> {
        let device = |id: &str| self.ids.read(IdKind::Device, id);
        let found = device(id).or_else(|| device(&accounts::object_id_of_device(id)));
        found.map(|(index, _)| index).filter(|index| *index < self.spec.users)
    }

    pub(super) fn ids(&self) -> Ids {
        self.ids
    }

    /// A sign-in of this user at a time after the epoch, from where intruders are, and a detection of this type and level. A type
    /// that is about users has no sign-in. `None` where the user has as many sign-ins as can be told apart.
    pub(super) fn intrusion(
        &self,
        records: &UserRecords,
        kind: &Kind,
        level: RiskLevel,
        at: Timestamp,
    ) -> Option<(Option<SignIn>, RiskDetection)> {
        let index = self.user(records.id().as_str())?;
        let ordinal = |id: &SignInId| self.ids.read(IdKind::SignIn, id.as_str()).map_or(0, |(_, ordinal)| ordinal);
        let made = records.sign_ins.iter().map(|sign_in| ordinal(&sign_in.id)).max().unwrap_or(0).max(BEFORE_INTRUSIONS);
        let made = made.checked_add(u16::try_from(records.detections.len()).ok()?)?;
        made.checked_add(1)?;
        let plot = self.plots.of(index);
        let person = Person::new(self.spec.seed, index, &plot, &mut Chance::new(self.spec.seed, index));
        let chance = Chance::new(self.spec.seed.wrapping_add(u64::from(made)), index);
        let mut scene = Scene { population: self, index, plot, chance, person, sign_ins: made, detections: made };
        let age = at.age(self.spec.epoch);
        let sign_in = kind.sign_in.then(|| {
            let (place, client) = (scene.chance.pick(&PLACES.away), scene.chance.pick(&CLIENTS.intruder));
            let address = people::complete(&place, 2 + scene.chance.below(60));
            let mut sign_in = scene.risky_sign_in(records, age, &place, &address, &client);
            sign_in.risk_event_types = vec![kind.value.as_str().into()];
            sign_in.risk_level_aggregated = Some(level.clone());
            sign_in.risk_level_during_sign_in = Some(if kind.timing == "offline" { RiskLevel::None } else { level.clone() });
            sign_in
        });
        let mut detection = scene.detection(kind, level, age, sign_in.as_ref());
        detection.last_updated_date_time = Some(at);
        detection.user_principal_name.clone_from(&records.user.user_principal_name);
        detection.user_display_name.clone_from(&records.user.user_display_name);
        Some((sign_in, detection))
    }
}

/// One user's records in the making.
pub(super) struct Scene<'a> {
    pub population: &'a Population,
    pub index: u32,
    pub plot: Plot,
    pub chance: Chance,
    pub person: Person,
    sign_ins: u16,
    detections: u16,
}

impl Scene<'_> {
    /// The time so long before the epoch.
    pub(super) fn at(&self, age: TimeDelta) -> Timestamp {
        Timestamp(self.population.spec.epoch.0 - age)
    }

    pub(super) fn id(&self, kind: IdKind, ordinal: u16) -> String {
        self.population.ids.guid(kind, self.index, ordinal)
    }

    pub(super) fn shared_id(&self, kind: IdKind, number: u32) -> String {
        self.population.ids.guid(kind, number, 0)
    }

    pub(super) fn next_sign_in(&mut self) -> u16 {
        self.sign_ins += 1;
        self.sign_ins
    }

    pub(super) fn next_detection_id(&mut self) -> String {
        self.detections += 1;
        self.population.ids.detection(self.index, self.detections)
    }

    fn play(&mut self, records: &mut UserRecords) {
        if self.plot.outcome == Outcome::Blank {
            if self.plot.age == Age::Recent {
                self.blank_records(records);
            }
            return;
        }
        self.identify(records);
        self.everyday_sign_ins(records);
        if self.plot.outcome != Outcome::Never {
            self.risk(records);
            self.outcome(records);
        }
        self.block(records);
    }

    /// A sign-in and a detection without a single optional property.
    fn blank_records(&mut self, records: &mut UserRecords) {
        let ordinal = self.next_sign_in();
        records.sign_ins.push(SignIn::unknown(self.id(IdKind::SignIn, ordinal).into(), records.id().clone()));
        let mut detection = self.detection(&Kind::default(), RiskLevel::Low, TimeDelta::zero(), None);
        detection = RiskDetection {
            user_principal_name: None,
            user_display_name: None,
            risk_event_type: None,
            risk_level: None,
            risk_state: None,
            risk_detail: None,
            detection_timing_type: None,
            activity: None,
            token_issuer_type: None,
            ip_address: None,
            location: None,
            activity_date_time: None,
            detected_date_time: None,
            last_updated_date_time: None,
            source: None,
            mitre_technique_id: None,
            additional_info: None,
            ..detection
        };
        records.detections.push(detection);
    }

    fn identify(&mut self, records: &mut UserRecords) {
        let changed = self.chance.span(TimeDelta::days(1), TimeDelta::days(300));
        let user = &mut records.user;
        user.user_principal_name = Some(self.person.principal_name.as_str().into());
        user.user_display_name = Some(self.person.display_name.as_str().into());
        user.risk_level = Some(RiskLevel::None);
        user.risk_state = Some(RiskState::None);
        user.risk_detail = Some(RiskDetail::None);
        user.is_deleted = Some(self.plot.deleted);
        user.is_processing = Some(false);
        let guest = self.plot.account == Account::Guest;
        let registered = self.chance.percent(80);
        // Who is blocked for risk cannot do what the policy asks for: is not registered, or has no password writeback.
        let registered = match (self.plot.block, self.plot.account) {
            (Some(BlockedBy::UserRisk), Account::Hybrid) => true,
            (Some(BlockedBy::UserRisk | BlockedBy::SignInRisk), _) => false,
            _ => registered,
        };
        records.directory = Directory {
            account_enabled: Some(!self.plot.disabled),
            user_type: Some(if guest { "Guest" } else { "Member" }.into()),
            on_premises_sync_enabled: Some(self.plot.account == Account::Hybrid),
            is_admin: Some(self.plot.privileged),
            is_mfa_registered: Some(registered),
            is_sspr_registered: Some(!guest && self.chance.percent(65)),
            last_password_change_date_time: (!guest).then(|| self.at(changed)),
            sign_in_sessions_valid_from_date_time: Some(self.at(changed)),
            password_change_required: Some(false),
        };
    }

    fn everyday_sign_ins(&mut self, records: &mut UserRecords) {
        let count = match (self.plot.odd, self.population.spec.users > LARGE) {
            (Odd::Busy, _) => 300,
            (_, true) => 1 + self.chance.below(2),
            (_, false) => 3 + self.chance.below(6),
        };
        for _ in 0..count {
            // Nothing younger than two hours: what blocks a user comes after the last success.
            let age = self.chance.span(TimeDelta::hours(2), SIGN_IN_RETENTION - TimeDelta::hours(1));
            let sign_in = self.everyday_sign_in(records, age);
            records.sign_ins.push(sign_in);
        }
    }

    /// When the first detection of the story was made, before the epoch.
    fn story_age(&mut self) -> TimeDelta {
        const CAST_MINUTES: [i64; 6] = [3, 11, 60, 120, 125, 300];
        let block = TimeDelta::days(i64::from(self.index / BLOCK % 20));
        let within = i64::from(self.index % BLOCK);
        match (self.plot.age, self.plot.setting, self.plot.block) {
            (Age::Expiring, ..) => self.chance.span(TimeDelta::hours(84 * 24 + 1), TimeDelta::hours(89 * 24 - 1)),
            (Age::Expired | Age::Gone, ..) => self.chance.span(TimeDelta::days(92), TimeDelta::days(170)),
            (_, Setting::Campaign, _) => block + TimeDelta::hours(6) - TimeDelta::seconds(within * 20),
            (_, Setting::Leak, _) => block + TimeDelta::hours(9) - TimeDelta::seconds(within * 4),
            (_, _, Some(BlockedBy::SignInRisk | BlockedBy::BuiltInProtection)) => {
                self.chance.span(TimeDelta::minutes(12), TimeDelta::minutes(50))
            }
            _ => match CAST_MINUTES.get(self.index as usize) {
                Some(minutes) => TimeDelta::minutes(*minutes),
                None => self.chance.spread(TimeDelta::minutes(10), TimeDelta::days(40)),
            },
        }
    }

    /// Where the risk comes from, and with what.
    fn intruder(&mut self) -> (Place, String, Client) {
        let block = self.index / BLOCK;
        if self.plot.setting == Setting::Campaign {
            let place = PLACES.away.get(1).cloned().unwrap_or_default();
            let address = people::complete(&place, 66 + u64::from(block % 100));
            return (place, address, CLIENTS.campaign.clone());
        }
        let place = if self.index == 0 { PLACES.away.first().cloned().unwrap_or_default() } else { self.chance.pick(&PLACES.away) };
        let number = if self.index == 0 { 7 } else { 2 + self.chance.below(60) };
        let mut client =
            if self.index == 0 { CLIENTS.browser.first().cloned().unwrap_or_default() } else { self.chance.pick(&CLIENTS.intruder) };
        if let Odd::Agent(at) = self.plot.odd {
            client.agent = CLIENTS.odd.get(at).cloned().unwrap_or(client.agent);
        }
        let address = people::complete(&place, number);
        (place, address, client)
    }

    fn risk(&mut self, records: &mut UserRecords) {
        let first = self.story_age();
        if self.plot.age == Age::Gone {
            // Medium and high risk never ages out, though its detections do.
            records.user.risk_last_updated_date_time = Some(self.at(first));
        } else {
            let (place, address, client) = self.intruder();
            if self.plot.setting == Setting::Session {
                let before = self.session_before(records, first + TimeDelta::minutes(4));
                records.sign_ins.push(before);
            }
            let mut age = first;
            for (position, name) in self.plot.types.clone().into_iter().enumerate() {
                let Some(kind) = assets::kinds().iter().find(|kind| kind.value == name) else { continue };
                let level = match (&kind.always, position) {
                    (Some(always), _) => RiskLevel::from_graph(always),
                    (None, 0) => self.plot.level.clone(),
                    (None, _) if self.plot.level == RiskLevel::High => RiskLevel::Medium,
                    (None, _) => RiskLevel::Low,
                };
                let lag = self.lag(kind, age);
                let sign_in = kind.sign_in.then(|| {
                    let mut sign_in = self.risky_sign_in(records, age + lag, &place, &address, &client);
                    self.colour(&mut sign_in, kind, &level, position);
                    sign_in
                });
                let detection = self.detection(kind, level, age, sign_in.as_ref());
                records.detections.push(detection);
                records.sign_ins.extend(sign_in.filter(|_| age + lag < SIGN_IN_RETENTION));
                // The next one is older: the first is what the operator sees on top.
                age = match (self.plot.setting, position) {
                    // The replay follows the user's own sign-in within seconds; all else comes after it.
                    (Setting::Session, 0) => first + self.chance.span(TimeDelta::seconds(230), TimeDelta::seconds(238)),
                    (Setting::Session, _) => first + self.chance.span(TimeDelta::seconds(30), TimeDelta::seconds(200)),
                    _ => age + self.chance.span(TimeDelta::minutes(3), TimeDelta::hours(3)),
                };
            }
        }
        self.raise(records);
    }

    /// How long after the activity it was detected. A stolen session is told in minutes.
    fn lag(&mut self, kind: &Kind, age: TimeDelta) -> TimeDelta {
        if kind.timing != "offline" || matches!(self.plot.setting, Setting::Session | Setting::Campaign) || self.plot.block.is_some() {
            TimeDelta::zero()
        } else {
            self.chance.span(TimeDelta::minutes(20), TimeDelta::hours(14)).min(age * 3 + TimeDelta::minutes(20))
        }
    }

    /// The user's risk as the detections make it, with its history.
    fn raise(&self, records: &mut UserRecords) {
        records.user.risk_state = Some(RiskState::AtRisk);
        records.user.risk_level = Some(self.plot.level.clone());
        let mut steps: Vec<_> = records
            .detections
            .iter()
            .filter_map(|detection| {
                Some((detection.last_updated_date_time?, detection.risk_event_type.clone()?, detection.risk_level.clone()?))
            })
            .collect();
        steps.sort_by_key(|(at, ..)| *at);
        let mut level = RiskLevel::None;
        for (at, kind, of_detection) in steps {
            if of_detection.weight() > level.weight() {
                level = of_detection;
            }
            let after = (RiskState::AtRisk, level.clone(), RiskDetail::None);
            records.history.push(history_item(&records.user, at, records.history.len(), after, None, vec![kind]));
            records.user.risk_last_updated_date_time = Some(at);
        }
        if level.weight() > self.plot.level.weight() {
            records.user.risk_level = Some(level);
        }
    }

    /// What became of the risk since.
    fn outcome(&mut self, records: &mut UserRecords) {
        let Some(raised) = records.user.risk_last_updated_date_time else { return };
        let at = self.at(raised.age(self.population.spec.epoch) / 2);
        match self.plot.outcome.clone() {
            Outcome::Never | Outcome::Open | Outcome::Blank => {}
            Outcome::After(event) => {
                let risky: Vec<SignInId> =
                    records.sign_ins.iter().filter(|sign_in| sign_in.is_risky()).map(|sign_in| sign_in.id.clone()).collect();
                let risky: Vec<SignInId> =
                    risky.into_iter().chain(records.detections.iter().filter_map(|detection| detection.request_id.clone())).collect();
                transition::apply(event, records, &risky, &Cause { at, initiated_by: self.initiator(event) });
                if accounts::changes_password(event) {
                    accounts::renew_password(records, at);
                }
                if event == Event::SessionsRevoked {
                    records.directory.sign_in_sessions_valid_from_date_time = Some(at);
                }
            }
            Outcome::As(state, detail, level) => {
                let level = level.unwrap_or(RiskLevel::None);
                records.user.risk_state = Some(state.clone());
                records.user.risk_detail = Some(detail.clone());
                records.user.risk_level = Some(level.clone());
                records.user.risk_last_updated_date_time = Some(at);
                for detection in &mut records.detections {
                    detection.risk_state = Some(state.clone());
                    detection.risk_detail = Some(detail.clone());
                    detection.last_updated_date_time = Some(at);
                    if level == RiskLevel::Hidden {
                        detection.risk_level = Some(RiskLevel::Hidden);
                    }
                }
                for sign_in in records.sign_ins.iter_mut().filter(|sign_in| sign_in.is_risky()) {
                    sign_in.risk_state = Some(state.clone());
                    sign_in.risk_detail = Some(detail.clone());
                    sign_in.risk_level_aggregated = Some(level.clone());
                    if level == RiskLevel::Hidden {
                        sign_in.risk_level_during_sign_in = Some(RiskLevel::Hidden);
                    }
                }
                if level == RiskLevel::Hidden {
                    for item in &mut records.history {
                        item.risk_level = Some(RiskLevel::Hidden);
                    }
                }
                let item = history_item(&records.user, at, records.history.len(), (state, level, detail), None, Vec::new());
                records.history.push(item);
            }
        }
    }

    fn initiator(&self, event: Event) -> Option<String> {
        match event {
            Event::SystemDismissal | Event::SessionsRevoked => None,
            Event::MfaPassed | Event::SelfServiceReset | Event::SecurePasswordChange | Event::OnPremisesPasswordChange => {
                Some(self.id(IdKind::User, 0))
            }
            _ => Some(self.shared_id(IdKind::User, ADMINISTRATOR)),
        }
    }
}

/// What the history says of a change of the user's risk. `serial` keeps items of the same moment apart.
pub(super) fn history_item(
    user: &RiskyUser,
    at: Timestamp,
    serial: usize,
    (state, level, detail): (RiskState, RiskLevel, RiskDetail),
    initiated_by: Option<String>,
    risk_event_types: Vec<TenantText>,
) -> RiskyUserHistoryItem {
    RiskyUserHistoryItem {
        id: format!("{}{}", user.id, at.0.timestamp_micros() + serial as i64).into(),
        user_id: user.id.clone(),
        user_principal_name: user.user_principal_name.clone(),
        user_display_name: user.user_display_name.clone(),
        risk_level: Some(level),
        risk_state: Some(state),
        risk_detail: Some(detail),
        risk_last_updated_date_time: Some(at),
        initiated_by: initiated_by.map(Into::into),
        risk_event_types,
        extra: Default::default(),
    }
}

#[cfg(test)]
mod tests;

//! Whether a user, sign-in or detection passes a test.
//!
//! Fields of records are looked for in all sign-ins and detections of a user, in a detection and its
//! sign-in, and in a sign-in alone (with the types of its detections). Level, state and detail are of
//! what is listed. Runs for each record at each key: nothing here copies text.

use std::net::IpAddr;

use super::fields::{Flag, TextField, TimeField};
use super::fold::Needle;
use super::{BlockedTest, DetailTest, IpTest, NoteTest, QueryContext, Test, TimeTest, TypeNeedle};
use crate::domain::closings;
use crate::domain::facts::{self, Blocked};
use crate::domain::records::{Location, RiskDetection, SignIn, UserRecords};
use crate::domain::risk::{RiskDetail, RiskLevel, RiskState};
use crate::domain::tenant_text::TenantText;
use crate::domain::time::Timestamp;

/// What is listed.
#[derive(Clone, Copy)]
pub(super) enum Subject<'a> {
    User(&'a UserRecords),
    /// With its detections.
    SignIn(&'a UserRecords, &'a SignIn, &'a [&'a RiskDetection]),
    /// With its sign-in, where it was read.
    Detection(&'a UserRecords, &'a RiskDetection, Option<&'a SignIn>),
}

impl<'a> Subject<'a> {
    pub(super) fn passes(self, test: &Test, context: QueryContext<'_>) -> bool {
        let records = self.records();
        match test {
            Test::Word(word) => self.holds_word(word),
            Test::Text(TextField::User, needles) => needles.iter().any(|needle| self.is_of_user(needle)),
            Test::Text(field, needles) => {
                self.any_sign_in(|sign_in| needles.iter().any(|needle| sign_in_holds(sign_in, *field, needle)))
                    || self.any_detection(|detection| needles.iter().any(|needle| detection_holds(detection, *field, needle)))
            }
            Test::Type(needles) => self.any_type(|kind| needles.iter().any(|needle| needle.is_in_type(kind))),
            Test::Level(levels) => levels.iter().any(|level| level.as_ref() == self.level()),
            Test::State(states) => states.iter().any(|state| state.as_ref() == self.state()),
            Test::Detail(details) => details.iter().any(|detail| detail.passes(self.detail())),
            Test::Ip(tests) => {
                self.any_sign_in(|sign_in| passes_ip(tests, sign_in.ip_address.as_deref()))
                    || self.any_detection(|detection| passes_ip(tests, detection.ip_address.as_deref()))
            }
            Test::Asn(numbers) => {
                self.any_sign_in(|sign_in| sign_in.autonomous_system_number.is_some_and(|number| numbers.contains(&number)))
            }
            Test::Flag(flag, values) => values.contains(&self.flag(*flag, context)),
            Test::Blocked(tests) => {
                let blocked = self.blocked(context);
                tests.iter().any(|test| match test {
                    BlockedTest::Is(value) => blocked.value == *value,
                    BlockedTest::By(cause) => blocked.by.contains(cause),
                })
            }
            Test::Evidence(words) => words.contains(&facts::evidence(records, context.now)),
            Test::Note(tests) => {
                let notes = context.ledger.notes(records.id());
                tests.iter().any(|test| match test {
                    NoteTest::Any(any) => *any != notes.is_empty(),
                    NoteTest::Holds(needle) => notes.iter().any(|note| needle.is_in(&note.text)),
                })
            }
            Test::Verdict(verdicts) => {
                let case = context.ledger.case(records.id());
                verdicts.contains(&case.and_then(|case| case.verdict))
            }
            Test::Status(statuses) => {
                let case = context.ledger.case(records.id());
                statuses.contains(&case.and_then(|case| case.status()))
            }
            Test::Tag(tests) => {
                let tags = context.ledger.case(records.id()).map_or(&[][..], |case| &case.tags);
                tests.iter().any(|test| match test {
                    Some(needle) => tags.iter().any(|tag| needle.is(tag)),
                    None => tags.is_empty(),
                })
            }
            Test::All(terms) => terms.iter().all(|term| self.passes(&term.test, context) != term.negated),
            Test::Time(TimeField::Detected, tests) => self.any_detected(|time| tests.iter().any(|test| test.passes(time, context.now))),
            Test::Time(field, tests) => self.time(*field).is_some_and(|time| tests.iter().any(|test| test.passes(time, context.now))),
        }
    }

    fn records(self) -> &'a UserRecords {
        match self {
            Subject::User(records) | Subject::SignIn(records, ..) | Subject::Detection(records, ..) => records,
        }
    }

    fn any_sign_in(self, holds: impl FnMut(&SignIn) -> bool) -> bool {
        match self {
            Subject::User(records) => records.sign_ins.iter().any(holds),
            Subject::SignIn(_, sign_in, _) => std::iter::once(sign_in).any(holds),
            Subject::Detection(_, _, sign_in) => sign_in.is_some_and(holds),
        }
    }

    fn any_detection(self, holds: impl FnMut(&RiskDetection) -> bool) -> bool {
        match self {
            Subject::User(records) => records.detections.iter().any(holds),
            Subject::SignIn(..) => false,
            Subject::Detection(_, detection, _) => std::iter::once(detection).any(holds),
        }
    }

    /// When a detection was made: any of the user, of the sign-in, or the one that is listed.
    fn any_detected(self, holds: impl FnMut(Timestamp) -> bool) -> bool {
        match self {
            Subject::User(records) => records.detections.iter().filter_map(RiskDetection::at).any(holds),
            Subject::SignIn(_, _, linked) => linked.iter().filter_map(|detection| detection.at()).any(holds),
            Subject::Detection(_, detection, _) => detection.at().is_some_and(holds),
        }
    }

    /// A detection has its own type only: that its sign-in has others does not make it one of them.
    fn any_type(self, mut holds: impl FnMut(&str) -> bool) -> bool {
        let detected = |detection: &'a RiskDetection| detection.risk_event_type.as_deref();
        match self {
            Subject::User(records) => {
                records.detections.iter().filter_map(detected).any(&mut holds)
                    || records.sign_ins.iter().flat_map(|sign_in| &sign_in.risk_event_types).any(|kind| holds(kind))
            }
            Subject::SignIn(_, sign_in, linked) => {
                sign_in.risk_event_types.iter().any(|kind| holds(kind)) || linked.iter().copied().filter_map(detected).any(holds)
            }
            Subject::Detection(_, detection, _) => detected(detection).is_some_and(holds),
        }
    }

    fn holds_word(self, word: &TypeNeedle) -> bool {
        let needle = &word.needle;
        let of_record = match self {
            Subject::User(_) => false,
            Subject::SignIn(_, sign_in, _) => needle.is_in(sign_in.id.as_str()),
            Subject::Detection(_, detection, _) => needle.is_in(detection.id.as_str()),
        };
        let is_near = |address: &Option<TenantText>, location: &Option<Location>| {
            needle.is_in_some(address.as_deref())
                || location.as_ref().is_some_and(|place| {
                    [&place.city, &place.state, &place.country_or_region].iter().any(|text| needle.is_in_some(text.as_deref()))
                })
        };
        of_record
            || self.is_of_user(needle)
            || self.any_sign_in(|sign_in| is_near(&sign_in.ip_address, &sign_in.location))
            || self.any_detection(|detection| is_near(&detection.ip_address, &detection.location))
            || self.any_type(|kind| word.is_in_type(kind))
    }

    fn is_of_user(self, needle: &Needle) -> bool {
        let user = &self.records().user;
        let (name, principal_name) = match self {
            Subject::User(_) => (None, None),
            Subject::SignIn(_, sign_in, _) => (sign_in.user_display_name.as_deref(), sign_in.user_principal_name.as_deref()),
            Subject::Detection(_, detection, _) => (detection.user_display_name.as_deref(), detection.user_principal_name.as_deref()),
        };
        needle.is_in_some(user.user_display_name.as_deref())
            || needle.is_in_some(user.user_principal_name.as_deref())
            || needle.is_in(user.id.as_str())
            || needle.is_in_some(name)
            || needle.is_in_some(principal_name)
    }

    fn level(self) -> Option<&'a RiskLevel> {
        match self {
            Subject::User(records) => records.user.risk_level.as_ref(),
            Subject::SignIn(_, sign_in, _) => sign_in.risk_level(),
            Subject::Detection(_, detection, _) => detection.risk_level.as_ref(),
        }
    }

    fn state(self) -> Option<&'a RiskState> {
        match self {
            Subject::User(records) => records.user.risk_state.as_ref(),
            Subject::SignIn(_, sign_in, _) => sign_in.risk_state.as_ref(),
            Subject::Detection(_, detection, _) => detection.risk_state.as_ref(),
        }
    }

    fn detail(self) -> Option<&'a RiskDetail> {
        match self {
            Subject::User(records) => records.user.risk_detail.as_ref(),
            Subject::SignIn(_, sign_in, _) => sign_in.risk_detail.as_ref(),
            Subject::Detection(_, detection, _) => detection.risk_detail.as_ref(),
        }
    }

    fn time(self, field: TimeField) -> Option<Timestamp> {
        match (self, field) {
            (Subject::User(records), TimeField::Age) => facts::waiting_since(records),
            (Subject::User(records), TimeField::Updated) => records.user.risk_last_updated_date_time,
            (Subject::SignIn(_, sign_in, _), _) => sign_in.created_date_time,
            (Subject::User(_), TimeField::Detected) => None,
            (Subject::Detection(_, detection, _), TimeField::Age | TimeField::Detected) => detection.at(),
            (Subject::Detection(_, detection, _), TimeField::Updated) => detection.last_updated_date_time,
        }
    }

    fn flag(self, flag: Flag, context: QueryContext<'_>) -> Option<bool> {
        let records = self.records();
        match flag {
            Flag::TokenTheft => self.token_theft(),
            Flag::CameBack => closings::came_back(records, context.ledger),
            Flag::Pending => context.ledger.password_change_pending(records),
            flag => flag_of_records(records, flag),
        }
    }

    fn token_theft(self) -> Option<bool> {
        match self {
            Subject::User(records) => flag_of_records(records, Flag::TokenTheft),
            Subject::SignIn(_, sign_in, linked) => facts::token_theft_of_sign_in(sign_in, linked.iter().copied()),
            Subject::Detection(_, detection, _) => detection.risk_event_type.as_ref().map(|_| facts::is_token_theft(detection)),
        }
    }

    /// A sign-in was itself blocked or not; everything else is asked of the user.
    fn blocked(self, context: QueryContext<'_>) -> Blocked {
        let Subject::SignIn(records, sign_in, _) = self else {
            return facts::blocked(self.records(), context.tenant, context.now);
        };
        let cause = facts::sign_in_block(records, context.tenant, sign_in);
        let ended = sign_in.status.as_ref().and_then(|status| status.error_code).is_some();
        Blocked { value: ended.then_some(cause.is_some()), by: cause.into_iter().collect(), ended: false }
    }
}

/// What a user's records alone tell of a flag.
pub(super) fn flag_of_records(records: &UserRecords, flag: Flag) -> Option<bool> {
    match flag {
        Flag::TokenTheft => facts::token_theft(records),
        Flag::Deleted => facts::deleted(records),
        Flag::Privileged => records.directory.is_admin,
        Flag::Guest => facts::guest(records),
        Flag::Hybrid => records.directory.on_premises_sync_enabled,
        Flag::Enabled => records.directory.account_enabled,
        Flag::Mfa => records.directory.is_mfa_registered,
        Flag::Sspr => records.directory.is_sspr_registered,
        Flag::Safe => facts::safe(records),
        // The journal tells.
        Flag::CameBack | Flag::Pending => None,
    }
}

fn sign_in_holds(sign_in: &SignIn, field: TextField, needle: &Needle) -> bool {
    match field {
        TextField::User => false,
        TextField::Country => is_country(&sign_in.location, needle),
        TextField::City => is_city(&sign_in.location, needle),
        TextField::Client => {
            needle.is_in_some(sign_in.client_app_used.as_deref())
                || needle.is_in_some(sign_in.user_agent.as_deref())
                || sign_in.device_detail.as_ref().is_some_and(|device| {
                    needle.is_in_some(device.browser.as_deref()) || needle.is_in_some(device.operating_system.as_deref())
                })
        }
        TextField::Agent => needle.is_in_some(sign_in.user_agent.as_deref()),
        TextField::Device => sign_in.device_detail.as_ref().is_some_and(|device| {
            needle.is_in_some(device.display_name.as_deref()) || device.device_id.as_deref().is_some_and(|id| needle.is(id))
        }),
        TextField::App => {
            needle.is_in_some(sign_in.app_display_name.as_deref()) || sign_in.app_id.as_deref().is_some_and(|id| needle.is(id))
        }
        TextField::Session => sign_in.session_id.as_deref().is_some_and(|id| needle.starts(id)),
        TextField::Request => needle.starts(sign_in.id.as_str()),
        TextField::Correlation => sign_in.correlation_id.as_deref().is_some_and(|id| needle.starts(id)),
        TextField::Issuer => {
            sign_in.token_issuer_type.as_ref().is_some_and(|issuer| needle.is_in(issuer.as_str()))
                || needle.is_in_some(sign_in.token_issuer_name.as_deref())
        }
    }
}

fn detection_holds(detection: &RiskDetection, field: TextField, needle: &Needle) -> bool {
    match field {
        TextField::Country => is_country(&detection.location, needle),
        TextField::City => is_city(&detection.location, needle),
        TextField::Request => detection.request_id.as_ref().is_some_and(|id| needle.starts(id.as_str())),
        TextField::Correlation => detection.correlation_id.as_deref().is_some_and(|id| needle.starts(id)),
        TextField::Issuer => detection.token_issuer_type.as_ref().is_some_and(|issuer| needle.is_in(issuer.as_str())),
        TextField::User | TextField::Client | TextField::Agent | TextField::Device | TextField::App | TextField::Session => false,
    }
}

fn is_country(location: &Option<Location>, needle: &Needle) -> bool {
    location.as_ref().and_then(|place| place.country_or_region.as_deref()).is_some_and(|country| needle.is(country))
}

fn is_city(location: &Option<Location>, needle: &Needle) -> bool {
    location.as_ref().is_some_and(|place| needle.is_in_some(place.city.as_deref()) || needle.is_in_some(place.state.as_deref()))
}

/// An address as received may be anything; one that is no address can only be asked for by its text.
fn passes_ip(tests: &[IpTest], address: Option<&str>) -> bool {
    let Some(text) = address else {
        return false;
    };
    let parsed = text.trim().parse::<IpAddr>().ok();
    tests.iter().any(|test| match (test, parsed) {
        (IpTest::Address(wanted), Some(address)) => address.to_canonical() == *wanted,
        (IpTest::Network(network), Some(address)) => network.contains(&address) || network.contains(&address.to_canonical()),
        (IpTest::Text(wanted), _) => wanted == text,
        (_, None) => false,
    })
}

impl TypeNeedle {
    fn is_in_type(&self, kind: &str) -> bool {
        self.needle.is_in(kind) || self.named.iter().any(|spelling| spelling.eq_ignore_ascii_case(kind))
    }
}

impl DetailTest {
    fn passes(&self, detail: Option<&RiskDetail>) -> bool {
        match self {
            DetailTest::NotRead => detail.is_none(),
            DetailTest::Is(wanted) => detail == Some(wanted),
            DetailTest::Holds(needle) => needle.is_in_some(detail.map(RiskDetail::as_str)),
        }
    }
}

impl TimeTest {
    fn passes(self, time: Timestamp, now: Timestamp) -> bool {
        match self {
            TimeTest::YoungerThan(age) => time.age(now) < age,
            TimeTest::OlderThan(age) => time.age(now) > age,
            TimeTest::After(moment) => time > moment,
            TimeTest::Before(moment) => time < moment,
            TimeTest::Between(first, last) => first <= time && time <= last,
        }
    }
}

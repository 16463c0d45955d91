//! Reading the whole tenant, or what has changed in it, a page at a time: newest and riskiest first, so that the console is
//! useful after the first page.
//!
//! The cursor is all that a sync remembers, so that one that was killed goes on where it was.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::client::{Client, Version};
use super::doctor::learn_service_plans;
use super::lists::{List, literal};
use super::read_back::by_request_id;
use super::{directory, policies};
use crate::domain::records::Record;
use crate::domain::risk::RiskState;
use crate::domain::time::Timestamp;
use crate::tenant::pace::Urgency;
use crate::tenant::{Page, TenantError};

/// Graph's times are not exact, and records come late: what changed so long before is read again (`reference/graph.md` section 3).
const OVERLAP: TimeDelta = TimeDelta::minutes(5);
/// Detections surface minutes after they were made, some much later.
const DETECTIONS_OVERLAP: TimeDelta = TimeDelta::hours(2);
/// Raised when a step is added, moved or removed: a sync that an older version began is then begun anew.
const VERSION: u8 = 2;
/// Detections as young as this are read first.
const YOUNG: TimeDelta = TimeDelta::days(7);
/// Sign-ins that changed are read by their ids while there are no more than this; else all risky ones are listed.
const MOST_SIGN_INS: usize = 300;
/// The same for users whose registration is read.
const MOST_REGISTRATIONS: usize = 20;
/// Sign-ins that are read by their ids in one page.
const SIGN_INS_A_PAGE: usize = 15;

/// The steps of reading everything.
const ALL: [Step; 14] = [
    Step::UsersAtHighRisk,
    Step::YoungDetections,
    Step::Users,
    Step::SignIns("atRisk"),
    Step::SignIns("confirmedCompromised"),
    Step::Policies,
    Step::Locations,
    Step::OldDetections,
    Step::Deleted,
    Step::Registration,
    Step::SignIns("remediated"),
    Step::SignIns("dismissed"),
    Step::SignIns("confirmedSafe"),
    Step::ChangedSignIns,
];
/// The steps of reading what changed.
const CHANGES: [Step; 12] = [
    Step::Users,
    Step::Detections,
    Step::ChangedSignIns,
    Step::SignIns("atRisk"),
    Step::SignIns("confirmedCompromised"),
    Step::Policies,
    Step::Locations,
    Step::Deleted,
    Step::Registration,
    Step::SignIns("remediated"),
    Step::SignIns("dismissed"),
    Step::SignIns("confirmedSafe"),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    UsersAtHighRisk,
    YoungDetections,
    OldDetections,
    Users,
    Detections,
    /// Sign-ins whose risk is in this state.
    SignIns(&'static str),
    ChangedSignIns,
    Deleted,
    Registration,
    Policies,
    Locations,
}

impl Step {
    fn what(self) -> &'static str {
        match self {
            Step::UsersAtHighRisk | Step::Users => "risky users",
            Step::YoungDetections | Step::OldDetections | Step::Detections => "risk detections",
            Step::SignIns(_) | Step::ChangedSignIns => "risky sign-ins",
            Step::Deleted => "deleted users",
            Step::Registration => "registrations and administrators",
            Step::Policies => "policies",
            Step::Locations => "named locations",
        }
    }
}

/// Where a sync is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Cursor {
    /// What changed since then is read; everything for `None`.
    since: Option<Timestamp>,
    /// When it began, by Graph's clock.
    began_at: Option<Timestamp>,
    /// Number of the step.
    step: usize,
    /// The step's next page.
    next: Option<String>,
    /// Whether the step began anew, because a place in its list was no longer good: that is done once.
    restarted: bool,
    /// Version of the steps.
    version: u8,
    /// Whether beta does not answer for sign-ins.
    v1: bool,
    /// Whether sign-ins cannot be read at all.
    no_sign_ins: bool,
    /// Whether the directory cannot be read.
    no_directory: bool,
    /// Sign-ins of detections that changed.
    sign_ins: Left,
    /// Users that changed.
    users: Left,
}

/// What is to be read by id later on; all of its kind, where it is too many.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Left {
    ids: BTreeSet<String>,
    all: bool,
}

impl Left {
    fn add(&mut self, ids: impl IntoIterator<Item = String>, most: usize) {
        if self.all {
            return;
        }
        self.ids.extend(ids);
        if self.ids.len() > most {
            self.all = true;
            self.ids.clear();
        }
    }

    fn take(&mut self, count: usize) -> Vec<String> {
        let taken: Vec<String> = self.ids.iter().take(count).cloned().collect();
        for id in &taken {
            self.ids.remove(id);
        }
        taken
    }
}

impl Cursor {
    fn everything() -> Self {
        Cursor {
            since: None,
            began_at: None,
            step: 0,
            next: None,
            restarted: false,
            version: VERSION,
            v1: false,
            no_sign_ins: false,
            no_directory: false,
            sign_ins: Left::default(),
            users: Left::default(),
        }
    }

    /// The beginning of reading what changed since then, by Graph's clock.
    pub fn changes(at: Timestamp) -> Self {
        Cursor { since: Some(at), ..Cursor::everything() }
    }

    /// As text.
    pub fn text(&self) -> String {
        // A plain structure of texts and numbers always serialises.
        serde_json::to_string(self).unwrap_or_default()
    }

    fn current(&self) -> Option<Step> {
        let steps: &[Step] = if self.since.is_some() { &CHANGES } else { &ALL };
        steps.get(self.step).copied()
    }

    fn advance(&mut self) {
        self.step += 1;
        self.next = None;
        self.restarted = false;
    }

    /// The list of a step and its filter; `None` where the step has nothing to list.
    fn list(&self, step: Step) -> Option<(List, Option<String>)> {
        let young = self.began_at.map(|at| literal(Timestamp(at.0 - YOUNG))).unwrap_or_default();
        let since = |overlap| self.since.map(|since| literal(Timestamp(since.0 - overlap)));
        Some(match step {
            Step::UsersAtHighRisk => (List::RiskyUsers, Some("riskLevel eq 'high' and riskState eq 'atRisk'".to_owned())),
            Step::Users => (List::RiskyUsers, since(OVERLAP).map(|since| format!("riskLastUpdatedDateTime ge {since}"))),
            Step::YoungDetections => (List::Detections, Some(format!("detectedDateTime ge {young}"))),
            Step::OldDetections => (List::Detections, Some(format!("detectedDateTime le {young}"))),
            Step::Detections => (List::Detections, since(DETECTIONS_OVERLAP).map(|since| format!("lastUpdatedDateTime ge {since}"))),
            Step::SignIns(_) if self.no_sign_ins || (self.since.is_some() && !self.sign_ins.all) => return None,
            Step::SignIns(state) => {
                let version = self.version();
                (List::SignIns(version), Some(format!("riskState eq '{state}'{}", kinds(version))))
            }
            Step::Deleted if self.no_directory => return None,
            Step::Deleted => (List::DeletedUsers, None),
            Step::Registration if self.since.is_some() && !self.users.all => return None,
            Step::Registration => (List::Registration, None),
            Step::ChangedSignIns | Step::Policies | Step::Locations => return None,
        })
    }

    fn version(&self) -> Version {
        if self.v1 { Version::V1 } else { Version::Beta }
    }
}

/// Beta tells of interactive sign-ins only where it is not asked for others, and token theft is often seen on those; v1.0 knows none.
pub(super) fn kinds(version: Version) -> &'static str {
    match version {
        Version::Beta => " and signInEventTypes/any(t: t eq 'interactiveUser' or t eq 'nonInteractiveUser')",
        Version::V1 => "",
    }
}

/// Reads the page that a cursor stands for.
pub(super) async fn page(client: &Client, cursor: Option<&str>) -> Result<Page, TenantError> {
    let mut cursor = match cursor {
        None => Cursor::everything(),
        // A cursor of another version is none: reading everything is always right.
        Some(text) => {
            let cursor = serde_json::from_str(text).ok().filter(|cursor: &Cursor| cursor.version == VERSION);
            cursor.unwrap_or_else(Cursor::everything)
        }
    };
    if cursor.step == 0 && cursor.next.is_none() {
        learn_service_plans(client).await?;
    }
    let began_at = *cursor.began_at.get_or_insert_with(|| client.now());
    let mut page = Page::default();
    while let Some(step) = cursor.current() {
        match read(client, &mut cursor, step).await {
            Ok(None) => {
                page.what = step.what();
                cursor.advance();
                continue;
            }
            Ok(Some(read)) => page = read,
            Err(error) => page.note = Some(doing_without(&mut cursor, step, error)?),
        }
        page.what = step.what();
        page.at = Some(began_at);
        page.next = cursor.current().map(|_| cursor.text());
        return Ok(page);
    }
    Ok(page)
}

/// Reads a page of a step; `None` where the step has nothing to read. The cursor then stands at what comes next.
async fn read(client: &Client, cursor: &mut Cursor, step: Step) -> Result<Option<Page>, TenantError> {
    match step {
        Step::ChangedSignIns => return changed_sign_ins(client, cursor).await,
        Step::Policies => return Ok(of_tenant(cursor, Record::Policies(policies::all(client, Urgency::Reading).await?))),
        Step::Locations => return Ok(of_tenant(cursor, Record::Locations(policies::locations(client, Urgency::Reading).await?))),
        Step::Registration if cursor.since.is_some() && !cursor.users.all => return registration(client, cursor).await,
        _ => {}
    }
    let Some((list, filter)) = cursor.list(step) else { return Ok(None) };
    let (url, goes_on) = match &cursor.next {
        Some(next) => (client.next(next)?, true),
        None => (list.first(client, filter.as_deref()), false),
    };
    let read = match list.page(client, Urgency::Reading, url).await {
        // A place in a list does not stay good for ever: the step begins anew, which files the same again.
        Err(TenantError::Rejected { status: 400 | 404 | 410, .. }) if goes_on && !cursor.restarted => {
            (cursor.next, cursor.restarted) = (None, true);
            list.page(client, Urgency::Reading, list.first(client, filter.as_deref())).await?
        }
        read => read?,
    };
    let (mut records, unread) = list.records(read.value);
    let mut page = Page { of_known_users: matches!(list, List::DeletedUsers | List::Registration), ..Page::default() };
    if unread > 0 {
        page.note = Some(format!("{unread} {} of a page could not be read and are left out", step.what()));
    }
    if list == List::RiskyUsers && !cursor.no_directory {
        let ids: Vec<String> = records.iter().filter_map(|record| record.user_id()).map(ToString::to_string).collect();
        match directory::users(client, &ids, Urgency::Reading).await {
            Ok(more) => records.extend(more),
            Err(error @ (TenantError::Denied { .. } | TenantError::Rejected { .. })) => {
                cursor.no_directory = true;
                page.note = Some(without_directory(&error));
            }
            Err(error) => return Err(error),
        }
    }
    if cursor.since.is_some() {
        cursor.users.add(
            records
                .iter()
                .filter(|record| matches!(record, Record::User(_)))
                .filter_map(|record| record.user_id())
                .map(ToString::to_string),
            MOST_REGISTRATIONS,
        );
    }
    // Where all are listed, by their states, those in a state that nobody here knows are left.
    let whole = cursor.since.is_none();
    cursor.sign_ins.add(records.iter().filter_map(|record| request_id(record, whole)), MOST_SIGN_INS);
    page.records = records;
    match read.next {
        Some(next) => cursor.next = Some(next),
        None => cursor.advance(),
    }
    Ok(Some(page))
}

/// The sign-in of a detection; only where its state is an unknown one, if that is asked for.
fn request_id(record: &Record, unknown_state: bool) -> Option<String> {
    let Record::Detection(detection) = record else { return None };
    let unknown = matches!(detection.risk_state, Some(RiskState::UnknownFutureValue | RiskState::Other(_)));
    detection.request_id.as_ref().filter(|_| unknown || !unknown_state).map(ToString::to_string)
}

/// Risk of a sign-in changes when its detections do.
async fn changed_sign_ins(client: &Client, cursor: &mut Cursor) -> Result<Option<Page>, TenantError> {
    if cursor.no_sign_ins || cursor.sign_ins.all || cursor.sign_ins.ids.is_empty() {
        return Ok(None);
    }
    let mut rest = cursor.sign_ins.clone();
    let ids = rest.take(SIGN_INS_A_PAGE);
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let records = by_request_id(client, &ids, Urgency::Reading, cursor.version()).await?;
    cursor.sign_ins = rest;
    if cursor.sign_ins.ids.is_empty() {
        cursor.advance();
    }
    Ok(Some(Page { records, ..Page::default() }))
}

/// What concerns the tenant as a whole comes in one piece.
fn of_tenant(cursor: &mut Cursor, record: Record) -> Option<Page> {
    cursor.advance();
    Some(Page { records: vec![record], ..Page::default() })
}

async fn registration(client: &Client, cursor: &mut Cursor) -> Result<Option<Page>, TenantError> {
    let mut rest = cursor.users.clone();
    let Some(id) = rest.take(1).pop() else { return Ok(None) };
    let object = List::Registration.one(client, Urgency::Reading, &id).await?;
    let (records, _) = List::Registration.records(object.into_iter().collect());
    cursor.users = rest;
    if cursor.users.ids.is_empty() {
        cursor.advance();
    }
    Ok(Some(Page { records, of_known_users: true, ..Page::default() }))
}

/// What a refusal means for the rest: some of it can be done without. Risky users and detections cannot.
fn doing_without(cursor: &mut Cursor, step: Step, error: TenantError) -> Result<String, TenantError> {
    if !matches!(error, TenantError::Denied { .. } | TenantError::Rejected { .. }) {
        return Err(error);
    }
    match step {
        Step::SignIns(_) | Step::ChangedSignIns if !cursor.v1 => {
            cursor.v1 = true;
            cursor.next = None;
            Ok(format!(
                "sign-ins are read from v1.0, since beta refuses: session fields and non-interactive sign-ins are missing ({error})"
            ))
        }
        Step::SignIns(_) | Step::ChangedSignIns => {
            cursor.no_sign_ins = true;
            cursor.advance();
            Ok(format!("sign-ins cannot be read, so only their detections are shown ({error})"))
        }
        Step::Deleted => {
            cursor.advance();
            Ok(without_directory(&error))
        }
        Step::Registration => {
            cursor.advance();
            Ok(format!("who is an administrator, and who is registered for what, cannot be read: everybody counts as unknown ({error})"))
        }
        Step::Policies => {
            cursor.advance();
            // Named locations take the same permission: what is refused once is not asked for twice.
            if cursor.current() == Some(Step::Locations) {
                cursor.advance();
            }
            Ok(format!("policies cannot be read: nothing tells which of them blocks a user, or who is left out ({error})"))
        }
        Step::Locations => {
            cursor.advance();
            Ok(format!("named locations cannot be read: which addresses are trusted is unknown ({error})"))
        }
        Step::UsersAtHighRisk | Step::YoungDetections | Step::OldDetections | Step::Users | Step::Detections => Err(error),
    }
}

fn without_directory(error: &TenantError) -> String {
    format!("the directory cannot be read: deleted, disabled, guest and hybrid users are not told apart ({error})")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixture;
    use crate::tenant::Missing;

    fn denied() -> TenantError {
        TenantError::Denied { status: 403, code: "AccessDenied".to_owned(), message: "no".to_owned(), missing: Missing::Scope }
    }

    #[test]
    fn a_cursor_survives_as_text() {
        let mut cursor = Cursor::changes(fixture::now());
        cursor.sign_ins.add(["a".to_owned()], MOST_SIGN_INS);
        cursor.step = 3;
        assert_eq!(serde_json::from_str::<Cursor>(&cursor.text()).unwrap(), cursor);
    }

    #[test]
    fn changes_are_asked_for_with_an_overlap_and_without_quotes() {
        let cursor = Cursor::changes(fixture::now());
        let (list, filter) = cursor.list(Step::Users).unwrap();
        assert_eq!(list, List::RiskyUsers);
        assert_eq!(filter.unwrap(), format!("riskLastUpdatedDateTime ge {}", literal(Timestamp(fixture::now().0 - OVERLAP))));
    }

    #[test]
    fn too_many_to_be_read_one_by_one_are_read_as_a_list() {
        let mut cursor = Cursor::changes(fixture::now());
        assert_eq!(cursor.list(Step::SignIns("atRisk")), None);
        cursor.sign_ins.add((0..=MOST_SIGN_INS).map(|number| number.to_string()), MOST_SIGN_INS);
        assert!(cursor.sign_ins.all && cursor.list(Step::SignIns("atRisk")).is_some());
    }

    #[test]
    fn sign_ins_fall_back_to_v1_and_then_to_none_and_the_rest_goes_on() {
        let mut cursor = Cursor { step: 3, ..Cursor::everything() };
        let step = cursor.current().unwrap();
        let note = doing_without(&mut cursor, step, denied()).unwrap();
        assert!(note.contains("session fields") && cursor.v1 && cursor.step == 3, "{note}");
        let (list, filter) = cursor.list(step).unwrap();
        assert_eq!((list, filter.as_deref()), (List::SignIns(Version::V1), Some("riskState eq 'atRisk'")));
        let note = doing_without(&mut cursor, step, denied()).unwrap();
        assert!(note.contains("cannot be read") && cursor.no_sign_ins && cursor.step == 4, "{note}");
        assert_eq!(cursor.list(step), None);
    }

    #[test]
    fn policies_that_are_refused_cost_one_request_and_are_noted() {
        for steps in [&ALL[..], &CHANGES[..]] {
            let step = steps.iter().position(|step| *step == Step::Policies).unwrap();
            let since = (steps.len() == CHANGES.len()).then(fixture::now);
            let mut cursor = Cursor { step, since, ..Cursor::everything() };
            let note = doing_without(&mut cursor, Step::Policies, denied()).unwrap();
            assert!(note.starts_with("policies cannot be read: ") && note.contains("403"), "{note}");
            assert_eq!(cursor.step, step + 2);
        }
    }

    #[test]
    fn without_risk_data_there_is_nothing_to_show() {
        let mut cursor = Cursor::everything();
        assert_eq!(doing_without(&mut cursor, Step::Users, denied()), Err(denied()));
        let lost = TenantError::Lost { message: "reset".to_owned() };
        assert_eq!(doing_without(&mut cursor, Step::Registration, lost.clone()), Err(lost));
    }
}

//! `users`, `sign-ins` and `detections`.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::cli::{Format, List, MaybeVerdict};
use super::failure::Failure;
use super::output::{self, Column};
use super::place::Place;
use super::{json, order};
use crate::domain::case::Verdict;
use crate::domain::dataset::Dataset;
use crate::domain::ledger::Ledger;
use crate::domain::links::Links;
use crate::domain::query::{Query, QueryContext};
use crate::domain::records::{RiskDetection, SignIn, UserId, UserRecords};
use crate::domain::time::Timestamp;

const fn column(heading: &'static str, path: &'static str) -> Column {
    Column { heading, path }
}

const USERS: &[Column] = &[
    column("LEVEL", "riskLevel"),
    column("STATE", "riskState"),
    column("USER", "userDisplayName"),
    column("PRINCIPAL NAME", "userPrincipalName"),
    column("OPEN", "entriage.openDetections"),
    column("TOKEN THEFT", "entriage.tokenTheft"),
    column("BLOCKED BY", "entriage.blockedBy"),
    column("DELETED", "entriage.deleted"),
    column("UPDATED (UTC)", "riskLastUpdatedDateTime"),
    column("", "id"),
    column("", "riskDetail"),
    column("", "isProcessing"),
    column("", "entriage.evidence"),
    column("", "entriage.blocked"),
    column("", "entriage.privileged"),
    column("", "entriage.guest"),
    column("", "entriage.hybrid"),
    column("", "entriage.enabled"),
    column("", "entriage.mfaRegistered"),
    column("", "entriage.ssprRegistered"),
    column("", "entriage.notSafe"),
    column("", "entriage.notes"),
    column("", "entriage.waitingSince"),
    column("", "entriage.evidenceExpires"),
    column("", "entriage.evidenceExpiresFirst"),
    column("", "entriage.verdict"),
    column("", "entriage.status"),
    column("", "entriage.tags"),
];

const SIGN_INS: &[Column] = &[
    column("TIME (UTC)", "createdDateTime"),
    column("LEVEL", "riskLevelAggregated"),
    column("STATE", "riskState"),
    column("PRINCIPAL NAME", "userPrincipalName"),
    column("IP ADDRESS", "ipAddress"),
    column("CITY", "location.city"),
    column("COUNTRY", "location.countryOrRegion"),
    column("CLIENT", "clientAppUsed"),
    column("BLOCKED BY", "entriage.blockedBy"),
    column("TOKEN THEFT", "entriage.tokenTheft"),
    column("REQUEST ID", "id"),
    column("", "userId"),
    column("", "userDisplayName"),
    column("", "correlationId"),
    column("", "riskLevelDuringSignIn"),
    column("", "riskDetail"),
    column("", "riskEventTypes_v2"),
    column("", "appDisplayName"),
    column("", "userAgent"),
    column("", "isInteractive"),
    column("", "status.errorCode"),
    column("", "conditionalAccessStatus"),
    column("", "autonomousSystemNumber"),
    column("", "tokenIssuerType"),
    column("", "incomingTokenType"),
    column("", "sessionId"),
    column("", "uniqueTokenIdentifier"),
    column("", "entriage.detections"),
];

const DETECTIONS: &[Column] = &[
    column("DETECTED (UTC)", "detectedDateTime"),
    column("LEVEL", "riskLevel"),
    column("STATE", "riskState"),
    column("DETECTION", "entriage.name"),
    column("PRINCIPAL NAME", "userPrincipalName"),
    column("IP ADDRESS", "ipAddress"),
    column("CITY", "location.city"),
    column("COUNTRY", "location.countryOrRegion"),
    column("TOKEN THEFT", "entriage.tokenTheft"),
    column("", "id"),
    column("", "userId"),
    column("", "userDisplayName"),
    column("", "riskEventType"),
    column("", "riskDetail"),
    column("", "detectionTimingType"),
    column("", "activity"),
    column("", "activityDateTime"),
    column("", "lastUpdatedDateTime"),
    column("", "tokenIssuerType"),
    column("", "requestId"),
    column("", "correlationId"),
    column("", "source"),
    column("", "entriage.sessionId"),
    column("", "entriage.uniqueTokenIdentifier"),
    column("", "entriage.incomingTokenType"),
    column("", "entriage.autonomousSystemNumber"),
];

/// `users`
pub async fn users(place: &Place, list: &List) -> Result<(), Failure> {
    let text = asked(list)?;
    let session = place.open().await?;
    let (dataset, ledger, now) = (session.load()?, session.ledger(), session.clock().now());
    let query = parse(&text, &ledger)?;
    let mut rows: Vec<&UserRecords> = matching_users(&dataset, &query, &ledger, now);
    // A view that is asked for alone brings its order along.
    let view = text.strip_prefix('@').and_then(|name| ledger.views().find(name));
    if let Some(by) = list.sort.as_ref().or(view.and_then(|view| view.sort.as_ref())) {
        order::sort(&mut rows, by, &order::user_fields())?;
    }
    tell_empty(&rows, &text, &ledger);
    // Whoever asks for safety wants to know why not.
    let why_not: &[Column] = if text.contains("safe:") { &[column("NOT SAFE", "entriage.notSafe")] } else { &[] };
    print(place, list, &[USERS, why_not].concat(), &rows, |records| json::user(records, dataset.tenant(), &ledger, now))
}

/// `sign-ins`
pub async fn sign_ins(place: &Place, list: &List) -> Result<(), Failure> {
    let text = asked(list)?;
    let session = place.open().await?;
    let (dataset, ledger, now) = (session.load()?, session.ledger(), session.clock().now());
    let query = parse(&text, &ledger)?;
    let mut rows = matching_sign_ins(&dataset, &query, &ledger, now);
    if let Some(by) = &list.sort {
        order::sort(&mut rows, by, &order::sign_in_fields())?;
    }
    tell_empty(&rows, &text, &ledger);
    let links = links_of(rows.iter().map(|(records, _)| *records));
    let none = Links::default();
    print(place, list, SIGN_INS, &rows, |(records, sign_in)| {
        json::sign_in(records, dataset.tenant(), links.get(records.id()).unwrap_or(&none), sign_in)
    })
}

/// `detections`
pub async fn detections(place: &Place, list: &List) -> Result<(), Failure> {
    let text = asked(list)?;
    let session = place.open().await?;
    let (dataset, ledger, now) = (session.load()?, session.ledger(), session.clock().now());
    let query = parse(&text, &ledger)?;
    let context = QueryContext { now, ledger: &ledger, tenant: dataset.tenant() };
    let all = dataset.users().iter();
    let mut rows: Vec<(&UserRecords, &RiskDetection)> =
        all.flat_map(|records| query.detections_of(records, context).into_iter().map(move |detection| (records, detection))).collect();
    order::detections_by_default(&mut rows);
    if let Some(by) = &list.sort {
        order::sort(&mut rows, by, &order::detection_fields())?;
    }
    tell_empty(&rows, &text, &ledger);
    let links = links_of(rows.iter().map(|(records, _)| *records));
    let none = Links::default();
    print(place, list, DETECTIONS, &rows, |(records, detection)| json::detection(links.get(records.id()).unwrap_or(&none), detection))
}

/// What belongs together, of each user who is listed.
fn links_of<'a>(listed: impl Iterator<Item = &'a UserRecords>) -> HashMap<&'a UserId, Links<'a>> {
    let mut links = HashMap::new();
    for records in listed {
        links.entry(records.id()).or_insert_with(|| Links::of(records));
    }
    links
}

/// What a list is asked for: the query, and the verdict where one is named beside it.
fn asked(list: &List) -> Result<String, Failure> {
    let text = checked(&list.query)?;
    let Some(MaybeVerdict(verdict)) = list.verdict else { return Ok(text) };
    Ok(format!("{text} verdict:{}", verdict.map_or("none", Verdict::as_str)).trim_start().to_owned())
}

/// The query that these words make, as far as it can be checked before a workspace is open.
pub fn checked(words: &[String]) -> Result<String, Failure> {
    let text = words.join(" ").trim().to_owned();
    Query::check(&text).map_err(|error| Failure::query(&text, error))?;
    Ok(text)
}

/// The query, with the workspace's saved views.
pub fn parse(text: &str, ledger: &Ledger) -> Result<Query, Failure> {
    Query::parse_in(text, ledger).map_err(|error| Failure::query(text, error))
}

/// Users that match, in their default order.
pub fn matching_users<'a>(dataset: &'a Dataset, query: &Query, ledger: &Ledger, now: Timestamp) -> Vec<&'a UserRecords> {
    let context = QueryContext { now, ledger, tenant: dataset.tenant() };
    let mut rows: Vec<&UserRecords> = dataset.users().iter().filter(|records| query.matches_user(records, context)).collect();
    order::users_by_default(&mut rows);
    rows
}

/// Sign-ins that match, in their default order.
pub fn matching_sign_ins<'a>(dataset: &'a Dataset, query: &Query, ledger: &Ledger, now: Timestamp) -> Vec<(&'a UserRecords, &'a SignIn)> {
    let context = QueryContext { now, ledger, tenant: dataset.tenant() };
    let all = dataset.users().iter();
    let mut rows: Vec<_> =
        all.flat_map(|records| query.sign_ins_of(records, context).into_iter().map(move |sign_in| (records, sign_in))).collect();
    order::sign_ins_by_default(&mut rows);
    rows
}

/// Says what the saved views of a query ask for, where nothing matches: an empty list may be a view's mistake.
pub fn tell_views(text: &str, ledger: &Ledger) -> Option<String> {
    let named = text.split_whitespace().filter_map(|word| ledger.views().find(word.trim_start_matches('-').strip_prefix('@')?));
    let told: Vec<String> = named.map(|view| format!("@{} asks for {}", view.name, view.query)).collect();
    (!told.is_empty()).then(|| told.join("; "))
}

fn tell_empty<T>(rows: &[T], text: &str, ledger: &Ledger) {
    if let Some(told) = tell_views(text, ledger).filter(|_| rows.is_empty()) {
        output::say(&format!("note: nothing matches; {told}"));
    }
}

fn print<T>(place: &Place, list: &List, columns: &[Column], rows: &[T], object: impl Fn(&T) -> Map<String, Value>) -> Result<(), Failure> {
    let matches = rows.len();
    if list.count {
        return output::data(&match list.format {
            Format::Json | Format::Jsonl => output::json_line(&json!({"count": matches}))?,
            Format::Table | Format::Csv => format!("{matches}\n"),
        });
    }
    let shown = rows.iter().take(list.limit.unwrap_or(matches)).map(object).collect();
    output::list(columns, shown, matches, list.format, place.paper)
}

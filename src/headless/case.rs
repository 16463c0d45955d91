//! `case`: what operators make of a user. Nothing of it is sent to the tenant.

use serde_json::json;

use super::cli::{Case, Format, MaybeVerdict};
use super::failure::Failure;
use super::output;
use super::place::{self, Place};
use crate::domain::case::{self, CaseChange};
use crate::domain::journal::Entry;
use crate::domain::records::UserRecords;
use crate::domain::text::shell_word;
use crate::engine::Session;

/// `case`
pub async fn case(place: &Place, args: &Case) -> Result<(), Failure> {
    let change = CaseChange {
        verdict: args.verdict.and_then(|given| given.0),
        no_verdict: args.verdict == Some(MaybeVerdict(None)),
        status: args.status,
        tag: args.tag.iter().map(|text| tag(text)).collect::<Result<_, _>>()?,
        untag: args.untag.iter().map(|text| tag(text)).collect::<Result<_, _>>()?,
    };
    let session = place.open().await?;
    let dataset = session.load()?;
    let records = place::find_user(&dataset, &args.user)?;
    let user = records.id().clone();
    let empty = Default::default();
    if !change.is_empty() && session.ledger().case(&user).unwrap_or(&empty).is_changed_by(&change) {
        let said = format!("{}: {}", records.user.name(), change.words());
        session.store.append(session.clock().now(), &session.operator, vec![Entry::Case { user, change: change.clone() }])?;
        output::say(&said);
        if let Some(action) = change.verdict.and_then(|verdict| verdict.action()) {
            output::say(&format!(
                "note: nothing was sent; entriage act {action} --user {} tells Entra the same",
                shell_word(records.id().as_str())
            ));
        }
    } else if !change.is_empty() {
        output::say("it is so already: nothing was changed");
    }
    match (args.format, change.is_empty()) {
        (Format::Json, _) => output::data(&output::json(&document(&session, records))?),
        (_, true) => sheet(&session, records, place),
        (_, false) => Ok(()),
    }
}

fn tag(text: &str) -> Result<String, Failure> {
    case::tag(text).map_err(|error| Failure::usage(format!("{text:?} is no tag")).because(error).hinted("entriage case USER --tag PT-118"))
}

fn document(session: &Session, records: &UserRecords) -> serde_json::Value {
    let ledger = session.ledger();
    let case = ledger.case(records.id()).cloned().unwrap_or_default();
    let by = case.verdict_by.as_ref().map(|(at, operator)| json!({"at": at, "operator": operator}));
    let snapshot = case.snapshot.as_ref().map(|snapshot| json!({"at": snapshot.at, "folder": snapshot.folder}));
    json!({
        "user": {"id": records.id(), "userPrincipalName": records.user.user_principal_name},
        "verdict": case.verdict, "verdictBy": by, "status": case.status(), "tags": case.tags, "snapshot": snapshot,
    })
}

fn sheet(session: &Session, records: &UserRecords, place: &Place) -> Result<(), Failure> {
    let ledger = session.ledger();
    let case = ledger.case(records.id()).cloned().unwrap_or_default();
    let none = || "none".to_owned();
    let verdict = match (&case.verdict, &case.verdict_by) {
        (Some(verdict), Some((at, operator))) => format!("{} ({operator}, {})", verdict.as_str(), output::moment(*at)),
        _ => none(),
    };
    let tags = if case.tags.is_empty() { none() } else { case.tags.join(" ") };
    let snapshot = case.snapshot.as_ref().map_or_else(none, |held| format!("{} ({})", held.folder, output::moment(held.at)));
    let rows = [
        ("user", records.user.name().to_owned()),
        ("verdict", verdict),
        ("status", case.status().map_or_else(none, |status| status.as_str().to_owned())),
        ("tags", tags),
        ("snapshot", snapshot),
    ];
    let rows = rows.map(|(name, value)| vec![name.to_owned(), crate::domain::text::safe(&value).into_owned()]).to_vec();
    output::data(&output::aligned(vec!["CASE".to_owned(), String::new()], rows, place.paper))
}

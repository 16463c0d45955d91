//! Reading back what was acted on, with as few requests as the interface allows.
//!
//! Risky users cannot be asked for by a list of ids. Those that we changed have a new `riskLastUpdatedDateTime`, so one list of what
//! changed since the first of them was sent finds them, 500 in a request. Whoever is not among them is asked for by id, or,
//! where that would take longer, in a list of everybody.

use std::collections::HashSet;

use chrono::TimeDelta;
use futures::{StreamExt as _, TryStreamExt as _};
use url::Url;

use super::client::{Client, Version};
use super::directory::AT_ONCE;
use super::lists::{List, literal, quoted};
use super::sync::kinds;
use super::{devices, directory, policies};
use crate::domain::action::{Action, Aim, Kind};
use crate::domain::plan::Target;
use crate::domain::records::{Record, UserId};
use crate::domain::time::Timestamp;
use crate::tenant::TenantError;
use crate::tenant::pace::Urgency;

/// The service's clocks do not agree to the second.
const OVERLAP: TimeDelta = TimeDelta::seconds(30);
/// So few are asked for one by one from the start.
const FEW: usize = 2;
/// So many that a list did not have are asked for one by one.
const MISSING: usize = 20;
/// Sign-ins in one request.
const SIGN_INS: usize = 15;

/// Reads of these targets what the action changes, as it is now.
pub(super) async fn read(
    client: &Client,
    action: Action,
    targets: &[Target],
    since: Option<Timestamp>,
) -> Result<Vec<Record>, TenantError> {
    match (action.kind(), action.aim()) {
        (Kind::Feedback(_) | Kind::Playbook, _) => of_feedback(client, targets, since).await,
        (Kind::Account, _) => of_accounts(client, action, targets, since).await,
        (Kind::Policy, Aim::Address) => Ok(vec![Record::Locations(policies::locations(client, Urgency::Acting).await?)]),
        (Kind::Policy, _) => Ok(vec![Record::Policies(policies::all(client, Urgency::Acting).await?)]),
    }
}

/// What the directory says of accounts; with a new password, also what became of their risk.
async fn of_accounts(client: &Client, action: Action, targets: &[Target], since: Option<Timestamp>) -> Result<Vec<Record>, TenantError> {
    let ids: Vec<String> = targets.iter().map(|target| target.id().to_owned()).collect();
    if action == Action::DisableDevices {
        let requests: Vec<_> = ids.iter().map(|id| of_devices(client, id)).collect();
        let read: Vec<Option<Record>> = futures::stream::iter(requests).buffered(AT_ONCE).try_collect().await?;
        return Ok(read.into_iter().flatten().collect());
    }
    let mut records = directory::users(client, &ids, Urgency::Acting).await?;
    if action == Action::GenerateTemporaryPassword {
        let wanted = ids.iter().map(|id| id.to_ascii_lowercase()).collect();
        records.extend(risky_users(client, wanted, since).await?);
    }
    Ok(records)
}

/// The devices of a user; `None` where there is no such user any more.
async fn of_devices(client: &Client, user: &str) -> Result<Option<Record>, TenantError> {
    match devices::all(client, user).await {
        Ok(devices) => Ok(Some(Record::Devices(user.into(), devices))),
        Err(TenantError::Rejected { status: 404, .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

async fn of_feedback(client: &Client, targets: &[Target], since: Option<Timestamp>) -> Result<Vec<Record>, TenantError> {
    let mut users = HashSet::new();
    let mut sign_ins = Vec::new();
    for target in targets {
        match target {
            Target::User(id) => {
                users.insert(id.as_str().to_ascii_lowercase());
            }
            Target::SignIn(id) => sign_ins.push(id.as_str()),
            Target::Policy(_) | Target::Address(_) => {}
        }
    }
    let mut records = risky_users(client, users, since).await?;
    let of_sign_ins = match by_request_id(client, &sign_ins, Urgency::Acting, Version::Beta).await {
        Err(TenantError::Rejected { .. } | TenantError::Denied { .. }) => {
            by_request_id(client, &sign_ins, Urgency::Acting, Version::V1).await?
        }
        read => read?,
    };
    records.extend(of_sign_ins);
    Ok(records)
}

/// What changed of these users since then: their risk and what was detected, and who is an administrator. What a list of what changed does
/// not have is as before, so nobody is asked for one by one, unless they are few. Tells also why something may not be read.
pub(super) async fn changes_of(
    client: &Client,
    users: &[UserId],
    since: Option<Timestamp>,
) -> Result<(Vec<Record>, Option<TenantError>), TenantError> {
    let wanted: HashSet<String> = users.iter().map(|id| id.as_str().to_ascii_lowercase()).collect();
    let since = since.map(|since| Timestamp(since.0 - OVERLAP));
    let risk = async {
        let mut records = Vec::new();
        if wanted.len() > FEW {
            let filter = since.map(|since| format!("riskLastUpdatedDateTime ge {}", literal(since)));
            listed(client, filter.as_deref(), &mut wanted.clone(), &mut records).await?;
        } else {
            records.extend(one_by_one(client, List::RiskyUsers, &wanted).await?);
        }
        // Whose risk moved may have been detected for another reason than the plan knows.
        let moved = records.iter().filter_map(|record| match record {
            Record::User(user) if since.is_none_or(|since| user.risk_last_updated_date_time.is_none_or(|at| at >= since)) => {
                Some(user.id.as_str().to_ascii_lowercase())
            }
            _ => None,
        });
        let (detections, unread) = or_unread(detections_of(client, &moved.collect(), since).await)?;
        records.extend(detections);
        Ok((records, unread))
    };
    let roles = async { or_unread(administrators(client, &wanted).await) };
    let ((mut records, of_risk), (administrators, of_roles)) = futures::future::try_join(risk, roles).await?;
    records.extend(administrators);
    Ok((records, of_risk.or(of_roles)))
}

/// What may not be read is told, and hinders nothing.
fn or_unread(read: Result<Vec<Record>, TenantError>) -> Result<(Vec<Record>, Option<TenantError>), TenantError> {
    match read {
        Ok(records) => Ok((records, None)),
        Err(error @ (TenantError::Denied { .. } | TenantError::Rejected { .. })) => Ok((Vec::new(), Some(error))),
        Err(error) => Err(error),
    }
}

/// The detections of these users that changed since then: of a few each user's, of many out of the list of all that changed.
async fn detections_of(client: &Client, wanted: &HashSet<String>, since: Option<Timestamp>) -> Result<Vec<Record>, TenantError> {
    let changed = since.map(|since| format!("lastUpdatedDateTime ge {}", literal(since)));
    if wanted.len() > MISSING {
        return every(client, List::Detections, changed.as_deref(), wanted).await;
    }
    let mut records = Vec::new();
    for id in wanted {
        let changed = changed.as_deref().map(|changed| format!(" and {changed}")).unwrap_or_default();
        let filter = format!("userId eq {}{changed}", quoted(id));
        records.extend(every(client, List::Detections, Some(&filter), wanted).await?);
    }
    Ok(records)
}

/// Who of these is an administrator by the registration report, which not everybody may read.
async fn administrators(client: &Client, wanted: &HashSet<String>) -> Result<Vec<Record>, TenantError> {
    if wanted.len() <= FEW {
        return one_by_one(client, List::Registration, wanted).await;
    }
    every(client, List::Registration, Some("isAdmin eq true"), wanted).await
}

/// Reads a list to its end, and keeps what is of these users.
async fn every(client: &Client, list: List, filter: Option<&str>, wanted: &HashSet<String>) -> Result<Vec<Record>, TenantError> {
    let is_wanted = |record: &Record| record.user_id().is_some_and(|id| wanted.contains(&id.as_str().to_ascii_lowercase()));
    let mut records = Vec::new();
    let mut url = list.first(client, filter);
    loop {
        let page = list.page(client, Urgency::Acting, url).await?;
        records.extend(list.records(page.value).0.into_iter().filter(is_wanted));
        let Some(next) = page.next else { return Ok(records) };
        url = client.next(&next)?;
    }
}

async fn risky_users(client: &Client, mut wanted: HashSet<String>, since: Option<Timestamp>) -> Result<Vec<Record>, TenantError> {
    let mut records = Vec::new();
    if wanted.len() > FEW {
        if let Some(since) = since {
            let filter = format!("riskLastUpdatedDateTime ge {}", literal(Timestamp(since.0 - OVERLAP)));
            listed(client, Some(&filter), &mut wanted, &mut records).await?;
        }
        if wanted.len() > MISSING {
            listed(client, None, &mut wanted, &mut records).await?;
        }
    }
    // Whoever a list of everybody does not have is not there: nobody asks for thousands one by one.
    records.extend(one_by_one(client, List::RiskyUsers, wanted.iter().take(MISSING)).await?);
    Ok(records)
}

/// Reads objects of a list by their ids. Not found is a user whom the list never had, or has no longer.
async fn one_by_one(client: &Client, list: List, ids: impl IntoIterator<Item = &String>) -> Result<Vec<Record>, TenantError> {
    let mut records = Vec::new();
    for id in ids {
        let object = list.one(client, Urgency::Acting, id).await?;
        records.extend(list.records(object.into_iter().collect()).0);
    }
    Ok(records)
}

/// Reads a list until nobody is missing, and keeps those that are wanted.
async fn listed(client: &Client, filter: Option<&str>, wanted: &mut HashSet<String>, records: &mut Vec<Record>) -> Result<(), TenantError> {
    let mut url: Url = List::RiskyUsers.first(client, filter);
    loop {
        let page = List::RiskyUsers.page(client, Urgency::Acting, url).await?;
        let found = List::RiskyUsers.records(page.value).0;
        records
            .extend(found.into_iter().filter(|record| record.user_id().is_some_and(|id| wanted.remove(&id.as_str().to_ascii_lowercase()))));
        match page.next {
            Some(next) if !wanted.is_empty() => url = client.next(&next)?,
            _ => return Ok(()),
        }
    }
}

/// Reads sign-ins by their request ids.
pub(super) async fn by_request_id(client: &Client, ids: &[&str], urgency: Urgency, version: Version) -> Result<Vec<Record>, TenantError> {
    let list = List::SignIns(version);
    let mut records = Vec::new();
    for ids in ids.chunks(SIGN_INS) {
        let terms: Vec<String> = ids.iter().map(|id| format!("id eq {}", quoted(id))).collect();
        let filter = format!("({}){}", terms.join(" or "), kinds(version));
        let mut url = list.first(client, Some(&filter));
        loop {
            let page = list.page(client, urgency, url).await?;
            records.extend(list.records(page.value).0);
            let Some(next) = page.next else { break };
            url = client.next(&next)?;
        }
    }
    Ok(records)
}

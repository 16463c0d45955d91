//! What the directory says of users, a few of them in each request.

use std::collections::HashSet;

use futures::{StreamExt as _, TryStreamExt as _};
use serde_json::{Map, Value};

use super::client::{Client, Service, Version};
use super::lists::{List, ListPage, quoted};
use crate::domain::permission::Operation;
use crate::domain::records::{Record, RiskyUser};
use crate::domain::risk::{RiskLevel, RiskState};
use crate::tenant::TenantError;
use crate::tenant::pace::Urgency;
use crate::wire;

/// Values that an `in` of a filter may have.
const IDS: usize = 15;
/// Requests under way at once: each takes its time, and the directory allows many.
pub(super) const AT_ONCE: usize = 8;
const PROPERTIES: &str = "id,accountEnabled,userType,onPremisesSyncEnabled,lastPasswordChangeDateTime,signInSessionsValidFromDateTime";

/// Reads what the directory says of these users. One that it does not have is deleted: Graph goes on listing its risk.
pub(super) async fn users(client: &Client, ids: &[String], urgency: Urgency) -> Result<Vec<Record>, TenantError> {
    let requests: Vec<_> = ids.chunks(IDS).map(|ids| some(client, ids, urgency)).collect();
    let read: Vec<Vec<Record>> = futures::stream::iter(requests).buffered(AT_ONCE).try_collect().await?;
    Ok(read.into_iter().flatten().collect())
}

/// Reads somebody by object id or principal name, with the risk that there is: whom the list of risky users does not have has none.
pub(super) async fn find(client: &Client, name: &str) -> Result<Vec<Record>, TenantError> {
    let url = client.url(Version::V1, &["users", name], &[("$select", "id,userPrincipalName,displayName")]);
    let object: Map<String, Value> = match client.get_patiently(Operation::ReadUsers, Service::Directory, Urgency::Acting, url).await {
        Ok(answer) => answer.json()?,
        Err(TenantError::Rejected { status: 400 | 404, .. }) => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let text = |name: &str| object.get(name).and_then(Value::as_str);
    let Some(id) = text("id") else { return Ok(Vec::new()) };
    let named = RiskyUser {
        user_principal_name: text("userPrincipalName").map(Into::into),
        user_display_name: text("displayName").map(Into::into),
        ..RiskyUser::unknown(id.into())
    };
    let risk = match List::RiskyUsers.one(client, Urgency::Acting, id).await? {
        Some(object) => List::RiskyUsers.records(vec![object]).0,
        None => vec![Record::User(RiskyUser {
            risk_state: Some(RiskState::None),
            risk_level: Some(RiskLevel::None),
            ..RiskyUser::unknown(id.into())
        })],
    };
    let account = users(client, &[id.to_owned()], Urgency::Acting).await?;
    Ok([vec![Record::User(named)], risk, account].concat())
}

/// Reads a few users, with their `passwordProfile` where Graph tells of it: not everybody may read that.
async fn some(client: &Client, ids: &[String], urgency: Urgency) -> Result<Vec<Record>, TenantError> {
    if client.tells_password_profile() {
        let properties = format!("{PROPERTIES},passwordProfile");
        match select(client, ids, &properties, urgency).await {
            Err(TenantError::Denied { .. } | TenantError::Rejected { .. }) => {}
            read => return read,
        }
    }
    let read = select(client, ids, PROPERTIES, urgency).await?;
    client.goes_without_password_profile();
    Ok(read)
}

async fn select(client: &Client, ids: &[String], properties: &str, urgency: Urgency) -> Result<Vec<Record>, TenantError> {
    let list: Vec<String> = ids.iter().map(|id| quoted(id)).collect();
    let filter = format!("id in ({})", list.join(","));
    let mut url = client.url(Version::V1, &["users"], &[("$select", properties), ("$filter", &filter)]);
    let mut objects = Vec::new();
    loop {
        let page: ListPage = client.get(Operation::ReadUsers, Service::Directory, urgency, url).await?.json()?;
        objects.extend(page.value);
        // Who is missing counts as deleted, so all of it must be read.
        let Some(next) = page.next.filter(|next| !next.is_empty()) else { break };
        url = client.next(&next)?;
    }
    let mut found = HashSet::new();
    let mut records = Vec::new();
    for mut object in objects {
        let Some(id) = object.get("id").and_then(Value::as_str).map(str::to_owned) else { continue };
        // Null says that the user never was synchronised; leaving it out would say that it was not read.
        if object.get("onPremisesSyncEnabled").is_some_and(Value::is_null) {
            object.insert("onPremisesSyncEnabled".to_owned(), Value::Bool(false));
        }
        records.push(Record::presence(id.as_str().into(), false));
        records.extend(wire::read(wire::Kind::User, object).ok());
        found.insert(id.to_ascii_lowercase());
    }
    records.extend(ids.iter().filter(|id| !found.contains(&id.to_ascii_lowercase())).map(|id| Record::presence(id.as_str().into(), true)));
    Ok(records)
}

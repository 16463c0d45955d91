//! What the directory says of users, a few of them in each request.

use std::collections::HashSet;

use futures::{StreamExt as _, TryStreamExt as _};
use serde_json::Value;

use super::client::{Client, Service, Version};
use super::lists::{ListPage, quoted};
use crate::domain::permission::Operation;
use crate::domain::records::Record;
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

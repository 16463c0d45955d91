//! One user, read closely: what is too much to read of everybody.

use chrono::TimeDelta;
use serde_json::{Map, Value};

use super::client::{Client, Service, Version};
use super::lists::{self, List, ListPage, literal, quoted};
use super::{devices, directory};
use crate::domain::permission::Operation;
use crate::domain::records::{AuthenticationMethod, Record, UserId};
use crate::domain::time::Timestamp;
use crate::tenant::TenantError;
use crate::tenant::pace::Urgency;
use crate::wire;

/// How far back a user's sign-ins are read.
const LOOKED_BACK: TimeDelta = TimeDelta::days(7);
/// How many of them at most, the newest first.
const LATEST: &str = "100";

/// What beta leaves out where it is not asked for.
const IN_THE_BACKGROUND: &str = " and signInEventTypes/any(t: t eq 'nonInteractiveUser')";

/// Reads a user's risk with its history, account, registration, latest sign-ins, devices and authentication methods. What is refused is
/// left out.
pub(super) async fn look(client: &Client, user: &UserId) -> Result<Vec<Record>, TenantError> {
    let ids = [user.to_string()];
    let devices = async { Ok(vec![Record::Devices(user.clone(), devices::all(client, user.as_str()).await?)]) };
    let methods = async { Ok(vec![Record::Methods(user.clone(), methods(client, user.as_str()).await?)]) };
    let (risk, history, account, registration, sign_ins, devices, methods) = futures::join!(
        one(client, List::RiskyUsers, user.as_str()),
        history(client, user.as_str()),
        directory::users(client, &ids, Urgency::Acting),
        one(client, List::Registration, user.as_str()),
        sign_ins(client, user.as_str()),
        devices,
        methods,
    );
    let mut records = Vec::new();
    for part in [risk, history, account, registration, sign_ins, devices, methods] {
        match part {
            Ok(read) => records.extend(read),
            Err(TenantError::Denied { .. } | TenantError::Rejected { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(records)
}

/// One object of a list. Who is not in it never was at risk, or is not reported on.
async fn one(client: &Client, list: List, id: &str) -> Result<Vec<Record>, TenantError> {
    let url = client.url(list.version(), &[list.path(), &[id]].concat(), &[]);
    let object = client.get_patiently(list.operation(), list.service(), Urgency::Acting, url).await?.json()?;
    Ok(list.records(vec![object]).0)
}

/// How the user's risk came about, as far back as the service keeps it.
async fn history(client: &Client, user: &str) -> Result<Vec<Record>, TenantError> {
    let path = ["identityProtection", "riskyUsers", user, "history"];
    let objects = lists::whole(client, Operation::ReadRiskyUsers, Service::Protection, Urgency::Acting, &path).await?;
    Ok(objects.into_iter().filter_map(|object| wire::read(wire::Kind::RiskyUserHistoryItem, object).ok()).collect())
}

/// The user's latest sign-ins, risky or not: what blocks a user need not be risky itself. Those of a person are asked for by themselves,
/// as a busy client's would push them off the page. From v1.0 where beta refuses, which knows no others.
async fn sign_ins(client: &Client, user: &str) -> Result<Vec<Record>, TenantError> {
    let since = literal(Timestamp(client.now().0 - LOOKED_BACK));
    let read = async |version, kind: &str| {
        let filter = format!("userId eq {} and createdDateTime ge {since}{kind}", quoted(user));
        let list = List::SignIns(version);
        let url = client.url(list.version(), list.path(), &[("$top", LATEST), ("$filter", &filter)]);
        let page: ListPage = client.get_patiently(list.operation(), list.service(), Urgency::Acting, url).await?.json()?;
        Ok(list.records(page.value).0)
    };
    match futures::future::try_join(read(Version::Beta, ""), read(Version::Beta, IN_THE_BACKGROUND)).await {
        Err(TenantError::Denied { .. } | TenantError::Rejected { .. }) => read(Version::V1, "").await,
        read => read.map(|(of_people, others)| [of_people, others].concat()),
    }
}

/// All authentication methods of a user.
async fn methods(client: &Client, user: &str) -> Result<Vec<AuthenticationMethod>, TenantError> {
    let path = ["users", user, "authentication", "methods"];
    let objects = lists::whole(client, Operation::ReadMethods, Service::Directory, Urgency::Acting, &path).await?;
    Ok(objects.iter().filter_map(method).collect())
}

fn method(object: &Map<String, Value>) -> Option<AuthenticationMethod> {
    let text = |name: &str| object.get(name).and_then(Value::as_str);
    Some(AuthenticationMethod {
        id: text("id")?.into(),
        kind: text("@odata.type")?.rsplit('.').next().unwrap_or_default().into(),
        display_name: text("displayName").map(Into::into),
        created_date_time: text("createdDateTime").and_then(Timestamp::parse),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_method_is_named_by_the_last_part_of_its_type() {
        let object = json!({
            "@odata.type": "#microsoft.graph.fido2AuthenticationMethod", "id": "m", "displayName": "Key",
            "createdDateTime": "2026-11-22T14:05:00Z",
        });
        let method = method(object.as_object().unwrap()).unwrap();
        assert_eq!((method.kind.as_str(), method.display_name.as_deref()), ("fido2AuthenticationMethod", Some("Key")));
        assert_eq!(method.created_date_time, Timestamp::parse("2026-11-22T14:05:00Z"));
    }
}

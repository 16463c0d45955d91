//! Lists of Graph: a page, its records, and where the next one is.

use serde::Deserialize;
use serde_json::{Map, Value};
use url::Url;

use super::client::{Client, Service, Version};
use crate::domain::permission::Operation;
use crate::domain::records::Record;
use crate::domain::time::Timestamp;
use crate::tenant::TenantError;
use crate::tenant::pace::Urgency;
use crate::wire;

/// One page of a list.
#[derive(Debug, Deserialize)]
pub(super) struct ListPage {
    /// A page may be empty and still have a next one. One without this is no page: it must not be taken for an empty list.
    pub value: Vec<Map<String, Value>>,
    #[serde(rename = "@odata.nextLink")]
    pub next: Option<String>,
}

/// Reads a list to its end, patiently: for what is short.
pub(super) async fn whole(
    client: &Client,
    operation: Operation,
    service: Service,
    urgency: Urgency,
    path: &[&str],
) -> Result<Vec<Map<String, Value>>, TenantError> {
    let mut url = client.url(Version::V1, path, &[]);
    let mut objects = Vec::new();
    loop {
        let page: ListPage = client.get_patiently(operation, service, urgency, url).await?.json()?;
        objects.extend(page.value);
        let Some(next) = page.next.filter(|next| !next.is_empty()) else { return Ok(objects) };
        url = client.next(&next)?;
    }
}

/// A list: where it is, and who counts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum List {
    RiskyUsers,
    Detections,
    SignIns(Version),
    DeletedUsers,
    Registration,
}

impl List {
    pub fn path(self) -> &'static [&'static str] {
        match self {
            List::RiskyUsers => &["identityProtection", "riskyUsers"],
            List::Detections => &["identityProtection", "riskDetections"],
            List::SignIns(_) => &["auditLogs", "signIns"],
            List::DeletedUsers => &["directory", "deletedItems", "microsoft.graph.user"],
            List::Registration => &["reports", "authenticationMethods", "userRegistrationDetails"],
        }
    }

    pub fn version(self) -> Version {
        match self {
            List::SignIns(version) => version,
            _ => Version::V1,
        }
    }

    pub fn service(self) -> Service {
        match self {
            List::RiskyUsers | List::Detections => Service::Protection,
            List::SignIns(_) | List::Registration => Service::Reports,
            List::DeletedUsers => Service::Directory,
        }
    }

    pub fn operation(self) -> Operation {
        match self {
            List::RiskyUsers => Operation::ReadRiskyUsers,
            List::Detections => Operation::ReadDetections,
            List::SignIns(_) => Operation::ReadSignIns,
            List::DeletedUsers => Operation::ReadUsers,
            List::Registration => Operation::ReadRegistration,
        }
    }

    /// The most that a page may hold (`reference/graph.md` section 3).
    fn page_size(self) -> &'static str {
        match self {
            List::RiskyUsers | List::Detections => "500",
            List::SignIns(_) => "1000",
            List::DeletedUsers | List::Registration => "999",
        }
    }

    /// The first page of what the filter lets through.
    pub fn first(self, client: &Client, filter: Option<&str>) -> Url {
        let mut options = vec![("$top", self.page_size())];
        options.extend(filter.map(|filter| ("$filter", filter)));
        if self == List::DeletedUsers {
            options.push(("$select", "id"));
        }
        client.url(self.version(), self.path(), &options)
    }

    /// Reads a page.
    pub async fn page(self, client: &Client, urgency: Urgency, url: Url) -> Result<ListPage, TenantError> {
        let mut page: ListPage = client.get(self.operation(), self.service(), urgency, url).await?.json()?;
        page.next = page.next.filter(|next| !next.is_empty());
        if let Some(next) = &page.next {
            client.next(next)?;
        }
        Ok(page)
    }

    /// Reads one object of the list; `None` where there is none of this id.
    pub async fn one(self, client: &Client, urgency: Urgency, id: &str) -> Result<Option<Map<String, Value>>, TenantError> {
        let path = [self.path(), &[id]].concat();
        let url = client.url(self.version(), &path, &[]);
        match client.get(self.operation(), self.service(), urgency, url).await {
            Ok(answer) => answer.json().map(Some),
            Err(TenantError::Rejected { status: 404, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Records of a page, and how many of its objects could not be read.
    pub fn records(self, objects: Vec<Map<String, Value>>) -> (Vec<Record>, usize) {
        let kind = match self {
            List::RiskyUsers => wire::Kind::RiskyUser,
            List::Detections => wire::Kind::RiskDetection,
            List::SignIns(_) => wire::Kind::SignIn,
            List::DeletedUsers => return deleted(&objects),
            List::Registration => wire::Kind::UserRegistrationDetails,
        };
        let count = objects.len();
        let ours = |mut object: Map<String, Value>| {
            if self == List::Registration {
                object.remove("userType"); // spelt otherwise than by the directory, which knows it, too
            }
            wire::read(kind, object).ok()
        };
        let records: Vec<Record> = objects.into_iter().filter_map(ours).map(doubted).collect();
        let unread = count - records.len();
        (records, unread)
    }
}

/// Graph says `isDeleted: false` of deleted users, too (`reference/graph.md` section 8.2): that is not known then.
fn doubted(record: Record) -> Record {
    match record {
        Record::User(mut user) if user.is_deleted == Some(false) => {
            user.is_deleted = None;
            Record::User(user)
        }
        record => record,
    }
}

fn deleted(objects: &[Map<String, Value>]) -> (Vec<Record>, usize) {
    let ids = objects.iter().filter_map(|object| object.get("id")?.as_str());
    (ids.map(|id| Record::presence(id.into(), true)).collect(), 0)
}

/// A time in a filter: without quotes, which would find nothing (`reference/graph.md` section 8.8).
pub(super) fn literal(at: Timestamp) -> String {
    at.0.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// A text in a filter.
pub(super) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixture;

    #[test]
    fn times_have_no_quotes_and_texts_cannot_break_out_of_theirs() {
        assert_eq!(literal(fixture::now()).len(), "2026-11-22T14:05:00Z".len());
        assert_eq!(quoted("o'x"), "'o''x'");
    }

    #[test]
    fn a_user_whom_graph_calls_not_deleted_may_be_deleted() {
        let object = |deleted: bool| serde_json::json!({"id": "u", "isDeleted": deleted}).as_object().unwrap().clone();
        let read = |deleted| match List::RiskyUsers.records(vec![object(deleted)]).0.pop() {
            Some(Record::User(user)) => user.is_deleted,
            other => panic!("{other:?}"),
        };
        assert_eq!((read(true), read(false)), (Some(true), None));
    }
}

//! Who is signed in to which tenant, and what that allows.

use chrono::TimeDelta;
use serde_json::{Map, Value};
use url::Url;

use super::GraphTenant;
use super::client::{Client, Service, Version};
use super::lists::{List, ListPage};
use crate::domain::permission::{Holder, Operation};
use crate::oauth::Claims;
use crate::tenant::TenantError;
use crate::tenant::pace::Urgency;

/// What an examination found.
#[derive(Debug, Clone)]
pub struct Report {
    /// Object id of the tenant.
    pub tenant_id: Option<String>,
    /// Name of the tenant. Hostile text.
    pub tenant_name: Option<String>,
    /// The tenant's first domain. Hostile text.
    pub domain: Option<String>,
    /// What the token says of who is signed in. Hostile text.
    pub claims: Claims,
    /// What that one holds, as far as it can be told.
    pub holder: Holder,
    /// What happened when risky users were read.
    pub risky_users: Result<(), TenantError>,
    /// How far Graph's clock is ahead of this machine's.
    pub skew: TimeDelta,
}

impl GraphTenant {
    /// Signs in where nobody is, and finds out who that is and what it allows. An error is one that hinders everything.
    pub async fn examine(&self) -> Result<Report, TenantError> {
        let client = self.client();
        let claims = client.claims().await?;
        let organization = first(client, &["organization"], "id,displayName,verifiedDomains").await?;
        let text = |name: &str| organization.get(name).and_then(Value::as_str).map(str::to_owned);
        let domains = organization.get("verifiedDomains").and_then(Value::as_array);
        let name = |domain: &Value| domain["name"].as_str().map(str::to_owned);
        let domain = domains.and_then(|all| all.iter().find(|domain| domain["isDefault"] == true).or(all.first()).and_then(name));
        client.learn_service_plans(service_plans(client).await?);
        let holder = client.holder_of(&claims);
        let probe = client.url(Version::V1, List::RiskyUsers.path(), &[("$top", "1")]);
        let risky_users =
            settled(client.get_patiently(Operation::ReadRiskyUsers, Service::Protection, Urgency::Acting, probe).await.map(|_| ()))?;
        Ok(Report {
            tenant_id: text("id").or_else(|| claims.tenant_id.clone()),
            tenant_name: text("displayName"),
            domain,
            holder,
            risky_users,
            skew: client.skew(),
            claims,
        })
    }
}

/// Reads the service plans where nobody did yet. Only what hinders everything is an error: the plans are good to know, and no more.
pub(super) async fn learn_service_plans(client: &Client) -> Result<(), TenantError> {
    if client.knows_service_plans() {
        return Ok(());
    }
    match service_plans(client).await {
        Ok(plans) => client.learn_service_plans(plans),
        Err(error @ (TenantError::SignIn { .. } | TenantError::Unreachable { .. })) => return Err(error),
        // It is asked again at the beginning of the next sync.
        Err(_) => {}
    }
    Ok(())
}

/// Tells a refusal, which is an answer, from an error that hinders everything.
fn settled<T>(result: Result<T, TenantError>) -> Result<Result<T, TenantError>, TenantError> {
    match result {
        Err(error) if !matches!(error, TenantError::Denied { .. } | TenantError::Rejected { .. }) => Err(error),
        settled => Ok(settled),
    }
}

async fn list(client: &Client, url: Url) -> Result<Result<Vec<Map<String, Value>>, TenantError>, TenantError> {
    let answer = client.get_patiently(Operation::ReadOrganization, Service::Directory, Urgency::Acting, url).await;
    settled(answer.and_then(|answer| answer.json::<ListPage>()).map(|page| page.value))
}

/// The first object of a list; empty where it may not be read.
async fn first(client: &Client, path: &[&str], select: &str) -> Result<Map<String, Value>, TenantError> {
    let found = list(client, client.url(Version::V1, path, &[("$select", select)])).await?;
    Ok(found.ok().and_then(|objects| objects.into_iter().next()).unwrap_or_default())
}

/// Names of the tenant's service plans that are in force; `None` where they may not be read.
async fn service_plans(client: &Client) -> Result<Option<Vec<String>>, TenantError> {
    let found = list(client, client.url(Version::V1, &["subscribedSkus"], &[])).await?;
    Ok(found.ok().map(|skus| {
        let plans = skus.iter().filter_map(|sku| sku.get("servicePlans")?.as_array()).flatten();
        let in_force = plans.filter(|plan| plan["provisioningStatus"].as_str().is_none_or(|status| status == "Success"));
        in_force.filter_map(|plan| plan["servicePlanName"].as_str().map(str::to_owned)).collect()
    }))
}

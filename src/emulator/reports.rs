//! The registration report, and what the tenant says of itself.

use serde_json::{Map, Value, json};

use super::answer::{Answer, GraphError};
use super::directory::{Entry, object, whole};
use super::oauth::DOMAIN;
use super::paging::Wanted;
use super::risk::one;
use super::schema::REGISTRATION;
use super::world::{Call, World};

impl World {
    pub(super) fn registrations(&self, call: &Call) -> Result<Answer, GraphError> {
        self.page_of_users(call, &REGISTRATION, "reports/authenticationMethods/userRegistrationDetails", |entry| {
            reported(entry).then(|| registration_json(entry))
        })
    }

    pub(super) fn registration(&self, call: &Call, id: &str) -> Result<Answer, GraphError> {
        let wanted = Wanted::of_one(call.request, &REGISTRATION)?;
        let entry = self.find(id)?;
        match reported(&entry) {
            true => Ok(one(call, &wanted, "reports/authenticationMethods/userRegistrationDetails/$entity", registration_json(&entry))),
            false => Err(GraphError::no_resource(id)),
        }
    }

    pub(super) fn organization(&self, call: &Call) -> Result<Answer, GraphError> {
        let organization = json!({
            "id": self.authority.identity.tenant_id, "displayName": "Contoso (emulated)", "tenantType": "AAD", "countryLetterCode": "US",
            "onPremisesSyncEnabled": true,
            "verifiedDomains": [{"name": DOMAIN, "isDefault": true, "isInitial": true, "type": "Managed", "capabilities": "Email"}],
        });
        whole(call, "organization", vec![organization])
    }

    pub(super) fn licences(&self, call: &Call) -> Result<Answer, GraphError> {
        let plan = |name: &str, id: &str| json!({"servicePlanId": id, "servicePlanName": name, "provisioningStatus": "Success", "appliesTo": "User"});
        let mut plans = vec![plan("EXCHANGE_S_FOUNDATION", "113feb6c-3fe4-4440-bddc-54d774bf0318")];
        if !self.is_unlicensed() {
            plans.push(plan("AAD_PREMIUM", "41781fb2-bc02-4b7c-bd55-b576c07bb09d"));
            plans.push(plan("AAD_PREMIUM_P2", "eec0eb4f-6444-4f95-aba0-50c24d67f998"));
        }
        let users = self.tenant.population().spec().users;
        let sku = json!({
            "id": format!("{}_84a661c4-e949-4bd2-a560-ed7766fcaf2b", self.authority.identity.tenant_id),
            "skuId": "84a661c4-e949-4bd2-a560-ed7766fcaf2b", "skuPartNumber": "AAD_PREMIUM_P2", "capabilityStatus": "Enabled",
            "appliesTo": "User", "consumedUnits": users, "prepaidUnits": {"enabled": users, "suspended": 0, "warning": 0},
            "servicePlans": plans,
        });
        whole(call, "subscribedSkus", vec![sku])
    }
}

/// Whether the registration report has the user: disabled and deleted ones are left out.
fn reported(entry: &Entry) -> bool {
    !entry.deleted && entry.records.directory.account_enabled == Some(true)
}

fn registration_json(entry: &Entry) -> Map<String, Value> {
    let (user, directory) = (&entry.records.user, &entry.records.directory);
    let mfa = directory.is_mfa_registered == Some(true);
    let methods: &[&str] = if mfa { &["microsoftAuthenticatorPush", "softwareOneTimePasscode"] } else { &[] };
    object(json!({
        "id": user.id,
        "userPrincipalName": user.user_principal_name,
        "userDisplayName": user.user_display_name,
        "userType": directory.user_type.as_ref().map(|kind| kind.to_lowercase()),
        "isAdmin": directory.is_admin,
        "isMfaCapable": mfa,
        "isMfaRegistered": directory.is_mfa_registered,
        "isPasswordlessCapable": false,
        "isSsprCapable": directory.is_sspr_registered,
        "isSsprEnabled": directory.user_type.as_deref() != Some("Guest"),
        "isSsprRegistered": directory.is_sspr_registered,
        "isSystemPreferredAuthenticationMethodEnabled": true,
        "methodsRegistered": methods,
        "systemPreferredAuthenticationMethods": if mfa { vec!["push"] } else { Vec::new() },
        "userPreferredMethodForSecondaryAuthentication": if mfa { "push" } else { "none" },
        "lastUpdatedDateTime": directory.last_password_change_date_time,
    }))
}

//! Account and device calls: sessions, sign-in, passwords, devices, deleted users (`reference/graph.md` section 2).

use reqwest::Method;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value, json};

use super::GraphTenant;
use super::answer::Answer;
use super::client::{Ask, Service, Version};
use super::lists;
use crate::domain::permission::Operation;
use crate::domain::records::UserId;
use crate::tenant::TenantError;
use crate::tenant::pace::Urgency;

/// The one password method that every user has.
const PASSWORD_METHOD: &str = "28c10230-6103-485e-b985-444c60001490";

/// What a user must do at the next sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextSignIn {
    /// Nothing.
    Nothing,
    /// Change the password.
    ChangePassword,
    /// Change the password after multifactor authentication.
    ChangePasswordWithMfa,
}

/// A device of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// Object id: what calls take. The device id is another one.
    pub id: String,
    /// Name for people. Hostile text.
    pub display_name: Option<String>,
    /// Operating system.
    pub operating_system: Option<String>,
    /// Whether it may be used.
    pub account_enabled: Option<bool>,
}

/// A reset that the service goes on with by itself.
#[derive(Debug)]
pub struct Reset {
    /// Where to ask how far it is.
    pub location: Option<String>,
    /// The password that the service made up, where it did. Shown once, kept nowhere.
    pub new_password: Option<SecretString>,
}

impl GraphTenant {
    /// Revokes a user's refresh tokens and session cookies; takes minutes to have effect, and none on guests.
    pub async fn revoke_sessions(&self, user: &UserId) -> Result<(), TenantError> {
        let path = ["users", user.as_str(), "revokeSignInSessions"];
        self.write(Operation::RevokeSessions, Method::POST, &path, None).await.map(drop)
    }

    /// Blocks or unblocks sign-in.
    pub async fn set_account_enabled(&self, user: &UserId, enabled: bool) -> Result<(), TenantError> {
        let body = json!({ "accountEnabled": enabled });
        self.write(Operation::EnableUser, Method::PATCH, &["users", user.as_str()], Some(&body)).await.map(drop)
    }

    /// Sets a password.
    pub async fn set_password(&self, user: &UserId, password: &SecretString, next: NextSignIn) -> Result<(), TenantError> {
        let body = json!({"passwordProfile": {
            "password": password.expose_secret(),
            "forceChangePasswordNextSignIn": next != NextSignIn::Nothing,
            "forceChangePasswordNextSignInWithMfa": next == NextSignIn::ChangePasswordWithMfa,
        }});
        self.write(Operation::SetPassword, Method::PATCH, &["users", user.as_str()], Some(&body)).await.map(drop)
    }

    /// Asks for a password change at the next sign-in, and leaves the password as it is.
    pub async fn require_password_change(&self, user: &UserId, with_mfa: bool) -> Result<(), TenantError> {
        let body = json!({"passwordProfile": {
            "forceChangePasswordNextSignIn": true,
            "forceChangePasswordNextSignInWithMfa": with_mfa,
        }});
        self.write(Operation::SetPassword, Method::PATCH, &["users", user.as_str()], Some(&body)).await.map(drop)
    }

    /// Resets a password through the user's password method; the service makes one up where none is given, which hybrid users
    /// do not get. Not for applications, and not for one's own account.
    pub async fn reset_password(&self, user: &UserId, password: Option<&SecretString>) -> Result<Reset, TenantError> {
        let path = ["users", user.as_str(), "authentication", "methods", PASSWORD_METHOD, "resetPassword"];
        let body = password.map_or_else(|| json!({}), |password| json!({ "newPassword": password.expose_secret() }));
        let answer = self.write(Operation::ResetPassword, Method::POST, &path, Some(&body)).await?;
        let told: Map<String, Value> = serde_json::from_slice(&answer.body).unwrap_or_default();
        let new_password = told.get("newPassword").and_then(Value::as_str).map(|password| SecretString::from(password.to_owned()));
        Ok(Reset { location: answer.location, new_password })
    }

    /// A user's authentication methods, as Graph sends them.
    pub async fn authentication_methods(&self, user: &UserId) -> Result<Vec<Map<String, Value>>, TenantError> {
        lists::whole(&self.client, Operation::ReadMethods, Service::Directory, &["users", user.as_str(), "authentication", "methods"]).await
    }

    /// Devices that a user registered.
    pub async fn registered_devices(&self, user: &UserId) -> Result<Vec<Device>, TenantError> {
        self.devices(user, "registeredDevices").await
    }

    /// Devices that a user owns.
    pub async fn owned_devices(&self, user: &UserId) -> Result<Vec<Device>, TenantError> {
        self.devices(user, "ownedDevices").await
    }

    async fn devices(&self, user: &UserId, which: &str) -> Result<Vec<Device>, TenantError> {
        let objects = lists::whole(&self.client, Operation::ReadDevices, Service::Directory, &["users", user.as_str(), which]).await?;
        // The list holds directory objects of any kind.
        let is_device = |object: &Map<String, Value>| {
            object.get("@odata.type").and_then(Value::as_str).is_none_or(|kind| kind == "#microsoft.graph.device")
        };
        Ok(objects.iter().filter(|object| is_device(object)).filter_map(device).collect())
    }

    /// Enables or disables a device, by its object id.
    pub async fn set_device_enabled(&self, device: &str, enabled: bool) -> Result<(), TenantError> {
        let body = json!({ "accountEnabled": enabled });
        self.write(Operation::EnableDevice, Method::PATCH, &["devices", device], Some(&body)).await.map(drop)
    }

    /// Restores a deleted user.
    pub async fn restore_user(&self, user: &UserId) -> Result<(), TenantError> {
        let path = ["directory", "deletedItems", user.as_str(), "restore"];
        self.write(Operation::RestoreUser, Method::POST, &path, None).await.map(drop)
    }

    /// Sends a write to the directory. The caller journals it; where the answer is lost, it reads before it tries again.
    async fn write(&self, operation: Operation, method: Method, path: &[&str], body: Option<&Value>) -> Result<Answer, TenantError> {
        let (service, urgency) = (Service::Directory, Urgency::Acting);
        self.client.turn(service, urgency).await?;
        let url = self.client.url(Version::V1, path, &[]);
        self.client.send(&Ask { operation, service, urgency, method, url, body }).await
    }
}

fn device(object: &Map<String, Value>) -> Option<Device> {
    let text = |name: &str| object.get(name).and_then(Value::as_str).map(str::to_owned);
    Some(Device {
        id: text("id")?,
        display_name: text("displayName"),
        operating_system: text("operatingSystem"),
        account_enabled: object.get("accountEnabled").and_then(Value::as_bool),
    })
}

//! The devices of users: read whole, and disabled one by one.

use futures::TryFutureExt as _;
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::accounts::of_one;
use super::client::{Ask, Client, Service, Version};
use super::{before_change, lists};
use crate::domain::permission::Operation;
use crate::domain::records::Device;
use crate::domain::tenant_text::TenantText;
use crate::tenant::TenantError;
use crate::tenant::pace::Urgency;

/// How often disabling a device is tried that the tenant puts off, when others of the user are disabled already.
const TRIES: u32 = 5;

/// All devices of a user, each once: a device may be both registered and owned.
pub(super) async fn all(client: &Client, user: &str) -> Result<Vec<Device>, TenantError> {
    let list = |which| {
        let path = ["users", user, which];
        async move { lists::whole(client, Operation::ReadDevices, Service::Directory, Urgency::Acting, &path).await }
    };
    let (registered, owned) = futures::future::try_join(list("registeredDevices"), list("ownedDevices")).await?;
    Ok(merged(registered.iter().chain(&owned)))
}

/// The list holds directory objects of any kind.
fn merged<'a>(objects: impl Iterator<Item = &'a Map<String, Value>>) -> Vec<Device> {
    let is_device = |object: &Map<String, Value>| {
        object.get("@odata.type").and_then(Value::as_str).is_none_or(|kind| kind == "#microsoft.graph.device")
    };
    let mut devices: Vec<Device> = Vec::new();
    for device in objects.filter(|object| is_device(object)).filter_map(device) {
        if !devices.iter().any(|held| held.id.eq_ignore_ascii_case(&device.id)) {
            devices.push(device);
        }
    }
    devices
}

fn device(object: &Map<String, Value>) -> Option<Device> {
    let text = |name: &str| object.get(name).and_then(Value::as_str).map(TenantText::new);
    Some(Device {
        id: text("id")?,
        device_id: text("deviceId"),
        display_name: text("displayName"),
        operating_system: text("operatingSystem"),
        account_enabled: object.get("accountEnabled").and_then(Value::as_bool),
    })
}

/// Disables those of a user's devices that were shown and are enabled still. One that is refused does not hold up the others: an application, for one, can
/// disable devices with Windows only (`reference/graph.md` section 2).
pub(super) async fn disable(client: &Client, user: &str, shown: &[String]) -> Result<(), TenantError> {
    let devices = all(client, user).map_err(before_change).await?;
    let mut disabled = 0;
    let mut refused: Vec<(String, TenantError)> = Vec::new();
    let is_shown = |device: &&Device| shown.iter().any(|id| id.eq_ignore_ascii_case(&device.id));
    for device in devices.iter().filter(is_shown).filter(|device| device.account_enabled != Some(false)) {
        match disable_one(client, &device.id, disabled > 0).await {
            Ok(()) => disabled += 1,
            Err(error @ (TenantError::Rejected { .. } | TenantError::Denied { .. })) => refused.push((device.name().to_owned(), error)),
            Err(error) if disabled == 0 => return Err(error),
            // Something was changed, so that nobody may take it for not sent; reading back tells what is left.
            Err(error) => return Err(TenantError::Lost { message: format!("{disabled} devices were disabled, then: {error}") }),
        }
    }
    outcome(disabled, refused)
}

/// What became of it, where some were refused.
fn outcome(disabled: usize, refused: Vec<(String, TenantError)>) -> Result<(), TenantError> {
    let mut refused = refused.into_iter();
    match refused.next() {
        None => Ok(()),
        Some((_, error)) if disabled == 0 => Err(error),
        Some((name, error)) => {
            let names: Vec<String> = std::iter::once(name).chain(refused.map(|(name, _)| name)).collect();
            Err(TenantError::Partly { message: format!("{disabled} devices were disabled, but not {}: {error}", names.join(", ")) })
        }
    }
}

/// Disables one device. Where something was changed before, what the tenant puts off is waited for.
async fn disable_one(client: &Client, device: &str, patient: bool) -> Result<(), TenantError> {
    let (operation, service, urgency) = (Operation::EnableDevice, Service::Directory, Urgency::Acting);
    let body = json!({"accountEnabled": false});
    let url = client.url(Version::V1, &["devices", device], &[]);
    let ask = Ask { operation, service, urgency, method: Method::PATCH, url, body: Some(&body) };
    let mut attempt = 0;
    loop {
        attempt += 1;
        client.turn(service, urgency).await?;
        match client.send(&ask).await {
            // Nothing was done, and the next turn comes when the tenant has had its rest.
            Err(TenantError::Throttled { .. }) if patient && attempt < TRIES => {}
            answer => return answer.map(drop).map_err(|error| of_one(client, operation, error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenant::Missing;

    #[test]
    fn a_device_that_is_registered_and_owned_counts_once_and_other_objects_do_not() {
        let object = |value: Value| value.as_object().unwrap().clone();
        let device = object(json!({"@odata.type": "#microsoft.graph.device", "id": "A", "displayName": "LAPTOP", "accountEnabled": true}));
        let again = object(json!({"id": "a", "accountEnabled": true}));
        let other = object(json!({"@odata.type": "#microsoft.graph.user", "id": "b"}));
        let devices = merged([&device, &again, &other].into_iter());
        assert_eq!(devices.len(), 1);
        assert_eq!((devices[0].name(), devices[0].account_enabled), ("LAPTOP", Some(true)));
    }

    #[test]
    fn one_that_is_refused_is_named_and_stops_nobody_else() {
        let denied = || TenantError::Denied {
            status: 403,
            code: "Authorization_RequestDenied".to_owned(),
            message: "no".to_owned(),
            missing: Missing::Unsaid,
        };
        assert_eq!(outcome(2, Vec::new()), Ok(()));
        assert_eq!(outcome(0, vec![("PHONE".to_owned(), denied())]), Err(denied()));
        let told = outcome(2, vec![("PHONE".to_owned(), denied()), ("TABLET".to_owned(), denied())]).unwrap_err();
        assert!(matches!(&told, TenantError::Partly { message } if message.contains("2 devices were disabled, but not PHONE, TABLET")));
    }
}

//! What a sign-in tells beside the user's others: new addresses, shared sessions, impossible travel.

use super::format;
use crate::domain::address;
use crate::domain::records::{SignIn, UserRecords};
use crate::domain::travel::Leg;

/// How the sign-in was made, on what kind of device. Hostile text.
pub fn client(sign_in: &SignIn) -> String {
    let mut parts = vec![sign_in.client_app_used.as_deref().unwrap_or("client unknown")];
    if sign_in.is_interactive == Some(false) {
        parts.push("non-interactive");
    }
    if let Some(device) = &sign_in.device_detail {
        let named = [&device.browser, &device.operating_system, &device.display_name];
        parts.extend(named.into_iter().filter_map(|text| text.as_deref()).filter(|text| !text.is_empty()));
        parts.extend(device.is_managed.map(|managed| if managed { "managed device" } else { "unmanaged device" }));
    }
    parts.join(" · ")
}

/// Other addresses of the same session: what a replayed token looks like.
pub fn other_addresses<'a>(sign_in: &SignIn, records: &'a UserRecords) -> Vec<&'a str> {
    let same_session =
        |other: &&SignIn| sign_in.session_id.as_ref().is_some_and(|id| !id.is_empty()) && other.session_id == sign_in.session_id;
    let mut addresses: Vec<&str> = records
        .sign_ins
        .iter()
        .filter(same_session)
        .filter_map(|other| other.ip_address.as_deref())
        .filter(|other| !other.is_empty() && !sign_in.ip_address.as_deref().is_some_and(|held| address::same(held, other)))
        .collect();
    addresses.sort_unstable_by_key(|other| address::canonical(other));
    addresses.dedup_by(|one, other| address::same(one, other));
    addresses.truncate(4);
    addresses
}

/// Faster than an aeroplane from where the user was seen before: "5,200 km in 4 min".
pub fn travel(leg: Leg) -> Option<String> {
    let (way, time) = (format::number(leg.kilometres.round() as usize), format::duration(leg.seconds.max(0).unsigned_abs()));
    leg.is_impossible().then(|| format!("▲ {way} km in {time}"))
}

/// The pairs of an `additionalInfo`; empty where it is not what the documentation says. Hostile text.
pub fn additional_info(text: &str) -> Vec<(String, String)> {
    let Ok(serde_json::Value::Array(items)) = serde_json::from_str(text) else { return Vec::new() };
    let part = |item: &serde_json::Value, name: &str| {
        item.as_object().and_then(|object| object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name))).map(|(_, value)| value.clone())
    };
    let plain = |value: serde_json::Value| match value {
        serde_json::Value::String(text) => text,
        serde_json::Value::Array(values) => {
            values.iter().map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned)).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    };
    items.iter().filter_map(|item| Some((plain(part(item, "key")?), plain(part(item, "value").unwrap_or_default())))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn additional_info_is_read_leniently() {
        assert_eq!(additional_info(r#"[{"Key":"riskReasons","Value":["a","b"]},{"key":"n","value":3},7]"#).len(), 2);
        for hostile in ["", "{", "[1,2]", "{\"Key\":1}", "null"] {
            assert!(additional_info(hostile).is_empty(), "{hostile}");
        }
    }
}

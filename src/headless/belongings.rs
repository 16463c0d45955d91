//! Devices and authentication methods of a user, for people: a line each.

use super::output;
use crate::domain::records::{AuthenticationMethod, Device, UserRecords};
use crate::domain::text;

/// Title and lines of what was read; nothing of what was not. Safe to print.
pub fn lines(records: &UserRecords) -> Vec<(&'static str, Vec<String>)> {
    let devices = records.devices.as_ref().map(|devices| ("Devices", devices.iter().map(device).collect()));
    let methods = records.methods.as_ref().map(|methods| ("Authentication methods", methods.iter().map(method).collect()));
    devices.into_iter().chain(methods).collect()
}

fn device(device: &Device) -> String {
    let system = device.operating_system.as_deref().map_or("?".into(), text::safe);
    let enabled = match device.account_enabled {
        Some(true) => "enabled",
        Some(false) => "disabled",
        None => "?",
    };
    format!("{}  {system}  {enabled}", text::safe(device.name()))
}

fn method(method: &AuthenticationMethod) -> String {
    let name = method.display_name.as_deref().map(|name| format!("  {}", text::safe(name))).unwrap_or_default();
    let since = method.created_date_time.map(|at| format!("  since {}", output::moment(at))).unwrap_or_default();
    format!("{}{name}{since}", text::safe(&method.kind))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixture;

    #[test]
    fn what_was_read_has_a_line_each_and_what_was_not_has_none() {
        let mut records = fixture::risky_user("u1", "passwordSpray");
        assert!(lines(&records).is_empty());
        let of = |name: &str, enabled| Device {
            id: "d".into(),
            device_id: None,
            display_name: Some(name.into()),
            operating_system: Some("Windows".into()),
            account_enabled: enabled,
        };
        records.devices = Some(vec![of("LAPTOP\u{1b}[2J", Some(true)), of("PHONE", Some(false)), of(" ", None)]);
        records.methods = Some(Vec::new());
        let told = ["LAPTOP\\x1b[2J  Windows  enabled", "PHONE  Windows  disabled", "d  Windows  ?"].map(str::to_owned).to_vec();
        assert_eq!(lines(&records), [("Devices", told), ("Authentication methods", vec![])]);
        records.methods = Some(vec![AuthenticationMethod {
            id: "m".into(),
            kind: "phoneAuthenticationMethod".into(),
            display_name: Some("+1 555".into()),
            created_date_time: Some(fixture::now()),
        }]);
        let method = format!("phoneAuthenticationMethod  +1 555  since {}", output::moment(fixture::now()));
        assert_eq!(lines(&records)[1].1, [method]);
    }
}

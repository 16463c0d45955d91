//! Addresses and ranges as they are typed: what cannot be a range of a trusted location is refused before anything is planned.

use std::net::IpAddr;

use ipnet::IpNet;

use super::failure::Failure;
use crate::domain::action::Action;
use crate::domain::plan::Because;
use crate::domain::policy;

/// Reads what `--ip` names.
pub fn read(action: Action, typed: &[String]) -> Result<Vec<String>, Failure> {
    typed.iter().map(|text| one(action, text.trim())).collect()
}

fn one(action: Action, text: &str) -> Result<String, Failure> {
    let Some(range) = policy::range(text) else {
        let hint = "an address, such as 203.0.113.7 or 2001:db8::7, or a range, such as 203.0.113.0/28 or 2001:db8:7::/48";
        let failure = Failure::usage(format!("{text:?} is no address or range")).hinted(hint);
        return Err(match malformed(text) {
            Some(why) => failure.because(why),
            None => failure,
        });
    };
    // The rest of the range would be trusted, too, which nobody may have meant.
    if let Some(inside) = text.parse::<IpNet>().ok().filter(|typed| *typed != range) {
        let hint = format!("{range} is the whole range, {} that address alone", inside.addr());
        return Err(Failure::usage(format!("{text} does not begin a range"))
            .because(format!("{} lies within {range}", inside.addr()))
            .hinted(hint));
    }
    // What is no longer to be trusted may have come there by another way.
    if action == Action::TrustIp {
        allowed(text, &range)?;
    }
    Ok(text.to_owned())
}

/// What Entra takes into a named location (Microsoft's "Conditional Access: network assignment").
fn allowed(text: &str, range: &IpNet) -> Result<(), Failure> {
    if policy::is_too_wide(range) {
        let hint = "name the ranges that belong to the company, and no more";
        return Err(Failure::usage(format!("{text} is too wide")).because(Because::RangeTooWide.words()).hinted(hint));
    }
    if !policy::is_public(range) {
        let hint = "the address from which the network reaches the internet is in the sign-in: entriage sign-ins";
        return Err(Failure::usage(format!("{text} cannot be trusted"))
            .because("it is private, and Entra sees public addresses only")
            .hinted(hint));
    }
    Ok(())
}

/// What is wrong, where it can be told.
fn malformed(text: &str) -> Option<&'static str> {
    let (address, prefix) = text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
    match (address.parse::<IpAddr>(), prefix) {
        (Ok(IpAddr::V4(_)), Some(_)) => Some("the prefix of an IPv4 range is a number from 0 to 32"),
        (Ok(IpAddr::V6(_)), Some(_)) => Some("the prefix of an IPv6 range is a number from 0 to 128"),
        _ if text.contains([',', ';']) => Some("several addresses are set apart by blanks, not by commas"),
        _ if text.contains('-') => Some("a range is written with its prefix, not from address to address"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(action: Action, text: &str) -> String {
        read(action, &[text.to_owned()]).unwrap_err().report()
    }

    #[test]
    fn addresses_and_ranges_of_both_kinds_are_read() {
        for text in ["203.0.113.7", "203.0.113.7/32", "203.0.113.0/28", "9.0.0.0/9", "2001:db8::7", "2001:db8:7::/48"] {
            assert_eq!(read(Action::TrustIp, &[format!(" {text} ")]).unwrap(), [text]);
        }
    }

    #[test]
    fn what_is_malformed_is_told_with_what_is_wrong() {
        for (text, why) in [
            ("", "\"\" is no address or range"),
            ("1.2.3", "\"1.2.3\" is no address or range"),
            ("203.0.113.0/33", "from 0 to 32"),
            ("203.0.113.0/", "from 0 to 32"),
            ("2001:db8::/129", "from 0 to 128"),
            ("203.0.113.1-203.0.113.9", "with its prefix"),
            ("203.0.113.1,203.0.113.2", "not by commas"),
            ("203.0.113.5/24", "203.0.113.0/24 is the whole range, 203.0.113.5 that address alone"),
            ("2001:db8::5/64", "2001:db8::/64 is the whole range"),
        ] {
            for action in [Action::TrustIp, Action::UntrustIp] {
                let told = refused(action, text);
                assert!(told.contains(why) && told.contains("hint: "), "{text}: {told}");
            }
        }
    }

    #[test]
    fn what_entra_does_not_take_is_not_trusted_but_can_be_taken_out() {
        for (text, why) in [
            ("0.0.0.0/0", "too wide"),
            ("9.0.0.0/8", "too wide"),
            ("::/0", "too wide"),
            ("10.1.0.0/16", "private"),
            ("192.168.1.1", "private"),
            ("127.0.0.1", "private"),
            ("fe80::1", "private"),
            ("fd00::/48", "private"),
        ] {
            let told = refused(Action::TrustIp, text);
            assert!(told.contains(why) && told.contains("hint: "), "{text}: {told}");
            assert_eq!(read(Action::UntrustIp, &[text.to_owned()]).unwrap(), [text]);
        }
    }
}

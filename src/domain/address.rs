//! IP addresses as records tell them: one address has several spellings.

use std::borrow::Cow;
use std::net::IpAddr;

/// The one spelling of an address: `::ffff:203.0.113.7` is `203.0.113.7`, and of IPv6 the short form. What is no address stays as it is.
pub fn canonical(text: &str) -> Cow<'_, str> {
    let text = text.trim();
    // IPv4 has one spelling only: most need not be looked at.
    if !text.contains(':') {
        return Cow::Borrowed(text);
    }
    text.parse::<IpAddr>().map_or(Cow::Borrowed(text), |address| Cow::Owned(address.to_canonical().to_string()))
}

/// Whether two texts name the same address.
pub fn same(one: &str, other: &str) -> bool {
    one == other || canonical(one) == canonical(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_address_has_one_spelling() {
        for (given, one) in [
            ("::ffff:203.0.113.7", "203.0.113.7"),
            (" 203.0.113.7 ", "203.0.113.7"),
            ("2001:DB8:0:0::1", "2001:db8::1"),
            ("203.0.113.7:443", "203.0.113.7:443"),
            ("no: address", "no: address"),
        ] {
            assert_eq!(canonical(given), one);
            assert!(same(given, one));
        }
        assert!(!same("203.0.113.7", "203.0.113.8"));
    }
}

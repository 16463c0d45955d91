//! Pages of the Entra admin center, by the ids of what they show.

use std::fmt::Write as _;

use super::records::UserId;
use super::workspace::{Cloud, Source};

/// What a page shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Page {
    /// A user.
    User(UserId),
    /// The sign-ins of a user: no page of a single one or of a detection has an address that is known.
    SignIns(UserId),
}

impl Page {
    /// In words: "the user".
    pub fn words(&self) -> &'static str {
        match self {
            Page::User(_) => "the user",
            Page::SignIns(_) => "the user's sign-ins",
        }
    }

    /// Its address where the data comes from a tenant that has a portal; else why there is no page.
    pub fn of(&self, source: &Source) -> Result<String, &'static str> {
        match source {
            Source::Live(spec) => Ok(self.address(spec.cloud)),
            Source::Demo(_) => Err("The demo tenant is simulated: there is no portal page of anybody in it."),
            Source::Evidence => Err("Imported files do not tell in which tenant's portal the page would be."),
        }
    }

    /// Its address: https, and nothing of an id but its letters and digits goes in as it is.
    pub fn address(&self, cloud: Cloud) -> String {
        let (blade, user) = match self {
            Page::User(user) => ("overview", user),
            Page::SignIns(user) => ("SignIns", user),
        };
        let user = encoded(user.as_str());
        format!(
            "{}/#view/Microsoft_AAD_UsersAndTenants/UserProfileMenuBlade/~/{blade}/userId/{user}/hidePreviewBanner~/true",
            cloud.portal()
        )
    }
}

/// The text with everything encoded that could end a part of an address or begin another.
fn encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || byte == b'-' {
            out.push(char::from(byte));
        } else {
            let written = write!(out, "%{byte:02X}");
            debug_assert!(written.is_ok(), "writing to a String cannot fail");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cloud_has_its_portal_and_each_page_its_address() {
        let user = UserId::from("d70d10b6-221a-4840-899d-87ee20ff5900");
        assert_eq!(
            Page::User(user.clone()).address(Cloud::Global),
            "https://entra.microsoft.com/#view/Microsoft_AAD_UsersAndTenants/UserProfileMenuBlade/~/overview/userId/\
             d70d10b6-221a-4840-899d-87ee20ff5900/hidePreviewBanner~/true"
        );
        for cloud in [Cloud::UsGov, Cloud::Dod] {
            let address = Page::SignIns(user.clone()).address(cloud);
            assert!(address.starts_with("https://entra.microsoft.us/#view/") && address.contains("/SignIns/userId/d70d"), "{address}");
        }
    }

    #[test]
    fn what_is_no_tenant_says_why_there_is_no_page() {
        assert!(Page::User("x".into()).of(&Source::Evidence).is_err_and(|why| why.contains("Imported")));
    }

    #[test]
    fn a_hostile_id_stays_one_part_of_the_address() {
        let address = Page::User("../x?y=1#z&'\"; rm -rf\u{202e}\n".into()).address(Cloud::Global);
        let part = address.split("/userId/").nth(1).and_then(|rest| rest.split('/').next()).unwrap_or_default();
        assert_eq!(part, "%2E%2E%2Fx%3Fy%3D1%23z%26%27%22%3B%20rm%20-rf%E2%80%AE%0A");
    }
}

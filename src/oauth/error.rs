//! Why there is no token, and what to do next.

use crate::http::HttpError;

/// What an authority refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// It knows no such tenant.
    Tenant,
    /// The tenant belongs to another national cloud.
    Cloud,
    /// The tenant has no such app.
    App,
    /// The app may not sign users in without a secret.
    PublicClient,
    /// The app does not have the loopback address as a redirect.
    Redirect,
    /// Nobody consented to the permissions, or consent was taken back.
    Consent,
    /// The client secret is wrong or too old.
    Secret,
    /// The app does not know the certificate.
    Certificate,
    /// The assertion is from another time than the authority's.
    AssertionTime,
    /// A second factor is needed.
    Mfa,
    /// A Conditional Access policy blocks it.
    Blocked,
    /// The account is disabled, locked or not one of the tenant.
    Account,
    /// The app admits only assigned users.
    Assignment,
    /// The sign-in is over: too long ago, or taken back.
    Ended,
    /// The person said no.
    Declined,
    /// The device code, or the code from the browser, is no longer valid.
    CodeExpired,
    /// Anything else.
    Other,
}

impl Refusal {
    /// What an error of the authority means. Its AADSTS code tells more than the OAuth error; not each has one.
    pub(super) fn of(code: Option<u32>, error: &str) -> Self {
        match code {
            Some(90_002 | 900_023 | 50_059 | 900_021 | 50_128 | 90_051) => Refusal::Tenant,
            Some(90_038 | 900_382 | 900_384 | 900_432 | 900_439 | 500_011) => Refusal::Cloud,
            Some(700_016 | 90_013 | 70_001) => Refusal::App,
            Some(7_000_218 | 70_002) => Refusal::PublicClient,
            Some(50_011 | 500_113 | 9_002_326 | 9_002_327) => Refusal::Redirect,
            Some(65_001 | 65_004 | 65_005 | 90_008 | 90_094 | 650_052 | 650_056 | 7_000_229) => Refusal::Consent,
            Some(7_000_215 | 7_000_222 | 7_000_216) => Refusal::Secret,
            Some(700_027 | 700_030 | 700_023 | 7_000_214) => Refusal::Certificate,
            Some(700_024) => Refusal::AssertionTime,
            Some(50_072 | 50_074 | 50_076 | 50_079 | 50_158) => Refusal::Mfa,
            Some(50_005 | 50_097 | 53_000..=53_004 | 530_002 | 530_003 | 530_032..=530_035 | 530_084) => Refusal::Blocked,
            Some(50_057 | 50_053 | 50_034 | 50_020) => Refusal::Account,
            Some(50_105) => Refusal::Assignment,
            Some(70_008 | 70_043 | 70_044 | 50_173 | 50_078 | 50_085 | 50_089 | 50_132 | 50_133 | 700_082 | 700_084) => Refusal::Ended,
            Some(70_018..=70_020) => Refusal::CodeExpired,
            _ => match error {
                "access_denied" | "authorization_declined" => Refusal::Declined,
                "expired_token" | "bad_verification_code" => Refusal::CodeExpired,
                "unauthorized_client" => Refusal::App,
                "consent_required" => Refusal::Consent,
                _ => Refusal::Other,
            },
        }
    }

    fn hint(self) -> &'static str {
        match self {
            Refusal::Tenant => "check --tenant: the tenant's id or one of its verified domains",
            Refusal::Cloud => "check --cloud: the tenant lives in another national cloud",
            Refusal::App => "check --client-id: the app registration must exist in this tenant",
            Refusal::PublicClient => "turn on \"Allow public client flows\" in the app registration, or use --auth secret or certificate",
            Refusal::Redirect => "add http://localhost to the app registration as a redirect of \"Mobile and desktop applications\"",
            Refusal::Consent => {
                "an administrator must grant consent to the app's permissions: Entra admin center, Enterprise applications, \
                 the app, Permissions"
            }
            Refusal::Secret => "make a new client secret for the app and give its value, not its id",
            Refusal::Certificate => "upload the certificate to the app registration, and give the PEM file that holds its private key",
            Refusal::AssertionTime => "check this machine's clock: it must be within five minutes of the true time",
            Refusal::Mfa => "a second factor is needed: sign in with --auth browser",
            Refusal::Blocked => {
                "a Conditional Access policy blocks this sign-in: device codes are often blocked, so use --auth browser on a \
                 device that the policy admits"
            }
            Refusal::Account => "sign in with another account: this one is disabled, locked or not a member of the tenant",
            Refusal::Assignment => "an administrator must assign the user to the app: Enterprise applications, the app, Users and groups",
            Refusal::Ended => "sign in again",
            Refusal::Declined => "sign in again and accept, or with another account",
            Refusal::CodeExpired => "start again, and finish the sign-in before the code runs out",
            Refusal::Other => "look up the code at https://login.microsoftonline.com/error",
        }
    }
}

/// Why there is no token. Texts of the authority are kept as they came: hostile text. No secret is ever in it.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SignInError {
    /// Something on this machine: an address, a file, a missing secret.
    #[error("{message}")]
    Setting {
        /// What is wrong.
        message: String,
        /// What to do next.
        hint: &'static str,
    },
    /// There was no answer.
    #[error("the sign-in service cannot be reached: {0}")]
    Http(HttpError),
    /// The service fails or asks to wait.
    #[error("the sign-in service is not available (HTTP {status}): {message}")]
    Busy {
        /// HTTP status.
        status: u16,
        /// What it says.
        message: String,
    },
    /// Something else than the sign-in service answers, such as a captive portal.
    #[error("a web page came in place of the sign-in service's answer (HTTP {status})")]
    WebPage {
        /// HTTP status.
        status: u16,
    },
    /// The answer is none of OAuth.
    #[error("the sign-in service's answer cannot be read: {why}")]
    Unreadable {
        /// Why not.
        why: String,
    },
    /// The service said no.
    #[error("sign-in was refused: {message}")]
    Refused {
        /// What was refused.
        why: Refusal,
        /// The number of AADSTS.
        code: Option<u32>,
        /// The OAuth error, such as `invalid_grant`.
        error: String,
        /// What the service says of it.
        message: String,
        /// Claims that the next sign-in must be asked for with.
        claims: Option<String>,
    },
    /// Nobody signed in.
    #[error("nobody signed in within {minutes} minutes")]
    TimedOut {
        /// How long it was waited for.
        minutes: u64,
    },
    /// The Azure CLI has no token.
    #[error("{message}")]
    Az {
        /// What is wrong.
        message: String,
        /// What to do next.
        hint: &'static str,
    },
}

impl SignInError {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            SignInError::Setting { hint, .. } | SignInError::Az { hint, .. } | SignInError::Http(HttpError::NotSent { hint, .. }) => hint,
            SignInError::Http(HttpError::Authorities { .. }) => "check --ca-file: it must hold certificates in PEM",
            SignInError::Http(HttpError::Lost { .. }) => "try again; if it stays so, check the network",
            SignInError::Busy { .. } => "try again in a few minutes",
            SignInError::WebPage { .. } => {
                "a captive portal or a proxy stands in between: open any page in a browser and sign in there, or check the address"
            }
            SignInError::Unreadable { .. } => "check the address of the authority",
            SignInError::Refused { why, .. } => why.hint(),
            SignInError::TimedOut { .. } => "sign in again",
        }
    }

    /// Whether it may be gone in a moment, so that a token that is still valid had better be used.
    pub fn is_passing(&self) -> bool {
        matches!(self, SignInError::Http(_) | SignInError::Busy { .. } | SignInError::WebPage { .. })
    }

    /// Whether the refresh token is spent but a person can sign in again.
    pub(super) fn wants_person(&self) -> bool {
        let SignInError::Refused { why, error, .. } = self else {
            return false;
        };
        let person = ["invalid_grant", "interaction_required", "login_required", "consent_required"].contains(&error.as_str());
        person && !matches!(why, Refusal::Tenant | Refusal::Cloud | Refusal::App | Refusal::PublicClient | Refusal::Account)
    }
}

impl From<HttpError> for SignInError {
    fn from(error: HttpError) -> Self {
        SignInError::Http(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_of_the_authority_tells_more_than_its_oauth_error() {
        for (code, error, why) in [
            (Some(90_002), "invalid_request", Refusal::Tenant),
            (Some(50_059), "invalid_request", Refusal::Tenant),
            (Some(700_016), "unauthorized_client", Refusal::App),
            (Some(7_000_218), "invalid_client", Refusal::PublicClient),
            (Some(65_001), "invalid_grant", Refusal::Consent),
            (Some(65_004), "access_denied", Refusal::Consent),
            (Some(7_000_215), "invalid_client", Refusal::Secret),
            (Some(7_000_222), "invalid_client", Refusal::Secret),
            (Some(700_027), "invalid_client", Refusal::Certificate),
            (Some(700_024), "invalid_client", Refusal::AssertionTime),
            (Some(50_076), "interaction_required", Refusal::Mfa),
            (Some(53_003), "access_denied", Refusal::Blocked),
            (Some(530_033), "invalid_grant", Refusal::Blocked),
            (Some(50_005), "invalid_grant", Refusal::Blocked),
            (Some(50_173), "invalid_grant", Refusal::Ended),
            (Some(50_057), "invalid_grant", Refusal::Account),
            (None, "access_denied", Refusal::Declined),
            (None, "authorization_declined", Refusal::Declined),
            (None, "bad_verification_code", Refusal::CodeExpired),
            (Some(1), "invalid_request", Refusal::Other),
        ] {
            assert_eq!(Refusal::of(code, error), why, "{code:?} {error}");
            assert!(!why.hint().is_empty());
        }
    }

    #[test]
    fn a_spent_sign_in_wants_a_person_but_a_disabled_account_does_not() {
        let refused = |code: u32, error: &str| SignInError::Refused {
            why: Refusal::of(Some(code), error),
            code: Some(code),
            error: error.to_owned(),
            message: String::new(),
            claims: None,
        };
        for code in [70_008, 70_043, 50_173, 50_078, 700_082, 50_076, 65_001] {
            assert!(refused(code, "invalid_grant").wants_person(), "{code}");
        }
        assert!(!refused(50_057, "invalid_grant").wants_person());
        assert!(!refused(7_000_215, "invalid_client").wants_person());
        assert!(!SignInError::Busy { status: 503, message: String::new() }.wants_person());
    }
}

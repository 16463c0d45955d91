//! What a workspace is: one tenant's local case database, and where its data comes from.

use serde::{Deserialize, Serialize};

use super::action::Action;
use super::time::Timestamp;

/// Version of the workspace's layout that this program writes. An older one is migrated, a newer one refused.
pub const SCHEMA_VERSION: u32 = 1;

/// Where the data comes from and remediation goes to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum Source {
    /// A seeded, simulated tenant.
    Demo(DemoSpec),
    /// A tenant behind Microsoft Graph.
    Live(LiveSpec),
    /// Imported files.
    Evidence,
}

impl Source {
    /// The word on the status line.
    pub fn label(&self) -> &'static str {
        match self {
            Source::Demo(_) => "DEMO",
            Source::Live(_) => "LIVE",
            Source::Evidence => "EVIDENCE",
        }
    }
}

/// What `workspace.json` says. Not rebuildable.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// Version of the layout.
    pub schema_version: u32,
    /// Name of the tenant, for people.
    pub tenant: String,
    /// Where the data comes from.
    pub source: Source,
    /// When the workspace was made.
    pub created_at: Timestamp,
}

/// How a live tenant is reached and signed in to. No secret is ever in it (invariant 10).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LiveSpec {
    /// Object id of the tenant, or one of its domains until the first sign-in told the id.
    pub tenant_id: String,
    /// The app registration that is signed in with.
    pub client_id: String,
    /// How.
    pub auth: Auth,
    /// Which national cloud.
    pub cloud: Cloud,
    /// Address of Graph where it is not the cloud's own, such as an emulator's; `https` only.
    #[serde(default)]
    pub graph_url: Option<String>,
    /// Address of the authority where it is not the cloud's own; `https` only.
    #[serde(default)]
    pub authority_url: Option<String>,
    /// A PEM file with further certificate authorities to trust.
    #[serde(default)]
    pub ca_file: Option<String>,
    /// Whether a sign-in also asks for the permissions of the actions on accounts, devices and policies.
    #[serde(default)]
    pub all_actions: bool,
    /// Requests per second that the tenant allows for risk data (`reference/graph.md` section 4); `None` without a limit.
    pub rate: Option<f64>,
    /// Who signed in when the workspace was made. Hostile text.
    #[serde(default)]
    pub account: Option<String>,
}

impl LiveSpec {
    /// Where Graph is, without a slash at the end.
    pub fn graph(&self) -> &str {
        self.graph_url.as_deref().unwrap_or(self.cloud.graph()).trim_end_matches('/')
    }

    /// Where sign-in is, without a slash at the end.
    pub fn authority(&self) -> &str {
        self.authority_url.as_deref().unwrap_or(self.cloud.authority()).trim_end_matches('/')
    }
}

/// How the operator, or the program itself, signs in (`reference/graph.md` section 5).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "method", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Auth {
    /// In the browser: authorization code with PKCE, back to a loopback address.
    Browser,
    /// With a code typed on another device.
    Device,
    /// As an application, with a client secret.
    Secret {
        /// The file that holds it; `None` for the environment or the keyring.
        #[serde(default)]
        file: Option<String>,
    },
    /// As an application, with a certificate.
    Certificate {
        /// PEM file with the certificate and its private key.
        file: String,
    },
    /// With the token of the Azure CLI.
    Az,
}

impl Auth {
    /// The word of `connect --auth`.
    pub fn as_str(&self) -> &'static str {
        match self {
            Auth::Browser => "browser",
            Auth::Device => "device",
            Auth::Secret { .. } => "secret",
            Auth::Certificate { .. } => "certificate",
            Auth::Az => "az",
        }
    }
}

/// A national cloud with Identity Protection (`reference/graph.md` section 5). 21Vianet has none, and so is none of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Cloud {
    /// The global service, with GCC.
    Global,
    /// US Government L4 (GCC High).
    UsGov,
    /// US Government L5 (DoD).
    Dod,
}

impl Cloud {
    /// The word of `connect --cloud`.
    pub fn as_str(self) -> &'static str {
        match self {
            Cloud::Global => "global",
            Cloud::UsGov => "usgov",
            Cloud::Dod => "dod",
        }
    }

    /// Where sign-in is.
    pub fn authority(self) -> &'static str {
        match self {
            Cloud::Global => "https://login.microsoftonline.com",
            Cloud::UsGov | Cloud::Dod => "https://login.microsoftonline.us",
        }
    }

    /// Where Graph is. It is also what the names of scopes begin with.
    pub fn graph(self) -> &'static str {
        match self {
            Cloud::Global => "https://graph.microsoft.com",
            Cloud::UsGov => "https://graph.microsoft.us",
            Cloud::Dod => "https://dod-graph.microsoft.us",
        }
    }

    /// Where a browser finds the portal.
    pub fn portal(self) -> &'static str {
        match self {
            Cloud::Global => "https://entra.microsoft.com",
            Cloud::UsGov | Cloud::Dod => "https://entra.microsoft.us",
        }
    }
}

/// All that makes a demo tenant what it is: the same spec gives the same tenant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DemoSpec {
    /// Seed of all chance.
    pub seed: u64,
    /// Number of users, up to 100,000.
    pub users: u32,
    /// The moment at which the tenant is seen first; all times are relative to it.
    pub epoch: Timestamp,
    /// Requests per second that the tenant allows; `None` for no limit.
    pub rate: Option<f64>,
    /// What goes wrong.
    #[serde(default)]
    pub faults: Vec<Fault>,
}

/// Something that goes wrong in a demo tenant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Fault {
    /// Actions it hits; empty for all requests, reading too.
    #[serde(default)]
    pub actions: Vec<Action>,
    /// Principal name or id that a request must name; `None` for every request.
    #[serde(default)]
    pub user: Option<String>,
    /// How often it strikes; `None` for ever.
    #[serde(default)]
    pub times: Option<u32>,
    /// Part of the path that a request must have; `None` for every path. Only an emulated tenant has paths.
    #[serde(default)]
    pub path: Option<String>,
    /// What happens.
    pub does: FaultKind,
}

impl Fault {
    /// Whether only a server can play it: an emulated tenant does, the demo tenant does not.
    pub fn needs_server(&self) -> bool {
        self.path.is_some()
            || !matches!(
                self.does,
                FaultKind::Throttle { .. }
                    | FaultKind::Poison
                    | FaultKind::NoEffect
                    | FaultKind::Slow { .. }
                    | FaultKind::BreakAfter
                    | FaultKind::BreakBefore
                    | FaultKind::Unavailable
            )
    }
}

/// What a fault does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum FaultKind {
    /// Answers 429, with or without `Retry-After`.
    Throttle {
        /// What `Retry-After` says.
        #[serde(default)]
        retry_after_seconds: Option<u64>,
    },
    /// Refuses the whole request, as Graph does when one id in it is invalid.
    Poison,
    /// Answers 204 and changes nothing.
    NoEffect,
    /// Answers 204 and takes this long to apply it.
    Slow {
        /// Seconds until the change can be read.
        seconds: u64,
    },
    /// Applies the change, then breaks the connection.
    BreakAfter,
    /// Breaks the connection before anything is applied.
    BreakBefore,
    /// Answers 503 without applying anything.
    Unavailable,
    /// Answers this status, such as 500 or 504, without applying anything.
    Status {
        /// The status.
        status: u16,
    },
    /// Answers 401: the access token is no longer valid.
    ExpiredToken,
    /// Answers 401 with a claims challenge: the sign-in must be renewed with these claims.
    ClaimsChallenge,
    /// A list's next page lies on another host.
    ForeignNextLink,
    /// The answer breaks off in the middle of its JSON.
    TruncatedJson,
    /// A web page in place of an answer, as a captive portal sends it.
    Html,
    /// Tokens are issued without this scope or app role.
    WithoutScope {
        /// Its name.
        scope: String,
    },
    /// The tenant has no licence for risk data.
    WithoutLicence,
    /// Answers 403 to writes: the operator lacks the role.
    WithoutRole,
    /// The token endpoint answers this error.
    TokenError {
        /// The OAuth error, such as `slow_down` or `invalid_grant`.
        error: String,
        /// What it says, such as `AADSTS65001: …`.
        #[serde(default)]
        description: String,
    },
}

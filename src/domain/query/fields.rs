//! The one table of fields: the parser, the help and the completion read it.

use crate::domain::case::{Status, Verdict};
use crate::domain::facts::{BlockedBy, Evidence};
use crate::domain::risk::{RiskDetail, RiskLevel, RiskState};

/// A field of the query language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// What stands before the colon.
    pub name: &'static str,
    /// What may stand after it, in words.
    pub values: &'static str,
    /// What it asks.
    pub meaning: &'static str,
    pub(super) kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Level,
    State,
    Detail,
    Type,
    Text(TextField),
    Ip,
    Asn,
    Flag(Flag),
    Blocked,
    Evidence,
    Note,
    Verdict,
    Status,
    Tag,
    Time(TimeField),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TextField {
    User,
    Country,
    City,
    Client,
    Agent,
    Device,
    App,
    Session,
    Request,
    Correlation,
    Issuer,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flag {
    TokenTheft,
    Deleted,
    Privileged,
    Guest,
    Hybrid,
    Enabled,
    Mfa,
    Sspr,
    Safe,
    CameBack,
    Pending,
}

impl Flag {
    /// Those that a user's records alone tell.
    pub(super) const OF_RECORDS: [Flag; 9] =
        [Flag::TokenTheft, Flag::Deleted, Flag::Privileged, Flag::Guest, Flag::Hybrid, Flag::Enabled, Flag::Mfa, Flag::Sspr, Flag::Safe];
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TimeField {
    Age,
    Updated,
    Detected,
}

const YES_NO: &str = "true, false or unknown";
const TEXT: &str = "any text";
const START: &str = "the id, or its beginning";
const TIMES: &str = "<7d, >7d (m, h, d, w), >2026-01-01, <2026-01-01T10:00:00Z, 2026-01-01..2026-01-02";

const fn field(name: &'static str, kind: Kind, values: &'static str, meaning: &'static str) -> Field {
    Field { name, values, meaning, kind }
}

/// All fields, in the order of the help.
pub const FIELDS: &[Field] = &[
    field("level", Kind::Level, "low, medium, high, hidden, none, unknown", "risk level of what is listed"),
    field(
        "state",
        Kind::State,
        "atRisk, confirmedCompromised, remediated, dismissed, confirmedSafe, none, unknown",
        "risk state of what is listed",
    ),
    field("detail", Kind::Detail, "a risk detail, any part of one, unknown", "what brought the risk into its state"),
    field("type", Kind::Type, "any part of a detection type or its portal name", "type of a detection"),
    field("user", Kind::Text(TextField::User), "any part of name, principal name or object id", "the user"),
    field("ip", Kind::Ip, "an address or network: 203.0.113.7, 2001:db8::/32", "IP address of a sign-in or detection"),
    field("country", Kind::Text(TextField::Country), "a country code, such as NG", "country or region of a sign-in or detection"),
    field("city", Kind::Text(TextField::City), TEXT, "city (or state) of a sign-in or detection"),
    field("asn", Kind::Asn, "a number: 64500 or AS64500", "autonomous system of a sign-in"),
    field("client", Kind::Text(TextField::Client), TEXT, "client app, browser, operating system or user agent of a sign-in"),
    field("agent", Kind::Text(TextField::Agent), TEXT, "user agent of a sign-in"),
    field("device", Kind::Text(TextField::Device), "any part of the name, or the whole id", "device of a sign-in"),
    field("app", Kind::Text(TextField::App), "any part of the name, or the whole id", "application of a sign-in"),
    field("session", Kind::Text(TextField::Session), START, "session of a sign-in"),
    field("request", Kind::Text(TextField::Request), START, "request id: the id of a sign-in"),
    field("correlation", Kind::Text(TextField::Correlation), START, "correlation id of a sign-in or detection"),
    field("issuer", Kind::Text(TextField::Issuer), "any part of the type or name", "token issuer of a sign-in or detection"),
    field("age", Kind::Time(TimeField::Age), TIMES, "since when a user waits, a detection or sign-in exists"),
    field("updated", Kind::Time(TimeField::Updated), TIMES, "when the risk last changed"),
    field("detected", Kind::Time(TimeField::Detected), TIMES, "when a detection was made (of a user: any)"),
    field("tokentheft", Kind::Flag(Flag::TokenTheft), YES_NO, "whether token theft is told of"),
    field("deleted", Kind::Flag(Flag::Deleted), YES_NO, "whether the account is deleted"),
    field("privileged", Kind::Flag(Flag::Privileged), YES_NO, "whether the user holds an administrator role"),
    field("guest", Kind::Flag(Flag::Guest), YES_NO, "whether the user is a guest"),
    field("hybrid", Kind::Flag(Flag::Hybrid), YES_NO, "whether the user is synchronised from on-premises"),
    field("enabled", Kind::Flag(Flag::Enabled), YES_NO, "whether the account is enabled"),
    field("mfa", Kind::Flag(Flag::Mfa), YES_NO, "whether the user is registered for multifactor authentication"),
    field("sspr", Kind::Flag(Flag::Sspr), YES_NO, "whether the user is registered for self-service password reset"),
    field(
        "blocked",
        Kind::Blocked,
        "true, false, unknown, accountDisabled, userRisk, signInRisk, builtInProtection, smartLockout, error50053, conditionalAccess",
        "whether the user (in sign-ins: the sign-in) is blocked, and by what",
    ),
    field("evidence", Kind::Evidence, "fresh, expiring, expired, none", "whether the evidence can still be looked at"),
    field(
        "safe",
        Kind::Flag(Flag::Safe),
        "yes, no or unknown",
        "whether a user without open risk is safe; no: the risk was closed, but password, sessions or methods speak against it",
    ),
    field("cameback", Kind::Flag(Flag::CameBack), YES_NO, "whether the user was at risk again within seven days of having been closed"),
    field("pending", Kind::Flag(Flag::Pending), YES_NO, "whether a password change was required of the user and is not done yet"),
    field("note", Kind::Note, "true, false, or any text of a note", "notes on the user"),
    field(
        "verdict",
        Kind::Verdict,
        "falsePositive (fp), benignTruePositive (btp), truePositive (tp), undetermined, none",
        "what operators found that it was",
    ),
    field("status", Kind::Status, "open, inProgress, closed, none", "how far the work on the user's case is"),
    field("tag", Kind::Tag, "a tag, or none", "tags of the user's case"),
];

impl Field {
    /// The words that can stand after the colon, for completion; empty where anything can.
    pub fn members(&self) -> Vec<&'static str> {
        const YES_NO: [&str; 3] = ["true", "false", "unknown"];
        match self.kind {
            Kind::Level => RiskLevel::KNOWN.iter().map(RiskLevel::as_str).chain(["unknown"]).collect(),
            Kind::State => RiskState::KNOWN.iter().map(RiskState::as_str).chain(["unknown"]).collect(),
            Kind::Detail => RiskDetail::KNOWN.iter().map(RiskDetail::as_str).chain(["unknown"]).collect(),
            Kind::Flag(_) => YES_NO.to_vec(),
            Kind::Blocked => YES_NO.into_iter().chain(BlockedBy::ALL.map(BlockedBy::as_str)).collect(),
            Kind::Evidence => Evidence::ALL.map(Evidence::as_str).to_vec(),
            Kind::Note => vec!["true", "false"],
            Kind::Verdict => Verdict::ALL.map(Verdict::as_str).into_iter().chain(["none"]).collect(),
            Kind::Status => Status::ALL.map(Status::as_str).into_iter().chain(["none"]).collect(),
            Kind::Tag => vec!["none"],
            Kind::Type | Kind::Text(_) | Kind::Ip | Kind::Asn | Kind::Time(_) => Vec::new(),
        }
    }
}

//! The query language (`design.md` section 3): one grammar for console, headless commands and plans.
//!
//! Terms are joined with "and", `-` negates, `,` is "or" within a field, quotes keep spaces, `=` before a
//! value means the whole value and no part of it. Text that does not parse is an error that points at the
//! column, never an empty result. `@NAME` stands for all that a saved view asks for.

mod fields;
mod fold;
mod glance;
mod matches;
mod parse;
mod search_text;
#[cfg(test)]
mod tests;
mod times;

use std::net::IpAddr;

use chrono::TimeDelta;
use chrono_tz::Tz;
use ipnet::IpNet;

use super::case::{Status, Verdict};
use super::facts::{BlockedBy, Evidence};
use super::ledger::Ledger;
use super::links::Links;
use super::policy::TenantFacts;
use super::records::{RiskDetection, SignIn, UserRecords};
use super::risk::{RiskDetail, RiskLevel, RiskState};
use super::settings;
use super::text;
use super::time::Timestamp;
use super::views::Views;
pub use fields::{FIELDS, Field};
use fields::{Flag, TextField, TimeField};
use fold::Needle;
pub use glance::Glance;
use matches::Subject;

/// A parsed query.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Query {
    terms: Vec<Term>,
}

/// Where and why a query does not parse.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message} at column {column}")]
pub struct QueryError {
    /// First column of what is wrong, in characters, from 1.
    pub column: usize,
    /// How many characters are wrong, at least 1.
    pub length: usize,
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub hint: Option<String>,
}

/// What queries need beyond the records.
#[derive(Clone, Copy)]
pub struct QueryContext<'a> {
    /// The time, for ages.
    pub now: Timestamp,
    /// Notes.
    pub ledger: &'a Ledger,
    /// Policies, for what blocks.
    pub tenant: &'a TenantFacts,
}

/// One term: a test, or its opposite.
#[derive(Debug, Clone, PartialEq)]
struct Term {
    negated: bool,
    test: Test,
}

/// What a term asks. Each list holds the alternatives; `None` in one stands for "was not read", in a case for "was not said".
#[derive(Debug, Clone, PartialEq)]
enum Test {
    Word(TypeNeedle),
    Text(TextField, Vec<Needle>),
    Type(Vec<TypeNeedle>),
    Level(Vec<Option<RiskLevel>>),
    State(Vec<Option<RiskState>>),
    Detail(Vec<DetailTest>),
    Ip(Vec<IpTest>),
    Asn(Vec<i64>),
    Flag(Flag, Vec<Option<bool>>),
    Blocked(Vec<BlockedTest>),
    Evidence(Vec<Evidence>),
    Note(Vec<NoteTest>),
    Verdict(Vec<Option<Verdict>>),
    Status(Vec<Option<Status>>),
    Tag(Vec<Option<Needle>>),
    /// What a saved view asks for.
    All(Vec<Term>),
    Time(TimeField, Vec<TimeTest>),
}

/// Text that is also looked for in the portal's names of detection types.
#[derive(Debug, Clone, PartialEq)]
struct TypeNeedle {
    needle: Needle,
    /// Spellings of the types whose portal name holds the needle, so that no record looks a name up.
    named: Vec<&'static str>,
    /// The same as they stand in a [`search_text::SearchText`].
    marked: Vec<String>,
}

#[derive(Debug, Clone, PartialEq)]
enum DetailTest {
    NotRead,
    Is(RiskDetail),
    Holds(Needle),
}

#[derive(Debug, Clone, PartialEq)]
enum IpTest {
    Address(IpAddr),
    Network(IpNet),
    /// Exactly this text: the way to find an address that is none.
    Text(String),
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum BlockedTest {
    Is(Option<bool>),
    By(BlockedBy),
}

#[derive(Debug, Clone, PartialEq)]
enum NoteTest {
    Any(bool),
    Holds(Needle),
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum TimeTest {
    YoungerThan(TimeDelta),
    OlderThan(TimeDelta),
    After(Timestamp),
    Before(Timestamp),
    /// Both included.
    Between(Timestamp, Timestamp),
}

impl Query {
    /// Reads a query that names no saved view, with the days of UTC; the empty text matches everything.
    pub fn parse(text: &str) -> Result<Query, QueryError> {
        Query::parse_with(text, &Views::none(), Tz::UTC)
    }

    /// Reads a query of a workspace: `@NAME` stands for its view of that name, and days are those of its time zone.
    pub fn parse_in(text: &str, ledger: &Ledger) -> Result<Query, QueryError> {
        Query::parse_with(text, ledger.views(), settings::time_zone(ledger))
    }

    /// Reads a query in which `@NAME` stands for the view of that name, with the days of a zone.
    pub fn parse_with(text: &str, views: &Views, zone: Tz) -> Result<Query, QueryError> {
        parse::parse(text, Some(views), zone).map(|terms| Query { terms })
    }

    /// Whether the text is a query, as far as that can be told without knowing the workspace.
    pub fn check(text: &str) -> Result<(), QueryError> {
        parse::parse(text, None, Tz::UTC).map(|_| ())
    }

    /// Whether it asks nothing and so matches everything. A view that asks nothing adds nothing.
    pub fn is_empty(&self) -> bool {
        ask_nothing(&self.terms)
    }

    /// Whether a user matches.
    pub fn matches_user(&self, records: &UserRecords, context: QueryContext<'_>) -> bool {
        self.matches(Subject::User(records), context)
    }

    /// The same, with what a glance at the user tells: that answers most terms without a look at the records.
    pub fn matches_user_with(&self, glance: &Glance, records: &UserRecords, context: QueryContext<'_>) -> bool {
        all_pass(&self.terms, glance, records, context)
    }

    /// The sign-ins of the user that match, newest first.
    pub fn sign_ins_of<'a>(&self, records: &'a UserRecords, context: QueryContext<'_>) -> Vec<&'a SignIn> {
        let links = Links::of(records);
        let matches = |sign_in: &&SignIn| self.matches(Subject::SignIn(records, sign_in, links.detections_of(sign_in)), context);
        records.sign_ins.iter().filter(matches).collect()
    }

    /// The detections of the user that match, newest first.
    pub fn detections_of<'a>(&self, records: &'a UserRecords, context: QueryContext<'_>) -> Vec<&'a RiskDetection> {
        let links = Links::of(records);
        let matches =
            |detection: &&RiskDetection| self.matches(Subject::Detection(records, detection, links.sign_in_of(detection)), context);
        records.detections.iter().filter(matches).collect()
    }

    fn matches(&self, subject: Subject<'_>, context: QueryContext<'_>) -> bool {
        self.terms.iter().all(|term| subject.passes(&term.test, context) != term.negated)
    }
}

fn all_pass(terms: &[Term], glance: &Glance, records: &UserRecords, context: QueryContext<'_>) -> bool {
    terms.iter().all(|term| {
        let passes = match &term.test {
            Test::All(terms) => all_pass(terms, glance, records, context),
            test => glance.passes(test).unwrap_or_else(|| Subject::User(records).passes(test, context)),
        };
        passes != term.negated
    })
}

fn ask_nothing(terms: &[Term]) -> bool {
    terms.iter().all(|term| !term.negated && matches!(&term.test, Test::All(of_view) if ask_nothing(of_view)))
}

impl QueryError {
    /// The query, made safe, and below it a line of `^` under what is wrong.
    pub fn pointed(&self, query: &str) -> String {
        let start = self.column.saturating_sub(1);
        let part = |skip: usize, take: usize| query.chars().skip(skip).take(take).collect::<String>();
        let (before, wrong, after) = (part(0, start), part(start, self.length), part(start.saturating_add(self.length), usize::MAX));
        // Made safe in parts, so that the marks stand under the same columns as the text.
        let (before, wrong, after) = (text::safe(&before), text::safe(&wrong), text::safe(&after));
        let (indent, marks) = (text::width(&before), text::width(&wrong).max(1));
        format!("{before}{wrong}{after}\n{}{}", " ".repeat(indent), "^".repeat(marks))
    }
}

/// A term that asks a field for exactly this text, whatever is in it: for "same address", "same session".
pub fn term(field: &str, value: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '/' | ':' | '@');
    if !value.is_empty() && value.chars().all(plain) {
        format!("{field}:={value}")
    } else {
        format!("{field}:=\"{}\"", value.replace('"', "\"\""))
    }
}

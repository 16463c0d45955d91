//! What operators make of a user: verdict, status and tags, and the evidence that was set aside.
//!
//! Kept in the journal and nowhere else: nothing of it is told to the tenant.

use serde::{Deserialize, Serialize};

use super::action::Action;
use super::text;
use super::time::Timestamp;

/// What it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    /// Nothing happened: the detection was wrong.
    FalsePositive,
    /// It happened, and was meant to: a test, a journey.
    BenignTruePositive,
    /// It was an attack.
    TruePositive,
    /// It was looked at, and cannot be told.
    Undetermined,
}

impl Verdict {
    /// All verdicts.
    pub const ALL: [Verdict; 4] = [Verdict::FalsePositive, Verdict::BenignTruePositive, Verdict::TruePositive, Verdict::Undetermined];

    /// The word used in data and queries.
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::FalsePositive => "falsePositive",
            Verdict::BenignTruePositive => "benignTruePositive",
            Verdict::TruePositive => "truePositive",
            Verdict::Undetermined => "undetermined",
        }
    }

    /// The verdict that this text names, in any case: its word, spelled with spaces, dashes or underscores, too, or as short as analysts
    /// write it.
    pub fn from_name(text: &str) -> Option<Self> {
        let letters: String = text.chars().filter(|letter| letter.is_alphanumeric()).collect::<String>().to_lowercase();
        match letters.as_str() {
            "fp" => Some(Verdict::FalsePositive),
            "btp" | "benign" | "benignpositive" | "bp" => Some(Verdict::BenignTruePositive),
            "tp" => Some(Verdict::TruePositive),
            name => Verdict::ALL.into_iter().find(|verdict| verdict.as_str().eq_ignore_ascii_case(name)),
        }
    }

    /// In words, for people.
    pub fn words(self) -> &'static str {
        match self {
            Verdict::FalsePositive => "false positive",
            Verdict::BenignTruePositive => "benign true positive",
            Verdict::TruePositive => "true positive",
            Verdict::Undetermined => "undetermined",
        }
    }

    /// What it says of the user.
    pub fn meaning(self) -> &'static str {
        match self {
            Verdict::FalsePositive => "nothing happened: a wrong detection",
            Verdict::BenignTruePositive => "it happened, and was meant to",
            Verdict::TruePositive => "it was an attack",
            Verdict::Undetermined => "it was looked at, and cannot be told",
        }
    }

    /// The action that tells the tenant the same; a verdict itself tells it nothing.
    pub fn action(self) -> Option<Action> {
        match self {
            Verdict::FalsePositive => Some(Action::ConfirmUserSafe),
            Verdict::BenignTruePositive => Some(Action::DismissUserRisk),
            Verdict::TruePositive => Some(Action::ConfirmUserCompromised),
            Verdict::Undetermined => None,
        }
    }
}

/// How far the work on it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Status {
    /// Somebody should work on it.
    Open,
    /// Somebody works on it.
    InProgress,
    /// Nothing is left to be done.
    Closed,
}

impl Status {
    /// All of them.
    pub const ALL: [Status; 3] = [Status::Open, Status::InProgress, Status::Closed];

    /// The word used in data and queries.
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Open => "open",
            Status::InProgress => "inProgress",
            Status::Closed => "closed",
        }
    }

    /// In words, for people.
    pub fn words(self) -> &'static str {
        match self {
            Status::Open => "open",
            Status::InProgress => "in progress",
            Status::Closed => "closed",
        }
    }
}

/// How long a tag may be.
const LONGEST_TAG: usize = 40;

/// Why a text cannot be a tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a tag is one word of 1 to {LONGEST_TAG} characters, without commas and quotes, and not \"none\"")]
pub struct NoTag;

/// Reads a tag: one word, so that `tag:WORD` asks for it.
pub fn tag(text: &str) -> Result<String, NoTag> {
    let text = text.trim();
    let odd = |letter: char| letter.is_whitespace() || letter.is_control() || matches!(letter, ',' | '"');
    let fits = (1..=LONGEST_TAG).contains(&text.chars().count());
    if fits && !text.chars().any(odd) && text::safe(text) == text && !text.eq_ignore_ascii_case("none") {
        Ok(text.to_owned())
    } else {
        Err(NoTag)
    }
}

/// A change of a case. What it does not name stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CaseChange {
    /// What it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
    /// Whether the verdict that was given is taken back: then there is none.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub no_verdict: bool,
    /// How far the work on it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// Tags that it gets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tag: Vec<String>,
    /// Tags that it loses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub untag: Vec<String>,
}

impl CaseChange {
    /// Whether it names nothing.
    pub fn is_empty(&self) -> bool {
        *self == CaseChange::default()
    }

    /// In words. Holds text of the operator.
    pub fn words(&self) -> String {
        let mut parts = Vec::new();
        parts.extend(self.verdict.map(|verdict| format!("verdict {}", verdict.words())));
        if self.no_verdict {
            parts.push("verdict taken back".to_owned());
        }
        parts.extend(self.status.map(|status| format!("status {}", status.words())));
        if !self.tag.is_empty() {
            parts.push(format!("tagged {}", self.tag.join(", ")));
        }
        if !self.untag.is_empty() {
            parts.push(format!("no longer tagged {}", self.untag.join(", ")));
        }
        parts.join(", ")
    }
}

/// Evidence of a user that was set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// When.
    pub at: Timestamp,
    /// Its folder.
    pub folder: String,
}

/// What operators made of a user so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Case {
    /// What it was.
    pub verdict: Option<Verdict>,
    /// Who said so, and when.
    pub verdict_by: Option<(Timestamp, String)>,
    /// Its tags, in alphabetical order. Text of the operator, but shown with the same care as the tenant's.
    pub tags: Vec<String>,
    /// The newest evidence that was set aside.
    pub snapshot: Option<Snapshot>,
    status: Option<Status>,
    opened: bool,
}

impl Case {
    /// How far the work on it is: open as soon as anything was said; `None` where nothing was.
    pub fn status(&self) -> Option<Status> {
        self.status.or(self.opened.then_some(Status::Open))
    }

    /// Takes a change in.
    pub fn change(&mut self, change: &CaseChange, at: Timestamp, operator: &str) {
        self.apply(change);
        if change.verdict.is_some() || change.no_verdict {
            self.verdict_by = change.verdict.map(|_| (at, operator.to_owned()));
        }
    }

    fn apply(&mut self, change: &CaseChange) {
        self.opened = true;
        self.verdict = change.verdict.or(self.verdict.filter(|_| !change.no_verdict));
        self.status = change.status.or(self.status);
        let is = |one: &str, other: &str| one.to_lowercase() == other.to_lowercase();
        self.tags.retain(|held| !change.untag.iter().any(|gone| is(held, gone)));
        for tag in &change.tag {
            if !self.tags.iter().any(|held| is(held, tag)) {
                self.tags.push(tag.clone());
            }
        }
        self.tags.sort_by_key(|tag| tag.to_lowercase());
    }

    /// Whether a change would change anything.
    pub fn is_changed_by(&self, change: &CaseChange) -> bool {
        let mut changed = self.clone();
        changed.apply(change);
        (changed.verdict, changed.status(), &changed.tags) != (self.verdict, self.status(), &self.tags)
    }

    /// In words: "true positive · in progress · PT-118"; empty where nothing was said.
    pub fn words(&self) -> String {
        let mut parts: Vec<String> = Vec::new();
        parts.extend(self.verdict.map(|verdict| verdict.words().to_owned()));
        parts.extend(self.status().map(|status| status.words().to_owned()));
        parts.extend(self.tags.iter().map(|tag| format!("#{tag}")));
        parts.join(" · ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixture;

    #[test]
    fn a_tag_is_one_visible_word() {
        assert_eq!(tag(" PT-118 ").as_deref(), Ok("PT-118"));
        for text in ["", " ", "two words", "a,b", "a\"b", "none", "NONE", "a\u{202e}b", "a\u{1b}[2J", &"x".repeat(41)] {
            assert_eq!(tag(text), Err(NoTag), "{text:?}");
        }
    }

    #[test]
    fn changes_add_up_and_name_only_what_they_change() {
        let mut case = Case::default();
        assert_eq!((case.status(), case.words().as_str()), (None, ""));
        let tags = |tag: &[&str], untag: &[&str]| CaseChange {
            tag: tag.iter().map(|tag| (*tag).to_owned()).collect(),
            untag: untag.iter().map(|tag| (*tag).to_owned()).collect(),
            ..CaseChange::default()
        };
        case.change(&tags(&["vip", "PT-118", "VIP"], &[]), fixture::now(), "me");
        assert_eq!(case.words(), "open · #PT-118 · #vip");
        case.change(&CaseChange { verdict: Some(Verdict::TruePositive), ..CaseChange::default() }, fixture::now(), "me");
        case.change(&CaseChange { status: Some(Status::Closed), ..tags(&[], &["Vip"]) }, fixture::now(), "you");
        assert_eq!(case.words(), "true positive · closed · #PT-118");
        assert_eq!(case.verdict_by, Some((fixture::now(), "me".to_owned())), "who closed it gave no verdict");
        assert!(!case.is_changed_by(&tags(&["pt-118"], &["gone"])) && case.is_changed_by(&tags(&["x"], &[])));
    }

    #[test]
    fn a_change_is_written_without_what_it_does_not_name() {
        let change = CaseChange { verdict: Some(Verdict::BenignTruePositive), ..CaseChange::default() };
        let text = serde_json::to_string(&change).unwrap();
        assert_eq!(text, r#"{"verdict":"benignTruePositive"}"#);
        assert_eq!(serde_json::from_str::<CaseChange>(&text).unwrap(), change);
    }

    #[test]
    fn a_verdict_is_taken_back_and_only_where_there_is_one() {
        let mut case = Case::default();
        let back = CaseChange { no_verdict: true, ..CaseChange::default() };
        assert_eq!(
            (serde_json::to_string(&back).unwrap().as_str(), back.words().as_str()),
            (r#"{"noVerdict":true}"#, "verdict taken back")
        );
        case.change(&CaseChange { verdict: Some(Verdict::TruePositive), ..CaseChange::default() }, fixture::now(), "me");
        assert!(case.is_changed_by(&back));
        case.change(&back, fixture::now(), "you");
        assert_eq!((case.verdict, &case.verdict_by, case.is_changed_by(&back)), (None, &None, false));
        assert_eq!(case.status(), Some(Status::Open), "what else was said stays");
    }

    #[test]
    fn a_verdict_is_named_as_people_write_it() {
        for (verdict, names) in [
            (Verdict::FalsePositive, "falsePositive|FP|false positive|false-positive|False_Positive"),
            (Verdict::BenignTruePositive, "benigntruepositive|btp|benign|benign true positive|benign-true-positive"),
            (Verdict::TruePositive, "TP|true positive|true-positive"),
            (Verdict::Undetermined, "undetermined|Undetermined"),
        ] {
            for name in names.split('|') {
                assert_eq!(Verdict::from_name(name), Some(verdict), "{name}");
            }
        }
        for name in ["", "positive", "none", "maybe", "true"] {
            assert_eq!(Verdict::from_name(name), None, "{name}");
        }
    }

    #[test]
    fn words_in_data_are_those_of_serde() {
        for verdict in Verdict::ALL {
            assert_eq!(serde_json::to_value(verdict).unwrap(), verdict.as_str());
        }
        for status in Status::ALL {
            assert_eq!(serde_json::to_value(status).unwrap(), status.as_str());
        }
    }
}

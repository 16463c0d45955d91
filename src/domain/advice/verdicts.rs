//! The verdicts: what happened, as the operator sees it, and what of the data speaks for which.
//!
//! What to make of each detection type is the advice of `reference/domain.md` section 3.

use super::remediation::detections_of_sign_ins;
use super::unblocking::is_familiar;
use super::words::listed;
use super::{Facts, Verdict};
use crate::domain::action::Action;
use crate::domain::catalogue;
use crate::domain::facts;
use crate::domain::records::RiskDetection;

/// Types of which the advice is a compromise, without a branch for "safe".
const SURE: &[&str] = &["leakedCredentials", "attackerinTheMiddle", "nationStateIP"];
/// Types of which the advice is to confirm a compromise unless something explains them.
const GRAVE: &[&str] = &[
    "anomalousToken",
    "tokenIssuerAnomaly",
    "investigationsThreatIntelligence",
    "investigationsThreatIntelligenceSigninLinked",
    "passwordSpray",
    "maliciousIPAddress",
    "suspiciousBrowser",
    "suspiciousInboxForwarding",
    "mcasSuspiciousInboxManipulationRules",
    "userReportedSuspiciousActivity",
    "attemptedPrtAccess",
];
/// Types that a known address, a journey or a sanctioned VPN explains.
const MILD: &[&str] =
    &["unfamiliarFeatures", "unlikelyTravel", "mcasImpossibleTravel", "newCountry", "anonymizedIPAddress", "riskyIPAddress"];

/// What speaks for a verdict and against it, and how much.
#[derive(Default)]
struct Case {
    weight: i32,
    because: Vec<String>,
}

impl Case {
    fn says(&mut self, weight: i32, why: impl Into<String>) {
        self.weight += weight;
        self.because.push(why.into());
    }
}

/// The verdicts, the one that the data speaks for first; none where there is no open risk, or nobody left to judge.
pub(super) fn verdicts(facts: &Facts<'_>) -> Vec<Verdict> {
    let records = facts.records;
    if records.user.at_risk() == Some(false) || facts::deleted(records) == Some(true) {
        return Vec::new();
    }
    let open: Vec<&RiskDetection> = records.detections.iter().filter(|of| of.is_open()).collect();
    let (sure, grave) = (names_of(&open, SURE), names_of(&open, GRAVE));
    // Where the sign-ins are all that there is, confirming them safe needs no learning mode of the whole user.
    let only_sign_ins = !open.is_empty() && detections_of_sign_ins(records).len() == open.len();
    let mut cases = [
        (true_positive(facts, &sure, &grave), TRUE_POSITIVE),
        (false_positive(facts, &open), if only_sign_ins { FALSE_POSITIVE_SIGN_IN } else { FALSE_POSITIVE }),
        (benign(), BENIGN),
        (fixed_elsewhere(facts), FIXED_ELSEWHERE),
    ];
    // Stable: where the data does not tell, the most careful comes first.
    cases.sort_by_key(|(case, _)| -case.weight);
    let silent = cases.iter().all(|(case, _)| case.weight <= 0);
    let verdict = |(case, (verdict, action, learns)): (Case, (&'static str, Action, &'static str))| Verdict {
        verdict,
        action,
        learns,
        because: case.because,
    };
    let mut verdicts: Vec<Verdict> = cases.into_iter().map(verdict).collect();
    if let (true, Some(first)) = (silent, verdicts.first_mut()) {
        first.because.insert(0, "the data speaks for none of the verdicts: ask the user".to_owned());
    }
    for verdict in verdicts.iter_mut().filter(|verdict| verdict.because.is_empty()) {
        verdict.because.push("nothing in the data speaks for it".to_owned());
    }
    verdicts
}

const TRUE_POSITIVE: (&str, Action, &str) = (
    "truePositive",
    Action::ConfirmUserCompromised,
    "Microsoft learns of a true positive, and the risk goes to high; then secure the account (secureAccount).",
);
const FALSE_POSITIVE: (&str, Action, &str) = (
    "falsePositive",
    Action::ConfirmUserSafe,
    "Microsoft learns that this was no risk, and goes back to learning what is familiar for this user.",
);
const FALSE_POSITIVE_SIGN_IN: (&str, Action, &str) = (
    "falsePositive",
    Action::ConfirmSignInSafe,
    "Microsoft learns that these sign-ins were no risk. All that is open belongs to them, so that the user need not go into learning mode.",
);
const BENIGN: (&str, Action, &str) = (
    "benignTruePositive",
    Action::DismissUserRisk,
    "Microsoft learns that it was right but harmless, such as a penetration test, and goes on evaluating users like this one.",
);
const FIXED_ELSEWHERE: (&str, Action, &str) = (
    "fixedElsewhere",
    Action::RemediatedElsewhere,
    "Microsoft learns of a true positive that was fixed: confirmed compromised first, dismissed once the risk is high.",
);

fn true_positive(facts: &Facts<'_>, sure: &[&str], grave: &[&str]) -> Case {
    let mut case = Case::default();
    if facts::confirmed_compromised(facts.records) {
        case.says(3, "an administrator confirmed the compromise");
    }
    if !sure.is_empty() {
        case.says(3, format!("{}: a compromise unless proven otherwise", listed(sure)));
    }
    if !grave.is_empty() {
        case.says(2, format!("{}: a compromise unless something explains it", listed(grave)));
    }
    if let Some(added) = facts::methods_added_since(facts.records).filter(|added| !added.is_empty()) {
        case.says(2, format!("authentication methods were added since the first detection: {}", listed(&added)));
    }
    case
}

fn false_positive(facts: &Facts<'_>, open: &[&RiskDetection]) -> Case {
    let mut case = Case::default();
    let mild: Vec<&&RiskDetection> = open.iter().filter(|of| is_one_of(of, MILD)).collect();
    let before = |of: &RiskDetection, address: &str| {
        let held = facts.records.sign_ins.iter().filter(|sign_in| is_familiar(sign_in));
        held.filter(|sign_in| sign_in.ip_address.as_deref() == Some(address))
            .any(|sign_in| of.activity_date_time.or(of.at()).is_some_and(|at| sign_in.created_date_time.is_some_and(|held| held < at)))
    };
    let mut known: Vec<&str> = mild.iter().filter_map(|of| of.ip_address.as_deref().filter(|address| before(of, address))).collect();
    known.sort_unstable();
    known.dedup();
    let from_known = mild.iter().filter(|of| of.ip_address.as_deref().is_some_and(|address| known.contains(&address))).count();
    if from_known > 0 && from_known == open.len() {
        case.says(
            2,
            format!("{}, all from {}, where the user signed in without risk before", names_of(open, MILD).join(", "), listed(&known)),
        );
    } else if !mild.is_empty() && mild.len() == open.len() {
        case.says(0, "a known address, a journey or a company VPN would explain it: none is seen in the data");
    } else if !open.is_empty() {
        case.says(-1, "not everything that is open is of a kind that an address or a journey explains");
    }
    case
}

/// Whether somebody was allowed to do what was detected, no data tells.
fn benign() -> Case {
    let mut case = Case::default();
    case.says(0, "the data cannot tell a test from an attack: ask who ran it");
    case
}

fn fixed_elsewhere(facts: &Facts<'_>) -> Case {
    let mut case = Case::default();
    let directory = &facts.records.directory;
    let Some(newest) = facts::newest_detection(facts.records) else { return case };
    let since = |at: Option<crate::domain::time::Timestamp>| at.map(|at| at > newest);
    match (since(directory.last_password_change_date_time), since(directory.sign_in_sessions_valid_from_date_time)) {
        (Some(true), Some(true)) => case.says(8, "the password is newer than the newest detection, and sessions were revoked since"),
        (Some(true), Some(false)) => case.says(1, "the password is newer than the newest detection, but sessions were not revoked since"),
        (Some(true), None) => case.says(1, "the password is newer than the newest detection; whether sessions were revoked was not read"),
        (Some(false), _) => case.says(-1, "the password is older than the newest detection"),
        (None, _) => case.says(0, "whether the password was changed since was not read"),
    }
    case
}

fn is_one_of(detection: &RiskDetection, kinds: &[&str]) -> bool {
    // Aliases and spellings are the catalogue's business.
    let value = detection.risk_event_type.as_deref().map(|kind| catalogue::find(kind).map_or(kind, |found| found.value.as_str()));
    value.is_some_and(|value| kinds.iter().any(|kind| kind.eq_ignore_ascii_case(value)))
}

/// The portal's names of the detections of these kinds, each once.
fn names_of<'a>(open: &[&'a RiskDetection], kinds: &[&str]) -> Vec<&'a str> {
    let mut names: Vec<&str> = Vec::new();
    for name in open.iter().filter(|of| is_one_of(of, kinds)).filter_map(|of| of.risk_event_type.as_deref()).map(catalogue::name) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

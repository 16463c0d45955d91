//! Why a user is at risk or blocked, what may be done, and what starts it.

use super::App;
use super::details::Tone;
use super::format::{capitalized, wrap};
use super::layout::Area;
use super::msg::Effect;
use super::overlay::{Overlay, Pending};
use crate::domain::action::{Action, Aim};
use crate::domain::advice::{self, Advice, Explanation, Facts, Group, Start, Verdict};
use crate::domain::blocking::{self, Known};
use crate::domain::facts::{self, BlockedBy};
use crate::domain::plan::{PlanContext, Target};
use crate::domain::records::{UserId, UserRecords};
use crate::domain::settings::TenantSettings;
use crate::domain::time::Timestamp;

/// What is asked of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// What is going on, and everything that can be done.
    Everything,
    /// Why the user is blocked, and the ways out.
    WhyBlocked,
}

/// The answer, on the screen.
#[derive(Debug, Clone)]
pub struct Explain {
    /// The user.
    pub user: UserId,
    /// What was asked.
    pub question: Question,
    /// The answer.
    pub explanation: Explanation,
    /// Why it is believed that the user is blocked, or is not.
    pub believed: Vec<String>,
    /// What operators made of the user so far; empty where nobody said anything.
    pub case: String,
    /// The verdict or option under the cursor.
    pub at: usize,
    /// The first line in sight.
    pub offset: usize,
    /// Whether the tenant is still being asked, or why it did not answer. Hostile text.
    pub note: Option<String>,
    /// Why the last key did nothing.
    pub message: Option<String>,
    /// Whether what the cursor stood on is gone: what stands there now was not chosen.
    lost: bool,
    /// Whether lines were scrolled without moving the cursor.
    scrolled: bool,
}

/// One verdict or option.
#[derive(Debug, Clone, Copy)]
pub enum Item<'a> {
    /// A verdict.
    Verdict(&'a Verdict),
    /// An option.
    Option(&'a Advice),
}

impl Item<'_> {
    /// What tells it from the others, wherever it stands.
    fn name(&self) -> (Option<Group>, &'static str) {
        match self {
            Item::Verdict(verdict) => (None, verdict.verdict),
            Item::Option(advice) => (Some(advice.group), advice.option),
        }
    }

    /// What starts its plan.
    pub fn start(&self) -> Option<Start> {
        match self {
            Item::Verdict(verdict) => Some(Start { action: verdict.action, policy: None, addresses: Vec::new() }),
            Item::Option(advice) => advice.start.clone(),
        }
    }
}

/// One line of the answer, safe and no wider than asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The text.
    pub text: String,
    /// How it is meant.
    pub tone: Tone,
    /// The item that it belongs to.
    pub item: Option<usize>,
}

struct Lines {
    lines: Vec<Line>,
    columns: usize,
}

impl Lines {
    fn put(&mut self, indent: usize, text: &str, tone: Tone, item: Option<usize>) {
        let margin = " ".repeat(indent);
        for text in text.lines().flat_map(|text| wrap(text, self.columns.saturating_sub(indent))) {
            self.lines.push(Line { text: format!("{margin}{text}"), tone, item });
        }
    }

    fn heading(&mut self, text: &str) {
        if !self.lines.is_empty() {
            self.lines.push(Line { text: String::new(), tone: Tone::Plain, item: None });
        }
        self.put(0, text, Tone::Heading, None);
    }
}

impl Explain {
    /// The verdicts and options that the cursor moves over, in order.
    pub fn items(&self) -> Vec<Item<'_>> {
        match self.question {
            Question::Everything => {
                let verdicts = self.explanation.verdicts.iter().map(Item::Verdict);
                verdicts.chain(self.explanation.advice.iter().map(Item::Option)).collect()
            }
            Question::WhyBlocked => self.explanation.ways_out().map(Item::Option).collect(),
        }
    }

    /// Everything that is said, in lines of so many columns. `letter` is the key of an action, empty where it has none.
    pub fn lines(&self, columns: usize, letter: impl Fn(Action) -> String) -> Vec<Line> {
        let mut lines = Lines { lines: Vec::new(), columns };
        if self.question == Question::WhyBlocked {
            self.say_blocked(&mut lines);
        }
        let mut group = None;
        for (at, item) in self.items().into_iter().enumerate() {
            match item {
                Item::Verdict(verdict) => {
                    if at == 0 {
                        lines.heading("What was it? The answer decides the verb");
                        if !self.case.is_empty() {
                            lines.put(0, &format!("Case: {}", self.case), Tone::Plain, None);
                        }
                    }
                    say_verdict(&mut lines, verdict, at, &letter);
                }
                Item::Option(advice) => {
                    if self.question == Question::Everything && group.is_none() {
                        self.say_why(&mut lines);
                    }
                    if group != Some(advice.group) && (self.question == Question::Everything || group.is_none()) {
                        // The ways out are one ordered answer, whoever takes them.
                        let ways_out = self.question == Question::WhyBlocked;
                        lines.heading(if ways_out { "The ways out, in this order" } else { group_words(advice.group) });
                    }
                    group = Some(advice.group);
                    say_option(&mut lines, advice, at, &letter);
                }
            }
        }
        if self.question == Question::Everything && group.is_none() {
            self.say_why(&mut lines);
        }
        if let Some(note) = &self.note {
            lines.heading(note);
        }
        lines.lines
    }

    fn say_why(&self, lines: &mut Lines) {
        lines.heading(match self.explanation.at_risk {
            Some(true) => "Why at risk, or blocked",
            Some(false) => "Not at risk",
            None => "Whether at risk is not known",
        });
        for why in &self.explanation.why {
            lines.put(2, why, Tone::Plain, None);
        }
        // Whoever is at risk is not safe: that stands above already.
        if let Some(safety) = self.explanation.safety.as_ref().filter(|_| self.explanation.at_risk != Some(true)) {
            let tone = if self.explanation.safe == Some(true) { Tone::Plain } else { Tone::Warning };
            lines.put(2, safety, tone, None);
        }
        self.say_normal(lines);
        self.say_blocked(lines);
    }

    /// The detections beside the user's other sign-ins.
    fn say_normal(&self, lines: &mut Lines) {
        for compared in &self.explanation.normal {
            lines.put(2, &compared.words(), Tone::Plain, None);
        }
    }

    fn say_blocked(&self, lines: &mut Lines) {
        let blocked = &self.explanation.blocked;
        let causes: Vec<&str> = blocked.by.iter().map(|cause| cause_words(*cause)).collect();
        let (answer, tone) = match blocked.value {
            Some(true) => (format!("Blocked by {}.", causes.join(", and by ")), Tone::Warning),
            Some(false) => ("Not blocked.".to_owned(), Tone::Heading),
            None if blocked.ended => ("Not blocked any more, as far as is known: the next sign-in tells.".to_owned(), Tone::Heading),
            None => ("Whether the user is blocked is not known.".to_owned(), Tone::Heading),
        };
        lines.put(0, &answer, tone, None);
        for line in self.explanation.warnings.iter().filter(|_| self.question == Question::WhyBlocked) {
            lines.put(2, line, Tone::Warning, None);
        }
        for line in &self.believed {
            lines.put(2, line, Tone::Plain, None);
        }
        if self.question == Question::WhyBlocked && blocked.value == Some(true) && self.items().is_empty() {
            lines.put(2, "No way out is known here.", Tone::Quiet, None);
        }
    }

    /// Takes another answer in. The cursor stays on what it stands on, wherever that is now; where it is gone, it goes to what is
    /// nearest, and the next key opens nothing.
    pub(super) fn revise(&mut self, explanation: Explanation, believed: Vec<String>) {
        let name_of = |explain: &Explain| explain.items().get(explain.at).map(Item::name);
        let start_of = |explain: &Explain| explain.items().get(explain.at).and_then(Item::start);
        let (name, start) = (name_of(self), start_of(self));
        (self.explanation, self.believed) = (explanation, believed);
        let items = self.items();
        let same = items.iter().position(|item| Some(item.name()) == name && item.start() == start);
        let named = items.iter().position(|item| Some(item.name()) == name);
        let at = same.or(named).unwrap_or(self.at).min(items.len().saturating_sub(1));
        self.lost |= same.is_none() && name.is_some();
        self.at = at;
    }

    /// Whether what the cursor stood on went away before this key; says so, once.
    pub(super) fn is_lost(&mut self) -> bool {
        let lost = std::mem::take(&mut self.lost);
        if lost {
            self.message = Some("What the cursor stood on has changed: nothing was opened. Enter opens what it stands on now.".to_owned());
        }
        lost
    }

    /// Moves the cursor by so many items.
    pub fn step(&mut self, by: isize) {
        self.lost = false;
        let last = self.items().len().saturating_sub(1);
        self.at = self.at.saturating_add_signed(by).min(last);
        self.scrolled = false;
    }

    /// Moves by so many lines, whatever they belong to.
    pub fn scroll(&mut self, by: isize) {
        self.offset = self.offset.saturating_add_signed(by);
        self.scrolled = true;
    }

    /// Brings what the cursor stands on into sight, with what stands before the first item.
    pub fn settle(&mut self, lines: &[Line], rows: usize) {
        self.at = self.at.min(self.items().len().saturating_sub(1));
        let of = |line: &Line| line.item == Some(self.at);
        if let (false, Some(first), Some(last)) = (self.scrolled, lines.iter().position(of), lines.iter().rposition(of)) {
            // The beginning of what is longer than the screen comes before its end, and the answer before the first item.
            let begin = if self.at == 0 { (first + 1).saturating_sub(rows) } else { first };
            self.offset = self.offset.max((last + 1).saturating_sub(rows)).min(begin);
        } else if !self.scrolled {
            self.offset = 0;
        }
        self.offset = self.offset.min(lines.len().saturating_sub(rows));
        if self.scrolled {
            // The cursor comes along, as far as something can be seen that it may stand on.
            let seen = lines.iter().skip(self.offset).take(rows).filter_map(|line| line.item);
            let seen: Vec<usize> = seen.collect();
            if let (Some(first), Some(last)) = (seen.first(), seen.last()) {
                self.at = self.at.clamp(*first, *last);
            }
        }
    }
}

fn say_verdict(lines: &mut Lines, verdict: &Verdict, at: usize, letter: &impl Fn(Action) -> String) {
    let key = letter(verdict.action);
    let key = if key.is_empty() { String::new() } else { format!(" ({key})") };
    let text = format!("{}: {}{key}", verdict_words(verdict.verdict), verdict.action.title());
    lines.put(0, &text, Tone::Heading, Some(at));
    for because in &verdict.because {
        lines.put(4, because, Tone::Plain, Some(at));
    }
    lines.put(4, verdict.learns, Tone::Quiet, Some(at));
}

fn say_option(lines: &mut Lines, advice: &Advice, at: usize, letter: &impl Fn(Action) -> String) {
    let (sign, tone) = match advice.available {
        Some(true) => ("✓ yes    ", Tone::Heading),
        Some(false) => ("✗ no     ", Tone::Plain),
        None => ("? unknown", Tone::Heading),
    };
    let key = advice.start.as_ref().map(|start| letter(start.action)).unwrap_or_default();
    let key = match (&advice.start, key.is_empty()) {
        (None, _) => " · done elsewhere".to_owned(),
        (Some(_), true) => String::new(),
        (Some(_), false) => format!(" ({key})"),
    };
    // Not wrapped as running text, because the signs stand below one another.
    let text = format!("{sign}  {}{key}", capitalized(advice.option));
    lines.lines.push(Line { text: super::format::fit(&text, lines.columns).into_owned(), tone, item: Some(at) });
    if !advice.because.is_empty() {
        lines.put(11, &format!("because {}", advice.because.join("; ")), Tone::Plain, Some(at));
    }
    let effect = match advice.available {
        Some(false) => format!("If it could be done: {}", advice.effect),
        _ => advice.effect.clone(),
    };
    lines.put(11, &effect, Tone::Quiet, Some(at));
}

fn verdict_words(verdict: &str) -> &str {
    match verdict {
        "falsePositive" => "False positive",
        "benignTruePositive" => "Benign true positive",
        "truePositive" => "True positive",
        "fixedElsewhere" => "Fixed elsewhere",
        other => other,
    }
}

fn group_words(group: Group) -> &'static str {
    match group {
        Group::SelfRemediation => "What the user can do",
        Group::Remediation => "What an administrator can do",
        Group::Securing => "Securing the account",
        Group::UnblockUserRisk => "Ways out of a block for user risk",
        Group::UnblockSignInRisk => "Ways out of a block for sign-in risk",
        Group::UnblockBuiltIn => "Ways out of a block by built-in protection",
        Group::Other => "What else",
    }
}

fn cause_words(cause: BlockedBy) -> &'static str {
    match cause {
        BlockedBy::AccountDisabled => "the account being disabled",
        BlockedBy::UserRisk => "a policy on user risk",
        BlockedBy::SignInRisk => "a policy on sign-in risk",
        BlockedBy::BuiltInProtection => "built-in protection for high confidence of risk",
        BlockedBy::SmartLockout => "smart lockout, after wrong passwords",
        BlockedBy::Error50053 => "smart lockout or built-in protection: error 50053 does not tell which",
        BlockedBy::ConditionalAccess => "another Conditional Access policy",
    }
}

/// What speaks for the answer whether a user is blocked. Holds hostile text.
fn believed(app: &App, records: &UserRecords) -> Vec<String> {
    let time = |at: Option<Timestamp>| at.map_or("at an unknown time".to_owned(), |at| app.times().detail(at).replace("  (", " ("));
    let blocked = facts::blocked(records, app.dataset.tenant(), app.now);
    let mut lines = Vec::new();
    let stopped = records.sign_ins.iter().filter(|sign_in| facts::sign_in_block(records, app.dataset().tenant(), sign_in).is_some());
    if let Some(sign_in) = stopped.max_by_key(|sign_in| sign_in.created_date_time) {
        let status = sign_in.status.as_ref();
        let code = status.and_then(|status| status.error_code).map(|code| format!(", error {code}")).unwrap_or_default();
        let reason = status.and_then(|status| status.failure_reason.as_deref()).map(|reason| format!(": {reason}")).unwrap_or_default();
        lines.push(format!("The last blocked sign-in was {}{code}{reason}", time(sign_in.created_date_time)));
    }
    if blocked.value == Some(true) && blocked.by.iter().any(|cause| *cause != BlockedBy::AccountDisabled) {
        let settings = TenantSettings::of(&app.ledger);
        let known = Known { records, tenant: app.dataset.tenant(), settings: &settings, now: app.now };
        let policies = blocking::policies_that_block(&known);
        let names: Vec<&str> = policies.iter().map(|policy| policy.display_name.as_str()).collect();
        if !names.is_empty() {
            lines.push(format!("Policies that keep the user out: {}", names.join(", ")));
        }
    }
    let succeeded = |status: &crate::domain::records::SignInStatus| status.error_code == Some(0);
    let endings: Vec<&str> = facts::endings(records, app.dataset.tenant(), app.now).into_iter().map(facts::BlockEnded::words).collect();
    if blocked.value != Some(true) && !endings.is_empty() {
        lines.push(format!("What blocked the user is gone: {}.", endings.join(", and ")));
    }
    let succeeded = records.sign_ins.iter().filter(|sign_in| sign_in.status.as_ref().is_some_and(succeeded));
    match succeeded.max_by_key(|sign_in| sign_in.created_date_time) {
        Some(last) => {
            let from = last.ip_address.as_deref().map(|address| format!(", from {address}")).unwrap_or_default();
            // It may have been the attacker's.
            let risky = if last.is_risky() { ": a risky one" } else { "" };
            lines.push(format!("The last sign-in that went through was {}{from}{risky}.", time(last.created_date_time)));
        }
        None if records.sign_ins.is_empty() => lines.push("No sign-in of this user was read.".to_owned()),
        None => lines.push("None of the sign-ins that were read went through.".to_owned()),
    }
    if blocked.value.is_none() && facts::only_risky(records) {
        lines.push("Only risky sign-ins of this user were read: others may have been blocked.".to_owned());
    }
    lines.push(match records.directory.account_enabled {
        _ if facts::deleted(records) == Some(true) => {
            "The account is deleted: nobody signs in to it, and only a support case takes it out of the risk report.".to_owned()
        }
        Some(true) => "The account is enabled.".to_owned(),
        Some(false) => "The account is disabled.".to_owned(),
        None => "Whether the account is enabled was not read.".to_owned(),
    });
    lines
}

impl App {
    /// Opens the answer, and asks the tenant for what is read on demand.
    pub(super) fn explain(&mut self, question: Question) -> Vec<Effect> {
        let Some(user) = self.shown_user.clone() else { return Vec::new() };
        let Some((explanation, believed)) = self.explanation(&user) else { return Vec::new() };
        let note = Some("Reading sign-ins, devices and authentication methods …".to_owned());
        let explain = Explain {
            user: user.clone(),
            question,
            explanation,
            believed,
            case: self.case_words(&user),
            at: 0,
            offset: 0,
            note,
            message: None,
            lost: false,
            scrolled: false,
        };
        self.overlay = Some(Overlay::Explain(Box::new(explain)));
        vec![Effect::Look(vec![user])]
    }

    fn explanation(&self, user: &UserId) -> Option<(Explanation, Vec<String>)> {
        let records = self.dataset.user(user)?;
        let context = self.plan_context();
        let explanation = advice::explain(&self.facts_of(records, &context));
        Some((explanation, believed(self, records)))
    }

    /// Explains anew after something changed that it rests on.
    pub(super) fn revise_explanation(&mut self) {
        let Some(Overlay::Explain(explain)) = &self.overlay else { return };
        let user = explain.user.clone();
        let Some((explanation, believed)) = self.explanation(&user) else { return };
        let case = self.case_words(&user);
        if let Some(Overlay::Explain(explain)) = &mut self.overlay {
            explain.revise(explanation, believed);
            explain.case = case;
        }
    }

    /// What the overlay says, on this screen.
    pub fn explain_lines(&self, explain: &Explain, area: Area) -> Vec<Line> {
        let columns = usize::from(area.inner().width.saturating_sub(2));
        // The letters are those of the verbs on the user.
        explain.lines(columns, |action| if action.aim() == Aim::SignIn { String::new() } else { self.action_letter(action) })
    }

    /// Starts the plan of what the cursor of the answer stands on.
    pub(super) fn start_explained(&mut self, mut explain: Box<Explain>, start: Option<Start>) -> Vec<Effect> {
        match start {
            Some(start) => {
                let records = self.dataset.user(&explain.user);
                let at_risk = records.into_iter().flat_map(|records| &records.sign_ins).filter(|sign_in| sign_in.at_risk() == Some(true));
                let targets = match start.action.aim() {
                    Aim::SignIn => at_risk.map(|sign_in| Target::SignIn(sign_in.id.clone())).collect(),
                    _ => vec![Target::User(explain.user)],
                };
                self.begin(Pending { start, targets, reason: String::new() })
            }
            None => {
                let section = explain.items().get(explain.at).and_then(|item| match item {
                    Item::Option(advice) => Some(advice.section),
                    Item::Verdict(_) => None,
                });
                let section = section.map_or_else(String::new, |section| format!(" See \"{section}\" in Microsoft's document."));
                explain.message = Some(format!("This is not done from here.{section}"));
                self.overlay = Some(Overlay::Explain(explain));
                Vec::new()
            }
        }
    }

    fn facts_of<'a>(&'a self, records: &'a UserRecords, context: &'a PlanContext) -> Facts<'a> {
        Facts::of(records, self.dataset.tenant(), self.workspace.tenant_id.as_deref(), &self.ledger, context)
    }

    /// What is copied for the support case that removes a deleted user.
    pub(super) fn support_case(&self, records: &UserRecords) -> Option<String> {
        let context = self.plan_context();
        let facts = self.facts_of(records, &context);
        (facts::deleted(records) == Some(true)).then(|| advice::support_case(&facts))
    }
}

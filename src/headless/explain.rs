//! `explain`: why a user is at risk or blocked, what may be done, what it will do, and whether the user is safe.

use serde_json::{Map, Value, json};

use super::belongings;
use super::cli::{Explain, Format};
use super::failure::Failure;
use super::output;
use super::place::{self, Place};
use crate::domain::advice::{self, Advice, Explanation, Facts, Verdict};
use crate::domain::facts::BlockedBy;
use crate::domain::journal::JobId;
use crate::domain::plan::Access;
use crate::domain::records::UserRecords;
use crate::domain::text;
use crate::domain::time::Timestamp;

/// `explain`
pub async fn explain(place: &Place, args: &Explain) -> Result<(), Failure> {
    let session = place.open().await?;
    let mut dataset = session.load()?;
    let of_sign_in = || dataset.sign_ins().find(|(_, sign_in)| sign_in.id.as_str().eq_ignore_ascii_case(&args.user));
    let known = place::named_user(&dataset, &args.user)?.or_else(|| of_sign_in().map(|(records, _)| records));
    let id = match known.map(|records| records.id().clone()) {
        Some(id) => id,
        None => {
            place::find_elsewhere(&session, std::slice::from_ref(&args.user), &mut dataset).await?;
            place::find_user(&dataset, &args.user)?.id().clone()
        }
    };
    if session.access() != Access::Evidence {
        let (seen, error) = session.engine.look(std::slice::from_ref(&id)).await;
        if let Some(error) = error {
            output::say(&format!("note: devices and authentication methods could not be read: {error}"));
        }
        for records in seen {
            dataset.put(records);
        }
    }
    let records = place::find_user(&dataset, id.as_str())?;
    let (ledger, context) = (session.ledger(), session.plan_context("", false));
    let tenant_id = session.tenant_id();
    let explanation = advice::explain(&Facts::of(records, dataset.tenant(), tenant_id.as_deref(), &ledger, &context));
    let checklists: Vec<JobId> = ledger.open_playbooks_of(&id).map(|playbook| playbook.id).collect();
    output::data(&match args.format {
        Format::Json => output::json(&document(&explanation, &checklists))?,
        Format::Jsonl => output::json_line(&document(&explanation, &checklists))?,
        Format::Table | Format::Csv => sheet(records, &explanation, &checklists, place.paper),
    })
}

fn document(explanation: &Explanation, checklists: &[JobId]) -> Value {
    let situation: Map<String, Value> =
        explanation.situation.iter().map(|fact| (fact.name.to_owned(), json!({"value": fact.value, "source": fact.source}))).collect();
    json!({
        "user": explanation.user,
        "userPrincipalName": explanation.user_principal_name,
        "atRisk": explanation.at_risk,
        "blocked": {
            "value": explanation.blocked.value,
            "by": explanation.blocked.by.iter().map(|by| by.as_str()).collect::<Vec<_>>(),
        },
        "why": explanation.why,
        "checklists": checklists,
        "safe": explanation.safe,
        "notSafe": explanation.not_safe.iter().map(|because| because.as_str()).collect::<Vec<_>>(),
        "situation": situation,
        "normal": explanation.normal,
        "verdicts": explanation.verdicts.iter().map(of_verdict).collect::<Vec<_>>(),
        "advice": explanation.advice.iter().map(of_advice).collect::<Vec<_>>(),
    })
}

fn of_verdict(verdict: &Verdict) -> Value {
    json!({
        "verdict": verdict.verdict,
        "action": verdict.action.as_str(),
        "learns": verdict.learns,
        "because": verdict.because,
    })
}

fn of_advice(advice: &Advice) -> Value {
    let mut object = json!({
        "option": advice.option,
        "section": advice.section,
        "group": advice.group.as_str(),
        "available": advice.available,
        "because": advice.because,
        "effect": advice.effect,
    });
    let Some(start) = &advice.start else { return object };
    object["action"] = json!(start.action.as_str());
    if let Some(policy) = &start.policy {
        object["policy"] = json!(policy);
    }
    if !start.addresses.is_empty() {
        object["addresses"] = json!(start.addresses);
    }
    object
}

/// Columns of the names of options.
const NAME: usize = 32;

/// The page for people: the answer first, then why, then what can be done.
fn sheet(records: &UserRecords, explanation: &Explanation, checklists: &[JobId], paper: output::Paper) -> String {
    let mut page = Page { lines: Vec::new(), paper };
    let name = records.user.user_principal_name.as_deref().map(|name| format!(" ({name})")).unwrap_or_default();
    page.heading(&format!("{}{name}", records.user.name()));
    for answer in answers(explanation) {
        page.text(2, &answer);
    }
    for id in checklists {
        page.text(2, &format!("Checklist {id} is open: entriage jobs resume {id} goes on with it."));
    }
    page.section("Why");
    for why in &explanation.why {
        page.item("-", why);
    }
    if !explanation.verdicts.is_empty() {
        page.section("What happened, the likeliest first");
    }
    for verdict in &explanation.verdicts {
        page.item("-", &format!("{}: {}. {}", verdict_words(verdict.verdict), verdict.action.as_str(), verdict.learns));
        for because in &verdict.because {
            page.text(6, because);
        }
    }
    let ways: Vec<&Advice> = explanation.ways_out().collect();
    if !ways.is_empty() {
        page.section(if explanation.warnings.is_empty() { "To unblock the user" } else { "So that the user gets in" });
        for advice in &ways {
            page.option(advice);
        }
    }
    page.section(if ways.is_empty() { "What may be done" } else { "What else may be done" });
    for advice in explanation.advice.iter().filter(|advice| !ways.iter().any(|way| way.option == advice.option)) {
        page.option(advice);
    }
    if !explanation.normal.is_empty() {
        page.section("Beside the user's other sign-ins");
    }
    for compared in &explanation.normal {
        page.item("-", &compared.words());
    }
    page.section("Situation");
    for fact in &explanation.situation {
        page.item("-", &format!("{}: {} ({})", fact.name, value_words(&fact.value), fact.source));
    }
    for (title, told) in belongings::lines(records) {
        page.section(&format!("{title} ({})", told.len()));
        for line in told {
            page.item("-", &line);
        }
    }
    page.lines.join("\n") + "\n"
}

/// At risk, blocked, safe: the answers in one line each.
fn answers(explanation: &Explanation) -> Vec<String> {
    let yes_no = |value: Option<bool>| match value {
        Some(true) => "yes",
        Some(false) => "no",
        None => "not known",
    };
    let by: Vec<&str> = explanation.blocked.by.iter().copied().map(cause_words).collect();
    let by = if by.is_empty() { String::new() } else { format!(", by {}", by.join(", then by ")) };
    let blocked = match explanation.blocked.value {
        None if explanation.blocked.ended => "no longer, as far as is known: the next sign-in tells",
        value => yes_no(value),
    };
    let mut answers = vec![format!("At risk: {}", yes_no(explanation.at_risk)), format!("Blocked: {blocked}{by}")];
    answers.extend(explanation.safety.clone());
    answers
}

/// A fact's value for people. Hostile text.
fn value_words(value: &Value) -> String {
    match value {
        Value::Null => "not known".to_owned(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::String(text) => Timestamp::parse(text).map_or_else(|| text.clone(), |at| format!("{} UTC", output::moment(at))),
        Value::Array(items) if items.is_empty() => "none".to_owned(),
        // Devices and authentication methods have a part of the page for themselves.
        Value::Array(items) if items.iter().any(Value::is_object) => format!("{}, listed below", items.len()),
        Value::Array(items) => items.iter().map(value_words).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

fn cause_words(cause: BlockedBy) -> &'static str {
    match cause {
        BlockedBy::AccountDisabled => "a disabled account",
        BlockedBy::UserRisk => "a policy on user risk",
        BlockedBy::SignInRisk => "a policy on sign-in risk",
        BlockedBy::BuiltInProtection => "built-in protection",
        BlockedBy::SmartLockout => "smart lockout",
        BlockedBy::Error50053 => "smart lockout or built-in protection (50053)",
        BlockedBy::ConditionalAccess => "Conditional Access",
    }
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

/// Lines of a page as wide as the terminal.
struct Page {
    lines: Vec<String>,
    paper: output::Paper,
}

impl Page {
    fn heading(&mut self, title: &str) {
        let title = self.paper.columns.map_or_else(|| text::safe(title), |columns| text::fit(title, columns));
        self.lines.push(if self.paper.bold { format!("\u{1b}[1m{title}\u{1b}[0m") } else { title.into_owned() });
    }

    fn section(&mut self, title: &str) {
        self.lines.push(String::new());
        self.heading(title);
    }

    /// What is left of a line after an indent: enough to read, however narrow the terminal.
    fn room(&self, indent: usize) -> Option<usize> {
        self.paper.columns.map(|columns| columns.saturating_sub(indent).max(20))
    }

    fn text(&mut self, indent: usize, text: &str) {
        let lines = output::wrapped(text, self.room(indent));
        self.lines.extend(lines.into_iter().map(|line| format!("{:indent$}{line}", "")));
    }

    fn item(&mut self, mark: &str, text: &str) {
        for (at, line) in output::wrapped(text, self.room(4)).into_iter().enumerate() {
            self.lines.push(format!("  {} {line}", if at == 0 { mark } else { " " }));
        }
    }

    /// A mark and a name, and beside them what there is to say; below them where the terminal is narrow.
    fn entry(&mut self, mark: &str, name: &str, texts: &[&str]) {
        let indent = 2 + 4 + NAME + 2;
        let name = format!("  {mark:<4}{}", text::safe(name));
        let beside = text::width(&name) + 2 <= indent && self.paper.columns.is_none_or(|columns| columns >= indent + 30);
        let room = self.room(if beside { indent } else { 6 });
        let mut lines = texts.iter().flat_map(|text| output::wrapped(text, room));
        if beside {
            let first = lines.next().unwrap_or_default();
            let pad = indent - text::width(&name);
            self.lines.push(format!("{name}{:pad$}{first}", "").trim_end().to_owned());
            self.lines.extend(lines.map(|line| format!("{:indent$}{line}", "")));
        } else {
            let name = self.paper.columns.map_or_else(|| name.clone(), |columns| text::fit(&name, columns).into_owned());
            self.lines.push(name);
            self.lines.extend(lines.map(|line| format!("{:6}{line}", "")));
        }
    }

    fn option(&mut self, advice: &Advice) {
        let mark = match advice.available {
            Some(true) => "yes",
            Some(false) => "no",
            None => "?",
        };
        let because = advice.because.join("; ");
        let effect = match advice.available {
            Some(false) => format!("If it could be done: {}", advice.effect),
            _ => advice.effect.clone(),
        };
        let texts: Vec<&str> = [because.as_str(), effect.as_str()].into_iter().filter(|text| !text.is_empty()).collect();
        self.entry(mark, advice.option, &texts);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixture;
    use crate::domain::ledger::Ledger;
    use crate::domain::plan::PlanContext;
    use crate::domain::policy::TenantFacts;

    fn explained(change: impl FnOnce(&mut UserRecords)) -> (UserRecords, Explanation) {
        let mut records = fixture::risky_user("adele", "anomalousToken");
        change(&mut records);
        let context = PlanContext::new("me", Access::ReadWrite, fixture::now());
        let explanation = advice::explain(&Facts::of(&records, &TenantFacts::default(), Some("tenant-7"), &Ledger::default(), &context));
        (records, explanation)
    }

    #[test]
    fn the_page_is_as_wide_as_the_terminal_and_commands_none() {
        let (records, explanation) = explained(|records| {
            records.user.is_deleted = Some(true);
            records.user.user_display_name = Some("Adele\u{1b}[2J".into());
        });
        for columns in [40, 60, 80, 120] {
            let page = sheet(&records, &explanation, &[], output::Paper { columns: Some(columns), bold: false });
            let widest = page.lines().map(text::width).max();
            assert!(widest <= Some(columns), "{columns}: {widest:?}\n{page}");
            assert!(!page.contains('\u{1b}') && page.contains("Tenant ID: tenant-7"), "{page}");
        }
    }

    #[test]
    fn the_answer_comes_first_then_why_then_what_can_be_done() {
        let (records, explanation) = explained(|records| records.directory.account_enabled = Some(false));
        let page = sheet(&records, &explanation, &[], output::Paper::plain());
        let parts =
            ["At risk: yes", "Blocked: yes, by a disabled account", "Why", "What happened", "To unblock the user", "unblock sign-in"];
        let at: Vec<Option<usize>> = parts.iter().map(|part| page.find(part)).collect();
        assert!(at.iter().all(Option::is_some) && at.is_sorted(), "{at:?}\n{page}");
    }
}

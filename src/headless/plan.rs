//! `plan`: what an action would do, printed or written to a file.

use std::io::IsTerminal as _;
use std::path::Path;

use super::cli::{Format, PlanArgs, Planned};
use super::failure::{Exit, Failure};
use super::place::{self, Place};
use super::targets::{self, Named};
use super::{apply, left, output};
use crate::domain::action::{Action, Aim};
use crate::domain::dataset::Dataset;
use crate::domain::plan::{LOOKED_AT, Plan, PlanContext, PlanTarget, Verdict};
use crate::domain::records::UserId;
use crate::domain::text;
use crate::engine::Session;

/// `plan`
pub async fn plan(place: &Place, args: &PlanArgs) -> Result<(), Failure> {
    let (session, plan) = computed(place, &args.planned).await?;
    apply::warn_of_unfinished(&session.ledger(), &plan);
    let to_file = args.output.as_deref().filter(|file| *file != Path::new("-"));
    let format = match args.format {
        Some(format) => format,
        None if to_file.is_some() || !std::io::stdout().is_terminal() => Format::Json,
        None => Format::Table,
    };
    let text = printed(&plan, format, place.paper)?;
    let Some(file) = to_file else { return output::data(&text) };
    std::fs::write(file, text).map_err(|error| cannot_write(file, error))?;
    output::say(&format!("{}; written to {}", in_numbers(&plan), file.display()));
    Ok(())
}

/// A file that cannot be written.
pub fn cannot_write(file: &Path, error: std::io::Error) -> Failure {
    Failure::new(Exit::Workspace, format!("cannot write {}", file.display())).because(error).hinted("check the path")
}

/// Opens the workspace and computes the plan.
pub async fn computed(place: &Place, planned: &Planned) -> Result<(Session, Plan), Failure> {
    let wanted = Named::read(planned)?;
    let session = place.open().await?;
    let mut dataset = session.load()?;
    let ledger = session.ledger();
    let now = session.clock().now();
    // Those who are named one by one; request ids are no users, and a file may name thousands.
    place::find_elsewhere(&session, &planned.wanted.user, &mut dataset).await?;
    let asks_what_blocks = (planned.action.needs_policy() && planned.policy.is_none()) || planned.action.aim() == Aim::Address;
    if asks_what_blocks {
        let users = targets::users_whose_block_is_unknown(&wanted, &dataset, &ledger, now)?;
        look(&session, users, "sign-ins", &mut dataset).await;
    }
    let policy = targets::policy(planned, &wanted, &dataset, &ledger, now)?;
    let targets = targets::targets(planned.action, &wanted, policy.as_ref(), &dataset, &ledger, now)?;
    if targets.is_empty() {
        return Err(targets::nothing(planned.action, &wanted, &ledger));
    }
    let steps = planned.action.steps();
    let steps: Vec<Action> = steps.iter().copied().filter(|step| planned.block || *step != Action::BlockSignIn).collect();
    if planned.action == Action::DisableDevices || steps.contains(&Action::DisableDevices) {
        let users = targets.iter().map(|target| UserId::from(target.id())).collect();
        look(&session, users, "devices", &mut dataset).await;
    }
    let context = PlanContext { policy, steps: Some(steps), ..session.plan_context(planned.reason.trim(), planned.include_caution) };
    let plan = Plan::compute(planned.action, &targets, &dataset, &context);
    Ok((session, plan))
}

/// Asks the tenant for what is too much to read of everybody. What cannot be read stays unknown, and the plan says so.
async fn look(session: &Session, users: Vec<UserId>, what: &str, dataset: &mut Dataset) {
    if users.len() > LOOKED_AT {
        output::say(&format!("note: {what} are read for the first {LOOKED_AT} users only"));
    }
    let known = |id: &UserId| dataset.user(id).is_some_and(|records| records.user.is_deleted != Some(true));
    let users: Vec<UserId> = users.into_iter().filter(known).take(LOOKED_AT).collect();
    let (seen, hindered) = session.engine.look(&users).await;
    for records in seen {
        dataset.put(records);
    }
    if let Some(error) = hindered {
        output::say(&format!("note: {what} could not be read: {error}"));
    }
}

/// The plan as it is printed.
pub fn printed(plan: &Plan, format: Format, paper: output::Paper) -> Result<String, Failure> {
    match format {
        Format::Json => output::json(plan),
        Format::Jsonl => output::json_line(plan),
        Format::Table | Format::Csv => Ok(summary(plan, paper)),
    }
}

/// "37 users will be dismissed, 3 left out, 1 refused".
pub fn in_numbers(plan: &Plan) -> String {
    let included = plan.included_count();
    let refused = plan.count(Verdict::Refused);
    let left_out = plan.targets.len() - included - refused;
    let mut text = format!("{included} {} {}", plan.action.noun(included), plan.action.outcome());
    if left_out > 0 {
        text.push_str(&format!(", {left_out} left out"));
    }
    if refused > 0 {
        text.push_str(&format!(", {refused} refused"));
    }
    text
}

/// The plan for people.
pub fn summary(plan: &Plan, paper: output::Paper) -> String {
    let mut out = format!("{}: {}\n", plan.action.title(), in_numbers(plan));
    let reason = if plan.reason.is_empty() { "(none given)".into() } else { text::safe(&plan.reason) };
    let about = left::about(plan).map(|about| format!("About: {}\n", text::safe(&about))).unwrap_or_default();
    out.push_str(&format!("{about}Reason: {reason}\n{}\n", plan.action.consequence()));
    let requests = if plan.requests == 1 { "request" } else { "requests" };
    out.push_str(&format!("{} {requests}, about {} s, then read back\n\n", plan.requests, plan.estimated_seconds));
    let rows = plan.targets.iter().map(|target| {
        let included = if target.included { "yes" } else { "no" };
        let name = text::safe(&left::name(plan, target)).into_owned();
        let id = text::safe(&target.id).into_owned();
        vec![included.to_owned(), target.verdict.as_str().to_owned(), because(plan.action, target), name, id]
    });
    let headings = ["INCLUDED", "VERDICT", "BECAUSE", "USER", "ID"].map(str::to_owned).to_vec();
    out.push_str(&output::aligned(headings, rows.collect(), paper));
    out.push_str(&changes(plan));
    out
}

/// What exactly will change, and the steps of a playbook.
fn changes(plan: &Plan) -> String {
    let mut out = String::new();
    for (number, step) in plan.steps.iter().enumerate() {
        out.push_str(&format!("Step {}: {}\n", number + 1, step.title()));
    }
    for target in plan.included().filter(|target| !target.changes.is_empty()) {
        for change in &target.changes {
            out.push_str(&format!("{}: {}\n", text::safe(&left::name(plan, target)), text::safe(change)));
        }
    }
    if out.is_empty() { out } else { format!("\n{out}") }
}

/// Why a target has its verdict: what refuses it first, then what would only be a caution.
pub fn because(action: Action, target: &PlanTarget) -> String {
    let words = |refuses: bool| -> Vec<&str> {
        target.because.iter().filter(|because| because.refuses(action) == refuses).map(|because| because.words()).collect()
    };
    match (words(true).join(", "), words(false).join(", ")) {
        (refusing, other) if refusing.is_empty() && other.is_empty() => "-".to_owned(),
        (refusing, other) if refusing.is_empty() => other,
        (refusing, other) if other.is_empty() => refusing,
        (refusing, other) => format!("{refusing}; also: {other}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixture;
    use crate::domain::plan::{Access, Because, PlanContext, Target};
    use crate::domain::risk::RiskState;

    fn dataset() -> Dataset {
        let mut closed = fixture::risky_user("closed", "passwordSpray");
        closed.sign_ins[0].risk_state = Some(RiskState::Dismissed);
        [fixture::risky_user("adele", "anomalousToken"), fixture::risky_user("alex", "passwordSpray"), closed].into_iter().collect()
    }

    #[test]
    fn the_summary_counts_what_is_left_out_and_why() {
        let context = PlanContext {
            reason: "PT-118".to_owned(),
            requests_per_second: Some(1.0),
            read_back_page: 500,
            ..PlanContext::new("me", Access::ReadWrite, fixture::now())
        };
        let targets = ["adele", "alex", "nobody"].map(|id| Target::User(id.into()));
        let plan = Plan::compute(Action::DismissUserRisk, &targets, &dataset(), &context);
        assert_eq!(in_numbers(&plan), "1 user will be dismissed, 1 left out, 1 refused");
        let summary = summary(&plan, output::Paper::plain());
        assert!(summary.contains(Because::TokenTheft.words()) && summary.contains("PT-118"), "{summary}");
    }
}

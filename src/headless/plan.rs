//! `plan`: who is meant, and what the plan says.

use std::collections::HashMap;
use std::io::{IsTerminal as _, Read as _};
use std::path::Path;

use super::cli::{Format, PlanArgs, Planned, Wanted};
use super::failure::{Exit, Failure};
use super::place::{self, Place};
use super::{list, output};
use crate::domain::action::{Action, Aim};
use crate::domain::dataset::Dataset;
use crate::domain::ledger::Ledger;
use crate::domain::plan::{Plan, PlanTarget, Target, Verdict};
use crate::domain::records::{UserId, UserRecords};
use crate::domain::text;
use crate::domain::time::Timestamp;
use crate::engine::Session;

/// `plan`
pub async fn plan(place: &Place, args: &PlanArgs) -> Result<(), Failure> {
    let (_, plan) = computed(place, &args.planned).await?;
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
    let wanted = Named::read(&planned.wanted)?;
    if matches!(&wanted, Named::Query { text, .. } if text.is_empty()) {
        return Err(
            Failure::usage("the query is empty").hinted("to mean everybody who is at risk, say so: state:atRisk,confirmedCompromised")
        );
    }
    let session = place.open().await?;
    let dataset = session.load()?;
    let ledger = session.ledger();
    let now = session.clock().now();
    let targets = targets(planned.action, &wanted, &dataset, &ledger, now)?;
    if targets.is_empty() {
        return Err(nothing(planned.action, &wanted));
    }
    let context = session.plan_context(planned.reason.trim(), planned.include_caution);
    let plan = Plan::compute(planned.action, &targets, &dataset, &context);
    Ok((session, plan))
}

/// The plan as it is printed.
pub fn printed(plan: &Plan, format: Format, paper: output::Paper) -> Result<String, Failure> {
    match format {
        Format::Json => output::json(plan),
        Format::Jsonl => output::json_line(plan),
        Format::Table | Format::Csv => Ok(summary(plan, paper)),
    }
}

/// Who is meant.
#[derive(Debug)]
enum Named {
    Query { text: String, query: Box<crate::domain::query::Query> },
    Each(Vec<String>),
}

impl Named {
    fn read(wanted: &Wanted) -> Result<Self, Failure> {
        if let Some(file) = &wanted.from {
            return Ok(Named::Each(names(&read(file)?)));
        }
        if !wanted.user.is_empty() {
            return Ok(Named::Each(wanted.user.clone()));
        }
        let query = Box::new(list::parse(&wanted.query)?);
        Ok(Named::Query { text: wanted.query.join(" ").trim().to_owned(), query })
    }
}

/// Reads a whole file, or standard input for `-`.
pub fn read(file: &Path) -> Result<String, Failure> {
    let text = if file == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().lock().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(file)
    };
    text.map_err(|error| {
        let failure = Failure::usage(format!("cannot read {}", file.display())).because(error);
        failure.hinted("give a text file, or - for standard input")
    })
}

fn names(text: &str) -> Vec<String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text); // Windows editors leave a mark at the beginning
    let lines = text.lines().map(|line| line.split_once('#').filter(|(before, _)| is_comment(before)).map_or(line, |(before, _)| before));
    lines.map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

/// A guest's principal name holds `#EXT#`, so a comment must stand alone or after a blank.
fn is_comment(before: &str) -> bool {
    before.is_empty() || before.ends_with(char::is_whitespace)
}

fn nothing(action: Action, wanted: &Named) -> Failure {
    let list = if action.aim() == Aim::SignIn { "sign-ins" } else { "users" };
    match wanted {
        Named::Query { text, .. } => Failure::usage(format!("nothing matches {text}")).hinted(format!("try it with entriage {list} first")),
        Named::Each(_) if list == "sign-ins" => {
            Failure::usage("nothing matches: these users have no sign-in at risk").hinted("a query or --from FILE names other sign-ins")
        }
        Named::Each(_) => Failure::usage("nothing matches: no user is named").hinted("one object id or user principal name a line"),
    }
}

fn targets(action: Action, wanted: &Named, dataset: &Dataset, ledger: &Ledger, now: Timestamp) -> Result<Vec<Target>, Failure> {
    match (wanted, action.aim()) {
        (Named::Query { query, .. }, Aim::User) => {
            let users = list::matching_users(dataset.users(), query, ledger, now);
            Ok(users.into_iter().map(|records| Target::User(records.id().clone())).collect())
        }
        (Named::Query { query, .. }, Aim::SignIn) => {
            let sign_ins = list::matching_sign_ins(dataset.users(), query, ledger, now);
            Ok(sign_ins.into_iter().map(|(_, sign_in)| Target::SignIn(sign_in.id.clone())).collect())
        }
        (Named::Query { .. }, Aim::Policy | Aim::Address) => Ok(Vec::new()),
        (Named::Each(names), aim) => {
            let index = Index::new(dataset, aim);
            let mut targets = Vec::new();
            for name in names {
                targets.extend(index.targets(name)?);
            }
            Ok(targets)
        }
    }
}

/// Finds users and sign-ins by name without a pass over the tenant for each.
struct Index<'a> {
    users: HashMap<String, Vec<&'a UserRecords>>,
    sign_ins: HashMap<&'a str, Target>,
    aim: Aim,
}

impl<'a> Index<'a> {
    fn new(dataset: &'a Dataset, aim: Aim) -> Self {
        let mut users: HashMap<String, Vec<&UserRecords>> = HashMap::new();
        for records in dataset.users() {
            let id = records.id().as_str().to_lowercase();
            let principal_name = records.user.user_principal_name.as_deref().map(str::to_lowercase).filter(|name| *name != id);
            for name in std::iter::once(id).chain(principal_name) {
                users.entry(name).or_default().push(records);
            }
        }
        let sign_ins = match aim {
            Aim::User | Aim::Policy | Aim::Address => HashMap::new(),
            Aim::SignIn => dataset.sign_ins().map(|(_, sign_in)| (sign_in.id.as_str(), Target::SignIn(sign_in.id.clone()))).collect(),
        };
        Index { users, sign_ins, aim }
    }

    /// What a name stands for. A name that nobody has becomes a target, too: the plan says that it is unknown.
    fn targets(&self, name: &str) -> Result<Vec<Target>, Failure> {
        if let Some(target) = self.sign_ins.get(name) {
            return Ok(vec![target.clone()]);
        }
        let found = match self.users.get(&name.to_lowercase()).map(Vec::as_slice) {
            Some([first, second, ..]) => {
                // An object id is one account's, whoever has it for a principal name.
                match self.users.get(&name.to_lowercase()).and_then(|all| all.iter().find(|records| records.id() == &UserId::from(name))) {
                    Some(records) => Some(*records),
                    None => return Err(place::ambiguous(name, first, second)),
                }
            }
            Some([records]) => Some(*records),
            Some([]) | None => None,
        };
        Ok(match (found, self.aim) {
            (Some(records), Aim::User) => vec![Target::User(records.id().clone())],
            (None, Aim::User) => vec![Target::User(name.into())],
            (Some(records), Aim::SignIn) => {
                let at_risk = records.sign_ins.iter().filter(|sign_in| sign_in.at_risk() == Some(true));
                at_risk.map(|sign_in| Target::SignIn(sign_in.id.clone())).collect()
            }
            (None, Aim::SignIn) => vec![Target::SignIn(name.into())],
            (_, Aim::Policy) => vec![Target::Policy(name.to_owned())],
            (_, Aim::Address) => vec![Target::Address(name.to_owned())],
        })
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
    out.push_str(&format!("Reason: {reason}\n{}\n", plan.action.consequence()));
    let requests = if plan.requests == 1 { "request" } else { "requests" };
    out.push_str(&format!("{} {requests}, about {} s, then read back\n\n", plan.requests, plan.estimated_seconds));
    let rows = plan.targets.iter().map(|target| {
        let included = if target.included { "yes" } else { "no" };
        let name = text::safe(name(target)).into_owned();
        let id = text::safe(&target.id).into_owned();
        vec![included.to_owned(), target.verdict.as_str().to_owned(), because(target), name, id]
    });
    let headings = ["INCLUDED", "VERDICT", "BECAUSE", "USER", "ID"].map(str::to_owned).to_vec();
    out.push_str(&output::aligned(headings, rows.collect(), paper));
    out
}

/// The best name of a target. Hostile text.
pub fn name(target: &PlanTarget) -> &str {
    target.user_principal_name.as_deref().unwrap_or(&target.id)
}

fn because(target: &PlanTarget) -> String {
    let words: Vec<&str> = target.because.iter().map(|because| because.words()).collect();
    if words.is_empty() { "-".to_owned() } else { words.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixture;
    use crate::domain::plan::{Access, Because, PlanContext};
    use crate::domain::risk::RiskState;

    fn dataset() -> Dataset {
        let mut closed = fixture::risky_user("closed", "passwordSpray");
        closed.sign_ins[0].risk_state = Some(RiskState::Dismissed);
        [fixture::risky_user("adele", "anomalousToken"), fixture::risky_user("alex", "passwordSpray"), closed].into_iter().collect()
    }

    fn ids(action: Action, names: &[&str]) -> Result<Vec<String>, Failure> {
        let wanted = Named::Each(names.iter().map(|name| (*name).to_owned()).collect());
        let targets = targets(action, &wanted, &dataset(), &Ledger::default(), fixture::now())?;
        Ok(targets.iter().map(|target| target.id().to_owned()).collect())
    }

    #[test]
    fn users_are_named_by_id_or_principal_name_and_unknown_ones_stay_in_the_plan() {
        assert_eq!(ids(Action::DismissUserRisk, &["Alex@Contoso.test", "adele", "nobody"]).unwrap(), ["alex", "adele", "nobody"]);
    }

    #[test]
    fn a_sign_in_action_takes_the_users_sign_ins_at_risk_or_request_ids() {
        assert_eq!(ids(Action::DismissSignInRisk, &["alex", "closed", "closed-s1"]).unwrap(), ["alex-s1", "closed-s1"]);
        assert!(ids(Action::DismissSignInRisk, &["closed"]).unwrap().is_empty());
    }

    #[test]
    fn a_name_of_two_accounts_is_no_target() {
        let mut again = fixture::risky_user("new", "passwordSpray");
        again.user.user_principal_name = Some("alex@contoso.test".to_owned());
        let mut dataset = dataset();
        dataset.put(again);
        let index = Index::new(&dataset, Aim::User);
        assert_eq!(index.targets("alex@contoso.test").unwrap_err().exit, Exit::Usage);
        assert_eq!(index.targets("new").unwrap().len(), 1);
    }

    #[test]
    fn files_of_names_have_comments_and_guests() {
        let text = "\u{feff}# of ticket 7\r\na@b.test  # the first\n\n  c_fabrikam.test#EXT#@contoso.test\n";
        assert_eq!(names(text), ["a@b.test", "c_fabrikam.test#EXT#@contoso.test"]);
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

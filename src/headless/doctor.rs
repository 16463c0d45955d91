//! `doctor`: whether everything works on this machine and for this workspace, and what each verb lacks.

use std::io::IsTerminal as _;

use serde_json::{Value, json};

use super::cli::{Doctor, Format};
use super::failure::{Exit, Failure};
use super::output;
use super::place::Place;
use crate::domain::action::{Action, Kind};
use crate::domain::permission::{Holder, Lack, Operation, lacks};
use crate::domain::plan::Access;
use crate::domain::text;
use crate::engine::Session;
use crate::tenant::TenantError;
use crate::tenant::graph::{GraphTenant, Report};

/// A clock that is further off than this makes sign-ins fail and times wrong.
const SKEW: chrono::TimeDelta = chrono::TimeDelta::minutes(5);
/// What is read besides risky users, and what for.
const READS: [(Operation, &str); 8] = [
    (Operation::ReadRiskyUsers, "read risky users"),
    (Operation::ReadDetections, "read risk detections"),
    (Operation::ReadSignIns, "read sign-ins"),
    (Operation::ReadUsers, "read the directory"),
    (Operation::ReadRegistration, "read registrations and administrators"),
    (Operation::ReadPolicies, "read policies and named locations"),
    (Operation::ReadDevices, "read devices"),
    (Operation::ReadMethods, "read authentication methods"),
];

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Ok,
    /// It works, with something to know.
    Warning,
    Failed,
}

impl State {
    fn word(self) -> &'static str {
        match self {
            State::Ok => "ok",
            State::Warning => "warning",
            State::Failed => "failed",
        }
    }
}

/// One check, and how the program ends because of it.
struct Check {
    name: String,
    state: State,
    detail: String,
    exit: Exit,
}

/// A verb, whether it is allowed (`None` where nobody can tell), and what is missing.
struct Verb {
    action: Action,
    allowed: Option<bool>,
    missing: Vec<String>,
}

/// `doctor`
pub async fn doctor(place: &Place, args: &Doctor) -> Result<Exit, Failure> {
    let mut checks = vec![terminal()];
    let session = place.open().await?;
    checks.push(check("workspace", State::Ok, format!("{} ({})", session.name, session.manifest.source.label()), Exit::Done));
    checks.extend(store(&session));
    let verbs = match session.graph() {
        Some(tenant) => live(&session, tenant, &mut checks).await,
        None if session.account().is_some() => {
            checks.push(check("sign-in", State::Failed, session.notices.join("; "), Exit::Access));
            Action::ALL
                .into_iter()
                .map(|action| Verb { action, allowed: None, missing: vec!["a connection: see above".to_owned()] })
                .collect()
        }
        None => Action::ALL.into_iter().map(|action| offline(&session, action)).collect(),
    };
    print(&checks, &verbs, args.format, place)?;
    let worst = checks.iter().find(|check| check.state == State::Failed).map(|check| check.exit);
    Ok(worst.unwrap_or(Exit::Done))
}

fn check(name: &str, state: State, detail: impl Into<String>, exit: Exit) -> Check {
    Check { name: name.to_owned(), state, detail: detail.into(), exit }
}

fn terminal() -> Check {
    let both = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    let kind = std::env::var("TERM").unwrap_or_else(|_| "unknown".to_owned());
    match (both, crossterm::terminal::size()) {
        (true, Ok((columns, rows))) if columns >= 60 && rows >= 18 => {
            check("terminal", State::Ok, format!("{kind}, {columns}x{rows}"), Exit::Done)
        }
        (true, Ok((columns, rows))) => {
            check("terminal", State::Warning, format!("{kind}, {columns}x{rows}: the console needs 60x18"), Exit::Done)
        }
        _ => check("terminal", State::Warning, "none here: the console needs one, commands do not", Exit::Done),
    }
}

fn store(session: &Session) -> Vec<Check> {
    let journal = match session.store.verify() {
        Ok(Ok(head)) => check("journal", State::Ok, format!("the chain of {} records holds", head.seq), Exit::Done),
        Ok(Err(damage)) => check("journal", State::Failed, format!("{damage}"), Exit::Workspace),
        Err(error) => check("journal", State::Failed, error.to_string(), Exit::Workspace),
    };
    let records = match session.load() {
        Ok(dataset) => check("store", State::Ok, format!("{} users are held", dataset.len()), Exit::Done),
        Err(error) => check("store", State::Failed, error.to_string(), Exit::Workspace),
    };
    let fresh = match (session.store.synced_at(), session.store.sync_state()) {
        (Ok(_), Ok(state)) if state.unfinished.is_some() => {
            check("data", State::Warning, "bringing it up to date was interrupted; entriage sync goes on", Exit::Done)
        }
        (Ok(Some(at)), Ok(state)) if state.notes.is_empty() => {
            check("data", State::Ok, format!("up to date as of {} UTC", output::moment(at)), Exit::Done)
        }
        (Ok(Some(_)), Ok(state)) => check("data", State::Warning, state.notes.join("; "), Exit::Done),
        (Ok(None), Ok(_)) => check("data", State::Warning, "never brought up to date; entriage sync does", Exit::Done),
        (Err(error), _) | (_, Err(error)) => check("data", State::Failed, error.to_string(), Exit::Workspace),
    };
    vec![records, journal, fresh]
}

fn offline(session: &Session, action: Action) -> Verb {
    match session.access() {
        Access::ReadWrite => Verb { action, allowed: Some(true), missing: Vec::new() },
        Access::ReadOnly => Verb { action, allowed: Some(false), missing: vec![writing_is_off(session)] },
        Access::Evidence => {
            Verb { action, allowed: Some(false), missing: vec!["a tenant: this workspace holds imported files".to_owned()] }
        }
    }
}

fn writing_is_off(session: &Session) -> String {
    format!("writing is off for this workspace: entriage settings writable true --workspace {} turns it on", session.name)
}

async fn live(session: &Session, tenant: &GraphTenant, checks: &mut Vec<Check>) -> Vec<Verb> {
    let report = match tenant.examine().await {
        Ok(report) => report,
        Err(error) => {
            let failure = Failure::from(error);
            let why = failure.why.clone().unwrap_or_default();
            let hint = failure.hint.as_deref().map(|hint| format!("; {hint}")).unwrap_or_default();
            checks.push(check("sign-in", State::Failed, format!("{why}{hint}"), failure.exit));
            let missing = vec!["a sign-in: see above".to_owned()];
            return Action::ALL.into_iter().map(|action| Verb { action, allowed: None, missing: missing.clone() }).collect();
        }
    };
    checks.extend(signed_in(&report));
    for (operation, name) in READS {
        checks.push(reading(&report, operation, name));
    }
    Action::ALL
        .into_iter()
        .map(|action| {
            let mut verb = verb(action, &report.holder);
            if session.access() == Access::ReadOnly {
                verb.allowed = Some(false);
                verb.missing.push(writing_is_off(session));
            }
            verb
        })
        .collect()
}

/// What an action lacks, of a playbook each of its steps. What it lacks for hybrid users alone is said, and forbids nobody else.
fn verb(action: Action, holder: &Holder) -> Verb {
    if action.kind() == Kind::Playbook {
        let steps: Vec<Verb> = action.steps().iter().map(|step| verb(*step, holder)).collect();
        let missing = steps.iter().flat_map(|step| step.missing.iter().map(|lack| format!("{}: {lack}", step.action))).collect();
        return Verb { action, allowed: Some(steps.iter().all(|step| step.allowed == Some(true))), missing };
    }
    let mut missing = lacking(action, false, holder);
    let allowed = Some(missing.is_empty());
    let of_hybrid: Vec<String> = lacking(action, true, holder).into_iter().filter(|lack| !missing.contains(lack)).collect();
    missing.extend(of_hybrid.iter().map(|lack| format!("hybrid users: {lack}")));
    Verb { action, allowed, missing }
}

fn lacking(action: Action, hybrid: bool, holder: &Holder) -> Vec<String> {
    let mut told = Vec::new();
    for lack in Operation::of(action, hybrid).into_iter().flat_map(|operation| lacks(operation, holder)) {
        let lack = lack.to_string();
        if !told.contains(&lack) {
            told.push(lack);
        }
    }
    told
}

fn signed_in(report: &Report) -> Vec<Check> {
    let claims = &report.claims;
    let who = claims.account.as_ref().or(claims.name.as_ref()).or(claims.app_id.as_ref()).cloned().unwrap_or_default();
    let kind = if report.holder.is_application { "application" } else { "user" };
    let tenant = report.tenant_name.clone().or_else(|| report.domain.clone()).unwrap_or_default();
    let id = report.tenant_id.clone().unwrap_or_default();
    let mut checks = vec![
        check("sign-in", State::Ok, format!("{kind} {who}"), Exit::Done),
        check("tenant", State::Ok, format!("{tenant} ({id})"), Exit::Done),
        check("permissions", State::Ok, report.holder.permissions.join(" "), Exit::Done),
    ];
    match &report.holder.roles {
        _ if report.holder.is_application => {}
        Some(roles) if roles.is_empty() => checks.push(check("roles", State::Warning, "no directory role", Exit::Done)),
        Some(roles) => checks.push(check("roles", State::Ok, roles.join(", "), Exit::Done)),
        None => checks.push(check("roles", State::Warning, "unknown: the token does not tell", Exit::Done)),
    }
    checks.push(match &report.holder.service_plans {
        None => check("licence", State::Warning, "unknown: the tenant's licences may not be read", Exit::Done),
        Some(plans) if plans.iter().any(|plan| plan == "AAD_PREMIUM_P2") => {
            check("licence", State::Ok, "Microsoft Entra ID P2", Exit::Done)
        }
        Some(plans) if plans.iter().any(|plan| plan == "AAD_PREMIUM") => {
            check("licence", State::Warning, "Microsoft Entra ID P1: risk data needs P2", Exit::Done)
        }
        Some(_) => check("licence", State::Failed, "neither Microsoft Entra ID P1 nor P2", Exit::Access),
    });
    let off = report.skew.num_seconds();
    if report.skew.abs() > SKEW {
        checks.push(check("clock", State::Failed, format!("{off} s behind Graph's: set this machine's clock"), Exit::Workspace));
    } else {
        checks.push(check("clock", State::Ok, format!("within {} s of Graph's", off.abs().max(1)), Exit::Done));
    }
    checks
}

fn reading(report: &Report, operation: Operation, name: &str) -> Check {
    if let (Operation::ReadRiskyUsers, Err(error)) = (operation, &report.risky_users) {
        return check(name, State::Failed, refused(error), Exit::Access);
    }
    let missing: Vec<String> = lacks(operation, &report.holder).iter().map(Lack::to_string).collect();
    if missing.is_empty() {
        return check(name, State::Ok, "allowed", Exit::Done);
    }
    let essential = matches!(operation, Operation::ReadRiskyUsers | Operation::ReadDetections);
    check(name, if essential { State::Failed } else { State::Warning }, missing.join("; "), Exit::Access)
}

fn refused(error: &TenantError) -> String {
    match error {
        TenantError::Denied { missing, .. } => format!("{error}; {}", missing.hint()),
        error => error.to_string(),
    }
}

fn print(checks: &[Check], verbs: &[Verb], format: Format, place: &Place) -> Result<(), Failure> {
    if format == Format::Json {
        let value: Vec<Value> =
            checks.iter().map(|check| json!({"check": check.name, "state": check.state.word(), "detail": check.detail})).collect();
        let verbs: Vec<Value> =
            verbs.iter().map(|verb| json!({"action": verb.action, "allowed": verb.allowed, "missing": verb.missing})).collect();
        return output::data(&output::json(&json!({"count": value.len(), "value": value, "verbs": verbs}))?);
    }
    let mut rows: Vec<Vec<String>> = checks
        .iter()
        .map(|check| vec![check.name.clone(), check.state.word().to_owned(), text::safe(&check.detail).into_owned()])
        .collect();
    rows.extend(verbs.iter().map(|verb| {
        let state = match verb.allowed {
            Some(true) => "allowed",
            Some(false) => "missing",
            None => "unknown",
        };
        let detail = if verb.missing.is_empty() { "-".to_owned() } else { verb.missing.join("; ") };
        vec![verb.action.to_string(), state.to_owned(), text::safe(&detail).into_owned()]
    }));
    // Nothing is cut off here: what is missing must be read to its end.
    let paper = output::Paper { columns: None, ..place.paper };
    output::data(&output::aligned(["CHECK", "STATE", "DETAIL"].map(str::to_owned).to_vec(), rows, paper))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holder(is_application: bool, permissions: &[&str]) -> Holder {
        Holder { is_application, permissions: permissions.iter().map(|name| (*name).to_owned()).collect(), ..Holder::default() }
    }

    #[test]
    fn what_is_missing_for_hybrid_users_alone_is_said_so_and_forbids_nobody_else() {
        let application = holder(true, &["User-PasswordProfile.ReadWrite.All"]);
        let told = verb(Action::GenerateTemporaryPassword, &application);
        assert_eq!(told.allowed, Some(true));
        assert_eq!(told.missing, ["hybrid users: applications cannot do this: sign in as a user"]);
    }

    #[test]
    fn a_playbook_is_told_by_its_steps() {
        let told = verb(Action::RemediatedElsewhere, &holder(false, &["IdentityRiskyUser.ReadWrite.All"]));
        assert_eq!((told.allowed, told.missing.len()), (Some(true), 0));
        let told = verb(Action::SecureAccount, &holder(false, &["IdentityRiskyUser.ReadWrite.All"]));
        assert_eq!(told.allowed, Some(false));
        assert!(told.missing.iter().any(|lack| lack.starts_with("revokeSessions: the permission ")), "{:?}", told.missing);
        assert!(!told.missing.iter().any(|lack| lack.starts_with("confirmUserCompromised")), "{:?}", told.missing);
    }
}

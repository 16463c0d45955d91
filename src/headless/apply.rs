//! `apply` and `act`: from a plan to its confirmation and a job.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::time::Duration;

use serde_json::Value;

use super::cli::{Act, Apply, Format, Run};
use super::failure::{Exit, Failure};
use super::job;
use super::left;
use super::output;
use super::place::{self, Place};
use super::plan;
use super::steps;
use super::targets;
use crate::domain::action::{Action, Kind};
use crate::domain::dataset::Dataset;
use crate::domain::ledger::Ledger;
use crate::domain::plan::{Answer, Because, Change, Confirmation, Confirmed, PLAN_VERSION, Plan, PlanTarget, Verdict};
use crate::domain::text;
use crate::engine::Session;

/// How many changes are told one by one.
const TOLD: usize = 20;
/// How many targets are named to show why nothing is left to do.
const TOLD_WHY: usize = 5;

/// `apply`
pub async fn apply(place: &Place, args: &Apply) -> Result<Exit, Failure> {
    let file = args.file.display().to_string();
    let older =
        parse(&targets::read(&args.file)?).map_err(|failure| Failure { message: format!("{file} {}", failure.message), ..failure })?;
    let session = place.open().await?;
    let dataset = session.load()?;
    let context = session.plan_context(&older.reason, false);
    let (mut plan, changes) = older.revise_as_named(&dataset, &context);
    tell(&changes);
    if !older.is_unedited() {
        output::say(&format!("note: {file} was edited since it was computed; all verdicts were judged again"));
        // A caution is taken in by planning so, with a reason, and not by an editor (invariant 8).
        let cautions: Vec<String> =
            plan.included().filter(|target| target.verdict == Verdict::Caution).map(|target| target.id.clone()).collect();
        for id in &cautions {
            plan.set_included(id, false, &context);
        }
        if !cautions.is_empty() {
            let hint = "plan again with --include-caution to take them in";
            output::say(&format!("note: an edited plan takes no caution in: {} left out; {hint}", cautions.len()));
        }
    }
    tell_cautions(&plan);
    // Who was left out then is not asked for now.
    let asked = plan.targets.iter().filter(|target| older.included().any(|was| was.id == target.id)).cloned().collect();
    let asked = Plan { targets: asked, ..plan.clone() };
    if plan.included_count() == 0 && is_all_done(&asked) {
        output::say(&format!("there is nothing left to do of {file}"));
        return nothing_to_do(&asked, args.run.format);
    }
    let take_in = "plan again with --include-caution --reason TEXT to take cautions in";
    execute(place, &session, plan, &args.run, take_in, |plan| Err(unconfirmed(plan))).await
}

/// `act`
pub async fn act(place: &Place, args: &Act) -> Result<Exit, Failure> {
    let (session, plan) = plan::computed(place, &args.planned).await?;
    let take_in = if plan.reason.is_empty() { "--include-caution --reason TEXT" } else { "--include-caution" };
    execute(place, &session, plan, &args.run, &format!("{take_in} takes cautions in"), |plan| {
        let format = args.run.format.unwrap_or(if io::stdout().is_terminal() { Format::Table } else { Format::Json });
        output::data(&plan::printed(plan, format, place.paper)?)?;
        Err(unconfirmed(plan))
    })
    .await
}

fn unconfirmed(plan: &Plan) -> Failure {
    let hint = format!("look at the plan; if it is right, --confirm {}", plan.included_count());
    Failure::usage("the plan is not confirmed").because(plan::in_numbers(plan)).hinted(hint)
}

/// Confirms the plan and runs it. `take_in` says how cautions are taken in, `otherwise` is what happens where nobody can be asked.
async fn execute(
    place: &Place,
    session: &Session,
    plan: Plan,
    run: &Run,
    take_in: &str,
    otherwise: impl FnOnce(&Plan) -> Result<Confirmed, Failure>,
) -> Result<Exit, Failure> {
    if run.each_step && plan.action.kind() != Kind::Playbook {
        return Err(Failure::usage("--each-step is for secureAccount and remediatedElsewhere").hinted("leave it out"));
    }
    if plan.included_count() == 0 {
        if is_all_done(&plan) {
            return nothing_to_do(&plan, run.format);
        }
        return Err(nothing_included(&plan, &session.load()?, session.is_forced_read_only(), take_in));
    }
    if let Some(failure) = unfinished(&session.ledger(), &plan) {
        return Err(failure);
    }
    // What is typed confirms the checklist; each of its steps is shown and asked for when its turn comes.
    let each_step = plan.action.kind() == Kind::Playbook && (run.each_step || run.confirm.is_none());
    let confirmed = match run.confirm {
        Some(count) => {
            let left_out = not_acted_on(&plan);
            let confirmed = plan.confirm(Answer::Number(count)).map_err(|error| Failure { lines: left_out.clone(), ..error.into() })?;
            left_out.iter().for_each(|line| output::say(line));
            confirmed
        }
        None if asks() => ask(place, plan).await?,
        None => otherwise(&plan)?,
    };
    let (hold, format) = (Duration::from_secs(run.hold), run.format.unwrap_or(Format::Table));
    if each_step && run.hold > 0 && !asks() {
        return Err(Failure::usage("nothing is sent yet that could be held").hinted("give --hold to entriage jobs resume, with each step"));
    }
    if each_step {
        return steps::begin(place, session, &confirmed, hold, format).await;
    }
    job::run(session, &confirmed, hold, format).await
}

/// Says what a plan would have to wait for, if it were to be confirmed now.
pub fn warn_of_unfinished(ledger: &Ledger, plan: &Plan) {
    let Some(failure) = unfinished(ledger, plan) else { return };
    output::say(&format!("note: {}: this plan would wait for it", failure.message));
    for line in failure.lines.iter().chain(&failure.hint) {
        output::say(line);
    }
}

/// Why a plan waits for another job: what is unfinished may still be sent, or may have been, so nothing is sent beside it.
fn unfinished(ledger: &Ledger, plan: &Plan) -> Option<Failure> {
    let found = ledger.unfinished_with(plan);
    let first = found.first()?;
    let mut failure = Failure::new(Exit::Workspace, "another job on the same targets is unfinished")
        .because("what it sent or may yet send would meet this plan")
        .hinted(format!("entriage jobs resume {0} goes on with it; entriage jobs cancel {0} ends it; then do this again", first.job));
    failure.lines = found
        .iter()
        .map(|other| {
            let named: Vec<&str> = other.names.iter().take(TOLD_WHY).map(String::as_str).collect();
            let more = other.names.len().checked_sub(TOLD_WHY).filter(|more| *more > 0);
            let more = more.map(|more| format!(" and {more} more")).unwrap_or_default();
            format!("  job {}, {}: {}{more}", other.job, other.action, named.join(", "))
        })
        .collect();
    Some(failure)
}

/// Reads a plan file. What is wrong is said so that it follows the file's name.
fn parse(text: &str) -> Result<Plan, Failure> {
    let computed_with = "compute it with entriage plan";
    let value: Value = serde_json::from_str(text.strip_prefix('\u{feff}').unwrap_or(text))
        .map_err(|error| Failure::usage("is not a plan").because(error).hinted(computed_with))?;
    match value.get("planVersion") {
        Some(version) if version.as_u64() == Some(u64::from(PLAN_VERSION)) => {}
        Some(version) => {
            let why = format!("its planVersion is {version}, this program knows {PLAN_VERSION}");
            return Err(Failure::usage("cannot be applied").because(why).hinted("plan again with this program"));
        }
        None => return Err(Failure::usage("is not a plan").because("it has no planVersion").hinted(computed_with)),
    }
    serde_json::from_value(value).map_err(|error| Failure::usage("is not a plan").because(error).hinted(computed_with))
}

fn tell(changes: &[Change]) {
    for change in changes.iter().take(TOLD) {
        output::say(&told(change));
    }
    if let Some(more) = changes.len().checked_sub(TOLD).filter(|more| *more > 0) {
        output::say(&format!("changed since the plan: {more} more"));
    }
}

/// Names the cautions that will be acted on: whoever runs a plan need not be who computed it.
fn tell_cautions(plan: &Plan) {
    let cautions: Vec<_> = plan.included().filter(|target| target.verdict == Verdict::Caution).collect();
    for target in cautions.iter().take(TOLD) {
        let why: Vec<&str> = target.because.iter().map(|because| because.as_str()).collect();
        let name = left::name(plan, target);
        output::say(&format!("taken in against a caution: {name} ({})", why.join(", ")));
    }
    if let Some(more) = cautions.len().checked_sub(TOLD).filter(|more| *more > 0) {
        output::say(&format!("taken in against a caution: {more} more"));
    }
}

fn told(change: &Change) -> String {
    let name = change.user_principal_name.as_deref().unwrap_or(&change.id);
    let judged = |(verdict, included): (Verdict, bool)| match (verdict, included) {
        (Verdict::Caution, true) => "caution, taken in".to_owned(),
        (Verdict::Eligible, false) => "eligible, left out".to_owned(),
        (verdict, _) => verdict.as_str().to_owned(),
    };
    let why: Vec<&str> = change.because.iter().map(|because| because.as_str()).collect();
    let why = if why.is_empty() { String::new() } else { format!(" ({})", why.join(", ")) };
    let told = change.told.iter().map(|line| format!("; {line}")).collect::<String>();
    format!("changed since the plan: {name} was {}, is {}{why}{told}", judged(change.was), judged(change.now))
}

/// A line for each target that a plan lists and does not act on, then how many more there are. Holds hostile text.
pub fn not_acted_on(plan: &Plan) -> Vec<String> {
    let mut all = plan.targets.iter().filter(|target| !target.included).map(|target| {
        let verdict = if target.verdict == Verdict::Refused { "refused" } else { "left out" };
        format!("  {verdict} {}: {}", left::name(plan, target), plan::because(plan.action, target))
    });
    let mut lines: Vec<String> = all.by_ref().take(TOLD).collect();
    match all.count() {
        0 => {}
        more => lines.push(format!("  and {more} more that are not acted on: entriage plan lists them")),
    }
    lines
}

/// Why there is nothing to do: writing is off, or every target is refused or left out.
fn nothing_included(plan: &Plan, dataset: &Dataset, forced: bool, take_in: &str) -> Failure {
    let all = |because: Because| !plan.targets.is_empty() && plan.targets.iter().all(|target| target.because.contains(&because));
    if all(Because::EvidenceWorkspace) {
        return Failure::new(Exit::Access, "nothing was sent")
            .because("this workspace holds imported files, so there is no tenant to send to")
            .hinted("use the workspace of the tenant with --workspace");
    }
    if all(Because::ReadOnly) {
        let hint = if forced { "leave out --read-only" } else { "turn writing on for this workspace: entriage settings writable true" };
        return Failure::new(Exit::Access, "nothing was sent").because("this workspace is read-only").hinted(hint);
    }
    let mut failure = Failure::usage("no target is left to act on").because(plan::in_numbers(plan));
    let why =
        |target: &PlanTarget| format!("  {} {}: {}", target.verdict.as_str(), left::name(plan, target), plan::because(plan.action, target));
    failure.lines = plan.targets.iter().take(TOLD_WHY).map(why).collect();
    let first = |because: Because| plan.targets.iter().find(|target| target.because.contains(&because));
    let near = first(Because::UnknownUser).and_then(|target| place::did_you_mean(dataset, &target.id));
    let case = first(Because::Deleted).filter(|target| target.verdict == Verdict::Refused);
    let case = case.map(|target| {
        let user = target.user_id.as_ref().map_or(target.id.as_str(), |id| id.as_str());
        format!("entriage explain {user} has the text of the support case")
    });
    let cautions = (plan.count(Verdict::Caution) > 0).then(|| take_in.to_owned());
    let hints: Vec<String> = [cautions, near, case].into_iter().flatten().collect();
    if hints.is_empty() { failure } else { failure.hinted(hints.join("; ")) }
}

/// Whether nothing is left to do of a plan, because it is all done already.
fn is_all_done(plan: &Plan) -> bool {
    !plan.targets.is_empty() && plan.targets.iter().all(|target| is_done(plan.action, target))
}

/// Whether a target is left out for no other reason than that all is done already.
fn is_done(action: Action, target: &PlanTarget) -> bool {
    let mut refusing = target.because.iter().filter(|because| because.refuses(action));
    let nothing = target.because.iter().any(|because| because.is_nothing_to_do());
    nothing && refusing.all(|because| because.is_nothing_to_do() || *because == Because::NotAtRisk)
}

/// What was asked for is so already: no failure, for whoever repeats a command.
fn nothing_to_do(plan: &Plan, format: Option<Format>) -> Result<Exit, Failure> {
    for target in plan.targets.iter().take(TOLD_WHY) {
        output::say(&format!("nothing to do for {}: {}", left::name(plan, target), plan::because(plan.action, target)));
    }
    if let Some(more) = plan.targets.len().checked_sub(TOLD_WHY).filter(|more| *more > 0) {
        output::say(&format!("nothing to do for {more} more"));
    }
    if format == Some(Format::Json) {
        output::data(&output::json(&job::nothing())?)?;
    }
    Ok(Exit::Done)
}

/// Whether somebody is there to answer.
pub fn asks() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Shows the plan and asks the operator at the terminal.
pub async fn ask(place: &Place, plan: Plan) -> Result<Confirmed, Failure> {
    let paper = output::Paper { columns: output::columns(), ..place.paper };
    let question = match plan.confirm {
        Confirmation::Enter => "Press Enter to confirm, Ctrl-C to cancel: ".to_owned(),
        Confirmation::Count | Confirmation::Phrase => format!("Type {} to confirm: ", text::safe(&plan.confirmation_text())),
    };
    if plan.needs_reason() && plan.reason.trim().is_empty() {
        return plan.confirm(Answer::Typed("")).map_err(Failure::from);
    }
    // A long list scrolls away, so the numbers stand again where the answer is typed.
    let shown = format!("{}\n{}: {}\n{question}", plan::summary(&plan, paper), plan.action.title(), plan::in_numbers(&plan));
    {
        let mut terminal = io::stderr().lock();
        terminal.write_all(shown.as_bytes())?;
        terminal.flush()?;
    }
    let unconfirmed = |why: &str| Failure::new(Exit::Cancelled, "the plan is not confirmed").because(why);
    tokio::select! {
        biased;
        // Once a job has run, nothing else ends the program: whoever cancels must not be asked on.
        () = job::interrupted() => Err(unconfirmed("it was cancelled; nothing was sent")),
        line = typed() => match line? {
            Some(line) => Ok(plan.confirm(Answer::Typed(&line))?),
            None => Err(unconfirmed("nothing was typed; nothing was sent")),
        },
    }
}

/// The next line that is typed; `None` at the end of the input. It is read by a thread of its own, which nobody waits for at the end.
async fn typed() -> Result<Option<String>, Failure> {
    let (tell, told) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let mut line = String::new();
        let read = io::stdin().lock().read_line(&mut line);
        // Whoever cancelled meanwhile wants no answer.
        drop(tell.send(read.map(|count| (count > 0).then_some(line))));
    });
    let failed = |why: String| Failure::usage("cannot read the answer").because(why);
    told.await.map_err(|error| failed(error.to_string()))?.map_err(|error| failed(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixture;
    use crate::domain::plan::{Access, PlanContext, Target};

    fn plan(access: Access) -> Plan {
        let dataset: Dataset = [fixture::risky_user("adele", "anomalousToken")].into_iter().collect();
        let context = PlanContext { reason: "PT-118".to_owned(), read_back_page: 500, ..PlanContext::new("me", access, fixture::now()) };
        Plan::compute(Action::DismissUserRisk, &[Target::User("adele".into())], &dataset, &context)
    }

    #[test]
    fn a_plan_file_is_read_as_it_was_printed() {
        let plan = plan(Access::ReadWrite);
        let read = parse(&output::json(&plan).unwrap()).unwrap();
        assert_eq!(read, plan);
        assert!(read.is_unedited());
    }

    #[test]
    fn a_file_that_is_no_plan_or_a_later_one_is_wrong_usage() {
        for (text, why) in [
            ("", "EOF"),
            ("{}", "no planVersion"),
            (r#"{"planVersion":2}"#, "planVersion is 2"),
            (r#"{"planVersion":"1"}"#, "planVersion is \"1\""),
            (r#"{"planVersion":1}"#, "missing field"),
        ] {
            let failure = parse(text).unwrap_err();
            assert_eq!(failure.exit, Exit::Usage);
            assert!(failure.why.as_deref().is_some_and(|found| found.contains(why)), "{failure:?}");
        }
    }

    #[test]
    fn where_writing_is_off_it_is_a_matter_of_access() {
        let failure = |access, forced| nothing_included(&plan(access), &Dataset::new(), forced, "--include-caution takes cautions in");
        assert_eq!(failure(Access::ReadOnly, true).exit, Exit::Access);
        assert_eq!(failure(Access::Evidence, false).exit, Exit::Access);
        let left_out = failure(Access::ReadWrite, false);
        assert_eq!(left_out.exit, Exit::Usage);
        assert!(left_out.hint.is_some_and(|hint| hint.contains("--include-caution")));
    }

    #[test]
    fn whoever_is_not_acted_on_is_named_with_the_reason() {
        assert_eq!(not_acted_on(&plan(Access::ReadWrite)), ["  left out adele@contoso.test: token theft"]);
        let targets: Vec<Target> = (0..TOLD + 3).map(|number| Target::User(format!("u{number}").as_str().into())).collect();
        let context = PlanContext::new("me", Access::ReadWrite, fixture::now());
        let lines = not_acted_on(&Plan::compute(Action::DismissUserRisk, &targets, &Dataset::new(), &context));
        assert_eq!(lines.len(), TOLD + 1);
        assert!(lines[TOLD].contains("3 more"), "{lines:?}");
    }

    #[test]
    fn a_change_is_told_in_one_sentence() {
        let change = Change {
            id: "u1".to_owned(),
            user_principal_name: Some("adele@contoso.test".to_owned()),
            was: (Verdict::Eligible, true),
            now: (Verdict::Refused, false),
            because: vec![Because::Deleted],
            told: vec!["since it was shown: it now leaves out lee".to_owned()],
        };
        let sentence =
            "changed since the plan: adele@contoso.test was eligible, is refused (deleted); since it was shown: it now leaves out lee";
        assert_eq!(told(&change), sentence);
    }
}

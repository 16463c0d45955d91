//! The command line: what can be typed (`design.md` section 3). What it means is the other files' business.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::builder::{NonEmptyStringValueParser, OsStringValueParser, PossibleValuesParser, TypedValueParser};
use clap::{ArgAction, Args, ColorChoice, Parser, Subcommand, ValueEnum};

use crate::domain::action::Action;
use crate::domain::case::{Status, Verdict};
use crate::domain::workspace::Cloud;

const EXITS: &str = "\
Exit codes: 0 done; 1 finished, but some targets failed, diverged or stay unverified, or some records were rejected; \
2 wrong usage; 3 workspace or configuration; 4 sign-in, permission, role or licence; \
5 the remote side cannot be reached or keeps throttling; 130 cancelled.

Standard output carries data only; errors, notes and progress go to standard error.";

/// Triage and remediate Microsoft Entra ID Protection risk.
///
/// With no command, opens the console on the workspace used last: the simulated tenant `demo` on a fresh machine.
#[derive(Debug, Parser)]
#[command(name = "entriage", version, after_long_help = EXITS, max_term_width = 100)]
pub struct Cli {
    /// Options of every command.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Options of every command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// Folder of the workspaces; by default, and where this is empty, in the XDG data folder.
    #[arg(long, global = true, value_name = "DIR", env = "ENTRIAGE_HOME", value_parser = OsStringValueParser::new().map(PathBuf::from))]
    pub home: Option<PathBuf>,
    /// Workspace to use; by default the one used last.
    #[arg(long, global = true, value_name = "NAME")]
    pub workspace: Option<String>,
    /// Sends nothing to the tenant, whatever the workspace allows.
    #[arg(long, global = true)]
    pub read_only: bool,
    /// Configuration file.
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Whether to use colour; NO_COLOR is honoured, too.
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: ColorChoice,
    /// Masks names, addresses and the tenant on the console's screen; what commands print is never masked.
    #[arg(long, global = true)]
    pub privacy: bool,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Creates or opens the workspace `demo`, a simulated tenant, and opens the console.
    Demo(Demo),
    /// Signs in to a tenant and makes a live workspace of it.
    Connect(Connect),
    /// Reads exported files into an evidence workspace.
    Import(Import),
    /// Brings the workspace up to date.
    Sync(Sync),
    /// Lists risky users.
    Users(List),
    /// Lists sign-ins.
    SignIns(List),
    /// Lists risk detections.
    Detections(List),
    /// Shows one user: facts, sign-ins, detections, risk history, notes and journal.
    Show(Show),
    /// Lists groups of users at risk who share something that few others have.
    Campaigns(Campaigns),
    /// Explains one user: why at risk or blocked, what may be done, what it will do, and whether the user is safe.
    Explain(Explain),
    /// Computes what an action would do to each target; sends nothing.
    Plan(PlanArgs),
    /// Runs a plan, judged again by the facts of now.
    Apply(Apply),
    /// Plans and applies in one.
    Act(Act),
    /// Lists unfinished and past jobs; goes on with one, or cancels it.
    Jobs(Jobs),
    /// Shows, checks or exports the audit trail.
    Journal(Journal),
    /// Adds a note to a user's case.
    Note(Note),
    /// Says what it was: verdict, status and tags of a user's case; without options, shows them.
    Case(Case),
    /// Lists the saved views; saves or removes one. `@NAME` stands for a view wherever a query is taken.
    Views(Views),
    /// Writes the evidence of users into a folder: records, timeline, journal, case, a page to read, and the hash of every file.
    Bundle(Bundle),
    /// Lets something happen to a user of a simulated tenant, by the rules of Entra.
    Simulate(Simulate),
    /// Shows or changes what was decided for a workspace.
    Settings(Settings),
    /// Checks terminal, workspace and sign-in, and for every verb whether it is allowed.
    Doctor(Doctor),
    /// Serves a simulated tenant as Microsoft Graph with sign-in over HTTPS, on this machine only.
    Emulate(Emulate),
    /// Tells where files are.
    Paths(Paths),
    /// Prints the key map and its conflicts.
    Keys(Keys),
    /// Prints shell completions.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Prints the manual page.
    Man,
}

/// How data is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Table,
    /// One JSON document.
    Json,
    /// One JSON object a line.
    Jsonl,
    /// Comma-separated values with a header.
    Csv,
}

/// `demo`
#[derive(Debug, Args)]
pub struct Demo {
    /// Seed of all chance; the same seed gives the same tenant [default: 1].
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Number of users [default: 200].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub users: Option<u32>,
    /// Makes the workspace anew; its journal, with jobs and notes, is set aside.
    #[arg(long)]
    pub reset: bool,
    /// Only creates it.
    #[arg(long)]
    pub no_console: bool,
    /// Requests per second that the tenant allows, or `off` [default: 1].
    #[arg(long, value_name = "N|off", value_parser = rate)]
    pub rate: Option<Rate>,
    /// JSON array of things that go wrong.
    #[arg(long, value_name = "FILE")]
    pub faults: Option<PathBuf>,
}

/// How to sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AuthKind {
    /// As a user, in the browser.
    Browser,
    /// As a user, with a code typed on any device.
    Device,
    /// As an application, with a client secret.
    Secret,
    /// As an application, with a certificate.
    Certificate,
    /// With the token of the Azure CLI.
    Az,
}

/// `connect`
#[derive(Debug, Args)]
pub struct Connect {
    /// The tenant's id, or one of its domains.
    #[arg(long, value_name = "ID")]
    pub tenant: String,
    /// How to sign in.
    #[arg(long, value_enum, default_value = "browser")]
    pub auth: AuthKind,
    /// The app registration to sign in with [default, for users: Microsoft Graph Command Line Tools].
    #[arg(long, value_name = "ID")]
    pub client_id: Option<String>,
    /// The national cloud: global, usgov or dod.
    #[arg(long, value_name = "NAME", default_value = "global", value_parser = super::connect::cloud)]
    pub cloud: Cloud,
    /// Another address of Microsoft Graph, https only.
    #[arg(long, value_name = "URL")]
    pub graph_url: Option<String>,
    /// Another address of the sign-in service, https only.
    #[arg(long, value_name = "URL")]
    pub authority_url: Option<String>,
    /// PEM file of certificate authorities to trust besides the machine's.
    #[arg(long, value_name = "PEM")]
    pub ca_file: Option<PathBuf>,
    /// File that holds the client secret; else ENTRIAGE_CLIENT_SECRET, else it is asked for.
    #[arg(long, value_name = "FILE")]
    pub secret_file: Option<PathBuf>,
    /// PEM file that holds the application's certificate and its private key.
    #[arg(long, value_name = "PEM")]
    pub certificate: Option<PathBuf>,
    /// Requests per second for risk data, or `off`; less where other tools need their share [default: 1].
    #[arg(long, value_name = "N|off", value_parser = rate)]
    pub rate: Option<Rate>,
    /// For a user: asks for the permissions of accounts, devices and policies, too, and not for those of risk alone.
    #[arg(long)]
    pub all_actions: bool,
    /// Turns writing on; without it the workspace starts read-only.
    #[arg(long)]
    pub writable: bool,
    /// Does not read the tenant yet.
    #[arg(long)]
    pub no_sync: bool,
}

/// `settings`
#[derive(Debug, Args)]
pub struct Settings {
    /// Which; all of them without it.
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
    /// What it is from now on.
    #[arg(value_name = "VALUE")]
    pub value: Option<String>,
    /// How to print.
    #[arg(long, value_name = "FORMAT", default_value = "table", value_parser = only(&[Format::Table, Format::Json]))]
    pub format: Format,
}

/// `doctor`
#[derive(Debug, Args)]
pub struct Doctor {
    /// How to print.
    #[arg(long, value_name = "FORMAT", default_value = "table", value_parser = only(&[Format::Table, Format::Json]))]
    pub format: Format,
}

/// Requests per second; `None` without a limit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate(pub Option<f64>);

/// `emulate`
#[derive(Debug, Args)]
#[command(after_help = "The first line on standard output is a JSON object: url, caFile, tenantId, clientId, clientSecret.")]
pub struct Emulate {
    /// Address of this machine to listen on; port 0 takes a free one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    pub listen: SocketAddr,
    /// Seed of all chance; the same seed gives the same tenant.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Number of users.
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub users: u32,
    /// Requests per second that the tenant allows, or `off`.
    #[arg(long, value_name = "N|off", default_value = "1", value_parser = rate)]
    pub rate: Rate,
    /// JSON array of things that go wrong.
    #[arg(long, value_name = "FILE")]
    pub faults: Option<PathBuf>,
    /// Folder of its certificates, which a later run uses again; without it, one that is gone with the emulator.
    #[arg(long, value_name = "DIR")]
    pub tls_dir: Option<PathBuf>,
}

/// `import`
#[derive(Debug, Args)]
pub struct Import {
    /// Files or folders; `-` for standard input.
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Name of the evidence workspace [default: evidence].
    #[arg(long = "as", value_name = "NAME")]
    pub name: Option<String>,
    /// How to report.
    #[arg(long, value_name = "FORMAT", default_value = "table", value_parser = only(&[Format::Table, Format::Json]))]
    pub format: Format,
}

/// `sync`
#[derive(Debug, Args)]
pub struct Sync {
    /// Reads everything anew.
    #[arg(long)]
    pub full: bool,
}

/// `users`, `sign-ins` and `detections`
#[derive(Debug, Args)]
pub struct List {
    /// What to list, in the filter language of the console; everything without it. `field:value` finds a part, `field:=value` the whole.
    #[arg(value_name = "QUERY")]
    pub query: Vec<String>,
    /// Only those whose case has this verdict; none: those that nobody judged.
    #[arg(long, value_name = "VERDICT", value_parser = verdict)]
    pub verdict: Option<MaybeVerdict>,
    /// Order, by a field's Graph name; `:desc` turns it round.
    #[arg(long, value_name = "FIELD[:desc]")]
    pub sort: Option<String>,
    /// Lists at most this many.
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,
    /// How to print.
    #[arg(long, value_enum, default_value = "table")]
    pub format: Format,
    /// Prints only how many there are.
    #[arg(long)]
    pub count: bool,
}

/// `show`
#[derive(Debug, Args)]
pub struct Show {
    /// Object id or user principal name.
    pub user: String,
    /// How to print.
    #[arg(long, value_name = "FORMAT", default_value = "table", value_parser = only(&[Format::Table, Format::Json, Format::Jsonl]))]
    pub format: Format,
}

/// `campaigns`
#[derive(Debug, Args)]
pub struct Campaigns {
    /// How to print.
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub format: Format,
}

/// `explain`
#[derive(Debug, Args)]
pub struct Explain {
    /// Object id or user principal name; or the request id of a sign-in, which stands for its user.
    pub user: String,
    /// How to print.
    #[arg(long, value_name = "FORMAT", default_value = "table", value_parser = only(&[Format::Table, Format::Json, Format::Jsonl]))]
    pub format: Format,
}

/// What is planned, on whom.
#[derive(Debug, Args)]
pub struct Planned {
    /// The action.
    #[arg(value_name = "ACTION", value_parser = action(), ignore_case = true)]
    pub action: Action,
    /// On whom.
    #[command(flatten)]
    pub wanted: Wanted,
    /// Why; required to apply it to more than one target or to a caution.
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub reason: String,
    /// Takes in the targets that have a caution, such as token theft.
    #[arg(long)]
    pub include_caution: bool,
    /// For a policy action: the Conditional Access policy, by its name or id; by default the one that blocks these users.
    #[arg(long, value_name = "POLICY")]
    pub policy: Option<String>,
    /// For secureAccount: blocks sign-in, too.
    #[arg(long)]
    pub block: bool,
}

/// On whom: exactly one way of saying it. Only an action on a policy that is named needs none.
#[derive(Debug, Args)]
#[group(required = false, multiple = false)]
pub struct Wanted {
    /// Everything that matches: users, or sign-ins for a sign-in action.
    #[arg(value_name = "QUERY")]
    pub query: Vec<String>,
    /// These users (object id or user principal name); for a sign-in action their sign-ins at risk.
    #[arg(long, value_name = "USER", num_args = 1.., action = ArgAction::Append)]
    pub user: Vec<String>,
    /// File with one user (or sign-in request id) a line; `#` begins a comment, `-` is standard input.
    #[arg(long, value_name = "FILE")]
    pub from: Option<PathBuf>,
    /// For trustIp and untrustIp: addresses or ranges, such as 203.0.113.0/28; with users, those that were blocked there.
    #[arg(long, value_name = "ADDRESS", num_args = 1.., action = ArgAction::Append)]
    pub ip: Vec<String>,
}

/// `plan`
#[derive(Debug, Args)]
#[command(override_usage = "entriage plan ACTION (QUERY | --user USER... | --from FILE) [--reason TEXT] [OPTIONS]")]
pub struct PlanArgs {
    /// What, on whom.
    #[command(flatten)]
    pub planned: Planned,
    /// File to write; standard output without it.
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// How to print [default: table on a terminal, else json].
    #[arg(long, value_name = "FORMAT", value_parser = only(&[Format::Table, Format::Json, Format::Jsonl]))]
    pub format: Option<Format>,
}

/// How a plan is run.
#[derive(Debug, Args)]
pub struct Run {
    /// Confirms the plan: the number of targets that will be acted on.
    #[arg(long, value_name = "N")]
    pub confirm: Option<usize>,
    /// Holds the first request back; Ctrl-C cancels, and nothing was sent.
    #[arg(long, value_name = "SECONDS", default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=86_400))]
    pub hold: u64,
    /// For secureAccount and remediatedElsewhere: confirms each step by itself, as at a terminal; `jobs resume` goes on.
    #[arg(long)]
    pub each_step: bool,
    /// How to print: a summary, one JSON document, or one JSON object for each event [default: table].
    #[arg(long, value_name = "FORMAT", value_parser = only(&[Format::Table, Format::Json, Format::Jsonl]))]
    pub format: Option<Format>,
}

/// `apply`
#[derive(Debug, Args)]
pub struct Apply {
    /// The plan; `-` for standard input.
    pub file: PathBuf,
    /// How it is run.
    #[command(flatten)]
    pub run: Run,
}

/// `act`
#[derive(Debug, Args)]
#[command(override_usage = "entriage act ACTION (QUERY | --user USER... | --from FILE) [--reason TEXT] --confirm N [OPTIONS]")]
pub struct Act {
    /// What, on whom.
    #[command(flatten)]
    pub planned: Planned,
    /// How it is run.
    #[command(flatten)]
    pub run: Run,
}

/// `jobs`
#[derive(Debug, Args)]
pub struct Jobs {
    /// What to do with one; without it, all are listed.
    #[command(subcommand)]
    pub command: Option<JobsCommand>,
    /// How to print.
    #[arg(long, global = true, value_enum, default_value = "table")]
    pub format: Format,
}

/// What to do with a job.
#[derive(Debug, Clone, Subcommand)]
pub enum JobsCommand {
    /// Goes on with an unfinished job; reads before it sends anything again.
    #[command(override_usage = "entriage jobs resume ID [OPTIONS]")]
    Resume {
        /// Number of the job.
        id: u64,
        /// How a checklist is gone on with.
        #[command(flatten)]
        steps: Steps,
    },
    /// Cancels an unfinished job; what was sent is read back first.
    #[command(override_usage = "entriage jobs cancel ID [OPTIONS]")]
    Cancel {
        /// Number of the job.
        id: u64,
    },
}

/// How a checklist whose steps are confirmed one by one is gone on with.
#[derive(Debug, Clone, Default, Args)]
pub struct Steps {
    /// Of a checklist, this step: the next one, or one that failed or was left out.
    #[arg(long, value_name = "ACTION", value_parser = action(), ignore_case = true)]
    pub step: Option<Action>,
    /// Confirms that step of a checklist: the number of users that it will act on.
    #[arg(long, value_name = "N", requires = "step")]
    pub confirm: Option<usize>,
    /// Holds that step's first request back; Ctrl-C cancels, and nothing of it was sent.
    #[arg(long, value_name = "SECONDS", default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=86_400))]
    pub hold: u64,
    /// Leaves that step of a checklist out, and says why.
    #[arg(long, value_name = "TEXT", requires = "step", conflicts_with = "confirm", value_parser = NonEmptyStringValueParser::new())]
    pub skip: Option<String>,
}

impl Steps {
    /// Whether anything was asked for.
    pub fn is_given(&self) -> bool {
        self.confirm.is_some() || self.step.is_some() || self.skip.is_some()
    }
}

/// `journal`
#[derive(Debug, Args)]
pub struct Journal {
    /// What to do; without it, the journal is listed.
    #[command(subcommand)]
    pub command: Option<JournalCommand>,
    /// How to print.
    #[arg(long, global = true, value_enum, default_value = "table")]
    pub format: Format,
}

/// What to do with the journal.
#[derive(Debug, Clone, Subcommand)]
pub enum JournalCommand {
    /// Lists what happened, oldest first.
    List,
    /// Checks the hash chain.
    Verify,
    /// Prints the records as they were written, one JSON object a line.
    Export {
        /// File to write; standard output without it.
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
}

/// `note`
#[derive(Debug, Args)]
pub struct Note {
    /// Object id or user principal name.
    pub user: String,
    /// The note.
    #[arg(required = true, value_name = "TEXT")]
    pub text: Vec<String>,
}

/// `case`
#[derive(Debug, Args)]
pub struct Case {
    /// Object id or user principal name.
    pub user: String,
    /// What it was: falsePositive (fp), benignTruePositive (btp), truePositive (tp) or undetermined; none takes it back.
    #[arg(long, value_name = "VERDICT", value_parser = verdict)]
    pub verdict: Option<MaybeVerdict>,
    /// How far the work on it is: open, inProgress or closed.
    #[arg(long, value_name = "STATUS", value_parser = status(), ignore_case = true)]
    pub status: Option<Status>,
    /// Adds a tag: one word.
    #[arg(long, value_name = "TAG", action = ArgAction::Append)]
    pub tag: Vec<String>,
    /// Takes a tag away.
    #[arg(long, value_name = "TAG", action = ArgAction::Append)]
    pub untag: Vec<String>,
    /// How to print.
    #[arg(long, value_name = "FORMAT", default_value = "table", value_parser = only(&[Format::Table, Format::Json]))]
    pub format: Format,
}

/// `views`
#[derive(Debug, Args)]
pub struct Views {
    /// What to do; without it, they are listed.
    #[command(subcommand)]
    pub command: Option<ViewsCommand>,
    /// How to print.
    #[arg(long, global = true, value_name = "FORMAT", default_value = "table", value_parser = only(&[Format::Table, Format::Json]))]
    pub format: Format,
}

/// What to do with a saved view.
#[derive(Debug, Clone, Subcommand)]
pub enum ViewsCommand {
    /// Lists them.
    List,
    /// Saves a query under a name, in place of one of the same name.
    Save {
        /// The name: one word.
        name: String,
        /// What it asks for, in the filter language.
        #[arg(required = true, value_name = "QUERY")]
        query: Vec<String>,
        /// Order of its users, by a field's Graph name; `:desc` turns it round.
        #[arg(long, value_name = "FIELD[:desc]")]
        sort: Option<String>,
        /// The number key of the console that shows it, 4 to 9.
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(4..=9))]
        key: Option<u8>,
    },
    /// Removes one.
    Remove {
        /// Its name.
        name: String,
    },
}

/// `bundle`
#[derive(Debug, Args)]
#[command(override_usage = "entriage bundle (USER | QUERY) --output DIR [OPTIONS]")]
pub struct Bundle {
    /// Object id or user principal name, else a query: all users that match.
    #[arg(required = true, value_name = "USER | QUERY")]
    pub query: Vec<String>,
    /// Folder to write; it must not exist, or be empty.
    #[arg(long, value_name = "DIR")]
    pub output: PathBuf,
}

/// What can happen to a user of a simulated tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SimulatedEvent {
    /// The account is signed in to, and that is found risky.
    SignIn,
    /// The user passes multifactor authentication at a risky sign-in.
    MfaPassed,
    /// The user changes the password as a policy or an administrator demands.
    SecurePasswordChange,
    /// The user resets the password by self-service.
    SelfServiceReset,
    /// The user's password is changed on-premises.
    OnPremisesPasswordChange,
    /// Entra finds a risky sign-in safe.
    SystemDismissal,
    /// The account is deleted.
    UserDeleted,
}

/// How risky a simulated sign-in is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SimulatedLevel {
    /// Low.
    Low,
    /// Medium.
    Medium,
    /// High.
    High,
}

/// `simulate`
#[derive(Debug, Args)]
#[command(after_help = "Exit code 1 where the rules do not let the event remediate; the answer says why.")]
pub struct Simulate {
    /// What happens.
    #[arg(value_enum, value_name = "EVENT")]
    pub event: SimulatedEvent,
    /// To whom: object id or user principal name.
    #[arg(long, value_name = "USER")]
    pub user: String,
    /// Type of the detection, for sign-in [default: unfamiliarFeatures].
    #[arg(long, value_name = "TYPE")]
    pub detection: Option<String>,
    /// Its level, for sign-in [default: medium].
    #[arg(long, value_enum, value_name = "LEVEL", ignore_case = true)]
    pub level: Option<SimulatedLevel>,
    /// Request id of the sign-in, for mfa-passed and system-dismissal [default: the newest at risk].
    #[arg(long, value_name = "ID")]
    pub sign_in: Option<String>,
    /// How to print.
    #[arg(long, value_name = "FORMAT", default_value = "json", value_parser = only(&[Format::Table, Format::Json]))]
    pub format: Format,
}

/// `paths`
#[derive(Debug, Args)]
pub struct Paths {
    /// How to print.
    #[arg(long, value_name = "FORMAT", default_value = "table", value_parser = only(&[Format::Table, Format::Json]))]
    pub format: Format,
}

/// `keys`
#[derive(Debug, Args)]
pub struct Keys {
    /// Only checks the key map; exit code 1 where keys conflict.
    #[arg(long)]
    pub check: bool,
    /// How to print.
    #[arg(long, value_name = "FORMAT", default_value = "table", value_parser = only(&[Format::Table, Format::Json]))]
    pub format: Format,
}

/// Reads the command line; ends the program on `--help`, `--version` and wrong usage.
pub fn parse() -> Cli {
    Cli::parse_from(with_negations(std::env::args_os()))
}

/// Lets a query begin with a negated term: `users -guest:true`. There are no bundled short options that
/// such a word could be meant for, and a query ignores the blank that keeps it from being taken for one.
fn with_negations(args: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    const WITH_QUERY: [&str; 7] = ["users", "sign-ins", "detections", "plan", "act", "save", "bundle"];
    let (mut after_command, mut verbatim) = (false, false);
    let mut out = Vec::new();
    for arg in args {
        let is_negation = arg
            .to_str()
            .and_then(|arg| arg.strip_prefix('-'))
            .is_some_and(|term| term.chars().nth(1).is_some() && term.starts_with(|first: char| first.is_alphabetic() || first == '"'));
        if after_command && !verbatim && is_negation {
            let mut word = OsString::from(" ");
            word.push(&arg);
            out.push(word);
            continue;
        }
        verbatim |= arg == "--";
        after_command |= WITH_QUERY.iter().any(|command| arg == *command);
        out.push(arg);
    }
    out
}

fn only(formats: &[Format]) -> impl TypedValueParser<Value = Format> + use<> {
    let names: Vec<_> = formats.iter().filter_map(ValueEnum::to_possible_value).collect();
    PossibleValuesParser::new(names).try_map(|name| Format::from_str(&name, true))
}

/// A verdict, or that there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MaybeVerdict(pub Option<Verdict>);

fn verdict(text: &str) -> Result<MaybeVerdict, String> {
    match Verdict::from_name(text) {
        None if text.eq_ignore_ascii_case("none") => Ok(MaybeVerdict(None)),
        None => Err(format!("give {} or none", Verdict::ALL.map(Verdict::as_str).join(", "))),
        verdict => Ok(MaybeVerdict(verdict)),
    }
}

fn status() -> impl TypedValueParser<Value = Status> {
    PossibleValuesParser::new(Status::ALL.map(Status::as_str))
        .try_map(|name| Status::ALL.into_iter().find(|known| known.as_str().eq_ignore_ascii_case(&name)).ok_or("there is no such status"))
}

fn action() -> impl TypedValueParser<Value = Action> {
    PossibleValuesParser::new(Action::ALL.map(Action::as_str))
        .try_map(|name| Action::from_name(&name).ok_or_else(|| format!("there is no action {name}")))
}

fn rate(text: &str) -> Result<Rate, String> {
    if text.eq_ignore_ascii_case("off") {
        return Ok(Rate(None));
    }
    match text.parse::<f64>() {
        Ok(rate) if rate.is_finite() && rate > 0.0 => Ok(Rate(Some(rate))),
        _ => Err("give a number above 0, or off".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    fn parsed(line: &[&str]) -> Result<Cli, clap::Error> {
        let args = std::iter::once("entriage").chain(line.iter().copied()).map(OsString::from);
        Cli::try_parse_from(with_negations(args))
    }

    fn wrong(line: &[&str]) -> String {
        let error = parsed(line).unwrap_err();
        assert_eq!(error.exit_code(), 2);
        error.to_string()
    }

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn global_options_stand_before_and_after_the_command() {
        for line in [["--workspace", "x", "--read-only", "users"], ["users", "--workspace", "x", "--read-only"]] {
            let cli = parsed(&line).unwrap();
            assert_eq!((cli.global.workspace.as_deref(), cli.global.read_only), (Some("x"), true));
        }
        let cli = parsed(&["jobs", "resume", "7", "--format", "jsonl", "--home", "/tmp/h"]).unwrap();
        assert_eq!(cli.global.home, Some("/tmp/h".into()));
        let Some(Command::Jobs(jobs)) = cli.command else { panic!() };
        assert_eq!(jobs.format, Format::Jsonl);
    }

    #[test]
    fn a_query_is_several_words_and_may_begin_with_a_negation() {
        let cli = parsed(&["users", "-guest:true", "level:high", "--limit", "3", "-adele", "--", "-x:y"]).unwrap();
        let Some(Command::Users(list)) = cli.command else { panic!() };
        assert_eq!(list.query, [" -guest:true", "level:high", " -adele", "-x:y"]);
        assert_eq!(list.limit, Some(3));
        assert_eq!(parsed(&["users", "-h"]).unwrap_err().exit_code(), 0);
        assert!(parsed(&["jobs", "-guest:true"]).is_err());
    }

    #[test]
    fn a_plan_takes_exactly_one_way_of_naming_targets() {
        let planned = |line: &[&str]| match parsed(line).unwrap().command {
            Some(Command::Plan(args)) => args.planned,
            _ => panic!(),
        };
        assert_eq!(planned(&["plan", "dismissuserrisk", "level:low"]).action, Action::DismissUserRisk);
        assert_eq!(planned(&["plan", "confirmUserSafe", "--user", "a", "b", "--user", "c"]).wanted.user, ["a", "b", "c"]);
        assert_eq!(planned(&["plan", "confirmUserSafe", "--from", "-"]).wanted.from, Some("-".into()));
        wrong(&["plan", "dismissUserRisk", "q", "--user", "a"]);
        wrong(&["plan", "trustIp", "--ip", "203.0.113.7", "--user", "a"]);
        assert!(wrong(&["plan", "delete", "q"]).contains("confirmSignInCompromised"));
    }

    #[test]
    fn odd_values_are_refused() {
        wrong(&["demo", "--rate", "0"]);
        wrong(&["demo", "--rate", "NaN"]);
        wrong(&["demo", "--users", "100001"]);
        wrong(&["apply", "plan.json", "--confirm", "many"]);
        wrong(&["show", "u1", "--format", "csv"]);
        let Some(Command::Demo(demo)) = parsed(&["demo", "--rate", "OFF"]).unwrap().command else { panic!() };
        assert_eq!(demo.rate, Some(Rate(None)));
    }
}

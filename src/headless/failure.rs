//! From an error to what failed, why, what to do next, and the exit code.

use std::io;
use std::io::Write as _;
use std::process::ExitCode;

use crate::console::LoopError;
use crate::domain::plan::ConfirmError;
use crate::domain::query::QueryError;
use crate::domain::text;
use crate::engine::{EngineError, OpenError};
use crate::oauth::SignInError;
use crate::store::{Damage, StoreError};
use crate::tenant::TenantError;

/// How the program ends (`design.md` section 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Done,
    /// Finished, but some targets or records were left.
    Partly,
    /// Wrong usage.
    Usage,
    /// Workspace or configuration.
    Workspace,
    /// Sign-in, permission, role or licence.
    Access,
    /// The remote side cannot be reached or keeps throttling.
    Remote,
    /// Cancelled by the operator.
    Cancelled,
}

impl Exit {
    /// The exit code.
    pub fn code(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Partly => 1,
            Exit::Usage => 2,
            Exit::Workspace => 3,
            Exit::Access => 4,
            Exit::Remote => 5,
            Exit::Cancelled => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit.code())
    }
}

/// Why a command failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What failed.
    pub message: String,
    /// Why.
    pub why: Option<String>,
    /// Lines to show below, such as where a query is wrong.
    pub lines: Vec<String>,
    /// What to do next.
    pub hint: Option<String>,
    /// How the program ends. [`Exit::Done`] stands for a reader that went away: nothing is said.
    pub exit: Exit,
}

impl Failure {
    /// A failure that says no more than this.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Failure { message: message.into(), why: None, lines: Vec::new(), hint: None, exit }
    }

    /// Wrong usage.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// Says why.
    #[must_use]
    pub fn because(mut self, why: impl ToString) -> Self {
        self.why = Some(why.to_string());
        self
    }

    /// Says what to do next.
    #[must_use]
    pub fn hinted(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// A query that does not parse, with a pointer to the place.
    pub fn query(query: &str, error: QueryError) -> Self {
        let mut failure = Failure::usage("the query does not parse").because(&error);
        failure.lines = error.pointed(query).lines().map(|line| format!("  {line}")).collect();
        failure.hint = error.hint;
        failure
    }

    /// What stands on standard error. Hostile text is made safe here, for all failures.
    pub fn report(&self) -> String {
        if self.exit == Exit::Done {
            return String::new();
        }
        let mut lines = vec![match &self.why {
            Some(why) => format!("error: {}: {}", text::safe(&self.message), text::safe(why)),
            None => format!("error: {}", text::safe(&self.message)),
        }];
        lines.extend(self.lines.iter().map(|line| text::safe(line).into_owned()));
        lines.extend(self.hint.iter().map(|hint| format!("hint: {}", text::safe(hint))));
        lines.join("\n") + "\n"
    }

    /// Says it on standard error.
    pub fn print(&self) {
        // Where standard error is gone, the exit code is all that is left to say.
        io::stderr().write_all(self.report().as_bytes()).ok();
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Failure::new(Exit::Done, ""),
            _ => Failure::new(Exit::Workspace, "cannot write the output").because(error),
        }
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Failure::new(Exit::Workspace, "cannot write JSON").because(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        // The other errors say themselves what to do next.
        let hint = match &error {
            StoreError::NotFound(_) => Some("entriage paths lists the workspaces there are; demo and import make new ones"),
            StoreError::Io { .. } => Some("check that the folder may be written, and that the disk is not full"),
            StoreError::Damaged { .. } => Some("restore the file from a backup, or use another workspace"),
            StoreError::Cache(_) => Some("entriage sync reads everything anew; the journal is not touched"),
            _ => None,
        };
        let exit = if matches!(error, StoreError::BadName(_)) { Exit::Usage } else { Exit::Workspace };
        let failure = Failure::new(exit, "the workspace cannot be used").because(&error);
        Failure { hint: hint.map(str::to_owned), ..failure }
    }
}

impl From<TenantError> for Failure {
    fn from(error: TenantError) -> Self {
        let (exit, message, hint) = match &error {
            TenantError::ReadOnly => (
                Exit::Access,
                "writing is off",
                "leave out --read-only, or turn writing on for this workspace: entriage settings writable true",
            ),
            TenantError::SignIn { hint, .. } => (Exit::Access, "the sign-in failed", hint.as_str()),
            TenantError::Evidence => (Exit::Access, "nothing can be sent", "use the workspace of the tenant with --workspace"),
            TenantError::Denied { missing, .. } => (Exit::Access, "the tenant denies it", missing.hint()),
            TenantError::Changed { .. } | TenantError::Contested { .. } => {
                (Exit::Partly, "it was changed by somebody else", "look at it again and plan anew")
            }
            TenantError::Partly { .. } => (Exit::Partly, "the tenant refused a part of it", "entriage jobs tells what was done"),
            TenantError::Rejected { .. } => (Exit::Partly, "the tenant refused the request", "entriage jobs tells what was done"),
            TenantError::Throttled { .. } => (Exit::Remote, "the tenant keeps throttling", "try again later; nothing is sent twice"),
            TenantError::Unreachable { .. } => (Exit::Remote, "no connection", "try again when it is there; nothing is lost"),
            TenantError::Lost { .. } => {
                (Exit::Remote, "the connection broke", "try again; what may have been sent is read back before anything is sent again")
            }
            TenantError::State { .. } => {
                (Exit::Workspace, "the tenant's files cannot be used", "a simulated tenant is made anew by entriage demo --reset")
            }
        };
        Failure::new(exit, message).because(&error).hinted(hint)
    }
}

impl From<SignInError> for Failure {
    fn from(error: SignInError) -> Self {
        TenantError::from(error).into()
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Store(error) => error.into(),
            EngineError::Tenant(error) => error.into(),
            EngineError::SyncCancelled => Failure::new(Exit::Cancelled, "not up to date").because(&error),
            EngineError::Syncing => Failure::new(Exit::Workspace, "nothing to do").because(&error).hinted("wait until it is done"),
            EngineError::Confirm(error) => error.into(),
            EngineError::NoJob(_)
            | EngineError::Ended(_)
            | EngineError::NotDue { .. }
            | EngineError::Unfinished { .. }
            | EngineError::Busy => Failure::usage("nothing to do").because(&error).hinted("entriage jobs lists them all"),
        }
    }
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Store(error) => error.into(),
            OpenError::Tenant(error) => error.into(),
            OpenError::Engine(error) => error.into(),
            OpenError::Spec(_) => Failure::usage("this cannot be done").because(&error),
            OpenError::OtherKind { .. } | OpenError::OtherTenant { .. } => {
                Failure::new(Exit::Workspace, "the workspace cannot be used").because(&error).hinted("give another name")
            }
        }
    }
}

impl From<LoopError> for Failure {
    fn from(error: LoopError) -> Self {
        match error {
            LoopError::Open(error) => error.into(),
            LoopError::Broken(_) | LoopError::Draw(_) | LoopError::Read(_) => Failure::new(Exit::Workspace, "the console ended")
                .because(&error)
                .hinted("a job that was running can be resumed: entriage jobs lists it"),
        }
    }
}

impl From<ConfirmError> for Failure {
    fn from(error: ConfirmError) -> Self {
        let hint = match &error {
            ConfirmError::NothingIncluded => "the plan says why each target is left out; --include-caution takes cautions in".to_owned(),
            ConfirmError::ReasonMissing => "give --reason TEXT when planning".to_owned(),
            ConfirmError::WrongCount { expected, .. } => format!("look at the plan again; if it is right, --confirm {expected}"),
            ConfirmError::WrongText { .. } => "nothing was sent; start again where that was a slip".to_owned(),
        };
        Failure::usage("the plan is not confirmed").because(&error).hinted(hint)
    }
}

/// What a damaged journal still proves.
pub fn proven(damage: &Damage) -> String {
    match damage.proven.seq {
        0 => "no record is proven".to_owned(),
        1 => "record 1 is proven".to_owned(),
        last => format!("records 1 to {last} are proven"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::journal::Head;
    use crate::store::DamageKind;
    use crate::tenant::Missing;

    #[test]
    fn a_bad_query_is_pointed_at() {
        let error = QueryError { column: 7, length: 3, message: "no such level".to_owned(), hint: Some("low, medium, high".to_owned()) };
        insta::assert_snapshot!(Failure::query("level:hih", error).report(), @r"
        error: the query does not parse: no such level at column 7
          level:hih
                ^^^
        hint: low, medium, high
        ");
    }

    #[test]
    fn the_pointer_fits_wide_and_escaped_text_and_columns_beyond_the_end() {
        let error = |column| QueryError { column, length: 1, message: "m".to_owned(), hint: None };
        let lines = |query: &str, column| Failure::query(query, error(column)).lines;
        assert_eq!(lines("名x", 2)[1], "    ^");
        assert_eq!(lines("a", 9)[1], "   ^");
        assert_eq!(lines("", 0)[1], "  ^");
    }

    #[test]
    fn hostile_text_in_an_error_reaches_no_terminal() {
        let error = TenantError::Denied {
            status: 403,
            code: "x\u{1b}]0;pwn\u{7}".to_owned(),
            message: "a\nhint: b".to_owned(),
            missing: Missing::Unsaid,
        };
        let report = Failure::from(error).report();
        assert!(!report.contains('\u{1b}') && report.lines().count() == 2, "{report}");
    }

    #[test]
    fn a_reader_that_went_away_is_no_error() {
        let failure = Failure::from(io::Error::from(io::ErrorKind::BrokenPipe));
        assert_eq!((failure.exit.code(), failure.report().as_str()), (0, ""));
    }

    #[test]
    fn errors_have_the_exit_codes_of_the_design() {
        let store = || StoreError::Locked { workspace: "demo".to_owned(), holder: "process 1".to_owned() };
        let exit = |failure: Failure| failure.exit.code();
        assert_eq!(exit(store().into()), 3);
        assert_eq!(exit(EngineError::Store(store()).into()), 3);
        assert_eq!(exit(OpenError::Tenant(TenantError::ReadOnly).into()), 4);
        assert_eq!(exit(TenantError::Evidence.into()), 4);
        assert_eq!(exit(TenantError::Throttled { retry_after: None }.into()), 5);
        assert_eq!(exit(ConfirmError::WrongCount { given: 1, expected: 2 }.into()), 2);
        let damage = Damage { proven: Head { seq: 6, hash: String::new() }, what: DamageKind::Short { acknowledged: 9 } };
        assert_eq!(exit(StoreError::JournalDamaged { path: "j".into(), damage }.into()), 3);
    }
}

//! The boundary of the console's state: messages in, effects out.

use super::computing::{Computation, Computed};
use super::key::Key;
use super::keymap::KeyMap;
use super::mouse::Mouse;
use crate::domain::action::Action;
use crate::domain::dataset::Dataset;
use crate::domain::happening::Happening;
use crate::domain::job_event::JobEvent;
use crate::domain::journal::{Entry, JobId, JobState, JournalRecord};
use crate::domain::ledger::{Ledger, Tally};
use crate::domain::password::TemporaryPassword;
use crate::domain::permission::Holder;
use crate::domain::plan::{Access, Confirmed, Plan};
use crate::domain::policy::TenantFacts;
use crate::domain::portal::Page;
use crate::domain::records::{UserId, UserRecords};
use crate::domain::time::Timestamp;

/// What the console is started with.
#[derive(Debug, Clone)]
pub struct Options {
    /// The key map.
    pub keys: KeyMap,
    /// How long the first request of a job is held back.
    pub hold_seconds: u64,
    /// Columns and rows of the screen.
    pub size: (u16, u16),
    /// Whether to do without colour.
    pub mono: bool,
}

/// An open workspace, as far as the console needs it.
#[derive(Debug, Clone)]
pub struct Opened {
    /// Name of the workspace.
    pub workspace: String,
    /// Name of the tenant. Hostile text.
    pub tenant: String,
    /// Its object id, where it is known.
    pub tenant_id: Option<String>,
    /// DEMO, EVIDENCE or LIVE.
    pub label: &'static str,
    /// Whether anything can be sent.
    pub access: Access,
    /// Whether writing stays off until the program is started without `--read-only`.
    pub forced_read_only: bool,
    /// Who is at the keyboard.
    pub operator: String,
    /// The records.
    pub dataset: Dataset,
    /// The journal, added up.
    pub ledger: Ledger,
    /// When the data was last brought up to date.
    pub synced_at: Option<Timestamp>,
    /// Who is signed in to a live tenant. Hostile text.
    pub account: Option<String>,
    /// How often the data is brought up to date by itself; `None` where it is not.
    pub refresh_seconds: Option<u64>,
    /// What who is signed in may do, as far as known.
    pub holder: Option<Holder>,
    /// What could not be read of the tenant. Hostile text.
    pub sync_notes: Vec<String>,
    /// What the tenant allows; `None` without a limit.
    pub requests_per_second: Option<f64>,
    /// How many targets one read-back request covers.
    pub read_back_page: usize,
    /// What was repaired or set aside while opening.
    pub notices: Vec<String>,
    /// Whether the workspace was made just now.
    pub first_run: bool,
}

/// What happened.
#[derive(Debug, Clone)]
pub enum Msg {
    /// A key was pressed.
    Key(Key),
    /// Something was done with the mouse.
    Mouse(Mouse),
    /// Text was pasted.
    Paste(String),
    /// The screen has this many columns and rows.
    Resize(u16, u16),
    /// The time given by [`super::App::wake_at`] has come.
    Wake,
    /// The workspace is being opened or filled; says how far it is.
    Opening(String),
    /// The workspace is being read; its dataset holds the users who mattered most when they were last all known.
    Loading(Box<Opened>),
    /// The workspace is open, or was read anew as a whole. What the operator has marked and typed stays.
    Opened(Box<Opened>),
    /// These users' records are now so.
    Records(Vec<UserRecords>),
    /// This is now known of the tenant as a whole.
    Tenant(TenantFacts),
    /// This is now known of what who is signed in may do.
    Holder(Option<Holder>),
    /// A temporary password was set: it is shown until it is closed, and never again.
    Password {
        /// The job that set it.
        job: JobId,
        /// Whose, by object id.
        id: String,
        /// Whose, by name. Hostile text.
        user: String,
        /// The password.
        password: TemporaryPassword,
    },
    /// What the tenant was asked of single users is answered; what was read came as [`Msg::Records`].
    Looked {
        /// Whom it was asked about.
        users: Vec<UserId>,
        /// Why not everything could be read. Hostile text.
        problem: Option<String>,
    },
    /// A playbook is in the journal.
    PlaybookBegun(JobId),
    /// The plan of a step of a playbook, as asked for.
    StepPlan(Box<Plan>),
    /// The plan of a step was not to be had.
    StepNotPlanned {
        /// The playbook.
        playbook: JobId,
        /// The step.
        action: Action,
        /// What failed, and why.
        message: String,
    },
    /// A playbook that was confirmed was not begun.
    PlaybookNotBegun {
        /// Id of its plan.
        plan: String,
        /// What failed, and why.
        message: String,
    },
    /// A playbook was not ended.
    PlaybookNotEnded {
        /// The playbook.
        playbook: JobId,
        /// What failed, and why; `None` where somebody else is at work on it.
        message: Option<String>,
    },
    /// Something happened in a job.
    Job(JobEvent),
    /// A job began, or goes on.
    JobStarted(JobId),
    /// Where a job stands.
    Progress {
        /// The job.
        job: JobId,
        /// In numbers.
        tally: Tally,
        /// How long it will take yet.
        seconds_left: u64,
    },
    /// A job ended.
    JobEnded {
        /// The job.
        job: JobId,
        /// How.
        state: JobState,
        /// In numbers.
        tally: Tally,
    },
    /// A job was stopped by an error and can be resumed.
    JobFailed {
        /// The job, where it came to have a number.
        job: Option<JobId>,
        /// What failed, why, and what to do next.
        message: String,
    },
    /// The journal now adds up to this.
    Ledger(Ledger),
    /// The journal, oldest first, as asked for.
    Journal(Vec<JournalRecord>),
    /// How far a sync is.
    Syncing(Syncing),
    /// The data is up to date.
    Synced {
        /// As of when.
        at: Option<Timestamp>,
        /// What could not be read. Hostile text.
        notes: Vec<String>,
    },
    /// A sync came to no end; the console goes on with what it has.
    SyncFailed {
        /// What failed, why, and what to do next.
        message: String,
        /// Whether only a person can help, as with a sign-in.
        needs_person: bool,
    },
    /// A person must sign in.
    SignIn(SignInAsked),
    /// Nobody needs to sign in any more: it was done, or given up.
    SignInOver,
    /// Whether anything can be sent, from now on.
    Access(Access),
    /// No browser can be opened here: the page is to be opened by hand.
    Page {
        /// The page.
        page: Page,
        /// Its address.
        address: String,
    },
    /// What an [`Effect::Compute`] asked for.
    Computed(Box<Computed>),
    /// Something to know.
    Said(String),
    /// Something failed.
    Failed(String),
    /// The entries of an [`Effect::Record`] did not come into the journal.
    NotRecorded {
        /// The entries.
        entries: Vec<Entry>,
        /// What failed, and why.
        message: String,
    },
}

/// How far a sync is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Syncing {
    /// What was read last: "risky users". Empty at the beginning.
    pub what: &'static str,
    /// Users that were read or concerned so far.
    pub users: usize,
    /// How long it will take yet, where that can be told.
    pub seconds_left: Option<u64>,
}

/// What a person must do to sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignInAsked {
    /// Where.
    pub address: String,
    /// The code to type there; `None` where the browser brings it.
    pub code: Option<String>,
    /// Whether a browser was opened there.
    pub opened: bool,
}

impl SignInAsked {
    /// In one sentence.
    pub fn words(&self) -> String {
        match (&self.code, self.opened) {
            (Some(code), _) => format!("open {} and type the code {code}", self.address),
            (None, true) => "go on in the browser".to_owned(),
            (None, false) => format!("open {}", self.address),
        }
    }
}

/// What is to be done outside.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Run a confirmed plan.
    Run {
        /// The plan.
        confirmed: Box<Confirmed>,
        /// How long the first request is held back.
        hold_seconds: u64,
    },
    /// Go on with an interrupted job.
    Resume(JobId),
    /// Stop the running job after the request in flight.
    CancelRunning,
    /// Cancel an interrupted job.
    CancelJob(JobId),
    /// Remember whom to show first when the workspace is opened the next time.
    KeepFirst(Vec<UserId>),
    /// Read the journal; answered by [`Msg::Journal`].
    ReadJournal,
    /// Add a note to a user's case; answered by [`Msg::Ledger`].
    AddNote {
        /// The user.
        user: UserId,
        /// The note.
        text: String,
    },
    /// Remember a setting of the workspace; a failure is told as [`Msg::Failed`].
    SaveSetting {
        /// Which.
        name: &'static str,
        /// To what.
        value: String,
    },
    /// Add entries to the journal; answered by [`Msg::Ledger`] and [`Msg::Said`], or by [`Msg::NotRecorded`].
    Record {
        /// The entries.
        entries: Vec<Entry>,
        /// What is said when they are in it. May hold hostile text.
        said: String,
    },
    /// Set the evidence of these users aside; answered by [`Msg::Ledger`] and [`Msg::Said`].
    Snapshot(Vec<UserId>),
    /// Ask the tenant for what is too much to read of everybody: devices and authentication methods of these users. Answered by
    /// [`Msg::Records`] and [`Msg::Looked`].
    Look(Vec<UserId>),
    /// Let something happen in the simulated tenant; answered by [`Msg::Records`] and [`Msg::Said`] or [`Msg::Failed`].
    Simulate {
        /// What.
        happening: Happening,
        /// To whom.
        user: UserId,
    },
    /// Take a confirmed playbook into the journal; nothing is sent. Answered by [`Msg::PlaybookBegun`] or [`Msg::PlaybookNotBegun`].
    BeginPlaybook(Box<Confirmed>),
    /// Work out the plan of a step; answered by [`Msg::StepPlan`] or [`Msg::StepNotPlanned`].
    PlanStep {
        /// The playbook.
        playbook: JobId,
        /// The step.
        action: Action,
    },
    /// Leave a step out; answered by [`Msg::Ledger`].
    SkipStep {
        /// The playbook.
        playbook: JobId,
        /// The step.
        action: Action,
        /// Why.
        because: String,
    },
    /// End a playbook whose steps are all settled; answered by [`Msg::Ledger`].
    EndPlaybook(JobId),
    /// Take a look at every record, beside the loop; answered by [`Msg::Computed`] whatever happens, because what comes from
    /// outside waits for it.
    Compute(Box<Computation>),
    /// Send text to the terminal's clipboard.
    Copy(String),
    /// Send a temporary password to the terminal's clipboard.
    CopyPassword(TemporaryPassword),
    /// Bring the data up to date; answered by [`Msg::Synced`] or [`Msg::SyncFailed`].
    Refresh,
    /// Turn writing on or off for this workspace; answered by [`Msg::Access`].
    SetWritable(bool),
    /// Open a page of the portal in the browser; answered by [`Msg::Said`] or [`Msg::Page`].
    OpenPage(Page),
    /// Listen to the mouse, or leave it to the terminal.
    Mouse(bool),
    /// Go to the background of the shell.
    Suspend,
    /// Leave.
    Quit,
}

//! The one command table: key map, help, palette and key hints all come from it.

/// Where a command applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Context {
    /// The pane "Risky users".
    Users,
    /// The pane "Risky sign-ins".
    SignIns,
    /// The pane "Detection details".
    Details,
    /// The list of jobs.
    Jobs,
    /// Other lists that lie over the panes: menus, the journal, targets of a plan, outcomes of a job.
    List,
}

impl Context {
    /// All contexts.
    pub const ALL: [Context; 5] = [Context::Users, Context::SignIns, Context::Details, Context::Jobs, Context::List];

    /// In words, for problems of a key map.
    pub fn words(self) -> &'static str {
        match self {
            Context::Users => "risky users",
            Context::SignIns => "risky sign-ins",
            Context::Details => "detection details",
            Context::Jobs => "jobs",
            Context::List => "lists",
        }
    }
}

/// What a command does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the table below describes each")]
pub enum CommandId {
    PaneUsers,
    PaneSignIns,
    PaneDetails,
    NextPane,
    PreviousPane,
    Down,
    Up,
    Top,
    Bottom,
    PageDown,
    PageUp,
    Open,
    Back,
    Zoom,
    Filter,
    Find,
    Mark,
    MarkRange,
    MarkAll,
    ClearMarks,
    InvertMarks,
    DismissRisk,
    ConfirmCompromised,
    ConfirmSafe,
    Remediate,
    Explain,
    WhyBlocked,
    NotSafe,
    Columns,
    NarrowUsers,
    WidenUsers,
    Theme,
    Simulate,
    SkipStep,
    Undo,
    AllSignIns,
    Timeline,
    Map,
    Overview,
    Earlier,
    Later,
    ZoomIn,
    ZoomOut,
    Pivot,
    PivotBack,
    Campaigns,
    Queue,
    QueueNext,
    QueuePrevious,
    QueueLater,
    Note,
    Case,
    Snapshot,
    Views,
    View4,
    View5,
    View6,
    View7,
    View8,
    View9,
    Journal,
    Jobs,
    CancelJob,
    Copy,
    Sort,
    Palette,
    Help,
    Privacy,
    Times,
    Mouse,
    Messages,
    Page,
    Refresh,
    Writing,
    Suspend,
    Cancel,
    Quit,
}

/// One command.
#[derive(Debug, Clone, Copy)]
pub struct Command {
    /// What it does.
    pub id: CommandId,
    /// Its name in a key map file.
    pub name: &'static str,
    /// In a few words.
    pub title: &'static str,
    /// In a sentence.
    pub help: &'static str,
    /// Where it applies.
    pub contexts: &'static [Context],
}

use CommandId as Id;
use Context::{Details, Jobs, List, SignIns, Users};

const PANES: &[Context] = &[Users, SignIns, Details];
const LISTS: &[Context] = &[Users, SignIns, Details, Jobs, List];
const ROWS: &[Context] = &[Users, SignIns];

const fn command(id: CommandId, name: &'static str, title: &'static str, help: &'static str, contexts: &'static [Context]) -> Command {
    Command { id, name, title, help, contexts }
}

/// All commands, in the order in which help lists them.
pub static COMMANDS: &[Command] = &[
    command(Id::DismissRisk, "dismiss-risk", "dismiss", "Plan to dismiss the risk of what is marked, or under the cursor", PANES),
    command(Id::ConfirmCompromised, "confirm-compromised", "compromised", "Plan to confirm it compromised", PANES),
    command(Id::ConfirmSafe, "confirm-safe", "safe", "Plan to confirm it safe", PANES),
    command(
        Id::Remediate,
        "remediate",
        "remediate",
        "Show every remediation for what is marked, or under the cursor, and why one is off",
        PANES,
    ),
    command(Id::Explain, "explain", "explain", "Explain the user: what it may have been, why, and every option", PANES),
    command(Id::WhyBlocked, "why-blocked", "unblock", "Say why the user is blocked, and the ways out", PANES),
    command(Id::NotSafe, "not-safe", "not safe", "Show the users whose risk is closed and who are not safe", PANES),
    command(Id::SkipStep, "skip-step", "leave out", "In a playbook: leave out the step under the cursor, with a reason", &[Jobs]),
    command(Id::Undo, "undo", "undo", "In jobs and journal: plan to undo the job under the cursor", &[Jobs, List]),
    command(Id::Filter, "filter", "filter", "Filter users with the query language, as typed", PANES),
    command(Id::Find, "find", "find", "Find users by parts of a name or principal name", PANES),
    command(Id::Mark, "mark", "mark", "Mark or unmark the row under the cursor", &[Users, SignIns, List]),
    command(Id::MarkRange, "mark-range", "range", "Begin a range, then mark it", ROWS),
    command(Id::MarkAll, "mark-all", "all", "Mark everything that matches the exact filter", ROWS),
    command(Id::ClearMarks, "clear-marks", "clear marks", "Clear all marks, hidden ones too", ROWS),
    command(Id::InvertMarks, "invert-marks", "invert", "Invert the marks of everything that matches the exact filter", ROWS),
    command(Id::Sort, "sort", "sort", "Choose the column and direction that users are sorted by", PANES),
    command(Id::AllSignIns, "all-sign-ins", "all sign-ins", "Show all sign-ins of the user, or the risky ones only", PANES),
    command(Id::Timeline, "timeline", "timeline", "Show what happened to the user on a time axis, a lane for each session", PANES),
    command(Id::Map, "map", "map", "Show on a map where the user signed in, and how fast they would have travelled", PANES),
    command(Id::Overview, "overview", "overview", "Show the tenant's risk over time, the queue and what came of it", PANES),
    command(Id::Earlier, "earlier", "earlier", "In the timeline: go to the event before", &[List]),
    command(Id::Later, "later", "later", "In the timeline: go to the next event", &[List]),
    command(Id::ZoomIn, "zoom-in", "zoom in", "In the timeline: look nearer, around the cursor", &[List]),
    command(Id::ZoomOut, "zoom-out", "zoom out", "In the timeline: look from further away", &[List]),
    command(
        Id::Pivot,
        "pivot",
        "pivot",
        "Show who shares a value with what is under the cursor: address, session, client, detection",
        PANES,
    ),
    command(Id::PivotBack, "pivot-back", "back from a pivot", "Go back one pivot: filter, order, marks and cursor as they were", PANES),
    command(Id::Campaigns, "campaigns", "campaigns", "Show groups of users at risk who share something that few others have", PANES),
    command(Id::Queue, "queue", "queue", "Go through the listed or marked users one after another, or go on with it", PANES),
    command(Id::QueueNext, "queue-next", "next in queue", "In a queue: go to the next user", PANES),
    command(Id::QueuePrevious, "queue-previous", "previous in queue", "In a queue: go to the user before", PANES),
    command(Id::QueueLater, "queue-later", "later", "In a queue: let the user come again at the end", PANES),
    command(Id::Note, "note", "note", "Add a note to the user's case", PANES),
    command(
        Id::Case,
        "case",
        "case",
        "Say what it was: verdict, status and tags of what is marked, or under the cursor; nothing is sent",
        PANES,
    ),
    command(
        Id::Snapshot,
        "snapshot",
        "snapshot",
        "Set aside the evidence of what is marked, or under the cursor, in a folder of the workspace",
        PANES,
    ),
    command(Id::Views, "views", "views", "Show the saved views: choose one, save the filter, put one on a key, remove one", PANES),
    command(Id::View4, "view-4", "view 4", "Show the saved view on this key", PANES),
    command(Id::View5, "view-5", "view 5", "Show the saved view on this key", PANES),
    command(Id::View6, "view-6", "view 6", "Show the saved view on this key", PANES),
    command(Id::View7, "view-7", "view 7", "Show the saved view on this key", PANES),
    command(Id::View8, "view-8", "view 8", "Show the saved view on this key", PANES),
    command(Id::View9, "view-9", "view 9", "Show the saved view on this key", PANES),
    command(Id::Copy, "copy", "copy", "Send a value to the terminal's clipboard", PANES),
    command(
        Id::Jobs,
        "jobs",
        "jobs",
        "Show the running job, or all jobs: resume or cancel an open one",
        &[Users, SignIns, Details, Jobs, List],
    ),
    command(Id::CancelJob, "cancel-job", "cancel job", "In jobs: cancel the open job under the cursor", &[Jobs]),
    command(Id::Journal, "journal", "journal", "Show the journal", PANES),
    command(Id::Palette, "palette", "palette", "Find a command and run it", PANES),
    command(Id::Help, "help", "help", "Show what can be done here", PANES),
    command(Id::Open, "open", "open", "Go on to what belongs to this row; in jobs, resume", LISTS),
    command(Id::Back, "back", "back", "One step back", LISTS),
    command(Id::PaneUsers, "pane-users", "users", "Go to the risky users", PANES),
    command(Id::PaneSignIns, "pane-sign-ins", "sign-ins", "Go to the risky sign-ins", PANES),
    command(Id::PaneDetails, "pane-details", "details", "Go to the detection details", PANES),
    command(Id::NextPane, "next-pane", "next pane", "Go to the next pane", PANES),
    command(Id::PreviousPane, "previous-pane", "previous pane", "Go to the pane before", PANES),
    command(Id::Zoom, "zoom", "zoom", "Give this pane the whole screen, or take it back", PANES),
    command(Id::NarrowUsers, "narrow-users", "narrower", "Give the users less of the screen", PANES),
    command(Id::WidenUsers, "widen-users", "wider", "Give the users more of the screen", PANES),
    command(Id::Columns, "columns", "columns", "Choose and order the columns of the users", PANES),
    command(Id::Theme, "theme", "theme", "Choose a theme, until the console ends", PANES),
    command(Id::Simulate, "simulate", "simulate", "In the demo: let something happen to the user under the cursor", PANES),
    command(Id::Down, "down", "down", "Move down", LISTS),
    command(Id::Up, "up", "up", "Move up", LISTS),
    command(Id::Top, "top", "first", "Move to the first row", LISTS),
    command(Id::Bottom, "bottom", "last", "Move to the last row", LISTS),
    command(Id::PageDown, "page-down", "page down", "Move down one page", LISTS),
    command(Id::PageUp, "page-up", "page up", "Move up one page", LISTS),
    command(Id::Messages, "messages", "messages", "Show what was said and what failed, with its time", PANES),
    command(Id::Page, "page", "portal", "Open the page of the user, or of the sign-ins, in the browser", PANES),
    command(Id::Times, "times", "times", "Show times as dates, as ages, or each as it is read best", PANES),
    command(Id::Mouse, "mouse", "mouse", "Listen to the mouse, or leave it to the terminal", PANES),
    command(Id::Privacy, "privacy", "privacy", "Mask names, addresses and the tenant on the screen, or show them", LISTS),
    command(Id::Refresh, "refresh", "refresh", "Read the tenant again", PANES),
    command(Id::Writing, "writing", "writing", "Turn writing to this tenant on or off", PANES),
    command(Id::Suspend, "suspend", "suspend", "Go to the background of the shell", LISTS),
    command(Id::Cancel, "cancel", "cancel", "Leave what is open, or quit", LISTS),
    command(Id::Quit, "quit", "quit", "Quit", PANES),
];

/// The command of this name.
pub fn find(name: &str) -> Option<&'static Command> {
    COMMANDS.iter().find(|command| command.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_command_stands_once_and_applies_somewhere() {
        let names: HashSet<_> = COMMANDS.iter().map(|command| command.name).collect();
        let ids: HashSet<_> = COMMANDS.iter().map(|command| command.id).collect();
        assert_eq!((names.len(), ids.len()), (COMMANDS.len(), COMMANDS.len()));
        assert!(COMMANDS.iter().all(|command| !command.contexts.is_empty()));
    }
}

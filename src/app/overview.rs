//! The overview of the tenant: its numbers as rows, each with the filter that shows whom it counts.

use super::App;
use super::command::{CommandId, Context};
use super::computing::Question;
use super::format::{ago, count, number};
use super::key::Key;
use super::layout;
use super::msg::Effect;
use super::overlay::Overlay;
use super::picture::Hint;
use super::scroll::Scroll;
use super::times::Times;
use crate::domain::catalogue;
use crate::domain::dataset::Dataset;
use crate::domain::ledger::Ledger;
use crate::domain::overview::{BACK_WITHIN_DAYS, DAYS, Days, OfType, Overview};
use crate::domain::query::term;
use crate::domain::risk::RiskLevel;
use crate::domain::time::Timestamp;

/// The filter for users at risk.
const AT_RISK: &str = "state:atRisk,confirmedCompromised";
/// Columns of the longest bar.
pub const BAR: usize = 20;
/// Rows that tell of the row under the cursor.
pub const TOLD: usize = 2;

/// One row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Row {
    /// What it counts; alone, a heading. May hold hostile text.
    pub label: String,
    /// The number.
    pub value: String,
    /// Detections by day.
    pub days: Option<Days>,
    /// More, where there is room.
    pub more: String,
    /// In full. May hold hostile text.
    pub told: String,
    /// The filter that shows whom it counts.
    pub filter: Option<String>,
    /// The level that it is about.
    pub level: Option<RiskLevel>,
}

impl Row {
    fn heading(label: impl Into<String>) -> Self {
        Row { label: label.into(), ..Row::default() }
    }

    /// Whether it only heads those below.
    pub fn is_heading(&self) -> bool {
        self.told.is_empty()
    }
}

/// The open overview.
#[derive(Debug, Clone)]
pub struct Glance {
    /// When it was computed.
    pub at: Timestamp,
    /// The computation of its rows.
    pub number: u64,
    /// Its rows; none as long as they are being computed.
    pub rows: Vec<Row>,
    /// Place among them.
    pub scroll: Scroll,
    /// Whether records changed since: it is not computed by itself, because that takes a look at every record.
    pub stale: bool,
    /// Why the last key did nothing.
    pub message: Option<String>,
}

/// "peak 12 a day"; empty where there was none.
fn peak(days: &Days) -> String {
    match days.iter().max() {
        Some(most) if *most > 0 => format!(", at most {most} a day"),
        _ => String::new(),
    }
}

fn total(days: &Days) -> usize {
    days.iter().map(|count| *count as usize).sum()
}

fn levels(overview: &Overview) -> Vec<Row> {
    let levels = [Some(RiskLevel::High), Some(RiskLevel::Medium), Some(RiskLevel::Low), None];
    let most = overview.levels.iter().map(|level| level.open).max().unwrap_or(0).max(1);
    let rows = levels.into_iter().zip(&overview.levels).filter(|(level, of)| level.is_some() || of.open > 0 || total(&of.days) > 0);
    let rows = rows.map(|(level, of)| {
        let word = level.as_ref().map_or("OTHER".to_owned(), |level| level.as_str().to_uppercase());
        let filter = match &level {
            Some(level) => format!("{AT_RISK} level:{level}"),
            None => format!("{AT_RISK} -level:high,medium,low"),
        };
        let open = count(of.open, "user is at risk", "users are at risk");
        let seen = count(total(&of.days), "detection", "detections");
        Row {
            told: format!("{word}: {open} now; {seen} at this level in the last {DAYS} days{}", peak(&of.days)),
            label: word,
            value: number(of.open),
            days: Some(of.days),
            more: "█".repeat((of.open * BAR).div_ceil(most)),
            filter: Some(filter),
            level,
        }
    });
    rows.collect()
}

fn queue(overview: &Overview, times: Times) -> Vec<Row> {
    let Some(ages) = overview.ages else { return vec![told("Nobody is at risk", "Nobody is at risk: there is no queue.")] };
    let row = |label: &str, since: Timestamp, says: &str| {
        let minutes = since.age(overview.at).num_minutes().max(1) - 1;
        Row {
            label: label.to_owned(),
            value: ago(since, overview.at),
            told: format!("{says}, since {}", times.moment(since)),
            filter: Some(format!("{AT_RISK} age:>{minutes}m")),
            ..Row::default()
        }
    };
    vec![
        row("Median", ages.median, "Half of those at risk have waited as long or longer"),
        row("90th percentile", ages.ninetieth, "One in ten of those at risk has waited as long or longer"),
        row("Oldest", ages.oldest, "This is the longest that anybody has waited"),
    ]
}

fn told(label: &str, told: &str) -> Row {
    Row { label: label.to_owned(), told: told.to_owned(), ..Row::default() }
}

fn oldest_high(overview: &Overview, dataset: &Dataset, times: Times) -> Vec<Row> {
    if overview.oldest_high.is_empty() {
        return vec![told("Nobody", "Nobody is at risk at level high.")];
    }
    let rows = overview.oldest_high.iter().filter_map(|(id, since)| {
        let user = &dataset.user(id)?.user;
        let name = user.user_principal_name.as_deref().unwrap_or(id.as_str());
        Some(Row {
            label: user.name().to_owned(),
            value: ago(*since, overview.at),
            told: format!("{name} has been at high risk since {}", times.moment(*since)),
            filter: Some(format!("{AT_RISK} {}", term("user", id.as_str()))),
            level: Some(RiskLevel::High),
            ..Row::default()
        })
    });
    rows.collect()
}

fn came_back(overview: &Overview) -> Vec<Row> {
    let within = format!("within {BACK_WITHIN_DAYS} days");
    let mut rows = vec![Row {
        label: format!("Back {within}"),
        value: number(overview.came_back),
        told: format!(
            "{} at risk again {within} of having been closed, by history, jobs and detections",
            count(overview.came_back, "user was", "users were")
        ),
        filter: Some("cameback:true".to_owned()),
        ..Row::default()
    }];
    if overview.back_unknown > 0 {
        rows.push(Row {
            label: "Unknown".to_owned(),
            value: number(overview.back_unknown),
            told: format!("Of {} the risk history was not read", count(overview.back_unknown, "user", "users")),
            filter: Some("cameback:unknown".to_owned()),
            ..Row::default()
        });
    }
    rows
}

fn of_type(of: &OfType) -> Row {
    let name = if of.kind.is_empty() { "type not read" } else { catalogue::name(&of.kind) };
    let rate = of.false_positive_rate();
    let share = rate.map_or("none closed".to_owned(), |rate| format!("{rate:>3} % of {} false positives", number(of.closed)));
    let closed = match rate {
        Some(rate) => format!(
            "of {} closed or judged, {} ({rate} %) were false positives: by verdict, else confirmed safe or dismissed",
            number(of.closed),
            number(of.false_positives)
        ),
        None => "none was closed, so no rate of false positives is known".to_owned(),
    };
    let users = count(of.users, "user", "users");
    Row {
        label: name.to_owned(),
        value: number(of.users),
        days: Some(of.days),
        more: share,
        told: format!("{name}: {users}, {} ({} open); {closed}", count(of.detections, "detection", "detections"), number(of.open)),
        filter: (!of.kind.is_empty()).then(|| term("type", &of.kind)),
        level: None,
    }
}

impl Glance {
    /// Its rows. Takes a look at every record.
    pub(super) fn rows_of(dataset: &Dataset, ledger: &Ledger, times: Times) -> Vec<Row> {
        let overview = Overview::of(dataset, ledger, times.now);
        let mut rows = vec![Row::heading(format!("Users at risk, and detections of the last {DAYS} days"))];
        rows.extend(levels(&overview));
        rows.push(Row::heading("How long those at risk have waited"));
        rows.extend(queue(&overview, times));
        rows.push(Row::heading("Oldest open high risk"));
        rows.extend(oldest_high(&overview, dataset, times));
        rows.push(Row::heading("Users who came back"));
        rows.extend(came_back(&overview));
        rows.push(Row::heading("Users by detection type, and what came of it"));
        rows.extend(overview.types.iter().map(of_type));
        if overview.types.is_empty() {
            rows.push(told("None", "No detection is known."));
        }
        rows
    }

    /// Its rows are there.
    pub(super) fn answered(&mut self, rows: Vec<Row>) {
        (self.rows, self.scroll) = (rows, Scroll { at: 1, offset: 0 });
    }

    /// The row under the cursor.
    pub fn row(&self) -> Option<&Row> {
        self.rows.get(self.scroll.at)
    }

    /// Brings the cursor into sight, and the heading above the first row with it.
    pub(super) fn settle(&mut self, size: (u16, u16)) {
        self.scroll.settle(self.rows.len(), rows(size));
        if self.scroll.at <= 1 {
            self.scroll.offset = 0;
        }
    }

    fn run(&mut self, command: CommandId, page: usize) -> bool {
        let before = self.scroll.at;
        if !self.scroll.run(command, self.rows.len(), page) {
            return false;
        }
        // A heading is passed over: upwards where that is the way, but for the first of all.
        if self.row().is_some_and(Row::is_heading) {
            let up = self.scroll.at < before && self.scroll.at > 0;
            self.scroll.at = if up { self.scroll.at - 1 } else { self.scroll.at + 1 };
        }
        true
    }
}

/// The keys that the foot of the overview names.
pub const HINTS: &[Hint] = &[
    (&[CommandId::Back], "closes"),
    (&[CommandId::Help], "help"),
    (&[CommandId::Open], "shows them"),
    (&[CommandId::Down, CommandId::Up], "move"),
];

/// Rows of the list on this screen.
pub fn rows(size: (u16, u16)) -> usize {
    usize::from(layout::whole(size).inner().height).saturating_sub(TOLD + 1)
}

impl App {
    /// Has a look at the whole tenant taken, and shows what comes of it.
    pub(super) fn open_overview(&mut self) {
        let number = self.compute(Question::Overview);
        let glance = Glance { at: self.now, number, rows: Vec::new(), scroll: Scroll::default(), stale: false, message: None };
        self.overlay = Some(Overlay::Overview(Box::new(glance)));
    }

    pub(super) fn key_in_overview(&mut self, mut glance: Box<Glance>, key: Key) -> Vec<Effect> {
        glance.message = None;
        match self.other_picture(key) {
            Some(CommandId::Overview) if !glance.stale => return Vec::new(),
            Some(picture) => return self.run(picture),
            None => {}
        }
        match self.list_command(Context::List, key) {
            Some(CommandId::Open) => match glance.row().and_then(|row| row.filter.clone()) {
                Some(_) if self.queue_runs() => glance.message = self.rests_in_queue(CommandId::Filter),
                Some(filter) => {
                    let crumb = glance.row().map_or_else(String::new, |row| row.label.trim().to_owned());
                    self.pivot_to(crumb, &filter);
                    self.users.to_top(&self.dataset);
                    self.user_may_have_changed();
                    return Vec::new();
                }
                None => glance.message = Some("There is nobody to show here.".to_owned()),
            },
            Some(command) if glance.run(command, rows(self.options.size)) => {}
            _ if self.leaves(key) => return Vec::new(),
            _ => {}
        }
        self.overlay = Some(Overlay::Overview(glance));
        Vec::new()
    }
}

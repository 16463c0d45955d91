//! The picture of campaigns: a ranked list, and what the one under the cursor is.

use super::command::{CommandId, Context};
use super::computing::Question;
use super::format::{count, number, width, wrap};
use super::key::Key;
use super::layout::{self, Area};
use super::msg::Effect;
use super::overlay::Overlay;
use super::picture::Hint;
use super::scroll::Scroll;
use super::times::Times;
use super::{App, Phase};
use crate::domain::campaigns::{Campaign, MassEvent};
use crate::domain::catalogue;
use crate::domain::time::Timestamp;

/// Rows below the list: what the campaign under the cursor is, and the hint. A narrow screen needs more of them for the same words.
fn foot(size: (u16, u16)) -> u16 {
    match size.0 {
        0..80 => 10,
        80..100 => 9,
        _ => 8,
    }
}

/// What the picture shows: as it was when it was opened.
#[derive(Debug, Clone)]
pub struct Campaigns {
    /// The computation that finds them.
    pub number: u64,
    /// The possible mass false positive, the first row where there is one.
    pub event: Option<MassEvent>,
    /// The campaigns.
    pub list: Vec<Campaign>,
    /// How many there are; the first are listed.
    pub all: usize,
    /// Place in the list.
    pub scroll: Scroll,
    /// What the last key did.
    pub message: Option<String>,
    /// Whether records changed since it was opened.
    pub revision: u64,
}

/// A row of the list.
#[derive(Debug, Clone, Copy)]
pub enum Row<'a> {
    /// The possible mass false positive.
    Event(&'a MassEvent),
    /// A campaign.
    Campaign(&'a Campaign),
}

impl Row<'_> {
    /// The query that lists its users.
    pub fn query(&self) -> &str {
        match self {
            Row::Event(event) => &event.query,
            Row::Campaign(campaign) => &campaign.query,
        }
    }

    /// What its users share, in a few words. May hold hostile text.
    pub fn words(&self) -> String {
        match self {
            Row::Event(event) => format!("possible mass false positive: {}", catalogue::name(&event.risk_event_type)),
            Row::Campaign(campaign) if campaign.burst => {
                campaign.shares.first().map_or_else(String::new, |shared| format!("burst of {}", shared.shown()))
            }
            Row::Campaign(campaign) => {
                let more = campaign.shares.len().saturating_sub(1);
                let first =
                    campaign.shares.first().map_or_else(String::new, |shared| format!("{} {}", shared.share.words(), shared.shown()));
                if more > 0 { format!("{first}, {more} more") } else { first }
            }
        }
    }

    /// How many users.
    pub fn users(&self) -> usize {
        match self {
            Row::Event(event) => event.users,
            Row::Campaign(campaign) => campaign.users.len(),
        }
    }

    /// What it is, in full. May hold hostile text.
    pub fn lines(&self, columns: usize, times: Times) -> Vec<String> {
        let when = |from: Option<Timestamp>, to: Option<Timestamp>| match from.zip(to) {
            Some((from, to)) => format!("From {} to {}.", times.moment(from), times.moment(to)),
            None => "When is not known.".to_owned(),
        };
        let texts = match self {
            // The warning first: it is what must be read before anything is done.
            Row::Event(event) => vec![
                "It may be the service's mistake, and it may be an attack: look at a few users before anything is closed.".to_owned(),
                format!(
                    "{} of {} at risk have {} within 24 hours; of {} of them no other type is open, and each address is known to be \
                     normal for them, or none is named.",
                    count(event.users, "user", "users"),
                    number(event.at_risk),
                    catalogue::name(&event.risk_event_type),
                    number(event.otherwise_normal)
                ),
                when(Some(event.from), Some(event.to)),
            ],
            Row::Campaign(campaign) => {
                let shares: Vec<String> =
                    campaign.shares.iter().map(|shared| format!("{} {}", shared.share.words(), shared.shown())).collect();
                vec![
                    format!("They share: {}.", shares.join(" · ")),
                    when(campaign.from, campaign.to),
                    format!(
                        "{}: {} high, {} with token theft; {} known with it. Score {}.",
                        count(campaign.users.len(), "user at risk", "users at risk"),
                        number(campaign.high),
                        number(campaign.token_theft),
                        count(campaign.known_users, "user is", "users are"),
                        number(campaign.score)
                    ),
                ]
            }
        };
        texts.iter().flat_map(|text| wrap(text, columns)).collect()
    }
}

impl Campaigns {
    /// The row at this place.
    pub fn row(&self, place: usize) -> Option<Row<'_>> {
        let before = usize::from(self.event.is_some());
        match &self.event {
            Some(event) if place == 0 => Some(Row::Event(event)),
            _ => self.list.get(place.checked_sub(before)?).map(Row::Campaign),
        }
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.list.len() + usize::from(self.event.is_some())
    }

    /// Whether there is nothing to show.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Where it stands.
    pub fn area(size: (u16, u16)) -> Area {
        layout::whole(size)
    }

    /// Rows of the list, below its header.
    pub fn rows(size: (u16, u16)) -> usize {
        usize::from(Campaigns::area(size).inner().height.saturating_sub(1 + foot(size)))
    }
}

/// The possible mass false positive, and of which records it was looked for.
#[derive(Debug, Clone, Default)]
pub struct Alarm {
    event: Option<MassEvent>,
    /// The one that the operator does not want to be told of any more.
    hidden: Option<MassEvent>,
    looked: Option<(u64, Timestamp)>,
}

/// While records keep changing, as during a first sync, it is looked for no more often than this.
const SECONDS_BETWEEN: i64 = 10;

/// The keys that the foot of the campaigns names.
const HINTS: &[Hint] = &[
    (&[CommandId::Back], "closes"),
    (&[CommandId::Help], "help"),
    (&[CommandId::Open], "opens its users"),
    (&[CommandId::Mark], "marks them"),
];

impl App {
    /// The possible mass false positive among those at risk.
    pub fn mass_event(&self) -> Option<&MassEvent> {
        self.alarm.event.as_ref()
    }

    /// Has a mass event looked for after records changed.
    pub(super) fn look_for_mass_event(&mut self) {
        let due = match self.alarm.looked {
            None => self.phase == Phase::Ready && self.revision > 0,
            Some((revision, at)) => revision != self.revision && at.age(self.now).num_seconds() >= SECONDS_BETWEEN,
        };
        if due {
            self.alarm.looked = Some((self.revision, self.now));
            self.compute(Question::MassEvent);
        }
    }

    pub(super) fn alarm_answered(&mut self, event: Option<MassEvent>) {
        self.alarm.event = event;
    }

    /// What the banner says of it. May hold hostile text.
    pub fn alarm_words(&self) -> Option<String> {
        let event = self.alarm.event.as_ref().filter(|event| self.alarm.hidden.as_ref() != Some(*event))?;
        let key = self.options.keys.hint(CommandId::Campaigns);
        let name = catalogue::name(&event.risk_event_type);
        // The key first: a narrow screen cuts the end.
        let opens = if key.is_empty() { String::new() } else { format!("{key} opens a ") };
        let users = count(event.users, "user", "users");
        // Where Escape has something else to do first, that is said there.
        let hides = if self.banner || self.queue_runs() { "" } else { " · Esc hides this" };
        Some(format!(" {opens}possible mass false positive: {name}, {users} within 24 hours{hides}"))
    }

    /// Tells no more of the possible mass false positive, until it is another one.
    pub(super) fn hide_alarm(&mut self) {
        self.alarm.hidden.clone_from(&self.alarm.event);
    }

    /// Has the campaigns found, and shows them.
    pub(super) fn open_campaigns(&mut self) {
        self.alarm.looked = Some((self.revision, self.now));
        let number = self.compute(Question::Campaigns);
        let shown =
            Campaigns { number, event: None, list: Vec::new(), all: 0, scroll: Scroll::default(), message: None, revision: self.revision };
        self.overlay = Some(Overlay::Campaigns(Box::new(shown)));
    }

    pub(super) fn key_in_campaigns(&mut self, mut open: Box<Campaigns>, key: Key) -> Vec<Effect> {
        open.message = None;
        let command = self.list_command(Context::List, key);
        let in_panes = self.list_command(Context::Users, key);
        if self.leaves(key) {
            return Vec::new();
        }
        if command.is_some_and(|command| open.scroll.run(command, open.len(), Campaigns::rows(self.options.size))) {
            self.overlay = Some(Overlay::Campaigns(open));
            return Vec::new();
        }
        let row = open.row(open.scroll.at);
        match (command, in_panes, row) {
            (Some(CommandId::Open), _, Some(row)) => {
                let (crumb, query) = (row.words(), row.query().to_owned());
                self.pivot_to(crumb, &query);
                return Vec::new();
            }
            (Some(CommandId::Mark), _, Some(row)) | (_, Some(CommandId::MarkAll), Some(row)) => {
                let ids = match row {
                    Row::Campaign(campaign) => campaign.users.clone(),
                    Row::Event(event) => event.ids.clone(),
                };
                let marked = count(ids.len(), "user", "users");
                self.users.marks.extend(ids);
                self.users.recount_hidden(&self.dataset);
                open.message = Some(format!("Marked {marked}: {} marked in all.", number(self.users.marks.len())));
            }
            (_, Some(CommandId::Campaigns), _) => {
                self.open_campaigns();
                return Vec::new();
            }
            _ => {}
        }
        self.overlay = Some(Overlay::Campaigns(open));
        Vec::new()
    }

    /// The line of keys below the campaigns.
    pub fn campaigns_hint(&self, open: &Campaigns, columns: usize) -> String {
        if let Some(message) = &open.message {
            return message.clone();
        }
        let keys = &self.options.keys;
        let stale = if open.revision == self.revision {
            String::new()
        } else {
            format!("records changed: {} looks again · ", keys.hint(CommandId::Campaigns))
        };
        format!("{stale}{}", self.picture_hint(HINTS, columns.saturating_sub(width(&stale))))
    }
}

//! The plan preview: what an action would do, the reason, and the confirmation.

use std::collections::BTreeMap;

use super::command::CommandId;
use super::format::{count, number, wrap};
use super::input::Input;
use super::key::{Key, KeyCode};
use super::layout::{self, Area};
use super::scroll::Scroll;
use crate::domain::action::{Action, Aim, Kind};
use crate::domain::dataset::Dataset;
use crate::domain::facts;
use crate::domain::plan::{Answer, Because, Confirmation, Confirmed, Plan, PlanContext, PlanTarget, Target, Verdict};
use crate::domain::text::safe;

/// Where the cursor stands in the preview.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In the list of targets.
    Targets,
    /// In the reason.
    Reason,
    /// In the confirmation.
    Confirmation,
}

/// What a key in the preview leads to.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The preview stays.
    Stay,
    /// The preview is closed; nothing is sent.
    Close,
    /// The plan is confirmed.
    Confirmed(Box<Confirmed>),
}

/// A plan on the screen.
#[derive(Debug, Clone)]
pub struct Preview {
    /// The plan.
    pub plan: Plan,
    /// Where the cursor stands.
    pub place: Place,
    /// The reason, as typed.
    pub reason: Input,
    /// The confirmation, as typed.
    pub answer: Input,
    /// The list of targets.
    pub scroll: Scroll,
    /// Why it does not go on.
    pub message: Option<String>,
    /// That facts changed under the open preview.
    pub changed: Option<String>,
    /// Verdicts in numbers and words.
    pub summary: Vec<String>,
    /// How many of the targets the present filter does not show.
    pub hidden: usize,
    /// Places of the plan's targets in the order of the list: cautions, refused, eligible.
    order: Vec<usize>,
    context: PlanContext,
}

impl Preview {
    /// Plans an action.
    pub fn open(action: Action, targets: &[Target], dataset: &Dataset, context: PlanContext) -> Self {
        let plan = Plan::compute(action, targets, dataset, &context);
        let mut preview = Preview {
            plan,
            place: Place::Reason,
            reason: Input::default(),
            answer: Input::default(),
            scroll: Scroll::default(),
            message: None,
            changed: None,
            summary: Vec::new(),
            hidden: 0,
            order: Vec::new(),
            context,
        };
        preview.settle(dataset);
        preview
    }

    /// Judges the targets again after records changed.
    pub fn revise(&mut self, dataset: &Dataset, context: PlanContext) {
        self.context = context;
        let (plan, changes) = self.plan.revise(dataset, &self.context);
        self.plan = plan;
        if !changes.is_empty() {
            let now_in = number(self.plan.included_count());
            let changes = count(changes.len(), "target", "targets");
            self.changed = Some(format!("Records changed: {changes} judged anew, {now_in} will now be acted on."));
            // What was typed confirmed another plan, and the next Enter must not start this one.
            self.answer = Input::default();
            if self.place == Place::Confirmation {
                self.place = Place::Reason;
            }
        }
        self.settle(dataset);
    }

    /// Works out what follows from the plan.
    fn settle(&mut self, dataset: &Dataset) {
        let rank = |target: &PlanTarget| match target.verdict {
            Verdict::Caution => 0,
            Verdict::Refused => 1,
            Verdict::Eligible => 2,
        };
        self.order = (0..self.plan.targets.len()).collect();
        self.order.sort_by_key(|at| self.plan.targets.get(*at).map_or(3, rank));
        self.summary = summary(&self.plan, dataset);
    }

    /// Number of targets.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether there is no target.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// The target in this row of the list.
    pub fn target(&self, row: usize) -> Option<&PlanTarget> {
        self.order.get(row).and_then(|at| self.plan.targets.get(*at))
    }

    /// Takes a key that is no command of lists.
    pub fn key(&mut self, key: Key, last_reason: &str) -> Outcome {
        self.message = None;
        match (key.code, self.place) {
            (KeyCode::Esc, Place::Reason) => return Outcome::Close,
            (KeyCode::Esc, _) => self.place = Place::Reason,
            (KeyCode::Tab, place) => {
                self.place = match place {
                    Place::Targets => Place::Reason,
                    Place::Reason => Place::Confirmation,
                    Place::Confirmation => Place::Targets,
                }
            }
            (KeyCode::BackTab, place) => {
                self.place = match place {
                    Place::Targets => Place::Confirmation,
                    Place::Reason => Place::Targets,
                    Place::Confirmation => Place::Reason,
                }
            }
            (KeyCode::Enter, Place::Targets) => self.place = Place::Reason,
            (KeyCode::Enter, Place::Reason) => self.go_on(),
            (KeyCode::Enter, Place::Confirmation) => return self.confirm(),
            (KeyCode::Up, Place::Reason) if !last_reason.is_empty() => self.reason = Input::of(last_reason),
            (_, Place::Reason) => {
                self.reason.key(key);
            }
            (_, Place::Confirmation) if self.plan.confirm != Confirmation::Enter => {
                self.answer.key(key);
            }
            _ => {}
        }
        Outcome::Stay
    }

    /// Takes pasted text.
    pub fn paste(&mut self, text: &str) {
        match self.place {
            Place::Reason => self.reason.paste(text),
            Place::Confirmation if self.plan.confirm != Confirmation::Enter => self.answer.paste(text),
            _ => {}
        }
    }

    /// Follows a command in the list of targets; says whether it was one.
    pub fn command(&mut self, command: CommandId, size: (u16, u16), dataset: &Dataset) -> bool {
        self.message = None;
        if command == CommandId::Mark {
            self.toggle(dataset);
            return true;
        }
        self.scroll.run(command, self.len(), target_rows(self, size))
    }

    fn toggle(&mut self, dataset: &Dataset) {
        let Some(target) = self.target(self.scroll.at).cloned() else { return };
        if target.verdict != Verdict::Caution {
            let why = if target.verdict == Verdict::Refused { "It cannot be taken in" } else { "Nothing speaks against it" };
            self.message = Some(format!("{why}: only a target with a caution is taken in or left out here."));
            return;
        }
        self.plan.set_included(&target.id, !target.included, &self.context);
        // What was typed confirmed another number.
        self.answer = Input::default();
        self.settle(dataset);
    }

    fn go_on(&mut self) {
        if self.plan.included_count() == 0 {
            self.message = Some(self.nothing());
        } else if self.plan.needs_reason() && self.reason.text().trim().is_empty() {
            self.message = Some("A reason is required for more than one target and for every caution.".to_owned());
        } else {
            self.place = Place::Confirmation;
        }
    }

    fn confirm(&mut self) -> Outcome {
        if self.plan.included_count() == 0 {
            self.message = Some(self.nothing());
            return Outcome::Stay;
        }
        self.plan.set_reason(self.reason.text().trim(), &self.context);
        match self.plan.clone().confirm(Answer::Typed(&self.answer.text())) {
            Ok(confirmed) => Outcome::Confirmed(Box::new(confirmed)),
            Err(error) => {
                let error = error.to_string();
                let mut letters = error.chars();
                let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
                self.message = Some(format!("{first}{}. Nothing was sent.", letters.as_str()));
                Outcome::Stay
            }
        }
    }

    fn nothing(&self) -> String {
        if self.plan.count(Verdict::Caution) > 0 {
            "Nothing to send: every target is left out or refused. Shift-Tab, Space takes a caution in.".to_owned()
        } else {
            let read_only = self.plan.targets.iter().all(|target| target.because.contains(&Because::ReadOnly));
            let next = if read_only { "Esc closes; \"writing\" in the palette turns writing on." } else { "Esc closes." };
            format!("Nothing to send: every target is refused. {next}")
        }
    }

    /// The confirmation's line: what to do to start.
    pub fn prompt(&self) -> String {
        match self.plan.confirm {
            _ if self.plan.included_count() == 0 => "Nothing to confirm".to_owned(),
            Confirmation::Enter => "Enter starts".to_owned(),
            Confirmation::Count | Confirmation::Phrase => format!("Type {} to confirm", self.plan.confirmation_text()),
        }
    }

    /// How many requests it takes, and how long.
    pub fn cost(&self) -> String {
        let requests = count(self.plan.requests, "request", "requests");
        format!("{requests}, about {}, then read back", super::format::duration(self.plan.estimated_seconds))
    }
}

/// The consequence of the plan's action, wrapped for the preview on this screen.
pub fn consequence(preview: &Preview, size: (u16, u16)) -> Vec<String> {
    wrap(preview.plan.action.consequence(), usize::from(layout::overlay(size, (WIDTH, 1)).width.saturating_sub(4)))
}

/// Columns that the preview wants.
const WIDTH: u16 = 92;

/// Rows that the summary or the list of targets never have: what must be seen before a key starts something.
fn fixed_rows(preview: &Preview, size: (u16, u16)) -> usize {
    consequence(preview, size).len() + 5 + usize::from(preview.changed.is_some())
}

/// Where the preview stands: as high as its summary and a good part of its targets need.
pub fn area(preview: &Preview, size: (u16, u16)) -> Area {
    let rows = (preview.summary.len() + 1).max(preview.len().min(12));
    let height = u16::try_from(rows + fixed_rows(preview, size) + 2).unwrap_or(u16::MAX);
    layout::overlay(size, (WIDTH, height))
}

/// How many rows are left for the summary or the list of targets.
pub fn target_rows(preview: &Preview, size: (u16, u16)) -> usize {
    usize::from(area(preview, size).inner().height).saturating_sub(fixed_rows(preview, size)).max(1)
}

fn names<'a>(targets: impl Iterator<Item = &'a PlanTarget>, dataset: &Dataset) -> String {
    let mut all: Vec<String> = Vec::new();
    let mut more = 0;
    for target in targets {
        if all.len() == 6 {
            more += 1;
            continue;
        }
        let id = target.user_id.clone().unwrap_or_else(|| target.id.as_str().into());
        let name = dataset.user(&id).map_or(target.user_principal_name.as_deref().unwrap_or(&target.id), |records| records.user.name());
        let name = safe(name).into_owned();
        if !all.contains(&name) {
            all.push(name);
        }
    }
    let mut text = all.join(", ");
    if more > 0 {
        text.push_str(&format!(" and {} more", number(more)));
    }
    text
}

/// All that tells one target from another: there may be look-alikes.
fn who(target: &PlanTarget, dataset: &Dataset) -> String {
    let user = target.user_id.clone().unwrap_or_else(|| target.id.as_str().into());
    let Some(records) = dataset.user(&user) else { return safe(&target.id).into_owned() };
    let mut parts = vec![safe(records.user.name()).into_owned()];
    let principal_name = records.user.user_principal_name.as_deref().map(|name| safe(name).into_owned());
    match records.sign_in(&target.id.as_str().into()).filter(|_| target.user_id.is_some()) {
        Some(sign_in) => {
            parts.extend(sign_in.created_date_time.map(|at| format!("{} UTC", at.0.format("%Y-%m-%d %H:%M"))));
            parts.extend(sign_in.ip_address.as_deref().map(|address| safe(address).into_owned()));
            parts.extend(sign_in.location.as_ref().and_then(|place| place.short()).map(|place| safe(&place).into_owned()));
            parts.extend(principal_name);
        }
        None => {
            parts.extend(principal_name);
            parts.extend(records.user.risk_level.as_ref().map(|level| safe(&level.as_str().to_uppercase()).into_owned()));
        }
    }
    parts.join(" · ")
}

/// The verdicts in numbers and words, one line for each group.
fn summary(plan: &Plan, dataset: &Dataset) -> Vec<String> {
    let mut lines = vec![format!("{:>4} {}", number(plan.included_count()), plan.action.outcome())];
    if let (1, Some(target)) = (plan.included_count(), plan.included().next()) {
        lines.push(format!("     {}", who(target, dataset)));
    }
    if matches!(plan.action.kind(), Kind::Feedback(_)) && plan.action.aim() == Aim::User {
        let closed: usize = plan
            .included()
            .filter_map(|target| dataset.user(&target.id.as_str().into()))
            .map(|records| {
                facts::open_detections(records) + records.sign_ins.iter().filter(|sign_in| sign_in.at_risk() == Some(true)).count()
            })
            .sum();
        if closed > 0 {
            lines.push(format!("     all their risky sign-ins and detections, too ({})", number(closed)));
        }
    }
    type Holds = fn(&PlanTarget) -> bool;
    let groups: [(&str, Holds); 3] = [
        ("of them taken in against a caution", |target| target.verdict == Verdict::Caution && target.included),
        ("left out", |target| target.verdict == Verdict::Caution && !target.included),
        ("refused", |target| target.verdict == Verdict::Refused),
    ];
    for (words, holds) in groups {
        let mut by_reason: BTreeMap<&[Because], Vec<&PlanTarget>> = BTreeMap::new();
        for target in plan.targets.iter().filter(|target| holds(target)) {
            by_reason.entry(&target.because).or_default().push(target);
        }
        let total: usize = by_reason.values().map(Vec::len).sum();
        if total > 0 {
            lines.push(format!("{:>4} {words}", number(total)));
        }
        for (because, targets) in by_reason {
            let reasons: Vec<&str> = because.iter().map(|because| because.words()).collect();
            lines.push(format!("       {}: {}", reasons.join(", "), names(targets.into_iter(), dataset)));
        }
    }
    lines
}

//! The plan preview: what an action would do, the reason, and the confirmation.

use super::command::CommandId;
use super::format::{capitalized, count, number};
use super::input::Input;
use super::key::{Key, KeyCode};
use super::scroll::Scroll;
use super::summary;
use crate::domain::action::{Action, Kind};
use crate::domain::dataset::Dataset;
use crate::domain::plan::{Answer, Because, Confirmation, Confirmed, Plan, PlanContext, PlanTarget, Target, Verdict};

/// Where the cursor stands in the preview.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In the list of targets.
    Targets,
    /// In the list of a playbook's steps.
    Steps,
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
    /// The step under the cursor.
    pub step: usize,
    /// The first line of the summary in sight.
    pub offset: usize,
    /// Why it does not go on.
    pub message: Option<String>,
    /// That facts changed under the open preview, or that some were not read.
    pub changed: Option<String>,
    /// Verdicts in numbers and words.
    pub summary: Vec<String>,
    /// Of a step: what can be done where nobody is left to be sent to.
    pub way_out: Option<String>,
    /// How many of the targets the present filter does not show.
    pub hidden: usize,
    /// Places of the plan's targets in the order of the list: cautions, refused, eligible.
    order: Vec<usize>,
    context: PlanContext,
}

impl Preview {
    /// Plans an action.
    pub fn open(action: Action, targets: &[Target], dataset: &Dataset, context: PlanContext) -> Self {
        Self::of_plan(Plan::compute(action, targets, dataset, &context), dataset, context)
    }

    /// Shows a plan that was computed elsewhere, such as that of a step.
    pub fn of_plan(plan: Plan, dataset: &Dataset, context: PlanContext) -> Self {
        let reason = Input::of(&plan.reason);
        let mut preview = Preview {
            plan,
            place: Place::Reason,
            reason,
            answer: Input::default(),
            scroll: Scroll::default(),
            step: 0,
            offset: 0,
            message: None,
            changed: None,
            summary: Vec::new(),
            way_out: None,
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
        self.summary = summary::lines(&self.plan, dataset);
        let missing = summary::missing(&self.plan, self.context.holder.as_ref());
        self.summary.extend(missing.into_iter().map(|what| format!("       {what}")));
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
            (KeyCode::Tab, _) => self.turn(1),
            (KeyCode::BackTab, _) => self.turn(self.places().len() - 1),
            (KeyCode::PageDown, Place::Reason | Place::Confirmation) => self.offset = self.offset.saturating_add(3),
            (KeyCode::PageUp, Place::Reason | Place::Confirmation) => self.offset = self.offset.saturating_sub(3),
            (KeyCode::Enter, Place::Steps) => self.place = Place::Reason,
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

    /// Follows a command in the list of targets or steps; says whether it was one.
    pub fn command(&mut self, command: CommandId, size: (u16, u16), dataset: &Dataset) -> bool {
        self.message = None;
        if self.place == Place::Steps {
            let steps = self.plan.action.steps().len();
            let mut scroll = Scroll { at: self.step, offset: 0 };
            let moved = scroll.run(command, steps, steps);
            self.step = scroll.at;
            if command == CommandId::Mark {
                self.toggle_step(dataset);
            }
            return moved || command == CommandId::Mark;
        }
        if command == CommandId::Mark {
            self.toggle(dataset);
            return true;
        }
        self.scroll.run(command, self.len(), summary::rows(self, size))
    }

    /// The places that the cursor goes to, in the order of `Tab`.
    fn places(&self) -> &'static [Place] {
        match self.plan.action {
            // The only playbook of which a part makes sense.
            Action::SecureAccount => &[Place::Targets, Place::Steps, Place::Reason, Place::Confirmation],
            _ => &[Place::Targets, Place::Reason, Place::Confirmation],
        }
    }

    fn turn(&mut self, by: usize) {
        let places = self.places();
        let at = places.iter().position(|place| *place == self.place).unwrap_or(0);
        self.place = places.get((at + by) % places.len()).copied().unwrap_or(Place::Reason);
    }

    /// Takes a step of a playbook in, or leaves it out. Targets are judged anew: a step may bring a caution of its own.
    fn toggle_step(&mut self, dataset: &Dataset) {
        let Some(step) = self.plan.action.steps().get(self.step).copied() else { return };
        let mut steps = self.plan.steps.clone();
        if steps.contains(&step) {
            steps.retain(|held| *held != step);
        } else {
            steps.push(step);
        }
        if steps.is_empty() {
            self.message = Some("One step at least must stay.".to_owned());
            return;
        }
        let targets: Vec<Target> = self.plan.targets.iter().map(|target| self.plan.target(target)).collect();
        let context = PlanContext { steps: Some(steps), ..self.context.clone() };
        let plan = Plan::compute(self.plan.action, &targets, dataset, &context);
        let before = std::mem::replace(&mut self.plan, plan);
        for was in before.targets.iter().filter(|was| was.verdict == Verdict::Caution && was.included) {
            // What was taken in stays in, unless the step brings something that the operator has not seen.
            let known = |now: &&PlanTarget| now.id == was.id && now.because.iter().all(|because| was.because.contains(because));
            if self.plan.targets.iter().any(|now| known(&now)) {
                self.plan.set_included(&was.id, true, &self.context);
            }
        }
        // What was typed confirmed another plan.
        self.answer = Input::default();
        self.settle(dataset);
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
                self.message = Some(format!("{}. Nothing was sent.", capitalized(&error.to_string())));
                Outcome::Stay
            }
        }
    }

    fn nothing(&self) -> String {
        if self.plan.count(Verdict::Caution) > 0 {
            "Nothing to send yet: Shift-Tab, then Space takes a caution in.".to_owned()
        } else {
            let read_only = self.plan.targets.iter().all(|target| target.because.contains(&Because::ReadOnly));
            let next = match &self.way_out {
                _ if read_only => "Esc closes; \"writing\" in the palette turns writing on, or says why not.",
                Some(way_out) => way_out,
                None => "Esc closes.",
            };
            format!("Nothing to send: every target is refused. {next}")
        }
    }

    /// The confirmation's line: what to do to start.
    pub fn prompt(&self) -> String {
        match self.plan.confirm {
            _ if self.plan.included_count() == 0 => "Nothing to confirm".to_owned(),
            Confirmation::Enter if self.plan.action.kind() == Kind::Playbook => "Enter opens the checklist; nothing is sent yet".to_owned(),
            Confirmation::Enter => "Enter starts".to_owned(),
            Confirmation::Count | Confirmation::Phrase => format!("Type {} to confirm", self.plan.confirmation_text()),
        }
    }

    /// How many requests it takes, and how long.
    pub fn cost(&self) -> String {
        if self.plan.included_count() == 0 {
            return "Nothing will be sent".to_owned();
        }
        let requests = count(self.plan.requests, "request", "requests");
        if self.plan.action.kind() == Kind::Playbook {
            return format!("{requests} in all, each step with a plan of its own");
        }
        format!("{requests}, about {}, then read back", super::format::duration(self.plan.estimated_seconds))
    }
}

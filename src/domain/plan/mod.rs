//! Plans: what an action would do to each target, judged before anything is sent.
//!
//! A plan is pure: facts in, verdicts out. Only a confirmed plan can be run, and [`Confirmed`] can only
//! be made by [`Plan::confirm`] (invariant 1).

#[cfg(test)]
mod action_tests;
mod because;
mod changes;
mod devices;
mod judge;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub use self::because::Because;
pub use self::judge::Verdict;
use self::judge::{Judgement, judge};
pub use super::action::IDS_PER_REQUEST;
use super::action::{Action, Aim, Kind};
use super::dataset::Dataset;
use super::journal::JobId;
use super::permission::Holder;
use super::policy::Policy;
use super::records::{SignInId, UserId};
use super::settings::TenantSettings;
use super::time::Timestamp;

/// What an action is aimed at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// A user.
    User(UserId),
    /// A sign-in.
    SignIn(SignInId),
    /// A Conditional Access policy, by its id.
    Policy(String),
    /// An address, or a range of them.
    Address(String),
}

impl Target {
    /// The id that is sent.
    pub fn id(&self) -> &str {
        match self {
            Target::User(id) => id.as_str(),
            Target::SignIn(id) => id.as_str(),
            Target::Policy(id) | Target::Address(id) => id,
        }
    }
}

/// Whether the workspace lets anything be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// It does.
    ReadWrite,
    /// It does not, by setting or option.
    ReadOnly,
    /// It cannot: there are only files.
    Evidence,
}

/// What a plan needs to know beyond the records.
#[derive(Debug, Clone)]
pub struct PlanContext {
    /// Who plans.
    pub operator: String,
    /// Why; may still be empty.
    pub reason: String,
    /// Whether targets with a caution are taken in.
    pub include_caution: bool,
    /// Whether the workspace can be written.
    pub access: Access,
    /// What the tenant allows, for the estimate; `None` without a limit.
    pub requests_per_second: Option<f64>,
    /// How many targets one read-back request covers, for the estimate.
    pub read_back_page: usize,
    /// When it is planned.
    pub now: Timestamp,
    /// What was stated of the tenant.
    pub settings: TenantSettings,
    /// What the operator may do, as far as known.
    pub holder: Option<Holder>,
    /// The policy of an action that concerns one, as it is shown.
    pub policy: Option<Policy>,
    /// The steps of a playbook that are asked for; all but blocking sign-in where nothing is said.
    pub steps: Option<Vec<Action>>,
}

impl PlanContext {
    /// A context in which nothing is known but who plans, when, and what may be sent.
    pub fn new(operator: &str, access: Access, now: Timestamp) -> Self {
        PlanContext {
            operator: operator.to_owned(),
            reason: String::new(),
            include_caution: false,
            access,
            requests_per_second: None,
            read_back_page: 1,
            now,
            settings: TenantSettings::default(),
            holder: None,
            policy: None,
            steps: None,
        }
    }
}

/// One target of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanTarget {
    /// User id, or request id for sign-in actions.
    pub id: String,
    /// For a sign-in: the user it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    /// The user's principal name. Hostile text.
    #[serde(default)]
    pub user_principal_name: Option<String>,
    /// Judgement.
    pub verdict: Verdict,
    /// Reasons of the judgement.
    pub because: Vec<Because>,
    /// Whether it will be acted on.
    pub included: bool,
    /// What exactly will change, a line each, where it is more than the action says. Holds hostile text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<String>,
    /// Object ids of the devices that will be disabled, as `changes` names them: one that turns up later was not confirmed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub devices: Vec<String>,
}

/// How a plan must be confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Confirmation {
    /// One target without a caution.
    Enter,
    /// The number of targets.
    Count,
    /// A phrase: privileged users or token theft are taken in.
    Phrase,
}

/// What an action would do, target by target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// Version of this format.
    pub plan_version: u32,
    /// Digest of the content: an edited plan file no longer has its own id.
    pub id: String,
    /// The action.
    pub action: Action,
    /// When it was computed.
    pub created_at: Timestamp,
    /// Who computed it.
    pub operator: String,
    /// Why.
    pub reason: String,
    /// The targets.
    pub targets: Vec<PlanTarget>,
    /// Number of requests that will be sent.
    pub requests: usize,
    /// How long they will take, with reading back.
    pub estimated_seconds: u64,
    /// How it must be confirmed.
    pub confirm: Confirmation,
    /// The policy that it concerns, as it was shown: a change by somebody else since then is noticed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<Policy>,
    /// For a playbook: its steps.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Action>,
    /// For a step: the playbook that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub playbook: Option<JobId>,
}

/// How many users are looked at one by one: to read what costs the tenant requests of its own for each, and to judge what can be done
/// before anybody has chosen it. Whoever looks at fewer than there are says so.
pub const LOOKED_AT: usize = 200;

/// Version of the plan format that this program writes and reads.
pub const PLAN_VERSION: u32 = 1;

/// How long changing one account takes, with reading back: for the estimate only.
const SECONDS_PER_ACCOUNT: f64 = 0.5;

/// A target whose verdict is not what an older plan says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The target's id.
    pub id: String,
    /// The user's principal name. Hostile text.
    pub user_principal_name: Option<String>,
    /// What the older plan says.
    pub was: (Verdict, bool),
    /// What holds now.
    pub now: (Verdict, bool),
    /// Why.
    pub because: Vec<Because>,
    /// What is said of it now and was not, a line each: such as what somebody else changed. Holds hostile text.
    pub told: Vec<String>,
}

/// Why a plan cannot be confirmed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfirmError {
    /// Every target is refused or left out.
    #[error("no target is left to act on")]
    NothingIncluded,
    /// The plan needs a reason.
    #[error("a reason is required for more than one target and for every caution")]
    ReasonMissing,
    /// The number is another one.
    #[error("{given} was confirmed, but {expected} will be acted on")]
    WrongCount {
        /// What was given.
        given: usize,
        /// What would have been right.
        expected: usize,
    },
    /// What was typed does not confirm this plan.
    #[error("type exactly: {expected}")]
    WrongText {
        /// What would have been right.
        expected: String,
    },
}

/// How an operator confirms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer<'a> {
    /// Pressed Enter or typed this in the preview.
    Typed(&'a str),
    /// Gave this number with `--confirm`.
    Number(usize),
}

/// A plan that an operator has confirmed: the only thing that the engine runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Confirmed {
    plan: Plan,
}

impl Confirmed {
    /// The plan.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }
}

impl Plan {
    /// Judges the targets. Each is listed once, in the order given.
    pub fn compute(action: Action, targets: &[Target], dataset: &Dataset, context: &PlanContext) -> Plan {
        let mut seen = HashSet::new();
        let steps: Vec<Action> = match &context.steps {
            Some(asked) => action.steps().iter().copied().filter(|step| asked.contains(step)).collect(),
            None => action.steps().iter().copied().filter(|step| *step != Action::BlockSignIn).collect(),
        };
        let policy = context.policy.clone().filter(|_| action.needs_policy());
        let judgement = Judgement::new(action, policy.as_ref(), &steps, dataset, context);
        let targets = targets.iter().filter(|target| seen.insert(*target)).map(|target| judge(&judgement, target)).collect();
        let mut plan = Plan {
            plan_version: PLAN_VERSION,
            id: String::new(),
            action,
            created_at: context.now,
            operator: context.operator.clone(),
            reason: context.reason.clone(),
            targets,
            requests: 0,
            estimated_seconds: 0,
            confirm: Confirmation::Enter,
            policy,
            steps,
            playbook: None,
        };
        plan.settle(context);
        plan
    }

    /// Judges the same targets again by present facts, and says what changed. What the older plan left
    /// out stays out; what it took in is taken in only where it is still possible.
    pub fn revise(&self, dataset: &Dataset, context: &PlanContext) -> (Plan, Vec<Change>) {
        self.revised(self.rejudge(&self.targets, dataset, context), &HashMap::new(), context)
    }

    /// The same for a plan that nobody looks at again before it is confirmed: devices that it does not name are left out, and told.
    pub fn revise_as_named(&self, dataset: &Dataset, context: &PlanContext) -> (Plan, Vec<Change>) {
        let mut targets = self.rejudge(&self.targets, dataset, context);
        let left_out = devices::keep_named(&mut targets, self);
        self.revised(targets, &left_out, context)
    }

    /// This plan with its targets as they are judged now, and what changed of them. What is left out of them is told, too.
    fn revised(&self, targets: Vec<PlanTarget>, left_out: &HashMap<String, Vec<String>>, context: &PlanContext) -> (Plan, Vec<Change>) {
        let mut plan = Plan { targets, created_at: context.now, ..self.clone() };
        let older: HashMap<&str, &PlanTarget> = self.targets.iter().map(|target| (target.id.as_str(), target)).collect();
        let mut changes = Vec::new();
        for now in &plan.targets {
            let Some(was) = older.get(now.id.as_str()) else { continue };
            let left_out = left_out.get(&now.id).into_iter().flatten();
            let mut told: Vec<String> = now.changes.iter().filter(|line| !was.changes.contains(line)).cloned().collect();
            told.extend(left_out.map(|line| format!("not in the plan, so left out: {line}")));
            let judged = (was.verdict, was.included) != (now.verdict, now.included) || was.because != now.because;
            if judged || was.changes != now.changes || !told.is_empty() {
                changes.push(Change {
                    id: now.id.clone(),
                    user_principal_name: now.user_principal_name.clone(),
                    was: (was.verdict, was.included),
                    now: (now.verdict, now.included),
                    because: now.because.clone(),
                    told,
                });
            }
        }
        plan.settle(context);
        (plan, changes)
    }

    /// Judges targets of this plan by present facts. What was left out stays out; what was taken in stays in only where that is
    /// still possible, and for no caution that is new since the operator looked.
    pub fn rejudge(&self, targets: &[PlanTarget], dataset: &Dataset, context: &PlanContext) -> Vec<PlanTarget> {
        let judgement = Judgement::new(self.action, self.policy.as_ref(), &self.steps, dataset, context);
        let mut seen = HashSet::new();
        let first = targets.iter().filter(|was| seen.insert(was.id.as_str()));
        first
            .map(|was| {
                let mut now = judge(&judgement, &self.target(was));
                // The playbook that told it knows, not the facts.
                if was.because.contains(&Because::PasswordTold) && now.verdict != Verdict::Refused {
                    now.because.push(Because::PasswordTold);
                    now.verdict = Verdict::Caution;
                }
                let known = now.because.iter().all(|because| was.because.contains(because));
                now.included = was.included && (now.verdict == Verdict::Eligible || (now.verdict == Verdict::Caution && known));
                now
            })
            .collect()
    }

    /// Takes a target with a caution in, or leaves it out again. Refused and eligible ones stay as they are.
    pub fn set_included(&mut self, id: &str, included: bool, context: &PlanContext) {
        for target in self.targets.iter_mut().filter(|target| target.id == id && target.verdict == Verdict::Caution) {
            target.included = included;
        }
        self.settle(context);
    }

    /// Changes the reason.
    pub fn set_reason(&mut self, reason: &str, context: &PlanContext) {
        self.reason = reason.to_owned();
        self.settle(context);
    }

    /// The targets that will be acted on.
    pub fn included(&self) -> impl Iterator<Item = &PlanTarget> {
        self.targets.iter().filter(|target| target.included)
    }

    /// How many targets will be acted on.
    pub fn included_count(&self) -> usize {
        self.included().count()
    }

    /// How many targets have this verdict.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.targets.iter().filter(|target| target.verdict == verdict).count()
    }

    /// What a target of this plan is aimed at.
    pub fn target(&self, target: &PlanTarget) -> Target {
        match self.action.aim() {
            Aim::User => Target::User(target.id.as_str().into()),
            Aim::SignIn => Target::SignIn(target.id.as_str().into()),
            Aim::Policy => Target::Policy(target.id.clone()),
            Aim::Address => Target::Address(target.id.clone()),
        }
    }

    /// What must be typed, for each way of confirming.
    pub fn confirmation_text(&self) -> String {
        let count = self.included_count();
        match self.confirm {
            Confirmation::Enter => String::new(),
            Confirmation::Count => count.to_string(),
            Confirmation::Phrase => format!("{} {} {}", self.action.verb(), count, self.action.noun(count)),
        }
    }

    /// Whether a reason must be given before it can be confirmed.
    pub fn needs_reason(&self) -> bool {
        self.included_count() > 1 || self.included().any(|target| target.verdict == Verdict::Caution)
    }

    /// Whether the content is what it was when the plan was computed.
    pub fn is_unedited(&self) -> bool {
        self.id == self.digest()
    }

    /// Confirms the plan, if the answer fits the danger.
    pub fn confirm(self, answer: Answer<'_>) -> Result<Confirmed, ConfirmError> {
        let expected = self.included_count();
        if expected == 0 {
            return Err(ConfirmError::NothingIncluded);
        }
        if self.needs_reason() && self.reason.trim().is_empty() {
            return Err(ConfirmError::ReasonMissing);
        }
        match answer {
            Answer::Number(given) if given == expected => Ok(Confirmed { plan: self }),
            Answer::Number(given) => Err(ConfirmError::WrongCount { given, expected }),
            Answer::Typed(text) if text.trim() == self.confirmation_text() => Ok(Confirmed { plan: self }),
            Answer::Typed(_) => Err(ConfirmError::WrongText { expected: self.confirmation_text() }),
        }
    }

    /// The plan with what follows from its targets worked out anew.
    pub(super) fn settled(mut self, context: &PlanContext) -> Self {
        self.settle(context);
        self
    }

    /// Sets what follows from the targets.
    fn settle(&mut self, context: &PlanContext) {
        let included = self.included_count();
        let guarded = self.included().any(|target| target.because.iter().any(|because| because.is_guarded()));
        let careful = self.included().any(|target| target.verdict == Verdict::Caution);
        self.confirm = if guarded {
            Confirmation::Phrase
        } else if included > 1 || careful {
            Confirmation::Count
        } else {
            Confirmation::Enter
        };
        let requests = |action: Action| included.div_ceil(action.ids_per_request());
        let seconds = |action: Action| match (action.kind(), context.requests_per_second) {
            // The directory allows many requests at once, and each is answered in a moment.
            (Kind::Account, _) => (requests(action) as f64 * SECONDS_PER_ACCOUNT).ceil(),
            (_, Some(rate)) if rate > 0.0 => ((requests(action) + included.div_ceil(context.read_back_page.max(1))) as f64 / rate).ceil(),
            _ if included == 0 => 0.0,
            _ => 1.0,
        };
        let actions = if self.steps.is_empty() { std::slice::from_ref(&self.action) } else { &self.steps };
        self.requests = actions.iter().map(|action| requests(*action)).sum();
        self.estimated_seconds = actions.iter().map(|action| seconds(*action)).sum::<f64>() as u64;
        self.id = self.digest();
    }

    fn digest(&self) -> String {
        let content = serde_json::json!({
            "planVersion": self.plan_version, "action": self.action, "createdAt": self.created_at,
            "operator": self.operator, "reason": self.reason, "targets": self.targets, "confirm": self.confirm,
            "policy": self.policy, "steps": self.steps, "playbook": self.playbook,
        });
        let hash = Sha256::digest(content.to_string().as_bytes());
        hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }
}

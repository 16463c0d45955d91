//! Plans: what an action would do to each target, judged before anything is sent.
//!
//! A plan is pure: facts in, verdicts out. Only a confirmed plan can be run, and [`Confirmed`] can only
//! be made by [`Plan::confirm`] (invariant 1).

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::action::Action;
use super::dataset::Dataset;
use super::facts::{self, Evidence};
use super::records::{SignIn, SignInId, UserId, UserRecords};
use super::risk::RiskState;
use super::time::Timestamp;
use super::transition::Scope;

/// The ids that fit in one request (`reference/domain.md` section 1, fact 3).
pub const IDS_PER_REQUEST: usize = 60;

/// What an action is aimed at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// A user.
    User(UserId),
    /// A sign-in.
    SignIn(SignInId),
}

impl Target {
    /// The id that is sent.
    pub fn id(&self) -> &str {
        match self {
            Target::User(id) => id.as_str(),
            Target::SignIn(id) => id.as_str(),
        }
    }
}

/// How a plan sees one target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    /// Nothing speaks against it.
    Eligible,
    /// Left out unless the operator takes it in.
    Caution,
    /// Cannot be done.
    Refused,
}

impl Verdict {
    /// The word used in data.
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Eligible => "eligible",
            Verdict::Caution => "caution",
            Verdict::Refused => "refused",
        }
    }
}

/// Why a target has its verdict. The words are fixed (`design.md` section 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Because {
    /// No such user or sign-in is known.
    UnknownUser,
    /// The workspace holds files: there is no tenant to send to.
    EvidenceWorkspace,
    /// The workspace is read-only.
    ReadOnly,
    /// The account is deleted.
    Deleted,
    /// There is no open risk to act on.
    NotAtRisk,
    /// It is in the state that the action would bring about.
    AlreadyDone,
    /// A detection of the five families that Entra never remediates by itself.
    TokenTheft,
    /// Whether there was token theft cannot be told: no detection can be seen.
    TokenTheftUnknown,
    /// The user holds an administrator role.
    Privileged,
    /// The service is still applying a change.
    Processing,
    /// The detections are older than what the service keeps.
    EvidenceExpired,
    /// A guest: the risk may live in the home tenant.
    Guest,
    /// The risk state was not read.
    StateUnknown,
}

impl Because {
    /// The word used in data.
    pub fn as_str(self) -> &'static str {
        match self {
            Because::UnknownUser => "unknownUser",
            Because::EvidenceWorkspace => "evidenceWorkspace",
            Because::ReadOnly => "readOnly",
            Because::Deleted => "deleted",
            Because::NotAtRisk => "notAtRisk",
            Because::AlreadyDone => "alreadyDone",
            Because::TokenTheft => "tokenTheft",
            Because::TokenTheftUnknown => "tokenTheftUnknown",
            Because::Privileged => "privileged",
            Because::Processing => "processing",
            Because::EvidenceExpired => "evidenceExpired",
            Because::Guest => "guest",
            Because::StateUnknown => "stateUnknown",
        }
    }

    /// In words, for people.
    pub fn words(self) -> &'static str {
        match self {
            Because::UnknownUser => "not known in this workspace",
            Because::EvidenceWorkspace => "evidence workspace: files, no tenant to send to",
            Because::ReadOnly => "read-only",
            Because::Deleted => "deleted (support case)",
            Because::NotAtRisk => "no open risk",
            Because::AlreadyDone => "already in that state",
            Because::TokenTheft => "token theft",
            Because::TokenTheftUnknown => "token theft cannot be ruled out",
            Because::Privileged => "privileged",
            Because::Processing => "still processing",
            Because::EvidenceExpired => "evidence expired",
            Because::Guest => "guest",
            Because::StateUnknown => "risk state not read",
        }
    }

    fn refuses(self) -> bool {
        matches!(
            self,
            Because::UnknownUser
                | Because::EvidenceWorkspace
                | Because::ReadOnly
                | Because::Deleted
                | Because::NotAtRisk
                | Because::AlreadyDone
        )
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
}

/// Version of the plan format that this program writes and reads.
pub const PLAN_VERSION: u32 = 1;

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
        let sign_ins = SignInIndex::of(action, dataset);
        let targets =
            targets.iter().filter(|target| seen.insert(*target)).map(|target| judge(action, target, dataset, &sign_ins, context)).collect();
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
        };
        plan.settle(context);
        plan
    }

    /// Judges the same targets again by present facts, and says what changed. What the older plan left
    /// out stays out; what it took in is taken in only where it is still possible.
    pub fn revise(&self, dataset: &Dataset, context: &PlanContext) -> (Plan, Vec<Change>) {
        let targets: Vec<Target> = self.targets.iter().map(|target| self.target(target)).collect();
        let mut plan = Plan::compute(self.action, &targets, dataset, context);
        let mut changes = Vec::new();
        let older: HashMap<&str, &PlanTarget> = self.targets.iter().map(|target| (target.id.as_str(), target)).collect();
        for now in &mut plan.targets {
            let Some(was) = older.get(now.id.as_str()) else { continue };
            // A caution that is new since the operator looked is not taken in on the old look's word.
            let known = now.because.iter().all(|because| was.because.contains(because));
            now.included = was.included && (now.verdict == Verdict::Eligible || (now.verdict == Verdict::Caution && known));
            if (was.verdict, was.included) != (now.verdict, now.included) || was.because != now.because {
                changes.push(Change {
                    id: now.id.clone(),
                    user_principal_name: now.user_principal_name.clone(),
                    was: (was.verdict, was.included),
                    now: (now.verdict, now.included),
                    because: now.because.clone(),
                });
            }
        }
        plan.settle(context);
        (plan, changes)
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
        match self.action.scope() {
            Scope::User => Target::User(target.id.as_str().into()),
            Scope::SignIn => Target::SignIn(target.id.as_str().into()),
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

    /// Sets what follows from the targets.
    fn settle(&mut self, context: &PlanContext) {
        let included = self.included_count();
        let guarded =
            self.included().any(|target| target.because.iter().any(|because| matches!(because, Because::TokenTheft | Because::Privileged)));
        let careful = self.included().any(|target| target.verdict == Verdict::Caution);
        self.confirm = if guarded {
            Confirmation::Phrase
        } else if included > 1 || careful {
            Confirmation::Count
        } else {
            Confirmation::Enter
        };
        self.requests = included.div_ceil(IDS_PER_REQUEST);
        let reads = included.div_ceil(context.read_back_page.max(1));
        let all = self.requests + reads;
        self.estimated_seconds = match context.requests_per_second {
            Some(rate) if rate > 0.0 => (all as f64 / rate).ceil() as u64,
            _ if included == 0 => 0,
            _ => 1,
        };
        self.id = self.digest();
    }

    fn digest(&self) -> String {
        let content = serde_json::json!({
            "planVersion": self.plan_version, "action": self.action, "createdAt": self.created_at,
            "operator": self.operator, "reason": self.reason, "targets": self.targets, "confirm": self.confirm,
        });
        let hash = Sha256::digest(content.to_string().as_bytes());
        hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }
}

/// Finds the user of a sign-in without a pass over the tenant for each target.
struct SignInIndex<'a>(HashMap<&'a SignInId, (&'a UserRecords, &'a SignIn)>);

impl<'a> SignInIndex<'a> {
    fn of(action: Action, dataset: &'a Dataset) -> Self {
        match action.scope() {
            Scope::User => SignInIndex(Default::default()),
            Scope::SignIn => SignInIndex(dataset.sign_ins().map(|(records, sign_in)| (&sign_in.id, (records, sign_in))).collect()),
        }
    }
}

fn judge(action: Action, target: &Target, dataset: &Dataset, sign_ins: &SignInIndex<'_>, context: &PlanContext) -> PlanTarget {
    let found = match target {
        Target::User(id) => dataset.user(id).map(|records| (records, None)),
        Target::SignIn(id) => sign_ins.0.get(id).map(|(records, sign_in)| (*records, Some(*sign_in))),
    };
    let mut because = Vec::new();
    match context.access {
        Access::ReadWrite => {}
        Access::ReadOnly => because.push(Because::ReadOnly),
        Access::Evidence => because.push(Because::EvidenceWorkspace),
    }
    match found {
        None => because.push(Because::UnknownUser),
        Some((records, sign_in)) => because.extend(reasons(action, records, sign_in, context.now)),
    }
    because.sort_unstable();
    because.dedup();
    let verdict = if because.iter().any(|because| because.refuses()) {
        Verdict::Refused
    } else if because.is_empty() {
        Verdict::Eligible
    } else {
        Verdict::Caution
    };
    let included = match verdict {
        Verdict::Eligible => true,
        Verdict::Caution => context.include_caution,
        Verdict::Refused => false,
    };
    PlanTarget {
        id: target.id().to_owned(),
        user_id: found.filter(|(_, sign_in)| sign_in.is_some()).map(|(records, _)| records.id().clone()),
        user_principal_name: found.and_then(|(records, _)| records.user.user_principal_name.clone()),
        verdict,
        because,
        included,
    }
}

/// What speaks against acting on this user or sign-in.
fn reasons(action: Action, records: &UserRecords, sign_in: Option<&SignIn>, now: Timestamp) -> Vec<Because> {
    let mut because = Vec::new();
    let state = match sign_in {
        Some(sign_in) => sign_in.risk_state.as_ref(),
        None => records.user.risk_state.as_ref(),
    };
    let promised = &action.event().row().state;
    match state {
        None => because.push(Because::StateUnknown),
        Some(state) if state == promised => because.push(Because::AlreadyDone),
        Some(state) if action.closes_risk() && !state.is_open() && is_known(state) => because.push(Because::NotAtRisk),
        Some(_) => {}
    }
    if facts::deleted(records) == Some(true) {
        because.push(Because::Deleted);
    }
    if records.user.is_processing == Some(true) {
        because.push(Because::Processing);
    }
    if records.directory.is_admin == Some(true) {
        because.push(Because::Privileged);
    }
    if facts::guest(records) == Some(true) {
        because.push(Because::Guest);
    }
    if action.closes_risk() {
        let expired = facts::evidence(records, now) == Evidence::Expired;
        if expired {
            because.push(Because::EvidenceExpired);
        }
        let theft = match sign_in {
            Some(sign_in) => Some(facts::is_token_theft_sign_in(records, sign_in)),
            None => facts::token_theft(records),
        };
        match theft {
            Some(true) => because.push(Because::TokenTheft),
            None if !expired => because.push(Because::TokenTheftUnknown),
            _ => {}
        }
    }
    because
}

fn is_known(state: &RiskState) -> bool {
    !matches!(state, RiskState::Other(_) | RiskState::UnknownFutureValue)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixture;

    fn context() -> PlanContext {
        PlanContext {
            operator: "operator".to_owned(),
            reason: "penetration test PT-118".to_owned(),
            include_caution: false,
            access: Access::ReadWrite,
            requests_per_second: Some(1.0),
            read_back_page: 500,
            now: fixture::now(),
        }
    }

    fn dataset() -> Dataset {
        let plain = fixture::risky_user("plain", "unfamiliarFeatures");
        let theft = fixture::risky_user("theft", "anomalousToken");
        let mut deleted = fixture::risky_user("deleted", "unfamiliarFeatures");
        deleted.user.is_deleted = Some(true);
        let mut closed = fixture::risky_user("closed", "unfamiliarFeatures");
        closed.user.risk_state = Some(RiskState::Remediated);
        let mut admin = fixture::risky_user("admin", "unfamiliarFeatures");
        admin.directory.is_admin = Some(true);
        [plain, theft, deleted, closed, admin].into_iter().collect()
    }

    fn users(ids: &[&str]) -> Vec<Target> {
        ids.iter().map(|id| Target::User((*id).into())).collect()
    }

    fn plan(action: Action, ids: &[&str]) -> Plan {
        Plan::compute(action, &users(ids), &dataset(), &context())
    }

    fn verdict(plan: &Plan, id: &str) -> (Verdict, Vec<Because>) {
        let target = plan.targets.iter().find(|target| target.id == id).unwrap();
        (target.verdict, target.because.clone())
    }

    #[test]
    fn each_target_gets_its_verdict_and_the_reason() {
        let plan = plan(Action::DismissUserRisk, &["plain", "theft", "deleted", "closed", "admin", "nobody", "plain"]);
        assert_eq!(plan.targets.len(), 6, "each target once");
        assert_eq!(verdict(&plan, "plain"), (Verdict::Eligible, vec![]));
        assert_eq!(verdict(&plan, "theft"), (Verdict::Caution, vec![Because::TokenTheft]));
        assert_eq!(verdict(&plan, "deleted"), (Verdict::Refused, vec![Because::Deleted]));
        assert_eq!(verdict(&plan, "closed"), (Verdict::Refused, vec![Because::NotAtRisk]));
        assert_eq!(verdict(&plan, "admin"), (Verdict::Caution, vec![Because::Privileged]));
        assert_eq!(verdict(&plan, "nobody"), (Verdict::Refused, vec![Because::UnknownUser]));
        assert_eq!((plan.included_count(), plan.requests, plan.confirm), (1, 1, Confirmation::Enter));
    }

    #[test]
    fn confirming_compromise_needs_no_open_risk_and_fears_no_token_theft() {
        let plan = plan(Action::ConfirmUserCompromised, &["closed", "theft"]);
        assert_eq!(plan.included_count(), 2);
    }

    #[test]
    fn evidence_and_read_only_workspaces_refuse_every_target() {
        for (access, word) in [(Access::Evidence, Because::EvidenceWorkspace), (Access::ReadOnly, Because::ReadOnly)] {
            let context = PlanContext { access, ..context() };
            let plan = Plan::compute(Action::DismissUserRisk, &users(&["plain"]), &dataset(), &context);
            assert_eq!(verdict(&plan, "plain"), (Verdict::Refused, vec![word]));
        }
    }

    #[test]
    fn confirmation_grows_with_the_danger() {
        let one = plan(Action::DismissUserRisk, &["plain"]);
        assert!(one.clone().confirm(Answer::Typed("")).is_ok());
        assert!(one.confirm(Answer::Number(1)).is_ok());

        let mut guarded = plan(Action::DismissUserRisk, &["plain", "theft"]);
        guarded.set_included("theft", true, &context());
        assert_eq!(guarded.confirm, Confirmation::Phrase);
        assert_eq!(guarded.clone().confirm(Answer::Typed("2")), Err(ConfirmError::WrongText { expected: "dismiss 2 users".to_owned() }));
        assert!(guarded.clone().confirm(Answer::Typed("dismiss 2 users")).is_ok());
        assert_eq!(guarded.clone().confirm(Answer::Number(1)), Err(ConfirmError::WrongCount { given: 1, expected: 2 }));
        guarded.set_reason(" ", &context());
        assert_eq!(guarded.confirm(Answer::Number(2)), Err(ConfirmError::ReasonMissing));

        assert_eq!(plan(Action::DismissUserRisk, &["deleted"]).confirm(Answer::Number(0)), Err(ConfirmError::NothingIncluded));
    }

    #[test]
    fn refused_targets_cannot_be_taken_in() {
        let mut plan = plan(Action::DismissUserRisk, &["deleted"]);
        plan.set_included("deleted", true, &context());
        assert_eq!(plan.included_count(), 0);
    }

    #[test]
    fn an_older_or_edited_plan_is_judged_again() {
        let mut old = plan(Action::DismissUserRisk, &["plain", "theft", "deleted"]);
        assert!(old.is_unedited());
        old.targets[2].verdict = Verdict::Eligible;
        old.targets[2].included = true;
        assert!(!old.is_unedited());
        let mut dataset = dataset();
        let mut plain = dataset.user(&"plain".into()).unwrap().clone();
        plain.user.risk_state = Some(RiskState::Dismissed);
        dataset.put(plain);
        let (now, changes) = old.revise(&dataset, &context());
        assert_eq!(now.included_count(), 0);
        let changed: Vec<_> = changes.iter().map(|change| (change.id.as_str(), change.now)).collect();
        assert_eq!(changed, [("plain", (Verdict::Refused, false)), ("deleted", (Verdict::Refused, false))]);
    }

    #[test]
    fn a_caution_that_is_new_since_the_look_is_left_out() {
        let old = plan(Action::DismissUserRisk, &["plain"]);
        let mut dataset = dataset();
        let mut plain = dataset.user(&"plain".into()).unwrap().clone();
        plain.directory.is_admin = Some(true);
        dataset.put(plain);
        let (now, changes) = old.revise(&dataset, &context());
        assert_eq!((now.included_count(), changes.len()), (0, 1));
    }

    #[test]
    fn sign_ins_are_targets_of_their_own() {
        let targets = [Target::SignIn("theft-s1".into()), Target::SignIn("plain-s1".into())];
        let plan = Plan::compute(Action::DismissSignInRisk, &targets, &dataset(), &context());
        assert_eq!(verdict(&plan, "theft-s1"), (Verdict::Caution, vec![Because::TokenTheft]));
        assert_eq!(verdict(&plan, "plain-s1"), (Verdict::Eligible, vec![]));
        assert_eq!(plan.targets[1].user_id, Some("plain".into()));
    }

    proptest::proptest! {
        #[test]
        fn no_plan_acts_on_a_refused_target_or_counts_wrongly(
            states in proptest::collection::vec((0usize..6, proptest::bool::ANY, proptest::bool::ANY), 0..150),
            include_caution in proptest::bool::ANY,
        ) {
            let dataset: Dataset = states.iter().enumerate().map(|(index, (state, deleted, admin))| {
                let mut records = fixture::risky_user(&format!("u{index}"), "unfamiliarFeatures");
                records.user.risk_state = RiskState::KNOWN.get(*state).cloned();
                records.user.is_deleted = Some(*deleted);
                records.directory.is_admin = Some(*admin);
                records
            }).collect();
            let targets: Vec<Target> = dataset.users().iter().map(|records| Target::User(records.id().clone())).collect();
            let plan = Plan::compute(Action::DismissUserRisk, &targets, &dataset, &PlanContext { include_caution, ..context() });
            proptest::prop_assert!(plan.included().all(|target| target.verdict != Verdict::Refused));
            proptest::prop_assert!(include_caution || plan.included().all(|target| target.verdict == Verdict::Eligible));
            proptest::prop_assert_eq!(plan.requests, plan.included_count().div_ceil(IDS_PER_REQUEST));
            let text = serde_json::to_string(&plan).unwrap();
            let again: Plan = serde_json::from_str(&text).unwrap();
            proptest::prop_assert!(again.is_unedited());
            proptest::prop_assert_eq!(again, plan);
        }
    }
}

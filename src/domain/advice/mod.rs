//! The adviser: what is going on with a user, what may be done, what it will do, and whether the user is safe afterwards.
//!
//! Pure: facts in, explanation out. The rules are one table of functions over facts, each with its section of the source document.

mod judgement;
mod options;
mod remediation;
mod rules;
mod securing;
mod self_remediation;
mod situation;
#[cfg(test)]
mod tests;
mod unblocking;
mod verdicts;
mod why;
mod words;

use serde_json::Value;

pub use self::options::DOCUMENTED;
pub use self::remediation::support_case;
use super::action::Action;
use super::blocking::Known;
use super::facts::{Blocked, BlockedBy, NotSafe};
use super::ledger::Ledger;
use super::normal::{self, Comparison};
use super::permission::Holder;
use super::plan::{Access, PlanContext};
use super::policy::TenantFacts;
use super::records::{UserId, UserRecords};
use super::settings::TenantSettings;
use super::time::Timestamp;

/// What the rules look at.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The user.
    pub records: &'a UserRecords,
    /// The tenant as a whole.
    pub tenant: &'a TenantFacts,
    /// What was stated of the tenant.
    pub settings: &'a TenantSettings,
    /// The tenant's object id, where it is known.
    pub tenant_id: Option<&'a str>,
    /// Whether anything can be sent.
    pub access: Access,
    /// What the operator may do, as far as known.
    pub holder: Option<&'a Holder>,
    /// When a password change was last required of the user from here.
    pub change_required_at: Option<Timestamp>,
    /// The present.
    pub now: Timestamp,
}

impl<'a> Facts<'a> {
    /// What policies are told by.
    fn known(&self) -> Known<'a> {
        Known { records: self.records, tenant: self.tenant, settings: self.settings, now: self.now }
    }

    /// The facts of a user of the tenant with this id, by what a plan would know of tenant and operator.
    pub fn of(
        records: &'a UserRecords,
        tenant: &'a TenantFacts,
        tenant_id: Option<&'a str>,
        ledger: &Ledger,
        context: &'a PlanContext,
    ) -> Self {
        Facts {
            records,
            tenant,
            settings: &context.settings,
            tenant_id,
            access: context.access,
            holder: context.holder.as_ref(),
            change_required_at: ledger.password_change_required(records.id()),
            now: context.now,
        }
    }
}

/// One fact of the situation.
#[derive(Debug, Clone, PartialEq)]
pub struct Fact {
    /// Its name, as Graph or the settings spell it.
    pub name: &'static str,
    /// Its value; null where it is not known.
    pub value: Value,
    /// Where it comes from: `riskyUser`, `signIns`, `settings`, …
    pub source: &'static str,
}

/// What became of the risk, as the operator sees it, and the verb that says so.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// `falsePositive`, `benignTruePositive`, `truePositive` or `fixedElsewhere`.
    pub verdict: &'static str,
    /// The fitting verb.
    pub action: Action,
    /// What Microsoft learns from it, and what follows.
    pub learns: &'static str,
    /// What of the data speaks for it or against it.
    pub because: Vec<String>,
}

/// What a way out is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// The user does it.
    SelfRemediation,
    /// An administrator closes the risk, or says what it was.
    Remediation,
    /// An administrator secures the account.
    Securing,
    /// It ends a block for user risk.
    UnblockUserRisk,
    /// It ends a block for sign-in risk.
    UnblockSignInRisk,
    /// It ends a block by built-in protection.
    UnblockBuiltIn,
    /// It ends another block, or there is nothing else to do.
    Other,
}

/// What starts the plan of an option.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start {
    /// The action.
    pub action: Action,
    /// The policy that it is about, by its id.
    pub policy: Option<String>,
    /// The addresses that it is about.
    pub addresses: Vec<String>,
}

/// One option.
#[derive(Debug, Clone, PartialEq)]
pub struct Advice {
    /// Its name, from the source document.
    pub option: &'static str,
    /// What it is for.
    pub group: Group,
    /// Section of the source document.
    pub section: &'static str,
    /// Whether it can work; `None` where the data does not tell.
    pub available: Option<bool>,
    /// Why. Holds hostile text.
    pub because: Vec<String>,
    /// What it will do. Holds hostile text.
    pub effect: String,
    /// What starts its plan; `None` for what is done elsewhere.
    pub start: Option<Start>,
}

/// What is to be said of a user.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// The user.
    pub user: UserId,
    /// Sign-in name. Hostile text.
    pub user_principal_name: Option<String>,
    /// Whether there is open risk.
    pub at_risk: Option<bool>,
    /// Whether the user is blocked, and by what.
    pub blocked: Blocked,
    /// What the ways out are of: what blocks the user; where nothing does now, what the warnings tell of.
    pub causes: Vec<BlockedBy>,
    /// Where nothing blocks the user now: what is refused elsewhere, and what will block the next sign-in, a sentence each. Holds hostile
    /// text.
    pub warnings: Vec<String>,
    /// Why the user is at risk or blocked, or what is to be followed up, a sentence each. Holds hostile text.
    pub why: Vec<String>,
    /// Whether the user is safe, as far as what was read tells; whoever is at risk is not.
    pub safe: Option<bool>,
    /// The same in a sentence; `None` where no risk was closed, or its state was not read.
    pub safety: Option<String>,
    /// Why the user is not safe although the risk is closed.
    pub not_safe: Vec<NotSafe>,
    /// The facts.
    pub situation: Vec<Fact>,
    /// The newest open detections beside the user's other sign-ins.
    pub normal: Vec<Comparison>,
    /// The verdicts, the one that the data speaks for first; none where there is no open risk.
    pub verdicts: Vec<Verdict>,
    /// The options, in the order in which they should be looked at.
    pub advice: Vec<Advice>,
}

impl Group {
    /// The word used in data.
    pub fn as_str(self) -> &'static str {
        match self {
            Group::SelfRemediation => "selfRemediation",
            Group::Remediation => "remediation",
            Group::Securing => "securing",
            Group::UnblockUserRisk => "unblockUserRisk",
            Group::UnblockSignInRisk => "unblockSignInRisk",
            Group::UnblockBuiltIn => "unblockBuiltIn",
            Group::Other => "other",
        }
    }
}

impl Explanation {
    /// The ways out of the blocks that there are, in order: those of the first cause first, as the source document orders them.
    /// Empty where nothing blocks the user, or will. What is not available is among them, so that nobody looks for it.
    pub fn ways_out(&self) -> impl Iterator<Item = &Advice> {
        let ways = rules::ways_out(&self.causes, self.at_risk);
        ways.into_iter().filter_map(|(_, option)| self.advice.iter().find(|advice| advice.option == option))
    }
}

/// How many detections are compared with the user's other sign-ins.
const COMPARED: usize = 5;

/// Explains a user.
pub fn explain(facts: &Facts<'_>) -> Explanation {
    Explanation {
        user: facts.records.id().clone(),
        user_principal_name: facts.records.user.user_principal_name.as_ref().map(String::from),
        at_risk: facts.records.user.at_risk(),
        blocked: super::facts::blocked(facts.records, facts.tenant, facts.now),
        causes: why::causes(facts),
        warnings: why::warnings(facts),
        why: why::why(facts),
        safe: if facts.records.user.at_risk() == Some(true) { Some(false) } else { super::facts::safe(facts.records) },
        safety: why::safety(facts),
        not_safe: super::facts::not_safe(facts.records),
        situation: situation::facts(facts),
        normal: normal::of_user(facts.records, COMPARED),
        verdicts: verdicts::verdicts(facts),
        advice: rules::advice(facts),
    }
}

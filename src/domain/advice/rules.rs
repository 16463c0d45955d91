//! The rules: one for each option of the source document and beyond. A new option is a new row here.

use super::judgement::Judgement;
use super::{Advice, Facts, Group, options as o, remediation, securing, self_remediation, unblocking, why};
use crate::domain::action::Action;
use crate::domain::facts::{self, BlockedBy};

/// One option and how it is judged.
struct Rule {
    /// Its name.
    option: &'static str,
    /// What it is for, where the user is not blocked; else see [`o::ways_out`].
    group: Group,
    /// Section of the source document.
    section: &'static str,
    /// Judges it; `None` where it does not concern the user at all.
    judge: fn(&Facts<'_>) -> Option<Judgement>,
}

const fn rule(option: &'static str, group: Group, section: &'static str, judge: fn(&Facts<'_>) -> Option<Judgement>) -> Rule {
    Rule { option, group, section, judge }
}

const USER_RISK: &str = "Unblocking based on user risk";
const SIGN_IN_RISK: &str = "Unblocking based on sign-in risk";
const BUILT_IN: &str = "Automatic blocking due to high confidence risk";
const COMPROMISED: &str = "Confirm a user to be compromised";

static RULES: &[Rule] = &[
    rule(o::MFA, Group::SelfRemediation, "Risk-based policy", |facts| Some(self_remediation::by_mfa(facts))),
    rule(o::SECURE_CHANGE, Group::SelfRemediation, "Risk-based policy", |facts| Some(self_remediation::by_secure_password_change(facts))),
    rule(o::SELF_SERVICE_RESET, Group::SelfRemediation, "Self-service password reset", |facts| {
        Some(self_remediation::by_self_service_reset(facts))
    }),
    rule(o::TEMPORARY_PASSWORD, Group::Remediation, "Generate a temporary password", |facts| {
        Some(self_remediation::by_temporary_password(facts))
    }),
    rule(o::REQUIRED_CHANGE, Group::Remediation, "Require the user to reset password", |facts| {
        Some(self_remediation::by_required_change(facts))
    }),
    rule(o::ON_PREMISES_CHANGE, Group::SelfRemediation, "Allow on-premises password reset to remediate user risks", |facts| {
        Some(self_remediation::by_on_premises_change(facts))
    }),
    rule(o::DISMISS, Group::Remediation, "Dismiss user risk", |facts| Some(remediation::dismiss(facts))),
    rule(o::CONFIRM_COMPROMISED, Group::Remediation, COMPROMISED, |facts| Some(remediation::confirm_compromised(facts))),
    rule(o::CONFIRM_SAFE, Group::Remediation, "Administrator manual remediation", |facts| Some(remediation::confirm_safe(facts))),
    rule(o::SIGN_IN_COMPROMISED, Group::Remediation, COMPROMISED, |facts| {
        remediation::of_sign_ins(facts, Action::ConfirmSignInCompromised)
    }),
    rule(o::SIGN_IN_SAFE, Group::Remediation, "Administrator manual remediation", |facts| {
        remediation::of_sign_ins(facts, Action::ConfirmSignInSafe)
    }),
    rule(o::DISMISS_SIGN_IN, Group::Remediation, "Administrator manual remediation", |facts| {
        remediation::of_sign_ins(facts, Action::DismissSignInRisk)
    }),
    rule(o::SECURE_ACCOUNT, Group::Securing, COMPROMISED, remediation::secure_account),
    rule(o::REVOKE, Group::Securing, COMPROMISED, |facts| Some(securing::revoke_sessions(facts))),
    rule(o::BLOCK, Group::Securing, COMPROMISED, |facts| Some(securing::block_sign_in(facts))),
    rule(o::DEVICES, Group::Securing, COMPROMISED, |facts| Some(securing::disable_devices(facts))),
    rule(o::ELSEWHERE, Group::Remediation, COMPROMISED, remediation::elsewhere),
    rule(o::FAMILIAR, Group::UnblockSignInRisk, SIGN_IN_RISK, |facts| Some(unblocking::from_familiar(facts))),
    rule(o::EXCLUDE, Group::UnblockUserRisk, USER_RISK, |facts| Some(unblocking::exclude(facts))),
    rule(o::DISABLE_POLICY, Group::UnblockUserRisk, USER_RISK, |facts| Some(unblocking::disable(facts))),
    rule(o::TRUST_IP, Group::UnblockBuiltIn, BUILT_IN, |facts| Some(unblocking::trust_ip(facts))),
    rule(o::MODERN, Group::UnblockBuiltIn, BUILT_IN, |facts| Some(unblocking::modern_authentication(facts))),
    rule(o::UNBLOCK, Group::Other, "Unblocking users", securing::unblock_sign_in),
    rule(o::WAIT, Group::Other, "Unblocking users", unblocking::wait),
    rule(o::REGISTER, Group::Other, "Risk-based policy", self_remediation::by_registration),
    rule(o::SUPPORT_CASE, Group::Other, "Deleted users", |facts| Some(remediation::for_deleted(facts))),
    rule(o::SYSTEM, Group::Other, "Types of risk remediation", self_remediation::by_the_system),
];

/// The ways out of these blocks, in order, each once: those of the first cause first. Whoever is not at risk needs no new password to be let
/// in again.
pub(super) fn ways_out(causes: &[BlockedBy], at_risk: Option<bool>) -> Vec<(Group, &'static str)> {
    let mut ways: Vec<(Group, &'static str)> = Vec::new();
    for cause in causes {
        let (group, options) = o::ways_out(*cause);
        let needless = |option: &&&str| *cause == BlockedBy::AccountDisabled && at_risk == Some(false) && **option == o::TEMPORARY_PASSWORD;
        for option in options.iter().filter(|option| !needless(option)) {
            if !ways.iter().any(|(_, held)| held == option) {
                ways.push((group, option));
            }
        }
    }
    ways
}

/// The place of an option where somebody else may hold the account: what secures it comes first, and closing the risk by word last.
fn place_after_compromise(option: &str) -> u8 {
    match option {
        o::SECURE_ACCOUNT => 0,
        o::DISMISS | o::CONFIRM_SAFE | o::SIGN_IN_SAFE | o::DISMISS_SIGN_IN => 2,
        _ => 1,
    }
}

/// The options, in the order in which they should be looked at: the ways out of a block, then what can be done, what perhaps can,
/// and what cannot.
pub(super) fn advice(facts: &Facts<'_>) -> Vec<Advice> {
    let ways = ways_out(&why::causes(facts), facts.records.user.at_risk());
    let judged = |rule: &Rule| {
        let Judgement { available, because, effect, start } = (rule.judge)(facts)?;
        let way = ways.iter().find(|(_, option)| *option == rule.option);
        let group = way.map_or(rule.group, |(group, _)| *group);
        // Excluding from a policy and disabling it are told of twice in the document.
        let section = if rule.section == USER_RISK && group == Group::UnblockSignInRisk { SIGN_IN_RISK } else { rule.section };
        Some(Advice { option: rule.option, group, section, available, because, effect, start })
    };
    let stolen = facts::token_theft(facts.records) == Some(true) || facts::confirmed_compromised(facts.records);
    let mut advice: Vec<Advice> = RULES.iter().filter_map(judged).collect();
    advice.sort_by_key(|advice| {
        let way = ways.iter().position(|(_, option)| *option == advice.option).unwrap_or(ways.len());
        let weight = match advice.available {
            Some(true) => 0,
            None => 1,
            Some(false) => 2,
        };
        let place = if stolen && weight < 2 { place_after_compromise(advice.option) } else { 1 };
        if way < ways.len() { (way, 0, 0, 0) } else { (way, u8::from(weight == 2), place, weight) }
    });
    advice
}

//! The rules: one for each option of the source document, and the verdicts.

use super::{Advice, Facts, Group, Verdict};
use crate::domain::facts::{Blocked, BlockedBy};

/// The groups of options that end these blocks.
pub(super) fn groups_of(blocked: &Blocked) -> Vec<Group> {
    let group = |cause: &BlockedBy| match cause {
        BlockedBy::UserRisk => Group::UnblockUserRisk,
        BlockedBy::SignInRisk => Group::UnblockSignInRisk,
        BlockedBy::BuiltInProtection => Group::UnblockBuiltIn,
        BlockedBy::AccountDisabled | BlockedBy::SmartLockout | BlockedBy::ConditionalAccess => Group::Other,
    };
    let mut groups: Vec<Group> = blocked.by.iter().map(group).collect();
    groups.dedup();
    groups
}

/// The verdicts, the one that the data speaks for first.
pub(super) fn verdicts(_facts: &Facts<'_>) -> Vec<Verdict> {
    Vec::new()
}

/// The options, in the order in which they should be looked at.
pub(super) fn advice(_facts: &Facts<'_>) -> Vec<Advice> {
    Vec::new()
}

//! What became of closed risk: what it was, and whether it came back.

use super::action::{Action, Aim};
use super::case::{Case, Verdict};
use super::journal::Outcome;
use super::ledger::{Item, ItemState, Job, Ledger};
use super::records::{RiskDetection, RiskyUserHistoryItem, UserRecords};
use super::risk::{RiskDetail, RiskState};
use super::time::Timestamp;

/// A user who is at risk again within so many days of being closed came back.
pub const BACK_WITHIN_DAYS: i64 = 7;

/// Whether a detection was a false positive; `None` for one that is neither closed nor judged.
///
/// What an operator found stands first: a verdict that is no older than the detection, unless it is undetermined. Else by the detail:
/// confirmed safe or dismissed, by an administrator or by Entra, is a false positive; remediated by the user (a password changed,
/// multifactor authentication passed) or by an administrator (a password set) is not. Where the detail does not tell, by the state:
/// safe or dismissed is, remediated is not.
pub fn closed_as(detection: &RiskDetection, case: Option<&Case>) -> Option<bool> {
    use RiskDetail as D;
    let given = case.and_then(|case| case.verdict.zip(case.verdict_by.as_ref()));
    match given.filter(|(_, (at, _))| detection.at().is_some_and(|made| made <= *at)) {
        Some((Verdict::FalsePositive, _)) => return Some(true),
        Some((Verdict::BenignTruePositive | Verdict::TruePositive, _)) => return Some(false),
        Some((Verdict::Undetermined, _)) | None => {}
    }
    let by_state = match &detection.risk_state {
        Some(RiskState::ConfirmedSafe | RiskState::Dismissed) => true,
        Some(RiskState::Remediated) => false,
        _ => return None,
    };
    Some(match &detection.risk_detail {
        Some(
            D::AdminConfirmedSigninSafe
            | D::AiConfirmedSigninSafe
            | D::AdminConfirmedAccountSafe
            | D::AdminDismissedAllRiskForUser
            | D::AdminDismissedRiskForSignIn
            | D::M365DAdminDismissedDetection,
        ) => true,
        Some(
            D::AdminGeneratedTemporaryPassword
            | D::UserPerformedSecuredPasswordChange
            | D::UserPerformedSecuredPasswordReset
            | D::UserPassedMfaDrivenByRiskBasedPolicy
            | D::UserChangedPasswordOnPremises
            | D::MicrosoftRevokedSessions,
        ) => false,
        _ => by_state,
    })
}

/// Whether the action ends the risk of a user.
fn closes(action: Action) -> bool {
    action.aim() == Aim::User && (action.closes_risk() || action == Action::GenerateTemporaryPassword)
}

/// When the job closed the risk of this target, if it did. The ledger keeps when a job ended, not when each target was verified.
fn closed_at(job: &Job, item: &Item) -> Option<Timestamp> {
    matches!(item.state, ItemState::Ended(Outcome::Verified, _)).then(|| job.ended_at.unwrap_or(job.created_at))
}

/// Whether the user was at risk again within [`BACK_WITHIN_DAYS`] days of having been closed; `None` where that is not known.
pub fn came_back(records: &UserRecords, ledger: &Ledger) -> Option<bool> {
    let jobs = ledger.jobs_on(records.id().as_str()).filter(|(job, _)| closes(job.plan.action));
    came_back_after(records, &jobs.filter_map(|(job, item)| closed_at(job, item)).collect::<Vec<_>>())
}

/// By the history, and by what this program closed, then by a detection made since, or by what the user is now. Where no history was
/// read, that others closed the risk is not known: then nobody can say that the user did not come back.
fn came_back_after(records: &UserRecords, closed_here: &[Timestamp]) -> Option<bool> {
    let within = |closed: Timestamp, at: Timestamp| at > closed && (at.0 - closed.0).num_days() < BACK_WITHIN_DAYS;
    let again = |closed: Timestamp| {
        let opened = |item: &RiskyUserHistoryItem| {
            item.risk_state.as_ref().is_some_and(RiskState::is_open)
                && item.risk_last_updated_date_time.is_some_and(|at| within(closed, at))
        };
        // What an administrator confirms is a verdict on old evidence, not new risk.
        let new = |detection: &RiskDetection| {
            detection.risk_event_type.as_deref() != Some("adminConfirmedUserCompromised")
                && detection.detected_date_time.is_some_and(|at| within(closed, at))
        };
        let is_open = records.user.risk_state == Some(RiskState::AtRisk)
            && records.user.risk_last_updated_date_time.is_some_and(|at| within(closed, at));
        is_open || records.history.iter().any(opened) || records.detections.iter().any(new)
    };
    let in_history = records
        .history
        .iter()
        .filter(|item| matches!(item.risk_state, Some(RiskState::ConfirmedSafe | RiskState::Dismissed | RiskState::Remediated)));
    let came_back = in_history.filter_map(|item| item.risk_last_updated_date_time).chain(closed_here.iter().copied()).any(again);
    (came_back || !records.history.is_empty()).then_some(came_back)
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::domain::case::CaseChange;
    use crate::domain::fixture::{now, risky_user};
    use crate::domain::journal::{Entry, Head, ItemOutcome, JobId, JobState, encode};
    use crate::domain::plan::{Access, Plan, PlanContext, Target};

    fn before(days: i64) -> Timestamp {
        Timestamp(now().0 - TimeDelta::days(days))
    }

    /// A user whose risk was found and last changed so many days ago.
    fn user(days: i64) -> UserRecords {
        let mut records = risky_user("a", "newCountry");
        records.detections[0].detected_date_time = Some(before(days));
        records.user.risk_last_updated_date_time = Some(before(days));
        records
    }

    fn item(days: i64, state: RiskState) -> RiskyUserHistoryItem {
        RiskyUserHistoryItem {
            id: format!("h{days}").into(),
            user_id: "a".into(),
            user_principal_name: None,
            user_display_name: None,
            risk_level: None,
            risk_state: Some(state),
            risk_detail: None,
            risk_last_updated_date_time: Some(before(days)),
            initiated_by: None,
            risk_event_types: Vec::new(),
            extra: Default::default(),
        }
    }

    #[test]
    fn false_positives_are_told_by_detail_then_by_state() {
        let mut detection = risky_user("a", "newCountry").detections.remove(0);
        let mut told = |state, detail| {
            (detection.risk_state, detection.risk_detail) = (Some(state), detail);
            closed_as(&detection, None)
        };
        assert_eq!(told(RiskState::AtRisk, None), None);
        assert_eq!(told(RiskState::ConfirmedCompromised, None), None);
        assert_eq!(told(RiskState::Dismissed, Some(RiskDetail::AdminDismissedAllRiskForUser)), Some(true));
        assert_eq!(told(RiskState::Remediated, Some(RiskDetail::UserPassedMfaDrivenByRiskBasedPolicy)), Some(false));
        assert_eq!(told(RiskState::ConfirmedSafe, Some(RiskDetail::Hidden)), Some(true));
        assert_eq!(told(RiskState::Remediated, Some(RiskDetail::None)), Some(false));
    }

    #[test]
    fn who_came_back_is_told_by_history_and_detections_or_is_unknown() {
        let mut records = user(20);
        assert_eq!(came_back(&records, &Ledger::default()), None, "no history was read");
        records.history = vec![item(20, RiskState::AtRisk), item(18, RiskState::Dismissed)];
        assert_eq!(came_back(&records, &Ledger::default()), Some(false));
        records.history.push(item(10, RiskState::AtRisk));
        assert_eq!(came_back(&records, &Ledger::default()), Some(false), "later than within seven days");
        records.history.push(item(12, RiskState::AtRisk));
        assert_eq!(came_back(&records, &Ledger::default()), Some(true));
        records.history.truncate(2);
        records.detections[0].detected_date_time = Some(before(17));
        assert_eq!(came_back(&records, &Ledger::default()), Some(true), "a detection since, though the history does not tell yet");
    }

    #[test]
    fn a_verdict_stands_above_how_it_was_closed_but_for_what_came_later() {
        let mut detection = user(2).detections.remove(0);
        let mut case = Case::default();
        let mut judged = |verdict, days| {
            case.change(&CaseChange { verdict: Some(verdict), ..CaseChange::default() }, before(days), "me");
            closed_as(&detection, Some(&case))
        };
        assert_eq!(judged(Verdict::FalsePositive, 1), Some(true), "open, and judged");
        assert_eq!(judged(Verdict::TruePositive, 1), Some(false));
        assert_eq!(judged(Verdict::BenignTruePositive, 1), Some(false));
        assert_eq!(judged(Verdict::Undetermined, 1), None);
        assert_eq!(judged(Verdict::FalsePositive, 3), None, "the detection is newer");
        detection.risk_state = Some(RiskState::Dismissed);
        case.change(&CaseChange { verdict: Some(Verdict::TruePositive), ..CaseChange::default() }, before(1), "me");
        assert_eq!(closed_as(&detection, Some(&case)), Some(false));
    }

    /// A job about the user that ended ten days ago.
    fn job(action: Action, outcome: Outcome) -> Ledger {
        let context = PlanContext::new("me", Access::ReadWrite, before(10));
        let plan = Plan::compute(action, &[Target::User("a".into())], &[user(20)].into_iter().collect(), &context);
        let items = vec![ItemOutcome { id: "a".to_owned(), outcome, because: None }];
        let entries = [
            Entry::JobConfirmed { job: JobId(1), plan: Box::new(plan), hold_seconds: 0 },
            Entry::Outcomes { job: JobId(1), items },
            Entry::JobEnded { job: JobId(1), state: JobState::Done },
        ];
        let mut ledger = Ledger::default();
        for entry in entries {
            ledger.apply(&encode(&Head::default(), before(10), "me", entry).unwrap().0);
        }
        ledger
    }

    #[test]
    fn what_this_program_closed_counts_without_a_history() {
        let ledger = job(Action::DismissUserRisk, Outcome::Verified);
        assert_eq!(came_back(&user(6), &ledger), Some(true), "four days later");
        assert_eq!(came_back(&user(2), &ledger), None, "eight days later, and what others closed is not known");
        assert_eq!(came_back(&user(6), &job(Action::DismissUserRisk, Outcome::Failed)), None, "it was not closed");
        assert_eq!(came_back(&user(6), &job(Action::RevokeSessions, Outcome::Verified)), None);
    }
}

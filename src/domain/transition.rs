//! The one transition table: what each event does to user, sign-ins and detections.
//!
//! Source: `reference/domain.md` section 2, whose row number stands with each entry. The demo tenant
//! plays the table with [`apply`]; the engine checks what it reads back against it, see [`super::verification`].
//! Rows that the documentation does not state in so many words are marked `inferred`.

use super::records::{DetectionId, RiskDetection, RiskyUserHistoryItem, SignIn, SignInId, UserRecords};
use super::risk::{ActivityType, DetectionTiming, RiskDetail, RiskLevel, RiskState};
use super::tenant_text::TenantText;
use super::time::Timestamp;

/// Something that changes risk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Event {
    /// An administrator dismisses all risk of a user.
    DismissUserRisk,
    /// An administrator confirms a user compromised.
    ConfirmUserCompromised,
    /// An administrator confirms a user safe.
    ConfirmUserSafe,
    /// An administrator confirms sign-ins compromised.
    ConfirmSignInCompromised,
    /// An administrator confirms sign-ins safe.
    ConfirmSignInSafe,
    /// An administrator dismisses the risk of sign-ins.
    DismissSignInRisk,
    /// An administrator generates a temporary password.
    GenerateTemporaryPassword,
    /// The user resets the password by self-service.
    SelfServiceReset,
    /// The user changes the password, as a risk policy demands, after multifactor authentication.
    SecurePasswordChange,
    /// The user's password is changed on-premises, where the tenant lets that reset risk.
    OnPremisesPasswordChange,
    /// The user passes multifactor authentication under a sign-in risk policy.
    MfaPassed,
    /// The service assesses a sign-in as safe.
    SystemDismissal,
    /// The service revokes the sessions of a passwordless user.
    SessionsRevoked,
}

/// Whom an event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The user, with all open sign-ins and detections.
    User,
    /// Named sign-ins with their detections; the user's risk is calculated anew.
    SignIn,
}

/// One row of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Number of the row in `reference/domain.md` section 2.
    pub number: u8,
    /// The event.
    pub event: Event,
    /// Whom it is about.
    pub scope: Scope,
    /// State that the target (user or sign-in) and its open records end in.
    pub state: RiskState,
    /// Detail that they end with.
    pub detail: RiskDetail,
    /// Level that the target ends with.
    pub level: RiskLevel,
    /// Whether it adds a detection of its own (`adminConfirmedUserCompromised`).
    pub adds_detection: bool,
    /// Whether part of the row is a reading of the documentation.
    pub inferred: bool,
}

const fn row(number: u8, event: Event, scope: Scope, state: RiskState, detail: RiskDetail, level: RiskLevel, inferred: bool) -> Row {
    let adds_detection = matches!(event, Event::ConfirmUserCompromised);
    Row { number, event, scope, state, detail, level, adds_detection, inferred }
}

/// The table.
pub static TABLE: [Row; 13] = {
    use Event as E;
    use RiskDetail as D;
    use RiskLevel::{High, None};
    use RiskState as S;
    [
        row(1, E::DismissUserRisk, Scope::User, S::Dismissed, D::AdminDismissedAllRiskForUser, None, false),
        row(2, E::ConfirmUserCompromised, Scope::User, S::ConfirmedCompromised, D::AdminConfirmedUserCompromised, High, false),
        row(3, E::ConfirmUserSafe, Scope::User, S::ConfirmedSafe, D::AdminConfirmedAccountSafe, None, true),
        row(4, E::ConfirmSignInCompromised, Scope::SignIn, S::ConfirmedCompromised, D::AdminConfirmedSigninCompromised, High, true),
        row(5, E::ConfirmSignInSafe, Scope::SignIn, S::ConfirmedSafe, D::AdminConfirmedSigninSafe, None, false),
        row(6, E::DismissSignInRisk, Scope::SignIn, S::Dismissed, D::AdminDismissedRiskForSignIn, None, true),
        row(7, E::GenerateTemporaryPassword, Scope::User, S::Remediated, D::AdminGeneratedTemporaryPassword, None, false),
        row(8, E::SelfServiceReset, Scope::User, S::Remediated, D::UserPerformedSecuredPasswordReset, None, false),
        row(9, E::SecurePasswordChange, Scope::User, S::Remediated, D::UserPerformedSecuredPasswordChange, None, false),
        row(10, E::OnPremisesPasswordChange, Scope::User, S::Remediated, D::UserChangedPasswordOnPremises, None, true),
        row(11, E::MfaPassed, Scope::SignIn, S::Remediated, D::UserPassedMfaDrivenByRiskBasedPolicy, None, false),
        row(12, E::SystemDismissal, Scope::SignIn, S::Dismissed, D::AiConfirmedSigninSafe, None, false),
        row(13, E::SessionsRevoked, Scope::User, S::Remediated, D::MicrosoftRevokedSessions, None, true),
    ]
};

impl Event {
    /// The row of this event.
    pub fn row(self) -> &'static Row {
        // Every event has a row: a test walks them, and the first row only stands in for the type.
        TABLE.iter().find(|row| row.event == self).unwrap_or(&TABLE[0])
    }
}

/// Who and when: what the history says of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// When.
    pub at: Timestamp,
    /// Object id or name of who did it; `None` for the system.
    pub initiated_by: Option<String>,
}

/// Plays an event on a user's records. `sign_ins` names the sign-ins of an event with that scope.
pub fn apply(event: Event, records: &mut UserRecords, sign_ins: &[SignInId], cause: &Cause) {
    let row = event.row();
    let concerns_sign_in = |id: &SignInId| sign_ins.contains(id);
    for sign_in in &mut records.sign_ins {
        let named = row.scope == Scope::SignIn && sign_ins.contains(&sign_in.id);
        if named || (row.scope == Scope::User && sign_in.at_risk() == Some(true)) {
            change_sign_in(sign_in, row);
        }
    }
    for detection in &mut records.detections {
        let linked = detection.request_id.as_ref().is_some_and(concerns_sign_in);
        if detection.is_open() && (row.scope == Scope::User || linked) {
            detection.risk_state = Some(row.state.clone());
            detection.risk_detail = Some(row.detail.clone());
            detection.last_updated_date_time = Some(cause.at);
        }
    }
    let (state, level) = match row.scope {
        Scope::User => (row.state.clone(), row.level.clone()),
        Scope::SignIn => user_risk_after_sign_in_event(records, row),
    };
    let user = &mut records.user;
    user.risk_state = Some(state);
    user.risk_level = Some(level);
    user.risk_detail =
        Some(if user.at_risk() == Some(true) && !matches!(event, Event::ConfirmUserCompromised | Event::ConfirmSignInCompromised) {
            RiskDetail::None
        } else {
            row.detail.clone()
        });
    user.risk_last_updated_date_time = Some(cause.at);
    if row.adds_detection {
        let detection = admin_detection(records, cause);
        records.detections.push(detection);
    }
    remember(records, row, cause);
    records.sort();
}

fn change_sign_in(sign_in: &mut SignIn, row: &Row) {
    sign_in.risk_state = Some(row.state.clone());
    sign_in.risk_detail = Some(row.detail.clone());
    // The level during sign-in is what was known then and never changes (row 4).
    sign_in.risk_level_aggregated = Some(row.level.clone());
}

/// Rows 4 to 6: confirming compromise raises the user at once; otherwise the user keeps the highest
/// level that is still open, and follows the sign-in when nothing is left open.
fn user_risk_after_sign_in_event(records: &UserRecords, row: &Row) -> (RiskState, RiskLevel) {
    let held = records.user.risk_state.clone();
    // What an administrator confirmed of the user, no verdict on a sign-in takes back.
    if held == Some(RiskState::ConfirmedCompromised) {
        return (RiskState::ConfirmedCompromised, RiskLevel::High);
    }
    if row.event == Event::ConfirmSignInCompromised {
        return (RiskState::AtRisk, RiskLevel::High);
    }
    let open = records.detections.iter().filter(|detection| detection.is_open()).filter_map(|detection| detection.risk_level.clone());
    let open_sign_ins =
        records.sign_ins.iter().filter(|sign_in| sign_in.at_risk() == Some(true)).filter_map(|sign_in| sign_in.risk_level().cloned());
    match open.chain(open_sign_ins).max_by_key(RiskLevel::weight) {
        Some(level) => (RiskState::AtRisk, level),
        None => (row.state.clone(), RiskLevel::None),
    }
}

fn admin_detection(records: &UserRecords, cause: &Cause) -> RiskDetection {
    let user = &records.user;
    RiskDetection {
        id: DetectionId::from(format!("admin-{}-{}", user.id, cause.at.0.timestamp_micros())),
        user_id: user.id.clone(),
        user_principal_name: user.user_principal_name.clone(),
        user_display_name: user.user_display_name.clone(),
        risk_event_type: Some("adminConfirmedUserCompromised".into()),
        risk_level: Some(RiskLevel::High),
        risk_state: Some(RiskState::ConfirmedCompromised),
        risk_detail: Some(RiskDetail::AdminConfirmedUserCompromised),
        detection_timing_type: Some(DetectionTiming::Offline),
        activity: Some(ActivityType::User),
        token_issuer_type: None,
        ip_address: None,
        location: None,
        request_id: None,
        correlation_id: None,
        activity_date_time: Some(cause.at),
        detected_date_time: Some(cause.at),
        last_updated_date_time: Some(cause.at),
        source: Some("IdentityProtection".into()),
        mitre_technique_id: None,
        additional_info: None,
        extra: Default::default(),
    }
}

fn remember(records: &mut UserRecords, row: &Row, cause: &Cause) {
    let user = &records.user;
    let item = RiskyUserHistoryItem {
        id: format!("{}{}", user.id, cause.at.0.timestamp_micros()).into(),
        user_id: user.id.clone(),
        user_principal_name: user.user_principal_name.clone(),
        user_display_name: user.user_display_name.clone(),
        risk_level: user.risk_level.clone(),
        risk_state: user.risk_state.clone(),
        risk_detail: Some(row.detail.clone()),
        risk_last_updated_date_time: Some(cause.at),
        initiated_by: cause.initiated_by.as_deref().map(TenantText::new),
        risk_event_types: Vec::new(),
        extra: Default::default(),
    };
    records.history.push(item);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixture;

    fn cause() -> Cause {
        Cause { at: fixture::now(), initiated_by: Some("operator".to_owned()) }
    }

    #[test]
    fn every_event_has_its_own_row() {
        for row in TABLE.iter() {
            assert_eq!(row.event.row(), row);
        }
    }

    /// Row by row: state, level and detail of the user, then state of an open sign-in and of its detection.
    #[test]
    fn user_events_change_the_user_and_everything_open() {
        for row in TABLE.iter().filter(|row| row.scope == Scope::User) {
            let mut records = fixture::risky_user("u1", "anomalousToken");
            apply(row.event, &mut records, &[], &cause());
            assert_eq!(records.user.risk_state, Some(row.state.clone()), "{row:?}");
            assert_eq!(records.user.risk_level, Some(row.level.clone()), "{row:?}");
            assert_eq!(records.user.risk_detail, Some(row.detail.clone()), "{row:?}");
            assert!(records.sign_ins.iter().all(|sign_in| sign_in.risk_state == Some(row.state.clone())), "{row:?}");
            assert!(records.detections.iter().all(|detection| detection.risk_state == Some(row.state.clone())), "{row:?}");
        }
    }

    #[test]
    fn closed_records_keep_their_history_when_the_user_is_dismissed() {
        let mut records = fixture::risky_user("u1", "anomalousToken");
        records.detections[0].risk_state = Some(RiskState::Remediated);
        apply(Event::DismissUserRisk, &mut records, &[], &cause());
        assert_eq!(records.detections[0].risk_state, Some(RiskState::Remediated));
    }

    #[test]
    fn confirming_a_user_compromised_adds_a_detection_of_its_own() {
        let mut records = fixture::risky_user("u1", "passwordSpray");
        apply(Event::ConfirmUserCompromised, &mut records, &[], &cause());
        let added = records.detections.iter().find(|d| d.risk_event_type.as_deref() == Some("adminConfirmedUserCompromised")).unwrap();
        assert_eq!((added.request_id.as_ref(), added.detection_timing_type.clone()), (None, Some(DetectionTiming::Offline)));
    }

    #[test]
    fn a_sign_in_event_recalculates_the_user() {
        let mut records = fixture::risky_user("u1", "passwordSpray");
        let mut second = fixture::risky_user("u1", "unlikelyTravel");
        second.sign_ins[0].id = "s2".into();
        second.detections[0].id = "d2".into();
        second.detections[0].request_id = Some("s2".into());
        second.detections[0].risk_level = Some(RiskLevel::Low);
        second.sign_ins[0].risk_level_aggregated = Some(RiskLevel::Low);
        records.sign_ins.append(&mut second.sign_ins);
        records.detections.append(&mut second.detections);
        let first = SignInId::from("u1-s1");

        apply(Event::DismissSignInRisk, &mut records, std::slice::from_ref(&first), &cause());
        assert_eq!(records.sign_in(&first).unwrap().risk_state, Some(RiskState::Dismissed));
        assert_eq!((records.user.risk_state.clone(), records.user.risk_level.clone()), (Some(RiskState::AtRisk), Some(RiskLevel::Low)));

        apply(Event::ConfirmSignInSafe, &mut records, &["s2".into()], &cause());
        assert_eq!(
            (records.user.risk_state.clone(), records.user.risk_level.clone()),
            (Some(RiskState::ConfirmedSafe), Some(RiskLevel::None))
        );
    }

    #[test]
    fn confirming_a_sign_in_compromised_raises_the_user_and_keeps_the_level_during_sign_in() {
        let mut records = fixture::risky_user("u1", "unlikelyTravel");
        records.sign_ins[0].risk_level_during_sign_in = Some(RiskLevel::Low);
        apply(Event::ConfirmSignInCompromised, &mut records, &["u1-s1".into()], &cause());
        assert_eq!(records.user.risk_level, Some(RiskLevel::High));
        assert_eq!(records.user.at_risk(), Some(true));
        assert_eq!(records.sign_ins[0].risk_level_aggregated, Some(RiskLevel::High));
        assert_eq!(records.sign_ins[0].risk_level_during_sign_in, Some(RiskLevel::Low));
    }

    #[test]
    fn a_verdict_on_a_sign_in_does_not_take_back_a_confirmed_compromise() {
        let mut records = fixture::risky_user("u1", "unlikelyTravel");
        apply(Event::ConfirmUserCompromised, &mut records, &[], &cause());
        apply(Event::ConfirmSignInSafe, &mut records, &["u1-s1".into()], &cause());
        assert_eq!(records.user.risk_state, Some(RiskState::ConfirmedCompromised));
    }
}

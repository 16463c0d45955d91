//! Who the users of the tenant are and what happens to them, in broad strokes: the slots of a block of
//! [`BLOCK`] users, which a larger tenant repeats. Proportions thus hold at every size, and a small tenant
//! shows the first slots, which are as mixed as the whole.

use super::assets;
use crate::domain::facts::BlockedBy;
use crate::domain::risk::{RiskDetail, RiskLevel, RiskState};
use crate::domain::transition::Event;

/// Users in a block.
pub(super) const BLOCK: u32 = 200;

/// What kind of account it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Account {
    Cloud,
    Hybrid,
    Guest,
}

/// How old the evidence is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Age {
    Recent,
    /// Vanishes within a week.
    Expiring,
    /// Older than what the service keeps, and still listed.
    Expired,
    /// Vanished.
    Gone,
}

/// What the detections belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Setting {
    /// This user alone.
    Alone,
    /// A stolen session.
    Session,
    /// The password spray that hits many.
    Campaign,
    /// The mass false positive.
    Leak,
}

/// How it went on.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Outcome {
    /// Never any risk.
    Never,
    /// Still open.
    Open,
    /// What the transition table says of this event.
    After(Event),
    /// A state that no event of the table leads to; `None` leaves the detections open.
    As(RiskState, RiskDetail, Option<RiskLevel>),
    /// Nothing but ids is known.
    Blank,
}

/// What is odd about a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Odd {
    Nothing,
    /// The display name, by its place in the list.
    Name(usize),
    /// The user agent, by its place in the list.
    Agent(usize),
    /// Hundreds of sign-ins.
    Busy,
}

/// One user's part.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Plot {
    pub account: Account,
    pub privileged: bool,
    pub deleted: bool,
    pub disabled: bool,
    pub types: Vec<&'static str>,
    pub level: RiskLevel,
    pub setting: Setting,
    pub age: Age,
    pub outcome: Outcome,
    pub block: Option<BlockedBy>,
    pub odd: Odd,
}

impl Plot {
    fn never() -> Self {
        Plot {
            account: Account::Cloud,
            privileged: false,
            deleted: false,
            disabled: false,
            types: Vec::new(),
            level: RiskLevel::None,
            setting: Setting::Alone,
            age: Age::Recent,
            outcome: Outcome::Never,
            block: None,
            odd: Odd::Nothing,
        }
    }

    fn low(types: &[&'static str]) -> Self {
        Plot { types: types.to_vec(), level: RiskLevel::Low, outcome: Outcome::Open, ..Plot::never() }
    }

    fn medium(types: &[&'static str]) -> Self {
        Plot { level: RiskLevel::Medium, ..Plot::low(types) }
    }

    fn high(types: &[&'static str]) -> Self {
        Plot { level: RiskLevel::High, ..Plot::low(types) }
    }

    fn leak() -> Self {
        Plot { setting: Setting::Leak, ..Plot::high(&["leakedCredentials"]) }
    }

    fn theft(self) -> Self {
        Plot { setting: Setting::Session, ..self }
    }

    fn account(self, account: Account) -> Self {
        Plot { account, ..self }
    }

    fn privileged(self) -> Self {
        Plot { privileged: true, ..self }
    }

    fn deleted(self) -> Self {
        Plot { deleted: true, ..self }
    }

    fn disabled(self) -> Self {
        Plot { disabled: true, ..self }
    }

    fn aged(self, age: Age) -> Self {
        Plot { age, ..self }
    }

    fn after(self, event: Event) -> Self {
        Plot { outcome: Outcome::After(event), ..self }
    }

    fn ended(self, state: RiskState, detail: RiskDetail, level: Option<RiskLevel>) -> Self {
        Plot { outcome: Outcome::As(state, detail, level), ..self }
    }

    fn blocked(self, by: BlockedBy) -> Self {
        Plot { block: Some(by), ..self }
    }

    fn odd(self, odd: Odd) -> Self {
        Plot { odd, ..self }
    }
}

/// The parts of one block of users.
#[derive(Debug, Clone)]
pub(super) struct Plots(Vec<Plot>);

impl Plots {
    pub(super) fn new() -> Self {
        let mut slots = cast();
        let mut specials = specials().into_iter();
        let mut plain = 0;
        while slots.len() < BLOCK as usize {
            let special = if slots.len() % 2 == 1 { specials.next() } else { None };
            slots.push(special.unwrap_or_else(|| {
                plain += 1;
                ordinary(plain)
            }));
        }
        Plots(slots)
    }

    /// The part of this user.
    pub(super) fn of(&self, index: u32) -> Plot {
        let mut plot = self.0.get((index % BLOCK) as usize).cloned().unwrap_or_else(Plot::never);
        if index >= BLOCK {
            // One block of oddities is enough to look at.
            plot.odd = Odd::Nothing;
        }
        plot
    }
}

/// The users of `assets/demo/people.toml`, `cast`, in that order.
fn cast() -> Vec<Plot> {
    use Account::{Guest, Hybrid};
    use BlockedBy as B;
    vec![
        Plot::high(&["anomalousToken", "unfamiliarFeatures", "unlikelyTravel", "mcasSuspiciousInboxManipulationRules"]).theft(),
        Plot::high(&["leakedCredentials", "passwordSpray"]).blocked(B::UserRisk),
        Plot::medium(&["unlikelyTravel"]),
        Plot::medium(&["unfamiliarFeatures"]).account(Guest),
        Plot::low(&["anonymizedIPAddress"]).account(Hybrid),
        Plot::low(&["unfamiliarFeatures", "anonymizedIPAddress", "suspiciousBrowser"]).deleted(),
        Plot::high(&["attackerinTheMiddle", "suspiciousInboxForwarding"]).theft(),
        Plot::medium(&["tokenIssuerAnomaly"]).theft().account(Hybrid),
        Plot::low(&["newCountry"]).blocked(B::SignInRisk),
        Plot::medium(&["passwordSpray"]),
        Plot { setting: Setting::Campaign, ..Plot::low(&["unfamiliarFeatures"]) },
        Plot::medium(&["suspiciousAPITraffic", "anomalousUserActivity"]).privileged(),
        Plot::never(),
        Plot::medium(&["unlikelyTravel"]).after(Event::SelfServiceReset),
        Plot::low(&["userReportedSuspiciousActivity"]),
        Plot::medium(&["maliciousIPAddress"]).after(Event::ConfirmUserCompromised),
        Plot::low(&["riskyIPAddress"]).after(Event::DismissUserRisk),
    ]
}

/// Everybody who is not ordinary; what must show in a small tenant first.
fn specials() -> Vec<Plot> {
    use Account::{Guest, Hybrid};
    use BlockedBy as B;
    use RiskDetail as D;
    use RiskState as S;
    let mut plots = vec![
        Plot::low(&["unfamiliarFeatures"]).odd(Odd::Name(0)),
        Plot::leak(),
        Plot::high(&["nationStateIP"]).theft(),
        Plot::low(&["passwordSpray"]).blocked(B::BuiltInProtection),
        Plot::medium(&["unlikelyTravel"]).aged(Age::Expired),
        Plot::leak().after(Event::DismissUserRisk),
        Plot::low(&["unfamiliarFeatures", "unfamiliarFeatures"]).odd(Odd::Busy),
        Plot::low(&["maliciousIPAddress"]).blocked(B::SmartLockout),
        Plot { outcome: Outcome::Blank, ..Plot::never() },
        Plot::medium(&["suspiciousBrowser"]).aged(Age::Expiring),
        Plot::low(&["unlikelyTravel"]).odd(Odd::Name(1)),
        Plot::low(&["generic"]).ended(S::AtRisk, D::Hidden, Some(RiskLevel::Hidden)),
        Plot::low(&["anonymizedIPAddress"]).after(Event::MfaPassed),
        Plot::high(&["investigationsThreatIntelligence"]).theft().privileged(),
        Plot::low(&["newCountry"]).account(Guest),
        Plot::low(&["unfamiliarFeatures"]).after(Event::ConfirmUserSafe),
        Plot::leak(),
        Plot::medium(&["unlikelyTravel"]).aged(Age::Gone),
        Plot::never().blocked(B::ConditionalAccess),
        Plot::medium(&["passwordSpray"]).blocked(B::UserRisk),
        Plot::low(&["anonymizedIPAddress"]).odd(Odd::Agent(0)),
        Plot::low(&["anomalousToken"]).theft(),
        Plot::low(&["unlikelyTravel"]).after(Event::SystemDismissal),
        Plot::medium(&["suspiciousSendingPatterns"]).ended(S::AtRisk, D::Other("aiElevatedAccountRisk".into()), Some(RiskLevel::Medium)),
        Plot::low(&["unfamiliarFeatures"]).privileged(),
        Plot::medium(&["newCountry"]).after(Event::DismissSignInRisk),
        Plot::low(&["suspiciousIPAddress"]).disabled(),
        Plot::medium(&["impossibleTravel"]).after(Event::ConfirmSignInSafe),
        Plot::medium(&["maliciousIPAddress"]).after(Event::ConfirmSignInCompromised),
        Plot::high(&["attemptedPrtAccess"]).after(Event::SessionsRevoked),
        Plot::low(&["mcasImpossibleTravel"]).blocked(B::SignInRisk),
        Plot::medium(&["investigationsThreatIntelligenceSigninLinked"]).account(Hybrid).after(Event::OnPremisesPasswordChange),
        Plot::high(&["leakedCredentials"]).after(Event::GenerateTemporaryPassword),
        Plot::medium(&["suspiciousInboxForwarding"]).after(Event::SecurePasswordChange),
        Plot::low(&["suspiciousBrowser"]).ended(S::Dismissed, D::M365DAdminDismissedDetection, Some(RiskLevel::None)),
        Plot::medium(&["unlikelyTravel"]).ended(S::UnknownFutureValue, D::UnknownFutureValue, Some(RiskLevel::UnknownFutureValue)),
        // Service accounts that once were service principals: their old details never change.
        Plot::low(&["suspiciousAPITraffic"]).ended(S::Dismissed, D::AdminDismissedAllRiskForServicePrincipal, Some(RiskLevel::None)),
        Plot::medium(&["suspiciousAPITraffic"]).ended(
            S::ConfirmedCompromised,
            D::AdminConfirmedServicePrincipalCompromised,
            Some(RiskLevel::High),
        ),
        Plot::high(&["attemptedPrtAccess"]),
        Plot::medium(&["anomalousToken"]).theft(),
        Plot::low(&["unfamiliarFeatures"]).blocked(B::BuiltInProtection).odd(Odd::Agent(1)),
        Plot::medium(&["passwordSpray"]).deleted(),
        Plot::medium(&["anomalousUserActivity"]).privileged(),
        Plot::medium(&["investigationsThreatIntelligence"]).theft(),
        Plot::low(&["passwordSpray"]).blocked(B::SmartLockout),
        Plot::low(&["generic"]),
        Plot { outcome: Outcome::Blank, age: Age::Expired, ..Plot::never() },
        Plot::medium(&["newCountry"]).privileged(),
        Plot::low(&["anonymizedIPAddress"]).account(Guest),
        Plot::medium(&["unlikelyTravel"]).account(Hybrid).blocked(B::UserRisk),
        Plot::low(&["anomalousToken", "unfamiliarFeatures"]).theft(),
        Plot::low(&["newCountry"]).deleted(),
        Plot::medium(&["mcasFinSuspiciousFileAccess"]).aged(Age::Expired).account(Hybrid),
        Plot::medium(&["passwordSpray"]).aged(Age::Gone),
        Plot::low(&["unfamiliarFeatures"]).aged(Age::Expiring),
        Plot::low(&["anonymizedIPAddress"]).account(Guest),
        Plot::never().account(Guest),
        Plot::never().privileged(),
        Plot::never().deleted(),
        Plot::low(&["unlikelyTravel"]).aged(Age::Expiring),
        Plot::medium(&["unfamiliarFeatures"]).account(Guest),
        Plot::never().privileged(),
    ];
    plots.extend((2..12).map(|name| Plot::low(&["anonymizedIPAddress"]).odd(Odd::Name(name))));
    plots.extend((2..6).map(|agent| Plot::low(&["unfamiliarFeatures"]).odd(Odd::Agent(agent))));
    plots.extend((0..5).map(|_| Plot::leak()));
    let cleared = [Event::DismissUserRisk, Event::SecurePasswordChange, Event::DismissUserRisk, Event::SelfServiceReset];
    plots.extend(cleared.into_iter().cycle().take(11).map(|event| Plot::leak().after(event)));
    plots
}

/// Member `number` of the rest: seven of ten at risk, every third of these in the campaign.
fn ordinary(number: usize) -> Plot {
    if number % 10 == 2 {
        return Plot::leak().after(Event::DismissUserRisk);
    }
    if matches!(number % 10, 5 | 8) {
        let plot = Plot::never();
        return if number.is_multiple_of(4) { plot.account(Account::Hybrid) } else { plot };
    }
    let account = if number.is_multiple_of(4) { Account::Hybrid } else { Account::Cloud };
    let level = if number % 4 == 1 { RiskLevel::Medium } else { RiskLevel::Low };
    let plot = if number.is_multiple_of(3) {
        let kind = if number.is_multiple_of(2) { "passwordSpray" } else { "unfamiliarFeatures" };
        Plot { setting: Setting::Campaign, ..Plot::low(&[kind]) }
    } else {
        let plain: Vec<&str> = assets::kinds().iter().filter(|kind| kind.plain).map(|kind| kind.value.as_str()).collect();
        let kind = number.checked_rem(plain.len()).and_then(|at| plain.get(at)).copied().unwrap_or("unfamiliarFeatures");
        if number.is_multiple_of(7) { Plot::low(&[kind, "unfamiliarFeatures"]) } else { Plot::low(&[kind]) }
    };
    Plot { level, ..plot.account(account) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_special_part_finds_room_in_a_block() {
        let odd_slots = (cast().len()..BLOCK as usize).filter(|slot| slot % 2 == 1).count();
        assert!(specials().len() <= odd_slots, "{} of {odd_slots}", specials().len());
    }

    #[test]
    fn every_part_names_types_that_can_be_played() {
        for plot in Plots::new().0 {
            for kind in plot.types {
                assert!(assets::kinds().iter().any(|known| known.value == kind), "{kind}");
            }
        }
    }
}

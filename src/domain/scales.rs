//! The scales that it is weighed on whether something can work: what speaks against it, what is not known, what else is to be said.
//!
//! Reasons are fragments that begin in lower case, so that they can stand in a list or be joined.

use super::facts;
use super::records::UserRecords;
use super::settings::{Setting, TenantSettings};

/// Whether something can work, and why.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Availability {
    /// `None` where the data does not tell.
    pub available: Option<bool>,
    /// Why: what speaks against it, else what is not known and what else is to be said. Holds hostile text.
    pub because: Vec<String>,
}

/// What speaks against something, what is not known about it, and what else is to be said.
///
/// One reason against it settles the matter; then what is unknown does not matter any more, and is not told.
#[derive(Debug, Clone, Default)]
pub struct Scales {
    shut: Option<String>,
    against: Vec<String>,
    unknown: Vec<String>,
    notes: Vec<String>,
}

impl Scales {
    /// Nothing on them yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// What holds for every action of the workspace, whatever speaks for or against this one.
    pub fn shut(mut self, why: impl Into<String>) -> Self {
        self.shut = Some(why.into());
        self
    }

    /// A reason against it, where it holds.
    pub fn against(mut self, holds: bool, why: impl Into<String>) -> Self {
        self.against.extend(holds.then(|| why.into()));
        self
    }

    /// Something that is not known and decides, where it holds.
    pub fn unknown(mut self, holds: bool, why: impl Into<String>) -> Self {
        self.unknown.extend(holds.then(|| why.into()));
        self
    }

    /// Something worth saying that decides nothing, where it holds.
    pub fn note(mut self, holds: bool, why: impl Into<String>) -> Self {
        self.notes.extend(holds.then(|| why.into()));
        self
    }

    /// A fact that it needs, and what to say where it is not so or not known.
    pub fn needs(self, fact: Option<bool>, no: impl Into<String>, unknown: impl Into<String>) -> Self {
        self.against(fact == Some(false), no).unknown(fact.is_none(), unknown)
    }

    /// It needs open risk of the user.
    pub fn needs_risk(self, records: &UserRecords) -> Self {
        self.needs(records.user.at_risk(), "there is no open risk", "the risk state was not read")
    }

    /// It needs an account that is there. Graph does not always tell of a deletion: not knowing is no hindrance.
    pub fn needs_account(self, records: &UserRecords) -> Self {
        self.against(facts::deleted(records) == Some(true), "the account is deleted")
    }

    /// It needs a user who can sign in, as far as the account goes.
    pub fn needs_sign_in(self, records: &UserRecords) -> Self {
        let disabled = records.directory.account_enabled == Some(false);
        self.needs_account(records).against(disabled, "the account is disabled: the user cannot sign in")
    }

    /// It needs an account whose password is this tenant's.
    pub fn needs_own_password(self, records: &UserRecords) -> Self {
        let guest = facts::guest(records) == Some(true);
        let federated = facts::federated(records) == Some(true);
        self.against(guest, "a guest: password and risk are kept in the home tenant")
            .unknown(federated, "the user signs in through a federation server, where the password is kept")
    }

    /// It needs a user who is registered for multifactor authentication.
    pub fn needs_registration(self, records: &UserRecords) -> Self {
        self.needs(
            records.directory.is_mfa_registered,
            "the user is not registered for multifactor authentication",
            "whether the user is registered for multifactor authentication was not read",
        )
    }

    /// It needs a password that, changed in the cloud, comes to where it is checked: hybrid users' to the directory on-premises.
    pub fn needs_writeback(self, records: &UserRecords, settings: &TenantSettings) -> Self {
        match records.directory.on_premises_sync_enabled {
            Some(false) => self,
            None if settings.password_writeback == Some(true) => self,
            None => self.unknown(true, "whether the user is synchronised from on-premises was not read"),
            Some(true) => self.needs(
                settings.password_writeback,
                "a hybrid user, and passwords changed in the cloud are not written back on-premises",
                format!("a hybrid user, and {}", not_stated(Setting::PasswordWriteback)),
            ),
        }
    }

    /// It needs a setting of the tenant that only the operator can state.
    pub fn needs_setting(self, settings: &TenantSettings, setting: Setting, off: &str) -> Self {
        self.needs(settings.get(setting), off, not_stated(setting))
    }

    /// Whether it can work, as things lie on the scales.
    pub fn available(&self) -> Option<bool> {
        match (self.against.is_empty() && self.shut.is_none(), self.unknown.is_empty()) {
            (false, _) => Some(false),
            (true, false) => None,
            (true, true) => Some(true),
        }
    }

    /// What it comes to.
    pub fn weighed(self) -> Availability {
        let available = self.available();
        let own = if self.against.is_empty() { self.unknown.into_iter().chain(self.notes).collect() } else { self.against };
        Availability { available, because: self.shut.into_iter().chain(own).collect() }
    }
}

fn not_stated(setting: Setting) -> String {
    format!("whether {} was not stated (entriage settings {} true, or false)", setting.means(), setting.as_str())
}

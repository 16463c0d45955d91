//! What a tenant does not tell, and the operator may state: settings of a workspace, kept in its journal.

use chrono_tz::Tz;

use super::ledger::Ledger;

/// The setting that holds the time zone of a workspace: a name of the IANA database.
pub const TIME_ZONE: &str = "timeZone";

/// The zone whose days a workspace's queries name: UTC where none was set.
pub fn time_zone(ledger: &Ledger) -> Tz {
    ledger.setting(TIME_ZONE).and_then(|name| name.parse().ok()).unwrap_or(Tz::UTC)
}

/// A setting of the tenant that no interface tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Setting {
    /// Password hashes are synchronised from on-premises.
    PasswordHashSync,
    /// Passwords that are changed in the cloud are written back on-premises.
    PasswordWriteback,
    /// "Allow on-premises password change to reset user risk", which is off unless somebody turned it on.
    OnPremisesResetRemediates,
    /// Resources end access tokens at once when sessions are revoked.
    ContinuousAccessEvaluation,
}

impl Setting {
    /// All of them.
    pub const ALL: [Setting; 4] =
        [Setting::PasswordHashSync, Setting::PasswordWriteback, Setting::OnPremisesResetRemediates, Setting::ContinuousAccessEvaluation];

    /// The name used in data and commands.
    pub fn as_str(self) -> &'static str {
        match self {
            Setting::PasswordHashSync => "passwordHashSync",
            Setting::PasswordWriteback => "passwordWriteback",
            Setting::OnPremisesResetRemediates => "onPremisesResetRemediates",
            Setting::ContinuousAccessEvaluation => "continuousAccessEvaluation",
        }
    }

    /// What it says, for people.
    pub fn means(self) -> &'static str {
        match self {
            Setting::PasswordHashSync => "password hashes are synchronised from on-premises to the cloud",
            Setting::PasswordWriteback => "passwords changed in the cloud are written back on-premises",
            Setting::OnPremisesResetRemediates => "\"Allow on-premises password change to reset user risk\" is on",
            Setting::ContinuousAccessEvaluation => "resources end access tokens at once when sessions are revoked",
        }
    }

    /// The setting of this name, whatever its case.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|setting| setting.as_str().eq_ignore_ascii_case(name))
    }
}

/// The settings of a tenant, as stated.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TenantSettings {
    /// [`Setting::PasswordHashSync`].
    pub password_hash_sync: Option<bool>,
    /// [`Setting::PasswordWriteback`].
    pub password_writeback: Option<bool>,
    /// [`Setting::OnPremisesResetRemediates`].
    pub on_premises_reset_remediates: Option<bool>,
    /// [`Setting::ContinuousAccessEvaluation`].
    pub continuous_access_evaluation: Option<bool>,
}

impl TenantSettings {
    /// As the journal has them.
    pub fn of(ledger: &Ledger) -> Self {
        let stated = |setting: Setting| ledger.setting(setting.as_str()).and_then(|value| value.parse().ok());
        TenantSettings {
            password_hash_sync: stated(Setting::PasswordHashSync),
            password_writeback: stated(Setting::PasswordWriteback),
            on_premises_reset_remediates: stated(Setting::OnPremisesResetRemediates),
            continuous_access_evaluation: stated(Setting::ContinuousAccessEvaluation),
        }
    }

    /// One of them; `None` where it was not stated.
    pub fn get(&self, setting: Setting) -> Option<bool> {
        match setting {
            Setting::PasswordHashSync => self.password_hash_sync,
            Setting::PasswordWriteback => self.password_writeback,
            Setting::OnPremisesResetRemediates => self.on_premises_reset_remediates,
            Setting::ContinuousAccessEvaluation => self.continuous_access_evaluation,
        }
    }

    /// Whether a password changed on-premises remediates risk: both settings are needed.
    pub fn on_premises_change_remediates(&self) -> Option<bool> {
        match (self.password_hash_sync, self.on_premises_reset_remediates) {
            (Some(true), Some(true)) => Some(true),
            (Some(false), _) | (_, Some(false)) => Some(false),
            _ => None,
        }
    }
}

//! A live tenant behind Microsoft Graph (`reference/graph.md`).

mod accounts;
mod answer;
mod client;
mod devices;
mod directory;
mod doctor;
mod lists;
mod look;
mod policies;
mod read_back;
mod sync;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use async_trait::async_trait;
use reqwest::Method;
use serde_json::{Value, json};

pub use self::answer::Answer;
pub use self::client::{Ask, Client, Service, Version};
pub use self::doctor::Report;
use super::pace::Urgency;
use super::{Call, Limits, Page, Tenant, TenantError};
use crate::clock::Clock;
use crate::domain::action::{Action, Aim, Kind};
use crate::domain::permission::{Holder, Operation};
use crate::domain::plan::{Access, Target};
use crate::domain::records::{Record, UserId};
use crate::domain::time::Timestamp;
use crate::domain::workspace::LiveSpec;
use crate::oauth::Credential;

/// Users in a page of risky users or detections; more is refused, not cut (`reference/graph.md` section 8.11).
const PAGE: usize = 500;
/// Reading back asks for what changed since it was sent, so that it is cheapest for many at once.
const READ_BACK_BATCH: usize = 5_000;

/// A live tenant.
pub struct GraphTenant {
    client: Client,
    rate: Option<f64>,
}

impl GraphTenant {
    /// The tenant that is signed in to with this credential. Nothing is sent yet.
    pub fn new(spec: &LiveSpec, credential: Credential, clock: Clock) -> Result<Self, TenantError> {
        Ok(GraphTenant { client: Client::new(spec, credential, clock)?, rate: spec.rate })
    }

    /// Whether anything may be written. The client refuses where it may not; a new tenant is not written.
    pub fn writing(&self) -> Arc<AtomicBool> {
        self.client.writing()
    }

    /// The client, for requests beyond risk feedback.
    pub fn client(&self) -> &Client {
        &self.client
    }
}

/// Path and body of a feedback verb (`reference/graph.md` section 2).
fn feedback(action: Action, ids: &[String]) -> ([&'static str; 3], Value) {
    let verb = match action {
        Action::DismissUserRisk | Action::DismissSignInRisk => "dismiss",
        Action::ConfirmUserCompromised | Action::ConfirmSignInCompromised => "confirmCompromised",
        _ => "confirmSafe",
    };
    match action.aim() {
        Aim::SignIn => (["auditLogs", "signIns", verb], json!({ "requestIds": ids })),
        _ => (["identityProtection", "riskyUsers", verb], json!({ "userIds": ids })),
    }
}

/// Who counts the requests of an action: feedback on sign-ins is the reports' business, accounts are the directory's.
fn service(action: Action) -> Service {
    match (action.kind(), action.aim()) {
        (Kind::Account, _) => Service::Directory,
        (Kind::Feedback(_), Aim::SignIn) => Service::Reports,
        (Kind::Feedback(_) | Kind::Policy | Kind::Playbook, _) => Service::Protection,
    }
}

/// A call that cannot be sent as it is.
fn unfit(message: &str) -> TenantError {
    TenantError::Rejected { status: 400, code: "BadRequest".to_owned(), message: message.to_owned() }
}

/// What happened to a read before anything was changed: a lost answer leaves no doubt then.
fn before_change(error: TenantError) -> TenantError {
    match error {
        TenantError::Lost { message } => TenantError::Unreachable { message },
        error => error,
    }
}

#[async_trait]
impl Tenant for GraphTenant {
    fn limits(&self) -> Limits {
        Limits { requests_per_second: self.rate, read_back_page: PAGE, read_back_batch: READ_BACK_BATCH }
    }

    fn access(&self) -> Access {
        Access::ReadWrite
    }

    async fn turn(&self, action: Action) -> Result<(), TenantError> {
        self.client.turn(service(action), Urgency::Acting).await
    }

    async fn act(&self, call: &Call) -> Result<(), TenantError> {
        match call.action.kind() {
            Kind::Feedback(_) => {}
            Kind::Account => return accounts::act(&self.client, call).await,
            Kind::Policy => return policies::act(&self.client, call).await,
            Kind::Playbook => return Err(unfit("a playbook is sent step by step")),
        }
        let (path, body) = feedback(call.action, &call.ids);
        let ask = Ask {
            operation: Operation::Act(call.action),
            service: service(call.action),
            urgency: Urgency::Acting,
            method: Method::POST,
            url: self.client.url(Version::V1, &path, &[]),
            body: Some(&body),
        };
        self.client.send(&ask).await.map(|_| ())
    }

    async fn read_back(&self, action: Action, targets: &[Target], since: Option<Timestamp>) -> Result<Vec<Record>, TenantError> {
        read_back::read(&self.client, action, targets, since).await
    }

    async fn changes_of(&self, users: &[UserId], since: Option<Timestamp>) -> Result<(Vec<Record>, Option<TenantError>), TenantError> {
        read_back::changes_of(&self.client, users, since).await
    }

    async fn accounts(&self, users: &[UserId]) -> Result<Vec<Record>, TenantError> {
        let ids: Vec<String> = users.iter().map(UserId::to_string).collect();
        directory::users(&self.client, &ids, Urgency::Acting).await
    }

    fn by_its_clock(&self, at: Timestamp) -> Timestamp {
        self.client.by_graphs_clock(at)
    }

    async fn look(&self, user: &UserId) -> Result<Vec<Record>, TenantError> {
        look::look(&self.client, user).await
    }

    async fn find(&self, name: &str) -> Result<Vec<Record>, TenantError> {
        directory::find(&self.client, name).await
    }

    fn holder(&self) -> Option<Holder> {
        self.client.holder()
    }

    fn changes_since(&self, at: Timestamp) -> Option<String> {
        Some(sync::Cursor::changes(at).text())
    }

    async fn page(&self, cursor: Option<&str>) -> Result<Page, TenantError> {
        sync::page(&self.client, cursor).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_action_waits_for_a_turn_of_the_service_that_counts_it() {
        assert_eq!(service(Action::DismissUserRisk), Service::Protection);
        assert_eq!(service(Action::ConfirmSignInSafe), Service::Reports);
        assert_eq!(service(Action::GenerateTemporaryPassword), Service::Directory);
        assert_eq!(service(Action::DisableDevices), Service::Directory);
        assert_eq!(service(Action::ExcludeFromPolicy), Service::Protection);
        assert_eq!(service(Action::TrustIp), Service::Protection);
    }

    #[test]
    fn each_verb_has_the_path_and_the_key_of_the_documentation() {
        let ids = ["a".to_owned()];
        let told: Vec<String> = Action::feedback()
            .map(|action| {
                let (path, body) = feedback(action, &ids);
                format!("{} {body}", path.join("/"))
            })
            .collect();
        assert_eq!(
            told,
            [
                r#"identityProtection/riskyUsers/dismiss {"userIds":["a"]}"#,
                r#"identityProtection/riskyUsers/confirmCompromised {"userIds":["a"]}"#,
                r#"identityProtection/riskyUsers/confirmSafe {"userIds":["a"]}"#,
                r#"auditLogs/signIns/dismiss {"requestIds":["a"]}"#,
                r#"auditLogs/signIns/confirmCompromised {"requestIds":["a"]}"#,
                r#"auditLogs/signIns/confirmSafe {"requestIds":["a"]}"#,
            ]
        );
    }
}

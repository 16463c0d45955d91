//! Below `/identityProtection`, and the feedback verbs.

use axum::http::StatusCode;
use serde_json::{Map, Value};

use super::answer::{Answer, GraphError};
use super::members;
use super::paging::{Row, Wanted, version_url};
use super::request::Version;
use super::routes::Route;
use super::schema::{HISTORY, RISK_DETECTION, RISKY_AGENT, RISKY_SERVICE_PRINCIPAL, RISKY_USER, SERVICE_PRINCIPAL_DETECTION};
use super::world::{Call, World, unavailable};
use crate::domain::action::{Action, Aim};
use crate::domain::records::{RiskDetection, UserRecords};
use crate::tenant::{self, Tenant as _, TenantError};
use crate::wire::{detection_to_json, history_to_json, user_to_json};

impl World {
    pub(super) fn risky_users(&self, call: &Call) -> Result<Answer, GraphError> {
        let wanted = Wanted::new(call.request, &RISKY_USER)?;
        let index = self.index();
        let (rows, next) = wanted.page(index.order.len(), |place| {
            let found = index.order.get(place).and_then(|number| Some((*number, index.users.get(*number as usize)?)));
            match found {
                Some((number, user)) if user.listed && wanted.may_match(&|field| user.value(field)) => {
                    Row::Whole(risky_user_json(&self.tenant.records(number)))
                }
                _ => Row::Other,
            }
        });
        let rows = rows.into_iter().map(|row| members::shown(row, call.request)).collect();
        Ok(wanted.answer(call.request, "identityProtection/riskyUsers", rows, next))
    }

    pub(super) fn risky_user(&self, call: &Call, id: &str) -> Result<Answer, GraphError> {
        let wanted = Wanted::of_one(call.request, &RISKY_USER)?;
        let records = self.ever_risky(id)?;
        Ok(one(call, &wanted, "identityProtection/riskyUsers/$entity", risky_user_json(&records)))
    }

    pub(super) fn history(&self, call: &Call, id: &str) -> Result<Answer, GraphError> {
        let wanted = Wanted::of_one(call.request, &HISTORY)?;
        let records = self.ever_risky(id)?;
        let mut items: Vec<_> = records.history.iter().collect();
        items.sort_by_key(|item| std::cmp::Reverse(item.risk_last_updated_date_time));
        let mut rows: Vec<Map<String, Value>> = items.into_iter().map(history_to_json).collect();
        for row in &mut rows {
            row.insert("isDeleted".to_owned(), Value::Bool(false));
            row.insert("isProcessing".to_owned(), Value::Bool(false));
        }
        // The present state goes by the user's own id (`reference/graph.md` section 1.4).
        if let Some(first) = rows.first_mut() {
            first.insert("id".to_owned(), Value::String(records.user.id.to_string()));
        }
        let rows = rows.into_iter().map(|row| members::shown(row, call.request)).collect();
        Ok(wanted.answer(call.request, &format!("identityProtection/riskyUsers('{id}')/history"), rows, None))
    }

    pub(super) fn detections(&self, call: &Call) -> Result<Answer, GraphError> {
        let wanted = Wanted::new(call.request, &RISK_DETECTION)?;
        let users = wanted.filter.as_ref().and_then(|filter| filter.only("userId")).map(|ids| self.numbers(&ids));
        let index = self.index();
        let (rows, next) = wanted.page(index.detections.len(), |place| {
            let Some(row) = index.detections.get(place) else { return Row::Other };
            let Some(user) = index.users.get(row.user as usize) else { return Row::Other };
            if users.as_ref().is_some_and(|users| !users.contains(&row.user)) || !wanted.may_match(&|field| row.value(field, user)) {
                return Row::Other;
            }
            let records = self.tenant.records(row.user);
            let detection = records.detections.iter().find(|detection| *detection.id.as_str() == *row.id);
            detection.map_or(Row::Other, |detection| Row::Whole(detection_json(detection, call.version)))
        });
        let rows = rows.into_iter().map(|row| members::shown(row, call.request)).collect();
        Ok(wanted.answer(call.request, "identityProtection/riskDetections", rows, next))
    }

    pub(super) fn detection(&self, call: &Call, id: &str) -> Result<Answer, GraphError> {
        let wanted = Wanted::of_one(call.request, &RISK_DETECTION)?;
        let user = self.index().detections.iter().find(|row| row.id.eq_ignore_ascii_case(id)).map(|row| row.user);
        let records = user.map(|user| self.tenant.records(user));
        let detections = records.iter().flat_map(|records| &records.detections);
        let detection = detections.into_iter().find(|detection| detection.id.as_str().eq_ignore_ascii_case(id));
        let detection = detection.ok_or_else(|| GraphError::not_found("riskDetection", id))?;
        Ok(one(call, &wanted, "identityProtection/riskDetections/$entity", detection_json(detection, call.version)))
    }

    /// Numbers of the users with these object ids.
    pub(super) fn numbers(&self, ids: &[&str]) -> Vec<u32> {
        ids.iter().filter_map(|id| self.tenant.population().user(id)).collect()
    }

    /// The records of a user who ever was at risk: others are not found (`reference/graph.md` section 8, 3).
    fn ever_risky(&self, id: &str) -> Result<UserRecords, GraphError> {
        let number = self.tenant.population().user(id);
        let listed = |number: &u32| self.index().users.get(*number as usize).is_some_and(|user| user.listed);
        let number = number.filter(listed).ok_or_else(|| GraphError::not_found("riskyUser", id))?;
        Ok(self.tenant.records(number))
    }

    /// Object id of who acts.
    pub(super) fn actor(&self, call: &Call) -> &str {
        let identity = &self.authority.identity;
        if call.token.delegated { &identity.operator_id } else { &identity.principal_id }
    }

    /// A feedback verb.
    pub(super) async fn act(&self, call: &Call<'_>, action: Action) -> Result<Answer, GraphError> {
        let key = match action.aim() {
            Aim::SignIn => "requestIds",
            _ => "userIds",
        };
        self.take(call, action, ids(call, key)?).await?;
        Ok(Answer::empty(StatusCode::NO_CONTENT))
    }

    /// Sends an action to the tenant.
    pub(super) async fn take(&self, call: &Call<'_>, action: Action, ids: Vec<String>) -> Result<(), GraphError> {
        let population = self.tenant.population();
        let touched: Vec<u32> = ids.iter().filter_map(|id| population.user(id).or_else(|| population.user_of_sign_in(id))).collect();
        let taken = self.tenant.act(&tenant::Call::new(action, ids, self.actor(call))).await;
        // Whatever was answered: what was done is read.
        self.index().touch(touched);
        match taken {
            Ok(()) => Ok(()),
            Err(TenantError::Rejected { message, .. }) => Err(GraphError::bad(message)),
            Err(TenantError::Throttled { retry_after }) => Err(GraphError::throttled(retry_after.map(|wait| wait.as_secs()))),
            // The tenant plays no other faults: see `faults::of_the_tenant`.
            Err(_) => Err(unavailable()),
        }
    }
}

/// The list of ids that a verb's body must hold, and nothing else.
fn ids(call: &Call, key: &str) -> Result<Vec<String>, GraphError> {
    let body = call.request.object()?;
    if let Some(other) = body.keys().find(|name| *name != key) {
        return Err(GraphError::bad(format!("The parameter '{other}' in the request payload is not a valid parameter for the operation.")));
    }
    let items = body.get(key).and_then(Value::as_array).filter(|items| !items.is_empty());
    let items = items.ok_or_else(|| GraphError::bad(format!("The parameter '{key}' must hold at least one id.")))?;
    let texts: Option<Vec<String>> = items.iter().map(|item| item.as_str().map(str::to_owned)).collect();
    texts.ok_or_else(|| GraphError::bad(format!("The parameter '{key}' must hold texts.")))
}

/// A list of workload identities or agents: the tenant has none at risk.
pub(super) fn nobody(call: &Call, route: &Route) -> Result<Answer, GraphError> {
    let (schema, context) = match route {
        Route::RiskyPrincipals => (&RISKY_SERVICE_PRINCIPAL, "riskyServicePrincipals"),
        Route::PrincipalDetections => (&SERVICE_PRINCIPAL_DETECTION, "servicePrincipalRiskDetections"),
        _ => (&RISKY_AGENT, "riskyAgents"),
    };
    let wanted = Wanted::new(call.request, schema)?;
    Ok(wanted.answer(call.request, &format!("identityProtection/{context}"), Vec::new(), None))
}

/// A verb on workload identities or agents: none can be acted on.
pub(super) fn no_such_principals(call: &Call, key: &str) -> Result<Answer, GraphError> {
    let ids = ids(call, key)?;
    Err(GraphError::bad(if ids.len() > 60 { "The request names more than 60 ids." } else { "One or more of the ids are invalid." }))
}

/// One record.
pub(super) fn one(call: &Call, wanted: &Wanted, context: &str, record: Map<String, Value>) -> Answer {
    let mut shown = wanted.shown(members::shown(record, call.request));
    shown.insert("@odata.context".to_owned(), Value::String(format!("{}/$metadata#{context}", version_url(call.request))));
    Answer::json(Value::Object(shown))
}

/// `isDeleted` lies: it is false of deleted users, too (`reference/graph.md` section 8, 2).
fn risky_user_json(records: &UserRecords) -> Map<String, Value> {
    let mut user = user_to_json(&records.user);
    user.insert("isDeleted".to_owned(), Value::Bool(false));
    user
}

fn detection_json(detection: &RiskDetection, version: Version) -> Map<String, Value> {
    let mut record = detection_to_json(detection);
    if version == Version::Beta {
        let kind = record.get("riskEventType").cloned().unwrap_or_default();
        record.insert("riskType".to_owned(), kind);
    } else {
        record.remove("mitreTechniqueId");
    }
    record
}

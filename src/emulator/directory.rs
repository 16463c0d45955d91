//! Users, their devices and methods, deleted users: what the directory says.
//!
//! The simulated tenant has no directory that can be written to, so what is changed there is kept here.

use std::collections::{HashMap, HashSet};

use axum::http::{StatusCode, header};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::answer::{Answer, GraphError};
use super::index::device_id;
use super::oauth::{OPERATOR_NAME, operator};
use super::paging::{Row, Wanted, version_url};
use super::risk::one;
use super::routes::{PASSWORD_METHOD, change_of_user};
use super::schema::{DEVICE, Schema, USER, WHOLE};
use super::world::{Call, World, unavailable};
use crate::domain::records::UserRecords;
use crate::domain::time::Timestamp;
use crate::domain::transition::Event;

/// What was changed in the directory.
#[derive(Debug, Default)]
pub(super) struct DirectoryChanges {
    users: HashMap<u32, UserChange>,
    /// Device ids of devices that were disabled.
    disabled_devices: HashSet<String>,
    /// Password resets that were begun, with their users.
    operations: HashMap<String, u32>,
}

#[derive(Debug, Default, Clone)]
struct UserChange {
    account_enabled: Option<bool>,
    password_changed: Option<Timestamp>,
    sessions_valid_from: Option<Timestamp>,
    restored: bool,
}

/// A user of the directory.
pub(super) struct Entry {
    number: u32,
    pub(super) records: UserRecords,
    pub(super) deleted: bool,
}

/// What `/users` shows where nothing is selected.
const DEFAULT: [&str; 11] = [
    "businessPhones",
    "displayName",
    "givenName",
    "jobTitle",
    "mail",
    "mobilePhone",
    "officeLocation",
    "preferredLanguage",
    "surname",
    "userPrincipalName",
    "id",
];

impl World {
    /// The user with this number, with all that was changed.
    fn entry(&self, number: u32) -> Entry {
        let mut records = self.tenant.records(number);
        let change = self.directory().users.get(&number).cloned().unwrap_or_default();
        let directory = &mut records.directory;
        directory.account_enabled = change.account_enabled.or(directory.account_enabled);
        directory.last_password_change_date_time = change.password_changed.max(directory.last_password_change_date_time);
        directory.sign_in_sessions_valid_from_date_time = change.sessions_valid_from.max(directory.sign_in_sessions_valid_from_date_time);
        let deleted = records.user.is_deleted == Some(true) && !change.restored;
        Entry { number, records, deleted }
    }

    /// The user of this object id or principal name, deleted or not.
    pub(super) fn find(&self, name: &str) -> Result<Entry, GraphError> {
        let number = self.tenant.population().user(name).or_else(|| self.index().user_named(name));
        number.map(|number| self.entry(number)).ok_or_else(|| GraphError::no_resource(name))
    }

    /// The user of this object id or principal name, who is not deleted.
    fn living(&self, name: &str) -> Result<Entry, GraphError> {
        self.find(name).and_then(|entry| if entry.deleted { Err(GraphError::no_resource(name)) } else { Ok(entry) })
    }

    /// A user whom this call may change: administrators are beyond the roles of the operator and of an application.
    fn changeable(&self, name: &str) -> Result<Entry, GraphError> {
        let entry = self.living(name)?;
        match entry.records.directory.is_admin {
            Some(true) => Err(GraphError::forbidden("Authorization_RequestDenied", "Insufficient privileges to complete the operation.")),
            _ => Ok(entry),
        }
    }

    /// A page of users, of those that `shows` shows.
    pub(super) fn page_of_users(
        &self,
        call: &Call,
        schema: &'static Schema,
        context: &str,
        shows: impl Fn(&Entry) -> Option<Map<String, Value>>,
    ) -> Result<Answer, GraphError> {
        let wanted = Wanted::new(call.request, schema)?;
        let only = wanted.filter.as_ref().and_then(|filter| filter.only("id")).map(|ids| self.numbers(&ids));
        let order = match only {
            Some(numbers) => numbers,
            None => self.index().order.clone(),
        };
        let (rows, next) = wanted.page(order.len(), |place| {
            let shown = order.get(place).and_then(|number| shows(&self.entry(*number)));
            shown.map_or(Row::Other, Row::Whole)
        });
        let rows = rows.into_iter().map(|row| if wanted.selects() || schema.name != USER.name { row } else { defaults(row) }).collect();
        Ok(wanted.answer(call.request, context, rows, next))
    }

    pub(super) fn me(&self, call: &Call) -> Result<Answer, GraphError> {
        let wanted = Wanted::of_one(call.request, &USER)?;
        Ok(one_user(call, &wanted, self.operator_json()))
    }

    fn operator_json(&self) -> Map<String, Value> {
        object(json!({
            "id": self.authority.identity.operator_id, "displayName": OPERATOR_NAME, "givenName": "Demo", "surname": "Operator",
            "userPrincipalName": operator(), "mail": operator(), "accountEnabled": true, "userType": "Member", "businessPhones": [],
            "onPremisesSyncEnabled": null,
        }))
    }

    pub(super) fn users(&self, call: &Call) -> Result<Answer, GraphError> {
        self.page_of_users(call, &USER, "users", |entry| (!entry.deleted).then(|| user_json(entry)))
    }

    pub(super) fn user(&self, call: &Call, id: &str) -> Result<Answer, GraphError> {
        let wanted = Wanted::of_one(call.request, &USER)?;
        if id.eq_ignore_ascii_case(&self.authority.identity.operator_id) || id.eq_ignore_ascii_case(&operator()) {
            return Ok(one_user(call, &wanted, self.operator_json()));
        }
        Ok(one_user(call, &wanted, user_json(&self.living(id)?)))
    }

    pub(super) fn change_user(&self, call: &Call, id: &str) -> Result<Answer, GraphError> {
        let body = call.request.object()?;
        let mut change = UserChange::default();
        for (name, value) in &body {
            match (name.as_str(), value) {
                ("accountEnabled", Value::Bool(enabled)) => change.account_enabled = Some(*enabled),
                ("passwordProfile", Value::Object(profile)) => {
                    check_profile(profile)?;
                    change.password_changed = Some(call.now);
                }
                _ => return Err(bad_property(name)),
            }
        }
        let allowed = (change.account_enabled.is_none() || call.token.permits(change_of_user(false)))
            && (change.password_changed.is_none() || call.token.permits(change_of_user(true)));
        if body.is_empty() {
            return Err(GraphError::bad("The request names nothing to change."));
        }
        if !allowed {
            return Err(GraphError::forbidden("Authorization_RequestDenied", "Insufficient privileges to complete the operation."));
        }
        let entry = self.changeable(id)?;
        if change.password_changed.is_some() {
            self.changed_password(call, &entry)?;
        }
        if change.account_enabled.is_some() {
            self.directory().users.entry(entry.number).or_default().account_enabled = change.account_enabled;
        }
        Ok(Answer::empty(StatusCode::NO_CONTENT))
    }

    /// An administrator gave the user a password: that closes open risk (`reference/graph.md` section 2).
    fn changed_password(&self, call: &Call, entry: &Entry) -> Result<(), GraphError> {
        if entry.records.user.at_risk() == Some(true) {
            let cause = Some(self.actor(call).to_owned());
            self.tenant.happen(Event::GenerateTemporaryPassword, entry.records.id(), cause).map_err(|_| unavailable())?;
            self.index().touch([entry.number]);
        }
        let mut directory = self.directory();
        let change = directory.users.entry(entry.number).or_default();
        change.password_changed = Some(call.now);
        change.sessions_valid_from = Some(call.now);
        Ok(())
    }

    pub(super) fn revoke_sessions(&self, call: &Call, id: &str) -> Result<Answer, GraphError> {
        call.request.nothing()?;
        let entry = self.living(id)?;
        self.directory().users.entry(entry.number).or_default().sessions_valid_from = Some(call.now);
        Ok(Answer::json(json!({"@odata.context": format!("{}/$metadata#Edm.Boolean", version_url(call.request)), "value": true})))
    }

    pub(super) fn methods(&self, call: &Call, id: &str) -> Result<Answer, GraphError> {
        let entry = self.living(id)?;
        let directory = &entry.records.directory;
        let mut methods = vec![json!({
            "@odata.type": "#microsoft.graph.passwordAuthenticationMethod", "id": PASSWORD_METHOD, "password": null,
            "createdDateTime": directory.last_password_change_date_time,
        })];
        if directory.is_mfa_registered == Some(true) {
            methods.push(json!({
                "@odata.type": "#microsoft.graph.microsoftAuthenticatorAuthenticationMethod", "id": derived(entry.records.id().as_str(), "app"),
                "displayName": "Phone", "deviceTag": "SoftwareTokenActivated", "phoneAppVersion": "6.2411.8063",
            }));
        }
        whole(call, &format!("users('{id}')/authentication/methods"), methods)
    }

    pub(super) fn reset_password(&self, call: &Call, id: &str) -> Result<Answer, GraphError> {
        let body = if call.request.body.is_empty() { Map::new() } else { call.request.object()? };
        if let Some(other) = body.keys().find(|name| *name != "newPassword" && *name != "requireChangeOnNextSignIn") {
            return Err(bad_property(other));
        }
        let entry = self.changeable(id)?;
        let given = match body.get("newPassword") {
            None => None,
            Some(Value::String(password)) if !password.is_empty() => Some(password),
            Some(_) => return Err(bad_property("newPassword")),
        };
        if given.is_none() && entry.records.directory.on_premises_sync_enabled == Some(true) {
            return Err(GraphError::bad("A new password must be provided for users that are synchronized from on-premises."));
        }
        self.changed_password(call, &entry)?;
        let operation = Uuid::new_v4().to_string();
        self.directory().operations.insert(operation.clone(), entry.number);
        let location = format!("{}/users/{}/authentication/operations/{operation}", version_url(call.request), entry.records.id());
        let answer = match given {
            Some(_) => Answer::empty(StatusCode::ACCEPTED),
            None => Answer::json(json!({
                "@odata.context": format!("{}/$metadata#microsoft.graph.passwordResetResponse", version_url(call.request)),
                "newPassword": format!("Tmp-{}!", Uuid::new_v4().simple().to_string().chars().take(10).collect::<String>()),
            }))
            .with_status(StatusCode::ACCEPTED),
        };
        Ok(answer.with(header::LOCATION, &location))
    }

    pub(super) fn operation(&self, call: &Call, id: &str, operation: &str) -> Result<Answer, GraphError> {
        let entry = self.living(id)?;
        let known = self.directory().operations.get(operation) == Some(&entry.number);
        match known {
            true => Ok(Answer::json(json!({"id": operation, "status": "succeeded", "lastActionDateTime": call.now}))),
            false => Err(GraphError::no_resource(operation)),
        }
    }

    pub(super) fn devices(&self, call: &Call, id: &str) -> Result<Answer, GraphError> {
        let wanted = Wanted::new(call.request, &DEVICE)?;
        let entry = self.living(id)?;
        let rows: Vec<Map<String, Value>> = self.device_json(&entry.records).into_iter().collect();
        let (rows, next) = wanted.page(rows.len(), |place| rows.get(place).cloned().map_or(Row::Other, Row::Whole));
        Ok(wanted.answer(call.request, "directoryObjects", rows, next))
    }

    fn device_json(&self, records: &UserRecords) -> Option<Map<String, Value>> {
        let id = device_id(records)?;
        let used = records
            .sign_ins
            .iter()
            .filter(|sign_in| sign_in.device_detail.as_ref().and_then(|device| device.device_id.as_deref()) == Some(id));
        let last = used.max_by_key(|sign_in| sign_in.created_date_time)?;
        let device = last.device_detail.as_ref()?;
        Some(object(json!({
            "@odata.type": "#microsoft.graph.device",
            "id": object_id_of_device(id),
            "deviceId": id,
            "displayName": device.display_name,
            "accountEnabled": !self.directory().disabled_devices.contains(&id.to_lowercase()),
            "isCompliant": device.is_compliant,
            "isManaged": device.is_managed,
            "operatingSystem": device.operating_system,
            "trustType": device.trust_type,
            "approximateLastSignInDateTime": last.created_date_time,
        })))
    }

    pub(super) fn change_device(&self, call: &Call, id: &str) -> Result<Answer, GraphError> {
        let body = call.request.object()?;
        let Some(Value::Bool(enabled)) = body.get("accountEnabled").filter(|_| body.len() == 1) else {
            return Err(bad_property(body.keys().find(|name| *name != "accountEnabled").map_or("accountEnabled", String::as_str)));
        };
        // By object id, or by device id as `devices(deviceId='…')` has it.
        let names = [object_id_of_device(id), id.to_lowercase()];
        let index = self.index();
        let device = names.into_iter().find(|name| index.user_of_device(name).is_some()).ok_or_else(|| GraphError::no_resource(id))?;
        drop(index);
        let mut directory = self.directory();
        if *enabled {
            directory.disabled_devices.remove(&device);
        } else {
            directory.disabled_devices.insert(device);
        }
        Ok(Answer::empty(StatusCode::NO_CONTENT))
    }

    pub(super) fn deleted_users(&self, call: &Call) -> Result<Answer, GraphError> {
        self.page_of_users(call, &USER, "directoryObjects", |entry| entry.deleted.then(|| self.deleted_json(entry)))
    }

    pub(super) fn deleted_user(&self, call: &Call, id: &str) -> Result<Answer, GraphError> {
        let wanted = Wanted::of_one(call.request, &USER)?;
        let entry = self.deleted(id)?;
        Ok(one(call, &wanted, "directoryObjects/$entity", self.deleted_json(&entry)))
    }

    pub(super) fn restore(&self, call: &Call, id: &str) -> Result<Answer, GraphError> {
        call.request.nothing()?;
        let entry = self.deleted(id)?;
        self.directory().users.entry(entry.number).or_default().restored = true;
        let wanted = Wanted::of_one(call.request, &USER)?;
        Ok(one_user(call, &wanted, user_json(&self.entry(entry.number))))
    }

    /// The deleted user of this object id.
    fn deleted(&self, id: &str) -> Result<Entry, GraphError> {
        let number = self.tenant.population().user(id);
        number.map(|number| self.entry(number)).filter(|entry| entry.deleted).ok_or_else(|| GraphError::no_resource(id))
    }

    fn deleted_json(&self, entry: &Entry) -> Map<String, Value> {
        let mut user = user_json(entry);
        user.insert("@odata.type".to_owned(), json!("#microsoft.graph.user"));
        user.insert("deletedDateTime".to_owned(), json!(self.tenant.population().spec().epoch));
        user
    }
}

/// A list that has one page.
pub(super) fn whole(call: &Call, context: &str, rows: Vec<Value>) -> Result<Answer, GraphError> {
    let wanted = Wanted::new(call.request, &WHOLE)?;
    let rows: Vec<Map<String, Value>> = rows.into_iter().map(object).collect();
    let (rows, next) = wanted.page(rows.len(), |place| rows.get(place).cloned().map_or(Row::Other, Row::Whole));
    Ok(wanted.answer(call.request, context, rows, next))
}

pub(super) fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        _ => Map::new(),
    }
}

pub(super) fn bad_property(name: &str) -> GraphError {
    GraphError::new(StatusCode::BAD_REQUEST, "Request_BadRequest", format!("Invalid value specified for property '{name}' of resource."))
}

fn one_user(call: &Call, wanted: &Wanted, user: Map<String, Value>) -> Answer {
    let user = if wanted.selects() { user } else { defaults(user) };
    one(call, wanted, "users/$entity", user)
}

fn defaults(mut user: Map<String, Value>) -> Map<String, Value> {
    user.retain(|name, _| name.starts_with('@') || DEFAULT.contains(&name.as_str()));
    user
}

fn check_profile(profile: &Map<String, Value>) -> Result<(), GraphError> {
    for (name, value) in profile {
        match (name.as_str(), value) {
            ("password", Value::String(password)) if password.chars().count() >= 8 => {}
            ("password", _) => {
                let message =
                    "The specified password does not comply with password complexity requirements. Please provide a different password.";
                return Err(GraphError::new(StatusCode::BAD_REQUEST, "Request_BadRequest", message));
            }
            ("forceChangePasswordNextSignIn" | "forceChangePasswordNextSignInWithMfa", Value::Bool(_)) => {}
            _ => return Err(bad_property(name)),
        }
    }
    Ok(())
}

fn user_json(entry: &Entry) -> Map<String, Value> {
    let (user, directory) = (&entry.records.user, &entry.records.directory);
    let guest = directory.user_type.as_deref() == Some("Guest");
    let names: Vec<&str> = user.user_display_name.as_deref().unwrap_or_default().splitn(2, ' ').collect();
    object(json!({
        "id": user.id,
        "displayName": user.user_display_name,
        "givenName": names.first().filter(|name| !name.is_empty()),
        "surname": names.get(1),
        "userPrincipalName": user.user_principal_name,
        "mail": user.user_principal_name.as_ref().filter(|_| !guest),
        "businessPhones": [],
        "jobTitle": null,
        "mobilePhone": null,
        "officeLocation": null,
        "preferredLanguage": null,
        "accountEnabled": directory.account_enabled,
        "userType": directory.user_type,
        // Null is "never synchronised" (`reference/graph.md` section 1.9).
        "onPremisesSyncEnabled": directory.on_premises_sync_enabled.filter(|synchronised| *synchronised),
        "lastPasswordChangeDateTime": directory.last_password_change_date_time,
        "signInSessionsValidFromDateTime": directory.sign_in_sessions_valid_from_date_time,
    }))
}

/// The object id of a device, which is not its device id: the first digit is another, and the same way leads back.
fn object_id_of_device(id: &str) -> String {
    let id = id.to_lowercase();
    let turned = |digit: char| digit.to_digit(16).and_then(|digit| char::from_digit(digit ^ 8, 16)).unwrap_or(digit);
    id.chars().take(1).map(turned).chain(id.chars().skip(1)).collect()
}

/// An id that follows from another.
pub(super) fn derived(from: &str, what: &str) -> String {
    use sha2::Digest as _;
    let digest = sha2::Sha256::digest(format!("{what} of {from}"));
    let bytes = digest.first_chunk::<16>().copied().unwrap_or_default();
    uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
}

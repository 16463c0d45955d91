//! Users, their devices and methods, deleted users: what the directory says.

use axum::http::{StatusCode, header};
use chrono::TimeDelta;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::answer::{Answer, GraphError};
use super::oauth::{OPERATOR_NAME, operator};
use super::paging::{Row, Wanted, version_url};
use super::risk::one;
use super::routes::change_of_user;
use super::schema::{DEVICE, Schema, USER, WHOLE};
use super::world::{Call, Reset, World, unavailable};
use crate::domain::action::Action;
use crate::domain::records::{AuthenticationMethod, Device, UserRecords};
use crate::tenant::demo::{AccountDeed, object_id_of_device};

/// A user of the directory.
pub(super) struct Entry {
    number: u32,
    pub(super) records: UserRecords,
    pub(super) deleted: bool,
}

/// What a request asks of a password.
struct Profile {
    /// Whether it sets one.
    sets: bool,
    required: bool,
    with_mfa: bool,
}

/// How long writing a password back is tried.
const WRITEBACK_GIVES_UP: TimeDelta = TimeDelta::seconds(30);

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
    /// The user with this number.
    fn entry(&self, number: u32) -> Entry {
        let records = self.tenant.records(number);
        Entry { number, deleted: records.user.is_deleted == Some(true), records }
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

    fn user_json(&self, entry: &Entry) -> Map<String, Value> {
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
            "passwordProfile": {
                "password": null,
                "forceChangePasswordNextSignIn": directory.password_change_required == Some(true),
                "forceChangePasswordNextSignInWithMfa": self.tenant.change_is_with_mfa(entry.number),
            },
        }))
    }

    pub(super) fn users(&self, call: &Call) -> Result<Answer, GraphError> {
        self.page_of_users(call, &USER, "users", |entry| (!entry.deleted).then(|| self.user_json(entry)))
    }

    pub(super) fn user(&self, call: &Call, id: &str) -> Result<Answer, GraphError> {
        let wanted = Wanted::of_one(call.request, &USER)?;
        if id.eq_ignore_ascii_case(&self.authority.identity.operator_id) || id.eq_ignore_ascii_case(&operator()) {
            return Ok(one_user(call, &wanted, self.operator_json()));
        }
        Ok(one_user(call, &wanted, self.user_json(&self.living(id)?)))
    }

    pub(super) async fn change_user(&self, call: &Call<'_>, id: &str) -> Result<Answer, GraphError> {
        let body = call.request.object()?;
        let (mut enabled, mut profile) = (None, None);
        for (name, value) in &body {
            match (name.as_str(), value) {
                ("accountEnabled", Value::Bool(value)) => enabled = Some(*value),
                ("passwordProfile", Value::Object(value)) => profile = Some(read_profile(value)?),
                _ => return Err(bad_property(name)),
            }
        }
        let allowed = (enabled.is_none() || call.token.permits(change_of_user(false)))
            && (profile.is_none() || call.token.permits(change_of_user(true)));
        if body.is_empty() {
            return Err(GraphError::bad("The request names nothing to change."));
        }
        if !allowed {
            return Err(GraphError::forbidden("Authorization_RequestDenied", "Insufficient privileges to complete the operation."));
        }
        let entry = self.changeable(id)?;
        if let Some(profile) = profile {
            self.change_password(call, &entry, &profile).await?;
        }
        if let Some(enabled) = enabled {
            let action = if enabled { Action::UnblockSignIn } else { Action::BlockSignIn };
            self.act_on(call, action, &entry).await?;
        }
        Ok(Answer::empty(StatusCode::NO_CONTENT))
    }

    async fn act_on(&self, call: &Call<'_>, action: Action, entry: &Entry) -> Result<(), GraphError> {
        self.take(call, action, vec![entry.records.id().to_string()]).await
    }

    /// An administrator gave the user a password, which closes open risk (`reference/graph.md` section 2), or only asks for a new one.
    async fn change_password(&self, call: &Call<'_>, entry: &Entry, profile: &Profile) -> Result<(), GraphError> {
        // As the actions leave it; another request says so afterwards.
        let (action, left) = match profile {
            Profile { sets: true, .. } => (Some(Action::GenerateTemporaryPassword), (true, false)),
            Profile { required: true, .. } => (Some(Action::RequirePasswordChange), (true, true)),
            _ => (None, (true, false)),
        };
        if let Some(action) = action {
            self.act_on(call, action, entry).await?;
        }
        if (profile.required, profile.with_mfa) != left {
            let deed = AccountDeed::ChangeRequired { required: profile.required, with_mfa: profile.with_mfa };
            self.tenant.change_account(entry.number, deed).map_err(|_| unavailable())?;
        }
        Ok(())
    }

    pub(super) async fn revoke_sessions(&self, call: &Call<'_>, id: &str) -> Result<Answer, GraphError> {
        call.request.nothing()?;
        let entry = self.living(id)?;
        self.act_on(call, Action::RevokeSessions, &entry).await?;
        Ok(Answer::json(json!({"@odata.context": format!("{}/$metadata#Edm.Boolean", version_url(call.request)), "value": true})))
    }

    pub(super) fn methods(&self, call: &Call, id: &str) -> Result<Answer, GraphError> {
        let entry = self.living(id)?;
        let methods = entry.records.methods.iter().flatten().map(method_json).collect();
        whole(call, &format!("users('{id}')/authentication/methods"), methods)
    }

    pub(super) async fn reset_password(&self, call: &Call<'_>, id: &str) -> Result<Answer, GraphError> {
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
        let required = match body.get("requireChangeOnNextSignIn") {
            None => true,
            Some(Value::Bool(required)) => *required,
            Some(_) => return Err(bad_property("requireChangeOnNextSignIn")),
        };
        self.change_password(call, &entry, &Profile { sets: true, required, with_mfa: false }).await?;
        let operation = Uuid::new_v4().to_string();
        let changed_before = entry.records.directory.last_password_change_date_time;
        self.resets().insert(operation.clone(), Reset { user: entry.number, begun_at: call.now, changed_before });
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
        let reset = self.resets().get(operation).filter(|reset| reset.user == entry.number).cloned();
        let reset = reset.ok_or_else(|| GraphError::no_resource(operation))?;
        // A fault may keep the password from getting where it is written back to, for a while or for good.
        let changed = entry.records.directory.last_password_change_date_time;
        let (status, detail) = if changed > reset.changed_before {
            ("succeeded", None)
        } else if reset.begun_at.age(call.now) < WRITEBACK_GIVES_UP {
            ("running", None)
        } else {
            ("failed", Some("The password could not be written back to the on-premises directory."))
        };
        Ok(Answer::json(json!({"id": operation, "status": status, "statusDetail": detail, "lastActionDateTime": call.now})))
    }

    pub(super) fn devices(&self, call: &Call, id: &str) -> Result<Answer, GraphError> {
        let wanted = Wanted::new(call.request, &DEVICE)?;
        let entry = self.living(id)?;
        let devices = entry.records.devices.iter().flatten();
        let rows: Vec<Map<String, Value>> = devices.map(|device| device_json(device, &entry.records)).collect();
        let (rows, next) = wanted.page(rows.len(), |place| rows.get(place).cloned().map_or(Row::Other, Row::Whole));
        Ok(wanted.answer(call.request, "directoryObjects", rows, next))
    }

    pub(super) fn change_device(&self, call: &Call, id: &str) -> Result<Answer, GraphError> {
        let body = call.request.object()?;
        let Some(Value::Bool(enabled)) = body.get("accountEnabled").filter(|_| body.len() == 1) else {
            return Err(bad_property(body.keys().find(|name| *name != "accountEnabled").map_or("accountEnabled", String::as_str)));
        };
        // By object id, or by device id as `devices(deviceId='…')` has it.
        let number = self.tenant.population().user_of_device(id).ok_or_else(|| GraphError::no_resource(id))?;
        let names = [id.to_lowercase(), object_id_of_device(id)];
        let devices = self.tenant.records(number).devices.unwrap_or_default();
        let device =
            devices.into_iter().find(|device| names.iter().any(|name| device.id == **name)).ok_or_else(|| GraphError::no_resource(id))?;
        let deed = AccountDeed::Devices { ids: vec![device.id.into()], enabled: *enabled };
        self.tenant.change_account(number, deed).map_err(|_| unavailable())?;
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
        self.tenant.change_account(entry.number, AccountDeed::Restored).map_err(|_| unavailable())?;
        let wanted = Wanted::of_one(call.request, &USER)?;
        Ok(one_user(call, &wanted, self.user_json(&self.entry(entry.number))))
    }

    /// The deleted user of this object id.
    fn deleted(&self, id: &str) -> Result<Entry, GraphError> {
        let number = self.tenant.population().user(id);
        number.map(|number| self.entry(number)).filter(|entry| entry.deleted).ok_or_else(|| GraphError::no_resource(id))
    }

    fn deleted_json(&self, entry: &Entry) -> Map<String, Value> {
        let mut user = self.user_json(entry);
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

/// What a password profile asks for, where it can be had.
fn read_profile(profile: &Map<String, Value>) -> Result<Profile, GraphError> {
    let mut asked = Profile { sets: false, required: false, with_mfa: false };
    for (name, value) in profile {
        match (name.as_str(), value) {
            ("password", Value::String(password)) if password.chars().count() >= 8 => asked.sets = true,
            ("password", _) => {
                let message =
                    "The specified password does not comply with password complexity requirements. Please provide a different password.";
                return Err(GraphError::new(StatusCode::BAD_REQUEST, "Request_BadRequest", message));
            }
            ("forceChangePasswordNextSignIn", Value::Bool(forced)) => asked.required |= *forced,
            ("forceChangePasswordNextSignInWithMfa", Value::Bool(forced)) => {
                asked.required |= *forced;
                asked.with_mfa = *forced;
            }
            _ => return Err(bad_property(name)),
        }
    }
    if profile.is_empty() { Err(bad_property("passwordProfile")) } else { Ok(asked) }
}

fn method_json(method: &AuthenticationMethod) -> Value {
    let kind = format!("#microsoft.graph.{}", method.kind);
    let mut value = json!({"@odata.type": kind, "id": method.id, "createdDateTime": method.created_date_time});
    let more = match &method.display_name {
        None => json!({"password": null}),
        Some(name) => json!({"displayName": name, "deviceTag": "SoftwareTokenActivated", "phoneAppVersion": "6.2411.8063"}),
    };
    if let (Value::Object(value), Value::Object(more)) = (&mut value, more) {
        value.extend(more);
    }
    value
}

fn device_json(device: &Device, records: &UserRecords) -> Map<String, Value> {
    let detail = |id: &str| {
        let used = records.sign_ins.iter().filter(|sign_in| {
            sign_in.device_detail.as_ref().and_then(|device| device.device_id.as_deref()).is_some_and(|used| used.eq_ignore_ascii_case(id))
        });
        used.max_by_key(|sign_in| sign_in.created_date_time)
    };
    let last = device.device_id.as_deref().and_then(detail);
    let told = last.and_then(|sign_in| sign_in.device_detail.as_ref());
    object(json!({
        "@odata.type": "#microsoft.graph.device",
        "id": device.id,
        "deviceId": device.device_id,
        "displayName": device.display_name,
        "accountEnabled": device.account_enabled,
        "isCompliant": told.and_then(|device| device.is_compliant),
        "isManaged": told.and_then(|device| device.is_managed),
        "operatingSystem": device.operating_system,
        "trustType": told.and_then(|device| device.trust_type.as_ref()),
        "approximateLastSignInDateTime": last.and_then(|sign_in| sign_in.created_date_time),
    }))
}

/// An id that follows from another.
pub(super) fn derived(from: &str, what: &str) -> String {
    use sha2::Digest as _;
    let digest = sha2::Sha256::digest(format!("{what} of {from}"));
    let bytes = digest.first_chunk::<16>().copied().unwrap_or_default();
    uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
}

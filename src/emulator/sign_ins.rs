//! `/auditLogs/signIns`: interactive sign-ins only, unless beta's event types are asked for; the session fields in beta only.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::answer::{Answer, GraphError};
use super::members;
use super::paging::{Row, Wanted};
use super::request::Version;
use super::risk::one;
use super::schema::{SIGN_IN, SIGN_IN_BETA, Schema};
use super::world::{Call, World};
use crate::domain::records::{SignIn, UserRecords};
use crate::wire::sign_in_to_json;

impl World {
    pub(super) fn sign_ins(&self, call: &Call) -> Result<Answer, GraphError> {
        let wanted = Wanted::new(call.request, schema(call))?;
        let filter = wanted.filter.as_ref();
        let all_types = filter.is_some_and(|filter| filter.names("signInEventTypes"));
        let population = self.tenant.population();
        let by_user = filter.and_then(|filter| filter.only("userId")).map(|ids| self.numbers(&ids));
        let by_id = filter
            .and_then(|filter| filter.only("id"))
            .map(|ids| ids.iter().filter_map(|id| population.user_of_sign_in(id)).collect::<Vec<u32>>());
        let mut held: HashMap<u32, UserRecords> = HashMap::new();
        let index = self.index();
        let (rows, next) = wanted.page(index.sign_ins.len(), |place| {
            let Some(row) = index.sign_ins.get(place) else { return Row::Other };
            let Some(user) = index.users.get(row.user as usize) else { return Row::Other };
            let left_out = |users: &Option<Vec<u32>>| users.as_ref().is_some_and(|users| !users.contains(&row.user));
            if left_out(&by_user) || left_out(&by_id) || !(row.interactive || all_types) {
                return Row::Other;
            }
            if !wanted.may_match(&|field| row.value(field, user)) {
                return Row::Other;
            }
            let records = held.entry(row.user).or_insert_with(|| self.tenant.records(row.user));
            let sign_in = records.sign_ins.iter().find(|sign_in| *sign_in.id.as_str() == *row.id);
            sign_in.map_or(Row::Other, |sign_in| Row::Whole(sign_in_json(call, sign_in)))
        });
        let rows = rows.into_iter().map(|row| members::shown(row, call.request)).collect();
        Ok(wanted.answer(call.request, "auditLogs/signIns", rows, next))
    }

    pub(super) fn sign_in(&self, call: &Call, id: &str) -> Result<Answer, GraphError> {
        let wanted = Wanted::of_one(call.request, schema(call))?;
        let user = self.tenant.population().user_of_sign_in(id);
        let records = user.map(|user| self.tenant.records(user));
        let mut sign_ins = records.iter().flat_map(|records| &records.sign_ins);
        let sign_in = sign_ins.find(|sign_in| sign_in.id.as_str().eq_ignore_ascii_case(id));
        let sign_in = sign_in.ok_or_else(|| GraphError::not_found("signIn", id))?;
        Ok(one(call, &wanted, "auditLogs/signIns/$entity", sign_in_json(call, sign_in)))
    }
}

fn schema(call: &Call) -> &'static Schema {
    match call.version {
        Version::V1 => &SIGN_IN,
        Version::Beta => &SIGN_IN_BETA,
    }
}

fn sign_in_json(call: &Call, sign_in: &SignIn) -> Map<String, Value> {
    let mut record = sign_in_to_json(sign_in);
    if call.version == Version::V1 {
        record.retain(|name, _| SIGN_IN.has(name));
        // The enum is mostly empty (`reference/graph.md` section 8, 9).
        record.insert("riskEventTypes".to_owned(), json!([]));
    }
    // Policies are shown to those who may read them.
    if !call.token.permits(&[&["Policy.Read.All"]]) {
        record.insert("appliedConditionalAccessPolicies".to_owned(), json!([]));
    }
    record
}

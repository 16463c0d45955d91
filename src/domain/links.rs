//! Which sign-in and which detections of a user belong together.
//!
//! To look for one is a walk through a list. Where all of them are looked for, that is a walk for each: a user with 50,000 sign-ins and
//! 10,000 detections would take half a billion steps. So whoever goes through all of them asks here.

use std::collections::HashMap;

use super::facts;
use super::records::{RiskDetection, SignIn, SignInId, UserRecords};

/// Sign-ins and detections of one user, by the sign-in's id.
#[derive(Default)]
pub struct Links<'a> {
    sign_ins: HashMap<&'a SignInId, &'a SignIn>,
    detections: HashMap<&'a SignInId, Vec<&'a RiskDetection>>,
}

impl<'a> Links<'a> {
    /// Goes through a user's records once.
    pub fn of(records: &'a UserRecords) -> Self {
        let mut links = Links::default();
        for sign_in in &records.sign_ins {
            // The first counts, as for whoever looks through the list.
            links.sign_ins.entry(&sign_in.id).or_insert(sign_in);
        }
        for detection in &records.detections {
            if let Some(id) = &detection.request_id {
                links.detections.entry(id).or_default().push(detection);
            }
        }
        links
    }

    /// The sign-in that a detection belongs to, where it was read.
    pub fn sign_in_of(&self, detection: &RiskDetection) -> Option<&'a SignIn> {
        detection.request_id.as_ref().and_then(|id| self.sign_ins.get(id).copied())
    }

    /// Whether the sign-in carries a token-theft type; `None` where it is an open risk and its types do not tell.
    pub fn token_theft(&self, sign_in: &SignIn) -> Option<bool> {
        facts::token_theft_of_sign_in(sign_in, self.detections_of(sign_in).iter().copied())
    }

    /// The detections of a sign-in, newest first.
    pub fn detections_of(&self, sign_in: &SignIn) -> &[&'a RiskDetection] {
        self.detections.get(&sign_in.id).map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixture::{everyday_sign_in, risky_user};

    #[test]
    fn they_find_each_other_and_say_what_the_records_say() {
        let mut records = risky_user("a", "newCountry");
        everyday_sign_in(&mut records);
        let mut alone = records.detections[0].clone();
        alone.request_id = Some("not-read".into());
        records.detections.push(alone);
        let links = Links::of(&records);
        for detection in &records.detections {
            assert_eq!(links.sign_in_of(detection), records.sign_in_of(detection));
        }
        assert_eq!(links.detections_of(&records.sign_ins[0]), [&records.detections[0]]);
        assert!(links.detections_of(&records.sign_ins[1]).is_empty());
    }
}

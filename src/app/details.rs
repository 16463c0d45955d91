//! The pane of detection details: which detection or sign-in it is about.

use crate::domain::normal::{self, Comparison};
use crate::domain::records::{DetectionId, RiskDetection, SignIn, SignInId, UserRecords};
use crate::domain::travel::{self, Leg};

/// Columns that labels take, with a space behind the longest.
pub const LABEL: usize = 23;

/// What the pane is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A detection.
    Detection(DetectionId),
    /// A sign-in without a detection.
    SignIn(SignInId),
}

/// What the pane of details holds.
#[derive(Debug, Clone, Default)]
pub struct Details {
    /// What it is about.
    pub subject: Option<Subject>,
    /// The first line in sight.
    pub offset: usize,
    /// What it is about, beside the user's other sign-ins.
    compared: Option<Comparison>,
    /// The way to it from where the user was seen before.
    leg: Option<Leg>,
    /// Whether that was counted: once, and again where the user's records changed.
    is_compared: bool,
}

impl Details {
    /// The detection shown, and its place among the user's.
    pub fn detection<'a>(&self, records: &'a UserRecords) -> Option<(usize, &'a RiskDetection)> {
        let Some(Subject::Detection(id)) = &self.subject else { return None };
        records.detections.iter().enumerate().find(|(_, detection)| detection.id == *id)
    }

    /// Shows the detection at this place.
    pub fn show(&mut self, place: usize, records: &UserRecords) {
        if let Some(detection) = records.detections.get(place) {
            self.set(Subject::Detection(detection.id.clone()));
        }
    }

    /// Follows the cursor of the sign-ins: to the sign-in's detection, or to the sign-in itself.
    pub fn follow(&mut self, sign_in: &SignIn, records: &UserRecords) {
        let linked = records.detections.iter().find(|detection| detection.request_id.as_ref() == Some(&sign_in.id));
        self.set(match linked {
            Some(detection) => Subject::Detection(detection.id.clone()),
            None => Subject::SignIn(sign_in.id.clone()),
        });
    }

    /// Keeps to what is shown as long as it exists, else begins with the newest open detection.
    pub fn keep(&mut self, records: Option<&UserRecords>) {
        let Some(records) = records else {
            *self = Details::default();
            return;
        };
        let holds = match &self.subject {
            Some(Subject::Detection(_)) => self.detection(records).is_some(),
            Some(Subject::SignIn(id)) => records.sign_in(id).is_some(),
            None => false,
        };
        if !holds {
            let first = records.detections.iter().position(RiskDetection::is_open).unwrap_or(0);
            *self = Details::default();
            self.show(first, records);
        }
    }

    fn set(&mut self, subject: Subject) {
        if self.subject.as_ref() != Some(&subject) {
            *self = Details { subject: Some(subject), ..Details::default() };
        }
    }

    /// The user's records changed: what is shown is compared again.
    pub(super) fn compare_again(&mut self) {
        self.is_compared = false;
    }

    /// Compares what is shown with the user's other sign-ins, unless that was done.
    pub(super) fn compare(&mut self, records: &UserRecords) {
        if std::mem::replace(&mut self.is_compared, true) {
            return;
        }
        self.compared = match &self.subject {
            Some(Subject::Detection(_)) => self.detection(records).map(|(_, detection)| normal::of_detection(records, detection)),
            Some(Subject::SignIn(id)) => records.sign_in(id).map(|sign_in| normal::of_sign_in(records, sign_in)),
            None => None,
        };
        self.leg = self.sign_in(records).and_then(|sign_in| travel::leg_to(records, &sign_in.id));
    }

    /// What is shown, beside the user's other sign-ins.
    pub fn compared(&self) -> Option<&Comparison> {
        self.compared.as_ref()
    }

    /// The way to what is shown from where the user was seen before, as the map tells it.
    pub fn leg(&self) -> Option<Leg> {
        self.leg
    }

    /// The sign-in that the pane tells of, where it was read.
    pub fn sign_in<'a>(&self, records: &'a UserRecords) -> Option<&'a SignIn> {
        match &self.subject {
            Some(Subject::SignIn(id)) => records.sign_in(id),
            Some(Subject::Detection(_)) => self.detection(records).and_then(|(_, detection)| records.sign_in_of(detection)),
            None => None,
        }
    }
}

/// How a line is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// As it is.
    Plain,
    /// A heading.
    Heading,
    /// Less important, or not known.
    Quiet,
    /// Something to notice.
    Warning,
}

/// One line of the pane, safe and no wider than asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// What it says; empty for running text.
    pub label: String,
    /// The text.
    pub text: String,
    /// How it is meant.
    pub tone: Tone,
}

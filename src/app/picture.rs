//! What all pictures of an investigation share: the timeline, the map and the overview lie over the panes and lead back into them.

use super::App;
use super::command::{CommandId, Context};
use super::details::Subject;
use super::key::Key;
use super::layout::Pane;
use super::overlay::Overlay;
use crate::domain::records::{DetectionId, SignInId};

/// A hint: the commands whose keys are named, and what they do.
pub type Hint = (&'static [CommandId], &'static str);

impl App {
    /// The line at the foot of a picture, from the key map: "h l move · + - zoom · esc closes". A command without a key is left out.
    pub fn picture_hint(&self, hints: &[Hint]) -> String {
        let words = hints.iter().filter_map(|(commands, does)| {
            let keys: Vec<String> = commands.iter().map(|command| self.options.keys.hint(*command)).filter(|key| !key.is_empty()).collect();
            (!keys.is_empty()).then(|| format!("{} {does}", keys.join(" ")))
        });
        words.collect::<Vec<_>>().join(" · ")
    }

    /// The picture that a key changes to, from within another one.
    pub(super) fn other_picture(&self, key: Key) -> Option<CommandId> {
        let command = self.options.keys.command(Context::Users, key)?;
        matches!(command, CommandId::Timeline | CommandId::Map | CommandId::Overview).then_some(command)
    }

    /// Lets an open picture follow the records and the journal.
    pub(super) fn revise_picture(&mut self) {
        let Some(overlay) = self.overlay.take() else { return };
        self.overlay = Some(match overlay {
            Overlay::Timeline(mut chart) => {
                if let Some(records) = self.dataset.user(&chart.user) {
                    chart.revise(records, &self.ledger);
                }
                Overlay::Timeline(chart)
            }
            Overlay::Map(mut travels) => {
                if let Some(records) = self.dataset.user(&travels.user) {
                    travels.revise(records);
                }
                Overlay::Map(travels)
            }
            Overlay::Overview(mut glance) => {
                glance.stale = true;
                Overlay::Overview(glance)
            }
            other => other,
        });
    }

    /// Puts the cursors of panes 2 and 3 on a sign-in of the user shown, and the keys into the pane of sign-ins.
    pub(super) fn show_sign_in(&mut self, id: &SignInId) {
        let Some(records) = self.shown_user.as_ref().and_then(|user| self.dataset.user(user)) else { return };
        let Some(sign_in) = records.sign_in(id) else { return };
        // One without risk is listed only where all are.
        self.sign_ins.all |= !sign_in.is_risky();
        self.sign_ins.go_to(id, records);
        self.details.follow(sign_in, records);
        self.focus = Pane::SignIns;
    }

    /// Puts the cursors of panes 2 and 3 on a detection of the user shown, and the keys into the pane of details.
    pub(super) fn show_detection(&mut self, id: &DetectionId) {
        let Some(records) = self.shown_user.as_ref().and_then(|user| self.dataset.user(user)) else { return };
        let Some(place) = records.detections.iter().position(|detection| detection.id == *id) else { return };
        if let Some(sign_in) = records.detections.get(place).and_then(|detection| records.sign_in_of(detection)) {
            self.sign_ins.all |= !sign_in.is_risky();
            self.sign_ins.go_to(&sign_in.id, records);
        }
        self.details.show(place, records);
        self.focus = Pane::Details;
    }

    /// What panes 2 and 3 are about: where a picture begins.
    pub(super) fn subject(&self) -> Option<&Subject> {
        self.details.subject.as_ref()
    }
}

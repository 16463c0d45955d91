//! What all pictures of an investigation share: the timeline, the map and the overview lie over the panes and lead back into them.

use super::App;
use super::command::{CommandId, Context};
use super::details::Subject;
use super::key::Key;
use super::layout::Pane;
use super::msg::Effect;
use super::overlay::Overlay;
use crate::domain::records::{DetectionId, SignInId, UserId, UserRecords};

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

    /// Opens a picture of this user, whoever is under the cursor by now.
    pub(super) fn open_picture(&mut self, picture: CommandId, user: &UserId) -> Vec<Effect> {
        match picture {
            CommandId::Timeline => self.open_timeline(user),
            CommandId::Map => self.open_map(user),
            _ => {
                self.open_overview();
                return Vec::new();
            }
        }
        self.look_closely(user)
    }

    /// Asks a live tenant for what a picture needs and is read on demand: sign-ins without risk, and the risk history. Without them a
    /// session on two addresses or an impossible journey may not show.
    fn look_closely(&mut self, user: &UserId) -> Vec<Effect> {
        let unread = |records: &UserRecords| records.devices.is_none() || records.history_is_behind();
        if self.workspace.label != "LIVE" || !self.dataset.user(user).is_some_and(unread) {
            return Vec::new();
        }
        self.looked_at = Some(user.clone());
        vec![Effect::Look(vec![user.clone()])]
    }

    /// What stands behind the name of the user of a picture.
    pub fn picture_note(&self, user: &UserId) -> &'static str {
        if self.looked_at.as_ref() == Some(user) { " · reading all sign-ins …" } else { "" }
    }

    /// The picture that a key changes to, from within another one.
    pub(super) fn other_picture(&self, key: Key) -> Option<CommandId> {
        let command = self.options.keys.command(Context::Users, key)?;
        matches!(command, CommandId::Timeline | CommandId::Map | CommandId::Overview).then_some(command)
    }

    /// Lets an open picture follow the journal and the records: those of these users changed, or anybody's.
    pub(super) fn revise_picture(&mut self, changed: Option<&[UserId]>) {
        let concerned = |user: &UserId| changed.is_none_or(|changed| changed.contains(user));
        let Some(overlay) = self.overlay.take() else { return };
        self.overlay = Some(match overlay {
            Overlay::Timeline(mut chart) if concerned(&chart.user) => {
                if let Some(records) = self.dataset.user(&chart.user) {
                    chart.revise(records, &self.ledger, self.now);
                }
                Overlay::Timeline(chart)
            }
            Overlay::Map(mut travels) if concerned(&travels.user) => {
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

    /// Puts the cursor of the users on the user that a picture is of; says why not, where the list does not show that user any more.
    fn back_to(&mut self, user: &UserId) -> Result<(), String> {
        if self.shown_user.as_ref() != Some(user) {
            if !self.users.is_visible(user, &self.dataset) {
                let name = self.dataset.user(user).map_or(user.as_str(), |records| records.user.name());
                return Err(format!("{name} is not listed any more: another filter shows it."));
            }
            self.users.go_to(Some(user.clone()), &self.dataset);
            self.user_may_have_changed();
        }
        Ok(())
    }

    /// Puts the cursors of panes 2 and 3 on a sign-in of this user, and the keys into the pane of sign-ins; says why not.
    pub(super) fn show_sign_in(&mut self, user: &UserId, id: &SignInId) -> Result<(), String> {
        self.back_to(user)?;
        let found = self.dataset.user(user).and_then(|records| Some((records, records.sign_in(id)?)));
        let Some((records, sign_in)) = found else { return Err("This sign-in is not known any more.".to_owned()) };
        // One without risk is listed only where all are.
        self.sign_ins.all |= !sign_in.is_risky();
        self.sign_ins.go_to(id, records);
        self.details.follow(sign_in, records);
        self.focus = Pane::SignIns;
        Ok(())
    }

    /// Puts the cursors of panes 2 and 3 on a detection of this user, and the keys into the pane of details; says why not.
    pub(super) fn show_detection(&mut self, user: &UserId, id: &DetectionId) -> Result<(), String> {
        self.back_to(user)?;
        let place = |records: &UserRecords| records.detections.iter().position(|detection| detection.id == *id);
        let found = self.dataset.user(user).and_then(|records| Some((records, place(records)?)));
        let Some((records, place)) = found else { return Err("This detection is not known any more.".to_owned()) };
        if let Some(sign_in) = records.detections.get(place).and_then(|detection| records.sign_in_of(detection)) {
            self.sign_ins.all |= !sign_in.is_risky();
            self.sign_ins.go_to(&sign_in.id, records);
        }
        self.details.show(place, records);
        self.focus = Pane::Details;
        Ok(())
    }

    /// What panes 2 and 3 are about: where a picture begins.
    pub(super) fn subject(&self) -> Option<&Subject> {
        self.details.subject.as_ref()
    }
}

//! From a key to a plan, and what can be copied.

use super::App;
use super::command::CommandId;
use super::format::count;
use super::layout::Pane;
use super::overlay::{Choice, Item, Menu, Overlay};
use super::preview::Preview;
use crate::domain::action::{Action, Aim};
use crate::domain::plan::{PlanTarget, Target};

/// What a terminal takes at once, as a rule (`reference/anchors.md` section 3.1).
pub(super) const CLIPBOARD_LIMIT: usize = 74_994;

impl App {
    /// Opens the preview of an action on what is marked, or under the cursor.
    pub(super) fn plan(&mut self, command: CommandId) {
        let sign_ins = self.focus == Pane::SignIns;
        let action = match (command, sign_ins) {
            (CommandId::DismissRisk, false) => Action::DismissUserRisk,
            (CommandId::ConfirmCompromised, false) => Action::ConfirmUserCompromised,
            (CommandId::ConfirmSafe, false) => Action::ConfirmUserSafe,
            (CommandId::DismissRisk, true) => Action::DismissSignInRisk,
            (CommandId::ConfirmCompromised, true) => Action::ConfirmSignInCompromised,
            (CommandId::ConfirmSafe, true) => Action::ConfirmSignInSafe,
            _ => return,
        };
        let targets = self.targets();
        self.open_preview(Preview::open(action, &targets, &self.dataset, self.plan_context()));
    }

    /// What is marked in the focused pane, or under its cursor.
    pub(super) fn targets(&self) -> Vec<Target> {
        if self.focus == Pane::SignIns {
            self.sign_ins.targets().into_iter().map(Target::SignIn).collect()
        } else {
            self.users.targets(&self.dataset).into_iter().map(Target::User).collect()
        }
    }

    /// Puts a plan on the screen; says how many of its targets are out of sight.
    pub(super) fn open_preview(&mut self, mut preview: Preview) {
        let hidden = |target: &&PlanTarget| !self.users.is_visible(&target.id.as_str().into(), &self.dataset);
        preview.hidden = match preview.plan.action.aim() {
            Aim::User if !self.users.marks.is_empty() => preview.plan.targets.iter().filter(hidden).count(),
            Aim::SignIn if !self.sign_ins.marks.is_empty() => self.sign_ins.hidden(self.user()),
            Aim::User | Aim::SignIn | Aim::Policy | Aim::Address => 0,
        };
        self.overlay = Some(Overlay::Preview(Box::new(preview)));
    }

    /// What can be copied in the focused pane.
    pub(super) fn copy_menu(&self) -> Menu {
        let mut items = Vec::new();
        let mut add = |label: &str, what: String, values: Vec<String>| {
            if values.iter().any(|value| !value.is_empty()) {
                let detail = values.first().cloned().unwrap_or_default();
                items.push(Item::new(label, detail, Choice::Copy { what, lines: values }));
            }
        };
        let records = self.user();
        let of_sign_in = |sign_in: Option<&crate::domain::records::SignIn>| {
            let Some(sign_in) = sign_in else { return Vec::new() };
            vec![
                ("IP address", sign_in.ip_address.clone()),
                ("Sign-in correlation ID", sign_in.correlation_id.clone()),
                ("Session ID", sign_in.session_id.clone()),
                ("Unique token ID", sign_in.unique_token_identifier.clone()),
            ]
        };
        let mut single = Vec::new();
        match self.focus {
            Pane::Users => {
                let users = self.users.targets(&self.dataset);
                let some = count(users.len(), "user", "users");
                let found = || users.iter().filter_map(|id| self.dataset.user(id));
                let names = found().map(|records| records.user.user_principal_name.as_deref().unwrap_or(records.id().as_str()).to_owned());
                add("Principal name", format!("principal names of {some}"), names.collect());
                add("Object ID", format!("object IDs of {some}"), users.iter().map(ToString::to_string).collect());
                add("Display name", format!("names of {some}"), found().map(|records| records.user.name().to_owned()).collect());
            }
            Pane::SignIns => {
                let ids = self.sign_ins.targets();
                let some = count(ids.len(), "sign-in", "sign-ins");
                add("Sign-in request ID", format!("request IDs of {some}"), ids.iter().map(ToString::to_string).collect());
                single = of_sign_in(records.and_then(|records| self.sign_ins.cursor(records)));
            }
            Pane::Details => {
                let detection = records.and_then(|records| self.details.detection(records)).map(|(_, detection)| detection);
                if let Some(detection) = detection {
                    add("Detection ID", "the detection ID".to_owned(), vec![detection.id.to_string()]);
                    single.push(("Sign-in request ID", detection.request_id.as_ref().map(|id| id.as_str().into())));
                }
                let sign_in = records.and_then(|records| self.details.sign_in(records));
                if sign_in.is_none() {
                    single.push(("IP address", detection.and_then(|detection| detection.ip_address.clone())));
                    single.push(("Sign-in correlation ID", detection.and_then(|detection| detection.correlation_id.clone())));
                }
                single.extend(of_sign_in(sign_in));
                single.push(("Principal name", records.and_then(|records| records.user.user_principal_name.clone())));
            }
        }
        for (label, value) in single {
            add(label, format!("the {label}"), value.iter().map(String::from).collect());
        }
        Menu::new("Copy", items)
    }
}

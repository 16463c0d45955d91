//! Privacy mode: whether the finished screen is masked, and by what.
//!
//! Records, filters, plans, the journal and what is copied stay as they are. The mask learns the whole tenant once, when
//! the mode is turned on, and after that what changes. At 100,000 users with 10 records each that once takes longer than
//! a frame: it goes on beside the loop, and until it is done nothing is shown at all.

use super::command::{COMMANDS, CommandId};
use super::computing::Question;
use super::layout::Pane;
use super::sort::Column;
use super::{App, Phase};
use crate::domain::action::Action;
use crate::domain::catalogue;
use crate::domain::ledger::Ledger;
use crate::domain::mask::{Alias, Mask};
use crate::domain::records::UserRecords;

/// Words on the screen that no table below holds.
const WORDS: &str = "risky users sign-ins detection details sign-in high medium low other token theft read-write read-only files all \
                     demo live evidence operator admin administrator root user guest service account time address location client \
                     state browser non-interactive unknown device session";

/// Privacy mode.
#[derive(Debug, Default)]
pub struct Privacy {
    on: bool,
    /// What was learned stays, so that numbers stay; away while it learns the whole tenant.
    mask: Option<Mask>,
    learning: bool,
    /// The revision of the records that the mask knows every name of.
    known: Option<u64>,
}

impl Privacy {
    /// Privacy mode from the first frame on, or not.
    pub fn new(on: bool) -> Self {
        Privacy { on, ..Privacy::default() }
    }

    /// The whole tenant was learned, as it is at this revision.
    pub(super) fn learned(&mut self, mask: Mask, revision: u64) {
        (self.mask, self.learning, self.known) = (Some(mask), false, Some(revision));
    }

    /// The whole tenant was not learned: nothing is shown until the mode is turned off, or on again.
    pub(super) fn give_up(&mut self) {
        self.learning = false;
    }

    /// Learns who wrote into the journal.
    pub(super) fn learn_operators(&mut self, ledger: &Ledger) {
        if let (true, Some(mask)) = (self.on, &mut self.mask) {
            ledger.operators().for_each(|operator| mask.learn_actor(operator));
        }
    }

    /// Learns what changed, and led to this revision.
    pub(super) fn learn(&mut self, changed: &[UserRecords], revision: u64) {
        if let (true, Some(mask)) = (self.on, &mut self.mask) {
            changed.iter().for_each(|records| mask.learn(records));
            self.known = Some(revision);
        }
    }
}

impl App {
    /// What the finished screen is masked by; `None` where it is shown as it is.
    pub fn mask(&self) -> Option<&Mask> {
        self.privacy.mask.as_ref().filter(|_| self.privacy.on)
    }

    /// Whether names and addresses are masked.
    pub fn is_private(&self) -> bool {
        self.privacy.on
    }

    /// Whether nothing can be shown, because it is not known yet what must be masked.
    pub fn is_covered(&self) -> bool {
        self.privacy.on && (self.privacy.mask.is_none() || self.phase == Phase::Loading)
    }

    /// Has the whole tenant learned, where privacy mode is on.
    pub(super) fn learn_all(&mut self) {
        let knows_all = self.privacy.mask.is_some() && self.privacy.known == Some(self.revision);
        if !self.privacy.on || self.privacy.learning || knows_all {
            return;
        }
        let mut mask = self.privacy.mask.take().unwrap_or_else(|| Mask::new(plain_words()));
        let workspace = &self.workspace;
        for own in [Some(workspace.operator.as_str()), workspace.account.as_deref()].into_iter().flatten() {
            mask.learn_own(own, Alias::You);
            // As it stands in the address of a sign-in page.
            mask.learn_own(&own.replace('@', "%40"), Alias::You);
        }
        for own in [Some(&workspace.tenant), Some(&workspace.name), workspace.tenant_id.as_ref()].into_iter().flatten() {
            mask.learn_own(own, Alias::Tenant);
        }
        self.privacy.learning = true;
        self.compute(Question::Mask(Box::new(mask)));
    }

    /// Turns privacy mode on or off.
    pub(super) fn toggle_privacy(&mut self) {
        self.privacy.on = !self.privacy.on;
        self.learn_all();
        let key = self.options.keys.hint(CommandId::Privacy);
        let said = if self.privacy.on {
            format!("Privacy mode is on: the screen masks names and addresses; what is copied stays true. {key} ends it.")
        } else {
            "Privacy mode is off: names and addresses are shown.".to_owned()
        };
        self.toasts.say(said, self.now);
    }
}

/// The program's own words: alone, they name nobody, whatever somebody is called.
fn plain_words() -> impl Iterator<Item = &'static str> {
    let commands = COMMANDS.iter().flat_map(|command| [command.title, command.help]);
    let columns = Column::ALL.into_iter().flat_map(|column| [column.header(), column.words()]);
    let actions = Action::ALL.into_iter().flat_map(|action| [action.title(), action.outcome(), action.consequence()]);
    let catalogue = catalogue::all().iter().flat_map(|kind| [kind.name.as_str(), kind.meaning.as_str(), kind.check_first.as_str()]);
    let panes = Pane::ALL.into_iter().map(Pane::title);
    commands.chain(columns).chain(actions).chain(catalogue).chain(panes).chain([WORDS])
}

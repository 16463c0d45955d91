//! What takes a look at every record: computed beside the loop, on the records as they are when it is asked for.
//!
//! The records are lent for that, not copied: while a computation has them, what comes from outside waits its turn, so that nothing
//! changes beneath it. Keys do not wait.

use std::sync::Arc;

use super::App;
use super::campaigns::Campaigns;
use super::msg::{Effect, Msg};
use super::overlay::Overlay;
use super::overview::{Glance, Row};
use super::times::Times;
use crate::domain::campaigns::{self, Campaign, MassEvent};
use crate::domain::dataset::Dataset;
use crate::domain::ledger::Ledger;
use crate::domain::mask::Mask;
use crate::domain::pivot::{self, Count, Shared};
use crate::domain::query::QueryContext;

/// What is to be computed.
#[derive(Debug, Clone)]
pub enum Question {
    /// The campaigns, and with them the possible mass false positive.
    Campaigns,
    /// The possible mass false positive alone.
    MassEvent,
    /// The rows of the overview.
    Overview,
    /// How many share each of these values.
    Pivots(Vec<Shared>),
    /// What privacy mode masks: this, and every name in the records.
    Mask(Box<Mask>),
}

/// What came of it.
#[derive(Debug, Clone)]
pub enum Answer {
    /// The first campaigns, how many there are, and the possible mass false positive.
    Campaigns(Vec<Campaign>, usize, Option<MassEvent>),
    /// The possible mass false positive.
    MassEvent(Option<MassEvent>),
    /// The rows of the overview.
    Overview(Vec<Row>),
    /// How many share each value; `None` where it makes no query.
    Pivots(Vec<Option<Count>>),
    /// What privacy mode masks.
    Mask(Box<Mask>),
    /// Nothing: what went wrong, in words.
    Broken(String),
}

/// One computation, with the records that it is about and what the journal knows.
#[derive(Debug, Clone)]
pub struct Computation {
    /// Its number.
    pub number: u64,
    records: Arc<Dataset>,
    ledger: Arc<Ledger>,
    times: Times,
    question: Question,
}

impl PartialEq for Computation {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

/// The answer to a computation.
#[derive(Debug, Clone)]
pub struct Computed {
    /// Its number.
    pub number: u64,
    /// What came of it.
    pub answer: Answer,
}

impl Computation {
    /// Computes it. Takes as long as looking at every record does; gives the records back before it answers.
    pub fn run(self) -> Computed {
        let Computation { number, records, ledger, times, question } = self;
        let context = QueryContext { now: times.now, ledger: &ledger, tenant: records.tenant() };
        let answer = match question {
            Question::Campaigns => {
                let (list, all) = campaigns::find(&records, context);
                Answer::Campaigns(list, all, campaigns::mass_event(&records))
            }
            Question::MassEvent => Answer::MassEvent(campaigns::mass_event(&records)),
            Question::Overview => Answer::Overview(Glance::rows_of(&records, &ledger, times)),
            Question::Pivots(values) => Answer::Pivots(values.iter().map(|shared| pivot::count(shared, &records, context).ok()).collect()),
            Question::Mask(mut mask) => {
                records.users().iter().for_each(|records| mask.learn(records));
                Answer::Mask(mask)
            }
        };
        Computed { number, answer }
    }
}

/// The computations that were asked for and not answered yet.
#[derive(Debug, Default)]
pub(super) struct Computing {
    asked: u64,
    unanswered: Vec<u64>,
    /// What came from outside meanwhile, in order.
    waiting: Vec<Msg>,
}

impl App {
    /// Asks for a computation; answers its number.
    pub(super) fn compute(&mut self, question: Question) -> u64 {
        self.computing.asked += 1;
        let number = self.computing.asked;
        self.computing.unanswered.push(number);
        let (records, ledger) = (Arc::clone(&self.dataset), Arc::clone(&self.ledger));
        let computation = Computation { number, records, ledger, times: self.times(), question };
        self.todo.push(Effect::Compute(Box::new(computation)));
        number
    }

    /// Whether this computation is still going on.
    pub fn is_computing(&self, number: u64) -> bool {
        self.computing.unanswered.contains(&number)
    }

    /// Takes in what comes from outside, or lets it wait until the records are no longer lent.
    pub(super) fn take_in_turn(&mut self, msg: Msg) {
        match msg {
            Msg::Computed(computed) => {
                self.computing.unanswered.retain(|number| *number != computed.number);
                self.computed(*computed);
                // What waited may ask for something to be computed, and then the rest waits on.
                for msg in std::mem::take(&mut self.computing.waiting) {
                    self.take_in_turn(msg);
                }
            }
            msg if self.computing.unanswered.is_empty() => self.take_in(msg),
            msg => self.computing.waiting.push(msg),
        }
    }

    /// An answer; what nobody waits for any more is let go.
    fn computed(&mut self, Computed { number, answer }: Computed) {
        match answer {
            Answer::Campaigns(list, all, event) => {
                self.alarm_answered(event.clone());
                if let Some(Overlay::Campaigns(open)) = &mut self.overlay
                    && open.number == number
                {
                    **open = Campaigns { event, list, all, ..(**open).clone() };
                }
            }
            Answer::MassEvent(event) => self.alarm_answered(event),
            Answer::Overview(rows) => {
                if let Some(Overlay::Overview(glance)) = &mut self.overlay
                    && glance.number == number
                {
                    glance.answered(rows);
                }
            }
            Answer::Pivots(counts) => self.pivots_counted(number, &counts),
            Answer::Mask(mask) => {
                self.privacy.learned(*mask, self.revision);
                self.privacy.learn_operators(&self.ledger);
            }
            Answer::Broken(why) => {
                self.privacy.give_up();
                self.toasts.fail(format!("Nothing was computed: {why}"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::tests::{console, five, keys};
    use crate::app::{Key, KeyCode};
    use crate::domain::fixture::{now, risky_user};
    use crate::domain::risk::RiskState;

    fn press(app: &mut App, key: char) -> Computation {
        let effects = app.update(Msg::Key(Key::plain(KeyCode::Char(key))), now());
        let asked = effects.into_iter().find_map(|effect| if let Effect::Compute(asked) = effect { Some(*asked) } else { None });
        asked.unwrap_or_else(|| panic!("{key} asks for nothing to be computed"))
    }

    fn is_closed(app: &App) -> bool {
        app.dataset().user(&"adele".into()).unwrap().user.at_risk() == Some(false)
    }

    fn close_adele(app: &mut App) {
        let mut adele = risky_user("adele", "anomalousToken");
        adele.user.risk_state = Some(RiskState::Dismissed);
        app.update(Msg::Records(vec![adele]), now());
    }

    #[test]
    fn what_comes_from_outside_waits_for_the_answer_and_keys_do_not() {
        for key in ['C', '0', 'p', 'X'] {
            let mut app = console(five());
            let asked = press(&mut app, key);
            close_adele(&mut app);
            assert!(!is_closed(&app), "{key}: the records are lent");
            if key != 'X' {
                assert!(app.overlay().is_some());
                keys(&mut app, "esc j");
                assert_eq!((app.overlay().is_none(), app.users().scroll.at), (true, 1), "{key}");
            }
            app.update(Msg::Computed(Box::new(asked.run())), now());
            assert!(is_closed(&app) && app.overlay().is_none(), "{key}: an answer that nobody waits for opens nothing");
        }
    }

    #[test]
    fn an_answer_that_never_comes_is_told_and_nothing_waits_for_it() {
        let mut app = console(five());
        let number = press(&mut app, 'C').number;
        close_adele(&mut app);
        app.update(Msg::Computed(Box::new(Computed { number, answer: Answer::Broken("out of luck".to_owned()) })), now());
        assert!(is_closed(&app) && !app.is_computing(number));
        assert!(app.toasts().current().is_some_and(|toast| toast.text.contains("out of luck")));
    }

    #[test]
    fn nothing_is_shown_and_nothing_done_until_all_names_are_known() {
        let mut app = console(five());
        let asked = press(&mut app, 'X');
        assert!(app.is_covered() && app.mask().is_none());
        assert_eq!(keys(&mut app, "d enter j space"), []);
        assert!(app.overlay().is_none() && app.users().marks.is_empty() && app.users().scroll.at == 0);
        app.update(Msg::Computed(Box::new(asked.run())), now());
        assert!(!app.is_covered() && app.mask().is_some());
        keys(&mut app, "X X");
        assert!(!app.is_covered(), "what is known already is not learned again");
    }
}

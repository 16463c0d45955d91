//! Pacing: one request after another, as fast as the tenant allows and no faster.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::clock::Clock;

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    /// Remediation, and reading back what it did.
    Acting,
    /// Bringing the data up to date.
    Reading,
}

/// So many turns in a row go to remediation before reading, which waits meanwhile, gets one: a long job slows a sync down, but
/// does not stop it.
const ACTS_IN_A_ROW: u32 = 20;

/// Hands out turns at the tenant's rate. All callers of a workspace share one. A write does not wait behind a long sync.
#[derive(Debug)]
pub struct Pacer {
    every: Duration,
    clock: Clock,
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// Before this, nobody gets a turn.
    next: Option<Instant>,
    acting: usize,
    reading: usize,
    acts_in_a_row: u32,
}

enum Answer {
    Now,
    At(Instant),
    AfterOthers,
}

impl Pacer {
    /// Turns at so many requests a second; `None` without a limit.
    pub fn new(requests_per_second: Option<f64>, clock: Clock) -> Self {
        let every = requests_per_second.filter(|rate| *rate > 0.0).map_or(Duration::ZERO, |rate| Duration::from_secs_f64(1.0 / rate));
        Pacer { every: clock.real(every), clock, state: Mutex::default(), changed: Notify::new() }
    }

    /// Waits for the next turn. Whoever stops waiting takes none.
    pub async fn turn(&self, urgency: Urgency) {
        let _waiting = Waiting::new(self, urgency);
        loop {
            let changed = self.changed.notified();
            match self.ask(urgency) {
                Answer::Now => return,
                Answer::At(at) => tokio::select! {
                    () = tokio::time::sleep_until(at) => {}
                    () = changed => {}
                },
                Answer::AfterOthers => changed.await,
            }
        }
    }

    /// A request leaves now: the next turn is counted from here. What lies between a turn and its request (an intent has to be on the
    /// platter, a token may be renewed) takes longer for some than for others, and the tenant sees only when requests come.
    pub fn leaves(&self) {
        let next = Instant::now() + self.every;
        let mut state = self.lock();
        state.next = Some(state.next.map_or(next, |held| held.max(next)));
    }

    /// Nobody gets a turn for so long: the tenant asked to wait.
    pub fn put_off(&self, wait: Duration) {
        let until = Instant::now() + self.clock.real(wait);
        let mut state = self.lock();
        state.next = Some(state.next.map_or(until, |next| next.max(until)));
    }

    fn ask(&self, urgency: Urgency) -> Answer {
        let mut state = self.lock();
        let now = Instant::now();
        if let Some(next) = state.next.filter(|next| *next > now) {
            return Answer::At(next);
        }
        let reading_first = state.reading > 0 && state.acts_in_a_row >= ACTS_IN_A_ROW;
        match urgency {
            Urgency::Acting if reading_first => return Answer::AfterOthers,
            Urgency::Reading if state.acting > 0 && !reading_first => return Answer::AfterOthers,
            Urgency::Acting => state.acts_in_a_row += 1,
            Urgency::Reading => state.acts_in_a_row = 0,
        }
        state.next = Some(now + self.every);
        Answer::Now
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody who waits for a turn, and is counted as long as this lives.
struct Waiting<'a> {
    pacer: &'a Pacer,
    urgency: Urgency,
}

impl<'a> Waiting<'a> {
    fn new(pacer: &'a Pacer, urgency: Urgency) -> Self {
        *Self::count(&mut pacer.lock(), urgency) += 1;
        Waiting { pacer, urgency }
    }

    fn count(state: &mut State, urgency: Urgency) -> &mut usize {
        match urgency {
            Urgency::Acting => &mut state.acting,
            Urgency::Reading => &mut state.reading,
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut state = self.pacer.lock();
        let count = Self::count(&mut state, self.urgency);
        *count = count.saturating_sub(1);
        drop(state);
        self.pacer.changed.notify_waiters();
    }
}

/// Back-off where the tenant does not say how long to wait: 2 s, doubling, 60 s at most
/// (`reference/graph.md` section 4: risk endpoints send no `Retry-After`).
pub fn back_off(attempt: u32) -> Duration {
    Duration::from_secs(2u64.saturating_pow(attempt.clamp(1, 6)).min(60))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::domain::fixture;

    fn pacer(rate: f64) -> Pacer {
        Pacer::new(Some(rate), Clock::starting_at(fixture::now()))
    }

    #[tokio::test(start_paused = true)]
    async fn turns_come_at_the_tenants_rate() {
        let pacer = pacer(2.0);
        let start = Instant::now();
        for _ in 0..5 {
            pacer.turn(Urgency::Acting).await;
        }
        assert_eq!(start.elapsed().as_millis(), 2000);
    }

    #[tokio::test(start_paused = true)]
    async fn a_write_goes_before_reads_that_came_earlier_and_reads_are_not_starved() {
        let pacer = Arc::new(pacer(1.0));
        let order = Arc::new(Mutex::new(String::new()));
        pacer.turn(Urgency::Reading).await;
        let mut tasks = Vec::new();
        for (urgency, letter, turns) in [(Urgency::Reading, 'r', 3), (Urgency::Acting, 'a', 30)] {
            let (pacer, order) = (Arc::clone(&pacer), Arc::clone(&order));
            tasks.push(tokio::spawn(async move {
                for _ in 0..turns {
                    pacer.turn(urgency).await;
                    order.lock().unwrap().push(letter);
                }
            }));
            tokio::task::yield_now().await;
        }
        for task in tasks {
            task.await.unwrap();
        }
        let order = order.lock().unwrap().clone();
        assert_eq!(order, format!("{}r{}rr", "a".repeat(20), "a".repeat(10)));
    }

    #[tokio::test(start_paused = true)]
    async fn who_stops_waiting_holds_nobody_up() {
        let pacer = pacer(1.0);
        pacer.turn(Urgency::Reading).await;
        assert!(tokio::time::timeout(Duration::from_millis(10), pacer.turn(Urgency::Acting)).await.is_err());
        let start = Instant::now();
        pacer.turn(Urgency::Reading).await;
        assert!(start.elapsed() < Duration::from_secs(1));
    }

    #[tokio::test(start_paused = true)]
    async fn the_next_turn_is_counted_from_when_a_request_left() {
        let pacer = pacer(1.0);
        pacer.turn(Urgency::Acting).await;
        tokio::time::sleep(Duration::from_millis(300)).await; // the intent is written
        pacer.leaves();
        let left = Instant::now();
        pacer.turn(Urgency::Acting).await;
        assert_eq!(left.elapsed().as_millis(), 1000);
    }

    #[tokio::test(start_paused = true)]
    async fn what_the_tenant_puts_off_waits_for_everybody() {
        let pacer = pacer(1.0);
        pacer.put_off(Duration::from_secs(30));
        let start = Instant::now();
        pacer.turn(Urgency::Acting).await;
        assert_eq!(start.elapsed().as_secs(), 30);
    }

    #[test]
    fn back_off_doubles_up_to_a_minute() {
        let waits: Vec<u64> = (1..8).map(|attempt| back_off(attempt).as_secs()).collect();
        assert_eq!(waits, [2, 4, 8, 16, 32, 60, 60]);
    }
}

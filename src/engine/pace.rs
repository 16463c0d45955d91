//! Pacing: one request after another, as fast as the tenant allows and no faster.

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

/// Hands out turns at the tenant's rate. All callers of a workspace share one.
pub(super) struct Pacer {
    every: Duration,
    next: Mutex<Option<Instant>>,
}

impl Pacer {
    pub(super) fn new(requests_per_second: Option<f64>) -> Self {
        let every = requests_per_second.filter(|rate| *rate > 0.0).map_or(Duration::ZERO, |rate| Duration::from_secs_f64(1.0 / rate));
        Pacer { every, next: Mutex::new(None) }
    }

    /// Waits for the next turn.
    pub(super) async fn turn(&self) {
        let mut next = self.next.lock().await;
        if let Some(at) = *next {
            tokio::time::sleep_until(at).await;
        }
        *next = Some(Instant::now() + self.every);
    }

    /// How long this many requests take.
    pub(super) fn estimate(&self, requests: usize) -> u64 {
        self.every.mul_f64(requests as f64).as_secs_f64().ceil() as u64
    }
}

/// Back-off where the tenant does not say how long to wait: 2 s, doubling, 60 s at most
/// (`reference/graph.md` section 4: risk endpoints send no `Retry-After`).
pub(super) fn back_off(attempt: u32) -> Duration {
    Duration::from_secs(2u64.saturating_pow(attempt.clamp(1, 6)).min(60))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn turns_come_at_the_tenants_rate() {
        let pacer = Pacer::new(Some(2.0));
        let start = Instant::now();
        for _ in 0..5 {
            pacer.turn().await;
        }
        assert_eq!(start.elapsed().as_millis(), 2000);
        assert_eq!(pacer.estimate(5), 3);
    }

    #[test]
    fn back_off_doubles_up_to_a_minute() {
        let waits: Vec<u64> = (1..8).map(|attempt| back_off(attempt).as_secs()).collect();
        assert_eq!(waits, [2, 4, 8, 16, 32, 60, 60]);
    }
}

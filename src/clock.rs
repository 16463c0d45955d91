//! The clock, injected wherever time matters.

use std::time::Duration;

use chrono::Utc;
use tokio::time::Instant;

use crate::domain::time::Timestamp;

/// Tells the time and waits.
#[derive(Debug, Clone, Copy)]
pub struct Clock(Source);

#[derive(Debug, Clone, Copy)]
enum Source {
    System,
    Anchored { origin: Timestamp, since: Instant, speed: f64 },
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Clock(Source::System)
    }

    /// A clock that stands at `origin` now and goes on with tokio's time, which tests can pause: then it
    /// moves only while everything waits, and waiting takes no time.
    pub fn starting_at(origin: Timestamp) -> Self {
        Clock::sped_up(origin, 1.0)
    }

    /// A clock that stands at `origin` now and goes so many times faster than tokio's time, for measuring what would take hours.
    pub fn sped_up(origin: Timestamp, speed: f64) -> Self {
        Clock(Source::Anchored { origin, since: Instant::now(), speed })
    }

    /// How long this much of the clock's time takes.
    pub fn real(&self, duration: Duration) -> Duration {
        match self.0 {
            Source::System => duration,
            Source::Anchored { speed, .. } => duration.div_f64(speed),
        }
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        match self.0 {
            Source::System => Timestamp(Utc::now()),
            Source::Anchored { origin, since, speed } => Timestamp(origin.0 + since.elapsed().mul_f64(speed)),
        }
    }

    /// Waits.
    pub async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(self.real(duration)).await;
    }

    /// Waits until then; not at all where that is past.
    pub async fn sleep_until(&self, at: Timestamp) {
        let wait = (at.0 - self.now().0).to_std().unwrap_or_default();
        self.sleep(wait).await;
    }
}

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
    Anchored { origin: Timestamp, since: Instant },
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Clock(Source::System)
    }

    /// A clock that stands at `origin` now and goes on with tokio's time, which tests can pause: then it
    /// moves only while everything waits, and waiting takes no time.
    pub fn starting_at(origin: Timestamp) -> Self {
        Clock(Source::Anchored { origin, since: Instant::now() })
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        match self.0 {
            Source::System => Timestamp(Utc::now()),
            Source::Anchored { origin, since } => Timestamp(origin.0 + since.elapsed()),
        }
    }

    /// Waits.
    pub async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }

    /// Waits until then; not at all where that is past.
    pub async fn sleep_until(&self, at: Timestamp) {
        let wait = (at.0 - self.now().0).to_std().unwrap_or_default();
        self.sleep(wait).await;
    }
}

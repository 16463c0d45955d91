//! Calls that may never return.
//!
//! They run on threads of their own: tokio waits at exit for its blocking threads, and one that hangs would hang the program.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;

/// What the work gives, where that comes in time.
pub(super) async fn run<T: Send + 'static>(limit: Duration, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (sender, receiver) = oneshot::channel();
    let started = thread::Builder::new().spawn(move || drop(sender.send(work())));
    started.ok()?;
    tokio::time::timeout(limit, receiver).await.ok()?.ok()
}

/// The same for code that is not async.
pub(super) fn wait<T: Send + 'static>(limit: Duration, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (sender, receiver) = mpsc::channel();
    let started = thread::Builder::new().spawn(move || drop(sender.send(work())));
    started.ok()?;
    receiver.recv_timeout(limit).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_call_that_hangs_is_left_behind() {
        let limit = Duration::from_millis(1);
        assert_eq!(run(limit, || thread::park_timeout(Duration::from_secs(5))).await, None);
        assert_eq!(wait(limit, || thread::park_timeout(Duration::from_secs(5))), None);
        assert_eq!(run(Duration::from_secs(60), || 1).await, Some(1));
        assert_eq!(wait(Duration::from_secs(60), || 1), Some(1));
    }
}

//! Keeps a service's calls below the rate at which AWS starts to throttle.

use std::time::Duration;

use tokio::{sync::Mutex, time::Instant};

/// A bucket of `burst` calls that refills by one each `interval`.
#[derive(Debug)]
pub(super) struct Pace {
    interval: Duration,
    burst: u32,
    /// When the bucket would be full again.
    full_at: Mutex<Instant>,
}

impl Pace {
    pub(super) fn new(burst: u32, interval: Duration) -> Self {
        Self {
            interval,
            burst,
            full_at: Mutex::new(Instant::now()),
        }
    }

    /// Waits for this call's turn.
    pub(super) async fn turn(&self) {
        let starts = {
            let mut full_at = self.full_at.lock().await;
            let now = Instant::now();
            *full_at = (*full_at).max(now) + self.interval;
            *full_at - self.interval * self.burst
        };
        tokio::time::sleep_until(starts).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_burst_is_free_and_then_the_rate_holds() {
        let pace = Pace::new(3, Duration::from_millis(40));
        let start = Instant::now();
        for _ in 0..3 {
            pace.turn().await;
        }
        assert!(start.elapsed() < Duration::from_millis(35));
        for _ in 0..2 {
            pace.turn().await;
        }
        assert!(start.elapsed() >= Duration::from_millis(60));
    }
}

//! Timeouts that are safe, in seconds: what a rule's fix names, and what the timeout chain names for the
//! same setting. Both take the number from here, so that they never differ.

use crate::evidence::target_groups::HealthCheck;

/// A hop that has to wait longer than another one should do so by this much: clocks and timers of both
/// sides tick coarsely. [I]
const MARGIN: u64 = 5;

/// AWS allows 1 to 4,000 s of idle timeout. [V] SDK
const IDLE_TIMEOUTS: (u64, u64) = (1, 4_000);

/// AWS allows up to 3,600 s of deregistration delay [V] SDK; less than a minute is not worth the
/// trouble of a change. [I]
const DEREGISTRATION_DELAYS: (u64, u64) = (60, 3_600);

/// AWS's own deregistration delay: what is advised where nothing tells how long requests take. [V] SDK
const USUAL_DEREGISTRATION_DELAY: u64 = 300;

/// Lambda allows 1 to 900 s. [V] "Configure Lambda function timeout"
const FUNCTION_TIMEOUTS: (u64, u64) = (1, 900);

/// On Fargate ECS allows no longer stop timeout. [V] SDK, ContainerDefinition
pub(crate) const LONGEST_ON_FARGATE: u64 = 120;

/// How a health check may notice a dead target soon without asking much of the living.
pub(crate) const HEALTH_CHECK_INTERVAL: u32 = 10;
pub(crate) const HEALTH_CHECK_TIMEOUT: u32 = 5;
pub(crate) const UNHEALTHY_THRESHOLD: u32 = 2;

/// A target's keep-alive, so that the load balancer is always the first to close.
pub(crate) fn keep_alive(idle_timeout: u64) -> u64 {
    idle_timeout.saturating_add(MARGIN)
}

/// An idle timeout for answers that this one cuts: how long they would have taken nobody saw, so twice
/// as much, within AWS's bounds.
pub(crate) fn idle_timeout_above(cuts_at: u64) -> u64 {
    let (least, most) = IDLE_TIMEOUTS;
    cuts_at.saturating_mul(2).clamp(least, most)
}

/// An idle timeout that outlasts an invocation of so many seconds, as far as AWS lets it.
pub(crate) fn idle_timeout_beyond(seconds: u64) -> u64 {
    seconds.saturating_add(MARGIN).min(IDLE_TIMEOUTS.1)
}

/// A deregistration delay for requests of so many milliseconds: the next may take longer, so twice as
/// much, within AWS's bounds.
pub(crate) fn deregistration_delay(longest: Option<u64>) -> u64 {
    let (least, most) = DEREGISTRATION_DELAYS;
    longest.map_or(USUAL_DEREGISTRATION_DELAY, |longest| {
        (longest / 500).clamp(least, most)
    })
}

/// A stop timeout for tasks that get SIGTERM before their drain is over.
pub(crate) fn stop_timeout(deregistration_delay: u64) -> u64 {
    deregistration_delay.saturating_add(MARGIN)
}

/// How long health checks with these settings take at most until they call a dead target unhealthy.
pub(crate) fn detection() -> u64 {
    HealthCheck {
        interval: HEALTH_CHECK_INTERVAL,
        timeout: HEALTH_CHECK_TIMEOUT,
        unhealthy_threshold: UNHEALTHY_THRESHOLD,
        ..HealthCheck::default()
    }
    .detection()
}

/// A timeout for a function that reaches its own: as much again, within what Lambda takes.
pub(crate) fn function_timeout(reached: u64) -> u64 {
    let (least, most) = FUNCTION_TIMEOUTS;
    reached.saturating_mul(2).clamp(least, most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stay_within_what_aws_takes() {
        assert_eq!(idle_timeout_above(60), 120);
        assert_eq!(idle_timeout_above(3_000), 4_000);
        assert_eq!(deregistration_delay(Some(400_000)), 800);
        assert_eq!(deregistration_delay(Some(400)), 60);
        assert_eq!(deregistration_delay(Some(u64::MAX)), 3_600);
        assert_eq!(function_timeout(600), 900);
        assert_eq!(function_timeout(0), 1);
        assert_eq!(detection(), 25);
    }
}

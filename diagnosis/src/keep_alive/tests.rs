//! Made-up logs: whatever the timeout, the traffic and what else breaks, the right second is named, or
//! none is.

mod few;
mod kinds;

use chrono::TimeDelta;

use super::*;
use crate::{
    evidence::{AccessLog, Change, Evidence},
    fixture::*,
    observed::Observed,
};

/// Reproducible chance (xorshift).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Waiting time until the next of events that come `rate` times a second.
    fn wait(&mut self, rate: f64) -> f64 {
        -(1.0 - self.next()).ln() / rate
    }
}

/// One made-up hour.
#[derive(Clone, Copy, Debug)]
struct World {
    /// Seconds; none where nothing but crashes breaks connections.
    timeouts: &'static [f64],
    /// How much later than its timeout a server may close, seconds.
    jitter: f64,
    targets: u8,
    /// Answers a second of one target.
    rate: f64,
    /// Requests lost to the timer.
    lost: u32,
    /// Requests lost to crashes, at any moment.
    crashes: u32,
    /// Requests lost while a target is stopped by a deploy.
    deploy: u32,
    idle_timeout: u32,
}

const QUIET: World = World {
    timeouts: &[5.0],
    jitter: 0.01,
    targets: 3,
    rate: 0.02,
    lost: 40,
    crashes: 0,
    deploy: 0,
    idle_timeout: 60,
};

fn evidence(world: World, seed: u64) -> Evidence {
    let mut chance = Chance(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    for _ in 0..8 {
        chance.next();
    }
    let mut evidence = healthy();
    let mut rows = Vec::new();
    let row = |at: f64, target: u8, gap: f64| {
        let mut row = hung_up("10:00:00", target, 0.001);
        row.time += TimeDelta::milliseconds((at * 1000.0) as i64);
        row.idle_ms = Some((gap * 1000.0) as u64);
        row
    };
    for n in 0..world.lost {
        let target = 1 + u8::try_from(n % u32::from(world.targets)).unwrap();
        let timeout = world.timeouts[usize::from(target) % world.timeouts.len()];
        if timeout > f64::from(world.idle_timeout) {
            // The load balancer closes first.
            continue;
        }
        // Of all connections to the target, the one that was answered last is what can be read.
        let gap = (timeout + chance.next() * world.jitter).min(chance.wait(world.rate));
        rows.push(row(chance.next() * 3599.0, target, gap));
    }
    for n in 0..world.crashes {
        let target = 1 + u8::try_from(n % u32::from(world.targets)).unwrap();
        let gap = chance.wait(world.rate);
        rows.push(row(chance.next() * 3599.0, target, gap));
    }
    for _ in 0..world.deploy {
        let gap = 4.0 + chance.next() * 0.2;
        rows.push(row(1800.0 + chance.next() * 30.0, 1, gap));
    }
    if world.deploy > 0 {
        evidence.cloudtrail = seen(vec![Change {
            at: at("10:30:10"),
            name: "DeregisterTargets".to_owned(),
            who: "deployer".to_owned(),
            resources: vec!["i-1".to_owned()],
            summary: String::new(),
            error: None,
        }]);
    }
    rows.sort_by_key(|row| row.time);
    if let Observed::Seen { value, .. } = &mut evidence.attributes {
        value.idle_timeout = world.idle_timeout;
    }
    if let Observed::Seen { value, .. } = &mut evidence.access_log {
        let requests = (world.rate * 3600.0) as u64;
        for counts in &mut value.targets {
            (counts.requests, counts.answered) = (requests, requests);
        }
        *value = AccessLog {
            rows,
            ..value.clone()
        };
    }
    evidence
}

/// The estimates in milliseconds, all groups together.
fn estimates(evidence: &Evidence) -> Vec<Estimate> {
    let case = Case::new(evidence);
    publish(&case)
        .into_iter()
        .flat_map(|group| group.estimates)
        .collect()
}

/// Each estimate is one of the timeouts, to half a second or the jitter.
fn assert_right(world: World, seed: u64) -> usize {
    let found = estimates(&evidence(world, seed));
    for estimate in &found {
        let allowed = 500.0_f64.max(world.jitter * 1000.0) as u64;
        let right = world.timeouts.iter().any(|timeout| {
            ((timeout * 1000.0) as u64).abs_diff(estimate.milliseconds) <= allowed
                && *timeout <= f64::from(world.idle_timeout)
        });
        assert!(right, "{world:?} with seed {seed}: {estimate:?}");
    }
    found.len()
}

const TIMEOUTS: [&[f64]; 8] = [
    &[2.0],
    &[5.0],
    &[10.0],
    &[20.0],
    &[30.0],
    &[60.0],
    &[75.0],
    &[300.0],
];
const IDLE_TIMEOUTS: [u32; 6] = [15, 60, 65, 120, 350, 4000];

#[test]
fn quiet_targets_tell_the_very_second() {
    for timeouts in TIMEOUTS {
        for idle_timeout in IDLE_TIMEOUTS {
            for jitter in [0.0, 0.01, 0.2] {
                for lost in [12, 40, 400] {
                    let world = World {
                        timeouts,
                        idle_timeout,
                        jitter,
                        lost,
                        rate: 0.1 / timeouts[0],
                        ..QUIET
                    };
                    let found = estimates(&evidence(world, u64::from(lost)));
                    if timeouts[0] > f64::from(idle_timeout) {
                        assert_eq!(found, [], "{world:?}");
                        continue;
                    }
                    assert_eq!(found.len(), 1, "{world:?}");
                    assert_eq!(
                        found[0].milliseconds,
                        (timeouts[0] * 1000.0) as u64,
                        "{world:?}"
                    );
                }
            }
        }
    }
}

#[test]
fn whatever_the_traffic_the_second_is_right_or_not_told() {
    let mut seed = 0;
    let (mut told, mut all) = (0, 0);
    for timeouts in TIMEOUTS {
        for rate in [0.01, 0.05, 0.2, 0.5, 1.0, 3.0, 20.0] {
            for jitter in [0.0, 0.3, 1.0] {
                for (lost, crashes, deploy) in [
                    (3, 0, 0),
                    (8, 2, 0),
                    (25, 5, 20),
                    (100, 0, 60),
                    (100, 60, 0),
                    (1000, 300, 100),
                ] {
                    for idle_timeout in [60, 350] {
                        seed += 1;
                        let world = World {
                            timeouts,
                            jitter,
                            rate,
                            lost,
                            crashes,
                            deploy,
                            idle_timeout,
                            ..QUIET
                        };
                        let found = assert_right(world, seed).min(1);
                        // Can it be told? Whole gaps, a sharp timer, little else.
                        let whole_gaps = (-rate * timeouts[0]).exp() > 0.4;
                        let sharp = jitter < 0.5 && lost > 2 * crashes && lost >= 25;
                        if whole_gaps && sharp && timeouts[0] <= f64::from(idle_timeout) {
                            all += 1;
                            told += found;
                        }
                    }
                }
            }
        }
    }
    // Not by silence.
    assert!(all > 100 && told * 100 >= all * 95, "{told} of {all}");
}

#[test]
fn without_a_timer_none_is_found() {
    for seed in 1..=800 {
        let mut chance = Chance(seed);
        let rates = [0.02, 0.1, 0.3, 0.7, 1.0, 2.0, 5.0, 20.0];
        let world = World {
            timeouts: &[],
            lost: 0,
            crashes: [6, 20, 60, 200, 1000][(chance.next() * 5.0) as usize],
            rate: rates[seed as usize % rates.len()],
            idle_timeout: [15, 60, 900, 4000][seed as usize % 4],
            ..QUIET
        };
        assert_right(world, seed);
    }
}

#[test]
fn a_deploy_alone_is_no_timer() {
    let world = World {
        lost: 0,
        deploy: 80,
        ..QUIET
    };
    let evidence = evidence(world, 3);
    assert_eq!(estimates(&evidence), []);
    let because = &publish(&Case::new(&evidence))[0].because;
    assert!(because.contains("stopped or removed"), "{because}");
}

#[test]
fn it_says_the_safe_setting_of_both_sides_and_what_blurs() {
    let told = &publish(&Case::new(&evidence(QUIET, 1)))[0];
    assert_eq!(told.estimates[0].sureness, Sureness::Sure);
    assert_eq!(told.estimates[0].servers[0].name, "Node.js http");
    assert_eq!(told.safe_target_seconds, Some(65));
    assert_eq!(told.safe_idle_timeout_seconds, Some(4));
    assert!(told.because.contains("closes idle connections after 5 s"));
    assert!(told.blurred_by[0].contains("does not name the connection"));
}

#[test]
fn answers_slower_than_the_keep_alive_leave_only_the_servers_side() {
    let mut evidence = evidence(QUIET, 1);
    if let Observed::Seen { value, .. } = &mut evidence.access_log {
        value.targets[0].max_seconds = 7.2;
    }
    let told = &publish(&Case::new(&evidence))[0];
    assert_eq!(told.safe_idle_timeout_seconds, None);
}

#[test]
fn without_a_log_only_an_answer_tells() {
    let mut evidence = healthy();
    evidence.access_log = denied("s3:GetObject");
    evidence.answers.insert(
        question::TARGET_KEEP_ALIVE_SECONDS.to_owned(),
        " 65 s".to_owned(),
    );
    let told = &publish(&Case::new(&evidence))[0];
    assert_eq!(told.answered_seconds, Some(65));
    assert_eq!(told.estimates, []);
    assert!(
        told.because.contains("The load balancer hangs up first"),
        "{}",
        told.because
    );
}

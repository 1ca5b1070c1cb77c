//! Three to ten losses in all: what is said is right, and never sure.

use super::*;

/// Three losses in the hour.
const SELDOM: World = World {
    lost: 3,
    rate: 0.02,
    ..QUIET
};

#[test]
fn three_gaps_that_agree_are_likely_and_never_sure() {
    for timeouts in TIMEOUTS.into_iter().filter(|timeouts| timeouts[0] < 340.0) {
        for lost in 3..=10 {
            let world = World {
                timeouts,
                lost,
                rate: 0.05 / timeouts[0],
                idle_timeout: 350,
                ..QUIET
            };
            // Some are lost within a minute of each other, or cut short.
            let told: Vec<Estimate> = (1..=20)
                .flat_map(|seed| estimates(&evidence(world, seed)))
                .collect();
            assert!(told.len() >= 14, "{} of 20: {world:?}", told.len());
            for estimate in told {
                assert_eq!(estimate.sureness, Sureness::Likely, "{world:?}");
                assert_eq!(estimate.milliseconds, (timeouts[0] * 1000.0) as u64);
            }
        }
    }
}

/// Once in some hundred logs chance lays three gaps so close; more often would be a guess.
#[test]
fn few_losses_without_a_timer_are_hardly_ever_called_one() {
    let mut logs = 0;
    let mut wrong = 0;
    for rate in [0.002, 0.01, 0.05, 0.2, 1.0, 5.0] {
        for crashes in 3..=12 {
            for seed in 1..=50 {
                let world = World {
                    timeouts: &[],
                    lost: 0,
                    crashes,
                    rate,
                    idle_timeout: 400,
                    ..QUIET
                };
                logs += 1;
                wrong += estimates(&evidence(world, seed)).len().min(1);
            }
        }
    }
    assert!(wrong * 500 <= logs, "{wrong} of {logs}");
}

#[test]
fn two_gaps_are_too_few() {
    let world = World { lost: 2, ..SELDOM };
    for seed in 1..=20 {
        let evidence = evidence(world, seed);
        assert_eq!(estimates(&evidence), [], "{seed}");
        assert!(traces(&Case::new(&evidence))[0].hint.is_none(), "{seed}");
    }
}

/// Three lost at these moments after these gaps, seconds.
fn three(gaps: [f64; 3]) -> Evidence {
    let mut evidence = evidence(SELDOM, 1);
    let clocks = ["10:05:00", "10:22:17", "10:51:41"];
    let rows = clocks.iter().zip(gaps).zip(1..).map(|((clock, gap), n)| {
        let mut row = hung_up(clock, n, 0.001);
        row.idle_ms = Some((gap * 1000.0) as u64);
        row
    });
    let rows = rows.collect();
    if let Observed::Seen { value, .. } = &mut evidence.access_log {
        value.rows = rows;
    }
    evidence
}

#[test]
fn gaps_that_agree_loosely_are_only_a_hint() {
    let evidence = three([7.0, 7.2, 7.3]);
    let trace = &traces(&Case::new(&evidence))[0];
    assert!(trace.timers.is_empty());
    assert_eq!(trace.hint.as_ref().unwrap().rows, 3);
    let told = &publish(&Case::new(&evidence))[0];
    assert_eq!(told.estimates, []);
    assert!(
        told.because.contains("3 of them 7 s to 7.30 s after"),
        "{}",
        told.because
    );
}

#[test]
fn a_default_or_a_name_lifts_what_chance_could_do() {
    // So loose that it takes a server's default beside it.
    assert_eq!(estimates(&three([5.0, 5.1, 5.15])).len(), 1);
    assert_eq!(estimates(&three([7.0, 7.1, 7.2])), []);
    let mut named = three([7.0, 7.1, 7.2]);
    named.answers.insert(
        question::TARGET_KEEP_ALIVE_SECONDS.to_owned(),
        "7".to_owned(),
    );
    assert_eq!(estimates(&named).len(), 1);
}

#[test]
fn one_longer_gap_among_few_speaks_against_a_timer() {
    let mut evidence = three([5.0, 5.001, 5.002]);
    if let Observed::Seen { value, .. } = &mut evidence.access_log {
        for (clock, gap) in [("10:55:00", 31_000), ("10:57:00", 44_000)] {
            let mut row = hung_up(clock, 1, 0.001);
            row.idle_ms = Some(gap);
            value.rows.push(row);
        }
    }
    assert_eq!(estimates(&evidence), []);
}

#[test]
fn rows_that_come_by_the_clock_are_only_a_hint() {
    let mut evidence = three([5.0, 5.001, 5.002]);
    if let Observed::Seen { value, .. } = &mut evidence.access_log {
        for (row, clock) in value
            .rows
            .iter_mut()
            .zip(["10:05:59", "10:22:00", "10:51:00"])
        {
            row.time = at(clock);
        }
    }
    assert_eq!(estimates(&evidence), []);
}

#[test]
fn a_monitor_that_asks_at_that_interval_leaves_few_equal_gaps_too() {
    let mut evidence = three([5.0, 5.001, 5.002]);
    if let Observed::Seen { value, .. } = &mut evidence.access_log {
        for counts in &mut value.targets {
            // Every 5.5 s on average: a monitor every 5 s would be among them.
            counts.requests = 655;
        }
    }
    assert_eq!(estimates(&evidence), []);
    assert!(traces(&Case::new(&evidence))[0].hint.is_some());
}

//! Servers of different kinds behind one target group.

use super::*;

fn milliseconds(evidence: &Evidence) -> Vec<u64> {
    let mut found: Vec<u64> = estimates(evidence)
        .iter()
        .map(|estimate| estimate.milliseconds)
        .collect();
    found.sort_unstable();
    found
}

const CANARY: World = World {
    timeouts: &[5.0, 20.0],
    targets: 2,
    lost: 60,
    rate: 0.005,
    ..QUIET
};

#[test]
fn two_kinds_of_server_behind_one_group_are_told_apart() {
    assert_eq!(milliseconds(&evidence(CANARY, 7)), [5_000, 20_000]);
}

/// Whatever the two, and however many are lost: both are named, or none; never one for both.
#[test]
fn two_kinds_that_share_the_losses_are_never_read_as_one() {
    let pairs: [&[f64]; 6] = [
        &[5.0, 75.0],
        &[2.0, 5.0],
        &[5.0, 20.0],
        &[20.0, 60.0],
        &[10.0, 75.0],
        &[5.0, 6.0],
    ];
    let (mut both, mut all) = (0, 0);
    for timeouts in pairs {
        for lost in [16, 24, 40, 80, 200] {
            for rate in [0.0005, 0.002, 0.01] {
                for seed in 1..=4 {
                    let world = World {
                        timeouts,
                        lost,
                        rate,
                        idle_timeout: 120,
                        ..CANARY
                    };
                    let evidence = evidence(world, seed);
                    let wanted: Vec<u64> =
                        timeouts.iter().map(|one| (one * 1000.0) as u64).collect();
                    let found = milliseconds(&evidence);
                    let trace = &traces(&Case::new(&evidence))[0];
                    let says_so = found.len() == 1 && !trace.unlike.is_empty();
                    all += 1;
                    both += usize::from(found == wanted);
                    assert!(
                        found == wanted || found.is_empty() || says_so,
                        "{found:?} in {world:?} with seed {seed}"
                    );
                }
            }
        }
    }
    assert!(both * 100 >= all * 85, "{both} of {all}");
}

/// The server was exchanged for another kind in the middle of the window: same targets, two timers.
#[test]
fn two_kinds_one_after_the_other_on_the_same_targets_are_both_named() {
    let mut evidence = evidence(
        World {
            timeouts: &[5.0],
            ..CANARY
        },
        7,
    );
    if let Observed::Seen { value, .. } = &mut evidence.access_log {
        let half = value.rows.len() / 2;
        for row in &mut value.rows[half..] {
            row.idle_ms = row.idle_ms.map(|gap| gap + 15_000);
        }
    }
    assert_eq!(milliseconds(&evidence), [5_000, 20_000]);
    // Neither is nearly all that the rows show.
    let told = estimates(&evidence);
    assert!(told.iter().all(|one| one.sureness == Sureness::Likely));
}

#[test]
fn a_few_losses_of_another_kind_are_told_beside_the_timer() {
    let mut evidence = evidence(
        World {
            timeouts: &[5.0],
            targets: 2,
            ..QUIET
        },
        3,
    );
    if let Observed::Seen { value, .. } = &mut evidence.access_log {
        for (clock, gap) in [
            ("10:11:00", 21_000),
            ("10:22:00", 33_000),
            ("10:33:00", 9_000),
        ] {
            let mut row = hung_up(clock, 3, 0.001);
            row.idle_ms = Some(gap);
            value.rows.push(row);
        }
    }
    assert_eq!(milliseconds(&evidence), [5_000]);
    let case = Case::new(&evidence);
    let trace = &traces(&case)[0];
    assert_eq!(trace.unlike.len(), 3);
    let blurred = &trace.timers[0].blurred;
    assert!(trace.unlike.iter().all(|place| !blurred.contains(place)));
    let told = &publish(&case)[0];
    let is_told = |words: &String| words.contains("perhaps servers of another kind");
    assert!(told.blurred_by.iter().any(is_told), "{told:?}");
}

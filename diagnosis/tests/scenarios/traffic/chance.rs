//! Chance that falls the same way on every run: a scenario is the same incident each time.

use super::End;

/// From 0 to 1, evenly, by the line's place, the request's turn and what it is asked for.
pub(super) fn of(what: [usize; 3]) -> f64 {
    let mut state: u64 = 0x9e37_79b9_7f4a_7c15;
    for part in what {
        state = (state ^ part as u64).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        state ^= state >> 31;
    }
    f64::from(u32::try_from(state >> 32).unwrap()) / f64::from(u32::MAX)
}

/// The end that lies `share` of the way from the soonest to the latest.
pub(super) fn between(ends: [End; 2], share: f64) -> End {
    let mix = |low: f64, high: f64| low + (high - low) * share;
    match ends {
        [
            End::Answered {
                status,
                seconds: low,
            },
            End::Answered { seconds: high, .. },
        ] => End::Answered {
            status,
            seconds: mix(low, high),
        },
        [
            End::LostAfterIdle {
                seconds: low,
                lost_in: soon,
            },
            End::LostAfterIdle {
                seconds: high,
                lost_in: late,
            },
        ] => End::LostAfterIdle {
            seconds: mix(low, high),
            lost_in: mix(soon, late),
        },
        [End::HungUp { seconds: low }, End::HungUp { seconds: high }] => End::HungUp {
            seconds: mix(low, high),
        },
        [
            End::NoAnswer { seconds: low },
            End::NoAnswer { seconds: high },
        ] => End::NoAnswer {
            seconds: mix(low, high),
        },
        [
            End::Code {
                status,
                seconds: low,
            },
            End::Code { seconds: high, .. },
        ] => End::Code {
            status,
            seconds: mix(low, high),
        },
        [
            End::TurnedAway {
                status,
                seconds: low,
            },
            End::TurnedAway { seconds: high, .. },
        ] => End::TurnedAway {
            status,
            seconds: mix(low, high),
        },
        [end, _] => end,
    }
}

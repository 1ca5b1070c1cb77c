use super::*;

const REQUESTS: u64 = 1_000;

fn at(minute: i64) -> DateTime<Utc> {
    "2026-11-22T10:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::minutes(minute)
}

fn window(from: i64, to: i64) -> Window {
    Window {
        from: at(from),
        to: at(to),
    }
}

/// An hour before a fix at 11:00, watched from then on.
fn begun() -> Watch {
    begin(
        1,
        WatchCounter::LoadBalancer502,
        window(0, 60),
        at(60),
        at(60),
        120,
    )
}

fn minutes(from: i64, to: i64, errors: impl Fn(i64) -> u64) -> Vec<Minute> {
    (from..to)
        .map(|minute| Minute {
            at: at(minute),
            requests: REQUESTS,
            errors: errors(minute),
            others: 0,
        })
        .collect()
}

/// What the watch says when it is asked every minute until it ends.
fn watched(mut watch: Watch, counted: &[Minute]) -> Watch {
    for minute in 60..=190 {
        let now = at(minute);
        watch = match stretches(&watch, now) {
            Some(stretches) => count(watch, stretches, counted, now),
            None => wait(watch, None, now),
        };
        if watch.state != WatchState::Watching {
            return watch;
        }
    }
    panic!("it does not end: {watch:#?}")
}

/// A chain of numbers that look random, the same on every machine (splitmix64).
struct Chance(u64);

impl Chance {
    /// From 0 up to 1.
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((bits ^ (bits >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A count with this mean (Poisson, Knuth's way).
    fn count(&mut self, mean: f64) -> u64 {
        let least = (-mean).exp();
        let (mut n, mut product) = (0, self.next());
        while product > least {
            n += 1;
            product *= self.next();
        }
        n
    }
}

/// How many of so many watches end in each state, where the rate since the fix is `ratio` times what it was.
/// Errors come in bursts of `burst` within a minute.
fn simulated(seed: u64, times: u32, per_minute: f64, burst: u64, ratio: f64) -> (u32, u32) {
    let mut chance = Chance(seed);
    let (mut fixed, mut not_fixed) = (0, 0);
    for _ in 0..times {
        let counted: Vec<Minute> = minutes(0, 190, |_| 0)
            .into_iter()
            .map(|minute| {
                let rate = if minute.at < at(60) { 1.0 } else { ratio };
                let bursts = chance.count(rate * per_minute / burst as f64);
                Minute {
                    errors: bursts * burst,
                    ..minute
                }
            })
            .collect();
        match watched(begun(), &counted).state {
            WatchState::Fixed => fixed += 1,
            WatchState::NotFixed => not_fixed += 1,
            _ => {}
        }
    }
    (fixed, not_fixed)
}

#[test]
fn what_is_not_fixed_is_called_fixed_in_less_than_one_of_a_hundred() {
    const TIMES: u32 = 1_000;
    for (seed, ratio) in [(1, 1.0), (2, 0.6)] {
        for (more, per_minute) in [(10, 0.05), (20, 0.3), (30, 2.0), (40, 10.0)] {
            for burst in [1, 20] {
                let (fixed, _) = simulated(seed + more + burst, TIMES, per_minute, burst, ratio);
                assert!(
                    fixed * 100 < TIMES,
                    "{fixed} of {TIMES} fixed at {ratio} of {per_minute} a minute, {burst} at once"
                );
            }
        }
    }
}

#[test]
fn what_is_fixed_is_called_not_fixed_in_less_than_one_of_a_hundred() {
    const TIMES: u32 = 1_000;
    for (seed, per_minute) in [(5, 0.3), (6, 2.0), (7, 10.0)] {
        let (_, not_fixed) = simulated(seed, TIMES, per_minute, 1, 0.1);
        assert!(
            not_fixed * 100 < TIMES,
            "{not_fixed} of {TIMES} at {per_minute} a minute"
        );
    }
}

#[test]
fn a_fix_and_its_absence_are_seen_where_there_is_enough_traffic() {
    for (seed, per_minute) in [(8, 2.0), (9, 10.0)] {
        let (fixed, _) = simulated(seed, 300, per_minute, 1, 0.0);
        assert_eq!(fixed, 300, "{per_minute} a minute");
        let (_, not_fixed) = simulated(seed, 300, per_minute, 1, 1.0);
        assert!(not_fixed > 290, "{not_fixed} at {per_minute} a minute");
    }
}

#[test]
fn one_burst_is_one_witness() {
    let once = |minute: i64| if minute == 30 { 400 } else { 0 };
    let counted = minutes(0, 190, once);
    let watch = watched(begun(), &counted);
    assert_eq!(watch.state, WatchState::NotEnoughTraffic);
    assert!(watch.needed > Some(300 * 60_000), "{watch:#?}");
    assert!(
        watch
            .in_words
            .starts_with("Not enough traffic until 13:00:00"),
        "{}",
        watch.in_words
    );
    assert!(
        watch.why_needed.contains("came in bursts"),
        "{}",
        watch.why_needed
    );
}

#[test]
fn it_says_how_much_traffic_it_needs_and_why() {
    let every = |minute: i64| if minute < 60 && minute % 6 == 0 { 1 } else { 0 };
    let counted = minutes(0, 190, every);
    let now = at(70);
    let watch = count(begun(), stretches(&begun(), now).unwrap(), &counted, now);
    // 2 × 60,000 × (200^(1/10) − 1)
    assert_eq!(watch.needed, Some(83_838));
    assert_eq!(
        watch.why_needed,
        "Before the fix 10 502s of the load balancer in 60,000 requests (0.01 %). Were the rate still half of that, \
         83,838 requests without a single one would come by chance in fewer than 1 of 200 cases; with fewer requests \
         nothing can be said."
    );
    assert_eq!(
        watch.in_words,
        "Before the fix 10 502s of the load balancer in 60,000 requests (0.01 %), since the fix 0 502s of the load \
         balancer in 5,000 requests. The first look is taken at 83,838 requests."
    );
    let fixed = watched(begun(), &counted);
    assert_eq!((fixed.state, fixed.looks.len()), (WatchState::Fixed, 1));
    assert_eq!(fixed.since.map(|since| since.requests), Some(84_000));
}

#[test]
fn looks_are_taken_at_doublings_and_spend_less_each_time() {
    // Down to a third: above a tenth, yet never below half beyond doubt at first.
    let third = |minute: i64| match minute {
        ..60 => 1,
        _ => u64::from(minute % 8 == 0),
    };
    let watch = watched(begun(), &minutes(0, 190, third));
    let at: Vec<u64> = watch.looks.iter().map(|look| look.since.requests).collect();
    let needed = watch.needed.unwrap();
    for (place, requests) in at.iter().enumerate() {
        let doubling = needed.max(5_000) * (1 << place);
        assert!(
            (doubling..doubling + 5 * REQUESTS).contains(requests),
            "{at:?} of {needed}"
        );
    }
    let levels: Vec<f64> = watch.looks.iter().map(|look| look.level).collect();
    let expected = [0.005, 0.01 / 6.0, 0.01 / 12.0, 0.01 / 20.0];
    for (level, expected) in levels.iter().zip(expected) {
        assert!((level - expected).abs() < 1e-12, "{levels:?}");
    }
    assert!(levels.len() > 1);
    assert_eq!(watch.state, WatchState::NotEnoughTraffic);
    assert!(
        watch.in_words.starts_with("Undecided"),
        "{}",
        watch.in_words
    );
}

#[test]
fn the_newest_minutes_are_not_counted() {
    assert_eq!(
        stretches(&begun(), at(65)),
        None,
        "no minute since the fix is known yet"
    );
    let (before, since) = stretches(&begun(), at(70)).unwrap();
    assert_eq!((before, since), (window(0, 60), window(60, 65)));
    // Nor those after it had to end, however late it is asked.
    let (_, since) = stretches(&begun(), at(600)).unwrap();
    assert_eq!(since.to, at(180));
    // A fix in the middle of a minute: that minute is on neither side.
    let fixed_at = at(60) + TimeDelta::seconds(20);
    let watch = begin(
        1,
        WatchCounter::LoadBalancer502,
        window(0, 90),
        fixed_at,
        at(61),
        120,
    );
    assert_eq!(
        stretches(&watch, at(80)),
        Some((window(0, 60), window(61, 75)))
    );
}

#[test]
fn what_cannot_be_counted_is_never_fixed() {
    let mut watch = begun();
    for minute in 60..180 {
        watch = wait(
            watch,
            Some("IAM denies cloudwatch:GetMetricData".to_owned()),
            at(minute),
        );
        assert_eq!(watch.state, WatchState::Watching);
        assert!(watch.trouble.is_some());
    }
    let ended = wait(watch, Some("throttled".to_owned()), at(180));
    assert_eq!(ended.state, WatchState::NotEnoughTraffic);
    assert_eq!(ended.ended_at, Some(at(180)));
    assert!(ended.in_words.contains("no count"), "{}", ended.in_words);
}

#[test]
fn nothing_before_is_nothing_to_compare_with() {
    let watch = watched(begun(), &minutes(0, 190, |_| 0));
    assert_eq!(watch.state, WatchState::NothingBefore);
    let no_requests = watched(begun(), &[]);
    assert_eq!(no_requests.state, WatchState::NothingBefore);
}

#[test]
fn what_has_ended_stays_as_it_is() {
    let stopped = stop(begun(), at(61));
    assert_eq!(stopped.state, WatchState::Stopped);
    let counted = minutes(0, 190, |_| 5);
    let later = count(
        stopped.clone(),
        (window(0, 60), window(60, 90)),
        &counted,
        at(100),
    );
    assert_eq!(later, stopped);
    assert_eq!(wait(stopped.clone(), None, at(500)), stopped);
}

#[test]
fn counts_of_any_size_end_in_words() {
    let huge = |_: i64| u64::MAX;
    let counted: Vec<Minute> = minutes(0, 190, huge)
        .into_iter()
        .map(|minute| Minute {
            requests: u64::MAX,
            ..minute
        })
        .collect();
    let watch = watched(begun(), &counted);
    assert!(!watch.in_words.is_empty());
}

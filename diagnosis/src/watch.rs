//! Did the fix help? The rate of errors since the fix, held against the rate before it.
//!
//! The test is the exact conditional one of two Poisson rates (Przyborowski and Wilenski, 1940): of all
//! errors before and since, those since are binomial, with a share that follows from the requests on both
//! sides and the ratio of the rates. `fixed` takes a ratio below 1/2 at the level, and an observed rate of at
//! most a tenth; `not_fixed` a ratio above 1/10 at the level, and three errors.
//!
//! The level is 1 % for either. To look again and again would inflate it: there is a look when the requests
//! since the fix have reached what zero errors would need, and at each doubling, and the k-th look spends
//! 0.01 / (k (k + 1)), which sums to 0.01 however many there are. When a look is taken depends on requests
//! alone, never on errors.
//!
//! Errors come in bursts, and the test takes them as independent. So all counts are divided by how the
//! errors before bunch from minute to minute (Pearson's dispersion, at least 1): of one burst of a thousand
//! errors one witness is left.

mod dispersion;
#[cfg(test)]
mod tests;
mod words;

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    api::watch::{Watch, WatchCount, WatchCounter, WatchLook, WatchState, WatchTrouble},
    case::{bounded, minute_of, shifted},
    evidence::Window,
    what_changed::chance,
};

/// Of either verdict, over all looks.
pub const LEVEL: f64 = 0.01;
/// CloudWatch has a minute's counts some minutes after it: newer minutes are not counted. [I]
pub const LATE: TimeDelta = TimeDelta::minutes(5);
/// How long a watch lasts at most, minutes.
pub const MINUTES: u32 = 120;
pub const MINUTES_LEAST: u32 = 10;
pub const MINUTES_MOST: u32 = 1_440;
/// A fix is not judged by fewer minutes, however many requests they have.
const MINUTES_LOOKED_AT: i64 = 5;
const ERRORS_TO_FAIL: u64 = 3;

/// What one minute counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Minute {
    pub at: DateTime<Utc>,
    pub requests: u64,
    pub errors: u64,
    pub others: u64,
}

/// A watch that has counted nothing yet.
pub fn begin(
    n: u32,
    counter: WatchCounter,
    window: Window,
    fixed_at: DateTime<Utc>,
    now: DateTime<Utc>,
    minutes: u32,
) -> Watch {
    let mut watch = Watch {
        n,
        state: WatchState::Watching,
        in_words: String::new(),
        counter,
        window,
        fixed_at,
        started_at: now,
        ends_at: shifted(now, TimeDelta::minutes(i64::from(minutes))),
        ended_at: None,
        before: None,
        since: None,
        dispersion: None,
        needed: None,
        why_needed: String::new(),
        next_look_at: None,
        looks: Vec::new(),
        trouble: None,
        cli: String::new(),
    };
    watch.in_words = words::of(&watch);
    watch
}

/// The whole minutes of the window that lie before the fix; `None` where there is none.
pub fn before(window: Window, fixed_at: DateTime<Utc>) -> Option<Window> {
    let before = Window {
        from: next_minute(window.from),
        to: minute_of(window.to.min(fixed_at)),
    };
    (before.from < before.to).then_some(before)
}

/// The stretches whose counts the watch can use now, in whole minutes: before the fix and since. `None`
/// while CloudWatch may not have all of the first, or a minute of the second.
pub fn stretches(watch: &Watch, now: DateTime<Utc>) -> Option<(Window, Window)> {
    let known = minute_of(shifted(now, -LATE)).min(minute_of(watch.ends_at));
    let before = before(watch.window, watch.fixed_at)?;
    let since = Window {
        from: next_minute(watch.fixed_at),
        to: known,
    };
    (before.to <= known && since.from < since.to).then_some((before, since))
}

/// Takes in what was counted: `minutes` holds those of both stretches, each once (of the first only until it
/// was counted); a minute that is not there had nothing to count.
pub fn count(
    mut watch: Watch,
    (before, since): (Window, Window),
    minutes: &[Minute],
    now: DateTime<Utc>,
) -> Watch {
    if watch.state != WatchState::Watching {
        return watch;
    }
    watch.trouble = None;
    // What was counted before does not change any more.
    let was = watch.before.unwrap_or_else(|| tally(before, minutes));
    let is = tally(since, minutes);
    watch.before = Some(was);
    watch.since = Some(is);
    if was.errors == 0 || was.requests == 0 {
        return end(watch, WatchState::NothingBefore, now);
    }
    let bunched = *watch.dispersion.get_or_insert_with(|| {
        let span: Vec<Minute> = within(before, minutes).copied().collect();
        dispersion::of(before, &span)
    });
    let needed = *watch.needed.get_or_insert_with(|| needed(was, bunched));
    let next = *watch.next_look_at.get_or_insert(needed);
    let long_enough = since.to - since.from >= TimeDelta::minutes(MINUTES_LOOKED_AT);
    if is.requests >= next && long_enough {
        let look = look(&watch, was, is, bunched, now);
        watch.next_look_at = Some(doubled(needed, is.requests));
        watch.looks.push(look);
        if let Some(state) = verdict(look, was) {
            return end(watch, state, now);
        }
    }
    if now >= watch.ends_at {
        return end(watch, WatchState::NotEnoughTraffic, now);
    }
    watch.why_needed = words::why_needed(&watch);
    watch.in_words = words::of(&watch);
    watch
}

/// Nothing could be counted now, for a reason or because it is too early.
pub fn wait(mut watch: Watch, trouble: Option<String>, now: DateTime<Utc>) -> Watch {
    if watch.state != WatchState::Watching {
        return watch;
    }
    watch.trouble = trouble.map(|in_words| WatchTrouble { at: now, in_words });
    if now >= watch.ends_at {
        return end(watch, WatchState::NotEnoughTraffic, now);
    }
    watch.in_words = words::of(&watch);
    watch
}

/// A person stops it.
pub fn stop(watch: Watch, now: DateTime<Utc>) -> Watch {
    end(watch, WatchState::Stopped, now)
}

fn end(mut watch: Watch, state: WatchState, now: DateTime<Utc>) -> Watch {
    watch.state = state;
    watch.ended_at = Some(now);
    watch.next_look_at = None;
    watch.why_needed = words::why_needed(&watch);
    watch.in_words = words::of(&watch);
    watch
}

fn tally(span: Window, minutes: &[Minute]) -> WatchCount {
    let mut count = WatchCount {
        from: span.from,
        to: span.to,
        requests: 0,
        errors: 0,
        others: 0,
    };
    for minute in within(span, minutes) {
        count.requests = bounded(count.requests + bounded(minute.requests));
        count.errors = bounded(count.errors + bounded(minute.errors));
        count.others = bounded(count.others + bounded(minute.others));
    }
    count
}

fn within(span: Window, minutes: &[Minute]) -> impl Iterator<Item = &Minute> {
    minutes
        .iter()
        .filter(move |minute| span.contains(minute.at))
}

/// Requests since the fix in which zero errors would be less likely than the first look's level, were the
/// rate still half of what it was.
fn needed(before: WatchCount, bunched: f64) -> u64 {
    let witnesses = fewer(before.errors, bunched).max(1);
    let factor = (level(1).recip().ln() / witnesses as f64).exp_m1();
    // `as` saturates.
    (2.0 * before.requests as f64 * factor).ceil() as u64
}

/// The first doubling of `needed` that `requests` have not reached.
fn doubled(needed: u64, requests: u64) -> u64 {
    let mut next = needed.max(1);
    while next <= requests {
        next = next.saturating_mul(2);
    }
    next
}

fn level(k: u32) -> f64 {
    LEVEL / (f64::from(k) * (f64::from(k) + 1.0))
}

fn look(
    watch: &Watch,
    before: WatchCount,
    since: WatchCount,
    bunched: f64,
    now: DateTime<Utc>,
) -> WatchLook {
    let k = u32::try_from(watch.looks.len())
        .unwrap_or(u32::MAX)
        .saturating_add(1);
    // Rounded so that neither verdict gains by it.
    let (was_less, was_more) = (
        fewer(before.errors, bunched).max(1),
        more(before.errors, bunched),
    );
    let (is_less, is_more) = (fewer(since.errors, bunched), more(since.errors, bunched));
    WatchLook {
        k,
        at: now,
        since,
        level: level(k),
        chance_of_so_few: chance::at_least_of(
            was_less,
            was_less + is_more,
            1.0 - share(before, since, 0.5),
        ),
        chance_of_so_many: chance::at_least_of(
            is_less,
            was_more + is_less,
            share(before, since, 0.1),
        ),
    }
}

/// The share of all errors that come since the fix, where the rate is `ratio` times what it was.
fn share(before: WatchCount, since: WatchCount, ratio: f64) -> f64 {
    let since = since.requests as f64 * ratio;
    since / (before.requests as f64 + since)
}

fn verdict(look: WatchLook, before: WatchCount) -> Option<WatchState> {
    let since = look.since;
    let a_tenth = u128::from(since.errors) * 10 * u128::from(before.requests)
        <= u128::from(before.errors) * u128::from(since.requests);
    if look.chance_of_so_few <= look.level && a_tenth {
        return Some(WatchState::Fixed);
    }
    let many = look.chance_of_so_many <= look.level && since.errors >= ERRORS_TO_FAIL;
    many.then_some(WatchState::NotFixed)
}

fn fewer(errors: u64, bunched: f64) -> u64 {
    (errors as f64 / bunched).floor() as u64
}

fn more(errors: u64, bunched: f64) -> u64 {
    (errors as f64 / bunched).ceil() as u64
}

/// The first whole minute that begins at `at` or later.
fn next_minute(at: DateTime<Utc>) -> DateTime<Utc> {
    let minute = minute_of(at);
    if minute == at {
        at
    } else {
        shifted(minute, TimeDelta::minutes(1))
    }
}

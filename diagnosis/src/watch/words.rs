//! A watch in words.

use crate::{
    api::watch::{Watch, WatchCount, WatchCounter, WatchState},
    words::{self, clock, percent, thousands},
};

pub(super) fn of(watch: &Watch) -> String {
    let (Some(before), Some(since)) = (watch.before, watch.since) else {
        return waiting(watch);
    };
    let counts = format!(
        "Before the fix {}, since the fix {}.",
        counted(watch.counter, before),
        counted(watch.counter, since)
    );
    let verdict = match watch.state {
        WatchState::Watching => return format!("{counts} {}", going_on(watch, since)),
        WatchState::Fixed => {
            "Fixed: we are 99 % sure that the rate is below half of what it was, and what was counted is at most a tenth of it."
        }
        WatchState::NotFixed => {
            "Not fixed: we are 99 % sure that the rate is above a tenth of what it was."
        }
        WatchState::NotEnoughTraffic => return format!("{} {counts}", undecided(watch, since)),
        WatchState::NothingBefore => {
            return format!(
                "Nothing to hold the counts against: CloudWatch counted no such error in the window before the fix, \
                 or no request. {}",
                not_counted(watch.counter)
            );
        }
        WatchState::Stopped => "Stopped before either could be said.",
    };
    let note = match watch.state {
        WatchState::Fixed | WatchState::NotFixed => not_counted(watch.counter),
        _ => "",
    };
    format!("{verdict} {counts} {note}").trim_end().to_owned()
}

/// Why the first look takes so many requests.
pub(super) fn why_needed(watch: &Watch) -> String {
    let (Some(before), Some(needed), Some(bunched)) =
        (watch.before, watch.needed, watch.dispersion)
    else {
        return String::new();
    };
    let mut why = format!(
        "Before the fix {}. Were the rate still half of that, {} without a single one would come by chance in \
         fewer than 1 of 200 cases; with fewer requests nothing can be said.",
        counted(watch.counter, before),
        words::count(needed, "request", "requests"),
    );
    let witnesses = super::fewer(before.errors, bunched).max(1);
    if witnesses < before.errors {
        why.push_str(&format!(
            " They came in bursts, so that all {} count as no more than {} that are independent of each other. A window that holds only the time in which \
             they came may need less.",
            thousands(before.errors),
            thousands(witnesses)
        ));
    }
    why
}

fn waiting(watch: &Watch) -> String {
    match watch.state {
        WatchState::NotEnoughTraffic => {
            "Ended without a verdict: no count of the time since the fix could be read before it had to end."
                .to_owned()
        }
        WatchState::Stopped => "Stopped before anything was counted.".to_owned(),
        _ => format!(
            "Waiting for the first counts: CloudWatch has them some minutes late, so minutes younger than {} are not counted.",
            words::count(super::LATE.num_minutes().unsigned_abs(), "minute", "minutes")
        ),
    }
}

fn going_on(watch: &Watch, since: WatchCount) -> String {
    let Some(next) = watch.next_look_at else {
        return String::new();
    };
    let taken = watch.looks.len() as u64;
    if since.requests >= next {
        return "The first look is taken once 5 minutes since the fix are counted.".to_owned();
    }
    if taken == 0 {
        return format!(
            "The first look is taken at {}.",
            words::count(next, "request", "requests")
        );
    }
    format!(
        "After {} neither can be said yet; the next is taken at {}.",
        words::count(taken, "look", "looks"),
        words::count(next, "request", "requests")
    )
}

fn undecided(watch: &Watch, since: WatchCount) -> String {
    let until = clock(watch.ends_at);
    match watch.needed {
        Some(needed) if since.requests < needed => format!(
            "Not enough traffic until {until}: {} came, and at least {} are needed.",
            words::count(since.requests, "request", "requests"),
            thousands(needed)
        ),
        _ => format!(
            "Undecided until {until}: the rate lies where so much traffic proves neither that it is fixed nor that \
             it is not."
        ),
    }
}

/// `412 502s in 30,000 requests (1.37 %)`
fn counted(counter: WatchCounter, count: WatchCount) -> String {
    let (one, many) = names(counter);
    let hundredths = percent(count.errors.saturating_mul(100), count.requests);
    let share = match (count.errors, count.requests, hundredths) {
        (0, _, _) | (_, 0, _) => String::new(),
        (_, _, 0) => " (less than 0.01 %)".to_owned(),
        _ => format!(" ({}.{:02} %)", hundredths / 100, hundredths % 100),
    };
    format!(
        "{} in {}{share}",
        words::count(count.errors, one, many),
        words::count(count.requests, "request", "requests")
    )
}

const fn names(counter: WatchCounter) -> (&'static str, &'static str) {
    match counter {
        WatchCounter::LoadBalancer502 => ("502 of the load balancer", "502s of the load balancer"),
        WatchCounter::Target5xx => ("5xx of targets", "5xxs of targets"),
        WatchCounter::ClassicLoadBalancer5xx => {
            ("5xx of the load balancer", "5xxs of the load balancer")
        }
        WatchCounter::ClassicBackend5xx => ("5xx of instances", "5xxs of instances"),
    }
}

/// What the counter leaves out, or has in it besides.
const fn not_counted(counter: WatchCounter) -> &'static str {
    match counter {
        WatchCounter::LoadBalancer502 => {
            "Counted is HTTPCode_ELB_502_Count. 502s that targets answer themselves have no count of their own and \
             are not in it."
        }
        WatchCounter::Target5xx => {
            "Counted is HTTPCode_Target_5XX_Count, which has every 5xx that targets answer: the 502s among them are \
             not told apart."
        }
        WatchCounter::ClassicLoadBalancer5xx => {
            "Counted is HTTPCode_ELB_5XX: a Classic load balancer's 502s, 503s and 504s in one number."
        }
        WatchCounter::ClassicBackend5xx => {
            "Counted is HTTPCode_Backend_5XX, which has every 5xx that instances answer: the 502s among them are not \
             told apart."
        }
    }
}

//! Where no row tells how long it took: on Classic, and without a log.

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    DEEPER, Deeper, FEWEST, NEAR_PERCENT,
    told::{draft, longest_that_came},
    was_alive,
};
use crate::{
    access_log::route_of,
    case::{Case, bounded, whole},
    document::{RuleAnswer, Strength},
    in_flight::longest_answer,
    need::Need,
    routes,
    rule::{Answer, Claims},
    rules, words,
};

/// A Classic load balancer notes no time for a 504. It has two causes, a slow answer and a closed
/// connection ([V] Classic guide): how near the limit the other answers came tells which it may be. Where
/// they gather on some routes, those are slow, and the others may be the other cause.
pub(super) fn untimed(
    case: &Case<'_>,
    places: Vec<usize>,
    deeper: &Deeper,
    idle: u64,
    mut missing: Vec<String>,
) -> Answer {
    let n = case.requests(&places);
    let longest = longest_answer(case, None).unwrap_or(0);
    if longest < idle / 2 && missing.is_empty() {
        return Answer::clear(format!(
            "{}, but the longest answer took {}, far below the idle timeout of {}",
            words::count(n, "504 was seen", "504s were seen"),
            words::seconds(longest),
            words::seconds(idle)
        ));
    }
    let near = longest.saturating_mul(100) >= idle.saturating_mul(NEAR_PERCENT);
    let alive = places
        .iter()
        .all(|place| was_alive(case, &case.rows()[*place]));
    if !near || n < FEWEST || !deeper.open.is_empty() || !alive {
        missing.push(
            "how long each 504 took: a Classic load balancer does not log it; compare the metric \
             Latency with the idle timeout"
                .to_owned(),
        );
        missing.dedup();
        return Answer::cannot_tell("answers may have been cut by the idle timeout", missing);
    }
    let (places, others) = on_slow_routes(case, places);
    let n = case.requests(&places);
    let mut because = format!(
        "{} without a target's answer.{} That is near the idle timeout of {}, at which the load \
         balancer gives up. A Classic Load Balancer does not log how long a 504 took, and an instance \
         that closes the connection leaves the same row.",
        words::count(n, "504 is", "504s are"),
        longest_that_came(case),
        words::seconds(idle)
    );
    because += &others;
    Answer {
        missing,
        ..Answer::found(draft(
            case,
            Strength::Likely,
            because,
            Claims::Rows(places),
            idle,
        ))
    }
}

/// The rows on routes that hold far more of them than of all requests, and what is said of the rest. All
/// of them where no route does: a slow answer on every route looks like a closed connection.
pub(super) fn on_slow_routes(case: &Case<'_>, places: Vec<usize>) -> (Vec<usize>, String) {
    let gathering = routes::gathering(case, &places);
    let (slow, others): (Vec<usize>, Vec<usize>) = places.iter().partition(|place| {
        route_of(&case.rows()[**place]).is_some_and(|route| gathering.contains(&route))
    });
    if slow.is_empty() {
        return (places, String::new());
    }
    let named: Vec<String> = gathering.into_iter().collect();
    let mut words = format!(
        " They gather on {}, far above the share of all requests.",
        words::list(&named, 3)
    );
    if !others.is_empty() {
        words += &format!(
            " {} spread over other routes as requests are: an instance that closes its connections may \
             have made them.",
            words::count(case.requests(&others), "further 504 is", "further 504s are")
        );
    }
    (slow, words)
}

/// Without a log: minutes with 504s in which the longest answers came near the idle timeout.
pub(super) fn by_minutes(case: &Case<'_>, idle: u64) -> Answer {
    let mut missing = case.missing(&[Need::Metrics]);
    if case.load_balancer_504s() == Some(0) && missing.is_empty() {
        return Answer::clear("the load balancer made no 504");
    }
    missing.extend(case.missing(&[Need::AccessLog]));
    let minutes = if case.is_classic() {
        Vec::new()
    } else {
        slow_minutes(case, idle)
    };
    let n = minutes
        .iter()
        .fold(0, |sum, (_, n)| bounded(sum + bounded(*n)));
    if n < FEWEST {
        return Answer::cannot_tell("answers may have been cut by the idle timeout", missing);
    }
    let deeper = Deeper::of(case);
    // A blocked network or a dead target explains 504s as well, and only a log tells them apart.
    let found = DEEPER
        .iter()
        .filter_map(|id| rules::by_id(id))
        .any(|rule| (rule.check)(case).answer() == RuleAnswer::Found);
    let strength = if found || !deeper.open.is_empty() {
        Strength::Possible
    } else {
        Strength::Likely
    };
    let because = format!(
        "In {} with {} the longest answer came near the idle timeout of {}. Which request waited how \
         long, only an access log can say.",
        words::count(minutes.len() as u64, "minute", "minutes"),
        words::count(n, "504", "504s"),
        words::seconds(idle)
    );
    Answer {
        missing,
        ..Answer::found(draft(
            case,
            strength,
            because,
            Claims::MinutesOf(504, minutes),
            idle,
        ))
    }
}

fn slow_minutes(case: &Case<'_>, idle: u64) -> Vec<(DateTime<Utc>, u64)> {
    let (Some(counts), Some(times)) = (
        case.load_balancer_series("HTTPCode_ELB_504_Count", "Sum"),
        case.load_balancer_series("TargetResponseTime", "Maximum"),
    ) else {
        return Vec::new();
    };
    // The answer that was cut would have come at the minute's 504 or shortly before or after.
    let around = TimeDelta::milliseconds(i64::try_from(idle).unwrap_or(i64::MAX / 2));
    case.per_minute(counts)
        .into_iter()
        .filter(|(at, _)| {
            times.points.iter().any(|point| {
                crate::case::apart(point.at, *at) <= around
                    && whole(point.value * 1_000.0).saturating_mul(100)
                        >= idle.saturating_mul(NEAR_PERCENT)
            })
        })
        .collect()
}

//! The estimate as the document says it: numbers, and sentences for each.

use super::{Estimate, KeepAlive, KnownServer, Sureness, Trace, answered_seconds, servers, traces};
use crate::{
    case::Case,
    evidence::{TargetGroup, target_groups::TargetType},
    need::Need,
    safe_timeouts, words,
};

/// The load balancer's idle timeout may not be set below this, seconds.
const SHORTEST_IDLE_TIMEOUT: u64 = 1;

/// Target groups that are told of; there is no reading more.
const GROUPS: usize = 100;

/// One for each target group that speaks HTTP, in the order of the groups.
pub(crate) fn publish(case: &Case<'_>) -> Vec<KeepAlive> {
    let traces = traces(case);
    let unread = case.missing_rows();
    case.target_groups()
        .iter()
        .filter(|group| group.target_type != TargetType::Lambda)
        .take(GROUPS)
        .map(|group| {
            let trace = traces
                .iter()
                .find(|trace| trace.target_group.is_some_and(|of| of.arn == group.arn));
            of_group(case, group, trace, &unread)
        })
        .collect()
}

fn of_group(
    case: &Case<'_>,
    group: &TargetGroup,
    trace: Option<&Trace<'_>>,
    unread: &[String],
) -> KeepAlive {
    let idle_timeout = case
        .evidence
        .attributes
        .seen()
        .map(|attributes| attributes.idle_timeout);
    let answered = answered_seconds(case);
    let estimates: Vec<Estimate> = trace.map_or_else(Vec::new, |trace| {
        let timers = trace.timers.iter();
        timers.map(|timer| estimate(trace, timer)).collect()
    });
    // The shortest of what is known decides what is safe.
    let known_seconds = estimates
        .iter()
        .map(|estimate| estimate.milliseconds / 1000)
        .chain(answered)
        .min();
    KeepAlive {
        target_group_arn: group.arn.clone(),
        target_group: group.name.clone(),
        safe_target_seconds: idle_timeout.map(|idle| safe_timeouts::keep_alive(u64::from(idle))),
        safe_idle_timeout_seconds: known_seconds
            .and_then(|seconds| safe_idle_timeout(case, group, seconds)),
        because: because(case, trace, &estimates, answered, idle_timeout, unread),
        blurred_by: blurred_by(case, trace, unread),
        answered_seconds: answered,
        idle_timeout_seconds: idle_timeout,
        estimates,
    }
}

fn estimate(trace: &Trace<'_>, timer: &super::gaps::Timer) -> Estimate {
    Estimate {
        milliseconds: timer.as_set(),
        shortest_milliseconds: timer.shortest,
        longest_milliseconds: timer.longest,
        sureness: trace.sureness(timer),
        requests: timer.rows,
        readable: timer.readable,
        targets: timer.targets.iter().take(50).cloned().collect(),
        servers: servers::with_default(timer.ms, timer.tolerance)
            .into_iter()
            .map(|server| KnownServer {
                name: server.name.to_owned(),
                default_milliseconds: server.keep_alive,
                setting: server.setting.to_owned(),
            })
            .collect(),
    }
}

/// A second below the server's own timeout, unless answers of the group take that long.
fn safe_idle_timeout(case: &Case<'_>, group: &TargetGroup, keep_alive: u64) -> Option<u64> {
    let seconds = keep_alive.checked_sub(1)?;
    let log = case.access_log()?;
    let slowest = log
        .targets
        .iter()
        .filter(|counts| case.is_classic() || counts.target_group_arn.as_ref() == Some(&group.arn))
        .map(|counts| crate::case::whole(counts.max_seconds.ceil()))
        .max()?;
    (seconds >= SHORTEST_IDLE_TIMEOUT && slowest < seconds).then_some(seconds)
}

fn because(
    case: &Case<'_>,
    trace: Option<&Trace<'_>>,
    estimates: &[Estimate],
    answered: Option<u64>,
    idle_timeout: Option<u32>,
    unread: &[String],
) -> String {
    let mut sentences: Vec<String> = estimates.iter().map(in_words).collect();
    if sentences.is_empty() {
        sentences.push(why_not(case, trace, unread));
    }
    if let Some(answered) = answered {
        sentences.push(format!("Answered by a person: {answered} s."));
    }
    let shortest = estimates
        .iter()
        .map(|estimate| estimate.milliseconds)
        .chain(answered.map(|seconds| seconds.saturating_mul(1000)))
        .min();
    if let (Some(shortest), Some(idle)) = (shortest, idle_timeout) {
        let idle_ms = u64::from(idle) * 1000;
        let verdict = match shortest.cmp(&idle_ms) {
            std::cmp::Ordering::Less => "The target hangs up first: requests can be lost",
            std::cmp::Ordering::Equal => "The two are equal: either side may hang up first",
            std::cmp::Ordering::Greater => "The load balancer hangs up first: nothing is lost",
        };
        sentences.push(format!("{verdict} (idle timeout {idle} s)."));
    }
    sentences.join(" ")
}

fn in_words(estimate: &Estimate) -> String {
    let servers: Vec<&str> = estimate.servers.iter().map(|s| s.name.as_str()).collect();
    let default = if servers.is_empty() {
        String::new()
    } else {
        format!(", the default of {}", words::list(&servers, 6))
    };
    format!(
        "{} closes idle connections after {}{default}: {} of {} whose gap can be read were lost {} to {} \
         after the target's last answer.",
        match estimate.sureness {
            Sureness::Sure => "The server",
            Sureness::Likely => "The server probably",
        },
        words::seconds(estimate.milliseconds),
        words::thousands(estimate.requests),
        words::count(estimate.readable, "request", "requests"),
        words::seconds(estimate.shortest_milliseconds),
        words::seconds(estimate.longest_milliseconds),
    )
}

fn why_not(case: &Case<'_>, trace: Option<&Trace<'_>>, unread: &[String]) -> String {
    if case.access_log().is_none() {
        return "Not known: no access log was read, and AWS does not know it otherwise.".to_owned();
    }
    let Some(trace) = trace else {
        return if case.is_classic() {
            "Not known: a Classic Load Balancer logs no backend for a request that is lost, so there \
             is no gap to read."
                .to_owned()
        } else if unread.is_empty() {
            "Not known: no request was lost at once on an open connection, so nothing tells it."
                .to_owned()
        } else {
            "Not known: no lost request was read, and the log is not whole.".to_owned()
        };
    };
    let lost = words::count(
        case.requests(&trace.lost),
        "request was lost at once",
        "requests were lost at once",
    );
    if let Some(hint) = &trace.hint {
        format!(
            "Not known: {lost}, {} of them {} to {} after the target's last answer. {}",
            words::thousands(hint.rows),
            words::seconds(hint.shortest),
            words::seconds(hint.longest),
            if trace.regular {
                "But all requests come at about that interval."
            } else {
                "So few may lie so close by chance."
            }
        )
    } else if trace.restarted.len() * 2 >= trace.lost.len() {
        format!("Not known: {lost}, mostly where their target was stopped or removed.")
    } else if trace.readable < 5 {
        format!(
            "Not known: {lost}, but the gap to the target's last answer can be read in {} only.",
            words::thousands(trace.readable)
        )
    } else {
        format!(
            "Not known: {lost}, but their gaps to the target's last answer gather at no number below \
             the idle timeout."
        )
    }
}

fn blurred_by(case: &Case<'_>, trace: Option<&Trace<'_>>, unread: &[String]) -> Vec<String> {
    let mut blurs = Vec::new();
    let Some(trace) = trace else {
        return blurs;
    };
    blurs.push(
        "The log does not name the connection between load balancer and target, so the gap is measured \
         from the target's last answer on any connection."
            .to_owned(),
    );
    let unreadable = (trace.lost.len() - trace.restarted.len()) as u64 - trace.readable;
    if unreadable > 0 {
        blurs.push(format!(
            "{} on targets that had just answered on another connection, or had not answered before: \
             the gap cannot be read.",
            words::count(unreadable, "request was lost", "requests were lost")
        ));
    }
    if !trace.restarted.is_empty() {
        blurs.push(format!(
            "{} near a stop or removal of their target and left out.",
            words::count(trace.restarted.len() as u64, "row lies", "rows lie")
        ));
    }
    if !trace.unlike.is_empty() {
        blurs.push(format!(
            "{} on targets that show none of these gaps: perhaps servers of another kind.",
            words::count(
                trace.unlike.len() as u64,
                "request was lost",
                "requests were lost"
            )
        ));
    }
    if trace.regular {
        blurs.push(
            "Clients send to these targets at about that interval anyway, which would leave the same \
             gaps."
                .to_owned(),
        );
    }
    let changes = [Need::CloudTrail, Need::Ecs, Need::AutoScaling];
    if !case.missing(&changes).is_empty() {
        blurs.push("Stops and removals of targets were not all seen.".to_owned());
    }
    if !unread.is_empty() {
        blurs.push("The log is not whole.".to_owned());
    }
    blurs
}

//! # Health checks notice a stopped target later than it stops
//!
//! ## What it looks for
//!
//! Targets that stopped while they were still registered, with errors on them from then until health
//! checks or a deregistration took them out; held against the time that the health check needs
//! (interval × unhealthy threshold, and the time-out of the last check).
//!
//! ## Why this makes a 502
//!
//! The load balancer learns of a dead target by its health checks alone, unless somebody deregisters
//! it. With an interval of 30 seconds and a threshold of 2 that takes a good minute, and all that time
//! requests go there: they are refused (502), or time out where the machine is gone (504). A shutdown
//! that waits only 10 or 30 seconds for the load balancer to notice is over before it has.
//!
//! ## How to be sure
//!
//! The errors lie on a target that had been stopped, after its stop, and end when the health check's
//! time is over. No deregistration came before the stop. A target that was deregistered first needs no
//! health check: errors on it have another cause.
//!
//! ## How to fix it
//!
//! Deregister targets before they stop, and do not rely on health checks for planned stops. For
//! unplanned ones make detection faster: 10 s × 2 and a time-out of 5 s cost little. Let the process
//! fail its health check on SIGTERM and go on serving for longer than detection takes.
//!
//! ## References
//!
//! - AWS, "Health checks for your target groups" (interval, thresholds; 30 s and 2 by default):
//!   <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html>
//! - AWS, "Troubleshoot your Application Load Balancers", HTTP 502 and 504
//! - [S] quay/quay, issue 6871 (a shutdown that is over before the health check notices)

use chrono::TimeDelta;

use crate::{
    case::{Case, shifted},
    document::{Fix, Strength},
    evidence::{Instance, access_log::FaultRow},
    fix,
    need::Need,
    rule::{Answer, Claims, Draft, Rule},
    safe_timeouts,
    step::Step,
    what_changed::{
        departures::{Cause, Departure, departures},
        known,
        tie::{self, Span, Tie},
    },
    words,
};

pub(super) const RULE: Rule = Rule {
    id: "health-check-slower-than-shutdown",
    step: Step::Timeouts,
    specificity: 52,
    source: include_str!("health_check_slower_than_shutdown.rs"),
    check,
};

/// The load balancer's nodes learn a moment later that a target was called unhealthy or taken out. [I]
const NOTICED_LATE: TimeDelta = TimeDelta::seconds(15);
/// A connect that times out after 10 s [V] is written then.
const CONNECT_TIMES_OUT: TimeDelta = TimeDelta::seconds(11);
/// Longer than this no health check takes to notice. [I]
const LONGEST_DETECTION: TimeDelta = TimeDelta::minutes(10);
/// Auto Scaling finds a dead instance within this time. [I]
const FOUND_WITHIN: TimeDelta = TimeDelta::minutes(6);
/// What breaks within a minute of a stop belongs to the stop (deploy-stops-targets-before-draining) …
const OF_THE_STOP: TimeDelta = TimeDelta::seconds(60);
/// … and so few errors after that are stragglers. [I]
const FEWEST_ERRORS: u64 = 3;

fn check(case: &Case<'_>) -> Answer {
    let all = departures(case);
    let spans: Vec<Span<'_>> = all
        .iter()
        .filter(|one| one.cause < Cause::FailedHealthChecks)
        .filter_map(|one| span(case, one))
        .filter(|span| known::near_window(case, span.from, span.to))
        .collect();
    let mut missing = known::missing_departures(case);
    missing.extend(case.missing_rows());
    if case.access_log().is_some() {
        let tie = Tie::of(case, &spans, |row, span| {
            tie::is_broken(case, row) && began_after_the_stop(case, row, span)
        });
        let late = late(case, &spans, &tie) >= FEWEST_ERRORS;
        if let Some(strength) = tie.strength().filter(|_| late) {
            return Answer {
                missing,
                ..Answer::found(finding(case, &spans, &tie, strength))
            };
        }
    }
    if tie::nothing_broke(case) {
        return Answer::clear("no request broke on the way to a target");
    }
    if !missing.is_empty() {
        return Answer::cannot_tell("targets may have stopped unnoticed", missing);
    }
    Answer::clear(if all.is_empty() {
        "no target was stopped near the window".to_owned()
    } else if spans.is_empty() {
        "every target that stopped had been deregistered before".to_owned()
    } else {
        "stopped targets got no requests that failed until they were taken out".to_owned()
    })
}

/// From the stop until the load balancer knows.
fn span<'a>(case: &Case<'_>, departure: &'a Departure) -> Option<Span<'a>> {
    // A machine that is still registered says itself that it is not running: another rule's.
    let registered = case.targets().iter().any(|target| {
        target.health.id == departure.resource && target.instance.is_some_and(is_down)
    });
    if registered {
        return None;
    }
    let detection = match known::detection(case, departure) {
        Some(detection) => detection,
        // Without its settings the health check may take as long as that.
        None if case.evidence.target_groups.whole().is_none() => LONGEST_DETECTION,
        None => return None,
    };
    if departure.cause == Cause::FoundDead {
        // When it died nobody noted; Auto Scaling took it out when it noticed.
        let out = departure.deregistered?.at;
        return Some(Span {
            departure,
            from: shifted(out, -FOUND_WITHIN),
            to: shifted(out, NOTICED_LATE + CONNECT_TIMES_OUT),
        });
    }
    let stopped = departure
        .stopping_at
        .filter(|_| !departure.deregistered_first())?;
    let out = departure.deregistered.map(|one| one.at);
    let noticed = shifted(departure.stopped_at.unwrap_or(stopped), detection);
    let to = out.map_or(noticed, |out| out.min(noticed));
    Some(Span {
        departure,
        from: stopped,
        to: shifted(to, NOTICED_LATE + CONNECT_TIMES_OUT),
    })
}

fn is_down(instance: &Instance) -> bool {
    instance.state != "running" && instance.state != "pending"
}

/// Errors that came when the stop itself was over for long.
fn late(case: &Case<'_>, spans: &[Span<'_>], tie: &Tie) -> u64 {
    let of_a_stop = |place: &usize| {
        let at = case.rows()[*place].time;
        tie.with_errors.iter().map(|one| &spans[*one]).any(|span| {
            span.departure.cause != Cause::FoundDead
                && span.from <= at
                && at <= shifted(span.departure.stopped_at.unwrap_or(span.from), OF_THE_STOP)
        })
    };
    let rows: Vec<usize> = tie
        .exact
        .iter()
        .chain(&tie.weak)
        .copied()
        .filter(|place| !of_a_stop(place))
        .collect();
    case.requests(&rows)
}

/// The request was sent when the target was told to stop or later: it was not merely in flight.
fn began_after_the_stop(case: &Case<'_>, row: &FaultRow, span: &Span<'_>) -> bool {
    if case.is_classic() {
        return row.time >= span.from;
    }
    let held = row
        .target_processing_time
        .unwrap_or(0.0)
        .clamp(0.0, 4_000.0);
    let held =
        TimeDelta::milliseconds(i64::try_from(crate::case::whole(held * 1000.0)).unwrap_or(0));
    shifted(row.time, -held) >= span.from
}

fn finding(case: &Case<'_>, spans: &[Span<'_>], tie: &Tie, strength: Strength) -> Draft {
    let hit: Vec<&Span<'_>> = tie.with_errors.iter().map(|place| &spans[*place]).collect();
    let rows: Vec<usize> = tie.exact.iter().chain(&tie.weak).copied().collect();
    let group = hit
        .first()
        .and_then(|span| known::groups_of(case, span.departure).first().copied());
    // Whether the drain was really skipped, only the whole of CloudTrail can say.
    let seen_whole = case.missing(&[Need::CloudTrail]).is_empty();
    let noted = hit
        .iter()
        .all(|span| span.departure.cause != Cause::FoundDead);
    let strength = if seen_whole && noted && tie.weak.is_empty() && group.is_some() {
        strength
    } else {
        strength.min(Strength::Likely)
    };
    let first_error = rows.iter().map(|place| case.rows()[*place].time).min();
    let last = rows
        .iter()
        .filter_map(|place| {
            let at = case.rows()[*place].time;
            let stops = hit.iter().map(|span| span.from).filter(|from| *from <= at);
            // When nobody noted the stop, its first error has to do.
            let stop = if noted { stops.max() } else { first_error };
            u64::try_from(at.signed_duration_since(stop?).num_seconds()).ok()
        })
        .max()
        .unwrap_or(0);
    let check = match group {
        Some(group) => {
            let check = &group.health_check;
            format!(
                "The health check takes up to {} s to notice ({} × {} s and its time-out of {} s)",
                check.detection(),
                check.unhealthy_threshold,
                check.interval,
                check.timeout
            )
        }
        None => "How long the health check takes to notice was not seen".to_owned(),
    };
    let shutdown = hit.iter().filter_map(|span| {
        let stopped = span.departure.stopped_at?;
        u64::try_from(stopped.signed_duration_since(span.from).num_seconds()).ok()
    });
    let shutdown = shutdown.max().map_or_else(String::new, |seconds| {
        format!(" The shutdown took {seconds} s.")
    });
    let named: Vec<String> = hit
        .iter()
        .map(|span| format!("{} ({})", span.departure.name, span.departure.story()))
        .collect();
    let because = format!(
        "Stopped while registered: {}.{shutdown} {check}, and requests went there until {last} s after \
         {}. {}",
        words::list(&named, 3),
        if noted {
            "the stop"
        } else {
            "the first that failed"
        },
        tie::in_numbers(case, tie, "these targets"),
    );
    Draft {
        strength,
        title: format!("Stopped targets got requests for {last} s, until health checks noticed"),
        because,
        claims: Claims::Rows(rows),
        resources: hit
            .iter()
            .take(10)
            .map(|span| span.departure.resource.clone())
            .collect(),
        cites: case.sources(&[
            Need::Ecs,
            Need::CloudTrail,
            Need::AutoScaling,
            Need::TargetGroups,
            Need::AccessLog,
        ]),
        fix: how_to_fix(case, group),
    }
}

fn how_to_fix(case: &Case<'_>, group: Option<&crate::evidence::TargetGroup>) -> Fix {
    let load_balancer = &case.evidence.load_balancer;
    let region = &load_balancer.region;
    let (interval, timeout, threshold) = (
        safe_timeouts::HEALTH_CHECK_INTERVAL,
        safe_timeouts::HEALTH_CHECK_TIMEOUT,
        safe_timeouts::UNHEALTHY_THRESHOLD,
    );
    let summary = format!(
        "Deregister targets before they stop; for those that stop unasked let health checks notice \
         within {} s (interval {interval} s, time-out {timeout} s, threshold {threshold}).",
        safe_timeouts::detection()
    );
    let Some(group) = group.filter(|_| !case.is_classic()) else {
        return Fix {
            summary,
            cli: Vec::new(),
            console: fix::load_balancer_console(load_balancer),
            terraform: format!(
                "resource \"aws_elb\" \"this\" {{\n  health_check {{\n    interval            = {interval}\n    timeout             = {timeout}\n    unhealthy_threshold = {threshold}\n    # …\n  }}\n}}\n"
            ),
        };
    };
    Fix {
        summary,
        cli: vec![fix::aws(
            &format!(
                "elbv2 modify-target-group --target-group-arn {} --health-check-interval-seconds {interval} --health-check-timeout-seconds {timeout} --unhealthy-threshold-count {threshold}",
                fix::quote(&group.arn)
            ),
            region,
        )],
        console: fix::target_group_console(region, &group.arn),
        terraform: format!(
            "resource \"aws_lb_target_group\" \"this\" {{\n  health_check {{\n    interval            = {interval}\n    timeout             = {timeout}\n    unhealthy_threshold = {threshold}\n  }}\n}}\n"
        ),
    }
}

#[cfg(test)]
mod tests;

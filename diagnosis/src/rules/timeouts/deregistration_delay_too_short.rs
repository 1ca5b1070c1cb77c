//! # The deregistration delay cuts long requests
//!
//! ## What it looks for
//!
//! Requests that were open when their target was deregistered, took as long as the deregistration delay,
//! and broke when it was over.
//!
//! ## Why this makes a 502
//!
//! A target that is deregistered gets no new requests, and those that it holds may finish within the
//! deregistration delay (0 to 3,600 seconds, 300 by default; on Classic connection draining, which can
//! be off). When it is over, the load balancer closes what is still open, and the clients of those
//! requests get 502.
//!
//! ## How to be sure
//!
//! Each row's target had been deregistered, the row ends the deregistration delay after that, within
//! seconds, and the target had the request for at least so long. Rows that end earlier were broken by
//! the target itself: it stopped before its drain was over. Without a deregistration it is not this.
//!
//! ## How to fix it
//!
//! Set the deregistration delay above the longest request that you want to finish, and let whatever
//! stops the target wait for it (`stopTimeout` of an ECS task, lifecycle hooks of Auto Scaling,
//! terminationGracePeriodSeconds). Where requests take minutes, answer at once and do the work behind a
//! queue.
//!
//! ## References
//!
//! - AWS, "Troubleshoot your Application Load Balancers", HTTP 502: bad gateway (the deregistration
//!   delay elapsed):
//!   <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html>
//! - AWS, "Edit target group attributes for your Application Load Balancer", deregistration delay
//! - AWS, Classic Load Balancer guide, "Configure connection draining"

use chrono::TimeDelta;

use crate::{
    case::{Case, shifted, whole},
    document::{Fix, Strength},
    evidence::{
        TargetGroup,
        access_log::{FaultRow, Shape},
    },
    fix,
    in_flight::longest_request,
    need::Need,
    rule::{Answer, Claims, Draft, Rule},
    safe_timeouts,
    step::Step,
    what_changed::{
        departures::{Departure, departures},
        known,
        tie::{self, Span, Tie},
    },
    words,
};

pub(super) const RULE: Rule = Rule {
    id: "deregistration-delay-too-short",
    step: Step::Timeouts,
    specificity: 66,
    source: include_str!("deregistration_delay_too_short.rs"),
    check,
};

/// The delay is over, and the row written, this close to the delay after the event; a deregistration
/// takes some seconds to reach every node. [I]
const EARLY: TimeDelta = TimeDelta::seconds(2);
const LATE: TimeDelta = TimeDelta::seconds(20);
/// A request may have come in while the deregistration spread: so much of the delay, per cent, has to
/// lie within it. [I]
const OPEN_PERCENT: i64 = 90;
/// On Classic a request that came in this long before the deregistration may still be open. [I]
const CLASSIC_BEFORE: TimeDelta = TimeDelta::seconds(60);
/// A delay below this is no time to finish anything: what breaks at the deregistration breaks so
/// anyway, and nothing tells the two apart. Seconds. [I]
const TOO_SHORT_TO_TELL: i64 = 2;

fn check(case: &Case<'_>) -> Answer {
    let all = departures(case);
    let spans: Vec<Span<'_>> = all
        .iter()
        .flat_map(|one| {
            let delays = known::delays(case, one);
            delays
                .into_iter()
                .filter_map(|delay| span(case, one, delay))
        })
        .filter(|span| known::near_window(case, span.from, span.to))
        .collect();
    let mut missing = known::missing_departures(case);
    missing.extend(case.missing(&[known::delay_need(case)]));
    missing.extend(case.missing_rows());
    if case.access_log().is_some() {
        let tie = Tie::of(case, &spans, |row, span| was_cut(case, row, span));
        if let Some(strength) = tie.strength() {
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
        return Answer::cannot_tell("a drain may have cut long requests", missing);
    }
    Answer::clear(if !all.iter().any(|one| one.deregistered.is_some()) {
        "no target was deregistered near the window".to_owned()
    } else {
        "no request broke when a drain was over".to_owned()
    })
}

/// When the drain is over, give or take.
fn span<'a>(case: &Case<'_>, departure: &'a Departure, delay: TimeDelta) -> Option<Span<'a>> {
    let out = departure.deregistered?.at;
    if case.is_classic() {
        // The log tells when the request came in, not when it broke: only where draining is off can
        // that be told from the deregistration.
        return (delay == TimeDelta::zero()).then(|| Span {
            departure,
            from: shifted(out, -CLASSIC_BEFORE),
            to: shifted(out, EARLY),
        });
    }
    let over = shifted(out, delay);
    Some(Span {
        departure,
        from: shifted(over, -EARLY),
        to: shifted(over, LATE),
    })
}

/// Sent to the target, and held by it for the whole drain.
fn was_cut(case: &Case<'_>, row: &FaultRow, span: &Span<'_>) -> bool {
    if !tie::is_broken(case, row) {
        return false;
    }
    if case.is_classic() {
        return true;
    }
    let out = span.departure.deregistered.map_or(span.from, |one| one.at);
    let delay = shifted(span.from, EARLY).signed_duration_since(out);
    let held = row.target_processing_time.unwrap_or(0.0);
    row.shape() == Shape::NotAnswered
        && whole(held * 100.0) >= whole((delay.num_seconds().saturating_mul(OPEN_PERCENT)) as f64)
}

fn finding(case: &Case<'_>, spans: &[Span<'_>], tie: &Tie, strength: Strength) -> Draft {
    let hit: Vec<&Departure> = tie
        .with_errors
        .iter()
        .map(|place| spans[*place].departure)
        .collect();
    let delay = hit
        .first()
        .and_then(|one| known::delay(case, one))
        .map_or(0, |delay| delay.num_seconds());
    // At once after the deregistration anything may break a request.
    let strength = if delay < TOO_SHORT_TO_TELL || case.is_classic() {
        strength.min(Strength::Likely)
    } else {
        strength
    };
    let rows: Vec<usize> = tie.exact.iter().chain(&tie.weak).copied().collect();
    let held: Vec<u64> = rows
        .iter()
        .filter_map(|place| case.rows()[*place].target_processing_time)
        .map(|seconds| whole(seconds * 1000.0))
        .collect();
    let named: Vec<String> = hit
        .iter()
        .filter_map(|one| {
            Some(format!(
                "{} at {}",
                one.name,
                words::clock(one.deregistered?.at)
            ))
        })
        .collect();
    let setting = if case.is_classic() {
        match delay {
            0 => "connection draining is off".to_owned(),
            seconds => format!("connection draining is {seconds} s"),
        }
    } else {
        format!("the deregistration delay is {delay} s")
    };
    let longest = held.iter().max().copied();
    let mut because = format!(
        "{} deregistered: {}; {setting}. {} {}",
        words::capital(&words::count(
            hit.len() as u64,
            "target was",
            "targets were"
        )),
        words::list(&named, 3),
        words::count(case.requests(&rows), "request broke", "requests broke"),
        if delay == 0 {
            "at that moment.".to_owned()
        } else {
            "when that was over.".to_owned()
        },
    );
    if let (Some(least), Some(most)) = (held.iter().min(), longest) {
        because += &format!(
            " The targets had them for {} to {}.",
            words::seconds(*least),
            words::seconds(most)
        );
    }
    because += &format!(
        " About {} would have broken on these targets at those seconds by the rate of such errors \
         elsewhere.",
        tie::tenths(tie.expected)
    );
    Draft {
        strength,
        title: if delay == 0 {
            "Targets are deregistered without time to finish their requests".to_owned()
        } else {
            format!("The deregistration delay of {delay} s cuts longer requests")
        },
        because,
        claims: Claims::Rows(rows),
        resources: hit
            .iter()
            .take(10)
            .map(|one| one.resource.clone())
            .collect(),
        cites: case.sources(&[
            Need::CloudTrail,
            Need::Ecs,
            Need::AutoScaling,
            Need::TargetGroupAttributes,
            Need::AccessLog,
        ]),
        fix: how_to_fix(case, hit.first().copied(), longest),
    }
}

fn how_to_fix(case: &Case<'_>, first: Option<&Departure>, longest: Option<u64>) -> Fix {
    let load_balancer = &case.evidence.load_balancer;
    let groups = first.map_or_else(Vec::new, |one| known::groups_of(case, one));
    let longest_of = |group: &TargetGroup| longest_request(case, Some(group));
    let longest = longest.max(groups.iter().copied().filter_map(longest_of).max());
    let wanted = safe_timeouts::deregistration_delay(longest);
    if case.is_classic() {
        return Fix {
            summary: format!("Turn connection draining on, with {wanted} s or more."),
            cli: vec![fix::aws(
                &format!(
                    "elb modify-load-balancer-attributes --load-balancer-name {} --load-balancer-attributes {}",
                    fix::quote(&load_balancer.name),
                    fix::quote(&format!(
                        "{{\"ConnectionDraining\":{{\"Enabled\":true,\"Timeout\":{wanted}}}}}"
                    ))
                ),
                &load_balancer.region,
            )],
            console: fix::load_balancer_console(load_balancer),
            terraform: format!(
                "resource \"aws_elb\" \"this\" {{\n  connection_draining         = true\n  connection_draining_timeout = {wanted}\n}}\n"
            ),
        };
    }
    Fix {
        summary: format!(
            "Set the deregistration delay above the longest request, {wanted} s or more, and let what \
             stops the targets wait as long."
        ),
        cli: groups
            .iter()
            .take(3)
            .map(|group| {
                fix::aws(
                    &format!(
                        "elbv2 modify-target-group-attributes --target-group-arn {} --attributes {}",
                        fix::quote(&group.arn),
                        fix::quote(&format!("Key=deregistration_delay.timeout_seconds,Value={wanted}"))
                    ),
                    &load_balancer.region,
                )
            })
            .collect(),
        console: groups.first().map_or_else(String::new, |group| {
            fix::target_group_console(&load_balancer.region, &group.arn)
        }),
        terraform: format!(
            "resource \"aws_lb_target_group\" \"this\" {{\n  deregistration_delay = {wanted}\n}}\n"
        ),
    }
}

#[cfg(test)]
mod tests;

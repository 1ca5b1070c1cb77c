//! # The target closes idle connections before the load balancer does
//!
//! ## What it looks for
//!
//! Rows in which a target hung up at once (target time about 0, no answer) a fixed time after its last
//! answer, and that time is shorter than the load balancer's idle timeout.
//!
//! ## Why this makes a 502
//!
//! The load balancer keeps connections to targets open and uses them again, for as long as its idle
//! timeout allows (60 seconds by default). A server that closes idle connections earlier (5 seconds in
//! Node.js, uvicorn and Apache) closes some of them at the very moment at which the load balancer sends
//! the next request. That request is lost, and the client gets 502; behind a Classic Load Balancer 504.
//! Health checks open a fresh connection each time and never see it, and the application's log is
//! silent, since the request never reached the application.
//!
//! ## How to be sure
//!
//! The gap between the target's last answer and the lost request is the same in almost every row: that
//! number is the server's keep-alive timeout. Compare it with the server's configuration. On a busy
//! target the gap cannot be read, because other connections were answered in between (the log does not
//! name the connection); such rows count only beside clear ones. Gaps that do not cluster, or targets
//! that were restarted at that time, speak for another cause.
//!
//! ## How to fix it
//!
//! Set the server's keep-alive above the load balancer's idle timeout, by a few seconds: 65 where that
//! is 60. In a chain of proxies every hop must keep connections longer than the hop in front of it; it
//! is the one nearest to the load balancer that counts here. Lowering the idle timeout below the
//! server's keep-alive works at once and without a deploy, but cuts answers that take longer than that
//! with 504. Afterwards `HTTPCode_ELB_502_Count` drops to zero.
//!
//! ## References
//!
//! - AWS, "Troubleshoot your Application Load Balancers", HTTP 502: bad gateway:
//!   <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html>
//! - AWS, "Application Load Balancers", connection idle timeout
//! - AWS, Classic Load Balancer guide, HTTP 504: gateway timeout, cause 2
//! - [S] A target time of about 0 as the mark of this race is known from reports of those who had it,
//!   not from AWS; it selects rows here and proves nothing alone.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use crate::{
    case::{Case, minute_of},
    document::{Fix, Strength},
    fix,
    keep_alive::{
        self, Sureness, Trace,
        gaps::Timer,
        servers::{self, Server},
    },
    need::Need,
    question,
    rule::{Answer, Claims, Draft, Rule},
    safe_timeouts,
    step::Step,
    words,
};

pub(super) const RULE: Rule = Rule {
    id: "keep-alive-shorter-than-idle-timeout",
    step: Step::Timeouts,
    specificity: 70,
    source: include_str!("keep_alive_shorter_than_idle_timeout.rs"),
    check,
};

/// A Classic race in fewer minutes than this may be one crash: a race never breaks everything at
/// once. [I]
const CLASSIC_MINUTES: usize = 3;

/// On Classic the log names no backend for such rows. More of them than this, over as many minutes
/// as [`CLASSIC_MINUTES`] asks, are no accident. [I]
const CLASSIC_ROWS: u64 = 8;

fn check(case: &Case<'_>) -> Answer {
    if nothing_to_explain(case) {
        return Answer::clear(format!(
            "there was no {} that it could explain",
            case.hung_up_code()
        ));
    }
    let mut missing = case.missing_rows();
    missing.extend(case.missing(&[Need::Attributes, Need::TargetGroups]));
    let Some(attributes) = case.evidence.attributes.seen() else {
        return Answer::cannot_tell("the idle timeout is not known", missing);
    };
    let idle_timeout = u64::from(attributes.idle_timeout) * 1000;
    let traces = keep_alive::traces(case);
    let several = traces
        .iter()
        .filter(|trace| !trace.timers.is_empty())
        .count()
        > 1;
    let findings: Vec<Draft> = traces
        .iter()
        .flat_map(|trace| findings(case, trace, idle_timeout, several))
        .collect();
    if !findings.is_empty() {
        return Answer {
            findings,
            because: String::new(),
            missing,
        };
    }
    if case.is_classic()
        && let Some(finding) = on_classic(case, idle_timeout)
    {
        return Answer {
            missing,
            ..Answer::found(finding)
        };
    }
    if case.is_classic() && !untold_on_classic(case).is_empty() {
        missing.push(
            "which instance each 504 was for, and how long it took: a Classic load balancer logs neither; \
             compare the instances' keep-alive with the idle timeout"
                .to_owned(),
        );
    }
    if !missing.is_empty() {
        return Answer::cannot_tell("lost requests may cluster around a gap unseen", missing);
    }
    let lost: Vec<usize> = traces.iter().flat_map(|trace| trace.lost.clone()).collect();
    let restarted: usize = traces.iter().map(|trace| trace.restarted.len()).sum();
    Answer::clear(if lost.is_empty() {
        "no request was lost at once on an open connection".to_owned()
    } else if restarted * 2 >= lost.len() {
        "the rows that could fit lie at restarts of their targets".to_owned()
    } else {
        format!(
            "{} at once, but the gaps to the target's last answer do not cluster below the idle \
             timeout of {} s",
            words::count(
                case.requests(&lost),
                "request was lost",
                "requests were lost"
            ),
            attributes.idle_timeout
        )
    })
}

fn nothing_to_explain(case: &Case<'_>) -> bool {
    if case.is_classic() {
        // On Classic the race shows as 504: only a silent count of all 5xx codes rules it out.
        let none = case.load_balancer_502s() == Some(0) && case.evidence.metrics.whole().is_some();
        let all = case.total(case.load_balancer_series("HTTPCode_ELB_5XX", "Sum"));
        return none && all == Some(0) && case.missing_rows_of_known_log().is_empty();
    }
    case.load_balancer_502s() == Some(0) && case.missing_rows_of_known_log().is_empty()
}

/// For each timer of the group one finding, and one for the rows that it blurs.
fn findings(case: &Case<'_>, trace: &Trace<'_>, idle_timeout: u64, several: bool) -> Vec<Draft> {
    let mut findings: Vec<Draft> = trace
        .timers
        .iter()
        .map(|timer| finding(case, trace, timer, idle_timeout, several))
        .collect();
    // The same loss on the same servers, where the gap could not be read.
    if let Some(first) = findings.first()
        && !trace.blurred.is_empty()
    {
        let blurred = Draft {
            strength: Strength::Likely,
            title: format!("{}: rows of busy targets", first.title),
            because: format!(
                "{} at once as well, but the gap cannot be read: the target answered on other \
                 connections meanwhile, or its last answer lies before the log.",
                words::count(
                    case.requests(&trace.blurred),
                    "more request was lost",
                    "more requests were lost"
                )
            ),
            claims: Claims::Rows(trace.blurred.clone()),
            ..first.clone()
        };
        findings.push(blurred);
    }
    findings
}

fn finding(
    case: &Case<'_>,
    trace: &Trace<'_>,
    timer: &Timer,
    idle_timeout: u64,
    several: bool,
) -> Draft {
    let known = servers::with_default(timer.ms, timer.tolerance);
    let named = named_server(case, timer, &known);
    let shorter = timer.ms + timer.tolerance < idle_timeout;
    let is_sure = trace.sureness(timer) == Sureness::Sure;
    let proven = shorter && !trace.regular && (is_sure || named.is_some());
    let of_group = match trace.target_group {
        Some(group) if several => format!(" of target group {}", group.name),
        _ => String::new(),
    };
    Draft {
        strength: if proven {
            Strength::Proven
        } else {
            Strength::Likely
        },
        title: format!(
            "Targets{of_group} close idle connections after {}, the load balancer keeps them for {}",
            words::seconds(timer.as_set()),
            words::seconds(idle_timeout)
        ),
        because: because(case, trace, timer, idle_timeout, &known, named.as_deref()),
        claims: Claims::Rows(timer.places.clone()),
        resources: timer.targets.iter().cloned().collect(),
        cites: case.sources(&[Need::AccessLog, Need::Attributes]),
        fix: how_to_fix(case, timer.ms, idle_timeout, &known),
    }
}

/// What names a server with this keep-alive: a person's answer or the application's log.
fn named_server(case: &Case<'_>, timer: &Timer, known: &[&'static Server]) -> Option<String> {
    let answers = &case.evidence.answers;
    let answered = keep_alive::answered_seconds(case).map(|seconds| seconds.saturating_mul(1000));
    if answered.is_some_and(|answered| answered.abs_diff(timer.ms) <= timer.tolerance) {
        return Some("The answer given for the server's keep-alive says the same.".to_owned());
    }
    if let Some(answer) = answers.get(question::TARGET_SERVER)
        && let Some(server) = servers::named_in(answer, known)
    {
        return Some(format!(
            "The server is {}, as answered, and that is its default.",
            server.name
        ));
    }
    let lines = &case.evidence.app_log.seen()?.lines;
    lines.iter().find_map(|line| {
        let server = servers::named_in(&line.message, known)?;
        Some(format!(
            "The log group {} names {}, and that is its default.",
            line.group, server.name
        ))
    })
}

fn because(
    case: &Case<'_>,
    trace: &Trace<'_>,
    timer: &Timer,
    idle_timeout: u64,
    known: &[&'static Server],
    named: Option<&str>,
) -> String {
    let mut because = format!(
        "{} sent to a target and lost at once ({} of {} whose gap can be read): each came {} after \
         the same target's last answer, over {} and {}. The load balancer's idle timeout is {}.",
        words::count(case.requests(&timer.places), "request was", "requests were"),
        words::thousands(timer.rows),
        words::thousands(trace.readable),
        span(timer.shortest, timer.longest),
        words::count(timer.minutes.len() as u64, "minute", "minutes"),
        words::count(timer.targets.len() as u64, "target", "targets"),
        words::seconds(idle_timeout)
    );
    match (named, known.is_empty()) {
        (Some(named), _) => because += &format!(" {named}"),
        (None, false) => {
            let names: Vec<&str> = known.iter().map(|server| server.name).collect();
            because += &format!(
                " {} is the default keep-alive of {}.",
                words::seconds(timer.as_set()),
                words::list(&names, 6)
            );
        }
        (None, true) => {}
    }
    if trace.regular {
        because +=
            " But requests come at about that interval anyway, which would leave the same gaps.";
    }
    if timer.ms + timer.tolerance >= idle_timeout {
        because += " The two are about equal: either side may close first.";
    }
    because
}

/// `5 s`, or `4.98 s to 5.02 s` where the two read differently.
fn span(shortest: u64, longest: u64) -> String {
    let (from, to) = (words::seconds(shortest), words::seconds(longest));
    if from == to {
        from
    } else {
        format!("{from} to {to}")
    }
}

/// A Classic Load Balancer logs no backend when an instance closes the connection, so there is no gap
/// to read. Its 504 has two causes only, a closed connection and a slow answer ([V] Classic guide):
/// where no answer was ever near the idle timeout, the other is left.
fn on_classic(case: &Case<'_>, idle_timeout: u64) -> Option<Draft> {
    let log = case.access_log()?;
    let lost = untold_on_classic(case);
    let minutes: BTreeSet<DateTime<Utc>> = lost
        .iter()
        .map(|place| minute_of(case.rows()[*place].time))
        .collect();
    let slowest = log
        .targets
        .iter()
        .map(|target| crate::case::whole(target.max_seconds * 1000.0))
        .max()?;
    let n = case.requests(&lost);
    let fits = n >= CLASSIC_ROWS && minutes.len() >= CLASSIC_MINUTES && slowest < idle_timeout / 2;
    fits.then(|| Draft {
        strength: Strength::Likely,
        title: format!(
            "Instances close idle connections before the load balancer's {} are over",
            words::seconds(idle_timeout)
        ),
        because: format!(
            "{} 504 without a backend, over {}. A Classic Load Balancer answers 504 when an answer is too \
             slow or when an instance closes the connection; the slowest answer took {}, far below the \
             idle timeout of {}. The code is 504, not 502: a Classic Load Balancer answers so where an \
             Application Load Balancer answers 502. The log names no backend for these rows, so the gap \
             cannot be measured.",
            words::count(n, "row is", "rows are"),
            words::count(minutes.len() as u64, "minute", "minutes"),
            words::seconds(slowest),
            words::seconds(idle_timeout)
        ),
        claims: Claims::Rows(lost),
        resources: vec![case.evidence.load_balancer.name.clone()],
        cites: case.sources(&[Need::AccessLog, Need::Attributes]),
        fix: how_to_fix(case, 0, idle_timeout, &[]),
    })
}

/// 504s of a Classic load balancer: an instance may have closed the connection.
fn untold_on_classic(case: &Case<'_>) -> Vec<usize> {
    case.places(|row| {
        row.elb_status_code == 504 && row.target_status_code.is_none() && row.target.is_none()
    })
}

fn how_to_fix(case: &Case<'_>, gap: u64, idle_timeout: u64, known: &[&'static Server]) -> Fix {
    let load_balancer = &case.evidence.load_balancer;
    let above = safe_timeouts::keep_alive(idle_timeout / 1000);
    let mut summary = format!("Set the server's keep-alive to {above} s");
    let settings: Vec<String> = known
        .iter()
        .map(|server| format!("{}: {}", server.name, server.setting))
        .collect();
    if !settings.is_empty() {
        summary += &format!(" ({})", settings.join("; "));
    }
    summary += ", and close idle connections on shutdown.";
    // The other way round, at once and without a deploy; not below a second.
    let below = (gap / 1000).saturating_sub(1);
    let mut cli = Vec::new();
    let mut terraform = format!(
        "# In the server's own configuration: keep-alive {above} s, above the load balancer's idle_timeout.\n"
    );
    if below >= 1 {
        summary += &format!(
            " Until then, an idle timeout of {below} s on the load balancer stops it, and answers slower \
             than that become 504."
        );
        let words = if case.is_classic() {
            format!(
                "elb modify-load-balancer-attributes --load-balancer-name {} --load-balancer-attributes {}",
                fix::quote(&load_balancer.name),
                fix::quote(&format!("ConnectionSettings={{IdleTimeout={below}}}"))
            )
        } else {
            format!(
                "elbv2 modify-load-balancer-attributes --load-balancer-arn {} --attributes {}",
                fix::quote(&load_balancer.arn),
                fix::quote(&format!("Key=idle_timeout.timeout_seconds,Value={below}"))
            )
        };
        cli.push(fix::aws(&words, &load_balancer.region));
        let kind = if case.is_classic() {
            "aws_elb"
        } else {
            "aws_lb"
        };
        terraform += &format!(
            "# Or, until then:\nresource \"{kind}\" \"this\" {{\n  name         = {}\n  idle_timeout = {below}\n}}\n",
            fix::terraform_string(&load_balancer.name)
        );
    }
    Fix {
        summary,
        cli,
        console: fix::load_balancer_console(load_balancer),
        terraform,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        evidence::{AppLog, LoadBalancerType, access_log::FaultRow, app_log::AppLogLine},
        fixture::*,
        observed::Observed,
    };

    /// `n` rows a minute or so apart, over three targets, with these gaps in turn.
    fn lost(n: usize, gaps: &[u64]) -> crate::Evidence {
        let mut evidence = healthy();
        let rows = (0..n)
            .map(|n| {
                let clock = format!("10:{:02}:{:02}", n % 60, (n * 7) % 60);
                let mut row = hung_up(&clock, 1 + u8::try_from(n % 3).unwrap(), 0.001);
                row.idle_ms = Some(gaps[n % gaps.len()]);
                row
            })
            .collect();
        set_rows(&mut evidence, rows);
        evidence
    }

    #[test]
    fn gaps_that_do_not_cluster_are_the_near_miss() {
        let spread: Vec<u64> = (1..=40).map(|n| n * 1_370).collect();
        assert_clear(&RULE, &lost(40, &spread));
    }

    #[test]
    fn gaps_beyond_the_idle_timeout_are_not_the_load_balancers() {
        assert_clear(&RULE, &lost(40, &[75_000, 75_040]));
    }

    #[test]
    fn hang_ups_in_the_middle_of_work_are_not_it() {
        let mut evidence = lost(40, &[5_000]);
        if let Observed::Seen { value, .. } = &mut evidence.access_log {
            for row in &mut value.rows {
                row.target_processing_time = Some(2.5);
            }
        }
        assert_clear(&RULE, &evidence);
    }

    #[test]
    fn a_tight_cluster_of_many_is_proven() {
        let because = assert_found(&RULE, &lost(46, &[4_999, 5_001, 5_000]), Strength::Proven);
        assert!(because.starts_with("46 requests were sent"), "{because}");
        assert!(
            because.contains("default keep-alive of Node.js http, uvicorn"),
            "{because}"
        );
        let fix = &ask(&RULE, &lost(46, &[5_000])).findings[0].fix;
        assert!(fix.summary.contains("65 s"), "{}", fix.summary);
        assert!(fix.cli[0].contains("'Key=idle_timeout.timeout_seconds,Value=4'"));
    }

    #[test]
    fn a_small_cluster_is_likely_until_something_names_the_server() {
        let mut evidence = lost(8, &[5_000]);
        assert_found(&RULE, &evidence, Strength::Likely);
        evidence.app_log = seen(AppLog {
            groups: vec!["/checkout/api".to_owned()],
            lines: vec![AppLogLine {
                at: at("09:59:00"),
                group: "/checkout/api".to_owned(),
                stream: "1".to_owned(),
                message: "checkout-api listening on :3000 (node v20.19.5)".to_owned(),
            }],
        });
        let because = assert_found(&RULE, &evidence, Strength::Proven);
        assert!(
            because.contains("/checkout/api names Node.js http"),
            "{because}"
        );
        let mut evidence = lost(8, &[7_000]);
        evidence.answers.insert(
            question::TARGET_KEEP_ALIVE_SECONDS.to_owned(),
            "7".to_owned(),
        );
        assert_found(&RULE, &evidence, Strength::Proven);
    }

    #[test]
    fn a_client_that_sends_at_that_interval_leaves_the_same_gaps() {
        let mut evidence = lost(46, &[5_000]);
        if let Observed::Seen { value, .. } = &mut evidence.access_log {
            for target in &mut value.targets {
                target.requests = 720;
            }
        }
        let because = assert_found(&RULE, &evidence, Strength::Likely);
        assert!(
            because.contains("at about that interval anyway"),
            "{because}"
        );
    }

    #[test]
    fn equal_timeouts_are_likely() {
        let because = assert_found(&RULE, &lost(46, &[60_000]), Strength::Likely);
        assert!(because.contains("about equal"), "{because}");
    }

    #[test]
    fn rows_of_busy_targets_are_likely_beside_clear_ones() {
        let mut evidence = lost(46, &[5_000, 5_000, 40]);
        let answer = ask(&RULE, &evidence);
        assert_eq!(answer.findings.len(), 2);
        assert_eq!(answer.findings[1].strength, Strength::Likely);
        // Alone they say nothing.
        evidence = lost(46, &[40]);
        assert_clear(&RULE, &evidence);
    }

    #[test]
    fn on_classic_it_is_504_and_likely() {
        let mut evidence = healthy();
        evidence.load_balancer.kind = LoadBalancerType::Classic;
        set_series(
            &mut evidence,
            series(
                LOAD_BALANCER,
                "HTTPCode_ELB_5XX",
                "Sum",
                &[("10:03:00", 12.0)],
            ),
        );
        let rows = (0..12)
            .map(|n| FaultRow {
                elb_status_code: 504,
                target: None,
                target_group_arn: None,
                ..refused(&format!("10:{:02}:00", n * 4), 1)
            })
            .collect();
        set_rows(&mut evidence, rows);
        let because = assert_found(&RULE, &evidence, Strength::Likely);
        assert!(because.contains("The code is 504, not 502"), "{because}");
    }

    #[test]
    fn an_unknown_idle_timeout_or_log_is_not_clear() {
        let mut evidence = lost(46, &[5_000]);
        evidence.attributes = denied("elasticloadbalancing:DescribeLoadBalancerAttributes");
        assert_cannot_tell(
            &RULE,
            &evidence,
            "elasticloadbalancing:DescribeLoadBalancerAttributes",
        );
        let mut evidence = healthy();
        evidence.access_log = denied("s3:ListBucket");
        set_series(
            &mut evidence,
            series(
                LOAD_BALANCER,
                "HTTPCode_ELB_502_Count",
                "Sum",
                &[("10:20:00", 5.0)],
            ),
        );
        assert_cannot_tell(&RULE, &evidence, "s3:ListBucket");
    }
}

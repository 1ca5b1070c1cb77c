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

use chrono::{DateTime, TimeDelta, Utc};

use super::servers::{self, Server};
use crate::{
    case::{Case, apart, bounded, minute_of},
    document::{Fix, Strength},
    evidence::{
        access_log::{FaultRow, Shape},
        target_groups::TargetType,
    },
    fix,
    need::Need,
    question,
    rule::{Answer, Claims, Draft, Rule},
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

/// A request that meets a closing connection is lost within a round trip, seconds. [S]
const LOST_WITHIN: f64 = 0.1;

/// Half the width of a cluster of gaps, milliseconds: servers' timers tick coarsely. [I]
const TIGHT: u64 = 250;

/// A gap shorter than this was cut by another connection's answer: the target was busy. [I]
const READABLE: u64 = 900;

/// From this many rows in one cluster on it is likely …
const LIKELY_ROWS: u64 = 5;
/// … with this much of all readable rows in it, per cent …
const LIKELY_PERCENT: u64 = 60;
/// … spread over this many minutes: one crash breaks everything at once, a race never does. [I]
const LIKELY_MINUTES: usize = 3;

/// Gaps that fall together by chance, or by anything but a timer, do not do so this often …
const PROVEN_ROWS: u64 = 20;
/// … and this tightly, per cent of all readable rows. [I]
const PROVEN_PERCENT: u64 = 80;

/// Within this much of the gap, per cent, a target's mean distance between requests means that a
/// client sends at that interval: then every gap is the same, whatever broke. [I]
const REGULAR_PERCENT: u64 = 3;

/// Rows this close to a stop or removal of their target have that as their reason.
const RESTART: TimeDelta = TimeDelta::seconds(60);

/// On Classic the log names no backend for such rows. More of them than this, over as many minutes
/// as [`LIKELY_MINUTES`] asks, are no accident. [I]
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
    let candidates = case.places(|row| is_lost_at_once(case, row));
    let restarted = places_near_restarts(case, &candidates);
    let readable: Vec<(u64, usize)> = candidates
        .iter()
        .filter(|place| !restarted.contains(place))
        .filter_map(|place| Some((case.rows()[*place].idle_ms?, *place)))
        .filter(|(gap, _)| *gap >= READABLE)
        .collect();
    if let Some(cluster) = Cluster::of(case, readable)
        && cluster.gap < idle_timeout + TIGHT
        && cluster.is_likely()
    {
        let findings = findings(case, &cluster, &candidates, &restarted, idle_timeout);
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
    if !missing.is_empty() {
        return Answer::cannot_tell("lost requests may cluster around a gap unseen", missing);
    }
    Answer::clear(if candidates.is_empty() {
        "no request was lost at once on an open connection".to_owned()
    } else if !restarted.is_empty() && restarted.len() * 2 >= candidates.len() {
        "the rows that could fit lie at restarts of their targets".to_owned()
    } else {
        format!(
            "{} at once, but the gaps to the target's last answer do not cluster below the idle \
             timeout of {} s",
            words::count(
                case.requests(&candidates),
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

/// Sent on an open connection, gone at once, no answer.
fn is_lost_at_once(case: &Case<'_>, row: &FaultRow) -> bool {
    let lambda = case
        .target_group_of(row)
        .is_some_and(|group| group.target_type == TargetType::Lambda);
    let at_once = match row.shape() {
        Shape::NotAnswered => row
            .target_processing_time
            .is_some_and(|seconds| seconds <= LOST_WITHIN),
        Shape::NotAnsweredUntimed => case.is_classic(),
        Shape::NotConnected | Shape::Answered | Shape::Other => false,
    };
    row.elb_status_code == case.hung_up_code()
        && row.target_status_code.is_none()
        && at_once
        && !lambda
}

fn places_near_restarts(case: &Case<'_>, places: &[usize]) -> BTreeSet<usize> {
    let disturbances = case.disturbances();
    places
        .iter()
        .copied()
        .filter(|place| {
            let row = &case.rows()[*place];
            disturbances.iter().any(|disturbance| {
                apart(row.time, disturbance.at) <= RESTART && case.names(disturbance, row)
            })
        })
        .collect()
}

/// Rows whose gaps lie close together.
struct Cluster {
    /// The middle of the gaps, milliseconds.
    gap: u64,
    places: Vec<usize>,
    /// Requests in it, and in all readable rows.
    rows: u64,
    readable: u64,
    minutes: BTreeSet<DateTime<Utc>>,
    targets: BTreeSet<String>,
    /// A client that sends at this interval would leave the same trace.
    regular: bool,
}

impl Cluster {
    /// The densest window of gaps.
    fn of(case: &Case<'_>, mut readable: Vec<(u64, usize)>) -> Option<Self> {
        readable.sort_unstable();
        let requests = |rows: &[(u64, usize)]| -> u64 {
            rows.iter()
                .map(|(_, place)| bounded(case.rows()[*place].count))
                .sum()
        };
        let (mut best, mut best_rows) = (0..0, 0);
        let (mut end, mut rows) = (0, 0_u64);
        for start in 0..readable.len() {
            while end < readable.len()
                && readable[end].0 - readable[start].0 <= TIGHT.saturating_mul(2)
            {
                rows += requests(&readable[end..=end]);
                end += 1;
            }
            if rows > best_rows {
                (best, best_rows) = (start..end, rows);
            }
            rows -= requests(&readable[start..=start]);
        }
        let inside = readable.get(best)?;
        let gap = inside.get(inside.len() / 2)?.0;
        let places: Vec<usize> = inside.iter().map(|(_, place)| *place).collect();
        let targets: BTreeSet<String> = places
            .iter()
            .filter_map(|place| case.rows()[*place].target.clone())
            .collect();
        Some(Self {
            gap,
            rows: best_rows,
            readable: requests(&readable),
            minutes: places
                .iter()
                .map(|place| minute_of(case.rows()[*place].time))
                .collect(),
            regular: !targets.is_empty()
                && targets.iter().all(|target| is_regular(case, target, gap)),
            targets,
            places,
        })
    }

    fn is_likely(&self) -> bool {
        self.rows >= LIKELY_ROWS
            && words::percent(self.rows, self.readable) >= LIKELY_PERCENT
            && self.minutes.len() >= LIKELY_MINUTES
    }

    fn is_beyond_chance(&self) -> bool {
        self.rows >= PROVEN_ROWS
            && words::percent(self.rows, self.readable) >= PROVEN_PERCENT
            && !self.regular
    }
}

/// Whether the target's requests come, on average, at the distance of the gap.
fn is_regular(case: &Case<'_>, target: &str, gap: u64) -> bool {
    let window = case.evidence.window;
    let span = u64::try_from(
        window
            .to
            .signed_duration_since(window.from)
            .num_milliseconds(),
    )
    .unwrap_or(0);
    let counts = case
        .access_log()
        .and_then(|log| log.targets.iter().find(|counts| counts.target == target));
    counts.is_some_and(|counts| {
        let apart = span / counts.requests.max(1);
        apart.abs_diff(gap).saturating_mul(100) <= gap.saturating_mul(REGULAR_PERCENT)
    })
}

fn findings(
    case: &Case<'_>,
    cluster: &Cluster,
    candidates: &[usize],
    restarted: &BTreeSet<usize>,
    idle_timeout: u64,
) -> Vec<Draft> {
    let known = servers::with_default(cluster.gap, TIGHT);
    let named = named_server(case, cluster.gap, &known);
    let shorter = cluster.gap + TIGHT < idle_timeout;
    let proven = shorter && !cluster.regular && (cluster.is_beyond_chance() || named.is_some());
    let strength = if proven {
        Strength::Proven
    } else {
        Strength::Likely
    };
    let title = format!(
        "Targets close idle connections after {}, the load balancer keeps them for {}",
        words::seconds(rounded(cluster.gap)),
        words::seconds(idle_timeout)
    );
    let resources: Vec<String> = cluster.targets.iter().cloned().collect();
    let cites = case.sources(&[Need::AccessLog, Need::Attributes]);
    let how_to_fix = how_to_fix(case, cluster.gap, idle_timeout, &known);
    let mut findings = vec![Draft {
        strength,
        title: title.clone(),
        because: because(case, cluster, idle_timeout, &known, named.as_deref()),
        claims: Claims::Rows(cluster.places.clone()),
        resources: resources.clone(),
        cites: cites.clone(),
        fix: how_to_fix.clone(),
    }];
    // The same loss on the same servers, where the gap could not be read.
    let blurred: Vec<usize> = candidates
        .iter()
        .copied()
        .filter(|place| !restarted.contains(place))
        .filter(|place| case.rows()[*place].idle_ms.is_none_or(|gap| gap < READABLE))
        .collect();
    if !blurred.is_empty() {
        findings.push(Draft {
            strength: Strength::Likely,
            title: format!("{title}: rows of busy targets"),
            because: format!(
                "{} at once as well, but the gap cannot be read: the target answered on other \
                 connections less than {} before, or its last answer lies before the log.",
                words::count(
                    case.requests(&blurred),
                    "more request was lost",
                    "more requests were lost"
                ),
                words::seconds(READABLE)
            ),
            claims: Claims::Rows(blurred),
            resources,
            cites,
            fix: how_to_fix,
        });
    }
    findings
}

/// What names a server with this keep-alive: a person's answer or the application's log.
fn named_server(case: &Case<'_>, gap: u64, known: &[&'static Server]) -> Option<String> {
    let answers = &case.evidence.answers;
    let seconds = answers
        .get(question::TARGET_KEEP_ALIVE_SECONDS)
        .and_then(|answer| {
            answer
                .trim()
                .trim_end_matches('s')
                .trim()
                .parse::<u64>()
                .ok()
        });
    if seconds.is_some_and(|seconds| seconds.saturating_mul(1000).abs_diff(gap) <= TIGHT) {
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
    cluster: &Cluster,
    idle_timeout: u64,
    known: &[&'static Server],
    named: Option<&str>,
) -> String {
    let gaps: Vec<u64> = cluster
        .places
        .iter()
        .filter_map(|place| case.rows()[*place].idle_ms)
        .collect();
    let mut because = format!(
        "{} sent to a target and lost at once ({} of {} whose gap can be read): each came {} after \
         the same target's last answer, over {} and {}. The load balancer's idle timeout is {}.",
        words::count(cluster.rows, "request was", "requests were"),
        words::thousands(cluster.rows),
        words::thousands(cluster.readable),
        span(
            gaps.iter().min().copied().unwrap_or(cluster.gap),
            gaps.iter().max().copied().unwrap_or(cluster.gap)
        ),
        words::count(cluster.minutes.len() as u64, "minute", "minutes"),
        words::count(cluster.targets.len() as u64, "target", "targets"),
        words::seconds(idle_timeout)
    );
    match (named, known.is_empty()) {
        (Some(named), _) => because += &format!(" {named}"),
        (None, false) => {
            let names: Vec<&str> = known.iter().map(|server| server.name).collect();
            because += &format!(
                " {} is the default keep-alive of {}.",
                words::seconds(rounded(cluster.gap)),
                words::list(&names, 6)
            );
        }
        (None, true) => {}
    }
    if cluster.regular {
        because +=
            " But requests come at about that interval anyway, which would leave the same gaps.";
    }
    if cluster.gap + TIGHT >= idle_timeout {
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

/// To the nearest half second: a timer is set in round numbers.
fn rounded(gap: u64) -> u64 {
    let half = (gap + 250) / 500 * 500;
    if half.abs_diff(gap) <= TIGHT && half > 0 {
        half
    } else {
        gap
    }
}

/// A Classic Load Balancer logs no backend when an instance closes the connection, so there is no gap
/// to read. Its 504 has two causes only, a closed connection and a slow answer ([V] Classic guide):
/// where no answer was ever near the idle timeout, the other is left.
fn on_classic(case: &Case<'_>, idle_timeout: u64) -> Option<Draft> {
    let log = case.access_log()?;
    let lost = case.places(|row| {
        row.elb_status_code == 504 && row.target_status_code.is_none() && row.target.is_none()
    });
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
    let fits = n >= CLASSIC_ROWS && minutes.len() >= LIKELY_MINUTES && slowest < idle_timeout / 2;
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

fn how_to_fix(case: &Case<'_>, gap: u64, idle_timeout: u64, known: &[&'static Server]) -> Fix {
    let load_balancer = &case.evidence.load_balancer;
    let above = idle_timeout / 1000 + 5;
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
        evidence::{AppLog, LoadBalancerType, app_log::AppLogLine},
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

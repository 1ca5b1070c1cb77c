//! # The target closed the connection in the middle of a request
//!
//! ## What it looks for
//!
//! Rows in which the request was sent to a target and no answer came back (response time -1, target
//! status `-`), as far as no narrower rule explains them.
//!
//! ## Why this makes a 502
//!
//! The load balancer sent the request over an open connection, and the target ended that connection
//! with a FIN or a reset before it had answered. There is no answer to pass on, and the load balancer
//! may not simply send the request again, so the client gets 502.
//!
//! ## How to be sure
//!
//! Request and target time are 0 or more, response time is -1, the target status is `-`. That proves
//! that the target hung up, not why: a crash, a killed or recycled worker, a restart, a limit of the
//! server on time or size. The application's log at the time of the rows names it. Rows that come a
//! fixed time after the target's last answer belong to a keep-alive that is too short; rows at the time
//! of a deploy belong to the deploy.
//!
//! ## How to fix it
//!
//! Look into the application's log on the named targets at the time of the rows for crashes, worker
//! restarts and out-of-memory kills. Let the server finish what it has in flight before it exits
//! (graceful shutdown), and raise limits that cut long requests.
//!
//! ## References
//!
//! - AWS, "Troubleshoot your Application Load Balancers", HTTP 502: bad gateway:
//!   <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html>
//! - AWS re:Post, "How do I troubleshoot Application Load Balancer HTTP 502 errors?"
//! - AWS, "Access logs for your Application Load Balancer" (processing times)
//! - AWS, Classic Load Balancer guide, HTTP 504: gateway timeout, cause 2

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;

use crate::{
    case::{Case, apart, bounded},
    document::{Fix, RuleAnswer, Strength},
    evidence::access_log::{FaultRow, Shape},
    fix,
    need::Need,
    rule::{Answer, Claims, Draft, Rule},
    rules,
    step::Step,
    words,
};

const ID: &str = "target-closed-connection";

pub(super) const RULE: Rule = Rule {
    id: ID,
    step: Step::ErrorLogs,
    specificity: 10,
    source: include_str!("target_closed_connection.rs"),
    check,
};

/// Narrower rules that explain rows of this shape. While one of them cannot tell, the cause may be
/// its. Those that the book does not hold are passed over.
const NARROWER: &[&str] = &[
    "all-targets-unhealthy",
    "target-instance-not-running",
    "container-crashed",
    "deploy-stops-targets-before-draining",
    "malformed-response",
    "response-headers-too-large",
    "upload-answered-early",
    "worker-restarted",
    "target-cpu-saturated",
    "keep-alive-shorter-than-idle-timeout",
    "deregistration-delay-too-short",
    "health-check-slower-than-shutdown",
];

/// What was done to a target this close to its row may have broken it.
const NEAR: TimeDelta = TimeDelta::seconds(90);

fn check(case: &Case<'_>) -> Answer {
    let shaped = case.places(|row| is_hang_up(case, row));
    let missing = case.missing_rows();
    if shaped.is_empty() {
        if case.load_balancer_502s() == Some(0) && !case.is_classic() {
            return Answer::clear("the load balancer made no 502");
        }
        return if missing.is_empty() {
            Answer::clear("no request was sent to a target and left without an answer")
        } else {
            Answer::cannot_tell("targets may have hung up on requests", missing)
        };
    }
    let narrower = Narrower::of(case);
    let rest: Vec<usize> = shaped
        .iter()
        .copied()
        .filter(|place| !narrower.rows.contains(place))
        .collect();
    if rest.is_empty() {
        return Answer::clear(format!(
            "{} a hang-up, and a narrower rule explains {}",
            words::count(case.requests(&shaped), "row shows", "rows show"),
            if shaped.len() == 1 { "it" } else { "each" }
        ));
    }
    Answer {
        missing,
        ..Answer::found(finding(case, rest, &narrower))
    }
}

/// Sent to a target, no answer. On Classic that is a 504, and so is an answer that is too slow: only
/// rows that ended well before the idle timeout are hang-ups.
fn is_hang_up(case: &Case<'_>, row: &FaultRow) -> bool {
    if row.target_status_code.is_some()
        || row.elb_status_code != case.hung_up_code()
        || case.was_to_function(row)
    {
        return false;
    }
    match row.shape() {
        Shape::NotAnswered => {
            !case.is_classic()
                || case.evidence.attributes.seen().is_some_and(|attributes| {
                    let took = row.target_processing_time.unwrap_or(f64::MAX);
                    took < f64::from(attributes.idle_timeout) / 2.0
                })
        }
        Shape::NotAnsweredUntimed => !case.is_classic(),
        Shape::NotConnected | Shape::Answered | Shape::Other => false,
    }
}

/// What the narrower rules make of the case.
struct Narrower {
    rows: BTreeSet<usize>,
    /// Those that cannot tell, or say of rows that it is possible.
    open: Vec<&'static str>,
}

impl Narrower {
    fn of(case: &Case<'_>) -> Self {
        let mut narrower = Self {
            rows: BTreeSet::new(),
            open: Vec::new(),
        };
        for rule in rules::all().filter(|rule| rule.id != ID) {
            let answer = (rule.check)(case);
            let is_possible = answer.findings.iter().any(|finding| {
                finding.strength == Strength::Possible
                    && matches!(&finding.claims, Claims::Rows(rows) if !rows.is_empty())
            });
            let is_open = is_possible || answer.answer() == RuleAnswer::CannotTell;
            if is_open && NARROWER.contains(&rule.id) {
                narrower.open.push(rule.id);
            }
            for finding in &answer.findings {
                if let Claims::Rows(rows) = &finding.claims
                    && finding.strength > Strength::Possible
                {
                    narrower.rows.extend(rows);
                }
            }
        }
        narrower
    }
}

fn finding(case: &Case<'_>, rows: Vec<usize>, narrower: &Narrower) -> Draft {
    let n = case.requests(&rows);
    let mut by_target: BTreeMap<&str, u64> = BTreeMap::new();
    for place in &rows {
        let row = &case.rows()[*place];
        *by_target
            .entry(row.target.as_deref().unwrap_or("-"))
            .or_default() += bounded(row.count);
    }
    let targets: Vec<String> = by_target
        .iter()
        .map(|(target, n)| format!("{target} ({})", words::thousands(*n)))
        .collect();
    let near = near(case, &rows);
    let log_was_read = case
        .evidence
        .app_log
        .whole()
        .is_some_and(|log| !log.groups.is_empty());
    // The row proves the hang-up. It is the cause, and not the trace of another one, only where all
    // that would name a narrower one was seen and is silent.
    let proven = narrower.open.is_empty() && near.is_empty() && log_was_read && !case.is_classic();
    let mut because = format!(
        "{}: the request was sent to the target, and the connection ended before an answer (response \
         time -1, target status -). {}. Targets: {}.",
        words::count(n, "row", "rows"),
        words::capital(&times(case, &rows)),
        words::list(&targets, 5)
    );
    if !near.is_empty() {
        because += &format!(
            " Near the rows: {}. That may be the reason.",
            words::list(&near, 3)
        );
    }
    if !narrower.open.is_empty() {
        because += &format!(
            " A narrower cause is not ruled out: {}.",
            words::list(&narrower.open, 4)
        );
    } else if !log_was_read {
        because += " Why it hung up, only the application's log can say, and none was read.";
    }
    let resources = by_target.into_keys().take(10).map(str::to_owned).collect();
    Draft {
        strength: if proven {
            Strength::Proven
        } else {
            Strength::Likely
        },
        title: "The target closed the connection before it answered".to_owned(),
        because,
        claims: Claims::Rows(rows),
        resources,
        cites: case.sources(&[Need::AccessLog]),
        fix: Fix {
            summary: "Read the application's log on these targets at these times: look for crashes, \
                      worker restarts and kills; let the server finish requests before it exits."
                .to_owned(),
            cli: vec![fix::aws(
                &format!(
                    "logs filter-log-events --log-group-name YOUR-LOG-GROUP --start-time {} --end-time {} --filter-pattern '?error ?panic ?killed ?SIGTERM ?restart'",
                    case.evidence.window.from.timestamp_millis(),
                    case.evidence.window.to.timestamp_millis()
                ),
                &case.evidence.load_balancer.region,
            )],
            console: fix::load_balancer_console(&case.evidence.load_balancer),
            terraform: "# Give the process time to finish what it has in flight.\nresource \"aws_lb_target_group\" \"this\" {\n  deregistration_delay = 60\n}\n".to_owned(),
        },
    }
}

/// How long the targets had the requests.
fn times(case: &Case<'_>, rows: &[usize]) -> String {
    let mut milliseconds: Vec<u64> = rows
        .iter()
        .filter_map(|place| case.rows()[*place].target_processing_time)
        .map(|seconds| crate::case::whole(seconds * 1000.0))
        .collect();
    milliseconds.sort_unstable();
    match (milliseconds.first(), milliseconds.last()) {
        (Some(least), Some(most)) => format!(
            "the targets had the requests for {} to {}, half of them for {} or less",
            words::seconds(*least),
            words::seconds(*most),
            words::seconds(milliseconds[milliseconds.len() / 2])
        ),
        _ => "how long the targets had the requests is not noted".to_owned(),
    }
}

/// What was done to the rows' targets close to the rows, in words, each once.
fn near(case: &Case<'_>, rows: &[usize]) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for disturbance in case.disturbances() {
        let touches =
            |row: &FaultRow| disturbance.touches.is_empty() || case.names(&disturbance, row);
        let close = rows.iter().any(|place| {
            let row = &case.rows()[*place];
            apart(row.time, disturbance.at) <= NEAR && touches(row)
        });
        let line = format!("{} {}", words::clock(disturbance.at), disturbance.words);
        if close && !words.contains(&line) {
            words.push(line);
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        evidence::{AppLog, Change},
        fixture::*,
    };

    fn crashes() -> crate::Evidence {
        let mut evidence = healthy();
        set_rows(
            &mut evidence,
            vec![
                hung_up("10:10:00", 1, 1.2),
                hung_up("10:23:00", 2, 0.4),
                hung_up("10:41:00", 1, 3.1),
            ],
        );
        evidence.app_log = seen(AppLog {
            groups: vec!["/quotes/api".to_owned()],
            lines: Vec::new(),
        });
        evidence
    }

    #[test]
    fn a_refused_connection_is_the_near_miss() {
        let mut evidence = healthy();
        set_rows(&mut evidence, vec![refused("10:10:00", 1)]);
        assert_clear(&RULE, &evidence);
    }

    #[test]
    fn hang_ups_that_nothing_else_explains_are_proven() {
        let because = assert_found(&RULE, &crashes(), Strength::Proven);
        assert!(because.contains("for 0.40 s to 3.10 s"), "{because}");
    }

    #[test]
    fn without_the_applications_log_the_reason_stays_open() {
        let mut evidence = crashes();
        evidence.app_log = seen(AppLog::default());
        assert_found(&RULE, &evidence, Strength::Likely);
    }

    #[test]
    fn a_command_near_the_rows_may_be_the_reason() {
        let mut evidence = crashes();
        evidence.cloudtrail = seen(vec![Change {
            at: at("10:09:40"),
            name: "SendCommand".to_owned(),
            who: "ines".to_owned(),
            resources: vec!["i-1".to_owned()],
            summary: "SendCommand i-1".to_owned(),
            error: None,
        }]);
        let because = assert_found(&RULE, &evidence, Strength::Likely);
        assert!(
            because.contains("10:09:40 SendCommand by ines"),
            "{because}"
        );
    }

    #[test]
    fn rows_of_a_narrower_rule_are_left_to_it() {
        let mut evidence = crashes();
        set_health(
            &mut evidence,
            vec![
                target(1, "unhealthy", Some("Target.Timeout")),
                target(2, "unhealthy", Some("Target.Timeout")),
                target(3, "healthy", None),
            ],
        );
        assert_clear(&RULE, &evidence);
    }

    #[test]
    fn a_log_that_was_not_read_hides_hang_ups() {
        let mut evidence = healthy();
        evidence.access_log = denied("s3:GetObject");
        set_series(
            &mut evidence,
            series(
                LOAD_BALANCER,
                "HTTPCode_ELB_502_Count",
                "Sum",
                &[("10:20:00", 5.0)],
            ),
        );
        assert_cannot_tell(&RULE, &evidence, "s3:GetObject");
    }
}

//! # The target refused the connection
//!
//! ## What it looks for
//!
//! Rows with all three times at -1 (no connection to a target came about) in minutes in which
//! `TargetConnectionErrorCount` counted, where the way to the target is open.
//!
//! ## Why this makes a 502
//!
//! The load balancer opens a TCP connection to the target's address and port and gets a reset: nothing
//! listens there, the process is restarting, its accept queue is full, or a firewall on the machine
//! rejects. There is no one to send the request to, so the load balancer answers 502. (Packets that are
//! dropped in silence end in 504 after ten seconds instead.)
//!
//! ## How to be sure
//!
//! All three processing times are -1, the target status code is `-`, and the group's
//! `TargetConnectionErrorCount` counts in the same minutes. When that metric is silent, the connection
//! was made, and something else broke, for example the TLS handshake.
//!
//! ## How to fix it
//!
//! On a named target: `ss -ltn` shows whether the process listens on the registered port, and on which
//! address (127.0.0.1 does not do). Compare the registered port with the container's port mapping. Look
//! for restarts at the time of the rows. Make the health check use the traffic port, so that a target on
//! which nothing listens is taken out.
//!
//! ## References
//!
//! - AWS, "Troubleshoot your Application Load Balancers", HTTP 502: bad gateway:
//!   <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html>
//! - AWS, "CloudWatch metrics for your Application Load Balancer" (TargetConnectionErrorCount)
//! - AWS re:Post, "How do I troubleshoot Application Load Balancer HTTP 502 errors?" (all three times -1)
//! - AWS, Classic Load Balancer guide (BackendConnectionErrors counts health checks and retries too)

mod minutes;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    case::{Case, minute_of, shifted},
    document::{Fix, RuleAnswer, Strength},
    evidence::access_log::{FaultRow, Shape},
    fix,
    need::Need,
    rule::{Answer, Claims, Draft, Rule},
    rules,
    step::Step,
    words,
};

pub(super) const RULE: Rule = Rule {
    id: "target-refused-connection",
    step: Step::ErrorLogs,
    specificity: 30,
    source: include_str!("target_refused_connection.rs"),
    check,
};

/// The rules that judge the way to the target; those that the book does not hold are passed over.
const PATH_RULES: &[&str] = &[
    "security-group-blocks-target",
    "load-balancer-egress-blocked",
    "network-acl-blocks-request",
    "network-acl-blocks-return",
    "no-route-to-target",
];

/// Faults of which a refused connection is the trace. While one of them cannot tell, the refusal is
/// seen, but it may not be the cause; those that the book does not hold are passed over.
const DEEPER: &[&str] = &[
    "all-targets-unhealthy",
    "target-instance-not-running",
    "container-crashed",
    "deploy-stops-targets-before-draining",
];

fn check(case: &Case<'_>) -> Answer {
    let errors = Errors::of(case);
    if case.access_log().is_some() {
        by_rows(case, &errors)
    } else {
        minutes::by_minutes(case, &errors)
    }
}

/// Connection errors by minute, as far as metrics were seen.
struct Errors {
    /// By group ARN. A group that is not here was not asked for.
    by_group: BTreeMap<String, BTreeSet<DateTime<Utc>>>,
    /// All groups together, by minute.
    counts: BTreeMap<DateTime<Utc>, u64>,
    asked: bool,
}

impl Errors {
    fn of(case: &Case<'_>) -> Self {
        let name = if case.is_classic() {
            "BackendConnectionErrors"
        } else {
            "TargetConnectionErrorCount"
        };
        let mut errors = Self {
            by_group: BTreeMap::new(),
            counts: BTreeMap::new(),
            asked: false,
        };
        let mut add = |minutes: &BTreeMap<DateTime<Utc>, u64>| {
            for (at, n) in minutes {
                let sum = errors.counts.entry(minute_of(*at)).or_default();
                *sum = crate::case::bounded(*sum + n);
            }
        };
        let mut asked = 0;
        for group in case.target_groups() {
            if let Some(series) = case.target_group_series(&group.arn, name, "Sum") {
                let minutes = case.per_minute(series);
                add(&minutes);
                let minutes = minutes.into_keys().map(minute_of).collect();
                errors.by_group.insert(group.arn.clone(), minutes);
                asked += 1;
            }
        }
        errors.asked = asked > 0 && asked == case.target_groups().len();
        if !errors.asked
            && let Some(series) = case.load_balancer_series(name, "Sum")
        {
            // The load balancer's own sum covers the groups that were not asked for.
            errors.counts = case
                .per_minute(series)
                .into_iter()
                .map(|(at, n)| (minute_of(at), n))
                .collect();
            errors.asked = true;
        }
        errors
    }

    /// Whether the metric counted an error in the row's minute: `None` where it was not seen. A row
    /// that was answered just after the minute's end may be counted in the minute before.
    fn counted(&self, case: &Case<'_>, row: &FaultRow) -> Option<bool> {
        let near = [
            minute_of(row.time),
            minute_of(shifted(row.time, TimeDelta::seconds(-EDGE_SECONDS))),
        ];
        let group = case.target_group_of(row).map(|group| &group.arn);
        if let Some(minutes) = group.and_then(|arn| self.by_group.get(arn)) {
            return Some(near.iter().any(|minute| minutes.contains(minute)));
        }
        self.asked
            .then(|| near.iter().any(|minute| self.counts.contains_key(minute)))
    }
}

/// The metric's minute and the row's may differ by this much: the error comes before the answer. [I]
const EDGE_SECONDS: i64 = 2;

fn by_rows(case: &Case<'_>, errors: &Errors) -> Answer {
    let shaped = case.places(|row| {
        row.shape() == Shape::NotConnected
            && row.target_status_code.is_none()
            && !case.was_to_function(row)
            && is_refusal(case, row)
    });
    let rows = case.rows();
    let (mut confirmed, mut unconfirmed, mut contradicted) = (Vec::new(), Vec::new(), Vec::new());
    for place in shaped {
        match errors.counted(case, &rows[place]) {
            Some(true) => confirmed.push(place),
            None => unconfirmed.push(place),
            Some(false) => contradicted.push(place),
        }
    }
    let mut findings = Vec::new();
    if !confirmed.is_empty() {
        findings.push(finding(case, confirmed, true));
    }
    if !unconfirmed.is_empty() {
        findings.push(finding(case, unconfirmed, false));
    }
    let mut missing = case.missing_rows();
    missing.extend(case.missing(&[Need::Metrics]));
    if !findings.is_empty() {
        return Answer {
            findings,
            because: String::new(),
            missing,
        };
    }
    if !missing.is_empty() {
        return Answer::cannot_tell("a refused connection may not have been seen", missing);
    }
    if contradicted.is_empty() {
        Answer::clear("no row has all three times at -1: every connection came about")
    } else {
        Answer::clear(format!(
            "{} no connection (all three times -1), but TargetConnectionErrorCount is silent in those \
             minutes: it was not the TCP connect that failed",
            words::count(case.requests(&contradicted), "row notes", "rows note")
        ))
    }
}

/// On Classic a refused connect shows as 503 or 504 as well, and only with a backend in the row can
/// it be told from "no instance at all".
fn is_refusal(case: &Case<'_>, row: &FaultRow) -> bool {
    if case.is_classic() {
        matches!(row.elb_status_code, 502..=504) && row.target.is_some()
    } else {
        row.elb_status_code == 502
    }
}

fn finding(case: &Case<'_>, rows: Vec<usize>, counted: bool) -> Draft {
    let n = case.requests(&rows);
    let targets: BTreeSet<String> = rows
        .iter()
        .filter_map(|place| case.rows()[*place].target.clone())
        .collect();
    let path = path_is_open(case, &targets);
    let open: Vec<&str> = DEEPER
        .iter()
        .filter_map(|id| rules::by_id(id))
        .filter(|rule| (rule.check)(case).answer() == RuleAnswer::CannotTell)
        .map(|rule| rule.id)
        .collect();
    let strength = if counted && path.is_some() && open.is_empty() && !case.is_classic() {
        Strength::Proven
    } else if !counted && rows.iter().any(|place| may_be_another(case, *place)) {
        Strength::Possible
    } else {
        Strength::Likely
    };
    let mut because = format!(
        "{} with all three times at -1 and no target status: the load balancer got no connection.",
        words::count(n, "row", "rows")
    );
    because += match (counted, case.is_classic()) {
        (true, false) => " TargetConnectionErrorCount counts in the same minutes.",
        (true, true) => {
            " BackendConnectionErrors counts in the same minutes (it counts health checks too)."
        }
        (false, _) => {
            " TargetConnectionErrorCount was not seen, so a failed TLS handshake would look the same."
        }
    };
    match &path {
        Some(words) => because += &format!(" {words}"),
        None => because += " Whether the network lets the connection through is not known.",
    }
    if !open.is_empty() {
        because += &format!(
            " What may lie behind it is not ruled out: {} cannot tell.",
            words::list(&open, 4)
        );
    }
    let targets: Vec<String> = targets.into_iter().collect();
    because += &format!(" Targets: {}.", words::list(&targets, 5));
    Draft {
        strength,
        title: match targets.as_slice() {
            [one] => format!("{one} refuses connections"),
            _ => "Targets refuse connections".to_owned(),
        },
        because,
        claims: Claims::Rows(rows),
        resources: targets,
        cites: case.sources(&[Need::AccessLog, Need::Metrics]),
        fix: how_to_fix(case),
    }
}

/// Whether something else may have left the row: the target group speaks TLS, or may, and a handshake
/// failed; or no target is named, and the load balancer passed it on to none.
fn may_be_another(case: &Case<'_>, place: usize) -> bool {
    let row = &case.rows()[place];
    let protocol = case
        .target_group_of(row)
        .and_then(|group| group.protocol.as_deref());
    row.target.is_none() || !matches!(protocol, Some("HTTP" | "TCP"))
}

/// Why the way to these targets is known to be open; `None` where it is not.
fn path_is_open(case: &Case<'_>, targets: &BTreeSet<String>) -> Option<String> {
    let answers: Vec<RuleAnswer> = PATH_RULES
        .iter()
        .filter_map(|id| rules::by_id(id))
        .map(|rule| (rule.check)(case).answer())
        .collect();
    if answers.contains(&RuleAnswer::Found) {
        return None;
    }
    if !answers.is_empty() && answers.iter().all(|answer| *answer == RuleAnswer::Clear) {
        return Some("The network between them is open.".to_owned());
    }
    // They answered requests over the same way in the same window.
    let log = case.access_log()?;
    let answered = |target: &String| {
        log.targets
            .iter()
            .any(|counts| counts.target == *target && counts.answered > 0)
    };
    (!targets.is_empty() && targets.iter().all(answered)).then(|| {
        "They answered other requests in the window, so the way to them is open.".to_owned()
    })
}

fn how_to_fix(case: &Case<'_>) -> Fix {
    let load_balancer = &case.evidence.load_balancer;
    let cli = if case.is_classic() {
        vec![fix::aws(
            &format!(
                "elb describe-load-balancers --load-balancer-names {} --query 'LoadBalancerDescriptions[].ListenerDescriptions[].Listener'",
                fix::quote(&load_balancer.name)
            ),
            &load_balancer.region,
        )]
    } else {
        case.target_groups()
            .iter()
            .take(3)
            .map(|group| {
                fix::aws(
                    &format!(
                        "elbv2 modify-target-group --target-group-arn {} --health-check-port traffic-port",
                        fix::quote(&group.arn)
                    ),
                    &load_balancer.region,
                )
            })
            .collect()
    };
    Fix {
        summary: "On the target, see what listens on the registered port (ss -ltn), start it or correct \
                  the port; check health on the traffic port so that such a target is taken out."
            .to_owned(),
        cli,
        console: fix::load_balancer_console(load_balancer),
        terraform: "resource \"aws_lb_target_group\" \"this\" {\n  # The port that the process listens on.\n  port = 8080\n\n  health_check {\n    port = \"traffic-port\"\n  }\n}\n".to_owned(),
    }
}

#[cfg(test)]
mod tests;

//! Which sources the diagnosis could look at, and how to close each gap: the coverage panel.

mod close;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    case::Case,
    evidence::{Evidence, load_balancer::LogDelivery, target_groups::TargetType},
    ledger,
    need::{self, Need},
    observed::Observed,
    words,
};

/// One source of evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Source {
    /// Kebab-case: `access-log`.
    pub id: String,
    pub title: String,
    pub state: Coverage,
    /// One or two sentences: what was read, or why it was not.
    pub because: String,
    /// How to close the gap; `None` where there is none, or nothing to be done.
    pub close: Option<Close>,
    /// Observations, by `n`.
    pub cites: Vec<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Coverage {
    /// Read in full (or, of a log that lb502 does not read, switched on).
    On,
    /// Switched off in AWS: there is nothing to read.
    Off,
    /// IAM refused.
    Denied,
    /// Read, but what AWS delivers with a delay may still have been to come.
    Late,
    /// Read, but not all of it.
    Partial,
    Failed,
    /// No step that reads it has run yet.
    NotAsked,
    /// There is no such thing here.
    NotApplicable,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Close {
    /// What to do, in a sentence.
    pub summary: String,
    /// IAM actions to allow.
    pub iam_actions: Vec<String>,
    /// Commands, every value shell-quoted. lb502 itself never changes anything.
    pub cli: Vec<String>,
    pub terraform: String,
}

/// Every source, in the order of the steps.
pub(crate) fn of(case: &Case<'_>) -> Vec<Source> {
    let evidence = case.evidence;
    let configuration = [
        Need::Attributes,
        Need::Listeners,
        Need::TargetGroups,
        Need::TargetGroupAttributes,
    ];
    let network = [
        Need::Subnets,
        Need::RouteTables,
        Need::SecurityGroups,
        Need::NetworkAcls,
        Need::NetworkInterfaces,
        Need::PrefixLists,
    ];
    let part = |id, title, needs: &[Need]| from_needs(evidence, id, title, needs);
    vec![
        part(
            "configuration",
            "Load balancer and target groups",
            &configuration,
        ),
        part("target-health", "Target health", &[Need::TargetHealth]),
        if has_targets_of(evidence, TargetType::Instance) {
            part("instances", "EC2 instances", &[Need::Instances])
        } else {
            absent(
                "instances",
                "EC2 instances",
                "No target is an EC2 instance.",
            )
        },
        part("ecs", "ECS services and tasks", &[Need::Ecs]),
        part(
            "auto-scaling",
            "Auto Scaling activities",
            &[Need::AutoScaling],
        ),
        cloudtrail(evidence),
        access_log(case),
        delivered_log(
            case,
            "connection-log",
            "Connection log",
            "connection_logs",
            evidence
                .attributes
                .seen()
                .and_then(|of| of.connection_logs.as_ref()),
        ),
        delivered_log(
            case,
            "health-check-log",
            "Health check log",
            "health_check_logs",
            evidence
                .attributes
                .seen()
                .and_then(|of| of.health_check_logs.as_ref()),
        ),
        app_log(evidence),
        part(
            "load-balancer-metrics",
            "Load balancer metrics",
            &[Need::Metrics],
        ),
        target_metrics(evidence),
        if has_targets_of(evidence, TargetType::Lambda) {
            part("lambda", "Lambda functions", &[Need::LambdaFunctions])
        } else {
            absent(
                "lambda",
                "Lambda functions",
                "No target is a Lambda function.",
            )
        },
        part("network", "Network configuration", &network),
        part(
            "certificates",
            "Certificates (ACM, IAM)",
            &[Need::Certificates],
        ),
    ]
}

fn has_targets_of(evidence: &Evidence, kind: TargetType) -> bool {
    let groups = evidence.target_groups.whole();
    groups.is_none_or(|groups| groups.iter().any(|group| group.target_type == kind))
}

fn absent(id: &str, title: &str, because: &str) -> Source {
    source(id, title, Coverage::NotApplicable, because, None)
}

fn source(id: &str, title: &str, state: Coverage, because: &str, close: Option<Close>) -> Source {
    Source {
        id: id.to_owned(),
        title: title.to_owned(),
        state,
        because: because.to_owned(),
        close,
        cites: Vec::new(),
    }
}

/// The worst of the parts decides.
fn from_needs(evidence: &Evidence, id: &str, title: &str, needs: &[Need]) -> Source {
    let mut missing: Vec<String> = Vec::new();
    for need in needs {
        for words in need.missing(evidence) {
            if !missing.contains(&words) {
                missing.push(words);
            }
        }
    }
    let mut actions: Vec<String> = needs
        .iter()
        .flat_map(|need| need.denied(evidence))
        .map(str::to_owned)
        .collect();
    actions.sort();
    actions.dedup();
    let is = |words: &str| missing.iter().all(|line| line.contains(words));
    let state = if missing.is_empty() {
        Coverage::On
    } else if !actions.is_empty() {
        Coverage::Denied
    } else if is("not asked yet") {
        Coverage::NotAsked
    } else if needs.iter().any(|need| need.is_seen(evidence)) {
        Coverage::Partial
    } else {
        Coverage::Failed
    };
    let because = match state {
        Coverage::On => "Read in full.".to_owned(),
        Coverage::NotAsked => "The step that reads it has not run yet.".to_owned(),
        _ => words::capital(&words::list(&missing, 4)) + ".",
    };
    let mut cites: Vec<u32> = needs
        .iter()
        .flat_map(|need| need.source(evidence))
        .collect();
    cites.sort_unstable();
    cites.dedup();
    cites.truncate(50);
    Source {
        close: close::by_state(state, actions),
        cites,
        ..source(id, title, state, &because, None)
    }
}

fn cloudtrail(evidence: &Evidence) -> Source {
    let (id, title) = ("cloudtrail", "CloudTrail events");
    let read = from_needs(evidence, id, title, &[Need::CloudTrail]);
    let late_until = need::trail::late_until(evidence);
    match late_until.filter(|_| evidence.cloudtrail.whole().is_some()) {
        Some(at) => Source {
            state: Coverage::Late,
            because: "Read in full, but CloudTrail delivers late: changes of the last minutes may be to come."
                .to_owned(),
            close: Some(run_again("target-health", at)),
            ..read
        },
        None => read,
    }
}

fn run_again(step: &str, after: DateTime<Utc>) -> Close {
    Close {
        summary: format!(
            "Run the step {step} again after {} UTC.",
            words::clock(after)
        ),
        ..Close::default()
    }
}

fn access_log(case: &Case<'_>) -> Source {
    let evidence = case.evidence;
    let (id, title) = ("access-log", "Access log");
    if need::access_logs_are_off(evidence) {
        let because = "Access logs are off: no single 502 can be traced to its target.";
        let close = close::switch_on_access_logs(&evidence.load_balancer);
        return Source {
            cites: evidence.attributes.source().to_vec(),
            ..source(id, title, Coverage::Off, because, Some(close))
        };
    }
    let mut read = from_needs(evidence, id, title, &[Need::AccessLog]);
    let holes = ledger::coverage::holes(case);
    if matches!(read.state, Coverage::On | Coverage::Partial) && case.access_log().is_some() {
        if let Some(at) = ledger::coverage::late_until(case) {
            read.state = Coverage::Late;
            read.close = Some(run_again("error-logs", at));
        } else if !holes.is_empty() {
            read.state = Coverage::Partial;
            read.close = close::by_state(Coverage::Partial, Vec::new());
        }
        if !holes.is_empty() {
            read.because = words::capital(&words::list(&holes, 4)) + ".";
        } else if let Some(log) = case.access_log() {
            read.because = format!(
                "Read in full: {} in {}.",
                words::count(log.requests, "request", "requests"),
                words::count(u64::from(log.objects), "object", "objects")
            );
        }
    }
    read
}

/// A log that lb502 does not read, but a person can, where it is on.
fn delivered_log(
    case: &Case<'_>,
    id: &str,
    title: &str,
    attribute: &str,
    delivery: Option<&LogDelivery>,
) -> Source {
    let evidence = case.evidence;
    if case.is_classic() {
        return absent(id, title, "Classic Load Balancers do not write one.");
    }
    if evidence.attributes.seen().is_none() {
        return from_needs(evidence, id, title, &[Need::Attributes]);
    }
    let cites = evidence.attributes.source().to_vec();
    let of = match delivery.filter(|delivery| delivery.enabled) {
        Some(delivery) => source(
            id,
            title,
            Coverage::On,
            &format!(
                "It is written to the bucket {}; lb502 does not read it.",
                delivery.bucket
            ),
            None,
        ),
        None => source(
            id,
            title,
            Coverage::Off,
            "It is off, or AWS does not say.",
            Some(close::switch_on_log(&evidence.load_balancer, attribute)),
        ),
    };
    Source { cites, ..of }
}

fn app_log(evidence: &Evidence) -> Source {
    let (id, title) = ("application-log", "Application log (CloudWatch Logs)");
    match &evidence.app_log {
        Observed::NotAsked => source(
            id,
            title,
            Coverage::NotAsked,
            "It was not read: where the application logs is not in the load balancer's configuration.",
            None,
        ),
        Observed::Seen { value, .. } if value.groups.is_empty() => source(
            id,
            title,
            Coverage::Off,
            "No log group of the application was found.",
            Some(Close {
                summary: "Let the application log to CloudWatch Logs, or read its log by hand at the times \
                          of the 502s."
                    .to_owned(),
                ..Close::default()
            }),
        ),
        _ => from_needs(evidence, id, title, &[Need::AppLog]),
    }
}

/// EC2 gives a point every five minutes unless detailed monitoring is on. [V] EC2 guide.
const COARSE_PERIOD: u32 = 300;

fn target_metrics(evidence: &Evidence) -> Source {
    let (id, title) = ("target-metrics", "Target metrics");
    let mut read = from_needs(evidence, id, title, &[Need::TargetMetrics]);
    let coarse: Vec<&str> = evidence
        .target_metrics
        .seen()
        .into_iter()
        .flat_map(|metrics| &metrics.series)
        .filter(|series| series.namespace == "AWS/EC2" && series.period >= COARSE_PERIOD)
        .map(|series| series.resource.as_str())
        .collect();
    if read.state == Coverage::On && !coarse.is_empty() {
        read.state = Coverage::Partial;
        read.because = "Read in full, but EC2 gives one point in five minutes here.".to_owned();
        read.close = Some(close::detailed_monitoring(&evidence.load_balancer, &coarse));
    }
    read
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::*;

    fn get(evidence: &Evidence, id: &str) -> Source {
        let all = of(&Case::new(evidence));
        all.into_iter().find(|source| source.id == id).unwrap()
    }

    #[test]
    fn a_healthy_case_is_covered_but_for_what_is_off() {
        let evidence = healthy();
        for source in of(&Case::new(&evidence)) {
            let expected = match source.id.as_str() {
                "connection-log" | "health-check-log" | "application-log" => Coverage::Off,
                "lambda" => Coverage::NotApplicable,
                _ => Coverage::On,
            };
            assert_eq!(source.state, expected, "{source:?}");
            assert!(!source.because.is_empty());
        }
    }

    #[test]
    fn each_gap_says_how_to_close_it() {
        let mut evidence = healthy();
        evidence.cloudtrail = denied("cloudtrail:LookupEvents");
        let trail = get(&evidence, "cloudtrail");
        assert_eq!(trail.state, Coverage::Denied);
        assert_eq!(
            trail.close.unwrap().iam_actions,
            ["cloudtrail:LookupEvents"]
        );

        evidence.ecs = Observed::NotAsked;
        assert_eq!(get(&evidence, "ecs").state, Coverage::NotAsked);
        evidence.auto_scaling = Observed::Failed {
            reason: "throttled".to_owned(),
            source: Vec::new(),
        };
        assert_eq!(get(&evidence, "auto-scaling").state, Coverage::Failed);
    }

    #[test]
    fn a_log_that_is_off_comes_with_the_switch() {
        let mut evidence = healthy();
        evidence.access_log = Observed::NotAsked;
        if let Observed::Seen { value, .. } = &mut evidence.attributes {
            value.access_logs.enabled = false;
        }
        let log = get(&evidence, "access-log");
        assert_eq!(log.state, Coverage::Off);
        let close = log.close.unwrap();
        assert!(close.cli[0].contains("Key=access_logs.s3.enabled,Value=true"));
        assert!(close.terraform.contains("access_logs {"));
        let health = get(&evidence, "health-check-log").close.unwrap();
        assert!(health.cli[0].contains("health_check_logs.s3.enabled"));
    }

    #[test]
    fn a_window_that_just_ended_is_late() {
        let mut evidence = healthy();
        evidence.observed_at = at("11:04:00");
        let log = get(&evidence, "access-log");
        assert_eq!(log.state, Coverage::Late);
        assert!(log.close.unwrap().summary.contains("11:10:00"));
    }
}

//! CloudWatch: what follows from the traffic, but for the series that are told. Traffic from before the
//! window counts too, up to three hours: the baseline that lb502 asks for.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use diagnosis::evidence::{
    LoadBalancerType, Metrics, Window,
    metrics::{Point, Series},
};

use super::{LOAD_BALANCER, Told, arn, groups::Targets};
use crate::{
    log_lines,
    traffic::{End, Request, clock},
};

pub(super) fn minute(at: DateTime<Utc>) -> DateTime<Utc> {
    DateTime::from_timestamp(at.timestamp().div_euclid(60) * 60, 0).unwrap()
}

fn minutes(window: Window) -> impl Iterator<Item = DateTime<Utc>> {
    let first = minute(window.from);
    (0..)
        .map(move |n| first + TimeDelta::minutes(n))
        .take_while(move |at| *at < window.to)
}

pub(super) fn series(namespace: &str, resource: &str, name: &str, stat: &str) -> Series {
    Series {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        stat: stat.to_owned(),
        resource: resource.to_owned(),
        zone: None,
        period: 60,
        points: Vec::new(),
    }
}

/// `31`, `10:14 98`, `10:14..10:39 98` over the minutes of the window; `yesterday 10:14..10:39 98` a day
/// before.
pub(super) fn points(told: &[String], window: Window) -> Vec<Point> {
    let mut values: BTreeMap<DateTime<Utc>, f64> = BTreeMap::new();
    for text in told {
        let (text, days) = match text.strip_prefix("yesterday ") {
            Some(text) => (text, TimeDelta::days(1)),
            None => (text.as_str(), TimeDelta::zero()),
        };
        let (when, value) = text.rsplit_once(' ').unwrap_or(("", text));
        let value: f64 = value.parse().unwrap();
        let (from, to) = match when.split_once("..") {
            Some((from, to)) => (clock(from).unwrap(), clock(to).unwrap()),
            None if when.is_empty() => (window.from, window.to),
            None => {
                let at = clock(when).unwrap();
                (at, at + TimeDelta::minutes(1))
            }
        };
        for at in minutes(Window { from, to }) {
            values.insert(at - days, value);
        }
    }
    values
        .into_iter()
        .map(|(at, value)| Point { at, value })
        .collect()
}

pub(super) fn metrics(
    told: &Told,
    targets: &Targets,
    requests: &[Request],
    window: Window,
) -> Metrics {
    let kind = if told.classic {
        LoadBalancerType::Classic
    } else {
        LoadBalancerType::Application
    };
    let namespace = if told.classic {
        "AWS/ELB"
    } else {
        "AWS/ApplicationELB"
    };
    let mut all: BTreeMap<(String, String), BTreeMap<DateTime<Utc>, f64>> = BTreeMap::new();
    let of_balancer: &[&str] = if told.classic {
        &[
            "RequestCount",
            "HTTPCode_ELB_4XX",
            "HTTPCode_ELB_5XX",
            "HTTPCode_Backend_5XX",
            "BackendConnectionErrors",
            "SpilloverCount",
        ]
    } else {
        &[
            "RequestCount",
            "HTTPCode_ELB_500_Count",
            "HTTPCode_ELB_502_Count",
            "HTTPCode_ELB_503_Count",
            "HTTPCode_ELB_504_Count",
            "HTTPCode_ELB_4XX_Count",
            "HTTPCode_ELB_5XX_Count",
            "HTTPCode_Target_5XX_Count",
            "TargetConnectionErrorCount",
            "TargetTLSNegotiationErrorCount",
            "ClientTLSNegotiationErrorCount",
            "RejectedConnectionCount",
        ]
    };
    for name in of_balancer {
        all.insert(
            (LOAD_BALANCER.to_owned(), (*name).to_owned()),
            BTreeMap::new(),
        );
    }
    if !told.classic {
        for (group, _) in told.group.iter().filter(|(_, group)| group.lambda) {
            for name in ["RequestCount", "LambdaUserError", "LambdaInternalError"] {
                all.insert((arn(group, false), name.to_owned()), BTreeMap::new());
            }
        }
        for (group, _) in told.group.iter().filter(|(_, group)| !group.lambda) {
            for name in [
                "RequestCount",
                "RequestCountPerTarget",
                "HTTPCode_Target_5XX_Count",
                "TargetConnectionErrorCount",
                "TargetTLSNegotiationErrorCount",
                "UnhealthyRoutingRequestCount",
            ] {
                all.insert((arn(group, false), name.to_owned()), BTreeMap::new());
            }
        }
    }
    let known = Window {
        from: window.from - BASELINE,
        to: window.to,
    };
    let mut times: Times = BTreeMap::new();
    for request in requests {
        let at = log_lines::answered_at(request);
        if !known.contains(at) {
            continue;
        }
        if let End::Answered { seconds, .. } = request.end {
            for resource in resources(request, told) {
                let minutes = times.entry(resource).or_default();
                minutes.entry(minute(at)).or_default().push(seconds);
            }
        }
        let status = log_lines::status(request.end, kind);
        let mut names = vec!["RequestCount".to_owned()];
        match (request.end, told.classic) {
            (End::Answered { .. }, true) if status >= 500 => {
                names.push("HTTPCode_Backend_5XX".into())
            }
            (End::Answered { .. }, false) if status >= 500 => {
                names.push("HTTPCode_Target_5XX_Count".into())
            }
            (End::Answered { .. }, _) => {}
            (End::ProtocolMismatch, _) => names.clear(),
            // Only requests for which a target was chosen are counted.
            (_, false) if !request.end.has_target() => {
                names = vec![format!("HTTPCode_ELB_{status}_Count")]
            }
            (_, true) => {}
            (_, false) => names.push(format!("HTTPCode_ELB_{status}_Count")),
        }
        if !matches!(request.end, End::Answered { .. }) {
            let count = if told.classic { "" } else { "_Count" };
            names.push(format!("HTTPCode_ELB_{}XX{count}", status / 100));
        }
        match request.end {
            End::Refused | End::ConnectTimedOut => names.push("TargetConnectionErrorCount".into()),
            End::TlsError => names.push("TargetTLSNegotiationErrorCount".into()),
            _ => {}
        }
        match request.details.reason.as_str() {
            "LambdaServiceException"
            | "LambdaUnhandledException"
            | "LambdaConnectionError"
            | "LambdaConnectionTimeout" => {
                names.push("LambdaInternalError".into());
            }
            reason if reason.starts_with("Lambda") => names.push("LambdaUserError".into()),
            _ => {}
        }
        for name in names {
            for resource in resources(request, told) {
                if let Some(points) = all.get_mut(&(resource.clone(), name.clone())) {
                    *points.entry(minute(at)).or_default() += 1.0;
                }
                let each = if name == "RequestCount" {
                    all.get_mut(&(resource, "RequestCountPerTarget".to_owned()))
                } else {
                    None
                };
                if let Some(points) = each {
                    let healthy = healthy(&targets[&request.group]).max(1);
                    *points.entry(minute(at)).or_default() += 1.0 / healthy as f64;
                }
            }
        }
    }
    let mut found: Vec<Series> = all
        .into_iter()
        .map(|((resource, name), points)| Series {
            points: points
                .into_iter()
                .map(|(at, value)| Point { at, value })
                .collect(),
            ..series(namespace, &resource, &name, "Sum")
        })
        .collect();
    found.extend(response_times(times, told.classic, namespace));
    if told.classic {
        found.push(series(
            namespace,
            LOAD_BALANCER,
            "SurgeQueueLength",
            "Maximum",
        ));
    }
    for (name, targets) in targets {
        let unhealthy = targets
            .iter()
            .filter(|(_, _, state, _)| state.starts_with("unhealthy"))
            .count();
        let healthy = healthy(targets);
        for (metric, n) in [
            ("HealthyHostCount", healthy),
            ("UnHealthyHostCount", unhealthy),
        ] {
            for stat in ["Minimum", "Maximum"] {
                let resource = if told.classic {
                    LOAD_BALANCER.to_owned()
                } else {
                    arn(name, false)
                };
                found.push(Series {
                    points: points(&[n.to_string()], window),
                    ..series(namespace, &resource, metric, stat)
                });
            }
        }
    }
    for (what, values) in &told.metrics {
        let (resource, name) = match what.split_once(' ') {
            Some((group, name)) => (arn(group, told.classic), name),
            None => (LOAD_BALANCER.to_owned(), what.as_str()),
        };
        let mut known = false;
        for series in &mut found {
            if series.resource == resource && series.name == name {
                series.points = points(values, window);
                known = true;
            }
        }
        assert!(known, "no metric {what}");
    }
    Metrics {
        from: window.from - BASELINE,
        to: window.to,
        series: found,
    }
}

const BASELINE: TimeDelta = TimeDelta::hours(3);

/// Seconds that answers took, by resource and minute.
type Times = BTreeMap<String, BTreeMap<DateTime<Utc>, Vec<f64>>>;

fn resources(request: &Request, told: &Told) -> BTreeSet<String> {
    [LOAD_BALANCER.to_owned(), arn(&request.group, told.classic)].into()
}

fn healthy(targets: &[(String, String, String, Option<String>)]) -> usize {
    targets
        .iter()
        .filter(|(_, _, state, _)| state == "healthy")
        .count()
}

fn response_times(times: Times, classic: bool, namespace: &str) -> Vec<Series> {
    let name = if classic {
        "Latency"
    } else {
        "TargetResponseTime"
    };
    let mut found = Vec::new();
    for (resource, mut minutes) in times {
        for seconds in minutes.values_mut() {
            seconds.sort_by(f64::total_cmp);
        }
        let average: fn(&[f64]) -> f64 = |all| all.iter().sum::<f64>() / all.len() as f64;
        let p99: fn(&[f64]) -> f64 = |all| all[(all.len() * 99).div_ceil(100) - 1];
        let most: fn(&[f64]) -> f64 = |all| all[all.len() - 1];
        for (stat, of) in [("Average", average), ("p99", p99), ("Maximum", most)] {
            found.push(Series {
                points: minutes
                    .iter()
                    .map(|(at, all)| Point {
                        at: *at,
                        value: of(all),
                    })
                    .collect(),
                ..series(namespace, &resource, name, stat)
            });
        }
    }
    found
}

pub(super) fn cpu(told: &Told, targets: &Targets, window: Window) -> Metrics {
    let mut found = Vec::new();
    let machines = targets
        .iter()
        .filter(|(group, _)| !told.group[*group].by_address && !told.group[*group].lambda)
        .flat_map(|(_, targets)| targets);
    for (id, ..) in machines {
        let values = told
            .cpu
            .get(id)
            .cloned()
            .unwrap_or_else(|| vec!["27".to_owned()]);
        for stat in ["Average", "Maximum"] {
            found.push(Series {
                points: points(&values, window),
                ..series("AWS/EC2", id, "CPUUtilization", stat)
            });
        }
    }
    Metrics {
        from: window.from - BASELINE,
        to: window.to,
        series: found,
    }
}

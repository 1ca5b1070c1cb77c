//! 502s and requests of two sides, counted by the same source where both have one in full.

use crate::{
    api::compare::{ErrorCount, ErrorsCompared},
    case::{Case, bounded, shifted},
    document::LedgerSource,
    need,
    observed::Observed,
    watch,
    words::{self, clock, thousands},
};

pub(super) fn compared(from: &Case<'_>, to: &Case<'_>) -> ErrorsCompared {
    let pairs = [
        (by_log(from), by_log(to)),
        (by_metrics(from), by_metrics(to)),
    ];
    for (from, to) in &pairs {
        if let (Some(from), Some(to)) = (from, to)
            && from.missing.is_empty()
            && to.missing.is_empty()
            && from.requests.is_some() == to.requests.is_some()
        {
            return ErrorsCompared {
                in_words: told(from, to),
                from: from.clone(),
                to: to.clone(),
                comparable: true,
            };
        }
    }
    let [(from_log, to_log), (from_metrics, to_metrics)] = pairs;
    let own = |log: Option<ErrorCount>, metrics| log.or(metrics).unwrap_or_default();
    let (was, is) = (own(from_log, from_metrics), own(to_log, to_metrics));
    ErrorsCompared {
        in_words: format!(
            "The two counts cannot be held against each other. {}",
            why_not((from, &was), (to, &is))
        ),
        from: was,
        to: is,
        comparable: false,
    }
}

/// By the rows of the access log, if any of it was read.
fn by_log(case: &Case<'_>) -> Option<ErrorCount> {
    let log = case.access_log()?;
    let (mut load_balancer, mut target) = (0, 0);
    for row in case.rows() {
        let sum = if row.made_by_target() {
            &mut target
        } else if row.elb_status_code == 502 {
            &mut load_balancer
        } else {
            continue;
        };
        *sum = bounded(*sum + bounded(row.count));
    }
    let mut missing = case.missing_rows();
    missing.dedup();
    let requests = bounded(log.requests);
    Some(ErrorCount {
        source: LedgerSource::AccessLog,
        made_by_load_balancer: Some(load_balancer),
        made_by_target: Some(target),
        requests: Some(requests),
        rate: rate(load_balancer + target, requests),
        missing,
    })
}

/// By `HTTPCode_ELB_502_Count`: a Classic load balancer has no count of 502s alone.
fn by_metrics(case: &Case<'_>) -> Option<ErrorCount> {
    if case.is_classic() {
        return None;
    }
    let load_balancer = case.total(case.load_balancer_series("HTTPCode_ELB_502_Count", "Sum"))?;
    let requests = case.total(case.load_balancer_series("RequestCount", "Sum"));
    let metrics = &case.evidence.metrics;
    let mut missing: Vec<String> = metrics
        .missing("load balancer metrics")
        .into_iter()
        .collect();
    if let Observed::Seen { at, .. } = metrics {
        let known = shifted(case.evidence.window.to, watch::LATE);
        if *at < known {
            missing.push(format!(
                "load balancer metrics: read less than 5 minutes after the window's end, whose last minutes \
                 may have come later; run the step load again after {}",
                clock(known)
            ));
        }
    }
    Some(ErrorCount {
        source: LedgerSource::Metrics,
        made_by_load_balancer: Some(load_balancer),
        made_by_target: None,
        requests,
        rate: requests.and_then(|requests| rate(load_balancer, requests)),
        missing,
    })
}

fn rate(errors: u64, requests: u64) -> Option<f64> {
    (requests > 0).then(|| errors as f64 / requests as f64)
}

fn errors(count: &ErrorCount) -> u64 {
    count.made_by_load_balancer.unwrap_or(0) + count.made_by_target.unwrap_or(0)
}

fn told(from: &ErrorCount, to: &ErrorCount) -> String {
    let what = match from.source {
        LedgerSource::AccessLog => "502s, by the access log",
        _ => "502s that the load balancer made itself, by HTTPCode_ELB_502_Count",
    };
    let of = |count: &ErrorCount| match count.requests {
        Some(0) => format!("{} and no request", thousands(errors(count))),
        Some(requests) => format!(
            "{} in {} ({})",
            thousands(errors(count)),
            words::count(requests, "request", "requests"),
            share(errors(count), requests)
        ),
        None => format!("{} (requests were not counted)", thousands(errors(count))),
    };
    format!(
        "{}: before {}, after {}.",
        words::capital(what),
        of(from),
        of(to)
    )
}

/// Hundredths of a per cent, rounded down; never "0 %" of something.
fn share(errors: u64, requests: u64) -> String {
    let hundredths = words::percent(errors.saturating_mul(100), requests);
    match hundredths {
        0 if errors > 0 => "less than 0.01 %".to_owned(),
        _ => format!("{}.{:02} %", hundredths / 100, hundredths % 100),
    }
}

fn why_not((from, was): (&Case<'_>, &ErrorCount), (to, is): (&Case<'_>, &ErrorCount)) -> String {
    let by = |case: &Case<'_>, count: &ErrorCount| match count.source {
        LedgerSource::AccessLog => "from the access log",
        LedgerSource::Metrics => "from metrics",
        LedgerSource::None if case.is_classic() && case.evidence.metrics.seen().is_some() => {
            "nowhere: a Classic load balancer's metric has 502, 503 and 504 in one number"
        }
        LedgerSource::None if need::access_logs_are_off(case.evidence) => {
            "nowhere: access logs are off and the metric was not seen"
        }
        LedgerSource::None => "nowhere: neither the access log nor the metric was seen",
    };
    if was.source != is.source || was.source == LedgerSource::None {
        return format!(
            "The 502s before are counted {}, those after {}.",
            by(from, was),
            by(to, is)
        );
    }
    let holes = |when: &str, count: &ErrorCount| {
        let first = count.missing.first()?;
        Some(format!("The count {when} is not complete: {first}."))
    };
    let holes: Vec<String> = [holes("before", was), holes("after", is)]
        .into_iter()
        .flatten()
        .collect();
    if holes.is_empty() {
        "Requests were counted on one side only.".to_owned()
    } else {
        holes.join(" ")
    }
}

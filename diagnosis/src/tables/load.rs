//! Step `load`: each series in the window against what came before.

use chrono::{DateTime, Utc};

use super::{
    Cell, Table, Tone,
    build::{Builder, cell, short, toned, was_asked},
};
use crate::{
    case::{Case, minute_of},
    evidence::metrics::{Metrics, Series},
    need::Need,
};

/// A maximum this many times the one before is worth a look.
const STRIKING: f64 = 3.0;

pub(super) fn tables(case: &Case<'_>) -> Vec<Table> {
    let evidence = case.evidence;
    let mut tables = Vec::new();
    if was_asked(&evidence.metrics) {
        tables.push(series(
            case,
            "load-balancer-metrics",
            "Load balancer, now and before",
            evidence.metrics.seen(),
            Need::Metrics,
        ));
    }
    if was_asked(&evidence.target_metrics) {
        tables.push(series(
            case,
            "target-metrics",
            "Targets, now and before",
            evidence.target_metrics.seen(),
            Need::TargetMetrics,
        ));
    }
    tables
}

fn series(case: &Case<'_>, id: &str, title: &str, metrics: Option<&Metrics>, need: Need) -> Table {
    let mut table = Builder::new(
        id,
        title,
        &[
            "Metric",
            "Of",
            "Statistic",
            "Mean#",
            "Most#",
            "Mean before#",
            "Most before#",
        ],
    );
    let window = case.evidence.window;
    for series in metrics.map_or(&[][..], |metrics| &metrics.series) {
        let from = metrics.map_or(window.from, |metrics| metrics.from);
        let start = minute_of(window.from);
        let now = Figures::of(series, start, window.to);
        let before = Figures::of(series, from, start);
        if now.is_none() && before.is_none() {
            continue;
        }
        let rises = match (&now, &before) {
            (Some(now), Some(before)) => now.most > before.most * STRIKING && now.most > 1.0,
            (Some(now), None) => is_fault(&series.name) && now.most > 0.0,
            (None, _) => false,
        };
        let resource = case
            .target_group(&series.resource)
            .map_or(short(&series.resource), |group| group.name.as_str());
        let of = match &series.zone {
            Some(zone) => format!("{resource} in {zone}"),
            None => resource.to_owned(),
        };
        table.row(vec![
            cell(&series.name),
            cell(of),
            cell(format!("{} of {} s", series.stat, series.period)),
            figure(now.as_ref().map(|of| of.mean)),
            Cell {
                tone: if rises { Tone::Warn } else { Tone::Plain },
                ..figure(now.as_ref().map(|of| of.most))
            },
            figure(before.as_ref().map(|of| of.mean)),
            figure(before.as_ref().map(|of| of.most)),
        ]);
    }
    if let Some(metrics) = metrics {
        let silent = metrics
            .series
            .iter()
            .filter(|series| series.points.is_empty())
            .count();
        table.note(format!(
            "Means are over the points that were reported; before is from {} UTC to the window. {silent} of {} series are silent.",
            metrics.from.format("%Y-%m-%d %H:%M"),
            metrics.series.len()
        ));
    }
    table.from(case, &[need]);
    table.worst_first()
}

struct Figures {
    mean: f64,
    most: f64,
}

impl Figures {
    fn of(series: &Series, from: DateTime<Utc>, to: DateTime<Utc>) -> Option<Self> {
        let (mut sum, mut most, mut n) = (0.0, f64::NEG_INFINITY, 0_u32);
        for point in series
            .between(from, to)
            .filter(|point| point.value.is_finite())
        {
            sum += point.value;
            most = most.max(point.value);
            n += 1;
        }
        (n > 0).then(|| Self {
            mean: sum / f64::from(n),
            most,
        })
    }
}

/// A counter of something that should not happen.
fn is_fault(name: &str) -> bool {
    [
        "5",
        "Error",
        "Unhealthy",
        "UnHealthy",
        "Rejected",
        "Spillover",
        "Throttles",
    ]
    .iter()
    .any(|part| name.contains(part))
}

fn figure(value: Option<f64>) -> Cell {
    match value {
        None => toned("–", Tone::Plain),
        Some(value) if value.fract() == 0.0 && value.abs() < 1e15 => cell(format!("{value:.0}")),
        Some(value) => cell(format!("{value:.3}")),
    }
}

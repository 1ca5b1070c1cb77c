//! Step `timeouts`: every hop's patience, in the order of the hops, and the gaps that rows show.

use std::collections::BTreeMap;

use super::{
    Table, Tone,
    build::{Builder, cell, count, toned, was_asked},
};
use crate::{
    case::{Case, bounded},
    evidence::access_log::Shape,
    need::Need,
    words,
};

pub(super) fn tables(case: &Case<'_>) -> Vec<Table> {
    let evidence = case.evidence;
    let mut tables = Vec::new();
    if was_asked(&evidence.attributes) || was_asked(&evidence.target_groups) {
        tables.push(chain(case));
    }
    if was_asked(&evidence.access_log) {
        tables.push(gaps(case));
    }
    tables
}

fn chain(case: &Case<'_>) -> Table {
    let evidence = case.evidence;
    let mut table = Builder::new(
        "timeouts",
        "Who waits how long",
        &["Hop", "Setting", "Value", "What it means"],
    );
    let mut row = |hop: &str, setting: &str, value: String, meaning: &str| {
        table.row(vec![cell(hop), cell(setting), cell(value), cell(meaning)]);
    };
    if let Some(attributes) = evidence.attributes.seen() {
        if let Some(seconds) = attributes.client_keep_alive {
            row(
                "client → load balancer",
                "client_keep_alive.seconds",
                format!("{seconds} s"),
                "longest life of a client's connection",
            );
        }
        row(
            "load balancer",
            "idle_timeout.timeout_seconds",
            format!("{} s", attributes.idle_timeout),
            "a target must keep idle connections open for longer than this; an answer must begin sooner",
        );
        if case.is_classic() {
            row(
                "load balancer",
                "connection draining",
                attributes
                    .connection_draining
                    .map_or("off".to_owned(), |seconds| format!("{seconds} s")),
                "how long requests may still run on an instance that is taken out",
            );
        }
    }
    row(
        "load balancer → target",
        "connect timeout",
        "10 s".to_owned(),
        "fixed; then 504",
    );
    for group in case.target_groups() {
        let hop = format!("load balancer → {}", group.name);
        let attributes = evidence
            .target_group_attributes
            .get(&group.arn)
            .and_then(|attributes| attributes.seen());
        if let Some(attributes) = attributes {
            row(
                &hop,
                "deregistration_delay.timeout_seconds",
                format!("{} s", attributes.deregistration_delay),
                "requests that run longer than this on a draining target are cut off: 502",
            );
            if attributes.slow_start > 0 {
                row(
                    &hop,
                    "slow_start.duration_seconds",
                    format!("{} s", attributes.slow_start),
                    "a new target gets its full share only after this",
                );
            }
        }
        let check = &group.health_check;
        if check.enabled {
            row(
                &hop,
                "health check interval × unhealthy threshold",
                format!(
                    "{} s",
                    u64::from(check.interval) * u64::from(check.unhealthy_threshold)
                ),
                "a target that stops without deregistering gets requests for this long",
            );
        }
    }
    for service in evidence.ecs.seen().map_or(&[][..], |ecs| &ecs.services) {
        row(
            &format!("ECS service {}", service.name),
            "stopTimeout",
            service
                .stop_timeout
                .map_or("30 s (default)".to_owned(), |seconds| {
                    format!("{seconds} s")
                }),
            "from SIGTERM to SIGKILL",
        );
    }
    for function in evidence.lambda_functions.seen().into_iter().flatten() {
        row(
            &format!("function {}", super::build::short(&function.arn)),
            "timeout",
            function
                .timeout
                .map_or("not seen".to_owned(), |seconds| format!("{seconds} s")),
            "an invocation that reaches it is a 502",
        );
    }
    table.note(
        "From the client inwards. A target's own keep-alive is not in AWS: ask the application.",
    );
    table.from(
        case,
        &[
            Need::Attributes,
            Need::TargetGroups,
            Need::TargetGroupAttributes,
        ],
    );
    table.in_order()
}

/// How long before each hang-up the target had last answered, by whole seconds.
fn gaps(case: &Case<'_>) -> Table {
    let mut table = Builder::new(
        "gaps",
        "Idle before the target hung up",
        &[
            "Seconds since the target's last answer",
            "Requests#",
            "Targets#",
        ],
    );
    let code = case.hung_up_code();
    let mut by_second: BTreeMap<u64, (u64, std::collections::BTreeSet<&str>)> = BTreeMap::new();
    let mut untimed = 0;
    for row in case.rows() {
        if row.elb_status_code != code
            || row.made_by_target()
            || !matches!(row.shape(), Shape::NotAnswered | Shape::NotAnsweredUntimed)
        {
            continue;
        }
        match row.idle_ms {
            Some(idle) => {
                let (n, targets) = by_second.entry(idle / 1_000).or_default();
                *n = bounded(*n + bounded(row.count));
                targets.extend(row.target.as_deref());
            }
            None => untimed = bounded(untimed + bounded(row.count)),
        }
    }
    let most = by_second
        .values()
        .map(|(n, _)| *n)
        .max()
        .unwrap_or_default();
    for (second, (n, targets)) in by_second {
        let tone = if n == most && n > 1 {
            Tone::Warn
        } else {
            Tone::Plain
        };
        table.row(vec![
            toned(format!("{second}–{}", second.saturating_add(1)), tone),
            count(n),
            count(targets.len() as u64),
        ]);
    }
    table.note(format!(
        "{code}s whose target closed the connection before it answered. Where the gaps gather at one number, that is the target's keep-alive."
    ));
    if untimed > 0 {
        table.note(format!(
            "{} without an earlier answer of the target in the log.",
            words::count(untimed, "more", "more")
        ));
    }
    table.from(case, &[Need::AccessLog]);
    table.in_order()
}

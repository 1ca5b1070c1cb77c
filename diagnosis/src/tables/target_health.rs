//! Step `target-health`: targets, their groups, where requests are routed, what changed.

use super::{
    Cell, Table, Tone,
    build::{Builder, cell, or_dash, short, toned, was_asked},
};
use crate::{
    case::Case,
    evidence::{TargetGroup, target_groups::TargetType},
    need::Need,
};

pub(super) fn tables(case: &Case<'_>) -> Vec<Table> {
    let evidence = case.evidence;
    let mut tables = Vec::new();
    if was_asked(&evidence.target_groups) {
        tables.push(targets(case));
        tables.push(target_groups(case));
    }
    if was_asked(&evidence.listeners) {
        tables.push(listener_rules(case));
    }
    if was_asked(&evidence.cloudtrail)
        || was_asked(&evidence.auto_scaling)
        || was_asked(&evidence.ecs)
    {
        tables.push(super::changes::table(case));
    }
    tables
}

fn targets(case: &Case<'_>) -> Table {
    let mut table = Builder::new(
        "targets",
        "Targets",
        &[
            "Health",
            "Target",
            "Reason",
            "Instance",
            "Status checks",
            "Target group",
            "Zone",
        ],
    );
    for target in case.targets() {
        let health = target.health;
        let address = match target.addresses.first() {
            Some(address) if !address.starts_with(&health.id) => {
                format!("{} ({address})", health.id)
            }
            Some(address) => address.clone(),
            None => match health.port {
                Some(port) => format!("{}:{port}", health.id),
                None => health.id.clone(),
            },
        };
        let reason = match (&health.reason, &health.description) {
            (Some(reason), Some(description)) => format!("{reason}: {description}"),
            (Some(one), None) | (None, Some(one)) => one.clone(),
            (None, None) => "–".to_owned(),
        };
        // ELB names a zone for IP addresses; where an instance stands, EC2 knows.
        let zone = health
            .zone
            .as_deref()
            .or_else(|| target.instance?.zone.as_deref());
        table.row(vec![
            toned(&health.state, health_tone(&health.state)),
            cell(address),
            cell(reason),
            match target.instance {
                Some(instance) => toned(
                    match &instance.state_reason {
                        Some(reason) => format!("{}: {reason}", instance.state),
                        None => instance.state.clone(),
                    },
                    if instance.state == "running" {
                        Tone::Good
                    } else {
                        Tone::Bad
                    },
                ),
                None => cell("–"),
            },
            match target
                .instance
                .map(|of| (&of.system_status, &of.instance_status))
            {
                Some((system, instance)) => status_checks(system.as_deref(), instance.as_deref()),
                None => cell("–"),
            },
            cell(&target.target_group.name),
            or_dash(zone),
        ]);
    }
    table.from(case, &[Need::TargetHealth, Need::Instances]);
    table.worst_first()
}

fn health_tone(state: &str) -> Tone {
    match state {
        "healthy" => Tone::Good,
        "unhealthy" | "unhealthy.draining" | "unavailable" => Tone::Bad,
        _ => Tone::Warn,
    }
}

fn status_checks(system: Option<&str>, instance: Option<&str>) -> Cell {
    match (system, instance) {
        (None, None) => cell("–"),
        (system, instance) => {
            let (system, instance) = (system.unwrap_or("–"), instance.unwrap_or("–"));
            let tone = if system == "impaired" || instance == "impaired" {
                Tone::Bad
            } else {
                Tone::Plain
            };
            toned(format!("system {system}, instance {instance}"), tone)
        }
    }
}

fn target_groups(case: &Case<'_>) -> Table {
    let mut table = Builder::new(
        "target-groups",
        "Target groups",
        &[
            "Target group",
            "Healthy",
            "Gets requests",
            "Targets",
            "Speaks",
            "Health check",
            "Detects a failure after",
        ],
    );
    for group in case.target_groups() {
        let health = case.health(&group.arn);
        let healthy = health.seen().map(|targets| {
            let healthy = targets
                .iter()
                .filter(|target| target.state == "healthy")
                .count();
            (healthy, targets.len())
        });
        table.row(vec![
            cell(&group.name),
            match healthy {
                Some((healthy, all)) => toned(
                    format!("{healthy} of {all}"),
                    match (healthy, all) {
                        (healthy, all) if healthy == all && all > 0 => Tone::Good,
                        (0, _) => Tone::Bad,
                        _ => Tone::Warn,
                    },
                ),
                None => toned("not seen", Tone::Warn),
            },
            cell(match case.in_use(group) {
                Some(true) => "yes",
                Some(false) => "no",
                None => "not seen",
            }),
            cell(match group.target_type {
                TargetType::Instance => "instances",
                TargetType::Ip => "IP addresses",
                TargetType::Lambda => "Lambda function",
                TargetType::Alb => "load balancer",
            }),
            cell(speaks(group)),
            cell(health_check(group)),
            cell(if group.health_check.enabled {
                format!(
                    "{} s ({} × {} s)",
                    u64::from(group.health_check.interval)
                        * u64::from(group.health_check.unhealthy_threshold),
                    group.health_check.unhealthy_threshold,
                    group.health_check.interval
                )
            } else {
                "never: no checks".to_owned()
            }),
        ]);
    }
    table.from(case, &[Need::TargetGroups, Need::TargetHealth]);
    table.worst_first()
}

fn speaks(group: &TargetGroup) -> String {
    let protocol = group.protocol.as_deref().unwrap_or("–");
    let version = match group.protocol_version.as_deref() {
        None | Some("HTTP1") => String::new(),
        Some(version) => format!(" ({version})"),
    };
    match group.port {
        Some(port) => format!("{protocol}{version} on {port}"),
        None => format!("{protocol}{version}"),
    }
}

fn health_check(group: &TargetGroup) -> String {
    let check = &group.health_check;
    if !check.enabled {
        return "off".to_owned();
    }
    format!(
        "{} {} on {}, expects {} within {} s",
        check.protocol.as_deref().unwrap_or("–"),
        check.path.as_deref().unwrap_or("connect"),
        check.port.as_deref().unwrap_or("traffic-port"),
        check.matcher.as_deref().unwrap_or("an answer"),
        check.timeout
    )
}

fn listener_rules(case: &Case<'_>) -> Table {
    let mut table = Builder::new(
        "listeners",
        "Listeners",
        &["Listener", "Rule", "If", "Then", "Target groups"],
    );
    for listener in case.evidence.listeners.seen().into_iter().flatten() {
        let name = format!("{} {}", listener.protocol, listener.port);
        if let Some(port) = listener.instance_port {
            table.row(vec![
                cell(name),
                cell("–"),
                cell("always"),
                cell("forward"),
                cell(format!(
                    "instances, {} {port}",
                    listener.instance_protocol.as_deref().unwrap_or("–")
                )),
            ]);
            continue;
        }
        for rule in &listener.rules {
            let groups: Vec<String> = rule
                .forwards_to
                .iter()
                .map(|forward| {
                    let name = case
                        .target_group(&forward.target_group_arn)
                        .map_or(short(&forward.target_group_arn), |group| {
                            group.name.as_str()
                        });
                    if rule.forwards_to.len() > 1 || forward.weight == 0 {
                        format!("{name} (weight {})", forward.weight)
                    } else {
                        name.to_owned()
                    }
                })
                .collect();
            table.row(vec![
                cell(&name),
                cell(&rule.priority),
                cell(if rule.conditions.is_empty() {
                    "always".to_owned()
                } else {
                    rule.conditions.join(" and ")
                }),
                cell(rule.actions.join(", ")),
                cell(if groups.is_empty() {
                    "–".to_owned()
                } else {
                    groups.join(", ")
                }),
            ]);
        }
    }
    table.from(case, &[Need::Listeners]);
    table.in_order()
}

//! # Targets stand where the load balancer's nodes do not reach them
//!
//! ## What it looks for
//!
//! Registered targets in an Availability Zone that the load balancer does not use, and, where cross-zone
//! load balancing is off, zones of the load balancer without a healthy target.
//!
//! ## Why this makes a 502
//!
//! It mostly makes a 503. A target in a zone that is not enabled is `unused`: no request ever reaches
//! it, so it causes no error itself, but where all targets of a group are unused, every request to the
//! group is answered 503. With cross-zone load balancing off, a node sends requests only to targets of
//! its own zone: where that zone has none, its requests end in 503; where all of the zone's targets are
//! unhealthy, it sends requests to them all the same, and these end in 502 or 504.
//!
//! ## How to be sure
//!
//! DescribeTargetHealth says `unused` with `Target.NotInUse`, a listener forwards to the group, and the
//! target's zone is not among the load balancer's. For cross-zone: the attribute of the group (or of the
//! load balancer) is off, a zone has no healthy target, and the errors come from the node in that zone
//! alone (a node is known by its address; where that was not seen, nothing about one zone is proven).
//! With zones that agree it is not this.
//!
//! ## How to fix it
//!
//! Enable the zone on the load balancer (add a subnet of it), or move the targets into the zones that it
//! uses. With cross-zone off keep healthy targets in every zone, or turn it on.
//!
//! ## References
//!
//! - AWS, "Health checks for your target groups" (`unused`, `Target.NotInUse`):
//!   <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html>
//! - AWS, "Troubleshoot your Application Load Balancers", HTTP 503: all registered targets are unused
//! - AWS, "How Elastic Load Balancing works", cross-zone load balancing

pub(super) mod cross_zone;

use std::collections::BTreeSet;

use crate::{
    case::{Case, Target},
    document::{Fix, Strength},
    evidence::{TargetGroup, access_log::FaultRow, target_groups::TargetType},
    fix,
    need::Need,
    reachability::Block,
    rule::{Answer, Claims, Draft, Rule},
    step::Step,
    words,
};

pub(super) const RULE: Rule = Rule {
    id: "target-in-disabled-zone",
    step: Step::TargetHealth,
    specificity: 48,
    source: include_str!("target_in_disabled_zone.rs"),
    check,
};

const NEEDS: &[Need] = &[
    Need::Listeners,
    Need::TargetGroups,
    Need::TargetHealth,
    Need::TargetGroupAttributes,
    Need::Attributes,
];

fn check(case: &Case<'_>) -> Answer {
    let mut missing = case.missing(NEEDS);
    let mut findings = Vec::new();
    let mut groups = 0;
    for group in case.target_groups() {
        if matches!(group.target_type, TargetType::Lambda | TargetType::Alb) {
            continue;
        }
        groups += 1;
        let targets: Vec<&Target<'_>> = case
            .targets()
            .iter()
            .filter(|target| target.target_group.arn == group.arn)
            .collect();
        let unused: Vec<&Target<'_>> = targets
            .iter()
            .copied()
            .filter(|target| in_disabled_zone(case, target))
            .collect();
        if !unused.is_empty() && case.in_use(group) == Some(true) {
            findings.push(disabled(case, group, &targets, &unused));
        }
        if case.in_use(group) != Some(false) && cross_zone::is_off(case, group) {
            findings.extend(cross_zone::empty_zones(case, group, &targets, &mut missing));
        }
    }
    if !findings.is_empty() {
        return Answer {
            findings,
            because: String::new(),
            missing,
        };
    }
    if groups == 0 && case.missing(&[Need::TargetGroups]).is_empty() {
        return Answer::clear("no target group has instances or addresses");
    }
    if missing.is_empty() {
        Answer::clear("the targets' zones and the load balancer's agree")
    } else {
        Answer::cannot_tell("targets may stand in a zone that gets no requests", missing)
    }
}

/// The target's zone, from whatever names it; `None` for addresses outside the VPC.
fn zone<'a>(case: &Case<'a>, target: &Target<'a>) -> Option<&'a str> {
    let interfaces = case
        .evidence
        .network_interfaces
        .seen()
        .into_iter()
        .flatten();
    let of_interface = || {
        interfaces
            .clone()
            .find(|one| {
                one.private_ips.contains(&target.health.id)
                    || one.ipv6_addresses.contains(&target.health.id)
            })
            .and_then(|one| one.zone.as_deref())
    };
    let of_subnet = || {
        let address = Block::address(target.health.id.parse().ok()?);
        let subnets = case.evidence.subnets.seen().into_iter().flatten();
        let covers = |cidr: &String| Block::parse(cidr).is_some_and(|block| block.covers(address));
        subnets
            .filter(|subnet| Some(&subnet.vpc_id) == target.target_group.vpc_id.as_ref())
            .find(|subnet| covers(&subnet.cidr) || subnet.ipv6_cidrs.iter().any(covers))
            .map(|subnet| subnet.zone.as_str())
    };
    match target.health.zone.as_deref() {
        Some("all") => None,
        Some(zone) => Some(zone),
        None => target
            .instance
            .and_then(|instance| instance.zone.as_deref())
            .or_else(of_interface)
            .or_else(of_subnet),
    }
}

/// The load balancer says that it does not use the target, for its zone.
fn in_disabled_zone(case: &Case<'_>, target: &Target<'_>) -> bool {
    let health = target.health;
    if health.state != "unused" || health.reason.as_deref() != Some("Target.NotInUse") {
        return false;
    }
    let zones = &case.evidence.load_balancer.zones;
    match zone(case, target) {
        Some(zone) => !zones.is_empty() && zones.iter().all(|used| used.name != zone),
        None => health
            .description
            .as_deref()
            .is_some_and(|text| text.to_lowercase().contains("availability zone")),
    }
}

/// 503s for want of a target of this group.
fn is_without_target(case: &Case<'_>, row: &FaultRow, group: &TargetGroup) -> bool {
    let only_group = || {
        let mut used = case
            .target_groups()
            .iter()
            .filter(|one| case.in_use(one) != Some(false));
        used.next().is_some_and(|one| one.arn == group.arn) && used.next().is_none()
    };
    row.elb_status_code == 503
        && row.target.is_none()
        && row.target_status_code.is_none()
        && match &row.target_group_arn {
            Some(arn) => *arn == group.arn,
            None => only_group(),
        }
}

fn disabled(
    case: &Case<'_>,
    group: &TargetGroup,
    targets: &[&Target<'_>],
    unused: &[&Target<'_>],
) -> Draft {
    let all = targets.iter().all(|target| target.health.state == "unused");
    // Targets were in use in a minute in which one was healthy, whatever their state is now.
    let healthy = case.target_group_series(&group.arn, "HealthyHostCount", "Maximum");
    let rows = if all {
        case.places(|row| {
            is_without_target(case, row, group)
                && healthy.is_none_or(|series| series.at(row.time).is_none_or(|n| n < 1.0))
        })
    } else {
        Vec::new()
    };
    let strength = match (rows.is_empty(), healthy) {
        (true, _) => Strength::Possible,
        (false, Some(_)) => Strength::Proven,
        // Their state is known for now alone.
        (false, None) => Strength::Likely,
    };
    let zones: BTreeSet<&str> = unused
        .iter()
        .filter_map(|target| zone(case, target))
        .collect();
    let zones: Vec<&str> = zones.into_iter().collect();
    let used: Vec<&str> = case
        .evidence
        .load_balancer
        .zones
        .iter()
        .map(|zone| zone.name.as_str())
        .collect();
    let ids: Vec<String> = unused
        .iter()
        .map(|target| target.health.id.clone())
        .collect();
    let mut because = format!(
        "{} of {} of {} unused (Target.NotInUse): {} in {}, and the load balancer uses {}.",
        ids.len(),
        words::count(targets.len() as u64, "target", "targets"),
        if ids.len() == 1 {
            format!("{} is", group.name)
        } else {
            format!("{} are", group.name)
        },
        words::list(&ids, 4),
        if zones.is_empty() {
            "a zone that is not enabled".to_owned()
        } else {
            words::list(&zones, 3)
        },
        words::list(&used, 6),
    );
    because += &if rows.is_empty() {
        " They get no requests; the others carry all.".to_owned()
    } else {
        format!(
            " No target of the group is in use, so {} answered 503.",
            words::count(case.requests(&rows), "request was", "requests were")
        )
    };
    Draft {
        strength,
        title: format!(
            "{} in a zone that the load balancer does not use",
            words::count(ids.len() as u64, "target stands", "targets stand")
        ),
        because,
        claims: if rows.is_empty() {
            Claims::Nothing
        } else {
            Claims::Rows(rows)
        },
        resources: ids
            .into_iter()
            .take(10)
            .chain([group.arn.clone()])
            .collect(),
        cites: case.sources(&[
            Need::TargetHealth,
            Need::Listeners,
            Need::Instances,
            Need::AccessLog,
        ]),
        fix: enable_zone(case),
    }
}

fn enable_zone(case: &Case<'_>) -> Fix {
    let load_balancer = &case.evidence.load_balancer;
    let subnets: Vec<String> = load_balancer
        .zones
        .iter()
        .map(|zone| fix::quote(&zone.subnet_id))
        .collect();
    let cli = if case.is_classic() {
        format!(
            "elb attach-load-balancer-to-subnets --load-balancer-name {} --subnets SUBNET-OF-THAT-ZONE",
            fix::quote(&load_balancer.name)
        )
    } else {
        format!(
            "elbv2 set-subnets --load-balancer-arn {} --subnets {} SUBNET-OF-THAT-ZONE",
            fix::quote(&load_balancer.arn),
            subnets.join(" ")
        )
    };
    Fix {
        summary: "Add a subnet of that zone to the load balancer, or register targets in the zones that it \
                  uses."
            .to_owned(),
        cli: vec![fix::aws(&cli, &load_balancer.region)],
        console: fix::load_balancer_console(load_balancer),
        terraform: "resource \"aws_lb\" \"this\" {\n  subnets = [\"…\", \"SUBNET-OF-THAT-ZONE\"]\n}\n".to_owned(),
    }
}

#[cfg(test)]
mod tests;

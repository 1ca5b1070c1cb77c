//! Cross-zone load balancing is off, and a zone of the load balancer has no healthy target.

use std::collections::BTreeMap;

use super::{is_without_target, zone};
use crate::{
    case::{Case, Target},
    document::{Fix, Strength},
    evidence::TargetGroup,
    fix,
    need::Need,
    rule::{Claims, Draft},
    what_changed::tie,
    words,
};

/// Off for this group, by its own attribute or the load balancer's.
pub(in crate::rules::target_health) fn is_off(case: &Case<'_>, group: &TargetGroup) -> bool {
    let of_group = case.evidence.target_group_attributes.get(&group.arn);
    let of_group = of_group
        .and_then(|seen| seen.seen())
        .and_then(|seen| seen.cross_zone.as_deref());
    match of_group {
        Some("true") => false,
        Some("false") => true,
        // Without a word an Application Load Balancer crosses zones.
        _ => case
            .evidence
            .attributes
            .seen()
            .is_some_and(|seen| seen.cross_zone == Some(false)),
    }
}

/// With cross-zone off: zones of the load balancer in which the group has no healthy target.
pub(super) fn empty_zones(
    case: &Case<'_>,
    group: &TargetGroup,
    targets: &[&Target<'_>],
    missing: &mut Vec<String>,
) -> Option<Draft> {
    let zones = &case.evidence.load_balancer.zones;
    let seen_whole = case.health(&group.arn).whole().is_some();
    if !seen_whole || targets.is_empty() || zones.len() < 2 {
        return None;
    }
    let mut by_zone: BTreeMap<&str, Vec<&Target<'_>>> = BTreeMap::new();
    for target in targets.iter().copied() {
        let Some(zone) = zone(case, target) else {
            // Targets outside the VPC are reached from every zone; of others the zone has to be known.
            if target.health.zone.as_deref() != Some("all") {
                missing.push(format!("zone of target {}: not seen", target.health.id));
            }
            return None;
        };
        by_zone.entry(zone).or_default().push(target);
    }
    let is_up = |target: &&Target<'_>| target.health.state == "healthy";
    let has_healthy = |name: &str| by_zone.get(name).is_some_and(|own| own.iter().any(is_up));
    let empty: Vec<&str> = zones
        .iter()
        .map(|zone| zone.name.as_str())
        .filter(|name| !has_healthy(name))
        .collect();
    // Without any healthy target it is no matter of zones.
    if empty.is_empty() || !targets.iter().any(is_up) {
        return None;
    }
    let nodes = nodes(case);
    let without = case.places(|row| is_without_target(case, row, group));
    let unhealthy = case.places(|row| {
        tie::is_broken(case, row)
            && case.target_of(row).is_some_and(|target| {
                target.target_group.arn == group.arn
                    && target.health.state == "unhealthy"
                    && zone(case, target).is_some_and(|zone| empty.contains(&zone))
            })
    });
    // A row of a node in a zone that has targets speaks against; one of an unknown node for nothing.
    let zone_of = |place: &usize| {
        let node = case.rows()[*place].node.as_deref()?;
        nodes.get(node).copied()
    };
    let known = without.iter().all(|place| zone_of(place).is_some());
    let without: Vec<usize> = without
        .into_iter()
        .filter(|place| zone_of(place).is_none_or(|zone| empty.contains(&zone)))
        .collect();
    let proven = known && !without.is_empty() && unhealthy.is_empty();
    let rows: Vec<usize> = without.iter().chain(&unhealthy).copied().collect();
    let n = case.requests(&rows);
    Some(Draft {
        strength: match (rows.is_empty(), proven) {
            (true, _) => Strength::Possible,
            (false, true) => Strength::Proven,
            (false, false) => Strength::Likely,
        },
        title: format!(
            "No healthy target of {} in {}, and cross-zone is off",
            group.name,
            words::list(&empty, 3)
        ),
        because: format!(
            "Cross-zone load balancing is off for {}, so a node sends requests only to targets of its own \
             zone, and {} has no healthy one. {}",
            group.name,
            words::list(&empty, 3),
            if rows.is_empty() {
                "No error of the window is tied to that.".to_owned()
            } else {
                format!(
                    "{} of the window {}: {} without a target to choose, {} on unhealthy targets there.",
                    words::count(n, "error", "errors"),
                    if n == 1 { "fits" } else { "fit" },
                    words::thousands(case.requests(&without)),
                    words::thousands(case.requests(&unhealthy))
                )
            }
        ),
        claims: if rows.is_empty() {
            Claims::Nothing
        } else {
            Claims::Rows(rows)
        },
        resources: vec![group.arn.clone()],
        cites: case.sources(&[
            Need::TargetHealth,
            Need::TargetGroupAttributes,
            Need::Attributes,
            Need::AccessLog,
        ]),
        fix: cross_zone_on(case, group),
    })
}

/// Zones of the load balancer's nodes by address.
fn nodes<'a>(case: &Case<'a>) -> BTreeMap<&'a str, &'a str> {
    let mut nodes = BTreeMap::new();
    for interface in case
        .evidence
        .network_interfaces
        .seen()
        .into_iter()
        .flatten()
    {
        if let Some(zone) = interface
            .zone
            .as_deref()
            .filter(|_| interface.description.starts_with("ELB "))
        {
            for address in interface
                .private_ips
                .iter()
                .chain(&interface.ipv6_addresses)
            {
                nodes.insert(address.as_str(), zone);
            }
        }
    }
    nodes
}

fn cross_zone_on(case: &Case<'_>, group: &TargetGroup) -> Fix {
    let load_balancer = &case.evidence.load_balancer;
    let (cli, terraform) = if case.is_classic() {
        (
            format!(
                "elb modify-load-balancer-attributes --load-balancer-name {} --load-balancer-attributes {}",
                fix::quote(&load_balancer.name),
                fix::quote("{\"CrossZoneLoadBalancing\":{\"Enabled\":true}}")
            ),
            "resource \"aws_elb\" \"this\" {\n  cross_zone_load_balancing = true\n}\n",
        )
    } else {
        (
            format!(
                "elbv2 modify-target-group-attributes --target-group-arn {} --attributes Key=load_balancing.cross_zone.enabled,Value=true",
                fix::quote(&group.arn)
            ),
            "resource \"aws_lb_target_group\" \"this\" {\n  load_balancing_cross_zone_enabled = \"true\"\n}\n",
        )
    };
    Fix {
        summary: "Register healthy targets in that zone, or turn cross-zone load balancing on."
            .to_owned(),
        cli: vec![fix::aws(&cli, &load_balancer.region)],
        console: if case.is_classic() {
            fix::load_balancer_console(load_balancer)
        } else {
            fix::target_group_console(&load_balancer.region, &group.arn)
        },
        terraform: terraform.to_owned(),
    }
}

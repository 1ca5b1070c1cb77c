//! Every way that the evidence asks about: each node's subnet × each target × each port.

use std::collections::HashMap;

use super::{
    block::Block,
    evaluate::{Endpoint, Inside, Node, reach},
    gate::{Gate, Outcome, Reach},
    world::World,
};
use crate::{
    case::{Case, Target},
    evidence::{Evidence, LoadBalancerType, NetworkInterface, target_groups::TargetType},
};

/// What the port is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purpose {
    /// Requests; health checks too, unless they have a port of their own.
    Traffic,
    /// Health checks on a port of their own.
    HealthCheck,
}

/// One way from the nodes of one subnet to one target.
#[derive(Debug)]
pub struct Path<'c, 'a> {
    pub target: &'c Target<'a>,
    /// The load balancer's subnet and its zone.
    pub subnet: &'a str,
    pub zone: &'a str,
    pub purpose: Purpose,
    pub port: u16,
    pub reach: Reach<'a>,
}

#[derive(Debug, Default)]
pub struct Paths<'c, 'a> {
    pub all: Vec<Path<'c, 'a>>,
    /// Which targets and groups were left out, and why: they have no network path to judge.
    pub skipped: Vec<String>,
}

/// All paths of the evidence. Groups that no listener forwards to, Lambda targets, and targets
/// that take no requests are left out, with the reason.
pub fn paths<'c, 'a>(case: &'c Case<'a>) -> Paths<'c, 'a> {
    let evidence = case.evidence;
    let world = World::new(evidence);
    let interfaces = Interfaces::new(evidence);
    let nodes = nodes(evidence, &world);
    let cross_zone = evidence.attributes.seen().and_then(|of| of.cross_zone);
    let mut found = Paths::default();

    for target_group in case.target_groups() {
        let name = &target_group.name;
        match target_group.target_type {
            TargetType::Lambda => {
                found.skipped.push(format!(
                    "{name}: Lambda functions are invoked, not connected to"
                ));
                continue;
            }
            TargetType::Alb => {
                found
                    .skipped
                    .push(format!("{name}: its target is a load balancer"));
                continue;
            }
            TargetType::Instance | TargetType::Ip => {}
        }
        if case.in_use(target_group) == Some(false) {
            found
                .skipped
                .push(format!("{name}: no listener sends requests to it"));
        }
    }
    for target in case.targets() {
        let target_group = target.target_group;
        if matches!(
            target_group.target_type,
            TargetType::Lambda | TargetType::Alb
        ) || case.in_use(target_group) == Some(false)
        {
            continue;
        }
        let health = target.health;
        if matches!(health.state.as_str(), "draining" | "unused") {
            found.skipped.push(format!(
                "{}: {}, takes no new requests",
                health.id, health.state
            ));
            continue;
        }
        if let Some(instance) = target.instance
            && matches!(
                instance.state.as_str(),
                "terminated" | "shutting-down" | "missing"
            )
        {
            found
                .skipped
                .push(format!("{}: instance is {}", health.id, instance.state));
            continue;
        }
        let endpoint = endpoint(evidence, &world, &interfaces, target);
        let cross_zone = match evidence
            .target_group_attributes
            .get(&target_group.arn)
            .and_then(|of| of.seen())
            .and_then(|of| of.cross_zone.as_deref())
        {
            Some("true") => Some(true),
            Some("false") => Some(false),
            _ => cross_zone,
        };
        for (purpose, port) in ports(evidence, target) {
            for (zone, node) in &nodes {
                // With cross-zone off a node sends to its own zone only.
                if cross_zone == Some(false)
                    && health
                        .zone
                        .as_deref()
                        .is_some_and(|own| own != "all" && own != *zone)
                {
                    continue;
                }
                let reach = match (&endpoint, port) {
                    (Ok(endpoint), Some(port)) => reach(&world, node, endpoint, port),
                    (Err(missing), _) => nothing_known(missing),
                    (_, None) => nothing_known(&format!("{}: its port is not known", health.id)),
                };
                found.all.push(Path {
                    target,
                    subnet: node.subnet,
                    zone,
                    purpose,
                    port: port.unwrap_or_default(),
                    reach,
                });
            }
        }
    }
    found
}

fn nothing_known<'a>(missing: &str) -> Reach<'a> {
    Reach {
        gates: Gate::ALL
            .into_iter()
            .map(|gate| (gate, Outcome::Unknown(missing.to_owned())))
            .collect(),
    }
}

/// The load balancer's nodes, one entry a zone, with the zone's name.
pub fn nodes<'a>(evidence: &'a Evidence, world: &World<'a>) -> Vec<(&'a str, Node<'a>)> {
    let load_balancer = &evidence.load_balancer;
    let description = match load_balancer.kind {
        LoadBalancerType::Application => load_balancer
            .arn
            .split_once("loadbalancer/")
            .map(|(_, id)| format!("ELB {id}")),
        LoadBalancerType::Classic => Some(format!("ELB {}", load_balancer.name)),
    };
    let interfaces = evidence.network_interfaces.seen();
    load_balancer
        .zones
        .iter()
        .map(|zone| {
            let mut blocks: Vec<Block> = interfaces
                .into_iter()
                .flatten()
                .filter(|interface| {
                    interface.subnet_id.as_ref() == Some(&zone.subnet_id)
                        && Some(&interface.description) == description.as_ref()
                })
                .flat_map(|interface| {
                    interface
                        .private_ips
                        .iter()
                        .chain(&interface.ipv6_addresses)
                })
                .filter_map(|address| Block::parse(address))
                .collect();
            blocks.sort();
            // A family without an address of its own: any of the subnet's may come.
            let of_subnet = world.blocks_of(&zone.subnet_id);
            for family in [false, true] {
                if !blocks.iter().any(|block| block.is_v6() == family) {
                    blocks.extend(of_subnet.iter().filter(|block| block.is_v6() == family));
                }
            }
            let node = Node {
                subnet: zone.subnet_id.as_str(),
                blocks,
                groups: &load_balancer.security_groups,
            };
            (zone.name.as_str(), node)
        })
        .collect()
}

/// Network interfaces by address.
struct Interfaces<'a> {
    by_address: HashMap<&'a str, &'a NetworkInterface>,
}

impl<'a> Interfaces<'a> {
    fn new(evidence: &'a Evidence) -> Self {
        let mut by_address = HashMap::new();
        for interface in evidence.network_interfaces.seen().into_iter().flatten() {
            for address in interface
                .private_ips
                .iter()
                .chain(&interface.ipv6_addresses)
            {
                by_address.entry(address.as_str()).or_insert(interface);
            }
        }
        Self { by_address }
    }
}

/// Where a target stands, or what is missing to know it.
fn endpoint<'a>(
    evidence: &'a Evidence,
    world: &World<'a>,
    interfaces: &Interfaces<'a>,
    target: &Target<'a>,
) -> Result<Endpoint<'a>, String> {
    let id = target.health.id.as_str();
    if id.starts_with("i-") {
        let instance = target.instance.ok_or_else(|| {
            evidence
                .instances
                .missing("instances")
                .unwrap_or_else(|| format!("instance {id}: not among those seen"))
        })?;
        // Of a dual stack instance the address of the group's family takes the requests.
        let over_v6 = target.target_group.ip_address_type.as_deref() == Some("ipv6");
        let (first, second) = if over_v6 {
            (&instance.ipv6_addresses, &instance.private_ips)
        } else {
            (&instance.private_ips, &instance.ipv6_addresses)
        };
        let address = first
            .iter()
            .chain(second)
            .find_map(|address| Block::parse(address))
            .ok_or_else(|| format!("instance {id}: its address is not known"))?;
        let subnet = instance
            .subnet_id
            .as_deref()
            .ok_or_else(|| format!("instance {id}: its subnet is not known"))?;
        return Ok(Endpoint {
            address,
            inside: Some(Inside {
                subnet,
                groups: Ok(&instance.security_groups),
            }),
        });
    }
    let address = Block::parse(id).ok_or_else(|| format!("target {id}: is no address"))?;
    if let Some(interface) = interfaces.by_address.get(id)
        && let Some(subnet) = &interface.subnet_id
    {
        return Ok(Endpoint {
            address,
            inside: Some(Inside {
                subnet,
                groups: Ok(&interface.security_groups),
            }),
        });
    }
    if let Some(subnet) = world.subnet_of(&evidence.load_balancer.vpc_id, address) {
        let missing = evidence
            .network_interfaces
            .missing("network interfaces")
            .unwrap_or_else(|| format!("target {id}: no network interface has this address"));
        return Ok(Endpoint {
            address,
            inside: Some(Inside {
                subnet,
                groups: Err(missing),
            }),
        });
    }
    if target.health.zone.as_deref() == Some("all") {
        return Ok(Endpoint {
            address,
            inside: None,
        });
    }
    match evidence.subnets.missing("subnets") {
        Some(missing) => Err(missing),
        None => Ok(Endpoint {
            address,
            inside: None,
        }),
    }
}

fn ports(evidence: &Evidence, target: &Target<'_>) -> Vec<(Purpose, Option<u16>)> {
    let target_group = target.target_group;
    let mut traffic: Vec<Option<u16>> = match target.health.port.or(target_group.port) {
        Some(port) => vec![Some(port)],
        // Classic: each listener names the instances' port.
        None => evidence
            .listeners
            .seen()
            .into_iter()
            .flatten()
            .filter_map(|listener| listener.instance_port)
            .map(Some)
            .collect(),
    };
    traffic.sort_unstable();
    traffic.dedup();
    if traffic.is_empty() {
        traffic.push(None);
    }
    let check = &target_group.health_check;
    let health_check = target
        .health
        .health_check_port
        .as_ref()
        .or(check.port.as_ref())
        .and_then(|port| port.parse().ok())
        .filter(|port| check.enabled && !traffic.contains(&Some(*port)));
    traffic
        .into_iter()
        .map(|port| (Purpose::Traffic, port))
        .chain(health_check.map(|port| (Purpose::HealthCheck, Some(port))))
        .collect()
}

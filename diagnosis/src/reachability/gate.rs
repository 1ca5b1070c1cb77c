//! The gates between a node and a target, and what they answer.

use std::fmt;

/// In the order in which a request and its answer pass them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Gate {
    /// The load balancer's security groups, outbound.
    LoadBalancerOutbound,
    /// Routes of the load balancer's subnet to the target.
    RequestRoute,
    /// Network ACL of the load balancer's subnet, outbound.
    RequestAclOut,
    /// Network ACL of the target's subnet, inbound.
    RequestAclIn,
    /// The target's security groups, inbound.
    TargetInbound,
    /// Routes of the target's subnet to the node.
    ReturnRoute,
    /// Network ACL of the target's subnet, outbound, on the node's ports.
    ReturnAclOut,
    /// Network ACL of the load balancer's subnet, inbound, on the node's ports.
    ReturnAclIn,
}

impl Gate {
    pub const ALL: [Self; 8] = [
        Self::LoadBalancerOutbound,
        Self::RequestRoute,
        Self::RequestAclOut,
        Self::RequestAclIn,
        Self::TargetInbound,
        Self::ReturnRoute,
        Self::ReturnAclOut,
        Self::ReturnAclIn,
    ];

    pub const fn in_words(self) -> &'static str {
        match self {
            Self::LoadBalancerOutbound => "outbound rules of the load balancer's security groups",
            Self::RequestRoute => "route from the load balancer's subnet",
            Self::RequestAclOut => "outbound network ACL of the load balancer's subnet",
            Self::RequestAclIn => "inbound network ACL of the target's subnet",
            Self::TargetInbound => "inbound rules of the target's security groups",
            Self::ReturnRoute => "route back from the target's subnet",
            Self::ReturnAclOut => "outbound network ACL of the target's subnet (answers)",
            Self::ReturnAclIn => "inbound network ACL of the load balancer's subnet (answers)",
        }
    }
}

/// The rule (or the lack of one) that decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Decider<'a> {
    SecurityGroupRule {
        group: &'a str,
        rule: &'a str,
    },
    /// None of the groups has a rule that lets it through.
    NoSecurityGroupRule {
        groups: &'a [String],
    },
    /// 32767 is the final "deny all".
    NetworkAclEntry {
        acl: &'a str,
        number: u32,
    },
    Route {
        table: &'a str,
        destination: &'a str,
        target: &'a str,
    },
    NoRoute {
        table: &'a str,
    },
    /// Both stand in one subnet: network ACLs are not asked.
    SameSubnet,
    /// The target stands outside the VPC: what it asks there cannot be seen.
    Beyond {
        via: &'a str,
    },
}

/// AWS's number of the final "deny all" entry of every network ACL.
pub(super) const LAST_ENTRY: u32 = 32_767;

impl fmt::Display for Decider<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SecurityGroupRule { group, rule: "" } => write!(f, "a rule of {group}"),
            Self::SecurityGroupRule { group, rule } => write!(f, "rule {rule} of {group}"),
            Self::NoSecurityGroupRule { groups } => {
                write!(f, "no rule of {}", groups.join(", "))
            }
            Self::NetworkAclEntry {
                acl,
                number: LAST_ENTRY,
            } => {
                write!(f, "the last rule (*) of {acl}")
            }
            Self::NetworkAclEntry { acl, number } => write!(f, "rule {number} of {acl}"),
            Self::Route {
                table,
                destination,
                target,
            } => {
                write!(f, "route {destination} → {target} of {table}")
            }
            Self::NoRoute { table } => write!(f, "no route in {table}"),
            Self::SameSubnet => f.write_str("same subnet"),
            Self::Beyond { via } => write!(f, "outside the VPC, by {via}: not visible"),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome<'a> {
    Open(Decider<'a>),
    Blocked {
        by: Decider<'a>,
        /// Some nodes get through, or more than one in a hundred of the ports.
        partly: bool,
    },
    /// What is missing, in words.
    Unknown(String),
}

/// What every gate of one way answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reach<'a> {
    /// One outcome for each of [`Gate::ALL`], in that order.
    pub gates: Vec<(Gate, Outcome<'a>)>,
}

impl<'a> Reach<'a> {
    pub fn at(&self, gate: Gate) -> &Outcome<'a> {
        // `reach` answers every gate in order.
        &self.gates[gate as usize].1
    }

    /// The first gate that is shut.
    pub fn blocked(&self) -> Option<(Gate, Decider<'a>)> {
        self.gates.iter().find_map(|(gate, outcome)| match outcome {
            Outcome::Blocked { by, .. } => Some((*gate, *by)),
            _ => None,
        })
    }

    /// What keeps it from being known to be open, where nothing is known to be shut.
    pub fn unknown(&self) -> Option<&str> {
        if self.blocked().is_some() {
            return None;
        }
        self.gates.iter().find_map(|(_, outcome)| match outcome {
            Outcome::Unknown(missing) => Some(missing.as_str()),
            _ => None,
        })
    }

    pub fn is_open(&self) -> bool {
        self.gates
            .iter()
            .all(|(_, outcome)| matches!(outcome, Outcome::Open(_)))
    }
}

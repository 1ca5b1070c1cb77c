//! The network between the load balancer's nodes and its targets, as EC2 describes it.
//!
//! Addresses and CIDR blocks stay text here; `reachability` parses them and treats what does not
//! parse as unknown.

use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subnet {
    pub id: String,
    pub vpc_id: String,
    pub zone: String,
    pub cidr: String,
    pub ipv6_cidrs: Vec<String>,
    pub available_addresses: Option<u32>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteTable {
    pub id: String,
    pub vpc_id: String,
    /// The VPC's main table serves every subnet that names no table of its own.
    pub main: bool,
    pub subnet_ids: Vec<String>,
    pub routes: Vec<Route>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// An IPv4 or IPv6 block, or a prefix list id (`pl-…`).
    pub destination: String,
    /// `local`, `igw-…`, `nat-…`, `pcx-…`, `tgw-…`, `eni-…`, `vpce-…`.
    pub target: String,
    /// `active` or `blackhole`.
    pub state: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecurityGroup {
    pub id: String,
    pub name: String,
    pub vpc_id: String,
    pub rules: Vec<SecurityGroupRule>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecurityGroupRule {
    /// `sgr-…`
    pub id: String,
    pub egress: bool,
    /// `tcp`, `udp`, `icmp`, a number, or `-1` for all.
    pub protocol: String,
    /// `None` (or -1 in the API) is every port.
    pub from_port: Option<u16>,
    pub to_port: Option<u16>,
    /// Exactly one of these four is set.
    pub cidr_ipv4: Option<String>,
    pub cidr_ipv6: Option<String>,
    pub prefix_list_id: Option<String>,
    pub referenced_group_id: Option<String>,
    pub description: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkAcl {
    pub id: String,
    pub vpc_id: String,
    pub default: bool,
    pub subnet_ids: Vec<String>,
    pub entries: Vec<NetworkAclEntry>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkAclEntry {
    /// 1–32766; 32767 is the final "deny all" (`*`).
    pub rule_number: u32,
    pub egress: bool,
    /// A protocol number, `-1` for all.
    pub protocol: String,
    pub allow: bool,
    /// IPv4 or IPv6.
    pub cidr: String,
    pub from_port: Option<u16>,
    pub to_port: Option<u16>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkInterface {
    pub id: String,
    /// `ELB app/name/id` for a load balancer's node.
    pub description: String,
    pub interface_type: Option<String>,
    pub subnet_id: Option<String>,
    pub vpc_id: Option<String>,
    pub zone: Option<String>,
    /// `in-use`, `available`…
    pub status: Option<String>,
    pub private_ips: Vec<String>,
    pub ipv6_addresses: Vec<String>,
    pub security_groups: Vec<String>,
    pub instance_id: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrefixList {
    pub id: String,
    pub name: String,
    pub cidrs: Vec<String>,
    /// Why the entries could not be read.
    pub gap: Option<String>,
}

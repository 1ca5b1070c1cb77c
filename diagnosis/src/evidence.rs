//! What was observed of one load balancer in one window: one plain value that admits its holes.
//!
//! Collectors emit [`Part`]s as their calls end; [`Evidence::absorb`] folds them in. The parts are
//! what Postgres keeps, so an investigation that was cut off anywhere is rebuilt by folding again.

pub mod access_log;
pub mod app_log;
mod by_status;
pub mod certificates;
pub mod changes;
pub mod ecs;
pub mod lambda;
pub mod listeners;
pub mod load_balancer;
pub mod metrics;
pub mod network;
pub mod target_groups;
pub mod targets;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

pub use access_log::AccessLog;
pub use app_log::AppLog;
pub use certificates::Certificate;
pub use changes::Change;
pub use ecs::Ecs;
pub use lambda::LambdaFunction;
pub use listeners::Listener;
pub use load_balancer::{LoadBalancer, LoadBalancerAttributes, LoadBalancerType};
pub use metrics::Metrics;
pub use network::{NetworkAcl, NetworkInterface, PrefixList, RouteTable, SecurityGroup, Subnet};
pub use target_groups::{TargetGroup, TargetGroupAttributes};
pub use targets::{Instance, TargetHealth};

use crate::{observation::Observation, observed::Observed, step::Step};

/// The incident's window, UTC, `from` inclusive, `to` exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Window {
    pub from: DateTime<Utc>,
    pub to: DateTime<Utc>,
}

impl Window {
    pub fn contains(&self, at: DateTime<Utc>) -> bool {
        self.from <= at && at < self.to
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    pub load_balancer: LoadBalancer,
    pub window: Window,
    /// When the newest call was made: the only "now" that rules know.
    pub observed_at: DateTime<Utc>,
    pub attributes: Observed<LoadBalancerAttributes>,
    pub listeners: Observed<Vec<Listener>>,
    pub target_groups: Observed<Vec<TargetGroup>>,
    /// By target group ARN (Classic: one entry under the load balancer's name).
    pub target_group_attributes: BTreeMap<String, Observed<TargetGroupAttributes>>,
    /// By target group ARN (Classic: one entry under the load balancer's name).
    pub target_health: BTreeMap<String, Observed<Vec<TargetHealth>>>,
    pub instances: Observed<Vec<Instance>>,
    pub certificates: Observed<Vec<Certificate>>,
    pub lambda_functions: Observed<Vec<LambdaFunction>>,
    pub subnets: Observed<Vec<Subnet>>,
    pub route_tables: Observed<Vec<RouteTable>>,
    pub security_groups: Observed<Vec<SecurityGroup>>,
    pub network_acls: Observed<Vec<NetworkAcl>>,
    pub network_interfaces: Observed<Vec<NetworkInterface>>,
    pub prefix_lists: Observed<Vec<PrefixList>>,
    /// `AWS/ApplicationELB` or `AWS/ELB`, for the load balancer and its target groups.
    pub metrics: Observed<Metrics>,
    /// What the targets themselves report: `AWS/EC2`, `AWS/ECS`, `AWS/Lambda`.
    pub target_metrics: Observed<Metrics>,
    pub access_log: Observed<AccessLog>,
    pub app_log: Observed<AppLog>,
    /// CloudTrail events that touch the load balancer, its groups, its targets or their network.
    pub cloudtrail: Observed<Vec<Change>>,
    pub auto_scaling: Observed<Vec<Change>>,
    pub ecs: Observed<Ecs>,
    /// What the person answered, by question id.
    pub answers: BTreeMap<String, String>,
    /// The steps that ran, each with the observations (by `n`) that it used, its own and shared.
    pub steps: BTreeMap<Step, Vec<u32>>,
    /// Every call that was made, in order of `n`.
    pub observations: Vec<Observation>,
}

impl Evidence {
    /// Evidence of which nothing has been asked but the load balancer itself.
    pub fn new(load_balancer: LoadBalancer, window: Window, observed_at: DateTime<Utc>) -> Self {
        Self {
            load_balancer,
            window,
            observed_at,
            attributes: Observed::NotAsked,
            listeners: Observed::NotAsked,
            target_groups: Observed::NotAsked,
            target_group_attributes: BTreeMap::new(),
            target_health: BTreeMap::new(),
            instances: Observed::NotAsked,
            certificates: Observed::NotAsked,
            lambda_functions: Observed::NotAsked,
            subnets: Observed::NotAsked,
            route_tables: Observed::NotAsked,
            security_groups: Observed::NotAsked,
            network_acls: Observed::NotAsked,
            network_interfaces: Observed::NotAsked,
            prefix_lists: Observed::NotAsked,
            metrics: Observed::NotAsked,
            target_metrics: Observed::NotAsked,
            access_log: Observed::NotAsked,
            app_log: Observed::NotAsked,
            cloudtrail: Observed::NotAsked,
            auto_scaling: Observed::NotAsked,
            ecs: Observed::NotAsked,
            answers: BTreeMap::new(),
            steps: BTreeMap::new(),
            observations: Vec::new(),
        }
    }

    /// Folds one part in; a newer part of the same kind replaces the older.
    pub fn absorb(&mut self, part: Part) {
        match part {
            Part::LoadBalancer(value) => self.load_balancer = *value,
            Part::Attributes(value) => self.attributes = value,
            Part::Listeners(value) => self.listeners = value,
            Part::TargetGroups(value) => self.target_groups = value,
            Part::TargetGroupAttributes {
                target_group,
                value,
            } => {
                self.target_group_attributes.insert(target_group, value);
            }
            Part::TargetHealth {
                target_group,
                value,
            } => {
                self.target_health.insert(target_group, value);
            }
            Part::Instances(value) => self.instances = value,
            Part::Certificates(value) => self.certificates = value,
            Part::LambdaFunctions(value) => self.lambda_functions = value,
            Part::Subnets(value) => self.subnets = value,
            Part::RouteTables(value) => self.route_tables = value,
            Part::SecurityGroups(value) => self.security_groups = value,
            Part::NetworkAcls(value) => self.network_acls = value,
            Part::NetworkInterfaces(value) => self.network_interfaces = value,
            Part::PrefixLists(value) => self.prefix_lists = value,
            Part::Metrics(value) => self.metrics = value,
            Part::TargetMetrics(value) => self.target_metrics = value,
            Part::AccessLog(value) => self.access_log = *value,
            Part::AppLog(value) => self.app_log = value,
            Part::CloudTrail(value) => self.cloudtrail = value,
            Part::AutoScaling(value) => self.auto_scaling = value,
            Part::Ecs(value) => self.ecs = value,
            Part::StepEnded { step, observations } => {
                self.steps.insert(step, observations);
            }
        }
    }

    /// Adds a call to the record; calls stay in order of `n`, and one `n` stands once.
    pub fn observe(&mut self, observation: Observation) {
        self.observed_at = self.observed_at.max(observation.at);
        match self
            .observations
            .binary_search_by_key(&observation.n, |earlier| earlier.n)
        {
            Ok(place) => self.observations[place] = observation,
            Err(place) => self.observations.insert(place, observation),
        }
    }
}

/// One field of [`Evidence`], as a collector hands it over and Postgres keeps it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "part", content = "content")]
pub enum Part {
    LoadBalancer(Box<LoadBalancer>),
    Attributes(Observed<LoadBalancerAttributes>),
    Listeners(Observed<Vec<Listener>>),
    TargetGroups(Observed<Vec<TargetGroup>>),
    TargetGroupAttributes {
        target_group: String,
        value: Observed<TargetGroupAttributes>,
    },
    TargetHealth {
        target_group: String,
        value: Observed<Vec<TargetHealth>>,
    },
    Instances(Observed<Vec<Instance>>),
    Certificates(Observed<Vec<Certificate>>),
    LambdaFunctions(Observed<Vec<LambdaFunction>>),
    Subnets(Observed<Vec<Subnet>>),
    RouteTables(Observed<Vec<RouteTable>>),
    SecurityGroups(Observed<Vec<SecurityGroup>>),
    NetworkAcls(Observed<Vec<NetworkAcl>>),
    NetworkInterfaces(Observed<Vec<NetworkInterface>>),
    PrefixLists(Observed<Vec<PrefixList>>),
    Metrics(Observed<Metrics>),
    TargetMetrics(Observed<Metrics>),
    AccessLog(Box<Observed<AccessLog>>),
    AppLog(Observed<AppLog>),
    CloudTrail(Observed<Vec<Change>>),
    AutoScaling(Observed<Vec<Change>>),
    Ecs(Observed<Ecs>),
    /// A step has made all its calls, or given up on them.
    StepEnded {
        step: Step,
        observations: Vec<u32>,
    },
}

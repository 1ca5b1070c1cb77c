//! One run: its pieces of evidence, each fetched once, and which observations each step used.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, PoisonError},
};

use chrono::{DateTime, TimeDelta, Utc};
use diagnosis::{
    Observed, Step,
    evidence::{
        AccessLog, AppLog, Certificate, Change, Instance, Listener, LoadBalancer,
        LoadBalancerAttributes, LoadBalancerType, Metrics, NetworkAcl, NetworkInterface, Part,
        PrefixList, RouteTable, SecurityGroup, Subnet, TargetGroup, TargetGroupAttributes,
        TargetHealth, Window,
    },
};

use super::{Progress, cell::Cell};
use crate::aws::{Aws, Classic, Recorder};

/// By target group ARN (Classic: by the load balancer's name).
pub(super) type ByGroup<T> = BTreeMap<String, Observed<T>>;

#[derive(Debug)]
pub(super) struct Run {
    pub(super) aws: Aws,
    pub(super) recorder: Recorder,
    pub(super) load_balancer: LoadBalancer,
    pub(super) window: Window,
    pub(super) started: DateTime<Utc>,
    used: Mutex<BTreeMap<Step, BTreeSet<u32>>>,
    pub(super) cells: Cells,
}

/// The pieces. A piece that is told in several parts is a map.
#[derive(Debug, Default)]
pub(super) struct Cells {
    pub(super) load_balancer: Cell<Observed<()>>,
    pub(super) classic: Cell<Observed<Option<Classic>>>,
    pub(super) attributes: Cell<Observed<LoadBalancerAttributes>>,
    pub(super) listeners: Cell<Observed<Vec<Listener>>>,
    pub(super) target_groups: Cell<Observed<Vec<TargetGroup>>>,
    pub(super) target_group_attributes: Cell<ByGroup<TargetGroupAttributes>>,
    pub(super) target_health: Cell<ByGroup<Vec<TargetHealth>>>,
    pub(super) instances: Cell<Observed<Vec<Instance>>>,
    pub(super) certificates: Cell<Observed<Vec<Certificate>>>,
    pub(super) functions: Cell<super::functions::Functions>,
    pub(super) subnets: Cell<Observed<Vec<Subnet>>>,
    pub(super) route_tables: Cell<Observed<Vec<RouteTable>>>,
    pub(super) network_acls: Cell<Observed<Vec<NetworkAcl>>>,
    pub(super) network_interfaces: Cell<Observed<Vec<NetworkInterface>>>,
    pub(super) security_groups: Cell<Observed<Vec<SecurityGroup>>>,
    pub(super) prefix_lists: Cell<Observed<Vec<PrefixList>>>,
    pub(super) metrics: Cell<Observed<Metrics>>,
    pub(super) target_metrics: Cell<Observed<Metrics>>,
    pub(super) access_log: Cell<Observed<AccessLog>>,
    pub(super) app_log: Cell<Observed<AppLog>>,
    pub(super) cloudtrail: Cell<Observed<Vec<Change>>>,
    pub(super) auto_scaling: Cell<Observed<Vec<Change>>>,
    pub(super) ecs: Cell<super::ecs::Services>,
}

/// So long before the window a change may still be what caused it.
const BEFORE: TimeDelta = TimeDelta::hours(1);
const AFTER: TimeDelta = TimeDelta::minutes(5);

impl Run {
    pub(super) fn new(
        aws: Aws,
        recorder: Recorder,
        load_balancer: LoadBalancer,
        window: Window,
    ) -> Self {
        Self {
            aws,
            recorder,
            load_balancer,
            window,
            started: Utc::now(),
            used: Mutex::default(),
            cells: Cells::default(),
        }
    }

    pub(super) fn is_classic(&self) -> bool {
        self.load_balancer.kind == LoadBalancerType::Classic
    }

    /// The window and the hour before it: where changes are looked for.
    pub(super) fn around(&self) -> Window {
        Window {
            from: self.window.from - BEFORE,
            to: (self.window.to + AFTER).min(self.started.max(self.window.from)),
        }
    }

    pub(super) async fn send(&self, progress: Progress) {
        self.recorder.send(progress).await;
    }

    pub(super) async fn part(&self, part: Part) {
        self.send(Progress::Part(part)).await;
    }

    /// Notes that the step used these observations.
    pub(super) fn uses(&self, step: Step, source: &[u32]) {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.entry(step)
            .or_default()
            .extend(source.iter().filter(|n| **n > 0));
    }

    /// Ends the step.
    pub(super) async fn end(&self, step: Step) {
        let observations = {
            let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
            used.remove(&step).unwrap_or_default().into_iter().collect()
        };
        self.part(Part::StepEnded { step, observations }).await;
    }
}

//! All requests of the window, divided by what 502s may be bound to.
//!
//! Counted for every line, so this is the hot path. Memory is bounded: methods, sizes and protocols
//! have a fixed number of classes, texts go through a [`Tally`], and what pairs of them would need
//! is given up once there are too many.

mod finish;

use super::{
    format::{self, Line, method_and_url, without_port},
    hash::Map,
    route,
    tally::{Made, Tallied, Tally},
    targets::Key,
    values::{KINDS, SIZES, priority, size_place},
};
use crate::evidence::{
    LoadBalancerType,
    access_log::base_rates::{RouteCounts, SLOTS},
};

/// A load balancer has some dozens.
const MAX_NODES: usize = 1_024;
/// Listener rules × target groups.
const MAX_RULES: usize = 4_096;
const MAX_ROUTES: usize = 16_384;
const MAX_CLIENTS: usize = 16_384;
/// Route × target.
const MAX_PAIRS: usize = 65_536;

/// Where a line names its node.
#[derive(Debug)]
enum NodeAt {
    /// No line was looked at yet.
    Unknown,
    /// Its last field is one that was seen to be the node's: the usual case, and the quick one.
    Last(Box<[u8]>, Option<u32>),
    /// The format has fields past it.
    Inside,
    /// The format is an older one: all lines are of the object's node.
    Nowhere(Option<u32>),
}

/// The counts of one object, or of all.
#[derive(Debug)]
pub(super) struct Divided {
    node_at: NodeAt,
    nodes: Tally,
    routes: Tally,
    clients: Tally,
    methods: [Tallied; route::METHODS.len()],
    sizes: [Tallied; SIZES.len()],
    kinds: [Tallied; KINDS.len()],
    /// By place in `routes`.
    slots: Vec<[RouteCounts; SLOTS]>,
    /// By group and priority; `None` once there were too many.
    rules: Option<Map<u64, Tallied>>,
    groups: Vec<Box<[u8]>>,
    /// By place in `routes` and place in `targets`; `None` once there were too many.
    pairs: Option<Map<u64, RouteCounts>>,
    targets: Vec<Key>,
    /// The target's group, as place in `groups`.
    group_of_target: Vec<u32>,
    target_places: Map<Key, u32>,
    written: Vec<u8>,
}

impl Default for Divided {
    fn default() -> Self {
        Self {
            node_at: NodeAt::Unknown,
            nodes: Tally::new(MAX_NODES),
            routes: Tally::new(MAX_ROUTES),
            clients: Tally::new(MAX_CLIENTS),
            methods: Default::default(),
            sizes: Default::default(),
            kinds: Default::default(),
            slots: Vec::new(),
            rules: Some(Map::default()),
            groups: Vec::new(),
            pairs: Some(Map::default()),
            targets: Vec::new(),
            group_of_target: Vec::new(),
            target_places: Map::default(),
            written: Vec::new(),
        }
    }
}

impl Divided {
    /// Counts a line of the window. `target` is the place of its target and group in the order in
    /// which they were first seen, `slot` the part of the window, `node` the object's.
    pub(super) fn count(
        &mut self,
        format: LoadBalancerType,
        line: &Line<'_>,
        raw: &[u8],
        target: usize,
        slot: usize,
        node: Option<&str>,
    ) {
        let made = match (line.elb_status, line.target_status) {
            (502, Some(502)) => Made::ByTarget,
            (502, _) => Made::ByLoadBalancer,
            _ => Made::No502,
        };
        let one = Tallied::one(made);
        let failed = RouteCounts {
            requests: 1,
            failed: one.made_by_load_balancer,
        };
        let (method, url) = method_and_url(line.request);
        let method = route::method_place(method);
        self.methods[method].add(one);
        self.sizes[size_place(line.received_bytes)].add(one);
        if let Some(kind) = KINDS.iter().position(|kind| kind.as_bytes() == line.kind) {
            self.kinds[kind].add(one);
        }
        self.count_node(format, raw, node, one);
        self.clients.add(without_port(line.client), one);

        route::write(route::METHODS[method], url, &mut self.written);
        if let Some(route) = self.routes.add(&self.written, one) {
            let place = route as usize;
            if place >= self.slots.len() {
                self.slots.resize(place + 1, Default::default());
            }
            self.slots[place][slot].add(failed);
            self.add_pair(u64::from(route) << 32 | target as u64, failed);
        } else if !self.slots.is_empty() {
            self.slots = Vec::new();
            self.pairs = None;
        }

        let group = self.group(target, line.target_group_arn);
        if let Some(priority) = priority(line.matched_rule_priority) {
            self.add_rule(u64::from(group) << 32 | u64::from(priority as u32), one);
        }
    }

    fn count_node(
        &mut self,
        format: LoadBalancerType,
        raw: &[u8],
        object: Option<&str>,
        one: Tallied,
    ) {
        if let NodeAt::Nowhere(place) = self.node_at {
            if let Some(place) = place {
                self.nodes.add_at(place, one);
            }
            return;
        }
        let last = memchr::memrchr(b' ', raw).map_or(raw, |space| &raw[space + 1..]);
        if let NodeAt::Last(node, place) = &self.node_at
            && **node == *last
        {
            match place {
                Some(place) => self.nodes.add_at(*place, one),
                None => {
                    self.nodes.add(last, one);
                }
            }
            return;
        }
        let named = format::details(format, raw).node;
        let named = named.filter(|node| std::str::from_utf8(node).is_ok_and(is_address));
        if let Some(node) = named.or(object.map(str::as_bytes)) {
            let place = self.nodes.add(node, one);
            self.node_at = match (named, &self.node_at) {
                (Some(node), _) if node == last => NodeAt::Last(node.into(), place),
                (None, NodeAt::Unknown) => NodeAt::Nowhere(place),
                _ => NodeAt::Inside,
            };
        } else if matches!(self.node_at, NodeAt::Unknown) {
            self.node_at = NodeAt::Nowhere(None);
        }
    }

    fn group(&mut self, target: usize, target_group: &[u8]) -> u32 {
        if let Some(group) = self.group_of_target.get(target)
            && *group != u32::MAX
        {
            return *group;
        }
        let group = self.group_place(target_group);
        if target >= self.group_of_target.len() {
            self.group_of_target.resize(target + 1, u32::MAX);
        }
        self.group_of_target[target] = group;
        group
    }

    fn group_place(&mut self, target_group: &[u8]) -> u32 {
        let known = self
            .groups
            .iter()
            .position(|group| **group == *target_group);
        let place = known.unwrap_or_else(|| {
            // There are no more rules than this either.
            if self.groups.len() < MAX_RULES {
                self.groups.push(target_group.into());
            } else {
                self.rules = None;
            }
            self.groups.len() - 1
        });
        u32::try_from(place).unwrap_or_default()
    }

    fn add_rule(&mut self, key: u64, more: Tallied) {
        let Some(rules) = &mut self.rules else {
            return;
        };
        if let Some(rule) = rules.get_mut(&key) {
            rule.add(more);
        } else if rules.len() < MAX_RULES {
            rules.insert(key, more);
        } else {
            self.rules = None;
        }
    }

    fn add_pair(&mut self, key: u64, more: RouteCounts) {
        let Some(pairs) = &mut self.pairs else {
            return;
        };
        if let Some(pair) = pairs.get_mut(&key) {
            pair.add(more);
        } else if pairs.len() < MAX_PAIRS {
            pairs.insert(key, more);
        } else {
            self.pairs = None;
        }
    }

    /// Tells which targets the places meant that [`Self::count`] was given.
    pub(super) fn name_targets<'a>(&mut self, targets: impl Iterator<Item = &'a Key>) {
        if self.pairs.is_some() {
            self.targets = targets.cloned().collect();
        }
    }

    pub(super) fn merge(&mut self, other: Self) {
        for (sum, more) in self.methods.iter_mut().zip(other.methods) {
            sum.add(more);
        }
        for (sum, more) in self.sizes.iter_mut().zip(other.sizes) {
            sum.add(more);
        }
        for (sum, more) in self.kinds.iter_mut().zip(other.kinds) {
            sum.add(more);
        }
        self.nodes.merge(other.nodes);
        self.clients.merge(other.clients);
        let routes = self.routes.merge(other.routes);
        if !self.routes.is_exact() {
            self.slots = Vec::new();
        }
        for (place, slots) in routes.iter().zip(&other.slots) {
            let place = *place as usize;
            if place >= self.slots.len() {
                self.slots.resize(place + 1, Default::default());
            }
            for (sum, more) in self.slots[place].iter_mut().zip(slots) {
                sum.add(*more);
            }
        }
        match other.rules {
            None => self.rules = None,
            Some(rules) => {
                let groups: Vec<u32> = other
                    .groups
                    .iter()
                    .map(|group| self.group_place(group))
                    .collect();
                for (key, more) in rules {
                    let group = groups[(key >> 32) as usize];
                    self.add_rule(u64::from(group) << 32 | (key & 0xffff_ffff), more);
                }
            }
        }
        match other.pairs {
            Some(pairs) if self.routes.is_exact() => {
                let targets: Vec<u32> = other
                    .targets
                    .into_iter()
                    .map(|target| self.target_place(target))
                    .collect();
                for (key, more) in pairs {
                    let route = routes[(key >> 32) as usize];
                    let target = targets[(key & 0xffff_ffff) as usize];
                    self.add_pair(u64::from(route) << 32 | u64::from(target), more);
                }
            }
            _ => self.pairs = None,
        }
    }

    /// A target without a pair has no place of its own to take: there are no more than pairs.
    fn target_place(&mut self, target: Key) -> u32 {
        if let Some(place) = self.target_places.get(&target) {
            return *place;
        }
        let place = self.targets.len();
        if place >= MAX_PAIRS {
            self.pairs = None;
            return 0;
        }
        self.targets.push(target.clone());
        let place = u32::try_from(place).unwrap_or_default();
        self.target_places.insert(target, place);
        place
    }
}

impl RouteCounts {
    fn add(&mut self, more: Self) {
        self.requests += more.requests;
        self.failed += more.failed;
    }
}

fn is_address(text: &str) -> bool {
    text.parse::<std::net::IpAddr>().is_ok()
}

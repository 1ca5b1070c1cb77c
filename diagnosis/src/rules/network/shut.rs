//! What the rules of this step share: which ways are shut at their gates, and whether the faults of
//! the window say so too.
//!
//! The tables alone prove no 502: they are of now, and the window is in the past. A finding is
//! `proven` where exactly the targets behind the shut gate failed to connect in the window and
//! nothing speaks against it; `likely` where something does, or where only health checks time out;
//! `possible` where nothing of it was felt.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    case::Case,
    document::{Fix, Strength},
    evidence::{
        Change,
        access_log::{FaultRow, Shape},
    },
    need::Need,
    reachability::{Block, Decider, Gate, Outcome, Path, Paths, Purpose, World, paths},
    rule::{Answer, Claims, Draft, Target},
    words,
};

/// Seconds after which a node gives up connecting. [V] DOC-TS, HTTP 504.
const CONNECT_TIMEOUT_SECONDS: i64 = 10;

/// Findings of one rule: each stands for one deciding rule, which is one thing to mend.
const MAX_FINDINGS: usize = 10;

/// A change this long before a failure may still be its beginning.
const CHANGE_BEFORE: TimeDelta = TimeDelta::hours(24);

/// What one rule looks at.
pub(super) struct Question {
    pub(super) gates: &'static [Gate],
    pub(super) purposes: &'static [Purpose],
    /// The tables that the gates are read from, beside those that name the targets.
    pub(super) needs: &'static [Need],
    /// "the inbound rules of the targets' security groups", for the reason of `clear`.
    pub(super) what: &'static str,
    /// Network ACLs keep no state: connections that stood when they were shut die too, with a 504
    /// once the idle timeout is over.
    pub(super) stateless: bool,
}

/// All ways that one deciding rule shuts.
pub(super) struct Shut<'c, 'a> {
    pub(super) case: &'c Case<'a>,
    pub(super) gate: Gate,
    pub(super) by: Decider<'a>,
    pub(super) purpose: Purpose,
    pub(super) port: u16,
    /// Some ports or nodes get through.
    pub(super) partly: bool,
    targets: Vec<ShutTarget<'c, 'a>>,
}

struct ShutTarget<'c, 'a> {
    target: &'c Target<'a>,
    /// The load balancer's subnets that cannot reach it, of how many.
    subnets: BTreeSet<&'a str>,
    of: usize,
    partly: bool,
}

/// What a rule says of one [`Shut`].
pub(super) struct Wording {
    pub(super) title: String,
    /// The first sentence: which rule decides what.
    pub(super) because: String,
    /// Ids of the tables and groups to mend.
    pub(super) resources: Vec<String>,
    pub(super) fix: Fix,
}

const NEEDS: &[Need] = &[
    Need::Listeners,
    Need::TargetGroups,
    Need::TargetHealth,
    Need::Instances,
    Need::Subnets,
    Need::NetworkInterfaces,
];

pub(super) fn judge(
    case: &Case<'_>,
    question: &Question,
    wording: impl Fn(&Shut<'_, '_>) -> Wording,
) -> Answer {
    let paths = paths(case);
    let shuts = shuts(case, question, &paths);
    if !shuts.is_empty() {
        return Answer {
            findings: shuts
                .iter()
                .take(MAX_FINDINGS)
                .map(|shut| draft(question, shut, wording(shut)))
                .collect(),
            ..Answer::default()
        };
    }
    let mut missing = case.missing(NEEDS);
    missing.extend(case.missing(question.needs));
    let relevant: Vec<&Path<'_, '_>> = paths
        .all
        .iter()
        .filter(|path| question.purposes.contains(&path.purpose))
        .collect();
    for path in &relevant {
        for gate in question.gates {
            if let Outcome::Unknown(words) = path.reach.at(*gate)
                && !missing
                    .iter()
                    .any(|known| known.starts_with(words.as_str()))
            {
                missing.push(words.clone());
            }
        }
    }
    missing.dedup();
    if !missing.is_empty() {
        missing.truncate(20);
        return Answer::cannot_tell(format!("Not all of {} was seen.", question.what), missing);
    }
    Answer::clear(clear(case, question, &paths, &relevant))
}

fn clear(
    case: &Case<'_>,
    question: &Question,
    paths: &Paths<'_, '_>,
    relevant: &[&Path<'_, '_>],
) -> String {
    let mut because = match relevant.first() {
        Some(path) => {
            let example = question
                .gates
                .iter()
                .map(|gate| match path.reach.at(*gate) {
                    Outcome::Open(by) => by.to_string(),
                    _ => String::new(),
                })
                .next()
                .unwrap_or_default();
            format!(
                "Open on all {} from the load balancer's subnets to its targets, as {} ({}).",
                words::count(relevant.len() as u64, "way", "ways"),
                example,
                question.what
            )
        }
        None if case.evidence.load_balancer.zones.is_empty() => {
            "The load balancer stands in no subnet of a VPC.".to_owned()
        }
        None if question.purposes == [Purpose::HealthCheck] => {
            "Health checks use the port of the requests.".to_owned()
        }
        None => "No registered target has a network path to judge.".to_owned(),
    };
    let beyond = relevant.iter().any(|path| {
        Gate::ALL
            .iter()
            .any(|gate| matches!(path.reach.at(*gate), Outcome::Open(Decider::Beyond { .. })))
    });
    if beyond {
        because += " Targets outside the VPC are judged as far as its own tables tell.";
    }
    if !paths.skipped.is_empty() {
        because += &format!(" Left out: {}.", words::list(&paths.skipped, 3));
    }
    because
}

fn shuts<'c, 'a>(
    case: &'c Case<'a>,
    question: &Question,
    paths: &Paths<'c, 'a>,
) -> Vec<Shut<'c, 'a>> {
    let mut found: BTreeMap<(Gate, Decider<'a>, Purpose, u16), Shut<'c, 'a>> = BTreeMap::new();
    // How many subnets send to each target on each port.
    let mut ways: BTreeMap<(usize, u16), usize> = BTreeMap::new();
    for path in &paths.all {
        *ways.entry((key(path.target), path.port)).or_default() += 1;
    }
    for path in &paths.all {
        if !question.purposes.contains(&path.purpose) {
            continue;
        }
        let Some((gate, by, partly)) =
            question
                .gates
                .iter()
                .find_map(|gate| match path.reach.at(*gate) {
                    Outcome::Blocked { by, partly } => Some((*gate, *by, *partly)),
                    _ => None,
                })
        else {
            continue;
        };
        let shut = found
            .entry((gate, by, path.purpose, path.port))
            .or_insert_with(|| Shut {
                case,
                gate,
                by,
                purpose: path.purpose,
                port: path.port,
                partly: false,
                targets: Vec::new(),
            });
        shut.partly |= partly;
        let of = ways
            .get(&(key(path.target), path.port))
            .copied()
            .unwrap_or_default();
        // Paths come target by target, so the same one can only be the last.
        match shut
            .targets
            .last_mut()
            .filter(|known| std::ptr::eq(known.target, path.target))
        {
            Some(known) => {
                known.subnets.insert(path.subnet);
                known.partly |= partly;
            }
            None => shut.targets.push(ShutTarget {
                target: path.target,
                subnets: BTreeSet::from([path.subnet]),
                of,
                partly,
            }),
        }
    }
    found.into_values().collect()
}

/// A target's place in memory: one for each registration.
fn key(target: &Target<'_>) -> usize {
    std::ptr::from_ref(target).addr()
}

impl ShutTarget<'_, '_> {
    /// No node gets through.
    fn wholly(&self) -> bool {
        !self.partly && self.subnets.len() == self.of
    }

    fn timed_out(&self) -> bool {
        let health = self.target.health;
        health.state.starts_with("unhealthy")
            && matches!(
                health.reason.as_deref(),
                Some("Target.Timeout" | "Instance")
            )
    }

    fn name(&self) -> String {
        match self.target.addresses.first() {
            Some(address) if !address.starts_with(&self.target.health.id) => {
                format!("{} ({address})", self.target.health.id)
            }
            Some(address) => address.clone(),
            None => self.target.health.id.clone(),
        }
    }
}

impl Shut<'_, '_> {
    pub(super) fn region(&self) -> &str {
        &self.case.evidence.load_balancer.region
    }

    /// "3 targets of web"
    pub(super) fn targets_in_words(&self) -> String {
        let groups: BTreeSet<&str> = self
            .targets
            .iter()
            .map(|shut| shut.target.target_group.name.as_str())
            .collect();
        let groups: Vec<&str> = groups.into_iter().collect();
        format!(
            "{} of {}",
            words::count(self.targets.len() as u64, "target", "targets"),
            words::list(&groups, 3)
        )
    }

    /// The load balancer's subnets behind the gate.
    pub(super) fn subnets(&self) -> Vec<&str> {
        let all: BTreeSet<&str> = self
            .targets
            .iter()
            .flat_map(|shut| shut.subnets.iter().copied())
            .collect();
        all.into_iter().collect()
    }

    /// The subnets that the targets stand in, where known.
    pub(super) fn target_subnets(&self) -> Vec<String> {
        let evidence = self.case.evidence;
        let all: BTreeSet<String> = self
            .targets
            .iter()
            .filter_map(|shut| match shut.target.instance {
                Some(instance) => instance.subnet_id.clone(),
                None => evidence
                    .network_interfaces
                    .seen()
                    .into_iter()
                    .flatten()
                    .find(|interface| interface.private_ips.contains(&shut.target.health.id))
                    .and_then(|interface| interface.subnet_id.clone()),
            })
            .collect();
        all.into_iter().collect()
    }

    /// The IPv4 block of a subnet, for a command that names it.
    pub(super) fn cidr(&self, subnet: &str) -> Option<&str> {
        self.case
            .evidence
            .subnets
            .seen()?
            .iter()
            .find(|of| of.id == subnet)
            .map(|of| of.cidr.as_str())
    }

    /// Which port, in words.
    pub(super) fn port_in_words(&self) -> String {
        match self.purpose {
            Purpose::Traffic => format!("port {}", self.port),
            Purpose::HealthCheck => format!("health check port {}", self.port),
        }
    }
}

fn draft(question: &Question, shut: &Shut<'_, '_>, wording: Wording) -> Draft {
    let case = shut.case;
    let proof = Proof::of(question, shut);
    let mut because = wording.because;
    because += " ";
    because += &proof.in_words;

    let mut needs = vec![Need::TargetHealth, Need::Subnets];
    needs.extend(question.needs);
    let mut cites = case.sources(&needs);
    if !proof.rows.is_empty() {
        cites.extend(case.sources(&[Need::AccessLog]));
    }
    if proof.change {
        cites.extend(case.sources(&[Need::CloudTrail]));
    }
    let mut resources = wording.resources;
    resources.extend(
        shut.targets
            .iter()
            .take(50)
            .map(|shut| shut.target.health.id.clone()),
    );
    Draft {
        strength: proof.strength,
        title: wording.title,
        because,
        claims: if proof.rows.is_empty() {
            Claims::Nothing
        } else {
            Claims::Rows(proof.rows)
        },
        resources,
        cites,
        fix: wording.fix,
    }
}

struct Proof {
    strength: Strength,
    rows: Vec<usize>,
    change: bool,
    in_words: String,
}

impl Proof {
    fn of(question: &Question, shut: &Shut<'_, '_>) -> Self {
        let case = shut.case;
        let names: Vec<String> = shut.targets.iter().map(ShutTarget::name).collect();
        let mut said = vec![format!(
            "Behind it: {}, from {}.",
            words::list(&names, 4),
            words::list(&shut.subnets(), 3)
        )];
        let change = change(shut);
        if let Some(change) = change {
            said.push(format!(
                "{} by {} at {} changed it.",
                change.name,
                change.who,
                words::clock(change.at)
            ));
        }

        let mut rows = Vec::new();
        let mut strength = Strength::Proven;
        if shut.purpose == Purpose::Traffic {
            let unanswered = Unanswered::of(case);
            for target in &shut.targets {
                let failed = failed(question, shut, target, change, &unanswered);
                if failed.rows.is_empty() {
                    continue;
                }
                strength = strength.min(failed.strength);
                for words in failed.against {
                    if !said.contains(&words) {
                        said.push(words);
                    }
                }
                rows.extend(failed.rows);
            }
        }
        rows.sort_unstable();
        rows.dedup();

        if rows.is_empty() {
            let timed_out = shut.targets.iter().filter(|shut| shut.timed_out()).count();
            strength = if timed_out > 0 {
                said.push(format!(
                    "Health checks of {} time out, as they would behind a shut gate.",
                    words::count(timed_out as u64, "target", "targets")
                ));
                Strength::Likely
            } else {
                Strength::Possible
            };
            said.push(match case.evidence.access_log.seen() {
                Some(_) => "No request of the window failed to connect to them.".to_owned(),
                None => {
                    "Without an access log no single failed request can be tied to it.".to_owned()
                }
            });
            if strength == Strength::Possible {
                said.push(
                    "The tables are those of now: they may have been changed after the window."
                        .to_owned(),
                );
            }
        } else {
            said.insert(1, failures_in_words(case, &rows));
        }
        Self {
            strength,
            change: change.is_some(),
            rows,
            in_words: said.join(" "),
        }
    }
}

fn failures_in_words(case: &Case<'_>, rows: &[usize]) -> String {
    let of = |status: u16| {
        let places: Vec<usize> = rows
            .iter()
            .copied()
            .filter(|place| case.rows()[*place].elb_status_code == status)
            .collect();
        case.requests(&places)
    };
    let (late, bad) = (of(504), of(502));
    let codes = match (late, bad) {
        (late, 0) => format!(
            "{}: a dropped packet is not answered, so the node waits {CONNECT_TIMEOUT_SECONDS} s and says 504, not 502",
            words::count(late, "504", "504s")
        ),
        (0, bad) => words::count(bad, "502", "502s"),
        (late, bad) => format!(
            "{} and {} (dropped packets mostly show as 504)",
            words::count(late, "504", "504s"),
            words::count(bad, "502", "502s")
        ),
    };
    format!("Requests to exactly these targets failed for want of a connection: {codes}.")
}

/// The newest change of what decides, made before or in the window.
fn change<'a>(shut: &Shut<'_, 'a>) -> Option<&'a Change> {
    const SHUTTING: &[&str] = &[
        "RevokeSecurityGroupIngress",
        "RevokeSecurityGroupEgress",
        "AuthorizeSecurityGroupIngress",
        "AuthorizeSecurityGroupEgress",
        "ModifySecurityGroupRules",
        "ModifyNetworkInterfaceAttribute",
        "ModifyInstanceAttribute",
        "SetSecurityGroups",
        "ApplySecurityGroupsToLoadBalancer",
        "CreateNetworkAclEntry",
        "ReplaceNetworkAclEntry",
        "DeleteNetworkAclEntry",
        "ReplaceNetworkAclAssociation",
        "CreateRoute",
        "ReplaceRoute",
        "DeleteRoute",
        "AssociateRouteTable",
        "ReplaceRouteTableAssociation",
        "DisassociateRouteTable",
        "DeleteVpcPeeringConnection",
    ];
    let window = shut.case.evidence.window;
    let mut names: BTreeSet<&str> = match shut.by {
        Decider::SecurityGroupRule { group, .. } => [group].into(),
        Decider::NoSecurityGroupRule { groups } => groups.iter().map(String::as_str).collect(),
        Decider::NetworkAclEntry { acl, .. } => [acl].into(),
        Decider::Route { table, target, .. } => [table, target].into(),
        Decider::NoRoute { table } => [table].into(),
        Decider::SameSubnet | Decider::Beyond { .. } => BTreeSet::new(),
    };
    names.extend(
        shut.targets
            .iter()
            .map(|shut| shut.target.health.id.as_str()),
    );
    shut.case
        .evidence
        .cloudtrail
        .seen()?
        .iter()
        .filter(|change| {
            change.error.is_none()
                && SHUTTING.contains(&change.name.as_str())
                && change.at < window.to
                && window.from.signed_duration_since(change.at) < CHANGE_BEFORE
                && change.resources.iter().any(|id| {
                    names.contains(id.as_str())
                        || id.rsplit('/').next().is_some_and(|id| names.contains(id))
                })
        })
        .max_by_key(|change| change.at)
}

/// The 502s and 504s that no target answered, by target, and where the nodes stand.
struct Unanswered<'a> {
    by_target: HashMap<&'a str, Vec<usize>>,
    world: World<'a>,
}

impl<'a> Unanswered<'a> {
    fn of(case: &Case<'a>) -> Self {
        let mut by_target: HashMap<&str, Vec<usize>> = HashMap::new();
        for (place, row) in case.rows().iter().enumerate() {
            if matches!(row.elb_status_code, 502 | 504)
                && row.target_status_code.is_none()
                && let Some(target) = &row.target
            {
                by_target.entry(target).or_default().push(place);
            }
        }
        Self {
            by_target,
            world: World::new(case.evidence),
        }
    }

    fn rows_to(&self, target: &Target<'_>) -> Vec<usize> {
        let mut rows: Vec<usize> = target
            .addresses
            .iter()
            .filter_map(|address| self.by_target.get(address.as_str()))
            .flatten()
            .copied()
            .collect();
        rows.sort_unstable();
        rows
    }
}

struct Failed {
    rows: Vec<usize>,
    strength: Strength,
    /// What speaks against the gate as their cause.
    against: Vec<String>,
}

/// The rows of one target that look like a connection that never came about.
fn failed(
    question: &Question,
    shut: &Shut<'_, '_>,
    target: &ShutTarget<'_, '_>,
    change: Option<&Change>,
    unanswered: &Unanswered<'_>,
) -> Failed {
    let case = shut.case;
    let mut failed = Failed {
        rows: Vec::new(),
        strength: Strength::Proven,
        against: Vec::new(),
    };
    let mut own = unanswered.rows_to(target.target);
    own.retain(|place| {
        let row = &case.rows()[*place];
        row.target_group_arn
            .as_ref()
            .is_none_or(|arn| *arn == target.target.target_group.arn)
            // Before somebody shut the gate it was open.
            && change.is_none_or(|change| {
                started(row) >= change.at || case.evidence.window.from >= change.at
            })
    });
    let connected = |place: &usize| !never_connected(&case.rows()[*place]);
    let mut rows = own.clone();
    rows.retain(|place| !connected(place));
    let Some(first) = rows.iter().map(|place| started(&case.rows()[*place])).min() else {
        return failed;
    };

    if !target.wholly() {
        // Some nodes get through: only those that do not may fail for this.
        let vpc = &case.evidence.load_balancer.vpc_id;
        let mut unsure = target.partly;
        rows.retain(|place| {
            let node = case.rows()[*place].node.as_deref().and_then(Block::parse);
            match node.and_then(|node| unanswered.world.subnet_of(vpc, node)) {
                Some(subnet) => target.subnets.contains(subnet),
                None => {
                    unsure = true;
                    true
                }
            }
        });
        if unsure {
            failed.strength = Strength::Likely;
            failed.against.push(
                "Some connections get through and the log does not say over which node or port each request went."
                    .to_owned(),
            );
        }
    } else if question.stateless {
        let idle_timeout = case
            .evidence
            .attributes
            .seen()
            .map_or(60, |of| of.idle_timeout);
        let from = change
            .map(|change| change.at)
            .filter(|at| *at >= case.evidence.window.from)
            .unwrap_or(first)
            .checked_sub_signed(TimeDelta::seconds(i64::from(idle_timeout)));
        own.retain(|place| {
            let row = &case.rows()[*place];
            connected(place)
                && row.elb_status_code == 504
                && matches!(row.shape(), Shape::NotAnswered | Shape::NotAnsweredUntimed)
                && from.is_some_and(|from| started(row) >= from)
        });
        rows.extend(own);
    }

    if target.wholly() {
        if change.is_none() && answered_meanwhile(case, &rows, first) {
            failed.strength = Strength::Likely;
            failed.against.push(
                "One of them answered other requests meanwhile: over connections that stood before, or the tables were changed after."
                    .to_owned(),
            );
        }
        if target.target.health.state == "healthy" && checks_the_same_port(shut, target) {
            failed.strength = Strength::Likely;
            failed.against.push(
                "Yet health checks on the same port pass: the tables may have been changed a moment ago."
                    .to_owned(),
            );
        }
    }
    failed.rows = rows;
    failed
}

fn checks_the_same_port(shut: &Shut<'_, '_>, target: &ShutTarget<'_, '_>) -> bool {
    let check = &target.target.target_group.health_check;
    let port = target
        .target
        .health
        .health_check_port
        .as_ref()
        .or(check.port.as_ref());
    check.enabled
        && port.is_none_or(|port| port == "traffic-port" || *port == shut.port.to_string())
}

/// When the request was on its way, as nearly as the row tells.
fn started(row: &FaultRow) -> DateTime<Utc> {
    row.request_creation_time.unwrap_or(row.time)
}

/// 502 or 504 without a connection: all times -1, or ten seconds of waiting.
fn never_connected(row: &FaultRow) -> bool {
    if !matches!(row.elb_status_code, 502 | 504) || row.target_status_code.is_some() {
        return false;
    }
    if row.shape() == Shape::NotConnected {
        return true;
    }
    let waited = match (row.target_processing_time, row.request_creation_time) {
        // Clamped: what a duration cannot hold is no ten seconds either.
        (Some(seconds), _) => Some(TimeDelta::milliseconds(
            (seconds * 1_000.0).clamp(-1e12, 1e12) as i64,
        )),
        (None, Some(created)) => Some(row.time.signed_duration_since(created)),
        (None, None) => None,
    };
    row.elb_status_code == 504
        && waited.is_some_and(|waited| {
            let seconds = waited.num_milliseconds();
            (CONNECT_TIMEOUT_SECONDS * 1_000 - 500..CONNECT_TIMEOUT_SECONDS * 1_000 + 1_500)
                .contains(&seconds)
        })
}

/// Whether the target answered anything between the first of these failures and the last.
fn answered_meanwhile(case: &Case<'_>, rows: &[usize], first: DateTime<Utc>) -> bool {
    rows.iter().any(|place| {
        let row = &case.rows()[*place];
        row.idle_ms
            .and_then(|idle| i64::try_from(idle).ok())
            .and_then(|idle| started(row).checked_sub_signed(TimeDelta::try_milliseconds(idle)?))
            .is_some_and(|answered| answered > first)
    })
}

//! Evidence with one part not seen.

mod inner;

use std::collections::BTreeSet;

use diagnosis::{Evidence, Observed, Step, need::Need, observation::Outcome};

use crate::{
    evidence::{CALLS, number},
    scenario::Scenario,
};

#[derive(Clone, Copy, Debug)]
enum How<'a> {
    Denied(&'a str),
    Failed(&'a str),
    Incomplete(&'a str),
    NotAsked,
}

/// A part that a scenario tells was not seen.
pub(crate) fn make(evidence: &mut Evidence, part: &str, why: &str) {
    let (how, rest) = why.split_once(' ').expect("how and why");
    let how = match how {
        "denied" => How::Denied(rest),
        "failed" => How::Failed(rest),
        "incomplete" => How::Incomplete(rest),
        _ => panic!("{how}: denied, failed or incomplete"),
    };
    let need = CALLS
        .into_iter()
        .map(|(need, ..)| need)
        .find(|need| need.name() == part)
        .unwrap_or_else(|| panic!("no part {part}"));
    punch(evidence, need, how);
    outcome(evidence, need, how);
}

/// The evidence once with each hole that there is: part by part, family by family, and within parts.
pub(crate) fn all(whole: &Evidence) -> impl Iterator<Item = (String, Evidence)> {
    one_at_a_time(whole)
        .chain(whole_families(whole))
        .chain(inner::all(whole))
}

/// The evidence once for each part and each way of not being seen. The calls still say that they were
/// answered: what is judged is the part.
fn one_at_a_time(whole: &Evidence) -> impl Iterator<Item = (String, Evidence)> {
    CALLS
        .into_iter()
        .flat_map(move |(need, service, operation)| {
            let action = format!("{service}:{operation}");
            let ways = [
                How::Denied(&action),
                How::Failed("throttled"),
                How::Incomplete("cut short"),
                How::NotAsked,
            ];
            ways.map(|how| {
                let mut evidence = whole.clone();
                punch(&mut evidence, need, how);
                (format!("{} {how:?}", need.name()), evidence)
            })
        })
}

/// What one role may lack all of, or one bucket or trail: everything that a step reads, all metrics,
/// all logs, all that tells of changes, all but the log and the metrics.
fn whole_families(whole: &Evidence) -> impl Iterator<Item = (String, Evidence)> {
    use Need::{
        AccessLog, AppLog, AutoScaling, CloudTrail, Ecs, Instances, Metrics, TargetGroupAttributes,
        TargetGroups, TargetHealth, TargetMetrics,
    };
    let mut families: Vec<(String, Vec<Need>)> = Step::ALL
        .map(|step| (format!("step {step}"), Need::of(step).to_vec()))
        .to_vec();
    let mut family = |name: &str, needs: &[Need]| families.push((name.to_owned(), needs.to_vec()));
    family("all metrics", &[Metrics, TargetMetrics]);
    family("all logs", &[AccessLog, AppLog]);
    family("all changes", &[CloudTrail, AutoScaling, Ecs]);
    family(
        "all targets",
        &[TargetGroups, TargetGroupAttributes, TargetHealth, Instances],
    );
    family(
        "the log and the metrics",
        &[AccessLog, Metrics, TargetMetrics],
    );
    let all = CALLS.map(|(need, ..)| need);
    family("everything", &all);
    let configuration: Vec<Need> = all
        .into_iter()
        .filter(|need| !matches!(need, AccessLog | AppLog | Metrics | TargetMetrics))
        .collect();
    family("all configuration", &configuration);
    families.into_iter().flat_map(move |(name, needs)| {
        [How::Failed("throttled"), How::NotAsked].map(|how| {
            let mut evidence = whole.clone();
            for need in &needs {
                punch(&mut evidence, *need, how);
            }
            (format!("{name} {how:?}"), evidence)
        })
    })
}

/// The evidence once for each call that was made, with that call refused; by its action.
pub(crate) fn refusals(whole: &Evidence) -> Vec<(String, Evidence)> {
    let mut refused = Vec::new();
    for (need, service, operation) in CALLS {
        if need.source(whole).is_empty() {
            continue;
        }
        let action = format!("{service}:{operation}");
        let mut evidence = whole.clone();
        punch(&mut evidence, need, How::Denied(&action));
        outcome(&mut evidence, need, How::Denied(&action));
        refused.push((action, evidence));
    }
    refused
}

fn outcome(evidence: &mut Evidence, need: Need, how: How<'_>) {
    let n = number(need);
    for observation in &mut evidence.observations {
        if observation.n == n {
            observation.outcome = match how {
                How::Denied(_) => Outcome::Denied,
                How::Failed(_) | How::Incomplete(_) => Outcome::Failed,
                How::NotAsked => Outcome::Seen,
            };
        }
    }
}

fn punch(evidence: &mut Evidence, need: Need, how: How<'_>) {
    match need {
        Need::Attributes => set(&mut evidence.attributes, how),
        Need::Listeners => set(&mut evidence.listeners, how),
        Need::TargetGroups => set(&mut evidence.target_groups, how),
        Need::TargetGroupAttributes => {
            let all = evidence.target_group_attributes.values_mut();
            all.for_each(|value| set(value, how));
        }
        Need::TargetHealth => evidence
            .target_health
            .values_mut()
            .for_each(|value| set(value, how)),
        Need::Instances => set(&mut evidence.instances, how),
        Need::Certificates => set(&mut evidence.certificates, how),
        Need::LambdaFunctions => set(&mut evidence.lambda_functions, how),
        Need::Subnets => set(&mut evidence.subnets, how),
        Need::RouteTables => set(&mut evidence.route_tables, how),
        Need::SecurityGroups => set(&mut evidence.security_groups, how),
        Need::NetworkAcls => set(&mut evidence.network_acls, how),
        Need::NetworkInterfaces => set(&mut evidence.network_interfaces, how),
        Need::PrefixLists => set(&mut evidence.prefix_lists, how),
        Need::Metrics => set(&mut evidence.metrics, how),
        Need::TargetMetrics => set(&mut evidence.target_metrics, how),
        Need::AccessLog => set(&mut evidence.access_log, how),
        Need::AppLog => set(&mut evidence.app_log, how),
        Need::CloudTrail => set(&mut evidence.cloudtrail, how),
        Need::AutoScaling => set(&mut evidence.auto_scaling, how),
        Need::Ecs => set(&mut evidence.ecs, how),
    }
}

fn set<T>(observed: &mut Observed<T>, how: How<'_>) {
    let source = observed.source().to_vec();
    match how {
        How::Denied(action) => {
            *observed = Observed::Denied {
                action: action.to_owned(),
                source,
            };
        }
        How::Failed(reason) => {
            *observed = Observed::Failed {
                reason: reason.to_owned(),
                source,
            };
        }
        How::Incomplete(left_out) => {
            if let Observed::Seen { incomplete, .. } = observed {
                *incomplete = Some(left_out.to_owned());
            }
        }
        How::NotAsked => *observed = Observed::NotAsked,
    }
}

/// What no call could lack: the load balancer itself is what was asked about, the rest says when and how.
const ALWAYS_THERE: [&str; 4] = ["load_balancer", "window", "observed_at", "observations"];

/// Parts of the access log that evidence may lack that was stored before lb502 kept them.
const OF_THE_LOG: [&str; 2] = [
    "/access_log/value/base_rates",
    "/access_log/value/other_codes",
];

/// Every field of the evidence is taken away somewhere in the corpus: one that is added without a hole
/// fails here.
#[test]
fn every_kind_of_evidence_is_taken_away() {
    let mut never: BTreeSet<String> = BTreeSet::new();
    let mut taken: BTreeSet<String> = BTreeSet::new();
    for scenario in Scenario::all() {
        let whole = serde_json::to_value(&scenario.evidence).unwrap();
        let fields = whole.as_object().unwrap().keys();
        let mut open: BTreeSet<String> = fields
            .filter(|field| !ALWAYS_THERE.contains(&field.as_str()))
            .map(|field| format!("/{field}"))
            .chain(OF_THE_LOG.map(str::to_owned))
            .filter(|place| !taken.contains(place))
            .collect();
        if open.is_empty() {
            continue;
        }
        for (_, evidence) in all(&scenario.evidence) {
            let holed = serde_json::to_value(&evidence).unwrap();
            // A hole of the whole log is none of its parts.
            let log_is_seen = evidence.access_log.seen().is_some();
            open.retain(|place| {
                let differs = holed.pointer(place) != whole.pointer(place);
                let is_hole = differs && (log_is_seen || !OF_THE_LOG.contains(&place.as_str()));
                if is_hole {
                    taken.insert(place.clone());
                }
                !is_hole
            });
        }
        never.extend(open);
    }
    let never: Vec<_> = never.difference(&taken).collect();
    assert!(never.is_empty(), "never taken away: {never:?}");
}

/// Every need has a call in the scenarios, and with it a hole.
#[test]
fn every_need_of_a_step_can_be_taken_away() {
    for need in Step::ALL.into_iter().flat_map(Need::of) {
        let called = CALLS.iter().any(|(known, ..)| known == need);
        assert!(called, "{} has no call", need.name());
    }
}

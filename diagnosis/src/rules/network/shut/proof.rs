//! Whether the faults of the window say so too, and how sure that makes it.

use std::collections::BTreeSet;

use chrono::TimeDelta;

use super::{
    Question,
    failures::{CONNECT_TIMEOUT_SECONDS, Unanswered, failed},
    ways::{Shut, ShutTarget},
};
use crate::{
    case::Case,
    document::Strength,
    evidence::Change,
    reachability::{Decider, Purpose},
    words,
};

/// A change this long before a failure may still be its beginning.
const CHANGE_BEFORE: TimeDelta = TimeDelta::hours(24);

pub(super) struct Proof {
    pub(super) strength: Strength,
    pub(super) rows: Vec<usize>,
    pub(super) change: bool,
    pub(super) in_words: String,
}

impl Proof {
    pub(super) fn of(question: &Question, shut: &Shut<'_, '_>) -> Self {
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

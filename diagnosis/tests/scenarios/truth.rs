//! What truly happened, told apart from what the rules make of it: ` because RULE` at the end of a
//! traffic line, and `also_true` in the `expect` block.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use diagnosis::evidence::{LoadBalancerType, Window, access_log::FaultRow};

use crate::{expect::Expect, log_lines, traffic::Request};

/// A faulty request of the window.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    pub(crate) row: Row,
    pub(crate) status: u16,
    because: Option<Vec<String>>,
}

/// By what a request is known again in the log.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Row {
    time: DateTime<Utc>,
    target: Option<String>,
    status: u16,
    url: String,
}

#[derive(Clone, Debug)]
pub(crate) struct Truth {
    /// The causes of each fault: any of them is right; none where no rule can know.
    by_row: BTreeMap<Row, Vec<String>>,
    faults: Vec<(u16, Vec<String>)>,
    beside: BTreeSet<String>,
    /// Evidence was taken away in the scenario itself: to leave a cause open is right then.
    pub(crate) has_holes: bool,
    /// The scenario says itself what is true; else its expectations are taken for it.
    pub(crate) told: bool,
}

/// What is also true wherever a cause is: the same fault, seen from further away. With the evidence
/// gone that tells them apart, these may still be said.
const IMPLIES: &[(&str, &[&str])] = &[
    ("keep-alive-shorter-than-idle-timeout", CLOSED),
    ("worker-restarted", CLOSED_OR_REFUSED),
    ("upload-answered-early", CLOSED),
    ("deregistration-delay-too-short", CLOSED),
    ("health-check-slower-than-shutdown", CLOSED_OR_REFUSED),
    ("deploy-stops-targets-before-draining", CLOSED_OR_REFUSED),
    ("container-crashed", CLOSED_OR_REFUSED),
    ("container-crashed", &["worker-restarted"]),
    ("target-cpu-saturated", CLOSED_OR_REFUSED),
    (
        "target-cpu-saturated",
        &["idle-timeout-shorter-than-response"],
    ),
    ("target-connections-exhausted", CLOSED_OR_REFUSED),
    ("target-instance-not-running", CLOSED_OR_REFUSED),
    ("targets-failing-health-checks", CLOSED_OR_REFUSED),
    ("all-targets-unhealthy", CLOSED_OR_REFUSED),
    ("security-group-blocks-target", UNHEALTHY),
    ("security-group-blocks-health-check", UNHEALTHY),
    ("load-balancer-egress-blocked", UNHEALTHY),
    ("network-acl-blocks-request", UNHEALTHY),
    ("network-acl-blocks-return", UNHEALTHY),
    ("no-route-to-target", UNHEALTHY),
    ("target-protocol-mismatch", UNHEALTHY),
    ("target-tls-handshake-failed", UNHEALTHY),
    ("traffic-spike", CLOSED_OR_REFUSED),
    (
        "response-headers-too-large",
        &["malformed-response", "target-closed-connection"],
    ),
    ("malformed-response", CLOSED),
    ("target-in-disabled-zone", &["no-registered-targets"]),
];
const CLOSED: &[&str] = &["target-closed-connection"];
const UNHEALTHY: &[&str] = &["all-targets-unhealthy"];
const CLOSED_OR_REFUSED: &[&str] = &["target-closed-connection", "target-refused-connection"];

/// The faults among the requests whose rows fall into the window.
pub(crate) fn faults(
    requests: &[Request],
    kind: LoadBalancerType,
    window: Window,
    address: impl Fn(&Request) -> Option<String>,
) -> Vec<Fault> {
    let mut faults = Vec::new();
    for request in requests {
        let (time, target) = match kind {
            LoadBalancerType::Application => (log_lines::answered_at(request), address(request)),
            LoadBalancerType::Classic => {
                (request.at, log_lines::backend(request, address(request)))
            }
        };
        let status = log_lines::status(request.end, kind);
        if status < 400 || !window.contains(time) {
            continue;
        }
        let paths = &request.details.paths;
        faults.push(Fault {
            row: Row {
                time,
                target,
                status,
                url: paths[request.turn % paths.len()].clone(),
            },
            status,
            because: request.details.because.clone(),
        });
    }
    faults
}

impl Truth {
    pub(crate) fn new(faults: Vec<Fault>, has_holes: bool, expect: &Expect) -> Self {
        let told = expect.also_true.is_some() || faults.iter().any(|fault| fault.because.is_some());
        let expected = expect.rules_held();
        let causes = |fault: &Fault| match &fault.because {
            Some(rules) => rules.iter().filter(|rule| *rule != "-").cloned().collect(),
            None if told => Vec::new(),
            None => expected.clone(),
        };
        Self {
            by_row: faults
                .iter()
                .map(|fault| (fault.row.clone(), causes(fault)))
                .collect(),
            faults: faults
                .iter()
                .map(|fault| (fault.status, causes(fault)))
                .collect(),
            beside: match &expect.also_true {
                Some(rules) => rules.iter().cloned().collect(),
                None if told => BTreeSet::new(),
                None => expected.iter().cloned().collect(),
            },
            has_holes,
            told,
        }
    }

    /// What caused a row of the log. A row that stands for several goes by the first of them; one
    /// that no line of the traffic made, by all that is true.
    pub(crate) fn of(&self, row: &FaultRow) -> BTreeSet<&str> {
        let from = Row {
            time: row.time,
            target: None,
            status: 0,
            url: String::new(),
        };
        let like = self
            .by_row
            .range(from..)
            .take_while(|(known, _)| known.time == row.time)
            .find(|(known, _)| {
                known.target == row.target
                    && known.status == row.elb_status_code
                    && (row.count > 1 || known.url == row.url)
            });
        match like {
            Some((_, causes)) => causes.iter().map(String::as_str).collect(),
            None => self.all(),
        }
    }

    /// Every rule whose fault truly is there.
    pub(crate) fn all(&self) -> BTreeSet<&str> {
        let of_rows = self.faults.iter().flat_map(|(_, causes)| causes);
        of_rows.chain(&self.beside).map(String::as_str).collect()
    }

    /// [`Self::all`], and the same faults seen from further away.
    pub(crate) fn all_from_afar(&self) -> BTreeSet<&str> {
        let all = self.all();
        from_afar(&all)
    }

    /// The rules that may stand first: the causes of most 502s; where there was none, of most of the
    /// neighbours; where no row has a cause, what stands beside.
    pub(crate) fn answers(&self) -> BTreeSet<&str> {
        for is_meant in [|status: u16| status == 502, |status: u16| status != 502] {
            let mut counts: BTreeMap<&[String], u64> = BTreeMap::new();
            for (status, causes) in &self.faults {
                if is_meant(*status) && !causes.is_empty() {
                    *counts.entry(causes.as_slice()).or_default() += 1;
                }
            }
            if let Some(most) = counts.values().max() {
                return counts
                    .iter()
                    .filter(|(_, n)| *n == most)
                    .flat_map(|(causes, _)| causes.iter().map(String::as_str))
                    .collect();
            }
        }
        self.beside.iter().map(String::as_str).collect()
    }
}

/// The rules with what they imply.
pub(crate) fn from_afar<'a>(rules: &BTreeSet<&'a str>) -> BTreeSet<&'a str> {
    let implied = IMPLIES
        .iter()
        .filter(|(rule, _)| rules.contains(rule))
        .flat_map(|(_, implied)| implied.iter().copied());
    rules.iter().copied().chain(implied).collect()
}

//! The pieces of evidence by name, so that every rule words the same hole the same way.
//!
//! A rule lists what it needs; [`Need::missing`] says what of it was not seen in full and how to get
//! it. What does not apply (certificates where no listener has one) is not missing.

pub(crate) mod trail;

use crate::{
    evidence::{Evidence, target_groups::TargetType},
    observed::Observed,
    step::Step,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    Attributes,
    Listeners,
    TargetGroups,
    TargetGroupAttributes,
    TargetHealth,
    Instances,
    Certificates,
    LambdaFunctions,
    Subnets,
    RouteTables,
    SecurityGroups,
    NetworkAcls,
    NetworkInterfaces,
    PrefixLists,
    Metrics,
    TargetMetrics,
    AccessLog,
    AppLog,
    CloudTrail,
    AutoScaling,
    Ecs,
}

impl Need {
    /// What a step reads; with all of it whole (and every call answered) the step is done.
    pub const fn of(step: Step) -> &'static [Self] {
        match step {
            Step::TargetHealth => &[
                Self::Listeners,
                Self::TargetGroups,
                Self::TargetGroupAttributes,
                Self::TargetHealth,
                Self::Instances,
                Self::Ecs,
                Self::AutoScaling,
                Self::CloudTrail,
            ],
            Step::ErrorLogs => &[
                Self::Attributes,
                Self::Metrics,
                Self::AccessLog,
                Self::LambdaFunctions,
                Self::AppLog,
            ],
            Step::Network => &[
                Self::TargetGroups,
                Self::TargetHealth,
                Self::Subnets,
                Self::RouteTables,
                Self::SecurityGroups,
                Self::NetworkAcls,
                Self::NetworkInterfaces,
                Self::PrefixLists,
            ],
            Step::Load => &[Self::Metrics, Self::TargetMetrics],
            Step::Tls => &[Self::Listeners, Self::Certificates, Self::Metrics],
            Step::Timeouts => &[
                Self::Attributes,
                Self::TargetGroupAttributes,
                Self::LambdaFunctions,
                Self::AccessLog,
            ],
        }
    }

    pub const fn name(self) -> &'static str {
        match self {
            Self::Attributes => "load balancer attributes",
            Self::Listeners => "listeners",
            Self::TargetGroups => "target groups",
            Self::TargetGroupAttributes => "target group attributes",
            Self::TargetHealth => "target health",
            Self::Instances => "instances",
            Self::Certificates => "certificates",
            Self::LambdaFunctions => "Lambda functions",
            Self::Subnets => "subnets",
            Self::RouteTables => "route tables",
            Self::SecurityGroups => "security groups",
            Self::NetworkAcls => "network ACLs",
            Self::NetworkInterfaces => "network interfaces",
            Self::PrefixLists => "prefix lists",
            Self::Metrics => "load balancer metrics",
            Self::TargetMetrics => "target metrics",
            Self::AccessLog => "access log",
            Self::AppLog => "application log",
            Self::CloudTrail => "CloudTrail events",
            Self::AutoScaling => "Auto Scaling activities",
            Self::Ecs => "ECS services and tasks",
        }
    }

    /// What of it was not seen in full, in words; empty when all of it was, or when it does not
    /// apply here.
    pub fn missing(self, evidence: &Evidence) -> Vec<String> {
        match self {
            Self::Attributes => one(self, evidence, &evidence.attributes),
            Self::Listeners => with_gaps(self, evidence, &evidence.listeners, |listener| {
                (&listener.arn, listener.gaps.iter().collect())
            }),
            Self::TargetGroups => one(self, evidence, &evidence.target_groups),
            Self::TargetGroupAttributes => by_target_group(self, evidence, |arn| {
                evidence.target_group_attributes.get(arn)
            }),
            Self::TargetHealth => {
                by_target_group(self, evidence, |arn| evidence.target_health.get(arn))
            }
            Self::Instances => one(self, evidence, &evidence.instances),
            Self::Certificates => {
                with_gaps(self, evidence, &evidence.certificates, |certificate| {
                    (&certificate.arn, certificate.gap.iter().collect())
                })
            }
            Self::LambdaFunctions => {
                with_gaps(self, evidence, &evidence.lambda_functions, |function| {
                    (&function.arn, function.gap.iter().collect())
                })
            }
            Self::Subnets => one(self, evidence, &evidence.subnets),
            Self::RouteTables => one(self, evidence, &evidence.route_tables),
            Self::SecurityGroups => one(self, evidence, &evidence.security_groups),
            Self::NetworkAcls => one(self, evidence, &evidence.network_acls),
            Self::NetworkInterfaces => one(self, evidence, &evidence.network_interfaces),
            Self::PrefixLists => with_gaps(self, evidence, &evidence.prefix_lists, |list| {
                (&list.id, list.gap.iter().collect())
            }),
            Self::Metrics => one(self, evidence, &evidence.metrics),
            Self::TargetMetrics => one(self, evidence, &evidence.target_metrics),
            Self::AccessLog => access_log(evidence),
            Self::AppLog => one(self, evidence, &evidence.app_log),
            Self::CloudTrail => {
                let mut missing = one(self, evidence, &evidence.cloudtrail);
                missing.extend(trail::missing(evidence));
                missing
            }
            Self::AutoScaling => one(self, evidence, &evidence.auto_scaling),
            Self::Ecs => one(self, evidence, &evidence.ecs),
        }
    }

    /// The observations that it was read from, or that show why it was not.
    pub fn source(self, evidence: &Evidence) -> Vec<u32> {
        match self {
            Self::Attributes => evidence.attributes.source().to_vec(),
            Self::Listeners => evidence.listeners.source().to_vec(),
            Self::TargetGroups => evidence.target_groups.source().to_vec(),
            Self::TargetGroupAttributes => evidence
                .target_group_attributes
                .values()
                .flat_map(|value| value.source().to_vec())
                .collect(),
            Self::TargetHealth => evidence
                .target_health
                .values()
                .flat_map(|value| value.source().to_vec())
                .collect(),
            Self::Instances => evidence.instances.source().to_vec(),
            Self::Certificates => evidence.certificates.source().to_vec(),
            Self::LambdaFunctions => evidence.lambda_functions.source().to_vec(),
            Self::Subnets => evidence.subnets.source().to_vec(),
            Self::RouteTables => evidence.route_tables.source().to_vec(),
            Self::SecurityGroups => evidence.security_groups.source().to_vec(),
            Self::NetworkAcls => evidence.network_acls.source().to_vec(),
            Self::NetworkInterfaces => evidence.network_interfaces.source().to_vec(),
            Self::PrefixLists => evidence.prefix_lists.source().to_vec(),
            Self::Metrics => evidence.metrics.source().to_vec(),
            Self::TargetMetrics => evidence.target_metrics.source().to_vec(),
            Self::AccessLog => evidence.access_log.source().to_vec(),
            Self::AppLog => evidence.app_log.source().to_vec(),
            Self::CloudTrail => evidence.cloudtrail.source().to_vec(),
            Self::AutoScaling => evidence.auto_scaling.source().to_vec(),
            Self::Ecs => evidence.ecs.source().to_vec(),
        }
    }

    /// The IAM actions that were refused for it.
    pub fn denied(self, evidence: &Evidence) -> Vec<&str> {
        self.outcomes(evidence)
            .into_iter()
            .filter_map(|outcome| match outcome {
                Outcome::Denied(action) => Some(action),
                Outcome::Seen | Outcome::Other => None,
            })
            .collect()
    }

    /// Whether any of it was seen, in full or not.
    pub fn is_seen(self, evidence: &Evidence) -> bool {
        self.outcomes(evidence).contains(&Outcome::Seen)
    }

    fn outcomes(self, evidence: &Evidence) -> Vec<Outcome<'_>> {
        match self {
            Self::Attributes => vec![outcome(&evidence.attributes)],
            Self::Listeners => vec![outcome(&evidence.listeners)],
            Self::TargetGroups => vec![outcome(&evidence.target_groups)],
            Self::TargetGroupAttributes => {
                let all = evidence.target_group_attributes.values();
                all.map(outcome).collect()
            }
            Self::TargetHealth => evidence.target_health.values().map(outcome).collect(),
            Self::Instances => vec![outcome(&evidence.instances)],
            Self::Certificates => vec![outcome(&evidence.certificates)],
            Self::LambdaFunctions => vec![outcome(&evidence.lambda_functions)],
            Self::Subnets => vec![outcome(&evidence.subnets)],
            Self::RouteTables => vec![outcome(&evidence.route_tables)],
            Self::SecurityGroups => vec![outcome(&evidence.security_groups)],
            Self::NetworkAcls => vec![outcome(&evidence.network_acls)],
            Self::NetworkInterfaces => vec![outcome(&evidence.network_interfaces)],
            Self::PrefixLists => vec![outcome(&evidence.prefix_lists)],
            Self::Metrics => vec![outcome(&evidence.metrics)],
            Self::TargetMetrics => vec![outcome(&evidence.target_metrics)],
            Self::AccessLog => vec![outcome(&evidence.access_log)],
            Self::AppLog => vec![outcome(&evidence.app_log)],
            Self::CloudTrail => vec![outcome(&evidence.cloudtrail)],
            Self::AutoScaling => vec![outcome(&evidence.auto_scaling)],
            Self::Ecs => vec![outcome(&evidence.ecs)],
        }
    }

    /// Whether silence about it ("not asked") leaves a hole.
    fn applies(self, evidence: &Evidence) -> bool {
        match self {
            Self::Instances => has_targets_of(evidence, TargetType::Instance),
            Self::LambdaFunctions => has_targets_of(evidence, TargetType::Lambda),
            Self::Certificates => evidence.listeners.whole().is_none_or(|listeners| {
                listeners
                    .iter()
                    .any(|listener| !listener.certificate_arns.is_empty())
            }),
            Self::PrefixLists => uses_prefix_lists(evidence),
            // Where the application logs is not in AWS's configuration of the load balancer: there
            // may be none. Rules that need it say so themselves.
            Self::AppLog => false,
            _ => true,
        }
    }
}

/// How one reading ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome<'a> {
    Seen,
    Denied(&'a str),
    Other,
}

fn outcome<T>(observed: &Observed<T>) -> Outcome<'_> {
    match observed {
        Observed::Seen { .. } => Outcome::Seen,
        Observed::Denied { action, .. } => Outcome::Denied(action),
        Observed::Failed { .. } | Observed::NotAsked => Outcome::Other,
    }
}

/// What is missing where access logs are off.
pub const ACCESS_LOG_OFF: &str = "access log: off, so no single 502 can be traced; turn it on \
                                  (access_logs.s3.enabled) and look again after the next 502";

/// Whether access logs are known to be off: then there is nothing to read, and nothing was lost.
pub fn access_logs_are_off(evidence: &Evidence) -> bool {
    evidence
        .attributes
        .whole()
        .is_some_and(|attributes| !attributes.access_logs.enabled)
        && evidence.access_log.seen().is_none()
}

/// What makes a hole a thing to do.
fn how_to_get<T>(observed: &Observed<T>) -> &'static str {
    match observed {
        Observed::Denied { .. } => "; allow it and run the step again",
        Observed::Failed { .. } => "; run the step again",
        Observed::Seen { .. } | Observed::NotAsked => "",
    }
}

fn sentence<T>(name: &str, observed: &Observed<T>) -> Option<String> {
    observed
        .missing(name)
        .map(|words| words + how_to_get(observed))
}

fn one<T>(need: Need, evidence: &Evidence, observed: &Observed<T>) -> Vec<String> {
    if matches!(observed, Observed::NotAsked) && !need.applies(evidence) {
        return Vec::new();
    }
    sentence(need.name(), observed).into_iter().collect()
}

fn with_gaps<'a, T>(
    need: Need,
    evidence: &Evidence,
    observed: &'a Observed<Vec<T>>,
    gaps: impl Fn(&'a T) -> (&'a String, Vec<&'a String>),
) -> Vec<String> {
    let mut missing = one(need, evidence, observed);
    for item in observed.seen().into_iter().flatten() {
        let (name, gaps) = gaps(item);
        missing.extend(
            gaps.into_iter()
                .map(|gap| format!("{} of {name}: {gap}", need.name())),
        );
    }
    missing
}

fn by_target_group<'a, T: 'a>(
    need: Need,
    evidence: &'a Evidence,
    find: impl Fn(&str) -> Option<&'a Observed<T>>,
) -> Vec<String> {
    let mut missing = one(Need::TargetGroups, evidence, &evidence.target_groups);
    for target_group in evidence.target_groups.seen().into_iter().flatten() {
        let name = format!("{} of {}", need.name(), target_group.name);
        let words = match find(&target_group.arn) {
            Some(observed) => sentence(&name, observed),
            None => sentence::<T>(&name, &Observed::NotAsked),
        };
        missing.extend(words);
    }
    missing
}

fn access_log(evidence: &Evidence) -> Vec<String> {
    if access_logs_are_off(evidence) {
        return vec![ACCESS_LOG_OFF.to_owned()];
    }
    one(Need::AccessLog, evidence, &evidence.access_log)
}

fn has_targets_of(evidence: &Evidence, kind: TargetType) -> bool {
    evidence.target_groups.whole().is_none_or(|groups| {
        groups
            .iter()
            .any(|target_group| target_group.target_type == kind)
    })
}

fn uses_prefix_lists(evidence: &Evidence) -> bool {
    let in_groups = evidence.security_groups.seen().is_some_and(|groups| {
        groups
            .iter()
            .any(|group| group.rules.iter().any(|rule| rule.prefix_list_id.is_some()))
    });
    let in_routes = evidence.route_tables.seen().is_some_and(|tables| {
        tables.iter().any(|table| {
            table
                .routes
                .iter()
                .any(|route| route.destination.starts_with("pl-"))
        })
    });
    in_groups || in_routes
}

//! Certificates, functions and ECS services.

use super::{Item, List, Setting, balancer, short};
use crate::{
    Evidence, Observed,
    evidence::{Certificate, LambdaFunction, ecs::EcsService},
};

pub(super) fn certificates(evidence: &Evidence) -> List {
    let observed = &evidence.certificates;
    let certificates = observed.seen().into_iter().flatten();
    List::new(
        "Certificates",
        balancer::place(evidence),
        "certificates",
        observed,
    )
    .asked_by_id()
    .with(certificates.map(|one| (one.arn.clone(), certificate(one))))
}

fn certificate(certificate: &Certificate) -> Item {
    let gap = certificate.gap.as_deref();
    let names = match gap {
        Some(gap) => Setting::NotSeen(gap.to_owned()),
        None => Setting::set(&certificate.alternative_names),
    };
    Item {
        place: format!("certificate {}", short(&certificate.arn)),
        shown: certificate.arn.clone(),
        settings: vec![
            (
                "DomainName",
                Setting::unless(certificate.domain.as_ref(), gap),
            ),
            ("SubjectAlternativeNames", names),
            ("NotBefore", Setting::unless(certificate.not_before, gap)),
            ("NotAfter", Setting::unless(certificate.not_after, gap)),
            ("Status", Setting::unless(certificate.status.as_ref(), gap)),
            (
                "RenewalStatus",
                Setting::unless(certificate.renewal_status.as_ref(), gap),
            ),
            (
                "KeyAlgorithm",
                Setting::unless(certificate.key_algorithm.as_ref(), gap),
            ),
        ],
        lists: Vec::new(),
    }
}

pub(super) fn functions(evidence: &Evidence) -> List {
    let observed = &evidence.lambda_functions;
    let functions = observed.seen().into_iter().flatten().map(|one| {
        let group = one.target_group_arn.as_deref().unwrap_or_default();
        (format!("{} {group}", one.arn), function(one))
    });
    List::new(
        "Functions",
        balancer::place(evidence),
        "Lambda functions",
        observed,
    )
    .asked_by_id()
    .with(functions)
}

fn function(function: &LambdaFunction) -> Item {
    let gap = function.gap.as_deref();
    // One gap names the call that was refused: what the other calls told stands.
    let of = |call: &str| gap.filter(|gap| gap.contains(&format!("{call}: ")));
    let configuration = of("configuration");
    let subnets = match configuration {
        Some(gap) => Setting::NotSeen(gap.to_owned()),
        None => Setting::set(&function.vpc_subnet_ids),
    };
    let text = |value: &Option<String>| Setting::unless(value.as_ref(), configuration);
    Item {
        place: format!("function {}", short(&function.arn)),
        shown: function.arn.clone(),
        settings: vec![
            ("Timeout", Setting::unless(function.timeout, configuration)),
            (
                "MemorySize",
                Setting::unless(function.memory, configuration),
            ),
            ("Runtime", text(&function.runtime)),
            ("State", text(&function.state)),
            ("StateReasonCode", text(&function.state_reason)),
            ("LastUpdateStatus", text(&function.last_update_status)),
            (
                "LastUpdateStatusReasonCode",
                text(&function.last_update_reason),
            ),
            (
                "ReservedConcurrentExecutions",
                Setting::unless(function.reserved_concurrency, of("concurrency")),
            ),
            ("VpcConfig.SubnetIds", subnets),
            (
                "Policy lets elasticloadbalancing.amazonaws.com invoke it",
                Setting::unless(function.invoke_allowed, of("policy")),
            ),
        ],
        lists: Vec::new(),
    }
}

/// Services are looked for by the target groups that they register with.
pub(super) fn services(evidence: &Evidence) -> List {
    let observed = &evidence.ecs;
    let gap = match observed {
        Observed::Seen { incomplete, .. } => incomplete.as_deref(),
        _ => None,
    };
    let services = observed.seen().into_iter().flat_map(|ecs| &ecs.services);
    List::new(
        "Services",
        balancer::place(evidence),
        "ECS services",
        observed,
    )
    .with(services.map(|one| (one.arn.clone(), service(one, gap))))
}

fn service(service: &EcsService, gap: Option<&str>) -> Item {
    Item {
        place: format!("ECS service {}", service.name),
        shown: service.name.clone(),
        settings: vec![
            ("desiredCount", Setting::of(service.desired_count)),
            ("runningCount", Setting::of(service.running_count)),
            ("pendingCount", Setting::of(service.pending_count)),
            (
                "taskDefinition",
                Setting::maybe(service.task_definition.as_ref()),
            ),
            ("stopTimeout", Setting::unless(service.stop_timeout, gap)),
            (
                "loadBalancers",
                Setting::set(service.target_group_arns.iter().map(|arn| short(arn))),
            ),
        ],
        lists: Vec::new(),
    }
}

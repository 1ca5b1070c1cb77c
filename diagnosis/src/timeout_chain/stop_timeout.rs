//! ECS: how long a task has from SIGTERM to SIGKILL.
//!
//! Where a service replaces a task, ECS takes it out of the load balancer, waits for the drain, and only
//! then sends SIGTERM. [V] ECS, "Updating a service". The stop timeout has to last for the exit alone
//! then. `StopTask` sends SIGTERM at once [V] SDK, without a drain before it [S] containers-roadmap 576
//! and 708: what is open has the stop timeout and no more, however long the deregistration delay is. So
//! the two bind each other only where SIGTERM comes before the drain is over, and whether it did, the
//! rule on stops before the drain tells.

use super::{
    Hop, HopSource, Side, TimeoutChain,
    judges::{Judges, NOT_DRAINED, Opinion},
    verdict::{Terms, Verdict},
};
use crate::{
    evidence::{TargetGroup, ecs::EcsService},
    need::Need,
    observed::Observed,
    safe_timeouts, words,
};

/// What ECS waits where nothing is set. [V] SDK, ContainerDefinition
const USUAL: u64 = 30;

pub(super) fn add(chain: &mut TimeoutChain, judges: &Judges<'_>) {
    let Observed::Seen { value: ecs, .. } = &judges.case.evidence.ecs else {
        return add_one(chain, judges, None);
    };
    for service in ecs.services.iter().take(super::MOST) {
        add_one(chain, judges, Some(service));
    }
}

fn add_one(chain: &mut TimeoutChain, judges: &Judges<'_>, service: Option<&EcsService>) {
    let case = judges.case;
    let groups: Vec<&TargetGroup> = service.map_or_else(Vec::new, |service| {
        super::groups(case, false)
            .filter(|group| service.target_group_arns.contains(&group.arn))
            .collect()
    });
    let delays = groups.iter().map(|group| {
        let attributes = case.evidence.target_group_attributes.get(&group.arn);
        let seen = attributes.and_then(Observed::seen)?;
        Some(u64::from(seen.deregistration_delay))
    });
    // One that is not known leaves the longest unknown.
    let delay = delays
        .collect::<Option<Vec<u64>>>()
        .and_then(|delays| delays.into_iter().max());
    let mut hop = setting(judges, service);
    let verdict = verdict(judges, service, &groups, hop.seconds, delay);
    make_safe(chain, &mut hop, &groups, &verdict);
    let terms = Terms {
        id: "deregistration-delay-below-stop-timeout",
        hop: &hop.id,
        shorter: Side::new(
            "deregistration delay, where SIGTERM comes before the drain is over",
            delay.map(|delay| delay.saturating_mul(1_000)),
        ),
        longer: Side::new("stop timeout", hop.milliseconds()),
        when_broken: "SIGKILL ends the process while requests are open: 502.",
        codes: &[502],
        rule: Some(NOT_DRAINED),
        cites: case.sources(&[Need::Ecs, Need::TargetGroupAttributes]),
    };
    chain.inequalities.push(terms.with(verdict));
    chain.hops.push(hop);
}

fn setting(judges: &Judges<'_>, service: Option<&EcsService>) -> Hop {
    let what = "task definitions of ECS";
    let mut hop = Hop {
        id: format!(
            "stop-timeout:{}",
            service.map_or("not-seen", |one| &one.name)
        ),
        place: match service {
            Some(service) => format!("ECS service {}", service.name),
            None => "ECS services, if there are any".to_owned(),
        },
        setting: "stopTimeout".to_owned(),
        ..Hop::of(what, &judges.case.evidence.ecs)
    };
    match service.and_then(|service| service.stop_timeout) {
        // The collector fills in what ECS does, so this may be either.
        Some(seconds) if u64::from(seconds) == USUAL => hop.know(
            Some(USUAL),
            HopSource::Default,
            "Set so in the task definition, or what ECS waits where nothing is set: the evidence does not \
             tell which. Where nothing is set, on EC2 the agent's ECS_CONTAINER_STOP_TIMEOUT may say \
             otherwise, which AWS does not tell.",
        ),
        seconds => hop.know(
            seconds.map(u64::from),
            HopSource::Attribute,
            "The longest of the task definition's containers.",
        ),
    }
    hop
}

fn verdict(
    judges: &Judges<'_>,
    service: Option<&EcsService>,
    groups: &[&TargetGroup],
    stop: Option<u64>,
    delay: Option<u64>,
) -> Verdict {
    let mut missing = Vec::new();
    if stop.is_none() {
        missing.extend(judges.case.missing(&[Need::Ecs]));
        missing.push("the stop timeout of the task definition".to_owned());
    }
    if delay.is_none() {
        missing.extend(
            judges
                .case
                .missing(&[Need::TargetGroups, Need::TargetGroupAttributes]),
        );
        missing.push("the deregistration delay of the service's target group".to_owned());
    }
    let (Some(stop), Some(delay), Some(service)) = (stop, delay, service) else {
        return Verdict::cannot_tell("One of the two is not known", missing);
    };
    let numbers = format!("SIGKILL follows SIGTERM after {stop} s, a drain may take {delay} s");
    if stop > delay {
        return Verdict::holds(numbers);
    }
    let mut open = Vec::new();
    for group in groups {
        match judges.on(NOT_DRAINED, Some(group)) {
            Opinion::Found(draft) => {
                let title = &draft.title;
                return Verdict::broken(format!("{numbers}, and SIGTERM came first: {title}"));
            }
            Opinion::Open(_, missing) => open.extend(missing),
            Opinion::Clear(_) => {}
        }
    }
    if !open.is_empty() {
        return Verdict::cannot_tell(
            "Whether SIGTERM came before the drain was over is open",
            open,
        );
    }
    let stops = judges.case.evidence.ecs.seen().map_or(0, |ecs| {
        let own = |name: &Option<String>| name.as_ref() == Some(&service.name);
        let stopped = ecs.stopped_tasks.iter().filter(|task| own(&task.service));
        stopped.count()
    });
    if stops == 0 {
        return Verdict::cannot_tell(
            format!(
                "{numbers}. That is well where ECS drains a task before SIGTERM, as it does when a service \
                 replaces one, and not after StopTask"
            ),
            vec!["a stop of one of its tasks: none is known near the window".to_owned()],
        );
    }
    Verdict::holds(format!(
        "{} stopped, and nothing broke before a drain was over: the stop timeout had their own exit to \
         cover",
        words::count(stops as u64, "task was", "tasks were")
    ))
}

fn make_safe(chain: &TimeoutChain, hop: &mut Hop, groups: &[&TargetGroup], verdict: &Verdict) {
    if !verdict.is_broken() {
        return hop
            .stays("it has to last for the exit alone where ECS drains a task before SIGTERM.");
    }
    // Above what is safe for the delay, not above what it is.
    let delay = groups
        .iter()
        .filter_map(|group| chain.hop(&format!("deregistration-delay:{}", group.name)))
        .filter_map(|hop| hop.safe_seconds)
        .max();
    let Some(delay) = delay else {
        return hop.stays("the deregistration delay is not known.");
    };
    let seconds = safe_timeouts::stop_timeout(delay);
    let most = safe_timeouts::LONGEST_ON_FARGATE;
    let mut because = format!(
        "Above the deregistration delay of {delay} s, for a process that goes on serving on SIGTERM until \
         the drain is over."
    );
    if seconds > most {
        because += &format!(
            " Fargate allows {most} s at most: there, lower the delay, and stop tasks through their service."
        );
    }
    hop.becomes(seconds, because);
}

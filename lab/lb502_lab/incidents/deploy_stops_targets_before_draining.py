"""A rolling update of an ECS service ends tasks before they are out of the target group.

Five tasks are replaced, two minutes apart. Each exits at once on SIGTERM, with its requests in
flight (≥0/…/-1); the deregistration comes some seconds later, and until then connects to it are
refused. The new tasks serve well, and so does everything before and after.
"""

from __future__ import annotations

from datetime import timedelta

from lb502_lab.lab import Incident
from lb502_lab.story import Health, Route, Story, Traffic
from lb502_lab.story.containers import Stop, Task, service
from lb502_lab.story.traffic import hung_up, refused

DESCRIPTION = "a rolling update of an ECS service stops tasks before they are drained"
_CLUSTER, _SERVICE, _TASKS = "prod", "pricing", 5


def seed(story: Story) -> Incident:
    deployed = story.start + timedelta(minutes=22, seconds=5)
    network = story.network()
    front = story.security_group(network, "pricing-alb", "pricing load balancer")
    back = story.security_group(network, "pricing-task", "pricing tasks")
    story.allow(front, 443, "0.0.0.0/0")
    story.allow(back, 7070, front)
    old = [story.task_interface(network, back, n) for n in range(_TASKS)]
    new = [story.task_interface(network, back, n) for n in range(_TASKS)]
    tasks = []
    for n, (leaves, comes) in enumerate(zip(old, new)):
        started = deployed + timedelta(seconds=20 + 120 * n)
        serves = started + timedelta(seconds=35)
        stopped = started + timedelta(seconds=50)
        out = stopped + timedelta(seconds=9)
        leaves.port = comes.port = 7070
        leaves.health = [
            Health(out, "draining", "Target.DeregistrationInProgress", "Target deregistration is in progress"),
            Health(out + timedelta(seconds=300), "unused", "Target.NotRegistered", "Target is not registered"),
        ]
        comes.health = [
            Health(story.begin - timedelta(days=1), "unused", "Target.NotRegistered", "Target is not registered"),
            Health(started + timedelta(seconds=5), "initial", "Elb.InitialHealthChecking",
                   "Initial health checks in progress"),
            Health(serves),
        ]
        stop = Stop(stopped, stopped - timedelta(seconds=1), stopped + timedelta(seconds=14),
                    "ServiceSchedulerInitiated", "Scaling activity initiated by (deployment ecs-svc/7291037485910273645)",
                    143)
        tasks += [Task(leaves, story.begin - timedelta(hours=40), stop, out), Task(comes, started)]
    balancer = story.load_balancer(network, _SERVICE, front, log_prefix="")
    group = story.target_group(network, _SERVICE, old + new, target_type="ip", port=7070)
    listener = story.listener(balancer, group)
    traffic = Traffic(balancer, listener, "pricing.example.com",
                      [Route(group, ["/quote", "/quote/bulk", "/rates"], median=0.5, spread=0.8)], 240, story.rng)
    rows = traffic.rows(story.begin, story.until)
    ends = {id(task.target): task.stop.at.timestamp() for task in tasks if task.stop}
    for row in rows:
        end = ends.get(id(row.target), float("inf"))
        if row.time >= end:
            if row.created < end:
                hung_up(row, end - row.created, story.rng)
            else:
                refused(row, story.rng)
    arns = service(story, group, _CLUSTER, _SERVICE, "1.19.0", tasks)
    definition = f"{_SERVICE}:2"
    story.changed(deployed, "UpdateService", "ecs.amazonaws.com", "deploy-bot", [],
                  {"cluster": _CLUSTER, "service": _SERVICE, "taskDefinition": definition, "desiredCount": _TASKS})
    for task in tasks:
        if task.deregistered:
            story.changed(task.deregistered, "DeregisterTargets", "elasticloadbalancing.amazonaws.com", "ecs-service-scheduler",
                          [], {"targetGroupArn": group.arn, "targets": [{"id": task.target.ip, "port": 7070}]})
    assert len(arns) == 2 * _TASKS
    return story.tell(balancer, rows, DESCRIPTION, "deploy-stops-targets-before-draining", "cause_found")

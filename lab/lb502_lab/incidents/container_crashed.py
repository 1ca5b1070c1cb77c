"""Fargate tasks run out of memory one after the other; ECS replaces each.

What a task had in flight breaks (≥0/…/-1); until ECS has taken it out of the group, connects
to it are refused. Every 502 lies at a task's stop, on that task's address.
"""

from __future__ import annotations

from datetime import timedelta

from lb502_lab.lab import Incident
from lb502_lab.story import Health, Route, Story, Traffic
from lb502_lab.story.containers import Stop, Task, service
from lb502_lab.story.traffic import hung_up, refused

DESCRIPTION = "ECS tasks behind the load balancer are killed for memory and replaced"
_CLUSTER, _SERVICE = "shop", "recommendations"
_ENDS = (timedelta(minutes=7, seconds=18), timedelta(minutes=19, seconds=50), timedelta(minutes=35, seconds=2),
         timedelta(minutes=50, seconds=41))


def seed(story: Story) -> Incident:
    network = story.network()
    front = story.security_group(network, "recommendations-alb", "recommendations load balancer")
    back = story.security_group(network, "recommendations-task", "recommendations tasks")
    story.allow(front, 443, "0.0.0.0/0")
    story.allow(back, 8080, front)
    ends = [story.start + end for end in _ENDS]
    targets = [story.task_interface(network, back, n) for n in range(4 + len(ends))]
    for n, target in enumerate(targets):
        target.port = 8080
        if n >= 4:  # takes the place of the task that ended
            born = ends[n - 4] + timedelta(seconds=34)
            target.health = [
                Health(story.begin - timedelta(days=1), "unused", "Target.NotRegistered", "Target is not registered"),
                Health(born, "initial", "Elb.InitialHealthChecking", "Initial health checks in progress"),
                Health(born + timedelta(seconds=42)),
            ]
        if n < len(ends):
            out = ends[n] + timedelta(seconds=11)
            target.health += [
                Health(out, "draining", "Target.DeregistrationInProgress", "Target deregistration is in progress"),
                Health(out + timedelta(seconds=300), "unused", "Target.NotRegistered", "Target is not registered"),
            ]
    balancer = story.load_balancer(network, _SERVICE, front)
    group = story.target_group(network, _SERVICE, targets, target_type="ip")
    listener = story.listener(balancer, group)
    traffic = Traffic(balancer, listener, "recommendations.example.com",
                      [Route(group, ["/for/you", "/for/item/12", "/warm"], median=0.25, spread=0.7)], 88, story.rng)
    rows = traffic.rows(story.begin, story.until)
    for row in rows:
        for target, end in zip(targets, ends):
            if row.target is target and row.time >= end.timestamp():
                if row.created < end.timestamp():
                    hung_up(row, end.timestamp() - row.created, story.rng)
                else:
                    refused(row, story.rng)
    # The last request that a dying task held is certain to have been in flight.
    for target, end in zip(targets, ends):
        row = traffic.row(end.timestamp() - 0.8, target)
        hung_up(row, 0.8 - row.times[0], story.rng)
        rows.append(row)
    rows.sort(key=lambda row: row.created)
    tasks = []
    for n, target in enumerate(targets):
        started = ends[n - 4] + timedelta(seconds=29) if n >= 4 else story.begin - timedelta(hours=30 + n)
        task = Task(target, started)
        if n < len(ends):
            task.stop = Stop(ends[n], ends[n] + timedelta(seconds=4), ends[n] + timedelta(seconds=22),
                             "EssentialContainerExited", "Essential container in task exited", 137,
                             "OutOfMemoryError: Container killed due to memory usage")
            task.deregistered = ends[n] + timedelta(seconds=11)
        tasks.append(task)
    service(story, group, _CLUSTER, _SERVICE, "4.2", tasks)
    return story.tell(balancer, rows, DESCRIPTION, "container-crashed", "cause_found")

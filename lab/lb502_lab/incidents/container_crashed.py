"""Fargate tasks run out of memory one after the other; ECS replaces each.

What a task had in flight breaks (≥0/…/-1); until ECS has taken it out of the group, connects
to it are refused. Every 502 lies at a task's stop, on that task's address.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from lb502_lab.lab import ACCOUNT, REGION, Incident
from lb502_lab.story import Health, Route, Story, Target, TargetGroup, Traffic
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
    _containers(story, group, targets, ends)
    return story.tell(balancer, rows, DESCRIPTION, "container-crashed", "cause_found")


def _containers(story: Story, group: TargetGroup, targets: list[Target], ends: list[datetime]) -> None:
    """The cluster, its service with events, and its tasks: four running, the others stopped."""
    ecs = story.aws("ecs")
    ecs.create_cluster(clusterName=_CLUSTER)
    definition = ecs.register_task_definition(
        family=_SERVICE, networkMode="awsvpc", requiresCompatibilities=["FARGATE"], cpu="512", memory="1024",
        containerDefinitions=[{"name": "app", "image": "recommendations:4.2", "memory": 1024, "stopTimeout": 30,
                               "portMappings": [{"containerPort": 8080}],
                               "logConfiguration": {"logDriver": "awslogs", "options": {
                                   "awslogs-group": f"/ecs/{_SERVICE}", "awslogs-region": REGION,
                                   "awslogs-stream-prefix": "app"}}}])["taskDefinition"]["taskDefinitionArn"]
    service = ecs.create_service(
        cluster=_CLUSTER, serviceName=_SERVICE, taskDefinition=definition, desiredCount=4, launchType="FARGATE",
        loadBalancers=[{"targetGroupArn": group.arn, "containerName": "app", "containerPort": 8080}],
    )["service"]["serviceArn"]
    tasks, events, lines = [], [], []
    for n, target in enumerate(targets):
        started = ends[n - 4] + timedelta(seconds=29) if n >= 4 else story.begin - timedelta(hours=30 + n)
        stopped = ends[n] if n < len(ends) else None
        tasks.append(_task(story, definition, target, started, stopped))
        lines.append((started + timedelta(seconds=3), "recommendations 4.2 listening on :8080"))
        short = tasks[-1]["taskArn"].rpartition("/")[2]
        if n >= 4:
            events += [(started, f"(service {_SERVICE}) has started 1 tasks: (task {short})."),
                       (started + timedelta(seconds=5), f"(service {_SERVICE}) registered 1 targets in (target-group {group.arn})")]
        if stopped:
            events.append((stopped + timedelta(seconds=11),
                           f"(service {_SERVICE}) deregistered 1 targets in (target-group {group.arn})"))
    story.app_log(f"/ecs/{_SERVICE}", lines)
    story.stores.ecs_tasks[_CLUSTER] = tasks
    story.stores.ecs_services[service] = {
        "runningCount": 4, "pendingCount": 0, "desiredCount": 4, "status": "ACTIVE",
        "events": [{"id": f"{n:08x}-0000-4000-8000-000000000000", "createdAt": at, "message": text}
                   for n, (at, text) in enumerate(sorted(events, reverse=True))],
    }


def _task(story: Story, definition: str, target: Target, started: datetime, stopped: datetime | None) -> dict[str, Any]:
    arn = f"arn:aws:ecs:{REGION}:{ACCOUNT}:task/{_CLUSTER}/{story.rng.getrandbits(128):032x}"
    state = "STOPPED" if stopped else "RUNNING"
    container: dict[str, Any] = {
        "containerArn": f"{arn.replace(':task/', ':container/')}/app", "taskArn": arn, "name": "app", "lastStatus": state,
        "networkInterfaces": [{"attachmentId": target.name, "privateIpv4Address": target.ip}],
    }
    task: dict[str, Any] = {
        "taskArn": arn, "clusterArn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/{_CLUSTER}", "group": f"service:{_SERVICE}",
        "taskDefinitionArn": definition, "desiredStatus": state, "lastStatus": state, "launchType": "FARGATE",
        "createdAt": started - timedelta(seconds=20), "startedAt": started, "availabilityZone": target.zone,
        "containers": [container], "startedBy": "ecs-svc/7291037485910273645",
        "attachments": [{"id": target.name, "type": "ElasticNetworkInterface",
                         "status": "DELETED" if stopped else "ATTACHED",
                         "details": [{"name": "networkInterfaceId", "value": target.name},
                                     {"name": "privateIPv4Address", "value": target.ip}]}],
    }
    if stopped:
        container |= {"exitCode": 137, "reason": "OutOfMemoryError: Container killed due to memory usage"}
        task |= {"stopCode": "EssentialContainerExited", "stoppedReason": "Essential container in task exited",
                 "executionStoppedAt": stopped, "stoppingAt": stopped + timedelta(seconds=4),
                 "stoppedAt": stopped + timedelta(seconds=22)}
    return task

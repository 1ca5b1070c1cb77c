"""ECS services behind a target group: their tasks, those that stopped among them, and their events."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from lb502_lab.lab import ACCOUNT, REGION
from lb502_lab.story.parts import Target, TargetGroup

if TYPE_CHECKING:
    from lb502_lab.story.story import Story


@dataclass
class Stop:
    """How a task ended. Its containers ended at `at`; ECS notes `stopping` and `stopped` around that."""

    at: datetime
    stopping: datetime
    stopped: datetime
    code: str
    reason: str
    exit_code: int
    container_reason: str | None = None


@dataclass
class Task:
    target: Target
    started: datetime
    stop: Stop | None = None
    deregistered: datetime | None = None


def service(story: Story, group: TargetGroup, cluster: str, name: str, version: str, tasks: list[Task],
            events: list[tuple[datetime, str]] | None = None) -> list[str]:
    """A Fargate service with these tasks, its log and its events; the tasks' ARNs, in their order."""
    ecs = story.aws("ecs")
    ecs.create_cluster(clusterName=cluster)
    port = tasks[0].target.port
    definition = ecs.register_task_definition(
        family=name, networkMode="awsvpc", requiresCompatibilities=["FARGATE"], cpu="512", memory="1024",
        containerDefinitions=[{"name": "app", "image": f"{name}:{version}", "memory": 1024, "stopTimeout": 30,
                               "portMappings": [{"containerPort": port}],
                               "logConfiguration": {"logDriver": "awslogs", "options": {
                                   "awslogs-group": f"/ecs/{name}", "awslogs-region": REGION,
                                   "awslogs-stream-prefix": "app"}}}])["taskDefinition"]["taskDefinitionArn"]
    running = sum(task.stop is None for task in tasks)
    arn = ecs.create_service(
        cluster=cluster, serviceName=name, taskDefinition=definition, desiredCount=running, launchType="FARGATE",
        loadBalancers=[{"targetGroupArn": group.arn, "containerName": "app", "containerPort": port}],
    )["service"]["serviceArn"]
    told, lines, arns = [], [], []
    happened = list(events or [])
    for task in tasks:
        told.append(_task(story, cluster, name, definition, task))
        arns.append(told[-1]["taskArn"])
        lines.append((task.started + timedelta(seconds=3), f"{name} {version} listening on :{port}"))
        if task.started >= story.begin:
            happened += [
                (task.started, f"(service {name}) has started 1 tasks: (task {arns[-1].rpartition('/')[2]})."),
                (task.started + timedelta(seconds=5),
                 f"(service {name}) registered 1 targets in (target-group {group.arn})"),
            ]
        if task.deregistered:
            happened.append((task.deregistered, f"(service {name}) deregistered 1 targets in (target-group {group.arn})"))
    story.app_log(f"/ecs/{name}", lines)
    story.stores.ecs_tasks[cluster] = told
    story.stores.ecs_services[arn] = {
        "runningCount": running, "pendingCount": 0, "desiredCount": running, "status": "ACTIVE",
        "events": [{"id": f"{n:08x}-0000-4000-8000-000000000000", "createdAt": at, "message": text}
                   for n, (at, text) in enumerate(sorted(happened, reverse=True))],
    }
    return arns


def _task(story: Story, cluster: str, name: str, definition: str, task: Task) -> dict[str, Any]:
    target, stop = task.target, task.stop
    arn = f"arn:aws:ecs:{REGION}:{ACCOUNT}:task/{cluster}/{story.rng.getrandbits(128):032x}"
    state = "STOPPED" if stop else "RUNNING"
    container: dict[str, Any] = {
        "containerArn": f"{arn.replace(':task/', ':container/')}/app", "taskArn": arn, "name": "app", "lastStatus": state,
        "networkInterfaces": [{"attachmentId": target.name, "privateIpv4Address": target.ip}],
    }
    told: dict[str, Any] = {
        "taskArn": arn, "clusterArn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/{cluster}", "group": f"service:{name}",
        "taskDefinitionArn": definition, "desiredStatus": state, "lastStatus": state, "launchType": "FARGATE",
        "createdAt": task.started - timedelta(seconds=20), "startedAt": task.started, "availabilityZone": target.zone,
        "containers": [container], "startedBy": "ecs-svc/7291037485910273645",
        "attachments": [{"id": target.name, "type": "ElasticNetworkInterface",
                         "status": "DELETED" if stop else "ATTACHED",
                         "details": [{"name": "networkInterfaceId", "value": target.name},
                                     {"name": "privateIPv4Address", "value": target.ip}]}],
    }
    if stop:
        container["exitCode"] = stop.exit_code
        if stop.container_reason:
            container["reason"] = stop.container_reason
        told |= {"stopCode": stop.code, "stoppedReason": stop.reason, "executionStoppedAt": stop.at,
                 "stoppingAt": stop.stopping, "stoppedAt": stop.stopped}
    return told

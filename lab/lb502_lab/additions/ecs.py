"""ECS: service events and tasks, stopped ones included (moto keeps neither)."""

from __future__ import annotations

from typing import Any

from lb502_lab.errors import AwsError
from lb502_lab.paging import page

SERVICE = "ecs"


def describe_services(context: Any, params: dict[str, Any]) -> dict[str, Any]:
    answer = context.moto()
    answer["services"] = [
        {**one, **context.stores.ecs_services.get(one["serviceArn"], {})} for one in answer.get("services", [])
    ]
    return answer


def list_tasks(context: Any, params: dict[str, Any]) -> dict[str, Any]:
    """Tasks of a cluster in the desired state, RUNNING unless asked for STOPPED."""
    tasks = _tasks(context, params)
    state = params.get("desiredStatus", "RUNNING")
    service, family = params.get("serviceName"), params.get("family")
    found = [
        one["taskArn"] for one in tasks
        if one["desiredStatus"] == state
        and (service is None or one["group"] == f"service:{service.rpartition('/')[2]}")
        and (family is None or f"/{family}:" in one["taskDefinitionArn"])
    ]
    items, following = page(found, params.get("nextToken"), params.get("maxResults"), 100, "InvalidParameterException")
    return {"taskArns": items, "nextToken": following}


def describe_tasks(context: Any, params: dict[str, Any]) -> dict[str, Any]:
    tasks = {one["taskArn"]: one for one in _tasks(context, params)}
    by_id = {arn.rpartition("/")[2]: one for arn, one in tasks.items()}
    asked = params.get("tasks") or []
    if len(asked) > 100:
        raise AwsError("InvalidParameterException", "Tasks cannot have more than 100 elements.")
    found = [tasks.get(one) or by_id.get(one) for one in asked]
    return {
        "tasks": [one for one in found if one],
        "failures": [{"arn": arn, "reason": "MISSING"} for arn, one in zip(asked, found) if not one],
    }


def _tasks(context: Any, params: dict[str, Any]) -> list[dict[str, Any]]:
    cluster = str(params.get("cluster") or "default").rpartition("/")[2]
    if cluster not in context.stores.ecs_tasks:
        raise AwsError("ClusterNotFoundException", "Cluster not found.")
    return context.stores.ecs_tasks[cluster]


HANDLERS = {"DescribeServices": describe_services, "ListTasks": list_tasks, "DescribeTasks": describe_tasks}

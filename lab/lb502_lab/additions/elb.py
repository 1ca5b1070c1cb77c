"""Classic ELB: instance health with reasons, and the balancer's fields that moto leaves out."""

from __future__ import annotations

from typing import Any

from lb502_lab.errors import AwsError
from lb502_lab.paging import page

SERVICE = "elb"


def describe_load_balancers(context: Any, params: dict[str, Any]) -> dict[str, Any]:
    names = params.get("LoadBalancerNames") or []
    form = {f"LoadBalancerNames.member.{n}": name for n, name in enumerate(names, 1)}
    found: list[dict[str, Any]] = []
    marker = None
    while True:
        answer = context.moto({**form, **({"Marker": marker} if marker else {})})
        found += answer.get("LoadBalancerDescriptions", [])
        marker = answer.get("NextMarker")
        if not marker:
            break
    found = [{**one, **context.stores.load_balancers.get(f"classic:{one['LoadBalancerName']}", {})} for one in found]
    items, following = page(found, params.get("Marker"), params.get("PageSize"), 400, "ValidationError")
    return {"LoadBalancerDescriptions": items, "NextMarker": following}


def describe_instance_health(context: Any, params: dict[str, Any]) -> dict[str, Any]:
    seeded = context.stores.classic_health.get(params.get("LoadBalancerName", ""))
    if seeded is None:
        return context.moto()
    asked = [one["InstanceId"] for one in params.get("Instances") or []]
    known = {one["InstanceId"] for one in seeded}
    if missing := [one for one in asked if one not in known]:
        raise AwsError("InvalidInstance", f"Could not find EC2 instance {missing[0]}.")
    return {"InstanceStates": [one for one in seeded if not asked or one["InstanceId"] in asked]}


def describe_load_balancer_attributes(context: Any, params: dict[str, Any]) -> dict[str, Any]:
    """Moto's answer; it repeats the desync mode as often as attributes were changed."""
    answer = context.moto()
    attributes = answer["LoadBalancerAttributes"]
    named = {one["Key"]: one for one in attributes.get("AdditionalAttributes", [])}
    attributes["AdditionalAttributes"] = list(named.values())
    return answer


HANDLERS = {
    "DescribeLoadBalancers": describe_load_balancers,
    "DescribeLoadBalancerAttributes": describe_load_balancer_attributes,
    "DescribeInstanceHealth": describe_instance_health,
}

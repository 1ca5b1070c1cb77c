"""ELBv2: target health with real states, pages, and attributes with their defaults."""

from __future__ import annotations

from typing import Any

from lb502_lab.errors import AwsError
from lb502_lab.paging import page

SERVICE = "elbv2"

_LOAD_BALANCER_DEFAULTS = {
    "access_logs.s3.enabled": "false", "access_logs.s3.bucket": "", "access_logs.s3.prefix": "",
    "health_check_logs.s3.enabled": "false", "health_check_logs.s3.bucket": "", "health_check_logs.s3.prefix": "",
    "client_keep_alive.seconds": "3600", "connection_logs.s3.enabled": "false",
    "connection_logs.s3.bucket": "", "connection_logs.s3.prefix": "", "deletion_protection.enabled": "false",
    "idle_timeout.timeout_seconds": "60", "ipv6.deny_all_igw_traffic": "false",
    "load_balancing.cross_zone.enabled": "true", "routing.http.desync_mitigation_mode": "defensive",
    "routing.http.drop_invalid_header_fields.enabled": "false", "routing.http.preserve_host_header.enabled": "false",
    "routing.http.x_amzn_tls_version_and_cipher_suite.enabled": "false",
    "routing.http.xff_client_port.enabled": "false", "routing.http.xff_header_processing.mode": "append",
    "routing.http2.enabled": "true", "waf.fail_open.enabled": "false", "zonal_shift.config.enabled": "false",
}
_TARGET_GROUP_DEFAULTS = {
    "deregistration_delay.timeout_seconds": "300", "stickiness.enabled": "false",
    "stickiness.type": "lb_cookie", "stickiness.lb_cookie.duration_seconds": "86400",
    "stickiness.app_cookie.cookie_name": "", "stickiness.app_cookie.duration_seconds": "86400",
    "load_balancing.algorithm.type": "round_robin", "load_balancing.algorithm.anomaly_mitigation": "off",
    "load_balancing.cross_zone.enabled": "use_load_balancer_configuration", "slow_start.duration_seconds": "0",
    "target_group_health.dns_failover.minimum_healthy_targets.count": "1",
    "target_group_health.dns_failover.minimum_healthy_targets.percentage": "off",
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count": "1",
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage": "off",
}


def describe_load_balancers(context: Any, params: dict[str, Any]) -> dict[str, Any]:
    form = _members("Names", params.get("Names")) | _members("LoadBalancerArns", params.get("LoadBalancerArns"))
    balancers = []
    for balancer in _all(context, form, "LoadBalancers"):
        given = context.stores.load_balancers.get(balancer["LoadBalancerArn"], {})
        balancer["State"] = {"Code": "active"}
        balancers.append({**balancer, **given})
    items, following = page(balancers, params.get("Marker"), params.get("PageSize"), 400, "ValidationError")
    return {"LoadBalancers": items, "NextMarker": following}


def describe_target_groups(context: Any, params: dict[str, Any]) -> dict[str, Any]:
    form = _members("Names", params.get("Names")) | _members("TargetGroupArns", params.get("TargetGroupArns"))
    if params.get("LoadBalancerArn"):
        form["LoadBalancerArn"] = params["LoadBalancerArn"]
    groups = context.moto(form).get("TargetGroups", [])
    for group in groups:
        group.setdefault("LoadBalancerArns", [])
        group.setdefault("IpAddressType", "ipv4")
    items, following = page(groups, params.get("Marker"), params.get("PageSize"), 400, "ValidationError")
    return {"TargetGroups": items, "NextMarker": following}


def _paged(operation_key: str, forms: tuple[str, ...], lists: tuple[str, ...] = ()) -> Any:
    def handler(context: Any, params: dict[str, Any]) -> dict[str, Any]:
        form = {name: params[name] for name in forms if params.get(name)}
        for name in lists:
            form |= _members(name, params.get(name))
        found = context.moto(form).get(operation_key, [])
        items, following = page(found, params.get("Marker"), params.get("PageSize"), 400, "ValidationError")
        return {operation_key: items, "NextMarker": following}

    return handler


def describe_load_balancer_attributes(context: Any, params: dict[str, Any]) -> dict[str, Any]:
    return _with_defaults(context.moto(), _LOAD_BALANCER_DEFAULTS)


def describe_target_group_attributes(context: Any, params: dict[str, Any]) -> dict[str, Any]:
    return _with_defaults(context.moto(), _TARGET_GROUP_DEFAULTS)


def describe_target_health(context: Any, params: dict[str, Any]) -> dict[str, Any]:
    """The seeded states; a group without any answers as moto does."""
    arn = params.get("TargetGroupArn", "")
    seeded = context.stores.target_health.get(arn)
    if seeded is None:
        return context.moto()
    asked = params.get("Targets") or []
    if asked:
        found = [_asked_target(seeded, one) for one in asked]
    else:
        # Left alone, AWS does not list the targets that are not registered.
        found = [one for one in seeded if one["TargetHealth"].get("Reason") != "Target.NotRegistered"]
    with_anomaly = bool({"AnomalyDetection", "All"} & set(params.get("Include") or []))
    return {"TargetHealthDescriptions": [
        {key: value for key, value in one.items() if with_anomaly or key != "AnomalyDetection"} for one in found
    ]}


def _asked_target(seeded: list[dict[str, Any]], asked: dict[str, Any]) -> dict[str, Any]:
    for one in seeded:
        if one["Target"]["Id"] == asked["Id"] and asked.get("Port") in (None, one["Target"]["Port"]):
            return one
    if not asked.get("Id"):
        raise AwsError("InvalidTarget", "The target is not valid")
    return {"Target": asked, "TargetHealth": {
        "State": "unused", "Reason": "Target.NotRegistered",
        "Description": "Target is not registered to the target group"}}


def _all(context: Any, form: dict[str, str], key: str) -> list[dict[str, Any]]:
    """Moto pages load balancers by fifty: follow its pages."""
    found: list[dict[str, Any]] = []
    marker = None
    while True:
        answer = context.moto({**form, **({"Marker": marker} if marker else {})})
        found += answer.get(key, [])
        marker = answer.get("NextMarker")
        if not marker:
            return found


def _members(name: str, values: list[str] | None) -> dict[str, str]:
    return {f"{name}.member.{n}": value for n, value in enumerate(values or [], 1)}


def _with_defaults(answer: dict[str, Any], defaults: dict[str, str]) -> dict[str, Any]:
    held = defaults | {one["Key"]: one.get("Value", "") for one in answer.get("Attributes", [])}
    return {"Attributes": [{"Key": key, "Value": value} for key, value in sorted(held.items())]}


HANDLERS = {
    "DescribeLoadBalancers": describe_load_balancers,
    "DescribeTargetGroups": describe_target_groups,
    "DescribeListeners": _paged("Listeners", ("LoadBalancerArn",), ("ListenerArns",)),
    "DescribeRules": _paged("Rules", ("ListenerArn",), ("RuleArns",)),
    "DescribeLoadBalancerAttributes": describe_load_balancer_attributes,
    "DescribeTargetGroupAttributes": describe_target_group_attributes,
    "DescribeTargetHealth": describe_target_health,
}

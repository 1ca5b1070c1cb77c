"""CloudWatch metrics, counted from a story's rows and its targets' health.

Counters are reported only when they are not zero; gauges every minute.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta, timezone

from lb502_lab.additions.cloudwatch import MetricStore
from lb502_lab.story.parts import ClassicLoadBalancer, LoadBalancer, Row, TargetGroup

APPLICATION, CLASSIC = "AWS/ApplicationELB", "AWS/ELB"
_FAIL_OPEN = "UnhealthyRoutingRequestCount"
# The counters that exist only by target group.
_BY_GROUP = (_FAIL_OPEN, "LambdaUserError", "LambdaInternalError")
_INVOKED = ("LambdaUnhandled", "LambdaInvalidResponse", "LambdaResponseTooLarge")
_INTERNAL = ("LambdaConnectionError", "LambdaConnectionTimeout", "LambdaServiceException", "LambdaUnhandledException")


def application(store: MetricStore, balancer: LoadBalancer, rows: list[Row], start: datetime, end: datetime,
                rng: random.Random) -> None:
    """Every metric that the rows and the targets' health give rise to, in [start, end)."""
    # Values by metric, node's zone, group and target's zone, minute; spread over dimensions below.
    held: dict[tuple[str, str, TargetGroup | None, str, int], list[float]] = defaultdict(list)
    for row in rows:
        # A request is counted in the minute in which it was answered, as its log line is.
        minute = int(row.time) // 60
        node_zone = row.node.zone
        of_target = row.target is not None and not row.target.is_function
        by_group = (node_zone, row.group, row.target.zone if of_target else node_zone, minute)
        whole = (node_zone, None, "", minute)
        if row.target is not None:
            held["RequestCount", *by_group].append(1.0)
        if row.target_status is not None:
            held[f"HTTPCode_Target_{row.target_status // 100}XX_Count", *by_group].append(1.0)
            held["TargetResponseTime", *by_group].append(row.times[1])
        elif row.status >= 300:
            held[f"HTTPCode_ELB_{row.status // 100}XX_Count", *whole].append(1.0)
            if row.status in (500, 502, 503, 504):
                held[f"HTTPCode_ELB_{row.status}_Count", *whole].append(1.0)
        if row.connection_error:
            held["TargetConnectionErrorCount", *by_group].append(1.0)
        if row.tls_error:
            held["TargetTLSNegotiationErrorCount", *by_group].append(1.0)
        if row.fail_open:
            held[_FAIL_OPEN, *by_group].append(1.0)
        if row.error_reason.startswith("Lambda"):
            held[_failed_invocation(row.error_reason), *by_group].append(1.0)
        held["ProcessedBytes", *whole].append(float(row.received + row.sent))
        held["NewConnectionCount", *whole].append(1.0)
    name = {"LoadBalancer": balancer.dimension}
    for (metric, node_zone, group, target_zone, minute), values in held.items():
        at = datetime.fromtimestamp(minute * 60, timezone.utc)
        sets = [] if metric in _BY_GROUP else [name, name | {"AvailabilityZone": node_zone}]
        if group is not None:
            of_group = name | {"TargetGroup": group.dimension}
            sets += [of_group, of_group | {"AvailabilityZone": target_zone}]
        for dimensions in sets:
            store.put(APPLICATION, metric, dimensions, at, values)
    _connections(store, balancer, rows, start, end, rng)
    for group in balancer.groups:
        if group.has_function:
            continue  # no hosts to count
        _hosts(store, balancer, group, start, end)
        _per_target(store, balancer, group, rows, start, end)


def _failed_invocation(reason: str) -> str:
    return "LambdaInternalError" if reason in _INTERNAL else "LambdaUserError"


def function(store: MetricStore, name: str, rows: list[Row], start: datetime, end: datetime,
             at_once: Callable[[datetime], float]) -> None:
    """What Lambda counts of a function, each invocation in the minute in which it began."""
    ran: dict[int, list[Row]] = defaultdict(list)
    throttled: dict[int, int] = defaultdict(int)
    for row in rows:
        minute = int(row.created) // 60
        if row.error_reason == "LambdaThrottling":
            throttled[minute] += 1
        elif row.target_status is not None or row.error_reason in _INVOKED:
            ran[minute].append(row)
    dimensions = {"FunctionName": name}
    for minute in _minutes(start, end):
        key = int(minute.timestamp()) // 60
        if not ran[key] and not throttled[key]:
            continue
        errors = sum(row.error_reason == "LambdaUnhandled" for row in ran[key])
        for metric, values in {
            "Invocations": [float(len(ran[key]))], "Errors": [float(errors)], "Throttles": [float(throttled[key])],
            "ConcurrentExecutions": [at_once(minute)],
            # The load balancer's time holds the way to Lambda and back.
            "Duration": [max(row.times[1] * 1000 - 9, 1.0) for row in ran[key]],
        }.items():
            if values:
                store.put("AWS/Lambda", metric, dimensions, minute, values)


def _connections(store: MetricStore, balancer: LoadBalancer, rows: list[Row], start: datetime, end: datetime,
                 rng: random.Random) -> None:
    per_minute: dict[tuple[int, str], int] = defaultdict(int)
    for row in rows:
        per_minute[(int(row.time) // 60, row.node.zone)] += 1
    for minute in _minutes(start, end):
        for zone in {node.zone for node in balancer.nodes}:
            count = per_minute[(int(minute.timestamp()) // 60, zone)]
            if count:
                value = float(round(count * 0.7) + rng.randint(1, 6))
                for dimensions in ({"LoadBalancer": balancer.dimension},
                                   {"LoadBalancer": balancer.dimension, "AvailabilityZone": zone}):
                    store.put(APPLICATION, "ActiveConnectionCount", dimensions, minute, [value])


def _hosts(store: MetricStore, balancer: LoadBalancer, group: TargetGroup, start: datetime, end: datetime) -> None:
    zones = sorted({target.zone for target in group.targets})
    for minute in _minutes(start, end):
        counts = {zone: [0, 0] for zone in zones}
        for target in group.targets:
            state = target.health_at(minute).state
            if state in ("healthy", "unhealthy"):
                counts[target.zone][state == "unhealthy"] += 1
        base = {"LoadBalancer": balancer.dimension, "TargetGroup": group.dimension}
        total = [sum(count[n] for count in counts.values()) for n in (0, 1)]
        if sum(total) == 0:
            continue
        for n, metric in enumerate(("HealthyHostCount", "UnHealthyHostCount")):
            store.put(APPLICATION, metric, base, minute, [total[n]])
            for zone in zones:
                store.put(APPLICATION, metric, base | {"AvailabilityZone": zone}, minute, [counts[zone][n]])
        healthy = float(total[0] > 0)
        for metric in ("HealthyStateRouting", "HealthyStateDNS"):
            store.put(APPLICATION, metric, base, minute, [healthy * len(balancer.nodes)])
        for metric in ("UnhealthyStateRouting", "UnhealthyStateDNS"):
            store.put(APPLICATION, metric, base, minute, [(1 - healthy) * len(balancer.nodes)])


def _per_target(store: MetricStore, balancer: LoadBalancer, group: TargetGroup, rows: list[Row], start: datetime,
                end: datetime) -> None:
    counts: dict[int, int] = defaultdict(int)
    for row in rows:
        if row.group is group and row.target is not None:
            counts[int(row.time) // 60] += 1
    for minute in _minutes(start, end):
        healthy = sum(target.health_at(minute).state == "healthy" for target in group.targets)
        count = counts[int(minute.timestamp()) // 60]
        if count and healthy:
            for dimensions in ({"TargetGroup": group.dimension},
                               {"TargetGroup": group.dimension, "LoadBalancer": balancer.dimension}):
                store.put(APPLICATION, "RequestCountPerTarget", dimensions, minute, [count / healthy])


def classic(store: MetricStore, balancer: ClassicLoadBalancer, rows: list[Row], start: datetime,
            end: datetime, queue: Callable[[datetime], float]) -> None:
    """The metrics of a Classic Load Balancer; its 5XX counter has no split by code."""

    def put(metric: str, value: float, zone: str, at: datetime) -> None:
        for dimensions in ({"LoadBalancerName": balancer.name},
                           {"LoadBalancerName": balancer.name, "AvailabilityZone": zone}):
            store.put(CLASSIC, metric, dimensions, at, [value])

    for row in rows:
        at = datetime.fromtimestamp(row.time, timezone.utc)
        put("RequestCount", 1, row.node.zone, at)
        if row.target_status:
            put(f"HTTPCode_Backend_{row.target_status // 100}XX", 1, row.node.zone, at)
            put("Latency", row.times[1], row.node.zone, at)
        elif row.status >= 400:
            put(f"HTTPCode_ELB_{row.status // 100}XX", 1, row.node.zone, at)
        if row.turned_away:
            put("SpilloverCount", 1, row.node.zone, at)
    for minute in _minutes(start, end):
        for zone in {node.zone for node in balancer.nodes}:
            states = [one.health_at(minute).state for one in balancer.targets if one.zone == zone]
            put("HealthyHostCount", states.count("healthy"), zone, minute)
            put("UnHealthyHostCount", len(states) - states.count("healthy"), zone, minute)
            put("SurgeQueueLength", queue(minute), zone, minute)


def _minutes(start: datetime, end: datetime) -> list[datetime]:
    count = int((end - start).total_seconds() // 60)
    return [start + timedelta(minutes=n) for n in range(count)]

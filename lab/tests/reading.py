"""Reads seeded logs and metrics the way a client would, apart from the code that wrote them."""

from __future__ import annotations

import gzip
import re
from datetime import datetime
from typing import Any

from lb502_lab.client import Clients
from lb502_lab.lab import Incident

# A quoted field may hold escaped quotes.
_FIELD = re.compile(r'"((?:[^"\\]|\\.)*)"|(\S+)')


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def window(incident: Incident) -> tuple[datetime, datetime]:
    return moment(incident.window["from"]), moment(incident.window["to"])


def fields(line: str) -> list[str]:
    return [quoted if quoted or not bare else bare for quoted, bare in _FIELD.findall(line)]


def objects(aws: Clients, incident: Incident) -> dict[str, bytes]:
    """The access-log objects of an incident, by key."""
    s3, bucket = aws("s3"), f"{incident.load_balancer['name']}-access-logs-123456789012"
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    keys = [one["Key"] for page in pages for one in page["Contents"] if "/elasticloadbalancing/" in one["Key"]]
    return {key: s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys}


def lines(aws: Clients, incident: Incident) -> list[list[str]]:
    """Every line of an incident's log as its fields."""
    texts = (gzip.decompress(body) if key.endswith(".gz") else body for key, body in objects(aws, incident).items())
    return [fields(line) for text in texts for line in text.decode().splitlines()]


def dimension(incident: Incident) -> str:
    return incident.load_balancer["arn"].partition("loadbalancer/")[2]


def total(aws: Clients, incident: Incident, metric: str, stat: str = "Sum", namespace: str = "AWS/ApplicationELB",
          dimensions: dict[str, str] | None = None) -> float:
    """A metric's sum over the window."""
    start, end = window(incident)
    return sum(value for _, value in points(aws, metric, start, end, stat, namespace,
                                            dimensions or {"LoadBalancer": dimension(incident)}))


def points(aws: Clients, metric: str, start: datetime, end: datetime, stat: str, namespace: str,
           dimensions: dict[str, str], period: int = 60) -> list[tuple[datetime, float]]:
    query: dict[str, Any] = {"Id": "m", "MetricStat": {"Period": period, "Stat": stat, "Metric": {
        "Namespace": namespace, "MetricName": metric,
        "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()]}}}
    answer = aws("cloudwatch").get_metric_data(StartTime=start, EndTime=end, MetricDataQueries=[query],
                                               ScanBy="TimestampAscending")
    result = answer["MetricDataResults"][0]
    return list(zip(result["Timestamps"], result["Values"]))

"""CloudWatch: GetMetricData, ListMetrics and DescribeAlarms over a metric store of our own.

moto ignores the namespace once dimensions are given, has no percentiles, and speaks no
rpc-v2-cbor. As in CloudWatch: a metric is a namespace, a name and an exact set of dimensions;
a period in which nothing was reported has no datapoint.
"""

from __future__ import annotations

import math
import re
from datetime import datetime, timezone
from typing import Any

from lb502_lab.errors import AwsError
from lb502_lab.lab import REGION
from lb502_lab.paging import page_token, token_offset

SERVICE = "cloudwatch"

_MOST_QUERIES = 500
_MOST_POINTS = 100_800
_PERCENTILE = re.compile(r"^p(\d{1,2}(?:\.\d+)?|100)$")

Key = tuple[str, str, frozenset[tuple[str, str]]]


class MetricStore:
    """Values by metric and minute. A minute holds every value that was reported in it."""

    def __init__(self) -> None:
        self._series: dict[Key, dict[int, list[float]]] = {}

    def put(self, namespace: str, name: str, dimensions: dict[str, str], at: datetime,
            values: list[float]) -> None:
        """Report `values` in the minute of `at`."""
        if not values:
            return
        key = (namespace, name, frozenset(dimensions.items()))
        minute = int(at.timestamp()) // 60
        self._series.setdefault(key, {}).setdefault(minute, []).extend(map(float, values))

    def keys(self) -> list[Key]:
        return sorted(self._series, key=lambda key: (key[0], key[1], sorted(key[2])))

    def points(self, key: Key, start: datetime, end: datetime, period: int,
               statistic: str) -> list[tuple[datetime, float]]:
        """One point a period that holds data; `start` is in, `end` is out; oldest first."""
        series = self._series.get(key)
        if not series:
            return []
        # Periods are counted from the start, rounded down to its minute.
        first, last = int(start.timestamp()) // 60 * 60, end.timestamp()
        buckets: dict[int, list[float]] = {}
        for minute in sorted(series):
            if first <= minute * 60 < last:
                buckets.setdefault((minute * 60 - first) // period, []).extend(series[minute])
        found = [(datetime.fromtimestamp(first + n * period, timezone.utc), compute(statistic, values))
                 for n, values in buckets.items()]
        return found


def compute(statistic: str, values: list[float]) -> float:
    """One of CloudWatch's statistics over the values of one period."""
    if statistic == "Sum":
        return math.fsum(values)
    if statistic == "Average":
        return math.fsum(values) / len(values)
    if statistic == "Minimum":
        return min(values)
    if statistic == "Maximum":
        return max(values)
    if statistic == "SampleCount":
        return float(len(values))
    if match := _PERCENTILE.match(statistic):
        ordered = sorted(values)
        rank = float(match[1]) / 100 * (len(ordered) - 1)
        low = math.floor(rank)
        high = min(low + 1, len(ordered) - 1)
        return ordered[low] + (ordered[high] - ordered[low]) * (rank - low)
    raise AwsError("ValidationError", f"The value {statistic} for parameter Stat is not supported.")


def get_metric_data(context: Any, params: dict[str, Any]) -> dict[str, Any]:
    queries = params.get("MetricDataQueries") or []
    start, end = _instant(params.get("StartTime")), _instant(params.get("EndTime"))
    if not queries or start is None or end is None:
        raise AwsError("MissingParameter", "The request must contain MetricDataQueries, StartTime and EndTime.")
    if len(queries) > _MOST_QUERIES:
        raise AwsError("ValidationError", f"The collection MetricDataQueries must not have a size greater than {_MOST_QUERIES}.")
    if start >= end:
        raise AwsError("ValidationError", "The parameter StartTime must be less than the parameter EndTime.")
    ids = [query.get("Id", "") for query in queries]
    if len(set(ids)) != len(ids) or not all(re.match(r"^[a-z][a-zA-Z0-9_]*$", one) for one in ids):
        raise AwsError("ValidationError", "The values for parameter id in MetricDataQueries must be unique and start with a lowercase letter.")
    newest_first = params.get("ScanBy", "TimestampDescending") != "TimestampAscending"
    limit = min(int(params.get("MaxDatapoints") or _MOST_POINTS), _MOST_POINTS)
    skip = token_offset(params.get("NextToken"))
    results, passed, given = [], 0, 0
    more = False
    for query in queries:
        if query.get("ReturnData") is False:
            continue
        points = _points_of(context, query, start, end)
        if newest_first:
            points.reverse()
        begin = min(max(skip - passed, 0), len(points))
        take = points[begin : begin + limit - given]
        complete = begin + len(take) == len(points)
        passed += len(points)
        # Every query is named on the first page; later pages name those that had more.
        if skip == 0 or take:
            results.append({
                "Id": query["Id"], "Label": query.get("Label") or _label(query),
                "Timestamps": [at for at, _ in take], "Values": [value for _, value in take],
                "StatusCode": "Complete" if complete else "PartialData",
            })
        given += len(take)
        more = more or not complete
    answer: dict[str, Any] = {"MetricDataResults": results, "Messages": []}
    if more:
        answer["NextToken"] = page_token(skip + given)
    return answer


def _points_of(context: Any, query: dict[str, Any], start: datetime, end: datetime) -> list[tuple[datetime, float]]:
    stat = query.get("MetricStat")
    if stat is None:
        raise AwsError("ValidationError", f"The lab does not evaluate expressions ({query.get('Id')}).")
    metric, period = stat.get("Metric", {}), int(stat.get("Period", 0))
    if period < 1 or (period not in (1, 5, 10, 20, 30) and period % 60):
        raise AwsError("ValidationError", "The parameter Period must be 1, 5, 10, 20, 30 or a multiple of 60.")
    if context.call.region != REGION:
        return []
    dimensions = frozenset((one["Name"], one["Value"]) for one in metric.get("Dimensions") or [])
    key = (metric.get("Namespace", ""), metric.get("MetricName", ""), dimensions)
    return context.stores.metrics.points(key, start, end, max(period, 60), stat.get("Stat", ""))


def list_metrics(context: Any, params: dict[str, Any]) -> dict[str, Any]:
    wanted = [(one["Name"], one.get("Value")) for one in params.get("Dimensions") or []]
    found = []
    for namespace, name, dimensions in context.stores.metrics.keys() if context.call.region == REGION else []:
        if params.get("Namespace") not in (None, namespace) or params.get("MetricName") not in (None, name):
            continue
        held = dict(dimensions)
        if all(key in held and value in (None, held[key]) for key, value in wanted):
            found.append({"Namespace": namespace, "MetricName": name,
                          "Dimensions": [{"Name": k, "Value": v} for k, v in sorted(dimensions)]})
    skip = token_offset(params.get("NextToken"))
    answer: dict[str, Any] = {"Metrics": found[skip : skip + 500]}
    if skip + 500 < len(found):
        answer["NextToken"] = page_token(skip + 500)
    return answer


def describe_alarms(context: Any, params: dict[str, Any]) -> dict[str, Any]:
    return {"MetricAlarms": [], "CompositeAlarms": []}


def _label(query: dict[str, Any]) -> str:
    return str(query.get("MetricStat", {}).get("Metric", {}).get("MetricName", query.get("Id")))


def _instant(value: Any) -> datetime | None:
    if isinstance(value, (int, float)):
        return datetime.fromtimestamp(value, timezone.utc)
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=timezone.utc)
    return None


HANDLERS = {"GetMetricData": get_metric_data, "ListMetrics": list_metrics, "DescribeAlarms": describe_alarms}

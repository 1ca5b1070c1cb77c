"""CloudWatch Logs: a working part of Logs Insights, and filter patterns as AWS reads them.

Of the Insights language: `fields`, `filter <field> like /regex/ or "text"` joined by `and` or
`or`, `sort @timestamp asc|desc`, `limit`. Anything else is refused, so that no test passes on
a query the lab did not understand.
"""

from __future__ import annotations

import re
import uuid
from datetime import datetime, timezone
from typing import Any

from moto.logs.models import logs_backends

from lb502_lab.errors import AwsError
from lb502_lab.lab import ACCOUNT
from lb502_lab.paging import page

SERVICE = "logs"

_LIKE = re.compile(r"(@\w+)\s+(not\s+like|like|=~)\s+(?:/((?:[^/\\]|\\.)*)/|\"([^\"]*)\"|'([^']*)')")
_TERM = re.compile(r'([?-]?)(?:"((?:[^"\\]|\\.)*)"|(\S+))')


def filter_log_events(context: Any, params: dict[str, Any]) -> dict[str, Any]:
    """Events of a group in [startTime, endTime], oldest first."""
    name = params.get("logGroupName") or _name(params.get("logGroupIdentifier", ""))
    events = _events(context, name, set(params.get("logStreamNames") or []), params.get("logStreamNamePrefix"))
    start, end = params.get("startTime", 0), params.get("endTime", 1 << 62)
    matches = filter_pattern(params.get("filterPattern") or "")
    found = [
        {"logStreamName": one["stream"], "timestamp": one["timestamp"], "message": one["message"],
         "ingestionTime": one["timestamp"] + 900, "eventId": f"{one['timestamp']}{n:06d}"}
        for n, one in enumerate(events) if start <= one["timestamp"] <= end and matches(one["message"])
    ]
    items, following = page(found, params.get("nextToken"), params.get("limit"), 10_000, "InvalidParameterException")
    return {"events": items, "searchedLogStreams": [], "nextToken": following}


def start_query(context: Any, params: dict[str, Any]) -> dict[str, Any]:
    names = params.get("logGroupNames") or []
    names += [_name(one) for one in params.get("logGroupIdentifiers") or []]
    names += [params["logGroupName"]] if params.get("logGroupName") else []
    if not names:
        raise AwsError("InvalidParameterException", "Name at least one log group.")
    start, end = int(params["startTime"]) * 1000, int(params["endTime"]) * 1000
    if start > end:
        raise AwsError("InvalidParameterException", "End time should not be before start time.")
    query = parse_query(params.get("queryString", ""))
    rows, scanned = [], 0
    for name in names:
        for one in _events(context, name, set(), None):
            if start <= one["timestamp"] <= end:
                scanned += 1
                if query["keep"](_values(one, name)):
                    rows.append(_values(one, name))
    rows.sort(key=lambda row: row["@timestamp"], reverse=query["newest_first"])
    matched = len(rows)
    rows = rows[: params.get("limit") or query["limit"]]
    query_id = str(uuid.uuid4())
    context.stores.log_queries[query_id] = {
        "results": [
            [{"field": field, "value": row[field]} for field in query["fields"] if field in row]
            + [{"field": "@ptr", "value": f"ptr-{n}"}] for n, row in enumerate(rows)
        ],
        "statistics": {"recordsMatched": float(matched), "recordsScanned": float(scanned), "bytesScanned": 0.0},
        "polls": 0,
    }
    return {"queryId": query_id}


def get_query_results(context: Any, params: dict[str, Any]) -> dict[str, Any]:
    """Running at the first poll, complete from the second on, as a quick real query does."""
    held = context.stores.log_queries.get(params.get("queryId"))
    if held is None:
        raise AwsError("ResourceNotFoundException", "Query does not exist.")
    held["polls"] += 1
    done = held["polls"] > 1
    return {"status": "Complete" if done else "Running", "results": held["results"] if done else [],
            "statistics": held["statistics"]}


def stop_query(context: Any, params: dict[str, Any]) -> dict[str, Any]:
    return {"success": context.stores.log_queries.pop(params.get("queryId"), None) is not None}


def filter_pattern(pattern: str) -> Any:
    """A test of a message: all plain terms, any of the `?` terms, none of the `-` terms."""
    pattern = pattern.strip()
    if pattern.startswith("%") and pattern.endswith("%") and len(pattern) > 2:
        compiled = re.compile(pattern[1:-1])
        return lambda message: compiled.search(message) is not None
    if pattern.startswith(("{", "[")):
        raise AwsError("InvalidParameterException", "The lab reads no JSON or space-delimited filter patterns.")
    every, some, none = [], [], []
    for sign, quoted, bare in _TERM.findall(pattern):
        {"": every, "?": some, "-": none}[sign].append(quoted.replace('\\"', '"') if quoted else bare)
    return lambda message: (all(term in message for term in every) and not any(term in message for term in none)
                            and (not some or any(term in message for term in some)))


def parse_query(text: str) -> dict[str, Any]:
    """The parts of an Insights query that the lab runs."""
    query: dict[str, Any] = {"fields": ["@timestamp", "@message"], "newest_first": True, "limit": 1000}
    tests = []
    for command in (part.strip() for part in _commands(text)):
        if command.startswith("fields "):
            query["fields"] = [field.strip() for field in command[7:].split(",")]
        elif command.startswith("filter "):
            tests.append(_condition(command[7:]))
        elif match := re.fullmatch(r"sort @timestamp( asc| desc)?", command):
            query["newest_first"] = match[1] != " asc"
        elif match := re.fullmatch(r"limit (\d+)", command):
            query["limit"] = int(match[1])
        elif command:
            raise AwsError("MalformedQueryException", f"The lab does not run {command.split()[0]!r}.")
    query["keep"] = lambda row: all(test(row) for test in tests)
    return query


def _commands(text: str) -> list[str]:
    """The query cut at the bars that stand outside /patterns/ and quotes."""
    parts, part, inside = [], "", ""
    escaped = False
    for character in text.replace("\n", " "):
        if inside:
            if escaped:
                escaped = False
            elif character == "\\":
                escaped = True
            elif character == inside:
                inside = ""
        elif character in "/\"'":
            inside = character
        elif character == "|":
            parts.append(part)
            part = ""
            continue
        part += character
    return [*parts, part]


def _condition(text: str) -> Any:
    """Comparisons joined by `or` of `and`s; no brackets."""
    found = list(_LIKE.finditer(text))
    rest = _LIKE.sub("\0", text).split()
    if not found or any(word not in ("\0", "and", "or") for word in rest):
        raise AwsError("MalformedQueryException", f"The lab does not run the filter {text!r}.")
    groups: list[list[Any]] = [[]]
    tests = iter(found)
    for word in rest:
        if word == "\0":
            groups[-1].append(_comparison(next(tests)))
        elif word == "or":
            groups.append([])
    return lambda row: any(all(test(row) for test in group) for group in groups)


def _comparison(match: re.Match[str]) -> Any:
    field, operator, regex, double, single = match.groups()
    if regex is not None:
        compiled = re.compile(regex)
        test = lambda value: compiled.search(value) is not None  # noqa: E731
    else:
        wanted = double if double is not None else single
        test = lambda value: wanted in value  # noqa: E731
    negated = operator.startswith("not")
    return lambda row: test(str(row.get(field, ""))) != negated


def _values(event: dict[str, Any], group: str) -> dict[str, str]:
    at = datetime.fromtimestamp(event["timestamp"] / 1000, timezone.utc)
    return {"@timestamp": f"{at:%Y-%m-%d %H:%M:%S}.{event['timestamp'] % 1000:03d}", "@message": event["message"],
            "@logStream": event["stream"], "@log": f"{ACCOUNT}:{group}"}


def _events(context: Any, group: str, streams: set[str], prefix: str | None) -> list[dict[str, Any]]:
    held = logs_backends[ACCOUNT][context.call.region].groups.get(group)
    if held is None:
        raise AwsError("ResourceNotFoundException", "The specified log group does not exist.")
    found = [
        {"timestamp": event.timestamp, "message": event.message, "stream": name}
        for name, stream in held.streams.items()
        if (not streams or name in streams) and (not prefix or name.startswith(prefix))
        for event in stream.events
    ]
    return sorted(found, key=lambda one: one["timestamp"])


def _name(identifier: str) -> str:
    """A group's name from its name or ARN."""
    return identifier.partition(":log-group:")[2].removesuffix(":*") or identifier


HANDLERS = {"FilterLogEvents": filter_log_events, "StartQuery": start_query, "StopQuery": stop_query,
            "GetQueryResults": get_query_results}

"""CloudTrail: LookupEvents over seeded events, newest first, one attribute a call."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from lb502_lab.errors import AwsError
from lb502_lab.lab import REGION
from lb502_lab.paging import page

SERVICE = "cloudtrail"


def lookup_events(context: Any, params: dict[str, Any]) -> dict[str, Any]:
    start, end = _utc(params.get("StartTime")), _utc(params.get("EndTime"))
    if start and end and start > end:
        raise AwsError("InvalidTimeRangeException", "StartTime must be before EndTime.")
    attributes = params.get("LookupAttributes") or []
    if len(attributes) > 1:
        raise AwsError("InvalidLookupAttributesException", "You can specify only one lookup attribute.")
    size = params.get("MaxResults")
    if size is not None and not 1 <= int(size) <= 50:
        raise AwsError("InvalidMaxResultsException", "MaxResults must be between 1 and 50.")
    events = context.stores.trail_events if context.call.region == REGION else []
    found = [
        event for event in sorted(events, key=lambda event: event["EventTime"], reverse=True)
        if (not start or event["EventTime"] >= start) and (not end or event["EventTime"] <= end)
        and all(_has(event, one) for one in attributes)
    ]
    items, following = page(found, params.get("NextToken"), size, 50, "InvalidNextTokenException")
    return {"Events": items, "NextToken": following}


def _has(event: dict[str, Any], attribute: dict[str, Any]) -> bool:
    key, value = attribute.get("AttributeKey"), attribute.get("AttributeValue")
    if key in ("ResourceName", "ResourceType"):
        return any(resource.get(key) == value for resource in event.get("Resources", []))
    if key in ("EventId", "EventName", "ReadOnly", "Username", "EventSource", "AccessKeyId"):
        return event.get(key) == value
    raise AwsError("InvalidLookupAttributesException", f"Lookup attribute {key} is not valid.")


def _utc(value: Any) -> datetime | None:
    if isinstance(value, (int, float)):
        return datetime.fromtimestamp(value, timezone.utc)
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=timezone.utc)
    return None


HANDLERS = {"LookupEvents": lookup_events}

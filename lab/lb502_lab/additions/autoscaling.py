"""Auto Scaling: activities of the past."""

from __future__ import annotations

from typing import Any

from lb502_lab.paging import page

SERVICE = "autoscaling"


def describe_scaling_activities(context: Any, params: dict[str, Any]) -> dict[str, Any]:
    """Newest first, of one group or of all, some by id."""
    name, wanted = params.get("AutoScalingGroupName"), params.get("ActivityIds") or []
    found = [
        one for group, activities in context.stores.scaling_activities.items() if name in (None, group)
        for one in activities if not wanted or one["ActivityId"] in wanted
    ]
    found.sort(key=lambda one: one["StartTime"], reverse=True)
    items, following = page(found, params.get("NextToken"), params.get("MaxRecords"), 100, "InvalidNextToken")
    return {"Activities": items, "NextToken": following}


HANDLERS = {"DescribeScalingActivities": describe_scaling_activities}

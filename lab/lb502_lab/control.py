"""The lab's own pages under /_lab/: reset, faults, metrics, calls, incidents."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from lb502_lab.faults import BadRule, parse_rule
from lb502_lab.protocol import Answer

if TYPE_CHECKING:
    from lb502_lab.app import LabApp


def answer(app: LabApp, environ: dict[str, Any], body: bytes) -> Answer:
    """Answer one request for a control page."""
    method, page = environ["REQUEST_METHOD"], environ["PATH_INFO"].removeprefix("/_lab/")
    try:
        data = json.loads(body) if body else {}
    except ValueError:
        return _json(400, {"error": "the body is not JSON"})
    if not isinstance(data, dict):
        return _json(400, {"error": "the body must be an object"})
    match method, page:
        case "GET", "incidents":
            return _json(200, {"incidents": [incident.as_json() for incident in app.lab.incidents]})
        case "GET", "calls":
            return _json(200, {"calls": app.records.list()})
        case "DELETE", "calls":
            app.records.clear()
            return _json(200, {"calls": []})
        case "GET", "faults":
            return _json(200, {"rules": app.faults.rules()})
        case "DELETE", "faults":
            app.faults.clear()
            return _json(200, {"rules": []})
        case "POST", "faults":
            return _set_faults(app, data)
        case "POST", "metrics":
            return _report(app, data)
        case "POST", "reset":
            return _reset(app, data)
    return _json(404, {"error": f"no page {method} /_lab/{page}"})


def _set_faults(app: LabApp, data: dict[str, Any]) -> Answer:
    rules = data.get("rules")
    if not isinstance(rules, list):
        return _json(400, {"error": "rules must be a list"})
    try:
        app.faults.set([parse_rule(rule) for rule in rules])
    except BadRule as error:
        return _json(400, {"error": str(error)})
    return _json(200, {"rules": app.faults.rules()})


def _report(app: LabApp, data: dict[str, Any]) -> Answer:
    """More of what AWS's own services report: {"points": [{namespace, name, dimensions, at, value}]}."""
    points = data.get("points")
    if not isinstance(points, list):
        return _json(400, {"error": "points must be a list"})
    try:
        read = [(str(one["namespace"]), str(one["name"]), {str(k): str(v) for k, v in one["dimensions"].items()},
                 datetime.fromisoformat(one["at"]), [float(one["value"])]) for one in points]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        return _json(400, {"error": f"a point cannot be read: {error!r}"})
    with app.lab.lock:
        for point in read:
            app.lab.stores.metrics.put(*point)
    return _json(200, {"points": len(read)})


def _reset(app: LabApp, data: dict[str, Any]) -> Answer:
    from lb502_lab import incidents

    names = data.get("incidents", [])
    unknown = [name for name in names if name not in incidents.names()]
    if unknown:
        return _json(400, {"error": f"no incident {', '.join(map(str, unknown))}"})
    app.faults.clear()
    with app.lab.lock:
        incidents.seed(app, names)
    return _json(200, {"incidents": [incident.as_json() for incident in app.lab.incidents]})


def _json(status: int, value: object) -> Answer:
    return Answer(status, {"Content-Type": "application/json"}, json.dumps(value).encode() + b"\n")

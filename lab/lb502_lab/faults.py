"""Rules that make calls fail, and the record of every call that came in."""

from __future__ import annotations

import threading
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone

from lb502_lab.protocol import SERVICES, Call, known_operations

FAULTS = ("deny", "throttle", "error", "hang", "truncate")
# People and other tools say these; IAM says the other.
_ALIASES = {"elbv2": "elasticloadbalancing", "elb": "elasticloadbalancing", "monitoring": "cloudwatch"}


class BadRule(ValueError):
    """A fault rule that could never fire, or is not one."""


@dataclass
class Rule:
    service: str
    operation: str  # API or IAM name, or "*"
    fault: str
    times: int | None = None  # how many calls it still hits; None: all
    api: str | None = None  # `elb` or `elbv2` when only one of the two is meant
    fired: int = 0

    def matches(self, call: Call) -> bool:
        names = (call.operation, call.iam_action.partition(":")[2], "*")
        return (self.service in (call.service, "*") and self.operation in names
                and self.api in (None, call.model_name) and (self.times is None or self.fired < self.times))


def parse_rule(data: object) -> Rule:
    """Read one rule; raise BadRule for a name that no call will ever carry."""
    if not isinstance(data, dict):
        raise BadRule("a rule is an object with service, operation and fault")
    service, operation = str(data.get("service", "*")), str(data.get("operation", "*"))
    fault, times = data.get("fault"), data.get("times")
    api = service if service in ("elb", "elbv2") else None
    service = _ALIASES.get(service, service)
    if service not in (*SERVICES, "*"):
        raise BadRule(f"unknown service {service!r}; one of {', '.join(SERVICES)}")
    if service == "*" and operation != "*":
        raise BadRule("name the service of the operation")
    if operation != "*" and operation not in known_operations(service):
        raise BadRule(f"{service} has no operation {operation!r}")
    if fault not in FAULTS:
        raise BadRule(f"fault must be one of {', '.join(FAULTS)}")
    if times is not None and (not isinstance(times, int) or isinstance(times, bool) or times < 1):
        raise BadRule("times is a whole number above zero, or null")
    return Rule(service, operation, str(fault), times, api)


class Faults:
    """The rules in force. The first that matches a call hits it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: list[Rule] = []
        self.released = threading.Event()  # wakes the calls that hang

    def set(self, rules: list[Rule]) -> None:
        with self._lock:
            self._rules = rules
            self.released.set()
            self.released = threading.Event()

    def clear(self) -> None:
        self.set([])

    def hit(self, call: Call) -> str | None:
        """The fault this call suffers, if any."""
        with self._lock:
            for rule in self._rules:
                if rule.matches(call):
                    rule.fired += 1
                    return rule.fault
        return None

    def rules(self) -> list[dict[str, object]]:
        with self._lock:
            return [asdict(rule) for rule in self._rules]


@dataclass
class Record:
    """One call that came in: what was asked and how it was answered."""

    service: str
    api: str
    operation: str
    iam_action: str
    region: str
    access_key: str
    protocol: str
    outcome: str = "pending"  # ok, error, expired, invalid, or the fault's name
    status: int | None = None
    at: str = field(default_factory=lambda: datetime.now(timezone.utc).isoformat())


class Records:
    """Every call since the last reset, oldest first, at most a hundred thousand."""

    _MOST = 100_000

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._records: list[Record] = []

    def add(self, call: Call) -> Record:
        record = Record(call.service, call.model_name, call.operation, call.iam_action, call.region,
                        call.access_key, call.protocol)
        with self._lock:
            self._records.append(record)
            del self._records[: -self._MOST]
        return record

    def clear(self) -> None:
        with self._lock:
            self._records.clear()

    def list(self) -> list[dict[str, object]]:
        with self._lock:
            return [asdict(record) for record in self._records]

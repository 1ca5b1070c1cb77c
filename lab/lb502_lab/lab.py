"""The lab's state: what the additions answer from, which incidents are seeded, and reset."""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

ACCOUNT = "123456789012"
REGION = "eu-west-1"
USER = f"arn:aws:sts::{ACCOUNT}:assumed-role/lab-on-call/lb502"


@dataclass
class Stores:
    """What moto cannot hold. Keys are ARNs, ids or names as AWS gives them."""

    metrics: Any = None  # additions.cloudwatch.MetricStore
    target_health: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    load_balancers: dict[str, dict[str, Any]] = field(default_factory=dict)
    network_interfaces: dict[str, dict[str, Any]] = field(default_factory=dict)
    instance_status: dict[str, dict[str, Any]] = field(default_factory=dict)
    instances: dict[str, dict[str, Any]] = field(default_factory=dict)
    trail_events: list[dict[str, Any]] = field(default_factory=list)
    certificates: dict[str, dict[str, Any]] = field(default_factory=dict)
    server_certificates: dict[str, dict[str, Any]] = field(default_factory=dict)
    classic_health: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    scaling_activities: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    ecs_services: dict[str, dict[str, Any]] = field(default_factory=dict)
    ecs_tasks: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    log_queries: dict[str, dict[str, Any]] = field(default_factory=dict)


@dataclass
class Incident:
    """What a test needs to know of a seeded incident."""

    name: str
    description: str
    load_balancer: dict[str, str]  # name, arn (empty for Classic), dns_name, type, region
    window: dict[str, str]  # from, to
    expected: dict[str, Any]  # first_rule (or null), verdict, ledger

    def as_json(self) -> dict[str, Any]:
        return {"name": self.name, "description": self.description, "region": REGION,
                "load_balancer": self.load_balancer, "window": self.window,
                "expected_first_rule": self.expected["first_rule"],
                "expected_verdict": self.expected["verdict"], "ledger": self.expected["ledger"]}


class Lab:
    """One lab. `now` is fixed when it is made, so that a run can be repeated."""

    def __init__(self, now: datetime | None = None) -> None:
        self.given_now = now
        self.lock = threading.RLock()
        self.stores = Stores()
        self.incidents: list[Incident] = []
        self.reset()

    def reset(self) -> None:
        """Forget everything, moto's state included."""
        from moto.moto_api._internal import mock_random
        from moto.moto_api._internal.models import moto_api_backend

        from lb502_lab.additions.cloudwatch import MetricStore

        with self.lock:
            self.now = self.given_now or datetime.now(timezone.utc).replace(microsecond=0)
            moto_api_backend.reset()
            mock_random.seed(502)
            random.seed(502)
            self.stores = Stores(metrics=MetricStore())
            self.incidents = []

    def default_window(self) -> tuple[datetime, datetime]:
        """The hour that ended a quarter of an hour ago, on whole minutes."""
        end = self.now.replace(second=0, microsecond=0) - timedelta(minutes=15)
        return end - timedelta(hours=1), end

"""The traffic of a story: requests that went well, until the story changes them."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TypeVar

from lb502_lab.story.parts import ClassicLoadBalancer, Listener, LoadBalancer, Row, Target, TargetGroup

# The third and fourth carry what a log reader must survive: escaped quotes and backslashes.
USER_AGENTS = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
    r"PartnerSync/2.3 (\x22nightly\x22; build 7)",
    r"curl/8.9.1 \"probe\" C:\\jobs\\warm",
    "python-requests/2.34.2", "okhttp/5.1.0", "-",
)

T = TypeVar("T")


@dataclass
class Route:
    """A share of the traffic: which group it goes to, what it asks for, how long it takes."""

    group: TargetGroup | None
    paths: list[str]
    weight: float = 1.0
    median: float = 0.04  # seconds a target takes
    spread: float = 0.5  # of the logarithm
    methods: tuple[str, ...] = ("GET", "GET", "GET", "POST")
    priority: str = "0"
    body: int = 900  # bytes of a typical upload
    statuses: tuple[int, ...] = (200,) * 18 + (304, 404)


@dataclass
class Traffic:
    """Rows of a balancer between two moments at a rate that breathes a little."""

    balancer: LoadBalancer | ClassicLoadBalancer
    listener: Listener
    host: str
    routes: list[Route]
    per_minute: float
    rng: random.Random
    rate: Callable[[datetime], float] = field(default=lambda at: 1.0)
    classic_targets: list[Target] = field(default_factory=list)

    def rows(self, start: datetime, end: datetime) -> list[Row]:
        """Successful requests created in [start, end), in order of creation."""
        rows = []
        minute = start.timestamp()
        while minute < end.timestamp():
            at = datetime.fromtimestamp(minute, timezone.utc)
            breath = 1 + 0.12 * math.sin(minute / 900)
            wanted = self.per_minute * breath * self.rate(at)
            count = max(0, round(self.rng.gauss(wanted, math.sqrt(wanted) * 0.6))) if wanted else 0
            rows += [self.row(minute + self.rng.random() * 60) for _ in range(count)]
            minute += 60
        rows.sort(key=lambda row: row.created)
        last = end.timestamp() - 0.001
        return [row for row in rows if row.time < last]

    def row(self, created: float, target: Target | None = None, route: Route | None = None) -> Row:
        """One request that went well, at a moment; target and route by chance unless given."""
        rng, pick, below = self.rng, self._pick, self._below
        if route is None:
            route = self.routes[0] if len(self.routes) == 1 else rng.choices(
                self.routes, [one.weight for one in self.routes])[0]
        fail_open = False
        if target is None:
            at = datetime.fromtimestamp(created, timezone.utc)
            if route.group is not None:
                candidates, fail_open = route.group.routable(at)
            else:
                candidates = [one for one in self.classic_targets if one.health_at(at).state == "healthy"]
            target = pick(candidates) if candidates else None
        method = pick(route.methods)
        status = pick(route.statuses) if method == "GET" else pick((200, 200, 201))
        took = min(max(rng.lognormvariate(math.log(route.median), route.spread), 0.001), 50.0)
        first, last = pick((0.0, 0.0, 0.001)), pick((0.0, 0.0, 0.0, 0.001))
        created = round(created, 6)
        upload = route.body // 2 + below(route.body * 3 // 2) if method != "GET" else 0
        row = Row(
            created=created, took=round(first + took + last + rng.uniform(0.0001, 0.0009), 6),
            node=pick(self.balancer.nodes), client=self._client(), target=target, group=route.group,
            listener=self.listener, times=(first, took, last), status=status, target_status=status,
            received=180 + below(720) + upload, sent=300 + below(21_700) if status == 200 else 120 + below(280),
            method=method, path=pick(route.paths), host=self.host, user_agent=pick(USER_AGENTS),
            trace=f"Root=1-{int(created):08x}-{rng.getrandbits(96):024x}",
            http="HTTP/2.0" if self.listener.protocol == "HTTPS" and rng.random() < 0.5 else "HTTP/1.1",
            priority=route.priority, fail_open=fail_open,
        )
        if target is None:
            unavailable(row)
        return row

    def _below(self, number: int) -> int:
        return int(self.rng.random() * number)

    def _pick(self, items: Sequence[T]) -> T:
        """As `random.choice`, several times faster: a seed makes a million choices."""
        return items[int(self.rng.random() * len(items))]

    def _client(self) -> str:
        below, port = self._below, 1024 + self._below(64_512)
        if below(100) < 12:
            return f"2001:db8:{1 + below(0xFFFE):x}:{1 + below(0xFFFE):x}::{1 + below(0xFFFE):x}:{port}"
        # The three networks that are set aside for documentation.
        network = self._pick(("192.0.2", "198.51.100", "203.0.113"))
        return f"{network}.{1 + below(254)}:{port}"


def unavailable(row: Row) -> None:
    """No target to choose: 503."""
    row.target, row.times, row.status, row.target_status = None, (-1, -1, -1), 503, None
    row.took, row.sent = 0.0004, 337


def refused(row: Row, rng: random.Random) -> None:
    """The target answered the connect with a reset: 502, all times -1."""
    row.times, row.status, row.target_status = (-1, -1, -1), 502, None
    row.took, row.sent = round(rng.uniform(0.0009, 0.0031), 6), 277


def connect_timed_out(row: Row, rng: random.Random) -> None:
    """Nothing answered the connect for ten seconds: 504, all times -1."""
    row.times, row.status, row.target_status = (-1, -1, -1), 504, None
    row.took, row.sent = round(rng.uniform(10.0002, 10.0098), 6), 304


def handshake_failed(row: Row, rng: random.Random) -> None:
    """The TLS handshake with the target failed: 502, all times -1."""
    refused(row, rng)
    row.took, row.tls_error = round(rng.uniform(0.0031, 0.0094), 6), True


def hung_up(row: Row, after: float, rng: random.Random) -> None:
    """The target closed the connection `after` seconds into the request: 502, last time -1."""
    row.times, row.status, row.target_status = (row.times[0], round(after, 3), -1), 502, None
    row.took, row.sent = round(row.times[0] + after + rng.uniform(0.0001, 0.0006), 6), 277


def answer_too_slow(row: Row, idle_timeout: float, rng: random.Random) -> None:
    """No answer within the idle timeout: 504; the target had the request all that time."""
    row.times, row.status, row.target_status = (row.times[0], -1, -1), 504, None
    row.took, row.sent = round(idle_timeout + rng.uniform(0.0003, 0.0091), 6), 304


def returned(row: Row, status: int, took: float) -> None:
    """The target itself answered with `status`."""
    row.status = row.target_status = status
    row.times = (row.times[0], round(took, 3), 0.0)
    row.took, row.sent = round(row.times[0] + took + 0.0004, 6), 313 if status >= 500 else row.sent


def invocation_failed(row: Row, reason: str, took: float) -> None:
    """The function gave no answer that could be passed on: 502, and why in error_reason."""
    row.times, row.status, row.target_status, row.error_reason = (0.0, round(took, 3), 0.0), 502, None, reason
    row.took, row.sent = round(took + 0.0004, 6), 277


def classic_closed(row: Row, rng: random.Random) -> None:
    """A Classic Load Balancer's instance closed the connection: 504, no backend in the log."""
    row.target, row.times, row.status, row.target_status = None, (-1, -1, -1), 504, None
    row.took, row.sent = round(rng.uniform(0.0004, 0.0013), 6), 0


def turned_away(row: Row, rng: random.Random) -> None:
    """A Classic Load Balancer's surge queue was full: 503, and no instance was asked."""
    row.target, row.times, row.status, row.target_status = None, (-1, -1, -1), 503, None
    row.took, row.sent, row.turned_away = round(rng.uniform(0.0002, 0.0009), 6), 0, True

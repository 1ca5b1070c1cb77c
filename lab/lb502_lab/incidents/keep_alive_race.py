"""Node's 5 s keep-alive behind the balancer's 60 s: idle connections close under requests.

Every 502 comes five seconds after the last answer of the same target: its socket closed at the
very moment the balancer reused it. Targets stay healthy (health checks open a fresh connection
each time) and answer no errors themselves.
"""

from __future__ import annotations

from datetime import timedelta

from lb502_lab.lab import Incident
from lb502_lab.story import Route, Row, Story, Traffic
from lb502_lab.story.traffic import hung_up

DESCRIPTION = "targets close idle connections after 5 s, the load balancer keeps them for 60 s"
_KEEP_ALIVE = 5.0
_RACES = 46
_RACES_BEFORE = 17  # the fault is as old as the service: the hour before has it too


def seed(story: Story) -> Incident:
    network = story.network()
    front = story.security_group(network, "checkout-alb", "checkout load balancer")
    back = story.security_group(network, "checkout-api", "checkout api")
    story.allow(front, 443, "0.0.0.0/0")
    story.allow(back, 3000, front)
    targets = story.instances(network, back, 4, 3000, "checkout-api")
    balancer = story.load_balancer(network, "checkout", front, attributes={"idle_timeout.timeout_seconds": "60"})
    group = story.target_group(network, "checkout-api", targets, port=3000)
    listener = story.listener(balancer, group)
    traffic = Traffic(balancer, listener, "checkout.example.com",
                      [Route(group, ["/api/cart", "/api/cart/items", "/api/prices", "/api/checkout"], median=0.03)],
                      38, story.rng)
    rows = traffic.rows(story.begin, story.until)
    for start, count in ((story.begin, _RACES_BEFORE), (story.start, _RACES)):
        rows = _race(story, traffic, rows, start.timestamp() + 30, 3500.0, count)
    for target in targets:
        story.cpu(target, lambda minute: 18)
    story.app_log("/checkout/api", [
        (story.begin - timedelta(hours=7, minutes=n), f"checkout-api listening on :3000 (node v20.19.5, pid {2113 + n})")
        for n in range(4)
    ])
    return story.tell(balancer, rows, DESCRIPTION, "keep-alive-shorter-than-idle-timeout", "cause_found")


def _race(story: Story, traffic: Traffic, rows: list[Row], start: float, span: float, count: int) -> list[Row]:
    """Put `count` races into [start, start + span): an answer, five idle seconds, a 502."""
    step = span / count
    for n in range(count):
        target = story.rng.choice(traffic.routes[0].group.targets)  # type: ignore[union-attr]
        good = traffic.row(start + n * step + story.rng.uniform(0, step - 10), target)
        good.status = good.target_status = 200
        bad = traffic.row(good.time + _KEEP_ALIVE + story.rng.uniform(-0.0006, 0.0011), target)
        bad.node = good.node
        hung_up(bad, story.rng.choice((0.0, 0.0, 0.001, 0.001, 0.002)), story.rng)
        # The connection was idle in between: nobody else was answered by this target.
        rows = [row for row in rows
                if row.target is not target or not (good.created - 0.5 < row.time < bad.time + 0.05)]
        rows += [good, bad]
    return sorted(rows, key=lambda row: row.created)

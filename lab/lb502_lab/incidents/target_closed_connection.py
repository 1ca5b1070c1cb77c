"""The application crashes in the middle of requests and is back a second later.

Whatever a server had in flight breaks together (≥0/tenths to seconds/-1). Nothing clusters
around an idle time, no route stands out, no health check notices, and there is no log that
says why: the honest answer is that the target hung up.
"""

from __future__ import annotations

from datetime import timedelta

from lb502_lab.lab import Incident
from lb502_lab.story import Route, Row, Story, Traffic
from lb502_lab.story.traffic import hung_up

DESCRIPTION = "targets crash in the middle of requests and come back at once"
_CRASHES = 19


def seed(story: Story) -> Incident:
    network = story.network()
    front = story.security_group(network, "quotes-alb", "quotes load balancer")
    back = story.security_group(network, "quotes-api", "quotes servers")
    story.allow(front, 443, "0.0.0.0/0")
    story.allow(back, 5000, front)
    targets = story.instances(network, back, 4, 5000, "quotes-api")
    balancer = story.load_balancer(network, "quotes", front)
    group = story.target_group(network, "quotes-api", targets, port=5000)
    listener = story.listener(balancer, group)
    traffic = Traffic(balancer, listener, "quotes.example.com",
                      [Route(group, ["/quotes", "/quotes/bulk", "/rates", "/rates/eur"], median=0.3, spread=0.8)],
                      92, story.rng)
    rows = traffic.rows(story.begin, story.until)
    first = story.start + timedelta(minutes=6)
    for n in range(_CRASHES):
        moment = first.timestamp() + n * 160 + story.rng.uniform(0, 120)
        rows = _crash(story, traffic, rows, moment, story.rng.choice(targets))
    for target in targets:
        story.cpu(target, lambda minute: 29)
    return story.tell(balancer, rows, DESCRIPTION, "target-closed-connection", "likely_cause")


def _crash(story: Story, traffic: Traffic, rows: list[Row], moment: float, target: object) -> list[Row]:
    """Break what `target` has in flight at `moment`; nothing reaches it for the next second."""
    kept = [row for row in rows if row.target is not target
            or row.time < moment - 0.02 or row.created > moment + 1.3]
    for _ in range(story.rng.choice((1, 2, 2, 3, 4))):
        age = story.rng.uniform(0.15, 3.4)
        row = traffic.row(moment - age - 0.001, target)  # type: ignore[arg-type]
        row.times = (0.0, row.times[1], row.times[2])
        hung_up(row, age, story.rng)
        kept.append(row)
    return sorted(kept, key=lambda row: row.created)

"""A nightly report lands on the web servers: CPU at its limit, answers slow, workers killed.

Traffic is as ever. While the report runs, answers take seconds, and the server's own watchdog
kills workers that take too long, with their requests in flight (≥0/seconds/-1). The health
check page is cheap and keeps passing.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from lb502_lab.lab import Incident
from lb502_lab.story import Route, Story, Traffic
from lb502_lab.story.traffic import hung_up, returned

DESCRIPTION = "targets are at their CPU limit while workers are killed in the middle of requests"


def seed(story: Story) -> Incident:
    begun, done = story.start + timedelta(minutes=14), story.start + timedelta(minutes=39)
    network = story.network()
    front = story.security_group(network, "reports-alb", "reports load balancer")
    back = story.security_group(network, "reports-web", "reports servers")
    story.allow(front, 443, "0.0.0.0/0")
    story.allow(back, 8000, front)
    targets = story.instances(network, back, 3, 8000, "reports-web", "t3.small")
    balancer = story.load_balancer(network, "reports", front, log_prefix="elb")
    group = story.target_group(network, "reports-web", targets, port=8000, HealthCheckTimeoutSeconds=15)
    listener = story.listener(balancer, group)
    traffic = Traffic(balancer, listener, "reports.example.com",
                      [Route(group, ["/dashboards/7", "/dashboards/7/data", "/exports"], median=0.14)], 47, story.rng)
    rows = traffic.rows(story.begin, story.until)

    def busy(at: datetime) -> bool:
        return begun <= at < done

    for row in rows:
        # Slowness comes up over four minutes; the first workers are killed after that.
        since = row.created - begun.timestamp()
        if not (0 <= since and row.created < done.timestamp() - 30):
            continue
        strain = min(since / 240, 1.0)
        if strain == 1.0 and story.rng.random() < 0.11:
            hung_up(row, story.rng.uniform(7.5, 24.0), story.rng)
        else:
            returned(row, row.status, row.times[1] * (1 + 34 * strain))
    for target in targets:
        story.cpu(target, lambda minute: 98.5 if busy(minute) else 33)
    return story.tell(balancer, rows, DESCRIPTION, "target-cpu-saturated", "cause_found")

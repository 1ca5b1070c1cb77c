"""The application on one of four targets is dead; an agent on another port keeps it healthy.

The health check asks port 8081, where an agent answers. Port 8080 refuses every connect: a
quarter of the requests get 502 with all times -1, and TargetConnectionErrorCount counts them.
"""

from __future__ import annotations

from datetime import timedelta

from lb502_lab.lab import Incident
from lb502_lab.story import Route, Story, Traffic
from lb502_lab.story.traffic import refused

DESCRIPTION = "nothing listens on the traffic port of one target, while its health check port answers"


def seed(story: Story) -> Incident:
    died = story.start + timedelta(minutes=12, seconds=40)
    network = story.network()
    front = story.security_group(network, "billing-alb", "billing load balancer")
    back = story.security_group(network, "billing-api", "billing servers")
    story.allow(front, 443, "0.0.0.0/0")
    story.allow(back, (8080, 8081), front)
    targets = story.instances(network, back, 4, 8080, "billing-api")
    balancer = story.load_balancer(network, "billing", front)
    group = story.target_group(network, "billing-api", targets, HealthCheckPort="8081", HealthCheckPath="/agent/health")
    listener = story.listener(balancer, group)
    traffic = Traffic(balancer, listener, "billing.example.com",
                      [Route(group, ["/invoices", "/invoices/2026-10", "/payments"], median=0.09)], 36, story.rng)
    rows = traffic.rows(story.begin, story.until)
    dead = targets[2]
    for row in rows:
        if row.target is dead and row.time >= died.timestamp():
            refused(row, story.rng)
    for target in targets:
        story.cpu(target, lambda minute: 2 if target is dead and minute >= died else 19)
    return story.tell(balancer, rows, DESCRIPTION, "target-refused-connection", "cause_found")

"""A flash sale: requests grow, answers slow down, and then the listen queues are full.

Requests go up step by step from minute 16 on. Every worker waits for the same database, so answers
become slow from minute 19 on. From minute 25 to the end of the rush at minute 41 the servers have no
place for more connections: most new ones are reset (502), some dropped (504). CPU stays moderate, the
health checks have a listener of their own, and what was accepted is answered.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from lb502_lab.lab import Incident
from lb502_lab.story import Route, Story, Traffic
from lb502_lab.story.traffic import connect_timed_out, refused, returned

DESCRIPTION = "targets refuse connections under a rush, after their answers have become slow"


def seed(story: Story) -> Incident:
    def minutes(n: float) -> datetime:
        return story.start + timedelta(minutes=n)

    slow, full, over = minutes(19), minutes(25), minutes(41)
    network = story.network()
    front = story.security_group(network, "sale-alb", "sale load balancer")
    back = story.security_group(network, "sale-web", "sale servers")
    story.allow(front, 443, "0.0.0.0/0")
    story.allow(back, (8080, 8090), front)
    targets = story.instances(network, back, 4, 8080, "sale-web")
    balancer = story.load_balancer(network, "sale", front)
    group = story.target_group(network, "sale-web", targets, HealthCheckPort="8090", HealthCheckPath="/live")
    listener = story.listener(balancer, group)

    def rate(at: datetime) -> float:
        if minutes(16) <= at < over:
            return 1.6 + min((at - minutes(16)).total_seconds() / 240, 2.0)
        return 1.0

    traffic = Traffic(balancer, listener, "sale.example.com",
                      [Route(group, ["/", "/deals", "/deals/1182", "/basket"], median=0.06)], 110, story.rng, rate)
    rows = traffic.rows(story.begin, story.until)
    for row in rows:
        if not slow.timestamp() <= row.created < over.timestamp():
            continue
        strain = min((row.created - slow.timestamp()) / 360, 1.0)
        chance = story.rng.random()
        if row.created >= full.timestamp() and chance < 0.05:
            refused(row, story.rng)
        elif row.created >= full.timestamp() and chance < 0.056:
            connect_timed_out(row, story.rng)
        else:
            returned(row, row.status, row.times[1] * (1 + 30 * strain))
    for target in targets:
        story.cpu(target, lambda minute: 46 if slow <= minute < over else 21)
    return story.tell(balancer, rows, DESCRIPTION, "target-connections-exhausted", "cause_found")

"""One of four servers loses its database again and again: its health page says 503.

Until two checks have failed, requests still go there, and the server hangs up on them after a
moment. Then the balancer takes it out; it comes back; it fails again. It is out right now.
"""

from __future__ import annotations

from datetime import timedelta

from lb502_lab.lab import Incident
from lb502_lab.story import Health, Route, Story, Traffic
from lb502_lab.story.story import failing
from lb502_lab.story.traffic import hung_up

DESCRIPTION = "one of four targets keeps failing its health checks with 503"


def seed(story: Story) -> Incident:
    network = story.network()
    front = story.security_group(network, "ledger-alb", "ledger load balancer")
    back = story.security_group(network, "ledger-api", "ledger servers")
    story.allow(front, 443, "0.0.0.0/0")
    story.allow(back, 8090, front)
    targets = story.instances(network, back, 4, 8090, "ledger-api")
    sick = targets[3]
    balancer = story.load_balancer(network, "ledger", front)
    group = story.target_group(network, "ledger-api", targets, port=8090, HealthCheckPath="/health/ready")
    listener = story.listener(balancer, group)
    spells = []
    for minutes, seconds in ((8, 11), (21, 46), (33, 5), (47, 29)):
        begun = story.start + timedelta(minutes=minutes, seconds=seconds)
        found = begun + timedelta(seconds=story.rng.randint(38, 58))
        spells.append((begun.timestamp(), found.timestamp()))
        sick.health.append(failing(found, "Target.ResponseCodeMismatch",
                                   "Health checks failed with these codes: [503]"))
        if minutes != 47:
            sick.health.append(Health(found + timedelta(minutes=4, seconds=30)))
    traffic = Traffic(balancer, listener, "ledger.example.com",
                      [Route(group, ["/entries", "/entries/2026", "/balance"], median=0.08)], 66, story.rng)
    rows = traffic.rows(story.begin, story.until)
    for row in rows:
        if row.target is sick and any(begun <= row.created < found for begun, found in spells):
            hung_up(row, story.rng.uniform(0.2, 1.6), story.rng)
    for target in targets:
        story.cpu(target, lambda minute: 20)
    return story.tell(balancer, rows, DESCRIPTION, "targets-failing-health-checks", "cause_found")

"""Access logs are off: only metrics say what happened.

The process of one of three targets is dead on its traffic port; its health check asks another
port. TargetConnectionErrorCount counts what HTTPCode_ELB_502_Count counts, minute by minute.
"""

from __future__ import annotations

from datetime import timedelta

from lb502_lab.lab import Incident
from lb502_lab.story import Route, Story, Traffic
from lb502_lab.story.traffic import refused

DESCRIPTION = "one target refuses connections, and access logs are off"


def seed(story: Story) -> Incident:
    died = story.start + timedelta(minutes=16, seconds=9)
    network = story.network()
    front = story.security_group(network, "survey-alb", "survey load balancer")
    back = story.security_group(network, "survey-api", "survey servers")
    story.allow(front, 80, "0.0.0.0/0")
    story.allow(back, (8080, 8081), front)
    targets = story.instances(network, back, 3, 8080, "survey-api")
    balancer = story.load_balancer(network, "survey", front, logs=False)
    group = story.target_group(network, "survey-api", targets, HealthCheckPort="8081")
    listener = story.listener(balancer, group, "HTTP", 80)
    traffic = Traffic(balancer, listener, "survey.example.com", [Route(group, ["/forms/3", "/answers"], median=0.05)],
                      40, story.rng)
    rows = traffic.rows(story.begin, story.until)
    for row in rows:
        if row.target is targets[1] and row.time >= died.timestamp():
            refused(row, story.rng)
    for target in targets:
        story.cpu(target, lambda minute: 16)
    return story.tell(balancer, rows, DESCRIPTION, "target-refused-connection", "likely_cause")

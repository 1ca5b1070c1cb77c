"""The listener's certificate ended yesterday: clients turn away, and nobody sees a 502.

Browsers refuse the handshake (ClientTLSNegotiationErrorCount); only a few scripts that do not
check certificates still get through, and those are answered well.
"""

from __future__ import annotations

from datetime import timedelta

from lb502_lab.lab import Incident
from lb502_lab.story import Route, Story, Traffic

DESCRIPTION = "the listener's certificate expired yesterday; clients fail, but not with 502"


def seed(story: Story) -> Incident:
    network = story.network()
    front = story.security_group(network, "portal-alb", "portal load balancer")
    back = story.security_group(network, "portal-web", "portal web servers")
    story.allow(front, 443, "0.0.0.0/0")
    story.allow(back, 8080, front)
    targets = story.instances(network, back, 2, 8080, "portal-web")
    balancer = story.load_balancer(network, "portal", front)
    group = story.target_group(network, "portal-web", targets)
    ended = story.now.replace(hour=23, minute=59, second=59) - timedelta(days=1)
    listener = story.listener(balancer, group, certificate=story.certificate("portal.example.com", ended))
    traffic = Traffic(balancer, listener, "portal.example.com",
                      [Route(group, ["/", "/login", "/feed.xml"], median=0.035)], 4, story.rng)
    rows = traffic.rows(story.begin, story.until)
    minute = story.begin
    while minute < story.until:
        for node in balancer.nodes:
            turned_away = [1.0] * story.rng.randint(9, 21)
            for dimensions in ({"LoadBalancer": balancer.dimension},
                               {"LoadBalancer": balancer.dimension, "AvailabilityZone": node.zone}):
                story.stores.metrics.put("AWS/ApplicationELB", "ClientTLSNegotiationErrorCount", dimensions, minute,
                                         turned_away)
        minute += timedelta(minutes=1)
    for target in targets:
        story.cpu(target, lambda minute: 5)
    return story.tell(balancer, rows, DESCRIPTION, "listener-certificate-expired", "cause_found")

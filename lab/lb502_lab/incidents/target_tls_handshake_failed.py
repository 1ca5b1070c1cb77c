"""Two of three targets were set to TLS 1.3 only; the balancer offers them 1.2 at most.

The listener's policy has no TLS 1.3, so the balancer speaks ELBSecurityPolicy-2016-08 to the
targets. Their handshakes fail: 502, all times -1, TargetTLSNegotiationErrorCount. The health
check runs over plain HTTP on another port and passes.
"""

from __future__ import annotations

from datetime import timedelta

from lb502_lab.lab import Incident
from lb502_lab.story import Route, Story, Traffic
from lb502_lab.story.traffic import handshake_failed

DESCRIPTION = "two targets accept only TLS 1.3, which the load balancer does not offer them"


def seed(story: Story) -> Incident:
    changed = story.start + timedelta(minutes=20, seconds=15)
    network = story.network()
    front = story.security_group(network, "identity-alb", "identity load balancer")
    back = story.security_group(network, "identity-api", "identity servers")
    story.allow(front, 443, "0.0.0.0/0")
    story.allow(back, 8443, front)
    story.allow(back, 8080, front)
    targets = story.instances(network, back, 3, 8443, "identity-api")
    balancer = story.load_balancer(network, "identity", front)
    group = story.target_group(network, "identity-api", targets, "HTTPS", 8443, HealthCheckProtocol="HTTP",
                               HealthCheckPort="8080")
    listener = story.listener(balancer, group, policy="ELBSecurityPolicy-TLS-1-2-2017-01")
    traffic = Traffic(balancer, listener, "identity.example.com",
                      [Route(group, ["/token", "/userinfo", "/.well-known/jwks.json"], median=0.018)], 33, story.rng)
    rows = traffic.rows(story.begin, story.until)
    for row in rows:
        if row.target in targets[:2] and row.time >= changed.timestamp():
            handshake_failed(row, story.rng)
    for target in targets:
        story.cpu(target, lambda minute: 12)
    return story.tell(balancer, rows, DESCRIPTION, "target-tls-handshake-failed", "cause_found")

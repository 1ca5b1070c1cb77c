"""Somebody hardens a private subnet's network ACL and forgets the port of the application.

A deny for everything below 9000 gets a smaller number than the entry that let the load balancer in. New
requests to the targets of that zone are dropped: 504 after ten seconds. The health check asks port 9100,
which is still open, so the targets stay in rotation.
"""

from __future__ import annotations

from datetime import timedelta

from lb502_lab.lab import Incident
from lb502_lab.story import Route, Story, Traffic
from lb502_lab.story.traffic import connect_timed_out

DESCRIPTION = "a network ACL denies the load balancer's requests to the targets of one zone"


def seed(story: Story) -> Incident:
    cut = story.start + timedelta(minutes=31, seconds=17)
    network = story.network()
    front = story.security_group(network, "treasury-alb", "treasury load balancer")
    back = story.security_group(network, "treasury-api", "treasury servers")
    story.allow(front, 443, "0.0.0.0/0")
    story.allow(back, (7443, 9100), front)
    targets = story.instances(network, back, 4, 7443, "treasury-api")
    acl = story.network_acl(network.private[0], [
        (40, "deny", False, (0, 8999), "10.0.0.0/8"),
        (100, "allow", False, None, "0.0.0.0/0"),
        (100, "allow", True, None, "0.0.0.0/0"),
    ])
    balancer = story.load_balancer(network, "treasury", front)
    group = story.target_group(network, "treasury-api", targets, port=7443, HealthCheckPort="9100")
    listener = story.listener(balancer, group)
    lost = [target for target in targets if target.zone == network.private[0].zone]
    traffic = Traffic(balancer, listener, "treasury.example.com",
                      [Route(group, ["/accounts/7", "/accounts/7/entries", "/balance"], median=0.05)], 26, story.rng)
    rows = traffic.rows(story.begin, story.until)
    for row in rows:
        if row.target in lost and row.created >= cut.timestamp():
            connect_timed_out(row, story.rng)
    for target in targets:
        story.cpu(target, lambda minute: 18)
    story.changed(cut, "CreateNetworkAclEntry", "ec2.amazonaws.com", "secops", [("AWS::EC2::NetworkAcl", acl)],
                  {"networkAclId": acl, "egress": False, "ruleNumber": 40, "ruleAction": "deny"})
    return story.tell(balancer, rows, DESCRIPTION, "network-acl-blocks-request", "cause_found")

"""A network ACL of one private subnet loses the rule that let answers out.

Requests reach the targets of that zone, answers on 1024–65535 do not come back. ACLs keep no
state: connections that stood wait until the idle timeout, new ones time out after ten seconds.
All of it is 504. Ten missed health checks later the targets are out of rotation.
"""

from __future__ import annotations

from datetime import timedelta

from lb502_lab.lab import Incident
from lb502_lab.story import Route, Story, Traffic
from lb502_lab.story.story import failing
from lb502_lab.story.traffic import answer_too_slow, connect_timed_out

DESCRIPTION = "a network ACL drops the answers of the targets in one zone"


def seed(story: Story) -> Incident:
    cut = story.start + timedelta(minutes=26, seconds=4)
    network = story.network()
    front = story.security_group(network, "media-alb", "media load balancer")
    back = story.security_group(network, "media-api", "media servers")
    story.allow(front, 80, "0.0.0.0/0")
    story.allow(back, 7000, front)
    targets = story.instances(network, back, 4, 7000, "media-api")
    acl = story.network_acl(network.private[1], [
        (100, "allow", False, None, "0.0.0.0/0"),
        (100, "allow", True, (443, 443), "0.0.0.0/0"),
        (110, "allow", True, (5432, 5432), network.cidr),
    ])
    balancer = story.load_balancer(network, "media", front, attributes={"idle_timeout.timeout_seconds": "30"})
    group = story.target_group(network, "media-api", targets, port=7000, UnhealthyThresholdCount=10)
    listener = story.listener(balancer, group, "HTTP", 80)
    lost = [target for target in targets if target.zone == network.private[1].zone]
    for n, target in enumerate(lost):
        target.health = [failing(cut + timedelta(seconds=286 + 9 * n), "Target.Timeout", "Request timed out")]
    traffic = Traffic(balancer, listener, "media.example.com",
                      [Route(group, ["/clips/8", "/clips/8/thumb", "/live"], median=0.11)], 30, story.rng)
    rows = traffic.rows(story.begin, story.until)
    for row in rows:
        if row.target in lost and row.time >= cut.timestamp():
            if row.created < cut.timestamp() + 40:
                answer_too_slow(row, 30, story.rng)
            else:
                connect_timed_out(row, story.rng)
    for target in targets:
        story.cpu(target, lambda minute: 27)
    story.changed(cut, "DeleteNetworkAclEntry", "ec2.amazonaws.com", "netops", [("AWS::EC2::NetworkAcl", acl)],
                  {"networkAclId": acl, "egress": True, "ruleNumber": 120})
    return story.tell(balancer, rows, DESCRIPTION, "network-acl-blocks-return", "cause_found")

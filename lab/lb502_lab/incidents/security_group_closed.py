"""Somebody revokes the inbound rule of the blue servers' security group; the green are fine.

New connections to the blue servers time out after ten seconds: 504, not 502. Connections that
stood before go on for a while, since security groups track them. Health checks come every
minute and give up after five: until then half of the requests go nowhere.
"""

from __future__ import annotations

from datetime import timedelta

from lb502_lab.lab import Incident
from lb502_lab.story import Route, Story, Traffic
from lb502_lab.story.story import failing
from lb502_lab.story.traffic import connect_timed_out

DESCRIPTION = "no inbound rule lets the load balancer reach two of the four orders servers"


def seed(story: Story) -> Incident:
    closed = story.start + timedelta(minutes=21, seconds=33)
    network = story.network()
    front = story.security_group(network, "orders-alb", "orders load balancer")
    green_group = story.security_group(network, "orders-green", "orders servers, green")
    blue_group = story.security_group(network, "orders-blue", "orders servers, blue")
    story.allow(front, 443, "0.0.0.0/0")
    story.allow(green_group, 8443, front)
    story.allow(blue_group, 22, network.cidr)  # what the revocation left
    green = story.instances(network, green_group, 2, 8443, "orders-green")
    blue = story.instances(network, blue_group, 2, 8443, "orders-blue")
    balancer = story.load_balancer(network, "orders", front, log_prefix="lb/orders")
    group = story.target_group(network, "orders-api", green + blue, port=8443, HealthCheckIntervalSeconds=60,
                               UnhealthyThresholdCount=5, HealthCheckTimeoutSeconds=10)
    listener = story.listener(balancer, group)
    for n, target in enumerate(blue):
        target.health = [failing(closed + timedelta(seconds=288 + 11 * n), "Target.Timeout", "Request timed out")]
    traffic = Traffic(balancer, listener, "orders.example.com",
                      [Route(group, ["/orders", "/orders/open", "/orders/31337/items"], median=0.07)], 44, story.rng)
    rows = traffic.rows(story.begin, story.until)
    for row in rows:
        since = row.created - closed.timestamp()
        if row.target in blue and since > 0 and story.rng.random() < min(0.55 + since / 90, 1.0):
            connect_timed_out(row, story.rng)
    for target in green + blue:
        story.cpu(target, lambda minute: 22)
    story.changed(closed, "RevokeSecurityGroupIngress", "ec2.amazonaws.com", "marek",
                  [("AWS::EC2::SecurityGroup", blue_group)],
                  {"groupId": blue_group, "ipPermissions": {"items": [
                      {"ipProtocol": "tcp", "fromPort": 8443, "toPort": 8443,
                       "groups": {"items": [{"groupId": front}]}}]}})
    return story.tell(balancer, rows, DESCRIPTION, "security-group-blocks-target", "cause_found")

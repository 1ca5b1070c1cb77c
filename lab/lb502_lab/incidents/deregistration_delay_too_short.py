"""Machines are replaced the right way, but exports take longer than the drain allows.

Three of six machines are deregistered one after the other, left alone for the deregistration
delay of 40 seconds, and terminated. Exports take one to four minutes: those that are running
when the delay is over are cut (≥0/long/-1). Everything else is short and unharmed.
"""

from __future__ import annotations

from datetime import timedelta

from lb502_lab.lab import Incident
from lb502_lab.story import Health, Route, Story, Traffic
from lb502_lab.story.traffic import hung_up

DESCRIPTION = "the deregistration delay cuts exports that take minutes"
_DELAY = 40


def seed(story: Story) -> Incident:
    network = story.network()
    front = story.security_group(network, "bookkeeping-alb", "bookkeeping load balancer")
    back = story.security_group(network, "bookkeeping-web", "bookkeeping servers")
    story.allow(front, 443, "0.0.0.0/0")
    story.allow(back, 8081, front)
    targets = story.instances(network, back, 6, 8081, "bookkeeping-web", "m7g.large")
    leaving = targets[:3]
    balancer = story.load_balancer(network, "bookkeeping", front, attributes={"idle_timeout.timeout_seconds": "300"})
    group = story.target_group(network, "bookkeeping-web", targets, port=8081,
                               attributes={"deregistration_delay.timeout_seconds": str(_DELAY)})
    listener = story.listener(balancer, group)
    short = Route(group, ["/accounts/88", "/journal", "/journal/2026-11"], median=0.06)
    exports = Route(group, ["/exports/annual.csv"], median=45, spread=0.1, methods=("GET",), statuses=(200,))
    traffic = Traffic(balancer, listener, "bookkeeping.example.com", [short], 130, story.rng)
    rows = []
    for n, target in enumerate(leaving):
        out = story.start + timedelta(minutes=18 + 7 * n, seconds=11 * n + 3)
        over = out + timedelta(seconds=_DELAY)
        target.health = [
            Health(out, "draining", "Target.DeregistrationInProgress", "Target deregistration is in progress"),
            Health(over, "unused", "Target.NotRegistered", "Target is not registered"),
        ]
        for _ in range(3):
            # Asked for before the drain began, and far from done when it is over.
            row = traffic.row(out.timestamp() - story.rng.uniform(4, 70), target, exports)
            hung_up(row, over.timestamp() + story.rng.uniform(0.1, 1.2) - row.created, story.rng)
            rows.append(row)
        by_hand = {"targetGroupArn": group.arn, "targets": [{"id": target.id}]}
        story.changed(out, "DeregisterTargets", "elasticloadbalancing.amazonaws.com", "rollout",
                      [], by_hand)
        story.changed(over + timedelta(seconds=6), "TerminateInstances", "ec2.amazonaws.com", "rollout",
                      [("AWS::EC2::Instance", target.id)],
                      {"instancesSet": {"items": [{"instanceId": target.id}]}})
        story.cpu(target, lambda minute: 35, until=over)
    for target in targets[3:]:
        story.cpu(target, lambda minute: 35)
    rows += traffic.rows(story.begin, story.until)
    rows.sort(key=lambda row: row.created)
    return story.tell(balancer, rows, DESCRIPTION, "deregistration-delay-too-short", "cause_found")

"""A big balancer: twelve groups, two hundred targets, one group with three dead processes.

For paging, request budgets and tables that stay readable.
"""

from __future__ import annotations

from datetime import timedelta

from lb502_lab.lab import Incident
from lb502_lab.story import Route, Story, Traffic
from lb502_lab.story.traffic import refused

DESCRIPTION = "200 targets in 12 groups; three targets of one group refuse connections"
_GROUPS = ("cart", "catalog", "checkout", "content", "coupons", "identity", "inventory", "mail", "reviews", "search",
           "shipping", "tax")
_SIZES = (16, 24, 16, 12, 8, 20, 24, 8, 16, 32, 16, 8)


def seed(story: Story) -> Incident:
    died = story.start + timedelta(minutes=24, seconds=31)
    network = story.network(("a", "b", "c"))
    front = story.security_group(network, "platform-alb", "platform load balancer")
    story.allow(front, 443, "0.0.0.0/0")
    balancer = story.load_balancer(network, "platform-edge-production", front, log_prefix="edge/prod")
    groups = []
    for n, (name, size) in enumerate(zip(_GROUPS, _SIZES)):
        back = story.security_group(network, f"platform-{name}", f"{name} servers")
        port = 8100 + n
        story.allow(back, port, front)
        story.allow(back, 9400, front)
        targets = story.instances(network, back, size, port, f"platform-{name}")
        groups.append(story.target_group(network, f"platform-{name}", targets, port=port, HealthCheckPort="9400",
                                         HealthCheckPath="/live"))
    listener = story.listener(balancer, groups[1])
    for n, group in enumerate(groups):
        story.rule(balancer, listener, (n + 1) * 10, f"/{_GROUPS[n]}/*", group)
    routes = [Route(group, [f"/{name}/", f"/{name}/1", f"/{name}/2"], size, 0.04, priority=str((n + 1) * 10))
              for n, (name, size, group) in enumerate(zip(_GROUPS, _SIZES, groups))]
    rows = Traffic(balancer, listener, "platform.example.com", routes, 110, story.rng).rows(story.begin, story.until)
    dead = groups[6].targets[3:6]
    for row in rows:
        if row.time >= died.timestamp() and any(row.target is one for one in dead):
            refused(row, story.rng)
    for group in groups:
        for target in group.targets:
            story.cpu(target, lambda minute: 17)
    return story.tell(balancer, rows, DESCRIPTION, "target-refused-connection", "cause_found")

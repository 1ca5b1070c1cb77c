"""Apache's 5 s keep-alive behind a Classic Load Balancer's 60 s: the same race, as 504.

A Classic Load Balancer answers 504, not 502, when an instance closes the connection it reuses,
and logs no backend for it.
"""

from __future__ import annotations

from datetime import timedelta

from lb502_lab.lab import Incident
from lb502_lab.story import Route, Story, Traffic
from lb502_lab.story.traffic import classic_closed

DESCRIPTION = "a Classic Load Balancer's instances close idle connections after 5 s: 504, not 502"
_RACES = 41


def seed(story: Story) -> Incident:
    network = story.network()
    front = story.security_group(network, "intranet-elb", "intranet load balancer")
    back = story.security_group(network, "intranet-web", "intranet web servers")
    story.allow(front, 80, "0.0.0.0/0")
    story.allow(back, 80, front)
    targets = story.instances(network, back, 2, 80, "intranet-web")
    balancer = story.classic_load_balancer(network, "intranet", front, targets, 80)
    traffic = Traffic(balancer, balancer.listeners[0], "intranet.example.com",
                      [Route(None, ["/", "/wiki/Home", "/people?q=jo"], median=0.05)], 15, story.rng,
                      classic_targets=targets)
    rows = traffic.rows(story.begin, story.until)
    for start, count in ((story.begin, _RACES // 2), (story.start, _RACES)):
        step = 3500.0 / count
        for n in range(count):
            target = story.rng.choice(targets)
            good = traffic.row(start.timestamp() + 30 + n * step + story.rng.uniform(0, step - 10), target)
            good.status = good.target_status = 200
            bad = traffic.row(good.time + 5.0 + story.rng.uniform(-0.0006, 0.0011), target)
            bad.node = good.node
            classic_closed(bad, story.rng)
            # The instance's other connections were quiet as well.
            rows = [row for row in rows if row.target is not target
                    or not (good.created - 0.5 < row.time < bad.time + 0.05)]
            rows += [good, bad]
    rows.sort(key=lambda row: row.created)
    for target in targets:
        story.cpu(target, lambda minute: 11)
    story.app_log("/intranet/httpd", [
        (story.begin - timedelta(days=2, minutes=n), "[mpm_event:notice] Apache/2.4.65 (Debian) configured -- resuming normal operations")
        for n in range(2)
    ])
    return story.tell_classic(balancer, rows, DESCRIPTION, "keep-alive-shorter-than-idle-timeout", "likely_cause")

"""nginx on the targets answers 502 by itself: the application behind it is gone on two of three.

The load balancer passes the answer on (502 and 502 in the log, HTTPCode_Target_5XX, no
HTTPCode_ELB_502). The health check asks nginx alone, so all targets stay healthy.
"""

from __future__ import annotations

from datetime import timedelta

from lb502_lab.lab import Incident
from lb502_lab.story import Route, Story, Traffic
from lb502_lab.story.traffic import returned

DESCRIPTION = "nginx on the targets answers 502 because the application behind it is down"


def seed(story: Story) -> Incident:
    down, up = story.start + timedelta(minutes=9, seconds=12), story.start + timedelta(minutes=37, seconds=50)
    network = story.network()
    front = story.security_group(network, "tickets-alb", "tickets load balancer")
    back = story.security_group(network, "tickets-nginx", "tickets web servers")
    story.allow(front, 80, "0.0.0.0/0")
    story.allow(back, 80, front)
    targets = story.instances(network, back, 3, 80, "tickets-nginx")
    balancer = story.load_balancer(network, "tickets", front)
    group = story.target_group(network, "tickets-nginx", targets, port=80, HealthCheckPath="/nginx-health")
    listener = story.listener(balancer, group, "HTTP", 80)
    traffic = Traffic(balancer, listener, "tickets.example.com",
                      [Route(group, ["/", "/events/55", "/events/55/seats", "/basket"], median=0.06)], 58, story.rng)
    rows = traffic.rows(story.begin, story.until)
    errors = []
    for row in rows:
        if down.timestamp() <= row.created < up.timestamp() and row.target in targets[:2]:
            returned(row, 502, story.rng.choice((0.0, 0.001, 0.001, 0.002)))
            errors.append(row)
    for target in targets:
        story.cpu(target, lambda minute: 15)
    story.app_log("/tickets/nginx/error", [
        (down + timedelta(seconds=row.created - down.timestamp()),
         f"[error] 31#31: *{9000 + n} connect() failed (111: Connection refused) while connecting to upstream, "
         f'request: "{row.method} {row.path} HTTP/1.1", upstream: "http://127.0.0.1:8000{row.path}"')
        for n, row in enumerate(errors)
    ])
    return story.tell(balancer, rows, DESCRIPTION, "target-returned-502", "cause_found")

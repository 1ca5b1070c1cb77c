"""Registration opens behind a Classic Load Balancer, and its surge queue overflows.

Three times the usual requests, and each is held by a lock in the database for seconds. The queue of
1,024 is full after four minutes; from then on until the lock is gone some requests are turned away with
503, and SpilloverCount counts each of them.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from lb502_lab.lab import Incident
from lb502_lab.story import Route, Story, Traffic
from lb502_lab.story.traffic import returned, turned_away

DESCRIPTION = "the surge queue of a Classic Load Balancer is full and requests are turned away with 503"


def seed(story: Story) -> Incident:
    opened, full, over = (story.start + timedelta(minutes=n) for n in (22, 26, 38))
    network = story.network()
    front = story.security_group(network, "courses-elb", "courses load balancer")
    back = story.security_group(network, "courses-web", "courses web servers")
    story.allow(front, 80, "0.0.0.0/0")
    story.allow(back, 8000, front)
    targets = story.instances(network, back, 3, 8000, "courses-web")
    balancer = story.classic_load_balancer(network, "courses", front, targets, 8000)
    traffic = Traffic(balancer, balancer.listeners[0], "courses.example.com",
                      [Route(None, ["/courses", "/courses/77/register", "/login"], median=0.09)], 40, story.rng,
                      rate=lambda at: 3.0 if opened <= at < over else 1.0, classic_targets=targets)
    rows = traffic.rows(story.begin, story.until)
    for row in rows:
        if not opened.timestamp() <= row.created < over.timestamp():
            continue
        if row.created >= full.timestamp() and story.rng.random() < 0.3:
            turned_away(row, story.rng)
        else:
            returned(row, row.status, story.rng.uniform(3.0, 11.0))

    def queue(at: datetime) -> float:
        if full <= at < over:
            return 1024
        if opened <= at < full:
            return 230 * (1 + (at - opened).total_seconds() // 60)
        return story.rng.randint(0, 4)

    for target in targets:
        story.cpu(target, lambda minute: 34 if opened <= minute < over else 14)
    return story.tell_classic(balancer, rows, DESCRIPTION, "surge-queue-overflow", "cause_found", queue)

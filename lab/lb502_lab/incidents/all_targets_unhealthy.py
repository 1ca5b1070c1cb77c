"""A bad release kills the process on every target; the balancer fails open onto the dead.

Connects are refused from the release on. A minute later all targets are unhealthy, and since
none is left, requests still go to them: 502, all times -1, UnhealthyRoutingRequestCount. The
images group on the same balancer is fine.
"""

from __future__ import annotations

from datetime import timedelta

from lb502_lab.lab import Incident
from lb502_lab.story import Route, Story, Traffic
from lb502_lab.story.story import failing
from lb502_lab.story.traffic import refused

DESCRIPTION = "every target of the search group is unhealthy and the load balancer fails open onto them"


def seed(story: Story) -> Incident:
    died = story.start + timedelta(minutes=18, seconds=7)
    network = story.network()
    front = story.security_group(network, "search-alb", "search load balancer")
    back = story.security_group(network, "search-api", "search servers")
    story.allow(front, 80, "0.0.0.0/0")
    story.allow(back, (9000, 9100), front)
    search = story.instances(network, back, 3, 9000, "search-api", "c7g.large")
    images = story.instances(network, back, 2, 9100, "search-images")
    balancer = story.load_balancer(network, "search", front, log_prefix="")
    api = story.target_group(network, "search-api", search, port=9000, HealthCheckPath="/ready")
    files = story.target_group(network, "search-images", images, port=9100, HealthCheckPath="/ready")
    listener = story.listener(balancer, api, "HTTP", 80)
    story.rule(balancer, listener, 10, "/images/*", files)
    for n, target in enumerate(search):
        target.health = [failing(died + timedelta(seconds=41 + 6 * n), "Target.FailedHealthChecks", "Health checks failed")]
    traffic = Traffic(balancer, listener, "search.example.com", [
        Route(api, ["/v2/search?q=oak+table", "/v2/suggest?q=oa", "/v2/facets"], 3, 0.05),
        Route(files, ["/images/1881.webp", "/images/77.webp"], 1, 0.008, priority="10", methods=("GET",)),
    ], 52, story.rng)
    rows = traffic.rows(story.begin, story.until)
    for row in rows:
        if row.group is api and row.time >= died.timestamp():
            refused(row, story.rng)
    for target in search:
        story.cpu(target, lambda minute: 31 if minute < died else 2)
    for target in images:
        story.cpu(target, lambda minute: 9)
    story.changed(died - timedelta(seconds=38), "SendCommand", "ssm.amazonaws.com", "release-bot",
                  [("AWS::EC2::Instance", target.id) for target in search],
                  {"documentName": "AWS-RunShellScript", "comment": "deploy search-api 2.41.0"})
    return story.tell(balancer, rows, DESCRIPTION, "all-targets-unhealthy", "cause_found")

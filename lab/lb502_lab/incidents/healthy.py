"""Nothing is wrong: four targets answer, nobody sees a 5xx.

Some clients ask for pages that do not exist and some deploys happened long ago: what a healthy
balancer looks like, not an empty one.
"""

from __future__ import annotations

from datetime import timedelta

from lb502_lab.lab import Incident
from lb502_lab.story import Route, Story, Traffic

DESCRIPTION = "no 502s: every target answers, and nothing is misconfigured"


def seed(story: Story) -> Incident:
    network = story.network()
    front = story.security_group(network, "catalogue-alb", "catalogue load balancer")
    back = story.security_group(network, "catalogue-web", "catalogue web servers")
    story.allow(front, 443, "0.0.0.0/0")
    story.allow(back, 8080, front)
    offices = story.prefix_list("offices", {"192.0.2.0/25": "Tallinn", "198.51.100.16/28": "Turku"})
    story.allow(back, 22, offices)
    targets = story.instances(network, back, 4, 8080, "catalogue-web", "m7g.large")
    balancer = story.load_balancer(network, "catalogue", front)
    group = story.target_group(network, "catalogue-web", targets)
    listener = story.listener(balancer, group)
    story.also_serve(listener, story.iam_certificate(
        "catalogue-2024", ["katalog.example.org", "*.katalog.example.org"], story.now + timedelta(days=200)))
    traffic = Traffic(balancer, listener, "catalogue.example.com",
                      [Route(group, ["/", "/products", "/products/4711", "/search?q=lamp"], median=0.022)],
                      64, story.rng)
    rows = traffic.rows(story.begin, story.until)
    for target in targets:
        story.cpu(target, lambda minute: 24)
    story.changed(story.begin - timedelta(days=3), "ModifyTargetGroupAttributes", "elasticloadbalancing.amazonaws.com",
                  "ines", [("AWS::ElasticLoadBalancingV2::TargetGroup", group.arn)], {"targetGroupArn": group.arn})
    return story.tell(balancer, rows, DESCRIPTION, None, "no_fault_found")

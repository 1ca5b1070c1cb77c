"""A campaign needs more invocations at once than are reserved for the function.

For a quarter of an hour two requests in five are refused by Lambda within milliseconds: 502 with
the error reason LambdaThrottling, Throttles of the function in the same minutes, and
ConcurrentExecutions at the reserved eight.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from lb502_lab.lab import Incident
from lb502_lab.story import Route, Story, Traffic
from lb502_lab.story.traffic import invocation_failed

DESCRIPTION = "a Lambda function meets its reserved concurrency in a campaign"
_RESERVED = 8


def seed(story: Story) -> Incident:
    begun, over = story.start + timedelta(minutes=20), story.start + timedelta(minutes=36)

    def campaign(at: datetime) -> bool:
        return begun <= at < over

    network = story.network()
    front = story.security_group(network, "raffle-alb", "raffle load balancer")
    story.allow(front, 443, "0.0.0.0/0")
    function = story.function("raffle", timeout=10, reserved=_RESERVED)
    balancer = story.load_balancer(network, "raffle", front)
    group = story.function_group("raffle-fn", function)
    listener = story.listener(balancer, group)
    traffic = Traffic(balancer, listener, "raffle.example.com", [Route(group, ["/enter", "/prizes"], median=0.6)], 40,
                      story.rng, rate=lambda at: 6.0 if campaign(at) else 1.0)
    rows = traffic.rows(story.begin, story.until)
    for row in rows:
        if begun.timestamp() <= row.created < over.timestamp() and story.rng.random() < 0.4:
            invocation_failed(row, "LambdaThrottling", story.rng.uniform(0.005, 0.02))
    story.invocations(function, rows, lambda minute: _RESERVED if campaign(minute) else 2.0)
    return story.tell(balancer, rows, DESCRIPTION, "lambda-throttled", "cause_found")

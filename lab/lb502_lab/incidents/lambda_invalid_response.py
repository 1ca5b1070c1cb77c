"""A release makes one branch of a Lambda function answer with a number as a header's value.

The load balancer takes text alone: every request for an invoice is a 502 with the error reason
LambdaInvalidResponse from the release on. Lambda counts no error: the function ended well.
"""

from __future__ import annotations

from datetime import timedelta

from lb502_lab.lab import Incident
from lb502_lab.story import Route, Story, Traffic
from lb502_lab.story.traffic import invocation_failed

DESCRIPTION = "a Lambda function answers with a header that is not text"


def seed(story: Story) -> Incident:
    released = story.start + timedelta(minutes=13, seconds=24)
    network = story.network()
    front = story.security_group(network, "invoices-alb", "invoices load balancer")
    story.allow(front, 443, "0.0.0.0/0")
    function = story.function("invoices-api", timeout=6)
    balancer = story.load_balancer(network, "invoices", front)
    group = story.function_group("invoices-fn", function)
    listener = story.listener(balancer, group)
    traffic = Traffic(balancer, listener, "invoices.example.com",
                      [Route(group, ["/", "/invoices", "/invoices/8812/pdf"], median=0.07)], 45, story.rng)
    rows = traffic.rows(story.begin, story.until)
    for row in rows:
        if row.path.endswith("/pdf") and row.created >= released.timestamp():
            invocation_failed(row, "LambdaInvalidResponse", row.times[1])
    story.invocations(function, rows)
    return story.tell(balancer, rows, DESCRIPTION, "lambda-invalid-response", "cause_found")

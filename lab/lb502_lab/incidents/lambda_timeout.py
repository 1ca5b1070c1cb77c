"""The database behind a Lambda function hangs, and Lambda ends the function at its timeout.

From the middle of the hour one request in six waits for a lock that does not come free. After
four seconds Lambda ends it: 502 with the error reason LambdaUnhandled, Duration at the timeout,
and "Task timed out" in the function's log. A few other errors, all day, end after milliseconds.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from lb502_lab.lab import Incident
from lb502_lab.story import Route, Story, Traffic
from lb502_lab.story.traffic import invocation_failed

DESCRIPTION = "a Lambda function reaches its timeout because its database hangs"
_TIMEOUT = 4


def seed(story: Story) -> Incident:
    hangs, free = story.start + timedelta(minutes=26, seconds=40), story.start + timedelta(minutes=51)
    network = story.network()
    front = story.security_group(network, "seats-alb", "seats load balancer")
    story.allow(front, 443, "0.0.0.0/0")
    function = story.function("seats-api", timeout=_TIMEOUT)
    balancer = story.load_balancer(network, "seats", front)
    group = story.function_group("seats-fn", function)
    listener = story.listener(balancer, group)
    traffic = Traffic(balancer, listener, "seats.example.com",
                      [Route(group, ["/plan/4", "/hold", "/release"], median=0.12, spread=0.4)], 50, story.rng)
    rows = traffic.rows(story.begin, story.until)
    lines = []
    for n, row in enumerate(rows):
        waits = hangs.timestamp() <= row.created < free.timestamp() and story.rng.random() < 1 / 6
        request = f"{n:08x}-4c2f-4a11-9b1e-0f6f7d2c9a10"
        if waits:
            took = _TIMEOUT + story.rng.uniform(0.012, 0.04)
            invocation_failed(row, "LambdaUnhandled", took)
            lines.append((row.time, f"{request} Task timed out after {_TIMEOUT}.00 seconds"))
        elif story.rng.random() < 0.002:
            invocation_failed(row, "LambdaUnhandled", row.times[1])
            lines.append((row.time, f"[ERROR] KeyError: 'row' RequestId: {request} Traceback (most recent call last)"))
    story.app_log("/aws/lambda/seats-api",
                  [(datetime.fromtimestamp(at, timezone.utc), text) for at, text in lines],
                  "2026/11/20/[$LATEST]5f0c1b")
    story.invocations(function, rows)
    return story.tell(balancer, rows, DESCRIPTION, "lambda-timeout", "cause_found")

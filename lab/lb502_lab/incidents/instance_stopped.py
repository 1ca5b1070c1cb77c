"""One instance shuts itself down: requests in flight break, then connects are refused, then lost.

Nobody asked AWS to stop it (no StopInstances in CloudTrail): the guest did. For a minute and a
half the balancer keeps sending requests there; then it sees the instance stopped and stops.
"""

from __future__ import annotations

from datetime import timedelta

from lb502_lab.lab import Incident
from lb502_lab.story import Health, Route, Story, Traffic
from lb502_lab.story.traffic import connect_timed_out, hung_up, refused

DESCRIPTION = "one registered instance shut itself down"


def seed(story: Story) -> Incident:
    halted = story.start + timedelta(minutes=31, seconds=22)
    network = story.network()
    front = story.security_group(network, "maps-alb", "maps load balancer")
    back = story.security_group(network, "maps-tiles", "maps tile servers")
    story.allow(front, 80, "0.0.0.0/0")
    story.allow(back, 8088, front)
    targets = story.instances(network, back, 3, 8088, "maps-tiles", "r7g.large")
    gone = targets[0]
    balancer = story.load_balancer(network, "maps", front)
    group = story.target_group(network, "maps-tiles", targets, port=8088)
    listener = story.listener(balancer, group, "HTTP", 80)
    gone.health = [Health(halted + timedelta(seconds=88), "unused", "Target.InvalidState",
                          "Target is in the stopped state")]
    traffic = Traffic(balancer, listener, "maps.example.com",
                      [Route(group, ["/tiles/9/263/170.pbf", "/tiles/12/2108/1360.pbf", "/styles/dark.json"],
                             median=0.2, methods=("GET",))], 84, story.rng)
    rows = traffic.rows(story.begin, story.until)
    for row in rows:
        since = row.created - halted.timestamp()
        if row.target is not gone or row.time < halted.timestamp():
            continue
        if since < 0:
            hung_up(row, -since, story.rng)
        elif since < 55:
            refused(row, story.rng)  # the kernel still answers, the server is gone
        else:
            connect_timed_out(row, story.rng)
    for target in targets[1:]:
        story.cpu(target, lambda minute: 41)
    story.cpu(gone, lambda minute: 40, until=halted)
    story.aws("ec2").stop_instances(InstanceIds=[gone.id])
    story.stores.instances[gone.id] |= {
        "StateTransitionReason": f"User initiated ({halted:%Y-%m-%d %H:%M:%S} GMT)",
        "StateReason": {"Code": "Client.InstanceInitiatedShutdown",
                        "Message": "Client.InstanceInitiatedShutdown: Instance initiated shutdown"},
    }
    return story.tell(balancer, rows, DESCRIPTION, "target-instance-not-running", "cause_found")

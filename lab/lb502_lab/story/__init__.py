"""The words in which an incident is told: network, balancer, targets, traffic, events.

A story makes its resources through boto3 and its traffic as rows of an access log. Metrics are
counted from those rows, so that what CloudWatch says and what the log says always agree.
"""

from lb502_lab.story.parts import (
    ClassicLoadBalancer, Health, Listener, LoadBalancer, Network, Node, Row, Subnet, Target, TargetGroup,
)
from lb502_lab.story.story import Story
from lb502_lab.story.traffic import Route, Traffic

__all__ = ["ClassicLoadBalancer", "Health", "Listener", "LoadBalancer", "Network", "Node", "Route", "Row", "Story",
           "Subnet", "Target", "TargetGroup", "Traffic"]

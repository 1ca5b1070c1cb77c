"""The things of a story, as plain values."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


@dataclass
class Subnet:
    id: str
    cidr: str
    zone: str


@dataclass
class Network:
    vpc_id: str
    cidr: str
    public: list[Subnet]
    private: list[Subnet]


@dataclass(eq=False)
class Node:
    """One load balancer node: a network interface in one zone."""

    zone: str
    subnet_id: str
    private_ip: str
    public_ip: str
    interface_id: str = ""


@dataclass
class Health:
    """A state a target was in from a moment on, with AWS's reason and description."""

    since: datetime
    state: str = "healthy"
    reason: str | None = None
    description: str | None = None


@dataclass(eq=False)
class Target:
    """One registered target. `health` is in order of time; before its first entry: healthy."""

    id: str
    ip: str
    port: int
    zone: str
    name: str
    health: list[Health] = field(default_factory=list)
    anomaly: str = "normal"
    is_function: bool = False

    @property
    def address(self) -> str:
        """As the log writes it: a function has none."""
        return "-" if self.is_function else f"{self.ip}:{self.port}"

    def health_at(self, at: datetime) -> Health:
        current = Health(since=at)
        for one in self.health:
            if one.since <= at:
                current = one
        return current


@dataclass(eq=False)
class TargetGroup:
    name: str
    arn: str
    protocol: str
    port: int
    targets: list[Target] = field(default_factory=list)
    health_check_port: str = "traffic-port"

    @property
    def dimension(self) -> str:
        return self.arn.rpartition(":")[2]

    @property
    def has_function(self) -> bool:
        return any(target.is_function for target in self.targets)

    def routable(self, at: datetime) -> tuple[list[Target], bool]:
        """The targets that get requests at a moment, and whether this is fail-open."""
        if self.has_function or not any(target.health for target in self.targets):
            return self.targets, False
        states = [(target, target.health_at(at).state) for target in self.targets]
        healthy = [target for target, state in states if state == "healthy"]
        if healthy:
            return healthy, False
        unhealthy = [target for target, state in states if state == "unhealthy"]
        return unhealthy, bool(unhealthy)


@dataclass(eq=False)
class Listener:
    arn: str
    protocol: str
    port: int
    certificate: str | None = None


@dataclass
class LoadBalancer:
    name: str
    arn: str
    dns_name: str
    nodes: list[Node]
    log_bucket: str
    log_prefix: str
    listeners: list[Listener] = field(default_factory=list)
    groups: list[TargetGroup] = field(default_factory=list)

    @property
    def dimension(self) -> str:
        """The LoadBalancer dimension of its metrics: app/name/id."""
        return self.arn.partition("loadbalancer/")[2]


@dataclass
class ClassicLoadBalancer:
    name: str
    dns_name: str
    nodes: list[Node]
    log_bucket: str
    log_prefix: str
    targets: list[Target] = field(default_factory=list)
    listeners: list[Listener] = field(default_factory=list)


@dataclass(slots=True)
class Row:
    """One request, as the access log tells it. Moments are seconds since the epoch."""

    created: float
    took: float  # from creation to the answer's last byte; the log's time is created + took
    node: Node
    client: str
    target: Target | None
    group: TargetGroup | None
    listener: Listener
    times: tuple[float, float, float]
    status: int
    target_status: int | None
    received: int
    sent: int
    method: str
    path: str
    host: str
    user_agent: str
    trace: str
    http: str = "HTTP/1.1"
    priority: str = "0"
    error_reason: str = "-"
    tls_error: bool = False  # the handshake with the target failed
    fail_open: bool = False
    turned_away: bool = False  # a Classic Load Balancer's surge queue was full

    @property
    def time(self) -> float:
        return self.created + self.took

    @property
    def connection_error(self) -> bool:
        """No connection to the target came about (a failed handshake is counted apart)."""
        return self.target is not None and self.times == (-1, -1, -1) and not self.tls_error

"""Rows as the lines of an access log, and lines as the objects that AWS delivers to S3.

Application: 34 fields, gzip, one object per node and five minutes. Classic: 15 fields, plain
text. The line's time is the moment of the answer on an Application Load Balancer and of the
request on a Classic one.
"""

from __future__ import annotations

import gzip
import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from lb502_lab.lab import ACCOUNT, REGION
from lb502_lab.story.parts import ClassicLoadBalancer, LoadBalancer, Node, Row

SLOT = timedelta(minutes=5)


@dataclass
class LogObject:
    key: str
    body: bytes
    delivered: datetime


def stamp(moment: float) -> str:
    """Seconds since the epoch as 2026-11-22T09:03:12.123456Z."""
    at = datetime.fromtimestamp(round(moment * 1e6) / 1e6, timezone.utc)
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def application_line(balancer: LoadBalancer, row: Row) -> str:
    """One line of 34 fields, in the order of AWS's documentation."""
    secure = row.listener.protocol == "HTTPS"
    kind = ("h2" if row.http == "HTTP/2.0" else "https") if secure else "http"
    port = row.listener.port
    target = row.target.address if row.target else "-"
    target_status = str(row.target_status) if row.target_status is not None else "-"
    # The lists of the targets asked and of their answers stay empty for a function.
    list_status = "-" if target == "-" else target_status
    cipher, protocol = ("TLS_AES_128_GCM_SHA256", "TLSv1.3") if secure else ("-", "-")
    fields = [
        kind, stamp(row.time), balancer.dimension, row.client, target,
        *(_seconds(value) for value in row.times),
        str(row.status), target_status, str(row.received), str(row.sent),
        f'"{row.method} {kind if kind != "h2" else "https"}://{row.host}:{port}{row.path} {row.http}"',
        f'"{row.user_agent}"', cipher, protocol, row.group.arn if row.group else "-",
        f'"{row.trace}"', f'"{row.host if secure else "-"}"',
        f'"{row.listener.certificate or "-"}"' if secure else '"-"',
        row.priority, stamp(row.created), '"forward"' if row.group else '"fixed-response"', '"-"',
        f'"{row.error_reason}"', f'"{target}"', f'"{list_status}"', '"-"', '"-"',
        f"TID_{row.trace[-24:]}{int(row.created) & 0xFFFFFFFF:08x}", '"-"', '"-"', '"-"', row.node.public_ip,
    ]
    return " ".join(fields)


def classic_line(balancer: ClassicLoadBalancer, row: Row) -> str:
    """One line of 15 fields."""
    secure = row.listener.protocol == "HTTPS"
    cipher, protocol = ("ECDHE-RSA-AES128-GCM-SHA256", "TLSv1.2") if secure else ("-", "-")
    scheme = "https" if secure else "http"
    fields = [
        stamp(row.created), balancer.name, row.client, row.target.address if row.target else "-",
        *("-1" if value < 0 else f"{value:.6f}" for value in row.times), str(row.status),
        str(row.target_status or 0), str(row.received), str(row.sent),
        f'"{row.method} {scheme}://{row.host}:{row.listener.port}{row.path} {row.http}"',
        f'"{row.user_agent}"', cipher, protocol,
    ]
    return " ".join(fields)


def objects(balancer: LoadBalancer | ClassicLoadBalancer, rows: list[Row], until: datetime,
            rng: random.Random) -> Iterator[LogObject]:
    """The objects of every five minutes that ended by `until`."""
    classic = isinstance(balancer, ClassicLoadBalancer)
    slots: dict[tuple[int, str], list[tuple[float, str]]] = defaultdict(list)
    nodes: dict[str, Node] = {node.public_ip: node for node in balancer.nodes}
    seconds = int(SLOT.total_seconds())
    for row in rows:
        moment = row.created if classic else row.time
        end = int(moment) // seconds * seconds + seconds
        line = classic_line(balancer, row) if classic else application_line(balancer, row)
        slots[(end, row.node.public_ip)].append((moment, line))
    for number, ((end, ip), lines) in enumerate(sorted(slots.items())):
        ended = datetime.fromtimestamp(end, timezone.utc)
        delivered = ended + timedelta(seconds=rng.randint(20, 100))
        if delivered > until:
            continue
        # Lines of one object are only roughly in order, as in real ones.
        text = "".join(line + "\n" for _, line in sorted(lines, key=lambda one: one[0] + rng.uniform(0, 0.4)))
        body = text.encode() if classic else _gzip(text.encode(), 3 if number % 3 == 0 else 1)
        yield LogObject(_key(balancer, nodes[ip], ended, delivered, rng, classic), body, delivered)


def _key(balancer: LoadBalancer | ClassicLoadBalancer, node: Node, ended: datetime, delivered: datetime,
         rng: random.Random, classic: bool) -> str:
    name = balancer.name if classic else balancer.dimension.replace("/", ".")  # type: ignore[union-attr]
    suffix = "".join(rng.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=8))
    prefix = f"{balancer.log_prefix}/" if balancer.log_prefix else ""
    return (f"{prefix}AWSLogs/{ACCOUNT}/elasticloadbalancing/{REGION}/{delivered:%Y/%m/%d}/"
            f"{ACCOUNT}_elasticloadbalancing_{REGION}_{name}_{ended:%Y%m%dT%H%MZ}_{node.public_ip}_{suffix}"
            + (".log" if classic else ".log.gz"))


def _gzip(data: bytes, members: int) -> bytes:
    """Gzip in one or more members back to back, cut without regard for lines, as AWS does."""
    size = len(data) // members + 1
    pieces = [data[start : start + size] for start in range(0, len(data), size)]
    return b"".join(gzip.compress(piece, 6, mtime=0) for piece in pieces)


def _seconds(value: float) -> str:
    return "-1" if value < 0 else f"{value:.3f}"

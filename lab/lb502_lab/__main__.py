"""`python -m lb502_lab serve | list`."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from datetime import datetime, timezone
from typing import NoReturn

# Before moto is imported: the thousand machine images it would load are never asked for.
os.environ.setdefault("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")


def main(argv: list[str] | None = None) -> int:
    from lb502_lab import incidents

    parser = argparse.ArgumentParser(prog="python -m lb502_lab", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="the incidents, one a line")
    serve = commands.add_parser("serve", help="seed incidents and serve AWS on a loopback port")
    serve.add_argument("--port", type=int, default=5021, help="0: any free port (default 5021)")
    serve.add_argument("--incident", nargs="+", action="extend", default=[], metavar="NAME")
    serve.add_argument("--all", action="store_true", help="seed every incident")
    serve.add_argument("--now", type=_instant, help="pretend that this is now (RFC 3339)")
    given = parser.parse_args(argv)
    if given.command == "list":
        for name in incidents.names():
            print(f"{name:32} {incidents.describe(name)}")
        return 0
    unknown = [name for name in given.incident if name not in incidents.names()]
    if unknown:
        parser.error(f"no incident {', '.join(unknown)}; see `python -m lb502_lab list`")
    if not 0 <= given.port <= 65535:
        parser.error("--port is a number from 0 to 65535")
    names = incidents.names() if given.all else given.incident or ["keep-alive-race"]
    return _serve(given.port, names, given.now)


def _serve(port: int, names: list[str], now: datetime | None) -> int:
    from lb502_lab import incidents, server
    from lb502_lab.app import LabApp
    from lb502_lab.lab import Lab

    server.die_with_parent()
    signal.signal(signal.SIGTERM, _stop)
    app = LabApp(Lab(now))
    try:
        listener = server.bind(app, port)
    except (OSError, SystemExit):
        print(f"lab: port {port} of 127.0.0.1 is taken; choose another with --port", file=sys.stderr)
        return 1
    incidents.seed(app, names)
    endpoint = f"http://127.0.0.1:{listener.port}"
    listing = {incident.name: incident.as_json() for incident in app.lab.incidents}
    print(json.dumps({"endpoint": endpoint, "incidents": listing}), flush=True)
    _explain(endpoint, app.lab.incidents)
    try:
        listener.serve_forever()
    except KeyboardInterrupt:
        pass
    return 0


def _explain(endpoint: str, seeded: list) -> None:
    environment = (f"AWS_ENDPOINT_URL={endpoint} AWS_REGION=eu-west-1 "
                   "AWS_ACCESS_KEY_ID=lab AWS_SECRET_ACCESS_KEY=lab")
    lines = [f"The lab answers for AWS at {endpoint}. Point lb502 at it:", "", f"  {environment} make run", "",
             "or ask on the command line, with the same environment:", ""]
    for incident in seeded:
        window = incident.window
        lines.append(f"  {environment} lb502 diagnose {incident.load_balancer['name']} "
                     f"--from {window['from']} --to {window['to']}")
        lines.append(f"      {incident.name}: {incident.description}")
    print("\n".join([*lines, ""]), file=sys.stderr, flush=True)


def _instant(text: str) -> datetime:
    try:
        value = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no RFC 3339 time") from error
    if value.tzinfo is None:
        raise argparse.ArgumentTypeError(f"{text!r} lacks a time zone (write Z for UTC)")
    return value.astimezone(timezone.utc)


def _stop(*_: object) -> NoReturn:
    raise SystemExit(0)


if __name__ == "__main__":
    sys.exit(main())

"""One lab for all tests, seeded once with every incident."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime, timezone

import pytest

os.environ.setdefault("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")

from lb502_lab import incidents  # noqa: E402
from lb502_lab.app import LabApp  # noqa: E402
from lb502_lab.client import Clients  # noqa: E402
from lb502_lab.lab import Incident, Lab  # noqa: E402

NOW = datetime(2026, 11, 20, 10, 17, 23, tzinfo=timezone.utc)


@pytest.fixture(scope="session")
def app() -> LabApp:
    made = LabApp(Lab(NOW))
    incidents.seed(made, incidents.names())
    return made


@pytest.fixture(scope="session")
def clients(app: LabApp) -> Clients:
    return Clients(app)


@pytest.fixture()
def aws(app: LabApp, clients: Clients) -> Iterator[Clients]:
    yield clients
    app.faults.clear()


@pytest.fixture()
def incident(app: LabApp):
    def find(name: str) -> Incident:
        return next(one for one in app.lab.incidents if one.name == name)

    return find

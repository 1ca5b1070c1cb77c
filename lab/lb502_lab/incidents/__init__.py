"""The incidents, one file each: `DESCRIPTION` in a sentence and `seed(story) -> Incident`.

A file `keep_alive_race.py` is the incident `keep-alive-race`.
"""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType
from typing import Any


def names() -> list[str]:
    """Every incident's name, in alphabetical order."""
    return sorted(info.name.replace("_", "-") for info in pkgutil.iter_modules(__path__))


def describe(name: str) -> str:
    return str(_module(name).DESCRIPTION)


def seed(app: Any, wanted: list[str]) -> None:
    """Reset the lab and build the wanted incidents; the record of calls starts empty."""
    from lb502_lab.client import Clients
    from lb502_lab.story import Story

    app.lab.reset()
    aws = Clients(app)
    for name in dict.fromkeys(wanted):
        # The number is the incident's place in the whole list, so that its addresses do not
        # depend on which others are seeded.
        story = Story(app, aws, name, 20 + names().index(name))
        app.lab.incidents.append(_module(name).seed(story))
    app.records.clear()


def _module(name: str) -> ModuleType:
    return importlib.import_module(f"{__name__}.{name.replace('-', '_')}")

"""STS: the caller that access-denied messages name."""

from __future__ import annotations

from typing import Any

from lb502_lab.lab import ACCOUNT, USER

SERVICE = "sts"


def get_caller_identity(context: Any, params: dict[str, Any]) -> dict[str, Any]:
    return {"UserId": "AROALABLABLABLABLABLA:lb502", "Account": ACCOUNT, "Arn": USER}


HANDLERS = {"GetCallerIdentity": get_caller_identity}

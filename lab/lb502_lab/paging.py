"""Pages of a list, as AWS's opaque tokens continue them."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from lb502_lab.errors import AwsError


def page_token(offset: int) -> str:
    return base64.urlsafe_b64encode(f"lab:{offset}".encode()).decode()


def token_offset(token: Any, code: str = "InvalidNextToken") -> int:
    """Where a token continues; 0 without one; an AwsError for one we never gave."""
    if not token:
        return 0
    try:
        kind, _, offset = base64.urlsafe_b64decode(str(token)).decode().partition(":")
        if kind == "lab":
            return int(offset)
    except (ValueError, binascii.Error):
        pass
    raise AwsError(code, "The specified token is not valid.")


def page(items: list[Any], token: Any, size: Any, most: int, code: str = "InvalidNextToken") -> tuple[list[Any], str | None]:
    """One page of `items` and the token of the next; `most` is the service's own page size."""
    start = token_offset(token, code)
    count = min(int(size), most) if size else most
    end = start + max(count, 1)
    return items[start:end], page_token(end) if end < len(items) else None

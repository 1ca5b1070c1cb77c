"""The part of CBOR (RFC 8949) that AWS's rpc-v2-cbor protocol uses.

CloudWatch clients speak this protocol first. Timestamps travel as tag 1 (seconds since the
epoch); floats are always written as 64 bits, which every client reads.
"""

from __future__ import annotations

import struct
from datetime import datetime, timezone
from typing import Any


class CborError(ValueError):
    """The bytes are not CBOR, or end too early."""


def encode(value: Any) -> bytes:
    """Encode dicts, lists, text, bytes, numbers, booleans, None and aware datetimes."""
    out = bytearray()
    _write(out, value)
    return bytes(out)


def decode(data: bytes) -> Any:
    """Decode one value; trailing bytes are an error."""
    value, end = _read(data, 0, depth=0)
    if end != len(data):
        raise CborError(f"{len(data) - end} bytes after the value")
    return value


def _head(out: bytearray, major: int, number: int) -> None:
    if number < 24:
        out.append(major << 5 | number)
    elif number < 0x100:
        out += struct.pack(">BB", major << 5 | 24, number)
    elif number < 0x10000:
        out += struct.pack(">BH", major << 5 | 25, number)
    elif number < 0x100000000:
        out += struct.pack(">BI", major << 5 | 26, number)
    else:
        out += struct.pack(">BQ", major << 5 | 27, number)


def _write(out: bytearray, value: Any) -> None:
    if value is None:
        out.append(0xF6)
    elif isinstance(value, bool):
        out.append(0xF5 if value else 0xF4)
    elif isinstance(value, int):
        if value >= 0:
            _head(out, 0, value)
        else:
            _head(out, 1, -1 - value)
    elif isinstance(value, float):
        out += struct.pack(">Bd", 0xFB, value)
    elif isinstance(value, bytes):
        _head(out, 2, len(value))
        out += value
    elif isinstance(value, str):
        text = value.encode()
        _head(out, 3, len(text))
        out += text
    elif isinstance(value, datetime):
        _head(out, 6, 1)
        out += struct.pack(">Bd", 0xFB, value.timestamp())
    elif isinstance(value, (list, tuple)):
        _head(out, 4, len(value))
        for item in value:
            _write(out, item)
    elif isinstance(value, dict):
        _head(out, 5, len(value))
        for key, item in value.items():
            _write(out, str(key))
            _write(out, item)
    else:
        raise TypeError(f"CBOR has no form for {type(value).__name__}")


_MAX_DEPTH = 32
_FLOATS = {25: ">e", 26: ">f", 27: ">d"}
_SIMPLE = {20: False, 21: True, 22: None, 23: None}
_BREAK = object()


def _read(data: bytes, at: int, depth: int) -> tuple[Any, int]:
    if depth > _MAX_DEPTH:
        raise CborError("nested too deep")
    if at >= len(data):
        raise CborError("ends too early")
    major, info = data[at] >> 5, data[at] & 31
    at += 1
    if major == 7:
        if info in _FLOATS:
            size = struct.calcsize(_FLOATS[info])
            return struct.unpack(_FLOATS[info], _take(data, at, size))[0], at + size
        if info == 31:
            return _BREAK, at
        if info in _SIMPLE:
            return _SIMPLE[info], at
        raise CborError(f"unknown simple value {info}")
    if info == 31:
        return _read_indefinite(data, at, major, depth)
    number, at = _number(data, at, info)
    if major == 0:
        return number, at
    if major == 1:
        return -1 - number, at
    if major == 2:
        return _take(data, at, number), at + number
    if major == 3:
        return _text(_take(data, at, number)), at + number
    if major == 4:
        items = []
        for _ in range(number):
            item, at = _read(data, at, depth + 1)
            items.append(item)
        return items, at
    if major == 5:
        pairs = {}
        for _ in range(number):
            key, at = _read(data, at, depth + 1)
            pairs[key], at = _read(data, at, depth + 1)
        return pairs, at
    value, at = _read(data, at, depth + 1)
    if number == 1:
        return datetime.fromtimestamp(value, timezone.utc), at
    return value, at


def _read_indefinite(data: bytes, at: int, major: int, depth: int) -> tuple[Any, int]:
    items = []
    while True:
        item, at = _read(data, at, depth + 1)
        if item is _BREAK:
            break
        items.append(item)
    if major == 2:
        return b"".join(items), at
    if major == 3:
        return "".join(items), at
    if major == 4:
        return items, at
    if major == 5:
        return dict(zip(items[::2], items[1::2])), at
    raise CborError("only strings, lists and maps may be of indefinite length")


def _number(data: bytes, at: int, info: int) -> tuple[int, int]:
    if info < 24:
        return info, at
    if info > 27:
        raise CborError(f"reserved length {info}")
    size = 1 << (info - 24)
    return int.from_bytes(_take(data, at, size), "big"), at + size


def _take(data: bytes, at: int, size: int) -> bytes:
    if at + size > len(data):
        raise CborError("ends too early")
    return data[at : at + size]


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise CborError("text is not UTF-8") from error

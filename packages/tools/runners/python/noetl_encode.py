"""Results as JSON text: encoded once, bounded, refused when Postgres could not hold them."""

import base64
import datetime
import decimal
import json
import re
import uuid

from noetl_frames import PAGE_ITEMS, LazyList, ask

RESULT_MAX = 10 * 1024 * 1024
DEPTH_MAX = 100
PART_MAX = 64 * 1024
PAGE_BYTES = 256 * 1024
# Items of a page are told apart by it: JSON texts hold no line breaks.
LINE = ",\n"
SURROGATE = re.compile("[\ud800-\udfff]")


class Refused(Exception):
    """A result that cannot be stored."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


def clean(value, depth=0):
    """What JSON has no form for, as text or the nearest thing; refuses what Postgres cannot hold."""
    if depth > DEPTH_MAX:
        raise Refused("RESULT_NOT_STORABLE", f"the result nests deeper than {DEPTH_MAX} levels")
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return value if value == value and value not in (float("inf"), float("-inf")) else None
    if isinstance(value, LazyList):
        return {"_ref": value._ref}
    if isinstance(value, dict):
        return {key if isinstance(key, str) else key_text(key): clean(item, depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [clean(item, depth + 1) for item in value]
    if isinstance(value, (set, frozenset)):
        return [clean(item, depth + 1) for item in sorted(value, key=str)]
    if isinstance(value, (datetime.datetime, datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, (bytes, bytearray)):
        return base64.b64encode(bytes(value)).decode()
    if isinstance(value, (decimal.Decimal, uuid.UUID)):
        return str(value)
    if hasattr(value, "__iter__") and not hasattr(value, "read"):
        return [clean(item, depth + 1) for item in value]
    return str(value)


def key_text(key):
    if key is None or isinstance(key, bool):
        return {None: "null", True: "true", False: "false"}[key]
    return str(key)


if json.encoder.c_make_encoder:
    # What json.dumps would make anew for each value.
    chunks = json.encoder.c_make_encoder(None, clean, json.encoder.encode_basestring, None, ":", ",", False, False, False)

    def fast(value):
        return "".join(chunks(value, 0))

else:
    fast = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=clean).encode


def encode(value):
    """JSON text of a value; the fast way first, the careful one where it fails."""
    try:
        text = fast(value)
    except (TypeError, ValueError, RecursionError):
        text = fast(clean(value))
    if "\\u0000" in text and "\x00" in "".join(strings(value)):
        raise Refused("RESULT_NOT_STORABLE", "the result holds the character U+0000, which Postgres cannot store")
    if not text.isascii() and SURROGATE.search(text):
        raise Refused("RESULT_NOT_STORABLE", "the result holds a lone surrogate, which is no character")
    if len(text) > DEPTH_MAX and text.count("[") + text.count("{") > DEPTH_MAX:
        check_depth(value)
    return text


def strings(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from strings(key)
            yield from strings(item)
    elif isinstance(value, (list, tuple, set)):
        for item in value:
            yield from strings(item)


def check_depth(value, depth=0):
    if depth > DEPTH_MAX:
        raise Refused("RESULT_NOT_STORABLE", f"the result nests deeper than {DEPTH_MAX} levels")
    if isinstance(value, dict):
        for item in value.values():
            if isinstance(item, (dict, list, tuple)):
                check_depth(item, depth + 1)
    elif isinstance(value, (list, tuple)):
        for item in value:
            if isinstance(item, (dict, list, tuple)):
                check_depth(item, depth + 1)


def encode_result(value, stream):
    """JSON text of a result. Large lists of a step leave page by page, and a reference takes their place."""
    if stream:
        if isinstance(value, (list, tuple)) and len(value) > 1:
            hole = offload(value)
            value = value if hole is None else hole
        elif isinstance(value, dict):
            holes = {key: offload(item) for key, item in value.items() if isinstance(item, (list, tuple)) and len(item) > 1}
            holes = {key: hole for key, hole in holes.items() if hole is not None}
            value = {**value, **holes} if holes else value
    text = encode(value)
    if len(text) * 4 > RESULT_MAX and len(text.encode()) > RESULT_MAX:
        raise Refused("RESULT_TOO_LARGE", f"the result has {len(text.encode())} bytes; {RESULT_MAX} are possible")
    return text


def offload(items):
    """Stores a list above 64 KiB as pages and gives its reference; None for a small one."""
    texts, size, opened = [], 0, False
    held = 0

    def flush():
        nonlocal texts, size, opened, held
        if not opened:
            ask({"op": "list_open"})
            opened = True
        ask({"op": "list_page", "count": len(texts)}, f"[{LINE.join(texts)}]".encode())
        texts, size = [], 0

    for item in items:
        text = encode(item)
        texts.append(text)
        size += len(text) + len(LINE)
        held += len(text) + len(LINE)
        if (opened or held > PART_MAX) and (size >= PAGE_BYTES or len(texts) >= PAGE_ITEMS):
            flush()
    if not opened and held <= PART_MAX:
        return None
    if texts:
        flush()
    answer, _ = ask({"op": "list_close"})
    return answer["hole"]

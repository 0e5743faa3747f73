"""Resident Python runner: takes frames of items, runs the step's code for each, answers with results and prints."""

import io
import json
import os
import sys
import time
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from noetl_encode import Refused, encode, encode_result
from noetl_frames import LazyList, read_frame, waiting, write_frame
from noetl_program import FILE, NOTHING, program

sys.path.pop(0)

PRINT_MAX = 64 * 1024
FLUSH_SECONDS = 0.02


class Printed(io.TextIOBase):
    """Bounded capture of what one item prints."""

    def __init__(self):
        self.parts, self.size, self.cut = [], 0, False

    def writable(self):
        return True

    def write(self, text):
        room = PRINT_MAX - self.size
        if len(text) > room:
            self.cut = True
        if room > 0:
            self.parts.append(text[:room])
            self.size += min(len(text), room)
        return len(text)

    def text(self):
        return "".join(self.parts) + ("\n… output cut at 64 KiB\n" if self.cut else "")


def open_holes(value):
    """References in inputs become lazy lists."""
    if isinstance(value, dict):
        ref = value.get("_ref")
        if isinstance(ref, dict) and isinstance(ref.get("ref"), str) and ref.get("kind") in ("list", "loop"):
            return LazyList(ref)
        return {key: open_holes(item) for key, item in value.items()}
    if isinstance(value, list):
        return [open_holes(item) for item in value]
    return value


def failure(error):
    """Error as the protocol says it, with the line of the user's code and nothing of ours."""
    if isinstance(error, Refused):
        return {"code": error.code, "message": str(error)}
    if isinstance(error, SyntaxError) and error.filename == FILE:
        return {"code": "CODE_SYNTAX", "message": f"SyntaxError: {error.msg} (line {error.lineno})", "line": error.lineno, "type": "SyntaxError"}
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == FILE]
    line = frames[-1].lineno if frames else None
    kind = type(error).__name__
    where = f" (line {line})" if line else ""
    lines = [f'line {frame.lineno}, in {frame.name.replace("__step__", "<module>")}: {frame.line or ""}' for frame in frames[-20:]]
    return {"code": "CODE_EXCEPTION", "message": f"{kind}: {error}{where}"[:4000], "line": line, "type": kind, "traceback": "\n".join(lines)[:8000]}


def run_item(frame, index):
    """One item, apart from all others: its own globals, its own prints. Returns (status, bytes, prints, milliseconds)."""
    printed = Printed()
    started = time.perf_counter()
    before = sys.stdout, sys.stderr
    sys.stdout = sys.stderr = printed
    try:
        inputs = frame["items"][index]
        # Decoded for each item: what one changes, the next must not see.
        context = json.loads(frame["context"]) if frame.get("context") else {}
        if frame.get("holes"):
            inputs, context = open_holes(inputs), open_holes(context)
        value = program(frame["code"], frame.get("libs") or {}).run(inputs, context, frame["names"])
        if value is NOTHING:
            value = {"status": "success", "stdout": printed.text()}
        status, data = "ok", encode_result(value, frame.get("stream"))
    except (SystemExit, KeyboardInterrupt) as error:
        code = getattr(error, "code", 1)
        if code in (None, 0):
            status, data = "ok", encode({"status": "success", "stdout": printed.text()})
        else:
            details = {"code": "CODE_EXCEPTION", "message": f"SystemExit: {code}", "type": "SystemExit"}
            status, data = "error", encode(details)
    except BaseException as error:
        status, data = "error", encode({key: storable(value) if isinstance(value, str) else value for key, value in failure(error).items()})
    finally:
        sys.stdout, sys.stderr = before
    return status, data, printed.text(), (time.perf_counter() - started) * 1000


def storable(text):
    """Text without what Postgres cannot hold."""
    return text.encode("utf-8", "replace").decode().replace("\x00", "")


def run_frame(frame):
    outcomes, chunks, flushed = [], [], time.perf_counter()
    for index in range(len(frame["items"])):
        if frame["batch"] in stopped:
            break
        status, data, prints, ms = run_item(frame, index)
        outcomes.append({"s": status, "n": len(data), "o": storable(prints), "ms": round(ms, 3)})
        chunks.append(data)
        if status == "error" and frame.get("stop_on_error"):
            stopped.add(frame["batch"])
        now = time.perf_counter()
        more = index + 1 < len(frame["items"])
        if more and (frame.get("each") or now - flushed > FLUSH_SECONDS):
            write_frame({"op": "out", "items": outcomes}, *chunks)
            outcomes, chunks, flushed = [], [], now
    write_frame({"op": "out", "items": outcomes, "end": True}, *chunks)


stopped = set()
write_frame({"op": "ready"})

while True:
    task, _ = waiting.popleft() if waiting else read_frame()
    if task["op"] == "run":
        if task["batch"] not in stopped:
            stopped.clear()
        run_frame(task)

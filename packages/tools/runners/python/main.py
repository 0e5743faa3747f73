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
FLUSH_CHARACTERS = 4 * 1024 * 1024
SCALARS = (str, int, float, bool, type(None))


class Printed(io.TextIOBase):
    """Bounded capture of what an item prints."""

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

    def take(self):
        """What was printed since the last call."""
        if not self.parts and not self.cut:
            return ""
        text = self.text()
        self.parts, self.size, self.cut = [], 0, False
        return text


printed = Printed()


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


class Batch:
    """What all items of a batch have in common: the program, its shared inputs, how results leave."""

    def __init__(self, opening):
        self.id = opening["batch"]
        self.code, self.libs, self.names = opening["code"], opening["libs"], opening["names"]
        self.context = opening["context"]
        self.shared_text, self.item_name = opening["shared"], opening["item_name"]
        self.shared = json.loads(self.shared_text)
        self.shared_is_plain = all(isinstance(value, SCALARS) for value in self.shared.values())
        self.has_holes = self.context is not None or '"_ref"' in self.shared_text
        self.stream, self.stop_on_error = opening["stream"], opening["stop_on_error"]
        self.stopped = False

    def inputs(self, item):
        """Containers are decoded for each item: what one changes, the next must not see."""
        inputs = dict(self.shared) if self.shared_is_plain else json.loads(self.shared_text)
        if self.item_name is None:
            inputs.update(item)
        else:
            inputs[self.item_name] = item
        return inputs


def run_item(batch, item, holes):
    """One item, apart from all others: globals of its own. Returns (status, text)."""
    sys.stdout = sys.stderr = printed
    try:
        inputs = batch.inputs(item)
        context = json.loads(batch.context) if batch.context else {}
        if holes:
            inputs, context = open_holes(inputs), open_holes(context)
        value = program(batch.code, batch.libs).run(inputs, context, batch.names)
        if value is NOTHING:
            value = {"status": "success", "stdout": printed.text()}
        return "ok", encode_result(value, batch.stream)
    except (SystemExit, KeyboardInterrupt) as error:
        code = getattr(error, "code", 1)
        if code in (None, 0):
            return "ok", encode({"status": "success", "stdout": printed.text()})
        return "error", encode({"code": "CODE_EXCEPTION", "message": f"SystemExit: {code}", "type": "SystemExit"})
    except BaseException as error:
        told = {key: storable(value) if isinstance(value, str) else value for key, value in failure(error).items()}
        return "error", encode(told)


def storable(text):
    """Text without what Postgres cannot hold."""
    return text.encode("utf-8", "replace").decode().replace("\x00", "")


def run_frame(batch, frame, body):
    holes = batch.has_holes or b'"_ref"' in body
    items = json.loads(b"[" + body + b"]")
    texts, times, failed, prints = [], [], [], []
    held = 0

    def flush(end):
        nonlocal held
        held = 0
        header = {"op": "out", "ms": times, "failed": failed, "prints": prints, "end": end}
        write_frame(header, "\n".join(texts).encode())
        for part in (texts, times, failed, prints):
            part.clear()

    last = len(items) - 1
    started = flushed = time.perf_counter()
    for index, item in enumerate(items):
        if batch.stopped:
            break
        items[index] = None
        status, text = run_item(batch, item, holes)
        said = printed.take()
        if said:
            prints.append([len(texts), storable(said)])
        if status == "error":
            failed.append(len(texts))
            batch.stopped = batch.stop_on_error
        texts.append(text)
        held += len(text) + len(said)
        now = time.perf_counter()
        times.append(round((now - started) * 1000, 3))
        started = now
        if index < last and (frame["each"] or now - flushed > FLUSH_SECONDS or held > FLUSH_CHARACTERS):
            flush(False)
            started = flushed = time.perf_counter()
    flush(True)


batch = None
write_frame({"op": "ready"})

while True:
    task, body = waiting.popleft() if waiting else read_frame()
    if task["op"] == "run":
        if "code" in task:
            batch = Batch(task)
        run_frame(batch, task, body)

"""Structured logging, one way for every process: events with fields, JSON for machines, colours for people.

    log = get_logger()
    log.warning("the disk is slow", took_ms=812)      # the event first, everything that varies as a field

One line an event, to stderr. It is small on purpose: a worker must be importable in tens of milliseconds, since that is
how long the links of a node that restarts are unreachable, and ready-made packages of this kind cost more than all
the rest of it. Fields whose names speak of secrets are hidden. Exceptions are written without the frames' local
variables: those hold keys, tokens and what visitors sent.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Final, Literal

import msgspec

Format = Literal["auto", "json", "console"]
Level = Literal["debug", "info", "warning", "error"]

_LEVELS: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40}
_COLOURS: Final = {"debug": "\x1b[2m", "info": "\x1b[32m", "warning": "\x1b[33m", "error": "\x1b[31m"}
_PLAIN, _BOLD, _DIM = "\x1b[0m", "\x1b[1m", "\x1b[2m"
_SECRET_NAMES: Final = ("token", "secret", "password", "authorization", "cookie", "csrf")
_EVENT_WIDTH: Final = 40  # columns, so that fields stand below each other


class _Output(msgspec.Struct):
    """Where and how this process logs."""

    level: int = _LEVELS["info"]
    people: bool = True
    fields: dict[str, Any] = {}


_output = _Output()


class Logger:
    """Writes events. Values that JSON doesn't know are written as their text."""

    def debug(self, event: str, **fields: Any) -> None:
        _write("debug", event, fields)

    def info(self, event: str, **fields: Any) -> None:
        _write("info", event, fields)

    def warning(self, event: str, **fields: Any) -> None:
        _write("warning", event, fields)

    def error(self, event: str, **fields: Any) -> None:
        _write("error", event, fields)

    def exception(self, event: str, **fields: Any) -> None:
        """An error, with the exception that is being handled."""
        _write("error", event, fields, sys.exc_info()[1])


_logger = Logger()


def get_logger() -> Logger:
    """The process's logger. Before `set_up` it writes for people, from `info` on."""
    return _logger


def set_up(level: str = "info", output: Format = "auto", **fields: str) -> None:
    """Configures logging for this process. `fields` (such as `process="worker-0"`) go on every line.

    `auto` writes for people on a terminal and JSON elsewhere.
    """
    _output.level = _LEVELS[level.lower()]
    _output.people = output == "console" or (output == "auto" and sys.stderr.isatty())
    _output.fields = dict(fields)
    logging.basicConfig(
        level=max(_output.level, logging.WARNING), stream=sys.stderr, format="%(levelname)s %(name)s %(message)s"
    )


def _write(level: Level, event: str, fields: dict[str, Any], failure: BaseException | None = None) -> None:
    if _LEVELS[level] < _output.level:
        return
    shown = {name: "…" if _is_secret(name) else value for name, value in {**_output.fields, **fields}.items()}
    time = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    write = _for_people if _output.people else _json
    print(write(time, level, event, shown, failure), file=sys.stderr, flush=True)


def _is_secret(name: str) -> bool:
    lower = name.lower()
    return any(secret in lower for secret in _SECRET_NAMES)


def _json(time: str, level: Level, event: str, fields: dict[str, Any], failure: BaseException | None) -> str:
    line = {**fields, "event": event, "level": level, "timestamp": time}
    if failure is not None:
        line["exception"] = _as_data(failure)
    return json.dumps(line, default=repr)  # ASCII: what visitors sent may hold lone surrogates


def _as_data(failure: BaseException) -> dict[str, Any]:
    data: dict[str, Any] = {
        "type": type(failure).__name__,
        "value": str(failure),
        "frames": _frames(failure.__traceback__),
    }
    cause = failure.__cause__ or (None if failure.__suppress_context__ else failure.__context__)
    return data if cause is None else {**data, "cause": _as_data(cause)}


def _frames(trace: TracebackType | None) -> list[dict[str, Any]]:
    return [{"file": frame.filename, "line": frame.lineno, "name": frame.name} for frame in traceback.extract_tb(trace)]


def _for_people(time: str, level: Level, event: str, fields: dict[str, Any], failure: BaseException | None) -> str:
    """Colours only where somebody sees them."""
    paint = sys.stderr.isatty()

    def painted(colour: str, text: str) -> str:
        return f"{colour}{text}{_PLAIN}" if paint else text

    pairs = " ".join(f"{name}={value if isinstance(value, str) else repr(value)}" for name, value in fields.items())
    head = f"{painted(_DIM, time)} {painted(_COLOURS[level], f'{level:7}')} {painted(_BOLD, f'{event:{_EVENT_WIDTH}}')}"
    line = f"{head} {pairs}".rstrip()
    if failure is None:
        return line
    return line + "\n" + "".join(traceback.format_exception(failure)).rstrip()

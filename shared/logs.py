"""Structured logging, one way for every process: events with fields, JSON for machines, colours for people."""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, Literal

import structlog

Format = Literal["auto", "json", "console"]

_SECRET_NAMES = ("token", "secret", "password", "authorization", "cookie", "csrf")


def set_up(level: str = "info", output: Format = "auto", **fields: str) -> None:
    """Configures logging for this process, to stderr. `fields` (such as `process="worker-0"`) go on every line.

    `auto` writes for people on a terminal and JSON elsewhere.
    """
    people = output == "console" or (output == "auto" and sys.stderr.isatty())
    numeric_level = logging.getLevelNamesMapping()[level.upper()]
    renderer = (
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        if people
        else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _hide_secrets,
            _exceptions_as_data if not people else structlog.processors.StackInfoRenderer(),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(numeric_level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(**fields)
    logging.basicConfig(
        level=max(numeric_level, logging.WARNING), stream=sys.stderr, format="%(levelname)s %(name)s %(message)s"
    )


# Without the frames' local variables: those hold keys, tokens and what visitors sent.
_exceptions_as_data = structlog.processors.ExceptionRenderer(
    structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
)


def _hide_secrets(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for name in event:
        if any(secret in name.lower() for secret in _SECRET_NAMES):
            event[name] = "…"
    return event

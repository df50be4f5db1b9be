"""Requests written by hand and by rule to mislead an HTTP server: `corpus` has all of them.

A family is a function that yields cases. Its name is the first part of their names, so that a failure says what was
sent: `fields.byte-in-name-0x0b`. Where a case is one request on a connection, it ends where that request should end;
the tests add what comes before and after.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tests.security.crafted import fields, framing, lines, strangers, streams, targets
from tests.security.crafted.request import Case

FAMILIES: tuple[Callable[[], Iterator[Case]], ...] = (
    lines.methods,
    lines.versions,
    lines.separators,
    lines.endings,
    lines.leading,
    targets.absolute_form,
    targets.other_forms,
    targets.percent_encodings,
    targets.bytes_in_targets,
    fields.hosts,
    fields.bytes_in_fields,
    fields.shapes,
    fields.folds,
    fields.connections,
    fields.proxies_and_privacy,
    fields.sizes,
    framing.content_lengths,
    framing.transfer_encodings,
    framing.chunks,
    framing.smuggling,
    framing.expectations_and_upgrades,
    streams.pipelines,
    streams.truncations,
    strangers.protocols,
    strangers.noise,
    fields.cookies,
)


def corpus() -> list[Case]:
    """Every case, under a name of its own; what two families send alike is there once."""
    found: dict[bytes, str] = {}
    for family in FAMILIES:
        module = family.__module__.rpartition(".")[2]
        for name, data in family():
            found.setdefault(data, f"{module}.{family.__name__}: {name}")
    return [Case(name, data) for data, name in found.items()]

"""PATCH: from what a caller sent to what really changes."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UNSET


def changes_of(edit: msgspec.Struct, row: Any, now_ms: int) -> dict[str, Any]:
    """The columns whose value an edit changes: neither what it leaves out nor what is so already.

    Texts lose the spaces around them; `archived` becomes the column `archived_ms`.
    """
    changed: dict[str, Any] = {}
    for name, value in msgspec.structs.asdict(edit).items():
        if value is UNSET:
            continue
        if name == "archived":
            if value != (row.archived_ms is not None):
                changed["archived_ms"] = now_ms if value else None
            continue
        wanted = value.strip() if isinstance(value, str) else value
        if wanted != getattr(row, name):
            changed[name] = wanted
    return changed

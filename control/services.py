"""What handlers and jobs share within one process of the control plane."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from control.ingest.turns import Turns
from control.store.engine import Database

if TYPE_CHECKING:
    from control.config import ControlConfig
    from control.edges.wake import FeedWake


@dataclass(frozen=True, slots=True)
class Services:
    """Made once at start (`control.app`), handed to every handler in its `Context`."""

    database: Database
    config: ControlConfig
    data: Path  # the data folder; quarantined batches lie in it
    secret: bytes  # 32 bytes; keys every keyed hash of this installation
    feed: FeedWake  # wakes edges that wait for changes
    ingest_turns: Turns = field(default_factory=Turns)
    credit_wake: asyncio.Event = field(default_factory=asyncio.Event)  # set after a commit that marked people dirty

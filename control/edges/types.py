"""The words of edges: the tokens that they show, and how they are."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from control.http.fields import Label

EdgeState = Literal["live", "silent", "retired"]


class NewEdgeToken(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A token to make; several edges may share one."""

    name: Label


class EdgeToken(msgspec.Struct, frozen=True):
    """A token in use. `token` is the secret itself, in the answer that makes it and never again."""

    id: str
    name: str
    created_at: datetime
    last_used_at: datetime | None
    token: str | None


class Edge(msgspec.Struct, frozen=True):
    """An edge as it last reported. `silent`: not heard of for 30 seconds. Its lag counts changes not yet applied;
    `held_feed` says why they wait for `clicktrail-edge accept-feed` there, and is empty where they don't."""

    id: str
    name: str
    version: str
    last_seen_at: datetime
    rev: int
    lag_revs: int
    workers: int
    backlog_records: int
    gap_count: int
    state: EdgeState
    held_feed: str


class ChangesQuery(msgspec.Struct, frozen=True):
    """What an edge holds: all changes of `epoch` up to `rev`."""

    epoch: Annotated[str, msgspec.Meta(max_length=64)]
    rev: Annotated[int, msgspec.Meta(ge=0)]
    tip: Annotated[str, msgspec.Meta(max_length=64)] = ""
    """That came with `rev`; where it is another now, `rev` belongs to another history."""
    wait: Annotated[float, msgspec.Meta(ge=0, le=25)] = 25.0
    """How long the answer may be held back while nothing has changed, in seconds."""

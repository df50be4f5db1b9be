"""The words of accounts: who signs in, to which workspace, with which keys."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from control.http.fields import Currency, Label

Origin = Annotated[str, Meta(max_length=300, description="`https://www.example.com`, or `*` alone for any.")]
KeyKind = Literal["secret", "publishable"]


class User(msgspec.Struct, frozen=True):
    """A person who signs in."""

    id: str
    email: str
    name: str


class Workspace(msgspec.Struct, frozen=True):
    """One organisation's links, events and reports. Days of reports begin at midnight of `timezone` (IANA name)."""

    id: str
    name: str
    timezone: str
    currency: str


class WorkspaceEdit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What of a workspace is to change; what is left out stays."""

    name: Label | UnsetType = UNSET
    timezone: Annotated[str, Meta(max_length=64)] | UnsetType = UNSET
    currency: Currency | UnsetType = UNSET


class SignIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The token out of a one-time sign-in link."""

    token: Annotated[str, Meta(min_length=1, max_length=200)]


class Session(msgspec.Struct, frozen=True):
    """Who is signed in, where. Unsafe requests repeat `csrf_token` in the `X-CSRF-Token` header."""

    user: User
    workspace: Workspace
    workspaces: list[Workspace]
    csrf_token: str


class NewApiKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A key to make. Secret keys are for servers; publishable ones stand in pages and may only report events."""

    name: Label
    kind: KeyKind
    allowed_origins: Annotated[list[Origin], Meta(max_length=50)] = []
    """Of a publishable key: the sites whose pages may use it. Empty: any."""


class ApiKey(msgspec.Struct, frozen=True):
    """A key in use. `key` is the key itself: of a publishable one always, of a secret one only when it is made."""

    id: str
    name: str
    kind: KeyKind
    hint: str
    allowed_origins: list[str]
    created_at: datetime
    last_used_at: datetime | None
    key: str | None

"""The words of domains: the hosts on which short links live."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from shared.wire import ConsentMode

Host = Annotated[str, Meta(max_length=300, description="A host name such as go.example.com, without a port.")]
FallbackUrl = Annotated[
    str, Meta(max_length=4096, description="Where unknown short links lead; empty: a 404 page answers.")
]


class NewDomain(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    host: Host
    fallback_url: FallbackUrl = ""
    consent: ConsentMode = "granted"


class DomainEdit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is to change; what is left out stays. A host stays as it is: it stands in links that are out there."""

    fallback_url: FallbackUrl | UnsetType = UNSET
    consent: ConsentMode | UnsetType = UNSET


class Domain(msgspec.Struct, frozen=True):
    """A short domain. `origin` is scheme, host and port at which visitors reach its links and the snippet.
    `cookie_domain` is what a click's first-party cookie covers; empty: the host alone. `verified_at` is when the host
    was first seen to lead to an edge; null: not yet, and servers in front get no certificate for it by themselves."""

    id: str
    host: str
    origin: str
    fallback_url: str
    consent: ConsentMode
    cookie_domain: str
    verified_at: datetime | None
    created_at: datetime

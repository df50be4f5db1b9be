"""Checking the addresses that a link may lead to: its destination, those of its rules, where it leads once closed."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from urllib.parse import unquote

from sqlalchemy.ext.asyncio import AsyncConnection

from control.http.errors import InvalidInput
from control.links import destination as destinations
from control.links import store
from control.links.destination import Destination


def read_address(field: str, text: str) -> Destination:
    """The address that a person means by the text of a field. Raises InvalidInput."""
    try:
        return destinations.parse(text)
    except destinations.BadDestination as error:
        raise InvalidInput.of(field, str(error)) from None


async def refuse_loops(
    connection: AsyncConnection,
    workspace_id: str,
    addresses: Mapping[str, Destination],
    short_host: str,
    slug: str | None,
) -> None:
    """Refuses an address (by its field) that is a short link of the workspace, this one included.

    Every link is checked against all that exist when it gets its addresses, so no chain of links can close.
    """
    own_hosts = await store.hosts(connection, workspace_id)
    for field, address in addresses.items():
        if address.host not in own_hosts:
            continue
        target = unicodedata.normalize("NFC", unquote(address.path.removeprefix("/")))
        is_itself = address.host == short_host and target == slug
        if is_itself or await store.is_short_link(connection, workspace_id, address.host, target):
            raise InvalidInput.of(
                field, f"{address.host}/{target} is a short link itself; use the address that it leads to"
            )

"""Making and changing links, and how edges learn of them.

Every change is published in its own transaction, so an edge never holds a link that the database doesn't have, nor the
other way round for longer than the feed takes. Archiving takes a link from the edges; its slug stays taken, since its
clicks belong to it.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UNSET
from sqlalchemy.ext.asyncio import AsyncConnection

from control.campaigns.campaigns import read_campaign
from control.domains.domains import domain_of_new_link
from control.edges.feed import publish, retract
from control.edits import changes_of
from control.http.errors import Conflict, InvalidInput, NotFound
from control.links import destination as destinations
from control.links import settings, store
from control.links import slug as slugs
from control.links.addresses import read_address, refuse_loops
from control.links.entry import to_entry
from control.links.limits import exhausted_since
from control.links.rules import ArmNumbers
from control.links.search import searchable
from control.links.types import LinkEdit, NewLink
from control.store.locks import lock_workspaces
from shared import ids
from shared.wire import entry_key

RANDOM_SLUG_ATTEMPTS = 10
FIRST_ARM = 1


class SlugTaken(Conflict):
    slug = "slug-taken"
    title = "That short link exists already"


async def create_link(connection: AsyncConnection, workspace_id: str, new: NewLink, now_ms: int) -> str:
    """Adds a link, publishes it, and gives its id. Raises InvalidInput and SlugTaken."""
    destination = read_address("destination", new.destination)
    chosen = None if new.slug is None else _normalise_slug(new.slug)
    columns = await settings.columns_of(new, ArmNumbers(frozenset(), FIRST_ARM))
    domain = await domain_of_new_link(connection, workspace_id, new.domain_id)
    await _check_campaign(connection, workspace_id, new.campaign_id)
    addresses = {"destination": destination, **dict(settings.addresses_of(columns))}
    await refuse_loops(connection, workspace_id, addresses, domain.host, chosen)
    link_id, title = ids.new_id("lnk"), new.title.strip()
    row = {
        "id": link_id,
        "workspace_id": workspace_id,
        "domain_id": domain.id,
        "destination": destination.url,
        "title": title,
        "campaign_id": new.campaign_id,
        "channel": new.channel.lower(),
        "status": new.status,
        "carry": new.carry,
        "query_name": new.query_name,
        "forward_query": new.forward_query,
        "referrer_policy": new.referrer_policy,
        "click_limit": new.click_limit,
        "honeypot": new.honeypot,
        "created_ms": now_ms,
        "updated_ms": now_ms,
        **columns,
    }
    candidates = [chosen] if chosen else [slugs.random() for _ in range(RANDOM_SLUG_ATTEMPTS)]
    for slug in candidates:
        text = searchable(domain.host, slug, title, destination)
        if await store.insert_link(connection, {**row, "slug": slug, "search_text": text}):
            await publish(connection, [to_entry(await find_link(connection, workspace_id, link_id))])
            return link_id
    raise _slug_taken(domain.host, candidates[-1])


async def edit_link(connection: AsyncConnection, workspace_id: str, link_id: str, edit: LinkEdit, now_ms: int) -> None:
    """Applies the edit and publishes what edges see of it. Raises NotFound, InvalidInput, SlugTaken."""
    if isinstance(edit.click_limit, int):
        await lock_workspaces(connection, [workspace_id], shared=True)  # no click is counted meanwhile
    row = _existing(await store.hold_link(connection, workspace_id, link_id), link_id)
    values = await _changes(edit, row, now_ms)
    if not values:
        return
    if "domain_id" in values:
        raise InvalidInput.of("domain_id", "a link stays on its domain; make a new link on the other one")
    if "campaign_id" in values:
        await _check_campaign(connection, workspace_id, values["campaign_id"])
    await _check_addresses(connection, workspace_id, row, values)
    if "click_limit" in values:
        values["exhausted_ms"] = await exhausted_since(
            connection, link_id, values["click_limit"], row.exhausted_ms, now_ms
        )
    slug: str = values.get("slug", row.slug)
    destination = destinations.parse(values.get("destination", row.destination))
    values["search_text"] = searchable(row.host, slug, values.get("title", row.title), destination)
    if not await store.update_link(connection, link_id, {**values, "updated_ms": now_ms}):
        raise _slug_taken(row.host, slug)
    await _publish_edit(connection, workspace_id, row)


async def archive_link(connection: AsyncConnection, workspace_id: str, link_id: str, now_ms: int) -> None:
    """Takes a link from the edges; `edit_link` with `archived=False` undoes it. Raises NotFound."""
    await edit_link(connection, workspace_id, link_id, LinkEdit(archived=True), now_ms)


async def find_link(connection: AsyncConnection, workspace_id: str, link_id: str) -> store.AnyRow:
    """The link's row with its domain's `host` and `campaign_name`. Raises NotFound."""
    return _existing(await store.link(connection, workspace_id, link_id), link_id)


def _existing(row: store.AnyRow | None, link_id: str) -> store.AnyRow:
    if row is None:
        raise NotFound(f"There is no link {link_id} in this workspace.")
    return row


async def _changes(edit: LinkEdit, row: store.AnyRow, now_ms: int) -> dict[str, Any]:
    """The columns whose value the edit changes."""
    columns = await settings.columns_of(edit, settings.arm_numbers(row))
    reshaped = {name: value for name, value in columns.items() if value != getattr(row, name)}
    plain = msgspec.structs.replace(_normalise(edit), **dict.fromkeys(settings.RESHAPED, UNSET))
    return changes_of(plain, row, now_ms) | reshaped


async def _check_addresses(
    connection: AsyncConnection, workspace_id: str, row: store.AnyRow, values: dict[str, Any]
) -> None:
    """Refuses what would close a chain of links: of addresses that change, or of all when the link's own does."""
    fields = ("destination", "rules", "closed_url")
    changed = values if "slug" not in values else {name: values.get(name, getattr(row, name)) for name in fields}
    addresses = dict(settings.addresses_of(changed))
    if "destination" in changed:
        addresses["destination"] = destinations.parse(changed["destination"])
    if addresses:
        await refuse_loops(connection, workspace_id, addresses, row.host, values.get("slug", row.slug))


async def _publish_edit(connection: AsyncConnection, workspace_id: str, before: store.AnyRow) -> None:
    after = await find_link(connection, workspace_id, before.id)
    old, new = to_entry(before), to_entry(after)
    if before.archived_ms is None and (after.archived_ms is not None or entry_key(old) != entry_key(new)):
        await retract(connection, [entry_key(old)])
    if after.archived_ms is None and (before.archived_ms is not None or old != new):
        await publish(connection, [new])


async def _check_campaign(connection: AsyncConnection, workspace_id: str, campaign_id: str | None) -> None:
    if campaign_id is None:
        return
    try:
        campaign = await read_campaign(connection, workspace_id, campaign_id)
    except NotFound as error:
        raise InvalidInput.of("campaign_id", error.detail) from None
    if campaign.archived_at is not None:
        raise InvalidInput.of("campaign_id", f"the campaign {campaign.name} is archived; bring it back first")


def _slug_taken(host: str, slug: str) -> SlugTaken:
    return SlugTaken.of("slug", f"{host}/{slug} exists; an archived link keeps its slug")


def _normalise(edit: LinkEdit) -> LinkEdit:
    changed: dict[str, Any] = {}
    if edit.destination is not UNSET:
        changed["destination"] = read_address("destination", edit.destination).url
    if edit.slug is not UNSET:
        changed["slug"] = _normalise_slug(edit.slug)
    if edit.channel is not UNSET:
        changed["channel"] = edit.channel.lower()
    return msgspec.structs.replace(edit, **changed)


def _normalise_slug(text: str) -> str:
    try:
        return slugs.normalise(text)
    except slugs.BadSlug as error:
        raise InvalidInput.of("slug", str(error)) from None

"""Short domains, and how edges learn of them."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from control.config import ControlConfig
from control.domains import host as hosts
from control.domains import store
from control.domains.types import Domain, DomainEdit, NewDomain
from control.edges.feed import publish, retract
from control.edits import changes_of
from control.http.errors import Conflict, InvalidInput, NotFound
from control.http.paging import Page, page_of
from control.links import destination
from control.times import from_ms
from shared import ids
from shared.wire import DomainEntry, entry_key


class HostTaken(Conflict):
    slug = "host-taken"
    title = "That domain is in use already"


class DomainHasLinks(Conflict):
    slug = "domain-has-links"
    title = "The domain still has links"


async def add_domain(
    connection: AsyncConnection, config: ControlConfig, workspace_id: str, new: NewDomain, now_ms: int
) -> Domain:
    """Adds a domain and publishes it. Raises InvalidInput, and HostTaken when any workspace has that host."""
    domain_id, host = ids.new_id("dom"), _host(new.host, config.allow_ip_hosts)
    row = {
        "id": domain_id,
        "workspace_id": workspace_id,
        "host": host,
        "fallback_url": _fallback(new.fallback_url, host),
        "consent": new.consent,
        "created_ms": now_ms,
    }
    if not await store.insert_domain(connection, row):
        raise HostTaken.of("host", f"{host} is a short domain of this installation already")
    return await _publish(connection, config, workspace_id, domain_id)


async def read_domain(connection: AsyncConnection, config: ControlConfig, workspace_id: str, domain_id: str) -> Domain:
    """Raises NotFound."""
    return _to_domain(await _row(connection, workspace_id, domain_id), config)


async def edit_domain(
    connection: AsyncConnection, config: ControlConfig, workspace_id: str, domain_id: str, edit: DomainEdit, now_ms: int
) -> Domain:
    """Raises NotFound, InvalidInput."""
    row = await _row(connection, workspace_id, domain_id)
    values = changes_of(edit, row, now_ms)
    if "fallback_url" in values:
        values["fallback_url"] = _fallback(values["fallback_url"], row.host)
    if not values:
        return _to_domain(row, config)
    await store.update_domain(connection, domain_id, values)
    return await _publish(connection, config, workspace_id, domain_id)


async def mark_verified(
    connection: AsyncConnection, config: ControlConfig, workspace_id: str, domain_id: str, now_ms: int
) -> Domain:
    """Lets edges know that the domain leads to them. Raises NotFound."""
    row = await _row(connection, workspace_id, domain_id)
    if row.verified_ms is not None:
        return _to_domain(row, config)
    await store.update_domain(connection, domain_id, {"verified_ms": now_ms})
    return await _publish(connection, config, workspace_id, domain_id)


async def remove_domain(connection: AsyncConnection, workspace_id: str, domain_id: str) -> None:
    """Removes a domain without links. Raises NotFound, DomainHasLinks (archived links count: their clicks do)."""
    row = await _row(connection, workspace_id, domain_id)
    in_use = DomainHasLinks(f"{row.host} has links, perhaps archived ones, whose history would lose its domain.")
    if await store.has_links(connection, domain_id):
        raise in_use
    try:
        await store.delete_domain(connection, domain_id)
    except IntegrityError:  # a link was made between the two statements
        raise in_use from None
    await retract(connection, [entry_key(_entry(row))])


async def list_domains(
    connection: AsyncConnection, config: ControlConfig, workspace_id: str, after: tuple[int, str] | None, limit: int
) -> Page[Domain]:
    """Domains, oldest first: the first is the one that new links take."""
    rows = await store.domains_page(connection, workspace_id, after, limit + 1)
    return page_of(rows, limit, lambda row: _to_domain(row, config), lambda row: (row.created_ms, row.id))


class LinkDomain(NamedTuple):
    """What a link has to know of its domain."""

    id: str
    host: str


async def domain_of_new_link(connection: AsyncConnection, workspace_id: str, domain_id: str | None) -> LinkDomain:
    """The domain that was chosen, or else the oldest. Raises InvalidInput."""
    if domain_id is None:
        found = next(iter(await store.domains_page(connection, workspace_id, None, 1)), None)
        reason = "this workspace has no short domain yet; add one first"
    else:
        found = await store.domain(connection, workspace_id, domain_id)
        reason = f"There is no domain {domain_id} in this workspace."
    if found is None:
        raise InvalidInput.of("domain_id", reason)
    return LinkDomain(found.id, found.host)


async def _publish(connection: AsyncConnection, config: ControlConfig, workspace_id: str, domain_id: str) -> Domain:
    row = await _row(connection, workspace_id, domain_id)
    await publish(connection, [_entry(row)])
    return _to_domain(row, config)


async def _row(connection: AsyncConnection, workspace_id: str, domain_id: str) -> store.AnyRow:
    row = await store.domain(connection, workspace_id, domain_id)
    if row is None:
        raise NotFound(f"There is no domain {domain_id} in this workspace.")
    return row


def _host(text: str, allow_ip: bool) -> str:
    try:
        host = hosts.normalise(text)
    except hosts.BadHost as error:
        raise InvalidInput.of("host", str(error)) from None
    if hosts.is_ip(host) and not allow_ip:
        raise InvalidInput.of("host", "an IP address is no short domain; use a host name such as go.example.com")
    return host


def _fallback(text: str, host: str) -> str:
    if not text.strip():
        return ""
    try:
        fallback = destination.parse(text)
    except destination.BadDestination as error:
        raise InvalidInput.of("fallback_url", str(error)) from None
    if fallback.host == host:
        raise InvalidInput.of("fallback_url", f"lies on {host} itself, where it would lead back to where it came from")
    return fallback.url


def _cookie_domain(host: str) -> str:
    return hosts.registrable_domain(host) or ""


def _entry(row: store.AnyRow) -> DomainEntry:
    return DomainEntry(
        host=row.host,
        domain_id=ids.to_bytes("dom", row.id),
        workspace_id=ids.to_bytes("wsp", row.workspace_id),
        fallback_url=row.fallback_url,
        cookie_domain=_cookie_domain(row.host),
        consent=row.consent,
        is_verified=row.verified_ms is not None,
    )


def _to_domain(row: store.AnyRow, config: ControlConfig) -> Domain:
    return Domain(
        id=row.id,
        host=row.host,
        origin=config.short_origin(row.host),
        fallback_url=row.fallback_url,
        consent=row.consent,
        cookie_domain=_cookie_domain(row.host),
        verified_at=None if row.verified_ms is None else from_ms(row.verified_ms),
        created_at=from_ms(row.created_ms),
    )

"""Short domains."""

from __future__ import annotations

from control.domains import domains
from control.domains.domains import DomainHasLinks, HostTaken
from control.domains.types import Domain, DomainEdit, NewDomain
from control.domains.verification import NotReached, require_reached
from control.http.context import Context
from control.http.paging import Page, PageQuery, TimeKey, decode_cursor
from control.http.routing import Routes
from shared import ids

routes = Routes(tag="Domains")


@routes.get("/api/v1/domains", summary="Short domains, oldest first")
async def list_domains(context: Context, query: PageQuery) -> Page[Domain]:
    after = decode_cursor(query.cursor, TimeKey)
    async with context.database.reading() as connection:
        return await domains.list_domains(connection, context.services.config, context.workspace_id, after, query.limit)


@routes.post("/api/v1/domains", summary="Add a short domain", status=201, errors=(HostTaken,))
async def create_domain(context: Context, body: NewDomain) -> Domain:
    """Edges answer on it as soon as the name resolves to them."""
    async with context.services.feed.publishing() as connection:
        return await domains.add_domain(connection, context.services.config, context.workspace_id, body, context.now_ms)


@routes.get("/api/v1/domains/{domain_id}", summary="One short domain")
async def read_domain(context: Context, domain_id: str) -> Domain:
    async with context.database.reading() as connection:
        return await domains.read_domain(connection, context.services.config, context.workspace_id, domain_id)


@routes.patch("/api/v1/domains/{domain_id}", summary="Change a short domain")
async def edit_domain(context: Context, domain_id: str, body: DomainEdit) -> Domain:
    async with context.services.feed.publishing() as connection:
        return await domains.edit_domain(
            connection, context.services.config, context.workspace_id, domain_id, body, context.now_ms
        )


@routes.post("/api/v1/domains/{domain_id}/verify", summary="Check where a short domain leads", errors=(NotReached,))
async def verify_domain(context: Context, domain_id: str) -> Domain:
    """Asks the host as a visitor would; once an edge has answered, servers in front may get certificates for it."""
    config = context.services.config
    async with context.database.reading() as connection:
        domain = await domains.read_domain(connection, config, context.workspace_id, domain_id)
    await require_reached(config, domain.host, ids.to_bytes("dom", domain.id))
    async with context.services.feed.publishing() as connection:
        return await domains.mark_verified(connection, config, context.workspace_id, domain_id, context.now_ms)


@routes.delete("/api/v1/domains/{domain_id}", summary="Remove a short domain", errors=(DomainHasLinks,))
async def delete_domain(context: Context, domain_id: str) -> None:
    async with context.services.feed.publishing() as connection:
        await domains.remove_domain(connection, context.workspace_id, domain_id)

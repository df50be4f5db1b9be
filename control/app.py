"""The control plane's web application: every capability's routes, the API reference, the dashboard, health."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from itertools import chain

import msgspec
from aiohttp import web
from sqlalchemy import text

from control.accounts.routes import routes as accounts
from control.campaigns.routes import routes as campaigns
from control.conversions.read_routes import routes as conversions_read
from control.conversions.routes import routes as conversions
from control.domains.routes import routes as domains
from control.edges.routes import routes as edges
from control.events.routes import routes as events
from control.http.dashboard import add_dashboard
from control.http.errors import problems
from control.http.openapi import document
from control.http.routing import Operation, add_operations
from control.ingest.routes import routes as ingest
from control.links.routes import routes as links
from control.reports.routes import routes as reports
from control.services import Services

BODY_MAX_BYTES = 32 << 20  # a compressed batch of an edge; JSON bodies are far smaller

_ROUTES = (accounts, domains, campaigns, links, events, conversions, conversions_read, reports, edges, ingest)


def product_version() -> str:
    """The installed version, or `0+source` when run from a folder that was never installed."""
    try:
        return version("clicktrail")
    except PackageNotFoundError:
        return "0+source"


def operations() -> list[Operation]:
    """Every operation of the API, in the order of the reference."""
    return list(chain.from_iterable(routes.operations for routes in _ROUTES))


def make_app(services: Services) -> web.Application:
    """The application, ready to be served."""
    app = web.Application(middlewares=[problems], client_max_size=BODY_MAX_BYTES)
    table = operations()
    add_operations(app, services, table)
    reference = msgspec.json.encode(document([o for o in table if o.access != "edge"], product_version()))

    async def openapi(_request: web.Request) -> web.Response:
        return web.Response(body=reference, content_type="application/json")

    async def alive(_request: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def ready(_request: web.Request) -> web.Response:
        async with services.database.reading() as connection:
            await connection.execute(text("select 1"))
        return web.json_response({"status": "ready", "version": product_version()})

    app.router.add_get("/api/v1/openapi.json", openapi)
    app.router.add_get("/healthz", alive)
    app.router.add_get("/readyz", ready)
    add_dashboard(app)
    return app

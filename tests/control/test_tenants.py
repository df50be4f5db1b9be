"""Workspaces are walls: what one has, another neither sees, nor changes, nor learns of."""

from __future__ import annotations

from control.services import Services
from tests.control.api import Json, a_campaign, a_domain, a_link, call, fields_of_problem
from tests.control.conftest import make_workspace
from tests.support.client import Client

OTHER_KEY = "sk_other000000000000000000000000000"


async def own_everything(client: Client) -> dict[str, Json]:
    """One of each thing that the client's workspace can have, by its path."""
    domain, campaign = await a_domain(client), await a_campaign(client)
    link = await a_link(client)
    key = await call(client, "POST", "/api/v1/api-keys", {"name": "Server", "kind": "secret"}, status=201)
    event = await call(
        client, "POST", "/api/v1/event-definitions", {"name": "demo_booked", "title": "Demo"}, status=201
    )
    return {"domains": domain, "campaigns": campaign, "links": link, "api-keys": key, "event-definitions": event}


async def test_nothing_of_another_workspace_is_seen_or_changed(client: Client, services: Services) -> None:
    owned = await own_everything(client)
    await make_workspace(services.database, OTHER_KEY)
    paths = {kind: f"/api/v1/{kind}/{thing['id']}" for kind, thing in owned.items()}
    attempts: list[tuple[str, str, object]] = [
        *(("GET", path, None) for kind, path in paths.items() if kind != "api-keys"),
        *(("DELETE", path, None) for kind, path in paths.items() if kind != "campaigns"),
        ("PATCH", paths["domains"], {"consent": "required"}),
        ("PATCH", paths["campaigns"], {"name": "Mine now"}),
        ("PATCH", paths["links"], {"destination": "https://evil.example/"}),
        ("PATCH", paths["event-definitions"], {"window_days": 1}),
        ("GET", f"{paths['links']}/qr", None),
        ("GET", f"{paths['campaigns']}/spend", None),
        ("PUT", f"{paths['campaigns']}/spend", {"items": []}),
    ]
    for method, path, body in attempts:
        refused = await call(client, method, path, body, status=404, key=OTHER_KEY)
        unknown = await call(client, method, path.replace("_0", "_1"), body, status=404, key=OTHER_KEY)
        assert refused["type"] == unknown["type"]
    for kind, path in paths.items():
        listed = (await call(client, "GET", f"/api/v1/{kind}", status=200, key=OTHER_KEY))["items"]
        assert owned[kind]["id"] not in [item["id"] for item in listed]
        if kind != "api-keys":
            assert await call(client, "GET", path, status=200) == owned[kind]
    await call(client, "GET", "/api/v1/workspace", status=200, key=owned["api-keys"]["key"])


async def test_a_link_uses_nothing_of_another_workspace(client: Client, services: Services) -> None:
    owned = await own_everything(client)
    await make_workspace(services.database, OTHER_KEY)
    foreign_domain = {"destination": "https://example.com/", "domain_id": owned["domains"]["id"]}
    problem = await call(client, "POST", "/api/v1/links", foreign_domain, status=422, key=OTHER_KEY)
    assert [error["field"] for error in problem["errors"]] == ["domain_id"]
    await call(client, "POST", "/api/v1/domains", {"host": "go.other.example"}, status=201, key=OTHER_KEY)
    foreign_campaign = {"destination": "https://example.com/", "campaign_id": owned["campaigns"]["id"]}
    problem = await call(client, "POST", "/api/v1/links", foreign_campaign, status=422, key=OTHER_KEY)
    assert [error["field"] for error in problem["errors"]] == ["campaign_id"]


async def test_only_the_operators_workspace_manages_edges(client: Client, services: Services) -> None:
    await make_workspace(services.database, OTHER_KEY)
    made = await call(client, "POST", "/api/v1/edge-tokens", {"name": "Berlin"}, status=201)
    for method, path, body in (
        ("GET", "/api/v1/edges", None),
        ("GET", "/api/v1/edge-tokens", None),
        ("POST", "/api/v1/edge-tokens", {"name": "Mine"}),
        ("DELETE", f"/api/v1/edge-tokens/{made['id']}", None),
    ):
        problem = await call(client, method, path, body, status=403, key=OTHER_KEY)
        assert problem["type"] == "/problems/operator-only"


async def test_names_are_free_in_each_workspace(client: Client, services: Services) -> None:
    await own_everything(client)
    await make_workspace(services.database, OTHER_KEY)
    await call(client, "POST", "/api/v1/campaigns", {"name": "Spring"}, status=201, key=OTHER_KEY)
    event = {"name": "demo_booked", "title": "Demo"}
    await call(client, "POST", "/api/v1/event-definitions", event, status=201, key=OTHER_KEY)
    assert await fields_of_problem(client, "POST", "/api/v1/event-definitions", event, status=409) == ["name"]

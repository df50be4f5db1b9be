"""API keys: shown once, stored as hashes, revocable; publishable ones are known to the edges."""

from __future__ import annotations

from sqlalchemy import select, update

from control.accounts.authenticate import LAST_USED_STEP_MS
from control.services import Services
from control.store.schema import api_keys
from shared import ids
from shared.wire import KeyEntry
from tests.control.api import call, fields_of_problem
from tests.control.feed import held_by_edges
from tests.support.client import Client

PATH = "/api/v1/api-keys"


async def test_a_secret_key_is_shown_once_and_opens_the_workspace(client: Client, services: Services) -> None:
    made = await call(client, "POST", PATH, {"name": "Server", "kind": "secret"}, status=201)
    assert made["key"].startswith("sk_")
    assert len(made["key"]) == 35
    await call(client, "GET", "/api/v1/workspace", status=200, key=made["key"])
    listed = (await call(client, "GET", PATH, status=200))["items"][0]
    assert (listed["id"], listed["key"], listed["hint"]) == (made["id"], None, made["key"][:8] + "…")
    async with services.database.reading() as connection:
        rows = [str(tuple(row)) for row in await connection.execute(select(api_keys))]
    assert not [row for row in rows if made["key"] in row]


async def test_a_revoked_key_opens_nothing(client: Client) -> None:
    made = await call(client, "POST", PATH, {"name": "Server", "kind": "secret"}, status=201)
    await call(client, "DELETE", f"{PATH}/{made['id']}", status=204)
    await call(client, "GET", "/api/v1/workspace", status=401, key=made["key"])
    assert made["id"] not in [item["id"] for item in (await call(client, "GET", PATH, status=200))["items"]]
    await call(client, "DELETE", f"{PATH}/{made['id']}", status=404)


async def test_a_publishable_key_lives_and_dies_on_the_edges(
    client: Client, services: Services, workspace_id: str
) -> None:
    body = {"name": "Website", "kind": "publishable", "allowed_origins": ["https://Shop.Example/", "http://[::1]:80"]}
    made = await call(client, "POST", PATH, body, status=201)
    entry = KeyEntry(
        key=made["key"],
        key_id=ids.to_bytes("key", made["id"]),
        workspace_id=ids.to_bytes("wsp", workspace_id),
        allowed_origins=("https://shop.example", "http://[::1]:80"),
    )
    assert await held_by_edges(services.database) == {f"key:{made['key']}": entry}
    assert (await call(client, "GET", PATH, status=200))["items"][0]["key"] == made["key"]
    await call(client, "DELETE", f"{PATH}/{made['id']}", status=204)
    assert await held_by_edges(services.database) == {}


async def test_a_publishable_key_opens_nothing(client: Client) -> None:
    made = await call(client, "POST", PATH, {"name": "Website", "kind": "publishable"}, status=201)
    await call(client, "GET", "/api/v1/workspace", status=401, key=made["key"])


async def test_without_origins_a_publishable_key_works_on_any_page(client: Client, services: Services) -> None:
    await call(client, "POST", PATH, {"name": "Website", "kind": "publishable"}, status=201)
    (entry,) = (await held_by_edges(services.database)).values()
    assert isinstance(entry, KeyEntry)
    assert entry.allowed_origins == ("*",)


async def test_a_wrong_field_is_named(client: Client) -> None:
    good = {"name": "Website", "kind": "publishable"}
    for wrong, field in (
        ({"kind": "root"}, "kind"),
        ({"name": ""}, "name"),
        ({"allowed_origins": ["*", "https://shop.example/path"]}, "allowed_origins[1]"),
        ({"allowed_origins": ["shop.example"]}, "allowed_origins[0]"),
        ({"kind": "secret", "allowed_origins": ["*"]}, "allowed_origins"),
    ):
        assert await fields_of_problem(client, "POST", PATH, {**good, **wrong}, status=422) == [field], wrong


async def test_last_use_is_written_once_a_minute(client: Client, services: Services) -> None:
    made = await call(client, "POST", PATH, {"name": "Server", "kind": "secret"}, status=201)

    async def last_used() -> int:
        await call(client, "GET", "/api/v1/workspace", status=200, key=made["key"])
        async with services.database.reading() as connection:
            query = select(api_keys.c.last_used_ms).where(api_keys.c.id == made["id"])
            return (await connection.execute(query)).scalar_one()

    first = await last_used()
    assert await last_used() == first
    async with services.database.transaction() as connection:
        await connection.execute(update(api_keys).values(last_used_ms=first - LAST_USED_STEP_MS))
    assert await last_used() >= first

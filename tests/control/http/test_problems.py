"""Whatever is sent, the answer is problem+json that names what to mend."""

from __future__ import annotations

from collections.abc import AsyncIterator

import msgspec
import pytest
from aiohttp import web

from control.http.context import Context
from control.http.errors import Conflict, problems
from control.http.paging import Page, decode_cursor, encode_cursor, page_of
from control.http.routing import Routes, add_operations
from control.services import Services
from tests.support.client import Client, client_of


class Thing(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    sizes: list[int] = []


class ThingQuery(msgspec.Struct):
    limit: int = 10


class ThingTaken(Conflict):
    slug = "thing-taken"
    title = "That thing exists already"


routes = Routes(tag="Things")


@routes.post("/things/{thing_id}", summary="Make a thing", status=201, access="public", errors=(ThingTaken,))
async def make_thing(context: Context, thing_id: str, query: ThingQuery, body: Thing) -> Thing:
    if body.name == "taken":
        raise ThingTaken(f"{body.name} is there since yesterday.")
    if body.name == "bug":
        raise RuntimeError("secret details")
    return Thing(f"{thing_id}:{body.name}", [query.limit])


@pytest.fixture
async def things(services: Services) -> AsyncIterator[Client]:
    app = web.Application(middlewares=[problems])
    add_operations(app, services, routes.operations)
    async with client_of(app) as client:
        yield client


async def test_what_is_right_is_answered(things: Client) -> None:
    async with things.post("/things/7?limit=3", json={"name": "Grün"}) as response:
        assert (response.status, await response.json()) == (201, {"name": "7:Grün", "sizes": [3]})


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ('{"name": 1}', 422, "name"),
        ("{}", 422, "name"),
        ('{"name": "a", "sizes": [1, "x"]}', 422, "sizes[1]"),
        ('{"name": "a", "colour": 1}', 422, "colour"),
        ("[]", 422, "body"),
        ("{", 400, None),
        ("\xff", 400, None),
        ('{"name": "taken"}', 409, None),
    ],
)
async def test_a_bad_body_names_its_field(things: Client, body: str, status: int, field: str | None) -> None:
    async with things.post("/things/7", data=body.encode("latin-1")) as response:
        problem = await response.json()
        assert response.status == status == problem["status"]
        assert response.content_type == "application/problem+json"
        assert [error["field"] for error in problem.get("errors", [])] == ([field] if field else [])


@pytest.mark.parametrize(("query", "field"), [("limit=many", "limit"), ("offset=3", "offset")])
async def test_a_bad_query_names_its_parameter(things: Client, query: str, field: str) -> None:
    async with things.post(f"/things/7?{query}", json={"name": "a"}) as response:
        assert (response.status, (await response.json())["errors"][0]["field"]) == (422, field)


async def test_a_bug_is_answered_without_its_details(things: Client) -> None:
    async with things.post("/things/7", json={"name": "bug"}) as response:
        assert response.status == 500
        assert "secret details" not in await response.text()


async def test_an_unknown_path_and_method_are_problems_too(things: Client) -> None:
    async with things.get("/nowhere") as response:
        assert (response.status, (await response.json())["type"]) == (404, "/problems/not-found")
    async with things.get("/things/7") as response:
        assert (response.status, response.headers["Allow"]) == (405, "POST")


async def test_a_page_ends_where_the_rows_end() -> None:
    def page(rows: list[int]) -> Page[str]:
        return page_of(rows, 2, str, lambda row: (row,))

    assert page([1, 2]) == Page(["1", "2"])
    assert page([1, 2, 3]) == Page(["1", "2"], encode_cursor((2,)))
    assert decode_cursor(encode_cursor((2, "ä")), tuple[int, str]) == (2, "ä")

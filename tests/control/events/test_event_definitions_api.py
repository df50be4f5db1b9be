"""Event definitions over the API, and which changes credit past conversions anew."""

from __future__ import annotations

import pytest
from sqlalchemy import insert, select

from control.events.standard import STANDARD_EVENTS, seed_standard_events
from control.services import Services
from control.store.schema import conversions, dirty_identifiers
from tests.control.api import Json, call, fields_of_problem
from tests.support.client import Client

PATH = "/api/v1/event-definitions"


@pytest.fixture
async def standard(services: Services, workspace_id: str) -> None:
    """The workspace has the standard events, as one that was made by `create_workspace`."""
    async with services.database.transaction() as connection:
        await seed_standard_events(connection, workspace_id, 1)


async def definition(client: Client, name: str) -> Json:
    items = (await call(client, "GET", PATH, status=200))["items"]
    return next(item for item in items if item["name"] == name)


@pytest.mark.usefixtures("standard")
async def test_the_eight_standard_events_are_there(client: Client) -> None:
    items = (await call(client, "GET", PATH, status=200))["items"]
    assert [item["name"] for item in items] == sorted(event.name for event in STANDARD_EVENTS)
    assert {(item["standard"], item["default_model"], item["version"]) for item in items} == {(True, "last", 1)}
    purchase = await definition(client, "purchase")
    assert (purchase["counting"], purchase["window_days"]) == ("every", 30)


async def test_an_event_of_ones_own_is_defined_by_its_name(client: Client) -> None:
    body = {"name": "demo_booked", "title": "Demo gebucht", "counting": "once_per_click", "window_days": 90}
    made = await call(client, "POST", PATH, body, status=201)
    assert {name: made[name] for name in body} == body
    assert await call(client, "GET", f"{PATH}/{made['id']}", status=200) == made
    assert await fields_of_problem(client, "POST", PATH, body, status=409) == ["name"]


async def test_a_wrong_field_is_named(client: Client) -> None:
    for wrong, field in (
        ({"name": "Demo Booked"}, "name"),
        ({"title": " "}, "title"),
        ({"counting": "twice"}, "counting"),
        ({"window_days": 0}, "window_days"),
        ({"window_days": 366}, "window_days"),
        ({"default_model": "magic"}, "default_model"),
        ({"default_amount": 100}, "default_currency"),
        ({"default_currency": "EUR"}, "default_amount"),
    ):
        body = {"name": "demo_booked", "title": "Demo", **wrong}
        assert await fields_of_problem(client, "POST", PATH, body, status=422) == [field], wrong


@pytest.mark.usefixtures("standard")
async def test_a_definition_is_not_renamed(client: Client) -> None:
    purchase = await definition(client, "purchase")
    path = f"{PATH}/{purchase['id']}"
    assert await fields_of_problem(client, "PATCH", path, {"name": "sale"}, status=422) == ["name"]


@pytest.mark.usefixtures("standard")
async def test_an_archived_definition_leaves_the_list_and_comes_back(client: Client) -> None:
    purchase = await definition(client, "purchase")
    path = f"{PATH}/{purchase['id']}"
    await call(client, "DELETE", path, status=204)
    assert len((await call(client, "GET", PATH, status=200))["items"]) == len(STANDARD_EVENTS) - 1
    assert len((await call(client, "GET", f"{PATH}?archived=true", status=200))["items"]) == 1
    await call(client, "PATCH", path, {"archived": False}, status=200)
    assert (await definition(client, "purchase"))["version"] == 1


@pytest.mark.usefixtures("standard")
@pytest.mark.parametrize(
    ("edit", "reasons", "version"),
    [
        ({"window_days": 7}, ["window_changed"], 2),
        ({"counting": "once_per_person"}, ["definition_changed"], 2),
        ({"counting": "once_per_person", "window_days": 7}, ["definition_changed"], 2),
        ({"default_model": "linear", "title": "Sale", "window_days": 30}, [], 1),
    ],
)
async def test_a_change_that_can_change_a_credit_has_it_computed_anew(
    client: Client, services: Services, workspace_id: str, edit: Json, reasons: list[str], version: int
) -> None:
    purchase, lead = await definition(client, "purchase"), await definition(client, "lead")
    async with services.database.transaction() as connection:
        for number, defined in enumerate((purchase, lead)):
            await connection.execute(insert(conversions).values(_conversion(number, workspace_id, defined)))
    edited = await call(client, "PATCH", f"{PATH}/{purchase['id']}", edit, status=200)
    async with services.database.reading() as connection:
        columns = dirty_identifiers.c
        marks = (await connection.execute(select(columns.kind, columns.value, columns.reason))).all()
    assert [tuple(mark) for mark in marks] == [("conversion", "cnv_0", reason) for reason in reasons]
    assert edited["version"] == version


def _conversion(number: int, workspace_id: str, defined: Json) -> Json:
    return {
        "id": f"cnv_{number}",
        "workspace_id": workspace_id,
        "definition_id": defined["id"],
        "name": defined["name"],
        "time_ms": 1,
        "received_ms": 1,
        "event_key": f"key:{number}",
        "source": "server",
    }

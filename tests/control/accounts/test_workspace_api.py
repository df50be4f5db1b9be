"""The workspace's own settings."""

from __future__ import annotations

from tests.control.api import call, fields_of_problem
from tests.support.client import Client

PATH = "/api/v1/workspace"


async def test_an_edit_changes_what_it_names(client: Client, workspace_id: str) -> None:
    edited = await call(client, "PATCH", PATH, {"timezone": "Europe/Berlin", "currency": "EUR"}, status=200)
    assert edited == {"id": workspace_id, "name": "Test", "timezone": "Europe/Berlin", "currency": "EUR"}
    assert await call(client, "GET", PATH, status=200) == edited


async def test_a_wrong_field_is_named_and_nothing_changes(client: Client) -> None:
    before = await call(client, "GET", PATH, status=200)
    for wrong, field in (
        ({"timezone": "Berlin"}, "timezone"),
        ({"timezone": "../etc/passwd"}, "timezone"),
        ({"currency": "eur"}, "currency"),
        ({"name": "\t"}, "name"),
        ({"id": "wsp_other"}, "id"),
    ):
        assert await fields_of_problem(client, "PATCH", PATH, {"name": "X", **wrong}, status=422) == [field], wrong
    assert await call(client, "GET", PATH, status=200) == before

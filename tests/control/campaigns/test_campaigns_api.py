"""Campaigns and their spend over the API."""

from __future__ import annotations

from tests.control.api import a_campaign, call, fields_of_problem
from tests.support.client import Client


async def test_a_name_is_taken_once(client: Client) -> None:
    spring, summer = await a_campaign(client, "  Frühling "), await a_campaign(client, "Sommer")
    assert spring["name"] == "Frühling"
    taken = {"name": "Frühling"}
    assert await fields_of_problem(client, "POST", "/api/v1/campaigns", taken, status=409) == ["name"]
    path = f"/api/v1/campaigns/{summer['id']}"
    assert await fields_of_problem(client, "PATCH", path, taken, status=409) == ["name"]
    assert (await call(client, "GET", path, status=200))["name"] == "Sommer"


async def test_a_blank_name_is_refused(client: Client) -> None:
    for name in ("", "   ", "a\nb", "x" * 121):
        assert await fields_of_problem(client, "POST", "/api/v1/campaigns", {"name": name}, status=422) == ["name"]


async def test_an_archived_campaign_leaves_the_list_and_comes_back(client: Client) -> None:
    campaign = await a_campaign(client)
    path = f"/api/v1/campaigns/{campaign['id']}"
    archived = await call(client, "PATCH", path, {"archived": True}, status=200)
    assert archived["archived_at"] is not None
    assert (await call(client, "GET", "/api/v1/campaigns", status=200))["items"] == []
    assert (await call(client, "GET", "/api/v1/campaigns?archived=true", status=200))["items"] == [archived]
    assert await call(client, "PATCH", path, {"archived": False}, status=200) == campaign


async def test_campaigns_are_listed_newest_first_in_pages(client: Client) -> None:
    names = [(await a_campaign(client, name))["name"] for name in ("a", "b", "c")]
    first = await call(client, "GET", "/api/v1/campaigns?limit=2", status=200)
    rest = await call(client, "GET", f"/api/v1/campaigns?limit=2&cursor={first['next_cursor']}", status=200)
    assert [item["name"] for item in first["items"] + rest["items"]] == names[::-1]


async def test_spend_is_replaced_as_a_whole(client: Client) -> None:
    path = f"/api/v1/campaigns/{(await a_campaign(client))['id']}/spend"
    assert await call(client, "GET", path, status=200) == {"items": []}
    rows = [_spend("2026-03-02", "paid", 1250), _spend("2026-03-01", "E-Mail", 300)]
    kept = await call(client, "PUT", path, {"items": rows}, status=200)
    assert [(item["day"], item["channel"], item["amount"]) for item in kept["items"]] == [
        ("2026-03-01", "e-mail", 300),
        ("2026-03-02", "paid", 1250),
    ]
    await call(client, "PUT", path, {"items": rows[:1]}, status=200)
    assert len((await call(client, "GET", path, status=200))["items"]) == 1
    await call(client, "PUT", path, {"items": []}, status=200)
    assert await call(client, "GET", path, status=200) == {"items": []}


async def test_a_wrong_row_of_spend_is_named_and_nothing_changes(client: Client) -> None:
    path = f"/api/v1/campaigns/{(await a_campaign(client))['id']}/spend"
    good = _spend("2026-03-01", "paid", 1)
    await call(client, "PUT", path, {"items": [good]}, status=200)
    for wrong, field in (
        ({**good, "day": "2026-02-30"}, "items[1].day"),
        ({**good, "amount": -1}, "items[1].amount"),
        ({**good, "currency": "euro"}, "items[1].currency"),
        ({**good, "channel": "a b"}, "items[1].channel"),
        ({**good, "channel": "PAID"}, "items[1]"),
    ):
        assert await fields_of_problem(client, "PUT", path, {"items": [good, wrong]}, status=422) == [field], wrong
    assert (await call(client, "GET", path, status=200))["items"] == [good]


def _spend(day: str, channel: str, amount: int) -> dict[str, object]:
    return {"day": day, "channel": channel, "amount": amount, "currency": "EUR"}

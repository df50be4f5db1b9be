"""Links over the API: made, found, changed, archived and brought back; edges are told of each step."""

from __future__ import annotations

import io
import random
import secrets
from urllib.parse import quote

import pytest
from sqlalchemy import insert, select

from control.links import slug as slugs
from control.services import Services
from control.store.schema import click_rollups, feed
from shared import ids
from shared.wire import LinkEntry
from tests.control.api import Json, a_campaign, a_domain, a_link, call, fields_of_problem
from tests.control.feed import held_by_edges
from tests.support.client import Client


async def test_a_new_link_has_all_that_was_left_out(client: Client) -> None:
    domain = await a_domain(client, "go.example.com")
    link = await a_link(client, "https://example.com/shoes?size=42")
    assert len(link["slug"]) == slugs.RANDOM_SLUG_CHARS
    assert link["short_url"] == f"https://go.example.com/{link['slug']}"
    assert link["domain"] == {"id": domain["id"], "host": "go.example.com"}
    expected: Json = {
        "channel": "other",
        "status": 302,
        "carry": "auto",
        "carry_resolved": "cookie",
        "query_name": "ct",
        "forward_query": True,
        "referrer_policy": "",
        "warnings": [],
        "clicks": 0,
        "campaign": None,
        "archived_at": None,
    }
    assert {name: link[name] for name in expected} == expected
    assert await call(client, "GET", f"/api/v1/links/{link['id']}", status=200) == link


async def test_edges_hold_a_link_as_soon_as_it_is_made(client: Client, services: Services) -> None:
    await a_domain(client, "go.localhost")
    link = await a_link(client, "http://shop.localhost:8090/ü", slug="Frühling/Schuhe", channel="E-Mail", status=307)
    assert link["short_url"] == "http://go.localhost:8080/Fr%C3%BChling/Schuhe"
    entry = (await held_by_edges(services.database))["link:go.localhost/Frühling/Schuhe"]
    assert entry == LinkEntry(
        host="go.localhost",
        slug="Frühling/Schuhe",
        link_id=ids.to_bytes("lnk", link["id"]),
        destination="http://shop.localhost:8090/%C3%BC",
        status=307,
        carry="fragment",
        carry_without_cookie="fragment",
    )
    assert link["channel"] == "e-mail"


async def test_a_slug_is_taken_once_for_each_domain(client: Client) -> None:
    first, other = await a_domain(client, "go.example.com"), await a_domain(client, "go.example.org")
    await a_link(client, slug="spring", domain_id=first["id"])
    body = {"destination": "https://example.com/x", "slug": "spring", "domain_id": first["id"]}
    assert await fields_of_problem(client, "POST", "/api/v1/links", body, status=409) == ["slug"]
    await a_link(client, slug="spring", domain_id=other["id"])
    await a_link(client, slug="Spring", domain_id=first["id"])


async def test_a_random_slug_that_is_taken_is_drawn_again(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    await a_domain(client)
    monkeypatch.setattr(secrets, "choice", random.Random(7).choice)
    first = await a_link(client)
    monkeypatch.setattr(secrets, "choice", random.Random(7).choice)
    second = await a_link(client)
    assert first["slug"] != second["slug"]


WRONG_FIELDS: list[tuple[dict[str, object], str]] = [
    ({"destination": "ftp://example.com/"}, "destination"),
    ({"destination": "https://user:pass@example.com/"}, "destination"),
    ({"destination": "https://example.com/" + "x" * 5000}, "destination"),
    ({"slug": "a b"}, "slug"),
    ({"slug": "_t/t.js"}, "slug"),
    ({"domain_id": "dom_unknown"}, "domain_id"),
    ({"campaign_id": "cmp_unknown"}, "campaign_id"),
    ({"status": 303}, "status"),
    ({"carry": "pigeon"}, "carry"),
    ({"channel": ""}, "channel"),
    ({"query_name": "1"}, "query_name"),
    ({"referrer_policy": "none"}, "referrer_policy"),
    ({"title": "two\nlines"}, "title"),
    ({"colour": "red"}, "colour"),
]


async def test_a_wrong_field_is_named_and_nothing_is_stored(client: Client) -> None:
    await a_domain(client)
    for wrong, field in WRONG_FIELDS:
        body = {"destination": "https://example.com/", **wrong}
        assert await fields_of_problem(client, "POST", "/api/v1/links", body, status=422) == [field], wrong
    assert (await call(client, "GET", "/api/v1/links", status=200))["items"] == []


async def test_without_a_domain_the_domain_is_asked_for(client: Client) -> None:
    body = {"destination": "https://example.com/"}
    assert await fields_of_problem(client, "POST", "/api/v1/links", body, status=422) == ["domain_id"]


async def test_a_link_leads_to_no_short_link_of_the_workspace(client: Client) -> None:
    await a_domain(client, "go.example.com")
    link = await a_link(client, slug="frühling")
    for address in (link["short_url"], "https://go.example.com/fru\u0308hling?x=1#y"):
        body = {"destination": address}
        assert await fields_of_problem(client, "POST", "/api/v1/links", body, status=422) == ["destination"]
    itself = {"destination": "https://go.example.com/me", "slug": "me"}
    assert await fields_of_problem(client, "POST", "/api/v1/links", itself, status=422) == ["destination"]
    ahead = await a_link(client, "https://go.example.com/later", slug="ahead")
    later = {"destination": ahead["short_url"], "slug": "later"}
    assert await fields_of_problem(client, "POST", "/api/v1/links", later, status=422) == ["destination"]


async def test_an_edit_changes_what_it_names_and_reaches_the_edges(client: Client, services: Services) -> None:
    await a_domain(client, "go.example.com")
    link = await a_link(client, slug="spring", title="Spring")
    edited = await call(
        client, "PATCH", f"/api/v1/links/{link['id']}", {"destination": "https://example.org/#x"}, status=200
    )
    assert (edited["title"], edited["carry_resolved"]) == ("Spring", "query")
    entry = (await held_by_edges(services.database))["link:go.example.com/spring"]
    assert isinstance(entry, LinkEntry)
    assert (entry.destination, entry.carry) == ("https://example.org/#x", "query")


async def test_an_edit_that_edges_do_not_see_moves_no_rev(client: Client, services: Services) -> None:
    await a_domain(client)
    link = await a_link(client, title="Spring")
    before = await _last_rev(services)
    await call(client, "PATCH", f"/api/v1/links/{link['id']}", {"title": "Summer"}, status=200)
    assert await _last_rev(services) == before


async def test_a_new_slug_takes_the_old_one_from_the_edges(client: Client, services: Services) -> None:
    await a_domain(client, "go.example.com")
    link, other = await a_link(client, slug="old"), await a_link(client, slug="other")
    await call(client, "PATCH", f"/api/v1/links/{link['id']}", {"slug": "new"}, status=200)
    held = {key for key in await held_by_edges(services.database) if key.startswith("link:")}
    assert held == {"link:go.example.com/new", "link:go.example.com/other"}
    taken = await fields_of_problem(client, "PATCH", f"/api/v1/links/{other['id']}", {"slug": "new"}, status=409)
    assert taken == ["slug"]


async def test_a_link_does_not_move_to_another_domain(client: Client) -> None:
    domain, other = await a_domain(client, "go.example.com"), await a_domain(client, "go.example.org")
    link = await a_link(client)
    path = f"/api/v1/links/{link['id']}"
    assert await fields_of_problem(client, "PATCH", path, {"domain_id": other["id"]}, status=422) == ["domain_id"]
    await call(client, "PATCH", path, {"domain_id": domain["id"]}, status=200)


async def test_an_archived_link_leaves_the_edges_and_comes_back(client: Client, services: Services) -> None:
    await a_domain(client, "go.example.com")
    link = await a_link(client, slug="spring")
    path, key = f"/api/v1/links/{link['id']}", "link:go.example.com/spring"
    await call(client, "DELETE", path, status=204)
    await call(client, "DELETE", path, status=204)
    assert key not in await held_by_edges(services.database)
    assert (await call(client, "GET", "/api/v1/links", status=200))["items"] == []
    archived = await call(client, "GET", "/api/v1/links?archived=true", status=200)
    assert [item["id"] for item in archived["items"]] == [link["id"]]
    assert await fields_of_problem(client, "POST", "/api/v1/links", {**_BODY, "slug": "spring"}, status=409) == ["slug"]
    await call(client, "PATCH", path, {"archived": False}, status=200)
    assert key in await held_by_edges(services.database)


_BODY = {"destination": "https://example.com/"}


SEARCHES: list[tuple[str, list[str]]] = [
    ("ÜBERSICHT", ["a"]),
    ("übersicht", ["a"]),
    ("ubersicht", []),
    ("schuhe", ["b", "a"]),
    ("go.example.com/b", ["b"]),
    ("https://go.example.com/b", ["b"]),
    ("БЕГ", ["b"]),
    ("bücher.example", ["b"]),
    ("straße", ["b"]),
    ("STRASSE", ["b"]),
    ("100%", ["a"]),
    ("_", ["b"]),
    ("nothing", []),
]


async def test_links_are_found_in_any_case_and_script(client: Client) -> None:
    await a_domain(client, "go.example.com")
    await a_link(client, "https://example.com/schuhe", slug="a", title="Übersicht 100%")
    await a_link(client, "https://bücher.example/straße_7/schuhe", slug="b", title="бег")
    for query, found in SEARCHES:
        page = await call(client, "GET", f"/api/v1/links?q={quote(query)}", status=200)
        assert [item["slug"] for item in page["items"]] == found, query


async def test_links_are_filtered_by_domain_campaign_and_channel(client: Client) -> None:
    one, two = await a_domain(client, "go.example.com"), await a_domain(client, "go.example.org")
    campaign = await a_campaign(client)
    await a_link(client, slug="a", domain_id=one["id"], campaign_id=campaign["id"], channel="email")
    await a_link(client, slug="b", domain_id=two["id"], channel="SMS")
    for query, found in (
        (f"domain_id={two['id']}", ["b"]),
        (f"campaign_id={campaign['id']}", ["a"]),
        ("channel=sms", ["b"]),
        (f"channel=sms&domain_id={one['id']}", []),
    ):
        page = await call(client, "GET", f"/api/v1/links?{query}", status=200)
        assert [item["slug"] for item in page["items"]] == found


async def test_pages_stay_whole_while_links_are_added(client: Client) -> None:
    await a_domain(client)
    made = [(await a_link(client, slug=f"s{number}"))["slug"] for number in range(7)]
    seen: list[str] = []
    cursor = ""
    for _ in range(4):
        page = await call(client, "GET", f"/api/v1/links?limit=2&cursor={cursor}", status=200)
        seen += [item["slug"] for item in page["items"]]
        await a_link(client)
        cursor = page["next_cursor"] or ""
    assert seen == made[::-1]
    assert cursor == ""


async def test_a_list_counts_human_clicks(client: Client, services: Services, workspace_id: str) -> None:
    await a_domain(client)
    link, quiet = await a_link(client, slug="a"), await a_link(client, slug="b")
    bucket = {"workspace_id": workspace_id, "link_id": link["id"], "campaign_id": "", "channel": "other"}
    async with services.database.transaction() as connection:
        for at, kind, count in ((0, "human", 3), (900_000, "human", 4), (0, "bot", 50)):
            await connection.execute(
                insert(click_rollups).values(**bucket, bucket_ms=at, count=count, **{"class": kind})
            )
    page = await call(client, "GET", "/api/v1/links", status=200)
    assert {item["id"]: item["clicks"] for item in page["items"]} == {link["id"]: 7, quiet["id"]: 0}


async def test_a_link_takes_no_archived_campaign(client: Client) -> None:
    await a_domain(client)
    campaign = await a_campaign(client)
    await call(client, "PATCH", f"/api/v1/campaigns/{campaign['id']}", {"archived": True}, status=200)
    body = {**_BODY, "campaign_id": campaign["id"]}
    assert await fields_of_problem(client, "POST", "/api/v1/links", body, status=422) == ["campaign_id"]


async def test_a_qr_code_is_drawn_with_its_quiet_zone(client: Client) -> None:
    await a_domain(client)
    link = await a_link(client, slug="frühling")
    path = f"/api/v1/links/{link['id']}/qr"
    async with client.get(path) as response:
        assert (response.status, response.content_type) == (200, "image/svg+xml")
        assert "filename*=UTF-8''qr-fr%C3%BChling.svg" in response.headers["Content-Disposition"]
        assert (await response.text()).startswith("<?xml")
    async with client.get(f"{path}?format=png&scale=3") as response:
        png = await response.read()
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    width = int.from_bytes(io.BytesIO(png).getvalue()[16:20], "big")
    assert width % 3 == 0
    assert (width // 3 - 8 - 17) % 4 == 0  # modules of a QR code are 17 + 4 × version, and 4 of quiet on each side
    assert await fields_of_problem(client, "GET", f"{path}?scale=41", None, status=422) == ["scale"]


async def _last_rev(services: Services) -> int:
    async with services.database.reading() as connection:
        return max((await connection.execute(select(feed.c.rev))).scalars())

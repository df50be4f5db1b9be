"""Rules, closing, passwords and previews of links over the API: what is taken, refused, shown, and told to edges."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest
from sqlalchemy import insert, update

from control.edges.snapshot import snapshot_frames
from control.links.rules import ARM_MAX
from control.services import Services
from control.store.schema import click_rollups, links
from shared import password
from shared.wire import Arm, LinkEntry, Preview, Rule
from tests.control.api import Json, a_domain, a_link, call, fields_of_problem
from tests.control.feed import held_by_edges, read_snapshot
from tests.support.client import Client

A, B, C = "https://example.com/a", "https://example.com/b", "https://example.org/c"
SPLIT: Json = {"arms": [{"destination": A, "weight": 1}, {"destination": B, "weight": 3}]}


@pytest.fixture(autouse=True)
async def domain(client: Client) -> Json:
    return await a_domain(client, "go.example.com")


async def _entry(services: Services, slug: str = "x") -> LinkEntry:
    entry = (await held_by_edges(services.database))[f"link:go.example.com/{slug}"]
    assert isinstance(entry, LinkEntry)
    return entry


async def _edit(client: Client, link: Json, **changes: object) -> Json:
    return await call(client, "PATCH", f"/api/v1/links/{link['id']}", changes, status=200)


def _arms(link: Json) -> list[list[int]]:
    return [[arm["arm"] for arm in rule["arms"]] for rule in link["rules"]]


async def test_what_is_left_out_or_emptied_is_none(client: Client, services: Services) -> None:
    link = await a_link(client, slug="x")
    expected: Json = {
        "rules": [],
        "expires_at": None,
        "click_limit": None,
        "exhausted": False,
        "closed_url": "",
        "has_password": False,
        "honeypot": False,
        "preview": None,
    }
    assert {name: link[name] for name in expected} == expected
    entry = await _entry(services)
    assert (entry.rules, entry.expires_ms, entry.password, entry.preview) == ((), 0, "", None)
    link = await _edit(client, link, preview={"title": " ", "description": "", "image": ""})
    assert link["preview"] is None
    link = await _edit(client, link, preview={"title": " Spring "})
    assert link["preview"] == {"title": "Spring", "description": "", "image": ""}
    assert (await _entry(services)).preview == Preview("Spring")
    assert (await _edit(client, link, preview=None))["preview"] is None
    assert (await _entry(services)).preview is None


async def test_rules_are_kept_in_one_spelling(client: Client, services: Services) -> None:
    rule: Json = {
        "countries": ["de", " AT "],
        "devices": ["mobile", "tablet"],
        "systems": ["ios"],
        "languages": ["pt-BR", "zh_Hant"],
        "from": "2026-11-27T00:00:00+01:00",
        "until": "2026-11-28T00:00:00+01:00",
        "arms": [{"destination": " https://Example.COM/ü "}],
    }
    link = await a_link(client, slug="x", rules=[rule, SPLIT])
    assert link["rules"][0] == {
        "countries": ["DE", "AT"],
        "devices": ["mobile", "tablet"],
        "systems": ["ios"],
        "languages": ["pt-br", "zh-hant"],
        "from": "2026-11-26T23:00:00Z",
        "until": "2026-11-27T23:00:00Z",
        "arms": [{"arm": 1, "destination": "https://example.com/%C3%BC", "weight": 1}],
    }
    assert await call(client, "GET", f"/api/v1/links/{link['id']}", status=200) == link
    first, second = (await _entry(services)).rules
    assert first == Rule(
        (Arm(1, "https://example.com/%C3%BC", 1, "cookie", "fragment"),),
        ("DE", "AT"),
        ("mobile", "tablet"),
        ("ios",),
        ("pt-br", "zh-hant"),
        1_795_734_000_000,
        1_795_820_400_000,
    )
    assert [(arm.number, arm.weight) for arm in second.arms] == [(2, 1), (3, 3)]
    assert await _edit(client, link, rules=link["rules"]) == link
    assert (await _entry(services)).rules == (first, second)


async def test_each_arm_has_the_carrier_of_its_own_destination(client: Client, services: Services) -> None:
    arms = [{"destination": A}, {"destination": C}, {"destination": f"{C}#part"}]
    link = await a_link(client, slug="x", rules=[{"arms": [*arms, {"destination": f"{C}?sig=1#part"}]}])
    (rule,) = (await _entry(services)).rules
    assert [arm.carry for arm in rule.arms] == ["cookie", "fragment", "query", "none"]
    assert any(warning.startswith("Rule 1, destination 4: ") for warning in link["warnings"])
    await _edit(client, link, carry="query")
    (rule,) = (await _entry(services)).rules
    assert {arm.carry for arm in rule.arms} == {"query"}


async def test_an_arm_keeps_its_number_and_no_number_comes_back(client: Client) -> None:
    link = await a_link(client, rules=[SPLIT])
    assert _arms(link) == [[1, 2]]
    kept: Json = {"arms": [{"destination": C, "arm": 2}, {"destination": A}]}
    link = await _edit(client, link, rules=[kept])
    assert _arms(link) == [[2, 3]]
    assert link["rules"][0]["arms"][0] == {"arm": 2, "destination": C, "weight": 1}
    link = await _edit(client, link, rules=[])
    link = await _edit(client, link, rules=[SPLIT])
    assert _arms(link) == [[4, 5]]
    moved = [{"countries": ["DE"], "arms": [link["rules"][0]["arms"][1]]}, {"arms": [link["rules"][0]["arms"][0]]}]
    assert _arms(await _edit(client, link, rules=moved)) == [[5], [4]]


async def test_an_arm_that_cannot_be_had_is_refused(client: Client, services: Services) -> None:
    link = await a_link(client)
    async with services.database.transaction() as connection:
        await connection.execute(update(links).values(next_arm=ARM_MAX))
    link = await _edit(client, link, rules=[{"arms": [{"destination": A}]}])
    assert _arms(link) == [[ARM_MAX]]
    more: dict[str, Any] = {"rules": [{"arms": [*link["rules"][0]["arms"], {"destination": B}]}]}
    path = f"/api/v1/links/{link['id']}"
    assert await fields_of_problem(client, "PATCH", path, more, status=422) == ["rules[0].arms[1]"]
    link = await a_link(client, rules=[SPLIT])
    path = f"/api/v1/links/{link['id']}"
    for arms, name in (
        ([{"destination": A, "arm": 3}], "rules[0].arms[0].arm"),
        ([{"destination": A, "arm": 1}, {"destination": B, "arm": 1}], "rules[0].arms[1].arm"),
    ):
        assert await fields_of_problem(client, "PATCH", path, {"rules": [{"arms": arms}]}, status=422) == [name]


async def test_arms_of_two_edits_at_once_get_different_numbers(client: Client) -> None:
    link = await a_link(client)
    edits = [_edit(client, link, rules=[{"arms": [{"destination": f"{A}{at}"}]}]) for at in range(8)]
    numbers = [_arms(one)[0][0] for one in await asyncio.gather(*edits)]
    assert sorted(numbers) == [1, 2, 3, 4, 5, 6, 7, 8]


WRONG: list[tuple[Json, str]] = [
    ({"rules": [{"arms": []}]}, "rules[0].arms"),
    ({"rules": [SPLIT] * 21}, "rules"),
    ({"rules": [{"arms": [{"destination": A}] * 21}]}, "rules[0].arms"),
    ({"rules": [SPLIT, SPLIT, {"arms": [{"destination": "ftp://x/"}]}]}, "rules[2].arms[0].destination"),
    ({"rules": [{"arms": [{"destination": A}, {"destination": 7}]}]}, "rules[0].arms[1].destination"),
    ({"rules": [{"arms": [{"weight": 1}]}]}, "rules[0].arms[0].destination"),
    ({"rules": [{"arms": [{"destination": A, "weight": 0}]}]}, "rules[0].arms[0].weight"),
    ({"rules": [{"arms": [{"destination": A, "weight": 10_001}]}]}, "rules[0].arms[0].weight"),
    ({"rules": [{"arms": [{"destination": A, "arm": 1}]}]}, "rules[0].arms[0].arm"),
    ({"rules": [{"arms": [{"destination": "https://go.example.com/x"}]}]}, "rules[0].arms[0].destination"),
    ({"rules": [{**SPLIT, "countries": ["DE", "XX"]}]}, "rules[0].countries[1]"),
    ({"rules": [{**SPLIT, "countries": ["DE", "FR", "de"]}]}, "rules[0].countries[2]"),
    ({"rules": [{**SPLIT, "devices": ["watch"]}]}, "rules[0].devices[0]"),
    ({"rules": [{**SPLIT, "systems": ["ios", "ios"]}]}, "rules[0].systems[1]"),
    ({"rules": [{**SPLIT, "languages": ["german"]}]}, "rules[0].languages[0]"),
    ({"rules": [{**SPLIT, "languages": ["de", "DE"]}]}, "rules[0].languages[1]"),
    ({"rules": [{**SPLIT, "languages": [f"a{a}-{b}" for a in "bcdefg" for b in range(9)]}]}, "rules[0].languages"),
    ({"rules": [{**SPLIT, "from": "2026-01-01T00:00:00"}]}, "rules[0].from"),
    ({"rules": [{**SPLIT, "from": "2026-01-02T00:00:00Z", "until": "2026-01-02T00:00:00Z"}]}, "rules[0].until"),
    ({"rules": [{**SPLIT, "colour": "red"}]}, "rules[0].colour"),
    ({"expires_at": "tomorrow"}, "expires_at"),
    ({"expires_at": "1969-01-01T00:00:00Z"}, "expires_at"),
    ({"click_limit": 0}, "click_limit"),
    ({"closed_url": "javascript:alert(1)"}, "closed_url"),
    ({"closed_url": "https://go.example.com/x"}, "closed_url"),
    ({"password": "x" * 129}, "password"),
    ({"password": "secret "}, "password"),
    ({"honeypot": "yes"}, "honeypot"),
    ({"preview": {"title": "two\nlines"}}, "preview.title"),
    ({"preview": {"image": "data:image/png;base64,AA"}}, "preview.image"),
    ({"exhausted": True}, "exhausted"),
]


async def test_a_wrong_field_is_named_to_the_last_index(client: Client) -> None:
    link = await a_link(client, slug="x")
    for wrong, name in WRONG:
        new = {"destination": A, **wrong}
        assert await fields_of_problem(client, "POST", "/api/v1/links", new, status=422) == [name], wrong
        path = f"/api/v1/links/{link['id']}"
        assert await fields_of_problem(client, "PATCH", path, wrong, status=422) == [name], wrong
    assert (await call(client, "GET", "/api/v1/links", status=200))["items"] == [link]
    ahead = await a_link(client, rules=[{"arms": [{"destination": "https://go.example.com/later"}]}])
    path, renamed = f"/api/v1/links/{ahead['id']}", {"slug": "later"}
    assert await fields_of_problem(client, "PATCH", path, renamed, status=422) == ["rules[0].arms[0].destination"]


async def test_a_password_is_never_shown_and_reaches_edges_as_a_verifier(client: Client, services: Services) -> None:
    link = await a_link(client, slug="x", password="größer als 3")
    assert link["has_password"] is True
    assert "password" not in link
    verifier = (await _entry(services)).password
    assert password.matches("größer als 3", verifier)
    assert (await _edit(client, link, title="New"))["has_password"] is True
    assert (await _entry(services)).password == verifier
    await _edit(client, link, password="other")
    assert password.matches("other", (await _entry(services)).password)
    assert (await _edit(client, link, password=""))["has_password"] is False
    assert (await _entry(services)).password == ""


WARNED: list[tuple[Json, str]] = [
    ({"click_limit": 10}, "a few clicks more than its limit"),
    ({"click_limit": 10, "honeypot": True}, "never reached"),
    ({"rules": [SPLIT, SPLIT]}, "Rule 1 holds for everyone"),
    ({"rules": [{**SPLIT, "until": "2020-01-01T00:00:00Z"}]}, "The time of rule 1 is over"),
    ({"rules": [SPLIT], "status": 301}, "Redirect 301"),
    ({"expires_at": "2030-01-01T00:00:00Z", "status": 308}, "Redirect 308"),
    ({"password": "secret", "preview": {"title": "Sale"}}, "preview is not shown"),
]


async def test_what_a_person_should_know_is_said(client: Client) -> None:
    for settings, words in WARNED:
        link = await a_link(client, **settings)
        assert [words in warning for warning in link["warnings"]] == [True], link["warnings"]


async def test_every_field_that_edges_know_can_be_set_here(
    client: Client, services: Services, workspace_id: str
) -> None:
    """A field of the wire that the API forgot would have its default here."""
    rule: Json = {
        "countries": ["DE"],
        "devices": ["mobile"],
        "systems": ["ios"],
        "languages": ["de"],
        "from": "2026-01-01T00:00:00Z",
        "until": "2030-01-01T00:00:00Z",
        "arms": [{"destination": f"{C}#x", "weight": 2}],
    }
    link = await a_link(
        client,
        f"{C}#x",
        slug="x",
        status=307,
        query_name="click",
        forward_query=False,
        referrer_policy="origin",
        rules=[rule],
        expires_at="2030-01-01T00:00:00Z",
        closed_url=A,
        password="secret",
        honeypot=True,
        preview={"title": "Spring", "description": "Sale", "image": A},
    )
    bucket = {"workspace_id": workspace_id, "link_id": link["id"], "campaign_id": "", "channel": "other"}
    async with services.database.transaction() as connection:
        await connection.execute(insert(click_rollups).values(**bucket, bucket_ms=0, count=5, **{"class": "human"}))
    assert (await _edit(client, link, click_limit=5))["exhausted"] is True
    entry = await _entry(services)
    _, held = read_snapshot(b"".join([frame async for frame in snapshot_frames(services.database)]))
    assert held["link:go.example.com/x"] == entry
    assert entry.preview is not None
    for struct in (entry, entry.rules[0], entry.rules[0].arms[0], entry.preview):
        assert _left_at_default(struct) == []


def _left_at_default(struct: msgspec.Struct) -> list[str]:
    return [one.name for one in msgspec.structs.fields(type(struct)) if getattr(struct, one.name) == one.default]

"""Reports of the snippet: taken from the pages that may send them, and nothing kept of the others."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from shared import click_id
from shared.beacon import BEACON_MAX_BYTES
from tests.edge.building import KEY, KEY_ID, WORKSPACE_ID, domain, key, link
from tests.edge.serving import Reply, Serving, serving

SHOP = "https://shop.example"


def landing(**more: Any) -> bytes:
    report = {"type": "landing", "k": KEY, "vid": click_id.encode(click_id.new()), "url": "https://shop.example/"}
    return json.dumps({**report, **more}).encode()


async def report(edge: Serving, body: bytes, *headers: str, origin: str | None = SHOP) -> Reply:
    lines = headers if origin is None else (*headers, f"Origin: {origin}")
    return await edge.ask("/_t/e", "Content-Type: text/plain", *lines, method="POST", body=body)


def problem(reply: Reply) -> dict[str, Any]:
    assert reply["content-type"] == "application/problem+json"
    return json.loads(reply.body)


async def test_a_report_is_kept_as_received(tmp_path: Path) -> None:
    body = landing(c=click_id.encode(click_id.new()))
    async with serving(tmp_path, domain(), key(SHOP)) as edge:
        reply = await report(edge, body, "User-Agent: Mozilla/5.0")
        (kept,) = edge.beacons()
    assert (reply.status, reply.body) == (204, b"")
    assert reply["access-control-allow-origin"] == SHOP
    assert reply["vary"] == "Origin"
    assert kept.body == body
    assert (kept.workspace_id, kept.key_id) == (WORKSPACE_ID, KEY_ID)
    assert kept.address == bytes((127, 0, 0, 1))
    assert b"User-Agent: Mozilla/5.0\r\n" in kept.head
    assert b"Origin: https://shop.example\r\n" in kept.head
    assert click_id.time_ms_of(kept.record_id) == kept.time_ms


async def test_json_is_taken_as_well_as_text(tmp_path: Path) -> None:
    async with serving(tmp_path, domain(), key(SHOP)) as edge:
        headers = ("Content-Type: application/json", f"Origin: {SHOP}")
        reply = await edge.ask("/_t/e", *headers, method="POST", body=landing())
        assert len(edge.beacons()) == 1
    assert reply.status == 204


@pytest.mark.parametrize(
    ("allowed", "origin", "status"),
    [
        ((SHOP,), SHOP, 204),
        ((SHOP, "https://www.shop.example"), "https://www.shop.example", 204),
        ((SHOP,), "https://evil.example", 403),
        ((SHOP,), "http://shop.example", 403),
        ((SHOP,), "https://shop.example.evil.example", 403),
        ((SHOP,), "null", 403),
        ((SHOP,), None, 403),
        (("*",), "https://anything.example", 204),
        (("*",), "null", 204),
        (("*",), None, 204),
        (("*", SHOP), "https://anything.example", 403),
        ((), SHOP, 403),
    ],
)
async def test_the_origin_must_be_allowed(
    tmp_path: Path, allowed: tuple[str, ...], origin: str | None, status: int
) -> None:
    async with serving(tmp_path, domain(), key(*allowed)) as edge:
        reply = await report(edge, landing(), origin=origin)
        assert len(edge.beacons()) == (1 if status == 204 else 0)
    assert reply.status == status
    if status == 403:
        assert problem(reply)["type"] == "/problems/origin-not-allowed"


async def test_an_unknown_key_is_refused(tmp_path: Path) -> None:
    async with serving(tmp_path, domain(), link()) as edge:
        reply = await report(edge, landing())
        assert edge.records() == []
        assert edge.app.counts.refused_beacons == 1
    assert reply.status == 403
    assert problem(reply)["type"] == "/problems/unknown-key"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[]",
        landing(type="other"),
        landing(vid="not-an-id"),
        landing(url="https://shop.example/\n"),
        json.dumps({"type": "landing", "vid": ""}).encode(),
        json.dumps({"type": "event", "k": KEY, "vid": "", "name": "purchase", "key": "1", "amount": 1}).encode(),
    ],
)
async def test_a_malformed_report_is_refused_counted_and_not_kept(tmp_path: Path, body: bytes) -> None:
    async with serving(tmp_path, domain(), key("*")) as edge:
        reply = await report(edge, body)
        assert edge.records() == []
        assert edge.app.counts.refused_beacons == 1
    assert reply.status == 400
    assert problem(reply)["type"] == "/problems/bad-beacon"
    assert problem(reply)["detail"]
    assert reply["access-control-allow-origin"] == SHOP


async def test_a_report_has_at_most_16_kib(tmp_path: Path) -> None:
    body = landing(ref="x" * 100).ljust(BEACON_MAX_BYTES)
    async with serving(tmp_path, domain(), key("*")) as edge:
        fits = await report(edge, body)
        too_large = await report(edge, body + b" ")
        assert len(edge.beacons()) == 1
    assert fits.status == 204
    assert too_large.status == 413


async def test_a_preflight_is_answered_for_any_origin(tmp_path: Path) -> None:
    async with serving(tmp_path, domain(), key(SHOP)) as edge:
        asked = ("Origin: https://shop.example", "Access-Control-Request-Method: POST")
        reply = await edge.ask("/_t/e", *asked, method="OPTIONS")
    assert reply.status == 204
    assert reply["access-control-allow-origin"] == SHOP
    assert reply["access-control-allow-methods"] == "POST"
    assert reply["access-control-allow-headers"] == "content-type"


async def test_before_the_first_snapshot_a_report_should_come_again(tmp_path: Path) -> None:
    async with serving(tmp_path) as edge:
        reply = await report(edge, landing())
    assert (reply.status, reply["retry-after"]) == (503, "5")


async def test_other_methods_and_paths_say_what_is_there(tmp_path: Path) -> None:
    async with serving(tmp_path, domain(), link("_t/e"), link("_t/x")) as edge:
        wrong_method = await edge.ask("/_t/e")
        nothing = await edge.ask("/_t/x")
        assert edge.records() == []
    assert (wrong_method.status, wrong_method["allow"]) == (405, "OPTIONS, POST")
    assert nothing.status == 404


async def test_health_says_what_is_served(tmp_path: Path) -> None:
    async with serving(tmp_path, domain(), link(), key("*")) as edge:
        await edge.ask("/spring")
        await edge.ask("/nothing")
        await report(edge, landing())
        reply = await edge.ask("/_t/health", host="127.0.0.1")
    health = json.loads(reply.body)
    assert reply.status == 200
    assert (health["status"], health["epoch"], health["rev"], health["ring"]) == ("ok", "epoch-1", 10, "ok")
    assert (health["worker"]["redirects"], health["worker"]["unknown_slugs"], health["worker"]["beacons"]) == (1, 1, 1)


async def test_health_is_no_until_there_are_links(tmp_path: Path) -> None:
    async with serving(tmp_path) as edge:
        reply = await edge.ask("/_t/health")
    assert reply.status == 503
    assert json.loads(reply.body)["status"] == "waiting for links"

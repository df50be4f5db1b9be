"""Links with a password: nobody gets past the page without it, and the right one is a click like any other."""

from __future__ import annotations

import asyncio
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus, urlencode

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from playwright.async_api import Page, expect

from edge import passwords
from edge.passwords import ATTEMPTS, ATTEMPTS_MS, BODY_MAX_BYTES, Attempts, typed_in
from shared import click_id
from shared.password import PASSWORD_MAX_CHARS, verifier_of
from shared.wire import LinkEntry
from tests.edge.building import domain, fill, link
from tests.edge.serving import Reply, Serving, serving

PASSWORD = "grüße & küsse"
VERIFIER = verifier_of(PASSWORD)
FORM = "Content-Type: application/x-www-form-urlencoded"


def locked(destination: str = "https://shop.example/sale", **more: Any) -> LinkEntry:
    return link(destination=destination, password=VERIFIER, **more)


async def type_in(edge: Serving, password: str, *headers: str, target: str = "/spring") -> Reply:
    return await edge.ask(target, FORM, *headers, method="POST", body=urlencode({"password": password}).encode())


class TestPage:
    @pytest.mark.parametrize("method", ["GET", "HEAD"])
    async def test_asks_for_the_password_and_records_nothing(self, tmp_path: Path, method: str) -> None:
        async with serving(tmp_path, domain(), locked()) as edge:
            reply = await edge.ask("/spring", method=method)
            assert edge.records() == []
        assert (reply.status, reply["location"]) == (200, "")
        assert reply.all("set-cookie") == []
        assert reply["cache-control"] == "private, no-store"
        assert b"shop.example" not in reply.body
        assert (b'type="password"' in reply.body) == (method == "GET")

    async def test_runs_no_script_and_sends_its_form_nowhere_else(self, tmp_path: Path) -> None:
        async with serving(tmp_path, domain(), locked()) as edge:
            reply = await edge.ask("/spring")
        policy = dict(part.split(" ", 1) for part in reply["content-security-policy"].split("; "))
        assert policy["default-src"] == "'none'"
        assert policy["frame-ancestors"] == "'none'"
        assert "script-src" not in policy
        assert b"<script" not in reply.body
        assert b" action=" not in reply.body

    async def test_shows_itself_to_preview_agents_too(self, tmp_path: Path) -> None:
        async with serving(tmp_path, domain(), locked()) as edge:
            reply = await edge.ask("/spring", "User-Agent: Twitterbot/1.0")
            assert edge.records() == []
        assert reply.status == 200
        assert b"shop.example" not in reply.body


class TestRightPassword:
    async def test_is_a_click_that_carries_as_usual(self, tmp_path: Path) -> None:
        async with serving(tmp_path, domain(), locked(status=307)) as edge:
            reply = await type_in(edge, PASSWORD, target="/spring?gclid=x")
            (click,) = edge.clicks()
        text = click_id.encode(click.click_id)
        assert reply.status == 303  # 307 would hand the password to the destination
        assert reply["location"] == f"https://shop.example/sale?gclid=x#ct_{text}"
        assert (click.no_click, click.carry) == ("", "fragment")
        assert reply["set-cookie"].startswith(f"_ctv={text};")
        assert quote_plus(PASSWORD).encode() not in click.head

    async def test_may_be_typed_decomposed(self, tmp_path: Path) -> None:
        async with serving(tmp_path, domain(), locked()) as edge:
            assert (await type_in(edge, "gru\u0308ße & ku\u0308sse")).status == 303

    async def test_opens_nothing_once_the_link_is_closed(self, tmp_path: Path) -> None:
        async with serving(tmp_path, domain(), locked(is_exhausted=True)) as edge:
            assert (await edge.ask("/spring")).status == 200
            assert (await type_in(edge, PASSWORD)).status == 410
            assert edge.records() == []

    async def test_costs_no_attempt(self, tmp_path: Path) -> None:
        async with serving(tmp_path, domain(), locked()) as edge:
            assert [(await type_in(edge, PASSWORD)).status for _ in range(ATTEMPTS + 2)] == [303] * (ATTEMPTS + 2)


class TestAnythingElse:
    async def test_a_wrong_one_is_told_so(self, tmp_path: Path) -> None:
        async with serving(tmp_path, domain(), locked()) as edge:
            reply = await type_in(edge, "grusse & kusse")
            assert edge.records() == []
        page = reply.body.decode()
        assert (reply.status, reply["location"]) == (403, "")
        assert "<title>Error: That is not the password.</title>" in page
        assert 'role="alert">That is not the password.' in page
        assert 'aria-describedby="error"' in page

    @pytest.mark.parametrize(
        ("body", "status"),
        [
            (b"", 400),
            (b"password=", 400),
            (b"other=x", 400),
            (b"password=%ff%fe", 400),
            (b"password=\xc3\xbc", 400),
            (b'{"password": "x"}', 400),
            (b"&".join(b"password=x" for _ in range(20)), 400),
            (b"password=" + b"x" * (PASSWORD_MAX_CHARS + 1), 400),
            (b"password=" + b"x" * BODY_MAX_BYTES, 413),
        ],
        ids=lambda value: str(value)[:24],
    )
    async def test_what_can_be_no_password_gets_the_page_again(self, tmp_path: Path, body: bytes, status: int) -> None:
        async with serving(tmp_path, domain(), locked()) as edge:
            reply = await edge.ask("/spring", FORM, method="POST", body=body)
            assert edge.records() == []
        assert reply.status == status
        assert 'role="alert"' in reply.body.decode()

    async def test_a_link_without_a_password_takes_no_post(self, tmp_path: Path) -> None:
        async with serving(tmp_path, domain(), link()) as edge:
            assert (await type_in(edge, PASSWORD)).status == 405
            assert (await type_in(edge, PASSWORD, target="/nothing")).status == 405
            assert edge.records() == []

    async def test_a_verifier_that_cannot_be_read_opens_to_nobody(self, tmp_path: Path) -> None:
        async with serving(tmp_path, domain(), link(password="argon2$x")) as edge:
            assert (await type_in(edge, "x")).status == 403

    async def test_guessing_is_limited_by_visitor_and_link(self, tmp_path: Path) -> None:
        other = link("autumn", password=VERIFIER)
        entries = domain(), locked(), structs.replace(other, link_id=click_id.new())
        async with serving(tmp_path, *entries, trusted_proxies=("127.0.0.1/32",)) as edge:
            here, there = "X-Forwarded-For: 203.0.113.7", "X-Forwarded-For: 203.0.113.8"
            assert [(await type_in(edge, f"guess {at}", here)).status for at in range(ATTEMPTS)] == [403] * ATTEMPTS
            late = await type_in(edge, PASSWORD, here)
            assert (await type_in(edge, PASSWORD, there)).status == 303
            assert (await type_in(edge, PASSWORD, here, target="/autumn")).status == 303
        assert late.status == 429
        assert 0 < int(late["retry-after"]) <= ATTEMPTS_MS // 1000
        assert "Too many attempts" in late.body.decode()

    async def test_a_crowd_is_asked_to_come_again(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(passwords, "WAITING_MAX", 1)
        async with serving(tmp_path, domain(), locked()) as edge:
            replies = await asyncio.gather(*(type_in(edge, PASSWORD) for _ in range(4)))
            assert (await type_in(edge, PASSWORD)).status == 303
        statuses = sorted(reply.status for reply in replies)
        assert statuses[0] == 303
        assert statuses[-1] == 503
        assert all(reply["retry-after"] for reply in replies if reply.status == 503)

    async def test_a_check_holds_nobody_up(self, tmp_path: Path) -> None:
        """Twelve checks take a while for two threads; another link's visitor waits for none of them."""
        async with serving(tmp_path, domain(), locked(), link("open")) as edge:
            checks = asyncio.gather(*(type_in(edge, PASSWORD) for _ in range(12)))
            await asyncio.sleep(0.02)
            assert (await edge.ask("/open")).status == 302
            assert not checks.done()
            await checks


class TestAttempts:
    def test_come_back_a_minute_after_the_first(self) -> None:
        attempts, address, one = Attempts(), bytes(4), b"link"
        assert [attempts.take(address, one, 1_000 + at) for at in range(ATTEMPTS)] == [0] * ATTEMPTS
        assert attempts.take(address, one, 2_000) == ATTEMPTS_MS - 1_000
        assert attempts.take(address, one, 1_000 + ATTEMPTS_MS) == 0

    def test_are_those_of_a_whole_ipv6_subscriber(self) -> None:
        attempts = Attempts()
        network = bytes.fromhex("20010db800000001")
        for at in range(ATTEMPTS):
            attempts.take(network + at.to_bytes(8, "big"), b"link", 0)
        assert attempts.take(network + bytes(7) + b"\xff", b"link", 0) > 0
        assert attempts.take(bytes.fromhex("20010db800000002") + bytes(8), b"link", 0) == 0

    @pytest.mark.parametrize("network", ["::ffff:0:0", "64:ff9b::"])
    def test_are_each_visitor_s_own_where_ipv6_holds_ipv4(self, network: str) -> None:
        attempts, first = Attempts(), ip_address(network).packed[:12]
        for _ in range(ATTEMPTS + 1):
            attempts.take(first + bytes((203, 0, 113, 7)), b"link", 0)
        assert attempts.take(first + bytes((203, 0, 113, 7)), b"link", 0) > 0
        assert attempts.take(first + bytes((203, 0, 113, 8)), b"link", 0) == 0

    def test_are_kept_within_bounds(self) -> None:
        attempts = Attempts()
        for at in range(30_000):
            assert attempts.take(at.to_bytes(4, "big"), b"link", at) == 0
        assert len(attempts._counts) <= 10_000  # pyright: ignore[reportPrivateUsage]


@given(st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=PASSWORD_MAX_CHARS))
def test_whatever_a_form_can_say_is_read(password: str) -> None:
    assert typed_in(urlencode({"password": password}).encode()) == password


@given(st.binary(max_size=200))
def test_no_body_is_too_much(body: bytes) -> None:
    typed = typed_in(body)
    assert typed is None or 0 < len(typed) <= PASSWORD_MAX_CHARS


@pytest.mark.browser
async def test_a_person_gets_it_wrong_then_right_and_arrives_on_another_site(tmp_path: Path, page: Page) -> None:
    """Chromium holds the redirect after a form to the page's policy, so this cannot be seen without one."""

    async def landing(request: web.Request) -> web.Response:
        return web.Response(text=f"arrived by {request.method}")

    shop = web.Application()
    shop.router.add_get("/sale", landing)
    server = TestServer(shop)
    await server.start_server()
    host = "go.localhost"
    fill(tmp_path / "links", domain(host), locked(str(server.make_url("/sale")), host=host))
    async with serving(tmp_path) as edge:
        await page.goto(f"http://{host}:{edge.port}/spring?utm_content=a%2F%2Fb")
        await expect(page.get_by_label("Password")).to_be_focused()
        await page.keyboard.type("wrong")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("alert")).to_have_text("That is not the password.")
        await expect(page).to_have_title("Error: That is not the password.")
        await page.get_by_label("Password").fill(PASSWORD)
        await page.get_by_role("button", name="Open the link").click()
        await expect(page.get_by_text("arrived by GET")).to_be_visible()
        (click,) = edge.clicks()
    assert page.url.endswith(f"/sale?utm_content=a%2F%2Fb#ct_{click_id.encode(click.click_id)}")
    await server.close()

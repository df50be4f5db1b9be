"""A click, from the request to the answer and the record, over real sockets."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from shared import click_id
from shared.clock import wall_ms
from shared.wire import LinkEntry, UnknownSlugsRecord
from tests.edge.building import HOST, LINK_ID, domain, fill, link
from tests.edge.serving import Reply, serving

TEN_SECONDS_MS = 10_000
ID = r"[A-Za-z0-9_-]{22}"


def same_site() -> LinkEntry:
    return link(carry="cookie", carry_without_cookie="fragment")


def cookie(reply: Reply, name: str) -> tuple[str, set[str]]:
    """Value and attributes of a cookie that the answer sets; empty when it doesn't."""
    for line in reply.all("set-cookie"):
        pair, *attributes = line.split("; ")
        if pair.startswith(name + "="):
            return pair.partition("=")[2], set(attributes)
    return "", set()


class TestAnswer:
    async def test_a_click_is_redirected_with_its_id_in_the_fragment(self, tmp_path: Path) -> None:
        async with serving(tmp_path, domain(), link()) as edge:
            reply = await edge.ask("/spring")
            (click,) = edge.clicks()
        assert reply.status == 302
        assert reply["location"] == f"https://shop.example/sale#ct_{click_id.encode(click.click_id)}"
        assert reply["cache-control"] == "private, no-store"
        assert reply["date"]
        assert reply["referrer-policy"] == ""
        assert reply["content-length"] == "0"
        assert cookie(reply, "_ct") == ("", set())

    @pytest.mark.parametrize("status", [301, 302, 307, 308])
    async def test_the_link_chooses_status_and_referrer_policy(self, tmp_path: Path, status: int) -> None:
        async with serving(tmp_path, domain(), link(status=status, referrer_policy="no-referrer")) as edge:
            reply = await edge.ask("/spring")
        assert (reply.status, reply["referrer-policy"]) == (status, "no-referrer")
        assert reply["cache-control"] == "private, no-store"

    async def test_the_query_carrier_stands_before_the_fragment(self, tmp_path: Path) -> None:
        entry = link(destination="https://shop.example/p?a=1#reviews", carry="query", query_name="cid")
        async with serving(tmp_path, domain(), entry) as edge:
            reply = await edge.ask("/spring?gclid=x%2Fy&a=2&ct=forged&r=forged&cid=forged")
        assert re.fullmatch(rf"https://shop\.example/p\?a=1&gclid=x%2Fy&cid={ID}#reviews", reply["location"])

    async def test_a_fragment_carrier_gives_way_to_a_fragment(self, tmp_path: Path) -> None:
        async with serving(tmp_path, domain(), link(destination="https://shop.example/#reviews")) as edge:
            reply = await edge.ask("/spring")
            (click,) = edge.clicks()
        assert re.fullmatch(rf"https://shop\.example/\?ct={ID}#reviews", reply["location"])
        assert click.carry == "query"

    async def test_nothing_is_added_where_nothing_is_wanted(self, tmp_path: Path) -> None:
        signed = link(destination="https://shop.example/?sig=abc", carry="none", forward_query=False)
        async with serving(tmp_path, domain(), signed) as edge:
            reply = await edge.ask("/spring?gclid=x")
            (click,) = edge.clicks()
        assert reply["location"] == "https://shop.example/?sig=abc"
        assert b"gclid=x" in click.head

    @pytest.mark.parametrize("target", ["/fr%C3%BCh", "/fr%c3%bch", "/%66r%C3%BCh"])
    async def test_non_ascii_slugs_work_however_they_arrive(self, tmp_path: Path, target: str) -> None:
        async with serving(tmp_path, domain(), link("früh")) as edge:
            assert (await edge.ask(target)).status == 302

    async def test_host_and_slug_decide_together(self, tmp_path: Path) -> None:
        other = link(destination="https://other.example/", host="go.other.example")
        async with serving(tmp_path, domain(), domain("go.other.example"), link(), other) as edge:
            here = await edge.ask("/spring", host="GO.Shop.Example:8080")
            there = await edge.ask("/spring", host="go.other.example")
        assert here["location"].startswith("https://shop.example/sale#ct_")
        assert there["location"].startswith("https://other.example/#ct_")

    async def test_a_hostile_query_cannot_add_a_header(self, tmp_path: Path) -> None:
        async with serving(tmp_path, domain(), link(carry="query")) as edge:
            reply = await edge.ask("/spring?a=%0d%0aSet-Cookie:x=y&b=\udcff\t#ct_forged")
        if reply.status == 302:
            assert re.fullmatch(
                rf"https://shop\.example/sale\?a=%0d%0aSet-Cookie:x=y&b=%FF%09(%23ct_forged)?&ct={ID}",
                reply["location"],
            )
        else:
            assert reply.status == 400
        assert all(line.startswith("_ctv=") for line in reply.all("set-cookie"))


class TestRecord:
    async def test_says_what_was_seen_and_answered(self, tmp_path: Path) -> None:
        async with serving(tmp_path, domain(), link()) as edge:
            await edge.ask("/spring?gclid=1", "User-Agent: Mozilla/5.0")
            (click,) = edge.clicks()
        assert click.link_id == LINK_ID
        assert (click.no_click, click.carry, click.arm) == ("", "fragment", 0)
        assert click.host == HOST.encode()
        assert click.address == bytes((127, 0, 0, 1))
        assert click.head.startswith(b"GET /spring?gclid=1 HTTP/1.1\r\n")
        assert b"User-Agent: Mozilla/5.0\r\n" in click.head
        assert abs(click.time_ms - wall_ms()) < TEN_SECONDS_MS
        assert click_id.time_ms_of(click.click_id) == click.time_ms

    async def test_a_trusted_proxy_names_the_visitor(self, tmp_path: Path) -> None:
        async with serving(tmp_path, domain(), link(), trusted_proxies=("127.0.0.0/8",)) as edge:
            await edge.ask("/spring", "X-Forwarded-For: 1.2.3.4, 203.0.113.7")
            (click,) = edge.clicks()
        assert click.address == bytes((203, 0, 113, 7))

    async def test_head_is_answered_and_marked(self, tmp_path: Path) -> None:
        async with serving(tmp_path, domain(), same_site()) as edge:
            reply = await edge.ask("/spring", method="HEAD")
            (click,) = edge.clicks()
        assert reply.status == 302
        assert reply.body == b""
        assert (click.no_click, click.carry) == ("head", "fragment")
        assert reply.all("set-cookie") == []


class TestCookieCarrier:
    async def test_sets_a_first_party_cookie_and_leaves_the_destination_alone(self, tmp_path: Path) -> None:
        async with serving(tmp_path, domain(cookie_domain="shop.example"), same_site()) as edge:
            reply = await edge.ask("/spring")
            (click,) = edge.clicks()
        value, attributes = cookie(reply, "_ct")
        assert value == f"{click_id.encode(click.click_id)}.{click_id.encode(LINK_ID)}"
        assert attributes == {"Path=/", "Domain=shop.example", "Max-Age=3600", "SameSite=Lax"}
        assert reply["location"] == "https://shop.example/sale"
        assert click.carry == "cookie"

    async def test_a_second_tab_keeps_the_first_ones_id(self, tmp_path: Path) -> None:
        async with serving(tmp_path, domain(), same_site()) as edge:
            first, _ = cookie(await edge.ask("/spring"), "_ct")
            second, _ = cookie(await edge.ask("/spring", f"Cookie: x=y; _ct={first}"), "_ct")
        assert second.split("~")[1:] == [first]

    async def test_is_secure_behind_a_proxy_that_speaks_tls(self, tmp_path: Path) -> None:
        async with serving(tmp_path, domain(), same_site(), trusted_proxies=("127.0.0.1/32",)) as edge:
            _, over_tls = cookie(await edge.ask("/spring", "X-Forwarded-Proto: https"), "_ct")
            _, in_clear = cookie(await edge.ask("/spring", "X-Forwarded-Proto: http"), "_ct")
        assert "Secure" in over_tls
        assert "Secure" not in in_clear

    @pytest.mark.parametrize("consent", ["required", "cookieless"])
    async def test_without_consent_the_fragment_serves(self, tmp_path: Path, consent: str) -> None:
        async with serving(tmp_path, domain(consent=consent), same_site()) as edge:
            reply = await edge.ask("/spring")
            (click,) = edge.clicks()
        assert reply.all("set-cookie") == []
        assert "#ct_" in reply["location"]
        assert click.carry == "fragment"

    async def test_global_privacy_control_is_honoured(self, tmp_path: Path) -> None:
        async with serving(tmp_path, domain(), same_site()) as edge:
            reply = await edge.ask("/spring", "Sec-GPC: 1")
        assert reply.all("set-cookie") == []
        assert "#ct_" in reply["location"]


class TestVisitor:
    async def test_is_set_once_and_recorded_from_the_first_click(self, tmp_path: Path) -> None:
        async with serving(tmp_path, domain(), link()) as edge:
            first = await edge.ask("/spring")
            visitor, attributes = cookie(first, "_ctv")
            second = await edge.ask("/spring", f"Cookie: _ctv={visitor}")
            clicks = edge.clicks()
        assert attributes == {"Path=/", "Max-Age=34128000", "SameSite=Lax", "HttpOnly"}
        assert second.all("set-cookie") == []
        assert [click.visitor for click in clicks] == [click_id.decode(visitor)] * 2

    async def test_a_forged_value_is_replaced(self, tmp_path: Path) -> None:
        async with serving(tmp_path, domain(), link()) as edge:
            reply = await edge.ask("/spring", "Cookie: _ctv=AAAAAAAAAAAAAAAAAAAAAA")
            (click,) = edge.clicks()
        assert click_id.encode(click.visitor) == cookie(reply, "_ctv")[0]

    async def test_one_that_is_there_is_read_but_none_set_without_consent(self, tmp_path: Path) -> None:
        known = click_id.new()
        async with serving(tmp_path, domain(consent="required"), link()) as edge:
            await edge.ask("/spring", f"Cookie: _ctv={click_id.encode(known)}")
            await edge.ask("/spring")
            clicks = edge.clicks()
        assert [click.visitor for click in clicks] == [known, b""]


class TestPrefetch:
    @pytest.mark.parametrize("header", ["Sec-Purpose: prefetch;prerender", "Purpose: prefetch", "X-Moz: prefetch"])
    async def test_goes_by_fragment_without_cookies(self, tmp_path: Path, header: str) -> None:
        async with serving(tmp_path, domain(), same_site()) as edge:
            reply = await edge.ask("/spring", header)
            (click,) = edge.clicks()
        assert reply.status == 302
        assert "#ct_" in reply["location"]
        assert reply.all("set-cookie") == []
        assert (click.no_click, click.carry) == ("prefetch", "fragment")

    @pytest.mark.parametrize("carry", ["query", "none"])
    async def test_must_ask_again_where_no_page_can_confirm_it(self, tmp_path: Path, carry: str) -> None:
        async with serving(tmp_path, domain(), link(carry=carry, carry_without_cookie=carry)) as edge:
            reply = await edge.ask("/spring", "Sec-Purpose: prefetch")
            assert edge.clicks() == []
        assert reply.status == 503
        assert reply["cache-control"] == "private, no-store"


class TestNothingThere:
    async def test_an_unknown_slug_gets_a_page_of_its_own(self, tmp_path: Path) -> None:
        async with serving(tmp_path, domain(), link()) as edge:
            reply = await edge.ask("/nothing")
            assert edge.records() == []
        page = reply.body.decode()
        assert reply.status == 404
        assert reply["content-type"] == "text/html; charset=utf-8"
        assert reply["cache-control"] == "private, no-store"
        assert reply["x-robots-tag"] == "noindex"
        assert '<html lang="en">' in page
        assert "<h1>This link doesn’t exist</h1>" in page
        assert not re.search(r"<script|src=|href=|https?://|\bstyle=", page)
        assert "default-src 'none'; style-src 'sha256-" in reply["content-security-policy"]

    async def test_an_unknown_slug_goes_to_the_fallback_where_there_is_one(self, tmp_path: Path) -> None:
        async with serving(tmp_path, domain(fallback_url="https://shop.example/?from=short#top")) as edge:
            reply = await edge.ask("/nothing?x=1")
        assert (reply.status, reply["location"]) == (302, "https://shop.example/?from=short#top")
        assert reply["cache-control"] == "private, no-store"

    async def test_an_unknown_host_says_that_it_is_not_set_up(self, tmp_path: Path) -> None:
        async with serving(tmp_path, domain(), link()) as edge:
            reply = await edge.ask("/spring", host="stranger.example")
        assert reply.status == 404
        assert "This domain isn’t set up" in reply.body.decode()

    async def test_unknown_slugs_are_summed_by_host_and_minute(self, tmp_path: Path) -> None:
        async with serving(tmp_path, domain(), link()) as edge:
            for target in ("/old", "/old?x=1", "/wp-login.php", "/", "/fr%C3%BCh"):
                await edge.ask(target)
            await edge.ask("/old", host="stranger.example")
            edge.app.redirects.flush_unknown()
            assert edge.records() == []
            edge.app.redirects.flush_unknown(all_of_it=True)
            (summed,) = edge.records()
        assert isinstance(summed, UnknownSlugsRecord)
        assert (summed.host, summed.total) == (HOST, 4)
        assert summed.minute_ms % 60_000 == 0
        assert summed.paths == {"/old": 2, "/wp-login.php": 1, "/fr%C3%BCh": 1}

    async def test_other_methods_are_refused(self, tmp_path: Path) -> None:
        async with serving(tmp_path, domain(), link()) as edge:
            for method in ("POST", "PUT", "DELETE", "OPTIONS", "PROPFIND"):
                reply = await edge.ask("/spring", method=method)
                assert (reply.status, reply["allow"]) == (405, "GET, HEAD")
            assert edge.records() == []

    async def test_without_a_snapshot_nothing_is_known_to_be_unknown(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as edge:
            waiting = await edge.ask("/spring")
        assert (waiting.status, waiting["retry-after"]) == (503, "5")

    async def test_a_damaged_entry_is_not_served(self, tmp_path: Path) -> None:
        fill(tmp_path / "links", domain(), link(destination="https://shop.example/right"))
        (path,) = (tmp_path / "links").glob("*/data.mdb")
        path.write_bytes(path.read_bytes().replace(b"shop.example/right", b"evil.example/right"))
        async with serving(tmp_path) as edge:
            reply = await edge.ask("/spring")
            assert edge.clicks() == []
        assert (reply.status, reply["retry-after"], reply["location"]) == (503, "5", "")


class TestLimits:
    async def test_a_head_that_is_too_long_is_refused(self, tmp_path: Path) -> None:
        async with serving(tmp_path, domain(), link()) as edge:
            many = [f"X-Filler-{number}: {'x' * 4_000}" for number in range(5)]
            assert (await edge.ask("/spring", *many)).status == 431
            assert (await edge.ask("/spring?" + "x" * 20_000)).status in (400, 414, 431)
            assert (await edge.ask("/spring", *(f"X-{number}: y" for number in range(200)))).status in (400, 431)
            assert edge.records() == []
            assert (await edge.ask("/spring")).status == 302

    async def test_what_is_no_http_gets_no_traceback(self, tmp_path: Path) -> None:
        async with serving(tmp_path, domain(), link()) as edge:
            reply = await edge.ask("/spring", "Broken header line")
        assert reply.status == 400
        assert "This request can’t be understood" in reply.body.decode()
        assert b"Broken" not in reply.body
        assert reply["server"] == "clicktrail"

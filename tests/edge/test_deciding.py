"""Rules, closing, previews and agents, from the request to the answer and the record, over real sockets."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from shared import click_id
from shared.clock import wall_ms
from shared.wire import Arm, LinkEntry, Preview, Rule
from tests.edge.building import HOST, domain, link
from tests.edge.serving import Reply, serving

HOUR_MS = 3_600_000
PROXY = ("127.0.0.1/32",)
GERMAN = "X-Forwarded-For: 2.160.0.1"
SLACK = "User-Agent: Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)"
SCANNER = "User-Agent: Mozilla/5.0 (compatible; Mimecast)"
PREFETCH = "Sec-Purpose: prefetch"


def ruled(*rules: Rule, **more: Any) -> LinkEntry:
    return link(rules=rules, **more)


def halves(**arm: Any) -> Rule:
    return Rule((Arm(1, "https://a.example/", **arm), Arm(2, "https://b.example/", **arm)))


def visitor_in(reply: Reply) -> str:
    found = re.search(r"_ctv=([A-Za-z0-9_-]{22})", reply["set-cookie"])
    assert found is not None
    return found[1]


class TestRules:
    async def test_the_arm_is_served_and_recorded(self, tmp_path: Path) -> None:
        entry = ruled(Rule((Arm(7, "https://shop.example/de"),), countries=("DE",)))
        async with serving(tmp_path, domain(), entry, trusted_proxies=PROXY) as edge:
            german = await edge.ask("/spring?a=1", GERMAN)
            other = await edge.ask("/spring")
            clicks = edge.clicks()
        assert german["location"].startswith("https://shop.example/de?a=1#ct_")
        assert other["location"].startswith("https://shop.example/sale#ct_")
        assert [click.arm for click in clicks] == [7, 0]

    async def test_a_cdns_word_goes_before_the_address(self, tmp_path: Path) -> None:
        entry = ruled(Rule((Arm(7, "https://shop.example/br"),), countries=("BR",)))
        options: dict[str, Any] = {"trusted_proxies": PROXY, "country_header": "CF-IPCountry"}
        async with serving(tmp_path, domain(), entry, **options) as edge:
            await edge.ask("/spring", GERMAN, "CF-IPCountry: BR")
            await edge.ask("/spring", GERMAN)
            assert [click.arm for click in edge.clicks()] == [7, 0]

    async def test_a_strangers_word_is_none(self, tmp_path: Path) -> None:
        entry = ruled(Rule((Arm(7, "https://shop.example/br"),), countries=("BR",)))
        async with serving(tmp_path, domain(), entry, country_header="CF-IPCountry") as edge:
            await edge.ask("/spring", "CF-IPCountry: BR")
            assert [click.arm for click in edge.clicks()] == [0]

    async def test_a_visitor_who_returns_with_the_cookie_gets_the_same_arm(self, tmp_path: Path) -> None:
        """The first visit draws by the id that its own answer sets."""
        async with serving(tmp_path, domain(), ruled(halves())) as edge:
            for _ in range(24):
                first = await edge.ask("/spring")
                again = await edge.ask("/spring", f"Cookie: _ctv={visitor_in(first)}", "User-Agent: Another/1")
                here, there = (reply["location"].partition("#")[0] for reply in (first, again))
                assert here == there
            assert {click.arm for click in edge.clicks()} == {1, 2}

    async def test_without_cookies_the_browser_gets_the_same_arm(self, tmp_path: Path) -> None:
        async with serving(tmp_path, domain(consent="cookieless"), ruled(halves())) as edge:
            served = {(await edge.ask("/spring"))["location"].partition("#")[0] for _ in range(6)}
        assert len(served) == 1

    async def test_each_arm_carries_in_its_own_way(self, tmp_path: Path) -> None:
        entry = ruled(Rule((Arm(1, "https://shop.example/#top", carry="cookie", carry_without_cookie="fragment"),)))
        async with serving(tmp_path, domain(), entry) as edge:
            reply = await edge.ask("/spring")
            refused = await edge.ask("/spring", "Sec-GPC: 1")
            cookie, query = edge.clicks()
        assert (cookie.carry, query.carry) == ("cookie", "query")
        assert reply["location"] == "https://shop.example/#top"
        assert refused["location"] == f"https://shop.example/?ct={click_id.encode(query.click_id)}#top"

    async def test_a_prefetch_is_judged_by_the_arm_that_it_gets(self, tmp_path: Path) -> None:
        confirmed, unconfirmed = halves(), halves(carry="query", carry_without_cookie="query")
        async with serving(tmp_path / "1", domain(), ruled(confirmed, carry="none")) as edge:
            assert (await edge.ask("/spring", PREFETCH)).status == 302
            assert [click.no_click for click in edge.clicks()] == ["prefetch"]
        async with serving(tmp_path / "2", domain(), ruled(unconfirmed)) as edge:
            reply = await edge.ask("/spring", PREFETCH)
            assert edge.clicks() == []
        assert (reply.status, reply["cache-control"]) == (503, "private, no-store")

    async def test_head_gets_the_answer_that_get_would(self, tmp_path: Path) -> None:
        async with serving(tmp_path, domain(), ruled(Rule((Arm(3, "https://a.example/"),)))) as edge:
            reply = await edge.ask("/spring", method="HEAD")
            (click,) = edge.clicks()
        assert reply["location"].startswith("https://a.example/#ct_")
        assert (click.no_click, click.arm) == ("head", 3)


class TestClosed:
    @pytest.mark.parametrize("how", [{"expires_ms": 1}, {"is_exhausted": True}], ids=["expired", "exhausted"])
    @pytest.mark.parametrize("method", ["GET", "HEAD"])
    async def test_a_closed_link_says_so_and_records_nothing(
        self, tmp_path: Path, how: dict[str, Any], method: str
    ) -> None:
        async with serving(tmp_path, domain(), ruled(halves(), **how)) as edge:
            reply = await edge.ask("/spring", method=method)
            assert edge.records() == []
        assert (reply.status, reply["location"], reply["set-cookie"]) == (410, "", "")
        assert ("<h1>This link is closed</h1>" in reply.body.decode()) == (method == "GET")

    async def test_or_leads_to_where_it_should_then(self, tmp_path: Path) -> None:
        entry = link(is_exhausted=True, closed_url="https://shop.example/over?x=1#end", status=301)
        async with serving(tmp_path, domain(), entry) as edge:
            reply = await edge.ask("/spring?gclid=1")
            assert edge.records() == []
        assert (reply.status, reply["location"]) == (302, "https://shop.example/over?x=1#end")
        assert reply["cache-control"] == "private, no-store"

    async def test_closes_at_its_time_and_not_before(self, tmp_path: Path) -> None:
        async with serving(
            tmp_path, domain(), link(expires_ms=wall_ms() + HOUR_MS), link("over", expires_ms=wall_ms())
        ) as edge:
            assert (await edge.ask("/spring")).status == 302
            assert (await edge.ask("/over")).status == 410

    async def test_is_closed_to_agents_too(self, tmp_path: Path) -> None:
        async with serving(tmp_path, domain(), link(is_exhausted=True, preview=Preview("Sale"))) as edge:
            assert (await edge.ask("/spring", SLACK)).status == 410


class TestAgents:
    @pytest.mark.parametrize(("agent", "kind"), [(SLACK, "preview"), (SCANNER, "scanner")])
    @pytest.mark.parametrize("method", ["GET", "HEAD"])
    async def test_are_redirected_and_recorded_as_what_they_are(
        self, tmp_path: Path, agent: str, kind: str, method: str
    ) -> None:
        async with serving(tmp_path, domain(), link(carry="cookie")) as edge:
            reply = await edge.ask("/spring", agent, method=method)
            (click,) = edge.clicks()
        assert reply.status == 302
        assert reply["location"].startswith("https://shop.example/sale#ct_")
        assert reply.all("set-cookie") == []
        assert (click.no_click, click.visitor) == (kind, b"")

    @pytest.mark.parametrize("said", ["User-Agent: Mozilla/5.0", PREFETCH, SLACK])
    async def test_a_honeypots_visitors_are_machines_whatever_they_say(self, tmp_path: Path, said: str) -> None:
        entry = link(is_honeypot=True, carry="query", carry_without_cookie="query")
        async with serving(tmp_path, domain(), entry) as edge:
            reply = await edge.ask("/spring", said)
            (click,) = edge.clicks()
        assert (reply.status, reply["set-cookie"], click.no_click) == (302, "", "honeypot")


class TestPreview:
    TAGS = Preview('Frühling & "Sale"', "<b>50 %</b>", "https://shop.example/i.jpg?a=1&b=2")

    async def ask(self, folder: Path, tags: Preview, *headers: str, **more: Any) -> tuple[Reply, list[Any]]:
        async with serving(folder, domain(), link(preview=tags)) as edge:
            return await edge.ask("/spring", *headers, **more), edge.clicks()

    async def test_agents_get_tags_instead_of_the_redirect(self, tmp_path: Path) -> None:
        reply, (click,) = await self.ask(tmp_path, self.TAGS, SLACK)
        page = reply.body.decode()
        tags = dict(re.findall(r'<meta (?:property|name)="([a-z:]+)" content="([^"]*)">', page))
        assert reply.status == 200
        assert unescape(tags["og:title"]) == unescape(tags["twitter:title"]) == self.TAGS.title
        assert unescape(tags["og:description"]) == self.TAGS.description
        assert unescape(tags["og:image"]) == self.TAGS.image
        assert tags["twitter:card"] == "summary_large_image"
        assert "<b>" not in page
        assert '<a href="https://shop.example/sale">' in page
        assert "ct_" not in page
        assert reply["x-robots-tag"] == reply["set-cookie"] == ""
        assert (click.no_click, click.carry, click.arm) == ("preview", "none", 0)

    async def test_empty_fields_are_left_out(self, tmp_path: Path) -> None:
        reply, _ = await self.ask(tmp_path, Preview("Sale", image="javascript:alert(1)"), SLACK)
        page = reply.body.decode()
        assert "og:description" not in page
        assert "image" not in page.replace("summary_large_image", "")
        assert '<meta name="twitter:card" content="summary">' in page

    async def test_head_is_answered_like_get(self, tmp_path: Path) -> None:
        reply, (click,) = await self.ask(tmp_path, self.TAGS, SLACK, method="HEAD")
        assert (reply.status, reply.body, click.no_click) == (200, b"", "preview")

    @pytest.mark.parametrize("agent", ["User-Agent: Mozilla/5.0", SCANNER])
    async def test_everybody_else_is_redirected(self, tmp_path: Path, agent: str) -> None:
        reply, (click,) = await self.ask(tmp_path, self.TAGS, agent)
        assert reply.status == 302
        assert click.carry == "fragment"


async def test_a_new_visitor_is_called_by_their_first_click(tmp_path: Path) -> None:
    async with serving(tmp_path, domain(), link()) as edge:
        reply = await edge.ask("/spring", host=HOST)
        (click,) = edge.clicks()
    assert click.visitor == click.click_id
    assert visitor_in(reply) == click_id.encode(click.click_id)

"""What a browser fetches ahead of a click counts when the visitor follows it, once, and not before.

Chromium says `Sec-Purpose: prefetch` or `prefetch;prerender`, follows the redirect with its fragment, keeps the page
that it led to and opens that one at the click, without asking the edge a second time. It asks again where it kept
nothing: after a 503, and after `<link rel=prefetch>`, since the redirect may not be stored.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.browser.shop import PERSONS_AGENT
from tests.browser.snippet.bare_chromium import BareChromium
from tests.chaos.stored import rows
from tests.support.installation import HOST, OTHER_HOST, Installation
from tests.support.processes import wait_until

pytestmark = pytest.mark.browser

SETTLE_S = 0.7
"""How long a browser may take to fetch ahead what the edge refuses, of which nobody else tells."""

PREFETCH = '<script type="speculationrules">{"prefetch": [{"urls": ["%s"], "eagerness": "immediate"}]}</script>'
PRERENDER = '<script type="speculationrules">{"prerender": [{"urls": ["%s"], "eagerness": "immediate"}]}</script>'
LINK = '<link rel="prefetch" href="%s">'

Hit = tuple[str, str]  # class and reason
AHEAD, ACTIVATED, CLICKED = ("prefetch", "prefetch"), ("human", "activated"), ("human", "")


@dataclass(frozen=True)
class Case:
    """A short link on a page, and what becomes of the requests for it. Its destination is on the page's host."""

    slug: str
    fetching: str
    host: str
    site: str
    hits: Sequence[Hit]  # of the requests that were recorded
    is_clicked: bool = True
    carry: str = "auto"


# To pages on shop.localhost HOST is of the same site. OTHER_HOST comes last with what sets its cookies: a browser that
# has any fetches nothing ahead from there for another site.
CASES = (
    Case("prefetched-left", PREFETCH, HOST, "shop.localhost", [AHEAD], is_clicked=False),
    Case("prefetched-clicked", PREFETCH, HOST, "shop.localhost", [ACTIVATED]),
    Case("prerendered-left", PRERENDER, HOST, "shop.localhost", [AHEAD], is_clicked=False),
    Case("prerendered-activated", PRERENDER, HOST, "shop.localhost", [ACTIVATED]),
    Case("prefetch-refused", PREFETCH, HOST, "shop.localhost", [CLICKED], carry="query"),
    Case("afar-prefetched-left", PREFETCH, OTHER_HOST, "one.localhost", [AHEAD], is_clicked=False),
    Case("afar-prefetched-clicked", PREFETCH, OTHER_HOST, "two.localhost", [ACTIVATED]),
    Case("afar-prerendered-clicked", PRERENDER, OTHER_HOST, "three.localhost", [ACTIVATED]),
    Case("afar-again", PREFETCH, OTHER_HOST, "two.localhost", [ACTIVATED]),
    Case("linked-clicked", LINK, OTHER_HOST, "four.localhost", [AHEAD, CLICKED]),
    Case("link-refused", LINK, OTHER_HOST, "five.localhost", [CLICKED], carry="none"),
)


async def test_a_link_fetched_ahead_counts_once_it_is_followed(
    everything: Installation, chromium_path: Path, tmp_path: Path
) -> None:
    async with Pages.running(everything) as pages:
        for case in CASES:
            await asyncio.to_thread(
                everything.make_link, case.slug, pages.destination(case), host=case.host, carry=case.carry
            )
        agent = f"--user-agent={PERSONS_AGENT}"
        async with BareChromium.running(chromium_path, tmp_path / "profile", agent) as chromium:
            for case in CASES:
                tab = await chromium.open(pages.address(case))
                await _fetched_ahead(everything, pages, case)
                if case.is_clicked:
                    await chromium.run(tab, "document.querySelector('a').click()")
                    await pages.until(lambda case=case: case.slug in pages.opened)
                    await _until_hits(everything, case, case.hits)  # before the next tab hides this one
    hits = {case.slug: await asyncio.to_thread(_hits, everything, case) for case in CASES}
    assert hits == {case.slug: sorted(case.hits) for case in CASES}
    links = {link["slug"]: link["clicks"] for link in everything.call("GET", "/links?limit=100")["items"]}
    assert {case.slug: links[case.slug] for case in CASES} == {case.slug: int(case.is_clicked) for case in CASES}
    assert pages.prerendered == {"prerendered-left", "prerendered-activated"}


class Pages:
    """On any host two pages for each case: one with the link, and its destination, which tells when it is run."""

    def __init__(self, made: Installation) -> None:
        self.opened: set[str] = set()  # by slug: shown to the visitor
        self.prerendered: set[str] = set()  # run before that
        self._made = made
        self._told = asyncio.Condition()
        app = web.Application()
        app.router.add_get("/{slug}", self._show_link)
        app.router.add_get("/{slug}/destination", self._show_destination)
        app.router.add_post("/{slug}/{what:opened|prerendered}", self._note)
        self._server = TestServer(app)

    @classmethod
    @asynccontextmanager
    async def running(cls, made: Installation) -> AsyncGenerator[Pages]:
        pages = cls(made)
        await pages._server.start_server()
        try:
            yield pages
        finally:
            await pages._server.close()

    def address(self, case: Case) -> str:
        return f"http://{case.site}:{self._server.port}/{case.slug}"

    def destination(self, case: Case) -> str:
        return f"{self.address(case)}/destination"

    async def until(self, condition: Callable[[], bool]) -> None:
        """Waits until what the pages have told satisfies a condition."""
        async with self._told, asyncio.timeout(10):
            await self._told.wait_for(condition)

    async def _show_link(self, request: web.Request) -> web.Response:
        case = next((case for case in CASES if case.slug == request.match_info["slug"]), None)
        if case is None:
            raise web.HTTPNotFound
        url = self._made.short_url(case.slug, case.host)
        return _html(f"{case.fetching % url}<a href='{url}'>follow</a>")

    async def _show_destination(self, request: web.Request) -> web.Response:
        tell = f"const tell = (what) => fetch('/{request.match_info['slug']}/' + what, {{method: 'POST'}})"
        when = """
        if (document.prerendering) {
          tell('prerendered')
          document.addEventListener('prerenderingchange', () => tell('opened'))
        } else tell('opened')"""
        made = self._made
        snippet = f"http://{HOST}:{made.edge_port}/_t/t.js"
        return _html(
            f"<script async src='{snippet}' data-key='{made.publishable_key}'></script><script>{tell}{when}</script>"
        )

    async def _note(self, request: web.Request) -> web.Response:
        async with self._told:
            (self.opened if request.match_info["what"] == "opened" else self.prerendered).add(
                request.match_info["slug"]
            )
            self._told.notify_all()
        return web.Response(status=204)


def _html(body: str) -> web.Response:
    return web.Response(text=f"<!doctype html><meta charset=utf-8><title>Page</title>{body}", content_type="text/html")


async def _fetched_ahead(made: Installation, pages: Pages, case: Case) -> None:
    """Waits until the browser has asked for the link, and where it runs the destination ahead, has run it."""
    if case.carry != "auto":
        await asyncio.sleep(SETTLE_S)
        return
    await _until_hits(made, case, [AHEAD])
    if case.slug.startswith("prerendered"):
        await pages.until(lambda: case.slug in pages.prerendered)


async def _until_hits(made: Installation, case: Case, hits: Sequence[Hit]) -> None:
    what = f"{case.slug} to be recorded as {hits}"
    await asyncio.to_thread(wait_until, lambda: _hits(made, case) == sorted(hits), what=what)


def _hits(made: Installation, case: Case) -> list[Hit]:
    query = "select clicks.class, reason from clicks join links on links.id = clicks.link_id"
    found = rows(made, f"{query} where slug = '{case.slug}'")
    return sorted((hit_class, reason) for hit_class, reason in found if hit_class != "bot")  # that waited for the link

"""Every page of the dashboard with a small demo's data in it: nothing fails, nothing overflows, everyone can use it."""

from __future__ import annotations

import json
import re
import sys
import urllib.request
from collections.abc import Iterator
from typing import Any, NamedTuple, cast

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, ConsoleMessage, Page, Request, Response, expect

from tests.support.imports import ROOT
from tests.support.ports import free_port
from tests.support.processes import running, wait_until

pytestmark = pytest.mark.browser

PEOPLE = 200
START_S = 180.0
WIDTHS = (1280, 360)
PAGES = (
    "/",
    "/?days=90&by=link&model=linear&metric=value",
    "/links",
    "/links?archived=true",
    "/events",
    "/conversions",
    "/conversions?q=nothing",
    "/conversions/…",
    "/settings",
    "/settings?tab=domains",
    "/settings?tab=campaigns",
    "/settings?tab=keys",
    "/settings?tab=edges",
    "/nowhere",
)
SESSION_COOKIE = "clicktrail_session"


class Demo(NamedTuple):
    """A running demo. `spent_link` is the sign-in link that was used for the session."""

    url: str
    session: str
    spent_link: str
    conversion_id: str  # one with several touches


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    folder = tmp_path_factory.mktemp("demo")
    ports = {"CLICKTRAIL_CONTROL_PORT": str(free_port()), "CLICKTRAIL_EDGE_PORT": str(free_port())}
    command = [sys.executable, "-m", "control", "demo", "--data", folder / "data", "--people", str(PEOPLE)]
    command += ["--shop-port", str(free_port())]
    with running(command, log=folder / "demo.log", environment=ports, directory=ROOT) as child:
        wait_until(
            lambda: "Ctrl-C stops" in child.output() or not child.is_running(), what="the demo", timeout_s=START_S
        )
        link = re.search(r"http://\S+token=\S+", child.output())
        assert link is not None, child.describe()
        url = f"http://localhost:{ports['CLICKTRAIL_CONTROL_PORT']}"
        session = _sign_in(url, link[0].partition("token=")[2])
        yield Demo(url, session, link[0], _conversion_with_most_touches(url, session))


@pytest.fixture
async def signed_in(browser: Browser, demo: Demo) -> Page:
    """A page of somebody who has signed in before."""
    page = await browser.new_page()
    await page.context.add_cookies([{"name": SESSION_COOKIE, "value": demo.session, "url": demo.url}])
    return page


async def test_a_used_sign_in_link_says_so(demo: Demo, page: Page) -> None:
    await page.goto(demo.spent_link)
    await expect(page.get_by_role("alert")).to_contain_text("This link doesn’t work any more")
    await expect(page.get_by_text("clicktrail sign-in-link", exact=True)).to_be_visible()
    assert await _violations(page) == []


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_works_fits_and_is_accessible(demo: Demo, signed_in: Page, path: str) -> None:
    problems = _watched(signed_in)
    await signed_in.set_viewport_size({"width": WIDTHS[0], "height": 900})
    await signed_in.goto(demo.url + path.replace("…", demo.conversion_id), wait_until="networkidle")
    await expect(signed_in.get_by_role("heading", level=1)).to_be_visible()
    await expect(signed_in.get_by_role("status", name="Loading")).to_have_count(0)
    for width in WIDTHS:
        await signed_in.set_viewport_size({"width": width, "height": 900})
        assert await signed_in.evaluate("document.documentElement.scrollWidth") <= width
        assert await _violations(signed_in) == [], f"at {width}"
    assert problems == []


async def test_a_link_with_everything_is_made_and_changed(demo: Demo, signed_in: Page) -> None:
    """Rules by keyboard alone; what the server refuses stands at its field, in a section that opens for it."""
    page, by = signed_in, signed_in.get_by_role
    await page.goto(demo.url + "/links")
    await by("button", name="New link").click()
    dialog = by("dialog", name="New link")
    await dialog.get_by_role("textbox", name="Destination").fill("https://shop.example.com/spring")
    await dialog.get_by_label("Short name").fill("everything")
    await dialog.get_by_label("Channel").select_option("email")
    await by("button", name="A/B test and rules").press("Enter")
    await by("button", name="Start an A/B test").press("Enter")
    await dialog.get_by_role("textbox", name="Destination B").fill("https://shop.example.com/b")
    await dialog.get_by_role("spinbutton", name="Weight").last.fill("150")
    await expect(dialog.get_by_text("= 75%")).to_be_visible()
    await by("button", name="Add a rule").press("Enter")
    await page.keyboard.type("germ")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await page.keyboard.press("Escape")
    await by("button", name="Move Rule 2 up").press("Enter")
    first = by("region", name="Rule 1")
    await expect(first).to_contain_text("Rule 1 · Germany")
    await first.get_by_label("Leads to").fill("https://user@shop.example.com/de")
    await by("button", name="Expiry and click limit").click()
    await dialog.get_by_label("Expires").fill("2030-06-01T12:00")
    await dialog.get_by_role("spinbutton", name="Click limit").fill("500")
    assert await _violations(page) == []
    await by("button", name="A/B test and rules").press("Enter")
    await by("button", name="Create link").click()
    await expect(first).to_contain_text("a destination carries no user name")
    await expect(first.get_by_label("Leads to")).to_be_focused()
    await first.get_by_label("Leads to").fill("https://shop.example.com/de")
    await by("button", name="Create link").click()
    await expect(dialog).to_have_count(0)
    made = _newest_link(demo)
    assert [rule["countries"] for rule in made["rules"]] == [["DE"], []]
    assert [arm["weight"] for arm in made["rules"][1]["arms"]] == [50, 150]
    assert (made["expires_at"], made["click_limit"]) == ("2030-06-01T10:00:00Z", 500)  # of Europe/Berlin
    row = by("row", name=re.compile("everything"))
    await expect(row).to_contain_text("2 rules")
    await expect(row).to_contain_text("Limit 500")
    await by("button", name=re.compile("More for .*everything")).click()
    await by("menuitem", name="Edit").click()
    await by("button", name="A/B test and rules").press("Enter")
    await by("button", name="Remove Rule 1").click()
    await by("button", name="Save").click()
    await expect(row).to_contain_text("A/B")
    assert _newest_link(demo)["rules"] == made["rules"][1:]


def _watched(page: Page) -> list[str]:
    """What goes wrong on a page from now on; filled as it happens."""
    problems: list[str] = []

    def on_console(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            problems.append(f"{message.type}: {message.text}")

    def on_failure(request: Request) -> None:
        problems.append(f"{request.url} failed: {request.failure}")

    def on_response(response: Response) -> None:
        if response.status >= 400:
            problems.append(f"{response.url}: {response.status}")

    page.on("console", on_console)
    page.on("pageerror", lambda error: problems.append(f"uncaught: {error}"))
    page.on("requestfailed", on_failure)
    page.on("response", on_response)
    return problems


async def _violations(page: Page) -> list[str]:
    """What axe holds for a serious or critical barrier."""
    response = cast("Any", await Axe().run(page)).response
    found: list[dict[str, Any]] = response["violations"]
    return [
        f"{one['id']}: {[node['target'] for node in one['nodes']]}"
        for one in found
        if one["impact"] in ("serious", "critical")
    ]


def _sign_in(url: str, token: str) -> str:
    request = urllib.request.Request(
        f"{url}/api/v1/auth/sign-in", json.dumps({"token": token}).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        cookie = str(answer.headers["Set-Cookie"])
    return cookie.removeprefix(f"{SESSION_COOKIE}=").partition(";")[0]


def _newest_link(demo: Demo) -> dict[str, Any]:
    return _items(demo.url, demo.session, "links?limit=1")[0]


def _conversion_with_most_touches(url: str, session: str) -> str:
    items = _items(url, session, "conversions?event=purchase&limit=100")
    best = max(items, key=lambda conversion: conversion["touches"])
    assert best["touches"] > 1
    return best["id"]


def _items(url: str, session: str, path: str) -> list[dict[str, Any]]:
    request = urllib.request.Request(f"{url}/api/v1/{path}", headers={"Cookie": f"{SESSION_COOKIE}={session}"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)["items"]

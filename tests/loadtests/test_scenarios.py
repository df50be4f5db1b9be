"""The scenarios, run as users run them against a real installation: nothing fails, and no link is left changed."""

import asyncio
import json
import sys
from pathlib import Path

from loadtests.scenarios.destinations import click_of, leads_to, marked
from tests.support.imports import ROOT
from tests.support.installation import HOST, Installation, installation

SCENARIOS = ("Redirects", "FlashCrowd", "Beacons", "Journey", "EditStorm")
USERS_EACH = 2
RUN_S = 12  # counted from locust's own start, of which a slow machine needs eight seconds to import it
LINKS = {"spring": "https://shop.example/spring?ref=a#top", "summer": "https://shop.example/summer"}
KINDS = {
    "redirect", "redirect of the crowd", "landing beacon", "event beacon", "conversion by the server",
    "edit", "look", "edit to live",
}  # fmt: skip
CLICK = "AZpVq3x2cQyX1mW8hH0nUg"


async def test_scenarios_run_side_by_side_without_a_failure(tmp_path: Path) -> None:
    with installation(tmp_path) as made:
        for slug, destination in LINKS.items():
            await asyncio.to_thread(made.make_link, slug, destination)
        figures = json.loads(await _run(made, tmp_path / "results.json"))
        links = await asyncio.to_thread(made.call, "GET", "/links")
    assert figures["failures"] == 0
    assert set(figures["kinds"]) == KINDS
    assert all(kind["requests"] for kind in figures["kinds"].values())
    assert figures["edges"] == [f"http://127.0.0.1:{made.edge_port}", f"http://localhost:{made.edge_port}"]
    assert {link["slug"]: link["destination"] for link in links["items"]} == LINKS


def test_a_click_id_is_found_by_whichever_way_it_travels() -> None:
    assert click_of(f"https://shop.example/#ct_{CLICK}", "") == CLICK
    assert click_of(f"https://shop.example/?a=1&ct={CLICK}#top", "") == CLICK
    assert click_of("https://shop.example/", f"_ctv=x; Path=/, _ct={CLICK}.AAAA~; Path=/") == CLICK
    assert click_of("https://shop.example/?direct=1", "") == ""


def test_an_edit_is_told_from_every_other() -> None:
    assert marked("https://shop.example/a?b=1#top", 7) == ("https://shop.example/a?b=1&loadtest-edit=7", "#top")
    wanted, fragment = marked("https://shop.example/a", 1)
    assert fragment == ""
    assert leads_to(f"{wanted}#ct_{CLICK}", wanted)
    assert not leads_to(f"{wanted}0", wanted)
    assert not leads_to("https://shop.example/a", wanted)


async def _run(made: Installation, results: Path) -> str:
    """The figures that one run of locust leaves. Two names of the one edge stand for two."""
    edges = f"http://127.0.0.1:{made.edge_port},http://localhost:{made.edge_port}"
    users = str(USERS_EACH * len(SCENARIOS))
    command = [sys.executable, "-m", "locust", "-f", str(ROOT / "loadtests" / "locustfile.py"), "--headless"]
    command += ["--only-summary", "-u", users, "-r", users, f"-t{RUN_S}s", "--edges", edges]
    command += ["--api", made.control_url, "--api-key", made.secret_key, "--key", made.publishable_key]
    command += ["--domain", HOST, "--server-share", "0.5", "--results", str(results), *SCENARIOS]
    ran = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await ran.communicate()
    assert ran.returncode == 0, output.decode()
    return await asyncio.to_thread(results.read_text, encoding="utf-8")

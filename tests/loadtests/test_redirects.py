"""The load test, run as its users run it, against a server that answers as an edge does, and one that does not."""

import asyncio
import json
import sys
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web

from tests.support.ports import free_port

LOCUSTFILE = Path(__file__).parents[2] / "loadtests" / "locustfile.py"
SOMEBODY_ELSE = "http://127.0.0.1:1/"
"""A destination that nobody listens on: following it would be an error in locust's figures."""


@asynccontextmanager
async def answering(status: int, seen: Counter[tuple[str, str]]) -> AsyncGenerator[str]:
    async def answer(request: web.Request) -> web.Response:
        seen[request.host, request.path] += 1
        return web.Response(status=status, headers={"Location": SOMEBODY_ELSE})

    async def list_links(request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != "Bearer sk_right":
            return web.Response(status=401)
        page = int(request.query.get("cursor", "0"))
        link = {"slug": f"grüße-{page}", "domain": {"host": "go.localhost"}}
        return web.json_response({"items": [link], "next_cursor": str(page + 1) if page < 2 else None})

    app = web.Application()
    app.add_routes([web.get("/api/v1/links", list_links), web.get("/{slug}", answer)])
    runner = web.AppRunner(app)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    yield f"http://127.0.0.1:{port}"
    await runner.cleanup()


async def run_locust(host: str, *options: str) -> tuple[int | None, str]:
    """Two visitors for ten seconds, of which a slow machine may need eight to start; the exit code and all output."""
    command = [sys.executable, "-m", "locust", "-f", str(LOCUSTFILE), "--headless", "--only-summary", "-u2", "-r2"]
    command += ["-t10s", "--host", host, *options, "Redirects"]
    ran = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await ran.communicate()
    return ran.returncode, output.decode()


async def test_follows_popular_links_most_and_leaves_destinations_alone(tmp_path: Path) -> None:
    slugs, results = tmp_path / "slugs.txt", tmp_path / "results.json"
    slugs.write_text("# the shop's links\nspring\nother.localhost/summer\n\nautumn\n", encoding="utf-8")
    seen: Counter[tuple[str, str]] = Counter()
    async with answering(302, seen) as host:
        options = ["--slugs", str(slugs), "--domain", "go.localhost", "--zipf", "2", "--results", str(results)]
        code, output = await run_locust(host, *options)
    assert code == 0, output
    assert set(seen) == {("go.localhost", "/spring"), ("other.localhost", "/summer"), ("go.localhost", "/autumn")}
    assert seen["go.localhost", "/spring"] > seen["other.localhost", "/summer"] > seen["go.localhost", "/autumn"]
    figures = json.loads(results.read_text())
    assert figures["failures"] == 0
    assert 0 < figures["requests"] <= seen.total()
    assert figures["p50_ms"] <= figures["p99_ms"]


async def test_fetches_every_page_of_links_from_the_api() -> None:
    seen: Counter[tuple[str, str]] = Counter()
    async with answering(302, seen) as host:
        code, output = await run_locust(host, "--api", host, "--api-key", "sk_right", "--zipf", "0")
    assert code == 0, output
    assert set(seen) == {("go.localhost", f"/grüße-{page}") for page in range(3)}


async def test_an_answer_that_is_no_redirect_fails_the_run(tmp_path: Path) -> None:
    slugs = tmp_path / "slugs.txt"
    slugs.write_text("spring\n")
    async with answering(404, Counter()) as host:
        code, output = await run_locust(host, "--slugs", str(slugs))
    assert code == 1
    assert "404 in place of 302" in output


async def test_nothing_to_follow_is_said_in_a_sentence() -> None:
    async with answering(302, Counter()) as host:
        code, output = await run_locust(host, "--api", host, "--api-key", "sk_wrong")
    assert code not in (0, None)
    assert "cannot fetch links from" in output
    assert "401" in output
    assert "Traceback" not in output

"""Fixtures that every part's tests share: a database on each engine, and a browser.

`database_url` makes a test run twice, on SQLite and on Postgres; the end of a run says how many did on each.
Under CI a missing Postgres or browser is a failure. On a developer's machine a missing browser skips its tests, with
the sentence that says what to install.
"""

import os
from collections.abc import AsyncIterator, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, async_playwright

from tests.support.chromium import ChromiumMissing, launch_flags
from tests.support.chromium import chromium_path as find_chromium
from tests.support.postgres import PostgresServer, running_postgres

ENGINES = ("sqlite", "postgres")
ON_EACH_ENGINE = [pytest.param(engine, marks=getattr(pytest.mark, engine)) for engine in ENGINES]


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A Postgres for the whole session (one for each parallel worker), fast and not durable."""
    with running_postgres() as server:
        yield server


@pytest.fixture
def durable_postgres() -> Iterator[PostgresServer]:
    """A Postgres of the test's own with fsync on, to crash and start again."""
    with running_postgres(durable=True) as server:
        yield server


@pytest.fixture(params=ON_EACH_ENGINE)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The SQLAlchemy URL of a fresh, empty database; the test runs once on each engine."""
    with _empty_database(request, tmp_path) as url:
        yield url


@pytest.fixture(scope="session", params=ON_EACH_ENGINE)
def shared_database_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A database as `database_url` gives, kept for all tests that ask for it: for what is too slow to make anew."""
    with _empty_database(request, tmp_path_factory.mktemp("database")) as url:
        yield url


@contextmanager
def _empty_database(request: pytest.FixtureRequest, folder: Path) -> Generator[str]:
    if request.param == "sqlite":
        yield f"sqlite+aiosqlite:///{folder / 'clicktrail.db'}"
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    with server.database() as url:
        yield url


@pytest.fixture(scope="session")
def chromium_path() -> Path:
    """The program of a Chromium, which is installed where it is missing and can be."""
    try:
        return find_chromium()
    except ChromiumMissing as unavailable:
        if os.environ.get("CI"):
            pytest.fail(str(unavailable))
        pytest.skip(str(unavailable))


@pytest.fixture
async def browser(chromium_path: Path) -> AsyncIterator[Browser]:
    """A Chromium of the test's own. Half a second each, and no state or event loop is shared between tests."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium_path, args=launch_flags())
        yield browser
        await browser.close()


@pytest.fixture
async def page(browser: Browser) -> Page:
    """An empty page in a fresh profile."""
    return await browser.new_page()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many tests ran on each engine, so that a run that left one out is seen."""
    ran = [report for outcome in ("passed", "failed") for report in terminalreporter.getreports(outcome)]
    counts = {engine: sum(engine in report.keywords for report in ran) for engine in ENGINES}
    if any(counts.values()):
        terminalreporter.write_line("databases: " + ", ".join(f"{counts[engine]} on {engine}" for engine in ENGINES))

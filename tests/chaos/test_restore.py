"""A database replaced by an older copy of itself: every edge notices, and nothing that it still holds is lost (R5, R8).

The copy is put back as operators do it: the file of SQLite, the folder of a Postgres, a database made from a template.
What visitors did after the copy is no longer in the database, and comes again from the edge's spool, once. Link edits
made after the copy are gone, also for the edge, even where others were made in their place before it could ask.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edge.links import LinkCache
from tests.chaos.copies import Database, a_database
from tests.chaos.stored import all_stored, click_ids, counted_clicks, rows
from tests.chaos.visitors import SLUG, visit
from tests.support.installation import HOST, Installation, installation
from tests.support.processes import wait_until, wait_until_http

pytestmark = pytest.mark.chaos

NOTICED_S = 60.0
ELSEWHERE = "https://shop.example/elsewhere"


# A folder swapped under a running control plane is noticed by the question of each minute alone: only in the long form.
SLOW = ["postgres folder"] if os.environ.get("CLICKTRAIL_TEST_SOAK") else []


@pytest.fixture(params=["sqlite file", "postgres template", *SLOW])
def database(request: pytest.FixtureRequest) -> Generator[Database]:
    with a_database(request.param) as database:
        yield database


@contextmanager
def stopped_agent(made: Installation) -> Generator[None]:
    """The edge's agent sees nothing of what happens in the block."""
    (pid,) = made.edge_pids("edge.agent")
    os.kill(pid, signal.SIGSTOP)
    yield
    os.kill(pid, signal.SIGCONT)


def test_clicks_after_the_copy_come_again_once(
    database: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No link was edited: the edge's epoch and rev are those of the copy. Its streams are acknowledged, some closed."""
    with installation(tmp_path, database.url) as made:
        made.make_link(SLUG)
        expected = visit(made, tmp_path / "before", 200)
        wait_until(lambda: all_stored(made, expected), what="the clicks before the copy", timeout_s=NOTICED_S)
        database.copy(made)
        after = visit(made, tmp_path / "after", 200)
        os.kill(made.edge_pids("edge.agent")[0], signal.SIGKILL)  # its stream ends, another begins
        after += visit(made, tmp_path / "later", 200)
        wait_until(lambda: all_stored(made, after) and made.backlog() == 0, what="all", timeout_s=NOTICED_S)
        database.put_back(made)
        missing = len(set(after) - set(click_ids(made)))
        wait_until(lambda: all_stored(made, after), what="the clicks after the copy again", timeout_s=NOTICED_S)
        made.stop()
        stored = click_ids(made)
        with capsys.disabled():
            print(
                f"\n  put back without {missing} of {len(expected) + len(after)} clicks; {len(stored)} stored,"
                f" {len(stored) - len(set(stored))} doubled",
                end="",
            )
        assert missing == len(after) > 0
        assert set(stored) >= set(expected + after)
        assert counted_clicks(made) == len(stored) == len(set(stored))


def test_the_edge_ends_with_what_the_copy_holds_and_what_was_edited_since(database: Database, tmp_path: Path) -> None:
    """Edits of the lost history and as many of the new one, made before the edge can ask: one rev, two meanings."""
    with installation(tmp_path, database.url) as made:
        link = made.make_link(SLUG)
        wait_until_http(f"http://127.0.0.1:{made.edge_port}/{SLUG}", host=HOST, status=302)
        database.copy(made)
        made.make_link("lost")
        made.call("PATCH", f"/links/{link['id']}", {"destination": ELSEWHERE})
        wait_until(lambda: destination(made, SLUG) == ELSEWHERE, what="the edit", timeout_s=NOTICED_S)
        with stopped_agent(made):
            database.put_back(made)
            for slug in ("kept", "kept-too", "third"):
                made.call("POST", "/links", {"slug": slug, "destination": ELSEWHERE, "domain_id": link["domain_id"]})
        wait_until(lambda: destination(made, "third") == ELSEWHERE, what="the new edits", timeout_s=NOTICED_S)
        assert destination(made, "lost") is None
        assert destination(made, SLUG) == "https://shop.example/"
        (rev,) = rows(made, "select rev from sync_state")[0]
        assert position(made) == rev


def destination(made: Installation, slug: str) -> str | None:
    """Where the edge's cache sends visitors of a slug."""
    cache = LinkCache.open(made.folder / "edge" / "links")
    try:
        link = cache.find(HOST, slug)
        return link.destination.plain.decode() if link else None
    finally:
        cache.close()


def position(made: Installation) -> int:
    cache = LinkCache.open(made.folder / "edge" / "links")
    try:
        return cache.position.rev
    finally:
        cache.close()

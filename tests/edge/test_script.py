"""The snippet as a file: cached for an hour, asked for by its tag, and missed with a clear word."""

from __future__ import annotations

import re
from pathlib import Path

from edge.script import Script


def test_is_served_with_a_tag_that_saves_the_second_transfer(tmp_path: Path) -> None:
    path = tmp_path / "t.js"
    path.write_bytes(b"clicktrail()")
    script = Script(path)
    first = script.answer("")
    tag = re.search(rb'ETag: ("[0-9a-f]+")', first.lines)
    assert tag is not None
    assert (first.status, first.body) == (200, b"clicktrail()")
    assert b"Cache-Control: public, max-age=3600\r\n" in first.lines
    assert b"Content-Type: text/javascript; charset=utf-8\r\n" in first.lines
    again = script.answer(f'"other", W/{tag[1].decode()}')
    assert (again.status, again.body) == (304, b"")
    assert script.answer('"other"').status == 200


def test_a_missing_build_is_said_and_found_later(tmp_path: Path) -> None:
    script = Script(tmp_path / "t.js")
    assert script.answer("").status == 503
    assert b"make build" in script.answer("").body
    (tmp_path / "t.js").write_bytes(b"clicktrail()")
    assert script.answer("").status == 200

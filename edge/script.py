"""`GET /_t/t.js`: the snippet as built from `edge/snippet/`, a file of this package."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from edge.answer import Answer
from edge.beacons import problem

BUILT = Path(__file__).parent / "snippet" / "dist" / "t.js"
MAX_AGE_S = 3600


class Script:
    """The snippet, read once it is there."""

    def __init__(self, path: Path = BUILT) -> None:
        self._path = path
        self._found: Answer | None = None
        self._tag = ""

    def answer(self, known_tags: str) -> Answer:
        """The script, or 304 when `known_tags` (If-None-Match) has its tag."""
        if self._found is None:
            self._read()
        if self._found is None:
            detail = "the edge was installed without its snippet: build it with `make build`"
            return problem(503, "snippet-not-built", "The snippet isn't there", detail)
        if self._tag in known_tags or known_tags.strip() == "*":
            return Answer(304, self._found.lines)
        return self._found

    def _read(self) -> None:
        try:
            body = self._path.read_bytes()
        except OSError:
            return
        self._tag = f'"{sha256(body).hexdigest()[:20]}"'
        lines = (
            "Content-Type: text/javascript; charset=utf-8\r\n"
            f"Cache-Control: public, max-age={MAX_AGE_S}\r\n"
            f"ETag: {self._tag}\r\n"
            "X-Content-Type-Options: nosniff\r\n"
            "Cross-Origin-Resource-Policy: cross-origin\r\n"
        )
        self._found = Answer(200, lines.encode(), body)

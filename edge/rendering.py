"""Answers as they go over a plain connection: status line, `Server`, `Date`, length, the answer's own lines, body."""

from __future__ import annotations

from email.utils import formatdate
from http import HTTPStatus
from typing import Final

from edge.answer import Answer

SERVER_NAME: Final = "clicktrail"
_CLOSE = b"Connection: close\r\n"
_NO_BODY_STATUS = (204, 304)
_STATUS_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus}


class Rendering:
    """What all answers of the same second share."""

    def __init__(self) -> None:
        self._second = 0
        self._start = b""
        self.redirects: dict[int, bytes] = {}
        """By status: how an answer begins that has no body."""
        self.tick(0)

    def tick(self, second: int) -> None:
        """It is now this second (Unix time)."""
        if second != self._second or not self._start:
            self._second = second
            date = formatdate(second, usegmt=True)
            self._start = f"Server: {SERVER_NAME}\r\nDate: {date}\r\n".encode()
            self.redirects = {
                status: _STATUS_LINES[status] + self._start + b"Content-Length: 0\r\n"
                for status in (301, 302, 303, 307, 308)
            }

    def render(self, answer: Answer, *, to_head: bool = False, closes: bool = False) -> bytes:
        """The answer's bytes; the connection ends behind it where it `closes`."""
        length = b"" if answer.status in _NO_BODY_STATUS else b"Content-Length: %d\r\n" % len(answer.body)
        return b"".join(
            (
                _STATUS_LINES[answer.status],
                self._start,
                length,
                answer.lines,
                _CLOSE if closes else b"",
                b"\r\n",
                b"" if to_head else answer.body,
            )
        )

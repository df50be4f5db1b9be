"""Answers as bytes: a status, header lines, a body. Whoever owns the connection adds the status line, `Date`,
`Content-Length` and the empty line, so that aiohttp and any faster path give the same answer."""

from __future__ import annotations

from typing import NamedTuple

from edge import pages
from edge.carriers import CLICK_COOKIE, CLICK_COOKIE_MS, Destination, Target
from edge.links import Link
from shared.clock import DAY_MS
from shared.wire import Carry, Preview

VISITOR_COOKIE = b"_ctv"
VISITOR_COOKIE_S = 395 * DAY_MS // 1000  # browsers cap a cookie's life at 400 days
RETRY_AFTER_S = 5

_NO_STORE = b"Cache-Control: private, no-store\r\n"
_RETRY = b"Retry-After: %d\r\n" % RETRY_AFTER_S


class Answer(NamedTuple):
    """`lines` is zero or more header lines, each with its CRLF."""

    status: int
    lines: bytes
    body: bytes = b""


def redirect(
    link: Link, target: Target, status: int, carry: Carry, forwarded: bytes, click: bytes, cookies: bytes
) -> Answer:
    """The answer to a click that goes to one of the link's targets: `click` is the 22-character id, `cookies` the
    Set-Cookie lines that go along."""
    destination = target.destination
    if carry == "fragment":
        location = destination.with_fragment(forwarded, click)
    elif carry == "query":
        location = destination.with_query(forwarded, link.query_name, click)
    else:
        location = destination.with_nothing(forwarded)
    policy = b"Referrer-Policy: %b\r\n" % link.referrer_policy if link.referrer_policy else b""
    return Answer(status, b"Location: %b\r\n%b%b%b" % (location, _NO_STORE, policy, cookies))


def closed(link: Link) -> Answer:
    """A link that has expired or reached its limit. Always 302: it may be opened again."""
    if not link.closed_location:
        return CLOSED
    return Answer(302, b"Location: %b\r\n%b" % (link.closed_location, _NO_STORE))


def preview(link: Link, preview: Preview) -> Answer:
    """What an agent that draws link previews gets instead of the redirect."""
    destination = link.destination.with_nothing(b"").decode("ascii")
    return Answer(200, pages.PREVIEW_LINES, pages.preview(preview, destination))


def try_later(seconds: int) -> Answer:
    """The password page to somebody who has guessed too often."""
    return Answer(429, pages.PASSWORD_LINES + b"Retry-After: %d\r\n" % seconds, pages.PASSWORD_LATER)


def click_cookie_line(value: bytes, cookie_domain: str, secure: bool) -> bytes:
    """Set-Cookie for the click ids: readable by script, because the snippet takes them from there."""
    return _cookie_line(CLICK_COOKIE, value, CLICK_COOKIE_MS // 1000, cookie_domain, secure, b"")


def visitor_cookie_line(value: bytes, secure: bool) -> bytes:
    """Set-Cookie for the short host's own visitor id; no page needs to read it."""
    return _cookie_line(VISITOR_COOKIE, value, VISITOR_COOKIE_S, "", secure, b"; HttpOnly")


def fallback(address: str) -> Answer:
    """An unknown slug of a domain that has a fallback address."""
    location = Destination(address, "ct").with_nothing(b"")
    return Answer(302, b"Location: %b\r\n%b" % (location, _NO_STORE))


def _cookie_line(name: bytes, value: bytes, max_age_s: int, domain: str, secure: bool, more: bytes) -> bytes:
    scope = b"; Domain=" + domain.encode("ascii") if domain else b""
    transport = b"; Secure" if secure else b""
    return b"Set-Cookie: %b=%b; Path=/%b; Max-Age=%d; SameSite=Lax%b%b\r\n" % (
        name,
        value,
        scope,
        max_age_s,
        transport,
        more,
    )


UNKNOWN_SLUG = Answer(404, pages.HEADER_LINES, pages.UNKNOWN_SLUG)
CLOSED = Answer(410, pages.HEADER_LINES, pages.CLOSED)
UNKNOWN_HOST = Answer(404, pages.HEADER_LINES, pages.UNKNOWN_HOST)
UNAVAILABLE = Answer(503, pages.HEADER_LINES + _RETRY, pages.UNAVAILABLE)
METHOD = Answer(405, pages.HEADER_LINES + b"Allow: GET, HEAD\r\n", pages.METHOD)
TOO_LARGE = Answer(431, pages.HEADER_LINES, pages.TOO_LARGE)
TOO_SLOW = Answer(408, pages.HEADER_LINES, pages.TOO_SLOW)
BAD_REQUEST = Answer(400, pages.HEADER_LINES, pages.BAD_REQUEST)
ASK_AGAIN = Answer(503, _NO_STORE)  # to a prefetch that nothing could confirm later: the click itself asks again
PASSWORD = Answer(200, pages.PASSWORD_LINES, pages.PASSWORD)
WRONG_PASSWORD = Answer(403, pages.PASSWORD_LINES, pages.PASSWORD_WRONG)
NO_PASSWORD = Answer(400, pages.PASSWORD_LINES, pages.PASSWORD_MISSING)
PASSWORD_TOO_LARGE = Answer(413, pages.PASSWORD_LINES, pages.PASSWORD_MISSING)
PASSWORDS_BUSY = Answer(503, pages.PASSWORD_LINES + _RETRY, pages.PASSWORD_BUSY)

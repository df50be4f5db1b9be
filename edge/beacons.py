"""`POST /_t/e`: takes a report of the snippet, checks who sends it, and puts it into the ring.

A beacon is taken when it decodes (`shared.beacon`), its publishable key is known, and its `Origin` is one of the key's
allowed origins. `*` alone allows every origin, and only then may the header be missing: browsers send it with every
POST, so that a report without one comes from no page and the list could not hold it back.

The answer to an allowed origin names it in `Access-Control-Allow-Origin`, so that `fetch` may read the status;
`sendBeacon` doesn't look. Nothing of a refused report is kept, it is counted.
"""

from __future__ import annotations

import msgspec

from edge.answer import RETRY_AFTER_S, Answer
from edge.counts import Counts
from edge.head import Head
from edge.linkfiles import Damage
from edge.links import LinkCache
from edge.proxies import Proxies
from edge.record import encode_beacon
from edge.redirects import Ring
from shared import beacon, click_id
from shared.clock import boot_ms, wall_ms
from shared.wire import KeyEntry

_PREFLIGHT_AGE_S = 86_400


class Beacons:
    """Reports of pages, as one worker takes them."""

    def __init__(self, cache: LinkCache, ring: Ring, proxies: Proxies, counts: Counts) -> None:
        self._cache, self._ring, self._proxies, self._counts = cache, ring, proxies, counts

    def preflight(self, origin: str) -> Answer:
        """The answer to OPTIONS. Which key will come is not known yet, so any origin may ask; the POST is judged."""
        return Answer(
            204,
            _cross_origin(origin)
            + b"Access-Control-Allow-Methods: POST\r\nAccess-Control-Allow-Headers: content-type\r\n"
            + b"Access-Control-Max-Age: %d\r\n" % _PREFLIGHT_AGE_S,
        )

    def take(self, head: Head, peer: bytes, origin: str, body: bytes) -> Answer:
        """Judges one report and, when it is good, records it before this returns."""
        try:
            report = beacon.decode(body)
        except beacon.BadBeacon as error:
            return self._refuse(400, "bad-beacon", "The beacon is malformed", str(error), origin)
        if not self._cache.is_ready:
            return self._unavailable(origin)
        try:
            key = self._cache.key(report.k)
        except Damage:
            self._counts.damaged += 1
            return self._unavailable(origin)
        if key is None:
            detail = "`k` is not a publishable key of this edge; copy it from the dashboard's settings"
            return self._refuse(403, "unknown-key", "The publishable key is unknown", detail, origin)
        if not _is_allowed(key, origin):
            detail = f"{origin or 'a request without Origin'} is not among the key's allowed origins"
            return self._refuse(403, "origin-not-allowed", "This origin may not report", detail, origin)
        self._record(head, peer, key, body)
        return Answer(204, _cross_origin(origin))

    def too_large(self, origin: str) -> Answer:
        detail = f"a beacon has at most {beacon.BEACON_MAX_BYTES} bytes"
        return self._refuse(413, "beacon-too-large", "The beacon is too large", detail, origin)

    def _record(self, head: Head, peer: bytes, key: KeyEntry, body: bytes) -> None:
        time_ms = wall_ms()
        encoded = encode_beacon(
            time_ms=time_ms,
            boot_ms=boot_ms(),
            record_id=click_id.new(time_ms),
            workspace_id=key.workspace_id,
            key_id=key.key_id,
            address=self._proxies.visitor(peer, head),
            host=head.host.encode("ascii", "replace"),
            head=head.raw,
            body=body,
        )
        self._ring.append([encoded])
        self._counts.beacons += 1

    def _refuse(self, status: int, slug: str, title: str, detail: str, origin: str) -> Answer:
        self._counts.refused_beacons += 1
        return problem(status, slug, title, detail, _cross_origin(origin))

    def _unavailable(self, origin: str) -> Answer:
        lines = _cross_origin(origin) + b"Retry-After: %d\r\n" % RETRY_AFTER_S
        return problem(503, "no-links-yet", "This edge isn't ready", "it has no copy of the links and keys yet", lines)


def problem(status: int, slug: str, title: str, detail: str, lines: bytes = b"") -> Answer:
    """An error as RFC 9457 has it."""
    body = {"type": f"/problems/{slug}", "title": title, "status": status, "detail": detail}
    head = b"Content-Type: application/problem+json\r\nCache-Control: no-store\r\n"
    return Answer(status, head + lines, msgspec.json.encode(body))


def _is_allowed(key: KeyEntry, origin: str) -> bool:
    return key.allowed_origins == ("*",) or (bool(origin) and origin in key.allowed_origins)


def _cross_origin(origin: str) -> bytes:
    """Lets the page of `origin` read this answer: errors too, so that a developer sees in the console what is wrong."""
    if not origin or not origin.isascii() or not origin.isprintable():
        return b"Vary: Origin\r\n"
    return b"Access-Control-Allow-Origin: %b\r\nVary: Origin\r\n" % origin.encode("ascii")

"""What machines ask an edge about itself: balancers, the control plane, and whoever fetches certificates for it.

`/_t/health` is 200 while this worker can redirect: for the origin check of a CDN. `/_t/ready` is 200 while it should be
sent visitors, which it is not once it has been told to stop: for balancers and Kubernetes. Neither is for a liveness
check, which would kill an edge for a control plane that is away; an open port says enough about life.
"""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_address

import msgspec

from edge.answer import Answer
from edge.beacons import problem
from edge.counts import Counts
from edge.head import Head, normal_host
from edge.linkfiles import Damage, Position
from edge.links import LinkCache
from edge.proxies import Proxies
from edge.redirects import Ring
from shared import proof

HOST_MAX_BYTES = 253
RETRY_AFTER_S = 1
VERIFY_PATH = proof.VERIFY_PATH.encode("ascii")
_JSON = b"Content-Type: application/json\r\nCache-Control: no-store\r\n"
_TEXT = b"Content-Type: text/plain; charset=utf-8\r\nCache-Control: no-store\r\n"


class Probes:
    """One worker's."""

    def __init__(
        self, cache: LinkCache, ring: Ring, proxies: Proxies, counts: Counts, is_stopping: Callable[[], bool]
    ) -> None:
        self._cache, self._ring, self._proxies, self._counts = cache, ring, proxies, counts
        self._is_stopping = is_stopping

    def health(self) -> Answer:
        """An edge that waits for its first snapshot, or whose cache is damaged, cannot redirect."""
        position = self._position()
        body = {
            "status": "ok" if position else "waiting for links",
            "epoch": position.epoch if position else "",
            "rev": position.rev if position else 0,
            "ring": "full" if self._ring.is_dropping else "ok",
            "worker": self._counts,
        }
        return Answer(200 if position else 503, _JSON, msgspec.json.encode(body))

    def ready(self) -> Answer:
        if self._is_stopping():
            return _not_ready("stopping")
        return Answer(200, _JSON, b'{"status":"ready"}') if self._position() else _not_ready("waiting for links")

    def tls_ask(self, head: Head, peer: bytes) -> Answer:
        """Whether a server in front may get a certificate for a host: 200 or 404 for `?domain=`.

        Told to the machine itself and to trusted proxies, when they ask for themselves.
        """
        is_own = ip_address(peer).is_loopback or self._proxies.trusts(peer)
        if not is_own or head.get(b"x-forwarded-for") or head.get(b"forwarded"):
            return problem(403, "forbidden", "Not for you", "asked by servers in front of this edge, for themselves")
        name, _, value = head.query.partition(b"=")
        host = normal_host(value) if len(value) <= HOST_MAX_BYTES else ""
        if name != b"domain" or not host or b":" in value:
            return problem(400, "bad-request", "No host to tell of", "ask as in /_t/tls-ask?domain=go.example.com")
        try:
            domain = self._cache.domain(host)
        except Damage:
            return _not_ready("waiting for links")
        if domain is None or not domain.is_verified:
            return problem(404, "not-found", "No certificate for it", "not a verified short domain of this edge")
        return Answer(200, _TEXT, b"verified\n")

    def verify(self, head: Head) -> Answer:
        """The proof that this edge is what the asked host leads to (`shared.proof`)."""
        nonce = head.path.removeprefix(VERIFY_PATH).decode("latin-1")
        if not proof.is_nonce(nonce):
            return problem(400, "bad-request", "That is no nonce", "32 hex digits are asked by")
        try:
            domain = self._cache.domain(head.host)
        except Damage:
            return _not_ready("waiting for links")
        if domain is None:
            return problem(404, "not-found", "Not a domain of this edge", "add it as a short domain first")
        return Answer(200, _TEXT, proof.proof_of(domain.domain_id, nonce).encode("ascii"))

    def _position(self) -> Position | None:
        """Of what is served; None where nothing can be."""
        try:
            return self._cache.position if self._cache.is_ready else None
        except Damage:
            return None


def _not_ready(status: str) -> Answer:
    retry = b"Retry-After: %d\r\n" % RETRY_AFTER_S
    return Answer(503, _JSON + retry, msgspec.json.encode({"status": status}))

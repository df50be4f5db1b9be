"""What one worker counts since it started; `/_t/health` shows it."""

from __future__ import annotations

import msgspec


class Counts(msgspec.Struct):
    redirects: int = 0
    unknown_slugs: int = 0
    damaged: int = 0  # requests answered 503 because the cache contradicted its checksum
    beacons: int = 0
    refused_beacons: int = 0  # malformed, too large, unknown key, wrong origin
    bad_requests: int = 0  # answered 400, 408 or 431
    lent: int = 0  # requests that only aiohttp could judge
    connections_open: int = 0
    connections_accepted: int = 0
    connections_refused: int = 0  # over an address's budget, or no room
    connections_shed: int = 0  # closed early to make room

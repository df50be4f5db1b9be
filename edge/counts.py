"""What one worker counts since it started; `/_t/health` shows it."""

from __future__ import annotations

import msgspec


class Counts(msgspec.Struct):
    redirects: int = 0
    unknown_slugs: int = 0
    damaged: int = 0  # requests answered 503 because the cache contradicted its checksum
    beacons: int = 0
    refused_beacons: int = 0  # malformed, too large, unknown key, wrong origin

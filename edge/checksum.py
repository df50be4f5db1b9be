"""The CRC-32 of zlib as zlib-ng computes it: 700 bytes in 0.07 µs instead of 0.23, and each record needs it twice."""

from __future__ import annotations

from typing import Any, Final, Protocol, cast

from zlib_ng import zlib_ng


class _Crc32(Protocol):
    def __call__(self, data: bytes | memoryview, value: int = 0, /) -> int: ...


crc32: Final = cast("_Crc32", cast("Any", zlib_ng).crc32)

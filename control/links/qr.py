"""QR codes of short links."""

from __future__ import annotations

from io import BytesIO
from typing import Literal

import segno

QUIET_ZONE_MODULES = 4  # ISO/IEC 18004 asks for four; scanners fail with less

CONTENT_TYPES = {"svg": "image/svg+xml", "png": "image/png"}


def draw(url: str, kind: Literal["svg", "png"], scale: int) -> bytes:
    """The code of a URL, black on white, at error correction level M (15 % may be damaged)."""
    image = BytesIO()
    code = segno.make_qr(url, error="m")
    code.save(image, kind=kind, scale=scale, border=QUIET_ZONE_MODULES, light="white")
    return image.getvalue()

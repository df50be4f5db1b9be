"""The version that an edge speaks, refused by name where this control plane doesn't know it."""

from __future__ import annotations

from aiohttp import web

from control.http.errors import BadRequest
from shared.wire import WIRE_HEADER, WIRE_VERSIONS


class UnsupportedWireVersion(BadRequest):
    slug = "unsupported-wire-version"
    title = "Edge and control plane do not speak the same version"


def require_wire_version(request: web.Request) -> None:
    """Raises UnsupportedWireVersion unless the request says that it speaks one of ours."""
    spoken = request.headers.get(WIRE_HEADER, "")
    known = [str(version) for version in WIRE_VERSIONS]
    if spoken not in known:
        says = f"wire version {spoken}" if spoken else f"no wire version (header {WIRE_HEADER})"
        raise UnsupportedWireVersion(f"The edge speaks {says}; this control plane speaks {' and '.join(known)}.")

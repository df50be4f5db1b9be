"""The version that an edge speaks, refused by name where this control plane doesn't know it."""

from __future__ import annotations

from aiohttp import web

from control.http.errors import BadRequest
from shared.wire import WIRE_HEADER, WIRE_VERSION


class UnsupportedWireVersion(BadRequest):
    slug = "unsupported-wire-version"
    title = "Edge and control plane do not speak the same version"


def require_wire_version(request: web.Request) -> None:
    """Raises UnsupportedWireVersion unless the request says that it speaks ours."""
    spoken = request.headers.get(WIRE_HEADER, "")
    if spoken != str(WIRE_VERSION):
        says = f"wire version {spoken}" if spoken else f"no wire version (header {WIRE_HEADER})"
        raise UnsupportedWireVersion(f"The edge speaks {says}; this control plane speaks version {WIRE_VERSION}.")

"""Serves the built dashboard: its files as they are, its one page for every address that is not a file or the API."""

from __future__ import annotations

from pathlib import Path

from aiohttp import web

DIST = Path(__file__).parent.parent / "web" / "dist"

_HEADERS = {
    # Scripts from here alone, never inline. Mantine writes computed values into style attributes and one style element.
    # Images may come from anywhere: the form of a link shows its preview.
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: https: http:; "
        "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_IMMUTABLE = "public, max-age=31536000, immutable"  # the build puts a hash into every name below assets/
_REVALIDATE = "no-cache"
_NOT_PAGES = ("/api/", "/edge/", "/healthz", "/readyz")


def add_dashboard(app: web.Application, dist: Path = DIST) -> None:
    """Adds the catch-all route; call it last."""

    async def serve(request: web.Request) -> web.StreamResponse:
        if request.path.startswith(_NOT_PAGES):
            raise web.HTTPNotFound
        page = dist / "index.html"
        if not page.is_file():
            raise web.HTTPServiceUnavailable(
                text="The dashboard has not been built: run `make build`, or install a release.", headers=_HEADERS
            )
        asked = (dist / request.match_info["path"]).resolve()
        if asked.is_relative_to(dist) and asked.is_file():
            caching = _IMMUTABLE if asked.parent.name == "assets" else _REVALIDATE
            return web.FileResponse(asked, headers={**_HEADERS, "Cache-Control": caching})
        return web.FileResponse(page, headers={**_HEADERS, "Cache-Control": _REVALIDATE})

    app.router.add_get("/{path:.*}", serve)

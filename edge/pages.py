"""The few pages that a visitor may see here: self-contained, readable in light and dark, no script, nothing to load."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256

_STYLE = """
:root{color-scheme:light dark}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:2rem;box-sizing:border-box;
font:1.0625rem/1.6 system-ui,sans-serif;color:#1d2330;background:#f6f7f9}
main{max-width:32rem}
h1{font-size:1.6rem;line-height:1.25;margin:0 0 .75rem}
p{margin:0;color:#4a5365}
@media (prefers-color-scheme:dark){body{color:#eceff4;background:#14171d}p{color:#b3bccb}}
"""
_POLICY = "; ".join(
    (
        "default-src 'none'",
        f"style-src 'sha256-{b64encode(sha256(_STYLE.encode()).digest()).decode()}'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
HEADER_LINES = (
    "Content-Type: text/html; charset=utf-8\r\n"
    "Cache-Control: private, no-store\r\n"
    f"Content-Security-Policy: {_POLICY}\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "X-Robots-Tag: noindex\r\n"
    "Referrer-Policy: no-referrer\r\n"
).encode()


def _page(title: str, text: str) -> bytes:
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f"<title>{title}</title>\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="robots" content="noindex">\n'
        f"<style>{_STYLE}</style>\n</head>\n"
        f"<body>\n<main>\n<h1>{title}</h1>\n<p>{text}</p>\n</main>\n</body>\n</html>\n"
    ).encode()


UNKNOWN_SLUG = _page(
    "This link doesn’t exist",
    "Check that the address is spelled exactly as you received it: capital and small letters differ. "
    "The link may also have been removed.",
)
UNKNOWN_HOST = _page(
    "This domain isn’t set up",
    "It points to a Clicktrail edge, but no workspace has added it as a short domain yet. "
    "If it is yours, add it in the dashboard under Domains.",
)
UNAVAILABLE = _page(
    "This link can’t be opened right now",
    "Please try again in a few seconds.",
)
METHOD = _page("This address can only be opened", "A short link answers GET and HEAD requests, no others.")
TOO_LARGE = _page("This request is too large", "Its address and headers together are longer than a short link accepts.")
TOO_SLOW = _page("This request came too slowly", "The browser did not finish its request in time. Please try again.")
BAD_REQUEST = _page("This request can’t be understood", "It is not a valid HTTP request.")

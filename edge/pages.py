"""The few pages that a visitor may see here: self-contained, readable in light and dark, no script, nothing to load.

The password page may send its form to any http(s) address, and not to `'self'` alone, because Chromium holds the
redirect that answers a form to the same rule: with `'self'` the right password would lead nowhere, and naming the
destination's origin would tell it to those who don't have the password.
"""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from html import escape

from shared.password import PASSWORD_MAX_CHARS
from shared.wire import Preview

_STYLE = """
:root{color-scheme:light dark}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:2rem;box-sizing:border-box;
font:1.0625rem/1.6 system-ui,sans-serif;color:#1d2330;background:#f6f7f9}
main{max-width:32rem}
h1{font-size:1.6rem;line-height:1.25;margin:0 0 .75rem}
p{margin:0;color:#4a5365}
form{margin-top:1.25rem}
label{display:block;font-weight:600;margin-bottom:.25rem}
input,button{font:inherit;box-sizing:border-box;padding:.5rem .75rem;border-radius:.375rem;border:1px solid #6b7587}
input{width:100%;color:inherit;background:#fff}
button{margin-top:1rem;color:#fff;background:#1d4ed8;border-color:#1d4ed8;font-weight:600;cursor:pointer}
:focus-visible{outline:3px solid #1d4ed8;outline-offset:2px}
.error{color:#b42318;margin-bottom:.5rem}
@media (prefers-color-scheme:dark){body{color:#eceff4;background:#14171d}p{color:#b3bccb}
input{background:#1d222b;border-color:#8b95a7}button{color:#0b1020;background:#8fb4ff;border-color:#8fb4ff}
:focus-visible{outline-color:#8fb4ff}.error{color:#ffa198}}
"""


def _lines(form_action: str, *more: str) -> bytes:
    policy = "; ".join(
        (
            "default-src 'none'",
            f"style-src 'sha256-{b64encode(sha256(_STYLE.encode()).digest()).decode()}'",
            "base-uri 'none'",
            f"form-action {form_action}",
            "frame-ancestors 'none'",
        )
    )
    lines = (
        "Content-Type: text/html; charset=utf-8",
        "Cache-Control: private, no-store",
        f"Content-Security-Policy: {policy}",
        "X-Content-Type-Options: nosniff",
        "Referrer-Policy: no-referrer",
        *more,
    )
    return "".join(f"{line}\r\n" for line in lines).encode()


_NOINDEX = "X-Robots-Tag: noindex"
HEADER_LINES = _lines("'none'", _NOINDEX)
PASSWORD_LINES = _lines("http: https:", _NOINDEX)
PREVIEW_LINES = _lines("'none'")  # some agents draw no card for what may not be indexed


def _document(title: str, head: str, main: str) -> bytes:
    """A page of parts that are HTML already."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f"<title>{title}</title>\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"{head}<style>{_STYLE}</style>\n</head>\n"
        f"<body>\n<main>\n{main}</main>\n</body>\n</html>\n"
    ).encode()


_META_NOINDEX = '<meta name="robots" content="noindex">\n'


def _page(title: str, text: str) -> bytes:
    return _document(title, _META_NOINDEX, f"<h1>{title}</h1>\n<p>{text}</p>\n")


def _password_page(error: str = "") -> bytes:
    """The form goes to the address that the page came from, query included. An error stands in the title too: that is
    what a screen reader says first when the answer has loaded."""
    heading = "This link has a password"
    if error:
        complaint = f'<p class="error" id="error" role="alert">{error}</p>\n'
        described = ' aria-invalid="true" aria-describedby="error"'
    else:
        complaint, described = "", ""
    return _document(
        f"Error: {error}" if error else heading,
        _META_NOINDEX,
        f"<h1>{heading}</h1>\n"
        "<p>Whoever gave you this link can tell you its password.</p>\n"
        '<form method="post" accept-charset="utf-8">\n'
        f"{complaint}"
        '<label for="password">Password</label>\n'
        f'<input id="password" name="password" type="password" required autofocus maxlength="{PASSWORD_MAX_CHARS}" '
        f'autocomplete="current-password" autocapitalize="none" spellcheck="false"{described}>\n'
        '<button type="submit">Open the link</button>\n</form>\n',
    )


def preview(tags: Preview, destination: str) -> bytes:
    """A page for agents that draw link previews (https://ogp.me): the link's tags, and a plain link for anybody else
    who comes by. No `og:url`: agents would read the tags of that address instead of these."""
    image = tags.image if tags.image.startswith(("https://", "http://")) else ""
    properties = (
        ("property", "og:type", "website"),
        ("property", "og:title", tags.title),
        ("property", "og:description", tags.description),
        ("property", "og:image", image),
        ("name", "description", tags.description),
        ("name", "twitter:card", "summary_large_image" if image else "summary"),
        ("name", "twitter:title", tags.title),
        ("name", "twitter:description", tags.description),
        ("name", "twitter:image", image),
    )
    head = "".join(
        f'<meta {kind}="{name}" content="{escape(content)}">\n' for kind, name, content in properties if content
    )
    title, address = escape(tags.title or destination), escape(destination)
    described = f"<p>{escape(tags.description)}</p>\n" if tags.description else ""
    return _document(title, head, f'<h1>{title}</h1>\n{described}<p><a href="{address}">{address}</a></p>\n')


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
CLOSED = _page(
    "This link is closed",
    "It could be opened for a time, or a number of times, and that is over. "
    "Whoever gave it to you may have another one.",
)
METHOD = _page("This address can only be opened", "A short link answers GET and HEAD requests, no others.")
TOO_LARGE = _page("This request is too large", "Its address and headers together are longer than a short link accepts.")
TOO_SLOW = _page("This request came too slowly", "The browser did not finish its request in time. Please try again.")
BAD_REQUEST = _page("This request can’t be understood", "It is not a valid HTTP request.")

PASSWORD = _password_page()
PASSWORD_WRONG = _password_page("That is not the password.")
PASSWORD_MISSING = _password_page(f"Type the password: at most {PASSWORD_MAX_CHARS} characters.")
PASSWORD_LATER = _password_page("Too many attempts. Wait a minute, then try again.")
PASSWORD_BUSY = _password_page("Too many people are asking at once. Try again in a few seconds.")

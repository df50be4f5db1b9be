"""A destination is any http(s) URL that a person pastes, in one spelling, or refused with a reason."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control.links import destination


@pytest.mark.parametrize(
    ("pasted", "kept"),
    [
        ("https://example.com", "https://example.com/"),
        ("  HTTPS://Example.COM/Path  ", "https://example.com/Path"),
        ("http://example.com:80/", "http://example.com/"),
        ("https://example.com:443?x=1", "https://example.com/?x=1"),
        ("https://example.com:8443/", "https://example.com:8443/"),
        (
            "https://bücher.example/straße?q=ü#größe",
            "https://xn--bcher-kva.example/stra%C3%9Fe?q=%C3%BC#gr%C3%B6%C3%9Fe",
        ),
        ("https://example.com/a%20b%zz?c=%C3%BC", "https://example.com/a%20b%zz?c=%C3%BC"),
        ('https://example.com/a b"<>?c d#e f', "https://example.com/a%20b%22%3C%3E?c%20d#e%20f"),
        ("https://example.com/#", "https://example.com/"),
        ("https://example.com/?", "https://example.com/?"),
        ("https://example.com/#/route?x=1", "https://example.com/#/route?x=1"),
        ("https://[2001:DB8::1]:8080/x", "https://[2001:db8::1]:8080/x"),
        ("http://127.0.0.1:8090/", "http://127.0.0.1:8090/"),
        ("http://shop.localhost:8090/", "http://shop.localhost:8090/"),
        ("https://example.com/?to=https://a:b@c/", "https://example.com/?to=https://a:b@c/"),
        ("https://example.com/😀", "https://example.com/%F0%9F%98%80"),
    ],
)
def test_what_browsers_would_repair_is_repaired_once(pasted: str, kept: str) -> None:
    assert destination.parse(pasted).url == kept


@pytest.mark.parametrize(
    "pasted",
    [
        "",
        "example.com",
        "//example.com",
        "javascript:alert(1)",
        "data:text/html,x",
        "ftp://example.com/",
        "https:/example.com",
        "https:example.com",
        "https://",
        "https://?x",
        "https://user@example.com/",
        "https://user:pass@example.com/",
        "https://example.com\\@evil.example/",
        "https://example.com/a\\b",
        "https://exam\nple.com/",
        "https://example.com/\r\nSet-Cookie: x",
        "https://example.com/\x00",
        "https://example.com:0/",
        "https://example.com:65536/",
        "https://example.com:８０/",
        "https://example.com:port/",
        "https://0x7f.1/",
        "https://2130706433/",
        "https://[::1/",
        "https://::1/",
        "https://[example.com]/",
        "https://exa mple.com/",
        "https://example..com/",
        "https://example.com/" + "x" * 4096,
        "https://example.com/" + "ü" * 1000,
    ],
)
def test_what_is_no_safe_destination_is_refused(pasted: str) -> None:
    with pytest.raises(destination.BadDestination):
        destination.parse(pasted)


@given(st.text(max_size=60))
def test_a_kept_destination_is_printable_ascii_and_keeps_its_spelling(path: str) -> None:
    try:
        kept = destination.parse(f"https://example.com/{path}").url
    except destination.BadDestination:
        return
    assert all("!" <= character <= "~" for character in kept)
    assert destination.parse(kept).url == kept


@pytest.mark.parametrize(
    ("query", "signed"),
    [
        ("X-Amz-Date=1&X-Amz-Signature=abc", True),
        ("se=2030&sp=r&sig=abc", True),
        ("Expires=1&Signature=x&Key-Pair-Id=k", True),
        ("utm_source=news", False),
        ("", False),
    ],
)
def test_a_signed_query_is_recognised(query: str, signed: bool) -> None:
    assert destination.parse(f"https://example.com/f?{query}").is_signed == signed

"""Host names have one spelling, and say whether they share a site."""

from __future__ import annotations

import pytest

from control.domains import host


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Go.Example.COM", "go.example.com"),
        (" go.example.com. ", "go.example.com"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("例え。テスト", "xn--r8jz45g.xn--zckzah"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("go.localhost", "go.localhost"),
        ("localhost", "localhost"),
        ("127.0.0.1", "127.0.0.1"),
        ("2001:DB8::0:1", "2001:db8::1"),
        ("a_b.example.com", "a_b.example.com"),
    ],
)
def test_every_spelling_of_a_host_becomes_one(typed: str, kept: str) -> None:
    assert host.normalise(typed) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "https://go.example.com",
        "go.example.com/x",
        "go.example.com:8080",
        "me@go.example.com",
        "go..example.com",
        "-go.example.com",
        "go-.example.com",
        "go example.com",
        "go.exa\x00mple.com",
        "1.2.3",
        "2130706433",
        "0x7f.1",
        "xn--\x7f.example",
        "a" * 64 + ".example",
        ".".join(["abcdefgh"] * 30),
    ],
)
def test_what_is_no_host_is_refused(typed: str) -> None:
    with pytest.raises(host.BadHost):
        host.normalise(typed)


@pytest.mark.parametrize(
    ("name", "domain"),
    [
        ("go.example.com", "example.com"),
        ("go.example.co.uk", "example.co.uk"),
        ("co.uk", None),
        ("shop.github.io", "shop.github.io"),
        ("github.io", None),
        ("go.shop.localhost", "shop.localhost"),
        ("go.localhost", "go.localhost"),
        ("localhost", None),
        ("192.0.2.1", None),
        ("2001:db8::1", None),
    ],
)
def test_the_registrable_domain_follows_the_public_suffix_list(name: str, domain: str | None) -> None:
    assert host.registrable_domain(name) == domain


def test_a_host_is_of_one_site_with_itself_even_without_a_registrable_domain() -> None:
    assert host.is_same_site("localhost", "localhost")
    assert not host.is_same_site("a.github.io", "b.github.io")

"""Whose address counts when proxies stand in front."""

from __future__ import annotations

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.proxies import Proxies, packed
from tests.edge.test_head import head

PROXIES = Proxies(["10.0.0.0/8", "fd00::/8"])
PROXY = socket.inet_aton("10.0.0.1")
STRANGER = socket.inet_aton("198.51.100.9")


def visitor(*headers: str, peer: bytes = PROXY) -> bytes:
    return PROXIES.visitor(peer, head("/", *headers))


def test_without_trusted_proxies_the_peer_counts() -> None:
    assert Proxies([]).visitor(PROXY, head("/", "X-Forwarded-For: 203.0.113.7")) == PROXY
    assert visitor("X-Forwarded-For: 203.0.113.7", peer=STRANGER) == STRANGER


@pytest.mark.parametrize(
    ("listed", "address"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("203.0.113.7:4711", "203.0.113.7"),
        ("1.2.3.4, 203.0.113.7", "203.0.113.7"),
        ("1.2.3.4, 203.0.113.7, 10.2.2.2", "203.0.113.7"),
        ("10.3.3.3, 10.2.2.2", "10.3.3.3"),
        ("1.2.3.4, unknown, 10.2.2.2", "10.2.2.2"),
        ("1.2.3.4, 10.0.0.300", "10.0.0.1"),
        ("", "10.0.0.1"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
    ],
)
def test_the_right_most_untrusted_hop_counts(listed: str, address: str) -> None:
    assert visitor(f"X-Forwarded-For: {listed}") == packed(address)


def test_forwarded_is_read_where_the_other_is_missing() -> None:
    address = packed("2001:db8::7")
    assert visitor('Forwarded: for=1.2.3.4, for="[2001:db8::7]:4711";proto=https;by=10.0.0.1') == address
    assert visitor("Forwarded: for=1.2.3.4", "X-Forwarded-For: 203.0.113.7") == packed("203.0.113.7")
    assert visitor("Forwarded: for=_hidden") == PROXY


class TestAddressHeader:
    CDN = Proxies(["10.0.0.0/8"], "CF-Connecting-IP")

    def visitor(self, *headers: str, peer: bytes = PROXY) -> bytes | None:
        return self.CDN.visitor(peer, head("/", *headers))

    def test_the_cdns_own_header_goes_before_the_lists(self) -> None:
        lists = "X-Forwarded-For: 203.0.113.7", "Forwarded: for=203.0.113.8"
        assert self.visitor("cf-connecting-ip: 2001:db8::7", *lists) == packed("2001:db8::7")
        assert self.visitor(*lists) == packed("203.0.113.7")

    def test_it_is_believed_of_trusted_peers_alone(self) -> None:
        assert self.visitor("CF-Connecting-IP: 203.0.113.7", peer=STRANGER) == STRANGER

    @pytest.mark.parametrize("value", ["", "unknown", "203.0.113.7, 203.0.113.8", "10.0.0.300"])
    def test_what_is_no_address_is_passed_over(self, value: str) -> None:
        assert self.visitor(f"CF-Connecting-IP: {value}", "X-Forwarded-For: 203.0.113.9") == packed("203.0.113.9")

    def test_two_lines_are_no_address(self) -> None:
        """One of them is the visitor's own."""
        both = "CF-Connecting-IP: 203.0.113.7", "CF-Connecting-IP: 203.0.113.8"
        assert self.visitor(*both, "X-Forwarded-For: 203.0.113.9") == packed("203.0.113.9")

    def test_another_cdns_header_says_nothing(self) -> None:
        assert self.visitor("True-Client-IP: 203.0.113.7") == PROXY


def test_only_a_trusted_proxy_says_that_the_visitor_speaks_tls() -> None:
    def is_secure(*headers: str, peer: bytes = PROXY) -> bool:
        return PROXIES.is_secure(peer, head("/", *headers))

    assert is_secure("X-Forwarded-Proto: https")
    assert is_secure("X-Forwarded-Proto: HTTPS, http")
    assert is_secure("Forwarded: for=1.2.3.4;proto=https")
    assert not is_secure("X-Forwarded-Proto: http", "Forwarded: for=1.2.3.4;proto=https")
    assert not is_secure("X-Forwarded-Proto: https", peer=STRANGER)
    assert not is_secure()


def test_over_our_own_tls_the_proxy_has_the_last_word() -> None:
    """The proxy may speak TLS to us and not to the visitor, whose browser would then refuse a Secure cookie."""

    def is_secure(*headers: str, peer: bytes = PROXY) -> bool:
        over_tls = head("/", *headers)
        over_tls.is_tls = True
        return PROXIES.is_secure(peer, over_tls)

    assert is_secure()
    assert is_secure(peer=STRANGER)
    assert is_secure("X-Forwarded-Proto: http", peer=STRANGER)
    assert not is_secure("X-Forwarded-Proto: http")
    assert not is_secure("Forwarded: for=1.2.3.4;proto=http")


@given(st.text(st.characters(codec="latin-1", exclude_characters="\r\n"), max_size=60))
def test_no_header_makes_an_address_of_another_length(listed: str) -> None:
    assert len(visitor(f"X-Forwarded-For: {listed}")) in (4, 16)
    assert len(visitor(f"Forwarded: {listed}")) in (4, 16)

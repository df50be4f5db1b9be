"""How a click id travels, by short host and destination."""

from __future__ import annotations

import pytest

from control.links.carry import CarryChoice, CarryPlan, resolve
from control.links.destination import parse


def plan(choice: CarryChoice, short_host: str, destination: str, *, forwards_query: bool = True) -> CarryPlan:
    return resolve(choice, short_host, parse(destination), "ct", forwards_query=forwards_query)


@pytest.mark.parametrize(
    ("short_host", "destination", "carry", "without_cookie"),
    [
        ("go.example.com", "https://example.com/", "cookie", "fragment"),
        ("go.example.com", "https://www.shop.example.com/x", "cookie", "fragment"),
        ("go.example.com", "https://example.com/#top", "cookie", "query"),
        ("go.example.com", "https://example.com/?sig=1#top", "cookie", "none"),
        ("go.example.com", "https://example.org/", "fragment", "fragment"),
        ("go.example.com", "https://example.org/#", "fragment", "fragment"),
        ("go.example.com", "https://example.org/#/route", "query", "query"),
        ("go.example.com", "https://example.org/#:~:text=shoes", "query", "query"),
        ("go.example.com", "https://example.org/?sig=1#top", "none", "none"),
        ("go.example.com", "https://example.org/?ct=7#top", "none", "none"),
        ("go.example.com", "https://example.org/?sig=1", "fragment", "fragment"),
        ("go.example.co.uk", "https://example.co.uk/", "cookie", "fragment"),
        ("go.example.co.uk", "https://other.co.uk/", "fragment", "fragment"),
        ("a.github.io", "https://b.github.io/", "fragment", "fragment"),
        ("go.shop.localhost", "http://shop.localhost:8090/", "cookie", "fragment"),
        ("go.localhost", "http://shop.localhost:8090/", "fragment", "fragment"),
        ("192.0.2.1", "http://192.0.2.1/", "cookie", "fragment"),
        ("192.0.2.1", "http://192.0.2.2/", "fragment", "fragment"),
        ("xn--bcher-kva.example", "https://www.bücher.example/", "cookie", "fragment"),
    ],
)
def test_auto_takes_the_first_carrier_that_works(
    short_host: str, destination: str, carry: str, without_cookie: str
) -> None:
    assert plan("auto", short_host, destination)[:2] == (carry, without_cookie)


@pytest.mark.parametrize("choice", ["fragment", "query", "none"])
def test_a_chosen_carrier_is_taken_as_it_is(choice: CarryChoice) -> None:
    assert plan(choice, "go.example.com", "https://example.com/#x")[:2] == (choice, choice)


def test_a_chosen_cookie_has_a_second_choice_where_it_may_not_be_set() -> None:
    assert plan("cookie", "go.example.com", "https://example.com/")[:2] == ("cookie", "fragment")


@pytest.mark.parametrize(
    ("choice", "destination", "says"),
    [
        ("cookie", "https://example.org/", "another site"),
        ("fragment", "https://example.com/#top", "take its place"),
        ("query", "https://example.com/?ct=1", "already"),
        ("query", "https://example.com/?sig=1", "break the link"),
        ("none", "https://example.com/", "No click id"),
        ("auto", "https://example.org/?sig=1#top", "cannot take a click id"),
        ("auto", "https://example.com/?sig=1#top", "who accept no cookie"),
        ("auto", "https://example.com/?sig=1", "Turn off forwarding"),
    ],
)
def test_what_will_not_work_is_said(choice: CarryChoice, destination: str, says: str) -> None:
    assert any(says in warning for warning in plan(choice, "go.example.com", destination).warnings)


def test_an_ordinary_link_has_no_warning() -> None:
    assert plan("auto", "go.example.com", "https://example.com/?utm_source=x").warnings == ()
    assert plan("auto", "go.example.com", "https://example.org/?sig=1", forwards_query=False).warnings == ()

"""Orders and newsletter sign-ups, in memory: whoever has the number of one may see it, so numbers can't be guessed."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Generic, NamedTuple, TypeVar

from control.demo.shop.cart import Cart

ORDERS_MAX = 2_000
_NUMBER_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # nothing that is misread aloud
_NUMBER_CHARS = 10  # 49 bits

Entry = TypeVar("Entry")


class Order(NamedTuple):
    """An order as it was placed; `server_report` says what became of the server's own report, empty without one."""

    number: str
    cart: Cart
    name: str
    email: str
    customer: str  # `shop:<customer number>`, or empty
    server_report: str


class Signup(NamedTuple):
    """Somebody who wants the newsletter."""

    number: str
    email: str


class Kept(Generic[Entry]):
    """The newest entries by their number; the oldest make room."""

    def __init__(self, limit: int = ORDERS_MAX) -> None:
        self._entries: dict[str, Entry] = {}
        self._limit = limit

    def add(self, number: str, entry: Entry) -> None:
        while len(self._entries) >= self._limit:
            del self._entries[next(iter(self._entries))]
        self._entries[number] = entry

    def get(self, number: str) -> Entry | None:
        return self._entries.get(number)


def new_number(prefix: str) -> str:
    """An order number such as `K-7QXW3M9ZFA`."""
    return f"{prefix}-" + "".join(secrets.choice(_NUMBER_ALPHABET) for _ in range(_NUMBER_CHARS))


class Buyer(NamedTuple):
    """What the checkout form says."""

    name: str
    email: str
    customer_number: str

    @property
    def customer(self) -> str:
        """The customer id as the shop reports it, with its namespace."""
        return f"shop:{self.customer_number}" if self.customer_number else ""


def buyer_of(form: Mapping[str, str]) -> tuple[Buyer, dict[str, str]]:
    """The buyer, and what is wrong with the form, by field."""
    buyer = Buyer(*(form.get(field, "").strip() for field in Buyer._fields))
    errors: dict[str, str] = {}
    if not buyer.name:
        errors["name"] = "Please tell us your name; it goes on the parcel."
    elif len(buyer.name) > 100:
        errors["name"] = "Please shorten the name to 100 characters."
    if buyer.email and not is_email(buyer.email):
        errors["email"] = "This is no e-mail address. It may also stay empty."
    number = buyer.customer_number
    if number and not (number.isascii() and number.isalnum() and len(number) <= 20):
        errors["customer_number"] = "A customer number has only letters and digits, such as K123456."
    return buyer, errors


def is_email(text: str) -> bool:
    """Whether this may be an e-mail address; only a mail to it could tell."""
    name, at, host = text.rpartition("@")
    return bool(name and at and "." in host.strip(".")) and len(text) <= 320 and not any(map(str.isspace, text))

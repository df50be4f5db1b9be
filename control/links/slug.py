"""The path of a short link after the host: chosen by a person in any script, or random.

Slugs are case-sensitive, as paths are, and kept in NFC, since an address typed on one system and on another may differ
in nothing but composition. `/` may part a slug (`spring/shoes`); what browsers or proxies would rewrite on the way
(`//`, `.` and `..` as a part, a slash at either end) is refused, and so is what the edge answers itself.
"""

from __future__ import annotations

import secrets
import unicodedata

SLUG_MAX_CHARS = 128
RANDOM_SLUG_CHARS = 7  # 49⁷ ≈ 6.8 × 10¹¹

_MARKS = "-_.~/"
_RESERVED = ("_t", ".well-known")
# Neither look-alikes (0 O, 1 I l) nor vowels, which would sooner or later spell a word.
_RANDOM_ALPHABET = "23456789bcdfghjkmnpqrstvwxyzBCDFGHJKLMNPQRSTVWXYZ"


class BadSlug(ValueError):
    """Says in a sentence why a text cannot be a slug."""


def normalise(text: str) -> str:
    """The one spelling of a slug. Raises BadSlug."""
    slug = unicodedata.normalize("NFC", text.strip())
    if not slug:
        raise BadSlug("a slug has at least one character; leave it out to get a random one")
    if len(slug) > SLUG_MAX_CHARS:
        raise BadSlug(f"a slug has at most {SLUG_MAX_CHARS} characters; this one has {len(slug)}")
    for character in slug:
        # Letters, the marks that complete them in many scripts, and digits.
        if unicodedata.category(character)[0] not in "LMN" and character not in _MARKS:
            raise BadSlug(f"{_shown(character)} cannot be in a slug: letters, digits and - _ . ~ / can")
    parts = slug.split("/")
    if "" in parts:
        raise BadSlug("a slug neither starts nor ends with / and has no two of them in a row")
    if "." in parts or ".." in parts:
        raise BadSlug("a part of a slug is not . or .., which browsers resolve away")
    if parts[0] in _RESERVED:
        raise BadSlug(f"slugs that start with {parts[0]}/ are kept for the edge itself")
    return slug


def random() -> str:
    """A new random slug, not yet known to be free."""
    return "".join(secrets.choice(_RANDOM_ALPHABET) for _ in range(RANDOM_SLUG_CHARS))


def _shown(character: str) -> str:
    return "a space" if character == " " else repr(character)

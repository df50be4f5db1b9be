import pytest

from shared.password import matches, verifier_of


def test_a_verifier_knows_its_password_and_no_other() -> None:
    verifier = verifier_of("sésame, ouvre-toi")
    assert matches("sésame, ouvre-toi", verifier)
    assert matches("se\u0301same, ouvre-toi", verifier)  # typed on another keyboard
    assert not matches("sesame, ouvre-toi", verifier)
    assert "same" not in verifier


def test_two_verifiers_of_one_password_differ() -> None:
    assert verifier_of("x") != verifier_of("x")


@pytest.mark.parametrize(
    "verifier",
    ["", "scrypt", "argon2$14$8$1$AAAA$AAAA", "scrypt$30$8$1$AAAA$AAAA", "scrypt$a$8$1$AAAA$AAAA", "scrypt$0$8$1$A$A"],
)
def test_an_unreadable_or_costly_verifier_matches_nothing(verifier: str) -> None:
    assert not matches("x", verifier)

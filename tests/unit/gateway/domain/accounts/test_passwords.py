"""Passwords and guesses, without a database."""

from base64 import b64encode
from datetime import UTC, datetime, timedelta
from hashlib import scrypt

from gateway.domain.accounts import Attempts, hash_password, is_password

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def test_the_same_password_is_hashed_differently_each_time() -> None:
    first, second = hash_password("salasana numero 1"), hash_password("salasana numero 1")
    assert first != second
    assert is_password("salasana numero 1", first)
    assert is_password("salasana numero 1", second)
    assert not is_password("salasana numero 2", first)


def test_composed_and_decomposed_letters_are_one_password() -> None:
    kept = hash_password("äiti-merkki-äiti")
    assert is_password("a\u0308iti-merkki-a\u0308iti", kept)


def test_the_cost_is_read_from_what_is_kept() -> None:
    salt = b"saltsaltsaltsalt"
    digest = scrypt(b"old", salt=salt, n=1024, r=8, p=1, dklen=32)
    kept = f"scrypt$1024$8$1${b64encode(salt).decode()}${b64encode(digest).decode()}"
    assert is_password("old", kept)
    assert not is_password("new", kept)


def test_guesses_of_one_name_do_not_stop_another() -> None:
    attempts = Attempts()
    for _ in range(5):
        attempts.failed("anna", NOW)
    assert attempts.wait_s("anna", NOW + timedelta(minutes=5)) == 600
    assert attempts.wait_s("bert", NOW) == 0
    assert attempts.wait_s("anna", NOW + timedelta(minutes=15)) == 0
    attempts.failed("anna", NOW)
    attempts.succeeded("anna")
    assert attempts.wait_s("anna", NOW) == 0


def test_a_flood_of_names_is_bounded() -> None:
    attempts = Attempts()
    for number in range(10_050):
        attempts.failed(f"name{number}", NOW)
    assert len(attempts._wrong) <= 10_000

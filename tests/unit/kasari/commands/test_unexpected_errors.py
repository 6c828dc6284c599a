"""A fault of the program is one line without what the exception says: that may quote a value."""

import logging
import sys

import pytest

from kasari import __main__ as entry


def fails(prog_name: str) -> None:
    raise KeyError(f"{prog_name}: VIRTANEN^MATTI")


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entry, "register", lambda _word: None)
    monkeypatch.setattr(entry, "app", fails)
    for name in ("pydicom", "pynetdicom"):  # `main` silences them; here for this test only
        logger = logging.getLogger(name)
        monkeypatch.setattr(logger, "level", logger.level)
    monkeypatch.setattr(sys, "argv", ["kasari", "doctor"])


@pytest.mark.usefixtures("failing")
def test_what_it_says_is_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        entry.main()
    assert ended.value.code == 1
    told = capsys.readouterr().err
    assert "KeyError at test_unexpected_errors.py:" in told
    assert "KASARI_TRACE=1" in told
    assert "VIRTANEN" not in told


@pytest.mark.usefixtures("failing")
def test_who_asks_for_the_trace_gets_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KASARI_TRACE", "1")
    with pytest.raises(KeyError):
        entry.main()

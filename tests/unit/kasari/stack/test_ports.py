"""Ports: remembered ones first, taken ones never."""

import socket
from collections.abc import Iterator

import pytest

from kasari.stack import ports
from kasari.stack.ports import LOOPBACK, any_free, choose_ports, is_free, usual_ports


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "SOON_S", 0.05)


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as server:
        server.bind((LOOPBACK, 0))
        server.listen()
        yield server.getsockname()[1]


def test_a_port_with_a_listener_is_not_free(taken: int) -> None:
    assert not is_free(taken)


def test_a_listener_on_every_address_counts() -> None:
    with socket.socket() as server:
        server.bind(("0.0.0.0", 0))  # noqa: S104 - as Orthanc 1.12 does
        server.listen()
        assert not is_free(server.getsockname()[1])


def test_the_usual_port_is_taken_when_it_is_free() -> None:
    port = any_free(())
    assert choose_ports({"a": port}, {}, ()) == {"a": port}


def test_a_taken_port_is_replaced(taken: int) -> None:
    chosen = choose_ports({"a": taken, "b": taken}, {}, ())
    assert taken not in chosen.values()
    assert len(set(chosen.values())) == 2


def test_the_last_start_is_remembered() -> None:
    usual, remembered = any_free(()), any_free(())
    assert choose_ports({"a": usual}, {"a": remembered}, ()) == {"a": remembered}


def test_a_remembered_port_that_somebody_took_is_replaced(taken: int) -> None:
    usual = any_free((taken,))
    assert choose_ports({"a": usual}, {"a": taken}, ()) == {"a": usual}


def test_a_remembered_port_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = iter([False, False, True])
    monkeypatch.setattr(ports, "is_free", lambda _port: next(looks))
    assert choose_ports({"a": 1}, {"a": 7}, ()) == {"a": 7}


def test_the_port_of_a_process_of_ours_is_kept(taken: int) -> None:
    assert choose_ports({"a": 1}, {"a": taken}, {"a"}) == {"a": taken}


def test_nobody_gets_the_port_that_another_remembers() -> None:
    remembered = any_free(())
    chosen = choose_ports({"new": remembered, "old": 1}, {"old": remembered}, ())
    assert chosen["old"] == remembered
    assert chosen["new"] != remembered


def test_every_usual_port_is_another() -> None:
    usual = usual_ports(("KUH", "Tyks", "TAYS", "OYS", "HUS"))
    assert len(set(usual.values())) == len(usual) == 22

"""The thread beside the door: fresh consent, heartbeats, and no error that ends it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.contract.site import ConsentSnapshot, PluginReport, RefusalCount
from gateway.data.deid import load_profile
from gateway.domain.identity import KeyRing
from gateway.errors import ConfigError
from plugins.site_admission import Admission, Refusal
from plugins.site_watch import (
    HEARTBEAT_EVERY_S,
    MEETING_TIMEOUT_S,
    MOST_PATIENTS,
    SNAPSHOT_EVERY_S,
    TIMEOUT_S,
    Totals,
    Watch,
    open_link,
)

SNAPSHOT = ConsentSnapshot(tag="1", policy_hash="p", identities="i", admitted={"a": "b"})


class FakeGateway:
    def __init__(self) -> None:
        self.fetched = 0
        self.patience_s: list[float] = []
        self.reports: list[PluginReport] = []
        self.down = False
        self.work: Callable[[], None] = lambda: None
        self.snapshot = SNAPSHOT

    def fetch(self, timeout_s: float = TIMEOUT_S) -> ConsentSnapshot:
        self.patience_s.append(timeout_s)
        if self.down:
            raise ConnectionRefusedError("PatientName=Kanervisto")
        self.fetched += 1
        self.work()
        return self.snapshot

    def tell(self, report: PluginReport) -> None:
        if self.down:
            raise ConnectionRefusedError
        self.reports.append(report)


class World:
    def __init__(self) -> None:
        self.seconds = 0.0
        self.gateway = FakeGateway()
        self.totals = Totals()
        self.lines: list[str] = []
        keys = KeyRing.from_root(bytes(range(32)), "KUH").site_keys()
        self.admission = Admission(load_profile(), keys)
        self.watch = Watch(
            self.admission, self.totals, self.gateway, self.lines.append, lambda: self.seconds
        )


@pytest.fixture
def world() -> World:
    return World()


def test_the_first_step_fetches_and_tells(world: World) -> None:
    world.watch.step()
    assert world.admission.snapshot == SNAPSHOT
    assert world.gateway.reports[0].received == 0


def test_a_burst_does_not_fetch_the_list_again_and_again(world: World) -> None:
    for _ in range(10):
        world.watch.poke()
        world.watch.step()
    assert world.gateway.fetched == 1
    assert len(world.gateway.reports) == 10


def test_the_list_is_fetched_again_when_it_is_due(world: World) -> None:
    world.watch.step()
    world.seconds += SNAPSHOT_EVERY_S
    world.watch.step()
    assert world.gateway.fetched == 2
    assert len(world.gateway.reports) == 1
    world.seconds += HEARTBEAT_EVERY_S
    world.watch.step()
    assert len(world.gateway.reports) == 2


@pytest.mark.parametrize(("takes_s", "again_after_s"), [(0.01, 2.0), (0.5, 10.0), (30.0, 60.0)])
def test_a_list_that_takes_long_is_fetched_less_often(
    world: World, takes_s: float, again_after_s: float
) -> None:
    def work() -> None:
        world.seconds += takes_s

    world.gateway.work = work
    world.watch.step()
    world.seconds += again_after_s - takes_s - 0.1
    world.watch.step()
    assert world.gateway.fetched == 1
    world.seconds += 0.1
    world.watch.step()
    assert world.gateway.fetched == 2


def test_a_gateway_that_is_down_is_logged_once_without_its_text(world: World) -> None:
    world.gateway.down = True
    for _ in range(3):
        world.watch.step()
        world.seconds += HEARTBEAT_EVERY_S
    assert world.lines == ["KaSARi: the gateway service: ConnectionRefusedError; trying again"]
    assert world.admission.snapshot is None
    world.gateway.down = False
    world.watch.step()
    assert world.admission.snapshot == SNAPSHOT


def test_totals_are_kept_by_reason_status_and_sender(world: World) -> None:
    world.totals.stored("a")
    for sender in ("TPS", "TPS", None):
        world.totals.refused(Refusal("no-consent", 0x0124), sender)
    report = world.totals.report()
    assert report.received == 1
    assert set(report.refused) == {
        RefusalCount(reason="no-consent", dimse_status=0x0124, sender="TPS", count=2),
        RefusalCount(reason="no-consent", dimse_status=0x0124, sender=None, count=1),
    }


def test_each_start_has_another_boot_id() -> None:
    assert Totals().boot_id != Totals().boot_id


def test_stop_ends_the_thread(world: World) -> None:
    world.watch.start()
    world.watch.stop()
    assert world.gateway.fetched == 1


def test_the_link_takes_no_other_scheme_and_no_missing_token(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="gateway_url"):
        open_link("file:///etc/passwd", tmp_path / "t")
    with pytest.raises(ConfigError, match="gateway_token_file"):
        open_link("http://127.0.0.1:1", tmp_path / "t")


def test_the_token_goes_to_another_machine_encrypted_or_by_word(tmp_path: Path) -> None:
    token = tmp_path / "t"
    token.write_text("plugin-token-for-the-tests", "ascii")
    token.chmod(0o600)
    for url in ("http://gateway:8010", "HTTP://10.0.0.7:8010", "http://127.0.0.1.example"):
        with pytest.raises(ConfigError, match="allow_plain_http"):
            open_link(url, token)
    assert open_link("http://gateway:8010", token, allow_plain_http=True).url
    for url in ("http://localhost:8010", "http://[::1]:8010", "https://gateway:8010"):
        assert open_link(url, token).url == url


def test_a_token_that_others_may_read_or_guess_is_refused(tmp_path: Path) -> None:
    token = tmp_path / "t"
    token.write_text("plugin-token-for-the-tests", "ascii")
    for mode in (0o640, 0o604):
        token.chmod(mode)
        with pytest.raises(ConfigError, match="gateway_token_file: others may read"):
            open_link("http://127.0.0.1:1", token)
    token.chmod(0o600)
    assert open_link("http://127.0.0.1:1", token).token == "plugin-token-for-the-tests"
    token.write_text("changeme", "ascii")
    with pytest.raises(ConfigError, match=r"gateway_token_file: .* random secret"):
        open_link("http://127.0.0.1:1", token)


def test_a_report_says_what_the_plugin_follows(world: World) -> None:
    world.watch.step()
    (report,) = world.gateway.reports
    assert report.policy_hash == load_profile().name_and_hash
    assert report.identities == KeyRing.from_root(bytes(range(32)), "KUH").site_keys().identities


def follows(world: World, **otherwise: str) -> ConsentSnapshot:
    return SNAPSHOT.model_copy(update=world.admission.follows | otherwise)


@pytest.mark.parametrize(
    ("otherwise", "words"),
    [({"policy_hash": "p"}, "different policies"), ({"identities": "i"}, "other keys")],
)
def test_a_plugin_that_differs_from_the_gateway_does_not_start(
    world: World, otherwise: dict[str, str], words: str
) -> None:
    world.gateway.snapshot = follows(world, **otherwise)
    with pytest.raises(ConfigError, match=words):
        world.watch.meet()
    assert len(world.gateway.reports) == 1, "the gateway raises its alert from this"


def test_a_plugin_starts_beside_a_gateway_that_agrees_or_is_not_up_yet(world: World) -> None:
    world.gateway.down = True
    world.watch.meet()
    assert world.admission.snapshot is None
    assert world.gateway.patience_s == [MEETING_TIMEOUT_S], "Orthanc waits for this one question"
    world.gateway.down = False
    world.gateway.snapshot = follows(world)
    world.seconds += 1.0
    world.watch.meet()
    assert world.admission.snapshot == world.gateway.snapshot


def test_what_comes_again_is_told_apart(world: World) -> None:
    totals = world.totals
    totals.coming("a", again=False)
    totals.stored("a")
    totals.coming("a", again=True)
    totals.stored("a")
    totals.coming("b", again=True)  # was never stored
    assert (totals.report().received, totals.report().again) == (2, 1)


def test_the_last_word_says_that_it_is_the_last(world: World) -> None:
    world.watch.start()
    world.watch.stop()
    assert [report.ended for report in world.gateway.reports][-1]
    assert not any(report.ended for report in world.gateway.reports[:-1])


def test_refusals_of_a_patient_are_told_once_and_kept_while_nobody_hears(world: World) -> None:
    refusal = Refusal("burned-in", 0xC000, "P1")
    world.totals.refused_of(refusal)
    world.totals.refused_of(Refusal("no-consent", 0x0124))  # of nobody that is known
    world.gateway.down = True
    world.watch.step()
    world.totals.refused_of(refusal)
    world.gateway.down = False
    world.watch.poke()
    world.watch.step()
    world.watch.poke()
    world.watch.step()
    told = [[(o.pseudonym, o.reason, o.count) for o in r.refused_of] for r in world.gateway.reports]
    assert told == [[("P1", "burned-in", 2)], []]


def test_refusals_of_patients_are_bounded(world: World) -> None:
    for number in range(MOST_PATIENTS + 5):
        world.totals.refused_of(Refusal("burned-in", 0xC000, f"P{number}"))
    assert len(world.totals.report().refused_of) == MOST_PATIENTS

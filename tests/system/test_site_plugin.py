"""The site plugin inside a real Orthanc: what is refused, what is stored, what is left of it."""

import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from gateway.domain.canary import CANARY_PATIENT_ID, canary_object
from kasari.errors import StackError
from kasari.push import Outcome
from kasari.push import sending as pushing
from kasari.stack import Centre, Stack
from kasari.stack.consents import admission, import_consents
from tests.factories.identified import IDENTIFIERS, PATIENT_ID, UID_ROOT, ct_slice, nested

HEAD = "patient_id,family_name,given_name,birth_date,status,version,scope,date"
GRANTED = f"{HEAD}\n{PATIENT_ID},Kanervisto,Aurelia,1948-02-29,granted,1,research,2024-01-01\n"
LIMIT_S = 30.0
Send = Callable[..., Outcome]


def until(ask: Callable[[], object]) -> object:
    end = time.monotonic() + LIMIT_S
    while not (answer := ask()) and time.monotonic() < end:
        time.sleep(0.05)
    return answer


def stored(site: Centre) -> int:
    answer = httpx.get(f"{site.orthanc_url}/statistics", auth=site.orthanc_login())
    return int(answer.json()["CountInstances"])


def status(site: Centre) -> dict:
    headers = {"Authorization": f"Bearer {site.operator_token()}"}
    found: dict = httpx.get(f"{site.gateway_url}/api/v1/status", headers=headers).json()
    return found


def account(site: Centre) -> dict:
    headers = {"Authorization": f"Bearer {site.operator_token()}"}
    found: dict = httpx.get(f"{site.gateway_url}/api/v1/account", headers=headers).json()
    return found


def files_with(folder: Path, words: tuple[str, ...]) -> list[str]:
    needles = [word.encode() for word in words]
    found = []
    for path in folder.rglob("*"):
        if path.is_file() and any(needle in path.read_bytes() for needle in needles):
            found.append(str(path.relative_to(folder)))
    return found


@pytest.fixture(scope="module")
def consented(site: Centre) -> None:
    report = import_consents(site, GRANTED.encode())
    assert report["committed"]


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sender that gives up soon."""
    monkeypatch.setattr(pushing, "ATTEMPTS", 2)
    monkeypatch.setattr(pushing, "PAUSE_S", 0.05)
    monkeypatch.setattr(pushing, "TIMEOUT_S", 10.0)


def test_without_consent_the_sender_hears_not_authorised(site: Centre, send: Send) -> None:
    before = stored(site)
    outcome = send(ct_slice(PatientID="NOBODY-KNOWN"), ct_slice(2, PatientID="NOBODY-KNOWN"))
    assert outcome.counts() == {0x0124: 2}
    assert outcome.sent == 0
    assert stored(site) == before

    def told() -> list[dict]:
        return [row for row in status(site)["refused"] if row["sender"] == "KASARI_PUSH"]

    assert until(told)
    assert told()[0]["reason"] == "no-consent"
    assert told()[0]["count"] >= 2


@pytest.mark.usefixtures("consented")
def test_with_consent_it_is_stored_and_nothing_identifies(
    stack: Stack, site: Centre, send: Send
) -> None:
    outcome = send(*(ct_slice(number) for number in range(1, 4)))
    assert outcome.sent == 3
    assert stored(site) == 3
    assert until(lambda: status(site)["instances"]["indexed"] == 3)
    folders = stack.folders()
    assert files_with(folders["KUH/orthanc"], IDENTIFIERS) == []
    assert files_with(folders["logs"], IDENTIFIERS) == []
    # the search is able to find: the pseudonym is in the same files
    pseudonym = httpx.get(f"{site.orthanc_url}/patients?expand", auth=site.orthanc_login()).json()[
        0
    ]["MainDicomTags"]["PatientID"]
    assert files_with(folders["KUH/orthanc"], (pseudonym,))


@pytest.mark.usefixtures("consented")
def test_the_same_object_again_is_success_and_one_instance(
    site: Centre, send: Send, tmp_path: Path
) -> None:
    assert send(ct_slice(1)).sent == 1
    before = stored(site)
    (tmp_path / "ledger").unlink()
    assert send(ct_slice(1)).sent == 1
    assert stored(site) == before

    def in_the_books() -> bool:
        told = account(site)
        return told["plugin_stored"] == told["in_the_store"] == told["received"] == before

    assert until(in_the_books), account(site)
    assert account(site)["differences"] == []


@pytest.mark.usefixtures("consented")
def test_burned_in_text_cannot_be_understood(site: Centre, send: Send) -> None:
    before = stored(site)
    assert send(ct_slice(90, BurnedInAnnotation="YES")).counts() == {0xC000: 1}
    assert stored(site) == before


@pytest.mark.fault(49)
@pytest.mark.usefixtures("consented")
def test_a_nest_of_sequences_does_not_reach_the_store(site: Centre, send: Send) -> None:
    """An object with 300 nested sequences comes | they do not reach the store, which lives on

    Orthanc writes it anew with lengths, so the engine drops it unread; reading it would kill.
    """
    send(nested(300))
    auth = site.orthanc_login()
    for instance in httpx.get(f"{site.orthanc_url}/instances", auth=auth).json():
        tags = httpx.get(f"{site.orthanc_url}/instances/{instance}/tags?short", auth=auth).json()
        assert "0040,a730" not in tags
    assert admission(site)["open"]


@pytest.mark.usefixtures("consented", "impatient")
def test_an_object_without_a_study_leaves_no_trace_in_the_log(
    stack: Stack, site: Centre, send: Send
) -> None:
    before = stored(site)
    assert send(ct_slice(92, StudyInstanceUID=None)).sent == 0
    assert stored(site) == before
    assert files_with(stack.folders()["logs"], IDENTIFIERS) == []


@pytest.mark.usefixtures("consented")
def test_values_that_libraries_warn_of_leave_no_trace_in_the_log(stack: Stack, send: Send) -> None:
    plain = ct_slice(95, SpecificCharacterSet="ISO_IR 100")
    unknown = plain.replace(b"ISO_IR 100", b"ISO_IR 999").replace(b"^Aurelia", b"^Aur\xe4lia")
    escaped = plain.replace(b"^Aurelia", b"\x1b$B\xff\xfe\xfd\xfc\xfb")
    dated = plain.replace(b"19480229", b"29.2.194")
    numbered = plain.replace(UID_ROOT.encode() + b"3", UID_ROOT.encode() + b"x")
    assert len({plain, unknown, escaped, dated, numbered}) == 5
    send(unknown, escaped, dated, numbered)
    assert files_with(stack.folders()["logs"], IDENTIFIERS) == []


@pytest.mark.usefixtures("consented")
def test_a_kind_of_object_that_is_not_accepted_is_not_negotiated(send: Send) -> None:
    data = ct_slice(93, SOPClassUID="1.2.840.10008.5.1.4.1.1.104.1")
    assert send(data).counts() == {0x0122: 1}


@pytest.mark.fault(59)
@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("change", [{"calling_aet": "STRANGER"}, {"called_aet": "OTHER"}])
def test_strangers_get_no_association(send: Send, change: dict[str, str]) -> None:
    """A sender comes under another AET, or calls another one | no association"""
    with pytest.raises(StackError, match="accepts no association"):
        send(ct_slice(), **change)


@pytest.mark.usefixtures("consented")
@pytest.mark.parametrize(
    "data", [canary_object(), ct_slice(PatientID="NOBODY-KNOWN"), b"text", ct_slice(91)[:-4]]
)
def test_over_http_the_same_door_refuses(stack: Stack, site: Centre, data: bytes) -> None:
    before = stored(site)
    answer = httpx.post(f"{site.orthanc_url}/instances", content=data, auth=site.orthanc_login())
    assert answer.is_error
    assert stored(site) == before
    assert files_with(stack.folders()["KUH/orthanc"], (CANARY_PATIENT_ID, "NOBODY-KNOWN")) == []


@pytest.mark.usefixtures("consented")
def test_over_http_who_consented_is_deidentified_too(stack: Stack, site: Centre) -> None:
    answer = httpx.post(
        f"{site.orthanc_url}/instances", content=ct_slice(94), auth=site.orthanc_login()
    )
    assert answer.json()["Status"] == "Success"
    assert files_with(stack.folders()["KUH/orthanc"], IDENTIFIERS) == []


def test_nobody_without_a_password_is_answered(site: Centre) -> None:
    for path in ("/system", "/instances", "/kasari/admission", "/app/explorer.html"):
        assert httpx.get(site.orthanc_url + path).status_code in {401, 403}, path


def test_secrets_are_in_no_argument_and_no_log(stack: Stack) -> None:
    secrets = [p for p in (stack.folder / "secrets").rglob("*") if p.is_file()]
    assert all(path.stat().st_mode & 0o077 == 0 for path in secrets)
    values = [p.read_bytes() for p in secrets if p.suffix in {".token", ".password"}]
    assert values
    said = b"".join(path.read_bytes() for path in stack.folders()["logs"].rglob("*.log"))
    for pid in stack.processes().values():
        assert pid is not None
        said += (
            Path(f"/proc/{pid}/cmdline").read_bytes() + Path(f"/proc/{pid}/environ").read_bytes()
        )
    assert said
    assert not [value for value in values if value in said]

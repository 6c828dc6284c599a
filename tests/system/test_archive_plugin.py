"""The archive plugin inside a real Orthanc, which nobody but the harmonizer should ever reach."""

from hashlib import sha256
from uuid import uuid4

import httpx
import pytest

from gateway.data.deid import load_profile
from gateway.domain.deid import NationalStage, SiteStage
from gateway.domain.identity import KeyRing
from harmonizer.adapters.dicomrt import read_image
from harmonizer.adapters.nesting import outline
from harmonizer.adapters.orthanc import OrthancArchive, open_orthanc_client
from harmonizer.domain.studies import InstanceKey
from kasari.stack import Stack
from tests.factories.archive_orthanc import archive_orthanc
from tests.factories.identified import ct_slice

RING = KeyRing.from_root(bytes(range(32)), "KUH")
SITE = (
    SiteStage(load_profile(), RING.site_keys()).deidentify(ct_slice(70), "PAAAAAAAAAAAAAAAA").data
)
NATIONAL = NationalStage(load_profile(), RING, {}).deidentify(SITE).data


def stow(stack: Stack, data: bytes) -> httpx.Response:
    boundary = uuid4().hex
    head = f"--{boundary}\r\nContent-Type: application/dicom\r\n\r\n".encode()
    kind = f'multipart/related; type="application/dicom"; boundary={boundary}'
    url, login = archive_orthanc(stack)
    return httpx.post(
        f"{url}/dicom-web/studies",
        content=head + data + f"\r\n--{boundary}--".encode(),
        headers={"Content-Type": kind, "Accept": "application/dicom+json"},
        auth=login,
    )


def stored(stack: Stack) -> int:
    url, login = archive_orthanc(stack)
    return int(httpx.get(f"{url}/statistics", auth=login).json()["CountInstances"])


@pytest.mark.parametrize("data", [ct_slice(71), SITE], ids=["original", "first stage only"])
def test_what_does_not_carry_both_marks_is_refused_by_stow(stack: Stack, data: bytes) -> None:
    before = stored(stack)
    answer = stow(stack, data)
    assert answer.status_code == httpx.codes.BAD_REQUEST
    assert "00081198" in answer.json(), "the answer lists what failed"
    assert stored(stack) == before


@pytest.mark.parametrize("data", [ct_slice(71), SITE, b"text"])
def test_and_over_rest(stack: Stack, data: bytes) -> None:
    before = stored(stack)
    url, login = archive_orthanc(stack)
    assert httpx.post(f"{url}/instances", content=data, auth=login).is_error
    assert stored(stack) == before


def test_what_carries_both_is_kept_as_it_is(stack: Stack) -> None:
    answer = stow(stack, NATIONAL)
    assert answer.status_code == httpx.codes.OK
    url, auth = archive_orthanc(stack)
    uid = answer.json()["00081199"]["Value"][0]["00081155"]["Value"][0]
    found = httpx.post(f"{url}/tools/lookup", content=uid, auth=auth).json()
    instance = next(row["ID"] for row in found if row["Type"] == "Instance")
    try:
        assert httpx.get(f"{url}/instances/{instance}/file", auth=auth).content == NATIONAL
    finally:
        httpx.delete(f"{url}/instances/{instance}", auth=auth)


def test_it_reads_its_own_files_for_the_archive(stack: Stack) -> None:
    here, missing = (InstanceKey(*of) for of in (outline(NATIONAL).identity, ("A", "1", "2", "3")))
    url, login = archive_orthanc(stack)
    with open_orthanc_client(url, *login) as client:
        store = OrthancArchive(client)
        store.put(here, NATIONAL)
        try:
            digest = sha256(NATIONAL).hexdigest()
            assert store.digests([here, missing]) == {here.sop_instance_uid: digest}
            heading = store.headings([missing, here])[here.sop_instance_uid]
            assert NATIONAL.startswith(heading)
            assert NATIONAL[len(heading) :].startswith(b"\xe0\x7f\x10\x00OW")
            assert read_image(heading) == read_image(NATIONAL)
        finally:
            store.delete(here)
        assert store.digests([here]) == store.headings([here]) == {}
        assert client.get("/kasari/digests").status_code == httpx.codes.METHOD_NOT_ALLOWED


def test_all_of_a_patient_is_deleted_at_once(stack: Stack) -> None:
    here = InstanceKey(*outline(NATIONAL).identity)
    url, login = archive_orthanc(stack)
    with open_orthanc_client(url, *login) as client:
        store = OrthancArchive(client)
        store.put(here, NATIONAL)
        assert store.patients([here.national_id, "A"]) == {here.national_id}
        store.delete_patient(here.national_id)
        store.delete_patient(here.national_id)  # as one that was killed and is repeated
        assert store.patients([here.national_id]) == set()
        assert store.digests([here]) == {}


def test_the_refusals_are_counted(stack: Stack) -> None:
    stow(stack, SITE)
    url, login = archive_orthanc(stack)
    told = httpx.get(f"{url}/kasari/admission", auth=login).json()
    assert told["refused"]["not-marked"] >= 1


def test_nobody_without_a_password_is_answered(stack: Stack) -> None:
    for path in ("/system", "/dicom-web/studies", "/instances", "/kasari/digests"):
        assert httpx.get(archive_orthanc(stack)[0] + path).status_code in {401, 403}, path

"""WADO-RS: the stored bytes, streamed; metadata mended; nothing that is not finished."""

from email import message_from_bytes

import pytest
from sqlmodel import Session, select

from harmonizer.adapters.tables.work import AuditTable
from tests.integration.harmonizer.reading.conftest import LEFT_KUH, ON_ITS_WAY, SITE_TOKEN, Archive

STUDY = f"/dicom-web/studies/{LEFT_KUH.study}"
CT_SERIES = f"{STUDY}/series/{LEFT_KUH.series('CT')}"
SLICE = f"{CT_SERIES}/instances/{LEFT_KUH.instance(1)}"
DICOM = 'multipart/related; type="application/dicom"'


def parts(answer: object) -> list[bytes]:
    """Decode a multipart answer with the standard library's parser."""
    head = f"Content-Type: {answer.headers['content-type']}\r\n\r\n".encode()
    message = message_from_bytes(head + answer.content)
    return [part.get_payload(decode=True) for part in message.get_payload()]


@pytest.mark.parametrize(
    ("path", "which"), [(STUDY, [0, 1, 2, 3, 4]), (CT_SERIES, [0, 1]), (SLICE, [1])]
)
def test_every_instance_comes_as_it_was_stored(
    archive: Archive, path: str, which: list[int]
) -> None:
    answer = archive.get(path, accept=DICOM)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(DICOM)
    expected = [archive.orthanc.file(LEFT_KUH, index) for index in which]
    assert sorted(parts(answer)) == sorted(expected)


@pytest.mark.parametrize(
    "path",
    [
        f"/dicom-web/studies/{ON_ITS_WAY.study}",
        f"/dicom-web/studies/{ON_ITS_WAY.study}/metadata",
        f"/dicom-web/studies/{ON_ITS_WAY.study}/series/{ON_ITS_WAY.series('CT')}"
        f"/instances/{ON_ITS_WAY.instance(0)}/frames/1",
        "/dicom-web/studies/1.2.3.4",
        f"{STUDY}/series/1.2.3.4",
        f"{SLICE}/frames/0",
        f"{SLICE}/bulk/../../../../../../instances",
        f"{SLICE}/bulk/7fe00010/../../x",
        f"{SLICE}/frames/1%2F..%2Frendered",
        f"{SLICE}/attachments/dicom",
    ],
)
def test_what_is_not_there_or_not_to_be_seen(archive: Archive, path: str) -> None:
    assert archive.get(path, accept=DICOM).status_code in {404, 422}
    assert not archive.orthanc.asked


def test_uids_that_are_none_never_reach_the_store(archive: Archive) -> None:
    for study in ("..", "1.2..3", "a", "1" * 65, "1.2%2F..", "1.2%00"):
        assert archive.get(f"/dicom-web/studies/{study}").status_code in {404, 422}
    assert not archive.orthanc.asked


def test_metadata_has_numbers_and_urls_that_lead_to_us(archive: Archive) -> None:
    answer = archive.get(f"{STUDY}/metadata")
    assert answer.headers["content-type"] == "application/dicom+json"
    found = answer.json()
    assert len(found) == 5
    one = next(i for i in found if i["00080018"]["Value"] == [LEFT_KUH.instance(1)])
    assert one["00280030"]["Value"] == [0.976562, 0.976562]
    assert one["3004000C"]["Value"] == [0, 2.5, 5]
    assert one["3004000E"]["Value"] == [1.5e-05]
    assert one["30060020"]["Value"][0]["30060022"]["Value"] == [7]
    root = "https://archive.example:8443/national"
    assert one["7FE00010"]["BulkDataURI"] == f"{root}{SLICE}/bulk/7fe00010"


@pytest.mark.parametrize("rest", ["frames/1", "frames/1,2", "rendered", "bulk/7fe00010"])
def test_parts_of_an_instance_come_from_the_store(archive: Archive, rest: str) -> None:
    answer = archive.get(f"{SLICE}/{rest}", accept="image/png")
    assert (answer.status_code, answer.content) == (200, b"picture")
    (asked,) = archive.orthanc.asked
    assert asked.url.path == f"{SLICE}/{rest}"
    assert asked.headers["accept"] == "image/png"
    assert "authorization" not in asked.headers  # a reader's token stays here


def test_a_store_that_lost_an_instance_is_not_hidden(archive: Archive) -> None:
    archive.orthanc.gone = {LEFT_KUH.instance(0), LEFT_KUH.instance(1)}
    assert archive.get(CT_SERIES).status_code == 503
    archive.orthanc.gone = set()
    archive.orthanc.down = True
    assert archive.get(CT_SERIES).status_code == 503
    assert archive.get(f"{SLICE}/rendered").status_code == 503


def test_other_transfer_syntaxes_are_given_for_single_instances(archive: Archive) -> None:
    asked = f"{DICOM}; transfer-syntax=1.2.840.10008.1.2.4.80"
    assert archive.get(CT_SERIES, accept=asked).status_code == 406
    stored = f"{DICOM}; transfer-syntax=*"
    assert archive.get(CT_SERIES, accept=stored).status_code == 200


def test_a_centre_may_not_retrieve(archive: Archive) -> None:
    assert archive.get(STUDY, token=SITE_TOKEN).status_code == 403
    assert archive.get(STUDY, role=None).status_code == 401


def test_every_read_is_in_the_audit_trail(archive: Archive) -> None:
    archive.get("/dicom-web/studies?CentreName=KUH", role="curator")
    archive.get(STUDY, role="admin")
    archive.get(f"{SLICE}/rendered")
    with Session(archive.app.state.service.engine) as session:
        rows = session.exec(select(AuditTable).order_by(AuditTable.sequence)).all()[-3:]
    assert [(row.caller, row.role, row.action) for row in rows] == [
        ("a-curator", "curator", "qido-study"),
        ("a-admin", "admin", "wado-retrieve"),
        ("a-researcher", "researcher", "wado-rendered"),
    ]
    assert rows[0].subject == "?CentreName=KUH"
    assert rows[1].subject == LEFT_KUH.study
    assert archive.app.state.audit.first_break() is None

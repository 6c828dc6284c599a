"""QIDO-RS over the archive's tables and store: what is found, and what never is."""

import pytest

from tests.integration.harmonizer.reading.conftest import (
    GROWING,
    LEFT_KUH,
    LEFT_TYKS,
    NOT_WORKED_OUT,
    ON_ITS_WAY,
    PROSTATE,
    RIGHT_KUH,
    SITE_TOKEN,
    WITHDRAWN,
    Archive,
)

FINISHED = [g.study for g in (LEFT_KUH, RIGHT_KUH, LEFT_TYKS, PROSTATE, NOT_WORKED_OUT, GROWING)]

COHORTS = [
    ("?ROIName=Heart", [LEFT_KUH, RIGHT_KUH, LEFT_TYKS]),
    ("?ROIName=Heart&ROIName=Lung_L", [LEFT_KUH]),
    ("?ROIName=Lung_*", [LEFT_KUH]),
    ("?dvh=Heart:Mean[Gy]>2", [LEFT_KUH, LEFT_TYKS]),
    ("?dvh=Heart:Dmean>2&dvh=Lung_L:V20Gy[%25]<=15", [LEFT_KUH]),
    ("?dvh=Heart:Mean[Gy]<1.2", []),
    ("?dvh=Heart:Mean[Gy]<=1.2", [RIGHT_KUH]),
    ("?Laterality=L", [LEFT_KUH, LEFT_TYKS, GROWING]),
    ("?Laterality=R,N", [RIGHT_KUH, PROSTATE]),
    ("?BodyPartExamined=PROSTATE", [PROSTATE]),
    ("?00180015=BREAST&CentreName=Tyks", [LEFT_TYKS]),
    (
        "?BodyPartExamined=BREAST&Laterality=L&ROIName=Heart&dvh=Heart:Mean[Gy]>2&CentreName=KUH",
        [LEFT_KUH],
    ),
    ("?toxicity=Dermatitis%20radiation>=2", [LEFT_KUH]),
    ("?toxicity=dermatitis%20RADIATION>=1", [LEFT_KUH, LEFT_TYKS]),
    ("?toxicity=Dermatitis%20radiation>=2@90..", []),
    ("?toxicity=Dermatitis%20radiation>=2@0..20", [LEFT_KUH]),
    ("?prom=qlq-c30:FA>=50", [LEFT_KUH]),
    ("?prom=qlq-c30:FA>=50@90..400", []),
    ("?prom=qlq-c30:FA<50@90..400", [LEFT_KUH]),
    (
        "?ModalitiesInStudy=RTDOSE&PatientID=N-000?",
        [LEFT_KUH, RIGHT_KUH, LEFT_TYKS, PROSTATE, NOT_WORKED_OUT, GROWING],
    ),
    ("?PatientID=N-0001,N-0002", [LEFT_KUH, RIGHT_KUH]),
    ("?PatientSex=M&ROIName=Heart", [RIGHT_KUH]),
    ("?PatientSex=M", [RIGHT_KUH, PROSTATE, NOT_WORKED_OUT]),
    ("?ModalitiesInStudy=MR", []),
    ("?fuzzymatching=true&PatientName=", None),
]


def test_every_finished_study_is_found_and_none_that_is_on_its_way(archive: Archive) -> None:
    assert archive.studies() == FINISHED
    assert ON_ITS_WAY.study not in archive.studies("?PatientSex=F")


@pytest.mark.parametrize(
    ("query", "expected"),
    COHORTS,
)
def test_a_cohort_is_found(archive: Archive, query: str, expected: list | None) -> None:
    wanted = FINISHED if expected is None else [given.study for given in expected]
    assert archive.studies(query) == wanted


def test_an_answer_carries_what_a_reader_needs(archive: Archive) -> None:
    (found,) = archive.get("/dicom-web/studies?CentreName=KUH&Laterality=L").json()
    values = {tag: element["Value"] for tag, element in found.items()}
    assert values["0020000D"] == [LEFT_KUH.study]
    assert values["00100020"] == [LEFT_KUH.national_id]
    assert values["00120031"] == ["KUH"]
    assert values["00080061"] == ["CT", "RTDOSE", "RTPLAN", "RTSTRUCT"]
    assert values["00201206"] == [4]
    assert values["00201208"] == [5]
    assert values["00080020"] == ["20251103"]  # from the store
    root = "https://archive.example:8443/national/dicom-web"
    assert values["00081190"] == [f"{root}/studies/{LEFT_KUH.study}"]


def test_an_answer_that_is_cut_says_so_and_goes_on_at_the_offset(archive: Archive) -> None:
    for query in ("", "&PatientSex=F", "&Laterality=L&PatientSex=F"):
        whole = archive.studies("?limit=100" + query)
        answer = archive.get("/dicom-web/studies?limit=1" + query)
        assert "additional results" in answer.headers["warning"]
        pages = [archive.studies(f"?limit=1&offset={n}{query}") for n in range(len(whole))]
        assert [one for page in pages for one in page] == whole
        last = archive.get(f"/dicom-web/studies?limit=1&offset={len(whole) - 1}{query}")
        assert "warning" not in last.headers


def test_series_and_instances(archive: Archive) -> None:
    place = f"/dicom-web/studies/{LEFT_KUH.study}"
    series = archive.get(f"{place}/series").json()
    assert {one["00080060"]["Value"][0] for one in series} == {"CT", "RTDOSE", "RTPLAN", "RTSTRUCT"}
    assert sum(one["00201209"]["Value"][0] for one in series) == 5
    (dose,) = archive.get(f"{place}/series?Modality=RTDOSE").json()
    uid = dose["0020000E"]["Value"][0]
    (instance,) = archive.get(f"{place}/series/{uid}/instances").json()
    assert instance["00080018"]["Value"] == [LEFT_KUH.instance(4)]
    assert len(archive.get(f"{place}/instances").json()) == 5
    assert len(archive.get("/dicom-web/series?ROIName=Prostate").json()) == 4
    assert len(archive.get("/dicom-web/instances?dvh=Heart:Dmean>2&Modality=CT").json()) == 4


def test_an_instance_of_no_finished_version_is_in_no_answer(archive: Archive) -> None:
    place = f"/dicom-web/studies/{GROWING.study}"
    (study,) = archive.get("/dicom-web/studies?BodyPartExamined=LUNG").json()
    assert study["00201208"]["Value"] == [4]
    hidden = GROWING.instance(0)
    for path in (f"{place}/instances", f"{place}/metadata", "/dicom-web/instances?PatientSex=F"):
        answer = archive.get(path)
        assert GROWING.instance(1) in answer.text
        assert hidden not in answer.text
    assert archive.orthanc.file(GROWING, 0) not in archive.get(place).content
    whole = f"{place}/series/{GROWING.series('CT')}/instances/{hidden}"
    for path in (whole, f"{whole}/metadata", f"{whole}/rendered"):
        assert archive.get(path).status_code == 404


def test_of_a_patient_who_withdrew_nothing_is_seen_before_it_is_erased(archive: Archive) -> None:
    place = f"/dicom-web/studies/{WITHDRAWN.study}"
    for path in (
        place,
        f"{place}/metadata",
        f"{place}/series",
        f"/api/v1/courses/{WITHDRAWN.course_uid}",
    ):
        assert archive.get(path).status_code == 404
    for path in ("/dicom-web/studies", "/dicom-web/series", "/dicom-web/instances"):
        assert WITHDRAWN.study not in archive.get(f"{path}?PatientSex=M").text
    assert WITHDRAWN.course_uid not in archive.get("/api/v1/courses").text


def test_what_is_not_finished_is_as_if_it_were_not_there(archive: Archive) -> None:
    hidden = archive.get(f"/dicom-web/studies/{ON_ITS_WAY.study}/series")
    unknown = archive.get("/dicom-web/studies/1.2.3.4/series")
    assert (hidden.status_code, hidden.text) == (unknown.status_code, unknown.text)
    assert hidden.status_code == 404


@pytest.mark.parametrize(
    ("query", "key"),
    [
        ("?dvh=Heart:Mean[Gy]", "dvh"),
        ("?dvh=Heart:Nonsense>2", "dvh"),
        ("?dvh=Heart:V17Gy[%25]>2", "dvh"),
        ("?dvh=Hart:Mean[Gy]>2", "dvh"),
        ("?ROIName=Sydan", "ROIName"),
        ("?Laterality=left", "Laterality"),
        ("?BodyPartExamined=KNEE", "BodyPartExamined"),
        ("?toxicity=Dermatitis>=2", "toxicity"),
        ("?toxicity=Dermatitis%20radiation>=7", "toxicity"),
        ("?toxicity=Dermatitis%20radiation>=2@90..10", "toxicity"),
        ("?prom=qlq-c30:XX>2", "prom"),
        ("?prom=unknown:FA>2", "prom"),
        ("?limit=0", "limit"),
        ("?offset=-1", "offset"),
        ("?CentreName=K%27;--", "CentreName"),
        ("?SeriesDescription=x", "SeriesDescription"),
        ("?Laterality=L&Laterality=R", "Laterality"),
    ],
)
def test_a_wrong_key_is_named_and_its_value_is_not_told_back(
    archive: Archive, query: str, key: str
) -> None:
    answer = archive.get(f"/dicom-web/studies{query}")
    assert answer.status_code == 400
    assert answer.json()["text"].startswith(f"{key}: ")
    assert not archive.orthanc.asked


def test_who_may_not_search(archive: Archive) -> None:
    assert archive.get("/dicom-web/studies", role=None).status_code == 401
    assert archive.get("/dicom-web/studies", token="guessed-token-1234").status_code == 401
    assert archive.get("/dicom-web/studies", token=SITE_TOKEN).status_code == 403


def test_a_store_that_does_not_answer_is_told_as_such(archive: Archive) -> None:
    archive.orthanc.down = True
    answer = archive.get("/dicom-web/studies")
    assert answer.status_code == 503
    assert answer.headers["retry-after"]

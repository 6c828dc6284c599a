"""A course's structure set with its standard names, over HTTP, made when it is asked for."""

import asyncio
from collections.abc import Callable
from io import BytesIO

import httpx
import numpy as np
import pydicom
import pytest
from fastapi import FastAPI
from sqlalchemy import Engine
from sqlmodel import Session

from benchmarks.dose_files import STRUCTURES, STUDY, structure_file
from harmonizer.adapters.courses import SqlCourses
from harmonizer.adapters.dicomrt.renaming import StructureSetRenamer
from harmonizer.adapters.overview import SqlOverview
from harmonizer.adapters.tables.studies import CourseInstanceTable, InstanceTable, StudyTable
from harmonizer.domain.dose.structures import Contour, Roi
from harmonizer.services.nomenclature import NomenclatureService
from harmonizer.services.renamed import RenamedStructureSets
from tests.factories.archive_world import MemoryStore

Clients = Callable[[str], httpx.AsyncClient]
NAMES = ["left lung", "OAR 7"]


@pytest.fixture
def store() -> MemoryStore:
    square = np.array([(0.0, 0.0, 0.0), (9.0, 0.0, 0.0), (9.0, 9.0, 0.0)])
    rois = [Roi(at, name, (Contour(square),)) for at, name in enumerate(NAMES, start=1)]
    store = MemoryStore()
    store.objects[STRUCTURES] = structure_file(rois)
    return store


@pytest.fixture
def ask(
    app: FastAPI,
    engine: Engine,
    service: NomenclatureService,
    store: MemoryStore,
    client_of: Clients,
):
    """Put the structure set in course 1.2 and return a function that asks for a course's."""
    with Session(engine) as session:
        session.add(StudyTable(study_instance_uid=STUDY, national_id="P1", centre="KUH"))
        session.flush()
        session.add(
            InstanceTable(
                sop_instance_uid=STRUCTURES,
                sop_class_uid="1.2",
                series_instance_uid="1.3",
                study_instance_uid=STUDY,
                centre="KUH",
                modality="RTSTRUCT",
                size_bytes=1,
                sha256="0",
            )
        )
        session.flush()
        for course in ("1.2", "1.3"):
            session.add(
                CourseInstanceTable(
                    course_uid=course, version=1, sop_instance_uid=STRUCTURES, role="structures"
                )
            )
        session.commit()
    rename = StructureSetRenamer(service.mapper().structure_of)
    app.state.renamed = RenamedStructureSets(SqlOverview(engine), SqlCourses(engine), store, rename)

    def call(course: str, who: str = "rita") -> httpx.Response:
        async def get() -> httpx.Response:
            async with client_of(who) as client:
                return await client.get(f"/courses/{course}/structure-set")

        return asyncio.run(get())

    return call


def test_a_reader_gets_the_standard_names(ask, store: MemoryStore) -> None:
    answer = ask("1.2")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/dicom"
    derived = pydicom.dcmread(BytesIO(answer.content))
    assert [item.ROIName for item in derived.StructureSetROISequence] == ["Lung_L", "OAR 7"]
    before = derived.PredecessorStructureSetSequence[0]
    assert before.ReferencedSOPInstanceUID == STRUCTURES


def test_a_set_that_is_not_the_course_s_is_not_given(ask) -> None:
    assert ask("1.3").status_code == 404  # its rows name other regions


@pytest.mark.parametrize("course", ["9.9", "2.1"])
def test_what_is_not_there(ask, course: str) -> None:
    assert ask(course).status_code == 404


def test_a_centre_does_not_get_it(ask) -> None:
    assert ask("1.2", "KUH").status_code == 403


def test_a_store_that_is_down_is_told(ask, store: MemoryStore) -> None:
    store.down = True
    assert ask("1.2").status_code == 503

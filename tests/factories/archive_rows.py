"""An archive's database filled with rows, as if courses had come and been harmonized."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import Engine
from sqlmodel import Session

from harmonizer.adapters.tables.clinical import (
    ClinicalBatchTable,
    ClinicalRecordTable,
    PromRecordTable,
    ToxicityRecordTable,
    WithdrawnPatientTable,
)
from harmonizer.adapters.tables.studies import (
    CourseInstanceTable,
    CourseStudyTable,
    CourseTable,
    FindingTable,
    InstanceTable,
    MetricTable,
    StructureTable,
    StudyTable,
    SubmissionTable,
)

STORED = datetime(2026, 1, 5, 12, tzinfo=UTC)
RT_START = date(2025, 11, 3)
CT, RTSTRUCT, RTPLAN, RTDOSE = (
    "1.2.840.10008.5.1.4.1.1.2",
    "1.2.840.10008.5.1.4.1.1.481.3",
    "1.2.840.10008.5.1.4.1.1.481.5",
    "1.2.840.10008.5.1.4.1.1.481.2",
)
PARTS = (
    ("CT", CT, "planning-image"),
    ("CT", CT, "planning-image"),
    ("RTSTRUCT", RTSTRUCT, "structures"),
    ("RTPLAN", RTPLAN, "plan"),
    ("RTDOSE", RTDOSE, "dose"),
)


@dataclass(frozen=True)
class Roi:
    local_name: str
    standard_name: str | None
    metrics: dict[str, float] = field(default_factory=dict)
    kind: str = "organ"
    confidence: float = 0.95
    volume_cm3: float = 500.0


@dataclass(frozen=True)
class Given:
    """One course of one patient. Its UIDs follow from its number."""

    number: int
    centre: str = "KUH"
    patient: str = ""
    site: str | None = "breast"
    laterality: str | None = "L"
    state: str = "harmonized"
    rois: tuple[Roi, ...] = ()
    findings: tuple[tuple[str, str, str, str], ...] = ()
    toxicity: tuple[tuple[str, int, int], ...] = ()
    """Term, grade and day from the first fraction."""
    scores: tuple[tuple[str, float, int], ...] = ()
    """QLQ-C30 scale, score and day."""
    withdrawn: bool = False
    """The patient withdrew, and the erasing is still to be done."""
    not_yet: tuple[int, ...] = ()
    """Instances that are in the store, but of no finished version."""

    @property
    def national_id(self) -> str:
        return self.patient or f"N-{self.number:04d}"

    @property
    def study(self) -> str:
        return f"2.25.{self.number}0001"

    @property
    def course_uid(self) -> str:
        return f"2.25.{self.number}0002"

    def series(self, modality: str) -> str:
        order = ("CT", "RTSTRUCT", "RTPLAN", "RTDOSE").index(modality)
        return f"2.25.{self.number}010{order}"

    def instance(self, index: int) -> str:
        return f"2.25.{self.number}020{index}"


def fill(engine: Engine, *courses: Given) -> None:
    """Write the rows of these courses."""
    with Session(engine) as session:
        for given in courses:
            _course(session, given)
            if given.state != "announced":
                _derived(session, given)
            _clinical(session, given)
        session.commit()


def _course(session: Session, given: Given) -> None:
    whole = given.state != "announced"
    stored_at = STORED + timedelta(minutes=given.number)
    session.add(
        StudyTable(
            study_instance_uid=given.study, national_id=given.national_id, centre=given.centre
        )
    )
    session.flush()
    session.add(
        SubmissionTable(
            course_uid=given.course_uid,
            version=1,
            centre=given.centre,
            national_id=given.national_id,
            state=given.state,
            manifest_sha256="0" * 64,
            certificate={},
            announced_at=stored_at,
        )
    )
    for index, (modality, sop_class, role) in enumerate(PARTS):
        _instance(session, given, index, modality, sop_class, whole=whole or index == 0)
        session.flush()
        if index in given.not_yet:
            continue
        session.add(
            CourseInstanceTable(
                course_uid=given.course_uid,
                version=1,
                sop_instance_uid=given.instance(index),
                role=role,
            )
        )
    if whole:
        session.add(
            CourseTable(
                course_uid=given.course_uid,
                version=1,
                centre=given.centre,
                national_id=given.national_id,
                state=given.state,
                reason="an object could not be read" if given.state == "failed" else None,
                site=given.site,
                laterality=given.laterality,
                plan_label="Plan 1",
                technique="modulated",
                prescribed_gy=40.05,
                fractions=15,
                stored_at=stored_at,
                harmonized_at=stored_at if given.state == "harmonized" else None,
                made_by={"names": "matcher 1", "dose": "scanline 1", "quality": "rules 1"},
            )
        )
        session.flush()
        session.add(CourseStudyTable(course_uid=given.course_uid, study_instance_uid=given.study))


def _instance(
    session: Session, given: Given, index: int, modality: str, sop_class: str, *, whole: bool
) -> None:
    session.add(
        InstanceTable(
            sop_instance_uid=given.instance(index),
            sop_class_uid=sop_class,
            series_instance_uid=given.series(modality),
            study_instance_uid=given.study,
            centre=given.centre,
            modality=modality,
            size_bytes=1000,
            sha256=f"{given.number:060x}{index:04x}",
            verified_sha256=f"{given.number:060x}{index:04x}" if whole else None,
        )
    )


def _derived(session: Session, given: Given) -> None:
    for number, roi in enumerate(given.rois, start=1):
        mean = roi.metrics.get("Mean[Gy]", 0.0)
        session.add(
            StructureTable(
                course_uid=given.course_uid,
                roi_number=number,
                local_name=roi.local_name,
                standard_name=roi.standard_name,
                suggestion=roi.standard_name,
                kind=roi.kind,
                confidence=roi.confidence,
                status="suggested",
                reason=f"{roi.local_name} reads as {roi.standard_name}",
                alternatives=[],
                dose_status="full",
                volume_cm3=roi.volume_cm3,
                curve=[[0.0, 100.0], [mean, 50.0], [2 * mean + 0.1, 0.0]],
            )
        )
        session.add_all(
            MetricTable(
                course_uid=given.course_uid,
                roi_number=number,
                standard_name=roi.standard_name,
                name=name,
                value=value,
                unit=name.partition("[")[2].rstrip("]"),
            )
            for name, value in roi.metrics.items()
        )
    session.add_all(
        FindingTable(
            course_uid=given.course_uid, code=code, severity=severity, place=place, text=text
        )
        for code, severity, place, text in given.findings
    )


def _clinical(session: Session, given: Given) -> None:
    if given.withdrawn:
        gone = {"national_id": given.national_id, "centre": given.centre}
        session.add(WithdrawnPatientTable(**gone, withdrawn_at=STORED))
    if not (given.toxicity or given.scores):
        return
    batch = f"batch-{given.number}"
    session.add(
        ClinicalBatchTable(batch_id=batch, centre=given.centre, received_at=STORED, receipt={})
    )
    session.flush()

    def source(key: str) -> dict[str, str]:
        return {
            "row_key": f"{given.number}-{key}",
            "digest": key,
            "national_id": given.national_id,
            "centre": given.centre,
            "source": "test",
            "batch_id": batch,
        }

    session.add(
        ClinicalRecordTable(
            **source("clinical"),
            recorded_on=RT_START,
            site=given.site,
            laterality=given.laterality,
            sex="F",
            age_years=61,
            rt_start=RT_START,
            rt_end=RT_START + timedelta(days=21),
        )
    )
    session.add_all(
        ToxicityRecordTable(
            **source(f"tox-{term}-{day}"),
            assessed_on=RT_START + timedelta(days=day),
            ctcae_version="5.0",
            term=term,
            grade=grade,
        )
        for term, grade, day in given.toxicity
    )
    session.add_all(
        PromRecordTable(
            **source(f"prom-{scale}-{day}"),
            answered_on=RT_START + timedelta(days=day),
            instrument="qlq-c30",
            instrument_version="3.0",
            answers={},
            scores={scale: score},
            scoring_version="3.0/1",
        )
        for scale, score, day in given.scores
    )

"""Questions about cohorts as SQL. Only finished versions of courses are ever seen."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Engine, Integer, and_, case, func, literal_column, or_
from sqlalchemy import select as select_rows
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction
from sqlmodel import Session, col, select

from harmonizer.adapters.database import reading
from harmonizer.adapters.tables.clinical import (
    ClinicalRecordTable,
    PromRecordTable,
    ToxicityRecordTable,
    WithdrawnPatientTable,
)
from harmonizer.adapters.tables.studies import (
    CourseInstanceTable,
    CourseStudyTable,
    CourseTable,
    InstanceTable,
    MetricTable,
    StructureTable,
    StudyTable,
    key_of,
)
from harmonizer.domain.cohorts import Comparison, Entry, Level, Question, Span
from harmonizer.domain.studies import MADE_HERE, InstanceKey

Condition = ColumnElement[bool]
ESCAPE: Final = "\\"


class DaysBetween(GenericFunction[int]):
    """`days_between(later, earlier)`: whole days, in either database."""

    type = Integer()
    inherit_cache = True
    name = "days_between"


@compiles(DaysBetween, "sqlite")
def _days_sqlite(element: DaysBetween, compiler: Any, **how: Any) -> str:
    later, earlier = (compiler.process(clause, **how) for clause in element.clauses)
    return f"CAST(julianday({later}) - julianday({earlier}) AS INTEGER)"


@compiles(DaysBetween, "postgresql")
def _days_postgresql(element: DaysBetween, compiler: Any, **how: Any) -> str:
    later, earlier = (compiler.process(clause, **how) for clause in element.clauses)
    return f"({later} - {earlier})"


class SqlCohorts:
    """The `CohortRecords` port."""

    def __init__(self, engine: Engine) -> None:
        self._reading = reading(engine)

    def entries(self, question: Question, offset: int, limit: int) -> Sequence[Entry]:
        find = {
            Level.STUDY: self._studies,
            Level.SERIES: self._series,
            Level.INSTANCE: self._instances,
        }[question.level]
        with Session(self._reading) as session:
            return find(session, question, offset, limit)

    def keys(self, study: str, series: str | None, instance: str | None) -> Sequence[InstanceKey]:
        query = (
            visible(select(InstanceTable, CourseTable.national_id))
            .where(InstanceTable.study_instance_uid == study)
            .order_by(col(InstanceTable.series_instance_uid), col(InstanceTable.sop_instance_uid))
            .distinct()
        )
        if series:
            query = query.where(InstanceTable.series_instance_uid == series)
        if instance:
            query = query.where(InstanceTable.sop_instance_uid == instance)
        with Session(self._reading) as session:
            return [key_of(row, patient) for row, patient in session.exec(query)]

    def _studies(
        self, session: Session, question: Question, offset: int, limit: int
    ) -> Sequence[Entry]:
        in_course = (
            select(CourseStudyTable.study_instance_uid)
            .join(CourseTable, col(CourseTable.course_uid) == CourseStudyTable.course_uid)
            .where(still_there(), *_of_course(question))
        )
        uid = col(StudyTable.study_instance_uid)
        query = select(StudyTable).where(uid.in_(in_course), *_of_study(question))
        if parts := list(_of_instance(question)):
            some = visible(select(InstanceTable.sop_instance_uid)).where(
                col(InstanceTable.study_instance_uid) == StudyTable.study_instance_uid, *parts
            )
            query = query.where(some.exists())
        page = query.order_by(col(StudyTable.study_instance_uid)).offset(offset).limit(limit)
        studies = session.exec(page).all()
        counts = _counts(session, [row.study_instance_uid for row in studies])
        return [
            Entry(
                row.study_instance_uid,
                row.national_id,
                row.centre,
                modalities=tuple(sorted({modality for modality, _, _ in parts})),
                series_count=len({series for _, series, _ in parts}),
                instance_count=sum(number for _, _, number in parts),
            )
            for row in studies
            for parts in [counts.get(row.study_instance_uid, [])]
        ]

    def _series(
        self, session: Session, question: Question, offset: int, limit: int
    ) -> Sequence[Entry]:
        keys: tuple[Any, ...] = (
            col(InstanceTable.study_instance_uid),
            _place(),
            col(InstanceTable.series_instance_uid),
            col(StudyTable.national_id),
            col(StudyTable.centre),
            col(InstanceTable.modality),
        )
        number = func.count(func.distinct(col(InstanceTable.sop_instance_uid)))
        query = _narrowed(select_rows(*keys, number), question)
        page = query.group_by(*keys).order_by(*keys).offset(offset).limit(limit)
        return [
            Entry(study, patient, centre, series, modalities=(modality,), instance_count=int(many))
            for study, _, series, patient, centre, modality, many in session.exec(page)
        ]

    def _instances(
        self, session: Session, question: Question, offset: int, limit: int
    ) -> Sequence[Entry]:
        query = _narrowed(
            select_rows(
                InstanceTable, col(StudyTable.national_id), col(StudyTable.centre), _place()
            ),
            question,
        )
        order = (
            col(InstanceTable.study_instance_uid),
            _place(),
            col(InstanceTable.series_instance_uid),
            col(InstanceTable.sop_instance_uid),
        )
        page = query.distinct().order_by(*order).offset(offset).limit(limit)
        return [
            Entry(
                row.study_instance_uid,
                patient,
                centre,
                row.series_instance_uid,
                row.sop_instance_uid,
                row.sop_class_uid,
                (row.modality,),
            )
            for row, patient, centre, _ in session.exec(page)
        ]


def still_there() -> Condition:
    """Readers see nothing of a patient from the withdrawal on, erased already or not."""
    gone = select(WithdrawnPatientTable.national_id)
    return col(CourseTable.national_id).not_in(gone)


def visible(query: Any) -> Any:
    """Join from instances to the courses whose finished version they are part of."""
    return (
        query.select_from(InstanceTable)
        .join(
            CourseInstanceTable,
            col(CourseInstanceTable.sop_instance_uid) == InstanceTable.sop_instance_uid,
        )
        .join(
            CourseTable,
            (col(CourseTable.course_uid) == CourseInstanceTable.course_uid)
            & (col(CourseTable.version) == CourseInstanceTable.version),
        )
        .where(still_there())
    )


def _narrowed(query: Any, question: Question) -> Any:
    joined = visible(query).join(
        StudyTable, col(StudyTable.study_instance_uid) == InstanceTable.study_instance_uid
    )
    return joined.where(*_of_study(question), *_of_instance(question), *_of_course(question))


def _counts(session: Session, uids: Sequence[str]) -> dict[str, list[tuple[str, str, int]]]:
    """Modality, series and how many instances of each, by study."""
    keys: tuple[Any, ...] = (
        col(InstanceTable.study_instance_uid),
        col(InstanceTable.modality),
        col(InstanceTable.series_instance_uid),
    )
    number = func.count(func.distinct(col(InstanceTable.sop_instance_uid)))
    query = visible(select_rows(*keys, number)).where(keys[0].in_(uids)).group_by(*keys)
    found: dict[str, list[tuple[str, str, int]]] = {}
    for study, modality, series, many in session.exec(query):
        found.setdefault(study, []).append((modality, series, int(many)))
    return found


def _of_study(question: Question) -> Iterator[Condition]:
    if question.studies:
        yield col(StudyTable.study_instance_uid).in_(question.studies)
    if question.patients:
        patient = col(StudyTable.national_id)
        yield or_(*(_matches(patient, pattern) for pattern in question.patients))


def _of_instance(question: Question) -> Iterator[Condition]:
    for column, wanted in (
        (InstanceTable.series_instance_uid, question.series),
        (InstanceTable.sop_instance_uid, question.instances),
        (InstanceTable.sop_class_uid, question.sop_classes),
        (InstanceTable.modality, question.modalities),
    ):
        if wanted:
            yield col(column).in_(wanted)


def _of_course(question: Question) -> Iterator[Condition]:
    """Conditions on one row of `course`: all of them on the same one.

    Each is a set of its own, not a question per course: that stays fast in a large archive.
    """
    for column, wanted in (
        (CourseTable.centre, question.centres),
        (CourseTable.site, question.sites),
        (CourseTable.laterality, question.sides),
    ):
        if wanted:
            yield col(column).in_(wanted)
    course, patient = col(CourseTable.course_uid), col(CourseTable.national_id)
    for name in question.names:
        named = select(StructureTable.course_uid)
        yield course.in_(named.where(_matches(col(StructureTable.standard_name), name)))
    for dose in question.doses:
        measured = select(MetricTable.course_uid).where(
            col(MetricTable.standard_name) == dose.structure,
            col(MetricTable.name) == dose.metric,
            _compared(col(MetricTable.value), dose.comparison, dose.value),
        )
        yield course.in_(measured)
    for event in question.toxicities:
        graded = select(ToxicityRecordTable.national_id).where(
            col(ToxicityRecordTable.current),
            func.lower(col(ToxicityRecordTable.term)) == event.term,
            _compared(col(ToxicityRecordTable.grade), event.comparison, event.grade),
            *_in_span(ToxicityRecordTable, ToxicityRecordTable.assessed_on, event.span),
        )
        yield patient.in_(graded)
    for score in question.scores:
        value = col(PromRecordTable.scores)[score.scale].as_float()
        answered = select(PromRecordTable.national_id).where(
            col(PromRecordTable.current),
            col(PromRecordTable.instrument) == score.instrument,
            _compared(value, score.comparison, score.value),
            *_in_span(PromRecordTable, PromRecordTable.answered_on, score.span),
        )
        yield patient.in_(answered)


def _in_span(record: Any, on: Any, span: Span) -> Iterator[Condition]:
    """Count days from RT start as the newest record that has one says; none, no match."""
    if span == Span():
        return
    start = (
        select(col(ClinicalRecordTable.rt_start))
        .where(
            col(ClinicalRecordTable.national_id) == record.national_id,
            col(ClinicalRecordTable.current),
            col(ClinicalRecordTable.rt_start).is_not(None),
        )
        .order_by(col(ClinicalRecordTable.recorded_on).desc(), col(ClinicalRecordTable.id).desc())
        .limit(1)
        .scalar_subquery()
    )
    day = DaysBetween(on, start, type_=Integer())
    if span.first is not None:
        yield day >= span.first
    if span.last is not None:
        yield day <= span.last


def _compared(column: Any, comparison: Comparison, value: float) -> Condition:
    found: Condition = {
        Comparison.AT_LEAST: column >= value,
        Comparison.AT_MOST: column <= value,
        Comparison.MORE: column > value,
        Comparison.LESS: column < value,
    }[comparison]
    return and_(column.is_not(None), found)


def _matches(column: Any, pattern: str) -> Condition:
    """DICOM's wildcards; without one, equality, which an index answers."""
    if not set("*?") & set(pattern):
        equal: Condition = column == pattern
        return equal
    text = pattern
    for special in (ESCAPE, "%", "_"):
        text = text.replace(special, ESCAPE + special)
    like: Condition = column.like(text.replace("*", "%").replace("?", "_"), escape=ESCAPE)
    return like


def _place() -> Any:
    """Viewers take what comes first: the structure set with standard names; reports come last.

    Without parameters, so that PostgreSQL sees one expression where it is selected and sorted by.
    """
    made_here = col(InstanceTable.centre) == literal_column(f"'{MADE_HERE}'")
    names = made_here & (col(InstanceTable.modality) == literal_column("'RTSTRUCT'"))
    return case(
        (names, literal_column("0")), (made_here, literal_column("2")), else_=literal_column("1")
    )

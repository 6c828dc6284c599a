"""Harmonizing a course: names, dose, quality; kept here, mirrored to the archive's store.

Everything that this makes is derived: it can be made again for the whole archive.
"""

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final, Protocol

from gateway.contract.manifest import Role
from harmonizer.domain.clinical import Latest
from harmonizer.domain.dose import METHOD_VERSION
from harmonizer.domain.nomenclature import (
    MATCHER_VERSION,
    Context,
    Mapper,
    SetMapping,
    map_structure_set,
)
from harmonizer.domain.quality import (
    RULESET_VERSION,
    Analysis,
    CourseFacts,
    Knowledge,
    Severity,
    analyse,
    described,
)
from harmonizer.domain.quality.knowledge import UsualTargetDose, VolumeRange
from harmonizer.domain.studies import (
    CourseInstance,
    Harmonized,
    describe_metrics,
    describe_plan,
    describe_plans,
    describe_structures,
    name_findings,
    site_of_course,
)
from harmonizer.errors import DataError, HarmonizerError, RetryError
from harmonizer.ports import ArchiveStore, Clock, CourseContext, Courses, Task, Work
from harmonizer.services.derived import DERIVE
from harmonizer.services.pauses import pause_after
from harmonizer.services.submission import HARMONIZE

logger = logging.getLogger(__name__)

LEASE: Final = timedelta(minutes=15)
ATTEMPTS: Final = 6

USED: Final = frozenset(
    {Role.STRUCTURES, Role.PLAN, Role.DOSE, Role.RECORD, Role.PLANNING_IMAGE, Role.OTHER}
)
"""A cone-beam CT for set-up says nothing about the planned dose."""


class Clinical(Protocol):
    def latest(self, national_id: str) -> Latest | None: ...

    def latest_of(self, national_ids: Collection[str]) -> Mapping[str, Latest]: ...


class Usual(Protocol):
    """What is usual in this archive, to tell the unusual from."""

    def volumes(self) -> Mapping[str, VolumeRange]:
        """By `site:name`."""
        ...

    def target_doses(self, centre: str) -> Mapping[str, UsualTargetDose]:
        """By site."""
        ...


class HarmonizationService:
    """Works the list of courses to harmonize, one at a time."""

    def __init__(
        self,
        courses: Courses,
        store: ArchiveStore,
        read_course: Callable[[Iterable[bytes]], CourseFacts],
        clinical: Clinical,
        mapper: Callable[[], Mapper],
        knowledge: Knowledge,
        work: Work,
        clock: Clock,
        usual: Usual | None = None,
    ) -> None:
        self._courses = courses
        self._store = store
        self._read_course = read_course
        self._clinical = clinical
        self._mapper = mapper
        self._knowledge = knowledge
        self._work = work
        self._clock = clock
        self._usual = usual

    def step(self) -> bool:
        """Do one thing that is due. Returns whether there was one."""
        task = self._work.claim(self._clock.now(), LEASE, HARMONIZE)
        if task is None:
            return False
        try:
            if self._courses.national_id(task.subject):  # else its patient withdrew meanwhile
                self.harmonize(task.subject)
        except RetryError as error:  # the store is away: however long, the course is no worse
            self._work.retry(task, self._clock.now() + pause_after(task.attempts), str(error))
        except Exception as error:  # noqa: BLE001 - one course must not stop the others
            text = str(error) if isinstance(error, HarmonizerError) else type(error).__name__
            logger.warning("a course was not harmonized: %s", type(error).__name__)
            self._later(task, text)
        else:
            self._work.done(task, self._clock.now())
        return True

    def harmonize(self, course_uid: str) -> Harmonized:
        """Derive everything from one course anew, keep it and mirror it.

        Raises
        ------
        RetryError
            If the store does not answer.
        DataError
            If an object is not there any more.
        """
        facts, national_id = self._facts(course_uid)
        latest = self._clinical.latest(national_id)
        mapper = self._mapper()
        result = self.derive(facts, latest, self._courses.centre(course_uid))
        self._courses.keep(course_uid, result, self._clock.now())
        if self._mapper().rules.version != mapper.rules.version:
            # Rules were released meanwhile, and may have passed this course before it was kept.
            self._work.add(HARMONIZE, [course_uid], self._clock.now())
        self._mirror(course_uid, national_id, result)
        self._work.add(DERIVE, [course_uid], self._clock.now())
        return result

    def analysis(self, course_uid: str) -> Analysis:
        """Work out a course's dose and findings anew, as `harmonize` does; keeps nothing.

        Raises
        ------
        RetryError
            If the store does not answer.
        DataError
            If an object is not there any more.
        """
        facts, national_id = self._facts(course_uid)
        latest = self._clinical.latest(national_id)
        return self._analysed(facts, latest, self._courses.centre(course_uid))[1]

    def derive(
        self, facts: CourseFacts, latest: Latest | None, centre: str | None = None
    ) -> Harmonized:
        """Return names, metrics and findings of a course. Touches nothing."""
        names, analysis = self._analysed(facts, latest, centre)
        return Harmonized(
            plan=describe_plan(analysis),
            site=analysis.facts.site,
            laterality=analysis.facts.laterality,
            plans=tuple(describe_plans(analysis.facts)),
            structures=tuple(describe_structures(names.mappings, analysis)),
            metrics=tuple(describe_metrics(analysis.structures)),
            findings=(*name_findings(names.findings, facts), *analysis.findings),
            made_by={
                "names": f"{names.matcher_version} {names.edition} rules {names.rules_version}",
                "dose": analysis.method,
                "quality": f"{analysis.ruleset} {analysis.knowledge}",
            },
        )

    def _analysed(
        self, facts: CourseFacts, latest: Latest | None, centre: str | None
    ) -> tuple[SetMapping, Analysis]:
        side = latest.laterality if latest else None
        recorded = latest.site if latest else None
        context = Context(site=recorded, laterality=side, centre=centre)
        names = map_structure_set(self._mapper(), facts.rois, context, self._knowledge.volumes)
        site = site_of_course(recorded, names.applied.values())
        knowledge = self._knowledge
        if self._usual is not None:
            volumes = {**knowledge.volumes, **self._usual.volumes()}
            doses = self._usual.target_doses(centre) if centre else {}
            knowledge = replace(knowledge, volumes=volumes, target_doses=doses)
        guesses = {m.number: m.tg263_name for m in names.mappings if m.tg263_name}
        known = described(facts, knowledge, names.applied, site, side, guesses)
        return names, analyse(known)

    def _facts(self, course_uid: str) -> tuple[CourseFacts, str]:
        """Read a course; return it and its national id."""
        instances = self._courses.instances(course_uid)
        if not instances:
            raise DataError("NO-INSTANCES", "the course has no instances")
        used = [one for one in instances if one.role in USED]
        return self._read_course(self._objects(used)), instances[0].key.national_id

    def _objects(self, instances: Sequence[CourseInstance]) -> Iterator[bytes]:
        """Yield the objects, one at a time; of images only what comes before the pixels."""
        images = [one.key for one in instances if one.role == Role.PLANNING_IMAGE]
        headings = self._store.headings(images)
        for one in instances:
            data = headings.get(one.key.sop_instance_uid) or self._store.read(one.key)
            if data is None:
                text = "an object of the course is not in the store any more"
                raise DataError("INSTANCE-GONE", text)
            yield data

    def reconcile(self) -> int:
        """Ask for every course that waits, was made by older code, or knows less than we do.

        Returns how many.
        """
        old = [c.course_uid for c in self._courses.contexts() if self._is_old(c.made_by)]
        waiting = [*self._courses.unharmonized(), *old]
        self._work.add(HARMONIZE, waiting, self._clock.now())
        return len(waiting) + self.heard_of(None)

    def _is_old(self, made_by: Mapping[str, str]) -> bool:
        """Whether method, quality rules or matcher have changed since.

        A new rule set of names is not looked at: its release asks for the courses that it changes.
        """
        quality = f"{RULESET_VERSION} {self._knowledge.version}"
        names = made_by.get("names", "").partition(" ")[0]
        made = (names, made_by.get("dose"), made_by.get("quality"))
        return made != (str(MATCHER_VERSION), METHOD_VERSION, quality)

    def heard_of(self, national_ids: Collection[str] | None) -> int:
        """Harmonize anew where the record of a patient's site or side says something new.

        None looks at everybody. Returns how many courses.
        """
        known = self._courses.contexts(national_ids)
        latest = self._clinical.latest_of({context.national_id for context in known})
        changed = [c.course_uid for c in known if _is_news(latest.get(c.national_id), c)]
        if changed:
            self._work.add(HARMONIZE, changed, self._clock.now())
        return len(changed)

    def _mirror(self, course_uid: str, national_id: str, result: Harmonized) -> None:
        labels = {"kasari-harmonized", *(f"kasari-site-{result.site}" for _ in [1] if result.site)}
        if any(finding.severity is Severity.ERROR for finding in result.findings):
            labels.add("kasari-qa-error")
        report = _report(course_uid, national_id, result)
        self._store.mirror(self._courses.study_uids(course_uid), labels, report)

    def _later(self, task: Task, reason: str) -> None:
        if task.attempts >= ATTEMPTS:
            if self._work.give_up(task, self._clock.now(), reason):
                self._courses.fail(task.subject, reason)
            return
        self._work.retry(task, self._clock.now() + pause_after(task.attempts), reason)


def _is_news(latest: Latest | None, used: CourseContext) -> bool:
    if latest is None:
        return False
    site = latest.site if latest.site != "other" else None
    return latest.laterality != used.laterality or (site is not None and site != used.site)


def _report(course_uid: str, national_id: str, result: Harmonized) -> dict[str, Any]:
    return {
        "course_uid": course_uid,
        "national_id": national_id,
        "made_by": dict(result.made_by),
        "site": result.site,
        "laterality": result.laterality,
        "structures": [
            {
                "roi_number": row.roi_number,
                "local_name": row.local_name,
                "standard_name": row.standard_name,
                "confidence": row.confidence,
                "volume_cm3": row.volume_cm3,
            }
            for row in result.structures
        ],
        "metrics": [
            {"structure": row.standard_name, "name": row.name, "value": row.value}
            for row in result.metrics
            if row.standard_name and row.value is not None
        ],
        "findings": [
            {"code": f.code, "severity": f.severity.value, "where": f.where, "text": f.text}
            for f in result.findings
        ],
    }

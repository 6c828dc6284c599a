"""Courses as the archive holds them: instances, structures, metrics, findings."""

from harmonizer.domain.studies.derived import MADE_HERE, DerivedKind, DerivedObject
from harmonizer.domain.studies.describing import (
    describe_metrics,
    describe_plan,
    describe_plans,
    describe_structures,
    name_findings,
)
from harmonizer.domain.studies.harmonized import (
    Harmonized,
    MetricRow,
    PlanRow,
    PlanSummary,
    StructureRow,
)
from harmonizer.domain.studies.instances import CourseInstance, Expected, InstanceKey
from harmonizer.domain.studies.listing import CourseFilter
from harmonizer.domain.studies.site import guess_site, site_of_course

__all__ = [
    "MADE_HERE",
    "CourseFilter",
    "CourseInstance",
    "DerivedKind",
    "DerivedObject",
    "Expected",
    "Harmonized",
    "InstanceKey",
    "MetricRow",
    "PlanRow",
    "PlanSummary",
    "StructureRow",
    "describe_metrics",
    "describe_plan",
    "describe_plans",
    "describe_structures",
    "guess_site",
    "name_findings",
    "site_of_course",
]

"""Courses: what references connect, per patient, and what a course still waits for."""

from gateway.domain.courses.apart import WITH_ANOTHER, kept_apart, without
from gateway.domain.courses.completeness import (
    WAITING_CODES,
    Missing,
    Needs,
    Reason,
    missing_of,
    reasons_of,
)
from gateway.domain.courses.differences import differing
from gateway.domain.courses.facts import (
    BeamFacts,
    DoseFacts,
    Facts,
    GroupFacts,
    ImageFacts,
    PlanFacts,
    RecordFacts,
    RoiFacts,
    SetupFacts,
    SourceFacts,
    StructureFacts,
    facts_from_json,
    facts_to_json,
)
from gateway.domain.courses.graph import Draft, assemble
from gateway.domain.courses.homes import by_home
from gateway.domain.courses.instance import Instance
from gateway.domain.courses.judgement import (
    INSTANCE_GONE,
    NO_CONSENT,
    TWO_PATIENTS,
    Situation,
    judge,
)
from gateway.domain.courses.reading import patient_of, read_instance
from gateway.domain.courses.revisions import Basis, Revision, revisions
from gateway.domain.courses.state import CourseState, InstanceState

__all__ = [
    "INSTANCE_GONE",
    "NO_CONSENT",
    "TWO_PATIENTS",
    "WAITING_CODES",
    "WITH_ANOTHER",
    "Basis",
    "BeamFacts",
    "CourseState",
    "DoseFacts",
    "Draft",
    "Facts",
    "GroupFacts",
    "ImageFacts",
    "Instance",
    "InstanceState",
    "Missing",
    "Needs",
    "PlanFacts",
    "Reason",
    "RecordFacts",
    "Revision",
    "RoiFacts",
    "SetupFacts",
    "Situation",
    "SourceFacts",
    "StructureFacts",
    "assemble",
    "by_home",
    "differing",
    "facts_from_json",
    "facts_to_json",
    "judge",
    "kept_apart",
    "missing_of",
    "patient_of",
    "read_instance",
    "reasons_of",
    "revisions",
    "without",
]

"""The rules of the guides' profiles that need no server: one check per profile.

CodeX Radiation Therapy 2.0.0 on mCODE 4.0.0, read from their definitions; base resources are
checked by the models of `fhir.resources`, which know no profile.
"""

from collections.abc import Iterator
from typing import Any

from fhir.resources.R4B import get_fhir_model_class

CODEX = "http://hl7.org/fhir/us/codex-radiation-therapy/StructureDefinition/codexrt-"
MCODE = "http://hl7.org/fhir/us/mcode/StructureDefinition/mcode-"
STATUSES = {"in-progress", "not-done", "on-hold", "stopped", "completed"}
CATEGORIES = {"108290001", "1287742003"}
NCIT_GRADES = {"C75533", "C41338", "C41339", "C41340", "C41337", "C48275"}
Resource = dict[str, Any]


def check_bundle(bundle: Resource) -> list[str]:
    """Return every broken rule, with the resource that breaks it."""
    get_fhir_model_class("Bundle").model_validate(bundle)
    resources = [entry["resource"] for entry in bundle["entry"]]
    known = {f"{one['resourceType']}/{one['id']}" for one in resources}
    broken = [] if len(known) == len(resources) else ["two resources have one id"]
    for one in resources:
        name = f"{one['resourceType']}/{one['id']}"
        get_fhir_model_class(one["resourceType"]).model_validate(one)
        broken += [f"{name}: refers to {r}" for r in _references(one) if r not in known]
        broken += [f"{name}: {rule}" for rule in _broken(one)]
    return broken


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("reference"), str):
            yield node["reference"]
        for value in node.values():
            yield from _references(value)
    if isinstance(node, list):
        for value in node:
            yield from _references(value)


def _broken(one: Resource) -> Iterator[str]:
    kind, code = one["resourceType"], codes(one.get("code"))
    if kind == "Procedure" and "1217123003" in code:
        yield from _procedure(one)
        yield from _course(one)
    elif kind == "Procedure" and "1222565005" in code:
        yield from _procedure(one)
        yield from _phase(one)
    elif kind == "Procedure":
        yield "is neither a course nor a phase"
    if kind == "ServiceRequest":
        yield from _planned(one)
    if kind == "BodyStructure":
        yield from _identifiers(one)
        if not codes(one.get("morphology")):
            yield "a volume has no type"
    if kind == "AdverseEvent":
        yield from _event(one)


def codes(concept: Any) -> set[str]:
    return {coding["code"] for coding in (concept or {}).get("coding", ())}


def extensions(one: Resource, url: str) -> list[Resource]:
    return [each for each in one.get("extension", ()) if each["url"] == url]


def _procedure(one: Resource) -> Iterator[str]:
    if one["status"] not in STATUSES:
        yield "codexrt-procedure-status"
    if not codes(one["category"]) & CATEGORIES:
        yield "category is not radiotherapy"
    if "performedPeriod" not in one:
        yield "performed is no period"
    if not one.get("reasonCode") and not one.get("reasonReference"):
        yield "mcode-reason-required"
    yield from _identifiers(one)
    for dose in extensions(one, MCODE + "radiotherapy-dose-delivered-to-volume"):
        yield from _volume_of(dose)
        for total in extensions(dose, "totalDoseDelivered"):
            yield from _centigray(total)


def _course(one: Resource) -> Iterator[str]:
    for dose in extensions(one, MCODE + "radiotherapy-dose-delivered-to-volume"):
        if len(extensions(dose, CODEX + "radiotherapy-uniform-fractionation")) != 1:
            yield "a dose does not say whether fractionation was uniform"
    if len(extensions(one, MCODE + "radiotherapy-sessions")) > 1:
        yield "two numbers of sessions"


def _phase(one: Resource) -> Iterator[str]:
    for dose in extensions(one, MCODE + "radiotherapy-dose-delivered-to-volume"):
        if extensions(dose, "fractionsDelivered"):
            yield "a phase tells its fractions once, not per volume"
    if len(one.get("partOf", ())) != 1:
        yield "is part of no course"


def _planned(one: Resource) -> Iterator[str]:
    if one["intent"] != "filler-order" or "1222565005" not in codes(one["code"]):
        yield "is no planned phase"
    if len(extensions(one, CODEX + "radiotherapy-fractions-planned")) != 1:
        yield "no number of planned fractions"
    yield from _identifiers(one)
    for dose in extensions(one, CODEX + "radiotherapy-dose-planned-to-volume"):
        yield from _volume_of(dose)
        if extensions(dose, "fractions"):
            yield "a phase tells its fractions once, not per volume"
        for part in ("fractionDose", "totalDose"):
            for said in extensions(dose, part):
                yield from _centigray(said)


def _event(one: Resource) -> Iterator[str]:
    if one["actuality"] != "actual" or not one["event"].get("coding"):
        yield "is no actual, coded event"
    grades = [e for e in one["extension"] if e["url"].endswith("/adverse-event-grade")]
    if len(grades) != 1 or not codes(grades[0]["valueCodeableConcept"]) <= NCIT_GRADES:
        yield "has not one grade of the value set"
    if not one.get("suspectEntity"):
        yield "suspects nothing"


def _identifiers(one: Resource) -> Iterator[str]:
    uses = [each["use"] for each in one.get("identifier", ())]
    if uses.count("usual") != 1 or "official" not in uses:
        yield "needs a name that is shown and an official identifier"
    for each in one.get("identifier", ()):
        uid = each["value"].removeprefix("urn:oid:")
        if each["use"] == "official" and (each["system"] != "urn:dicom:uid" or len(uid) > 64):
            yield "the official identifier is no DICOM UID"


def _volume_of(dose: Resource) -> Iterator[str]:
    if len(extensions(dose, "volume")) != 1:
        yield "a dose has not one volume"


def _centigray(said: Resource) -> Iterator[str]:
    quantity = said["valueQuantity"]
    if (quantity["code"], quantity["system"]) != ("cGy", "http://unitsofmeasure.org"):
        yield "a dose is not in cGy"

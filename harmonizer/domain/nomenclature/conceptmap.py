"""A rule set as FHIR ConceptMaps (R4): one per centre, and one of the rules for all."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from harmonizer.domain.nomenclature.model import Structure
from harmonizer.domain.nomenclature.rules import HELPER, Rule, RuleSet

TG263 = "https://www.aapm.org/pubs/reports/RPT_263.pdf"
LOCAL = "urn:kasari:structure-names"
SNOMED = "http://snomed.info/sct"
FMA = "urn:oid:2.16.840.1.113883.6.119"


def concept_maps(rules: RuleSet, structures: Iterable[Structure], base: str) -> dict[str, Any]:
    """Return a Bundle of ConceptMaps. `base` is the address that the maps are named after.

    Rules of a site are left out: a ConceptMap has no condition for it.
    """
    known = {structure.name: structure for structure in structures}
    by_centre: dict[str, list[Rule]] = {}
    for rule in rules.rules:
        if not rule.site:
            by_centre.setdefault(rule.centre, []).append(rule)
    entries = [
        {"resource": _concept_map(rules.version, centre, own, known, base)}
        for centre, own in sorted(by_centre.items())
    ]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


def _concept_map(
    version: int,
    centre: str,
    rules: Sequence[Rule],
    known: Mapping[str, Structure],
    base: str,
) -> dict[str, Any]:
    name = centre or "national"
    groups = [
        _group(rules, TG263, lambda rule: rule.tg263_name),
        _group(rules, SNOMED, lambda rule: _code(known, rule, "snomed")),
        _group(rules, FMA, lambda rule: _code(known, rule, "fma")),
    ]
    return {
        "resourceType": "ConceptMap",
        "id": f"structure-names-{name.lower()}",
        "url": f"{base.rstrip('/')}/ConceptMap/structure-names-{name.lower()}",
        "version": str(version),
        "status": "active",
        "title": f"Structure names, {name}",
        "sourceUri": f"{LOCAL}:{name.lower()}",
        "group": [group for group in groups if group["element"]],
    }


def _group(rules: Sequence[Rule], target: str, code_of: Any) -> dict[str, Any]:
    elements = []
    for rule in rules:
        if rule.tg263_name == HELPER:
            if target == TG263:
                none = {"equivalence": "unmatched", "comment": rule.reason}
                elements.append({"code": rule.local_name, "target": [none]})
            continue
        code = code_of(rule)
        if code:
            found = {"code": code, "equivalence": "equivalent", "comment": rule.reason}
            elements.append({"code": rule.local_name, "target": [found]})
    return {"source": LOCAL, "target": target, "element": elements}


def _code(known: Mapping[str, Structure], rule: Rule, scheme: str) -> str:
    structure = known.get(rule.tg263_name)
    return str(getattr(structure, scheme)) if structure else ""

"""The tables of the quality rules can be read and mean something."""

from harmonizer.data.quality import load_knowledge
from harmonizer.domain.dose import parse_metric


def test_every_constraint_is_cited_and_parses() -> None:
    knowledge = load_knowledge()
    assert len(knowledge.constraints) >= 30
    for constraint in knowledge.constraints:
        assert "20" in constraint.source, "a publication has a year"
        assert parse_metric(constraint.metric)
        assert constraint.limit > 0


def test_limits_are_ranges_and_templates_name_structures() -> None:
    knowledge = load_knowledge()
    assert all(v.low_cm3 < v.median_cm3 < v.high_cm3 for v in knowledge.volumes.values())
    assert {"breast", "prostate", "lung", "head-neck"} <= set(knowledge.templates)
    assert all(t.expected or t.any_of for t in knowledge.templates.values())
    assert knowledge.version == "2-1-2"

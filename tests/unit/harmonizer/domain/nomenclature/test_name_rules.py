"""Rules of the consortium: who wins, what is refused, and that files give them back."""

import pytest

from harmonizer.adapters.rule_files import read_rules, write_rules
from harmonizer.data.tg263 import load_nomenclature
from harmonizer.domain.nomenclature import (
    HELPER,
    Context,
    Kind,
    Mapper,
    Rule,
    RuleSet,
    Status,
    conflicts,
)
from harmonizer.errors import DataError


def rule(local: str, standard: str, **more: str) -> Rule:
    fields = {"author": "A. Physicist", "reason": "agreed", "decided_on": "2026-05-04", **more}
    return Rule(local, standard, **fields)  # type: ignore[arg-type]


def mapped(rules: RuleSet, raw: str, **context: str):
    return Mapper(load_nomenclature(), rules).map_name(raw, Context(**context))


def test_a_rule_goes_before_the_grammar_whatever_the_case_and_separators() -> None:
    rules = RuleSet(4, (rule("OAR 7", "Parotid_L"), rule("Femur_L", "Femur_Head_L")))
    for raw in ("OAR 7", "oar_7", "OAR7"):
        mapping = mapped(rules, raw)
        assert (mapping.tg263_name, mapping.status) == ("Parotid_L", Status.RULE)
        assert mapping.auto
    assert mapped(rules, "Femur_L").tg263_name == "Femur_Head_L"
    assert "A. Physicist" in mapped(rules, "OAR7").reason


def test_a_rule_may_say_the_guideline() -> None:
    rules = RuleSet(1, (rule("Hjerte 2", "Heart", guideline="DBCG"),))
    assert mapped(rules, "hjerte_2").guideline == "DBCG"


def test_what_is_written_around_the_name_is_kept() -> None:
    rules = RuleSet(1, (rule("PG li", "Parotid_L"),))
    assert mapped(rules, "PG li PRV5").tg263_name == "Parotid_PRV05_L"
    assert mapped(rules, "PG li~").tg263_name == "Parotid~_L"


def test_a_centre_goes_before_the_nation_and_a_site_before_none() -> None:
    rules = RuleSet(
        1,
        (
            rule("NO", "OpticNrv"),
            rule("NO", "Nose", centre="KUH"),
            rule("NO", "Nasopharynx", centre="KUH", site="head-and-neck"),
            rule("NO", HELPER, site="breast"),
        ),
    )
    assert mapped(rules, "NO").tg263_name == "OpticNrv"
    assert mapped(rules, "NO", centre="Tyks").tg263_name == "OpticNrv"
    assert mapped(rules, "NO", centre="kuh").tg263_name == "Nose"
    assert mapped(rules, "NO", centre="KUH", site="head-and-neck").tg263_name == "Nasopharynx"
    assert mapped(rules, "NO", centre="KUH", site="breast").tg263_name == "Nose"
    helper = mapped(rules, "NO", centre="Tyks", site="breast")
    assert (helper.tg263_name, helper.kind, helper.status) == (None, Kind.HELPER, Status.HELPER)


def test_a_contradiction_is_refused_with_the_pair_named() -> None:
    found = conflicts([rule("Lunge", "Lung_L"), rule("LUNGE ", "Lung_R"), rule("Herz", "Heart")])
    assert len(found) == 1
    assert found[0].rules[0].tg263_name == "Lung_L"
    assert found[0].rules[1].tg263_name == "Lung_R"
    assert "Lung_L" in found[0].text
    assert "Lung_R" in found[0].text


def test_the_same_name_at_two_centres_is_no_contradiction() -> None:
    assert not conflicts([rule("X", "Lung_L", centre="A"), rule("X", "Lung_R", centre="B")])


def test_a_circle_is_refused() -> None:
    found = conflicts([rule("Lung_L", "Lung_R"), rule("Lung_R", "Lungs"), rule("Lungs", "Lung_L")])
    assert [len(c.rules) for c in found] == [3]
    assert "circle" in found[0].text


def test_a_rule_onto_itself_is_no_circle() -> None:
    assert not conflicts([rule("lung l", "Lung_L")])


def test_an_example_that_another_rule_answers_is_refused() -> None:
    first = Rule("PG", "Parotids", "A", "agreed", "2026-01-01", examples=("Gl par",))
    assert "not reached" in conflicts([first])[0].text
    taken = conflicts([first, rule("Gl par", "Parotid_L")])
    assert "is answered by" in taken[0].text


@pytest.mark.parametrize("form", ["yaml", "csv"])
def test_files_give_the_rules_back(form: str) -> None:
    rules = (
        Rule('Näkö; "x", y', "OpticNrv_L", "Ä. Ö", "agreed\nby all", "2026-01-01", "KUH", "brain"),
        Rule("=cmd", HELPER, "B", "an aid", "2026-02-03", examples=("cmd =",), guideline="ESTRO"),
    )
    again = read_rules(write_rules(RuleSet(7, rules), form), form)
    assert again.rules == rules
    assert again.version == (7 if form == "yaml" else 0)


@pytest.mark.parametrize(
    ("text", "form", "says"),
    [
        ("a: [", "yaml", "no YAML"),
        ("[]", "yaml", "no list 'rules:'"),
        ("rules: [1]", "yaml", "rule 1 is no list of fields"),
        ("version: -1\nrules: []", "yaml", "no whole number"),
        ("rules: [{local_name: a}]", "yaml", "rule 1 has no tg263_name, author"),
        ("local_name,tg263_name\na,b", "csv", "no column author"),
        (
            "local_name,tg263_name,author,reason,decided_on\na,Heart,b,c,yesterday",
            "csv",
            "no date",
        ),
    ],
)
def test_damaged_files_are_refused_in_one_line(text: str, form: str, says: str) -> None:
    with pytest.raises(DataError) as refusal:
        read_rules(text, form)
    assert says in str(refusal.value)
    assert "\n" not in str(refusal.value)

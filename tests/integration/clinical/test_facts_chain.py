"""Operations, drugs, results and what became of the patient: from files to the joined table."""

from datetime import date, timedelta

import pytest

from gateway.contract.clinical import RowKind
from gateway.contract.facts import FACTS
from tests.integration.clinical.test_clinical_chain import MATTI, Chain, chain, server

__all__ = ["chain", "server"]

FILES = {
    RowKind.DIAGNOSIS: "icd10,topography,morphology,tnm_edition,tnm_basis,t,n,m,stage\n"
    "{},2019-11-01,C50.4,C50.4,8500/3,8,pathological,1c,0,0,IA\n",
    RowKind.RT_COURSE: "site,ended_on,intent,modality,fractions,dose_gy\n"
    "{},2020-01-15,breast,2020-02-04,curative,photon,15,40.05\n",
    RowKind.SURGERY: "procedure,intent,margin\n{},2019-12-01,HAB00,curative,r0\n",
    RowKind.SYSTEMIC_THERAPY: "atc,ended_on,cycles\n{},2020-03-01,L02BG03,2020-09-01,6\n",
    RowKind.COMORBIDITY: "condition,icd10\n{0},2018-01-01,diabetes,E11.9\n"
    "{0},2019-01-01,diabetes-complicated,\n{0},2019-02-01,renal,\n{0},2021-01-01,dementia,\n",
    RowKind.LABORATORY: "loinc;value;unit\n{};2020-01-10;718-7;13,5;g/dl\n",
    RowKind.SAMPLE: "material,biobank\n{},2019-12-01,tissue-ffpe,BB-1\n",
    RowKind.FOLLOW_UP: "disease\n{0},2020-07-15,none\n{0},2021-01-15,progressive\n",
    RowKind.RECURRENCE: "extent\n{},2020-12-15,distant\n",
    RowKind.VITAL_STATUS: "status,cause_icd10\n{},2021-06-01,dead,C50.4\n",
}
START = date(2020, 1, 15)


def content(kind: RowKind) -> bytes:
    sign = ";" if kind is RowKind.LABORATORY else ","
    return f"patient_id{sign}happened_on{sign}{FILES[kind].format(MATTI)}".encode()


def bring_facts(chain: Chain) -> dict[RowKind, int]:
    results = {
        kind: chain.gateway.import_file(kind.value, content(kind), "operator") for kind in FILES
    }
    assert [r.problems for r in results.values()] == [()] * len(FILES)
    return {kind: result.stored for kind, result in results.items()}


def test_every_kind_of_fact_is_tried() -> None:
    assert set(FILES) == set(FACTS)


def test_facts_arrive_with_true_intervals(chain: Chain) -> None:
    chain.bring()
    stored = bring_facts(chain)
    assert sum(stored.values()) == 14
    chain.sender.send()
    timeline = chain.archive.timeline(chain.national)
    events = {(event.kind, event.day): event.detail for event in timeline.events}
    assert events["surgery", -45] == {"procedure": "HAB00", "intent": "curative", "margin": "r0"}
    assert events["laboratory", -5] == {"loinc": "718-7", "value": 13.5, "unit": "g/dL"}
    drug = events["systemic-therapy", 46]
    assert timeline.rt_start is not None
    ended = timeline.rt_start + (date(2020, 9, 1) - START)
    assert (drug["atc"], drug["cycles"], drug["ended_on"]) == ("L02BG03", 6, ended.isoformat())
    assert bring_facts(chain) == dict.fromkeys(FILES, 0)
    assert chain.sender.send() == 0


def test_what_they_add_up_to_is_in_the_wide_table(chain: Chain) -> None:
    chain.bring()
    bring_facts(chain)
    chain.sender.send()
    head, row = chain.tables.wide(date(2026, 1, 1))
    found = dict(zip(head, row, strict=True))
    assert found["charlson"] == 4  # complicated diabetes and renal; the dementia came later
    assert found["recurrence_days"] == (date(2020, 12, 15) - START).days
    assert found["survival_days"] == (date(2021, 6, 1) - START).days
    assert found["died"] == "yes"
    kinds = [line[4] for line in list(chain.tables.long(date(2026, 1, 1)))[1:]]
    assert kinds.count("comorbidity") == 5
    assert kinds.count("vital-status") == 2


def test_a_correction_supersedes_and_a_withdrawal_deletes(chain: Chain) -> None:
    chain.bring()
    bring_facts(chain)
    corrected = content(RowKind.SURGERY).replace(b"r0", b"r1")
    result = chain.gateway.import_file("surgery", corrected, "operator")
    assert (result.stored, result.superseded) == (0, 1)
    chain.sender.send()
    events = chain.archive.timeline(chain.national).events
    assert [e.detail["margin"] for e in events if e.kind == "surgery"] == ["r1"]
    assert chain.archive.counts()["fact"] == 14
    gone = f"{MATTI},Virtanen,Matti,1950-05-17,withdrawn,1,research,2020-12-01\n"
    head = "patient_id,family_name,given_name,birth_date,status,version,scope,date\n"
    chain.consents.import_sheet((head + gone).encode(), "operator", commit=True)
    chain.gateway.forget_withdrawn()
    chain.sender.send()
    assert chain.archive.counts()["fact"] == 0


@pytest.mark.parametrize("chain", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("kind", "row", "column"),
    [
        (RowKind.LABORATORY, "loinc,value,unit\n{},2020-01-10,718-7,13,umol/L\n", "unit"),
        (RowKind.LABORATORY, "loinc,value,unit\n{},2020-01-10,718-7,many,g/L\n", "value"),
        (RowKind.VITAL_STATUS, "status,cause_icd10\n{},2020-01-10,alive,C50\n", "cause_icd10"),
        (RowKind.SYSTEMIC_THERAPY, "atc,ended_on\n{},2020-03-01,L02,2020-02-01\n", "ended_on"),
        (RowKind.COMORBIDITY, "condition\n{},2020-03-01,flu\n", "condition"),
        (RowKind.SURGERY, "procedure\n{},2020-03-01,knee\n", "procedure"),
        (RowKind.FOLLOW_UP, "disease\n{},2030-03-01,none\n", "happened_on"),
    ],
)
def test_what_cannot_be_is_told_by_line_and_column(
    chain: Chain, kind: RowKind, row: str, column: str
) -> None:
    result = chain.gateway.import_file(
        kind.value, f"patient_id,happened_on,{row}".format(MATTI).encode(), "operator"
    )
    assert [(p.line, p.column) for p in result.problems] == [(2, column)]
    assert result.stored == 0


def test_days_between_facts_are_kept(chain: Chain) -> None:
    chain.bring()
    bring_facts(chain)
    chain.sender.send()
    events = chain.archive.timeline(chain.national).events
    by_kind = {event.kind: event.on for event in events}
    assert by_kind["vital-status"] - by_kind["recurrence"] == timedelta(days=168)

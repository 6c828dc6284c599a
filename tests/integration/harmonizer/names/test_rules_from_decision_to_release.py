"""From a name that nobody knows to a rule in force, over HTTP, by two curators."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest
import yaml
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, select

from harmonizer.adapters.audit import SqlAudit
from harmonizer.adapters.nomenclature_rules import SqlNameUses
from harmonizer.adapters.tables.work import AuditTable, WorkTable
from harmonizer.domain.nomenclature import MATCHER_VERSION
from harmonizer.services.nomenclature import NomenclatureService

Clients = Callable[[str], httpx.AsyncClient]
OAR = {"local_name": "OAR 7", "tg263_name": "Parotid_L", "reason": "seen on the images"}


def ask(clients: Clients, who: str, method: str, path: str, **more: Any) -> httpx.Response:
    async def call() -> httpx.Response:
        async with clients(who) as client:
            return await client.request(method, path, **more)

    return asyncio.run(call())


def test_the_worklist_groups_names_over_centres(client_of: Clients) -> None:
    found = ask(client_of, "anna", "GET", "/worklist").json()
    assert found["total"] == 2
    first, second = found["names"]
    assert first["spellings"] == ["OAR 7", "oar_7"]
    assert first["centres"] == [["KUH", 3], ["Tyks", 1]]
    assert (first["structures"], second["local_name"]) == (4, "Qwerty 12")
    at_tyks = ask(client_of, "anna", "GET", "/worklist?centre=Tyks").json()
    assert [name["local_name"] for name in at_tyks["names"]] == ["OAR 7"]


def test_a_decision_becomes_a_rule_that_another_curator_releases(
    client_of: Clients, engine: Engine, service: NomenclatureService
) -> None:
    assert ask(client_of, "anna", "POST", "/decisions", json=OAR).json()["version"] == 1
    listed = ask(client_of, "anna", "GET", "/worklist").json()["names"]
    assert [name["local_name"] for name in listed] == ["Qwerty 12"]

    shown = ask(client_of, "anna", "GET", "/draft/preview").json()
    assert shown["summary"] == "rule set 1 changes 4 structures in 3 patients"
    assert {(c["centre"], c["local_name"], c["after"]) for c in shown["changes"]} == {
        ("KUH", "OAR 7", "Parotid_L"),
        ("KUH", "oar_7", "Parotid_L"),
        ("Tyks", "OAR 7", "Parotid_L"),
    }
    assert service.mapper().map_name("OAR 7").tg263_name is None

    assert ask(client_of, "anna", "POST", "/draft/propose", json={"note": "n"}).status_code == 200
    own = ask(client_of, "anna", "POST", "/rule-sets/1/release")
    assert (own.status_code, own.json()["code"]) == (403, "needs-a-second-person")
    assert ask(client_of, "bert", "POST", "/rule-sets/1/release").status_code == 200

    assert service.mapper().map_name("OAR 7").tg263_name == "Parotid_L"
    assert service.mapper().rules.version == 1
    with Session(engine) as session:
        due = {(row.kind, row.subject) for row in session.exec(select(WorkTable))}
    again = {("harmonize", course) for course in ("1.1", "1.2", "1.3", "2.1")}
    assert due == {("remap", "archive"), *again}
    sets = ask(client_of, "adam", "GET", "/rule-sets").json()
    assert (sets[0]["proposed_by"], sets[0]["decided_by"]) == ("anna", "bert")


def test_only_courses_with_a_changed_name_are_harmonized_again(
    client_of: Clients, engine: Engine
) -> None:
    ask(client_of, "anna", "POST", "/decisions", json={**OAR, "centre": "tyks"})
    ask(client_of, "anna", "POST", "/draft/propose", json={})
    ask(client_of, "bert", "POST", "/rule-sets/1/release")
    with Session(engine) as session:
        due = select(WorkTable.subject).where(WorkTable.kind == "harmonize")
        assert list(session.exec(due)) == ["2.1"]


def test_rules_whose_work_cannot_be_entered_are_not_in_force(
    client_of: Clients, engine: Engine, service: NomenclatureService
) -> None:
    ask(client_of, "anna", "POST", "/decisions", json=OAR)
    ask(client_of, "anna", "POST", "/draft/propose", json={})
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE work RENAME TO away")
    with pytest.raises(OperationalError):
        service.release(1, "bert")
    assert service.mapper().rules.version == 0
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE away RENAME TO work")
    service.release(1, "bert")
    with Session(engine) as session:
        assert ("remap", "archive") in set(session.exec(select(WorkTable.kind, WorkTable.subject)))


def test_going_back_needs_two_people_and_restores_the_rules(
    client_of: Clients, service: NomenclatureService
) -> None:
    ask(client_of, "anna", "POST", "/decisions", json=OAR)
    ask(client_of, "anna", "POST", "/draft/propose", json={})
    ask(client_of, "bert", "POST", "/rule-sets/1/release")
    back = ask(client_of, "bert", "POST", "/rule-sets/0/roll-back", json={"note": "wrong side"})
    assert (back.json()["version"], back.json()["state"]) == (2, "proposed")
    assert ask(client_of, "bert", "POST", "/rule-sets/2/release").status_code == 403
    assert ask(client_of, "anna", "POST", "/rule-sets/2/release").status_code == 200
    assert service.mapper().map_name("OAR 7").tg263_name is None
    assert service.rules(1).rules  # what was in force stays to be read


def test_a_contradiction_is_refused_with_the_pair_named(client_of: Clients) -> None:
    header = "local_name,tg263_name,author,reason,decided_on\n"
    text = header + "x,Heart,A,r,2026-01-01\nX,Liver,B,r,2026-01-02\n"
    refused = ask(client_of, "anna", "PUT", "/draft/rules?form=csv", **plain(text))
    assert refused.status_code == 409
    assert "Heart" in refused.json()["text"]
    assert "Liver" in refused.json()["text"]


def test_a_circle_is_refused_when_it_is_proposed(client_of: Clients) -> None:
    for local, standard in (("Eye_L", "Eye_R"), ("Eye_R", "Eye_L")):
        given = {"local_name": local, "tg263_name": standard, "reason": "r"}
        assert ask(client_of, "anna", "POST", "/decisions", json=given).status_code == 201
    refused = ask(client_of, "anna", "POST", "/draft/propose", json={})
    assert (refused.status_code, refused.json()["code"]) == (409, "rules-conflict")
    assert "circle" in refused.json()["text"]


def plain(text: str) -> dict[str, Any]:
    return {"content": text.encode(), "headers": {"content-type": "text/plain"}}


def test_a_set_goes_out_and_comes_back_as_a_file(client_of: Clients) -> None:
    ask(client_of, "anna", "POST", "/decisions", json={**OAR, "examples": ["Oar-7"]})
    text = ask(client_of, "adam", "GET", "/rule-sets/1.yaml").text
    assert yaml.safe_load(text)["rules"][0]["author"] == "anna"
    emptied = ask(
        client_of, "bert", "POST", "/draft/remove", json={"local_name": "oar 7", "centre": ""}
    )
    assert emptied.status_code == 200
    assert yaml.safe_load(ask(client_of, "adam", "GET", "/rule-sets/1.yaml").text)["rules"] == []
    assert ask(client_of, "bert", "PUT", "/draft/rules?form=yaml", **plain(text)).status_code == 200
    assert ask(client_of, "adam", "GET", "/rule-sets/1.yaml").text == text


def test_curators_who_disagree_are_both_kept(client_of: Clients) -> None:
    ask(client_of, "anna", "POST", "/decisions", json=OAR)
    ask(client_of, "bert", "POST", "/decisions", json={**OAR, "tg263_name": "Parotid_R"})
    told = ask(client_of, "adam", "GET", "/disagreements").json()
    assert len(told) == 1
    assert [d["rule"]["tg263_name"] for d in told[0]["decisions"]] == ["Parotid_L", "Parotid_R"]
    decided = ask(client_of, "adam", "GET", "/decisions?local_name=oar_7").json()
    assert [d["author"] for d in decided] == ["anna", "bert"]
    shown = ask(client_of, "adam", "GET", "/draft/preview").json()
    assert shown["disagreements"]
    ask(client_of, "anna", "POST", "/decisions", json={**OAR, "tg263_name": "Parotid_R"})
    assert ask(client_of, "adam", "GET", "/disagreements").json() == []


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"tg263_name": "Parotis_L"}, "no name of the standard"),
        ({"tg263_name": "parotid_l"}, "no name of the standard"),
        ({"local_name": " _- "}, "local name"),
        ({"centre": "Nowhere"}, "no centre"),
        ({"reason": " "}, "reason"),
    ],
)
def test_what_cannot_be_a_rule_is_refused(
    client_of: Clients, given: dict[str, str], says: str
) -> None:
    refused = ask(client_of, "anna", "POST", "/decisions", json={**OAR, **given})
    assert refused.status_code == 422
    assert says in refused.json()["text"]
    assert ask(client_of, "anna", "GET", "/rule-sets").json() == []


def test_a_proposed_set_takes_no_more_rules_until_it_is_refused(client_of: Clients) -> None:
    ask(client_of, "anna", "POST", "/decisions", json=OAR)
    ask(client_of, "anna", "POST", "/draft/propose", json={})
    more = ask(client_of, "anna", "POST", "/decisions", json={**OAR, "local_name": "y"})
    assert (more.status_code, more.json()["code"]) == (409, "set-is-proposed")
    ask(client_of, "bert", "POST", "/rule-sets/1/refuse", json={"note": "no"})
    again = ask(client_of, "anna", "POST", "/decisions", json={**OAR, "local_name": "y"})
    assert again.json()["version"] == 2


READS = [
    ("GET", "/worklist"),
    ("GET", "/rule-sets"),
    ("GET", "/rule-sets/1.csv"),
    ("GET", "/decisions"),
    ("GET", "/disagreements"),
    ("GET", "/draft/preview"),
]
WRITES = [
    ("POST", "/decisions"),
    ("PUT", "/draft/rules?form=yaml"),
    ("POST", "/draft/remove"),
    ("POST", "/draft/propose"),
    ("POST", "/rule-sets/1/release"),
    ("POST", "/rule-sets/1/refuse"),
    ("POST", "/rule-sets/1/roll-back"),
]


def test_others_see_and_decide_nothing(client_of: Clients) -> None:
    for who in ("rita", "KUH"):
        for method, path in (*READS, *WRITES):
            assert ask(client_of, who, method, path, json={}).status_code == 403, path


def test_an_admin_reads_and_does_not_decide(client_of: Clients) -> None:
    for method, path in WRITES:
        assert ask(client_of, "adam", method, path, json={}).status_code == 403, path


def test_what_curators_do_is_audited(client_of: Clients, engine: Engine) -> None:
    ask(client_of, "anna", "POST", "/decisions", json=OAR)
    with Session(engine) as session:
        rows = [(r.caller, r.action, r.subject) for r in session.exec(select(AuditTable))]
    assert rows == [("anna", "names.decide", "OAR 7")]
    assert SqlAudit(engine, None).first_break() is None  # type: ignore[arg-type]


def test_compliance_per_centre(client_of: Clients) -> None:
    kuh, tyks = ask(client_of, "rita", "GET", "/compliance").json()
    assert (kuh["centre"], kuh["structures"], kuh["applied"]) == ("KUH", 7, 2)
    assert kuh["statuses"] == {"unmapped": 4, "exact": 1, "suggested": 1, "helper": 1}
    assert tyks["exact_share"] == 0.5


def test_centres_fetch_the_vocabulary(client_of: Clients) -> None:
    found = ask(client_of, "KUH", "GET", "/vocabulary").json()
    assert found["version"] == f"TG-263 2017-08-15 matcher {MATCHER_VERSION} rules 0"
    assert len(found["names"]) == 717
    assert {"keuhko", "ryggmärg"} <= set(found["words"])


def test_concept_maps_carry_snomed_and_fma(client_of: Clients) -> None:
    ask(client_of, "anna", "POST", "/decisions", json=OAR)
    aid = {"local_name": "Ring 7", "tg263_name": "-", "reason": "an aid", "centre": "KUH"}
    ask(client_of, "anna", "POST", "/decisions", json=aid)
    bundle = ask(client_of, "adam", "GET", "/rule-sets/1/concept-maps").json()
    national, kuh = (entry["resource"] for entry in bundle["entry"])
    assert national["url"].startswith("http://archive.example/ConceptMap/")
    targets = {g["target"]: g["element"][0]["target"][0]["code"] for g in national["group"]}
    assert targets["http://snomed.info/sct"].isdigit()
    assert "Parotid_L" in targets.values()
    assert kuh["group"][0]["element"][0]["target"][0]["equivalence"] == "unmatched"


def test_names_by_the_thousand_are_looked_up(engine: Engine) -> None:
    many = [("KUH", f"name {number}") for number in range(1200)]
    courses, patients = SqlNameUses(engine).touched([*many, ("KUH", "OAR 7"), ("Tyks", "Heart")])
    assert courses == ["1.1", "1.2", "2.1"]
    assert patients == 2

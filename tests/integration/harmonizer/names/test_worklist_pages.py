"""The pages of names, as a browser without script uses them."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from sqlmodel import Session, select

from harmonizer.adapters.tables.studies import StructureTable
from harmonizer.services.nomenclature import NomenclatureService
from harmonizer.web import rendering, worklist

Clients = Callable[[str], httpx.AsyncClient]


class Pictures:
    """Paints nothing, but knows what was asked for."""

    def png(self, course_uid: str, roi_number: int) -> bytes:
        return f"{course_uid} {roi_number}".encode()


@pytest.fixture
def browser(app: FastAPI, client_of: Clients):
    rendering.install(app)
    app.include_router(worklist.router)
    app.state.thumbnails = Pictures()

    def ask(who: str, method: str, path: str, **form: str) -> httpx.Response:
        async def call() -> httpx.Response:
            async with client_of(who) as client:
                client.base_url = "http://archive"
                return await client.request(method, path, data=form or None)

        return asyncio.run(call())

    return ask


def test_one_name_at_a_time_with_its_picture_and_suggestions(browser) -> None:
    page = browser("anna", "GET", "/names/next").text
    assert '<h1 class="foreign">OAR 7</h1>' in page
    assert "4 structures in 3 patients" in page.replace("\n", " ")
    assert 'src="/names/picture/1.' in page
    assert page.count("autofocus") == 1
    skipped = browser("anna", "GET", "/names/next?skip=1").text
    assert "Qwerty 12" in skipped


def test_a_decision_goes_on_with_the_next_name(browser, service: NomenclatureService) -> None:
    answer = browser(
        "anna", "POST", "/names/next", local_name="OAR 7", choice="other", other="Parotid_L"
    )
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/names/next?skip=0&told=OAR%207")
    assert service.decisions()[0].rule.author == "anna"
    assert "Qwerty 12" in browser("anna", "GET", answer.headers["location"]).text


def test_a_name_that_is_none_is_told_on_the_same_page(browser) -> None:
    answer = browser(
        "anna", "POST", "/names/next", local_name="OAR 7", choice="other", other="Parotis"
    )
    assert answer.status_code == 422
    assert "no name of the standard" in answer.text
    assert "OAR 7" in answer.text


def test_from_draft_to_release_on_the_pages(browser, service: NomenclatureService) -> None:
    browser("anna", "POST", "/names/next", local_name="OAR 7", choice="Parotid_L", centre="KUH")
    page = browser("anna", "GET", "/names").text
    assert "Rule set 1 changes 3 structures in 2 patients" in page
    assert browser("anna", "POST", "/names/sets/propose", note="n").status_code == 303
    assert "Another curator has to release it" in browser("anna", "GET", "/names").text
    own = browser("anna", "POST", "/names/sets/release", version="1")
    assert own.status_code == 422
    assert "another curator must release it" in own.text
    assert browser("bert", "POST", "/names/sets/release", version="1").status_code == 303
    assert service.mapper().rules.version == 1


def test_a_rule_is_taken_out_of_the_draft_and_its_name_waits_again(browser) -> None:
    browser("anna", "POST", "/names/next", local_name="OAR 7", choice="Parotid_L", centre="KUH")
    page = browser("anna", "GET", "/names").text
    assert 'aria-label="Take out the rule for OAR 7"' in page
    assert "anna, 2026-05-04" in page
    gone = browser("anna", "POST", "/names/rules/remove", local_name="oar_7", centre="KUH")
    assert gone.status_code == 303
    page = browser("anna", "GET", "/names").text
    assert "Take out the rule" not in page
    assert "4</td>" in page  # of OAR 7: one of Tyks, three of KUH
    again = browser("anna", "POST", "/names/rules/remove", local_name="OAR 7")
    assert "the draft has no such rule" in again.text


RULES = b"""local_name,tg263_name,author,reason,decided_on
Qwerty 12,Heart,A. Physicist,seen,2026-05-04
"""


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (RULES, ""),
        (RULES + b"qwerty_12,Liver,A. Physicist,seen,2026-05-04\n", "Qwerty 12"),
        (RULES.replace(b"Heart", b"Hart"), "no name of the standard"),
        (RULES.replace(b"seen", b"ges\xe4hen"), "no text in UTF-8"),
        (b"", "Structure names"),
    ],
)
def test_rules_of_a_file_go_into_the_draft_or_nothing_does(
    app: FastAPI, browser, client_of: Clients, content: bytes, told: str
) -> None:
    async def call() -> httpx.Response:
        async with client_of("anna") as client:
            client.base_url = "http://archive"
            return await client.post("/names/rules", files={"file": ("rules.csv", content)})

    answer = asyncio.run(call())
    page = browser("anna", "GET", "/names").text
    if told:
        assert told in answer.text
        assert "Take out the rule" not in page
    else:
        assert answer.status_code == 303
        assert "Take out the rule for Qwerty 12" in page


def test_while_a_set_waits_for_release_its_names_do_not_wait_too(
    browser, service: NomenclatureService
) -> None:
    browser("anna", "POST", "/names/next", local_name="OAR 7", choice="Parotid_L")
    browser("anna", "POST", "/names/sets/propose", note="n")
    page = browser("bert", "GET", "/names/next").text
    assert '<h1 class="foreign">Qwerty 12</h1>' in page
    assert "waits for its release" in page
    assert "Decide (Enter)" not in page
    assert "Take out the rule" not in browser("anna", "GET", "/names").text


def test_going_back_to_no_rules_shows_which_rules_go(browser, service: NomenclatureService) -> None:
    browser("anna", "POST", "/names/next", local_name="OAR 7", choice="Parotid_L")
    browser("anna", "POST", "/names/sets/propose", note="n")
    browser("bert", "POST", "/names/sets/release", version="1")
    browser("anna", "POST", "/names/sets/roll-back", version="0", note="too early")
    page = browser("bert", "GET", "/names").text
    assert "<s>OAR 7</s>" in page
    assert "back to rule set 0: too early" in page


def test_what_a_hospital_wrote_is_never_markup(
    browser, service: NomenclatureService, engine
) -> None:
    with Session(engine) as session:
        for row in session.exec(select(StructureTable)).all():
            if row.standard_name is None:
                row.local_name = "<script>alert(1)</script>"
                session.add(row)
        session.commit()
    for path in ("/names", "/names/next", "/names/next?told=<script>"):
        page = browser("anna", "GET", path).text
        assert "<script" not in page
    assert "&lt;script&gt;" in page


@pytest.mark.parametrize("path", ["/names", "/names/next"])
def test_only_curators_and_admins_see_the_pages(browser, path: str) -> None:
    assert browser("rita", "GET", path).status_code == 403
    assert browser("adam", "GET", path).status_code == 200
    assert browser("adam", "POST", "/names/sets/propose", note="x").status_code == 403


def test_strangers_are_sent_to_the_login(app: FastAPI, browser) -> None:
    async def call() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://archive") as client:
            return await client.get("/names/next")

    answer = asyncio.run(call())
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")


def test_the_picture_is_for_curators(browser) -> None:
    assert browser("anna", "GET", "/names/picture/1.1/2").content == b"1.1 2"
    assert browser("rita", "GET", "/names/picture/1.1/2").status_code == 403


def test_the_style_sheet_is_there() -> None:
    assert (Path(worklist.__file__).parent / "static" / "names.css").is_file()

"""The quality summary over HTTP: all centres together, then each; for readers only."""

import httpx

from tests.integration.harmonizer.reading.conftest import EVERYTHING, SITE_TOKEN, Archive

PLACE = "/api/v1/quality-summary"


def test_every_harmonized_course_is_counted(archive: Archive) -> None:
    national, *centres = archive.get(PLACE).json()
    whole = [one for one in EVERYTHING if one.state == "harmonized" and not one.withdrawn]
    assert national["courses"] == len(whole)
    assert sum(one["courses"] for one in centres) == len(whole)
    assert {one["centre"] for one in centres} == {one.centre for one in whole}
    kuh = next(one for one in centres if one["centre"] == "KUH")
    assert {code["code"] for code in kuh["codes"]} == {"DOSE-HOT", "GRID"}
    there = sum(one.centre == "KUH" for one in whole)
    assert kuh["months"] == [
        {"month": "2026-01", "courses": there, "with_errors": 1, "with_warnings": 1}
    ]


def test_the_page_shows_each_centre(archive: Archive) -> None:
    page = archive.get("/quality")
    assert page.headers["content-type"].startswith("text/html")
    for name in ("All centres", "KUH", "Tyks"):
        assert f"<h2>{name}</h2>" in page.text
    assert "<script" not in page.text
    courses, with_errors = (archive.get(PLACE).json()[0][key] for key in ("courses", "with_errors"))
    assert f"{courses} courses; {round(100 * with_errors / courses)} % have an error" in page.text


def test_centres_and_strangers_get_nothing(archive: Archive) -> None:
    assert archive.get(PLACE, token=SITE_TOKEN).status_code == httpx.codes.FORBIDDEN
    assert archive.get(PLACE, role=None).status_code == httpx.codes.UNAUTHORIZED
    for nobody in ({"token": SITE_TOKEN}, {"role": None}):
        assert archive.get("/quality", **nobody).status_code == httpx.codes.SEE_OTHER

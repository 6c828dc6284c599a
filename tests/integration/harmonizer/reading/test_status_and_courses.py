"""How the archive stands, over HTTP."""

from tests.integration.harmonizer.reading.conftest import (
    LEFT_KUH,
    ON_ITS_WAY,
    SITE_TOKEN,
    Archive,
)


def test_status_counts_courses_by_centre_and_state(archive: Archive) -> None:
    told = archive.get("/api/v1/status").json()
    assert told["courses"] == {
        "KUH": {"announced": 1, "stored": 0, "harmonized": 2, "failed": 1},
        "Tyks": {"announced": 0, "stored": 0, "harmonized": 3, "failed": 0},
    }
    assert told["instances"] == 7 * 5 + 1
    assert told["clinical"]["toxicity"] == 3
    assert told["work"] == {"waiting": 0, "failed": 0}


def test_a_centre_hears_of_its_own_courses_only(archive: Archive) -> None:
    told = archive.get("/api/v1/status", token=SITE_TOKEN).json()
    assert list(told["courses"]) == ["KUH"]
    assert told["instances"] == 21
    listed = archive.get("/api/v1/courses", token=SITE_TOKEN).json()
    assert {course["centre"] for course in listed} == {"KUH"}
    assert "national_id" not in listed[0]
    assert archive.get("/api/v1/courses?centre=Tyks", token=SITE_TOKEN).json() == []
    place = f"/api/v1/courses/{LEFT_KUH.course_uid}"
    assert archive.get(place, token=SITE_TOKEN).status_code == 403


def test_courses_are_listed_newest_first_and_in_pages(archive: Archive) -> None:
    whole = archive.get("/api/v1/courses").json()
    assert len(whole) == 6
    assert whole == sorted(whole, key=lambda course: course["stored_at"], reverse=True)
    pages = [archive.get(f"/api/v1/courses?limit=2&offset={n}").json() for n in (0, 2, 4)]
    assert [course for page in pages for course in page] == whole
    failed = archive.get("/api/v1/courses?centre=KUH&state=failed").json()
    assert [course["reason"] for course in failed] == ["an object could not be read"]


def test_a_course_whole(archive: Archive) -> None:
    told = archive.get(f"/api/v1/courses/{LEFT_KUH.course_uid}").json()
    assert told["study_uids"] == [LEFT_KUH.study]
    heart = told["structures"][0]
    assert (heart["local_name"], heart["standard_name"]) == ("Sydan", "Heart")
    assert heart["explanation"] == "Sydan reads as Heart"
    assert heart["metrics"]["Mean[Gy]"] == 3.1
    assert [finding["severity"] for finding in told["findings"]] == ["warning", "error"]
    assert told["made_by"]["names"] == "matcher 1"
    assert told["instances"] == {"dose": 1, "plan": 1, "planning-image": 2, "structures": 1}


def test_what_is_unknown_or_wrong(archive: Archive) -> None:
    unknown = archive.get("/api/v1/courses/1.2.3")
    on_its_way = archive.get(f"/api/v1/courses/{ON_ITS_WAY.course_uid}")
    assert unknown.status_code == on_its_way.status_code == 404
    assert unknown.text == on_its_way.text
    assert archive.get("/api/v1/courses?state=lost").status_code == 422
    assert archive.get("/api/v1/courses?limit=0").status_code == 422
    assert archive.get("/api/v1/courses", role=None).status_code == 401

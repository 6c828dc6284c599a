"""The page on generated patients says what the code does."""

import re
from pathlib import Path

from typer.testing import CliRunner

from kasari.__main__ import app, register
from kasari.phantom.anatomy import SITES
from kasari.phantom.answers import ANSWERS
from kasari.phantom.drawing import DEVIATIONS
from kasari.phantom.endpoints import ENDPOINTS
from kasari.phantom.outcomes import STEPS, TIMES

PAGE = Path(__file__).parents[4].joinpath("docs", "phantom.md").read_text("utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.splitlines()
    if line.startswith("|")
]


def test_every_endpoint_stands_there_with_its_parameters() -> None:
    told = {(row[0].replace("head and neck", "head-neck"), row[1]): row for row in ROWS}
    for endpoint in ENDPOINTS:
        row = told[endpoint.site, endpoint.term]
        lyman = endpoint.lyman
        numbers = (lyman.volume_effect, lyman.slope, lyman.half_risk_gy, lyman.alpha_beta_gy)
        assert tuple(float(cell) for cell in row[3:7]) == numbers
        assert row[8] == TIMES[1 + endpoint.recedes.index(0.0)]
        source = "own choice" if endpoint.source.startswith("own") else endpoint.source
        assert row[9].split()[0] == source.split()[0]
        assert bool(row[7]) == bool(endpoint.shifts)


def test_steps_answers_errors_and_sites_stand_there() -> None:
    assert "steps {:g}, {:g}, {:g} and {:g}".format(*STEPS) in PAGE
    constant, burden, age = ANSWERS
    assert f"logistic({constant} - {-burden} burden - {-age} (age - 65))" in PAGE
    firsts = {row[0] for row in ROWS}
    assert {f"`{kind}`" for kind in DEVIATIONS} <= firsts
    assert {site.replace("head-neck", "head and neck") for site in SITES} <= firsts


def test_options_in_the_page_exist() -> None:
    register("phantom")
    shown = CliRunner().invoke(app, ["phantom", "--help"], env={"COLUMNS": "200"}).stdout
    for option in set(re.findall(r"--[a-z][a-z-]+", PAGE)):
        assert option in shown

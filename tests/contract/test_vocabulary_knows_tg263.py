"""What the archive can name, the centre must not redact: every TG-263 name stays readable."""

import csv
from importlib.resources import files

from gateway.data.deid import load_profile
from gateway.domain.deid.text import Cleaner

CLEANER = Cleaner(load_profile().vocabulary, bytes(32), frozenset())


def names() -> list[str]:
    text = (files("harmonizer.data.tg263") / "structures.csv").read_text("utf-8")
    rows = csv.DictReader(text.splitlines())
    return sorted({name for row in rows for name in (row["name"], row["reverse"]) if name})


def test_every_name_of_tg263_stays_as_it_is() -> None:
    assert len(names()) > 1000
    redacted = [name for name in names() if CLEANER.clean(name, "LO")[1]]
    assert not redacted


def test_planning_names_after_its_rules_stay() -> None:
    rules = (
        "PTV_High",
        "PTVn_5000",
        "CTV_p2",
        "z_Ring",
        "Brain-PTV",
        "SpinalCord_PRV5",
        "PTV!_Eval",
    )
    assert not [name for name in rules if CLEANER.clean(name, "LO")[1]]

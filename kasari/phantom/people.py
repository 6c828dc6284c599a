"""Invented people: names, artificial identity codes, staff. Nobody real can have these codes.

The individual numbers 900 to 999 are reserved for artificial identities.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np

CHECK_CHARACTERS = "0123456789ABCDEFHJKLMNPRSTUVWXY"
SIGNS_1900 = "-YXWVU"
FAMILY = (
    *("Mäkinen", "Virtanen", "Korhonen", "Nieminen", "Hämäläinen", "Lindström", "Åkerlund"),
    *("Söderholm", "Järvinen", "Kettunen", "Väisänen", "Öhman", "Laaksonen", "Heikkilä"),
    *("Sjöblom", "Pöyhönen", "Räsänen", "Ahlqvist", "Tuominen", "Karppinen"),
)
WOMEN = (
    *("Maija", "Aino", "Päivi", "Sirpa", "Tuulikki", "Gunilla"),
    *("Åsa", "Märta", "Helmi", "Liisa", "Kerttu", "Birgitta"),
)
MEN = (
    *("Matti", "Jyrki", "Heikki", "Göran", "Väinö", "Pentti"),
    *("Lauri", "Åke", "Björn", "Tapani", "Eero", "Risto"),
)


@dataclass(frozen=True)
class PhantomPerson:
    """An invented patient. `repr` hides what a real patient's would hide."""

    patient_id: str = field(repr=False)
    family: str = field(repr=False)
    given: str = field(repr=False)
    birth_date: date = field(repr=False)
    sex: str

    def age_on(self, day: date) -> int:
        """Whole years."""
        had_birthday = (day.month, day.day) >= (self.birth_date.month, self.birth_date.day)
        return day.year - self.birth_date.year - (not had_birthday)


def invent(rng: np.random.Generator, sex: str, age_years: int, today: date) -> PhantomPerson:
    """One person of about this age. Within a cohort `invent` may repeat a name, not a code."""
    born = today - timedelta(days=int(age_years * 365.25) + int(rng.integers(0, 365)))
    number = int(rng.integers(0, 50)) * 2 + 900 + (sex == "M")
    sign = str(rng.choice(list(SIGNS_1900 if born.year < 2000 else "ABCDEF")))
    given = WOMEN if sex == "F" else MEN
    return PhantomPerson(
        patient_id=identity_code(born, sign, number),
        family=str(rng.choice(FAMILY)),
        given=str(rng.choice(given)),
        birth_date=born,
        sex=sex,
    )


def identity_code(born: date, sign: str, number: int) -> str:
    """`DDMMYYCNNNX` with its check character; odd numbers are men."""
    digits = f"{born:%d%m%y}{number:03d}"
    return f"{digits[:6]}{sign}{number:03d}{CHECK_CHARACTERS[int(digits) % 31]}"

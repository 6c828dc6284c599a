"""What the columns of the joined tables mean: the tables and the data dictionary read it here."""

from collections.abc import Mapping
from typing import Final, NamedTuple


class Meaning(NamedTuple):
    kind: type
    text: str


PATIENT: Final[Mapping[str, Meaning]] = {
    "national_id": Meaning(str, "The patient's id in the archive"),
    "centre": Meaning(str, "Centre that the patient is from"),
}
LONG_COLUMNS: Final[Mapping[str, Meaning]] = {
    **PATIENT,
    "day": Meaning(int, "Days from the first fraction, negative before it; empty if not known"),
    "timepoint": Meaning(str, "Timepoint of the schedule that the day belongs to, or outside"),
    "kind": Meaning(str, "toxicity, prom, dose, or the kind of another row, e.g. laboratory"),
    "name": Meaning(
        str, "CTCAE term, instrument.score, structure and metric, or the row's variable"
    ),
    "version": Meaning(str, "Of CTCAE or of the instrument"),
    "value": Meaning(float, "Grade, score, dose in its metric's unit, or another number"),
    "text": Meaning(str, "A word where the value is one; the attribution of a grade"),
    "missing": Meaning(
        str,
        "Why there is no value: unscored, too-ill and other reasons that the centre gave, missed, "
        "not-yet-due, not-expected, no-rt-start",
    ),
    "ctcae_6_code": Meaning(int, "Where NCI's mapping carries a v5.0 grade in v6.0: MedDRA code"),
    "ctcae_6_grade": Meaning(int, "Where NCI's mapping carries a v5.0 grade in v6.0: grade"),
    "ctcae_6_same_words": Meaning(
        str, "Whether the words of the grade stayed the same in v6.0: yes or no"
    ),
}
SUMMED: Final[Mapping[str, Meaning]] = {
    "charlson": Meaning(
        int, "Charlson index, weights of 1987, of conditions found by the first fraction"
    ),
    "recurrence_days": Meaning(int, "Days from the first fraction to the first recurrence"),
    "recurrence_extent": Meaning(str, "Extent of the first recurrence"),
    "survival_days": Meaning(
        int, "Days from the first fraction to the death, or to the last day known to live"
    ),
    "died": Meaning(str, "yes or no; empty if nothing is known after the first fraction"),
}
STATUSES: Final[Mapping[str, Meaning]] = {
    "dose.status": Meaning(str, "present or no-dose"),
    "toxicity.status": Meaning(str, "assessed, not-assessed or no-rt-start"),
}
SUMMARIES: Final[Mapping[str, Meaning]] = {
    "baseline": Meaning(int, "Last grade on or before the first fraction"),
    "worst": Meaning(int, "Highest grade after the first fraction"),
    "worst_acute": Meaning(int, "Highest grade on day 1 to 90"),
    "worst_late": Meaning(int, "Highest grade from day 91 on"),
    "days_to_grade_2": Meaning(int, "Day of the first grade of 2 or more"),
    "above_baseline": Meaning(int, "Worst minus baseline, not below 0"),
}
WIDE_PATTERNS: Final[Mapping[str, Meaning]] = {
    "{structure} {metric}": Meaning(
        float, "Dose metric of a standard name, of the newest harmonized course: Heart Mean[Gy]"
    ),
    **{f"ctcae-{{version}}.{{term}}.{name}": one for name, one in SUMMARIES.items()},
    "{instrument}.{timepoint}.status": Meaning(
        str,
        "received, late, missed (with :reason where told), not-yet-due, not-expected, no-rt-start",
    ),
    "{instrument}.{timepoint}.{score}": Meaning(float, "Score of the first answer in the window"),
}

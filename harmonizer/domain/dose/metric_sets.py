"""Which metrics are computed of which structure.

Every structure gets the same condensed description, so that any two courses can be compared;
targets get what ICRU 83 reports, organs what published constraints ask for.
"""

from collections.abc import Iterable
from functools import cache
from typing import Final

from harmonizer.domain.dose.metrics import Metric, parse_metric

EVERY: Final = (
    "Volume[cc]",
    "Mean[Gy]",
    "Min[Gy]",
    "Max[Gy]",
    "D98%[Gy]",
    "D95%[Gy]",
    "D50%[Gy]",
    "D5%[Gy]",
    "D2%[Gy]",
    "D0.03cc[Gy]",
    "D1cc[Gy]",
    *(f"V{dose}Gy[%]" for dose in (5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 60, 65, 70)),
    "Integral[Gy.L]",
)

TARGET: Final = ("D98%[%]", "D95%[%]", "D50%[%]", "D2%[%]", "V95%[%]", "V107%[%]", "HI")


def metric_set(is_target: bool, constraints: Iterable[str] = ()) -> tuple[Metric, ...]:
    """Return the metrics of a structure, each once.

    Parameters
    ----------
    is_target : whether it is a GTV, CTV, ITV or PTV
    constraints : metrics that published constraints for this structure name
    """
    names = (*EVERY, *(TARGET if is_target else ()), *constraints)
    return tuple(_parsed(name) for name in dict.fromkeys(names))


@cache
def _parsed(name: str) -> Metric:
    return parse_metric(name)

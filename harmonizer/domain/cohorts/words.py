"""What may stand in a question: structures, metrics, terms and scales that the archive knows."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from harmonizer.domain.dose.metrics import Metric, Quantity, parse_metric
from harmonizer.errors import RefusedError

TARGET: Final = re.compile(r"(i?GTV|i?CTV|ITV|PTV|BOOST)\w*", re.IGNORECASE)
PATTERN: Final = re.compile(r"[\w~^+!&%<>.*?-]{1,64}")

BODY_PARTS: Final = {
    "BREAST": "breast",
    "CHESTWALL": "breast",
    "PROSTATE": "prostate",
    "LUNG": "lung",
    "HEADNECK": "head-neck",
    "HEAD": "head-neck",
    "NECK": "head-neck",
}
"""DICOM's Body Part Examined (PS3.16 annex L) to treated sites: RT objects often lack it."""


@dataclass(frozen=True)
class Words:
    """Keys are folded: a reader need not know how a word is written here."""

    structures: Mapping[str, str]
    metrics: Mapping[Metric, str]
    terms: frozenset[str]
    scales: Mapping[str, Mapping[str, str]]

    def structure(self, key: str, text: str) -> str:
        """Return a TG-263 name, or a pattern of such, as it is written in the archive."""
        name = text.strip()
        known = self.structures.get(name.casefold())
        if known is not None:
            return known
        is_pattern = bool(set("*?") & set(name))
        if PATTERN.fullmatch(name) and (is_pattern or TARGET.fullmatch(name)):
            return name
        raise bad(key, "not a name of TG-263; names are like Heart, Lung_L, PTV_High, Parotid_*")

    def metric(self, key: str, text: str) -> str:
        """Return a dose-volume metric's name as it is kept."""
        try:
            known = self.metrics.get(_plain(parse_metric(text)))
        except ValueError:
            examples = "Mean[Gy], D95%[Gy], D0.03cc[Gy], V20Gy[%], Volume[cc]"
            raise bad(key, f"not a dose-volume metric; those are like {examples}") from None
        if known is None:
            raise bad(key, f"the archive does not keep this metric; it keeps {self._kept()}")
        return known

    def term(self, key: str, text: str) -> str:
        folded = " ".join(text.casefold().split())
        if folded not in self.terms:
            raise bad(key, "no such term in CTCAE; write it as CTCAE does")
        return folded

    def scale(self, key: str, instrument: str, scale: str) -> tuple[str, str]:
        name = instrument.strip().casefold()
        if name not in self.scales:
            raise bad(key, f"no such questionnaire; there are {', '.join(self.scales)}")
        known = self.scales[name].get(scale.strip().casefold())
        if known is None:
            raise bad(key, f"no such scale; {name} has {', '.join(self.scales[name].values())}")
        return name, known

    def _kept(self) -> str:
        return ", ".join(sorted(self.metrics.values()))


def make_words(
    structures: Iterable[str],
    metrics: Iterable[str],
    terms: Iterable[str],
    scales: Mapping[str, Iterable[str]],
) -> Words:
    """Index what the archive knows, by folded text."""
    return Words(
        {name.casefold(): name for name in structures},
        {_plain(parse_metric(name)): name for name in metrics},
        frozenset(" ".join(term.casefold().split()) for term in terms),
        {
            name.casefold(): {code.casefold(): code for code in codes}
            for name, codes in scales.items()
        },
    )


def bad(key: str, text: str) -> RefusedError:
    """Say which key is wrong and what it must be; never what was sent."""
    return RefusedError("bad-query", f"{key}: {text}", 400)


def _plain(metric: Metric) -> Metric:
    """The same metric, however it was written: `Dmean` is `Mean[Gy]`."""
    at_unit = metric.at_unit if metric.quantity is not Quantity.GEUD else ""
    return Metric("", metric.quantity, metric.unit, metric.at, at_unit, metric.alpha_beta)

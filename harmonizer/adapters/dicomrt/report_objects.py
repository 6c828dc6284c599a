"""The `ReportObjects` port: a structured report, a printed page, an Encapsulated PDF."""

from collections.abc import Callable, Sequence

from harmonizer.adapters.dicomrt.encapsulated import encapsulated_pdf
from harmonizer.adapters.dicomrt.measurement_report import measurement_report
from harmonizer.domain.quality import Analysis


class DicomReports:
    """Makes them; `print_pdf` prints a page."""

    def __init__(self, print_pdf: Callable[[str], bytes]) -> None:
        self.pdf = print_pdf

    def structured(self, analysis: Analysis, sources: Sequence[bytes]) -> bytes:
        return measurement_report(analysis, sources)

    def encapsulated(
        self, pdf: bytes, title: str, analysis: Analysis, sources: Sequence[bytes]
    ) -> bytes:
        return encapsulated_pdf(pdf, title, analysis, sources)

"""A course's report: what is shown, as HTML that needs nothing else, and as plain values."""

from harmonizer.domain.reports.choosing import chosen_images
from harmonizer.domain.reports.page import ReportHead, report_html
from harmonizer.domain.reports.slices import Picture
from harmonizer.domain.reports.values import report_values

__all__ = ["Picture", "ReportHead", "chosen_images", "report_html", "report_values"]

"""A generated cohort: parametric patients with known truth, written as DICOM-RT and tables."""

from kasari.phantom.cohort import CohortSummary, generate_cohort

__all__ = ["CohortSummary", "generate_cohort"]
